//! What a board can come to besides a pass: a chair's action, a corrected day, an appeal; and what
//! the lock that counts from it allows.

use domain::{actor::ActingRole::CircumstancesPanel, marks::MarkSheet};
use serde_json::{Value, json};

use crate::harness::{
    Cast,
    cast::{NORTHMOOR, WEXCOMBE},
    life::{Trainee, board, examiner, record},
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
    before_the_board(cast, c7).await;
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
    cast.operator()
        .on("2027-05-01")
        .write(
            "SetPolicy",
            json!({
                "policy": format!("result.release.{}", WEXCOMBE.0),
                "from": "2027-05-05",
                "until": "2027-05-06",
                "value_json": "\"trainee_first\"",
                "source": "made up",
                "approver": "made up",
            }),
        )
        .await;
    let decision = json!({
        "sitting": action, "application": c7.application, "outcome": "exit_award",
    });
    c7.secretary("2027-05-05")
        .write("RatifyOutcome", decision)
        .await;
    for release in ["ReleaseToTrainee", "ReleaseResult"] {
        c7.secretary("2027-05-05")
            .write(release, c7.of_application())
            .await;
    }
    c7.candidate("").get("GetResult", c7.of_application()).await;
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

/// Marks, and a claim of circumstances of which the board learns one word.
async fn before_the_board(cast: &Cast, c7: &Trainee) {
    c7.programme("2026-07-31")
        .write(
            "RecordProvisionalMark",
            json!({"application": c7.application, "component": "module_1", "mark": 44}),
        )
        .await;
    let claim = c7
        .candidate("2026-08-03")
        .write(
            "ClaimCircumstances",
            json!({
                "application": c7.application,
                "component": "module_1",
                "statement": "A made-up illness in the family.",
            }),
        )
        .await;
    let panel = cast.of(WEXCOMBE, CircumstancesPanel);
    panel
        .on("2026-08-10")
        .write(
            "DecideCircumstances",
            json!({"claim": claim, "accepted": true}),
        )
        .await;
    panel
        .get("GetCircumstancesClaim", json!({"name": claim}))
        .await;
    cast.settle().await;
    let sheet = record::<MarkSheet>(WEXCOMBE, &c7.application);
    c7.secretary("")
        .get("GetMarkSheet", json!({"name": sheet}))
        .await;
}

/// A board that leaves the decision to the next one, and says so.
pub(super) async fn defers(whose: &Trainee, on: &str) {
    let sitting = whose
        .secretary(on)
        .write("HoldBoard", board("reassessment", 1, 0))
        .await;
    let decision = json!({
        "sitting": sitting, "application": whose.application, "outcome": "defer",
        "further_work": {"module": "module_2", "due": "2027-05-14", "next_board": "2027-06-16"},
    });
    whose.secretary(on).write("RatifyOutcome", decision).await;
    whose
        .secretary(on)
        .write("ReleaseResult", whose.of_application())
        .await;
}

/// What becomes of a listing.
pub(crate) async fn listed_otherwise(c1: &Trainee) {
    let status = json!({
        "qualification": c1.qualification(), "register": "bps", "status": "conditions",
    });
    c1.hr("2028-06-01")
        .write("RecordRegisterStatus", status)
        .await;
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
