//! Whose results are known to whom once a service has moved: what is final stays, the rest goes along.

use super::*;
use crate::{
    board::{
        BoardCapacity, BoardDecision, FurtherWork, HoldBoard, RatifyOutcome, ReleaseResult,
        SittingKind,
    },
    qualification::{QualificationAward, QualificationEvent, ReleasedResult},
};

fn released(result: ReleasedResult) -> Vec<QualificationEvent> {
    let appointment = cast::appointment();
    let award = QualificationAward {
        appointment: appointment.clone(),
        qualification: "PgCert".to_owned(),
        level: 7,
        awarded: date(2026, 12, 14),
    };
    let conferred = QualificationEvent::QualificationAwarded { award, post: None };
    let conferred = (result == ReleasedResult::Passed).then_some(conferred);
    let released = QualificationEvent::ResultReleased {
        appointment,
        result,
    };
    [released].into_iter().chain(conferred).collect()
}

/// A result is released between the successor's word and the day the service goes.
fn moved_after(result: ReleasedResult) -> (Given, Id<ServiceTransfer>) {
    let (mut given, transfer) = agreed();
    let qualification = cast::appointment().qualification();
    for event in released(result) {
        given = given.happened(qualification, &event);
    }
    let on = date(2027, 1, 1);
    given.done(&cast::hr(), on, &TransferService { transfer });
    given.settle(on);
    (given, transfer)
}

const NEXT: ReleasedResult = ReleasedResult::NotYetComplete {
    next_board: date(2027, 6, 16),
};

#[test]
fn set_13_whoever_has_a_final_result_stays_and_so_does_the_promise() {
    let whose = cast::appointment();
    let failed = ReleasedResult::NotCompleted {
        exit_award: false,
        board: date(2026, 12, 14),
    };
    for result in [ReleasedResult::Passed, failed] {
        let (given, transfer) = moved_after(result);
        let training = given.state(whose.training()).expect("a training");
        assert_eq!(training.appointment(), Some(&whose), "{result:?}");
        assert!(given.state(now().employment()).is_none(), "{result:?}");
        let told = given.stored(transfer).concat();
        assert!(told.contains(r#""trainees":[]"#), "{told}");
        let promised = given.stored(whose.commitment()).concat();
        assert!(!promised.contains("CommitmentTransferred"), "{promised}");
        let known = parties(&given, whose.qualification());
        assert!(known.contains(&whose.employer), "{result:?}");
        assert!(!known.contains(&harbourlight()), "{result:?}");
    }
}

#[test]
fn set_13_a_training_whose_result_is_final_is_not_announced() {
    let whose = cast::appointment();
    let mut given = cast_with(EmployerSector::ThirdSector);
    for event in released(ReleasedResult::Passed) {
        given = given.happened(whose.qualification(), &event);
    }
    let outcome = given.when(&cast::hr(), date(2026, 12, 15), &announce());
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
}

#[test]
fn joint_03_a_result_to_come_goes_along_and_the_former_employer_hears_no_more_of_it() {
    let (given, _) = moved_after(NEXT);
    let qualification = cast::appointment().qualification();
    let state = given.state(qualification).expect("a result");
    assert_eq!(state.appointment(), Some(&now()));
    assert_eq!(state.result(), Some(NEXT));
    let known = parties(&given, qualification);
    assert!(known.contains(&harbourlight()) && !known.contains(&cast::employer()));
    let told = given.stored(qualification);
    assert_eq!(told.len(), 3);
    for (event, name) in told
        .iter()
        .skip(1)
        .zip(["ResultHandedOver", "ResultTakenOver"])
    {
        assert!(event.contains(name), "{event}");
    }
    let promise = given.stored(cast::appointment().commitment()).concat();
    assert!(promise.contains("CommitmentTransferred"), "{promise}");
}

/// The university releases while the training is on its way from one employer to the other.
#[test]
fn joint_03_nothing_is_released_between_the_two_employers() {
    let (mut given, transfer) = agreed();
    let whose = cast::appointment();
    let training = whose.training();
    given = cast::constituted(given);
    let secretary = cast::board_secretary();
    let held = date(2026, 12, 14);
    let member = cast::board_member;
    let hold = HoldBoard {
        role: cast::role(),
        kind: SittingKind::Reassessment,
        members: vec![
            member(41, BoardCapacity::Chair),
            member(42, BoardCapacity::Internal),
        ],
        chairs_action: None,
    };
    given.done(&secretary, held, &hold);
    let sitting = given.created(cast::university());
    let refer = RatifyOutcome {
        sitting,
        application: whose.application,
        decision: BoardDecision::Refer(FurtherWork {
            components: vec!["2".to_owned()],
            due: date(2027, 5, 14),
            next_board: date(2027, 6, 16),
        }),
    };
    given.done(&secretary, held, &refer);
    let on = date(2027, 1, 1);
    given.done(&cast::hr(), on, &TransferService { transfer });
    let platform = actor(crate::actor::PLATFORM, ActingRole::PlatformOperator);
    let hand_over = HandOverTrainee {
        transfer,
        training,
        to: harbourlight(),
    };
    given.done(&platform, on, &hand_over);
    let release = ReleaseResult {
        application: whose.application,
    };
    let outcome = given.when(&secretary, on, &release);
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    given.done(&platform, on, &TakeOverTrainee { transfer, training });
    let outcome = given.when(&secretary, on, &release);
    assert_eq!(outcome, Ok(vec!["ResultReleased".to_owned()]));
    let known = parties(&given, whose.qualification());
    assert!(known.contains(&harbourlight()) && !known.contains(&cast::employer()));
}

#[test]
fn set_13_a_training_moves_once_it_has_started() {
    let whose = cast::appointment();
    let mut given = cast::and_registered(
        cast::appointed(),
        harbourlight(),
        EmployerSector::ThirdSector,
    )
    .happened(service_of(OLD), &opened(cast::employer()));
    let on = date(2026, 3, 2);
    given.done(&cast::hr(), on, &cast::start_employment(&whose));
    given.settle(on);
    let outcome = given.when(&cast::hr(), on, &announce());
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
}
