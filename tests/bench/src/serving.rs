//! The service as it ships, in a process of its own, on a filled population: TLS, the development
//! issuer, and as many roles as a work asks for.

use std::{net::SocketAddr, path::PathBuf, process::Stdio};

use domain::actor::{ActingRole, Actor, PersonId, TenantId};
use ledger::LedgerOptions;
use serde::{Deserialize, Serialize};
use server::{
    demonstration::AUDIENCE,
    serve::{Role, Running, ServeOptions, serve},
    telemetry::{LogFormat, Telemetry},
    token::{DevelopmentIssuer, Verifier, development_person},
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader},
    process::{Child, Command},
};

use crate::{Fault, contender::trellis, dataset::key_encryption_key, population::Population};

/// What makes this program serve a population until its input ends.
pub(crate) const SERVE: &str = "--serve-population";

/// The name on the certificate.
pub(crate) const HOST: &str = "localhost";

/// What a serving process is told.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Order {
    command_url: String,
    reader_url: String,
    projector_url: String,
    keys: PathBuf,
    project: bool,
}

impl Order {
    fn certificate(&self) -> PathBuf {
        self.keys.join("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.keys.join("key.pem")
    }

    fn issuer(&self) -> Result<DevelopmentIssuer, Fault> {
        Ok(DevelopmentIssuer::open(&self.keys.join("issuer.pk8"))?)
    }

    async fn serve(&self) -> Result<Running, Fault> {
        let ledger = ledger::Ledger::open(LedgerOptions {
            command_url: self.command_url.clone(),
            reader_url: self.reader_url.clone(),
            projector_url: self.projector_url.clone(),
            key_encryption_key: key_encryption_key(),
            cache_entries: trellis::CACHE_ENTRIES,
            clock: ledger::Clock::System,
        })
        .await?;
        let mut roles = vec![Role::Api];
        if self.project {
            roles.push(Role::Project);
        }
        Ok(serve(ServeOptions {
            ledger,
            verifier: Verifier::new(AUDIENCE).with_development(&self.issuer()?),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            roles,
            log_signer: None,
            tls: Some((self.certificate(), self.key())),
        })
        .await?)
    }
}

/// A service under way.
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    order: Order,
    /// PEM.
    pub(crate) certificate: String,
    process: Server,
    _keys: TempDir,
}

enum Server {
    /// A process of its own.
    Process(Box<Child>),
    /// This one, in tests.
    Here(Running),
}

impl Serving {
    /// Starts it; with `project` it keeps the views as well.
    pub(crate) async fn start(population: &Population, project: bool) -> Result<Self, Fault> {
        let keys = TempDir::new()?;
        let options = population.options();
        let order = Order {
            command_url: options.command_url,
            reader_url: options.reader_url,
            projector_url: options.projector_url,
            keys: keys.path().to_owned(),
            project,
        };
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()])?;
        let certificate = made.cert.pem();
        std::fs::write(order.certificate(), &certificate)?;
        std::fs::write(order.key(), made.signing_key.serialize_pem())?;
        // Made before the process starts, so that both sides have the same.
        order.issuer()?;
        let (process, address) = if cfg!(test) {
            let running = order.serve().await?;
            let address = running.address;
            (Server::Here(running), address)
        } else {
            let mut process = Command::new(std::env::current_exe()?)
                .arg(SERVE)
                .arg(serde_json::to_string(&order)?)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()?;
            let told = process.stdout.take().ok_or("no output of the server")?;
            let mut line = String::new();
            BufReader::new(told).read_line(&mut line).await?;
            let address = line.trim().parse();
            let address = address.map_err(|_| "the server did not start")?;
            (Server::Process(Box::new(process)), address)
        };
        Ok(Self {
            address,
            order,
            certificate,
            process,
            _keys: keys,
        })
    }

    /// The process that serves.
    pub(crate) fn pid(&self) -> u32 {
        match &self.process {
            Server::Process(process) => process.id().unwrap_or(0),
            Server::Here(_) => std::process::id(),
        }
    }

    /// An `authorization` header of somebody in `role` at `tenant`.
    pub(crate) fn authorization(
        &self,
        tenant: TenantId,
        role: ActingRole,
    ) -> Result<String, Fault> {
        self.authorization_of(tenant, role, development_person(tenant, role))
    }

    /// The same of a person.
    pub(crate) fn authorization_of(
        &self,
        tenant: TenantId,
        role: ActingRole,
        person: PersonId,
    ) -> Result<String, Fault> {
        let now = std::time::UNIX_EPOCH.elapsed()?.as_secs();
        let actor = Actor {
            tenant,
            kind: role.tenant_kind().ok_or("a role of no kind of tenant")?,
            role,
            person: Some(person),
            client: None,
        };
        let token = self.order.issuer()?.sign(AUDIENCE, &actor, now, 12)?;
        Ok(format!("Bearer {token}"))
    }

    /// Ends it in order.
    pub(crate) async fn stop(self) -> Result<(), Fault> {
        match self.process {
            Server::Process(mut process) => {
                drop(process.stdin.take());
                process.wait().await?;
            }
            Server::Here(running) => running.stop().await,
        }
        Ok(())
    }
}

/// Serves as `order` says, tells the address, and ends with its input.
pub(crate) async fn serve_until_input_ends(order: &str) -> Result<(), Fault> {
    let order: Order = serde_json::from_str(order)?;
    let telemetry = Telemetry::start(LogFormat::Human, None)?;
    let running = order.serve().await?;
    println!("{}", running.address);
    let mut rest = vec![];
    tokio::io::stdin().read_to_end(&mut rest).await?;
    running.stop().await;
    telemetry.flush().await;
    Ok(())
}
