//! D.13: an unsuccessful candidate asks to be erased.

use domain::actor::ActingRole::{
    AdmissionsTutor, Auditor, EmployerDataProtection, EmployerHr, UniversityDataProtection,
};
use serde_json::json;

use super::dashboards;
use crate::harness::{
    Service,
    cast::{AUDITOR, NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Trainee},
    tour::erasure::record,
};

#[tokio::test(flavor = "multi_thread")]
async fn d_13_an_unsuccessful_candidate_is_erased_and_the_history_stands() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let said = json!({"name": "Ottoline Marker", "statement": "Lighthouses."});
    let c8 = Trainee::applies(cast, &campaign.vacancy, candidate(8), "2025-11-20", said).await;
    c8.is_shortlisted().await;
    c8.is_interviewed().await;
    c8.hr("2025-12-12")
        .write("SealDecision", c8.employers(1, "accept", &[]))
        .await;
    c8.admissions("2025-12-15")
        .write("SealDecision", c8.universitys(1, "reject", &[]))
        .await;
    cast.settle().await;
    let figures = [
        ("employer", "not_appointed", 1),
        ("university", "not_appointed", 1),
    ];
    dashboards::show(cast, &figures).await;
    let named = json!({"name": c8.application});
    let seen = cast
        .of(NORTHMOOR, EmployerHr)
        .get("GetApplication", named.clone())
        .await;
    assert_eq!(seen["application"]["candidate_name"], "Ottoline Marker");

    // 2: asked of the employer; the university is told and decides for itself.
    let own = record(NORTHMOOR, c8.person);
    let asked = json!({"application": c8.application, "controller": NORTHMOOR.to_string()});
    c8.candidate("2026-02-20")
        .write("RequestErasure", asked.clone())
        .await;
    assert_eq!(
        cast.of(WEXCOMBE, UniversityDataProtection)
            .on("2026-02-20")
            .refusal("RequestErasure", asked)
            .await,
        "NOT_PERMITTED"
    );
    let officer = cast.of(NORTHMOOR, EmployerDataProtection);
    let decide = |outcome: serde_json::Value| {
        let mut decision = json!({"class": "identity"});
        decision
            .as_object_mut()
            .expect("a map")
            .extend(outcome.as_object().expect("a map").clone());
        json!({
            "erasure": own,
            "decisions": [
                decision,
                {
                    "class": "assessment", "outcome": "retained",
                    "ground": "legal_claims", "until": "2026-07-31",
                },
            ],
        })
    };
    let erase = decide(json!({"outcome": "erased"}));
    let early = officer
        .on("2026-02-22")
        .refusal("DecideErasure", erase.clone())
        .await;
    assert_eq!(early, "STATE_NOT_ALLOWED");
    let named_own = json!({"erasure": own});
    officer
        .on("2026-02-23")
        .write("ConfirmErasureIdentity", named_own.clone())
        .await;

    // A claim before a tribunal blocks it until it is settled.
    officer
        .on("2026-02-25")
        .write(
            "PlaceLegalHold",
            json!({"application": c8.application, "reason": "A claim before a tribunal."}),
        )
        .await;
    let blocked = officer
        .on("2026-02-26")
        .refusal("DecideErasure", erase.clone())
        .await;
    assert_eq!(blocked, "ERASURE_BLOCKED_LEGAL_HOLD");
    officer
        .on("2026-03-02")
        .write("LiftLegalHold", named_own)
        .await;
    officer.on("2026-03-03").write("DecideErasure", erase).await;
    cast.settle().await;

    let seen = cast
        .of(NORTHMOOR, EmployerHr)
        .get("GetApplication", named.clone())
        .await;
    assert_eq!(
        seen["application"]["candidate_name"], "",
        "gone at the employer"
    );
    let seen = cast
        .of(WEXCOMBE, AdmissionsTutor)
        .get("GetApplication", named)
        .await;
    assert_eq!(
        seen["application"]["candidate_name"], "Ottoline Marker",
        "the university's copy is the university's to erase"
    );
    let told = cast
        .of(WEXCOMBE, UniversityDataProtection)
        .get("GetErasure", json!({"name": record(WEXCOMBE, c8.person)}))
        .await;
    assert_eq!(
        told["erasure"]["notices_from"],
        json!([NORTHMOOR.to_string()])
    );
    assert_eq!(told["erasure"]["decisions"], json!([]));

    // 5: the retained class goes on its day, by a timer.
    cast.of(NORTHMOOR, EmployerHr)
        .on("2026-08-01")
        .write(
            "CloseVacancy",
            json!({"vacancy": campaign.vacancy, "posts_handed_back": 5}),
        )
        .await;
    cast.settle().await;
    let answer = c8
        .candidate("")
        .get("GetErasure", json!({"name": own}))
        .await;
    let destroyed: Vec<(&str, bool)> = answer["erasure"]["decisions"]
        .as_array()
        .expect("decisions")
        .iter()
        .map(|decision| {
            (
                decision["class"].as_str().unwrap_or_default(),
                decision["destroyed"] == true,
            )
        })
        .collect();
    assert_eq!(destroyed, [("identity", true), ("assessment", true)]);
    assert_eq!(
        service.recorded(&own).await,
        [
            "ErasureRequested",
            "ErasureIdentityConfirmed",
            "LegalHoldPlaced",
            "LegalHoldLifted",
            "ErasureDecided",
            "PersonKeysDestroyed",
            "RetentionExpired",
            "PersonKeysDestroyed",
        ]
    );

    // 6: totals and proofs are what they were.
    dashboards::show(cast, &figures).await;
    let replay = cast
        .of(AUDITOR, Auditor)
        .open("ReplayHistory", json!({"person": c8.person_name()}))
        .await
        .expect("an auditor replays")
        .all()
        .await
        .expect("to the end");
    assert!(!json!(replay).to_string().contains("Ottoline"));
    let verified = replay
        .last()
        .is_some_and(|entry| entry["summary"]["verified"] == true);
    assert!(verified, "the chains verify without the values");
    service.stop().await;
}
