//! What the rules of who may see what cost, beside what they are part of and in the same rounds.
//!
//! A feed read contains its pass, which narrows every event to the role and its personal values to
//! their classes: without it the read would be shorter by what the pass alone takes. A command is
//! preceded by its checks: the permission of the role, what kind of tenant it is, the register of staff,
//! and at each record whose it is. No event is narrowed when it is written, since it is written for
//! every reader, and no tenant is set for row-level security, since a command may meet records of
//! several: the role that appends reaches rows by the functions of the append alone. Commands have the
//! whole machine and the checks one thread, so the ratio says less for the checks than is true.

use std::{cell::RefCell, hint::black_box, rc::Rc, time::Instant};

use domain::{
    calendar::london_date,
    permission::Permit,
    visibility::{Extent, Surface, events::classify},
    world::Custody,
};
use ledger::{KeyEncryptionKey, redact};

use super::w1::diarists;
use crate::{
    Bench, Fault,
    closed::closed_loop,
    cluster::Database,
    contender::trellis::{self, Parties, Tenancy, permit},
    dataset::Filler,
    measure::{Cell, Sample},
    report::{Bar, Figure, Want},
};

pub(crate) const NAME: &str = "v1";

const CASE: &str = "a page of 1000";
const PASS: &str = "the pass alone";

/// As many commands at a time as make full batches.
const WRITERS: usize = 32;
const COMMANDS: &str = "32 commands at a time";
const CHECKS: &str = "the checks alone";

pub(crate) const BARS: &[Bar] = &[
    // a fifth of the whole is a quarter of the rest
    Bar {
        what: "the pass adds less than 25 % to a feed read",
        case: CASE,
        contender: PASS,
        than_case: CASE,
        than: trellis::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(5.0),
    },
    Bar {
        what: "the checks add less than 10 % to a command",
        case: COMMANDS,
        contender: CHECKS,
        than_case: COMMANDS,
        than: trellis::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(10.0),
    },
];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let population = bench.population().await?;
    let ledger = population.open().await?;
    let reader = permit(Filler::employer(0))?;
    let events: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT aggregate_type, event_type, e.payload::text
           FROM ledger.feed f JOIN ledger.event e USING (aggregate_type, aggregate_id, sequence, event_type)
          WHERE f.tenant_id = $1 AND f.position <= $2 ORDER BY f.position",
    )
    .bind(reader.actor().tenant.0)
    .bind(i64::from(ledger::FEED_PAGE_MAX))
    .fetch_all(&mut population.database.owner().await?)
    .await?;
    let diaries = Database::create(&bench.cluster, "v1_commands").await?;
    trellis::migrate(&diaries).await?;
    let written = trellis::open(trellis::options(&diaries, &KeyEncryptionKey::generate()?)).await?;
    let writers = diarists(&written, COMMANDS, WRITERS, Tenancy::Many, Parties::Two)?;
    let writers = Rc::new(RefCell::new(writers));
    let (events, permit) = (Rc::new(events), reader.clone());
    let (registry, caller) = (ledger.clone(), reader.clone());
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
            let (events, permit) = (Rc::clone(&events), permit.clone());
            Box::pin(async move {
                let (before, begun, mut read) = (machine.spent(), Instant::now(), 0);
                while begun.elapsed() < pace.slice {
                    for (kind, event_type, payload) in events.iter() {
                        let event = classify(black_box(kind), black_box(event_type));
                        let extent = event.map(|event| event.extent(permit.actor(), Surface::Feed));
                        if matches!(extent, Some(Extent::Redacted | Extent::Shown)) {
                            black_box(redact(black_box(payload))?);
                        }
                    }
                    read += events.len() as u64;
                }
                Ok(Sample::since(&machine, before, read))
            })
        }),
        Cell::new(COMMANDS, trellis::NAME, move || {
            let shared = Rc::clone(&writers);
            Box::pin(async move {
                let mut writers = shared.take();
                let sample = closed_loop(&machine, &mut writers, pace).await;
                shared.replace(writers);
                sample
            })
        }),
        Cell::new(COMMANDS, CHECKS, move || {
            let (ledger, caller) = (registry.clone(), caller.clone());
            Box::pin(async move {
                let (before, begun, mut checked) = (machine.spent(), Instant::now(), 0);
                while begun.elapsed() < pace.slice {
                    let granted = Permit::grant(caller.actor().clone(), caller.action());
                    let actor = granted.as_ref().map_or(caller.actor(), Permit::actor);
                    let kind = ledger.tenant_kind(actor.tenant).await?;
                    let admitted = ledger.admits(actor, london_date(ledger.now())).await?;
                    let custody = Custody::of(actor.tenant, [trellis::other(0)]);
                    black_box((kind, admitted, custody.admits(black_box(actor))));
                    checked += 1;
                }
                Ok(Sample::since(&machine, before, checked))
            })
        }),
    ];
    bench.interleave_long(NAME, cells).await;
    Ok(())
}
