use jiff::civil::date;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, PLATFORM},
    directory::RegisterTenant,
    given::{Given, actor, cast::COMMISSIONER, person, tenant},
    refusal::Reason,
};

const EVALUATOR: u128 = 0xF5;

#[test]
fn eval_02_a_person_has_another_pseudonym_in_every_extract() {
    let salt = DigestSalt(Uuid::from_u128(9));
    let (one, other) = (Id::new(Uuid::from_u128(1)), Id::new(Uuid::from_u128(2)));
    let name = pseudonym(salt, one, person(7));
    assert_eq!(name, pseudonym(salt, one, person(7)));
    assert_ne!(name, pseudonym(salt, one, person(8)));
    assert_ne!(name, pseudonym(salt, other, person(7)));
    assert_ne!(name, pseudonym(DigestSalt(Uuid::nil()), one, person(7)));
}

#[test]
fn eval_03_an_extract_is_granted_to_an_evaluator_at_a_position() {
    let mut given = Given::directory();
    let platform = actor(PLATFORM, ActingRole::PlatformOperator);
    let register = RegisterTenant {
        tenant: tenant(EVALUATOR),
        kind: TenantKind::Evaluator,
        name: "Evaluation Partners".to_owned(),
        ods_code: None,
        ukprn: None,
        sector: None,
        region: None,
    };
    given.done(&platform, date(2021, 4, 1), &register);
    let national = actor(tenant(COMMISSIONER), ActingRole::CommissionerNational);
    let grant = |evaluator: u128, position| GrantExtract {
        evaluator: tenant(evaluator),
        position,
        purpose: "The national evaluation, first wave.".to_owned(),
    };
    let on = date(2027, 6, 1);
    let nothing = given.when(&national, on, &grant(EVALUATOR, 0));
    assert_eq!(nothing, Err(Reason::FieldInvalid));
    let nobody = given.when(&national, on, &grant(COMMISSIONER, 12));
    assert!(nobody.is_err());
    let evaluator = actor(tenant(EVALUATOR), ActingRole::Evaluator);
    let oneself = given.when(&evaluator, on, &grant(EVALUATOR, 12));
    assert_eq!(oneself, Err(Reason::NotPermitted));
    let granted = given.when(&national, on, &grant(EVALUATOR, 12));
    assert_eq!(granted, Ok(vec!["ExtractGranted".to_owned()]));
    let id = given.created::<Extract>(tenant(COMMISSIONER));
    let custody = given.state(id).and_then(Decider::custody);
    assert_eq!(
        custody,
        Some(Custody::of(tenant(COMMISSIONER), [tenant(EVALUATOR)]))
    );
}
