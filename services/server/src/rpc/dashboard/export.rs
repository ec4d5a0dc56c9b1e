//! The dashboard as a file.

use std::pin::Pin;

use contract::v1::ExportFormat;
use domain::{application::Application, id::Id, permission::Permit, refusal::Refusal};
use futures::{Stream, stream};
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
    table::{Cell, Table, csv_line, workbook},
    wire,
};

/// A file is sent in pieces of about this size.
const PIECE_BYTES: usize = 64 * 1024;

/// Journeys read at a time; of a day that is past, all come from one fold.
const PAGE_JOURNEYS: u32 = 200;

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
            let heading = JOURNEY.join(",") + "\r\n";
            let (desk, permit) = (desk.clone(), permit.clone());
            let state = Some((first, heading));
            // Each page is read when the one before has gone out.
            Box::pin(stream::try_unfold(state, move |state| {
                let (desk, permit) = (desk.clone(), permit.clone());
                async move {
                    let Some((seen, mut piece)) = state else {
                        return Ok(None);
                    };
                    piece.extend(seen.journeys.iter().map(|one| csv_line(&journey(one))));
                    let next = match seen.next {
                        Some(after) => {
                            let more = read(&desk, &permit, moment, Some(after)).await?;
                            Some((more, String::new()))
                        }
                        None => None,
                    };
                    Ok(Some((piece.into_bytes(), next)))
                }
            }))
        }
        // A workbook is one archive, whose index comes last: it is made whole.
        ExportFormat::Xlsx => {
            let mut seen = first;
            while let Some(after) = seen.next {
                let more = read(desk, permit, moment, Some(after)).await?;
                seen.journeys.extend(more.journeys);
                seen.next = more.next;
            }
            let tables = [figures(&seen), journeys(&seen)];
            let made = tokio::task::spawn_blocking(move || workbook(&tables)).await;
            match made {
                Ok(Ok(file)) => cut(file),
                Ok(Err(error)) => return Err(Status::internal(error.to_string())),
                Err(error) => return Err(Status::internal(error.to_string())),
            }
        }
        ExportFormat::Unspecified => {
            let refusal = Refusal::invalid("format", "say which kind of file");
            return Err(refused(&refusal));
        }
    })
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

fn journeys(seen: &Seen) -> Table {
    Table {
        name: "journeys",
        heading: JOURNEY.to_vec(),
        rows: seen.journeys.iter().map(journey).collect(),
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
