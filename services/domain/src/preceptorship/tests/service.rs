//! The soft clock of service, and what keeps it apart from the funding lock.

use proptest::prelude::*;

use super::*;
use crate::{
    funding::{FundingLock, LockAnswer, LockQuestion},
    policy::Policies,
};

#[test]
fn x_01_and_lock_04_two_clocks_two_starts_two_strengths() {
    // board passed 24 months ago, in post for 18 months
    let today = date(2029, 3, 10);
    let post = date(2027, 9, 10);
    let clock = clock(post);
    assert_eq!((clock.months(today), clock.months_needed()), (18, 24));
    assert!(!clock.consolidated(today));

    let whose = cast::appointment();
    let given = cast::in_training();
    let fixed = crate::funding::FixFundingLock {
        appointment: whose.clone(),
        board: cast::BOARD,
    };
    let mut given = given;
    assert!(given.when(&Actor::platform(), cast::BOARD, &fixed).is_ok());
    let issue = Issue {
        by: Actor::platform(),
        effective: crate::calendar::midday(today),
        recorded: crate::calendar::midday(today),
        request: Uuid::nil(),
        policies: Policies::default(),
        salt: crate::personal::DigestSalt(uuid::Uuid::nil()),
    };
    let lock = given.state(FundingLock::id(whose.person)).expect("locked");
    let answer = lock.answer(&LockQuestion::another_training(today), None, &issue);
    assert_eq!(answer, Ok(LockAnswer::Clear { exemption: None }));
    let day_before = LockQuestion::another_training(date(2029, 3, 9));
    assert!(matches!(
        lock.answer(&day_before, None, &issue),
        Ok(LockAnswer::Locked { .. })
    ));
}

fn clock(from: Date) -> ServiceClock {
    ServiceClock::of(Consolidation {
        from,
        until: years_later(from, 2),
    })
}

#[test]
fn lock_03_the_soft_clock_counts_whole_months_of_service_and_stops_when_full() {
    let clock = clock(POST);
    #[rustfmt::skip]
    let table = [
        (date(2027, 3, 10), 0), (POST, 0), (date(2027, 5, 4), 0), (date(2027, 5, 5), 1),
        (date(2028, 4, 4), 11), (date(2028, 4, 5), 12), (date(2029, 4, 4), 23),
        (date(2029, 4, 5), 24), (date(2035, 1, 1), 24),
    ];
    for (on, months) in table {
        assert_eq!(clock.months(on), months, "{on}");
    }
}

#[test]
fn lock_03_and_04_the_soft_clock_pauses_on_leave_and_stops_on_leaving() {
    let mut clock = clock(POST);
    clock.pause(date(2027, 10, 5));
    assert_eq!(clock.months(date(2028, 4, 5)), 6, "away for the other six");
    clock.resume(date(2028, 4, 5));
    assert_eq!(clock.months(date(2027, 10, 5)), 6, "as it was then");
    // 183 days away
    assert_eq!(clock.until(), date(2029, 10, 5));
    assert!(!clock.consolidated(date(2029, 10, 4)));
    assert!(clock.consolidated(date(2029, 10, 5)));
    clock.stop(date(2028, 6, 10));
    assert_eq!(clock.months(date(2035, 1, 1)), 8);
    assert!(!clock.consolidated(date(2035, 1, 1)));
}

proptest! {
    #[test]
    fn lock_03_the_soft_clock_never_runs_backwards_nor_past_what_is_needed(
        days in 0i64..20_000,
        further in 0i64..1_600,
        leave in prop::collection::vec((1i64..200, 1i64..200), 0..4),
        left in prop::option::of(1i64..1_600),
    ) {
        let from = POST.saturating_add(days.days());
        let mut clock = clock(from);
        let mut day = from;
        for (worked, away) in leave {
            day = day.saturating_add(worked.days());
            clock.pause(day);
            day = day.saturating_add(away.days());
            clock.resume(day);
        }
        let uninterrupted = self::clock(from);
        if let Some(left) = left {
            clock.stop(from.saturating_add(left.days()));
        }
        let on = from.saturating_add(further.days());
        let next = on.saturating_add(1.day());
        prop_assert!(clock.months(on) <= clock.months(next));
        prop_assert!(clock.months(on) <= uninterrupted.months(on));
        prop_assert!(clock.months(next) <= clock.months_needed());
        prop_assert_eq!(clock.months(from.saturating_sub(1.day())), 0);
    }
}
