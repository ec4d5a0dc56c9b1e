//! A table of counts with its totals, and what of it may be published.
//!
//! The totals of the columns are those of the whole release and shown alike in every table of it;
//! what protects a small count is withheld among the cells and the totals of the rows.

use std::collections::VecDeque;

use super::{DisclosureRule, Published};

/// Counts of people by row and column; never stored, never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Table(pub(super) Vec<Vec<u32>>);

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Table(not shown)")
    }
}

/// A table as published: its rows with their totals last, then the totals of the columns.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drawn(pub Vec<Vec<Published>>);

impl Table {
    /// Rows of equal length, to which the totals are added.
    pub fn of(mut rows: Vec<Vec<u32>>) -> Self {
        let columns = rows.first().map_or(0, Vec::len);
        let mut totals = vec![0_u32; columns];
        for row in &rows {
            for (total, count) in totals.iter_mut().zip(row) {
                *total = total.saturating_add(*count);
            }
        }
        rows.push(totals);
        for row in &mut rows {
            row.push(row.iter().fold(0, |sum, count| sum.saturating_add(*count)));
        }
        Self(rows)
    }

    fn totals(&self) -> &[u32] {
        self.0.last().map_or(&[], Vec::as_slice)
    }
}

/// What one figure tells: as shown, and the bounds it sets to the count behind it.
#[derive(Debug, Clone, Copy)]
struct Told {
    count: u32,
    shown: Published,
    low: u32,
    high: u32,
}

/// What is known when a table is drawn up.
#[derive(Clone, Copy)]
struct Circumstances<'a> {
    rule: DisclosureRule,
    change: u32,
    /// Which columns have changed by enough people to be looked at; the last is of all together.
    looks: &'a [bool],
}

impl Circumstances<'_> {
    fn told(self, column: usize, count: u32, last: Option<Published>) -> Told {
        let rule = self.rule;
        let shown = match last {
            None => rule.publish(count),
            Some(last) if self.looks.get(column) == Some(&true) => {
                rule.after(last, count, self.change)
            }
            Some(last) => last,
        };
        let moves = self.change.saturating_sub(1);
        let (low, high) = match (shown, last) {
            (None, None) => (rule.suppress_from, u32::MAX),
            (None, Some(_)) => (0, u32::MAX),
            // A figure that stays as it was may lag behind twice: it did not move enough, and its
            // column was not looked at since.
            (Some(0), Some(Some(0))) => (0, moves.saturating_mul(2)),
            (Some(figure), Some(Some(before))) if figure == before => {
                let lag = rule.half().saturating_add(moves.saturating_mul(2));
                (figure.saturating_sub(lag), figure.saturating_add(lag))
            }
            (Some(0), _) => (0, 0),
            (Some(figure), _) => (
                figure
                    .saturating_sub(rule.half())
                    .max(rule.suppress_to.saturating_add(1)),
                figure.saturating_add(rule.half()),
            ),
        };
        Told {
            count,
            shown,
            low: low.min(count),
            high: high.max(count),
        }
    }
}

/// The tables of one release, which share the totals of their columns, as they may be published:
/// rounded, small counts withheld, and others with them until what is left leaves every value of a
/// small count open. Each table comes with how it was published before, and `last` are the totals
/// of then: a column in which fewer than `change` people have changed since stays as it was.
pub fn draw(
    tables: &[(Table, Option<Drawn>)],
    last: Option<&[Published]>,
    rule: DisclosureRule,
    change: u32,
    looks: &[bool],
) -> Vec<Drawn> {
    let known = Circumstances {
        rule,
        change,
        looks,
    };
    let Some((first, _)) = tables.first() else {
        return vec![];
    };
    let totals = margin(known, first.totals(), last);
    tables
        .iter()
        .map(|(table, last)| Grid::new(known, table, last.as_ref(), &totals).protected())
        .collect()
}

/// The totals of the columns and, last, of all, as they may be shown by themselves: a table of one
/// row whose own column totals are nobody's.
fn margin(known: Circumstances<'_>, counts: &[u32], last: Option<&[Published]>) -> Vec<Told> {
    let told: Vec<Told> = (counts.iter().enumerate())
        .map(|(column, count)| {
            let last = last.map(|last| last.get(column).copied().flatten());
            known.told(column, *count, last)
        })
        .collect();
    let mut untold = told.clone();
    untold.iter_mut().for_each(Told::withhold_even_zero);
    let mut grid = Grid {
        rule: known.rule,
        rows: 1,
        columns: told.len().saturating_sub(1),
        told: vec![told, untold],
    };
    if counts
        .last()
        .is_none_or(|all| *all < known.rule.share_base())
        || grid.is_thin(0)
    {
        grid.break_down_no_row(0);
    }
    grid.protect();
    grid.told.swap_remove(0)
}

impl Told {
    fn withhold(&mut self) {
        self.shown = None;
        self.low = self.low.min(1);
        self.high = u32::MAX;
    }

    /// In a line that is not broken down a star may stand for nobody.
    fn withhold_even_zero(&mut self) {
        self.withhold();
        self.low = 0;
    }

    /// The counts that what is shown must leave possible; `None` where there is nothing to protect.
    fn needs(&self, rule: DisclosureRule) -> Option<(u32, u32)> {
        rule.is_small(self.count).then(|| match self.shown {
            None => (rule.suppress_from, rule.suppress_to),
            Some(0) => (0, self.count),
            Some(_) => (self.count, rule.suppress_to.saturating_add(1)),
        })
    }

    /// The bounds to somebody who tells what is withheld for itself from what protects it. In a line
    /// that is not broken down nobody can.
    fn to_a_knower(mut self, rule: DisclosureRule) -> Self {
        if self.shown.is_none() && self.low > 0 {
            if rule.is_small(self.count) {
                self.high = rule.suppress_to;
            } else {
                self.low = rule.suppress_to.saturating_add(1).min(self.count);
            }
        }
        self
    }
}

/// A table as a flow: from rows to columns through the cells, and back through the totals. What
/// somebody can make of what is shown is every flow within its bounds, so a count can be another
/// exactly when as much can flow around it.
struct Grid {
    rule: DisclosureRule,
    told: Vec<Vec<Told>>,
    rows: usize,
    columns: usize,
}

/// Where a figure stands: row and column, the totals last.
type At = (usize, usize);

impl Grid {
    fn new(known: Circumstances<'_>, table: &Table, last: Option<&Drawn>, totals: &[Told]) -> Self {
        let (rows, columns) = (
            table.0.len().saturating_sub(1),
            totals.len().saturating_sub(1),
        );
        let mut told: Vec<Vec<Told>> = (table.0.iter().take(rows).enumerate())
            .map(|(row, counts)| {
                (counts.iter().enumerate())
                    .map(|(column, count)| {
                        let last = last.map(|last| last.0.get(row)?.get(column).copied()?);
                        known.told(column, *count, last)
                    })
                    .collect()
            })
            .collect();
        told.push(totals.to_vec());
        let mut grid = Self {
            rule: known.rule,
            told,
            rows,
            columns,
        };
        grid.break_no_small_base_down();
        grid
    }

    /// Nothing is broken down of a base too small for a share, nor where fewer than two parts are
    /// enough to be shown beside a small one.
    fn break_no_small_base_down(&mut self) {
        let (rows, columns) = (self.rows, self.columns);
        // Nobody is in a line of nobody: that is shown.
        let small = |told: &Told| {
            let base = self.rule.share_base();
            (told.shown).is_none_or(|shown| shown > 0 && shown < base)
        };
        let all = small(&self.told[rows][columns]);
        let of_row: Vec<usize> = (0..rows)
            .filter(|row| small(&self.told[*row][columns]) || self.is_thin(*row))
            .collect();
        let of_column: Vec<usize> = (0..columns)
            .filter(|column| small(&self.told[rows][*column]) || self.is_column_thin(*column))
            .collect();
        if all {
            for row in 0..rows {
                self.break_down_no_row(row);
                self.told[row][columns].withhold_even_zero();
            }
        }
        of_row
            .into_iter()
            .for_each(|row| self.break_down_no_row(row));
        (of_column.into_iter()).for_each(|column| self.break_down_no_column(column));
    }

    fn is_thin(&self, row: usize) -> bool {
        thin(self.rule, self.told[row].iter().take(self.columns))
    }

    fn is_column_thin(&self, column: usize) -> bool {
        thin(
            self.rule,
            self.told.iter().take(self.rows).map(|row| &row[column]),
        )
    }

    fn break_down_no_row(&mut self, row: usize) {
        let columns = self.columns;
        let cells = self.told[row].iter_mut().take(columns);
        cells.for_each(Told::withhold_even_zero);
    }

    fn break_down_no_column(&mut self, column: usize) {
        let rows = self.told.iter_mut().take(self.rows);
        rows.for_each(|row| row[column].withhold_even_zero());
    }

    fn protected(mut self) -> Drawn {
        self.protect();
        let shown = |row: Vec<Told>| row.into_iter().map(|told| told.shown).collect();
        Drawn(self.told.into_iter().map(shown).collect())
    }

    /// Withholds more until every small count is open.
    fn protect(&mut self) {
        while let Some((at, blocking)) = self.places().find_map(|at| Some((at, self.blocking(at)?)))
        {
            let worst = blocking
                .into_iter()
                .filter(|at| at.0 < self.rows)
                .filter(|at| self.told[at.0][at.1].shown.is_some_and(|shown| shown > 0))
                .min_by_key(|at| (at.1 == self.columns, self.told[at.0][at.1].count));
            if let Some((row, column)) = worst {
                self.told[row][column].withhold();
            } else if !self.broken_down(at) {
                // What is left are totals that every table shows alike.
                break;
            } else {
                if at.0 < self.rows {
                    self.break_down_no_row(at.0);
                }
                if at.1 < self.columns {
                    self.break_down_no_column(at.1);
                }
            }
        }
    }

    /// Whether a star still tells that somebody is behind it, in the lines of a figure.
    fn broken_down(&self, at: At) -> bool {
        let row = (at.0 < self.rows)
            .then(|| self.told[at.0].iter().take(self.columns))
            .into_iter()
            .flatten();
        let column = (at.1 < self.columns)
            .then(|| self.told.iter().take(self.rows).map(|row| &row[at.1]))
            .into_iter()
            .flatten();
        row.chain(column)
            .any(|told| told.shown.is_some() || told.low > 0)
    }

    fn places(&self) -> impl Iterator<Item = At> + use<> {
        let columns = self.columns;
        (0..=self.rows).flat_map(move |row| (0..=columns).map(move |column| (row, column)))
    }

    /// What keeps a small count from being something that it must be able to be, or even from being
    /// anything else for somebody who knows more; `None` when it is open.
    fn blocking(&self, at: At) -> Option<Vec<At>> {
        let told = &self.told[at.0][at.1];
        let (low, high) = told.needs(self.rule)?;
        let (from, to) = self.ends(at);
        let blocked = self
            .room(at, to, from, high - told.count)
            .or_else(|| self.room(at, from, to, told.count - low));
        blocked.or_else(|| {
            let known = self.to_a_knower();
            let told = &known.told[at.0][at.1];
            let room = |from, to, wanted: u32| match wanted {
                0 => Some(vec![]),
                _ => known.room(at, from, to, 1),
            };
            let mut up = room(to, from, told.high - told.count)?;
            up.extend(room(from, to, told.count - told.low)?);
            Some(up)
        })
    }

    fn to_a_knower(&self) -> Self {
        let known = |told: &Told| told.to_a_knower(self.rule);
        Self {
            told: (self.told.iter())
                .map(|row| row.iter().map(known).collect())
                .collect(),
            ..*self
        }
    }

    /// The nodes a figure flows between: rows are `0..=rows`, columns follow.
    fn ends(&self, (row, column): At) -> (usize, usize) {
        let (row_node, column_node) = (row, self.rows + 1 + column);
        if (row < self.rows) == (column < self.columns) {
            (row_node, column_node)
        } else {
            (column_node, row_node)
        }
    }

    /// Whether `wanted` more can flow from one node to another past a figure; the figures that stand
    /// in the way when not.
    fn room(&self, past: At, from: usize, to: usize, wanted: u32) -> Option<Vec<At>> {
        let mut flow: Vec<Vec<u32>> = (self.told.iter())
            .map(|row| row.iter().map(|told| told.count).collect())
            .collect();
        let mut left = wanted;
        while left > 0 {
            let came = self.reached(&flow, past, from);
            let Some(path) = path(&came, from, to) else {
                return Some(self.crossing(&came, past));
            };
            let most = path
                .iter()
                .map(|step| step.room)
                .min()
                .unwrap_or(0)
                .min(left);
            for step in path {
                let flow = &mut flow[step.at.0][step.at.1];
                *flow = if step.onward {
                    *flow + most
                } else {
                    *flow - most
                };
            }
            left -= most;
        }
        None
    }

    /// How each node is reached from one, over figures that can still give way.
    fn reached(&self, flow: &[Vec<u32>], past: At, from: usize) -> Vec<Option<Step>> {
        let mut came: Vec<Option<Step>> = vec![None; self.rows + self.columns + 2];
        let start = Step {
            at: past,
            node: from,
            onward: true,
            room: 0,
        };
        let mut queue = VecDeque::from([from]);
        came[from] = Some(start);
        while let Some(node) = queue.pop_front() {
            for at in self.places().filter(|at| *at != past) {
                let (source, sink) = self.ends(at);
                let (told, flows) = (&self.told[at.0][at.1], flow[at.0][at.1]);
                let (next, onward, room) = if source == node {
                    (sink, true, told.high - flows)
                } else if sink == node {
                    (source, false, flows - told.low)
                } else {
                    continue;
                };
                if room > 0 && came[next].is_none() {
                    came[next] = Some(Step {
                        at,
                        node,
                        onward,
                        room,
                    });
                    queue.push_back(next);
                }
            }
        }
        came
    }

    /// The figures between what is reached and what is not.
    fn crossing(&self, came: &[Option<Step>], past: At) -> Vec<At> {
        self.places()
            .filter(|at| *at != past)
            .filter(|at| {
                let (source, sink) = self.ends(*at);
                came[source].is_some() != came[sink].is_some()
            })
            .collect()
    }
}

/// Whether a small part stands beside fewer than two that are enough to be shown.
fn thin<'a>(rule: DisclosureRule, parts: impl Iterator<Item = &'a Told> + Clone) -> bool {
    let hidden = |told: &Told| told.shown.is_none() && rule.is_small(told.count);
    let large = |told: &&Told| told.shown.unwrap_or(told.count) > rule.suppress_to;
    parts.clone().any(hidden) && parts.filter(large).count() < 2
}

/// How a node is reached: over which figure and from which node, with or against it.
#[derive(Debug, Clone, Copy)]
struct Step {
    at: At,
    node: usize,
    onward: bool,
    room: u32,
}

fn path(came: &[Option<Step>], from: usize, to: usize) -> Option<Vec<Step>> {
    let (mut steps, mut node) = (vec![], to);
    while node != from {
        let step = (*came.get(node)?)?;
        node = step.node;
        steps.push(step);
    }
    Some(steps)
}
