//! Measures Trellis beside PostgreSQL itself and its peers, interleaved on this machine in one run.

mod closed;
mod cluster;
mod contender;
mod dataset;
mod diary;
mod grpc;
mod machine;
mod measure;
mod open;
mod page;
mod population;
mod practice;
mod report;
mod scale;
mod serving;
mod shift;
#[cfg(test)]
mod smoke;
mod work;

use std::{path::PathBuf, rc::Rc, sync::Arc};

use clap::Parser;
use mimalloc::MiMalloc;
use pg_launcher::Cluster;

use crate::{
    contender::peer::Peer,
    dataset::Template,
    machine::Machine,
    measure::{Cell, Failure, Pace, Slice, interleave},
    population::Population,
    report::{Circumstances, Report},
    scale::Scale,
    work::Work,
};

/// As in the program that ships: its server runs in this one.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
    /// How many stored events growth goes up to, such as 5e7.
    #[arg(long, value_name = "EVENTS")]
    growth_max: Option<f64>,
    /// How many trainees m1 is about, such as 1e5.
    #[arg(long, value_name = "NUMBER")]
    trainees: Option<f64>,
    /// A peer that is installed, as a JSON array: its name, and the words that start it.
    #[arg(long, value_name = "JSON")]
    peer: Vec<Peer>,
    /// A peer that is not, and why.
    #[arg(long, value_name = "REASON")]
    missing: Vec<String>,
    /// Only these works; without any, all that need not be named.
    works: Vec<String>,
    #[arg(long, hide = true, value_name = "FOLDER")]
    play_demonstration: Option<PathBuf>,
    #[arg(long, hide = true, value_name = "ORDER")]
    serve_population: Option<String>,
}

/// A run under way.
pub(crate) struct Bench {
    pub(crate) cluster: Cluster,
    pub(crate) machine: Machine,
    pub(crate) scale: Scale,
    pub(crate) pace: Pace,
    pub(crate) peers: Vec<Peer>,
    growth_max: Option<u64>,
    trainees: Option<u64>,
    template: Option<Arc<Template>>,
    population: Option<Rc<Population>>,
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
            peers: vec![],
            growth_max: None,
            trainees: None,
            template: None,
            population: None,
            slices: vec![],
            failures: vec![],
        }
    }

    /// How many trainees a population of many has.
    pub(crate) fn trainees(&self) -> u64 {
        self.trainees.unwrap_or_else(|| self.scale.trainees())
    }

    /// Sizes at which growth is looked at.
    pub(crate) fn growth(&self) -> Vec<u64> {
        self.scale.growth(self.growth_max)
    }

    /// The demonstration's history, played now if nobody has asked before.
    pub(crate) async fn template(&mut self) -> Result<Arc<Template>, Fault> {
        if let Some(template) = &self.template {
            return Ok(Arc::clone(template));
        }
        let template = Arc::new(population::template().await?);
        Ok(Arc::clone(self.template.insert(template)))
    }

    /// The filled population, made now if nobody has asked before.
    pub(crate) async fn population(&mut self) -> Result<Rc<Population>, Fault> {
        if let Some(population) = &self.population {
            return Ok(Rc::clone(population));
        }
        let template = self.template().await?;
        let mut made = Population::new(&self.cluster, &template, "population").await?;
        made.fill_to(self.scale.population()).await?;
        Ok(Rc::clone(self.population.insert(Rc::new(made))))
    }

    /// Measures the cells of a work, round by round.
    pub(crate) async fn interleave(&mut self, work: &'static str, cells: Vec<Cell<'_>>) {
        self.rounds(work, self.pace.rounds, cells).await;
    }

    /// The same for cells that take as long as they take.
    pub(crate) async fn interleave_long(&mut self, work: &'static str, cells: Vec<Cell<'_>>) {
        self.rounds(work, self.scale.long_rounds(), cells).await;
    }

    /// The same, once.
    pub(crate) async fn once(&mut self, work: &'static str, cells: Vec<Cell<'_>>) {
        self.rounds(work, 1, cells).await;
    }

    async fn rounds(&mut self, work: &'static str, rounds: u32, cells: Vec<Cell<'_>>) {
        let (slices, failures) = interleave(work, &self.machine, rounds, cells).await;
        self.slices.extend(slices);
        self.failures.extend(failures);
    }
}

fn main() -> Result<(), Fault> {
    let cli = Cli::parse();
    let works = chosen(&cli.works, cli.quick)?;
    tokio::runtime::Runtime::new()?.block_on(async {
        if let Some(folder) = &cli.play_demonstration {
            return dataset::play(folder).await;
        }
        if let Some(order) = &cli.serve_population {
            return serving::serve_until_input_ends(order).await;
        }
        let scale = if cli.quick { Scale::Quick } else { Scale::Full };
        let mut bench = Bench::new(cluster::start().await?, scale);
        bench.peers = cli.peer;
        bench.growth_max = cli.growth_max.map(|events| events as u64);
        bench.trainees = cli.trainees.map(|trainees| trainees as u64);
        let circumstances = circumstances(&bench, cli.missing).await?;
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

fn chosen(names: &[String], quick: bool) -> Result<Vec<&'static Work>, Fault> {
    if names.is_empty() {
        let all = work::ALL.iter();
        let wanted = |work: &&Work| !work.named && (work.quick || !quick);
        return Ok(all.filter(wanted).collect());
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

async fn circumstances(bench: &Bench, missing: Vec<String>) -> Result<Circumstances, Fault> {
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
        missing,
    })
}
