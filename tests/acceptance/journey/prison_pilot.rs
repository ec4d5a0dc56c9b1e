//! D.16: a pilot that begins on a day, and a policy that is published after the day it holds from.

use domain::actor::ActingRole::{
    CommissionerNational, EmployerHr, ProfessionalLead, ServiceManager,
};
use serde_json::{Value, json};

use super::policies::{in_training, what_if};
use crate::harness::{
    Caller, Cast, Service,
    cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE},
    life::supervisor,
    places::asks,
};

/// A clinical service of Severnvale with one site.
async fn service_at(hr: &Caller, setting: &str, code: &str, attributes: &[&str]) -> String {
    let open = json!({
        "display_name": format!("Severnvale {setting} {code}"),
        "setting": setting,
        "population": "severe_mental_illness",
    });
    let service = hr.on("2024-03-01").write("OpenClinicalService", open).await;
    let site = json!({
        "clinical_service": service,
        "code": code,
        "display_name": "A site of the pilot",
        "region": "midlands",
        "attributes": attributes,
    });
    hr.on("2024-03-01").write("AddSite", site).await;
    service
}

async fn ready(cast: &Cast, hr: &Caller) -> String {
    let own = [supervisor(hr, 9, "hcpc", "PYL900009", &["clinical_psychologist"]).await];
    asks(cast, SEVERNVALE, &own, ("midlands", 4), json!([])).await
}

#[tokio::test(flavor = "multi_thread")]
async fn d_16_1_and_set_07_a_prison_is_a_place_for_trainees_from_the_first_of_april() {
    let service = Service::start().await;
    let cast = &service.cast;
    let hr = cast.of(SEVERNVALE, EmployerHr);
    let lead = cast.of(SEVERNVALE, ProfessionalLead);
    let allocation = ready(cast, &hr).await;
    let both = ["integrated_team", "practitioner_psychologist"];
    let whole = service_at(&hr, "prison", "HMP01", &both).await;
    let without = service_at(&hr, "prison", "HMP02", &["integrated_team"]).await;
    let offer = |clinical_service: &str, site: &str| json!({"allocation": allocation, "clinical_service": clinical_service, "sites": [site]});
    let eve = lead.on("2024-03-31");
    let day = lead.on("2024-04-01");
    let early = eve.refusal("OfferPilotSites", offer(&whole, "HMP01")).await;
    assert_eq!(early, "SETTING_NOT_PERMITTED");
    let bare = day
        .refusal("OfferPilotSites", offer(&without, "HMP02"))
        .await;
    assert_eq!(bare, "SITE_CRITERIA_NOT_MET");
    day.write("OfferPilotSites", offer(&whole, "HMP01")).await;
    let recorded = service.recorded(&allocation).await;
    let offered = recorded
        .iter()
        .filter(|event| *event == "PilotSitesOffered");
    assert_eq!(offered.count(), 1, "{recorded:?}");
    service.stop().await;
}

/// The decisions about a clinical service as the operator may replay them.
async fn flags(service: &Service, clinical_service: &str) -> Vec<String> {
    let recorded = service.recorded(clinical_service).await;
    recorded
        .into_iter()
        .filter(|event| event.starts_with("PlacementFlag"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn d_16_2_a_policy_published_late_changes_nothing_that_was_decided_until_somebody_asks() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, _) = in_training(cast).await;
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let setting = "setting.MHWP.trainee.camhs";
    let permitted: Value = json!({"permitted": true, "pilot": "young_people"});

    // Decided under what holds: somebody trains where nobody may, and an offer there is refused.
    let remodel = json!({
        "clinical_service": campaign.clinical_service,
        "setting": "camhs",
        "population": "severe_mental_illness",
    });
    cast.of(NORTHMOOR, ServiceManager)
        .on("2026-04-10")
        .write("RemodelClinicalService", remodel)
        .await;
    cast.settle().await;
    let flagged = flags(&service, &campaign.clinical_service).await;
    assert_eq!(flagged, ["PlacementFlagged"]);
    let lead = cast.of(NORTHMOOR, ProfessionalLead).on("2026-04-10");
    let offer = json!({
        "request_id": "5ca57000-0000-4000-8000-00000000d162",
        "allocation": campaign.allocation,
        "clinical_service": campaign.clinical_service,
    });
    let refused = lead.refusal("OfferPilotSites", offer.clone()).await;
    assert_eq!(refused, "SETTING_NOT_PERMITTED");
    let recorded = service.recorded(&campaign.allocation).await;

    // What the policy would have decided otherwise is listed, before and after it is published.
    let listed = async || {
        let (changes, _) =
            what_if(&cast.operator(), setting, "2026-04-01", permitted.clone()).await;
        let changes = changes
            .into_iter()
            .filter(|change| change["event_type"] == "PlacementFlagged");
        changes.collect::<Vec<Value>>()
    };
    let before = listed().await;
    assert_eq!(before.len(), 1);
    assert_eq!(before[0]["name"], campaign.clinical_service);
    assert_eq!(before[0]["then"], "flagged setting_not_permitted");
    assert_eq!(before[0]["now"], "permitted");
    let publish = json!({
        "policy": setting,
        "from": "2026-04-01",
        "value_json": permitted.to_string(),
        "source": "made up",
        "approver": "made up",
    });
    national.on("2026-05-20").write("SetPolicy", publish).await;
    cast.settle().await;
    assert_eq!(listed().await, before, "still to be looked at again");

    // Nothing is accepted by itself, and whoever asks again is answered by what holds now.
    assert_eq!(flags(&service, &campaign.clinical_service).await, flagged);
    assert_eq!(service.recorded(&campaign.allocation).await, recorded);
    lead.write("OfferPilotSites", offer).await;
    service.stop().await;
}
