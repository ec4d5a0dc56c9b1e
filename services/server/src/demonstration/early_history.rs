//! What is documented of the role's first years, as far as it can be played: how the training was
//! procured in 2021, the first intake of early 2022, the pilot of 29 for another role, the second
//! cohort and its pilots, prisons from April 2024, and the commissioner's succession between them.
//!
//! The months, the succession's day and the number 29 are the sources'; where they give no day or
//! number, a few invented people, organisations and days stand for those there were.
//!
//! - [`yipp`]: the pilot of the other role
//! - [`second_cohort`]: five places over three services
//! - [`pilots`]: prisons and gambling harms
//! - [`days`]: on which days all of them were recruited and trained

mod days;
mod pilots;
mod second_cohort;
mod yipp;

use contract::v1;
use domain::{
    actor::{
        ActingRole::{CommissionerNational, EmployerHr, ProgrammeLead},
        Region,
    },
    programme::Milestone,
    refusal::Reason,
};

use self::days::{
    FIRST_RECRUITMENT, PILOT_RECRUITMENT, YEAR_FROM_APRIL_2024, YEAR_FROM_JANUARY_2022,
    YEAR_FROM_MARCH_2022, YEAR_FROM_SEPTEMBER_2023,
};
use super::{
    cast::{Candidate, Cast, Organisation},
    cohort::{
        Agreement, AgreementDays, Cohort, ServiceSketch, SupervisorSketch, agree, open_service,
        qualify, record_supervisor, recruit, start, train, vacancy,
    },
    stage::{PlayError, Stage, together},
    trainee::Trainee,
};

/// Trainees of the first intake at each of its two employers; no source gives a number.
const FIRST_INTAKE: [i32; 2] = [5, 4];

/// Trainees of the YIPP pilot (`TAXO-15`), over its two invented employers.
const YIPP_PILOT: [i32; 2] = [15, 14];

/// What Health Education England has become part of (`ACTOR-13`).
pub(super) const SUCCESSOR: &str = "NHS England";

/// Plays it, in the order of its dates.
pub(super) async fn play(stage: &Stage<'_>, cast: &Cast) -> Result<(), PlayError> {
    let [south_east, south_west, ..] = &cast.trusts;
    procure(stage, cast).await?;
    let intake = plan_first_intake(stage, cast).await?;
    let first = [
        first_cohort(stage, cast, south_east, &intake, FIRST_INTAKE[0]).await?,
        first_cohort(stage, cast, south_west, &intake, FIRST_INTAKE[1]).await?,
    ];
    let people = first_intake_people();
    let (of_south_east, of_south_west) =
        people.split_at(usize::try_from(FIRST_INTAKE[0]).unwrap_or(0));
    let [south_east, south_west] = &first;
    let recruits = [(south_east, of_south_east), (south_west, of_south_west)];
    let both = recruit(&recruits, &FIRST_RECRUITMENT).await?;
    let (january, march) = both.split_at(of_south_east.len());
    apply_too_late(south_east).await?;
    together(both.iter().map(|t| t.is_funded("2022-01-07"))).await?;
    start(january, "2022-01-10", "2022-01-10").await?;

    let yipp_cohorts = yipp::prepare(stage, cast).await?;
    let yipp_people = yipp_people();
    yipp::start_all(stage, cast, &yipp_cohorts, &yipp_people).await?;

    start(march, "2022-03-21", "2022-03-21").await?;
    train(&[
        (january, &YEAR_FROM_JANUARY_2022),
        (march, &YEAR_FROM_MARCH_2022),
    ])
    .await?;
    graduate(south_east, &both, ["2023-03-29", "2023-03-31"]).await?;
    succeed(stage, cast).await?;
    employ_for_good(&both, "2023-04-03").await?;

    let second = second_cohort::prepare(stage, cast).await?;
    let people = second_cohort_people();
    let second_trainees = second_cohort::recruit_all(&second, &people).await?;

    let pilot_cohorts = pilots::prepare(stage, cast).await?;
    let pilot_people = pilot_people();
    let (of_prisons, of_gambling) = pilot_people.split_at(4);
    let [prisons, gambling] = &pilot_cohorts;
    let recruits = [(prisons, of_prisons), (gambling, of_gambling)];
    let pilot_trainees = recruit(&recruits, &PILOT_RECRUITMENT).await?;
    together(pilot_trainees.iter().map(|t| t.is_funded("2024-03-01"))).await?;
    start(&pilot_trainees, "2024-04-01", "2024-04-01").await?;

    train(&[
        (&second_trainees, &YEAR_FROM_SEPTEMBER_2023),
        (&pilot_trainees, &YEAR_FROM_APRIL_2024),
    ])
    .await?;
    graduate(&second[0], &second_trainees, ["2024-09-11", "2024-09-13"]).await?;
    employ_for_good(&second_trainees, "2024-10-01").await?;
    graduate(prisons, &pilot_trainees, ["2025-04-09", "2025-04-11"]).await?;
    employ_for_good(&pilot_trainees, "2025-05-06").await
}

/// The first intake's people.
pub(super) fn first_intake_people() -> Vec<Candidate> {
    people("first", 1_000, FIRST_INTAKE.iter().sum())
}

/// The 29 of the YIPP pilot; all graduates, as its one route asks.
pub(super) fn yipp_people() -> Vec<Candidate> {
    people("yipp", 1_100, YIPP_PILOT.iter().sum())
        .into_iter()
        .map(|candidate| Candidate {
            graduate: true,
            ..candidate
        })
        .collect()
}

/// The second cohort's people.
pub(super) fn second_cohort_people() -> Vec<Candidate> {
    people("second", 1_200, 5)
}

/// Those of the prisons and gambling harms pilots.
pub(super) fn pilot_people() -> Vec<Candidate> {
    people("pilot", 1_300, 5)
}

/// Invented people; every fifth has no degree.
fn people(of: &str, serials_after: u32, count: i32) -> Vec<Candidate> {
    (1..=u32::try_from(count).unwrap_or(0))
        .map(|n| Candidate::new(&format!("{of}-{n}"), serials_after + n, n % 5 != 0))
        .collect()
}

fn milestone(role: &str, milestone: Milestone) -> v1::ReachMilestoneRequest {
    v1::ReachMilestoneRequest {
        role: role.to_owned(),
        milestone: milestone.to_string(),
        ..Default::default()
    }
}

fn contract(
    role: &str,
    university: &Organisation,
    regions: &[Region],
) -> v1::ContractProviderRequest {
    v1::ContractProviderRequest {
        role: role.to_owned(),
        university: university.tenant.to_string(),
        regions: regions.iter().map(Region::to_string).collect(),
        ..Default::default()
    }
}

/// The delivery timeline of 2021 (`TIME-01..05`), taken for the pilot role's as well.
async fn procure(stage: &Stage<'_>, cast: &Cast) -> Result<(), PlayError> {
    use Milestone as M;
    let national = stage.of(&cast.commissioner, CommissionerNational)?;
    for role in ["MHWP", "YIPP"] {
        for (reached, on) in [
            (M::SpecificationDeveloped, "2021-06-30"),
            (M::ProcurementOpened, "2021-07-15"),
            (M::TenderClosed, "2021-08-31"),
        ] {
            national
                .does(format!("{role}/{reached:?}"), on, milestone(role, reached))
                .await?;
        }
        let too_early = contract(role, &cast.provider, &[Region::NorthWest]);
        national
            .is_refused(
                format!("{role}/contract before ratification"),
                "2021-09-15",
                Reason::StateNotAllowed,
                too_early,
            )
            .await?;
        for reached in [M::ContractsRatified, M::EmployersEngaged] {
            national
                .does(
                    format!("{role}/{reached:?}"),
                    "2021-10-04",
                    milestone(role, reached),
                )
                .await?;
        }
    }
    Ok(())
}

pub(super) fn intake(
    commissioner: &Organisation,
    role: &str,
    title: &str,
    [teaching_start, last_start, training_end, board_date]: [&str; 4],
    capacity: &[(i32, i32)],
) -> v1::PlanIntakeRequest {
    v1::PlanIntakeRequest {
        commissioner: commissioner.tenant.to_string(),
        role: role.to_owned(),
        title: title.to_owned(),
        teaching_start: teaching_start.to_owned(),
        last_start: last_start.to_owned(),
        training_end: training_end.to_owned(),
        board_date: board_date.to_owned(),
        curriculum_version: "v1".to_owned(),
        capacity: capacity
            .iter()
            .map(|&(level, places)| v1::RouteCapacity { level, places })
            .collect(),
        ..Default::default()
    }
}

/// An intake whose trainees start between January and March 2022 (`TIME-07`), with both routes.
async fn plan_first_intake(stage: &Stage<'_>, cast: &Cast) -> Result<String, PlayError> {
    let days = ["2022-01-10", "2022-03-21", "2023-03-20", "2023-03-29"];
    let programme_lead = stage.of(&cast.provider, ProgrammeLead)?;
    let title = "MHWP, first intake";
    programme_lead
        .is_refused(
            "first/intake with one route",
            "2021-10-07",
            Reason::BothRoutesRequired,
            intake(&cast.commissioner, "MHWP", title, days, &[(7, 20)]),
        )
        .await?;
    let plan = intake(&cast.commissioner, "MHWP", title, days, &[(7, 12), (6, 8)]);
    Ok(programme_lead
        .does("first/plan", "2021-10-08", plan)
        .await?
        .name)
}

/// A clinical service and a clinical psychologist to supervise in it.
async fn establish(
    stage: &Stage<'_>,
    employer: &Organisation,
    on: &str,
    service: &ServiceSketch<'_>,
) -> Result<(String, String), PlayError> {
    let clinical_service = open_service(stage, employer, on, service).await?;
    let number = format!("PYL91{:04}", u32::from(employer.tenant.slice()));
    let name = format!("Invented Supervisor, {}", service.name);
    let supervisor = SupervisorSketch {
        name: &name,
        register: "hcpc",
        number: &number,
        modality: "clinical_psychologist",
    };
    let supervisor = record_supervisor(stage, employer, on, &supervisor).await?;
    Ok((clinical_service, supervisor))
}

fn community<'a>(name: &'a str) -> ServiceSketch<'a> {
    ServiceSketch {
        name,
        setting: "adult_community",
        population: "severe_mental_illness",
        sites: &[],
    }
}

/// One employer of the first intake, up to its open vacancy.
async fn first_cohort<'a>(
    stage: &'a Stage<'a>,
    cast: &'a Cast,
    employer: &'a Organisation,
    intake: &str,
    places: i32,
) -> Result<Cohort<'a>, PlayError> {
    let label = format!("first/{}", employer.slug);
    let hr = stage.of(employer, EmployerHr)?;
    let name = format!("{} community mental health", employer.name);
    let (clinical_service, supervisor) =
        establish(stage, employer, "2021-09-20", &community(&name)).await?;
    let agreed = agree(
        stage,
        &Agreement {
            label: &label,
            commissioner: &cast.commissioner,
            employer,
            university: &cast.provider,
            role: "MHWP",
            intake,
            supervisors: std::slice::from_ref(&supervisor),
            places,
            pilot: "",
            days: AgreementDays {
                interest: "2021-10-08",
                readiness: "2021-10-11",
                commitment: Some("2021-10-12"),
                proposal: "2021-10-13",
                confirmation: "2021-10-18",
                partnership: "2021-10-25",
            },
        },
    )
    .await?;
    let open = |service: &str| {
        let title = "Trainee mental health and wellbeing practitioner";
        let closing = "2021-11-30T23:59:00Z";
        vacancy(&agreed.allocation, service, &[], places, title, closing)
    };
    // the university of the partnership has to be contracted first (`TIME-04`)
    let contracted: Vec<_> = employer.region.into_iter().collect();
    hr.is_refused(
        format!("{label}/vacancy without a contract"),
        "2021-10-28",
        Reason::ProviderNotContracted,
        open(&clinical_service),
    )
    .await?;
    stage
        .of(&cast.commissioner, CommissionerNational)?
        .does(
            format!("{label}/contract"),
            "2021-10-29",
            contract("MHWP", &cast.provider, &contracted),
        )
        .await?;
    // neither are these settings open to the first intake (`SET-01`, `SET-05`)
    for setting in ["camhs", "drug_and_alcohol"] {
        let name = format!("{} {setting}", employer.name);
        let sketch = ServiceSketch {
            setting,
            ..community(&name)
        };
        let service = open_service(stage, employer, "2021-10-29", &sketch).await?;
        hr.is_refused(
            format!("{label}/vacancy in {setting}"),
            "2021-10-29",
            Reason::SettingNotPermitted,
            open(&service),
        )
        .await?;
    }
    let vacancy = hr
        .does(
            format!("{label}/vacancy"),
            "2021-11-01",
            open(&clinical_service),
        )
        .await?
        .name;
    Ok(Cohort {
        label,
        stage,
        commissioner: &cast.commissioner,
        employer,
        university: &cast.provider,
        vacancy,
        commitment: agreed.commitment,
        clinical_service,
        supervisor,
    })
}

/// The recruitment window is over (`TIME-06`).
async fn apply_too_late(cohort: &Cohort<'_>) -> Result<(), PlayError> {
    let late = Candidate::new("late", 1_099, true);
    let request = v1::SubmitApplicationRequest {
        vacancy: cohort.vacancy.clone(),
        name: late.name.clone(),
        contact: "late@invented.example".to_owned(),
        statement: "A day too late. (Invented.)".to_owned(),
        entry_source: "external".to_owned(),
        degree: "held".to_owned(),
        ..Default::default()
    };
    cohort
        .stage
        .candidate(&late)?
        .is_refused(
            format!("{}/apply too late", cohort.label),
            "2021-12-01",
            Reason::CampaignClosed,
            request,
        )
        .await
}

/// A board passes everybody, two days later the results are released.
async fn graduate(
    cohort: &Cohort<'_>,
    trainees: &[Trainee<'_>],
    [held, released]: [&str; 2],
) -> Result<(), PlayError> {
    let sitting = cohort.board_sits(held, "MHWP", "qualifying").await?;
    qualify(trainees, &sitting, held, released).await
}

/// The promised posts, band 5 and permanent (`FUND-04`: from the month the training ends).
async fn employ_for_good(trainees: &[Trainee<'_>], on: &str) -> Result<(), PlayError> {
    together(trainees.iter().map(|t| t.commitment_is_due())).await?;
    together(trainees.iter().map(|t| t.takes_qualified_post(on))).await?;
    together(trainees.iter().map(|t| t.preceptorship_has_started())).await?;
    Ok(())
}

/// Health Education England becomes part of NHS England: same tenant, same records (`ACTOR-13`).
async fn succeed(stage: &Stage<'_>, cast: &Cast) -> Result<(), PlayError> {
    let request = v1::SucceedTenantRequest {
        tenant: cast.commissioner.tenant.to_string(),
        display_name: SUCCESSOR.to_owned(),
        ..Default::default()
    };
    stage
        .platform()?
        .does("commissioner/succession", "2023-04-01", request)
        .await?;
    Ok(())
}
