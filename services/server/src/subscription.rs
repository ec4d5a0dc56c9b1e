//! Open streams of a tenant: bounded, and given back when they end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::actor::TenantId;
use tokio::sync::watch;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::status::{ERROR_DOMAIN, exhausted};

/// Open subscriptions of one tenant to one service.
const SUBSCRIPTIONS_MAX: usize = 64;

/// A quiet subscription says so this often. The rhythm is its own, so it tells nothing of others.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(15);

/// The open subscriptions of every tenant.
#[derive(Clone)]
pub(crate) struct Subscriptions {
    open: Arc<Mutex<HashMap<TenantId, usize>>>,
    draining: watch::Receiver<bool>,
}

impl Subscriptions {
    /// Subscriptions that end once the service drains.
    pub(crate) fn until(draining: watch::Receiver<bool>) -> Self {
        Self {
            open: Arc::default(),
            draining,
        }
    }

    /// A place for one more.
    pub(crate) fn place(&self, tenant: TenantId) -> Result<Place, Status> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
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
            subscriptions: self.clone(),
        })
    }
}

/// One open subscription; gives its place back when it ends.
pub(crate) struct Place {
    tenant: TenantId,
    subscriptions: Subscriptions,
}

impl Place {
    /// Waits until the service drains; the subscription then ends with this.
    pub(crate) async fn drained(&mut self) -> Status {
        let _ = self.subscriptions.draining.wait_for(|stop| *stop).await;
        Status::with_error_details(
            Code::Unavailable,
            "the service is stopping; subscribe again from the last position received",
            ErrorDetails::with_error_info("DRAINING", ERROR_DOMAIN, []),
        )
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self
            .subscriptions
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.tenant) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.tenant);
            }
        }
    }
}
