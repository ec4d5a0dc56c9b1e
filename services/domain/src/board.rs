//! The board of examiners: it is constituted, sits with its quorum, decides for each person, and the
//! university releases the result. There is no other way to a qualification (`ASSESS-01`,
//! `ASSESS-02`). Boards, sittings and outcomes are the university's alone: no mark is part of them,
//! and none leaves.

mod constitution;
mod outcome;
mod release;
mod sitting;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

pub use self::{constitution::*, outcome::*, release::*, sitting::*};
use crate::actor::PersonId;

/// The most people of a board, and the most present at a sitting.
pub const MEMBERS_MAX: usize = 60;

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
    /// The chair between boards, for one person, reported to the next one: policy
    /// `board.quorum.chairs_action`.
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
    /// External examiner, a guest of the university.
    External,
    /// In attendance, the secretary for one; counts for no quorum.
    Attending,
}

/// Somebody of a board.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardMember {
    /// Who.
    pub person: PersonId,
    /// In what capacity.
    pub capacity: BoardCapacity,
}

#[cfg(test)]
mod tests;
