//! Services that are careless: the real one behind a layer that knows what the other side has stored,
//! from the database, and lets one thing of it slip into what it answers.

use std::net::SocketAddr;

use axum::Router;
use domain::actor::TenantId;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use prost::bytes::Bytes;
use prost_reflect::{DynamicMessage, MethodDescriptor, ReflectMessage as _, Value};
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinHandle};
use tonic::{
    body::Body,
    transport::{Channel, Server, server::TcpIncoming},
};

use super::wire::answered;
use crate::harness::{Api, Service, caller::methods};

/// In which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leak {
    /// The version of a record counts what the other side does.
    Version,
    /// A figure of a dashboard does.
    Count,
    /// The position of a feed does.
    Position,
    /// A refusal says why.
    Reason,
    /// A page token does.
    PageToken,
    /// The last item of a feed is as recent as the other side's last act.
    Instant,
    /// A feed has an item more for each of them.
    Item,
    /// A replay has.
    Replay,
    /// An export has.
    Export,
    /// The receipt of a sealed decision tells of it.
    Receipt,
}

impl Leak {
    /// Those that already the property as a whole finds out.
    pub(crate) const OF_ALL: [Self; 5] = [
        Self::Version,
        Self::Count,
        Self::Position,
        Self::Reason,
        Self::PageToken,
    ];
}

/// Puts a careless layer before a service: from now on its API is asked through it.
pub(crate) async fn put_before(service: &mut Service, viewer: TenantId, leak: Leak) -> Careless {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .expect("a free port");
    let address = listener.local_addr().expect("an address");
    let layer = Layer {
        service: service.cast.api.channel.clone(),
        methods: methods(&service.cast.api.pool),
        owner: service.owner.clone(),
        viewer,
        leak,
    };
    let routes = Router::new().fallback(move |request: axum::extract::Request| {
        let layer = layer.clone();
        async move {
            layer
                .answer(request.map(Body::new))
                .await
                .map(axum::body::Body::new)
        }
    });
    let serving = Server::builder()
        .add_routes(routes.into())
        .serve_with_incoming(TcpIncoming::from(listener));
    let task = tokio::spawn(async {
        let _ = serving.await;
    });
    service.cast.api = Api::connect(address).await;
    Careless(task)
}

/// A layer before a service.
pub(crate) struct Careless(JoinHandle<()>);

impl Careless {
    /// Takes it away.
    pub(crate) fn ends(self) {
        self.0.abort();
    }
}

#[derive(Clone)]
struct Layer {
    service: Channel,
    methods: Vec<MethodDescriptor>,
    owner: PgPool,
    viewer: TenantId,
    leak: Leak,
}

impl Layer {
    async fn answer(&self, request: http::Request<Body>) -> http::Response<Body> {
        let path = request.uri().path().to_owned();
        let called = self
            .methods
            .iter()
            .find(|method| path.ends_with(&format!("/{}", method.name())));
        let slips = match (self.leak, called.map(MethodDescriptor::name)) {
            (Leak::Version, Some("GetApplication"))
            | (Leak::Count | Leak::PageToken, Some("GetDashboard"))
            | (Leak::Position | Leak::Instant | Leak::Item, Some("ListFeed"))
            | (Leak::Reason, Some("MakeOffer" | "GetSeal" | "ProveInclusion"))
            | (Leak::Replay, Some("ReplayHistory"))
            | (Leak::Export, Some("ExportReplay" | "ExportDashboard"))
            | (Leak::Receipt, Some("SealDecision")) => called,
            _ => None,
        };
        let answer = answered(&self.service, request).await;
        let Some(method) = slips else {
            return answer;
        };
        let hidden: i64 =
            sqlx::query_scalar("SELECT count(*) FROM ledger.event WHERE NOT $1 = ANY (parties)")
                .bind(self.viewer.0)
                .fetch_one(&self.owner)
                .await
                .expect("the owner counts");
        let (mut parts, body) = answer.into_parts();
        if self.leak == Leak::Reason {
            let words = format!("the%20other%20side%20has%20said%20{hidden}%20words");
            parts
                .headers
                .insert("grpc-message", words.parse().expect("a header"));
            return http::Response::from_parts(parts, body);
        }
        let body = body.collect().await.expect("a body");
        let trailers = body.trailers().cloned();
        let bytes = body.to_bytes();
        let Some((head, message)) = bytes.split_at_checked(5) else {
            return http::Response::from_parts(parts, Body::new(Full::new(bytes)));
        };
        if [Leak::Replay, Leak::Export].contains(&self.leak) {
            // Its first message comes once more for each.
            let length = message.get(..first_of(head)).unwrap_or(message);
            let more = [head, length]
                .concat()
                .repeat(hidden.unsigned_abs() as usize);
            let body = Full::new(Bytes::from([&bytes[..], &more].concat()));
            let body = body.with_trailers(async move { trailers.map(Ok) });
            return http::Response::from_parts(parts, Body::new(body));
        }
        let message = self.slips(method, message, hidden);
        let length = u32::try_from(message.len()).expect("a message");
        let framed = [&head[..1], &length.to_be_bytes(), &message].concat();
        let body = Full::new(Bytes::from(framed)).with_trailers(async move { trailers.map(Ok) });
        http::Response::from_parts(parts, Body::new(body))
    }

    fn slips(&self, method: &MethodDescriptor, message: &[u8], hidden: i64) -> Vec<u8> {
        let mut answer = DynamicMessage::decode(method.output(), message).expect("an answer");
        match self.leak {
            Leak::Version => more(&mut answer, "version", hidden),
            Leak::Position => more(&mut answer, "next_position", hidden),
            Leak::PageToken => {
                let token = answer.get_field_by_name("next_page_token");
                let token = token.and_then(|token| token.as_str().map(str::to_owned));
                if let Some(token) = token.filter(|token| !token.is_empty()) {
                    // Still the token of the same page: what follows a dash is of no use.
                    let token = Value::String(format!("{token}-{hidden}"));
                    answer.set_field_by_name("next_page_token", token);
                }
            }
            Leak::Count => {
                let dashboard = answer.get_field_by_name_mut("dashboard");
                let figures = dashboard
                    .and_then(Value::as_message_mut)
                    .and_then(|dashboard| dashboard.get_field_by_name_mut("figures"))
                    .and_then(Value::as_list_mut);
                let first = figures.and_then(|figures| figures.first_mut());
                if let Some(figure) = first.and_then(Value::as_message_mut) {
                    more(figure, "value", hidden);
                }
            }
            Leak::Instant | Leak::Item => {
                let items = answer.get_field_by_name_mut("items");
                let items = items.and_then(Value::as_list_mut).expect("items");
                let last = items.last().cloned().expect("an item");
                if self.leak == Leak::Item {
                    items.extend((0..hidden).map(|_| last.clone()));
                } else if let Some(Value::Message(item)) = items.last_mut() {
                    let instant = item.get_field_by_name_mut("recorded_time");
                    more(
                        instant.and_then(Value::as_message_mut).expect("one"),
                        "seconds",
                        hidden,
                    );
                }
            }
            Leak::Receipt => {
                let receipt = answer.get_field_by_name_mut("receipt");
                more(
                    receipt.and_then(Value::as_message_mut).expect("one"),
                    "version",
                    hidden,
                );
            }
            Leak::Reason | Leak::Replay | Leak::Export => {}
        }
        answer.encode_to_vec()
    }
}

/// The length of the message that a frame begins with.
fn first_of(head: &[u8]) -> usize {
    let length = head[1..].try_into().map_or(0, u32::from_be_bytes);
    length as usize
}

fn more(message: &mut DynamicMessage, field: &str, hidden: i64) {
    let kind = message
        .descriptor()
        .get_field_by_name(field)
        .expect("a field");
    let value = match message.get_field(&kind).as_ref() {
        Value::I64(value) => Value::I64(value + hidden),
        Value::U64(value) => Value::U64(value + hidden.unsigned_abs()),
        other => panic!("{field} is no number: {other:?}"),
    };
    message.set_field(&kind, value);
}
