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
        event_rows,
        pgbench::{self, Pgbench},
        stock, trellis,
    },
    measure::Cell,
    open::open_loop,
    population::Population,
    practice::{Client, Practice, Tokens, clients},
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

/// A service that has met every training of its population.
struct Met {
    serving: Serving,
    practice: Arc<Practice>,
    tokens: Arc<Tokens>,
}

impl Met {
    async fn on(population: &Population) -> Result<Self, Fault> {
        let targets = population.filler.targets();
        let serving = Serving::start(population, false).await?;
        let met = Self {
            tokens: Tokens::of(&serving, targets)?,
            practice: Practice::of(targets, |_| true),
            serving,
        };
        let meeting = Arc::new(met.clients(32).await?);
        met.practice.meet(NAME, sending(&meeting)).await?;
        Ok(met)
    }

    async fn clients(&self, count: usize) -> Result<Vec<Client>, Fault> {
        clients(&self.serving, &self.tokens, &self.practice, count).await
    }
}

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let rows = Database::create(&bench.cluster, "e1_pgbench").await?;
    rows.run(stock::TABLES).await?;
    let whole = Met::on(&*bench.population().await?).await?;
    let alone = {
        let template = bench.template().await?;
        let mut population = Population::new(&bench.cluster, &template, "e1_event_rows").await?;
        population.fill_to(bench.scale.population()).await?;
        event_rows::alone(&population.database).await?;
        Met::on(&population).await?
    };

    let mut cells = vec![];
    for count in bench.scale.clients() {
        let case = format!("{count} clients");
        let limit = Pgbench::new(&bench.cluster, &rows);
        cells.push(Cell::new(&case, pgbench::NAME, move || {
            let limit = limit.clone();
            Box::pin(async move { limit.insert(&machine, count, 1, pace).await })
        }));
        for (name, met) in [(trellis::NAME, &whole), (event_rows::NAME, &alone)] {
            let shared = Rc::new(RefCell::new(met.clients(count).await?));
            cells.push(Cell::new(&case, name, move || {
                let shared = Rc::clone(&shared);
                Box::pin(async move {
                    let mut clients = shared.take();
                    let sample = closed_loop(&machine, &mut clients, pace).await;
                    shared.replace(clients);
                    sample
                })
            }));
        }
    }
    for rate in bench.scale.offered_rates() {
        let shared = Arc::new(whole.clients(128).await?);
        let case = format!("{rate:.0} calls a second offered");
        cells.push(Cell::new(case, trellis::NAME, move || {
            let shared = Arc::clone(&shared);
            Box::pin(async move { open_loop(&machine, rate, pace, sending(&shared)).await })
        }));
    }
    bench.interleave(NAME, cells).await;
    alone.serving.stop().await?;
    whole.serving.stop().await
}
