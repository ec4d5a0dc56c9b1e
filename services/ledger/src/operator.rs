//! What an operator sees and does of views, beside the service and without its keys. None of it
//! touches an event.

use std::{collections::BTreeMap, marker::PhantomData, sync::Arc};

use domain::actor::TenantId;
use jiff::{SignedDuration, Timestamp};
use sqlx::{PgConnection, PgPool, Postgres, Transaction};
use tracing::warn;
use uuid::Uuid;

use crate::{
    LedgerError, Projector, build,
    check::{Checked, Diverged, Told, event_at},
    follow::{self, Followed, Whose, begin, pg_instant, signed, unsigned},
    lane::{Changes, Folding, Folds, Move, Skips, unreadable, write},
    pool,
    project::BATCH_MAX,
    view::{Folded, Parked, View},
};

/// Connections of an operator: one to look, and one to spare.
const CONNECTIONS: u32 = 2;

/// An operator's hand on views: as `trellis_inspector` to look, as `trellis_projector` to act.
#[derive(Clone)]
pub struct Operator {
    pool: PgPool,
    views: Vec<Arc<dyn Folds>>,
}

/// How far one build of a view is with one tenant's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewLane {
    /// The view.
    pub view: String,
    /// The version of the view that it is a build of.
    pub version: u32,
    /// The number of the build.
    pub build: i64,
    /// `live` or `building`.
    pub state: String,
    /// Whose feed; `None` for a build that has not begun.
    pub tenant: Option<TenantId>,
    /// The position it has folded up to.
    pub position: u64,
    /// The end of the feed.
    pub head: u64,
    /// How long the oldest event that is not folded has been waiting.
    pub behind: SignedDuration,
    /// Streams it has stopped at.
    pub parked: u64,
}

/// A stream that a live build has stopped at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedStream {
    /// The view.
    pub view: String,
    /// Whose.
    pub tenant: TenantId,
    /// The event that did not fold.
    pub event: Diverged,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

impl Projector {
    /// An operator's hand on the views of this runner.
    pub fn operator(&self) -> Operator {
        Operator {
            pool: self.ledger().projector().clone(),
            views: self.views().to_vec(),
        }
    }
}

impl Operator {
    /// Connects to a ledger's database, as the role that the address names.
    ///
    /// # Errors
    /// When the database is away or refuses the role.
    pub async fn connect(url: &str) -> Result<Self, LedgerError> {
        Ok(Self {
            pool: pool(url, CONNECTIONS, &[]).await?,
            views: vec![],
        })
    }

    /// The same, with a view.
    #[must_use]
    pub fn with<V: View>(mut self) -> Self {
        self.views.push(Arc::new(Folding::<V>(PhantomData)));
        self
    }

    /// The names of the views.
    pub fn views(&self) -> impl Iterator<Item = &'static str> {
        self.views.iter().map(|view| view.name())
    }

    fn view(&self, name: &str) -> Result<&Arc<dyn Folds>, LedgerError> {
        let found = self.views.iter().find(|view| view.name() == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.views().collect();
            let names = names.join(", ");
            LedgerError::Misconfigured(format!("there is no view {name}; there are {names}"))
        })
    }

    /// How far every build that is live or building is with every feed it has begun.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn lanes(&self) -> Result<Vec<ViewLane>, LedgerError> {
        #[derive(sqlx::FromRow)]
        struct Stored {
            view: String,
            version: i32,
            build: i64,
            state: String,
            tenant: Option<Uuid>,
            position: i64,
            head: i64,
            parked: i64,
        }
        let stored: Vec<Stored> = sqlx::query_as(
            "SELECT b.view, b.version, b.build, b.state, c.tenant_id AS tenant,
                    coalesce(c.position, 0) AS position, coalesce(t.head, 0) AS head,
                    (SELECT count(*) FROM ledger.view_parked p
                      WHERE p.tenant_id = c.tenant_id AND p.build = c.build) AS parked
               FROM ledger.view_build b
               LEFT JOIN ledger.view_checkpoint c ON c.build = b.build
               LEFT JOIN ledger.tenant t ON t.tenant_id = c.tenant_id
              WHERE b.state <> 'retired'
              ORDER BY b.view, b.build, c.tenant_id",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut lanes = Vec::with_capacity(stored.len());
        for lane in stored {
            let tenant = lane.tenant.map(TenantId);
            let (position, head) = (unsigned(lane.position), unsigned(lane.head));
            let behind = match tenant {
                Some(tenant) if position < head => self.waiting_for(tenant, position).await?,
                _ => SignedDuration::ZERO,
            };
            lanes.push(ViewLane {
                view: lane.view,
                version: lane.version.unsigned_abs(),
                build: lane.build,
                state: lane.state,
                tenant,
                position,
                head: head.max(position),
                behind,
                parked: unsigned(lane.parked),
            });
        }
        Ok(lanes)
    }

    /// How long the event after a position has been in the feed.
    async fn waiting_for(
        &self,
        tenant: TenantId,
        position: u64,
    ) -> Result<SignedDuration, LedgerError> {
        let mut tx = begin(&self.pool, tenant).await?;
        let next = follow::read(&mut *tx, tenant, position, 1, Whose::All).await?;
        let now: i64 = sqlx::query_scalar(
            "SELECT (extract(epoch FROM clock_timestamp() - '2000-01-01Z') * 1000000)::bigint",
        )
        .fetch_one(&mut *tx)
        .await?;
        let since = next.first().map(|next| next.noted.recorded);
        let waited = since.map(|since| pg_instant(now).duration_since(since));
        Ok(waited.unwrap_or_default().max(SignedDuration::ZERO))
    }

    /// The streams that live builds have stopped at, with the event and the reason.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn parked(&self) -> Result<Vec<ParkedStream>, LedgerError> {
        type Stored = (String, Uuid, Uuid, i64, i64, String, i64);
        let stored: Vec<Stored> = sqlx::query_as(
            "SELECT b.view, p.tenant_id, p.stream, p.position, p.sequence, p.reason,
                    (extract(epoch FROM p.parked_at - '2000-01-01Z') * 1000000)::bigint
               FROM ledger.view_parked p JOIN ledger.view_build b USING (build)
              WHERE b.state = 'live'
              ORDER BY b.view, p.tenant_id, p.position",
        )
        .fetch_all(&self.pool)
        .await?;
        let mut parked = Vec::with_capacity(stored.len());
        for (view, tenant, stream, position, sequence, reason, since) in stored {
            let tenant = TenantId(tenant);
            let event = event_at(&self.pool, tenant, Some(unsigned(position))).await?;
            let here = |event: &Diverged| event.stream == stream;
            parked.push(ParkedStream {
                view,
                tenant,
                event: event.filter(here).unwrap_or_else(|| Diverged {
                    position: unsigned(position),
                    kind: String::new(),
                    stream,
                    sequence: unsigned(sequence),
                    event_type: String::new(),
                }),
                reason,
                since: pg_instant(since),
            });
        }
        Ok(parked)
    }

    /// The tenants of whom the live build of a view holds anything.
    ///
    /// # Errors
    /// When there is no such view, or the store does not answer.
    pub async fn tenants(&self, view: &str) -> Result<Vec<TenantId>, LedgerError> {
        let view = self.view(view)?;
        let tenants: Vec<Uuid> = sqlx::query_scalar(
            "SELECT c.tenant_id FROM ledger.view_checkpoint c JOIN ledger.view_build b USING (build)
              WHERE b.view = $1 AND b.version = $2 AND b.state = 'live' ORDER BY c.tenant_id",
        )
        .bind(view.name())
        .bind(i32::try_from(view.version()).unwrap_or(i32::MAX))
        .fetch_all(&self.pool)
        .await?;
        Ok(tenants.into_iter().map(TenantId).collect())
    }

    /// Builds a view again in memory, beside the live build and at its position, and compares row
    /// by row. Writes nothing and holds nobody up.
    ///
    /// # Errors
    /// When there is no such view, the store does not answer, or a stored row cannot be read.
    pub async fn check(
        &self,
        view: &str,
        tenant: TenantId,
        told: Told<'_>,
    ) -> Result<Checked, LedgerError> {
        self.view(view)?.check(&self.pool, tenant, told).await
    }

    /// Builds a view again from the first event, beside the live build, which it replaces once it
    /// has caught up. Answers with the number of the build; the runners fill it.
    ///
    /// # Errors
    /// When there is no such view, or the store does not answer.
    pub async fn rebuild(&self, view: &str) -> Result<i64, LedgerError> {
        let view = self.view(view)?;
        let build = sqlx::query_scalar(
            "WITH opened AS (
               INSERT INTO ledger.view_build (view, version, state) VALUES ($1, $2, 'building')
               ON CONFLICT DO NOTHING RETURNING build)
             SELECT build FROM opened
             UNION ALL
             SELECT build FROM ledger.view_build
              WHERE view = $1 AND version = $2 AND state = 'building'
             LIMIT 1",
        )
        .bind(view.name())
        .bind(i32::try_from(view.version()).unwrap_or(i32::MAX))
        .fetch_one(&self.pool)
        .await?;
        Ok(build)
    }

    /// Makes the build of a view that is building the live one, which runners do by themselves as
    /// soon as it has caught up. Answers with its number; `None` when none is building, or it is
    /// behind the live one.
    ///
    /// # Errors
    /// When there is no such view, or the store does not answer.
    pub async fn switch(&self, view: &str) -> Result<Option<i64>, LedgerError> {
        let name = self.view(view)?.name();
        let building: Option<i64> = sqlx::query_scalar(
            "SELECT max(build) FROM ledger.view_build WHERE view = $1 AND state = 'building'",
        )
        .bind(name)
        .fetch_one(&self.pool)
        .await?;
        let Some(building) = building else {
            return Ok(None);
        };
        if !build::switch(&self.pool, building).await? {
            return Ok(None);
        }
        build::clear_retired(&self.pool, name).await?;
        Ok(Some(building))
    }

    /// Sets one event aside for a view, in every build of it from now on: a decision of a person,
    /// kept with name and reason. Then [`Operator::retry`] the stream.
    ///
    /// # Errors
    /// When there is no such view, or the store does not answer.
    pub async fn skip(
        &self,
        view: &str,
        tenant: TenantId,
        (stream, sequence): (Uuid, u64),
        by: &str,
        reason: &str,
    ) -> Result<(), LedgerError> {
        let view = self.view(view)?.name();
        let mut tx = begin_durable(&self.pool, tenant).await?;
        sqlx::query(
            "INSERT INTO ledger.view_skip (view, tenant_id, stream, sequence, skipped_by, reason)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(view)
        .bind(tenant.0)
        .bind(stream)
        .bind(signed(sequence))
        .bind(by)
        .bind(reason)
        .execute(&mut *tx)
        .await?;
        // Whoever keeps this tenant's rows at hand asks for the skipped events again.
        sqlx::query(
            "UPDATE ledger.view_checkpoint SET stamp = stamp + 1
              WHERE tenant_id = $1
                AND build IN (SELECT build FROM ledger.view_build WHERE view = $2)",
        )
        .bind(tenant.0)
        .bind(view)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        warn!(view, %tenant, %stream, sequence, by, reason, "an event is skipped in a view");
        Ok(())
    }

    /// Replays a parked stream from the event it stopped at. Answers whether it now runs on; when
    /// an event still does not fold, the stream stays parked there.
    ///
    /// # Errors
    /// When there is no such view, or the store does not answer.
    pub async fn retry(
        &self,
        view: &str,
        tenant: TenantId,
        stream: Uuid,
    ) -> Result<bool, LedgerError> {
        self.view(view)?.retry(&self.pool, tenant, stream).await
    }
}

/// See [`Operator::retry`].
pub(crate) async fn retry<V: View>(
    pool: &PgPool,
    tenant: TenantId,
    stream: Uuid,
) -> Result<bool, LedgerError> {
    let mut tx = begin_durable(pool, tenant).await?;
    let Some(build) = live_build(&mut tx, V::NAME, V::VERSION).await? else {
        return Ok(true);
    };
    let Some((until, stamp)) = hold_checkpoint(&mut tx, build, tenant).await? else {
        return Ok(false);
    };
    let from: Option<i64> = sqlx::query_scalar(
        "DELETE FROM ledger.view_parked
          WHERE tenant_id = $1 AND build = $2 AND stream = $3 RETURNING position",
    )
    .bind(tenant.0)
    .bind(build)
    .bind(stream)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(from) = from else { return Ok(true) };
    let row: Option<(Uuid, String)> = sqlx::query_as(
        "SELECT stream, row::text FROM ledger.view_row
          WHERE tenant_id = $1 AND build = $2 AND stream = $3",
    )
    .bind(tenant.0)
    .bind(build)
    .bind(stream)
    .fetch_optional(&mut *tx)
    .await?;
    let skipped = skipped(&mut tx, V::NAME, tenant).await?;
    let rows = decode::<V>(row.into_iter().collect())?;
    let mut folded = Folded::<V>::on_top_of(rows, BTreeMap::new(), skipped);
    let mut parked_at = vec![];
    let mut after = unsigned(from).saturating_sub(1);
    while after < until {
        let page = follow::read(&mut *tx, tenant, after, BATCH_MAX, Whose::All).await?;
        let Some(last) = page.last() else { break };
        after = last.position;
        let missed = |item: &&Followed| item.noted.stream == stream && item.position <= until;
        for item in page.iter().filter(missed) {
            folded.note(&item.noted);
            if parked_at.is_empty() && !folded.parked().is_empty() {
                parked_at.push(item.position);
            }
        }
    }
    let runs = folded.parked().is_empty();
    let moved = Move {
        build,
        tenant,
        from: until,
        stamp,
        to: until,
        changes: Changes::of(&folded)?,
        parked_at,
    };
    if write(&mut *tx, &[moved]).await?.contains(&false) {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE ledger.view_checkpoint SET stamp = stamp + 1
          WHERE tenant_id = $1 AND build = $2",
    )
    .bind(tenant.0)
    .bind(build)
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(runs)
}

pub(crate) async fn live_build(
    tx: &mut PgConnection,
    view: &str,
    version: u32,
) -> Result<Option<i64>, LedgerError> {
    let build = sqlx::query_scalar(
        "SELECT build FROM ledger.view_build WHERE view = $1 AND version = $2 AND state = 'live'",
    )
    .bind(view)
    .bind(i32::try_from(version).unwrap_or(i32::MAX))
    .fetch_optional(tx)
    .await?;
    Ok(build)
}

/// A transaction of an operator, who is told only what will stay: the folds of views are committed
/// without waiting for the disk, this is not.
async fn begin_durable(
    pool: &PgPool,
    tenant: TenantId,
) -> Result<Transaction<'static, Postgres>, LedgerError> {
    let mut tx = begin(pool, tenant).await?;
    sqlx::query("SET LOCAL synchronous_commit = on")
        .execute(&mut *tx)
        .await?;
    Ok(tx)
}

/// Holds the tenant's checkpoint for the transaction, waiting for whoever has it: position and
/// stamp.
async fn hold_checkpoint(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
) -> Result<Option<(u64, i64)>, LedgerError> {
    let held: Option<(i64, i64)> = sqlx::query_as(
        "SELECT position, stamp FROM ledger.view_checkpoint
          WHERE tenant_id = $1 AND build = $2 FOR UPDATE",
    )
    .bind(tenant.0)
    .bind(build)
    .fetch_optional(tx)
    .await?;
    Ok(held.map(|(position, stamp)| (unsigned(position), stamp)))
}

/// The parked streams of a tenant.
pub(crate) async fn parked_streams(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
) -> Result<BTreeMap<Uuid, Parked>, LedgerError> {
    let parked: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "SELECT stream, sequence, reason FROM ledger.view_parked
          WHERE tenant_id = $1 AND build = $2",
    )
    .bind(tenant.0)
    .bind(build)
    .fetch_all(tx)
    .await?;
    Ok(parked
        .into_iter()
        .map(|(stream, sequence, reason)| {
            let sequence = unsigned(sequence);
            (stream, Parked { sequence, reason })
        })
        .collect())
}

pub(crate) async fn skipped(
    tx: &mut PgConnection,
    view: &str,
    tenant: TenantId,
) -> Result<Skips, LedgerError> {
    let skipped: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT stream, sequence FROM ledger.view_skip WHERE tenant_id = $1 AND view = $2",
    )
    .bind(tenant.0)
    .bind(view)
    .fetch_all(tx)
    .await?;
    Ok(skipped
        .into_iter()
        .map(|(stream, sequence)| (stream, unsigned(sequence)))
        .collect())
}

fn decode<V: View>(rows: Vec<(Uuid, String)>) -> Result<BTreeMap<Uuid, V::Row>, LedgerError> {
    rows.into_iter()
        .map(|(stream, row)| Ok((stream, serde_json::from_str(&row).map_err(unreadable)?)))
        .collect()
}
