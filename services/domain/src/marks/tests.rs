use jiff::civil::{Date, date};

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast::{self, board_member},
    board::{
        BoardCapacity::{Chair, External, Internal},
        BoardDecision, FurtherWork, HoldBoard, RatifyOutcome, SittingKind,
    },
    given::{Given, actor, tenant},
};

const RESIT_BOARD: Date = date(2027, 6, 16);

fn mark(component: &str, mark: u8) -> RecordProvisionalMark {
    RecordProvisionalMark {
        application: cast::appointment().application,
        component: component.to_owned(),
        mark,
    }
}

fn marked(given: &mut Given, on: Date, command: &RecordProvisionalMark) {
    let tutor = actor(cast::university(), ActingRole::PersonalTutor);
    let outcome = given.when(&tutor, on, command);
    assert_eq!(outcome, Ok(vec!["ProvisionalMarkRecorded".to_owned()]));
}

fn sheet(given: &Given) -> &MarkSheet {
    let id = MarkSheet::id(cast::university(), cast::appointment().application);
    given.state(id).expect("a sheet")
}

fn sits(given: &mut Given, on: Date) -> Id<BoardSitting> {
    let people = [(41, Chair), (42, Internal), (43, Internal), (44, External)];
    let hold = HoldBoard {
        role: cast::role(),
        kind: SittingKind::Qualifying,
        members: people.map(|(n, capacity)| board_member(n, capacity)).into(),
        chairs_action: None,
    };
    assert!(given.when(&cast::board_secretary(), on, &hold).is_ok());
    Id::derive(cast::university(), &[given.last_request()])
}

fn decide(
    given: &mut Given,
    on: Date,
    sitting: Id<BoardSitting>,
    decision: BoardDecision,
) -> Result<Vec<String>, Reason> {
    let ratify = RatifyOutcome {
        sitting,
        application: cast::appointment().application,
        decision,
    };
    given.when(&cast::board_secretary(), on, &ratify)
}

fn work() -> FurtherWork {
    FurtherWork {
        components: vec!["module_2".to_owned()],
        due: date(2027, 5, 14),
        next_board: RESIT_BOARD,
    }
}

fn examined() -> Given {
    let mut given = cast::in_training();
    cast::with_portfolio(&mut given);
    given
}

fn clear(value: &Personal<u8>) -> u8 {
    match value {
        Personal::Clear { value, .. } => *value,
        other => panic!("not clear: {other:?}"),
    }
}

#[test]
fn b_5_no_pass_while_a_component_is_below_the_pass_mark() {
    let mut given = examined();
    marked(&mut given, date(2027, 2, 26), &mark("module_1", 61));
    marked(&mut given, date(2027, 2, 26), &mark("module_2", 49));
    let sitting = sits(&mut given, cast::BOARD);
    let pass = decide(&mut given, cast::BOARD, sitting, BoardDecision::Pass);
    assert_eq!(pass, Err(Reason::MarkBelowPass));
    let refer = decide(
        &mut given,
        cast::BOARD,
        sitting,
        BoardDecision::Refer(work()),
    );
    let mut events = refer.expect("referred");
    events.sort();
    assert_eq!(
        events,
        ["BoardOutcomeNoted", "MarksRatified", "OutcomeRatified"]
    );
    assert!(sheet(&given).marks().all(|(_, ratified)| ratified));
}

#[test]
fn b_5_a_resit_counts_no_more_than_the_pass_mark_and_a_deferred_attempt_counts_in_full() {
    for (decision, counts) in [
        (BoardDecision::Refer(work()), 50),
        (BoardDecision::Defer(work()), 72),
    ] {
        let mut given = examined();
        marked(&mut given, date(2027, 2, 26), &mark("module_2", 31));
        let sitting = sits(&mut given, cast::BOARD);
        assert!(decide(&mut given, cast::BOARD, sitting, decision).is_ok());
        marked(&mut given, date(2027, 5, 20), &mark("module_2", 72));
        let (resit, ratified) = sheet(&given).marks().last().expect("a resit");
        assert_eq!((clear(&resit.mark), clear(&resit.counts)), (72, counts));
        assert!(resit.reached && !ratified);
        let resit = sits(&mut given, RESIT_BOARD);
        let pass = decide(&mut given, RESIT_BOARD, resit, BoardDecision::Pass);
        assert!(pass.is_ok(), "{pass:?}");
    }
}

#[test]
fn b_5_an_attempt_is_marked_once_and_nothing_after_a_final_decision() {
    let mut given = examined();
    let tutor = actor(cast::university(), ActingRole::PersonalTutor);
    let on = date(2027, 2, 26);
    marked(&mut given, on, &mark("module_1", 61));
    assert_eq!(given.when(&tutor, on, &mark("module_1", 61)), Ok(vec![]));
    assert_eq!(
        given.when(&tutor, on, &mark("module_1", 62)),
        Err(Reason::AlreadyRecorded)
    );
    for wrong in [mark("module_3", 101), mark(" ", 50)] {
        assert_eq!(given.when(&tutor, on, &wrong), Err(Reason::FieldInvalid));
    }
    let sitting = sits(&mut given, cast::BOARD);
    assert!(decide(&mut given, cast::BOARD, sitting, BoardDecision::Pass).is_ok());
    assert_eq!(
        given.when(&tutor, RESIT_BOARD, &mark("module_1", 70)),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn c_4_provisional_marks_are_the_universitys_alone() {
    let mut given = examined();
    marked(&mut given, date(2027, 2, 26), &mark("module_1", 61));
    for stranger in [cast::hr(), actor(tenant(9), ActingRole::PersonalTutor)] {
        let outcome = given.when(&stranger, date(2027, 2, 27), &mark("module_2", 61));
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
    let custody = sheet(&given).custody().expect("kept");
    assert_eq!(custody.parties, [cast::university()].into());
    assert_eq!(custody.subject, None, "nor does the person read totals");
    let (kept, _) = sheet(&given).marks().next().expect("a mark");
    let Personal::Clear { controllers, .. } = &kept.mark else {
        panic!("not sealed yet");
    };
    assert_eq!(controllers, &[cast::university()]);
}
