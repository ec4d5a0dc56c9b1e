//! Disputes as those count them whose record is disputed, and the commissioner who learns of age and
//! outcome only.

use domain::dispute::{DisputeEvent, DisputeNoticeEvent};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};

use super::Keep;
use crate::dashboard::{Definition, Split, count, split};

/// A dispute, without its words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DisputeRecord {
    /// When it was raised.
    pub raised: Option<Date>,
    /// What was found, once it is closed.
    pub finding: Option<String>,
}

const OPEN_SINCE: &str = "disputes_open_since";

pub(crate) const OPEN: Definition = count(
    "disputes_open",
    "disputes of an auditor about recorded events that are not closed",
);
pub(crate) const SINCE: Definition = split(
    OPEN_SINCE,
    Split::Date,
    "of these, by the day they were raised",
);
pub(crate) const AGE: Definition = count(
    "disputes_oldest_days",
    "days since the oldest of them was raised",
);
pub(crate) const CLOSED: Definition = split(
    "disputes_closed",
    Split::Word,
    "disputes that are closed, by what was found",
);

impl DisputeRecord {
    pub(crate) fn sums(&self, sums: &mut Figures) {
        match (&self.finding, self.raised) {
            (Some(finding), _) => sums.add_of(CLOSED.name, finding, 1),
            (None, Some(raised)) => {
                sums.add(OPEN.name, 1);
                sums.add_of(OPEN_SINCE, raised, 1);
            }
            (None, None) => {}
        }
    }
}

/// Adds what depends on the day.
pub(crate) fn complete(figures: &mut Figures, on: Date) {
    let oldest = figures
        .parts(OPEN_SINCE)
        .filter(|(_, disputes)| *disputes > 0)
        .filter_map(|(raised, _)| raised.parse::<Date>().ok())
        .min();
    let days = oldest.map_or(0, |raised| (on - raised).get_days());
    figures.add(AGE.name, i64::from(days.max(0)));
}

impl Keep<DisputeEvent> for DisputeRecord {
    fn note(&mut self, _: &Noted, fact: &DisputeEvent) {
        match fact {
            DisputeEvent::DisputeRaised { on, .. } => self.raised = Some(*on),
            DisputeEvent::DisputeResolved { resolution } => {
                self.finding = Some(resolution.finding.to_string());
            }
            DisputeEvent::DisputeAnswered { .. } => {}
        }
    }
}

/// A dispute as a commissioner counts it who is no party of the record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ToldDispute(pub DisputeRecord);

impl Keep<DisputeNoticeEvent> for ToldDispute {
    fn note(&mut self, _: &Noted, fact: &DisputeNoticeEvent) {
        match fact {
            DisputeNoticeEvent::DisputeCounted { on, .. } => self.0.raised = Some(*on),
            DisputeNoticeEvent::DisputeOutcomeCounted { finding, .. } => {
                self.0.finding = Some(finding.to_string());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn d_14_the_oldest_open_dispute_gives_the_age() {
        let mut figures = Figures::default();
        for (raised, finding) in [
            (date(2027, 5, 10), Some("upheld".to_owned())),
            (date(2027, 5, 14), None),
            (date(2027, 5, 20), None),
        ] {
            let raised = Some(raised);
            DisputeRecord { raised, finding }.sums(&mut figures);
        }
        complete(&mut figures, date(2027, 5, 24));
        assert_eq!(figures.get(OPEN.name), 2);
        assert_eq!(figures.get(AGE.name), 10);
        assert_eq!(figures.get_of(CLOSED.name, "upheld"), 1);
    }
}
