//! Tables to take away: as CSV and as a workbook.

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

/// A workbook with a sheet for each table. The same tables make the same bytes: nothing in it says
/// when it was asked for.
pub(crate) fn workbook(tables: &[Table]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let undated = ExcelDateTime::from_ymd(1970, 1, 1)?;
    workbook.set_properties(&DocProperties::new().set_creation_datetime(&undated));
    let bold = Format::new().set_bold();
    for table in tables {
        let sheet = workbook.add_worksheet().set_name(table.name)?;
        for (column, heading) in (0..).zip(&table.heading) {
            sheet.write_string_with_format(0, column, *heading, &bold)?;
        }
        for (line, row) in (1..).zip(&table.rows) {
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
        }
        sheet.set_freeze_panes(1, 0)?;
    }
    workbook.save_to_buffer()
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

    #[test]
    fn a_workbook_is_a_zip_of_the_same() {
        let bytes = workbook(&[table()]).expect("a workbook");
        assert!(bytes.starts_with(b"PK"));
    }
}
