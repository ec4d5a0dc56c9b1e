//! A commissioner is taken over whole: its successor has its records and rights, and what was recorded
//! before keeps the name it was recorded under.

use domain::actor::ActingRole::{CommissionerNational, EmployerHr, ProfessionalLead};
use serde_json::json;

use super::dashboards;
use crate::harness::{
    Service,
    cast::{COMMISSIONER, NORTHMOOR, OTHER_COMMISSIONER},
    life::{Campaign, Trainee},
};

/// ACTOR-13
#[tokio::test(flavor = "multi_thread")]
async fn actor_13_a_commissioners_successor_has_its_records_and_its_rights() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let trainee = Trainee::in_training(cast, &campaign, 1).await;
    let award = json!({"name": trainee.award()});
    let pay = |number: u32| json!({"award": trainee.award(), "number": number});
    trainee
        .commissioner("2026-03-31")
        .write("PayInstalment", pay(1))
        .await;
    let told = service.recorded(&trainee.award()).await;
    let succeed = json!({"tenant": COMMISSIONER.to_string(), "display_name": "NHS Care England"});
    for by in [
        cast.of(COMMISSIONER, CommissionerNational),
        cast.of(OTHER_COMMISSIONER, CommissionerNational),
        cast.of(NORTHMOOR, EmployerHr),
    ] {
        let by = by.on("2026-04-01");
        let refused = by.refusal("SucceedTenant", succeed.clone()).await;
        assert_eq!(refused, "NOT_PERMITTED");
    }
    let operator = cast.operator().on("2026-04-01");
    operator.write("SucceedTenant", succeed.clone()).await;
    operator.write("SucceedTenant", succeed).await;
    cast.settle().await;

    // every name with its first day, the former one first
    let entry = cast
        .of(COMMISSIONER, CommissionerNational)
        .get("GetTenant", json!({"name": COMMISSIONER.to_string()}))
        .await;
    let names = entry["tenant"]["names"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_ne!(
        names[0]["name"], "NHS Care England",
        "the former name stays"
    );
    assert_eq!(names[1]["name"], "NHS Care England");
    assert_eq!(names[1]["from"], "2026-04-01");

    // what was awarded before is the successor's, and so is what there is to do about it
    assert_eq!(
        service.recorded(&trainee.award()).await,
        told,
        "no event is rewritten"
    );
    let successor = trainee.commissioner("2026-04-30");
    let read = successor.get("GetAward", award.clone()).await;
    assert_eq!(read["award"]["name"], trainee.award());
    successor.write("PayInstalment", pay(2)).await;
    let lead = cast.of(NORTHMOOR, ProfessionalLead);
    let both = lead.get("GetAward", award.clone()).await;
    assert_eq!(both["award"]["name"], trainee.award());
    let other = cast.of(OTHER_COMMISSIONER, CommissionerNational);
    assert_eq!(other.refusal("GetAward", award).await, "NOT_PERMITTED");
    let figures = [
        ("commissioner", "instalments_paid", 2),
        ("employer", "awards_approved", 1),
    ];
    dashboards::show(cast, &figures).await;
    service.stop().await;
}
