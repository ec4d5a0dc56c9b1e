//! One trace from the client's call to everything that follows, and the figures operators watch.
//! A subscriber is global, so this listens to a process of its own.

use domain::actor::ActingRole::EmployerHr;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::json;

use crate::harness::{
    cast::NORTHMOOR,
    cast::candidate,
    collector::{Collector, Received},
    life::{Campaign, Ids, Trainee},
    process::Rig,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn of_trace<'a>(received: &'a Received, named: &'a str) -> impl Iterator<Item = &'a Span> {
    received.spans().filter(move |span| {
        let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let here = hex(&span.trace_id) == TRACE;
        let linked = span.links.iter().any(|link| hex(&link.trace_id) == TRACE);
        span.name == named && (here || linked)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_call_to_append_reaction_and_view() {
    let collector = Collector::start().await;
    let rig = Rig::start(
        "info,h2=off,hyper=off,tower=off,opentelemetry=off",
        Some(&collector),
    )
    .await;
    let campaign = Campaign::opens(&rig.cast).await;
    let vacancy = &campaign.vacancy;
    let c1 = Trainee::applies(&rig.cast, vacancy, candidate(1), "2025-11-21", json!({})).await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    let ids = Ids {
        sid: "26100990010000011",
        uln: "",
        assignment: "20000001-1",
    };
    rig.cast
        .of(NORTHMOOR, EmployerHr)
        .on("2026-02-23")
        .traced(&format!("00-{TRACE}-00f067aa0ba902b7-01"))
        .write("StartEmployment", c1.employs(ids.assignment))
        .await;
    // The call, the decision, the append, what follows from it, and the view that shows it.
    collector
        .until(|received| {
            [
                "/trellis.v1.EmploymentService/StartEmployment",
                "ledger.submit",
                "ledger.append",
                "react",
                "fold view",
            ]
            .iter()
            .all(|name| of_trace(received, name).next().is_some())
        })
        .await;
    // The reaction's own command is in the same trace.
    collector
        .until(|received| of_trace(received, "ledger.submit").count() >= 2)
        .await;
    rig.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_operators_watch_are_exported() {
    let collector = Collector::start().await;
    let rig = Rig::start(
        "info,h2=off,hyper=off,tower=off,opentelemetry=off",
        Some(&collector),
    )
    .await;
    let _campaign = Campaign::opens(&rig.cast).await;
    collector
        .until(|received| {
            let names = received.metric_names();
            [
                "ledger.append.duration",
                "ledger.append.batch",
                "ledger.append.outcomes",
                "trellis.view.lag",
                "trellis.reaction.lag",
            ]
            .iter()
            .all(|name| names.contains(name))
        })
        .await;
    rig.stop().await;
}
