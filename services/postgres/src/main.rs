//! Runs a private PostgreSQL until its standard input ends: `pg-launcher [DIR]`.
//!
//! With DIR the cluster is durable and kept there, otherwise it is a throw-away one. It prints the
//! URL to connect to and, on a second line, the server's process id.

use std::{
    error::Error,
    io::{self, Read, Write},
    process::ExitCode,
};

use pg_launcher::{Cluster, Options};

fn main() -> ExitCode {
    let Err(error) = run() else {
        return ExitCode::SUCCESS;
    };
    eprintln!("pg-launcher: {error}");
    if let Some(source) = error.source() {
        eprintln!("  because: {source}");
    }
    ExitCode::FAILURE
}

fn run() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args_os().nth(1).map(Into::into);
    let cluster = Cluster::start(Options {
        durable: dir.is_some(),
        dir,
        ..Options::default()
    })?;
    let mut out = io::stdout().lock();
    writeln!(out, "{}", cluster.url("postgres", "postgres"))?;
    writeln!(out, "{}", cluster.pid())?;
    out.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    cluster.stop();
    Ok(())
}
