//! What the ledger promises, shown on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails there"
)]

mod contention;
mod handover;
mod isolation;
mod operator;
mod personal;
mod plans;
mod proof;
mod reactions;
mod receipts;
mod replay;
mod sites;
mod support;
mod views;
