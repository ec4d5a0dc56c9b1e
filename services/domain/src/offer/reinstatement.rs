//! A mistaken decline and a mistaken rescission are put right: the offer is open for an answer again,
//! while its post is.
//!
//! It comes back unanswered, however far it had come. Whoever accepted it was told that it is gone and
//! may have accepted elsewhere, which its parties may not learn: that one acceptance stands is asked
//! where the candidate answers.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use super::{
    HeldOffer, Offer, OfferAct, OfferEvent, OfferStage, OfferTerms, answer_by, side, terms_of,
};
use crate::{
    actor::{Party, TenantKind},
    correction::{Authority, Correction, RecordedEvent},
    id::Id,
    refusal::{Reason, Refusal},
    reserve::{ReserveAct, ReserveList, posts_of},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Why an offer that fell stands again: a closed list, so that no text about anybody is kept.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReinstatementReason {
    /// It was not meant at all.
    NotMeant,
    /// Another offer was meant.
    AnotherOffer,
    /// What it rested on was wrong.
    FactsPutRight,
}

impl HeldOffer {
    /// The event by which it was declined or taken back, if that is how it fell.
    fn undoable(&self) -> Result<u64, Refusal> {
        let words = match self.stage {
            OfferStage::Declined | OfferStage::Rescinded => return Ok(self.fell),
            OfferStage::Made | OfferStage::Accepted | OfferStage::ConditionsMet => {
                "the offer stands; there is nothing to put right"
            }
            OfferStage::Lapsed => "the offer was not answered in time; make it anew with MakeOffer",
            OfferStage::Withdrawn => "the offer fell with the application; the person applies anew",
        };
        Err(Refusal::state_not_allowed(words))
    }

    /// Whoever gave the word takes it back; the employer may also offer again what was declined.
    fn may_reinstate(&self, issue: &Issue) -> Result<(), Refusal> {
        let candidates = issue.by.kind == TenantKind::Person;
        let allowed = match self.rescission {
            None => candidates || side(issue, &self.terms)? == Party::Employer,
            Some((by, _)) => !candidates && side(issue, &self.terms)? == by,
        };
        if allowed {
            Ok(())
        } else {
            Err(Refusal::not_permitted())
        }
    }

    pub(super) fn reinstated(
        &self,
        issue: &Issue,
        correction: &Correction<ReinstatementReason>,
        answer_by: Option<jiff::Timestamp>,
    ) -> Result<Vec<OfferEvent>, Refusal> {
        if answer_by.is_none() && self.unanswered_at(issue.effective) {
            return Err(Refusal::new(
                Reason::OfferLapsed,
                "the time to answer is over; ask the employer to reinstate the offer",
            ));
        }
        let mut events = vec![OfferEvent::OfferReinstated {
            correction: correction.clone(),
        }];
        events.extend(answer_by.map(|by| OfferEvent::OfferAnswerDue { by }));
        Ok(events)
    }
}

/// Puts a mistaken decline or rescission right. The candidate takes back a decline of their own until
/// the offer would have lapsed, the employer offers again what was declined, and a party takes back a
/// rescission of its own. Both parties confirm their conditions anew; cleared checks stay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReinstateOffer {
    /// The offer.
    pub offer: Id<Offer>,
    /// Why.
    pub reason: ReinstatementReason,
    /// On whose word.
    pub authority: Authority,
}

impl Command for ReinstateOffer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        let Some(held) = world.read_own(issue, self.offer)?.held().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        if let (true, Some(known)) = (held.stage == OfferStage::Made, &held.reinstatement)
            && (known.reason, known.authority) == (self.reason, self.authority)
        {
            return Ok(self.offer.key());
        }
        held.may_reinstate(issue)?;
        let corrects = RecordedEvent::of(self.offer.key(), held.undoable()?);
        self.authority.covers(issue, world, &corrects)?;
        still_appointed(world, &terms)?;
        let candidates = issue.by.kind == TenantKind::Person;
        let act = OfferAct::Reinstate {
            correction: Correction {
                corrects,
                reason: self.reason,
                authority: self.authority,
            },
            answer_by: if candidates {
                None
            } else {
                Some(answer_by(issue)?)
            },
        };
        world.decide(issue, self.offer, act)?;
        take_post(issue, world, &terms)?;
        Ok(self.offer.key())
    }
}

fn still_appointed(world: &mut World, terms: &OfferTerms) -> Result<(), Halt> {
    let appointed = world
        .read(terms.application)?
        .held()
        .and_then(|held| Offer::following(terms.application, held));
    if appointed.is_some() {
        return Ok(());
    }
    Err(Refusal::state_not_allowed(
        "the application does not stand any more; the person applies anew",
    )
    .into())
}

/// Takes the post up again, unless it went to who waited: a promise to them is not taken back.
fn take_post(issue: &Issue, world: &mut World, of: &OfferTerms) -> Result<(), Halt> {
    let (terms, posts) = posts_of(world, of.vacancy)?;
    let list = ReserveList::id(terms.employer, of.vacancy);
    let offered = world.read(list)?.offered();
    if !offered.contains(&of.application) && offered.len() >= posts as usize {
        return Err(Refusal::new(
            Reason::AllPostsOffered,
            "the post went to another candidate; reinstate the offer when one comes free, or \
             appoint to another vacancy",
        )
        .into());
    }
    let take = ReserveAct::Offer {
        terms,
        application: of.application,
        posts,
    };
    world.decide_beyond(issue, list, take)?;
    Ok(())
}
