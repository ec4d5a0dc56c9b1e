//! From a command to the view that shows it, at a steady rate; the time counts from when the
//! command was due to when the employer view's checkpoint has reached the receipt's position.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::actor::TenantId;
use ledger::Projector;
use sqlx::PgConnection;
use tokio::sync::{Notify, oneshot, watch};
use uuid::Uuid;
use views::Employer;

use crate::{
    Bench, Fault,
    cluster::Database,
    contender::{
        pgbench::{self, Pgbench},
        stock, trellis,
    },
    measure::Cell,
    open::open_loop,
    practice::Practice,
    report::{Bar, Figure, Want},
};

pub(crate) const NAME: &str = "w7";

pub(crate) const BARS: &[Bar] = &[Bar {
    what: "p99 at 1,000 commands/s, of the p50 of a single-row insert",
    case: "1000 commands a second",
    contender: trellis::NAME,
    than_case: "1 writers",
    than: pgbench::NAME,
    figure: Figure::P99ToP50,
    want: Want::AtMost(10.0),
}];

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let rows = Database::create(&bench.cluster, "w7_pgbench").await?;
    rows.run(stock::TABLES).await?;
    let population = bench.population().await?;
    let ledger = population.open().await?;
    let practice = Practice::of(population.filler.targets(), |_| true);
    Projector::new(&ledger)
        .with::<Employer>()
        .catch_up()
        .await?;
    let (stop, stopped) = watch::channel(false);
    let projecting = tokio::spawn(Projector::new(&ledger).with::<Employer>().run(stopped));
    let checkpoints = Arc::new(Checkpoints::default());
    let looking = tokio::spawn(Arc::clone(&checkpoints).look(population.database.owner().await?));

    let limit = Pgbench::new(&bench.cluster, &rows);
    let mut cells = vec![Cell::new("1 writers", pgbench::NAME, move || {
        let limit = limit.clone();
        Box::pin(async move { limit.insert(&machine, 1, 1, pace).await })
    })];
    for rate in [10, 100, 1_000] {
        let (ledger, practice) = (ledger.clone(), Arc::clone(&practice));
        let checkpoints = Arc::clone(&checkpoints);
        let case = format!("{rate} commands a second");
        cells.push(Cell::new(case, trellis::NAME, move || {
            let (ledger, practice) = (ledger.clone(), Arc::clone(&practice));
            let checkpoints = Arc::clone(&checkpoints);
            Box::pin(async move {
                open_loop(&machine, f64::from(rate), pace, || {
                    let (ledger, practice) = (ledger.clone(), Arc::clone(&practice));
                    let checkpoints = Arc::clone(&checkpoints);
                    async move {
                        let (tenant, receipt) = practice.next()?.submit(&ledger).await?;
                        checkpoints.reached(tenant, receipt.position).await
                    }
                })
                .await
            })
        }));
    }
    bench.interleave(NAME, cells).await;
    stop.send_replace(true);
    projecting.await?;
    looking.abort();
    Ok(())
}

/// Looks at the view's checkpoints again and again for as long as somebody waits.
#[derive(Default)]
struct Checkpoints {
    waiting: Mutex<Vec<(TenantId, u64, oneshot::Sender<()>)>>,
    somebody: Notify,
}

impl Checkpoints {
    async fn reached(&self, tenant: TenantId, position: u64) -> Result<(), Fault> {
        let (reached, wait) = oneshot::channel();
        self.waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((tenant, position, reached));
        self.somebody.notify_one();
        Ok(wait.await?)
    }

    async fn look(self: Arc<Self>, mut connection: PgConnection) -> Result<(), Fault> {
        loop {
            let nobody = self
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_empty();
            if nobody {
                self.somebody.notified().await;
                continue;
            }
            let at: Vec<(Uuid, i64)> = sqlx::query_as(
                "SELECT c.tenant_id, c.position
                   FROM ledger.view_checkpoint c JOIN ledger.view_build b USING (build)
                  WHERE b.view = 'employer' AND b.state = 'live'",
            )
            .fetch_all(&mut connection)
            .await?;
            let at: HashMap<Uuid, i64> = at.into_iter().collect();
            let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let (there, rest) =
                std::mem::take(&mut *waiting)
                    .into_iter()
                    .partition(|(tenant, position, _)| {
                        at.get(&tenant.0)
                            .is_some_and(|at| at.unsigned_abs() >= *position)
                    });
            *waiting = rest;
            let there: Vec<(TenantId, u64, oneshot::Sender<()>)> = there;
            for (.., reached) in there {
                // Who no longer waits needs no answer.
                let _ = reached.send(());
            }
        }
    }
}
