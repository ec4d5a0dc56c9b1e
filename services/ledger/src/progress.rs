//! How far this process has folded: wakes whoever waits for a position.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use domain::actor::TenantId;
use tokio::sync::watch;

/// The positions of live views. What another process folds shows here late, at its next look.
#[derive(Default)]
pub(crate) struct Progress(Mutex<HashMap<(&'static str, TenantId), watch::Sender<u64>>>);

impl Progress {
    /// A live view has folded a tenant's feed this far.
    pub(crate) fn moved(&self, view: &'static str, tenant: TenantId, position: u64) {
        self.of(view, tenant, |sender| {
            sender.send_if_modified(|at| {
                let on = position > *at;
                *at = position.max(*at);
                on
            });
        });
    }

    /// Tells of every move of a view for a tenant.
    pub(crate) fn watch(&self, view: &'static str, tenant: TenantId) -> watch::Receiver<u64> {
        self.of(view, tenant, |sender| sender.subscribe())
    }

    fn of<T>(
        &self,
        view: &'static str,
        tenant: TenantId,
        with: impl FnOnce(&watch::Sender<u64>) -> T,
    ) -> T {
        let mut views = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        with(
            views
                .entry((view, tenant))
                .or_insert_with(|| watch::Sender::new(0)),
        )
    }
}
