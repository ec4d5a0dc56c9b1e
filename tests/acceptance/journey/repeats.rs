//! D.15: the same command twice.

use domain::actor::ActingRole::{AdmissionsTutor, EmployerHr};
use serde_json::json;

use crate::harness::{
    Service,
    cast::{NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Trainee},
};

#[tokio::test(flavor = "multi_thread")]
async fn d_15_a_request_is_answered_once_and_for_all() {
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(
        &service.cast,
        vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    let hr = c1.hr("2025-12-12");
    let r1 = service.cast.api.next_request_id();
    let mut accept = c1.employers(1, "accept", &[]);
    accept["request_id"] = json!(r1);

    // 1: the reply got lost, the request comes again.
    let first = hr
        .call("SealDecision", accept.clone())
        .await
        .expect("sealed");
    let again = hr
        .call("SealDecision", accept.clone())
        .await
        .expect("repeated");
    assert_eq!(first.bytes, again.bytes);
    let sealed = ["ShortlistSealed", "DecisionSealed"];
    assert_eq!(service.recorded(&c1.seal(NORTHMOOR)).await, sealed);

    // 2: the same id for something else.
    let mut reject = c1.employers(1, "reject", &[]);
    reject["request_id"] = json!(r1);
    let reused = hr
        .call("SealDecision", reject)
        .await
        .expect_err("another request");
    assert_eq!(reused.reason, "REQUEST_ID_REUSED");
    assert_eq!(reused.fields, ["request_id"]);

    // 3: the same fact from another system, and another fact.
    let same = hr
        .call("SealDecision", c1.employers(1, "accept", &[]))
        .await
        .expect("known already");
    assert_eq!(same.json["receipt"]["name"], first.json["receipt"]["name"]);
    assert_eq!(
        same.json["receipt"]["version"],
        first.json["receipt"]["version"]
    );
    assert_eq!(
        hr.refusal("SealDecision", c1.employers(1, "reject", &[]))
            .await,
        "DECISION_ALREADY_RECORDED"
    );
    assert_eq!(service.recorded(&c1.seal(NORTHMOOR)).await, sealed);

    // 7: after the reveal it is still the first answer, and tells nothing of it.
    c1.admissions("2025-12-15")
        .write("SealDecision", c1.universitys(1, "accept", &[]))
        .await;
    let after = hr.call("SealDecision", accept).await.expect("repeated");
    assert_eq!(first.bytes, after.bytes);

    // And the receipt can be asked for.
    let operation = hr.get("GetOperation", json!({"request_id": r1})).await;
    assert_eq!(operation["state"], "OPERATION_STATE_COMMITTED");
    assert_eq!(operation["receipt"], first.json["receipt"]);
    let unknown = service.cast.api.next_request_id();
    let operation = hr.get("GetOperation", json!({"request_id": unknown})).await;
    assert_eq!(operation["state"], "OPERATION_STATE_UNKNOWN");

    // Nobody else's.
    let foreign = c1
        .admissions("")
        .get("GetOperation", json!({"request_id": r1}))
        .await;
    assert_eq!(foreign["state"], "OPERATION_STATE_UNKNOWN");
    service.stop().await;
}

/// Part 5: a day's file comes again, line by line and from another system: nothing new is written,
/// and each answer says so by giving the caller's feed no position.
#[tokio::test(flavor = "multi_thread")]
async fn d_15_a_whole_day_replayed_writes_nothing_and_counts_its_duplicates() {
    const APPLICANTS: u128 = 15;
    const LINES: usize = 20;
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let mut lines = vec![];
    for number in 1..=APPLICANTS {
        let person = candidate(number);
        let vacancy = &campaign.vacancy;
        let one = Trainee::applies(&service.cast, vacancy, person, "2025-11-21", json!({})).await;
        lines.extend((0..LINES).map(|line| {
            json!({
                "application": one.application,
                "kind": "prior_study",
                "detail": format!("Certificate {number}/{line}"),
            })
        }));
    }
    assert_eq!(lines.len(), 300);
    let tutor = service.cast.of(WEXCOMBE, AdmissionsTutor).on("2025-11-25");
    let import = async || {
        let mut duplicates = 0;
        for line in &lines {
            let reply = tutor.call("AddStudyEvidence", line.clone()).await;
            let receipt = reply.expect("every line is taken").json["receipt"].clone();
            duplicates += usize::from(receipt["position"] == 0);
        }
        duplicates
    };
    assert_eq!(import().await, 0, "the first time everything is new");
    service.cast.settle().await;
    let events = count(&service).await;
    let dashboard = tutor.get("GetDashboard", json!({})).await;
    assert_eq!(import().await, 300, "300 duplicates");
    assert_eq!(count(&service).await, events, "0 new events");
    service.cast.settle().await;
    let after = tutor.get("GetDashboard", json!({})).await;
    assert_eq!(
        after["dashboard"]["figures"], dashboard["dashboard"]["figures"],
        "dashboards stay"
    );
    service.stop().await;
}

async fn count(service: &Service) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM ledger.event")
        .fetch_one(&service.owner)
        .await
        .expect("a count")
}

/// Parts 4 and 6: the same decision reaches two nodes in the same moment, under the ids of two
/// systems: one event, and both hear of the same one. What a node answered, its neighbour answers
/// too.
#[tokio::test(flavor = "multi_thread")]
async fn d_15_two_nodes_that_hear_one_decision_at_once_write_it_once() {
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(
        &service.cast,
        vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    let (neighbour, running) = service.second_node().await;
    let beside = neighbour.of(NORTHMOOR, EmployerHr).on("2025-12-12");
    let under = |id: &str| {
        let mut accept = c1.employers(1, "accept", &[]);
        accept["request_id"] = json!(id);
        accept
    };
    let (r1, r2) = (
        "0d150000-0000-4000-8000-000000000001",
        "0d150000-0000-4000-8000-000000000002",
    );
    let here = c1.hr("2025-12-12");
    let (first, second) = tokio::join!(
        here.call("SealDecision", under(r1)),
        beside.call("SealDecision", under(r2)),
    );
    let (first, second) = (first.expect("taken"), second.expect("taken"));
    let receipt = |reply: &crate::harness::caller::Reply| {
        let receipt = &reply.json["receipt"];
        (receipt["name"].clone(), receipt["version"].clone())
    };
    assert_eq!(receipt(&first), receipt(&second));
    let sealed = ["ShortlistSealed", "DecisionSealed"];
    assert_eq!(service.recorded(&c1.seal(NORTHMOOR)).await, sealed);
    let again = beside.call("SealDecision", under(r1)).await;
    assert_eq!(again.expect("repeated elsewhere").bytes, first.bytes);
    running.stop().await;
    service.stop().await;
}
