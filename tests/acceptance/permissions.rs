//! Who may call what: the table as a reviewed page, and every RPC called as everybody.

mod relations;

use std::{collections::BTreeSet, fmt::Write as _};

use contract::DESCRIPTORS;
use domain::{
    actor::{ActingRole, Actor, PLATFORM, PersonId, TenantId, TenantKind},
    permission::Action,
    refusal::Refusal,
};
use prost_reflect::DescriptorPool;
use serde_json::{Value, json};
use server::{demonstration::AUDIENCE, token::DevelopmentIssuer};
use strum::IntoEnumIterator as _;
use tempfile::TempDir;
use tonic::Code;
use uuid::Uuid;

use crate::harness::{
    Cast, Refused, Service,
    caller::{methods, writes},
    cast::{
        AUDITOR, CALDERBRIDGE, COMMISSIONER, EVALUATOR, NETWORK, NORTHMOOR, OTHER_COMMISSIONER,
        SEVERNVALE, STRANGER, WEXCOMBE, candidate,
    },
    service::{self, now},
    snapshot, tour,
};

/// The roles in the order of `ActingRole`, by the codes of its documentation.
pub(crate) fn code(role: ActingRole) -> &'static str {
    match role {
        ActingRole::Candidate => "CAN",
        ActingRole::EmployerHr => "EHR",
        ActingRole::ServiceManager => "ESM",
        ActingRole::PracticeSupervisor => "ESU",
        ActingRole::ProfessionalLead => "EPL",
        ActingRole::EmployerFinance => "EFI",
        ActingRole::EmployerDataProtection => "EDP",
        ActingRole::AdmissionsTutor => "UAT",
        ActingRole::ProgrammeLead => "UPL",
        ActingRole::PersonalTutor => "UTU",
        ActingRole::BoardSecretary => "UBS",
        ActingRole::BoardChair => "UBC",
        ActingRole::ExternalExaminer => "UEX",
        ActingRole::CircumstancesPanel => "UEC",
        ActingRole::UniversityDataProtection => "UDP",
        ActingRole::FitnessOfficer => "UFP",
        ActingRole::CommissionerNational => "CNA",
        ActingRole::CommissionerRegional => "CRE",
        ActingRole::NetworkLead => "PPN",
        ActingRole::Evaluator => "EVA",
        ActingRole::Auditor => "AUD",
        ActingRole::TenantAdmin => "TAD",
        ActingRole::PlatformOperator => "SYS",
    }
}

fn matrix() -> String {
    let mut page = format!("{:30}", "");
    for role in ActingRole::iter() {
        let _ = write!(page, " {}", code(role));
    }
    page.push('\n');
    for action in Action::iter() {
        let mut row = format!("{action:30}");
        for role in ActingRole::iter() {
            let may = action.roles().contains(&role);
            let _ = write!(row, "  {} ", if may { 'x' } else { '.' });
        }
        page.push_str(row.trim_end());
        page.push('\n');
    }
    page
}

#[test]
fn the_permission_matrix_is_the_reviewed_one() {
    snapshot::compare("permissions.txt", &matrix());
}

#[test]
fn every_rpc_has_an_action_of_its_name_and_every_action_an_rpc() {
    let pool = DescriptorPool::decode(DESCRIPTORS).expect("sound descriptors");
    let rpcs: BTreeSet<String> = methods(&pool)
        .iter()
        .map(|method| method.name().to_owned())
        .collect();
    assert_eq!(rpcs.len(), methods(&pool).len(), "an RPC's name is its own");
    let actions: BTreeSet<String> = Action::iter().map(|action| action.to_string()).collect();
    assert_eq!(rpcs, actions);
}

/// The tenant in which a role is played, and one of another kind.
fn homes(role: ActingRole) -> (TenantId, TenantId) {
    match role.tenant_kind() {
        Some(TenantKind::Employer) => (NORTHMOOR, WEXCOMBE),
        Some(TenantKind::University) => (WEXCOMBE, NORTHMOOR),
        Some(TenantKind::Commissioner) => (COMMISSIONER, NETWORK),
        Some(TenantKind::Network) => (NETWORK, COMMISSIONER),
        Some(TenantKind::Evaluator) => (EVALUATOR, AUDITOR),
        Some(TenantKind::Auditor) => (AUDITOR, EVALUATOR),
        Some(TenantKind::Platform) => (PLATFORM, NORTHMOOR),
        Some(TenantKind::Person) => (candidate(1), NORTHMOOR),
        None => (NORTHMOOR, WEXCOMBE),
    }
}

/// The one answer that tells nothing.
fn uniform(refused: &Refused) -> bool {
    let words = Refusal::not_permitted();
    refused.code == Code::PermissionDenied
        && refused.reason == "NOT_PERMITTED"
        && refused.infos == 1
        && refused.status.message() == words.message
        && refused.metadata.is_empty()
        && refused.fields.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_obeys_the_matrix_for_every_role() {
    let service = Service::start().await;
    let cast = &service.cast;
    for method in methods(&cast.api.pool) {
        let action: Action = method.name().parse().expect("an action of its name");
        for role in ActingRole::iter() {
            let who = format!("{} as {role}", method.name());
            let (home, elsewhere) = homes(role);
            let answer = cast.of(home, role).call(method.name(), json!({})).await;
            match answer {
                // Allowed, and so told what is wrong with the empty message.
                Err(refused) if action.roles().contains(&role) => {
                    assert_ne!(refused.code, Code::PermissionDenied, "{who}");
                    assert_ne!(refused.code, Code::Unauthenticated, "{who}");
                }
                Err(refused) => assert!(uniform(&refused), "{who}: {refused:?}"),
                Ok(_) => assert!(action.roles().contains(&role), "{who}"),
            }

            // The same role under a roof where it does not belong, and under none.
            for tenant in [elsewhere, TenantId(Uuid::from_u128(404))] {
                // every organisation has administrators
                if role == ActingRole::TenantAdmin && tenant == elsewhere {
                    continue;
                }
                let refused = cast
                    .of(tenant, role)
                    .call(method.name(), json!({}))
                    .await
                    .map(|reply| reply.json)
                    .err();
                match (refused, role.tenant_kind()) {
                    // Whoever signs in as a person is one.
                    (_, Some(TenantKind::Person)) if tenant != elsewhere => {}
                    (Some(refused), _) => assert!(uniform(&refused), "{who}: {refused:?}"),
                    (None, _) => panic!("{who} of {tenant} is let in"),
                }
            }
        }
    }
    service.stop().await;
}

/// One person of two tenants: each call is made in one role of one of them, and says which.
#[tokio::test(flavor = "multi_thread")]
async fn actor_04_whoever_has_roles_in_two_tenants_acts_in_one_at_a_time() {
    let service = Service::start().await;
    let cast = &service.cast;
    let person = Some(PersonId(Uuid::from_u128(0xC0)));
    let acting = |tenant, role| {
        let actor = Actor {
            person,
            ..service::actor(tenant, role)
        };
        cast.api.by(service::token(&cast.issuer, &actor))
    };
    let network = acting(NETWORK, ActingRole::NetworkLead).on("2024-11-21");
    let national = acting(COMMISSIONER, ActingRole::CommissionerNational).on("2024-11-21");
    let meeting = json!({"scope": "national", "participants": ["networks"]});
    network.write("HoldNetworkMeeting", meeting.clone()).await;
    let milestone = json!({"role": "MHWP", "milestone": "specification"});
    let as_network = network.call("ReachMilestone", milestone).await;
    assert!(uniform(&as_network.expect_err("another tenant's role")));
    let as_national = national.call("HoldNetworkMeeting", meeting).await;
    assert!(uniform(&as_national.expect_err("another tenant's role")));
    assert!(uniform(
        &national
            .call("GetNetwork", json!({}))
            .await
            .expect_err("the other tenant's record")
    ));
    let feed = network.get("ListFeed", json!({})).await;
    let last = feed["items"].as_array().and_then(|items| items.last());
    assert_eq!(last.expect("a meeting")["acting_role"], "network_lead");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_wants_a_good_token() {
    let service = Service::start().await;
    let cast = &service.cast;
    let keys = TempDir::new().expect("a folder");
    let impostor = DevelopmentIssuer::open(&keys.path().join("issuer.pk8")).expect("an issuer");
    for method in methods(&cast.api.pool) {
        let action: Action = method.name().parse().expect("an action of its name");
        let role = *action.roles().first().expect("somebody may call it");
        let actor = service::actor(homes(role).0, role);
        let sign = |issuer: &DevelopmentIssuer, audience, at| {
            let token = issuer.sign(audience, &actor, at, 1);
            cast.api.by(token.expect("a token"))
        };
        for (why, caller) in [
            ("none", cast.api.by_nobody()),
            ("expired", sign(&cast.issuer, AUDIENCE, now() - 2 * 3600)),
            (
                "of another audience",
                sign(&cast.issuer, "elsewhere", now()),
            ),
            ("of another issuer", sign(&impostor, AUDIENCE, now())),
        ] {
            let refused = caller
                .call(method.name(), json!({}))
                .await
                .expect_err("not let in");
            assert_eq!(
                refused.code,
                Code::Unauthenticated,
                "{} {why}",
                method.name()
            );
            assert_eq!(
                (refused.reason.as_str(), refused.infos),
                ("UNAUTHENTICATED", 1)
            );
        }
    }
    service.stop().await;
}

/// The request, naming records that nobody has.
fn elsewhere(message: &Value) -> Value {
    match message {
        Value::String(text) => match text.split_once('/') {
            Some((collection, id)) if Uuid::try_parse(id).is_ok() => {
                let other = Uuid::new_v5(&PLATFORM.0, id.as_bytes());
                json!(format!("{collection}/{other}"))
            }
            _ => message.clone(),
        },
        Value::Array(values) => values.iter().map(elsewhere).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), elsewhere(value)))
            .collect(),
        _ => message.clone(),
    }
}

/// RPCs that any tenant of the role's kind may call with names of others in them, because what they
/// write or read is the caller's own.
const ANYBODYS: &[&str] = &[
    "AcceptTrainingPlace",
    "AnswerMonitoring",
    "AskPolicyQuestion",
    "AssignRole",
    "CheckFundingLock",
    "ConsentToLockDisclosure",
    "ConstituteBoard",
    "ContractProvider",
    "DeclareLivedExperience",
    "DefineModule",
    "EndRole",
    "ExportDashboard",
    "GetDashboard",
    "GetIntakeTrend",
    "GetOperation",
    // somebody else's own life is their own
    "GetOwnTimeline",
    "GetPolicy",
    "GetRole",
    "GetStaff",
    "GetTenant",
    "GetWorkforceReport",
    // a community is open to whoever is of its kind, who may say so once a member
    "GiveFeedback",
    "GrantExtract",
    "GrantPayeeException",
    "HoldBoard",
    "JoinCommunity",
    "LeaveCommunity",
    "ListAccesses",
    "ListBreakGlass",
    "ListDisputes",
    "ListFeed",
    "ListOwnAccesses",
    "ListFigureItems",
    "ListPolicies",
    "ListRoles",
    "ManageRoles",
    "OpenClinicalService",
    "OpenEnvelope",
    "PlanIntake",
    "PublishEdiRelease",
    "ReachMilestone",
    "RecordJoiner",
    "RecordLeaver",
    "RecordSupervisor",
    "RecordWorkforceCount",
    "RegisterTenant",
    "SetPolicy",
    "SubmitApplication",
    "SubscribeFeed",
    "SucceedTenant",
    "WatchDashboard",
    "WhatIf",
];

/// Every reader of a role: parties, other and former ones, who took over, and strangers.
fn everybody(role: ActingRole) -> Vec<TenantId> {
    match role.tenant_kind() {
        Some(TenantKind::Employer) => vec![NORTHMOOR, SEVERNVALE, STRANGER],
        Some(TenantKind::University) => vec![WEXCOMBE, CALDERBRIDGE],
        Some(TenantKind::Commissioner) => vec![COMMISSIONER, OTHER_COMMISSIONER],
        Some(TenantKind::Person) => vec![candidate(1), candidate(2), candidate(404)],
        _ => vec![homes(role).0],
    }
}

/// Reads of records there are, by everybody whose role may make them: who is refused one is refused
/// it in the words that are said of none.
async fn refused_otherwise(cast: &Cast) -> Vec<String> {
    let (mut wrong, mut tried) = (vec![], BTreeSet::new());
    for call in cast.api.accepted() {
        let method = cast.api.method(&call.method);
        let again = !tried.insert((call.method.clone(), call.message.to_string()));
        if writes(&method) || again || ANYBODYS.contains(&call.method.as_str()) {
            continue;
        }
        let action: Action = call.method.parse().expect("an action of its name");
        for role in action.roles() {
            for tenant in everybody(*role) {
                let by = cast.of(tenant, *role);
                let Err(existing) = by.call(&call.method, call.message.clone()).await else {
                    continue;
                };
                let missing = by.call(&call.method, elsewhere(&call.message)).await.err();
                let alike = missing.is_some_and(|missing| missing.told() == existing.told());
                if !uniform(&existing) || !alike {
                    wrong.push(format!(
                        "{} as {role} of {tenant}: {existing:?}",
                        call.method
                    ));
                }
            }
        }
    }
    wrong
}

/// Whoever is no party hears of an existing record what they hear of none.
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_cannot_tell_a_record_from_none() {
    let service = Service::start().await;
    let cast = &service.cast;
    tour::whole(cast).await;
    let mut tried = BTreeSet::new();
    let mut wrong = vec![];
    for call in cast.api.accepted() {
        tried.insert(call.method.clone());
        let Some(actor) = cast.actor_of(&call.token) else {
            continue;
        };
        let stranger = match actor.kind {
            TenantKind::Employer => STRANGER,
            TenantKind::University => CALDERBRIDGE,
            TenantKind::Commissioner => OTHER_COMMISSIONER,
            TenantKind::Person => candidate(404),
            _ => continue,
        };
        if ANYBODYS.contains(&call.method.as_str()) {
            continue;
        }
        let stranger = cast.of(stranger, actor.role);
        let mut message = call.message.clone();
        if let Some(fields) = message.as_object_mut() {
            fields.remove("request_id");
        }
        let existing = stranger.call(&call.method, message.clone()).await;
        let missing = stranger.call(&call.method, elsewhere(&message)).await;
        let told = |answer: &Result<_, Refused>| match answer {
            Ok(_) => None,
            Err(refused) => Some(refused.told()),
        };
        let denied = existing.as_ref().err().is_some_and(uniform);
        if !denied || told(&existing) != told(&missing) {
            wrong.push(format!(
                "{} as {}: {:?} / {:?}",
                call.method,
                actor.role,
                existing.map(|reply| reply.json),
                missing.map(|reply| reply.json)
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let all: BTreeSet<String> = methods(&cast.api.pool)
        .iter()
        .map(|method| method.name().to_owned())
        .collect();
    let untried: Vec<_> = all.difference(&tried).collect();
    assert!(untried.is_empty(), "the tour never calls {untried:?}");
    let wrong = refused_otherwise(cast).await;
    assert!(wrong.is_empty(), "{wrong:#?}");
    service.stop().await;
}
