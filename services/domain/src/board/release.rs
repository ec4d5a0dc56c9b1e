//! The university releases what a board has ratified, and carries a corrected day to it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{BoardOutcome, BoardSitting};
use crate::{
    actor::{TenantId, TenantKind},
    appeal::Appeal,
    application::Application,
    appointment::Appointment,
    enrolment::{Assessment, Enrolment, EnrolmentAct},
    id::Id,
    qualification::{
        QualificationAct, QualificationAward, ReleasedResult, TraineePost, not_released,
        seen_by_trainee,
    },
    refusal::Refusal,
    training::Training,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// A ratified outcome in the words of employer and person: what it says of attempts, components and
/// caps is left out (C.4).
fn released(assessment: &Assessment) -> ReleasedResult {
    let board = assessment.held;
    match assessment.outcome {
        BoardOutcome::Pass => ReleasedResult::Passed,
        BoardOutcome::Refer { next_board, .. }
        | BoardOutcome::Defer { next_board, .. }
        | BoardOutcome::DecisionDeferred { next_board } => {
            ReleasedResult::NotYetComplete { next_board }
        }
        BoardOutcome::Fail | BoardOutcome::Withdraw => ReleasedResult::NotCompleted {
            exit_award: false,
            board,
        },
        BoardOutcome::ExitAward => ReleasedResult::NotCompleted {
            exit_award: true,
            board,
        },
    }
}

/// The university releases the latest ratified outcome to the person and the employer: that it was
/// passed, that it was not completed, or only that it is not complete yet and when the next board
/// is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseResult {
    /// For whose application.
    pub application: Id<Application>,
}

impl Command for ReleaseResult {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let Latest {
            result,
            award,
            appeal,
        } = latest_result(issue, world, self.application)?;
        seen_by_trainee(issue, world, university, self.application, result)?;
        let training = Training::of(world, self.application)?;
        if world.read(training)?.on_its_way().is_some() {
            return Err(Refusal::state_not_allowed(
                "the training is on its way to another employer; release the result once that has \
                 taken it over, in a moment",
            )
            .into());
        }
        let id = award.appointment.qualification();
        let post = advertised(world, &award.appointment)?;
        let release = QualificationAct::Release {
            result,
            award,
            post,
            appeal,
        };
        world.decide(issue, id, release)?;
        Ok(id.key())
    }
}

/// What a post was advertised for, unless its training went to another employer: the vacancy stayed
/// with the one that advertised it, and so does what it says.
fn advertised(world: &mut World, whose: &Appointment) -> Result<Option<TraineePost>, Halt> {
    let terms = world.read(whose.vacancy)?.terms();
    let own = terms.filter(|terms| terms.employer == whose.employer);
    Ok(own.map(|terms| TraineePost {
        clinical_service: terms.clinical_service,
        pilot: terms.pilot.clone(),
    }))
}

/// What stands of a person's outcomes, ready to be released.
pub(crate) struct Latest {
    /// In the words of employer and person.
    pub(crate) result: ReleasedResult,
    /// What is conferred, should it be a pass.
    pub(crate) award: QualificationAward,
    /// The appeal that set a former outcome aside.
    pub(crate) appeal: Option<Id<Appeal>>,
}

/// The outcome that stands at the caller's university.
///
/// # Errors
/// `RESULT_NOT_RELEASED` while no board has decided.
pub(crate) fn latest_result(
    issue: &Issue,
    world: &mut World,
    application: Id<Application>,
) -> Result<Latest, Halt> {
    let university = issue.by.acting_for(TenantKind::University)?;
    let id = Id::<Enrolment>::derive(university, &[application.0]);
    let enrolment = world.read_own(issue, id)?;
    let study = enrolment.study().ok_or_else(Refusal::not_permitted)?;
    let Some(assessment) = enrolment.standing() else {
        return Err(not_released(
            "no board has decided for this person, so there is nothing to release; ratify an \
             outcome first",
        )
        .into());
    };
    if issue.today() < assessment.held {
        return Err(not_released("a result is released on the day of the board or later").into());
    }
    Ok(Latest {
        result: released(assessment),
        award: QualificationAward {
            qualification: study.qualification.clone(),
            level: study.level,
            awarded: assessment.held,
            appointment: study.appointment.clone(),
        },
        appeal: enrolment.superseded_by(),
    })
}

/// Reaction to a corrected board date: what the sitting decided for a person counts from the day on
/// which it was held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RedateOutcome {
    /// Whose board.
    pub university: TenantId,
    /// For whose application.
    pub application: Id<Application>,
    /// The sitting.
    pub sitting: Id<BoardSitting>,
    /// The day on which it was held.
    pub held: Date,
}

impl Command for RedateOutcome {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = Id::<Enrolment>::derive(self.university, &[self.application.0]);
        let redate = EnrolmentAct::Redate {
            sitting: self.sitting,
            held: self.held,
        };
        let enrolment = world.read(id)?;
        let decided = enrolment
            .assessments()
            .iter()
            .find(|known| known.sitting == self.sitting);
        let (Some(study), Some(decided)) = (enrolment.study(), decided) else {
            return Ok(id.key());
        };
        let (qualification, former) = (study.appointment.qualification(), decided.held);
        world.decide(issue, id, redate)?;
        let redate = QualificationAct::Redate {
            board: self.held,
            former,
        };
        world.decide(issue, qualification, redate)?;
        Ok(id.key())
    }
}
