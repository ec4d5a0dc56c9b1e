//! Proof of the history, pure: no database, no network.
//!
//! - [`chain`]: per stream, each event's hash covers the bytes stored and the hash before it

pub mod chain;
