//! The pilots of 2024: prisons and gambling harms.

use contract::v1;
use domain::{
    actor::{
        ActingRole::{CommissionerNational, EmployerHr, ProfessionalLead, ProgrammeLead},
        Region,
    },
    refusal::Reason,
};

use super::{contract, establish, intake};
use crate::demonstration::{
    cast::{Cast, Organisation},
    cohort::{
        Agreed, Agreement, AgreementDays, Cohort, ServiceSketch, SiteSketch, agree, open_service,
        vacancy,
    },
    stage::{PlayError, Stage},
};

/// Prisons from 1 April 2024, at sites with an integrated team and a practitioner psychologist;
/// gambling harms in the Midlands (`SET-06`, `SET-07`, `ALLOC-16..18`; D.16).
pub(super) async fn prepare<'a>(
    stage: &'a Stage<'a>,
    cast: &'a Cast,
) -> Result<[Cohort<'a>; 2], PlayError> {
    let [.., employer] = &cast.trusts;
    let hr = stage.of(employer, EmployerHr)?;
    stage
        .of(&cast.commissioner, CommissionerNational)?
        .does(
            "pilots/contract",
            "2023-10-02",
            contract("MHWP", &cast.provider, &[Region::Midlands]),
        )
        .await?;
    let prisons = ServiceSketch {
        name: "Invented Trust 4, prison mental health",
        setting: "prison",
        population: "severe_mental_illness",
        sites: &[
            SiteSketch {
                code: "PRISON1",
                name: "Invented Prison 1",
                region: Region::Midlands,
                attributes: &["integrated_team", "practitioner_psychologist"],
            },
            SiteSketch {
                code: "PRISON2",
                name: "Invented Prison 2",
                region: Region::Midlands,
                attributes: &["integrated_team"],
            },
        ],
    };
    let gambling = ServiceSketch {
        name: "Invented Trust 4, gambling harms clinic",
        setting: "gambling_harms",
        population: "severe_mental_illness",
        sites: &[
            SiteSketch {
                code: "CLINIC1",
                name: "Invented Clinic, Midlands",
                region: Region::Midlands,
                attributes: &[],
            },
            SiteSketch {
                code: "CLINIC2",
                name: "Invented Clinic, North West",
                region: Region::NorthWest,
                attributes: &[],
            },
        ],
    };
    let (prison_service, supervisor) = establish(stage, employer, "2023-10-03", &prisons).await?;
    let gambling_service = open_service(stage, employer, "2023-10-03", &gambling).await?;

    let eve = Pilot {
        label: "pilots/eve",
        title: "MHWP, prisons, a day early",
        days: ["2024-03-31", "2024-03-31", "2025-03-30", "2025-04-09"],
        places: 4,
    };
    let eve = eve.agree(stage, cast, employer, &supervisor).await?;
    let day = Pilot {
        label: "pilots/day",
        title: "MHWP, prisons and gambling harms",
        days: ["2024-04-01", "2024-04-01", "2025-03-31", "2025-04-09"],
        places: 5,
    };
    let day = day.agree(stage, cast, employer, &supervisor).await?;

    let open = |agreed: &Agreed, service: &str, site: &str, posts: i32| {
        let title = "Trainee mental health and wellbeing practitioner";
        let closing = "2023-12-22T23:59:00Z";
        vacancy(&agreed.allocation, service, &[site], posts, title, closing)
    };
    let on = "2023-12-01";
    for (step, reason, request) in [
        (
            "pilots/prison on 31 March",
            Reason::SettingNotPermitted,
            open(&eve, &prison_service, "PRISON1", 4),
        ),
        (
            "pilots/prison without a psychologist",
            Reason::SiteCriteriaNotMet,
            open(&day, &prison_service, "PRISON2", 4),
        ),
        (
            "pilots/gambling harms in the North West",
            Reason::SettingNotPermitted,
            open(&day, &gambling_service, "CLINIC2", 1),
        ),
    ] {
        hr.is_refused(step, on, reason, request).await?;
    }
    let prison_vacancy = open(&day, &prison_service, "PRISON1", 4);
    let prison_vacancy = hr
        .does("pilots/prison on 1 April", on, prison_vacancy)
        .await?;
    let gambling_vacancy = open(&day, &gambling_service, "CLINIC1", 1);
    let gambling_vacancy = hr
        .does("pilots/gambling harms", on, gambling_vacancy)
        .await?;
    // the places of the day before are of no use
    let decline = v1::DeclineAllocationRequest {
        allocation: eve.allocation,
        ..Default::default()
    };
    stage
        .of(employer, ProfessionalLead)?
        .does("pilots/decline", "2023-12-04", decline)
        .await?;
    let cohort = |label: &str, vacancy: String, clinical_service: String| Cohort {
        label: label.to_owned(),
        stage,
        commissioner: &cast.commissioner,
        employer,
        university: &cast.provider,
        vacancy,
        commitment: day.commitment.clone(),
        clinical_service,
        supervisor: supervisor.clone(),
    };
    Ok([
        cohort("prisons", prison_vacancy.name, prison_service),
        cohort("gambling", gambling_vacancy.name, gambling_service),
    ])
}

/// An intake of the 2024 pilots.
struct Pilot<'a> {
    label: &'a str,
    title: &'a str,
    days: [&'a str; 4],
    places: i32,
}

impl Pilot<'_> {
    async fn agree(
        &self,
        stage: &Stage<'_>,
        cast: &Cast,
        employer: &Organisation,
        supervisor: &str,
    ) -> Result<Agreed, PlayError> {
        let capacity = [(7, 6), (6, 4)];
        let plan = intake(&cast.commissioner, "MHWP", self.title, self.days, &capacity);
        let intake = stage
            .of(&cast.provider, ProgrammeLead)?
            .does(format!("{}/plan", self.label), "2023-10-04", plan)
            .await?
            .name;
        agree(
            stage,
            &Agreement {
                label: self.label,
                commissioner: &cast.commissioner,
                employer,
                university: &cast.provider,
                role: "MHWP",
                intake: &intake,
                supervisors: &[supervisor.to_owned()],
                places: self.places,
                pilot: "prisons",
                days: AgreementDays {
                    interest: "2023-10-09",
                    readiness: "2023-10-16",
                    commitment: Some("2023-10-23"),
                    proposal: "2023-11-06",
                    confirmation: "2023-11-13",
                    partnership: "2023-11-20",
                },
            },
        )
        .await
    }
}
