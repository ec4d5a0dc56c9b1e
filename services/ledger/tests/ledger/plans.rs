//! What is read all the time is read by index, however long the log.

use std::time::Duration;

use ledger::{Projector, Reactor};

use crate::{
    sites::{Sites, add_site, open_service, prepare, reader},
    support::{Database, permit, tenant},
};

/// Events of other streams, twenty to each, shown to both tenants.
const FILL: &str = "
    CREATE TEMPORARY TABLE filled AS
    SELECT n, '00000000-0000-4000-8000-' || lpad(to_hex(n / 20), 12, '0') AS id, n % 20 + 1 AS seq
      FROM generate_series(0, 39999) AS n;
    INSERT INTO ledger.event
    SELECT e.aggregate_type, id, seq, e.event_type, e.event_version, e.payload, e.metadata,
           e.home_tenant, e.parties, e.hash, e.recorded_at
      FROM filled,
           (SELECT * FROM ledger.event WHERE event_type = 'ClinicalServiceOpened' LIMIT 1) AS e;
    INSERT INTO ledger.feed
    SELECT t.tenant_id, t.head + n + 1, 'clinical_service', id, seq, 'ClinicalServiceOpened', false
      FROM filled, ledger.tenant t;
    UPDATE ledger.tenant SET head = head + 40000;
    INSERT INTO ledger.view_row (build, tenant_id, stream, row)
    SELECT 1000, t.tenant_id, id::uuid, '{}' FROM filled, ledger.tenant t WHERE seq = 1;
    INSERT INTO ledger.view_figure (build, tenant_id, figure, value)
    SELECT 1000 + n, t.tenant_id, 'sites', 1 FROM filled, ledger.tenant t WHERE n < 3000;
    INSERT INTO ledger.view_part (build, tenant_id, figure, part, value)
    SELECT b.build, t.tenant_id, 'sites_by_letter', n::text, n % 7 + 1
      FROM filled, ledger.tenant t, ledger.view_build b;
    INSERT INTO ledger.view_spread (build, tenant_id, figure, value, parts)
    SELECT 1000 + n, t.tenant_id, 'sites_by_letter', 1, 1
      FROM filled, ledger.tenant t WHERE n < 3000;
    ANALYZE";

const SCANS: &str = "
    SELECT coalesce(sum(seq_scan), 0)::bigint FROM pg_stat_user_tables
     WHERE schemaname = 'ledger' AND relname ~ '^(event|feed|view_row|view_figure|view_part|view_spread)'";

#[tokio::test(flavor = "multi_thread")]
async fn feeds_views_dashboards_and_reactions_never_scan_a_table() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    let mut projector = Projector::new(&ledger)
        .with::<Sites>()
        .scanning_from(u64::MAX);
    projector.catch_up().await.unwrap();
    Reactor::new(&ledger).catch_up().await.unwrap();
    sqlx::raw_sql(FILL)
        .execute(&mut database.connect("postgres").await)
        .await
        .unwrap();
    let before = quiet(&database).await;

    // Backends that have not read the tables before plan with what ANALYZE found.
    let ledger = database.ledger().await;
    let mut projector = Projector::new(&ledger)
        .with::<Sites>()
        .scanning_from(u64::MAX);
    projector.catch_up().await.unwrap();
    Reactor::new(&ledger).catch_up().await.unwrap();
    for n in 0..8 {
        add_site(&ledger, 1, service, &format!("A{n}"), n).await;
        projector.catch_up().await.unwrap();
        Reactor::new(&ledger).catch_up().await.unwrap();
        let dashboard = ledger.figures::<Sites>(&reader(1), 0).await.unwrap();
        assert_eq!(dashboard.position, ledger.head(tenant(1)).await.unwrap());
        ledger.threads::<Sites>(&reader(1), None, 10).await.unwrap();
        ledger.read(&permit(tenant(1)), service).await.unwrap();
        let page = ledger.feed(&permit(tenant(1)), 20_000, 100).await.unwrap();
        assert_eq!(page.items.len(), 100);
    }
    ledger.reader().close().await;
    ledger.projector().close().await;
    assert_eq!(quiet(&database).await, before);
}

const FETCHED: &str = "
    SELECT coalesce(sum(idx_tup_fetch), 0)::bigint FROM pg_stat_user_tables
     WHERE schemaname = 'ledger' AND relname IN ('feed', 'view_part')";

/// An index that is entered at its beginning and filtered is no scan of a table, and as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_reads_no_more_of_its_feed_than_it_lacks_and_of_a_crowd_than_it_shows() {
    const READS: i64 = 20;
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    open_service(&ledger, 1, 1).await;
    let mut projector = Projector::new(&ledger)
        .with::<Sites>()
        .scanning_from(u64::MAX);
    projector.catch_up().await.unwrap();
    sqlx::raw_sql(FILL)
        .execute(&mut database.connect("postgres").await)
        .await
        .unwrap();
    projector.catch_up().await.unwrap();
    ledger.reader().close().await;
    ledger.projector().close().await;
    let before = settled(&database, FETCHED).await;

    let ledger = database.ledger().await;
    for _ in 0..READS {
        let dashboard = ledger.figures::<Sites>(&reader(1), 0).await.unwrap();
        assert_eq!(dashboard.position, dashboard.head);
        assert!(dashboard.head > 40_000, "{}", dashboard.head);
    }
    ledger.reader().close().await;
    let fetched = settled(&database, FETCHED).await - before;
    let most = READS * (ledger::view::CROWD_FIRST as i64 + 10);
    assert!(fetched <= most, "{fetched} rows for {READS} dashboards");
}

async fn quiet(database: &Database) -> i64 {
    settled(database, SCANS).await
}

/// What is counted so far, once the backends that did it have told.
async fn settled(database: &Database, query: &str) -> i64 {
    let mut last = -1;
    loop {
        let scans = database.number(query).await;
        if scans == last {
            return scans;
        }
        last = scans;
        tokio::time::sleep(Duration::from_millis(1500)).await;
    }
}
