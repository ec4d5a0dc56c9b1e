//! The web front of Trellis: server-rendered pages for every role. It is a client of the API like any
//! other: what it shows and records goes through the same calls, with the token of whoever is signed
//! in, so that there is no second way to a record.
//!
//! - `pages`: the pages, a row each; `forms`: what forms are called
//! - `schema`: the contract as data, from which forms and records are drawn
//! - `api`: calls to the service
//! - `page`, `section`, `figures`, `chart`: a page and its parts; `live`: as they change
//! - `record`, `form`: one record, one act
//! - `index`, `names`: which records there are, and what they are called
//! - `session`, `sign_in`, `oidc`: who is signed in
//! - `app`, `guard`, `assets`, `frame`: what every request and page have in common

mod api;
mod app;
mod assets;
mod behind;
mod chart;
mod figures;
mod form;
mod forms;
mod frame;
mod guard;
mod index;
mod live;
mod names;
mod oidc;
mod page;
mod pages;
mod record;
mod schema;
mod secret;
mod section;
mod serve;
mod session;
mod sign_in;
mod words;

pub use oidc::{Oidc, OidcError, Registration};
pub use schema::SchemaError;
pub use secret::Secret;
pub use serve::{Options, Running, StartError, start};
pub use sign_in::{Ready, SignIn};
