use jiff::civil::date;

use super::*;
use crate::{
    actor::ActingRole,
    given::{
        Given, actor,
        cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE, intake, mhwp},
        tenant,
    },
    refusal::Reason,
};

fn national() -> crate::actor::Actor {
    actor(tenant(COMMISSIONER), ActingRole::CommissionerNational)
}

fn lead() -> crate::actor::Actor {
    actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead)
}

#[test]
fn time_01_to_05_milestones_come_in_order_and_once() {
    let mut given = Given::baseline();
    let reach = |milestone| ReachMilestone {
        role: mhwp(),
        milestone,
    };
    assert_eq!(
        given.when(
            &national(),
            date(2021, 8, 31),
            &reach(Milestone::TenderClosed)
        ),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(
            &national(),
            date(2021, 6, 30),
            &reach(Milestone::SpecificationDeveloped)
        ),
        Ok(vec![
            "ProgrammeOpened".to_owned(),
            "MilestoneReached".to_owned()
        ])
    );
    assert_eq!(
        given.when(
            &national(),
            date(2021, 6, 1),
            &reach(Milestone::ProcurementOpened)
        ),
        Err(Reason::StateNotAllowed)
    );
    assert!(
        given
            .when(
                &national(),
                date(2021, 6, 2),
                &reach(Milestone::EmployersEngaged)
            )
            .is_ok()
    );
    let again = reach(Milestone::SpecificationDeveloped);
    assert_eq!(
        given.when(&national(), date(2021, 6, 30), &again),
        Ok(vec![])
    );
    assert_eq!(
        given.when(&national(), date(2021, 7, 1), &again),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn time_03_no_contract_before_the_tender_closed_and_was_ratified() {
    let mut given = Given::directory();
    let contract = |regions: &[Region]| ContractProvider {
        role: mhwp(),
        university: tenant(WEXCOMBE),
        regions: regions.iter().copied().collect(),
    };
    let unprocured = ContractProvider {
        role: Role::parse("PWP", "role").unwrap(),
        ..contract(&[Region::London])
    };
    assert_eq!(
        given.when(&national(), date(2021, 10, 18), &unprocured),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(&national(), date(2021, 9, 30), &contract(&[Region::London])),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(
            &national(),
            date(2021, 11, 1),
            &contract(&[Region::NorthWest])
        ),
        Ok(vec![])
    );
    assert_eq!(
        given.when(&national(), date(2021, 11, 1), &contract(&[Region::London])),
        Ok(vec!["ProviderContracted".to_owned()])
    );
    let programme = given
        .state(Programme::id(tenant(COMMISSIONER), &mhwp()))
        .unwrap();
    let contracted = |region, on| programme.contracted(tenant(WEXCOMBE), Some(region), on);
    assert!(contracted(Region::London, date(2021, 11, 1)));
    assert!(!contracted(Region::London, date(2021, 10, 31)));
    assert!(!contracted(Region::SouthWest, date(2026, 1, 1)));
}

#[test]
fn taxo_16_a_role_of_a_single_provider_contracts_no_second() {
    let mut given = Given::directory();
    let role = Role::parse("YIPP", "role").unwrap();
    let second = tenant(0xD1);
    let register = crate::directory::RegisterTenant {
        tenant: second,
        kind: TenantKind::University,
        name: "Calderbridge University".to_owned(),
        ods_code: None,
        ukprn: Some("10099002".to_owned()),
        sector: None,
        region: None,
    };
    let platform = actor(PLATFORM, ActingRole::PlatformOperator);
    given.done(&platform, date(2021, 6, 1), &register);
    for (milestone, month) in [
        (Milestone::SpecificationDeveloped, 6),
        (Milestone::ProcurementOpened, 7),
        (Milestone::TenderClosed, 8),
        (Milestone::ContractsRatified, 10),
    ] {
        let role = role.clone();
        given.done(
            &national(),
            date(2021, month, 1),
            &ReachMilestone { role, milestone },
        );
    }
    let contract = |university| ContractProvider {
        role: role.clone(),
        university,
        regions: BTreeSet::from([Region::SouthWest]),
    };
    let on = date(2021, 11, 1);
    assert!(
        given
            .when(&national(), on, &contract(tenant(WEXCOMBE)))
            .is_ok()
    );
    assert_eq!(
        given.when(&national(), on, &contract(second)),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn route_04_every_intake_offers_both_routes() {
    let mut given = Given::directory();
    let on = date(2025, 9, 1);
    assert!(given.when(&lead(), on, &intake(12, 8)).is_ok());
    assert_eq!(
        given.when(&lead(), on, &intake(20, 0)),
        Err(Reason::BothRoutesRequired)
    );
    let mut one = intake(20, 8);
    one.capacity.truncate(1);
    assert_eq!(
        given.when(&lead(), on, &one),
        Err(Reason::BothRoutesRequired)
    );
}

#[test]
fn route_07_no_other_level() {
    let mut given = Given::directory();
    let mut plan = intake(12, 8);
    plan.capacity.push(RouteCapacity {
        level: 5,
        places: 1,
    });
    assert_eq!(
        given.when(&lead(), date(2025, 9, 1), &plan),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn an_intake_has_dates_in_order_and_is_planned_by_a_university() {
    let mut given = Given::directory();
    let on = date(2025, 9, 1);
    let early_board = PlanIntake {
        board_date: date(2027, 2, 28),
        ..intake(12, 8)
    };
    assert_eq!(
        given.when(&lead(), on, &early_board),
        Err(Reason::FieldInvalid)
    );
    let late_start = PlanIntake {
        last_start: date(2027, 3, 1),
        ..intake(12, 8)
    };
    assert_eq!(
        given.when(&lead(), on, &late_start),
        Err(Reason::FieldInvalid)
    );
    let employer = actor(tenant(NORTHMOOR), ActingRole::ProfessionalLead);
    assert_eq!(
        given.when(&employer, on, &intake(12, 8)),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn time_07_an_intake_can_have_a_window_of_starts() {
    let mut given = Given::directory();
    let first = PlanIntake {
        title: "MHWP-2022-01".to_owned(),
        teaching_start: date(2022, 1, 10),
        last_start: date(2022, 3, 31),
        training_end: date(2023, 3, 10),
        board_date: date(2023, 3, 15),
        ..intake(12, 8)
    };
    given.done(&lead(), date(2021, 11, 1), &first);
    let id = given.created::<Intake>(tenant(WEXCOMBE));
    let terms = given.state(id).and_then(Intake::terms).unwrap();
    assert!(terms.admits_start(date(2022, 1, 10)));
    assert!(terms.admits_start(date(2022, 3, 21)));
    assert!(!terms.admits_start(date(2022, 4, 1)));
    assert_eq!((terms.places(), terms.places_at(6)), (20, 8));
}

#[test]
fn time_08_no_mhwp_trains_before_2022() {
    let given = Given::baseline();
    let register = given
        .state(crate::policy::PolicyRegister::id())
        .cloned()
        .unwrap();
    let policies = crate::policy::Policies::of(std::sync::Arc::new(register));
    let setting = crate::policy::catalogue::Setting::parse("adult_community", "setting").unwrap();
    let trains_on = |on| {
        let trainee = crate::policy::catalogue::Phase::Trainee;
        policies
            .permitted_setting(&mhwp(), trainee, &setting, None, on)
            .map_err(|refusal| refusal.reason)
            .is_ok()
    };
    assert!(!trains_on(date(2021, 12, 31)), "the role starts in 2022");
    assert!(trains_on(date(2022, 1, 1)));
}
