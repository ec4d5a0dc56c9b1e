//! Break-glass through the API: reasoned, for a few hours, told to the officer, and recorded.

use domain::actor::ActingRole::{
    AdmissionsTutor, EmployerDataProtection, ServiceManager, UniversityDataProtection,
};
use serde_json::{Value, json};

use crate::harness::{
    Service,
    cast::{NORTHMOOR, STRANGER, WEXCOMBE, candidate},
    life::{Campaign, Trainee},
};

#[tokio::test(flavor = "multi_thread")]
async fn c_1_break_glass_shows_one_class_for_a_while_and_tells_the_officer() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let said = json!({"name": "Ada Marker"});
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", said).await;
    let manager = c1.manager("2025-11-24");
    let seen = manager
        .get("GetApplication", json!({"name": c1.application}))
        .await;
    assert_eq!(seen["application"]["candidate_name"], "", "not locked yet");

    let request_id = cast.api.next_request_id();
    let open = json!({
        "request_id": request_id,
        "record": c1.application,
        "class": "identity",
        "reason": "Somebody rang in distress and is expected at an interview.",
        "hours": 2,
    });
    let mut too_long = open.clone();
    too_long["hours"] = json!(1000);
    assert_eq!(
        manager.refusal("OpenBreakGlass", too_long).await,
        "FIELD_INVALID"
    );
    let outsider = cast.of(STRANGER, ServiceManager).on("2025-11-24");
    assert_eq!(
        outsider.refusal("OpenBreakGlass", open.clone()).await,
        "NOT_PERMITTED"
    );
    manager.write("OpenBreakGlass", open).await;
    let opening = json!({"opening": request_id});
    let read = manager.get("ReadUnderBreakGlass", opening.clone()).await;
    assert!(read.to_string().contains("Ada Marker"), "{read}");
    assert_eq!(read["class"], "identity");

    // Nobody else reads under it: not a colleague in another role, nor the other party.
    for other in [
        c1.admissions(""),
        c1.hr(""),
        outsider,
        cast.of(WEXCOMBE, AdmissionsTutor),
    ] {
        assert_eq!(
            other.refusal("ReadUnderBreakGlass", opening.clone()).await,
            "NOT_PERMITTED"
        );
    }

    // The officer is told, with the reason; the other party's is not.
    let officer = cast.of(NORTHMOOR, EmployerDataProtection).on("2025-11-24");
    let told = officer.get("ListBreakGlass", json!({})).await;
    let told = &told["openings"][0];
    assert_eq!(told["opening"], json!(request_id));
    assert_eq!(told["record"], json!(c1.application));
    assert_eq!(told["role"], "service_manager");
    assert_eq!(told["reviewed_date"], "");
    let others = cast.of(WEXCOMBE, UniversityDataProtection);
    let list = others.get("ListBreakGlass", json!({})).await;
    assert_eq!(list["openings"], json!([]));
    let accesses = officer.get("ListAccesses", json!({})).await;
    let purposes: Vec<&Value> = accesses["accesses"]
        .as_array()
        .expect("accesses")
        .iter()
        .map(|access| &access["purpose"])
        .collect();
    assert!(
        purposes.contains(&&json!("ReadUnderBreakGlass")),
        "{purposes:?}"
    );
    let figure = async |name: &str| {
        cast.settle().await;
        let seen = c1.hr("").get("GetDashboard", json!({})).await;
        let figures = seen["dashboard"]["figures"]
            .as_array()
            .expect("figures")
            .clone();
        let found = figures.into_iter().find(|figure| figure["name"] == name);
        found.map_or(json!(0), |figure| figure["value"].clone())
    };
    assert_eq!(figure("break_glass_openings").await, 1);
    assert_eq!(figure("break_glass_unreviewed").await, 1);
    officer.write("ReviewBreakGlass", opening.clone()).await;
    assert_eq!(
        figure("break_glass_openings").await,
        1,
        "each stays counted"
    );
    assert_eq!(figure("break_glass_unreviewed").await, 0);
    let told = officer.get("ListBreakGlass", json!({})).await;
    assert_eq!(told["openings"][0]["reviewed_date"], "2025-11-24");

    // It closes by its hour.
    c1.candidate("2025-11-24T16:00:00Z")
        .write(
            "AddStudyEvidence",
            json!({
                "application": c1.application,
                "kind": "prior_study",
                "detail": "Level 5 diploma, 2024",
            }),
        )
        .await;
    assert_eq!(
        manager.refusal("ReadUnderBreakGlass", opening).await,
        "NOT_PERMITTED"
    );
    service.stop().await;
}
