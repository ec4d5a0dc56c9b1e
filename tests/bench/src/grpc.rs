//! A lean gRPC client over TLS: HTTP/2 frames and nothing else, because client, server and
//! PostgreSQL share the processors and what the client takes is missing elsewhere.

use std::{net::SocketAddr, sync::Arc};

use contract::UnaryRequest;
use h2::{
    RecvStream,
    client::{self, SendRequest},
};
use http::{HeaderMap, HeaderValue, Request, header};
use prost::{Message as _, bytes::Bytes};
use server::gathered::Gathered;
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use crate::{
    Fault,
    serving::{HOST, Serving},
};

/// Length and compression of a gRPC message stand before it.
const PREFIX_BYTES: usize = 5;

/// Frames of a subscription may run ahead this far.
const WINDOW_BYTES: u32 = 1 << 20;

/// One connection; cheap to clone.
#[derive(Clone)]
pub(crate) struct Channel {
    requests: SendRequest<Bytes>,
    origin: Arc<str>,
}

/// Why a call was not answered with a message: the gRPC status and its words.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}: {}", self.code, self.message)
    }
}

impl std::error::Error for Refused {}

impl Channel {
    pub(crate) async fn connect(serving: &Serving) -> Result<Self, Fault> {
        let tcp = tcp(serving.address).await?;
        let certificate = CertificateDer::from_pem_slice(serving.certificate.as_bytes())?;
        let mut roots = RootCertStore::empty();
        roots.add(certificate)?;
        let mut config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tls = TlsConnector::from(Arc::new(config))
            .connect(ServerName::try_from(HOST)?, Gathered::new(tcp))
            .await?;
        let (requests, connection) = client::Builder::new()
            .initial_window_size(WINDOW_BYTES)
            .initial_connection_window_size(WINDOW_BYTES)
            .handshake(tls)
            .await?;
        tokio::spawn(connection);
        Ok(Self {
            requests,
            origin: format!("https://{HOST}").into(),
        })
    }

    /// One unary call.
    pub(crate) async fn call<M: UnaryRequest>(
        &self,
        authorization: &HeaderValue,
        message: &M,
    ) -> Result<M::Response, Fault> {
        let (status, mut body) = self.send(M::PATH, authorization, message).await?;
        let mut bytes = vec![];
        while let Some(chunk) = body.data().await {
            let chunk = chunk?;
            body.flow_control().release_capacity(chunk.len())?;
            bytes.extend_from_slice(&chunk);
        }
        let trailers = match status {
            Some(status) => status,
            None => body.trailers().await?.unwrap_or_default(),
        };
        accepted(&trailers)?;
        let message = bytes
            .get(PREFIX_BYTES..)
            .ok_or("an answer without a message")?;
        Ok(M::Response::decode(message)?)
    }

    /// A call that is answered by a stream of messages.
    pub(crate) async fn subscribe(
        &self,
        path: &str,
        authorization: &HeaderValue,
        message: &impl prost::Message,
    ) -> Result<Messages, Fault> {
        let (status, body) = self.send(path, authorization, message).await?;
        if let Some(status) = status {
            accepted(&status)?;
        }
        Ok(Messages {
            body,
            buffer: vec![],
        })
    }

    /// Sends a call; the status when there is nothing but it, and the body.
    async fn send(
        &self,
        path: &str,
        authorization: &HeaderValue,
        message: &impl prost::Message,
    ) -> Result<(Option<HeaderMap>, RecvStream), Fault> {
        let request = Request::post(format!("{}{path}", self.origin))
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .header(header::AUTHORIZATION, authorization)
            .body(())?;
        let mut body = vec![0];
        let length = u32::try_from(message.encoded_len())?;
        body.extend_from_slice(&length.to_be_bytes());
        message.encode(&mut body)?;
        let mut ready = self.requests.clone().ready().await?;
        let (answer, mut sending) = ready.send_request(request, false)?;
        sending.send_data(body.into(), true)?;
        let (head, body) = answer.await?.into_parts();
        let status = head.headers.contains_key("grpc-status");
        Ok((status.then_some(head.headers), body))
    }
}

/// The messages of a stream as they come.
pub(crate) struct Messages {
    body: RecvStream,
    buffer: Vec<u8>,
}

impl Messages {
    pub(crate) async fn next<M: prost::Message + Default>(&mut self) -> Result<Option<M>, Fault> {
        loop {
            if let Some((prefix, rest)) = self.buffer.split_first_chunk::<PREFIX_BYTES>() {
                let [_, length @ ..] = *prefix;
                let length = u32::from_be_bytes(length) as usize;
                if let Some(message) = rest.get(..length) {
                    let message = M::decode(message)?;
                    self.buffer.drain(..PREFIX_BYTES + length);
                    return Ok(Some(message));
                }
            }
            let Some(chunk) = self.body.data().await else {
                accepted(&self.body.trailers().await?.unwrap_or_default())?;
                return Ok(None);
            };
            let chunk = chunk?;
            self.body.flow_control().release_capacity(chunk.len())?;
            self.buffer.extend_from_slice(&chunk);
        }
    }
}

async fn tcp(address: SocketAddr) -> Result<TcpStream, Fault> {
    let tcp = TcpStream::connect(address).await?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

fn accepted(trailers: &HeaderMap) -> Result<(), Refused> {
    let text = |name| {
        let value = trailers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let code = text("grpc-status");
    if code == "0" {
        return Ok(());
    }
    Err(Refused {
        code,
        message: text("grpc-message"),
    })
}
