//! Who sees a result when.

use super::*;
use crate::{
    enrolment::EnrolmentEvent,
    qualification::{QualificationEvent, ReleaseToTrainee, TraineeResult, known_result},
};

fn to_trainee() -> ReleaseToTrainee {
    ReleaseToTrainee {
        application: cast::appointment().application,
    }
}

fn known(given: &Given, own: bool) -> Result<crate::qualification::ReleasedResult, Reason> {
    let whose = cast::appointment();
    let shown = given.state(TraineeResult::id(whose.university, whose.application));
    let shared = given.state(whose.qualification());
    known_result(shared, shown.filter(|_| own)).map_err(|refusal| refusal.reason)
}

#[test]
fn c_4_a_result_is_hidden_alike_before_and_after_the_decision() {
    let mut given = examined();
    let hidden = Err(Reason::ResultNotReleased);
    assert_eq!(known(&given, true), hidden);
    let sitting = qualifying(&mut given);
    let pass = ratify(sitting, BoardDecision::Pass);
    assert_eq!(decided(&mut given, cast::BOARD, &pass), ratified());
    assert_eq!(known(&given, true), hidden);
    assert!(
        given
            .when(&cast::board_secretary(), cast::BOARD, &release())
            .is_ok()
    );
    assert!(known(&given, true).is_ok() && known(&given, false).is_ok());
}

#[test]
fn c_4_where_policy_says_so_the_trainee_sees_a_result_first() {
    let given = examined().policy("result.release", json!("trainee_first"));
    let (mut given, secretary) = (given, cast::board_secretary());
    let sitting = qualifying(&mut given);
    let refer = ratify(sitting, BoardDecision::Refer(module_2()));
    assert_eq!(decided(&mut given, cast::BOARD, &refer), ratified());
    assert_eq!(
        given.when(&secretary, cast::BOARD, &release()),
        Err(Reason::ResultNotReleased)
    );
    assert_eq!(
        given.when(&secretary, cast::BOARD, &to_trainee()),
        Ok(vec!["ResultShownToTrainee".to_owned()])
    );
    assert_eq!(
        given.when(&secretary, cast::BOARD, &to_trainee()),
        Ok(vec![])
    );
    assert!(known(&given, true).is_ok());
    assert_eq!(known(&given, false), Err(Reason::ResultNotReleased));
    let own = TraineeResult::id(cast::university(), cast::appointment().application);
    let custody = given.state(own).and_then(Decider::custody).expect("shown");
    assert!(!custody.admits(&cast::hr()));
    assert!(given.when(&secretary, cast::BOARD, &release()).is_ok());
    // what was shown was the referral; the pass is shown anew before it is released
    let resit = held(
        &mut given,
        RESIT_BOARD,
        &hold(SittingKind::Reassessment, full_board()),
    );
    let pass = ratify(resit, BoardDecision::Pass);
    assert_eq!(decided(&mut given, RESIT_BOARD, &pass), ratified());
    assert_eq!(
        given.when(&secretary, RESIT_BOARD, &release()),
        Err(Reason::ResultNotReleased)
    );
}

#[test]
fn c_4_together_means_together_and_a_university_may_keep_its_own_order() {
    let own = format!("result.release.{}", cast::university().0);
    let secretary = cast::board_secretary();
    for (policy, outcome) in [
        (None, Err(Reason::StateNotAllowed)),
        (Some(own.as_str()), Ok(())),
    ] {
        let mut given = examined();
        if let Some(policy) = policy {
            given = given.policy(policy, json!("trainee_first"));
        }
        let sitting = qualifying(&mut given);
        let fail = ratify(sitting, BoardDecision::Fail);
        assert_eq!(decided(&mut given, cast::BOARD, &fail), ratified());
        let shown = given.when(&secretary, cast::BOARD, &to_trainee());
        assert_eq!(shown.map(|_| ()), outcome);
    }
}

#[test]
fn assess_05_an_award_says_what_the_post_was_advertised_for_unless_it_went_to_another_employer() {
    let whose = cast::appointment();
    let changed = EnrolmentEvent::EmployerChanged {
        employer: tenant(0x77),
        on: date(2026, 9, 1),
    };
    for (given, said) in [
        (examined(), true),
        (examined().happened(whose.enrolment(), &changed), false),
    ] {
        let mut given = given;
        let sitting = qualifying(&mut given);
        let pass = ratify(sitting, BoardDecision::Pass);
        assert_eq!(decided(&mut given, cast::BOARD, &pass), ratified());
        let by = cast::board_secretary();
        assert!(given.when(&by, date(2027, 3, 12), &release()).is_ok());
        let stored = given.stored(whose.qualification());
        let awarded = stored.last().expect("an award").as_str();
        let service = cast::vacancy_terms(&whose).clinical_service.0.to_string();
        assert_eq!(awarded.contains(&service), said, "{awarded}");
        // who reads the first version learns the same but for that
        let mut first: serde_json::Value = serde_json::from_str(awarded).expect("JSON");
        let fields = first["QualificationAwarded"].as_object_mut();
        assert_eq!(fields.expect("an award").remove("post").is_some(), said);
        let first = serde_json::from_value(first).expect("the first version is read");
        assert!(matches!(
            first,
            QualificationEvent::QualificationAwarded { post: None, .. }
        ));
    }
}
