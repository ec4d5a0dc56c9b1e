//! More is asked than can be done: the service says so to whoever asks for more than its share,
//! serves everybody else, and is itself again once the load goes.

use domain::actor::{ActingRole::EmployerHr, TenantId};
use serde_json::json;
use sqlx::{Postgres, Transaction};
use tokio::{sync::mpsc, task::JoinSet};
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::harness::{
    Caller, Refused, Service,
    caller::Reply,
    cast::{NORTHMOOR, SEVERNVALE},
    soundness,
};

/// Calls that are sent at once before anybody looks at the answers.
const VOLLEY: usize = 250;

async fn opens(caller: Caller) -> Result<Reply, Refused> {
    let service = json!({
        "display_name": "Community team",
        "setting": "adult_community",
        "population": "severe_mental_illness",
    });
    caller.call("OpenClinicalService", service).await
}

/// Lets nothing be written, and everything be read, until it is rolled back.
async fn stall(service: &Service) -> Transaction<'static, Postgres> {
    let mut stall = service.owner.begin().await.expect("a transaction");
    sqlx::query("LOCK TABLE ledger.receipt IN EXCLUSIVE MODE")
        .execute(&mut *stall)
        .await
        .expect("the owner locks");
    stall
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_turned_away_and_nobody_else_is() {
    let service = Service::start().await;
    let hr = |tenant: TenantId| service.cast.of(tenant, EmployerHr).on("2025-09-01");
    let stall = stall(&service).await;

    let (heard, mut answers) = mpsc::unbounded_channel();
    let mut flood = JoinSet::new();
    let turned_away = loop {
        for _ in 0..VOLLEY {
            let (caller, heard) = (hr(NORTHMOOR), heard.clone());
            flood.spawn(async move {
                let answer = opens(caller).await;
                let refused = answer.as_ref().err().cloned();
                if let Some(refused) = refused {
                    heard.send(refused).expect("the test listens");
                }
                answer
            });
        }
        tokio::task::yield_now().await;
        if let Ok(refused) = answers.try_recv() {
            break refused;
        }
    };
    assert_eq!(turned_away.code, Code::ResourceExhausted);
    assert_eq!(turned_away.reason, "OVERLOADED");
    assert_eq!(turned_away.infos, 1);
    let retry = turned_away.status.get_details_retry_info();
    let delay = retry.and_then(|retry| retry.retry_delay);
    assert!(delay.is_some_and(|delay| !delay.is_zero()));

    // Nothing can be written yet, but the other tenant's call is in, and reads are.
    let calm = tokio::spawn(opens(hr(SEVERNVALE)));
    for tenant in [SEVERNVALE, NORTHMOOR] {
        let name = json!({"name": tenant.to_string()});
        hr(tenant).get("GetTenant", name).await;
    }

    stall.rollback().await.expect("the lock is given back");
    calm.await
        .expect("no panic")
        .expect("whoever asks for little is never turned away");
    let (mut written, mut refused) = (0, 0);
    while let Some(answer) = flood.join_next().await {
        match answer.expect("no panic") {
            Ok(_) => written += 1,
            Err(other) => {
                assert_eq!(other.reason, "OVERLOADED", "{other:?}");
                assert_eq!(other.status.message(), turned_away.status.message());
                refused += 1;
            }
        }
    }
    assert!(written > 0 && refused > 0);

    // The load is gone: there is room for everybody at once.
    for answer in futures::future::join_all(
        (0..16).flat_map(|_| [NORTHMOOR, SEVERNVALE].map(|tenant| opens(hr(tenant)))),
    )
    .await
    {
        answer.expect("served again");
    }
    let stored: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM ledger.event WHERE event_type = 'ClinicalServiceOpened'",
    )
    .fetch_one(&service.owner)
    .await
    .expect("a count");
    assert_eq!(
        stored,
        written + 1 + 32,
        "what was turned away left nothing"
    );
    soundness::check(&service.owner).await;
    service.stop().await;
}

/// A call that its caller gives up, gives its place back.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_holds_nobody_up() {
    let service = Service::start().await;
    let hr = |tenant: TenantId| service.cast.of(tenant, EmployerHr).on("2025-09-01");
    for _ in 0..8 {
        let stall = stall(&service).await;
        let mut flood = JoinSet::new();
        for _ in 0..VOLLEY {
            flood.spawn(opens(hr(NORTHMOOR)));
        }
        // Some wait by now, some are being written, some are still on their way.
        hr(NORTHMOOR)
            .get("GetTenant", json!({"name": NORTHMOOR.to_string()}))
            .await;
        flood.shutdown().await;
        stall.rollback().await.expect("the lock is given back");
    }
    for tenant in [NORTHMOOR, SEVERNVALE] {
        opens(hr(tenant)).await.expect("there is room");
    }
    soundness::check(&service.owner).await;
    service.stop().await;
}
