//! Roles that an organisation manages itself: joiners, movers, leavers and guests, and an
//! administrator who sees no record.

use domain::actor::{
    ActingRole::{
        self, AdmissionsTutor, BoardSecretary, CommissionerNational, ExternalExaminer,
        ProgrammeLead, TenantAdmin,
    },
    Actor, PersonId, TenantId,
};
use serde_json::{Value, json};

use crate::harness::{
    Caller, Cast, Service,
    cast::{CALDERBRIDGE, COMMISSIONER, WEXCOMBE},
    life::Campaign,
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
    admin.write("AssignRole", guest).await;
    let examiner = signed_in(cast, WEXCOMBE, 4, ExternalExaminer);
    let board = json!({"name": "examBoards/00000000-0000-4000-8000-000000000404"});
    // Let in, and then there is no such board: the two cannot be told apart from outside, so the
    // register tells them apart.
    let staff = admin.get("GetStaff", json!({})).await;
    let held = |staff: &Value| {
        let members = staff["staff"]["members"].as_array().expect("members");
        let member = members.iter().find(|member| member["person"] == person(4));
        member.expect("a guest")["roles"][0].clone()
    };
    assert_eq!(held(&staff)["current"], true);
    assert_eq!(held(&staff)["until"], "2025-11-20");
    assert_eq!(
        examiner.refusal("GetExamBoard", board).await,
        "NOT_PERMITTED"
    );
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
