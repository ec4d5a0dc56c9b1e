//! Money follows the training by itself (`FUND-05`): nothing falls due while it is interrupted, it
//! stops with a withdrawal and runs again with its reversal, and it goes where the clinical service
//! goes (`X-13`). What the commissioner has decided about an award no rule decides anew, and where
//! there is none nothing happens.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    FundingAward, FundingAwardAct, StopGround, change, held_award, pass_on, permitted_payee,
    year_of,
};
use crate::{
    actor::{TenantId, TenantKind},
    appointment::Appointment,
    id::Id,
    training::Training,
    transfer::PayeeDecision,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The award that pays for a training now: its employer's.
fn pays_for(world: &mut World, training: Id<Training>) -> Result<Option<Id<FundingAward>>, Halt> {
    let Some(whose) = world.read(training)?.appointment().cloned() else {
        return Ok(None);
    };
    let award = held_award(world, whose.commissioner, whose.application, whose.employer)?;
    let held = world.read(award)?.award().is_some();
    Ok(held.then_some(award))
}

/// Reaction to an interruption: from its first day on nothing falls due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteInterruption {
    /// Of which training.
    pub training: Id<Training>,
    /// The first day away.
    pub from: Date,
}

impl Command for NoteInterruption {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(award) = pays_for(world, self.training)? else {
            return Ok(self.training.key());
        };
        world.decide(issue, award, FundingAwardAct::Suspend { from: self.from })?;
        Ok(award.key())
    }
}

/// Reaction to a resumption: the months still to be paid follow the training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteResumption {
    /// Of which training.
    pub training: Id<Training>,
}

impl Command for NoteResumption {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(award) = pays_for(world, self.training)? else {
            return Ok(self.training.key());
        };
        let held = world.read(award)?.clone();
        let resume = held.resume_on(world, issue.today())?;
        world.decide(issue, award, resume)?;
        Ok(award.key())
    }
}

/// Reaction to a confirmed withdrawal: the award stops with the last day of training, though the
/// employment may go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteWithdrawn {
    /// From which training.
    pub training: Id<Training>,
    /// The last day of training.
    pub on: Date,
}

impl Command for NoteWithdrawn {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(award) = pays_for(world, self.training)? else {
            return Ok(self.training.key());
        };
        let stop = FundingAwardAct::Stop {
            ground: StopGround::Withdrawn,
            last: self.on,
            year: world.read(self.training)?.year(),
        };
        change(issue, world, award, stop)?;
        Ok(award.key())
    }
}

/// Reaction to a reversed withdrawal and to a reinstated employment: what a rule had stopped with the
/// training runs again with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteTrainingGoesOn {
    /// Which training.
    pub training: Id<Training>,
    /// Whether the time since it ended was no training, and is made up.
    pub made_up: bool,
}

impl Command for NoteTrainingGoesOn {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(award) = pays_for(world, self.training)? else {
            return Ok(self.training.key());
        };
        let training = world.read(self.training)?;
        if training.ended_early() {
            return Ok(award.key());
        }
        let away = training.course().interrupted().map(|gap| gap.from);
        let made_up = training.year().filter(|_| self.made_up && away.is_none());
        let stopped = !world.read(award)?.live();
        let after = change(issue, world, award, FundingAwardAct::Reinstate { made_up })?;
        if let Some(from) = away.filter(|_| stopped && after.live()) {
            world.decide(issue, award, FundingAwardAct::Suspend { from })?;
        }
        Ok(award.key())
    }
}

/// The payee follows a clinical service that goes to another employer: the successor is paid from the
/// day on, unless the commissioner has decided to pay nobody then (`SET-13`, `X-13`).
pub(crate) fn follow_service(
    issue: &Issue,
    world: &mut World,
    before: &Appointment,
    to: TenantId,
    decision: Option<PayeeDecision>,
) -> Result<(), Halt> {
    if before.employer == to {
        return Ok(());
    }
    let (commissioner, application) = (before.commissioner, before.application);
    let award = held_award(world, commissioner, application, before.employer)?;
    let held = world.read(award)?.clone();
    if held.award().is_none() {
        return Ok(());
    }
    if decision == Some(PayeeDecision::EndInstalments) {
        let first = issue.today();
        let stop = FundingAwardAct::Stop {
            ground: StopGround::ServiceTransferred,
            last: first.yesterday().unwrap_or(first),
            year: year_of(world, &held)?,
        };
        change(issue, world, award, stop)?;
    } else if permitted_payee(issue, world, commissioner, to)? {
        pass_on(issue, world, award, to, true)?;
    }
    Ok(())
}
