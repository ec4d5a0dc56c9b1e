//! The `trellis` binary: who is calling, may they, and what to answer; projections and reactions
//! beside it.
//!
//! - [`serve`]: the roles of a running service
//! - [`token`]: who a bearer token says is calling
//! - [`embedded`]: the private PostgreSQL of the embedded default
//! - [`gathered`]: how answers that are ready together leave together
//! - [`operate`]: what an operator does with views
//! - [`telemetry`]: traces, metrics, logs

mod admission;
mod caller;
mod desk;
mod lease;
mod page;
mod rate;
mod rpc;
mod status;
mod subscription;
mod table;
mod wire;

pub mod demonstration;
pub mod embedded;
pub mod gathered;
pub mod operate;
pub mod serve;
pub mod telemetry;
pub mod token;

pub use rpc::REQUEST_BYTES_MAX;
pub use status::ERROR_DOMAIN;
