//! The same works at growing histories, and the server's memory. Organisations stay as they are at the
//! first size; people and what happens to them are added.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use domain::{
    actor::{ActingRole, Actor, TenantKind},
    id::Id,
    permission::{Action, Permit},
    training::Training,
};
use ledger::{Ledger, LedgerOptions, Projector};
use views::Employer;

use super::{e3::readers, fairness::sending, w1::diarists};
use crate::{
    Bench, Fault,
    closed::{Writer, closed_loop},
    contender::trellis::{self, Parties, Tenancy},
    dataset::Target,
    machine::resident_bytes,
    measure::{Cell, Pace},
    population::Population,
    practice::{Practice, Tokens, clients},
    report::{Bar, Figure, Want},
    serving::Serving,
};

pub(crate) const NAME: &str = "growth";

const WRITERS: usize = 32;
const READERS: usize = 8;
const MEMORY: &str = "server MiB";

const fn bar(
    what: &'static str,
    case: &'static str,
    than_case: &'static str,
    figure: Figure,
    want: Want,
) -> Bar {
    Bar {
        what,
        case,
        contender: trellis::NAME,
        than_case,
        than: trellis::NAME,
        figure,
        want,
    }
}

pub(crate) const BARS: &[Bar] = &[
    bar(
        "append, 1e7 of 1e5 events",
        "append, 32 writers, at 1e7",
        "append, 32 writers, at 1e5",
        Figure::Rate,
        Want::AtLeast(0.9),
    ),
    bar(
        "append through the API, 1e7 of 1e5 events",
        "API, 32 clients, at 1e7",
        "API, 32 clients, at 1e5",
        Figure::Rate,
        Want::AtLeast(0.9),
    ),
    bar(
        "dashboards, 1e7 of 1e5 events",
        "dashboards, 8 readers, at 1e7",
        "dashboards, 8 readers, at 1e5",
        Figure::Rate,
        Want::AtLeast(0.8),
    ),
    bar(
        "the server's memory, 1e7 of 1e5 events",
        "API, 32 clients, at 1e7",
        "API, 32 clients, at 1e5",
        Figure::Named(MEMORY),
        Want::AtMost(1.1),
    ),
];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let template = bench.template().await?;
    let mut population = Population::lasting(&bench.cluster, &template, "growth").await?;
    let mut under_way = None;
    for events in bench.growth() {
        population.fill_to(events).await?;
        let under_way = *under_way.get_or_insert(population.filler.targets().len());
        let ledger = population.open().await?;
        let begun = std::time::Instant::now();
        Projector::new(&ledger)
            .with::<Employer>()
            .catch_up()
            .await?;
        eprintln!(
            "the employer view followed in {:.0} s",
            begun.elapsed().as_secs_f64()
        );
        population.settle().await?;
        eprintln!(
            "{} trainees, {} records of organisations",
            population.filler.trainees(),
            population.organisations().await?
        );
        measure(bench, &population, &ledger, events, under_way).await?;
    }
    Ok(())
}

async fn measure(
    bench: &mut Bench,
    population: &Population,
    ledger: &Ledger,
    events: u64,
    under_way: usize,
) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let targets = population.filler.targets();
    // As many trainings are under way as at first, the youngest; the others are history by now.
    let targets = targets
        .get(targets.len().saturating_sub(under_way)..)
        .unwrap_or(targets);
    let serving = Serving::start(population, false).await?;
    let tokens = Tokens::of(&serving, targets)?;
    let practice = Practice::of(targets, |_| true);
    let size = format!("{:e}", events as f64);

    let mut writers = diarists(ledger, &size, WRITERS, Tenancy::Many, Parties::Two)?;
    let cold = trellis::open(LedgerOptions {
        cache_entries: 1,
        ..population.options()
    })
    .await?;
    let loader = vec![Loader {
        ledger: cold,
        targets: targets.to_vec(),
        nth: 0,
    }];
    let mut clients = clients(&serving, &tokens, &practice, WRITERS).await?;
    let readers = readers(&serving, &tokens, READERS).await?;
    let meeting = Arc::new(clients.clone());
    practice.meet(NAME, sending(&meeting)).await?;
    // Whoever first touches a page after a checkpoint writes all of it to the log.
    let settling = Pace {
        warm: Duration::ZERO,
        slice: bench.scale.settling(),
        rounds: 1,
    };
    closed_loop(&machine, &mut writers, settling).await?;
    closed_loop(&machine, &mut clients, settling).await?;
    let server = serving.pid();
    let cells = vec![
        cell(
            format!("append, {WRITERS} writers, at {size}"),
            writers,
            machine,
            pace,
            None,
        ),
        cell(
            format!("cold loads, at {size}"),
            loader,
            machine,
            pace,
            None,
        ),
        cell(
            format!("API, {WRITERS} clients, at {size}"),
            clients,
            machine,
            pace,
            Some(server),
        ),
        cell(
            format!("dashboards, {READERS} readers, at {size}"),
            readers,
            machine,
            pace,
            None,
        ),
    ];
    bench.interleave(NAME, cells).await;
    serving.stop().await
}

fn cell<'a, W: Writer>(
    case: String,
    writers: Vec<W>,
    machine: crate::machine::Machine,
    pace: Pace,
    server: Option<u32>,
) -> Cell<'a> {
    let writers = Rc::new(RefCell::new(writers));
    Cell::new(case, trellis::NAME, move || {
        let shared = Rc::clone(&writers);
        Box::pin(async move {
            let mut writers = shared.take();
            let sample = closed_loop(&machine, &mut writers, pace).await;
            shared.replace(writers);
            let mut sample = sample?;
            if let Some(server) = server {
                let mib = resident_bytes(server) as f64 / f64::from(1 << 20);
                sample.figures.insert(MEMORY, mib);
            }
            Ok(sample)
        })
    })
}

/// Loads one training after another, none of which is at hand.
struct Loader {
    ledger: Ledger,
    targets: Vec<Target>,
    nth: usize,
}

impl Writer for Loader {
    async fn command(&mut self) -> Result<(), Fault> {
        // Far apart, as strangers ask.
        self.nth = (self.nth + 7_919) % self.targets.len().max(1);
        let target = self.targets.get(self.nth).ok_or("no training")?;
        let actor = Actor {
            tenant: target.employer,
            kind: TenantKind::Employer,
            role: ActingRole::ServiceManager,
            person: None,
            client: Some("bench".to_owned()),
        };
        let permit = Permit::grant(actor, Action::GetTraining).ok_or("not permitted")?;
        let id: Id<Training> = Id::new(target.training);
        self.ledger.read(&permit, id).await?;
        Ok(())
    }
}
