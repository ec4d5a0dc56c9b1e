//! One person's application for one vacancy: the record both parties and the candidate share.
//!
//! It carries only what both parties may see. Until a reveal neither party's shortlist, decision,
//! score or reason touches it; those live in [`crate::decision_round`] (`permissions.md` C.3).

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    actor::{Party, PersonId, TenantId, TenantKind},
    calendar::{london_date, london_instant},
    id::Id,
    offer::{Acceptance, AcceptanceAct, Offer, OfferAct},
    personal::{ContentDigest, DigestSalt, Personal, PersonalClass},
    policy::{Policies, catalogue::Role},
    programme::Intake,
    refusal::{Reason, Refusal},
    text,
    vacancy::{Vacancy, VacancyTerms},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest name of a candidate, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// The longest contact details, in bytes.
pub const CONTACT_BYTES_MAX: usize = 400;
/// The longest application statement, in bytes.
pub const STATEMENT_BYTES_MAX: usize = 20_000;
/// The longest detail of a degree or of a piece of study evidence, in bytes.
pub const STUDY_BYTES_MAX: usize = 1_000;
/// The most pieces of study evidence of one application.
pub const STUDY_EVIDENCE_MAX: usize = 20;
/// The most interviews of one application.
pub const INTERVIEWS_MAX: usize = 10;
/// The most members of one panel, by kind.
pub const PANEL_MAX: usize = 12;
/// The most decision rounds of one application.
pub const ROUNDS_MAX: u32 = 10;
/// The longest feedback text, in bytes.
pub const FEEDBACK_BYTES_MAX: usize = 8_000;
/// The longest reason of a reconsideration, in bytes.
pub const RECONSIDERATION_REASON_BYTES_MAX: usize = 4_000;
/// The latest a decision deadline may lie ahead, in days.
pub const ROUND_DAYS_MAX: i64 = 366;

/// Where a candidate comes from; every source takes the same joint path (`ROUTE-06`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntrySource {
    /// Works for the employer already, as a recovery worker for example.
    InternalStaff,
    /// Volunteers with the employer.
    Volunteer,
    /// Neither.
    External,
}

/// Whether the candidate has a degree. The route follows from it and is never chosen (`ROUTE-02`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Degree {
    /// No degree.
    None,
    /// Awaiting the result; counts as none until the university confirms it.
    Pending,
    /// Holds a degree in any subject.
    Held,
    /// Holds a degree in psychology.
    HeldInPsychology,
}

impl Degree {
    /// Whether it makes the person a graduate.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Held | Self::HeldInPsychology)
    }

    /// The degree once the university has confirmed a piece of evidence.
    const fn after(self, confirmed: StudyEvidenceKind) -> Self {
        match confirmed {
            StudyEvidenceKind::PsychologyDegree => Self::HeldInPsychology,
            StudyEvidenceKind::Degree if !self.is_held() => Self::Held,
            StudyEvidenceKind::Degree | StudyEvidenceKind::PriorStudy => self,
        }
    }

    /// The level of the qualification a person with this degree trains for in `role` on a date;
    /// `None` when the role does not admit them (`ROUTE-01`, `ROUTE-02`).
    ///
    /// # Errors
    /// `POLICY_MISSING` when the catalogue has no such role then.
    pub fn route(self, role: &Role, policies: &Policies, on: Date) -> Result<Option<u8>, Refusal> {
        let role = policies.role(role, on)?;
        Ok(role
            .qualification_for(self.is_held(), self == Self::HeldInPsychology)
            .map(|qualification| qualification.level))
    }
}

/// What a piece of study evidence shows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StudyEvidenceKind {
    /// A degree in any subject.
    Degree,
    /// A degree in psychology.
    PsychologyDegree,
    /// The ability to study at degree level without a degree (`ROUTE-03`).
    PriorStudy,
}

/// A panel member by kind; names stay with the party that brings the member (`ACTOR-11`).
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
#[allow(missing_docs)]
pub enum PanelMember {
    ServiceManager,
    PracticeSupervisor,
    ProfessionalLead,
    HumanResources,
    AdmissionsTutor,
    ProgrammeLead,
    ExpertByExperience,
}

/// One party's word on an application.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// Yes, on the party's conditions if it has any.
    Accept,
    /// No.
    Reject,
}

/// What both decisions come to (`JOINT-01`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// Both accept.
    Appoint,
    /// Either rejects.
    NotAppointed,
}

/// What each party asks for before the appointment holds. Joined: both sets must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The employer's, by id (`driving_licence`).
    pub employer: BTreeSet<String>,
    /// The university's, by id (`degree_certificate`).
    pub university: BTreeSet<String>,
}

impl Conditions {
    /// Those of one side.
    pub fn of(&self, party: Party) -> &BTreeSet<String> {
        match party {
            Party::Employer => &self.employer,
            Party::University => &self.university,
        }
    }
}

/// What an application is for and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationTerms {
    /// The vacancy applied for.
    pub vacancy: Id<Vacancy>,
    /// The candidate.
    pub person: PersonId,
    /// The employer of the vacancy.
    pub employer: TenantId,
    /// The university of the vacancy.
    pub university: TenantId,
    /// The intake the vacancy fills.
    pub intake: Id<Intake>,
    /// The role trained for.
    pub role: Role,
}

/// Where an application stands, as far as both parties know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Both shortlists are not in yet.
    AwaitingShortlist,
    /// Both parties shortlist.
    Shortlisted,
    /// Either party does not.
    NotShortlisted,
    /// A decision round is open.
    AwaitingJointOutcome {
        /// The round, from 1.
        round: u32,
        /// From this instant on nothing can be sealed in it.
        deadline: Timestamp,
    },
    /// The deadline passed before both decisions were in.
    Lapsed {
        /// The round.
        round: u32,
    },
    /// Not appointed by this pairing.
    NotAppointed {
        /// The round.
        round: u32,
    },
    /// One party asks to decide again.
    ReconsiderationRequested {
        /// The round to reconsider.
        round: u32,
        /// Who asks.
        by: Party,
    },
    /// Both accepted.
    Appointed {
        /// The round.
        round: u32,
    },
    /// The candidate withdrew.
    Withdrawn,
}

/// A revealed round, kept as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealedRound {
    /// The round, from 1.
    pub round: u32,
    /// The employer's word.
    pub employer: Verdict,
    /// The university's word.
    pub university: Verdict,
    /// What they came to.
    pub outcome: Outcome,
}

/// An interview, by day and kinds of panel members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interview {
    /// The day.
    pub on: Date,
    /// Who sat on the panel, by kind.
    pub panel: BTreeSet<PanelMember>,
}

/// One piece of study evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StudyEvidence {
    /// What it shows.
    pub kind: StudyEvidenceKind,
    /// Whether the university recorded it and so confirms it.
    pub confirmed: bool,
    /// What it is; the university's own copy only.
    pub detail: Personal<String>,
    content: ContentDigest,
}

/// What a candidate says about themself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applicant {
    /// The name.
    pub name: Personal<String>,
    /// How to reach them.
    pub contact: Personal<String>,
    /// Why they apply, in their own words.
    pub statement: Personal<String>,
    /// Institution, subject and class of the degree; the university's own copy only.
    pub degree_detail: Option<Personal<String>>,
}

/// An application that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldApplication {
    /// What it is for and whose it is.
    pub terms: ApplicationTerms,
    /// Where the candidate comes from.
    pub entry: EntrySource,
    /// The degree, as declared or as the university has confirmed since.
    pub degree: Degree,
    /// What the candidate said about themself.
    pub applicant: Box<Applicant>,
    /// Evidence of study, oldest first.
    pub evidence: Vec<StudyEvidence>,
    /// Whether both parties shortlist, once both shortlists are in.
    pub shortlisted: Option<bool>,
    /// Interviews held, oldest first.
    pub interviews: Vec<Interview>,
    /// Rounds revealed, oldest first.
    pub rounds: Vec<RevealedRound>,
    /// The level trained for, once appointed: 7 or 6 for most roles (`ROUTE-07`).
    pub level: Option<u8>,
    /// What the appointment depends on; empty until appointed.
    pub conditions: Conditions,
    /// Feedback released to the candidate, one per round.
    pub feedback: Option<Feedback>,
    /// Where it stands.
    pub stage: Stage,
    content: ContentDigest,
    reconsideration: Option<ContentDigest>,
}

/// Feedback released to the candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// The round it is about; 0 before any.
    pub round: u32,
    /// The text both parties and the candidate hold.
    pub text: Personal<String>,
    content: ContentDigest,
}

impl HeldApplication {
    /// The round that takes decisions at an instant.
    pub fn open_round(&self, at: Timestamp) -> Option<u32> {
        match self.stage {
            Stage::AwaitingJointOutcome { round, deadline } if at < deadline => Some(round),
            _ => None,
        }
    }

    /// Whether the ability to study at degree level is shown: by a degree, or by evidence of any
    /// kind (`ROUTE-03`).
    pub fn shows_ability_to_study(&self) -> bool {
        self.degree.is_held() || !self.evidence.is_empty()
    }

    /// Whether name and contact may be shown to those who shortlist: once both shortlists are in
    /// (C.4). What the candidate wrote is what they shortlist on.
    pub fn identity_is_open(&self) -> bool {
        self.shortlisted.is_some()
    }

    /// The side of a party to this application.
    ///
    /// # Errors
    /// The uniform refusal for anybody else, the candidate and the platform included (`JOINT-04`).
    pub fn side(&self, issue: &Issue) -> Result<Party, Refusal> {
        Party::of(&issue.by, self.terms.employer, self.terms.university)
            .ok_or_else(Refusal::not_permitted)
    }

    /// The last round opened; 0 before any.
    fn last_round(&self) -> u32 {
        match self.stage {
            Stage::AwaitingJointOutcome { round, .. }
            | Stage::Lapsed { round }
            | Stage::NotAppointed { round }
            | Stage::ReconsiderationRequested { round, .. }
            | Stage::Appointed { round } => round,
            _ => self.rounds.last().map_or(0, |revealed| revealed.round),
        }
    }
}

/// An application; one per person and vacancy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Application {
    /// Not submitted.
    #[default]
    Absent,
    /// Submitted.
    Held(Box<HeldApplication>),
}

impl Application {
    /// The id of a person's application for a vacancy of `employer`.
    pub fn id(employer: TenantId, vacancy: Id<Vacancy>, person: PersonId) -> Id<Self> {
        Id::derive(employer, &[vacancy.0, person.0])
    }

    /// The application, when it exists.
    pub fn held(&self) -> Option<&HeldApplication> {
        match self {
            Self::Absent => None,
            Self::Held(held) => Some(held),
        }
    }

    /// What it is for and whose it is.
    pub fn terms(&self) -> Option<&ApplicationTerms> {
        self.held().map(|held| &held.terms)
    }

    /// The level trained for, once appointed (`ROUTE-02`).
    pub fn level(&self) -> Option<u8> {
        self.held().and_then(|held| held.level)
    }
}

/// What an application decides.
#[derive(Debug, Clone)]
pub enum ApplicationAct {
    /// See [`SubmitApplication`].
    Submit {
        /// The command.
        submit: SubmitApplication,
        /// The application's own id.
        id: Id<Application>,
        /// The candidate.
        person: PersonId,
        /// What the vacancy offers.
        vacancy: Box<VacancyTerms>,
        /// Whether the vacancy takes applications at the effective time.
        open: bool,
    },
    /// See [`AddStudyEvidence`].
    AddStudyEvidence {
        /// The command.
        add: AddStudyEvidence,
        /// Whether the university records it.
        confirmed: bool,
        /// The level that follows once a degree is confirmed; `None` when nothing changes.
        level: Option<u8>,
    },
    /// Both shortlists are in.
    RevealShortlist {
        /// Whether both parties shortlist.
        shortlisted: bool,
    },
    /// See [`RecordInterview`].
    RecordInterview(RecordInterview),
    /// See [`crate::decision_round::OpenDecisionRound`].
    OpenRound(RoundDeadline),
    /// Both decisions are in.
    Reveal {
        /// The round.
        round: u32,
        /// The employer's word.
        employer: Verdict,
        /// The university's word.
        university: Verdict,
        /// Both parties' conditions.
        conditions: Conditions,
        /// The level that follows from the degree.
        level: Option<u8>,
    },
    /// See [`crate::decision_round::LapseDecisionRound`].
    Lapse {
        /// The round.
        round: u32,
        /// Whether the campaign policy makes a missed deadline a rejection.
        rejects: bool,
    },
    /// See [`ReleaseFeedback`].
    ReleaseFeedback(ReleaseFeedback),
    /// See [`RequestReconsideration`].
    RequestReconsideration(RequestReconsideration),
    /// See [`AgreeReconsideration`].
    AgreeReconsideration(RoundDeadline),
    /// See [`WithdrawApplication`].
    Withdraw,
}

/// Facts of an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ApplicationEvent {
    /// A person applied.
    ApplicationSubmitted {
        /// What it is for and whose it is.
        terms: ApplicationTerms,
        /// Where the candidate comes from.
        entry: EntrySource,
        /// The degree as declared.
        degree: Degree,
        /// What the candidate said about themself.
        applicant: Box<Applicant>,
        /// Tells a repeat from other content.
        content: ContentDigest,
    },
    /// Evidence of study was added.
    StudyEvidenceAdded {
        /// The evidence.
        evidence: StudyEvidence,
    },
    /// A confirmed degree changed the route of an appointed candidate (`ROUTE-02`).
    RouteRederived {
        /// The level now trained for.
        level: u8,
    },
    /// Both shortlists are in.
    ShortlistRevealed {
        /// Whether both parties shortlist.
        shortlisted: bool,
    },
    /// An interview was held.
    InterviewHeld {
        /// The day and the panel.
        interview: Interview,
    },
    /// A decision round opened.
    DecisionRoundOpened {
        /// The round, from 1.
        round: u32,
        /// From this instant on nothing can be sealed in it.
        deadline: Timestamp,
    },
    /// Both decisions were in: they and what they come to are revealed together.
    JointOutcomeReached {
        /// Both words and what they come to.
        revealed: RevealedRound,
        /// The level trained for, when appointed.
        level: Option<u8>,
        /// What the appointment depends on; empty when not appointed.
        conditions: Conditions,
    },
    /// The deadline passed; nothing of any sealed decision is revealed (C.3.5).
    DecisionRoundLapsed {
        /// The round.
        round: u32,
        /// Whether the campaign policy makes that a rejection.
        rejects: bool,
    },
    /// Feedback was released to the candidate.
    FeedbackReleased {
        /// The feedback.
        feedback: Feedback,
    },
    /// A party asked to decide again.
    ReconsiderationRequested {
        /// The round to reconsider.
        round: u32,
        /// Who asks.
        by: Party,
        /// Why, for both parties.
        reason: Personal<String>,
        /// Tells a repeat from other content.
        content: ContentDigest,
    },
    /// The other party agreed to decide again.
    ReconsiderationAgreed {
        /// The round to reconsider.
        round: u32,
        /// Who agreed.
        by: Party,
    },
    /// The candidate withdrew.
    ApplicationWithdrawn {},
}

aggregate!(Application, "application", ApplicationAct, ApplicationEvent);

impl Application {
    fn evolve(&mut self, event: ApplicationEvent) {
        use ApplicationEvent as E;
        if let E::ApplicationSubmitted {
            terms,
            entry,
            degree,
            applicant,
            content,
        } = event
        {
            *self = Self::Held(Box::new(HeldApplication {
                terms,
                entry,
                degree,
                applicant,
                evidence: vec![],
                shortlisted: None,
                interviews: vec![],
                rounds: vec![],
                level: None,
                conditions: Conditions::default(),
                feedback: None,
                stage: Stage::AwaitingShortlist,
                content,
                reconsideration: None,
            }));
            return;
        }
        let Self::Held(held) = self else { return };
        match event {
            E::ApplicationSubmitted { .. } => {}
            E::StudyEvidenceAdded { evidence } => {
                if evidence.confirmed {
                    held.degree = held.degree.after(evidence.kind);
                }
                held.evidence.push(evidence);
            }
            E::RouteRederived { level } => held.level = Some(level),
            E::ShortlistRevealed { shortlisted } => {
                held.shortlisted = Some(shortlisted);
                held.stage = if shortlisted {
                    Stage::Shortlisted
                } else {
                    Stage::NotShortlisted
                };
            }
            E::InterviewHeld { interview } => held.interviews.push(interview),
            E::DecisionRoundOpened { round, deadline } => {
                held.stage = Stage::AwaitingJointOutcome { round, deadline };
            }
            E::JointOutcomeReached {
                revealed,
                level,
                conditions,
            } => {
                let round = revealed.round;
                held.rounds.push(revealed);
                held.level = level;
                held.conditions = conditions;
                held.stage = match revealed.outcome {
                    Outcome::Appoint => Stage::Appointed { round },
                    Outcome::NotAppointed => Stage::NotAppointed { round },
                };
            }
            E::DecisionRoundLapsed { round, rejects } => {
                held.stage = if rejects {
                    Stage::NotAppointed { round }
                } else {
                    Stage::Lapsed { round }
                };
            }
            E::FeedbackReleased { feedback } => held.feedback = Some(feedback),
            E::ReconsiderationRequested {
                round, by, content, ..
            } => {
                held.stage = Stage::ReconsiderationRequested { round, by };
                held.reconsideration = Some(content);
            }
            E::ReconsiderationAgreed { .. } => held.reconsideration = None,
            E::ApplicationWithdrawn {} => held.stage = Stage::Withdrawn,
        }
    }
}

impl Decider for Application {
    type Act = ApplicationAct;
    const COLLECTION: &'static str = "applications";

    fn decide(&self, issued: &Issued<ApplicationAct>) -> Result<Vec<ApplicationEvent>, Refusal> {
        use ApplicationAct as Act;
        if let Act::Submit {
            submit,
            id,
            person,
            vacancy,
            open,
        } = &issued.act
        {
            return submitted(
                issued.salt,
                self.held(),
                submit,
                *id,
                *person,
                vacancy,
                *open,
            );
        }
        let held = self.held().ok_or_else(Refusal::not_permitted)?;
        match &issued.act {
            Act::Submit { .. } => Ok(vec![]),
            Act::AddStudyEvidence {
                add,
                confirmed,
                level,
            } => held.with_study_evidence(issued.salt, add, *confirmed, *level),
            Act::RevealShortlist { shortlisted } => Ok(match held.stage {
                Stage::AwaitingShortlist => vec![ApplicationEvent::ShortlistRevealed {
                    shortlisted: *shortlisted,
                }],
                _ => vec![],
            }),
            Act::RecordInterview(record) => held.interviewed(record, issued.today()),
            Act::OpenRound(deadline) => held.opened(*deadline),
            Act::Reveal {
                round,
                employer,
                university,
                conditions,
                level,
            } => {
                let Stage::AwaitingJointOutcome { round: open, .. } = held.stage else {
                    return Ok(vec![]);
                };
                if open != *round {
                    return Ok(vec![]);
                }
                let appoint = (*employer, *university) == (Verdict::Accept, Verdict::Accept);
                Ok(vec![ApplicationEvent::JointOutcomeReached {
                    revealed: RevealedRound {
                        round: *round,
                        employer: *employer,
                        university: *university,
                        outcome: if appoint {
                            Outcome::Appoint
                        } else {
                            Outcome::NotAppointed
                        },
                    },
                    level: level.filter(|_| appoint),
                    conditions: if appoint {
                        conditions.clone()
                    } else {
                        Conditions::default()
                    },
                }])
            }
            Act::Lapse { round, rejects } => Ok(match held.stage {
                Stage::AwaitingJointOutcome {
                    round: open,
                    deadline,
                } if open == *round && issued.effective >= deadline => {
                    vec![ApplicationEvent::DecisionRoundLapsed {
                        round: *round,
                        rejects: *rejects,
                    }]
                }
                _ => vec![],
            }),
            Act::ReleaseFeedback(release) => held.feedback_released(issued.salt, release),
            Act::RequestReconsideration(request) => {
                held.reconsideration_requested(issued.salt, request, held.side(issued)?)
            }
            Act::AgreeReconsideration(deadline) => {
                held.reconsideration_agreed(*deadline, held.side(issued)?)
            }
            Act::Withdraw => Ok(match held.stage {
                Stage::Withdrawn => vec![],
                _ => vec![ApplicationEvent::ApplicationWithdrawn {}],
            }),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.employer, [terms.university]).about(terms.person))
    }
}

fn submitted(
    salt: DigestSalt,
    held: Option<&HeldApplication>,
    submit: &SubmitApplication,
    id: Id<Application>,
    person: PersonId,
    vacancy: &VacancyTerms,
    open: bool,
) -> Result<Vec<ApplicationEvent>, Refusal> {
    let name = text::required(&submit.name, "name", NAME_BYTES_MAX)?;
    let contact = text::required(&submit.contact, "contact", CONTACT_BYTES_MAX)?;
    let statement = text::required(&submit.statement, "statement", STATEMENT_BYTES_MAX)?;
    let degree_detail = submit
        .degree_detail
        .as_deref()
        .map(|detail| text::required(detail, "degree_detail", STUDY_BYTES_MAX))
        .transpose()?;
    let content = ContentDigest::of(
        salt,
        id.0,
        &(
            &name,
            &contact,
            &statement,
            &degree_detail,
            submit.entry,
            submit.degree,
        ),
    );
    if let Some(held) = held {
        return if held.content == content {
            Ok(vec![])
        } else {
            Err(Refusal::new(
                Reason::AlreadyHoldsApplication,
                "this person has already applied for this vacancy with other content; withdraw \
                 that application or keep it as it is",
            )
            .with("application", id.name()))
        };
    }
    if !open {
        return Err(Refusal::new(
            Reason::CampaignClosed,
            format!(
                "the vacancy takes applications from {} until {}; choose another vacancy",
                vacancy.opening, vacancy.closing
            ),
        )
        .with("opening", vacancy.opening)
        .with("closing", vacancy.closing));
    }
    let both = [vacancy.employer, vacancy.university];
    let identity = |value| Personal::new(person, PersonalClass::Identity, both, value);
    Ok(vec![ApplicationEvent::ApplicationSubmitted {
        terms: ApplicationTerms {
            vacancy: submit.vacancy,
            person,
            employer: vacancy.employer,
            university: vacancy.university,
            intake: vacancy.intake,
            role: vacancy.role.clone(),
        },
        entry: submit.entry,
        degree: submit.degree,
        applicant: Box::new(Applicant {
            name: identity(name),
            contact: identity(contact),
            statement: Personal::new(person, PersonalClass::ApplicationStatement, both, statement),
            degree_detail: degree_detail.map(|detail| {
                let university = [vacancy.university];
                Personal::new(person, PersonalClass::StudyEvidence, university, detail)
            }),
        }),
        content,
    }])
}

impl HeldApplication {
    fn with_study_evidence(
        &self,
        salt: DigestSalt,
        add: &AddStudyEvidence,
        confirmed: bool,
        level: Option<u8>,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        let detail = text::required(&add.detail, "detail", STUDY_BYTES_MAX)?;
        let content = ContentDigest::of(salt, add.application.0, &(add.kind, &detail));
        if self
            .evidence
            .iter()
            .any(|known| known.content == content && known.confirmed == confirmed)
        {
            return Ok(vec![]);
        }
        if self.stage == Stage::Withdrawn {
            return Err(Refusal::state_not_allowed(
                "the application is withdrawn; evidence belongs to a new application",
            ));
        }
        if self.evidence.len() >= STUDY_EVIDENCE_MAX {
            return Err(Refusal::new(
                Reason::FieldInvalid,
                format!("an application has at most {STUDY_EVIDENCE_MAX} pieces of study evidence"),
            ));
        }
        let university = [self.terms.university];
        let mut events = vec![ApplicationEvent::StudyEvidenceAdded {
            evidence: StudyEvidence {
                kind: add.kind,
                confirmed,
                detail: Personal::new(
                    self.terms.person,
                    PersonalClass::StudyEvidence,
                    university,
                    detail,
                ),
                content,
            },
        }];
        if let (Stage::Appointed { .. }, Some(level)) = (self.stage, level)
            && self.level != Some(level)
        {
            events.push(ApplicationEvent::RouteRederived { level });
        }
        Ok(events)
    }

    fn interviewed(
        &self,
        record: &RecordInterview,
        today: Date,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        if record.panel.is_empty() {
            return Err(Refusal::invalid("panel", "name the kinds of panel members"));
        }
        text::at_most(&record.panel, "panel", PANEL_MAX)?;
        if record.on > today {
            return Err(Refusal::invalid(
                "on",
                "the interview is not held yet; record it afterwards",
            ));
        }
        let interview = Interview {
            on: record.on,
            panel: record.panel.iter().copied().collect(),
        };
        if let Some(known) = self.interviews.iter().find(|known| known.on == record.on) {
            return if *known == interview {
                Ok(vec![])
            } else {
                Err(Refusal::new(
                    Reason::AlreadyRecorded,
                    "an interview of that day is recorded with another panel",
                ))
            };
        }
        if self.stage != Stage::Shortlisted {
            return Err(Refusal::state_not_allowed(
                "interviews are recorded once the shortlist is revealed and before a decision \
                 round opens",
            ));
        }
        if self.interviews.len() >= INTERVIEWS_MAX {
            return Err(Refusal::state_not_allowed(
                "no more interviews can be recorded",
            ));
        }
        Ok(vec![ApplicationEvent::InterviewHeld { interview }])
    }

    fn opened(&self, deadline: RoundDeadline) -> Result<Vec<ApplicationEvent>, Refusal> {
        match self.stage {
            Stage::AwaitingJointOutcome { deadline: set, .. } => {
                if deadline.asks_for(set) {
                    Ok(vec![])
                } else {
                    Err(Refusal::new(
                        Reason::AlreadyRecorded,
                        format!("a decision round is open until {set}; decide in it"),
                    ))
                }
            }
            Stage::Shortlisted if self.interviews.is_empty() => Err(Refusal::state_not_allowed(
                "no interview is recorded; record it, then open the decision round",
            )),
            Stage::Shortlisted | Stage::Lapsed { .. } => self.next_round(deadline.at),
            _ => Err(Refusal::state_not_allowed(
                "a decision round opens after the interview, after a lapse, or by agreed \
                 reconsideration",
            )),
        }
    }

    fn next_round(&self, deadline: Timestamp) -> Result<Vec<ApplicationEvent>, Refusal> {
        let round = self.last_round().saturating_add(1);
        if round > ROUNDS_MAX {
            return Err(Refusal::state_not_allowed(
                "no more decision rounds can be opened",
            ));
        }
        Ok(vec![ApplicationEvent::DecisionRoundOpened {
            round,
            deadline,
        }])
    }

    fn feedback_released(
        &self,
        salt: DigestSalt,
        release: &ReleaseFeedback,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        let words = text::required(&release.text, "text", FEEDBACK_BYTES_MAX)?;
        let round = self.last_round();
        let content = ContentDigest::of(salt, release.application.0, &(round, &words));
        if let Some(known) = self.feedback.as_ref().filter(|known| known.round == round) {
            return if known.content == content {
                Ok(vec![])
            } else {
                Err(Refusal::new(
                    Reason::AlreadyRecorded,
                    "feedback for this round is released with another text",
                ))
            };
        }
        if !matches!(
            self.stage,
            Stage::NotShortlisted
                | Stage::NotAppointed { .. }
                | Stage::ReconsiderationRequested { .. }
                | Stage::Appointed { .. }
        ) {
            return Err(Refusal::state_not_allowed(
                "feedback is released after the joint outcome; wait for it",
            ));
        }
        let terms = &self.terms;
        let held_by = [terms.employer, terms.university, TenantId(terms.person.0)];
        Ok(vec![ApplicationEvent::FeedbackReleased {
            feedback: Feedback {
                round,
                text: Personal::new(terms.person, PersonalClass::Feedback, held_by, words),
                content,
            },
        }])
    }

    fn reconsideration_requested(
        &self,
        salt: DigestSalt,
        request: &RequestReconsideration,
        by: Party,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        let reason = text::required(&request.reason, "reason", RECONSIDERATION_REASON_BYTES_MAX)?;
        match self.stage {
            Stage::NotAppointed { round } => {
                let content = ContentDigest::of(salt, request.application.0, &(round, by, &reason));
                let both = [self.terms.employer, self.terms.university];
                let person = self.terms.person;
                Ok(vec![ApplicationEvent::ReconsiderationRequested {
                    round,
                    by,
                    reason: Personal::new(person, PersonalClass::Assessment, both, reason),
                    content,
                }])
            }
            Stage::ReconsiderationRequested { round, by: asked } => {
                let content = ContentDigest::of(salt, request.application.0, &(round, by, &reason));
                if asked == by && self.reconsideration == Some(content) {
                    Ok(vec![])
                } else {
                    Err(Refusal::new(
                        Reason::AlreadyRecorded,
                        "a reconsideration of this round is requested already; the other party \
                         agrees to it with AgreeReconsideration",
                    ))
                }
            }
            _ => Err(Refusal::state_not_allowed(
                "only an outcome that did not appoint can be reconsidered",
            )),
        }
    }

    fn reconsideration_agreed(
        &self,
        deadline: RoundDeadline,
        by: Party,
    ) -> Result<Vec<ApplicationEvent>, Refusal> {
        match self.stage {
            Stage::ReconsiderationRequested { by: asked, .. } if asked == by => {
                Err(Refusal::not_permitted())
            }
            Stage::ReconsiderationRequested { round, .. } => {
                let mut events = vec![ApplicationEvent::ReconsiderationAgreed { round, by }];
                events.extend(self.next_round(deadline.at)?);
                Ok(events)
            }
            Stage::AwaitingJointOutcome { deadline: set, .. }
                if deadline.asks_for(set) && !self.rounds.is_empty() =>
            {
                Ok(vec![])
            }
            _ => Err(Refusal::state_not_allowed(
                "there is no reconsideration to agree to; request one first",
            )),
        }
    }
}

/// When a round is to close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoundDeadline {
    asked: Option<Timestamp>,
    at: Timestamp,
}

impl RoundDeadline {
    /// As asked for, or the end of the London day that policy `round.deadline` (days) names.
    pub(crate) fn of(issue: &Issue, asked: Option<Timestamp>) -> Result<Self, Refusal> {
        let at = match asked {
            Some(at) => at,
            None => {
                let days: u32 = issue.policies.get("round.deadline", issue.today())?;
                let last = issue.today().saturating_add(i64::from(days).days());
                london_instant(last.at(23, 59, 59, 0))
                    .ok_or_else(|| Refusal::invalid("deadline", "outside the calendar"))?
            }
        };
        if at <= issue.effective {
            return Err(Refusal::invalid(
                "deadline",
                "must lie after the time the round opens",
            ));
        }
        if london_date(at) > issue.today().saturating_add(ROUND_DAYS_MAX.days()) {
            return Err(Refusal::invalid(
                "deadline",
                format!("must lie within {ROUND_DAYS_MAX} days"),
            ));
        }
        Ok(Self { asked, at })
    }

    /// Whether a round that closes at `set` is the one asked for.
    fn asks_for(self, set: Timestamp) -> bool {
        self.asked.is_none_or(|asked| asked == set)
    }
}

/// Applies for a vacancy: the candidate for themself, or the employer's HR for a candidate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubmitApplication {
    /// The vacancy.
    pub vacancy: Id<Vacancy>,
    /// The candidate; a candidate may leave it out, and HR may for a person new to the service.
    pub person: Option<PersonId>,
    /// Name.
    pub name: String,
    /// How to reach the candidate.
    pub contact: String,
    /// What the candidate wrote.
    pub statement: String,
    /// Where the candidate comes from (`ROUTE-06`).
    pub entry: EntrySource,
    /// Whether the candidate has a degree (`ROUTE-01`).
    pub degree: Degree,
    /// Institution, subject and class, for the university only.
    pub degree_detail: Option<String>,
}

impl Command for SubmitApplication {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let vacancy = world.read(self.vacancy)?;
        let terms = vacancy
            .terms()
            .cloned()
            .ok_or_else(Refusal::not_permitted)?;
        let open = vacancy.accepts(issue.effective);
        let person = match issue.by.kind {
            TenantKind::Person => issue
                .by
                .person
                .filter(|own| self.person.is_none_or(|person| person == *own)),
            TenantKind::Employer if issue.by.tenant == terms.employer => {
                Some(self.person.unwrap_or_else(|| {
                    PersonId(Uuid::new_v5(&terms.employer.0, issue.request.as_bytes()))
                }))
            }
            _ => None,
        }
        .ok_or_else(Refusal::not_permitted)?;
        let id = Application::id(terms.employer, self.vacancy, person);
        world.decide(
            issue,
            id,
            ApplicationAct::Submit {
                submit: self.clone(),
                id,
                person,
                vacancy: Box::new(terms),
                open,
            },
        )?;
        Ok(id.key())
    }
}

/// Adds evidence of study. What the admissions tutor records the university confirms; a degree it
/// confirms changes the route of a candidate who is appointed already (`ROUTE-02`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddStudyEvidence {
    /// The application.
    pub application: Id<Application>,
    /// What it shows.
    pub kind: StudyEvidenceKind,
    /// Title, institution, level, year: for the university only.
    pub detail: String,
}

impl Command for AddStudyEvidence {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let held = held(issue, world, self.application)?;
        let confirmed = match issue.by.kind {
            TenantKind::Person => false,
            _ if held.side(issue)? == Party::University => true,
            _ => return Err(Refusal::not_permitted().into()),
        };
        let level = match (held.stage, held.degree.after(self.kind)) {
            (Stage::Appointed { .. }, degree) if confirmed && degree != held.degree => {
                degree.route(&held.terms.role, &issue.policies, issue.today())?
            }
            _ => None,
        };
        let act = ApplicationAct::AddStudyEvidence {
            add: self.clone(),
            confirmed,
            level,
        };
        let after = world.decide(issue, self.application, act)?.level();
        if let (Some(level), true) = (after, after != held.level) {
            let offer = Offer::id(held.terms.employer, self.application);
            world.decide_beyond(issue, offer, OfferAct::RederiveRoute { level })?;
        }
        Ok(self.application.key())
    }
}

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

/// Records an interview that was held, by day and kinds of panel members.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordInterview {
    /// The application.
    pub application: Id<Application>,
    /// The day.
    pub on: Date,
    /// Who sat on the panel, by kind.
    pub panel: Vec<PanelMember>,
}

impl Command for RecordInterview {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let act = ApplicationAct::RecordInterview(self.clone());
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

/// Releases the feedback the parties agreed on to the candidate, once per round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseFeedback {
    /// The application.
    pub application: Id<Application>,
    /// The agreed text.
    pub text: String,
}

impl Command for ReleaseFeedback {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let act = ApplicationAct::ReleaseFeedback(self.clone());
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

/// Asks the other party to decide again, blind again, in a new round (C.3.6).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestReconsideration {
    /// The application.
    pub application: Id<Application>,
    /// Why, for both parties.
    pub reason: String,
}

impl Command for RequestReconsideration {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let act = ApplicationAct::RequestReconsideration(self.clone());
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

/// Agrees to the other party's request: a new round opens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeReconsideration {
    /// The application.
    pub application: Id<Application>,
    /// When the new round closes; policy `round.deadline` says when absent.
    pub deadline: Option<Timestamp>,
}

impl Command for AgreeReconsideration {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        held(issue, world, self.application)?.side(issue)?;
        let deadline = RoundDeadline::of(issue, self.deadline)?;
        let act = ApplicationAct::AgreeReconsideration(deadline);
        world.decide(issue, self.application, act)?;
        Ok(self.application.key())
    }
}

/// The application as `issue.by` may see it; absent and foreign are the same refusal.
pub(crate) fn held(
    issue: &Issue,
    world: &mut World,
    application: Id<Application>,
) -> Result<HeldApplication, Halt> {
    let application = world.read_own(issue, application)?;
    application
        .held()
        .cloned()
        .ok_or_else(|| Refusal::not_permitted().into())
}

#[cfg(test)]
pub(crate) mod tests;
