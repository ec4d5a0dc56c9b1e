//! How long an open stream goes on: as long as a new call of the same caller would be let in.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use domain::{
    actor::{Actor, TenantKind},
    calendar::london_date,
};
use futures::{Stream, StreamExt as _, stream};
use ledger::Ledger;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{
    status::{ERROR_DOMAIN, unauthenticated},
    token::Verifier,
};

/// An open stream is looked at again this often.
const LOOK: Duration = Duration::from_secs(1);

/// What a stream was opened with: a token, and a role that the register of its tenant lets act.
#[derive(Clone)]
pub(crate) struct Lease(Arc<Held>);

struct Held {
    verifier: Verifier,
    ledger: Ledger,
    actor: Actor,
    header: Option<String>,
}

/// What a handler streams. Only a lease makes one.
pub(crate) struct Answers<T>(Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>);

impl<T> Stream for Answers<T> {
    type Item = Result<T, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(context)
    }
}

impl Lease {
    pub(crate) fn new(
        verifier: &Verifier,
        ledger: &Ledger,
        actor: &Actor,
        header: Option<&str>,
    ) -> Self {
        Self(Arc::new(Held {
            verifier: verifier.clone(),
            ledger: ledger.clone(),
            actor: actor.clone(),
            header: header.map(str::to_owned),
        }))
    }

    /// Waits until it is over: the token has expired or its key is withdrawn, or the role has ended.
    async fn over(self) -> Status {
        let Held {
            verifier,
            ledger,
            actor,
            header,
        } = &*self.0;
        loop {
            tokio::time::sleep(LOOK).await;
            if verifier.actor(header.as_deref()).is_err() {
                return unauthenticated(
                    "the token has expired; sign in again and go on from what was received last",
                );
            }
            if actor.kind == TenantKind::Person {
                continue;
            }
            // what cannot be looked up now is looked up again, and ends nothing
            if let Ok(false) = ledger.admits(actor, london_date(ledger.now())).await {
                return Status::with_error_details(
                    Code::PermissionDenied,
                    "the role this was opened in has ended; open it again in a role you hold",
                    ErrorDetails::with_error_info("ROLE_ENDED", ERROR_DOMAIN, []),
                );
            }
        }
    }

    /// `answers` until it is over; then why.
    pub(crate) fn limits<T: Send + 'static>(
        self,
        answers: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Answers<T> {
        let open = (answers.boxed(), Box::pin(self.over()));
        Answers(Box::pin(stream::unfold(Some(open), |open| async move {
            let (mut answers, mut over) = open?;
            tokio::select! {
                biased;
                why = &mut over => Some((Err(why), None)),
                answer = answers.next() => Some((answer?, Some((answers, over)))),
            }
        })))
    }
}
