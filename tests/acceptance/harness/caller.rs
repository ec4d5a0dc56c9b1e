//! Calls by method name with messages in their JSON form, as any caller: one way for every RPC
//! there is, checked against the descriptors (an unknown field fails the test).
//!
//! Answers keep their exact bytes, since some promises are about bytes.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use contract::DESCRIPTORS;
use prost::{
    Message as _,
    bytes::{Buf as _, BufMut as _, Bytes},
};
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, SerializeOptions};
use serde_json::Value;
use tonic::{
    Code, Request, Status, Streaming,
    client::Grpc,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    transport::{Channel, Endpoint},
};
use tonic_types::{ErrorDetail, StatusExt as _};
use uuid::Uuid;

/// The namespace of the request ids that callers choose.
const REQUESTS: Uuid = Uuid::from_u128(0xacce_97a9_ce00_0000_8000_0000_0000_0001);

/// The API at one address.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) channel: Channel,
    pub(crate) pool: DescriptorPool,
    requests: Arc<AtomicU64>,
    accepted: Arc<Mutex<Vec<Accepted>>>,
    /// Words that callers say in place of others.
    instead: Arc<BTreeMap<String, String>>,
}

/// A call that was answered, as it was sent.
#[derive(Debug, Clone)]
pub(crate) struct Accepted {
    pub(crate) method: String,
    pub(crate) token: String,
    pub(crate) message: Value,
}

/// Every RPC of the service.
pub(crate) fn methods(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    let mut methods: Vec<_> = pool
        .services()
        .filter(|service| service.package_name() == "trellis.v1")
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect();
    methods.sort_by(|one, other| one.full_name().cmp(other.full_name()));
    methods
}

/// Whether an RPC writes: such requests carry the client's key.
pub(crate) fn writes(method: &MethodDescriptor) -> bool {
    method.input().get_field_by_name("effective").is_some()
}

impl Api {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let channel = Endpoint::from_shared(format!("http://{address}"))
            .expect("an address")
            .connect()
            .await
            .expect("the service listens");
        Self {
            channel,
            pool: DescriptorPool::decode(DESCRIPTORS).expect("sound descriptors"),
            requests: Arc::default(),
            accepted: Arc::default(),
            instead: Arc::default(),
        }
    }

    /// The same API, spoken to in other words: a life that is written down once is lived in another
    /// role or setting.
    pub(crate) fn saying(&self, words: &[(&str, &str)]) -> Self {
        let words = words
            .iter()
            .map(|(word, other)| ((*word).to_owned(), (*other).to_owned()));
        Self {
            instead: Arc::new(words.collect()),
            ..self.clone()
        }
    }

    /// The same API and numbering at another address, after a restart.
    pub(crate) async fn moved(&self, address: SocketAddr) -> Self {
        Self {
            requests: Arc::clone(&self.requests),
            accepted: Arc::clone(&self.accepted),
            ..Self::connect(address).await
        }
    }

    /// A caller with a token.
    pub(crate) fn by(&self, token: String) -> Caller {
        Caller {
            api: self.clone(),
            token: Some(token),
            traceparent: None,
            effective: String::new(),
        }
    }

    /// A caller without one.
    pub(crate) fn by_nobody(&self) -> Caller {
        Caller {
            token: None,
            ..self.by(String::new())
        }
    }

    /// What was sent and accepted so far, oldest first.
    pub(crate) fn accepted(&self) -> Vec<Accepted> {
        self.accepted.lock().expect("no panic meanwhile").clone()
    }

    /// The descriptor of an RPC.
    pub(crate) fn method(&self, name: &str) -> MethodDescriptor {
        methods(&self.pool)
            .into_iter()
            .find(|method| method.name() == name)
            .unwrap_or_else(|| panic!("no RPC is called {name}"))
    }

    /// A request id that nobody has used yet.
    pub(crate) fn next_request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        Uuid::new_v5(&REQUESTS, &number.to_be_bytes()).to_string()
    }
}

/// Somebody who calls, with one token.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) api: Api,
    token: Option<String>,
    traceparent: Option<String>,
    effective: String,
}

/// An answer in the affirmative.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    /// The message exactly as it came.
    pub(crate) bytes: Bytes,
    /// The same, with every field present.
    pub(crate) json: Value,
}

/// An answer in the negative.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub(crate) code: Code,
    /// `ErrorInfo.reason`
    pub(crate) reason: String,
    /// The fields at fault.
    pub(crate) fields: Vec<String>,
    /// `ErrorInfo.metadata`
    pub(crate) metadata: std::collections::BTreeMap<String, String>,
    /// How many `ErrorInfo` it carries; one, if it is ours.
    pub(crate) infos: usize,
    pub(crate) status: Status,
}

impl Refused {
    fn new(status: Status) -> Self {
        let mut refused = Self {
            code: status.code(),
            reason: String::new(),
            fields: vec![],
            metadata: std::collections::BTreeMap::new(),
            infos: 0,
            status,
        };
        for detail in refused.status.get_error_details_vec() {
            match detail {
                ErrorDetail::ErrorInfo(info) => {
                    refused.infos += 1;
                    refused.reason = info.reason;
                    refused.metadata = info.metadata.into_iter().collect();
                }
                ErrorDetail::BadRequest(bad) => {
                    let fields = bad.field_violations.into_iter().map(|field| field.field);
                    refused.fields.extend(fields);
                }
                _ => {}
            }
        }
        refused
    }

    /// Everything of the answer that a caller can tell from another one, but the time of day.
    pub(crate) fn told(&self) -> (Code, String, Vec<u8>, String) {
        let mut metadata = self.status.metadata().clone();
        metadata.remove("date");
        (
            self.code,
            self.status.message().to_owned(),
            self.status.details().to_vec(),
            format!("{metadata:?}"),
        )
    }
}

impl Caller {
    /// The same caller, recording facts as of a civil date or an instant.
    pub(crate) fn on(&self, effective: &str) -> Self {
        Self {
            effective: effective.to_owned(),
            ..self.clone()
        }
    }

    /// The same caller, within a trace.
    pub(crate) fn traced(&self, traceparent: &str) -> Self {
        Self {
            traceparent: Some(traceparent.to_owned()),
            ..self.clone()
        }
    }

    /// Calls an RPC. A write without a `request_id` or `effective` gets the caller's next one. Of a
    /// stream it is the first message.
    pub(crate) async fn call(&self, method: &str, message: Value) -> Result<Reply, Refused> {
        let method = self.api.method(method);
        let message = self.complete(&method, message);
        let bytes = encode(&method, &message);
        let answer = self.send(&method, bytes).await?;
        self.note(&method, message);
        Ok(answer)
    }

    fn note(&self, method: &MethodDescriptor, message: Value) {
        self.api
            .accepted
            .lock()
            .expect("no panic meanwhile")
            .push(Accepted {
                method: method.name().to_owned(),
                token: self.token.clone().unwrap_or_default(),
                message,
            });
    }

    /// Calls an RPC with a message in its wire form, and notes nothing.
    pub(crate) async fn send(
        &self,
        method: &MethodDescriptor,
        message: Bytes,
    ) -> Result<Reply, Refused> {
        let path = path(method);
        let mut grpc = self.grpc().await?;
        let request = self.request(message);
        let bytes = if method.is_server_streaming() {
            let mut stream = grpc
                .server_streaming(request, path, Verbatim)
                .await
                .map_err(Refused::new)?
                .into_inner();
            // What follows the present stays quiet for as long as nothing happens.
            let follows = ["Subscribe", "Watch"];
            if follows.iter().any(|word| method.name().starts_with(word)) {
                Bytes::new()
            } else {
                stream
                    .message()
                    .await
                    .map_err(Refused::new)?
                    .unwrap_or_default()
            }
        } else {
            grpc.unary(request, path, Verbatim)
                .await
                .map_err(Refused::new)?
                .into_inner()
        };
        let json = decode(method, &bytes);
        Ok(Reply { bytes, json })
    }

    /// Opens a stream.
    pub(crate) async fn open(&self, method: &str, message: Value) -> Result<Messages, Refused> {
        let method = self.api.method(method);
        let request = self.request(encode(&method, &message));
        let stream = self
            .grpc()
            .await?
            .server_streaming(request, path(&method), Verbatim)
            .await
            .map_err(Refused::new)?
            .into_inner();
        Ok(Messages { method, stream })
    }

    /// Calls an RPC that must be answered; its message.
    pub(crate) async fn get(&self, method: &str, message: Value) -> Value {
        match self.call(method, message).await {
            Ok(reply) => reply.json,
            Err(refused) => panic!("{method} is refused: {refused:?}"),
        }
    }

    /// Writes what must be accepted; the name of the resource written.
    pub(crate) async fn write(&self, method: &str, message: Value) -> String {
        let reply = self.get(method, message).await;
        reply["receipt"]["name"]
            .as_str()
            .expect("a receipt names a resource")
            .to_owned()
    }

    /// Calls what must be refused; the reason.
    pub(crate) async fn refusal(&self, method: &str, message: Value) -> String {
        match self.call(method, message).await {
            Ok(reply) => panic!("{method} is accepted: {}", reply.json),
            Err(refused) => refused.reason,
        }
    }

    /// The message with the caller's own request id and date where it has none.
    pub(crate) fn complete(&self, method: &MethodDescriptor, mut message: Value) -> Value {
        if writes(method)
            && let Some(fields) = message.as_object_mut()
        {
            fields
                .entry("request_id")
                .or_insert_with(|| self.api.next_request_id().into());
            fields
                .entry("effective")
                .or_insert_with(|| self.effective.clone().into());
        }
        self.in_other_words(&mut message);
        message
    }

    fn in_other_words(&self, message: &mut Value) {
        match message {
            Value::String(word) => {
                if let Some(other) = self.api.instead.get(word) {
                    word.clone_from(other);
                }
            }
            Value::Array(values) => values
                .iter_mut()
                .for_each(|value| self.in_other_words(value)),
            Value::Object(fields) => {
                fields
                    .values_mut()
                    .for_each(|value| self.in_other_words(value));
            }
            _ => {}
        }
    }

    fn request(&self, message: Bytes) -> Request<Bytes> {
        let mut request = Request::new(message);
        let headers = request.metadata_mut();
        if let Some(token) = &self.token {
            let bearer = format!("Bearer {token}");
            headers.insert("authorization", bearer.parse().expect("a header value"));
        }
        if let Some(traceparent) = &self.traceparent {
            headers.insert("traceparent", traceparent.parse().expect("a header value"));
        }
        request
    }

    async fn grpc(&self) -> Result<Grpc<Channel>, Refused> {
        let mut grpc = Grpc::new(self.api.channel.clone());
        let gone = |error| Refused::new(Status::from_error(Box::new(error)));
        grpc.ready().await.map_err(gone)?;
        Ok(grpc)
    }
}

/// The messages of a stream as they come.
pub(crate) struct Messages {
    method: MethodDescriptor,
    stream: Streaming<Bytes>,
}

impl Messages {
    /// The next one; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Reply>, Refused> {
        let message = self.stream.message().await.map_err(Refused::new)?;
        Ok(message.map(|bytes| Reply {
            json: decode(&self.method, &bytes),
            bytes,
        }))
    }

    /// All of a stream that ends.
    pub(crate) async fn all(mut self) -> Result<Vec<Value>, Refused> {
        let mut messages = vec![];
        while let Some(reply) = self.next().await? {
            messages.push(reply.json);
        }
        Ok(messages)
    }
}

fn path(method: &MethodDescriptor) -> http::uri::PathAndQuery {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
        .parse()
        .expect("a path")
}

/// The wire form of a message.
pub(crate) fn encode(method: &MethodDescriptor, message: &Value) -> Bytes {
    DynamicMessage::deserialize(method.input(), message)
        .unwrap_or_else(|error| panic!("{} does not take {message}: {error}", method.name()))
        .encode_to_vec()
        .into()
}

/// The JSON form of an answer, in the field names of the proto, with every field present.
pub(crate) fn decode(method: &MethodDescriptor, bytes: &Bytes) -> Value {
    let message = DynamicMessage::decode(method.output(), bytes.clone())
        .unwrap_or_else(|error| panic!("{} answers garbage: {error}", method.name()));
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false)
        .skip_default_fields(false);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .expect("a message has a JSON form")
}

/// Messages as they are.
struct Verbatim;

impl Codec for Verbatim {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Verbatim {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for Verbatim {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
