use jiff::civil::date;
use uuid::Uuid;

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast,
    given::{Given, actor, tenant},
    personal::Personal,
    world::Issue,
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
            &QualificationEvent::QualificationAwarded {
                award: award(),
                post: None,
            },
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
        post: None,
        appeal: None,
    };
    assert_eq!(qualified.decide(&issue(again)), Ok(vec![]));
    let other = QualificationAct::Release {
        result: REFERRED,
        award: award(),
        post: None,
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

fn status(status: ListingStatus) -> RecordRegisterStatus {
    RecordRegisterStatus {
        qualification: cast::appointment().qualification(),
        register: "bps".to_owned(),
        status,
    }
}

#[test]
fn career_08_a_listing_is_pending_listed_conditioned_lapsed_and_restored_on_dated_days() {
    use ListingStatus::{Conditions, Lapsed, Listed, Pending, Restored};
    let mut given = released(ReleasedResult::Passed);
    let hr = cast::hr();
    let recorded = || Ok(vec!["RegisterStatusRecorded".to_owned()]);
    assert_eq!(
        given.when(&hr, date(2027, 4, 1), &status(Lapsed)),
        Err(Reason::StateNotAllowed),
        "nothing to lapse"
    );
    assert_eq!(
        given.when(&hr, date(2027, 4, 1), &status(Pending)),
        recorded()
    );
    assert_eq!(
        given.when(&hr, date(2027, 4, 1), &status(Listed)),
        Err(Reason::FieldInvalid),
        "a listing has a number"
    );
    assert!(given.when(&hr, date(2027, 5, 14), &record()).is_ok());
    for (on, next) in [
        (date(2028, 1, 10), Conditions),
        (date(2028, 6, 1), Restored),
        (date(2029, 5, 14), Lapsed),
        (date(2029, 7, 2), Restored),
    ] {
        assert_eq!(given.when(&hr, on, &status(next)), recorded(), "{next}");
        assert_eq!(given.when(&hr, on, &status(next)), Ok(vec![]), "{next}");
    }
    let state = given
        .state(cast::appointment().qualification())
        .expect("qualified");
    let history: Vec<_> = state.listings().iter().map(|known| known.status).collect();
    assert_eq!(
        history,
        [Pending, Listed, Conditions, Restored, Lapsed, Restored]
    );
    assert_eq!(state.listings()[1].from, date(2027, 5, 14));
    assert_eq!(state.listing("bps"), Some(Restored));
    let stranger = actor(tenant(9), ActingRole::EmployerHr);
    assert_eq!(
        given.when(&stranger, date(2029, 8, 1), &status(Lapsed)),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn career_08_nobody_is_listed_before_the_award_or_without_it() {
    let pending = status(ListingStatus::Pending);
    let mut given = released(ReleasedResult::Passed);
    let early = given.when(&cast::hr(), date(2027, 3, 9), &pending);
    assert_eq!(early, Err(Reason::NotQualified));
    let mut given = released(REFERRED);
    let without = given.when(&cast::hr(), date(2027, 5, 14), &pending);
    assert_eq!(without, Err(Reason::NotQualified));
}

#[test]
fn b_4_a_post_outside_the_system_of_practice_is_noted_as_a_risk() {
    for (setting, within) in [("adult_community", true), ("drug_and_alcohol", false)] {
        let whose = cast::appointment();
        let service = Id::new(Uuid::from_u128(0xA4));
        let opened = crate::directory::ClinicalServiceEvent::ClinicalServiceOpened {
            employer: whose.employer,
            name: "Cast".to_owned(),
            setting: crate::policy::catalogue::Setting::parse(setting, "setting")
                .expect("a setting"),
            population: "severe_mental_illness".to_owned(),
        };
        let id = whose.qualification();
        let mut given = cast::appointed().happened(service, &opened).happened(
            id,
            &QualificationEvent::QualificationAwarded {
                award: award(),
                post: None,
            },
        );
        let post = NoteRegisteredPractice {
            application: whose.application,
            clinical_service: service,
            from: date(2027, 4, 5),
        };
        let platform = crate::actor::Actor::platform();
        let outcome = given.when(&platform, date(2027, 4, 5), &post);
        assert_eq!(outcome, Ok(vec!["RegisteredPracticeNoted".to_owned()]));
        let practice = given.state(id).and_then(Qualification::practice);
        assert_eq!(practice.expect("noted").within_system, within);
        assert_eq!(given.when(&platform, date(2027, 4, 5), &post), Ok(vec![]));
    }
}

#[test]
fn b_4_a_number_in_the_nursing_register_has_its_form() {
    let whose = crate::appointment::Appointment {
        role: crate::policy::catalogue::Role::parse("NURSING_ASSOCIATE", "role")
            .expect("a role id"),
        ..cast::appointment()
    };
    let awarded = QualificationEvent::QualificationAwarded {
        award: QualificationAward {
            appointment: whose.clone(),
            ..award()
        },
        post: None,
    };
    let mut given = Given::baseline().happened(whose.qualification(), &awarded);
    let nmc = |number: &str| RecordRegisterEntry {
        register: "nmc".to_owned(),
        number: number.to_owned(),
        ..record()
    };
    let on = date(2027, 5, 14);
    let outcome = given.when(&cast::hr(), on, &nmc("W123456"));
    assert_eq!(outcome, Err(Reason::FieldInvalid));
    assert!(given.when(&cast::hr(), on, &nmc("12A3456E")).is_ok());
}
