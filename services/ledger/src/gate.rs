//! Commands of one process that touch the same stream go one after the other, so that they find
//! each other's result in the cache and not as a conflict in the database. Only an economy:
//! correctness is the version check of the append.

use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
};

use domain::world::StreamKey;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

const STRIPES: usize = 4096;

pub(crate) struct Gate {
    stripes: Vec<Arc<RwLock<()>>>,
    hasher: RandomState,
}

/// Stripes to hold; true for those held alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claim(BTreeMap<usize, bool>);

impl Claim {
    fn covers(&self, other: &Self) -> bool {
        other
            .0
            .iter()
            .all(|(stripe, alone)| self.0.get(stripe).is_some_and(|held| held >= alone))
    }
}

enum Hold {
    Shared(#[allow(dead_code, reason = "held")] OwnedRwLockReadGuard<()>),
    Alone(#[allow(dead_code, reason = "held")] OwnedRwLockWriteGuard<()>),
}

pub(crate) struct Held {
    claim: Claim,
    _holds: Vec<Hold>,
}

impl Held {
    pub(crate) fn covers(&self, claim: &Claim) -> bool {
        self.claim.covers(claim)
    }
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self {
            stripes: (0..STRIPES).map(|_| Arc::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The claim of a command that writes some streams and only reads others.
    pub(crate) fn claim(&self, streams: impl Iterator<Item = (StreamKey, bool)>) -> Claim {
        let mut claim = Claim::default();
        for (key, writes) in streams {
            let stripe = usize::try_from(self.hasher.hash_one(key) % STRIPES as u64).unwrap_or(0);
            *claim.0.entry(stripe).or_default() |= writes;
        }
        claim
    }

    /// Waits for every stripe of `claim`, in one order.
    pub(crate) async fn hold(&self, claim: Claim) -> Held {
        let mut holds = Vec::with_capacity(claim.0.len());
        for (stripe, alone) in &claim.0 {
            let Some(lock) = self.stripes.get(*stripe) else {
                continue;
            };
            let lock = Arc::clone(lock);
            holds.push(if *alone {
                Hold::Alone(lock.write_owned().await)
            } else {
                Hold::Shared(lock.read_owned().await)
            });
        }
        Held {
            claim,
            _holds: holds,
        }
    }
}
