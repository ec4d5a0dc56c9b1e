//! What changes an employment before its time: leave, dismissal and reinstatement. The shared
//! training learns of an interruption, an end or a return, and of nothing behind them (C.2).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

use super::{Employment, EmploymentAct, EmploymentEvent};
use crate::{
    actor::PersonId,
    appointment::Appointment,
    correction::{Authority, Corrected},
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    qualified_practice::AwayFor,
    refusal::Refusal,
    text,
    training::{CourseAct, Training, TrainingAct},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The longest reason of a dismissal, in bytes.
pub const DISMISSAL_BYTES_MAX: usize = 4_000;
/// The most leave of one employment.
pub const LEAVE_MAX: usize = 100;

/// Leave of a trainee.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leave {
    /// The first day away.
    pub from: Date,
    /// The day the return is expected.
    pub expected_return: Option<Date>,
    /// Why; the employer's own.
    pub kind: Personal<AwayFor>,
    /// Tells a repeat.
    pub content: ContentDigest,
}

/// The end of an employment by the employer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dismissal {
    /// Whose.
    pub appointment: Appointment,
    /// The last day.
    pub on: Date,
    /// Why; the employer's own.
    pub reason: Personal<String>,
    /// Tells a repeat.
    pub content: ContentDigest,
}

impl Employment {
    pub(super) fn dismiss(
        &self,
        on: Date,
        reason: &Personal<String>,
        content: ContentDigest,
    ) -> Result<Vec<EmploymentEvent>, Refusal> {
        let (whose, _) = self.held()?;
        if let Some(known) = &self.dismissal {
            return Refusal::unless_same(
                known.content == content && known.on == on,
                "the dismissal",
            );
        }
        if self.ended.is_some() {
            return Err(Refusal::already_recorded("the end of the employment"));
        }
        let ended = self.end(on)?;
        let dismissal = Dismissal {
            appointment: whose.clone(),
            on,
            reason: reason.clone(),
            content,
        };
        let dismissed = EmploymentEvent::TraineeDismissed { dismissal };
        Ok([dismissed].into_iter().chain(ended).collect())
    }

    pub(super) fn reinstate(
        &self,
        on: Date,
        reason: Option<EmploymentReinstatementReason>,
        corrects: Option<&Corrected>,
    ) -> Result<Vec<EmploymentEvent>, Refusal> {
        let (whose, _) = self.held()?;
        let Some(ended) = self.ended else {
            return Ok(vec![]);
        };
        if on < ended {
            return Err(Refusal::state_not_allowed(format!(
                "the employment ended on {ended}; it is reinstated on that day or later"
            )));
        }
        Ok(vec![EmploymentEvent::EmploymentReinstated {
            appointment: whose.clone(),
            ended,
            on,
            reason,
            corrects: corrects.cloned(),
        }])
    }

    pub(super) fn take_leave(&self, leave: &Leave) -> Result<Vec<EmploymentEvent>, Refusal> {
        let (_, starts) = self.held()?;
        if let Some(known) = self.leave.iter().find(|known| known.from == leave.from) {
            return Refusal::unless_same(known.content == leave.content, "leave from this day");
        }
        if leave.from < starts || self.ended.is_some_and(|ended| leave.from > ended) {
            return Err(Refusal::state_not_allowed(
                "the person is not employed on this day; correct the first day away",
            ));
        }
        if self.leave.len() >= LEAVE_MAX {
            return Err(Refusal::invalid(
                "employment",
                format!("an employment holds at most {LEAVE_MAX} periods of leave"),
            ));
        }
        Ok(vec![EmploymentEvent::LeaveRecorded {
            leave: leave.clone(),
        }])
    }
}

/// Whose employment a command of the employer is about.
fn whose(issue: &Issue, world: &mut World, id: Id<Employment>) -> Result<Appointment, Halt> {
    let employment = world.read_own(issue, id)?;
    let whose = employment
        .appointment()
        .ok_or_else(Refusal::not_permitted)?;
    Ok(whose.clone())
}

fn own<T>(person: PersonId, class: PersonalClass, issue: &Issue, value: T) -> Personal<T> {
    Personal::new(person, class, [issue.by.tenant], value)
}

/// The employer records that a trainee is away from the day on; the training is interrupted with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordLeave {
    /// From which employment.
    pub employment: Id<Employment>,
    /// Why.
    pub kind: AwayFor,
    /// The day the return is expected.
    pub expected_return: Option<Date>,
}

impl Command for RecordLeave {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let appointment = whose(issue, world, self.employment)?;
        let leave = Leave {
            from: issue.today(),
            expected_return: self.expected_return,
            kind: own(
                appointment.person,
                PersonalClass::LeaveReason,
                issue,
                self.kind,
            ),
            content: ContentDigest::of(issue.salt, self.employment.0, self),
        };
        world.decide(issue, self.employment, EmploymentAct::Leave(leave))?;
        let interrupt = CourseAct::Interrupt {
            expected_return: self.expected_return,
        };
        let training = Training::of(world, appointment.application)?;
        world.decide(issue, training, TrainingAct::Course(interrupt))?;
        Ok(self.employment.key())
    }
}

/// The employer dismisses a trainee, whose employment ends on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DismissTrainee {
    /// From which employment.
    pub employment: Id<Employment>,
    /// Why; nobody but the employer ever reads it.
    pub reason: String,
}

impl Command for DismissTrainee {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reason = text::free(&self.reason, "reason", DISMISSAL_BYTES_MAX)?;
        let appointment = whose(issue, world, self.employment)?;
        let dismiss = EmploymentAct::Dismiss {
            reason: own(appointment.person, PersonalClass::Discipline, issue, reason),
            content: ContentDigest::of(issue.salt, self.employment.0, self),
        };
        world.decide(issue, self.employment, dismiss)?;
        Ok(self.employment.key())
    }
}

/// Why the end of an employment does not stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EmploymentReinstatementReason {
    /// It was recorded in error.
    RecordedInError,
    /// It was set aside, as on an appeal.
    SetAside,
}

/// The employer takes the end of an employment back: it was recorded in error, or set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReinstateEmployment {
    /// Which.
    pub employment: Id<Employment>,
    /// Why, where it is said.
    pub reason: Option<EmploymentReinstatementReason>,
    /// On whose word.
    pub authority: Authority,
}

impl Command for ReinstateEmployment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let ended = world.read_own(issue, self.employment)?.ended_by;
        let corrects = (self.authority).corrects(issue, world, self.employment.key(), ended)?;
        let reinstate = EmploymentAct::Reinstate {
            reason: self.reason,
            corrects,
        };
        world.decide(issue, self.employment, reinstate)?;
        Ok(self.employment.key())
    }
}
