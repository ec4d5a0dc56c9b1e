//! Open streams end with what they were opened with: the role, the assignment, the token.

use std::time::Duration;

use domain::actor::{
    ActingRole::{self, ProgrammeLead, TenantAdmin},
    Actor, PersonId,
};
use serde_json::{Value, json};
use server::demonstration::AUDIENCE;
use tonic::Code;
use uuid::Uuid;

use crate::harness::{
    Caller, Cast, Refused, Service,
    caller::Messages,
    cast::WEXCOMBE,
    life::Campaign,
    service::{self, now},
};

/// A stream ends within a few seconds; the machine of a test may be busy.
const PATIENCE: Duration = Duration::from_secs(20);
/// A token is good for so many seconds longer than it says.
const LEEWAY: u64 = 30;

fn of_wexcombe(who: u128, role: ActingRole) -> Actor {
    Actor {
        person: Some(PersonId(Uuid::from_u128(who))),
        ..service::actor(WEXCOMBE, role)
    }
}

fn signed_in(cast: &Cast, who: u128, role: ActingRole) -> Caller {
    let actor = of_wexcombe(who, role);
    cast.api.by(service::token(&cast.issuer, &actor))
}

/// The administrator (1) manages the roles; whoever is listed leads programmes, until a day.
async fn managed(cast: &Cast, leads: &[(u128, &str)]) -> Caller {
    let admin = signed_in(cast, 1, TenantAdmin).on("2025-11-10");
    let who = |number: u128| PersonId(Uuid::from_u128(number)).to_string();
    let assign = |number, role: &str, until: &str| json!({"person": who(number), "role": role, "from": "2025-09-01", "until": until});
    for number in [1].iter().chain(leads.iter().map(|(number, _)| number)) {
        let joiner = json!({"person": who(*number), "date": "2025-09-01"});
        admin.write("RecordJoiner", joiner).await;
    }
    let own = assign(1, "tenant_admin", "");
    admin.write("AssignRole", own).await;
    for (number, until) in leads {
        let lead = assign(*number, "programme_lead", until);
        admin.write("AssignRole", lead).await;
    }
    admin.write("ManageRoles", json!({"managed": true})).await;
    admin
}

/// The feed and the dashboard, both of them open and read to the present.
async fn opened(by: &Caller) -> Vec<Messages> {
    let mut open = vec![];
    for (method, message) in [("SubscribeFeed", json!({})), ("WatchDashboard", json!({}))] {
        let mut stream = by.open(method, message).await.expect("let in");
        stream.next().await.expect("open").expect("something");
        open.push(stream);
    }
    open
}

/// How a stream ends; whatever it still had to say comes first.
async fn end(stream: &mut Messages) -> Refused {
    let ends = async {
        loop {
            match stream.next().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("it ends without a word"),
                Err(refused) => return refused,
            }
        }
    };
    tokio::time::timeout(PATIENCE, ends)
        .await
        .expect("it ends within a few seconds")
}

#[tokio::test(flavor = "multi_thread")]
async fn b_7_a_stream_ends_with_the_role_it_was_opened_in() {
    let service = Service::start().await;
    let cast = &service.cast;
    Campaign::opens(cast).await;
    cast.settle().await;
    let admin = managed(cast, &[(2, ""), (3, ""), (4, "2025-11-20"), (5, "")]).await;
    let who = |number: u128| PersonId(Uuid::from_u128(number)).to_string();
    let mut open = vec![];
    for number in [2, 3, 4, 5] {
        open.push(opened(&signed_in(cast, number, ProgrammeLead)).await);
    }
    // one moves on, one leaves, and the last day of one comes; one stays
    let ended = json!({"person": who(2), "role": "programme_lead", "date": "2025-11-09"});
    admin.write("EndRole", ended).await;
    let left = json!({"person": who(3), "date": "2025-11-09"});
    admin.write("RecordLeaver", left).await;
    for streams in &mut open[..2] {
        for stream in streams {
            let refused = end(stream).await;
            assert_eq!(
                (refused.code, refused.reason.as_str()),
                (Code::PermissionDenied, "ROLE_ENDED")
            );
            assert!(refused.status.message().contains("open it again"));
        }
    }
    let joiner = json!({"person": who(6), "date": "2025-11-21"});
    admin.on("2025-11-21").write("RecordJoiner", joiner).await;
    for stream in &mut open[2] {
        assert_eq!(end(stream).await.reason, "ROLE_ENDED");
    }
    for stream in &mut open[3] {
        // whoever still holds the role hears of what comes, and of nothing else
        let quiet = tokio::time::timeout(Duration::from_secs(3), async {
            while let Ok(Some(_)) = stream.next().await {}
        });
        assert!(quiet.await.is_err(), "it goes on");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b_7_a_stream_ends_when_its_token_expires() {
    let service = Service::start().await;
    let cast = &service.cast;
    Campaign::opens(cast).await;
    cast.settle().await;
    let actor = of_wexcombe(2, ProgrammeLead);
    // an hour's token of which some seconds are left
    let signed = now() - 3600 - LEEWAY + 8;
    let token = cast.issuer.sign(AUDIENCE, &actor, signed, 1);
    let by = cast.api.by(token.expect("a token"));
    let mut open = opened(&by).await;
    for stream in &mut open {
        let refused = end(stream).await;
        assert_eq!(
            (refused.code, refused.reason.as_str()),
            (Code::Unauthenticated, "UNAUTHENTICATED")
        );
        assert!(refused.status.message().contains("sign in again"));
    }
    let refused: Value = by.refusal("ListFeed", json!({})).await.into();
    assert_eq!(refused, "UNAUTHENTICATED");
    service.stop().await;
}
