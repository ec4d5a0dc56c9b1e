use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast,
    given::{Given, actor, tenant},
    refusal::Reason,
    training::HoldThreeWayReview,
};

fn officer() -> Actor {
    actor(cast::university(), ActingRole::FitnessOfficer)
}

fn opened() -> (Given, Id<FitnessCase>) {
    let mut given = cast::in_training();
    let open = OpenFitnessCase {
        training: cast::appointment().training(),
        concern: "A complaint about conduct.".to_owned(),
    };
    for nobody in [cast::hr(), actor(tenant(77), ActingRole::FitnessOfficer)] {
        let outcome = given.when(&nobody, date(2026, 6, 1), &open);
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
    assert_eq!(
        given.when(&officer(), date(2026, 6, 1), &open),
        Ok(vec!["FitnessCaseOpened".to_owned()])
    );
    let case = given.created(cast::university());
    (given, case)
}

#[test]
fn b_5_practice_is_suspended_and_restored_in_view_of_both_and_the_case_in_view_of_one() {
    let (mut given, case) = opened();
    let training = cast::appointment().training();
    assert_eq!(
        given.when(&officer(), date(2026, 6, 2), &SuspendPractice { case }),
        Ok(vec![
            "InterimSuspensionImposed".to_owned(),
            "PracticeSuspended".to_owned()
        ])
    );
    assert_eq!(
        given.when(&officer(), date(2026, 6, 2), &SuspendPractice { case }),
        Ok(vec![])
    );
    let review = HoldThreeWayReview { training };
    let outcome = given.when(&cast::programme_lead(), date(2026, 6, 3), &review);
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    assert_eq!(
        given.when(&officer(), date(2026, 6, 16), &ReviewSuspension { case }),
        Ok(vec!["InterimSuspensionReviewed".to_owned()])
    );
    assert_eq!(
        given.when(&officer(), date(2026, 6, 23), &RestorePractice { case }),
        Ok(vec![
            "InterimSuspensionLifted".to_owned(),
            "PracticeRestored".to_owned()
        ])
    );
    let outcome = given.when(&cast::programme_lead(), date(2026, 6, 23), &review);
    assert_eq!(outcome, Ok(vec!["ThreeWayReviewHeld".to_owned()]));

    let custody = given.state(case).and_then(Decider::custody);
    let custody = custody.expect("opened");
    assert_eq!(custody.parties, [cast::university()].into());
    let shared = given.stored(training).concat();
    assert!(
        !shared.contains("omplaint") && !shared.contains("itness"),
        "{shared}"
    );
}

#[test]
fn b_5_a_suspension_is_reviewed_within_the_days_of_policy() {
    let (mut given, case) = opened();
    let unasked = given.when(&officer(), date(2026, 6, 2), &ReviewSuspension { case });
    assert_eq!(unasked, Err(Reason::StateNotAllowed));
    given
        .when(&officer(), date(2026, 6, 2), &SuspendPractice { case })
        .expect("suspended");
    let due = |given: &Given| match given.state(case) {
        Some(FitnessCase::Opened { review_by, .. }) => *review_by,
        _ => None,
    };
    assert_eq!(due(&given), Some(date(2026, 6, 16)));
    given
        .when(&officer(), date(2026, 6, 15), &ReviewSuspension { case })
        .expect("reviewed");
    assert_eq!(due(&given), Some(date(2026, 6, 29)));
}

#[test]
fn a_closed_case_suspends_nobody_any_more() {
    let (mut given, case) = opened();
    let close = |outcome| CloseFitnessCase { case, outcome };
    let on = date(2026, 6, 9);
    assert_eq!(
        given.when(&officer(), on, &close(FitnessOutcome::NoCase)),
        Ok(vec!["FitnessCaseClosed".to_owned()])
    );
    assert_eq!(
        given.when(&officer(), on, &close(FitnessOutcome::NoCase)),
        Ok(vec![])
    );
    let other = given.when(&officer(), on, &close(FitnessOutcome::NotFit));
    assert_eq!(other, Err(Reason::AlreadyRecorded));
    let suspended = given.when(&officer(), on, &SuspendPractice { case });
    assert_eq!(suspended, Err(Reason::StateNotAllowed));
}
