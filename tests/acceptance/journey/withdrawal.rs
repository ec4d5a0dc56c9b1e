//! D.9 without its money: a trainee withdraws, and the university learns a class of reason.

use serde_json::json;

use super::dashboards;
use crate::harness::{
    Service,
    life::{Campaign, Trainee},
};

#[tokio::test(flavor = "multi_thread")]
async fn d_9_and_alloc_02_a_withdrawal_shrinks_the_cluster_and_keeps_its_reason_to_itself() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let mut cluster = vec![];
    for number in 1..=5 {
        cluster.push(Trainee::in_training(cast, &campaign, number).await);
    }
    let c7 = &cluster[4];
    let training = c7.training();

    // 1: the trainee asks, and the employment ends on the same day.
    c7.candidate("2026-08-12")
        .write(
            "ProposeWithdrawal",
            json!({"training": training, "reason": "personal"}),
        )
        .await;
    c7.hr("2026-08-12")
        .write("EndEmployment", json!({"employment": c7.employment()}))
        .await;
    cast.settle().await;
    dashboards::show(
        cast,
        &[
            ("employer", "withdrawals_proposed", 1),
            ("university", "withdrawals_proposed", 1),
            ("commissioner", "withdrawals_confirmed", 0),
        ],
    )
    .await;
    let refused = c7
        .manager("2026-08-17")
        .refusal("ConfirmWithdrawal", c7.of_training())
        .await;
    assert_eq!(refused, "NOT_PERMITTED");
    c7.programme("2026-08-17")
        .write("ConfirmWithdrawal", c7.of_training())
        .await;
    cast.settle().await;

    let told = service.recorded(&training).await;
    assert_eq!(
        told[told.len() - 3..],
        [
            "WithdrawalProposed",
            "EmploymentEndNoted",
            "TrainingWithdrawn"
        ]
    );
    let kept = service.recorded(&c7.withdrawal()).await;
    assert_eq!(
        kept[kept.len() - 2..],
        ["WithdrawalReasonGiven", "WithdrawalConfirmed"]
    );

    // The employer sees that the training ended, and nothing of why.
    let course = c7
        .manager("")
        .get("GetTrainingCourse", json!({"name": training}))
        .await;
    assert_eq!(course["course"]["state"], "TRAINING_STATE_WITHDRAWN");
    assert_eq!(course["course"]["ends"], "2026-08-12");
    let refused = c7
        .hr("")
        .refusal("GetWithdrawal", json!({"name": c7.withdrawal()}))
        .await;
    assert_eq!(refused, "NOT_PERMITTED");
    let withdrawal = c7
        .programme("")
        .get("GetWithdrawal", json!({"name": c7.withdrawal()}))
        .await;
    assert_eq!(withdrawal["withdrawal"]["reason"], "personal");

    // 6: the cluster is at its minimum still, with four of five.
    dashboards::show(
        cast,
        &[
            ("employer", "withdrawn_from_training", 1),
            ("employer", "withdrawals_proposed", 0),
            ("university", "withdrawn_from_training", 1),
            ("university", "withdrawals_confirmed", 1),
            ("commissioner", "withdrawals_confirmed", 1),
        ],
    )
    .await;
    let at_risk = dashboards::parts(cast, "employer", "clusters_at_risk").await;
    assert_eq!(at_risk, Vec::<i64>::new(), "still at the minimum");
    let codes = dashboards::parts(cast, "university", "leaving_codes").await;
    assert_eq!(codes, [1]);

    // One more, and it is below.
    let another = &cluster[3];
    another
        .manager("2026-09-01")
        .write(
            "ProposeWithdrawal",
            json!({"training": another.training(), "reason": "other_opportunity"}),
        )
        .await;
    let early = another
        .programme("2026-09-14")
        .refusal("ConfirmWithdrawal", another.of_training())
        .await;
    assert_eq!(early, "STATE_NOT_ALLOWED");
    another
        .programme("2026-09-15")
        .write("ConfirmWithdrawal", another.of_training())
        .await;
    let at_risk = dashboards::parts(cast, "employer", "clusters_at_risk").await;
    assert_eq!(at_risk, [1]);
    // Nobody ended this employment: the withdrawal alone stops the award, and its reversal alone takes
    // that back; the cluster is as it was.
    let money = service.recorded(&another.award()).await;
    assert_eq!(
        money,
        [
            "FundingAwardApproved",
            "FundingAwardStopped",
            "InstalmentsVoided"
        ]
    );
    let mut reverse = another.of_training();
    reverse["in_error"] = json!(false);
    another
        .programme("2026-09-20")
        .write("ReverseWithdrawal", reverse)
        .await;
    cast.settle().await;
    let money = service.recorded(&another.award()).await;
    assert_eq!(
        money[3..],
        ["FundingAwardReinstated", "FundingAwardResumed"]
    );
    let at_risk = dashboards::parts(cast, "employer", "clusters_at_risk").await;
    assert_eq!(at_risk, Vec::<i64>::new(), "four again");
    // 5: the lock counts from the board of the cohort that was left.
    let lock = c7
        .admissions("2028-10-02")
        .get(
            "CheckFundingLock",
            json!({"person": c7.person_name(), "teaching_start": "2029-03-09"}),
        )
        .await;
    assert_eq!(lock["lock_until"], "2029-03-10");

    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fund_05_an_award_rests_while_its_training_is_interrupted() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let c1 = Trainee::in_training(cast, &campaign, 1).await;
    c1.manager("2026-06-01")
        .write("InterruptTraining", c1.of_training())
        .await;
    let suspended = |number| {
        [
            ("employer", "awards_suspended", number),
            ("commissioner", "awards_suspended", number),
        ]
    };
    dashboards::show(cast, &suspended(1)).await;
    let pay = json!({"award": c1.award(), "number": 4});
    let national = c1.commissioner("2026-06-30");
    for (number, on) in [(1, "2026-06-30"), (2, "2026-06-30"), (3, "2026-06-30")] {
        let pay = json!({"award": c1.award(), "number": number});
        c1.commissioner(on).write("PayInstalment", pay).await;
    }
    let refused = national.refusal("PayInstalment", pay.clone()).await;
    assert_eq!(refused, "STATE_NOT_ALLOWED", "due after the first day away");
    c1.programme("2026-09-01")
        .write("ResumeTraining", c1.of_training())
        .await;
    dashboards::show(cast, &suspended(0)).await;
    c1.commissioner("2026-09-01")
        .write("PayInstalment", pay)
        .await;
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}
