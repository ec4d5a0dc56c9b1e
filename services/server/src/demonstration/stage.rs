//! The way to the service: every act of the play is a gRPC call with the token of whoever acts,
//! under a request id that is the same at every start.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    future::Future,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use contract::{UnaryRequest, WriteRequest, v1};
use domain::{
    actor::{ActingRole, Actor, PersonId, TenantId, TenantKind},
    refusal::Reason,
};
use futures::{StreamExt as _, TryStreamExt as _};
use http::uri::PathAndQuery;
use tonic::{
    Code, Request, Status,
    metadata::{Ascii, MetadataValue},
    transport::Channel,
};
use tonic_types::StatusExt as _;

use super::cast::{Candidate, Organisation, named};
use crate::token::{DevelopmentIssuer, KeyError, development_person};

/// Calls under way at a time where their order does not matter.
const LANES: usize = 24;

/// How often a call is sent again when the service says so.
const ATTEMPTS_MAX: u32 = 40;

/// How long consequences may take to show.
const CONSEQUENCES_WITHIN: Duration = Duration::from_secs(60);

/// A sign-in is good for a week; every start makes new ones.
pub(super) const SIGN_IN_HOURS: u64 = 7 * 24;

/// What the play can stumble over. Each names the step at which it did.
#[derive(Debug, thiserror::Error)]
pub(super) enum PlayError {
    /// A call that should succeed did not.
    #[error("step \"{step}\": {rpc} by {by} should succeed, but the answer was {answer}")]
    Failed {
        step: String,
        rpc: &'static str,
        by: String,
        answer: String,
    },
    /// A call that must be refused was not, or for another reason.
    #[error(
        "step \"{step}\": {rpc} by {by} must be refused with {wanted}, but the answer was {answer}"
    )]
    NotRefused {
        step: String,
        rpc: &'static str,
        by: String,
        wanted: &'static str,
        answer: String,
    },
    /// What was read back is not what the history says.
    #[error("step \"{step}\": {what}")]
    Unexpected { step: String, what: String },
    /// Two steps of the script share a label and so a request id.
    #[error("two steps are called \"{0}\"; request ids are made of these names")]
    Repeated(String),
    /// No token could be signed.
    #[error("no sign-in could be made")]
    SignIn(#[from] KeyError),
}

/// The running service as the play sees it.
pub(super) struct Stage<'i> {
    channel: Channel,
    issuer: &'i DevelopmentIssuer,
    now: u64,
    tokens: Mutex<HashMap<(TenantId, ActingRole), Token>>,
    steps: Mutex<HashSet<String>>,
    /// Some of it was played before and broken off.
    resuming: AtomicBool,
    /// Something was written that was not there before.
    fresh: AtomicBool,
    calls: AtomicUsize,
    refusals: AtomicUsize,
}

type Token = MetadataValue<Ascii>;

impl<'i> Stage<'i> {
    /// A stage over `channel`; `now` is in seconds since 1970.
    pub(super) fn new(channel: Channel, issuer: &'i DevelopmentIssuer, now: u64) -> Self {
        Self {
            channel,
            issuer,
            now,
            tokens: Mutex::default(),
            steps: Mutex::default(),
            resuming: AtomicBool::new(false),
            fresh: AtomicBool::new(true),
            calls: AtomicUsize::new(0),
            refusals: AtomicUsize::new(0),
        }
    }

    /// Looks whether the platform's `step` was written before: then this is the rest of a play
    /// that was broken off, and what is there already is not sent again.
    pub(super) async fn resume_if_begun(&self, step: &str) -> Result<(), PlayError> {
        let begun = self
            .platform()?
            .receipt_of(step, &request_id(step))
            .await?
            .is_some();
        self.resuming.store(begun, Ordering::Relaxed);
        self.fresh.store(!begun, Ordering::Relaxed);
        Ok(())
    }

    /// Calls made so far.
    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    /// Expected refusals met so far.
    pub(super) fn refusals(&self) -> usize {
        self.refusals.load(Ordering::Relaxed)
    }

    /// Somebody of `organisation` in `role`.
    pub(super) fn of<'a>(
        &'a self,
        organisation: &'a Organisation,
        role: ActingRole,
    ) -> Result<Caller<'a>, PlayError> {
        let actor = Actor {
            tenant: organisation.tenant,
            kind: organisation.kind,
            role,
            person: Some(development_person(organisation.tenant, role)),
            client: Some(format!("{}-demonstration", organisation.slug)),
        };
        self.caller(actor, &organisation.slug)
    }

    /// A candidate.
    pub(super) fn candidate<'a>(
        &'a self,
        candidate: &'a Candidate,
    ) -> Result<Caller<'a>, PlayError> {
        self.person(candidate.person, &candidate.slug)
    }

    fn person<'a>(&'a self, person: PersonId, slug: &'a str) -> Result<Caller<'a>, PlayError> {
        let actor = Actor {
            tenant: TenantId(person.0),
            kind: TenantKind::Person,
            role: ActingRole::Candidate,
            person: Some(person),
            client: None,
        };
        self.caller(actor, slug)
    }

    /// The platform's operator.
    pub(super) fn platform(&self) -> Result<Caller<'_>, PlayError> {
        let actor = Actor {
            person: Some(development_person(
                domain::actor::PLATFORM,
                ActingRole::PlatformOperator,
            )),
            client: None,
            ..Actor::platform()
        };
        self.caller(actor, "platform")
    }

    fn caller<'a>(&'a self, actor: Actor, slug: &'a str) -> Result<Caller<'a>, PlayError> {
        let key = (actor.tenant, actor.role);
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        let token = match tokens.get(&key) {
            Some(token) => token.clone(),
            None => {
                let token = self.token(&actor)?;
                tokens.insert(key, token.clone());
                token
            }
        };
        Ok(Caller {
            stage: self,
            role: actor.role,
            slug,
            token,
        })
    }

    fn token(&self, actor: &Actor) -> Result<Token, PlayError> {
        let token = self
            .issuer
            .sign(super::AUDIENCE, actor, self.now, SIGN_IN_HOURS)?;
        format!("Bearer {token}")
            .parse()
            .map_err(|_| KeyError::Unreachable("the development issuer".to_owned()).into())
    }

    async fn call<M: UnaryRequest + Clone>(
        &self,
        token: &Token,
        message: &M,
    ) -> Result<M::Response, Status> {
        let mut attempt = 0;
        loop {
            self.calls.fetch_add(1, Ordering::Relaxed);
            let mut request = Request::new(message.clone());
            request
                .metadata_mut()
                .insert("authorization", token.clone());
            let mut service = tonic::client::Grpc::new(self.channel.clone());
            service
                .ready()
                .await
                .map_err(|error| Status::unavailable(error.to_string()))?;
            let answer = service
                .unary(
                    request,
                    PathAndQuery::from_static(M::PATH),
                    tonic_prost::ProstCodec::default(),
                )
                .await;
            match answer {
                Ok(response) => return Ok(response.into_inner()),
                Err(status) if again(&status) && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                    tokio::time::sleep(Duration::from_millis(10 * u64::from(attempt))).await;
                }
                Err(status) => return Err(status),
            }
        }
    }

    /// A step's name becomes its request id, so it must be the only one of that name.
    fn request_id(&self, step: &str) -> Result<String, PlayError> {
        let fresh = self
            .steps
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(step.to_owned());
        if fresh {
            Ok(request_id(step))
        } else {
            Err(PlayError::Repeated(step.to_owned()))
        }
    }
}

/// The request id of a step.
pub(super) fn request_id(step: &str) -> String {
    named(&format!("request/{step}")).to_string()
}

/// Somebody acting for one tenant in one role.
#[derive(Clone)]
pub(super) struct Caller<'a> {
    stage: &'a Stage<'a>,
    role: ActingRole,
    slug: &'a str,
    token: Token,
}

impl Caller<'_> {
    /// Writes; the call must succeed. `on` is the date or instant at which it is true.
    pub(super) async fn does<M>(
        &self,
        step: impl Into<String>,
        on: impl fmt::Display,
        request: M,
    ) -> Result<v1::Receipt, PlayError>
    where
        M: WriteRequest + UnaryRequest + Clone,
        v1::Receipt: From<M::Response>,
    {
        let step = step.into();
        let request_id = self.stage.request_id(&step)?;
        self.does_as(step, request_id, on, request).await
    }

    /// The same under a request id that is not made of the step's name.
    pub(super) async fn does_as<M>(
        &self,
        step: String,
        request_id: String,
        on: impl fmt::Display,
        mut request: M,
    ) -> Result<v1::Receipt, PlayError>
    where
        M: WriteRequest + UnaryRequest + Clone,
        v1::Receipt: From<M::Response>,
    {
        if self.stage.resuming.load(Ordering::Relaxed)
            && let Some(receipt) = self.receipt_of(&step, &request_id).await?
        {
            return Ok(receipt);
        }
        self.stage.fresh.store(true, Ordering::Relaxed);
        request.stamp(request_id, on.to_string());
        self.stage
            .call(&self.token, &request)
            .await
            .map(Into::into)
            .map_err(|status| self.failed(step, M::PATH, &status))
    }

    /// Writes, for an answer that says more than the receipt. Sent again even when it was written
    /// before: the repeat is answered alike.
    pub(super) async fn answers<M>(
        &self,
        step: impl Into<String>,
        on: impl fmt::Display,
        mut request: M,
    ) -> Result<M::Response, PlayError>
    where
        M: WriteRequest + UnaryRequest + Clone,
    {
        let step = step.into();
        request.stamp(self.stage.request_id(&step)?, on.to_string());
        self.asks(&step, request).await
    }

    /// The call must be refused for `reason`, and writes nothing.
    pub(super) async fn is_refused<M>(
        &self,
        step: impl Into<String>,
        on: impl fmt::Display,
        reason: Reason,
        mut request: M,
    ) -> Result<(), PlayError>
    where
        M: WriteRequest + UnaryRequest + Clone,
    {
        let step = step.into();
        let request_id = self.stage.request_id(&step)?;
        // What was refused then may be allowed by what was played after it.
        if !self.stage.fresh.load(Ordering::Relaxed) {
            return Ok(());
        }
        request.stamp(request_id, on.to_string());
        let wanted: &'static str = reason.into();
        let answer = match self.stage.call(&self.token, &request).await {
            Err(status) if reason_of(&status).as_deref() == Some(wanted) => {
                self.stage.refusals.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            Err(status) => described(&status),
            Ok(_) => "a success".to_owned(),
        };
        Err(PlayError::NotRefused {
            step,
            rpc: rpc(M::PATH),
            by: self.to_string(),
            wanted,
            answer,
        })
    }

    /// Reads.
    pub(super) async fn asks<M>(&self, step: &str, request: M) -> Result<M::Response, PlayError>
    where
        M: UnaryRequest + Clone,
    {
        self.stage
            .call(&self.token, &request)
            .await
            .map_err(|status| self.failed(step.to_owned(), M::PATH, &status))
    }

    /// Reads again until the answer shows what must follow: reactions and views run beside the
    /// calls that cause them.
    pub(super) async fn awaits<M>(
        &self,
        step: &str,
        request: M,
        shows: impl Fn(&M::Response) -> bool,
    ) -> Result<M::Response, PlayError>
    where
        M: UnaryRequest + Clone,
    {
        let deadline = tokio::time::Instant::now() + CONSEQUENCES_WITHIN;
        let mut pause = Duration::from_millis(2);
        loop {
            let answer = self.stage.call(&self.token, &request).await;
            match answer {
                Ok(answer) if shows(&answer) => return Ok(answer),
                // a record that a reaction is about to make does not exist yet
                Err(status)
                    if status.code() != Code::PermissionDenied
                        || tokio::time::Instant::now() > deadline =>
                {
                    return Err(self.failed(step.to_owned(), M::PATH, &status));
                }
                Ok(answer) if tokio::time::Instant::now() > deadline => {
                    return Err(PlayError::Unexpected {
                        step: step.to_owned(),
                        what: format!(
                            "{} did not come to show it; the last answer was {answer:?}",
                            rpc(M::PATH)
                        ),
                    });
                }
                _ => {}
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    /// Replays a person's history to its end.
    pub(super) async fn replays(&self, person: &str) -> Result<v1::HistorySummary, PlayError> {
        use v1::{audit_service_client::AuditServiceClient, replay_history_response::Entry};
        let path = "/trellis.v1.AuditService/ReplayHistory";
        let failed = |status: Status| self.failed("summary".to_owned(), path, &status);
        let mut request = Request::new(v1::ReplayHistoryRequest {
            person: person.to_owned(),
            ..v1::ReplayHistoryRequest::default()
        });
        request
            .metadata_mut()
            .insert("authorization", self.token.clone());
        let mut entries = AuditServiceClient::new(self.stage.channel.clone())
            .replay_history(request)
            .await
            .map_err(failed)?
            .into_inner();
        let mut summary = v1::HistorySummary::default();
        while let Some(entry) = entries.message().await.map_err(failed)? {
            if let Some(Entry::Summary(end)) = entry.entry {
                summary = end;
            }
        }
        Ok(summary)
    }

    /// The first answer to a request of this caller's, when it was written.
    pub(super) async fn receipt_of(
        &self,
        step: &str,
        request_id: &str,
    ) -> Result<Option<v1::Receipt>, PlayError> {
        let operation = v1::GetOperationRequest {
            request_id: request_id.to_owned(),
        };
        let answer = self.asks(step, operation).await?;
        Ok((answer.state() == v1::OperationState::Committed)
            .then(|| answer.receipt.unwrap_or_default()))
    }

    /// The value of the `authorization` header.
    pub(super) fn bearer(&self) -> &str {
        self.token.to_str().unwrap_or_default()
    }

    fn failed(&self, step: String, path: &'static str, status: &Status) -> PlayError {
        PlayError::Failed {
            step,
            rpc: rpc(path),
            by: self.to_string(),
            answer: described(status),
        }
    }
}

impl fmt::Display for Caller<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.slug, self.role)
    }
}

/// Runs acts whose order among each other does not matter, and keeps their results in order.
pub(super) async fn together<T, F>(acts: impl IntoIterator<Item = F>) -> Result<Vec<T>, PlayError>
where
    F: Future<Output = Result<T, PlayError>>,
{
    futures::stream::iter(acts)
        .buffered(LANES)
        .try_collect()
        .await
}

fn rpc(path: &'static str) -> &'static str {
    path.rsplit('/').next().unwrap_or(path)
}

fn reason_of(status: &Status) -> Option<String> {
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
}

fn described(status: &Status) -> String {
    match reason_of(status) {
        Some(reason) => format!("{reason}: {}", status.message()),
        None => format!("{:?}: {}", status.code(), status.message()),
    }
}

/// Whether the same request should be sent once more.
fn again(status: &Status) -> bool {
    match status.code() {
        Code::Aborted | Code::Unavailable => true,
        Code::ResourceExhausted => {
            matches!(
                reason_of(status).as_deref(),
                Some("OVERLOADED" | "RATE_EXHAUSTED")
            )
        }
        _ => false,
    }
}
