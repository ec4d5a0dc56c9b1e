//! The dashboard as a file.

use contract::v1::ExportFormat;
use domain::{application::Application, id::Id, permission::Permit, refusal::Refusal};
use tonic::Status;
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
    table::{Cell, Table, workbook},
    wire,
};

/// A file is sent in pieces of this size.
const PIECE_BYTES: usize = 64 * 1024;

/// The file, in pieces.
pub(super) async fn pieces(
    desk: &Desk,
    permit: &Permit,
    format: ExportFormat,
    moment: Moment,
) -> Result<Vec<Vec<u8>>, Status> {
    let seen = everything(desk, permit, moment).await?;
    let file = match format {
        ExportFormat::CsvFigures => figures(&seen).csv().into_bytes(),
        ExportFormat::CsvJourneys => journeys(&seen).csv().into_bytes(),
        ExportFormat::Xlsx => {
            let tables = [figures(&seen), journeys(&seen)];
            let made = tokio::task::spawn_blocking(move || workbook(&tables)).await;
            match made {
                Ok(Ok(file)) => file,
                Ok(Err(error)) => return Err(Status::internal(error.to_string())),
                Err(error) => return Err(Status::internal(error.to_string())),
            }
        }
        ExportFormat::Unspecified => {
            let refusal = Refusal::invalid("format", "say which kind of file");
            return Err(refused(&refusal));
        }
    };
    Ok(file.chunks(PIECE_BYTES).map(<[u8]>::to_vec).collect())
}

/// The dashboard with every journey.
async fn everything(desk: &Desk, permit: &Permit, moment: Moment) -> Result<Seen, Status> {
    let page = |after| Asked {
        as_of: moment.as_of,
        known: moment.known,
        at_least: 0,
        journeys: Some(Page {
            after,
            limit: u32::MAX,
        }),
    };
    let read = |after| read::dashboard(desk.ledger(), permit, page(after));
    let mut seen = read(None).await.map_err(failed)?;
    while let Some(after) = seen.next {
        let more = read(Some(after)).await.map_err(failed)?;
        seen.journeys.extend(more.journeys);
        seen.next = more.next;
    }
    Ok(seen)
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
    let row = |one: &Journey| {
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
    };
    Table {
        name: "journeys",
        heading: vec![
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
        ],
        rows: seen.journeys.iter().map(row).collect(),
    }
}
