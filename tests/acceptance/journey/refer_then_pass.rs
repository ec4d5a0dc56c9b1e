//! D.7: the board refers, the trainee resits and passes three months later.

use serde_json::json;

use super::dashboards;
use crate::harness::{
    Service,
    cast::candidate,
    life::{Campaign, Ids, Trainee, board},
};

const C5: Ids<'_> = Ids {
    sid: "26100990010000055",
    uln: "",
    assignment: "20000005-1",
};

#[tokio::test(flavor = "multi_thread")]
async fn d_7_referred_then_passed_moves_every_date_that_follows() {
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let vacancy = &campaign.vacancy;
    let c5 = Trainee::applies(
        &service.cast,
        vacancy,
        candidate(5),
        "2025-11-21",
        json!({}),
    )
    .await;
    c5.is_shortlisted().await;
    c5.is_interviewed().await;
    c5.is_appointed().await;
    c5.accepts().await;
    c5.is_cleared().await;
    c5.is_funded().await;
    c5.starts(&campaign, &C5, 7).await;
    c5.is_paid_for().await;
    c5.practises().await;

    // 1: referred in one module.
    let first = c5.comes_before_a_board().await;
    c5.secretary("2027-03-10")
        .write(
            "RatifyOutcome",
            json!({
                "sitting": first,
                "application": c5.application,
                "outcome": "refer",
                "further_work": {
                    "module": "module_2",
                    "due": "2027-05-14",
                    "next_board": "2027-06-16",
                },
            }),
        )
        .await;
    c5.secretary("2027-03-12")
        .write("ReleaseResult", c5.of_application())
        .await;
    service.cast.settle().await;

    // The employer learns that it is not yet complete, and when; no mark, no module.
    let seen = c5
        .manager("")
        .get("GetQualification", json!({"name": c5.qualification()}))
        .await;
    assert_eq!(seen["qualification"]["next_board"], "2027-06-16");
    assert_eq!(seen["qualification"]["awarded"], "");
    assert!(!seen.to_string().contains("module_2"), "{seen}");
    assert_eq!(
        c5.manager("2027-04-05")
            .refusal("EvidenceQualifiedPost", c5.qualified_post(&campaign))
            .await,
        "NOT_QUALIFIED"
    );

    let referred = [
        ("employer", "qualified", 0),
        ("employer", "results_pending", 1),
        ("university", "referred", 1),
    ];
    dashboards::show(&service.cast, &referred).await;

    // 2: trained on at the employer's cost.
    c5.manager("2027-03-15")
        .write(
            "ExtendTraining",
            json!({"training": c5.training(), "until": "2027-06-30"}),
        )
        .await;

    // 3: a board of fewer suffices for a resit.
    let resit = c5
        .secretary("2027-06-16")
        .write("HoldBoard", board("reassessment", 1, 0))
        .await;
    c5.secretary("2027-06-16")
        .write("RatifyOutcome", c5.passes(&resit))
        .await;
    c5.secretary("2027-06-18")
        .write("ReleaseResult", c5.of_application())
        .await;
    service.cast.settle().await;

    // 4: the award is dated by the board, and the lock by the award.
    let award = c5
        .programme("")
        .get("GetQualification", json!({"name": c5.qualification()}))
        .await;
    assert_eq!(award["qualification"]["awarded"], "2027-06-16");
    let lock = c5
        .admissions("2027-07-01")
        .get(
            "CheckFundingLock",
            json!({
                "person": c5.person_name(),
                "teaching_start": "2028-09-25",
            }),
        )
        .await;
    assert_eq!(lock["lock_until"], "2029-06-16");

    // 5: band 5 from July.
    c5.manager("2027-07-01")
        .write("EvidenceQualifiedPost", c5.qualified_post(&campaign))
        .await;
    service.cast.settle().await;
    assert_eq!(
        service.recorded(&c5.qualification()).await,
        ["ResultReleased", "ResultReleased", "QualificationAwarded"]
    );
    let passed = [
        ("employer", "qualified", 1),
        ("employer", "results_pending", 0),
        ("university", "passed_after_resit", 1),
        ("university", "passed_first_time", 0),
    ];
    dashboards::show(&service.cast, &passed).await;
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}
