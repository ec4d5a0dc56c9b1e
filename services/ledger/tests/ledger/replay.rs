//! Replays: every event once, in the order of its stream, at one moment, opened or sealed.

use std::collections::BTreeMap;

use domain::{
    actor::{ActingRole, PersonId, TenantKind},
    directory::{RecordSupervisor, SupervisorEvent},
    fact::Fact,
    permission::Action,
    personal::Personal,
    policy::catalogue::Register,
};
use ledger::{Ledger, LedgerError, Opens, Replayed};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    sites::{add_site, open_service, prepare, submit},
    support::{Database, TallyAct, Touch, envelope, grant, open, permit, tenant},
};

/// Every stored event by stream, in the order in which it was visited.
async fn visited(ledger: &Ledger) -> BTreeMap<(String, Uuid), Vec<u64>> {
    let partitions = ledger
        .replay(
            Opens::Nothing,
            BTreeMap::<(String, Uuid), Vec<u64>>::new,
            |seen, event: Replayed<'_>| {
                seen.entry((event.kind.to_owned(), event.stream))
                    .or_default()
                    .push(event.sequence);
            },
        )
        .await
        .unwrap();
    assert_eq!(partitions.len(), 16);
    partitions.into_iter().flatten().collect()
}

async fn history(ledger: &Ledger) {
    prepare(ledger).await;
    for n in 0..5 {
        let service = open_service(ledger, 1, n).await;
        for site in 0..6 {
            add_site(ledger, 1, service, &format!("A{site}"), 10 * n + site).await;
        }
    }
}

/// Stores the log again in another order.
async fn reorder(connection: &mut PgConnection, order: &str) {
    sqlx::raw_sql(&format!(
        "CREATE TEMPORARY TABLE kept AS SELECT * FROM ledger.event;
         DELETE FROM ledger.event;
         INSERT INTO ledger.event SELECT * FROM kept ORDER BY {order}"
    ))
    .execute(connection)
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_visited_once_and_in_the_order_of_its_stream_however_it_is_stored() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    history(&ledger).await;
    let count = "SELECT count(*) FROM ledger.event";
    for order in ["sequence DESC", "md5(hash::text)"] {
        reorder(&mut database.connect("postgres").await, order).await;
        let visited = visited(&ledger).await;
        let events: usize = visited.values().map(Vec::len).sum();
        assert_eq!(i64::try_from(events).unwrap(), database.number(count).await);
        for (stream, sequences) in visited {
            let dense: Vec<u64> = (1..=sequences.len() as u64).collect();
            assert_eq!(sequences, dense, "{stream:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_lacks_an_event_is_named() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    history(&ledger).await;
    sqlx::raw_sql(
        "DELETE FROM ledger.event WHERE sequence = 3 AND aggregate_type = 'clinical_service'",
    )
    .execute(&mut database.connect("postgres").await)
    .await
    .unwrap();
    let replayed = ledger.replay(Opens::Nothing, || (), |(), _| ()).await;
    assert!(
        matches!(replayed, Err(LedgerError::Unreadable { sequence: 3, .. })),
        "{replayed:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_says_what_is_stored_and_who_sees_it() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let id = open(&ledger, tenant(1), 1, &[tenant(2), tenant(3)]).await;
    let act = Touch::one(id, TallyAct::Raise { by: 2 });
    let receipt = ledger.submit(&permit(tenant(1)), envelope(1), &act).await;
    let recorded = receipt.unwrap().recorded;
    let partitions = ledger
        .replay(
            Opens::Nothing,
            Vec::new,
            move |seen, event: Replayed<'_>| {
                let parties: Vec<_> = event.parties().collect();
                seen.push((event.sequence, parties, event.recorded));
                assert!(event.metadata.contains(&event.effective().to_string()));
                // No aggregate of the domain.
                assert!(event.fact().is_err_and(|words| words.contains("tally")));
            },
        )
        .await
        .unwrap();
    let seen: Vec<_> = partitions.into_iter().flatten().collect();
    let parties = vec![tenant(1), tenant(2), tenant(3)];
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[1], (2, parties, recorded));
}

const NAME: &str = "Zebediah Quillfeather";

async fn supervisor(ledger: &Ledger, n: u128) {
    let record = RecordSupervisor {
        person: PersonId(Uuid::from_u128(n)),
        name: format!("{NAME} \"{n}\""),
        register: Register::Hcpc,
        number: format!("PYL90000{n}"),
    };
    submit(
        ledger,
        &grant(
            tenant(1),
            TenantKind::Employer,
            ActingRole::EmployerHr,
            Action::RecordSupervisor,
        ),
        0x9_0000 + n,
        &record,
    )
    .await
    .unwrap();
}

/// The supervisors' names as a replay sees them.
async fn names(ledger: &Ledger, opens: Opens) -> Result<Vec<Personal<String>>, LedgerError> {
    let partitions = ledger
        .replay(opens, Vec::new, |names, event: Replayed<'_>| {
            assert!(!event.payload.contains(NAME));
            if let Ok(Fact::Supervisor(SupervisorEvent::SupervisorRecorded { name, .. })) =
                event.fact()
            {
                names.push(name);
            }
        })
        .await?;
    Ok(partitions.into_iter().flatten().collect())
}

fn clear(names: &[Personal<String>]) -> usize {
    names
        .iter()
        .filter(|name| matches!(name, Personal::Clear { value, .. } if value.starts_with(NAME)))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn personal_values_are_opened_for_their_controller_only_and_not_once_they_are_erased() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    for n in 1..=3 {
        supervisor(&ledger, n).await;
    }
    for (opens, opened) in [
        (Opens::Nothing, 0),
        (Opens::All, 3),
        (Opens::HeldBy(tenant(1)), 3),
        (Opens::HeldBy(tenant(2)), 0),
    ] {
        let names = names(&ledger, opens).await.unwrap();
        assert_eq!((names.len(), clear(&names)), (3, opened), "{opens:?}");
    }

    // One person's key is destroyed; a process that never had it at hand reads on.
    sqlx::raw_sql(
        "UPDATE ledger.subject_key SET wrapped = NULL, destroyed_at = now()
          WHERE subject = '00000000-0000-0000-0000-000000000002'",
    )
    .execute(&mut database.connect("postgres").await)
    .await
    .unwrap();
    let names = names(&ledger, Opens::All).await.unwrap();
    assert_eq!(names.len(), 3);
    assert!(clear(&names) >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_value_that_was_changed_stops_a_replay_that_opens_it() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    prepare(&ledger).await;
    supervisor(&ledger, 1).await;
    sqlx::raw_sql(
        r#"UPDATE ledger.event
              SET payload = regexp_replace(payload::text, '"text":"....', '"text":"AAAA')::json
            WHERE event_type = 'SupervisorRecorded'"#,
    )
    .execute(&mut database.connect("postgres").await)
    .await
    .unwrap();
    assert_eq!(names(&ledger, Opens::Nothing).await.unwrap().len(), 1);
    let opened = names(&ledger, Opens::All).await;
    assert!(
        matches!(opened, Err(LedgerError::Unreadable { sequence: 1, .. })),
        "{opened:?}"
    );
}
