use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    allocation::tests::{OCTOBER, lead, national, propose, ready, twenty_places},
    given::{
        Given, actor,
        cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE},
        tenant,
    },
};

fn regional() -> Actor {
    actor(tenant(COMMISSIONER), ActingRole::CommissionerRegional)
}

fn request(allocation: Id<Allocation>) -> RequestClusterOverride {
    RequestClusterOverride {
        allocation,
        reason: "A neighbouring trust shares its peer group".to_owned(),
    }
}

fn grant(allocation: Id<Allocation>) -> GrantClusterOverride {
    GrantClusterOverride {
        allocation,
        reason: "Shared action learning is agreed".to_owned(),
        review_date: date(2026, 6, 1),
    }
}

#[test]
fn alloc_01_a_cluster_below_the_minimum_needs_an_override() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let allocation = ready(&mut given, SEVERNVALE, 3);
    let three = propose(allocation, intake, 3);
    assert_eq!(
        given.when(&national(), OCTOBER, &three),
        Err(Reason::ClusterBelowMinimum)
    );
    given.done(&lead(SEVERNVALE), OCTOBER, &request(allocation));
    let support = SupportClusterOverride { allocation };
    given.done(&regional(), OCTOBER, &support);
    assert_eq!(
        given.when(&national(), OCTOBER, &three),
        Err(Reason::ClusterBelowMinimum),
        "asked for is not granted"
    );
    assert_eq!(
        given.when(&national(), OCTOBER, &grant(allocation)),
        Ok(vec!["ClusterOverrideGranted".to_owned()])
    );
    assert_eq!(
        given.when(&national(), OCTOBER, &grant(allocation)),
        Ok(vec![])
    );
    assert_eq!(
        given.when(&national(), date(2026, 6, 1), &three),
        Err(Reason::ClusterBelowMinimum),
        "it stands until its review"
    );
    assert_eq!(
        given.when(&national(), OCTOBER, &three),
        Ok(vec![
            "AllocationProposed".to_owned(),
            "PlacesReserved".to_owned()
        ])
    );
}

#[test]
fn alloc_01_and_alloc_08_an_override_is_requested_supported_and_granted_by_three() {
    let mut given = Given::directory();
    let allocation = ready(&mut given, SEVERNVALE, 3);
    let support = SupportClusterOverride { allocation };
    for (by, early) in [
        (national(), &grant(allocation) as &dyn Command),
        (regional(), &support),
    ] {
        assert_eq!(
            given.when(&by, OCTOBER, early),
            Err(Reason::StateNotAllowed),
            "nobody has asked"
        );
    }
    for stranger in [lead(NORTHMOOR), national()] {
        assert_eq!(
            given.when(&stranger, OCTOBER, &request(allocation)),
            Err(Reason::NotPermitted)
        );
    }
    given.done(&lead(SEVERNVALE), OCTOBER, &request(allocation));
    assert_eq!(
        given.when(&lead(SEVERNVALE), OCTOBER, &request(allocation)),
        Ok(vec![])
    );
    assert_eq!(
        given.when(&national(), OCTOBER, &grant(allocation)),
        Err(Reason::StateNotAllowed),
        "the region has not supported it"
    );
    for stranger in [lead(SEVERNVALE), national()] {
        assert_eq!(
            given.when(&stranger, OCTOBER, &support),
            Err(Reason::NotPermitted)
        );
    }
    given.done(&regional(), OCTOBER, &support);
    assert_eq!(given.when(&regional(), OCTOBER, &support), Ok(vec![]));
    let unreviewed = GrantClusterOverride {
        review_date: OCTOBER,
        ..grant(allocation)
    };
    assert_eq!(
        given.when(&national(), OCTOBER, &unreviewed),
        Err(Reason::FieldInvalid)
    );
    assert_eq!(
        given.when(&lead(SEVERNVALE), OCTOBER, &grant(allocation)),
        Err(Reason::NotPermitted)
    );
    given.done(&national(), OCTOBER, &grant(allocation));
}

#[test]
fn alloc_01_a_regional_leads_own_request_needs_no_support() {
    let mut given = Given::directory();
    let allocation = ready(&mut given, SEVERNVALE, 3);
    given.done(&regional(), OCTOBER, &request(allocation));
    given.done(&national(), OCTOBER, &grant(allocation));
    let known = given.state(allocation).and_then(Allocation::registered);
    let by = known.and_then(|known| known.override_request.as_ref());
    assert_eq!(
        by.map(|request| request.by),
        Some(OverrideRequester::RegionalLead)
    );
}

#[test]
fn alloc_01_four_places_are_a_cluster() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let allocation = ready(&mut given, SEVERNVALE, 4);
    assert!(
        given
            .when(&national(), OCTOBER, &propose(allocation, intake, 4))
            .is_ok()
    );
}

#[test]
fn alloc_14_and_x_04_a_cluster_counts_per_organisation_and_intake() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let first = ready(&mut given, SEVERNVALE, 4);
    given.done(&national(), OCTOBER, &propose(first, intake, 4));
    let second = ready(&mut given, SEVERNVALE, 1);
    assert!(
        given
            .when(&national(), OCTOBER, &propose(second, intake, 1))
            .is_ok(),
        "one more place beside four is a cluster of five"
    );
}
