//! Catch-up of the real employer view with its exactly-once checkpoint.

use ledger::Projector;
use views::Employer;

use super::w4::{COPY_OUT, copy_out};
use crate::{
    Bench, Fault,
    contender::{each_event, trellis},
    measure::{Cell, Sample},
    report::{Bar, Figure, Want},
};

pub(crate) const NAME: &str = "w5";

const CASE: &str = "employer view, everything";
const EACH: &str = "a transaction per event";

pub(crate) const BARS: &[Bar] = &[
    Bar {
        what: "employer view, exactly once, of COPY out",
        case: CASE,
        contender: trellis::NAME,
        than_case: CASE,
        than: COPY_OUT,
        figure: Figure::Rate,
        want: Want::AtLeast(0.5),
    },
    Bar {
        what: "employer view, exactly once, of a transaction per event",
        case: CASE,
        contender: trellis::NAME,
        than_case: CASE,
        than: EACH,
        figure: Figure::Rate,
        want: Want::AtLeast(100.0),
    },
];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let population = bench.population().await?;
    let ledger = population.open().await?;
    let mut cells = vec![copy_out(
        &population.database,
        CASE,
        machine,
        population.filler.events(),
    )];
    let folded = std::rc::Rc::clone(&population);
    cells.push(Cell::new(CASE, trellis::NAME, move || {
        let (ledger, population) = (ledger.clone(), std::rc::Rc::clone(&folded));
        Box::pin(async move {
            population.clear_views().await?;
            let before = machine.spent();
            Projector::new(&ledger)
                .with::<Employer>()
                .catch_up()
                .await?;
            let mut sample = Sample::since(&machine, before, 0);
            sample.operations = population.folded().await?;
            Ok(sample)
        })
    }));
    let followed = std::rc::Rc::clone(&population);
    cells.push(Cell::new(CASE, EACH, move || {
        let population = std::rc::Rc::clone(&followed);
        Box::pin(
            async move { each_event::follow(&machine, &population.database, pace.slice).await },
        )
    }));
    bench.interleave_long(NAME, cells).await;
    Ok(())
}
