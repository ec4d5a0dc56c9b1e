//! What those around a training tell and read: communities, feedback, outcomes, the evaluation.

use domain::actor::ActingRole::{
    AdmissionsTutor, CommissionerNational, Evaluator, NetworkLead, ProfessionalLead, ProgrammeLead,
    ServiceManager,
};
use serde_json::{Value, json};

use crate::harness::{
    Service,
    cast::{
        AUDITOR, CALDERBRIDGE, COMMISSIONER, EVALUATOR, NETWORK, NORTHMOOR, SEVERNVALE, WEXCOMBE,
        candidate,
    },
    life::{Campaign, Trainee},
    tour::network::month,
};

/// A campaign, and C1 with an offer accepted.
async fn appointed(service: &Service) -> (Campaign, Trainee) {
    let campaign = Campaign::opens(&service.cast).await;
    let said = json!({});
    let c1 = Trainee::applies(
        &service.cast,
        &campaign.vacancy,
        candidate(1),
        "2025-11-21",
        said,
    )
    .await;
    c1.is_shortlisted().await;
    c1.is_interviewed().await;
    c1.is_appointed().await;
    c1.accepts().await;
    (campaign, c1)
}

/// EVAL-01, PRECEPT-06, SUP-06
#[tokio::test(flavor = "multi_thread")]
async fn feedback_is_read_by_those_it_is_for_and_nobody_else() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (campaign, c1) = appointed(&service).await;
    let network = cast.of(NETWORK, NetworkLead).on("2026-05-04");
    let found = json!({"kind": "practitioners", "title": "Practitioners of the North West"});
    let community = network.write("FoundCommunity", found).await;
    let trainee = c1.candidate("2026-05-04");
    let named = json!({"community": community});
    trainee.write("JoinCommunity", named.clone()).await;
    let outsider = cast.of(NORTHMOOR, ServiceManager).on("2026-05-04");
    let wrong_kind = outsider.refusal("JoinCommunity", named).await;
    assert_eq!(wrong_kind, "NOT_PERMITTED");

    let feedback = |about: &str, text: &str| json!({"about": about, "rating": 4, "text": text});
    let of_trainee = trainee
        .write(
            "GiveFeedback",
            feedback(&c1.application, "Marker words one"),
        )
        .await;
    let of_member = trainee
        .write("GiveFeedback", feedback(&community, "Marker words two"))
        .await;
    let of_sponsor = cast
        .of(NORTHMOOR, ProfessionalLead)
        .on("2026-05-04")
        .write(
            "GiveFeedback",
            feedback(&campaign.partnership, "Marker words three"),
        )
        .await;
    let patient = trainee
        .refusal("GiveFeedback", feedback(&community, "for 943 476 5919"))
        .await;
    assert_eq!(patient, "PATIENT_IDENTIFIER_SUSPECTED");

    let reads = [
        (
            &of_trainee,
            WEXCOMBE,
            ProgrammeLead,
            Some("Marker words one"),
        ),
        (&of_trainee, NORTHMOOR, ServiceManager, None),
        (&of_trainee, NETWORK, NetworkLead, None),
        (&of_member, NETWORK, NetworkLead, Some("Marker words two")),
        (&of_member, NORTHMOOR, ServiceManager, None),
        (&of_member, WEXCOMBE, ProgrammeLead, None),
        (
            &of_sponsor,
            WEXCOMBE,
            ProgrammeLead,
            Some("Marker words three"),
        ),
        (
            &of_sponsor,
            NORTHMOOR,
            ProfessionalLead,
            Some("Marker words three"),
        ),
        (&of_sponsor, SEVERNVALE, ProfessionalLead, None),
        (&of_sponsor, CALDERBRIDGE, ProgrammeLead, None),
    ];
    for (name, tenant, role, text) in reads {
        let caller = cast.of(tenant, role);
        let asked = json!({"name": name});
        match text {
            Some(text) => {
                let read = caller.get("GetFeedback", asked).await;
                assert_eq!(read["feedback"]["text"], text, "{role} of {tenant}");
            }
            None => {
                let reason = caller.refusal("GetFeedback", asked).await;
                assert_eq!(reason, "NOT_PERMITTED", "{role} of {tenant}");
            }
        }
    }
    cast.settle().await;
    let seen = cast
        .of(WEXCOMBE, ProgrammeLead)
        .get("GetDashboard", json!({}))
        .await;
    let means: Vec<(&str, i64)> = figures(&seen, "feedback_mean_rating");
    assert_eq!(means, [("sponsor", 400), ("trainee", 400)]);
    // One member is too few to be shown, even to the network that knows them.
    let seen = network.get("GetDashboard", json!({})).await;
    let members = figure(&seen, "community_members");
    assert_eq!(
        (&members["value"], &members["suppressed"]),
        (&json!(0), &json!(true))
    );
}

/// EVAL-04, EVAL-05, EVAL-06, EVAL-07, EVAL-08, EVAL-09, EVAL-12
#[tokio::test(flavor = "multi_thread")]
async fn one_definition_serves_employer_commissioner_and_network() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let manager = cast.of(NORTHMOOR, ServiceManager).on("2028-10-02");
    let early = manager
        .on("2028-08-31")
        .refusal("ReportOutcomes", month(&campaign))
        .await;
    assert_eq!(early, "STATE_NOT_ALLOWED");
    let report = manager.write("ReportOutcomes", month(&campaign)).await;
    cast.settle().await;
    let viewers = [
        (NORTHMOOR, ServiceManager),
        (COMMISSIONER, CommissionerNational),
        (NETWORK, NetworkLead),
    ];
    let mut seen = vec![];
    for (tenant, role) in viewers {
        let dashboard = cast
            .of(tenant, role)
            .get("GetDashboard", json!({"include_definitions": true}))
            .await;
        let definition = dashboard["definitions"]
            .as_array()
            .expect("definitions")
            .iter()
            .find(|definition| definition["name"] == "outcomes")
            .cloned();
        seen.push((
            figures(&dashboard, "outcomes")
                .into_iter()
                .map(|(measure, value)| (measure.to_owned(), value))
                .collect::<Vec<_>>(),
            figure(&dashboard, "outcome_completeness")["value"].clone(),
            figures(&dashboard, "internal_referrals_by_month")
                .into_iter()
                .map(|(month, value)| (month.to_owned(), value))
                .collect::<Vec<_>>(),
            definition.expect("a definition"),
        ));
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[1], seen[2]);
    assert!(seen[0].0.contains(&("goal_progress".to_owned(), 31)));
    assert!(seen[0].0.contains(&("new_access".to_owned(), 17)));
    assert_eq!(seen[0].1, 100);
    assert_eq!(seen[0].2, [("2028-08-01".to_owned(), 9)]);

    let read = cast
        .of(NETWORK, NetworkLead)
        .get("GetOutcomeReport", json!({"name": report}))
        .await;
    let first = &read["report"]["values"][0];
    assert_eq!(first["measure"], "goal_progress");
    assert_eq!(first["unit"], "people");
    let stranger = cast
        .of(SEVERNVALE, ServiceManager)
        .refusal("GetOutcomeReport", json!({"name": report}))
        .await;
    assert_eq!(stranger, "NOT_PERMITTED");
}

/// EVAL-02, EVAL-03
#[tokio::test(flavor = "multi_thread")]
async fn an_extract_is_the_same_to_the_byte_and_joins_with_no_other() {
    let service = Service::start().await;
    let cast = &service.cast;
    let (_, c1) = appointed(&service).await;
    c1.is_cleared().await;
    c1.confirms_conditions(&[], &[]).await;
    c1.is_funded().await;
    cast.settle().await;
    let national = cast.of(COMMISSIONER, CommissionerNational);
    let feed = national.get("ListFeed", json!({"page_size": 1000})).await;
    let head: i64 = feed["items"]
        .as_array()
        .expect("items")
        .last()
        .and_then(|item| item["position"].as_i64())
        .expect("a position");
    let grant = |position: i64, purpose: &str| json!({"evaluator": EVALUATOR.to_string(), "position": position, "purpose": purpose});
    let first = national
        .on("2026-03-01")
        .write("GrantExtract", grant(head, "Wave 1."))
        .await;
    let second = national
        .on("2026-03-01")
        .write("GrantExtract", grant(head, "Wave 2."))
        .await;
    let beyond = national
        .on("2026-03-01")
        .write("GrantExtract", grant(head + 1_000, "Wave 3."))
        .await;
    let evaluator = cast.of(EVALUATOR, Evaluator);
    let read = async |name: &str| {
        let reply = evaluator.call("ReadExtract", json!({"name": name})).await;
        reply.expect("an extract granted")
    };
    let before = read(&first).await;
    // Whatever happens since stays out of it.
    national
        .on("2026-03-02")
        .write("GrantExtract", grant(head, "Wave 4."))
        .await;
    let after = read(&first).await;
    assert_eq!(before.bytes, after.bytes);
    assert_eq!(before.json["role"], "MHWP");
    assert_eq!(before.json["region"], "north_west");
    assert_eq!(before.json["instalments_paid"], 0);
    let other = read(&second).await;
    assert_ne!(before.json["pseudonym"], other.json["pseudonym"]);
    let person = c1.person_name();
    let id = person.rsplit('/').next().expect("an id");
    for reply in [&before, &other] {
        assert!(!reply.json.to_string().contains(id), "no opaque id either");
    }
    let early = evaluator
        .refusal("ReadExtract", json!({"name": beyond}))
        .await;
    assert_eq!(early, "STATE_NOT_ALLOWED");
    // Nobody else reads it, the commissioner that granted it included.
    for (tenant, role) in [
        (COMMISSIONER, CommissionerNational),
        (WEXCOMBE, AdmissionsTutor),
    ] {
        let reason = cast
            .of(tenant, role)
            .refusal("ReadExtract", json!({"name": first}))
            .await;
        assert_eq!(reason, "NOT_PERMITTED");
    }
    let auditors = cast
        .of(AUDITOR, Evaluator)
        .refusal("ReadExtract", json!({"name": first}))
        .await;
    assert_eq!(auditors, "NOT_PERMITTED");
}

/// A whole figure.
fn figure(seen: &Value, name: &str) -> Value {
    let figures = seen["dashboard"]["figures"].as_array().expect("figures");
    figures
        .iter()
        .find(|figure| figure["name"] == name)
        .cloned()
        .unwrap_or_default()
}

/// The parts of a split figure.
fn figures<'a>(seen: &'a Value, name: &str) -> Vec<(&'a str, i64)> {
    let figures = seen["dashboard"]["figures"].as_array().expect("figures");
    figures
        .iter()
        .filter(|figure| figure["name"] == name)
        .map(|figure| {
            (
                figure["part"].as_str().unwrap_or_default(),
                figure["value"].as_i64().expect("a value"),
            )
        })
        .collect()
}
