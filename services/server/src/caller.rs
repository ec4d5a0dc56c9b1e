//! Turns a call into a permit for the one action it names.

use std::{
    collections::HashMap,
    str::FromStr as _,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    task::{Context, Poll},
};

use contract::DESCRIPTORS;
use domain::{
    actor::{Actor, TenantKind},
    calendar::london_date,
    permission::{Action, Permit},
    refusal::Refusal,
};
use futures::future::BoxFuture;
use ledger::{Access, Ledger};
use prost::Message as _;
use prost_types::FileDescriptorSet;
use tonic::{Request, Status};
use tower::{Layer, Service};

use crate::{
    admission::{Admission, Place},
    lease::Lease,
    rate::Allowance,
    status::{explained, failed, refused, unauthenticated},
    token::Verifier,
};

/// Who calls and what for: put into the request before any handler sees it.
#[derive(Clone)]
struct Call {
    actor: Actor,
    /// How the person signed in.
    strength: Option<Arc<str>>,
    action: Option<Action>,
    admission: Admission,
    place: Held,
    opened: Opened,
    lease: Lease,
}

/// What a call has opened of personal values, to be recorded before it is answered.
type Opened = Arc<Mutex<Vec<Access>>>;

/// The place of a call, from its permit until it is answered.
type Held = Arc<OnceLock<Place>>;

/// The field by which a request is known to write (`contract::WriteRequest`).
const WRITES: &str = "effective";

/// Receives every call: reads the token and the path and counts it against its tenant's allowance.
/// The action is the RPC's own name, so no handler can name another.
#[derive(Clone)]
pub(crate) struct Reception(Arc<Desks>);

struct Desks {
    verifier: Verifier,
    allowance: Allowance,
    ledger: Ledger,
    rpcs: HashMap<String, Rpc>,
}

struct Rpc {
    action: Option<Action>,
    admission: Admission,
}

impl Reception {
    pub(crate) fn new(
        verifier: Verifier,
        allowance: Allowance,
        ledger: Ledger,
    ) -> Result<Self, prost::DecodeError> {
        let (writes, reads) = (
            Admission::of_this_machine("write"),
            Admission::of_this_machine("read"),
        );
        let mut rpcs = HashMap::new();
        for file in FileDescriptorSet::decode(DESCRIPTORS)?.file {
            let written: Vec<String> = (file.message_type.iter())
                .filter(|message| message.field.iter().any(|field| field.name() == WRITES))
                .map(|message| format!(".{}.{}", file.package(), message.name()))
                .collect();
            for service in &file.service {
                for method in &service.method {
                    let writing = written.iter().any(|name| name == method.input_type());
                    rpcs.insert(
                        format!("/{}.{}/{}", file.package(), service.name(), method.name()),
                        Rpc {
                            action: Action::from_str(method.name()).ok(),
                            admission: if writing { &writes } else { &reads }.clone(),
                        },
                    );
                }
            }
        }
        Ok(Self(Arc::new(Desks {
            verifier,
            allowance,
            ledger,
            rpcs,
        })))
    }
}

impl<S> Layer<S> for Reception {
    type Service = Received<S>;

    fn layer(&self, inner: S) -> Received<S> {
        Received {
            reception: self.clone(),
            inner,
        }
    }
}

/// A service behind the reception.
#[derive(Clone)]
pub(crate) struct Received<S> {
    reception: Reception,
    inner: S,
}

impl<S, B, R> Service<http::Request<B>> for Received<S>
where
    S: Service<http::Request<B>, Response = http::Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    B: Send + 'static,
    R: Default + Send,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: http::Request<B>) -> Self::Future {
        let waiting = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, waiting);
        let reception = Arc::clone(&self.reception.0);
        Box::pin(async move {
            let (held, opened) = (Held::default(), Opened::default());
            // A path that is no RPC of the contract is for the router to refuse.
            if let Some(rpc) = reception.rpcs.get(request.uri().path())
                && let Err(refusal) = reception.receive(rpc, &mut request, &held, &opened)
            {
                return Ok(refusal.into_http());
            }
            let answer = ready.call(request).await?;
            if let Err(refusal) = reception.record(&opened).await {
                return Ok(refusal.into_http());
            }
            drop(held);
            Ok(explained(answer))
        })
    }
}

impl Desks {
    fn receive<B>(
        &self,
        rpc: &Rpc,
        request: &mut http::Request<B>,
        held: &Held,
        opened: &Opened,
    ) -> Result<(), Status> {
        let header = request
            .headers()
            .get(http::header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let (actor, strength) = self
            .verifier
            .signed_in(header)
            .map_err(|error| unauthenticated(error.to_string()))?;
        let lease = Lease::new(&self.verifier, &self.ledger, &actor, header);
        self.allowance.take(actor.tenant)?;
        request.extensions_mut().insert(Call {
            actor,
            strength,
            action: rpc.action,
            admission: rpc.admission.clone(),
            place: Arc::clone(held),
            opened: Arc::clone(opened),
            lease,
        });
        Ok(())
    }

    /// Records what a call has opened. What cannot be recorded is not shown.
    async fn record(&self, opened: &Opened) -> Result<(), Status> {
        let opened = std::mem::take(&mut *lock(opened));
        if opened.is_empty() {
            return Ok(());
        }
        self.ledger.record_accesses(opened).await.map_err(failed)
    }
}

fn lock(opened: &Opened) -> MutexGuard<'_, Vec<Access>> {
    opened.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the person of a call signed in, where their token says so.
pub(crate) fn strength<T>(request: &Request<T>) -> Option<String> {
    let call = request.extensions().get::<Call>()?;
    call.strength.as_deref().map(str::to_owned)
}

/// For how long the answer to a call may go on.
pub(crate) fn lease<T>(request: &Request<T>) -> Result<Lease, Status> {
    let call = request.extensions().get::<Call>();
    call.map(|call| call.lease.clone())
        .ok_or_else(|| unauthenticated("no credentials"))
}

/// Notes that a call has opened a personal value.
pub(crate) fn opened<T>(request: &Request<T>, access: Option<Access>) {
    if let Some(call) = request.extensions().get::<Call>() {
        lock(&call.opened).extend(access);
    }
}

/// The permit of a call: authenticated, allowed by the permission table, let in, and for a tenant
/// that is registered as the kind its role belongs to. By now the message is read, so nobody holds a
/// place by sending one slowly.
pub(crate) async fn permit<T>(ledger: &Ledger, request: &Request<T>) -> Result<Permit, Status> {
    let call = request
        .extensions()
        .get::<Call>()
        .ok_or_else(|| unauthenticated("no credentials"))?;
    let denied = || refused(&Refusal::not_permitted());
    let permit = call
        .action
        .and_then(|action| Permit::grant(call.actor.clone(), action))
        .ok_or_else(denied)?;
    let actor = permit.actor();
    if call.place.get().is_none() {
        let place = call.admission.enter(actor.tenant).await?;
        // Set before: then the call has one, and this one goes back.
        let _ = call.place.set(place);
    }
    // A role is good for its own kind of tenant only. A person is no organisation, and no
    // organisation's id may be signed in as a person's.
    let registered = ledger.tenant_kind(actor.tenant).await.map_err(failed)?;
    let permit = match (actor.role.tenant_kind(), registered) {
        (Some(TenantKind::Person), None) => return Ok(permit),
        // Every kind of organisation has administrators; which it is, the registry says.
        (None, Some(kind)) if kind != TenantKind::Platform => {
            let actor = Actor {
                kind,
                ..actor.clone()
            };
            Permit::grant(actor, permit.action()).ok_or_else(denied)?
        }
        (Some(kind), Some(registered)) if kind == registered => permit,
        _ => return Err(denied()),
    };
    // An organisation that manages its roles lets nobody act but in a role it has assigned.
    let actor = permit.actor();
    let on = london_date(ledger.now());
    if !ledger.admits(actor, on).await.map_err(failed)? {
        return Err(denied());
    }
    Ok(match ledger.case(actor).await.map_err(failed)? {
        Some(case) => permit.within(case),
        None => permit,
    })
}
