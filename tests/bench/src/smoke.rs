//! That everything here still works, on a little of everything: what is filled and what is written
//! is sound. Nothing here is about time.

use audit::chain::{ChainedEvent, Verifier};
use domain::{personal::Personal, visibility::DataClass};
use ledger::Ledger;
use pg_launcher::{Cluster, Options};
use serde_json::Value;
use sqlx::PgConnection;

use crate::{
    Bench, cluster::Database, contender::trellis::reader, population::Population, scale::Scale,
    work,
};

fn cluster() -> Cluster {
    Cluster::start(Options::default()).expect("a server")
}

async fn number(owner: &mut PgConnection, query: &str) -> i64 {
    sqlx::query_scalar(query)
        .fetch_one(owner)
        .await
        .expect("a number")
}

/// Every chain verifies, every feed is dense up to its head, every event is in the feed of each of
/// its parties, and every stream's head is its last event.
async fn assert_sound(database: &Database) {
    let mut owner = database.owner().await.expect("the owner");
    type Stored = (String, String, i64, String, String, String, String, Vec<u8>);
    let events: Vec<Stored> = sqlx::query_as(
        "SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload::text,
                metadata::text, hash
           FROM ledger.event ORDER BY aggregate_type, aggregate_id, sequence",
    )
    .fetch_all(&mut owner)
    .await
    .expect("events");
    let mut verifier = Verifier::default();
    for (kind, id, sequence, event_type, event_version, payload, metadata, hash) in &events {
        if *sequence == 1 {
            verifier = Verifier::default();
        }
        let event = ChainedEvent {
            aggregate_type: kind,
            aggregate_id: id,
            sequence: sequence.unsigned_abs(),
            event_type,
            event_version,
            payload,
            metadata,
        };
        assert!(verifier.accept(&event, hash), "{kind} {id} {sequence}");
    }
    for wrong in [
        "SELECT count(*) FROM ledger.tenant t WHERE t.head <> (SELECT count(*) FROM ledger.feed f
          WHERE f.tenant_id = t.tenant_id AND f.position BETWEEN 1 AND t.head)",
        "SELECT count(*) FROM ledger.event e CROSS JOIN LATERAL unnest(e.parties) AS p (tenant)
          WHERE NOT EXISTS (SELECT FROM ledger.feed f WHERE f.tenant_id = p.tenant
            AND f.aggregate_type = e.aggregate_type AND f.aggregate_id = e.aggregate_id
            AND f.sequence = e.sequence)",
        "SELECT count(*) FROM ledger.stream s LEFT JOIN LATERAL (
            SELECT e.sequence, e.hash FROM ledger.event e
             WHERE e.aggregate_type = s.aggregate_type AND e.aggregate_id = s.aggregate_id
             ORDER BY e.sequence DESC LIMIT 1) AS last ON true
          WHERE s.version > 0 AND (s.version IS DISTINCT FROM last.sequence OR s.last_hash <> last.hash)",
        "SELECT count(*) FROM ledger.receipt r WHERE r.position > 0 AND NOT EXISTS (
            SELECT FROM ledger.feed f WHERE f.tenant_id = r.tenant_id AND f.position = r.position)",
    ] {
        assert_eq!(number(&mut owner, wrong).await, 0, "{wrong}");
    }
}

/// Opens every sealed copy of the submitted applications through the ledger; how many.
async fn opened(database: &Database, ledger: &Ledger) -> usize {
    let mut owner = database.owner().await.expect("the owner");
    let applications: Vec<String> = sqlx::query_scalar(
        "SELECT payload::text FROM ledger.event WHERE event_type = 'ApplicationSubmitted'",
    )
    .fetch_all(&mut owner)
    .await
    .expect("applications");
    let mut opened = 0;
    for application in applications {
        let payload: Value = serde_json::from_str(&application).expect("JSON");
        let fields = payload.pointer("/ApplicationSubmitted/applicant");
        for value in fields.and_then(Value::as_object).expect("fields").values() {
            let Some(value) = Some(value).filter(|value| !value.is_null()) else {
                continue;
            };
            let value: Personal<Value> = serde_json::from_value(value.clone()).expect("sealed");
            let Personal::Sealed { copies, .. } = &value else {
                panic!("not sealed: {application}");
            };
            for copy in copies {
                let permit = reader(copy.controller).expect("a permit");
                let clear = ledger
                    .open_personal(&permit, DataClass::Identity, &value)
                    .await;
                assert!(clear.expect("it opens").is_some(), "{application}");
                opened += 1;
            }
        }
    }
    opened
}

/// The demonstration's play is deeper than a test's thread when it is not optimised.
fn on_a_deep_stack<F: Future<Output = ()>>(test: impl FnOnce() -> F + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(64 << 20);
    let run = move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(test());
    };
    if let Err(panic) = thread.spawn(run).expect("a thread").join() {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn every_work_runs_and_leaves_the_ledger_sound() {
    on_a_deep_stack(every_work);
}

async fn every_work() {
    let mut bench = Bench::new(cluster(), Scale::Smoke);
    for work in work::ALL {
        if let Err(fault) = (work.run)(&mut bench).await {
            panic!("{}: {fault}", work.name);
        }
        let slices = bench.slices.iter().filter(|slice| slice.work == work.name);
        for slice in slices.clone() {
            assert!(slice.operations > 0, "{slice:?}");
            assert_eq!(slice.errors, 0, "{slice:?}");
        }
        assert!(slices.count() > 0, "{} measured nothing", work.name);
    }
    assert!(bench.failures.is_empty(), "{:?}", bench.failures);
    for name in [
        "w1_trellis",
        "w2_trellis",
        "v1_commands",
        "population",
        "growth",
    ] {
        let database = Database::existing(&bench.cluster, name);
        assert_sound(&database).await;
    }
    // Where events go alone, the ledger's own tables stay as they were filled.
    let alone = Database::existing(&bench.cluster, "e1_event_rows");
    assert_sound(&alone).await;
    let mut owner = alone.owner().await.expect("the owner");
    assert!(number(&mut owner, "SELECT count(*) FROM ledger.event_alone").await > 0);
    let both = "SELECT count(*) FROM ledger.event JOIN ledger.event_alone
                 USING (aggregate_id, aggregate_type, sequence)";
    assert_eq!(number(&mut owner, both).await, 0);
    let population = bench.population().await.expect("the population");
    let ledger = population.open().await.expect("the ledger opens");
    assert!(opened(&population.database, &ledger).await > 0);
    let mut owner = population.database.owner().await.expect("the owner");
    for none in ["view_parked", "reaction_parked"] {
        let query = format!("SELECT count(*) FROM ledger.{none}");
        assert_eq!(number(&mut owner, &query).await, 0, "{none}");
    }
    for some in [
        "SELECT count(*) FROM ledger.view_row",
        "SELECT count(*) FROM ledger.view_figure WHERE figure = 'employed'",
    ] {
        assert!(number(&mut owner, some).await > 0, "{some}");
    }
    organisations_last(&mut bench).await;
    // A diary's command is one event, and each has its receipt.
    let diaries = Database::existing(&bench.cluster, "w1_trellis");
    let mut owner = diaries.owner().await.expect("the owner");
    let events = number(&mut owner, "SELECT count(*) FROM ledger.event").await;
    let receipts = number(&mut owner, "SELECT count(*) FROM ledger.receipt").await;
    assert_eq!(events, receipts);
    let counted = bench.slices.iter().filter(|slice| {
        slice.work == work::ALL[0].name && slice.contender == crate::contender::trellis::NAME
    });
    assert!(counted.map(|slice| slice.operations).sum::<u64>() <= events.unsigned_abs());
}

/// At a second size there are more people in the same organisations, and all of it is sound.
async fn organisations_last(bench: &mut Bench) {
    const NAME: &str = "lasting";
    let template = bench.template().await.expect("the template");
    let mut population = Population::lasting(&bench.cluster, &template, NAME)
        .await
        .expect("a population");
    let mut owner = population.database.owner().await.expect("the owner");
    let mut sizes = vec![];
    for events in [6_000, 16_000] {
        population.fill_to(events).await.expect("it fills");
        let organisations = population.organisations().await.expect("a number");
        let query = "SELECT count(*) FROM ledger.event WHERE event_type = 'TrainingStarted'";
        let trainees = number(&mut owner, query).await;
        assert_eq!(trainees.unsigned_abs(), population.filler.trainees());
        let query = "SELECT count(*) FROM ledger.event WHERE event_type = 'PlaceFilled'";
        sizes.push((trainees, organisations, number(&mut owner, query).await));
    }
    let [(first, organisations, filled), (second, still, places)] = sizes[..] else {
        panic!("{sizes:?}");
    };
    assert!(organisations > 0 && filled > 0, "{sizes:?}");
    assert_eq!((organisations, filled), (still, places));
    assert!(second >= 2 * first, "{sizes:?}");
    assert_sound(&population.database).await;
    let ledger = population.open().await.expect("the ledger opens");
    assert!(opened(&population.database, &ledger).await > 0);
    views::projector(&ledger).catch_up().await.expect("views");
    let parked = "SELECT count(*) FROM ledger.view_parked";
    assert_eq!(number(&mut owner, parked).await, 0);
    // Nobody of the demonstration leaves.
    let employed =
        "SELECT sum(value)::bigint FROM ledger.view_figure WHERE figure = 'employed' AND part = ''";
    assert_eq!(number(&mut owner, employed).await, second);
}
