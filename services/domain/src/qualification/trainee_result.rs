//! The person's own copy of a result, where policy `result.release` shows it to the trainee before
//! the employer (C.4).

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Qualification, ReleasedResult};
use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    appointment::Appointment,
    board::latest_result,
    id::Id,
    policy::Policies,
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// In what order a result is shown, policy `result.release`, or a university's own
/// `result.release.<tenant>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReleaseOrder {
    /// To trainee and employer at once.
    Together,
    /// To the trainee, then to the employer.
    TraineeFirst,
}

impl ReleaseOrder {
    /// The order a university keeps on the day.
    ///
    /// # Errors
    /// `POLICY_MISSING`.
    pub fn of(policies: &Policies, university: TenantId, issue: &Issue) -> Result<Self, Refusal> {
        let own = format!("result.release.{}", university.0);
        match policies.find(&own, issue.today())? {
            Some(own) => Ok(own),
            None => policies.get("result.release", issue.today()),
        }
    }
}

/// What one person was shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TraineeResult {
    shown: Option<(Appointment, ReleasedResult)>,
}

/// What a trainee's result decides.
#[derive(Debug, Clone)]
pub enum TraineeResultAct {
    /// See [`ReleaseToTrainee`].
    Show {
        /// Whose.
        appointment: Appointment,
        /// What.
        result: ReleasedResult,
    },
}

/// Facts of a trainee's result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum TraineeResultEvent {
    /// The person was shown the result; the employer was not yet.
    ResultShownToTrainee {
        /// Whose.
        appointment: Appointment,
        /// What.
        result: ReleasedResult,
    },
}

impl TraineeResult {
    /// The only one of a person's training.
    pub fn id(university: TenantId, application: Id<Application>) -> Id<Self> {
        Id::derive(university, &[application.0])
    }

    /// What was shown last.
    pub fn result(&self) -> Option<ReleasedResult> {
        self.shown.as_ref().map(|(_, result)| *result)
    }

    fn evolve(&mut self, event: TraineeResultEvent) {
        let TraineeResultEvent::ResultShownToTrainee {
            appointment,
            result,
        } = event;
        self.shown = Some((appointment, result));
    }
}

aggregate!(
    TraineeResult,
    "trainee_result",
    TraineeResultAct,
    TraineeResultEvent
);

impl Decider for TraineeResult {
    type Act = TraineeResultAct;
    const COLLECTION: &'static str = "traineeResults";

    fn decide(
        &self,
        issued: &Issued<TraineeResultAct>,
    ) -> Result<Vec<TraineeResultEvent>, Refusal> {
        let TraineeResultAct::Show {
            appointment,
            result,
        } = &issued.act;
        if self.result() == Some(*result) {
            return Ok(vec![]);
        }
        Ok(vec![TraineeResultEvent::ResultShownToTrainee {
            appointment: appointment.clone(),
            result: *result,
        }])
    }

    /// The university's and the person's; never the employer's.
    fn custody(&self) -> Option<Custody> {
        self.shown
            .as_ref()
            .map(|(whose, _)| Custody::of(whose.university, []).about(whose.person))
    }
}

/// The university shows the trainee the ratified outcome, before the employer sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseToTrainee {
    /// For whose application.
    pub application: Id<Application>,
}

impl Command for ReleaseToTrainee {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let latest = latest_result(issue, world, self.application)?;
        if ReleaseOrder::of(&issue.policies, university, issue)? == ReleaseOrder::Together {
            return Err(Refusal::state_not_allowed(
                "results are released to trainee and employer together; release the result",
            )
            .into());
        }
        let id = TraineeResult::id(university, self.application);
        let show = TraineeResultAct::Show {
            appointment: latest.award.appointment,
            result: latest.result,
        };
        world.decide(issue, id, show)?;
        Ok(id.key())
    }
}

/// Refuses to show an employer what the trainee has not seen, where the university keeps that order.
///
/// # Errors
/// `RESULT_NOT_RELEASED`.
pub(crate) fn seen_by_trainee(
    issue: &Issue,
    world: &mut World,
    university: TenantId,
    application: Id<Application>,
    result: ReleasedResult,
) -> Result<(), Halt> {
    if ReleaseOrder::of(&issue.policies, university, issue)? == ReleaseOrder::Together {
        return Ok(());
    }
    let seen = world
        .read(TraineeResult::id(university, application))?
        .result();
    if seen == Some(result) {
        return Ok(());
    }
    Err(not_released("the trainee is shown a result first; release it to the trainee").into())
}

/// What everybody hears who asks for a result that is not released, decided or not.
pub fn not_released(next: &str) -> Refusal {
    Refusal::new(Reason::ResultNotReleased, next)
}

/// A result as one who asks may know it (C.4).
///
/// # Errors
/// `RESULT_NOT_RELEASED`, the same whether a board has decided or not.
pub fn known_result(
    shared: Option<&Qualification>,
    own: Option<&TraineeResult>,
) -> Result<ReleasedResult, Refusal> {
    own.and_then(TraineeResult::result)
        .or_else(|| shared.and_then(Qualification::result))
        .ok_or_else(|| not_released("no result is released; ask again after the next board"))
}
