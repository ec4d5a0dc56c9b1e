//! Open streams of a tenant: bounded, and given back when they end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::actor::TenantId;
use tonic::Status;

use crate::status::exhausted;

/// Open subscriptions of one tenant to one service.
const SUBSCRIPTIONS_MAX: usize = 64;

/// A quiet subscription says so this often. The rhythm is its own, so it tells nothing of others.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// The open subscriptions of every tenant.
#[derive(Clone, Default)]
pub(crate) struct Subscriptions(Arc<Mutex<HashMap<TenantId, usize>>>);

impl Subscriptions {
    /// A place for one more.
    pub(crate) fn place(&self, tenant: TenantId) -> Result<Place, Status> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(tenant).or_default();
        if *count >= SUBSCRIPTIONS_MAX {
            return Err(exhausted(
                "SUBSCRIPTIONS_EXHAUSTED",
                format!("at most {SUBSCRIPTIONS_MAX} subscriptions at a time; end one first"),
                HEARTBEAT,
            ));
        }
        *count += 1;
        Ok(Place {
            tenant,
            open: self.clone(),
        })
    }
}

/// One open subscription; gives its place back when it ends.
pub(crate) struct Place {
    tenant: TenantId,
    open: Subscriptions,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}
