use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    allocation::tests::{OCTOBER, confirm, lead, national, propose, ready, twenty_places},
    given::{
        Given,
        cast::{NORTHMOOR, SEVERNVALE},
        tenant,
    },
};

/// Five places confirmed to Northmoor, and four to Severnvale.
fn two_hold() -> (Given, Id<Intake>, [Id<Allocation>; 2]) {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let held = [(NORTHMOOR, 5), (SEVERNVALE, 4)].map(|(employer, places)| {
        let allocation = ready(&mut given, employer, places);
        given.done(&national(), OCTOBER, &propose(allocation, intake, places));
        given.done(&national(), OCTOBER, &confirm(allocation));
        allocation
    });
    (given, intake, held)
}

fn places(given: &Given, allocation: Id<Allocation>) -> Option<u32> {
    let allocation = given.state(allocation)?;
    allocation.confirmed().map(|held| held.places)
}

#[test]
fn joint_09_and_alloc_14_places_split_over_services_sum_to_the_allocation() {
    let (mut given, _, [allocation, _]) = two_hold();
    let services = [(); 3].map(|()| given.clinical_service(tenant(NORTHMOOR), "adult_community"));
    let split = |places: [u32; 3]| SplitPlaces {
        allocation,
        services: services.into_iter().zip(places).collect(),
    };
    for wrong in [[3, 1, 2], [4, 1, 0]] {
        assert_eq!(
            given.when(&lead(NORTHMOOR), OCTOBER, &split(wrong)),
            Err(Reason::FieldInvalid)
        );
    }
    given.done(&lead(NORTHMOOR), OCTOBER, &split([3, 1, 1]));
    assert_eq!(
        given.when(&lead(NORTHMOOR), OCTOBER, &split([3, 1, 1])),
        Ok(vec![])
    );
    let known = given
        .state(allocation)
        .and_then(Allocation::registered)
        .unwrap();
    assert_eq!(known.services.values().sum::<u32>(), 5);
    assert_eq!(
        known.services.get(&services[1]),
        Some(&1),
        "a service may have one, the cluster is the organisation's"
    );
    let foreign = given.clinical_service(tenant(SEVERNVALE), "adult_community");
    let strange = SplitPlaces {
        allocation,
        services: vec![(foreign, 5)],
    };
    assert_eq!(
        given.when(&lead(NORTHMOOR), OCTOBER, &strange),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn alloc_12_confirmed_places_that_are_not_advertised_return() {
    let (mut given, intake, [allocation, _]) = two_hold();
    let give = |places| ReturnPlaces { allocation, places };
    assert_eq!(
        given.when(&lead(NORTHMOOR), OCTOBER, &give(2)),
        Ok(vec![
            "PlacesGivenUp".to_owned(),
            "PlacesReturned".to_owned()
        ])
    );
    assert_eq!(places(&given, allocation), Some(3));
    assert_eq!(given.state(intake).map(Intake::free), Some(13));
    for (wrong, why) in [(0, Reason::FieldInvalid), (4, Reason::StateNotAllowed)] {
        assert_eq!(
            given.when(&lead(NORTHMOOR), OCTOBER, &give(wrong)),
            Err(why)
        );
    }
    assert_eq!(
        given.when(&lead(NORTHMOOR), OCTOBER, &give(3)),
        Err(Reason::StateNotAllowed),
        "all of them is to decline"
    );
    assert_eq!(
        given.when(&lead(SEVERNVALE), OCTOBER, &give(1)),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn places_advertised_do_not_return() {
    let (mut given, cast) = Given::vacancy_open();
    let give = ReturnPlaces {
        allocation: cast.allocation,
        places: 1,
    };
    assert_eq!(
        given.when(
            &cast.employer(ActingRole::ProfessionalLead),
            date(2025, 11, 20),
            &give
        ),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn alloc_07_places_move_between_allocations_and_capacity_stays() {
    let (mut given, intake, [from, to]) = two_hold();
    let shift = |places| ReallocatePlaces { from, to, places };
    assert_eq!(
        given.when(&national(), OCTOBER, &shift(2)).map(sorted),
        Ok(vec![
            "PlacesGivenUp".to_owned(),
            "PlacesReserved".to_owned(),
            "PlacesReturned".to_owned(),
            "PlacesTakenOver".to_owned(),
        ])
    );
    assert_eq!(
        (places(&given, from), places(&given, to)),
        (Some(3), Some(6))
    );
    assert_eq!(given.state(intake).map(Intake::reserved), Some(9));
    assert_eq!(
        given.when(&national(), OCTOBER, &shift(3)),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(&lead(NORTHMOOR), OCTOBER, &shift(1)),
        Err(Reason::NotPermitted)
    );
    let oneself = ReallocatePlaces {
        to: from,
        ..shift(1)
    };
    assert_eq!(
        given.when(&national(), OCTOBER, &oneself),
        Err(Reason::FieldInvalid)
    );
}

/// Streams are written in the order of their keys; the test asks for the set.
fn sorted(mut events: Vec<String>) -> Vec<String> {
    events.sort();
    events
}

#[test]
fn places_do_not_move_to_another_intake_or_role() {
    let (mut given, _, [from, _]) = two_hold();
    let elsewhere = twenty_places(&mut given);
    let to = ready(&mut given, SEVERNVALE, 4);
    let shift = ReallocatePlaces {
        from,
        to,
        places: 1,
    };
    assert_eq!(
        given.when(&national(), OCTOBER, &shift),
        Err(Reason::StateNotAllowed),
        "it holds nothing yet"
    );
    given.done(&national(), OCTOBER, &propose(to, elsewhere, 4));
    assert_eq!(
        given.when(&national(), OCTOBER, &shift),
        Err(Reason::StateNotAllowed),
        "it holds places of another intake"
    );
    assert_eq!(
        given.when(&Actor::platform(), OCTOBER, &shift),
        Err(Reason::NotPermitted)
    );
}
