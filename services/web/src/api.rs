//! Calls to the service, as any client makes them: over gRPC, with the bearer token of whoever is
//! signed in. There is no other way to a record from here.

use std::{sync::Arc, time::Duration};

use axum::body::Bytes;
use contract::{UnaryRequest, v1};
use prost::Message as _;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use tonic::{
    Code, Request, Status, Streaming,
    client::Grpc,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};
use tonic_types::StatusExt as _;

use crate::schema::Schema;

/// How long a call may take; a dashboard may wait five seconds for a position.
const PATIENCE: Duration = Duration::from_secs(15);

/// The largest answer read, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Why the service did not do what was asked.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    /// The gRPC code.
    pub(crate) code: Code,
    /// Its stable reason, `CLUSTER_BELOW_MINIMUM`; empty when there is none.
    pub(crate) reason: String,
    /// What to tell whoever asked.
    pub(crate) message: String,
    /// Field by field, what is wrong.
    pub(crate) violations: Vec<(String, String)>,
}

impl Refused {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: String::new(),
            message: message.into(),
            violations: vec![],
        }
    }
}

impl From<Status> for Refused {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map(|info| info.reason.clone());
        let violations = details.bad_request().map(|request| {
            let violations = request.field_violations.iter();
            violations
                .map(|of| (of.field.clone(), of.description.clone()))
                .collect()
        });
        let message = match status.code() {
            Code::Unavailable if reason.is_none() => {
                "the service cannot be reached now; try again in a moment"
            }
            _ => status.message(),
        };
        Self {
            code: status.code(),
            reason: reason.unwrap_or_default(),
            message: message.to_owned(),
            violations: violations.unwrap_or_default(),
        }
    }
}

/// A connection to the service, and the contract it speaks.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    channel: Channel,
    pub(crate) schema: Arc<Schema>,
}

impl Api {
    pub(crate) fn new(endpoint: Endpoint, schema: Schema) -> Self {
        Self {
            channel: endpoint.connect_lazy(),
            schema: Arc::new(schema),
        }
    }

    /// A unary call of a message known when this was written.
    pub(crate) async fn ask<M: UnaryRequest>(
        &self,
        token: &str,
        message: M,
    ) -> Result<M::Response, Refused> {
        let answer = self.unary(token, M::PATH, message.encode_to_vec()).await?;
        M::Response::decode(answer).map_err(|_| not_understood())
    }

    /// A unary call of any method of the contract.
    pub(crate) async fn call(
        &self,
        token: &str,
        method: &MethodDescriptor,
        message: &DynamicMessage,
    ) -> Result<DynamicMessage, Refused> {
        let answer = self
            .unary(token, &path(method), message.encode_to_vec())
            .await?;
        DynamicMessage::decode(method.output(), answer).map_err(|_| not_understood())
    }

    /// Reads a record, or what else is asked by a name, with the method called `rpc`.
    pub(crate) async fn read(
        &self,
        token: &str,
        rpc: &str,
        field: &str,
        name: &str,
    ) -> Result<DynamicMessage, Refused> {
        let method = self.schema.method(rpc).ok_or_else(not_understood)?;
        let mut message = DynamicMessage::new(method.input());
        message.set_field_by_name(field, Value::String(name.to_owned()));
        self.call(token, method, &message).await
    }

    /// The dashboard as it changes.
    pub(crate) async fn watch(
        &self,
        token: &str,
    ) -> Result<Messages<v1::WatchDashboardResponse>, Refused> {
        let request = v1::WatchDashboardRequest {}.encode_to_vec();
        let path = "/trellis.v1.DashboardService/WatchDashboard";
        self.stream(token, path, request).await
    }

    /// The dashboard as a file, in pieces.
    pub(crate) async fn export(
        &self,
        token: &str,
        request: &v1::ExportDashboardRequest,
    ) -> Result<Messages<v1::ExportDashboardResponse>, Refused> {
        let path = "/trellis.v1.DashboardService/ExportDashboard";
        self.stream(token, path, request.encode_to_vec()).await
    }

    /// The provable history of a person.
    pub(crate) async fn replay(
        &self,
        token: &str,
        person: &str,
    ) -> Result<Messages<v1::ReplayHistoryResponse>, Refused> {
        let method = self
            .schema
            .method("ReplayHistory")
            .ok_or_else(not_understood)?;
        let mut request = DynamicMessage::new(method.input());
        request.set_field_by_name("person", Value::String(person.to_owned()));
        let path = "/trellis.v1.AuditService/ReplayHistory";
        self.stream(token, path, request.encode_to_vec()).await
    }

    async fn stream<M: prost::Message + Default>(
        &self,
        token: &str,
        path: &'static str,
        message: Vec<u8>,
    ) -> Result<Messages<M>, Refused> {
        let mut grpc = self.ready().await?;
        let path = http::uri::PathAndQuery::from_static(path);
        let answer = grpc
            .server_streaming(request(token, message)?, path, Raw)
            .await?;
        Ok(Messages {
            stream: answer.into_inner(),
            message: std::marker::PhantomData,
        })
    }

    async fn unary(&self, token: &str, path: &str, message: Vec<u8>) -> Result<Bytes, Refused> {
        let path = path.parse().map_err(|_| not_understood())?;
        let mut request = request(token, message)?;
        request.set_timeout(PATIENCE);
        let mut grpc = self.ready().await?;
        let answer = tokio::time::timeout(PATIENCE, grpc.unary(request, path, Raw))
            .await
            .map_err(|_| {
                Refused::new(
                    Code::DeadlineExceeded,
                    "the service takes too long; try again",
                )
            })??;
        Ok(answer.into_inner())
    }

    async fn ready(&self) -> Result<Grpc<Channel>, Refused> {
        let mut grpc = Grpc::new(self.channel.clone()).max_decoding_message_size(ANSWER_BYTES_MAX);
        grpc.ready()
            .await
            .map_err(|error| Status::from_error(Box::new(error)))?;
        Ok(grpc)
    }
}

/// The messages of a stream as they come.
pub(crate) struct Messages<M> {
    stream: Streaming<Bytes>,
    message: std::marker::PhantomData<M>,
}

impl<M: prost::Message + Default> Messages<M> {
    /// The next one; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<M>, Refused> {
        match self.stream.message().await? {
            Some(bytes) => M::decode(bytes).map(Some).map_err(|_| not_understood()),
            None => Ok(None),
        }
    }
}

fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

fn request(token: &str, message: Vec<u8>) -> Result<Request<Bytes>, Refused> {
    let mut request = Request::new(message.into());
    let bearer = format!("Bearer {token}")
        .parse()
        .map_err(|_| Refused::new(Code::Unauthenticated, "sign in again"))?;
    request.metadata_mut().insert("authorization", bearer);
    Ok(request)
}

fn not_understood() -> Refused {
    Refused::new(
        Code::Internal,
        "the service answered in a way this page does not understand",
    )
}

/// Messages as their bytes: which type they are is known to whoever calls.
#[derive(Debug, Clone, Copy)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        prost::bytes::BufMut::put(buffer, item);
        Ok(())
    }

    fn buffer_settings(&self) -> BufferSettings {
        BufferSettings::default()
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        use prost::bytes::Buf as _;
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
