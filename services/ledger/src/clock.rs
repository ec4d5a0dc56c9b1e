use std::sync::atomic::{AtomicI64, Ordering};

use domain::refusal::{Reason, Refusal};
use jiff::{SignedDuration, Timestamp};

/// Where business time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// Real time. A fact dated more than a day ahead is `EFFECTIVE_IN_FUTURE`.
    System,
    /// The latest effective time of any accepted command: a demonstration walks through years.
    Sandbox,
}

/// A command known by its day only takes effect at midday, so a fact of today may be dated ahead.
const AHEAD_MAX: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug)]
pub(crate) struct BusinessTime {
    clock: Clock,
    /// Microseconds since 1970 of the latest effective time; `i64::MIN` before the first.
    latest: AtomicI64,
}

impl BusinessTime {
    pub(crate) fn new(clock: Clock, latest: Option<Timestamp>) -> Self {
        Self {
            clock,
            latest: AtomicI64::new(latest.map_or(i64::MIN, Timestamp::as_microsecond)),
        }
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    pub(crate) fn now(&self) -> Timestamp {
        match self.clock {
            Clock::System => Timestamp::now(),
            Clock::Sandbox => Timestamp::from_microsecond(self.latest.load(Ordering::Acquire))
                .unwrap_or_else(|_| Timestamp::now()),
        }
    }

    /// When a command that takes effect at `effective` is learnt of, as its rules see it.
    pub(crate) fn recorded(&self, effective: Timestamp) -> Timestamp {
        match self.clock {
            Clock::System => Timestamp::now(),
            Clock::Sandbox => self.now().max(effective),
        }
    }

    pub(crate) fn check(&self, effective: Timestamp) -> Result<(), Refusal> {
        if self.clock == Clock::System && effective.duration_since(Timestamp::now()) > AHEAD_MAX {
            return Err(Refusal::new(
                Reason::EffectiveInFuture,
                "the effective date is more than a day ahead; record the fact once it is true",
            )
            .at("effective"));
        }
        Ok(())
    }

    pub(crate) fn accept(&self, effective: Timestamp) {
        self.latest
            .fetch_max(effective.as_microsecond(), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_of_next_week_is_refused_and_one_of_today_is_not() {
        let time = BusinessTime::new(Clock::System, None);
        let day = SignedDuration::from_hours(24);
        assert!(time.check(Timestamp::now() + day * 7).is_err());
        assert!(time.check(Timestamp::now() + day / 2).is_ok());
        assert!(time.check(Timestamp::now() - day * 4000).is_ok());
    }

    #[test]
    fn sandbox_time_is_the_latest_accepted_and_never_goes_back() {
        let time = BusinessTime::new(Clock::Sandbox, None);
        let later: Timestamp = "2031-05-01T11:00:00Z".parse().unwrap();
        time.accept(later);
        time.accept("2029-05-01T11:00:00Z".parse().unwrap());
        assert_eq!(time.now(), later);
        assert!(time.check("2040-01-01T00:00:00Z".parse().unwrap()).is_ok());
    }
}
