//! The university enrols an appointed person on the qualification that follows from their route.
//! The record is the university's alone: it holds student numbers and every board outcome.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{TenantId, TenantKind},
    appeal::Appeal,
    application::Application,
    appointment::{Appointed, Appointment},
    board::{BoardOutcome, BoardSitting},
    directory::Tenant,
    id::Id,
    identifiers::{Sid, Uln},
    personal::{ContentDigest, Personal, PersonalClass},
    programme::Intake,
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// What a person is enrolled on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Study {
    /// Whose enrolment it is.
    pub appointment: Appointment,
    /// The qualification's title.
    pub qualification: String,
    /// Its level, 6 or 7 (`ROUTE-07`).
    pub level: u8,
    /// The curriculum version, pinned: a later one does not reach this trainee (`TRAIN-07`).
    pub curriculum: String,
    /// The first day of teaching for this person: the intake's, or the day of a later enrolment.
    pub starts: Date,
    /// The day on which the intake's qualifying board is expected.
    pub expected_board: Date,
}

/// What one board decided for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assessment {
    /// The sitting.
    pub sitting: Id<BoardSitting>,
    /// When it was held.
    pub held: Date,
    /// What it decided.
    pub outcome: BoardOutcome,
}

/// An enrolment's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[expect(
    clippy::large_enum_variant,
    reason = "states are shared behind a pointer; hardly one is absent"
)]
pub enum Enrolment {
    /// Not enrolled.
    #[default]
    Absent,
    /// Enrolled.
    Enrolled {
        /// On what.
        study: Box<Study>,
        /// Student identifier of this provider.
        sid: Personal<Sid>,
        /// Unique learner number, where there is one.
        uln: Option<Personal<Uln>>,
        /// Tells a repeated enrolment from another one.
        content: ContentDigest,
        /// Board outcomes, first to latest.
        assessments: Vec<Assessment>,
        /// Sittings whose outcome an upheld appeal has set aside.
        set_aside: BTreeMap<Id<BoardSitting>, Id<Appeal>>,
    },
}

/// What an enrolment decides.
#[derive(Debug, Clone)]
pub enum EnrolmentAct {
    /// See [`EnrolTrainee`].
    Enrol {
        /// On what.
        study: Box<Study>,
        /// Student identifier.
        sid: Personal<Sid>,
        /// Unique learner number.
        uln: Option<Personal<Uln>>,
        /// Tells a repeat.
        content: ContentDigest,
        /// Whether both parties' offer conditions are met.
        conditions_met: bool,
        /// The last day on which the intake can be started (`TIME-07`).
        last_start: Date,
    },
    /// A board has decided for the person.
    NoteOutcome {
        /// What it decided.
        assessment: Assessment,
        /// How many attempts may follow the first one.
        resits_max: u32,
    },
    /// The day of a sitting is corrected.
    Redate {
        /// The sitting.
        sitting: Id<BoardSitting>,
        /// The day on which it was held.
        held: Date,
    },
    /// An appeal against an outcome is upheld.
    SetAside {
        /// The sitting whose outcome it was.
        sitting: Id<BoardSitting>,
        /// The appeal.
        appeal: Id<Appeal>,
    },
    /// The person goes on with another intake.
    ChangeIntake {
        /// Which.
        intake: Id<Intake>,
        /// Its curriculum version.
        curriculum: String,
        /// When its board is expected.
        expected_board: Date,
    },
    /// The person's employer is another one from the day on.
    NoteEmployer {
        /// Which.
        employer: TenantId,
    },
}

/// Facts of an enrolment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum EnrolmentEvent {
    /// The person is enrolled on the programme.
    ProgrammeEnrolled {
        /// On what.
        study: Box<Study>,
        /// Student identifier.
        sid: Personal<Sid>,
        /// Unique learner number.
        uln: Option<Personal<Uln>>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// A board outcome reached the student's record.
    BoardOutcomeNoted {
        /// What it decided.
        assessment: Assessment,
    },
    /// The day of a board outcome is corrected.
    BoardOutcomeRedated {
        /// The sitting.
        sitting: Id<BoardSitting>,
        /// The day on which it was held.
        held: Date,
    },
    /// A board outcome no longer stands; it stays in the record, and a later board decides anew.
    BoardOutcomeSetAside {
        /// The sitting whose outcome it was.
        sitting: Id<BoardSitting>,
        /// The appeal that was upheld.
        appeal: Id<Appeal>,
    },
    /// The student goes on with another intake: its curriculum and its board (`TRAIN-07`).
    IntakeChanged {
        /// Which.
        intake: Id<Intake>,
        /// The curriculum version the student was migrated to.
        curriculum: String,
        /// When the board is expected now.
        expected_board: Date,
        /// The first day with it.
        on: Date,
    },
    /// The student's employer changed; the study did not break (`SET-13`).
    EmployerChanged {
        /// The employer now.
        employer: TenantId,
        /// The first day with it.
        on: Date,
    },
}

impl Enrolment {
    /// What the person is enrolled on.
    pub fn study(&self) -> Option<&Study> {
        match self {
            Self::Absent => None,
            Self::Enrolled { study, .. } => Some(study),
        }
    }

    /// Board outcomes, first to latest.
    pub fn assessments(&self) -> &[Assessment] {
        match self {
            Self::Absent => &[],
            Self::Enrolled { assessments, .. } => assessments,
        }
    }

    /// The latest board outcome that no appeal has set aside.
    pub fn standing(&self) -> Option<&Assessment> {
        self.all_standing().last()
    }

    /// The appeal that set the latest of the outcomes aside that no longer stand.
    pub fn superseded_by(&self) -> Option<Id<Appeal>> {
        let Self::Enrolled {
            assessments,
            set_aside,
            ..
        } = self
        else {
            return None;
        };
        assessments
            .iter()
            .filter_map(|known| set_aside.get(&known.sitting))
            .next_back()
            .copied()
    }

    fn all_standing(&self) -> impl Iterator<Item = &Assessment> {
        let set_aside = match self {
            Self::Absent => None,
            Self::Enrolled { set_aside, .. } => Some(set_aside),
        };
        self.assessments()
            .iter()
            .filter(move |known| set_aside.is_some_and(|aside| !aside.contains_key(&known.sitting)))
    }

    fn note_outcome(
        &self,
        known: &[Assessment],
        assessment: &Assessment,
        resits_max: u32,
    ) -> Result<Vec<EnrolmentEvent>, Refusal> {
        let same_sitting = |known: &&Assessment| known.sitting == assessment.sitting;
        if let Some(known) = known.iter().find(same_sitting) {
            return Refusal::unless_same(known == assessment, "the outcome");
        }
        if self.all_standing().any(|known| known.outcome.is_final()) {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "a board has decided for this person for good; a decision is superseded by appeal \
                 only",
            ));
        }
        if known.last().is_some_and(|last| assessment.held < last.held) {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "a later board has decided for this person already",
            ));
        }
        // A deferral is no fault of the student's and uses up no attempt.
        let referred = self
            .all_standing()
            .filter(|known| matches!(known.outcome, BoardOutcome::Refer { .. }))
            .count();
        if matches!(assessment.outcome, BoardOutcome::Refer { .. })
            && referred >= usize::try_from(resits_max).unwrap_or(usize::MAX)
        {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "no further attempt is left after a referral; decide pass, defer, fail or exit \
                 award",
            )
            .with("resits_max", resits_max));
        }
        Ok(vec![EnrolmentEvent::BoardOutcomeNoted {
            assessment: assessment.clone(),
        }])
    }

    fn evolve(&mut self, event: EnrolmentEvent) {
        match event {
            EnrolmentEvent::ProgrammeEnrolled {
                study,
                sid,
                uln,
                content,
            } => {
                *self = Self::Enrolled {
                    study,
                    sid,
                    uln,
                    content,
                    assessments: vec![],
                    set_aside: BTreeMap::new(),
                };
            }
            EnrolmentEvent::BoardOutcomeNoted { assessment } => {
                if let Self::Enrolled { assessments, .. } = self {
                    assessments.push(assessment);
                }
            }
            EnrolmentEvent::BoardOutcomeRedated { sitting, held } => {
                if let Self::Enrolled { assessments, .. } = self
                    && let Some(known) = assessments.iter_mut().find(|a| a.sitting == sitting)
                {
                    known.held = held;
                }
            }
            EnrolmentEvent::BoardOutcomeSetAside { sitting, appeal } => {
                if let Self::Enrolled { set_aside, .. } = self {
                    set_aside.insert(sitting, appeal);
                }
            }
            EnrolmentEvent::IntakeChanged {
                intake,
                curriculum,
                expected_board,
                ..
            } => {
                if let Self::Enrolled { study, .. } = self {
                    study.appointment.intake = intake;
                    study.curriculum = curriculum;
                    study.expected_board = expected_board;
                }
            }
            EnrolmentEvent::EmployerChanged { employer, .. } => {
                if let Self::Enrolled { study, .. } = self {
                    study.appointment.employer = employer;
                }
            }
        }
    }
}

aggregate!(Enrolment, "enrolment", EnrolmentAct, EnrolmentEvent);

impl Decider for Enrolment {
    type Act = EnrolmentAct;
    const COLLECTION: &'static str = "enrolments";

    fn decide(&self, issued: &Issued<EnrolmentAct>) -> Result<Vec<EnrolmentEvent>, Refusal> {
        match (&issued.act, self) {
            (EnrolmentAct::Enrol { content, .. }, Self::Enrolled { content: known, .. }) => {
                Refusal::unless_same(known == content, "the enrolment")
            }
            (
                EnrolmentAct::Enrol {
                    study,
                    sid,
                    uln,
                    content,
                    conditions_met,
                    last_start,
                },
                Self::Absent,
            ) => {
                if study.level != study.appointment.level {
                    return Err(Refusal::new(
                        Reason::RouteMismatch,
                        format!(
                            "the verified degree status leads to level {}; enrol there, or have \
                             the degree confirmed first",
                            study.appointment.level
                        ),
                    )
                    .at("level")
                    .with("level", study.appointment.level));
                }
                if !conditions_met {
                    return Err(Refusal::new(
                        Reason::ConditionsNotMet,
                        "both parties' offer conditions are to be met before enrolment; see the \
                         offer",
                    ));
                }
                if study.starts > *last_start {
                    return Err(Refusal::new(
                        Reason::StateNotAllowed,
                        format!(
                            "this intake could be started until {last_start}; take a later one"
                        ),
                    )
                    .with("last_start", last_start));
                }
                Ok(vec![EnrolmentEvent::ProgrammeEnrolled {
                    study: study.clone(),
                    sid: sid.clone(),
                    uln: uln.clone(),
                    content: *content,
                }])
            }
            (
                EnrolmentAct::ChangeIntake {
                    intake,
                    curriculum,
                    expected_board,
                },
                Self::Enrolled { study, .. },
            ) => {
                if study.appointment.intake == *intake {
                    return Ok(vec![]);
                }
                Ok(vec![EnrolmentEvent::IntakeChanged {
                    intake: *intake,
                    curriculum: curriculum.clone(),
                    expected_board: *expected_board,
                    on: issued.today(),
                }])
            }
            (EnrolmentAct::NoteEmployer { employer }, Self::Enrolled { study, .. }) => {
                if study.appointment.employer == *employer {
                    return Ok(vec![]);
                }
                Ok(vec![EnrolmentEvent::EmployerChanged {
                    employer: *employer,
                    on: issued.today(),
                }])
            }
            (
                EnrolmentAct::NoteOutcome { .. }
                | EnrolmentAct::ChangeIntake { .. }
                | EnrolmentAct::NoteEmployer { .. },
                Self::Absent,
            ) => Err(Refusal::not_permitted()),
            (
                EnrolmentAct::NoteOutcome {
                    assessment,
                    resits_max,
                },
                Self::Enrolled { assessments, .. },
            ) => self.note_outcome(assessments, assessment, *resits_max),
            (EnrolmentAct::Redate { .. } | EnrolmentAct::SetAside { .. }, Self::Absent) => {
                Err(Refusal::not_permitted())
            }
            (EnrolmentAct::Redate { sitting, held }, Self::Enrolled { assessments, .. }) => {
                let moved = |known: &Assessment| known.sitting == *sitting && known.held != *held;
                let redated = || EnrolmentEvent::BoardOutcomeRedated {
                    sitting: *sitting,
                    held: *held,
                };
                Ok(Vec::from_iter(assessments.iter().any(moved).then(redated)))
            }
            (EnrolmentAct::SetAside { sitting, appeal }, Self::Enrolled { set_aside, .. }) => {
                let event = || EnrolmentEvent::BoardOutcomeSetAside {
                    sitting: *sitting,
                    appeal: *appeal,
                };
                Ok(Vec::from_iter(
                    (!set_aside.contains_key(sitting)).then(event),
                ))
            }
        }
    }

    /// The university's alone: the employer never sees student numbers or outcomes (C.2).
    fn custody(&self) -> Option<Custody> {
        self.study().map(|study| {
            Custody::of(study.appointment.university, []).about(study.appointment.person)
        })
    }

    fn part_of(&self) -> Vec<StreamKey> {
        let study = self.study().into_iter();
        study
            .map(|study| study.appointment.application.key())
            .collect()
    }
}

/// The university enrols an appointed person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EnrolTrainee {
    /// Whom.
    pub application: Id<Application>,
    /// Student identifier this university issued.
    pub sid: String,
    /// Unique learner number; optional.
    pub uln: Option<String>,
    /// Level of the qualification, 6 or 7; must be the one of the person's route (`ROUTE-01`).
    pub level: u8,
}

impl Command for EnrolTrainee {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let sid = Sid::parse(&self.sid, "sid")?;
        let uln = match &self.uln {
            Some(uln) => Some(Uln::parse(uln, "uln")?),
            None => None,
        };
        let Appointed {
            appointment,
            conditions_met,
            ..
        } = Appointed::of(issue, world, self.application)?;
        if issue.by.acting_for(TenantKind::University)? != appointment.university {
            return Err(Refusal::not_permitted().into());
        }
        let tenant = world.read(Tenant::id(issue.by.tenant))?;
        if let Some(ukprn) = tenant
            .name_on(issue.today())
            .and_then(|name| name.ukprn.as_ref())
        {
            sid.issued_by(ukprn, "sid")?;
        }
        let qualification = issue
            .policies
            .role(&appointment.role, issue.today())?
            .qualifications
            .into_iter()
            .find(|qualification| qualification.level == self.level)
            .ok_or_else(|| {
                Refusal::invalid("level", "the role has no qualification of this level")
            })?;
        let intake = Intake::expect(world, appointment.intake)?;
        let starts = intake.teaching_start.max(issue.today());
        let last_start = intake.last_start;
        let study = Box::new(Study {
            qualification: qualification.title,
            level: self.level,
            curriculum: intake.curriculum_version,
            starts,
            expected_board: intake.board_date,
            appointment,
        });
        let id = study.appointment.enrolment();
        let (person, class) = (study.appointment.person, PersonalClass::EnrolmentIdentifier);
        let controllers = [issue.by.tenant];
        let enrol = EnrolmentAct::Enrol {
            content: ContentDigest::of(issue.salt, id.0, self),
            sid: Personal::new(person, class, controllers, sid),
            uln: uln.map(|uln| Personal::new(person, class, controllers, uln)),
            study,
            conditions_met,
            last_start,
        };
        world.decide(issue, id, enrol)?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
