use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor, Region},
    given::{
        Given, actor,
        cast::{
            COMMISSIONER, NORTHMOOR, SEVERNVALE, WEXCOMBE, approvals, intake, interest, readiness,
        },
        person, tenant,
    },
    policy::catalogue::Role,
    refusal::Reason,
    world::Issue,
};

pub(super) fn national() -> Actor {
    actor(tenant(COMMISSIONER), ActingRole::CommissionerNational)
}

pub(super) fn lead(employer: u128) -> Actor {
    actor(tenant(employer), ActingRole::ProfessionalLead)
}

/// An employer, ready, asking for some places of an intake of twenty.
pub(super) fn ready(given: &mut Given, employer: u128, demand: u32) -> Id<Allocation> {
    let supervisors = given.supervisors(tenant(employer));
    given.done(
        &lead(employer),
        date(2025, 9, 8),
        &interest(tenant(employer), Region::Midlands, demand),
    );
    let allocation = given.created(tenant(employer));
    given.done(
        &lead(employer),
        date(2025, 9, 22),
        &readiness(allocation, &supervisors),
    );
    allocation
}

pub(super) fn twenty_places(given: &mut Given) -> Id<Intake> {
    let programme_lead = actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead);
    given.done(&programme_lead, date(2025, 9, 1), &intake(12, 8));
    given.created(tenant(WEXCOMBE))
}

pub(super) fn propose(
    allocation: Id<Allocation>,
    intake: Id<Intake>,
    places: u32,
) -> ProposeAllocation {
    ProposeAllocation {
        allocation,
        intake,
        places,
        pilot: None,
    }
}

/// The three approvals of an October day.
pub(super) fn confirm(allocation: Id<Allocation>) -> ConfirmAllocation {
    ConfirmAllocation {
        allocation,
        approvals: approvals(OCTOBER),
    }
}

pub(super) const OCTOBER: Date = date(2025, 10, 20);

#[test]
fn alloc_09_the_channel_follows_from_who_records_the_interest() {
    let mut given = Given::directory();
    let on = date(2025, 9, 8);
    let asked = interest(tenant(NORTHMOOR), Region::NorthWest, 5);
    given.done(&lead(NORTHMOOR), on, &asked);
    let own = given.created::<Allocation>(tenant(NORTHMOOR));
    let regional = actor(tenant(COMMISSIONER), ActingRole::CommissionerRegional);
    given.done(&regional, on, &asked);
    let on_behalf = given.created::<Allocation>(tenant(NORTHMOOR));
    let channel = |id| {
        let allocation: &Allocation = given.state(id).unwrap();
        allocation.interest().map(|interest| interest.channel)
    };
    assert_eq!(channel(own), Some(InterestChannel::Cppo));
    assert_eq!(channel(on_behalf), Some(InterestChannel::RegionalLead));
    assert_eq!(
        given.when(&lead(SEVERNVALE), on, &asked),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn ready_01_to_03_ready_07_and_fund_16_each_criterion_is_needed() {
    let mut given = Given::directory();
    let employer = tenant(NORTHMOOR);
    let supervisors = given.supervisors(employer);
    let asked = interest(employer, Region::NorthWest, 5);
    given.done(&lead(NORTHMOOR), date(2025, 9, 8), &asked);
    let declared = readiness(given.created(employer), &supervisors);
    let on = date(2025, 9, 22);
    let by = lead(NORTHMOOR);
    let no_posts = DeclareReadiness {
        permanent_qualified_posts: false,
        ..declared.clone()
    };
    let no_lead = DeclareReadiness {
        professional_lead: None,
        ..declared.clone()
    };
    let no_supervisor = DeclareReadiness {
        supervisors: vec![],
        ..declared.clone()
    };
    let no_sponsor = DeclareReadiness {
        sponsor: None,
        ..declared.clone()
    };
    for missing in [&no_posts, &no_lead, &no_supervisor] {
        assert_eq!(given.when(&by, on, missing), Err(Reason::EmployerNotReady));
    }
    assert_eq!(given.when(&by, on, &no_sponsor), Err(Reason::FieldInvalid));
    assert_eq!(
        given.when(&by, date(2025, 9, 14), &declared),
        Err(Reason::EmployerNotReady),
        "no register check was recorded yet"
    );
    assert_eq!(
        given.when(&by, on, &declared),
        Ok(vec![
            "SupervisorEligibilityChecked".to_owned(),
            "SupervisorEligibilityChecked".to_owned(),
            "ReadinessDeclared".to_owned(),
        ])
    );
    assert_eq!(given.when(&by, on, &declared), Ok(vec![]));
    let ready = given
        .state(declared.allocation)
        .and_then(Allocation::readiness);
    assert_eq!(
        ready.map(|ready| (Some(ready.sponsor), Some(ready.professional_lead))),
        Some((declared.sponsor, declared.professional_lead)),
        "ready_07: the sponsor is on record"
    );
}

#[test]
fn ready_06_a_supervisor_of_a_sister_service_counts() {
    let mut given = Given::directory();
    // supervisors belong to the organisation, whichever of its services asks
    given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let supervisors = given.supervisors(tenant(NORTHMOOR));
    let asked = interest(tenant(NORTHMOOR), Region::NorthWest, 5);
    given.done(&lead(NORTHMOOR), date(2025, 9, 8), &asked);
    let allocation = given.created(tenant(NORTHMOOR));
    let declared = readiness(allocation, &supervisors);
    given.done(&lead(NORTHMOOR), date(2025, 9, 22), &declared);
    let ready = given.state(allocation).and_then(Allocation::readiness);
    assert_eq!(
        ready.map(|ready| ready.supervisors.clone()),
        Some(supervisors.to_vec())
    );
}

#[test]
fn alloc_04_demand_said_by_setting_sums_to_the_demand() {
    let mut given = Given::directory();
    let setting = |id| Setting::parse(id, "setting").unwrap();
    let asked = RegisterInterest {
        settings: BTreeMap::from([
            (setting("drug_and_alcohol"), 2),
            (setting("adult_community"), 1),
        ]),
        ..interest(tenant(SEVERNVALE), Region::Midlands, 3)
    };
    let on = date(2025, 9, 8);
    let short = RegisterInterest {
        demand: 4,
        ..asked.clone()
    };
    assert_eq!(
        given.when(&lead(SEVERNVALE), on, &short),
        Err(Reason::FieldInvalid)
    );
    assert_eq!(
        given.when(&lead(SEVERNVALE), on, &asked),
        Ok(vec![
            "InterestRegistered".to_owned(),
            "DemandDivided".to_owned()
        ])
    );
    let allocation = given.created::<Allocation>(tenant(SEVERNVALE));
    let known = given.state(allocation).and_then(Allocation::registered);
    assert_eq!(
        known.map(|known| known.settings.clone()),
        Some(asked.settings)
    );
}

#[test]
fn readiness_is_the_employers_own_to_declare() {
    let mut given = Given::directory();
    let supervisors = given.supervisors(tenant(NORTHMOOR));
    let asked = interest(tenant(NORTHMOOR), Region::NorthWest, 5);
    given.done(&lead(NORTHMOOR), date(2025, 9, 8), &asked);
    let declared = readiness(given.created(tenant(NORTHMOOR)), &supervisors);
    for by in [lead(SEVERNVALE), national()] {
        assert_eq!(
            given.when(&by, date(2025, 9, 22), &declared),
            Err(Reason::NotPermitted)
        );
    }
}

#[test]
fn alloc_06_interest_in_the_role_comes_first() {
    let mut given = Given::directory();
    let programme_lead = actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead);
    let pwp = crate::programme::PlanIntake {
        role: Role::parse("PWP", "role").unwrap(),
        ..intake(12, 8)
    };
    given.done(&programme_lead, date(2025, 9, 1), &pwp);
    let pwp = given.created(tenant(WEXCOMBE));
    let allocation = ready(&mut given, SEVERNVALE, 5);
    assert_eq!(
        given.when(&national(), OCTOBER, &propose(allocation, pwp, 5)),
        Err(Reason::InterestRequired)
    );
}

#[test]
fn places_are_proposed_to_a_ready_employer_only() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let asked = interest(tenant(NORTHMOOR), Region::NorthWest, 5);
    given.done(&lead(NORTHMOOR), date(2025, 9, 8), &asked);
    let allocation = given.created(tenant(NORTHMOOR));
    assert_eq!(
        given.when(&national(), OCTOBER, &propose(allocation, intake, 5)),
        Err(Reason::EmployerNotReady)
    );
}

#[test]
fn alloc_07_the_last_two_places_are_given_once() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let first = ready(&mut given, NORTHMOOR, 18);
    given.done(&national(), OCTOBER, &propose(first, intake, 18));
    let (two, one) = (
        ready(&mut given, NORTHMOOR, 2),
        ready(&mut given, NORTHMOOR, 1),
    );
    assert!(
        given
            .when(&national(), OCTOBER, &propose(two, intake, 2))
            .is_ok()
    );
    assert_eq!(
        given.when(&national(), OCTOBER, &propose(one, intake, 1)),
        Err(Reason::CapacityExceeded)
    );
    assert_eq!(given.state(intake).map(Intake::reserved), Some(20));
}

#[test]
fn a_repeated_proposal_reserves_nothing_twice() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let allocation = ready(&mut given, NORTHMOOR, 5);
    let five = propose(allocation, intake, 5);
    given.done(&national(), OCTOBER, &five);
    assert_eq!(given.when(&national(), OCTOBER, &five), Ok(vec![]));
    assert_eq!(given.state(intake).map(Intake::reserved), Some(5));
    assert_eq!(
        given.when(&national(), OCTOBER, &propose(allocation, intake, 6)),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn alloc_10_a_provider_of_another_region_is_a_warning() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let supervisors = given.supervisors(tenant(NORTHMOOR));
    let asked = interest(tenant(NORTHMOOR), Region::SouthWest, 5);
    given.done(&lead(NORTHMOOR), date(2025, 9, 8), &asked);
    let allocation = given.created(tenant(NORTHMOOR));
    let declared = readiness(allocation, &supervisors);
    given.done(&lead(NORTHMOOR), date(2025, 9, 22), &declared);
    given.done(&national(), OCTOBER, &propose(allocation, intake, 5));
    let proposed = given.state(allocation).and_then(Allocation::proposed);
    assert_eq!(
        proposed.map(|places| places.outside_contracted_regions),
        Some(true)
    );
}

#[test]
fn alloc_08_a_confirmation_lists_three_approvals() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let allocation = ready(&mut given, NORTHMOOR, 5);
    let on = date(2025, 10, 27);
    let confirm = ConfirmAllocation {
        allocation,
        approvals: approvals(date(2025, 10, 24)),
    };
    assert_eq!(
        given.when(&national(), on, &confirm),
        Err(Reason::StateNotAllowed),
        "nothing is proposed yet"
    );
    given.done(&national(), OCTOBER, &propose(allocation, intake, 5));
    let mut two = confirm.clone();
    two.approvals.pop();
    assert_eq!(given.when(&national(), on, &two), Err(Reason::FieldInvalid));
    let later = ConfirmAllocation {
        approvals: approvals(date(2025, 10, 28)),
        ..confirm.clone()
    };
    assert_eq!(
        given.when(&national(), on, &later),
        Err(Reason::FieldInvalid)
    );
    assert_eq!(
        given.when(&lead(NORTHMOOR), on, &confirm),
        Err(Reason::NotPermitted)
    );
    assert!(given.when(&national(), on, &confirm).is_ok());
    assert_eq!(given.when(&national(), on, &confirm), Ok(vec![]));
}

#[test]
fn alloc_12_a_declined_allocation_returns_its_places() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let allocation = ready(&mut given, NORTHMOOR, 5);
    given.done(&national(), OCTOBER, &propose(allocation, intake, 5));
    let decline = DeclineAllocation { allocation };
    let on = date(2025, 10, 30);
    assert_eq!(
        given.when(&national(), on, &decline),
        Err(Reason::NotPermitted)
    );
    assert_eq!(
        given.when(&lead(NORTHMOOR), on, &decline),
        Ok(vec![
            "AllocationDeclined".to_owned(),
            "PlacesReturned".to_owned()
        ])
    );
    assert_eq!(given.state(intake).map(Intake::free), Some(20));
    assert_eq!(given.when(&lead(NORTHMOOR), on, &decline), Ok(vec![]));
}

#[test]
fn an_advertised_allocation_is_not_declined() {
    let (mut given, cast) = Given::vacancy_open();
    let decline = DeclineAllocation {
        allocation: cast.allocation,
    };
    let by = cast.employer(ActingRole::ProfessionalLead);
    assert_eq!(
        given.when(&by, date(2025, 11, 20), &decline),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn the_university_is_a_party_from_the_proposal_on() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let allocation = ready(&mut given, NORTHMOOR, 5);
    let admits = |given: &Given| {
        let custody = given.state(allocation).and_then(Decider::custody);
        custody.is_some_and(|custody| custody.parties.contains(&tenant(WEXCOMBE)))
    };
    assert!(!admits(&given));
    given.done(&national(), OCTOBER, &propose(allocation, intake, 5));
    assert!(admits(&given));
}

#[test]
fn filled_places_never_exceed_the_posts_of_their_vacancy() {
    let (given, cast) = Given::vacancy_open();
    let mut allocation: Allocation = given.state(cast.allocation).cloned().unwrap();
    let issue = Issue {
        by: Actor::platform(),
        effective: crate::calendar::midday(date(2025, 12, 18)),
        recorded: crate::calendar::midday(date(2025, 12, 18)),
        request: uuid::Uuid::nil(),
        policies: crate::policy::Policies::default(),
        salt: crate::personal::DigestSalt(uuid::Uuid::nil()),
    };
    let application = |n| Id::<Application>::new(uuid::Uuid::from_u128(n));
    let mut when = |act| {
        let issue = issue.clone();
        let events = allocation.decide(&Issued { issue, act })?;
        let count = events.len();
        for event in events {
            allocation.evolve(event);
        }
        Ok::<_, Refusal>((count, allocation.filled()))
    };
    let fill = |n| AllocationAct::Fill {
        application: application(n),
        vacancy: cast.vacancy,
    };
    for n in 1..=5u8 {
        assert_eq!(when(fill(n.into())), Ok((1, n.into())));
    }
    assert_eq!(when(fill(5)), Ok((0, 5)), "a repeat fills nothing");
    let full = when(fill(6)).map_err(|refusal| refusal.reason);
    assert_eq!(full, Err(Reason::CapacityExceeded));
    let vacate = AllocationAct::Vacate {
        application: application(5),
    };
    assert_eq!(when(vacate), Ok((1, 4)));
    assert_eq!(when(fill(6)), Ok((1, 5)));
}

#[test]
fn places_are_filled_by_the_platform_only() {
    let (mut given, cast) = Given::vacancy_open();
    let fill = FillPlace {
        offer: Id::new(uuid::Uuid::from_u128(1)),
    };
    for by in [cast.employer(ActingRole::EmployerHr), Actor::platform()] {
        assert_eq!(
            given.when(&by, date(2025, 12, 18), &fill),
            Err(Reason::NotPermitted),
            "an employer may not, and for the platform there is no such offer"
        );
    }
}

#[test]
fn missing_and_foreign_allocations_look_the_same() {
    let mut given = Given::directory();
    let intake = twenty_places(&mut given);
    let missing = Id::derive(tenant(NORTHMOOR), &[person(1).0]);
    assert_eq!(
        given.when(&national(), OCTOBER, &propose(missing, intake, 5)),
        Err(Reason::NotPermitted)
    );
    let allocation = ready(&mut given, NORTHMOOR, 5);
    let decline = DeclineAllocation { allocation };
    assert_eq!(
        given.when(&lead(SEVERNVALE), OCTOBER, &decline),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn taxo_15_a_pilot_of_29_at_one_university_needs_no_clusters() {
    let mut given = Given::directory();
    let role = Role::parse("YIPP", "role").unwrap();
    let programme_lead = actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead);
    let pilot = crate::programme::PlanIntake {
        role: role.clone(),
        title: "YIPP-2022-03".to_owned(),
        teaching_start: date(2022, 3, 1),
        last_start: date(2022, 3, 31),
        training_end: date(2023, 3, 1),
        board_date: date(2023, 3, 15),
        capacity: vec![crate::programme::RouteCapacity {
            level: 7,
            places: 29,
        }],
        ..intake(29, 0)
    };
    given.done(&programme_lead, date(2021, 11, 1), &pilot);
    let intake = given.created(tenant(WEXCOMBE));
    let mut held = 0;
    for places in [1, 28] {
        let supervisors = given.supervisors(tenant(NORTHMOOR));
        let asked = RegisterInterest {
            role: role.clone(),
            ..interest(tenant(NORTHMOOR), Region::NorthWest, places)
        };
        given.done(&lead(NORTHMOOR), date(2025, 9, 8), &asked);
        let allocation = given.created(tenant(NORTHMOOR));
        let declared = readiness(allocation, &supervisors);
        given.done(&lead(NORTHMOOR), date(2025, 9, 22), &declared);
        let supervised = given.state(allocation).and_then(Allocation::readiness);
        assert_eq!(
            supervised.map(|readiness| readiness.supervisors.len()),
            Some(1),
            "sup_07: the therapist is not eligible"
        );
        given.done(&national(), OCTOBER, &propose(allocation, intake, places));
        held += places;
        assert_eq!(given.state(intake).map(Intake::reserved), Some(held));
    }
}
