//! The writers: each a task with a connection, and one statement for everything that waits.
//!
//! Two of them, so that one decides and encodes while the database works for the other; commands of
//! one process that meet never run at the same time (see the gate).

mod batch;
mod queue;
mod rows;

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use domain::{
    actor::TenantId,
    world::{Custody, StagedEvent, StreamKey},
};
use jiff::Timestamp;
use sqlx::{
    ConnectOptions as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgRow},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast, oneshot};
use tracing::Instrument as _;
use uuid::Uuid;

use self::{
    batch::{Batch, RowTypes},
    queue::Queue,
};
use crate::{
    LedgerError, Receipt, Wake, handover::Handover, keys::NewKey, metrics::Metrics,
    progress::Progress,
};

/// Writers of one process.
const WRITERS: usize = 2;
/// At most so many commands wait for a writer.
const WAITING_MAX: usize = 4096;
/// A command that finds no place among them for this long is turned away.
const WAITING_PATIENCE: Duration = Duration::from_secs(5);
/// How long a lost database is waited for before what waits is answered with the failure.
const OUTAGE_PATIENCE: Duration = Duration::from_secs(20);
const RECONNECT_FIRST: Duration = Duration::from_millis(20);
const RECONNECT_MAX: Duration = Duration::from_secs(1);
/// What the database itself asks to repeat is repeated this often.
const RETRIES_MAX: u32 = 5;
/// How the append says that a tenant has no feed yet.
const NO_FEED: &str = "P0002";
/// How it says that a stream has moved on, or that somebody has another key.
const MOVED_ON: &str = "40001";
/// What refuses a second receipt of a request.
const ONE_RECEIPT: &str = "receipt_pkey";

/// One command's writes, guards and receipt: written whole or not at all.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) tenant: TenantId,
    pub(crate) request: Uuid,
    pub(crate) fingerprint: [u8; 32],
    /// The record that the receipt names, and its version afterwards.
    pub(crate) key: StreamKey,
    pub(crate) version: u64,
    pub(crate) streams: Vec<UnitStream>,
    /// Of persons whose values it is the first to seal.
    pub(crate) new_keys: Vec<Arc<NewKey>>,
    /// A JSON object of strings without its closing brace; the writer adds when it was recorded.
    pub(crate) metadata: String,
}

#[derive(Debug)]
pub(crate) struct UnitStream {
    pub(crate) key: StreamKey,
    pub(crate) expected: u64,
    /// `None` for a stream that was only read.
    pub(crate) write: Option<UnitWrite>,
}

#[derive(Debug)]
pub(crate) struct UnitWrite {
    pub(crate) previous: [u8; 32],
    pub(crate) custody: Custody,
    pub(crate) events: Vec<StagedEvent>,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    /// With the last hash of each written stream, in the unit's order.
    Written {
        receipt: Receipt,
        hashes: Vec<[u8; 32]>,
    },
    /// The request was answered before, under this fingerprint.
    Repeat {
        receipt: Receipt,
        fingerprint: Vec<u8>,
    },
    Conflict,
}

type Answer = oneshot::Sender<Result<Outcome, LedgerError>>;

struct Waiting {
    unit: Unit,
    /// Of the command, which the batch that carries it is part of.
    span: tracing::Span,
    answer: Answer,
    /// Held until a writer takes it, also when nobody waits for the answer any more.
    _place: OwnedSemaphorePermit,
}

/// Hands units to the writers.
#[derive(Clone)]
pub(crate) struct Appender {
    intake: Arc<Mutex<Intake>>,
    room: Arc<Semaphore>,
}

/// What waits, and the writers that wait for it.
#[derive(Default)]
struct Intake {
    queue: Queue,
    /// The one that has just finished is the last: its caches are warm, and one writer alone is
    /// enough for commands that come one by one.
    idle: Vec<oneshot::Sender<()>>,
}

impl Appender {
    /// Starts the writers; they end with the last handle.
    pub(crate) async fn start(
        options: PgConnectOptions,
        wake: broadcast::Sender<Wake>,
        handover: Handover,
        progress: Arc<Progress>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, LedgerError> {
        let options = options
            .application_name("trellis-append")
            // The plans of the append must not depend on how full the tables were when first used.
            .options([
                ("enable_seqscan", "off"),
                // It looks for one row at a time, and never leaves out what is dead.
                ("enable_bitmapscan", "off"),
                // Nested loops go through a batch in the order sent, which is the order of locks.
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
                ("plan_cache_mode", "force_generic_plan"),
                ("jit", "off"),
                ("statement_timeout", "30s"),
            ]);
        let intake = Arc::new(Mutex::new(Intake::default()));
        let recorder = Arc::new(Recorder::default());
        for _ in 0..WRITERS {
            let writer = Writer {
                connection: Some(connect(&options).await?),
                options: options.clone(),
                intake: Arc::downgrade(&intake),
                recorder: Arc::clone(&recorder),
                wake: wake.clone(),
                handover: handover.clone(),
                progress: Arc::clone(&progress),
                metrics: Arc::clone(&metrics),
            };
            tokio::spawn(writer.run());
        }
        Ok(Self {
            intake,
            room: Arc::new(Semaphore::new(WAITING_MAX)),
        })
    }

    pub(crate) async fn append(&self, unit: Unit) -> Result<Outcome, LedgerError> {
        let room = || Arc::clone(&self.room);
        let place = match room().try_acquire_owned() {
            Ok(place) => place,
            Err(_) => tokio::time::timeout(WAITING_PATIENCE, room().acquire_owned())
                .await
                .map_err(|_| LedgerError::Overloaded)?
                .map_err(|_| LedgerError::Overloaded)?,
        };
        let (answer, outcome) = oneshot::channel();
        let waiting = Waiting {
            unit,
            span: tracing::Span::current(),
            answer,
            _place: place,
        };
        {
            let mut intake = lock(&self.intake);
            intake.queue.push(waiting);
            while let Some(writer) = intake.idle.pop() {
                if writer.send(()).is_ok() {
                    break;
                }
            }
        }
        outcome.await.map_err(|_| LedgerError::Overloaded)?
    }
}

fn lock(intake: &Mutex<Intake>) -> MutexGuard<'_, Intake> {
    intake.lock().unwrap_or_else(PoisonError::into_inner)
}

type Connection = (PgConnection, RowTypes);

async fn connect(options: &PgConnectOptions) -> Result<Connection, sqlx::Error> {
    let mut connection = options.connect().await?;
    let types = RowTypes::of(&mut connection).await?;
    Ok((connection, types))
}

/// The clock of recorded times: in microseconds since 1970, no two of this process the same.
#[derive(Default)]
struct Recorder(AtomicI64);

impl Recorder {
    fn now(&self) -> i64 {
        let now = Timestamp::now().as_microsecond();
        let later = |last: i64| now.max(last.saturating_add(1));
        let last = (self.0).fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
            Some(later(last))
        });
        last.map_or(now, later)
    }
}

struct Writer {
    options: PgConnectOptions,
    connection: Option<Connection>,
    intake: Weak<Mutex<Intake>>,
    recorder: Arc<Recorder>,
    wake: broadcast::Sender<Wake>,
    handover: Handover,
    progress: Arc<Progress>,
    metrics: Arc<Metrics>,
}

impl Writer {
    async fn run(mut self) {
        loop {
            let Some(batch) = self.next_batch().await else {
                return;
            };
            let span = tracing::info_span!(parent: None, "ledger.append", batch = batch.len());
            // A batch carries commands of many traces: it is linked from each, child of none.
            for waiting in &batch {
                span.follows_from(&waiting.span);
            }
            self.write(batch).instrument(span).await;
        }
    }

    /// What waits, up to a batch; nothing once every handle is gone.
    async fn next_batch(&self) -> Option<Vec<Waiting>> {
        loop {
            // Commands that are ready to be decided at this moment come along; alone, this costs
            // nothing.
            tokio::task::yield_now().await;
            let woken = {
                let intake = self.intake.upgrade()?;
                let mut intake = lock(&intake);
                if !intake.queue.is_empty() {
                    return Some(intake.queue.next_batch());
                }
                let (idle, woken) = oneshot::channel();
                intake.idle.push(idle);
                woken
            };
            woken.await.ok()?;
        }
    }

    async fn write(&mut self, batch: Vec<Waiting>) {
        let (mut units, mut answers): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|waiting| (waiting.unit, waiting.answer))
            .unzip();
        let mut idle = 0;
        while !units.is_empty() {
            let due = units.len();
            match self.send(&units).await {
                Ok(mut outcomes) => {
                    if idle > RETRIES_MAX {
                        // Nobody is at fault and yet it never stands: others are always first.
                        outcomes.fill_with(|| Some(Outcome::Conflict));
                    }
                    (units, answers) = (units.into_iter().zip(answers).zip(outcomes))
                        .filter_map(|((unit, answer), outcome)| match outcome {
                            Some(outcome) => {
                                // Whoever asked may have gone away; a repeat of the request finds
                                // the receipt.
                                let _ = answer.send(Ok(outcome));
                                None
                            }
                            None => Some((unit, answer)),
                        })
                        .unzip();
                    idle = if units.len() < due { 0 } else { idle + 1 };
                }
                Err(error) => return self.fail(units, answers, error).await,
            }
        }
    }

    /// Answers a batch that could not be sent.
    async fn fail(&mut self, units: Vec<Unit>, answers: Vec<Answer>, error: LedgerError) {
        match error {
            LedgerError::Store(error)
                if units.len() > 1 && matches!(fault(&error), Fault::Connection) =>
            {
                // The database is away for each of them: what all have waited for is not waited
                // for again by one after the other.
                tracing::error!(%error, units = units.len(), "the database is away");
                for answer in answers {
                    let away = std::io::Error::from(std::io::ErrorKind::TimedOut);
                    let _ = answer.send(Err(sqlx::Error::Io(away).into()));
                }
            }
            error if units.len() > 1 => {
                // One of them is at fault; alone, it fails alone.
                tracing::warn!(%error, units = units.len(), "a batch failed; its units go one by one");
                for (unit, answer) in units.into_iter().zip(answers) {
                    let outcome = self.send(std::slice::from_ref(&unit)).await;
                    let outcome = outcome.map(|outcomes| {
                        let outcome = outcomes.into_iter().next().flatten();
                        outcome.unwrap_or(Outcome::Conflict)
                    });
                    let _ = answer.send(outcome);
                }
            }
            error => {
                if let Some(answer) = answers.into_iter().next() {
                    let _ = answer.send(Err(error));
                }
            }
        }
    }

    /// Sends one batch until the database has answered it. A lost connection leaves it unknown
    /// whether the batch stands; sent again, what stands is answered by its receipts. Units without
    /// an outcome are not at fault, and only to be sent again.
    async fn send(&mut self, units: &[Unit]) -> Result<Vec<Option<Outcome>>, LedgerError> {
        let began = Instant::now();
        let mut pause = RECONNECT_FIRST;
        let mut retries = 0;
        loop {
            let error = match self.attempt(units).await {
                Ok(outcomes) => {
                    self.metrics.appended(units.len(), began.elapsed());
                    return Ok(outcomes);
                }
                Err(error) => error,
            };
            match fault(&error) {
                Fault::Connection if began.elapsed() < OUTAGE_PATIENCE => {
                    tracing::warn!(%error, "the append lost its connection");
                    self.connection = None;
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(RECONNECT_MAX);
                }
                Fault::Transient if retries < RETRIES_MAX => retries += 1,
                fault => {
                    if matches!(fault, Fault::Connection) {
                        self.connection = None;
                    }
                    return Err(error.into());
                }
            }
        }
    }

    async fn attempt(&mut self, units: &[Unit]) -> Result<Vec<Option<Outcome>>, sqlx::Error> {
        let (connection, types) = match &mut self.connection {
            Some(connection) => connection,
            empty => empty.insert(connect(&self.options).await?),
        };
        let batch = Batch::of(*types, units, || self.recorder.now());
        let mut heads = batch.append(connection).await;
        if code(&heads).as_deref() == Some(NO_FEED) {
            batch.open_feeds(connection).await?;
            heads = batch.append(connection).await;
        }
        let outcomes = if overtaken(&heads) {
            faults(connection, units).await?
        } else {
            let heads = heads?;
            self.handover.give(|| batch.committed(units, &heads));
            self.progress.grown(batch.reached(&heads));
            batch.outcomes(units, &heads)
        };
        self.tell(units, &outcomes);
        Ok(outcomes)
    }

    fn tell(&self, units: &[Unit], outcomes: &[Option<Outcome>]) {
        let mut touched: Vec<TenantId> = vec![];
        for (unit, outcome) in units.iter().zip(outcomes) {
            let Some(outcome) = outcome else { continue };
            self.metrics.outcome(outcome);
            if matches!(outcome, Outcome::Written { .. }) {
                for write in unit
                    .streams
                    .iter()
                    .filter_map(|stream| stream.write.as_ref())
                {
                    touched.extend(&write.custody.parties);
                }
            }
        }
        touched.sort_unstable();
        touched.dedup();
        if !touched.is_empty() {
            // Nobody listens: nobody needs the hint.
            let _ = self.wake.send(touched.into());
        }
    }
}

fn code<T>(result: &Result<T, sqlx::Error>) -> Option<Cow<'_, str>> {
    match result {
        Err(sqlx::Error::Database(error)) => error.code(),
        _ => None,
    }
}

/// Whether others came first: with a stream, a key or the same request.
fn overtaken<T>(result: &Result<T, sqlx::Error>) -> bool {
    let Err(sqlx::Error::Database(error)) = result else {
        return false;
    };
    error.code().as_deref() == Some(MOVED_ON) || error.constraint() == Some(ONE_RECEIPT)
}

enum Fault {
    /// The connection is gone; whether the statement took effect is unknown.
    Connection,
    /// The database asks to send it again.
    Transient,
    /// The statement itself.
    Statement,
}

fn fault(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => Fault::Connection,
        sqlx::Error::Database(error) => match error.code().as_deref() {
            Some("40P01" | "55P03") => Fault::Transient,
            // The server goes down, comes up, is full, or is no longer the one that writes.
            Some(code)
                if code.starts_with("08")
                    || code.starts_with("57P")
                    || code.starts_with("53")
                    || code == "25006" =>
            {
                Fault::Connection
            }
            _ => Fault::Statement,
        },
        _ => Fault::Statement,
    }
}

/// Which units kept their batch from standing; the others are only to be sent again.
async fn faults(
    connection: &mut PgConnection,
    units: &[Unit],
) -> Result<Vec<Option<Outcome>>, sqlx::Error> {
    let tenants: Vec<Uuid> = units.iter().map(|unit| unit.tenant.0).collect();
    let requests: Vec<Uuid> = units.iter().map(|unit| unit.request).collect();
    let receipts = sqlx::query(
        "SELECT u.nth, r.fingerprint, r.aggregate_type, r.aggregate_id, r.version, r.position,
                (extract(epoch FROM r.recorded_at) * 1000000)::bigint
           FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS u (tenant_id, request_id, nth)
           JOIN ledger.receipt r USING (tenant_id, request_id)",
    )
    .bind(&tenants)
    .bind(&requests)
    .fetch_all(&mut *connection)
    .await?;
    let streams = || {
        (1_i64..)
            .zip(units)
            .flat_map(|(nth, unit)| unit.streams.iter().map(move |stream| (nth, stream)))
    };
    let nths: Vec<i64> = streams().map(|(nth, _)| nth).collect();
    let kinds: Vec<&str> = streams().map(|(_, stream)| stream.key.kind).collect();
    let ids: Vec<String> = streams()
        .map(|(_, stream)| stream.key.id.to_string())
        .collect();
    let expected: Vec<i64> = streams()
        .map(|(_, stream)| count(stream.expected))
        .collect();
    let previous: Vec<Option<&[u8]>> = streams()
        .map(|(_, stream)| {
            let write = stream.write.as_ref();
            write.map(|write| write.previous.as_slice())
        })
        .collect();
    let moved: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT s.nth
           FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bytea[])
                AS s (nth, kind, id, expected, previous)
           LEFT JOIN ledger.stream t
             ON t.aggregate_id = s.id COLLATE \"C\" AND t.aggregate_type = s.kind COLLATE \"C\"
          WHERE coalesce(t.version, 0) <> s.expected
             OR (s.expected > 0 AND t.last_hash <> s.previous)",
    )
    .bind(&nths)
    .bind(&kinds)
    .bind(&ids)
    .bind(&expected)
    .bind(&previous)
    .fetch_all(&mut *connection)
    .await?;

    let replaced = replaced(connection, units).await?;

    let mut outcomes: Vec<Option<Outcome>> = units.iter().map(|_| None).collect();
    let place = |nth: i64| usize::try_from(nth - 1).unwrap_or(usize::MAX);
    for nth in moved.into_iter().chain(replaced) {
        if let Some(outcome) = outcomes.get_mut(place(nth)) {
            *outcome = Some(Outcome::Conflict);
        }
    }
    for row in receipts {
        if let Some(outcome) = outcomes.get_mut(place(row.try_get(0)?)) {
            *outcome = Some(Outcome::Repeat {
                receipt: stored_receipt(&row, 2)?,
                fingerprint: row.try_get(1)?,
            });
        }
    }
    Ok(outcomes)
}

/// The units, from 1, that were sealed under a new key where another one is stored.
async fn replaced(connection: &mut PgConnection, units: &[Unit]) -> Result<Vec<i64>, sqlx::Error> {
    let keys = || {
        (1_i64..)
            .zip(units)
            .flat_map(|(nth, unit)| unit.new_keys.iter().map(move |key| (nth, key)))
    };
    let nths: Vec<i64> = keys().map(|(nth, _)| nth).collect();
    if nths.is_empty() {
        return Ok(vec![]);
    }
    let controllers: Vec<Uuid> = keys().map(|(_, key)| key.name.controller.0).collect();
    let subjects: Vec<Uuid> = keys().map(|(_, key)| key.name.subject.0).collect();
    let classes: Vec<String> = keys().map(|(_, key)| key.name.class.to_string()).collect();
    let ids: Vec<Uuid> = keys().map(|(_, key)| key.id).collect();
    sqlx::query_scalar(
        "SELECT DISTINCT n.nth
           FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[])
                AS n (nth, controller, subject, class, key_id)
           JOIN ledger.subject_key k USING (controller, subject, class)
          WHERE k.key_id <> n.key_id OR k.destroyed_at IS NOT NULL",
    )
    .bind(&nths)
    .bind(&controllers)
    .bind(&subjects)
    .bind(&classes)
    .bind(&ids)
    .fetch_all(connection)
    .await
}

/// Reads type, id, version, position and recorded microseconds from the columns at `first`.
pub(crate) fn stored_receipt(row: &PgRow, first: usize) -> Result<Receipt, sqlx::Error> {
    let id: &str = row.try_get(first + 1)?;
    Ok(Receipt {
        kind: row.try_get(first)?,
        id: Uuid::try_parse(id).map_err(|error| sqlx::Error::Decode(error.into()))?,
        version: row.try_get::<i64, _>(first + 2)?.unsigned_abs(),
        position: row.try_get::<i64, _>(first + 3)?.unsigned_abs(),
        recorded: instant(row.try_get(first + 4)?),
    })
}

pub(crate) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(crate) fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use audit::chain;
    use domain::actor::PLATFORM;

    use super::*;

    pub(super) fn unit(request: u128, streams: &[(u128, bool)]) -> Unit {
        let key = |id| StreamKey {
            kind: "tally",
            id: Uuid::from_u128(id),
        };
        Unit {
            tenant: PLATFORM,
            request: Uuid::from_u128(request),
            fingerprint: [0; 32],
            key: key(0),
            version: 1,
            streams: streams
                .iter()
                .map(|(id, writes)| UnitStream {
                    key: key(*id),
                    expected: 0,
                    write: writes.then(|| UnitWrite {
                        previous: chain::GENESIS,
                        custody: Custody::of(PLATFORM, []),
                        events: vec![],
                    }),
                })
                .collect(),
            new_keys: vec![],
            metadata: "{".to_owned(),
        }
    }

    /// Somebody waits for it to the end of the test.
    pub(super) fn waiting(request: u128, streams: &[(u128, bool)]) -> Waiting {
        let (answer, outcome) = oneshot::channel();
        std::mem::forget(outcome);
        Waiting {
            span: tracing::Span::none(),
            unit: unit(request, streams),
            answer,
            _place: Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap(),
        }
    }

    #[test]
    fn recorded_times_rise_strictly_even_when_the_clock_stands() {
        let recorder = Recorder::default();
        let ahead = Timestamp::now().as_microsecond() + 1_000_000;
        recorder.0.store(ahead, Ordering::Relaxed);
        assert_eq!(recorder.now(), ahead + 1);
        assert_eq!(recorder.now(), ahead + 2);
    }

    pub(super) fn of_tenant(tenant: TenantId, mut waiting: Waiting) -> Waiting {
        waiting.unit.tenant = tenant;
        waiting
    }
}
