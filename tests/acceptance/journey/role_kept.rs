//! A year of practice that keeps to the role: where it happens, what is logged and who vouches for it,
//! and what is said when the role drifts.

use domain::actor::ActingRole::{
    EmployerHr, PersonalTutor, PracticeSupervisor, ProfessionalLead, ProgrammeLead,
};
use serde_json::{Value, json};

use super::dashboards;
use crate::harness::{
    Cast, Service,
    cast::{NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Ids, Trainee},
};

const C1: Ids<'_> = Ids {
    sid: "26100990010000011",
    uln: "",
    assignment: "20000001-1",
};

async fn in_training(service: &Service) -> (Campaign, Trainee) {
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    c1.is_funded().await;
    c1.starts(&campaign, &C1, 7).await;
    (campaign, c1)
}

async fn opens(cast: &Cast, setting: &str) -> String {
    cast.of(NORTHMOOR, EmployerHr)
        .on("2025-09-01")
        .write(
            "OpenClinicalService",
            json!({
                "display_name": format!("Northmoor {setting}"),
                "setting": setting,
                "population": "severe_mental_illness",
            }),
        )
        .await
}

fn log(training: &str, kind: &str, intervention: &str, hours: u32) -> Value {
    json!({
        "training": training,
        "kind": kind,
        "intervention": intervention,
        "quarter_hours": hours * 4,
    })
}

async fn share(cast: &Cast, service: &str) -> (i64, i64) {
    let seen = cast
        .of(WEXCOMBE, ProgrammeLead)
        .get("GetDashboard", json!({}))
        .await;
    let of = |name: &str| {
        seen["dashboard"]["figures"]
            .as_array()
            .expect("figures")
            .iter()
            .find(|figure| figure["name"] == name && figure["part"] == service)
            .and_then(|figure| figure["value"].as_i64())
            .unwrap_or(0)
    };
    (of("role_fidelity"), of("role_drift"))
}

#[tokio::test(flavor = "multi_thread")]
async fn train_02_train_12_and_train_24_practice_happens_where_and_as_the_role_has_it() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, c1) = in_training(&service).await;
    let training = c1.training();
    let place = |at: &str| json!({"training": training, "clinical_service": at});
    let camhs = opens(cast, "camhs").await;
    let refused = c1
        .manager("2026-03-03")
        .refusal("PlaceTrainee", place(&camhs))
        .await;
    assert_eq!(refused, "SETTING_NOT_PERMITTED");
    c1.manager("2026-03-03")
        .write("PlaceTrainee", place(&campaign.clinical_service))
        .await;

    let supervisor = cast.of(NORTHMOOR, PracticeSupervisor).on("2026-04-30");
    let therapy = log(&training, "intervention", "cbt_therapy", 2);
    assert_eq!(
        supervisor.refusal("LogPracticeHours", therapy).await,
        "ACTIVITY_NOT_LISTED"
    );
    for (kind, intervention, hours) in [
        ("contact", "", 10),
        ("intervention", "problem_solving", 6),
        ("care_planning", "", 2),
        ("other_duties", "", 8),
    ] {
        let entry = log(&training, kind, intervention, hours);
        supervisor.write("LogPracticeHours", entry).await;
    }
    cast.settle().await;
    assert_eq!(share(cast, &campaign.clinical_service).await, (60, 1));

    // one entry was mis-keyed: only its own signatures are void
    let until = json!({"training": training, "until": "2026-04-30"});
    c1.candidate("2026-05-01")
        .write("SignPracticeHours", until.clone())
        .await;
    let correct = json!({
        "training": training, "entry": 4, "quarter_hours": 4, "reason": "mis_keyed",
    });
    cast.of(NORTHMOOR, PracticeSupervisor)
        .on("2026-05-04")
        .write("CorrectPracticeHours", correct)
        .await;
    let entries = c1
        .programme("")
        .get("ListPracticeEntries", json!({"training": training}))
        .await;
    let counts: Vec<&Value> = entries["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| &entry["counts"])
        .collect();
    assert_eq!(counts, [true, true, true, false]);
    let first = json!({"training": training, "page_size": 3});
    let page = c1.programme("").get("ListPracticeEntries", first).await;
    assert_eq!(page["entries"].as_array().map(Vec::len), Some(3));
    let rest = json!({"training": training, "page_token": page["next_page_token"]});
    let page = c1.programme("").get("ListPracticeEntries", rest).await;
    assert_eq!(page["entries"][0]["number"], 4);
    assert_eq!(page["next_page_token"], "");
    cast.settle().await;
    assert_eq!(share(cast, &campaign.clinical_service).await, (92, 0));

    // numbers only
    let caseload = json!({"training": training, "clients": 8, "with_keyworker": 9});
    assert_eq!(
        c1.candidate("2026-05-04")
            .refusal("RecordCaseload", caseload)
            .await,
        "FIELD_INVALID"
    );
    let caseload = json!({"training": training, "clients": 8, "with_keyworker": 8});
    c1.candidate("2026-05-04")
        .write("RecordCaseload", caseload)
        .await;
    let seen = c1
        .programme("")
        .get("GetTraining", json!({"name": training}))
        .await;
    let seen = &seen["training"];
    assert_eq!(seen["setting"], "adult_community");
    assert_eq!(seen["caseload_clients"], 8);
    assert_eq!(seen["next_review_due"], "2026-07-02");
    assert_eq!(seen["totals"]["contact"], 40);
    assert_eq!(seen["totals"]["awaiting_signature"], 4);
    dashboards::show(
        cast,
        &[
            ("employer", "caseload", 8),
            ("university", "caseload", 8),
            ("employer", "hours_disallowed", 0),
        ],
    )
    .await;
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn train_23_and_sup_02_a_concern_reaches_both_leads_and_a_course_is_tracked() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (_, c1) = in_training(&service).await;
    let raise = |words: &str| {
        json!({
            "training": c1.training(),
            "drift": "another_roles_duties",
            "description": words,
        })
    };
    let patient = raise("Asked to fetch a parcel for 943 476 5919.");
    assert_eq!(
        c1.candidate("2026-05-04")
            .refusal("RaiseRoleConcern", patient)
            .await,
        "PATIENT_IDENTIFIER_SUSPECTED"
    );
    let words = "Asked to run errands every morning.";
    let concern = c1
        .candidate("2026-05-04")
        .write("RaiseRoleConcern", raise(words))
        .await;
    let name = json!({"name": concern});
    for lead in [
        cast.of(NORTHMOOR, ProfessionalLead),
        cast.of(WEXCOMBE, ProgrammeLead),
    ] {
        let seen = lead.get("GetRoleConcern", name.clone()).await;
        assert_eq!(seen["concern"]["description"], words);
    }
    for other in [
        cast.of(NORTHMOOR, EmployerHr),
        cast.of(WEXCOMBE, PersonalTutor),
    ] {
        let refused = other.refusal("GetRoleConcern", name.clone()).await;
        assert_eq!(refused, "NOT_PERMITTED");
    }
    dashboards::show(
        cast,
        &[
            ("employer", "role_concerns_open", 1),
            ("university", "role_concerns_open", 1),
            ("employer", "supervisors_untrained", 1),
        ],
    )
    .await;
    cast.of(WEXCOMBE, ProgrammeLead)
        .on("2026-05-11")
        .write("AddressRoleConcern", json!({"concern": concern}))
        .await;
    let course = c1
        .programme("2026-05-11")
        .write(
            "OfferSupervisorTraining",
            json!({"training": c1.training()}),
        )
        .await;
    c1.programme("2026-06-08")
        .write("CompleteSupervisorTraining", json!({"course": course}))
        .await;
    dashboards::show(
        cast,
        &[
            ("employer", "role_concerns_open", 0),
            ("employer", "supervisors_untrained", 0),
            ("university", "supervisor_training_completed", 1),
        ],
    )
    .await;
    assert_eq!(
        service.recorded(&concern).await,
        ["RoleConcernRaised", "RoleConcernAddressed"]
    );
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}
