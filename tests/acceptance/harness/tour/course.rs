//! Every way in which a training can leave its plain course.

use domain::actor::ActingRole::FitnessOfficer;
use serde_json::json;

use crate::harness::{
    Cast,
    cast::WEXCOMBE,
    life::{Campaign, Trainee},
};

/// C108: on leave, back with a later intake, in a lighter week, dismissed and reinstated, withdrawn
/// and taken back.
pub(super) async fn winding(cast: &Cast, campaign: &Campaign) -> Trainee {
    let c8 = Trainee::in_training(cast, campaign, 108).await;
    let training = c8.training();
    let employment = c8.employment();
    c8.hr("2026-05-04")
        .write(
            "RecordLeave",
            json!({
                "employment": employment,
                "kind": "other",
                "expected_return": "2026-09-14",
            }),
        )
        .await;
    let later = c8
        .programme("2026-05-11")
        .write(
            "PlanIntake",
            json!({
                "commissioner": crate::harness::cast::COMMISSIONER.to_string(),
                "role": "MHWP",
                "title": "MHWP-2026-09",
                "teaching_start": "2026-09-14",
                "last_start": "2026-09-28",
                "training_end": "2027-09-13",
                "board_date": "2027-09-22",
                "curriculum_version": "v3",
                "capacity": [{"level": 7, "places": 12}, {"level": 6, "places": 8}],
            }),
        )
        .await;
    c8.programme("2026-09-14")
        .write(
            "ResumeTraining",
            json!({"training": training, "intake": later}),
        )
        .await;
    let lighter = json!({"training": training, "practice_days": 2});
    c8.manager("2026-10-05")
        .write("AgreeLessThanFullTime", lighter.clone())
        .await;
    c8.programme("2026-10-05")
        .write("AgreeLessThanFullTime", lighter)
        .await;
    c8.manager("2026-11-02")
        .write("InterruptTraining", c8.of_training())
        .await;
    c8.programme("2026-11-16")
        .write("ResumeTraining", c8.of_training())
        .await;

    let officer = cast.of(WEXCOMBE, FitnessOfficer);
    let case = officer
        .on("2026-11-17")
        .write(
            "OpenFitnessCase",
            json!({"training": training, "concern": "A complaint about conduct."}),
        )
        .await;
    let of_case = json!({"case": case});
    for (on, act) in [
        ("2026-11-17", "SuspendPractice"),
        ("2026-11-20", "ReviewSuspension"),
        ("2026-11-24", "RestorePractice"),
    ] {
        officer.on(on).write(act, of_case.clone()).await;
    }
    officer
        .on("2026-11-25")
        .write(
            "CloseFitnessCase",
            json!({"case": case, "outcome": "no_case"}),
        )
        .await;
    officer.get("GetFitnessCase", json!({"name": case})).await;

    c8.hr("2026-12-01")
        .write(
            "DismissTrainee",
            json!({"employment": employment, "reason": "Absent without a word."}),
        )
        .await;
    cast.settle().await;
    c8.candidate("2026-12-02")
        .write(
            "MakeRepresentations",
            json!({"training": training, "text": "I was in hospital."}),
        )
        .await;
    c8.hr("2026-12-03")
        .write("ReinstateEmployment", json!({"employment": employment}))
        .await;
    cast.settle().await;

    let moving = json!({"training": training, "reason": "personal"});
    c8.manager("2027-01-11")
        .write("ProposeWithdrawal", moving.clone())
        .await;
    c8.programme("2027-01-12")
        .write("DropWithdrawal", c8.of_training())
        .await;
    c8.candidate("2027-02-01")
        .write("ProposeWithdrawal", moving)
        .await;
    c8.programme("2027-02-01")
        .write("ConfirmWithdrawal", c8.of_training())
        .await;
    c8.programme("2027-02-08")
        .write(
            "ReverseWithdrawal",
            json!({"training": training, "in_error": false}),
        )
        .await;
    cast.settle().await;
    c8.manager("")
        .get("GetTrainingCourse", json!({"name": training}))
        .await;
    c8.programme("")
        .get("GetWithdrawal", json!({"name": c8.withdrawal()}))
        .await;
    c8
}
