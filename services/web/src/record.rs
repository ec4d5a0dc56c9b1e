//! A record: everything the service tells of it, what else there is of the same trainee, and what
//! the role can do about it. Drawn from the contract, so that a new field shows by itself.

use std::collections::HashMap;

use askama::Template;
use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use contract::v1;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage as _, Value};
use tonic::Code;

use crate::{
    api::Refused,
    app::{App, Signed, refused},
    form,
    frame::{Frame, html},
    names,
    page::{self, Query},
    words,
};

/// One field of a record, or of an answer: its lines, each of one piece or several, or a list of
/// messages as a table.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) key: String,
    pub(crate) lines: Vec<Vec<Piece>>,
    pub(crate) table: Option<Table>,
}

/// A list of messages: a column per field that any of them has.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) heads: Vec<String>,
    pub(crate) rows: Vec<Vec<Vec<Piece>>>,
}

/// A piece of text, perhaps a link.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) text: String,
    pub(crate) href: String,
}

/// Something else there is of the same trainee.
#[derive(Debug)]
struct Related {
    title: String,
    href: String,
    last: String,
}

#[derive(Debug)]
struct Asked {
    title: String,
    said: Vec<Said>,
}

#[derive(Debug, Template)]
#[template(path = "record.html")]
struct Shown {
    frame: Frame,
    name: String,
    /// Where it is told what happened to it; empty for a role that is not told.
    timeline: String,
    version: String,
    done: String,
    at: String,
    said: Vec<Said>,
    asked: Vec<Asked>,
    related: Vec<Related>,
    acts: Vec<form::Link>,
}

/// Opens a record by the name put into the field for it.
pub(crate) async fn find(
    State(app): State<App>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::read(query.as_deref());
    let name = query.get("name").trim();
    match words::named(name) {
        Some(_) => Redirect::to(&format!("/records/{name}")).into_response(),
        None => {
            let said = "a name has the form applications/ and an id; check it and try again";
            refused(&app, &signed, &Refused::new(Code::InvalidArgument, said))
        }
    }
}

/// Shows a record.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    Path((collection, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::read(query.as_deref());
    let name = format!("{collection}/{id}");
    match read(&app, &signed, &collection, &name, &query).await {
        Ok(shown) => html(&shown),
        Err(refusal) => refused(&app, &signed, &refusal),
    }
}

async fn read(
    app: &App,
    signed: &Signed,
    collection: &str,
    name: &str,
    query: &Query,
) -> Result<Shown, Refused> {
    let missing = || {
        Refused::new(
            Code::NotFound,
            "nothing under this name, or nothing that your role may see",
        )
    };
    words::named(name).ok_or_else(missing)?;
    let mut answers = vec![];
    let mut refusal = missing();
    for read in app.api.schema.reads(collection) {
        if !signed.may_call(&read.rpc) {
            continue;
        }
        match app
            .api
            .read(&signed.token, &read.rpc, &read.field, name)
            .await
        {
            Ok(answer) => answers.push((read, answer)),
            // what the name is read by says why it cannot be
            Err(error) if read.field == "name" => return Err(error),
            Err(error) => refusal = error,
        }
    }
    let mut answers = answers.into_iter().peekable();
    let main = answers.next_if(|(read, _)| read.field == "name");
    if main.is_none() && answers.peek().is_none() {
        return Err(refusal);
    }
    let (mut said_of, mut version) = (vec![], String::new());
    if let Some((_, answer)) = &main {
        let record = names::record(answer).unwrap_or_else(|| answer.clone());
        signed.names.note(name, &record);
        said_of = said(app, signed, &record, name).await;
        version = answer
            .get_field_by_name("version")
            .and_then(|version| version.as_i64())
            .map(|version| version.to_string())
            .unwrap_or_default();
    }
    let mut asked = vec![];
    for (read, answer) in answers {
        let said = said(app, signed, &answer, name).await;
        if !said.is_empty() {
            let title = words::sentence(read.rpc.trim_start_matches("Get"));
            asked.push(Asked { title, said });
        }
    }
    let title = match main {
        Some(_) => signed.names.of(name),
        None => format!("{} {}", words::one_of(collection), words::short(name)),
    };
    let done = query.get("done");
    let mut frame = Frame::new(app, Some(signed), &title, "");
    frame.freshness = page::fresh(app, signed).await;
    Ok(Shown {
        frame,
        timeline: match signed.may_call("ListTimeline") {
            true => format!("/timeline/{name}"),
            false => String::new(),
        },
        name: name.to_owned(),
        version,
        done: match app.api.schema.method(done) {
            Some(method) => form::title(method.name()),
            None => String::new(),
        },
        at: query.get("at").to_owned(),
        said: said_of,
        asked,
        related: related(app, signed, name).await,
        acts: form::about(app, signed, collection, name),
    })
}

/// The other records of the trainee whom a record is about.
async fn related(app: &App, signed: &Signed, name: &str) -> Vec<Related> {
    let mut index = signed.index.lock().await;
    if let Err(error) = index.read_on(&app.api, signed, 0).await {
        tracing::debug!(?error, "the feed was not read");
    }
    let application = match name.starts_with("applications/") {
        true => Some(name.to_owned()),
        false => index.subject(name).map(str::to_owned),
    };
    let Some(application) = application else {
        return vec![];
    };
    let mut records = index.about(&application);
    drop(index);
    let readable = |name: &str| {
        let (collection, _) = words::named(name)?;
        let read = app.api.schema.reads(collection).first()?;
        signed
            .may_call(&read.rpc)
            .then(|| words::one_of(collection))
    };
    records.retain(|record| record.name != name);
    let mut related: Vec<Related> = records
        .iter()
        .filter_map(|record| {
            Some(Related {
                title: readable(&record.name)?,
                href: format!("/records/{}", record.name),
                last: format!(
                    "{}, {}",
                    words::sentence(&record.last_event),
                    record.last_time
                ),
            })
        })
        .collect();
    if application != name && readable(&application).is_some() {
        related.insert(
            0,
            Related {
                title: "Application".to_owned(),
                href: format!("/records/{application}"),
                last: String::new(),
            },
        );
    }
    related
}

/// What a message says, field by field; what is not set is left out.
pub(crate) async fn said(
    app: &App,
    signed: &Signed,
    message: &DynamicMessage,
    of: &str,
) -> Vec<Said> {
    let mut ids = vec![];
    named_in(message, &mut ids);
    signed.names.learn_of(&app.api, signed, ids, of).await;
    let mut said: Vec<(u32, Said)> = message
        .fields()
        .filter(|(field, _)| !matches!(field.name(), "name" | "version"))
        .map(|(field, value)| {
            let key = words::sentence(&labelled(&field));
            let table = table(app, signed, value);
            let lines = match table {
                Some(_) => vec![],
                None => lines(app, signed, &field, value),
            };
            (field.number(), Said { key, lines, table })
        })
        .filter(|(_, said)| !said.lines.is_empty() || said.table.is_some())
        .collect();
    said.sort_by_key(|(number, _)| *number);
    said.into_iter().map(|(_, said)| said).collect()
}

/// Messages of a list in the same columns, when there is more than one field to tell apart.
fn table(app: &App, signed: &Signed, value: &Value) -> Option<Table> {
    let messages: Vec<&DynamicMessage> = match value {
        Value::List(values) => values.iter().filter_map(Value::as_message).collect(),
        _ => return None,
    };
    let mut fields: Vec<FieldDescriptor> = vec![];
    for (field, _) in messages.iter().flat_map(|message| message.fields()) {
        if !fields.contains(&field) {
            fields.push(field);
        }
    }
    if fields.len() < 2 {
        return None;
    }
    fields.sort_by_key(FieldDescriptor::number);
    let cell = |message: &DynamicMessage, field: &FieldDescriptor| {
        let mut cell = vec![];
        if message.has_field(field) {
            for (at, line) in lines(app, signed, field, &message.get_field(field))
                .into_iter()
                .enumerate()
            {
                if at > 0 {
                    cell.push(plain(", ".to_owned()));
                }
                cell.extend(line);
            }
        }
        cell
    };
    Some(Table {
        heads: (fields.iter())
            .map(|field| words::sentence(&labelled(field)))
            .collect(),
        rows: (messages.iter())
            .map(|message| fields.iter().map(|field| cell(message, field)).collect())
            .collect(),
    })
}

/// What a field is called where its unit is shown with its value.
fn labelled(field: &FieldDescriptor) -> String {
    field.name().trim_end_matches("_pence").to_owned()
}

fn named_in(message: &DynamicMessage, names: &mut Vec<String>) {
    fn value_in(value: &Value, names: &mut Vec<String>) {
        match value {
            Value::String(text) if words::named(text).is_some() => names.push(text.clone()),
            Value::Message(message) => named_in(message, names),
            Value::List(values) => values.iter().for_each(|value| value_in(value, names)),
            _ => {}
        }
    }
    for (_, value) in message.fields() {
        value_in(value, names);
    }
}

fn lines(app: &App, signed: &Signed, field: &FieldDescriptor, value: &Value) -> Vec<Vec<Piece>> {
    match value {
        Value::List(values) => values
            .iter()
            .map(|value| pieces(app, signed, field, value))
            .collect(),
        Value::Map(entries) => {
            let mut lines: Vec<(String, Vec<Piece>)> = entries
                .iter()
                .map(|(key, value)| {
                    let key = match key {
                        MapKey::String(key) => words::word(key),
                        key => format!("{key:?}"),
                    };
                    let mut line = vec![plain(format!("{key}: "))];
                    line.extend(pieces(app, signed, field, value));
                    (key, line)
                })
                .collect();
            lines.sort_by(|(a, _), (b, _)| a.cmp(b));
            lines.into_iter().map(|(_, line)| line).collect()
        }
        value => vec![pieces(app, signed, field, value)],
    }
}

/// A record by what it is called; a link where the role can read it.
fn link(app: &App, signed: &Signed, name: &str) -> Piece {
    let collection = words::named(name).map_or("", |(collection, _)| collection);
    let own = collection != "tenants" || name == signed.tenant;
    let mut reads = app.api.schema.reads(collection).iter();
    Piece {
        text: signed.names.of(name),
        href: match own && reads.any(|read| signed.may_call(&read.rpc)) {
            true => format!("/records/{name}"),
            false => String::new(),
        },
    }
}

fn plain(text: String) -> Piece {
    let href = String::new();
    Piece { text, href }
}

fn pieces(app: &App, signed: &Signed, field: &FieldDescriptor, value: &Value) -> Vec<Piece> {
    let text = match value {
        Value::String(text) if words::named(text).is_some() => {
            return vec![link(app, signed, text)];
        }
        Value::Message(message) => return inside(app, signed, message),
        Value::String(text) if is_word(text) => words::word(text),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "Yes".to_owned(),
        Value::Bool(false) => "No".to_owned(),
        Value::I32(number) => numbered(field, i64::from(*number)),
        Value::I64(number) => numbered(field, *number),
        Value::U32(number) => numbered(field, i64::from(*number)),
        Value::EnumNumber(number) => enumerated(field, *number),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        other => format!("{other:?}"),
    };
    vec![plain(text)]
}

/// A message within a record: its fields in one line.
fn inside(app: &App, signed: &Signed, message: &DynamicMessage) -> Vec<Piece> {
    if message.descriptor().full_name() == "google.protobuf.Timestamp" {
        let part = |name: &str| {
            let value = message.get_field_by_name(name);
            value.and_then(|value| value.as_i64().or_else(|| value.as_i32().map(i64::from)))
        };
        let nanos = i32::try_from(part("nanos").unwrap_or(0)).unwrap_or(0);
        return vec![plain(words::moment(part("seconds").unwrap_or(0), nanos))];
    }
    let mut fields: Vec<(FieldDescriptor, &Value)> = message.fields().collect();
    fields.sort_by_key(|(field, _)| field.number());
    let mut all = vec![];
    for (field, value) in fields {
        if !all.is_empty() {
            all.push(plain("; ".to_owned()));
        }
        let key = words::sentence(&labelled(&field));
        all.push(plain(format!("{}: ", key.to_lowercase())));
        for (at, line) in lines(app, signed, &field, value).into_iter().enumerate() {
            if at > 0 {
                all.push(plain(", ".to_owned()));
            }
            all.extend(line);
        }
    }
    all
}

fn numbered(field: &FieldDescriptor, number: i64) -> String {
    if field.name().ends_with("_pence") {
        words::pounds(number)
    } else {
        words::grouped(number)
    }
}

/// A value of a closed list without the name of its list.
fn enumerated(field: &FieldDescriptor, number: i32) -> String {
    let Kind::Enum(list) = field.kind() else {
        return number.to_string();
    };
    let prefix = words::sentence(list.name())
        .replace(' ', "_")
        .to_uppercase();
    match list.get_value(number) {
        Some(value) => {
            let name = value.name().trim_start_matches(&prefix);
            words::sentence(&name.to_lowercase())
        }
        None => number.to_string(),
    }
}

/// A word of a closed list, or a civil date: what reads better in other letters.
fn is_word(text: &str) -> bool {
    let word = text.contains('_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    word || text
        .parse::<jiff::civil::Date>()
        .is_ok_and(|_| text.len() == 10)
}

#[derive(Debug, Template)]
#[template(path = "replay.html")]
struct Replayed {
    frame: Frame,
    person: String,
    events: Vec<Event>,
    count: i64,
    resources: i64,
    verified: bool,
}

#[derive(Debug)]
struct Event {
    event: String,
    record: Piece,
    sequence: i64,
    effective: String,
    recorded: String,
    by: String,
    policies: String,
    hash: String,
    verified: bool,
}

/// Events of a history shown on one page.
const EVENTS_MAX: usize = 2_000;

/// Who acted: the role and the organisation.
pub(crate) fn by(signed: &Signed, role: &str, tenant: &str) -> String {
    match role {
        "platform_operator" => "Trellis itself".to_owned(),
        role => format!("{}, {}", words::sentence(role), signed.names.of(tenant)),
    }
}

/// The policies a decision used, with their versions.
pub(crate) fn policies(used: &HashMap<String, i32>) -> String {
    let mut policies: Vec<String> = (used.iter())
        .map(|(policy, version)| format!("{policy} {version}"))
        .collect();
    policies.sort();
    policies.join(", ")
}

/// Replays the history of a person.
pub(crate) async fn history(
    State(app): State<App>,
    signed: Signed,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::read(query.as_deref());
    match replay(&app, &signed, query.get("person").trim()).await {
        Ok(replayed) => html(&replayed),
        Err(refusal) => refused(&app, &signed, &refusal),
    }
}

async fn replay(app: &App, signed: &Signed, person: &str) -> Result<Replayed, Refused> {
    use v1::replay_history_response::Entry;
    let mut entries = app.api.replay(&signed.token, person).await?;
    let (mut events, mut summary) = (vec![], v1::HistorySummary::default());
    while let Some(response) = entries.next().await? {
        match response.entry {
            Some(Entry::Event(event)) if events.len() < EVENTS_MAX => events.push(event),
            Some(Entry::Summary(end)) => summary = end,
            _ => {}
        }
    }
    let tenants = events.iter().map(|event| event.acting_tenant.clone());
    signed.names.learn(&app.api, signed, tenants).await;
    let time = |time: &Option<prost_types::Timestamp>| {
        let time = time.unwrap_or_default();
        words::moment(time.seconds, time.nanos)
    };
    let events = events
        .iter()
        .map(|event| Event {
            event: words::sentence(&event.event_type),
            record: Piece {
                text: signed.names.of(&event.name),
                href: format!("/records/{}", event.name),
            },
            sequence: event.sequence,
            effective: time(&event.effective_time),
            recorded: time(&event.recorded_time),
            by: by(signed, &event.acting_role, &event.acting_tenant),
            policies: policies(&event.policy_versions),
            hash: event
                .hash
                .iter()
                .take(6)
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            verified: event.chain_verified,
        })
        .collect();
    let mut frame = Frame::new(app, Some(signed), "The history of a person", "audit");
    frame.freshness = page::fresh(app, signed).await;
    Ok(Replayed {
        frame,
        person: person.to_owned(),
        events,
        count: summary.events,
        resources: summary.resources,
        verified: summary.verified,
    })
}
