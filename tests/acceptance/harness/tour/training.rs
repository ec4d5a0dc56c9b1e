//! Everything a training year can hold beside its plain course.

use domain::actor::ActingRole::{
    Auditor, EmployerHr, PracticeSupervisor, ProfessionalLead, ProgrammeLead,
};
use serde_json::json;

use crate::harness::{
    Cast,
    cast::{AUDITOR, COMMISSIONER, NETWORK, NORTHMOOR, WEXCOMBE},
    life::{Campaign, Trainee},
};

/// A placement, a caseload, and entries that are corrected, voided, disallowed and reinstated.
pub(super) async fn logbook(cast: &Cast, campaign: &Campaign, trainee: &Trainee) {
    let training = trainee.training();
    let supervisor = cast.of(NORTHMOOR, PracticeSupervisor);
    let lead = cast.of(WEXCOMBE, ProgrammeLead);
    trainee
        .manager("2026-03-03")
        .write(
            "PlaceTrainee",
            json!({"training": training, "clinical_service": campaign.clinical_service}),
        )
        .await;
    trainee
        .candidate("2026-04-30")
        .write(
            "RecordCaseload",
            json!({"training": training, "clients": 8, "with_keyworker": 8}),
        )
        .await;
    for (kind, hours) in [("contact", 6), ("care_planning", 2), ("other_duties", 4)] {
        let log = json!({"training": training, "kind": kind, "quarter_hours": hours * 4});
        supervisor
            .on("2026-04-30")
            .write("LogPracticeHours", log)
            .await;
    }
    trainee
        .candidate("2026-05-01")
        .write(
            "SignPracticeHours",
            json!({"training": training, "until": "2026-04-30"}),
        )
        .await;
    let entry = |entry: i32| json!({"training": training, "entry": entry});
    let mut correct = entry(1);
    correct["quarter_hours"] = json!(20);
    correct["reason"] = json!("mis_keyed");
    supervisor
        .on("2026-05-04")
        .write("CorrectPracticeHours", correct)
        .await;
    let mut void = entry(3);
    void["reason"] = json!("another_trainee");
    supervisor
        .on("2026-05-04")
        .write("VoidPracticeHours", void)
        .await;
    let mut disallow = entry(2);
    disallow["reason"] = json!("not_evidenced");
    lead.on("2026-05-05").write("DisallowHours", disallow).await;
    lead.on("2026-05-06")
        .write("ReinstateHours", entry(2))
        .await;
    lead.get("ListPracticeEntries", json!({"training": training}))
        .await;
}

/// The register loses and finds the supervisor again; meanwhile another one takes over.
pub(super) async fn supervision(cast: &Cast, campaign: &Campaign, trainee: &Trainee) {
    let training = trainee.training();
    let hr = cast.of(NORTHMOOR, EmployerHr);
    cast.of(NORTHMOOR, PracticeSupervisor)
        .on("2026-06-24")
        .write(
            "LogPracticeHours",
            json!({"training": training, "kind": "clinical_skills", "quarter_hours": 4}),
        )
        .await;
    let check = |status: &str| {
        json!({
            "supervisor": campaign.supervisors[0],
            "register": "hcpc",
            "status": status,
            "modalities": ["clinical_psychologist"],
        })
    };
    hr.on("2026-06-22")
        .write("RecordRegisterCheck", check("not_registered"))
        .await;
    cast.settle().await;
    hr.on("2026-07-01")
        .write("EndSupervision", json!({"training": training}))
        .await;
    hr.on("2026-07-06")
        .write(
            "AssignSupervisor",
            json!({
                "application": trainee.application,
                "supervisor": campaign.supervisors[1],
            }),
        )
        .await;
    cast.settle().await;
    hr.on("2026-06-22")
        .write("RecordRegisterCheck", check("registered"))
        .await;
    cast.settle().await;
    hr.get(
        "GetSupervisorLoad",
        json!({"supervisor": campaign.supervisors[1]}),
    )
    .await;
}

/// A course for the supervisor, a senior practitioner at a site, and a concern that is seen to.
pub(super) async fn around(cast: &Cast, campaign: &Campaign, trainee: &Trainee) {
    let training = json!({"training": trainee.training()});
    let lead = cast.of(WEXCOMBE, ProgrammeLead);
    let course = lead
        .on("2026-03-16")
        .write("OfferSupervisorTraining", training)
        .await;
    lead.on("2026-04-20")
        .write("CompleteSupervisorTraining", json!({"course": course}))
        .await;
    lead.get("GetSupervisorCourse", json!({"name": course}))
        .await;
    trainee
        .manager("2026-03-04")
        .write(
            "NameSeniorPractitioner",
            json!({
                "clinical_service": campaign.clinical_service,
                "site": "N1M01",
                "practitioner": "people/5ca57000-0000-4000-8000-000000005001",
            }),
        )
        .await;
    trainee
        .manager("")
        .get(
            "GetSiteContacts",
            json!({"clinical_service": campaign.clinical_service}),
        )
        .await;
    let concern = trainee
        .candidate("2026-05-04")
        .write(
            "RaiseRoleConcern",
            json!({
                "training": trainee.training(),
                "drift": "another_roles_duties",
                "description": "Asked to run errands every morning.",
                "network": NETWORK.to_string(),
            }),
        )
        .await;
    let professional = cast.of(NORTHMOOR, ProfessionalLead);
    professional
        .on("2026-05-11")
        .write("AddressRoleConcern", json!({"concern": concern}))
        .await;
    professional
        .get("GetRoleConcern", json!({"name": concern}))
        .await;
}

/// An auditor disputes a week of study that was keyed for somebody else; the university corrects it.
pub(super) async fn disputed(cast: &Cast, trainee: &Trainee) {
    let lead = trainee.programme("2026-07-30");
    let training = trainee.training();
    lead.write(
        "RecordAttendance",
        json!({"training": training, "university_days": 2}),
    )
    .await;
    let seen = lead.get("GetTraining", json!({"name": training})).await;
    let sequence = &seen["training"]["attendance"][0]["sequence"];
    let event = json!({"record": training, "sequence": sequence});
    let auditor = cast.of(AUDITOR, Auditor);
    let dispute = auditor
        .on("2026-08-10")
        .write(
            "RaiseDispute",
            json!({
                "event": event,
                "reason": "Nobody else attended twice.",
                "commissioner": COMMISSIONER.to_string(),
            }),
        )
        .await;
    lead.on("2026-08-11")
        .write(
            "AnswerDispute",
            json!({"dispute": dispute, "answer": "It was keyed for somebody else."}),
        )
        .await;
    lead.on("2026-08-12")
        .write(
            "CorrectAttendance",
            json!({
                "training": training,
                "sequence": sequence,
                "reason": "another_trainee",
                "authority": dispute,
            }),
        )
        .await;
    auditor
        .on("2026-08-14")
        .write(
            "ResolveDispute",
            json!({"dispute": dispute, "finding": "upheld", "words": "As corrected."}),
        )
        .await;
    auditor.get("GetDispute", json!({"name": dispute})).await;
    auditor.get("ListDisputes", json!({})).await;
}
