//! Loading streams through postgres-es, and the bounded cache of what was loaded.

use std::{collections::BTreeMap, sync::Arc};

use audit::chain::GENESIS;
use cqrs_es::persist::{PersistedEventRepository as _, PersistenceError, SerializedEvent};
use domain::{
    fact::{self, Visit},
    upcast::upcast,
    world::{AnyState, Decider, StreamKey},
};
use futures::future::BoxFuture;
use postgres_es::PostgresEventRepository;
use quick_cache::sync::Cache;
use sqlx::{PgPool, Row as _};

use crate::LedgerError;

type LoadTail = for<'a> fn(
    &'a PostgresEventRepository,
    &'a str,
    u64,
) -> BoxFuture<'a, Result<Vec<SerializedEvent>, PersistenceError>>;

#[derive(Clone, Copy)]
struct Kind {
    empty: fn() -> Arc<dyn AnyState>,
    load_tail: LoadTail,
}

/// The aggregate types a ledger can load.
#[derive(Clone)]
pub struct Kinds(BTreeMap<&'static str, Kind>);

impl Kinds {
    /// Every aggregate of the domain.
    pub fn of_domain() -> Self {
        let mut kinds = Self(BTreeMap::new());
        fact::aggregates(&mut kinds);
        kinds
    }

    /// The same and `A`.
    #[must_use]
    pub fn and<A: Decider>(mut self) -> Self {
        self.visit::<A>();
        self
    }

    fn of(&self, kind: &str) -> Result<&Kind, LedgerError> {
        self.0.get(kind).ok_or_else(|| {
            LedgerError::Misconfigured(format!(
                "the aggregate type {kind} is not listed among the facts"
            ))
        })
    }
}

impl Visit for Kinds {
    fn visit<A: Decider>(&mut self) {
        self.0.insert(
            A::TYPE,
            Kind {
                empty: || Arc::new(A::default()),
                load_tail: |repository, id, after| {
                    Box::pin(async move {
                        // The crate writes the number into the statement's text: one statement for
                        // whole streams, and another per number for tails, which are rare.
                        match usize::try_from(after) {
                            Ok(0) | Err(_) => repository.get_events::<A>(id).await,
                            Ok(after) => repository.get_last_events::<A>(id, after).await,
                        }
                    })
                },
            },
        );
    }
}

/// A stream as it was at one version.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) version: u64,
    /// The hash of its last event.
    pub(crate) hash: [u8; 32],
    /// Personal values are sealed or erased in it, never clear.
    pub(crate) state: Arc<dyn AnyState>,
}

impl Loaded {
    /// The state after further stored events.
    pub(crate) fn fold(
        &self,
        key: StreamKey,
        payloads: impl IntoIterator<Item = serde_json::Value>,
    ) -> Result<Arc<dyn AnyState>, LedgerError> {
        let mut state = self.state.boxed();
        for (sequence, payload) in (self.version + 1..).zip(payloads) {
            state
                .apply_stored(payload)
                .map_err(|error| unreadable(key, sequence, error))?;
        }
        Ok(state.into())
    }
}

/// Loads streams; keeps what was loaded and written.
pub(crate) struct Streams {
    pool: PgPool,
    repository: PostgresEventRepository,
    kinds: Kinds,
    cache: Cache<StreamKey, Arc<Loaded>>,
}

impl Streams {
    pub(crate) fn new(pool: PgPool, kinds: Kinds, entries: usize) -> Self {
        Self {
            repository: PostgresEventRepository::new(pool.clone())
                .with_tables("ledger.event", "ledger.no_snapshots"),
            pool,
            kinds,
            cache: Cache::new(entries.max(1)),
        }
    }

    /// What is at hand without asking the database; may be stale.
    pub(crate) fn cached(&self, key: StreamKey) -> Option<Arc<Loaded>> {
        self.cache.get(&key)
    }

    /// Keeps what a write made of a stream, unless something newer is known.
    pub(crate) fn keep(&self, key: StreamKey, loaded: Loaded) {
        if self
            .cached(key)
            .is_none_or(|known| known.version < loaded.version)
        {
            self.cache.insert(key, Arc::new(loaded));
        }
    }

    /// Drops what is at hand, so that it is loaded from its first event.
    pub(crate) fn forget(&self, key: StreamKey) {
        self.cache.remove(&key);
    }

    /// The streams as the database has them now, in the order of `keys`. `known` states are
    /// brought forward by their tails; one that cannot be is loaded from its first event. The
    /// versions are all of one moment.
    pub(crate) async fn fresh(&self, keys: &[StreamKey]) -> Result<Vec<Arc<Loaded>>, LedgerError> {
        let heads = self.heads(keys).await?;
        let mut streams = Vec::with_capacity(keys.len());
        for key in keys {
            let known = self.cached(*key);
            let loaded = match (heads.get(key), known) {
                (None, _) => Arc::new(self.empty(*key)?),
                // Newer than the answer: written while it was on its way.
                (Some(&(version, hash)), Some(known))
                    if known.version > version
                        || (known.version == version && known.hash == hash) =>
                {
                    known
                }
                (Some(&(version, hash)), Some(known)) if known.version < version => {
                    self.load(*key, &known, version, hash).await?
                }
                (Some(&(version, hash)), _) => {
                    self.load(*key, &self.empty(*key)?, version, hash).await?
                }
            };
            streams.push(loaded);
        }
        Ok(streams)
    }

    fn empty(&self, key: StreamKey) -> Result<Loaded, LedgerError> {
        Ok(Loaded {
            version: 0,
            hash: GENESIS,
            state: (self.kinds.of(key.kind)?.empty)(),
        })
    }

    /// Version and last hash of those streams that have events.
    async fn heads(
        &self,
        keys: &[StreamKey],
    ) -> Result<BTreeMap<StreamKey, (u64, [u8; 32])>, LedgerError> {
        let ids: Vec<String> = keys.iter().map(|key| key.id.to_string()).collect();
        let kinds: Vec<&str> = keys.iter().map(|key| key.kind).collect();
        let rows = sqlx::query(
            "SELECT k.nth, s.version, s.last_hash
               FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (id, kind, nth)
               JOIN ledger.stream s ON s.aggregate_id = k.id AND s.aggregate_type = k.kind
              WHERE s.version > 0",
        )
        .bind(&ids)
        .bind(&kinds)
        .fetch_all(&self.pool)
        .await?;
        let mut heads = BTreeMap::new();
        for row in rows {
            let nth = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
            let Some(key) = keys.get(nth.saturating_sub(1)) else {
                continue;
            };
            let version = row.try_get::<i64, _>(1)?.unsigned_abs();
            let hash = row.try_get::<&[u8], _>(2)?;
            let hash = <[u8; 32]>::try_from(hash)
                .map_err(|_| unreadable(*key, version, "its hash is not 32 bytes long"))?;
            heads.insert(*key, (version, hash));
        }
        Ok(heads)
    }

    async fn load(
        &self,
        key: StreamKey,
        base: &Loaded,
        version: u64,
        hash: [u8; 32],
    ) -> Result<Arc<Loaded>, LedgerError> {
        let kind = self.kinds.of(key.kind)?;
        let id = key.id.to_string();
        let events = (kind.load_tail)(&self.repository, &id, base.version).await?;
        let mut payloads = Vec::with_capacity(events.len());
        for (sequence, event) in (base.version + 1..=version).zip(events) {
            if event.sequence as u64 != sequence {
                return Err(unreadable(key, sequence, "the event is missing"));
            }
            let payload = upcast(&event.event_type, &event.event_version, event.payload)
                .ok_or_else(|| LedgerError::UnknownEvent {
                    kind: key.kind.to_owned(),
                    event_type: event.event_type,
                    event_version: event.event_version,
                })?;
            payloads.push(payload);
        }
        let reached = base.version + payloads.len() as u64;
        if reached != version {
            return Err(unreadable(key, reached + 1, "the event is missing"));
        }
        let loaded = Arc::new(Loaded {
            version,
            hash,
            state: base.fold(key, payloads)?,
        });
        self.cache.insert(key, Arc::clone(&loaded));
        Ok(loaded)
    }
}

fn unreadable(key: StreamKey, sequence: u64, cause: impl ToString) -> LedgerError {
    LedgerError::Unreadable {
        kind: key.kind.to_owned(),
        id: key.id.to_string(),
        sequence,
        cause: cause.to_string(),
    }
}
