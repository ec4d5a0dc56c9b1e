//! What follows for each trainee of a transferred service, in two steps: the employer that gives it
//! up sees the training handed over and then no more of it; the successor takes it over, and is a
//! party from then on.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::ServiceTransfer;
use crate::{
    actor::{TenantId, TenantKind},
    appointment::Appointment,
    commitment::TransferCommitment,
    directory::Supervisor,
    employment::EmploymentAct,
    enrolment::EnrolmentAct,
    funding::follow_service,
    id::Id,
    offer::EmploymentCheck,
    qualification::QualificationAct,
    refusal::Refusal,
    supervision_agreement::SupervisionAgreement,
    training::{CourseAct, Training, TrainingAct, TrainingStatus},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Whose training goes with the service of `from`: one that has ended, whose result is final, or that has
/// gone to another employer stays where it is, and with it the promise of a post.
pub(super) fn goes_along(
    world: &mut World,
    training: Id<Training>,
    from: TenantId,
) -> Result<Option<Appointment>, Halt> {
    let training = world.read(training)?;
    let ended = matches!(
        training.status(),
        TrainingStatus::Withdrawn | TrainingStatus::Ended
    );
    let here = training
        .appointment()
        .filter(|whose| whose.employer == from && training.on_its_way().is_none() && !ended);
    let Some(whose) = here.cloned() else {
        return Ok(None);
    };
    let settled = world.read(whose.qualification())?.is_final();
    Ok((!settled).then_some(whose))
}

/// Reaction to a transfer: the employer that gives the service up hands a trainee over, and in the same
/// write the promise of a post passes to the successor, where one is owed or expected: what was kept,
/// broken or has lapsed by then stays where it was.
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
        let Some(from) = world.read(self.transfer)?.terms().map(|terms| terms.from) else {
            return Ok(self.training.key());
        };
        let Some(whose) = goes_along(world, self.training, from)? else {
            return Ok(self.training.key());
        };
        let hand_over = CourseAct::HandOver {
            transfer: self.transfer,
            to: self.to,
        };
        world.decide(issue, self.training, TrainingAct::Course(hand_over))?;
        let employment = whose.employment();
        world.decide(issue, employment, EmploymentAct::MoveOut { to: self.to })?;
        let hand_over = QualificationAct::HandOver { to: self.to };
        world.decide(issue, whose.qualification(), hand_over)?;
        let commitment = whose.commitment();
        if world.read(commitment)?.passes_on(whose.application) {
            let transfer = world.read(self.transfer)?;
            let accepted = transfer.accepted();
            let pass = TransferCommitment {
                commitment,
                to: self.to,
                applications: vec![whose.application],
                other_terms: accepted.and_then(|accepted| accepted.other_terms.clone()),
            };
            pass.run(issue, world)?;
        }
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
        let take_over = QualificationAct::TakeOver { employer: to };
        world.decide_beyond(issue, whose.qualification(), take_over)?;
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
