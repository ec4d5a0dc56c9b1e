//! An open loop: commands are due at a steady rate whatever becomes of those before, and each one's
//! time counts from when it was due, so that a service that stalls cannot hide it.

use std::{
    collections::BTreeMap,
    future::Future,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use crate::{
    Fault,
    grpc::Refused,
    machine::Machine,
    measure::{Pace, Sample, Times, micros},
};

/// gRPC's RESOURCE_EXHAUSTED: shed, with a hint when to come again.
const SHED: &str = "8";

/// What became of one command.
enum Ended {
    Done,
    Shed,
    Failed(Fault),
}

/// Sends at `rate` a second for one slice and waits for the answers.
pub(crate) async fn open_loop<F>(
    machine: &Machine,
    rate: f64,
    pace: Pace,
    send: impl Fn() -> F,
) -> Result<Sample, Fault>
where
    F: Future<Output = Result<(), Fault>> + Send + 'static,
{
    let (ended, mut ends) = mpsc::unbounded_channel();
    let begun = Instant::now();
    let mut before = None;
    let mut due_now = clock(begun, rate, pace.warm + pace.slice);
    while let Some(due) = due_now.recv().await {
        if before.is_none() && begun.elapsed() >= pace.warm {
            before = Some(machine.spent());
        }
        let (call, ended) = (send(), ended.clone());
        tokio::spawn(async move {
            let end = match call.await {
                Ok(()) => Ended::Done,
                Err(fault) => match fault.downcast_ref::<Refused>() {
                    Some(refused) if refused.code == SHED => Ended::Shed,
                    _ => Ended::Failed(fault),
                },
            };
            // Nobody is there after the slice: nobody needs it.
            let _ = ended.send((due, due.elapsed(), end));
        });
    }
    let spent = machine.spent() - before.unwrap_or_else(|| machine.spent());
    drop(ended);
    let (mut times, mut shed, mut failed) = (vec![], 0_u64, 0_u64);
    while let Some((due, took, end)) = ends.recv().await {
        if due < begun + pace.warm {
            continue;
        }
        match end {
            Ended::Done => times.push(micros(took)),
            Ended::Shed => shed += 1,
            Ended::Failed(fault) => {
                if failed == 0 {
                    eprintln!("a command failed: {fault}");
                }
                failed += 1;
            }
        }
    }
    Ok(Sample {
        operations: times.len() as u64,
        seconds: pace.slice.as_secs_f64(),
        times: Times::of(times),
        errors: failed,
        spent,
        figures: BTreeMap::from([("shed", shed as f64)]),
    })
}

/// Tells when each command is due, at that moment. The timers of the runtime go by whole
/// milliseconds, rounded up, which would count as the service's; a sleeping thread is some 60 µs late.
fn clock(begun: Instant, rate: f64, whole: Duration) -> mpsc::UnboundedReceiver<Instant> {
    let (tell, told) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for nth in 0_u64.. {
            let after = Duration::from_secs_f64(nth as f64 / rate);
            if after >= whole {
                return;
            }
            let due = begun + after;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if tell.send(due).is_err() {
                return;
            }
        }
    });
    told
}
