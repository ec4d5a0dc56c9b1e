use jiff::civil::{Date, date};

use super::*;
use crate::{
    actor::{ActingRole, Actor, Region},
    allocation::{
        DeclareReadiness,
        tests::{OCTOBER, lead, national, propose, ready, twenty_places},
    },
    directory::AddSite,
    given::{
        Given, actor,
        cast::{NORTHMOOR, SEVERNVALE, readiness},
        tenant,
    },
    programme::{CloseAllocationRound, NoPlaces},
};

const DECEMBER: Date = date(2025, 12, 1);

fn hr(employer: u128) -> Actor {
    actor(tenant(employer), ActingRole::EmployerHr)
}

/// A prison service of Severnvale with one site that has these attributes.
fn prison(given: &mut Given, attributes: &[&str]) -> Id<ClinicalService> {
    let clinical_service = given.clinical_service(tenant(SEVERNVALE), "prison");
    let site = AddSite {
        clinical_service,
        code: "S4V01".to_owned(),
        name: "HMP Severnvale".to_owned(),
        region: Some(Region::Midlands),
        attributes: attributes.iter().map(|id| (*id).to_owned()).collect(),
    };
    given.done(&hr(SEVERNVALE), date(2025, 9, 2), &site);
    clinical_service
}

fn offer(allocation: Id<Allocation>, clinical_service: Id<ClinicalService>) -> OfferPilotSites {
    OfferPilotSites {
        allocation,
        clinical_service,
        sites: BTreeSet::from(["S4V01".to_owned()]),
    }
}

fn close(intake: Id<Intake>) -> CloseAllocationRound {
    CloseAllocationRound {
        intake,
        none_because: [
            (Region::NorthWest, NoPlaces::NoDemand),
            (Region::Midlands, NoPlaces::NoReadyEmployer),
        ]
        .into(),
    }
}

#[test]
fn alloc_16_and_alloc_17_prison_sites_meet_both_criteria() {
    let mut given = Given::directory();
    let allocation = ready(&mut given, SEVERNVALE, 2);
    for (attributes, outcome) in [
        (&["integrated_team"][..], Err(Reason::SiteCriteriaNotMet)),
        (
            &["practitioner_psychologist"],
            Err(Reason::SiteCriteriaNotMet),
        ),
        (
            &["integrated_team", "practitioner_psychologist"],
            Ok(vec!["PilotSitesOffered".to_owned()]),
        ),
    ] {
        let service = prison(&mut given, attributes);
        assert_eq!(
            given.when(&lead(SEVERNVALE), OCTOBER, &offer(allocation, service)),
            outcome
        );
    }
}

#[test]
fn ready_05_a_pilot_needs_an_escalation_route() {
    let mut given = Given::directory();
    let allocation = ready(&mut given, SEVERNVALE, 2);
    let supervisors = given.supervisors(tenant(SEVERNVALE));
    let without = DeclareReadiness {
        clinical_escalation: false,
        ..readiness(allocation, &supervisors)
    };
    given.done(&lead(SEVERNVALE), OCTOBER, &without);
    let service = prison(
        &mut given,
        &["integrated_team", "practitioner_psychologist"],
    );
    assert_eq!(
        given.when(&lead(SEVERNVALE), OCTOBER, &offer(allocation, service)),
        Err(Reason::EmployerNotReady)
    );
}

#[test]
fn alloc_13_only_places_the_round_left_unfilled_go_to_a_pilot() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let main = ready(&mut given, NORTHMOOR, 18);
    given.done(&national(), OCTOBER, &propose(main, intake, 18));
    let allocation = ready(&mut given, SEVERNVALE, 2);
    let spare = |places| ReallocateSpareCapacity {
        intake,
        allocation,
        places,
        pilot: "prisons".to_owned(),
    };
    assert_eq!(
        given.when(&national(), OCTOBER, &spare(2)),
        Err(Reason::SiteCriteriaNotMet),
        "no site is offered"
    );
    let service = prison(
        &mut given,
        &["integrated_team", "practitioner_psychologist"],
    );
    given.done(&lead(SEVERNVALE), OCTOBER, &offer(allocation, service));
    assert_eq!(
        given.when(&national(), OCTOBER, &spare(2)),
        Err(Reason::StateNotAllowed),
        "the round is open"
    );
    given.done(&national(), DECEMBER, &close(intake));
    assert_eq!(
        given.when(&national(), DECEMBER, &spare(3)),
        Err(Reason::CapacityExceeded)
    );
    assert_eq!(
        given.when(&lead(SEVERNVALE), DECEMBER, &spare(2)),
        Err(Reason::NotPermitted)
    );
    assert_eq!(
        given.when(&national(), DECEMBER, &spare(2)),
        Ok(vec![
            "AllocationProposed".to_owned(),
            "PlacesReserved".to_owned(),
            "SpareCapacityReallocated".to_owned(),
        ]),
        "two are fewer than a cluster: a pilot's minimum is its own"
    );
    assert_eq!(given.when(&national(), DECEMBER, &spare(2)), Ok(vec![]));
    assert_eq!(given.state(intake).map(Intake::reserved), Some(20));
    let flagged = given.state(allocation).and_then(Allocation::proposed);
    assert_eq!(
        flagged.and_then(|places| places.pilot.as_deref()),
        Some("prisons")
    );
}

#[test]
fn a_setting_that_is_no_pilot_offers_no_sites() {
    let mut given = Given::directory();
    let allocation = ready(&mut given, SEVERNVALE, 2);
    let service = given.clinical_service(tenant(SEVERNVALE), "adult_community");
    let offer = OfferPilotSites {
        sites: BTreeSet::new(),
        ..offer(allocation, service)
    };
    assert_eq!(
        given.when(&lead(SEVERNVALE), OCTOBER, &offer),
        Err(Reason::StateNotAllowed)
    );
}
