//! Dashboards through the API: read your writes, watch, and nothing for who has none.

use std::time::Duration;

use domain::actor::{ActingRole, PLATFORM, TenantId};
use domain::policy::SetPolicy;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Caller, Service};

const TRUST: TenantId = TenantId(Uuid::from_u128(0x7157));
const PAYER: TenantId = TenantId(Uuid::from_u128(0xbead));

/// A trust and a commissioner, under the baseline of policies.
async fn registered(service: &Service) {
    let operator = service.by(PLATFORM, ActingRole::PlatformOperator);
    for row in domain::policy::baseline::baseline() {
        let SetPolicy {
            policy,
            from,
            until,
            value,
            source,
            approver,
        } = row;
        let set = json!({
            "policy": policy,
            "from": from.to_string(),
            "until": until.map(|until| until.to_string()).unwrap_or_default(),
            "value_json": value.to_string(),
            "source": source,
            "approver": approver,
        });
        operator.on("2021-04-01").get("SetPolicy", set).await;
    }
    for (tenant, kind, more) in [
        (
            TRUST,
            "employer",
            json!({"ods_code": "N1M2H", "sector": "nhs", "region": "north_west"}),
        ),
        (PAYER, "commissioner", json!({})),
    ] {
        let mut register =
            json!({"tenant": tenant.to_string(), "kind": kind, "display_name": "Made up"});
        if let (Some(fields), Value::Object(more)) = (register.as_object_mut(), more) {
            fields.extend(more);
        }
        operator
            .on("2021-04-02")
            .get("RegisterTenant", register)
            .await;
    }
}

fn interest(region: &str) -> Value {
    json!({
        "employer": TRUST.to_string(),
        "commissioner": PAYER.to_string(),
        "role": "MHWP",
        "region": region,
        "demand": 5,
    })
}

async fn demand(caller: &Caller, at_least: &Value) -> Value {
    let asked = json!({"at_least_position": at_least});
    let seen = caller.get("GetDashboard", asked).await;
    figure(&seen["dashboard"], "demand")
}

fn figure(dashboard: &Value, name: &str) -> Value {
    let figures = dashboard["figures"].as_array().expect("figures");
    figures
        .iter()
        .find(|figure| figure["name"] == name && figure["part"] == "")
        .map(|figure| figure["value"].clone())
        .expect("a whole figure is there when zero too")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_includes_what_its_reader_has_written() {
    let service = Service::start().await;
    registered(&service).await;
    let lead = service.by(TRUST, ActingRole::ProfessionalLead);
    let mut asked_for = 0;
    for region in ["north_west", "midlands", "london"] {
        let written = lead
            .on("2025-09-08")
            .get("RegisterInterest", interest(region))
            .await;
        asked_for += 5;
        let position = &written["receipt"]["position"];
        assert_eq!(demand(&lead, position).await, asked_for);
    }
    let beyond = json!({"at_least_position": 1_000});
    assert_eq!(lead.refusal("GetDashboard", beyond).await, "FIELD_INVALID");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watched_dashboard_comes_again_when_it_has_moved() {
    let service = Service::start().await;
    registered(&service).await;
    let lead = service.by(TRUST, ActingRole::ProfessionalLead);
    let mut watched = lead
        .open("WatchDashboard", json!({}))
        .await
        .expect("a stream");
    lead.on("2025-09-08")
        .get("RegisterInterest", interest("north_west"))
        .await;
    let moved = tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let next = watched
                .next()
                .await
                .expect("it goes on")
                .expect("it goes on");
            if figure(&next.json["dashboard"], "demand") == 5 {
                return;
            }
        }
    });
    moved.await.expect("the dashboard moves within seconds");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_says_what_its_figures_mean_and_which_view_they_are_of() {
    let service = Service::start().await;
    registered(&service).await;
    for (tenant, role, view) in [
        (TRUST, ActingRole::EmployerHr, "employer"),
        (PAYER, ActingRole::CommissionerNational, "commissioner"),
    ] {
        let seen = service
            .by(tenant, role)
            .get("GetDashboard", json!({"include_definitions": true}))
            .await;
        assert_eq!(seen["dashboard"]["view"], view);
        assert_eq!(seen["dashboard"]["version"], 1);
        let defined: Vec<&Value> = seen["definitions"]
            .as_array()
            .expect("definitions")
            .iter()
            .map(|definition| &definition["name"])
            .collect();
        for figure in seen["dashboard"]["figures"].as_array().expect("figures") {
            assert!(defined.contains(&&figure["name"]), "{figure}");
        }
    }
    service.stop().await;
}
