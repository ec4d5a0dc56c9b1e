use super::*;
use crate::{
    cluster::Cluster,
    directory::NotePlacement,
    expansion_post::{ExpansionPosts, IdentifyExpansionPost, Obligation},
    progression::{Progression, Stage},
    transition::TransitionPlan,
    withdrawal::{ConfirmWithdrawal, ProposeWithdrawal, ReverseWithdrawal, WithdrawalReason},
};

const JANUARY: jiff::civil::Date = date(2027, 1, 1);

fn placed(given: &Given, service: u128) -> bool {
    let terms = given
        .state(service_of(service))
        .and_then(|service| service.terms());
    let application = cast::appointment().application;
    terms.is_some_and(|terms| terms.placements.contains_key(&application))
}

fn cluster(given: &Given, employer: TenantId) -> u32 {
    let id = Cluster::id(employer, cast::appointment().intake);
    given.state(id).map_or(0, Cluster::trainees)
}

fn plan(given: &Given, of: &Appointment) -> Option<(jiff::civil::Date, Option<jiff::civil::Date>)> {
    let held = given
        .state(of.transition_plan())
        .and_then(TransitionPlan::held);
    held.map(|held| (held.from, held.closed))
}

/// The trainee is in the register of the old service, and a post is set aside.
fn known() -> (Given, Id<ServiceTransfer>) {
    let (mut given, transfer) = agreed();
    let whose = cast::appointment();
    let place = NotePlacement {
        application: whose.application,
        vacancy: whose.vacancy,
    };
    given.done(&Actor::platform(), cast::EMPLOYMENT_START, &place);
    let identify = IdentifyExpansionPost {
        application: whose.application,
        position: "N-1".to_owned(),
        additional: true,
        occupied: false,
    };
    given.done(&cast::hr(), date(2026, 12, 14), &identify);
    (given, transfer)
}

fn gone() -> Given {
    let (mut given, transfer) = known();
    assert!(placed(&given, OLD));
    assert_eq!(cluster(&given, cast::employer()), 1);
    given.done(&cast::hr(), JANUARY, &TransferService { transfer });
    given.settle(JANUARY);
    given
}

#[test]
fn set_13_and_alloc_02_who_moves_with_the_service_belongs_to_the_successors_cluster() {
    let given = gone();
    assert_eq!(cluster(&given, cast::employer()), 0);
    assert_eq!(cluster(&given, harbourlight()), 1);
    let joined = Cluster::id(harbourlight(), cast::appointment().intake);
    let by_service = given.state(joined).map(Cluster::by_service);
    assert_eq!(by_service, Some([(service_of(NEW), 1)].into()));
    let parties = parties(&given, joined);
    assert!(!parties.contains(&cast::employer()));
    let left = Cluster::id(cast::employer(), cast::appointment().intake);
    let told = given.stored(left).concat();
    assert!(told.contains(r#""on":"2026-12-31""#), "{told}");
}

#[test]
fn set_14_the_register_of_a_clinical_service_follows_the_training() {
    let mut given = gone();
    assert!(!placed(&given, OLD) && placed(&given, NEW));
    let end = EndEmployment {
        employment: now().employment(),
    };
    let on = date(2027, 1, 29);
    given.done(&theirs(ActingRole::EmployerHr), on, &end);
    given.settle(on);
    assert!(!placed(&given, OLD) && !placed(&given, NEW));
    assert_eq!(cluster(&given, harbourlight()), 0);
}

#[test]
fn set_14_a_trainee_placed_in_another_service_of_the_employer_is_in_its_register() {
    let (given, _) = known();
    let other = service_of(0xA9);
    let mut given = given.happened(other, &opened(cast::employer()));
    let place = crate::training::PlaceTrainee {
        training: cast::appointment().training(),
        clinical_service: other,
        site: None,
    };
    let on = date(2026, 12, 15);
    given.done(&cast::hr(), on, &place);
    given.settle(on);
    assert!(!placed(&given, OLD) && placed(&given, 0xA9));
}

#[test]
fn precept_01_the_successor_makes_a_transition_plan_of_its_own() {
    let given = gone();
    let old = plan(&given, &cast::appointment());
    assert_eq!(old, Some((cast::TEACHING_START, Some(date(2026, 12, 31)))));
    assert_eq!(plan(&given, &now()), Some((JANUARY, None)));
    assert_eq!(parties(&given, now().transition_plan()), [harbourlight()]);
}

#[test]
fn fund_11_the_former_employer_owes_no_additional_post_and_the_successor_identifies_its_own() {
    let mut given = gone();
    let obligation = |given: &Given, employer| {
        let id = ExpansionPosts::id(employer, cast::commissioner());
        let list = given.state(id).into_iter().flat_map(ExpansionPosts::posts);
        let found: Vec<Obligation> = list.map(|(_, post)| post.obligation).collect();
        found
    };
    assert_eq!(obligation(&given, cast::employer()), [Obligation::Lapsed]);
    let identify = IdentifyExpansionPost {
        application: cast::appointment().application,
        position: "H-1".to_owned(),
        additional: true,
        occupied: false,
    };
    let on = date(2027, 1, 11);
    let by_the_old = given.when(&cast::hr(), on, &identify);
    assert_eq!(by_the_old, Err(Reason::NotPermitted));
    given.done(&theirs(ActingRole::EmployerHr), on, &identify);
    assert_eq!(obligation(&given, harbourlight()), [Obligation::Foreseen]);
}

#[test]
fn career_06_whoever_leaves_the_successor_is_followed_as_before() {
    let whose = cast::appointment();
    let stage = |given: &Given| {
        let followed = given
            .state(whose.progression())
            .and_then(Progression::followed);
        followed.map(|(_, follow_up)| follow_up.stages().0)
    };
    let mut given = gone();
    assert_eq!(stage(&given), Some(Stage::InTraining));
    let end = EndEmployment {
        employment: now().employment(),
    };
    let on = date(2027, 1, 29);
    given.done(&theirs(ActingRole::EmployerHr), on, &end);
    given.settle(on);
    assert_eq!(stage(&given), Some(Stage::LeftTraining));
}

#[test]
fn alloc_02_whoever_withdrew_rejoins_the_cluster_with_the_reversal() {
    let mut given = cast::in_training();
    let (training, on) = (cast::appointment().training(), date(2026, 8, 12));
    let propose = ProposeWithdrawal {
        training,
        reason: WithdrawalReason::Personal,
    };
    given.done(&cast::candidate(), on, &propose);
    let confirm = ConfirmWithdrawal { training };
    given.done(&cast::programme_lead(), date(2026, 8, 17), &confirm);
    given.settle(date(2026, 8, 17));
    assert_eq!(cluster(&given, cast::employer()), 0);
    let in_error = false;
    let reverse = ReverseWithdrawal {
        training,
        in_error,
        authority: crate::correction::Authority::Own,
    };
    given.done(&cast::programme_lead(), date(2026, 9, 1), &reverse);
    given.settle(date(2026, 9, 1));
    assert_eq!(cluster(&given, cast::employer()), 1);
}
