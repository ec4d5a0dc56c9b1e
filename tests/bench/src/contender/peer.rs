//! A peer that is a program of its own: told what to do, it says `begin` when its slice does, and
//! then what it did.

use std::{collections::BTreeMap, process::Stdio, str::FromStr};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use crate::{
    Fault,
    cluster::Database,
    machine::Machine,
    measure::{Pace, Sample, Times},
};

/// An installed peer: its name, and the words that start it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    command: Vec<String>,
}

impl FromStr for Peer {
    type Err = serde_json::Error;

    /// A JSON array: the name, the program, its first arguments.
    fn from_str(words: &str) -> Result<Self, Self::Err> {
        let (name, command): (String, Vec<String>) = serde_json::from_str(words)?;
        Ok(Self {
            // A handful for the whole run, and every slice carries its contender's name.
            name: name.leak(),
            command,
        })
    }
}

#[derive(Deserialize)]
struct Told {
    seconds: f64,
    errors: u64,
    micros: Vec<u32>,
}

impl Peer {
    /// Writes with so many writers, so many events a commit.
    pub(crate) async fn append(
        &self,
        machine: &Machine,
        database: &Database,
        writers: usize,
        events: u64,
        pace: Pace,
    ) -> Result<Sample, Fault> {
        self.run(machine, database, "append", [writers as u64, events], pace)
            .await
    }

    /// Writes streams of so many events and then loads them.
    pub(crate) async fn load(
        &self,
        machine: &Machine,
        database: &Database,
        streams: u64,
        events: u64,
        pace: Pace,
    ) -> Result<Sample, Fault> {
        self.run(machine, database, "load", [streams, events], pace)
            .await
    }

    async fn run(
        &self,
        machine: &Machine,
        database: &Database,
        work: &str,
        numbers: [u64; 2],
        pace: Pace,
    ) -> Result<Sample, Fault> {
        let (program, first) = self
            .command
            .split_first()
            .ok_or("a peer without a program")?;
        let mut process = Command::new(program)
            .args(first)
            .arg(work)
            .args(numbers.map(|number| number.to_string()))
            .args([pace.warm, pace.slice].map(|time| time.as_millis().to_string()))
            .envs(database.environment())
            .env("DATABASE_URL", database.owner_url())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = process.stdout.take().ok_or("no output of the peer")?;
        let mut lines = BufReader::new(output).lines();
        while lines.next_line().await?.ok_or("the peer did not begin")? != "begin" {}
        let before = machine.spent();
        let told = lines.next_line().await?.ok_or("the peer ended early")?;
        let spent = machine.spent() - before;
        process.wait().await?;
        let told: Told = serde_json::from_str(&told)?;
        Ok(Sample {
            operations: told.micros.len() as u64,
            seconds: told.seconds,
            times: Times::of(told.micros),
            errors: told.errors,
            spent,
            figures: BTreeMap::new(),
        })
    }
}
