//! What every request shares, and which address leads where.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequestParts, OptionalFromRequestParts},
    http::{StatusCode, header, request::Parts},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use tonic::Code;

use crate::{
    api::{Api, Refused},
    assets, behind, form, frame, guard, live, oidc, page, record,
    session::{Session, Sessions},
    sign_in::{self, SignIn},
    words,
};

/// The largest form read, in bytes.
const FORM_BYTES_MAX: usize = 256 * 1024;
/// How long a page may take; a live stream has no end.
const PATIENCE: Duration = Duration::from_secs(30);

/// What every request shares.
#[derive(Debug, Clone)]
pub(crate) struct App(pub(crate) Arc<Shared>);

/// What every request shares.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) api: Api,
    pub(crate) sessions: Sessions,
    pub(crate) sign_in: SignIn,
    /// `/assets/{hash}`
    pub(crate) assets: String,
    /// `https://trellis.example`: what browsers call this place; empty when it is known by whatever
    /// loopback address it was asked under.
    pub(crate) origin: String,
    /// Ends live streams when the service drains.
    pub(crate) stopped: tokio::sync::watch::Receiver<bool>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Shared {
    /// Whether browsers reach this place over TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

/// Every address.
pub(crate) fn routes(app: App) -> Router {
    let pages = Router::new()
        .route("/", get(begin))
        .route("/sign-in", get(sign_in::show).post(sign_in::begin))
        .route("/sign-in/as/{role}", get(sign_in::leave))
        .route(oidc::RETURN, get(sign_in::come_back))
        .route("/sign-out", post(sign_in::end))
        .route("/find", get(record::find))
        .route("/history", get(record::history))
        .route("/records/{collection}/{id}", get(record::show))
        .route("/figures/{figure}", get(behind::figure))
        .route("/timeline/{collection}/{id}", get(behind::timeline))
        .route("/export/{file}", get(behind::export))
        .route("/acts/{rpc}", get(form::show).post(form::send))
        .route("/{page}", get(page::show))
        .layer(middleware::from_fn(
            |request, next: middleware::Next| async move {
                tokio::time::timeout(PATIENCE, next.run(request))
                    .await
                    .unwrap_or_else(|_| StatusCode::GATEWAY_TIMEOUT.into_response())
            },
        ));
    Router::new()
        .merge(pages)
        .route("/live/{page}", get(live::follow))
        .route("/assets/{hash}/{name}", get(assets::serve))
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(middleware::from_fn_with_state(app.clone(), guard::keep))
        .with_state(app)
}

async fn begin(_: Signed) -> Redirect {
    Redirect::to(&format!("/{}", crate::pages::Page::first()))
}

/// The session of a request; who has none signs in first and comes back.
#[derive(Debug, Clone)]
pub(crate) struct Signed(pub(crate) Arc<Session>);

impl std::ops::Deref for Signed {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl FromRequestParts<App> for Signed {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Redirect> {
        let session = cookie(parts).and_then(|cookie| app.sessions.find(cookie));
        session.map(Self).ok_or_else(|| {
            let then = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let then: String = form_urlencoded::byte_serialize(then.as_bytes()).collect();
            Redirect::to(&format!("/sign-in?then={then}"))
        })
    }
}

impl OptionalFromRequestParts<App> for Signed {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &App,
    ) -> Result<Option<Self>, Self::Rejection> {
        let session = cookie(parts).and_then(|cookie| app.sessions.find(cookie));
        Ok(session.map(Self))
    }
}

/// The name of the session's cookie.
pub(crate) const COOKIE: &str = "trellis";

/// The value of the session's cookie.
pub(crate) fn cookie(parts: &Parts) -> Option<&str> {
    named_cookie(parts, COOKIE)
}

/// The value of a cookie.
pub(crate) fn named_cookie<'a>(parts: &'a Parts, name: &str) -> Option<&'a str> {
    let headers = parts.headers.get_all(header::COOKIE).into_iter();
    headers
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// What went wrong, as a page. A session whose token the service no longer takes signs in again.
pub(crate) fn refused(app: &App, signed: &Signed, refusal: &Refused) -> Response {
    let (status, title) = match refusal.code {
        Code::Unauthenticated => return Redirect::to("/sign-in").into_response(),
        Code::PermissionDenied | Code::NotFound => {
            (StatusCode::NOT_FOUND, "There is nothing here for you")
        }
        Code::InvalidArgument => (StatusCode::BAD_REQUEST, "That cannot be shown"),
        Code::ResourceExhausted => (StatusCode::TOO_MANY_REQUESTS, "The service is busy"),
        _ => (StatusCode::BAD_GATEWAY, "This does not work now"),
    };
    let message = frame::Message {
        frame: frame::Frame::new(app, Some(signed), title, ""),
        said: words::capitalised(&refusal.message),
        reason: refusal.reason.clone(),
    };
    (status, frame::html(&message)).into_response()
}
