//! The soft clock of service in the qualified post.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use crate::calendar::whole_months;

/// What the clock of service asks for. It counts from the post, not from the board, and advises
/// only: leaving early is reported, never refused (`LOCK-03`, `LOCK-04`, `X-01`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consolidation {
    /// The first day in the qualified post.
    pub from: Date,
    /// The day from which practice counts as consolidated, were it never interrupted.
    pub until: Date,
}

/// Days that are no service: on leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// The first day away.
    pub from: Date,
    /// The first day back, once known.
    pub until: Option<Date>,
}

/// The clock as it runs: it pauses on leave and stops on leaving (`LOCK-03`, `LOCK-04`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceClock {
    asked: Consolidation,
    pauses: Vec<Pause>,
    stopped: Option<Date>,
}

impl ServiceClock {
    /// A clock that starts.
    pub const fn of(asked: Consolidation) -> Self {
        Self {
            asked,
            pauses: vec![],
            stopped: None,
        }
    }

    /// The first day in the qualified post.
    pub fn from(&self) -> Date {
        self.asked.from
    }

    /// The day from which practice counts as consolidated, with the days away so far.
    pub fn until(&self) -> Date {
        later(self.asked.until, self.days_away(Date::MAX, false))
    }

    /// When it stopped for good.
    pub fn stopped(&self) -> Option<Date> {
        self.stopped
    }

    /// The first day of leave that has not ended.
    pub fn paused(&self) -> Option<Date> {
        self.pauses
            .last()
            .filter(|pause| pause.until.is_none())
            .map(|pause| pause.from)
    }

    /// Whole months of service by a date, at most [`Self::months_needed`].
    pub fn months(&self, on: Date) -> u32 {
        let end = self.stopped.map_or(on, |stopped| stopped.min(on));
        let served = later(end, -self.days_away(end, true));
        whole_months(self.asked.from, served.min(self.asked.until))
    }

    /// Months of service asked for.
    pub fn months_needed(&self) -> u32 {
        whole_months(self.asked.from, self.asked.until)
    }

    /// Whether practice is consolidated on a date: two years of service, not of the calendar
    /// (`LOCK-04`).
    pub fn consolidated(&self, on: Date) -> bool {
        self.months(on) >= self.months_needed()
    }

    /// Leave begins.
    pub fn pause(&mut self, from: Date) {
        self.pauses.push(Pause { from, until: None });
    }

    /// Leave ends.
    pub fn resume(&mut self, on: Date) {
        if let Some(pause) = self.pauses.last_mut() {
            pause.until = Some(on);
        }
    }

    /// The post ends.
    pub fn stop(&mut self, on: Date) {
        self.stopped = Some(on);
    }

    /// Days away before a date; leave that has not ended counts only when `running`.
    fn days_away(&self, before: Date, running: bool) -> i64 {
        self.pauses
            .iter()
            .filter(|pause| running || pause.until.is_some())
            .map(|pause| {
                let until = pause.until.map_or(before, |until| until.min(before));
                days_between(pause.from, until)
            })
            .sum()
    }
}

/// Days from one date to a later one; none to an earlier one.
pub(super) fn days_between(from: Date, until: Date) -> i64 {
    i64::from(from.until(until).map_or(0, |span| span.get_days())).max(0)
}

/// The date so many days later, or earlier.
pub(super) fn later(date: Date, days: i64) -> Date {
    date.saturating_add(days.days())
}
