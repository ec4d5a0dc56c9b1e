use domain::{actor::TenantId, id::Id, world::Decider};
use jiff::Timestamp;
use uuid::Uuid;

/// What accompanies a command.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The client's idempotency key, unique per tenant.
    pub request_id: Uuid,
    /// When it is true in the world; now when absent.
    pub effective: Option<Timestamp>,
    /// SHA-256 of the request's path and bytes. Only a keyed form of it is stored.
    pub fingerprint: [u8; 32],
    /// Joins everything that follows from one cause; the request id when absent.
    pub correlation: Option<Uuid>,
    /// What this follows from (`vacancy/{uuid}/3`), for reactions.
    pub causation: Option<String>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// How the person signed in, as their issuer says: kept with every event (DSPT, B.7).
    pub authentication: Option<String>,
}

impl Envelope {
    /// A request that is true now and follows from nothing.
    pub fn new(request_id: Uuid, fingerprint: [u8; 32]) -> Self {
        Self {
            request_id,
            effective: None,
            fingerprint,
            correlation: None,
            causation: None,
            traceparent: None,
            authentication: None,
        }
    }
}

/// The answer to a command, the same for every repeat of its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The aggregate type of the record the answer names.
    pub kind: String,
    /// That record's id.
    pub id: Uuid,
    /// Its version after the command.
    pub version: u64,
    /// The last position it took in the issuer's own feed; 0 when it took none.
    pub position: u64,
    /// When it was recorded.
    pub recorded: Timestamp,
}

/// A record as it stands.
#[derive(Debug, Clone)]
pub struct Read<A: Decider> {
    /// Its id.
    pub id: Id<A>,
    /// Its state.
    pub state: A,
    /// Its version: how many events it has.
    pub version: u64,
}

/// Tells which tenants' feeds have grown. A hint: it may come late, twice or not at all.
pub type Wake = std::sync::Arc<[TenantId]>;
