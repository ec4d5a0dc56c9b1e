//! cqrs-es with postgres-es as published: its tables, its framework, its pool with its defaults.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cqrs_es::{
    Aggregate, AggregateContext as _, DomainEvent, EventEnvelope, EventStore as _, Query,
    event_sink::EventSink,
    persist::{PersistedEventRepository as _, PersistedEventStore, QueryReplay, SerializedEvent},
};
use postgres_es::{PostgresCqrs, PostgresEventRepository, postgres_cqrs};
use sqlx::{PgPool, postgres::PgPoolOptions};
use uuid::Uuid;

use crate::{
    Fault,
    closed::Writer,
    cluster::Database,
    shift::{Rota, STREAM_EVENTS, ShiftEvent, metadata},
};

pub(crate) const NAME: &str = "cqrs-es + postgres-es";

/// The event table of the crate's `db/init.sql`.
pub(crate) const TABLES: &str = "
CREATE TABLE events (
    aggregate_type text                         NOT NULL,
    aggregate_id   text                         NOT NULL,
    sequence       bigint CHECK (sequence >= 0) NOT NULL,
    event_type     text                         NOT NULL,
    event_version  text                         NOT NULL,
    payload        json                         NOT NULL,
    metadata       json                         NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);";

/// A pool as `default_postgress_pool` makes it, of a size of ours.
pub(crate) async fn pool(database: &Database, size: usize) -> Result<PgPool, Fault> {
    Ok(PgPoolOptions::new()
        .max_connections(u32::try_from(size)?)
        .connect(&database.owner_url())
        .await?)
}

/// The rota as cqrs-es wants it.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct StockRota(pub(crate) Rota);

/// Works the next shift.
pub(crate) struct WorkShift {
    pub(crate) rota: String,
}

/// Nothing is refused.
#[derive(Debug)]
pub(crate) struct NoRefusal;

impl std::fmt::Display for NoRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for NoRefusal {}

impl DomainEvent for ShiftEvent {
    fn event_type(&self) -> String {
        "ShiftWorked".to_owned()
    }

    fn event_version(&self) -> String {
        "1.0".to_owned()
    }
}

impl Aggregate for StockRota {
    const TYPE: &'static str = "rota";
    type Command = WorkShift;
    type Event = ShiftEvent;
    type Error = NoRefusal;
    type Services = ();

    async fn handle(
        &mut self,
        command: WorkShift,
        (): &(),
        sink: &EventSink<Self>,
    ) -> Result<(), NoRefusal> {
        sink.write(ShiftEvent::nth(&command.rota, self.0.shifts), self)
            .await;
        Ok(())
    }

    fn apply(&mut self, event: ShiftEvent) {
        self.0.take(&event);
    }
}

/// Works the shifts of rotas of its own, one after the other.
pub(crate) struct Worker {
    cqrs: Arc<PostgresCqrs<StockRota>>,
    rota: String,
    shifts: u64,
}

impl Worker {
    pub(crate) fn many(pool: &PgPool, writers: usize) -> Vec<Self> {
        let cqrs = Arc::new(postgres_cqrs::<StockRota>(pool.clone(), vec![], ()));
        (0..writers)
            .map(|_| Self {
                cqrs: Arc::clone(&cqrs),
                rota: String::new(),
                shifts: 0,
            })
            .collect()
    }
}

impl Writer for Worker {
    async fn command(&mut self) -> Result<(), Fault> {
        if self.shifts.is_multiple_of(STREAM_EVENTS) {
            self.rota = Uuid::now_v7().to_string();
        }
        self.shifts += 1;
        let command = WorkShift {
            rota: self.rota.clone(),
        };
        self.cqrs
            .execute_with_metadata(&self.rota, command, metadata())
            .await
            .map_err(|error| format!("{error:?}").into())
    }
}

/// Stores shifts several at a time, past the framework.
pub(crate) struct BulkWorker {
    repository: PostgresEventRepository,
    at_a_time: u64,
    rota: String,
    shifts: u64,
}

impl BulkWorker {
    pub(crate) fn many(pool: &PgPool, writers: usize, at_a_time: u64) -> Vec<Self> {
        (0..writers)
            .map(|_| Self {
                repository: PostgresEventRepository::new(pool.clone()),
                at_a_time,
                rota: String::new(),
                shifts: 0,
            })
            .collect()
    }
}

impl Writer for BulkWorker {
    async fn command(&mut self) -> Result<(), Fault> {
        if self.rota.is_empty() || self.shifts + self.at_a_time > STREAM_EVENTS {
            self.rota = Uuid::now_v7().to_string();
            self.shifts = 0;
        }
        let events = (self.shifts..self.shifts + self.at_a_time)
            .map(|nth| {
                let event = ShiftEvent::nth(&self.rota, nth);
                Ok(SerializedEvent::new(
                    self.rota.clone(),
                    nth as usize + 1,
                    StockRota::TYPE.to_owned(),
                    event.event_type(),
                    event.event_version(),
                    serde_json::to_value(&event)?,
                    serde_json::to_value(metadata())?,
                ))
            })
            .collect::<Result<Vec<_>, Fault>>()?;
        self.shifts += self.at_a_time;
        Ok(self
            .repository
            .persist::<StockRota>(&events, None)
            .await
            .map_err(|error| error.to_string())?)
    }
}

/// Fills the table with rotas of so many shifts each, interleaved as in time; their ids.
pub(crate) async fn fill(
    database: &Database,
    rotas: u64,
    shifts: u64,
) -> Result<Vec<String>, Fault> {
    let mut owner = database.owner().await?;
    let ids: Vec<Option<String>> = sqlx::query_scalar(
        "INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version,
                             payload, metadata)
         SELECT 'rota', md5($1 || '/' || rota)::uuid::text, shift, 'ShiftWorked', '1.0', $3::json, $4::json
           FROM generate_series(1, $2) AS shift, generate_series(1, $5) AS rota
          ORDER BY shift, rota
         RETURNING CASE WHEN sequence = 1 THEN aggregate_id END",
    )
    .bind(shifts.to_string())
    .bind(i64::try_from(shifts)?)
    .bind(serde_json::to_string(&ShiftEvent::nth(
        &Uuid::nil().to_string(),
        1,
    ))?)
    .bind(serde_json::to_string(&metadata())?)
    .bind(i64::try_from(rotas)?)
    .fetch_all(&mut owner)
    .await?;
    database.run("VACUUM ANALYZE events").await?;
    Ok(ids.into_iter().flatten().collect())
}

/// Loads whole rotas through the framework's own store.
pub(crate) struct Loader {
    pub(crate) store: PersistedEventStore<PostgresEventRepository, StockRota>,
    pub(crate) rotas: Vec<String>,
    pub(crate) shifts: u64,
    pub(crate) nth: usize,
}

impl Loader {
    pub(crate) fn new(pool: &PgPool, rotas: Vec<String>, shifts: u64) -> Self {
        Self {
            store: PersistedEventStore::new_event_store(PostgresEventRepository::new(pool.clone())),
            rotas,
            shifts,
            nth: 0,
        }
    }
}

impl Writer for Loader {
    async fn command(&mut self) -> Result<(), Fault> {
        self.nth = (self.nth + 1) % self.rotas.len();
        let rota = self.rotas.get(self.nth).ok_or("no rota")?;
        let mut loaded = self
            .store
            .load_aggregate(rota)
            .await
            .map_err(|error| error.to_string())?;
        if loaded.aggregate().0.shifts != self.shifts {
            return Err("a rota of another length".into());
        }
        Ok(())
    }
}

/// Folds every stored event into nothing, as a rebuild of a view would begin.
pub(crate) async fn replay(pool: &PgPool) -> Result<u64, Fault> {
    let seen = Arc::new(AtomicU64::new(0));
    let counting = Counting(Arc::clone(&seen));
    QueryReplay::<_, _, StockRota>::new(PostgresEventRepository::new(pool.clone()), counting)
        .replay_all()
        .await
        .map_err(|error| error.to_string())?;
    Ok(seen.load(Ordering::Relaxed))
}

struct Counting(Arc<AtomicU64>);

#[async_trait::async_trait]
impl Query<StockRota> for Counting {
    async fn dispatch(&self, _: &str, events: &[EventEnvelope<StockRota>]) {
        let mut rota = Rota::default();
        for event in events {
            rota.take(&event.payload);
        }
        self.0.fetch_add(rota.shifts, Ordering::Relaxed);
    }
}
