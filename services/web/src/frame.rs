//! What every page has around its content.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{Html, IntoResponse, Response},
};

use crate::{
    app::{App, Signed},
    pages::Page,
    sign_in::SignIn,
    words,
};

/// What is around a page.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) title: String,
    pub(crate) assets: String,
    pub(crate) signed: Option<Acting>,
    /// Where the page’s figures come from as they change; empty when they do not.
    pub(crate) live: String,
    /// How fresh the page is, for pages that do not say it beside what they show.
    pub(crate) freshness: String,
    pub(crate) development: bool,
}

/// Who is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Acting {
    pub(crate) called: String,
    pub(crate) role: String,
    pub(crate) csrf: String,
    pub(crate) pages: Vec<Link>,
}

/// A page of the menu.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) path: &'static str,
    pub(crate) title: &'static str,
    pub(crate) current: bool,
}

impl Frame {
    /// The frame of a page called `title`; `path` is that of its row, when it has one.
    pub(crate) fn new(app: &App, signed: Option<&Signed>, title: &str, path: &str) -> Self {
        Self {
            title: title.to_owned(),
            assets: app.assets.clone(),
            signed: signed.map(|signed| Acting {
                called: match (signed.called.as_str(), signed.tenant.as_str()) {
                    ("", "") => "You".to_owned(),
                    ("", tenant) => signed.names.of(tenant),
                    (called, _) => called.to_owned(),
                },
                role: words::sentence(&signed.role.to_string()),
                csrf: signed.csrf.clone(),
                pages: Page::of(signed)
                    .map(|page| Link {
                        path: page.path,
                        title: page.title,
                        current: page.path == path,
                    })
                    .collect(),
            }),
            live: String::new(),
            freshness: String::new(),
            development: matches!(app.sign_in, SignIn::Development(_)),
        }
    }
}

/// A page that says one thing.
#[derive(Debug, Template)]
#[template(path = "message.html")]
pub(crate) struct Message {
    pub(crate) frame: Frame,
    pub(crate) said: String,
    pub(crate) reason: String,
}

/// The page a template makes.
pub(crate) fn html(template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a page was not drawn"
            );
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// A part of a page; nothing where it cannot be drawn.
pub(crate) fn part(template: &impl Template) -> String {
    template.render().unwrap_or_else(|error| {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "a part was not drawn"
        );
        String::new()
    })
}
