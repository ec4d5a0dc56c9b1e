use jiff::civil::date;

use super::*;
use crate::{
    actor::ActingRole,
    given::{
        Given, actor,
        cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE, WEXCOMBE, intake},
        tenant,
    },
};

const ON: jiff::civil::Date = date(2025, 11, 3);

fn sides() -> (Given, Actor, Actor, SignPartnership) {
    let mut given = Given::directory();
    let university = actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead);
    given.done(&university, date(2025, 9, 1), &intake(12, 8));
    let sign = SignPartnership {
        employer: tenant(NORTHMOOR),
        intake: given.created(tenant(WEXCOMBE)),
        posts: PlannedPosts {
            trainee: 5,
            qualified: 5,
        },
    };
    let employer = actor(tenant(NORTHMOOR), ActingRole::ProfessionalLead);
    (given, employer, university, sign)
}

fn balance(partnership: Id<Partnership>, level7_percent: u32) -> AgreeRouteBalance {
    AgreeRouteBalance {
        partnership,
        balance: RouteBalance {
            level7_percent,
            tolerance_points: 10,
        },
    }
}

#[test]
fn alloc_11_a_partnership_stands_once_both_signed_for_the_same_posts() {
    let (mut given, employer, university, sign) = sides();
    let id = Partnership::id(tenant(NORTHMOOR), tenant(WEXCOMBE), sign.intake);
    assert_eq!(
        given.when(&employer, ON, &sign),
        Ok(vec!["PartnershipProposed".to_owned()])
    );
    assert_eq!(given.when(&employer, ON, &sign), Ok(vec![]));
    let four = SignPartnership {
        posts: PlannedPosts {
            trainee: 4,
            qualified: 4,
        },
        ..sign.clone()
    };
    assert_eq!(
        given.when(&university, ON, &four),
        Ok(vec!["PartnershipProposed".to_owned()])
    );
    assert_eq!(given.state(id).and_then(Partnership::signed), None);
    assert_eq!(
        given.when(&employer, ON, &four),
        Ok(vec!["PartnershipSigned".to_owned()])
    );
    assert_eq!(
        given.state(id).and_then(Partnership::signed),
        Some(four.posts)
    );
    assert_eq!(given.when(&university, ON, &four), Ok(vec![]));
    assert_eq!(
        given.when(&university, ON, &sign),
        Err(Reason::AlreadyRecorded)
    );
}

#[test]
fn joint_04_nobody_else_signs() {
    let (mut given, _, _, sign) = sides();
    for by in [
        actor(tenant(SEVERNVALE), ActingRole::ProfessionalLead),
        actor(tenant(COMMISSIONER), ActingRole::CommissionerNational),
    ] {
        assert_eq!(given.when(&by, ON, &sign), Err(Reason::NotPermitted));
    }
}

#[test]
fn a_partnership_plans_posts_within_the_intake() {
    let (mut given, employer, _, sign) = sides();
    for posts in [
        PlannedPosts {
            trainee: 0,
            qualified: 5,
        },
        PlannedPosts {
            trainee: 21,
            qualified: 5,
        },
        PlannedPosts {
            trainee: 5,
            qualified: 0,
        },
    ] {
        let wrong = SignPartnership {
            posts,
            ..sign.clone()
        };
        assert_eq!(given.when(&employer, ON, &wrong), Err(Reason::FieldInvalid));
    }
}

#[test]
fn route_05_a_balance_is_agreed_when_both_propose_the_same() {
    let (mut given, employer, university, sign) = sides();
    let id = Partnership::id(tenant(NORTHMOOR), tenant(WEXCOMBE), sign.intake);
    given.done(&employer, ON, &sign);
    assert_eq!(
        given.when(&employer, ON, &balance(id, 60)),
        Err(Reason::PartnershipRequired)
    );
    given.done(&university, ON, &sign);
    assert_eq!(
        given.when(&employer, ON, &balance(id, 60)),
        Ok(vec!["RouteBalanceProposed".to_owned()])
    );
    assert_eq!(given.when(&employer, ON, &balance(id, 60)), Ok(vec![]));
    assert_eq!(
        given.when(&university, ON, &balance(id, 70)),
        Ok(vec!["RouteBalanceProposed".to_owned()])
    );
    assert_eq!(given.state(id).and_then(Partnership::balance), None);
    assert_eq!(
        given.when(&university, ON, &balance(id, 60)),
        Ok(vec!["RouteBalanceAgreed".to_owned()])
    );
    let agreed = given.state(id).and_then(Partnership::balance);
    assert_eq!(agreed, Some(balance(id, 60).balance));
    assert!(agreed.is_some_and(|b| b.holds(50) && b.holds(70) && !b.holds(71)));
}

#[test]
fn route_05_an_agreed_balance_holds_until_both_agree_on_another() {
    let (mut given, employer, university, sign) = sides();
    let id = Partnership::id(tenant(NORTHMOOR), tenant(WEXCOMBE), sign.intake);
    for side in [&employer, &university] {
        given.done(side, ON, &sign);
    }
    for side in [&employer, &university] {
        given.done(side, ON, &balance(id, 60));
    }
    given.done(&university, ON, &balance(id, 50));
    let share = |given: &Given| {
        let agreed = given.state(id).and_then(Partnership::balance);
        agreed.map(|balance| balance.level7_percent)
    };
    assert_eq!(share(&given), Some(60));
    given.done(&employer, ON, &balance(id, 50));
    assert_eq!(share(&given), Some(50));
    assert_eq!(
        given.when(&employer, ON, &balance(id, 101)),
        Err(Reason::FieldInvalid)
    );
}
