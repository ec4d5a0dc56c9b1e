//! An employer promises a permanent qualified post to everyone it trains who passes; each promise
//! falls due on the pass and is discharged by the evidence of the post.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    allocation::Allocation,
    application::Application,
    calendar::months_later,
    directory::ClinicalService,
    id::Id,
    personal::{Personal, PersonalClass},
    policy::catalogue::{Phase, Role, Setting},
    programme::{Intake, IntakeTerms},
    refusal::{Reason, Refusal},
    text,
    vacancy::Vacancy,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most posts one commitment can promise.
pub const POSTS_MAX: u32 = 500;
/// The longest position number, in bytes.
pub const POSITION_BYTES_MAX: usize = 40;
/// The longest id of a kind of post, in bytes.
pub const POST_KIND_BYTES_MAX: usize = 60;

/// How a post is paid for (`FUND-07`, `X-06`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PostFunding {
    /// The employer's baseline funding.
    Baseline,
    /// Money that ends.
    Project,
    /// The additional roles reimbursement scheme of primary care.
    Arrs,
}

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
}

/// A qualified post as evidenced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualifiedPost {
    /// Its clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// Its band.
    pub band: u8,
    /// First day in it.
    pub starts_on: Date,
    /// Whether it is in the service trained in: hoped for, not required (`PRECEPT-02`).
    pub same_service: bool,
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
    /// See [`EvidenceQualifiedPost`].
    Evidence {
        /// The command.
        evidence: EvidenceQualifiedPost,
        /// The setting of the post's clinical service; `None` at another organisation.
        setting: Option<Setting>,
    },
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
    /// The promise to one person is kept.
    CommitmentDischarged {
        /// The application.
        application: Id<Application>,
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

    /// How many promises are kept.
    pub fn discharged(&self) -> usize {
        self.promises()
            .filter(|(_, promise)| promise.post.is_some())
            .count()
    }

    fn evolve(&mut self, event: CommitmentEvent) {
        match (event, self) {
            (CommitmentEvent::CommitmentGiven { terms }, state) => {
                *state = Self::Given {
                    terms,
                    promises: BTreeMap::new(),
                };
            }
            (
                CommitmentEvent::CommitmentDue {
                    application,
                    person,
                    qualified_on,
                    evidence_by,
                    clinical_service,
                },
                Self::Given { promises, .. },
            ) => {
                let promise = Promise {
                    person,
                    qualified_on,
                    evidence_by,
                    clinical_service,
                    post: None,
                };
                promises.insert(application, promise);
            }
            (
                CommitmentEvent::QualifiedPostEvidenced {
                    application, post, ..
                },
                Self::Given { promises, .. },
            ) => {
                if let Some(promise) = promises.get_mut(&application) {
                    promise.post = Some(post);
                }
            }
            (CommitmentEvent::CommitmentDischarged { .. }, Self::Given { .. })
            | (_, Self::Absent) => {}
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

    fn bring_due(
        &self,
        issued: &Issued<CommitmentAct>,
        bring: &BringCommitmentDue,
        clinical_service: Id<ClinicalService>,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let Self::Given { promises, .. } = self else {
            // an employer that promised nothing owes nothing, and gets no award either (`FUND-02`)
            return Ok(vec![]);
        };
        if promises.contains_key(&bring.application) {
            return Ok(vec![]);
        }
        let window: u32 = issued
            .policies
            .get("commitment.evidence_window", bring.qualified_on)?;
        Ok(vec![CommitmentEvent::CommitmentDue {
            application: bring.application,
            person: bring.person,
            qualified_on: bring.qualified_on,
            evidence_by: months_later(bring.qualified_on, window),
            clinical_service,
        }])
    }

    fn evidence(
        &self,
        issued: &Issued<CommitmentAct>,
        evidence: &EvidenceQualifiedPost,
        setting: Option<&Setting>,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let replaced = evidence
            .replaces
            .as_deref()
            .map(|kind| text::identifier(kind, "replaces", POST_KIND_BYTES_MAX))
            .transpose()?;
        let position = evidence
            .position
            .as_deref()
            .map(|number| text::required(number, "position", POSITION_BYTES_MAX))
            .transpose()?;
        let Self::Given { terms, promises } = self else {
            return Err(Refusal::not_permitted());
        };
        if issued.by.tenant != terms.employer {
            return Err(Refusal::not_permitted());
        }
        let starts_on = issued.today();
        let not_qualified = |message: String| Refusal::new(Reason::NotQualified, message);
        let promise = promises.get(&evidence.application).ok_or_else(|| {
            not_qualified(
                "no post is owed for this application: nobody has qualified through it yet; wait \
                 for the released result"
                    .to_owned(),
            )
        })?;
        if starts_on < promise.qualified_on {
            return Err(not_qualified(format!(
                "the post starts before the qualification of {}; date it then or later",
                promise.qualified_on
            ))
            .with("qualified_on", promise.qualified_on));
        }
        let post = QualifiedPost {
            clinical_service: evidence.clinical_service,
            band: evidence.post.band,
            starts_on,
            same_service: evidence.clinical_service == promise.clinical_service,
        };
        evidence.additional(issued, replaced.as_deref())?;
        if evidence.employer != terms.employer {
            return Err(terms_not_met(
                "employer",
                "the post is with another organisation; only one with the employer that promised \
                 it discharges the commitment",
            ));
        }
        evidence.post.meets(issued, &terms.role, Some(terms.band))?;
        if let Some(setting) = setting {
            let (role, phase) = (&terms.role, Phase::Qualified);
            issued
                .policies
                .permitted_setting(role, phase, setting, None, starts_on)?;
        }
        // What a recorded post met, a repeat of it meets again; anything less is no repeat.
        if let Some(known) = &promise.post {
            return if *known == post {
                Ok(vec![])
            } else {
                Err(Refusal::already_recorded("the qualified post"))
            };
        }
        let position = position.map(|number| {
            Personal::new(
                promise.person,
                PersonalClass::EmploymentIdentifier,
                [terms.employer],
                number,
            )
        });
        Ok(vec![
            CommitmentEvent::QualifiedPostEvidenced {
                application: evidence.application,
                person: promise.person,
                post,
                position,
            },
            CommitmentEvent::CommitmentDischarged {
                application: evidence.application,
            },
        ])
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
            CommitmentAct::Evidence { evidence, setting } => {
                self.evidence(issued, evidence, setting.as_ref())
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.employer, [terms.commissioner]))
    }
}

/// What makes a post the promised one (`FUND-07`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostTerms {
    /// Agenda for Change band.
    pub band: u8,
    /// Whether the contract is permanent.
    pub permanent: bool,
    /// How it is paid for.
    pub funding: PostFunding,
}

impl PostTerms {
    /// Each failing term has its own answer, so that the employer knows which one to mend.
    fn meets(self, issued: &Issue, role: &Role, qualified_band: Option<u8>) -> Result<(), Refusal> {
        let rule: BandRule = issued
            .policies
            .get("commitment.band_rule", issued.today())?;
        let Some(band) = qualified_band else {
            return Err(terms_not_met(
                "band",
                &format!("policy names no qualified band for {role} yet; ask the commissioner"),
            ));
        };
        let fits = match rule {
            BandRule::Exact => self.band == band,
            BandRule::AtLeast => self.band >= band,
        };
        if !fits {
            return Err(terms_not_met(
                "band",
                &format!(
                    "a qualified {role} is band {band}, the post is band {}; correct the post",
                    self.band
                ),
            )
            .with("required_band", band));
        }
        if !self.permanent {
            return Err(terms_not_met(
                "contract",
                "the contract is not permanent; make it permanent",
            ));
        }
        if self.funding != PostFunding::Baseline {
            return Err(terms_not_met(
                "funding",
                "the post is not paid from the employer's baseline funding; fund it from there",
            ));
        }
        Ok(())
    }
}

/// Whether a higher band counts, policy `commitment.band_rule` (`TAXO-14`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandRule {
    /// Only the role's own band.
    Exact,
    /// The role's band or a higher one.
    AtLeast,
}

fn terms_not_met(term: &'static str, message: &str) -> Refusal {
    Refusal::new(Reason::CommitmentTermsNotMet, message).with("term", term)
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

/// Brings the promise to one person due; asked for by a reaction on the qualification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BringCommitmentDue {
    /// The application.
    pub application: Id<Application>,
    /// The vacancy it came through.
    pub vacancy: Id<Vacancy>,
    /// The person.
    pub person: PersonId,
    /// The day of the qualification.
    pub qualified_on: Date,
}

impl Command for BringCommitmentDue {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let vacancy = Vacancy::expect(world, self.vacancy)?;
        let id = Commitment::id(vacancy.employer, vacancy.allocation);
        let (bring, clinical_service) = (self.clone(), vacancy.clinical_service);
        world.decide_beyond(
            issue,
            id,
            CommitmentAct::BringDue {
                bring,
                clinical_service,
            },
        )?;
        Ok(id.key())
    }
}

/// Shows that one person holds the promised post, from the effective date on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EvidenceQualifiedPost {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// The application of the person.
    pub application: Id<Application>,
    /// Who employs the person in the post.
    pub employer: TenantId,
    /// The clinical service of the post.
    pub clinical_service: Id<ClinicalService>,
    /// What the post is.
    pub post: PostTerms,
    /// The kind of post it replaces; an additional post replaces none.
    pub replaces: Option<String>,
    /// Its position number in the employer's establishment.
    pub position: Option<String>,
}

impl EvidenceQualifiedPost {
    /// The post is an additional one (`FUND-11`), above all not in place of a psychologist's or a
    /// therapist's (`PRACTICE-09`).
    fn additional(&self, issued: &Issue, replaced: Option<&str>) -> Result<(), Refusal> {
        let Some(replaced) = replaced else {
            return Ok(());
        };
        let protected: Vec<String> = issued
            .policies
            .get("commitment.protected_posts", issued.today())?;
        if protected.iter().any(|kind| kind == replaced) {
            return Err(Refusal::new(
                Reason::PostSubstitutionForbidden,
                format!("the post must not replace a {replaced}; create an additional one"),
            )
            .with("replaces", replaced));
        }
        Err(terms_not_met(
            "expansion",
            "the post takes the place of an existing one; the promise is an additional post",
        ))
    }
}

impl Command for EvidenceQualifiedPost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        // what another organisation runs is not read here; the terms refuse such a post
        let setting = if self.employer == issue.by.tenant {
            world
                .read_own(issue, self.clinical_service)?
                .terms()
                .map(|service| service.setting.clone())
        } else {
            None
        };
        let evidence = self.clone();
        world.decide(
            issue,
            self.commitment,
            CommitmentAct::Evidence { evidence, setting },
        )?;
        Ok(self.commitment.key())
    }
}

#[cfg(test)]
mod tests;
