//! Intakes over the years: a row per month in which some start (`REPORT-09`), and the sum over a
//! range of months (`TIME-10`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use ledger::view::Figures;

use crate::{
    dashboard::Shown,
    record::{AllocationRecord, IntakeRecord},
};

/// The figures behind the rows, by month of the first teaching day.
const CAPACITY: &str = "capacity_by_start";
const ALLOCATED: &str = "places_by_start";
const FILLED: &str = "places_filled_by_start";

/// Joins an allocation to the month of its intake.
const START_OF: &str = "start_of_intake";
const ALLOCATED_AT: &str = "places_at_intake";
const FILLED_AT: &str = "places_filled_at_intake";

pub(crate) fn sums_of_intake(own: uuid::Uuid, intake: &IntakeRecord, sums: &mut Figures) {
    if let Some(start) = intake.teaching_start {
        let month = start.first_of_month();
        let capacity: i64 = intake.capacity.values().copied().map(i64::from).sum();
        sums.add_of(CAPACITY, month, capacity);
        sums.add_of(START_OF, format!("{own}/{month}"), 1);
    }
}

pub(crate) fn sums_of_allocation(allocation: &AllocationRecord, sums: &mut Figures) {
    if let Some(intake) = allocation.intake {
        sums.add_of(ALLOCATED_AT, intake, i64::from(allocation.confirmed()));
        sums.add_of(FILLED_AT, intake, allocation.filled.len() as i64);
    }
}

/// Adds the places of each month's intakes.
pub(crate) fn complete(figures: &mut Figures) {
    let starts: BTreeMap<&str, &str> = figures
        .parts(START_OF)
        .filter_map(|(part, _)| part.split_once('/'))
        .collect();
    let mut more = Figures::default();
    for (at, by_start) in [(ALLOCATED_AT, ALLOCATED), (FILLED_AT, FILLED)] {
        for (intake, places) in figures.parts(at) {
            if let Some(month) = starts.get(intake) {
                more.add_part(by_start, month, places);
            }
        }
    }
    figures.add_all(&more);
}

/// The intakes that start in one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Row {
    /// Places of the intakes.
    pub capacity: i64,
    /// Places confirmed.
    pub allocated: i64,
    /// Places filled.
    pub filled: i64,
}

/// Months and their intakes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trend {
    /// By the first day of the month.
    pub months: BTreeMap<Date, Row>,
}

impl Trend {
    /// The months from one to another, both included, as a dashboard shows them.
    pub fn of(shown: &[Shown], from: Date, until: Date) -> Self {
        let range = from.first_of_month()..=until.first_of_month();
        let mut trend = Self::default();
        for figure in shown {
            let Ok(month) = figure.part.parse::<Date>() else {
                continue;
            };
            if !range.contains(&month) {
                continue;
            }
            let value = figure.value.unwrap_or(0);
            match figure.name {
                CAPACITY => trend.months.entry(month).or_default().capacity = value,
                ALLOCATED => trend.months.entry(month).or_default().allocated = value,
                FILLED => trend.months.entry(month).or_default().filled = value,
                _ => {}
            }
        }
        trend
    }

    /// All months together.
    pub fn total(&self) -> Row {
        self.months.values().fold(Row::default(), |sum, row| Row {
            capacity: sum.capacity.saturating_add(row.capacity),
            allocated: sum.allocated.saturating_add(row.allocated),
            filled: sum.filled.saturating_add(row.filled),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;
    use crate::{dashboard::Unit, record::AllocationStage};

    fn shown(figures: &Figures) -> Vec<Shown> {
        [CAPACITY, ALLOCATED, FILLED]
            .into_iter()
            .flat_map(|name| {
                figures.parts(name).map(move |(part, value)| Shown {
                    name,
                    part: part.to_owned(),
                    others: 0,
                    value: Some(value),
                    unit: Unit::Count,
                })
            })
            .collect()
    }

    #[test]
    fn report_09_and_time_10_the_trend_has_a_row_per_start_and_the_range_sums_them() {
        let mut figures = Figures::default();
        for (number, start, places) in [
            (1, date(2022, 1, 10), 20),
            (2, date(2022, 1, 24), 10),
            (3, date(2023, 3, 6), 40),
            (4, date(2024, 3, 4), 60),
        ] {
            let intake = Uuid::from_u128(number);
            let planned = IntakeRecord {
                capacity: BTreeMap::from([(7, places)]),
                teaching_start: Some(start),
                ..IntakeRecord::default()
            };
            sums_of_intake(intake, &planned, &mut figures);
            let held = AllocationRecord {
                intake: Some(intake),
                places: places / 2,
                stage: AllocationStage::Confirmed,
                filled: [Uuid::from_u128(100 + number)].into(),
                ..AllocationRecord::default()
            };
            sums_of_allocation(&held, &mut figures);
        }
        complete(&mut figures);
        let trend = Trend::of(&shown(&figures), date(2022, 1, 31), date(2023, 12, 31));
        let row = |capacity, allocated, filled| Row {
            capacity,
            allocated,
            filled,
        };
        assert_eq!(
            trend.months.into_iter().collect::<Vec<_>>(),
            [
                (date(2022, 1, 1), row(30, 15, 2)),
                (date(2023, 3, 1), row(40, 20, 1)),
            ],
            "two years, and not the third"
        );
        let trend = Trend::of(&shown(&figures), date(2022, 1, 1), date(2024, 12, 1));
        assert_eq!(trend.total(), row(130, 65, 4));
    }
}
