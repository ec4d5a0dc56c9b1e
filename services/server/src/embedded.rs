//! The embedded default: a private, durable PostgreSQL in a folder of its own.

use std::path::{Path, PathBuf};

use ledger::{Clock, KeyEncryptionKey, LedgerOptions};
use pg_launcher::{Cluster, LaunchError, Options};

use crate::token::{DevelopmentIssuer, KeyError};

/// The database of the embedded default.
const DATABASE: &str = "trellis";

/// Aggregates kept in memory by the embedded default.
const CACHE_ENTRIES: usize = 100_000;

/// Where the embedded default is kept when nobody says: a folder that the server's user can reach,
/// which root's home is not.
pub fn default_folder() -> PathBuf {
    if pg_launcher::we_are_root() {
        return PathBuf::from("/var/lib/trellis");
    }
    std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
        .unwrap_or_else(std::env::temp_dir)
        .join("trellis")
}

/// A started embedded default.
pub struct Embedded {
    /// The private server; stops when dropped.
    pub cluster: Cluster,
    /// The development issuer of this folder.
    pub issuer: DevelopmentIssuer,
    keys: PathBuf,
}

/// Why the embedded default did not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// PostgreSQL did not start.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The schema could not be brought up to date.
    #[error("the database could not be prepared")]
    Ledger(#[from] ledger::LedgerError),
    /// The development issuer's key is unusable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The folder cannot be used.
    #[error("the folder {0} cannot be used; name another with --data-dir")]
    Folder(PathBuf, #[source] std::io::Error),
}

impl Embedded {
    /// Starts PostgreSQL on `folder`, creates the database when it is new, and migrates it. The
    /// keys lie beside the database folder, never inside it.
    ///
    /// # Errors
    /// When the machine lacks what it needs; the message says what to do.
    pub async fn start(folder: &Path) -> Result<Self, EmbeddedError> {
        let unusable = |error| EmbeddedError::Folder(folder.to_owned(), error);
        let keys = folder.join("keys");
        std::fs::create_dir_all(&keys).map_err(unusable)?;
        let postgres = folder.join("postgres");
        let cluster = tokio::task::spawn_blocking(move || {
            Cluster::start(Options {
                durable: true,
                dir: Some(postgres),
                ..Options::default()
            })
        })
        .await
        .map_err(|error| unusable(std::io::Error::other(error)))??;
        ledger::create_database(&cluster.url("postgres", "postgres"), DATABASE).await?;
        ledger::migrate(&cluster.url("postgres", DATABASE)).await?;
        Ok(Self {
            cluster,
            issuer: DevelopmentIssuer::open(&keys.join("development-issuer.pk8"))?,
            keys,
        })
    }

    /// How to open the ledger on it.
    ///
    /// # Errors
    /// When the key-encryption key is unusable.
    pub fn ledger_options(&self, clock: Clock) -> Result<LedgerOptions, EmbeddedError> {
        Ok(LedgerOptions {
            command_url: self.cluster.url("trellis_command", DATABASE),
            reader_url: self.cluster.url("trellis_reader", DATABASE),
            projector_url: self.cluster.url("trellis_projector", DATABASE),
            key_encryption_key: KeyEncryptionKey::from_file(&self.keys.join("key-encryption-key"))?,
            cache_entries: CACHE_ENTRIES,
            clock,
        })
    }
}
