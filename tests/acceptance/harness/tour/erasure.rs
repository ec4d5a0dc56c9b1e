//! A candidate who was not appointed asks the employer to erase, which a legal hold delays.

use domain::{
    actor::{
        ActingRole::{EmployerDataProtection, UniversityDataProtection},
        PersonId, TenantId,
    },
    erasure::Erasure,
};
use serde_json::json;

use crate::harness::{
    Cast,
    cast::{NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Trainee},
};

/// The name of a controller's record about a person.
pub(crate) fn record(controller: TenantId, person: TenantId) -> String {
    Erasure::id(controller, PersonId(person.0)).name()
}

/// A candidate applies, and that is all.
pub(crate) async fn applies(cast: &Cast, campaign: &Campaign) -> Trainee {
    Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(38),
        "2025-11-20",
        json!({}),
    )
    .await
}

/// Plays the rest.
pub(crate) async fn whole(cast: &Cast, candidate: &Trainee) {
    let own = record(NORTHMOOR, candidate.person);
    let officer = cast.of(NORTHMOOR, EmployerDataProtection);
    let named = json!({"erasure": own});
    candidate
        .candidate("2028-10-04")
        .write(
            "RequestErasure",
            json!({"application": candidate.application, "controller": NORTHMOOR.to_string()}),
        )
        .await;
    let officer = officer.on("2028-10-05");
    officer.write("ConfirmErasureIdentity", named.clone()).await;
    officer
        .write(
            "PlaceLegalHold",
            json!({"application": candidate.application, "reason": "A claim before a tribunal."}),
        )
        .await;
    officer.write("LiftLegalHold", named).await;
    officer
        .write(
            "DecideErasure",
            json!({
                "erasure": own,
                "decisions": [
                    {"class": "application_statement", "outcome": "erased"},
                    {
                        "class": "assessment",
                        "outcome": "retained",
                        "ground": "legal_claims",
                        "until": "2028-10-10",
                    },
                ],
            }),
        )
        .await;
    officer.get("GetErasure", json!({"name": own})).await;
    cast.settle().await;
    cast.of(WEXCOMBE, UniversityDataProtection)
        .get(
            "GetErasure",
            json!({"name": record(WEXCOMBE, candidate.person)}),
        )
        .await;
}
