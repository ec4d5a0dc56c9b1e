//! Posts that are offered, kept for, taken back and passed on.

use domain::{actor::ActingRole::EmployerHr, reserve::ReserveList};
use serde_json::json;
use uuid::Uuid;

use super::super::{
    Cast,
    cast::{NORTHMOOR, candidate},
    life::{Campaign, Trainee},
};

/// The list of the posts of a campaign's vacancy.
pub(crate) fn reserve_list(campaign: &Campaign) -> String {
    let vacancy = campaign.vacancy.rsplit('/').next().unwrap_or_default();
    let vacancy = Uuid::try_parse(vacancy).expect("a resource name");
    ReserveList::id(NORTHMOOR, domain::id::Id::new(vacancy)).name()
}

/// Somebody whom both parties accept.
pub(crate) async fn appointed(cast: &Cast, campaign: &Campaign, number: u128) -> Trainee {
    let vacancy = &campaign.vacancy;
    let one = Trainee::applies(cast, vacancy, candidate(number), "2025-11-21", json!({})).await;
    one.is_shortlisted().await;
    one.is_interviewed().await;
    one.is_appointed().await;
    one
}

/// R1 waits and goes; R2 waits, gets the post taken back from R3, and does not answer.
pub(super) async fn posts(cast: &Cast, campaign: &Campaign) {
    let [r1, r2, r3] = [
        appointed(cast, campaign, 21).await,
        appointed(cast, campaign, 22).await,
        appointed(cast, campaign, 23).await,
    ];
    for waits in [&r1, &r2] {
        waits
            .hr("2025-12-16")
            .write("PlaceOnReserve", waits.of_application())
            .await;
    }
    r1.candidate("2025-12-17")
        .write("WithdrawApplication", r1.of_application())
        .await;
    r3.hr("2025-12-16")
        .write("MakeOffer", r3.of_application())
        .await;
    r3.hr("2025-12-19")
        .write(
            "RescindOffer",
            json!({"offer": r3.offer(), "reason": "post_withdrawn"}),
        )
        .await;
    cast.settle().await;
    cast.of(NORTHMOOR, EmployerHr)
        .get("GetReserveList", json!({"name": reserve_list(campaign)}))
        .await;
}
