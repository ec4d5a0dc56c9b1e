use jiff::civil::date;

use super::*;
use crate::{
    appointment::cast,
    funding::LockQuestion,
    given::{Given, actor, tenant},
    programme::{IntakeEvent, IntakeTerms},
    refusal::Reason,
    training::TrainingStatus,
};

fn training() -> Id<Training> {
    cast::appointment().training()
}

fn later_intake() -> IntakeTerms {
    IntakeTerms {
        title: "MHWP-2026-09".to_owned(),
        teaching_start: date(2026, 9, 14),
        last_start: date(2026, 9, 28),
        training_end: date(2027, 9, 13),
        board_date: date(2027, 9, 22),
        curriculum_version: "3".to_owned(),
        ..cast::intake_terms()
    }
}

fn interrupted(terms: IntakeTerms) -> (Given, Id<Intake>) {
    let other = Id::new(uuid::Uuid::from_u128(0xB2));
    let planned = IntakeEvent::IntakePlanned {
        terms: Box::new(terms),
    };
    let mut given = cast::in_training().happened(other, &planned);
    let interrupt = InterruptTraining {
        training: training(),
        expected_return: Some(date(2026, 9, 14)),
    };
    let manager = actor(cast::employer(), crate::actor::ActingRole::ServiceManager);
    assert_eq!(
        given.when(&manager, date(2026, 5, 4), &interrupt),
        Ok(vec!["TrainingInterrupted".to_owned()])
    );
    (given, other)
}

fn resume(intake: Option<Id<Intake>>) -> ResumeTraining {
    ResumeTraining {
        training: training(),
        intake,
    }
}

#[test]
fn train_07_who_resumes_with_another_intake_takes_its_curriculum_and_its_board() {
    let (mut given, other) = interrupted(later_intake());
    let (lead, on) = (cast::programme_lead(), date(2026, 9, 14));
    assert_eq!(
        given.when(&lead, on, &resume(Some(other))),
        Ok(vec![
            "IntakeChanged".to_owned(),
            "TrainingResumed".to_owned()
        ])
    );
    assert_eq!(given.when(&lead, on, &resume(Some(other))), Ok(vec![]));
    let enrolment = given
        .state(cast::appointment().enrolment())
        .expect("enrolled");
    let study = enrolment.study().expect("a study");
    assert_eq!(
        (study.curriculum.as_str(), study.expected_board),
        ("3", date(2027, 9, 22))
    );
    assert_eq!(study.appointment.intake, other);
    let state = given.state(training()).expect("a training");
    assert_eq!(state.expected_board(), Some(date(2027, 9, 22)));
    // 4 May to 14 September: 133 days away
    assert_eq!(state.last_day(), Some(date(2027, 7, 12)));

    // the lock follows the board of the cohort they belong to now
    assert_eq!(
        given.settle(on),
        ["CompletionExpected", "ProvisionalFundingLockStarted"]
    );
    let lock = given
        .state(FundingLock::id(cast::trainee()))
        .expect("a lock");
    let lock = lock.lock(cast::appointment().application).expect("a lock");
    assert_eq!((lock.until, lock.provisional), (date(2029, 9, 22), true));
}

#[test]
fn who_resumes_with_their_own_intake_keeps_curriculum_board_and_lock() {
    let (mut given, _) = interrupted(later_intake());
    let on = date(2026, 6, 1);
    assert_eq!(
        given.when(&cast::programme_lead(), on, &resume(None)),
        Ok(vec!["TrainingResumed".to_owned()])
    );
    assert_eq!(given.settle(on), ["CompletionExpected"]);
    let lock = given
        .state(FundingLock::id(cast::trainee()))
        .expect("a lock");
    let lock = lock.lock(cast::appointment().application).expect("a lock");
    assert_eq!(lock.until, date(2029, 3, 10));
    let question = LockQuestion::another_training(date(2029, 3, 9));
    assert!(question.nhs_funded);
}

#[test]
fn an_intake_of_another_university_or_role_or_whose_board_is_over_is_none_to_resume_with() {
    let foreign = IntakeTerms {
        university: tenant(99),
        ..later_intake()
    };
    let over = IntakeTerms {
        board_date: date(2026, 9, 14),
        ..later_intake()
    };
    for terms in [foreign, over] {
        let (mut given, other) = interrupted(terms);
        let outcome = given.when(
            &cast::programme_lead(),
            date(2026, 9, 14),
            &resume(Some(other)),
        );
        assert_eq!(outcome, Err(Reason::FieldInvalid));
    }
    let (mut given, _) = interrupted(later_intake());
    let outcome = given.when(&cast::hr(), date(2026, 9, 14), &resume(None));
    assert_eq!(
        outcome,
        Err(Reason::NotPermitted),
        "the university takes back"
    );
    let stranger = actor(tenant(98), crate::actor::ActingRole::ProgrammeLead);
    let outcome = given.when(&stranger, date(2026, 9, 14), &resume(None));
    assert_eq!(outcome, Err(Reason::NotPermitted));
}

#[test]
fn x_07_both_sides_agree_to_a_lighter_week_by_command() {
    let mut given = cast::in_training();
    let agree = AgreeLessThanFullTime {
        training: training(),
        practice_days: 2,
    };
    let on = date(2026, 9, 1);
    assert_eq!(
        given.when(&cast::hr(), on, &agree),
        Ok(vec!["LessThanFullTimeAgreed".to_owned()])
    );
    assert_eq!(
        given.when(&cast::programme_lead(), on, &agree),
        Ok(vec![
            "LessThanFullTimeAgreed".to_owned(),
            "LessThanFullTimeGranted".to_owned()
        ])
    );
    let state = given.state(training()).expect("a training");
    assert_eq!(state.status(), TrainingStatus::InTraining);
    let week = state.course().lighter_week().expect("granted");
    assert_eq!((week.practice_days, week.from), (2, on));
}
