//! How far feeds and views have come: wakes whoever waits for more of them, and nobody else.
//!
//! What this process writes and folds is told at once. What others do is looked for while somebody
//! waits, with one question for all that is waited for.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use domain::{actor::TenantId, calendar::london_date};
use jiff::civil::Date;
use sqlx::PgPool;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{Inner, LedgerError};

/// How long what another process has done may go unnoticed.
const LOOK: Duration = Duration::from_millis(250);

/// How far a feed or a view has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) position: u64,
    /// The live build of a view, once looked for: with another one come other figures.
    build: i64,
}

/// A view of a tenant's feed, or without one the feed itself.
type Place = (Option<&'static str>, TenantId);

/// Every place that somebody has waited for.
pub(crate) struct Progress {
    places: Mutex<HashMap<Place, watch::Sender<Reached>>>,
    today: watch::Sender<Date>,
}

impl Progress {
    pub(crate) fn new(today: Date) -> Self {
        Self {
            places: Mutex::default(),
            today: watch::Sender::new(today),
        }
    }

    /// A live view has folded a tenant's feed this far.
    pub(crate) fn folded(&self, view: &'static str, tenant: TenantId, position: u64) {
        let mut places = self.places();
        let place = places.entry((Some(view), tenant)).or_default();
        place.send_if_modified(|at| further(at, position));
    }

    /// Feeds have grown this far.
    pub(crate) fn grown(&self, feeds: impl Iterator<Item = (TenantId, u64)>) {
        let places = self.places();
        for (tenant, position) in feeds {
            if let Some(place) = places.get(&(None, tenant)) {
                place.send_if_modified(|at| further(at, position));
            }
        }
    }

    /// Tells of every move of a view for a tenant.
    pub(crate) fn view(&self, view: &'static str, tenant: TenantId) -> watch::Receiver<Reached> {
        let mut places = self.places();
        places.entry((Some(view), tenant)).or_default().subscribe()
    }

    fn moves(&self, view: Option<&'static str>, tenant: TenantId) -> Moves {
        let mut places = self.places();
        Moves {
            reached: places.entry((view, tenant)).or_default().subscribe(),
            today: self.today.subscribe(),
        }
    }

    /// The places that somebody waits for now; a feed that nobody waits for is let go.
    fn waited(&self) -> Vec<Place> {
        let mut places = self.places();
        places.retain(|(view, _), place| view.is_some() || place.receiver_count() > 0);
        (places.iter())
            .filter(|(_, place)| place.receiver_count() > 0)
            .map(|(place, _)| *place)
            .collect()
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Place, watch::Sender<Reached>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks how far everything has come that somebody waits for.
    async fn look(&self, projector: &PgPool, today: Date) -> Result<(), LedgerError> {
        self.today.send_if_modified(|day| {
            let moved = *day != today;
            *day = today;
            moved
        });
        let waited = self.waited();
        if waited.is_empty() {
            return Ok(());
        }
        let tenants = |of: fn(&Place) -> bool| -> Vec<Uuid> {
            let tenants: BTreeSet<Uuid> = (waited.iter())
                .filter(|place| of(place))
                .map(|(_, tenant)| tenant.0)
                .collect();
            tenants.into_iter().collect()
        };
        let stored: Vec<(Option<String>, i64, Uuid, i64)> = sqlx::query_as(
            "SELECT NULL AS view, 0::bigint AS build, t.tenant_id, t.head
               FROM ledger.tenant t WHERE t.tenant_id = ANY ($1)
             UNION ALL
             SELECT b.view, b.build, c.tenant_id, c.position
               FROM ledger.view_build b JOIN ledger.view_checkpoint c USING (build)
              WHERE b.state = 'live' AND c.tenant_id = ANY ($2)",
        )
        .bind(tenants(|(view, _)| view.is_none()))
        .bind(tenants(|(view, _)| view.is_some()))
        .fetch_all(projector)
        .await?;
        let stored: HashMap<(Option<&str>, Uuid), (i64, u64)> = stored
            .iter()
            .map(|(view, build, tenant, position)| {
                (
                    (view.as_deref(), *tenant),
                    (*build, position.unsigned_abs()),
                )
            })
            .collect();
        let places = self.places();
        for (view, tenant) in waited {
            let (Some((build, position)), Some(place)) =
                (stored.get(&(view, tenant.0)), places.get(&(view, tenant)))
            else {
                continue;
            };
            place.send_if_modified(|at| {
                let other = at.build != *build;
                at.build = *build;
                further(at, *position) || other
            });
        }
        Ok(())
    }
}

fn further(at: &mut Reached, position: u64) -> bool {
    let on = position > at.position;
    at.position = position.max(at.position);
    on
}

/// Tells when there may be more to see of one tenant's feed or of a view of it: it has moved on,
/// the view was built anew, or another day has begun. Waiting costs the database nothing of its own.
#[derive(Debug)]
pub struct Moves {
    reached: watch::Receiver<Reached>,
    today: watch::Receiver<Date>,
}

impl Moves {
    /// Waits for the next move after the last one that was told, or was seen meanwhile.
    pub async fn next(&mut self) {
        let told = tokio::select! {
            told = self.reached.changed() => told,
            told = self.today.changed() => told,
        };
        if told.is_err() {
            // The ledger is gone, and with it everything that could move.
            std::future::pending::<()>().await;
        }
    }
}

impl Inner {
    /// See [`Moves`].
    pub(crate) fn moves(&self, view: Option<&'static str>, tenant: TenantId) -> Moves {
        self.progress.moves(view, tenant)
    }
}

/// Notices what other processes have done; ends with the last handle on the ledger.
pub(crate) async fn look_on(ledger: Weak<Inner>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(inner) = ledger.upgrade() else {
            return;
        };
        let today = london_date(inner.time.now());
        if let Err(error) = inner.progress.look(&inner.projector, today).await {
            tracing::warn!(%error, "how far feeds and views have come could not be looked at");
        }
    }
}
