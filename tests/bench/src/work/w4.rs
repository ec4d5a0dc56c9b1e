//! Replay of everything, against PostgreSQL's own copy of the same rows.

use std::rc::Rc;

use futures::{TryStreamExt as _, future::try_join_all};
use ledger::Opens;
use sqlx::{Connection as _, PgConnection};

use crate::{
    Bench, Fault,
    cluster::Database,
    contender::{stock, trellis},
    machine::Machine,
    measure::{Cell, Sample},
    report::{Bar, Figure, Want},
};

pub(crate) const NAME: &str = "w4";

/// PostgreSQL's own limit: the bytes of every stored event, thrown away.
pub(crate) const COPY_OUT: &str = "PostgreSQL, COPY out";
const COPY_OUT_TWICE: &str = "PostgreSQL, two COPY out";
const OPENED: &str = "trellis, personal values opened";

pub(crate) const BARS: &[Bar] = &[
    Bar {
        what: "typed, of COPY out",
        case: CASE,
        contender: trellis::NAME,
        than_case: CASE,
        than: COPY_OUT,
        figure: Figure::Rate,
        want: Want::AtLeast(0.8),
    },
    Bar {
        what: "typed and opened, of COPY out",
        case: CASE,
        contender: OPENED,
        than_case: CASE,
        than: COPY_OUT,
        figure: Figure::Rate,
        want: Want::AtLeast(0.4),
    },
];

const CASE: &str = "everything, typed";

/// Everything stored, by one connection.
pub(crate) const EVENTS: &str = "SELECT * FROM ledger.event";

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let machine = bench.machine;
    let population = bench.population().await?;
    let events = population.filler.events();

    let rotas = Database::create(&bench.cluster, "w4_stock").await?;
    rotas.run(stock::TABLES).await?;
    stock::fill(&rotas, events / 20, 20).await?;
    let pool = Rc::new(stock::pool(&rotas, 2).await?);

    let mut cells = vec![];
    cells.push(copy_out(&population.database, CASE, machine, events));
    let database = population.database.clone();
    cells.push(Cell::new(CASE, COPY_OUT_TWICE, move || {
        let database = database.clone();
        Box::pin(async move {
            let halves = [0, 8].map(|from| {
                let parts: Vec<String> = (from..from + 8)
                    .map(|nth| format!("SELECT * FROM ledger.event_{nth}"))
                    .collect();
                copied(&database, parts.join(" UNION ALL "))
            });
            let before = machine.spent();
            try_join_all(halves).await?;
            Ok(Sample::since(&machine, before, events))
        })
    }));
    let ledger = population.open().await?;
    for (name, opens) in [(trellis::NAME, Opens::Nothing), (OPENED, Opens::All)] {
        let ledger = ledger.clone();
        cells.push(Cell::new(CASE, name, move || {
            let ledger = ledger.clone();
            Box::pin(async move {
                let before = machine.spent();
                let seen = ledger
                    .replay(
                        opens,
                        || 0,
                        |seen: &mut u64, event| *seen += u64::from(event.fact().is_ok()),
                    )
                    .await?
                    .into_iter()
                    .sum();
                Ok(Sample::since(&machine, before, seen))
            })
        }));
    }
    cells.push(Cell::new(CASE, stock::NAME, move || {
        let pool = Rc::clone(&pool);
        Box::pin(async move {
            let before = machine.spent();
            let seen = stock::replay(&pool).await?;
            Ok(Sample::since(&machine, before, seen))
        })
    }));
    bench.interleave_long(NAME, cells).await;
    Ok(())
}

/// The cell that other works are measured against.
pub(crate) fn copy_out<'a>(
    database: &Database,
    case: &str,
    machine: Machine,
    events: u64,
) -> Cell<'a> {
    let database = database.clone();
    Cell::new(case, COPY_OUT, move || {
        let database = database.clone();
        Box::pin(async move {
            let before = machine.spent();
            copied(&database, EVENTS.to_owned()).await?;
            Ok(Sample::since(&machine, before, events))
        })
    })
}

/// Copies out what a query finds; how many bytes it was.
async fn copied(database: &Database, query: String) -> Result<u64, Fault> {
    let mut connection = PgConnection::connect(&database.owner_url()).await?;
    let statement = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
    let mut rows = connection.copy_out_raw(&statement).await?;
    let mut bytes = 0;
    while let Some(chunk) = rows.try_next().await? {
        bytes += chunk.len() as u64;
    }
    Ok(bytes)
}
