//! Figures of a dashboard that add up to one another, and what of them may be shown together.
//!
//! A table has rows and columns; the figures of a dashboard are a number of people and the parts it
//! is broken down into, some of which are broken down further. No figure is a part of two sums, so
//! what somebody can work out of each is the sums and differences of what the others may be, and
//! exactly that.

use super::{DisclosureRule, Published};

/// Counts of people and how they add up; never stored, never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Sums {
    cells: Vec<Cell>,
    /// The total and its parts.
    sums: Vec<(usize, Vec<usize>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    count: u32,
    kind: Kind,
    shown: Published,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Shown if it may be.
    Figure,
    /// Told exactly, whatever is shown here.
    Known,
    /// Shown to nobody.
    Rest,
}

/// What somebody can make of a count: the least and the most it may be.
type Bounds = (i64, i64);

/// More people than there are.
const ANY: i64 = 1 << 40;

impl std::fmt::Debug for Sums {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sums(not shown)")
    }
}

impl Sums {
    /// Adds a count that is shown if it may be. Answers with its place.
    pub fn count(&mut self, count: u32) -> usize {
        self.cell(count, Kind::Figure)
    }

    /// Adds a count that everybody is told exactly, because it is no count of people.
    pub fn known(&mut self, count: u32) -> usize {
        self.cell(count, Kind::Known)
    }

    fn cell(&mut self, count: u32, kind: Kind) -> usize {
        let shown = None;
        self.cells.push(Cell { count, kind, shown });
        self.cells.len().saturating_sub(1)
    }

    /// Says that counts are parts of another. What is left of it beside them is shown to nobody.
    pub fn adds_up(&mut self, total: usize, mut parts: Vec<usize>) {
        let of = |at: usize| self.cells.get(at).map_or(0, |cell| cell.count);
        let known = (parts.iter()).fold(0_u32, |sum, part| sum.saturating_add(of(*part)));
        let left = of(total).saturating_sub(known);
        if left > 0 {
            parts.push(self.cell(left, Kind::Rest));
        }
        self.sums.push((total, parts));
    }

    /// The counts as they may be shown, by place: small ones not at all, others rounded each by
    /// itself, and more withheld until every small one can still be any small count, or nothing that
    /// tells of it is shown.
    pub fn drawn(mut self, rule: DisclosureRule) -> Vec<Published> {
        for cell in &mut self.cells {
            cell.shown = match cell.kind {
                Kind::Figure => rule.publish(cell.count),
                Kind::Known => Some(cell.count),
                Kind::Rest => None,
            };
        }
        // What is too small to be shown is not broken down either.
        for (total, parts) in &self.sums {
            let total = self.cells[*total];
            if total.kind == Kind::Figure && rule.is_small(total.count) {
                parts.iter().for_each(|part| self.cells[*part].shown = None);
            }
        }
        while let Some(cell) = (self.to_withhold(rule)).and_then(|at| self.cells.get_mut(at)) {
            cell.shown = None;
        }
        self.cells.into_iter().map(|cell| cell.shown).collect()
    }

    /// What has to be withheld beside a small count that is not open yet: the smallest figure of its
    /// sums, a part before the total, and last what is shown as nobody.
    fn to_withhold(&self, rule: DisclosureRule) -> Option<usize> {
        let left = self.left(rule);
        let closed =
            (self.cells.iter().zip(&left).enumerate()).filter(|(_, (cell, (low, high)))| {
                cell.kind != Kind::Known
                    && rule.is_small(cell.count)
                    && (*low > i64::from(rule.suppress_from) || *high < i64::from(rule.suppress_to))
            });
        closed.map(|(at, _)| at).find_map(|at| {
            let shown = |other: &usize| {
                let cell = &self.cells[*other];
                cell.kind == Kind::Figure && cell.shown.is_some()
            };
            let order = |other: &usize| {
                let count = self.cells[*other].count;
                (count == 0, self.is_total(*other, at), count)
            };
            self.near(at).into_iter().filter(shown).min_by_key(order)
        })
    }

    /// Every figure of the sums that one is in.
    fn near(&self, at: usize) -> Vec<usize> {
        (self.sums.iter())
            .filter(|(total, parts)| *total == at || parts.contains(&at))
            .flat_map(|(total, parts)| parts.iter().chain(std::iter::once(total)).copied())
            .collect()
    }

    fn is_total(&self, other: usize, of: usize) -> bool {
        (self.sums.iter()).any(|(total, parts)| *total == other && parts.contains(&of))
    }

    /// The bounds that each figure sets to its count by itself.
    fn told(&self, rule: DisclosureRule) -> Vec<Bounds> {
        let of = |cell: &Cell| match (cell.kind, cell.shown) {
            (Kind::Known, _) => (i64::from(cell.count), i64::from(cell.count)),
            (Kind::Rest, _) => (0, ANY),
            (Kind::Figure, None) => (i64::from(rule.suppress_from.min(cell.count)), ANY),
            (Kind::Figure, Some(0)) => (0, 0),
            (Kind::Figure, Some(shown)) => {
                let (shown, half) = (i64::from(shown), i64::from(rule.half()));
                let least = i64::from(rule.suppress_to).saturating_add(1);
                ((shown - half).max(least), shown + half)
            }
        };
        self.cells.iter().map(of).collect()
    }

    /// What all figures together leave of each count. Nothing adds up in a circle, so what no sum
    /// narrows any more is reached by every count within.
    fn left(&self, rule: DisclosureRule) -> Vec<Bounds> {
        let mut left = self.told(rule);
        for _ in 0..=self.sums.len() {
            let before = left.clone();
            for (total, parts) in &self.sums {
                let sum = parts.iter().fold((0, 0), |(low, high), part| {
                    (low + left[*part].0, high + left[*part].1)
                });
                left[*total] = narrowed(left[*total], sum);
                let (least, most) = left[*total];
                for part in parts {
                    let (low, high) = left[*part];
                    let rest = (least - (sum.1 - high), most - (sum.0 - low));
                    left[*part] = narrowed((low, high), rest);
                }
            }
            if left == before {
                break;
            }
        }
        left
    }
}

fn narrowed((low, high): Bounds, by: Bounds) -> Bounds {
    (low.max(by.0), high.min(by.1))
}

#[cfg(test)]
mod tests;
