//! A board sits, or its chair acts, on a day that qualification and lock count from (`ASSESS-03`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use super::{
    BoardCapacity, BoardMember, BoardOutcome, ChairsAction, ChairsActionReason, ExamBoard,
    ExamBoardAct, SittingKind, named_once,
};
use crate::{
    actor::{PersonId, TenantId, TenantKind},
    application::Application,
    correction::{Authority, Corrected},
    id::Id,
    policy::catalogue::{BoardQuorum, Role},
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most outcomes of one sitting.
pub const OUTCOMES_MAX: usize = 1_000;

/// A sitting that was held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sitting {
    /// Whose board.
    pub university: TenantId,
    /// For which role's programme.
    pub role: Role,
    /// What kind.
    pub kind: SittingKind,
    /// The day; a first-class dated fact, correctable by a later event only (`ASSESS-03`).
    pub held: Date,
    /// Who was present.
    pub members: Vec<BoardMember>,
    /// For chair's action: the board it is reported to.
    pub report_to: Option<Date>,
}

/// Why the date of a sitting is corrected.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum DateCorrection {
    /// The day was written down wrongly.
    Misrecorded,
    /// The board adjourned and decided on another day.
    Adjourned,
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
        outcomes: BTreeMap<Id<Application>, (PersonId, BoardOutcome)>,
        /// The event that says the day, by its place in the record.
        dated_by: u64,
        /// How many events there are.
        recorded: u64,
    },
}

/// What a sitting decides.
#[derive(Debug, Clone)]
pub enum BoardSittingAct {
    /// See [`HoldBoard`].
    Hold {
        /// The sitting.
        sitting: Sitting,
        /// External examiners who act without attending, by prior arrangement.
        arranged: usize,
        /// Who must take part.
        quorum: BoardQuorum,
    },
    /// See [`RatifyOutcome`](super::RatifyOutcome).
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
    /// See [`CorrectBoardDate`].
    CorrectDate {
        /// The day on which it was held.
        held: Date,
        /// Why.
        why: DateCorrection,
        /// The event that said the other day.
        corrects: Option<Corrected>,
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
    /// The sitting was held on another day than recorded.
    BoardDateCorrected {
        /// The day it was held.
        held: Date,
        /// The day recorded before.
        former: Date,
        /// Why.
        why: DateCorrection,
        /// Which event it corrects; not said by the first version.
        corrects: Option<Corrected>,
    },
    /// What the sitting decided for a person counts from the corrected day.
    OutcomeRedated {
        /// Whose university.
        university: TenantId,
        /// For whose application.
        application: Id<Application>,
        /// The day the sitting was held.
        held: Date,
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
        .map(|(application, (_, outcome))| (*application, outcome))
    }

    /// The place of the event that says the day.
    fn dated_by(&self) -> Option<u64> {
        match self {
            Self::Absent => None,
            Self::Held { dated_by, .. } => Some(*dated_by),
        }
    }

    fn evolve(&mut self, event: BoardSittingEvent) {
        if let Self::Held { recorded, .. } = self {
            *recorded = recorded.saturating_add(1);
        }
        match (event, self) {
            (BoardSittingEvent::BoardHeld { sitting }, state) => {
                *state = Self::Held {
                    sitting,
                    outcomes: BTreeMap::new(),
                    dated_by: 1,
                    recorded: 1,
                };
            }
            (
                BoardSittingEvent::OutcomeRatified {
                    application,
                    person,
                    outcome,
                },
                Self::Held { outcomes, .. },
            ) => {
                outcomes.insert(application, (person, outcome));
            }
            (
                BoardSittingEvent::BoardDateCorrected { held, .. },
                Self::Held {
                    sitting,
                    dated_by,
                    recorded,
                    ..
                },
            ) => {
                sitting.held = held;
                *dated_by = *recorded;
            }
            _ => {}
        }
    }

    fn correct_date(
        &self,
        today: Date,
        held: Date,
        why: DateCorrection,
        corrects: Option<&Corrected>,
    ) -> Result<Vec<BoardSittingEvent>, Refusal> {
        let Self::Held {
            sitting, outcomes, ..
        } = self
        else {
            return Err(Refusal::not_permitted());
        };
        if sitting.held == held {
            return Ok(vec![]);
        }
        if held > today || sitting.report_to.is_some_and(|next| next <= held) {
            return Err(Refusal::invalid(
                "held",
                "a sitting was held on a day that is over, a chair's action before the board it \
                 is reported to",
            ));
        }
        let mut events = vec![BoardSittingEvent::BoardDateCorrected {
            held,
            former: sitting.held,
            why,
            corrects: corrects.cloned(),
        }];
        events.extend(
            outcomes
                .keys()
                .map(|application| BoardSittingEvent::OutcomeRedated {
                    university: sitting.university,
                    application: *application,
                    held,
                }),
        );
        Ok(events)
    }
}

/// Refuses a sitting that misses its quorum; an external examiner may act without attending, by
/// prior arrangement (B.5).
fn quorate(members: &[BoardMember], arranged: usize, quorum: &BoardQuorum) -> Result<(), Refusal> {
    let present = |capacity| {
        let there = members.iter().filter(|m| m.capacity == capacity).count();
        let acting = match capacity {
            BoardCapacity::External => there.saturating_add(arranged),
            _ => there,
        };
        u32::try_from(acting).unwrap_or(u32::MAX)
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
            (
                BoardSittingAct::Hold {
                    sitting,
                    arranged,
                    quorum,
                },
                Self::Absent,
            ) => {
                quorate(&sitting.members, *arranged, quorum)?;
                Ok(vec![BoardSittingEvent::BoardHeld {
                    sitting: sitting.clone(),
                }])
            }
            (
                BoardSittingAct::CorrectDate {
                    held,
                    why,
                    corrects,
                },
                _,
            ) => self.correct_date(issued.today(), *held, *why, corrects.as_ref()),
            (BoardSittingAct::Ratify { .. }, Self::Absent) => Err(Refusal::not_permitted()),
            (
                BoardSittingAct::Ratify {
                    application,
                    person,
                    role,
                    outcome,
                    portfolio_verified,
                },
                Self::Held {
                    sitting, outcomes, ..
                },
            ) => {
                outcome.follows(sitting.held)?;
                if *role != sitting.role {
                    return Err(Refusal::not_permitted());
                }
                if let Some((_, known)) = outcomes.get(application) {
                    return Refusal::unless_same(known == outcome, "the outcome");
                }
                if issued.today() < sitting.held {
                    return Err(Refusal::new(
                        Reason::StateNotAllowed,
                        "an outcome is not ratified before the sitting is held",
                    ));
                }
                if sitting.kind == SittingKind::ChairsAction && !outcomes.is_empty() {
                    return Err(Refusal::state_not_allowed(
                        "a chair's action concerns one person; take another for the next",
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

    fn part_of(&self) -> Vec<StreamKey> {
        let board = |sitting: &Sitting| ExamBoard::id(sitting.university, &sitting.role).key();
        self.sitting().map(board).into_iter().collect()
    }
}

/// The university records that its constituted board sat, or its chair acted, on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldBoard {
    /// For which role's programme.
    pub role: Role,
    /// What kind of sitting.
    pub kind: SittingKind,
    /// Who was present, everybody once.
    pub members: Vec<BoardMember>,
    /// For chair's action: how it came about.
    pub chairs_action: Option<ActionTaken>,
}

/// What the chair says of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionTaken {
    /// The board it is reported to.
    pub report_to: Date,
    /// Why the chair acted.
    pub reason: ChairsActionReason,
    /// The external examiner consulted.
    pub consulted: Option<PersonId>,
}

impl Command for HoldBoard {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (held, kind) = (issue.today(), self.kind);
        named_once(&self.members)?;
        let later = |action: ActionTaken| action.report_to > held;
        if (kind == SittingKind::ChairsAction) != self.chairs_action.is_some_and(later) {
            return Err(Refusal::invalid(
                "report_to",
                "chair's action names the later board it is reported to; no other sitting does",
            )
            .into());
        }
        let university = issue.by.acting_for(TenantKind::University)?;
        let board = ExamBoard::id(university, &self.role);
        let standing = world.read(board)?;
        standing.seats(&self.members, held)?;
        let present = |external| self.members.iter().any(|member| member.person == external);
        let arranged = standing.arranged_for(held).filter(|who| !present(*who));
        let arranged = arranged.count();
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
            report_to: self.chairs_action.map(|action| action.report_to),
        };
        let hold = BoardSittingAct::Hold {
            sitting,
            arranged,
            quorum,
        };
        world.decide(issue, id, hold)?;
        if let Some(taken) = self.chairs_action {
            let action = ExamBoardAct::NoteAction {
                sitting: id,
                action: ChairsAction {
                    on: held,
                    reason: taken.reason,
                    consulted: taken.consulted,
                    report_to: taken.report_to,
                    reported: None,
                },
                consult: issue.policies.get("board.chairs_action.consult", held)?,
            };
            world.decide(issue, board, action)?;
        }
        Ok(id.key())
    }
}

/// The university corrects the day on which a sitting was held. What counts from it, qualification
/// and funding lock, is derived again; nothing that rested on the former day is undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectBoardDate {
    /// Which sitting.
    pub sitting: Id<BoardSitting>,
    /// The day on which it was held.
    pub held: Date,
    /// Why.
    pub why: DateCorrection,
    /// On whose word.
    pub authority: Authority,
}

impl Command for CorrectBoardDate {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let sitting = world
            .read_own(issue, self.sitting)?
            .sitting()
            .cloned()
            .ok_or_else(Refusal::not_permitted)?;
        let dated_by = world.read(self.sitting)?.dated_by();
        let corrects = (self.authority).corrects(issue, world, self.sitting.key(), dated_by)?;
        let correct = BoardSittingAct::CorrectDate {
            held: self.held,
            why: self.why,
            corrects,
        };
        world.decide(issue, self.sitting, correct)?;
        world
            .read(ExamBoard::id(university, &sitting.role))?
            .seats(&sitting.members, self.held)?;
        Ok(self.sitting.key())
    }
}
