//! Figures about people of others, as they were released: read at the ends of months and only when
//! enough people have changed (B.7, D.18). Who reads them before and after one thing they know of is
//! told the same.
//!
//! What a record adds to such figures is kept by the month in which the service learnt it, so that the
//! figures of every release there was follow from the sums at hand: nothing is stored that was read, a
//! build from nothing gives the same, and a question about an earlier day is answered with what was
//! released by then.

use std::collections::BTreeMap;

use domain::{
    calendar::london_date, disclosure::Releases, fact::Fact, policy::Policies, refusal::Refusal,
};
use jiff::{Timestamp, ToSpan as _, civil::Date};
use ledger::{
    Clock,
    view::{Figures, Noted},
};
use serde::{Deserialize, Serialize};

use crate::{
    dashboard::{Dashboard, Shown, disclosed, every},
    record::Record,
};

/// Sums by month, and how many people changed in it: `learnt/dated/…`.
const MOVED: &str = "moved";
const PEOPLE_MOVED: &str = "people_moved";

/// Figures that are released together.
#[derive(Debug, Clone, Copy)]
pub struct Group {
    /// What is shown.
    pub figures: &'static [&'static str],
    /// The sums it follows from.
    pub(crate) sums: &'static [&'static str],
    /// The sum that tells how many people a record's change is about; each record is of one person
    /// where there is none.
    pub(crate) people: Option<&'static str>,
    /// Sums that do not move with people and are taken as they are known.
    pub(crate) still: &'static [&'static str],
    /// Whether the parts of the sums begin with a day, of which only the month matters here.
    pub(crate) dated: bool,
}

impl Group {
    pub(crate) const fn new(
        figures: &'static [&'static str],
        sums: &'static [&'static str],
    ) -> Self {
        Self {
            figures,
            sums,
            people: None,
            still: &[],
            dated: false,
        }
    }

    /// What it is known by.
    fn name(&self) -> &'static str {
        self.figures.first().copied().unwrap_or_default()
    }

    /// The part as far as an end of a month can tell it from others.
    fn part(&self, part: &str) -> String {
        let day = part.split_once('/').filter(|_| self.dated);
        let day = day.and_then(|(day, rest)| Some((day.parse::<Date>().ok()?, rest)));
        match day {
            Some((day, rest)) => format!("{}/{rest}", day.first_of_month()),
            None => part.to_owned(),
        }
    }
}

/// A record of a view that shows people of others, with what it added to released figures in which
/// month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dated {
    /// The record.
    pub record: Record,
    /// By the month of learning and the month of effect, `2026-11-01/2026-10-01`: changes of sums, by
    /// name and part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    moved: BTreeMap<String, BTreeMap<String, i64>>,
    /// The same for people who changed, by group. One counts once in a year, so that few who change
    /// often are not taken for many.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    people: BTreeMap<String, BTreeMap<String, i64>>,
    /// When one of each group was last counted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    counted: BTreeMap<String, Date>,
}

impl AsRef<Record> for Dated {
    fn as_ref(&self) -> &Record {
        &self.record
    }
}

impl Dated {
    /// Takes an event in.
    pub(crate) fn note(
        &mut self,
        noted: &Noted,
        fact: &Fact,
        sums: fn(&Record, &mut Figures),
        groups: &[Group],
    ) {
        let all = |record: &Record| {
            let mut figures = Figures::default();
            sums(record, &mut figures);
            figures
        };
        if !counts_people(fact) {
            return self.record.note(noted, fact);
        }
        let before = all(&self.record);
        self.record.note(noted, fact);
        let after = all(&self.record);
        if before == after {
            return;
        }
        let month = |at: Timestamp| london_date(at).first_of_month();
        let learnt = month(noted.recorded);
        let key = format!("{learnt}/{}", month(noted.effective));
        for group in groups {
            let mut moved: BTreeMap<String, i64> = BTreeMap::new();
            let mut people = 0_i64;
            for (figures, sign) in [(&before, -1), (&after, 1)] {
                for (name, part, value) in figures.iter() {
                    if group.sums.contains(&name) {
                        let value = value.saturating_mul(sign);
                        let sum = moved.entry(format!("{name} {}", group.part(part)));
                        let sum = sum.or_default();
                        *sum = sum.saturating_add(value);
                        if group.people == Some(name) {
                            people = people.saturating_add(value);
                        }
                    }
                }
            }
            moved.retain(|_, value| *value != 0);
            if moved.is_empty() {
                continue;
            }
            let name = group.name();
            let again = self.counted.get(name);
            if group.people.is_none()
                && again.is_none_or(|last| last.saturating_add(1.year()) <= learnt)
            {
                people = 1;
                self.counted.insert(name.to_owned(), learnt);
            }
            if people != 0 {
                let of_month = self.people.entry(key.clone()).or_default();
                let sum = of_month.entry(name.to_owned()).or_default();
                *sum = sum.saturating_add(people.saturating_abs());
            }
            let of_month = self.moved.entry(key.clone()).or_default();
            for (part, value) in moved {
                let sum = of_month.entry(part).or_default();
                *sum = sum.saturating_add(value);
            }
        }
    }

    /// What it adds to the sums by month.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        for (figure, months) in [(MOVED, &self.moved), (PEOPLE_MOVED, &self.people)] {
            for (month, parts) in months {
                for (part, value) in parts {
                    sums.add_of(figure, format!("{month}/{part}"), *value);
                }
            }
        }
    }
}

/// Whether released figures may follow from a record: what does not is spared the comparison.
fn counts_people(fact: &Fact) -> bool {
    matches!(
        fact,
        Fact::FundingAward(_)
            | Fact::Allocation(_)
            | Fact::Withdrawal(_)
            | Fact::Progression(_)
            | Fact::Membership(_)
            | Fact::Feedback(_)
            | Fact::RegionNotice(_)
    )
}

/// Which figures there were by a day.
#[derive(Debug, Clone, Copy)]
pub struct ReleasedBy {
    /// The day.
    pub day: Date,
    /// Whether the service learns of things when they are dated, as in a sandbox.
    pub clock: Clock,
}

/// A part of the sums by month: the first day of the month that counts, and the rest.
fn by_month(part: &str, clock: Clock) -> Option<(&str, &str)> {
    let (learnt, rest) = part.split_once('/')?;
    let (dated, rest) = rest.split_once('/')?;
    let month = match clock {
        Clock::System => learnt,
        Clock::Sandbox => dated,
    };
    Some((month, rest))
}

/// What is shown of people of others: what of it was released.
///
/// # Errors
/// `POLICY_MISSING`.
pub(crate) fn release<D: Dashboard>(
    figures: &Figures,
    policies: &Policies,
    by: ReleasedBy,
) -> Result<Vec<Shown>, Refusal> {
    if D::RELEASED.is_empty() {
        return Ok(vec![]);
    }
    let releases = Releases {
        months: policies.get("disclosure.release_months", by.day)?,
        minimum_change: policies.get("disclosure.minimum_change", by.day)?,
    };
    let mut changes: BTreeMap<&str, BTreeMap<Date, u32>> = BTreeMap::new();
    for (part, people) in figures.parts(PEOPLE_MOVED) {
        if let Some((month, group)) = by_month(part, by.clock)
            && let Ok(month) = month.parse()
        {
            let sum = changes.entry(group).or_default().entry(month).or_default();
            *sum = sum.saturating_add(u32::try_from(people).unwrap_or(0));
        }
    }
    // Each group as it was at the end of its last release.
    let mut then: Vec<(&Group, Date, String, Figures)> = vec![];
    let mut shown = vec![];
    for group in D::RELEASED {
        let changes = changes.remove(group.name()).unwrap_or_default();
        match releases.last(&changes, by.day) {
            Some(end) => then.push((group, end, end.to_string(), Figures::default())),
            None => shown.extend(unreleased::<D>(group)),
        }
    }
    for (part, value) in figures.parts(MOVED) {
        let Some((month, rest)) = by_month(part, by.clock) else {
            continue;
        };
        let Some((name, part)) = rest.split_once(' ') else {
            continue;
        };
        for (group, _, end, sums) in &mut then {
            // Days are in order as they are written.
            if month < end.as_str() && group.sums.contains(&name) {
                sums.add_part(name, part, value);
            }
        }
    }
    for (group, end, _, mut sums) in then {
        for name in group.still {
            for (part, value) in figures.parts(name) {
                sums.add_part(name, part, value);
            }
        }
        let on = end.yesterday().unwrap_or(end);
        D::complete(&mut sums, policies, on)?;
        let mut of_group = every::<D>(&sums);
        disclosed::<D>(&mut of_group, policies, on)?;
        of_group.retain(|one| group.figures.contains(&one.name));
        shown.extend(of_group);
    }
    Ok(shown)
}

/// Before the first release every part that is always there is withheld.
fn unreleased<D: Dashboard>(group: &Group) -> Vec<Shown> {
    let mut shown = every::<D>(&Figures::default());
    shown.retain(|one| group.figures.contains(&one.name));
    shown.iter_mut().for_each(|one| one.value = None);
    shown
}
