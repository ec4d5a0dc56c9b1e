//! Roles that an organisation manages itself: joiners, movers, leavers and guests, and an
//! administrator who sees no record.

use domain::actor::{
    ActingRole::{
        self, AdmissionsTutor, BoardSecretary, CircumstancesPanel, CommissionerNational,
        ExternalExaminer, ProgrammeLead, TenantAdmin,
    },
    Actor, PersonId, TenantId,
};
use domain::marks::MarkSheet;
use serde_json::{Value, json};

use crate::harness::{
    Caller, Cast, Service,
    cast::{CALDERBRIDGE, COMMISSIONER, WEXCOMBE},
    life::{Campaign, Trainee, board_is_constituted, record},
    service,
};

/// Somebody of Wexcombe in a role; the token says so, whatever the register does.
fn signed_in(cast: &Cast, tenant: TenantId, who: u128, role: ActingRole) -> Caller {
    let actor = Actor {
        person: Some(PersonId(uuid::Uuid::from_u128(who))),
        ..service::actor(tenant, role)
    };
    cast.api.by(service::token(&cast.issuer, &actor))
}

fn person(who: u128) -> String {
    PersonId(uuid::Uuid::from_u128(who)).to_string()
}

fn assigned(who: u128, role: &str) -> Value {
    json!({"person": person(who), "role": role, "from": "2025-09-01"})
}

/// The administrator (1) manages the roles, and a programme lead (2) has joined.
async fn managed(cast: &Cast) -> Caller {
    let admin = signed_in(cast, WEXCOMBE, 1, TenantAdmin).on("2025-11-10");
    for who in [1, 2] {
        let joiner = json!({"person": person(who), "date": "2025-09-01"});
        admin.write("RecordJoiner", joiner).await;
    }
    admin.write("AssignRole", assigned(1, "tenant_admin")).await;
    admin.write("ManageRoles", json!({"managed": true})).await;
    admin
        .write("AssignRole", assigned(2, "programme_lead"))
        .await;
    admin
}

#[tokio::test(flavor = "multi_thread")]
async fn b_7_a_token_is_good_for_assigned_roles_only_once_they_are_managed() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let intake = json!({"name": campaign.intake});
    let lead = signed_in(cast, WEXCOMBE, 2, ProgrammeLead);
    lead.get("GetIntake", intake.clone()).await;
    let admin = managed(cast).await;

    // Assigned and current; another role, and another person, are not.
    lead.get("GetIntake", intake.clone()).await;
    for (who, role) in [(2, AdmissionsTutor), (3, ProgrammeLead)] {
        let other = signed_in(cast, WEXCOMBE, who, role);
        assert_eq!(
            other.refusal("GetIntake", intake.clone()).await,
            "NOT_PERMITTED"
        );
    }
    // The other tenants go on as before: one person acts in two of them, in one at a time.
    signed_in(cast, COMMISSIONER, 2, CommissionerNational)
        .get("GetIntake", intake.clone())
        .await;

    // A mover: in the new role from now on, in the old one no longer.
    admin
        .write("AssignRole", assigned(2, "admissions_tutor"))
        .await;
    admin
        .write(
            "EndRole",
            json!({"person": person(2), "role": "programme_lead", "date": "2025-11-09"}),
        )
        .await;
    let tutor = signed_in(cast, WEXCOMBE, 2, AdmissionsTutor);
    tutor.get("GetIntake", intake.clone()).await;
    assert_eq!(
        lead.refusal("GetIntake", intake.clone()).await,
        "NOT_PERMITTED"
    );

    // A leaver's token still verifies, and is worth nothing.
    admin
        .write(
            "RecordLeaver",
            json!({"person": person(2), "date": "2025-11-09"}),
        )
        .await;
    assert_eq!(
        tutor.refusal("GetIntake", intake.clone()).await,
        "NOT_PERMITTED"
    );

    // And a second node knows.
    let (second, running) = service.second_node().await;
    let elsewhere = signed_in(&second, WEXCOMBE, 2, AdmissionsTutor);
    assert_eq!(
        elsewhere.refusal("GetIntake", intake).await,
        "NOT_PERMITTED"
    );
    running.stop().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c_1_a_guest_goes_with_the_last_day_and_an_administrator_sees_no_record() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let standing = board_is_constituted(cast, "MHWP").await;
    let admin = managed(cast).await;
    admin
        .write(
            "RecordJoiner",
            json!({"person": person(4), "date": "2025-09-01"}),
        )
        .await;
    let mut guest = assigned(4, "external_examiner");
    assert_eq!(
        admin.refusal("AssignRole", guest.clone()).await,
        "FIELD_INVALID"
    );
    guest["until"] = json!("2025-11-20");
    guest["case"] = json!("The board of November 2025");
    assert_eq!(
        admin.refusal("AssignRole", guest.clone()).await,
        "FIELD_INVALID",
        "words that name no record"
    );
    guest["case"] = json!(standing);
    admin.write("AssignRole", guest).await;
    let examiner = signed_in(cast, WEXCOMBE, 4, ExternalExaminer);
    let board = json!({"name": standing});
    examiner.get("GetExamBoard", board.clone()).await;
    let staff = admin.get("GetStaff", json!({})).await;
    let held = |staff: &Value| {
        let members = staff["staff"]["members"].as_array().expect("members");
        let member = members.iter().find(|member| member["person"] == person(4));
        member.expect("a guest")["roles"][0].clone()
    };
    assert_eq!(held(&staff)["current"], true);
    assert_eq!(held(&staff)["until"], "2025-11-20");
    // Time passes by what others record.
    admin
        .on("2025-12-01")
        .write(
            "RecordJoiner",
            json!({"person": person(5), "date": "2025-12-01"}),
        )
        .await;
    let staff = admin.get("GetStaff", json!({})).await;
    assert_eq!(held(&staff)["current"], false);
    assert_eq!(
        examiner.refusal("GetExamBoard", board).await,
        "NOT_PERMITTED"
    );

    // The administrator reads who works there and nothing else; the operator not even that.
    for (method, name) in [
        ("GetIntake", &campaign.intake),
        ("GetPartnership", &campaign.partnership),
        ("GetVacancy", &campaign.vacancy),
    ] {
        let asked = json!({"name": name});
        assert_eq!(admin.refusal(method, asked).await, "NOT_PERMITTED");
    }
    for method in ["GetDashboard", "ListFeed"] {
        assert_eq!(admin.refusal(method, json!({})).await, "NOT_PERMITTED");
    }
    for stranger in [
        cast.operator(),
        signed_in(cast, WEXCOMBE, 2, ProgrammeLead),
        cast.of(WEXCOMBE, BoardSecretary),
    ] {
        assert_eq!(
            stranger.refusal("GetStaff", json!({})).await,
            "NOT_PERMITTED"
        );
    }
    // Another organisation's administrator has a register of their own.
    let other = signed_in(cast, CALDERBRIDGE, 1, TenantAdmin);
    let others = other.get("GetStaff", json!({})).await;
    assert_eq!(others["staff"]["members"], json!([]));
    assert_eq!(others["staff"]["managed"], false);
    service.stop().await;
}

/// An examiner and a member of the panel, each there for one case of two: every RPC of the service,
/// with every record there is, tells them of theirs and of no other.
#[tokio::test(flavor = "multi_thread")]
async fn c_2_a_guest_reaches_the_case_and_nothing_else_over_every_rpc() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let boards = [
        board_is_constituted(cast, "MHWP").await,
        board_is_constituted(cast, "PWP").await,
    ];
    let mut sheets = vec![];
    let mut claims = vec![];
    let mut applications = vec![];
    for number in [1, 2] {
        let one = Trainee::in_training(cast, &campaign, number).await;
        let mark = json!({"application": one.application, "component": "module_1", "mark": 44});
        one.programme("2026-07-31")
            .write("RecordProvisionalMark", mark)
            .await;
        let claim = json!({
            "application": one.application,
            "component": "module_1",
            "statement": "A made-up illness in the family.",
        });
        let claim = one
            .candidate("2026-08-03")
            .write("ClaimCircumstances", claim)
            .await;
        sheets.push(record::<MarkSheet>(WEXCOMBE, &one.application));
        claims.push(claim);
        applications.push(one.application);
    }
    cast.settle().await;
    let admin = signed_in(cast, WEXCOMBE, 1, TenantAdmin).on("2026-08-04");
    let case = format!("{} {}", boards[0], applications[0]);
    for (who, role, case) in [
        (4, "external_examiner", &case),
        (5, "circumstances_panel", &applications[0]),
    ] {
        let joiner = json!({"person": person(who), "date": "2026-08-01"});
        admin.write("RecordJoiner", joiner).await;
        let mut guest = assigned(who, role);
        guest["from"] = json!("2026-08-01");
        guest["until"] = json!("2026-09-30");
        guest["case"] = json!(case);
        admin.write("AssignRole", guest).await;
    }
    let examiner = signed_in(cast, WEXCOMBE, 4, ExternalExaminer);
    let panel = signed_in(cast, WEXCOMBE, 5, CircumstancesPanel).on("2026-08-10");
    let nothing = "00000000-0000-4000-8000-000000000404";
    for (by, method, own, other) in [
        (&examiner, "GetExamBoard", &boards[0], &boards[1]),
        (&examiner, "GetMarkSheet", &sheets[0], &sheets[1]),
        (&panel, "GetCircumstancesClaim", &claims[0], &claims[1]),
    ] {
        by.get(method, json!({"name": own})).await;
        let missing = format!("{}/{nothing}", own.split('/').next().unwrap_or_default());
        let answers = [json!({"name": other}), json!({"name": missing})];
        let mut told = vec![];
        for message in answers {
            let refused = by.call(method, message).await.map(|reply| reply.json);
            told.push(refused.expect_err("no part of the case").told());
        }
        assert_eq!(told[0], told[1], "{method}");
    }
    let decide = |claim: &str| json!({"claim": claim, "accepted": true});
    let claim = |application: &str| json!({"application": application, "component": "module_2", "statement": "Made up."});
    for (method, own, other) in [
        (
            "DecideCircumstances",
            decide(&claims[0]),
            decide(&claims[1]),
        ),
        (
            "ClaimCircumstances",
            claim(&applications[0]),
            claim(&applications[1]),
        ),
    ] {
        assert_eq!(panel.refusal(method, other).await, "NOT_PERMITTED");
        panel.write(method, own).await;
    }

    // Whatever else was ever asked here, and every record by every getter.
    let mut told = vec![];
    let mut asked: Vec<(String, Value)> = (cast.api.accepted().into_iter())
        .map(|call| (call.method, call.message))
        .collect();
    let all: Vec<(String, String)> =
        sqlx::query_as("SELECT aggregate_type, aggregate_id FROM ledger.stream WHERE version > 0")
            .fetch_all(&service.owner)
            .await
            .expect("the owner reads streams");
    for (kind, id) in &all {
        let Some(collection) = domain::fact::collection(kind) else {
            continue;
        };
        for method in [
            "GetExamBoard",
            "GetBoardSitting",
            "GetMarkSheet",
            "GetCircumstancesClaim",
        ] {
            asked.push((
                method.to_owned(),
                json!({"name": format!("{collection}/{id}")}),
            ));
        }
    }
    for (method, mut message) in asked {
        if let Some(fields) = message.as_object_mut() {
            fields.remove("request_id");
        }
        for guest in [&examiner, &panel] {
            if guest.call(&method, message.clone()).await.is_ok() {
                told.push((
                    method.clone(),
                    message["name"].as_str().unwrap_or_default().to_owned(),
                ));
            }
        }
    }
    told.retain(|(method, name)| match method.as_str() {
        "GetExamBoard" => *name != boards[0],
        "GetMarkSheet" => *name != sheets[0],
        "GetCircumstancesClaim" => *name == claims[1],
        // said again of their own case
        "ClaimCircumstances" | "DecideCircumstances" => false,
        _ => true,
    });
    assert!(told.is_empty(), "{told:#?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b_7_where_roles_are_managed_a_client_system_acts_in_an_assigned_role_or_in_none() {
    let service = Service::start().await;
    let cast = &service.cast;
    let campaign = Campaign::opens(cast).await;
    let intake = json!({"name": campaign.intake});
    let system = |who: Option<u128>| {
        let actor = Actor {
            person: who.map(|who| PersonId(uuid::Uuid::from_u128(who))),
            client: Some("admissions-system".to_owned()),
            ..service::actor(WEXCOMBE, ProgrammeLead)
        };
        cast.api.by(service::token(&cast.issuer, &actor))
    };
    system(None).get("GetIntake", intake.clone()).await;
    managed(cast).await;
    let refused = system(None).refusal("GetIntake", intake.clone()).await;
    assert_eq!(refused, "NOT_PERMITTED");
    // recorded as 2, and so assigned
    system(Some(2)).get("GetIntake", intake.clone()).await;
    let refused = system(Some(3)).refusal("GetIntake", intake).await;
    assert_eq!(refused, "NOT_PERMITTED");
    service.stop().await;
}
