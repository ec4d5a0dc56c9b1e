//! An offer is made, and answered by nobody but the candidate.

use jiff::{Timestamp, ToSpan as _};
use serde::{Deserialize, Serialize};

use super::{Acceptance, AcceptanceAct, Offer, OfferAct, OfferTerms, terms_of};
use crate::{
    actor::{Party, TenantKind},
    application::{Application, ApplicationTerms, Conditions, HeldApplication, Stage, held},
    calendar::london_instant,
    id::Id,
    identity,
    refusal::Refusal,
    reserve::{ReserveAct, ReserveList, posts_of},
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Makes the conditional offer that follows from a joint outcome to appoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MakeOffer {
    /// The application.
    pub application: Id<Application>,
}

impl Offer {
    /// The offer that follows from an application both parties accept: its id, what is offered and
    /// on which conditions.
    pub(crate) fn following(
        application: Id<Application>,
        held: &HeldApplication,
    ) -> Option<(Id<Self>, OfferTerms, Conditions)> {
        let (Stage::Appointed { .. }, Some(level)) = (held.stage, held.level) else {
            return None;
        };
        let ApplicationTerms {
            vacancy,
            person,
            employer,
            university,
            intake,
            role,
        } = held.terms.clone();
        let terms = OfferTerms {
            application,
            person,
            vacancy,
            employer,
            university,
            intake,
            role,
            level,
        };
        Some((
            Self::id(employer, application),
            terms,
            held.conditions.clone(),
        ))
    }
}

/// Until when an offer made now is answered: the end of the London day that policy `offer.answer`
/// (days) names.
pub(crate) fn answer_by(issue: &Issue) -> Result<Timestamp, Refusal> {
    let days: u32 = issue.policies.get("offer.answer", issue.today())?;
    let last = issue.today().saturating_add(i64::from(days).days());
    london_instant(last.at(23, 59, 59, 0))
        .ok_or_else(|| Refusal::invalid("effective", "outside the calendar"))
}

impl Command for MakeOffer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = held(issue, world, self.application)?;
        if held.side(issue)? != Party::Employer {
            return Err(Refusal::not_permitted().into());
        }
        let Some((id, terms, conditions)) = Offer::following(self.application, &held) else {
            return Err(Refusal::state_not_allowed(
                "an offer follows a joint outcome to appoint; read the application for where it \
                 stands",
            )
            .into());
        };
        let before = world.version(id.key());
        let act = OfferAct::Make {
            terms,
            conditions,
            answer_by: answer_by(issue)?,
        };
        world.decide(issue, id, act)?;
        // a repeat takes no second post
        if world.version(id.key()) > before {
            let vacancy = held.terms.vacancy;
            let (terms, posts) = posts_of(world, vacancy)?;
            let list = ReserveList::id(terms.employer, vacancy);
            let application = self.application;
            let take = ReserveAct::Offer {
                terms,
                application,
                posts,
            };
            world.decide(issue, list, take)?;
        }
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

/// The candidate accepts; only one offer of a human can stand accepted at a time, under whichever of
/// their records ([`identity`]).
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
        identity::accepts_once(world, terms.person, self.offer)?;
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
