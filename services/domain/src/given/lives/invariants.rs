//! What holds whatever was tried.

use std::collections::{BTreeMap, BTreeSet};

use super::{House, THREADS};
use crate::{
    actor::PLATFORM,
    allocation::Allocation,
    board::BoardOutcome,
    funding::{FundingAwardEvent, InstalmentStanding},
    given::{
        cast::{COMMISSIONER, WEXCOMBE},
        tenant,
    },
    money::Book,
    offer::{Acceptance, Offer, OfferStage},
    places::{Account, Places},
};

/// Everything at once.
pub(super) fn check(house: &House) {
    accepted_once(house);
    places_conserved(house);
    for thread in 0..THREADS.len() {
        qualified_by_a_board(house, thread);
        paid_after_the_promise(house, thread);
        seen_by_its_parties(house, thread);
    }
}

fn stage(house: &House, thread: usize) -> Option<OfferStage> {
    let offer = house.whose(thread).offer();
    let held = house.given.state(offer).and_then(Offer::held);
    held.map(|held| held.stage)
}

/// JOINT-01: one person stands by one offer at most, and the record of acceptances says which.
fn accepted_once(house: &House) {
    let people: BTreeSet<u128> = THREADS.iter().map(|(person, _)| *person).collect();
    for person in people {
        let standing: Vec<_> = (0..THREADS.len())
            .filter(|thread| THREADS[*thread].0 == person)
            .filter(|thread| {
                matches!(
                    stage(house, *thread),
                    Some(OfferStage::Accepted | OfferStage::ConditionsMet)
                )
            })
            .map(|thread| house.whose(thread).offer())
            .collect();
        assert!(standing.len() <= 1, "{person:x} accepted {standing:?}");
        let acceptance = house
            .given
            .state(Acceptance::id(crate::given::person(person)))
            .and_then(Acceptance::offer);
        assert_eq!(acceptance, standing.first().copied(), "{person:x}");
    }
}

/// ALLOC-07, ALLOC-13: the ledger of places sums to zero, no account is overdrawn, and the people in
/// filled places are those whose offers stand.
fn places_conserved(house: &House) {
    let mut whole = BTreeMap::<Account, i64>::new();
    let mut add = |places: &Places| {
        for (account, balance) in places.balances() {
            *whole.entry(account).or_default() += balance;
        }
    };
    let mut places = Places::default();
    for payload in house.given.stored(house.casts[0].intake) {
        places.note_intake(&serde_json::from_str(&payload).expect("an event"));
    }
    add(&places);
    for cast in &house.casts {
        let mut places = Places::default();
        for payload in house.given.stored(cast.allocation) {
            places.note_allocation(&serde_json::from_str(&payload).expect("an event"));
        }
        add(&places);
        let allocation = house.given.state(cast.allocation).expect("allocated");
        let held = allocation.proposed().map_or(0, |proposal| proposal.places);
        assert!(Allocation::filled(allocation) <= held as usize);
    }
    assert_eq!(whole.values().sum::<i64>(), 0, "{whole:?}");
    for (account, balance) in &whole {
        assert!(
            *balance >= 0 || *account == Account::Commissioned,
            "{whole:?}"
        );
    }
}

/// BOARD-01: whoever is qualified passed at a sitting of that day.
fn qualified_by_a_board(house: &House, thread: usize) {
    let whose = house.whose(thread);
    let Some(qualification) = house.given.state(whose.qualification()) else {
        return;
    };
    let Some(award) = qualification.award() else {
        assert!(
            qualification.entries().is_empty(),
            "registered, unqualified"
        );
        return;
    };
    let passed = house.sittings.iter().any(|sitting| {
        house.given.state(*sitting).is_some_and(|state| {
            state
                .sitting()
                .is_some_and(|held| held.held == award.awarded)
                && state
                    .outcomes()
                    .any(|(of, what)| of == whose.application && *what == BoardOutcome::Pass)
        })
    });
    assert!(passed, "qualified on {} by no board", award.awarded);
}

/// FUND-01, FUND-03: the books balance; nothing is paid before the promise of the post, nor to
/// somebody who was never in training.
fn paid_after_the_promise(house: &House, thread: usize) {
    let whose = house.whose(thread);
    let mut book = Book::default();
    for payload in house.given.stored(whose.award()) {
        let event: FundingAwardEvent = serde_json::from_str(&payload).expect("an event");
        book.note(&event);
    }
    assert_eq!(book.sum(), 0, "out of balance");
    let Some(award) = house.given.state(whose.award()) else {
        return;
    };
    let paid = award
        .instalments()
        .any(|(_, month)| month.standing == InstalmentStanding::Paid);
    if paid {
        assert!(
            house.given.state(whose.commitment()).is_some(),
            "no promise"
        );
        let started = house
            .given
            .stored(whose.training())
            .iter()
            .any(|payload| payload.contains("TrainingStarted"));
        assert!(started, "paid before the training");
        assert!(house.given.state(whose.employment()).is_some());
        assert!(house.given.state(whose.enrolment()).is_some());
    }
}

/// JOINT-03: no record of one employer's trainee has the other employer among its parties.
fn seen_by_its_parties(house: &House, thread: usize) {
    let whose = house.whose(thread);
    let allowed = [
        whose.employer,
        tenant(WEXCOMBE),
        tenant(COMMISSIONER),
        PLATFORM,
    ];
    for key in [
        whose.application.key(),
        whose.offer().key(),
        whose.award().key(),
        whose.employment().key(),
        whose.enrolment().key(),
        whose.training().key(),
        whose.qualification().key(),
        whose.preceptorship().key(),
    ] {
        let Some(custody) = house.given.custody(key) else {
            continue;
        };
        for party in custody.parties {
            let own = party.0 == whose.person.0;
            assert!(own || allowed.contains(&party), "{key:?} shows to {party}");
        }
    }
}
