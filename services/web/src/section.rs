//! The sections of a page, each a piece of a document with an id of its own, so that one can be
//! replaced when what it shows has changed.

use askama::Template;
use contract::v1::{self, FigureSplit};
use domain::actor::TenantKind;

use crate::{
    app::{App, Signed},
    chart::{Cell, Chart, Kind, Row},
    figures::Figures,
    form,
    frame::part,
    names,
    page::{self, Query, Seen},
    pages::{Column, Page, Section},
    record, words,
};

/// Rows a table has at most.
const ROWS_MAX: usize = 200;

/// A drawn section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) id: String,
    pub(crate) html: String,
}

#[derive(Debug, Template)]
#[template(path = "tiles.html")]
struct Tiles<'a> {
    title: &'a str,
    tiles: Vec<Tile<'a>>,
}

#[derive(Debug)]
struct Tile<'a> {
    figure: &'a str,
    href: String,
    label: String,
    meaning: &'a str,
    shown: String,
    none: bool,
}

#[derive(Debug, Template)]
#[template(path = "figures.html")]
struct Drawn<'a> {
    id: &'a str,
    title: &'a str,
    of: &'static str,
    series: &'a [String],
    rows: &'a [Row],
    svg: Option<String>,
    meanings: Vec<(String, &'a str)>,
}

/// A list as a table.
#[derive(Debug, Template)]
#[template(path = "table.html")]
pub(crate) struct Listed<'a> {
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) caption: String,
    pub(crate) none: &'a str,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<ListRow>,
    pub(crate) more: String,
}

/// A row of a list: what it is, where that leads, and what else is said.
#[derive(Debug)]
pub(crate) struct ListRow {
    pub(crate) label: String,
    pub(crate) href: String,
    pub(crate) cells: Vec<String>,
}

#[derive(Debug, Template)]
#[template(path = "acts.html")]
struct Forms<'a> {
    title: &'a str,
    groups: Vec<form::Group>,
}

#[derive(Debug, Template)]
#[template(path = "find.html")]
struct Find;

#[derive(Debug, Template)]
#[template(path = "history.html")]
struct History<'a> {
    person: &'a str,
}

#[derive(Debug, Template)]
#[template(path = "own.html")]
struct Own<'a> {
    title: &'a str,
    said: Vec<record::Said>,
}

/// Draws every section that has something to show.
pub(crate) async fn draw(
    app: &App,
    signed: &Signed,
    page: &Page,
    seen: &Seen,
    query: &Query,
) -> Vec<Part> {
    learn(app, signed, page, seen).await;
    let mut parts = vec![];
    for (at, section) in page.sections.iter().enumerate() {
        let id = format!("part-{at}");
        if let Some(html) = one(app, signed, seen, query, section, &id).await {
            parts.push(Part { id, html });
        }
    }
    parts
}

/// Looks up what the ids that will be shown are called.
async fn learn(app: &App, signed: &Signed, page: &Page, seen: &Seen) {
    let mut ids: Vec<String> = vec![];
    if let Some(figures) = &seen.figures {
        for section in page.sections {
            if let Section::Chart(_, _, named) | Section::Table(_, named) = section {
                let keys = named.iter().flat_map(|figure| figures.parts(figure));
                ids.extend(keys.flat_map(|part| names::in_part(&part.key)));
            }
        }
    }
    ids.extend(
        seen.journeys
            .iter()
            .map(|journey| journey.application.clone()),
    );
    signed.names.learn(&app.api, signed, ids).await;
}

async fn one(
    app: &App,
    signed: &Signed,
    seen: &Seen,
    query: &Query,
    section: &Section,
    id: &str,
) -> Option<String> {
    match section {
        Section::Tiles(title, figures) => {
            let behind = Behind::new(signed, query);
            tiles(seen.figures.as_ref()?, title, figures, &behind)
        }
        Section::Chart(title, kind, figures) => {
            let behind = Behind::new(signed, query);
            drawn(
                seen.figures.as_ref()?,
                (id, title),
                Some(*kind),
                figures,
                &behind,
            )
        }
        Section::Table(title, figures) => {
            let behind = Behind::new(signed, query);
            drawn(seen.figures.as_ref()?, (id, title), None, figures, &behind)
        }
        Section::Trainees(title, stages, columns) => {
            seen.figures.as_ref()?;
            Some(trainees(app, signed, seen, id, title, stages, columns).await)
        }
        Section::Records(title, collections) => records(app, signed, id, title, collections).await,
        Section::Feed => feed(app, signed, id).await,
        Section::Acts(title, rpcs) => {
            let acts = page::forms(app, signed, rpcs);
            (!acts.is_empty()).then(|| {
                let name = String::new();
                part(&Forms {
                    title,
                    groups: vec![form::Group { name, acts }],
                })
            })
        }
        Section::EveryAct => Some(part(&Forms {
            title: "Forms by subject",
            groups: form::every(app, signed),
        })),
        Section::Own(title, rpc) => {
            let (_, answer) = seen.own.iter().find(|(of, _)| of == rpc)?;
            let record = names::record(answer);
            let said = record::said(app, signed, record.as_ref().unwrap_or(answer), "").await;
            Some(part(&Own { title, said }))
        }
        Section::Find => Some(part(&Find)),
        Section::History => signed.may_call("ReplayHistory").then(|| {
            part(&History {
                person: query.get("person"),
            })
        }),
    }
}

/// Where the records behind a figure are listed, for a role that may see them.
struct Behind<'a> {
    signed: &'a Signed,
    as_of: &'a str,
}

impl<'a> Behind<'a> {
    fn new(signed: &'a Signed, query: &'a Query) -> Self {
        let as_of = query.get("as_of");
        Self { signed, as_of }
    }

    /// The address of the list behind one part of a figure; empty where there is none.
    fn href(&self, figures: &Figures, figure: &str, key: &str) -> String {
        let something = figures.value(figure, key).is_some_and(|value| value != 0);
        let listed = figures
            .meaning(figure)
            .is_some_and(|meaning| !meaning.counts_only);
        if !something || !listed || !self.signed.may_call("ListFigureItems") {
            return String::new();
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in [("part", key), ("as_of", self.as_of)] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        match query.finish().as_str() {
            "" => format!("/figures/{figure}"),
            query => format!("/figures/{figure}?{query}"),
        }
    }
}

fn tiles(figures: &Figures, title: &str, named: &[&str], behind: &Behind<'_>) -> Option<String> {
    let tiles: Vec<Tile<'_>> = named
        .iter()
        .filter_map(|name| {
            let meaning = figures.meaning(name)?;
            (meaning.split == FigureSplit::Whole).then(|| Tile {
                figure: name,
                href: behind.href(figures, name, ""),
                label: words::sentence(name),
                meaning: &meaning.words,
                shown: figures.shown(name, ""),
                none: figures.value(name, "") == Some(0),
            })
        })
        .collect();
    (!tiles.is_empty()).then(|| part(&Tiles { title, tiles }))
}

/// Figures side by side. Whole ones are the rows of one series; of split ones each is a series, and
/// the rows are their parts.
fn drawn(
    figures: &Figures,
    (id, title): (&str, &str),
    kind: Option<Kind>,
    named: &[&str],
    behind: &Behind<'_>,
) -> Option<String> {
    let signed = behind.signed;
    let there: Vec<&str> = named
        .iter()
        .copied()
        .filter(|name| figures.has(name))
        .collect();
    let first = figures.meaning(there.first()?)?;
    let cell = |figure: &str, key: &str| Cell {
        shown: figures.shown(figure, key),
        value: figures.value(figure, key),
        href: behind.href(figures, figure, key),
    };
    let meanings = there
        .iter()
        .filter_map(|figure| {
            Some((
                words::sentence(figure),
                figures.meaning(figure)?.words.as_str(),
            ))
        })
        .collect();
    let (of, series, mut rows) = if first.split == FigureSplit::Whole {
        let rows = there
            .iter()
            .map(|figure| Row {
                label: words::sentence(figure),
                cells: vec![cell(figure, "")],
            })
            .collect();
        ("What", vec!["Number".to_owned()], rows)
    } else {
        let mut keys: Vec<&str> = vec![];
        for part in there.iter().flat_map(|figure| figures.parts(figure)) {
            if !keys.contains(&part.key.as_str()) {
                keys.push(&part.key);
            }
        }
        keys.sort_by_key(|key| (key.parse::<i64>().unwrap_or(i64::MAX), *key));
        let rows: Vec<Row> = keys
            .into_iter()
            .map(|key| Row {
                label: figures.called(there[0], key, &signed.names),
                cells: there.iter().map(|figure| cell(figure, key)).collect(),
            })
            .collect();
        let series = there.iter().map(|figure| words::sentence(figure)).collect();
        (split_by(first.split), series, rows)
    };
    rows.truncate(ROWS_MAX);
    if rows.is_empty() {
        return None;
    }
    let others = there.iter().filter_map(|figure| figures.others(figure));
    rows.extend(others.map(|of| of.parts).max().map(|parts| {
        Row {
            label: format!("{} others", words::grouped(parts)),
            cells: there
                .iter()
                .map(|figure| Cell {
                    shown: figures.others_shown(figure),
                    // Drawn beside the largest, all others together would dwarf them.
                    value: None,
                    href: behind.href(figures, figure, ""),
                })
                .collect(),
        }
    }));
    let chart = Chart {
        kind: kind.unwrap_or(Kind::Bars),
        series,
        rows,
    };
    Some(part(&Drawn {
        id,
        title,
        of,
        series: &chart.series,
        rows: &chart.rows,
        svg: kind.map(|_| chart.svg(id, title)),
        meanings,
    }))
}

/// What the parts of a figure are.
fn split_by(split: FigureSplit) -> &'static str {
    match split {
        FigureSplit::Region => "Region",
        FigureSplit::Level => "Level",
        FigureSplit::Tenant => "Organisation",
        FigureSplit::Partnership | FigureSplit::PartnershipLevel => "Partnership",
        FigureSplit::Cluster => "Cluster",
        FigureSplit::Supervisor => "Supervisor",
        FigureSplit::Date => "Day",
        FigureSplit::Month => "Month",
        FigureSplit::ClinicalService => "Clinical service",
        FigureSplit::IntakeDate => "Intake and day",
        FigureSplit::Cohort => "Cohort",
        FigureSplit::CohortStage => "Cohort and stage",
        _ => "What",
    }
}

async fn trainees(
    app: &App,
    signed: &Signed,
    seen: &Seen,
    id: &str,
    title: &str,
    stages: &[&str],
    columns: &[Column],
) -> String {
    let listed: Vec<&v1::Journey> = seen
        .journeys
        .iter()
        .filter(|journey| stages.is_empty() || stages.contains(&journey.application_stage.as_str()))
        .take(ROWS_MAX)
        .collect();
    let mut rows = vec![];
    for journey in &listed {
        let mut cells = vec![];
        for column in columns {
            cells.push(match column {
                Column::Seal => sealed(app, signed, &journey.application).await,
                _ => told(*column, journey),
            });
        }
        rows.push(ListRow {
            label: signed.names.of(&journey.application),
            href: format!("/records/{}", journey.application),
            cells,
        });
    }
    let capped = seen.more_journeys || rows.len() == ROWS_MAX;
    part(&Listed {
        id,
        title,
        caption: match rows.len() {
            1 => "1 person".to_owned(),
            count => format!("{count} people"),
        },
        none: "Nobody at this point.",
        columns: std::iter::once("Name".to_owned())
            .chain(columns.iter().map(|column| headed(*column).to_owned()))
            .collect(),
        rows,
        more: if capped {
            "There are more; open a record by its name to see others.".to_owned()
        } else {
            String::new()
        },
    })
}

fn headed(column: Column) -> &'static str {
    match column {
        Column::Stage => "Stands at",
        Column::Checks => "Checks cleared",
        Column::Level => "Level",
        Column::Training => "Training year",
        Column::Result => "Result",
        Column::Post => "Qualified post from",
        Column::Paid => "Salary support paid",
        Column::Consolidation => "Consolidation",
        Column::Seal => "Your side",
    }
}

fn told(column: Column, journey: &v1::Journey) -> String {
    match column {
        Column::Stage => [&journey.application_stage, &journey.offer_stage]
            .into_iter()
            .filter(|stage| !stage.is_empty())
            .map(|stage| words::sentence(stage))
            .collect::<Vec<_>>()
            .join("; offer "),
        Column::Checks if journey.offer_stage.is_empty() => String::new(),
        Column::Checks => format!("{} of 6", journey.checks_cleared),
        Column::Level if journey.level == 0 => String::new(),
        Column::Level => journey.level.to_string(),
        Column::Training => match (
            journey.training_from.as_str(),
            journey.training_until.as_str(),
        ) {
            ("", _) => String::new(),
            (from, "") => format!("from {}", words::day_of(from)),
            (from, until) => format!("{} to {}", words::day_of(from), words::day_of(until)),
        },
        Column::Result => result(journey),
        Column::Post => words::day_of(&journey.qualified_post_from),
        Column::Paid => format!(
            "{} in {} instalments",
            words::pounds(journey.salary_paid_pence),
            journey.instalments_paid
        ),
        Column::Consolidation if journey.consolidation_months_needed == 0 => String::new(),
        Column::Consolidation => format!(
            "{} of {} months",
            journey.consolidation_months, journey.consolidation_months_needed
        ),
        Column::Seal => String::new(),
    }
}

fn result(journey: &v1::Journey) -> String {
    if !journey.qualified_on.is_empty() {
        let on = words::day_of(&journey.qualified_on);
        return format!("{}, {on}", journey.qualification);
    }
    if !journey.next_board.is_empty() {
        return format!("next board {}", words::day_of(&journey.next_board));
    }
    if !journey.leaving_code.is_empty() {
        return format!("left, code {}", journey.leaving_code);
    }
    String::new()
}

/// What the own side has sealed: never anything of the other one, which the service does not tell.
async fn sealed(app: &App, signed: &Signed, application: &str) -> String {
    let name = application.to_owned();
    let asked = app
        .api
        .ask(&signed.token, v1::GetApplicationRequest { name });
    let Ok(answer) = asked.await else {
        return String::new();
    };
    let application = answer.application.unwrap_or_default();
    let name = application.seal.clone();
    let asked = app.api.ask(&signed.token, v1::GetSealRequest { name });
    let Ok(answer) = asked.await else {
        return "Nothing sealed yet".to_owned();
    };
    let seal = answer.seal.unwrap_or_default();
    let decision = (seal.rounds.iter())
        .find(|round| round.round == application.round)
        .and_then(|round| round.decision.as_ref());
    match (application.round, decision) {
        (0, _) if seal.shortlisted => "Shortlisted by you".to_owned(),
        (0, _) => "Not shortlisted by you".to_owned(),
        (_, Some(decision)) => format!("Sealed: {}", decision.verdict),
        (_, None) => "Nothing sealed yet".to_owned(),
    }
}

async fn records(
    app: &App,
    signed: &Signed,
    id: &str,
    title: &str,
    collections: &[&str],
) -> Option<String> {
    let readable: Vec<&str> = collections
        .iter()
        .copied()
        .filter(|collection| {
            let reads = app.api.schema.reads(collection).first();
            reads.is_some_and(|read| signed.may_call(&read.rpc))
        })
        .collect();
    let (found, count) = signed.index.lock().await.of(&readable, ROWS_MAX);
    if found.is_empty() {
        return None;
    }
    let ids = found.iter().map(|record| {
        let about = record.about.as_ref();
        about.unwrap_or(&record.name).clone()
    });
    signed.names.learn(&app.api, signed, ids).await;
    let rows = found
        .iter()
        .map(|record| {
            let about = record.about.as_deref();
            let (collection, _) = words::named(&record.name).unwrap_or_default();
            ListRow {
                label: match about {
                    Some(about) => {
                        format!("{}: {}", words::one_of(collection), signed.names.of(about))
                    }
                    None => signed.names.of(&record.name),
                },
                href: format!("/records/{}", record.name),
                cells: vec![
                    words::sentence(&record.last_event),
                    record.last_time.clone(),
                ],
            }
        })
        .collect();
    Some(part(&Listed {
        id,
        title,
        caption: "The one written last comes first".to_owned(),
        none: "",
        columns: ["Record", "Last event", "True since"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        more: match count > ROWS_MAX {
            true => format!("{ROWS_MAX} of {count} are shown; open others by their name."),
            false => String::new(),
        },
    }))
}

async fn feed(app: &App, signed: &Signed, id: &str) -> Option<String> {
    if !signed.may_call("ListFeed") {
        return None;
    }
    let items: Vec<v1::FeedItem> = signed.index.lock().await.latest().cloned().collect();
    for item in &items {
        let names = [item.acting_tenant.clone(), item.name.clone()];
        signed
            .names
            .learn_of(&app.api, signed, names, &item.name)
            .await;
    }
    let rows = items
        .iter()
        .map(|item| {
            let time = item.effective_time.unwrap_or_default();
            ListRow {
                label: item.position.to_string(),
                href: match words::named(&item.name) {
                    Some(_) if signed.may_call("ListTimeline") => {
                        format!("/timeline/{}", item.name)
                    }
                    _ => String::new(),
                },
                cells: vec![
                    words::sentence(&item.event_type),
                    signed.names.of(&item.name),
                    words::moment(time.seconds, time.nanos),
                    record::by(signed, &item.acting_role, &item.acting_tenant),
                ],
            }
        })
        .collect();
    Some(part(&Listed {
        id,
        title: "The latest of your feed",
        caption: "Every event your organisation may see, the last one first".to_owned(),
        none: "Nothing yet.",
        columns: ["Position", "Event", "Record", "True since", "By"]
            .map(str::to_owned)
            .to_vec(),
        rows,
        more: String::new(),
    }))
}

/// Which side of a joint record is acted for.
pub(crate) fn side(signed: &Signed) -> Option<&'static str> {
    match signed.kind() {
        TenantKind::Employer => Some("employer"),
        TenantKind::University => Some("university"),
        _ => None,
    }
}
