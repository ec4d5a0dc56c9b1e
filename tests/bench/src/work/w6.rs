//! Rebuild of every view from nothing; a second counts folded events.

use std::rc::Rc;

use super::w4::copy_out;
use crate::{
    Bench, Fault,
    contender::trellis,
    measure::{Cell, Sample},
};

pub(crate) const NAME: &str = "w6";

const CASE: &str = "every view, everything";

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let machine = bench.machine;
    let population = bench.population().await?;
    let ledger = population.open().await?;
    let stored = population.filler.events();
    let mut cells = vec![copy_out(&population.database, CASE, machine, stored)];
    let rebuilt = Rc::clone(&population);
    cells.push(Cell::new(CASE, trellis::NAME, move || {
        let (ledger, population) = (ledger.clone(), Rc::clone(&rebuilt));
        Box::pin(async move {
            population.clear_views().await?;
            let before = machine.spent();
            views::projector(&ledger).catch_up().await?;
            let mut sample = Sample::since(&machine, before, 0);
            sample.operations = population.folded().await?;
            sample
                .figures
                .insert("stored a second", stored as f64 / sample.seconds);
            Ok(sample)
        })
    }));
    bench.interleave_long(NAME, cells).await;
    Ok(())
}
