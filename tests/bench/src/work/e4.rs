//! Open pages while practice is logged: from the acknowledgement of a command to each open page of
//! its employer that shows figures with it.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use domain::actor::TenantId;

use crate::{
    Bench, Fault,
    contender::trellis,
    measure::{Cell, Times, micros},
    open::open_loop,
    page::{Front, Open},
    practice::{Practice, ROLE, Tokens, clients},
    serving::Serving,
};

pub(crate) const NAME: &str = "e4";

/// Practice hours logged meanwhile.
const WRITES_A_SECOND: f64 = 100.0;

/// How long a page may take before it counts as one that never shows it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The page, with figures, charts and lists.
const PAGE: &str = "overview";

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let population = bench.population().await?;
    views::projector(&population.open().await?)
        .catch_up()
        .await?;
    let serving = Serving::start(&population, true).await?;
    let targets = population.filler.targets();
    let tokens = Tokens::of(&serving, targets)?;
    let practice = Practice::of(targets, |_| true);
    let writers = Arc::new(clients(&serving, &tokens, &practice, 32).await?);
    let front = Front::start(&serving, tokens.tenants(), ROLE).await?;
    let count = bench.scale.open_pages();
    let mut cookies = HashMap::new();
    let mut open: HashMap<TenantId, Vec<Open>> = HashMap::new();
    for tenant in tokens.tenants().cycle().take(count) {
        let cookie = match cookies.entry(tenant) {
            Entry::Occupied(signed_in) => signed_in.into_mut(),
            Entry::Vacant(nobody) => nobody.insert(front.sign_in(tenant).await?),
        };
        let page = front.open(cookie, PAGE).await?;
        open.entry(tenant).or_default().push(page);
    }
    let open = Arc::new(open);
    let case = format!("{count} open pages, {WRITES_A_SECOND} writes a second");
    let cell = Cell::new(case, trellis::NAME, move || {
        let (open, writers) = (Arc::clone(&open), Arc::clone(&writers));
        Box::pin(async move {
            let shown = Arc::new(Mutex::new(vec![]));
            let begun = Instant::now();
            let mut sample = open_loop(&machine, WRITES_A_SECOND, pace, || {
                let (open, shown) = (Arc::clone(&open), Arc::clone(&shown));
                let writers = Arc::clone(&writers);
                async move {
                    let writer = writers.first().ok_or("no client")?.clone();
                    let (tenant, position) = writer.log().await?;
                    let acknowledged = Instant::now();
                    for page in open.get(&tenant).into_iter().flatten() {
                        tokio::time::timeout(PATIENCE, page.shows(position)).await??;
                        if acknowledged >= begun + pace.warm {
                            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
                            shown.push(micros(acknowledged.elapsed()));
                        }
                    }
                    Ok(())
                }
            })
            .await?;
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            sample.operations = shown.len() as u64;
            sample.times = Times::of(std::mem::take(&mut shown));
            Ok(sample)
        })
    });
    bench.interleave(NAME, vec![cell]).await;
    front.stop().await;
    serving.stop().await
}
