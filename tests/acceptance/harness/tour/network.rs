//! A network with its community, feedback on all three forms, outcomes of one month and an extract
//! for the evaluation.

use domain::actor::ActingRole::{
    Candidate, CommissionerNational, Evaluator, NetworkLead, ProfessionalLead, ServiceManager,
};
use serde_json::{Value, json};

use crate::harness::{
    Cast,
    cast::{COMMISSIONER, EVALUATOR, NETWORK, NORTHMOOR, candidate},
    life::{Campaign, Trainee},
};

/// The sums of a month, complete.
pub(crate) fn month(campaign: &Campaign) -> Value {
    json!({
        "clinical_service": campaign.clinical_service,
        "commissioner": COMMISSIONER.to_string(),
        "network": NETWORK.to_string(),
        "month": "2028-08-01",
        "values": [
            {"measure": "goal_progress", "value": 31},
            {"measure": "people_seen", "value": 52},
            {"measure": "sessions", "value": 140},
            {"measure": "new_access", "value": 17},
            {"measure": "internal_referrals", "value": 9},
        ],
    })
}

/// Plays all of it.
pub(crate) async fn whole(cast: &Cast, campaign: &Campaign, practitioner: &Trainee) {
    let network = cast.of(NETWORK, NetworkLead).on("2028-10-02");
    let member = cast.of(candidate(1), Candidate).on("2028-10-02");
    let found = json!({"kind": "practitioners", "title": "Practitioners of the North West"});
    let community = network.write("FoundCommunity", found).await;
    let named = json!({"community": community});
    let membership = member.write("JoinCommunity", named.clone()).await;
    let feedback = |about: &str, text: &str| json!({"about": about, "rating": 4, "text": text});
    let of_member = member
        .write("GiveFeedback", feedback(&community, "We meet too seldom."))
        .await;
    let application = &practitioner.application;
    member
        .write("GiveFeedback", feedback(application, "A year well spent."))
        .await;
    cast.of(NORTHMOOR, ProfessionalLead)
        .on("2028-10-02")
        .write(
            "GiveFeedback",
            feedback(&campaign.partnership, "Teaching days came in time."),
        )
        .await;
    member.write("LeaveCommunity", named).await;

    let officer = json!({"office": "co_chair", "person": practitioner.person_name()});
    network.write("NameOfficer", officer).await;
    let meeting = json!({"scope": "national", "participants": ["networks", "practitioners"]});
    network.write("HoldNetworkMeeting", meeting).await;
    let action = json!({
        "text": "Collect role profiles.", "owner": "programme_manager", "due": "2028-10-20",
    });
    network.write("AgreeAction", action).await;
    network.write("StartDigest", json!({})).await;
    network
        .on("2028-10-19")
        .write("CompleteAction", json!({"action": 1}))
        .await;

    let manager = cast.of(NORTHMOOR, ServiceManager);
    let report = manager
        .on("2028-10-02")
        .write("ReportOutcomes", month(campaign))
        .await;
    manager
        .on("2028-10-03")
        .write(
            "CorrectOutcomes",
            json!({
                "report": report,
                "values": month(campaign)["values"],
                "reason": "A second count gave the same.",
            }),
        )
        .await;
    manager
        .on("2028-10-03")
        .write(
            "CorrectOutcomes",
            json!({
                "report": report,
                "values": [{"measure": "sessions", "value": 139}],
                "reason": "One session was counted twice.",
            }),
        )
        .await;
    let extract = cast
        .of(COMMISSIONER, CommissionerNational)
        .on("2028-10-03")
        .write(
            "GrantExtract",
            json!({
                "evaluator": EVALUATOR.to_string(),
                "position": 3,
                "purpose": "The national evaluation.",
            }),
        )
        .await;

    for (caller, method, name) in [
        (&network, "GetCommunity", &community),
        (&member, "GetMembership", &membership),
        (&network, "GetFeedback", &of_member),
        (&manager, "GetOutcomeReport", &report),
        (&cast.of(EVALUATOR, Evaluator), "ReadExtract", &extract),
    ] {
        caller.get(method, json!({"name": name})).await;
    }
    network.get("GetNetwork", json!({})).await;
}
