//! Calls as bytes: all of an answer that is on the wire, in its order.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use prost::bytes::{Buf as _, Bytes, BytesMut};
use prost_reflect::MethodDescriptor;
use tonic::{body::Body, client::GrpcService, transport::Channel};

use super::names::Names;

/// The flag and the length before each message.
const FRAME_HEAD: usize = 5;
/// How long a message may take that is due.
const PATIENCE: Duration = Duration::from_secs(10);

/// An answer as it came.
pub(super) struct Told {
    /// The response's method, by whose output type its messages are read; none of a page.
    pub(super) method: Option<MethodDescriptor>,
    /// The status line and the headers.
    head: Vec<(String, Vec<u8>)>,
    /// Every message with its flag.
    pub(super) messages: Vec<(u8, Bytes)>,
    /// What follows the messages.
    trailers: Vec<(String, Vec<u8>)>,
}

impl Told {
    /// A page, its head and its body.
    pub(super) fn page(head: Vec<(String, Vec<u8>)>, body: Bytes) -> Self {
        Self {
            method: None,
            head,
            messages: vec![(0, body)],
            trailers: vec![],
        }
    }

    /// A message out of a stream.
    pub(super) fn one(method: &MethodDescriptor, message: (u8, Bytes)) -> Self {
        Self {
            method: Some(method.clone()),
            head: vec![],
            messages: vec![message],
            trailers: vec![],
        }
    }

    /// Its bytes, with what differs from run to run under its name.
    pub(super) fn named(&self, names: &Names) -> Vec<u8> {
        let mut bytes = vec![];
        for (name, value) in self.head.iter().chain(&self.trailers) {
            // When it was asked, by the clock of the transport.
            let value = match name.as_str() {
                "date" => b"now".to_vec(),
                "grpc-status-details-bin" => names.details(value),
                _ => names.text(value),
            };
            bytes.extend([name.as_bytes(), b": ", &value, b"\n"].concat());
        }
        for (flag, message) in &self.messages {
            let message = match &self.method {
                Some(method) => names.message(&method.output(), message),
                None => names.page(message),
            };
            bytes.extend(format!("message {flag}, {} bytes\n", message.len()).bytes());
            bytes.extend(message);
            bytes.push(b'\n');
        }
        bytes
    }
}

fn lines(headers: &http::HeaderMap) -> Vec<(String, Vec<u8>)> {
    let line = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        (name.to_string(), value.as_bytes().to_vec())
    };
    headers.iter().map(line).collect()
}

/// A call that is under way: its messages as they come.
pub(super) struct Open {
    method: MethodDescriptor,
    head: Vec<(String, Vec<u8>)>,
    body: Body,
    unread: BytesMut,
    trailers: Vec<(String, Vec<u8>)>,
}

impl Open {
    /// The next message with its flag; none at the end.
    pub(super) async fn next(&mut self) -> Option<(u8, Bytes)> {
        loop {
            if let Some(message) = self.complete() {
                return Some(message);
            }
            let frame = self.body.frame().await?.ok()?;
            match frame.into_data() {
                Ok(data) => self.unread.extend_from_slice(&data),
                Err(frame) => {
                    let trailers = frame.into_trailers().unwrap_or_default();
                    self.trailers.extend(lines(&trailers));
                }
            }
        }
    }

    fn complete(&mut self) -> Option<(u8, Bytes)> {
        let head: [u8; FRAME_HEAD] = self.unread.get(..FRAME_HEAD)?.try_into().ok()?;
        let [flag, length @ ..] = head;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        self.unread.get(FRAME_HEAD..FRAME_HEAD + length)?;
        self.unread.advance(FRAME_HEAD);
        Some((flag, self.unread.split_to(length).freeze()))
    }

    /// So many messages of it, and then no more.
    pub(super) async fn first(mut self, count: usize) -> Told {
        let mut messages = vec![];
        while messages.len() < count {
            messages.push(self.soon().await.expect("one more message"));
        }
        Told {
            method: Some(self.method),
            head: self.head,
            messages,
            trailers: vec![],
        }
    }

    /// The next message, if it comes before long.
    pub(super) async fn soon(&mut self) -> Option<(u8, Bytes)> {
        let next = tokio::time::timeout(PATIENCE, self.next()).await;
        next.ok().flatten()
    }

    /// All of it.
    pub(super) async fn all(mut self) -> Told {
        let mut messages = vec![];
        while let Some(message) = self.next().await {
            messages.push(message);
        }
        assert!(self.unread.is_empty(), "half a message");
        Told {
            method: Some(self.method),
            head: self.head,
            messages,
            trailers: self.trailers,
        }
    }
}

/// Makes a call.
pub(super) async fn open(
    channel: &Channel,
    token: &str,
    method: &MethodDescriptor,
    message: &[u8],
) -> Open {
    let length = u32::try_from(message.len()).expect("a message of a test");
    let framed = [&[0], length.to_be_bytes().as_slice(), message].concat();
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let request = http::Request::post(path)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("authorization", format!("Bearer {token}"))
        .body(Body::new(Full::new(Bytes::from(framed))))
        .expect("a request");
    let answer = answered(channel, request).await;
    let (parts, body) = answer.into_parts();
    let mut head = vec![("status".to_owned(), parts.status.as_str().into())];
    head.extend(lines(&parts.headers));
    Open {
        method: method.clone(),
        head,
        body,
        unread: BytesMut::new(),
        trailers: vec![],
    }
}

/// Passes a request on as it is.
pub(super) async fn answered(
    channel: &Channel,
    request: http::Request<Body>,
) -> http::Response<Body> {
    let mut channel = channel.clone();
    std::future::poll_fn(|context| GrpcService::<Body>::poll_ready(&mut channel, context))
        .await
        .expect("the service is there");
    GrpcService::<Body>::call(&mut channel, request)
        .await
        .expect("the service answers")
}
