//! How selection went at an intake, region by region: what commissioners and networks may know of
//! it, who never see an application (C.2, D.2).
//!
//! The platform counts joint outcomes as they are revealed. It keeps numbers only, and no tenant
//! has them in its feed: a count is read as a report, with small numbers suppressed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PLATFORM, Region, TenantKind},
    application::{Application, Outcome},
    id::Id,
    programme::Intake,
    refusal::Refusal,
    vacancy::Vacancy,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// Counts of one region.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionTally {
    /// Rounds revealed.
    pub rounds: u32,
    /// Of which one party accepted and the other did not.
    pub split: u32,
    /// Of which both accepted.
    pub appointed: u32,
}

/// Joint outcomes of an intake.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectionTally {
    regions: BTreeMap<Region, RegionTally>,
}

/// What a tally decides.
#[derive(Debug, Clone)]
pub enum TallyAct {
    /// See [`TallyOutcome`].
    Count {
        /// Where the posts count.
        region: Region,
        /// Whether one party accepted and the other did not.
        split: bool,
        /// Whether both accepted.
        appointed: bool,
    },
}

/// Facts of a tally, in the platform's feed only: nothing about a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum TallyEvent {
    /// A joint outcome was revealed somewhere in a region.
    OutcomeTallied {
        /// Where the posts count.
        region: Region,
        /// Whether one party accepted and the other did not.
        split: bool,
        /// Whether both accepted.
        appointed: bool,
    },
}

aggregate!(SelectionTally, "selection_tally", TallyAct, TallyEvent);

impl SelectionTally {
    /// The id of an intake's tally.
    pub fn id(intake: Id<Intake>) -> Id<Self> {
        Id::derive(PLATFORM, &[intake.0])
    }

    /// What was counted in a region.
    pub fn of(&self, region: Region) -> RegionTally {
        self.regions.get(&region).copied().unwrap_or_default()
    }

    fn evolve(&mut self, event: TallyEvent) {
        let TallyEvent::OutcomeTallied {
            region,
            split,
            appointed,
        } = event;
        let tally = self.regions.entry(region).or_default();
        tally.rounds = tally.rounds.saturating_add(1);
        tally.split = tally.split.saturating_add(u32::from(split));
        tally.appointed = tally.appointed.saturating_add(u32::from(appointed));
    }
}

impl Decider for SelectionTally {
    type Act = TallyAct;
    const COLLECTION: &'static str = "selectionTallies";

    fn decide(&self, issued: &Issued<TallyAct>) -> Result<Vec<TallyEvent>, Refusal> {
        let TallyAct::Count {
            region,
            split,
            appointed,
        } = issued.act;
        Ok(vec![TallyEvent::OutcomeTallied {
            region,
            split,
            appointed,
        }])
    }

    fn custody(&self) -> Option<Custody> {
        (!self.regions.is_empty()).then(|| Custody::of(PLATFORM, []))
    }
}

/// Counts a revealed round; asked for by a reaction, once per round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TallyOutcome {
    /// The application.
    pub application: Id<Application>,
    /// The round that was revealed.
    pub round: u32,
}

impl Command for TallyOutcome {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(held) = world.read(self.application)?.held().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let revealed = held.rounds.iter().find(|one| one.round == self.round);
        let Some(revealed) = revealed else {
            return Err(Refusal::not_permitted().into());
        };
        let region = Vacancy::expect(world, held.terms.vacancy)?.region;
        let id = SelectionTally::id(held.terms.intake);
        let act = TallyAct::Count {
            region,
            split: revealed.employer != revealed.university,
            appointed: revealed.outcome == Outcome::Appoint,
        };
        world.decide_beyond(issue, id, act)?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
