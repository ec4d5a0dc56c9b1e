//! Reading feeds as a role may, beside the pass alone that narrows them. A command makes none: what
//! is written is written for every reader.

use std::{hint::black_box, rc::Rc, time::Instant};

use domain::visibility::{Surface, events::classify};

use crate::{
    Bench, Fault,
    contender::trellis::{self, permit},
    dataset::Filler,
    measure::{Cell, Sample},
    report::{Bar, Figure, Want},
};

pub(crate) const NAME: &str = "v1";

const CASE: &str = "a page of 1000";
const PASS: &str = "the pass alone";

pub(crate) const BARS: &[Bar] = &[Bar {
    what: "the pass is less than a quarter of a feed read",
    case: CASE,
    contender: PASS,
    than_case: CASE,
    than: trellis::NAME,
    figure: Figure::Rate,
    want: Want::AtLeast(4.0),
}];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let population = bench.population().await?;
    let ledger = population.open().await?;
    let reader = permit(Filler::employer(0))?;
    let types: Vec<(String, String)> = sqlx::query_as(
        "SELECT aggregate_type, event_type FROM ledger.feed
          WHERE tenant_id = $1 AND position <= $2 ORDER BY position",
    )
    .bind(reader.actor().tenant.0)
    .bind(i64::from(ledger::FEED_PAGE_MAX))
    .fetch_all(&mut population.database.owner().await?)
    .await?;
    let (types, permit) = (Rc::new(types), reader.clone());
    let cells = vec![
        Cell::new(CASE, trellis::NAME, move || {
            let (ledger, reader) = (ledger.clone(), reader.clone());
            Box::pin(async move {
                let (before, begun, mut read) = (machine.spent(), Instant::now(), 0);
                while begun.elapsed() < pace.slice {
                    let page = ledger.feed(&reader, 0, ledger::FEED_PAGE_MAX).await?;
                    read += page.items.len() as u64;
                }
                Ok(Sample::since(&machine, before, read))
            })
        }),
        Cell::new(CASE, PASS, move || {
            let (types, permit) = (Rc::clone(&types), permit.clone());
            Box::pin(async move {
                let (before, begun, mut read) = (machine.spent(), Instant::now(), 0);
                while begun.elapsed() < pace.slice {
                    for (kind, event_type) in types.iter() {
                        let event = classify(black_box(kind), black_box(event_type));
                        black_box(event.map(|event| event.extent(permit.actor(), Surface::Feed)));
                    }
                    read += types.len() as u64;
                }
                Ok(Sample::since(&machine, before, read))
            })
        }),
    ];
    bench.interleave_long(NAME, cells).await;
    Ok(())
}
