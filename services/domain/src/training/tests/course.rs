//! The week, the place, the caseload and the reviews of a training year.

use super::*;
use crate::directory::{AddSite, ClinicalService, OpenClinicalService};
use crate::policy::catalogue::Setting;

const DAY: Date = date(2026, 4, 1);

fn service(given: &mut Given, setting: &str, population: &str) -> Id<ClinicalService> {
    let open = OpenClinicalService {
        name: "Somewhere".to_owned(),
        setting: Setting::parse(setting, "setting").expect("a setting id"),
        population: population.to_owned(),
    };
    given.done(&cast::hr(), date(2026, 2, 1), &open);
    given.created(cast::employer())
}

fn site(given: &mut Given, of: Id<ClinicalService>, code: &str, attributes: &[&str]) {
    let add = AddSite {
        clinical_service: of,
        code: code.to_owned(),
        name: "A house".to_owned(),
        region: Some(crate::actor::Region::NorthWest),
        attributes: attributes.iter().map(|id| (*id).to_owned()).collect(),
    };
    given.done(&cast::hr(), date(2026, 2, 1), &add);
}

fn place(clinical_service: Id<ClinicalService>, site: Option<&str>) -> PlaceTrainee {
    PlaceTrainee {
        training: id(),
        clinical_service,
        site: site.map(str::to_owned),
    }
}

#[test]
fn train_02_a_trainee_is_placed_where_the_setting_is_permitted_on_the_day() {
    let mut given = cast::in_training();
    let adult = service(&mut given, "adult_community", "severe_mental_illness");
    #[rustfmt::skip]
    let table = [
        ("camhs",           "severe_mental_illness", Reason::SettingNotPermitted),
        ("primary_care",    "severe_mental_illness", Reason::SettingNotPermitted),
        ("adult_community", "autism",                Reason::SettingNotPermitted),
        ("gambling_harms",  "gambling",              Reason::SettingNotPermitted),
        ("prison",          "severe_mental_illness", Reason::SiteCriteriaNotMet),
    ];
    for (setting, population, reason) in table {
        let elsewhere = service(&mut given, setting, population);
        let outcome = given.when(&cast::hr(), DAY, &place(elsewhere, None));
        assert_eq!(outcome, Err(reason), "{setting} {population}");
    }
    assert_eq!(
        given.when(&cast::hr(), DAY, &place(adult, None)),
        Ok(vec!["TraineePlaced".to_owned()])
    );
    assert_eq!(
        given.when(&cast::hr(), DAY, &place(adult, None)),
        Ok(vec![])
    );
    let setting = training(&given)
        .placement_on(DAY)
        .map(|placement| placement.setting.to_string());
    assert_eq!(setting.as_deref(), Some("adult_community"));
    assert_eq!(training(&given).placement_on(date(2026, 3, 31)), None);
}

#[test]
fn train_02_a_prison_site_needs_what_the_pilot_asks_for() {
    let mut given = cast::in_training();
    let prison = service(&mut given, "prison", "severe_mental_illness");
    site(
        &mut given,
        prison,
        "HMP1",
        &["integrated_team", "practitioner_psychologist"],
    );
    site(&mut given, prison, "HMP2", &["integrated_team"]);
    let outcome = given.when(&cast::hr(), DAY, &place(prison, Some("HMP2")));
    assert_eq!(outcome, Err(Reason::SiteCriteriaNotMet));
    let outcome = given.when(&cast::hr(), DAY, &place(prison, Some("HMP3")));
    assert_eq!(outcome, Err(Reason::FieldInvalid));
    let outcome = given.when(&cast::hr(), DAY, &place(prison, Some("hmp1")));
    assert_eq!(outcome, Ok(vec!["TraineePlaced".to_owned()]));
}

#[test]
fn train_02_the_employer_places_in_its_own_services_and_one_place_holds_a_day() {
    let mut given = cast::in_training();
    let adult = service(&mut given, "adult_community", "severe_mental_illness");
    let perinatal = service(&mut given, "perinatal", "perinatal_mental_health");
    for by in [
        cast::programme_lead(),
        actor(tenant(9), ActingRole::ServiceManager),
    ] {
        let outcome = given.when(&by, DAY, &place(adult, None));
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
    let foreign = Id::new(uuid::Uuid::from_u128(404));
    let outcome = given.when(&cast::hr(), DAY, &place(foreign, None));
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let outcome = given.when(&cast::hr(), date(2026, 2, 25), &place(adult, None));
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    assert!(given.when(&cast::hr(), DAY, &place(adult, None)).is_ok());
    let outcome = given.when(&cast::hr(), DAY, &place(perinatal, None));
    assert_eq!(outcome, Err(Reason::AlreadyRecorded));
    let later = date(2026, 9, 1);
    assert!(
        given
            .when(&cast::hr(), later, &place(perinatal, None))
            .is_ok()
    );
    let at = |day| {
        training(&given)
            .placement_on(day)
            .map(|placement| placement.clinical_service)
    };
    assert_eq!(
        (at(date(2026, 8, 31)), at(later)),
        (Some(adult), Some(perinatal))
    );
}

#[test]
fn train_01_and_x_07_a_week_is_four_or_five_days() {
    for (practice_days, percent) in [(3, 80), (4, 100)] {
        let week = WeeklyPattern {
            university_days: 1,
            practice_days,
            from: DAY,
        };
        assert_eq!(week.wte_percent(), percent);
    }
}

#[test]
fn train_22_a_caseload_is_a_number_and_everybody_on_it_may_have_a_keyworker() {
    let mut given = cast::in_training();
    let count = |clients, with_keyworker| RecordCaseload {
        training: id(),
        clients,
        with_keyworker,
    };
    for by in [
        cast::programme_lead(),
        actor(tenant(12), ActingRole::Candidate),
    ] {
        let outcome = given.when(&by, DAY, &count(12, 12));
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
    for wrong in [count(12, 13), count(CASELOAD_MAX + 1, 0)] {
        let outcome = given.when(&cast::candidate(), DAY, &wrong);
        assert_eq!(outcome, Err(Reason::FieldInvalid));
    }
    let outcome = given.when(&cast::candidate(), DAY, &count(12, 12));
    assert_eq!(outcome, Ok(vec!["CaseloadRecorded".to_owned()]));
    assert_eq!(
        given.when(&cast::supervisor(), DAY, &count(12, 12)),
        Ok(vec![])
    );
    let outcome = given.when(&cast::supervisor(), DAY, &count(11, 11));
    assert_eq!(outcome, Err(Reason::AlreadyRecorded));
    let outcome = given.when(&cast::supervisor(), date(2027, 3, 2), &count(11, 11));
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
    let stored = given.stored(id());
    let last: serde_json::Value =
        serde_json::from_str(stored.last().expect("an event")).expect("JSON");
    assert_eq!(
        last["CaseloadRecorded"]["caseload"],
        json!({"on": "2026-04-01", "clients": 12, "with_keyworker": 12}),
        "numbers and a day, and nothing else"
    );
}

#[test]
fn reviews_fall_due_through_the_year_and_one_held_answers_for_one_due() {
    let mut given = cast::in_training();
    let months = [4, 8, 11];
    let next = |given: &Given| training(given).next_review_due(&months);
    assert_eq!(next(&given), Some(date(2026, 7, 2)));
    let review = HoldThreeWayReview { training: id() };
    given.done(&cast::programme_lead(), date(2026, 5, 11), &review);
    assert_eq!(next(&given), Some(date(2026, 11, 2)));
    for on in [date(2026, 9, 14), date(2027, 1, 11)] {
        given.done(&cast::programme_lead(), on, &review);
    }
    assert_eq!(next(&given), None);
}
