//! What a board can come to besides a pass: a chair's action, a corrected day, an appeal; and what
//! the lock that counts from it allows.

use serde_json::{Value, json};

use crate::harness::{
    Cast,
    cast::NORTHMOOR,
    life::{Trainee, board, examiner},
};

/// C7, who left, before the board of the cohort: withdrawn there, on appeal by the chair, and the
/// chair's action told to the next board.
pub(crate) async fn appealed(cast: &Cast, c7: &Trainee) {
    let arranged = json!({
        "role": "MHWP", "external": examiner(21), "sitting_date": "2027-03-12",
    });
    c7.secretary("2027-03-01")
        .write("ArrangeExternalExaminer", arranged)
        .await;
    let sitting = c7
        .secretary("2027-03-12")
        .write("HoldBoard", board("qualifying", 2, 0))
        .await;
    decides(c7, &sitting, "2027-03-12", "withdraw").await;
    cast.settle().await;
    let place = lock(c7).await;
    c7.secretary("2027-03-15")
        .write(
            "CorrectBoardDate",
            json!({"sitting": sitting, "held": "2027-03-13", "why": "adjourned"}),
        )
        .await;
    cast.settle().await;
    c7.admissions("")
        .get("GetTrainingPlace", json!({"name": place}))
        .await;

    let appeal = c7
        .candidate("2027-03-20")
        .write(
            "LodgeAppeal",
            json!({"application": c7.application, "ground": "new_information"}),
        )
        .await;
    let of_appeal = json!({"appeal": appeal});
    c7.secretary("2027-04-12")
        .write("DecideAppeal", json!({"appeal": appeal, "upheld": true}))
        .await;
    c7.secretary("2027-04-19")
        .write("CompleteAppealProcedures", of_appeal)
        .await;
    c7.candidate("")
        .get("GetAppeal", json!({"name": appeal}))
        .await;

    let mut acts = board("chairs_action", 0, 0);
    acts["report_to"] = json!("2027-06-16");
    acts["external_consulted"] = json!(examiner(20));
    acts["reason"] = json!("appeal_upheld");
    let action = c7.secretary("2027-05-05").write("HoldBoard", acts).await;
    decides(c7, &action, "2027-05-05", "exit_award").await;
    let next = c7
        .secretary("2027-06-16")
        .write("HoldBoard", board("reassessment", 1, 0))
        .await;
    let standing = c7
        .secretary("2027-06-16")
        .write(
            "ReportChairsAction",
            json!({"action": action, "sitting": next}),
        )
        .await;
    c7.secretary("")
        .get("GetExamBoard", json!({"name": standing}))
        .await;
    cast.settle().await;
}

/// The university accepts for another training that starts late enough, and tries one that does not.
async fn lock(c7: &Trainee) -> String {
    let admissions = c7.admissions("2027-03-14");
    let seeks = |start: &str| json!({"person": c7.person_name(), "teaching_start": start});
    let place = admissions
        .write("AcceptTrainingPlace", seeks("2029-09-24"))
        .await;
    let refused = admissions
        .refusal("AcceptTrainingPlace", seeks("2028-09-25"))
        .await;
    assert_eq!(refused, "FUNDING_LOCK_ACTIVE");
    c7.candidate("2027-03-14")
        .write(
            "ConsentToLockDisclosure",
            json!({"employer": NORTHMOOR.to_string()}),
        )
        .await;
    c7.candidate("")
        .get("GetFundingLock", json!({"person": c7.person_name()}))
        .await;
    place
}

async fn decides(whose: &Trainee, sitting: &str, on: &str, outcome: &str) {
    let decision: Value = json!({
        "sitting": sitting, "application": whose.application, "outcome": outcome,
    });
    whose.secretary(on).write("RatifyOutcome", decision).await;
    whose
        .secretary(on)
        .write("ReleaseResult", whose.of_application())
        .await;
}
