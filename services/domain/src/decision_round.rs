//! The blind joint decision: each party seals its own shortlist and decisions in a stream of its
//! own; the platform's referee collects them and both are revealed together (`permissions.md` C.3).
//!
//! Until a reveal nothing a party does here touches a stream the other party can see, no refusal
//! depends on what the other party did, and the lapse of a round says nothing of either seal.

mod bench;
mod referee;
mod seal;
mod word;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::bench::Bench;
pub use self::{bench::Decision, referee::*, seal::*, word::*};
use crate::{
    actor::TenantKind,
    application::{Application, ApplicationAct, RoundDeadline, Stage, held},
    id::Id,
    refusal::Refusal,
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The most scores of one decision.
pub const SCORES_MAX: usize = 100;
/// The highest score of one criterion; the lowest is 0.
pub const POINTS_MAX: u32 = 100;
/// The longest id of a condition, in bytes.
pub const CONDITION_BYTES_MAX: usize = 60;
/// The longest reason of a decision or a shortlist, in bytes.
pub const REASON_BYTES_MAX: usize = 8_000;
/// The most conditions one party sets.
pub const CONDITIONS_MAX: usize = 20;
/// The most grounds of one rejection.
pub const GROUNDS_MAX: usize = 20;
/// The university's ground for rejecting somebody whose ability to study at degree level is not
/// shown (`ROUTE-03`); the other grounds are the party's own criteria.
pub const ABILITY_TO_STUDY: &str = "ability_to_study";
/// Seals a party's own shortlist; revealed once both parties' are in (C.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealShortlist {
    /// The application.
    pub application: Id<Application>,
    /// Whether the party shortlists.
    pub shortlisted: bool,
    /// Scores of the party's own criteria, as far as it scores them now.
    pub scores: Vec<Score>,
    /// Why, in the party's own words.
    pub reason: String,
}

impl Command for SealShortlist {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let bench = Bench::of(issue, world, self.application)?;
        let assessment = Assessment {
            scores: bench.scores(&self.scores)?,
            grounds: vec![],
            reason: text::free(&self.reason, "reason", REASON_BYTES_MAX)?,
        };
        let key = bench.seal.key();
        let before = world.version(key);
        let act = SealAct::SealShortlist {
            terms: bench.terms.clone(),
            shortlisted: self.shortlisted,
            assessment,
            awaited: bench.held.stage == Stage::AwaitingShortlist,
        };
        world.decide(issue, bench.seal, act)?;
        if world.version(key) == before {
            return Ok(key);
        }
        let collect = RefereeAct::CollectShortlist {
            party: bench.terms.party,
            shortlisted: Said::by(&bench.terms, self.shortlisted),
        };
        let referee = world.decide_beyond(issue, Referee::id(self.application), collect)?;
        if let Some(shortlisted) = referee.shortlisted() {
            let reveal = ApplicationAct::RevealShortlist { shortlisted };
            world.decide(issue, self.application, reveal)?;
        }
        Ok(key)
    }
}

/// Opens the decision round of a shortlisted and interviewed application, or a new one after a
/// lapse.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenDecisionRound {
    /// The application.
    pub application: Id<Application>,
    /// When it closes; policy `round.deadline` says when absent.
    pub deadline: Option<Timestamp>,
}

impl Command for OpenDecisionRound {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let deadline = RoundDeadline::of(issue, self.deadline)?;
        let act = ApplicationAct::OpenRound(deadline);
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

/// Seals a party's own decision in the open round. When the other party's is in, both are
/// revealed in the same unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealDecision {
    /// The application.
    pub application: Id<Application>,
    /// The round, from 1.
    pub round: u32,
    /// The decision.
    pub decision: Decision,
}

impl Command for SealDecision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let bench = Bench::of(issue, world, self.application)?;
        let slot = bench.slot(issue, &self.decision, self.round)?;
        let level = bench.route(issue, slot.word.verdict)?;
        bench.decide(issue, world, SealAct::SealDecision(slot), level, self.round)
    }
}

/// Replaces a party's own sealed decision before the reveal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AmendDecision {
    /// The application.
    pub application: Id<Application>,
    /// The round.
    pub round: u32,
    /// The decision as it is to stand.
    pub decision: Decision,
}

impl Command for AmendDecision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let bench = Bench::of(issue, world, self.application)?;
        let slot = bench.slot(issue, &self.decision, self.round)?;
        let level = bench.route(issue, slot.word.verdict)?;
        bench.decide(
            issue,
            world,
            SealAct::AmendDecision(slot),
            level,
            self.round,
        )
    }
}

/// Takes a party's own sealed decision back before the reveal; its slot is empty again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithdrawDecision {
    /// The application.
    pub application: Id<Application>,
    /// The round.
    pub round: u32,
}

impl Command for WithdrawDecision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let bench = Bench::of(issue, world, self.application)?;
        let act = SealAct::WithdrawDecision {
            round: self.round,
            open: bench.held.open_round(issue.effective) == Some(self.round),
        };
        bench.decide(issue, world, act, None, self.round)
    }
}

/// Closes a round whose deadline has passed; a timer asks for it. Nothing sealed is looked at, so
/// nothing can be revealed (C.3.5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LapseDecisionRound {
    /// The application.
    pub application: Id<Application>,
    /// The round.
    pub round: u32,
}

/// What policy `round.default` makes of a missed deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoundDefault {
    /// The round lapses; a new one can be opened.
    Lapse,
    /// The candidate is not appointed.
    Reject,
}

impl Command for LapseDecisionRound {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if issue.by.kind != TenantKind::Platform {
            return Err(Refusal::not_permitted().into());
        }
        let default: RoundDefault = issue.policies.get("round.default", issue.today())?;
        let act = ApplicationAct::Lapse {
            round: self.round,
            rejects: default == RoundDefault::Reject,
        };
        world.decide_beyond(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

#[cfg(test)]
pub(crate) mod tests;
