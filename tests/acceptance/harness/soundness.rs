//! What must hold of every stored history, whatever led to it.

use std::collections::BTreeMap;

use audit::chain::{ChainedEvent, Verifier};
use domain::{
    fact::{Fact, Visit, aggregates},
    upcast::upcast,
    world::{AnyState, Decider},
};
use ledger::Ledger;
use serde_json::Value;
use sqlx::{PgPool, Row as _};

use super::database::{Stored, events};

/// Checks streams, chains, feeds and receipts of a whole database.
pub(crate) async fn check(owner: &PgPool) {
    let events = events(owner).await;
    let mut streams: BTreeMap<(String, String), Vec<Stored>> = BTreeMap::new();
    for event in events {
        streams
            .entry((event.kind.clone(), event.id.clone()))
            .or_default()
            .push(event);
    }
    for ((kind, id), events) in &streams {
        folds(kind, id, events);
        verifies(kind, id, events);
    }
    heads_match(owner, &streams).await;
    feeds_are_dense_and_whole(owner).await;
    receipts_point_at_what_was_written(owner).await;
}

/// The state of a kind before its first event.
pub(crate) fn empty(kind: &str) -> Box<dyn AnyState> {
    struct Find<'a>(&'a str, Option<Box<dyn AnyState>>);
    impl Visit for Find<'_> {
        fn visit<A: Decider>(&mut self) {
            if A::TYPE == self.0 {
                self.1 = Some(Box::new(A::default()));
            }
        }
    }
    let mut find = Find(kind, None);
    aggregates(&mut find);
    find.1.unwrap_or_else(|| panic!("{kind} is no aggregate"))
}

/// A stored payload at its current version.
pub(crate) fn current(event: &Stored) -> Value {
    let payload = serde_json::from_str(&event.payload).expect("a payload is JSON");
    upcast(&event.event_type, &event.event_version, payload)
        .unwrap_or_else(|| panic!("{} {} is lost", event.event_type, event.event_version))
}

fn folds(kind: &str, id: &str, events: &[Stored]) {
    let mut state = empty(kind);
    for event in events {
        let payload = current(event);
        let fact = Fact::decode(kind, payload.clone());
        assert!(
            matches!(fact, Ok(Some(_))),
            "{} of {kind} {id} does not decode: {fact:?}",
            event.event_type
        );
        state
            .apply_stored(payload)
            .unwrap_or_else(|error| panic!("{} of {kind} {id}: {error}", event.event_type));
    }
    assert!(
        state.custody().is_some(),
        "{kind} {id} belongs to nobody after its last event"
    );
}

fn verifies(kind: &str, id: &str, events: &[Stored]) {
    let mut verifier = Verifier::default();
    for event in events {
        let chained = ChainedEvent {
            aggregate_type: kind,
            aggregate_id: id,
            sequence: event.sequence.unsigned_abs(),
            event_type: &event.event_type,
            event_version: &event.event_version,
            payload: &event.payload,
            metadata: &event.metadata,
        };
        assert!(
            verifier.accept(&chained, &event.hash),
            "the chain of {kind} {id} breaks at {}",
            event.sequence
        );
    }
}

async fn heads_match(owner: &PgPool, streams: &BTreeMap<(String, String), Vec<Stored>>) {
    let rows = sqlx::query(
        "SELECT aggregate_type, aggregate_id, version, last_hash FROM ledger.stream \
          WHERE version > 0",
    )
    .fetch_all(owner)
    .await
    .expect("the owner reads streams");
    assert_eq!(rows.len(), streams.len(), "as many heads as histories");
    for row in rows {
        let key: (String, String) = (row.get(0), row.get(1));
        let last = streams
            .get(&key)
            .and_then(|events| events.last())
            .unwrap_or_else(|| panic!("{key:?} has a head and no event"));
        assert_eq!(last.sequence, row.get::<i64, _>(2), "{key:?}");
        assert_eq!(last.hash, row.get::<Vec<u8>, _>(3), "{key:?}");
    }
}

async fn feeds_are_dense_and_whole(owner: &PgPool) {
    let holes: Vec<String> = sqlx::query_scalar(
        "SELECT format('%s: %s rows, last %s, head %s', t.tenant_id, count(f.position), \
                       max(f.position), t.head) \
           FROM ledger.tenant t LEFT JOIN ledger.feed f USING (tenant_id) \
          GROUP BY t.tenant_id, t.head \
         HAVING count(f.position) <> t.head OR coalesce(max(f.position), 0) <> t.head",
    )
    .fetch_all(owner)
    .await
    .expect("the owner reads feeds");
    assert!(holes.is_empty(), "feeds with holes: {holes:#?}");
    // Every event is once in the feed of each of its parties, and in no other.
    let amiss: Vec<String> = sqlx::query_scalar(
        "WITH due AS ( \
             SELECT p.tenant AS tenant_id, e.aggregate_type, e.aggregate_id, e.sequence \
               FROM ledger.event e, unnest(e.parties) AS p (tenant) \
         ), fed AS ( \
             SELECT tenant_id, aggregate_type, aggregate_id, sequence FROM ledger.feed \
         ) \
         (SELECT 'missing: ' || due FROM (SELECT * FROM due EXCEPT ALL SELECT * FROM fed) AS due) \
         UNION ALL \
         (SELECT 'extra: ' || fed FROM (SELECT * FROM fed EXCEPT ALL SELECT * FROM due) AS fed)",
    )
    .fetch_all(owner)
    .await
    .expect("the owner reads feeds");
    assert!(amiss.is_empty(), "{amiss:#?}");
}

async fn receipts_point_at_what_was_written(owner: &PgPool) {
    let astray: Vec<String> = sqlx::query_scalar(
        "SELECT format('%s %s', r.tenant_id, r.request_id) \
           FROM ledger.receipt r \
           LEFT JOIN ledger.stream s USING (aggregate_type, aggregate_id) \
           LEFT JOIN ledger.tenant t USING (tenant_id) \
          WHERE s.version IS NULL OR r.version > s.version OR r.position > coalesce(t.head, 0)",
    )
    .fetch_all(owner)
    .await
    .expect("the owner reads receipts");
    assert!(astray.is_empty(), "{astray:#?}");
}

/// Every tenant's view says what a fold of its feed in memory says.
pub(crate) async fn views_are_folds(ledger: &Ledger) {
    let operator = views::projector(ledger).operator();
    for view in operator.views() {
        for tenant in operator.tenants(view).await.expect("its tenants") {
            let checked = operator.check(view, tenant, &|_, _| ()).await;
            let drift = checked.expect("the view is read").drift;
            assert_eq!(drift, None, "{view} of {tenant}");
        }
    }
}

/// The rows and figures of every live view, by view and tenant.
pub(crate) async fn figures(owner: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "SELECT format('%s %s %s %s %s', b.view, f.tenant_id, f.figure, f.part, f.value) \
           FROM ledger.view_figure f JOIN ledger.view_build b USING (build) \
          WHERE b.state = 'live' AND f.value <> 0 \
          UNION ALL \
         SELECT format('%s %s %s %s %s', b.view, f.tenant_id, f.figure, f.part, f.value) \
           FROM ledger.view_part f JOIN ledger.view_build b USING (build) \
          WHERE b.state = 'live' AND f.value <> 0 \
          UNION ALL \
         SELECT format('%s %s %s %s %s', b.view, f.tenant_id, f.figure, f.value, f.parts) \
           FROM ledger.view_spread f JOIN ledger.view_build b USING (build) \
          WHERE b.state = 'live' AND f.parts <> 0 \
          UNION ALL \
         SELECT format('%s %s %s %s', b.view, r.tenant_id, r.stream, r.row) \
           FROM ledger.view_row r JOIN ledger.view_build b USING (build) \
          WHERE b.state = 'live' \
          ORDER BY 1",
    )
    .fetch_all(owner)
    .await
    .expect("the owner reads views")
}
