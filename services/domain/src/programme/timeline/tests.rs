use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, PLATFORM},
    given::{Given, actor},
    policy::{Policies, PolicyRegister, SetPolicy},
    refusal::Reason,
};

#[test]
fn time_09_a_dated_fact_is_the_weekday_its_source_says() {
    let mut given = Given::baseline();
    let register = given.state(PolicyRegister::id()).cloned().unwrap();
    let policies = Policies::of(std::sync::Arc::new(register));
    let on = date(2026, 1, 1);
    let timeline: Vec<DatedFact> = policies.get("timeline.MHWP", on).unwrap();
    let meeting = timeline
        .iter()
        .find(|fact| fact.on == date(2024, 11, 21))
        .unwrap();
    assert_eq!(meeting.weekday.as_deref(), Some("Thursday"));
    assert_eq!(meeting.check(), Ok(()));
    let slip = SetPolicy {
        policy: "timeline.MHWP".to_owned(),
        from: date(2026, 1, 1),
        until: None,
        value: serde_json::json!([
            { "on": "2024-11-22", "weekday": "Thursday", "what": "PPN national meeting" },
        ]),
        source: "made up".to_owned(),
        approver: "made up".to_owned(),
    };
    let operator = actor(PLATFORM, ActingRole::PlatformOperator);
    assert_eq!(given.when(&operator, on, &slip), Err(Reason::FieldInvalid));
}
