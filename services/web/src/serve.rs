//! Listening, and stopping.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    },
};
use tonic::transport::Endpoint;

use crate::{
    api::Api,
    app::{App, Shared, routes},
    assets,
    schema::{Schema, SchemaError},
    session::Sessions,
    sign_in::SignIn,
};

/// A browser may take so long to send the head of a request, or to shake hands.
const HEAD_PATIENCE: Duration = Duration::from_secs(10);
/// Connections served at the same time.
const CONNECTIONS_MAX: usize = 2_048;
/// How long a drain waits for pages in progress.
const DRAIN_PATIENCE: Duration = Duration::from_secs(5);

/// How to serve pages.
#[derive(Debug)]
pub struct Options {
    /// Where the service is, `http://127.0.0.1:7443`.
    pub api: Endpoint,
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// What browsers call this place, `https://trellis.example`. Empty: loopback names only.
    pub origin: String,
    /// Certificate chain and key, PEM files.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// How people sign in.
    pub sign_in: SignIn,
}

/// Why no pages are served.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("cannot listen on {0} for browsers; choose another address")]
    Listen(SocketAddr, #[source] std::io::Error),
    /// The contract is unusable.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The certificate or key is unusable.
    #[error("the certificate or key for browsers is unusable")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Pages being served.
pub struct Running {
    /// Where.
    pub address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    /// Takes no new requests, ends live streams and finishes what is in progress.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        let _ = self.task.await;
    }
}

/// Starts serving pages.
///
/// # Errors
/// When the address or the certificate cannot be used.
pub async fn start(options: Options) -> Result<Running, StartError> {
    let listener = TcpListener::bind(options.listen)
        .await
        .map_err(|error| StartError::Listen(options.listen, error))?;
    let address = listener
        .local_addr()
        .map_err(|error| StartError::Listen(options.listen, error))?;
    let tls = options.tls.map(acceptor).transpose()?;
    let (stop, stopped) = watch::channel(false);
    let app = App(Arc::new(Shared {
        api: Api::new(options.api, Schema::read()?),
        sessions: Sessions::default(),
        sign_in: options.sign_in,
        assets: assets::folder(),
        origin: options.origin,
        stopped: stopped.clone(),
    }));
    let task = tokio::spawn(accept(listener, tls, app, stopped));
    Ok(Running {
        address,
        stop,
        task,
    })
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    app: App,
    stopped: watch::Receiver<bool>,
) {
    let router = routes(app);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    let drained = until(stopped.clone());
    tokio::pin!(drained);
    loop {
        let place = tokio::select! {
            () = &mut drained => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let stream = tokio::select! {
            () = &mut drained => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "no connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        while connections.try_join_next().is_some() {}
        let (tls, router, stopped) = (tls.clone(), router.clone(), stopped.clone());
        connections.spawn(async move {
            let _place = place;
            attend(stream, tls, router, stopped).await;
        });
    }
    let finished = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(DRAIN_PATIENCE, finished).await;
}

/// Ends when everything stops.
pub(crate) async fn until(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn attend(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    router: axum::Router,
    stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    match tls {
        None => converse(stream, router, stopped).await,
        Some(tls) => match tokio::time::timeout(HEAD_PATIENCE, tls.accept(stream)).await {
            Ok(Ok(stream)) => converse(stream, router, stopped).await,
            _ => tracing::debug!("no handshake"),
        },
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    router: axum::Router,
    stopped: watch::Receiver<bool>,
) {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = until(stopped) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection broke"
        );
    }
}

fn acceptor((certificate, key): (PathBuf, PathBuf)) -> Result<TlsAcceptor, StartError> {
    type Cause = Box<dyn std::error::Error + Send + Sync>;
    let config = || -> Result<ServerConfig, Cause> {
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_file_iter(certificate)?.collect::<Result<_, _>>()?;
        let key = PrivateKeyDer::from_pem_file(key)?;
        let provider = tokio_rustls::rustls::crypto::ring::default_provider();
        Ok(ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?)
    };
    let config = config().map_err(StartError::Certificate)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
