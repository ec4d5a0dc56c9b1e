//! D.4: no degree, level 6, the same job.

use serde_json::json;

use super::dashboards;
use crate::harness::{
    Service,
    cast::{NORTHMOOR, candidate},
    life::{Campaign, Ids, Trainee},
};

const C4: Ids<'_> = Ids {
    sid: "26100990010000044",
    uln: "",
    assignment: "20000004-1",
};

async fn appointed(service: &Service, degree: &str) -> (Campaign, Trainee) {
    let campaign = Campaign::opens(&service.cast).await;
    let c4 = Trainee::applies(
        &service.cast,
        &campaign.vacancy,
        candidate(4),
        "2025-11-25",
        json!({"degree": degree, "degree_detail": "", "entry_source": "internal_staff"}),
    )
    .await;
    c4.candidate("2025-11-25")
        .write(
            "AddStudyEvidence",
            json!({
                "application": c4.application,
                "kind": "prior_study",
                "detail": "Level 5 diploma, 2024",
            }),
        )
        .await;
    c4.is_shortlisted().await;
    c4.is_interviewed().await;
    c4.is_appointed().await;
    (campaign, c4)
}

async fn level(c4: &Trainee) -> serde_json::Value {
    let application = c4
        .admissions("")
        .get("GetApplication", json!({"name": c4.application}))
        .await;
    application["application"]["level"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn d_4_and_route_08_without_a_degree_the_route_is_level_6_and_the_post_is_the_same() {
    let service = Service::start().await;
    let (campaign, c4) = appointed(&service, "none").await;
    assert_eq!(level(&c4).await, 6);
    c4.accepts().await;
    c4.is_cleared().await;
    c4.is_funded().await;
    assert_eq!(
        c4.programme("2026-03-02")
            .refusal("EnrolTrainee", c4.enrols(C4.sid, C4.uln, 7))
            .await,
        "ROUTE_MISMATCH"
    );
    c4.starts(&campaign, &C4, 6).await;
    c4.practises().await;
    c4.qualifies().await;
    c4.takes_the_qualified_post(&campaign).await;
    let qualification = c4
        .programme("")
        .get("GetQualification", json!({"name": c4.qualification()}))
        .await;
    assert_eq!(qualification["qualification"]["level"], 6);
    assert_eq!(
        service
            .recorded(&campaign.commitment)
            .await
            .last()
            .map(String::as_str),
        Some("CommitmentDischarged"),
        "band 5, as at level 7"
    );
    dashboards::hidden(&service.cast, "commissioner", "trainees_by_level", "6").await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d_4_a_degree_confirmed_before_enrolment_changes_the_route() {
    let service = Service::start().await;
    let (campaign, c4) = appointed(&service, "pending").await;
    assert_eq!(level(&c4).await, 6);
    c4.accepts().await;
    c4.admissions("2026-01-20")
        .write(
            "AddStudyEvidence",
            json!({
                "application": c4.application,
                "kind": "degree",
                "detail": "BSc Health Studies, result of January 2026",
            }),
        )
        .await;
    assert_eq!(level(&c4).await, 7);
    let offer = c4.hr("").get("GetOffer", json!({"name": c4.offer()})).await;
    assert_eq!(offer["offer"]["level"], 7);
    assert!(
        service
            .recorded(&c4.offer())
            .await
            .contains(&"OfferRouteRederived".to_owned())
    );
    assert!(
        service
            .recorded(&c4.application)
            .await
            .ends_with(&["StudyEvidenceAdded".to_owned(), "RouteRederived".to_owned()])
    );
    let own = c4
        .candidate("")
        .get("GetApplication", json!({"name": c4.application}))
        .await;
    let paths = own["application"]["paths"].as_array().expect("paths");
    assert!(paths.contains(&json!("psychological_therapist")));
    assert!(!paths.contains(&json!("clinical_psychology")), "ROUTE-12");
    // One of one at level 7 is outside 60 % and ten points: a warning to both, and no block.
    let cluster = format!("{NORTHMOOR}/{}", campaign.intake);
    let warned = [
        ("employer", "higher_level_share", cluster.as_str(), 100),
        ("employer", "balance_out_of_tolerance", &cluster, 1),
        ("university", "balance_out_of_tolerance", &cluster, 1),
        ("employer", "applications_by_entry", "internal", 1),
        ("university", "applications_by_entry", "internal", 1),
        ("employer", "appointed_by_level", "7", 1),
        ("employer", "applications_by_source", "internal_staff", 1),
    ];
    dashboards::show_parts(&service.cast, &warned).await;
    c4.is_cleared().await;
    assert_eq!(
        service
            .recorded(&c4.offer())
            .await
            .last()
            .map(String::as_str),
        Some("OfferConditionsMet"),
        "not a block"
    );
    service.stop().await;
}
