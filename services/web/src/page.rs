//! A page: what its row names, read through the service and drawn.

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use contract::v1;
use domain::permission::Action;
use jiff::Timestamp;
use prost_reflect::{DynamicMessage, Value};

use crate::{
    api::Refused,
    app::{App, Signed, refused},
    behind,
    figures::Figures,
    form,
    frame::{Frame, html, part},
    pages::{Page, Section},
    section::{self, Part},
    words,
};

/// Trainees asked for at a time, and how many times at most.
const JOURNEYS_PAGE: i32 = 200;
const JOURNEYS_PAGES: usize = 10;

/// The query of a page: its pairs, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=1&b=2`.
    pub(crate) fn read(raw: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(raw.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The value of a name, empty when it is not there.
    pub(crate) fn get(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    /// All pairs.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }
}

/// What a page is drawn from.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The dashboard, for a role that has one.
    pub(crate) figures: Option<Figures>,
    /// Trainees, when the page lists them.
    pub(crate) journeys: Vec<v1::Journey>,
    /// Whether there are more of them than were read.
    pub(crate) more_journeys: bool,
    /// Records read for the page itself, by RPC.
    pub(crate) own: Vec<(String, DynamicMessage)>,
}

#[derive(Debug, Template)]
#[template(path = "page.html")]
struct Shown<'a> {
    frame: Frame,
    lead: &'a str,
    freshness: String,
    dated: bool,
    as_of: String,
    files: Vec<File>,
    parts: Vec<Part>,
}

/// A file to take away.
#[derive(Debug)]
struct File {
    called: &'static str,
    href: String,
}

/// The files of a dashboard as of a day.
fn files(signed: &Signed, as_of: &str) -> Vec<File> {
    let as_of: String = form_urlencoded::byte_serialize(as_of.as_bytes()).collect();
    let files = behind::FILES.iter().filter(|file| file.is_for(signed));
    files
        .map(|file| File {
            called: file.called,
            href: match as_of.as_str() {
                "" => format!("/export/{}", file.name),
                day => format!("/export/{}?as_of={day}", file.name),
            },
        })
        .collect()
}

#[derive(Debug, Template)]
#[template(path = "freshness.html")]
struct Freshness<'a> {
    figures: Option<&'a Figures>,
    as_of: String,
    known: Option<String>,
    /// How long the oldest event that is missing has been waiting, in seconds.
    lag: i64,
    read: String,
}

/// Shows a page.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let Some(page) = Page::find(&path, &signed) else {
        let missing = Refused::new(
            tonic::Code::NotFound,
            "there is no such page for the role you act in",
        );
        return refused(&app, &signed, &missing);
    };
    let query = Query::read(query.as_deref());
    match gather(&app, &signed, page, &query).await {
        Ok(seen) => draw(&app, &signed, page, &query, &seen).await,
        Err(refusal) => refused(&app, &signed, &refusal),
    }
}

async fn draw(
    app: &App,
    signed: &Signed,
    page: &'static Page,
    query: &Query,
    seen: &Seen,
) -> Response {
    let mut frame = Frame::new(app, Some(signed), page.title, page.path);
    let has_figures = seen.figures.is_some();
    let as_of = query.get("as_of");
    if has_figures && as_of.is_empty() {
        frame.live = format!("/live/{}", page.path);
    }
    let shown = Shown {
        frame,
        lead: page.lead,
        freshness: freshness(seen),
        dated: has_figures,
        files: files(signed, as_of),
        as_of: seen
            .figures
            .as_ref()
            .map_or(as_of, |figures| &figures.as_of)
            .to_owned(),
        parts: section::draw(app, signed, page, seen, query).await,
    };
    html(&shown)
}

/// How fresh a page is: the position it includes, its day, the version of its view, and what has
/// come since.
pub(crate) fn freshness(seen: &Seen) -> String {
    let now = Timestamp::now();
    let figures = seen.figures.as_ref();
    let known = figures.and_then(|figures| figures.known);
    part(&Freshness {
        figures,
        as_of: figures.map_or_else(String::new, |figures| words::day_of(&figures.as_of)),
        known: known.map(|known| words::moment(known, 0)),
        lag: known.map_or(0, |known| now.as_second().saturating_sub(known).max(0)),
        read: format!("at {} UTC", now.strftime("%H:%M:%S")),
    })
}

/// How fresh a page is that shows records and no figures of its own.
pub(crate) async fn fresh(app: &App, signed: &Signed) -> String {
    let mut seen = Seen::default();
    if signed.may(Action::GetDashboard) {
        let request = v1::GetDashboardRequest::default();
        let Ok(answer) = app.api.ask(&signed.token, request).await else {
            return String::new();
        };
        seen.figures = answer
            .dashboard
            .map(|dashboard| Figures::new(dashboard, &[]));
    }
    freshness(&seen)
}

/// Reads all that a page shows.
async fn gather(app: &App, signed: &Signed, page: &Page, query: &Query) -> Result<Seen, Refused> {
    let mut seen = Seen::default();
    if signed.may(Action::GetDashboard) {
        let request = v1::GetDashboardRequest {
            as_of: query.get("as_of").to_owned(),
            at_least_position: match query.get("as_of") {
                "" => query.get("at").parse().unwrap_or(0),
                _ => 0,
            },
            include_definitions: true,
            ..Default::default()
        };
        let answer = app.api.ask(&signed.token, request).await?;
        seen.figures = answer
            .dashboard
            .map(|dashboard| Figures::new(dashboard, &answer.definitions));
    }
    complete(app, signed, page, query.get("as_of"), &mut seen).await?;
    Ok(seen)
}

/// Reads what a page shows beside its figures: also when the figures have moved.
pub(crate) async fn complete(
    app: &App,
    signed: &Signed,
    page: &Page,
    as_of: &str,
    seen: &mut Seen,
) -> Result<(), Refused> {
    let position = seen.figures.as_ref().map_or(0, |figures| figures.position);
    if page.lists_trainees() && signed.may(Action::GetDashboard) {
        journeys(app, signed, as_of, seen).await?;
    }
    if page.lists_records() {
        let mut index = signed.index.lock().await;
        index.read_on(&app.api, signed, position).await?;
    }
    seen.own.clear();
    for section in page.sections {
        if let Section::Own(_, rpc) = section
            && signed.may_call(rpc)
            && let Some(record) = own(app, signed, rpc).await
        {
            seen.own.push(((*rpc).to_owned(), record));
        }
    }
    Ok(())
}

async fn journeys(app: &App, signed: &Signed, as_of: &str, seen: &mut Seen) -> Result<(), Refused> {
    seen.journeys.clear();
    let mut page_token = String::new();
    for _ in 0..JOURNEYS_PAGES {
        let request = v1::GetDashboardRequest {
            as_of: as_of.to_owned(),
            include_journeys: true,
            page_size: JOURNEYS_PAGE,
            page_token,
            ..Default::default()
        };
        let answer = app.api.ask(&signed.token, request).await?;
        seen.journeys.extend(answer.journeys);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
    seen.more_journeys = true;
    Ok(())
}

/// A record that is named by who is signed in: by the person, the tenant, or nothing.
async fn own(app: &App, signed: &Signed, rpc: &str) -> Option<DynamicMessage> {
    let method = app.api.schema.method(rpc)?;
    let mut request = DynamicMessage::new(method.input());
    // A list is the caller's as it is; what its fields name would only narrow it.
    let input = method.input();
    for field in input.fields().filter(|_| !rpc.starts_with("List")) {
        let name = match app.api.schema.collection(&field).as_deref() {
            Some("people") => &signed.person,
            Some("tenants") => &signed.tenant,
            _ => continue,
        };
        request.set_field(&field, Value::String(name.clone()));
    }
    app.api.call(&signed.token, method, &request).await.ok()
}

/// The forms of a list of RPCs that the role may use.
pub(crate) fn forms(app: &App, signed: &Signed, rpcs: &[&str]) -> Vec<form::Link> {
    rpcs.iter()
        .filter(|rpc| signed.may_call(rpc))
        .filter_map(|rpc| form::link(app, rpc, ""))
        .collect()
}
