//! The platform's referee: it knows what is in, never why. It hears what was said only while a command
//! decides on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Said, Word};
use crate::{
    actor::{PLATFORM, Party},
    application::Application,
    id::Id,
    refusal::Refusal,
    world::{Custody, Decider, Issued, aggregate},
};

/// The platform's own record of what is in. No party and no person can read it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referee {
    watching: bool,
    shortlists: BTreeMap<Party, Said<bool>>,
    round: u32,
    decisions: BTreeMap<Party, Said<Word>>,
}

impl Referee {
    /// The id of the referee of an application.
    pub fn id(application: Id<Application>) -> Id<Self> {
        Id::derive(PLATFORM, &[application.0])
    }

    /// Whether both parties shortlist; `None` until both shortlists are in and can be heard.
    pub(super) fn shortlisted(&self) -> Option<bool> {
        let employer = self.shortlists.get(&Party::Employer)?.heard()?;
        let university = self.shortlists.get(&Party::University)?.heard()?;
        Some(*employer && *university)
    }

    /// The employer's and the university's decision in a round; `None` until both are in
    /// and can be heard.
    pub(super) fn both(&self, round: u32) -> Option<(&Word, &Word)> {
        if self.round != round {
            return None;
        }
        let employer = self.decisions.get(&Party::Employer)?.heard()?;
        let university = self.decisions.get(&Party::University)?.heard()?;
        Some((employer, university))
    }

    fn evolve(&mut self, event: RefereeEvent) {
        self.watching = true;
        match event {
            RefereeEvent::ShortlistCollected { party, shortlisted } => {
                self.shortlists.insert(party, shortlisted);
            }
            RefereeEvent::DecisionCollected { round, party, word } => {
                if self.round != round {
                    self.decisions.clear();
                    self.round = round;
                }
                self.decisions.insert(party, word);
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
        shortlisted: Said<bool>,
    },
    /// A party's decision is in, or changed.
    CollectDecision {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
        /// Its word.
        word: Said<Word>,
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
        shortlisted: Said<bool>,
    },
    /// A party's decision is in, or changed.
    DecisionCollected {
        /// The round.
        round: u32,
        /// Whose.
        party: Party,
        /// Its word.
        word: Said<Word>,
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
    const READS_SEALED: bool = true;

    fn decide(&self, issued: &Issued<RefereeAct>) -> Result<Vec<RefereeEvent>, Refusal> {
        Ok(match issued.act.clone() {
            RefereeAct::CollectShortlist { party, shortlisted } => {
                vec![RefereeEvent::ShortlistCollected { party, shortlisted }]
            }
            RefereeAct::CollectDecision { round, party, word } => {
                vec![RefereeEvent::DecisionCollected { round, party, word }]
            }
            RefereeAct::ReturnDecision { round, party } => {
                vec![RefereeEvent::DecisionReturned { round, party }]
            }
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.watching.then(|| Custody::of(PLATFORM, []))
    }
}
