//! Records that go from one party to another: the former one keeps what it saw and gains nothing, the
//! new one sees what it needs from then on, and the feeds of both say so.

use std::collections::BTreeMap;

use domain::{
    actor::{
        ActingRole::{
            self, AdmissionsTutor, EmployerHr, PracticeSupervisor, ProgrammeLead, ServiceManager,
        },
        TenantId, TenantKind,
    },
    directory::Tenant,
    employment::Employment,
    visibility::events::{Turn, turn},
    world::Decider as _,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{
    Cast, Service,
    cast::{NORTHMOOR, SEVERNVALE, STRANGER, WEXCOMBE},
    life::{CHECKS, Campaign, Trainee, record, supervisor},
    tour::transfer::agreed,
};

/// A feed from its beginning.
async fn feed(cast: &Cast, tenant: TenantId, role: ActingRole) -> Vec<Value> {
    let page = json!({"page_size": 1000});
    let page = cast.of(tenant, role).get("ListFeed", page).await;
    assert_eq!(page["more"], false);
    let items = page["items"].as_array().expect("items").clone();
    for (item, position) in items.iter().zip(1..) {
        assert_eq!(item["position"], json!(position), "{tenant} as {role}");
    }
    items
}

fn of<'f>(feed: &'f [Value], name: &str) -> Vec<&'f Value> {
    feed.iter().filter(|item| item["name"] == name).collect()
}

/// (event type, visibility, change) of an item.
fn says(item: &Value) -> (&str, &str, &str) {
    let word = |field: &str| item[field].as_str().unwrap_or_default();
    let short = |field, prefix| word(field).trim_start_matches(prefix);
    (
        word("event_type"),
        short("visibility", "FEED_VISIBILITY_"),
        short("view_change", "VIEW_CHANGE_"),
    )
}

/// Everything that the former employer can ask about a trainee, in every role that may ask.
async fn kept(cast: &Cast, one: &Trainee, known: Timestamp) -> BTreeMap<String, Value> {
    let mut kept = BTreeMap::new();
    let known = known.to_string();
    for (role, method, message) in [
        (EmployerHr, "ListTimeline", json!({"name": one.training()})),
        (EmployerHr, "ListTimeline", json!({"name": one.application})),
        (
            EmployerHr,
            "GetApplication",
            json!({"name": one.application}),
        ),
        (EmployerHr, "GetOffer", json!({"name": one.offer()})),
        (EmployerHr, "GetSeal", json!({"name": one.seal(NORTHMOOR)})),
        (
            PracticeSupervisor,
            "GetTraining",
            json!({"name": one.training(), "known_time": known}),
        ),
        (
            ServiceManager,
            "GetTraining",
            json!({"name": one.training(), "known_time": known}),
        ),
        (
            EmployerHr,
            "GetDashboard",
            json!({"as_of": "2026-12-31", "known_time": known}),
        ),
    ] {
        let seen = cast.of(NORTHMOOR, role).get(method, message.clone()).await;
        kept.insert(format!("{method} as {role} {message}"), seen);
    }
    for (method, message) in [
        ("ReplayHistory", json!({"person": one.person_name()})),
        (
            "ExportDashboard",
            json!({
                "format": "EXPORT_FORMAT_CSV_FIGURES", "as_of": "2026-12-31", "known_time": known,
            }),
        ),
    ] {
        let stream = cast.of(NORTHMOOR, EmployerHr).open(method, message).await;
        let all = stream.expect("open").all().await.expect("to its end");
        kept.insert(method.to_owned(), json!(all));
    }
    kept
}

/// Contact with patients on a day, and signed.
async fn logs(cast: &Cast, employer: TenantId, one: &Trainee, on: &str, quarters: u32) {
    let log = json!({
        "training": one.training(), "kind": "contact", "quarter_hours": quarters,
    });
    cast.of(employer, PracticeSupervisor)
        .on(on)
        .write("LogPracticeHours", log)
        .await;
    let signed = json!({"training": one.training(), "until": on});
    one.candidate(on).write("SignPracticeHours", signed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn set_13_both_feeds_say_that_a_service_went_and_the_former_employer_keeps_what_it_saw() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let one = Trainee::in_training(cast, &campaign, 1).await;
    logs(cast, NORTHMOOR, &one, "2026-12-01", 40).await;
    let theirs = cast.of(SEVERNVALE, EmployerHr);
    let s9 = supervisor(&theirs, 9, "hcpc", "PYL900009", &["clinical_psychologist"]).await;
    let (transfer, _) = agreed(cast, &campaign, SEVERNVALE, &[&one], "exception").await;
    cast.settle().await;
    let training = json!({"name": one.training()});
    let in_it = cast.of(NORTHMOOR, PracticeSupervisor);
    let before = in_it.get("GetTraining", training.clone()).await;
    assert_eq!(before["training"]["totals"]["contact"], 40);
    let successor_knew = feed(cast, SEVERNVALE, ServiceManager).await;
    assert_eq!(of(&successor_knew, &one.training()), Vec::<&Value>::new());

    let earlier = Timestamp::now();
    cast.of(NORTHMOOR, ServiceManager)
        .on("2027-01-01")
        .write("TransferService", json!({"transfer": transfer}))
        .await;
    cast.settle().await;
    let kept_then = kept(cast, &one, earlier).await;

    // Both feeds say so, to each role as much as it may know, and the university sees no change.
    for (role, visibility) in [(EmployerHr, "SHOWN"), (ServiceManager, "SHOWN")] {
        let feed = feed(cast, NORTHMOOR, role).await;
        let last = of(&feed, &one.training()).pop().map(says);
        assert_eq!(
            last,
            Some(("TrainingHandedOver", visibility, "LEFT")),
            "{role}"
        );
        let last = of(&feed, &one.employment()).pop().map(says);
        assert_eq!(
            last,
            Some(("EmploymentTransferredOut", visibility, "LEFT")),
            "{role}"
        );
    }
    for (role, visibility) in [(EmployerHr, "STATUS_ONLY"), (ServiceManager, "SHOWN")] {
        let feed = feed(cast, SEVERNVALE, role).await;
        let items = of(&feed, &one.training());
        let first = items.first().copied().map(says);
        assert_eq!(
            first,
            Some(("TrainingTakenOver", visibility, "ENTERED")),
            "{role}"
        );
        assert_eq!(items[0]["payload_json"] == "", visibility == "STATUS_ONLY");
        let post = record::<Employment>(SEVERNVALE, &one.application);
        let first = of(&feed, &post).first().copied().map(says);
        assert_eq!(first, Some(("EmploymentTransferredIn", "SHOWN", "ENTERED")));
    }
    for role in [AdmissionsTutor, ProgrammeLead] {
        let feed = feed(cast, WEXCOMBE, role).await;
        let changes = of(&feed, &one.training()).into_iter().map(says);
        for (event, _, change) in changes {
            assert_eq!(change, "UNSPECIFIED", "{event} to {role}");
        }
    }

    // What the successor does from then on.
    for check in CHECKS {
        let post = record::<Employment>(SEVERNVALE, &one.application);
        let reassured = json!({"employment": post, "check": check});
        theirs
            .on("2027-01-11")
            .write("ReassureEmploymentCheck", reassured)
            .await;
    }
    let assigned = json!({"application": one.application, "supervisor": s9});
    theirs
        .on("2027-01-11")
        .write("AssignSupervisor", assigned)
        .await;
    logs(cast, SEVERNVALE, &one, "2027-01-12", 8).await;
    one.programme("2027-01-13")
        .write("HoldThreeWayReview", one.of_training())
        .await;
    cast.settle().await;
    let later = Timestamp::now();

    // The former employer has what it had, byte for byte, and the same words for the record as for
    // none. What it may read of the training is as it was on the day it went.
    assert_eq!(kept(cast, &one, earlier).await, kept_then);
    let known = json!({"name": one.training(), "known_time": earlier.to_string()});
    let known = in_it.get("GetTraining", known).await;
    assert_eq!(known["training"], before["training"]);
    let missing = json!({"name": record::<domain::training::Training>(NORTHMOOR, &one.offer())});
    for role in [EmployerHr, ServiceManager, PracticeSupervisor] {
        let by = cast.of(NORTHMOOR, role);
        let refused = by
            .call("GetTraining", training.clone())
            .await
            .expect_err("gone");
        let none = by
            .call("GetTraining", missing.clone())
            .await
            .expect_err("none");
        assert_eq!(refused.told(), none.told(), "{role}");
        let since = json!({"name": one.training(), "known_time": later.to_string()});
        let refused = by
            .call("GetTraining", since)
            .await
            .expect_err("gone by then");
        assert_eq!(refused.told(), none.told(), "{role}");
    }
    // The successor reads what supervision needs, from before too, and nothing of the recruitment.
    let manager = cast.of(SEVERNVALE, ServiceManager);
    let now = manager.get("GetTraining", training.clone()).await;
    assert_eq!(now["training"]["totals"]["contact"], 48);
    let known = json!({"name": one.training(), "known_time": later.to_string()});
    assert_eq!(
        manager.get("GetTraining", known).await["training"],
        now["training"]
    );
    let known = json!({"name": one.training(), "known_time": earlier.to_string()});
    assert_eq!(manager.refusal("GetTraining", known).await, "NOT_PERMITTED");
    for (method, name) in [
        ("GetApplication", one.application.clone()),
        ("GetOffer", one.offer()),
        ("GetSeal", one.seal(NORTHMOOR)),
        ("GetSeal", one.seal(WEXCOMBE)),
        ("GetEmployment", one.employment()),
        ("GetVacancy", campaign.vacancy.clone()),
        ("ListTimeline", one.offer()),
    ] {
        let refused = theirs.refusal(method, json!({"name": name})).await;
        assert_eq!(refused, "NOT_PERMITTED", "{method}");
    }
    let replay = json!({"person": one.person_name()});
    let replay = theirs.open("ReplayHistory", replay).await.expect("open");
    let events = replay.all().await.expect("to its end");
    let seen: Vec<&str> = events
        .iter()
        .filter_map(|entry| entry["event"]["event_type"].as_str())
        .collect();
    assert!(seen.contains(&"TrainingTakenOver"), "{seen:?}");
    for recruitment in [
        "ApplicationSubmitted",
        "OfferMade",
        "TrainingHandedOver",
        "DecisionSealed",
    ] {
        assert!(!seen.contains(&recruitment), "{seen:?}");
    }
    // And a third employer hears of nothing.
    let stranger = feed(cast, STRANGER, EmployerHr).await;
    assert_eq!(of(&stranger, &one.training()), Vec::<&Value>::new());
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}

/// (kind, id, what came before, the parties before, the event, the parties from it on)
type Change = (String, String, String, Vec<Uuid>, String, Vec<Uuid>);

/// Every change of parties that is stored is told to those who leave by the last item they get, and to
/// those who enter by the first.
pub(crate) async fn every_change_is_told(service: &Service) {
    let changes: Vec<Change> = sqlx::query_as(
        "SELECT e.aggregate_type, e.aggregate_id, b.event_type, b.parties, e.event_type, e.parties
           FROM ledger.event e
           JOIN ledger.event b ON b.aggregate_id = e.aggregate_id
                              AND b.aggregate_type = e.aggregate_type
                              AND b.sequence = e.sequence - 1
          WHERE NOT (e.parties @> b.parties AND e.parties <@ b.parties)",
    )
    .fetch_all(&service.owner)
    .await
    .expect("the owner reads events");
    let mut untold = vec![];
    let mut told = 0;
    for (kind, _, last, before, first, after) in &changes {
        let left = before.iter().filter(|party| !after.contains(party));
        let entered = after.iter().filter(|party| !before.contains(party));
        let changes = left
            .map(|party| (party, last, Turn::Left))
            .chain(entered.map(|party| (party, first, Turn::Entered)));
        for (party, event, change) in changes {
            let of = service.cast.ledger.tenant_kind(TenantId(*party)).await;
            let of = of.expect("a registry").unwrap_or(TenantKind::Person);
            if turn(event, of) == Some(change) {
                told += 1;
            } else {
                untold.push(format!("{change:?} of {kind} to {of}: {event}"));
            }
        }
    }
    untold.sort();
    untold.dedup();
    assert!(untold.is_empty(), "{untold:#?}");
    assert!(told >= 2, "a service was transferred");
}

/// A body that takes a tenant over whole takes its records and rights, and nobody sees a change.
#[tokio::test(flavor = "multi_thread")]
async fn actor_13_a_successor_of_a_tenant_has_all_that_it_had() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let one = Trainee::in_training(cast, &campaign, 1).await;
    cast.settle().await;
    let readers = [
        (NORTHMOOR, EmployerHr),
        (WEXCOMBE, ProgrammeLead),
        (NORTHMOOR, ServiceManager),
    ];
    let mut before = vec![];
    for (tenant, role) in readers {
        before.push(feed(cast, tenant, role).await);
    }
    let training = json!({"name": one.training()});
    let manager = cast.of(NORTHMOOR, ServiceManager);
    let seen = manager.get("GetTraining", training.clone()).await;
    let succession = json!({
        "tenant": NORTHMOOR.to_string(), "display_name": "Northern Moors NHS Trust",
        "ods_code": "N9M9H",
    });
    cast.operator()
        .on("2026-06-01")
        .write("SucceedTenant", succession)
        .await;
    cast.settle().await;
    assert_eq!(manager.get("GetTraining", training.clone()).await, seen);
    logs(cast, NORTHMOOR, &one, "2026-06-02", 4).await;
    for ((tenant, role), before) in readers.into_iter().zip(before) {
        let after = feed(cast, tenant, role).await;
        assert_eq!(after[..before.len()], before[..], "what was read once");
        let new: Vec<_> = after[before.len()..].iter().map(says).collect();
        let succeeded = ("TenantSucceeded", "SHOWN", "UNSPECIFIED");
        // the succession is its own to know, and the record goes on where it was
        assert_eq!(new.contains(&succeeded), tenant == NORTHMOOR, "{new:?}");
        let logged = new
            .iter()
            .any(|(event, ..)| *event == "PracticeHoursLogged");
        assert_eq!(logged, role != EmployerHr, "{new:?}");
    }
    let name = json!({"name": format!("{}/{}", Tenant::COLLECTION, NORTHMOOR.0)});
    let named = manager.get("GetTenant", name).await;
    assert!(named.to_string().contains("Northern Moors"), "{named}");
    service.stop().await;
}
