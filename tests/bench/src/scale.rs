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
    /// Whether it works at all: what the smoke test asks for.
    #[cfg_attr(not(test), expect(dead_code, reason = "only the test makes one"))]
    Smoke,
}

impl Scale {
    pub(crate) fn pace(self) -> Pace {
        let (warm, slice, rounds) = match self {
            Self::Full => (500, 2_000, 3),
            Self::Quick => (200, 1_000, 3),
            Self::Smoke => (50, 200, 1),
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
            Self::Smoke => vec![2],
        }
    }

    /// Peers take a connection for each writer, and are far past their best with more than this.
    pub(crate) fn peer_writers_max(self) -> usize {
        match self {
            Self::Full => 128,
            Self::Quick => 32,
            Self::Smoke => 2,
        }
    }

    /// Whether peers that are programs are asked for so many writers; past 32 they only queue within
    /// themselves.
    pub(crate) fn peers_at(self, writers: usize) -> bool {
        match self {
            Self::Full => writers <= 32,
            Self::Quick | Self::Smoke => writers == 32,
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

    /// How many write several events at a time.
    pub(crate) fn bulk_writers(self) -> Vec<usize> {
        match self {
            Self::Full => vec![1, 32],
            Self::Quick | Self::Smoke => vec![1],
        }
    }

    /// Streams to load and how long they are.
    pub(crate) fn loaded_streams(self) -> Vec<(u64, u64)> {
        match self {
            Self::Full => vec![(10_000, 20), (200, 200)],
            Self::Quick => vec![(1_000, 20)],
            Self::Smoke => vec![(20, 20)],
        }
    }

    /// Events of the population that is replayed, followed and read.
    pub(crate) fn population(self) -> u64 {
        match self {
            Self::Full => 300_000,
            Self::Quick => 50_000,
            Self::Smoke => 1,
        }
    }

    /// Trainees of the population of many.
    pub(crate) fn trainees(self) -> u64 {
        match self {
            Self::Full => 1_000_000,
            Self::Quick => 50_000,
            Self::Smoke => 100,
        }
    }

    /// How often something is done that takes many seconds.
    pub(crate) fn long_rounds(self) -> u32 {
        match self {
            Self::Full => 3,
            Self::Quick | Self::Smoke => 1,
        }
    }

    /// Outstanding calls through the API.
    pub(crate) fn clients(self) -> Vec<usize> {
        match self {
            Self::Full | Self::Quick => vec![32, 128],
            Self::Smoke => vec![2],
        }
    }

    /// Calls a second that are offered, whatever is taken.
    pub(crate) fn offered_rates(self) -> Vec<f64> {
        match self {
            Self::Full => vec![1_000.0, 20_000.0],
            Self::Quick => vec![1_000.0],
            Self::Smoke => vec![20.0],
        }
    }

    /// Subscribers of feeds.
    pub(crate) fn subscribers(self) -> Vec<usize> {
        match self {
            Self::Full => vec![64, 512],
            Self::Quick => vec![64],
            Self::Smoke => vec![8],
        }
    }

    /// Web pages open at the same time.
    pub(crate) fn open_pages(self) -> usize {
        match self {
            Self::Full | Self::Quick => 200,
            Self::Smoke => 4,
        }
    }

    /// Watched dashboards on which nothing happens.
    pub(crate) fn watchers(self) -> Vec<usize> {
        match self {
            Self::Full => vec![500, 5_000],
            Self::Quick => vec![500],
            Self::Smoke => vec![8],
        }
    }

    /// How long growth writes unmeasured after a fill.
    pub(crate) fn settling(self) -> Duration {
        match self {
            Self::Full => Duration::from_secs(30),
            Self::Quick => Duration::from_secs(1),
            Self::Smoke => Duration::from_millis(200),
        }
    }

    /// Stored events at which growth is looked at, up to `max`.
    pub(crate) fn growth(self, max: Option<u64>) -> Vec<u64> {
        let (steps, usual): (&[u64], u64) = match self {
            Self::Full => (&[100_000, 1_000_000, 10_000_000, 50_000_000], 10_000_000),
            Self::Quick => (&[20_000, 100_000], 100_000),
            Self::Smoke => (&[1, 8_000], 8_000),
        };
        let max = max.unwrap_or(usual);
        steps.iter().copied().filter(|step| *step <= max).collect()
    }
}
