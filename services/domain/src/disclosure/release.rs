//! When figures about people of others are released (B.7, D.18): somebody who reads them before and
//! after one thing that they know of must not learn whom it counted.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

/// When such figures are read again: at the end of a number of months, policy
/// `disclosure.release_months`, and only when enough people have changed since they were last, policy
/// `disclosure.minimum_change`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Releases {
    /// So many months are read together.
    pub months: u32,
    /// So many people must have changed.
    pub minimum_change: u32,
}

impl Releases {
    /// The last release by a day, of how many people have changed in each month, by its first day: it
    /// holds every month before, and is read from the day after, when nothing of them is on its way into
    /// a view any more. `None` while there was none. Later months alter no earlier release, so
    /// whoever asks about a day is told the same for ever.
    pub fn last(self, changes: &BTreeMap<Date, u32>, by: Date) -> Option<Date> {
        let mut periods: BTreeMap<Date, u32> = BTreeMap::new();
        for (month, people) in changes {
            let sum = periods.entry(self.end_of(*month)).or_default();
            *sum = sum.saturating_add(*people);
        }
        let (mut released, mut waiting) = (None, 0_u32);
        for (end, people) in periods.into_iter().filter(|(end, _)| *end < by) {
            waiting = waiting.saturating_add(people);
            if waiting >= self.minimum_change {
                (released, waiting) = (Some(end), 0);
            }
        }
        released
    }

    /// The first day after the months that a day is read with.
    fn end_of(self, day: Date) -> Date {
        let months = i32::try_from(self.months.clamp(1, 12)).unwrap_or(1);
        let since = i32::from(day.year()) * 12 + i32::from(day.month()) - 1;
        let left = months - since.rem_euclid(months);
        day.first_of_month().saturating_add(left.months())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    const MONTHLY: Releases = Releases {
        months: 1,
        minimum_change: 8,
    };

    fn changes(of: &[(i8, u32)]) -> BTreeMap<Date, u32> {
        let month = |(month, people): &(i8, u32)| (date(2026, *month, 1), *people);
        of.iter().map(month).collect()
    }

    #[test]
    fn d_18_what_changes_in_a_month_is_not_released_before_its_end() {
        let changes = changes(&[(3, 20)]);
        assert_eq!(MONTHLY.last(&changes, date(2026, 3, 31)), None);
        let april = date(2026, 4, 1);
        assert_eq!(MONTHLY.last(&changes, april), None);
        assert_eq!(MONTHLY.last(&changes, date(2026, 4, 2)), Some(april));
    }

    #[test]
    fn d_18_fewer_people_than_the_minimum_wait_for_more() {
        let changes = changes(&[(3, 20), (4, 1), (5, 6), (7, 1)]);
        let released = |month| MONTHLY.last(&changes, date(2026, month, 15));
        assert_eq!(released(4), Some(date(2026, 4, 1)));
        assert_eq!(released(6), Some(date(2026, 4, 1)), "seven");
        assert_eq!(released(7), Some(date(2026, 4, 1)), "the month goes on");
        assert_eq!(released(8), Some(date(2026, 8, 1)), "eight");
    }

    #[test]
    fn d_18_months_may_be_read_together() {
        let quarterly = Releases {
            months: 3,
            ..MONTHLY
        };
        let changes = changes(&[(2, 9), (12, 9)]);
        let released = |month| quarterly.last(&changes, date(2026, month, 28));
        assert_eq!([released(2), released(3)], [None, None]);
        assert_eq!(released(4), Some(date(2026, 4, 1)));
        let next = date(2027, 1, 1);
        assert_eq!(quarterly.last(&changes, date(2027, 1, 2)), Some(next));
    }

    proptest! {
        /// Whatever happens and whenever it is asked, two releases differ by as many people or more.
        #[test]
        fn d_18_no_two_releases_differ_by_fewer_people(
            people in prop::collection::vec(0_u32..12, 12), months in 1_u32..=12,
        ) {
            let releases = Releases { months, ..MONTHLY };
            let changes = changes(&(1..).zip(people).collect::<Vec<_>>());
            let held = |by: Date| -> u32 {
                let released = releases.last(&changes, by);
                let holds = |(month, _): &(&Date, _)| released.is_some_and(|end| **month < end);
                changes.iter().filter(holds).map(|(_, people)| people).sum()
            };
            let mut before = 0;
            let mut day = date(2026, 1, 1);
            while day < date(2027, 2, 1) {
                let now = held(day);
                prop_assert!(now == before || now >= before + 8);
                before = now;
                day = day.saturating_add(1.days());
            }
        }
    }
}
