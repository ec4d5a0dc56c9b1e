//! The same append through the API: TLS, authentication, authorisation; the server in a process of
//! its own. Closed loops of so many outstanding calls, and open loops that count what is shed. Every
//! training has been met before, as the writers of w1 have their diaries at hand.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use super::fairness::sending;
use crate::{
    Bench, Fault,
    closed::closed_loop,
    cluster::Database,
    contender::{
        pgbench::{self, Pgbench},
        stock, trellis,
    },
    measure::Cell,
    open::open_loop,
    practice::{Practice, Tokens, clients},
    report::{Bar, Figure, Want},
    serving::Serving,
};

pub(crate) const NAME: &str = "e1";

pub(crate) const BARS: &[Bar] = &[
    Bar {
        what: "32 clients, of PostgreSQL's single-row insert",
        case: "32 clients",
        contender: trellis::NAME,
        than_case: "32 clients",
        than: pgbench::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(0.5),
    },
    Bar {
        what: "128 clients, of PostgreSQL's single-row insert",
        case: "128 clients",
        contender: trellis::NAME,
        than_case: "128 clients",
        than: pgbench::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(0.8),
    },
];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let rows = Database::create(&bench.cluster, "e1_pgbench").await?;
    rows.run(stock::TABLES).await?;
    let population = bench.population().await?;
    let serving = Serving::start(&population, false).await?;
    let targets = population.filler.targets();
    let practice = Practice::of(targets, |_| true);
    let tokens = Tokens::of(&serving, targets)?;
    let meeting = Arc::new(clients(&serving, &tokens, &practice, 32).await?);
    practice.meet(NAME, sending(&meeting)).await?;

    let mut cells = vec![];
    for count in bench.scale.clients() {
        let case = format!("{count} clients");
        let limit = Pgbench::new(&bench.cluster, &rows);
        cells.push(Cell::new(&case, pgbench::NAME, move || {
            let limit = limit.clone();
            Box::pin(async move { limit.insert(&machine, count, 1, pace).await })
        }));
        let shared = clients(&serving, &tokens, &practice, count).await?;
        let shared = Rc::new(RefCell::new(shared));
        cells.push(Cell::new(&case, trellis::NAME, move || {
            let shared = Rc::clone(&shared);
            Box::pin(async move {
                let mut clients = shared.take();
                let sample = closed_loop(&machine, &mut clients, pace).await;
                shared.replace(clients);
                sample
            })
        }));
    }
    for rate in bench.scale.offered_rates() {
        let shared = Arc::new(clients(&serving, &tokens, &practice, 128).await?);
        let case = format!("{rate:.0} calls a second offered");
        cells.push(Cell::new(case, trellis::NAME, move || {
            let shared = Arc::clone(&shared);
            Box::pin(async move { open_loop(&machine, rate, pace, sending(&shared)).await })
        }));
    }
    bench.interleave(NAME, cells).await;
    serving.stop().await
}
