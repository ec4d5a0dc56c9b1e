use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast,
    given::{Given, actor, tenant},
    marks::MarkSheet,
    refusal::Reason,
};

fn student() -> Actor {
    actor(TenantId(cast::trainee().0), ActingRole::Candidate)
}

fn panel() -> Actor {
    actor(cast::university(), ActingRole::CircumstancesPanel)
}

fn claim() -> ClaimCircumstances {
    ClaimCircumstances {
        application: cast::appointment().application,
        component: "module_2".to_owned(),
        statement: "My father was taken ill.".to_owned(),
    }
}

fn claimed(given: &mut Given) -> Id<CircumstancesClaim> {
    let outcome = given.when(&student(), date(2027, 2, 1), &claim());
    assert_eq!(outcome, Ok(vec!["CircumstancesClaimed".to_owned()]));
    Id::derive(cast::university(), &[given.last_request()])
}

#[test]
fn b_5_of_a_claim_the_board_learns_accepted_or_rejected_and_no_more() {
    for accepted in [true, false] {
        let mut given = cast::in_training();
        let claim = claimed(&mut given);
        let on = date(2027, 2, 8);
        let decide = DecideCircumstances { claim, accepted };
        assert_eq!(
            given.when(&panel(), on, &decide),
            Ok(vec!["CircumstancesDecided".to_owned()])
        );
        assert_eq!(given.when(&panel(), on, &decide), Ok(vec![]));
        let other = DecideCircumstances {
            claim,
            accepted: !accepted,
        };
        assert_eq!(
            given.when(&panel(), on, &other),
            Err(Reason::AlreadyRecorded)
        );
        assert_eq!(given.settle(on), ["CircumstancesNoted"]);
        let sheet = MarkSheet::id(cast::university(), cast::appointment().application);
        let flags: Vec<_> = given
            .state(sheet)
            .expect("a sheet")
            .circumstances()
            .collect();
        assert_eq!(flags, [("module_2", accepted)]);
        let papers = given.stored(sheet).concat();
        assert!(!papers.contains("father"), "{papers}");
    }
}

#[test]
fn c_2_a_claim_is_read_by_its_person_and_the_panel_of_the_university_only() {
    let mut given = cast::in_training();
    let claim = claimed(&mut given);
    let custody = given
        .state(claim)
        .and_then(Decider::custody)
        .expect("a claim");
    assert_eq!(custody.parties, [cast::university()].into());
    assert!(custody.admits(&student()));
    assert!(!custody.admits(&cast::hr()));
    use crate::permission::Action::GetCircumstancesClaim;
    assert_eq!(
        GetCircumstancesClaim.roles(),
        [ActingRole::Candidate, ActingRole::CircumstancesPanel]
    );
    let decide = DecideCircumstances {
        claim,
        accepted: true,
    };
    for stranger in [
        actor(tenant(9), ActingRole::CircumstancesPanel),
        cast::hr(),
        student(),
    ] {
        let outcome = given.when(&stranger, date(2027, 2, 8), &decide);
        assert_eq!(outcome, Err(Reason::NotPermitted));
    }
}

#[test]
fn b_5_a_claim_names_a_component_and_says_something() {
    let mut given = cast::in_training();
    for wrong in [
        ClaimCircumstances {
            component: String::new(),
            ..claim()
        },
        ClaimCircumstances {
            statement: "  ".to_owned(),
            ..claim()
        },
    ] {
        let outcome = given.when(&student(), date(2027, 2, 1), &wrong);
        assert_eq!(outcome, Err(Reason::FieldInvalid));
    }
    let other = actor(tenant(0x77), ActingRole::Candidate);
    let outcome = given.when(&other, date(2027, 2, 1), &claim());
    assert_eq!(outcome, Err(Reason::NotPermitted));
}
