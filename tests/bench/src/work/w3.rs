//! Load a stream and fold it, one after another.

use std::{cell::RefCell, rc::Rc};

use domain::{
    id::Id,
    permission::{Action, Permit},
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use ledger::{KeyEncryptionKey, Ledger, LedgerOptions};
use uuid::Uuid;

use super::w1::peers;
use crate::{
    Bench, Fault,
    closed::{Writer, closed_loop},
    cluster::Database,
    contender::{
        stock,
        trellis::{self, Parties},
    },
    diary::Diary,
    measure::Cell,
    report::{Bar, Figure, Want},
};

pub(crate) const NAME: &str = "w3";

const COLD: &str = "trellis, cold";
const CACHED: &str = "trellis, cached";

/// The peers that are programs write their streams anew in every slice.
const PEER_STREAMS_MAX: u64 = 200;

pub(crate) const BARS: &[Bar] = &[
    Bar {
        what: "20 events, cold, of stock postgres-es",
        case: "20 events",
        contender: COLD,
        than_case: "20 events",
        than: stock::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(1.0),
    },
    Bar {
        what: "20 events, cached, of stock postgres-es",
        case: "20 events",
        contender: CACHED,
        than_case: "20 events",
        than: stock::NAME,
        figure: Figure::Rate,
        want: Want::AtLeast(5.0),
    },
];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let mut cells = vec![];
    for (streams, events) in bench.scale.loaded_streams() {
        let case = format!("{events} events");
        let rotas = Database::create(&bench.cluster, &format!("w3_stock_{events}")).await?;
        rotas.run(stock::TABLES).await?;
        let ids = stock::fill(&rotas, streams, events).await?;
        let pool = stock::pool(&rotas, 1).await?;
        let loaders = vec![stock::Loader::new(&pool, ids, events)];
        cells.push(cell(&case, stock::NAME, loaders, machine, pace));

        for (peer, database) in peers(bench, &format!("{NAME}_{events}")).await? {
            let streams = streams.min(PEER_STREAMS_MAX);
            cells.push(Cell::new(&case, peer.name, move || {
                let (peer, database) = (peer.clone(), database.clone());
                Box::pin(async move { peer.load(&machine, &database, streams, events, pace).await })
            }));
        }

        let diaries = Database::create(&bench.cluster, &format!("w3_trellis_{events}")).await?;
        trellis::migrate(&diaries).await?;
        let key = KeyEncryptionKey::generate()?;
        let cached = trellis::open(trellis::options(&diaries, &key)).await?;
        let ids = write_diaries(&cached, streams, events).await?;
        diaries
            .run("VACUUM ANALYZE ledger.event, ledger.stream")
            .await?;
        let cold = trellis::open(LedgerOptions {
            cache_entries: 1,
            ..trellis::options(&diaries, &key)
        })
        .await?;
        for (name, ledger) in [(CACHED, cached), (COLD, cold)] {
            let readers = vec![Reader {
                ledger,
                at_hand: name == CACHED,
                diaries: ids.clone(),
                events,
                nth: 0,
            }];
            cells.push(cell(&case, name, readers, machine, pace));
        }
    }
    bench.interleave(NAME, cells).await;
    Ok(())
}

fn cell<'a, W: Writer>(
    case: &str,
    contender: &'static str,
    loaders: Vec<W>,
    machine: crate::machine::Machine,
    pace: crate::measure::Pace,
) -> Cell<'a> {
    let loaders = Rc::new(RefCell::new(loaders));
    Cell::new(case, contender, move || {
        let shared = Rc::clone(&loaders);
        Box::pin(async move {
            let mut loaders = shared.take();
            let sample = closed_loop(&machine, &mut loaders, pace).await;
            shared.replace(loaders);
            sample
        })
    })
}

/// Writes diaries of so many pages each, interleaved as in time.
pub(crate) async fn write_diaries(
    ledger: &Ledger,
    diaries: u64,
    pages: u64,
) -> Result<Vec<(Id<Diary>, Permit)>, Fault> {
    const AT_ONCE: usize = 64;
    const ROUND_PAGES: u64 = 10;
    let series = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{pages}").as_bytes());
    for round in 0..pages / ROUND_PAGES {
        stream::iter(0..diaries)
            .map(|nth| async move {
                let (permit, envelope, command) =
                    trellis::page(series, nth, round, Parties::Two, ROUND_PAGES as u32)?;
                ledger.submit(&permit, envelope, &command).await?;
                Ok::<_, Fault>(())
            })
            .buffer_unordered(AT_ONCE)
            .try_collect::<()>()
            .await?;
    }
    (0..diaries)
        .map(|nth| {
            let (permit, _, command) = trellis::page(series, nth, 0, Parties::Two, 1)?;
            Ok((command.diary, permit))
        })
        .collect()
}

struct Reader {
    ledger: Ledger,
    /// As the service sees a record that is at hand, or as the database shows it to a tenant.
    at_hand: bool,
    diaries: Vec<(Id<Diary>, Permit)>,
    events: u64,
    nth: usize,
}

impl Writer for Reader {
    async fn command(&mut self) -> Result<(), Fault> {
        self.nth = (self.nth + 1) % self.diaries.len();
        let (id, permit) = self.diaries.get(self.nth).ok_or("no diary")?;
        let read = if self.at_hand {
            let platform = Permit::platform(Action::GetOperation);
            self.ledger.recall(&platform, *id).await?
        } else {
            self.ledger.read(permit, *id).await?
        };
        if read.state.pages() != self.events {
            return Err("a diary of another length".into());
        }
        Ok(())
    }
}
