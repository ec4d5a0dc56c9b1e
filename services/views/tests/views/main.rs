//! What tenants see of the scenarios, folded from a real ledger.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that meets the unexpected fails there"
)]

mod dashboards;
mod released;
mod stage;
