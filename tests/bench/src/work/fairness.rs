//! Twenty calm tenants, with and without one beside them that sends a hundred times its share.
//! What is counted is the calm ones'.

use std::sync::Arc;

use domain::actor::TenantId;

use crate::{
    Bench, Fault,
    contender::trellis,
    dataset::Filler,
    measure::Cell,
    open::open_loop,
    practice::{Client, Practice, Tokens, clients},
    report::{Bar, Figure, Want},
    serving::Serving,
};

pub(crate) const NAME: &str = "fairness";

const ALONE: &str = "20 calm tenants alone";
const BESIDE: &str = "20 calm tenants beside a hot one";

const CALM: usize = 20;

/// What each calm tenant sends a second.
const SHARE: f64 = 10.0;
/// The hot tenant's multiple of it.
const EXCESS: f64 = 100.0;

pub(crate) const BARS: &[Bar] = &[Bar {
    what: "others' p99 beside a tenant at 100 times its share, of theirs alone",
    case: BESIDE,
    contender: trellis::NAME,
    than_case: ALONE,
    than: trellis::NAME,
    figure: Figure::P99,
    want: Want::AtMost(1.5),
}];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, mut pace) = (bench.machine, bench.pace);
    // A p99 of few calls a second takes longer to tell.
    pace.slice *= 2;
    let population = bench.population().await?;
    let serving = Serving::start(&population, false).await?;
    let targets = population.filler.targets();
    let tokens = Tokens::of(&serving, targets)?;
    let mut employers: Vec<TenantId> = (0..64).map(Filler::employer).collect();
    employers.retain(|employer| targets.iter().any(|target| target.employer == *employer));
    let Some((hot, calm)) = employers.split_first().filter(|(_, calm)| !calm.is_empty()) else {
        return Err("the population has fewer than two employers with trainings".into());
    };
    let calm = calm.get(..CALM).unwrap_or(calm);
    let calm = Practice::of(targets, |employer| calm.contains(&employer));
    let hot = Practice::of(targets, |employer| employer == *hot);
    let calm = Arc::new(clients(&serving, &tokens, &calm, 64).await?);
    let hot = Arc::new(clients(&serving, &tokens, &hot, 64).await?);

    let mut cells = vec![];
    for (case, beside) in [(ALONE, false), (BESIDE, true)] {
        let (calm, hot) = (Arc::clone(&calm), Arc::clone(&hot));
        cells.push(Cell::new(case, trellis::NAME, move || {
            let (calm, hot) = (Arc::clone(&calm), Arc::clone(&hot));
            Box::pin(async move {
                let quiet = open_loop(&machine, SHARE * CALM as f64, pace, sending(&calm));
                if !beside {
                    return quiet.await;
                }
                let loud = open_loop(&machine, SHARE * EXCESS, pace, sending(&hot));
                let (quiet, loud) = tokio::join!(quiet, loud);
                let (mut quiet, loud) = (quiet?, loud?);
                quiet
                    .figures
                    .insert("hot admitted", loud.operations as f64 / loud.seconds);
                quiet
                    .figures
                    .insert("hot shed", loud.figures.get("shed").copied().unwrap_or(0.0));
                Ok(quiet)
            })
        }));
    }
    bench.interleave(NAME, cells).await;
    serving.stop().await
}

/// Each call by the next of the clients.
pub(crate) fn sending(
    clients: &Arc<Vec<Client>>,
) -> impl Fn() -> std::pin::Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>> + use<> {
    let (clients, next) = (Arc::clone(clients), std::cell::Cell::new(0));
    move || {
        let nth = next.get();
        next.set(nth + 1);
        let client = clients.get(nth % clients.len().max(1)).cloned();
        Box::pin(async move { client.ok_or("no client")?.log().await.map(|_| ()) })
    }
}
