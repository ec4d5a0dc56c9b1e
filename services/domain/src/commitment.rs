//! An employer promises a permanent qualified post to everyone it trains who passes. Each promise
//! is expected from the start of the training, falls due on the pass, is discharged by the evidence
//! of the post and kept by maintaining it; or it lapses, passes to a successor, or is broken.

mod breaches;
mod course;
mod due;
mod establishment;
mod keeping;
mod post;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

pub use self::{breaches::*, course::*, due::*, establishment::*, keeping::*, post::*};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    allocation::Allocation,
    application::Application,
    directory::ClinicalService,
    id::Id,
    personal::Personal,
    policy::catalogue::{Role, Setting},
    programme::{Intake, IntakeTerms},
    refusal::Refusal,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most posts one commitment can promise.
pub const POSTS_MAX: u32 = 500;

/// What is promised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitmentTerms {
    /// Who promises.
    pub employer: TenantId,
    /// To whom.
    pub commissioner: TenantId,
    /// The allocation it is given for.
    pub allocation: Id<Allocation>,
    /// The intake whose trainees it covers.
    pub intake: Id<Intake>,
    /// The role.
    pub role: Role,
    /// How many permanent posts.
    pub posts: u32,
    /// At which band.
    pub band: u8,
    /// First day of the month from which the posts are owed: the month the training ends
    /// (`FUND-04`, `X-03`).
    pub effective_month: Date,
}

/// One person's promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The person.
    pub person: PersonId,
    /// The day of the qualification.
    pub qualified_on: Date,
    /// The last day for the evidence, from policy `commitment.evidence_window`.
    pub evidence_by: Date,
    /// The clinical service trained in.
    pub clinical_service: Id<ClinicalService>,
    /// The post, once evidenced.
    pub post: Option<QualifiedPost>,
    /// Until when the post has to be maintained, once discharged.
    pub maintain_until: Option<Date>,
    /// From when the employer says a permanent post will be there.
    pub mitigation: Option<Date>,
    /// Where it stands.
    pub standing: Standing,
}

/// Where one person's promise stands (Annex 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Standing {
    /// A post is owed.
    Due,
    /// The last day for the evidence is over.
    Overdue,
    /// The commissioner waits until a day.
    Grace {
        /// The last day.
        until: Date,
    },
    /// The post is there and has to be maintained.
    Discharged,
    /// It was, to the end.
    Maintained,
    /// Broken.
    Breached {
        /// How.
        kind: BreachKind,
        /// The day.
        on: Date,
    },
    /// The qualification it rested on fell.
    Lapsed,
    /// Another employer owes it.
    Transferred,
}

impl Standing {
    /// Whether a post is still owed.
    pub fn owed(self) -> bool {
        matches!(self, Self::Due | Self::Overdue | Self::Grace { .. })
    }
}

/// How a promise is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum BreachKind {
    /// No post as promised came (`FUND-08`).
    NoQualifiedPost,
    /// The post came and was not maintained (`FUND-02`, `X-14`).
    PostNotMaintained,
}

/// Somebody in training, to whom a post will be owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// The person.
    pub person: PersonId,
    /// The last day of the training, as far as known.
    pub completes: Date,
}

/// A promise of permanent qualified posts.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Commitment {
    /// Not given.
    #[default]
    Absent,
    /// Given.
    Given {
        /// What is promised.
        terms: Box<CommitmentTerms>,
        /// Promises fallen due, by application.
        promises: BTreeMap<Id<Application>, Promise>,
        /// Those in training, by application.
        expected: BTreeMap<Id<Application>, Expected>,
        /// Those who ended without qualifying.
        lapsed: BTreeMap<Id<Application>, LapseGround>,
        /// Those whom another employer owes the post now.
        transferred: BTreeMap<Id<Application>, TenantId>,
    },
}

/// What a commitment decides.
#[derive(Debug, Clone)]
pub enum CommitmentAct {
    /// See [`GiveCommitment`].
    Give {
        /// The command.
        give: GiveCommitment,
        /// Who promises.
        employer: TenantId,
        /// The intake's terms.
        intake: Box<IntakeTerms>,
    },
    /// See [`BringCommitmentDue`].
    BringDue {
        /// The command.
        bring: BringCommitmentDue,
        /// The clinical service trained in.
        clinical_service: Id<ClinicalService>,
    },
    /// See [`RedateCommitment`].
    Redate(RedateCommitment),
    /// See [`EvidenceQualifiedPost`].
    Evidence {
        /// The command.
        evidence: EvidenceQualifiedPost,
        /// The setting of the post's clinical service; `None` at another organisation.
        setting: Option<Setting>,
    },
    /// See [`NoteExpectedCompletion`].
    Expect {
        /// The application.
        application: Id<Application>,
        /// Who, and until when.
        expected: Expected,
    },
    /// See [`LapseCommitment`].
    Lapse {
        /// The application.
        application: Id<Application>,
        /// Why.
        ground: LapseGround,
    },
    /// See [`TransferCommitment`].
    Transfer {
        /// Whose.
        applications: Vec<Id<Application>>,
        /// To whom.
        to: TenantId,
    },
    /// The successor's side of a transfer.
    TakeOver(Box<Handover>),
    /// See [`NoteCommitmentOverdue`].
    NoteOverdue(Id<Application>),
    /// See [`OfferMitigation`].
    OfferMitigation(OfferMitigation),
    /// See [`GrantGrace`].
    GrantGrace(GrantGrace),
    /// See [`ConfirmBreach`] and [`EndGrace`].
    Breach(Id<Application>),
    /// See [`ReportPostEnded`].
    PostEnded(Id<Application>),
    /// See [`NoteCommitmentMaintained`].
    NoteMaintained(Id<Application>),
}

/// Facts of a commitment. The commissioner reads them, so pay and numbers stay out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum CommitmentEvent {
    /// Posts were promised (`FUND-02`, `FUND-03`).
    CommitmentGiven {
        /// What is promised.
        terms: Box<CommitmentTerms>,
    },
    /// A trainee passed: one promised post is owed.
    CommitmentDue {
        /// The application.
        application: Id<Application>,
        /// The person.
        person: PersonId,
        /// The day of the qualification.
        qualified_on: Date,
        /// The last day for the evidence.
        evidence_by: Date,
        /// The clinical service trained in.
        clinical_service: Id<ClinicalService>,
    },
    /// The board that qualified somebody sat on another day than was recorded: the evidence is due
    /// on another day as well.
    CommitmentRedated {
        /// The application.
        application: Id<Application>,
        /// The day of the qualification.
        qualified_on: Date,
        /// The last day for the evidence.
        evidence_by: Date,
    },
    /// The post is shown to be what was promised.
    QualifiedPostEvidenced {
        /// The application.
        application: Id<Application>,
        /// The person.
        person: PersonId,
        /// The post.
        post: QualifiedPost,
        /// Its position in the employer's establishment; the employer's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        position: Option<Personal<String>>,
    },
    /// The promise to one person is discharged; from now on the post has to be maintained.
    CommitmentDischarged {
        /// The application.
        application: Id<Application>,
        /// Until when, from policy `commitment.maintenance`; absent in history from before it
        /// was recorded.
        maintain_until: Option<Date>,
    },
    /// Somebody trains towards a promised post: the forecast of posts rests on it (`FUND-12`).
    CompletionExpected {
        /// The application.
        application: Id<Application>,
        /// Who, and until when; a later one replaces an earlier one.
        expected: Expected,
    },
    /// The last day for the evidence is over without a post.
    CommitmentOverdue {
        /// The application.
        application: Id<Application>,
        /// The day.
        on: Date,
    },
    /// The employer says from when a permanent post will be there.
    MitigationOffered {
        /// The application.
        application: Id<Application>,
        /// First day of the permanent post.
        permanent_from: Date,
    },
    /// The commissioner waits.
    GraceGranted {
        /// The application.
        application: Id<Application>,
        /// The last day.
        until: Date,
    },
    /// A post that discharged a promise is no longer there.
    PostNotMaintained {
        /// The application.
        application: Id<Application>,
        /// Its last day.
        ended: Date,
        /// The day until which it was to be maintained.
        maintain_until: Date,
    },
    /// The promise is broken (`FUND-08`).
    CommitmentBreached {
        /// The application.
        application: Id<Application>,
        /// How.
        kind: BreachKind,
        /// The day.
        on: Date,
    },
    /// The post was maintained for as long as it had to be.
    CommitmentMaintained {
        /// The application.
        application: Id<Application>,
        /// The day.
        on: Date,
    },
    /// Nothing is owed to somebody who did not qualify (`FUND-11`).
    CommitmentLapsed {
        /// The application.
        application: Id<Application>,
        /// Why.
        ground: LapseGround,
        /// The day.
        on: Date,
    },
    /// Another employer owes these people their posts.
    CommitmentTransferred {
        /// Whose.
        applications: Vec<Id<Application>>,
        /// Who owes them now.
        to: TenantId,
        /// The day.
        on: Date,
    },
    /// The same, seen from the successor.
    CommitmentTakenOver {
        /// What is promised, to whom.
        handover: Box<Handover>,
    },
}

aggregate!(Commitment, "commitment", CommitmentAct, CommitmentEvent);

impl Commitment {
    /// The id of the commitment given for an allocation.
    pub fn id(employer: TenantId, allocation: Id<Allocation>) -> Id<Self> {
        Id::derive(employer, &[allocation.0])
    }

    /// What is promised; `None` while nothing is.
    pub fn terms(&self) -> Option<&CommitmentTerms> {
        match self {
            Self::Absent => None,
            Self::Given { terms, .. } => Some(terms),
        }
    }

    /// Whether posts are promised to the trainees of an intake (`FUND-02`).
    pub fn covers(&self, intake: Id<Intake>) -> bool {
        self.terms().is_some_and(|terms| terms.intake == intake)
    }

    /// The promise to one person, once due.
    pub fn promise(&self, application: Id<Application>) -> Option<&Promise> {
        match self {
            Self::Absent => None,
            Self::Given { promises, .. } => promises.get(&application),
        }
    }

    /// Every promise fallen due, by application.
    pub fn promises(&self) -> impl Iterator<Item = (&Id<Application>, &Promise)> {
        match self {
            Self::Absent => None,
            Self::Given { promises, .. } => Some(promises.iter()),
        }
        .into_iter()
        .flatten()
    }

    /// How many promises a post discharged.
    pub fn discharged(&self) -> usize {
        self.promises()
            .filter(|(_, promise)| promise.post.is_some())
            .count()
    }

    /// Those in training, by application.
    pub fn expected(&self) -> impl Iterator<Item = (&Id<Application>, &Expected)> {
        match self {
            Self::Absent => None,
            Self::Given { expected, .. } => Some(expected.iter()),
        }
        .into_iter()
        .flatten()
    }

    /// Who owes somebody the post, when it is no longer this employer.
    pub fn transferred(&self, application: Id<Application>) -> Option<TenantId> {
        match self {
            Self::Absent => None,
            Self::Given { transferred, .. } => transferred.get(&application).copied(),
        }
    }

    fn evolve(&mut self, event: CommitmentEvent) {
        match (event, self) {
            (CommitmentEvent::CommitmentGiven { terms }, state) => *state = Self::of(terms),
            (CommitmentEvent::CommitmentTakenOver { handover }, state) => {
                state.take_over(*handover)
            }
            (
                CommitmentEvent::CommitmentRedated {
                    application,
                    qualified_on,
                    evidence_by,
                },
                state,
            ) => state.redated(application, qualified_on, evidence_by),
            (
                event,
                Self::Given {
                    promises,
                    expected,
                    lapsed,
                    transferred,
                    ..
                },
            ) => match event {
                CommitmentEvent::CommitmentDue {
                    application,
                    person,
                    qualified_on,
                    evidence_by,
                    clinical_service,
                } => {
                    expected.remove(&application);
                    lapsed.remove(&application);
                    let due = Promise::due(person, qualified_on, evidence_by, clinical_service);
                    promises.insert(application, due);
                }
                CommitmentEvent::CompletionExpected {
                    application,
                    expected: who,
                } => {
                    lapsed.remove(&application);
                    expected.insert(application, who);
                }
                CommitmentEvent::CommitmentLapsed {
                    application,
                    ground,
                    ..
                } => {
                    expected.remove(&application);
                    lapsed.insert(application, ground);
                    if let Some(promise) = promises.get_mut(&application) {
                        promise.standing = Standing::Lapsed;
                    }
                }
                CommitmentEvent::CommitmentTransferred {
                    applications, to, ..
                } => {
                    for application in applications {
                        expected.remove(&application);
                        if let Some(promise) = promises.get_mut(&application) {
                            promise.standing = Standing::Transferred;
                        }
                        transferred.insert(application, to);
                    }
                }
                event => {
                    if let Some((application, change)) = keeping::change(event)
                        && let Some(promise) = promises.get_mut(&application)
                    {
                        promise.keep(change);
                    }
                }
            },
            (_, Self::Absent) => {}
        }
    }

    fn of(terms: Box<CommitmentTerms>) -> Self {
        Self::Given {
            terms,
            promises: BTreeMap::new(),
            expected: BTreeMap::new(),
            lapsed: BTreeMap::new(),
            transferred: BTreeMap::new(),
        }
    }

    fn give(
        &self,
        issued: &Issued<CommitmentAct>,
        give: &GiveCommitment,
        employer: TenantId,
        intake: &IntakeTerms,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        if !(1..=POSTS_MAX).contains(&give.posts) {
            return Err(Refusal::invalid("posts", format!("from 1 to {POSTS_MAX}")));
        }
        let role = issued.policies.role(&intake.role, intake.training_end)?;
        give.post.meets(issued, &intake.role, role.qualified_band)?;
        let terms = Box::new(CommitmentTerms {
            employer,
            commissioner: intake.commissioner,
            allocation: give.allocation,
            intake: give.intake,
            role: intake.role.clone(),
            posts: give.posts,
            band: give.post.band,
            effective_month: intake.training_end.first_of_month(),
        });
        match self {
            Self::Absent => Ok(vec![CommitmentEvent::CommitmentGiven { terms }]),
            Self::Given { terms: known, .. } if *known == terms => Ok(vec![]),
            Self::Given { .. } => Err(Refusal::already_recorded("the commitment")),
        }
    }
}

impl Decider for Commitment {
    type Act = CommitmentAct;
    const COLLECTION: &'static str = "commitments";

    fn decide(&self, issued: &Issued<CommitmentAct>) -> Result<Vec<CommitmentEvent>, Refusal> {
        match &issued.act {
            CommitmentAct::Give {
                give,
                employer,
                intake,
            } => self.give(issued, give, *employer, intake),
            CommitmentAct::BringDue {
                bring,
                clinical_service,
            } => self.bring_due(issued, bring, *clinical_service),
            CommitmentAct::Redate(redate) => self.redate(issued, redate),
            CommitmentAct::Evidence { evidence, setting } => {
                self.evidence(issued, evidence, setting.as_ref())
            }
            CommitmentAct::Expect {
                application,
                expected,
            } => Ok(self.expect_completion(*application, expected)),
            CommitmentAct::Lapse {
                application,
                ground,
            } => Ok(self.lapse(issued.today(), *application, *ground)),
            CommitmentAct::Transfer { applications, to } => {
                self.transfer(issued, applications, *to)
            }
            CommitmentAct::TakeOver(handover) => Ok(self.accept(handover)),
            CommitmentAct::NoteOverdue(application) => {
                Ok(self.note_overdue(issued.today(), *application))
            }
            CommitmentAct::OfferMitigation(offer) => self.offer_mitigation(issued, offer),
            CommitmentAct::GrantGrace(grant) => self.grant_grace(issued, grant),
            CommitmentAct::Breach(application) => self.breach(issued, *application),
            CommitmentAct::PostEnded(application) => self.post_ended(issued, *application),
            CommitmentAct::NoteMaintained(application) => {
                Ok(self.note_maintained(issued.today(), *application))
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.employer, [terms.commissioner]))
    }
}

/// Promises permanent qualified posts for the trainees of an intake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GiveCommitment {
    /// The allocation it is given for.
    pub allocation: Id<Allocation>,
    /// The intake, which may be promised for before its places are proposed.
    pub intake: Id<Intake>,
    /// How many posts.
    pub posts: u32,
    /// What the posts will be.
    pub post: PostTerms,
}

impl Command for GiveCommitment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let allocation = world.read_own(issue, self.allocation)?;
        let Some(interest) = allocation.interest().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let proposed = allocation.proposed().map(|places| places.intake);
        let intake = Box::new(Intake::expect(world, self.intake)?);
        if intake.commissioner != interest.commissioner || intake.role != interest.role {
            return Err(Refusal::invalid(
                "intake",
                "the intake is of another role or commissioner than the interest",
            )
            .into());
        }
        if proposed.is_some_and(|proposed| proposed != self.intake) {
            return Err(Refusal::invalid(
                "intake",
                "places of another intake are proposed; promise for that one",
            )
            .into());
        }
        let id = Commitment::id(employer, self.allocation);
        let give = self.clone();
        world.decide(
            issue,
            id,
            CommitmentAct::Give {
                give,
                employer,
                intake,
            },
        )?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
