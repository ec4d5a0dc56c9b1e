//! Signing in and out.

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};

use domain::actor::{ActingRole, TenantKind};
use strum::IntoEnumIterator as _;

use crate::{
    app::{App, COOKIE, Shared, Signed, cookie, named_cookie},
    frame::{Frame, html},
    oidc::{Oidc, OidcError},
    page::Query,
    secret::Secret,
    session::acting_role,
    words,
};

/// The cookie by which somebody is known who comes back from the issuer.
const AWAY_COOKIE: &str = "trellis-sign-in";

/// How people sign in.
#[derive(Debug)]
pub enum SignIn {
    /// By choosing one of these: the embedded default only.
    Development(Vec<Ready>),
    /// With an issuer.
    Oidc(Box<Oidc>),
}

/// A ready-made sign-in of the embedded default.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Names it in the form, `northmoor.employer_hr`.
    pub key: String,
    /// What the tenant or the person is called.
    pub name: String,
    /// The acting role.
    pub role: String,
    /// The bearer token.
    pub token: Secret,
}

#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
struct Shown {
    frame: Frame,
    said: &'static str,
    then: String,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    name: String,
    sign_ins: Vec<One>,
}

#[derive(Debug)]
struct One {
    key: String,
    role: String,
}

/// Shows how to sign in.
pub(crate) async fn show(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let query = Query::read(query.as_deref());
    shown(&app, local(query.get("then")), "")
}

fn shown(app: &App, then: &str, said: &'static str) -> Response {
    let one = |key: &str, role: &str| One {
        key: key.to_owned(),
        role: words::sentence(role),
    };
    let mut groups: Vec<Group> = vec![];
    match &app.sign_in {
        SignIn::Development(ready) => {
            for group in ready.chunk_by(|one, next| one.name == next.name) {
                groups.push(Group {
                    name: group
                        .first()
                        .map_or_else(String::new, |one| one.name.clone()),
                    sign_ins: group.iter().map(|of| one(&of.key, &of.role)).collect(),
                });
            }
        }
        SignIn::Oidc(_) => {
            for kind in TenantKind::iter() {
                let roles = ActingRole::iter().filter(|role| role.tenant_kind() == Some(kind));
                groups.push(Group {
                    name: words::sentence(&kind.to_string()),
                    sign_ins: roles
                        .map(|of| one(&of.to_string(), &of.to_string()))
                        .collect(),
                });
            }
        }
    }
    let page = Shown {
        frame: Frame::new(app, None, "Sign in", ""),
        said,
        then: then.to_owned(),
        groups,
    };
    html(&page)
}

/// Begins a session by one of the ready-made sign-ins.
pub(crate) async fn begin(State(app): State<App>, body: Bytes) -> Response {
    let form = std::str::from_utf8(&body).ok();
    let form = Query::read(form);
    let then = local(form.get("then"));
    let SignIn::Development(ready) = &app.sign_in else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match ready.iter().find(|one| one.key == form.get("as")) {
        Some(one) => begun(&app, &one.token, &one.name, then).await,
        None => shown(&app, then, "Choose one of the sign-ins below."),
    }
}

/// Sends somebody to the issuer. A link and no form leads here, since a form may lead nowhere else.
pub(crate) async fn leave(
    State(app): State<App>,
    Path(role): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let query = Query::read(query.as_deref());
    let (SignIn::Oidc(oidc), Ok(role)) = (&app.sign_in, role.parse()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match oidc.begin(role, local(query.get("then"))) {
        Ok((address, cookie)) => {
            let set = set_cookie(&app, AWAY_COOKIE, &cookie, "; Max-Age=600");
            (
                AppendHeaders([(header::SET_COOKIE, set)]),
                Redirect::to(&address),
            )
                .into_response()
        }
        Err(error) => not_signed_in(&app, &error),
    }
}

/// Begins a session for somebody who comes back from the issuer, in the role that was asked for and in
/// no other.
pub(crate) async fn come_back(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    parts: Parts,
) -> Response {
    let query = Query::read(query.as_deref());
    let SignIn::Oidc(oidc) = &app.sign_in else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let cookie = named_cookie(&parts, AWAY_COOKIE).unwrap_or_default();
    let returned = oidc
        .finish(cookie, query.get("state"), query.get("code"))
        .await;
    match returned {
        Ok(returned) if acting_role(&returned.token) == Some(returned.role) => {
            begun(&app, &returned.token, "", &returned.then).await
        }
        Ok(_) => shown(
            &app,
            "/",
            "Your organisation’s sign-in did not give you that role. Choose another, or ask whoever \
             keeps its accounts.",
        ),
        Err(error) => not_signed_in(&app, &error),
    }
}

fn not_signed_in(app: &App, error: &OidcError) -> Response {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "nobody was signed in"
    );
    let said = "The sign-in was not completed, or took too long. Choose your role to try again.";
    shown(app, "/", said)
}

async fn begun(app: &App, token: &str, called: &str, then: &str) -> Response {
    match app.sessions.begin(token, called) {
        Ok((cookie, session)) => {
            let tenant = session.tenant.clone();
            session.names.learn(&app.api, &session, [tenant]).await;
            let set = set_cookie(app, COOKIE, &cookie, "");
            (
                AppendHeaders([(header::SET_COOKIE, set)]),
                Redirect::to(then),
            )
                .into_response()
        }
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "nobody was signed in"
            );
            shown(
                app,
                "/",
                "Your account does not say for whom you act; ask whoever keeps it.",
            )
        }
    }
}

/// Ends the session.
pub(crate) async fn end(
    State(app): State<App>,
    signed: Signed,
    parts: Parts,
    body: Bytes,
) -> Response {
    let form = std::str::from_utf8(&body).ok();
    if signed.sent(Query::read(form).get("csrf"))
        && let Some(cookie) = cookie(&parts)
    {
        app.sessions.end(cookie);
    }
    let gone = set_cookie(&app, COOKIE, "", "; Max-Age=0");
    (
        AppendHeaders([(header::SET_COOKIE, gone)]),
        Redirect::to("/sign-in"),
    )
        .into_response()
}

/// A cookie that no script reads and no other site sends along with what it posts.
fn set_cookie(shared: &Shared, name: &str, value: &str, more: &str) -> String {
    let secure = if shared.is_secure() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{more}")
}

/// Where to go on, when that is here.
fn local(then: &str) -> &str {
    let here = then.starts_with('/')
        && !then.starts_with("//")
        && !then.contains('\\')
        && !then.bytes().any(|byte| byte.is_ascii_control());
    if here { then } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_elsewhere() {
        for elsewhere in [
            "https://other.example",
            "//other.example",
            "/\\other",
            "",
            "/a\nb",
        ] {
            assert_eq!(local(elsewhere), "/", "{elsewhere}");
        }
        assert_eq!(local("/pipeline?at=3"), "/pipeline?at=3");
    }
}
