//! The exam board sits, decides for each person, and the university releases the result. There is
//! no other way to a qualification (`ASSESS-01`). Sittings and outcomes are the university's alone:
//! no mark is taken, and none leaves.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    application::Application,
    enrolment::{Assessment, Enrolment, EnrolmentAct},
    id::Id,
    policy::catalogue::{BoardQuorum, Role},
    qualification::{QualificationAct, QualificationAward, ReleasedResult},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most people present at a sitting.
pub const MEMBERS_MAX: usize = 60;
/// The longest module code, in bytes.
pub const MODULE_BYTES_MAX: usize = 40;
/// The most outcomes of one sitting.
pub const OUTCOMES_MAX: usize = 1_000;

/// What kind of sitting it is; each has its own quorum policy.
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
pub enum SittingKind {
    /// The board of an intake: policy `board.quorum`.
    Qualifying,
    /// The board after a resit: policy `board.quorum.reassessment`.
    Reassessment,
    /// The chair between boards, reported to the next one: policy `board.quorum.chairs_action`.
    ChairsAction,
}

impl SittingKind {
    const fn policy(self) -> &'static str {
        match self {
            Self::Qualifying => "board.quorum",
            Self::Reassessment => "board.quorum.reassessment",
            Self::ChairsAction => "board.quorum.chairs_action",
        }
    }
}

/// In what capacity somebody sits on a board.
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
pub enum BoardCapacity {
    /// Chairs it.
    Chair,
    /// Internal examiner.
    Internal,
    /// External examiner.
    External,
    /// In attendance, the secretary for one; counts for no quorum.
    Attending,
}

/// Somebody present.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardMember {
    /// Who.
    pub person: PersonId,
    /// In what capacity.
    pub capacity: BoardCapacity,
}

/// A sitting that was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    /// Whose board.
    pub university: TenantId,
    /// For which role's programme.
    pub role: Role,
    /// What kind.
    pub kind: SittingKind,
    /// The day; a first-class dated fact, qualification and lock count from it (`ASSESS-03`).
    pub held: Date,
    /// Who was present.
    pub members: Vec<BoardMember>,
    /// For chair's action: the board it is reported to.
    pub report_to: Option<Date>,
}

/// What a board decides for one person. No mark is part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoardOutcome {
    /// Passed.
    Pass,
    /// Failed, with one further attempt that counts no more than the pass mark.
    Refer {
        /// The module to resit.
        module: String,
        /// The most the resit can count: the pass mark of the level.
        cap: u8,
        /// When the resit is due.
        due: Date,
        /// The board that decides next.
        next_board: Date,
    },
    /// Not assessed, without fault: the attempt stands, uncapped.
    Defer {
        /// The module to complete.
        module: String,
        /// When it is due.
        due: Date,
        /// The board that decides next.
        next_board: Date,
    },
    /// Failed for good.
    Fail,
    /// Failed for good with a lesser award, which never leads to the qualified role.
    ExitAward,
}

impl BoardOutcome {
    /// Whether no later board decides again.
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Pass | Self::Fail | Self::ExitAward)
    }
}

/// A board sitting; one that misses its quorum is none and is not recorded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum BoardSitting {
    /// Not held.
    #[default]
    Absent,
    /// Held.
    Held {
        /// The sitting.
        sitting: Sitting,
        /// Its outcomes by application.
        outcomes: BTreeMap<Id<Application>, BoardOutcome>,
    },
}

/// What a sitting decides.
#[derive(Debug, Clone)]
pub enum BoardSittingAct {
    /// See [`HoldBoard`].
    Hold {
        /// The sitting.
        sitting: Sitting,
        /// Who must be present.
        quorum: BoardQuorum,
    },
    /// See [`RatifyOutcome`].
    Ratify {
        /// For whose application.
        application: Id<Application>,
        /// For whom.
        person: PersonId,
        /// The role of the person's programme.
        role: Role,
        /// The outcome.
        outcome: BoardOutcome,
        /// Whether the university has verified the practice portfolio.
        portfolio_verified: bool,
    },
}

/// Facts of a sitting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum BoardSittingEvent {
    /// The board sat with its quorum.
    BoardHeld {
        /// The sitting.
        sitting: Sitting,
    },
    /// The board decided for a person.
    OutcomeRatified {
        /// For whose application.
        application: Id<Application>,
        /// For whom.
        person: PersonId,
        /// The outcome.
        outcome: BoardOutcome,
    },
}

impl BoardSitting {
    /// The sitting, once held.
    pub fn sitting(&self) -> Option<&Sitting> {
        match self {
            Self::Absent => None,
            Self::Held { sitting, .. } => Some(sitting),
        }
    }

    /// Outcomes in the order of applications.
    pub fn outcomes(&self) -> impl Iterator<Item = (Id<Application>, &BoardOutcome)> {
        match self {
            Self::Absent => None,
            Self::Held { outcomes, .. } => Some(outcomes),
        }
        .into_iter()
        .flatten()
        .map(|(application, outcome)| (*application, outcome))
    }

    fn evolve(&mut self, event: BoardSittingEvent) {
        match event {
            BoardSittingEvent::BoardHeld { sitting } => {
                *self = Self::Held {
                    sitting,
                    outcomes: BTreeMap::new(),
                };
            }
            BoardSittingEvent::OutcomeRatified {
                application,
                outcome,
                ..
            } => {
                if let Self::Held { outcomes, .. } = self {
                    outcomes.insert(application, outcome);
                }
            }
        }
    }
}

/// Refuses a sitting that misses its quorum.
fn quorate(members: &[BoardMember], quorum: &BoardQuorum) -> Result<(), Refusal> {
    let present = |capacity| {
        u32::try_from(members.iter().filter(|m| m.capacity == capacity).count()).unwrap_or(u32::MAX)
    };
    let needed = [
        (BoardCapacity::Chair, quorum.chairs),
        (BoardCapacity::Internal, quorum.internal),
        (BoardCapacity::External, quorum.external),
    ];
    let missing: Vec<String> = needed
        .into_iter()
        .filter(|(capacity, needed)| present(*capacity) < *needed)
        .map(|(capacity, needed)| format!("{capacity} {} of {needed}", present(capacity)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::BoardNotQuorate,
        format!(
            "the sitting misses its quorum ({}); hold it again with everybody needed",
            missing.join(", ")
        ),
    )
    .at("members")
    .with("missing", missing.join(", ")))
}

aggregate!(
    BoardSitting,
    "board_sitting",
    BoardSittingAct,
    BoardSittingEvent
);

impl Decider for BoardSitting {
    type Act = BoardSittingAct;
    const COLLECTION: &'static str = "boardSittings";

    fn decide(&self, issued: &Issued<BoardSittingAct>) -> Result<Vec<BoardSittingEvent>, Refusal> {
        match (&issued.act, self) {
            (BoardSittingAct::Hold { sitting, .. }, Self::Held { sitting: known, .. }) => {
                Refusal::unless_same(known == sitting, "the sitting")
            }
            (BoardSittingAct::Hold { sitting, quorum }, Self::Absent) => {
                quorate(&sitting.members, quorum)?;
                Ok(vec![BoardSittingEvent::BoardHeld {
                    sitting: sitting.clone(),
                }])
            }
            (BoardSittingAct::Ratify { .. }, Self::Absent) => Err(Refusal::not_permitted()),
            (
                BoardSittingAct::Ratify {
                    application,
                    person,
                    role,
                    outcome,
                    portfolio_verified,
                },
                Self::Held { sitting, outcomes },
            ) => {
                if let BoardOutcome::Refer {
                    due, next_board, ..
                }
                | BoardOutcome::Defer {
                    due, next_board, ..
                } = outcome
                    && !(sitting.held < *due && due <= next_board)
                {
                    return Err(Refusal::invalid(
                        "further_work.next_board",
                        "the work is due after this sitting and no later than the next board",
                    ));
                }
                if *role != sitting.role {
                    return Err(Refusal::not_permitted());
                }
                if let Some(known) = outcomes.get(application) {
                    return Refusal::unless_same(known == outcome, "the outcome");
                }
                if issued.today() < sitting.held {
                    return Err(Refusal::new(
                        Reason::StateNotAllowed,
                        "an outcome is not ratified before the sitting is held",
                    ));
                }
                if *outcome == BoardOutcome::Pass && !portfolio_verified {
                    return Err(Refusal::new(
                        Reason::PracticeHoursShort,
                        "both strands are to be completed: no pass before the practice portfolio \
                         is verified",
                    ));
                }
                if outcomes.len() >= OUTCOMES_MAX {
                    return Err(Refusal::new(
                        Reason::CapacityExceeded,
                        "this sitting holds no more outcomes",
                    ));
                }
                Ok(vec![BoardSittingEvent::OutcomeRatified {
                    application: *application,
                    person: *person,
                    outcome: outcome.clone(),
                }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.sitting()
            .map(|sitting| Custody::of(sitting.university, []))
    }
}

/// The university records that a board sat, or its chair acted, on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldBoard {
    /// For which role's programme.
    pub role: Role,
    /// What kind of sitting.
    pub kind: SittingKind,
    /// Who was present, everybody once.
    pub members: Vec<BoardMember>,
    /// For chair's action: the board it is reported to.
    pub report_to: Option<Date>,
}

impl Command for HoldBoard {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (held, kind) = (issue.today(), self.kind);
        text::at_most(&self.members, "members", MEMBERS_MAX)?;
        let persons: BTreeSet<_> = self.members.iter().map(|member| member.person).collect();
        if persons.len() < self.members.len() {
            return Err(Refusal::invalid(
                "members",
                "everybody sits in one capacity; name them once",
            )
            .into());
        }
        if (kind == SittingKind::ChairsAction) != self.report_to.is_some_and(|next| next > held) {
            return Err(Refusal::invalid(
                "report_to",
                "chair's action names the later board it is reported to; no other sitting does",
            )
            .into());
        }
        let university = issue.by.acting_for(TenantKind::University)?;
        let own = format!("{}.{}", kind.policy(), university.0);
        let quorum = match issue.policies.find(&own, held)? {
            Some(own) => own,
            None => issue.policies.get(kind.policy(), held)?,
        };
        let id = Id::<BoardSitting>::derive(university, &[issue.request]);
        let sitting = Sitting {
            university,
            role: self.role.clone(),
            kind,
            held,
            members: self.members.clone(),
            report_to: self.report_to,
        };
        world.decide(issue, id, BoardSittingAct::Hold { sitting, quorum })?;
        Ok(id.key())
    }
}

/// What the university asks to be ratified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoardDecision {
    /// See [`BoardOutcome::Pass`].
    Pass,
    /// See [`BoardOutcome::Refer`]; the cap follows from policy `pass_mark`.
    Refer(FurtherWork),
    /// See [`BoardOutcome::Defer`].
    Defer(FurtherWork),
    /// See [`BoardOutcome::Fail`].
    Fail,
    /// See [`BoardOutcome::ExitAward`].
    ExitAward,
}

/// What is still to be done, and when it is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherWork {
    /// The module, by its code.
    pub module: String,
    /// When it is due.
    pub due: Date,
    /// The board that decides next.
    pub next_board: Date,
}

/// The board decides for one person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatifyOutcome {
    /// At which sitting.
    pub sitting: Id<BoardSitting>,
    /// For whose application.
    pub application: Id<Application>,
    /// What.
    pub decision: BoardDecision,
}

impl Command for RatifyOutcome {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let module = match &self.decision {
            BoardDecision::Refer(work) | BoardDecision::Defer(work) => {
                text::required(&work.module, "further_work.module", MODULE_BYTES_MAX)?
            }
            _ => String::new(),
        };
        let university = issue.by.acting_for(TenantKind::University)?;
        let held = world
            .read_own(issue, self.sitting)?
            .sitting()
            .map_or(issue.today(), |sitting| sitting.held);
        let enrolment = Id::<Enrolment>::derive(university, &[self.application.0]);
        let study = world
            .read_own(issue, enrolment)?
            .study()
            .ok_or_else(Refusal::not_permitted)?;
        let (appointment, level) = (study.appointment.clone(), study.level);
        let portfolio_verified = world
            .read(appointment.training())?
            .portfolio()
            .is_some_and(|portfolio| portfolio.on <= held);
        let outcome = match &self.decision {
            BoardDecision::Pass => BoardOutcome::Pass,
            BoardDecision::Fail => BoardOutcome::Fail,
            BoardDecision::ExitAward => BoardOutcome::ExitAward,
            BoardDecision::Refer(work) => BoardOutcome::Refer {
                module,
                cap: pass_mark(issue, level, held)?,
                due: work.due,
                next_board: work.next_board,
            },
            BoardDecision::Defer(work) => BoardOutcome::Defer {
                module,
                due: work.due,
                next_board: work.next_board,
            },
        };
        let ratify = BoardSittingAct::Ratify {
            application: self.application,
            person: appointment.person,
            role: appointment.role,
            outcome: outcome.clone(),
            portfolio_verified,
        };
        world.decide(issue, self.sitting, ratify)?;
        let note = EnrolmentAct::NoteOutcome {
            assessment: Assessment {
                sitting: self.sitting,
                held,
                outcome,
            },
            resits_max: issue.policies.get("resit.max", held)?,
        };
        world.decide(issue, enrolment, note)?;
        Ok(self.sitting.key())
    }
}

/// The pass mark of a level: what a resit can count at most.
fn pass_mark(issue: &Issue, level: u8, on: Date) -> Result<u8, Refusal> {
    let marks: BTreeMap<String, u8> = issue.policies.get("pass_mark", on)?;
    marks.get(&level.to_string()).copied().ok_or_else(|| {
        Refusal::new(
            Reason::PolicyMissing,
            format!("policy pass_mark has no mark for level {level} on {on}; ask an approver"),
        )
        .with("policy", "pass_mark")
    })
}

/// The university releases the latest ratified outcome to the person and the employer: that it was
/// passed, that it was not completed, or only that it is not complete yet and when the next board
/// is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReleaseResult {
    /// For whose application.
    pub application: Id<Application>,
}

impl Command for ReleaseResult {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let enrolment = world.read_own(
            issue,
            Id::<Enrolment>::derive(university, &[self.application.0]),
        )?;
        let Some(study) = enrolment.study() else {
            return Err(Refusal::not_permitted().into());
        };
        let Some(assessment) = enrolment.assessments().last() else {
            return Err(Refusal::new(
                Reason::ResultNotReleased,
                "no board has decided for this person, so there is nothing to release; ratify an \
                 outcome first",
            )
            .into());
        };
        if issue.today() < assessment.held {
            return Err(Refusal::new(
                Reason::ResultNotReleased,
                "a result is released on the day of the board or later",
            )
            .into());
        }
        let appointment = study.appointment.clone();
        let result = match assessment.outcome {
            BoardOutcome::Pass => ReleasedResult::Passed,
            BoardOutcome::Refer { next_board, .. } | BoardOutcome::Defer { next_board, .. } => {
                ReleasedResult::NotYetComplete { next_board }
            }
            BoardOutcome::Fail => ReleasedResult::NotCompleted {
                exit_award: false,
                board: assessment.held,
            },
            BoardOutcome::ExitAward => ReleasedResult::NotCompleted {
                exit_award: true,
                board: assessment.held,
            },
        };
        let award = QualificationAward {
            qualification: study.qualification.clone(),
            level: study.level,
            awarded: assessment.held,
            appointment,
        };
        let id = award.appointment.qualification();
        world.decide(issue, id, QualificationAct::Release { result, award })?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
