//! The candidate goes: with the application goes what rests on it.

use serde::{Deserialize, Serialize};

use super::{Application, ApplicationAct, held};
use crate::{
    actor::{Party, TenantKind},
    appointment::has_begun,
    id::Id,
    offer::{Acceptance, AcceptanceAct, Offer, OfferAct},
    refusal::Refusal,
    reserve::{ReserveAct, ReserveList},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Withdraws an application, and with it an offer, until the training begins. An open
/// decision round closes with nothing revealed (C.3.7).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WithdrawApplication {
    /// The application.
    pub application: Id<Application>,
}

impl Command for WithdrawApplication {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = held(issue, world, self.application)?;
        if issue.by.kind != TenantKind::Person && held.side(issue)? != Party::Employer {
            return Err(Refusal::not_permitted().into());
        }
        let id = Offer::id(held.terms.employer, self.application);
        let terms = &held.terms;
        if has_begun(world, terms.employer, terms.university, self.application)? {
            return Err(Refusal::state_not_allowed(
                "the training has begun; end the employment instead",
            )
            .into());
        }
        let offer = world.read(id)?;
        let (made, accepted) = (offer.terms().is_some(), offer.accepted());
        if made {
            world.decide_beyond(issue, id, OfferAct::Withdraw)?;
        }
        if accepted {
            let acceptance = Acceptance::id(held.terms.person);
            world.decide_beyond(issue, acceptance, AcceptanceAct::Release { offer: id })?;
        }
        world.decide(issue, self.application, ApplicationAct::Withdraw)?;
        if !made {
            let list = ReserveList::id(held.terms.employer, held.terms.vacancy);
            let application = self.application;
            world.decide_beyond(issue, list, ReserveAct::Leave { application })?;
        }
        Ok(self.application.key())
    }
}
