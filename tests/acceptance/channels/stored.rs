//! What lies in the database, and so in every backup of it, tells nobody what either side says (C.3).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sqlx::types::Uuid;

use crate::{
    golden::golden,
    harness::{
        Service,
        cast::{NORTHMOOR, WEXCOMBE, candidate},
        database,
        life::{Campaign, Trainee},
    },
};

/// Everything a side may say, one after the other.
const WORDS: [(&str, &[&str]); 3] = [
    ("accept", &[]),
    ("reject", &[]),
    ("accept", &["driving_licence", "occupational_health"]),
];

/// What no payload and no metadata of a seal may hold.
const UNSAID: [&str; 9] = [
    "accept",
    "reject",
    "verdict",
    "conditions",
    "driving_licence",
    "grounds",
    "reason",
    "true",
    "false",
];

/// A stored text with everything that differs from event to event told by its length only, or by what
/// it is.
fn shape(of: &Value, name: &str) -> Value {
    match of {
        // An instant is written without the zeros at its end.
        Value::String(_) if ["recorded", "effective"].contains(&name) => json!("an instant"),
        Value::String(text)
            if ["text", "traceparent", "authentication"].contains(&name)
                || Uuid::parse_str(text).is_ok() =>
        {
            json!(text.len())
        }
        Value::Array(items) => items.iter().map(|item| shape(item, name)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), shape(value, name)))
            .collect(),
        other => other.clone(),
    }
}

/// What a stored text says of a word.
fn said(text: &str) -> Option<&'static str> {
    UNSAID.into_iter().find(|unsaid| text.contains(unsaid))
}

/// The first versions of these events, which are never edited, are what the test below looks for.
#[test]
fn c_3_channel_9_a_word_in_clear_is_found() {
    let golden = golden();
    for (event, word) in [
        ("DecisionAmended", "accept"),
        ("DecisionCollected", "verdict"),
        ("DecisionSealed", "reject"),
        ("ShortlistCollected", "true"),
        ("ShortlistSealed", "true"),
    ] {
        let (_, first) = &golden[&format!("{event}.1.0")];
        let (_, now) = &golden[&format!("{event}.2.0")];
        let first = shape(first, "").to_string();
        assert!(said(&first).is_some() && first.contains(word), "{first}");
        assert_eq!(said(&shape(now, "").to_string()), None, "{event}");
    }
}

async fn says(service: &Service, trainee: &Trainee, employer: bool, words: &[(&str, &[&str])]) {
    for (nth, (verdict, conditions)) in words.iter().enumerate() {
        let method = ["SealDecision", "AmendDecision"][nth.min(1)];
        let (by, word) = if employer {
            let word = trainee.employers(1, verdict, conditions);
            (trainee.hr("2025-12-12"), word)
        } else {
            let word = trainee.universitys(1, verdict, conditions);
            (trainee.admissions("2025-12-12"), word)
        };
        by.write(method, word).await;
    }
    service.cast.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_9_no_stored_byte_tells_one_word_from_another() {
    let service = Service::start().await;
    let campaign = Campaign::opens(&service.cast).await;
    let mut people = (1..).map(candidate);
    let mut applies = async || {
        let person = people.next().expect("somebody");
        Trainee::applies(
            &service.cast,
            &campaign.vacancy,
            person,
            "2025-11-21",
            json!({}),
        )
        .await
    };
    let mut last = vec![];
    for employer in [true, false] {
        for shortlisted in [true, false] {
            let trainee = applies().await;
            let by = if employer {
                trainee.hr("2025-12-03")
            } else {
                trainee.admissions("2025-12-03")
            };
            let shortlist = json!({
                "application": trainee.application,
                "shortlisted": shortlisted,
                "reason": "By the criteria.",
            });
            by.write("SealShortlist", shortlist).await;
        }
        for first in 0..WORDS.len() {
            let trainee = applies().await;
            trainee.is_shortlisted().await;
            trainee.is_interviewed().await;
            let mut words = WORDS;
            words.rotate_left(first);
            says(&service, &trainee, employer, &words).await;
            last.push((trainee, employer, words[WORDS.len() - 1]));
        }
    }
    let mut shapes = BTreeMap::new();
    for event in database::events(&service.owner).await {
        if !["seal", "referee"].contains(&event.kind.as_str()) {
            continue;
        }
        let payload: Value = serde_json::from_str(&event.payload).expect("JSON");
        let metadata: Value = serde_json::from_str(&event.metadata).expect("JSON");
        let stored = json!([
            shape(&payload, ""),
            shape(&metadata, ""),
            event.payload.len(),
        ]);
        let (text, name) = (stored.to_string(), event.event_type);
        assert_eq!(said(&text), None, "{name}: {text}");
        // By whom: a side is no secret of its own stream.
        let whose = (name, metadata["role"].to_string());
        let (times, known) = shapes.entry(whose.clone()).or_insert((0, stored.clone()));
        *times += 1;
        assert_eq!(*known, stored, "{whose:?} is stored in one shape");
    }
    let kinds = ["DecisionAmended", "DecisionCollected", "DecisionSealed"];
    for kind in [&kinds[..], &["ShortlistCollected", "ShortlistSealed"]].concat() {
        let of_both = shapes.iter().filter(|((name, _), _)| name == kind);
        let times: Vec<usize> = of_both.map(|(_, (times, _))| *times).collect();
        assert!(
            matches!(times[..], [one, other] if one > 1 && other > 1),
            "{kind}: {times:?}"
        );
    }
    // Each side still reads its own.
    for (trainee, employer, (verdict, conditions)) in last {
        let (by, tenant) = if employer {
            (trainee.hr(""), NORTHMOOR)
        } else {
            (trainee.admissions(""), WEXCOMBE)
        };
        let seal = by
            .get("GetSeal", json!({"name": trainee.seal(tenant)}))
            .await;
        let seal = &seal["seal"];
        let decision = &seal["rounds"][0]["decision"];
        assert_eq!(seal["shortlisted"], true);
        assert_eq!(decision["verdict"], verdict);
        let told = decision["conditions"].as_array().map_or(0, Vec::len);
        assert_eq!(told, conditions.len());
    }
    service.stop().await;
}
