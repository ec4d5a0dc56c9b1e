//! Civil dates and instants in Europe/London; every rule that names a date reads it here.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime},
    tz::TimeZone,
};

fn london() -> TimeZone {
    TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)
}

/// The civil date in London at an instant.
pub fn london_date(at: Timestamp) -> Date {
    at.to_zoned(london()).date()
}

/// The instant of a London civil date-time; an ambiguous hour resolves to the earlier instant.
/// `None` only outside the calendar's range.
pub fn london_instant(at: DateTime) -> Option<Timestamp> {
    at.to_zoned(london()).ok().map(|zoned| zoned.timestamp())
}

/// Midday in London of a civil date: the instant of a fact that is known by its day only.
pub fn midday(date: Date) -> Timestamp {
    london_instant(date.at(12, 0, 0, 0)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The corresponding date `years` later; the last day of the month where that day does not exist (A.3).
pub fn years_later(date: Date, years: u32) -> Date {
    date.saturating_add(i64::from(years).years())
}

/// The corresponding date `months` later, by the same rule.
pub fn months_later(date: Date, months: u32) -> Date {
    date.saturating_add(i64::from(months).months())
}

/// The financial year a day lies in, from 1 April to 31 March: `2026/27` (`FUND-13`).
pub fn financial_year(on: Date) -> String {
    let first = if on.month() >= 4 {
        on.year()
    } else {
        on.year() - 1
    };
    format!("{first}/{:02}", (first + 1).rem_euclid(100))
}

/// The first day of the month after the one a day lies in.
pub fn next_month(on: Date) -> Date {
    months_later(on.first_of_month(), 1)
}

/// So many days later.
pub fn days_later(date: Date, days: u32) -> Date {
    date.saturating_add(i64::from(days).days())
}

/// Days from `from` to `to`, negative when `to` is earlier; `None` beyond the calendar's range.
pub fn days_between(from: Date, to: Date) -> Option<i64> {
    let span = from.until(to).ok()?;
    Some(i64::from(span.get_days()))
}

/// Whole months from `from` to `to`, zero when `to` is earlier.
pub fn whole_months(from: Date, to: Date) -> u32 {
    let mut months = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month())
        - i32::from(from.month());
    if months > 0 && months_later(from, months.unsigned_abs()) > to {
        months -= 1;
    }
    u32::try_from(months).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn corresponding_date_falls_back_to_the_last_day_of_the_month() {
        assert_eq!(years_later(date(2024, 2, 29), 2), date(2026, 2, 28));
        assert_eq!(years_later(date(2023, 4, 20), 2), date(2025, 4, 20));
        assert_eq!(months_later(date(2026, 11, 30), 3), date(2027, 2, 28));
    }

    #[test]
    fn fund_13_a_financial_year_runs_from_april_to_march() {
        assert_eq!(financial_year(date(2024, 3, 31)), "2023/24");
        assert_eq!(financial_year(date(2024, 4, 1)), "2024/25");
        assert_eq!(financial_year(date(1999, 12, 31)), "1999/00");
    }

    #[test]
    fn whole_months_count_only_completed_months() {
        assert_eq!(whole_months(date(2027, 4, 5), date(2028, 4, 4)), 11);
        assert_eq!(whole_months(date(2027, 4, 5), date(2028, 4, 5)), 12);
        assert_eq!(whole_months(date(2027, 4, 5), date(2027, 4, 4)), 0);
    }

    #[test]
    fn london_dates_follow_summer_time() {
        let late = "2026-07-01T23:30:00Z".parse().map(london_date);
        assert_eq!(late.ok(), Some(date(2026, 7, 2)));
    }
}
