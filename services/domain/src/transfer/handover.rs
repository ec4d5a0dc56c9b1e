//! What follows for each trainee of a transferred service, in two steps: the employer that gives it
//! up sees the training handed over and then no more of it; the successor takes it over, and is a
//! party from then on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ServiceTransfer;
use crate::{
    actor::{TenantId, TenantKind},
    allocation::Allocation,
    application::Application,
    commitment::{Commitment, TransferCommitment},
    directory::Supervisor,
    employment::EmploymentAct,
    enrolment::EnrolmentAct,
    funding::follow_service,
    id::Id,
    offer::EmploymentCheck,
    refusal::Refusal,
    supervision_agreement::SupervisionAgreement,
    training::{CourseAct, Training, TrainingAct},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Reaction to a transfer: the employer that gives the service up hands a trainee over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HandOverTrainee {
    /// In which transfer.
    pub transfer: Id<ServiceTransfer>,
    /// Which training.
    pub training: Id<Training>,
    /// To whom.
    pub to: TenantId,
}

impl Command for HandOverTrainee {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let Some(whose) = training.appointment().cloned() else {
            return Ok(self.training.key());
        };
        if whose.employer == self.to || training.course().withdrawn().is_some() {
            return Ok(self.training.key());
        }
        let hand_over = CourseAct::HandOver {
            transfer: self.transfer,
            to: self.to,
        };
        world.decide(issue, self.training, TrainingAct::Course(hand_over))?;
        let employment = whose.employment();
        world.decide(issue, employment, EmploymentAct::MoveOut { to: self.to })?;
        Ok(self.training.key())
    }
}

/// Reaction to a training handed over: the successor takes it over. Training, student number, hours
/// and supervision go on, and so does the money, by what was decided about the payee; the six checks
/// are the new employer's to re-assure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakeOverTrainee {
    /// In which transfer.
    pub transfer: Id<ServiceTransfer>,
    /// Which training.
    pub training: Id<Training>,
}

impl Command for TakeOverTrainee {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let transfer = world.read(self.transfer)?;
        let payee = transfer.payee();
        let (Some(to), Some(service)) = (
            transfer.terms().map(|terms| terms.to),
            transfer
                .accepted()
                .map(|accepted| accepted.clinical_service),
        ) else {
            return Err(Refusal::not_permitted().into());
        };
        let setting = world
            .read(service)?
            .terms()
            .map(|service| service.setting.clone())
            .ok_or_else(Refusal::not_permitted)?;
        let training = world.read(self.training)?;
        let before = training
            .appointment()
            .cloned()
            .ok_or_else(Refusal::not_permitted)?;
        let supervisor = training.supervisor();
        let agreed = match supervisor {
            Some(supervisor) => goes_on(world, supervisor, to, issue.today())?,
            None => false,
        };
        let take_over = CourseAct::TakeOver {
            employer: to,
            clinical_service: service,
            setting,
            agreed,
        };
        let now = world.decide_beyond(issue, self.training, TrainingAct::Course(take_over))?;
        let Some(whose) = now
            .appointment()
            .filter(|whose| whose.employer == to)
            .cloned()
        else {
            return Ok(self.training.key());
        };
        follow_service(issue, world, &before, to, payee)?;
        let checks: Vec<EmploymentCheck> =
            issue.policies.get("employment.checks", issue.today())?;
        let move_in = EmploymentAct::MoveIn {
            appointment: Box::new(whose.clone()),
            from: before.employer,
            checks,
        };
        world.decide_beyond(issue, whose.employment(), move_in)?;
        let enrolled = world.read(whose.enrolment())?.study().is_some();
        if enrolled {
            let note = EnrolmentAct::NoteEmployer { employer: to };
            world.decide_beyond(issue, whose.enrolment(), note)?;
        }
        Ok(self.training.key())
    }
}

/// Whether a supervisor supervises for the successor too: as one of its own, or by agreement.
fn goes_on(
    world: &mut World,
    supervisor: Id<Supervisor>,
    to: TenantId,
    on: Date,
) -> Result<bool, Halt> {
    match world.read(supervisor)?.employer() {
        Some(home) if home == to => Ok(true),
        Some(home) => SupervisionAgreement::covers(world, home, supervisor, to, on),
        None => Ok(false),
    }
}

/// Reaction to a transfer: the promises of an allocation pass to the successor, where there are any:
/// what was kept, broken or has lapsed by then stays where it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassPromises {
    /// Who gives the service up.
    pub from: TenantId,
    /// Who takes it over.
    pub to: TenantId,
    /// The allocation they were given for.
    pub allocation: Id<Allocation>,
    /// Whose.
    pub applications: Vec<Id<Application>>,
    /// The successor's own terms.
    pub other_terms: Option<String>,
}

impl Command for PassPromises {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let commitment = Commitment::id(self.from, self.allocation);
        let promises = world.read(commitment)?;
        let open = self.applications.iter().copied();
        let open: Vec<_> = open.filter(|one| promises.passes_on(*one)).collect();
        if open.is_empty() {
            return Ok(commitment.key());
        }
        let pass = TransferCommitment {
            commitment,
            to: self.to,
            applications: open,
            other_terms: self.other_terms.clone(),
        };
        pass.run(issue, world)
    }
}
