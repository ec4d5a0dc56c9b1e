//! esrs on PostgreSQL: one manager over one pool with its defaults.
//!
//! `bench-esrs append WRITERS EVENTS_A_COMMIT WARM_MS SLICE_MS`
//! `bench-esrs load STREAMS EVENTS WARM_MS SLICE_MS`

#[path = "../../../src/shift.rs"]
mod shift;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use esrs::{
    Aggregate, AggregateState,
    manager::AggregateManager,
    store::postgres::{PgStore, PgStoreBuilder},
};
use shift::{Rota, STREAM_EVENTS, ShiftEvent};
use sqlx::postgres::PgPoolOptions;
use uuid::Uuid;

type Fault = Box<dyn std::error::Error + Send + Sync>;

struct Shifts;

#[derive(Debug)]
struct NoRefusal;

impl std::fmt::Display for NoRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for NoRefusal {}

/// Works so many shifts of a rota.
struct Work {
    rota: String,
    shifts: u64,
}

impl Aggregate for Shifts {
    const NAME: &'static str = "rota";
    type State = Rota;
    type Command = Work;
    type Event = ShiftEvent;
    type Error = NoRefusal;

    fn handle_command(state: &Rota, command: Work) -> Result<Vec<ShiftEvent>, NoRefusal> {
        let from = state.shifts;
        Ok((from..from + command.shifts)
            .map(|nth| ShiftEvent::nth(&command.rota, nth))
            .collect())
    }

    fn apply_event(mut state: Rota, event: ShiftEvent) -> Rota {
        state.take(&event);
        state
    }
}

type Manager = AggregateManager<PgStore<Shifts>>;

/// Loads, decides and appends.
async fn work(manager: &Manager, rota: Uuid, shifts: u64) -> Result<(), Fault> {
    let state = manager
        .load(rota)
        .await?
        .unwrap_or_else(|| AggregateState::with_id(rota));
    let command = Work {
        rota: rota.to_string(),
        shifts,
    };
    manager.handle_command(state, command).await??;
    Ok(())
}

struct Writer {
    manager: Arc<Manager>,
    events: u64,
    /// Streams to load; none to append to new ones.
    rotas: Vec<Uuid>,
    rota: Uuid,
    done: u64,
}

impl Writer {
    async fn command(&mut self) -> Result<(), Fault> {
        self.done += 1;
        if !self.rotas.is_empty() {
            let rota = self.rotas[self.done as usize % self.rotas.len()];
            let state = self.manager.load(rota).await?.ok_or("no rota")?;
            return match state.inner().shifts == self.events {
                true => Ok(()),
                false => Err("a rota of another length".into()),
            };
        }
        if (self.done - 1).is_multiple_of(STREAM_EVENTS / self.events) {
            self.rota = Uuid::new_v4();
        }
        work(&self.manager, self.rota, self.events).await
    }
}

const COUNTING: u8 = 1;
const OVER: u8 = 2;

async fn run(mut writer: Writer, phase: Arc<AtomicU8>) -> (Vec<u32>, u64) {
    let (mut micros, mut errors) = (vec![], 0);
    while phase.load(Ordering::Relaxed) != OVER {
        let begun = Instant::now();
        match writer.command().await {
            Ok(()) if phase.load(Ordering::Relaxed) == COUNTING => {
                micros.push(begun.elapsed().as_micros() as u32);
            }
            Ok(()) => {}
            Err(error) => {
                if errors == 0 {
                    eprintln!("{error}");
                }
                errors += 1;
            }
        }
    }
    (micros, errors)
}

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [kind, numbers @ ..] = arguments.as_slice() else {
        return Err("append or load, and four numbers".into());
    };
    let numbers: Vec<u64> = numbers.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    let [first, events, warm, slice] = numbers[..] else {
        return Err("append or load, and four numbers".into());
    };
    let connections = if kind == "append" { first } else { 1 };
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(connections)?)
        .connect(&std::env::var("DATABASE_URL")?)
        .await?;
    let store: PgStore<Shifts> = PgStoreBuilder::new(pool).try_build().await?;
    let manager = Arc::new(AggregateManager::new(store));
    let mut rotas = vec![];
    if kind == "load" {
        for _ in 0..first {
            let rota = Uuid::new_v4();
            work(&manager, rota, events).await?;
            rotas.push(rota);
        }
    }
    let phase = Arc::new(AtomicU8::new(0));
    let running: Vec<_> = (0..connections)
        .map(|_| {
            let writer = Writer {
                manager: Arc::clone(&manager),
                events,
                rotas: rotas.clone(),
                rota: Uuid::nil(),
                done: 0,
            };
            tokio::spawn(run(writer, Arc::clone(&phase)))
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(warm)).await;
    println!("begin");
    let begun = Instant::now();
    phase.store(COUNTING, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(slice)).await;
    phase.store(OVER, Ordering::Relaxed);
    let seconds = begun.elapsed().as_secs_f64();
    let (mut micros, mut errors) = (vec![], 0);
    for task in running {
        let (times, failed) = task.await?;
        micros.extend(times);
        errors += failed;
    }
    println!(
        "{}",
        serde_json::json!({ "seconds": seconds, "errors": errors, "micros": micros })
    );
    Ok(())
}
