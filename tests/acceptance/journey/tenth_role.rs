//! A role and a setting nobody has thought of yet come in as rows, and somebody trains for the one
//! in the other.

use domain::actor::ActingRole::{CommissionerNational, ServiceManager};
use serde_json::{Value, json};

use super::dashboards::show;
use crate::harness::{
    Caller, Service,
    cast::{COMMISSIONER, NORTHMOOR, candidate},
    life::{Campaign, Ids, Trainee},
};

const C1: Ids<'_> = Ids {
    sid: "26100990010000011",
    uln: "",
    assignment: "20000001-1",
};

async fn set(national: &Caller, policy: &str, value: &Value) {
    national
        .on("2021-05-03")
        .write(
            "SetPolicy",
            json!({
                "policy": policy,
                "from": "2021-05-03",
                "value_json": value.to_string(),
                "source": "made up for a tenth role",
                "approver": "MHWP stakeholder steering group",
            }),
        )
        .await;
}

/// Every policy with the value in force in 2026.
async fn in_force(national: &Caller) -> Vec<(String, Value)> {
    let (mut policies, mut page_token) = (vec![], String::new());
    loop {
        let page = national
            .get(
                "ListPolicies",
                json!({"page_size": 500, "page_token": page_token}),
            )
            .await;
        for policy in page["policies"].as_array().expect("policies") {
            let id = policy["policy"].as_str().expect("an id").to_owned();
            let on = json!({"policy": id, "on": "2026-03-02"});
            let read = national.get("GetPolicy", on).await;
            if let Some(text) = read["in_force"]["value_json"].as_str() {
                policies.push((id, serde_json::from_str(text).expect("a JSON value")));
            }
        }
        page_token = page["next_page_token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if page_token.is_empty() {
            return policies;
        }
    }
}

/// The rows of the tenth role: its own, and beside it what every role has.
async fn comes_in(national: &Caller) {
    for (id, mut value) in in_force(national).await {
        match id.as_str() {
            "settings" => {
                value["crisis_house"] = json!({"title": "Crisis house", "care_level": "secondary"});
                set(national, &id, &value).await;
            }
            "award.tuition_pence" => {
                value["PEER"] = json!(450_000);
                set(national, &id, &value).await;
            }
            "role.MHWP" => {
                value["title"] = json!("Peer Recovery Practitioner");
                value["group"] = Value::Null;
                set(national, "role.PEER", &value).await;
            }
            _ if id.starts_with("setting.") => {}
            _ if id.split('.').any(|part| part == "MHWP") => {
                set(national, &id.replace("MHWP", "PEER"), &value).await;
            }
            _ => {}
        }
    }
    for phase in ["trainee", "qualified"] {
        let id = format!("setting.PEER.{phase}.crisis_house");
        set(national, &id, &json!({"permitted": true})).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn career_02_a_tenth_role_and_a_new_setting_need_no_code() {
    let service = Service::start().await;
    let national = service.cast.of(COMMISSIONER, CommissionerNational);
    comes_in(&national).await;

    // The usual life, in other words.
    let cast = service
        .cast
        .saying(&[("MHWP", "PEER"), ("adult_community", "crisis_house")]);
    let campaign = Campaign::opens(&cast).await;
    let c1 = Trainee::applies(
        &cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        json!({}),
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    c1.is_cleared().await;
    c1.is_funded().await;
    c1.starts(&campaign, &C1, 7).await;
    c1.practises().await;
    c1.qualifies().await;
    c1.takes_the_qualified_post(&campaign).await;

    let qualification = c1
        .programme("")
        .get("GetQualification", json!({"name": c1.qualification()}))
        .await;
    assert_eq!(qualification["qualification"]["level"], 7);
    let award = national.get("GetAward", json!({"name": c1.award()})).await;
    assert_eq!(award["award"]["tuition_pence"], 450_000);
    show(
        &service.cast,
        &[
            ("employer", "qualified", 1),
            ("university", "qualified", 1),
            ("employer", "placements_flagged", 0),
        ],
    )
    .await;
    let planner = service.cast.of(NORTHMOOR, ServiceManager);
    let listed = planner.get("ListRoles", json!({"on": "2026-03-02"})).await;
    assert_eq!(listed["roles"].as_array().map(Vec::len), Some(10));
    let before = planner.get("ListRoles", json!({"on": "2021-05-02"})).await;
    assert_eq!(
        before["roles"].as_array().map(Vec::len),
        Some(9),
        "as it was before"
    );
    // The new setting is the new role's: nobody else may work in it (TAXO-19).
    let mhwp = planner
        .get("GetRole", json!({"role": "MHWP", "on": "2026-03-02"}))
        .await;
    let settings = mhwp["role"]["settings"].as_array().expect("settings");
    assert!(!settings.iter().any(|row| row["setting"] == "crisis_house"));
    service.stop().await;
}
