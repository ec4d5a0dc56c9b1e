use jiff::civil::date;
use uuid::Uuid;

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast,
    given::{Given, actor, tenant},
};

fn award() -> QualificationAward {
    QualificationAward {
        appointment: cast::appointment(),
        qualification: "Postgraduate Certificate".to_owned(),
        level: 7,
        awarded: cast::BOARD,
    }
}

fn released(result: ReleasedResult) -> Given {
    let id = cast::appointment().qualification();
    let event = QualificationEvent::ResultReleased {
        appointment: cast::appointment(),
        result,
    };
    let given = Given::baseline().happened(id, &event);
    match result {
        ReleasedResult::Passed => given.happened(
            id,
            &QualificationEvent::QualificationAwarded { award: award() },
        ),
        _ => given,
    }
}

fn record() -> RecordRegisterEntry {
    RecordRegisterEntry {
        qualification: cast::appointment().qualification(),
        register: "bps".to_owned(),
        number: "W123456".to_owned(),
        until: None,
    }
}

const REFERRED: ReleasedResult = ReleasedResult::NotYetComplete {
    next_board: date(2027, 6, 16),
};

#[test]
fn b_4_the_register_lists_a_qualified_practitioner_from_the_award_on() {
    let mut given = released(ReleasedResult::Passed);
    let (hr, listed) = (cast::hr(), date(2027, 5, 14));
    let early = given.when(&hr, date(2027, 3, 9), &record());
    assert_eq!(early, Err(Reason::NotQualified));
    assert_eq!(
        given.when(&hr, listed, &record()),
        Ok(vec!["RegisterEntryRecorded".to_owned()])
    );
    assert_eq!(given.when(&hr, listed, &record()), Ok(vec![]));
    let other = RecordRegisterEntry {
        number: "W654321".to_owned(),
        ..record()
    };
    assert_eq!(
        given.when(&hr, listed, &other),
        Err(Reason::AlreadyRecorded)
    );
    assert!(given.when(&hr, date(2028, 5, 14), &record()).is_ok());
}

#[test]
fn assess_01_nobody_is_registered_before_the_pass() {
    for result in [
        REFERRED,
        ReleasedResult::NotCompleted {
            exit_award: true,
            board: cast::BOARD,
        },
    ] {
        let mut given = released(result);
        let outcome = given.when(&cast::hr(), date(2027, 5, 14), &record());
        assert_eq!(outcome, Err(Reason::NotQualified));
    }
    // and nothing released looks like nothing at all
    let mut given = Given::baseline();
    let outcome = given.when(&cast::hr(), date(2027, 5, 14), &record());
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn the_employer_records_the_entry_and_names_a_register_of_the_role() {
    let mut given = released(ReleasedResult::Passed);
    let day = date(2027, 5, 14);
    for stranger in [
        cast::programme_lead(),
        actor(tenant(9), ActingRole::EmployerHr),
    ] {
        let outcome = given.when(&stranger, day, &record());
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
    #[rustfmt::skip]
    let wrong = [
        RecordRegisterEntry { register: "nmc".to_owned(), ..record() },
        RecordRegisterEntry { register: String::new(), ..record() },
        RecordRegisterEntry { number: " ".to_owned(), ..record() },
        RecordRegisterEntry { number: "9".repeat(REGISTER_NUMBER_BYTES_MAX + 1), ..record() },
        RecordRegisterEntry { until: Some(date(2027, 5, 13)), ..record() },
    ];
    for command in wrong {
        let outcome = given.when(&cast::hr(), day, &command);
        assert_eq!(outcome, Err(Reason::FieldInvalid), "{command:?}");
    }
}

#[test]
fn d_7_the_leaving_code_is_98_until_the_board_has_decided_for_good() {
    let code = |result| {
        let given = released(result);
        given
            .state(cast::appointment().qualification())
            .and_then(Qualification::leaving_code)
            .map(LeavingCode::code)
    };
    let ended = |exit_award| ReleasedResult::NotCompleted {
        exit_award,
        board: cast::BOARD,
    };
    assert_eq!(Qualification::Absent.leaving_code(), None);
    assert_eq!(code(REFERRED), Some("98"));
    assert_eq!(code(ReleasedResult::Passed), Some("01"));
    assert_eq!(code(ended(true)), Some("01"));
    assert_eq!(code(ended(false)), Some("11"));
}

#[test]
fn a_final_result_is_not_released_over() {
    let issue = |act| Issued {
        issue: Issue {
            by: cast::board_secretary(),
            effective: crate::calendar::midday(date(2027, 6, 18)),
            recorded: crate::calendar::midday(date(2027, 6, 18)),
            request: Uuid::nil(),
            policies: crate::policy::Policies::default(),
            salt: crate::personal::DigestSalt(uuid::Uuid::nil()),
        },
        act,
    };
    let given = released(ReleasedResult::Passed);
    let qualified = given
        .state(cast::appointment().qualification())
        .expect("qualified");
    let again = QualificationAct::Release {
        result: ReleasedResult::Passed,
        award: award(),
        appeal: None,
    };
    assert_eq!(qualified.decide(&issue(again)), Ok(vec![]));
    let other = QualificationAct::Release {
        result: REFERRED,
        award: award(),
        appeal: None,
    };
    let refused = qualified.decide(&issue(other)).map_err(|why| why.reason);
    assert_eq!(refused, Err(Reason::AlreadyRecorded));
}

#[test]
fn c_2_the_register_number_is_the_employers_own() {
    let mut given = released(ReleasedResult::Passed);
    let outcome = given.when(&cast::hr(), date(2027, 5, 14), &record());
    assert!(outcome.is_ok());
    let state = given
        .state(cast::appointment().qualification())
        .expect("qualified");
    let [entry] = state.entries() else {
        panic!("one entry");
    };
    let Personal::Clear { controllers, .. } = &entry.number else {
        panic!("not sealed yet");
    };
    assert_eq!(controllers, &[cast::employer()]);
}
