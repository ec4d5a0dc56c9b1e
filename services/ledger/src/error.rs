use cqrs_es::persist::PersistenceError;
use domain::{actor::TenantId, refusal::Refusal};

use crate::keys::KeyError;

/// Why the ledger did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The rules refuse it; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The records it touches kept changing; nothing was written. Read them and ask again.
    #[error("the records kept changing while the command was decided; read them and ask again")]
    Conflict,
    /// A feed lacks a position below its head: never waited for, always an alarm.
    #[error("the feed of {tenant} has a hole at position {position}")]
    HoleInFeed {
        /// Whose feed.
        tenant: TenantId,
        /// The position that is missing.
        position: u64,
    },
    /// More is waiting to be written than the ledger can take.
    #[error("too many commands are waiting to be written; try again later")]
    Overloaded,
    /// What a call has read could not be recorded, and so is not shown.
    #[error("accesses could not be recorded: {0}")]
    AccessNotRecorded(String),
    /// A view has not come as far as the position a read asked for, within the time it waits.
    #[error("the view is at position {position} of the feed and not yet where it was asked to be")]
    Behind {
        /// How far it has come.
        position: u64,
    },
    /// A stored event that this release cannot read.
    #[error("{kind} holds {event_type} {event_version}, which this release does not know")]
    UnknownEvent {
        /// The aggregate type.
        kind: String,
        /// The event type.
        event_type: String,
        /// Its version.
        event_version: String,
    },
    /// A stored event is not of the shape its type and version promise, or a stream is incomplete.
    #[error("the stream {kind} {id} cannot be read at {sequence}: {cause}")]
    Unreadable {
        /// The aggregate type.
        kind: String,
        /// The stream's id.
        id: String,
        /// The event at fault.
        sequence: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// The configuration cannot work.
    #[error("{0}")]
    Misconfigured(String),
    /// Keys of personal values.
    #[error("keys of personal values: {0}")]
    Keys(#[from] KeyError),
    /// A stream could not be loaded.
    #[error("a stream could not be loaded")]
    Load(#[from] PersistenceError),
    /// The schema could not be brought up to date.
    #[error("the ledger's schema could not be brought up to date")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database failed or is away.
    #[error("the ledger's database failed")]
    Store(#[from] sqlx::Error),
}
