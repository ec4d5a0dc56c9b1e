//! What the ids of records are called: read through the service, kept for the one session that may
//! read them.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, PoisonError},
};

use contract::v1;
use futures::{StreamExt as _, stream};
use prost_reflect::{DynamicMessage, Value};

use crate::{api::Api, session::Session, words};

/// Names looked up at the same time.
const LANES: usize = 8;
/// Names kept for a session; beyond that, all are looked up anew.
const KEPT_MAX: usize = 5_000;

/// The fields that may hold what a record is called, the best first.
const TITLES: &[&str] = &["candidate_name", "display_name", "title"];

/// What a session has looked up.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<HashMap<String, String>>);

impl Names {
    /// Looks up what is not known yet of `names`. A name that cannot be read keeps its id.
    pub(crate) async fn learn(
        &self,
        api: &Api,
        session: &Session,
        names: impl IntoIterator<Item = String>,
    ) {
        self.learn_of(api, session, names, "").await;
    }

    /// The same; partners are known by the record that both have a part in.
    pub(crate) async fn learn_of(
        &self,
        api: &Api,
        session: &Session,
        names: impl IntoIterator<Item = String>,
        record: &str,
    ) {
        let unknown: BTreeSet<String> = {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() > KEPT_MAX {
                known.clear();
            }
            names
                .into_iter()
                .filter(|name| words::named(name).is_some() && !known.contains_key(name))
                .collect()
        };
        let learnt: Vec<(String, String)> = stream::iter(unknown)
            .map(|name| async move {
                let called = look_up(api, session, &name, record).await;
                (name, called)
            })
            .buffer_unordered(LANES)
            .filter_map(async |(name, called)| Some((name, called?)))
            .collect()
            .await;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.extend(learnt);
    }

    /// What a record is called: its title, or what it is and the beginning of its id.
    pub(crate) fn of(&self, name: &str) -> String {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (known.get(name), words::named(name)) {
            (Some(called), _) => called.clone(),
            (None, Some((collection, _))) => {
                format!("{} {}", words::one_of(collection), words::short(name))
            }
            (None, None) => name.to_owned(),
        }
    }

    /// Notes what a record that was read anyway is called.
    pub(crate) fn note(&self, name: &str, record: &DynamicMessage) {
        if let Some(called) = title(record) {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(name.to_owned(), called);
        }
    }

    /// The key of a part, such as `MHWP/intakes/{uuid}/tenants/{uuid}`, as people read it.
    pub(crate) fn of_part(&self, part: &str) -> String {
        let segments: Vec<&str> = part.split('/').collect();
        let mut said = vec![];
        let mut at = 0;
        while let Some(segment) = segments.get(at) {
            let name = segments.get(at + 1).map(|id| format!("{segment}/{id}"));
            match name.filter(|name| words::named(name).is_some()) {
                Some(name) => {
                    said.push(self.of(&name));
                    at += 2;
                }
                None => {
                    said.push(words::word(segment));
                    at += 1;
                }
            }
        }
        said.join(", ")
    }
}

/// The names of records that stand in the key of a part.
pub(crate) fn in_part(part: &str) -> Vec<String> {
    let segments: Vec<&str> = part.split('/').collect();
    segments
        .windows(2)
        .map(|pair| pair.join("/"))
        .filter(|name| words::named(name).is_some())
        .collect()
}

async fn look_up(api: &Api, session: &Session, name: &str, record: &str) -> Option<String> {
    let (collection, id) = words::named(name)?;
    if id.bytes().all(|byte| matches!(byte, b'0' | b'-')) {
        return Some("Nobody placed yet".to_owned());
    }
    let read = api.schema.reads(collection).first()?;
    if read.field != "name" || !session.may_call(&read.rpc) {
        return None;
    }
    if collection == "tenants" && name != session.tenant {
        let request = v1::GetTenantRequest {
            name: name.to_owned(),
            record: record.to_owned(),
        };
        let partner = api.ask(&session.token, request).await.ok()?.tenant?;
        return Some(partner.names.last()?.name.clone());
    }
    let answer = api
        .read(&session.token, &read.rpc, &read.field, name)
        .await
        .ok()?;
    title(&self::record(&answer)?)
}

/// The record within an answer: its first message.
pub(crate) fn record(answer: &DynamicMessage) -> Option<DynamicMessage> {
    answer.fields().find_map(|(_, value)| match value {
        Value::Message(message) => Some(message.clone()),
        _ => None,
    })
}

fn title(record: &DynamicMessage) -> Option<String> {
    let text = |message: &DynamicMessage, field: &str| {
        let value = message.get_field_by_name(field)?;
        value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    TITLES
        .iter()
        .find_map(|field| text(record, field))
        .or_else(|| {
            // A tenant has had several; the last one is today's.
            let names = record.get_field_by_name("names")?;
            let last = names.as_list()?.last()?.as_message()?.clone();
            text(&last, "display_name").or_else(|| text(&last, "name"))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTAKE: &str = "intakes/6f1c2a3e-0000-4000-8000-000000000000";

    #[test]
    fn parts_are_read_piece_by_piece() {
        let names = Names::default();
        names
            .0
            .lock()
            .expect("no panic")
            .insert(INTAKE.to_owned(), "March".to_owned());
        assert_eq!(names.of_part(&format!("MHWP/{INTAKE}/7")), "MHWP, March, 7");
        assert_eq!(names.of_part("2027-03-10"), "10 March 2027");
        assert_eq!(in_part(&format!("MHWP/{INTAKE}/7")), [INTAKE.to_owned()]);
    }
}
