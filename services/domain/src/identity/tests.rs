use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use uuid::Uuid;

use super::*;
use crate::{
    actor::{ActingRole, Actor},
    appointment::{
        Appointment,
        cast::{self, OfferIs, Story},
    },
    funding::{ApproveAward, CheckFundingLock, FundingLockCheck, LockAnswer, LockQuestion},
    given::{Given, actor, person},
    offer::{AcceptOffer, AcceptanceEvent},
    refusal::Reason,
};

const DAY: Date = date(2026, 4, 1);

fn operator() -> Actor {
    actor(PLATFORM, ActingRole::PlatformOperator)
}

/// The trainee's other record.
fn other() -> PersonId {
    person(99)
}

fn seen_in_the_application() -> RecordedEvent {
    RecordedEvent::of(cast::appointment().application.key(), 1)
}

fn merge() -> MergePersons {
    MergePersons {
        person: cast::trainee(),
        other: other(),
        event: seen_in_the_application(),
        reason: IdentityReason::PersonIdentified,
        authority: Authority::Own,
    }
}

fn split(applications: impl IntoIterator<Item = Id<Application>>) -> SplitPersons {
    SplitPersons {
        person: cast::trainee(),
        other: other(),
        applications: applications.into_iter().collect(),
        event: seen_in_the_application(),
        reason: IdentityReason::Mistake,
        authority: Authority::Own,
    }
}

fn same(given: &Given, person: PersonId) -> BTreeSet<PersonId> {
    let known = given.state(Identity::id(person));
    known.map(|known| known.same().clone()).unwrap_or_default()
}

fn lock_of(given: &mut Given, person: PersonId) -> LockAnswer {
    let check = CheckFundingLock {
        person,
        question: LockQuestion::another_training(date(2028, 9, 25)),
    };
    let by = cast::programme_lead();
    let request = given.done(&by, DAY, &check);
    let check = Id::<FundingLockCheck>::derive(by.tenant, &[request]);
    match given.state(check) {
        Some(FundingLockCheck::Answered { answer, .. }) => *answer,
        _ => LockAnswer::Clear { exemption: None },
    }
}

fn locked(answer: LockAnswer) -> bool {
    matches!(answer, LockAnswer::Locked { .. })
}

#[test]
fn every_record_of_a_human_knows_all_others_and_no_tenant_has_any_part_in_it() {
    let mut given = cast::in_training();
    assert_eq!(
        given.when(&operator(), DAY, &merge()),
        Ok(vec!["PersonsMerged".to_owned(); 2])
    );
    assert_eq!(given.when(&operator(), DAY, &merge()), Ok(vec![]));
    let third = MergePersons {
        person: other(),
        other: person(98),
        event: RecordedEvent::of(Identity::id(other()).key(), 1),
        ..merge()
    };
    given.done(&operator(), DAY, &third);
    let all = BTreeSet::from([cast::trainee(), other(), person(98)]);
    for one in &all {
        let mut others = all.clone();
        others.remove(one);
        assert_eq!(same(&given, *one), others);
        let custody = given.state(Identity::id(*one)).and_then(Decider::custody);
        assert_eq!(custody, Some(Custody::of(PLATFORM, []).about(*one)));
    }
    // Taken apart again, the one that leaves leaves all of them.
    given.done(&operator(), DAY, &split([]));
    assert_eq!(same(&given, other()), BTreeSet::new());
    assert_eq!(same(&given, person(98)), BTreeSet::from([cast::trainee()]));
}

#[test]
fn a_merge_names_an_event_of_either_record_and_is_the_platforms_alone() {
    let mut given = cast::in_training();
    for by in [cast::hr(), cast::candidate(), cast::national()] {
        let outcome = given.when(&by, DAY, &merge());
        assert_eq!(outcome, Err(Reason::NotPermitted), "{by:?}");
    }
    let of_nobody = RecordedEvent::of(cast::appointment().vacancy.key(), 1);
    let itself = MergePersons {
        other: cast::trainee(),
        ..merge()
    };
    for wrong in [
        itself,
        MergePersons {
            event: of_nobody,
            ..merge()
        },
        MergePersons {
            event: RecordedEvent {
                sequence: 999,
                ..seen_in_the_application()
            },
            ..merge()
        },
    ] {
        let outcome = given.when(&operator(), DAY, &wrong);
        assert_eq!(outcome, Err(Reason::FieldInvalid), "{wrong:?}");
    }
    let apart = given.when(&operator(), DAY, &split([]));
    assert_eq!(apart, Err(Reason::StateNotAllowed), "they never were one");
}

#[test]
fn scenario_3_one_human_accepts_once_under_whichever_record() {
    let story = Story {
        offer: OfferIs::Made,
        ..Story::default()
    };
    let elsewhere = Id::<Offer>::new(Uuid::from_u128(0xE15E));
    let mut given = cast::told(&story).happened(
        Acceptance::id(other()),
        &AcceptanceEvent::AcceptanceGiven {
            person: other(),
            offer: elsewhere,
        },
    );
    let accept = AcceptOffer {
        offer: Offer::id(cast::employer(), cast::appointment().application),
    };
    let on = date(2025, 12, 18);
    given.done(&operator(), on, &merge());
    let twice = given.when(&cast::candidate(), on, &accept);
    assert_eq!(twice, Err(Reason::OfferAlreadyAccepted));
    given.done(&operator(), on, &split([]));
    assert!(given.when(&cast::candidate(), on, &accept).is_ok());
}

#[test]
fn lock_01_a_lock_is_the_humans_whatever_record_is_asked_about() {
    let mut given = cast::in_training();
    assert!(locked(lock_of(&mut given, cast::trainee())));
    assert!(!locked(lock_of(&mut given, other())));
    given.done(&operator(), DAY, &merge());
    assert!(locked(lock_of(&mut given, other())));
    given.done(&operator(), DAY, &split([]));
    assert!(!locked(lock_of(&mut given, other())));
}

#[test]
fn lock_01_no_second_award_is_approved_for_another_record_of_the_same_human() {
    let whose = Appointment {
        application: Id::new(Uuid::from_u128(0xB1)),
        person: other(),
        vacancy: Id::new(Uuid::from_u128(0xB2)),
        ..cast::appointment()
    };
    let mut given = cast::and_appointed(cast::in_training(), &whose);
    let approve = ApproveAward {
        application: whose.application,
        tuition_pence: None,
        salary_pence: None,
        other_sources: vec![],
    };
    let mut merged = given.clone();
    merged.done(&operator(), DAY, &merge());
    let outcome = merged.when(&cast::national(), cast::TEACHING_START, &approve);
    assert_eq!(outcome, Err(Reason::FundingLockActive));
    let outcome = given.when(&cast::national(), cast::TEACHING_START, &approve);
    assert!(
        outcome.is_ok(),
        "of two humans each has their own: {outcome:?}"
    );
}

#[test]
fn lock_01_and_scenario_3_a_record_of_two_is_parted_by_its_applications() {
    let application = cast::appointment().application;
    let offer = Offer::id(cast::employer(), application);
    let person = cast::trainee();
    let accepted = AcceptanceEvent::AcceptanceGiven { person, offer };
    let mut given = cast::in_training().happened(Acceptance::id(person), &accepted);
    let nobodys = Id::new(Uuid::from_u128(0xBAD));
    let outcome = given.when(&operator(), DAY, &split([nobodys]));
    assert_eq!(outcome, Err(Reason::FieldInvalid));
    given.done(&operator(), DAY, &split([application]));
    let again = given.when(&operator(), DAY, &split([application]));
    assert_eq!(again, Ok(vec![]));
    assert!(!locked(lock_of(&mut given, person)));
    assert!(locked(lock_of(&mut given, other())));
    let standing = |person| {
        given
            .state(Acceptance::id(person))
            .and_then(Acceptance::offer)
    };
    assert_eq!(standing(person), None);
    assert_eq!(standing(other()), Some(offer));
}
