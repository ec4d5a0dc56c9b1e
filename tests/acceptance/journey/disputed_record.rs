//! D.14: an auditor disputes a record. One dispute falls when it is asked what was known then; the
//! other is upheld, and what was keyed wrongly is corrected where everybody can see both.

use audit::{merkle, note::VerifierKey, pack};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::actor::{
    ActingRole::{Auditor, CommissionerNational, EmployerHr, ProgrammeLead, ServiceManager},
    TenantId,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::dashboards;
use crate::{
    harness::{
        Caller, Cast, Service,
        cast::{AUDITOR, COMMISSIONER, NORTHMOOR, SEVERNVALE, WEXCOMBE, candidate},
        life::{Campaign, Ids, Trainee},
    },
    proof::export,
};

/// What an auditor keeps of a log.
struct Kept {
    note: String,
    key: VerifierKey,
}

async fn checkpoint(auditor: &Caller) -> Kept {
    let tenant = json!({"tenant": NORTHMOOR.to_string()});
    let answer = auditor.get("GetCheckpoint", tenant).await;
    let text = |field: &str| answer[field].as_str().expect("text").to_owned();
    Kept {
        note: text("checkpoint"),
        key: text("verifier_key").parse().expect("a verifier key"),
    }
}

/// The events of somebody's replay, from wherever it is looked at.
async fn replay(auditor: &Caller, whose: &Trainee, from: Value) -> Vec<Value> {
    let mut message = json!({"person": whose.person_name()});
    if let (Some(message), Value::Object(from)) = (message.as_object_mut(), from) {
        message.extend(from);
    }
    let stream = auditor.open("ReplayHistory", message).await;
    let entries = stream.expect("a replay").all().await.expect("to its end");
    let events = entries.into_iter().map(|entry| entry["event"].clone());
    events.filter(|event| !event.is_null()).collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    let types = events
        .iter()
        .filter_map(|event| event["event_type"].as_str());
    types.collect()
}

/// The place of the last event of a type.
fn place(events: &[Value], event_type: &str) -> Value {
    let found = events
        .iter()
        .rev()
        .find(|event| event["event_type"] == event_type);
    let found = found.expect("such an event");
    json!({"record": found["name"], "sequence": found["sequence"]})
}

async fn in_training(cast: &Cast, campaign: &Campaign, number: u128) -> Trainee {
    let person = candidate(number);
    let trainee = Trainee::applies(cast, &campaign.vacancy, person, "2025-11-21", json!({})).await;
    trainee.is_shortlisted().await;
    trainee.is_interviewed().await;
    trainee.is_appointed().await;
    trainee.accepts().await;
    trainee.is_cleared().await;
    trainee.is_funded().await;
    let ids = Ids {
        sid: ["26100990010000011", "26100990010000022"][usize::from(number > 1)],
        uln: "",
        assignment: ["20000001-1", "20000009-1"][usize::from(number > 1)],
    };
    trainee.starts(campaign, &ids, 7).await;
    trainee
}

async fn attends(trainee: &Trainee, days: u32) {
    let week = json!({"training": trainee.training(), "university_days": days});
    trainee
        .programme("2026-07-30")
        .write("RecordAttendance", week)
        .await;
}

async fn disputes(auditor: &Caller, event: &Value, reason: &str) -> String {
    let raise = json!({
        "event": event,
        "reason": reason,
        "commissioner": COMMISSIONER.to_string(),
    });
    auditor.on("2027-05-10").write("RaiseDispute", raise).await
}

/// Who reads a dispute and who is told that there is none.
async fn visible(cast: &Cast, dispute: &str, to: &[TenantId]) {
    for (tenant, role) in [
        (AUDITOR, Auditor),
        (NORTHMOOR, EmployerHr),
        (WEXCOMBE, ProgrammeLead),
        (COMMISSIONER, CommissionerNational),
    ] {
        let read = cast
            .of(tenant, role)
            .call("GetDispute", json!({"name": dispute}))
            .await;
        match read {
            Ok(read) => {
                assert!(to.contains(&tenant), "{tenant} reads it");
                assert_ne!(read.json["dispute"]["reason"], "", "{tenant}");
            }
            Err(refused) => {
                assert!(!to.contains(&tenant), "{tenant} does not read it");
                assert_eq!(refused.reason, "NOT_PERMITTED");
            }
        }
    }
}

/// 6: nobody learns of a sealed decision of an open round, an auditor neither, however they ask.
async fn sealed_until_revealed(cast: &Cast, campaign: &Campaign, auditor: &Caller) {
    let person = candidate(10);
    let c10 = Trainee::applies(cast, &campaign.vacancy, person, "2025-11-21", json!({})).await;
    c10.is_shortlisted().await;
    c10.is_interviewed().await;
    c10.hr("2025-12-12")
        .write("SealDecision", c10.employers(1, "accept", &[]))
        .await;
    let seal = json!({"name": c10.seal(NORTHMOOR)});
    let event = json!({"record": c10.seal(NORTHMOOR), "sequence": 2});
    let dispute = json!({"event": event, "reason": "Decided too early."});
    for (method, message) in [("GetSeal", seal), ("RaiseDispute", dispute)] {
        let refused = auditor.on("2025-12-13").refusal(method, message).await;
        assert_eq!(refused, "NOT_PERMITTED", "{method}");
    }
    for from in [json!({}), json!({"as_tenant": NORTHMOOR.to_string()})] {
        let sealed = replay(auditor, &c10, from.clone()).await;
        assert!(!types(&sealed).contains(&"DecisionSealed"), "{from}");
    }
    let then = Timestamp::now();
    c10.admissions("2025-12-15")
        .write("SealDecision", c10.universitys(1, "reject", &[]))
        .await;
    let revealed = replay(auditor, &c10, json!({})).await;
    let decisions = types(&revealed)
        .into_iter()
        .filter(|word| *word == "DecisionSealed");
    assert_eq!(decisions.count(), 2);
    // Now that it may be asked: on the 13th each party knew of its own decision alone.
    for (tenant, knew) in [(NORTHMOOR, 1), (WEXCOMBE, 0)] {
        let from = json!({"as_tenant": tenant.to_string(), "known_at": then.to_string()});
        let seen = replay(auditor, &c10, from).await;
        let decisions = types(&seen)
            .into_iter()
            .filter(|word| *word == "DecisionSealed");
        assert_eq!(decisions.count(), knew, "{tenant}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d_14_an_auditor_disputes_a_record_and_what_is_wrong_is_corrected_in_sight_of_all() {
    let service = Service::start().await;
    let cast = &service.cast;
    let auditor = cast.of(AUDITOR, Auditor);
    let campaign = Campaign::opens(cast).await;
    sealed_until_revealed(cast, &campaign, &auditor).await;
    let c1 = in_training(cast, &campaign, 1).await;
    let c9 = in_training(cast, &campaign, 9).await;
    for (number, on) in (1..).zip(["2026-03-31", "2026-04-30", "2026-05-31", "2026-06-30"]) {
        let instalment = json!({"award": c1.award(), "number": number});
        c1.commissioner(on).write("PayInstalment", instalment).await;
    }
    cast.settle().await;
    let june = Timestamp::now();
    // The week was C9's, who attended twice; the university keyed it for C1.
    attends(&c1, 2).await;
    let hr = cast.of(NORTHMOOR, EmployerHr);
    hr.on("2026-09-10")
        .write(
            "RecordRegisterCheck",
            json!({
                "supervisor": campaign.supervisors[0],
                "register": "hcpc",
                "status": "not_registered",
                "modalities": ["clinical_psychologist"],
            }),
        )
        .await;
    cast.settle().await;

    // 1: the auditor keeps a checkpoint, and sees the instalment and the gap side by side.
    let kept = checkpoint(&auditor).await;
    let now = replay(&auditor, &c1, json!({})).await;
    assert!(types(&now).contains(&"SupervisionGapOpened"));
    let instalment = place(&now, "InstalmentPaid");
    assert_eq!(instalment["record"], c1.award());

    // 2: whose money it is see the case; the university is no party of the award.
    let paid = disputes(&auditor, &instalment, "Paid while nobody supervised.").await;
    visible(cast, &paid, &[AUDITOR, NORTHMOOR, COMMISSIONER]).await;
    dashboards::show(
        cast,
        &[
            ("employer", "disputes_open", 1),
            ("commissioner", "disputes_open", 1),
            ("university", "disputes_open", 0),
        ],
    )
    .await;

    // 3: as known in June there was no gap, to anybody.
    let known_at = json!({"known_at": june.to_string()});
    let then = replay(&auditor, &c1, known_at).await;
    assert!(types(&then).contains(&"InstalmentPaid"));
    assert!(!types(&then).contains(&"SupervisionGapOpened"));
    let as_tenant = json!({"known_at": june.to_string(), "as_tenant": COMMISSIONER.to_string()});
    let seen = replay(&auditor, &c1, as_tenant).await;
    assert_eq!(place(&seen, "InstalmentPaid"), instalment);
    assert!(
        seen.iter().all(|event| event["position"] != "0"),
        "{seen:?}"
    );
    let answer = |words: &str| json!({"dispute": paid, "answer": words});
    let patient = answer("Seen as NHS 943 476 5919.");
    let commissioner = cast.of(COMMISSIONER, CommissionerNational).on("2027-05-12");
    assert_eq!(
        commissioner.refusal("AnswerDispute", patient).await,
        "PATIENT_IDENTIFIER_SUSPECTED"
    );
    commissioner
        .write("AnswerDispute", answer("The gap began on 10 September."))
        .await;
    assert_eq!(
        c1.programme("2027-05-12")
            .refusal("AnswerDispute", answer("Not ours."))
            .await,
        "NOT_PERMITTED"
    );
    let read = hr.get("GetDispute", json!({"name": paid})).await;
    assert_eq!(
        read["dispute"]["answers"][0]["words"], "",
        "the auditor's alone"
    );
    auditor
        .on("2027-05-13")
        .write(
            "ResolveDispute",
            json!({"dispute": paid, "finding": "rejected", "words": "No gap was open then."}),
        )
        .await;
    let week = place(&now, "AttendanceRecorded");
    let attended = disputes(&auditor, &week, "Two days in week 31 of 2026.").await;
    visible(cast, &attended, &[AUDITOR, NORTHMOOR, WEXCOMBE]).await;
    dashboards::show_as_of(
        cast,
        "2027-05-20",
        &[
            ("employer", "disputes_open", 1),
            ("university", "disputes_open", 1),
            ("university", "study_days", 2),
            ("commissioner", "disputes_open", 1),
            ("commissioner", "disputes_oldest_days", 10),
        ],
    )
    .await;

    listed(cast, &paid, &attended).await;
    corrected(&service, &c1, &week, &paid, &attended).await;
    attends(&c9, 2).await;

    // 5: upheld, and proved to whoever does not trust the service.
    let now = replay(&auditor, &c1, json!({"as_tenant": NORTHMOOR.to_string()})).await;
    let correction = place(&now, "RecordCorrected");
    let upheld = json!({
        "dispute": attended,
        "finding": "upheld",
        "correction": correction,
        "words": "Keyed for another trainee.",
    });
    assert_eq!(
        cast.of(NORTHMOOR, EmployerHr)
            .on("2027-05-24")
            .refusal("ResolveDispute", upheld.clone())
            .await,
        "NOT_PERMITTED"
    );
    auditor
        .on("2027-05-24")
        .write("ResolveDispute", upheld)
        .await;
    let read = hr.get("GetDispute", json!({"name": attended})).await;
    assert_eq!(read["dispute"]["finding"], "upheld");
    assert_eq!(read["dispute"]["correction"], correction);
    proved(&auditor, &c1, &kept, &now).await;

    dashboards::show(
        cast,
        &[
            ("employer", "disputes_open", 0),
            ("employer", "study_weeks_corrected", 1),
            ("university", "study_weeks_corrected", 1),
            ("university", "study_days", 2),
            ("commissioner", "disputes_open", 0),
            ("commissioner", "disputes_oldest_days", 0),
        ],
    )
    .await;
    dashboards::show_parts(
        cast,
        &[
            ("employer", "disputes_closed", "upheld", 1),
            ("employer", "disputes_closed", "rejected", 1),
            ("university", "disputes_closed", "upheld", 1),
            ("commissioner", "disputes_closed", "upheld", 1),
            ("commissioner", "disputes_closed", "rejected", 1),
        ],
    )
    .await;
    crate::harness::soundness::check(&service.owner).await;
    service.stop().await;
}

/// Each party lists its own disputes, latest first and page by page; whoever is no party has none.
async fn listed(cast: &Cast, paid: &str, attended: &str) {
    let names = |page: &Value| -> Vec<String> {
        let disputes = page["disputes"].as_array().cloned().unwrap_or_default();
        assert!(
            disputes.iter().all(|one| one["reason"] == ""),
            "no words in a list"
        );
        let names = disputes.iter().filter_map(|one| one["name"].as_str());
        names.map(str::to_owned).collect()
    };
    for (tenant, role, own) in [
        (AUDITOR, Auditor, vec![attended, paid]),
        (NORTHMOOR, EmployerHr, vec![attended, paid]),
        (WEXCOMBE, ProgrammeLead, vec![attended]),
        (COMMISSIONER, CommissionerNational, vec![paid]),
        (SEVERNVALE, EmployerHr, vec![]),
    ] {
        let page = cast.of(tenant, role).get("ListDisputes", json!({})).await;
        assert_eq!(names(&page), own, "{tenant}");
        assert_eq!(page["next_page_token"], "", "{tenant}");
    }
    let hr = cast.of(NORTHMOOR, EmployerHr);
    let first = hr.get("ListDisputes", json!({"page_size": 1})).await;
    assert_eq!(names(&first), [attended]);
    assert_eq!(first["disputes"][0]["raised_on"], "2027-05-10");
    let next = json!({"page_size": 1, "page_token": first["next_page_token"]});
    let second = hr.get("ListDisputes", next.clone()).await;
    assert_eq!(names(&second), [paid]);
    assert_eq!(second["disputes"][0]["finding"], "rejected");
    assert_eq!(second["next_page_token"], "");
    let auditor = cast.of(AUDITOR, Auditor);
    let foreign = auditor.refusal("ListDisputes", next).await;
    assert_eq!(foreign, "FIELD_INVALID", "somebody else's page");
    let manager = cast.of(NORTHMOOR, ServiceManager);
    let refused = manager.refusal("ListDisputes", json!({})).await;
    assert_eq!(refused, "NOT_PERMITTED");
}

/// 4: the university corrects what it keyed, with a reason and on the word of the dispute.
async fn corrected(service: &Service, c1: &Trainee, week: &Value, paid: &str, attended: &str) {
    let lead = c1.programme("2027-05-20");
    let correct = |reason: &str, authority: &str| {
        json!({
            "training": c1.training(),
            "sequence": week["sequence"],
            "reason": reason,
            "authority": authority,
        })
    };
    for (by, correct, reason) in [
        (&lead, correct("", attended), "FIELD_INVALID"),
        (&lead, correct("another_trainee", paid), "NOT_PERMITTED"),
        (
            &c1.hr("2027-05-20"),
            correct("another_trainee", attended),
            "NOT_PERMITTED",
        ),
    ] {
        let refused = by.refusal("CorrectAttendance", correct.clone()).await;
        assert_eq!(refused, reason, "{correct}");
    }
    lead.write("CorrectAttendance", correct("another_trainee", attended))
        .await;
    let told = service.recorded(&c1.training()).await;
    assert_eq!(
        told[told.len() - 2..],
        ["RecordCorrected", "HoursRecomputed"]
    );
    // The employer sees both values: what was recorded, struck through, and that nothing stands.
    let seen = c1
        .manager("")
        .get("GetTraining", json!({"name": c1.training()}))
        .await;
    let entry = &seen["training"]["attendance"][0];
    assert_eq!(entry["university_days"], 2);
    assert_eq!(entry["correction"]["reason"], "another_trainee");
    assert_eq!(entry["correction"]["authority"], attended);
    assert_eq!(entry["correction"].get("university_days"), None);
    assert_eq!(seen["training"]["study_quarter_hours"], 0);
}

/// The log of the employer on the 24th extends that of the 10th, holds the correction, and the replay
/// proves itself offline.
async fn proved(auditor: &Caller, c1: &Trainee, kept: &Kept, now: &[Value]) {
    let northmoor = NORTHMOOR.to_string();
    let later = checkpoint(auditor).await;
    let before = kept.key.open(&kept.note).expect("signed then");
    let after = later.key.open(&later.note).expect("signed now");
    let hashes = |answer: &Value| -> Vec<merkle::Hash> {
        let path = answer["path"].as_array().expect("a path").iter();
        path.map(|hash| {
            let bytes = BASE64_STANDARD.decode(hash.as_str().expect("base64"));
            bytes.expect("base64").try_into().expect("32 bytes")
        })
        .collect()
    };
    let asked = json!({"tenant": northmoor, "first_tree_size": before.size});
    let consistency = auditor.get("ProveConsistency", asked).await;
    assert!(merkle::extends(
        (before.size, &before.root),
        (after.size, &after.root),
        &hashes(&consistency)
    ));
    let corrected = now
        .iter()
        .find(|event| event["event_type"] == "RecordCorrected");
    let position = &corrected.expect("a correction")["position"];
    let asked = json!({"tenant": northmoor, "position": position});
    let inclusion = auditor.get("ProveInclusion", asked).await;
    let number = |value: &Value| -> u64 {
        let text = value.as_str().map(str::to_owned);
        text.unwrap_or_else(|| value.to_string())
            .parse()
            .expect("a number")
    };
    let leaf = BASE64_STANDARD.decode(inclusion["leaf_hash"].as_str().expect("base64"));
    let leaf = leaf.expect("base64").try_into().expect("32 bytes");
    assert!(merkle::includes(
        &after.root,
        after.size,
        number(position) - 1,
        &leaf,
        &hashes(&inclusion)
    ));
    let asked = json!({
        "person": c1.person_name(),
        "tenant": northmoor,
        "earlier_tree_size": before.size,
    });
    let exported = export(auditor, asked).await;
    let proven = pack::verify(exported.as_bytes(), &kept.key, Some(&kept.note));
    let proven = proven.expect("an honest pack");
    assert_eq!(proven.extends, Some(before.size));
    assert_eq!(proven.events, now.len() as u64 + 1, "and the finding since");
}
