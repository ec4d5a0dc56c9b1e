//! Learning a trainee brings along: the university records the claim, and without a decision it
//! counts for nothing (`TRAIN-06`). The record is the university's alone.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    application::Application,
    appointment::{Appointed, Appointment},
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest description of what was learned, in bytes.
pub const LEARNING_BYTES_MAX: usize = 1_000;

/// What is claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The application that led the person there.
    pub application: Id<Application>,
    /// The person.
    pub person: PersonId,
    /// Whose record it is.
    pub university: TenantId,
    /// Credits claimed.
    pub credits: u16,
    /// When the learning was finished.
    pub learned: Date,
    /// Credits of the qualification trained for.
    pub of_credits: u16,
}

/// A claim's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum PriorLearning {
    /// Nothing is claimed.
    #[default]
    Absent,
    /// Claimed.
    Claimed {
        /// What.
        claim: Claim,
        /// What was learned, where.
        learning: Personal<String>,
        /// Tells a repeated claim from another one.
        content: ContentDigest,
        /// Credits given, once decided.
        given: Option<u16>,
    },
}

/// What a claim decides.
#[derive(Debug, Clone)]
pub enum PriorLearningAct {
    /// See [`ClaimPriorLearning`].
    Claim {
        /// What.
        claim: Claim,
        /// What was learned, where.
        learning: Personal<String>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// See [`DecidePriorLearning`].
    Decide(DecidePriorLearning),
}

/// Facts of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum PriorLearningEvent {
    /// Prior learning was claimed.
    PriorLearningClaimed {
        /// What.
        claim: Claim,
        /// What was learned, where.
        learning: Personal<String>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// The university decided on it.
    PriorLearningDecided {
        /// Credits given; none for a claim that is not accepted.
        credits: u16,
    },
}

aggregate!(
    PriorLearning,
    "prior_learning",
    PriorLearningAct,
    PriorLearningEvent
);

impl PriorLearning {
    /// The id of the claim of an appointed person.
    pub fn id(appointment: &Appointment) -> Id<Self> {
        Id::derive(appointment.university, &[appointment.application.0])
    }

    /// What is claimed.
    pub fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Absent => None,
            Self::Claimed { claim, .. } => Some(claim),
        }
    }

    /// What was learned, sealed to the university.
    pub fn learning(&self) -> Option<&Personal<String>> {
        match self {
            Self::Absent => None,
            Self::Claimed { learning, .. } => Some(learning),
        }
    }

    /// Whether it is decided.
    pub fn decided(&self) -> bool {
        matches!(self, Self::Claimed { given: Some(_), .. })
    }

    /// The credit it counts for: none until the university gives some.
    pub fn credits(&self) -> u16 {
        match self {
            Self::Claimed {
                given: Some(given), ..
            } => *given,
            Self::Absent | Self::Claimed { given: None, .. } => 0,
        }
    }

    fn evolve(&mut self, event: PriorLearningEvent) {
        match (event, self) {
            (
                PriorLearningEvent::PriorLearningClaimed {
                    claim,
                    learning,
                    content,
                },
                state,
            ) => {
                *state = Self::Claimed {
                    claim,
                    learning,
                    content,
                    given: None,
                };
            }
            (PriorLearningEvent::PriorLearningDecided { credits }, Self::Claimed { given, .. }) => {
                *given = Some(credits);
            }
            (PriorLearningEvent::PriorLearningDecided { .. }, Self::Absent) => {}
        }
    }

    fn decide_claim(
        issued: &Issued<PriorLearningAct>,
        claim: &Claim,
        credits: u16,
    ) -> Result<Vec<PriorLearningEvent>, Refusal> {
        let on = issued.today();
        let percent: u32 = issued.policies.get("rpl.credit_share_max_percent", on)?;
        let years: i16 = issued.policies.get("rpl.years_max", on)?;
        let most = u32::from(claim.of_credits).saturating_mul(percent) / 100;
        let limit = |message: String| Refusal::new(Reason::PriorLearningLimit, message);
        if credits > claim.credits {
            return Err(limit(format!(
                "{} credits are claimed; give no more",
                claim.credits
            )));
        }
        if u32::from(credits) > most {
            return Err(limit(format!(
                "at most {most} of {} credits can come from prior learning; give no more",
                claim.of_credits
            ))
            .with("credits_max", most));
        }
        let oldest = on.checked_sub(years.years()).unwrap_or(Date::MIN);
        if credits > 0 && claim.learned < oldest {
            return Err(limit(format!(
                "it was learned on {}, before {oldest}; give no credit for it",
                claim.learned
            ))
            .with("learned_from", oldest));
        }
        Ok(vec![PriorLearningEvent::PriorLearningDecided { credits }])
    }
}

impl Decider for PriorLearning {
    type Act = PriorLearningAct;
    const COLLECTION: &'static str = "priorLearning";

    fn decide(
        &self,
        issued: &Issued<PriorLearningAct>,
    ) -> Result<Vec<PriorLearningEvent>, Refusal> {
        match (&issued.act, self) {
            (
                PriorLearningAct::Claim {
                    claim,
                    learning,
                    content,
                },
                Self::Absent,
            ) => Ok(vec![PriorLearningEvent::PriorLearningClaimed {
                claim: *claim,
                learning: learning.clone(),
                content: *content,
            }]),
            (PriorLearningAct::Claim { content, .. }, Self::Claimed { content: known, .. }) => {
                Refusal::unless_same(content == known, "the claim")
            }
            (PriorLearningAct::Decide(_), Self::Absent) => Err(Refusal::not_permitted()),
            (
                PriorLearningAct::Decide(decide),
                Self::Claimed {
                    given: Some(given), ..
                },
            ) => Refusal::unless_same(*given == decide.credits, "the decision on the claim"),
            (PriorLearningAct::Decide(decide), Self::Claimed { claim, .. }) => {
                Self::decide_claim(issued, claim, decide.credits)
            }
        }
    }

    /// The university's alone: an employer never learns what somebody was given credit for.
    fn custody(&self) -> Option<Custody> {
        self.claim()
            .map(|claim| Custody::of(claim.university, []).about(claim.person))
    }
}

/// Records what an appointed person claims to have learned before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimPriorLearning {
    /// The application that led the person there.
    pub application: Id<Application>,
    /// Credits claimed.
    pub credits: u16,
    /// When the learning was finished.
    pub learned: Date,
    /// What was learned, where.
    pub learning: String,
}

impl Command for ClaimPriorLearning {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let learning = text::free(&self.learning, "learning", LEARNING_BYTES_MAX)?;
        if self.credits == 0 {
            return Err(Refusal::invalid("credits", "claim at least one credit").into());
        }
        if self.learned > issue.today() {
            return Err(Refusal::invalid("learned", "not later than the claim").into());
        }
        let Appointed { appointment, .. } = Appointed::of(issue, world, self.application)?;
        if issue.by.acting_for(TenantKind::University)? != appointment.university {
            return Err(Refusal::not_permitted().into());
        }
        let role = issue.policies.role(&appointment.role, issue.today())?;
        let of_credits = role
            .qualifications
            .iter()
            .find(|qualification| qualification.level == appointment.level)
            .and_then(|qualification| qualification.credits)
            .unwrap_or(0);
        let id = PriorLearning::id(&appointment);
        let claim = Claim {
            application: self.application,
            person: appointment.person,
            university: appointment.university,
            credits: self.credits,
            learned: self.learned,
            of_credits,
        };
        let act = PriorLearningAct::Claim {
            claim,
            content: ContentDigest::of(issue.salt, id.0, self),
            learning: Personal::new(
                appointment.person,
                PersonalClass::StudyEvidence,
                [appointment.university],
                learning,
            ),
        };
        world.decide(issue, id, act)?;
        Ok(id.key())
    }
}

/// Decides how much credit a claim counts for: a share of the qualification at most, and only for
/// recent learning, both by policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecidePriorLearning {
    /// The claim.
    pub claim: Id<PriorLearning>,
    /// Credits given; none when it is not accepted.
    pub credits: u16,
}

impl Command for DecidePriorLearning {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::University)?;
        world.decide(issue, self.claim, PriorLearningAct::Decide(self.clone()))?;
        Ok(self.claim.key())
    }
}

#[cfg(test)]
mod tests;
