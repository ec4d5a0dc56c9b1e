mod services;

use std::collections::BTreeSet;

use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, PLATFORM, Region, TenantKind},
    given::{
        Given, actor,
        cast::{COMMISSIONER, NORTHMOOR, S1, SEVERNVALE, WEXCOMBE, mhwp},
        person, tenant,
    },
    policy::catalogue::{Register, RegisterStatus, Setting, SupervisorRule},
    refusal::Reason,
};

fn platform() -> crate::actor::Actor {
    actor(PLATFORM, ActingRole::PlatformOperator)
}

fn register(kind: TenantKind) -> RegisterTenant {
    RegisterTenant {
        tenant: tenant(0x99),
        kind,
        name: "Harbourlight Recovery CIC".to_owned(),
        ods_code: Some("H8R3C".to_owned()),
        ukprn: None,
        sector: (kind == TenantKind::Employer).then_some(EmployerSector::ThirdSector),
        region: Some(Region::Midlands),
    }
}

#[test]
fn b_1_an_employer_needs_a_code_a_university_a_ukprn() {
    let mut given = Given::nothing();
    let on = date(2021, 6, 1);
    let employer = register(TenantKind::Employer);
    assert!(given.when(&platform(), on, &employer).is_ok());
    let without = RegisterTenant {
        tenant: tenant(0x98),
        ods_code: None,
        ..employer.clone()
    };
    assert_eq!(
        given.when(&platform(), on, &without),
        Err(Reason::FieldInvalid)
    );
    let misspelt = RegisterTenant {
        tenant: tenant(0x98),
        ods_code: Some("H8-R3".to_owned()),
        ..employer
    };
    assert_eq!(
        given.when(&platform(), on, &misspelt),
        Err(Reason::OdsCodeFormat)
    );
    let university = register(TenantKind::University);
    assert_eq!(
        given.when(&platform(), on, &university),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn only_the_platform_registers_and_a_repeat_registers_nothing() {
    let mut given = Given::nothing();
    let on = date(2021, 6, 1);
    let employer = register(TenantKind::Employer);
    let stranger = actor(tenant(0x99), ActingRole::EmployerHr);
    assert_eq!(
        given.when(&stranger, on, &employer),
        Err(Reason::NotPermitted)
    );
    assert_eq!(
        given.when(&platform(), on, &employer),
        Ok(vec!["TenantRegistered".to_owned()])
    );
    assert_eq!(given.when(&platform(), on, &employer), Ok(vec![]));
    let other = RegisterTenant {
        region: Some(Region::London),
        ..employer
    };
    assert_eq!(
        given.when(&platform(), on, &other),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn actor_13_a_successor_takes_over_whole_and_earlier_days_keep_their_name() {
    let mut given = Given::directory();
    let succeed = SucceedTenant {
        tenant: tenant(COMMISSIONER),
        name: "NHS England".to_owned(),
        ods_code: None,
        ukprn: None,
    };
    assert_eq!(
        given.when(&platform(), date(2023, 4, 1), &succeed),
        Ok(vec!["TenantSucceeded".to_owned()])
    );
    let entry = given.state(Tenant::id(tenant(COMMISSIONER))).unwrap();
    let name = |on| entry.name_on(on).map(|name| name.name.as_str());
    assert_eq!(name(date(2023, 3, 31)), Some("Health Education England"));
    assert_eq!(name(date(2023, 4, 1)), Some("NHS England"));
    let earlier = SucceedTenant {
        name: "Another".to_owned(),
        ..succeed.clone()
    };
    assert_eq!(
        given.when(&platform(), date(2023, 4, 1), &earlier),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(&platform(), date(2023, 5, 1), &succeed),
        Ok(vec![])
    );
}

#[test]
fn a_tenant_named_by_a_request_must_be_of_the_kind_needed() {
    let mut given = Given::directory();
    let national = actor(tenant(COMMISSIONER), ActingRole::CommissionerNational);
    let contract = crate::programme::ContractProvider {
        role: mhwp(),
        university: tenant(NORTHMOOR),
        regions: BTreeSet::from([Region::London]),
    };
    assert_eq!(
        given.when(&national, date(2022, 1, 1), &contract),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn a_clinical_service_has_a_known_setting_and_its_sites_codes_of_their_own() {
    let mut given = Given::directory();
    let on = date(2025, 9, 1);
    let hr = actor(tenant(NORTHMOOR), ActingRole::EmployerHr);
    let open = |setting: &str| OpenClinicalService {
        name: "Prison in-reach".to_owned(),
        setting: Setting::parse(setting, "setting").unwrap(),
        population: "severe_mental_illness".to_owned(),
    };
    assert_eq!(given.when(&hr, on, &open("spa")), Err(Reason::FieldInvalid));
    given.done(&hr, on, &open("prison"));
    let clinical_service = given.created(tenant(NORTHMOOR));
    let add = AddSite {
        clinical_service,
        code: "hmp01".to_owned(),
        name: "HMP Example".to_owned(),
        region: Some(Region::SouthEast),
        attributes: BTreeSet::from(["integrated_team".to_owned()]),
    };
    assert_eq!(given.when(&hr, on, &add), Ok(vec!["SiteAdded".to_owned()]));
    assert_eq!(given.when(&hr, on, &add), Ok(vec![]));
    let other = AddSite {
        region: None,
        ..add.clone()
    };
    assert_eq!(given.when(&hr, on, &other), Err(Reason::AlreadyRecorded));
    let neighbour = actor(tenant(SEVERNVALE), ActingRole::EmployerHr);
    assert_eq!(given.when(&neighbour, on, &add), Err(Reason::NotPermitted));
    let university = actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead);
    assert_eq!(given.when(&university, on, &add), Err(Reason::NotPermitted));
}

#[test]
fn sup_01_modality_and_status_decide_not_the_prefix() {
    let mut given = Given::directory();
    let employer = tenant(NORTHMOOR);
    let hr = actor(employer, ActingRole::EmployerHr);
    let on = date(2025, 9, 15);
    let policies = crate::policy::Policies::of(
        given
            .state(crate::policy::PolicyRegister::id())
            .cloned()
            .unwrap()
            .into(),
    );
    let rule = policies.supervisor_rule(&mhwp(), on).unwrap();
    let cases = [
        (
            1,
            Register::Hcpc,
            "PYL900001",
            RegisterStatus::Registered,
            "clinical_psychologist",
            true,
        ),
        (
            2,
            Register::Hcpc,
            "PYL900003",
            RegisterStatus::Registered,
            "counselling_psychologist",
            false,
        ),
        (
            3,
            Register::Hcpc,
            "PYL900004",
            RegisterStatus::NotRegistered,
            "clinical_psychologist",
            false,
        ),
        (
            4,
            Register::Babcp,
            "900002",
            RegisterStatus::Registered,
            "cbt",
            true,
        ),
        (
            5,
            Register::Babcp,
            "900005",
            RegisterStatus::Provisional,
            "cbt",
            true,
        ),
        (
            6,
            Register::Babcp,
            "900006",
            RegisterStatus::LeaveOfAbsence,
            "cbt",
            false,
        ),
    ];
    for (n, register, number, status, modality, eligible) in cases {
        let record = RecordSupervisor {
            person: person(n),
            name: "A Supervisor".to_owned(),
            register,
            number: number.to_owned(),
        };
        given.done(&hr, on, &record);
        let supervisor = Supervisor::id(employer, person(n));
        let check = RecordRegisterCheck {
            supervisor,
            register,
            status,
            modalities: vec![modality.to_owned()],
        };
        given.done(&hr, on, &check);
        let state = given.state(supervisor).unwrap();
        assert_eq!(
            state.eligible_on(on, &rule),
            eligible,
            "{register} {status}"
        );
        assert!(!state.eligible_on(date(2025, 9, 14), &rule));
    }
}

#[test]
fn d_6_a_check_known_later_than_true_ends_eligibility_on_its_own_day() {
    let mut given = Given::directory();
    let employer = tenant(NORTHMOOR);
    let [s1, _] = given.supervisors(employer);
    let hr = actor(employer, ActingRole::EmployerHr);
    let rule = [SupervisorRule {
        register: Register::Hcpc,
        modality: Some("clinical_psychologist".to_owned()),
        statuses: vec![RegisterStatus::Registered],
    }];
    let check = |status| RecordRegisterCheck {
        supervisor: s1,
        register: Register::Hcpc,
        status,
        modalities: vec!["clinical_psychologist".to_owned()],
    };
    let lost = date(2026, 9, 10);
    assert_eq!(
        given.when(&hr, lost, &check(RegisterStatus::NotRegistered)),
        Ok(vec!["RegisterCheckRecorded".to_owned()])
    );
    assert_eq!(
        given.when(&hr, lost, &check(RegisterStatus::NotRegistered)),
        Ok(vec![])
    );
    let state = given.state(s1).unwrap();
    assert!(state.eligible_on(date(2026, 9, 9), &rule));
    assert!(!state.eligible_on(lost, &rule));
    assert_eq!(
        given.when(&hr, lost, &check(RegisterStatus::Registered)),
        Ok(vec!["RegisterCheckCorrected".to_owned()])
    );
    let looked_up = given.stored(s1).len() as u64 - 1;
    let corrects = given.corrects(s1, "RegisterCheckCorrected");
    assert_eq!(corrects, Some(looked_up), "the look-up of the same day");
    assert!(given.state(s1).unwrap().eligible_on(lost, &rule));
}

#[test]
fn register_numbers_are_checked_and_stored_as_personal_values_only() {
    let mut given = Given::directory();
    let employer = tenant(NORTHMOOR);
    let hr = actor(employer, ActingRole::EmployerHr);
    let record = RecordSupervisor {
        person: person(S1),
        name: "A Supervisor".to_owned(),
        register: Register::Hcpc,
        number: "PH123456".to_owned(),
    };
    let on = date(2025, 9, 15);
    assert_eq!(given.when(&hr, on, &record), Err(Reason::HcpcNumberFormat));
    given.supervisors(employer);
    let state = given.state(Supervisor::id(employer, person(S1))).unwrap();
    assert!(!format!("{state:?}").contains("PYL900001"));
}

#[test]
fn a_check_needs_the_registration_it_is_of() {
    let mut given = Given::directory();
    let employer = tenant(NORTHMOOR);
    let [s1, _] = given.supervisors(employer);
    let hr = actor(employer, ActingRole::EmployerHr);
    let check = RecordRegisterCheck {
        supervisor: s1,
        register: Register::Babcp,
        status: RegisterStatus::Registered,
        modalities: vec![],
    };
    let on = date(2025, 10, 1);
    assert_eq!(given.when(&hr, on, &check), Err(Reason::StateNotAllowed));
    let neighbour = actor(tenant(SEVERNVALE), ActingRole::EmployerHr);
    assert_eq!(
        given.when(&neighbour, on, &check),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn b_1_a_code_found_closed_forbids_new_vacancies_and_nothing_else() {
    let (mut given, cast) = Given::vacancy_open();
    let look_up = |result| RecordIdentifierLookup {
        tenant: cast.employer,
        code: TenantCode::OdsCode,
        result,
        source: "ODS FHIR R4 Organization".to_owned(),
    };
    let closed = date(2025, 11, 12);
    assert_eq!(
        given.when(&platform(), closed, &look_up(LookupResult::Closed)),
        Ok(vec!["IdentifierLookedUp".to_owned()])
    );
    assert_eq!(
        given.when(&platform(), closed, &look_up(LookupResult::Closed)),
        Ok(vec![])
    );
    let another = crate::given::cast::vacancy(cast.allocation, cast.clinical_service, 1);
    let hr = cast.employer(ActingRole::EmployerHr);
    assert_eq!(
        given.when(&hr, closed, &another),
        Err(Reason::StateNotAllowed)
    );
    // A later look-up says otherwise, and the vacancy is refused for its posts alone.
    given.done(
        &platform(),
        date(2025, 11, 13),
        &look_up(LookupResult::Found),
    );
    let refused = given.when(&hr, date(2025, 11, 13), &another);
    assert_ne!(refused, Err(Reason::StateNotAllowed));
    let Tenant::Registered { lookups, .. } = given.state(Tenant::id(cast.employer)).unwrap() else {
        panic!("registered");
    };
    let dated: Vec<_> = lookups
        .iter()
        .map(|one| (one.checked_at, one.result))
        .collect();
    assert_eq!(
        dated,
        [
            (closed, LookupResult::Closed),
            (date(2025, 11, 13), LookupResult::Found)
        ]
    );
    assert_eq!(lookups[0].value, "N1M2H");
    assert_eq!(lookups[0].checked_by, PLATFORM);
}

#[test]
fn b_1_only_a_code_the_tenant_has_is_looked_up_and_by_itself_or_the_platform() {
    let mut given = Given::directory();
    let on = date(2025, 9, 1);
    let look_up = |code| RecordIdentifierLookup {
        tenant: tenant(NORTHMOOR),
        code,
        result: LookupResult::Found,
        source: "register".to_owned(),
    };
    let hr = actor(tenant(NORTHMOOR), ActingRole::EmployerHr);
    assert_eq!(
        given.when(&hr, on, &look_up(TenantCode::Ukprn)),
        Err(Reason::FieldInvalid)
    );
    assert!(given.when(&hr, on, &look_up(TenantCode::OdsCode)).is_ok());
    let neighbour = actor(tenant(SEVERNVALE), ActingRole::EmployerHr);
    assert_eq!(
        given.when(&neighbour, on, &look_up(TenantCode::OdsCode)),
        Err(Reason::NotPermitted)
    );
}
