//! The conditional offer to an appointed candidate: one acceptance per person, six employment
//! checks, and both parties' conditions.

mod acceptance;
mod answer;
mod conditions;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, IntoStaticStr, VariantNames};

pub use self::{
    acceptance::*,
    answer::{AcceptOffer, DeclineOffer, MakeOffer},
    conditions::{
        CheckResult, CheckStatus, ClearEmploymentCheck, ConfirmConditions, EmploymentCheck,
    },
};
use crate::{
    actor::{Party, PersonId, TenantId},
    application::{Application, Conditions},
    id::Id,
    policy::catalogue::Role,
    programme::Intake,
    refusal::Refusal,
    vacancy::Vacancy,
    world::{Custody, Decider, Halt, Issue, Issued, World, aggregate},
};

/// What is offered, by whom and to whom. The later steps read it here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferTerms {
    /// The application the offer answers.
    pub application: Id<Application>,
    /// The candidate.
    pub person: PersonId,
    /// The vacancy.
    pub vacancy: Id<Vacancy>,
    /// The employer, whose offer it is.
    pub employer: TenantId,
    /// The university of the training.
    pub university: TenantId,
    /// The intake of the training.
    pub intake: Id<Intake>,
    /// The role trained for.
    pub role: Role,
    /// The level of the qualification, derived from the degree (`ROUTE-02`).
    pub level: u8,
}

/// Where an offer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OfferStage {
    /// Made, not answered.
    Made,
    /// Accepted; conditions open.
    Accepted,
    /// Accepted, and both parties have confirmed their conditions.
    ConditionsMet,
    /// Declined by the candidate.
    Declined,
    /// Fell with the application.
    Withdrawn,
}

/// An offer that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldOffer {
    /// What is offered.
    pub terms: OfferTerms,
    /// What both parties ask for before it holds.
    pub conditions: Conditions,
    /// Employment checks with a result.
    pub checks: BTreeMap<EmploymentCheck, CheckStatus>,
    /// The parties that confirmed their conditions.
    pub confirmed: BTreeSet<Party>,
    /// Where it stands.
    pub stage: OfferStage,
}

impl HeldOffer {
    /// Those of `needed` that are not cleared.
    pub fn checks_open(&self, needed: &BTreeSet<EmploymentCheck>) -> Vec<EmploymentCheck> {
        let cleared = |check: &EmploymentCheck| {
            self.checks
                .get(check)
                .is_some_and(|status| status.result == CheckResult::Cleared)
        };
        needed
            .iter()
            .copied()
            .filter(|check| !cleared(check))
            .collect()
    }
}

/// The offer that answers an application.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Offer {
    /// Not made.
    #[default]
    Absent,
    /// Made.
    Held(Box<HeldOffer>),
}

impl Offer {
    /// The id of the offer of `employer` for an application.
    pub fn id(employer: TenantId, application: Id<Application>) -> Id<Self> {
        Id::derive(employer, &[application.0])
    }

    /// The offer, when it is made.
    pub fn held(&self) -> Option<&HeldOffer> {
        match self {
            Self::Absent => None,
            Self::Held(held) => Some(held),
        }
    }

    /// What is offered, when an offer is made.
    pub fn terms(&self) -> Option<&OfferTerms> {
        self.held().map(|held| &held.terms)
    }

    /// Whether the candidate has accepted it.
    pub fn accepted(&self) -> bool {
        self.held().is_some_and(|held| {
            matches!(held.stage, OfferStage::Accepted | OfferStage::ConditionsMet)
        })
    }

    /// Whether it is accepted and both parties have confirmed their conditions.
    pub fn conditions_met(&self) -> bool {
        self.held()
            .is_some_and(|held| held.stage == OfferStage::ConditionsMet)
    }

    fn evolve(&mut self, event: OfferEvent) {
        use OfferEvent as E;
        if let E::OfferMade { terms, conditions } = event {
            *self = Self::Held(Box::new(HeldOffer {
                terms,
                conditions,
                checks: BTreeMap::new(),
                confirmed: BTreeSet::new(),
                stage: OfferStage::Made,
            }));
            return;
        }
        let Self::Held(held) = self else { return };
        match event {
            E::OfferMade { .. } => {}
            E::OfferAccepted {} => held.stage = OfferStage::Accepted,
            E::OfferDeclined {} => held.stage = OfferStage::Declined,
            E::OfferWithdrawn {} => held.stage = OfferStage::Withdrawn,
            E::OfferRouteRederived { level } => held.terms.level = level,
            E::EmploymentCheckCleared { check, on } => {
                let result = CheckResult::Cleared;
                held.checks.insert(check, CheckStatus { result, on });
            }
            E::EmploymentCheckNotCleared { check, on } => {
                let result = CheckResult::NotCleared;
                held.checks.insert(check, CheckStatus { result, on });
            }
            E::OfferConditionsConfirmed { by } => {
                held.confirmed.insert(by);
            }
            E::OfferConditionsMet {} => held.stage = OfferStage::ConditionsMet,
        }
    }
}

/// What an offer decides.
#[derive(Debug, Clone)]
pub enum OfferAct {
    /// See [`MakeOffer`].
    Make {
        /// What is offered.
        terms: OfferTerms,
        /// What both parties ask for.
        conditions: Conditions,
    },
    /// See [`AcceptOffer`].
    Accept,
    /// See [`DeclineOffer`].
    Decline,
    /// The application is withdrawn.
    Withdraw,
    /// A confirmed degree changed the route (`ROUTE-02`).
    RederiveRoute {
        /// The level now trained for.
        level: u8,
    },
    /// See [`ClearEmploymentCheck`].
    ClearEmploymentCheck(ClearEmploymentCheck),
    /// See [`ConfirmConditions`].
    ConfirmConditions {
        /// Whose conditions.
        by: Party,
        /// The conditions that are met, by id.
        conditions: BTreeSet<String>,
        /// The employment checks policy `employment.checks` asks for.
        needed: BTreeSet<EmploymentCheck>,
    },
}

/// Facts of an offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum OfferEvent {
    /// A conditional offer was made.
    OfferMade {
        /// What is offered.
        terms: OfferTerms,
        /// What both parties ask for before it holds.
        conditions: Conditions,
    },
    /// The candidate accepted.
    OfferAccepted {},
    /// The candidate declined.
    OfferDeclined {},
    /// The offer fell with the application.
    OfferWithdrawn {},
    /// A confirmed degree changed the route.
    OfferRouteRederived {
        /// The level now trained for.
        level: u8,
    },
    /// An employment check cleared.
    EmploymentCheckCleared {
        /// Which.
        check: EmploymentCheck,
        /// When.
        on: Date,
    },
    /// An employment check did not clear, or not yet.
    EmploymentCheckNotCleared {
        /// Which.
        check: EmploymentCheck,
        /// When.
        on: Date,
    },
    /// A party confirmed that its own conditions are met.
    OfferConditionsConfirmed {
        /// Which party.
        by: Party,
    },
    /// Both parties' conditions are met.
    OfferConditionsMet {},
}

aggregate!(Offer, "offer", OfferAct, OfferEvent);

impl Decider for Offer {
    type Act = OfferAct;
    const COLLECTION: &'static str = "offers";

    fn decide(&self, issued: &Issued<OfferAct>) -> Result<Vec<OfferEvent>, Refusal> {
        if let OfferAct::Make { terms, conditions } = &issued.act {
            return Ok(match self {
                Self::Absent => vec![OfferEvent::OfferMade {
                    terms: terms.clone(),
                    conditions: conditions.clone(),
                }],
                Self::Held(_) => vec![],
            });
        }
        let held = self.held().ok_or_else(Refusal::not_permitted)?;
        match &issued.act {
            OfferAct::Make { .. } => Ok(vec![]),
            OfferAct::Accept => match held.stage {
                OfferStage::Made => Ok(vec![OfferEvent::OfferAccepted {}]),
                OfferStage::Accepted | OfferStage::ConditionsMet => Ok(vec![]),
                OfferStage::Declined | OfferStage::Withdrawn => Err(not_open()),
            },
            OfferAct::Decline => match held.stage {
                OfferStage::Made => Ok(vec![OfferEvent::OfferDeclined {}]),
                OfferStage::Declined => Ok(vec![]),
                OfferStage::Accepted | OfferStage::ConditionsMet => {
                    Err(Refusal::state_not_allowed(
                        "the offer is accepted; withdraw the application instead",
                    ))
                }
                OfferStage::Withdrawn => Err(not_open()),
            },
            OfferAct::Withdraw => Ok(match held.stage {
                OfferStage::Made | OfferStage::Accepted => vec![OfferEvent::OfferWithdrawn {}],
                OfferStage::ConditionsMet | OfferStage::Declined | OfferStage::Withdrawn => vec![],
            }),
            OfferAct::RederiveRoute { level } => Ok(if held.terms.level == *level {
                vec![]
            } else {
                vec![OfferEvent::OfferRouteRederived { level: *level }]
            }),
            OfferAct::ClearEmploymentCheck(clear) => held.checked(clear, issued.today()),
            OfferAct::ConfirmConditions {
                by,
                conditions,
                needed,
            } => held.confirmed(*by, conditions, needed),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.employer, [terms.university]).about(terms.person))
    }
}

fn not_open() -> Refusal {
    Refusal::state_not_allowed("the offer is no longer open; read it for where it stands")
}

/// The terms of an offer `issue.by` may see; absent and foreign are the same refusal.
fn terms_of(issue: &Issue, world: &mut World, offer: Id<Offer>) -> Result<OfferTerms, Halt> {
    let terms = world.read_own(issue, offer)?.terms().cloned();
    terms.ok_or_else(|| Refusal::not_permitted().into())
}

fn side(issue: &Issue, terms: &OfferTerms) -> Result<Party, Refusal> {
    Party::of(&issue.by, terms.employer, terms.university).ok_or_else(Refusal::not_permitted)
}

#[cfg(test)]
pub(crate) mod tests;
