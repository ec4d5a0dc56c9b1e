//! What was declined or taken back by mistake.

use jiff::civil::{Date, date};

use super::*;
use crate::{
    actor::Actor,
    application::WithdrawApplication,
    correction::{Authority, RecordedEvent},
    given::Given,
    reserve::{FreePost, PlaceOnReserve, tests::appointed},
};

const ON: Date = date(2025, 12, 20);

fn again(offer: Id<Offer>) -> ReinstateOffer {
    ReinstateOffer {
        offer,
        reason: ReinstatementReason::NotMeant,
        authority: Authority::Own,
    }
}

fn declined(mut cast: Cast) -> Cast {
    let decline = DeclineOffer {
        offer: offer(&cast),
    };
    cast.when(&candidate(), ON, &decline).expect("declined");
    cast
}

fn rescinded(mut cast: Cast, by: &Actor) -> Cast {
    let rescind = RescindOffer {
        offer: offer(&cast),
        reason: RescissionReason::ConditionsNotMet,
    };
    cast.when(by, ON, &rescind).expect("rescinded");
    cast
}

fn held(cast: &Cast) -> &HeldOffer {
    let held = cast.given.state(offer(cast)).and_then(Offer::held);
    held.expect("an offer")
}

#[test]
fn joint_01_a_candidate_takes_back_a_decline_that_was_a_mistake() {
    let mut cast = declined(made(applied().appointed()));
    let again = again(offer(&cast));
    let answer_by = held(&cast).answer_by;
    for by in [tutor(), stranger(ActingRole::EmployerHr)] {
        assert_eq!(cast.when(&by, ON, &again), Err(Reason::NotPermitted));
    }
    let events = cast.when(&candidate(), ON, &again);
    assert_eq!(events, Ok(vec!["OfferReinstated".to_owned()]));
    assert_eq!(cast.when(&candidate(), ON, &again), Ok(vec![]), "a repeat");
    assert_eq!(held(&cast).answer_by, answer_by, "no time is gained");
    let correction = held(&cast).reinstatement.clone().expect("put right");
    let decline = RecordedEvent::of(offer(&cast).key(), 3);
    assert_eq!(correction.corrects, decline, "the decline, by its place");
    let accept = AcceptOffer {
        offer: offer(&cast),
    };
    cast.when(&candidate(), ON, &accept).expect("accepted");
    assert_eq!(
        cast.when(&candidate(), ON, &again),
        Err(Reason::StateNotAllowed),
        "nothing to put right"
    );
}

#[test]
fn joint_01_a_decline_is_taken_back_in_time_or_offered_again() {
    let mut cast = declined(made(applied().appointed()));
    let (again, late) = (again(offer(&cast)), date(2026, 1, 9));
    assert_eq!(
        cast.when(&candidate(), late, &again),
        Err(Reason::OfferLapsed)
    );
    let events = cast.when(&hr(), late, &again);
    let expected = ["OfferReinstated", "OfferAnswerDue"].map(str::to_owned);
    assert_eq!(events, Ok(expected.to_vec()));
    assert_eq!(held(&cast).answer_by, Some(at("2026-01-23T23:59:59Z")));
}

#[test]
fn joint_01_a_rescission_is_taken_back_by_whoever_rescinded() {
    let met = checked(accepted(applied().appointed()));
    let mut cast = rescinded(met, &tutor());
    let again = again(offer(&cast));
    for by in [hr(), candidate()] {
        assert_eq!(cast.when(&by, ON, &again), Err(Reason::NotPermitted));
    }
    let events = cast.when(&tutor(), date(2026, 1, 20), &again);
    let expected = ["OfferReinstated", "OfferAnswerDue"].map(str::to_owned);
    assert_eq!(events, Ok(expected.to_vec()));
    let held = held(&cast);
    assert_eq!(held.stage, OfferStage::Made, "open for an answer");
    assert_eq!(held.rescission, None);
    assert_eq!(held.checks.len(), 6, "what was cleared stays");
    let accept = AcceptOffer {
        offer: offer(&cast),
    };
    let events = cast.when(&candidate(), date(2026, 1, 21), &accept);
    let expected = ["AcceptanceGiven", "OfferAccepted"].map(str::to_owned);
    assert_eq!(events, Ok(expected.to_vec()));
}

#[test]
fn joint_01_what_fell_otherwise_is_not_reinstated() {
    let mut cast = made(applied().appointed());
    let offer = offer(&cast);
    let again = again(offer);
    let standing = cast.when(&hr(), ON, &again);
    assert_eq!(standing, Err(Reason::StateNotAllowed));
    let lapse = LapseOffer { offer };
    let mut lapsed = Cast {
        given: cast.given.clone(),
        application: cast.application,
    };
    lapsed
        .when(&platform(), date(2026, 1, 2), &lapse)
        .expect("lapsed");
    let answer = lapsed.when(&hr(), date(2026, 1, 2), &again);
    assert_eq!(answer, Err(Reason::StateNotAllowed));
    let mut cast = declined(cast);
    let withdraw = WithdrawApplication {
        application: cast.application,
    };
    cast.when(&candidate(), ON, &withdraw).expect("withdrawn");
    let answer = cast.when(&hr(), ON, &again);
    assert_eq!(answer, Err(Reason::StateNotAllowed), "no application");
}

/// The first of two who waits for the one post gets it when the other declines: the decline cannot be
/// taken back until the post is free once more.
#[test]
fn joint_01_a_post_that_went_to_the_reserve_stays_there() {
    let (given, applications) = appointed(2, 1);
    let offers = [0, 1].map(|n: usize| Offer::id(employer(), applications[n]));
    let people = [1, 2].map(|n| actor(tenant(100 + n), ActingRole::Candidate));
    let mut given: Given = given;
    let make = |n: usize| MakeOffer {
        application: applications[n],
    };
    given.when(&hr(), ON, &make(0)).expect("made");
    let wait = PlaceOnReserve {
        application: applications[1],
    };
    given.when(&hr(), ON, &wait).expect("waits");
    let decline = |n: usize| DeclineOffer { offer: offers[n] };
    let free = |n: usize| FreePost {
        offer: offers[n],
        vacancy: None,
    };
    given.when(&people[0], ON, &decline(0)).expect("declined");

    // before the post is passed on nothing stands in the way, and then it is not passed on
    let mut early = given.clone();
    let back = early.when(&people[0], ON, &again(offers[0]));
    assert_eq!(back, Ok(vec!["OfferReinstated".to_owned()]));
    let passed_on = early.when(&platform(), ON, &free(0));
    assert_eq!(passed_on, Ok(vec![]), "the offer stands");

    given.when(&platform(), ON, &free(0)).expect("passed on");
    for by in [&people[0], &hr()] {
        let refused = given.when(by, ON, &again(offers[0]));
        assert_eq!(refused, Err(Reason::AllPostsOffered));
    }
    given.when(&people[1], ON, &decline(1)).expect("declined");
    given.when(&platform(), ON, &free(1)).expect("freed");
    let back = given.when(&people[0], ON, &again(offers[0]));
    let expected = ["OfferReinstated", "PostOffered"].map(str::to_owned);
    assert_eq!(back, Ok(expected.to_vec()));
}
