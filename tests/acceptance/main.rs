//! The service through its own API, on a real PostgreSQL. One binary: every test links once.

mod architecture;
mod dashboard;
mod harness;
mod permissions;
mod token;
