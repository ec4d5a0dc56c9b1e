//! `trellis views`: what an operator sees and does, as the binary says it.

use std::process::Stdio;

use domain::actor::ActingRole;
use serde_json::json;
use sqlx::Executor as _;
use tokio::process::Command;

use crate::harness::{
    Service,
    cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE},
    process::trellis,
};

/// What a run ended with, and what it said: exit code, standard output, standard error.
type Told = (Option<i32>, String, String);

async fn views(service: &Service, arguments: &[&str]) -> Told {
    let told = Command::new(trellis().await)
        .arg("views")
        .args(arguments)
        .env("TRELLIS_INSPECTOR_URL", service.url("trellis_inspector"))
        .env("TRELLIS_PROJECTOR_URL", service.url("trellis_projector"))
        .stdin(Stdio::null())
        .output()
        .await
        .expect("it runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (told.status.code(), text(&told.stdout), text(&told.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spoilt_row_is_found_named_and_mended_from_the_command_line() {
    let service = Service::start().await;
    for (tenant, role) in [(NORTHMOOR, "MHWP"), (SEVERNVALE, "MHWP")] {
        let lead = service.cast.of(tenant, ActingRole::ProfessionalLead);
        let interest = json!({
            "employer": tenant.to_string(),
            "commissioner": COMMISSIONER.to_string(),
            "role": role,
            "region": "north_west",
            "demand": 5,
        });
        lead.on("2025-09-08")
            .get("RegisterInterest", interest)
            .await;
    }
    service.cast.settle().await;

    let (code, said, next) = views(&service, &[]).await;
    assert_eq!(code, Some(0), "{next}");
    let northmoor = NORTHMOOR.to_string();
    let lane = said.lines().find(|line| line.contains(&northmoor));
    let lane: Vec<&str> = lane.expect("its lane").split_whitespace().collect();
    assert_eq!(
        (lane[0], lane[3], lane[6], lane[8]),
        ("employer", "live", "0", "0")
    );
    let (code, said, next) = views(&service, &["check"]).await;
    assert_eq!(code, Some(0), "{said} {next}");
    assert!(
        said.lines().skip(1).all(|line| line.ends_with(" sound")),
        "{said}"
    );

    let spoilt = format!(
        "UPDATE ledger.view_row SET row = replace(row::text, ':5', ':6')::json
          WHERE tenant_id = '{}'",
        NORTHMOOR.0
    );
    service
        .owner
        .execute(spoilt.as_str())
        .await
        .expect("spoilt");
    let (code, said, next) = views(&service, &["check", "employer"]).await;
    assert_eq!(code, Some(3), "{said} {next}");
    let drift: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("drift at"))
        .collect();
    assert_eq!(drift.len(), 1, "the other tenant's is sound: {said}");
    for part in [
        northmoor.as_str(),
        "row allocations/",
        "6 stored, 5 by the events",
        "from position ",
        "sequence 1 InterestRegistered",
    ] {
        assert!(drift[0].contains(part), "{part}: {}", drift[0]);
    }
    assert!(next.contains("trellis views rebuild employer"), "{next}");
    let other = SEVERNVALE.to_string();
    let (code, ..) = views(&service, &["check", "employer", "--tenant", &other]).await;
    assert_eq!(code, Some(0));

    let (code, said, _) = views(&service, &["rebuild", "employer"]).await;
    assert_eq!(code, Some(0), "{said}");
    service.cast.settle().await;
    let (code, said, next) = views(&service, &["check", "employer"]).await;
    assert_eq!(code, Some(0), "{said} {next}");
    for (wrong, hint) in [
        (vec!["check", "employers"], "there are employer"),
        (vec!["check", "--tenant", "northmoor"], "tenants/{uuid}"),
        (vec!["switch", "employer"], "trellis views list"),
    ] {
        let (code, said, next) = views(&service, &wrong).await;
        assert!(code != Some(0) && next.contains(hint), "{said} {next}");
    }
    service.stop().await;
}
