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

/// JOINT-01: a mistaken decline, and a mistaken rescission of an offer that held and was funded, are put
/// right while the post is there, and all that had followed is undone.
#[tokio::test(flavor = "multi_thread")]
async fn joint_01_a_mistaken_decline_and_a_mistaken_rescission_are_put_right() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let first = appointed(cast, &campaign, 1).await;
    let offer = || json!({"offer": first.offer()});
    first
        .hr("2025-12-16")
        .write("MakeOffer", first.of_application())
        .await;
    first
        .candidate("2025-12-17")
        .write("DeclineOffer", offer())
        .await;
    cast.settle().await;
    let declined = [
        ("employer", "offers_declined", 1),
        ("university", "offers_declined", 1),
    ];
    dashboards::show(cast, &declined).await;

    let again = json!({"offer": first.offer(), "reason": "not_meant"});
    let foreign = first.admissions("2025-12-18");
    let refused = foreign.refusal("ReinstateOffer", again.clone()).await;
    assert_eq!(refused, "NOT_PERMITTED", "the decline was not theirs");
    for _ in 0..2 {
        first
            .candidate("2025-12-18")
            .write("ReinstateOffer", again.clone())
            .await;
    }
    cast.settle().await;
    let read = first
        .hr("")
        .get("GetOffer", json!({"name": first.offer()}))
        .await;
    let shown = &read["offer"];
    assert_eq!(shown["state"], "OFFER_STATE_MADE");
    assert_eq!(shown["reinstated_sequence"], 3, "the decline");
    assert_eq!(shown["reinstatement_reason"], "not_meant");
    assert_eq!(shown["reinstatement_authority"], "own");
    let open_again = [
        ("employer", "offers_declined", 0),
        ("employer", "offers_reinstated", 1),
        ("university", "offers_declined", 0),
        ("university", "offers_reinstated", 1),
    ];
    dashboards::show(cast, &open_again).await;

    // Accepted, cleared and funded: then the employer takes back the wrong offer.
    first
        .candidate("2025-12-18")
        .write("AcceptOffer", offer())
        .await;
    first.is_cleared().await;
    first.is_funded().await;
    cast.settle().await;
    first
        .hr("2026-02-20")
        .write(
            "RescindOffer",
            json!({"offer": first.offer(), "reason": "post_withdrawn"}),
        )
        .await;
    cast.settle().await;
    let rescinded = [
        ("employer", "offers_rescinded", 1),
        ("university", "offers_rescinded", 1),
    ];
    dashboards::show(cast, &rescinded).await;
    let awards = service.recorded(&first.award()).await;
    assert!(
        awards.contains(&"FundingAwardStopped".to_owned()),
        "{awards:?}"
    );

    let mistaken = json!({"offer": first.offer(), "reason": "another_offer"});
    let candidate = first.candidate("2026-02-21");
    let refused = candidate.refusal("ReinstateOffer", mistaken.clone()).await;
    assert_eq!(refused, "NOT_PERMITTED", "the rescission was not theirs");
    first
        .hr("2026-02-21")
        .write("ReinstateOffer", mistaken)
        .await;
    candidate.write("AcceptOffer", offer()).await;
    for (side, conditions) in [
        (
            first.hr("2026-02-22"),
            &read["offer"]["employer_conditions"],
        ),
        (
            first.admissions("2026-02-22"),
            &read["offer"]["university_conditions"],
        ),
    ] {
        let confirm = json!({"offer": first.offer(), "conditions": conditions});
        side.write("ConfirmConditions", confirm).await;
    }
    cast.settle().await;
    let places = service.recorded(&campaign.allocation).await;
    let filled = ["PlaceFilled", "PlaceVacated", "PlaceFilled"];
    assert_eq!(places[places.len() - 3..], filled);
    let awards = service.recorded(&first.award()).await;
    assert!(
        awards.contains(&"FundingAwardReinstated".to_owned()),
        "{awards:?}"
    );
    let holds = [
        ("employer", "offers_rescinded", 0),
        ("employer", "offers_accepted", 1),
        ("employer", "conditions_met", 1),
        ("university", "offers_rescinded", 0),
        ("university", "conditions_met", 1),
    ];
    dashboards::show(cast, &holds).await;

    // A post that went to who waited is not taken back from them.
    let mut others = vec![];
    for number in 2..=6 {
        others.push(appointed(cast, &campaign, number).await);
    }
    for one in &others[..4] {
        one.hr("2026-02-22")
            .write("MakeOffer", one.of_application())
            .await;
    }
    let waits = &others[4];
    waits
        .hr("2026-02-22")
        .write("PlaceOnReserve", waits.of_application())
        .await;
    let hasty = &others[0];
    hasty
        .candidate("2026-02-23")
        .write("DeclineOffer", json!({"offer": hasty.offer()}))
        .await;
    cast.settle().await;
    let again = json!({"offer": hasty.offer(), "reason": "not_meant"});
    for by in [hasty.candidate("2026-02-23"), hasty.hr("2026-02-23")] {
        let refused = by.refusal("ReinstateOffer", again.clone()).await;
        assert_eq!(refused, "ALL_POSTS_OFFERED");
    }
    service.stop().await;
}
