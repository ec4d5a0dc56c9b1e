use domain::{
    actor::PersonId,
    personal::{Personal, SealedCopy},
};
use ledger::{KeyEncryptionKey, Ledger, LedgerError};
use sqlx::Row as _;
use uuid::Uuid;

use crate::support::{CLASS, Database, TallyAct, Touch, envelope, open, permit, tenant};

const MARKER: &str = "Zebediah Quillfeather";

fn person() -> PersonId {
    PersonId(Uuid::from_u128(77))
}

fn note(text: &str) -> TallyAct {
    TallyAct::Note {
        subject: person(),
        note: text.to_owned(),
    }
}

#[tokio::test]
async fn each_controller_opens_its_own_copy_and_nobody_else_any() {
    let database = Database::new().await;
    let options = database.options();
    let ledger = database.ledger_with(options.clone()).await;
    let (home, sharer) = (tenant(1), tenant(2));
    let id = open(&ledger, home, 1, &[sharer]).await;
    ledger
        .submit(&permit(home), envelope(1), &Touch::one(id, note(MARKER)))
        .await
        .unwrap();
    // The same from the writer's cache and from a process that loads it.
    for ledger in [ledger, database.ledger_with(options).await] {
        let read = ledger.read(&permit(home), id).await.unwrap();
        for tenant in [home, sharer] {
            let opened = ledger
                .open_personal(&permit(tenant), CLASS, &read.state.notes[0])
                .await
                .unwrap();
            assert_eq!(opened.as_deref(), Some(MARKER));
        }
        let foreign = ledger
            .open_personal(&permit(tenant(3)), CLASS, &read.state.notes[0])
            .await
            .unwrap();
        assert_eq!(foreign, None);
        // What is at hand holds nothing clear either.
        assert!(!serde_json::to_string(&read.state).unwrap().contains(MARKER));
        let page = ledger.feed(&permit(sharer), 0, 10).await.unwrap();
        assert_eq!(
            page.items[1]
                .event
                .as_ref()
                .unwrap()
                .payload
                .as_deref()
                .unwrap(),
            r#"{"TallyNoted":{"note":{"personal":"assessment"}}}"#
        );
    }
}

/// Whatever row a wrong query hands to a tenant, and under whichever name: the other's copy stays shut.
#[tokio::test]
async fn no_tenant_opens_the_copy_of_another_even_when_a_query_is_wrong() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let (home, sharer) = (tenant(1), tenant(2));
    let id = open(&ledger, home, 1, &[sharer]).await;
    ledger
        .submit(&permit(home), envelope(1), &Touch::one(id, note(MARKER)))
        .await
        .unwrap();
    let read = ledger.read(&permit(home), id).await.unwrap();
    let Personal::Sealed {
        subject,
        class,
        copies,
    } = read.state.notes[0].clone()
    else {
        panic!("it is stored sealed")
    };
    let of = |tenant| {
        copies
            .iter()
            .find(|copy| copy.controller == tenant)
            .unwrap()
    };
    let (own, theirs) = (of(sharer).clone(), of(home).clone());
    for wrong in [
        // the other's row under the own name, with the other's key and with the own one
        SealedCopy {
            controller: sharer,
            ..theirs.clone()
        },
        SealedCopy {
            controller: sharer,
            key: own.key,
            ..theirs.clone()
        },
        // and under that of somebody with no part in it
        SealedCopy {
            controller: tenant(3),
            ..theirs.clone()
        },
    ] {
        let reader = permit(wrong.controller);
        let value: Personal<String> = Personal::Sealed {
            subject,
            class,
            copies: vec![wrong],
        };
        let opened = ledger.open_personal(&reader, CLASS, &value).await;
        assert!(!matches!(opened, Ok(Some(_))), "{opened:?}");
    }
    // Nor does a role that projects reach any key at all.
    for role in ["trellis_reader", "trellis_projector"] {
        let keys = sqlx::query("SELECT wrapped FROM ledger.subject_key")
            .fetch_all(&mut database.connect(role).await)
            .await;
        assert!(keys.is_err(), "{role}");
    }
}

#[tokio::test]
async fn a_personal_value_is_in_no_table_of_the_database() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let id = open(&ledger, home, 1, &[tenant(2)]).await;
    ledger
        .submit(&permit(home), envelope(1), &Touch::one(id, note(MARKER)))
        .await
        .unwrap();
    let mut connection = database.connect("postgres").await;
    let tables = sqlx::query(
        "SELECT format('SELECT coalesce(string_agg(t::text, %L), %L) FROM ledger.%I t', '|', '', relname)
           FROM pg_class WHERE relnamespace = 'ledger'::regnamespace AND relkind IN ('r', 'p')",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut dump = String::new();
    for table in tables {
        let rows: String = sqlx::query_scalar(table.get(0))
            .fetch_one(&mut connection)
            .await
            .unwrap();
        dump.push_str(&rows);
    }
    assert!(dump.contains("TallyNoted"));
    for hidden in [MARKER, "Quillfeather", "$personal"] {
        assert!(!dump.contains(hidden));
    }
    let hex: String = MARKER.bytes().map(|byte| format!("{byte:02x}")).collect();
    assert!(!dump.contains(&hex));
}

#[tokio::test]
async fn a_destroyed_key_erases_what_it_sealed_and_what_comes_after() {
    let database = Database::new().await;
    let options = database.options();
    let ledger = database.ledger_with(options.clone()).await;
    let (home, sharer) = (tenant(1), tenant(2));
    let id = open(&ledger, home, 1, &[sharer]).await;
    ledger
        .submit(&permit(home), envelope(1), &Touch::one(id, note(MARKER)))
        .await
        .unwrap();
    sqlx::query(
        "UPDATE ledger.subject_key SET wrapped = NULL, destroyed_at = now() WHERE controller = $1",
    )
    .bind(sharer.0)
    .execute(&mut database.connect("trellis_command").await)
    .await
    .unwrap();
    let later = database.ledger_with(options).await;
    later
        .submit(&permit(home), envelope(2), &Touch::one(id, note("more")))
        .await
        .unwrap();
    let read = later.read(&permit(home), id).await.unwrap();
    for (note, text) in read.state.notes.iter().zip([MARKER, "more"]) {
        let kept = later
            .open_personal(&permit(home), CLASS, note)
            .await
            .unwrap();
        assert_eq!(kept.as_deref(), Some(text));
        let erased = later
            .open_personal(&permit(sharer), CLASS, note)
            .await
            .unwrap();
        assert_eq!(erased, None);
    }
}

#[tokio::test]
async fn a_key_is_stored_with_the_first_event_sealed_under_it_or_not_at_all() {
    let database = Database::new().await;
    let options = database.options();
    let ledger = database.ledger_with(options.clone()).await;
    let home = tenant(1);
    let id = open(&ledger, home, 1, &[tenant(2)]).await;
    let mut owner = database.connect("postgres").await;
    let mut rename = async |from: &str, to: &str| {
        sqlx::raw_sql(&format!("ALTER FUNCTION ledger.{from} RENAME TO {to}"))
            .execute(&mut owner)
            .await
            .unwrap();
    };
    let keys = "SELECT count(*) FROM ledger.subject_key";
    let command = Touch::one(id, note(MARKER));

    rename("append", "away").await;
    let failed = ledger.submit(&permit(home), envelope(1), &command).await;
    assert!(matches!(failed, Err(LedgerError::Store(_))), "{failed:?}");
    assert_eq!(database.number(keys).await, 0);

    rename("away", "append").await;
    ledger
        .submit(&permit(home), envelope(1), &command)
        .await
        .unwrap();
    // The key that was made for the command that failed, now that it is stored, is not brought again.
    ledger
        .submit(&permit(home), envelope(2), &Touch::one(id, note("more")))
        .await
        .unwrap();
    let together = "SELECT count(*) FROM ledger.subject_key k
                      JOIN ledger.event e ON e.xmin = k.xmin AND e.event_type = 'TallyNoted'";
    assert_eq!(database.number(keys).await, 2);
    assert_eq!(database.number(together).await, 2);
    let later = database.ledger_with(options).await;
    let read = later.read(&permit(home), id).await.unwrap();
    for (note, text) in read.state.notes.iter().zip([MARKER, "more"]) {
        let opened = later.open_personal(&permit(home), CLASS, note).await;
        assert_eq!(opened.unwrap().as_deref(), Some(text));
    }
}

#[tokio::test]
async fn racing_writers_agree_on_one_key_per_person_and_controller() {
    let database = Database::new().await;
    let options = database.options();
    let ledgers = [
        database.ledger_with(options.clone()).await,
        database.ledger_with(options.clone()).await,
    ];
    let home = tenant(1);
    let mut ids = vec![];
    for n in 0..8 {
        ids.push(open(&ledgers[0], home, n, &[tenant(2)]).await);
    }
    let all = ids.iter().enumerate().map(|(n, id)| {
        let command = Touch::one(*id, note(MARKER));
        let ledger = ledgers[n % 2].clone();
        async move {
            ledger
                .submit(&permit(home), envelope(n as u128), &command)
                .await
                .unwrap()
        }
    });
    futures::future::join_all(all).await;
    let keys = "SELECT count(*) FROM ledger.subject_key";
    assert_eq!(database.number(keys).await, 2);
    let fresh = database.ledger_with(options).await;
    for id in ids {
        let read = fresh.read(&permit(home), id).await.unwrap();
        let opened = fresh
            .open_personal(&permit(home), CLASS, &read.state.notes[0])
            .await
            .unwrap();
        assert_eq!(opened.as_deref(), Some(MARKER));
    }
}

#[tokio::test]
async fn a_ledger_does_not_open_under_another_key_encryption_key() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let home = tenant(1);
    let id = open(&ledger, home, 1, &[]).await;
    ledger
        .submit(&permit(home), envelope(1), &Touch::one(id, note(MARKER)))
        .await
        .unwrap();
    let opened = Ledger::open(database.options()).await;
    assert!(matches!(opened, Err(LedgerError::Keys(_))), "{opened:?}");
}

#[test]
fn a_key_file_is_created_once_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let first = KeyEncryptionKey::from_file(&path).unwrap();
    let again = KeyEncryptionKey::from_file(&path).unwrap();
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(KeyEncryptionKey::from_file(&path).is_err());
}
