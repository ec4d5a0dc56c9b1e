//! Who read what: every read of a personal value is recorded before it is answered, for the tenant
//! that read and for the person it is about, and for nobody else.

use std::time::Duration;

use domain::actor::ActingRole::{
    AdmissionsTutor, Auditor, Candidate, EmployerDataProtection, EmployerHr, NetworkLead,
    ProgrammeLead, UniversityDataProtection,
};
use serde_json::{Value, json};

use crate::harness::{
    Cast, Service,
    cast::{AUDITOR, CALDERBRIDGE, NETWORK, NORTHMOOR, STRANGER, WEXCOMBE, candidate},
    life::{Campaign, Trainee},
};

async fn applied(cast: &Cast) -> Trainee {
    let campaign = Campaign::opens(cast).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1
}

/// A list as (tenant or role, class, purpose).
fn listed<'l>(list: &'l Value, who: &str) -> Vec<(&'l str, &'l str, &'l str)> {
    let entries = list["accesses"].as_array().expect("accesses").iter();
    let word = |entry: &'l Value, name| entry[name].as_str().expect("a word");
    let mut listed: Vec<_> = entries
        .map(|entry| {
            (
                word(entry, who),
                word(entry, "class"),
                word(entry, "purpose"),
            )
        })
        .collect();
    listed.sort_unstable();
    listed
}

async fn own(c1: &Trainee) -> Value {
    c1.candidate("").get("ListOwnAccesses", json!({})).await
}

async fn of_tenant(cast: &Cast, tenant: domain::actor::TenantId) -> Value {
    let role = if tenant == WEXCOMBE || tenant == CALDERBRIDGE {
        UniversityDataProtection
    } else {
        EmployerDataProtection
    };
    cast.of(tenant, role).get("ListAccesses", json!({})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn c_2_a_read_is_listed_for_the_person_and_for_the_tenant_that_read_and_for_nobody_else() {
    let service = Service::start().await;
    let cast = &service.cast;
    let c1 = applied(cast).await;
    c1.is_appointed().await;
    let name = json!({"name": c1.application});
    // Whoever reads about themself, and what is refused, is no access.
    c1.candidate("").get("GetApplication", name.clone()).await;
    assert_eq!(own(&c1).await["accesses"], json!([]));
    cast.of(STRANGER, EmployerHr)
        .refusal("GetApplication", name.clone())
        .await;
    c1.hr("").get("GetApplication", name.clone()).await;
    c1.admissions("").get("GetApplication", name.clone()).await;

    let seen = own(&c1).await;
    let tenants = (NORTHMOOR.to_string(), WEXCOMBE.to_string());
    let (employer, university) = (tenants.0.as_str(), tenants.1.as_str());
    let mut expected: Vec<_> = [
        (employer, "application_statement"),
        (employer, "identity"),
        (university, "application_statement"),
        (university, "identity"),
        (university, "study_evidence"),
    ]
    .into_iter()
    .map(|(tenant, class)| (tenant, class, "GetApplication"))
    .collect();
    expected.sort_unstable();
    assert_eq!(listed(&seen, "tenant"), expected);
    let entries = seen["accesses"].as_array().expect("accesses");
    for entry in entries {
        assert_eq!(entry["resource"], json!(c1.application));
        assert!(
            entry.get("reader").is_none(),
            "staff are not named: {entry}"
        );
        let (kind, role) = if entry["tenant"] == employer {
            ("employer", "employer_hr")
        } else {
            ("university", "admissions_tutor")
        };
        assert_eq!(
            (&entry["kind"], &entry["role"]),
            (&json!(kind), &json!(role))
        );
        assert_ne!(entry["display_name"], "");
    }

    for (tenant, role) in [(NORTHMOOR, "employer_hr"), (WEXCOMBE, "admissions_tutor")] {
        let list = of_tenant(cast, tenant).await;
        let entries = list["accesses"].as_array().expect("accesses");
        assert!(!entries.is_empty());
        for entry in entries {
            assert_eq!(entry["role"], role, "{tenant} sees its own");
            assert_eq!(entry["person"], json!(c1.person_name()));
            let reader = entry["reader"].as_str().expect("a reader");
            assert!(reader.starts_with("people/"), "{reader}");
        }
    }
    for stranger in [STRANGER, CALDERBRIDGE] {
        assert_eq!(of_tenant(cast, stranger).await["accesses"], json!([]));
    }
    let other = cast.of(candidate(404), Candidate);
    let others = other.get("ListOwnAccesses", json!({})).await;
    assert_eq!(others["accesses"], json!([]));
    for (method, callers) in [
        (
            "ListAccesses",
            vec![
                cast.of(NORTHMOOR, EmployerHr),
                cast.of(WEXCOMBE, ProgrammeLead),
                cast.of(NETWORK, NetworkLead),
                cast.of(AUDITOR, Auditor),
                c1.candidate(""),
                cast.operator(),
            ],
        ),
        (
            "ListOwnAccesses",
            vec![
                cast.of(NORTHMOOR, EmployerDataProtection),
                cast.of(WEXCOMBE, AdmissionsTutor),
                cast.operator(),
            ],
        ),
    ] {
        for caller in callers {
            assert_eq!(caller.refusal(method, json!({})).await, "NOT_PERMITTED");
        }
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_3_a_candidate_does_not_see_a_party_read_before_both_words_are_revealed() {
    let (with, without) = (Service::start().await, Service::start().await);
    let mut told = vec![];
    for (service, reads) in [(&with, true), (&without, false)] {
        let c1 = applied(&service.cast).await;
        c1.hr("2025-12-12")
            .write("SealDecision", c1.employers(1, "accept", &[]))
            .await;
        if reads {
            for (method, name) in [
                ("GetApplication", c1.application.clone()),
                ("GetSeal", c1.seal(NORTHMOOR)),
            ] {
                c1.hr("").get(method, json!({"name": name})).await;
            }
            let list = of_tenant(&service.cast, NORTHMOOR).await;
            let own = listed(&list, "role");
            assert!(
                own.contains(&("employer_hr", "assessment", "GetSeal")),
                "{own:?}"
            );
        }
        let candidate = c1.candidate("");
        let reply = candidate.call("ListOwnAccesses", json!({})).await;
        told.push(reply.expect("answered").bytes);
        let universitys = of_tenant(&service.cast, WEXCOMBE).await;
        assert_eq!(universitys["accesses"], json!([]));
        if reads {
            c1.admissions("2025-12-15")
                .write("SealDecision", c1.universitys(1, "accept", &[]))
                .await;
            let tenant = NORTHMOOR.to_string();
            let seen = own(&c1).await;
            let seen = listed(&seen, "tenant");
            assert!(
                seen.contains(&(&tenant, "assessment", "GetSeal")),
                "{seen:?}"
            );
        }
    }
    assert_eq!(told[0], told[1], "the bytes do not depend on who read");
    with.stop().await;
    without.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_within_the_hour_is_counted_and_a_page_ends_where_the_next_begins() {
    let service = Service::start().await;
    let cast = &service.cast;
    let c1 = applied(cast).await;
    let name = json!({"name": c1.application});
    for _ in 0..4 {
        c1.hr("").get("GetApplication", name.clone()).await;
    }
    let counted = async || {
        let list = of_tenant(cast, NORTHMOOR).await;
        let entries = list["accesses"].as_array().expect("accesses").clone();
        let times = |entry: &Value| entry["times"].as_i64().expect("a count");
        (entries.len(), entries.iter().map(times).sum::<i64>())
    };
    let mut seen = counted().await;
    assert_eq!(seen.0, 2, "a row for each class");
    for _ in 0..50 {
        if seen.1 == 8 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        seen = counted().await;
    }
    // an hour that ends meanwhile makes rows of its own
    assert_eq!(seen.1, 8, "{seen:?}");

    let dpo = cast.of(NORTHMOOR, EmployerDataProtection);
    let first = dpo.get("ListAccesses", json!({"page_size": 1})).await;
    let token = first["next_page_token"].as_str().expect("a token");
    assert_eq!(token, "1");
    let second = json!({"page_size": 1, "page_token": token});
    let second = dpo.get("ListAccesses", second).await;
    assert_ne!(
        first["accesses"][0]["class"],
        second["accesses"][0]["class"]
    );
    let nobody = json!({"person": candidate(404).to_string().replace("tenants", "people")});
    let nobody = dpo.get("ListAccesses", nobody).await;
    assert_eq!(nobody["accesses"], json!([]));
    service.stop().await;
}
