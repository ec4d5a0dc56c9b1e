//! Fan-out: many subscribers of feeds while practice is logged; a second counts what is delivered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use contract::v1::{SubscribeFeedRequest, SubscribeFeedResponse};

use super::fairness::sending;
use crate::{
    Bench, Fault,
    contender::trellis,
    grpc::Channel,
    machine::resident_bytes,
    measure::Cell,
    open::open_loop,
    practice::{Practice, Tokens, clients},
    serving::Serving,
};

pub(crate) const NAME: &str = "e2";

/// Practice hours logged meanwhile.
const WRITES_A_SECOND: f64 = 200.0;

/// Subscriptions on one connection.
pub(super) const STREAMS_A_CONNECTION: usize = 64;

/// How long what was written last may take to arrive; it counts as written.
const DRAIN_MAX: Duration = Duration::from_secs(5);

const SUBSCRIBE: &str = "/trellis.v1.FeedService/SubscribeFeed";

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let population = bench.population().await?;
    let ledger = population.open().await?;
    let serving = Serving::start(&population, false).await?;
    let targets = population.filler.targets();
    let tokens = Tokens::of(&serving, targets)?;
    let practice = Practice::of(targets, |_| true);
    let writers = Arc::new(clients(&serving, &tokens, &practice, 32).await?);

    let mut cells = vec![];
    for subscribers in bench.scale.subscribers() {
        let case = format!("{subscribers} subscribers, {WRITES_A_SECOND} writes a second");
        let (serving, ledger, tokens, writers) = (&serving, &ledger, &tokens, &writers);
        cells.push(Cell::new(case, trellis::NAME, move || {
            Box::pin(async move {
                let before = resident_bytes(serving.pid());
                let delivered = Arc::new(AtomicU64::new(0));
                let mut following = vec![];
                let mut channel = Channel::connect(serving).await?;
                for (nth, tenant) in (0..subscribers).zip(tokens.tenants().cycle()) {
                    if nth % STREAMS_A_CONNECTION == 0 {
                        channel = Channel::connect(serving).await?;
                    }
                    let request = SubscribeFeedRequest {
                        after_position: i64::try_from(ledger.head(tenant).await?)?,
                    };
                    let mut messages = channel
                        .subscribe(SUBSCRIBE, tokens.get(tenant)?, &request)
                        .await?;
                    let delivered = Arc::clone(&delivered);
                    following.push(tokio::spawn(async move {
                        loop {
                            match messages.next::<SubscribeFeedResponse>().await {
                                Ok(Some(message)) => {
                                    let items = u64::from(message.item.is_some());
                                    delivered.fetch_add(items, Ordering::Relaxed);
                                }
                                Ok(None) => return,
                                Err(fault) => {
                                    eprintln!("a subscription ended: {fault}");
                                    return;
                                }
                            }
                        }
                    }));
                }
                let opened = resident_bytes(serving.pid()).saturating_sub(before);
                let written = open_loop(&machine, WRITES_A_SECOND, pace, sending(writers)).await;
                let written = written?;
                let due = written.operations;
                let until = Instant::now() + DRAIN_MAX;
                while delivered.load(Ordering::Relaxed) < due && Instant::now() < until {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                following.iter().for_each(|task| task.abort());
                let mut sample = written;
                sample.operations = delivered.load(Ordering::Relaxed);
                sample.seconds = (pace.warm + pace.slice).as_secs_f64();
                sample
                    .figures
                    .insert("KiB each", opened as f64 / 1024.0 / subscribers as f64);
                Ok(sample)
            })
        }));
    }
    bench.interleave(NAME, cells).await;
    serving.stop().await
}
