//! What every test stands on: a database of its own, the service on it, and callers of any role.

pub(crate) mod caller;
pub(crate) mod campaign;
pub(crate) mod cast;
pub(crate) mod collector;
pub(crate) mod course;
pub(crate) mod database;
pub(crate) mod graduates;
pub(crate) mod issuer;
pub(crate) mod later;
pub(crate) mod life;
pub(crate) mod messages;
pub(crate) mod partner;
pub(crate) mod places;
pub(crate) mod process;
pub(crate) mod qualified;
pub(crate) mod service;
pub(crate) mod snapshot;
pub(crate) mod soundness;
pub(crate) mod tour;

pub(crate) use caller::{Api, Caller, Refused};
pub(crate) use cast::Cast;
pub(crate) use service::Service;
