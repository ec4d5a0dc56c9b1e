//! What the writers hand to the runner of their process is the feed, only sooner.

use ledger::{
    Ledger, Projector,
    view::{Figures, View as _},
};
use sqlx::{Connection as _, PgConnection};
use tokio::{sync::watch, task::JoinHandle};

use crate::{
    sites::{Sites, add_site, open_service, prepare, reader},
    support::{Database, tenant},
};

/// More batches than a runner may be behind.
const TOO_MANY: u128 = 100;

struct Running {
    stop: watch::Sender<bool>,
    runner: JoinHandle<()>,
}

impl Running {
    fn of(ledger: &Ledger) -> Self {
        let (stop, stopped) = watch::channel(false);
        let runner = tokio::spawn(Projector::new(ledger).with::<Sites>().run(stopped));
        Self { stop, runner }
    }

    async fn end(self) {
        self.stop.send(true).unwrap();
        self.runner.await.unwrap();
    }
}

async fn folded(ledger: &Ledger, of: u128) -> Figures {
    let head = ledger.head(tenant(of)).await.unwrap();
    let reading = ledger.figures::<Sites>(&reader(of), head).await.unwrap();
    assert_eq!(reading.position, head);
    reading.figures
}

/// Whether views that were fed by hand are the fold in memory, and what a rebuild makes.
async fn assert_whole(ledger: &Ledger, sites: i64) {
    let mut projector = Projector::new(ledger).with::<Sites>();
    let fed = [folded(ledger, 1).await, folded(ledger, 2).await];
    assert_eq!(fed.iter().map(|sums| sums.get("sites")).sum::<i64>(), sites);
    let operator = projector.operator();
    for of in [1, 2] {
        let checked = operator.check(Sites::NAME, tenant(of), &|_, _| ()).await;
        assert_eq!(checked.unwrap().drift, None);
    }
    operator.rebuild(Sites::NAME).await.unwrap();
    projector.catch_up().await.unwrap();
    assert_eq!(fed, [folded(ledger, 1).await, folded(ledger, 2).await]);
}

async fn execute(owner: &mut PgConnection, statement: &str) {
    sqlx::query(statement).execute(owner).await.unwrap();
}

#[tokio::test]
async fn a_runner_beside_the_writers_needs_no_feed() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let services = [
        open_service(&ledger, 1, 1).await,
        open_service(&ledger, 2, 2).await,
    ];
    let running = Running::of(&ledger);
    folded(&ledger, 1).await;
    folded(&ledger, 2).await;

    let mut owner = database.connect("postgres").await;
    execute(
        &mut owner,
        "REVOKE SELECT ON ledger.feed FROM trellis_projector",
    )
    .await;
    for n in 0..40 {
        add_site(&ledger, 1, services[0], &format!("A{n}"), n).await;
        add_site(&ledger, 2, services[1], &format!("B{n}"), n).await;
        // New records, and ones whose rows are at hand.
        let new = open_service(&ledger, 1, 100 + n).await;
        add_site(&ledger, 1, new, "C", 1_000 + n).await;
    }
    assert_eq!(folded(&ledger, 1).await.get("sites"), 80);
    assert_eq!(folded(&ledger, 2).await.get("sites"), 40);

    execute(
        &mut owner,
        "GRANT SELECT ON ledger.feed TO trellis_projector",
    )
    .await;
    running.end().await;
    assert_whole(&ledger, 120).await;
}

#[tokio::test]
async fn what_overflows_is_read_from_the_feed() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    open_service(&ledger, 2, 2).await;
    let running = Running::of(&ledger);
    folded(&ledger, 1).await;

    // The runner stands at its first fold until all is written.
    let mut owner = database.connect("postgres").await;
    let mut held = owner.begin().await.unwrap();
    execute(&mut held, "LOCK TABLE ledger.view_row IN EXCLUSIVE MODE").await;
    for n in 0..TOO_MANY {
        add_site(&ledger, 1, service, &format!("A{n}"), n).await;
    }
    held.commit().await.unwrap();
    assert_eq!(folded(&ledger, 1).await.get("sites"), TOO_MANY as i64);
    running.end().await;
    assert_whole(&ledger, TOO_MANY as i64).await;
}

/// Two processes write to the same feeds and fold the same lanes: what either hands over has gaps,
/// and each moves checkpoints under the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn gaps_that_other_writers_leave_are_read_from_the_feed() {
    const EACH: u128 = 60;
    let database = Database::new().await;
    let options = database.options();
    let first = database.ledger_with(options.clone()).await;
    prepare(&first).await;
    let ledgers = [first, database.ledger_with(options).await];
    for both in [false, true] {
        let first = u128::from(both) * 1_000;
        let mut running = vec![Running::of(&ledgers[0])];
        if both {
            running.push(Running::of(&ledgers[1]));
        }
        let writers: Vec<_> = (0_u128..4)
            .map(|writer| {
                let ledger = ledgers[(writer % 2) as usize].clone();
                let of = 1 + writer / 2;
                tokio::spawn(async move {
                    let base = first + 100 * writer;
                    let service = open_service(&ledger, of, base).await;
                    for n in base..base + EACH {
                        add_site(&ledger, of, service, &format!("A{n}"), n).await;
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        for ledger in &ledgers {
            folded(ledger, 1).await;
            folded(ledger, 2).await;
        }
        for running in running {
            running.end().await;
        }
    }
    assert_whole(&ledgers[0], 8 * EACH as i64).await;
}
