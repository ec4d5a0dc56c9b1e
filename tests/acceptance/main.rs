//! The service through its own API, on a real PostgreSQL. One binary: every test links once.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails with the sentence that says what was expected"
)]

mod access;
mod admission;
mod architecture;
mod bad_input;
mod blindness;
mod break_glass;
mod channels;
mod concurrency;
mod coverage;
mod custody;
mod dashboard;
mod faults;
mod golden;
mod harness;
mod journey;
mod noninterference;
mod operate;
mod permissions;
mod personal;
mod proof;
mod staff;
mod streams;
mod telemetry;
mod token;
mod visibility;
