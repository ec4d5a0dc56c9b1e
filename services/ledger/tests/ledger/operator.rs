//! What an operator is told of views: how far they are, what they have stopped at, and from which
//! event on a stored row is not what the events make of it.

use ledger::{Diverged, Drift, Drifted, Operator, Projector};
use sqlx::Executor as _;

use crate::{
    sites::{Sites, add_site, open_service, prepare},
    support::{Database, tenant},
};

/// The name of the view of these tests.
const SITES: &str = "sites";

async fn inspector(database: &Database) -> Operator {
    let url = database.url("trellis_inspector");
    Operator::connect(&url).await.unwrap().with::<Sites>()
}

async fn drift(database: &Database, of: u128) -> Option<Drift> {
    let inspector = inspector(database).await;
    let checked = inspector.check(SITES, tenant(of), &|_, _| ()).await;
    checked.unwrap().drift
}

async fn spoil(database: &Database, statement: &str) {
    let mut owner = database.connect("postgres").await;
    owner.execute(statement).await.unwrap();
}

/// Where a row differs, and the sequence and type of the event from which on.
fn told(drift: &Drift) -> (Vec<&str>, u64, &str) {
    let Drifted::Row { places, .. } = &drift.at else {
        panic!("{drift:?}");
    };
    let event = drift.event.as_ref().expect("an event");
    let places = places.iter().map(String::as_str).collect();
    (places, event.sequence, &event.event_type)
}

#[tokio::test]
async fn a_spoilt_row_is_named_with_the_event_from_which_on_it_is_wrong() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    for (n, code) in (1..).zip(["A1", "A2", "A3"]) {
        add_site(&ledger, 1, service, code, n).await;
    }
    open_service(&ledger, 2, 1).await;
    let mut projector = Projector::new(&ledger).with::<Sites>();
    projector.catch_up().await.unwrap();
    let sound = inspector(&database).await;
    let sound = sound.check(SITES, tenant(1), &|_, _| ()).await.unwrap();
    assert_eq!(sound.position, ledger.head(tenant(1)).await.unwrap());
    assert_eq!((sound.rows, sound.drift), (1, None));

    // A row that an event never reached: as it was before that event.
    let sites = |codes: &str| {
        format!(
            "UPDATE ledger.view_row
                SET row = jsonb_set(row::jsonb, '{{sites}}', '{codes}')::json
              WHERE tenant_id = '{}'",
            tenant(1).0
        )
    };
    spoil(&database, &sites("[\"A1\"]")).await;
    let behind = drift(&database, 1).await.unwrap();
    assert_eq!(
        told(&behind),
        (vec!["/sites/1", "/sites/2"], 3, "SiteAdded")
    );
    let event = behind.event.unwrap();
    assert_eq!(
        (event.kind.as_str(), event.stream),
        ("clinical_service", service.0)
    );

    // One that somebody wrote into: the event that set what is not there any more.
    spoil(&database, &sites("[\"A1\", \"XX\", \"A3\"]")).await;
    let changed = drift(&database, 1).await.unwrap();
    assert_eq!(told(&changed), (vec!["/sites/1"], 3, "SiteAdded"));
    assert_eq!(
        (changed.stored.as_str(), changed.folded.as_str()),
        ("\"XX\"", "\"A2\"")
    );
    assert_eq!(
        drift(&database, 2).await,
        None,
        "the other tenant's is sound"
    );

    // One that is gone, or listed where it does not belong.
    spoil(&database, &sites("[\"A1\", \"A2\", \"A3\"]")).await;
    assert_eq!(drift(&database, 1).await, None);
    spoil(&database, "UPDATE ledger.view_row SET thread = NULL").await;
    let unlisted = drift(&database, 1).await.unwrap();
    assert_eq!(
        told(&unlisted),
        (vec!["thread"], 1, "ClinicalServiceOpened")
    );
    spoil(&database, "DELETE FROM ledger.view_row").await;
    let gone = drift(&database, 1).await.unwrap();
    assert_eq!(gone.event.unwrap().sequence, 1);
}

#[tokio::test]
async fn a_row_and_a_figure_of_no_event_are_named_too() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "A1", 1).await;
    add_site(&ledger, 1, service, "B1", 2).await;
    let mut projector = Projector::new(&ledger).with::<Sites>();
    projector.catch_up().await.unwrap();

    // A figure that the last event did not move, while every row is right.
    spoil(
        &database,
        "UPDATE ledger.view_figure SET value = 1 WHERE figure = 'sites'",
    )
    .await;
    let stale = drift(&database, 1).await.unwrap();
    assert_eq!(stale.at.to_string(), "figure sites");
    assert_eq!((stale.stored.as_str(), stale.folded.as_str()), ("1", "2"));
    let Some(Diverged { sequence: 3, .. }) = stale.event else {
        panic!("{stale:?}");
    };
    spoil(
        &database,
        "UPDATE ledger.view_figure SET value = 9 WHERE figure = 'services'",
    )
    .await;
    let wrong = drift(&database, 1).await.unwrap();
    assert_eq!(wrong.at.to_string(), "figure services");
    assert_eq!(wrong.event.unwrap().sequence, 1);

    spoil(
        &database,
        "UPDATE ledger.view_figure SET value = 1 WHERE figure = 'services';
         UPDATE ledger.view_figure SET value = 2 WHERE figure = 'sites';
         UPDATE ledger.view_spread SET parts = 7",
    )
    .await;
    let miscounted = drift(&database, 1).await.unwrap();
    assert_eq!(miscounted.at.to_string(), "spread sites_by_letter[1]");
    assert_eq!(
        (miscounted.stored.as_str(), miscounted.folded.as_str()),
        ("7", "2")
    );

    let strange = "INSERT INTO ledger.view_row (build, tenant_id, stream, row)
                   SELECT build, tenant_id, gen_random_uuid(), row FROM ledger.view_row";
    spoil(&database, strange).await;
    let strange = drift(&database, 1).await.unwrap();
    assert!(matches!(strange.at, Drifted::Row { stream, .. } if stream != service.0));
    assert_eq!(strange.event, None);
}

#[tokio::test]
async fn an_operator_sees_how_far_views_are_and_what_is_parked() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    let mut projector = Projector::new(&ledger).with::<Sites>();
    projector.catch_up().await.unwrap();
    add_site(&ledger, 1, service, "POISON", 1).await;
    projector.catch_up().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let other = open_service(&ledger, 1, 2).await;
    add_site(&ledger, 1, other, "A1", 2).await;

    let inspector = inspector(&database).await;
    let lanes = inspector.lanes().await.unwrap();
    let lane = lanes.iter().find(|lane| lane.tenant == Some(tenant(1)));
    let lane = lane.expect("a lane");
    let head = ledger.head(tenant(1)).await.unwrap();
    assert_eq!((lane.position, lane.head, lane.parked), (head - 2, head, 1));
    assert!(lane.behind.as_millis() > 0, "{lane:?}");
    assert_eq!((lane.version, lane.state.as_str()), (1, "live"));
    let parked = inspector.parked().await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(parked[0].event.event_type, "SiteAdded");
    assert_eq!(
        (parked[0].event.position, parked[0].event.stream),
        (head - 2, service.0)
    );
    assert!(parked[0].reason.contains("poison"), "{parked:?}");
    assert_eq!(
        drift(&database, 1).await,
        None,
        "what is parked is no drift"
    );

    // A build that is behind the live one is not made live; one that has caught up is.
    let operator = projector.operator();
    projector.catch_up().await.unwrap();
    assert_eq!(
        operator.switch(SITES).await.unwrap(),
        None,
        "none is building"
    );
    let build = operator.rebuild(SITES).await.unwrap();
    assert_eq!(
        operator.switch(SITES).await.unwrap(),
        None,
        "it has not begun"
    );
    let waiting = inspector.lanes().await.unwrap();
    assert!(
        waiting
            .iter()
            .any(|lane| lane.build == build && lane.tenant.is_none())
    );
    projector.catch_up().await.unwrap();
    let lanes = inspector.lanes().await.unwrap();
    assert!(
        lanes
            .iter()
            .all(|lane| lane.build == build && lane.state == "live")
    );
    let unknown = operator.rebuild("site").await.unwrap_err().to_string();
    assert!(unknown.contains("there are sites"), "{unknown}");
}

/// Who only looks cannot change anything, nor read what is not a view's, nor two tenants at once.
#[tokio::test]
async fn an_inspector_writes_nothing_and_reads_one_tenant_at_a_time() {
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
    let inspector = inspector(&database).await;
    for refused in [
        inspector.rebuild(SITES).await.err(),
        inspector.retry(SITES, tenant(1), service.0).await.err(),
        inspector
            .skip(SITES, tenant(1), (service.0, 1), "a", "b")
            .await
            .err(),
    ] {
        assert!(refused.is_some());
    }
    let mut connection = database.connect("trellis_inspector").await;
    for table in [
        "event",
        "feed",
        "view_row",
        "view_figure",
        "view_part",
        "view_spread",
        "view_checkpoint",
        "view_build",
    ] {
        for statement in ["DELETE FROM", "TRUNCATE"] {
            let statement = format!("{statement} ledger.{table}");
            let refused = connection.execute(statement.as_str()).await.unwrap_err();
            let code = refused.as_database_error().and_then(|error| error.code());
            assert_eq!(code.as_deref(), Some("42501"), "{statement}");
        }
    }
    for table in ["subject_key", "receipt", "access", "stream", "event_0"] {
        let read = format!("SELECT FROM ledger.{table}");
        assert!(connection.execute(read.as_str()).await.is_err(), "{table}");
    }
    for (speaks_for, seen) in [("", 0), ("2", 0), ("1", 1)] {
        let name = speaks_for
            .parse()
            .map_or(String::new(), |n| tenant(n).0.to_string());
        for table in [
            "event",
            "feed",
            "view_row",
            "view_figure",
            "view_part",
            "view_spread",
        ] {
            let rows: i64 = sqlx::query_scalar(&format!(
                "SELECT least(count(*), 1) FROM ledger.{table}
                  WHERE set_config('trellis.tenant', '{name}', false) IS NOT NULL
                    AND {}",
                match table {
                    "event" => format!("'{}' = ANY (parties)", tenant(1).0),
                    _ => format!("tenant_id = '{}'", tenant(1).0),
                }
            ))
            .fetch_one(&mut connection)
            .await
            .unwrap();
            assert_eq!(rows, seen, "{table} for {speaks_for:?}");
        }
    }
}
