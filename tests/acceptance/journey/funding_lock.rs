//! D.12: C1 seeks another NHS-funded training eighteen months after the board, at another
//! university.

use domain::actor::ActingRole::{AdmissionsTutor, CommissionerNational, EmployerHr};
use serde_json::{Value, json};

use super::{dashboards, happy_path::C1, own};
use crate::harness::{
    Service,
    cast::{CALDERBRIDGE, COMMISSIONER, NORTHMOOR, candidate},
    life::{Campaign, Trainee, record},
};

/// C1 qualified on 10 March 2027: locked until 10 March 2029.
async fn qualified(service: &Service) -> Trainee {
    let campaign = Campaign::opens(&service.cast).await;
    let c1 = Trainee::applies(
        &service.cast,
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
    c1.practises().await;
    c1.qualifies().await;
    c1
}

fn seeks(c1: &Trainee, teaching_start: &str) -> Value {
    json!({
        "person": c1.person_name(),
        "teaching_start": teaching_start,
        "programme": "cbt_high_intensity",
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn d_12_another_funded_training_waits_until_two_years_after_the_board() {
    let service = Service::start().await;
    let cast = &service.cast;
    let c1 = qualified(&service).await;
    let uni_y = cast.of(CALDERBRIDGE, AdmissionsTutor);

    // 2: teaching would start before the two-year date; only the date is told.
    let refused = uni_y
        .on("2028-09-10")
        .call("AcceptTrainingPlace", seeks(&c1, "2028-09-25"))
        .await
        .expect_err("locked");
    assert_eq!(refused.reason, "FUNDING_LOCK_ACTIVE");
    let told = format!("{:?}", refused.status);
    assert!(
        told.contains("2029-03-10") && !told.contains("2027-03-10"),
        "{told}"
    );

    // 3: what is tested is the teaching start, not the day of asking.
    let allowed = uni_y
        .on("2028-09-10")
        .write("AcceptTrainingPlace", seeks(&c1, "2029-03-12"))
        .await;
    let close = uni_y
        .on("2028-09-10")
        .write("AcceptTrainingPlace", seeks(&c1, "2029-03-11"))
        .await;

    // 4: other funding, no other occupation.
    for free in ["self_funded", "same_occupation"] {
        let mut seeks = seeks(&c1, "2028-09-25");
        seeks[free] = json!(true);
        uni_y
            .on("2028-09-10")
            .write("AcceptTrainingPlace", seeks)
            .await;
    }

    // 5: nobody overrides a lock without an exemption, and the attempt is on record.
    let mut overriding = seeks(&c1, "2028-09-25");
    overriding["override_lock"] = json!(true);
    assert_eq!(
        uni_y
            .on("2028-09-11")
            .refusal("AcceptTrainingPlace", overriding)
            .await,
        "NOT_PERMITTED"
    );
    cast.settle().await;
    let lock = cast
        .of(COMMISSIONER, CommissionerNational)
        .get("GetFundingLock", json!({"person": c1.person_name()}))
        .await;
    assert_eq!(lock["funding_lock"]["refused_attempts"], 2);
    assert_eq!(lock["funding_lock"]["locks"][0]["board"], "2027-03-10");
    let events = service
        .recorded(lock["funding_lock"]["name"].as_str().expect("a name"))
        .await;
    assert_eq!(
        events,
        [
            "ProvisionalFundingLockStarted",
            "FundingLockStarted",
            "LockedTrainingRefused",
            "LockReliedOn",
            "LockReliedOn",
            "LockedTrainingRefused",
        ]
    );
    dashboards::show(
        cast,
        &[
            ("commissioner", "locked_trainings_refused", 2),
            ("commissioner", "lock_overrides_refused", 1),
            ("commissioner", "locks_fixed", 1),
        ],
    )
    .await;

    // 4: the board date is corrected. The lock follows; what was accepted is questioned, not broken.
    let sitting = cast
        .api
        .accepted()
        .into_iter()
        .rev()
        .find_map(|call| call.message["sitting"].as_str().map(str::to_owned))
        .expect("a board was held");
    c1.secretary("2028-09-20")
        .write(
            "CorrectBoardDate",
            json!({"sitting": sitting, "held": "2027-03-12", "why": "misrecorded"}),
        )
        .await;
    cast.settle().await;
    let place = async |name: &str| {
        let seen = uni_y.get("GetTrainingPlace", json!({"name": name})).await;
        seen["training_place"].clone()
    };
    let (well, just) = (place(&allowed).await, place(&close).await);
    for seen in [&well, &just] {
        assert_eq!(seen["accepted"], true);
        assert_eq!(seen["questioned"].as_array().map(Vec::len), Some(1));
    }
    assert_eq!(well["questioned"][0]["clear"], true);
    assert_eq!(just["questioned"][0]["lock_until"], "2029-03-12");

    // 4: exempted by the commissioner, for reasons nobody else reads.
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2028-10-01")
        .write(
            "GrantLockExemption",
            json!({"person": c1.person_name(), "reason": "A shortage of therapists."}),
        )
        .await;
    let exempt = uni_y
        .on("2028-10-02")
        .get("CheckFundingLock", seeks(&c1, "2028-10-09"))
        .await;
    assert_eq!(exempt["clear"], true);
    assert_ne!(exempt["exemption"], "");
    let lock = async |by: &crate::harness::Caller| {
        let seen = by
            .get("GetFundingLock", json!({"person": c1.person_name()}))
            .await;
        seen["funding_lock"].clone()
    };
    let commissioners = lock(&cast.of(COMMISSIONER, CommissionerNational)).await;
    assert_eq!(
        commissioners["exemptions"][0]["reason"],
        "A shortage of therapists."
    );
    let own = lock(&c1.candidate("")).await;
    assert_eq!(own["exemptions"][0]["reason"], "");
    assert_eq!(own["locks"][0]["until"], "2029-03-12");
    assert_eq!(own["locks"][0]["rule_version"], 1);
    assert_ne!(own["exemption_route"], "");

    // C1: the date, the rule version, how to ask for an exemption.
    let seen = own::timeline(&c1).await;
    let shown = &seen["locks"][0];
    assert_eq!(shown["until"], "2029-03-12");
    assert_eq!(shown["rule_version"], 1);
    assert_eq!(shown["exempt"], true);
    assert_ne!(seen["exemption_route"], "");
    let words = own::words(&seen);
    let refused = words.iter().filter(|word| **word == "place_refused");
    assert_eq!(refused.count(), 2, "{words:?}");
    assert!(words.contains(&"lock_exempted"), "{words:?}");
    assert!(!seen.to_string().contains("shortage"), "{seen}");

    // The employer learns nothing unless C1 consents.
    let hr = cast.of(NORTHMOOR, EmployerHr).on("2028-10-03");
    let asks = seeks(&c1, "2028-10-09");
    assert_eq!(
        hr.refusal("CheckFundingLock", asks.clone()).await,
        "NOT_PERMITTED"
    );
    c1.candidate("2028-10-04")
        .write(
            "ConsentToLockDisclosure",
            json!({"employer": NORTHMOOR.to_string()}),
        )
        .await;
    hr.on("2028-10-05").get("CheckFundingLock", asks).await;
    dashboards::show(
        cast,
        &[
            ("commissioner", "lock_exemptions", 1),
            ("other_university", "training_places_accepted", 4),
            ("other_university", "training_places_refused", 2),
            ("other_university", "training_places_questioned", 2),
            ("university", "training_places_refused", 0),
        ],
    )
    .await;
    assert_eq!(
        service
            .recorded(&record::<domain::qualification::Qualification>(
                crate::harness::cast::WEXCOMBE,
                &c1.application
            ))
            .await,
        ["ResultReleased", "QualificationAwarded", "ResultRedated"]
    );
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}
