//! Signing in and out.

use askama::Template;
use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    http::{StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};

use crate::{
    app::{App, COOKIE, Shared, Signed, cookie},
    frame::{Frame, html},
    page::Query,
    words,
};

/// How people sign in.
#[derive(Debug)]
pub enum SignIn {
    /// By choosing one of these: the embedded default only.
    Development(Vec<Ready>),
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
    pub token: String,
    /// The record to begin with; empty for none.
    pub starts_at: String,
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
    let mut groups: Vec<Group> = vec![];
    let SignIn::Development(ready) = &app.sign_in;
    for one in ready {
        if groups.last().is_none_or(|group| group.name != one.name) {
            groups.push(Group {
                name: one.name.clone(),
                sign_ins: vec![],
            });
        }
        if let Some(group) = groups.last_mut() {
            group.sign_ins.push(One {
                key: one.key.clone(),
                role: words::sentence(&one.role),
            });
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

/// Begins a session in the role that was chosen.
pub(crate) async fn begin(State(app): State<App>, body: Bytes) -> Response {
    let form = std::str::from_utf8(&body).ok();
    let form = Query::read(form);
    let then = local(form.get("then"));
    let SignIn::Development(ready) = &app.sign_in;
    match ready.iter().find(|one| one.key == form.get("as")) {
        Some(one) => begun(&app, &one.token, &one.name, &one.starts_at, then),
        None => shown(&app, then, "Choose one of the sign-ins below."),
    }
}

fn begun(app: &App, token: &str, called: &str, starts_at: &str, then: &str) -> Response {
    match app.sessions.begin(token, called, starts_at) {
        Ok(cookie) => {
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
            StatusCode::BAD_REQUEST.into_response()
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
