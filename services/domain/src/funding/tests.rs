mod course;
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
    actor::ActingRole,
    appointment::cast::{self, OfferIs, Story},
    calendar::midday,
    directory::EmployerSector,
    given::{Given, actor, person, tenant},
    money::{Account, Book},
    policy::Policies,
    refusal::Reason,
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

// Funding lock

/// What has happened to somebody whose next course starts teaching on a date.
struct Life {
    training_start: Date,
    expected_board: Date,
    board: Option<Date>,
}

fn locked_by(life: &Life) -> Given {
    let whose = cast::appointment();
    let mut given = cast::appointed();
    let platform = crate::actor::Actor::platform();
    let foresee = ForeseeFundingLock {
        appointment: whose.clone(),
        training_start: life.training_start,
        expected_board: life.expected_board,
    };
    assert!(given.when(&platform, life.training_start, &foresee).is_ok());
    if let Some(board) = life.board {
        let issue_fix = FixAt {
            appointment: whose,
            training_start: life.training_start,
            board,
        };
        assert!(given.when(&platform, board, &issue_fix).is_ok());
    }
    given
}

/// Fixes a lock for a training start of long ago, without the training behind it.
#[derive(Debug)]
struct FixAt {
    appointment: Appointment,
    training_start: Date,
    board: Date,
}

impl Command for FixAt {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let id = FundingLock::id(self.appointment.person);
        let fix = FundingLockAct::Fix {
            appointment: self.appointment.clone(),
            training_start: self.training_start,
            board: self.board,
        };
        world.decide(issue, id, fix)?;
        Ok(id.key())
    }
}

fn ask(given: &mut Given, on: Date, question: LockQuestion) -> LockAnswer {
    let asker = actor(tenant(9), ActingRole::AdmissionsTutor);
    let check = CheckFundingLock {
        person: cast::trainee(),
        question,
    };
    let outcome = given.when(&asker, on, &check);
    assert_eq!(outcome, Ok(vec!["FundingLockChecked".to_owned()]));
    let id = Id::<FundingLockCheck>::derive(tenant(9), &[given.last_request()]);
    match given.state(id) {
        Some(FundingLockCheck::Answered { answer, .. }) => *answer,
        other => panic!("no answer: {other:?}"),
    }
}

#[test]
fn lock_01_the_date_table_of_requirements_a_3() {
    let life = |training_start, expected_board, board| Life {
        training_start,
        expected_board,
        board,
    };
    let first_intake = || {
        life(
            date(2022, 3, 21),
            date(2023, 3, 15),
            Some(date(2023, 3, 15)),
        )
    };
    let april = || life(date(2022, 4, 1), date(2023, 4, 20), Some(date(2023, 4, 20)));
    // withdrew 2026-08-12: the board of the cohort counts all the same
    let withdrawn = || life(date(2026, 3, 2), date(2027, 3, 10), Some(date(2027, 3, 10)));
    let awaiting = || life(date(2026, 3, 2), date(2027, 3, 10), None);
    let clear = LockAnswer::Clear { exemption: None };
    let locked = |until, provisional| LockAnswer::Locked {
        until,
        provisional,
        rule_version: 1,
    };
    let funded = LockQuestion::another_training;
    let self_funded = |teaching_start| LockQuestion {
        nhs_funded: false,
        ..funded(teaching_start)
    };
    let same_occupation = |teaching_start| LockQuestion {
        change_of_occupation: false,
        ..funded(teaching_start)
    };
    #[rustfmt::skip]
    let table = [
        ("X-02: entered before the rule",  first_intake(), funded(date(2023, 10, 2)),          clear),
        ("a day early",                    april(),        funded(date(2025, 4, 19)),          locked(date(2025, 4, 20), false)),
        ("on the day",                     april(),        funded(date(2025, 4, 20)),          clear),
        ("withdrawn, a day early",         withdrawn(),    funded(date(2029, 3, 9)),           locked(date(2029, 3, 10), false)),
        ("withdrawn, on the day",          withdrawn(),    funded(date(2029, 3, 10)),          clear),
        ("board not yet held",             awaiting(),     funded(date(2028, 9, 18)),          locked(date(2029, 3, 10), true)),
        ("self-funded",                    april(),        self_funded(date(2023, 9, 25)),     clear),
        ("no change of occupation",        april(),        same_occupation(date(2023, 9, 25)), clear),
    ];
    for (what, life, question, expected) in table {
        let mut given = locked_by(&life);
        let answer = ask(&mut given, date(2023, 6, 1), question);
        assert_eq!(answer, expected, "{what}");
    }
}

#[test]
fn lock_02_an_exemption_clears_and_is_named_in_the_answer() {
    let mut given = locked_by(&Life {
        training_start: date(2026, 3, 2),
        expected_board: date(2027, 3, 10),
        board: Some(date(2027, 3, 10)),
    });
    let exempt = GrantLockExemption {
        person: cast::trainee(),
        reason: "relocation of a military partner".to_owned(),
    };
    let stranger = actor(tenant(9), ActingRole::CommissionerNational);
    let outcome = given.when(&stranger, date(2028, 10, 1), &exempt);
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let outcome = given.when(&cast::national(), date(2028, 10, 1), &exempt);
    assert_eq!(outcome, Ok(vec!["LockExemptionGranted".to_owned()]));
    let exemption = Some(given.last_request());
    let question = LockQuestion::another_training(date(2028, 9, 25));
    let answer = ask(&mut given, date(2028, 10, 2), question);
    assert_eq!(answer, LockAnswer::Clear { exemption });
    // granted once is granted
    let again = given.when(&cast::national(), date(2028, 11, 1), &exempt);
    assert_eq!(again, Ok(vec![]));
}

#[test]
fn lock_02_there_is_no_exemption_from_a_lock_that_does_not_exist() {
    let mut given = cast::appointed();
    let exempt = GrantLockExemption {
        person: person(99),
        reason: "none needed".to_owned(),
    };
    let outcome = given.when(&cast::national(), date(2028, 10, 1), &exempt);
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn lock_01_the_boundary_day_is_policy() {
    let given = locked_by(&Life {
        training_start: date(2022, 4, 1),
        expected_board: date(2023, 4, 20),
        board: Some(date(2023, 4, 20)),
    });
    let mut given = given.policy("lock.boundary", json!("start_after_day"));
    let question = LockQuestion::another_training(date(2025, 4, 20));
    let answer = ask(&mut given, date(2025, 1, 6), question);
    assert!(matches!(answer, LockAnswer::Locked { .. }));
}

#[test]
fn lock_01_a_role_that_is_not_listed_locks_nobody() {
    let given = cast::appointed().policy("lock.programmes", json!(["PWP"]));
    let mut given = given;
    let foresee = ForeseeFundingLock {
        appointment: cast::appointment(),
        training_start: date(2026, 3, 2),
        expected_board: date(2027, 3, 10),
    };
    let platform = crate::actor::Actor::platform();
    assert_eq!(
        given.when(&platform, date(2026, 3, 2), &foresee),
        Ok(vec![])
    );
}

#[test]
fn lock_05_a_lock_keeps_the_rule_it_was_decided_under() {
    let life = Life {
        training_start: date(2026, 3, 2),
        expected_board: date(2027, 3, 10),
        board: Some(date(2027, 3, 10)),
    };
    let mut given = locked_by(&life).policy("lock.years", json!(3));
    let question = LockQuestion::another_training(date(2029, 3, 10));
    let answer = ask(&mut given, date(2028, 1, 10), question);
    assert_eq!(answer, LockAnswer::Clear { exemption: None });
}

#[test]
fn c_2_a_university_learns_the_answer_of_a_lock_and_never_the_board_behind_it() {
    let life = Life {
        training_start: date(2026, 3, 2),
        expected_board: date(2027, 3, 10),
        board: Some(date(2027, 3, 12)),
    };
    let mut given = locked_by(&life);
    let question = LockQuestion::another_training(date(2028, 9, 25));
    ask(&mut given, date(2028, 9, 10), question);
    let id = Id::<FundingLockCheck>::derive(tenant(9), &[given.last_request()]);
    assert!(
        given
            .stored(id)
            .iter()
            .all(|event| !event.contains("2027-03-12"))
    );
    let custody = given
        .state(FundingLock::id(cast::trainee()))
        .and_then(Decider::custody);
    let parties = custody.expect("a lock").parties;
    assert_eq!(
        parties,
        [crate::actor::PLATFORM, cast::commissioner()].into()
    );
}

#[test]
fn lock_01_what_must_not_go_on_is_refused_with_the_date_and_whether_it_can_move() {
    let issue = Issue {
        by: cast::national(),
        effective: midday(date(2028, 9, 10)),
        recorded: midday(date(2028, 9, 10)),
        request: Uuid::nil(),
        policies: Policies::default(),
        salt: crate::personal::DigestSalt(uuid::Uuid::nil()),
    };
    let given = locked_by(&Life {
        training_start: date(2026, 3, 2),
        expected_board: date(2027, 3, 10),
        board: None,
    });
    let lock = given
        .state(FundingLock::id(cast::trainee()))
        .expect("a lock");
    let question = LockQuestion::another_training(date(2028, 9, 25));
    let refusal = lock
        .answer(&question, None, &issue)
        .and_then(LockAnswer::or_refuse)
        .expect_err("locked");
    assert_eq!(refusal.reason, Reason::FundingLockActive);
    assert_eq!(refusal.details["lock_until"], "2029-03-10");
    assert_eq!(refusal.details["provisional"], "true");
}
