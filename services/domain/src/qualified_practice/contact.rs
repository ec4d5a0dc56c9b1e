//! Patient contact of a qualified practitioner, week by week: counts only, nothing of a patient.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

/// How a patient is seen (`PRACTICE-02`).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ContactMode {
    /// In a clinic.
    Clinic,
    /// In the patient's own home.
    Home,
    /// By video link.
    Video,
    /// By telephone.
    Telephone,
}

/// One full week in the qualified post.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeWeek {
    /// Its Monday.
    pub monday: Date,
    /// Contact by mode, in quarter-hours.
    pub contact: BTreeMap<ContactMode, u32>,
    /// Supervision received, in quarter-hours (`SUP-05`).
    pub supervision_quarters: u32,
    /// People on the caseload.
    pub caseload: u32,
    /// Sessions held, of all of them together (`PRACTICE-13`).
    pub sessions: u32,
}

impl PracticeWeek {
    /// Contact by any mode, in quarter-hours.
    pub fn quarters(&self) -> u32 {
        self.contact
            .values()
            .fold(0, |sum, quarters| sum.saturating_add(*quarters))
    }
}

/// What the weeks of a post come to, and what was asked for in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactLog {
    /// Contact and expectation of each week, in quarter-hours, by its Monday.
    weeks: BTreeMap<Date, (u32, u32)>,
    /// Days away, from the first one to the first one back.
    away: Vec<(Date, Option<Date>)>,
}

impl ContactLog {
    /// Takes a week in; a correction replaces what it corrects.
    pub fn week(&mut self, monday: Date, quarters: u32, expected: u32) {
        self.weeks.insert(monday, (quarters, expected));
    }

    /// Away from a day on.
    pub fn away(&mut self, from: Date) {
        self.away.push((from, None));
    }

    /// Back from a day on.
    pub fn back(&mut self, on: Date) {
        if let Some((_, until)) = self.away.last_mut() {
            *until = Some(on);
        }
    }

    /// Whether a week has a day of leave in it; such a week is not measured.
    pub fn has_leave(&self, monday: Date) -> bool {
        let sunday = monday.saturating_add(6.days());
        self.away
            .iter()
            .any(|(from, until)| *from <= sunday && until.is_none_or(|until| until > monday))
    }

    /// Contact and expectation of the measured weeks together, and how many they are.
    pub fn measured(&self) -> (u32, u32, u32) {
        self.weeks
            .iter()
            .filter(|(monday, _)| !self.has_leave(**monday))
            .fold(
                (0, 0, 0),
                |(sum, asked, weeks), (_, (quarters, expected))| {
                    (
                        u32::saturating_add(sum, *quarters),
                        u32::saturating_add(asked, *expected),
                        u32::saturating_add(weeks, 1),
                    )
                },
            )
    }

    /// Whether contact is below what is asked for, on average over the measured weeks
    /// (`PRACTICE-01`).
    pub fn below(&self) -> bool {
        let (quarters, expected, _) = self.measured();
        quarters < expected
    }

    /// Average contact of a measured week, in quarter-hours, rounded down.
    pub fn average(&self) -> u32 {
        let (quarters, _, weeks) = self.measured();
        quarters.checked_div(weeks).unwrap_or(0)
    }
}
