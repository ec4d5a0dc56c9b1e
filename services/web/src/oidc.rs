//! Signing in with an OIDC issuer: the authorization-code flow with PKCE.
//!
//! What comes of it is an access token for the service, which verifies it at every call; pages are
//! shown, and forms taken, only as far as it does. So nothing here decides who somebody is.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use domain::actor::ActingRole;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse as _, TokenUrl, basic::BasicClient,
};
use serde::Deserialize;

use crate::{
    secret::Secret,
    session::{digest_of, random},
};

/// The path under which the issuer sends people back.
pub(crate) const RETURN: &str = "/signed-in";
/// How long somebody may take at the issuer.
const AWAY: Duration = Duration::from_secs(10 * 60);
/// Sign-ins under way at most; beyond that, the oldest is forgotten.
const AWAY_MAX: usize = 10_000;
/// How long the issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// The largest answer of an issuer read, in bytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

type Configured =
    BasicClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

/// How this place is known to the issuer.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The issuer, `https://id.example`.
    pub issuer: String,
    /// The client id that it has given to this place.
    pub client_id: String,
    /// And its secret, for a confidential client.
    pub client_secret: Option<Secret>,
    /// The audience of the tokens asked for.
    pub audience: String,
    /// `https://trellis.example`: what browsers call this place.
    pub origin: String,
}

/// Why nobody can sign in with the issuer.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// The issuer, or what it says of itself, is no address.
    #[error("the address {0} is none, or not over https")]
    Address(String),
    /// The issuer cannot be reached.
    #[error("the issuer cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The issuer's description of itself is unusable.
    #[error("the issuer’s discovery document is not understood, or names another issuer")]
    Discovery,
    /// No random numbers.
    #[error("no random numbers are to be had")]
    Random,
    /// Somebody came back who had not gone, or too late.
    #[error("this sign-in was not begun here, or too long ago")]
    Stray,
    /// The issuer did not give a token for the code.
    #[error("the issuer gave no token: {0}")]
    NoToken(String),
}

/// An issuer to sign in with.
#[derive(Debug)]
pub struct Oidc {
    client: Configured,
    audience: String,
    away: Mutex<HashMap<[u8; 32], Away>>,
}

/// Somebody who is at the issuer.
#[derive(Debug)]
struct Away {
    state: CsrfToken,
    verifier: PkceCodeVerifier,
    role: ActingRole,
    then: String,
    since: Instant,
}

/// Somebody who came back.
#[derive(Debug)]
pub(crate) struct Returned {
    /// The access token.
    pub(crate) token: Secret,
    /// The role that was asked for.
    pub(crate) role: ActingRole,
    /// Where to go on.
    pub(crate) then: String,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
}

impl Oidc {
    /// Reads where the issuer signs people in.
    ///
    /// # Errors
    /// When it cannot be reached or is not understood.
    pub async fn discover(registration: Registration) -> Result<Self, OidcError> {
        let issuer = &registration.issuer;
        let address = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let request = http::Request::get(&address)
            .body(vec![])
            .map_err(|_| OidcError::Address(address.clone()))?;
        let document = fetch(request).await?.into_body();
        let discovery: Discovery =
            serde_json::from_slice(&document).map_err(|_| OidcError::Discovery)?;
        if discovery.issuer != *issuer {
            return Err(OidcError::Discovery);
        }
        let no_address = |address: &str| OidcError::Address(address.to_owned());
        let back = format!("{}{RETURN}", registration.origin);
        let mut client = BasicClient::new(ClientId::new(registration.client_id));
        if let Some(secret) = registration.client_secret {
            client = client.set_client_secret(ClientSecret::new(secret.to_string()));
        }
        let client = client
            .set_auth_uri(
                AuthUrl::new(discovery.authorization_endpoint.clone())
                    .map_err(|_| no_address(&discovery.authorization_endpoint))?,
            )
            .set_token_uri(
                TokenUrl::new(discovery.token_endpoint.clone())
                    .map_err(|_| no_address(&discovery.token_endpoint))?,
            )
            .set_redirect_uri(RedirectUrl::new(back.clone()).map_err(|_| no_address(&back))?);
        Ok(Self {
            client,
            audience: registration.audience,
            away: Mutex::default(),
        })
    }

    /// Where to send somebody who wants to act in `role`, and the cookie by which they are known when
    /// they come back.
    pub(crate) fn begin(
        &self,
        role: ActingRole,
        then: &str,
    ) -> Result<(String, String), OidcError> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, state) = self
            .client
            .authorize_url(CsrfToken::new_random)
            .add_scope(Scope::new("openid".to_owned()))
            .add_extra_param("audience", &self.audience)
            .add_extra_param("trellis_role", role.to_string())
            .set_pkce_challenge(challenge)
            .url();
        let cookie = random().map_err(|_| OidcError::Random)?;
        let mut all = self.away.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, away| away.since.elapsed() < AWAY);
        if all.len() >= AWAY_MAX
            && let Some(oldest) = all
                .iter()
                .min_by_key(|(_, away)| away.since)
                .map(|(key, _)| *key)
        {
            all.remove(&oldest);
        }
        let away = Away {
            state,
            verifier,
            role,
            then: then.to_owned(),
            since: Instant::now(),
        };
        all.insert(digest_of(&cookie), away);
        Ok((address.into(), cookie))
    }

    /// Trades the code of somebody who has come back for a token. Once: a second return with the same
    /// cookie is a stray.
    pub(crate) async fn finish(
        &self,
        cookie: &str,
        state: &str,
        code: &str,
    ) -> Result<Returned, OidcError> {
        let away = {
            let mut all = self.away.lock().unwrap_or_else(PoisonError::into_inner);
            all.remove(&digest_of(cookie))
        };
        let away = away
            .filter(|away| away.since.elapsed() < AWAY)
            .filter(|away| digest_of(away.state.secret()) == digest_of(state))
            .ok_or(OidcError::Stray)?;
        let token = self
            .client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(away.verifier)
            .add_extra_param("audience", &self.audience)
            .request_async(&fetch)
            .await
            .map_err(|error| OidcError::NoToken(error.to_string()))?;
        Ok(Returned {
            token: token.access_token().secret().clone().into(),
            role: away.role,
            then: away.then,
        })
    }
}

/// Asks an issuer: over https, or over http on this machine.
async fn fetch(request: HttpRequest) -> Result<HttpResponse, OidcError> {
    let uri = request.uri();
    let loopback = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if uri.scheme_str() != Some("https") && !loopback {
        return Err(OidcError::Address(uri.to_string()));
    }
    let connector = hyper_rustls::HttpsConnectorBuilder::new()
        .with_webpki_roots()
        .https_or_http()
        .enable_http1()
        .build();
    let client: Client<_, Full<Bytes>> = Client::builder(TokioExecutor::new()).build(connector);
    let ask = async {
        let answer = client
            .request(request.map(|body| Full::new(body.into())))
            .await?;
        let (head, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await?;
        Ok(HttpResponse::from_parts(head, body.to_bytes().to_vec()))
    };
    match tokio::time::timeout(PATIENCE, ask).await {
        Ok(answer) => answer.map_err(OidcError::Unreachable),
        Err(elapsed) => Err(OidcError::Unreachable(elapsed.into())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::{Json, Router, routing::get};
    use tokio::net::TcpListener;

    use super::*;

    /// An issuer that gives a token for the code `good` when the verifier fits what it was shown.
    async fn issuer() -> (String, Arc<Mutex<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let here = format!("http://{}", listener.local_addr().expect("an address"));
        let asked = Arc::new(Mutex::new(String::new()));
        let (described, seen) = (here.clone(), Arc::clone(&asked));
        let router: Router = Router::new()
            .route(
                "/.well-known/openid-configuration",
                get(move || async move {
                    Json(serde_json::json!({
                        "issuer": described,
                        "authorization_endpoint": format!("{described}/authorize"),
                        "token_endpoint": format!("{described}/token"),
                    }))
                }),
            )
            .route(
                "/token",
                axum::routing::post(move |body: String| async move {
                    seen.lock().expect("no panic").clone_from(&body);
                    let good = body.contains("code=good") && body.contains("code_verifier=");
                    let token = serde_json::json!({"access_token": "t", "token_type": "bearer"});
                    match good {
                        true => Ok(Json(token)),
                        false => Err(http::StatusCode::BAD_REQUEST),
                    }
                }),
            );
        tokio::spawn(async move { axum::serve(listener, router).await });
        (here, asked)
    }

    async fn oidc(issuer: &str) -> Oidc {
        let registration = Registration {
            issuer: issuer.to_owned(),
            client_id: "pages".to_owned(),
            client_secret: None,
            audience: "trellis".to_owned(),
            origin: "https://trellis.example".to_owned(),
        };
        Oidc::discover(registration).await.expect("an issuer")
    }

    fn part<'a>(address: &'a str, name: &str) -> &'a str {
        let (_, after) = address.split_once(&format!("{name}=")).expect(name);
        after.split('&').next().unwrap_or_default()
    }

    #[tokio::test]
    async fn who_comes_back_with_state_and_code_has_a_token_once() {
        let (here, asked) = issuer().await;
        let oidc = oidc(&here).await;
        let (address, cookie) = oidc
            .begin(ActingRole::EmployerHr, "/pipeline")
            .expect("begun");
        assert!(address.starts_with(&format!("{here}/authorize")));
        assert_eq!(part(&address, "code_challenge_method"), "S256");
        assert_eq!(part(&address, "trellis_role"), "employer_hr");
        let state = part(&address, "state");
        let returned = oidc.finish(&cookie, state, "good").await.expect("a token");
        assert_eq!(
            (&*returned.token, returned.then.as_str()),
            ("t", "/pipeline")
        );
        assert!(
            asked
                .lock()
                .expect("no panic")
                .contains("redirect_uri=https%3A%2F%2Ftrellis.example%2Fsigned-in")
        );
        let again = oidc.finish(&cookie, state, "good").await;
        assert!(matches!(again, Err(OidcError::Stray)), "{again:?}");
    }

    #[tokio::test]
    async fn a_stray_or_another_state_or_a_bad_code_has_none() {
        let (here, _) = issuer().await;
        let oidc = oidc(&here).await;
        let (address, cookie) = oidc.begin(ActingRole::Auditor, "/").expect("begun");
        let stray = oidc.finish("other", part(&address, "state"), "good").await;
        assert!(matches!(stray, Err(OidcError::Stray)), "{stray:?}");
        let forged = oidc.finish(&cookie, "forged", "good").await;
        assert!(matches!(forged, Err(OidcError::Stray)), "{forged:?}");
        let (address, cookie) = oidc.begin(ActingRole::Auditor, "/").expect("begun");
        let bad = oidc.finish(&cookie, part(&address, "state"), "bad").await;
        assert!(matches!(bad, Err(OidcError::NoToken(_))), "{bad:?}");
    }

    #[tokio::test]
    async fn an_issuer_is_reached_over_https_only() {
        let request = http::Request::get("http://id.example/").body(vec![]);
        let refused = fetch(request.expect("a request")).await;
        assert!(matches!(refused, Err(OidcError::Address(_))));
    }
}
