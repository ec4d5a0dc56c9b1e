//! The platform's referee: it knows what is in, never why.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PLATFORM, Party},
    application::{Application, Verdict},
    id::Id,
    refusal::Refusal,
    world::{Custody, Decider, Issued, aggregate},
};

/// What the referee holds of one party in the round it watches: no score, no reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectedDecision {
    /// Its word.
    pub verdict: Verdict,
    /// Its conditions, by id.
    pub conditions: BTreeSet<String>,
}

/// The platform's own record of what is in. No party and no person can read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referee {
    watching: bool,
    shortlists: BTreeMap<Party, bool>,
    round: u32,
    decisions: BTreeMap<Party, CollectedDecision>,
}

impl Referee {
    /// The id of the referee of an application.
    pub fn id(application: Id<Application>) -> Id<Self> {
        Id::derive(PLATFORM, &[application.0])
    }

    /// Whether both parties shortlist; `None` until both shortlists are in.
    pub(super) fn shortlisted(&self) -> Option<bool> {
        let employer = self.shortlists.get(&Party::Employer)?;
        let university = self.shortlists.get(&Party::University)?;
        Some(*employer && *university)
    }

    /// The employer's and the university's decision in a round; `None` until both are in.
    pub(super) fn both(&self, round: u32) -> Option<(&CollectedDecision, &CollectedDecision)> {
        if self.round != round {
            return None;
        }
        let employer = self.decisions.get(&Party::Employer)?;
        let university = self.decisions.get(&Party::University)?;
        Some((employer, university))
    }

    fn evolve(&mut self, event: RefereeEvent) {
        self.watching = true;
        match event {
            RefereeEvent::ShortlistCollected { party, shortlisted } => {
                self.shortlists.insert(party, shortlisted);
            }
            RefereeEvent::DecisionCollected {
                round,
                party,
                decision,
            } => {
                if self.round != round {
                    self.decisions.clear();
                    self.round = round;
                }
                self.decisions.insert(party, decision);
            }
            RefereeEvent::DecisionReturned { round, party } => {
                if self.round == round {
                    self.decisions.remove(&party);
                }
            }
        }
    }
}

/// What the referee decides. It never refuses: a refusal would tell one party of the other.
#[derive(Debug, Clone)]
pub enum RefereeAct {
    /// A party's shortlist is in.
    CollectShortlist {
        /// Whose.
        party: Party,
        /// Whether it shortlists.
        shortlisted: bool,
    },
    /// A party's decision is in, or changed.
    CollectDecision {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
        /// The decision.
        decision: CollectedDecision,
    },
    /// A party took its decision back.
    ReturnDecision {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
    },
}

/// Facts of the referee, in the platform's feed only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum RefereeEvent {
    /// A party's shortlist is in.
    ShortlistCollected {
        /// Whose.
        party: Party,
        /// Whether it shortlists.
        shortlisted: bool,
    },
    /// A party's decision is in, or changed.
    DecisionCollected {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
        /// The decision.
        decision: CollectedDecision,
    },
    /// A party took its decision back.
    DecisionReturned {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
    },
}

aggregate!(Referee, "referee", RefereeAct, RefereeEvent);

impl Decider for Referee {
    type Act = RefereeAct;
    const COLLECTION: &'static str = "referees";

    fn decide(&self, issued: &Issued<RefereeAct>) -> Result<Vec<RefereeEvent>, Refusal> {
        Ok(match issued.act.clone() {
            RefereeAct::CollectShortlist { party, shortlisted } => {
                vec![RefereeEvent::ShortlistCollected { party, shortlisted }]
            }
            RefereeAct::CollectDecision {
                round,
                party,
                decision,
            } => vec![RefereeEvent::DecisionCollected {
                round,
                party,
                decision,
            }],
            RefereeAct::ReturnDecision { round, party } => {
                vec![RefereeEvent::DecisionReturned { round, party }]
            }
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.watching.then(|| Custody::of(PLATFORM, []))
    }
}
