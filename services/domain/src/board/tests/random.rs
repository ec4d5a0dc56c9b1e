//! Whatever is asked in whatever order: nobody is qualified but by a board.

use proptest::prelude::*;

use super::*;
use crate::{
    appeal::{AppealGround, DecideAppeal, LodgeAppeal},
    qualification::RecordRegisterEntry,
};

/// One thing somebody may try, on the next day.
#[derive(Debug, Clone, Copy)]
enum Try {
    Sit,
    SitInquorate,
    Act,
    Decide(u8),
    Release,
    Correct(i8),
    Appeal,
    Settle(bool),
    Register,
}

fn attempt() -> impl Strategy<Value = Try> {
    prop_oneof![
        3 => Just(Try::Sit),
        1 => Just(Try::SitInquorate),
        1 => Just(Try::Act),
        5 => (0u8..7).prop_map(Try::Decide),
        4 => Just(Try::Release),
        2 => (-9i8..3).prop_map(Try::Correct),
        2 => Just(Try::Appeal),
        2 => any::<bool>().prop_map(Try::Settle),
        2 => Just(Try::Register),
    ]
}

fn decision(n: u8, on: Date) -> BoardDecision {
    let next_board = on.saturating_add(jiff::ToSpan::days(30));
    let work = FurtherWork {
        components: vec!["2".to_owned()],
        due: next_board,
        next_board,
    };
    match n {
        0 => BoardDecision::Pass,
        1 => BoardDecision::Refer(work),
        2 => BoardDecision::Defer(work),
        3 => BoardDecision::DecisionDeferred { next_board },
        4 => BoardDecision::Fail,
        5 => BoardDecision::Withdraw,
        _ => BoardDecision::ExitAward,
    }
}

/// Tries one thing; what is refused is refused.
fn go(given: &mut Given, sittings: &mut Vec<Id<BoardSitting>>, on: Date, what: Try) {
    let secretary = cast::board_secretary();
    let application = cast::appointment().application;
    let last = sittings.last().copied();
    let mut sit = |given: &mut Given, command: HoldBoard| {
        if given.when(&secretary, on, &command).is_ok() {
            sittings.push(Id::derive(cast::university(), &[given.last_request()]));
        }
    };
    match (what, last) {
        (Try::Sit, _) => sit(given, hold(SittingKind::Qualifying, full_board())),
        (Try::SitInquorate, _) => sit(given, hold(SittingKind::Qualifying, vec![])),
        (Try::Act, _) => {
            let action = HoldBoard {
                chairs_action: Some(action(on.saturating_add(jiff::ToSpan::days(30)))),
                ..chairs_action()
            };
            sit(given, action);
        }
        (Try::Decide(n), Some(sitting)) => {
            let _ = given.when(&secretary, on, &ratify(sitting, decision(n, on)));
        }
        (Try::Release, _) => {
            let _ = given.when(&secretary, on, &release());
        }
        (Try::Correct(days), Some(sitting)) => {
            let correct = CorrectBoardDate {
                sitting,
                held: on.saturating_add(jiff::ToSpan::days(i64::from(days))),
                why: DateCorrection::Adjourned,
                authority: crate::correction::Authority::Own,
            };
            let _ = given.when(&secretary, on, &correct);
            given.settle(on);
        }
        (Try::Appeal, _) => {
            let lodge = LodgeAppeal {
                application,
                ground: AppealGround::IrregularConduct,
            };
            let _ = given.when(&secretary, on, &lodge);
        }
        (Try::Settle(upheld), Some(_)) => {
            for sitting in sittings.iter() {
                let appeal = Id::derive(cast::university(), &[application.0, sitting.0]);
                let _ = given.when(&secretary, on, &DecideAppeal { appeal, upheld });
            }
        }
        (Try::Register, _) => {
            let register = RecordRegisterEntry {
                qualification: cast::appointment().qualification(),
                register: "bps".to_owned(),
                number: "W123456".to_owned(),
                until: None,
            };
            let _ = given.when(&cast::hr(), on, &register);
        }
        (Try::Decide(_) | Try::Correct(_) | Try::Settle(_), None) => {}
    }
}

/// ASSESS-01, ASSESS-02: whoever holds a qualification has a ratified pass of a quorate sitting of
/// that very day, and a lock that counts from it; nobody else holds an entry in a register.
fn qualified_by_a_board(given: &Given, sittings: &[Id<BoardSitting>]) -> Result<(), TestCaseError> {
    let whose = cast::appointment();
    let Some(qualification) = given.state(whose.qualification()) else {
        return Ok(());
    };
    let Some(award) = qualification.award() else {
        prop_assert!(qualification.entries().is_empty());
        return Ok(());
    };
    let passed_on = |id: &Id<BoardSitting>| {
        let state = given.state(*id)?;
        let passed = state
            .outcomes()
            .any(|(of, what)| of == whose.application && *what == BoardOutcome::Pass);
        state.sitting().filter(|_| passed).map(|s| s.held)
    };
    let boards: Vec<Date> = sittings.iter().filter_map(passed_on).collect();
    prop_assert!(
        boards.contains(&award.awarded),
        "{} {boards:?}",
        award.awarded
    );
    Ok(())
}

/// Somebody at the end of the year, told once and copied.
fn before_any_board(practised: bool) -> Given {
    static TOLD: std::sync::OnceLock<[Given; 2]> = std::sync::OnceLock::new();
    let [without, with] = TOLD.get_or_init(|| {
        let without = cast::in_training();
        let mut with = without.clone();
        cast::with_portfolio(&mut with);
        [without, with]
    });
    if practised { with } else { without }.clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn assess_01_and_02_no_sequence_qualifies_anybody_without_a_board(
        tries in prop::collection::vec(attempt(), 1..28),
        practised in prop::bool::weighted(0.8),
    ) {
        let mut given = before_any_board(practised);
        let mut sittings = vec![];
        let mut on = cast::BOARD;
        for what in tries {
            on = on.saturating_add(jiff::ToSpan::days(1));
            go(&mut given, &mut sittings, on, what);
            qualified_by_a_board(&given, &sittings)?;
            let award = given.state(cast::appointment().qualification()).and_then(Qualification::award);
            prop_assert!(practised || award.is_none(), "no pass without practice");
        }
        given.settle(on);
        let whose = cast::appointment();
        let award = given.state(whose.qualification()).and_then(Qualification::award);
        let lock = given.state(FundingLock::id(whose.person)).and_then(|lock| lock.lock(whose.application));
        if let (Some(award), Some(lock)) = (award, lock) {
            prop_assert_eq!(lock.board, award.awarded);
            prop_assert!(!lock.provisional);
        }
    }
}
