//! How much is measured.

use std::time::Duration;

use crate::{
    contender::trellis::{Parties, Tenancy},
    measure::Pace,
};

/// How much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// All of it.
    Full,
    /// What the bars need.
    Quick,
    /// Whether it works at all.
    Smoke,
}

impl Scale {
    pub(crate) fn pace(self) -> Pace {
        let (warm, slice, rounds) = match self {
            Self::Full => (700, 2_000, 5),
            Self::Quick => (300, 1_000, 3),
            Self::Smoke => (10, 100, 1),
        };
        Pace {
            warm: Duration::from_millis(warm),
            slice: Duration::from_millis(slice),
            rounds,
        }
    }

    /// How many write at the same time.
    pub(crate) fn writers(self) -> Vec<usize> {
        match self {
            Self::Full => vec![1, 8, 32, 128, 512],
            Self::Quick => vec![1, 32, 128],
            Self::Smoke => vec![1, 8],
        }
    }

    /// Peers take a connection for each writer, and are far past their best with more than this.
    pub(crate) fn peer_writers_max(self) -> usize {
        match self {
            Self::Full => 128,
            Self::Quick => 32,
            Self::Smoke => 1,
        }
    }

    /// Whom Trellis writes for, for how many to see.
    pub(crate) fn shapes(self, writers: usize) -> Vec<(Tenancy, Parties)> {
        let all = [
            (Tenancy::Many, Parties::Two),
            (Tenancy::Many, Parties::One),
            (Tenancy::Hot, Parties::Two),
            (Tenancy::Hot, Parties::One),
        ];
        all.into_iter()
            .filter(|shape| match self {
                Self::Full | Self::Smoke => true,
                Self::Quick if writers == 128 => *shape == (Tenancy::Hot, Parties::Two),
                Self::Quick => *shape == (Tenancy::Many, Parties::Two),
            })
            .collect()
    }
}
