//! What a board decides for one person. No mark is part of it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{BoardSitting, BoardSittingAct};
use crate::{
    actor::TenantKind,
    application::Application,
    enrolment::{Assessment, Enrolment, EnrolmentAct},
    id::Id,
    marks::{MarkSheet, MarkSheetAct},
    refusal::{Reason, Refusal},
    text,
    training::Training,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The longest code of a component, in bytes.
pub const COMPONENT_BYTES_MAX: usize = 40;
/// The most components of further work.
pub const COMPONENTS_MAX: usize = 12;

/// What a board decides for one person. No mark is part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoardOutcome {
    /// Passed.
    Pass,
    /// Failed, with one further attempt that counts no more than the pass mark.
    Refer {
        /// The components to resit.
        components: Vec<String>,
        /// The most the resit can count: the pass mark of the level.
        cap: u8,
        /// When the resit is due.
        due: Date,
        /// The board that decides next.
        next_board: Date,
    },
    /// Not assessed, without fault: the attempt stands, uncapped.
    Defer {
        /// The components to complete.
        components: Vec<String>,
        /// When they are due.
        due: Date,
        /// The board that decides next.
        next_board: Date,
    },
    /// The board has not enough before it, and says nothing yet.
    DecisionDeferred {
        /// The board that decides next.
        next_board: Date,
    },
    /// Failed for good.
    Fail,
    /// Withdrawn from the programme.
    Withdraw,
    /// Failed for good with a lesser award, which never leads to the qualified role.
    ExitAward,
}

impl BoardOutcome {
    /// Whether no later board decides again.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Pass | Self::Fail | Self::Withdraw | Self::ExitAward
        )
    }

    /// The board that decides next.
    pub const fn next_board(&self) -> Option<Date> {
        match self {
            Self::Refer { next_board, .. }
            | Self::Defer { next_board, .. }
            | Self::DecisionDeferred { next_board } => Some(*next_board),
            Self::Pass | Self::Fail | Self::Withdraw | Self::ExitAward => None,
        }
    }

    /// Refuses further work that does not lie between the sitting and the board that decides next.
    pub(super) fn follows(&self, held: Date) -> Result<(), Refusal> {
        let ordered = match self {
            Self::Refer {
                due, next_board, ..
            }
            | Self::Defer {
                due, next_board, ..
            } => held < *due && due <= next_board,
            Self::DecisionDeferred { next_board } => held < *next_board,
            Self::Pass | Self::Fail | Self::Withdraw | Self::ExitAward => true,
        };
        if ordered {
            return Ok(());
        }
        Err(Refusal::invalid(
            "further_work.next_board",
            "the work is due after this sitting and no later than the next board",
        ))
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
    /// See [`BoardOutcome::DecisionDeferred`].
    DecisionDeferred {
        /// The board that decides next.
        next_board: Date,
    },
    /// See [`BoardOutcome::Fail`].
    Fail,
    /// See [`BoardOutcome::Withdraw`].
    Withdraw,
    /// See [`BoardOutcome::ExitAward`].
    ExitAward,
}

/// What is still to be done, and when it is decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FurtherWork {
    /// The components, by their codes.
    pub components: Vec<String>,
    /// When they are due.
    pub due: Date,
    /// The board that decides next.
    pub next_board: Date,
}

impl FurtherWork {
    fn named(&self) -> Result<Vec<String>, Refusal> {
        text::at_most(&self.components, "further_work.components", COMPONENTS_MAX)?;
        if self.components.is_empty() {
            return Err(Refusal::invalid(
                "further_work.components",
                "further work names its components",
            ));
        }
        self.components
            .iter()
            .map(|code| text::required(code, "further_work.components", COMPONENT_BYTES_MAX))
            .collect()
    }
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

impl RatifyOutcome {
    fn outcome(&self, cap: impl Fn() -> Result<u8, Refusal>) -> Result<BoardOutcome, Refusal> {
        Ok(match &self.decision {
            BoardDecision::Pass => BoardOutcome::Pass,
            BoardDecision::Fail => BoardOutcome::Fail,
            BoardDecision::Withdraw => BoardOutcome::Withdraw,
            BoardDecision::ExitAward => BoardOutcome::ExitAward,
            BoardDecision::DecisionDeferred { next_board } => BoardOutcome::DecisionDeferred {
                next_board: *next_board,
            },
            BoardDecision::Refer(work) => BoardOutcome::Refer {
                components: work.named()?,
                cap: cap()?,
                due: work.due,
                next_board: work.next_board,
            },
            BoardDecision::Defer(work) => BoardOutcome::Defer {
                components: work.named()?,
                due: work.due,
                next_board: work.next_board,
            },
        })
    }
}

impl Command for RatifyOutcome {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if let BoardDecision::Refer(work) | BoardDecision::Defer(work) = &self.decision {
            work.named()?;
        }
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
        let training = Training::of(world, appointment.application)?;
        let portfolio_verified = world
            .read(training)?
            .portfolio()
            .is_some_and(|portfolio| portfolio.on <= held);
        let outcome = self.outcome(|| pass_mark(issue, level, held))?;
        let ratify = BoardSittingAct::Ratify {
            application: self.application,
            person: appointment.person,
            role: appointment.role,
            outcome: outcome.clone(),
            portfolio_verified,
        };
        world.decide(issue, self.sitting, ratify)?;
        let marks = MarkSheetAct::Ratify {
            sitting: self.sitting,
            passed: outcome == BoardOutcome::Pass,
        };
        world.decide(issue, MarkSheet::id(university, self.application), marks)?;
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
pub(crate) fn pass_mark(issue: &Issue, level: u8, on: Date) -> Result<u8, Refusal> {
    let marks: BTreeMap<String, u8> = issue.policies.get("pass_mark", on)?;
    marks.get(&level.to_string()).copied().ok_or_else(|| {
        Refusal::new(
            Reason::PolicyMissing,
            format!("policy pass_mark has no mark for level {level} on {on}; ask an approver"),
        )
        .with("policy", "pass_mark")
    })
}
