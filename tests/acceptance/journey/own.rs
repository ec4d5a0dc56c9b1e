//! What each person sees of their own life.

use domain::actor::ActingRole::{Auditor, Candidate, EmployerHr, ProgrammeLead};
use serde_json::{Value, json};

use crate::harness::{
    Cast,
    cast::{AUDITOR, NORTHMOOR, WEXCOMBE, candidate},
    life::Trainee,
};

/// The person's own timeline, once everything that follows has followed.
pub(super) async fn timeline(person: &Trainee) -> Value {
    person.cast.settle().await;
    let seen = person.candidate("").get("GetOwnTimeline", json!({})).await;
    seen["timeline"].clone()
}

/// The words of what happened, in order.
pub(super) fn words(timeline: &Value) -> Vec<&str> {
    let moments = timeline["moments"].as_array().expect("moments").iter();
    moments
        .filter_map(|moment| moment["what"].as_str())
        .collect()
}

/// Another person has a life of their own, and an organisation or the operator none.
pub(super) async fn is_for_nobody_else(cast: &Cast) {
    let other = cast.of(candidate(404), Candidate);
    let seen = other.get("GetOwnTimeline", json!({})).await;
    for list in ["moments", "applications", "locks", "due"] {
        assert_eq!(seen["timeline"][list], json!([]), "{list}");
    }
    for organisation in [
        cast.of(NORTHMOOR, EmployerHr),
        cast.of(WEXCOMBE, ProgrammeLead),
        cast.of(AUDITOR, Auditor),
        cast.operator(),
    ] {
        assert_eq!(
            organisation.refusal("GetOwnTimeline", json!({})).await,
            "NOT_PERMITTED"
        );
    }
}
