//! Three events in one commit; a second counts events.

use std::{cell::RefCell, rc::Rc};

use ledger::KeyEncryptionKey;

use super::w1::{diarists, peers};
use crate::{
    Bench, Fault,
    closed::closed_loop,
    cluster::Database,
    contender::{
        pgbench::{self, Pgbench},
        stock,
        trellis::{self, Diarist, Parties, Tenancy},
    },
    measure::Cell,
};

pub(crate) const NAME: &str = "w2";

const EVENTS: u64 = 3;

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let rows = Database::create(&bench.cluster, "w2_pgbench").await?;
    rows.run(stock::TABLES).await?;
    let stock_rows = Database::create(&bench.cluster, "w2_stock").await?;
    stock_rows.run(stock::TABLES).await?;
    let diaries = Database::create(&bench.cluster, "w2_trellis").await?;
    trellis::migrate(&diaries).await?;
    let ledger = trellis::open(trellis::options(&diaries, &KeyEncryptionKey::generate()?)).await?;

    let peers = peers(bench, NAME).await?;
    let (machine, pace) = (bench.machine, bench.pace);
    let mut cells = vec![];
    for writers in bench.scale.bulk_writers() {
        let case = format!("{writers} writers, {EVENTS} events a commit");
        let limit = Pgbench::new(&bench.cluster, &rows);
        cells.push(Cell::new(&case, pgbench::NAME, move || {
            let limit = limit.clone();
            Box::pin(async move { limit.insert(&machine, writers, EVENTS, pace).await })
        }));
        let database = stock_rows.clone();
        cells.push(Cell::new(&case, stock::NAME, move || {
            let database = database.clone();
            Box::pin(async move {
                let pool = stock::pool(&database, writers).await?;
                let mut workers = stock::BulkWorker::many(&pool, writers, EVENTS);
                let sample = closed_loop(&machine, &mut workers, pace).await;
                pool.close().await;
                Ok(sample?.of_several(EVENTS))
            })
        }));
        for (peer, database) in &peers {
            let (peer, database) = (peer.clone(), database.clone());
            cells.push(Cell::new(&case, peer.name, move || {
                let (peer, database) = (peer.clone(), database.clone());
                Box::pin(async move {
                    let sample = peer
                        .append(&machine, &database, writers, EVENTS, pace)
                        .await?;
                    Ok(sample.of_several(EVENTS))
                })
            }));
        }
        let diarists: Vec<Diarist> =
            diarists(&ledger, &case, writers, Tenancy::Many, Parties::Two)?
                .into_iter()
                .map(|diarist| diarist.writing(EVENTS as u32))
                .collect();
        let diarists = Rc::new(RefCell::new(diarists));
        cells.push(Cell::new(&case, trellis::NAME, move || {
            let shared = Rc::clone(&diarists);
            Box::pin(async move {
                let mut diarists = shared.take();
                let sample = closed_loop(&machine, &mut diarists, pace).await;
                shared.replace(diarists);
                Ok(sample?.of_several(EVENTS))
            })
        }));
    }
    bench.interleave(NAME, cells).await;
    Ok(())
}
