//! What was measured, as a table for people and a file for machines.

use std::{collections::BTreeMap, path::Path};

use serde::Serialize;

use crate::{
    Fault,
    measure::{Failure, Slice},
    work::Work,
};

/// A figure of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Figure {
    Rate,
    P99,
    /// The p99 against the other's p50.
    P99ToP50,
    /// One of a slice's further figures.
    Named(&'static str),
}

/// What a ratio has to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) enum Want {
    AtLeast(f64),
    AtMost(f64),
}

/// A ratio of medians that is to be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bar {
    pub(crate) what: &'static str,
    pub(crate) case: &'static str,
    pub(crate) contender: &'static str,
    pub(crate) than_case: &'static str,
    pub(crate) than: &'static str,
    pub(crate) figure: Figure,
    pub(crate) want: Want,
}

/// The circumstances of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Circumstances {
    pub(crate) began: String,
    pub(crate) cores: u32,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) folder: String,
    pub(crate) file_system: String,
    pub(crate) missing: Vec<String>,
}

/// A whole run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) circumstances: Circumstances,
    pub(crate) reached: Vec<Reached>,
    pub(crate) slices: Vec<Slice>,
    pub(crate) failures: Vec<Failure>,
}

/// A bar and what was reached.
#[derive(Debug, Serialize)]
pub(crate) struct Reached {
    work: &'static str,
    what: &'static str,
    want: Want,
    ratio: Option<f64>,
    met: Option<bool>,
}

struct Spread {
    median: f64,
    min: f64,
    max: f64,
}

fn spread(mut values: Vec<f64>) -> Option<Spread> {
    values.sort_unstable_by(f64::total_cmp);
    let (min, max) = (*values.first()?, *values.last()?);
    let upper = *values.get(values.len() / 2)?;
    let lower = *values.get((values.len() - 1) / 2)?;
    Some(Spread {
        median: f64::midpoint(lower, upper),
        min,
        max,
    })
}

impl Report {
    pub(crate) fn of(
        circumstances: Circumstances,
        works: &[&Work],
        slices: Vec<Slice>,
        failures: Vec<Failure>,
    ) -> Self {
        let reached = works
            .iter()
            .flat_map(|work| work.bars.iter().map(|bar| reached(work.name, bar, &slices)))
            .collect();
        Self {
            circumstances,
            reached,
            slices,
            failures,
        }
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), Fault> {
        Ok(std::fs::write(file, serde_json::to_string_pretty(self)?)?)
    }

    pub(crate) fn print(&self, works: &[&Work]) {
        let circumstances = &self.circumstances;
        println!(
            "{}, {} processors, PostgreSQL's folder on {} ({})",
            circumstances.began,
            circumstances.cores,
            circumstances.file_system,
            circumstances.folder
        );
        let settings: Vec<String> = circumstances
            .settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        println!("{}", settings.join(" "));
        for work in works {
            self.print_work(work);
        }
        println!("\nbars: ratios of medians");
        for reached in &self.reached {
            let (sign, want) = match reached.want {
                Want::AtLeast(want) => ('≥', want),
                Want::AtMost(want) => ('≤', want),
            };
            println!(
                "  {:<10} {:<68} {:>8}  {sign} {want:<5} {}",
                reached.work,
                reached.what,
                reached
                    .ratio
                    .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}")),
                match reached.met {
                    Some(true) => "met",
                    Some(false) => "NOT MET",
                    None => "not measured",
                }
            );
        }
        for missing in &circumstances.missing {
            println!("MISSING: {missing}");
        }
        for failure in &self.failures {
            println!(
                "FAILED: {} · {} · {}: {}",
                failure.work, failure.case, failure.contender, failure.reason
            );
        }
        let disturbed = self.slices.iter().filter(|slice| slice.disturbed).count();
        println!(
            "{disturbed} of {} slices were disturbed by other processes",
            self.slices.len()
        );
    }

    fn print_work(&self, work: &Work) {
        let mut cells: Vec<((&str, &str), Vec<&Slice>)> = vec![];
        for slice in self.slices.iter().filter(|slice| slice.work == work.name) {
            let name = (slice.case.as_str(), slice.contender);
            match cells.iter_mut().find(|(known, _)| *known == name) {
                Some((_, slices)) => slices.push(slice),
                None => cells.push((name, vec![slice])),
            }
        }
        println!("\n{}: {}", work.name, work.about);
        println!(
            "  {:<46} {:<26} {:>36} {:>10} {:>10} {:>15} {:>7}",
            "case",
            "who",
            "a second, median [min–max]",
            "p50 ms",
            "p99 ms",
            "CPU µs, us+PG",
            "others"
        );
        for ((case, contender), slices) in cells {
            let over = |figure: fn(&Slice) -> Option<f64>| {
                spread(slices.iter().filter_map(|slice| figure(slice)).collect())
            };
            let median = |figure: fn(&Slice) -> Option<f64>| over(figure).map(|over| over.median);
            let shown = |value: Option<f64>, digits: usize| {
                value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
            };
            let rate = over(|slice| Some(slice.rate)).map_or_else(String::new, |rate| {
                format!("{:.0} [{:.0}–{:.0}]", rate.median, rate.min, rate.max)
            });
            let disturbed = slices.iter().filter(|slice| slice.disturbed).count();
            let errors: u64 = slices.iter().map(|slice| slice.errors).sum();
            let mut figures: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
            for (name, value) in slices.iter().flat_map(|slice| &slice.figures) {
                figures.entry(name).or_default().push(*value);
            }
            let further: String = figures
                .into_iter()
                .filter_map(|(name, values)| {
                    Some(format!("  {name} {:.2}", spread(values)?.median))
                })
                .collect();
            println!(
                "  {case:<46} {contender:<26} {rate:>36} {:>10} {:>10} {:>15} {:>6.0}%{}{}{further}",
                shown(median(|slice| slice.p50_ms), 2),
                shown(median(|slice| slice.p99_ms), 2),
                format!(
                    "{} + {}",
                    shown(median(|slice| Some(slice.client_micros)), 1),
                    shown(median(|slice| Some(slice.server_micros)), 1)
                ),
                median(|slice| Some(slice.foreign * 100.0)).unwrap_or(0.0),
                if disturbed > 0 {
                    format!("  DISTURBED {disturbed} of {}", slices.len())
                } else {
                    String::new()
                },
                if errors > 0 {
                    format!("  errors {errors}")
                } else {
                    String::new()
                },
            );
        }
    }
}

fn reached(work: &'static str, bar: &Bar, slices: &[Slice]) -> Reached {
    let median = |case: &str, contender: &str, own: bool| {
        let of = slices.iter().filter(|slice| {
            slice.work == work && slice.case == case && slice.contender == contender
        });
        let values = of.filter_map(|slice| match bar.figure {
            Figure::Rate => Some(slice.rate),
            Figure::Named(name) => slice.figures.get(name).copied(),
            Figure::P99ToP50 if !own => slice.p50_ms,
            Figure::P99 | Figure::P99ToP50 => slice.p99_ms,
        });
        spread(values.collect()).map(|spread| spread.median)
    };
    let ratio = median(bar.case, bar.contender, true)
        .zip(median(bar.than_case, bar.than, false))
        .map(|(reached, limit)| reached / limit);
    Reached {
        work,
        what: bar.what,
        want: bar.want,
        ratio,
        met: ratio.map(|ratio| match bar.want {
            Want::AtLeast(want) => ratio >= want,
            Want::AtMost(want) => ratio <= want,
        }),
    }
}
