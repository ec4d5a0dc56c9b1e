use std::collections::BTreeSet;

use jiff::civil::{Date, date};

use super::*;
use crate::{
    actor::{ActingRole, Actor, PLATFORM},
    allocation::{ConfirmAllocation, ProposeAllocation},
    calendar::london_instant,
    directory::{AddSite, OpenClinicalService},
    given::{
        Given, actor,
        cast::{
            Cast, NORTHMOOR, SEVERNVALE, WEXCOMBE, approvals, intake, interest, mhwp, readiness,
            vacancy,
        },
        tenant,
    },
    partnership::{AgreeRouteBalance, PlannedPosts, RouteBalance, SignPartnership},
    policy::catalogue::{CriterionOwner, Setting},
    programme::PlanIntake,
};

/// How far things stand before the vacancy.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Until {
    Proposed,
    Confirmed,
    Signed,
    Balanced,
}

/// Northmoor's five places of an intake that starts on a day, agreed up to a point.
fn agreed(until: Until, starts: Date) -> (Given, Id<Allocation>) {
    let mut given = Given::directory();
    let (employer, university) = (tenant(NORTHMOOR), tenant(WEXCOMBE));
    let lead = actor(employer, ActingRole::ProfessionalLead);
    let programme_lead = actor(university, ActingRole::ProgrammeLead);
    let national = actor(
        tenant(crate::given::cast::COMMISSIONER),
        ActingRole::CommissionerNational,
    );
    let supervisors = given.supervisors(employer);
    let on = date(2025, 10, 20);
    let plan = PlanIntake {
        teaching_start: starts,
        last_start: starts,
        ..intake(12, 8)
    };
    given.done(&programme_lead, on, &plan);
    let intake = given.created(university);
    given.done(&lead, on, &interest(employer, Region::NorthWest, 5));
    let allocation = given.created(employer);
    given.done(&lead, on, &readiness(allocation, &supervisors));
    let propose = ProposeAllocation {
        allocation,
        intake,
        places: 5,
        pilot: None,
    };
    given.done(&national, on, &propose);
    if until >= Until::Confirmed {
        let approvals = approvals(on);
        given.done(
            &national,
            on,
            &ConfirmAllocation {
                allocation,
                approvals,
            },
        );
    }
    let partnership = Partnership::id(employer, university, intake);
    let sign = SignPartnership {
        employer,
        intake,
        posts: PlannedPosts {
            trainee: 5,
            qualified: 5,
        },
    };
    let balance = AgreeRouteBalance {
        partnership,
        balance: RouteBalance {
            level7_percent: 60,
            tolerance_points: 10,
        },
    };
    for side in [&lead, &programme_lead] {
        if until >= Until::Signed {
            given.done(side, on, &sign);
        }
    }
    for side in [&lead, &programme_lead] {
        if until >= Until::Balanced {
            given.done(side, on, &balance);
        }
    }
    (given, allocation)
}

fn hr() -> Actor {
    actor(tenant(NORTHMOOR), ActingRole::EmployerHr)
}

const MARCH_2026: Date = date(2026, 3, 2);
const NOVEMBER: Date = date(2025, 11, 10);

#[test]
#[rustfmt::skip]
fn alloc_11_and_route_05_every_agreement_comes_before_the_vacancy() {
    let cases = [
        (Until::Proposed,  Err(Reason::StateNotAllowed)),
        (Until::Confirmed, Err(Reason::PartnershipRequired)),
        (Until::Signed,    Err(Reason::RouteBalanceNotAgreed)),
        (Until::Balanced,  Ok(vec!["PlacesAdvertised".to_owned(), "VacancyOpened".to_owned()])),
    ];
    for (until, expected) in cases {
        let (mut given, allocation) = agreed(until, MARCH_2026);
        let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
        assert_eq!(given.when(&hr(), NOVEMBER, &vacancy(allocation, service, 5)), expected);
    }
}

#[test]
fn time_04_the_university_is_contracted_for_the_role() {
    let (mut given, allocation) = agreed(Until::Balanced, MARCH_2026);
    let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let open = OpenVacancy {
        closing: london_instant(date(2021, 12, 1).at(12, 0, 0, 0)).unwrap(),
        ..vacancy(allocation, service, 5)
    };
    assert_eq!(
        given.when(&hr(), date(2021, 10, 17), &open),
        Err(Reason::ProviderNotContracted)
    );
    assert!(given.when(&hr(), date(2021, 10, 18), &open).is_ok());
}

#[test]
fn joint_02_a_vacancy_names_one_employer_and_one_university() {
    let (given, cast) = Given::vacancy_open();
    let terms = given.state(cast.vacancy).and_then(Vacancy::terms).unwrap();
    assert_eq!(terms.employer, cast.employer);
    assert_eq!(terms.university, cast.university);
    assert_eq!(terms.role, mhwp());
    assert_eq!(terms.region, Region::NorthWest);
    assert_eq!(terms.closing_date(), date(2025, 11, 30));
    let signed = given.state(cast.partnership).and_then(Partnership::signed);
    assert_eq!(signed.map(|posts| posts.trainee), Some(terms.posts));
    let readiness = given.state(cast.allocation).and_then(Allocation::readiness);
    assert_eq!(
        readiness.map(|readiness| readiness.supervisors.as_slice()),
        Some(cast.supervisors.as_slice())
    );
}

/// JOINT-09: places are advertised trust-wide, over several of its services.
#[test]
fn joint_09_one_allocation_is_spread_over_three_services() {
    let (mut given, allocation) = agreed(Until::Balanced, MARCH_2026);
    let mut sum = 0;
    for (posts, setting) in [
        (3, "adult_community"),
        (1, "perinatal"),
        (1, "adult_community"),
    ] {
        let service = given.clinical_service(tenant(NORTHMOOR), setting);
        given.done(&hr(), NOVEMBER, &vacancy(allocation, service, posts));
        let opened: Id<Vacancy> = given.created(tenant(NORTHMOOR));
        let terms = given.state(opened).and_then(Vacancy::terms);
        assert_eq!(terms.map(|terms| terms.clinical_service), Some(service));
        sum += terms.map_or(0, |terms| terms.posts);
    }
    assert_eq!(sum, 5);
    let left = given.state(allocation).map(Allocation::places_to_advertise);
    assert_eq!(left, Some(0), "all five, none twice");
}

#[test]
fn alloc_07_no_more_posts_than_allocated_places_not_yet_advertised() {
    let (mut given, allocation) = agreed(Until::Balanced, MARCH_2026);
    let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let open = |posts| vacancy(allocation, service, posts);
    assert_eq!(
        given.when(&hr(), NOVEMBER, &open(6)),
        Err(Reason::CapacityExceeded)
    );
    for posts in [3, 1] {
        given.done(&hr(), NOVEMBER, &open(posts));
    }
    assert_eq!(
        given.when(&hr(), NOVEMBER, &open(2)),
        Err(Reason::CapacityExceeded)
    );
    assert!(
        given.when(&hr(), NOVEMBER, &open(1)).is_ok(),
        "joint_09: five places spread three, one and one"
    );
}

#[test]
fn only_the_employer_of_the_allocation_opens() {
    let (mut given, allocation) = agreed(Until::Balanced, MARCH_2026);
    let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let open = vacancy(allocation, service, 5);
    for by in [
        actor(tenant(SEVERNVALE), ActingRole::EmployerHr),
        actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead),
    ] {
        assert_eq!(given.when(&by, NOVEMBER, &open), Err(Reason::NotPermitted));
    }
    let foreign = given.clinical_service(tenant(SEVERNVALE), "adult_community");
    assert_eq!(
        given.when(&hr(), NOVEMBER, &vacancy(allocation, foreign, 5)),
        Err(Reason::NotPermitted)
    );
}

#[test]
fn set_01_and_set_09_settings_and_populations_outside_the_role() {
    let (mut given, allocation) = agreed(Until::Balanced, MARCH_2026);
    for setting in ["camhs", "learning_disability", "iapt"] {
        let service = given.clinical_service(tenant(NORTHMOOR), setting);
        assert_eq!(
            given.when(&hr(), NOVEMBER, &vacancy(allocation, service, 5)),
            Err(Reason::SettingNotPermitted),
            "{setting}"
        );
    }
    let autism = OpenClinicalService {
        name: "Autism team".to_owned(),
        setting: Setting::parse("adult_community", "setting").unwrap(),
        population: "autism".to_owned(),
    };
    given.done(&hr(), NOVEMBER, &autism);
    let service = given.created(tenant(NORTHMOOR));
    assert_eq!(
        given.when(&hr(), NOVEMBER, &vacancy(allocation, service, 5)),
        Err(Reason::SettingNotPermitted)
    );
}

/// A prison service of Northmoor with one qualifying site, one without a psychologist, and one
/// outside England.
fn prison(given: &mut Given) -> Id<ClinicalService> {
    let clinical_service = given.clinical_service(tenant(NORTHMOOR), "prison");
    let team = "integrated_team".to_owned();
    let psychologist = "practitioner_psychologist".to_owned();
    let sites = [
        (
            "HMP01",
            Some(Region::SouthEast),
            BTreeSet::from([team.clone(), psychologist]),
        ),
        (
            "HMP02",
            Some(Region::SouthEast),
            BTreeSet::from([team.clone()]),
        ),
        ("HMP03", None, BTreeSet::from([team])),
    ];
    for (code, region, attributes) in sites {
        let add = AddSite {
            clinical_service,
            code: code.to_owned(),
            name: format!("Site {code}"),
            region,
            attributes,
        };
        given.done(&hr(), NOVEMBER, &add);
    }
    clinical_service
}

fn at_site(allocation: Id<Allocation>, service: Id<ClinicalService>, code: &str) -> OpenVacancy {
    OpenVacancy {
        sites: vec![code.to_owned()],
        ..vacancy(allocation, service, 1)
    }
}

#[test]
fn set_07_prisons_from_april_2024_at_qualifying_sites_only() {
    let (mut given, allocation) = agreed(Until::Balanced, date(2024, 3, 31));
    let service = prison(&mut given);
    assert_eq!(
        given.when(&hr(), NOVEMBER, &at_site(allocation, service, "HMP01")),
        Err(Reason::SettingNotPermitted)
    );
    let (mut given, allocation) = agreed(Until::Balanced, date(2024, 4, 1));
    let service = prison(&mut given);
    assert_eq!(
        given.when(&hr(), NOVEMBER, &at_site(allocation, service, "HMP02")),
        Err(Reason::SiteCriteriaNotMet)
    );
    assert_eq!(
        given.when(&hr(), NOVEMBER, &at_site(allocation, service, "HMP03")),
        Err(Reason::SettingNotPermitted),
        "alloc_20: outside England"
    );
    assert_eq!(
        given.when(&hr(), NOVEMBER, &vacancy(allocation, service, 1)),
        Err(Reason::FieldInvalid),
        "the sites must be named"
    );
    assert!(
        given
            .when(&hr(), NOVEMBER, &at_site(allocation, service, "HMP01"))
            .is_ok()
    );
    let vacancy = given.created::<Vacancy>(tenant(NORTHMOOR));
    let terms = given.state(vacancy).and_then(Vacancy::terms).unwrap();
    assert_eq!(terms.region, Region::SouthEast, "alloc_19: of the site");
    assert_eq!(terms.pilot.as_deref(), Some("prisons"));
}

#[test]
fn ready_05_a_pilot_needs_clinical_escalation() {
    let (mut given, allocation) = agreed(Until::Balanced, date(2024, 4, 1));
    let service = prison(&mut given);
    let supervisors = given.supervisors(tenant(NORTHMOOR));
    let without = crate::allocation::DeclareReadiness {
        clinical_escalation: false,
        ..readiness(allocation, &supervisors)
    };
    let lead = actor(tenant(NORTHMOOR), ActingRole::ProfessionalLead);
    given.done(&lead, NOVEMBER, &without);
    assert_eq!(
        given.when(&hr(), NOVEMBER, &at_site(allocation, service, "HMP01")),
        Err(Reason::EmployerNotReady)
    );
}

#[test]
fn d_16_a_policy_published_late_holds_from_its_own_day() {
    let (mut given, allocation) = agreed(Until::Balanced, date(2022, 6, 6));
    let service = given.clinical_service(tenant(NORTHMOOR), "drug_and_alcohol");
    let open = vacancy(allocation, service, 5);
    assert_eq!(
        given.when(&hr(), NOVEMBER, &open),
        Err(Reason::SettingNotPermitted)
    );
    let late = crate::policy::SetPolicy {
        policy: "setting.MHWP.trainee.drug_and_alcohol".to_owned(),
        from: date(2022, 6, 1),
        until: None,
        value: serde_json::json!({ "permitted": true, "pilot": "drug_and_alcohol" }),
        source: "a later decision".to_owned(),
        approver: "the national team".to_owned(),
    };
    let platform = actor(PLATFORM, ActingRole::PlatformOperator);
    given.done(&platform, NOVEMBER, &late);
    assert!(given.when(&hr(), NOVEMBER, &open).is_ok());
}

fn criterion(key: &str, family: CriterionFamily, weight: u8, essential: bool) -> Criterion {
    Criterion {
        key: key.to_owned(),
        family,
        owner: CriterionOwner::Both,
        weight,
        essential,
    }
}

#[test]
fn joint_05_to_08_what_a_criteria_set_must_hold() {
    use CriterionFamily::{Attitudes, Knowledge, Skills};
    let recovery = criterion("trauma_informed_recovery", Attitudes, 9, true);
    let skills = criterion("teamwork", Skills, 5, true);
    let knowledge = criterion("community_care", Knowledge, 5, false);
    let experience = |essential| criterion("mental_health_experience", Knowledge, 2, essential);
    let base = vec![recovery.clone(), skills.clone(), knowledge.clone()];
    let with = |extra: Criterion| [base.clone(), vec![extra]].concat();
    let cases = [
        (base.clone(), None),
        (vec![recovery, skills.clone()], Some(Reason::FieldInvalid)),
        (
            vec![
                skills,
                knowledge,
                criterion("nhs_values", Attitudes, 5, true),
            ],
            Some(Reason::RecoveryCriterionRequired),
        ),
        (
            with(criterion("numeracy", Skills, 10, false)),
            Some(Reason::RecoveryCriterionRequired),
        ),
        (
            with(experience(true)),
            Some(Reason::ExperienceNotACriterion),
        ),
        (with(experience(false)), None),
        (
            with(criterion("teamwork", Skills, 5, true)),
            Some(Reason::FieldInvalid),
        ),
        (
            with(criterion("numeracy", Skills, 0, false)),
            Some(Reason::FieldInvalid),
        ),
    ];
    for (criteria, refused) in cases {
        let (mut given, allocation) = agreed(Until::Balanced, MARCH_2026);
        let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
        let open = OpenVacancy {
            criteria: criteria.clone(),
            ..vacancy(allocation, service, 5)
        };
        let outcome = given.when(&hr(), NOVEMBER, &open);
        assert_eq!(outcome.err(), refused, "{criteria:?}");
    }
}

#[test]
fn joint_06_the_default_set_asks_for_collaborative_work_with_smi() {
    let (given, cast) = Given::vacancy_open();
    let terms = given.state(cast.vacancy).and_then(Vacancy::terms).unwrap();
    assert!(
        terms
            .criteria
            .iter()
            .any(|c| c.key == "collaborative_work_with_smi_in_a_team" && c.essential)
    );
}

#[test]
fn time_06_applications_are_accepted_between_opening_and_closing() {
    let (given, cast) = Given::vacancy_open();
    let vacancy = given.state(cast.vacancy).unwrap();
    let at = |d: Date, h, m| london_instant(d.at(h, m, 0, 0)).unwrap();
    assert!(!vacancy.accepts(at(date(2025, 11, 10), 11, 59)));
    assert!(vacancy.accepts(at(date(2025, 11, 10), 12, 0)));
    assert!(vacancy.accepts(at(date(2025, 11, 30), 23, 59)));
    assert!(!vacancy.accepts(at(date(2025, 12, 1), 0, 0)));
}

#[test]
fn a_vacancy_closes_later_than_it_opens() {
    let (mut given, allocation) = agreed(Until::Balanced, MARCH_2026);
    let service = given.clinical_service(tenant(NORTHMOOR), "adult_community");
    let open = vacancy(allocation, service, 5);
    assert_eq!(
        given.when(&hr(), date(2025, 12, 1), &open),
        Err(Reason::FieldInvalid)
    );
}

fn close(cast: &Cast, posts_handed_back: u32) -> CloseVacancy {
    CloseVacancy {
        vacancy: cast.vacancy,
        posts_handed_back,
    }
}

#[test]
fn a_closed_vacancy_hands_unfilled_posts_back_once() {
    let (mut given, cast) = Given::vacancy_open();
    let on = date(2025, 11, 20);
    let hr = cast.employer(ActingRole::EmployerHr);
    assert_eq!(
        given.when(&hr, on, &close(&cast, 6)),
        Err(Reason::FieldInvalid)
    );
    let university = cast.university(ActingRole::ProgrammeLead);
    assert_eq!(
        given.when(&university, on, &close(&cast, 2)),
        Err(Reason::NotPermitted)
    );
    assert_eq!(
        given.when(&hr, on, &close(&cast, 2)),
        Ok(vec![
            "PlacesHandedBack".to_owned(),
            "VacancyClosed".to_owned()
        ])
    );
    let left = |given: &Given| {
        let allocation = given.state(cast.allocation);
        allocation.map(Allocation::places_to_advertise)
    };
    assert_eq!(left(&given), Some(2));
    assert_eq!(given.when(&hr, on, &close(&cast, 2)), Ok(vec![]));
    assert_eq!(left(&given), Some(2));
    assert_eq!(
        given.when(&hr, on, &close(&cast, 3)),
        Err(Reason::AlreadyRecorded)
    );
    let vacancy = given.state(cast.vacancy).unwrap();
    let at = |d: Date| crate::calendar::midday(d);
    assert!(vacancy.accepts(at(date(2025, 11, 19))));
    assert!(!vacancy.accepts(at(date(2025, 11, 21))));
}

#[test]
fn set_05_drug_and_alcohol_services_come_with_the_second_cohort() {
    let outcome = |starts| {
        let (mut given, allocation) = agreed(Until::Balanced, starts);
        let service = given.clinical_service(tenant(NORTHMOOR), "drug_and_alcohol");
        given.when(&hr(), NOVEMBER, &vacancy(allocation, service, 1))
    };
    assert_eq!(outcome(date(2022, 3, 21)), Err(Reason::SettingNotPermitted));
    assert!(outcome(date(2023, 3, 6)).is_ok());
}

#[test]
fn set_06_gambling_harms_is_a_pilot_of_the_midlands() {
    let outcome = |region| {
        let (mut given, allocation) = agreed(Until::Balanced, date(2024, 3, 4));
        let clinical_service = given.clinical_service(tenant(NORTHMOOR), "gambling_harms");
        let add = AddSite {
            clinical_service,
            code: "GC001".to_owned(),
            name: "Gambling clinic".to_owned(),
            region: Some(region),
            attributes: BTreeSet::new(),
        };
        given.done(&hr(), NOVEMBER, &add);
        let open = at_site(allocation, clinical_service, "GC001");
        given.when(&hr(), NOVEMBER, &open)
    };
    assert!(outcome(Region::Midlands).is_ok());
    assert_eq!(outcome(Region::NorthWest), Err(Reason::SettingNotPermitted));
}
