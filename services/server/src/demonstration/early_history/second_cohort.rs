//! The second cohort, 2023: spare capacity is offered to drug and alcohol services.

use domain::{
    actor::{
        ActingRole::{CommissionerNational, EmployerHr, ProgrammeLead},
        Region,
    },
    refusal::Reason,
};

use super::{community, contract, days::SECOND_RECRUITMENT, establish, intake};
use crate::demonstration::{
    cast::{Candidate, Cast},
    cohort::{
        Agreement, AgreementDays, Cohort, ServiceSketch, agree, open_service, recruit, start,
        vacancy,
    },
    stage::{PlayError, Stage, together},
    trainee::Trainee,
};

/// The second cohort: one organisation spreads five places over its services, 3/1/1, one of them
/// a drug and alcohol service on spare capacity (`JOINT-09`, `SET-05`).
pub(super) async fn prepare<'a>(
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

pub(super) async fn recruit_all<'a>(
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
