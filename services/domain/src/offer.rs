//! The conditional offer to an appointed candidate: one acceptance per person, six employment
//! checks, and both parties' conditions.

mod acceptance;
mod answer;
mod conditions;
mod fall;
mod reinstatement;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, IntoStaticStr, VariantNames};

pub(crate) use self::answer::answer_by;
pub use self::{
    acceptance::*,
    answer::{AcceptOffer, DeclineOffer, MakeOffer},
    conditions::{
        CheckResult, CheckStatus, ClearEmploymentCheck, ConfirmConditions, EmploymentCheck,
    },
    fall::{LapseOffer, RescindOffer, RescissionReason},
    reinstatement::{ReinstateOffer, ReinstatementReason},
};
use crate::{
    actor::{Party, PersonId, TenantId},
    application::{Application, Conditions},
    correction::Correction,
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
    /// Not answered in time.
    Lapsed,
    /// Taken back by a party.
    Rescinded,
}

impl OfferStage {
    /// Whether the offer still holds a post: made, or accepted and not fallen.
    pub const fn stands(self) -> bool {
        matches!(self, Self::Made | Self::Accepted | Self::ConditionsMet)
    }
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
    /// From this instant on it cannot be answered; without an end where none was set.
    pub answer_by: Option<Timestamp>,
    /// Which party took it back, and why.
    pub rescission: Option<(Party, RescissionReason)>,
    /// How it was put right after it had fallen.
    pub reinstatement: Option<Correction<ReinstatementReason>>,
    /// The event by which it last fell, by its sequence.
    fell: u64,
    /// How many events there are.
    recorded: u64,
    /// Where it stands.
    pub stage: OfferStage,
}

impl HeldOffer {
    /// Those of `needed` that are not cleared, or whose result no longer holds on a date.
    pub fn checks_open(
        &self,
        needed: &BTreeSet<EmploymentCheck>,
        on: Date,
    ) -> Vec<EmploymentCheck> {
        let cleared = |check: &EmploymentCheck| {
            self.checks
                .get(check)
                .is_some_and(|status| status.holds(on))
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
        let recorded = self
            .held()
            .map_or(0, |held| held.recorded)
            .saturating_add(1);
        if let E::OfferMade { terms, conditions } = event {
            *self = Self::Held(Box::new(HeldOffer {
                terms,
                conditions,
                checks: BTreeMap::new(),
                confirmed: BTreeSet::new(),
                answer_by: None,
                rescission: None,
                reinstatement: None,
                fell: 0,
                recorded,
                stage: OfferStage::Made,
            }));
            return;
        }
        let Self::Held(held) = self else { return };
        held.recorded = recorded;
        let stood = held.stage.stands();
        match event {
            E::OfferMade { .. } => {}
            E::OfferAccepted {} => held.stage = OfferStage::Accepted,
            E::OfferDeclined {} => held.stage = OfferStage::Declined,
            E::OfferWithdrawn {} => held.stage = OfferStage::Withdrawn,
            E::OfferAnswerDue { by } => held.answer_by = Some(by),
            E::OfferLapsed {} => held.stage = OfferStage::Lapsed,
            E::OfferRescinded { by, reason } => {
                held.rescission = Some((by, reason));
                held.stage = OfferStage::Rescinded;
            }
            E::OfferReinstated { correction } => {
                held.reinstatement = Some(correction);
                held.rescission = None;
                held.confirmed.clear();
                held.stage = OfferStage::Made;
            }
            E::OfferRouteRederived { level } => held.terms.level = level,
            E::EmploymentCheckCleared { check, on } => {
                let cleared = CheckStatus::of(CheckResult::Cleared, on);
                held.checks.insert(check, cleared);
            }
            E::EmploymentCheckNotCleared { check, on } => {
                let not_cleared = CheckStatus::of(CheckResult::NotCleared, on);
                held.checks.insert(check, not_cleared);
            }
            E::EmploymentCheckLimited { check, until } => {
                if let Some(status) = held.checks.get_mut(&check) {
                    status.until = Some(until);
                }
            }
            E::OfferDeferred {
                vacancy, intake, ..
            } => {
                held.terms.vacancy = vacancy;
                held.terms.intake = intake;
            }
            E::OfferConditionsConfirmed { by } => {
                held.confirmed.insert(by);
            }
            E::OfferConditionsMet {} => held.stage = OfferStage::ConditionsMet,
        }
        if stood && !held.stage.stands() {
            held.fell = recorded;
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
        /// Until when the candidate answers.
        answer_by: Timestamp,
    },
    /// See [`AcceptOffer`].
    Accept,
    /// See [`DeclineOffer`].
    Decline,
    /// The application is withdrawn.
    Withdraw,
    /// See [`LapseOffer`].
    Lapse,
    /// See [`RescindOffer`].
    Rescind {
        /// Which party.
        by: Party,
        /// Why.
        reason: RescissionReason,
    },
    /// See [`ReinstateOffer`].
    Reinstate {
        /// What is put right, why and on whose word.
        correction: Correction<ReinstatementReason>,
        /// Until when the candidate answers; as before when absent.
        answer_by: Option<Timestamp>,
    },
    /// Both parties agreed to a later intake.
    Defer {
        /// The vacancy whose post it takes up.
        vacancy: Id<Vacancy>,
        /// The later intake.
        intake: Id<Intake>,
    },
    /// A confirmed degree changed the route (`ROUTE-02`).
    RederiveRoute {
        /// The level now trained for.
        level: u8,
    },
    /// See [`ClearEmploymentCheck`].
    ClearEmploymentCheck {
        /// The command.
        clear: ClearEmploymentCheck,
        /// How many months a cleared result holds; without an end when absent.
        months: Option<u32>,
    },
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
    /// Until when the candidate answers.
    OfferAnswerDue {
        /// From this instant on it is too late.
        by: Timestamp,
    },
    /// The candidate did not answer in time.
    OfferLapsed {},
    /// A party took the offer back.
    OfferRescinded {
        /// Which party.
        by: Party,
        /// Why.
        reason: RescissionReason,
    },
    /// The offer moved to a later intake.
    OfferDeferred {
        /// The vacancy whose post it leaves.
        from: Id<Vacancy>,
        /// The vacancy whose post it takes up.
        vacancy: Id<Vacancy>,
        /// The later intake.
        intake: Id<Intake>,
    },
    /// A cleared check holds until a date.
    EmploymentCheckLimited {
        /// Which.
        check: EmploymentCheck,
        /// The last day.
        until: Date,
    },
    /// A decline or a rescission was a mistake: the offer is open for an answer again.
    OfferReinstated {
        /// What is put right, why and on whose word.
        correction: Correction<ReinstatementReason>,
    },
}

aggregate!(Offer, "offer", OfferAct, OfferEvent);

impl Decider for Offer {
    type Act = OfferAct;
    const COLLECTION: &'static str = "offers";

    fn decide(&self, issued: &Issued<OfferAct>) -> Result<Vec<OfferEvent>, Refusal> {
        if let OfferAct::Make {
            terms,
            conditions,
            answer_by,
        } = &issued.act
        {
            // one that lapsed may be made anew; every other standing is an answer
            if self
                .held()
                .is_some_and(|held| held.stage != OfferStage::Lapsed)
            {
                return Ok(vec![]);
            }
            return Ok(vec![
                OfferEvent::OfferMade {
                    terms: terms.clone(),
                    conditions: conditions.clone(),
                },
                OfferEvent::OfferAnswerDue { by: *answer_by },
            ]);
        }
        let held = self.held().ok_or_else(Refusal::not_permitted)?;
        match &issued.act {
            OfferAct::Make { .. } => Ok(vec![]),
            OfferAct::Accept => match held.stage {
                OfferStage::Made if held.unanswered_at(issued.effective) => Err(fall::lapsed()),
                OfferStage::Made => Ok(vec![OfferEvent::OfferAccepted {}]),
                OfferStage::Accepted | OfferStage::ConditionsMet => Ok(vec![]),
                OfferStage::Lapsed => Err(fall::lapsed()),
                OfferStage::Declined | OfferStage::Withdrawn | OfferStage::Rescinded => {
                    Err(not_open())
                }
            },
            OfferAct::Decline => match held.stage {
                OfferStage::Made => Ok(vec![OfferEvent::OfferDeclined {}]),
                OfferStage::Declined => Ok(vec![]),
                OfferStage::Accepted | OfferStage::ConditionsMet => {
                    Err(Refusal::state_not_allowed(
                        "the offer is accepted; withdraw the application instead",
                    ))
                }
                OfferStage::Withdrawn | OfferStage::Lapsed | OfferStage::Rescinded => {
                    Err(not_open())
                }
            },
            OfferAct::Withdraw => Ok(if held.stage.stands() {
                vec![OfferEvent::OfferWithdrawn {}]
            } else {
                vec![]
            }),
            OfferAct::Lapse => Ok(
                if held.stage == OfferStage::Made && held.unanswered_at(issued.effective) {
                    vec![OfferEvent::OfferLapsed {}]
                } else {
                    vec![]
                },
            ),
            OfferAct::Defer { vacancy, intake } => Ok(if held.terms.vacancy == *vacancy {
                vec![]
            } else {
                vec![OfferEvent::OfferDeferred {
                    from: held.terms.vacancy,
                    vacancy: *vacancy,
                    intake: *intake,
                }]
            }),
            OfferAct::Rescind { by, reason } => held.rescinded(*by, *reason),
            OfferAct::Reinstate {
                correction,
                answer_by,
            } => held.reinstated(&issued.issue, correction, *answer_by),
            OfferAct::RederiveRoute { level } => Ok(if held.terms.level == *level {
                vec![]
            } else {
                vec![OfferEvent::OfferRouteRederived { level: *level }]
            }),
            OfferAct::ClearEmploymentCheck { clear, months } => {
                held.checked(clear, *months, issued.today())
            }
            OfferAct::ConfirmConditions {
                by,
                conditions,
                needed,
            } => held.confirmed(*by, conditions, needed, issued.today()),
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
