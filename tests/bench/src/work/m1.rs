//! A population of many: what a dashboard costs each kind of tenant, how fast every view is rebuilt,
//! and what dashboards cost while it is.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use contract::v1::{GetDashboardRequest, GetOwnTimelineRequest};
use domain::{
    actor::{ActingRole, Actor, TenantId, TenantKind},
    permission::{Action, Permit},
};
use http::HeaderValue;
use ledger::Ledger;
use sqlx::PgConnection;
use views::read::{Asked, dashboard};

use crate::{
    Bench, Fault,
    closed::{Writer, closed_loop},
    contender::trellis,
    dataset::Filler,
    grpc::Channel,
    machine::{Machine, resident_bytes},
    measure::{Cell, Pace, Sample, Times, micros},
    population::Population,
    serving::Serving,
};

pub(crate) const NAME: &str = "m1";

/// Who looks at dashboards while views are rebuilt.
const READERS: usize = 4;

const REBUILD: &str = "every view, rebuilt";
const STORED: &str = "stored a second";
const MEMORY: &str = "server MiB";

pub(crate) async fn run(bench: &mut Bench) -> Result<(), Fault> {
    let (machine, pace) = (bench.machine, bench.pace);
    let template = bench.template().await?;
    let trainees = bench.trainees();
    let population = Population::of_many(&bench.cluster, &template, "many", trainees).await?;
    eprintln!(
        "{} trainees, {} events, {}",
        population.filler.trainees(),
        population.filler.events(),
        size(&population).await?
    );
    let ledger = population.open().await?;
    let population = Rc::new(population);
    let kinds = kinds(&population.filler);
    let built = {
        let (ledger, population) = (ledger.clone(), Rc::clone(&population));
        Cell::new("every view, from nothing", trellis::NAME, move || {
            let (ledger, population) = (ledger.clone(), Rc::clone(&population));
            Box::pin(async move { from_nothing(&machine, &ledger, &population).await })
        })
    };
    bench.once(NAME, vec![built]).await;

    let serving = Rc::new(Serving::start(&population, true).await?);
    let channel = Channel::connect(&serving).await?;
    let mut cells = vec![];
    for kind in &kinds {
        let case = format!("{}, inside the server", kind.called);
        let inside = Inside::of(&ledger, kind)?;
        cells.push(reading(case, vec![inside], machine, pace));
        let api = Outside::of(&serving, &channel, std::slice::from_ref(kind), 0)?;
        let case = format!("{}, through the API", kind.called);
        cells.push(reading(case, vec![api], machine, pace));
    }
    let people = Own::of(&serving, &channel, &population)?;
    cells.push(reading(
        "people, their own page",
        vec![people],
        machine,
        pace,
    ));
    let everybody = || {
        let of = |nth| Outside::of(&serving, &channel, &kinds, nth);
        (0..READERS).map(of).collect::<Result<Vec<_>, Fault>>()
    };
    let case = format!("everybody, {READERS} readers");
    cells.push(reading(case, everybody()?, machine, pace));
    bench.interleave(NAME, cells).await;

    let readers = Rc::new(RefCell::new(everybody()?));
    let rebuilt = {
        let (population, serving) = (Rc::clone(&population), Rc::clone(&serving));
        Cell::new(REBUILD, trellis::NAME, move || {
            let (population, serving) = (Rc::clone(&population), Rc::clone(&serving));
            let readers = Rc::clone(&readers);
            Box::pin(async move {
                let mut looking = readers.take();
                let sample = beside(&machine, &population, &serving, &mut looking).await;
                readers.replace(looking);
                sample
            })
        })
    };
    bench.once(NAME, vec![rebuilt]).await;
    Rc::into_inner(serving)
        .ok_or("the server is in use")?
        .stop()
        .await
}

/// Folds everything into every view, with no server running.
async fn from_nothing(
    machine: &Machine,
    ledger: &Ledger,
    population: &Population,
) -> Result<Sample, Fault> {
    population.clear_views().await?;
    let before = machine.spent();
    views::projector(ledger).catch_up().await?;
    let mut sample = Sample::since(machine, before, 0);
    sample.operations = population.folded().await?;
    let stored = population.filler.events() as f64 / sample.seconds;
    sample.figures.insert(STORED, stored);
    population.settle().await?;
    Ok(sample)
}

/// Has the server rebuild every view beside the live ones, and reads dashboards until the last is
/// switched. The operations are reads, so that the times are theirs.
async fn beside(
    machine: &Machine,
    population: &Population,
    serving: &Serving,
    readers: &mut Vec<Outside>,
) -> Result<Sample, Fault> {
    let operator = views::operator(&population.options().projector_url).await?;
    let mut owner = population.database.owner().await?;
    let items = population.folded().await?;
    let before = machine.spent();
    let mut asked = vec![];
    for view in operator.views() {
        asked.push(operator.rebuild(view).await?);
    }
    let (over, stop) = tokio::sync::watch::channel(false);
    let running: Vec<_> = readers
        .drain(..)
        .map(|reader| tokio::spawn(until(reader, stop.clone())))
        .collect();
    let switched = all_live(&mut owner, &asked).await;
    let mut sample = Sample::since(machine, before, 0);
    let _ = over.send(true);
    let mut times = vec![];
    for task in running {
        let (reader, took, failed) = task.await?;
        readers.push(reader);
        times.extend(took);
        sample.errors += failed;
    }
    switched?;
    sample.operations = times.len() as u64;
    sample.times = Times::of(times);
    let seconds = sample.seconds;
    let stored = population.filler.events() as f64 / seconds;
    sample.figures.insert(STORED, stored);
    sample
        .figures
        .insert("folded a second", items as f64 / seconds);
    let mib = resident_bytes(serving.pid()) as f64 / f64::from(1 << 20);
    sample.figures.insert(MEMORY, mib);
    Ok(sample)
}

/// Waits until each build is the live one of its view.
async fn all_live(owner: &mut PgConnection, builds: &[i64]) -> Result<(), Fault> {
    loop {
        let live: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM ledger.view_build WHERE build = ANY ($1) AND state = 'live'",
        )
        .bind(builds)
        .fetch_one(&mut *owner)
        .await?;
        if live == builds.len() as i64 {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn until(
    mut reader: Outside,
    stop: tokio::sync::watch::Receiver<bool>,
) -> (Outside, Vec<u32>, u64) {
    let (mut times, mut failed) = (vec![], 0);
    while !*stop.borrow() {
        let begun = Instant::now();
        match reader.command().await {
            Ok(()) => times.push(micros(begun.elapsed())),
            Err(_) => failed += 1,
        }
        // People look, they do not hammer: the rebuild is to be seen in their times.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (reader, times, failed)
}

/// What the filled database takes.
async fn size(population: &Population) -> Result<String, Fault> {
    Ok(
        sqlx::query_scalar("SELECT pg_size_pretty(pg_database_size(current_database()))")
            .fetch_one(&mut population.database.owner().await?)
            .await?,
    )
}

fn reading<'a, W: Writer>(
    case: impl ToString,
    readers: Vec<W>,
    machine: Machine,
    pace: Pace,
) -> Cell<'a> {
    let readers = Rc::new(RefCell::new(readers));
    Cell::new(case, trellis::NAME, move || {
        let shared = Rc::clone(&readers);
        Box::pin(async move {
            let mut readers = shared.take();
            let sample = closed_loop(&machine, &mut readers, pace).await;
            shared.replace(readers);
            sample
        })
    })
}

/// Tenants of one kind.
struct Kind {
    called: &'static str,
    role: ActingRole,
    tenants: Vec<TenantId>,
}

fn kinds(filler: &Filler) -> Vec<Kind> {
    let fixed = |kind| {
        let of = filler
            .fixed()
            .iter()
            .filter(move |(_, known)| *known == kind);
        of.map(|(tenant, _)| *tenant).collect::<Vec<_>>()
    };
    vec![
        Kind {
            called: "employers",
            role: ActingRole::ServiceManager,
            tenants: (0..Filler::EMPLOYERS).map(Filler::employer).collect(),
        },
        Kind {
            called: "universities",
            role: ActingRole::ProgrammeLead,
            tenants: (0..Filler::UNIVERSITIES).map(Filler::university).collect(),
        },
        Kind {
            called: "commissioner, national",
            role: ActingRole::CommissionerNational,
            tenants: fixed(TenantKind::Commissioner),
        },
        Kind {
            called: "commissioner, regional",
            role: ActingRole::CommissionerRegional,
            tenants: fixed(TenantKind::Commissioner),
        },
        Kind {
            called: "networks",
            role: ActingRole::NetworkLead,
            tenants: fixed(TenantKind::Network),
        },
    ]
}

/// Somebody who reads dashboards as the server does, without a call around it.
struct Inside {
    ledger: Ledger,
    permits: Vec<Permit>,
    nth: usize,
}

impl Inside {
    fn of(ledger: &Ledger, kind: &Kind) -> Result<Self, Fault> {
        let permit = |tenant: &TenantId| {
            let actor = Actor {
                tenant: *tenant,
                kind: kind
                    .role
                    .tenant_kind()
                    .ok_or("a role of no kind of tenant")?,
                role: kind.role,
                person: None,
                client: Some("bench".to_owned()),
            };
            Permit::grant(actor, Action::GetDashboard).ok_or_else(|| Fault::from("not permitted"))
        };
        Ok(Self {
            ledger: ledger.clone(),
            permits: kind.tenants.iter().map(permit).collect::<Result<_, _>>()?,
            nth: 0,
        })
    }
}

impl Writer for Inside {
    async fn command(&mut self) -> Result<(), Fault> {
        self.nth = (self.nth + 1) % self.permits.len().max(1);
        let permit = self.permits.get(self.nth).ok_or("no tenant")?;
        let seen = dashboard(&self.ledger, permit, Asked::default()).await?;
        std::hint::black_box(seen);
        Ok(())
    }
}

/// Somebody who asks for them.
struct Outside {
    channel: Channel,
    tokens: Arc<Vec<HeaderValue>>,
    nth: usize,
}

impl Outside {
    fn of(serving: &Serving, channel: &Channel, kinds: &[Kind], nth: usize) -> Result<Self, Fault> {
        let mut tokens = vec![];
        // Each kind as often as another.
        let most = kinds
            .iter()
            .map(|kind| kind.tenants.len())
            .max()
            .unwrap_or(0);
        for turn in 0..most {
            for kind in kinds {
                let tenant = kind.tenants.get(turn % kind.tenants.len().max(1));
                let tenant = tenant.ok_or("no tenant of a kind")?;
                let header = serving.authorization(*tenant, kind.role)?;
                tokens.push(HeaderValue::from_str(&header)?);
            }
        }
        Ok(Self {
            channel: channel.clone(),
            tokens: Arc::new(tokens),
            nth,
        })
    }
}

impl Writer for Outside {
    async fn command(&mut self) -> Result<(), Fault> {
        self.nth = (self.nth + 1) % self.tokens.len().max(1);
        let token = self.tokens.get(self.nth).ok_or("no token")?;
        let request = GetDashboardRequest::default();
        self.channel.call(token, &request).await?;
        Ok(())
    }
}

/// People who look at what is kept of them.
struct Own {
    channel: Channel,
    tokens: Vec<HeaderValue>,
    nth: usize,
}

impl Own {
    fn of(serving: &Serving, channel: &Channel, population: &Population) -> Result<Self, Fault> {
        /// As many as there are tokens to be signed in a moment.
        const PEOPLE: usize = 500;
        let targets = population.filler.targets();
        let every = targets.len().div_ceil(PEOPLE).max(1);
        let mut tokens = vec![];
        for target in targets.iter().step_by(every) {
            let (own, role) = (TenantId(target.person.0), ActingRole::Candidate);
            let header = serving.authorization_of(own, role, target.person)?;
            tokens.push(HeaderValue::from_str(&header)?);
        }
        Ok(Self {
            channel: channel.clone(),
            tokens,
            nth: 0,
        })
    }
}

impl Writer for Own {
    async fn command(&mut self) -> Result<(), Fault> {
        self.nth = (self.nth + 1) % self.tokens.len().max(1);
        let token = self.tokens.get(self.nth).ok_or("nobody")?;
        let request = GetOwnTimelineRequest::default();
        self.channel.call(token, &request).await?;
        Ok(())
    }
}
