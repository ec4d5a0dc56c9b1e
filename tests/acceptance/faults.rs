//! The service and the database are killed in the middle of work: what was acknowledged stands,
//! once, and nothing else does.

use std::{collections::BTreeMap, sync::Arc};

use domain::actor::{ActingRole::Candidate, TenantId};
use futures::future::join_all;
use pg_launcher::{Cluster, Options};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Mutex, Notify};
use uuid::Uuid;

use crate::harness::{
    Cast, Service,
    cast::{self, candidate},
    database::Database,
    life::{Campaign, application},
    process::{Rig, signal},
    service, soundness,
};

const QUIET: &str = "warn,trellis=info,h2=off,hyper=off";

/// Requests of one load.
const REQUESTS: u128 = 120;
/// How many are acknowledged before the blow falls.
const BEFORE: usize = 40;

/// What a load has heard so far: request id → the reply's bytes.
type Acknowledged = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// One application of one candidate, under a request id that follows from the number.
fn request(vacancy: &str, number: u128) -> (TenantId, Value) {
    let id = Uuid::from_u128(0xfa11_7000_0000_4000_8000_0000_0000_0000 + number);
    let mut message = application(vacancy, json!({}));
    message["request_id"] = json!(id.to_string());
    (candidate(0x1_0000 + number), message)
}

/// Sends the load until somebody cuts it off; tells when enough has been acknowledged.
async fn load(cast: &Cast, vacancy: &str, acknowledged: &Acknowledged, enough: &Arc<Notify>) {
    join_all((0..REQUESTS).map(|number| {
        let (person, message) = request(vacancy, number);
        let caller = cast.of(person, Candidate).on("2025-11-21");
        let (acknowledged, enough) = (Arc::clone(acknowledged), Arc::clone(enough));
        tokio::spawn(async move {
            let id = message["request_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            // A failed call is what the blow is for.
            if let Ok(reply) = caller.call("SubmitApplication", message).await {
                let mut acknowledged = acknowledged.lock().await;
                acknowledged.insert(id, reply.bytes.to_vec());
                if acknowledged.len() >= BEFORE {
                    enough.notify_one();
                }
            }
        })
    }))
    .await;
}

/// Every acknowledged command is there once, with its first answer; sending everything again
/// completes what was cut off and doubles nothing.
async fn nothing_is_lost_or_doubled(cast: &Cast, vacancy: &str, acknowledged: &Acknowledged) {
    let acknowledged = acknowledged.lock().await.clone();
    assert!(acknowledged.len() >= BEFORE);
    for number in 0..REQUESTS {
        let (person, message) = request(vacancy, number);
        let caller = cast.of(person, Candidate).on("2025-11-21");
        let id = message["request_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if let Some(bytes) = acknowledged.get(&id) {
            let operation = caller.get("GetOperation", json!({"request_id": id})).await;
            assert_eq!(operation["state"], "OPERATION_STATE_COMMITTED", "{id}");
            let again = caller
                .call("SubmitApplication", message)
                .await
                .expect("acknowledged once, acknowledged for good");
            assert_eq!(&again.bytes.to_vec(), bytes, "{id}");
        } else {
            caller.write("SubmitApplication", message).await;
        }
    }
}

async fn stands(database: &Database, cast: &Cast) {
    let owner = database.owner().await;
    let submitted: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM ledger.event WHERE event_type = 'ApplicationSubmitted'",
    )
    .fetch_one(&owner)
    .await
    .expect("a count");
    assert_eq!(submitted, i64::try_from(REQUESTS).expect("few"));
    cast.settle().await;
    soundness::check(&owner).await;
    soundness::views_are_folds(&cast.ledger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_killed_in_mid_load_loses_and_doubles_nothing() {
    let mut rig = Rig::start(QUIET, None).await;
    let campaign = Campaign::opens(&rig.cast).await;
    let acknowledged = Acknowledged::default();
    let enough = Arc::new(Notify::new());
    let (cast, vacancy) = (rig.cast.clone(), campaign.vacancy.clone());
    let (seen, told) = (Arc::clone(&acknowledged), Arc::clone(&enough));
    let loading = tokio::spawn(async move { load(&cast, &vacancy, &seen, &told).await });
    enough.notified().await;
    rig.process.kill().await;
    loading.await.expect("the load ends");

    rig.start_again(rig.database.clone(), QUIET).await;
    nothing_is_lost_or_doubled(&rig.cast, &campaign.vacancy, &acknowledged).await;
    stands(&rig.database, &rig.cast).await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_killed_in_mid_load_loses_and_doubles_nothing() {
    let folder = TempDir::new().expect("a folder");
    let dir = folder.path().join("postgres");
    let start = async || {
        let dir = dir.clone();
        let options = Options {
            durable: true,
            dir: Some(dir),
            ..Options::default()
        };
        tokio::task::spawn_blocking(move || Cluster::start(options))
            .await
            .expect("the launcher does not panic")
            .expect("PostgreSQL starts")
    };
    let cluster = start().await;
    ledger::create_database(&cluster.url("postgres", "postgres"), "trellis")
        .await
        .expect("a database");
    ledger::migrate(&cluster.url("postgres", "trellis"))
        .await
        .expect("the migrations run");
    let keys = TempDir::new().expect("a folder for keys");
    let database = Database::on(&cluster, "trellis");
    cast::prepare(&service::open(&database, keys.path()).await).await;
    let mut rig = Rig::start_on(database, QUIET, None).await;
    let campaign = Campaign::opens(&rig.cast).await;

    let acknowledged = Acknowledged::default();
    let enough = Arc::new(Notify::new());
    let (cast, vacancy) = (rig.cast.clone(), campaign.vacancy.clone());
    let (seen, told) = (Arc::clone(&acknowledged), Arc::clone(&enough));
    let loading = tokio::spawn(async move { load(&cast, &vacancy, &seen, &told).await });
    enough.notified().await;
    signal("-KILL", &cluster.pid().to_string()).await;
    rig.process.kill().await;
    loading.await.expect("the load ends");
    drop(cluster);

    let cluster = start().await;
    let database = Database::on(&cluster, "trellis");
    rig.start_again(database, QUIET).await;
    nothing_is_lost_or_doubled(&rig.cast, &campaign.vacancy, &acknowledged).await;
    stands(&rig.database, &rig.cast).await;
    rig.stop().await;
    cluster.stop();
}

/// Views that are thrown away and made again from the first event say the same.
#[tokio::test(flavor = "multi_thread")]
async fn views_made_again_from_nothing_say_the_same() {
    let service = Service::start().await;
    crate::harness::tour::whole(&service.cast).await;
    service.cast.settle().await;
    let before = soundness::figures(&service.owner).await;
    assert!(!before.is_empty());
    let operator = views::projector(&service.cast.ledger).operator();
    for view in operator.views() {
        operator.rebuild(view).await.expect("a new build");
    }
    service.cast.settle().await;
    assert_eq!(before, soundness::figures(&service.owner).await);
    soundness::views_are_folds(&service.cast.ledger).await;
    service.stop().await;
}
