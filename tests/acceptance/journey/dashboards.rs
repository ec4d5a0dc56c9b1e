//! What each tenant's dashboard says of a scenario.

use domain::actor::{
    ActingRole::{self, CommissionerNational, EmployerHr, NetworkLead, ProgrammeLead},
    TenantId,
};
use serde_json::{Value, json};

use crate::harness::{
    Cast,
    cast::{CALDERBRIDGE, COMMISSIONER, NETWORK, NORTHMOOR, WEXCOMBE},
};

/// The employer, the university, the commissioner and the network of every scenario, and a university
/// that has no part in it.
const VIEWERS: [(&str, TenantId, ActingRole); 5] = [
    ("network", NETWORK, NetworkLead),
    ("other_university", CALDERBRIDGE, ProgrammeLead),
    ("employer", NORTHMOOR, EmployerHr),
    ("university", WEXCOMBE, ProgrammeLead),
    ("commissioner", COMMISSIONER, CommissionerNational),
];

/// A tenant's dashboard, with the way of each person it may name.
pub(super) async fn dashboard(cast: &Cast, viewer: &str) -> Value {
    dashboard_as_of(cast, viewer, "").await
}

/// The same as of a day.
async fn dashboard_as_of(cast: &Cast, viewer: &str, as_of: &str) -> Value {
    let (_, tenant, role) = VIEWERS
        .into_iter()
        .find(|(name, ..)| *name == viewer)
        .expect("a viewer");
    cast.of(tenant, role)
        .get(
            "GetDashboard",
            json!({"include_journeys": true, "as_of": as_of}),
        )
        .await
}

/// Compares whole figures, viewer by viewer.
pub(super) async fn show(cast: &Cast, expected: &[(&str, &str, i64)]) {
    show_as_of(cast, "", expected).await;
}

/// The same as of a day.
pub(super) async fn show_as_of(cast: &Cast, as_of: &str, expected: &[(&str, &str, i64)]) {
    cast.settle().await;
    let mut seen = vec![];
    for (viewer, name, _) in expected {
        let dashboard = dashboard_as_of(cast, viewer, as_of).await;
        let value = dashboard["dashboard"]["figures"]
            .as_array()
            .expect("figures")
            .iter()
            .find(|figure| figure["name"] == *name && figure["part"] == "")
            .and_then(|figure| figure["value"].as_i64());
        seen.push((*viewer, *name, value));
    }
    let expected: Vec<_> = expected
        .iter()
        .map(|(viewer, name, value)| (*viewer, *name, Some(*value)))
        .collect();
    assert_eq!(seen, expected);
}

/// The way of the one person that a viewer sees.
pub(super) async fn journey(cast: &Cast, viewer: &str) -> Value {
    let dashboard = dashboard(cast, viewer).await;
    let journeys = dashboard["journeys"].as_array().expect("journeys");
    assert_eq!(journeys.len(), 1, "{viewer}");
    journeys[0].clone()
}

/// Compares parts of split figures, viewer by viewer.
pub(super) async fn show_parts(cast: &Cast, expected: &[(&str, &str, &str, i64)]) {
    cast.settle().await;
    for (viewer, name, part, value) in expected {
        let dashboard = dashboard(cast, viewer).await;
        let seen = dashboard["dashboard"]["figures"]
            .as_array()
            .expect("figures")
            .iter()
            .find(|figure| figure["name"] == *name && figure["part"] == *part)
            .and_then(|figure| figure["value"].as_i64());
        assert_eq!(seen, Some(*value), "{viewer} {name} {part}");
    }
}

/// A part of a figure that is not told: too small to be shown, or not released yet.
pub(super) async fn hidden(cast: &Cast, viewer: &str, name: &str, part: &str) {
    cast.settle().await;
    let dashboard = dashboard(cast, viewer).await;
    let figures = dashboard["dashboard"]["figures"].as_array();
    let figure = figures
        .expect("figures")
        .iter()
        .find(|figure| figure["name"] == name && figure["part"] == part);
    if let Some(figure) = figure {
        assert_eq!(figure["value"].as_i64().filter(|value| *value > 0), None);
        assert_eq!(figure["suppressed"], true, "{figure}");
    }
}

/// The values of a split figure, in the order of its parts.
pub(super) async fn parts(cast: &Cast, viewer: &str, name: &str) -> Vec<i64> {
    cast.settle().await;
    let dashboard = dashboard(cast, viewer).await;
    let figures = dashboard["dashboard"]["figures"].as_array();
    figures
        .expect("figures")
        .iter()
        .filter(|figure| figure["name"] == name)
        .filter_map(|figure| figure["value"].as_i64())
        .collect()
}
