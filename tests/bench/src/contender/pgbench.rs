//! PostgreSQL's own limit: its own client inserts one row with one commit each.

use std::{collections::BTreeMap, path::PathBuf, process::Stdio};

use tempfile::TempDir;
use tokio::process::Command;
use uuid::Uuid;

use crate::{
    Fault,
    cluster::Database,
    machine::Machine,
    measure::{Pace, Sample, Times},
    shift::{ShiftEvent, metadata},
};

pub(crate) const NAME: &str = "PostgreSQL, a row a commit";

/// The share of transactions whose time is logged when as many as can be are made: writing all of them
/// would slow it down.
const LOGGED: f64 = 0.1;

/// Connections on which rows are inserted that come at a rate.
const OFFERED_TO: usize = 16;

/// pgbench of the server's own installation.
#[derive(Debug, Clone)]
pub(crate) struct Pgbench {
    program: PathBuf,
    database: Database,
}

impl Pgbench {
    pub(crate) fn new(cluster: &pg_launcher::Cluster, database: &Database) -> Self {
        let beside = cluster.bin_dir().join("pgbench");
        Self {
            program: if beside.exists() {
                beside
            } else {
                "pgbench".into()
            },
            database: database.clone(),
        }
    }

    /// Inserts for one slice with `clients` connections, `rows` at a time.
    pub(crate) async fn insert(
        &self,
        machine: &Machine,
        clients: usize,
        rows: u64,
        pace: Pace,
    ) -> Result<Sample, Fault> {
        let sampling = ["--sampling-rate", &LOGGED.to_string()];
        self.run(machine, clients, rows, pace, &sampling).await
    }

    /// Inserts `rate` rows a second for one slice, one at a time; times count from when a row was due.
    pub(crate) async fn insert_at(
        &self,
        machine: &Machine,
        rate: u32,
        pace: Pace,
    ) -> Result<Sample, Fault> {
        let offered = ["--rate", &rate.to_string()];
        self.run(machine, OFFERED_TO, 1, pace, &offered).await
    }

    async fn run(
        &self,
        machine: &Machine,
        clients: usize,
        rows: u64,
        pace: Pace,
        more: &[&str],
    ) -> Result<Sample, Fault> {
        let folder = TempDir::new()?;
        let script = folder.path().join("insert.sql");
        std::fs::write(&script, script_of(rows))?;
        let stream = Uuid::nil().to_string();
        let payload = serde_json::to_string(&ShiftEvent::nth(&stream, 1))?;
        let seconds = pace.slice.as_secs().max(1);
        let before = machine.spent();
        let run = Command::new(&self.program)
            .args(["-n", "-M", "prepared"])
            .args(["-c", &clients.to_string()])
            .args(["-j", &clients.min(machine.cores() as usize).to_string()])
            .args(["-T", &seconds.to_string()])
            .args(["-D", "k=0"])
            .args(["-D", &format!("base={}", base())])
            .args(["-D", &format!("payload={payload}")])
            .args([
                "-D",
                &format!("meta={}", serde_json::to_string(&metadata())?),
            ])
            .args(["--log", "--log-prefix", "times"])
            .args(more)
            .arg("-f")
            .arg(&script)
            .current_dir(folder.path())
            .envs(self.database.environment())
            .stdin(Stdio::null())
            .output()
            .await?;
        let spent = machine.spent() - before;
        let said = String::from_utf8_lossy(&run.stdout);
        let number = |from: &str| {
            let (_, rest) = said.split_once(from)?;
            rest.split_whitespace().next()?.parse::<f64>().ok()
        };
        let (Some(tps), Some(done)) = (
            number("tps = "),
            number("number of transactions actually processed: "),
        ) else {
            return Err(format!("pgbench: {}", String::from_utf8_lossy(&run.stderr)).into());
        };
        Ok(Sample {
            operations: done as u64 * rows,
            // Connecting is not part of the rate that pgbench tells.
            seconds: done / tps,
            times: times(folder.path())?,
            errors: number("number of failed transactions: ").unwrap_or(0.0) as u64,
            spent,
            figures: BTreeMap::new(),
        })
    }
}

/// Streams of twenty, as every contender writes them.
fn script_of(rows: u64) -> String {
    let values: Vec<String> = (0..rows)
        .map(|nth| {
            format!(
                "('rota', lpad((:stream)::bigint::text, 36, '0'), :sequence + {nth}, \
                 'ShiftWorked', '1.0', :payload, :meta)"
            )
        })
        .collect();
    let a_stream = 20 / rows;
    format!(
        "\\set k :k + 1\n\
         \\set stream :client_id * 100000000 + :base + :k / {a_stream}\n\
         \\set sequence mod(:k, {a_stream}) * {rows} + 1\n\
         INSERT INTO events (aggregate_type, aggregate_id, sequence, event_type, event_version, \
         payload, metadata) VALUES {};\n",
        values.join(", ")
    )
}

/// Where the streams of a slice begin, so that none meets another's.
fn base() -> u64 {
    use std::sync::atomic::{AtomicU64, Ordering};
    const SLICE_STREAMS: u64 = 100_000;
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed) * SLICE_STREAMS
}

fn times(folder: &std::path::Path) -> Result<Times, Fault> {
    let mut micros = vec![];
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with("times.") {
            let log = std::fs::read_to_string(entry.path())?;
            micros.extend(log.lines().filter_map(|line| {
                let took = line.split(' ').nth(2)?;
                took.parse::<u32>().ok()
            }));
        }
    }
    Ok(Times::of(micros))
}
