//! Reactions and timers: what follows, follows once.

use std::time::Duration;

use domain::{
    directory::ClinicalServiceEvent,
    fact::Fact,
    permission::Action,
    policy::{PolicyRegister, SetPolicy},
    reactions::{Occurred, Reaction, Timer},
    world::Command,
};
use jiff::civil::date;
use ledger::{Ledger, Reactor};

use crate::{
    support::{Database, tenant},
    views::{add_site, open_service, prepare},
};

fn note(policy: String) -> Box<dyn Command> {
    Box::new(SetPolicy {
        policy,
        from: date(2026, 1, 1),
        until: None,
        value: serde_json::Value::Null,
        source: "test".to_owned(),
        approver: "test".to_owned(),
    })
}

/// Every site is noted in the register once; one of a bad code asks for what is refused.
fn note_sites(event: &Occurred) -> Vec<Reaction> {
    match &event.fact {
        Fact::ClinicalService(ClinicalServiceEvent::SiteAdded { site }) => {
            let policy = match site.code.as_str() {
                "BAD" => "not an id".to_owned(),
                code => format!("site.{code}"),
            };
            vec![Reaction::Command(Action::SetPolicy, note(policy))]
        }
        _ => vec![],
    }
}

fn no_timer(_: &Timer) -> (Action, Box<dyn Command>) {
    (Action::SetPolicy, note("never".to_owned()))
}

fn reactor(ledger: &Ledger) -> Reactor {
    Reactor::of(ledger, note_sites, no_timer)
}

/// How often each site has been noted.
async fn notes(database: &Database) -> i64 {
    database
        .number(
            "SELECT count(*) FROM ledger.event
              WHERE aggregate_type = 'policy' AND payload::text LIKE '%\"site.%'",
        )
        .await
}

#[tokio::test]
async fn every_event_is_reacted_to_once_however_often_it_is_run() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    for n in 0..5 {
        add_site(&ledger, 1, service, &format!("A{n}"), n).await;
    }
    reactor(&ledger).catch_up().await.unwrap();
    assert_eq!(notes(&database).await, 5);

    // As if the process had died before its checkpoint was stored.
    sqlx::query("UPDATE ledger.reaction_checkpoint SET position = 0")
        .execute(&mut database.connect("postgres").await)
        .await
        .unwrap();
    reactor(&ledger).catch_up().await.unwrap();
    assert_eq!(notes(&database).await, 5);

    let register = ledger.policies();
    let versions: usize = register.all().map(|(_, versions)| versions.len()).sum();
    assert_eq!(versions, 6, "{}", register.all().count());
}

#[tokio::test]
async fn what_follows_carries_cause_correlation_and_trace_of_its_command() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "A1", 1).await;
    reactor(&ledger).catch_up().await.unwrap();
    let caused = format!(
        "SELECT count(*) FROM ledger.event cause
           JOIN ledger.event effect
             ON effect.metadata->>'causation' = 'clinical_service/{}/2'
            AND effect.metadata->>'correlation' = cause.metadata->>'correlation'
            AND effect.metadata->>'effective' = cause.metadata->>'effective'
          WHERE cause.event_type = 'SiteAdded' AND effect.event_type = 'PolicySet'",
        service.0
    );
    assert_eq!(database.number(&caused).await, 1);
}

#[tokio::test]
async fn a_refused_reaction_is_parked_with_its_reason_and_the_next_ones_run() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "BAD", 1).await;
    add_site(&ledger, 1, service, "A1", 2).await;
    let mut reactor = reactor(&ledger);
    reactor.catch_up().await.unwrap();
    assert_eq!(notes(&database).await, 1);
    let parked = reactor.parked(tenant(1)).await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].action.as_str(), parked[0].reason.as_str()),
        ("SetPolicy", "FIELD_INVALID")
    );
    assert!(!reactor.retry(tenant(1), parked[0].request).await.unwrap());
    let mended = Reactor::of(&ledger, |_| vec![], no_timer);
    assert!(mended.retry(tenant(1), parked[0].request).await.unwrap());
    assert!(reactor.parked(tenant(1)).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_event_of_two_parties_is_reacted_to_at_home_only() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    // Registering a tenant is an event of the platform and of the tenant.
    let seen: fn(&Occurred) -> Vec<Reaction> = |event| match event.fact {
        Fact::Tenant(_) => {
            let policy = format!("site.{}", event.stream);
            vec![Reaction::Command(Action::SetPolicy, note(policy))]
        }
        _ => vec![],
    };
    Reactor::of(&ledger, seen, no_timer)
        .catch_up()
        .await
        .unwrap();
    assert_eq!(notes(&database).await, 2);
}

/// Runners side by side, stopped at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_and_killed_runners_react_once() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    let writer = tokio::spawn({
        let ledger = ledger.clone();
        async move {
            for n in 0..60 {
                add_site(&ledger, 1, service, &format!("A{n}"), n).await;
            }
        }
    });
    let mut kills = 0_u64;
    while !writer.is_finished() {
        let (_stop, stopped) = tokio::sync::watch::channel(false);
        let runners: Vec<_> = (0..3)
            .map(|_| tokio::spawn(reactor(&ledger).run(stopped.clone())))
            .collect();
        tokio::time::sleep(Duration::from_millis(3 + kills * 7 % 23)).await;
        runners.iter().for_each(|runner| runner.abort());
        kills += 1;
    }
    writer.await.unwrap();
    reactor(&ledger).catch_up().await.unwrap();
    assert_eq!(notes(&database).await, 60);
    let (register, _) = (PolicyRegister::id(), ());
    let dense = format!(
        "SELECT count(*) - max(sequence) FROM ledger.event WHERE aggregate_id = '{}'",
        register.0
    );
    assert_eq!(database.number(&dense).await, 0);
}
