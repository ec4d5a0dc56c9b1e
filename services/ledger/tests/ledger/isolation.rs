use std::collections::BTreeSet;

use domain::{
    actor::{ActingRole, Actor, PersonId, TenantId, TenantKind},
    permission::{Action, Permit},
    world::Decider as _,
};
use jiff::Timestamp;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use crate::support::{
    Database, TallyAct, Touch, envelope, grant, open, permit, tally, tenant, unchecked,
};

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
    for role in [
        "trellis_command",
        "trellis_reader",
        "trellis_projector",
        "trellis_inspector",
    ] {
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
        refused(
            &mut connection,
            "INSERT INTO ledger.subject_key (controller, subject, class, key_id, wrapped, kek_id)
             SELECT id, id, 'identity', id, '', '' FROM gen_random_uuid() AS id",
        )
        .await;
        refused(&mut connection, "DELETE FROM ledger.subject_key").await;
        refused(&mut connection, "UPDATE ledger.event SET payload = '{}'").await;
        refused(&mut connection, "UPDATE ledger.feed SET position = 1").await;
        refused(&mut connection, "UPDATE ledger.tenant SET head = 0").await;
        refused(&mut connection, "SET ROLE trellis_append").await;
        refused(&mut connection, "SET ROLE trellis_fold").await;
        refused(&mut connection, "SET ROLE trellis_record").await;
        if role != "trellis_reader" {
            let record = "SELECT ledger.record(NULL, NULL, 'tally', '', 1, NULL)";
            refused(&mut connection, record).await;
        }
    }
    for role in ["trellis_command", "trellis_reader", "trellis_inspector"] {
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
    for role in ["trellis_reader", "trellis_projector", "trellis_inspector"] {
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
        page.items
            .into_iter()
            .filter_map(|item| Some(item.event?.event_type))
            .collect()
    };
    let theirs = ledger.feed(&permit(former), 0, 10).await.unwrap();
    assert_eq!(types(theirs), ["TallyOpened"]);
    let theirs = ledger.feed(&permit(later), 0, 10).await.unwrap();
    assert_eq!(types(theirs), ["TallyReshared", "TallyRaised"]);
    let all = ledger.feed(&permit(home), 0, 10).await.unwrap();
    assert_eq!(all.items.len(), 3);
    assert!(ledger.read(&permit(former), id).await.is_err());
    // A getter folds what came before its reader, too: the rows of a tenant alone would not make it.
    let read = ledger.read(&permit(later), id).await.unwrap();
    assert_eq!(read.version, 3);
    // Nor is it shown to them because this process has it at hand.
    assert!(ledger.recall(&permit(home), id).await.is_ok());
    for nobody_to_it in [former, tenant(99)] {
        assert!(ledger.recall(&permit(nobody_to_it), id).await.is_err());
    }
    let ever = "SELECT cardinality(parties)::bigint FROM ledger.stream";
    assert_eq!(database.number(ever).await, 3);
}

/// What a tenant `$T` has in each table: the columns that are its own, and one row.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "access",
        "tenant_id = $T",
        "VALUES ($T, 1, $T, 'r', 'p', 'c', 'A', 'a', $T, now(), now(), 1)",
    ),
    (
        "event",
        "$T = ANY (parties)",
        "(aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
          home_tenant, parties, hash, recorded_at)
         VALUES ('a', $T::text, 1, 'E', '1.0', '{}', '{}', $T, ARRAY[$T],
                 decode(repeat('00', 32), 'hex'), now())",
    ),
    (
        "feed",
        "tenant_id = $T",
        "VALUES ($T, 1, 'a', $T::text, 1, 'E', true)",
    ),
    (
        "log_subtree",
        "tenant_id = $T",
        "VALUES ($T, 8, 0, decode(repeat('00', 32), 'hex'))",
    ),
    ("reaction_checkpoint", "tenant_id = $T", "VALUES ($T, 1)"),
    (
        "reaction_parked",
        "tenant_id = $T",
        "VALUES ($T, $T, 1, $T, 1, 'A', 'R', 'm')",
    ),
    (
        "receipt",
        "tenant_id = $T",
        "VALUES ($T, $T, '', 'a', $T::text, 1, 1, now())",
    ),
    (
        "stream",
        "$T = ANY (parties)",
        "VALUES ($T::text, 'a', 1, $T, ARRAY[$T], NULL, decode(repeat('00', 32), 'hex'))",
    ),
    (
        "subject_key",
        "controller = $T",
        "VALUES ($T, $T, 'identity', $T, '', 'k')",
    ),
    ("tenant", "tenant_id = $T", "VALUES ($T, 1)"),
    (
        "timer",
        "tenant_id = $T",
        "VALUES ($T, $T, now(), '{}', $T, 1)",
    ),
    (
        "view_checkpoint",
        "tenant_id = $T",
        "SELECT build, $T, 1 FROM ledger.view_build",
    ),
    (
        "view_figure",
        "tenant_id = $T",
        "SELECT build, $T, 'f', '', 1 FROM ledger.view_build",
    ),
    (
        "view_parked",
        "tenant_id = $T",
        "SELECT build, $T, $T, 1, 1, 'r' FROM ledger.view_build",
    ),
    (
        "view_part",
        "tenant_id = $T",
        "SELECT build, $T, 'f', 'p', 1 FROM ledger.view_build",
    ),
    (
        "view_row",
        "tenant_id = $T",
        "SELECT build, $T, $T, NULL, '{}' FROM ledger.view_build",
    ),
    (
        "view_skip",
        "tenant_id = $T",
        "VALUES ('v', $T, $T, 1, 's', 'r')",
    ),
    (
        "view_spread",
        "tenant_id = $T",
        "SELECT build, $T, 'f', 1, 1 FROM ledger.view_build",
    ),
];

/// Tables of which the projector reaches the one tenant that it folds for. Of the others it sees
/// every tenant's, to work on them; they carry no content, or are the log itself.
const FOLDED: &[&str] = &["view_figure", "view_part", "view_row", "view_spread"];

/// What an operator sees of every tenant: how far views are and what they have stopped at.
const LOOKED_AT: &[&str] = &["tenant", "view_checkpoint", "view_parked", "view_skip"];

/// No query of the application has a part in this: whatever it forgets, a role that serves tenants
/// reads no row of another one and writes none anywhere.
#[tokio::test]
async fn the_database_alone_keeps_every_row_of_every_table_from_other_tenants() {
    let database = Database::new().await;
    let mut owner = database.connect("postgres").await;
    let tables: BTreeSet<String> = sqlx::query_scalar(
        "SELECT DISTINCT c.relname::text
           FROM pg_class c
           JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
                AND a.attname IN ('tenant_id', 'home_tenant', 'parties', 'controller')
          WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind IN ('r', 'p')
            AND NOT c.relispartition",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap()
    .into_iter()
    .collect();
    let tried: BTreeSet<String> = ROWS.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(tables, tried, "every table of tenants is tried");

    let of = |text: &str, n| text.replace("$T", &format!("'{}'::uuid", tenant(n).0));
    let build = "INSERT INTO ledger.view_build (view, version, state) VALUES ('v', 1, 'live')";
    sqlx::raw_sql(build).execute(&mut owner).await.unwrap();
    for (table, _, row) in ROWS {
        for n in [1, 2] {
            let insert = format!("INSERT INTO ledger.{table} {}", of(row, n));
            sqlx::raw_sql(&insert).execute(&mut owner).await.unwrap();
        }
    }
    for role in ["trellis_reader", "trellis_projector", "trellis_inspector"] {
        let mut connection = database.connect(role).await;
        let tenant = format!("SET trellis.tenant = '{}'", tenant(1).0);
        sqlx::raw_sql(&tenant)
            .execute(&mut connection)
            .await
            .unwrap();
        for (table, own, row) in ROWS {
            if role == "trellis_projector" && !FOLDED.contains(table) {
                continue;
            }
            let may =
                |what: &str| format!("SELECT has_table_privilege('ledger.{table}', '{what}')");
            let may_read: bool = sqlx::query_scalar(&may("SELECT"))
                .fetch_one(&mut connection)
                .await
                .unwrap();
            let across = role == "trellis_inspector" && LOOKED_AT.contains(table);
            if may_read && !across {
                for (n, seen) in [(1, 1), (2, 0)] {
                    let count = format!("SELECT count(*) FROM ledger.{table} WHERE {}", of(own, n));
                    let count: i64 = sqlx::query_scalar(&count)
                        .fetch_one(&mut connection)
                        .await
                        .unwrap();
                    assert_eq!(count, seen, "{role} in {table} of {n}");
                }
            }
            let insert = format!("INSERT INTO ledger.{table} {}", of(row, 2));
            refused(&mut connection, &insert).await;
            let column = own.split([' ', '=']).next().unwrap_or_default();
            let theirs = format!("ledger.{table} WHERE {}", of(own, 2));
            if role != "trellis_projector" {
                refused(&mut connection, &format!("DELETE FROM {theirs}")).await;
                continue;
            }
            let deleted = sqlx::raw_sql(&format!("DELETE FROM {theirs}"))
                .execute(&mut connection)
                .await
                .unwrap();
            assert_eq!(deleted.rows_affected(), 0, "{table}");
            let give = of(&format!("UPDATE ledger.{table} SET {column} = $T"), 2);
            refused(&mut connection, &give).await;
        }
    }
}

/// The ledger asked for a foreign record by its very id, past every check that a getter makes: what it
/// reads for tenants it reads as a role that sees no row of others.
#[tokio::test]
async fn a_permit_of_another_tenant_reads_nothing_of_a_record_it_names() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let (home, sharer, stranger) = (tenant(1), tenant(2), tenant(3));
    let id = open(&ledger, home, 1, &[sharer]).await;
    open(&ledger, stranger, 2, &[]).await;
    for (tenant, seen) in [(home, 1), (sharer, 1), (stranger, 0)] {
        let record = [("tally", id.0)];
        let events = ledger.timeline(&permit(tenant), &record).await.unwrap();
        assert_eq!(events.len(), seen, "{tenant}");
        let feed = ledger.feed(&permit(tenant), 0, 10).await.unwrap();
        let named = feed.items.iter().filter_map(|item| item.event.as_ref());
        assert_eq!(named.filter(|event| event.id == id.0).count(), seen);
        assert_eq!(ledger.read(&permit(tenant), id).await.is_ok(), seen == 1);
    }
}

/// A person with the API's eyes.
fn somebody(person: PersonId) -> Permit {
    let actor = Actor {
        tenant: TenantId(person.0),
        kind: TenantKind::Person,
        role: ActingRole::Candidate,
        person: Some(person),
        client: None,
    };
    Permit::grant(actor, Action::GetTraining).unwrap()
}

/// A getter with the application's own check switched off, in a process that has the record at hand and
/// in one that has not: the database alone still shows it to its parties and its person, and to nobody
/// else.
#[tokio::test]
async fn c_5_with_no_check_of_ours_the_database_alone_keeps_a_record_from_others() {
    let database = Database::new().await;
    let warm = database.ledger().await;
    let (home, former, later, stranger) = (tenant(1), tenant(2), tenant(3), tenant(4));
    let [own, other] = [7, 8].map(|n| PersonId(Uuid::from_u128(n)));
    let id = tally(home, 1);
    let opened = TallyAct::Open {
        sharers: vec![former],
        subject: Some(own),
    };
    let reshared = TallyAct::Reshare {
        sharers: vec![later],
    };
    let mut between = Timestamp::MIN;
    for (n, act) in [opened, reshared, TallyAct::Raise { by: 5 }]
        .into_iter()
        .enumerate()
    {
        if n == 1 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            between = Timestamp::now();
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        warm.submit(&permit(home), envelope(n as u128), &Touch::one(id, act))
            .await
            .unwrap();
    }
    let cold = database.ledger().await;
    // Whether it is shown today, and what was known between the first two events.
    let readers = [
        (permit(home), true, true),
        (permit(former), false, true),
        (permit(later), true, false),
        (permit(stranger), false, false),
        (somebody(own), true, true),
        (somebody(other), false, false),
    ];
    let home_reads = warm.read(&permit(home), id).await.unwrap();
    for (reader, today, then) in &readers {
        let actor = reader.actor();
        let admitted = unchecked(reader, async {
            home_reads.state.custody().unwrap().admits(actor)
        });
        assert!(admitted.await, "the check is off for {actor:?}");
        for ledger in [&warm, &cold] {
            let read = unchecked(reader, ledger.read(reader, id)).await;
            assert_eq!(read.ok().map(|read| read.version), today.then_some(3));
            let recalled = unchecked(reader, ledger.recall(reader, id)).await;
            assert_eq!(recalled.is_ok(), *today, "{actor:?}");
            let known = unchecked(reader, ledger.read_as_known(reader, id, between)).await;
            assert_eq!(known.ok().map(|read| read.version), then.then_some(1));
        }
        // With the check on, neither.
        assert_eq!(warm.read(reader, id).await.is_ok(), *today);
        let known = warm.read_as_known(reader, id, between).await;
        assert_eq!(known.is_ok(), *then, "{actor:?}");
    }
}

/// The same without a line of the application: the plain role that reads for tenants.
#[tokio::test]
async fn c_5_the_role_that_reads_for_tenants_gets_no_row_of_a_foreign_record() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let id = open(&ledger, tenant(1), 1, &[tenant(2)]).await;
    let mut reader = database.connect("trellis_reader").await;
    let person = PersonId(Uuid::from_u128(7));
    for (tenant, person, seen) in [
        (Some(tenant(1)), None, 1),
        (Some(tenant(2)), None, 1),
        (Some(tenant(3)), None, 0),
        (None, Some(person), 0),
        // A person's eyes and a tenant's are not lent to each other.
        (Some(tenant(1)), Some(person), 0),
        (None, None, 0),
    ] {
        let rows: i64 =
            sqlx::query_scalar("SELECT count(*) FROM ledger.record($1, $2, 'tally', $3, 0, NULL)")
                .bind(tenant.map(|tenant| tenant.0))
                .bind(person.map(|person| person.0))
                .bind(id.0.to_string())
                .fetch_one(&mut reader)
                .await
                .unwrap();
        assert_eq!(rows, seen, "{tenant:?} {person:?}");
    }
}

/// Accesses go with the policy, and none that is younger than a year.
#[tokio::test]
async fn b_7_accesses_are_kept_as_long_as_policy_says_and_a_year_at_least() {
    let database = Database::new().await;
    let mut owner = database.connect("postgres").await;
    for (n, age) in [
        (1, "1 day"),
        (2, "11 months"),
        (3, "14 months"),
        (4, "9 years"),
    ] {
        let insert = format!(
            "INSERT INTO ledger.access VALUES ('{0}', {n}, '{0}', 'r', 'p', 'c', 'A', 'a', '{0}',
                    now() - interval '{age}', now() - interval '{age}', 1)",
            tenant(n).0
        );
        sqlx::raw_sql(&insert).execute(&mut owner).await.unwrap();
    }
    let left = "SELECT count(*) FROM ledger.access";
    let mut command = database.connect("trellis_command").await;
    for (keep, expected) in [("6 years", 3), ("1 day", 2), ("1 day", 2)] {
        let expire = format!("SELECT ledger.expire_accesses(now() - interval '{keep}', 10)");
        sqlx::raw_sql(&expire).execute(&mut command).await.unwrap();
        assert_eq!(database.number(left).await, expected, "{keep}");
    }
    refused(&mut command, "DELETE FROM ledger.access").await;
    for role in ["trellis_reader", "trellis_projector"] {
        let mut connection = database.connect(role).await;
        refused(&mut connection, "SELECT ledger.expire_accesses(now(), 10)").await;
    }
}

/// A practice supervisor may know that its tenant's feed has grown, and nothing of what is not its business.
#[tokio::test]
async fn c_2_what_is_not_a_roles_business_keeps_its_position_and_says_nothing() {
    let database = Database::new().await;
    let ledger = database.ledger().await;
    let id = open(&ledger, tenant(1), 1, &[tenant(2)]).await;
    let supervisor = grant(
        tenant(1),
        TenantKind::Employer,
        ActingRole::PracticeSupervisor,
        Action::GetOperation,
    );
    let mut seen = vec![];
    for n in 0..3 {
        let page = ledger.feed(&supervisor, 0, 10).await.unwrap();
        assert_eq!((page.head, page.items.len()), (n + 1, n as usize + 1));
        for (item, position) in page.items.iter().zip(1..) {
            assert!(item.event.is_none() && item.position == position);
        }
        let again = format!("{:?}", page.items);
        assert!(
            again.starts_with(
                seen.last()
                    .map_or("", |page: &String| page.trim_end_matches(']'))
            )
        );
        seen.push(again);
        let raise = Touch::one(id, TallyAct::Raise { by: 1 });
        ledger
            .submit(&permit(tenant(1)), envelope(u128::from(n)), &raise)
            .await
            .unwrap();
    }
    let shown = ledger.feed(&permit(tenant(1)), 0, 10).await.unwrap();
    assert!(shown.items.iter().all(|item| item.event.is_some()));
}

#[tokio::test]
async fn migrations_run_twice_and_beside_each_other() {
    let database = Database::new().await;
    ledger::migrate(&database.url("postgres")).await.unwrap();
    let (one, two) = tokio::join!(Database::new(), Database::new());
    assert_ne!(one.name, two.name);
}
