//! One file for every event type and version ever released: what is stored today must be readable
//! for as long as there is history.

use std::{collections::BTreeMap, fs};

use domain::{
    fact::{Fact, Visit, aggregates, event_types},
    upcast::{current_version, upcast},
    world::Decider,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::harness::{Service, database, snapshot, tour};

const FOLDER: &str = "events";

/// The files there are: name → kind of record and payload.
pub(crate) fn golden() -> BTreeMap<String, (String, Value)> {
    let mut golden = BTreeMap::new();
    for entry in fs::read_dir(snapshot::path(FOLDER)).expect("the golden files") {
        let path = entry.expect("a readable entry").path();
        let text = fs::read_to_string(&path).expect("a readable file");
        let file: Value = serde_json::from_str(&text).expect("a golden file is JSON");
        let name = path.file_stem().expect("a name").to_string_lossy();
        let kind = file["record"].as_str().expect("a kind of record");
        golden.insert(
            name.into_owned(),
            (kind.to_owned(), file["payload"].clone()),
        );
    }
    golden
}

/// `VacancyOpened.1.0` → `VacancyOpened`, `1.0`
fn parts(name: &str) -> (&str, &str) {
    name.split_once('.').expect("<EventType>.<version>")
}

/// Every event type with its kind of record.
pub(crate) fn all_event_types() -> Vec<(&'static str, &'static str)> {
    struct List(Vec<(&'static str, &'static str)>);
    impl Visit for List {
        fn visit<A: Decider>(&mut self) {
            let types = event_types(A::TYPE).iter();
            self.0
                .extend(types.map(|event_type| (A::TYPE, *event_type)));
        }
    }
    let mut list = List(vec![]);
    aggregates(&mut list);
    list.0
}

#[test]
fn every_event_type_has_a_golden_file_of_its_current_version() {
    let golden = golden();
    let missing: Vec<String> = all_event_types()
        .iter()
        .map(|(_, event_type)| format!("{event_type}.{}", current_version(event_type)))
        .filter(|name| !golden.contains_key(name))
        .collect();
    assert!(missing.is_empty(), "no golden file of {missing:#?}");
}

#[test]
fn every_golden_file_is_still_read() {
    for (name, (kind, payload)) in golden() {
        let (event_type, version) = parts(&name);
        let read = Fact::read(&kind, event_type, version, &payload.to_string());
        let current = upcast(event_type, version, payload)
            .unwrap_or_else(|| panic!("no way from {name} to the current version"));
        let fact = Fact::decode(&kind, current);
        assert!(matches!(fact, Ok(Some(_))), "{name}: {fact:?}");
        assert_eq!(read.ok(), fact.ok().flatten(), "{name} read from its text");
    }
}

/// A field that is renamed, dropped or added under the same version would change what history says.
#[test]
fn a_golden_file_of_the_current_version_is_written_as_it_is_read() {
    struct Again<'a> {
        kind: &'a str,
        payload: &'a Value,
        written: Option<Value>,
    }
    impl Visit for Again<'_> {
        fn visit<A: Decider>(&mut self) {
            if A::TYPE == self.kind {
                self.written = again::<A::Event>(self.payload);
            }
        }
    }
    fn again<E: DeserializeOwned + Serialize>(payload: &Value) -> Option<Value> {
        let event: E = serde_json::from_value(payload.clone()).ok()?;
        serde_json::to_value(event).ok()
    }
    for (name, (kind, payload)) in golden() {
        let (event_type, version) = parts(&name);
        if version == current_version(event_type) {
            let mut visit = Again {
                kind: &kind,
                payload: &payload,
                written: None,
            };
            aggregates(&mut visit);
            assert_eq!(visit.written, Some(payload.clone()), "{name}");
        }
    }
}

/// Seals differ from run to run; everything else of a stored event does not.
pub(crate) fn unsealed(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                if name == "$sealed" {
                    for copy in value["copies"].as_array_mut().into_iter().flatten() {
                        copy["key"] = json!("00000000-0000-8000-8000-000000000000");
                        copy["text"] = json!("c2VhbGVk");
                    }
                } else {
                    unsealed(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(unsealed),
        _ => {}
    }
}

/// What the whole tour stores has golden files; with UPDATE_SNAPSHOTS=1 those that are missing are
/// written. A file that exists is never rewritten: it is released.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_tour_stores_has_golden_files() {
    let service = Service::start().await;
    tour::whole(&service.cast).await;
    let golden = if snapshot::path(FOLDER).exists() {
        golden()
    } else {
        BTreeMap::new()
    };
    let mut missing = vec![];
    let mut seen = std::collections::BTreeSet::new();
    for event in database::events(&service.owner).await {
        let name = format!("{}.{}", event.event_type, event.event_version);
        if !seen.insert(name.clone()) || golden.contains_key(&name) {
            continue;
        }
        missing.push(name.clone());
        let mut payload = serde_json::from_str(&event.payload).expect("a payload is JSON");
        unsealed(&mut payload);
        let file = json!({"record": event.kind, "payload": payload});
        let page = serde_json::to_string_pretty(&file).expect("JSON") + "\n";
        if snapshot::updating() {
            snapshot::compare(&format!("{FOLDER}/{name}.json"), &page);
        }
    }
    assert!(
        missing.is_empty() || snapshot::updating(),
        "UPDATE_SNAPSHOTS=1 writes {missing:#?}"
    );
    let untouched: Vec<&str> = all_event_types()
        .into_iter()
        .map(|(_, event_type)| event_type)
        .filter(|event_type| {
            !seen.contains(&format!("{event_type}.{}", current_version(event_type)))
        })
        .collect();
    assert!(untouched.is_empty(), "the tour never stores {untouched:#?}");
    service.stop().await;
}
