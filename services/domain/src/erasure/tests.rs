use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor, PLATFORM},
    appointment::cast::{appointed, appointment, employer, trainee, university},
    given::{Given, actor, tenant},
};

const ASKED: Date = date(2026, 2, 20);

fn officer() -> Actor {
    actor(employer(), ActingRole::EmployerDataProtection)
}

fn person() -> Actor {
    Actor {
        person: Some(trainee()),
        ..actor(TenantId(trainee().0), ActingRole::Candidate)
    }
}

fn asked(given: &mut Given) -> Id<Erasure> {
    let request = RequestErasure {
        application: appointment().application,
        controller: employer(),
    };
    let asked = given.when(&person(), ASKED, &request);
    assert_eq!(asked, Ok(vec!["ErasureRequested".to_owned()]));
    assert_eq!(given.when(&person(), ASKED, &request), Ok(vec![]));
    Erasure::id(employer(), trainee())
}

fn decide(erasure: Id<Erasure>, outcomes: &[(PersonalClass, ClassOutcome)]) -> DecideErasure {
    DecideErasure {
        erasure,
        outcomes: outcomes.iter().copied().collect(),
    }
}

const UNTIL: Date = date(2026, 7, 31);
const FOR_CLAIMS: ClassOutcome = ClassOutcome::Retained {
    ground: RetentionGround::LegalClaims,
    until: UNTIL,
};

#[test]
fn d_13_a_request_is_due_in_a_month_and_decided_once_it_is_known_who_asks() {
    let mut given = appointed();
    let erasure = asked(&mut given);
    let due = given
        .state(erasure)
        .and_then(Erasure::request)
        .map(|terms| terms.due);
    assert_eq!(due, Some(date(2026, 3, 20)));
    let erase = decide(erasure, &[(PersonalClass::Feedback, ClassOutcome::Erased)]);
    let early = given.when(&officer(), date(2026, 2, 21), &erase);
    assert_eq!(early, Err(Reason::StateNotAllowed));
    let confirm = ConfirmErasureIdentity { erasure };
    let on = date(2026, 2, 23);
    let confirmed = given.when(&officer(), on, &confirm);
    assert_eq!(confirmed, Ok(vec!["ErasureIdentityConfirmed".to_owned()]));
    assert_eq!(given.when(&officer(), on, &confirm), Ok(vec![]));
    let decided = given.when(&officer(), on, &erase);
    assert_eq!(decided, Ok(vec!["ErasureDecided".to_owned()]));
    assert_eq!(given.when(&officer(), on, &erase), Ok(vec![]));
}

#[test]
fn d_13_classes_are_erased_or_retained_until_their_day_and_the_other_controller_is_told() {
    let mut given = appointed();
    let erasure = asked(&mut given);
    let on = date(2026, 2, 23);
    given
        .when(&officer(), on, &ConfirmErasureIdentity { erasure })
        .expect("confirmed");
    let mixed = decide(
        erasure,
        &[
            (PersonalClass::Feedback, ClassOutcome::Erased),
            (PersonalClass::ApplicationStatement, FOR_CLAIMS),
        ],
    );
    given.when(&officer(), on, &mixed).expect("decided");
    given.settle(on);
    let state = given.state(erasure).cloned().expect("an erasure");
    assert_eq!(state.destroyed(), &[PersonalClass::Feedback].into());
    let told = given
        .state(Erasure::id(university(), trainee()))
        .expect("told");
    assert_eq!(told.notices(), &[employer()].into());
    assert!(told.request().is_none(), "what it does is its own decision");

    let platform = actor(PLATFORM, ActingRole::PlatformOperator);
    let expire = ExpireRetention { erasure };
    assert_eq!(
        given.when(&platform, date(2026, 7, 30), &expire),
        Ok(vec![])
    );
    let expired = given.when(&platform, UNTIL, &expire);
    assert_eq!(expired, Ok(vec!["RetentionExpired".to_owned()]));
    given.settle(UNTIL);
    let state = given.state(erasure).expect("an erasure");
    assert!(
        state
            .destroyed()
            .contains(&PersonalClass::ApplicationStatement)
    );
    let back = decide(erasure, &[(PersonalClass::Feedback, FOR_CLAIMS)]);
    let back = given.when(&officer(), date(2026, 3, 1), &back);
    assert_eq!(back, Err(Reason::StateNotAllowed), "nothing comes back");
}

#[test]
fn d_13_a_legal_hold_blocks_what_would_erase_and_lets_it_go_when_lifted() {
    let mut given = appointed();
    let erasure = asked(&mut given);
    let on = date(2026, 2, 25);
    given
        .when(&officer(), on, &ConfirmErasureIdentity { erasure })
        .expect("confirmed");
    let hold = PlaceLegalHold {
        application: appointment().application,
        reason: "A claim before a tribunal.".to_owned(),
    };
    assert_eq!(given.when(&officer(), on, &hold).map(|e| e.len()), Ok(1));
    assert_eq!(given.when(&officer(), on, &hold), Ok(vec![]));
    let erase = decide(erasure, &[(PersonalClass::Feedback, ClassOutcome::Erased)]);
    assert_eq!(
        given.when(&officer(), on, &erase),
        Err(Reason::ErasureBlockedLegalHold)
    );
    let retain = decide(erasure, &[(PersonalClass::Feedback, FOR_CLAIMS)]);
    given.when(&officer(), on, &retain).expect("retained");
    let platform = actor(PLATFORM, ActingRole::PlatformOperator);
    let expire = ExpireRetention { erasure };
    assert_eq!(given.when(&platform, UNTIL, &expire), Ok(vec![]), "held");
    let lifted = given.when(&officer(), date(2026, 9, 1), &LiftLegalHold { erasure });
    assert_eq!(
        lifted,
        Ok(vec![
            "LegalHoldLifted".to_owned(),
            "RetentionExpired".to_owned()
        ])
    );
}

#[test]
fn d_13_each_controller_decides_for_itself_only() {
    let mut given = appointed();
    let erasure = asked(&mut given);
    let other = actor(university(), ActingRole::UniversityDataProtection);
    let on = date(2026, 2, 23);
    for refused in [
        given.when(&other, on, &ConfirmErasureIdentity { erasure }),
        given.when(&person(), on, &ConfirmErasureIdentity { erasure }),
        given.when(&other, on, &LiftLegalHold { erasure }),
    ] {
        assert_eq!(refused, Err(Reason::NotPermitted));
    }
    let hold = PlaceLegalHold {
        application: appointment().application,
        reason: "None of ours.".to_owned(),
    };
    let elsewhere = actor(tenant(0xBAD), ActingRole::EmployerDataProtection);
    assert_eq!(given.when(&elsewhere, on, &hold), Err(Reason::NotPermitted));
    let stranger = RequestErasure {
        application: appointment().application,
        controller: tenant(0xBAD),
    };
    assert_eq!(
        given.when(&person(), on, &stranger),
        Err(Reason::NotPermitted)
    );
    let for_the_other = RequestErasure {
        application: appointment().application,
        controller: employer(),
    };
    assert_eq!(
        given.when(&other, on, &for_the_other),
        Err(Reason::NotPermitted)
    );
}
