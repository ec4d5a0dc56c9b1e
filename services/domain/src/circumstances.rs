//! A claim of extenuating circumstances (B.5). It goes to a panel of its own; what the person says
//! is opened by nobody else, and the board learns whether the panel accepted, not why.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    application::Application,
    board::COMPONENT_BYTES_MAX,
    enrolment::Enrolment,
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest statement, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 8_000;

/// What a person claims.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Circumstances {
    /// Whose panel decides.
    pub university: TenantId,
    /// For whose application.
    pub application: Id<Application>,
    /// Whose.
    pub person: PersonId,
    /// For which component.
    pub component: String,
    /// What the person says, for the panel alone.
    pub statement: Personal<String>,
    /// Tells a repeat from another claim.
    pub content: ContentDigest,
}

/// A claim's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum CircumstancesClaim {
    /// Not made.
    #[default]
    Absent,
    /// Made.
    Made {
        /// What is claimed.
        claim: Box<Circumstances>,
        /// Whether the panel accepted, once it decided.
        accepted: Option<bool>,
    },
}

/// What a claim decides.
#[derive(Debug, Clone)]
pub enum CircumstancesClaimAct {
    /// See [`ClaimCircumstances`].
    Claim {
        /// What is claimed.
        claim: Box<Circumstances>,
    },
    /// See [`DecideCircumstances`].
    Decide {
        /// Whether the panel accepts.
        accepted: bool,
    },
}

/// Facts of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum CircumstancesClaimEvent {
    /// The person claimed extenuating circumstances.
    CircumstancesClaimed {
        /// What is claimed.
        claim: Box<Circumstances>,
    },
    /// The panel decided.
    CircumstancesDecided {
        /// At which university.
        university: TenantId,
        /// For whose application.
        application: Id<Application>,
        /// For which component.
        component: String,
        /// Whether it accepted.
        accepted: bool,
    },
}

impl CircumstancesClaim {
    /// What is claimed.
    pub fn claim(&self) -> Option<&Circumstances> {
        match self {
            Self::Absent => None,
            Self::Made { claim, .. } => Some(claim),
        }
    }

    /// Whether the panel accepted, once it decided.
    pub fn accepted(&self) -> Option<bool> {
        match self {
            Self::Absent => None,
            Self::Made { accepted, .. } => *accepted,
        }
    }

    fn evolve(&mut self, event: CircumstancesClaimEvent) {
        match (event, self) {
            (CircumstancesClaimEvent::CircumstancesClaimed { claim }, state) => {
                *state = Self::Made {
                    claim,
                    accepted: None,
                };
            }
            (
                CircumstancesClaimEvent::CircumstancesDecided { accepted, .. },
                Self::Made {
                    accepted: decided, ..
                },
            ) => *decided = Some(accepted),
            (CircumstancesClaimEvent::CircumstancesDecided { .. }, Self::Absent) => {}
        }
    }
}

aggregate!(
    CircumstancesClaim,
    "circumstances_claim",
    CircumstancesClaimAct,
    CircumstancesClaimEvent
);

impl Decider for CircumstancesClaim {
    type Act = CircumstancesClaimAct;
    const COLLECTION: &'static str = "circumstancesClaims";

    fn decide(
        &self,
        issued: &Issued<CircumstancesClaimAct>,
    ) -> Result<Vec<CircumstancesClaimEvent>, Refusal> {
        match (&issued.act, self) {
            (CircumstancesClaimAct::Claim { claim }, Self::Absent) => {
                Ok(vec![CircumstancesClaimEvent::CircumstancesClaimed {
                    claim: claim.clone(),
                }])
            }
            (CircumstancesClaimAct::Claim { claim }, Self::Made { claim: known, .. }) => {
                Refusal::unless_same(known.content == claim.content, "the claim")
            }
            (CircumstancesClaimAct::Decide { .. }, Self::Absent) => Err(Refusal::not_permitted()),
            (
                CircumstancesClaimAct::Decide { accepted },
                Self::Made {
                    claim,
                    accepted: decided,
                },
            ) => match decided {
                Some(decided) => Refusal::unless_same(decided == accepted, "the panel's decision"),
                None => Ok(vec![CircumstancesClaimEvent::CircumstancesDecided {
                    university: claim.university,
                    application: claim.application,
                    component: claim.component.clone(),
                    accepted: *accepted,
                }]),
            },
        }
    }

    /// The university's, where only the panel may call for it; and the person's.
    fn custody(&self) -> Option<Custody> {
        self.claim()
            .map(|claim| Custody::of(claim.university, []).about(claim.person))
    }

    fn part_of(&self) -> Vec<StreamKey> {
        let application = |claim: &Circumstances| claim.application.key();
        self.claim().map(application).into_iter().collect()
    }
}

/// A student claims extenuating circumstances for a component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimCircumstances {
    /// For whose application.
    pub application: Id<Application>,
    /// For which component.
    pub component: String,
    /// What the person says; only the panel reads it.
    pub statement: String,
}

impl Command for ClaimCircumstances {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let component = text::required(&self.component, "component", COMPONENT_BYTES_MAX)?;
        let statement = text::free(&self.statement, "statement", STATEMENT_BYTES_MAX)?;
        let university = world
            .read_own(issue, self.application)?
            .terms()
            .map(|terms| terms.university)
            .ok_or_else(Refusal::not_permitted)?;
        let enrolment = Id::<Enrolment>::derive(university, &[self.application.0]);
        let person = world
            .read_own(issue, enrolment)?
            .study()
            .map(|study| study.appointment.person)
            .ok_or_else(Refusal::not_permitted)?;
        let id = Id::<CircumstancesClaim>::derive(university, &[issue.request]);
        let claim = Box::new(Circumstances {
            university,
            application: self.application,
            person,
            component,
            statement: Personal::new(
                person,
                PersonalClass::Circumstances,
                [university],
                statement,
            ),
            content: ContentDigest::of(issue.salt, id.0, self),
        });
        world.decide(issue, id, CircumstancesClaimAct::Claim { claim })?;
        Ok(id.key())
    }
}

/// The panel decides on a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecideCircumstances {
    /// Which.
    pub claim: Id<CircumstancesClaim>,
    /// Whether it accepts.
    pub accepted: bool,
}

impl Command for DecideCircumstances {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::University)?;
        let decide = CircumstancesClaimAct::Decide {
            accepted: self.accepted,
        };
        world.decide(issue, self.claim, decide)?;
        Ok(self.claim.key())
    }
}

#[cfg(test)]
mod tests;
