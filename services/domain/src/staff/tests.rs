use jiff::civil::date;

use super::*;
use crate::{
    actor::TenantKind,
    given::{Given, person, tenant},
    refusal::Reason,
};

const JOINS: Date = date(2026, 1, 5);
const LATER: Date = date(2026, 6, 1);

/// Somebody of the university in a role.
fn of_university(who: u128, role: ActingRole) -> Actor {
    Actor {
        tenant: tenant(2),
        kind: TenantKind::University,
        role,
        person: Some(person(who)),
        client: None,
    }
}

fn admin() -> Actor {
    of_university(1, ActingRole::TenantAdmin)
}

fn joiner(who: u128) -> RecordJoiner {
    RecordJoiner {
        person: person(who),
        on: JOINS,
    }
}

fn assigns(who: u128, role: ActingRole) -> AssignRole {
    AssignRole {
        person: person(who),
        role,
        assignment: Assignment {
            from: JOINS,
            until: None,
            case: None,
        },
    }
}

/// The administrator manages the roles, and a tutor has joined.
fn managed() -> Given {
    let mut given = Given::nothing();
    for command in [
        &joiner(1) as &dyn Command,
        &assigns(1, ActingRole::TenantAdmin),
        &ManageRoles { managed: true },
        &joiner(2),
        &assigns(2, ActingRole::PersonalTutor),
    ] {
        let outcome = given.when(&admin(), JOINS, command);
        assert!(outcome.is_ok(), "{command:?}: {outcome:?}");
    }
    given
}

fn admits(given: &Given, who: u128, role: ActingRole, on: Date) -> bool {
    let staff = given.state(Staff::id(tenant(2))).cloned();
    staff
        .unwrap_or_default()
        .admits(&of_university(who, role), on)
}

#[test]
fn c_1_until_roles_are_managed_the_token_alone_says_who_acts() {
    let given = Given::nothing();
    assert!(admits(&given, 9, ActingRole::BoardChair, JOINS));
    let given = managed();
    assert!(!admits(&given, 9, ActingRole::BoardChair, JOINS));
}

#[test]
fn b_7_a_role_counts_from_its_first_to_its_last_day_and_no_other_is_implied() {
    let mut given = managed();
    let tutor = ActingRole::PersonalTutor;
    assert!(!admits(&given, 2, tutor, date(2026, 1, 4)));
    assert!(admits(&given, 2, tutor, JOINS));
    assert!(!admits(&given, 2, ActingRole::ProgrammeLead, JOINS));
    let end = EndRole {
        person: person(2),
        role: tutor,
        on: LATER,
    };
    let ended = given.when(&admin(), LATER, &end);
    assert_eq!(ended, Ok(vec!["RoleEnded".to_owned()]));
    assert_eq!(given.when(&admin(), LATER, &end), Ok(vec![]));
    assert!(admits(&given, 2, tutor, LATER));
    assert!(!admits(&given, 2, tutor, date(2026, 6, 2)));
}

#[test]
fn b_7_a_leaver_acts_in_nothing_and_comes_back_to_nothing() {
    let mut given = managed();
    let leave = RecordLeaver {
        person: person(2),
        on: LATER,
    };
    let left = given.when(&admin(), LATER, &leave);
    assert_eq!(left, Ok(vec!["StaffLeft".to_owned()]));
    assert_eq!(given.when(&admin(), LATER, &leave), Ok(vec![]));
    let after = date(2026, 7, 1);
    assert!(!admits(&given, 2, ActingRole::PersonalTutor, after));
    let again = RecordJoiner {
        person: person(2),
        on: after,
    };
    let joined = given.when(&admin(), after, &again);
    assert_eq!(joined, Ok(vec!["StaffJoined".to_owned()]));
    assert!(!admits(&given, 2, ActingRole::PersonalTutor, after));
}

#[test]
fn c_1_a_guest_has_a_case_and_a_last_day() {
    let mut given = managed();
    given.when(&admin(), JOINS, &joiner(3)).expect("joined");
    let mut guest = assigns(3, ActingRole::ExternalExaminer);
    let endless = given.when(&admin(), JOINS, &guest);
    assert_eq!(endless, Err(Reason::FieldInvalid));
    guest.assignment.until = Some(LATER);
    let of_nothing = given.when(&admin(), JOINS, &guest);
    assert_eq!(of_nothing, Err(Reason::FieldInvalid));
    for (case, reason) in [
        ("The board of June 2026", Reason::FieldInvalid),
        (
            "examBoards/00000000-0000-8000-8000-000000000404",
            Reason::NotPermitted,
        ),
    ] {
        guest.assignment.case = Some(case.to_owned());
        assert_eq!(given.when(&admin(), JOINS, &guest), Err(reason), "{case}");
    }
    guest.assignment.case = Some(Staff::id(tenant(2)).name());
    assert!(given.when(&admin(), JOINS, &guest).is_ok());
    assert_eq!(given.when(&admin(), JOINS, &guest), Ok(vec![]));
    assert!(admits(&given, 3, ActingRole::ExternalExaminer, LATER));
    let after = date(2026, 6, 2);
    assert!(!admits(&given, 3, ActingRole::ExternalExaminer, after));
}

#[test]
fn c_1_an_administrator_takes_no_role_that_reads_and_is_never_the_last_to_go() {
    let mut given = managed();
    let own = given.when(&admin(), JOINS, &assigns(1, ActingRole::ProgrammeLead));
    assert_eq!(own, Err(Reason::StateNotAllowed));
    let last = [
        Box::new(EndRole {
            person: person(1),
            role: ActingRole::TenantAdmin,
            on: LATER,
        }) as Box<dyn Command>,
        Box::new(RecordLeaver {
            person: person(1),
            on: LATER,
        }),
    ];
    for command in &last {
        let outcome = given.when(&admin(), LATER, &**command);
        assert_eq!(outcome, Err(Reason::StateNotAllowed), "{command:?}");
    }
    let another = assigns(2, ActingRole::TenantAdmin);
    assert!(given.when(&admin(), LATER, &another).is_ok());
    for command in &last {
        assert!(
            given.when(&admin(), LATER, &**command).is_ok(),
            "{command:?}"
        );
    }
}

#[test]
fn whoever_would_lock_themself_out_does_not_begin_to_manage_roles() {
    let mut given = Given::nothing();
    let manage = ManageRoles { managed: true };
    let alone = given.when(&admin(), JOINS, &manage);
    assert_eq!(alone, Err(Reason::StateNotAllowed));
    let mut given = managed();
    assert_eq!(given.when(&admin(), JOINS, &manage), Ok(vec![]));
    let back = given.when(&admin(), JOINS, &ManageRoles { managed: false });
    assert_eq!(back, Ok(vec!["RolesLeftToIssuer".to_owned()]));
    assert!(admits(&given, 9, ActingRole::BoardChair, JOINS));
}

#[test]
fn a_role_is_one_of_the_organisations_kind_and_needs_a_joiner() {
    let mut given = managed();
    let foreign = given.when(&admin(), JOINS, &assigns(2, ActingRole::EmployerHr));
    assert_eq!(foreign, Err(Reason::FieldInvalid));
    let nobody = given.when(&admin(), JOINS, &assigns(8, ActingRole::PersonalTutor));
    assert_eq!(nobody, Err(Reason::StateNotAllowed));
    let mut backwards = assigns(2, ActingRole::BoardChair);
    backwards.assignment.until = Some(date(2026, 1, 4));
    let backwards = given.when(&admin(), JOINS, &backwards);
    assert_eq!(backwards, Err(Reason::FieldInvalid));
    let mut early = assigns(2, ActingRole::BoardChair);
    early.assignment.from = date(2026, 1, 4);
    assert_eq!(
        given.when(&admin(), JOINS, &early),
        Err(Reason::FieldInvalid)
    );
    let other_day = RecordJoiner {
        person: person(2),
        on: LATER,
    };
    let other_day = given.when(&admin(), LATER, &other_day);
    assert_eq!(other_day, Err(Reason::AlreadyRecorded));
}

#[test]
fn one_organisations_register_says_nothing_of_another() {
    let given = managed();
    let elsewhere = given.state(Staff::id(tenant(3)));
    assert!(elsewhere.is_none());
    let custody = given
        .state(Staff::id(tenant(2)))
        .and_then(Decider::custody)
        .expect("it exists");
    assert_eq!(custody.parties, [tenant(2)].into());
}

/// What the register says of an external examiner, whether or not roles are managed.
#[test]
fn c_1_a_guest_is_limited_to_the_case_and_goes_with_the_assignment() {
    let mut given = managed();
    given.when(&admin(), JOINS, &joiner(3)).expect("joined");
    let mut guest = assigns(3, ActingRole::ExternalExaminer);
    guest.assignment.until = Some(LATER);
    guest.assignment.case = Some(Staff::id(tenant(2)).name());
    given.when(&admin(), JOINS, &guest).expect("assigned");
    let register = |given: &Given| {
        let staff = given.state(Staff::id(tenant(2)));
        staff.expect("it exists").clone()
    };
    let examiner = of_university(3, ActingRole::ExternalExaminer);
    let staff = register(&given);
    let case = staff.case(&examiner).expect("a case");
    assert!(case.holds(Staff::id(tenant(2)).key(), &staff));
    assert!(!case.holds(Staff::id(tenant(3)).key(), &staff));
    assert_eq!(staff.case(&admin()), None, "who is no guest has none");

    let left = given.when(&admin(), LATER, &ManageRoles { managed: false });
    assert!(left.is_ok());
    assert!(admits(&given, 3, ActingRole::ExternalExaminer, LATER));
    let after = date(2026, 6, 2);
    assert!(!admits(&given, 3, ActingRole::ExternalExaminer, after));
    assert!(register(&given).case(&examiner).is_some());
}

/// A client system acts in an assigned role like anybody, or in none.
#[test]
fn b_7_where_roles_are_managed_no_system_acts_unassigned() {
    let mut given = managed();
    let system = |who| Actor {
        person: who,
        client: Some("admissions".to_owned()),
        ..of_university(2, ActingRole::PersonalTutor)
    };
    let admits = |given: &Given, actor: &Actor| {
        let staff = given.state(Staff::id(tenant(2)));
        staff.is_some_and(|staff| staff.admits(actor, LATER))
    };
    assert!(!admits(&given, &system(None)));
    assert!(
        admits(&given, &system(Some(person(2)))),
        "recorded, and assigned"
    );
    let left = given.when(&admin(), LATER, &ManageRoles { managed: false });
    assert!(left.is_ok());
    assert!(admits(&given, &system(None)));
}
