//! Employers that ask for places, and intakes that have some.

use domain::actor::{
    ActingRole::{CommissionerNational, ProfessionalLead, ProgrammeLead},
    TenantId,
};
use serde_json::{Value, json};

use super::{
    Cast,
    cast::{COMMISSIONER, NETWORK, WEXCOMBE},
    life::{interest, readiness},
};

/// A ready employer that asks for so many places of a region, by setting where it says so.
pub(crate) async fn asks(
    cast: &Cast,
    employer: TenantId,
    supervisors: &[String],
    (region, demand): (&str, u32),
    settings: Value,
) -> String {
    let lead = cast.of(employer, ProfessionalLead);
    let mut asked = interest(employer, region, demand);
    asked["settings"] = settings;
    let allocation = lead.on("2025-09-24").write("RegisterInterest", asked).await;
    lead.on("2025-09-25")
        .write("DeclareReadiness", readiness(&allocation, supervisors))
        .await;
    allocation
}

/// From 2021 on, the network of the North West reads along in its region.
pub(crate) async fn network_reads_along(cast: &Cast) {
    let set = json!({
        "policy": "network.of_region",
        "from": "2021-04-01",
        "value_json": json!({"north_west": NETWORK.0}).to_string(),
        "source": "made up",
        "approver": "made up",
    });
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2025-09-01")
        .write("SetPolicy", set)
        .await;
}

/// Places of an intake for an allocation.
pub(crate) fn proposal(allocation: &str, intake: &str, places: u32) -> Value {
    json!({"allocation": allocation, "intake": intake, "places": places})
}

/// MHWP-2026-09 of Wexcombe with so many places at each level.
pub(crate) async fn intake_of(cast: &Cast, level7: u32, level6: u32) -> String {
    let plan = json!({
        "commissioner": COMMISSIONER.to_string(),
        "role": "MHWP",
        "title": "MHWP-2026-09",
        "teaching_start": "2026-09-07",
        "last_start": "2026-09-07",
        "training_end": "2027-09-06",
        "board_date": "2027-09-15",
        "curriculum_version": "v2",
        "capacity": [{"level": 7, "places": level7}, {"level": 6, "places": level6}],
    });
    cast.of(WEXCOMBE, ProgrammeLead)
        .on("2025-09-24")
        .write("PlanIntake", plan)
        .await
}
