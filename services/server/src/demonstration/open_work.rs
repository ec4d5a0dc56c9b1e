//! What is left to do, for people who look: a year after the intake that is told in full, another one
//! has come to its board, and the next is being recruited. Nobody's page of decisions is empty.
//!
//! Left open: applications without a shortlist, one to interview and one to decide; an instalment, a
//! promised post, a board for a resit, a training without a supervisor, and a dispute.

use contract::v1;
use domain::actor::ActingRole::{Auditor, EmployerHr, ProfessionalLead, ProgrammeLead};

use super::{
    cast::{Candidate, Cast},
    cohort::{
        Act, Agreement, AgreementDays, Cohort, RecruitmentDays, agree, recruit, start, train,
        vacancy,
    },
    early_history::intake,
    stage::{Caller, PlayError, Stage, request_id, together},
    trainee::{
        Hours, Outcome,
        Side::{Employer, University},
        Trainee,
    },
};

/// The last step.
pub(super) const LAST_STEP: &str = "MHWP-2030-03/d4/open round";

const TITLE: &str = "Trainee mental health and wellbeing practitioner";

const RECRUITMENT: RecruitmentDays<'_> = RecruitmentDays {
    applied: "2028-06-05",
    shortlisted: ["2028-06-12", "2028-06-13"],
    interviewed: "2028-06-20",
    decided: ["2028-06-21", "2028-06-22"],
    offered: "2028-06-26",
    accepted: "2028-06-28",
    cleared: [
        "2028-07-03",
        "2028-07-05",
        "2028-07-07",
        "2028-07-10",
        "2028-07-14",
        "2028-07-21",
    ],
    conditions_met: "2028-07-24",
};

/// Eleven of twelve instalments: the last is still to be approved.
const YEAR: [(&str, Act); 19] = [
    ("2028-09-29", Act::Pay(1)),
    ("2028-10-31", Act::Pay(2)),
    ("2028-11-17", Act::Review),
    ("2028-11-30", Act::Pay(3)),
    ("2028-11-30", Act::Practise(QUARTER)),
    ("2028-12-29", Act::Pay(4)),
    ("2029-01-31", Act::Pay(5)),
    ("2029-02-28", Act::Pay(6)),
    ("2029-02-28", Act::Practise(QUARTER)),
    ("2029-03-16", Act::Review),
    ("2029-03-29", Act::Pay(7)),
    ("2029-04-30", Act::Pay(8)),
    ("2029-05-31", Act::Pay(9)),
    ("2029-05-31", Act::Practise(QUARTER)),
    ("2029-06-15", Act::Review),
    ("2029-06-29", Act::Pay(10)),
    ("2029-07-31", Act::Pay(11)),
    ("2029-07-31", Act::Practise(QUARTER)),
    ("2029-08-17", Act::Portfolio),
];

/// A quarter of the year's practice, in quarter-hours.
const QUARTER: Hours = Hours {
    contact: 96,
    intervention: 52,
    care_planning: 12,
    case_management: 23,
    clinical_skills: 23,
};

/// Plays it.
pub(super) async fn play(stage: &Stage<'_>, cast: &Cast) -> Result<(), PlayError> {
    let lead = stage.of(&cast.northmoor, ProfessionalLead)?;
    let supervisor = recorded(&lead, "northmoor/supervisor Invented Supervisor S1").await?;
    let hr = stage.of(&cast.northmoor, EmployerHr)?;
    let service = recorded(&hr, "northmoor/Northmoor community mental health/open").await?;
    let of = Campaign {
        stage,
        cast,
        supervisor,
        service,
    };

    let trained = of
        .opens(
            "MHWP-2028-09",
            ["2028-09-04", "2028-09-04", "2029-09-03", "2029-09-12"],
            [
                "2028-04-06",
                "2028-04-10",
                "2028-04-18",
                "2028-04-24",
                "2028-05-02",
                "2028-05-09",
                "2028-05-15",
                "2028-05-22",
            ],
            "2028-06-09T22:59:00Z",
        )
        .await?;
    let people = [1, 2, 3, 4].map(|n| Candidate::new(&format!("e{n}"), 5_000 + n, true));
    let trainees = recruit(&[(&trained, &people)], &RECRUITMENT).await?;
    together(trainees.iter().map(|t| t.is_funded("2028-07-31"))).await?;
    start(&trainees, "2028-08-28", "2028-09-04").await?;
    train(&[(&trainees, &YEAR)]).await?;
    let referred = ends(&trained, &trainees).await?;
    dispute(stage, cast, referred).await?;

    let next = of
        .opens(
            "MHWP-2030-03",
            ["2030-03-04", "2030-03-04", "2031-03-03", "2031-03-12"],
            [
                "2029-09-17",
                "2029-09-17",
                "2029-09-18",
                "2029-09-18",
                "2029-09-19",
                "2029-09-20",
                "2029-09-21",
                "2029-09-24",
            ],
            "2029-11-30T23:59:00Z",
        )
        .await?;
    let people = [1, 2, 3, 4].map(|n| Candidate::new(&format!("d{n}"), 5_100 + n, n != 2));
    waits(&next, &people).await
}

/// The name of what an earlier step made.
async fn recorded(by: &Caller<'_>, step: &str) -> Result<String, PlayError> {
    let receipt = by.receipt_of(step, &request_id(step)).await?;
    receipt
        .map(|receipt| receipt.name)
        .ok_or_else(|| PlayError::Unexpected {
            step: step.to_owned(),
            what: "it has not been played".to_owned(),
        })
}

/// What the campaigns have in common.
struct Campaign<'a> {
    stage: &'a Stage<'a>,
    cast: &'a Cast,
    supervisor: String,
    service: String,
}

impl<'a> Campaign<'a> {
    /// From the intake's plan to the open vacancy: the plan, six days of an agreement, the vacancy.
    async fn opens(
        &self,
        label: &str,
        intake_days: [&str; 4],
        [
            planned,
            interest,
            readiness,
            commitment,
            proposal,
            confirmation,
            partnership,
            opened,
        ]: [&str; 8],
        closing: &str,
    ) -> Result<Cohort<'a>, PlayError> {
        let Cast {
            commissioner,
            northmoor,
            wexcombe,
            ..
        } = self.cast;
        let plan = v1::PlanIntakeRequest {
            curriculum_version: "v2".to_owned(),
            ..intake(commissioner, "MHWP", label, intake_days, &[(7, 12), (6, 8)])
        };
        let planned = self
            .stage
            .of(wexcombe, ProgrammeLead)?
            .does(format!("{label}/plan"), planned, plan)
            .await?;
        let agreed = agree(
            self.stage,
            &Agreement {
                label,
                commissioner,
                employer: northmoor,
                university: wexcombe,
                role: "MHWP",
                intake: &planned.name,
                supervisors: std::slice::from_ref(&self.supervisor),
                places: 5,
                pilot: "",
                days: AgreementDays {
                    interest,
                    readiness,
                    commitment: Some(commitment),
                    proposal,
                    confirmation,
                    partnership,
                },
            },
        )
        .await?;
        let open = vacancy(&agreed.allocation, &self.service, &[], 5, TITLE, closing);
        let vacancy = self
            .stage
            .of(northmoor, EmployerHr)?
            .does(format!("{label}/vacancy"), opened, open)
            .await?;
        Ok(Cohort {
            label: label.to_owned(),
            stage: self.stage,
            commissioner,
            employer: northmoor,
            university: wexcombe,
            vacancy: vacancy.name,
            commitment: agreed.commitment,
            clinical_service: self.service.clone(),
            supervisor: self.supervisor.clone(),
        })
    }
}

/// The board of September 2029: three pass and wait for their posts, one is referred, trains on and
/// loses the supervisor.
async fn ends<'t, 'a>(
    cohort: &Cohort<'_>,
    trainees: &'t [Trainee<'a>],
) -> Result<&'t Trainee<'a>, PlayError> {
    let Some((referred, passing)) = trainees.split_last() else {
        return Err(PlayError::Unexpected {
            step: "open/board".to_owned(),
            what: "nobody was recruited".to_owned(),
        });
    };
    let sitting = cohort
        .board_sits("2029-09-12", "MHWP", "qualifying")
        .await?;
    for t in passing {
        t.outcome_is_ratified("2029-09-12", &sitting, Outcome::Pass)
            .await?;
    }
    let refer = Outcome::Refer {
        module: "module 2",
        due: "2029-11-16",
        next_board: "2029-12-12",
    };
    referred
        .outcome_is_ratified("2029-09-12", &sitting, refer)
        .await?;
    for t in trainees {
        t.result_is_released("2029-09-14").await?;
    }
    referred
        .training_is_extended("2029-09-14", "2029-12-31")
        .await?;
    together(passing.iter().map(|t| t.commitment_is_due())).await?;
    referred.supervision_ends("2029-09-28").await?;
    Ok(referred)
}

/// Two wait for a shortlist, one for the interview, one for both sides' word.
async fn waits(cohort: &Cohort<'_>, people: &[Candidate]) -> Result<(), PlayError> {
    let mut applied = vec![];
    for candidate in people {
        let (degree, detail) = match candidate.graduate {
            true => ("held", "BA Invented Studies, 2:1"),
            false => ("none", ""),
        };
        let on = "2029-09-26";
        applied.push(Trainee::applies(cohort, candidate, on, "external", degree, detail).await?);
    }
    let further = applied.iter().skip(2);
    together(
        further
            .clone()
            .map(|t| t.shortlists(Employer, "2029-10-01")),
    )
    .await?;
    together(
        further
            .clone()
            .map(|t| t.shortlists(University, "2029-10-02")),
    )
    .await?;
    for t in further.skip(1) {
        t.is_interviewed("2029-10-03").await?;
        t.round_opens_until("2029-10-03", "2030-01-31T12:00:00Z")
            .await?;
    }
    Ok(())
}

/// The auditor disputes an entry in the training of the one who was referred.
async fn dispute(stage: &Stage<'_>, cast: &Cast, referred: &Trainee<'_>) -> Result<(), PlayError> {
    let request = v1::RaiseDisputeRequest {
        event: Some(v1::RecordedEvent {
            record: referred.training(),
            sequence: 2,
        }),
        reason: "The log of the supervisor shows another day. (Invented.)".to_owned(),
        commissioner: cast.commissioner.tenant.to_string(),
        ..Default::default()
    };
    let auditor = stage.of(&cast.meridian, Auditor)?;
    auditor
        .answers("open/dispute", "2029-09-28", request)
        .await?;
    Ok(())
}
