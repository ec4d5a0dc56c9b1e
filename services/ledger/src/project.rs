//! The projection runner: keeps the rows and figures of every [`View`] up with the feeds.
//!
//! A batch of one tenant's feed is folded in memory and written in one transaction together with
//! the checkpoint, which moves by compare-and-swap. So each event is folded exactly once whatever
//! crashes and however many processes run; a lock on the checkpoint only saves them work.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    marker::PhantomData,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::actor::{TenantId, TenantKind};
use futures::{StreamExt as _, future::BoxFuture, stream};
use opentelemetry::{KeyValue, global, metrics::Counter, metrics::Gauge};
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use tracing::{Instrument as _, Span, error, info, info_span, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::{
    Ledger, LedgerError,
    follow::{self, Backoff, Followed, Whose, begin, signed, unsigned},
    trace,
    view::{Figures, Folded, Parked, View},
};

/// Most feed items one transaction folds.
pub const BATCH_MAX: u32 = 500;

/// Heads are polled this often when no hint comes; hints only shorten the wait.
const POLL: Duration = Duration::from_millis(500);

/// Tenants folded at the same time by one process, so that many small ones pass a large one.
const AT_ONCE: usize = 4;

/// Runs the views of this process.
pub struct Projector {
    ledger: Ledger,
    views: Vec<Arc<dyn Folds>>,
    lanes: HashMap<(i64, TenantId), Lane>,
    metrics: Metrics,
}

/// What one build knows of one tenant: how far it is, and how it fares.
#[derive(Debug, Clone, Copy)]
struct Lane {
    position: u64,
    limit: u32,
    failures: u32,
    not_before: Option<Instant>,
}

impl Lane {
    fn at(position: u64) -> Self {
        Self {
            position,
            limit: BATCH_MAX,
            failures: 0,
            not_before: None,
        }
    }
}

/// A build this process has the code for.
#[derive(Clone)]
struct Build {
    number: i64,
    live: bool,
    view: Arc<dyn Folds>,
}

/// What one batch did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    /// Folded up to this position, parking so many streams.
    Moved { to: u64, parked: u64 },
    /// Nothing new; the checkpoint is here.
    Idle { at: u64 },
    /// Another process is at it.
    Busy,
}

/// What one round over all tenants did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Batches written.
    pub batches: u64,
    /// Batches that failed for now and will be tried again.
    pub failed: u64,
    /// Tenants another process was at.
    pub busy: u64,
}

impl Projector {
    /// A runner without views.
    pub fn new(ledger: &Ledger) -> Self {
        Self {
            ledger: ledger.clone(),
            views: Vec::new(),
            lanes: HashMap::new(),
            metrics: Metrics::default(),
        }
    }

    /// The same, with a view.
    #[must_use]
    pub fn with<V: View>(mut self) -> Self {
        self.views.push(Arc::new(Folding::<V>(PhantomData)));
        self
    }

    /// Folds until `stop` turns true. Errors of the store are waited out.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut wake = self.ledger.wake();
        let mut backoff = Backoff::default();
        while !*stop.borrow() {
            let pause = match self.round().await {
                Ok(round) if round.batches > 0 => {
                    backoff.reset();
                    continue;
                }
                Ok(_) => {
                    backoff.reset();
                    POLL
                }
                Err(error) => {
                    warn!(%error, "views wait for the store");
                    backoff.next()
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = wake.recv() => {}
                stopped = stop.changed() => if stopped.is_err() { return },
            }
        }
    }

    /// Folds until every view has seen every feed's head. For demonstrations and tests.
    ///
    /// # Errors
    /// When the store does not answer or a batch keeps failing.
    pub async fn catch_up(&mut self) -> Result<(), LedgerError> {
        let mut failed = 0;
        loop {
            let round = self.round().await?;
            if round.failed > 0 {
                failed += 1;
                if failed > 20 {
                    return Err(LedgerError::Overloaded);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            } else if round.busy > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            } else if round.batches == 0 {
                return Ok(());
            }
        }
    }

    /// One batch for every tenant and build that is behind its feed's head.
    ///
    /// # Errors
    /// When the heads cannot be read; what fails for one tenant is in the answer.
    pub async fn round(&mut self) -> Result<Round, LedgerError> {
        let pool = self.ledger.projector().clone();
        let builds = self.builds(&pool).await?;
        let heads = follow::heads(&pool).await?;
        let mut due = Vec::new();
        let mut unfinished = BTreeSet::new();
        for build in &builds {
            let mut lag = 0_u64;
            for (tenant, head) in &heads {
                if self.ledger.tenant_kind(*tenant).await? != Some(build.view.kind()) {
                    continue;
                }
                let lane = self.lane(&pool, build.number, *tenant).await?;
                if lane.position < *head {
                    lag = lag.max(head.saturating_sub(lane.position));
                    unfinished.insert(build.number);
                    if lane.not_before.is_none_or(|at| at <= Instant::now()) {
                        due.push((build.clone(), *tenant, lane.limit));
                    }
                }
            }
            if build.live {
                self.metrics.lag(build.view.name(), lag);
            }
        }

        let ran: Vec<_> = stream::iter(due)
            .map(|(build, tenant, limit)| {
                let pool = &pool;
                async move {
                    let ran = build.view.batch(pool, build.number, tenant, limit).await;
                    (build, tenant, ran)
                }
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut round = Round::default();
        for (build, tenant, ran) in ran {
            self.settle(&pool, &build, tenant, ran, &mut round).await;
        }
        for build in builds.iter().filter(|build| !build.live) {
            if !unfinished.contains(&build.number) && switch(&pool, build.number).await? {
                info!(
                    view = build.view.name(),
                    build = build.number,
                    "the new build of the view is live"
                );
                clear_retired(&pool, build.view.name()).await?;
                round.batches += 1;
            }
        }
        Ok(round)
    }

    /// The builds to fold, starting one for every view that has none of this code's version.
    async fn builds(&self, pool: &PgPool) -> Result<Vec<Build>, LedgerError> {
        let mut builds = Vec::new();
        for view in &self.views {
            for (number, live) in open_builds(pool, view.name(), view.version()).await? {
                builds.push(Build {
                    number,
                    live,
                    view: Arc::clone(view),
                });
            }
        }
        Ok(builds)
    }

    async fn lane(
        &mut self,
        pool: &PgPool,
        build: i64,
        tenant: TenantId,
    ) -> Result<Lane, LedgerError> {
        if let Some(lane) = self.lanes.get(&(build, tenant)) {
            return Ok(*lane);
        }
        let position: Option<i64> = sqlx::query_scalar(
            "SELECT position FROM ledger.view_checkpoint WHERE tenant_id = $1 AND build = $2",
        )
        .bind(tenant.0)
        .bind(build)
        .fetch_optional(pool)
        .await?;
        let lane = Lane::at(position.map_or(0, unsigned));
        self.lanes.insert((build, tenant), lane);
        Ok(lane)
    }

    async fn settle(
        &mut self,
        pool: &PgPool,
        build: &Build,
        tenant: TenantId,
        ran: Result<Batch, LedgerError>,
        round: &mut Round,
    ) {
        let key = (build.number, tenant);
        let Some(lane) = self.lanes.get_mut(&key) else {
            return;
        };
        match ran {
            Ok(Batch::Moved { to, parked }) => {
                // After a batch that had to be cut, grow again slowly.
                let limit = lane.limit.saturating_mul(2).min(BATCH_MAX);
                *lane = Lane {
                    limit,
                    ..Lane::at(to)
                };
                round.batches += 1;
                self.metrics.parked(build.view.name(), parked);
            }
            Ok(Batch::Idle { at }) => *lane = Lane::at(at),
            Ok(Batch::Busy) => {
                // Another process moves it; read the checkpoint again next time.
                self.lanes.remove(&key);
                round.busy += 1;
            }
            Err(error) if deterministic(&error) && lane.limit > 1 => {
                lane.limit /= 2;
                round.batches += 1;
            }
            Err(error) if deterministic(&error) => {
                error!(view = build.view.name(), %tenant, %error, "parking a stream the store refuses");
                match build
                    .view
                    .park_next(pool, build.number, tenant, error.to_string())
                    .await
                {
                    Ok(()) => {
                        self.lanes.remove(&key);
                        round.batches += 1;
                        self.metrics.parked(build.view.name(), 1);
                    }
                    Err(error) => {
                        warn!(view = build.view.name(), %tenant, %error, "parking failed");
                        round.failed += 1;
                    }
                }
            }
            Err(error) => {
                lane.failures = lane.failures.saturating_add(1);
                lane.not_before = Some(Instant::now() + Backoff::after(lane.failures));
                round.failed += 1;
                warn!(view = build.view.name(), %tenant, %error, "the view waits for this tenant");
            }
        }
    }
}

/// A view without its type, so that one runner holds many.
trait Folds: Send + Sync {
    fn name(&self) -> &'static str;
    fn version(&self) -> u32;
    fn kind(&self) -> TenantKind;
    /// Folds the next batch of a tenant's feed.
    fn batch<'a>(
        &'a self,
        pool: &'a PgPool,
        build: i64,
        tenant: TenantId,
        limit: u32,
    ) -> BoxFuture<'a, Result<Batch, LedgerError>>;
    /// Parks the stream of the next event, which the store does not take.
    fn park_next<'a>(
        &'a self,
        pool: &'a PgPool,
        build: i64,
        tenant: TenantId,
        reason: String,
    ) -> BoxFuture<'a, Result<(), LedgerError>>;
}

struct Folding<V>(PhantomData<fn() -> V>);

impl<V: View> Folds for Folding<V> {
    fn name(&self) -> &'static str {
        V::NAME
    }
    fn version(&self) -> u32 {
        V::VERSION
    }
    fn kind(&self) -> TenantKind {
        V::KIND
    }
    fn batch<'a>(
        &'a self,
        pool: &'a PgPool,
        build: i64,
        tenant: TenantId,
        limit: u32,
    ) -> BoxFuture<'a, Result<Batch, LedgerError>> {
        let span =
            info_span!("fold view", view = V::NAME, build, %tenant, events = tracing::field::Empty);
        Box::pin(batch::<V>(pool, build, tenant, limit).instrument(span))
    }
    fn park_next<'a>(
        &'a self,
        pool: &'a PgPool,
        build: i64,
        tenant: TenantId,
        reason: String,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(park_next::<V>(pool, build, tenant, reason))
    }
}

/// The builds of a view at this version that are live or building, opening one when there is none.
async fn open_builds(
    pool: &PgPool,
    view: &str,
    version: u32,
) -> Result<Vec<(i64, bool)>, LedgerError> {
    let version = i32::try_from(version).unwrap_or(i32::MAX);
    loop {
        let known: Vec<(i64, i32, bool)> = sqlx::query_as(
            "SELECT build, version, state = 'live' FROM ledger.view_build
              WHERE view = $1 AND state <> 'retired' ORDER BY build",
        )
        .bind(view)
        .fetch_all(pool)
        .await?;
        let ours: Vec<_> = known
            .iter()
            .filter(|(_, of, _)| *of == version)
            .map(|(build, _, live)| (*build, *live))
            .collect();
        let newest = known.iter().map(|(_, of, _)| *of).max().unwrap_or(0);
        if !ours.is_empty() || newest > version {
            return Ok(ours);
        }
        let state = if known.iter().any(|(_, _, live)| *live) {
            "building"
        } else {
            "live"
        };
        info!(view, version, state, "opening a build of the view");
        sqlx::query(
            "INSERT INTO ledger.view_build (view, version, state) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
        )
        .bind(view)
        .bind(version)
        .bind(state)
        .execute(pool)
        .await?;
    }
}

/// What to do about a checkpoint that another process holds.
#[derive(Clone, Copy)]
enum Busy {
    Wait,
    PassOver,
}

/// Takes the tenant's checkpoint for the transaction: its position, or `None` when another process
/// holds it.
async fn take_checkpoint(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
    busy: Busy,
) -> Result<Option<i64>, LedgerError> {
    let take = match busy {
        Busy::Wait => {
            "SELECT position FROM ledger.view_checkpoint
              WHERE tenant_id = $1 AND build = $2 FOR UPDATE"
        }
        Busy::PassOver => {
            "SELECT position FROM ledger.view_checkpoint
              WHERE tenant_id = $1 AND build = $2 FOR UPDATE SKIP LOCKED"
        }
    };
    let taken: Option<i64> = sqlx::query_scalar(take)
        .bind(tenant.0)
        .bind(build)
        .fetch_optional(&mut *tx)
        .await?;
    if taken.is_some() {
        return Ok(taken);
    }
    let opened = sqlx::query(
        "INSERT INTO ledger.view_checkpoint (build, tenant_id, position)
         SELECT build, $2, 0 FROM ledger.view_build WHERE build = $1 AND state <> 'retired'
         ON CONFLICT DO NOTHING",
    )
    .bind(build)
    .bind(tenant.0)
    .execute(&mut *tx)
    .await?;
    Ok((opened.rows_affected() == 1).then_some(0))
}

/// Moves the checkpoint; false when it is no longer where the batch began.
async fn move_checkpoint(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
    from: i64,
    to: u64,
) -> Result<bool, LedgerError> {
    let moved = sqlx::query(
        "UPDATE ledger.view_checkpoint SET position = $4, moved_at = clock_timestamp()
          WHERE tenant_id = $1 AND build = $2 AND position = $3",
    )
    .bind(tenant.0)
    .bind(build)
    .bind(from)
    .bind(signed(to))
    .execute(tx)
    .await?;
    Ok(moved.rows_affected() == 1)
}

async fn batch<V: View>(
    pool: &PgPool,
    build: i64,
    tenant: TenantId,
    limit: u32,
) -> Result<Batch, LedgerError> {
    let mut tx = begin(pool, tenant).await?;
    let Some(from) = take_checkpoint(&mut tx, build, tenant, Busy::PassOver).await? else {
        return Ok(Batch::Busy);
    };
    let items = follow::read(&mut tx, tenant, unsigned(from), limit, Whose::All).await?;
    let Some(to) = items.last().map(|item| item.noted.position) else {
        return Ok(Batch::Idle { at: unsigned(from) });
    };
    continue_traces(&items);
    let mut folded = resume::<V>(&mut tx, build, tenant, &items).await?;
    for item in &items {
        folded.note(&item.noted);
    }
    write::<V>(&mut tx, build, tenant, &folded).await?;
    if !move_checkpoint(&mut tx, build, tenant, from, to).await? {
        return Ok(Batch::Busy);
    }
    tx.commit().await?;
    let mut parked = 0;
    for (stream, at) in folded.newly_parked() {
        parked += 1;
        error!(view = V::NAME, %tenant, %stream, position = at.position, reason = at.reason, "stream parked");
    }
    Ok(Batch::Moved { to, parked })
}

async fn park_next<V: View>(
    pool: &PgPool,
    build: i64,
    tenant: TenantId,
    reason: String,
) -> Result<(), LedgerError> {
    let mut tx = begin(pool, tenant).await?;
    let Some(from) = take_checkpoint(&mut tx, build, tenant, Busy::PassOver).await? else {
        return Ok(());
    };
    let items = follow::read(&mut tx, tenant, unsigned(from), 1, Whose::All).await?;
    let Some(item) = items.first() else {
        return Ok(());
    };
    let mut folded = resume::<V>(&mut tx, build, tenant, &items).await?;
    folded.park(&item.noted, reason);
    write::<V>(&mut tx, build, tenant, &folded).await?;
    if move_checkpoint(&mut tx, build, tenant, from, item.noted.position).await? {
        tx.commit().await?;
    }
    Ok(())
}

/// The stored rows, parked streams and skipped events that `items` touch.
async fn resume<V: View>(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
    items: &[Followed],
) -> Result<Folded<V>, LedgerError> {
    let streams: BTreeSet<Uuid> = items.iter().map(|item| item.noted.stream).collect();
    let streams: Vec<Uuid> = streams.into_iter().collect();
    let rows: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT stream, row::text FROM ledger.view_row
          WHERE tenant_id = $1 AND build = $2 AND stream = ANY ($3)",
    )
    .bind(tenant.0)
    .bind(build)
    .bind(&streams)
    .fetch_all(&mut *tx)
    .await?;
    let parked = parked_streams(&mut *tx, build, tenant, Some(&streams)).await?;
    let skipped = skipped::<V>(&mut *tx, tenant).await?;
    Ok(Folded::on_top_of(decode::<V>(rows)?, parked, skipped))
}

/// The parked streams of a tenant, or those among some streams.
async fn parked_streams(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
    among: Option<&[Uuid]>,
) -> Result<BTreeMap<Uuid, Parked>, LedgerError> {
    let parked: Vec<(Uuid, i64, i64, String)> = sqlx::query_as(
        "SELECT stream, position, sequence, reason FROM ledger.view_parked
          WHERE tenant_id = $1 AND build = $2 AND ($3::uuid[] IS NULL OR stream = ANY ($3))",
    )
    .bind(tenant.0)
    .bind(build)
    .bind(among)
    .fetch_all(tx)
    .await?;
    Ok(parked
        .into_iter()
        .map(|(stream, position, sequence, reason)| {
            let parked = Parked {
                position: unsigned(position),
                sequence: unsigned(sequence),
                reason,
            };
            (stream, parked)
        })
        .collect())
}

fn decode<V: View>(rows: Vec<(Uuid, String)>) -> Result<BTreeMap<Uuid, V::Row>, LedgerError> {
    rows.into_iter()
        .map(|(stream, row)| Ok((stream, serde_json::from_str(&row).map_err(unreadable)?)))
        .collect()
}

/// A stored row this code cannot read: its build is another version's.
fn unreadable(error: serde_json::Error) -> LedgerError {
    LedgerError::Store(sqlx::Error::Decode(Box::new(error)))
}

async fn skipped<V: View>(
    tx: &mut PgConnection,
    tenant: TenantId,
) -> Result<BTreeSet<(Uuid, u64)>, LedgerError> {
    let skipped: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT stream, sequence FROM ledger.view_skip WHERE tenant_id = $1 AND view = $2",
    )
    .bind(tenant.0)
    .bind(V::NAME)
    .fetch_all(tx)
    .await?;
    Ok(skipped
        .into_iter()
        .map(|(stream, sequence)| (stream, unsigned(sequence)))
        .collect())
}

/// Writes what a fold changed: one statement per table.
async fn write<V: View>(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
    folded: &Folded<V>,
) -> Result<(), LedgerError> {
    let (mut streams, mut threads, mut rows) = (vec![], vec![], vec![]);
    for (stream, row) in folded.changed() {
        streams.push(stream);
        threads.push(V::thread(row));
        rows.push(serde_json::to_string(row).map_err(unreadable)?);
    }
    if !streams.is_empty() {
        sqlx::query(
            "INSERT INTO ledger.view_row (build, tenant_id, stream, thread, row)
             SELECT $1, $2, stream, thread, row::json
               FROM unnest($3::uuid[], $4::uuid[], $5::text[]) AS changed (stream, thread, row)
             ON CONFLICT (tenant_id, build, stream)
             DO UPDATE SET thread = excluded.thread, row = excluded.row",
        )
        .bind(build)
        .bind(tenant.0)
        .bind(streams)
        .bind(threads)
        .bind(rows)
        .execute(&mut *tx)
        .await?;
    }
    let (mut names, mut parts, mut values) = (vec![], vec![], vec![]);
    for (name, part, value) in folded.figures().iter() {
        names.push(name);
        parts.push(part);
        values.push(value);
    }
    if !names.is_empty() {
        sqlx::query(
            "INSERT INTO ledger.view_figure AS known (build, tenant_id, figure, part, value)
             SELECT $1, $2, figure, part, value
               FROM unnest($3::text[], $4::text[], $5::bigint[]) AS changed (figure, part, value)
             ON CONFLICT (tenant_id, build, figure, part)
             DO UPDATE SET value = known.value + excluded.value",
        )
        .bind(build)
        .bind(tenant.0)
        .bind(names)
        .bind(parts)
        .bind(values)
        .execute(&mut *tx)
        .await?;
    }
    for (stream, parked) in folded.newly_parked() {
        sqlx::query(
            "INSERT INTO ledger.view_parked (build, tenant_id, stream, position, sequence, reason)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(build)
        .bind(tenant.0)
        .bind(stream)
        .bind(signed(parked.position))
        .bind(signed(parked.sequence))
        .bind(&parked.reason)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Makes a building build live and retires the one before, in one transaction, once it has folded
/// every feed at least as far. Answers whether it did.
async fn switch(pool: &PgPool, build: i64) -> Result<bool, LedgerError> {
    let mut tx = pool.begin().await?;
    let view: Option<String> = sqlx::query_scalar(
        "SELECT view FROM ledger.view_build WHERE build = $1 AND state = 'building' FOR UPDATE",
    )
    .bind(build)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(view) = view else { return Ok(false) };
    let live: Option<i64> = sqlx::query_scalar(
        "SELECT build FROM ledger.view_build WHERE view = $1 AND state = 'live' FOR UPDATE",
    )
    .bind(&view)
    .fetch_optional(&mut *tx)
    .await?;
    // The live build stands still while it is compared, so that no reply goes back in position.
    sqlx::query(
        "SELECT 1 FROM ledger.view_checkpoint WHERE build = $1 ORDER BY tenant_id FOR UPDATE",
    )
    .bind(live)
    .execute(&mut *tx)
    .await?;
    let behind: bool = sqlx::query_scalar(
        "SELECT EXISTS (
           SELECT 1 FROM ledger.view_checkpoint old
             LEFT JOIN ledger.view_checkpoint new
               ON new.tenant_id = old.tenant_id AND new.build = $2
            WHERE old.build = $1 AND old.position > coalesce(new.position, 0))",
    )
    .bind(live)
    .bind(build)
    .fetch_one(&mut *tx)
    .await?;
    if behind {
        return Ok(false);
    }
    sqlx::query("UPDATE ledger.view_build SET state = 'retired' WHERE build = $1")
        .bind(live)
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE ledger.view_build SET state = 'live' WHERE build = $1")
        .bind(build)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(true)
}

/// Removes what retired builds of a view have left; what a crash leaves, the next switch removes.
async fn clear_retired(pool: &PgPool, view: &str) -> Result<(), LedgerError> {
    let left: Vec<(i64, Uuid)> = sqlx::query_as(
        "SELECT c.build, c.tenant_id FROM ledger.view_checkpoint c
           JOIN ledger.view_build b USING (build)
          WHERE b.view = $1 AND b.state = 'retired'",
    )
    .bind(view)
    .fetch_all(pool)
    .await?;
    for (build, tenant) in left {
        let mut tx = begin(pool, TenantId(tenant)).await?;
        for delete in [
            "DELETE FROM ledger.view_row WHERE tenant_id = $1 AND build = $2",
            "DELETE FROM ledger.view_figure WHERE tenant_id = $1 AND build = $2",
            "DELETE FROM ledger.view_parked WHERE tenant_id = $1 AND build = $2",
            "DELETE FROM ledger.view_checkpoint WHERE tenant_id = $1 AND build = $2",
        ] {
            sqlx::query(delete)
                .bind(tenant)
                .bind(build)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// What an operator may do to a view. None of it touches an event.
impl Projector {
    /// Builds a view again from the first event, beside the live build, which it replaces once it
    /// has caught up. Answers with the number of the build.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn rebuild<V: View>(&self) -> Result<i64, LedgerError> {
        let version = i32::try_from(V::VERSION).unwrap_or(i32::MAX);
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
        .bind(V::NAME)
        .bind(version)
        .fetch_one(self.ledger.projector())
        .await?;
        Ok(build)
    }

    /// The streams the live build of a view has stopped at for a tenant, with the reasons.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn parked<V: View>(
        &self,
        tenant: TenantId,
    ) -> Result<BTreeMap<Uuid, Parked>, LedgerError> {
        let mut tx = begin(self.ledger.projector(), tenant).await?;
        let Some(build) = live_build::<V>(&mut tx).await? else {
            return Ok(BTreeMap::new());
        };
        parked_streams(&mut tx, build, tenant, None).await
    }

    /// Sets one event aside for a view, in every build of it from now on: a decision of a person,
    /// kept with name and reason. Then [`Projector::unpark`] the stream.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn skip<V: View>(
        &self,
        tenant: TenantId,
        stream: Uuid,
        sequence: u64,
        by: &str,
        reason: &str,
    ) -> Result<(), LedgerError> {
        let mut tx = begin(self.ledger.projector(), tenant).await?;
        sqlx::query(
            "INSERT INTO ledger.view_skip (view, tenant_id, stream, sequence, skipped_by, reason)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(V::NAME)
        .bind(tenant.0)
        .bind(stream)
        .bind(signed(sequence))
        .bind(by)
        .bind(reason)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        warn!(view = V::NAME, %tenant, %stream, sequence, by, reason, "an event is skipped in a view");
        Ok(())
    }

    /// Replays a parked stream from the event it stopped at. Answers whether it now runs on; when
    /// an event still does not fold, the stream stays parked there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn unpark<V: View>(
        &self,
        tenant: TenantId,
        stream: Uuid,
    ) -> Result<bool, LedgerError> {
        let mut tx = begin(self.ledger.projector(), tenant).await?;
        let Some(build) = live_build::<V>(&mut tx).await? else {
            return Ok(true);
        };
        let Some(until) = take_checkpoint(&mut tx, build, tenant, Busy::Wait).await? else {
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
        let mut folded: Option<Folded<V>> = None;
        let mut after = unsigned(from).saturating_sub(1);
        while after < unsigned(until) {
            let page = follow::read(&mut tx, tenant, after, BATCH_MAX, Whose::All).await?;
            let Some(last) = page.last() else { break };
            after = last.noted.position;
            let missed: Vec<Followed> = page
                .into_iter()
                .filter(|item| {
                    item.noted.stream == stream && item.noted.position <= unsigned(until)
                })
                .collect();
            if missed.is_empty() {
                continue;
            }
            let mut fold = match folded.take() {
                Some(fold) => fold,
                None => resume::<V>(&mut tx, build, tenant, &missed).await?,
            };
            missed.iter().for_each(|item| fold.note(&item.noted));
            folded = Some(fold);
        }
        let mut runs = true;
        if let Some(folded) = folded {
            write::<V>(&mut tx, build, tenant, &folded).await?;
            runs = folded.newly_parked().next().is_none();
        }
        tx.commit().await?;
        Ok(runs)
    }

    /// Folds a tenant's feed again in memory, as far as the live build has, and compares. Answers
    /// with the first difference in words, naming the row or figure.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn drift<V: View>(&self, tenant: TenantId) -> Result<Option<String>, LedgerError> {
        let mut tx = begin(self.ledger.projector(), tenant).await?;
        let Some(build) = live_build::<V>(&mut tx).await? else {
            return Ok(None);
        };
        // While the checkpoint is held, rows and figures stand still.
        let Some(until) = take_checkpoint(&mut tx, build, tenant, Busy::Wait).await? else {
            return Ok(None);
        };
        let parked = parked_streams(&mut tx, build, tenant, None).await?;
        let mut folded = Folded::<V>::on_top_of(
            BTreeMap::new(),
            BTreeMap::new(),
            skipped::<V>(&mut tx, tenant).await?,
        );
        let mut after = 0;
        while after < unsigned(until) {
            let page = follow::read(&mut tx, tenant, after, BATCH_MAX, Whose::All).await?;
            let Some(last) = page.last() else { break };
            after = last.noted.position;
            page.iter()
                .map(|item| &item.noted)
                .filter(|noted| noted.position <= unsigned(until))
                .filter(|noted| {
                    parked
                        .get(&noted.stream)
                        .is_none_or(|parked| noted.position < parked.position)
                })
                .for_each(|noted| folded.note(noted));
        }
        let stored = decode::<V>(
            sqlx::query_as(
                "SELECT stream, row::text FROM ledger.view_row WHERE tenant_id = $1 AND build = $2",
            )
            .bind(tenant.0)
            .bind(build)
            .fetch_all(&mut *tx)
            .await?,
        )?;
        let figures: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT figure, part, value FROM ledger.view_figure WHERE tenant_id = $1 AND build = $2",
        )
        .bind(tenant.0)
        .bind(build)
        .fetch_all(&mut *tx)
        .await?;
        Ok(difference(&folded, stored, &figures.into_iter().collect()))
    }
}

/// The first difference between what is stored and a fold of the events.
fn difference<V: View>(
    folded: &Folded<V>,
    mut stored: BTreeMap<Uuid, V::Row>,
    figures: &Figures,
) -> Option<String> {
    let unseen = V::Row::default();
    stored.retain(|_, row| *row != unseen);
    let expected = folded.rows();
    let streams: BTreeSet<&Uuid> = expected.keys().chain(stored.keys()).collect();
    for stream in streams {
        match (expected.get(stream), stored.get(stream)) {
            (Some(expected), Some(stored)) if expected == stored => {}
            (Some(_), Some(_)) => return Some(format!("the row of stream {stream} differs")),
            (Some(_), None) => return Some(format!("the row of stream {stream} is missing")),
            (None, _) => return Some(format!("the row of stream {stream} should not be there")),
        }
    }
    let mut names: BTreeSet<(&str, &str)> = BTreeSet::new();
    names.extend(folded.figures().iter().map(|(name, part, _)| (name, part)));
    names.extend(figures.iter().map(|(name, part, _)| (name, part)));
    names.into_iter().find_map(|(name, part)| {
        let (expected, stored) = (
            folded.figures().get_of(name, part),
            figures.get_of(name, part),
        );
        (expected != stored)
            .then(|| format!("figure {name} {part}: {stored} stored, {expected} folded"))
    })
}

async fn live_build<V: View>(tx: &mut PgConnection) -> Result<Option<i64>, LedgerError> {
    let build = sqlx::query_scalar(
        "SELECT build FROM ledger.view_build WHERE view = $1 AND version = $2 AND state = 'live'",
    )
    .bind(V::NAME)
    .bind(i32::try_from(V::VERSION).unwrap_or(i32::MAX))
    .fetch_optional(tx)
    .await?;
    Ok(build)
}

/// Links a batch to the traces of the commands behind it; a batch of one command continues its.
fn continue_traces(items: &[Followed]) {
    const LINKS_MAX: usize = 32;
    let span = Span::current();
    span.record("events", items.len());
    let parents: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| item.traceparent.as_deref())
        .collect();
    if parents.len() == 1 {
        // A span that is already entered keeps its trace; then the link below still tells.
        let _ = span.set_parent(trace::parent(parents.first().copied()));
    }
    for context in parents
        .into_iter()
        .take(LINKS_MAX)
        .filter_map(trace::span_context)
    {
        span.add_link(context);
    }
}

/// Whether the store would refuse the same rows again: bad data, a broken constraint, a limit.
fn deterministic(error: &LedgerError) -> bool {
    let LedgerError::Store(sqlx::Error::Database(error)) = error else {
        return false;
    };
    error.code().is_some_and(|code| {
        ["22", "23", "54"]
            .iter()
            .any(|class| code.starts_with(class))
    })
}

struct Metrics {
    lag: Gauge<u64>,
    parked: Counter<u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let meter = global::meter("trellis.ledger");
        Self {
            lag: meter
                .u64_gauge("trellis.view.lag")
                .with_unit("{position}")
                .with_description("positions the furthest tenant's view is behind its feed")
                .build(),
            parked: meter
                .u64_counter("trellis.view.parked")
                .with_unit("{stream}")
                .with_description("streams a view has stopped at")
                .build(),
        }
    }
}

impl Metrics {
    fn lag(&self, view: &'static str, lag: u64) {
        self.lag.record(lag, &[KeyValue::new("view", view)]);
    }
    fn parked(&self, view: &'static str, parked: u64) {
        if parked > 0 {
            self.parked.add(parked, &[KeyValue::new("view", view)]);
        }
    }
}
