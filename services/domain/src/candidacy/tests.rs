use jiff::civil::date;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    actor::ActingRole,
    application::{
        Degree, SubmitApplication, WithdrawApplication,
        tests::cast::{self, applied, candidate, employer, hr},
    },
    given::{Given, person, tenant},
    id::Id,
    vacancy::{Vacancy, VacancyEvent, VacancyTerms},
};

/// A second vacancy of another employer, open as long as the first.
fn second_vacancy(given: Given) -> (Given, Id<Vacancy>) {
    let known = given.state(cast::vacancy()).and_then(Vacancy::terms);
    let terms = VacancyTerms {
        employer: tenant(3),
        ..known.cloned().expect("opened")
    };
    let vacancy = Id::derive(tenant(3), &[Uuid::from_u128(1)]);
    let opened = VacancyEvent::VacancyOpened {
        terms: Box::new(terms),
    };
    (given.happened(vacancy, &opened), vacancy)
}

fn apply(vacancy: Id<Vacancy>) -> SubmitApplication {
    SubmitApplication {
        vacancy,
        ..cast::submit(Degree::Held)
    }
}

/// JOINT-09: one trust may advertise in several services, and one person may apply to several.
#[test]
fn joint_09_many_applications_of_one_person_stand_side_by_side() {
    let cast = applied();
    let (mut given, second) = second_vacancy(cast.given);
    let answer = given.when(&candidate(), date(2025, 11, 22), &apply(second));
    let submitted = ["ApplicationSubmitted", "ApplicationNoted"].map(str::to_owned);
    assert_eq!(answer, Ok(submitted.to_vec()));
    let candidacy = given.state(Candidacy::id(person(7))).expect("noted");
    assert_eq!(candidacy.applications().len(), 2);
    let custody = candidacy.custody().expect("noted");
    assert_eq!(
        custody.parties.into_iter().collect::<Vec<_>>(),
        [PLATFORM],
        "no employer learns of the other"
    );
}

/// ROUTE-06, JOINT-01: where a campaign takes one application per person, a second waits for the
/// end of the first.
#[test]
fn route_06_a_campaign_may_take_one_application_per_person() {
    let on = date(2025, 11, 22);
    let cast = applied();
    let first = cast.application;
    let (given, second) = second_vacancy(cast.given);
    let mut given = given.policy("applications", json!("one_only"));
    let answer = given.when(&candidate(), on, &apply(second));
    assert_eq!(answer, Err(Reason::AnotherApplicationStands));
    let again = given.when(&candidate(), on, &apply(cast::vacancy()));
    assert_eq!(again, Ok(vec![]), "a repeat is no second one");
    let withdraw = WithdrawApplication { application: first };
    given.when(&candidate(), on, &withdraw).expect("withdrawn");
    given
        .when(&candidate(), on, &apply(second))
        .expect("the first stands no more");
}

/// JOINT-04: what a refusal says to an employer cannot depend on applications to others.
#[test]
fn joint_04_an_employer_learns_nothing_of_other_applications_from_a_refusal() {
    let other_hr = crate::given::actor(tenant(3), ActingRole::EmployerHr);
    let mut answers = vec![];
    for applied_elsewhere in [false, true] {
        let given = if applied_elsewhere {
            applied().given
        } else {
            cast::opened()
        };
        let (given, second) = second_vacancy(given);
        let mut given = given.policy("applications", json!("one_only"));
        let on_behalf = SubmitApplication {
            person: Some(person(7)),
            ..apply(second)
        };
        let at = cast::at("2025-11-22T12:00:00Z");
        let answer = given.answer(&other_hr, at, Uuid::from_u128(1), &on_behalf);
        answers.push(answer.expect_err("the candidate applies themself"));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].reason, Reason::StateNotAllowed);
}

#[test]
fn joint_04_an_application_on_behalf_is_noted_as_well() {
    let mut given = cast::opened();
    let on_behalf = SubmitApplication {
        person: Some(person(8)),
        ..apply(cast::vacancy())
    };
    given
        .when(&hr(), date(2025, 11, 22), &on_behalf)
        .expect("submitted");
    let candidacy = given.state(Candidacy::id(person(8))).expect("noted");
    let application = Application::id(employer(), cast::vacancy(), person(8));
    assert!(candidacy.applications().contains(&application));
}
