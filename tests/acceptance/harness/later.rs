//! A second intake of the same employer and university, half a year later.

use domain::actor::ActingRole::{
    CommissionerNational, EmployerHr, ProfessionalLead, ProgrammeLead,
};
use serde_json::json;

use super::{
    Cast,
    cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE},
    life::{Campaign, confirmation, interest, readiness, vacancy},
};

/// What leads to its vacancy.
pub(crate) struct Later {
    pub(crate) intake: String,
    pub(crate) allocation: String,
    /// Open from January to the end of March.
    pub(crate) vacancy: String,
}

impl Later {
    /// MHWP-2026-09, agreed like the first.
    pub(crate) async fn opens(cast: &Cast, campaign: &Campaign) -> Self {
        let lead = cast.of(NORTHMOOR, ProfessionalLead);
        let wexcombe = cast.of(WEXCOMBE, ProgrammeLead);
        let national = cast.of(COMMISSIONER, CommissionerNational);
        let plan = json!({
            "commissioner": COMMISSIONER.to_string(),
            "role": "MHWP",
            "title": "MHWP-2026-09",
            "teaching_start": "2026-09-07",
            "last_start": "2026-09-07",
            "training_end": "2027-09-06",
            "board_date": "2027-09-15",
            "curriculum_version": "v2",
            "capacity": [{"level": 7, "places": 12}, {"level": 6, "places": 8}],
        });
        let intake = wexcombe.on("2025-12-01").write("PlanIntake", plan).await;
        let allocation = lead
            .on("2025-12-01")
            .write("RegisterInterest", interest(NORTHMOOR, "north_west", 5))
            .await;
        lead.on("2025-12-02")
            .write(
                "DeclareReadiness",
                readiness(&allocation, &campaign.supervisors),
            )
            .await;
        let give = json!({
            "allocation": allocation,
            "intake": intake,
            "posts": 5,
            "post": {"band": 5, "permanent": true, "funding": "baseline"},
        });
        lead.on("2025-12-03").write("GiveCommitment", give).await;
        let propose = json!({"allocation": allocation, "intake": intake, "places": 5});
        national
            .on("2025-12-04")
            .write("ProposeAllocation", propose)
            .await;
        national
            .on("2025-12-05")
            .write("ConfirmAllocation", confirmation(&allocation))
            .await;
        let mut partnership = String::new();
        for side in [&lead, &wexcombe] {
            let sign = json!({
                "employer": NORTHMOOR.to_string(),
                "intake": intake,
                "trainee_posts": 5,
                "qualified_posts": 5,
            });
            partnership = side.on("2025-12-08").write("SignPartnership", sign).await;
        }
        for side in [&lead, &wexcombe] {
            let agree = json!({
                "partnership": partnership,
                "level7_percent": 60,
                "tolerance_points": 10,
            });
            side.on("2025-12-08")
                .write("AgreeRouteBalance", agree)
                .await;
        }
        let mut open = vacancy(&allocation, &campaign.clinical_service);
        open["closing"] = json!("2026-03-31T23:59:00Z");
        let vacancy = cast
            .of(NORTHMOOR, EmployerHr)
            .on("2026-01-05")
            .write("OpenVacancy", open)
            .await;
        Self {
            intake,
            allocation,
            vacancy,
        }
    }
}
