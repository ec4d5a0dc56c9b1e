//! Replaying the whole history: every stored event once, typed, partition by partition.
//!
//! A partition leaves the database in the order of its heap by one binary COPY and is decoded
//! straight from the wire buffer. All partitions are read at one snapshot.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use domain::{actor::TenantId, fact::Fact, personal::PersonalClass};
use futures::StreamExt as _;
use jiff::Timestamp;
use sqlx::{Connection as _, Executor as _, PgConnection, Postgres, Transaction};
use tokio::{
    runtime::{self, Handle, Runtime},
    sync::mpsc,
};
use uuid::Uuid;

use crate::{
    Inner, Ledger, LedgerError,
    follow::{effective, pg_instant},
    transaction::begun,
    unseal::Unseal,
};

/// The partitions of `ledger.event`.
pub(crate) const PARTITIONS: u32 = 16;

/// Rows whose keys are fetched together.
const ROWS_AT_ONCE: usize = 256;

/// Partitions read at the same time, at most.
const AT_ONCE_MAX: usize = 4;

/// Whose personal values a replay opens. What cannot be opened, because it is somebody else's or
/// its key is destroyed, stays sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Opens {
    /// Nobody's: facts carry personal values as they are stored.
    #[default]
    Nothing,
    /// The copies of one controller.
    HeldBy(TenantId),
    /// Everybody's copies of these classes: for statistics, which need nothing else.
    Classes(&'static [PersonalClass]),
    /// Every copy there is a key for; each of them must open.
    All,
}

/// A stored event as a replay visits it.
pub struct Replayed<'a> {
    /// The aggregate type.
    pub kind: &'a str,
    /// The stream's id.
    pub stream: Uuid,
    /// Its sequence in the stream, from 1; a stream's events are visited in this order.
    pub sequence: u64,
    /// `VacancyOpened`
    pub event_type: &'a str,
    /// `1.0`
    pub event_version: &'a str,
    /// The stored payload, byte for byte; personal values are sealed in it.
    pub payload: &'a str,
    /// The stored metadata, byte for byte.
    pub metadata: &'a str,
    /// When it was recorded.
    pub recorded: Timestamp,
    opened: Cow<'a, str>,
    parties: &'a [u8],
}

impl Replayed<'_> {
    /// The event; the reason in words when it cannot be read. Personal values that were opened are
    /// clear in it: they are for the visitor only, never to be stored or logged.
    ///
    /// # Errors
    /// When this release cannot read it.
    pub fn fact(&self) -> Result<Fact, String> {
        Fact::read(self.kind, self.event_type, self.event_version, &self.opened)
    }

    /// The tenants whose feeds carry the event, home included.
    pub fn parties(&self) -> impl Iterator<Item = TenantId> + '_ {
        // A one-dimensional array: header of 20 bytes, then length and bytes of each element.
        let (elements, _) = self.parties.get(20..).unwrap_or_default().as_chunks::<20>();
        elements.iter().filter_map(|element| {
            let id = element.get(4..)?;
            Some(TenantId(Uuid::from_slice(id).ok()?))
        })
    }

    /// When the event is true in the world.
    pub fn effective(&self) -> Timestamp {
        effective(self.metadata).unwrap_or(self.recorded)
    }
}

impl Ledger {
    /// Visits every stored event, typed, at one moment of the history: in order within a stream,
    /// in no order between streams. Each of the 16 partitions of the log has a state of its own,
    /// made by `start` and answered when all are through; a stream lies in one partition. Several
    /// are visited at the same time, on as many threads as there are cores.
    ///
    /// For audits, analyses and builds by the operator: it sees all tenants' events. With `opens`
    /// the personal values of one or all controllers are clear in the facts.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`] when a stream lacks an event or a sealed value was changed;
    /// when the database or the keys are away. A payload this release cannot read is the
    /// visitor's to judge.
    pub async fn replay<S, V>(
        &self,
        opens: Opens,
        start: impl Fn() -> S + Send + Sync + 'static,
        visit: V,
    ) -> Result<Vec<S>, LedgerError>
    where
        S: Send + 'static,
        V: Fn(&mut S, Replayed<'_>) + Send + Sync + 'static,
    {
        let moment = Moment::now(&self.0).await?;
        let mut reading = moment.read(None, opens, start, visit, Ok);
        let mut states = vec![];
        while let Some(read) = reading.next().await {
            states.push(read?);
        }
        moment.end().await?;
        Ok(states)
    }
}

/// One moment of the history, held open by a transaction.
pub(crate) struct Moment {
    ledger: Arc<Inner>,
    held: Transaction<'static, Postgres>,
    name: String,
}

impl Moment {
    pub(crate) async fn now(ledger: &Arc<Inner>) -> Result<Self, LedgerError> {
        let mut held = begun(&ledger.projector, READ_ONLY).await?;
        let name = sqlx::query_scalar("SELECT pg_export_snapshot()")
            .fetch_one(&mut *held)
            .await?;
        Ok(Self {
            ledger: Arc::clone(ledger),
            held,
            name,
        })
    }

    /// Lets the moment go.
    pub(crate) async fn end(self) -> Result<(), LedgerError> {
        Ok(self.held.commit().await?)
    }

    /// A connection that sees the database as it was at the moment.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.held
    }

    /// Visits every partition, as many at a time as there are cores, each with a state of its own,
    /// of which `end` makes what is passed on. All of it on threads of its own, so that a long visit
    /// holds up nothing else that this process does, and beside whoever takes what is passed on.
    /// Events that none of the tenants in `of` sees are passed over when it is given.
    pub(crate) fn read<S, T: Send + 'static>(
        &self,
        of: Option<String>,
        opens: Opens,
        start: impl Fn() -> S + Send + Sync + 'static,
        visit: impl Fn(&mut S, Replayed<'_>) + Send + Sync + 'static,
        end: impl Fn(S) -> Result<T, LedgerError> + Send + Sync + 'static,
    ) -> Reading<T> {
        let (pass, passed) = mpsc::channel(1);
        let reader = Arc::new(Reader {
            ledger: Arc::clone(&self.ledger),
            runtime: Handle::current(),
            moment: self.name.clone(),
            of,
            opens,
            next: AtomicU32::new(0),
            start,
            visit,
            end,
        });
        let at_once =
            thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, AT_ONCE_MAX));
        for _ in 0..at_once {
            let (reader, pass) = (Arc::clone(&reader), pass.clone());
            tokio::task::spawn_blocking(move || reader.run(&pass));
        }
        Reading {
            passed,
            left: PARTITIONS,
        }
    }
}

/// What is made of each partition, in no order. Whoever lets go of it ends the reading.
pub(crate) struct Reading<T> {
    passed: mpsc::Receiver<Result<T, LedgerError>>,
    left: u32,
}

impl<T> Reading<T> {
    pub(crate) async fn next(&mut self) -> Option<Result<T, LedgerError>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let passed = self.passed.recv().await;
        Some(passed.unwrap_or_else(|| {
            Err(LedgerError::Misconfigured(
                "a visitor of the log failed".to_owned(),
            ))
        }))
    }
}

/// What the threads of a reading share.
struct Reader<N, V, E> {
    ledger: Arc<Inner>,
    /// Of the process.
    runtime: Handle,
    /// The name of the moment.
    moment: String,
    of: Option<String>,
    opens: Opens,
    /// The next partition.
    next: AtomicU32,
    start: N,
    visit: V,
    end: E,
}

type Pass<T> = mpsc::Sender<Result<T, LedgerError>>;

impl<S, T, N, V, E> Reader<N, V, E>
where
    N: Fn() -> S,
    V: Fn(&mut S, Replayed<'_>),
    E: Fn(S) -> Result<T, LedgerError>,
{
    /// Partition after partition on one connection: a new one costs the server as much as thousands
    /// of events. It is not of the pool, because a COPY that is left in the middle spoils it.
    fn run(&self, pass: &Pass<T>) {
        if let Err(error) = self.partitions(pass) {
            // Nobody waits any more: nobody needs it.
            let _ = pass.blocking_send(Err(error));
        }
    }

    fn partitions(&self, pass: &Pass<T>) -> Result<(), LedgerError> {
        // Here the thread waits for its own connection and no other. In the runtime of the process
        // some other thread would be woken by every few rows, only to wake this one.
        let waits = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(sqlx::Error::Io)?;
        let mut connection = waits.block_on(connect(&self.ledger, &self.moment))?;
        loop {
            let partition = self.next.fetch_add(1, Ordering::Relaxed);
            if partition >= PARTITIONS {
                waits.block_on(connection.close())?;
                return Ok(());
            }
            let Some(state) = self.partition(partition, &waits, &mut connection, pass)? else {
                return Ok(());
            };
            if pass.blocking_send((self.end)(state)).is_err() {
                return Ok(());
            }
        }
    }

    /// Nothing when nobody waits for it any more.
    fn partition(
        &self,
        partition: u32,
        waits: &Runtime,
        connection: &mut PgConnection,
        pass: &Pass<T>,
    ) -> Result<Option<S>, LedgerError> {
        let copy = copy(partition, self.of.as_deref());
        let mut read = Partition {
            unseal: Unseal::of(self.opens),
            order: Order::default(),
            state: (self.start)(),
            visit: &self.visit,
        };
        let rows = waits.block_on(connection.copy_out_raw(&copy))?;
        let mut chunks = rows.ready_chunks(ROWS_AT_ONCE);
        let mut first = true;
        loop {
            let next = waits.block_on(async {
                tokio::select! {
                    biased;
                    next = chunks.next() => Some(next),
                    () = pass.closed() => None,
                }
            });
            let chunk = match next {
                Some(Some(chunk)) => chunk,
                Some(None) => break,
                None => return Ok(None),
            };
            let messages = chunk.into_iter().collect::<Result<Vec<_>, _>>()?;
            let mut rows: Vec<&[u8]> = Vec::with_capacity(messages.len());
            for message in &messages {
                let mut rest: &[u8] = message;
                if std::mem::take(&mut first) {
                    rest = rest.get(COPY_HEADER..).ok_or_else(garbled)?;
                }
                rows.push(rest);
            }
            if read.unseal.opens_any() {
                read.note_sealed(&rows)?;
                let fetched = read.unseal.fetch(&self.ledger.keys);
                self.runtime.block_on(fetched)?;
            }
            read.take(&rows)?;
        }
        drop(chunks);
        read.order.complete()?;
        Ok(Some(read.state))
    }
}

const READ_ONLY: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Another connection in a transaction at the moment.
async fn connect(ledger: &Inner, moment: &str) -> Result<PgConnection, LedgerError> {
    let options = ledger.projector.connect_options();
    let mut connection = PgConnection::connect_with(&options).await?;
    // A scan that joins another in the middle, or is shared between workers, gives up the order of
    // the heap, which is nearly that of the streams.
    let begin = format!(
        "{READ_ONLY}; SET TRANSACTION SNAPSHOT '{moment}';
         SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0"
    );
    connection.execute(begin.as_str()).await?;
    Ok(connection)
}

/// Copies a partition out. Of an event that no tenant in `of` sees only its place in the stream
/// leaves the database, so that the order is still known.
fn copy(partition: u32, of: Option<&str>) -> String {
    const TOLD: &str = "event_type, event_version, payload, metadata, parties, recorded_at";
    let rows = match of {
        None => format!(
            "SELECT aggregate_type, aggregate_id, sequence, {TOLD} FROM ledger.event_{partition}"
        ),
        // A constant list is looked up by hash, but an overlap of arrays compares all with all; few
        // events have more than two parties.
        Some(of) => format!(
            "SELECT e.aggregate_type, e.aggregate_id, e.sequence, told.*
               FROM ledger.event_{partition} e
               LEFT JOIN LATERAL (SELECT {}) AS told
                 ON e.parties[1] = ANY ({of}) OR e.parties[2] = ANY ({of})
                 OR cardinality(e.parties) > 2 AND e.parties && {of}",
            TOLD.split(", ")
                .map(|column| format!("e.{column}"))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    };
    format!("COPY ({rows}) TO STDOUT (FORMAT binary)")
}

/// Tenants as [`Moment::read`] takes them; nothing when they are so many that naming them costs
/// more than it saves.
pub(crate) fn only(tenants: impl ExactSizeIterator<Item = TenantId>) -> Option<String> {
    const MOST: usize = 4096;
    if tenants.len() > MOST {
        return None;
    }
    let ids: Vec<String> = tenants.map(|tenant| tenant.0.to_string()).collect();
    Some(format!("'{{{}}}'::uuid[]", ids.join(",")))
}

/// A partition that is read.
struct Partition<'v, S, V> {
    unseal: Unseal,
    order: Order,
    state: S,
    visit: &'v V,
}

impl<S, V: Fn(&mut S, Replayed<'_>)> Partition<'_, S, V> {
    fn note_sealed(&mut self, messages: &[&[u8]]) -> Result<(), LedgerError> {
        for message in messages {
            for row in rows_of(message) {
                self.unseal.note(row?.payload);
            }
        }
        Ok(())
    }

    fn take(&mut self, messages: &[&[u8]]) -> Result<(), LedgerError> {
        for message in messages {
            for row in rows_of(message) {
                self.place(&row?)?;
            }
        }
        Ok(())
    }

    /// Visits a row once those before it in its stream have been.
    fn place(&mut self, row: &StoredEvent<'_>) -> Result<(), LedgerError> {
        match self.order.place(row) {
            Place::Early => Ok(()),
            Place::Due(key) => {
                self.visit(row)?;
                while let Some(early) = self.order.next(key) {
                    self.visit(&StoredEvent::of(&early)?)?;
                }
                Ok(())
            }
        }
    }

    fn visit(&mut self, row: &StoredEvent<'_>) -> Result<(), LedgerError> {
        // No JSON is empty: it was left out.
        if row.payload.is_empty() {
            return Ok(());
        }
        let opened = self
            .unseal
            .open(row.payload)
            .map_err(|cause| row.unreadable(cause))?;
        let event = Replayed {
            kind: row.kind,
            stream: row.stream,
            sequence: row.sequence,
            event_type: row.event_type,
            event_version: row.event_version,
            payload: row.payload,
            metadata: row.metadata,
            recorded: row.recorded,
            opened,
            parties: row.parties,
        };
        (self.visit)(&mut self.state, event);
        Ok(())
    }
}

/// Type and id of a stream; the type as its place among those met.
type Key = (usize, Uuid);

enum Place {
    Due(Key),
    Early,
}

/// Puts a stream's events in order where the heap is not: processes that append at the same time
/// fill different pages.
#[derive(Default)]
struct Order {
    kinds: Vec<String>,
    expected: HashMap<Key, u64>,
    early: HashMap<Key, BTreeMap<u64, Vec<u8>>>,
}

impl Order {
    fn place(&mut self, row: &StoredEvent<'_>) -> Place {
        let kind = match self.kinds.iter().position(|kind| kind == row.kind) {
            Some(kind) => kind,
            None => {
                self.kinds.push(row.kind.to_owned());
                self.kinds.len() - 1
            }
        };
        let key = (kind, row.stream);
        let expected = self.expected.entry(key).or_insert(1);
        if row.sequence == *expected {
            *expected += 1;
            return Place::Due(key);
        }
        self.early
            .entry(key)
            .or_default()
            .insert(row.sequence, row.bytes.to_vec());
        Place::Early
    }

    /// The next event of a stream when it came early.
    fn next(&mut self, key: Key) -> Option<Vec<u8>> {
        let early = self.early.get_mut(&key)?;
        let expected = self.expected.get_mut(&key)?;
        let row = early.remove(expected)?;
        *expected += 1;
        if early.is_empty() {
            self.early.remove(&key);
        }
        Some(row)
    }

    fn complete(&self) -> Result<(), LedgerError> {
        let Some(((kind, stream), _)) = self.early.iter().next() else {
            return Ok(());
        };
        Err(LedgerError::Unreadable {
            kind: self.kinds.get(*kind).cloned().unwrap_or_default(),
            id: stream.to_string(),
            sequence: self.expected.get(&(*kind, *stream)).copied().unwrap_or(1),
            cause: "the event is missing".to_owned(),
        })
    }
}

/// Signature, flags and the length of the extension area, which is empty.
const COPY_HEADER: usize = 19;

/// The length of a field that is null.
const NULL: i32 = -1;

/// A row of the COPY, borrowed from its buffer. Where the database left out what happened, it is
/// empty.
struct StoredEvent<'a> {
    bytes: &'a [u8],
    kind: &'a str,
    stream: Uuid,
    sequence: u64,
    event_type: &'a str,
    event_version: &'a str,
    payload: &'a str,
    metadata: &'a str,
    parties: &'a [u8],
    recorded: Timestamp,
}

impl<'a> StoredEvent<'a> {
    /// Decodes a row; `bytes` may go on behind it.
    fn of(bytes: &'a [u8]) -> Result<Self, LedgerError> {
        let mut rest = bytes.get(2..).ok_or_else(garbled)?;
        let mut field = || -> Result<&'a [u8], LedgerError> {
            let (length, behind) = rest.split_first_chunk::<4>().ok_or_else(garbled)?;
            let length = match i32::from_be_bytes(*length) {
                NULL => 0,
                length => usize::try_from(length).map_err(|_| garbled())?,
            };
            let (field, behind) = behind.split_at_checked(length).ok_or_else(garbled)?;
            rest = behind;
            Ok(field)
        };
        let mut row = Self {
            bytes,
            kind: text(field()?)?,
            stream: Uuid::try_parse_ascii(field()?).map_err(|_| garbled())?,
            sequence: number(field()?)?.unsigned_abs(),
            event_type: text(field()?)?,
            event_version: text(field()?)?,
            payload: text(field()?)?,
            metadata: text(field()?)?,
            parties: field()?,
            recorded: match field()? {
                [] => Timestamp::UNIX_EPOCH,
                instant => pg_instant(number(instant)?),
            },
        };
        row.bytes = bytes.get(..bytes.len() - rest.len()).ok_or_else(garbled)?;
        Ok(row)
    }

    fn unreadable(&self, cause: &str) -> LedgerError {
        LedgerError::Unreadable {
            kind: self.kind.to_owned(),
            id: self.stream.to_string(),
            sequence: self.sequence,
            cause: cause.to_owned(),
        }
    }
}

/// The rows of a message; the trailer, a field count of -1, ends them.
fn rows_of<'a>(message: &'a [u8]) -> impl Iterator<Item = Result<StoredEvent<'a>, LedgerError>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        if rest.is_empty() || rest.starts_with(&[0xff, 0xff]) {
            return None;
        }
        let row = StoredEvent::of(rest);
        rest = match &row {
            Ok(row) => rest.get(row.bytes.len()..).unwrap_or_default(),
            Err(_) => &[],
        };
        Some(row)
    })
}

fn text(field: &[u8]) -> Result<&str, LedgerError> {
    std::str::from_utf8(field).map_err(|_| garbled())
}

fn number(field: &[u8]) -> Result<i64, LedgerError> {
    <[u8; 8]>::try_from(field)
        .map(i64::from_be_bytes)
        .map_err(|_| garbled())
}

fn garbled() -> LedgerError {
    LedgerError::Store(sqlx::Error::Protocol(
        "the copy of the log is garbled".to_owned(),
    ))
}
