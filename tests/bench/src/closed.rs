//! A closed loop: each writer sends its next command once the last is answered.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::{Duration, Instant},
};

use crate::{
    Fault,
    machine::Machine,
    measure::{Pace, Sample, Times, micros},
};

const WARMING: u8 = 0;
const COUNTING: u8 = 1;
const OVER: u8 = 2;

/// Somebody who sends one command after another.
pub(crate) trait Writer: Send + 'static {
    /// Sends the next command and waits for its answer.
    fn command(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// Runs `writers` for one slice and puts them back. What is answered within the slice counts.
pub(crate) async fn closed_loop<W: Writer>(
    machine: &Machine,
    writers: &mut Vec<W>,
    pace: Pace,
) -> Result<Sample, Fault> {
    let phase = Arc::new(AtomicU8::new(WARMING));
    let running: Vec<_> = writers
        .drain(..)
        .map(|writer| tokio::spawn(run(writer, Arc::clone(&phase))))
        .collect();
    tokio::time::sleep(pace.warm).await;
    let before = machine.spent();
    phase.store(COUNTING, Ordering::Relaxed);
    tokio::time::sleep(pace.slice).await;
    phase.store(OVER, Ordering::Relaxed);
    let spent = machine.spent() - before;
    let (mut times, mut errors, mut first_error) = (vec![], 0, None);
    for task in running {
        let (writer, ran) = task.await?;
        writers.push(writer);
        times.extend(ran.times);
        errors += ran.errors;
        first_error = first_error.or(ran.first_error);
    }
    if times.is_empty() {
        return Err(first_error.unwrap_or_else(|| "nothing was answered".into()));
    }
    if let Some(error) = first_error {
        eprintln!("{errors} commands failed, the first: {error}");
    }
    Ok(Sample {
        operations: times.len() as u64,
        seconds: spent.seconds(),
        times: Times::of(times),
        errors,
        spent,
        figures: BTreeMap::new(),
    })
}

#[derive(Default)]
struct Ran {
    times: Vec<u32>,
    errors: u64,
    first_error: Option<Fault>,
}

async fn run<W: Writer>(mut writer: W, phase: Arc<AtomicU8>) -> (W, Ran) {
    let mut ran = Ran::default();
    while phase.load(Ordering::Relaxed) != OVER {
        let begun = Instant::now();
        let answer = writer.command().await;
        let took = begun.elapsed();
        match answer {
            Ok(()) if phase.load(Ordering::Relaxed) == COUNTING => ran.times.push(micros(took)),
            Ok(()) => {}
            Err(error) => {
                ran.errors += 1;
                ran.first_error.get_or_insert(error);
                // A server that refuses at once shall not be asked a million times.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
    (writer, ran)
}
