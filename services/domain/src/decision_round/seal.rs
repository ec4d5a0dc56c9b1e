//! What one party seals, in a stream that nobody else sees.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Said, Word};
use crate::{
    actor::{Party, PersonId, TenantId},
    application::Application,
    id::Id,
    personal::{ContentDigest, DigestSalt, Personal, PersonalClass},
    refusal::{Reason, Refusal},
    world::{Custody, Decider, Issued, aggregate},
};

/// One score of one criterion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Score {
    /// The criterion of the vacancy.
    pub criterion: String,
    /// 0 to 100.
    pub points: u32,
}

/// What a party bases its word on; only that party ever reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// Scores by criterion.
    pub scores: Vec<Score>,
    /// Unmet criteria a rejection rests on.
    pub grounds: Vec<String>,
    /// Why, in the party's own words.
    pub reason: String,
}

/// One party's decision as its own stream keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedDecision {
    /// Its word.
    pub word: Said<Word>,
    /// What it bases its word on.
    pub assessment: Personal<Assessment>,
    content: ContentDigest,
}

/// A party's slot in one round.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Slot {
    /// Holds a decision.
    Sealed(Box<SealedDecision>),
    /// The party took its decision back.
    Withdrawn,
}

/// Whose seal it is and for what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealTerms {
    /// The application decided on.
    pub application: Id<Application>,
    /// The candidate.
    pub person: PersonId,
    /// The deciding side.
    pub party: Party,
    /// The deciding tenant, the only one that sees the stream.
    pub tenant: TenantId,
}

/// One party's sealed shortlist and decisions for one application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seal {
    /// Nothing sealed yet.
    #[default]
    Absent,
    /// Something is sealed.
    Kept(Box<KeptSeal>),
}

/// A seal that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSeal {
    /// Whose and for what.
    pub terms: SealTerms,
    /// Whether the party shortlists.
    pub shortlisted: Said<bool>,
    /// What it bases its shortlist on.
    pub assessment: Personal<Assessment>,
    /// Its slot per round.
    pub rounds: BTreeMap<u32, Slot>,
    content: ContentDigest,
}

impl Seal {
    /// The id of `tenant`'s seal for an application.
    pub fn id(tenant: TenantId, application: Id<Application>) -> Id<Self> {
        Id::derive(tenant, &[application.0])
    }

    /// The seal, when something is sealed.
    pub fn kept(&self) -> Option<&KeptSeal> {
        match self {
            Self::Absent => None,
            Self::Kept(kept) => Some(kept),
        }
    }

    /// The party's own standing decision in a round.
    pub fn decision(&self, round: u32) -> Option<&SealedDecision> {
        match self.kept()?.rounds.get(&round)? {
            Slot::Sealed(decision) => Some(decision),
            Slot::Withdrawn => None,
        }
    }

    fn evolve(&mut self, event: SealEvent) {
        if let SealEvent::ShortlistSealed {
            terms,
            shortlisted,
            assessment,
            content,
        } = event
        {
            *self = Self::Kept(Box::new(KeptSeal {
                terms,
                shortlisted,
                assessment,
                rounds: BTreeMap::new(),
                content,
            }));
            return;
        }
        let Self::Kept(kept) = self else { return };
        match event {
            SealEvent::ShortlistSealed { .. } => {}
            SealEvent::DecisionSealed { round, decision }
            | SealEvent::DecisionAmended { round, decision } => {
                kept.rounds.insert(round, Slot::Sealed(Box::new(decision)));
            }
            SealEvent::DecisionWithdrawn { round } => {
                kept.rounds.insert(round, Slot::Withdrawn);
            }
        }
    }
}

/// What a seal decides.
#[derive(Debug, Clone)]
pub enum SealAct {
    /// See [`SealShortlist`](super::SealShortlist).
    SealShortlist {
        /// Whose and for what.
        terms: SealTerms,
        /// Whether the party shortlists.
        shortlisted: bool,
        /// What it bases that on.
        assessment: Assessment,
        /// Whether the application awaits shortlists.
        awaited: bool,
    },
    /// See [`SealDecision`](super::SealDecision).
    SealDecision(SlotAct),
    /// See [`AmendDecision`](super::AmendDecision).
    AmendDecision(SlotAct),
    /// See [`WithdrawDecision`](super::WithdrawDecision).
    WithdrawDecision {
        /// The round.
        round: u32,
        /// Whether the round takes decisions now.
        open: bool,
    },
}

/// What is put into a party's slot.
#[derive(Debug, Clone)]
pub struct SlotAct {
    /// The round.
    pub round: u32,
    /// Whether the round takes decisions now.
    pub open: bool,
    /// The word.
    pub word: Word,
    /// What it is based on.
    pub assessment: Assessment,
}

/// Facts of a seal: the party's own, in nobody else's feed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SealEvent {
    /// The party sealed its shortlist.
    ShortlistSealed {
        /// Whose and for what.
        terms: SealTerms,
        /// Whether the party shortlists.
        shortlisted: Said<bool>,
        /// What it bases that on.
        assessment: Personal<Assessment>,
        /// Tells a repeat from other content.
        content: ContentDigest,
    },
    /// The party sealed its decision in a round.
    DecisionSealed {
        /// The round, from 1.
        round: u32,
        /// The decision.
        decision: SealedDecision,
    },
    /// The party changed its own sealed decision before the reveal.
    DecisionAmended {
        /// The round.
        round: u32,
        /// The decision as it stands now.
        decision: SealedDecision,
    },
    /// The party took its own sealed decision back before the reveal.
    DecisionWithdrawn {
        /// The round.
        round: u32,
    },
}

impl SealEvent {
    /// Whether others than its party, an auditor for one, may learn of it: once both sides were in
    /// and what it decides on is revealed. A round that lapses is never revealed (C.3.5).
    pub fn is_revealed(&self, application: &Application) -> bool {
        let Some(held) = application.held() else {
            return false;
        };
        match self {
            Self::ShortlistSealed { .. } => held.identity_is_open(),
            Self::DecisionSealed { round, .. }
            | Self::DecisionAmended { round, .. }
            | Self::DecisionWithdrawn { round } => {
                held.rounds.iter().any(|revealed| revealed.round == *round)
            }
        }
    }
}

aggregate!(Seal, "seal", SealAct, SealEvent);

impl Decider for Seal {
    type Act = SealAct;
    const COLLECTION: &'static str = "seals";

    fn decide(&self, issued: &Issued<SealAct>) -> Result<Vec<SealEvent>, Refusal> {
        match &issued.act {
            SealAct::SealShortlist {
                terms,
                shortlisted,
                assessment,
                awaited,
            } => {
                let content =
                    ContentDigest::of(issued.salt, terms.application.0, &(shortlisted, assessment));
                match self.kept() {
                    Some(kept) if kept.content == content => Ok(vec![]),
                    Some(_) => Err(Refusal::new(
                        Reason::DecisionAlreadyRecorded,
                        "your shortlist for this application is sealed with other content",
                    )),
                    None if !awaited => Err(Refusal::state_not_allowed(
                        "the application takes no shortlist any more",
                    )),
                    None => Ok(vec![SealEvent::ShortlistSealed {
                        terms: terms.clone(),
                        shortlisted: Said::by(terms, *shortlisted),
                        assessment: own(terms, assessment),
                        content,
                    }]),
                }
            }
            SealAct::SealDecision(slot) => self.sealed(issued.salt, slot),
            SealAct::AmendDecision(slot) => self.amended(issued.salt, slot),
            SealAct::WithdrawDecision { round, open } => self.withdrawn(*round, *open),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.kept()
            .map(|kept| Custody::of(kept.terms.tenant, []).about(kept.terms.person))
    }
}

fn own(terms: &SealTerms, assessment: &Assessment) -> Personal<Assessment> {
    Personal::new(
        terms.person,
        PersonalClass::Assessment,
        [terms.tenant],
        assessment.clone(),
    )
    .padded()
}

fn round_closed(round: u32) -> Refusal {
    Refusal::new(
        Reason::RoundClosed,
        format!("decision round {round} is not open; read the application for the round that is"),
    )
    .with("round", round)
}

impl Seal {
    fn sealed(&self, salt: DigestSalt, slot: &SlotAct) -> Result<Vec<SealEvent>, Refusal> {
        let decision = self.decision_of(salt, slot)?;
        if let Some(standing) = self.decision(slot.round) {
            return if standing.content == decision.content {
                Ok(vec![])
            } else {
                Err(Refusal::new(
                    Reason::DecisionAlreadyRecorded,
                    "your decision for this round is sealed with other content; change it with \
                     AmendDecision while the round is open",
                )
                .with("round", slot.round))
            };
        }
        if !slot.open {
            return Err(round_closed(slot.round));
        }
        Ok(vec![SealEvent::DecisionSealed {
            round: slot.round,
            decision,
        }])
    }

    fn amended(&self, salt: DigestSalt, slot: &SlotAct) -> Result<Vec<SealEvent>, Refusal> {
        let decision = self.decision_of(salt, slot)?;
        let standing = self.decision(slot.round);
        if standing.is_some_and(|standing| standing.content == decision.content) {
            return Ok(vec![]);
        }
        if !slot.open {
            return Err(round_closed(slot.round));
        }
        if standing.is_none() {
            return Err(Refusal::state_not_allowed(
                "you have no sealed decision in this round; seal one with SealDecision",
            ));
        }
        Ok(vec![SealEvent::DecisionAmended {
            round: slot.round,
            decision,
        }])
    }

    fn withdrawn(&self, round: u32, open: bool) -> Result<Vec<SealEvent>, Refusal> {
        let slot = self.kept().and_then(|kept| kept.rounds.get(&round));
        match slot {
            Some(Slot::Withdrawn) => Ok(vec![]),
            _ if !open => Err(round_closed(round)),
            Some(Slot::Sealed(_)) => Ok(vec![SealEvent::DecisionWithdrawn { round }]),
            None => Err(Refusal::state_not_allowed(
                "you have no sealed decision in this round to withdraw",
            )),
        }
    }

    /// Rounds open only once both shortlists are sealed, so a party that decides has a seal.
    fn decision_of(&self, salt: DigestSalt, slot: &SlotAct) -> Result<SealedDecision, Refusal> {
        let kept = self.kept().ok_or_else(|| round_closed(slot.round))?;
        Ok(SealedDecision {
            word: Said::by(&kept.terms, slot.word.clone()),
            assessment: own(&kept.terms, &slot.assessment),
            content: ContentDigest::of(
                salt,
                kept.terms.application.0,
                &(
                    slot.round,
                    slot.word.verdict,
                    &slot.word.conditions,
                    &slot.assessment,
                ),
            ),
        })
    }
}
