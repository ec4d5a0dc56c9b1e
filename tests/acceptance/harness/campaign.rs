//! The records that lead to an open vacancy of an employer and Wexcombe, as calls of the API.

use domain::actor::{
    ActingRole::{CommissionerNational, EmployerHr, ProfessionalLead, ProgrammeLead},
    TenantId,
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Caller, Cast,
    cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE},
    life::board_is_constituted,
};

/// A campaign of an employer, Northmoor unless a test says otherwise, and Wexcombe: the records that
/// lead to an open vacancy.
#[derive(Debug, Clone)]
pub(crate) struct Campaign {
    pub(crate) employer: TenantId,
    pub(crate) programme: String,
    pub(crate) clinical_service: String,
    /// S1, a clinical psychologist, and S2, an accredited therapist.
    pub(crate) supervisors: Vec<String>,
    pub(crate) intake: String,
    pub(crate) allocation: String,
    pub(crate) commitment: String,
    pub(crate) partnership: String,
    pub(crate) vacancy: String,
}

impl Campaign {
    /// From a programme that gets under way to a vacancy that stands open (D.1, steps 1 to 6).
    pub(crate) async fn opens(cast: &Cast) -> Self {
        Self::opens_at(cast, NORTHMOOR, "north_west").await
    }

    /// The same for another employer, in its region.
    pub(crate) async fn opens_at(cast: &Cast, employer: TenantId, region: &str) -> Self {
        let programme = programme(cast).await;
        let hr = cast.of(employer, EmployerHr);
        let lead = cast.of(employer, ProfessionalLead);
        let wexcombe = cast.of(WEXCOMBE, ProgrammeLead);
        let national = cast.of(COMMISSIONER, CommissionerNational);

        let intake = wexcombe
            .on("2025-09-01")
            .write("PlanIntake", intake())
            .await;
        let clinical_service = hr
            .on("2025-09-01")
            .write(
                "OpenClinicalService",
                json!({
                    "display_name": "Northmoor community team",
                    "setting": "adult_community",
                    "population": "severe_mental_illness",
                }),
            )
            .await;
        let supervisors = vec![
            supervisor(&hr, 1, "hcpc", "PYL900001", &["clinical_psychologist"]).await,
            supervisor(&hr, 2, "babcp", "900002", &[]).await,
        ];
        let allocation = lead
            .on("2025-09-08")
            .write("RegisterInterest", interest(employer, region, 5))
            .await;
        lead.on("2025-09-22")
            .write("DeclareReadiness", readiness(&allocation, &supervisors))
            .await;
        let commitment = lead
            .on("2025-10-06")
            .write(
                "GiveCommitment",
                json!({
                    "allocation": allocation,
                    "intake": intake,
                    "posts": 5,
                    "post": {"band": 5, "permanent": true, "funding": "baseline"},
                }),
            )
            .await;
        national
            .on("2025-10-20")
            .write(
                "ProposeAllocation",
                json!({"allocation": allocation, "intake": intake, "places": 5}),
            )
            .await;
        national
            .on("2025-10-27")
            .write("ConfirmAllocation", confirmation(&allocation))
            .await;
        let mut partnership = String::new();
        for side in [&lead, &wexcombe] {
            let sign = json!({
                "employer": employer.to_string(),
                "intake": intake,
                "trainee_posts": 5,
                "qualified_posts": 5,
            });
            partnership = side.on("2025-11-03").write("SignPartnership", sign).await;
        }
        for side in [&lead, &wexcombe] {
            let agree = json!({
                "partnership": partnership,
                "level7_percent": 60,
                "tolerance_points": 10,
            });
            side.on("2025-11-03")
                .write("AgreeRouteBalance", agree)
                .await;
        }
        let vacancy = hr
            .on("2025-11-10")
            .write("OpenVacancy", vacancy(&allocation, &clinical_service))
            .await;
        board_is_constituted(cast, "MHWP").await;
        Self {
            employer,
            programme,
            clinical_service,
            supervisors,
            intake,
            allocation,
            commitment,
            partnership,
            vacancy,
        }
    }
}

/// The role's programme, from its specification to the contracted university.
async fn programme(cast: &Cast) -> String {
    let national = cast.of(COMMISSIONER, CommissionerNational);
    for (on, milestone) in [
        ("2021-06-30", "specification_developed"),
        ("2021-07-01", "procurement_opened"),
        ("2021-08-31", "tender_closed"),
        ("2021-10-01", "contracts_ratified"),
        ("2021-10-04", "employers_engaged"),
    ] {
        national
            .on(on)
            .write(
                "ReachMilestone",
                json!({"role": "MHWP", "milestone": milestone}),
            )
            .await;
    }
    national
        .on("2021-10-18")
        .write(
            "ContractProvider",
            json!({
                "role": "MHWP",
                "university": WEXCOMBE.to_string(),
                "regions": ["north_west", "midlands"],
            }),
        )
        .await
}

/// MHWP-2026-03: twelve places at level 7, eight at level 6.
fn intake() -> Value {
    json!({
        "commissioner": COMMISSIONER.to_string(),
        "role": "MHWP",
        "title": "MHWP-2026-03",
        "teaching_start": "2026-03-02",
        "last_start": "2026-03-02",
        "training_end": "2027-03-01",
        "board_date": "2027-03-10",
        "curriculum_version": "v2",
        "capacity": [{"level": 7, "places": 12}, {"level": 6, "places": 8}],
    })
}

pub(crate) async fn supervisor(
    hr: &Caller,
    number: u128,
    register: &str,
    registered_as: &str,
    modalities: &[&str],
) -> String {
    let person = Uuid::from_u128(0x5ca5_7000_0000_4000_8000_0000_0000_2000 + number);
    let supervisor = hr
        .on("2025-09-15")
        .write(
            "RecordSupervisor",
            json!({
                "person": format!("people/{person}"),
                "display_name": "Sam Hollis",
                "register": register,
                "number": registered_as,
            }),
        )
        .await;
    hr.on("2025-09-15")
        .write(
            "RecordRegisterCheck",
            json!({
                "supervisor": supervisor,
                "register": register,
                "status": "registered",
                "modalities": modalities,
            }),
        )
        .await;
    supervisor
}

/// Interest in so many places.
pub(crate) fn interest(employer: TenantId, region: &str, demand: u32) -> Value {
    json!({
        "employer": employer.to_string(),
        "commissioner": COMMISSIONER.to_string(),
        "role": "MHWP",
        "region": region,
        "demand": demand,
    })
}

/// The three criteria met, a sponsor named.
pub(crate) fn readiness(allocation: &str, supervisors: &[String]) -> Value {
    let person = |number: u128| {
        let id = Uuid::from_u128(0x5ca5_7000_0000_4000_8000_0000_0000_3000 + number);
        format!("people/{id}")
    };
    json!({
        "allocation": allocation,
        "permanent_qualified_posts": true,
        "professional_lead": person(1),
        "supervisors": supervisors,
        "sponsor": person(2),
        "clinical_escalation": true,
    })
}

pub(crate) fn confirmation(allocation: &str) -> Value {
    json!({
        "allocation": allocation,
        "approvals": [
            {"by": "national", "on": "2025-10-24"},
            {"by": "regional_lead", "on": "2025-10-24"},
            {"by": "university", "on": "2025-10-24"},
        ],
    })
}

pub(crate) fn vacancy(allocation: &str, clinical_service: &str) -> Value {
    json!({
        "allocation": allocation,
        "clinical_service": clinical_service,
        "posts": 5,
        "title": "Trainee Mental Health and Wellbeing Practitioner",
        "on_training_failure": "redeploy",
        "closing": "2025-11-30T23:59:00Z",
    })
}
