mod course;
mod follow;
mod grants;
mod payee;
mod payment;
mod property;
mod statement;

use jiff::{
    ToSpan as _,
    civil::{Date, date},
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Region},
    appointment::cast::{self, OfferIs, Story},
    calendar::midday,
    directory::EmployerSector,
    given::{Given, actor, person, tenant},
    money::{Account, Book},
    policy::Policies,
    refusal::Reason,
    vacancy::{VacancyEvent, VacancyTerms},
    world::{Command, Halt, Issue, StreamKey, World},
};

fn approve() -> ApproveAward {
    ApproveAward {
        application: cast::appointment().application,
        tuition_pence: None,
        salary_pence: None,
        other_sources: vec![],
    }
}

fn pay(number: u32) -> PayInstalment {
    PayInstalment {
        award: cast::appointment().award(),
        number,
    }
}

const APPROVAL: Date = date(2026, 2, 16);

#[test]
fn fund_01_the_salary_of_scenario_d_1_is_eight_larger_and_four_smaller_instalments() {
    let split: Vec<_> = instalments(2_748_500, 12).collect();
    assert_eq!(split, [[229_042; 8].as_slice(), &[229_041; 4]].concat());
}

proptest! {
    #[test]
    fn fund_01_instalments_sum_exactly_and_differ_by_a_penny(
        salary in 1..=COMPONENT_PENCE_MAX,
        number in 1u32..60,
    ) {
        let split: Vec<_> = instalments(salary, number).collect();
        prop_assert_eq!(split.len(), number as usize);
        prop_assert_eq!(split.iter().sum::<i64>(), salary);
        let (first, last) = (split[0], split[split.len() - 1]);
        prop_assert!(first - last <= 1);
        prop_assert!(split.windows(2).all(|pair| pair[0] >= pair[1]));
    }

    #[test]
    fn no_salary_and_no_number_makes_the_split_panic(salary in any::<i64>(), number in 0u32..40) {
        prop_assert_eq!(instalments(salary, number).count(), number as usize);
    }
}

#[test]
fn fund_01_an_award_is_tuition_and_a_year_at_the_entry_point_of_the_trainee_band() {
    let mut given = cast::appointed();
    let outcome = given.when(&cast::national(), APPROVAL, &approve());
    assert_eq!(outcome, Ok(vec!["FundingAwardApproved".to_owned()]));
    let award = given
        .state(cast::appointment().award())
        .and_then(FundingAward::award)
        .cloned();
    let award = award.expect("approved");
    assert_eq!(
        (award.tuition_pence, award.salary_pence),
        (500_000, 2_748_500)
    );
    assert_eq!(award.instalments, 12);
    // (FUND-03) it names the promise it rests on
    assert_eq!(award.commitment, cast::appointment().commitment());
}

#[test]
fn alloc_19_an_award_says_the_region_of_its_post_and_the_first_version_did_not() {
    let whose = cast::appointment();
    let terms = VacancyTerms {
        region: Region::SouthEast,
        ..cast::vacancy_terms(&whose)
    };
    let elsewhere = VacancyEvent::VacancyOpened {
        terms: Box::new(terms),
    };
    let mut given = cast::appointed().happened(whose.vacancy, &elsewhere);
    assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
    let stored = given.stored(whose.award());
    let mut event: serde_json::Value = serde_json::from_str(&stored[0]).expect("JSON");
    let approved = event["FundingAwardApproved"]
        .as_object_mut()
        .expect("an approval");
    assert_eq!(approved.remove("region"), Some(json!("south_east")));
    let first = serde_json::from_value(event).expect("the first version is read");
    assert!(matches!(
        first,
        FundingAwardEvent::FundingAwardApproved { region: None, .. }
    ));
}

#[test]
fn fund_01_an_award_without_one_of_its_components_is_refused() {
    let mut given = cast::appointed();
    for (tuition_pence, salary_pence) in [
        (Some(0), None),
        (None, Some(-1)),
        (None, Some(COMPONENT_PENCE_MAX + 1)),
    ] {
        let short = ApproveAward {
            tuition_pence,
            salary_pence,
            ..approve()
        };
        let outcome = given.when(&cast::national(), APPROVAL, &short);
        assert_eq!(outcome, Err(Reason::FieldInvalid));
    }
}

#[test]
fn fund_02_no_award_without_a_commitment() {
    let mut given = cast::told(&Story {
        committed: false,
        ..Story::default()
    });
    let outcome = given.when(&cast::national(), APPROVAL, &approve());
    assert_eq!(outcome, Err(Reason::CommitmentRequired));
}

#[test]
fn an_award_waits_for_both_parties_offer_conditions() {
    let mut given = cast::told(&Story {
        offer: OfferIs::ChecksCleared,
        ..Story::default()
    });
    let outcome = given.when(&cast::national(), APPROVAL, &approve());
    assert_eq!(outcome, Err(Reason::ConditionsNotMet));
}

#[test]
fn fund_05_salary_support_goes_to_nhs_employers_until_policy_says_otherwise() {
    let mut refused = cast::told(&Story {
        sector: EmployerSector::ThirdSector,
        ..Story::default()
    });
    let outcome = refused.when(&cast::national(), APPROVAL, &approve());
    assert_eq!(outcome, Err(Reason::PayeeNotPermitted));
    let mut permitted = refused.policy("award.payee_sectors", json!(["nhs", "third_sector"]));
    assert!(
        permitted
            .when(&cast::national(), APPROVAL, &approve())
            .is_ok()
    );
}

#[test]
fn fund_09_levy_funding_and_salary_support_exclude_each_other() {
    let mut given = cast::appointed();
    let levy = ApproveAward {
        other_sources: vec![FundingSource::ApprenticeshipLevy],
        ..approve()
    };
    let outcome = given.when(&cast::national(), APPROVAL, &levy);
    assert_eq!(outcome, Err(Reason::LevyFundingConflict));
    let none = ApproveAward {
        other_sources: vec![FundingSource::None],
        ..approve()
    };
    assert!(given.when(&cast::national(), APPROVAL, &none).is_ok());
}

#[test]
fn lock_01_no_award_while_the_person_is_locked_by_an_earlier_training() {
    let earlier = Appointment {
        application: Id::new(Uuid::from_u128(0xB1)),
        ..cast::appointment()
    };
    let mut given = cast::appointed();
    let foresee = ForeseeFundingLock {
        appointment: earlier,
        training_start: date(2024, 3, 4),
        expected_board: date(2025, 3, 12),
    };
    let platform = crate::actor::Actor::platform();
    assert!(given.when(&platform, date(2024, 3, 4), &foresee).is_ok());
    let outcome = given.when(&cast::national(), APPROVAL, &approve());
    assert_eq!(outcome, Err(Reason::FundingLockActive));
}

#[test]
fn lock_01_a_training_is_never_locked_by_itself() {
    let mut given = cast::in_training();
    let late = given.when(&cast::national(), date(2026, 4, 1), &approve());
    assert_eq!(late, Ok(vec!["FundingAwardApproved".to_owned()]));
}

#[test]
fn an_award_is_approved_once_and_by_the_commissioner_of_the_place_only() {
    let mut given = cast::appointed();
    let stranger = actor(tenant(9), ActingRole::CommissionerNational);
    let outcome = given.when(&stranger, APPROVAL, &approve());
    assert_eq!(outcome, Err(Reason::NotPermitted));
    assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
    assert_eq!(
        given.when(&cast::national(), APPROVAL, &approve()),
        Ok(vec![])
    );
    let other = ApproveAward {
        tuition_pence: Some(1),
        ..approve()
    };
    let outcome = given.when(&cast::national(), APPROVAL, &other);
    assert_eq!(outcome, Err(Reason::AlreadyRecorded));
}

/// The day on which instalment `number` of scenario D.1 is paid: the last of each month.
fn payday(number: u32) -> Date {
    crate::calendar::months_later(date(2026, 3, 1), number - 1).last_of_month()
}

/// Decides one act on an award, whatever it rests on.
#[derive(Debug)]
struct Decide(Id<FundingAward>, FundingAwardAct);

impl Command for Decide {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.0, self.1.clone())?;
        Ok(self.0.key())
    }
}

fn award(given: &Given) -> &FundingAward {
    let award = given.state(cast::appointment().award());
    award.expect("approved")
}

/// Pays an instalment on a day; its line is noted.
fn paid(given: &mut Given, on: Date, number: u32) {
    let outcome = given.when(&cast::national(), on, &pay(number));
    assert!(outcome.is_ok(), "{number}: {outcome:?}");
    given.settle(on);
}

/// Twelve instalments are paid.
fn completed() -> Given {
    let mut given = funded();
    for number in 1..=12 {
        paid(&mut given, payday(number), number);
    }
    given
}

/// The total of the statement of a month, closed on one of its days.
fn closed(given: &mut Given, on: Date) -> i64 {
    given.settle(on);
    let close = CloseStatement {
        payee: cast::employer(),
        month: on,
    };
    let outcome = given.when(&cast::national(), on, &close);
    assert!(outcome.is_ok(), "{outcome:?}");
    let id = FundingStatement::id(cast::commissioner(), cast::employer(), on.first_of_month());
    let stated = given.state(id).and_then(FundingStatement::stated);
    stated.expect("closed").total_pence
}

/// The book of an award.
fn folded(given: &Given, id: Id<FundingAward>) -> Book {
    let mut book = Book::default();
    for event in given.stored(id) {
        book.note(&serde_json::from_str(&event).expect("an event of an award"));
    }
    book
}

fn book(given: &Given) -> Book {
    folded(given, cast::appointment().award())
}

fn funded() -> Given {
    let mut given = cast::in_training();
    assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
    given
}

#[test]
fn fund_03_twelve_instalments_complete_the_award() {
    let mut given = funded();
    for number in 1..=11 {
        let outcome = given.when(&cast::national(), payday(number), &pay(number));
        assert_eq!(outcome, Ok(vec!["InstalmentPaid".to_owned()]), "{number}");
    }
    let outcome = given.when(&cast::national(), payday(12), &pay(12));
    assert_eq!(
        outcome,
        Ok(vec![
            "InstalmentPaid".to_owned(),
            "FundingAwardCompleted".to_owned()
        ])
    );
    let award = given.state(cast::appointment().award()).expect("approved");
    assert_eq!(award.status(), AwardStatus::Completed);
    let paid: i64 = given
        .stored(cast::appointment().award())
        .iter()
        .filter_map(|event| serde_json::from_str(event).ok())
        .map(|event| match event {
            FundingAwardEvent::InstalmentPaid { pence, .. } => pence,
            _ => 0,
        })
        .sum();
    assert_eq!(paid, 2_748_500);
}

#[test]
fn fund_03_nothing_is_paid_before_employment_and_enrolment_are_in_force() {
    let mut given = cast::appointed();
    assert!(given.when(&cast::national(), APPROVAL, &approve()).is_ok());
    let start = cast::start_employment(&cast::appointment());
    assert!(
        given
            .when(&cast::hr(), cast::EMPLOYMENT_START, &start)
            .is_ok()
    );
    given.settle(cast::EMPLOYMENT_START);
    let outcome = given.when(&cast::national(), payday(1), &pay(1));
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
}

#[test]
fn fund_05_instalments_are_paid_in_order_never_twice_and_within_the_training_year() {
    let mut given = funded();
    let national = cast::national();
    #[rustfmt::skip]
    let table = [
        ("second before the first",     2,  payday(2),           Err(Reason::StateNotAllowed)),
        ("before the training",         1,  date(2026, 3, 1),    Err(Reason::StateNotAllowed)),
        ("first",                       1,  payday(1),           Ok(1)),
        ("the same again",              1,  payday(1),           Ok(0)),
        ("first on another day",        1,  date(2026, 4, 1),    Err(Reason::AlreadyRecorded)),
        ("second before its month",     2,  date(2026, 4, 1),    Err(Reason::StateNotAllowed)),
        ("second",                      2,  date(2026, 4, 2),    Ok(1)),
        ("third after the year",        3,  date(2027, 3, 2),    Err(Reason::StateNotAllowed)),
        ("third on the year's last day", 3, cast::TRAINING_END,  Ok(1)),
        ("no such instalment",          13, payday(12),          Err(Reason::FieldInvalid)),
        ("none",                        0,  payday(12),          Err(Reason::FieldInvalid)),
    ];
    for (what, number, on, expected) in table {
        let outcome = given
            .when(&national, on, &pay(number))
            .map(|events| events.len());
        assert_eq!(outcome, expected, "{what}");
    }
    let outcome = given.when(&cast::hr(), payday(4), &pay(4));
    assert_eq!(
        outcome,
        Err(Reason::NotPermitted),
        "the employer pays itself nothing"
    );
}

#[test]
fn fund_05_nothing_is_paid_for_the_time_after_a_trainee_has_left() {
    let mut given = funded();
    let end = crate::employment::EndEmployment {
        employment: cast::appointment().employment(),
    };
    assert!(given.when(&cast::hr(), date(2026, 3, 20), &end).is_ok());
    given.settle(date(2026, 3, 20));
    let outcome = given.when(&cast::national(), payday(1), &pay(1));
    assert_eq!(outcome, Err(Reason::StateNotAllowed));
}
