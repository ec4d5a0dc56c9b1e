use jiff::civil::date;

use super::*;
use crate::{
    actor::Actor,
    allocation::{
        DeclineAllocation, ReturnPlaces,
        tests::{OCTOBER, confirm, lead, national, propose, ready, twenty_places},
    },
    given::{
        Given,
        cast::{NORTHMOOR, SEVERNVALE},
    },
    refusal::Reason,
};

fn join(allocation: Id<Allocation>, intake: Id<Intake>, places: u32) -> JoinWaitlist {
    JoinWaitlist {
        allocation,
        intake,
        places,
    }
}

/// Eighteen of twenty places are confirmed to Northmoor; Severnvale waits for five and for four.
fn full() -> (Given, Id<Intake>, [Id<Allocation>; 3]) {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let holds = ready(&mut given, NORTHMOOR, 18);
    given.done(&national(), OCTOBER, &propose(holds, intake, 18));
    given.done(&national(), OCTOBER, &confirm(holds));
    let waits = [5, 4].map(|places| {
        let allocation = ready(&mut given, SEVERNVALE, places);
        given.done(&national(), OCTOBER, &join(allocation, intake, places));
        allocation
    });
    given.settle(OCTOBER);
    (given, intake, [holds, waits[0], waits[1]])
}

fn held(given: &Given, allocation: Id<Allocation>) -> Option<u32> {
    let allocation = given.state(allocation)?;
    allocation.proposed().map(|proposal| proposal.places)
}

#[test]
fn who_waits_is_served_in_order_when_places_return() {
    let (mut given, intake, [holds, first, second]) = full();
    let give = |places| ReturnPlaces {
        allocation: holds,
        places,
    };
    let on = date(2025, 11, 3);
    given.done(&lead(NORTHMOOR), on, &give(2));
    given.settle(on);
    assert_eq!(
        (held(&given, first), held(&given, second)),
        (None, None),
        "four are free: the second could be served, but the first is first"
    );
    given.done(&lead(NORTHMOOR), on, &give(1));
    assert_eq!(
        given.settle(on),
        ["AllocationProposed", "PlacesReserved"].map(str::to_owned)
    );
    assert_eq!((held(&given, first), held(&given, second)), (Some(5), None));
    given.done(&lead(NORTHMOOR), on, &give(4));
    given.settle(on);
    assert_eq!(held(&given, second), Some(4));
    assert_eq!(given.state(intake).map(Intake::reserved), Some(20));
}

#[test]
fn alloc_07_nobody_overtakes_those_who_wait() {
    let (mut given, intake, [_, first, _]) = full();
    let late = ready(&mut given, NORTHMOOR, 2);
    assert_eq!(
        given.when(&national(), OCTOBER, &propose(late, intake, 2)),
        Err(Reason::WaitlistFirst)
    );
    assert_eq!(
        given.when(&national(), OCTOBER, &propose(first, intake, 5)),
        Err(Reason::CapacityExceeded),
        "the first may be proposed to, as far as there are places"
    );
}

#[test]
fn a_wait_is_joined_once_and_only_when_places_are_short() {
    let (mut given, intake, [holds, first, _]) = full();
    assert_eq!(
        given.when(&national(), OCTOBER, &join(first, intake, 5)),
        Ok(vec![])
    );
    for (allocation, places, why) in [
        (first, 6, Reason::AlreadyRecorded),
        (holds, 1, Reason::AlreadyRecorded),
        (first, 0, Reason::FieldInvalid),
    ] {
        assert_eq!(
            given.when(&national(), OCTOBER, &join(allocation, intake, places)),
            Err(why)
        );
    }
    let large = ready(&mut given, NORTHMOOR, 21);
    assert_eq!(
        given.when(&national(), OCTOBER, &join(large, intake, 21)),
        Err(Reason::FieldInvalid),
        "no intake of twenty ever has twenty-one"
    );
    assert_eq!(
        given.when(&lead(SEVERNVALE), OCTOBER, &join(first, intake, 5)),
        Err(Reason::NotPermitted)
    );
    let empty = twenty_places(&mut given);
    let early = ready(&mut given, SEVERNVALE, 4);
    assert_eq!(
        given.when(&national(), OCTOBER, &join(early, empty, 4)),
        Err(Reason::StateNotAllowed),
        "there are places: propose"
    );
    assert_eq!(
        given.when(&national(), OCTOBER, &join(first, empty, 5)),
        Err(Reason::StateNotAllowed),
        "it waits elsewhere"
    );
}

#[test]
fn who_declines_waits_no_longer_and_the_next_is_served() {
    let (mut given, intake, [holds, first, second]) = full();
    let on = date(2025, 11, 3);
    let give = ReturnPlaces {
        allocation: holds,
        places: 2,
    };
    given.done(&lead(NORTHMOOR), on, &give);
    given.settle(on);
    let decline = DeclineAllocation { allocation: first };
    given.done(&lead(SEVERNVALE), on, &decline);
    given.settle(on);
    assert_eq!(held(&given, second), Some(4));
    assert_eq!(
        given.state(intake).map(|intake| intake.waiting().len()),
        Some(0)
    );
}

#[test]
fn who_cannot_be_served_any_more_leaves_the_waitlist() {
    let (mut given, intake, [holds, first, second]) = full();
    // from November on nine are a cluster, and Severnvale would have five
    given = given.policy("cluster.min.MHWP", serde_json::json!(9));
    let on = date(2025, 11, 3);
    let give = ReturnPlaces {
        allocation: holds,
        places: 3,
    };
    given.done(&lead(NORTHMOOR), on, &give);
    given.settle(on);
    assert_eq!((held(&given, first), held(&given, second)), (None, None));
    assert_eq!(
        given.state(intake).map(|intake| intake.waiting().len()),
        Some(0)
    );
    let waits = given.state(first).and_then(Allocation::registered);
    assert_eq!(waits.map(|known| known.waits_for), Some(None));
}

#[test]
fn an_allocation_given_places_elsewhere_leaves_the_waitlist() {
    let (mut given, intake, [_, first, second]) = full();
    let other = twenty_places(&mut given);
    given.done(&national(), OCTOBER, &propose(first, other, 5));
    let waits: Vec<_> = given.state(intake).unwrap().waiting().to_vec();
    assert_eq!(waits.first().map(|(id, _)| *id), Some(second));
}

#[test]
fn only_the_platform_serves() {
    let (mut given, intake, _) = full();
    for by in [national(), lead(NORTHMOOR)] {
        assert_eq!(
            given.when(&by, OCTOBER, &ServeWaitlist { intake }),
            Err(Reason::NotPermitted)
        );
    }
    assert_eq!(
        given.when(&Actor::platform(), OCTOBER, &ServeWaitlist { intake }),
        Ok(vec![]),
        "nothing is free for the first"
    );
}
