use jiff::civil::date;
use serde_json::json;

use super::*;
use crate::{
    actor::Actor,
    given::{Given, actor, cast::COMMISSIONER, tenant},
};

fn national() -> Actor {
    actor(tenant(COMMISSIONER), ActingRole::CommissionerNational)
}

fn minimum(from: Date, value: u32) -> SetPolicy {
    SetPolicy {
        policy: "cluster.min".to_owned(),
        from,
        until: None,
        value: json!(value),
        source: "ALLOC-01".to_owned(),
        approver: "steering group".to_owned(),
    }
}

fn in_force(given: &Given, on: Date) -> Option<u32> {
    let register = given.state(PolicyRegister::id()).cloned().unwrap();
    Policies::of(register.into())
        .find("cluster.min", on)
        .unwrap()
}

const APRIL: Date = date(2024, 4, 1);
const MAY: Date = date(2024, 5, 20);

#[test]
fn a_value_holds_from_its_day_until_the_day_before_its_end() {
    let mut given = Given::nothing();
    let pilot = SetPolicy {
        until: Some(MAY),
        ..minimum(APRIL, 1)
    };
    given.done(&national(), APRIL, &pilot);
    assert_eq!(in_force(&given, date(2024, 3, 31)), None);
    assert_eq!(in_force(&given, APRIL), Some(1));
    assert_eq!(in_force(&given, date(2024, 5, 19)), Some(1));
    assert_eq!(in_force(&given, MAY), None);
}

#[test]
fn d_16_a_row_published_late_holds_from_its_own_day() {
    let mut given = Given::nothing();
    given.done(&national(), date(2024, 1, 8), &minimum(date(2024, 1, 1), 4));
    given.done(&national(), MAY, &minimum(APRIL, 5));
    assert_eq!(in_force(&given, date(2024, 3, 31)), Some(4));
    assert_eq!(in_force(&given, APRIL), Some(5));
}

#[test]
fn a_repeat_sets_nothing_and_going_back_is_a_new_version() {
    let mut given = Given::nothing();
    given.done(&national(), APRIL, &minimum(APRIL, 4));
    assert_eq!(
        given.when(&national(), APRIL, &minimum(APRIL, 4)),
        Ok(vec![])
    );
    given.done(&national(), MAY, &minimum(APRIL, 5));
    assert_eq!(
        given.when(&national(), MAY, &minimum(APRIL, 4)),
        Ok(vec!["PolicySet".to_owned()])
    );
    assert_eq!(in_force(&given, MAY), Some(4));
    let register = given.state(PolicyRegister::id()).unwrap();
    let versions: Vec<u32> = register
        .all()
        .flat_map(|(_, versions)| versions.iter().map(|version| version.version))
        .collect();
    assert_eq!(versions, [1, 2, 3]);
}

#[test]
fn actor_09_a_version_names_its_source_and_approver() {
    let mut given = Given::nothing();
    let unsourced = SetPolicy {
        source: " ".to_owned(),
        ..minimum(APRIL, 4)
    };
    let unapproved = SetPolicy {
        approver: String::new(),
        ..minimum(APRIL, 4)
    };
    let backwards = SetPolicy {
        until: Some(APRIL),
        ..minimum(APRIL, 4)
    };
    let unnamed = SetPolicy {
        policy: "cluster min".to_owned(),
        ..minimum(APRIL, 4)
    };
    let huge = SetPolicy {
        value: json!("x".repeat(VALUE_BYTES_MAX)),
        ..minimum(APRIL, 4)
    };
    for wrong in [&unsourced, &unapproved, &backwards, &unnamed, &huge] {
        assert_eq!(
            given.when(&national(), APRIL, wrong),
            Err(Reason::FieldInvalid)
        );
    }
}

#[test]
fn only_the_commissioner_or_the_platform_sets_a_policy() {
    let mut given = Given::nothing();
    for role in [
        ActingRole::EmployerHr,
        ActingRole::ProgrammeLead,
        ActingRole::CommissionerRegional,
    ] {
        let by = actor(tenant(1), role);
        assert_eq!(
            given.when(&by, APRIL, &minimum(APRIL, 4)),
            Err(Reason::NotPermitted)
        );
    }
    assert!(
        given
            .when(&Actor::platform(), APRIL, &minimum(APRIL, 4))
            .is_ok()
    );
}

#[test]
fn a_decision_remembers_the_versions_it_used() {
    let mut given = Given::nothing();
    given.done(&national(), APRIL, &minimum(date(2024, 1, 1), 4));
    given.done(&national(), APRIL, &minimum(APRIL, 5));
    let register = given.state(PolicyRegister::id()).cloned().unwrap();
    let policies = Policies::of(register.into());
    assert_eq!(policies.get::<u32>("cluster.min", APRIL), Ok(5));
    assert_eq!(policies.used().get("cluster.min"), Some(&2));
    let missing = policies.get::<u32>("cluster.max", APRIL).unwrap_err();
    assert_eq!(missing.reason, Reason::PolicyMissing);
    let shape = policies.get::<Date>("cluster.min", APRIL).unwrap_err();
    assert_eq!(shape.reason, Reason::PolicyMissing);
}
