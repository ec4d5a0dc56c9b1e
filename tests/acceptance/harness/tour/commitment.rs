//! Every way a promise of a post can go.

use domain::{
    actor::ActingRole::{CommissionerNational, ProfessionalLead},
    commitment::BreachRegister,
};
use serde_json::json;

use crate::harness::{
    Cast,
    cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE},
    graduates,
    life::{Campaign, Trainee},
};

/// One promise of another campaign is broken, one post lost, one promise transferred.
pub(super) async fn promises(cast: &Cast) -> (Campaign, Vec<Trainee>) {
    let campaign = Campaign::opens(cast).await;
    let (broken, lost, moved) = (
        graduates::in_training(cast, &campaign, 11).await,
        graduates::in_training(cast, &campaign, 12).await,
        graduates::in_training(cast, &campaign, 13).await,
    );
    moved
        .commissioner("2027-01-01")
        .write(
            "TransferCommitment",
            json!({
                "commitment": campaign.commitment,
                "to": SEVERNVALE.to_string(),
                "applications": [moved.application],
                "other_terms": "Band-5 equal, permanent, on the terms of the successor",
            }),
        )
        .await;
    let sitting = graduates::pass(&[&broken, &lost]).await;
    cast.settle().await;
    lost.takes_the_qualified_post(&campaign).await;
    let correct = json!({"sitting": sitting, "held": "2027-03-09", "why": "misrecorded"});
    lost.secretary("2027-04-12")
        .write("CorrectBoardDate", correct)
        .await;
    cast.settle().await;
    let of = |trainee: &Trainee| json!({"commitment": campaign.commitment, "application": trainee.application});
    let mut offer = of(&broken);
    offer["permanent_from"] = json!("2027-08-01");
    let mut grace = of(&broken);
    grace["until"] = json!("2027-08-31");
    let lead = cast.of(NORTHMOOR, ProfessionalLead);
    lead.on("2027-06-11").write("OfferMitigation", offer).await;
    cast.settle().await;
    let national = cast.of(COMMISSIONER, CommissionerNational);
    national.on("2027-06-11").write("GrantGrace", grace).await;
    national
        .on("2027-09-01")
        .write("ConfirmBreach", of(&broken))
        .await;
    lost.manager("2028-02-04")
        .write("ReportPostEnded", of(&lost))
        .await;
    cast.settle().await;
    let register = BreachRegister::id(NORTHMOOR, COMMISSIONER).name();
    national
        .get("GetBreachRegister", json!({"name": register}))
        .await;
    (campaign, vec![broken, lost, moved])
}
