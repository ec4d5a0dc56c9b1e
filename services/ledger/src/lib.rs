//! The shared history: every write is one append of events, feed rows and a receipt, all or
//! nothing; every tenant reads its own dense feed of it.
//!
//! A command is decided by `domain` on streams that are loaded once and kept in a
//! cache; the version check of the append makes that safe. Personal values are sealed on the way
//! in, so that nothing clear is ever stored.

mod access;
mod append;
mod build;
mod census;
mod check;
mod clock;
mod disputes;
mod envelope;
mod error;
mod feed;
mod folds;
mod follow;
mod forget;
mod gate;
mod handover;
mod history;
mod keys;
mod lane;
mod load;
mod log;
mod lookups;
mod metrics;
mod open_class;
mod operator;
mod own;
mod progress;
mod project;
mod react;
mod reading;
mod replay;
mod seal;
mod staff;
mod submit;
mod timeline;
mod trace;
mod transaction;
mod unseal;
pub mod view;

use std::{
    fmt,
    str::FromStr as _,
    sync::{Arc, PoisonError, RwLock, Weak},
    time::Duration,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    actor::{Actor, PLATFORM, PersonId, TenantId, TenantKind},
    calendar::london_date,
    case::Case,
    directory::Tenant,
    id::Id,
    permission::Permit,
    personal::{DigestSalt, Personal},
    policy::PolicyRegister,
    refusal::Refusal,
    visibility::DataClass,
    world::{Command, Decider},
};
use futures::{Stream, TryStreamExt as _, stream};
use jiff::{Timestamp, civil::Date};
use ring::hmac;
use serde::de::DeserializeOwned;
use sqlx::{
    Connection as _, PgConnection, PgPool, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::broadcast;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::view::View;

pub use access::{ACCESS_PAGE_MAX, Access, COUNTS_INTERVAL, Recorded};
pub use check::{Checked, Diverged, Drift, Drifted, Told};
pub use clock::Clock;
pub use envelope::{Envelope, Read, Receipt, Wake};
pub use error::LedgerError;
pub use feed::{FEED_PAGE_MAX, FeedEvent, FeedItem, FeedPage};
pub use history::{HistoryEvent, Viewpoint};
pub use keys::{Custodian, KeyEncryptionKey, KeyError, secret_of};
pub use load::Kinds;
pub use log::{LOG_NAME, Log};
pub use open_class::ClassValue;
pub use operator::{Operator, ParkedStream, ViewLane};
pub use progress::Moves;
pub use project::{BATCH_MAX, Projector, Round};
pub use react::{EVENTS_MAX, OnTimer, ParkedReaction, React, Reacted, Reactor};
pub use reading::{AT_LEAST_WAIT, AsOf, Reading, Rows, THREADS_MAX, Thread, Threads};
pub use replay::{Opens, Replayed};
pub use seal::redact;
pub use timeline::{TIMELINE_MAX, TimelineEvent};

/// Brings the schema `ledger` and the roles up to date. `owner_url` connects as the owner of
/// the database; nothing else ever does.
///
/// # Errors
/// When the database is away, or a migration fails.
pub async fn migrate(owner_url: &str) -> Result<(), LedgerError> {
    // The record of migrations lives in the schema itself, so that others in the same database
    // keep their own.
    let options = PgConnectOptions::from_str(owner_url)?.options([("search_path", "ledger")]);
    let mut connection = PgConnection::connect_with(&options).await?;
    sqlx::query("CREATE SCHEMA IF NOT EXISTS ledger")
        .execute(&mut connection)
        .await?;
    sqlx::migrate!().run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Creates a database unless it is there. `owner_url` connects to another one of the same server.
///
/// # Errors
/// When the server is away or refuses.
pub async fn create_database(owner_url: &str, name: &str) -> Result<(), LedgerError> {
    let mut connection = PgConnection::connect(owner_url).await?;
    let statement: Option<String> = sqlx::query_scalar(
        "SELECT format('CREATE DATABASE %I', $1::text)
          WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = $1)",
    )
    .bind(name)
    .fetch_optional(&mut connection)
    .await?;
    if let Some(statement) = statement {
        match sqlx::query(&statement).execute(&mut connection).await {
            // Another process was first.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("42P04") => {}
            created => {
                created?;
            }
        }
    }
    connection.close().await?;
    Ok(())
}

/// How a ledger is opened.
#[derive(Debug, Clone)]
pub struct LedgerOptions {
    /// Connects as the role `trellis_command`.
    pub command_url: String,
    /// Connects as the role `trellis_reader`.
    pub reader_url: String,
    /// Connects as the role `trellis_projector`.
    pub projector_url: String,
    /// Wraps the keys of personal values.
    pub key_encryption_key: KeyEncryptionKey,
    /// How many records are kept at hand.
    pub cache_entries: usize,
    /// Where business time comes from.
    pub clock: Clock,
}

/// A handle on the shared history; cheap to clone.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger")
    }
}

pub(crate) struct Inner {
    pub(crate) command: PgPool,
    pub(crate) lookups: Arc<lookups::Lookups>,
    pub(crate) reader: PgPool,
    pub(crate) projector: PgPool,
    pub(crate) progress: Arc<progress::Progress>,
    pub(crate) folds: folds::Folds,
    pub(crate) appender: append::Appender,
    pub(crate) streams: load::Streams,
    pub(crate) keys: keys::Keys,
    pub(crate) gate: gate::Gate,
    accesses: access::Accesses,
    staff: staff::Registers,
    pub(crate) time: clock::BusinessTime,
    pub(crate) metrics: Arc<metrics::Metrics>,
    pub(crate) fingerprint_key: hmac::Key,
    pub(crate) digest_salt: DigestSalt,
    pub(crate) log_seed: [u8; 32],
    /// With the version of its stream.
    register: RwLock<(u64, Arc<PolicyRegister>)>,
    wake: broadcast::Sender<Wake>,
    pub(crate) handover: handover::Handover,
}

const COMMAND_CONNECTIONS: u32 = 16;
const READER_CONNECTIONS: u32 = 16;
const PROJECTOR_CONNECTIONS: u32 = 12;
const CONNECTION_PATIENCE: Duration = Duration::from_secs(10);
/// Hints that a slow listener may be behind before it has to look at every head again.
const WAKE_BACKLOG: usize = 1024;
/// How long a policy set by another process may go unnoticed.
const REGISTER_INTERVAL: Duration = Duration::from_secs(1);

impl Ledger {
    /// Opens the ledger of the domain.
    ///
    /// # Errors
    /// When the database is away or refuses a role, a stored policy cannot be read, or the
    /// upcasters are faulty.
    pub async fn open(options: LedgerOptions) -> Result<Self, LedgerError> {
        Self::open_with(options, Kinds::of_domain()).await
    }

    /// Opens a ledger of these aggregate types.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(options: LedgerOptions, kinds: Kinds) -> Result<Self, LedgerError> {
        domain::upcast::check().map_err(LedgerError::Misconfigured)?;
        let command = pool(&options.command_url, COMMAND_CONNECTIONS, &[]).await?;
        let reader = pool(&options.reader_url, READER_CONNECTIONS, &[]).await?;
        // What a crash takes from a view or a reaction it takes together with its checkpoint: the
        // feed, which is on disk before anybody reads it, gives it again.
        let lax = [("synchronous_commit", "off")];
        let projector = pool(&options.projector_url, PROJECTOR_CONNECTIONS, &lax).await?;
        let (wake, _) = broadcast::channel(WAKE_BACKLOG);
        let handover = handover::Handover::default();
        let metrics = Arc::new(metrics::Metrics::new());
        let latest = match options.clock {
            Clock::System => None,
            Clock::Sandbox => latest_effective(&command).await?,
        };
        let time = clock::BusinessTime::new(options.clock, latest);
        let progress = Arc::new(progress::Progress::new(london_date(time.now())));
        let appender = append::Appender::start(
            PgConnectOptions::from_str(&options.command_url)?,
            wake.clone(),
            handover.clone(),
            Arc::clone(&progress),
            Arc::clone(&metrics),
        )
        .await?;
        let lookups = Arc::new(lookups::Lookups::new(&options.command_url)?);
        let accesses = access::Accesses::start(command.clone());
        let inner = Arc::new(Inner {
            streams: load::Streams::new(
                Arc::clone(&lookups),
                lookups::Lookups::new(&options.reader_url)?,
                kinds,
                options.cache_entries,
            ),
            keys: keys::Keys::new(Arc::clone(&lookups), options.key_encryption_key.clone()),
            lookups,
            digest_salt: options.key_encryption_key.digest_salt().await?,
            log_seed: options.key_encryption_key.log_seed().await?,
            fingerprint_key: hmac::Key::new(
                hmac::HMAC_SHA256,
                &options.key_encryption_key.fingerprint_key().await?,
            ),
            command,
            reader,
            projector,
            progress,
            folds: folds::Folds::default(),
            appender,
            gate: gate::Gate::new(),
            accesses,
            staff: staff::Registers::default(),
            time,
            metrics,
            register: RwLock::default(),
            wake,
            handover,
        });
        inner.keys.check().await?;
        inner.refresh_register().await?;
        tokio::spawn(follow_register(Arc::downgrade(&inner)));
        tokio::spawn(progress::look_on(Arc::downgrade(&inner)));
        Ok(Self(inner))
    }

    /// Decides a command and writes what follows. A repeat of the request gets the first answer.
    ///
    /// # Errors
    /// The refusal, or why it could not be written.
    pub async fn submit(
        &self,
        permit: &Permit,
        envelope: Envelope,
        command: &dyn Command,
    ) -> Result<Receipt, LedgerError> {
        let span = tracing::info_span!(
            "ledger.submit",
            action = %permit.action(),
            tenant = %permit.actor().tenant.0,
            request = %envelope.request_id,
        );
        self.0
            .submit(permit, envelope, command)
            .instrument(span)
            .await
    }

    /// A record as it stands now. Absent and foreign look the same.
    ///
    /// It is folded from all of its events, those before the reader became a party included, which
    /// row-level security by the parties of each event would not show. So the database is asked whose
    /// record it is, by the function `ledger.record`: it answers the role that reads for tenants with
    /// nothing that is not for the tenant or person named to see, and so does a record that this
    /// process has at hand. That the reader is a party is asked of the folded record again.
    ///
    /// # Errors
    /// The uniform refusal, or why it could not be loaded.
    pub async fn read<A: Decider>(
        &self,
        permit: &Permit,
        id: Id<A>,
    ) -> Result<Read<A>, LedgerError> {
        let loaded = self.0.streams.shown(id.key(), permit.actor()).await?;
        shown(permit, id, &loaded)
    }

    /// The record as the service knew it at an instant, for whoever could have read it then: a former
    /// party keeps that and gains nothing.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_as_known<A: Decider>(
        &self,
        permit: &Permit,
        id: Id<A>,
        known: Timestamp,
    ) -> Result<Read<A>, LedgerError> {
        let (streams, reader) = (&self.0.streams, permit.actor());
        let loaded = streams.shown_as_known(id.key(), reader, known).await?;
        shown(permit, id, &loaded)
    }

    /// A record as this process has it at hand: at most behind by what other processes have written
    /// meanwhile. Loaded when it is not at hand. For the service itself, which shows no more of it than
    /// its kind and name; anybody else reads as in [`Self::read`].
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn recall<A: Decider>(
        &self,
        permit: &Permit,
        id: Id<A>,
    ) -> Result<Read<A>, LedgerError> {
        match self.0.streams.cached(id.key()) {
            Some(loaded) if permit.actor().kind == TenantKind::Platform => {
                shown(permit, id, &loaded)
            }
            _ => self.read(permit, id).await,
        }
    }

    /// The copy of a personal value that the permit's own tenant holds, out of a record of class
    /// `record`; `None` when it holds none, it is erased, or it is not the acting role's to read.
    ///
    /// # Errors
    /// When the keys cannot be reached, or the value was changed.
    pub async fn open_personal<T: DeserializeOwned>(
        &self,
        permit: &Permit,
        record: DataClass,
        value: &Personal<T>,
    ) -> Result<Option<T>, LedgerError> {
        let Personal::Sealed { class, .. } = value else {
            return Ok(None);
        };
        let reader = permit.actor();
        let held = record.of_side(reader.kind).of_personal(*class);
        if !held.is_shown_to(reader.role) {
            return Ok(None);
        }
        self.open_copy(reader.tenant, value).await
    }

    /// The copy that a tenant holds of a personal value, whoever is to read it.
    async fn open_copy<T: DeserializeOwned>(
        &self,
        controller: TenantId,
        value: &Personal<T>,
    ) -> Result<Option<T>, LedgerError> {
        let Personal::Sealed {
            subject,
            class,
            copies,
        } = value
        else {
            return Ok(None);
        };
        let Some(copy) = copies.iter().find(|copy| copy.controller == controller) else {
            return Ok(None);
        };
        let name = keys::KeyName {
            controller,
            subject: *subject,
            class: *class,
        };
        let Some(key) = self.0.keys.existing(name, copy.key).await? else {
            return Ok(None);
        };
        let sealed = BASE64_STANDARD
            .decode(&copy.text)
            .map_err(|_| KeyError::Open)?;
        let clear = key.open(&sealed)?;
        serde_json::from_slice(&clear)
            .map(Some)
            .map_err(|_| KeyError::Open.into())
    }

    /// The answer that a request of the permit's tenant was given, if it was written.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn receipt(
        &self,
        permit: &Permit,
        request_id: Uuid,
    ) -> Result<Option<Receipt>, LedgerError> {
        let found = self.0.receipt(permit.actor().tenant.0, request_id).await?;
        Ok(found.map(|(receipt, _)| receipt))
    }

    /// The events after a position of the permit's tenant's own feed, at most `limit`
    /// (up to [`FEED_PAGE_MAX`]).
    ///
    /// # Errors
    /// [`LedgerError::HoleInFeed`], or when the database is away.
    pub async fn feed(
        &self,
        permit: &Permit,
        after: u64,
        limit: u32,
    ) -> Result<FeedPage, LedgerError> {
        self.0.feed(permit, after, limit).await
    }

    /// The last position of a tenant's feed; 0 before the first.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn head(&self, tenant: TenantId) -> Result<u64, LedgerError> {
        self.0.head(tenant).await
    }

    /// Tells, after each commit of this process, whose feeds have grown. Only a hint: a listener
    /// that lags looks at the heads.
    pub fn wake(&self) -> broadcast::Receiver<Wake> {
        self.0.wake.subscribe()
    }

    /// Tells when a tenant's feed has grown, in this process at once and in others soon after.
    pub fn feed_moves(&self, tenant: TenantId) -> Moves {
        self.0.moves(None, tenant)
    }

    /// Tells when a view has folded more of a tenant's feed, was built anew, or another day has begun.
    pub fn view_moves<V: View>(&self, tenant: TenantId) -> Moves {
        self.0.moves(Some(V::NAME), tenant)
    }

    /// The policy register, at most a second behind other processes.
    pub fn policies(&self) -> Arc<PolicyRegister> {
        self.0.policies()
    }

    /// Every event about a person that the permit's tenant is a party of and its acting role may
    /// see, in recorded order; an auditor's is no party, and gets none of the seals of unrevealed
    /// rounds, or of what it may see what lay in the feed of a tenant.
    ///
    /// # Errors
    /// The uniform refusal when anybody but an auditor asks to see as a tenant; when the database
    /// is away or holds what cannot be read.
    pub fn history(
        &self,
        permit: &Permit,
        person: PersonId,
        from: Viewpoint,
    ) -> impl Stream<Item = Result<HistoryEvent, LedgerError>> + Send + use<> {
        let (inner, permit) = (Arc::clone(&self.0), permit.clone());
        stream::once(async move { inner.history(&permit, person, from).await })
            .map_ok(|events| stream::iter(events.into_iter().map(Ok)))
            .try_flatten()
    }

    /// The events about the permit's own person in streams of these kinds, whoever keeps them, in
    /// recorded order: what a person's own view is folded from.
    ///
    /// # Errors
    /// The uniform refusal to whoever acts for no person, or when the database is away.
    pub async fn own_history(
        &self,
        permit: &Permit,
        kinds: &[&str],
    ) -> Result<Vec<view::Noted>, LedgerError> {
        self.0.own_history(permit, kinds).await
    }

    /// Records what one call has read, before it is answered: it is on disk once this is done.
    ///
    /// # Errors
    /// `AccessNotRecorded` when it could not be written: then nothing may be shown.
    pub async fn record_accesses(&self, accesses: Vec<Access>) -> Result<(), LedgerError> {
        self.0.accesses.record(accesses).await
    }

    /// Takes accesses from the record that policy `access.retention_months` no longer keeps; how many.
    ///
    /// # Errors
    /// `POLICY_MISSING`, or when the database is away.
    pub async fn expire_accesses(&self) -> Result<u64, LedgerError> {
        self.0.expire_accesses().await
    }

    /// Every access to what is recorded about the permit's own person, newest first, but what is
    /// withheld while a party decides.
    ///
    /// # Errors
    /// The uniform refusal to whoever acts for no person, or when the database is away.
    pub async fn own_accesses(&self, permit: &Permit) -> Result<Vec<Recorded>, LedgerError> {
        self.0.own_accesses(permit).await
    }

    /// The accesses of the permit's own tenant from an instant on, about one person or all, oldest
    /// first, without the first `skip`; at most [`ACCESS_PAGE_MAX`].
    ///
    /// # Errors
    /// When the database is away.
    pub async fn accesses(
        &self,
        permit: &Permit,
        person: Option<PersonId>,
        from: Timestamp,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, LedgerError> {
        self.0.accesses(permit, person, from, skip, limit).await
    }

    /// Whether a tenant that manages its roles lets somebody act in theirs on a day: at most a second
    /// behind other processes.
    ///
    /// # Errors
    /// When the register cannot be loaded.
    pub async fn admits(&self, actor: &Actor, on: Date) -> Result<bool, LedgerError> {
        self.0.admits(actor, on).await
    }

    /// The case that the register of their tenant limits a guest to.
    ///
    /// # Errors
    /// When the register cannot be loaded.
    pub async fn case(&self, actor: &Actor) -> Result<Option<Case>, LedgerError> {
        self.0.case(actor).await
    }

    /// What kind of organisation a tenant is; `None` for one that is not registered.
    ///
    /// # Errors
    /// When its record cannot be loaded.
    pub async fn tenant_kind(&self, tenant: TenantId) -> Result<Option<TenantKind>, LedgerError> {
        if tenant == PLATFORM {
            return Ok(Some(TenantKind::Platform));
        }
        let key = Tenant::id(tenant).key();
        // A registered tenant's kind never changes, so a cached entry is as good as a fresh one.
        let loaded = match self.0.streams.cached(key) {
            Some(loaded) => loaded,
            None => self.0.fresh_one(key).await?,
        };
        Ok(loaded
            .state
            .as_any()
            .downcast_ref::<Tenant>()
            .and_then(Tenant::kind))
    }

    /// Business time: now, or in a sandbox the latest effective time of any accepted command.
    pub fn now(&self) -> Timestamp {
        self.0.time.now()
    }

    /// Where business time comes from.
    pub fn clock(&self) -> Clock {
        self.0.time.clock()
    }

    /// Connections of the role that folds feeds into views.
    pub fn projector(&self) -> &PgPool {
        &self.0.projector
    }

    /// Connections of the role that reads as one tenant: set `trellis.tenant` in the transaction.
    pub fn reader(&self) -> &PgPool {
        &self.0.reader
    }
}

fn shown<A: Decider>(
    permit: &Permit,
    id: Id<A>,
    loaded: &load::Loaded,
) -> Result<Read<A>, LedgerError> {
    let state: Option<&A> = loaded.state.as_any().downcast_ref();
    state
        .filter(|_| loaded.version > 0)
        .filter(|state| {
            Decider::custody(*state).is_some_and(|custody| custody.admits(permit.actor()))
        })
        .filter(|state| {
            permit
                .case()
                .is_none_or(|case| case.holds(id.key(), *state))
        })
        .map(|state| Read {
            id,
            state: state.clone(),
            version: loaded.version,
        })
        .ok_or_else(|| Refusal::not_permitted().into())
}

impl Inner {
    pub(crate) fn policies(&self) -> Arc<PolicyRegister> {
        let register = self.register.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&register.1)
    }

    async fn refresh_register(&self) -> Result<(), LedgerError> {
        let loaded = self.fresh_one(PolicyRegister::id().key()).await?;
        self.take_register(&loaded);
        Ok(())
    }

    /// Makes a register the one that commands see, unless a newer one is. It is handed over and not
    /// looked for in the cache, which may have let it go already.
    pub(crate) fn take_register(&self, loaded: &load::Loaded) {
        let mut register = self
            .register
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(newest) = loaded.state.as_any().downcast_ref::<PolicyRegister>()
            && register.0 < loaded.version
        {
            *register = (loaded.version, Arc::new(newest.clone()));
        }
    }
}

/// Notices policies set by other processes; ends with the last handle on the ledger.
async fn follow_register(ledger: Weak<Inner>) {
    loop {
        tokio::time::sleep(REGISTER_INTERVAL).await;
        let Some(inner) = ledger.upgrade() else {
            return;
        };
        if let Err(error) = inner.refresh_register().await {
            tracing::warn!(%error, "the policy register could not be looked at");
        }
    }
}

async fn pool(
    url: &str,
    connections: u32,
    settings: &[(&str, &str)],
) -> Result<PgPool, LedgerError> {
    // Every statement here wants the plan by index whatever its values are, at once: planning it
    // again for each value, or compiling it, costs more than running it.
    let options = PgConnectOptions::from_str(url)?
        .application_name("trellis")
        .options([("jit", "off"), ("plan_cache_mode", "force_generic_plan")])
        .options(settings.iter().copied());
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(CONNECTION_PATIENCE)
        // A ping before each use would double the round trips; a dead connection shows at once.
        .test_before_acquire(false)
        .connect_with(options)
        .await?)
}

async fn latest_effective(command: &PgPool) -> Result<Option<Timestamp>, LedgerError> {
    let row = sqlx::query(
        "SELECT (extract(epoch FROM max((metadata->>'effective')::timestamptz)) * 1000000)::bigint
           FROM ledger.event",
    )
    .fetch_one(command)
    .await?;
    let micros: Option<i64> = row.try_get(0)?;
    Ok(micros.map(append::instant))
}
