//! The conditional offer to an appointed candidate: one acceptance per person, six employment
//! checks, and both parties' conditions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{PLATFORM, Party, PersonId, TenantId, TenantKind},
    application::{Application, ApplicationTerms, Conditions, Stage, held},
    decision_round::{CONDITION_BYTES_MAX, CONDITIONS_MAX},
    id::Id,
    policy::catalogue::Role,
    programme::Intake,
    refusal::{Reason, Refusal},
    text,
    vacancy::Vacancy,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The six NHS employment check standards (`standards.md` B.3). Only result and date are kept,
/// never what a check found.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EmploymentCheck {
    /// Who the candidate is.
    Identity,
    /// The right to work.
    RightToWork,
    /// Registration and qualification.
    RegistrationAndQualification,
    /// Employment history and references.
    EmploymentHistoryAndReferences,
    /// Criminal record.
    CriminalRecord,
    /// Work health assessment.
    WorkHealthAssessment,
}

/// What a check came to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CheckResult {
    /// Passed.
    Cleared,
    /// Not passed, or not passed yet; it may clear later.
    NotCleared,
}

/// A check's state: result and date only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStatus {
    /// The result.
    pub result: CheckResult,
    /// The day of the result.
    pub on: Date,
}

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

impl HeldOffer {
    fn checked(
        &self,
        clear: &ClearEmploymentCheck,
        today: Date,
    ) -> Result<Vec<OfferEvent>, Refusal> {
        if clear.on > today {
            return Err(Refusal::invalid(
                "on",
                "the check has no result yet; record it on or after that day",
            ));
        }
        let status = CheckStatus {
            result: clear.result,
            on: clear.on,
        };
        let known = self.checks.get(&clear.check);
        if known == Some(&status) {
            return Ok(vec![]);
        }
        if known.is_some_and(|known| known.result == CheckResult::Cleared || known.on > clear.on) {
            return Err(Refusal::new(
                Reason::AlreadyRecorded,
                format!("the {} check is recorded with another result", clear.check),
            ));
        }
        if self.stage != OfferStage::Accepted {
            return Err(Refusal::state_not_allowed(
                "employment checks follow an accepted offer; wait for the acceptance",
            ));
        }
        let (check, on) = (clear.check, clear.on);
        Ok(vec![match clear.result {
            CheckResult::Cleared => OfferEvent::EmploymentCheckCleared { check, on },
            CheckResult::NotCleared => OfferEvent::EmploymentCheckNotCleared { check, on },
        }])
    }

    fn confirmed(
        &self,
        by: Party,
        conditions: &BTreeSet<String>,
        needed: &BTreeSet<EmploymentCheck>,
    ) -> Result<Vec<OfferEvent>, Refusal> {
        let own = self.conditions.of(by);
        if !conditions.is_subset(own) {
            return Err(Refusal::invalid(
                "conditions",
                "names a condition that is not one of yours in this offer",
            ));
        }
        let missing: Vec<_> = own.difference(conditions).cloned().collect();
        if !missing.is_empty() {
            return Err(Refusal::new(
                Reason::ConditionsNotMet,
                "every condition of yours must be met; name them all once they are",
            )
            .with("conditions", missing.join(",")));
        }
        if self.confirmed.contains(&by) {
            return Ok(vec![]);
        }
        if self.stage != OfferStage::Accepted {
            return Err(Refusal::state_not_allowed(
                "conditions are confirmed after the offer is accepted; wait for the acceptance",
            ));
        }
        let open = self.checks_open(needed);
        if by == Party::Employer && !open.is_empty() {
            let open: Vec<_> = open.iter().map(ToString::to_string).collect();
            return Err(Refusal::new(
                Reason::EmploymentCheckIncomplete,
                "every employment check must be cleared; record the missing ones with \
                 ClearEmploymentCheck",
            )
            .with("checks", open.join(",")));
        }
        let mut events = vec![OfferEvent::OfferConditionsConfirmed { by }];
        if self.confirmed.contains(&by.other()) {
            events.push(OfferEvent::OfferConditionsMet {});
        }
        Ok(events)
    }
}

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

/// The terms of an offer `issue.by` may see; absent and foreign are the same refusal.
fn terms_of(issue: &Issue, world: &mut World, offer: Id<Offer>) -> Result<OfferTerms, Halt> {
    let terms = world.read_own(issue, offer)?.terms().cloned();
    terms.ok_or_else(|| Refusal::not_permitted().into())
}

fn side(issue: &Issue, terms: &OfferTerms) -> Result<Party, Refusal> {
    Party::of(&issue.by, terms.employer, terms.university).ok_or_else(Refusal::not_permitted)
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

/// Records the result of one employment check; never what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClearEmploymentCheck {
    /// The offer.
    pub offer: Id<Offer>,
    /// Which check.
    pub check: EmploymentCheck,
    /// Its result.
    pub result: CheckResult,
    /// The day of the result.
    pub on: Date,
}

impl Command for ClearEmploymentCheck {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        if side(issue, &terms)? != Party::Employer {
            return Err(Refusal::not_permitted().into());
        }
        world.decide(
            issue,
            self.offer,
            OfferAct::ClearEmploymentCheck(self.clone()),
        )?;
        Ok(self.offer.key())
    }
}

/// A party confirms that its own conditions are met; the employer's include all six checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmConditions {
    /// The offer.
    pub offer: Id<Offer>,
    /// The party's own conditions, by id: all of them.
    pub conditions: Vec<String>,
}

impl Command for ConfirmConditions {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        let by = side(issue, &terms)?;
        text::at_most(&self.conditions, "conditions", CONDITIONS_MAX)?;
        let conditions = self
            .conditions
            .iter()
            .map(|condition| text::identifier(condition, "conditions", CONDITION_BYTES_MAX))
            .collect::<Result<BTreeSet<_>, _>>()?;
        let needed = issue.policies.get("employment.checks", issue.today())?;
        let act = OfferAct::ConfirmConditions {
            by,
            conditions,
            needed,
        };
        world.decide(issue, self.offer, act)?;
        Ok(self.offer.key())
    }
}

#[cfg(test)]
pub(crate) mod tests;
