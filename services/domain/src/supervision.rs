//! Supervision across trainings: what the registers say of a supervisor decides about the days of
//! everybody they supervise (`SUP-01`, `READY-03`), in training and after it (`SUP-05`).
//!
//! Nobody reports a gap. Whatever changes who supervises, or what a register shows, leads to a review
//! of the trainings concerned: their gaps are derived anew from all that is known, and what differs
//! from what was known before is written down. So knowledge that comes late, or turns out wrong,
//! comes out as if it had always been there, and the history still tells what was known when.

mod contacts;
mod course;
mod load;
mod notice;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use self::{contacts::*, course::*, load::*, notice::*};
use crate::{
    actor::TenantKind,
    application::Application,
    calendar::london_date,
    directory::Supervisor,
    id::Id,
    policy::catalogue::SupervisorRule,
    training::{Needed, SupervisionGap, Training, TrainingAct, gaps},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Reaction to whatever may open or close a gap of one training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewSupervision {
    /// Of which training.
    pub training: Id<Training>,
}

impl Command for ReviewSupervision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        review(issue, world, self.training)?;
        Ok(self.training.key())
    }
}

/// Reaction to the first day in the qualified post, in which supervision goes on (`SUP-05`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewQualifiedSupervision {
    /// Whose.
    pub application: Id<Application>,
}

impl Command for ReviewQualifiedSupervision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = Training::of(world, self.application)?;
        review(issue, world, training)?;
        Ok(training.key())
    }
}

/// Reaction to what a register showed of a supervisor: everybody they ever supervised is reviewed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewSupervisees {
    /// Whose.
    pub supervisor: Id<Supervisor>,
}

impl Command for ReviewSupervisees {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let key = self.supervisor.key();
        let Some(employer) = world.read(self.supervisor)?.employer() else {
            return Ok(key);
        };
        let id = SupervisorLoad::id(employer, self.supervisor);
        let load = world.read(id)?;
        if !load.is_known() {
            return Ok(key);
        }
        let (trainings, roles) = (load.trainings(), load.roles());
        let mut ended = vec![];
        for role in roles {
            let supervisor = world.read(self.supervisor)?;
            let today = issue.today().max(london_date(issue.recorded));
            let since =
                ineligible_since(supervisor, &issue.policies.supervisor_rule(&role, today)?);
            ended.push((role, since));
        }
        world.decide(issue, id, LoadAct::Eligibility { ended })?;
        for training in trainings {
            review(issue, world, training)?;
        }
        Ok(id.key())
    }
}

/// The first day of the ineligibility that lasts; none while the supervisor is eligible.
fn ineligible_since(supervisor: &Supervisor, rule: &[SupervisorRule]) -> Option<Date> {
    let days: BTreeSet<Date> = supervisor.check_days().collect();
    days.into_iter().fold(None, |since, day| {
        if supervisor.eligible_on(day, rule) {
            None
        } else {
            since.or(Some(day))
        }
    })
}

/// Derives the gaps of a training from all that is known, and keeps the loads of its supervisors.
fn review(issue: &Issue, world: &mut World, id: Id<Training>) -> Result<(), Halt> {
    let training = world.read(id)?.clone();
    let Some(whose) = training.appointment().cloned() else {
        return Ok(());
    };
    let post = world
        .read(whose.preceptorship())?
        .held()
        .and_then(|held| held.consolidation.as_ref())
        .map(|clock| Needed {
            from: clock.from(),
            until: clock.stopped().and_then(|last| last.tomorrow().ok()),
        });
    // What is not known yet on the day of the fact may be known by the time it is learnt.
    let today = issue.today().max(london_date(issue.recorded));
    let mut changes: BTreeSet<Date> = training.supervision_changes().collect();
    for held in training.supervision() {
        changes.extend(world.read(held.supervisor)?.check_days());
    }
    let needed = training.supervision_needed(post);
    let days = changes
        .iter()
        .copied()
        .chain(needed.iter().map(|needed| needed.from));
    let mut covered = BTreeSet::new();
    for day in days {
        if let Some(supervisor) = training.supervisor_on(day) {
            let rule = issue.policies.supervisor_rule(&whose.role, day)?;
            if world.read(supervisor)?.eligible_on(day, &rule) {
                covered.insert(day);
            }
        }
    }
    let now: Vec<SupervisionGap> = gaps(&needed, &changes, |day| covered.contains(&day), today);
    world.decide(issue, id, TrainingAct::NoteGaps(now))?;
    for (held, until) in training.supervised() {
        let Some(employer) = world.read(held.supervisor)?.employer() else {
            continue;
        };
        let supervisee = Supervisee {
            role: whose.role.clone(),
            from: held.from,
            until,
        };
        let note = LoadAct::Note {
            employer,
            supervisor: held.supervisor,
            training: id,
            supervisee,
        };
        let load = SupervisorLoad::id(employer, held.supervisor);
        world.decide(issue, load, note)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
