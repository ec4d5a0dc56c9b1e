use jiff::civil::date;

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast,
    given::{Given, actor},
    qualification::{QualificationAward, QualificationEvent},
    refusal::Reason,
};

fn plan() -> Id<TransitionPlan> {
    cast::appointment().transition_plan()
}

fn held(given: &Given) -> &HeldTransitionPlan {
    given
        .state(plan())
        .and_then(TransitionPlan::held)
        .expect("opened")
}

fn manager() -> crate::actor::Actor {
    actor(cast::employer(), ActingRole::ServiceManager)
}

fn take(step: &str) -> TakeTransitionStep {
    TakeTransitionStep {
        plan: plan(),
        step: step.to_owned(),
    }
}

#[test]
fn precept_01_manager_and_supervisor_prepare_the_qualified_role_in_dated_steps() {
    let mut given = cast::in_training();
    assert_eq!(held(&given).first_step_by, date(2026, 12, 2));
    let planned = PlanTransitionStep {
        plan: plan(),
        step: "role_discussion".to_owned(),
        due: date(2026, 9, 1),
    };
    let on = date(2026, 6, 1);
    for repeat in [1, 0] {
        let outcome = given.when(&manager(), on, &planned);
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    let taken = date(2026, 9, 3);
    let outcome = given.when(&cast::supervisor(), taken, &take("role_discussion"));
    assert_eq!(outcome, Ok(vec!["TransitionStepTaken".to_owned()]));
    let step = held(&given).steps["role_discussion"];
    assert_eq!(
        (step.due, step.taken),
        (Some(date(2026, 9, 1)), Some(taken))
    );
    assert_eq!(
        given.when(&manager(), taken, &take("role_discussion")),
        Ok(vec![])
    );
    assert_eq!(
        given.when(&manager(), date(2026, 9, 4), &take("role_discussion")),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&manager(), date(2026, 9, 5), &planned),
        Ok(vec![])
    );
    let anew = PlanTransitionStep {
        due: date(2026, 10, 1),
        ..planned
    };
    assert_eq!(
        given.when(&manager(), date(2026, 9, 5), &anew),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(&manager(), taken, &take("party")),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn precept_01_no_step_by_month_nine_is_amber_and_one_is_not() {
    let mut given = cast::in_training();
    assert!(!held(&given).amber(date(2026, 12, 2)));
    assert!(held(&given).amber(date(2026, 12, 3)));
    given.done(&manager(), date(2026, 12, 4), &take("preceptor_named"));
    assert!(!held(&given).amber(date(2026, 12, 5)));
}

#[test]
fn precept_01_the_university_has_no_part_in_the_plan() {
    let mut given = cast::in_training();
    let custody = given.state(plan()).and_then(Decider::custody);
    assert_eq!(
        custody.map(|custody| custody.parties.into_iter().collect::<Vec<_>>()),
        Some(vec![cast::employer()])
    );
    let outcome = given.when(
        &cast::programme_lead(),
        date(2026, 9, 1),
        &take("role_discussion"),
    );
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn precept_01_steps_belong_to_the_training() {
    let mut given = cast::in_training();
    assert_eq!(
        given.when(&manager(), date(2026, 3, 1), &take("role_discussion")),
        Err(Reason::StateNotAllowed)
    );
    let early = PlanTransitionStep {
        plan: plan(),
        step: "shadowing".to_owned(),
        due: date(2026, 3, 1),
    };
    assert_eq!(
        given.when(&manager(), date(2026, 6, 1), &early),
        Err(Reason::FieldInvalid)
    );
    let whose = cast::appointment();
    let award = QualificationAward {
        appointment: whose.clone(),
        qualification: "Postgraduate Certificate".to_owned(),
        level: 7,
        awarded: cast::BOARD,
    };
    let close = EndTransitionPlan {
        plan: plan(),
        on: cast::BOARD,
    };
    let mut given = given.happened(
        whose.qualification(),
        &QualificationEvent::QualificationAwarded { award, post: None },
    );
    for repeat in [1, 0] {
        let outcome = given.when(&crate::actor::Actor::platform(), cast::BOARD, &close);
        assert_eq!(outcome.map(|events| events.len()), Ok(repeat));
    }
    assert!(
        !held(&given).amber(date(2028, 1, 1)),
        "nobody is in training"
    );
    assert_eq!(
        given.when(&manager(), date(2027, 4, 1), &take("role_discussion")),
        Err(Reason::StateNotAllowed)
    );
    // one taken before, recorded after
    assert!(
        given
            .when(&manager(), date(2027, 2, 1), &take("role_discussion"))
            .is_ok()
    );
}

#[test]
fn precept_01_who_leaves_the_training_needs_no_further_step() {
    let whose = cast::appointment();
    let mut given = cast::in_training();
    let end = crate::employment::EndEmployment {
        employment: whose.employment(),
    };
    let last_day = date(2026, 10, 1);
    given.done(&cast::hr(), last_day, &end);
    given.settle(last_day);
    assert_eq!(held(&given).closed, Some(last_day));
    let stray = CloseTransitionPlan {
        training: Id::new(uuid::Uuid::from_u128(1)),
        on: last_day,
    };
    assert_eq!(
        given.when(&crate::actor::Actor::platform(), last_day, &stray),
        Ok(vec![])
    );
}
