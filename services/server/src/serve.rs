//! The roles of a running service and how they start and stop.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use audit::note::Signer;
use contract::DESCRIPTORS;
use domain::actor::PLATFORM;
use futures::TryStreamExt as _;
use ledger::{Ledger, Reactor};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tonic::transport::{Identity, Server, ServerTlsConfig, server::TcpIncoming};
use tonic_health::{ServingStatus, server::HealthReporter};
use tonic_web::GrpcWebLayer;

use crate::{
    caller::Reception, gathered::Gathered, rate::Allowance, rpc, telemetry, token::Verifier,
};

/// Streams on one connection: more than are let in ([`crate::admission`]), so that the service and
/// not the transport says who waits, and few enough to hold while their headers are read.
const STREAMS_PER_CONNECTION_MAX: u32 = 1024;

/// How long a drain waits for calls in progress.
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);

/// How often health looks at the database, and how long it waits for an answer.
const HEALTH_INTERVAL: Duration = Duration::from_secs(2);

/// What a process does; scaling out is starting more of them with fewer roles each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Role {
    /// Serves gRPC.
    Api,
    /// Keeps the views.
    Project,
    /// Runs reactions and timers.
    React,
}

/// How to serve.
pub struct ServeOptions {
    /// The ledger.
    pub ledger: Ledger,
    /// Who may call.
    pub verifier: Verifier,
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// What to do.
    pub roles: Vec<Role>,
    /// What signs the heads of logs; derived from the key-encryption key when absent.
    pub log_signer: Option<Signer>,
    /// Certificate chain and key, PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken or not ours.
    #[error("cannot listen on {0}; choose another with --listen")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The certificate cannot be read.
    #[error("the certificate or key cannot be read")]
    Certificate(#[source] std::io::Error),
    /// The transport refuses its settings.
    #[error("the transport settings are refused")]
    Transport(#[from] tonic::transport::Error),
    /// The descriptors are unusable.
    #[error("the API description is unusable")]
    Descriptors(#[from] tonic_reflection::server::Error),
    /// The descriptors cannot be read.
    #[error("the API description cannot be read")]
    Contract(#[from] prost::DecodeError),
    /// Projections or reactions did not start.
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
}

/// A running service.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    /// Takes no new calls, ends subscriptions, finishes the calls in progress, and stops
    /// projections and reactions. What is not done after a while is left; nothing is lost by it.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let patience = tokio::time::Instant::now() + DRAIN_PATIENCE;
        for mut task in self.tasks {
            if tokio::time::timeout_at(patience, &mut task).await.is_err() {
                tracing::warn!("left behind while draining");
                task.abort();
            }
        }
    }
}

async fn until(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Tells health what is true: SERVING while the database answers, NOT_SERVING while it does not
/// and once the service drains.
async fn attend(
    ledger: Ledger,
    allowance: Allowance,
    health: HealthReporter,
    draining: watch::Receiver<bool>,
) {
    let mut every = tokio::time::interval(HEALTH_INTERVAL);
    let drained = until(draining);
    tokio::pin!(drained);
    loop {
        tokio::select! {
            () = &mut drained => break,
            _ = every.tick() => {}
        }
        let status = match tokio::time::timeout(HEALTH_INTERVAL, ledger.head(PLATFORM)).await {
            Ok(Ok(_)) => ServingStatus::Serving,
            _ => ServingStatus::NotServing,
        };
        health.set_service_status("", status).await;
        allowance.tidy();
    }
    health
        .set_service_status("", ServingStatus::NotServing)
        .await;
}

/// Starts the roles. Health says SERVING only once everything asked for runs.
///
/// # Errors
/// When something asked for cannot start.
pub async fn serve(options: ServeOptions) -> Result<Running, ServeError> {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = Vec::new();
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|error| ServeError::Listen(options.listen, error))?;
    let address = listener
        .local_addr()
        .map_err(|error| ServeError::Listen(options.listen, error))?;
    if options.roles.contains(&Role::Project) {
        let projector = views::projector(&options.ledger);
        tasks.push(tokio::spawn(projector.run(stopped.clone())));
    }
    if options.roles.contains(&Role::React) {
        let reactor = Reactor::new(&options.ledger);
        tasks.push(tokio::spawn(reactor.run(stopped.clone())));
    }
    if options.roles.contains(&Role::Api) {
        let signer = match options.log_signer {
            Some(signer) => signer,
            None => options.ledger.log_signer()?,
        };
        tracing::info!(verifier_key = %signer.verifier(), "signing checkpoints of the logs");
        let (health, health_service) = tonic_health::server::health_reporter();
        let allowance = Allowance::default();
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(DESCRIPTORS)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let mut server = Server::builder()
            .trace_fn(telemetry::call_span)
            .accept_http1(true)
            .max_concurrent_streams(STREAMS_PER_CONNECTION_MAX)
            .tcp_nodelay(true);
        if let Some((certificate, key)) = &options.tls {
            let read = |path: &PathBuf| std::fs::read(path).map_err(ServeError::Certificate);
            let identity = Identity::from_pem(read(certificate)?, read(key)?);
            server = server.tls_config(ServerTlsConfig::new().identity(identity))?;
        }
        let router = server
            .layer(GrpcWebLayer::new())
            .add_routes(rpc::services(
                &options.ledger,
                Reception::new(options.verifier, allowance.clone(), options.ledger.clone())?,
                &Arc::new(signer),
                &stopped,
            ))
            .add_service(health_service)
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?);
        let stopped = stopped.clone();
        tasks.insert(
            0,
            tokio::spawn(async move {
                let draining = stopped.clone();
                let serving = router.serve_with_incoming_shutdown(
                    TcpIncoming::from(listener)
                        .with_nodelay(Some(true))
                        .map_ok(Gathered::new),
                    until(stopped),
                );
                let watching = tokio::spawn(attend(options.ledger, allowance, health, draining));
                if let Err(error) = serving.await {
                    tracing::error!(error = &error as &dyn std::error::Error, "serving ended");
                }
                let _ = watching.await;
            }),
        );
    }
    Ok(Running {
        address,
        stop,
        tasks,
    })
}
