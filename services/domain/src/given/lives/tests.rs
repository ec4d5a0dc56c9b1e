//! The properties.

use proptest::prelude::*;

use super::{
    acts::Act,
    course::{Line, SCRIPTS, Turn},
    *,
};
use crate::{actor::Party, board::SittingKind};

fn party() -> impl Strategy<Value = Party> {
    prop_oneof![Just(Party::Employer), Just(Party::University)]
}

/// Anything at all, the likelier the less it ends.
fn act() -> impl Strategy<Value = Act> {
    let yes = || prop::bool::weighted(0.7);
    let kind = prop_oneof![
        Just(SittingKind::Qualifying),
        Just(SittingKind::Reassessment)
    ];
    let selection = prop_oneof![
        Just(Act::Apply),
        Just(Act::Study),
        (party(), yes()).prop_map(|(party, yes)| Act::Shortlist(party, yes)),
        Just(Act::Interview),
        Just(Act::OpenRound),
        (party(), yes()).prop_map(|(party, yes)| Act::Seal(party, yes)),
        (party(), yes()).prop_map(|(party, yes)| Act::Amend(party, yes)),
        party().prop_map(Act::WithdrawDecision),
        Just(Act::WithdrawApplication),
        Just(Act::MakeOffer),
        Just(Act::Accept),
        Just(Act::Decline),
        party().prop_map(Act::Rescind),
        Just(Act::Checks),
        party().prop_map(Act::Confirm),
    ];
    let training = prop_oneof![
        (3u8..6).prop_map(Act::Employ),
        (6u8..8).prop_map(Act::Enrol),
        (0usize..2).prop_map(Act::Supervise),
        Just(Act::EndSupervision),
        Just(Act::Place),
        (0u8..5, 1u32..9).prop_map(|(which, share)| Act::Log(which, share)),
        Just(Act::Sign),
        Just(Act::Review),
        Just(Act::Portfolio),
        Just(Act::Extend),
        Just(Act::EndEmployment),
        kind.prop_map(Act::HoldBoard),
        (0u8..7).prop_map(Act::Decide),
        Just(Act::Release),
        Just(Act::Register),
    ];
    let money = prop_oneof![
        Just(Act::Award),
        (1u32..14).prop_map(Act::Pay),
        Just(Act::Suspend),
        Just(Act::Resume),
        Just(Act::Stop),
        Just(Act::Reinstate),
        (1u32..13).prop_map(Act::Claim),
        (0i8..3).prop_map(Act::Close),
        (4u8..7, any::<bool>()).prop_map(|(band, permanent)| Act::Evidence(band, permanent)),
        Just(Act::EndPost),
        Just(Act::Grace),
        Just(Act::Breach),
        Just(Act::Stranger),
    ];
    let course = prop_oneof![
        prop::option::of(party()).prop_map(Turn::ReinstateOffer),
        Just(Turn::Interrupt),
        any::<bool>().prop_map(Turn::ResumeTraining),
        (party(), 1u32..4).prop_map(|(party, days)| Turn::Lighten(party, days)),
        prop::option::of(party()).prop_map(Turn::Propose),
        Just(Turn::Represent),
        Just(Turn::ConfirmWithdrawal),
        Just(Turn::Drop),
        any::<bool>().prop_map(Turn::Reverse),
        Just(Turn::ReinstateEmployment),
        Just(Turn::Move),
    ];
    prop_oneof![selection, training, money, course.prop_map(Act::Course)]
}

/// How many histories: a few in every run, as many as `PROPTEST_CASES` says on demand.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES");
    asked
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(64)
}

/// One step of a history.
#[derive(Debug, Clone, Copy)]
enum Step {
    Onward,
    Any(usize, Act),
    /// Things one after the other, and no others between.
    Script(usize, usize),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => Just(Step::Onward),
        2 => (0..THREADS.len(), act()).prop_map(|(thread, act)| Step::Any(thread, act)),
        1 => (0..THREADS.len(), 0..SCRIPTS.len())
            .prop_map(|(thread, script)| Step::Script(thread, script)),
        // a service whose move takes long, with lives going on between its steps
        1 => (0..THREADS.len()).prop_map(|thread| Step::Any(thread, Act::Course(Turn::Move))),
        1 => (0i64..6).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..320)
}

/// Everything stored, stream by stream.
fn stored(house: &House) -> Vec<String> {
    let log = house.given.log();
    log.into_iter()
        .map(|(key, payload, _)| format!("{key:?} {payload}"))
        .collect()
}

fn play(steps: &[Step], pick: &mut dyn FnMut(usize) -> usize) -> House {
    let mut house = House::advertised();
    for (n, step) in steps.iter().enumerate() {
        match *step {
            Step::Onward => {
                house.onward();
            }
            Step::Any(thread, act) => {
                let outcome = house.tries(thread, act);
                assert!(act != Act::Stranger || outcome.is_err(), "a stranger acts");
            }
            Step::Script(thread, script) => {
                for line in SCRIPTS[script] {
                    match *line {
                        Line::Waits(days) => {
                            let until = house.today.saturating_add(days.days());
                            house.wait(until);
                        }
                        Line::Tries(act) => {
                            let _ = house.tries(thread, act);
                        }
                    }
                    let today = house.today;
                    house.given.settle_by(today, pick);
                }
            }
            Step::Wait(days) => {
                let until = house.today.saturating_add(days.days());
                house.wait(until);
            }
        }
        let today = house.today;
        house.given.settle_by(today, pick);
        if n % 16 == 0 {
            invariants::check(&house);
        }
    }
    invariants::check(&house);
    house
}

#[test]
fn the_path_of_a_life_ends_in_the_promised_post() {
    let mut house = House::advertised();
    while house.onward().is_some() {
        let today = house.today;
        house.given.settle(today);
    }
    invariants::check(&house);
    let discharged = house.casts.map(|cast| {
        let promise = house.given.state(cast.commitment);
        promise.map(crate::commitment::Commitment::discharged)
    });
    assert_eq!(discharged, [Some(3), Some(0)], "each person once");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is tried in whatever order over the whole of several lives.
    #[test]
    fn no_history_breaks_the_house(steps in steps()) {
        let house = play(&steps, &mut |_| 0);
        prop_assert!(house.given.replays());
    }

    /// Reactions of different tenants run in any order, to the same end.
    #[test]
    fn whoever_reacts_first_the_end_is_the_same(
        steps in steps(),
        picks in prop::collection::vec(any::<usize>(), 64),
    ) {
        let mut turns = picks.into_iter().cycle();
        let mut any = |of: usize| turns.next().unwrap_or(0) % of;
        let shuffled = play(&steps, &mut any);
        let ordered = play(&steps, &mut |_| 0);
        prop_assert_eq!(stored(&ordered), stored(&shuffled));
    }
}
