//! Questions about policy, proposals, and the counts of the workforce.

use domain::actor::ActingRole::{CommissionerNational, ProfessionalLead};
use serde_json::json;

use crate::harness::{
    Cast,
    cast::{COMMISSIONER, NORTHMOOR},
};

pub(super) async fn asked_and_counted(cast: &Cast) {
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let lead = cast.of(NORTHMOOR, ProfessionalLead);
    let question = lead
        .on("2025-09-01")
        .write(
            "AskPolicyQuestion",
            json!({
                "commissioner": COMMISSIONER.to_string(),
                "question": "How small may a cluster be?",
            }),
        )
        .await;
    national
        .on("2025-09-08")
        .write(
            "AnswerPolicyQuestion",
            json!({
                "policy_question": question,
                "answer": "Four, unless an override is granted.",
                "policies": ["cluster.min"],
            }),
        )
        .await;
    lead.get("GetPolicyQuestion", json!({"name": question}))
        .await;
    let count = |people: i64, reason: Option<&str>| {
        let mut count = json!({"count": {
            "population": "psychological_professions",
            "unit": "headcount",
            "nhs_hundredths": people * 100,
            "third_sector_hundredths": 120_000,
            "source": "workforce census",
        }});
        if let Some(reason) = reason {
            count["reason"] = json!(reason);
        }
        count
    };
    national
        .on("2020-03-31")
        .write("RecordWorkforceCount", count(11_000, None))
        .await;
    national
        .on("2020-03-31")
        .write(
            "CorrectWorkforceCount",
            count(11_001, Some("A late return.")),
        )
        .await;
    national
        .get("GetWorkforceReport", json!({"on": "2024-01-01"}))
        .await;
    national
        .get(
            "WhatIf",
            json!({"proposed": [{
                "policy": "cluster.min", "from": "2021-04-01", "value_json": "6",
            }]}),
        )
        .await;
}
