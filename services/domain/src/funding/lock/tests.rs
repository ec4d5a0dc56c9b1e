use std::sync::Arc;

use jiff::{
    ToSpan as _,
    civil::{Date, date},
};
use proptest::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Actor, PersonId},
    appointment::cast,
    calendar::midday,
    given::{Given, actor, person, tenant},
    id::Id,
    policy::PolicyRegister,
    world::{Command, Decider, Halt, Issued, StreamKey, World},
};

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
fn lock_01_train_04_and_x_02_the_date_table_of_requirements_a_3() {
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

/// The rules as they stand, to be read outside a command.
fn issue() -> Issue {
    let given = Given::baseline();
    let register = given
        .state(PolicyRegister::id())
        .cloned()
        .expect("the baseline");
    Issue {
        by: Actor::platform(),
        effective: midday(date(2026, 3, 2)),
        recorded: midday(date(2026, 3, 2)),
        request: Uuid::nil(),
        policies: Policies::of(Arc::new(register)),
        salt: crate::personal::DigestSalt(Uuid::nil()),
    }
}

fn every_day_from_2022_to_2030() -> impl Iterator<Item = Date> {
    date(2022, 1, 1)
        .series(1.day())
        .take_while(|day| *day <= date(2030, 12, 31))
}

/// The corresponding date of A.3, without the calendar's help: two years after a leap day there is
/// none.
fn two_years_after(board: Date) -> Date {
    match (board.month(), board.day()) {
        (2, 29) => date(board.year() + 2, 2, 28),
        (month, day) => date(board.year() + 2, month, day),
    }
}

/// The locks after some acts of the platform, in turn.
fn after(issue: &Issue, acts: &[FundingLockAct]) -> FundingLock {
    let mut lock = FundingLock::default();
    for act in acts {
        let issued = Issued {
            issue: issue.clone(),
            act: act.clone(),
        };
        for event in lock.decide(&issued).expect("the platform is never refused") {
            cqrs_es::Aggregate::apply(&mut lock, event);
        }
    }
    lock
}

fn foresee(training_start: Date, expected_board: Date) -> FundingLockAct {
    FundingLockAct::Foresee {
        appointment: cast::appointment(),
        training_start,
        expected_board,
    }
}

fn fix(training_start: Date, board: Date) -> FundingLockAct {
    FundingLockAct::Fix {
        appointment: cast::appointment(),
        training_start,
        board,
    }
}

fn answered(lock: &FundingLock, issue: &Issue, teaching_start: Date) -> LockAnswer {
    lock.answer(&LockQuestion::another_training(teaching_start), None, issue)
        .expect("the baseline has every policy")
}

#[test]
fn lock_01_train_04_and_x_02_of_every_training_start_from_2022_to_2030_those_since_april_2022_lock()
{
    let issue = issue();
    for start in every_day_from_2022_to_2030() {
        let board = crate::calendar::months_later(start, 12);
        let lock = after(&issue, &[foresee(start, board), fix(start, board)]);
        let caught = lock.lock(cast::appointment().application).is_some();
        assert_eq!(caught, start >= date(2022, 4, 1), "{start}");
    }
}

#[test]
fn lock_01_every_board_date_from_2022_to_2030_locks_to_the_day_before_two_years_later() {
    let issue = issue();
    let start = date(2022, 4, 1);
    for board in every_day_from_2022_to_2030() {
        let lock = after(&issue, &[fix(start, board)]);
        let until = two_years_after(board);
        assert_eq!(
            answered(&lock, &issue, until.yesterday().expect("a day")),
            LockAnswer::Locked {
                until,
                provisional: false,
                rule_version: 1
            },
            "{board}"
        );
        let clear = LockAnswer::Clear { exemption: None };
        assert_eq!(answered(&lock, &issue, until), clear, "{board}");
    }
}

fn any_day() -> impl Strategy<Value = Date> {
    (0i64..3287).prop_map(|days| date(2022, 1, 1).saturating_add(days.days()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    /// However a training goes: the board puts it off, decides, its chair acts before it, the person
    /// has left, the day is corrected. The lock counts from the last day that stands.
    #[test]
    fn lock_01_any_start_any_boards_corrections_and_chairs_actions_count_from_the_last_that_stands(
        start in any_day(),
        expected in any_day(),
        put_off in prop::collection::vec(any_day(), 0..3),
        decided in prop::collection::vec(any_day(), 0..4),
        asked in any_day(),
    ) {
        let issue = issue_of_all();
        let mut acts = vec![foresee(start, expected)];
        acts.extend(put_off.iter().map(|board| FundingLockAct::Await {
            appointment: cast::appointment(),
            training_start: start,
            next_board: *board,
        }));
        acts.extend(decided.iter().map(|board| fix(start, *board)));
        let locks = after(issue, &acts);
        let lock = locks.lock(cast::appointment().application);
        prop_assert_eq!(lock.is_some(), start >= date(2022, 4, 1));
        let stands = decided.last().or(put_off.last()).copied().unwrap_or(expected);
        let until = two_years_after(stands);
        let locked = start >= date(2022, 4, 1) && asked < until;
        let expected = if locked {
            LockAnswer::Locked { until, provisional: decided.is_empty(), rule_version: 1 }
        } else {
            LockAnswer::Clear { exemption: None }
        };
        prop_assert_eq!(answered(&locks, issue, asked), expected);
    }
}

/// Read once: it does not change.
fn issue_of_all() -> &'static Issue {
    static ISSUE: std::sync::OnceLock<Issue> = std::sync::OnceLock::new();
    ISSUE.get_or_init(issue)
}

#[test]
fn lock_01_each_nation_has_its_own_rule_or_none() {
    let issue = issue();
    let of = |start, nation| {
        let lock = after(&issue, &[fix(start, date(2024, 9, 18))]);
        let question = LockQuestion {
            nation,
            ..LockQuestion::another_training(date(2025, 9, 22))
        };
        let answer = lock.answer(&question, None, &issue).expect("policies");
        matches!(answer, LockAnswer::Locked { .. })
    };
    let (before, since) = (date(2023, 9, 18), date(2023, 10, 16));
    assert!(of(before, Nation::England));
    assert!(
        !of(before, Nation::Wales),
        "entered before the rule of Wales"
    );
    assert!(of(since, Nation::Wales));
    assert!(!of(since, Nation::Scotland) && !of(since, Nation::NorthernIreland));
}

#[test]
fn lock_01_a_programme_that_is_not_listed_is_not_bound() {
    let issue = issue();
    let lock = after(&issue, &[fix(date(2026, 3, 2), date(2027, 3, 10))]);
    let of = |programme: &str| {
        let question = LockQuestion {
            programme: Some(programme.to_owned()),
            ..LockQuestion::another_training(date(2028, 9, 25))
        };
        lock.answer(&question, None, &issue).expect("policies")
    };
    assert!(matches!(
        of("cbt_high_intensity"),
        LockAnswer::Locked { .. }
    ));
    assert!(matches!(of("PWP"), LockAnswer::Locked { .. }));
    assert_eq!(of("midwifery"), LockAnswer::Clear { exemption: None });
}

/// C1 of the scenarios: locked until 10 March 2029.
fn c1() -> Given {
    locked_by(&Life {
        training_start: date(2026, 3, 2),
        expected_board: date(2027, 3, 10),
        board: Some(date(2027, 3, 10)),
    })
}

fn uni_y() -> Actor {
    actor(tenant(9), ActingRole::AdmissionsTutor)
}

fn seeks(teaching_start: Date) -> AcceptTrainingPlace {
    AcceptTrainingPlace {
        person: cast::trainee(),
        question: LockQuestion::another_training(teaching_start),
        override_lock: false,
    }
}

fn sought(given: &mut Given, on: Date, seek: &AcceptTrainingPlace) -> Id<TrainingPlace> {
    let outcome = given.when(&uni_y(), on, seek);
    assert!(outcome.is_ok(), "{outcome:?}");
    Id::derive(tenant(9), &[given.last_request()])
}

fn refused(given: &Given, place: Id<TrainingPlace>) -> Option<Reason> {
    let state = given.state(place).expect("a place");
    state.or_refuse().err().map(|refusal| refusal.reason)
}

const ASKED: Date = date(2028, 9, 10);

#[test]
fn d_12_and_lock_01_what_is_tested_is_the_teaching_start_and_never_the_day_of_asking() {
    let mut given = c1();
    let early = sought(&mut given, ASKED, &seeks(date(2028, 9, 25)));
    assert_eq!(refused(&given, early), Some(Reason::FundingLockActive));
    let later = sought(&mut given, ASKED, &seeks(date(2029, 3, 12)));
    assert_eq!(refused(&given, later), None);
    let self_funded = AcceptTrainingPlace {
        question: LockQuestion {
            nhs_funded: false,
            ..LockQuestion::another_training(date(2028, 9, 25))
        },
        ..seeks(date(2028, 9, 25))
    };
    let place = sought(&mut given, ASKED, &self_funded);
    assert_eq!(refused(&given, place), None);
    // a person no lock is known of
    let anybody = AcceptTrainingPlace {
        person: person(98),
        ..seeks(date(2028, 9, 25))
    };
    let place = sought(&mut given, ASKED, &anybody);
    assert_eq!(refused(&given, place), None);
    assert!(given.state(FundingLock::id(person(98))).is_none());
}

#[test]
fn d_12_a_refused_attempt_is_kept_and_counted_where_the_commissioner_reads() {
    let mut given = c1();
    let outcome = given.when(&uni_y(), ASKED, &seeks(date(2028, 9, 25)));
    let expected = ["LockedTrainingRefused", "TrainingPlaceRefused"];
    assert_eq!(outcome, Ok(expected.map(str::to_owned).to_vec()));
    let lock = given
        .state(FundingLock::id(cast::trainee()))
        .expect("a lock");
    assert_eq!(lock.refused(), 1);
    // where it was sought is not said
    let kept = given.stored(FundingLock::id(cast::trainee())).concat();
    assert!(!kept.contains(&tenant(9).0.to_string()));
}

#[test]
fn d_12_and_lock_02_nobody_overrides_a_lock_without_an_exemption() {
    let mut given = c1();
    let overriding = AcceptTrainingPlace {
        override_lock: true,
        ..seeks(date(2028, 9, 25))
    };
    let attempt = sought(&mut given, ASKED, &overriding);
    assert_eq!(refused(&given, attempt), Some(Reason::NotPermitted));
    let kept = given.stored(FundingLock::id(cast::trainee())).concat();
    assert!(kept.contains(r#""overridden":true"#));
    let exempt = GrantLockExemption {
        person: cast::trainee(),
        reason: "a shortage of therapists".to_owned(),
    };
    let granted = given.when(&cast::national(), date(2028, 9, 12), &exempt);
    assert!(granted.is_ok());
    let exemption = Some(given.last_request());
    let place = sought(&mut given, date(2028, 9, 13), &overriding);
    assert_eq!(refused(&given, place), None);
    let state = given.state(place).and_then(TrainingPlace::place);
    let answer = state.expect("a place").answer;
    assert_eq!(answer, LockAnswer::Clear { exemption });
}

#[test]
fn d_12_a_corrected_board_questions_an_accepted_place_and_breaks_nothing() {
    let mut given = c1();
    let just = sought(&mut given, ASKED, &seeks(date(2029, 3, 11)));
    let well = sought(&mut given, ASKED, &seeks(date(2029, 3, 12)));
    let corrected = FixAt {
        appointment: cast::appointment(),
        training_start: date(2026, 3, 2),
        board: date(2027, 3, 12),
    };
    let outcome = given.when(&Actor::platform(), ASKED, &corrected);
    let expected = [
        "FundingLockStarted",
        "LockRelianceQuestioned",
        "LockRelianceQuestioned",
    ];
    assert_eq!(outcome, Ok(expected.map(str::to_owned).to_vec()));
    assert_eq!(given.settle(ASKED), ["TrainingPlaceQuestioned"; 2]);
    let answers =
        |place: Id<TrainingPlace>| given.state(place).expect("a place").questioned().to_vec();
    assert_eq!(
        answers(just),
        [LockAnswer::Locked {
            until: date(2029, 3, 12),
            provisional: false,
            rule_version: 1
        }]
    );
    assert_eq!(answers(well), [LockAnswer::Clear { exemption: None }]);
    for place in [just, well] {
        assert_eq!(refused(&given, place), None, "it stands");
    }
    // the same day again questions nothing
    let again = given.when(&Actor::platform(), ASKED, &corrected);
    assert_eq!(again, Ok(vec![]));
}

#[test]
fn c_2_an_employer_asks_with_the_persons_consent_only() {
    let mut given = c1();
    let check = CheckFundingLock {
        person: cast::trainee(),
        question: LockQuestion::another_training(date(2028, 9, 25)),
    };
    let outcome = given.when(&cast::hr(), ASKED, &check);
    assert_eq!(outcome, Err(Reason::NotPermitted));
    let consent = ConsentToLockDisclosure {
        employer: cast::employer(),
    };
    let whose = PersonId(cast::trainee().0);
    let person = actor(TenantId(whose.0), ActingRole::Candidate);
    let outcome = given.when(&person, ASKED, &consent);
    assert_eq!(outcome, Ok(vec!["LockDisclosureConsented".to_owned()]));
    assert_eq!(given.when(&person, ASKED, &consent), Ok(vec![]));
    let outcome = given.when(&cast::hr(), ASKED, &check);
    assert_eq!(outcome, Ok(vec!["FundingLockChecked".to_owned()]));
    let other = actor(tenant(8), ActingRole::EmployerHr);
    let outcome = given.when(&other, ASKED, &check);
    assert_eq!(outcome, Err(Reason::NotPermitted));
}
