//! What of a count of people may be shown (`standards.md` B.7, `ROUTE-08`): small counts not at all,
//! others rounded, and of a table no more than leaves every small count open.

mod release;
mod sums;
mod table;

use serde::{Deserialize, Serialize};

pub use release::Releases;
pub use sums::Sums;
pub use table::{Drawn, Table, draw};

/// A count as published; `None` where it is withheld, shown as `*`.
pub type Published = Option<u32>;

/// Policy `disclosure.rule`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct DisclosureRule {
    /// The smallest count that is withheld.
    pub suppress_from: u32,
    /// The largest.
    pub suppress_to: u32,
    /// Others are rounded to the nearest multiple of this.
    pub round_to: u32,
    /// The smallest base of a share; of less, nothing is broken down either.
    pub percent_base_min: f64,
}

impl DisclosureRule {
    /// The fewest people of whom a share may be shown.
    pub fn share_base(self) -> u32 {
        (0..=1_000)
            .find(|base| f64::from(*base) >= self.percent_base_min)
            .unwrap_or(u32::MAX)
    }

    /// Whether a count is too small to be shown.
    pub fn is_small(self, count: u32) -> bool {
        (self.suppress_from..=self.suppress_to).contains(&count)
    }

    /// The count by itself as it may be shown.
    pub fn publish(self, count: u32) -> Published {
        if self.is_small(count) {
            return None;
        }
        let step = self.round_to.max(1);
        Some(count.saturating_add(step / 2) / step * step)
    }

    /// The same for a figure of a dashboard, which may be a correction below zero.
    pub fn disclose(self, count: i64) -> Option<i64> {
        match u32::try_from(count) {
            Ok(count) => self.publish(count).map(i64::from),
            Err(_) => Some(count),
        }
    }

    /// A share in whole percent of two counts as shown, rounded half up; none where either is
    /// withheld, or the base is too small to be given one (`ROUTE-08`).
    pub fn share(self, part: Option<i64>, of: Option<i64>) -> Option<i64> {
        let of = of.filter(|of| *of >= i64::from(self.share_base()))?;
        part.map(|part| part.saturating_mul(200).saturating_add(of) / of.saturating_mul(2))
    }

    /// How far from a count as shown the count itself may be.
    fn half(self) -> u32 {
        self.round_to.max(1) / 2
    }

    /// A count as shown after it was shown as `last`: a figure moves only when at least `change`
    /// people have, so that no difference of releases is about fewer.
    fn after(self, last: Published, count: u32, change: u32) -> Published {
        match last {
            None if count < self.suppress_to.saturating_add(change) => None,
            Some(0) if count < change => Some(0),
            Some(shown)
                if shown > 0 && shown.abs_diff(count) < change.saturating_add(self.half()) =>
            {
                Some(shown)
            }
            _ => self.publish(count),
        }
    }
}

#[cfg(test)]
mod tests;
