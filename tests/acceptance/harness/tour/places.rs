//! Every way the places of an intake can go: lent supervisors, a cluster below the minimum, a
//! waitlist, places returned, moved, split and given to a pilot.

use domain::actor::{
    ActingRole::{
        CommissionerNational, CommissionerRegional, EmployerHr, ProfessionalLead, ServiceManager,
    },
    TenantId,
};
use serde_json::json;

use super::super::{
    Cast,
    cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE},
    life::{Campaign, confirmation},
    places::{asks, intake_of, proposal},
};

/// Harbourlight Recovery CIC, Midlands; the tour registers it.
const HARBOURLIGHT: TenantId = TenantId(uuid::Uuid::from_u128(0x5ca5_7000));

pub(super) async fn all(cast: &Cast, campaign: &Campaign) {
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let own = &campaign.supervisors[..1];
    let intake = intake_of(cast, 5, 5).await;
    let mut agreement = String::new();
    for employer in [SEVERNVALE, HARBOURLIGHT] {
        let lend = json!({"supervisor": own[0], "employer": employer.to_string()});
        agreement = cast
            .of(NORTHMOOR, EmployerHr)
            .on("2025-09-24")
            .write("AgreeSupervision", lend)
            .await;
    }

    let six = asks(cast, NORTHMOOR, own, ("north_west", 6), json!([])).await;
    let four = asks(cast, SEVERNVALE, own, ("midlands", 4), json!([])).await;
    for (allocation, places) in [(&six, 6), (&four, 4)] {
        let propose = proposal(allocation, &intake, places);
        national
            .on("2025-10-20")
            .write("ProposeAllocation", propose)
            .await;
        national
            .on("2025-10-27")
            .write("ConfirmAllocation", confirmation(allocation))
            .await;
    }
    let settings = json!([
        {"setting": "drug_and_alcohol", "demand": 2},
        {"setting": "adult_community", "demand": 1},
    ]);
    let three = asks(cast, HARBOURLIGHT, own, ("midlands", 3), settings).await;
    override_until_december(cast, HARBOURLIGHT, &three).await;
    let one = asks(cast, SEVERNVALE, own, ("midlands", 1), json!([])).await;
    for (allocation, places) in [(&three, 3), (&one, 1)] {
        let join = proposal(allocation, &intake, places);
        national.on("2025-11-03").write("JoinWaitlist", join).await;
    }
    national
        .on("2025-11-04")
        .write(
            "ReallocatePlaces",
            json!({"from_allocation": six, "to_allocation": four, "places": 1}),
        )
        .await;
    let northmoor = cast.of(NORTHMOOR, ProfessionalLead);
    let services = json!([{"clinical_service": campaign.clinical_service, "places": 5}]);
    northmoor
        .on("2025-11-04")
        .write(
            "SplitPlaces",
            json!({"allocation": six, "services": services}),
        )
        .await;
    cast.settle().await;
    northmoor
        .on("2025-12-02")
        .write("ReturnPlaces", json!({"allocation": six, "places": 3}))
        .await;
    cast.settle().await;
    pilot(cast, &intake, own).await;
    let hr = cast.of(NORTHMOOR, EmployerHr);
    hr.get("GetSupervisionAgreement", json!({"name": agreement}))
        .await;
    hr.on("2025-12-20")
        .write("EndSupervisionAgreement", json!({"agreement": agreement}))
        .await;
}

/// The round leaves places over, and one goes to drug and alcohol services.
async fn pilot(cast: &Cast, intake: &str, supervisors: &[String]) {
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let allocation = asks(cast, SEVERNVALE, supervisors, ("midlands", 1), json!([])).await;
    let service = cast
        .of(SEVERNVALE, EmployerHr)
        .on("2025-09-24")
        .write(
            "OpenClinicalService",
            json!({
                "display_name": "Severnvale substance use service",
                "setting": "drug_and_alcohol",
                "population": "severe_mental_illness",
            }),
        )
        .await;
    cast.of(SEVERNVALE, ServiceManager)
        .on("2025-11-20")
        .write(
            "OfferPilotSites",
            json!({"allocation": allocation, "clinical_service": service}),
        )
        .await;
    national
        .on("2025-12-05")
        .write("CloseAllocationRound", json!({"intake": intake}))
        .await;
    national
        .on("2025-12-08")
        .write(
            "ReallocateSpareCapacity",
            json!({
                "intake": intake,
                "allocation": allocation,
                "places": 1,
                "pilot": "drug_and_alcohol",
            }),
        )
        .await;
}

/// The employer asks, the regional lead supports, the national team grants.
pub(crate) async fn override_until_december(cast: &Cast, employer: TenantId, allocation: &str) {
    let reason = "A neighbour trust shares the peer group.";
    cast.of(employer, ProfessionalLead)
        .on("2025-10-06")
        .write(
            "RequestClusterOverride",
            json!({"allocation": allocation, "reason": reason}),
        )
        .await;
    cast.of(COMMISSIONER, CommissionerRegional)
        .on("2025-10-08")
        .write("SupportClusterOverride", json!({"allocation": allocation}))
        .await;
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2025-10-20")
        .write(
            "GrantClusterOverride",
            json!({
                "allocation": allocation,
                "reason": reason,
                "review_date": "2025-12-01",
            }),
        )
        .await;
}
