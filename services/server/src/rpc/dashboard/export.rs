//! The dashboard as a file.

use std::{fs::File, io::Read as _, pin::Pin};

use contract::v1::ExportFormat;
use domain::{application::Application, id::Id, permission::Permit, refusal::Refusal};
use futures::{Stream, StreamExt as _, stream};
use rust_xlsxwriter::XlsxError;
use tonic::Status;
use uuid::Uuid;
use views::{
    dashboard::Shown,
    items::Moment,
    journey::Journey,
    read::{self, Asked, Page, Seen},
};

use super::unit;
use crate::{
    desk::Desk,
    status::{failed, refused},
    table::{Book, Cell, Table, csv_line},
    wire,
};

/// A file is sent in pieces of about this size.
const PIECE_BYTES: usize = 64 * 1024;

/// Journeys read at a time; of a day that is past, all come from one fold.
const PAGE_JOURNEYS: u32 = 200;

/// As many journeys as one workbook holds: a sheet ends at 1,048,576 rows, and what it is opened with
/// long before.
const WORKBOOK_JOURNEYS_MAX: usize = 200_000;

/// The pieces of a file, made while they are sent.
type Pieces = Pin<Box<dyn Stream<Item = Result<Vec<u8>, Status>> + Send>>;

/// The file, in pieces. What is wrong with the question is said before the first.
pub(super) async fn pieces(
    desk: &Desk,
    permit: &Permit,
    format: ExportFormat,
    moment: Moment,
) -> Result<Pieces, Status> {
    let first = read(desk, permit, moment, None).await?;
    Ok(match format {
        ExportFormat::CsvFigures => cut(figures(&first).csv().into_bytes()),
        ExportFormat::CsvJourneys => {
            let heading = (JOURNEY.join(",") + "\r\n").into_bytes();
            let pages = pages(desk, permit, moment, first).map(|page| {
                let lines: String = page?.iter().map(|row| csv_line(row)).collect();
                Ok(lines.into_bytes())
            });
            Box::pin(stream::iter([Ok(heading)]).chain(pages))
        }
        // A workbook is one archive, whose index comes last: it is made whole, on disk.
        ExportFormat::Xlsx => {
            let figures = figures(&first);
            let pages = pages(desk, permit, moment, first);
            read_out(workbook(figures, pages, WORKBOOK_JOURNEYS_MAX).await?)
        }
        ExportFormat::Unspecified => {
            let refusal = Refusal::invalid("format", "say which kind of file");
            return Err(refused(&refusal));
        }
    })
}

/// The journeys as rows, a page at a time; each is read when the one before is used.
fn pages(
    desk: &Desk,
    permit: &Permit,
    moment: Moment,
    first: Seen,
) -> impl Stream<Item = Result<Vec<Vec<Cell>>, Status>> + Send + use<> {
    let (desk, permit) = (desk.clone(), permit.clone());
    stream::try_unfold((Some(first), None), move |(seen, after)| {
        let (desk, permit) = (desk.clone(), permit.clone());
        async move {
            let seen = match (seen, after) {
                (Some(seen), _) => seen,
                (None, Some(after)) => read(&desk, &permit, moment, Some(after)).await?,
                (None, None) => return Ok(None),
            };
            let rows = seen.journeys.iter().map(journey).collect();
            Ok(Some((rows, (None, seen.next))))
        }
    })
}

/// A workbook with a sheet of the figures and one of the journeys, while they come.
async fn workbook(
    figures: Table,
    pages: impl Stream<Item = Result<Vec<Vec<Cell>>, Status>>,
    most: usize,
) -> Result<File, Status> {
    let mut pages = std::pin::pin!(pages);
    let mut book = aside(move || {
        let mut book = Book::new()?;
        book.sheet(figures.name, &figures.heading)?;
        book.rows(&figures.rows)?;
        book.sheet("journeys", JOURNEY)?;
        Ok(book)
    })
    .await?;
    let mut count = 0_usize;
    while let Some(rows) = pages.next().await {
        let rows = rows?;
        count = count.saturating_add(rows.len());
        if count > most {
            return Err(refused(&Refusal::invalid(
                "format",
                format!("a workbook holds {most} journeys and yours are more; take them as CSV"),
            )));
        }
        book = aside(move || {
            book.rows(&rows)?;
            Ok(book)
        })
        .await?;
    }
    aside(move || book.close()).await
}

/// Does what waits for the disk where nobody else waits for it.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, XlsxError> + Send + 'static,
) -> Result<T, Status> {
    match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(Status::internal(error.to_string())),
        Err(error) => Err(Status::internal(error.to_string())),
    }
}

/// A file on disk, a piece at a time.
fn read_out(file: File) -> Pieces {
    Box::pin(stream::try_unfold(file, |file| async move {
        aside(move || {
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            let mut part = (&file).take(PIECE_BYTES as u64);
            let read = part.read_to_end(&mut piece)?;
            Ok((read > 0).then_some((piece, file)))
        })
        .await
    }))
}

fn cut(file: Vec<u8>) -> Pieces {
    let pieces: Vec<_> = file
        .chunks(PIECE_BYTES)
        .map(|one| Ok(one.to_vec()))
        .collect();
    Box::pin(stream::iter(pieces))
}

/// The dashboard with a page of journeys.
async fn read(
    desk: &Desk,
    permit: &Permit,
    moment: Moment,
    after: Option<Uuid>,
) -> Result<Seen, Status> {
    let asked = Asked {
        as_of: moment.as_of,
        known: moment.known,
        at_least: 0,
        journeys: Some(Page {
            after,
            limit: PAGE_JOURNEYS,
        }),
    };
    let seen = read::dashboard(desk.ledger(), permit, asked).await;
    seen.map_err(failed)
}

fn figures(seen: &Seen) -> Table {
    let row = |shown: &Shown| {
        let meaning = seen.definitions.iter().find(|one| one.name == shown.name);
        vec![
            shown.name.into(),
            shown.part.clone().into(),
            shown.value.map_or(Cell::Withheld, Cell::Number),
            unit(shown.unit).as_str_name().into(),
            meaning.map_or("", |one| one.meaning).into(),
            seen.as_of.to_string().into(),
        ]
    };
    Table {
        name: "figures",
        heading: vec!["figure", "part", "value", "unit", "meaning", "as_of"],
        rows: seen.figures.iter().map(row).collect(),
    }
}

fn journey(one: &Journey) -> Vec<Cell> {
    let number = |value: u32| Cell::Number(i64::from(value));
    let decided: Vec<String> = one.decided.iter().map(ToString::to_string).collect();
    vec![
        Id::<Application>::new(one.application).name().into(),
        wire::show(one.person).into(),
        wire::show(one.application_stage).into(),
        wire::show(one.offer_stage).into(),
        number(one.checks_cleared),
        Cell::Number(i64::from(one.level.unwrap_or(0))),
        wire::show(one.employed_from).into(),
        wire::show(one.employed_until).into(),
        wire::show(one.enrolled_from).into(),
        wire::show(one.training_from).into(),
        wire::show(one.training_until).into(),
        number(one.instalments_paid),
        Cell::Number(one.salary_paid_pence),
        decided.join(" ").into(),
        wire::show(one.next_board).into(),
        wire::show(one.qualified_on).into(),
        wire::show(one.qualification.as_deref()).into(),
        wire::show(one.leaving_code).into(),
        one.registered.to_string().into(),
        wire::show(one.qualified_post_from).into(),
        number(one.preceptorship_sessions),
        wire::show(one.preceptorship_completed).into(),
        number(one.consolidation_months),
        number(one.consolidation_months_needed),
    ]
}

/// The columns of a journey.
const JOURNEY: &[&str] = &[
    "application",
    "person",
    "application_stage",
    "offer_stage",
    "checks_cleared",
    "level",
    "employed_from",
    "employed_until",
    "enrolled_from",
    "training_from",
    "training_until",
    "instalments_paid",
    "salary_paid_pence",
    "decided",
    "next_board",
    "qualified_on",
    "qualification",
    "leaving_code",
    "registered",
    "qualified_post_from",
    "preceptorship_sessions",
    "preceptorship_completed",
    "consolidation_months",
    "consolidation_months_needed",
];

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use futures::TryStreamExt as _;

    use super::*;

    fn none() -> Table {
        Table {
            name: "figures",
            heading: vec!["figure", "part", "value"],
            rows: vec![vec!["=1+1".into(), "x".into(), Cell::Withheld]],
        }
    }

    /// So many pages of 200 journeys.
    fn generated(pages: usize) -> impl Stream<Item = Result<Vec<Vec<Cell>>, Status>> {
        stream::iter((0..pages).map(|page| {
            let row = |nth: usize| {
                let id = Uuid::from_u128((page * 200 + nth) as u128);
                let name = Id::<Application>::new(id).name();
                let cells = JOURNEY.iter().map(|_| Cell::Number(7)).skip(1);
                std::iter::once(name.into()).chain(cells).collect()
            };
            Ok((0..200).map(row).collect())
        }))
    }

    /// A part of the archive, as text.
    fn part(book: &[u8], name: &str) -> String {
        let mut archive = zip::ZipArchive::new(Cursor::new(book)).expect("an archive");
        let mut text = String::new();
        let mut file = archive.by_name(name).expect("it is there");
        file.read_to_string(&mut text).expect("whole");
        text
    }

    #[tokio::test]
    async fn twenty_thousand_journeys_make_a_workbook_that_opens_sent_in_pieces() {
        let file = workbook(none(), generated(100), 20_000).await;
        let pieces = read_out(file.expect("a workbook"));
        let pieces: Vec<Vec<u8>> = pieces.try_collect().await.expect("to its end");
        assert!(pieces.len() > 10, "{} pieces", pieces.len());
        assert!(pieces.iter().all(|piece| piece.len() <= PIECE_BYTES));
        let book = pieces.concat();
        let sheets = part(&book, "xl/workbook.xml");
        assert!(sheets.contains("name=\"figures\"") && sheets.contains("name=\"journeys\""));
        assert!(part(&book, "xl/worksheets/sheet1.xml").contains("'=1+1"));
        let journeys = part(&book, "xl/worksheets/sheet2.xml");
        assert_eq!(journeys.matches("<row ").count(), 20_001);
        assert!(journeys.contains("<c r=\"X20001\"><v>7</v></c></row></sheetData>"));
    }

    #[tokio::test]
    async fn more_journeys_than_a_workbook_holds_are_refused_and_pointed_to_csv() {
        let refused = workbook(none(), generated(2), 399).await;
        let refused = refused.expect_err("one too many");
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        assert!(refused.message().contains("CSV"), "{refused:?}");
    }

    #[tokio::test]
    async fn the_same_rows_make_the_same_workbook() {
        let mut made = vec![];
        for _ in 0..2 {
            let file = workbook(none(), generated(1), 200)
                .await
                .expect("a workbook");
            let pieces: Vec<Vec<u8>> = read_out(file).try_collect().await.expect("to its end");
            made.push(pieces.concat());
        }
        assert!(made[0] == made[1]);
    }
}
