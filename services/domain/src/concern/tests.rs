use jiff::civil::date;

use super::*;
use crate::{
    actor::ActingRole,
    appointment::cast,
    given::{Given, actor, tenant},
    refusal::Reason,
};

const DAY: Date = date(2026, 5, 4);

fn raise(description: &str) -> RaiseRoleConcern {
    RaiseRoleConcern {
        training: cast::appointment().training(),
        drift: RoleDrift::AnotherRolesDuties,
        description: description.to_owned(),
        network: None,
    }
}

fn concern(given: &Given) -> Id<RoleConcern> {
    Id::derive(
        cast::employer(),
        &[cast::appointment().training().0, given.last_request()],
    )
}

#[test]
fn train_23_everybody_around_the_role_may_raise_a_concern_and_both_leads_see_it() {
    let mut given = cast::in_training();
    for (by, raised_by) in [
        (cast::candidate(), RaisedBy::Practitioner),
        (
            actor(cast::employer(), ActingRole::ServiceManager),
            RaisedBy::Employer,
        ),
        (cast::programme_lead(), RaisedBy::University),
    ] {
        let outcome = given.when(&by, DAY, &raise("Asked to run errands every morning."));
        assert_eq!(outcome, Ok(vec!["RoleConcernRaised".to_owned()]));
        let Some(RoleConcern::Raised { by, .. }) = given.state(concern(&given)) else {
            panic!("raised");
        };
        assert_eq!(*by, raised_by);
        let custody = given.state(concern(&given)).and_then(Decider::custody);
        let both = Custody::of(cast::employer(), [cast::university()]).about(cast::trainee());
        assert_eq!(custody, Some(both), "the two sides and nobody else");
    }
}

#[test]
fn train_23_a_lead_addresses_a_concern_once() {
    let mut given = cast::in_training();
    given.done(&cast::candidate(), DAY, &raise("Asked to run errands."));
    let address = AddressRoleConcern {
        concern: concern(&given),
    };
    let lead = actor(cast::employer(), ActingRole::ProfessionalLead);
    let early = given.when(&lead, date(2026, 5, 3), &address);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    let outcome = given.when(&lead, DAY, &address);
    assert_eq!(outcome, Ok(vec!["RoleConcernAddressed".to_owned()]));
    let again = given.when(&cast::programme_lead(), DAY, &address);
    assert_eq!(again, Ok(vec![]));
}

#[test]
fn train_22_and_train_23_no_patient_and_no_stranger_gets_into_a_concern() {
    let mut given = cast::in_training();
    let patient = raise("Asked to drive NHS 943 476 5919 to the shops.");
    let outcome = given.when(&cast::candidate(), DAY, &patient);
    assert_eq!(outcome, Err(Reason::PatientIdentifierSuspected));
    for stranger in [
        actor(tenant(9), ActingRole::ServiceManager),
        actor(tenant(12), ActingRole::Candidate),
        cast::national(),
    ] {
        let outcome = given.when(&stranger, DAY, &raise("Asked to run errands."));
        assert_eq!(outcome, Err(Reason::NotPermitted), "{stranger:?}");
    }
    let nothing = AddressRoleConcern {
        concern: Id::new(uuid::Uuid::from_u128(404)),
    };
    let outcome = given.when(&cast::programme_lead(), DAY, &nothing);
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn train_23_the_network_counts_a_concern_and_learns_nothing_of_whom() {
    let mut given = cast::in_training();
    let network = tenant(7);
    let named = RaiseRoleConcern {
        network: Some(network),
        ..raise("Asked to run errands.")
    };
    let outcome = given.when(&cast::candidate(), DAY, &named);
    assert!(outcome.is_err(), "no such network");
    let register = crate::directory::RegisterTenant {
        tenant: network,
        kind: TenantKind::Network,
        name: "Network of the North West".to_owned(),
        ods_code: None,
        ukprn: None,
        sector: None,
        region: Some(crate::actor::Region::NorthWest),
    };
    let operator = actor(crate::actor::PLATFORM, ActingRole::PlatformOperator);
    given.done(&operator, date(2021, 6, 1), &register);
    given.done(&cast::candidate(), DAY, &named);
    let notice: Id<ConcernNotice> = Id::derive(network, &[concern(&given).0]);
    let stored = given.stored(notice).join("");
    assert!(stored.contains("another_roles_duties"), "{stored}");
    for hidden in [
        cast::trainee().0,
        cast::appointment().application.0,
        cast::appointment().training().0,
    ] {
        assert!(!stored.contains(&hidden.to_string()), "{stored}");
    }
    let custody = given.state(notice).and_then(Decider::custody);
    assert_eq!(custody, Some(Custody::of(network, [])));
}
