//! Turns a call into a permit for the one action it names.

use std::str::FromStr as _;

use domain::{
    actor::{Actor, TenantKind},
    permission::{Action, Permit},
    refusal::Refusal,
};
use ledger::Ledger;
use tonic::{Request, Status};

use crate::{
    rate::Allowance,
    status::{failed, refused, unauthenticated},
    token::{TokenError, Verifier},
};

/// Who calls and what for: put into the request before any handler sees it.
#[derive(Debug, Clone)]
struct Call {
    actor: Result<Actor, std::sync::Arc<TokenError>>,
    action: Option<Action>,
}

/// Reads the token and the path. The action is the RPC's own name, so no handler can name another.
pub(crate) fn note_call<B>(verifier: &Verifier, mut request: http::Request<B>) -> http::Request<B> {
    let header = request
        .headers()
        .get(http::header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let method = request.uri().path().rsplit('/').next().unwrap_or_default();
    let call = Call {
        actor: verifier.actor(header).map_err(std::sync::Arc::new),
        action: Action::from_str(method).ok(),
    };
    request.extensions_mut().insert(call);
    request
}

/// The permit of a call: authenticated, allowed by the permission table, and for a tenant that is
/// registered as the kind its role belongs to.
pub(crate) async fn permit<T>(
    ledger: &Ledger,
    allowance: &Allowance,
    request: &Request<T>,
) -> Result<Permit, Status> {
    let call = request
        .extensions()
        .get::<Call>()
        .ok_or_else(|| unauthenticated("no credentials"))?;
    let actor = match &call.actor {
        Ok(actor) => actor.clone(),
        Err(error) => return Err(unauthenticated(error.to_string())),
    };
    allowance.take(actor.tenant)?;
    let denied = || refused(&Refusal::not_permitted());
    let permit = call
        .action
        .and_then(|action| Permit::grant(actor.clone(), action))
        .ok_or_else(denied)?;
    // A role is good for its own kind of tenant only. A person is no organisation, and no
    // organisation's id may be signed in as a person's.
    let registered = ledger.tenant_kind(actor.tenant).await.map_err(failed)?;
    let due = (actor.kind != TenantKind::Person).then_some(actor.kind);
    if registered != due {
        return Err(denied());
    }
    Ok(permit)
}
