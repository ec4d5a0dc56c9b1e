//! Folds as of a day that were made for a page of a list, kept for the pages after it: folding again
//! for each would cost the whole feed each time, and the pages would not be of one moment.

use std::{
    any::Any,
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::actor::TenantId;

use crate::{
    reading::AsOf,
    view::{Folded, View},
};

/// How many are kept, and how long.
const KEPT_MAX: usize = 4;
const KEPT_FOR: Duration = Duration::from_secs(60);

/// The last folds that were made.
#[derive(Default)]
pub(crate) struct Folds(Mutex<VecDeque<Kept>>);

struct Kept {
    view: &'static str,
    tenant: TenantId,
    as_of: AsOf,
    made: Instant,
    position: u64,
    folded: Arc<dyn Any + Send + Sync>,
}

impl Folds {
    /// The fold made last of a view for a tenant as of a moment, with the position it has read up to.
    pub(crate) fn find<V: View>(
        &self,
        tenant: TenantId,
        as_of: AsOf,
    ) -> Option<(u64, Arc<Folded<V>>)> {
        let mut folds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        folds.retain(|kept| kept.made.elapsed() < KEPT_FOR);
        let known = folds
            .iter()
            .rev()
            .find(|kept| (kept.view, kept.tenant, kept.as_of) == (V::NAME, tenant, as_of))?;
        let folded = Arc::clone(&known.folded).downcast().ok()?;
        Some((known.position, folded))
    }

    /// Keeps a fold.
    pub(crate) fn keep<V: View>(
        &self,
        tenant: TenantId,
        as_of: AsOf,
        (position, folded): (u64, Arc<Folded<V>>),
    ) {
        let mut folds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        folds.retain(|kept| kept.made.elapsed() < KEPT_FOR);
        if folds.len() >= KEPT_MAX {
            folds.pop_front();
        }
        folds.push_back(Kept {
            view: V::NAME,
            tenant,
            as_of,
            made: Instant::now(),
            position,
            folded,
        });
    }
}
