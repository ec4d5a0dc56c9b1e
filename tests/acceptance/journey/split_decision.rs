//! D.2: the parties disagree, reconsider, and appoint in a second round.

use domain::actor::ActingRole::{AdmissionsTutor, CommissionerNational, EmployerHr, NetworkLead};
use serde_json::{Value, json};

use super::{dashboards, own};
use crate::harness::{
    Service,
    cast::{
        CALDERBRIDGE, COMMISSIONER, NETWORK, NORTHMOOR, OTHER_COMMISSIONER, SEVERNVALE, WEXCOMBE,
        candidate,
    },
    life::{Campaign, Trainee},
};

/// JOINT-03
#[tokio::test(flavor = "multi_thread")]
async fn d_2_a_split_decision_is_reconsidered_blind_again() {
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let vacancy = &campaign.vacancy;
    let c2 = Trainee::applies(
        &service.cast,
        vacancy,
        candidate(2),
        "2025-11-20",
        json!({"degree": "none", "degree_detail": ""}),
    )
    .await;
    c2.is_shortlisted().await;
    c2.is_interviewed().await;

    // 1 and 2: the employer accepts, and amends what only it can see.
    c2.hr("2025-12-12")
        .write("SealDecision", c2.employers(1, "accept", &[]))
        .await;
    c2.hr("2025-12-14")
        .write(
            "AmendDecision",
            c2.employers(1, "accept", &["driving_licence"]),
        )
        .await;
    let before = c2
        .admissions("")
        .get("GetApplication", json!({"name": c2.application}))
        .await;
    assert_eq!(
        before["application"]["state"],
        "APPLICATION_STATE_AWAITING_JOINT_OUTCOME"
    );
    assert_eq!(before["application"]["revealed_rounds"], json!([]));

    let waiting = [
        ("employer", "awaiting_joint_outcome", 1),
        ("university", "awaiting_joint_outcome", 1),
    ];
    dashboards::show(&service.cast, &waiting).await;
    let undecided = own::timeline(&c2).await;
    assert_eq!(own::words(&undecided), ["applied", "interviewed"]);
    assert_eq!(
        undecided["applications"][0]["state"],
        "APPLICATION_STATE_UNDER_CONSIDERATION"
    );

    // 3: the university rejects; both words stand.
    c2.admissions("2025-12-15")
        .write("SealDecision", c2.universitys(1, "reject", &[]))
        .await;
    for (party, reader) in [("hr", c2.hr("")), ("admissions", c2.admissions(""))] {
        let application = reader
            .get("GetApplication", json!({"name": c2.application}))
            .await;
        assert_eq!(
            application["application"]["state"], "APPLICATION_STATE_NOT_APPOINTED",
            "{party}"
        );
        let round = &application["application"]["revealed_rounds"][0];
        assert_eq!(round["employer"], "accept", "{party}");
        assert_eq!(round["university"], "reject", "{party}");
        assert_eq!(round["appoints"], false, "{party}");
    }
    // The joint outcome is theirs alone: no third employer or university learns that it is there.
    for (tenant, role) in [
        (SEVERNVALE, EmployerHr),
        (CALDERBRIDGE, AdmissionsTutor),
        (COMMISSIONER, CommissionerNational),
    ] {
        let third = service.cast.of(tenant, role);
        let asked = json!({"name": c2.application});
        assert_eq!(
            third.refusal("GetApplication", asked).await,
            "NOT_PERMITTED"
        );
    }
    // A seal is its owner's before and after.
    let foreign = c2
        .admissions("")
        .refusal("GetSeal", json!({"name": c2.seal(NORTHMOOR)}))
        .await;
    assert_eq!(foreign, "NOT_PERMITTED");
    let own = c2
        .hr("")
        .get("GetSeal", json!({"name": c2.seal(NORTHMOOR)}))
        .await;
    assert_eq!(
        own["seal"]["rounds"][0]["decision"]["conditions"],
        json!(["driving_licence"])
    );

    // After a reveal nothing is edited.
    assert_eq!(
        c2.hr("2025-12-16")
            .refusal("AmendDecision", c2.employers(1, "reject", &[]))
            .await,
        "ROUND_CLOSED"
    );

    // 4: feedback, then a new round that both want.
    c2.admissions("2025-12-16")
        .write(
            "ReleaseFeedback",
            json!({"application": c2.application, "text": "Show us a level 5 certificate."}),
        )
        .await;
    c2.hr("2025-12-18")
        .write(
            "RequestReconsideration",
            json!({"application": c2.application, "reason": "A level 5 certificate came in."}),
        )
        .await;
    let told = [
        "applied",
        "interviewed",
        "not_appointed",
        "feedback_released",
    ];
    let wished = own::timeline(&c2).await;
    assert_eq!(own::words(&wished), told, "one party's wish is not shown");
    assert_eq!(
        wished["applications"][0]["feedback"],
        "Show us a level 5 certificate."
    );
    assert_eq!(
        c2.hr("2025-12-19")
            .refusal(
                "AgreeReconsideration",
                json!({"application": c2.application})
            )
            .await,
        "NOT_PERMITTED",
        "nobody agrees with themself"
    );
    c2.candidate("2025-12-18")
        .write(
            "AddStudyEvidence",
            json!({
                "application": c2.application,
                "kind": "prior_study",
                "detail": "Level 5 diploma, 2024",
            }),
        )
        .await;
    c2.admissions("2025-12-19")
        .write(
            "AgreeReconsideration",
            json!({"application": c2.application}),
        )
        .await;

    // 5: blind again; now both accept, at level 6.
    c2.admissions("2025-12-22")
        .write("SealDecision", c2.universitys(2, "accept", &[]))
        .await;
    c2.hr("2025-12-23")
        .write("SealDecision", c2.employers(2, "accept", &[]))
        .await;
    let application = c2
        .admissions("")
        .get("GetApplication", json!({"name": c2.application}))
        .await;
    let application = &application["application"];
    assert_eq!(application["state"], "APPLICATION_STATE_APPOINTED");
    assert_eq!(application["level"], 6);
    assert_eq!(
        application["revealed_rounds"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(
        application["revealed_rounds"][0]["university"], "reject",
        "the first round stays as it was"
    );

    // The candidate sees the outcome and the feedback, never the parties' words.
    let own = c2
        .candidate("")
        .get("GetApplication", json!({"name": c2.application}))
        .await;
    assert_eq!(
        own["application"]["feedback"],
        "Show us a level 5 certificate."
    );
    assert_eq!(own["application"]["revealed_rounds"], json!([]));
    assert_eq!(own["application"]["seal"], "");
    assert_eq!(
        service.recorded(&c2.seal(WEXCOMBE)).await,
        ["ShortlistSealed", "DecisionSealed", "DecisionSealed"]
    );
    let appointed = [
        ("employer", "appointed", 1),
        ("employer", "not_appointed", 0),
        ("university", "appointed", 1),
        ("university", "awaiting_joint_outcome", 0),
    ];
    dashboards::show(&service.cast, &appointed).await;
    c2.hr("2025-12-29")
        .write("MakeOffer", c2.of_application())
        .await;
    let offered = own::timeline(&c2).await;
    assert_eq!(
        own::words(&offered),
        [
            "applied",
            "interviewed",
            "not_appointed",
            "feedback_released",
            "study_evidence_added",
            "reopened",
            "appointed",
            "offer_made",
        ]
    );
    assert_eq!(offered["due"][0]["what"], "offer_answer");
    reported(&service, &campaign.intake).await;
    service.stop().await;
}

/// Two rounds, one of them split: too few to be shown, seven rows all the same, and to the network
/// its own region only.
async fn reported(service: &Service, intake: &str) {
    let report = json!({"intake": intake});
    let national = service.cast.of(COMMISSIONER, CommissionerNational);
    let seen = national.get("GetSelectionReport", report.clone()).await;
    let rows = seen["regions"].as_array().expect("rows");
    assert_eq!(rows.len(), 7);
    for row in rows {
        let counted = row["region"] == "north_west";
        assert_eq!(
            row.get("rounds").is_none_or(Value::is_null),
            counted,
            "{row}"
        );
        assert!(row.get("split_percent").is_none_or(Value::is_null), "{row}");
    }
    let network = service.cast.of(NETWORK, NetworkLead);
    let seen = network.get("GetSelectionReport", report.clone()).await;
    let rows = seen["regions"].as_array().expect("rows");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["region"], "north_west");
    let other = service.cast.of(OTHER_COMMISSIONER, CommissionerNational);
    assert_eq!(
        other.refusal("GetSelectionReport", report).await,
        "NOT_PERMITTED"
    );
}
