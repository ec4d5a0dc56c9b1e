//! The demonstration world: a complete service on a private PostgreSQL, and a history to look at.
//!
//! The history is played, not loaded: every fact arrives as the gRPC call the tenant's own system
//! would send, with that tenant's token, in the order of the dates on which it is true. What must
//! be refused is tried and must be refused. So the demonstration is also the widest test there is.
//!
//! - `cast`: who plays
//! - `stage`: how they call
//! - `opening`: policies and tenants
//! - `cohort`: the life of a group of trainees, from application to qualified post
//! - `early_history`: what is documented of the role's first years
//! - `live_intake`: one intake, told in full
//! - `open_work`: what is left to do, for people who look
//! - `summary`: what each tenant sees, read back
//! - `sign_ins`: tokens for people who want to try

mod cast;
mod cohort;
mod early_history;
mod live_intake;
mod open_work;
mod opening;
mod sign_ins;
mod stage;
mod summary;
mod trainee;

use std::{
    future::Future,
    io::IsTerminal as _,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant, SystemTime},
};

use domain::actor::ActingRole;
use ledger::{Clock, Ledger};
use tonic::transport::Endpoint;

use crate::{
    embedded::Embedded,
    serve::{Role, ServeOptions, serve},
    token::Verifier,
};
use cast::Cast;
use stage::{PlayError, Stage, request_id};

/// The audience of development tokens.
pub const AUDIENCE: &str = "trellis";

/// How long the service may take to answer its first call.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// How to run the demonstration.
#[derive(Debug, Clone)]
pub struct Demonstration {
    /// Where the database, keys and sign-ins are kept.
    pub data_dir: PathBuf,
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Where to serve pages; port 0 picks a free one.
    pub web_listen: SocketAddr,
    /// Play, print the summary and end.
    pub once: bool,
    /// Leave the history out: policies and tenants only.
    pub empty: bool,
}

impl Demonstration {
    /// Stopped before the end: for somebody who wanted the end, that is a failure.
    fn stopped(&self) -> Result<(), AnyError> {
        match self.once {
            true => Err("stopped before the end; a further start goes on from here".into()),
            false => Ok(()),
        }
    }
}

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// Starts everything, plays what is not played yet, then serves until `stop`, and stops
/// everything it started. A second start on the same folder finds the history in place.
///
/// # Errors
/// When something cannot start, or a step of the play does not go as it must.
pub async fn run(options: Demonstration, stop: impl Future<Output = ()>) -> Result<(), AnyError> {
    let embedded = Embedded::start(&options.data_dir).await?;
    let ledger = Ledger::open(embedded.ledger_options(Clock::Sandbox)?).await?;
    let running = serve(ServeOptions {
        ledger,
        verifier: Verifier::new(AUDIENCE).with_development(&embedded.issuer),
        listen: options.listen,
        roles: vec![Role::Api, Role::Project, Role::React],
        log_signer: None,
        tls: None,
    })
    .await?;
    let outcome = show(&options, &embedded, running.address, stop).await;
    running.stop().await;
    tokio::task::spawn_blocking(move || drop(embedded)).await?;
    outcome
}

async fn show(
    options: &Demonstration,
    embedded: &Embedded,
    address: SocketAddr,
    stop: impl Future<Output = ()>,
) -> Result<(), AnyError> {
    let mut stop = std::pin::pin!(stop);
    let mut cast = Cast::assemble();
    let channel = Endpoint::from_shared(format!("http://{address}"))?
        .connect_timeout(CONNECT_WITHIN)
        .connect()
        .await?;
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)?
        .as_secs();
    let stage = Stage::new(channel, &embedded.issuer, now);
    let sign_ins = sign_ins::Folder::clear(&options.data_dir)?;
    let played = tokio::select! {
        played = play(&stage, &cast, options) => played?,
        () = &mut stop => return options.stopped(),
    };
    if !options.empty {
        early_history::SUCCESSOR.clone_into(&mut cast.commissioner.name);
    }
    if options.once {
        if !options.empty {
            let summary = tokio::select! {
                summary = summary::read(&stage, &cast, &played) => summary?,
                () = &mut stop => return options.stopped(),
            };
            print!("{summary}");
        }
        return Ok(());
    }
    let ready = sign_ins.prepare(&stage, &cast)?;
    let pages = web::start(web::Options {
        api: Endpoint::from_shared(format!("http://{address}"))?,
        listen: options.web_listen,
        origin: String::new(),
        tls: None,
        sign_in: web::SignIn::Development(ready.for_pages()),
    })
    .await?;
    let written = ready.write(address, pages.address)?;
    print!("{}", written.guide(address, pages.address));
    stop.await;
    pages.stop().await;
    Ok(())
}

/// How the play went.
#[derive(Debug, Clone)]
struct Played {
    /// Nothing was left to play.
    before: bool,
    /// Calls made.
    calls: usize,
    /// Refusals that had to come and came.
    refusals: usize,
    /// How long it took.
    took: Duration,
}

async fn play(
    stage: &Stage<'_>,
    cast: &Cast,
    options: &Demonstration,
) -> Result<Played, PlayError> {
    let began = Instant::now();
    let empty = options.empty;
    let is_there = async |organisation, role, step| -> Result<bool, PlayError> {
        let receipt = stage
            .of(organisation, role)?
            .receipt_of("look", &request_id(step))
            .await;
        Ok(receipt.is_ok_and(|receipt| receipt.is_some()))
    };
    let last = live_intake::LAST_STEP;
    let finished = is_there(&cast.northmoor, ActingRole::ServiceManager, last).await?;
    let progress = Progress::begin();
    if !finished {
        stage.resume_if_begun(opening::FIRST_STEP).await?;
        progress
            .chapter("Policies and tenants", stage, opening::play(stage, cast))
            .await?;
        if !empty {
            progress
                .chapter(
                    "The early history, 2021 to 2025",
                    stage,
                    early_history::play(stage, cast),
                )
                .await?;
            progress
                .chapter(
                    "The intake MHWP-2026-03",
                    stage,
                    live_intake::play(stage, cast),
                )
                .await?;
        }
    }
    // Who reads the summary and goes is told a history that is finished.
    let left = open_work::LAST_STEP;
    let looks = !empty && !options.once;
    if looks && !is_there(&cast.northmoor, ActingRole::EmployerHr, left).await? {
        stage.resume_if_begun(opening::FIRST_STEP).await?;
        progress
            .chapter("What is left to do", stage, open_work::play(stage, cast))
            .await?;
    }
    Ok(Played {
        before: finished,
        calls: stage.calls(),
        refusals: stage.refusals(),
        took: began.elapsed(),
    })
}

/// Tells people at a terminal what is going on; nobody else.
struct Progress {
    terminal: bool,
}

impl Progress {
    fn begin() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
        }
    }

    async fn chapter<T>(
        &self,
        title: &str,
        stage: &Stage<'_>,
        acts: impl Future<Output = Result<T, PlayError>>,
    ) -> Result<T, PlayError> {
        let (began, calls) = (Instant::now(), stage.calls());
        let mut acts = std::pin::pin!(acts);
        let mut every = tokio::time::interval(Duration::from_millis(200));
        let outcome = loop {
            tokio::select! {
                outcome = &mut acts => break outcome,
                _ = every.tick() => {
                    if self.terminal {
                        eprint!("\r{title}: {} calls", stage.calls() - calls);
                    }
                }
            }
        };
        if self.terminal {
            let seconds = began.elapsed().as_secs_f32();
            eprintln!(
                "\r{title}: {} calls in {seconds:.1} s",
                stage.calls() - calls
            );
        }
        outcome
    }
}
