//! Measures Trellis beside PostgreSQL itself and its peers, interleaved on this machine in one run.

mod closed;
mod cluster;
mod contender;
mod diary;
mod machine;
mod measure;
mod report;
mod scale;
mod shift;
mod work;

use std::path::PathBuf;

use clap::Parser;
use pg_launcher::Cluster;

use crate::{
    machine::Machine,
    measure::{Cell, Failure, Pace, Slice, interleave},
    report::{Circumstances, Report},
    scale::Scale,
    work::Work,
};

/// What went wrong, for whoever runs this.
pub(crate) type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Measures Trellis beside PostgreSQL itself and its peers.
#[derive(Parser)]
struct Cli {
    /// What the bars need, in under three minutes.
    #[arg(long)]
    quick: bool,
    /// Where everything that was measured is written, as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only these works; all of them without any.
    works: Vec<String>,
}

/// A run under way.
pub(crate) struct Bench {
    pub(crate) cluster: Cluster,
    pub(crate) machine: Machine,
    pub(crate) scale: Scale,
    pub(crate) pace: Pace,
    slices: Vec<Slice>,
    failures: Vec<Failure>,
}

impl Bench {
    fn new(cluster: Cluster, scale: Scale) -> Self {
        Self {
            machine: Machine::with_postgres(cluster.pid()),
            cluster,
            scale,
            pace: scale.pace(),
            slices: vec![],
            failures: vec![],
        }
    }

    /// Measures the cells of a work, round by round.
    pub(crate) async fn interleave(&mut self, work: &'static str, cells: Vec<Cell<'_>>) {
        let (slices, failures) = interleave(work, &self.machine, self.pace.rounds, cells).await;
        self.slices.extend(slices);
        self.failures.extend(failures);
    }
}

fn main() -> Result<(), Fault> {
    let cli = Cli::parse();
    let works = chosen(&cli.works)?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let scale = if cli.quick { Scale::Quick } else { Scale::Full };
        let mut bench = Bench::new(cluster::start().await?, scale);
        let circumstances = circumstances(&bench).await?;
        for work in &works {
            eprintln!("{}: {}", work.name, work.about);
            (work.run)(&mut bench).await?;
        }
        let report = Report::of(circumstances, &works, bench.slices, bench.failures);
        report.print(&works);
        if let Some(file) = &cli.json {
            report.write(file)?;
        }
        bench.cluster.stop();
        Ok(())
    })
}

fn chosen(names: &[String]) -> Result<Vec<&'static Work>, Fault> {
    if names.is_empty() {
        return Ok(work::ALL.iter().collect());
    }
    names
        .iter()
        .map(|name| {
            let known = work::ALL.iter().find(|work| work.name == name);
            known.ok_or_else(|| {
                let all: Vec<&str> = work::ALL.iter().map(|work| work.name).collect();
                format!("there is no work {name}; there are {}", all.join(", ")).into()
            })
        })
        .collect()
}

async fn circumstances(bench: &Bench) -> Result<Circumstances, Fault> {
    let folder = cluster::data_folder(&bench.cluster).await?;
    let mut settings = cluster::durability(&bench.cluster).await?;
    settings.extend(
        cluster::SIZES
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    Ok(Circumstances {
        began: jiff::Zoned::now().strftime("%F %T %Z").to_string(),
        cores: bench.machine.cores(),
        settings,
        file_system: machine::file_system(&folder),
        folder: folder.display().to_string(),
        missing: vec![],
    })
}
