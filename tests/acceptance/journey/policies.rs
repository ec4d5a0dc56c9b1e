//! Policies over time: set by an approver, asked about, and looked at before they are set.

use domain::actor::{
    ActingRole::{
        CommissionerNational, CommissionerRegional, EmployerHr, PlatformOperator, ProfessionalLead,
        ServiceManager,
    },
    PLATFORM,
};
use serde_json::{Value, json};

use super::dashboards::show;
use crate::harness::{
    Caller, Cast, Service,
    cast::{COMMISSIONER, NORTHMOOR, OTHER_COMMISSIONER, SEVERNVALE, candidate},
    life::{Campaign, Ids, Trainee},
};

const C1: Ids<'_> = Ids {
    sid: "26100990010000011",
    uln: "",
    assignment: "20000001-1",
};

/// What a proposal would change, and the summary.
pub(super) async fn what_if(
    caller: &Caller,
    policy: &str,
    from: &str,
    value: Value,
) -> (Vec<Value>, Value) {
    let proposed = json!({
        "proposed": [{"policy": policy, "from": from, "value_json": value.to_string()}],
    });
    let mut messages = caller
        .open("WhatIf", proposed)
        .await
        .expect("a stream")
        .all()
        .await
        .expect("to its end");
    let summary = messages.pop().expect("a summary")["summary"].clone();
    let changes = messages.iter().map(|message| message["change"].clone());
    (changes.collect(), summary)
}

pub(super) async fn in_training(cast: &Cast) -> (Campaign, Trainee) {
    let campaign = Campaign::opens(cast).await;
    let c1 = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    c1.is_funded().await;
    c1.starts(&campaign, &C1, 7).await;
    (campaign, c1)
}

#[tokio::test(flavor = "multi_thread")]
async fn d_16_2_and_lock_05_what_a_proposal_would_change_is_told_and_nothing_is_written() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, c1) = in_training(cast).await;
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let operator = cast.of(PLATFORM, PlatformOperator);
    let heads = async || {
        let mut heads = vec![];
        for tenant in [NORTHMOOR, COMMISSIONER, PLATFORM] {
            heads.push(cast.ledger.head(tenant).await.expect("a head"));
        }
        heads
    };
    let before = heads().await;

    // A larger cluster: the commissioner's own decision, and listed to it.
    let (changes, summary) = what_if(&national, "cluster.min", "2021-04-01", json!(6)).await;
    assert_eq!(changes.len(), 1, "{changes:?} {summary}");
    assert_eq!(changes[0]["name"], campaign.allocation);
    assert_eq!(changes[0]["event_type"], "AllocationProposed");
    assert_eq!(changes[0]["then"], "accepted");
    assert_eq!(changes[0]["now"], "CLUSTER_BELOW_MINIMUM");
    assert_eq!(summary["changed"], 1);
    assert_eq!(summary["changed_elsewhere"], 0);
    let (none, summary) = what_if(&national, "cluster.min", "2021-04-01", json!(5)).await;
    assert_eq!((none.len(), summary["changed"].clone()), (0, json!(0)));

    // A longer lock (LOCK-05): the provisional one of the trainee.
    let (changes, _) = what_if(&operator, "lock.years", "2021-04-01", json!(3)).await;
    let lock: Vec<&Value> = changes
        .iter()
        .filter(|change| change["event_type"] == "ProvisionalFundingLockStarted")
        .collect();
    assert_eq!(lock.len(), 1, "{changes:?}");
    assert_eq!(lock[0]["then"], "locked until 2029-03-10");
    assert_eq!(lock[0]["now"], "locked until 2030-03-10");

    // Another supervisor rule: the shared training is no record of the commissioner's.
    let role = national
        .get(
            "GetPolicy",
            json!({"policy": "role.MHWP", "on": "2026-03-02"}),
        )
        .await;
    let text = role["in_force"]["value_json"].as_str().expect("a value");
    let mut value: Value = serde_json::from_str(text).expect("a JSON value");
    value["supervisor_rule"] = json!([{"register": "nmc", "statuses": ["registered"]}]);
    let (changes, _) = what_if(&operator, "role.MHWP", "2021-04-01", value).await;
    let assigned = changes
        .iter()
        .find(|change| change["event_type"] == "SupervisorAssigned");
    let assigned = assigned.expect("an assignment that would be refused");
    assert_eq!(assigned["name"], c1.training());
    assert_eq!(assigned["now"], "SUPERVISOR_NOT_ELIGIBLE");

    let stranger = cast.of(OTHER_COMMISSIONER, CommissionerNational);
    let (changes, summary) = what_if(&stranger, "cluster.min", "2021-04-01", json!(6)).await;
    assert_eq!(
        (changes.len(), summary["changed_elsewhere"].clone()),
        (0, json!(1))
    );
    assert_eq!(
        national
            .refusal(
                "WhatIf",
                json!({"proposed": [{
                    "policy": "cluster.min", "from": "2021-04-01", "value_json": "\"six\"",
                }]}),
            )
            .await,
        "FIELD_INVALID"
    );
    assert_eq!(heads().await, before, "nothing is written");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_16_2_a_row_published_late_is_looked_at_first_and_accepts_nothing_by_itself() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, _) = in_training(cast).await;
    let manager = cast.of(NORTHMOOR, ServiceManager);
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let remodel = json!({
        "clinical_service": campaign.clinical_service,
        "setting": "health_and_social_care",
        "population": "severe_mental_illness",
    });
    manager
        .on("2026-05-04")
        .write("RemodelClinicalService", remodel)
        .await;
    let operator = cast.of(PLATFORM, PlatformOperator);
    let policy = "setting.MHWP.trainee.health_and_social_care";
    let permitted = json!({"permitted": true});
    let (changes, _) = what_if(&operator, policy, "2026-04-01", permitted.clone()).await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0]["event_type"], "PlacementFlagged");
    assert_eq!(changes[0]["then"], "flagged setting_not_permitted");
    assert_eq!(changes[0]["now"], "permitted");
    national
        .on("2026-05-20")
        .write(
            "SetPolicy",
            json!({
                "policy": policy,
                "from": "2026-04-01",
                "value_json": permitted.to_string(),
                "source": "D.16",
                "approver": "MHWP stakeholder steering group",
            }),
        )
        .await;
    show(cast, &[("employer", "placements_flagged", 1)]).await;
    assert_eq!(
        service.recorded(&campaign.clinical_service).await,
        [
            "ClinicalServiceOpened",
            "PersonPlaced",
            "ClinicalServiceRemodelled",
            "PlacementFlagged",
        ],
        "the earlier decision stays, and nothing is taken back by itself"
    );
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actor_09_a_policy_is_set_at_run_time_and_a_slip_does_not_stop_the_service() {
    let service = Service::start().await;
    let cast = &service.cast;
    let national = cast.of(COMMISSIONER, CommissionerNational).on("2025-09-01");
    let set = |value: &str, approver: &str| {
        json!({
            "policy": "cluster.min",
            "from": "2025-09-01",
            "value_json": value,
            "source": "steering group, September 2025",
            "approver": approver,
        })
    };
    let group = "MHWP stakeholder steering group";
    for (value, approver) in [
        ("\"five\"", group),
        ("{}", group),
        ("-1", group),
        ("5", " "),
    ] {
        assert_eq!(
            national.refusal("SetPolicy", set(value, approver)).await,
            "FIELD_INVALID",
            "{value} {approver}"
        );
    }
    national.write("SetPolicy", set("5", group)).await;
    let read = cast
        .of(SEVERNVALE, EmployerHr)
        .get(
            "GetPolicy",
            json!({"policy": "cluster.min", "on": "2025-09-01"}),
        )
        .await;
    assert_eq!(read["in_force"]["value_json"], "5");
    assert_eq!(read["in_force"]["approver"], group);
    let before = json!({"policy": "cluster.min", "on": "2025-08-31"});
    let read = cast
        .of(SEVERNVALE, EmployerHr)
        .get("GetPolicy", before)
        .await;
    assert_eq!(read["in_force"]["value_json"], "4");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actor_10_a_question_is_answered_with_the_policy_version_it_rests_on() {
    let service = Service::start().await;
    let cast = &service.cast;
    let lead = cast.of(NORTHMOOR, ProfessionalLead);
    let ask =
        |question: &str| json!({"commissioner": COMMISSIONER.to_string(), "question": question});
    assert_eq!(
        lead.on("2025-09-01")
            .refusal(
                "AskPolicyQuestion",
                ask("Is 943 476 5919 a case for a trainee?")
            )
            .await,
        "PATIENT_IDENTIFIER_SUSPECTED"
    );
    let question = lead
        .on("2025-09-01")
        .write("AskPolicyQuestion", ask("How small may a cluster be?"))
        .await;
    show(
        cast,
        &[
            ("employer", "policy_questions_open", 1),
            ("commissioner", "policy_questions_open", 1),
        ],
    )
    .await;
    let answer = json!({
        "policy_question": question,
        "answer": "Four, unless an override is granted.",
        "policies": ["cluster.min"],
    });
    let stranger = cast
        .of(OTHER_COMMISSIONER, CommissionerNational)
        .on("2025-09-08");
    assert_eq!(
        stranger
            .refusal("AnswerPolicyQuestion", answer.clone())
            .await,
        "NOT_PERMITTED"
    );
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2025-09-08")
        .write("AnswerPolicyQuestion", answer)
        .await;
    let read = lead
        .get("GetPolicyQuestion", json!({"name": question}))
        .await;
    let answer = &read["policy_question"]["answers"][0];
    assert_eq!(answer["policies"], json!({"cluster.min": 1}));
    assert_eq!(answer["version"], 1);
    assert_eq!(
        service.recorded(&question).await,
        ["PolicyQuestionAsked", "PolicyQuestionAnswered"]
    );
    show(
        cast,
        &[
            ("employer", "policy_questions_open", 0),
            ("commissioner", "policy_questions_open", 0),
        ],
    )
    .await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn report_01_to_08_targets_are_reported_against_their_own_baselines() {
    let service = Service::start().await;
    let cast = &service.cast;
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let count = |population: &str, unit: &str, nhs: i64, third_sector: i64| {
        json!({"count": {
            "population": population,
            "unit": unit,
            "nhs_hundredths": nhs * 100,
            "third_sector_hundredths": third_sector * 100,
            "source": "workforce census",
        }})
    };
    let professions = "psychological_professions";
    for (on, nhs, third_sector) in [("2020-03-31", 11_000, 1_200), ("2023-12-31", 18_000, 2_130)] {
        national
            .on(on)
            .write(
                "RecordWorkforceCount",
                count(professions, "headcount", nhs, third_sector),
            )
            .await;
    }
    let mut wrong = count(professions, "headcount", 11_000, 1_201);
    assert_eq!(
        national
            .on("2020-03-31")
            .refusal("RecordWorkforceCount", wrong.clone())
            .await,
        "ALREADY_RECORDED"
    );
    wrong["reason"] = json!("One service was left out.");
    national
        .on("2020-03-31")
        .write("CorrectWorkforceCount", wrong)
        .await;
    let mut right = count(professions, "headcount", 11_000, 1_200);
    right["reason"] = json!("It had been counted elsewhere.");
    national
        .on("2020-03-31")
        .write("CorrectWorkforceCount", right)
        .await;

    let regional = cast.of(COMMISSIONER, CommissionerRegional);
    let report = regional
        .get("GetWorkforceReport", json!({"on": "2024-01-01"}))
        .await;
    let target = |name: &str| {
        report["targets"]
            .as_array()
            .expect("targets")
            .iter()
            .find(|target| target["name"] == name)
            .expect("a target")
            .clone()
    };
    let growth = target("growth_2020_2023");
    assert_eq!(growth["reached_hundredths"], 6500);
    assert_eq!(growth["reached_low"], true);
    assert_eq!(
        growth["latest_hundredths"], 2_013_000,
        "third sector included"
    );
    let other = target("growth_2019_2024");
    assert_eq!(other["reached_hundredths"], Value::Null);
    assert_eq!(
        other["missing"],
        "no count of psychological_professions on 2019-03-31"
    );
    assert_eq!(target("new_posts_2024")["unit"], "wte");
    assert_eq!(
        target("share_of_growth")["measure"],
        "share_of_growth_percent"
    );
    assert_eq!(target("community_staff_2024")["low"], 10_000);
    let range = target("additional_posts_2037");
    assert_eq!(
        (range["low"].clone(), range["high"].clone()),
        (json!(24_000), json!(26_000))
    );
    // ROUTE-11
    assert_eq!(report["context"][0]["value"], 20_000);
    assert!(
        report["context"][0]["source"]
            .as_str()
            .is_some_and(|source| source.contains("2021"))
    );
    // ACTOR-15: a region has counts of its own, or none.
    let region = regional
        .get(
            "GetWorkforceReport",
            json!({"region": "north_west", "on": "2024-01-01"}),
        )
        .await;
    assert_eq!(region["counts"].as_array().map(Vec::len), Some(0));
    assert_eq!(report["counts"].as_array().map(Vec::len), Some(2));
    service.stop().await;
}
