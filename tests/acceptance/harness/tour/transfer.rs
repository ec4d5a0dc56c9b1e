//! A clinical service that moves, with one trainee in it.

use domain::{
    actor::{
        ActingRole::{CommissionerNational, EmployerHr, ProfessionalLead, ServiceManager},
        TenantId,
    },
    employment::Employment,
};
use serde_json::{Value, json};

use super::board;
use crate::harness::{
    Cast,
    cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE},
    life::{CHECKS, Campaign, Trainee, record},
};

/// Everything of it, check by check.
pub(crate) fn findings() -> Value {
    [
        "payee",
        "supervision",
        "employment_checks",
        "commitment",
        "system_of_practice",
        "data_sharing",
    ]
    .map(|check| json!({"check": check, "finding": "action_agreed"}))
    .into()
}

/// The successor's own record of the service.
pub(crate) async fn service_of(cast: &Cast, employer: TenantId, on: &str) -> String {
    cast.of(employer, EmployerHr)
        .on(on)
        .write(
            "OpenClinicalService",
            json!({
                "display_name": "Community team",
                "setting": "adult_community",
                "population": "severe_mental_illness",
            }),
        )
        .await
}

/// Announces, assesses, decides where there is something to decide, and accepts; the names of the
/// transfer and of the service as the successor keeps it.
pub(crate) async fn agreed(
    cast: &Cast,
    campaign: &Campaign,
    to: TenantId,
    trainees: &[&Trainee],
    decision: &str,
) -> (String, String) {
    let applications: Vec<&str> = trainees
        .iter()
        .map(|trainee| trainee.application.as_str())
        .collect();
    let service = service_of(cast, to, "2026-10-12").await;
    let manager = cast.of(campaign.employer, ServiceManager);
    let transfer = manager
        .on("2026-11-01")
        .write(
            "AnnounceRetender",
            json!({
                "clinical_service": campaign.clinical_service,
                "to": to.to_string(),
                "planned_on": "2027-01-01",
                "trainees": applications,
            }),
        )
        .await;
    manager
        .on("2026-11-09")
        .write(
            "AssessTransferImpact",
            json!({"transfer": transfer, "findings": findings()}),
        )
        .await;
    if !decision.is_empty() {
        cast.of(COMMISSIONER, CommissionerNational)
            .on("2026-12-10")
            .write(
                "DecideTransferPayee",
                json!({"transfer": transfer, "decision": decision}),
            )
            .await;
    }
    cast.of(to, ProfessionalLead)
        .on("2026-12-11")
        .write(
            "AcceptTransferredCommitment",
            json!({
                "transfer": transfer,
                "clinical_service": service,
                "posts": trainees.len(),
                "other_terms": "Grade C, permanent.",
            }),
        )
        .await;
    (transfer, service)
}

/// A trainee goes with the service to Severnvale, by one decision about the payee; another is announced
/// and decided the other way.
pub(super) async fn retendered(cast: &Cast, campaign: &Campaign, trainee: &Trainee) {
    agreed(cast, campaign, SEVERNVALE, &[trainee], "end_instalments").await;
    let (transfer, _) = agreed(cast, campaign, SEVERNVALE, &[trainee], "exception").await;
    board::defers(trainee, "2027-02-24").await;
    cast.settle().await;
    cast.of(NORTHMOOR, ServiceManager)
        .on("2027-03-01")
        .write("TransferService", json!({"transfer": transfer}))
        .await;
    cast.settle().await;
    cast.of(SEVERNVALE, EmployerHr)
        .on("2027-03-04")
        .write(
            "ReassureEmploymentCheck",
            json!({
                "employment": record::<Employment>(SEVERNVALE, &trainee.application),
                "check": CHECKS[0],
            }),
        )
        .await;
    cast.of(SEVERNVALE, ServiceManager)
        .get("GetServiceTransfer", json!({"name": transfer}))
        .await;
}
