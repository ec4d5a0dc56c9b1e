//! cqrs-es with postgres-es as published: its tables, its framework, its pool with its defaults.

use std::sync::Arc;

use cqrs_es::{Aggregate, DomainEvent, event_sink::EventSink};
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

/// The repository alone, for whole streams.
pub(crate) fn repository(pool: &PgPool) -> PostgresEventRepository {
    PostgresEventRepository::new(pool.clone())
}
