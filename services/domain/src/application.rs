//! One person's application for one vacancy: the record both parties and the candidate share.
//!
//! It carries only what both parties may see. Until a reveal neither party's shortlist, decision,
//! score or reason touches it; those live in [`crate::decision_round`] (`permissions.md` C.3).

mod interview;
mod rounds;
mod shown;
mod study;
mod submit;
mod terms;
mod withdraw;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

pub(crate) use self::submit::submitted_for;
pub use self::{
    interview::RecordInterview,
    rounds::{AgreeReconsideration, ReleaseFeedback, RequestReconsideration, RoundDeadline},
    shown::CandidateStatus,
    study::AddStudyEvidence,
    submit::SubmitApplication,
    terms::*,
    withdraw::WithdrawApplication,
};
use crate::{
    actor::{Party, PersonId, TenantId},
    id::Id,
    personal::{ContentDigest, Personal},
    refusal::Refusal,
    vacancy::{Vacancy, VacancyTerms},
    world::{Custody, Decider, Halt, Issue, Issued, World, aggregate},
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

    /// The first of these pieces of study evidence that is not there.
    pub fn lacks(&self, needed: &[StudyEvidenceKind]) -> Option<StudyEvidenceKind> {
        needed
            .iter()
            .copied()
            .find(|needed| !self.evidence.iter().any(|known| known.kind == *needed))
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
    RecordInterview {
        /// The command.
        record: RecordInterview,
        /// The kinds of members policy `interview.panel` asks for.
        needed: BTreeSet<PanelMember>,
    },
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
            return submit::submitted(
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
            Act::RecordInterview { record, needed } => {
                held.interviewed(record, needed, issued.today())
            }
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

    /// Employer and university hold it together; nobody else sees it (`JOINT-03`).
    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.employer, [terms.university]).about(terms.person))
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
