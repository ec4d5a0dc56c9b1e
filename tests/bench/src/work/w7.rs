//! From a command to the view that shows it, at a steady rate; the time counts from when the
//! command was due to when the employer view's checkpoint has reached the receipt's position.

use std::sync::Arc;

use ledger::{Ledger, Projector};
use tokio::sync::watch;
use views::Employer;

use crate::{
    Bench, Fault,
    cluster::Database,
    contender::{
        pgbench::{self, Pgbench},
        stock, trellis,
    },
    measure::Cell,
    open::open_loop,
    practice::Practice,
    report::{Bar, Figure, Want},
};

pub(crate) const NAME: &str = "w7";

pub(crate) const BARS: &[Bar] = &[Bar {
    what: "p99 at 1,000 commands/s, of the p50 of a single-row insert",
    case: "1000 commands a second",
    contender: trellis::NAME,
    than_case: "1 writers",
    than: pgbench::NAME,
    figure: Figure::P99ToP50,
    want: Want::AtMost(10.0),
}];

/// The rate that the bar is about.
const RATE: u32 = 1_000;

fn at_a_rate(rate: u32) -> String {
    format!("{rate} commands a second")
}

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let rows = Database::create(&bench.cluster, "w7_pgbench").await?;
    rows.run(stock::TABLES).await?;
    let population = bench.population().await?;
    let ledger = population.open().await?;
    let practice = Practice::of(population.filler.targets(), |_| true);
    Projector::new(&ledger)
        .with::<Employer>()
        .catch_up()
        .await?;
    let (stop, stopped) = watch::channel(false);
    let projecting = tokio::spawn(Projector::new(&ledger).with::<Employer>().run(stopped));
    practice
        .meet(NAME, || shown(ledger.clone(), Arc::clone(&practice)))
        .await?;

    let limit = Pgbench::new(&bench.cluster, &rows);
    let offered = limit.clone();
    let mut cells = vec![Cell::new("1 writers", pgbench::NAME, move || {
        let limit = limit.clone();
        Box::pin(async move { limit.insert(&machine, 1, 1, pace).await })
    })];
    // What the machine and its disk allow a single row that comes at the same rate.
    cells.push(Cell::new(at_a_rate(RATE), pgbench::NAME, move || {
        let limit = offered.clone();
        Box::pin(async move { limit.insert_at(&machine, RATE, pace).await })
    }));
    for rate in [10, 100, RATE] {
        let (ledger, practice) = (ledger.clone(), Arc::clone(&practice));
        cells.push(Cell::new(at_a_rate(rate), trellis::NAME, move || {
            let (ledger, practice) = (ledger.clone(), Arc::clone(&practice));
            Box::pin(async move {
                open_loop(&machine, f64::from(rate), pace, || {
                    shown(ledger.clone(), Arc::clone(&practice))
                })
                .await
            })
        }));
    }
    bench.interleave(NAME, cells).await;
    stop.send_replace(true);
    projecting.await?;
    Ok(())
}

/// Logs the next hours and waits until the view has them.
async fn shown(ledger: Ledger, practice: Arc<Practice>) -> Result<(), Fault> {
    let (tenant, receipt) = practice.next()?.submit(&ledger).await?;
    ledger.folded::<Employer>(tenant, receipt.position).await?;
    Ok(())
}
