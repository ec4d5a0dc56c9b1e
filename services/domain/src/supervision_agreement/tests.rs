use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor, Region},
    allocation::{Allocation, DeclareReadiness},
    given::{
        Given, actor,
        cast::{NORTHMOOR, SEVERNVALE, interest, readiness},
        tenant,
    },
    refusal::Reason,
};

fn lead(employer: u128) -> Actor {
    actor(tenant(employer), ActingRole::ProfessionalLead)
}

const ON: Date = date(2025, 9, 22);

/// Severnvale asks for places and names supervisors of Northmoor.
fn foreign() -> (Given, DeclareReadiness, Id<Supervisor>) {
    let mut given = Given::directory();
    let supervisors = given.supervisors(tenant(NORTHMOOR));
    let asked = interest(tenant(SEVERNVALE), Region::Midlands, 5);
    given.done(&lead(SEVERNVALE), date(2025, 9, 8), &asked);
    let allocation = given.created::<Allocation>(tenant(SEVERNVALE));
    let declare = readiness(allocation, &supervisors[..1]);
    (given, declare, supervisors[0])
}

fn agree(supervisor: Id<Supervisor>, until: Option<Date>) -> AgreeSupervision {
    AgreeSupervision {
        supervisor,
        employer: tenant(SEVERNVALE),
        until,
    }
}

#[test]
fn ready_06_a_supervisor_of_another_tenant_needs_its_agreement() {
    let (mut given, declare, supervisor) = foreign();
    let by = lead(SEVERNVALE);
    assert_eq!(given.when(&by, ON, &declare), Err(Reason::NotPermitted));
    let of_another = AgreeSupervision {
        employer: tenant(NORTHMOOR),
        ..agree(supervisor, None)
    };
    assert_eq!(
        given.when(&by, ON, &of_another),
        Err(Reason::NotPermitted),
        "nobody lends another's supervisor"
    );
    given.done(&lead(NORTHMOOR), ON, &agree(supervisor, None));
    assert!(given.when(&by, ON, &declare).is_ok());
    assert_eq!(
        given.when(
            &by,
            date(2025, 9, 21),
            &DeclareReadiness {
                clinical_escalation: false,
                ..declare
            }
        ),
        Err(Reason::NotPermitted),
        "the agreement begins the day after"
    );
}

#[test]
fn ready_06_an_agreement_ends_and_is_made_again() {
    let (mut given, declare, supervisor) = foreign();
    let until = date(2025, 9, 30);
    given.done(&lead(NORTHMOOR), ON, &agree(supervisor, Some(until)));
    let october = date(2025, 10, 1);
    assert_eq!(
        given.when(&lead(SEVERNVALE), october, &declare),
        Err(Reason::NotPermitted)
    );
    assert_eq!(
        given.when(&lead(NORTHMOOR), ON, &agree(supervisor, None)),
        Err(Reason::AlreadyRecorded)
    );
    given.done(&lead(NORTHMOOR), october, &agree(supervisor, None));
    assert!(given.when(&lead(SEVERNVALE), october, &declare).is_ok());
    let agreement = SupervisionAgreement::id(tenant(NORTHMOOR), supervisor, tenant(SEVERNVALE));
    let end = EndSupervisionAgreement { agreement };
    assert_eq!(
        given.when(&lead(SEVERNVALE), ON, &end),
        Err(Reason::StateNotAllowed)
    );
    given.done(&lead(SEVERNVALE), date(2025, 12, 1), &end);
    assert_eq!(
        given.when(&lead(NORTHMOOR), date(2025, 12, 2), &end),
        Ok(vec![])
    );
    let agreed = given
        .state(agreement)
        .and_then(SupervisionAgreement::agreed);
    assert_eq!(
        agreed.and_then(|agreed| agreed.until),
        Some(date(2025, 12, 1))
    );
}

#[test]
fn an_own_supervisor_and_an_impossible_end_are_refused() {
    let (mut given, _, supervisor) = foreign();
    let own = AgreeSupervision {
        employer: tenant(NORTHMOOR),
        ..agree(supervisor, None)
    };
    let backwards = agree(supervisor, Some(date(2025, 9, 21)));
    for wrong in [own, backwards] {
        assert_eq!(
            given.when(&lead(NORTHMOOR), ON, &wrong),
            Err(Reason::FieldInvalid)
        );
    }
}
