//! A private PostgreSQL as an operator would run it, and databases on it.

use std::path::PathBuf;

use pg_launcher::{Cluster, Options};
use sqlx::{Connection as _, PgConnection};

use crate::{Fault, machine};

/// Sizes of the server, the same for all who use it. Durability is PostgreSQL's default.
pub(crate) const SIZES: &[(&str, &str)] = &[
    ("shared_buffers", "2GB"),
    ("max_wal_size", "16GB"),
    ("min_wal_size", "4GB"),
    ("checkpoint_timeout", "15min"),
    ("effective_cache_size", "12GB"),
];

const OWNER: &str = "postgres";

/// For 512 clients of pgbench and everybody else's pools.
const MAX_CONNECTIONS: u16 = 900;

/// Starts a server whose commits reach the disk.
pub(crate) async fn start() -> Result<Cluster, Fault> {
    let settings = SIZES
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let cluster = tokio::task::spawn_blocking(move || {
        Cluster::start(Options {
            durable: true,
            max_connections: MAX_CONNECTIONS,
            settings,
            dir: None,
        })
    })
    .await??;
    let folder = data_folder(&cluster).await?;
    let kind = machine::file_system(&folder);
    if ["tmpfs", "ramfs"].contains(&kind.as_str()) {
        return Err(format!(
            "{} is in memory ({kind}), where no commit is durable; set TMPDIR to a folder on a disk",
            folder.display()
        )
        .into());
    }
    fill_log(&cluster).await?;
    Ok(cluster)
}

/// Files of the write-ahead log made beforehand.
const LOG_FILES: usize = 200;

/// A server that has run for a while writes its log over files that it has; in a new one, whoever
/// writes most pays most for making them.
async fn fill_log(cluster: &Cluster) -> Result<(), Fault> {
    let mut owner = PgConnection::connect(&cluster.url(OWNER, OWNER)).await?;
    for _ in 0..LOG_FILES {
        for statement in [
            "SELECT pg_logical_emit_message(true, 'bench', 'a file of the log')",
            "SELECT pg_switch_wal()",
        ] {
            sqlx::raw_sql(statement).execute(&mut owner).await?;
        }
    }
    sqlx::raw_sql("CHECKPOINT").execute(&mut owner).await?;
    Ok(())
}

/// Where the server keeps its files.
pub(crate) async fn data_folder(cluster: &Cluster) -> Result<PathBuf, Fault> {
    let mut owner = PgConnection::connect(&cluster.url(OWNER, OWNER)).await?;
    let folder: String = sqlx::query_scalar("SHOW data_directory")
        .fetch_one(&mut owner)
        .await?;
    Ok(folder.into())
}

/// What decides how durable a commit is, as the server has it.
pub(crate) async fn durability(cluster: &Cluster) -> Result<Vec<(String, String)>, Fault> {
    let mut owner = PgConnection::connect(&cluster.url(OWNER, OWNER)).await?;
    Ok(sqlx::query_as(
        "SELECT name, current_setting(name) FROM pg_settings
          WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method',
                         'server_version')
          ORDER BY name",
    )
    .fetch_all(&mut owner)
    .await?)
}

/// A database of one contender's own.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    pub(crate) name: String,
    socket: PathBuf,
    port: u16,
    url: String,
}

impl Database {
    /// Creates it anew.
    pub(crate) async fn create(cluster: &Cluster, name: &str) -> Result<Self, Fault> {
        let mut owner = PgConnection::connect(&cluster.url(OWNER, OWNER)).await?;
        for statement in [
            format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
            format!("CREATE DATABASE {name}"),
        ] {
            sqlx::raw_sql(&statement).execute(&mut owner).await?;
        }
        Ok(Self::existing(cluster, name))
    }

    /// One that is there.
    pub(crate) fn existing(cluster: &Cluster, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            socket: cluster.socket_dir().to_owned(),
            port: cluster.port(),
            url: cluster.url("USER", name),
        }
    }

    /// As `role`.
    pub(crate) fn url(&self, role: &str) -> String {
        self.url.replacen("USER", role, 1)
    }

    pub(crate) fn owner_url(&self) -> String {
        self.url(OWNER)
    }

    pub(crate) async fn owner(&self) -> Result<PgConnection, Fault> {
        Ok(PgConnection::connect(&self.owner_url()).await?)
    }

    /// Runs statements as the owner.
    pub(crate) async fn run(&self, statements: &str) -> Result<(), Fault> {
        sqlx::raw_sql(statements)
            .execute(&mut self.owner().await?)
            .await?;
        Ok(())
    }

    /// For programs that take libpq's environment.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("PGHOST", self.socket.display().to_string()),
            ("PGPORT", self.port.to_string()),
            ("PGUSER", OWNER.to_owned()),
            ("PGDATABASE", self.name.clone()),
        ]
    }
}
