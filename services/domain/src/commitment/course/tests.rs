use jiff::civil::date;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::cast,
    commitment::{BringCommitmentDue, EvidenceQualifiedPost, Standing},
    employment::EndEmployment,
    given::{
        Given, actor,
        cast::{BAND_5_PERMANENT_BASELINE, Cast, SEVERNVALE},
        person, tenant,
    },
    refusal::Reason,
    training::ExtendTraining,
};

fn commitment(given: &Given) -> &Commitment {
    given.state(cast::appointment().commitment()).unwrap()
}

fn completes(given: &Given) -> Vec<Date> {
    let expected = commitment(given).expected();
    expected.map(|(_, one)| one.completes).collect()
}

#[test]
fn fund_12_a_post_is_expected_for_everyone_in_training_and_moves_with_an_extension() {
    let mut given = cast::in_training();
    assert_eq!(completes(&given), [cast::TRAINING_END]);
    let manager = actor(cast::employer(), ActingRole::ServiceManager);
    let until = date(2027, 6, 30);
    let extend = ExtendTraining {
        training: cast::appointment().training(),
        until,
    };
    assert!(given.when(&manager, date(2027, 3, 15), &extend).is_ok());
    assert_eq!(given.settle(date(2027, 3, 15)), ["CompletionExpected"]);
    assert_eq!(completes(&given), [until]);
    let again = NoteExpectedCompletion {
        training: cast::appointment().training(),
    };
    let outcome = given.when(&Actor::platform(), until, &again);
    assert_eq!(outcome, Ok(vec![]), "known already");
}

#[test]
fn fund_11_nothing_is_owed_to_somebody_who_left_the_training() {
    let mut given = cast::in_training();
    let left = date(2026, 8, 12);
    let end = EndEmployment {
        employment: cast::appointment().employment(),
    };
    assert!(given.when(&cast::hr(), left, &end).is_ok());
    let told = given.settle(left);
    assert!(told.contains(&"CommitmentLapsed".to_owned()), "{told:?}");
    assert!(completes(&given).is_empty());
}

#[test]
fn fund_11_a_failure_lapses_the_promise_and_a_later_pass_brings_it_back() {
    let mut given = cast::in_training();
    let whose = cast::appointment();
    let lapse = LapseCommitment {
        appointment: whose.clone(),
        ground: LapseGround::Failed,
    };
    let (platform, board) = (Actor::platform(), cast::BOARD);
    assert_eq!(
        given.when(&cast::national(), board, &lapse),
        Err(Reason::NotPermitted)
    );
    assert_eq!(
        given.when(&platform, board, &lapse),
        Ok(vec!["CommitmentLapsed".to_owned()])
    );
    assert_eq!(given.when(&platform, board, &lapse), Ok(vec![]));
    let due = BringCommitmentDue {
        application: whose.application,
        vacancy: whose.vacancy,
        person: whose.person,
        qualified_on: date(2027, 6, 16),
    };
    assert_eq!(
        given.when(&platform, date(2027, 6, 16), &due),
        Ok(vec!["CommitmentDue".to_owned()])
    );
    // corrected once more: the owed post falls again
    assert_eq!(
        given.when(&platform, date(2027, 7, 1), &lapse),
        Ok(vec!["CommitmentLapsed".to_owned()])
    );
    let promise = commitment(&given).promise(whose.application).unwrap();
    assert_eq!(promise.standing, Standing::Lapsed);
}

#[test]
fn alloc_12_a_declined_or_never_started_training_leaves_no_promise_behind() {
    let mut given = cast::appointed();
    let lapse = LapseCommitment {
        appointment: cast::appointment(),
        ground: LapseGround::Withdrawn,
    };
    let on = date(2026, 2, 20);
    assert_eq!(given.when(&Actor::platform(), on, &lapse), Ok(vec![]));
}

/// Northmoor owes two posts: one due, one expected.
fn owing() -> (Given, Cast, [Id<Application>; 2]) {
    let (mut given, cast) = Given::vacancy_open();
    let [passed, training] = [0xC1, 0xC2].map(|n| Id::new(uuid::Uuid::from_u128(n)));
    let due = BringCommitmentDue {
        application: passed,
        vacancy: cast.vacancy,
        person: person(0xC1),
        qualified_on: date(2026, 12, 10),
    };
    given.done(&Actor::platform(), date(2026, 12, 10), &due);
    let expected = CommitmentEvent::CompletionExpected {
        application: training,
        expected: Expected {
            person: person(0xC2),
            completes: date(2027, 3, 1),
        },
    };
    let given = given.happened(cast.commitment, &expected);
    (given, cast, [passed, training])
}

fn transfer(cast: &Cast, applications: &[Id<Application>]) -> TransferCommitment {
    TransferCommitment {
        commitment: cast.commitment,
        to: tenant(SEVERNVALE),
        applications: applications.to_vec(),
        other_terms: Some("Band-5 equal, permanent, on Harbourlight terms".to_owned()),
    }
}

#[test]
fn x_13_the_successor_of_a_service_owes_the_posts_and_discharges_them() {
    let (mut given, cast, [passed, training]) = owing();
    let on = date(2027, 1, 1);
    let both = transfer(&cast, &[passed, training]);
    assert_eq!(
        given.when(&cast.national(), on, &both).map(|mut told| {
            told.sort();
            told
        }),
        Ok(vec![
            "CommitmentTakenOver".to_owned(),
            "CommitmentTransferred".to_owned()
        ])
    );
    assert_eq!(given.when(&cast.national(), on, &both), Ok(vec![]));
    let old = given.state(cast.commitment).unwrap();
    let promise = old.promise(passed).unwrap();
    assert_eq!(promise.standing, Standing::Transferred);
    assert_eq!(old.expected().count(), 0);
    let successor = Commitment::id(tenant(SEVERNVALE), cast.allocation);
    let terms = given.state(successor).and_then(Commitment::terms).unwrap();
    assert_eq!((terms.employer, terms.posts), (tenant(SEVERNVALE), 2));

    // a pass after the transfer falls due with the successor
    let due = BringCommitmentDue {
        application: training,
        vacancy: cast.vacancy,
        person: person(0xC2),
        qualified_on: date(2027, 3, 10),
    };
    given.done(&Actor::platform(), date(2027, 3, 10), &due);
    let taken = given.state(successor).unwrap();
    assert_eq!(taken.promises().count(), 2);

    let manager = actor(tenant(SEVERNVALE), ActingRole::ServiceManager);
    let service = given.clinical_service(tenant(SEVERNVALE), "adult_community");
    for application in [passed, training] {
        let evidence = EvidenceQualifiedPost {
            commitment: successor,
            application,
            employer: tenant(SEVERNVALE),
            clinical_service: service,
            post: BAND_5_PERMANENT_BASELINE,
            replaces: None,
            position: None,
        };
        given.done(&manager, date(2027, 4, 1), &evidence);
    }
    assert_eq!(given.state(successor).unwrap().discharged(), 2);
}

#[test]
fn x_13_only_what_is_owed_or_expected_passes_on_and_only_by_the_commissioner() {
    let (mut given, cast, [passed, _]) = owing();
    let on = date(2027, 1, 1);
    let national = cast.national();
    let nobody = transfer(&cast, &[Id::new(uuid::Uuid::from_u128(0xC9))]);
    assert_eq!(
        given.when(&national, on, &nobody),
        Err(Reason::StateNotAllowed)
    );
    assert_eq!(
        given.when(&national, on, &transfer(&cast, &[])),
        Err(Reason::FieldInvalid)
    );
    let lead = cast.employer(ActingRole::ProfessionalLead);
    assert_eq!(
        given.when(&lead, on, &transfer(&cast, &[passed])),
        Err(Reason::NotPermitted)
    );
    for to in [cast.employer, cast.university, tenant(0xFF)] {
        let nowhere = TransferCommitment {
            to,
            ..transfer(&cast, &[passed])
        };
        assert_eq!(
            given.when(&national, on, &nowhere),
            Err(Reason::FieldInvalid),
            "{to}"
        );
    }
}

#[test]
fn x_13_a_service_that_comes_back_brings_its_promises_back() {
    let (mut given, cast, [_, training]) = owing();
    let national = cast.national();
    let posts = |given: &Given| {
        let terms = given.state(cast.commitment).and_then(Commitment::terms);
        terms.map(|terms| terms.posts)
    };
    let promised = posts(&given);
    let there = transfer(&cast, &[training]);
    given.done(&national, date(2026, 12, 15), &there);
    let back = TransferCommitment {
        commitment: Commitment::id(tenant(SEVERNVALE), cast.allocation),
        to: cast.employer,
        ..there
    };
    given.done(&national, date(2027, 2, 1), &back);
    assert_eq!(posts(&given), promised, "whoever returns had a post here");
    let due = BringCommitmentDue {
        application: training,
        vacancy: cast.vacancy,
        person: person(0xC2),
        qualified_on: date(2027, 3, 10),
    };
    given.done(&Actor::platform(), date(2027, 3, 10), &due);
    let first = given.state(cast.commitment).unwrap();
    assert!(first.promise(training).is_some());
}
