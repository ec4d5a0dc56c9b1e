//! Reads of personal values, recorded before they are answered.
//!
//! An access is a row of its own, not an event: it changes nothing, nobody decides on it, and its
//! place in a feed would tell one party that the other is reading. Accesses of many calls are
//! written by one statement, and a call waits for that commit only for what is new in its hour; a
//! repeat is counted here and written with the next ones. So nothing is ever answered that is not on
//! disk as read, and what a crash can lose is how often it was read again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{
    access,
    actor::{ActingRole, PersonId, TenantId},
    calendar::london_date,
    fact::Fact,
    permission::Permit,
    personal::{Personal, PersonalClass},
    policy::Policies,
    world::StreamKey,
};
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use quick_cache::sync::Cache;
use sqlx::{FromRow, PgPool, Row as _, postgres::PgRow};
use tokio::{
    sync::{mpsc, oneshot},
    time::MissedTickBehavior,
};
use uuid::Uuid;

use crate::{Inner, LedgerError, append::instant, own::own};

/// Repeats within this many seconds are counted, not written again.
const WINDOW: i64 = 3600;
/// Windows remembered as written.
const REMEMBERED_MAX: usize = 65_536;
/// Calls whose accesses may wait to be written.
const WAITING_MAX: usize = 4_096;
/// Calls whose accesses are written by one statement.
const BATCH_MAX: usize = 512;
/// How long a repeated access may stay uncounted in the record.
pub const COUNTS_INTERVAL: Duration = Duration::from_secs(2);
/// The most accesses of one person that are listed, newest first.
const OWN_MAX: i64 = 10_000;
/// As many as one statement takes from the record.
const EXPIRED_AT_ONCE: i32 = 10_000;
/// The most accesses on one page of a tenant's list.
pub const ACCESS_PAGE_MAX: u32 = 500;

/// Somebody reads personal values of one class in one record.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Access {
    subject: PersonId,
    tenant: TenantId,
    role: ActingRole,
    reader: String,
    class: PersonalClass,
    action: String,
    of: StreamKey,
}

impl Access {
    /// The access that opening `value` of a record is; `None` for a value that cannot be opened and
    /// for whoever reads about themself.
    pub fn to<T>(permit: &Permit, of: StreamKey, value: &Personal<T>) -> Option<Self> {
        let Personal::Sealed { subject, class, .. } = value else {
            return None;
        };
        let actor = permit.actor();
        access::is_recorded(actor, *subject).then(|| Self {
            subject: *subject,
            tenant: actor.tenant,
            role: actor.role,
            reader: access::reader(actor),
            class: *class,
            action: permit.action().to_string(),
            of,
        })
    }
}

/// An access and the hour it falls in, by its first second since 1970.
type Window = (Access, i64);

/// When a window was first and last read, and how often.
#[derive(Debug, Clone, Copy)]
struct Count {
    first: Timestamp,
    last: Timestamp,
    times: i64,
}

type Counts = BTreeMap<Window, Count>;

fn join(counts: &mut Counts, window: Window, count: Count) {
    counts
        .entry(window)
        .and_modify(|known| {
            known.first = known.first.min(count.first);
            known.last = known.last.max(count.last);
            known.times = known.times.saturating_add(count.times);
        })
        .or_insert(count);
}

/// New accesses of one call, and who waits for them to be written.
struct Waiting {
    counts: Counts,
    written: oneshot::Sender<Result<(), Arc<sqlx::Error>>>,
}

/// Where accesses go.
pub(crate) struct Accesses {
    new: mpsc::Sender<Waiting>,
    known: Arc<Known>,
}

/// What the writer and the calls share.
struct Known {
    written: Cache<Window, ()>,
    repeats: Mutex<Counts>,
}

impl Known {
    fn repeats(&self) -> MutexGuard<'_, Counts> {
        self.repeats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Accesses {
    /// Starts the writer, which ends with the last handle on the ledger.
    pub(crate) fn start(pool: PgPool) -> Self {
        let (new, waiting) = mpsc::channel(WAITING_MAX);
        let known = Arc::new(Known {
            written: Cache::new(REMEMBERED_MAX),
            repeats: Mutex::default(),
        });
        tokio::spawn(write_all(pool, waiting, Arc::clone(&known)));
        Self { new, known }
    }

    /// Records accesses of one call. Answers once what is new of them is on disk.
    pub(crate) async fn record(&self, accesses: Vec<Access>) -> Result<(), LedgerError> {
        let now = Timestamp::now();
        let hour = now.as_second().div_euclid(WINDOW).saturating_mul(WINDOW);
        let once = Count {
            first: now,
            last: now,
            times: 1,
        };
        let mut counts = Counts::new();
        // several values of one class are one reading of it
        for access in accesses.into_iter().collect::<BTreeSet<_>>() {
            let window = (access, hour);
            if self.known.written.get(&window).is_some() {
                join(&mut self.known.repeats(), window, once);
            } else {
                join(&mut counts, window, once);
            }
        }
        if counts.is_empty() {
            return Ok(());
        }
        let (written, answer) = oneshot::channel();
        self.new
            .try_send(Waiting { counts, written })
            .map_err(|_| LedgerError::Overloaded)?;
        let unrecorded = |cause: String| Err(LedgerError::AccessNotRecorded(cause));
        match answer.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => unrecorded(error.to_string()),
            Err(_) => unrecorded("the writer ended".to_owned()),
        }
    }
}

async fn write_all(pool: PgPool, mut waiting: mpsc::Receiver<Waiting>, known: Arc<Known>) {
    let mut every = tokio::time::interval(COUNTS_INTERVAL);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut calls = vec![];
        let ended = tokio::select! {
            received = waiting.recv_many(&mut calls, BATCH_MAX) => received == 0,
            _ = every.tick() => false,
        };
        let mut counts = std::mem::take(&mut *known.repeats());
        for call in &calls {
            for (window, count) in &call.counts {
                join(&mut counts, window.clone(), *count);
            }
        }
        if !counts.is_empty() {
            let outcome = write(&pool, &counts).await.map_err(Arc::new);
            match &outcome {
                Ok(()) => {
                    for window in counts.into_keys() {
                        known.written.insert(window, ());
                    }
                }
                Err(error) => tracing::warn!(%error, "accesses could not be recorded"),
            }
            for call in calls {
                // Whoever has gone away meanwhile was not answered.
                let _ = call.written.send(outcome.clone());
            }
        }
        if ended {
            return;
        }
    }
}

/// In the order of the key, so that two processes never wait for each other.
async fn write(pool: &PgPool, counts: &Counts) -> Result<(), sqlx::Error> {
    let accesses = || counts.keys().map(|(access, _)| access);
    let words = |column: fn(&Access) -> String| accesses().map(column).collect::<Vec<_>>();
    let ids = |column: fn(&Access) -> Uuid| accesses().map(column).collect::<Vec<_>>();
    let micros = |column: fn(&Count) -> Timestamp| {
        let instants = counts.values().map(column);
        instants.map(Timestamp::as_microsecond).collect::<Vec<_>>()
    };
    sqlx::query(
        "INSERT INTO ledger.access AS a
                (subject, tenant_id, role, reader, class, action, aggregate_type, aggregate_id,
                 hour, first_at, last_at, times)
         SELECT n.subject, n.tenant_id, n.role, n.reader, n.class, n.action, n.kind, n.id, n.hour,
                timestamptz 'epoch' + n.earliest * interval '1 microsecond',
                timestamptz 'epoch' + n.latest * interval '1 microsecond', n.times
           FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
                       $7::text[], $8::uuid[], $9::bigint[], $10::bigint[], $11::bigint[],
                       $12::bigint[])
                AS n (subject, tenant_id, role, reader, class, action, kind, id, hour, earliest,
                      latest, times)
         ON CONFLICT (subject, hour, tenant_id, role, reader, class, action, aggregate_type,
                      aggregate_id)
         DO UPDATE SET last_at = greatest(a.last_at, excluded.last_at),
                       times = a.times + excluded.times",
    )
    .bind(ids(|access| access.subject.0))
    .bind(ids(|access| access.tenant.0))
    .bind(words(|access| access.role.to_string()))
    .bind(words(|access| access.reader.clone()))
    .bind(words(|access| access.class.to_string()))
    .bind(words(|access| access.action.clone()))
    .bind(words(|access| access.of.kind.to_owned()))
    .bind(ids(|access| access.of.id))
    .bind(counts.keys().map(|(_, hour)| *hour).collect::<Vec<_>>())
    .bind(micros(|count| count.first))
    .bind(micros(|count| count.last))
    .bind(counts.values().map(|count| count.times).collect::<Vec<_>>())
    .execute(pool)
    .await?;
    Ok(())
}

/// A recorded access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The tenant that read.
    pub tenant: TenantId,
    /// The acting role.
    pub role: String,
    /// The person or the client system that read.
    pub reader: String,
    /// About whom.
    pub subject: PersonId,
    /// The class of what was read.
    pub class: String,
    /// What for: the RPC.
    pub action: String,
    /// The kind of record.
    pub kind: String,
    /// The record.
    pub id: Uuid,
    /// When first within the hour.
    pub first: Timestamp,
    /// When last within the hour.
    pub last: Timestamp,
    /// How often within the hour.
    pub times: u64,
}

impl FromRow<'_, PgRow> for Recorded {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            tenant: TenantId(row.try_get(0)?),
            role: row.try_get(1)?,
            reader: row.try_get(2)?,
            subject: PersonId(row.try_get(3)?),
            class: row.try_get(4)?,
            action: row.try_get(5)?,
            kind: row.try_get(6)?,
            id: row.try_get(7)?,
            first: instant(row.try_get(8)?),
            last: instant(row.try_get(9)?),
            times: row.try_get::<i64, _>(10)?.unsigned_abs(),
        })
    }
}

impl Inner {
    /// Takes from the record what policy `access.retention_months` no longer keeps; how much.
    pub(crate) async fn expire_accesses(&self) -> Result<u64, LedgerError> {
        let today = london_date(self.time.now());
        let months: i32 = Policies::of(self.policies()).get("access.retention_months", today)?;
        let before = Timestamp::now()
            .to_zoned(TimeZone::UTC)
            .checked_sub(months.months());
        let before = before.map_or(Timestamp::MIN, |before| before.timestamp());
        let mut expired = 0;
        loop {
            let gone: i64 = sqlx::query_scalar(
                "SELECT ledger.expire_accesses(timestamptz 'epoch' + $1 * interval '1 microsecond', $2)",
            )
            .bind(before.as_microsecond())
            .bind(EXPIRED_AT_ONCE)
            .fetch_one(&self.command)
            .await?;
            expired += gone.unsigned_abs();
            if gone < i64::from(EXPIRED_AT_ONCE) {
                return Ok(expired);
            }
        }
    }

    /// Every access to what is recorded about the permit's own person, newest first, but what is
    /// withheld while a party decides.
    pub(crate) async fn own_accesses(&self, permit: &Permit) -> Result<Vec<Recorded>, LedgerError> {
        let person = own(permit)?;
        let mut withheld = access::Withheld::default();
        for event in self.own_history(permit, access::KINDS).await? {
            match event.fact {
                Ok(Fact::Application(fact)) => withheld.take(event.stream, event.recorded, &fact),
                Ok(_) => {}
                Err(cause) => {
                    return Err(LedgerError::Unreadable {
                        kind: "application".to_owned(),
                        id: event.stream.to_string(),
                        sequence: event.sequence,
                        cause,
                    });
                }
            }
        }
        let mut accesses: Vec<Recorded> = sqlx::query_as(
            "SELECT tenant_id, role, reader, subject, class, action, aggregate_type, aggregate_id,
                    (extract(epoch FROM first_at) * 1000000)::bigint,
                    (extract(epoch FROM last_at) * 1000000)::bigint, times
               FROM ledger.access
              WHERE subject = $1
              ORDER BY first_at DESC, tenant_id, role, class, action, aggregate_id
              LIMIT $2",
        )
        .bind(person.0)
        .bind(OWN_MAX)
        .fetch_all(&self.command)
        .await?;
        // By its first reading only: that it was read again must not make it come or go.
        accesses.retain(|access| !withheld.hides(access.tenant, &access.kind, access.first));
        Ok(accesses)
    }

    /// The accesses of the permit's own tenant from an instant on, about one person or all, oldest
    /// first; `skip` of them were listed before.
    pub(crate) async fn accesses(
        &self,
        permit: &Permit,
        person: Option<PersonId>,
        from: Timestamp,
        skip: u64,
        limit: u32,
    ) -> Result<Vec<Recorded>, LedgerError> {
        let tenant = permit.actor().tenant;
        let mut transaction = self.as_tenant(tenant).await?;
        let accesses = sqlx::query_as(
            "SELECT tenant_id, role, reader, subject, class, action, aggregate_type, aggregate_id,
                    (extract(epoch FROM first_at) * 1000000)::bigint,
                    (extract(epoch FROM last_at) * 1000000)::bigint, times
               FROM ledger.access
              WHERE tenant_id = $1 AND ($2::uuid IS NULL OR subject = $2)
                AND first_at >= timestamptz 'epoch' + $3 * interval '1 microsecond'
              ORDER BY first_at, subject, role, reader, class, action, aggregate_id
              LIMIT $4 OFFSET $5",
        )
        .bind(tenant.0)
        .bind(person.map(|person| person.0))
        .bind(from.as_microsecond())
        .bind(i64::from(limit.min(ACCESS_PAGE_MAX)))
        .bind(i64::try_from(skip).unwrap_or(i64::MAX))
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(accesses)
    }
}
