//! Web pages as browsers have them open: signed in, and following their figures over server-sent
//! events, by a client that reads lines and nothing else.

use std::sync::Arc;

use domain::actor::{ActingRole, TenantId};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    sync::watch,
    task::JoinHandle,
};
use tonic::transport::{Certificate, ClientTlsConfig, Endpoint};
use web::{Options, Ready, Running, SignIn};

use crate::{
    Fault,
    serving::{HOST, Serving},
};

/// What a page says when its figures have moved, up to the position.
const MOVED: &str = "they now go up to position ";

/// The web front, for one role of some tenants.
pub(crate) struct Front {
    running: Running,
}

impl Front {
    pub(crate) async fn start(
        serving: &Serving,
        tenants: impl Iterator<Item = TenantId>,
        role: ActingRole,
    ) -> Result<Self, Fault> {
        let mut ready = vec![];
        for tenant in tenants {
            let bearer = serving.authorization(tenant, role)?;
            let token = bearer.trim_start_matches("Bearer ").to_owned();
            ready.push(Ready {
                key: tenant.to_string(),
                name: tenant.to_string(),
                role: role.to_string(),
                token: token.into(),
            });
        }
        let tls = ClientTlsConfig::new()
            .domain_name(HOST)
            .ca_certificate(Certificate::from_pem(&serving.certificate));
        let api = Endpoint::from_shared(format!("https://{}", serving.address))?;
        let running = web::start(Options {
            api: api.tls_config(tls)?,
            listen: ([127, 0, 0, 1], 0).into(),
            origin: String::new(),
            tls: None,
            sign_in: SignIn::Development(ready),
        })
        .await?;
        Ok(Self { running })
    }

    /// Signs somebody of a tenant in; answers with their cookie.
    pub(crate) async fn sign_in(&self, tenant: TenantId) -> Result<String, Fault> {
        let body = format!("as={tenant}");
        let mut answer = self
            .ask(&format!(
                "POST /sign-in HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
                self.running.address,
                body.len()
            ))
            .await?;
        let mut text = String::new();
        answer.read_to_string(&mut text).await?;
        let cookie = text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let named = name.eq_ignore_ascii_case("set-cookie");
            named.then(|| value.split(';').next().unwrap_or_default().to_owned())
        });
        cookie.ok_or_else(|| format!("nobody was signed in: {text}").into())
    }

    /// Opens a page and follows it.
    pub(crate) async fn open(&self, cookie: &str, page: &str) -> Result<Open, Fault> {
        let answer = self
            .ask(&format!(
                "GET /live/{page} HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\n\
                 accept: text/event-stream\r\n\r\n",
                self.running.address
            ))
            .await?;
        let (sender, position) = watch::channel(0);
        let reading = tokio::spawn(async move {
            let mut lines = answer.lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let told = line.split_once(MOVED).map(|(_, told)| told);
                if let Some(at) = told.and_then(|told| told.trim_end_matches('.').parse().ok()) {
                    sender.send_replace(at);
                }
            }
        });
        Ok(Open {
            position,
            _reading: Arc::new(Reading(reading)),
        })
    }

    async fn ask(&self, request: &str) -> Result<BufReader<TcpStream>, Fault> {
        let mut stream = TcpStream::connect(self.running.address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(request.as_bytes()).await?;
        Ok(BufReader::new(stream))
    }

    pub(crate) async fn stop(self) {
        self.running.stop().await;
    }
}

/// A page that somebody has open; closed with the last handle.
#[derive(Clone)]
pub(crate) struct Open {
    position: watch::Receiver<u64>,
    _reading: Arc<Reading>,
}

struct Reading(JoinHandle<()>);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Open {
    /// Waits until the page says that its figures go up to a position.
    pub(crate) async fn shows(&self, position: u64) -> Result<(), Fault> {
        let mut moves = self.position.clone();
        moves.wait_for(|at| *at >= position).await?;
        Ok(())
    }
}
