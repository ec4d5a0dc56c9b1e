//! Gaps in supervision as those count them who see them: the parties, and the commissioner without
//! anybody's name.

use std::collections::BTreeMap;

use domain::{
    policy::Policies, refusal::Refusal, supervision::SupervisionNoticeEvent,
    training::SupervisionGap,
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};

use super::Keep;
use crate::dashboard::{Definition, count};

/// Gaps by first day, with the first day after them once they are closed.
pub type Gaps = BTreeMap<Date, Option<Date>>;

/// The gaps of one training without its person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct NoticeRecord {
    /// The gaps.
    pub gaps: Gaps,
}

impl Keep<SupervisionNoticeEvent> for NoticeRecord {
    fn note(&mut self, _: &Noted, fact: &SupervisionNoticeEvent) {
        let SupervisionNoticeEvent::SupervisionGapsNoted { gaps, .. } = fact;
        self.gaps = gaps.iter().map(|gap| (gap.from, gap.until)).collect();
    }
}

/// Closed gaps by their days, open ones by their first day.
const CLOSED_DAYS: &str = "supervision_gaps_by_days";
const OPEN_SINCE: &str = "supervision_gaps_open_since";

/// How many there are.
pub(crate) const GAPS: Definition = count(
    "supervision_gaps",
    "times without an eligible supervisor, as known now (TRAIN-03, SUP-05)",
);
/// How many of them are open.
pub(crate) const GAPS_OPEN: Definition =
    count("supervision_gaps_open", "of these, those that last");
/// How long they are.
pub(crate) const GAP_DAYS: Definition = count(
    "supervision_gap_days",
    "days without an eligible supervisor",
);
/// How many are long.
pub(crate) const GAPS_LONG: Definition = count(
    "supervision_gaps_long",
    "gaps of more days than policy gap.alert_days",
);

/// What the gaps of one training add.
pub(crate) fn sums(gaps: &Gaps, sums: &mut Figures) {
    for (from, until) in gaps {
        sums.add(GAPS.name, 1);
        match until {
            Some(_) => {
                let gap = SupervisionGap {
                    from: *from,
                    until: *until,
                };
                let days = gap.days(Date::MAX);
                sums.add(GAP_DAYS.name, days);
                sums.add_of(CLOSED_DAYS, days, 1);
            }
            None => sums.add_of(OPEN_SINCE, from, 1),
        }
    }
}

/// Adds what depends on the day and on policy.
pub(crate) fn complete(
    figures: &mut Figures,
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let alert: i64 = policies.get("gap.alert_days", on)?;
    let open: Vec<(i64, i64)> = figures
        .parts(OPEN_SINCE)
        .filter_map(|(from, gaps)| {
            let from = from.parse().ok()?;
            Some((SupervisionGap { from, until: None }.days(on), gaps))
        })
        .collect();
    let mut long: i64 = figures
        .parts(CLOSED_DAYS)
        .filter(|(days, _)| days.parse::<i64>().is_ok_and(|days| days > alert))
        .map(|(_, gaps)| gaps)
        .sum();
    for (days, gaps) in open {
        figures.add(GAPS_OPEN.name, gaps);
        figures.add(GAP_DAYS.name, days.saturating_mul(gaps));
        if days > alert {
            long = long.saturating_add(gaps);
        }
    }
    figures.add(GAPS_LONG.name, long);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;

    use super::*;

    #[test]
    fn d_6_gaps_longer_than_the_policy_allows_are_counted_open_or_closed() {
        let register = serde_json::json!({"policies": {"gap.alert_days": [{
            "version": 1, "from": "2021-04-01", "until": null, "value": 5,
            "source": "test", "approver": "test",
        }]}});
        let policies = Policies::of(Arc::new(serde_json::from_value(register).unwrap()));
        let from = date(2026, 9, 10);
        let mut figures = Figures::default();
        for until in [Some(date(2026, 9, 15)), Some(date(2026, 9, 16)), None] {
            sums(&Gaps::from([(from, until)]), &mut figures);
        }
        let shown = |on| {
            let mut figures = figures.clone();
            complete(&mut figures, &policies, on).unwrap();
            [GAPS, GAPS_OPEN, GAP_DAYS, GAPS_LONG].map(|figure| figures.get(figure.name))
        };
        assert_eq!(shown(date(2026, 9, 15)), [3, 1, 16, 1]);
        assert_eq!(shown(date(2026, 9, 16)), [3, 1, 17, 2]);
    }
}
