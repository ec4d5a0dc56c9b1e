use sqlx::{Connection as _, PgConnection};

use crate::support::{Database, TallyAct, Touch, envelope, open, permit, tenant};

async fn refused(connection: &mut PgConnection, statement: &str) {
    match sqlx::raw_sql(statement).execute(connection).await {
        Err(sqlx::Error::Database(error)) => {
            assert_eq!(
                error.code().as_deref(),
                Some("42501"),
                "{statement}: {error}"
            );
        }
        other => panic!("{statement}: {other:?}"),
    }
}

/// A row for a tenant that has no checkpoint.
const FILL: &str = "ledger.fill(1, '{00000000-0000-0000-0000-000000000001}',
                                '{00000000-0000-0000-0000-000000000001}', '{NULL}', '{\"{}\"}')";

#[tokio::test]
async fn every_tenant_table_forces_row_level_security_and_has_a_policy() {
    let database = Database::new().await;
    let open_tables: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text
           FROM pg_class c
           JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
                AND a.attname IN ('tenant_id', 'home_tenant', 'parties', 'controller')
          WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                     AND (c.relispartition OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)))",
    )
    .fetch_all(&mut database.connect("postgres").await)
    .await
    .unwrap();
    assert!(open_tables.is_empty(), "{open_tables:?}");
}

#[tokio::test]
async fn a_reader_sees_nothing_without_a_tenant_and_only_its_own_with_one() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    open(&ledger, tenant(1), 1, &[tenant(2)]).await;
    open(&ledger, tenant(1), 2, &[]).await;
    let mut reader = database.connect("trellis_reader").await;
    for (table, seen_by_one, seen_by_two) in [
        ("event", 2, 1),
        ("feed", 2, 1),
        ("stream", 2, 1),
        ("receipt", 2, 0),
        ("tenant", 1, 1),
    ] {
        let count = format!("SELECT count(*) FROM ledger.{table}");
        let all: i64 = sqlx::query_scalar(&count)
            .fetch_one(&mut reader)
            .await
            .unwrap();
        assert_eq!(all, 0, "{table}");
        for (tenant, expected) in [(tenant(1), seen_by_one), (tenant(2), seen_by_two)] {
            let mut transaction = reader.begin().await.unwrap();
            sqlx::query("SELECT set_config('trellis.tenant', $1, true)")
                .bind(tenant.0.to_string())
                .execute(&mut *transaction)
                .await
                .unwrap();
            let own: i64 = sqlx::query_scalar(&count)
                .fetch_one(&mut *transaction)
                .await
                .unwrap();
            assert_eq!(own, expected, "{table} of {tenant}");
        }
    }
}

#[tokio::test]
async fn nobody_writes_past_the_append_and_nobody_changes_an_event() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    open(&ledger, tenant(1), 1, &[]).await;
    for role in ["trellis_command", "trellis_reader", "trellis_projector"] {
        let mut connection = database.connect(role).await;
        for table in ["event", "feed", "receipt", "stream", "tenant"] {
            refused(
                &mut connection,
                &format!("INSERT INTO ledger.{table} DEFAULT VALUES"),
            )
            .await;
            refused(&mut connection, &format!("DELETE FROM ledger.{table}")).await;
            refused(&mut connection, &format!("TRUNCATE ledger.{table}")).await;
        }
        refused(&mut connection, "UPDATE ledger.event SET payload = '{}'").await;
        refused(&mut connection, "UPDATE ledger.feed SET position = 1").await;
        refused(&mut connection, "UPDATE ledger.tenant SET head = 0").await;
        refused(&mut connection, "SET ROLE trellis_append").await;
        refused(&mut connection, "SET ROLE trellis_fold").await;
    }
    for role in ["trellis_command", "trellis_reader"] {
        let mut connection = database.connect(role).await;
        refused(&mut connection, "SELECT FROM ledger.event_0").await;
        refused(
            &mut connection,
            "SELECT ledger.view_rows('{1}', '{00000000-0000-0000-0000-000000000001}',
                                     '{00000000-0000-0000-0000-000000000001}')",
        )
        .await;
        refused(&mut connection, &format!("SELECT {FILL}")).await;
    }
    // Not where no build begins.
    let stored: i64 = sqlx::query_scalar(&format!("SELECT {FILL}"))
        .fetch_one(&mut database.connect("trellis_projector").await)
        .await
        .unwrap();
    assert_eq!(stored, 0);
    for role in ["trellis_reader", "trellis_projector"] {
        let mut connection = database.connect(role).await;
        refused(&mut connection, "SELECT wrapped FROM ledger.subject_key").await;
    }
    let changing = "SELECT count(*) FROM information_schema.role_table_grants
                     WHERE table_schema = 'ledger' AND table_name ~ '^(event|feed)'
                       AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')
                       AND grantee LIKE 'trellis%'";
    assert_eq!(database.number(changing).await, 0);
}

#[tokio::test]
async fn a_former_party_keeps_what_it_saw_and_gains_nothing() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let (home, former, later) = (tenant(1), tenant(2), tenant(3));
    let id = open(&ledger, home, 1, &[former]).await;
    let reshare = TallyAct::Reshare {
        sharers: vec![later],
    };
    for (n, act) in [reshare, TallyAct::Raise { by: 5 }].into_iter().enumerate() {
        ledger
            .submit(&permit(home), envelope(n as u128), &Touch::one(id, act))
            .await
            .unwrap();
    }
    let types = |page: ledger::FeedPage| -> Vec<String> {
        page.items.into_iter().map(|item| item.event_type).collect()
    };
    let theirs = ledger.feed(&permit(former), 0, 10).await.unwrap();
    assert_eq!(types(theirs), ["TallyOpened"]);
    let theirs = ledger.feed(&permit(later), 0, 10).await.unwrap();
    assert_eq!(types(theirs), ["TallyReshared", "TallyRaised"]);
    let all = ledger.feed(&permit(home), 0, 10).await.unwrap();
    assert_eq!(all.items.len(), 3);
    assert!(ledger.read(&permit(former), id).await.is_err());
    // Nor is it shown to them because this process has it at hand.
    assert!(ledger.recall(&permit(home), id).await.is_ok());
    for nobody_to_it in [former, tenant(99)] {
        assert!(ledger.recall(&permit(nobody_to_it), id).await.is_err());
    }
    let ever = "SELECT cardinality(parties)::bigint FROM ledger.stream";
    assert_eq!(database.number(ever).await, 3);
}

#[tokio::test]
async fn migrations_run_twice_and_beside_each_other() {
    let database = Database::new().await;
    ledger::migrate(&database.url("postgres")).await.unwrap();
    let (one, two) = tokio::join!(Database::new(), Database::new());
    assert_ne!(one.name, two.name);
}
