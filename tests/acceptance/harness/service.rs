//! The service inside the test's own process, on a database of its own.

use std::{net::SocketAddr, path::Path, sync::Arc};

use domain::actor::{ActingRole, Actor, PersonId, TenantId, TenantKind};
use ledger::{Clock, KeyEncryptionKey, Ledger, LedgerOptions};
use server::{
    demonstration::AUDIENCE,
    serve::{Role, Running, ServeOptions, serve},
    token::{DevelopmentIssuer, Verifier, development_person},
};
use sqlx::PgPool;
use tempfile::TempDir;

use super::{Api, Cast, database::Database};

/// Aggregates kept in memory: few, so that eviction is part of every test.
const CACHE_ENTRIES: usize = 64;

/// Everything a service does.
pub(crate) const ALL_ROLES: &[Role] = &[Role::Api, Role::Project, Role::React];

/// A running service.
pub(crate) struct Service {
    /// Who is on it.
    pub(crate) cast: Cast,
    /// Sees what is stored, past every rule.
    pub(crate) owner: PgPool,
    running: Running,
    database: Database,
    keys: Arc<TempDir>,
}

/// What a service has left behind, to begin from any number of times: always with the same bytes
/// stored and the same keys.
pub(crate) struct Left {
    database: Database,
    keys: Arc<TempDir>,
}

impl Service {
    /// The API on a fresh database, with business time that follows what is recorded. Reactions and
    /// views run when a test says so ([`Cast::settle`]): nothing happens meanwhile.
    pub(crate) async fn start() -> Self {
        Self::start_with(|verifier| verifier, &[Role::Api]).await
    }

    /// The same with more issuers or other roles.
    pub(crate) async fn start_with(
        accept: impl FnOnce(Verifier) -> Verifier,
        roles: &[Role],
    ) -> Self {
        let keys = TempDir::new().expect("a folder for keys");
        Self::start_on(Database::fresh().await, Arc::new(keys), accept, roles).await
    }

    /// The same API on a copy of what another one has left.
    pub(crate) async fn start_from(left: &Left) -> Self {
        let database = left.database.copied().await;
        let keys = Arc::clone(&left.keys);
        Self::start_on(database, keys, |verifier| verifier, &[Role::Api]).await
    }

    async fn start_on(
        database: Database,
        keys: Arc<TempDir>,
        accept: impl FnOnce(Verifier) -> Verifier,
        roles: &[Role],
    ) -> Self {
        let issuer = DevelopmentIssuer::open(&keys.path().join("issuer.pk8")).expect("an issuer");
        let ledger = open(&database, keys.path()).await;
        let verifier = Verifier::new(AUDIENCE).with_development(&issuer);
        let running = serve(ServeOptions {
            ledger: ledger.clone(),
            verifier: accept(verifier),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            roles: roles.to_vec(),
            log_signer: None,
            tls: None,
        })
        .await
        .expect("the service starts");
        Self {
            cast: Cast {
                api: Api::connect(running.address).await,
                ledger,
                issuer: Arc::new(issuer),
            },
            owner: database.owner().await,
            running,
            database,
            keys,
        }
    }

    /// Where its database is, as one of its roles.
    pub(crate) fn url(&self, role: &str) -> String {
        self.database.url(role)
    }

    /// A second node on the same database, with a cache and an address of its own.
    pub(crate) async fn second_node(&self) -> (Cast, Running) {
        let ledger = open(&self.database, self.keys.path()).await;
        let running = serve(ServeOptions {
            ledger: ledger.clone(),
            verifier: Verifier::new(AUDIENCE).with_development(&self.cast.issuer),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            roles: vec![Role::Api],
            log_signer: None,
            tls: None,
        })
        .await
        .expect("the second node starts");
        let cast = Cast {
            api: Api::connect(running.address).await,
            ledger,
            issuer: Arc::clone(&self.cast.issuer),
        };
        (cast, running)
    }

    /// The event types recorded for a resource, oldest first.
    pub(crate) async fn recorded(&self, name: &str) -> Vec<String> {
        let id = name.rsplit('/').next().unwrap_or_default();
        sqlx::query_scalar(
            "SELECT event_type FROM ledger.event WHERE aggregate_id = $1 \
              ORDER BY aggregate_type, sequence",
        )
        .bind(id)
        .fetch_all(&self.owner)
        .await
        .expect("the owner reads events")
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }

    /// Ends it in order, to be begun from.
    pub(crate) async fn leave(self) -> Left {
        self.running.stop().await;
        self.owner.close().await;
        self.database.leave().await;
        Left {
            database: self.database,
            keys: self.keys,
        }
    }

    /// Ends it in order, and nothing of it stays.
    pub(crate) async fn vanish(self) {
        self.running.stop().await;
        self.owner.close().await;
        self.database.removed().await;
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }
}

/// A ledger on `database` with the key in `keys`.
pub(crate) async fn open(database: &Database, keys: &Path) -> Ledger {
    Ledger::open(LedgerOptions {
        command_url: database.url("trellis_command"),
        reader_url: database.url("trellis_reader"),
        projector_url: database.url("trellis_projector"),
        key_encryption_key: KeyEncryptionKey::from_file(&keys.join("key-encryption-key"))
            .expect("a key-encryption key"),
        cache_entries: CACHE_ENTRIES,
        clock: Clock::Sandbox,
    })
    .await
    .expect("the ledger opens")
}

/// The same person for the same tenant and role; a candidate is the tenant.
pub(crate) fn actor(tenant: TenantId, role: ActingRole) -> Actor {
    let kind = role.tenant_kind().unwrap_or(TenantKind::Employer);
    Actor {
        tenant,
        kind,
        role,
        person: Some(match kind {
            TenantKind::Person => PersonId(tenant.0),
            _ => development_person(tenant, role),
        }),
        client: None,
    }
}

/// A token for the hours to come.
pub(crate) fn token(issuer: &DevelopmentIssuer, actor: &Actor) -> String {
    issuer
        .sign(AUDIENCE, actor, now(), 12)
        .expect("the development key signs")
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    std::time::UNIX_EPOCH
        .elapsed()
        .expect("the clock is past 1970")
        .as_secs()
}
