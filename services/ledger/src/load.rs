//! Loading streams, and the bounded cache of what was loaded.
//!
//! The event table is a postgres-es table and stays one; its repository reads a stream through a
//! tree of JSON, without the hash, and asks for the stream's version apart. One statement of our
//! own reads all of it straight into the types.

use std::{collections::BTreeMap, sync::Arc};

use audit::chain::GENESIS;
use domain::{
    actor::{Actor, TenantKind},
    fact::{self, Visit},
    upcast::{is_current, upcast},
    visibility::{
        DataClass, Extent, Surface,
        events::{Classified, Says, classify},
    },
    world::{AnyState, Decider, StreamKey},
};
use jiff::Timestamp;
use quick_cache::sync::Cache;
use sqlx::{Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::{LedgerError, append::count, lookups::Lookups};

/// The aggregate types a ledger can load, each with its state before the first event.
#[derive(Clone)]
pub struct Kinds {
    empty: BTreeMap<&'static str, fn() -> Arc<dyn AnyState>>,
    /// The class of those that are not the domain's.
    classes: BTreeMap<&'static str, DataClass>,
}

impl Kinds {
    /// Every aggregate of the domain.
    pub fn of_domain() -> Self {
        let mut kinds = Self {
            empty: BTreeMap::new(),
            classes: BTreeMap::new(),
        };
        fact::aggregates(&mut kinds);
        kinds
    }

    /// The same and `A`, all of whose events are of `class`.
    #[must_use]
    pub fn and<A: Decider>(mut self, class: DataClass) -> Self {
        self.visit::<A>();
        self.classes.insert(A::TYPE, class);
        self
    }

    /// How much of an event `reader` sees there; nothing of what has no class.
    pub(crate) fn extent(
        &self,
        kind: &str,
        event_type: &str,
        reader: &Actor,
        surface: Surface,
    ) -> Extent {
        let other = || {
            self.classes.get(kind).map(|class| Classified {
                class: *class,
                says: Says::Content,
            })
        };
        classify(kind, event_type)
            .or_else(other)
            .map_or(Extent::Nothing, |event| event.extent(reader, surface))
    }

    fn empty(&self, kind: &str) -> Result<Arc<dyn AnyState>, LedgerError> {
        let empty = self.empty.get(kind).ok_or_else(|| {
            LedgerError::Misconfigured(format!(
                "the aggregate type {kind} is not listed among the facts"
            ))
        })?;
        Ok(empty())
    }
}

impl Visit for Kinds {
    fn visit<A: Decider>(&mut self) {
        self.empty.insert(A::TYPE, || Arc::new(A::default()));
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
    /// The state after further stored events of the current version.
    pub(crate) fn fold<'a>(
        &self,
        key: StreamKey,
        payloads: impl IntoIterator<Item = &'a str>,
    ) -> Result<Arc<dyn AnyState>, LedgerError> {
        let mut state = self.state.boxed();
        for (sequence, payload) in (self.version + 1..).zip(payloads) {
            state
                .apply_text(payload)
                .map_err(|error| unreadable(key, sequence, error))?;
        }
        Ok(state.into())
    }

    /// The same stream after the stored events of `rows`.
    fn after(&self, key: StreamKey, rows: &[PgRow]) -> Result<Self, LedgerError> {
        let (mut state, mut version, mut hash) = (self.state.boxed(), self.version, self.hash);
        for row in rows {
            let sequence = row.try_get::<i64, _>(0)?.unsigned_abs();
            if sequence != version + 1 {
                return Err(unreadable(key, version + 1, "the event is missing"));
            }
            let (event_type, event_version): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
            let payload = row.try_get_raw(3)?.as_str().map_err(sqlx::Error::Decode)?;
            let applied = if is_current(event_type, event_version) {
                state.apply_text(payload)
            } else {
                let payload = serde_json::from_str(payload)
                    .map_err(|error| unreadable(key, sequence, error))?;
                let current = upcast(event_type, event_version, payload).ok_or_else(|| {
                    LedgerError::UnknownEvent {
                        kind: key.kind.to_owned(),
                        event_type: event_type.to_owned(),
                        event_version: event_version.to_owned(),
                    }
                })?;
                state.apply_stored(current)
            };
            applied.map_err(|error| unreadable(key, sequence, error))?;
            version = sequence;
            hash = hash_of(key, row)?;
        }
        Ok(Self {
            version,
            hash,
            state: state.into(),
        })
    }
}

fn hash_of(key: StreamKey, row: &PgRow) -> Result<[u8; 32], LedgerError> {
    <[u8; 32]>::try_from(row.try_get::<&[u8], _>(4)?)
        .map_err(|_| unreadable(key, 0, "a hash is not 32 bytes long"))
}

/// For whom a stream is loaded.
#[derive(Debug, Clone, Copy)]
enum Reader<'a> {
    /// A command, which decides on what it names: up to a version, or as far as it goes.
    Command { until: Option<u64> },
    /// Whoever it is shown to. The database answers a party of the last event, or the person that the
    /// stream is about, and nobody else.
    Actor(&'a Actor),
}

/// Loads streams; keeps what was loaded and written.
pub(crate) struct Streams {
    lookups: Arc<Lookups>,
    /// Of the role that sees no other tenant's rows.
    shows: Lookups,
    kinds: Kinds,
    cache: Cache<StreamKey, Arc<Loaded>>,
}

impl Streams {
    /// `lookups` are of the role that decides, `shows` of the one that reads for tenants.
    pub(crate) fn new(lookups: Arc<Lookups>, shows: Lookups, kinds: Kinds, entries: usize) -> Self {
        Self {
            lookups,
            shows,
            kinds,
            cache: Cache::new(entries.max(1)),
        }
    }

    pub(crate) fn kinds(&self) -> &Kinds {
        &self.kinds
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
        if let [key] = keys {
            return Ok(vec![
                self.load(*key, Reader::Command { until: None }).await?,
            ]);
        }
        let heads = self.heads(keys).await?;
        let mut streams = Vec::with_capacity(keys.len());
        for key in keys {
            let loaded = match (heads.get(key), self.cached(*key)) {
                (None, _) => Arc::new(self.empty(*key)?),
                // Newer than the answer: written while it was on its way.
                (Some(&(version, hash)), Some(known))
                    if known.version > version
                        || (known.version == version && known.hash == hash) =>
                {
                    known
                }
                (Some(&(version, _)), _) => {
                    let until = Some(version);
                    self.load(*key, Reader::Command { until }).await?
                }
            };
            streams.push(loaded);
        }
        Ok(streams)
    }

    /// A stream as the database shows it to `reader`: of version 0 when there is none, and when it is
    /// not for `reader` to see, whatever this process has at hand.
    pub(crate) async fn shown(
        &self,
        key: StreamKey,
        reader: &Actor,
    ) -> Result<Arc<Loaded>, LedgerError> {
        // The platform is nobody's eyes: what the service itself asks for, it may.
        match reader.kind {
            TenantKind::Platform => self.load(key, Reader::Command { until: None }).await,
            _ => self.load(key, Reader::Actor(reader)).await,
        }
    }

    /// The same as it was known at an instant, to whoever would have been shown it then.
    pub(crate) async fn shown_as_known(
        &self,
        key: StreamKey,
        reader: &Actor,
        known: Timestamp,
    ) -> Result<Loaded, LedgerError> {
        let rows = self.shown_events(key, reader, 0, Some(known)).await?;
        self.empty(key)?.after(key, &rows)
    }

    fn empty(&self, key: StreamKey) -> Result<Loaded, LedgerError> {
        Ok(Loaded {
            version: 0,
            hash: GENESIS,
            state: self.kinds.empty(key.kind)?,
        })
    }

    /// Version and last hash of those streams that have events.
    async fn heads(
        &self,
        keys: &[StreamKey],
    ) -> Result<BTreeMap<StreamKey, (u64, [u8; 32])>, LedgerError> {
        let ids: Vec<String> = keys.iter().map(|key| key.id.to_string()).collect();
        let kinds: Vec<&str> = keys.iter().map(|key| key.kind).collect();
        let mut connection = self.lookups.lend().await?;
        let rows = sqlx::query(
            "SELECT k.nth, s.version, s.last_hash
               FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (id, kind, nth)
               JOIN ledger.stream s ON s.aggregate_id = k.id AND s.aggregate_type = k.kind
              WHERE s.version > 0",
        )
        .bind(&ids)
        .bind(&kinds)
        .fetch_all(connection.as_mut())
        .await?;
        connection.keep();
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

    /// A stream in one round trip, when what is at hand is of its past.
    async fn load(&self, key: StreamKey, reader: Reader<'_>) -> Result<Arc<Loaded>, LedgerError> {
        let known = self.cached(key);
        let version = known.as_ref().map_or(0, |known| known.version);
        // From the last one at hand, whose hash tells whether it still is that one.
        let rows = self.events(key, version, reader).await?;
        let loaded = match (&known, rows.split_first()) {
            (None, None) => return Ok(Arc::new(self.empty(key)?)),
            // Not theirs. To ask again would tell by the time it takes that it is at hand.
            (Some(_), None) if matches!(reader, Reader::Actor(_)) => {
                return Ok(Arc::new(self.empty(key)?));
            }
            (None, Some(_)) => self.empty(key)?.after(key, &rows)?,
            (Some(known), Some((last, tail))) if hash_of(key, last)? == known.hash => {
                if tail.is_empty() {
                    return Ok(Arc::clone(known));
                }
                known.after(key, tail)?
            }
            (Some(_), _) => {
                let rows = self.events(key, 0, reader).await?;
                self.empty(key)?.after(key, &rows)?
            }
        };
        if let Reader::Command { until: Some(until) } = reader
            && loaded.version < until
        {
            return Err(unreadable(key, loaded.version + 1, "the event is missing"));
        }
        let loaded = Arc::new(loaded);
        self.cache.insert(key, Arc::clone(&loaded));
        Ok(loaded)
    }

    async fn events(
        &self,
        key: StreamKey,
        from: u64,
        reader: Reader<'_>,
    ) -> Result<Vec<PgRow>, LedgerError> {
        match reader {
            Reader::Command { until } => self.any_events(key, from, until).await,
            Reader::Actor(reader) => self.shown_events(key, reader, from, None).await,
        }
    }

    async fn any_events(
        &self,
        key: StreamKey,
        from: u64,
        until: Option<u64>,
    ) -> Result<Vec<PgRow>, LedgerError> {
        let mut id = Uuid::encode_buffer();
        let mut connection = self.lookups.lend().await?;
        let rows = sqlx::query(
            "SELECT sequence, event_type, event_version, payload, hash
               FROM ledger.event
              WHERE aggregate_id = $1 AND aggregate_type = $2 AND sequence BETWEEN $3 AND $4
              ORDER BY sequence",
        )
        .bind(&*key.id.hyphenated().encode_lower(&mut id))
        .bind(key.kind)
        .bind(count(from))
        .bind(until.map_or(i64::MAX, count))
        .fetch_all(connection.as_mut())
        .await?;
        connection.keep();
        Ok(rows)
    }

    async fn shown_events(
        &self,
        key: StreamKey,
        reader: &Actor,
        from: u64,
        known: Option<Timestamp>,
    ) -> Result<Vec<PgRow>, LedgerError> {
        let (tenant, person) = match reader.kind {
            TenantKind::Person => (None, reader.person),
            _ => (Some(reader.tenant), None),
        };
        let mut id = Uuid::encode_buffer();
        let mut connection = self.shows.lend().await?;
        let rows = sqlx::query(
            "SELECT sequence, event_type, event_version, payload, hash
               FROM ledger.record($1, $2, $3, $4, $5, $6)",
        )
        .bind(tenant.map(|tenant| tenant.0))
        .bind(person.map(|person| person.0))
        .bind(key.kind)
        .bind(&*key.id.hyphenated().encode_lower(&mut id))
        .bind(count(from))
        .bind(known.map(Timestamp::as_microsecond))
        .fetch_all(connection.as_mut())
        .await?;
        connection.keep();
        Ok(rows)
    }
}

pub(crate) fn unreadable(key: StreamKey, sequence: u64, cause: impl ToString) -> LedgerError {
    LedgerError::Unreadable {
        kind: key.kind.to_owned(),
        id: key.id.to_string(),
        sequence,
        cause: cause.to_string(),
    }
}
