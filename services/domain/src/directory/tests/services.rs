use std::collections::BTreeSet;

use jiff::civil::{Date, date};

use super::super::*;
use crate::{
    actor::{ActingRole, Actor, PersonId, Region},
    given::{
        Given, actor,
        cast::{NORTHMOOR, SEVERNVALE, mhwp},
        person, tenant,
    },
    id::Id,
    policy::catalogue::{Phase, Role, Setting},
    refusal::Reason,
    world::Command,
};

const OPENED: Date = date(2025, 9, 1);
const LATER: Date = date(2026, 6, 1);

fn hr() -> Actor {
    actor(tenant(NORTHMOOR), ActingRole::EmployerHr)
}

/// A prison service with a qualifying site, and one trainee placed there.
fn prison() -> (Given, Id<ClinicalService>) {
    let mut given = Given::directory();
    let service = given.clinical_service(tenant(NORTHMOOR), "prison");
    let add = AddSite {
        clinical_service: service,
        code: "HMP01".to_owned(),
        name: "HMP Example".to_owned(),
        region: Some(Region::SouthEast),
        attributes: both(),
    };
    given.done(&hr(), OPENED, &add);
    let given = given.happened(service, &placed(1, &["HMP01"], Some(person(0x10))));
    (given, service)
}

fn both() -> BTreeSet<String> {
    ["integrated_team", "practitioner_psychologist"]
        .map(ToOwned::to_owned)
        .into()
}

fn placed(application: u128, sites: &[&str], lead: Option<PersonId>) -> ClinicalServiceEvent {
    ClinicalServiceEvent::PersonPlaced {
        placement: Placement {
            application: Id::new(uuid::Uuid::from_u128(application)),
            role: mhwp(),
            phase: Phase::Trainee,
            sites: sites.iter().map(|code| (*code).to_owned()).collect(),
            region: Some(Region::NorthWest),
            professional_lead: lead,
        },
        on: date(2026, 3, 2),
    }
}

fn without_a_psychologist(service: Id<ClinicalService>) -> ChangeSite {
    ChangeSite {
        clinical_service: service,
        code: "hmp01".to_owned(),
        name: "HMP Example".to_owned(),
        attributes: BTreeSet::from(["integrated_team".to_owned()]),
    }
}

fn terms(given: &Given, service: Id<ClinicalService>) -> ClinicalServiceTerms {
    given.state(service).unwrap().terms().unwrap().clone()
}

#[track_caller]
fn appended(given: &mut Given, on: Date, command: &dyn Command) -> Vec<String> {
    given.when(&hr(), on, command).unwrap()
}

#[test]
fn alloc_17_a_psychologist_who_leaves_flags_the_site_and_who_works_there() {
    let (mut given, service) = prison();
    let leaves = without_a_psychologist(service);
    assert_eq!(
        appended(&mut given, LATER, &leaves),
        ["SiteChanged", "SiteFlagged", "PlacementFlagged"]
    );
    assert_eq!(appended(&mut given, LATER, &leaves), [""; 0]);
    let flagged = terms(&given, service);
    assert!(flagged.site_flags["HMP01"].contains("practitioner_psychologist"));
    assert_eq!(
        flagged.flags.values().copied().collect::<Vec<_>>(),
        [PlacementFlag::SiteCriteriaNotMet]
    );
    let back = ChangeSite {
        attributes: both(),
        ..leaves
    };
    assert_eq!(
        appended(&mut given, LATER, &back),
        ["SiteChanged", "SiteFlagLifted", "PlacementFlagLifted"]
    );
    assert!(terms(&given, service).flags.is_empty());
}

#[test]
fn set_14_a_remodel_to_an_excluded_setting_flags_the_trainees_placed_there() {
    let mut given = Given::directory();
    let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let mut given = given.happened(service, &placed(1, &[], None));
    let remodel = |setting: &str, population: &str| RemodelClinicalService {
        clinical_service: service,
        setting: Setting::parse(setting, "setting").unwrap(),
        population: population.to_owned(),
    };
    assert_eq!(
        appended(&mut given, LATER, &remodel("camhs", "young_people")),
        ["ClinicalServiceRemodelled", "PlacementFlagged"]
    );
    assert_eq!(
        terms(&given, service)
            .flags
            .values()
            .copied()
            .collect::<Vec<_>>(),
        [PlacementFlag::SettingNotPermitted]
    );
    assert_eq!(
        appended(
            &mut given,
            LATER,
            &remodel("perinatal", "perinatal_mental_health")
        ),
        ["ClinicalServiceRemodelled", "PlacementFlagLifted"]
    );
    // SET-09: the population excludes as well as the setting does.
    assert_eq!(
        appended(&mut given, LATER, &remodel("perinatal", "autism")),
        ["ClinicalServiceRemodelled", "PlacementFlagged"]
    );
    assert_eq!(
        given.when(&hr(), LATER, &remodel("spa", "adults")),
        Err(Reason::FieldInvalid)
    );
}

#[test]
fn set_14_a_service_is_tendered_again_and_closes_once_nobody_works_in_it() {
    let mut given = Given::directory();
    let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let retender = RetenderClinicalService {
        clinical_service: service,
        reference: "C-2026-07".to_owned(),
    };
    assert_eq!(
        appended(&mut given, LATER, &retender),
        ["ClinicalServiceRetendered"]
    );
    assert_eq!(appended(&mut given, LATER, &retender), [""; 0]);
    let mut given = given.happened(service, &placed(1, &[], None));
    let close = CloseClinicalService {
        clinical_service: service,
    };
    assert_eq!(
        given.when(&hr(), LATER, &close),
        Err(Reason::StateNotAllowed)
    );
    let left = ClinicalServiceEvent::PersonLeft {
        application: Id::new(uuid::Uuid::from_u128(1)),
        on: LATER,
    };
    let mut given = given.happened(service, &left);
    assert_eq!(
        appended(&mut given, LATER, &close),
        ["ClinicalServiceClosed"]
    );
    assert_eq!(appended(&mut given, LATER, &close), [""; 0]);
    let after = LATER.tomorrow().unwrap();
    assert_eq!(
        given.when(&hr(), after, &close),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&hr(), after, &retender),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn set_14_a_closed_service_has_no_new_vacancies() {
    let (mut given, cast) = Given::vacancy_open();
    let other = given.clinical_service(cast.employer, "adult_community");
    let close = CloseClinicalService {
        clinical_service: other,
    };
    given.done(&hr(), date(2025, 11, 1), &close);
    let vacancy = crate::given::cast::vacancy(cast.allocation, other, 1);
    assert_eq!(
        given.when(&hr(), date(2025, 11, 10), &vacancy),
        Err(Reason::StateNotAllowed)
    );
}

#[test]
fn set_15_a_specification_names_the_roles_it_asks_for() {
    let mut given = Given::directory();
    let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let specify = |roles: &[&str]| RecordServiceSpecification {
        clinical_service: service,
        reference: "C-2026-07".to_owned(),
        roles: roles
            .iter()
            .map(|id| Role::parse(id, "roles").unwrap())
            .collect(),
    };
    assert_eq!(
        appended(&mut given, LATER, &specify(&[])),
        ["ServiceSpecificationRecorded"]
    );
    assert!(
        terms(&given, service)
            .specification
            .unwrap()
            .roles
            .is_empty()
    );
    assert_eq!(
        appended(&mut given, LATER, &specify(&["MHWP"])),
        ["ServiceSpecificationRecorded"]
    );
    assert_eq!(appended(&mut given, LATER, &specify(&["MHWP"])), [""; 0]);
    assert_eq!(
        given.when(&hr(), LATER, &specify(&["MADE_UP"])),
        Err(Reason::PolicyMissing)
    );
}

#[test]
fn ready_04_a_lead_who_goes_leaves_everybody_in_the_service_without_one() {
    let mut given = Given::directory();
    let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let mut given = given
        .happened(service, &placed(1, &[], Some(person(0x10))))
        .happened(service, &placed(2, &[], None));
    let without = |given: &Given| terms(given, service).without_professional_lead();
    assert_eq!(without(&given), 1);
    let name = NameProfessionalLead {
        clinical_service: service,
        person: person(0x12),
    };
    assert_eq!(
        appended(&mut given, LATER, &name),
        ["ProfessionalLeadNamed"]
    );
    assert_eq!(without(&given), 0);
    let end = EndProfessionalLead {
        clinical_service: service,
    };
    assert_eq!(appended(&mut given, LATER, &end), ["ProfessionalLeadEnded"]);
    assert_eq!(without(&given), 2);
    assert_eq!(appended(&mut given, LATER, &end), [""; 0]);
}

#[test]
fn a_service_is_its_employers_alone() {
    let (mut given, service) = prison();
    let neighbour = actor(tenant(SEVERNVALE), ActingRole::EmployerHr);
    assert_eq!(
        given.when(&neighbour, LATER, &without_a_psychologist(service)),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn alloc_18_and_alloc_19_sites_of_one_service_lie_in_their_own_regions() {
    let mut given = Given::directory();
    let service = given.clinical_service(tenant(SEVERNVALE), "gambling_harms");
    let severnvale = actor(tenant(SEVERNVALE), ActingRole::EmployerHr);
    for (code, region) in [("GH001", Region::SouthEast), ("GH002", Region::Midlands)] {
        let add = AddSite {
            clinical_service: service,
            code: code.to_owned(),
            name: "Gambling harms clinic".to_owned(),
            region: Some(region),
            attributes: BTreeSet::new(),
        };
        given.done(&severnvale, OPENED, &add);
    }
    let terms = terms(&given, service);
    assert_eq!(terms.site("GH001").unwrap().region, Some(Region::SouthEast));
    assert_eq!(terms.site("GH002").unwrap().region, Some(Region::Midlands));
    assert_eq!(terms.setting.as_str(), "gambling_harms");
}

#[test]
fn alloc_20_a_site_outside_england_has_no_funded_places() {
    let (mut given, cast) = Given::vacancy_open();
    let add = AddSite {
        clinical_service: cast.clinical_service,
        code: "WALES1".to_owned(),
        name: "Clinic across the border".to_owned(),
        region: None,
        attributes: BTreeSet::new(),
    };
    given.done(&hr(), date(2025, 11, 10), &add);
    let mut open = crate::given::cast::vacancy(cast.allocation, cast.clinical_service, 1);
    open.sites = vec!["WALES1".to_owned()];
    assert_eq!(
        given.when(&hr(), date(2025, 11, 10), &open),
        Err(Reason::SettingNotPermitted)
    );
}
