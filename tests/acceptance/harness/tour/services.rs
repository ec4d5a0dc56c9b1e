//! What becomes of clinical services, and the catalogue that says who may work in them.

use domain::actor::ActingRole::{EmployerHr, ProfessionalLead, ServiceManager};
use serde_json::json;

use crate::harness::{
    Cast,
    cast::{NORTHMOOR, SEVERNVALE},
    life::Campaign,
};

/// A service of Severnvale from opened to closed.
pub(super) async fn lived(cast: &Cast) {
    let hr = cast.of(SEVERNVALE, EmployerHr);
    let service = hr
        .on("2025-09-02")
        .write(
            "OpenClinicalService",
            json!({
                "display_name": "Severnvale prison in-reach",
                "setting": "prison",
                "population": "severe_mental_illness",
            }),
        )
        .await;
    let site = |attributes: &[&str]| {
        json!({
            "clinical_service": service,
            "code": "S4V01",
            "display_name": "HMP Example",
            "attributes": attributes,
        })
    };
    let both = ["integrated_team", "practitioner_psychologist"];
    hr.on("2025-09-02").write("AddSite", site(&both)).await;
    hr.on("2025-10-01")
        .write("ChangeSite", site(&["integrated_team"]))
        .await;
    hr.on("2025-11-01").write("ChangeSite", site(&both)).await;
    let of_service = json!({"clinical_service": service});
    let contract = json!({"clinical_service": service, "reference": "C-2025-11"});
    hr.on("2025-11-03")
        .write("RetenderClinicalService", contract.clone())
        .await;
    hr.on("2025-11-03")
        .write("RecordServiceSpecification", contract)
        .await;
    hr.on("2025-12-01")
        .write("CloseClinicalService", of_service)
        .await;
    cast.operator()
        .on("2025-09-01")
        .write(
            "RecordIdentifierLookup",
            json!({
                "tenant": SEVERNVALE.to_string(),
                "code": "ods_code",
                "result": "found",
                "source": "ODS terminology server, Organization",
            }),
        )
        .await;
}

/// Northmoor's service, with a qualified person in it, becomes one where nobody may work, and back.
pub(super) async fn remodelled(cast: &Cast, campaign: &Campaign) {
    let manager = cast.of(NORTHMOOR, ServiceManager);
    let service = &campaign.clinical_service;
    for (on, setting) in [("2028-11-01", "camhs"), ("2028-11-08", "adult_community")] {
        manager
            .on(on)
            .write(
                "RemodelClinicalService",
                json!({
                    "clinical_service": service,
                    "setting": setting,
                    "population": "severe_mental_illness",
                }),
            )
            .await;
    }
    let lead = cast.of(NORTHMOOR, ProfessionalLead);
    lead.on("2028-11-15")
        .write(
            "NameProfessionalLead",
            json!({
                "clinical_service": service,
                "person": "people/5ca57000-0000-4000-8000-000000003005",
            }),
        )
        .await;
    lead.on("2028-11-20")
        .write("EndProfessionalLead", json!({"clinical_service": service}))
        .await;
    lead.get("ListRoles", json!({"on": "2026-03-02"})).await;
    lead.get("GetRole", json!({"role": "MHWP", "on": "2026-03-02"}))
        .await;
}
