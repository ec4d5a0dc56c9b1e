//! Every RPC as every role of every relation to what it names: the side that called it on the tour,
//! the others at home with its record, strangers, a former party, and who took over from it. What must
//! be answered is worked out from the permission table and from whose record it is.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use domain::{
    actor::{ActingRole, PersonId, TenantId, TenantKind},
    employment::Employment,
    enrolment::Enrolment,
    funding::FundingAward,
    marks::MarkSheet,
    offer::Offer,
    permission::Action,
    qualification::Qualification,
    training::Training,
};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

use super::{ANYBODYS, code, elsewhere, homes, uniform};
use crate::{
    custody,
    harness::{
        Caller, Cast, Refused, Service,
        caller::{methods, writes},
        cast::{
            CALDERBRIDGE, COMMISSIONER, NORTHMOOR, OTHER_COMMISSIONER, SEVERNVALE, STRANGER,
            WEXCOMBE, candidate,
        },
        life::record,
        snapshot, tour,
    },
};

/// Calls under way at one time.
const AT_ONCE: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumIter, strum::Display)]
#[strum(serialize_all = "snake_case")]
enum Relation {
    /// Of the kind of tenant that called it on the tour, at home with the record.
    Own,
    /// Of every other kind at home with it.
    Other,
    /// Of every kind, at home with nothing of it.
    Stranger,
    /// Of the employer that gave a service up, about somebody who went with it.
    Former,
    /// Of the employer that took it over, and of those who saw it go on.
    Successor,
}

/// How a call was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    /// Nothing is told.
    Uniform,
    /// Answered.
    Told,
    /// Refused, in words of its own: whoever gets them may know of the record.
    Refused,
}

/// One call of the page.
#[derive(Clone)]
struct Asked {
    method: String,
    relation: Relation,
    role: ActingRole,
    tenant: TenantId,
    message: Value,
    /// Whether it is the very request that was answered on the tour.
    again: bool,
}

/// Who plays a role in a relation, where somebody does.
fn tenant(relation: Relation, role: ActingRole, caller: Option<TenantKind>) -> Option<TenantId> {
    let kind = role.tenant_kind();
    let (home, _) = homes(role);
    match relation {
        Relation::Own => (kind == caller).then_some(home),
        Relation::Other => (kind != caller).then_some(home),
        Relation::Stranger => match kind {
            Some(TenantKind::Employer) => Some(STRANGER),
            Some(TenantKind::University) => Some(CALDERBRIDGE),
            Some(TenantKind::Commissioner) => Some(OTHER_COMMISSIONER),
            Some(TenantKind::Person) => Some(candidate(404)),
            None => Some(STRANGER),
            // there is one of each of these
            Some(_) => None,
        },
        Relation::Former => (kind == Some(TenantKind::Employer)).then_some(NORTHMOOR),
        Relation::Successor if kind == Some(TenantKind::Employer) => Some(SEVERNVALE),
        Relation::Successor => Some(home),
    }
}

/// The records of whoever went with the service, by collection.
fn of_the_moved(cast: &Cast) -> BTreeMap<String, String> {
    let announced = cast
        .api
        .accepted()
        .into_iter()
        .find(|call| call.method == "AnnounceRetender")
        .expect("a service is transferred on the tour");
    let application = announced.message["trainees"][0]
        .as_str()
        .expect("somebody goes with it")
        .to_owned();
    let names = [
        record::<Offer>(NORTHMOOR, &application),
        record::<Training>(NORTHMOOR, &application),
        record::<Employment>(NORTHMOOR, &application),
        record::<Enrolment>(WEXCOMBE, &application),
        record::<Qualification>(WEXCOMBE, &application),
        record::<MarkSheet>(WEXCOMBE, &application),
        record::<FundingAward>(COMMISSIONER, &application),
        PersonId(candidate(108).0).to_string(),
        application,
    ];
    names
        .into_iter()
        .filter_map(|name| Some((name.split_once('/')?.0.to_owned(), name)))
        .collect()
}

/// A message with other records in place of its own.
fn about(message: &Value, records: &BTreeMap<String, String>) -> Value {
    match message {
        Value::String(text) => text
            .split_once('/')
            .and_then(|(collection, _)| records.get(collection))
            .map_or_else(|| message.clone(), |name| json!(name)),
        Value::Array(values) => values.iter().map(|value| about(value, records)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), about(value, records)))
            .collect(),
        _ => message.clone(),
    }
}

/// The names of records in a message.
fn names(message: &Value, into: &mut BTreeSet<String>) {
    match message {
        Value::String(text) => {
            let id = text.split_once('/').map(|(_, id)| id);
            if id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok()) {
                into.insert(text.clone());
            }
        }
        Value::Array(values) => values.iter().for_each(|value| names(value, into)),
        Value::Object(fields) => fields.values().for_each(|value| names(value, into)),
        _ => {}
    }
}

/// Whose each record is now: its parties, and its person.
async fn custodies(service: &Service) -> BTreeMap<String, BTreeSet<TenantId>> {
    let rows: Vec<(String, String, Vec<uuid::Uuid>, Option<uuid::Uuid>)> = sqlx::query_as(
        "SELECT s.aggregate_type, s.aggregate_id, e.parties, s.subject
           FROM ledger.stream s
           JOIN ledger.event e ON e.aggregate_id = s.aggregate_id
                              AND e.aggregate_type = s.aggregate_type AND e.sequence = s.version",
    )
    .fetch_all(&service.owner)
    .await
    .expect("the owner reads streams");
    rows.into_iter()
        .filter_map(|(kind, id, parties, subject)| {
            let collection = domain::fact::collection(&kind)?;
            let all = parties.into_iter().chain(subject).map(TenantId).collect();
            Some((format!("{collection}/{id}"), all))
        })
        .collect()
}

/// Every call of the page.
fn calls(cast: &Cast) -> Vec<Asked> {
    let moved = of_the_moved(cast);
    let accepted = cast.api.accepted();
    let mut calls = vec![];
    for method in methods(&cast.api.pool) {
        // The last one that is about none of those who went.
        let sent = |about_others: bool| {
            accepted.iter().rev().find(|call| {
                call.method == method.name()
                    && (!about_others
                        || !moved
                            .values()
                            .any(|name| call.message.to_string().contains(name)))
            })
        };
        let call = sent(true)
            .or_else(|| sent(false))
            .expect("the tour calls it");
        let caller = cast
            .actor_of(&call.token)
            .and_then(|actor| actor.role.tenant_kind());
        for relation in Relation::iter() {
            for role in ActingRole::iter() {
                let Some(tenant) = tenant(relation, role, caller) else {
                    continue;
                };
                let mut message = match relation {
                    Relation::Former | Relation::Successor => about(&call.message, &moved),
                    _ => call.message.clone(),
                };
                // A repeat of one's own is answered by its receipt; of others it is another request.
                let again = relation == Relation::Own
                    && cast
                        .actor_of(&call.token)
                        .is_some_and(|actor| actor.tenant == tenant);
                if let Some(fields) = message.as_object_mut().filter(|_| !again) {
                    fields.remove("request_id");
                }
                calls.push(Asked {
                    method: method.name().to_owned(),
                    relation,
                    role,
                    tenant,
                    message,
                    again,
                });
            }
        }
    }
    calls
}

async fn ask(by: &Caller, call: &Asked) -> (Answer, Option<Refused>) {
    match by.call(&call.method, call.message.clone()).await {
        Ok(_) => (Answer::Told, None),
        Err(refused) if uniform(&refused) => (Answer::Uniform, Some(refused)),
        Err(refused) => (Answer::Refused, Some(refused)),
    }
}

/// Reads that say no though the record is the reader's, each with why.
const WITHHELD: &[(&str, &str)] = &[
    (
        "GetCluster",
        "to anybody but the employer, unless they say whose",
    ),
    (
        "ListTimeline",
        "to whose role nothing of what happened is known",
    ),
    ("GetResult", "until it is released to whoever asks"),
    (
        "ReadUnderBreakGlass",
        "to nobody but the one who opened it, in their role",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_as_every_role_of_every_relation_is_answered_as_the_tables_say() {
    let service = Service::start().await;
    let cast = &service.cast;
    tour::whole(cast).await;
    cast.settle().await;
    let custodies = custodies(&service).await;
    let calls = calls(cast);
    let callers: BTreeMap<(TenantId, ActingRole), Caller> = calls
        .iter()
        .map(|call| (call.tenant, call.role))
        .collect::<BTreeSet<_>>()
        .into_iter()
        .map(|who| (who, cast.of(who.0, who.1)))
        .collect();
    // What must be said: nothing, unless the table lets the role call and the records are its tenant's.
    let expected = |call: &Asked| {
        let action: Action = call.method.parse().expect("an action of its name");
        if !action.roles().contains(&call.role) {
            return Some(Answer::Uniform);
        }
        if ANYBODYS.contains(&call.method.as_str()) {
            return None;
        }
        let mut named = BTreeSet::new();
        names(&call.message, &mut named);
        let held = named.iter().filter_map(|name| custodies.get(name));
        let foreign = held.clone().any(|parties| !parties.contains(&call.tenant));
        // What is written about an application may be a record of the writer's own.
        let reads = !writes(&cast.api.method(&call.method));
        let thread = reads || call.relation == Relation::Stranger;
        let first = call.message.as_object().and_then(|fields| {
            let main = ["name", "training", "sitting", "employment", "offer"];
            let main = main.iter().chain(thread.then_some(&"application"));
            let mut main = main.filter_map(|field| custodies.get(fields.get(*field)?.as_str()?));
            main.next()
        });
        if call.again && !reads {
            return None;
        }
        if first.is_some_and(|parties| !parties.contains(&call.tenant)) {
            return Some(Answer::Uniform);
        }
        let withheld = WITHHELD.iter().any(|(method, _)| *method == call.method);
        (reads && !foreign && held.count() > 0 && !withheld).then_some(Answer::Told)
    };

    let (writing, reading): (Vec<_>, Vec<_>) = calls.into_iter().partition(|call| {
        expected(call) != Some(Answer::Uniform) && writes(&cast.api.method(&call.method))
    });
    let by = |call: &Asked| callers[&(call.tenant, call.role)].clone();
    let mut answers: Vec<_> = stream::iter(reading)
        .map(|call| {
            let by = by(&call);
            async move {
                let answer = ask(&by, &call).await;
                (call, answer)
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    // What may change something goes one by one, in one order.
    for call in writing {
        let answer = ask(&by(&call), &call).await;
        answers.push((call, answer));
    }

    let mut wrong = vec![];
    let mut told = BTreeSet::new();
    for (call, (answer, refused)) in &answers {
        if let Some(refused) = refused.as_ref().filter(|_| *answer == Answer::Uniform) {
            told.insert(format!("{:?}", refused.told()));
        }
        if expected(call).is_some_and(|expected| expected != *answer) {
            let why = refused
                .as_ref()
                .map(|refused| (&refused.reason, refused.status.message()));
            wrong.push(format!(
                "{} as {} of {} ({}): {answer:?}, {why:?}",
                call.method, call.role, call.tenant, call.relation
            ));
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} calls: {wrong:#?}", wrong.len());
    custody::every_change_is_told(&service).await;
    assert_eq!(
        told.len(),
        1,
        "one answer for missing, foreign and sealed: {told:#?}"
    );
    // And it is the answer for what is not there.
    let nothing = json!({"name": elsewhere(&json!(answers_name(&custodies)))});
    let missing = cast
        .of(NORTHMOOR, ActingRole::EmployerHr)
        .call("GetApplication", nothing)
        .await;
    let missing = missing.map(|reply| reply.json).expect_err("there is none");
    assert!(
        told.contains(&format!("{:?}", missing.told())),
        "{missing:?}"
    );
    snapshot::compare("relations.txt", &page(&answers));
    service.stop().await;
}

/// The name of some application.
fn answers_name(custodies: &BTreeMap<String, BTreeSet<TenantId>>) -> String {
    let name = custodies
        .keys()
        .find(|name| name.starts_with("applications/"));
    name.expect("somebody applied").clone()
}

fn page(answers: &[(Asked, (Answer, Option<Refused>))]) -> String {
    let mut lines: BTreeMap<(&str, Relation), Vec<(ActingRole, Answer)>> = BTreeMap::new();
    for (call, (answer, _)) in answers {
        let line = lines.entry((&call.method, call.relation)).or_default();
        if *answer != Answer::Uniform {
            line.push((call.role, *answer));
        }
    }
    let mut page = String::from(
        "Every RPC as every role of every relation to what it names. Whoever is not listed gets the one\n\
         answer that tells nothing; + answered, ! refused in words of its own.\n\n",
    );
    let mut last = "";
    for ((method, relation), mut roles) in lines {
        if method != last {
            let _ = writeln!(page, "{method}");
            last = method;
        }
        roles.sort_by_key(|(role, _)| *role as usize);
        let roles: Vec<String> = roles
            .into_iter()
            .map(|(role, answer)| {
                let mark = if answer == Answer::Told { '+' } else { '!' };
                format!("{}{mark}", code(role))
            })
            .collect();
        let _ = writeln!(page, "  {:10}{}", relation.to_string(), roles.join(" "));
    }
    page
}
