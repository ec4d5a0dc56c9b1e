//! An offer is made, and answered by nobody but the candidate.

use serde::{Deserialize, Serialize};

use super::{Acceptance, AcceptanceAct, Offer, OfferAct, OfferTerms, terms_of};
use crate::{
    actor::{Party, TenantKind},
    application::{Application, ApplicationTerms, Stage, held},
    id::Id,
    refusal::Refusal,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Makes the conditional offer that follows from a joint outcome to appoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MakeOffer {
    /// The application.
    pub application: Id<Application>,
}

impl Command for MakeOffer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = held(issue, world, self.application)?;
        if held.side(issue)? != Party::Employer {
            return Err(Refusal::not_permitted().into());
        }
        let (Stage::Appointed { .. }, Some(level)) = (held.stage, held.level) else {
            return Err(Refusal::state_not_allowed(
                "an offer follows a joint outcome to appoint; read the application for where it \
                 stands",
            )
            .into());
        };
        let ApplicationTerms {
            vacancy,
            person,
            employer,
            university,
            intake,
            role,
        } = held.terms;
        let id = Offer::id(employer, self.application);
        let act = OfferAct::Make {
            terms: OfferTerms {
                application: self.application,
                person,
                vacancy,
                employer,
                university,
                intake,
                role,
                level,
            },
            conditions: held.conditions,
        };
        world.decide(issue, id, act)?;
        Ok(id.key())
    }
}

/// Refuses everybody but the candidate acting as such, staff of the parties included.
fn only_the_candidate(issue: &Issue, terms: &OfferTerms) -> Result<(), Refusal> {
    if issue.by.kind == TenantKind::Person && issue.by.person == Some(terms.person) {
        Ok(())
    } else {
        Err(Refusal::not_permitted())
    }
}

/// The candidate accepts; only one offer can stand accepted at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcceptOffer {
    /// The offer.
    pub offer: Id<Offer>,
}

impl Command for AcceptOffer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        only_the_candidate(issue, &terms)?;
        world.decide(issue, self.offer, OfferAct::Accept)?;
        let give = AcceptanceAct::Give {
            person: terms.person,
            offer: self.offer,
        };
        world.decide_beyond(issue, Acceptance::id(terms.person), give)?;
        Ok(self.offer.key())
    }
}

/// The candidate declines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclineOffer {
    /// The offer.
    pub offer: Id<Offer>,
}

impl Command for DeclineOffer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        only_the_candidate(issue, &terms)?;
        world.decide(issue, self.offer, OfferAct::Decline)?;
        Ok(self.offer.key())
    }
}
