//! D.15: the same command twice.

use serde_json::json;

use crate::harness::{
    Service,
    cast::{NORTHMOOR, candidate},
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
