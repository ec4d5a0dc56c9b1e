//! One throw-away cluster for the test binary; one database for each test, copied from a migrated
//! one.

use std::sync::atomic::{AtomicU32, Ordering};

use pg_launcher::Cluster;
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool, Row as _, postgres::PgPoolOptions,
};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{cast, service};

const TEMPLATE: &str = "acceptance_template";

static TEMPLATE_READY: OnceCell<()> = OnceCell::const_new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The cluster that the tests have in common.
pub(crate) async fn cluster() -> &'static Cluster {
    tokio::task::spawn_blocking(pg_launcher::shared)
        .await
        .expect("the launcher does not panic")
}

/// Where a database is, as each of its roles.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    cluster_url: String,
    name: String,
}

impl Database {
    /// A fresh, migrated database on the shared cluster.
    pub(crate) async fn fresh() -> Self {
        let cluster = cluster().await;
        TEMPLATE_READY
            .get_or_init(async || {
                let admin = cluster.url("postgres", "postgres");
                ledger::create_database(&admin, TEMPLATE)
                    .await
                    .expect("a template database");
                ledger::migrate(&cluster.url("postgres", TEMPLATE))
                    .await
                    .expect("the migrations run");
                let keys = TempDir::new().expect("a folder for keys");
                let template = Self::on(cluster, TEMPLATE);
                cast::prepare(&service::open(&template, keys.path()).await).await;
                template.leave().await;
            })
            .await;
        Self::on(cluster, TEMPLATE).copied().await
    }

    /// Another database that holds the same; nobody may be connected to this one.
    pub(crate) async fn copied(&self) -> Self {
        let number = DATABASES.fetch_add(1, Ordering::Relaxed);
        let copy = Self {
            name: format!("acceptance_{number}"),
            ..self.clone()
        };
        let mut admin = self.admin().await;
        admin
            .execute(format!("CREATE DATABASE {} TEMPLATE {}", copy.name, self.name).as_str())
            .await
            .expect("a database of its own");
        copy
    }

    /// Removes it, whoever is still connected.
    pub(crate) async fn removed(self) {
        let mut admin = self.admin().await;
        admin
            .execute(format!("DROP DATABASE {} WITH (FORCE)", self.name).as_str())
            .await
            .expect("the owner removes it");
    }

    async fn admin(&self) -> PgConnection {
        let url = self
            .cluster_url
            .replace("USER@", "postgres@")
            .replace("/DATABASE", "/postgres");
        PgConnection::connect(&url)
            .await
            .expect("the cluster answers")
    }

    /// A database on `cluster` that exists already.
    pub(crate) fn on(cluster: &Cluster, name: &str) -> Self {
        Self {
            // The user and the database are replaced below.
            cluster_url: cluster.url("USER", "DATABASE"),
            name: name.to_owned(),
        }
    }

    /// Ends every session for good, so that the database can be copied.
    pub(crate) async fn leave(&self) {
        let mut admin = self.admin().await;
        admin
            .execute(format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", self.name).as_str())
            .await
            .expect("the owner closes it");
        sqlx::query(
            "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity WHERE datname = $1",
        )
        .bind(&self.name)
        .execute(&mut admin)
        .await
        .expect("the owner ends sessions");
    }

    /// The connection of a role.
    pub(crate) fn url(&self, role: &str) -> String {
        self.cluster_url
            .replace("USER@", &format!("{role}@"))
            .replace("/DATABASE", &format!("/{}", self.name))
    }

    /// The owner's connection, past every row security: for looking at what is stored.
    pub(crate) async fn owner(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(2)
            .connect(&self.url("postgres"))
            .await
            .expect("the database answers")
    }
}

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) sequence: i64,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: String,
    pub(crate) metadata: String,
    pub(crate) hash: Vec<u8>,
}

/// Every event of a database, stream by stream.
pub(crate) async fn events(owner: &PgPool) -> Vec<Stored> {
    sqlx::query(
        "SELECT aggregate_type, aggregate_id, sequence, event_type, event_version, payload::text, \
                metadata::text, hash \
           FROM ledger.event ORDER BY aggregate_type, aggregate_id, sequence",
    )
    .fetch_all(owner)
    .await
    .expect("the owner reads every event")
    .into_iter()
    .map(|row| Stored {
        kind: row.get(0),
        id: row.get(1),
        sequence: row.get(2),
        event_type: row.get(3),
        event_version: row.get(4),
        payload: row.get(5),
        metadata: row.get(6),
        hash: row.get(7),
    })
    .collect()
}
