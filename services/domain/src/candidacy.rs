//! What one person has applied for: the platform's own index, which no party ever reads.
//!
//! It exists for the campaign rule on several applications (policy `applications`). An employer must
//! not learn of a candidate's other applications, so where the rule is `one_only` the candidate
//! applies themself and is the only one a refusal speaks to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PLATFORM, PersonId, TenantKind},
    application::{Application, Stage},
    id::Id,
    offer::{Offer, OfferStage},
    refusal::{Reason, Refusal},
    world::{Custody, Decider, Halt, Issue, Issued, World, aggregate},
};

/// Policy `applications`: how many applications of one person may stand at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApplicationsRule {
    /// One.
    OneOnly,
    /// As many as there are vacancies.
    ManyAllowed,
}

/// A person's applications, withdrawn ones included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidacy {
    person: Option<PersonId>,
    applications: BTreeSet<Id<Application>>,
}

/// What a candidacy decides.
#[derive(Debug, Clone)]
pub enum CandidacyAct {
    /// The person applied.
    Note {
        /// Who.
        person: PersonId,
        /// The application.
        application: Id<Application>,
    },
}

/// Facts of a candidacy, in the platform's feed only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum CandidacyEvent {
    /// The person applied.
    ApplicationNoted {
        /// Who.
        person: PersonId,
        /// The application.
        application: Id<Application>,
    },
}

aggregate!(Candidacy, "candidacy", CandidacyAct, CandidacyEvent);

impl Candidacy {
    /// The id of a person's candidacy.
    pub fn id(person: PersonId) -> Id<Self> {
        Id::derive(PLATFORM, &[person.0])
    }

    /// Every application of the person.
    pub fn applications(&self) -> &BTreeSet<Id<Application>> {
        &self.applications
    }

    fn evolve(&mut self, event: CandidacyEvent) {
        let CandidacyEvent::ApplicationNoted {
            person,
            application,
        } = event;
        self.person = Some(person);
        self.applications.insert(application);
    }

    /// Notes a new application of `person`, where the campaign admits one more.
    ///
    /// # Errors
    /// [`Halt::Need`]; `ANOTHER_APPLICATION_STANDS` to the candidate, and under `one_only` to
    /// everybody else the same refusal whatever else the person has applied for.
    pub(crate) fn takes_on(
        issue: &Issue,
        world: &mut World,
        person: PersonId,
        application: Id<Application>,
    ) -> Result<(), Halt> {
        let id = Self::id(person);
        let rule: ApplicationsRule = issue.policies.get("applications", issue.today())?;
        if rule == ApplicationsRule::OneOnly {
            if issue.by.kind != TenantKind::Person {
                return Err(Refusal::state_not_allowed(
                    "candidates of this campaign apply to one vacancy only, and each applies \
                     themself; ask the candidate to apply",
                )
                .into());
            }
            let others: Vec<_> = world.read(id)?.applications.iter().copied().collect();
            for other in others {
                if other != application && stands(world, other)? {
                    return Err(Refusal::new(
                        Reason::AnotherApplicationStands,
                        "this campaign takes one application per person; withdraw the other one \
                         first",
                    )
                    .with("application", other.name())
                    .into());
                }
            }
        }
        let note = CandidacyAct::Note {
            person,
            application,
        };
        world.decide_beyond(issue, id, note)?;
        Ok(())
    }
}

/// Whether an application may still lead to a post.
fn stands(world: &mut World, application: Id<Application>) -> Result<bool, Halt> {
    let Some(held) = world.read(application)?.held().cloned() else {
        return Ok(false);
    };
    Ok(match held.stage {
        Stage::NotShortlisted | Stage::NotAppointed { .. } | Stage::Withdrawn => false,
        Stage::Appointed { .. } => {
            let offer = world.read(Offer::id(held.terms.employer, application))?;
            !offer.held().is_some_and(|offer| {
                matches!(
                    offer.stage,
                    OfferStage::Declined
                        | OfferStage::Withdrawn
                        | OfferStage::Lapsed
                        | OfferStage::Rescinded
                )
            })
        }
        Stage::AwaitingShortlist
        | Stage::Shortlisted
        | Stage::AwaitingJointOutcome { .. }
        | Stage::Lapsed { .. }
        | Stage::ReconsiderationRequested { .. } => true,
    })
}

impl Decider for Candidacy {
    type Act = CandidacyAct;
    const COLLECTION: &'static str = "candidacies";

    fn decide(&self, issued: &Issued<CandidacyAct>) -> Result<Vec<CandidacyEvent>, Refusal> {
        let CandidacyAct::Note {
            person,
            application,
        } = issued.act;
        Ok(if self.applications.contains(&application) {
            vec![]
        } else {
            vec![CandidacyEvent::ApplicationNoted {
                person,
                application,
            }]
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.person
            .map(|person| Custody::of(PLATFORM, []).about(person))
    }
}

#[cfg(test)]
mod tests;
