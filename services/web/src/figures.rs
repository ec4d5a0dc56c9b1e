//! A dashboard as it was read, by figure and part.

use std::collections::BTreeMap;

use contract::v1::{self, FigureSplit, FigureUnit};

use crate::{names::Names, words};

/// A dashboard with what its figures mean.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    /// `employer`
    pub(crate) view: String,
    /// Its version.
    pub(crate) version: i32,
    /// The position of the tenant's feed it includes everything up to.
    pub(crate) position: i64,
    /// Events of the feed that it does not include yet.
    pub(crate) behind: i64,
    /// What the service had learnt by then is in it, in seconds of the epoch; all of it when absent.
    pub(crate) known: Option<i64>,
    /// The day it stands for.
    pub(crate) as_of: String,
    parts: BTreeMap<String, Vec<Part>>,
    others: BTreeMap<String, Others>,
    meanings: BTreeMap<String, Meaning>,
}

/// The parts of a figure that are not sent one by one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Others {
    /// How many there are.
    pub(crate) parts: i64,
    /// What they add up to.
    sum: i64,
}

/// One part of a figure; the whole one has an empty key.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    /// `north_west`
    pub(crate) key: String,
    /// Absent where it is too small to be shown.
    pub(crate) value: Option<i64>,
}

/// What a figure means.
#[derive(Debug, Clone)]
pub(crate) struct Meaning {
    /// What it counts.
    pub(crate) unit: FigureUnit,
    /// How it is split.
    pub(crate) split: FigureSplit,
    /// In words.
    pub(crate) words: String,
    /// Whether nothing behind it is listed.
    pub(crate) counts_only: bool,
}

/// What has to be known of a count of people of others.
const fn released(counts_only: bool) -> &'static str {
    match counts_only {
        true => "; as last released, where * is too small to be shown or not released yet",
        false => "",
    }
}

impl Figures {
    /// A dashboard and, where they came along, its definitions.
    pub(crate) fn new(dashboard: v1::Dashboard, definitions: &[v1::FigureDefinition]) -> Self {
        let mut parts = BTreeMap::<String, Vec<Part>>::new();
        let mut others = BTreeMap::new();
        for figure in dashboard.figures {
            if figure.others > 0 {
                let rest = Others {
                    parts: figure.others,
                    sum: figure.value,
                };
                others.insert(figure.name, rest);
                continue;
            }
            parts.entry(figure.name).or_default().push(Part {
                key: figure.part,
                value: (!figure.suppressed).then_some(figure.value),
            });
        }
        let meanings = definitions
            .iter()
            .map(|of| {
                let meaning = Meaning {
                    unit: of.unit(),
                    split: of.split(),
                    words: words::explained(&of.meaning) + released(of.counts_only),
                    counts_only: of.counts_only,
                };
                (of.name.clone(), meaning)
            })
            .collect();
        Self {
            view: dashboard.view,
            version: dashboard.version,
            position: dashboard.position,
            behind: (dashboard.feed_position.saturating_sub(dashboard.position)).max(0),
            known: dashboard.known_time.map(|known| known.seconds),
            as_of: dashboard.as_of,
            parts,
            others,
            meanings,
        }
    }

    /// A later reading of the same dashboard.
    pub(crate) fn moved(&self, dashboard: v1::Dashboard) -> Self {
        Self {
            meanings: self.meanings.clone(),
            ..Self::new(dashboard, &[])
        }
    }

    /// Whether this dashboard has the figure.
    pub(crate) fn has(&self, figure: &str) -> bool {
        self.meanings.contains_key(figure)
    }

    /// What a figure means.
    pub(crate) fn meaning(&self, figure: &str) -> Option<&Meaning> {
        self.meanings.get(figure)
    }

    /// The parts of a figure, in the order of their keys.
    pub(crate) fn parts(&self, figure: &str) -> &[Part] {
        self.parts.get(figure).map_or(&[], Vec::as_slice)
    }

    /// One part as it is shown; a part that is not there is nothing of its kind.
    pub(crate) fn shown(&self, figure: &str, key: &str) -> String {
        let unit = self.unit(figure);
        match self.parts(figure).iter().find(|part| part.key == key) {
            Some(part) => shown(part.value, unit),
            // It may be among the others.
            None if self.others.contains_key(figure) => "–".to_owned(),
            None => shown(Some(0), unit),
        }
    }

    /// The parts of a figure that are not among [`Self::parts`].
    pub(crate) fn others(&self, figure: &str) -> Option<Others> {
        self.others.get(figure).copied()
    }

    /// What they add up to, as it is shown; a share has no sum.
    pub(crate) fn others_shown(&self, figure: &str) -> String {
        match (self.others(figure), self.unit(figure)) {
            (Some(others), unit) if unit != Unit::Percent => shown(Some(others.sum), unit),
            _ => "–".to_owned(),
        }
    }

    /// How the figure is shown.
    fn unit(&self, figure: &str) -> Unit {
        match self.meaning(figure) {
            Some(meaning) if meaning.words.contains("hundredths") => Unit::Hundredths,
            Some(meaning) => match meaning.unit {
                FigureUnit::Pence => Unit::Pence,
                FigureUnit::Percent => Unit::Percent,
                _ => Unit::Count,
            },
            None => Unit::Count,
        }
    }

    /// The value of one part, as far as it may be shown.
    pub(crate) fn value(&self, figure: &str, key: &str) -> Option<i64> {
        match self.parts(figure).iter().find(|part| part.key == key) {
            Some(part) => part.value,
            None => match self.others.get(figure) {
                Some(others) if key.is_empty() => Some(others.sum),
                Some(_) => None,
                None => Some(0),
            },
        }
    }

    /// What a part of a figure is called.
    pub(crate) fn called(&self, figure: &str, key: &str, names: &Names) -> String {
        match self.meaning(figure).map(|meaning| meaning.split) {
            Some(FigureSplit::Month) => words::month_of(key),
            Some(FigureSplit::Level) => format!("Level {key}"),
            Some(FigureSplit::Date) => words::day_of(key),
            _ => match key.parse::<u32>() {
                Ok(months) if matches!(figure, "retained" | "destinations") => {
                    format!("{months} months")
                }
                _ => names.of_part(key),
            },
        }
    }
}

/// How a value is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Count,
    Pence,
    Percent,
    Hundredths,
}

/// A value in its unit; `*` where it is too small to be shown.
fn shown(value: Option<i64>, unit: Unit) -> String {
    let Some(value) = value else {
        return "*".to_owned();
    };
    match unit {
        Unit::Pence => words::pounds(value),
        Unit::Percent => format!("{value}%"),
        Unit::Hundredths => format!("{}.{:02}", value / 100, (value % 100).abs()),
        Unit::Count => words::grouped(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_small_is_a_star_and_what_is_missing_is_nothing() {
        let dashboard = v1::Dashboard {
            figures: vec![v1::Figure {
                name: "people_by_region".to_owned(),
                part: "london".to_owned(),
                suppressed: true,
                ..Default::default()
            }],
            ..Default::default()
        };
        let figures = Figures::new(dashboard, &[]);
        assert_eq!(figures.shown("people_by_region", "london"), "*");
        assert_eq!(figures.value("people_by_region", "london"), None);
        assert_eq!(figures.shown("people_by_region", "midlands"), "0");
        assert!(!figures.has("people_by_region"), "no definition came along");
    }

    #[test]
    fn what_is_among_the_others_is_not_nothing() {
        let figure = |part: &str, value, others| v1::Figure {
            name: "supervised".to_owned(),
            part: part.to_owned(),
            value,
            others,
            ..Default::default()
        };
        let dashboard = v1::Dashboard {
            figures: vec![figure("supervisors/1", 6, 0), figure("", 40, 9)],
            ..Default::default()
        };
        let figures = Figures::new(dashboard, &[]);
        assert_eq!(figures.parts("supervised").len(), 1);
        assert_eq!(figures.others("supervised").map(|of| of.parts), Some(9));
        assert_eq!(figures.others_shown("supervised"), "40");
        assert_eq!(figures.shown("supervised", "supervisors/2"), "–");
        assert_eq!(figures.value("supervised", "supervisors/2"), None);
    }

    #[test]
    fn units_are_said() {
        assert_eq!(shown(Some(2_748_500), Unit::Pence), "£27,485.00");
        assert_eq!(shown(Some(60), Unit::Percent), "60%");
        assert_eq!(shown(Some(1_200), Unit::Count), "1,200");
        assert_eq!(shown(Some(450), Unit::Hundredths), "4.50");
    }
}
