use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor, TenantId},
    appointment::cast,
    employment::{DismissTrainee, EndEmployment, RecordLeave, ReinstateEmployment},
    funding::FundingLock,
    given::{Given, actor},
    qualified_practice::AwayFor,
    refusal::Reason,
    training::TrainingStatus,
};

fn training() -> Id<Training> {
    cast::appointment().training()
}

fn trainee() -> Actor {
    actor(TenantId(cast::trainee().0), ActingRole::Candidate)
}

fn propose() -> ProposeWithdrawal {
    ProposeWithdrawal {
        training: training(),
        reason: WithdrawalReason::Personal,
    }
}

fn confirm() -> ConfirmWithdrawal {
    ConfirmWithdrawal {
        training: training(),
    }
}

fn end() -> EndEmployment {
    EndEmployment {
        employment: cast::appointment().employment(),
    }
}

fn withdrawal(given: &Given) -> &Withdrawal {
    given
        .state(Withdrawal::id(&cast::appointment()))
        .expect("a withdrawal")
}

fn status(given: &Given) -> TrainingStatus {
    given.state(training()).expect("a training").status()
}

#[test]
fn d_9_a_withdrawal_tells_the_employer_the_days_and_never_the_reason() {
    let mut given = cast::in_training();
    let on = date(2026, 8, 12);
    assert_eq!(
        given.when(&trainee(), on, &propose()),
        Ok(vec![
            "WithdrawalProposed".to_owned(),
            "WithdrawalReasonGiven".to_owned()
        ])
    );
    assert_eq!(given.when(&trainee(), on, &propose()), Ok(vec![]));
    let other = ProposeWithdrawal {
        reason: WithdrawalReason::Health,
        ..propose()
    };
    assert_eq!(
        given.when(&trainee(), on, &other),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.when(&cast::hr(), on, &end()),
        Ok(vec!["EmploymentEnded".to_owned()])
    );
    assert_eq!(
        given.settle(on),
        [
            "EmploymentEndNoted",
            "CommitmentLapsed",
            "TransitionPlanClosed",
            "TrainingEndNoted",
            "ClusterLeft"
        ],
        "the request stands already"
    );
    assert_eq!(
        given.when(&cast::programme_lead(), on, &confirm()),
        Ok(vec![
            "TrainingWithdrawn".to_owned(),
            "WithdrawalConfirmed".to_owned()
        ])
    );
    assert_eq!(
        given.when(&cast::programme_lead(), on, &confirm()),
        Ok(vec![])
    );

    let custody = Decider::custody(withdrawal(&given)).expect("proposed");
    assert_eq!(
        custody.parties,
        [cast::university(), cast::commissioner()].into()
    );
    assert_eq!(withdrawal(&given).confirmed(), Some(on));
    let kept = given.stored(Withdrawal::id(&cast::appointment())).concat();
    assert!(kept.contains(r#""leaving_code":"11""#), "{kept}");
    let shared = given.stored(training()).concat();
    assert!(!shared.contains("personal"), "{shared}");

    // D.9.5: the lock counts from the board of the cohort that they left
    given.settle(on);
    let lock = given
        .state(FundingLock::id(cast::trainee()))
        .expect("a lock");
    let lock = lock.lock(cast::appointment().application).expect("a lock");
    assert_eq!(
        (lock.board, lock.until, lock.provisional),
        (cast::BOARD, date(2029, 3, 10), true)
    );
}

#[test]
fn d_9_the_end_of_the_employment_forces_a_withdrawal_and_a_reinstatement_lets_it_fall() {
    let mut given = cast::in_training();
    let on = date(2026, 8, 12);
    given.when(&cast::hr(), on, &end()).expect("ended");
    assert_eq!(
        given.settle(on),
        [
            "EmploymentEndNoted",
            "WithdrawalProposed",
            "CommitmentLapsed",
            "TransitionPlanClosed",
            "TrainingEndNoted",
            "ClusterLeft",
            "WithdrawalReasonGiven"
        ]
    );
    assert_eq!(
        withdrawal(&given).reason(),
        Some(WithdrawalReason::EmploymentEnded)
    );
    let drop = DropWithdrawal {
        training: training(),
    };
    let dropped = given.when(&cast::programme_lead(), on, &drop);
    assert_eq!(
        dropped,
        Err(Reason::StateNotAllowed),
        "not while they are not employed"
    );

    let reinstate = ReinstateEmployment {
        employment: cast::appointment().employment(),
        reason: None,
        authority: crate::correction::Authority::Own,
    };
    let early = given.when(&cast::hr(), date(2026, 8, 11), &reinstate);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    let back = date(2026, 8, 14);
    assert_eq!(
        given.when(&cast::hr(), back, &reinstate),
        Ok(vec!["EmploymentReinstated".to_owned()])
    );
    assert_eq!(given.when(&cast::hr(), back, &reinstate), Ok(vec![]));
    let employment = cast::appointment().employment();
    let ended = given.stored(employment).len() as u64 - 1;
    let takes_back = given.corrects(employment, "EmploymentReinstated");
    assert_eq!(takes_back, Some(ended), "the end");
    let followed = given.settle(back);
    for event in [
        "EmploymentReinstatementNoted",
        "WithdrawalDropped",
        "WithdrawalUndone",
        "CompletionExpected",
    ] {
        assert!(followed.contains(&event.to_owned()), "{followed:?}");
    }
    assert_eq!(status(&given), TrainingStatus::InTraining);
    assert_eq!(withdrawal(&given).reason(), None);
    // and the whole of it may come about again
    let again = date(2026, 10, 1);
    given.when(&cast::hr(), again, &end()).expect("ended");
    given.settle(again);
    assert_eq!(status(&given), TrainingStatus::WithdrawalProposed);
    assert_eq!(withdrawal(&given).proposed(), Some(again));
}

#[test]
fn b_5_what_the_student_says_is_the_universitys_own() {
    let mut given = cast::in_training();
    let on = date(2026, 8, 12);
    given.when(&cast::hr(), on, &propose()).expect("proposed");
    let say = |text: &str| MakeRepresentations {
        training: training(),
        text: text.to_owned(),
    };
    let empty = given.when(&trainee(), on, &say(" "));
    assert_eq!(empty, Err(Reason::FieldInvalid));
    let by_another = given.when(&cast::hr(), on, &say("They are ill."));
    assert_eq!(by_another, Err(Reason::NotPermitted));
    let said = date(2026, 8, 20);
    assert_eq!(
        given.when(&trainee(), said, &say("I moved back.")),
        Ok(vec![
            "RepresentationsMade".to_owned(),
            "RepresentationsReceived".to_owned()
        ])
    );
    assert_eq!(
        given.when(&trainee(), said, &say("I moved back.")),
        Ok(vec![])
    );
    let other = given.when(&trainee(), said, &say("I did not."));
    assert_eq!(other, Err(Reason::AlreadyRecorded));
    let Some(Personal::Clear { controllers, .. }) = withdrawal(&given).representations() else {
        panic!("held clear until the append");
    };
    assert_eq!(*controllers, [cast::university()]);
    let drop = DropWithdrawal {
        training: training(),
    };
    assert_eq!(
        given.when(&cast::programme_lead(), said, &drop),
        Ok(vec![
            "WithdrawalDropped".to_owned(),
            "WithdrawalUndone".to_owned()
        ])
    );
    assert_eq!(given.settle(said), Vec::<String>::new());
    assert_eq!(status(&given), TrainingStatus::InTraining);
}

#[test]
fn a_reversal_says_whether_the_withdrawal_had_ever_been_true() {
    for (in_error, how) in [(true, "RecordedInError"), (false, "Reversed")] {
        let mut given = cast::in_training();
        let on = date(2026, 8, 12);
        given.when(&trainee(), on, &propose()).expect("proposed");
        given
            .when(&cast::programme_lead(), on, &confirm())
            .expect("confirmed");
        let reverse = ReverseWithdrawal {
            training: training(),
            in_error,
            authority: crate::correction::Authority::Own,
        };
        let by_the_employer = given.when(&cast::hr(), on, &reverse);
        assert_eq!(by_the_employer, Err(Reason::NotPermitted));
        assert_eq!(
            given.when(&cast::programme_lead(), date(2026, 8, 19), &reverse),
            Ok(vec![
                "WithdrawalReversed".to_owned(),
                "WithdrawalUndone".to_owned()
            ])
        );
        let withdrawn = given.stored(training()).len() as u64 - 1;
        let takes_back = given.corrects(training(), "WithdrawalReversed");
        assert_eq!(takes_back, Some(withdrawn), "the confirmation");
        let undone = given
            .stored(Withdrawal::id(&cast::appointment()))
            .pop()
            .expect("an event");
        let word = if in_error {
            "recorded_in_error"
        } else {
            "reversed"
        };
        assert!(undone.contains(word), "{how}: {undone}");
        assert_eq!(status(&given), TrainingStatus::InTraining);
        assert_eq!(withdrawal(&given).confirmed(), None);
    }
}

#[test]
fn c_2_leave_interrupts_the_training_and_its_kind_stays_with_the_employer() {
    let mut given = cast::in_training();
    let on = date(2026, 6, 1);
    let leave = RecordLeave {
        employment: cast::appointment().employment(),
        kind: AwayFor::Maternity,
        expected_return: Some(date(2027, 3, 1)),
    };
    assert_eq!(
        given.when(&cast::hr(), on, &leave),
        Ok(vec![
            "LeaveRecorded".to_owned(),
            "TrainingInterrupted".to_owned()
        ])
    );
    assert_eq!(given.when(&cast::hr(), on, &leave), Ok(vec![]));
    let other = RecordLeave {
        kind: AwayFor::Sickness,
        ..leave.clone()
    };
    assert_eq!(
        given.when(&cast::hr(), on, &other),
        Err(Reason::AlreadyRecorded)
    );
    let shared = given.stored(training()).concat();
    assert!(!shared.contains("maternity"), "{shared}");
    let employment = given
        .state(cast::appointment().employment())
        .expect("employed");
    let Personal::Clear {
        controllers, value, ..
    } = &employment.leave()[0].kind
    else {
        panic!("held clear until the append");
    };
    assert_eq!(
        (controllers.as_slice(), *value),
        ([cast::employer()].as_slice(), AwayFor::Maternity)
    );
    // leave of the past that the training cannot have been away for is refused whole
    let before = given.when(&cast::hr(), date(2026, 2, 1), &leave);
    assert_eq!(before, Err(Reason::StateNotAllowed));
}

#[test]
fn c_2_of_a_dismissal_the_university_learns_that_the_employment_ended() {
    let mut given = cast::in_training();
    let on = date(2026, 8, 12);
    let dismiss = DismissTrainee {
        employment: cast::appointment().employment(),
        reason: "Gross misconduct.".to_owned(),
    };
    assert_eq!(
        given.when(&cast::hr(), on, &dismiss),
        Ok(vec![
            "TraineeDismissed".to_owned(),
            "EmploymentEnded".to_owned()
        ])
    );
    assert_eq!(given.when(&cast::hr(), on, &dismiss), Ok(vec![]));
    let other = DismissTrainee {
        reason: "Something else.".to_owned(),
        ..dismiss.clone()
    };
    assert_eq!(
        given.when(&cast::hr(), on, &other),
        Err(Reason::AlreadyRecorded)
    );
    assert_eq!(
        given.settle(on),
        [
            "EmploymentEndNoted",
            "WithdrawalProposed",
            "CommitmentLapsed",
            "TransitionPlanClosed",
            "TrainingEndNoted",
            "ClusterLeft",
            "WithdrawalReasonGiven"
        ]
    );
    assert_eq!(
        withdrawal(&given).reason(),
        Some(WithdrawalReason::EmploymentEnded)
    );
    let shared = given.stored(training()).concat();
    assert!(
        !shared.contains("misconduct") && !shared.contains("ismiss"),
        "{shared}"
    );
    let by_the_university = given.when(&cast::programme_lead(), on, &dismiss);
    assert_eq!(by_the_university, Err(Reason::NotPermitted));
}
