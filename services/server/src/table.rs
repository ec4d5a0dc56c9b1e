//! Tables to take away: as CSV and as a workbook.

use std::{
    fs::File,
    io::{BufWriter, Seek as _},
};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, XlsxError};

/// One cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// Words, which are never a formula.
    Text(String),
    /// A number.
    Number(i64),
    /// A count that is withheld.
    Withheld,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// A table with its heading.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) heading: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// How a withheld count is shown.
const WITHHELD: &str = "*";

/// A text as a spreadsheet shows it and never runs it: what could begin a formula is quoted.
fn harmless(text: &str) -> String {
    match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    }
}

impl Table {
    /// RFC 4180, UTF-8.
    pub(crate) fn csv(&self) -> String {
        let mut file = self.heading.join(",") + "\r\n";
        file.extend(self.rows.iter().map(|row| csv_line(row)));
        file
    }
}

/// A line of a CSV file.
pub(crate) fn csv_line(row: &[Cell]) -> String {
    let quoted = |text: &str| match text.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let cells: Vec<String> = row
        .iter()
        .map(|cell| match cell {
            Cell::Text(text) => quoted(&harmless(text)),
            Cell::Number(number) => number.to_string(),
            Cell::Withheld => WITHHELD.to_owned(),
        })
        .collect();
    cells.join(",") + "\r\n"
}

/// A workbook under way, with one sheet after another. What is written lies on disk, in files without
/// a name, so that a large one costs no more memory than a small one. The same rows make the same
/// bytes: nothing in it says when it was asked for.
pub(crate) struct Book {
    made: Workbook,
    bold: Format,
    lines: u32,
}

impl Book {
    pub(crate) fn new() -> Result<Self, XlsxError> {
        let mut made = Workbook::new();
        let undated = ExcelDateTime::from_ymd(1970, 1, 1)?;
        made.set_properties(&DocProperties::new().set_creation_datetime(&undated));
        Ok(Self {
            made,
            bold: Format::new().set_bold(),
            lines: 0,
        })
    }

    /// Begins the next sheet; rows go there from now on.
    pub(crate) fn sheet(&mut self, name: &str, heading: &[&str]) -> Result<(), XlsxError> {
        let sheet = self.made.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?.set_freeze_panes(1, 0)?;
        for (column, heading) in (0..).zip(heading) {
            sheet.write_string_with_format(0, column, *heading, &self.bold)?;
        }
        self.lines = 1;
        Ok(())
    }

    /// The next rows of the sheet.
    pub(crate) fn rows(&mut self, rows: &[Vec<Cell>]) -> Result<(), XlsxError> {
        let Some(sheet) = self.made.worksheets_mut().last_mut() else {
            return Ok(());
        };
        for row in rows {
            let line = self.lines;
            for (column, cell) in (0..).zip(row) {
                match cell {
                    Cell::Text(text) => sheet.write_string(line, column, harmless(text))?,
                    // A sheet knows no larger numbers exactly.
                    Cell::Number(number) if number.unsigned_abs() >> 53 == 0 => {
                        sheet.write_number(line, column, *number as f64)?
                    }
                    Cell::Number(number) => sheet.write_string(line, column, number.to_string())?,
                    Cell::Withheld => sheet.write_string(line, column, WITHHELD)?,
                };
            }
            self.lines = line.saturating_add(1);
        }
        Ok(())
    }

    /// The workbook as a file without a name, to be read from its start.
    pub(crate) fn close(mut self) -> Result<File, XlsxError> {
        let mut file = tempfile::tempfile()?;
        self.made.save_to_writer(BufWriter::new(&file))?;
        file.rewind()?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            name: "figures",
            heading: vec!["figure", "part", "value"],
            rows: vec![
                vec!["=1+1".into(), "a, \"b\"".into(), Cell::Number(-5)],
                vec!["@sum".into(), "\tx".into(), Cell::Withheld],
            ],
        }
    }

    #[test]
    fn what_could_begin_a_formula_is_quoted_and_numbers_are_not() {
        assert_eq!(
            table().csv(),
            "figure,part,value\r\n'=1+1,\"a, \"\"b\"\"\",-5\r\n'@sum,'\tx,*\r\n"
        );
    }
}
