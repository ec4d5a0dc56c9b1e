//! The intake MHWP-2026-03, told in full: five places of Northmoor at Wexcombe. C1 goes straight
//! through, C2 meets a split decision, C3's degree is confirmed late, C4 has none, C5 is referred
//! by the board and passes the resit. The days are those of the scenarios.

use contract::v1;
use domain::actor::{
    ActingRole::{CommissionerNational, EmployerHr, ProgrammeLead},
    Region,
};

use super::{
    cast::{Candidate, Cast},
    cohort::{
        Act, Agreement, AgreementDays, Cohort, ServiceSketch, SupervisorSketch, agree,
        open_service, record_supervisor, train, vacancy,
    },
    stage::{PlayError, Stage, together},
    trainee::{
        Hours, Outcome,
        Side::{Employer, University},
        Trainee, accept, reject,
    },
};

/// The label of the intake's steps.
pub(super) const LABEL: &str = "MHWP-2026-03";

/// The last step of the play.
pub(super) const LAST_STEP: &str = "MHWP-2026-03/c1/preceptorship signed off";

/// C1 to C5.
pub(super) fn candidates() -> [Candidate; 5] {
    [
        Candidate::new("c1", 1, true),
        Candidate::new("c2", 2, false),
        Candidate::new("c3", 3, true),
        Candidate::new("c4", 4, false),
        Candidate::new("c5", 5, true),
    ]
}

/// Salary month by month, practice and reviews: 96 contact hours, 52 of interventions, 46 of
/// supervision, halved between case management and clinical skills.
const YEAR: [(&str, Act); 20] = [
    ("2026-03-31", Act::Pay(1)),
    ("2026-04-30", Act::Pay(2)),
    ("2026-05-15", Act::Review),
    ("2026-05-29", Act::Pay(3)),
    ("2026-05-29", Act::Practise(QUARTER)),
    ("2026-06-30", Act::Pay(4)),
    ("2026-07-31", Act::Pay(5)),
    ("2026-08-28", Act::Pay(6)),
    ("2026-08-28", Act::Practise(QUARTER)),
    ("2026-09-18", Act::Review),
    ("2026-09-30", Act::Pay(7)),
    ("2026-10-30", Act::Pay(8)),
    ("2026-11-27", Act::Practise(QUARTER)),
    ("2026-11-30", Act::Pay(9)),
    ("2026-12-31", Act::Pay(10)),
    ("2027-01-22", Act::Review),
    ("2027-01-29", Act::Pay(11)),
    ("2027-01-29", Act::Practise(QUARTER)),
    ("2027-02-19", Act::Portfolio),
    ("2027-02-26", Act::Pay(12)),
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
    let cohort = open(stage, cast).await?;
    let candidates = candidates();
    let [c1, c2, c3, c4, c5] = apply(&cohort, &candidates).await?;
    decide_blind(&cohort, [&c1, &c2, &c3, &c4, &c5]).await?;
    reconsider(&c2).await?;
    clear([&c1, &c2, &c3, &c4, &c5]).await?;
    begin([&c1, &c2, &c3, &c4, &c5]).await?;
    let all = [c1.clone(), c2.clone(), c3.clone(), c4.clone(), c5.clone()];
    train(&[(&all, &YEAR)]).await?;
    pass_or_refer(&cohort, [&c1, &c2, &c3, &c4], &c5).await?;
    settle([&c1, &c2, &c3, &c4], &c5).await?;
    pass_resit(&cohort, &c5).await?;
    complete(&c1).await
}

/// D.1, steps 1 to 6: from the intake's plan to the open vacancy.
async fn open<'a>(stage: &'a Stage<'a>, cast: &'a Cast) -> Result<Cohort<'a>, PlayError> {
    let Cast {
        commissioner,
        northmoor,
        wexcombe,
        ..
    } = cast;
    let intake = v1::PlanIntakeRequest {
        commissioner: commissioner.tenant.to_string(),
        role: "MHWP".to_owned(),
        title: LABEL.to_owned(),
        teaching_start: "2026-03-02".to_owned(),
        last_start: "2026-03-02".to_owned(),
        training_end: "2027-03-01".to_owned(),
        board_date: "2027-03-10".to_owned(),
        curriculum_version: "v2".to_owned(),
        capacity: vec![
            v1::RouteCapacity {
                level: 7,
                places: 12,
            },
            v1::RouteCapacity {
                level: 6,
                places: 8,
            },
        ],
        ..Default::default()
    };
    let contract = v1::ContractProviderRequest {
        role: "MHWP".to_owned(),
        university: wexcombe.tenant.to_string(),
        regions: vec![Region::NorthWest.to_string()],
        ..Default::default()
    };
    stage
        .of(commissioner, CommissionerNational)?
        .does(format!("{LABEL}/contract"), "2025-07-01", contract)
        .await?;
    let intake = stage
        .of(wexcombe, ProgrammeLead)?
        .does(format!("{LABEL}/plan"), "2025-09-01", intake)
        .await?
        .name;

    let service = ServiceSketch {
        name: "Northmoor community mental health",
        setting: "adult_community",
        population: "severe_mental_illness",
        sites: &[],
    };
    let clinical_service = open_service(stage, northmoor, "2025-09-01", &service).await?;
    let s1 = SupervisorSketch {
        name: "Invented Supervisor S1",
        register: "hcpc",
        number: "PYL900001",
        modality: "clinical_psychologist",
    };
    let s2 = SupervisorSketch {
        name: "Invented Supervisor S2",
        register: "babcp",
        number: "INVENTED-2",
        modality: "",
    };
    let s3 = SupervisorSketch {
        name: "Invented Supervisor S3",
        register: "hcpc",
        number: "PYL900003",
        modality: "counselling_psychologist",
    };
    let s1 = record_supervisor(stage, northmoor, "2025-09-02", &s1).await?;
    let s2 = record_supervisor(stage, northmoor, "2025-09-02", &s2).await?;
    record_supervisor(stage, northmoor, "2025-09-02", &s3).await?;

    let agreed = agree(
        stage,
        &Agreement {
            label: LABEL,
            commissioner,
            employer: northmoor,
            university: wexcombe,
            role: "MHWP",
            intake: &intake,
            supervisors: &[s1.clone(), s2],
            places: 5,
            pilot: "",
            days: AgreementDays {
                interest: "2025-09-08",
                readiness: "2025-09-22",
                commitment: Some("2025-10-06"),
                proposal: "2025-10-20",
                confirmation: "2025-10-27",
                partnership: "2025-11-03",
            },
        },
    )
    .await?;
    let open = vacancy(
        &agreed.allocation,
        &clinical_service,
        &[],
        5,
        "Trainee mental health and wellbeing practitioner",
        "2025-11-30T23:59:00Z",
    );
    let vacancy = stage
        .of(northmoor, EmployerHr)?
        .does(format!("{LABEL}/vacancy"), "2025-11-10", open)
        .await?
        .name;
    Ok(Cohort {
        label: LABEL.to_owned(),
        stage,
        commissioner,
        employer: northmoor,
        university: wexcombe,
        vacancy,
        commitment: agreed.commitment,
        clinical_service,
        supervisor: s1,
    })
}

/// D.1, step 7, and D.4, step 1: the applications.
async fn apply<'a>(
    cohort: &'a Cohort<'a>,
    [c1, c2, c3, c4, c5]: &'a [Candidate; 5],
) -> Result<[Trainee<'a>; 5], PlayError> {
    let c1 = Trainee::applies(
        cohort,
        c1,
        "2025-11-21",
        "external",
        "held",
        "BSc Sociology",
    );
    let c1 = c1.await?;
    let c2 = Trainee::applies(cohort, c2, "2025-11-24", "external", "none", "").await?;
    let c3 = Trainee::applies(cohort, c3, "2025-11-24", "external", "pending", "").await?;
    let evidence = "Two years of a BA in Invented Studies, result awaited";
    c3.study_evidence("2025-11-24", "prior_study", evidence)
        .await?;
    let c5 = Trainee::applies(cohort, c5, "2025-11-24", "external", "held", "BA History");
    let c5 = c5.await?;
    let c4 = Trainee::applies(cohort, c4, "2025-11-25", "internal_staff", "none", "").await?;
    let evidence = "Level 5 diploma, 2024";
    c4.study_evidence("2025-11-25", "prior_study", evidence)
        .await?;
    Ok([c1, c2, c3, c4, c5])
}

/// D.1, steps 8 to 10; D.2, steps 1 to 3; D.4, step 2: nothing of one side shows before the reveal.
async fn decide_blind(cohort: &Cohort<'_>, all: [&Trainee<'_>; 5]) -> Result<(), PlayError> {
    let [c1, c2, c3, c4, c5] = all;
    together(all.map(|t| t.shortlists(Employer, "2025-12-03"))).await?;
    together(all.map(|t| t.shortlists(University, "2025-12-04"))).await?;
    together(all.map(|t| t.is_interviewed("2025-12-11"))).await?;
    together(all.map(|t| t.round_opens("2025-12-11"))).await?;

    let morning = "2025-12-12T09:14:00Z";
    c1.decides(Employer, morning, 1, accept(Employer, 82, &[]))
        .await?;
    c2.decides(Employer, morning, 1, accept(Employer, 78, &[]))
        .await?;
    for other in [c3, c4, c5] {
        other
            .decides(Employer, morning, 1, accept(Employer, 75, &[]))
            .await?;
    }
    let licence = accept(Employer, 78, &["driving_licence"]);
    c2.amends(Employer, "2025-12-14", 1, licence).await?;
    // what the university may know of the employer's decision, which is nothing
    shows_only_that_it_waits(cohort, c1).await?;

    let afternoon = "2025-12-15T16:40:00Z";
    c2.cannot_be_accepted_without_evidence("2025-12-15").await?;
    let not_shown = reject(University, 41, "ability_to_study");
    c2.decides(University, afternoon, 1, not_shown).await?;
    for other in [c1, c3, c4, c5] {
        other
            .decides(University, afternoon, 1, accept(University, 70, &[]))
            .await?;
    }
    for t in [c1, c3, c4, c5] {
        t.is_offered("2025-12-16").await?;
        t.accepts("2025-12-18").await?;
    }
    Ok(())
}

/// The one thing both sides see of an application before the reveal.
async fn shows_only_that_it_waits(
    cohort: &Cohort<'_>,
    trainee: &Trainee<'_>,
) -> Result<(), PlayError> {
    let step = "live/before the reveal";
    let request = v1::GetApplicationRequest {
        name: trainee.application.clone(),
    };
    let answer = cohort
        .stage
        .of(cohort.university, ProgrammeLead)?
        .asks(step, request)
        .await?;
    let state = answer.application.map(|application| application.state());
    if state == Some(v1::ApplicationState::AwaitingJointOutcome) {
        return Ok(());
    }
    Err(PlayError::Unexpected {
        step: step.to_owned(),
        what: format!("the university should see \"awaiting joint outcome\", not {state:?}"),
    })
}

/// D.2, steps 4 and 5: feedback, new evidence, a second round, and an appointment at level 6.
async fn reconsider(c2: &Trainee<'_>) -> Result<(), PlayError> {
    c2.feedback_is_released(
        "2025-12-16",
        "The ability to study at level 6 is not shown yet.",
    )
    .await?;
    let evidence = "Level 5 certificate in counselling skills";
    c2.study_evidence("2025-12-18", "prior_study", evidence)
        .await?;
    c2.reconsideration_is_requested("2025-12-18").await?;
    c2.reconsideration_is_agreed("2025-12-19").await?;
    c2.decides(University, "2025-12-22", 2, accept(University, 66, &[]))
        .await?;
    let licence = accept(Employer, 78, &["driving_licence"]);
    c2.decides(Employer, "2025-12-23", 2, licence).await?;
    c2.is_offered("2025-12-29").await?;
    c2.accepts("2025-12-31").await
}

/// D.1, steps 11 and 12; D.4, step 3: checks, conditions, lock and award.
async fn clear(all: [&Trainee<'_>; 5]) -> Result<(), PlayError> {
    let [.., c3, _, _] = all;
    let days = [
        "2026-01-05",
        "2026-01-09",
        "2026-01-14",
        "2026-01-19",
        "2026-01-30",
        "2026-02-13",
    ];
    // a degree confirmed before enrolment changes the route
    c3.study_evidence("2026-01-20", "degree", "BA Invented Studies, 2:1")
        .await?;
    together(all.map(|t| t.is_cleared(&days))).await?;
    for t in all {
        let conditions: &[&str] = match t.candidate.slug.as_str() {
            "c2" => &["driving_licence"],
            _ => &[],
        };
        t.meets_conditions("2026-02-16", conditions, &[]).await?;
    }
    for t in all {
        t.lock_is_checked("2026-02-16", "2026-03-02").await?;
    }
    together(all.map(|t| t.is_funded("2026-02-16"))).await?;
    Ok(())
}

/// D.1, step 13, and D.4, step 4: employed, enrolled, in training.
async fn begin(all: [&Trainee<'_>; 5]) -> Result<(), PlayError> {
    let [_, _, _, c4, _] = all;
    together(all.map(|t| t.is_employed("2026-02-23", 4))).await?;
    c4.is_not_enrolled_at("2026-03-02", 7).await?;
    let level = |t: &Trainee<'_>| if t.candidate.graduate { 7 } else { 6 };
    together(all.map(|t| t.is_enrolled("2026-03-02", level(t)))).await?;
    together(all.map(|t| t.training_has_started())).await?;
    together(all.map(|t| t.is_placed("2026-03-02", 4))).await?;
    Ok(())
}

/// D.1, step 16; D.4, step 5; D.7, steps 1 and 2: the board of 10 March.
async fn pass_or_refer(
    cohort: &Cohort<'_>,
    passing: [&Trainee<'_>; 4],
    c5: &Trainee<'_>,
) -> Result<(), PlayError> {
    let kind = "qualifying";
    let sitting = cohort.board_sits("2027-03-10", "MHWP", kind).await?;
    for t in passing {
        t.outcome_is_ratified("2027-03-10", &sitting, Outcome::Pass)
            .await?;
    }
    let refer = Outcome::Refer {
        module: "module 2",
        due: "2027-05-14",
        next_board: "2027-06-16",
    };
    c5.outcome_is_ratified("2027-03-10", &sitting, refer)
        .await?;
    for t in passing.into_iter().chain([c5]) {
        t.result_is_released("2027-03-12").await?;
    }
    c5.training_is_extended("2027-03-15", "2027-06-30").await
}

/// D.1, step 17, and the check of D.7: the promised posts, and none before the qualification.
async fn settle(passed: [&Trainee<'_>; 4], c5: &Trainee<'_>) -> Result<(), PlayError> {
    together(passed.map(|t| t.commitment_is_due())).await?;
    together(passed.map(|t| t.takes_qualified_post("2027-04-05"))).await?;
    c5.cannot_take_qualified_post("2027-04-05").await?;
    together(passed.map(|t| t.preceptorship_has_started())).await?;
    Ok(())
}

/// D.7, steps 3 to 5: the resit board of 16 June.
async fn pass_resit(cohort: &Cohort<'_>, c5: &Trainee<'_>) -> Result<(), PlayError> {
    let kind = "reassessment";
    let sitting = cohort.board_sits("2027-06-16", "MHWP", kind).await?;
    c5.outcome_is_ratified("2027-06-16", &sitting, Outcome::Pass)
        .await?;
    c5.result_is_released("2027-06-18").await?;
    c5.commitment_is_due().await?;
    c5.takes_qualified_post("2027-07-01").await?;
    c5.preceptorship_has_started().await
}

/// D.1, step 18: register entry and a year of preceptorship.
async fn complete(c1: &Trainee<'_>) -> Result<(), PlayError> {
    c1.has_session(Employer, "2027-05-06").await?;
    c1.is_registered("2027-05-14", "bps").await?;
    for on in ["2027-06-10", "2027-09-09", "2027-12-09", "2028-03-09"] {
        c1.has_session(University, on).await?;
    }
    for on in [
        "2027-08-05",
        "2027-10-07",
        "2027-12-16",
        "2028-02-03",
        "2028-03-30",
    ] {
        c1.has_session(Employer, on).await?;
    }
    c1.preceptorship_is_signed_off("2028-04-04").await
}
