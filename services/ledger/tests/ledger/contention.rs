use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::join_all;
use ledger::{Ledger, LedgerError, Receipt};
use sqlx::PgPool;

use crate::support::{
    Database, RAISE_MAX, Tally, TallyAct, Touch, envelope, open, permit, tally, tenant,
};
use domain::{actor::TenantId, id::Id};

/// Feeds are dense and hold what the heads say.
async fn assert_feeds_are_dense(database: &Database) {
    let holes = "SELECT count(*) FROM ledger.tenant t
                  WHERE head <> (SELECT count(*) FROM ledger.feed f WHERE f.tenant_id = t.tenant_id)
                     OR head <> coalesce((SELECT max(position) FROM ledger.feed f WHERE f.tenant_id = t.tenant_id), 0)";
    assert_eq!(database.number(holes).await, 0);
    let versions = "SELECT count(*) FROM ledger.stream s
                     WHERE version <> (SELECT count(*) FROM ledger.event e
                                        WHERE e.aggregate_id = s.aggregate_id AND e.aggregate_type = s.aggregate_type)";
    assert_eq!(database.number(versions).await, 0);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert_eq!(database.number(deadlocks).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_racers_with_one_command_write_once_and_get_the_same_receipt() {
    let database = Database::new().await;
    // Two processes, each with a cache of its own.
    let options = database.options();
    let ledgers = [
        database.ledger_with(options.clone()).await,
        database.ledger_with(options).await,
    ];
    let home = tenant(1);
    let id = open(&ledgers[0], home, 1, &[tenant(2)]).await;
    for round in 0..20 {
        let receipts = join_all((0..16).map(|racer| {
            let ledger = ledgers[racer % 2].clone();
            tokio::spawn(async move {
                let command = Touch::one(id, TallyAct::Raise { by: 1 });
                ledger
                    .submit(&permit(home), envelope(round), &command)
                    .await
                    .unwrap()
            })
        }))
        .await;
        let receipts: Vec<Receipt> = receipts.into_iter().map(Result::unwrap).collect();
        assert!(receipts.iter().all(|receipt| *receipt == receipts[0]));
        let read = ledgers[1].read(&permit(home), id).await.unwrap();
        assert_eq!(read.version, round as u64 + 2);
    }
    assert_feeds_are_dense(&database).await;
}

async fn raise_often(
    ledger: Ledger,
    streams: Arc<Vec<(TenantId, Id<Tally>)>>,
    writer: u128,
    commands: u128,
) -> (u64, u64) {
    let (mut written, mut conflicts) = (0, 0);
    for n in 0..commands {
        let (home, id) = streams[((writer * 7 + n * 13) % streams.len() as u128) as usize];
        let command = Touch::one(id, TallyAct::Raise { by: 1 });
        match ledger
            .submit(&permit(home), envelope(writer * 100_000 + n), &command)
            .await
        {
            Ok(_) => written += 1,
            Err(LedgerError::Conflict) => conflicts += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    (written, conflicts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_contention_events_stored_are_the_sum_of_successes() {
    let database = Database::new().await;
    let options = database.options();
    let ledgers = [
        database.ledger_with(options.clone()).await,
        database.ledger_with(options.clone()).await,
        database.ledger_with(options).await,
    ];
    let mut streams = vec![];
    for n in 0..20 {
        let (home, sharer) = (tenant(1 + n % 5), tenant(1 + (n + 1 + n / 5) % 5));
        streams.push((home, open(&ledgers[0], home, n, &[sharer]).await));
    }
    let streams = Arc::new(streams);
    let began = Instant::now();
    let outcomes = join_all((0..24).map(|writer| {
        tokio::spawn(raise_often(
            ledgers[(writer % 3) as usize].clone(),
            Arc::clone(&streams),
            writer,
            50,
        ))
    }))
    .await;
    let (written, conflicts) = outcomes
        .into_iter()
        .map(Result::unwrap)
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    println!(
        "{written} written, {conflicts} given up in {:?}",
        began.elapsed()
    );
    assert_eq!(written + conflicts, 24 * 50);
    let events = "SELECT count(*) FROM ledger.event WHERE event_type = 'TallyRaised'";
    assert_eq!(database.number(events).await.unsigned_abs(), written);
    let receipts = "SELECT count(*) FROM ledger.receipt";
    assert_eq!(database.number(receipts).await.unsigned_abs(), written + 20);
    assert_eq!(
        database
            .number("SELECT count(*) FROM ledger.feed")
            .await
            .unsigned_abs(),
        2 * (written + 20)
    );
    assert_feeds_are_dense(&database).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_hot_record_gives_up_on_nobody() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let streams = Arc::new(vec![(home, open(&ledger, home, 1, &[tenant(2)]).await)]);
    let outcomes = join_all((0..32).map(|writer| {
        tokio::spawn(raise_often(
            ledger.clone(),
            Arc::clone(&streams),
            writer,
            10,
        ))
    }))
    .await;
    let written: u64 = outcomes.into_iter().map(|outcome| outcome.unwrap().0).sum();
    assert_eq!(written, 320);
    let read = ledger.read(&permit(home), streams[0].1).await.unwrap();
    assert_eq!(read.state.total, 320);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tailing_reader_misses_nothing() {
    let database = Database::new().await;
    let options = database.options();
    let ledgers = [
        database.ledger_with(options.clone()).await,
        database.ledger_with(options).await,
    ];
    let tenants: Vec<TenantId> = (1..=4).map(tenant).collect();
    let done = Arc::new(AtomicBool::new(false));
    let seen = Arc::new(AtomicU64::new(0));
    let readers: Vec<_> = tenants
        .iter()
        .map(|&reader| {
            let (ledger, done) = (ledgers[1].clone(), Arc::clone(&done));
            let seen = Arc::clone(&seen);
            tokio::spawn(async move {
                let mut after = 0;
                loop {
                    let last = done.load(Ordering::Acquire);
                    // A hole is an error here.
                    let page = ledger.feed(&permit(reader), after, 50).await.unwrap();
                    after += page.items.len() as u64;
                    seen.fetch_add(page.items.len() as u64, Ordering::Relaxed);
                    if last && !page.more {
                        return after;
                    }
                }
            })
        })
        .collect();
    // One in ten transactions holds a tenant's row for a while, as a slow server would.
    let stall = {
        let pool = PgPool::connect(&database.url("postgres")).await.unwrap();
        let done = Arc::clone(&done);
        tokio::spawn(async move {
            while !done.load(Ordering::Acquire) {
                for n in 1..=4 {
                    let mut transaction = pool.begin().await.unwrap();
                    sqlx::query("SELECT FROM ledger.tenant WHERE tenant_id = $1 FOR UPDATE")
                        .bind(tenant(n).0)
                        .execute(&mut *transaction)
                        .await
                        .unwrap();
                    tokio::time::sleep(Duration::from_millis(4)).await;
                    transaction.commit().await.unwrap();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    let writers = (0..24u128).map(|writer| {
        let ledger = ledgers[(writer % 2) as usize].clone();
        let tenants = tenants.clone();
        tokio::spawn(async move {
            let home = tenants[(writer % 4) as usize];
            let sharer = tenants[((writer + 1) % 4) as usize];
            let id = open(&ledger, home, 1_000 + writer, &[sharer]).await;
            raise_often(ledger, Arc::new(vec![(home, id)]), writer, 60)
                .await
                .0
        })
    });
    let written: u64 = join_all(writers)
        .await
        .into_iter()
        .map(Result::unwrap)
        .sum();
    done.store(true, Ordering::Release);
    stall.await.unwrap();
    assert_eq!(written, 24 * 60);
    for reader in join_all(readers).await {
        assert_eq!(reader.unwrap(), (written + 24) / 2);
    }
    assert_eq!(seen.load(Ordering::Relaxed), 2 * (written + 24));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refused_command_leaves_its_neighbours_written() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let mut ids = vec![];
    for n in 0..30 {
        ids.push(open(&ledger, home, n, &[tenant(2)]).await);
    }
    let outcomes = join_all(ids.iter().enumerate().map(|(n, id)| {
        let (ledger, id) = (ledger.clone(), *id);
        tokio::spawn(async move {
            // Every third is refused by a rule, every fifth the database itself refuses: its
            // parties lack its home.
            let act = match n {
                n if n % 3 == 0 => TallyAct::Raise { by: RAISE_MAX + 1 },
                n if n % 5 == 0 => TallyAct::Spoil,
                _ => TallyAct::Raise { by: 1 },
            };
            ledger
                .submit(&permit(home), envelope(n as u128), &Touch::one(id, act))
                .await
        })
    }))
    .await;
    for (n, outcome) in outcomes.into_iter().map(Result::unwrap).enumerate() {
        match outcome {
            Err(LedgerError::Refused(_)) => assert_eq!(n % 3, 0),
            Err(LedgerError::Store(_)) => assert_eq!(n % 5, 0),
            Err(error) => panic!("{error:?}"),
            Ok(_) => assert!(n % 3 != 0 && n % 5 != 0),
        }
    }
    let raised = "SELECT count(*) FROM ledger.event WHERE event_type = 'TallyRaised'";
    assert_eq!(database.number(raised).await, 16);
    let all = "SELECT count(*) FROM ledger.event";
    assert_eq!(database.number(all).await, 30 + 16);
    assert_feeds_are_dense(&database).await;
}

#[tokio::test]
async fn a_stale_guard_writes_nothing() {
    let database = Database::new().await;
    let options = database.options();
    let stale = database.ledger_with(options.clone()).await;
    let other = database.ledger_with(options).await;
    let home = tenant(1);
    let guard = open(&stale, home, 1, &[]).await;
    let written = open(&stale, home, 2, &[]).await;
    // `stale` has both at hand; the other process moves the guard on.
    let raise = Touch::one(guard, TallyAct::Raise { by: 5 });
    other
        .submit(&permit(home), envelope(1), &raise)
        .await
        .unwrap();

    let on_zero = Touch {
        reads: vec![guard],
        acts: vec![(written, TallyAct::Raise { by: 1 })],
        expects: Some(0),
    };
    // Decided on the stale guard, found out by the append, decided again: refused.
    let outcome = stale.submit(&permit(home), envelope(2), &on_zero).await;
    assert!(
        matches!(outcome, Err(LedgerError::Refused(_))),
        "{outcome:?}"
    );
    let read = other.read(&permit(home), written).await.unwrap();
    assert_eq!(read.version, 1);
    assert_eq!(
        stale
            .receipt(&permit(home), crate::support::request(2))
            .await
            .unwrap(),
        None
    );

    let on_five = Touch {
        expects: Some(5),
        ..on_zero
    };
    stale
        .submit(&permit(home), envelope(3), &on_five)
        .await
        .unwrap();
    assert_feeds_are_dense(&database).await;
}

#[tokio::test]
async fn a_refusal_is_never_given_on_a_stale_record() {
    let database = Database::new().await;
    let options = database.options();
    let stale = database.ledger_with(options.clone()).await;
    let other = database.ledger_with(options).await;
    let home = tenant(1);
    let guard = open(&stale, home, 1, &[]).await;
    let written = open(&stale, home, 2, &[]).await;
    let raise = Touch::one(guard, TallyAct::Raise { by: 5 });
    other
        .submit(&permit(home), envelope(1), &raise)
        .await
        .unwrap();
    let on_five = Touch {
        reads: vec![guard],
        acts: vec![(written, TallyAct::Raise { by: 1 })],
        expects: Some(5),
    };
    stale
        .submit(&permit(home), envelope(2), &on_five)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_guard_on_an_absent_record_fails_once_it_exists() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let written = open(&ledger, home, 1, &[]).await;
    let command = Touch {
        reads: vec![tally(home, 2)],
        acts: vec![(written, TallyAct::Raise { by: 1 })],
        expects: Some(0),
    };
    ledger
        .submit(&permit(home), envelope(1), &command)
        .await
        .unwrap();
    let absent = "SELECT count(*) FROM ledger.stream WHERE version = 0 AND parties = '{}'";
    assert_eq!(database.number(absent).await, 1);
    // The row that was locked for the absent record is no record.
    assert!(ledger.read(&permit(home), tally(home, 2)).await.is_err());
    let id = open(&ledger, home, 2, &[]).await;
    ledger
        .submit(
            &permit(home),
            envelope(2),
            &Touch::one(id, TallyAct::Raise { by: 7 }),
        )
        .await
        .unwrap();
    assert!(
        ledger
            .submit(&permit(home), envelope(3), &command)
            .await
            .is_err()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_connection_is_taken_up_again_and_nothing_is_written_twice() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let mut streams = vec![];
    for n in 0..8 {
        streams.push((home, open(&ledger, home, n, &[tenant(2)]).await));
    }
    let streams = Arc::new(streams);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            tokio::spawn(raise_often(
                ledger.clone(),
                Arc::clone(&streams),
                writer,
                100,
            ))
        })
        .collect();
    let mut connection = database.connect("postgres").await;
    for _ in 0..5 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
              WHERE application_name = 'trellis-append' AND datname = current_database()",
        )
        .execute(&mut connection)
        .await
        .unwrap();
    }
    let written: u64 = join_all(writers)
        .await
        .into_iter()
        .map(|outcome| outcome.unwrap().0)
        .sum();
    assert_eq!(written, 800);
    let events = "SELECT count(*) FROM ledger.event WHERE event_type = 'TallyRaised'";
    assert_eq!(database.number(events).await, 800);
    assert_feeds_are_dense(&database).await;
}

#[tokio::test]
async fn an_event_that_no_stream_knows_of_is_a_fault_and_not_somebody_who_came_first() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let id = open(&ledger, home, 1, &[]).await;
    sqlx::raw_sql(
        "INSERT INTO ledger.event
         SELECT aggregate_type, aggregate_id, 2, event_type, event_version, payload, metadata,
                home_tenant, parties, hash, recorded_at
           FROM ledger.event WHERE sequence = 1 AND aggregate_type = 'tally'",
    )
    .execute(&mut database.connect("postgres").await)
    .await
    .unwrap();
    let command = Touch::one(id, TallyAct::Raise { by: 1 });
    let answer = ledger.submit(&permit(home), envelope(1), &command).await;
    assert!(matches!(answer, Err(LedgerError::Store(_))), "{answer:?}");
}
