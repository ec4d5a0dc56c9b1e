//! Posts, offers and reserves: who declines, does not answer or goes leaves the post to the next.

use serde_json::json;

use super::dashboards;
use crate::harness::{
    Service,
    life::Campaign,
    tour::selection::{appointed, reserve_list},
};

/// JOINT-01, JOINT-09
#[tokio::test(flavor = "multi_thread")]
async fn joint_01_and_joint_09_a_freed_post_goes_to_the_reserve_and_no_more_are_offered() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let mut people = vec![];
    for number in 1..=7 {
        people.push(appointed(cast, &campaign, number).await);
    }
    for one in &people[..5] {
        one.hr("2025-12-16")
            .write("MakeOffer", one.of_application())
            .await;
    }
    let sixth = people[5].hr("2025-12-16");
    assert_eq!(
        sixth.refusal("MakeOffer", people[5].of_application()).await,
        "ALL_POSTS_OFFERED"
    );
    for waits in &people[5..] {
        waits
            .hr("2025-12-16")
            .write("PlaceOnReserve", waits.of_application())
            .await;
    }
    let waiting = [
        ("employer", "offers_made", 5),
        ("employer", "reserves_waiting", 2),
        ("university", "reserves_waiting", 2),
    ];
    dashboards::show(cast, &waiting).await;

    // An accepted candidate withdraws: the place is vacant, the post goes to the sixth.
    let first = &people[0];
    first
        .candidate("2025-12-18")
        .write("AcceptOffer", json!({"offer": first.offer()}))
        .await;
    cast.settle().await;
    first
        .candidate("2025-12-20")
        .write("WithdrawApplication", first.of_application())
        .await;
    cast.settle().await;
    let list = people[0]
        .admissions("")
        .get("GetReserveList", json!({"name": reserve_list(&campaign)}))
        .await;
    let list = &list["reserve_list"];
    assert_eq!(list["reserves"], json!([people[6].application]));
    assert_eq!(list["offered"][4], people[5].application);
    assert_eq!(
        service.recorded(&people[5].offer()).await,
        ["OfferMade", "OfferAnswerDue"]
    );
    let places = service.recorded(&campaign.allocation).await;
    assert_eq!(places[places.len() - 2..], ["PlaceFilled", "PlaceVacated"]);

    // Nobody else answers within two weeks: their posts are free, the last reserve gets one.
    people[6]
        .hr("2026-01-15")
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
    assert_eq!(
        service.recorded(&people[1].offer()).await,
        ["OfferMade", "OfferAnswerDue", "OfferLapsed"]
    );
    assert_eq!(
        people[1]
            .candidate("2026-01-15")
            .refusal("AcceptOffer", json!({"offer": people[1].offer()}))
            .await,
        "OFFER_LAPSED"
    );
    let own = people[1]
        .candidate("")
        .get("GetOffer", json!({"name": people[1].offer()}))
        .await;
    assert_eq!(own["offer"]["state"], "OFFER_STATE_LAPSED");
    let after = [
        ("employer", "offers_withdrawn", 1),
        ("employer", "reserves_waiting", 0),
        ("employer", "reserves_promoted", 2),
        ("university", "reserves_promoted", 2),
    ];
    dashboards::show(cast, &after).await;
    service.stop().await;
}
