//! The digest a network gets every fortnight (`ACTOR-08`): a timer makes each one exactly once, and
//! the same history makes the same digests again.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use super::{AgreedAction, Network, NetworkAct, NetworkEvent, own};
use crate::{
    actor::{TenantId, TenantKind},
    refusal::{Reason, Refusal},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// What a network did in one period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Its number, from 1.
    pub number: u32,
    /// Its first day.
    pub from: Date,
    /// The day after its last.
    pub until: Date,
    /// Meetings held in it.
    pub meetings: u32,
    /// Actions agreed in it.
    pub agreed: u32,
    /// Actions done in it.
    pub completed: u32,
    /// Actions overdue at its end.
    pub overdue: u32,
}

/// From when and how often digests are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cadence {
    /// The first day of the first digest.
    pub from: Date,
    /// How many days each one covers, policy `network.digest_days`.
    pub days: u32,
}

/// The days one digest covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The digest's number, from 1.
    pub number: u32,
    /// Its first day.
    pub from: Date,
    /// The day after its last.
    pub until: Date,
}

impl Cadence {
    /// The `number`th period.
    pub fn period(self, number: u32) -> Period {
        let day = |n: u32| {
            let days = i64::from(self.days).saturating_mul(i64::from(n));
            self.from.saturating_add(days.min(DAYS_MAX).days())
        };
        Period {
            number,
            from: day(number.saturating_sub(1)),
            until: day(number),
        }
    }
}

/// Ten thousand years; beyond the calendar's end anyway.
const DAYS_MAX: i64 = 3_652_500;

impl Network {
    pub(super) fn start_digest(&self, issue: &Issue) -> Result<Vec<NetworkEvent>, Refusal> {
        let from = issue.today();
        if let Some(known) = self.cadence {
            return Refusal::unless_same(known.from == from, "the first day of the digests");
        }
        let days: u32 = issue.policies.get("network.digest_days", from)?;
        if days == 0 {
            return Err(Refusal::new(
                Reason::PolicyMissing,
                "policy network.digest_days must be a day or more; ask an approver to set it",
            ));
        }
        Ok(vec![NetworkEvent::NetworkDigestStarted {
            network: issue.by.tenant,
            cadence: Cadence { from, days },
        }])
    }

    /// One period, once: a digest that was made stays as it was, whatever is learnt later.
    pub(super) fn issue_digest(&self, number: u32) -> Vec<NetworkEvent> {
        let (Some(network), Some(cadence)) = (self.tenant, self.cadence) else {
            return vec![];
        };
        if self.digests.iter().any(|known| known.number == number) {
            return vec![];
        }
        let Period { from, until, .. } = cadence.period(number);
        let within = |day: Date| from <= day && day < until;
        let actions = |of: &dyn Fn(&AgreedAction) -> bool| {
            sum(self.actions.values().filter(|action| of(action)).count())
        };
        let digest = Digest {
            number,
            from,
            until,
            meetings: sum(self.meetings.iter().filter(|held| within(held.on)).count()),
            agreed: actions(&|action| within(action.agreed)),
            completed: actions(&|action| action.completed.is_some_and(within)),
            overdue: actions(&|action| action.overdue(until)),
        };
        vec![NetworkEvent::NetworkDigestIssued {
            network,
            cadence,
            digest,
        }]
    }
}

fn sum(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// Starts the network's digests with the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartDigest {}

impl Command for StartDigest {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        own(issue, world, NetworkAct::StartDigest)
    }
}

/// Timer: a period of a network is over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IssueDigest {
    /// Whose.
    pub network: TenantId,
    /// Which period.
    pub number: u32,
}

impl Command for IssueDigest {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = Network::id(self.network);
        world.decide(issue, id, NetworkAct::IssueDigest(self.number))?;
        Ok(id.key())
    }
}
