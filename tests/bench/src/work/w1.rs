//! Append: load, decide, one event, durable; receipts, feeds, hash chain and sealed values
//! included.

use std::{cell::RefCell, rc::Rc};

use ledger::KeyEncryptionKey;

use crate::{
    Bench, Fault,
    closed::closed_loop,
    cluster::Database,
    contender::{
        event_rows,
        peer::Peer,
        pgbench::{self, Pgbench},
        stock,
        trellis::{self, Diarist, Parties, Tenancy},
    },
    measure::Cell,
    report::{Bar, Figure, Want},
};

pub(crate) const NAME: &str = "w1";

pub(crate) const BARS: &[Bar] = &[
    Bar {
        what: "32 writers, of PostgreSQL's single-row insert",
        case: "32 writers, many tenants, two parties",
        contender: trellis::NAME,
        than_case: "32 writers",
        than: pgbench::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(1.0),
    },
    Bar {
        what: "32 writers, of stock postgres-es",
        case: "32 writers, many tenants, two parties",
        contender: trellis::NAME,
        than_case: "32 writers",
        than: stock::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(5.0),
    },
    Bar {
        what: "1 writer, of PostgreSQL's single-row insert",
        case: "1 writers, many tenants, two parties",
        contender: trellis::NAME,
        than_case: "1 writers",
        than: pgbench::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(0.6),
    },
    Bar {
        what: "1 writer, of stock postgres-es",
        case: "1 writers, many tenants, two parties",
        contender: trellis::NAME,
        than_case: "1 writers",
        than: stock::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(2.0),
    },
    Bar {
        what: "128 writers on one hot tenant, of PostgreSQL's single-row insert",
        case: "128 writers, one hot tenant, two parties",
        contender: trellis::NAME,
        than_case: "128 writers",
        than: pgbench::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(2.0),
    },
];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let rows = Database::create(&bench.cluster, "w1_pgbench").await?;
    rows.run(stock::TABLES).await?;
    let stock_rows = Database::create(&bench.cluster, "w1_stock").await?;
    stock_rows.run(stock::TABLES).await?;
    let diaries = Database::create(&bench.cluster, "w1_trellis").await?;
    trellis::migrate(&diaries).await?;
    let ledger = trellis::open(trellis::options(&diaries, &KeyEncryptionKey::generate()?)).await?;

    let events = Database::create(&bench.cluster, "w1_event_rows").await?;
    trellis::migrate(&events).await?;
    event_rows::alone(&events).await?;
    let alone = trellis::open(trellis::options(&events, &KeyEncryptionKey::generate()?)).await?;

    let peers = peers(bench, NAME).await?;
    let (machine, pace) = (bench.machine, bench.pace);
    let mut cells = vec![];
    for writers in bench.scale.writers() {
        let limit = Pgbench::new(&bench.cluster, &rows);
        cells.push(Cell::new(
            format!("{writers} writers"),
            pgbench::NAME,
            move || {
                let limit = limit.clone();
                Box::pin(async move { limit.insert(&machine, writers, 1, pace).await })
            },
        ));
        if writers <= bench.scale.peer_writers_max() {
            let database = stock_rows.clone();
            cells.push(Cell::new(
                format!("{writers} writers"),
                stock::NAME,
                move || {
                    let database = database.clone();
                    Box::pin(async move {
                        let pool = stock::pool(&database, writers).await?;
                        let mut workers = stock::Worker::many(&pool, writers);
                        let sample = closed_loop(&machine, &mut workers, pace).await;
                        pool.close().await;
                        sample
                    })
                },
            ));
        }
        for (peer, database) in peers.iter().filter(|_| bench.scale.peers_at(writers)) {
            let (peer, database) = (peer.clone(), database.clone());
            cells.push(Cell::new(
                format!("{writers} writers"),
                peer.name,
                move || {
                    let (peer, database) = (peer.clone(), database.clone());
                    Box::pin(
                        async move { peer.append(&machine, &database, writers, 1, pace).await },
                    )
                },
            ));
        }
        for (tenancy, parties) in bench.scale.shapes(writers) {
            let case = format!("{writers} writers, {tenancy}, {parties}");
            let mut contenders = vec![(trellis::NAME, &ledger)];
            // Beside what has a bar.
            if BARS.iter().any(|bar| bar.case == case) {
                contenders.push((event_rows::NAME, &alone));
            }
            for (name, ledger) in contenders {
                let diarists = diarists(ledger, &case, writers, tenancy, parties)?;
                let diarists = Rc::new(RefCell::new(diarists));
                cells.push(Cell::new(case.clone(), name, move || {
                    let shared = Rc::clone(&diarists);
                    Box::pin(async move {
                        let mut diarists = shared.take();
                        let sample = closed_loop(&machine, &mut diarists, pace).await;
                        shared.replace(diarists);
                        sample
                    })
                }));
            }
        }
    }
    bench.interleave(NAME, cells).await;
    Ok(())
}

/// Peers that are programs, each with a database of its own.
pub(crate) async fn peers(bench: &Bench, work: &str) -> Result<Vec<(Peer, Database)>, Fault> {
    let mut peers = vec![];
    for peer in &bench.peers {
        let name = format!("{work}_{}", peer.name);
        let database = Database::create(&bench.cluster, &name).await?;
        peers.push((peer.clone(), database));
    }
    Ok(peers)
}

pub(crate) fn diarists(
    ledger: &ledger::Ledger,
    series: &str,
    writers: usize,
    tenancy: Tenancy,
    parties: Parties,
) -> Result<Vec<Diarist>, Fault> {
    (0..writers as u64)
        .map(|nth| Diarist::new(ledger, series, nth, tenancy, parties))
        .collect()
}
