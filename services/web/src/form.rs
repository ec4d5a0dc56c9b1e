//! Forms: each is an RPC that writes, drawn from its request message, sent back as that message, and
//! drawn again with the reasons beside the fields when the service refuses.

mod fields;
mod filled;

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use contract::v1;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use tonic::Code;
use uuid::Uuid;

use self::{
    fields::{Fields, Item, Widget},
    filled::Filled,
};
use crate::{
    api::Refused,
    app::{App, Signed, refused},
    forms,
    frame::{Frame, html},
    page::{self, Query},
    schema, section, words,
};

/// A form as something to go to.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) title: String,
    pub(crate) href: String,
}

/// Forms of one subject.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) acts: Vec<Link>,
}

/// What is wrong, and where to go to put it right.
#[derive(Debug)]
struct Problem {
    text: String,
    href: String,
}

#[derive(Debug, Template)]
#[template(path = "form.html")]
struct Shown {
    frame: Frame,
    csrf: String,
    action: String,
    button: String,
    lead: String,
    request_id: String,
    items: Vec<Item>,
    problems: Vec<Problem>,
    reason: String,
}

/// What a form is called.
pub(crate) fn title(rpc: &str) -> String {
    forms::row(rpc).map_or_else(|| words::sentence(rpc), |row| row.title.to_owned())
}

/// A link to the form of an RPC; `query` fills its fields.
pub(crate) fn link(app: &App, rpc: &str, query: &str) -> Option<Link> {
    app.api.schema.method(rpc)?;
    Some(Link {
        title: title(rpc),
        href: format!("/acts/{rpc}{query}"),
    })
}

/// The forms of a role about one record.
pub(crate) fn about(app: &App, signed: &Signed, collection: &str, name: &str) -> Vec<Link> {
    let acts = app.api.schema.acts(collection).iter();
    acts.filter(|act| signed.may_call(&act.rpc))
        .filter_map(|act| link(app, &act.rpc, &format!("?{}={name}", act.field)))
        .collect()
}

/// Every form of a role, by subject.
pub(crate) fn every(app: &App, signed: &Signed) -> Vec<Group> {
    let mut groups: Vec<Group> = vec![];
    let mut methods: Vec<&MethodDescriptor> = (app.api.schema.writing())
        .filter(|method| signed.may_call(method.name()))
        .collect();
    methods.sort_by_key(|method| method.parent_service().name().to_owned());
    for method in methods {
        let service = method.parent_service();
        let name = words::sentence(service.name().trim_end_matches("Service"));
        if groups.last().is_none_or(|group| group.name != name) {
            groups.push(Group { name, acts: vec![] });
        }
        if let (Some(group), Some(link)) = (groups.last_mut(), link(app, method.name(), "")) {
            group.acts.push(link);
        }
    }
    groups
}

fn method(app: &App, signed: &Signed, rpc: &str) -> Result<MethodDescriptor, Refused> {
    app.api
        .schema
        .method(rpc)
        .filter(|method| schema::writes(method) && signed.may_call(rpc))
        .cloned()
        .ok_or_else(|| {
            Refused::new(
                Code::NotFound,
                "there is no such form for the role you act in",
            )
        })
}

/// Shows an empty form, or one that begins with what the query says.
pub(crate) async fn show(
    State(app): State<App>,
    signed: Signed,
    Path(rpc): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let method = match method(&app, &signed, &rpc) {
        Ok(method) => method,
        Err(refusal) => return refused(&app, &signed, &refusal),
    };
    let mut filled = Filled::begun(Query::read(query.as_deref()).pairs());
    begin(&app, &signed, &method, &mut filled).await;
    draw(&app, &signed, &method, &filled, None).await
}

/// Sends a form. Without a script the buttons that add a row come here too.
pub(crate) async fn send(
    State(app): State<App>,
    signed: Signed,
    Path(rpc): Path<String>,
    body: Bytes,
) -> Response {
    let method = match method(&app, &signed, &rpc) {
        Ok(method) => method,
        Err(refusal) => return refused(&app, &signed, &refusal),
    };
    let pairs: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let filled = Filled::sent(pairs);
    if !signed.sent(filled.get("csrf")) {
        let said = "this form was not opened in the session you are in; open it again";
        return refused(&app, &signed, &Refused::new(Code::InvalidArgument, said));
    }
    if filled.adds_a_row() {
        return draw(&app, &signed, &method, &filled, None).await;
    }
    let message = match filled.message(&method.input()) {
        Ok(message) => message,
        Err(violations) => {
            let mut refusal = Refused::new(Code::InvalidArgument, "");
            refusal.violations = violations;
            return draw(&app, &signed, &method, &filled, Some(&refusal)).await;
        }
    };
    match app.api.call(&signed.token, &method, &message).await {
        Ok(answer) => done(&app, &signed, &rpc, &answer),
        Err(refusal) if refusal.code == Code::Unauthenticated => refused(&app, &signed, &refusal),
        Err(refusal) => draw(&app, &signed, &method, &filled, Some(&refusal)).await,
    }
}

/// Goes to what was written, so that a reload does not send the form again.
fn done(app: &App, signed: &Signed, rpc: &str, answer: &DynamicMessage) -> Response {
    let receipt = answer.get_field_by_name("receipt");
    let receipt = receipt.as_deref().and_then(Value::as_message);
    let of = |field: &str| receipt.and_then(|receipt| receipt.get_field_by_name(field));
    let name = of("name");
    let name = name.as_deref().and_then(Value::as_str).unwrap_or_default();
    let position = of("position")
        .and_then(|position| position.as_i64())
        .unwrap_or(0);
    let at = match position {
        0 => String::new(),
        position => format!("&at={position}"),
    };
    let readable = words::named(name).is_some_and(|(collection, _)| {
        let mut reads = app.api.schema.reads(collection).iter();
        reads.any(|read| signed.may_call(&read.rpc))
    });
    let to = match readable {
        true => format!("/records/{name}?done={rpc}{at}"),
        false => format!("/{}?done={rpc}{at}", crate::pages::Page::first()),
    };
    Redirect::to(&to).into_response()
}

async fn draw(
    app: &App,
    signed: &Signed,
    method: &MethodDescriptor,
    filled: &Filled,
    refusal: Option<&Refused>,
) -> Response {
    signed.names.learn(&app.api, signed, filled.named()).await;
    let fields = Fields {
        schema: &app.api.schema,
        names: &signed.names,
        rpc: method.name(),
        filled,
        violations: refusal.map_or(&[], |refusal| &refusal.violations),
    };
    let (items, mut unplaced) = fields.of(&method.input());
    let mut problems: Vec<Problem> = items.iter().filter_map(Item::problem).collect();
    if let Some(refusal) = refusal
        && problems.is_empty()
        && unplaced.is_empty()
    {
        unplaced.push(refusal.message.clone());
    }
    problems.extend(unplaced.into_iter().map(|text| Problem {
        text: words::capitalised(&text),
        href: String::new(),
    }));
    let title = title(method.name());
    let mut frame = Frame::new(app, Some(signed), &title, "");
    frame.freshness = page::fresh(app, signed).await;
    if refusal.is_some() {
        frame.title = format!("Error: {title}");
    }
    let shown = Shown {
        frame,
        csrf: signed.csrf.clone(),
        action: format!("/acts/{}", method.name()),
        button: title,
        lead: words::explained(app.api.schema.comment(method.full_name())),
        request_id: match filled.get("request_id") {
            "" => Uuid::now_v7().to_string(),
            kept => kept.to_owned(),
        },
        items,
        problems,
        reason: refusal
            .map(|refusal| refusal.reason.clone())
            .unwrap_or_default(),
    };
    let status = if refusal.is_some() {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    (status, html(&shown)).into_response()
}

/// Fills in what is known of the record a form is opened for: the round of an application, and the
/// criteria that are one’s own to score.
async fn begin(app: &App, signed: &Signed, method: &MethodDescriptor, filled: &mut Filled) {
    let (scores, round) = match method.name() {
        "SealDecision" | "AmendDecision" => ("decision.scores", true),
        "WithdrawDecision" => ("", true),
        "SealShortlist" => ("scores", false),
        _ => return,
    };
    let name = filled.get("application").to_owned();
    let asked = app
        .api
        .ask(&signed.token, v1::GetApplicationRequest { name });
    let Ok(answer) = asked.await else { return };
    let application = answer.application.unwrap_or_default();
    if round && application.round > 0 {
        filled.keep("round", application.round.to_string());
    }
    if scores.is_empty() {
        return;
    }
    let name = application.vacancy;
    let asked = app.api.ask(&signed.token, v1::GetVacancyRequest { name });
    let Ok(answer) = asked.await else { return };
    let criteria = answer.vacancy.unwrap_or_default().criteria;
    let own = criteria.into_iter().filter(|criterion| {
        criterion.owner == "both" || section::side(signed) == Some(criterion.owner.as_str())
    });
    for (at, criterion) in own.enumerate() {
        filled.keep(&format!("{scores}.{at}.criterion"), criterion.key);
    }
}
