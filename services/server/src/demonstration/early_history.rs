//! What is documented of the role's first years, as far as it can be played: how the training was
//! procured in 2021, the first intake of early 2022, the pilot of 29 for another role, the second
//! cohort and its pilots, prisons from April 2024, and the commissioner's succession between them.
//!
//! Dates and the number 29 are the sources'; where they give no number, a few invented people and
//! organisations stand for those who were there.

mod days;

use contract::v1;
use domain::{
    actor::{
        ActingRole::{CommissionerNational, EmployerHr, ProfessionalLead, ProgrammeLead},
        Region,
    },
    policy::baseline,
    programme::Milestone,
    refusal::Reason,
};

use self::days::{
    FIRST_RECRUITMENT, PILOT_RECRUITMENT, SECOND_RECRUITMENT, YEAR_FROM_APRIL_2024,
    YEAR_FROM_JANUARY_2022, YEAR_FROM_MARCH_2022, YEAR_FROM_SEPTEMBER_2023, YIPP_RECRUITMENT,
};
use super::{
    cast::{Candidate, Cast, Organisation},
    cohort::{
        Agreed, Agreement, AgreementDays, Cohort, ServiceSketch, SiteSketch, SupervisorSketch,
        agree, open_service, qualify, record_supervisor, recruit, start, train, vacancy,
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

    let yipp = yipp_pilot(stage, cast).await?;
    let yipp_people = yipp_people();
    start_yipp_pilot(stage, cast, &yipp, &yipp_people).await?;

    start(march, "2022-03-21", "2022-03-21").await?;
    train(&[
        (january, &YEAR_FROM_JANUARY_2022),
        (march, &YEAR_FROM_MARCH_2022),
    ])
    .await?;
    graduate(south_east, &both, ["2023-03-29", "2023-03-31"]).await?;
    succeed(stage, cast).await?;
    employ_for_good(&both, "2023-04-03").await?;

    let second = second_cohort(stage, cast).await?;
    let people = second_cohort_people();
    let second_trainees = recruit_second_cohort(&second, &people).await?;

    let pilots = prisons_and_gambling(stage, cast).await?;
    let pilot_people = pilot_people();
    let (of_prisons, of_gambling) = pilot_people.split_at(4);
    let [prisons, gambling] = &pilots;
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

/// The delivery timeline of 2021, for both new roles (`TIME-01..05`, `TAXO-16`).
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

fn intake(
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

/// The pilot of another role: one university, settings for young people, and its own criteria,
/// which the commissioner sets as policy (`TAXO-15..17`, `SET-12`, `SUP-07`).
async fn yipp_pilot<'a>(
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
        yipp_cohort(stage, cast, london, &intake, YIPP_PILOT[0]).await?,
        yipp_cohort(stage, cast, midlands, &intake, YIPP_PILOT[1]).await?,
    ])
}

async fn yipp_cohort<'a>(
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
async fn start_yipp_pilot(
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

/// The second cohort: one organisation spreads five places over its services, 3/1/1, one of them
/// a drug and alcohol service on spare capacity (`JOINT-09`, `SET-05`).
async fn second_cohort<'a>(
    stage: &'a Stage<'a>,
    cast: &'a Cast,
) -> Result<[Cohort<'a>; 3], PlayError> {
    let [_, _, employer, _] = &cast.trusts;
    let hr = stage.of(employer, EmployerHr)?;
    stage
        .of(&cast.commissioner, CommissionerNational)?
        .does(
            "second/contract",
            "2023-04-17",
            contract("MHWP", &cast.provider, &[Region::London]),
        )
        .await?;
    let days = ["2023-09-04", "2023-09-04", "2024-09-03", "2024-09-11"];
    let plan = intake(
        &cast.commissioner,
        "MHWP",
        "MHWP, second cohort",
        days,
        &[(7, 12), (6, 8)],
    );
    let intake = stage
        .of(&cast.provider, ProgrammeLead)?
        .does("second/plan", "2023-04-18", plan)
        .await?
        .name;
    let (north, supervisor) = establish(
        stage,
        employer,
        "2023-04-19",
        &community("Invented Trust 3, north"),
    )
    .await?;
    let south = community("Invented Trust 3, south");
    let south = open_service(stage, employer, "2023-04-19", &south).await?;
    let drug_and_alcohol = ServiceSketch {
        name: "Invented Trust 3, drug and alcohol",
        setting: "drug_and_alcohol",
        population: "drug_and_alcohol",
        sites: &[],
    };
    let drug_and_alcohol = open_service(stage, employer, "2023-04-19", &drug_and_alcohol).await?;
    let agreed = agree(
        stage,
        &Agreement {
            label: "second",
            commissioner: &cast.commissioner,
            employer,
            university: &cast.provider,
            role: "MHWP",
            intake: &intake,
            supervisors: std::slice::from_ref(&supervisor),
            places: 5,
            pilot: "",
            days: AgreementDays {
                interest: "2023-04-20",
                readiness: "2023-04-24",
                commitment: Some("2023-04-26"),
                proposal: "2023-05-02",
                confirmation: "2023-05-09",
                partnership: "2023-05-15",
            },
        },
    )
    .await?;
    let mut cohorts = vec![];
    for (service, posts) in [(&north, 3), (&south, 1), (&drug_and_alcohol, 1)] {
        let label = format!("second/vacancy {}", cohorts.len() + 1);
        let title = "Trainee mental health and wellbeing practitioner";
        let closing = "2023-06-09T22:59:00Z";
        let open = vacancy(&agreed.allocation, service, &[], posts, title, closing);
        let vacancy = hr.does(label.clone(), "2023-05-22", open).await?.name;
        cohorts.push(Cohort {
            label,
            stage,
            commissioner: &cast.commissioner,
            employer,
            university: &cast.provider,
            vacancy,
            commitment: agreed.commitment.clone(),
            clinical_service: service.clone(),
            supervisor: supervisor.clone(),
        });
    }
    // five places are five places
    let title = "A sixth place";
    let sixth = vacancy(
        &agreed.allocation,
        &north,
        &[],
        1,
        title,
        "2023-06-09T22:59:00Z",
    );
    hr.is_refused(
        "second/sixth place",
        "2023-05-23",
        Reason::CapacityExceeded,
        sixth,
    )
    .await?;
    cohorts.try_into().map_err(|_| PlayError::Unexpected {
        step: "second".to_owned(),
        what: "three vacancies were to be opened".to_owned(),
    })
}

async fn recruit_second_cohort<'a>(
    [north, south, drug_and_alcohol]: &'a [Cohort<'a>; 3],
    people: &'a [Candidate],
) -> Result<Vec<Trainee<'a>>, PlayError> {
    let (of_north, others) = people.split_at(3);
    let (of_south, of_drug_and_alcohol) = others.split_at(1);
    let recruits = [
        (north, of_north),
        (south, of_south),
        (drug_and_alcohol, of_drug_and_alcohol),
    ];
    let trainees = recruit(&recruits, &SECOND_RECRUITMENT).await?;
    together(trainees.iter().map(|t| t.is_funded("2023-08-01"))).await?;
    start(&trainees, "2023-09-01", "2023-09-04").await?;
    Ok(trainees)
}

/// Prisons from 1 April 2024, at sites with an integrated team and a practitioner psychologist;
/// gambling harms in the Midlands (`SET-06`, `SET-07`, `ALLOC-16..18`; D.16).
async fn prisons_and_gambling<'a>(
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
