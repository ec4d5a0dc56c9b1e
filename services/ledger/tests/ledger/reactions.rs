//! Reactions and timers: what follows, follows once.

use std::time::Duration;

use domain::{
    actor::PersonId,
    correction::{Authority, Correction, RecordedEvent},
    directory::{ClinicalService, ClinicalServiceEvent},
    fact::Fact,
    id::Id,
    identity::{Identity, IdentityAct, IdentityReason},
    permission::{Action, Permit},
    personal::PersonalClass,
    policy::{PolicyRegister, SetPolicy},
    reactions::{Occurred, Reaction, Timer},
    world::{Command, Halt, Issue, StreamKey, World},
};
use jiff::{SignedDuration, Timestamp, civil::date};
use ledger::{Clock, Envelope, Ledger, Reactor};
use uuid::Uuid;

use crate::{
    sites::{add_site, employer, open_service, prepare, site},
    support::{CLASS, Database, TallyAct, Touch, envelope, open, permit, request, tenant},
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
    let dense = format!(
        "SELECT count(*) - max(sequence) FROM ledger.event WHERE aggregate_id = '{}'",
        PolicyRegister::id().0
    );
    assert_eq!(database.number(&dense).await, 0);
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Ten days after a site was added, it is noted.
fn remind_of_sites(event: &Occurred) -> Vec<Reaction> {
    match &event.fact {
        Fact::ClinicalService(ClinicalServiceEvent::SiteAdded { .. }) => {
            let timer = Timer::DecisionRound {
                application: Id::new(event.stream),
                round: u32::try_from(event.sequence).unwrap(),
            };
            vec![Reaction::Timer(event.effective + DAY * 10, timer)]
        }
        _ => vec![],
    }
}

fn note_reminder(timer: &Timer) -> (Action, Box<dyn Command>) {
    let Timer::DecisionRound { application, round } = timer else {
        panic!("no other timer is set here: {timer:?}");
    };
    let policy = match round {
        4 => "not an id".to_owned(),
        round => format!("site.{}.{round}", application.0),
    };
    (Action::SetPolicy, note(policy))
}

async fn add_site_at(
    ledger: &Ledger,
    service: Id<ClinicalService>,
    code: &str,
    at: Timestamp,
    n: u128,
) {
    let envelope = Envelope {
        effective: Some(at),
        ..Envelope::new(request(0xD00_0000 + n), [n as u8; 32])
    };
    ledger
        .submit(
            &employer(1, Action::AddSite),
            envelope,
            &site(service, code),
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn a_timer_fires_once_at_its_due_time_and_the_same_on_replay() {
    let database = Database::new().await;
    let options = ledger::LedgerOptions {
        clock: Clock::Sandbox,
        ..database.options()
    };
    let ledger = database.ledger_with(options).await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    let start = ledger.now();
    let mut reactor = Reactor::of(&ledger, remind_of_sites, note_reminder);

    add_site_at(&ledger, service, "A1", start + DAY, 1).await;
    reactor.catch_up().await.unwrap();
    assert_eq!(notes(&database).await, 0, "not due yet");
    add_site_at(&ledger, service, "A2", start + DAY * 15, 2).await;
    reactor.catch_up().await.unwrap();
    assert_eq!(notes(&database).await, 1);
    let fired = format!(
        "SELECT count(*) FROM ledger.event
          WHERE payload::text LIKE '%\"site.%' AND metadata->>'effective' = '{}'",
        start + DAY * 11
    );
    assert_eq!(database.number(&fired).await, 1, "true at its due time");

    // As if everything the runner knew of had been lost.
    for forget in [
        "UPDATE ledger.reaction_checkpoint SET position = 0",
        "DELETE FROM ledger.timer",
    ] {
        sqlx::query(forget)
            .execute(&mut database.connect("postgres").await)
            .await
            .unwrap();
    }
    Reactor::of(&ledger, remind_of_sites, note_reminder)
        .catch_up()
        .await
        .unwrap();
    assert_eq!(notes(&database).await, 1);
    let states = "SELECT count(*) FROM ledger.timer WHERE state = 'waiting'";
    assert_eq!(database.number(states).await, 1, "the second is not due");
}

#[tokio::test]
async fn a_refused_timer_is_kept_and_can_be_tried_again() {
    let database = Database::new().await;
    let options = ledger::LedgerOptions {
        clock: Clock::Sandbox,
        ..database.options()
    };
    let ledger = database.ledger_with(options).await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    let start = ledger.now();
    for (n, code) in ["A1", "A2", "A3"].iter().enumerate() {
        add_site_at(&ledger, service, code, start, n as u128).await;
    }
    add_site_at(&ledger, service, "A4", start + DAY * 30, 9).await;
    let mut reactor = Reactor::of(&ledger, remind_of_sites, note_reminder);
    reactor.catch_up().await.unwrap();
    // The reminder of the third site, the service's fourth event, is refused.
    assert_eq!(notes(&database).await, 2);
    let parked = reactor.parked(tenant(1)).await.unwrap();
    assert_eq!(parked.len(), 1);
    let mended = |timer: &Timer| {
        let Timer::DecisionRound { round, .. } = timer else {
            panic!("no other timer is set here: {timer:?}");
        };
        (Action::SetPolicy, note(format!("site.mended.{round}")))
    };
    let mut reactor = Reactor::of(&ledger, remind_of_sites, mended);
    assert!(reactor.retry(tenant(1), parked[0].request).await.unwrap());
    reactor.catch_up().await.unwrap();
    assert_eq!(notes(&database).await, 3);
    assert!(reactor.parked(tenant(1)).await.unwrap().is_empty());
}

/// Whoever has a site is erased: enough to see what the runner does about it.
fn erase_with_a_site(event: &Occurred) -> Vec<Reaction> {
    match &event.fact {
        Fact::ClinicalService(ClinicalServiceEvent::SiteAdded { .. }) => {
            vec![Reaction::DestroyKeys {
                person: PersonId(Uuid::from_u128(77)),
                of: vec![(tenant(1), [PersonalClass::Assessment].into())],
            }]
        }
        _ => vec![],
    }
}

/// Two records are one human's.
#[derive(Debug)]
struct Same([PersonId; 2]);

impl Command for Same {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let [one, other] = self.0;
        for (person, same) in [(one, other), (other, one)] {
            let merge = IdentityAct::Merge {
                person,
                same: [same].into(),
                correction: Correction {
                    corrects: RecordedEvent::of(Identity::id(one).key(), 1),
                    reason: IdentityReason::PersonIdentified,
                    authority: Authority::Own,
                },
            };
            world.decide(issue, Identity::id(person), merge)?;
        }
        Ok(Identity::id(one).key())
    }
}

#[tokio::test]
async fn erasure_reaches_a_human_under_whichever_record_a_controller_holds() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let home = tenant(1);
    let [asks, merged, another] = [77, 78, 79].map(|n| PersonId(Uuid::from_u128(n)));
    let mut notes = vec![];
    for (n, subject) in (1..).zip([asks, merged, another]) {
        let id = open(&ledger, home, n, &[]).await;
        let act = TallyAct::Note {
            subject,
            note: "Scored four.".to_owned(),
        };
        ledger
            .submit(&permit(home), envelope(900 + n), &Touch::one(id, act))
            .await
            .unwrap();
        notes.push(id);
    }
    let platform = Permit::platform(Action::MergePersons);
    ledger
        .submit(&platform, envelope(990), &Same([asks, merged]))
        .await
        .unwrap();
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "A1", 1).await;
    let mut reactor = Reactor::of(&ledger, erase_with_a_site, no_timer);
    reactor.catch_up().await.unwrap();
    let mut kept = vec![];
    for id in notes {
        let read = ledger.read(&permit(home), id).await.unwrap();
        let note = ledger
            .open_personal(&permit(home), CLASS, &read.state.notes[0])
            .await;
        kept.push(note.unwrap().is_some());
    }
    assert_eq!(kept, [false, false, true]);
}

#[tokio::test]
async fn a_class_erased_before_it_had_a_key_takes_none() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let (home, sharer) = (tenant(1), tenant(2));
    let id = open(&ledger, home, 1, &[sharer]).await;
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "A1", 1).await;
    let mut reactor = Reactor::of(&ledger, erase_with_a_site, no_timer);
    reactor.catch_up().await.unwrap();
    let act = TallyAct::Note {
        subject: PersonId(Uuid::from_u128(77)),
        note: "Scored four.".to_owned(),
    };
    ledger
        .submit(&permit(home), envelope(900), &Touch::one(id, act))
        .await
        .unwrap();
    let read = ledger.read(&permit(home), id).await.unwrap();
    let note = &read.state.notes[0];
    let opened = async |tenant| {
        let opened = ledger.open_personal(&permit(tenant), CLASS, note).await;
        opened.unwrap()
    };
    assert_eq!(opened(home).await, None);
    assert_eq!(opened(sharer).await.as_deref(), Some("Scored four."));
}

#[tokio::test]
async fn a_key_on_its_way_while_its_class_is_erased_is_destroyed_too() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    let service = open_service(&ledger, 1, 1).await;
    add_site(&ledger, 1, service, "A1", 1).await;
    let mut append = database.connect("postgres").await;
    sqlx::raw_sql(&format!(
        "BEGIN;
         INSERT INTO ledger.subject_key (controller, subject, class, key_id, wrapped, kek_id)
         VALUES ('{}', '{}', 'assessment', gen_random_uuid(), '', '')",
        tenant(1).0,
        Uuid::from_u128(77)
    ))
    .execute(&mut append)
    .await
    .unwrap();
    let mut reactor = Reactor::of(&ledger, erase_with_a_site, no_timer);
    let erasing = tokio::spawn(async move { reactor.catch_up().await });
    let waits = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while database.number(waits).await == 0 {
        assert!(!erasing.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sqlx::raw_sql("COMMIT").execute(&mut append).await.unwrap();
    erasing.await.unwrap().unwrap();
    let left = "SELECT count(*) FROM ledger.subject_key WHERE wrapped IS NOT NULL";
    assert_eq!(database.number(left).await, 0);
}
