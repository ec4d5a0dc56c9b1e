//! What every request must be, and what every answer says to the browser.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::app::{App, Shared};

/// Nothing is loaded, sent or framed but from and to here.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    img-src 'self'; connect-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'";

const HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Lets through what was asked of this place by one of its own pages.
pub(crate) async fn keep(State(app): State<App>, request: Request, next: Next) -> Response {
    let cacheable = request.uri().path().starts_with("/assets/");
    let mut answer = if is_ours(&app, request.method(), request.headers()) {
        next.run(request).await
    } else {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    };
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // A page is for the one who is signed in, now.
    if !cacheable {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    if app.is_secure() {
        let always = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, always);
    }
    answer
}

/// Whether the request names this place as its host and, when it changes something, comes from it.
fn is_ours(shared: &Shared, method: &Method, headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = text(header::HOST) else {
        return false;
    };
    let here = if shared.origin.is_empty() {
        is_loopback(host).then(|| format!("http://{host}"))
    } else {
        let named = shared.origin.split("://").nth(1);
        (named == Some(host)).then(|| shared.origin.clone())
    };
    let Some(here) = here else { return false };
    match text(header::ORIGIN) {
        Some(origin) => origin == here,
        // Browsers send it with every form; who leaves it out has no cookie of theirs to abuse.
        None => {
            method == Method::GET || method == Method::HEAD || !headers.contains_key(header::COOKIE)
        }
    }
}

/// A name under which only this machine is reached, so that no foreign name can lead here.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_lead_to_a_place_without_a_name() {
        for host in ["127.0.0.1:7480", "localhost:1", "[::1]:80", "localhost"] {
            assert!(is_loopback(host), "{host}");
        }
        for host in ["trellis.example", "127.0.0.1.example:80", "10.0.0.1:80", ""] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn scripts_and_styles_of_others_are_not_let_in() {
        assert!(CONTENT_SECURITY_POLICY.starts_with("default-src 'none'"));
        assert!(!CONTENT_SECURITY_POLICY.contains("unsafe"));
    }
}
