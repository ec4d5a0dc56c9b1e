use jiff::civil::date;

use super::*;
use crate::{
    actor::ActingRole,
    allocation::{Allocation, ProposeAllocation},
    given::{
        Given, actor,
        cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE, intake, interest, readiness},
        tenant,
    },
    refusal::Reason,
};

#[test]
fn alloc_03_to_05_a_closed_round_says_of_all_seven_regions_what_they_got_and_why_not() {
    let mut given = Given::directory();
    let national = actor(tenant(COMMISSIONER), ActingRole::CommissionerNational);
    let lead = actor(tenant(NORTHMOOR), ActingRole::ProfessionalLead);
    let teaches = actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead);
    given.done(&teaches, date(2025, 9, 1), &intake(12, 8));
    let intake = given.created(tenant(WEXCOMBE));
    let supervisors = given.supervisors(tenant(NORTHMOOR));
    let asked = interest(tenant(NORTHMOOR), Region::NorthWest, 5);
    given.done(&lead, date(2025, 9, 8), &asked);
    let allocation = given.created::<Allocation>(tenant(NORTHMOOR));
    let declared = readiness(allocation, &supervisors);
    given.done(&lead, date(2025, 9, 22), &declared);
    let propose = ProposeAllocation {
        allocation,
        intake,
        places: 5,
        pilot: None,
    };
    let on = date(2025, 10, 20);
    given.done(&national, on, &propose);

    let unsaid = CloseAllocationRound {
        intake,
        none_because: BTreeMap::new(),
    };
    assert_eq!(
        given.when(&national, on, &unsaid),
        Err(Reason::FieldInvalid),
        "the Midlands are contracted for and hold nothing"
    );
    let said = CloseAllocationRound {
        none_because: BTreeMap::from([(Region::Midlands, NoPlaces::NoDemand)]),
        ..unsaid
    };
    assert_eq!(given.when(&lead, on, &said), Err(Reason::NotPermitted));
    given.done(&national, on, &said);
    assert_eq!(given.when(&national, on, &said), Ok(vec![]));
    let other = CloseAllocationRound {
        none_because: BTreeMap::from([(Region::Midlands, NoPlaces::NoReadyEmployer)]),
        ..said
    };
    assert_eq!(
        given.when(&national, on, &other),
        Err(Reason::AlreadyRecorded)
    );
    let round = given.state(intake).and_then(Intake::round).unwrap();
    assert_eq!(round.len(), 7, "every region has its row");
    let of = |region| {
        let got: &RegionRound = &round[&region];
        (got.places, got.none_because)
    };
    assert_eq!(of(Region::NorthWest), (5, None));
    assert_eq!(of(Region::Midlands), (0, Some(NoPlaces::NoDemand)));
    assert_eq!(
        of(Region::London),
        (0, Some(NoPlaces::NoProvider)),
        "nobody teaches there: the warning of the run"
    );
}
