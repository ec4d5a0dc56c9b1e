//! Projections: however they are cut, killed, raced or rebuilt, rows and figures are the fold.

use std::{collections::BTreeMap, time::Duration};

use domain::actor::TenantId;
use ledger::{
    Drifted, Ledger, LedgerError, Projector,
    view::{Crowd, View as _},
};
use proptest::prelude::*;
use sqlx::Connection as _;

use crate::{
    sites::{
        Sites, SitesTwice, Unstorable, add_site, drift, open_service, parked, prepare, reader,
        sites,
    },
    support::{Database, tenant},
};

#[tokio::test]
async fn each_tenant_reads_its_own_figures_and_rows_at_a_position() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    for n in 0..3 {
        let service = open_service(&ledger, 1, n).await;
        add_site(&ledger, 1, service, &format!("A{n}"), 10 * n).await;
        add_site(&ledger, 1, service, &format!("B{n}"), 10 * n + 1).await;
    }
    open_service(&ledger, 2, 0).await;
    Projector::new(&ledger)
        .with::<Sites>()
        .catch_up()
        .await
        .unwrap();

    let head = ledger.head(tenant(1)).await.unwrap();
    let reading = ledger.figures::<Sites>(&reader(1), head).await.unwrap();
    assert_eq!((reading.version, reading.position), (1, head));
    assert_eq!(reading.figures.get("services"), 3);
    assert_eq!(reading.figures.get("sites"), 6);
    assert_eq!(
        reading.figures.crowd("sites_by_letter"),
        Crowd {
            first: vec![("A".to_owned(), 3), ("B".to_owned(), 3)],
            spread: [(3, 2)].into(),
        }
    );
    assert_eq!(sites(&ledger, 2).await, 0);

    let first = ledger.threads::<Sites>(&reader(1), None, 2).await.unwrap();
    assert_eq!(first.threads.len(), 2);
    let rest = ledger
        .threads::<Sites>(&reader(1), first.next, 2)
        .await
        .unwrap();
    assert_eq!((rest.threads.len(), rest.next), (1, None));
    let names: BTreeMap<_, _> = first
        .threads
        .iter()
        .chain(&rest.threads)
        .map(|thread| (thread.id, thread.rows[0].1.name.clone()))
        .collect();
    assert_eq!(names.len(), 3);
}

#[tokio::test]
async fn a_read_waits_for_the_position_it_asks_for() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let runner = tokio::spawn(Projector::new(&ledger).with::<Sites>().run(stopped));
    for n in 0..20 {
        let service = open_service(&ledger, 1, n).await;
        let head = ledger.head(tenant(1)).await.unwrap();
        add_site(&ledger, 1, service, "A", n).await;
        let reading = ledger.figures::<Sites>(&reader(1), head + 1).await.unwrap();
        assert_eq!(reading.figures.get("sites"), n as i64 + 1);
    }
    stop.send(true).unwrap();
    runner.await.unwrap();
    let beyond = ledger.head(tenant(1)).await.unwrap() + 1;
    let late = ledger.figures::<Sites>(&reader(1), beyond).await;
    assert!(
        matches!(late, Err(LedgerError::Behind { position }) if position + 1 == beyond),
        "{late:?}"
    );
}

#[tokio::test]
async fn a_poisoned_event_parks_its_record_only_until_it_is_skipped_and_replayed() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let (good, bad) = (
        open_service(&ledger, 1, 1).await,
        open_service(&ledger, 1, 2).await,
    );
    add_site(&ledger, 1, bad, "A1", 1).await;
    add_site(&ledger, 1, bad, "POISON", 2).await;
    add_site(&ledger, 1, good, "A2", 3).await;
    let mut projector = Projector::new(&ledger).with::<Sites>();
    projector.catch_up().await.unwrap();
    add_site(&ledger, 1, bad, "A3", 4).await;
    add_site(&ledger, 1, good, "A4", 5).await;
    projector.catch_up().await.unwrap();

    assert_eq!(sites(&ledger, 1).await, 3);
    assert_eq!(parked(&projector).await, [(bad.0, 3)].into());
    assert_eq!(drift(&projector).await, None);

    assert!(
        !projector
            .operator()
            .retry(Sites::NAME, tenant(1), bad.0)
            .await
            .unwrap()
    );
    assert_eq!(sites(&ledger, 1).await, 3);
    projector
        .operator()
        .skip(
            Sites::NAME,
            tenant(1),
            (bad.0, 3),
            "operator",
            "a site that never was",
        )
        .await
        .unwrap();
    assert!(
        projector
            .operator()
            .retry(Sites::NAME, tenant(1), bad.0)
            .await
            .unwrap()
    );
    assert_eq!(sites(&ledger, 1).await, 4);
    assert_eq!(parked(&projector).await, [].into());
    assert_eq!(drift(&projector).await, None);
}

#[tokio::test]
async fn a_build_scanned_from_the_log_parks_skips_and_goes_on_like_one_folded_by_feed() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let (good, bad) = (
        open_service(&ledger, 1, 1).await,
        open_service(&ledger, 1, 2).await,
    );
    add_site(&ledger, 1, good, "A1", 1).await;
    add_site(&ledger, 1, bad, "A2", 2).await;
    add_site(&ledger, 1, bad, "POISON", 3).await;
    add_site(&ledger, 1, bad, "A4", 4).await;
    let mut projector = Projector::new(&ledger).with::<Sites>().scanning_from(1);
    projector.catch_up().await.unwrap();
    let head = ledger.head(tenant(1)).await.unwrap();
    let reading = ledger.figures::<Sites>(&reader(1), head).await.unwrap();
    assert_eq!(reading.figures.get("sites"), 2);
    assert_eq!(parked(&projector).await, [(bad.0, 3)].into());

    // What comes later is folded on top, by feed; the parked stream waits.
    add_site(&ledger, 1, good, "A5", 5).await;
    add_site(&ledger, 1, bad, "A6", 6).await;
    projector.catch_up().await.unwrap();
    assert_eq!(sites(&ledger, 1).await, 3);
    assert_eq!(drift(&projector).await, None);
    projector
        .operator()
        .skip(
            Sites::NAME,
            tenant(1),
            (bad.0, 3),
            "operator",
            "a site that never was",
        )
        .await
        .unwrap();
    assert!(
        projector
            .operator()
            .retry(Sites::NAME, tenant(1), bad.0)
            .await
            .unwrap()
    );
    assert_eq!(sites(&ledger, 1).await, 5);

    // Rows at hand from before the operator's hand are not written over what it changed.
    add_site(&ledger, 1, bad, "A7", 7).await;
    projector.catch_up().await.unwrap();
    assert_eq!(sites(&ledger, 1).await, 6);
    assert_eq!(drift(&projector).await, None);

    // A rebuild by scan passes over the skipped event too.
    projector.operator().rebuild(Sites::NAME).await.unwrap();
    projector.catch_up().await.unwrap();
    assert_eq!(sites(&ledger, 1).await, 6);
    assert_eq!(drift(&projector).await, None);
    let live = "SELECT count(*) FROM ledger.view_build WHERE state = 'live'";
    assert_eq!(database.number(live).await, 1);
}

#[tokio::test]
async fn whoever_waits_for_a_position_is_told_when_the_view_is_there() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    let head = ledger.head(tenant(1)).await.unwrap();
    let waits = tokio::spawn({
        let ledger = ledger.clone();
        async move { ledger.folded::<Sites>(tenant(1), head + 1).await }
    });
    let mut projector = Projector::new(&ledger).with::<Sites>();
    projector.catch_up().await.unwrap();
    assert_eq!(ledger.folded::<Sites>(tenant(1), head).await.unwrap(), head);
    add_site(&ledger, 1, service, "A1", 1).await;
    projector.catch_up().await.unwrap();
    assert_eq!(waits.await.unwrap().unwrap(), head + 1);
    // Another process sees it in the store.
    let other = database.ledger().await;
    let told = other.folded::<Sites>(tenant(1), head + 1).await.unwrap();
    assert_eq!(told, head + 1);
}

#[tokio::test]
async fn what_the_store_refuses_is_found_by_halving_and_parked_alone() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let (good, bad) = (
        open_service(&ledger, 1, 1).await,
        open_service(&ledger, 1, 2).await,
    );
    for n in 0..10 {
        add_site(&ledger, 1, good, &format!("A{n}"), n).await;
    }
    add_site(&ledger, 1, bad, "NUL", 20).await;
    for n in 30..40 {
        add_site(&ledger, 1, good, &format!("A{n}"), n).await;
    }
    let mut projector = Projector::new(&ledger).with::<Unstorable>();
    projector.catch_up().await.unwrap();
    let reading = ledger.figures::<Unstorable>(&reader(1), 0).await.unwrap();
    assert_eq!(reading.figures.get("sites"), 20);
    assert_eq!(reading.position, ledger.head(tenant(1)).await.unwrap());
    assert_eq!(parked(&projector).await, [(bad.0, 2)].into());
}

#[tokio::test]
async fn a_new_version_builds_beside_the_live_one_and_switches_once_it_has_caught_up() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "A1", 1).await;
    let mut old = Projector::new(&ledger).with::<Sites>();
    old.catch_up().await.unwrap();
    assert_eq!(sites(&ledger, 1).await, 1);

    add_site(&ledger, 1, service, "A2", 2).await;
    let mut new = Projector::new(&ledger).with::<SitesTwice>();
    new.round().await.unwrap();
    let before = ledger.figures::<Sites>(&reader(1), 0).await.unwrap();
    assert_eq!((before.version, before.figures.get("sites")), (1, 1));
    new.catch_up().await.unwrap();
    let after = ledger.figures::<SitesTwice>(&reader(1), 0).await.unwrap();
    assert_eq!((after.version, after.figures.get("sites")), (2, 4));

    // The process of the old version stands by and does no harm.
    add_site(&ledger, 1, service, "A3", 3).await;
    old.catch_up().await.unwrap();
    new.catch_up().await.unwrap();
    let after = ledger.figures::<SitesTwice>(&reader(1), 0).await.unwrap();
    assert_eq!((after.version, after.figures.get("sites")), (2, 6));
    let live = "SELECT count(*) FROM ledger.view_build WHERE view = 'sites' AND state = 'live'";
    assert_eq!(database.number(live).await, 1);
    let left = "SELECT count(*) FROM ledger.view_row r JOIN ledger.view_build b USING (build)
                 WHERE b.state = 'retired'";
    assert_eq!(database.number(left).await, 0);
}

#[tokio::test]
async fn a_rebuild_mends_drift_and_the_check_names_the_row_before() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "A1", 1).await;
    let mut projector = Projector::new(&ledger).with::<Sites>();
    projector.catch_up().await.unwrap();
    sqlx::query("UPDATE ledger.view_row SET row = '{\"name\":\"other\",\"sites\":[]}'")
        .execute(&mut database.connect("postgres").await)
        .await
        .unwrap();
    let drifted = drift(&projector).await.unwrap();
    assert!(
        matches!(drifted.at, Drifted::Row { stream, .. } if stream == service.0),
        "{drifted:?}"
    );

    projector.operator().rebuild(Sites::NAME).await.unwrap();
    projector.catch_up().await.unwrap();
    assert_eq!(drift(&projector).await, None);
    assert_eq!(sites(&ledger, 1).await, 1);
}

/// Commits of views do not wait for the disk: a crash takes the last of them, each together with its
/// checkpoint. A runner that lives on believes the store and not what it remembers.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_crash_takes_from_a_view_is_folded_again_by_the_runner_that_wrote_it() {
    const TABLES: [&str; 5] = [
        "view_checkpoint",
        "view_row",
        "view_figure",
        "view_part",
        "view_spread",
    ];
    async fn come_to(ledger: &Ledger, wanted: i64) {
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while sites(ledger, 1).await != wanted {
            assert!(std::time::Instant::now() < deadline, "not {wanted}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let runner = tokio::spawn(Projector::new(&ledger).with::<Sites>().run(stopped));
    add_site(&ledger, 1, service, "A1", 1).await;
    come_to(&ledger, 1).await;

    let mut owner = database.connect("postgres").await;
    let kept = TABLES.map(|table| format!("CREATE TABLE {table} AS TABLE ledger.{table};"));
    sqlx::raw_sql(&kept.concat())
        .execute(&mut owner)
        .await
        .unwrap();
    add_site(&ledger, 1, service, "A2", 2).await;
    come_to(&ledger, 2).await;
    let lost = TABLES.map(|table| {
        format!("DELETE FROM ledger.{table}; INSERT INTO ledger.{table} TABLE {table};")
    });
    let mut crash = owner.begin().await.unwrap();
    sqlx::raw_sql(&lost.concat())
        .execute(&mut *crash)
        .await
        .unwrap();
    let left: i64 =
        sqlx::query_scalar("SELECT value FROM ledger.view_figure WHERE figure = 'sites'")
            .fetch_one(&mut *crash)
            .await
            .unwrap();
    assert_eq!(left, 1);
    crash.commit().await.unwrap();

    come_to(&ledger, 2).await;
    add_site(&ledger, 1, service, "A3", 3).await;
    come_to(&ledger, 3).await;
    stop.send_replace(true);
    runner.await.unwrap();
    let projector = Projector::new(&ledger).with::<Sites>();
    assert_eq!(drift(&projector).await, None);
}

/// Runners on one checkpoint, stopped at any moment: each event is folded once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_and_killed_runners_fold_each_event_once() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let services = [
        open_service(&ledger, 1, 1).await,
        open_service(&ledger, 1, 2).await,
    ];
    let writer = tokio::spawn({
        let ledger = ledger.clone();
        async move {
            for n in 0..120_usize {
                add_site(&ledger, 1, services[n % 2], &format!("A{n}"), n as u128).await;
            }
        }
    });
    let mut kills = 0_u64;
    while !writer.is_finished() {
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        // One of them fills new builds by a scan, the others by feed.
        let runners: Vec<_> = [1, u64::MAX, u64::MAX]
            .map(|items| Projector::new(&ledger).with::<Sites>().scanning_from(items))
            .into_iter()
            .map(|projector| tokio::spawn(projector.run(stopped.clone())))
            .collect();
        if kills % 4 == 1 {
            let operator = Projector::new(&ledger).with::<Sites>();
            operator.operator().rebuild(Sites::NAME).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(3 + kills * 7 % 23)).await;
        runners.iter().for_each(|runner| runner.abort());
        kills += 1;
    }
    writer.await.unwrap();
    let mut projector = Projector::new(&ledger).with::<Sites>();
    projector.catch_up().await.unwrap();
    assert!(kills > 0);
    assert_eq!(sites(&ledger, 1).await, 120);
    assert_eq!(drift(&projector).await, None);
}

#[tokio::test]
async fn another_tenants_rows_are_out_of_reach_of_reader_and_projector() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "A1", 1).await;
    Projector::new(&ledger)
        .with::<Sites>()
        .catch_up()
        .await
        .unwrap();
    for role in ["trellis_reader", "trellis_projector"] {
        for (speaks_for, seen) in [(None, 0), (Some(tenant(2)), 0), (Some(tenant(1)), 1)] {
            let mut connection = database.connect(role).await;
            let name = speaks_for.map_or(String::new(), |TenantId(id)| id.to_string());
            sqlx::query("SELECT set_config('trellis.tenant', $1, false)")
                .bind(name)
                .execute(&mut connection)
                .await
                .unwrap();
            for table in ["view_row", "view_figure", "view_part", "view_spread"] {
                let rows: i64 =
                    sqlx::query_scalar(&format!("SELECT least(count(*), 1) FROM ledger.{table}"))
                        .fetch_one(&mut connection)
                        .await
                        .unwrap();
                assert_eq!(rows, seen, "{role} {table} {speaks_for:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Incremental, rebuilt and folded in memory are the same, poison included.
    #[test]
    fn incremental_is_rebuild_is_fold(
        steps in prop::collection::vec((1_u128..3, 0_u128..4, 0_u8..12, any::<bool>()), 1..40)
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async move {
            let database = Database::new().await;
            let ledger = database.ledger().await;
            prepare(&ledger).await;
            let mut projector = Projector::new(&ledger).with::<Sites>();
            for (n, (of, service, letter, round)) in (0_u128..).zip(steps) {
                let id = open_service(&ledger, of, service).await;
                let code = match letter {
                    0 => format!("POISON{n}"),
                    letter => format!("{}{n}", char::from(b'A' + letter)),
                };
                add_site(&ledger, of, id, &code, n).await;
                if round {
                    projector.round().await.unwrap();
                }
            }
            projector.catch_up().await.unwrap();
            for of in [1, 2] {
                assert_eq!(projector.operator().check(Sites::NAME, tenant(of), &|_, _| ()).await.unwrap().drift, None);
            }
            let incremental = [
                ledger.figures::<Sites>(&reader(1), 0).await.unwrap(),
                ledger.figures::<Sites>(&reader(2), 0).await.unwrap(),
            ];
            let rows = ledger.threads::<Sites>(&reader(1), None, 100).await.unwrap();
            projector.operator().rebuild(Sites::NAME).await.unwrap();
            projector.catch_up().await.unwrap();
            let rebuilt = [
                ledger.figures::<Sites>(&reader(1), 0).await.unwrap(),
                ledger.figures::<Sites>(&reader(2), 0).await.unwrap(),
            ];
            assert_eq!(incremental, rebuilt);
            assert_eq!(rows, ledger.threads::<Sites>(&reader(1), None, 100).await.unwrap());

            let stopped = parked(&projector).await;
            let mut scanning = Projector::new(&ledger).with::<Sites>().scanning_from(1);
            scanning.operator().rebuild(Sites::NAME).await.unwrap();
            scanning.catch_up().await.unwrap();
            for of in [1, 2] {
                assert_eq!(scanning.operator().check(Sites::NAME, tenant(of), &|_, _| ()).await.unwrap().drift, None);
            }
            let scanned = [
                ledger.figures::<Sites>(&reader(1), 0).await.unwrap(),
                ledger.figures::<Sites>(&reader(2), 0).await.unwrap(),
            ];
            assert_eq!(incremental, scanned);
            assert_eq!(rows, ledger.threads::<Sites>(&reader(1), None, 100).await.unwrap());
            assert_eq!(stopped, parked(&scanning).await);
        });
    }
}
