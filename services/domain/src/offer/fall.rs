//! How an offer falls without the candidate: it is not answered in time, or a party takes it back.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use super::{Acceptance, AcceptanceAct, HeldOffer, Offer, OfferAct, OfferEvent, side, terms_of};
use crate::{
    actor::{Party, TenantKind},
    appointment::has_begun,
    id::Id,
    refusal::{Reason, Refusal},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Why a party takes an offer back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RescissionReason {
    /// Conditions of the party that takes it back will not be met.
    ConditionsNotMet,
    /// An employment check did not clear; which one stays with the employer.
    CheckNotCleared,
    /// The employer has the post no more.
    PostWithdrawn,
}

pub(super) fn lapsed() -> Refusal {
    Refusal::new(
        Reason::OfferLapsed,
        "the offer was not answered in time; ask the employer whether it makes another",
    )
}

impl HeldOffer {
    /// Whether an answer at an instant comes too late.
    pub(super) fn unanswered_at(&self, at: Timestamp) -> bool {
        self.answer_by.is_some_and(|by| at >= by)
    }

    pub(super) fn rescinded(
        &self,
        by: Party,
        reason: RescissionReason,
    ) -> Result<Vec<OfferEvent>, Refusal> {
        if self.rescission == Some((by, reason)) {
            return Ok(vec![]);
        }
        if !self.stage.stands() {
            return Err(Refusal::state_not_allowed(
                "the offer has fallen already; read it for how",
            ));
        }
        Ok(vec![OfferEvent::OfferRescinded { by, reason }])
    }
}

/// Takes an offer back before the training begins; the university only for conditions of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RescindOffer {
    /// The offer.
    pub offer: Id<Offer>,
    /// Why.
    pub reason: RescissionReason,
}

impl Command for RescindOffer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        let by = side(issue, &terms)?;
        if by == Party::University && self.reason != RescissionReason::ConditionsNotMet {
            return Err(Refusal::not_permitted().into());
        }
        if has_begun(world, terms.employer, terms.university, terms.application)? {
            return Err(Refusal::state_not_allowed(
                "the training has begun; end the employment instead",
            )
            .into());
        }
        let reason = self.reason;
        world.decide(issue, self.offer, OfferAct::Rescind { by, reason })?;
        let release = AcceptanceAct::Release { offer: self.offer };
        world.decide_beyond(issue, Acceptance::id(terms.person), release)?;
        Ok(self.offer.key())
    }
}

/// Closes an offer that was not answered in time; a timer asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LapseOffer {
    /// The offer.
    pub offer: Id<Offer>,
}

impl Command for LapseOffer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        world.decide_beyond(issue, self.offer, OfferAct::Lapse)?;
        Ok(self.offer.key())
    }
}
