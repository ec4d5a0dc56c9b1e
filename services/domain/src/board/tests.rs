use jiff::civil::{Date, date};
use serde_json::json;

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast::{self, board_member as member},
    funding::FundingLock,
    given::{Given, actor, person, tenant},
    id::Id,
    policy::catalogue::Role,
    qualification::Qualification,
    refusal::Reason,
    training::{ExtendTraining, HoldThreeWayReview, VerifyPortfolio},
    world::{Decider, Issue},
};

const RESIT_BOARD: Date = date(2027, 6, 16);

fn full_board() -> Vec<BoardMember> {
    vec![
        member(41, BoardCapacity::Chair),
        member(42, BoardCapacity::Internal),
        member(43, BoardCapacity::Internal),
        member(44, BoardCapacity::External),
        member(45, BoardCapacity::Attending),
    ]
}

fn hold(kind: SittingKind, members: Vec<BoardMember>) -> HoldBoard {
    HoldBoard {
        role: cast::role(),
        kind,
        members,
        chairs_action: None,
    }
}

/// What the chair says of an action, the external examiner consulted.
fn action(report_to: Date) -> ActionTaken {
    ActionTaken {
        report_to,
        reason: ChairsActionReason::FurtherWorkCompleted,
        consulted: Some(person(44)),
    }
}

fn chairs_action() -> HoldBoard {
    HoldBoard {
        chairs_action: Some(action(RESIT_BOARD)),
        ..hold(
            SittingKind::ChairsAction,
            vec![member(41, BoardCapacity::Chair)],
        )
    }
}

fn constitute(members: Vec<BoardMember>) -> ConstituteBoard {
    ConstituteBoard {
        role: cast::role(),
        programme_director: person(40),
        members,
    }
}

/// Holds a quorate sitting and names it.
fn held(given: &mut Given, on: Date, command: &HoldBoard) -> Id<BoardSitting> {
    let outcome = given.when(&cast::board_secretary(), on, command);
    let mut expected = vec!["BoardHeld".to_owned()];
    if command.chairs_action.is_some() {
        expected.push("ChairsActionTaken".to_owned());
    }
    assert_eq!(outcome, Ok(expected));
    Id::derive(cast::university(), &[given.last_request()])
}

fn qualifying(given: &mut Given) -> Id<BoardSitting> {
    held(
        given,
        cast::BOARD,
        &hold(SittingKind::Qualifying, full_board()),
    )
}

fn ratify(sitting: Id<BoardSitting>, decision: BoardDecision) -> RatifyOutcome {
    RatifyOutcome {
        sitting,
        application: cast::appointment().application,
        decision,
    }
}

fn module_2() -> FurtherWork {
    FurtherWork {
        components: vec!["2".to_owned()],
        due: date(2027, 5, 14),
        next_board: RESIT_BOARD,
    }
}

fn release() -> ReleaseResult {
    ReleaseResult {
        application: cast::appointment().application,
    }
}

/// In training with a verified portfolio.
fn examined() -> Given {
    let mut given = cast::in_training();
    cast::with_portfolio(&mut given);
    given
}

fn decided(given: &mut Given, on: Date, command: &RatifyOutcome) -> Result<Vec<String>, Reason> {
    given.when(&cast::board_secretary(), on, command)
}

const RATIFIED: [&str; 2] = ["OutcomeRatified", "BoardOutcomeNoted"];

fn ratified() -> Result<Vec<String>, Reason> {
    Ok(RATIFIED.map(str::to_owned).to_vec())
}

#[test]
fn b_5_a_sitting_without_its_quorum_is_none() {
    use BoardCapacity::{Attending, Chair, External, Internal};
    use SittingKind::{ChairsAction, Qualifying, Reassessment};
    #[rustfmt::skip]
    let table: [(&str, SittingKind, &[BoardCapacity], bool); 9] = [
        ("full board",                  Qualifying,   &[Chair, Internal, Internal, External],      true),
        ("no external examiner",        Qualifying,   &[Chair, Internal, Internal, Internal],      false),
        ("one internal examiner",       Qualifying,   &[Chair, Internal, External],                false),
        ("no chair",                    Qualifying,   &[Internal, Internal, External],             false),
        ("attendance counts for none",  Qualifying,   &[Chair, Internal, Attending, External],     false),
        ("resit: chair and internal",   Reassessment, &[Chair, Internal],                          true),
        ("resit without internal",      Reassessment, &[Chair, External],                          false),
        ("chair's action needs a chair", ChairsAction, &[Internal],                                false),
        ("with an external examiner",   Reassessment, &[Chair, Internal, External],                true),
    ];
    let seats = [
        (Chair, &[41][..]),
        (Internal, &[42, 43, 46]),
        (External, &[44, 47]),
        (Attending, &[45]),
    ];
    for (what, kind, capacities, quorate) in table {
        let mut members = vec![];
        for (capacity, people) in seats {
            let wanted = capacities.iter().filter(|wanted| **wanted == capacity);
            members.extend(people.iter().zip(wanted).map(|(n, c)| member(*n, *c)));
        }
        let command = HoldBoard {
            chairs_action: (kind == ChairsAction).then(|| action(RESIT_BOARD)),
            ..hold(kind, members)
        };
        let mut given = cast::constituted(Given::baseline());
        let outcome = given.when(&cast::board_secretary(), cast::BOARD, &command);
        let expected = if quorate {
            Ok(vec!["BoardHeld".to_owned()])
        } else {
            Err(Reason::BoardNotQuorate)
        };
        assert_eq!(outcome, expected, "{what}");
    }
}

#[test]
fn b_5_nobody_counts_twice_towards_a_quorum() {
    let mut given = cast::constituted(Given::baseline());
    let twice = vec![
        member(41, BoardCapacity::Chair),
        member(41, BoardCapacity::Internal),
        member(42, BoardCapacity::Internal),
        member(44, BoardCapacity::External),
    ];
    let command = hold(SittingKind::Qualifying, twice);
    let outcome = given.when(&cast::board_secretary(), cast::BOARD, &command);
    assert_eq!(outcome, Err(Reason::FieldInvalid));
}

#[test]
fn b_5_a_university_may_have_a_quorum_of_its_own() {
    let own = format!("board.quorum.{}", cast::university().0);
    let two_externals = json!({ "chairs": 1, "internal": 2, "external": 2 });
    let given = cast::constituted(Given::baseline()).policy(&own, two_externals);
    let mut given = given;
    let command = hold(SittingKind::Qualifying, full_board());
    let outcome = given.when(&cast::board_secretary(), cast::BOARD, &command);
    assert_eq!(outcome, Err(Reason::BoardNotQuorate));
    let other = actor(tenant(9), ActingRole::BoardSecretary);
    let theirs = constitute(full_board());
    assert!(given.when(&other, date(2027, 1, 11), &theirs).is_ok());
    assert!(given.when(&other, cast::BOARD, &command).is_ok());
}

#[test]
fn fund_14_no_pass_before_the_practice_portfolio_is_verified() {
    let mut given = cast::in_training();
    let sitting = qualifying(&mut given);
    let pass = ratify(sitting, BoardDecision::Pass);
    assert_eq!(
        decided(&mut given, cast::BOARD, &pass),
        Err(Reason::PracticeHoursShort)
    );
    // a referral needs none
    let refer = ratify(sitting, BoardDecision::Refer(module_2()));
    assert_eq!(decided(&mut given, cast::BOARD, &refer), ratified());
}

#[test]
fn fund_14_a_portfolio_verified_after_the_sitting_gates_only_the_next_one() {
    let mut given = cast::in_training();
    cast::with_practice(&mut given);
    let sitting = qualifying(&mut given);
    let verify = VerifyPortfolio {
        training: cast::appointment().training(),
    };
    let after = date(2027, 3, 11);
    assert!(given.when(&cast::programme_lead(), after, &verify).is_ok());
    let pass = ratify(sitting, BoardDecision::Pass);
    assert_eq!(
        decided(&mut given, after, &pass),
        Err(Reason::PracticeHoursShort)
    );
}

#[test]
fn assess_01_marks_and_time_qualify_nobody_only_a_released_board_outcome_does() {
    let mut given = examined();
    let outcome = given.when(&cast::board_secretary(), date(2027, 3, 12), &release());
    assert_eq!(outcome, Err(Reason::ResultNotReleased));
    let sitting = qualifying(&mut given);
    let pass = ratify(sitting, BoardDecision::Pass);
    assert_eq!(decided(&mut given, cast::BOARD, &pass), ratified());
    assert_eq!(given.settle(cast::BOARD), Vec::<String>::new());
    assert!(given.state(cast::appointment().qualification()).is_none());
    let outcome = given.when(&cast::board_secretary(), date(2027, 3, 9), &release());
    assert_eq!(outcome, Err(Reason::ResultNotReleased), "before the board");
    let outcome = given.when(&cast::board_secretary(), date(2027, 3, 12), &release());
    assert_eq!(
        outcome,
        Ok(vec![
            "ResultReleased".to_owned(),
            "QualificationAwarded".to_owned()
        ])
    );
    let outcome = given.when(&cast::board_secretary(), date(2027, 3, 15), &release());
    assert_eq!(outcome, Ok(vec![]), "released once is released");
}

#[test]
fn d_1_a_pass_dates_qualification_and_lock_by_the_board_and_brings_the_promise_due() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let pass = ratify(sitting, BoardDecision::Pass);
    assert_eq!(decided(&mut given, cast::BOARD, &pass), ratified());
    let released_on = date(2027, 3, 12);
    let outcome = given.when(&cast::board_secretary(), released_on, &release());
    assert!(outcome.is_ok());
    let followed = given.settle(released_on);
    assert!(followed.starts_with(&["FundingLockStarted".to_owned(), "CommitmentDue".to_owned()]));
    let whose = cast::appointment();
    let award = given
        .state(whose.qualification())
        .and_then(Qualification::award)
        .expect("awarded");
    assert_eq!(award.awarded, cast::BOARD);
    let lock = given
        .state(FundingLock::id(whose.person))
        .and_then(|lock| lock.lock(whose.application))
        .expect("locked");
    assert_eq!((lock.until, lock.provisional), (date(2029, 3, 10), false));
    let promise = given
        .state(whose.commitment())
        .and_then(|commitment| commitment.promise(whose.application))
        .expect("due");
    assert_eq!(promise.qualified_on, cast::BOARD);
    assert_eq!(promise.evidence_by, date(2027, 6, 10));
}

#[test]
fn d_7_refer_then_pass_moves_qualification_and_lock_to_the_later_board() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let refer = ratify(sitting, BoardDecision::Refer(module_2()));
    assert_eq!(decided(&mut given, cast::BOARD, &refer), ratified());
    let secretary = cast::board_secretary();
    let outcome = given.when(&secretary, date(2027, 3, 12), &release());
    assert_eq!(outcome, Ok(vec!["ResultReleased".to_owned()]));
    assert_eq!(
        given.settle(date(2027, 3, 12)),
        ["ProvisionalFundingLockStarted"]
    );
    let whose = cast::appointment();
    let waiting = given
        .state(FundingLock::id(whose.person))
        .and_then(|lock| lock.lock(whose.application))
        .expect("locked");
    assert_eq!(
        (waiting.until, waiting.provisional),
        (date(2029, 6, 16), true)
    );

    let resit = hold(
        SittingKind::Reassessment,
        vec![
            member(41, BoardCapacity::Chair),
            member(42, BoardCapacity::Internal),
        ],
    );
    let resit = held(&mut given, RESIT_BOARD, &resit);
    let pass = ratify(resit, BoardDecision::Pass);
    assert_eq!(decided(&mut given, RESIT_BOARD, &pass), ratified());
    assert!(
        given
            .when(&secretary, date(2027, 6, 18), &release())
            .is_ok()
    );
    given.settle(date(2027, 6, 18));
    let whose = cast::appointment();
    let award = given
        .state(whose.qualification())
        .and_then(Qualification::award)
        .expect("awarded");
    assert_eq!(award.awarded, RESIT_BOARD);
    let lock = given
        .state(FundingLock::id(whose.person))
        .and_then(|lock| lock.lock(whose.application))
        .expect("locked");
    assert_eq!((lock.until, lock.provisional), (date(2029, 6, 16), false));
}

#[test]
fn d_7_chairs_action_dates_qualification_and_lock_too() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let refer = ratify(sitting, BoardDecision::Refer(module_2()));
    assert_eq!(decided(&mut given, cast::BOARD, &refer), ratified());
    let action_day = date(2027, 6, 2);
    let action = held(&mut given, action_day, &chairs_action());
    let pass = ratify(action, BoardDecision::Pass);
    assert_eq!(decided(&mut given, action_day, &pass), ratified());
    assert!(
        given
            .when(&cast::board_secretary(), action_day, &release())
            .is_ok()
    );
    given.settle(action_day);
    let whose = cast::appointment();
    let lock = given
        .state(FundingLock::id(whose.person))
        .and_then(|lock| lock.lock(whose.application))
        .expect("locked");
    assert_eq!(lock.until, date(2029, 6, 2));
}

#[test]
fn d_7_the_employer_learns_the_next_board_and_neither_module_nor_cap() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let refer = ratify(sitting, BoardDecision::Refer(module_2()));
    assert_eq!(decided(&mut given, cast::BOARD, &refer), ratified());
    assert!(
        given
            .when(&cast::board_secretary(), date(2027, 3, 12), &release())
            .is_ok()
    );
    let whose = cast::appointment();
    let shared = given.stored(whose.qualification()).concat();
    assert!(shared.contains("2027-06-16"));
    for hidden in ["component", "cap", "refer", "2027-05-14"] {
        assert!(!shared.contains(hidden), "{hidden}");
    }
    for own in [
        given.state(sitting).and_then(Decider::custody),
        given.state(whose.enrolment()).and_then(Decider::custody),
    ] {
        assert_eq!(own.expect("kept").parties, [cast::university()].into());
    }
}

#[test]
fn b_5_a_referral_is_capped_at_the_pass_mark_of_the_level() {
    for (level, cap) in [(7, 50), (6, 40)] {
        let whose = crate::appointment::Appointment {
            level,
            ..cast::appointment()
        };
        let mut given = cast::in_training_as(&whose);
        let sitting = qualifying(&mut given);
        let refer = ratify(sitting, BoardDecision::Refer(module_2()));
        assert_eq!(decided(&mut given, cast::BOARD, &refer), ratified());
        let outcomes: Vec<_> = given
            .state(sitting)
            .expect("held")
            .outcomes()
            .map(|(_, outcome)| outcome.clone())
            .collect();
        assert!(matches!(outcomes.as_slice(), [BoardOutcome::Refer { cap: c, .. }] if *c == cap));
    }
}

#[test]
fn b_5_one_further_attempt_follows_a_referral_and_a_deferral_uses_none() {
    let mut given = examined();
    let further = |next_board| FurtherWork {
        next_board,
        due: next_board,
        components: vec!["2".to_owned()],
    };
    let boards = [
        (
            cast::BOARD,
            BoardDecision::Defer(further(date(2027, 4, 14))),
        ),
        (
            date(2027, 4, 14),
            BoardDecision::Refer(further(date(2027, 5, 12))),
        ),
    ];
    for (on, decision) in boards {
        let sitting = held(&mut given, on, &hold(SittingKind::Qualifying, full_board()));
        assert_eq!(
            decided(&mut given, on, &ratify(sitting, decision)),
            ratified()
        );
    }
    let on = date(2027, 5, 12);
    let last = held(
        &mut given,
        on,
        &hold(SittingKind::Reassessment, full_board()),
    );
    let again = ratify(last, BoardDecision::Refer(further(RESIT_BOARD)));
    assert_eq!(
        decided(&mut given, on, &again),
        Err(Reason::StateNotAllowed)
    );
    let fail = ratify(last, BoardDecision::Fail);
    assert_eq!(decided(&mut given, on, &fail), ratified());
}

#[test]
fn an_outcome_is_ratified_once_per_sitting_and_a_final_one_once_for_all() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let pass = ratify(sitting, BoardDecision::Pass);
    assert_eq!(decided(&mut given, cast::BOARD, &pass), ratified());
    assert_eq!(decided(&mut given, cast::BOARD, &pass), Ok(vec![]));
    let fail = ratify(sitting, BoardDecision::Fail);
    assert_eq!(
        decided(&mut given, cast::BOARD, &fail),
        Err(Reason::AlreadyRecorded)
    );
    let later = held(
        &mut given,
        RESIT_BOARD,
        &hold(SittingKind::Reassessment, full_board()),
    );
    let fail = ratify(later, BoardDecision::Fail);
    assert_eq!(
        decided(&mut given, RESIT_BOARD, &fail),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn further_work_is_due_between_this_board_and_the_next() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    for (due, next_board) in [(cast::BOARD, RESIT_BOARD), (date(2027, 6, 17), RESIT_BOARD)] {
        let work = FurtherWork {
            due,
            next_board,
            components: vec!["2".to_owned()],
        };
        let refer = ratify(sitting, BoardDecision::Refer(work));
        assert_eq!(
            decided(&mut given, cast::BOARD, &refer),
            Err(Reason::FieldInvalid)
        );
    }
    let nameless = FurtherWork {
        components: vec![" ".to_owned()],
        ..module_2()
    };
    let refer = ratify(sitting, BoardDecision::Defer(nameless));
    assert_eq!(
        decided(&mut given, cast::BOARD, &refer),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn a_board_decides_for_students_of_its_own_university_and_programme_only() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let pass = ratify(sitting, BoardDecision::Pass);
    let stranger = actor(tenant(9), ActingRole::BoardChair);
    let outcome = given.when(&stranger, cast::BOARD, &pass);
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let outcome = given.when(&cast::hr(), cast::BOARD, &pass);
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let pwp = Role::parse("PWP", "role").expect("a role id");
    let their_board = ConstituteBoard {
        role: pwp.clone(),
        ..constitute(full_board())
    };
    let secretary = cast::board_secretary();
    let outcome = given.when(&secretary, date(2027, 1, 11), &their_board);
    assert!(outcome.is_ok());
    let other_role = HoldBoard {
        role: pwp,
        ..hold(SittingKind::Qualifying, full_board())
    };
    let other = held(&mut given, cast::BOARD, &other_role);
    let pass = ratify(other, BoardDecision::Pass);
    assert_eq!(
        decided(&mut given, cast::BOARD, &pass),
        Err(Reason::NotPermitted)
    );
    let unknown = RatifyOutcome {
        application: Id::new(uuid::Uuid::from_u128(404)),
        ..ratify(sitting, BoardDecision::Pass)
    };
    assert_eq!(
        decided(&mut given, cast::BOARD, &unknown),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn lock_a_3_whoever_fails_is_locked_from_the_board_of_the_course_too() {
    let mut given = cast::in_training();
    let sitting = qualifying(&mut given);
    let fail = ratify(sitting, BoardDecision::Fail);
    assert_eq!(decided(&mut given, cast::BOARD, &fail), ratified());
    let on = date(2027, 3, 12);
    let outcome = given.when(&cast::board_secretary(), on, &release());
    assert_eq!(outcome, Ok(vec!["ResultReleased".to_owned()]));
    let followed = given.settle(on);
    assert!(followed.starts_with(&[
        "FundingLockStarted".to_owned(),
        "CommitmentLapsed".to_owned()
    ]));
}

#[test]
fn d_7_the_year_may_be_extended_until_the_next_board() {
    let mut given = examined();
    let sitting = qualifying(&mut given);
    let refer = ratify(sitting, BoardDecision::Refer(module_2()));
    assert_eq!(decided(&mut given, cast::BOARD, &refer), ratified());
    let training = cast::appointment().training();
    let extend = ExtendTraining {
        training,
        until: date(2027, 6, 30),
    };
    assert!(given.when(&cast::hr(), date(2027, 3, 12), &extend).is_ok());
    let review = HoldThreeWayReview { training };
    assert!(
        given
            .when(&cast::programme_lead(), date(2027, 5, 3), &review)
            .is_ok()
    );
}

mod boards;
mod corrections;
mod random;
mod release;
