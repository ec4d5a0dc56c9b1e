//! What an operator does with views: `trellis views`. Answers are tables on standard output, a line
//! each, for people and for pipes; progress and what to do next are said on standard error.

use std::{
    fmt::Display,
    io::{IsTerminal as _, Write as _},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use domain::{actor::TenantId, directory::Tenant, fact, id::Id};
use ledger::{Checked, Diverged, Drifted, LedgerError, Operator, ParkedStream, ViewLane};
use uuid::Uuid;

/// What `trellis views` is asked to do; `list` when nothing is said.
#[derive(Args)]
pub struct Views {
    #[command(subcommand)]
    ask: Option<Ask>,
    #[command(flatten)]
    look: Look,
}

/// The connection of who only looks.
#[derive(Args, Clone)]
struct Look {
    /// The looking role's connection (trellis_inspector), which cannot write.
    #[arg(
        long,
        env = "TRELLIS_INSPECTOR_URL",
        hide_env_values = true,
        global = true
    )]
    inspector_url: Option<String>,
}

/// The connection of who acts.
#[derive(Args)]
struct Act {
    /// The projecting role's connection (trellis_projector).
    #[arg(long, env = "TRELLIS_PROJECTOR_URL", hide_env_values = true)]
    projector_url: String,
}

#[derive(Subcommand)]
enum Ask {
    /// How far each build of each view is with each tenant's feed.
    List,
    /// The records that a live view has stopped at, with the event and the reason.
    Parked,
    /// Build a view again in memory, beside the live one and at its position, and compare row by row.
    /// Ends with 0 when nothing differs, 3 when something does, 1 when it could not be told.
    Check {
        /// The view; every view when absent.
        view: Option<String>,
        /// One tenant, tenants/{uuid}; every tenant when absent.
        #[arg(long, value_parser = tenant)]
        tenant: Option<TenantId>,
    },
    /// Build a view again beside the live one, which it replaces once it has caught up.
    Rebuild {
        /// The view.
        view: String,
        #[command(flatten)]
        act: Act,
    },
    /// Make a new build live that has caught up, where no running service has done so.
    Switch {
        /// The view.
        view: String,
        #[command(flatten)]
        act: Act,
    },
    /// Fold parked records again from the event each has stopped at.
    Retry {
        /// The view.
        view: String,
        /// One tenant, tenants/{uuid}; every tenant when absent.
        #[arg(long, value_parser = tenant)]
        tenant: Option<TenantId>,
        /// One record, as `trellis views parked` names it; every one when absent.
        #[arg(long, value_parser = record)]
        record: Option<Uuid>,
        #[command(flatten)]
        act: Act,
    },
    /// Set one event aside for a view, in every build of it from now on; kept with name and reason.
    Skip {
        /// The view.
        view: String,
        /// The tenant, tenants/{uuid}.
        #[arg(long, value_parser = tenant)]
        tenant: TenantId,
        /// The record, as `trellis views parked` names it.
        #[arg(long, value_parser = record)]
        record: Uuid,
        /// The event's sequence in the record.
        #[arg(long)]
        sequence: u64,
        /// Who decides it.
        #[arg(long)]
        by: String,
        /// Why.
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        act: Act,
    },
}

/// What a check that has found drift ends with.
const DRIFT: u8 = 3;

fn tenant(name: &str) -> Result<TenantId, String> {
    Id::<Tenant>::from_name(name, "tenant")
        .map(|id| TenantId(id.0))
        .map_err(|_| "a tenant is tenants/{uuid}, as `trellis views list` prints it".to_owned())
}

fn record(name: &str) -> Result<Uuid, String> {
    let id = name.rsplit('/').next().unwrap_or_default();
    Uuid::try_parse(id)
        .map_err(|_| "a record ends in its uuid, as `trellis views parked` prints it".to_owned())
}

/// Does what is asked.
///
/// # Errors
/// When the database does not answer or refuses the role, or there is no such view.
pub async fn run(asked: Views) -> Result<ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    let look = async || {
        let url = asked.look.inspector_url.as_deref().ok_or(
            "give the connection of trellis_inspector with --inspector-url or in \
             TRELLIS_INSPECTOR_URL",
        )?;
        let operator = views::operator(url).await?;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(operator)
    };
    match asked.ask.unwrap_or(Ask::List) {
        Ask::List => list(&look().await?.lanes().await?),
        Ask::Parked => parked(&look().await?.parked().await?),
        Ask::Check { view, tenant } => {
            return check(&look().await?, view.as_deref(), tenant).await;
        }
        Ask::Rebuild { view, act } => {
            let build = act.operator().await?.rebuild(&view).await?;
            println!("{view} build {build} building");
            next("running services fill it and make it live; `trellis views list` tells how far");
        }
        Ask::Switch { view, act } => {
            let Some(build) = act.operator().await?.switch(&view).await? else {
                return Err(format!(
                    "no build of {view} can be made live: `trellis views list` tells how far one is, \
                     `trellis views rebuild {view}` begins one"
                )
                .into());
            };
            println!("{view} build {build} live");
            next(format!(
                "`trellis views check {view}` compares it with the events"
            ));
        }
        Ask::Retry {
            view,
            tenant,
            record,
            act,
        } => return retry(&act.operator().await?, &view, tenant, record).await,
        Ask::Skip {
            view,
            tenant,
            record,
            sequence,
            by,
            reason,
            act,
        } => {
            let operator = act.operator().await?;
            (operator.skip(&view, tenant, (record, sequence), &by, &reason)).await?;
            println!("{view} {tenant} {record} {sequence} skipped");
            next(format!(
                "`trellis views retry {view} --tenant {tenant} --record {record}` lets the record go on"
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Act {
    async fn operator(&self) -> Result<Operator, LedgerError> {
        views::operator(&self.projector_url).await
    }
}

/// Says what to do next, apart from the answer.
fn next(words: impl Display) {
    eprintln!("next: {words}");
}

fn list(lanes: &[ViewLane]) {
    println!(
        "{:<14} {:>7} {:>6} {:<9} {:<44} {:>10} {:>10} {:>9} {:>6}",
        "VIEW", "VERSION", "BUILD", "STATE", "TENANT", "POSITION", "LAG", "SECONDS", "PARKED"
    );
    for lane in lanes {
        let tenant = lane
            .tenant
            .map_or("-".to_owned(), |tenant| tenant.to_string());
        println!(
            "{:<14} {:>7} {:>6} {:<9} {:<44} {:>10} {:>10} {:>9} {:>6}",
            lane.view,
            lane.version,
            lane.build,
            lane.state,
            tenant,
            lane.position,
            lane.head.saturating_sub(lane.position),
            lane.behind.as_secs(),
            lane.parked
        );
    }
    let stopped: u64 = lanes.iter().map(|lane| lane.parked).sum();
    let waits = |lane: &&ViewLane| lane.state == "live" && lane.behind.as_secs() > 10;
    if lanes.is_empty() {
        next("no view has begun: start a service with the role project");
    }
    if let Some(late) = lanes.iter().filter(waits).max_by_key(|lane| lane.behind) {
        next(format!(
            "{} is {} s behind: see that a service with the role project runs, and read its log",
            late.view,
            late.behind.as_secs()
        ));
    }
    if stopped > 0 {
        next(format!(
            "{stopped} records are parked; `trellis views parked` tells at which event and why"
        ));
    }
}

fn parked(streams: &[ParkedStream]) {
    println!(
        "{:<14} {:<44} {:>10} {:<60} {:>8} {:<32} {:<28} REASON",
        "VIEW", "TENANT", "POSITION", "RECORD", "SEQUENCE", "EVENT", "SINCE"
    );
    for stream in streams {
        println!(
            "{:<14} {:<44} {:>10} {:<60} {:>8} {:<32} {:<28} {}",
            stream.view,
            stream.tenant.to_string(),
            stream.event.position,
            name(&stream.event),
            stream.event.sequence,
            stream.event.event_type,
            stream.since.to_string(),
            stream.reason
        );
    }
    if let Some(first) = streams.first() {
        next(format!(
            "with a release that folds it, `trellis views retry {}`; otherwise a person decides with \
             `trellis views skip {} --tenant {} --record {} --sequence {} --by … --reason …`",
            first.view,
            first.view,
            first.tenant,
            name(&first.event),
            first.event.sequence
        ));
    }
}

/// The resource name of the record of an event.
fn name(event: &Diverged) -> String {
    let collection = fact::collection(&event.kind).unwrap_or("records");
    format!("{collection}/{}", event.stream)
}

/// A step of a check: printed over the last one, at a terminal only.
fn step(words: &str) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K{words}");
        let _ = std::io::stderr().flush();
    }
}

async fn check(
    operator: &Operator,
    view: Option<&str>,
    tenant: Option<TenantId>,
) -> Result<ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    let views: Vec<&str> = match view {
        Some(view) => vec![view],
        None => operator.views().collect(),
    };
    let (mut compared, mut drifted) = (0_u64, None);
    println!(
        "{:<14} {:<44} {:>10} {:>9} {:>8} VERDICT",
        "VIEW", "TENANT", "POSITION", "ROWS", "FIGURES"
    );
    for view in views {
        let tenants = operator.tenants(view).await?;
        for of in tenants {
            if tenant.is_some_and(|wanted| wanted != of) {
                continue;
            }
            let told = |at: u64, last: u64| step(&format!("{view} {of}: {at} of {last} positions"));
            let checked = operator.check(view, of, &told).await?;
            step("");
            println!(
                "{view:<14} {:<44} {:>10} {:>9} {:>8} {}",
                of.to_string(),
                checked.position,
                checked.rows,
                checked.figures,
                verdict(&checked)
            );
            compared += 1;
            if checked.drift.is_some() {
                drifted = drifted.or(Some(view.to_owned()));
            }
        }
    }
    if compared == 0 {
        return Err(
            "nothing to compare: no live view of this release holds such a tenant; \
                    `trellis views list` tells which there are"
                .into(),
        );
    }
    Ok(match drifted {
        None => ExitCode::SUCCESS,
        Some(view) => {
            next(format!(
                "keep this output, then `trellis views rebuild {view}`: the new build replaces the \
                 wrong one, the events are untouched"
            ));
            ExitCode::from(DRIFT)
        }
    })
}

fn verdict(checked: &Checked) -> String {
    let Some(drift) = &checked.drift else {
        return "sound".to_owned();
    };
    let at = match (&drift.at, &drift.event) {
        (Drifted::Row { places, .. }, Some(event)) => {
            format!("row {} {}", name(event), places.join(","))
        }
        (at, _) => at.to_string(),
    };
    let from = match &drift.event {
        Some(event) => format!(
            "from position {}: {} sequence {} {}",
            event.position,
            name(event),
            event.sequence,
            event.event_type
        ),
        None => "touched by no event".to_owned(),
    };
    format!(
        "drift at {at}: {} stored, {} by the events, {from}",
        drift.stored, drift.folded
    )
}

async fn retry(
    operator: &Operator,
    view: &str,
    tenant: Option<TenantId>,
    record: Option<Uuid>,
) -> Result<ExitCode, Box<dyn std::error::Error + Send + Sync>> {
    let wanted = |stream: &ParkedStream| {
        stream.view == view
            && tenant.is_none_or(|tenant| tenant == stream.tenant)
            && record.is_none_or(|record| record == stream.event.stream)
    };
    let mut stopped = 0;
    for stream in operator.parked().await?.iter().filter(|one| wanted(one)) {
        let runs = operator
            .retry(view, stream.tenant, stream.event.stream)
            .await?;
        let outcome = if runs { "runs on" } else { "stays parked" };
        println!("{view} {} {} {outcome}", stream.tenant, name(&stream.event));
        stopped += usize::from(!runs);
    }
    if stopped > 0 {
        next(
            "`trellis views parked` tells at which event each is and why, and how to set it aside",
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
