//! Curricula, prior learning, and the additional posts set aside for trainees.

use domain::{
    actor::ActingRole::{CommissionerNational, ProfessionalLead, ProgrammeLead},
    expansion_post::ExpansionPosts,
    id::Id,
};
use serde_json::json;

use super::super::{
    Cast,
    cast::{COMMISSIONER, NORTHMOOR, WEXCOMBE},
    life::{Campaign, Trainee},
    places::intake_of,
};

/// A module, a curriculum of version 3, and an intake migrated to it.
pub(super) async fn curriculum(cast: &Cast) {
    let lead = cast.of(WEXCOMBE, ProgrammeLead);
    let requirements = ["autism_awareness", "care_planning", "interventions"];
    let framework = json!({
        "competence_framework": "Made-up framework, third edition",
        "requirements": requirements,
    });
    cast.of(COMMISSIONER, CommissionerNational)
        .on("2026-06-01")
        .write(
            "SetPolicy",
            json!({
                "policy": "curriculum.MHWP.v3",
                "from": "2026-06-01",
                "value_json": framework.to_string(),
                "source": "made up",
                "approver": "made up",
            }),
        )
        .await;
    let intake = intake_of(cast, 4, 4).await;
    let module = lead
        .on("2026-07-01")
        .write(
            "DefineModule",
            json!({
                "code": "MH701",
                "title": "Working with people with severe mental health problems",
                "level": 7,
                "meets": requirements,
            }),
        )
        .await;
    let curriculum = lead
        .on("2026-07-02")
        .write(
            "ApproveCurriculum",
            json!({
                "role": "MHWP",
                "curriculum_version": "v3",
                "modules": [{"module": module, "credits": 60}],
            }),
        )
        .await;
    lead.on("2026-07-03")
        .write(
            "MigrateCurriculum",
            json!({"intake": intake, "curriculum_version": "v3"}),
        )
        .await;
    lead.get("GetModule", json!({"name": module})).await;
    lead.get("GetCurriculum", json!({"name": curriculum})).await;
}

/// What a trainee brought along, for twenty credits.
pub(super) async fn prior_learning(cast: &Cast, trainee: &Trainee) {
    let lead = cast.of(WEXCOMBE, ProgrammeLead);
    let claim = lead
        .on("2026-03-09")
        .write(
            "ClaimPriorLearning",
            json!({
                "application": trainee.application,
                "credits": 20,
                "learned": "2024-06-30",
                "learning": "A postgraduate module on care planning",
            }),
        )
        .await;
    lead.on("2026-03-16")
        .write(
            "DecidePriorLearning",
            json!({"claim": claim, "credits": 20}),
        )
        .await;
    lead.get("GetPriorLearning", json!({"name": claim})).await;
}

/// An additional post for a trainee.
pub(super) async fn post(trainee: &Trainee, position: &str) {
    trainee
        .hr("2026-04-01")
        .write(
            "IdentifyExpansionPost",
            json!({
                "application": trainee.application,
                "position": position,
                "additional": true,
            }),
        )
        .await;
}

/// What there is to read of clusters, posts and the years.
pub(super) async fn reads(cast: &Cast, campaign: &Campaign) {
    let lead = cast.of(NORTHMOOR, ProfessionalLead);
    let posts: Id<ExpansionPosts> = ExpansionPosts::id(NORTHMOOR, COMMISSIONER);
    lead.get("GetExpansionPosts", json!({"name": posts.name()}))
        .await;
    lead.get("GetCluster", json!({"intake": campaign.intake}))
        .await;
    cast.of(COMMISSIONER, CommissionerNational)
        .get(
            "GetIntakeTrend",
            json!({"from": "2025-01-01", "until": "2026-12-31"}),
        )
        .await;
}
