//! What holds whatever was tried.

use std::collections::{BTreeMap, BTreeSet};

use super::{House, THREADS};
use crate::{
    actor::{PLATFORM, TenantId},
    allocation::Allocation,
    board::BoardOutcome,
    funding::{FundingAward, FundingAwardEvent, InstalmentStanding},
    given::{
        cast::{COMMISSIONER, Cast, WEXCOMBE},
        tenant,
    },
    money::Book,
    offer::{Acceptance, Offer, OfferEvent, OfferStage},
    places::{Account, Places},
    training::TrainingEvent,
    world::StreamKey,
};

/// Everything at once.
pub(super) fn check(house: &House) {
    accepted_once(house);
    places_conserved(house);
    for thread in 0..THREADS.len() {
        qualified_by_a_board(house, thread);
        paid_after_the_promise(house, thread);
        seen_by_its_parties(house, thread);
        course_of_a_training(house, thread);
        course_of_an_offer(house, thread);
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
    let later =
        |cast: &Cast| FundingAward::of_payee(whose.commissioner, whose.application, cast.employer);
    for award in [whose.award()]
        .into_iter()
        .chain(house.casts.iter().map(later))
    {
        let mut book = Book::default();
        for payload in house.given.stored(award) {
            let event: FundingAwardEvent = serde_json::from_str(&payload).expect("an event");
            book.note(&event);
        }
        assert_eq!(book.sum(), 0, "{award:?} is out of balance");
    }
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

/// JOINT-03: no record of one employer's trainee has the other employer among its parties; once the
/// service has moved, what is shared of the training is the successor's and not the first one's.
fn seen_by_its_parties(house: &House, thread: usize) {
    let (whose, now) = (house.whose(thread), house.now(thread));
    let first = [
        whose.application.key(),
        whose.offer().key(),
        whose.award().key(),
        whose.employment().key(),
    ];
    let shared = [
        whose.enrolment().key(),
        whose.training().key(),
        whose.qualification().key(),
        whose.preceptorship().key(),
    ];
    let of = |keys: [StreamKey; 4], employer: TenantId| keys.map(|key| (key, employer));
    for (key, employer) in [of(first, whose.employer), of(shared, now.employer)].concat() {
        let Some(custody) = house.given.custody(key) else {
            continue;
        };
        let allowed = [employer, tenant(WEXCOMBE), tenant(COMMISSIONER), PLATFORM];
        for party in custody.parties {
            let own = party.0 == whose.person.0;
            assert!(own || allowed.contains(&party), "{key:?} shows to {party}");
        }
    }
}

/// A training goes from each of its facts to one that may follow: nobody returns who was not away,
/// nothing is confirmed that was not proposed, nothing reversed that was not confirmed, and nobody
/// takes over what was not handed over.
fn course_of_a_training(house: &House, thread: usize) {
    let (mut started, mut away, mut handed) = (false, false, false);
    let (mut proposed, mut withdrawn) = (false, false);
    for payload in house.given.stored(house.whose(thread).training()) {
        let event: TrainingEvent = serde_json::from_str(&payload).expect("an event");
        let name: &'static str = (&event).into();
        match event {
            TrainingEvent::TrainingStarted { .. } => {
                assert!(!started, "started twice");
                started = true;
            }
            TrainingEvent::TrainingInterrupted { .. } => {
                assert!(started && !away && !withdrawn, "{name}");
                away = true;
            }
            TrainingEvent::TrainingResumed { .. } => {
                assert!(away && !withdrawn, "{name}");
                away = false;
            }
            TrainingEvent::WithdrawalProposed { .. } => {
                assert!(started && !proposed && !withdrawn, "{name}");
                proposed = true;
            }
            TrainingEvent::RepresentationsMade { .. } => assert!(proposed, "{name}"),
            TrainingEvent::WithdrawalDropped { .. } => {
                assert!(proposed, "{name}");
                proposed = false;
            }
            TrainingEvent::TrainingWithdrawn { .. } => {
                assert!(proposed, "{name}");
                (proposed, withdrawn) = (false, true);
            }
            TrainingEvent::WithdrawalReversed { .. } => {
                assert!(withdrawn, "{name}");
                withdrawn = false;
            }
            TrainingEvent::LessThanFullTimeGranted { .. } => {
                assert!(started && !withdrawn, "{name}");
            }
            TrainingEvent::TrainingHandedOver { .. } => {
                assert!(!handed && !withdrawn, "{name}");
                handed = true;
            }
            TrainingEvent::TrainingTakenOver { .. } => {
                assert!(handed, "{name}");
                handed = false;
            }
            _ => {}
        }
    }
}

/// JOINT-01: an offer is answered once each time it is made, holds only after it was accepted, and
/// comes back only after it was declined or taken back, saying which event that was.
fn course_of_an_offer(house: &House, thread: usize) {
    let offer = house.whose(thread).offer();
    let mut stage = None;
    let mut fell = 0;
    for (sequence, payload) in (1..).zip(house.given.stored(offer)) {
        let event: OfferEvent = serde_json::from_str(&payload).expect("an event");
        let (from, to): (&[Option<OfferStage>], _) = match &event {
            OfferEvent::OfferMade { .. } => (&[None, Some(OfferStage::Lapsed)], OfferStage::Made),
            OfferEvent::OfferAccepted {} => (&[Some(OfferStage::Made)], OfferStage::Accepted),
            OfferEvent::OfferDeclined {} => (&[Some(OfferStage::Made)], OfferStage::Declined),
            OfferEvent::OfferLapsed {} => (&[Some(OfferStage::Made)], OfferStage::Lapsed),
            OfferEvent::OfferConditionsMet {} => {
                (&[Some(OfferStage::Accepted)], OfferStage::ConditionsMet)
            }
            OfferEvent::OfferRescinded { .. } => (&STANDING, OfferStage::Rescinded),
            OfferEvent::OfferWithdrawn {} => (&STANDING, OfferStage::Withdrawn),
            OfferEvent::OfferReinstated { correction } => {
                assert_eq!(correction.corrects.sequence, fell, "another event");
                (
                    &[Some(OfferStage::Declined), Some(OfferStage::Rescinded)],
                    OfferStage::Made,
                )
            }
            _ => continue,
        };
        assert!(from.contains(&stage), "{stage:?} to {to}");
        if !to.stands() {
            fell = sequence;
        }
        stage = Some(to);
    }
}

/// Where an offer can fall from.
const STANDING: [Option<OfferStage>; 3] = [
    Some(OfferStage::Made),
    Some(OfferStage::Accepted),
    Some(OfferStage::ConditionsMet),
];
