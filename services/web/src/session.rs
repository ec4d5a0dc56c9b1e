//! Who is signed in: an opaque cookie in the browser, everything else here.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::{
    actor::{ActingRole, TenantKind},
    permission::Action,
};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use serde::Deserialize;

use crate::{index::Index, names::Names, secret::Secret};

/// A session ends after so long without a request.
const IDLE: Duration = Duration::from_secs(60 * 60);
/// And after so long whatever happens.
const WHOLE: Duration = Duration::from_secs(12 * 60 * 60);
/// Sessions kept at most; beyond that, the one idle longest ends.
const SESSIONS_MAX: usize = 10_000;

/// One sign-in: one person or system, one tenant, one acting role.
#[derive(Debug)]
pub(crate) struct Session {
    /// The bearer token of every call.
    pub(crate) token: Secret,
    /// The acting role.
    pub(crate) role: ActingRole,
    /// `tenants/{uuid}`; empty for a candidate.
    pub(crate) tenant: String,
    /// `people/{uuid}`; empty for a system.
    pub(crate) person: String,
    /// What the page says at its top; empty for what the tenant is called.
    pub(crate) called: String,
    /// What a form must send back.
    pub(crate) csrf: String,
    /// What has been looked up for whoever is signed in, and is nobody else's.
    pub(crate) names: Names,
    /// Which records there are, as far as its feed has been read.
    pub(crate) index: tokio::sync::Mutex<Index>,
    began: Instant,
}

impl Session {
    /// Whether the role may do it; the service decides again at every call.
    pub(crate) fn may(&self, action: Action) -> bool {
        action.roles().contains(&self.role)
    }

    /// The same, by the name of the RPC.
    pub(crate) fn may_call(&self, rpc: &str) -> bool {
        rpc.parse().is_ok_and(|action| self.may(action))
    }

    /// What kind of tenant is acted for.
    pub(crate) fn kind(&self) -> TenantKind {
        self.role.tenant_kind().unwrap_or(TenantKind::Platform)
    }

    /// Whether a form came from a page of this session. Digests are compared, so that how long it
    /// takes tells nothing.
    pub(crate) fn sent(&self, csrf: &str) -> bool {
        digest_of(&self.csrf) == digest_of(csrf)
    }
}

/// Why somebody cannot be signed in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SessionError {
    #[error("the token does not say who acts in which role; ask the issuer’s operator")]
    Claims,
    #[error("no random numbers are to be had")]
    Random,
}

/// What is read of a token for the page’s own words. The service verifies it; here it is only
/// shown.
#[derive(Debug, Deserialize)]
struct Claims {
    trellis_role: String,
    #[serde(default)]
    trellis_tenant: String,
    #[serde(default)]
    trellis_person: String,
}

/// Sessions by the digest of their cookie: who reads this memory has no cookie of anybody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<[u8; 32], Kept>>>);

#[derive(Debug)]
struct Kept {
    session: Arc<Session>,
    seen: Instant,
}

impl Sessions {
    /// Begins a session for the bearer of a token, and gives the value of its cookie too.
    pub(crate) fn begin(
        &self,
        token: &str,
        called: &str,
    ) -> Result<(String, Arc<Session>), SessionError> {
        let claims = claims(token).ok_or(SessionError::Claims)?;
        let role = claims
            .trellis_role
            .parse()
            .map_err(|_| SessionError::Claims)?;
        let cookie = random()?;
        let now = Instant::now();
        let session = Arc::new(Session {
            token: token.to_owned().into(),
            role,
            tenant: claims.trellis_tenant,
            person: claims.trellis_person,
            called: called.to_owned(),
            csrf: random()?,
            names: Names::default(),
            index: tokio::sync::Mutex::default(),
            began: now,
        });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, kept| kept.lives(now));
        if all.len() >= SESSIONS_MAX
            && let Some(oldest) = all
                .iter()
                .min_by_key(|(_, kept)| kept.seen)
                .map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        let kept = Kept {
            session: Arc::clone(&session),
            seen: now,
        };
        all.insert(digest_of(&cookie), kept);
        Ok((cookie, session))
    }

    /// The session of a cookie, which begins to be idle anew.
    pub(crate) fn find(&self, cookie: &str) -> Option<Arc<Session>> {
        let now = Instant::now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all
            .get_mut(&digest_of(cookie))
            .filter(|kept| kept.lives(now))?;
        kept.seen = now;
        Some(Arc::clone(&kept.session))
    }

    /// Ends a session.
    pub(crate) fn end(&self, cookie: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&digest_of(cookie));
    }
}

impl Kept {
    fn lives(&self, now: Instant) -> bool {
        now.duration_since(self.seen) < IDLE && now.duration_since(self.session.began) < WHOLE
    }
}

/// By what a secret is known here.
pub(crate) fn digest_of(secret: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    key
}

fn claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// The role a token says it is for.
pub(crate) fn acting_role(token: &str) -> Option<ActingRole> {
    claims(token)?.trellis_role.parse().ok()
}

/// 256 random bits as text.
pub(crate) fn random() -> Result<String, SessionError> {
    let mut bits = [0_u8; 32];
    SystemRandom::new()
        .fill(&mut bits)
        .map_err(|_| SessionError::Random)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> String {
        let claims = r#"{"trellis_role":"employer_hr","trellis_tenant":"tenants/1"}"#;
        format!("e30.{}.sig", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_session_is_found_by_its_cookie_alone_and_ends() {
        let sessions = Sessions::default();
        let (cookie, _) = sessions.begin(&token(), "Northmoor").expect("a session");
        let found = sessions.find(&cookie).expect("found");
        assert_eq!(found.role, ActingRole::EmployerHr);
        assert!(found.may_call("MakeOffer") && !found.may_call("ApproveAward"));
        assert!(found.sent(&found.csrf) && !found.sent("") && !found.sent(&cookie));
        assert!(sessions.find("other").is_none());
        sessions.end(&cookie);
        assert!(sessions.find(&cookie).is_none());
    }

    #[test]
    fn no_two_sessions_share_anything() {
        let sessions = Sessions::default();
        let [one, other] = [(); 2].map(|()| sessions.begin(&token(), "").expect("a session"));
        assert_ne!(one.0, other.0);
        assert_ne!(one.1.csrf, other.1.csrf);
    }

    #[test]
    fn a_token_that_says_nothing_begins_no_session() {
        assert!(Sessions::default().begin("opaque", "").is_err());
    }
}
