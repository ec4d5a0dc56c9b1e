//! The blind joint decision (C.3): until both have decided, nothing that one party can see depends
//! on what the other has done.

use domain::actor::{
    ActingRole::{
        self, AdmissionsTutor, Auditor, Candidate, EmployerHr, ProgrammeLead, ServiceManager,
    },
    TenantId,
};
use serde_json::{Value, json};

use crate::harness::{
    Caller, Cast, Service,
    cast::{AUDITOR, NORTHMOOR, WEXCOMBE, candidate},
    life::{Campaign, Trainee},
};

/// Everything that `readers` can get to see: every read they may make, of every record there is,
/// and of what they do not get the refusal. Bytes, not fields.
async fn surface(
    service: &Service,
    c1: &Trainee,
    readers: &[(TenantId, ActingRole)],
) -> Vec<(String, Vec<u8>)> {
    let names: Vec<String> = sqlx::query_as::<_, (String, String)>(
        "SELECT aggregate_type, aggregate_id FROM ledger.stream \
          WHERE version > 0 AND aggregate_type IN ('application', 'offer', 'seal', 'referee', 'vacancy') \
          ORDER BY 1, 2",
    )
    .fetch_all(&service.owner)
    .await
    .expect("the owner reads streams")
    .into_iter()
    .map(|(kind, id)| {
        let collection = domain::fact::collection(&kind).expect("a known kind");
        format!("{collection}/{id}")
    })
    // Both seals, whether they exist or not.
    .chain([c1.seal(NORTHMOOR), c1.seal(WEXCOMBE), c1.offer()])
    .collect();
    let names: std::collections::BTreeSet<String> = names
        .into_iter()
        .filter(|name| {
            !name.starts_with("seals/") || [c1.seal(NORTHMOOR), c1.seal(WEXCOMBE)].contains(name)
        })
        .filter(|name| !name.starts_with("referees/"))
        .collect();
    let mut seen = vec![];
    for (tenant, role) in readers {
        let reader = service.cast.of(*tenant, *role);
        for method in ["GetApplication", "GetSeal", "GetOffer", "GetVacancy"] {
            for name in &names {
                note(&mut seen, &reader, method, json!({"name": name})).await;
            }
        }
        for (method, message) in [
            ("ListFeed", json!({"page_size": 1000})),
            (
                "GetDashboard",
                json!({"include_journeys": true, "as_of": "2025-12-20"}),
            ),
            ("GetDashboard", json!({"include_journeys": true})),
            ("ReplayHistory", json!({"person": c1.person_name()})),
        ] {
            note(&mut seen, &reader, method, message).await;
        }
        // What cannot be done yet is refused without a word about why.
        for method in ["MakeOffer", "RequestReconsideration"] {
            let mut message = c1.of_application();
            message["effective"] = json!("2025-12-20");
            message["request_id"] = json!("0b11d000-0000-4000-8000-000000000001");
            if method == "RequestReconsideration" {
                message["reason"] = json!("We should talk.");
            }
            note(&mut seen, &reader, method, message).await;
        }
    }
    seen
}

async fn note(seen: &mut Vec<(String, Vec<u8>)>, reader: &Caller, method: &str, message: Value) {
    let what = format!("{method} {message}");
    let bytes = if method == "ReplayHistory" {
        match reader.open(method, message).await {
            Ok(messages) => match messages.all().await {
                Ok(all) => json!(all).to_string().into_bytes(),
                Err(refused) => {
                    format!("{:?}", (refused.code, refused.status.details())).into_bytes()
                }
            },
            Err(refused) => format!("{:?}", (refused.code, refused.status.details())).into_bytes(),
        }
    } else {
        match reader.call(method, message).await {
            Ok(reply) => reply.bytes.to_vec(),
            Err(refused) => {
                let told = (
                    refused.code,
                    refused.status.message(),
                    refused.status.details(),
                );
                format!("{told:?}").into_bytes()
            }
        }
    };
    seen.push((what, bytes));
}

/// An application whose decision round is open, and business time past all that is said in it.
pub(crate) async fn deciding(cast: &Cast) -> Trainee {
    let campaign = Campaign::opens(cast).await;
    let c1 = Trainee::applies(
        cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    // Business time is past everything that happens below, so that it does not move.
    c1.hr("2025-12-18")
        .write(
            "AddSite",
            json!({
                "clinical_service": campaign.clinical_service,
                "code": "N1M09",
                "display_name": "Northmoor Annexe",
                "region": "north_west",
            }),
        )
        .await;
    cast.settle().await;
    c1
}

fn assert_same(before: &[(String, Vec<u8>)], after: &[(String, Vec<u8>)], act: &str) {
    assert_eq!(before.len(), after.len());
    for ((what, before), (_, after)) in before.iter().zip(after) {
        assert!(
            before == after,
            "{act} shows in {what}:\n{}\n{}",
            String::from_utf8_lossy(before),
            String::from_utf8_lossy(after)
        );
    }
}

/// Plays everything that one side can do alone, and looks at the others after each step.
async fn unseen(
    deciders: impl Fn(&Trainee, &str) -> Caller,
    decision: impl Fn(&Trainee, &str, &[&str]) -> Value,
    others: &[(TenantId, ActingRole)],
) {
    let service = Service::start().await;
    let c1 = deciding(&service.cast).await;
    let before = surface(&service, &c1, others).await;
    for (on, method, message) in [
        ("2025-12-12", "SealDecision", decision(&c1, "accept", &[])),
        ("2025-12-13", "AmendDecision", decision(&c1, "reject", &[])),
        (
            "2025-12-14",
            "WithdrawDecision",
            json!({"application": c1.application, "round": 1}),
        ),
        (
            "2025-12-15",
            "SealDecision",
            decision(&c1, "accept", &["a_condition"]),
        ),
    ] {
        deciders(&c1, on).write(method, message).await;
        service.cast.settle().await;
        let after = surface(&service, &c1, others).await;
        assert_same(&before, &after, method);
    }
    service.stop().await;
}

const EMPLOYERS_SIDE: &[(TenantId, ActingRole)] = &[
    (NORTHMOOR, EmployerHr),
    (NORTHMOOR, ServiceManager),
    (candidate(1), Candidate),
    (AUDITOR, Auditor),
];

const UNIVERSITYS_SIDE: &[(TenantId, ActingRole)] = &[
    (WEXCOMBE, AdmissionsTutor),
    (WEXCOMBE, ProgrammeLead),
    (candidate(1), Candidate),
    (AUDITOR, Auditor),
];

#[tokio::test(flavor = "multi_thread")]
async fn c_3_the_employer_sees_nothing_of_the_universitys_decision() {
    unseen(
        Trainee::admissions,
        |c1, verdict, conditions| c1.universitys(1, verdict, conditions),
        EMPLOYERS_SIDE,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_the_university_sees_nothing_of_the_employers_decision() {
    unseen(
        Trainee::hr,
        |c1, verdict, conditions| c1.employers(1, verdict, conditions),
        UNIVERSITYS_SIDE,
    )
    .await;
}

/// The same history twice, with and without the university's decision: the employer's own decision
/// is answered alike.
#[tokio::test(flavor = "multi_thread")]
async fn c_3_a_receipt_does_not_tell_whether_the_other_has_sealed() {
    let mut receipts = vec![];
    for university_first in [false, true] {
        let service = Service::start().await;
        let c1 = deciding(&service.cast).await;
        if university_first {
            // Under an id of its own, so that both histories number their requests alike.
            let mut withdrawn = c1.universitys(1, "accept", &[]);
            withdrawn["request_id"] = json!("0b11d000-0000-4000-8000-000000000003");
            c1.admissions("2025-12-12")
                .write("SealDecision", withdrawn)
                .await;
            c1.admissions("2025-12-12")
                .write(
                    "WithdrawDecision",
                    json!({
                        "application": c1.application,
                        "round": 1,
                        "request_id": "0b11d000-0000-4000-8000-000000000004",
                    }),
                )
                .await;
        }
        let before = service.cast.ledger.head(NORTHMOOR).await.expect("a head");
        let mut accept = c1.employers(1, "accept", &[]);
        accept["request_id"] = json!("0b11d000-0000-4000-8000-000000000002");
        let reply = c1
            .hr("2025-12-13")
            .call("SealDecision", accept)
            .await
            .expect("sealed");
        let mut receipt = reply.json["receipt"].clone();
        receipt["recorded_time"] = Value::Null;
        receipts.push((before, receipt));
        service.stop().await;
    }
    assert_eq!(receipts[0], receipts[1]);
}
