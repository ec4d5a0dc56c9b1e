//! A corrected day, and a decision that an appeal sets aside: nothing recorded before is lost.

use super::*;
use crate::{
    appeal::{Appeal, AppealGround, CompleteAppealProcedures, DecideAppeal, LodgeAppeal},
    funding::Lock,
};

const CORRECTED: Date = date(2027, 3, 12);

fn correct(sitting: Id<BoardSitting>, held: Date) -> CorrectBoardDate {
    CorrectBoardDate {
        sitting,
        held,
        why: DateCorrection::Misrecorded,
        authority: crate::correction::Authority::Own,
    }
}

fn lock(given: &Given) -> &Lock {
    let whose = cast::appointment();
    given
        .state(FundingLock::id(whose.person))
        .and_then(|lock| lock.lock(whose.application))
        .expect("locked")
}

/// Decided at the cohort's board and released two days later.
fn released(decision: BoardDecision) -> (Given, Id<BoardSitting>) {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let outcome = decided(&mut given, cast::BOARD, &ratify(sitting, decision));
    assert_eq!(outcome, ratified());
    let on = date(2027, 3, 12);
    assert!(given.when(&cast::board_secretary(), on, &release()).is_ok());
    given.settle(on);
    (given, sitting)
}

#[test]
fn assess_03_and_lock_01_a_corrected_board_date_moves_qualification_and_lock() {
    let (mut given, sitting) = released(BoardDecision::Pass);
    assert_eq!(lock(&given).until, date(2029, 3, 10));
    let (secretary, today) = (cast::board_secretary(), date(2027, 4, 1));
    assert_eq!(
        given.when(&secretary, today, &correct(sitting, CORRECTED)),
        Ok(vec![
            "BoardDateCorrected".to_owned(),
            "OutcomeRedated".to_owned()
        ])
    );
    let corrects = given.corrects(sitting, "BoardDateCorrected");
    assert_eq!(corrects, Some(1), "the sitting as it was recorded");
    assert_eq!(
        given.settle(today),
        [
            "BoardOutcomeRedated",
            "ResultRedated",
            "FundingLockStarted",
            "CommitmentRedated"
        ]
    );
    let promise = given
        .state(cast::appointment().commitment())
        .and_then(|promised| promised.promise(cast::appointment().application));
    assert_eq!(
        promise.map(|promise| promise.evidence_by),
        Some(date(2027, 6, 12)),
        "three months from the day that counts"
    );
    let award = given
        .state(cast::appointment().qualification())
        .and_then(Qualification::award)
        .expect("awarded");
    assert_eq!(award.awarded, CORRECTED);
    assert_eq!(lock(&given).until, date(2029, 3, 12));
    let held = given.state(sitting).and_then(BoardSitting::sitting);
    assert_eq!(held.map(|sitting| sitting.held), Some(CORRECTED));
    // once corrected is corrected, and the first record is still there
    assert_eq!(
        given.when(&secretary, today, &correct(sitting, CORRECTED)),
        Ok(vec![])
    );
    assert!(given.stored(sitting)[0].contains("2027-03-10"));
}

#[test]
fn assess_03_a_correction_before_the_release_is_what_gets_released() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let pass = ratify(sitting, BoardDecision::Pass);
    assert_eq!(decided(&mut given, cast::BOARD, &pass), ratified());
    let secretary = cast::board_secretary();
    let outcome = given.when(&secretary, CORRECTED, &correct(sitting, CORRECTED));
    assert!(outcome.is_ok());
    assert_eq!(given.settle(CORRECTED), ["BoardOutcomeRedated"]);
    assert!(given.when(&secretary, CORRECTED, &release()).is_ok());
    given.settle(CORRECTED);
    assert_eq!(lock(&given).until, date(2029, 3, 12));
}

#[test]
fn assess_03_a_date_is_corrected_to_a_past_day_on_which_the_board_stood() {
    let (mut given, sitting) = released(BoardDecision::Fail);
    let secretary = cast::board_secretary();
    let today = date(2027, 3, 20);
    for (to, reason) in [
        (date(2027, 3, 21), Reason::FieldInvalid),
        (date(2021, 3, 10), Reason::BoardNotConstituted),
    ] {
        let outcome = given.when(&secretary, today, &correct(sitting, to));
        assert_eq!(outcome, Err(reason), "{to}");
    }
    let stranger = actor(tenant(9), ActingRole::BoardSecretary);
    let outcome = given.when(&stranger, today, &correct(sitting, CORRECTED));
    assert_eq!(outcome, Err(Reason::NotPermitted));
    // whoever failed is locked from the corrected day too
    assert!(
        given
            .when(&secretary, today, &correct(sitting, CORRECTED))
            .is_ok()
    );
    given.settle(today);
    assert_eq!(lock(&given).until, date(2029, 3, 12));
}

fn appeal(given: &mut Given, by: &crate::actor::Actor, on: Date) -> Result<Vec<String>, Reason> {
    let lodge = LodgeAppeal {
        application: cast::appointment().application,
        ground: AppealGround::NewInformation,
    };
    given.when(by, on, &lodge)
}

fn appeal_id(sitting: Id<BoardSitting>) -> Id<Appeal> {
    let application = cast::appointment().application;
    Id::derive(cast::university(), &[application.0, sitting.0])
}

#[test]
fn b_5_an_upheld_appeal_lets_a_later_board_decide_anew_and_overwrites_nothing() {
    let (mut given, failed_at) = released(BoardDecision::Fail);
    let secretary = cast::board_secretary();
    let person = actor(
        crate::actor::TenantId(cast::trainee().0),
        ActingRole::Candidate,
    );
    let lodged = appeal(&mut given, &person, date(2027, 3, 20));
    assert_eq!(lodged, Ok(vec!["AppealLodged".to_owned()]));
    assert_eq!(appeal(&mut given, &person, date(2027, 3, 22)), Ok(vec![]));
    let appeal = appeal_id(failed_at);
    let decide = |upheld| DecideAppeal { appeal, upheld };
    let on = date(2027, 4, 20);
    assert_eq!(
        given.when(&secretary, on, &decide(true)),
        Ok(vec![
            "AppealDecided".to_owned(),
            "BoardOutcomeSetAside".to_owned()
        ])
    );
    assert_eq!(
        given.when(&secretary, on, &decide(false)),
        Err(Reason::AlreadyRecorded)
    );
    // nothing stands, so there is nothing to release
    let outcome = given.when(&secretary, on, &release());
    assert_eq!(outcome, Err(Reason::ResultNotReleased));
    let day = date(2027, 5, 5);
    let action = HoldBoard {
        chairs_action: Some(ActionTaken {
            reason: ChairsActionReason::AppealUpheld,
            ..action(RESIT_BOARD)
        }),
        ..chairs_action()
    };
    let action = held(&mut given, day, &action);
    let pass = ratify(action, BoardDecision::Pass);
    assert_eq!(decided(&mut given, day, &pass), ratified());
    let outcome = given.when(&secretary, day, &release());
    let expected = ["ResultSuperseded", "ResultReleased", "QualificationAwarded"];
    assert_eq!(outcome, Ok(expected.map(str::to_owned).to_vec()));
    given.settle(day);
    assert_eq!(lock(&given).until, date(2029, 5, 5));
    let qualification = given.stored(cast::appointment().qualification());
    assert!(
        qualification[0].contains("not_completed"),
        "{qualification:?}"
    );
    let first = given.state(failed_at).expect("held").outcomes().next();
    assert_eq!(first.map(|(_, outcome)| outcome), Some(&BoardOutcome::Fail));
}

#[test]
fn b_5_a_rejected_appeal_changes_nothing_and_opens_the_complaint_window() {
    let (mut given, failed_at) = released(BoardDecision::Fail);
    let secretary = cast::board_secretary();
    assert!(appeal(&mut given, &secretary, date(2027, 3, 20)).is_ok());
    let appeal = appeal_id(failed_at);
    let complete = CompleteAppealProcedures { appeal };
    let on = date(2027, 4, 20);
    assert_eq!(
        given.when(&secretary, on, &complete),
        Err(Reason::StateNotAllowed)
    );
    let decide = DecideAppeal {
        appeal,
        upheld: false,
    };
    assert_eq!(
        given.when(&secretary, on, &decide),
        Ok(vec!["AppealDecided".to_owned()])
    );
    assert_eq!(
        given.when(&secretary, date(2027, 5, 3), &complete),
        Ok(vec!["AppealProceduresCompleted".to_owned()])
    );
    let state = given.state(appeal).expect("an appeal");
    let decision = state.decision().expect("decided");
    assert_eq!(decision.letter_by, date(2027, 5, 18));
    let letter = state.letter().expect("sent");
    assert_eq!(letter.complaint_until, date(2028, 5, 3));
    // the outcome stands
    let later = held(
        &mut given,
        RESIT_BOARD,
        &hold(SittingKind::Reassessment, full_board()),
    );
    let pass = ratify(later, BoardDecision::Pass);
    assert_eq!(
        decided(&mut given, RESIT_BOARD, &pass),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn b_5_a_pass_leaves_nothing_to_appeal_against() {
    let (mut given, _) = released(BoardDecision::Pass);
    let lodged = appeal(&mut given, &cast::board_secretary(), date(2027, 3, 20));
    assert_eq!(lodged, Err(Reason::StateNotAllowed));
}

#[test]
fn b_5_an_appeal_waits_for_the_result_and_belongs_to_its_person() {
    let mut given = examined();
    let person = actor(
        crate::actor::TenantId(cast::trainee().0),
        ActingRole::Candidate,
    );
    let early = date(2027, 3, 11);
    assert_eq!(
        appeal(&mut given, &person, early),
        Err(Reason::ResultNotReleased)
    );
    let sitting = qualifying(&mut given);
    let fail = ratify(sitting, BoardDecision::Fail);
    assert_eq!(decided(&mut given, cast::BOARD, &fail), ratified());
    assert_eq!(
        appeal(&mut given, &person, early),
        Err(Reason::ResultNotReleased),
        "decided looks like not decided"
    );
    let other = actor(tenant(0x77), ActingRole::Candidate);
    for stranger in [other, actor(tenant(9), ActingRole::BoardSecretary)] {
        assert_eq!(
            appeal(&mut given, &stranger, early),
            Err(Reason::NotPermitted)
        );
    }
}
