//! What the ledger promises, shown on a real PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets the unexpected fails there"
)]

mod contention;
mod isolation;
mod personal;
mod proof;
mod reactions;
mod receipts;
mod support;
mod views;
