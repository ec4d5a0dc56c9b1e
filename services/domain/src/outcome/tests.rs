use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor, PLATFORM, Region},
    directory::RegisterTenant,
    given::{
        Given, actor,
        cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE},
        tenant,
    },
};

const NETWORK: u128 = 0xF0;
const JULY: Date = date(2026, 7, 3);

fn service_manager(employer: u128) -> Actor {
    actor(tenant(employer), ActingRole::ServiceManager)
}

fn stage() -> (Given, ReportOutcomes) {
    let mut given = Given::directory();
    let platform = actor(PLATFORM, ActingRole::PlatformOperator);
    let network = RegisterTenant {
        tenant: tenant(NETWORK),
        kind: crate::actor::TenantKind::Network,
        name: "Network of the North West".to_owned(),
        ods_code: None,
        ukprn: None,
        sector: None,
        region: Some(Region::NorthWest),
    };
    given.done(&platform, date(2021, 4, 1), &network);
    let clinical_service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let values = [
        ("goal_progress", 31),
        ("people_seen", 52),
        ("sessions", 140),
        ("new_access", 17),
    ];
    let report = ReportOutcomes {
        clinical_service,
        commissioner: tenant(COMMISSIONER),
        network: tenant(NETWORK),
        month: date(2026, 6, 15),
        values: values.map(|(id, n)| (id.to_owned(), n)).into(),
    };
    (given, report)
}

fn id(report: &ReportOutcomes) -> Id<OutcomeReport> {
    OutcomeReport::id(tenant(NORTHMOOR), report.clinical_service, date(2026, 6, 1))
}

#[test]
fn eval_05_and_06_and_practice_13_a_month_is_reported_in_whole_numbers_of_nobody() {
    let (mut given, report) = stage();
    let by = service_manager(NORTHMOOR);
    let early = given.when(&by, date(2026, 6, 30), &report);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    let reported = given.when(&by, JULY, &report);
    assert_eq!(reported, Ok(vec!["OutcomesReported".to_owned()]));
    assert_eq!(given.when(&by, JULY, &report), Ok(vec![]));
    let outcomes = given.state(id(&report)).and_then(OutcomeReport::outcomes);
    let outcomes = outcomes.expect("outcomes");
    assert_eq!(outcomes.values["goal_progress"], 31);
    assert_eq!(outcomes.values["new_access"], 17);
    assert_eq!(outcomes.values["sessions"], 140);
}

#[test]
fn eval_04_a_report_says_whether_it_is_complete() {
    let (mut given, mut report) = stage();
    report.values.remove("sessions");
    let by = service_manager(NORTHMOOR);
    given.when(&by, JULY, &report).expect("reported");
    let complete = |given: &Given, report: &ReportOutcomes| {
        let outcomes = given.state(id(report)).and_then(OutcomeReport::outcomes);
        outcomes.map(|outcomes| outcomes.complete)
    };
    assert_eq!(complete(&given, &report), Some(false));

    let mut values = report.values.clone();
    values.insert("sessions".to_owned(), 139);
    let correct = CorrectOutcomes {
        report: id(&report),
        values,
        reason: "The log of one room came late.".to_owned(),
        authority: crate::correction::Authority::Own,
    };
    let corrected = given.when(&by, JULY, &correct);
    assert_eq!(corrected, Ok(vec!["OutcomesCorrected".to_owned()]));
    assert_eq!(given.when(&by, JULY, &correct), Ok(vec![]));
    let corrects = given.corrects(id(&report), "OutcomesCorrected");
    assert_eq!(corrects, Some(1), "the report");
    assert_eq!(complete(&given, &report), Some(true));
    let reported_again = given.when(&by, JULY, &report);
    assert_eq!(reported_again, Err(Reason::AlreadyRecorded));
}

#[test]
fn eval_07_only_measures_with_a_definition_are_reported() {
    let (mut given, mut report) = stage();
    report.values.insert("happiness".to_owned(), 3);
    let by = service_manager(NORTHMOOR);
    assert_eq!(given.when(&by, JULY, &report), Err(Reason::FieldInvalid));

    let mut wider = given_measures(&given);
    wider["happiness"] =
        serde_json::json!({"definition": "smiles", "unit": "people", "expected": false});
    let mut given = given.policy("outcome.measures", wider);
    let outcome = given.when(&by, JULY, &report).map(|events| events.len());
    assert_eq!(outcome, Ok(1), "a new measure is a row");
}

fn given_measures(given: &Given) -> serde_json::Value {
    let register = given
        .state(crate::policy::PolicyRegister::id())
        .expect("policies");
    register
        .in_force("outcome.measures", JULY)
        .expect("measures")
        .value
        .clone()
}

#[test]
fn eval_11_and_12_benefits_that_need_not_be_reported() {
    let (mut given, mut report) = stage();
    report.values.insert("senior_hours_released".to_owned(), 44);
    report.values.insert("internal_referrals".to_owned(), 9);
    let by = service_manager(NORTHMOOR);
    given.when(&by, JULY, &report).expect("reported");
    let outcomes = given.state(id(&report)).and_then(OutcomeReport::outcomes);
    let outcomes = outcomes.expect("outcomes");
    assert!(outcomes.complete, "with them and without");
    assert_eq!(outcomes.values["senior_hours_released"], 44);
    assert_eq!(outcomes.values["internal_referrals"], 9);
}

#[test]
fn nobody_reports_or_corrects_for_another_employer() {
    let (mut given, report) = stage();
    let stranger = service_manager(SEVERNVALE);
    assert_eq!(
        given.when(&stranger, JULY, &report),
        Err(Reason::NotPermitted)
    );
    let by = service_manager(NORTHMOOR);
    given.when(&by, JULY, &report).expect("reported");
    let correct = CorrectOutcomes {
        report: id(&report),
        values: report.values.clone(),
        reason: "Not ours.".to_owned(),
        authority: crate::correction::Authority::Own,
    };
    for who in [
        stranger,
        actor(tenant(COMMISSIONER), ActingRole::CommissionerNational),
    ] {
        assert_eq!(given.when(&who, JULY, &correct), Err(Reason::NotPermitted));
    }
}
