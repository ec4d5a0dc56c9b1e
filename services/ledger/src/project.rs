//! The projection runner: keeps the rows and figures of every [`View`] up with the feeds.
//!
//! A page of a tenant's feed is folded in memory and written in one transaction together with the
//! checkpoint, which moves by compare-and-swap. So each event is folded exactly once whatever
//! crashes and however many processes run. What the writers of this process have committed is
//! handed over and folded together, in one write for all tenants and without a read; a full look
//! at every feed is the safety net, and finds what other processes wrote.

mod work;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    marker::PhantomData,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::actor::{TenantId, TenantKind};
use opentelemetry::{KeyValue, global, metrics::Counter, metrics::Gauge};
use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle, JoinSet},
};
use tracing::{error, info, warn};

use self::work::{Worked, work};
use crate::{
    Ledger, LedgerError,
    build::{self, Checkpoints},
    follow::{self, Backoff, Followed},
    handover::{Inbox, Missed},
    lane::{Build, Folding, Folds, Lane, Outcome},
    view::View,
};

/// Most feed items one transaction folds.
pub const BATCH_MAX: u32 = 4096;

/// A page before it is known that the feed goes on for long.
const PAGE: u32 = 512;

/// Items that lanes folded together may read in all.
const TOGETHER_ITEMS: u32 = 8192;

/// Lanes folded together at most.
const TOGETHER: usize = 64;

/// Pages a lane that is far behind folds in one go, the next read while one is folded.
const PAGES: usize = 16;

/// Heads are polled this often when no hint comes; hints only shorten the wait.
const POLL: Duration = Duration::from_millis(500);

/// How long a lane is left to the process that was found at it.
const YIELD: Duration = Duration::from_millis(5);

/// Groups of lanes folded at the same time by one process, so that many small tenants pass a
/// large one.
const AT_ONCE: usize = 4;

/// A build that has not begun is folded in one scan of the log from this many feed items on.
const SCAN_FROM: u64 = 20_000;

type Key = (TenantId, i64);

/// Runs the views of this process.
pub struct Projector {
    ledger: Ledger,
    views: Vec<Arc<dyn Folds>>,
    lanes: BTreeMap<Key, Lane>,
    kinds: HashMap<TenantId, Option<TenantKind>>,
    dirty: BTreeSet<TenantId>,
    inbox: Inbox,
    /// Kept for the folds that follow each other; taking it from the pool costs a round trip.
    connection: Option<PoolConnection<Postgres>>,
    /// When every feed is looked at again.
    look: Instant,
    /// The look under way; what is handed over is folded meanwhile.
    looking: Option<JoinHandle<Result<Looked, LedgerError>>>,
    scan_from: u64,
    scans: JoinSet<Result<bool, LedgerError>>,
    scanning: HashSet<i64>,
    /// Builds a scan did not finish; they are folded by feed.
    by_feed: HashSet<i64>,
    metrics: Metrics,
}

/// What there is to fold: the builds, the heads of all feeds, and where each lane was.
struct Looked {
    /// Before anything was read.
    began: Instant,
    builds: Vec<Build>,
    heads: Vec<(TenantId, u64)>,
    checkpoints: Checkpoints,
}

async fn look(pool: PgPool, views: Vec<Arc<dyn Folds>>) -> Result<Looked, LedgerError> {
    let began = Instant::now();
    let builds = build::open(&pool, &views).await?;
    let heads = follow::heads(&pool, None).await?;
    let checkpoints = build::checkpoints(&pool, &builds).await?;
    Ok(Looked {
        began,
        builds,
        heads,
        checkpoints,
    })
}

/// What a look has seen, once it has ended; nothing without one. May be dropped while it waits.
async fn seen_by(
    looking: &mut Option<JoinHandle<Result<Looked, LedgerError>>>,
) -> Result<Looked, LedgerError> {
    let Some(under_way) = looking else {
        return std::future::pending().await;
    };
    let seen = under_way.await;
    *looking = None;
    seen.map_err(|_| sqlx::Error::WorkerCrashed)?
}

/// What one round over all tenants did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    /// Batches written.
    pub batches: u64,
    /// Batches that failed for now and will be tried again.
    pub failed: u64,
    /// Tenants that wait: for another process, a scan, or after a failure.
    pub busy: u64,
}

impl Projector {
    /// A runner without views.
    pub fn new(ledger: &Ledger) -> Self {
        Self {
            ledger: ledger.clone(),
            views: Vec::new(),
            lanes: BTreeMap::new(),
            kinds: HashMap::new(),
            dirty: BTreeSet::new(),
            inbox: Inbox::default(),
            connection: None,
            look: Instant::now(),
            looking: None,
            scan_from: SCAN_FROM,
            scans: JoinSet::new(),
            scanning: HashSet::new(),
            by_feed: HashSet::new(),
            metrics: Metrics::default(),
        }
    }

    /// The same, with a view.
    #[must_use]
    pub fn with<V: View>(mut self) -> Self {
        self.views.push(Arc::new(Folding::<V>(PhantomData)));
        self
    }

    /// The same, folding a new build in one scan of the log when its tenants' feeds hold at least
    /// so many items.
    #[must_use]
    pub fn scanning_from(mut self, items: u64) -> Self {
        self.scan_from = items;
        self
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub(crate) fn views(&self) -> &[Arc<dyn Folds>] {
        &self.views
    }

    /// Folds until `stop` turns true. Errors of the store are waited out.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        self.inbox.follow(&self.ledger.0.handover);
        let mut backoff = Backoff::default();
        let mut seen = None;
        while !*stop.borrow() {
            if self.looking.as_ref().is_some_and(JoinHandle::is_finished) {
                seen = Some(seen_by(&mut self.looking).await);
            }
            if self.looking.is_none() && seen.is_none() && Instant::now() >= self.look {
                self.looking = Some(tokio::spawn(self.looks()));
            }
            let ran = match seen.take() {
                Some(Ok(looked)) => self.fold_what(looked).await,
                Some(Err(error)) => Err(error),
                None => self.hinted().await,
            };
            match ran {
                Ok(_) => backoff.reset(),
                Err(error) => {
                    warn!(%error, "views wait for the store");
                    self.look = Instant::now() + backoff.next();
                    self.dirty.clear();
                }
            }
            if self.dirty.is_empty() {
                let wanted = |tenant| folds_for(&self.lanes, tenant);
                tokio::select! {
                    () = tokio::time::sleep_until(self.look.into()), if self.looking.is_none() => {}
                    looked = seen_by(&mut self.looking) => seen = Some(looked),
                    Some(ended) = self.scans.join_next() => {
                        self.settle_scan(ended);
                        self.look = Instant::now();
                    }
                    taken = self.inbox.wait(wanted, &mut self.dirty) => if taken == Err(Missed) {
                        self.look = Instant::now();
                    },
                    stopped = stop.changed() => if stopped.is_err() { return },
                }
            }
            self.take_handed();
        }
    }

    /// Takes in what has been handed over meanwhile, to be folded together.
    fn take_handed(&mut self) {
        let wanted = |tenant| folds_for(&self.lanes, tenant);
        if self.inbox.drain(wanted, &mut self.dirty) == Err(Missed) {
            self.look = Instant::now();
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
            } else if round.batches == 0 && round.busy > 0 {
                if let Some(ended) = self.scans.join_next().await {
                    self.settle_scan(ended);
                } else {
                    tokio::time::sleep(YIELD).await;
                }
            } else if round.batches == 0 {
                return Ok(());
            }
        }
    }

    /// Folds what was handed over, and on where a feed is known to go on.
    async fn hinted(&mut self) -> Result<Round, LedgerError> {
        let mut due = vec![];
        for tenant in std::mem::take(&mut self.dirty) {
            if !self.kinds.contains_key(&tenant) {
                self.look = Instant::now();
            }
            let lanes = lanes_of(&self.lanes, tenant);
            let due_of =
                lanes.filter(|(_, lane)| lane.far || self.inbox.goes_beyond(tenant, lane.position));
            due.extend(due_of.map(|(key, _)| *key));
        }
        let mut round = Round::default();
        self.fold(due, &mut round).await;
        Ok(round)
    }

    /// One batch for every tenant and build that is behind its feed's head; a few for one that is
    /// far behind.
    ///
    /// # Errors
    /// When the heads cannot be read; what fails for one tenant is in the answer.
    pub async fn round(&mut self) -> Result<Round, LedgerError> {
        let looked = self.looks().await?;
        self.fold_what(looked).await
    }

    /// Begins to look at every feed.
    fn looks(&mut self) -> impl Future<Output = Result<Looked, LedgerError>> + use<> {
        self.look = Instant::now() + POLL;
        // Before anything is read, so that lanes a scan has filled are found.
        while let Some(ended) = self.scans.try_join_next() {
            self.settle_scan(ended);
        }
        look(self.ledger.projector().clone(), self.views.clone())
    }

    async fn fold_what(&mut self, mut looked: Looked) -> Result<Round, LedgerError> {
        let pool = self.ledger.projector().clone();
        let mut round = Round::default();
        let behind = self.refresh(&pool, &mut looked, &mut round).await?;
        let unfinished: HashSet<i64> = behind.iter().map(|(_, build)| *build).collect();
        self.fold(behind.into_iter().collect(), &mut round).await;
        for build in looked.builds.iter().filter(|build| !build.live) {
            if !unfinished.contains(&build.number) && build::switch(&pool, build.number).await? {
                info!(
                    view = build.view.name(),
                    build = build.number,
                    "the new build of the view is live"
                );
                build::clear_retired(&pool, build.view.name()).await?;
                round.batches += 1;
            }
        }
        Ok(round)
    }

    /// Makes the lanes those of the open builds and of the tenants with feeds, each where its
    /// checkpoint is. Answers with those that are behind, whether or not they can be folded now.
    async fn refresh(
        &mut self,
        pool: &PgPool,
        looked: &mut Looked,
        round: &mut Round,
    ) -> Result<BTreeSet<Key>, LedgerError> {
        let Looked {
            began,
            builds,
            heads,
            checkpoints,
        } = looked;
        let mut wanted: BTreeMap<Key, (u64, &Build)> = BTreeMap::new();
        for (tenant, head) in &*heads {
            let kind = self.kind(*tenant).await?;
            for build in builds
                .iter()
                .filter(|build| Some(build.view.kind()) == kind)
            {
                wanted.insert((*tenant, build.number), (*head, build));
            }
        }
        let mut unopened: Vec<Key> = wanted
            .keys()
            .filter(|key| !checkpoints.contains_key(*key))
            .copied()
            .collect();
        if !unopened.is_empty() {
            self.begin_scan(builds, &wanted, checkpoints);
            unopened.retain(|(_, build)| !self.scanning.contains(build));
            build::open_lanes(pool, &unopened).await?;
            *checkpoints = build::checkpoints(pool, builds).await?;
        }
        self.lanes
            .retain(|key, _| wanted.contains_key(key) && checkpoints.contains_key(key));
        let mut behind = BTreeSet::new();
        let mut lags: BTreeMap<&'static str, u64> = BTreeMap::new();
        for (key, (head, build)) in &wanted {
            let at = checkpoints.get(key).map(|(position, stamp)| {
                // What has moved since the look began is further than it was seen. Otherwise the
                // store is believed, which may have gone back to before a crash.
                let moved = self.lanes.get(key).filter(|lane| {
                    lane.stamp == *stamp && lane.moved.is_some_and(|at| at >= *began)
                });
                (
                    moved.map_or(*position, |lane| lane.position.max(*position)),
                    *stamp,
                )
            });
            let position = at.map_or(0, |(position, _)| position);
            if position < *head {
                behind.insert(*key);
            }
            if build.live {
                let lag = lags.entry(build.view.name()).or_default();
                *lag = head.saturating_sub(position).max(*lag);
                self.ledger
                    .0
                    .progress
                    .folded(build.view.name(), key.0, position);
            }
            let Some((position, stamp)) = at else {
                round.busy += 1;
                continue;
            };
            let lane = self.lanes.entry(*key).or_insert_with(|| Lane {
                build: (*build).clone(),
                tenant: key.0,
                position,
                stamp,
                moved: None,
                limit: PAGE,
                failures: 0,
                not_before: None,
                far: false,
                alone: false,
                refused: None,
                kept: None,
            });
            if (lane.position, lane.stamp) != (position, stamp) {
                (lane.position, lane.stamp) = (position, stamp);
                lane.kept = None;
            }
            lane.build = (*build).clone();
            lane.far = head.saturating_sub(position) > u64::from(PAGE);
        }
        for (view, lag) in lags {
            self.metrics.lag(view, lag);
        }
        build::load_set_aside(pool, self.lanes.values_mut()).await?;
        Ok(behind)
    }

    async fn kind(&mut self, tenant: TenantId) -> Result<Option<TenantKind>, LedgerError> {
        if let Some(Some(kind)) = self.kinds.get(&tenant) {
            return Ok(Some(*kind));
        }
        let kind = self.ledger.tenant_kind(tenant).await?;
        self.kinds.insert(tenant, kind);
        Ok(kind)
    }

    /// Starts one scan of the log for the builds that have not begun, when it is long.
    fn begin_scan(
        &mut self,
        builds: &[Build],
        wanted: &BTreeMap<Key, (u64, &Build)>,
        checkpoints: &Checkpoints,
    ) {
        if !self.scans.is_empty() {
            return;
        }
        let begun: HashSet<i64> = checkpoints.keys().map(|(_, build)| *build).collect();
        let due: Vec<Build> = builds
            .iter()
            .filter(|build| {
                let items = wanted
                    .iter()
                    .filter(|((_, of), _)| *of == build.number)
                    .fold(0_u64, |sum, (_, (head, _))| sum.saturating_add(*head));
                !begun.contains(&build.number)
                    && !self.by_feed.contains(&build.number)
                    && items >= self.scan_from
            })
            .cloned()
            .collect();
        if due.is_empty() {
            return;
        }
        self.scanning = due.iter().map(|build| build.number).collect();
        let kinds = self
            .kinds
            .iter()
            .filter_map(|(tenant, kind)| Some((*tenant, (*kind)?)))
            .collect();
        self.scans
            .spawn(build::scan(Arc::clone(&self.ledger.0), due, kinds));
    }

    fn settle_scan(&mut self, ended: Result<Result<bool, LedgerError>, JoinError>) {
        let error = match ended {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(error) = error {
            warn!(
                error,
                "the scan for new builds failed; they are folded by feed"
            );
            self.by_feed.extend(&self.scanning);
        }
        self.scanning.clear();
    }

    /// Folds the next page of each of these lanes.
    async fn fold(&mut self, due: Vec<Key>, round: &mut Round) {
        let tenants: BTreeSet<TenantId> = due.iter().map(|(tenant, _)| *tenant).collect();
        self.fold_groups(due, round).await;
        for tenant in tenants {
            let lanes = lanes_of(&self.lanes, tenant);
            let folded = lanes.map(|(_, lane)| lane.position).min();
            self.inbox.forget(tenant, folded);
        }
    }

    async fn fold_groups(&mut self, due: Vec<Key>, round: &mut Round) {
        let now = Instant::now();
        let (mut alone, mut together) = (vec![], vec![]);
        for key in due {
            let Some(lane) = self.lanes.get(&key) else {
                continue;
            };
            if lane.not_before.is_some_and(|at| at > now) || lane.kept.is_none() {
                round.busy += 1;
                continue;
            }
            let Some(lane) = self.lanes.remove(&key) else {
                continue;
            };
            if lane.far || lane.alone {
                alone.push(vec![self.with_page(lane)]);
            } else {
                let lane = self.with_page(lane);
                together.push(lane);
            }
        }
        let mut groups = alone;
        while !together.is_empty() {
            let rest = together.split_off(together.len().min(TOGETHER));
            groups.push(std::mem::replace(&mut together, rest));
        }
        let pool = self.ledger.projector().clone();
        if groups.len() == 1 {
            for group in groups {
                let worked = work(pool.clone(), self.connection.take(), group).await;
                self.settle(worked, round);
            }
            return;
        }
        let mut running = JoinSet::new();
        for group in groups {
            if running.len() >= AT_ONCE
                && let Some(Ok(worked)) = running.join_next().await
            {
                self.settle(worked, round);
            }
            running.spawn(work(pool.clone(), self.connection.take(), group));
        }
        while let Some(worked) = running.join_next().await {
            match worked {
                Ok(worked) => self.settle(worked, round),
                // The lanes are opened again from what is stored.
                Err(error) => error!(%error, "a fold was cut short"),
            }
        }
    }

    fn with_page(&self, lane: Lane) -> (Lane, Option<Vec<Followed>>) {
        let page = self.inbox.page(lane.tenant, lane.position, lane.limit);
        (lane, page)
    }

    fn settle(&mut self, worked: Worked, round: &mut Round) {
        self.connection = self.connection.take().or(worked.connection);
        let crowd = worked.lanes.len();
        for (mut lane, outcome) in worked.lanes.into_iter().zip(worked.outcomes) {
            let (view, tenant) = (lane.build.view.name(), lane.tenant);
            if let Some(kept) = &mut lane.kept {
                kept.trim();
            }
            let again = match outcome {
                Outcome::Moved { parked } => {
                    lane.moved = Some(Instant::now());
                    lane.failures = 0;
                    lane.not_before = None;
                    lane.alone = false;
                    lane.refused = None;
                    // After a batch that had to be cut, and into a long feed, grow step by step.
                    lane.limit = lane.limit.saturating_mul(2).min(BATCH_MAX);
                    if lane.far {
                        self.dirty.insert(tenant);
                    }
                    round.batches += 1;
                    self.metrics.parked(view, parked);
                    if lane.build.live {
                        self.ledger.0.progress.folded(view, tenant, lane.position);
                    }
                    None
                }
                Outcome::Idle => None,
                Outcome::Busy => {
                    round.busy += 1;
                    Some(YIELD)
                }
                Outcome::Failed(error) if deterministic(&error) => {
                    // Found by halving: first the lane, then the event.
                    round.batches += 1;
                    if crowd > 1 {
                        lane.alone = true;
                    } else if lane.limit > 1 {
                        lane.alone = true;
                        lane.limit /= 2;
                    } else {
                        error!(view, %tenant, %error, "parking a stream the store refuses");
                        lane.refused = Some(error.to_string());
                    }
                    Some(Duration::ZERO)
                }
                Outcome::Failed(error) => {
                    lane.failures = lane.failures.saturating_add(1);
                    round.failed += 1;
                    warn!(view, %tenant, %error, "the view waits for this tenant");
                    Some(Backoff::after(lane.failures))
                }
            };
            if let Some(pause) = again {
                let at = Instant::now() + pause;
                lane.not_before = Some(at);
                self.look = self.look.min(at);
            }
            self.lanes.insert((tenant, lane.build.number), lane);
        }
    }
}

fn lanes_of(
    lanes: &BTreeMap<Key, Lane>,
    tenant: TenantId,
) -> impl Iterator<Item = (&Key, &Lane)> + use<'_> {
    lanes.range((tenant, i64::MIN)..=(tenant, i64::MAX))
}

fn folds_for(lanes: &BTreeMap<Key, Lane>, tenant: TenantId) -> bool {
    lanes_of(lanes, tenant).next().is_some()
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
