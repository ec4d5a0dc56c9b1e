//! What comes of those who qualify: a deployment under the reimbursement scheme, where they are after
//! two years, and what the commissioner sees of it.

use domain::actor::ActingRole::{CommissionerNational, ProgrammeLead};
use serde_json::{Value, json};

use super::{after_qualifying::qualified, dashboards};
use crate::harness::{
    Cast, Service,
    cast::{COMMISSIONER, WEXCOMBE},
};

/// A figure of the university's or the commissioner's dashboard of a day, by part.
async fn figure(cast: &Cast, viewer: &str, as_of: &str, name: &str) -> Vec<(String, Value)> {
    cast.settle().await;
    let caller = match viewer {
        "university" => cast.of(WEXCOMBE, ProgrammeLead),
        _ => cast.of(COMMISSIONER, CommissionerNational),
    };
    let dashboard = caller.get("GetDashboard", json!({"as_of": as_of})).await;
    dashboard["dashboard"]["figures"]
        .as_array()
        .expect("figures")
        .iter()
        .filter(|figure| {
            figure["name"] == name && (figure["value"] != 0 || figure["suppressed"] == true)
        })
        .map(|figure| {
            let part = figure["part"].as_str().expect("a part").to_owned();
            let shown = match &figure["suppressed"] {
                Value::Bool(true) => json!("*"),
                _ => figure["value"].clone(),
            };
            (part, shown)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn practice_04_to_08_a_deployment_in_primary_care_has_its_conditions() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, c1) = qualified(&service).await;
    assert_eq!(
        c1.manager("2027-06-01")
            .refusal("DeployUnderArrs", c1.in_primary_care())
            .await,
        "ARRS_NOT_ELIGIBLE"
    );
    c1.is_deployed_in_primary_care(&campaign).await;
    assert_eq!(
        service.recorded(&c1.arrs_deployment()).await,
        [
            "ArrsRecordOpened",
            "ArrsCompetenceEvidenced",
            "ArrsSupervisionArranged",
            "ArrsSupervisionPlanAgreed",
            "ArrsEligibilityChecked",
            "ArrsDeploymentStarted",
        ]
    );
    let name = json!({"name": c1.arrs_deployment()});
    let seen = c1.manager("").get("GetArrsDeployment", name.clone()).await;
    let seen = &seen["arrs_deployment"];
    assert_eq!(seen["lacking"], json!([]));
    assert_eq!(seen["posts"][0]["network_percent"], 50);
    assert_eq!(seen["posts"][0]["employer_percent"], 50);
    assert_eq!(seen["posts"][0]["little_experience"], true);
    assert_eq!(
        c1.programme("").refusal("GetArrsDeployment", name).await,
        "NOT_PERMITTED"
    );
    dashboards::show(
        cast,
        &[
            ("employer", "arrs_deployed", 1),
            ("employer", "arrs_without_supervision", 0),
            ("employer", "arrs_little_experience", 1),
            // the promise was kept by the post before it, and only by that
            ("employer", "commitments_discharged", 1),
        ],
    )
    .await;
    c1.manager("2027-09-01")
        .write("EndArrsSupervision", c1.of_application())
        .await;
    dashboards::show(cast, &[("employer", "arrs_without_supervision", 1)]).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn career_05_and_06_the_years_after_are_counted_and_nobody_is_named() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (_, c1) = qualified(&service).await;
    let cohort = |stage: &str| format!("MHWP/2026-03-02/{stage}");
    let board = "2027-03-12";
    for (as_of, stage) in [
        ("2026-06-01", "in_training"),
        (board, "qualified"),
        ("2029-03-09", "qualified"),
        ("2029-03-10", "retained"),
    ] {
        let seen = figure(cast, "university", as_of, "pipeline").await;
        assert_eq!(seen, [(cohort(stage), json!(1))], "{as_of}");
    }
    assert_eq!(
        figure(cast, "university", "2029-03-10", "destinations").await,
        [
            ("12/in_post".to_owned(), json!(1)),
            ("24/in_post".to_owned(), json!(1))
        ]
    );

    // gone after eleven months, and found two years after qualifying
    c1.hr("2028-03-06")
        .write(
            "LeaveQualifiedPost",
            json!({"qualified_practice": c1.practice(), "reason": "relocation"}),
        )
        .await;
    cast.settle().await;
    assert_eq!(
        c1.programme("2028-04-03")
            .refusal("RecordDestination", c1.went(24, "clinical_psychology"))
            .await,
        "STATE_NOT_ALLOWED"
    );
    c1.programme("2029-03-12")
        .write("RecordDestination", c1.went(24, "clinical_psychology"))
        .await;
    let seen = figure(cast, "university", "2029-03-12", "pipeline").await;
    assert_eq!(seen, [(cohort("not_retained"), json!(1))]);
    assert_eq!(
        figure(cast, "university", "2029-03-12", "destinations").await,
        [
            ("12/unknown".to_owned(), json!(1)),
            ("24/clinical_psychology".to_owned(), json!(1))
        ]
    );
    assert_eq!(
        figure(cast, "university", "2029-03-12", "early_leavers").await,
        [("MHWP/2026-03-02".to_owned(), json!(1))]
    );

    // of so few people nothing is released to the commissioner
    for name in ["pipeline", "destinations", "early_leavers"] {
        let shown = figure(cast, "commissioner", "2029-03-12", name).await;
        assert!(shown.is_empty(), "{name}: {shown:?}");
    }
    assert_eq!(
        service.recorded(&c1.progression()).await,
        [
            "ProgressionOpened",
            "QualificationNoted",
            "QualifiedPostNoted",
            "QualifiedPostLeftNoted",
            "DestinationRecorded",
        ]
    );
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}
