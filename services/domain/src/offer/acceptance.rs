//! The platform's guard that a person accepts one offer only.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::Offer;
use crate::{
    actor::{PLATFORM, PersonId},
    id::Id,
    refusal::{Reason, Refusal},
    world::{Custody, Decider, Issued, aggregate},
};

/// The platform's guard that a person accepts one offer only, whoever makes the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    person: Option<PersonId>,
    offer: Option<Id<Offer>>,
}

impl Acceptance {
    /// The id of a person's acceptance.
    pub fn id(person: PersonId) -> Id<Self> {
        Id::derive(PLATFORM, &[person.0])
    }

    /// The offer that stands accepted.
    pub fn offer(&self) -> Option<Id<Offer>> {
        self.offer
    }

    fn evolve(&mut self, event: AcceptanceEvent) {
        match event {
            AcceptanceEvent::AcceptanceGiven { person, offer } => {
                self.person = Some(person);
                self.offer = Some(offer);
            }
            AcceptanceEvent::AcceptanceReleased { .. } => self.offer = None,
        }
    }
}

/// What an acceptance decides.
#[derive(Debug, Clone)]
pub enum AcceptanceAct {
    /// The person accepts an offer.
    Give {
        /// Who.
        person: PersonId,
        /// Which offer.
        offer: Id<Offer>,
    },
    /// The accepted offer fell.
    Release {
        /// Which offer.
        offer: Id<Offer>,
    },
}

/// Facts of an acceptance, in the platform's feed only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum AcceptanceEvent {
    /// The person accepted an offer.
    AcceptanceGiven {
        /// Who.
        person: PersonId,
        /// Which offer.
        offer: Id<Offer>,
    },
    /// The accepted offer fell; another may be accepted.
    AcceptanceReleased {
        /// Which offer.
        offer: Id<Offer>,
    },
}

aggregate!(Acceptance, "acceptance", AcceptanceAct, AcceptanceEvent);

impl Decider for Acceptance {
    type Act = AcceptanceAct;
    const COLLECTION: &'static str = "acceptances";

    fn decide(&self, issued: &Issued<AcceptanceAct>) -> Result<Vec<AcceptanceEvent>, Refusal> {
        match issued.act {
            AcceptanceAct::Give { person, offer } => match self.offer {
                None => Ok(vec![AcceptanceEvent::AcceptanceGiven { person, offer }]),
                Some(standing) if standing == offer => Ok(vec![]),
                Some(_) => Err(Refusal::new(
                    Reason::OfferAlreadyAccepted,
                    "you have accepted another offer; withdraw that application first",
                )),
            },
            AcceptanceAct::Release { offer } => Ok(if self.offer == Some(offer) {
                vec![AcceptanceEvent::AcceptanceReleased { offer }]
            } else {
                vec![]
            }),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.person
            .map(|person| Custody::of(PLATFORM, []).about(person))
    }
}
