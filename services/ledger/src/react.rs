//! The reaction runner: what follows from an event without anybody asking, and timers.
//!
//! Each event is home in one feed, so following every feed's own events in order reacts to each
//! once. Commands run through the ledger under request ids that derive from the event: whatever is
//! run again after a crash, or by a second process, finds its receipt and writes nothing.

mod parked;
mod timers;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    time::{Duration, Instant},
};

use domain::{
    actor::TenantId,
    permission::{Action, Permit},
    reactions::{self, Occurred, Reaction, Timer},
    refusal::Reason,
    world::Command,
};
use futures::{StreamExt as _, stream};
use opentelemetry::{
    global,
    metrics::{Counter, Gauge},
};
use ring::digest;
use sqlx::{PgConnection, PgPool};
use tokio::sync::watch;
use tracing::{Instrument as _, Span, info_span, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

pub use self::parked::ParkedReaction;
use self::{
    parked::{Refused, store_refused},
    timers::{Due, store_timers},
};
use crate::{
    Envelope, Ledger, LedgerError,
    follow::{self, Backoff, Followed, Run, Whose, begin, read_runs, signed, unsigned},
    trace,
};

/// Most events one step reacts to before its progress is stored.
pub const EVENTS_MAX: u32 = 100;

/// Heads and due timers are looked at this often when no hint comes.
const POLL: Duration = Duration::from_millis(500);

/// Accesses that policy no longer keeps are looked for this often.
const EXPIRE: Duration = Duration::from_secs(3600);

/// How long hints are gathered; nobody waits for a reaction.
const PACE: Duration = Duration::from_millis(20);

/// Events of one tenant, and of all together, that are looked at for reactions in one read.
const QUIET_PAGE: u32 = 1000;
const QUIET_MAX: u32 = 8192;

/// Tenants whose events are read together.
const TOGETHER: usize = 64;

/// Tenants reacted for at the same time by one process.
const AT_ONCE: usize = 4;

/// What an event asks for; [`reactions::react`] but in tests.
pub type React = fn(&Occurred) -> Vec<Reaction>;

/// What a timer asks for; [`reactions::on_timer`] but in tests.
pub type OnTimer = fn(&Timer) -> (Action, Box<dyn Command>);

/// Runs reactions and timers.
pub struct Reactor {
    ledger: Ledger,
    react: React,
    on_timer: OnTimer,
    lanes: HashMap<TenantId, Lane>,
    metrics: Metrics,
}

#[derive(Debug, Clone, Copy, Default)]
struct Lane {
    position: u64,
    failures: u32,
    not_before: Option<Instant>,
}

/// What one round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reacted {
    /// Tenants whose checkpoint moved, and timers that were settled.
    pub moved: u64,
    /// Tenants, or the timers, that wait for the store.
    pub failed: u64,
    /// Tenants another process was at.
    pub busy: u64,
}

/// How a command of the platform ended.
enum Settled {
    Done,
    Refused { reason: String, message: String },
}

enum Step {
    Moved(u64),
    Idle(u64),
    Busy,
}

impl Reactor {
    /// A runner of the domain's reactions.
    pub fn new(ledger: &Ledger) -> Self {
        Self::of(ledger, reactions::react, reactions::on_timer)
    }

    /// A runner of other reactions, for tests.
    pub fn of(ledger: &Ledger, react: React, on_timer: OnTimer) -> Self {
        Self {
            ledger: ledger.clone(),
            react,
            on_timer,
            lanes: HashMap::new(),
            metrics: Metrics::default(),
        }
    }

    /// Reacts until `stop` turns true. Errors of the store are waited out.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut wake = self.ledger.wake();
        let mut backoff = Backoff::default();
        let mut hints: BTreeSet<TenantId> = BTreeSet::new();
        let mut look = Instant::now();
        let mut expire = Instant::now();
        while !*stop.borrow() {
            if Instant::now() >= expire {
                expire = Instant::now() + EXPIRE;
                if let Err(error) = self.ledger.expire_accesses().await {
                    warn!(%error, "old accesses stay on record for now");
                }
            }
            let all = Instant::now() >= look;
            let ran = if all {
                look = Instant::now() + POLL;
                self.round().await
            } else {
                let tenants: Vec<Uuid> = hints.iter().map(|tenant| tenant.0).collect();
                self.react_to(Some(&tenants)).await
            };
            hints.clear();
            match ran {
                Ok(reacted) => {
                    backoff.reset();
                    if reacted.moved > 0 && all {
                        look = Instant::now();
                        continue;
                    }
                }
                Err(error) => {
                    warn!(%error, "reactions wait for the store");
                    look = Instant::now() + backoff.next();
                }
            }
            tokio::select! {
                () = tokio::time::sleep_until(look.into()) => continue,
                woken = wake.recv() => match woken {
                    Ok(tenants) => hints.extend(tenants.iter()),
                    Err(_) => look = Instant::now(),
                },
                stopped = stop.changed() => if stopped.is_err() { return },
            }
            // Most commands are followed by others at once; what they leave is read together.
            tokio::time::sleep(PACE).await;
            while let Ok(tenants) = wake.try_recv() {
                hints.extend(tenants.iter());
            }
        }
    }

    /// Reacts until nothing more follows and no timer is due. For demonstrations and tests.
    ///
    /// # Errors
    /// When the store does not answer or a step keeps failing.
    pub async fn catch_up(&mut self) -> Result<(), LedgerError> {
        let mut failed = 0;
        loop {
            let reacted = self.round().await?;
            if reacted.failed > 0 {
                failed += 1;
                if failed > 20 {
                    return Err(LedgerError::Overloaded);
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            } else if reacted.busy > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            } else if reacted.moved == 0 {
                return Ok(());
            }
        }
    }

    /// One step for every tenant with events not reacted to yet, then the timers that are due.
    ///
    /// # Errors
    /// When heads or checkpoints cannot be read; what fails for one tenant is in the answer.
    pub async fn round(&mut self) -> Result<Reacted, LedgerError> {
        let mut reacted = self.react_to(None).await?;
        match self.fire().await {
            Ok(settled) => reacted.moved += settled,
            Err(error) => {
                reacted.failed += 1;
                warn!(%error, "timers wait");
            }
        }
        Ok(reacted)
    }

    /// One step for every tenant, or those among some, with events not reacted to yet.
    async fn react_to(&mut self, among: Option<&[Uuid]>) -> Result<Reacted, LedgerError> {
        let pool = self.ledger.projector().clone();
        let heads = follow::heads(&pool, among).await?;
        self.load_lanes(&pool, &heads).await?;
        let mut due: Vec<(TenantId, u64)> = heads
            .iter()
            .filter(|(tenant, head)| {
                let lane = self.lanes.get(tenant).copied().unwrap_or_default();
                lane.position < *head && lane.not_before.is_none_or(|at| at <= Instant::now())
            })
            .copied()
            .collect();
        if among.is_none() {
            let lag = |(tenant, head): &(TenantId, u64)| {
                let at = self.lanes.get(tenant).map_or(0, |lane| lane.position);
                head.saturating_sub(at)
            };
            let lag = heads.iter().map(lag).max().unwrap_or(0);
            self.metrics.lag.record(lag, &[]);
        }

        let mut reacted = Reacted::default();
        let mut loud = Vec::new();
        while !due.is_empty() {
            let rest = due.split_off(due.len().min(TOGETHER));
            loud.append(&mut self.pass_quiet(&pool, due, &mut reacted).await?);
            due = rest;
        }
        let this = &*self;
        let ran: Vec<_> = stream::iter(loud)
            .map(|(tenant, head)| async move { (tenant, this.step(tenant, head).await) })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (tenant, ran) in ran {
            match ran {
                Ok(Step::Moved(position)) => {
                    reacted.moved += 1;
                    self.lanes.insert(tenant, Lane::at(position));
                }
                Ok(Step::Idle(position)) => {
                    self.lanes.insert(tenant, Lane::at(position));
                }
                Ok(Step::Busy) => {
                    reacted.busy += 1;
                    self.lanes.remove(&tenant);
                }
                Err(error) => {
                    reacted.failed += 1;
                    let lane = self.lanes.entry(tenant).or_default();
                    lane.failures = lane.failures.saturating_add(1);
                    lane.not_before = Some(Instant::now() + Backoff::after(lane.failures));
                    warn!(%tenant, %error, "reactions wait for this tenant");
                }
            }
        }
        Ok(reacted)
    }

    async fn load_lanes(
        &mut self,
        pool: &PgPool,
        heads: &[(TenantId, u64)],
    ) -> Result<(), LedgerError> {
        let unknown: Vec<Uuid> = heads
            .iter()
            .filter(|(tenant, _)| !self.lanes.contains_key(tenant))
            .map(|(tenant, _)| tenant.0)
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let stored: Vec<(Uuid, i64)> = sqlx::query_as(
            "SELECT tenant_id, position FROM ledger.reaction_checkpoint WHERE tenant_id = ANY ($1)",
        )
        .bind(&unknown)
        .fetch_all(pool)
        .await?;
        self.lanes.extend(
            unknown
                .into_iter()
                .map(|tenant| (TenantId(tenant), Lane::at(0))),
        );
        self.lanes.extend(
            stored
                .into_iter()
                .map(|(tenant, position)| (TenantId(tenant), Lane::at(unsigned(position)))),
        );
        Ok(())
    }

    /// Passes over the events that nothing follows from, which are most: one read and one write
    /// for all tenants. Answers with the tenants whose next own event asks for something.
    async fn pass_quiet(
        &mut self,
        pool: &PgPool,
        due: Vec<(TenantId, u64)>,
        reacted: &mut Reacted,
    ) -> Result<Vec<(TenantId, u64)>, LedgerError> {
        let share = QUIET_MAX / u32::try_from(due.len()).unwrap_or(1).max(1);
        let runs: Vec<Run> = due
            .iter()
            .map(|(tenant, _)| Run {
                tenant: *tenant,
                after: self.lanes.get(tenant).map_or(0, |lane| lane.position),
                limit: share.clamp(1, QUIET_PAGE),
            })
            .collect();
        let (mut loud, mut moves) = (vec![], vec![]);
        let pages = read_runs(pool, &runs, Whose::AtHome).await?;
        for (((tenant, head), run), page) in due.into_iter().zip(&runs).zip(pages) {
            let page = page?;
            let quiet = page.iter().take_while(|item| self.is_quiet(item)).count();
            let to = if quiet < page.len() {
                loud.push((tenant, head));
                quiet
                    .checked_sub(1)
                    .and_then(|last| Some(page.get(last)?.position))
            } else if page.len() >= run.limit as usize {
                page.last().map(|item| item.position)
            } else {
                Some(page.last().map_or(head, |last| head.max(last.position)))
            };
            moves.extend(to.map(|to| (tenant, run.after, to)));
        }
        if moves.is_empty() {
            return Ok(loud);
        }
        let moved: Vec<Uuid> = sqlx::query_scalar(
            "WITH held AS MATERIALIZED (
               SELECT c.tenant_id, m.upto
                 FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS m (tenant, past, upto)
                 JOIN ledger.reaction_checkpoint c
                   ON c.tenant_id = m.tenant AND c.position = m.past
                ORDER BY c.tenant_id
                  FOR NO KEY UPDATE OF c SKIP LOCKED)
             UPDATE ledger.reaction_checkpoint c SET position = h.upto
               FROM held h WHERE c.tenant_id = h.tenant_id
             RETURNING c.tenant_id",
        )
        .bind(
            moves
                .iter()
                .map(|(tenant, ..)| tenant.0)
                .collect::<Vec<_>>(),
        )
        .bind(
            moves
                .iter()
                .map(|(_, from, _)| signed(*from))
                .collect::<Vec<_>>(),
        )
        .bind(moves.iter().map(|(.., to)| signed(*to)).collect::<Vec<_>>())
        .fetch_all(pool)
        .await?;
        let moved: HashSet<Uuid> = moved.into_iter().collect();
        for (tenant, from, to) in moves {
            if moved.contains(&tenant.0) {
                reacted.moved += 1;
                self.lanes.insert(tenant, Lane::at(to));
            } else if from == 0 && loud.iter().all(|(at, _)| *at != tenant) {
                // Its checkpoint may not be there yet; a step opens it.
                loud.push((tenant, to));
            } else if loud.iter().all(|(at, _)| *at != tenant) {
                reacted.busy += 1;
                self.lanes.remove(&tenant);
            }
        }
        Ok(loud)
    }

    /// Whether nothing follows from an event.
    fn is_quiet(&self, item: &Followed) -> bool {
        occurred(item).is_ok_and(|occurred| (self.react)(&occurred).is_empty())
    }

    /// Reacts to the tenant's next own events, up to `head`. Holding the checkpoint's row keeps
    /// other processes from the same work; that it moves by compare-and-swap keeps it right.
    async fn step(&self, tenant: TenantId, head: u64) -> Result<Step, LedgerError> {
        let mut tx = begin(self.ledger.projector(), tenant).await?;
        let Some(from) = take_checkpoint(&mut tx, tenant).await? else {
            return Ok(Step::Busy);
        };
        if unsigned(from) >= head {
            return Ok(Step::Idle(unsigned(from)));
        }
        let items =
            follow::read(&mut *tx, tenant, unsigned(from), EVENTS_MAX, Whose::AtHome).await?;
        let mut to = match items.last() {
            Some(last) if items.len() >= EVENTS_MAX as usize => last.position,
            Some(last) => head.max(last.position),
            None => head,
        };
        let (mut timers, mut refused, mut stopped) = (vec![], vec![], None);
        let mut reached = unsigned(from);
        for item in &items {
            let span = info_span!("react", %tenant, stream = %item.noted.stream, sequence = item.noted.sequence);
            // Fails only on a span that has begun.
            let _ = span.set_parent(trace::parent(item.traceparent.as_deref()));
            let (mut waiting, mut parked) = (vec![], vec![]);
            let answered = self
                .answer(item, &mut waiting, &mut parked)
                .instrument(span)
                .await;
            if let Err(error) = answered {
                // What this event asked for is asked again whole; its request ids find what ran.
                stopped = Some(error);
                to = reached;
                break;
            }
            timers.append(&mut waiting);
            refused.append(&mut parked);
            reached = item.position;
        }
        if to > unsigned(from) {
            store_timers(&mut tx, tenant, &timers).await?;
            store_refused(&mut tx, tenant, &refused).await?;
            let moved = sqlx::query(
                "UPDATE ledger.reaction_checkpoint SET position = $3
                  WHERE tenant_id = $1 AND position = $2",
            )
            .bind(tenant.0)
            .bind(from)
            .bind(signed(to))
            .execute(&mut *tx)
            .await?;
            if moved.rows_affected() != 1 {
                return Ok(Step::Busy);
            }
            tx.commit().await?;
            self.metrics.parked.add(refused.len() as u64, &[]);
        }
        match stopped {
            Some(error) => Err(error),
            None => Ok(Step::Moved(to)),
        }
    }

    /// Runs the commands one event asks for; collects its timers and what was refused.
    async fn answer(
        &self,
        item: &Followed,
        timers: &mut Vec<Due>,
        refused: &mut Vec<Refused>,
    ) -> Result<(), LedgerError> {
        let noted = &item.noted;
        let refusal = |n: usize, action: String, reason: String, message: String| Refused {
            request: reactions::request_id(noted.stream, noted.sequence, n),
            position: Some(item.position),
            stream: noted.stream,
            sequence: noted.sequence,
            action,
            reason,
            message,
        };
        let occurred = match occurred(item) {
            Ok(occurred) => occurred,
            Err(unreadable) => {
                refused.push(refusal(
                    0,
                    String::new(),
                    "UNREADABLE".to_owned(),
                    unreadable.to_owned(),
                ));
                return Ok(());
            }
        };
        for (n, reaction) in (self.react)(&occurred).into_iter().enumerate() {
            let request = reactions::request_id(noted.stream, noted.sequence, n);
            match reaction {
                Reaction::DestroyKeys { person, of } => {
                    for (controller, classes) in of {
                        self.ledger.0.forget(controller, person, &classes).await?;
                    }
                }
                Reaction::Timer(due, timer) => timers.push(Due {
                    id: request,
                    due,
                    timer: serde_json::to_string(&timer).map_err(|error| {
                        LedgerError::Store(sqlx::Error::Encode(Box::new(error)))
                    })?,
                    stream: noted.stream,
                    sequence: noted.sequence,
                    correlation: item.correlation.or(item.request),
                    traceparent: item.traceparent.clone(),
                }),
                Reaction::Command(action, command) => {
                    let envelope = Envelope {
                        request_id: request,
                        effective: Some(noted.effective),
                        fingerprint: fingerprint(request),
                        correlation: item.correlation.or(item.request),
                        causation: Some(format!(
                            "{}/{}/{}",
                            item.kind, noted.stream, noted.sequence
                        )),
                        traceparent: trace::traceparent(&Span::current().context())
                            .or_else(|| item.traceparent.clone()),
                        authentication: None,
                    };
                    if let Settled::Refused { reason, message } =
                        self.submit(action, envelope, command.as_ref()).await?
                    {
                        warn!(%action, reason, message, "reaction refused");
                        refused.push(refusal(n, action.to_string(), reason, message));
                    }
                }
            }
        }
        Ok(())
    }

    /// Runs one command as the platform. What would fail the same way again is an answer; what may
    /// succeed later is an error.
    async fn submit(
        &self,
        action: Action,
        envelope: Envelope,
        command: &dyn Command,
    ) -> Result<Settled, LedgerError> {
        let permit = Permit::platform(action);
        match self.ledger.submit(&permit, envelope, command).await {
            Ok(_) => Ok(Settled::Done),
            Err(LedgerError::Refused(refusal)) => Ok(Settled::Refused {
                reason: words(refusal.reason).to_owned(),
                message: refusal.message,
            }),
            Err(error @ (LedgerError::UnknownEvent { .. } | LedgerError::Unreadable { .. })) => {
                Ok(Settled::Refused {
                    reason: "UNREADABLE".to_owned(),
                    message: error.to_string(),
                })
            }
            Err(error) => Err(error),
        }
    }
}

impl Lane {
    fn at(position: u64) -> Self {
        Self {
            position,
            ..Self::default()
        }
    }
}

/// An event as reactions see it; the reason in words when it cannot be read.
fn occurred(item: &Followed) -> Result<Occurred, &str> {
    let noted = &item.noted;
    let fact = noted.fact.as_ref().map_err(String::as_str)?;
    Ok(Occurred {
        stream: noted.stream,
        sequence: noted.sequence,
        effective: noted.effective,
        fact: fact.clone(),
    })
}

/// A reaction's content follows from its request id, so the id stands for it.
fn fingerprint(request: Uuid) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, request.as_bytes());
    let mut fingerprint = [0; 32];
    fingerprint.copy_from_slice(digest.as_ref());
    fingerprint
}

fn words(reason: Reason) -> &'static str {
    reason.into()
}

async fn take_checkpoint(
    tx: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<i64>, LedgerError> {
    let taken: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM ledger.reaction_checkpoint
          WHERE tenant_id = $1 FOR UPDATE SKIP LOCKED",
    )
    .bind(tenant.0)
    .fetch_optional(&mut *tx)
    .await?;
    if taken.is_some() {
        return Ok(taken);
    }
    let opened = sqlx::query(
        "INSERT INTO ledger.reaction_checkpoint (tenant_id, position) VALUES ($1, 0)
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.0)
    .execute(&mut *tx)
    .await?;
    Ok((opened.rows_affected() == 1).then_some(0))
}

struct Metrics {
    lag: Gauge<u64>,
    parked: Counter<u64>,
    fired: Counter<u64>,
}

impl Default for Metrics {
    fn default() -> Self {
        let meter = global::meter("trellis.ledger");
        Self {
            lag: meter
                .u64_gauge("trellis.reaction.lag")
                .with_unit("{position}")
                .with_description("positions the furthest tenant's reactions are behind its feed")
                .build(),
            parked: meter
                .u64_counter("trellis.reaction.parked")
                .with_unit("{command}")
                .with_description("reactions that were refused")
                .build(),
            fired: meter
                .u64_counter("trellis.timer.settled")
                .with_unit("{timer}")
                .with_description("timers that came due and were fired or refused")
                .build(),
        }
    }
}
