//! Proof of the history, pure: no database, no network.
//!
//! - [`chain`]: per stream, each event's hash covers the bytes stored and the hash before it
//! - [`merkle`]: per tenant, an RFC 6962 log over the event hashes of its feed
//! - [`note`]: what a log's head is signed as, so that nobody can be shown two histories unnoticed
//! - [`pack`]: an exported replay, and its verification with nothing else at hand

pub mod chain;
pub mod merkle;
pub mod note;
pub mod pack;
