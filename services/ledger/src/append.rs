//! The writer: one task, one connection, one statement for everything that waits.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use audit::chain::{self, ChainedEvent};
use domain::{
    actor::TenantId,
    world::{Custody, StagedEvent, StreamKey},
};
use jiff::Timestamp;
use sqlx::{
    ConnectOptions as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgRow},
};
use tokio::sync::{broadcast, mpsc, oneshot};
use tracing::Instrument as _;
use uuid::Uuid;

use crate::{LedgerError, Receipt, Wake, metrics::Metrics};

/// At most so many commands go into one transaction.
const BATCH_MAX: usize = 256;
/// At most so many commands wait for the writer.
const QUEUE_MAX: usize = 4096;
/// A command that finds the queue full this long is turned away.
const QUEUE_PATIENCE: Duration = Duration::from_secs(5);
/// How long a lost database is waited for before what waits is answered with the failure.
const OUTAGE_PATIENCE: Duration = Duration::from_secs(20);
const RECONNECT_FIRST: Duration = Duration::from_millis(20);
const RECONNECT_MAX: Duration = Duration::from_secs(1);
/// A unit that the database itself asks to repeat is repeated this often.
const RETRIES_MAX: u32 = 5;

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

struct Waiting {
    unit: Unit,
    /// Of the command, which the batch that carries it is part of.
    span: tracing::Span,
    answer: oneshot::Sender<Result<Outcome, LedgerError>>,
}

/// Hands units to the writer.
#[derive(Clone)]
pub(crate) struct Appender(mpsc::Sender<Waiting>);

impl Appender {
    /// Starts the writer; it ends once every handle is gone and the queue is empty.
    pub(crate) async fn start(
        options: PgConnectOptions,
        wake: broadcast::Sender<Wake>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, LedgerError> {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let options = options
            .application_name("trellis-append")
            // The plans of the append must not depend on how full the tables were when first used.
            .options([
                ("enable_seqscan", "off"),
                ("plan_cache_mode", "force_generic_plan"),
                ("jit", "off"),
                ("statement_timeout", "30s"),
            ]);
        let connection = options.connect().await?;
        let writer = Writer {
            options,
            connection: Some(connection),
            recorded: i64::MIN,
            wake,
            metrics,
        };
        tokio::spawn(writer.run(queue));
        Ok(Self(sender))
    }

    pub(crate) async fn append(&self, unit: Unit) -> Result<Outcome, LedgerError> {
        let place = match self.0.try_reserve() {
            Ok(place) => place,
            Err(_) => tokio::time::timeout(QUEUE_PATIENCE, self.0.reserve())
                .await
                .map_err(|_| LedgerError::Overloaded)?
                .map_err(|_| LedgerError::Overloaded)?,
        };
        let (answer, outcome) = oneshot::channel();
        place.send(Waiting {
            unit,
            span: tracing::Span::current(),
            answer,
        });
        outcome.await.map_err(|_| LedgerError::Overloaded)?
    }
}

struct Writer {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// The last recorded time given, in microseconds: it rises strictly.
    recorded: i64,
    wake: broadcast::Sender<Wake>,
    metrics: Arc<Metrics>,
}

impl Writer {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut waiting = VecDeque::new();
        let mut arrived = Vec::with_capacity(BATCH_MAX);
        loop {
            if waiting.is_empty() {
                if queue.recv_many(&mut arrived, BATCH_MAX).await == 0 {
                    return;
                }
            } else {
                while waiting.len() + arrived.len() < BATCH_MAX {
                    match queue.try_recv() {
                        Ok(next) => arrived.push(next),
                        Err(_) => break,
                    }
                }
            }
            waiting.extend(arrived.drain(..));
            let batch = next_batch(&mut waiting);
            let span = tracing::info_span!(parent: None, "ledger.append", batch = batch.len());
            // A batch carries commands of many traces: it is linked from each, child of none.
            for waiting in &batch {
                span.follows_from(&waiting.span);
            }
            self.write(batch).instrument(span).await;
        }
    }

    async fn write(&mut self, batch: Vec<Waiting>) {
        let (units, answers): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .map(|waiting| (waiting.unit, waiting.answer))
            .unzip();
        match self.send(&units).await {
            Ok(outcomes) => {
                for (answer, outcome) in answers.into_iter().zip(outcomes) {
                    // Whoever asked may have gone away; a repeat of the request finds the receipt.
                    let _ = answer.send(Ok(outcome));
                }
            }
            Err(error) if units.len() == 1 => {
                if let Some(answer) = answers.into_iter().next() {
                    let _ = answer.send(Err(error));
                }
            }
            Err(LedgerError::Store(error)) if matches!(fault(&error), Fault::Connection) => {
                // The database is away for each of them: what all have waited for is not waited
                // for again by one after the other.
                tracing::error!(%error, units = units.len(), "the database is away");
                for answer in answers {
                    let away = std::io::Error::from(std::io::ErrorKind::TimedOut);
                    let _ = answer.send(Err(sqlx::Error::Io(away).into()));
                }
            }
            Err(error) => {
                // One of them is at fault; alone, it fails alone.
                tracing::warn!(%error, units = units.len(), "a batch failed; its units go one by one");
                for (unit, answer) in units.into_iter().zip(answers) {
                    let outcome = self
                        .send(std::slice::from_ref(&unit))
                        .await
                        .map(|outcomes| outcomes.into_iter().next().unwrap_or(Outcome::Conflict));
                    let _ = answer.send(outcome);
                }
            }
        }
    }

    /// Sends one batch until the database has answered it. A lost connection leaves it unknown
    /// whether the batch stands; sent again, what stands is answered by its receipts.
    async fn send(&mut self, units: &[Unit]) -> Result<Vec<Outcome>, LedgerError> {
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
                Fault::Transient if units.len() == 1 && retries < RETRIES_MAX => retries += 1,
                fault => {
                    if matches!(fault, Fault::Connection) {
                        self.connection = None;
                    }
                    return Err(error.into());
                }
            }
        }
    }

    async fn attempt(&mut self, units: &[Unit]) -> Result<Vec<Outcome>, sqlx::Error> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            empty => empty.insert(self.options.connect().await?),
        };
        let batch = Batch::of(units, &mut self.recorded);
        let rows = batch.execute(connection).await?;
        let mut outcomes = Vec::with_capacity(units.len());
        for (((unit, row), recorded), hashes) in units
            .iter()
            .zip(rows)
            .zip(&batch.recorded)
            .zip(batch.hashes)
        {
            outcomes.push(outcome(unit, &row, *recorded, hashes)?);
        }
        if outcomes.len() != units.len() {
            return Err(sqlx::Error::Protocol(
                "the append did not answer every unit".to_owned(),
            ));
        }
        self.tell(units, &outcomes);
        Ok(outcomes)
    }

    fn tell(&self, units: &[Unit], outcomes: &[Outcome]) {
        let mut touched: Vec<TenantId> = vec![];
        for (unit, outcome) in units.iter().zip(outcomes) {
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
            Some("40001" | "40P01" | "55P03") => Fault::Transient,
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

/// Takes from `waiting`, in order, what can share a transaction. A unit whose receipt or streams
/// meet an earlier unit's (other than both only reading) waits for the next, and whatever meets
/// it waits behind it.
fn next_batch(waiting: &mut VecDeque<Waiting>) -> Vec<Waiting> {
    let mut receipts = std::collections::BTreeSet::new();
    // True once somebody writes the stream.
    let mut streams: BTreeMap<StreamKey, bool> = BTreeMap::new();
    let mut batch = Vec::with_capacity(waiting.len().min(BATCH_MAX));
    let mut deferred = VecDeque::new();
    while let Some(next) = waiting.pop_front() {
        let unit = &next.unit;
        let meets = receipts.contains(&(unit.tenant, unit.request))
            || unit.streams.iter().any(|stream| {
                streams
                    .get(&stream.key)
                    .is_some_and(|written| *written || stream.write.is_some())
            });
        receipts.insert((unit.tenant, unit.request));
        for stream in &unit.streams {
            *streams.entry(stream.key).or_default() |= stream.write.is_some();
        }
        if meets || batch.len() == BATCH_MAX {
            deferred.push_back(next);
        } else {
            batch.push(next);
        }
    }
    *waiting = deferred;
    batch
}

/// The columns of one statement.
#[derive(Default)]
struct Batch<'a> {
    unit_tenant: Vec<Uuid>,
    unit_request: Vec<Uuid>,
    unit_fingerprint: Vec<&'a [u8]>,
    unit_type: Vec<&'a str>,
    unit_id: Vec<String>,
    unit_version: Vec<i64>,
    recorded: Vec<i64>,
    unit_metadata: Vec<String>,
    stream_unit: Vec<i32>,
    stream_type: Vec<&'a str>,
    stream_id: Vec<String>,
    stream_expected: Vec<i64>,
    stream_previous: Vec<Option<&'a [u8]>>,
    stream_hash: Vec<Option<Vec<u8>>>,
    stream_home: Vec<Option<Uuid>>,
    stream_parties: Vec<String>,
    stream_subject: Vec<Option<Uuid>>,
    event_stream: Vec<i32>,
    event_type: Vec<&'a str>,
    event_version: Vec<&'a str>,
    event_payload: Vec<&'a str>,
    event_hash: Vec<Vec<u8>>,
    tenants: BTreeMap<Uuid, i16>,
    /// Per unit, the last hash of each stream it writes.
    hashes: Vec<Vec<[u8; 32]>>,
}

impl<'a> Batch<'a> {
    fn of(units: &'a [Unit], last_recorded: &mut i64) -> Self {
        let mut batch = Self::default();
        for (nth, unit) in (1..).zip(units) {
            let recorded = Timestamp::now()
                .as_microsecond()
                .max(last_recorded.saturating_add(1));
            *last_recorded = recorded;
            let metadata = format!(
                r#"{},"recorded":"{:.6}"}}"#,
                unit.metadata,
                Timestamp::from_microsecond(recorded).unwrap_or(Timestamp::UNIX_EPOCH),
            );
            batch.unit_tenant.push(unit.tenant.0);
            batch.unit_request.push(unit.request);
            batch.unit_fingerprint.push(&unit.fingerprint);
            batch.unit_type.push(unit.key.kind);
            batch.unit_id.push(unit.key.id.to_string());
            batch.unit_version.push(count(unit.version));
            batch.recorded.push(recorded);
            let mut hashes = vec![];
            for stream in &unit.streams {
                hashes.extend(batch.push_stream(nth, stream, &metadata));
            }
            batch.hashes.push(hashes);
            batch.unit_metadata.push(metadata);
        }
        batch
    }

    fn push_stream(
        &mut self,
        unit: i32,
        stream: &'a UnitStream,
        metadata: &str,
    ) -> Option<[u8; 32]> {
        let id = stream.key.id.to_string();
        self.stream_unit.push(unit);
        self.stream_type.push(stream.key.kind);
        self.stream_expected.push(count(stream.expected));
        let nth = i32::try_from(self.stream_unit.len()).unwrap_or(i32::MAX);
        let Some(write) = &stream.write else {
            self.stream_id.push(id);
            self.stream_previous.push(None);
            self.stream_hash.push(None);
            self.stream_home.push(None);
            self.stream_parties.push("{}".to_owned());
            self.stream_subject.push(None);
            return None;
        };
        let mut hash = write.previous;
        for event in &write.events {
            hash = chain::next(
                &hash,
                &ChainedEvent {
                    aggregate_type: stream.key.kind,
                    aggregate_id: &id,
                    sequence: event.sequence,
                    event_type: &event.event_type,
                    event_version: &event.event_version,
                    payload: &event.payload,
                    metadata,
                },
            );
            self.event_stream.push(nth);
            self.event_type.push(&event.event_type);
            self.event_version.push(&event.event_version);
            self.event_payload.push(&event.payload);
            self.event_hash.push(hash.to_vec());
        }
        let mut parties = String::from("{");
        for (nth, party) in write.custody.parties.iter().enumerate() {
            // Writing to a String cannot fail.
            let _ = write!(parties, "{}{}", if nth > 0 { "," } else { "" }, party.0);
            self.tenants
                .entry(party.0)
                .or_insert_with(|| i16::try_from(party.slice()).unwrap_or(0));
        }
        parties.push('}');
        self.stream_id.push(id);
        self.stream_previous.push(Some(&write.previous));
        self.stream_hash.push(Some(hash.to_vec()));
        self.stream_home.push(Some(write.custody.home.0));
        self.stream_parties.push(parties);
        self.stream_subject
            .push(write.custody.subject.map(|subject| subject.0));
        Some(hash)
    }

    async fn execute(&self, connection: &mut PgConnection) -> Result<Vec<PgRow>, sqlx::Error> {
        let (tenants, slices): (Vec<Uuid>, Vec<i16>) =
            self.tenants.iter().map(|(id, slice)| (*id, *slice)).unzip();
        sqlx::query(
            "SELECT o_outcome, o_fingerprint, o_type, o_id, o_version, o_position, o_recorded
               FROM ledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
                                  $16, $17, $18, $19, $20, $21, $22, $23, $24)",
        )
        .bind(&self.unit_tenant)
        .bind(&self.unit_request)
        .bind(&self.unit_fingerprint)
        .bind(&self.unit_type)
        .bind(&self.unit_id)
        .bind(&self.unit_version)
        .bind(&self.recorded)
        .bind(&self.unit_metadata)
        .bind(&self.stream_unit)
        .bind(&self.stream_type)
        .bind(&self.stream_id)
        .bind(&self.stream_expected)
        .bind(&self.stream_previous)
        .bind(&self.stream_hash)
        .bind(&self.stream_home)
        .bind(&self.stream_parties)
        .bind(&self.stream_subject)
        .bind(&self.event_stream)
        .bind(&self.event_type)
        .bind(&self.event_version)
        .bind(&self.event_payload)
        .bind(&self.event_hash)
        .bind(&tenants)
        .bind(&slices)
        .fetch_all(connection)
        .await
    }
}

fn outcome(
    unit: &Unit,
    row: &PgRow,
    recorded: i64,
    hashes: Vec<[u8; 32]>,
) -> Result<Outcome, sqlx::Error> {
    Ok(match row.try_get::<&str, _>(0)? {
        "written" => Outcome::Written {
            receipt: Receipt {
                kind: unit.key.kind.to_owned(),
                id: unit.key.id,
                version: unit.version,
                position: row.try_get::<i64, _>(5)?.unsigned_abs(),
                recorded: instant(recorded),
            },
            hashes,
        },
        "repeat" => Outcome::Repeat {
            receipt: stored_receipt(row, 2)?,
            fingerprint: row.try_get(1)?,
        },
        _ => Outcome::Conflict,
    })
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
    use domain::actor::PLATFORM;

    use super::*;

    fn waiting(request: u128, streams: &[(u128, bool)]) -> Waiting {
        let key = |id| StreamKey {
            kind: "tally",
            id: Uuid::from_u128(id),
        };
        Waiting {
            span: tracing::Span::none(),
            unit: Unit {
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
                metadata: "{".to_owned(),
            },
            answer: oneshot::channel().0,
        }
    }

    fn batches(waiting: Vec<Waiting>) -> Vec<Vec<u128>> {
        let mut waiting = VecDeque::from(waiting);
        let mut batches = vec![];
        while !waiting.is_empty() {
            batches.push(
                next_batch(&mut waiting)
                    .iter()
                    .map(|next| next.unit.request.as_u128())
                    .collect(),
            );
        }
        batches
    }

    #[test]
    fn units_that_meet_never_share_a_batch_and_keep_their_order() {
        let (read, write) = (false, true);
        let queue = vec![
            waiting(1, &[(1, write)]),
            waiting(2, &[(2, write)]),
            // Meets 1, and 4 meets it: 4 may not overtake it.
            waiting(3, &[(1, write), (3, write)]),
            waiting(4, &[(3, write)]),
            // Reads what 2 writes.
            waiting(5, &[(2, read), (4, write)]),
            // The same request again.
            waiting(2, &[(5, write)]),
        ];
        assert_eq!(batches(queue), [vec![1, 2], vec![3, 5, 2], vec![4]]);
    }

    #[test]
    fn units_that_only_read_the_same_stream_share_a_batch() {
        let (read, write) = (false, true);
        let queue = vec![
            waiting(1, &[(9, read), (1, write)]),
            waiting(2, &[(9, read), (2, write)]),
            waiting(3, &[(9, write)]),
            waiting(4, &[(9, read)]),
        ];
        assert_eq!(batches(queue), [vec![1, 2], vec![3], vec![4]]);
    }

    #[test]
    fn recorded_times_rise_strictly_even_when_the_clock_stands() {
        let queue: Vec<Unit> = (0..100).map(|n| waiting(n, &[(n, true)]).unit).collect();
        let mut last = Timestamp::now().as_microsecond() + 1_000_000;
        let batch = Batch::of(&queue, &mut last);
        assert!(batch.recorded.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(batch.recorded.last(), Some(&last));
    }
}
