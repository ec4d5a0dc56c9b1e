//! The service through its own API, on a real PostgreSQL. One binary: every test links once.

mod architecture;
mod bad_input;
mod blindness;
mod concurrency;
mod dashboard;
mod faults;
mod golden;
mod harness;
mod journey;
mod permissions;
mod personal;
mod telemetry;
mod token;
