//! A pilot of another role: 29 trainees of one university in March 2022. When its training was
//! procured no source says; it is played alongside the other role's.

use contract::v1;
use domain::{
    actor::{
        ActingRole::{CommissionerNational, EmployerHr, ProgrammeLead},
        Region,
    },
    policy::baseline,
    refusal::Reason,
};

use super::{YIPP_PILOT, community, contract, days::YIPP_RECRUITMENT, establish, intake};
use crate::demonstration::{
    cast::{Candidate, Cast, Organisation},
    cohort::{
        Agreement, AgreementDays, Cohort, ServiceSketch, SupervisorSketch, agree, open_service,
        record_supervisor, recruit, start, vacancy,
    },
    stage::{PlayError, Stage},
};

/// The pilot of another role: one university, settings for young people, and its own criteria,
/// which the commissioner sets as policy (`TAXO-15..17`, `SET-12`, `SUP-07`).
pub(super) async fn prepare<'a>(
    stage: &'a Stage<'a>,
    cast: &'a Cast,
) -> Result<[Cohort<'a>; 2], PlayError> {
    let [.., london, midlands] = &cast.trusts;
    let national = stage.of(&cast.commissioner, CommissionerNational)?;
    let criteria = baseline::baseline()
        .into_iter()
        .find(|row| row.policy == "criteria.MHWP")
        .map(|row| row.value.to_string())
        .unwrap_or_default();
    let criteria = v1::SetPolicyRequest {
        policy: "criteria.YIPP".to_owned(),
        from: "2021-10-04".to_owned(),
        value_json: criteria,
        source: "invented: as for MHWP".to_owned(),
        approver: "the demonstration".to_owned(),
        ..Default::default()
    };
    national
        .does("yipp/criteria", "2021-12-01", criteria)
        .await?;
    let regions = [Region::London, Region::Midlands];
    let exeter = contract("YIPP", &cast.exeter, &regions);
    national.does("yipp/contract", "2021-12-01", exeter).await?;
    national
        .is_refused(
            "yipp/second provider",
            "2021-12-01",
            Reason::StateNotAllowed,
            contract("YIPP", &cast.provider, &regions),
        )
        .await?;
    let days = ["2022-03-14", "2022-03-14", "2023-03-13", "2023-03-22"];
    let plan = intake(&cast.commissioner, "YIPP", "YIPP pilot", days, &[(7, 29)]);
    let intake = stage
        .of(&cast.exeter, ProgrammeLead)?
        .does("yipp/plan", "2021-12-02", plan)
        .await?
        .name;
    Ok([
        cohort(stage, cast, london, &intake, YIPP_PILOT[0]).await?,
        cohort(stage, cast, midlands, &intake, YIPP_PILOT[1]).await?,
    ])
}

async fn cohort<'a>(
    stage: &'a Stage<'a>,
    cast: &'a Cast,
    employer: &'a Organisation,
    intake: &str,
    places: i32,
) -> Result<Cohort<'a>, PlayError> {
    let label = format!("yipp/{}", employer.slug);
    let name = format!("{} young people's inpatient service", employer.name);
    let sketch = ServiceSketch {
        name: &name,
        setting: "young_people_inpatient",
        population: "young_people",
        sites: &[],
    };
    let (clinical_service, supervisor) = establish(stage, employer, "2021-12-02", &sketch).await?;
    let agreed = agree(
        stage,
        &Agreement {
            label: &label,
            commissioner: &cast.commissioner,
            employer,
            university: &cast.exeter,
            role: "YIPP",
            intake,
            supervisors: std::slice::from_ref(&supervisor),
            places,
            pilot: "",
            days: AgreementDays {
                interest: "2021-12-03",
                readiness: "2021-12-06",
                // no policy names this role's qualified band yet, so nothing can be promised
                commitment: None,
                proposal: "2021-12-08",
                confirmation: "2021-12-10",
                partnership: "2021-12-14",
            },
        },
    )
    .await?;
    let open = |service: &str| {
        let title = "Trainee youth intensive psychological practitioner";
        let closing = "2022-01-21T23:59:00Z";
        vacancy(&agreed.allocation, service, &[], places, title, closing)
    };
    let hr = stage.of(employer, EmployerHr)?;
    let name = format!("{} adult team", employer.name);
    let adults = open_service(stage, employer, "2021-12-15", &community(&name)).await?;
    hr.is_refused(
        format!("{label}/vacancy in an adult team"),
        "2022-01-04",
        Reason::SettingNotPermitted,
        open(&adults),
    )
    .await?;
    let vacancy = hr
        .does(
            format!("{label}/vacancy"),
            "2022-01-04",
            open(&clinical_service),
        )
        .await?
        .name;
    Ok(Cohort {
        label,
        stage,
        commissioner: &cast.commissioner,
        employer,
        university: &cast.exeter,
        vacancy,
        commitment: agreed.commitment,
        clinical_service,
        supervisor,
    })
}

/// All 29 start in March 2022; a CBT therapist cannot supervise any of them (`SUP-07`).
pub(super) async fn start_all(
    stage: &Stage<'_>,
    cast: &Cast,
    [london, midlands]: &[Cohort<'_>; 2],
    people: &[Candidate],
) -> Result<(), PlayError> {
    let (of_london, of_midlands) = people.split_at(usize::try_from(YIPP_PILOT[0]).unwrap_or(0));
    let recruits = [(london, of_london), (midlands, of_midlands)];
    let trainees = recruit(&recruits, &YIPP_RECRUITMENT).await?;
    start(&trainees, "2022-03-14", "2022-03-14").await?;
    let [.., employer, _] = &cast.trusts;
    let therapist = SupervisorSketch {
        name: "Invented CBT Therapist",
        register: "babcp",
        number: "INVENTED-9",
        modality: "",
    };
    let therapist = record_supervisor(stage, employer, "2022-03-15", &therapist).await?;
    let Some(first) = trainees.first() else {
        return Ok(());
    };
    let assign = v1::AssignSupervisorRequest {
        application: first.application.clone(),
        supervisor: therapist,
        ..Default::default()
    };
    stage
        .of(employer, EmployerHr)?
        .is_refused(
            "yipp/supervised by a CBT therapist",
            "2022-03-16",
            Reason::SupervisorNotEligible,
            assign,
        )
        .await
}
