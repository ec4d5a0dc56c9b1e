use jiff::civil::{Date, date};
use serde_json::json;

use super::*;
use crate::{
    actor::ActingRole,
    application::tests::cast,
    given::{Given, actor, person, tenant},
    refusal::Reason,
};

const ON: Date = date(2025, 11, 21);

fn given() -> Given {
    Given::baseline()
}

fn answer(code_set: &str, code: &str) -> Answer {
    Answer {
        code_set: code_set.to_owned(),
        code: code.to_owned(),
    }
}

fn answers(given: &[(&str, &str)]) -> AnswerMonitoring {
    AnswerMonitoring {
        answers: given.iter().map(|(set, code)| answer(set, code)).collect(),
    }
}

fn holders<T>(value: &Personal<T>) -> (Vec<TenantId>, PersonalClass) {
    match value {
        Personal::Clear {
            controllers, class, ..
        } => (controllers.clone(), *class),
        Personal::Sealed { .. } | Personal::Erased => panic!("clear until the append"),
    }
}

/// ACTOR-12, ROUTE-08
#[test]
fn actor_12_declarations_are_the_persons_alone() {
    let mut given = given();
    let by = cast::candidate();
    let own = person(7);
    given
        .when(&by, ON, &DeclareLivedExperience { declared: true })
        .expect("declared");
    let answered = answers(&[("nhs_ethnic_category_2001", "A"), ("hesa_disability", "95")]);
    given.when(&by, ON, &answered).expect("answered");
    let kept = given.state(Monitoring::id(own)).expect("kept");
    let custody = kept.custody().expect("kept");
    assert_eq!(
        custody.parties.into_iter().collect::<Vec<_>>(),
        [TenantId(own.0)],
        "no panel, no employer, no university, no commissioner"
    );
    assert_eq!(
        kept.lived_experience().map(holders),
        Some((vec![TenantId(own.0)], PersonalClass::LivedExperience))
    );
    assert_eq!(
        kept.answers().map(holders),
        Some((vec![TenantId(own.0)], PersonalClass::Edi))
    );
    for staff in [
        cast::hr(),
        cast::tutor(),
        cast::platform(),
        actor(tenant(4), ActingRole::CommissionerNational),
    ] {
        let declare = DeclareLivedExperience { declared: true };
        let refused = given.when(&staff, ON, &declare);
        assert_eq!(refused, Err(Reason::NotPermitted), "{staff:?}");
        let refused = given.when(&staff, ON, &answered);
        assert_eq!(refused, Err(Reason::NotPermitted), "{staff:?}");
    }
}

#[test]
fn actor_12_the_latest_word_holds_and_a_repeat_writes_nothing() {
    let mut given = given();
    let by = cast::candidate();
    let yes = DeclareLivedExperience { declared: true };
    let no = DeclareLivedExperience { declared: false };
    let said = Ok(vec!["LivedExperienceDeclared".to_owned()]);
    assert_eq!(given.when(&by, ON, &yes), said);
    assert_eq!(given.when(&by, ON, &yes), Ok(vec![]));
    assert_eq!(given.when(&by, ON, &no), said);
    let (first, second) = (
        answers(&[("nhs_ethnic_category_2001", "A")]),
        answers(&[("nhs_ethnic_category_2001", "Z")]),
    );
    let answered = Ok(vec!["MonitoringAnswered".to_owned()]);
    assert_eq!(given.when(&by, ON, &first), answered);
    assert_eq!(given.when(&by, ON, &first), Ok(vec![]));
    assert_eq!(
        given.when(&by, ON, &second),
        answered,
        "not stated is an answer"
    );
}

/// ROUTE-08, B.7: what was chosen is stored with its code set; the sets are not one to one.
#[test]
fn route_08_a_code_is_one_of_its_own_code_set() {
    for (set, code, sound) in [
        ("nhs_ethnic_category_2001", "A", true),
        ("nhs_ethnic_category_2001", "S", true),
        ("nhs_ethnic_category_2001", "I", false),
        ("nhs_ethnic_category_2001", "O", false),
        ("nhs_ethnic_category_2001", "Q", false),
        ("nhs_ethnic_category_2001", "Z", true),
        ("nhs_ethnic_category_2001", "99", true),
        ("nhs_ethnic_category_2001", "163", false),
        ("hesa_ethnicity", "163", true),
        ("hesa_ethnicity", "899", true),
        ("hesa_ethnicity", "996", false),
        ("hesa_disability", "51", true),
        ("hesa_disability", "60", false),
        ("hesa_sex", "12", true),
        ("hesa_sex", "13", false),
        ("made_up", "1", false),
    ] {
        let answer = given().when(&cast::candidate(), ON, &answers(&[(set, code)]));
        let expected = if sound {
            Ok(vec!["MonitoringAnswered".to_owned()])
        } else {
            Err(Reason::FieldInvalid)
        };
        assert_eq!(answer, expected, "{set} {code}");
    }
    let twice = answers(&[("nhs_ethnic_category_2001", "A"), ("hesa_ethnicity", "163")]);
    let answer = given().when(&cast::candidate(), ON, &twice);
    assert_eq!(answer, Err(Reason::FieldInvalid), "one answer each");
    let none = given().when(&cast::candidate(), ON, &answers(&[]));
    assert_eq!(none, Err(Reason::FieldInvalid));
}

#[test]
fn route_08_a_new_code_set_is_a_row_of_policy() {
    let set = json!({ "characteristic": "religion", "codes": ["100", "101"], "ranges": [] });
    let mut given = Given::nothing().policy("edi.codes.made_up", set);
    let answer = given.when(&cast::candidate(), ON, &answers(&[("made_up", "101")]));
    assert_eq!(answer, Ok(vec!["MonitoringAnswered".to_owned()]));
}
