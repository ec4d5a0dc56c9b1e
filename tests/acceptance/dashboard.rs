//! Dashboards through the API: read your writes, watch, and nothing for who has none.

use domain::actor::ActingRole;
use serde_json::{Value, json};

use crate::harness::{
    Caller, Service,
    cast::{COMMISSIONER, NORTHMOOR},
    service::ALL_ROLES,
};

fn interest(region: &str) -> Value {
    json!({
        "employer": NORTHMOOR.to_string(),
        "commissioner": COMMISSIONER.to_string(),
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
    let service = Service::start_with(|verifier| verifier, ALL_ROLES).await;
    let lead = service.cast.of(NORTHMOOR, ActingRole::ProfessionalLead);
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
    let service = Service::start_with(|verifier| verifier, ALL_ROLES).await;
    let lead = service.cast.of(NORTHMOOR, ActingRole::ProfessionalLead);
    let mut watched = lead
        .open("WatchDashboard", json!({}))
        .await
        .expect("a stream");
    lead.on("2025-09-08")
        .get("RegisterInterest", interest("north_west"))
        .await;
    loop {
        let next = watched
            .next()
            .await
            .expect("it goes on")
            .expect("it goes on");
        if figure(&next.json["dashboard"], "demand") == 5 {
            break;
        }
    }
    drop(watched);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dashboard_says_what_its_figures_mean_and_which_view_they_are_of() {
    let service = Service::start_with(|verifier| verifier, ALL_ROLES).await;
    for (tenant, role, view) in [
        (NORTHMOOR, ActingRole::EmployerHr, "employer"),
        (
            COMMISSIONER,
            ActingRole::CommissionerNational,
            "commissioner",
        ),
    ] {
        let reader = service.cast.of(tenant, role);
        // Version 0 says that no build of the view is open yet, as in the first moments.
        let seen = loop {
            let seen = reader
                .get("GetDashboard", json!({"include_definitions": true}))
                .await;
            if seen["dashboard"]["version"] != 0 {
                break seen;
            }
        };
        assert_eq!(seen["dashboard"]["view"], view);
        assert_eq!(seen["dashboard"]["version"], 3);
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
