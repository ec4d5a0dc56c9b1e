//! Time away from a training and the way back, with the same intake or another one, and the lighter
//! week that both sides may agree. The facts are the training's; why somebody is away is not theirs.

use serde::{Deserialize, Serialize};

use crate::{
    actor::TenantKind,
    enrolment::EnrolmentAct,
    funding::{FundingLock, FundingLockAct},
    id::Id,
    programme::Intake,
    refusal::Refusal,
    training::{CourseAct, Training, TrainingAct},
    world::{Command, Halt, Issue, StreamKey, World},
};

use jiff::civil::Date;

/// Either side records that the person is away from the day on (Annex 3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InterruptTraining {
    /// From which training.
    pub training: Id<Training>,
    /// The day the return is expected.
    pub expected_return: Option<Date>,
}

impl Command for InterruptTraining {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let interrupt = CourseAct::Interrupt {
            expected_return: self.expected_return,
        };
        world.decide(issue, self.training, TrainingAct::Course(interrupt))?;
        Ok(self.training.key())
    }
}

/// The university takes the person back from the day on, with the intake they left or another one,
/// whose curriculum and board are theirs from then on (`TRAIN-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResumeTraining {
    /// Which training.
    pub training: Id<Training>,
    /// The intake gone on with; the one left when absent.
    pub intake: Option<Id<Intake>>,
}

impl Command for ResumeTraining {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let training = world.read_own(issue, self.training)?;
        let appointment = training
            .appointment()
            .cloned()
            .ok_or_else(Refusal::not_permitted)?;
        let mut expected_board = None;
        if let Some(intake) = self.intake {
            let terms = Intake::expect(world, intake)?;
            if (terms.university, &terms.role) != (appointment.university, &appointment.role) {
                return Err(Refusal::invalid(
                    "intake",
                    "the intake is of another university or role; choose one of the same",
                )
                .into());
            }
            if terms.board_date <= issue.today() {
                return Err(Refusal::invalid(
                    "intake",
                    "the board of this intake is over by then; choose a later intake",
                )
                .into());
            }
            expected_board = Some(terms.board_date);
            let change = EnrolmentAct::ChangeIntake {
                intake,
                curriculum: terms.curriculum_version,
                expected_board: terms.board_date,
            };
            world.decide(issue, appointment.enrolment(), change)?;
        }
        let resume = CourseAct::Resume { expected_board };
        world.decide(issue, self.training, TrainingAct::Course(resume))?;
        Ok(self.training.key())
    }
}

/// One side agrees to a week of fewer practice days than policy `practice_days` asks for, from the
/// day on; with both it is granted (`X-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeLessThanFullTime {
    /// In which training.
    pub training: Id<Training>,
    /// Days of practice, within policy `practice_days.exception`.
    pub practice_days: u32,
}

impl Command for AgreeLessThanFullTime {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let agree = CourseAct::AgreeLessThanFullTime {
            practice_days: self.practice_days,
        };
        world.decide(issue, self.training, TrainingAct::Course(agree))?;
        Ok(self.training.key())
    }
}

/// Reaction to a resumption or a withdrawal: the lock counts from the board of the cohort that the
/// person belongs to now, however the training ends (A.3).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LockFromCohortBoard {
    /// Of which training.
    pub training: Id<Training>,
}

impl Command for LockFromCohortBoard {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let (Some(appointment), Some(year), Some(expected_board)) = (
            training.appointment().cloned(),
            training.year(),
            training.expected_board(),
        ) else {
            return Ok(self.training.key());
        };
        let id = FundingLock::id(appointment.person);
        let foresee = FundingLockAct::Foresee {
            appointment,
            training_start: year.starts,
            expected_board,
        };
        world.decide(issue, id, foresee)?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
