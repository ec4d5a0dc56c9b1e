//! The candidate goes: with the application goes what rests on it.

use serde::{Deserialize, Serialize};

use super::{Application, ApplicationAct, held};
use crate::{
    actor::{Party, TenantKind},
    id::Id,
    offer::{Acceptance, AcceptanceAct, Offer, OfferAct},
    refusal::Refusal,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Withdraws an application, and with it an offer whose conditions are not met yet. An open
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
        let offer = world.read(id)?;
        if offer.conditions_met() {
            return Err(Refusal::state_not_allowed(
                "the conditions of the offer are met and the training is agreed; end the \
                 employment instead",
            )
            .into());
        }
        let (made, accepted) = (offer.terms().is_some(), offer.accepted());
        if made {
            world.decide_beyond(issue, id, OfferAct::Withdraw)?;
        }
        if accepted {
            let acceptance = Acceptance::id(held.terms.person);
            world.decide_beyond(issue, acceptance, AcceptanceAct::Release { offer: id })?;
        }
        world.decide(issue, self.application, ApplicationAct::Withdraw)?;
        Ok(self.application.key())
    }
}
