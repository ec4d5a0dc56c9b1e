//! What is behind a figure: its records, what happened to each, and the whole to take away.

use askama::Template;
use axum::{
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use contract::v1::{self, ExportFormat};
use domain::actor::TenantKind::{self, Commissioner, Employer, Network, University};
use futures::stream;
use tonic::Code;

use crate::{
    api::Refused,
    app::{App, Signed, refused},
    frame::{Frame, html, part},
    page::{self, Query},
    record,
    section::{ListRow, Listed},
    words,
};

/// Records and events on a page.
const PAGE: i32 = 100;

/// A list with a page of its own.
#[derive(Debug, Template)]
#[template(path = "listing.html")]
struct Shown {
    frame: Frame,
    lead: String,
    list: String,
    links: Vec<Link>,
}

#[derive(Debug)]
struct Link {
    title: String,
    href: String,
}

/// Lists the records behind a figure.
pub(crate) async fn figure(
    State(app): State<App>,
    signed: Signed,
    Path(figure): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::read(query.as_deref());
    match items(&app, &signed, &figure, &query).await {
        Ok(shown) => html(&shown),
        Err(refusal) => refused(&app, &signed, &refusal),
    }
}

async fn items(app: &App, signed: &Signed, figure: &str, query: &Query) -> Result<Shown, Refused> {
    let request = v1::ListFigureItemsRequest {
        figure: figure.to_owned(),
        part: query.get("part").to_owned(),
        as_of: query.get("as_of").to_owned(),
        page_size: PAGE,
        page_token: query.get("page").to_owned(),
        ..Default::default()
    };
    let answer = app.api.ask(&signed.token, request).await?;
    let of = |item: &v1::FigureItem| match item.application.as_str() {
        "" => item.name.clone(),
        application => application.to_owned(),
    };
    let names = answer
        .items
        .iter()
        .flat_map(|item| [of(item), item.name.clone()]);
    signed.names.learn(&app.api, signed, names).await;
    let rows: Vec<ListRow> = (answer.items.iter())
        .map(|item| ListRow {
            label: signed.names.of(&of(item)),
            href: format!("/timeline/{}", of(item)),
            cells: vec![signed.names.of(&item.name), words::grouped(item.value)],
        })
        .collect();
    let mut title = words::sentence(figure);
    if !query.get("part").is_empty() {
        title = format!("{title}: {}", signed.names.of_part(query.get("part")));
    }
    Ok(Shown {
        links: further(
            &format!("/figures/{figure}"),
            query,
            &answer.next_page_token,
        ),
        list: part(&Listed {
            id: "items",
            title: "The records behind it",
            caption: "What each adds to the figure, or the difference it makes".to_owned(),
            none: "No record on this page.",
            columns: ["Of", "Record", "Adds"].map(str::to_owned).to_vec(),
            rows,
            more: String::new(),
        }),
        lead: "Every record that the figure counts. Each leads to what happened to it.".to_owned(),
        frame: framed(app, signed, &title).await,
    })
}

/// Tells what happened to a record, or in the life of a trainee.
pub(crate) async fn timeline(
    State(app): State<App>,
    signed: Signed,
    Path((collection, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::read(query.as_deref());
    let name = format!("{collection}/{id}");
    match events(&app, &signed, &name, &query).await {
        Ok(shown) => html(&shown),
        Err(refusal) => refused(&app, &signed, &refusal),
    }
}

async fn events(app: &App, signed: &Signed, name: &str, query: &Query) -> Result<Shown, Refused> {
    let request = v1::ListTimelineRequest {
        name: name.to_owned(),
        as_of: query.get("as_of").to_owned(),
        page_size: PAGE,
        page_token: query.get("page").to_owned(),
        ..Default::default()
    };
    let answer = app.api.ask(&signed.token, request).await?;
    signed
        .names
        .learn(&app.api, signed, [name.to_owned()])
        .await;
    for event in &answer.events {
        let names = [event.acting_tenant.clone()];
        signed
            .names
            .learn_of(&app.api, signed, names, &event.name)
            .await;
    }
    let time = |time: &Option<prost_types::Timestamp>| {
        let time = time.unwrap_or_default();
        words::moment(time.seconds, time.nanos)
    };
    let rows = (answer.events.iter())
        .map(|event| ListRow {
            label: words::sentence(&event.event_type),
            href: format!("/records/{}", event.name),
            cells: vec![
                format!("{}, {}", signed.names.of(&event.name), event.sequence),
                time(&event.effective_time),
                time(&event.recorded_time),
                record::by(signed, &event.acting_role, &event.acting_tenant),
                record::policies(&event.policy_versions),
            ],
        })
        .collect();
    let mut links = further(&format!("/timeline/{name}"), query, &answer.next_page_token);
    links.push(Link {
        title: "The record as it stands".to_owned(),
        href: format!("/records/{name}"),
    });
    Ok(Shown {
        list: part(&Listed {
            id: "events",
            title: "Event by event",
            caption: "In the order they were recorded, by whom, and the policy versions the decision used"
                .to_owned(),
            none: "Nothing on this page.",
            columns: ["Event", "Record", "True since", "Recorded", "By", "Policies"]
                .map(str::to_owned)
                .to_vec(),
            rows,
            more: String::new(),
        }),
        lead: format!("What happened to {}, as far as your role may know.", signed.names.of(name)),
        links,
        frame: framed(app, signed, "What happened").await,
    })
}

async fn framed(app: &App, signed: &Signed, title: &str) -> Frame {
    let mut frame = Frame::new(app, Some(signed), title, "");
    frame.freshness = page::fresh(app, signed).await;
    frame
}

/// Where a list goes on.
fn further(path: &str, query: &Query, token: &str) -> Vec<Link> {
    if token.is_empty() {
        return vec![];
    }
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    let kept = query.pairs().iter().filter(|(name, _)| name != "page");
    pairs.extend_pairs(kept).append_pair("page", token);
    vec![Link {
        title: "Next page".to_owned(),
        href: format!("{path}?{}", pairs.finish()),
    }]
}

/// A file of the dashboard.
#[derive(Debug)]
pub(crate) struct File {
    /// The last part of its address, and what it is saved as.
    pub(crate) name: &'static str,
    /// What it is.
    pub(crate) called: &'static str,
    kinds: &'static [TenantKind],
    format: ExportFormat,
    media: &'static str,
}

impl File {
    /// Whether it is one of the session's.
    pub(crate) fn is_for(&self, signed: &Signed) -> bool {
        signed.may_call("ExportDashboard") && self.kinds.contains(&signed.kind())
    }
}

/// Every file.
#[rustfmt::skip]
pub(crate) const FILES: &[File] = &[
    File {
        name: "figures.csv", called: "Figures (CSV)",
        kinds: &[Employer, University, Commissioner, Network],
        format: ExportFormat::CsvFigures, media: "text/csv; charset=utf-8",
    },
    File {
        name: "trainees.csv", called: "Trainees (CSV)",
        kinds: &[Employer, University],
        format: ExportFormat::CsvJourneys, media: "text/csv; charset=utf-8",
    },
    File {
        name: "dashboard.xlsx", called: "Workbook (XLSX)",
        kinds: &[Employer, University, Commissioner, Network],
        format: ExportFormat::Xlsx,
        media: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    },
];

/// Passes a file on while it comes.
pub(crate) async fn export(
    State(app): State<App>,
    signed: Signed,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::read(query.as_deref());
    let file = FILES
        .iter()
        .find(|file| file.name == name && file.is_for(&signed));
    let Some(file) = file else {
        let missing = Refused::new(
            Code::NotFound,
            "there is no such file for the role you act in",
        );
        return refused(&app, &signed, &missing);
    };
    let request = v1::ExportDashboardRequest {
        format: file.format.into(),
        as_of: query.get("as_of").to_owned(),
        ..Default::default()
    };
    // The first piece says whether there will be a file at all.
    let mut pieces = match app.api.export(&signed.token, &request).await {
        Ok(pieces) => pieces,
        Err(refusal) => return refused(&app, &signed, &refusal),
    };
    let first = match pieces.next().await {
        Ok(first) => first.map(|piece| piece.data).unwrap_or_default(),
        Err(refusal) => return refused(&app, &signed, &refusal),
    };
    let rest = stream::unfold(pieces, |mut pieces| async move {
        let piece = match pieces.next().await {
            Ok(piece) => Ok(Bytes::from(piece?.data)),
            Err(refusal) => Err(std::io::Error::other(refusal.message)),
        };
        Some((piece, pieces))
    });
    let body = stream::StreamExt::chain(stream::iter([Ok(Bytes::from(first))]), rest);
    let headers = [
        (header::CONTENT_TYPE, file.media.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}\"", file.name),
        ),
    ];
    (headers, Body::from_stream(body)).into_response()
}
