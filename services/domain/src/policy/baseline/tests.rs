use std::collections::BTreeSet;

use super::*;
use crate::{
    given::Given,
    policy::{
        Policies, PolicyRegister,
        catalogue::{BoardQuorum, CriteriaPolicy, PracticeMinima, Range, Role, Settings},
    },
};

fn policies() -> Policies {
    let given = Given::baseline();
    let register: PolicyRegister = given.state(PolicyRegister::id()).cloned().unwrap();
    Policies::of(register.into())
}

fn role(id: &str) -> Role {
    Role::parse(id, "role").unwrap()
}

#[test]
fn every_row_has_a_request_id_of_its_own_that_never_changes() {
    let ids: BTreeSet<_> = baseline().iter().map(request_id).collect();
    assert_eq!(ids.len(), baseline().len());
    let again: BTreeSet<_> = baseline().iter().map(request_id).collect();
    assert_eq!(ids, again);
}

#[test]
fn every_structured_row_has_the_shape_its_reader_expects() {
    let policies = policies();
    let on = date(2026, 3, 2);
    for row in baseline() {
        let id = row.policy.as_str();
        let read = |from: Date| -> Result<(), crate::refusal::Refusal> {
            if let Some(name) = id.strip_prefix("role.") {
                let row = policies.role(&role(name), from)?;
                let rule = policies.supervisor_rule(&role(name), from)?;
                assert_eq!(rule, row.supervisor_rule, "{id}");
            } else if id.starts_with("setting.") {
                policies.get::<crate::policy::catalogue::SettingPolicy>(id, from)?;
            } else if id.starts_with("criteria.") {
                policies.get::<CriteriaPolicy>(id, from)?;
            }
            Ok(())
        };
        assert!(read(row.from).is_ok(), "{id}");
    }
    assert!(policies.get::<Settings>("settings", on).is_ok());
    assert!(policies.get::<PracticeMinima>("practice.min", on).is_ok());
    assert!(policies.get::<BoardQuorum>("board.quorum", on).is_ok());
    assert!(
        policies
            .get::<BoardQuorum>("board.quorum.reassessment", on)
            .is_ok()
    );
    assert!(policies.get::<Range>("practice_days", on).is_ok());
    assert!(policies.get::<Date>("lock.start", on).is_ok());
}

#[test]
fn route_01_the_qualification_follows_from_the_degree() {
    let mhwp = policies().role(&role("MHWP"), date(2026, 3, 2)).unwrap();
    let level = |degree| mhwp.qualification_for(degree, false).map(|q| q.level);
    assert_eq!(level(true), Some(7));
    assert_eq!(level(false), Some(6));
    let app = policies().role(&role("APP"), date(2026, 3, 2)).unwrap();
    assert_eq!(app.qualification_for(true, false), None);
    assert_eq!(app.qualification_for(true, true).map(|q| q.level), Some(7));
}

#[test]
fn annex_1_the_associate_practitioner_qualifies_by_cohort() {
    let credits = |on| {
        let app = policies().role(&role("APP"), on).unwrap();
        app.qualifications.first().and_then(|q| q.credits)
    };
    assert_eq!(credits(date(2022, 9, 1)), Some(120));
    assert_eq!(credits(date(2023, 9, 1)), Some(60));
}

#[test]
fn pay_on_the_award_date_is_the_table_of_that_year() {
    let policies = policies();
    let entry = |on| {
        let table: std::collections::BTreeMap<String, Vec<i64>> =
            policies.get("pay.table", on).unwrap();
        table["4"][0]
    };
    assert_eq!(entry(date(2022, 3, 31)), 2_254_900);
    assert_eq!(entry(date(2026, 3, 2)), 2_748_500);
}
