//! Prints which code and which tests answer for each requirement, to be piped, and the count on
//! standard error; fails when a requirement has not both.

use std::{path::Path, process::ExitCode};

use acceptance::coverage::Coverage;

fn main() -> std::io::Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let coverage = Coverage::of(&root)?;
    if !std::env::args().any(|argument| argument == "--count") {
        print!("{}", coverage.table());
    }
    let (all, bound) = coverage.count();
    eprintln!("{bound} of {all} requirements are bound to code and to a test");
    for (id, why) in coverage.not_met() {
        eprintln!("NOT MET: {id}, {why}");
    }
    let unbound = coverage.unbound();
    for line in &unbound {
        eprintln!("{line}; see tests/src/coverage.rs for how code and tests name a requirement");
    }
    Ok(if unbound.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
