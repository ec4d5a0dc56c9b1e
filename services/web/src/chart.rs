//! Charts, drawn here as SVG; the table beside each says the same in numbers.

use std::fmt::Write as _;

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bar to the right per row: things with names.
    Bars,
    /// A column upwards per row: months and years, side by side.
    Columns,
    /// A line from row to row: a course over time.
    Line,
}

/// What a chart shows.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// How.
    pub(crate) kind: Kind,
    /// One per colour.
    pub(crate) series: Vec<String>,
    /// One per bar, group of columns or point.
    pub(crate) rows: Vec<Row>,
}

/// A row of a chart and of its table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What it is about.
    pub(crate) label: String,
    /// One per series.
    pub(crate) cells: Vec<Cell>,
}

/// A value.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    /// As it is shown.
    pub(crate) shown: String,
    /// As it is drawn; absent where it may not be told.
    pub(crate) value: Option<i64>,
    /// Where the records behind it are listed; empty where they are not.
    pub(crate) href: String,
}

const WIDTH: f64 = 640.0;
const BAR: f64 = 18.0;
const HEIGHT: f64 = 260.0;
const PLOT: f64 = 200.0;

impl Chart {
    /// The drawing, named by `title` for whoever does not see it.
    pub(crate) fn svg(&self, id: &str, title: &str) -> String {
        let (height, drawing) = match self.kind {
            Kind::Bars => self.bars(),
            Kind::Columns => (HEIGHT, self.columns()),
            Kind::Line => (HEIGHT, self.line()),
        };
        let title = escaped(title);
        format!(
            "<svg class=\"trellis-chart\" role=\"img\" aria-labelledby=\"{id}-title\" \
             viewBox=\"0 0 {WIDTH} {height}\" xmlns=\"http://www.w3.org/2000/svg\">\
             <title id=\"{id}-title\">{title}. The table that follows has the numbers.</title>\
             {drawing}</svg>"
        )
    }

    fn largest(&self) -> f64 {
        let values = self.rows.iter().flat_map(|row| &row.cells);
        let largest = values.filter_map(|cell| cell.value).max().unwrap_or(0);
        number(largest.max(1))
    }

    fn bars(&self) -> (f64, String) {
        let (mut y, mut svg) = (4.0, String::new());
        for row in &self.rows {
            text(&mut svg, "trellis-chart__label", 0.0, y + 14.0, &row.label);
            y += 20.0;
            for (series, cell) in row.cells.iter().enumerate() {
                let length = number(cell.value.unwrap_or(0).max(0)) / self.largest() * 520.0;
                rectangle(&mut svg, series, [0.0, y, length.max(1.0), BAR]);
                text(
                    &mut svg,
                    "trellis-chart__value",
                    length + 6.0,
                    y + 14.0,
                    &cell.shown,
                );
                y += BAR + 2.0;
            }
            y += 8.0;
        }
        (y, svg)
    }

    fn columns(&self) -> String {
        let mut svg = axis();
        let slot = WIDTH / number_of(self.rows.len());
        let width = (slot * 0.8 / number_of(self.series.len())).min(48.0);
        for (at, row) in self.rows.iter().enumerate() {
            let group = width * number_of(row.cells.len());
            let left = slot * number_of_from_zero(at) + (slot - group) / 2.0;
            for (series, cell) in row.cells.iter().enumerate() {
                let tall = number(cell.value.unwrap_or(0).max(0)) / self.largest() * (PLOT - 20.0);
                let x = left + width * number_of_from_zero(series);
                rectangle(
                    &mut svg,
                    series,
                    [x, PLOT - tall, width - 2.0, tall.max(1.0)],
                );
                middle(
                    &mut svg,
                    "trellis-chart__value",
                    x + width / 2.0,
                    PLOT - tall - 5.0,
                    &cell.shown,
                );
            }
            self.tick(&mut svg, at, slot, &row.label);
        }
        svg
    }

    fn line(&self) -> String {
        let mut svg = axis();
        let slot = WIDTH / number_of(self.rows.len());
        for series in 0..self.series.len() {
            let points: Vec<(f64, f64, &str)> = self
                .rows
                .iter()
                .enumerate()
                .filter_map(|(at, row)| {
                    let cell = row.cells.get(series)?;
                    let tall = number(cell.value?.max(0)) / self.largest() * (PLOT - 30.0);
                    let x = slot * (number_of_from_zero(at) + 0.5);
                    Some((x, PLOT - tall, cell.shown.as_str()))
                })
                .collect();
            let path: Vec<String> = points
                .iter()
                .map(|(x, y, _)| format!("{x:.1},{y:.1}"))
                .collect();
            let _ = write!(
                svg,
                "<polyline class=\"trellis-chart__line trellis-chart__line--{}\" points=\"{}\"/>",
                series % 4,
                path.join(" ")
            );
            for (x, y, shown) in points {
                let _ = write!(
                    svg,
                    "<circle class=\"trellis-chart__bar--{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/>",
                    series % 4
                );
                middle(&mut svg, "trellis-chart__value", x, y - 10.0, shown);
            }
        }
        for (at, row) in self.rows.iter().enumerate() {
            self.tick(&mut svg, at, slot, &row.label);
        }
        svg
    }

    /// Names a column or a point: as many as have room beside each other.
    fn tick(&self, svg: &mut String, at: usize, slot: f64, label: &str) {
        let every = self.rows.len().div_ceil(8).max(1);
        if at.is_multiple_of(every) {
            let x = slot * (number_of_from_zero(at) + 0.5);
            middle(svg, "trellis-chart__label", x, PLOT + 20.0, label);
        }
    }
}

fn axis() -> String {
    format!(
        "<line class=\"trellis-chart__axis\" x1=\"0\" y1=\"{PLOT}\" x2=\"{WIDTH}\" y2=\"{PLOT}\"/>"
    )
}

fn rectangle(svg: &mut String, series: usize, [x, y, width, height]: [f64; 4]) {
    let _ = write!(
        svg,
        "<rect class=\"trellis-chart__bar--{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" \
         height=\"{height:.1}\"/>",
        series % 4
    );
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, said: &str) {
    let said = escaped(said);
    let _ = write!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{said}</text>"
    );
}

fn middle(svg: &mut String, class: &str, x: f64, y: f64, said: &str) {
    let said = escaped(said);
    let _ = write!(
        svg,
        "<text class=\"{class}\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{y:.1}\">{said}</text>"
    );
}

/// Text for a document: nothing in it can begin a tag or end an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Exact as far as a drawing can show.
fn number(value: i64) -> f64 {
    value as f64
}

fn number_of(count: usize) -> f64 {
    number_of_from_zero(count.max(1))
}

fn number_of_from_zero(count: usize) -> f64 {
    number(i64::try_from(count).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(kind: Kind, values: &[Option<i64>]) -> Chart {
        Chart {
            kind,
            series: vec!["Places".to_owned()],
            rows: values
                .iter()
                .map(|value| Row {
                    label: "North & <West>".to_owned(),
                    cells: vec![Cell {
                        shown: value.map_or("*".to_owned(), |value| value.to_string()),
                        value: *value,
                        href: String::new(),
                    }],
                })
                .collect(),
        }
    }

    #[test]
    fn what_is_drawn_is_named_and_safe() {
        for kind in [Kind::Bars, Kind::Columns, Kind::Line] {
            let svg = chart(kind, &[Some(3), None, Some(0)]).svg("c", "Places \"by\" region");
            assert!(svg.contains("role=\"img\"") && svg.contains("Places &quot;by&quot; region"));
            assert!(svg.contains("North &amp; &lt;West&gt;") && !svg.contains("<West>"));
        }
    }

    #[test]
    fn a_suppressed_value_has_no_length() {
        let svg = chart(Kind::Bars, &[None]).svg("c", "t");
        assert!(svg.contains("width=\"1.0\"") && svg.contains(">*</text>"));
    }
}
