//! Folding lanes. A lane is one build of a view for one tenant: its checkpoint, and the rows that
//! were folded last, kept at hand for as long as nobody else moves the checkpoint.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    marker::PhantomData,
    sync::Arc,
    time::Instant,
};

use domain::actor::{TenantId, TenantKind};
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgExecutor, PgPool, Row as _};
use tracing::{Instrument as _, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use crate::{
    LedgerError,
    check::{self, Checked, Told},
    follow::{Followed, signed, text},
    operator, trace,
    view::{Figures, Folded, Noted, Parked, View},
};

/// Rows a lane keeps at hand between steps, and while it folds page after page.
const ROWS_KEPT: usize = 512;
const ROWS_MAX: usize = 8192;

/// Stream and sequence of the events an operator has set aside.
pub(crate) type Skips = BTreeSet<(Uuid, u64)>;

/// A build this process has the code for.
#[derive(Clone)]
pub(crate) struct Build {
    pub(crate) number: i64,
    pub(crate) live: bool,
    pub(crate) view: Arc<dyn Folds>,
}

pub(crate) struct Lane {
    pub(crate) build: Build,
    pub(crate) tenant: TenantId,
    pub(crate) position: u64,
    pub(crate) stamp: i64,
    /// When it last moved here.
    pub(crate) moved: Option<Instant>,
    /// Most items of the next page.
    pub(crate) limit: u32,
    pub(crate) failures: u32,
    pub(crate) not_before: Option<Instant>,
    /// Whether the feed goes on for long, as far as is known.
    pub(crate) far: bool,
    /// Whether the store refused a statement this lane was part of.
    pub(crate) alone: bool,
    /// Why the next event's stream is parked: the store does not take the event.
    pub(crate) refused: Option<String>,
    /// `None` when the store has to be asked first.
    pub(crate) kept: Option<Box<dyn Rows>>,
}

/// What became of a lane in one step.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Folded up to its new position, parking so many streams.
    Moved { parked: u64 },
    /// Nothing new.
    Idle,
    /// Another process is at it, or has moved it.
    Busy,
    /// Not now.
    Failed(Arc<LedgerError>),
}

/// What a fold changes, ready to be written.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Stream, thread and row.
    pub(crate) rows: Vec<(Uuid, Option<Uuid>, String)>,
    pub(crate) figures: Figures,
    /// See [`View::CROWDS`].
    pub(crate) crowds: &'static [&'static str],
    pub(crate) parked: Vec<(Uuid, Parked)>,
}

impl Changes {
    pub(crate) fn of<V: View>(folded: &Folded<V>) -> Result<Self, LedgerError> {
        Ok(Self {
            rows: folded
                .changed()
                .into_iter()
                .map(|(stream, row)| {
                    let text = serde_json::to_string(row).map_err(unreadable)?;
                    Ok((stream, V::thread(row), text))
                })
                .collect::<Result<_, LedgerError>>()?,
            figures: folded.figures(),
            crowds: V::CROWDS,
            parked: folded
                .newly_parked()
                .map(|(stream, parked)| (stream, parked.clone()))
                .collect(),
        })
    }
}

/// A stored row this code cannot read: its build is another version's.
pub(crate) fn unreadable(error: serde_json::Error) -> LedgerError {
    LedgerError::Store(sqlx::Error::Decode(Box::new(error)))
}

/// A view without its type, so that one runner holds many.
pub(crate) trait Folds: Send + Sync {
    fn name(&self) -> &'static str;
    fn version(&self) -> u32;
    fn kind(&self) -> TenantKind;
    /// An empty set of rows at hand.
    fn rows(&self, parked: BTreeMap<Uuid, Parked>, skipped: Skips) -> Box<dyn Rows>;
    /// A fold of many tenants' streams from their first events.
    fn scan(&self, skipped: Arc<HashMap<TenantId, Skips>>) -> Box<dyn Scan>;
    /// See [`crate::Operator::check`].
    fn check<'a>(
        &'a self,
        pool: &'a PgPool,
        tenant: TenantId,
        told: Told<'a>,
    ) -> BoxFuture<'a, Result<Checked, LedgerError>>;
    /// See [`crate::Operator::retry`].
    fn retry<'a>(
        &'a self,
        pool: &'a PgPool,
        tenant: TenantId,
        stream: Uuid,
    ) -> BoxFuture<'a, Result<bool, LedgerError>>;
}

/// The rows of a lane that are at hand.
pub(crate) trait Rows: Send + Sync {
    /// The streams of these events whose rows are not at hand.
    fn missing(&self, items: &[Followed]) -> BTreeSet<Uuid>;
    /// Takes in what is stored of a stream.
    fn take(&mut self, stream: Uuid, row: Option<&str>) -> Result<(), LedgerError>;
    /// Folds the next events.
    fn fold(&mut self, items: &[Followed]) -> Result<Changes, LedgerError>;
    /// Lets the rows go when they have become many.
    fn trim(&mut self);
    /// Parks the stream of an event.
    fn park(&mut self, item: &Followed, reason: String) -> Result<Changes, LedgerError>;
}

/// A fold of one partition of the log for many tenants.
pub(crate) trait Scan: Send {
    /// Takes the next event of its stream, as one of its parties sees it.
    fn note(&mut self, tenant: TenantId, event: &Noted);
    /// What it amounts to for each tenant.
    fn finish(self: Box<Self>) -> Result<Vec<(TenantId, Changes)>, LedgerError>;
}

pub(crate) struct Folding<V>(pub(crate) PhantomData<fn() -> V>);

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
    fn rows(&self, parked: BTreeMap<Uuid, Parked>, skipped: Skips) -> Box<dyn Rows> {
        Box::new(Kept::<V> {
            rows: HashMap::new(),
            parked,
            skipped,
        })
    }
    fn scan(&self, skipped: Arc<HashMap<TenantId, Skips>>) -> Box<dyn Scan> {
        Box::new(Scanned::<V> {
            skipped,
            folds: HashMap::new(),
        })
    }
    fn check<'a>(
        &'a self,
        pool: &'a PgPool,
        tenant: TenantId,
        told: Told<'a>,
    ) -> BoxFuture<'a, Result<Checked, LedgerError>> {
        Box::pin(check::check::<V>(pool, tenant, told))
    }
    fn retry<'a>(
        &'a self,
        pool: &'a PgPool,
        tenant: TenantId,
        stream: Uuid,
    ) -> BoxFuture<'a, Result<bool, LedgerError>> {
        Box::pin(operator::retry::<V>(pool, tenant, stream))
    }
}

struct Kept<V: View> {
    rows: HashMap<Uuid, V::Row>,
    parked: BTreeMap<Uuid, Parked>,
    skipped: Skips,
}

impl<V: View> Kept<V> {
    /// What `run` makes of the rows at hand for some streams.
    fn with(
        &mut self,
        items: &[Followed],
        run: impl FnOnce(&mut Folded<V>),
    ) -> Result<Changes, LedgerError> {
        let rows: Vec<_> = items
            .iter()
            .filter_map(|item| self.rows.remove_entry(&item.noted.stream))
            .collect();
        let mut folded = Folded::<V>::on_top_of(
            rows,
            std::mem::take(&mut self.parked),
            std::mem::take(&mut self.skipped),
        );
        run(&mut folded);
        let changes = Changes::of(&folded)?;
        let (rows, parked, skipped) = folded.into_parts();
        if self.rows.len() > ROWS_MAX {
            self.rows.clear();
        }
        self.rows.extend(rows);
        self.parked = parked;
        self.skipped = skipped;
        Ok(changes)
    }
}

impl<V: View> Rows for Kept<V> {
    fn missing(&self, items: &[Followed]) -> BTreeSet<Uuid> {
        let mut missing = BTreeSet::new();
        let mut begun = BTreeSet::new();
        for Noted {
            stream, sequence, ..
        } in items.iter().map(|item| &*item.noted)
        {
            if *sequence == 1 {
                // Nothing is stored of a stream before its first event.
                begun.insert(*stream);
            } else if !begun.contains(stream)
                && !self.rows.contains_key(stream)
                && !self.parked.contains_key(stream)
            {
                missing.insert(*stream);
            }
        }
        missing
    }

    fn take(&mut self, stream: Uuid, row: Option<&str>) -> Result<(), LedgerError> {
        let row = match row {
            Some(row) => serde_json::from_str(row).map_err(unreadable)?,
            None => V::Row::default(),
        };
        self.rows.insert(stream, row);
        Ok(())
    }

    fn fold(&mut self, items: &[Followed]) -> Result<Changes, LedgerError> {
        self.with(items, |folded| {
            items.iter().for_each(|item| folded.note(&item.noted));
        })
    }

    fn trim(&mut self) {
        if self.rows.len() > ROWS_KEPT {
            self.rows = HashMap::new();
        }
    }

    fn park(&mut self, item: &Followed, reason: String) -> Result<Changes, LedgerError> {
        self.with(std::slice::from_ref(item), |folded| {
            folded.park(item.noted.stream, item.noted.sequence, reason);
        })
    }
}

struct Scanned<V: View> {
    skipped: Arc<HashMap<TenantId, Skips>>,
    folds: HashMap<TenantId, Folded<V>>,
}

impl<V: View> Scan for Scanned<V> {
    fn note(&mut self, tenant: TenantId, event: &Noted) {
        let skipped = &self.skipped;
        self.folds
            .entry(tenant)
            .or_insert_with(|| {
                let skipped = skipped.get(&tenant).cloned().unwrap_or_default();
                Folded::on_top_of([], BTreeMap::new(), skipped)
            })
            .note(event);
    }

    fn finish(self: Box<Self>) -> Result<Vec<(TenantId, Changes)>, LedgerError> {
        self.folds
            .into_iter()
            .map(|(tenant, folded)| Ok((tenant, Changes::of(&folded)?)))
            .collect()
    }
}

/// A lane's way from one position to another, with what it changes.
pub(crate) struct Move {
    pub(crate) build: i64,
    pub(crate) tenant: TenantId,
    pub(crate) from: u64,
    pub(crate) stamp: i64,
    pub(crate) to: u64,
    pub(crate) changes: Changes,
    /// The position of each parked event.
    pub(crate) parked_at: Vec<u64>,
}

/// Writes moves, all in one statement: each whole when its lane is still where it began, else not
/// at all. Answers for each whether it was.
pub(crate) async fn write(
    connection: impl PgExecutor<'_>,
    moves: &[Move],
) -> Result<Vec<bool>, LedgerError> {
    let (mut row_lane, mut streams, mut threads, mut rows) = (vec![], vec![], vec![], vec![]);
    let (mut figure_lane, mut names, mut parts, mut values) = (vec![], vec![], vec![], vec![]);
    let mut crowds = vec![];
    let (mut parked_lane, mut parked, mut positions) = (vec![], vec![], vec![]);
    let (mut sequences, mut reasons) = (vec![], vec![]);
    for (nth, moved) in (1_i32..).zip(moves) {
        for (stream, thread, row) in &moved.changes.rows {
            row_lane.push(nth);
            streams.push(*stream);
            threads.push(*thread);
            rows.push(row.as_str());
        }
        for (name, part, value) in moved.changes.figures.iter() {
            figure_lane.push(nth);
            names.push(name);
            parts.push(part);
            values.push(value);
            crowds.push(moved.changes.crowds.contains(&name));
        }
        for ((stream, at), position) in moved.changes.parked.iter().zip(&moved.parked_at) {
            parked_lane.push(nth);
            parked.push(*stream);
            positions.push(signed(*position));
            sequences.push(signed(at.sequence));
            reasons.push(at.reason.as_str());
        }
    }
    let column = |value: fn(&Move) -> i64| -> Vec<i64> { moves.iter().map(value).collect() };
    let tenants: Vec<Uuid> = moves.iter().map(|moved| moved.tenant.0).collect();
    let done: Vec<i32> = sqlx::query_scalar(
        "SELECT ledger.fold($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                            $17, $18, $19)",
    )
    .bind(column(|moved| moved.build))
    .bind(tenants)
    .bind(column(|moved| signed(moved.from)))
    .bind(column(|moved| moved.stamp))
    .bind(column(|moved| signed(moved.to)))
    .bind(row_lane)
    .bind(streams)
    .bind(threads)
    .bind(rows)
    .bind(figure_lane)
    .bind(names)
    .bind(parts)
    .bind(values)
    .bind(crowds)
    .bind(parked_lane)
    .bind(parked)
    .bind(positions)
    .bind(sequences)
    .bind(reasons)
    .fetch_one(connection)
    .await?;
    let done: BTreeSet<i32> = done.into_iter().collect();
    Ok((1_i32..)
        .zip(moves)
        .map(|(nth, _)| done.contains(&nth))
        .collect())
}

/// Folds a page into each lane and writes all of them together.
///
/// # Errors
/// The store's; then no lane has moved.
pub(crate) async fn step(
    connection: &mut PgConnection,
    lanes: &mut [Lane],
    pages: &[Vec<Followed>],
) -> Result<Vec<Outcome>, LedgerError> {
    let span = info_span!(
        "fold view",
        view = lanes.first().map_or("", |lane| lane.build.view.name()),
        lanes = lanes.len(),
        events = pages.iter().map(Vec::len).sum::<usize>(),
    );
    continue_traces(&span, pages);
    let stepped = try_step(connection, lanes, pages).instrument(span).await;
    if stepped.is_err() {
        // What is at hand has run ahead of what is stored.
        lanes.iter_mut().for_each(|lane| lane.kept = None);
    }
    stepped
}

async fn try_step(
    connection: &mut PgConnection,
    lanes: &mut [Lane],
    pages: &[Vec<Followed>],
) -> Result<Vec<Outcome>, LedgerError> {
    load_missing(&mut *connection, lanes, pages).await?;
    let (mut moves, mut moving) = (vec![], vec![]);
    for (nth, (lane, page)) in lanes.iter_mut().zip(pages).enumerate() {
        let (Some(first), Some(last), Some(kept)) = (page.first(), page.last(), &mut lane.kept)
        else {
            continue;
        };
        let (changes, to) = match lane.refused.clone() {
            Some(reason) => (kept.park(first, reason)?, first.position),
            None => (kept.fold(page)?, last.position),
        };
        let parked_at = changes
            .parked
            .iter()
            .map(|(stream, parked)| {
                page.iter()
                    .find(|item| {
                        item.noted.stream == *stream && item.noted.sequence == parked.sequence
                    })
                    .map_or(to, |item| item.position)
            })
            .collect();
        moving.push(nth);
        moves.push(Move {
            build: lane.build.number,
            tenant: lane.tenant,
            from: lane.position,
            stamp: lane.stamp,
            to,
            changes,
            parked_at,
        });
    }
    let mut outcomes: Vec<Outcome> = lanes.iter().map(|_| Outcome::Idle).collect();
    if moves.is_empty() {
        return Ok(outcomes);
    }
    let done = write(connection, &moves).await?;
    for ((nth, moved), done) in moving.into_iter().zip(moves).zip(done) {
        let (Some(lane), Some(outcome)) = (lanes.get_mut(nth), outcomes.get_mut(nth)) else {
            continue;
        };
        if done {
            lane.position = moved.to;
            *outcome = Outcome::Moved {
                parked: moved.changes.parked.len() as u64,
            };
            for (stream, at) in &moved.changes.parked {
                tracing::error!(
                    view = lane.build.view.name(), tenant = %lane.tenant, %stream,
                    sequence = at.sequence, reason = at.reason, "stream parked"
                );
            }
        } else {
            lane.kept = None;
            *outcome = Outcome::Busy;
        }
    }
    Ok(outcomes)
}

/// Asks the store for the rows that are not at hand, of all lanes at once.
async fn load_missing(
    connection: &mut PgConnection,
    lanes: &mut [Lane],
    pages: &[Vec<Followed>],
) -> Result<(), LedgerError> {
    let mut wanted: Vec<(usize, Uuid)> = vec![];
    for (nth, (lane, page)) in lanes.iter().zip(pages).enumerate() {
        if let Some(kept) = &lane.kept {
            wanted.extend(kept.missing(page).into_iter().map(|stream| (nth, stream)));
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let (mut builds, mut tenants, mut streams) = (vec![], vec![], vec![]);
    for (nth, stream) in &wanted {
        if let Some(lane) = lanes.get(*nth) {
            builds.push(lane.build.number);
            tenants.push(lane.tenant.0);
            streams.push(*stream);
        }
    }
    let stored = sqlx::query("SELECT o_nth, o_row FROM ledger.view_rows($1, $2, $3)")
        .bind(builds)
        .bind(tenants)
        .bind(streams)
        .fetch_all(connection)
        .await?;
    let mut rows: HashMap<usize, &str> = HashMap::with_capacity(stored.len());
    for row in &stored {
        let nth = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
        rows.insert(nth.saturating_sub(1), text(row, 1)?);
    }
    for (at, (nth, stream)) in wanted.into_iter().enumerate() {
        if let Some(kept) = lanes.get_mut(nth).and_then(|lane| lane.kept.as_mut()) {
            kept.take(stream, rows.get(&at).copied())?;
        }
    }
    Ok(())
}

/// Links a step to the traces of the commands behind it; a step of one command continues its.
fn continue_traces(span: &Span, pages: &[Vec<Followed>]) {
    const LINKS_MAX: usize = 32;
    let parents: BTreeSet<&str> = pages
        .iter()
        .flatten()
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
