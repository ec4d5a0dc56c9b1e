//! D.7: the board refers, the trainee resits and passes three months later.

use domain::marks::MarkSheet;
use serde_json::json;

use super::dashboards;
use crate::harness::{
    Service,
    cast::{WEXCOMBE, candidate},
    life::{Campaign, Ids, Trainee, board, examiner, record},
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

    // 1: referred in one module, whose mark the university keeps to itself.
    let marked = |component: &str, mark: u32| json!({"application": c5.application, "component": component, "mark": mark});
    for (component, mark) in [("module_1", 58), ("module_2", 43)] {
        c5.programme("2027-02-26")
            .write("RecordProvisionalMark", marked(component, mark))
            .await;
    }
    let first = c5.comes_before_a_board().await;
    assert_eq!(
        c5.secretary("2027-03-10")
            .refusal("RatifyOutcome", c5.passes(&first))
            .await,
        "MARK_BELOW_PASS"
    );
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
    // Decided, not released: employer and person hear what they heard before the board.
    for asks in [c5.manager(""), c5.candidate("")] {
        let refused = asks.refusal("GetResult", c5.of_application()).await;
        assert_eq!(refused, "RESULT_NOT_RELEASED");
    }
    c5.secretary("2027-03-12")
        .write("ReleaseResult", c5.of_application())
        .await;
    service.cast.settle().await;
    for asks in [c5.manager(""), c5.candidate("")] {
        let told = asks.get("GetResult", c5.of_application()).await;
        assert_eq!(told["state"], "QUALIFICATION_STATE_NOT_YET_COMPLETE");
        assert_eq!(told["next_board"], "2027-06-16");
    }

    // The employer learns that it is not yet complete, and when; no mark, no module.
    let seen = c5
        .manager("")
        .get("GetQualification", json!({"name": c5.qualification()}))
        .await;
    assert_eq!(seen["qualification"]["next_board"], "2027-06-16");
    assert_eq!(seen["qualification"]["awarded"], "");
    assert_eq!(seen["qualification"]["leaving_code"], "98");
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

    // 3: a board of fewer suffices for a resit, which counts no more than the pass mark.
    c5.programme("2027-05-20")
        .write("RecordProvisionalMark", marked("module_2", 71))
        .await;
    let sheet = json!({"name": record::<MarkSheet>(WEXCOMBE, &c5.application)});
    let before = c5.secretary("").get("GetMarkSheet", sheet.clone()).await;
    let resit = before["mark_sheet"]["marks"][2].clone();
    assert_eq!((&resit["mark"], &resit["counts"]), (&json!(71), &json!(50)));
    assert_eq!(resit["ratified"], false);
    assert_eq!(
        c5.manager("").refusal("GetMarkSheet", sheet.clone()).await,
        "NOT_PERMITTED"
    );
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
    assert_eq!(award["qualification"]["leaving_code"], "01");
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
        [
            "ResultReleased",
            "ResultReleased",
            "QualificationAwarded",
            "RegisteredPracticeNoted",
        ]
    );
    assert_eq!(
        service
            .recorded(&record::<MarkSheet>(WEXCOMBE, &c5.application))
            .await,
        [
            "ProvisionalMarkRecorded",
            "ProvisionalMarkRecorded",
            "MarksRatified",
            "ProvisionalMarkRecorded",
            "MarksRatified",
        ]
    );
    let passed = [
        ("employer", "qualified", 1),
        ("employer", "results_pending", 0),
        ("university", "passed_after_resit", 1),
        ("university", "passed_first_time", 0),
        ("university", "passed", 1),
        ("university", "chairs_actions_unreported", 0),
        ("commissioner", "locks_fixed", 1),
        ("commissioner", "commitments_discharged", 1),
    ];
    dashboards::show(&service.cast, &passed).await;
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}

/// The same, decided by the chair a fortnight before the next board, which is then told of it.
#[tokio::test(flavor = "multi_thread")]
async fn d_7_the_chair_passes_between_boards_and_the_next_board_is_told() {
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
    c5.practises().await;
    let first = c5.comes_before_a_board().await;
    c5.secretary("2027-03-10")
        .write(
            "RatifyOutcome",
            json!({
                "sitting": first,
                "application": c5.application,
                "outcome": "refer",
                "further_work": {
                    "components": ["module_1", "module_2"],
                    "due": "2027-05-14",
                    "next_board": "2027-06-16",
                },
            }),
        )
        .await;
    let mut acts = board("chairs_action", 0, 0);
    acts["report_to"] = json!("2027-06-16");
    acts["reason"] = json!("further_work_completed");
    assert_eq!(
        c5.secretary("2027-06-02")
            .refusal("HoldBoard", acts.clone())
            .await,
        "BOARD_NOT_QUORATE",
        "without an external examiner's word"
    );
    acts["external_consulted"] = json!(examiner(20));
    let action = c5.secretary("2027-06-02").write("HoldBoard", acts).await;
    c5.secretary("2027-06-02")
        .write("RatifyOutcome", c5.passes(&action))
        .await;
    c5.secretary("2027-06-04")
        .write("ReleaseResult", c5.of_application())
        .await;
    service.cast.settle().await;
    let lock = c5
        .candidate("")
        .get("GetFundingLock", json!({"person": c5.person_name()}))
        .await;
    assert_eq!(lock["funding_lock"]["locks"][0]["until"], "2029-06-02");
    let open = [
        ("university", "chairs_actions_unreported", 1),
        ("university", "passed_after_resit", 1),
    ];
    dashboards::show(&service.cast, &open).await;
    let next = c5
        .secretary("2027-06-16")
        .write("HoldBoard", board("reassessment", 1, 0))
        .await;
    let standing = c5
        .secretary("2027-06-16")
        .write(
            "ReportChairsAction",
            json!({"action": action, "sitting": next}),
        )
        .await;
    let reported = [("university", "chairs_actions_unreported", 0)];
    dashboards::show(&service.cast, &reported).await;
    assert_eq!(
        service.recorded(&standing).await,
        [
            "BoardConstituted",
            "ChairsActionTaken",
            "ChairsActionReported"
        ]
    );
    service.stop().await;
}
