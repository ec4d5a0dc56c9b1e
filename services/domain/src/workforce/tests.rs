use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    given::{Given, actor, cast::COMMISSIONER, tenant},
    refusal::Reason,
};

fn national() -> Actor {
    actor(tenant(COMMISSIONER), ActingRole::CommissionerNational)
}

fn count(
    population: &str,
    unit: WorkforceUnit,
    nhs: i64,
    third_sector: i64,
) -> RecordWorkforceCount {
    RecordWorkforceCount {
        population: population.to_owned(),
        region: None,
        unit,
        nhs: nhs * 100,
        third_sector: third_sector * 100,
        source: "made up".to_owned(),
    }
}

fn professions(people: i64) -> RecordWorkforceCount {
    count(
        "psychological_professions",
        WorkforceUnit::Headcount,
        people,
        0,
    )
}

/// How far a target of the baseline is on a day.
fn target(given: &Given, name: &str, on: Date) -> Progress {
    let register = given.state(PolicyRegister::id()).unwrap();
    let stock = given
        .state(WorkforceStock::id(tenant(COMMISSIONER)))
        .cloned()
        .unwrap_or_default();
    progress(register, &stock, None, on)
        .into_iter()
        .find(|progress| progress.name == name)
        .unwrap_or_else(|| panic!("a target {name}"))
}

const MARCH_2020: Date = date(2020, 3, 31);
const DECEMBER_2023: Date = date(2023, 12, 31);

#[test]
fn report_01_growth_of_65_percent_belongs_to_its_own_two_dates() {
    let mut given = Given::directory();
    given.done(&national(), MARCH_2020, &professions(12_200));
    given.done(&national(), DECEMBER_2023, &professions(20_130));
    let growth = target(&given, "growth_2020_2023", date(2026, 1, 1));
    assert_eq!(growth.reached, Some(6500));
    assert_eq!(growth.latest, Some((DECEMBER_2023, 2_013_000)));
    assert_eq!(growth.reached_low, Some(true));
    // A later count belongs to no target whose time is over.
    given.done(&national(), date(2025, 12, 31), &professions(30_000));
    assert_eq!(
        target(&given, "growth_2020_2023", date(2026, 1, 1)).reached,
        Some(6500)
    );
}

#[test]
fn report_03_two_targets_of_one_population_never_share_a_baseline() {
    let mut given = Given::directory();
    given.done(&national(), MARCH_2020, &professions(12_200));
    given.done(&national(), DECEMBER_2023, &professions(20_130));
    let other = target(&given, "growth_2019_2024", DECEMBER_2023);
    assert_eq!((other.baseline, other.reached), (None, None));
    assert_eq!(
        other.missing.as_deref(),
        Some("no count of psychological_professions on 2019-03-31")
    );
    given.done(&national(), date(2019, 3, 31), &professions(12_000));
    let other = target(&given, "growth_2019_2024", DECEMBER_2023);
    assert_eq!(other.reached, Some(6775));
    assert_eq!(other.reached_low, Some(true));
}

#[test]
fn report_02_a_range_is_measured_at_both_its_ends() {
    let mut given = Given::directory();
    given.done(&national(), DECEMBER_2023, &professions(20_000));
    given.done(&national(), date(2036, 12, 31), &professions(45_000));
    let range = target(&given, "additional_posts_2037", date(2037, 1, 1));
    assert_eq!(
        (range.target.low, range.target.high),
        (24_000, Some(26_000))
    );
    assert_eq!(range.reached, Some(2_500_000));
    assert_eq!(
        (range.reached_low, range.reached_high),
        (Some(true), Some(false))
    );
}

#[test]
fn report_04_a_share_of_growth_compares_the_same_time() {
    let mut given = Given::directory();
    let (from, to) = (date(2019, 3, 31), date(2024, 3, 31));
    given.done(&national(), from, &professions(12_000));
    given.done(&national(), to, &professions(19_000));
    let whole = |people| {
        count(
            "mental_health_workforce",
            WorkforceUnit::Headcount,
            people,
            0,
        )
    };
    given.done(&national(), from, &whole(100_000));
    assert_eq!(target(&given, "share_of_growth", to).reached, None);
    given.done(&national(), to, &whole(121_000));
    assert_eq!(target(&given, "share_of_growth", to).reached, Some(3333));
    assert_eq!(
        target(&given, "share_of_growth", to).reached_low,
        Some(true)
    );
}

#[test]
fn report_06_heads_and_whole_time_equivalents_are_both_held_and_never_mixed() {
    let mut given = Given::directory();
    let (from, to) = (date(2019, 3, 31), date(2024, 3, 31));
    let whole = |unit, amount| count("mental_health_workforce", unit, amount, 0);
    given.done(&national(), from, &whole(WorkforceUnit::Wte, 90_000));
    given.done(&national(), from, &whole(WorkforceUnit::Headcount, 100_000));
    given.done(&national(), to, &whole(WorkforceUnit::Headcount, 140_000));
    assert_eq!(target(&given, "new_posts_2024", to).reached, None);
    given.done(&national(), to, &whole(WorkforceUnit::Wte, 117_000));
    let posts = target(&given, "new_posts_2024", to);
    assert_eq!(posts.target.unit, WorkforceUnit::Wte);
    assert_eq!(posts.reached, Some(2_700_000));
    assert_eq!(posts.reached_low, Some(true));
}

#[test]
fn report_07_posts_of_the_third_sector_are_commissioned_by_the_nhs_too() {
    let mut given = Given::directory();
    let stock = count(
        "psychological_professions",
        WorkforceUnit::Headcount,
        18_500,
        1_700,
    );
    given.done(&national(), DECEMBER_2023, &stock);
    let kept = given
        .state(WorkforceStock::id(tenant(COMMISSIONER)))
        .unwrap();
    assert_eq!(kept.counts()[0].commissioned(), 2_020_000);
    given.done(&national(), date(2036, 12, 31), &professions(44_200));
    assert_eq!(
        target(&given, "additional_posts_2037", date(2037, 1, 1)).reached,
        Some(2_400_000)
    );
}

#[test]
fn report_08_the_expansion_of_community_services_is_a_target_of_its_own() {
    let given = Given::directory();
    let community = target(&given, "community_staff_2024", date(2024, 1, 1));
    assert_eq!(community.target.low, 10_000);
    assert_eq!(community.target.population, "community_mental_health");
    assert!(community.source.contains("REPORT-08"));
}

#[test]
fn actor_15_a_region_is_measured_by_its_own_counts() {
    let mut given = Given::directory();
    let regional = |people| RecordWorkforceCount {
        region: Some(Region::NorthWest),
        ..professions(people)
    };
    given.done(&national(), MARCH_2020, &regional(1_000));
    given.done(&national(), DECEMBER_2023, &regional(1_500));
    let register = given.state(PolicyRegister::id()).unwrap();
    let stock = given
        .state(WorkforceStock::id(tenant(COMMISSIONER)))
        .unwrap();
    let reached = |region| {
        progress(register, stock, region, DECEMBER_2023)
            .into_iter()
            .find(|one| one.name == "growth_2020_2023")
            .and_then(|one| one.reached)
    };
    assert_eq!(reached(Some(Region::NorthWest)), Some(5000));
    assert_eq!(reached(None), None);
}

#[test]
fn a_count_is_recorded_once_and_corrected_with_a_reason() {
    let mut given = Given::directory();
    given.done(&national(), MARCH_2020, &professions(12_200));
    assert_eq!(
        given.when(&national(), MARCH_2020, &professions(12_200)),
        Ok(vec![])
    );
    assert_eq!(
        given.when(&national(), MARCH_2020, &professions(12_201)),
        Err(Reason::AlreadyRecorded)
    );
    let correct = |people| CorrectWorkforceCount {
        count: professions(people),
        reason: "A trust reported late.".to_owned(),
        authority: crate::correction::Authority::Own,
    };
    assert_eq!(
        given.when(&national(), MARCH_2020, &correct(12_201)),
        Ok(vec!["WorkforceCountCorrected".to_owned()])
    );
    assert_eq!(
        given.when(&national(), MARCH_2020, &correct(12_201)),
        Ok(vec![])
    );
    let stock = WorkforceStock::id(national().tenant);
    let corrects = |given: &Given| given.corrects(stock, "WorkforceCountCorrected");
    assert_eq!(corrects(&given), Some(1), "the count");
    given.done(&national(), MARCH_2020, &correct(12_202));
    assert_eq!(corrects(&given), Some(2), "the correction before");
    assert_eq!(
        given.when(&national(), DECEMBER_2023, &correct(1)),
        Err(Reason::StateNotAllowed)
    );
    let negative = professions(-1);
    assert_eq!(
        given.when(&national(), DECEMBER_2023, &negative),
        Err(Reason::FieldInvalid)
    );
    let employer = actor(tenant(1), ActingRole::EmployerHr);
    assert_eq!(
        given.when(&employer, DECEMBER_2023, &professions(1)),
        Err(Reason::NotPermitted)
    );
}

proptest! {
    #[test]
    fn a_share_is_rounded_half_up(part in 0i64..10_000_000, of in 1i64..10_000_000) {
        let exact = part as f64 * 10_000.0 / of as f64;
        let rounded = share(part, of).expect("of something") as f64;
        prop_assert!((rounded - exact).abs() <= 0.5 + 1e-6);
        prop_assert_eq!(share(part, 0), None);
    }
}
