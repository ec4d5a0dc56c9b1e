//! Less than full time: a lighter week that both sides agree to, and a year that lasts longer for it.

use domain::actor::ActingRole::ServiceManager;
use serde_json::{Value, json};

use super::dashboards;
use crate::harness::{
    Service,
    cast::SEVERNVALE,
    life::{Campaign, Trainee},
};

async fn people(cast: &crate::harness::Cast, count: i64) {
    let shown = [
        ("employer", "less_than_full_time", count),
        ("university", "less_than_full_time", count),
    ];
    dashboards::show(cast, &shown).await;
}

async fn course(trainee: &Trainee) -> Value {
    let name = json!({"name": trainee.training()});
    let read = trainee.manager("").get("GetTrainingCourse", name).await;
    read["course"].clone()
}

/// X-07, TRAIN-01, FUND-14: neither side grants a lighter week alone; the year then lasts as much longer
/// as the week is lighter, the same hours are asked for, and no week lighter still is admitted.
#[tokio::test(flavor = "multi_thread")]
async fn x_07_and_train_01_and_fund_14_a_lighter_week_is_agreed_by_both_and_asks_for_the_same_hours()
 {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let trainee = Trainee::in_training(cast, &campaign, 1).await;
    let training = trainee.training();
    let week = |practice_days: i32| json!({"training": training, "university_days": 1, "practice_days": practice_days});
    let lighter =
        |practice_days: i32| json!({"training": training, "practice_days": practice_days});
    let before = course(&trainee).await;
    let asking = trainee.programme("2026-06-01");
    let short = asking.call("VerifyPortfolio", trainee.of_training()).await;
    let asked_before = short.expect_err("nothing is logged").metadata;

    // no such week by itself, none that is no lighter week, and none by somebody else
    for (by, method, message, reason) in [
        (
            trainee.manager("2026-05-29"),
            "SetWeeklyPattern",
            week(2),
            "WEEKLY_PATTERN_INVALID",
        ),
        (
            trainee.manager("2026-05-29"),
            "AgreeLessThanFullTime",
            lighter(3),
            "WEEKLY_PATTERN_INVALID",
        ),
        (
            trainee.manager("2026-05-29"),
            "AgreeLessThanFullTime",
            lighter(0),
            "WEEKLY_PATTERN_INVALID",
        ),
        (
            cast.of(SEVERNVALE, ServiceManager).on("2026-05-29"),
            "AgreeLessThanFullTime",
            lighter(2),
            "NOT_PERMITTED",
        ),
    ] {
        assert_eq!(by.refusal(method, message).await, reason, "{method}");
    }

    let manager = trainee.manager("2026-06-01");
    manager.write("AgreeLessThanFullTime", lighter(2)).await;
    people(cast, 0).await;
    assert_eq!(
        course(&trainee).await["lighter_practice_days"],
        0,
        "one side alone"
    );
    let refused = manager.refusal("SetWeeklyPattern", week(2)).await;
    assert_eq!(refused, "WEEKLY_PATTERN_INVALID", "one side alone");

    let lead = trainee.programme("2026-06-01");
    lead.write("AgreeLessThanFullTime", lighter(2)).await;
    lead.write("AgreeLessThanFullTime", lighter(2)).await;
    people(cast, 1).await;
    let after = course(&trainee).await;
    assert_eq!(after["lighter_practice_days"], 2);
    // 273 days were left of four days a week; of three, they are 364
    assert_eq!(before["ends"], "2027-03-01");
    assert_eq!(after["ends"], "2027-05-31");

    lead.write("SetWeeklyPattern", week(2)).await;
    let later = trainee.programme("2026-07-01");
    let lighter_still = later.refusal("SetWeeklyPattern", week(1)).await;
    assert_eq!(lighter_still, "WEEKLY_PATTERN_INVALID");
    for side in [trainee.manager(""), trainee.programme("")] {
        let read = side.get("GetTraining", json!({"name": training})).await;
        assert_eq!(read["training"]["wte_percent"], 60);
        assert_eq!(
            read["training"]["extended_until"], "",
            "no extension at the employer's cost"
        );
    }

    // the portfolio is as large, and may come in the time that the week takes longer
    let asking = trainee.programme("2027-05-28");
    let short = asking.call("VerifyPortfolio", trainee.of_training()).await;
    let asked_after = short.expect_err("nothing is logged").metadata;
    assert_eq!(asked_after, asked_before);
    assert_eq!(asked_after["contact"], "0.00 of 80.00");
    service.stop().await;
}
