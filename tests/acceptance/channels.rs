//! The side channels of the blind decision (C.3), one by one: through none of them does one party
//! learn that the other has decided, or when, before both have.

mod careless;
mod stored;

use std::time::{Duration, Instant};

use domain::actor::{
    ActingRole::{
        AdmissionsTutor, Auditor, Candidate, EmployerHr, PlatformOperator, ServiceManager,
    },
    PLATFORM, TenantId,
};
use serde_json::{Value, json};

use crate::{
    blindness::deciding,
    harness::{
        Service,
        cast::{AUDITOR, NORTHMOOR, WEXCOMBE, candidate},
        collector::Collector,
        life::Trainee,
        process::Rig,
    },
};

/// What the university says, and nobody else.
const SAID: &str = "Nobody on our panel has a doubt about it.";

/// A round in which the university has sealed and the employer has not.
struct Sealed {
    service: Service,
    c1: Trainee,
}

impl Sealed {
    /// Asks before the university seals, and again when it has.
    async fn between(ask: impl AsyncFn(&Service, &Trainee) -> Value) -> (Self, Value, Value) {
        let service = Service::start().await;
        let c1 = deciding(&service.cast).await;
        let before = ask(&service, &c1).await;
        university(&service, &c1).await;
        let after = ask(&service, &c1).await;
        (Self { service, c1 }, before, after)
    }
}

async fn university(service: &Service, c1: &Trainee) {
    let word = c1.universitys(1, "accept", &[]);
    c1.admissions("2025-12-12")
        .write("SealDecision", word)
        .await;
    service.cast.settle().await;
}

async fn unchanged(ask: impl AsyncFn(&Service, &Trainee) -> Value) {
    let (sealed, before, after) = Sealed::between(ask).await;
    assert_eq!(before, after);
    sealed.service.stop().await;
}

async fn version(_: &Service, c1: &Trainee) -> Value {
    let application = c1
        .hr("")
        .get("GetApplication", json!({"name": c1.application}))
        .await;
    assert!(application["version"].as_i64() > Some(0));
    application["version"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_1_no_version_of_a_shared_record_moves() {
    unchanged(version).await;
}

async fn positions(service: &Service, c1: &Trainee) -> Value {
    let feed = c1.hr("").get("ListFeed", json!({"page_size": 1000})).await;
    let head = service.cast.ledger.head(NORTHMOOR).await.expect("a head");
    let items = feed["items"].as_array().expect("items");
    for (item, position) in items.iter().zip(1..) {
        assert_eq!(item["position"], json!(position));
    }
    json!([items.len(), head, feed["next_position"]])
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_2_no_position_is_left_out_or_taken() {
    unchanged(positions).await;
}

async fn instants(_: &Service, c1: &Trainee) -> Value {
    let feed = c1.hr("").get("ListFeed", json!({"page_size": 1000})).await;
    let last = feed["items"]
        .as_array()
        .and_then(|items| items.last())
        .cloned();
    let journeys = c1
        .hr("")
        .get("GetDashboard", json!({"include_journeys": true}))
        .await;
    json!([last.expect("items")["recorded_time"], journeys["journeys"]])
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_3_no_instant_and_no_order_moves() {
    unchanged(instants).await;
}

async fn figures(_: &Service, c1: &Trainee) -> Value {
    let dashboard = c1.hr("").get("GetDashboard", json!({})).await;
    let figures = dashboard["dashboard"]["figures"].clone();
    let names = figures.to_string();
    assert!(!names.contains("awaiting_university") && !names.contains("awaiting_employer"));
    figures
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_4_awaiting_the_joint_outcome_is_the_only_state_counted() {
    unchanged(figures).await;
}

async fn reminders(service: &Service, c1: &Trainee) -> Value {
    // What is to happen at an instant, for whom: a reminder to the employer would be one more.
    let timers: i64 = sqlx::query_scalar("SELECT count(*) FROM ledger.timer WHERE tenant_id = $1")
        .bind(NORTHMOOR.0)
        .fetch_one(&service.owner)
        .await
        .expect("the owner counts");
    json!([
        timers,
        c1.hr("").get("ListFeed", json!({"page_size": 1000})).await
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_5_nothing_reminds_the_other_party() {
    unchanged(reminders).await;
}

async fn refusals(_: &Service, c1: &Trainee) -> Value {
    let mut told = vec![];
    for (method, message) in [
        ("MakeOffer", c1.of_application()),
        ("AgreeReconsideration", c1.of_application()),
        ("GetSeal", json!({"name": c1.seal(WEXCOMBE)})),
    ] {
        let answer = c1.hr("2025-12-16").call(method, message).await;
        let (code, words, details, _) = answer.expect_err("refused").told();
        assert!(!words.contains("university"), "{words}");
        told.push(json!([code.to_string(), words, details]));
    }
    json!(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_6_a_refusal_never_names_the_other_sides_state() {
    unchanged(refusals).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_7_both_learn_of_the_reveal_from_the_same_event_once_it_is_committed() {
    let (sealed, ..) = Sealed::between(async |_, _| Value::Null).await;
    let c1 = &sealed.c1;
    let word = c1.employers(1, "accept", &[]);
    let receipt = c1.hr("2025-12-13").get("SealDecision", word).await;
    // The second decider's own receipt names its own seal, as the first one's did.
    assert_eq!(receipt["receipt"]["name"], json!(c1.seal(NORTHMOOR)));
    sealed.service.cast.settle().await;
    let mut revealed = vec![];
    for caller in [c1.hr(""), c1.admissions("")] {
        let feed = caller.get("ListFeed", json!({"page_size": 1000})).await;
        let items = feed["items"].as_array().expect("items").iter();
        let outcome = items
            .rev()
            .find(|item| item["event_type"] == "JointOutcomeReached");
        let outcome = outcome.expect("both learn of it");
        revealed.push(json!([
            outcome["name"],
            outcome["sequence"],
            outcome["recorded_time"]
        ]));
    }
    assert_eq!(revealed[0], revealed[1]);
    sealed.service.stop().await;
}

async fn replays(service: &Service, c1: &Trainee) -> Value {
    let cast = &service.cast;
    let mut replays = vec![];
    for by in [cast.of(AUDITOR, Auditor), cast.of(NORTHMOOR, EmployerHr)] {
        let message = json!({"person": c1.person_name()});
        let replay = by.open("ReplayHistory", message).await.expect("a replay");
        replays.push(json!(replay.all().await.expect("to its end")));
    }
    json!(replays)
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_8_no_replay_holds_what_is_sealed() {
    unchanged(replays).await;
}

async fn exports(service: &Service, c1: &Trainee) -> Value {
    let hr = c1.hr("");
    let mut told = vec![];
    for (method, message) in [
        ("ExportReplay", json!({"person": c1.person_name()})),
        (
            "ExportDashboard",
            json!({"format": "EXPORT_FORMAT_CSV_FIGURES"}),
        ),
        (
            "ExportDashboard",
            json!({"format": "EXPORT_FORMAT_CSV_JOURNEYS"}),
        ),
        ("ExportDashboard", json!({"format": "EXPORT_FORMAT_XLSX"})),
    ] {
        let export = hr.open(method, message).await.expect("an export");
        told.push(json!(export.all().await.expect("to its end")));
    }
    let timeline = json!({"name": c1.application});
    told.push(hr.get("ListTimeline", timeline).await);
    let person = service.cast.of(candidate(1), Candidate);
    told.push(person.get("GetOwnTimeline", json!({})).await);
    told.push(person.get("ListOwnAccesses", json!({})).await);
    json!(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_8_no_export_and_no_answer_to_the_person_holds_what_is_sealed() {
    unchanged(exports).await;
}

/// The own log, and what is said of the log of the other side and of nobody at all.
async fn logs(_: &Service, c1: &Trainee) -> Value {
    let mut told = vec![c1.hr("").get("GetCheckpoint", json!({})).await];
    for (method, further) in [
        ("GetCheckpoint", json!({})),
        ("ProveInclusion", json!({"position": 1})),
        ("ProveConsistency", json!({"first_tree_size": 1})),
    ] {
        let of = async |tenant: TenantId| {
            let mut message = further.clone();
            message["tenant"] = json!(tenant.to_string());
            let refused = c1.hr("").call(method, message).await.expect_err("refused");
            assert_eq!(refused.reason, "NOT_PERMITTED", "{method}");
            let (code, words, details, _) = refused.told();
            json!([code.to_string(), words, details])
        };
        let theirs = of(WEXCOMBE).await;
        assert_eq!(theirs, of(candidate(999)).await, "{method}");
        told.push(theirs);
    }
    json!(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_8_no_party_learns_how_long_the_log_of_the_other_is() {
    unchanged(logs).await;
}

/// An auditor is no party: it gets the size, which says that something happened there, and nothing
/// that says what.
#[tokio::test(flavor = "multi_thread")]
async fn c_3_an_auditor_gets_the_size_of_a_log_and_nothing_of_what_is_sealed_in_it() {
    let ask = async |service: &Service, c1: &Trainee| {
        let auditor = service.cast.of(AUDITOR, Auditor);
        let log = json!({"tenant": WEXCOMBE.to_string()});
        let person = json!({"person": c1.person_name()});
        let replay = auditor.open("ReplayHistory", person).await;
        let replay = replay.expect("a replay").all().await.expect("to its end");
        json!([auditor.get("GetCheckpoint", log).await["tree_size"], replay])
    };
    let (sealed, before, after) = Sealed::between(ask).await;
    let size = |told: &Value| told[0].as_i64().expect("a size");
    assert_eq!(size(&after), size(&before) + 1);
    assert_eq!(after[1], before[1], "no event, no count");
    let auditor = sealed.service.cast.of(AUDITOR, Auditor);
    let seal = json!({"name": sealed.c1.seal(WEXCOMBE)});
    assert_eq!(auditor.refusal("GetSeal", seal).await, "NOT_PERMITTED");
    sealed.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_9_no_log_no_trace_and_no_metric_holds_what_is_sealed() {
    let collector = Collector::start().await;
    let filter = "info,server=trace,ledger=trace,views=trace,domain=trace,trellis=trace,\
                  h2=off,hyper=off,tower=off,sqlx=debug,opentelemetry=off";
    let rig = Rig::start(filter, Some(&collector)).await;
    let c1 = deciding(&rig.cast).await;
    let mut word = c1.universitys(1, "accept", &["driving_licence"]);
    word["decision"]["reason"] = json!(SAID);
    c1.admissions("2025-12-12")
        .write("SealDecision", word)
        .await;
    rig.cast.settle().await;
    let sealing = "/trellis.v1.DecisionRoundService/SealDecision";
    collector
        .until(|received| received.spans().any(|span| span.name == sealing))
        .await;
    let log = rig.stop().await;
    let sent =
        collector.received(|received| format!("{:?}{:?}", received.traces, received.metrics));
    for said in [SAID, "driving_licence"] {
        assert!(!log.contains(said), "the log says {said}");
        assert!(!sent.contains(said), "telemetry says {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_9_what_is_stored_opens_under_the_sides_own_key_only() {
    let (sealed, ..) = Sealed::between(async |_, _| Value::Null).await;
    let id = sealed.c1.seal(WEXCOMBE);
    let stored: Vec<(String, Vec<sqlx::types::Uuid>)> = sqlx::query_as(
        "SELECT payload::text, parties FROM ledger.event
          WHERE aggregate_id = $1 AND event_type = 'DecisionSealed'",
    )
    .bind(id.rsplit('/').next().expect("an id"))
    .fetch_all(&sealed.service.owner)
    .await
    .expect("the owner reads events");
    assert_eq!(stored.len(), 1);
    let (payload, parties) = &stored[0];
    assert_eq!(parties, &[WEXCOMBE.0]);
    assert!(!payload.contains("As discussed by our panel."));
    let payload: Value = serde_json::from_str(payload).expect("JSON");
    let copies = &payload["DecisionSealed"]["decision"]["assessment"]["$sealed"]["copies"];
    let holders: Vec<&Value> = copies
        .as_array()
        .expect("copies")
        .iter()
        .map(|copy| &copy["controller"])
        .collect();
    assert_eq!(holders, [&json!(WEXCOMBE.0.to_string())]);
    let shown: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM ledger.view_row WHERE tenant_id <> $1 AND row::text LIKE '%' || $2 || '%'",
    )
    .bind(WEXCOMBE.0)
    .bind(id.rsplit('/').next().expect("an id"))
    .fetch_one(&sealed.service.owner)
    .await
    .expect("the owner counts");
    assert_eq!(shown, 0, "no view of another tenant knows the seal");
    sealed.service.stop().await;
}

async fn candidates(service: &Service, c1: &Trainee) -> Value {
    let candidate = service.cast.of(candidate(1), Candidate);
    let application = candidate
        .get("GetApplication", json!({"name": c1.application}))
        .await;
    let state = &application["application"]["state"];
    assert_eq!(state, "APPLICATION_STATE_UNDER_CONSIDERATION");
    json!([
        application,
        candidate.get("GetOwnTimeline", json!({})).await
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_10_the_candidate_is_under_consideration_until_the_reveal() {
    unchanged(candidates).await;
}

async fn operators(service: &Service, c1: &Trainee) -> Value {
    let operator = service.cast.of(PLATFORM, PlatformOperator);
    let mut told = vec![];
    for (method, name) in [
        ("GetSeal", c1.seal(WEXCOMBE)),
        ("GetApplication", c1.application.clone()),
        ("ListFeed", String::new()),
        ("ReplayHistory", c1.person_name()),
    ] {
        let message = match method {
            "ListFeed" => json!({}),
            "ReplayHistory" => json!({"person": name}),
            _ => json!({"name": name}),
        };
        let refused = operator.call(method, message).await.expect_err("refused");
        assert_eq!(refused.reason, "NOT_PERMITTED", "{method}");
        let (code, words, details, _) = refused.told();
        told.push(json!([code.to_string(), words, details]));
    }
    json!(told)
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_11_the_platforms_operator_reads_no_record() {
    unchanged(operators).await;
}

/// The first answer to a request, and the answer to its repeat after the reveal.
async fn repeats(service: &Service, c1: &Trainee) -> (Value, Value) {
    let mut word = c1.employers(1, "accept", &[]);
    word["request_id"] = json!("0b11d000-0000-4000-8000-000000000012");
    let hr = c1.hr("2025-12-13");
    let answer = async || {
        let answer = hr.call("SealDecision", word.clone()).await;
        json!(answer.expect("sealed").bytes.to_vec())
    };
    let first = answer().await;
    university(service, c1).await;
    (first, answer().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_12_a_repeat_gets_the_bytes_of_the_first_answer_before_and_after_the_reveal() {
    let service = Service::start().await;
    let c1 = deciding(&service.cast).await;
    let (first, again) = repeats(&service, &c1).await;
    assert_eq!(first, again);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_13_an_open_stream_stays_silent() {
    let service = Service::start().await;
    let c1 = deciding(&service.cast).await;
    let head = service.cast.ledger.head(NORTHMOOR).await.expect("a head");
    let mut open = vec![];
    for role in [EmployerHr, ServiceManager] {
        let reader = service.cast.of(NORTHMOOR, role);
        let stream = reader
            .open("SubscribeFeed", json!({"after_position": head}))
            .await;
        open.push(stream.expect("a subscription"));
    }
    let mut own = service
        .cast
        .of(WEXCOMBE, AdmissionsTutor)
        .open("SubscribeFeed", json!({"after_position": 0}))
        .await
        .expect("a subscription");
    own.next().await.expect("a stream").expect("its own feed");
    university(&service, &c1).await;
    for stream in &mut open {
        let heard = tokio::time::timeout(Duration::from_secs(2), stream.next()).await;
        assert!(heard.is_err(), "nothing is said, no position and no beat");
    }
    drop((open, own));
    service.stop().await;
}

/// Whoever listens hears the same beat at the same time, and nothing in it.
#[tokio::test(flavor = "multi_thread")]
async fn c_3_channel_13_a_heartbeat_keeps_its_own_rhythm_and_says_nothing() {
    let service = Service::start().await;
    let c1 = deciding(&service.cast).await;
    let head = service.cast.ledger.head(NORTHMOOR).await.expect("a head");
    let began = Instant::now();
    let quiet = json!({"after_position": head});
    let mut stream = c1.hr("").open("SubscribeFeed", quiet).await.expect("open");
    tokio::time::sleep(Duration::from_secs(3)).await;
    university(&service, &c1).await;
    let beat = tokio::time::timeout(Duration::from_secs(30), stream.next()).await;
    let beat = beat.expect("a beat").expect("a stream").expect("a message");
    assert!(
        beat.bytes.is_empty(),
        "no position, no instant: {}",
        beat.json
    );
    // Fifteen seconds after the stream began, and not after anything else.
    let after = began.elapsed();
    let rhythm = Duration::from_millis(14_500)..Duration::from_millis(17_500);
    assert!(rhythm.contains(&after), "{after:?}");
    drop(stream);
    service.stop().await;
}
