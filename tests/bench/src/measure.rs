//! Samples, and the rounds that give every contender its turn on the same machine in the same
//! minutes.

use std::{collections::BTreeMap, time::Duration};

use futures::future::LocalBoxFuture;
use serde::Serialize;

use crate::{
    Fault,
    machine::{Machine, Spent},
};

/// Above this share of the machine a slice counts as disturbed.
pub(crate) const DISTURBED: f64 = 0.30;

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) warm: Duration,
    pub(crate) slice: Duration,
    pub(crate) rounds: u32,
}

/// What one contender did in one slice.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) operations: u64,
    pub(crate) seconds: f64,
    pub(crate) times: Times,
    pub(crate) errors: u64,
    pub(crate) spent: Spent,
    /// Further figures by name.
    pub(crate) figures: BTreeMap<&'static str, f64>,
}

impl Sample {
    /// The same, when each operation was several.
    #[must_use]
    pub(crate) fn of_several(mut self, each: u64) -> Self {
        self.operations *= each;
        self
    }

    /// Of something done once from `before` to now, `operations` at a time.
    pub(crate) fn since(machine: &Machine, before: Spent, operations: u64) -> Self {
        let spent = machine.spent() - before;
        Self {
            operations,
            seconds: spent.seconds(),
            times: Times::default(),
            errors: 0,
            spent,
            figures: BTreeMap::new(),
        }
    }
}

/// How long each operation took.
#[derive(Debug, Default)]
pub(crate) struct Times {
    sorted_micros: Vec<u32>,
}

impl Times {
    pub(crate) fn of(mut micros: Vec<u32>) -> Self {
        micros.sort_unstable();
        Self {
            sorted_micros: micros,
        }
    }

    /// The time that `share` of the operations stayed within, in milliseconds.
    pub(crate) fn within_ms(&self, share: f64) -> Option<f64> {
        let last = self.sorted_micros.len().checked_sub(1)?;
        let nth = (last as f64 * share).round() as usize;
        self.sorted_micros
            .get(nth)
            .map(|micros| f64::from(*micros) / 1e3)
    }
}

/// A time in the unit of [`Times`].
pub(crate) fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

/// One contender at one case of a work.
pub(crate) struct Cell<'a> {
    case: String,
    contender: &'static str,
    take: Box<dyn FnMut() -> LocalBoxFuture<'a, Result<Sample, Fault>> + 'a>,
}

impl<'a> Cell<'a> {
    pub(crate) fn new(
        case: impl ToString,
        contender: &'static str,
        take: impl FnMut() -> LocalBoxFuture<'a, Result<Sample, Fault>> + 'a,
    ) -> Self {
        Self {
            case: case.to_string(),
            contender,
            take: Box::new(take),
        }
    }
}

/// A sample with its place, as it goes to the file.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Slice {
    pub(crate) work: &'static str,
    pub(crate) case: String,
    pub(crate) contender: &'static str,
    pub(crate) round: u32,
    pub(crate) seconds: f64,
    pub(crate) operations: u64,
    pub(crate) errors: u64,
    pub(crate) rate: f64,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    pub(crate) client_micros: f64,
    pub(crate) server_micros: f64,
    pub(crate) foreign: f64,
    pub(crate) disturbed: bool,
    pub(crate) figures: BTreeMap<&'static str, f64>,
}

impl Slice {
    fn of(
        work: &'static str,
        cell: &Cell<'_>,
        round: u32,
        sample: Sample,
        machine: &Machine,
    ) -> Self {
        let (client_micros, server_micros) = sample.spent.micros_each(sample.operations);
        let foreign = machine.foreign(sample.spent);
        Self {
            work,
            case: cell.case.clone(),
            contender: cell.contender,
            round,
            seconds: sample.seconds,
            operations: sample.operations,
            errors: sample.errors,
            rate: sample.operations as f64 / sample.seconds.max(1e-9),
            p50_ms: sample.times.within_ms(0.50),
            p99_ms: sample.times.within_ms(0.99),
            client_micros,
            server_micros,
            foreign,
            disturbed: foreign > DISTURBED,
            figures: sample.figures,
        }
    }
}

/// Gives every cell a slice in each round, starting with another one each time so that none is
/// always first. A cell that fails is reported and left out of the rounds that follow.
pub(crate) async fn interleave(
    work: &'static str,
    machine: &Machine,
    rounds: u32,
    mut cells: Vec<Cell<'_>>,
) -> (Vec<Slice>, Vec<Failure>) {
    let (mut slices, mut failures) = (vec![], vec![]);
    for round in 0..rounds {
        let shift = (round as usize * 3).checked_rem(cells.len()).unwrap_or(0);
        cells.rotate_left(shift);
        let mut next = Vec::with_capacity(cells.len());
        for mut cell in cells {
            match (cell.take)().await {
                Ok(sample) => {
                    let slice = Slice::of(work, &cell, round, sample, machine);
                    progress(&slice);
                    slices.push(slice);
                    next.push(cell);
                }
                Err(fault) => {
                    eprintln!("{work} · {} · {}: {fault}", cell.case, cell.contender);
                    failures.push(Failure {
                        work,
                        case: cell.case,
                        contender: cell.contender,
                        reason: fault.to_string(),
                    });
                }
            }
        }
        cells = next;
        let back = shift.min(cells.len());
        cells.rotate_right(back);
    }
    (slices, failures)
}

/// What could not be measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    pub(crate) work: &'static str,
    pub(crate) case: String,
    pub(crate) contender: &'static str,
    pub(crate) reason: String,
}

fn progress(slice: &Slice) {
    eprintln!(
        "{} · {} · {}: {:.0}/s{}{}",
        slice.work,
        slice.case,
        slice.contender,
        slice.rate,
        slice
            .p99_ms
            .map_or_else(String::new, |ms| format!(", p99 {ms:.2} ms")),
        if slice.disturbed {
            format!(", DISTURBED: others had {:.0} %", slice.foreign * 100.0)
        } else {
            String::new()
        },
    );
}
