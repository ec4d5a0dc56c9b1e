use jiff::civil::date;

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast::{self, OfferIs, Story},
    given::{Given, actor, tenant},
};

fn start() -> StartEmployment {
    cast::start_employment(&cast::appointment())
}

fn started(given: &mut Given, command: &StartEmployment) -> Result<Vec<String>, Reason> {
    given.when(&cast::hr(), cast::EMPLOYMENT_START, command)
}

fn end() -> EndEmployment {
    EndEmployment {
        employment: cast::appointment().employment(),
    }
}

#[test]
fn b_3_employment_starts_only_once_every_check_is_cleared() {
    let accepted = |offer| {
        cast::told(&Story {
            offer,
            ..Story::default()
        })
    };
    assert_eq!(
        started(&mut accepted(OfferIs::Accepted), &start()),
        Err(Reason::EmploymentCheckIncomplete)
    );
    assert_eq!(
        started(&mut accepted(OfferIs::ChecksCleared), &start()),
        Err(Reason::ConditionsNotMet)
    );
    assert_eq!(
        started(&mut accepted(OfferIs::ConditionsMet), &start()),
        Ok(vec!["EmploymentStarted".to_owned()])
    );
}

#[test]
fn fund_05_the_trainee_post_has_the_trainee_band_of_the_role() {
    let mut given = cast::appointed();
    let band_5 = StartEmployment { band: 5, ..start() };
    assert_eq!(started(&mut given, &band_5), Err(Reason::FieldInvalid));
}

#[test]
fn b_3_an_assignment_number_names_one_assignment() {
    let mut given = cast::appointed();
    for assignment in ["20000001", "2000001-1", "20000001-", ""] {
        let wrong = StartEmployment {
            assignment: assignment.to_owned(),
            ..start()
        };
        assert_eq!(started(&mut given, &wrong), Err(Reason::FieldInvalid));
    }
}

#[test]
fn only_the_employer_of_the_appointment_starts_the_employment() {
    let mut given = cast::appointed();
    for stranger in [
        actor(tenant(9), ActingRole::EmployerHr),
        cast::programme_lead(),
    ] {
        let outcome = given.when(&stranger, cast::EMPLOYMENT_START, &start());
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
}

#[test]
fn d_15_a_repeated_start_adds_nothing_and_another_assignment_is_refused() {
    let mut given = cast::appointed();
    assert!(started(&mut given, &start()).is_ok());
    assert_eq!(started(&mut given, &start()), Ok(vec![]));
    let other = StartEmployment {
        assignment: "20000001-2".to_owned(),
        ..start()
    };
    assert_eq!(started(&mut given, &other), Err(Reason::AlreadyRecorded));
}

#[test]
fn c_2_the_university_learns_the_day_and_never_the_number() {
    let mut given = cast::appointed();
    assert!(started(&mut given, &start()).is_ok());
    let custody = given
        .state(cast::appointment().employment())
        .and_then(Decider::custody)
        .expect("employed");
    assert_eq!(custody.parties, [cast::employer()].into());
    assert_eq!(given.settle(cast::EMPLOYMENT_START), ["EmploymentNoted"]);
    let shared = given.stored(cast::appointment().training()).concat();
    assert!(!shared.contains("20000001"));
    assert!(shared.contains("2026-02-23"));
}

#[test]
fn b_3_the_end_of_the_employment_reaches_the_training() {
    let mut given = cast::in_training();
    let last_day = date(2026, 8, 12);
    assert_eq!(
        given.when(&cast::hr(), last_day, &end()),
        Ok(vec!["EmploymentEnded".to_owned()])
    );
    assert_eq!(given.when(&cast::hr(), last_day, &end()), Ok(vec![]));
    let outcome = given.when(&cast::hr(), date(2026, 8, 13), &end());
    assert_eq!(outcome, Err(Reason::AlreadyRecorded));
    let followed = given.settle(last_day);
    assert!(
        followed.contains(&"EmploymentEndNoted".to_owned()),
        "{followed:?}"
    );
    let training = given.state(cast::appointment().training()).expect("noted");
    assert_eq!(
        training.status(),
        crate::training::TrainingStatus::WithdrawalProposed
    );
    assert_eq!(training.last_day(), Some(last_day));
}

#[test]
fn an_employment_ends_after_it_starts_and_by_the_employer_only() {
    let mut given = cast::in_training();
    let outcome = given.when(&cast::hr(), date(2026, 2, 22), &end());
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    let outcome = given.when(&cast::programme_lead(), date(2026, 8, 12), &end());
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let mut given = cast::appointed();
    let outcome = given.when(&cast::hr(), date(2026, 8, 12), &end());
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

/// SET-13: whoever came with their clinical service has no second first day with the successor.
#[test]
fn set_13_an_employment_that_came_with_a_service_does_not_start_again() {
    let whose = cast::appointment();
    let came = EmploymentEvent::EmploymentTransferredIn {
        appointment: whose.clone(),
        from: tenant(0xC0),
        on: cast::EMPLOYMENT_START,
    };
    let mut given = cast::appointed().happened(whose.employment(), &came);
    assert_eq!(started(&mut given, &start()), Err(Reason::StateNotAllowed));
}
