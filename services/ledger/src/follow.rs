//! Following feeds: what the projection and the reaction runner share.

use std::{borrow::Cow, sync::Arc, time::Duration};

use domain::{actor::TenantId, fact::Fact};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{PgExecutor, PgPool, Postgres, Row as _, Transaction, postgres::PgRow};
use uuid::Uuid;

use crate::{LedgerError, transaction::begun, view::Noted};

/// An event of a feed with what a runner passes on from it.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    /// Its position in the tenant's feed, from 1.
    pub(crate) position: u64,
    pub(crate) noted: Arc<Noted>,
    pub(crate) kind: String,
    pub(crate) traceparent: Option<String>,
    pub(crate) correlation: Option<Uuid>,
    pub(crate) request: Option<Uuid>,
}

/// A stored event, as it lies in the store.
pub(crate) struct Stored<'a> {
    pub(crate) kind: &'a str,
    /// The reason in words when it is no id.
    pub(crate) stream: Result<Uuid, String>,
    pub(crate) sequence: u64,
    pub(crate) event_type: &'a str,
    pub(crate) event_version: &'a str,
    pub(crate) payload: &'a str,
    pub(crate) metadata: &'a str,
    pub(crate) recorded: Timestamp,
}

/// The part of an event's metadata that runners read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Passed<'a> {
    effective: Option<Timestamp>,
    #[serde(borrow)]
    traceparent: Cow<'a, str>,
    #[serde(borrow)]
    correlation: Cow<'a, str>,
    #[serde(borrow)]
    request_id: Cow<'a, str>,
}

/// When the event with this metadata is true in the world.
pub(crate) fn effective(metadata: &str) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Effective {
        effective: Timestamp,
    }
    serde_json::from_str(metadata)
        .ok()
        .map(|Effective { effective }| effective)
}

/// Whose events of a feed to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Everything the tenant sees.
    All,
    /// Events of streams at home there: each event is home in exactly one feed.
    AtHome,
}

/// A run of a tenant's feed: the positions after `after`, at most `limit` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) tenant: TenantId,
    pub(crate) after: u64,
    pub(crate) limit: u32,
}

/// The events of several runs, in order, all by one statement. Reading all events of a feed, a
/// position that is missing before others is an alarm for that run and no other.
pub(crate) async fn read_runs(
    connection: impl PgExecutor<'_>,
    runs: &[Run],
    whose: Whose,
) -> Result<Vec<Result<Vec<Followed>, LedgerError>>, LedgerError> {
    let tenants: Vec<Uuid> = runs.iter().map(|run| run.tenant.0).collect();
    let after: Vec<i64> = runs.iter().map(|run| signed(run.after)).collect();
    let limits: Vec<i64> = runs.iter().map(|run| i64::from(run.limit)).collect();
    // The limits within keep the planner from anything but one descent of an index per item.
    let mut rows = sqlx::query(
        "SELECT r.nth, f.position, f.aggregate_type, f.aggregate_id, f.sequence,
                e.event_type, e.event_version, e.payload, e.metadata, e.recorded_at
           FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) WITH ORDINALITY
                AS r (tenant, past, most, nth)
          CROSS JOIN LATERAL (
              SELECT f.position, f.aggregate_type, f.aggregate_id, f.sequence
                FROM ledger.feed f
               WHERE f.tenant_id = r.tenant AND f.position > r.past AND (f.home OR NOT $4)
               ORDER BY f.position
               LIMIT r.most) AS f
          CROSS JOIN LATERAL (
              SELECT e.event_type, e.event_version, e.payload, e.metadata, e.recorded_at
                FROM ledger.event e
               WHERE e.aggregate_type = f.aggregate_type
                 AND e.aggregate_id = f.aggregate_id
                 AND e.sequence = f.sequence
               LIMIT 1) AS e",
    )
    .bind(tenants)
    .bind(after)
    .bind(limits)
    .bind(whose == Whose::AtHome)
    .fetch(connection);
    let mut read: Vec<Vec<Followed>> = runs.iter().map(|_| Vec::new()).collect();
    while let Some(row) = rows.try_next().await? {
        let nth = usize::try_from(row.try_get::<i64, _>(0)?).unwrap_or(0);
        if let Some(items) = read.get_mut(nth.saturating_sub(1)) {
            items.push(followed(&row)?);
        }
    }
    Ok(runs
        .iter()
        .zip(read)
        .map(|(run, mut items)| {
            items.sort_by_key(|item| item.position);
            match whose {
                Whose::All => dense(run, items),
                Whose::AtHome => Ok(items),
            }
        })
        .collect())
}

/// Up to `limit` events of a tenant's feed after a position, in order.
pub(crate) async fn read(
    connection: impl PgExecutor<'_>,
    tenant: TenantId,
    after: u64,
    limit: u32,
    whose: Whose,
) -> Result<Vec<Followed>, LedgerError> {
    let run = Run {
        tenant,
        after,
        limit,
    };
    let read = read_runs(connection, &[run], whose).await?;
    read.into_iter().next().unwrap_or_else(|| Ok(Vec::new()))
}

fn dense(run: &Run, items: Vec<Followed>) -> Result<Vec<Followed>, LedgerError> {
    let mut expected = run.after;
    for item in &items {
        expected = expected.saturating_add(1);
        if item.position != expected {
            return Err(LedgerError::HoleInFeed {
                tenant: run.tenant,
                position: expected,
            });
        }
    }
    Ok(items)
}

/// Decodes a row of [`read_runs`] from the bytes it came in.
fn followed(row: &PgRow) -> Result<Followed, sqlx::Error> {
    let stored = Stored {
        kind: text(row, 2)?,
        stream: Uuid::try_parse(text(row, 3)?).map_err(|error| error.to_string()),
        sequence: unsigned(row.try_get(4)?),
        event_type: text(row, 5)?,
        event_version: text(row, 6)?,
        payload: text(row, 7)?,
        metadata: text(row, 8)?,
        recorded: recorded(row, 9)?,
    };
    Ok(Followed::read(unsigned(row.try_get(1)?), stored))
}

impl Followed {
    /// Decodes a stored event.
    pub(crate) fn read(position: u64, stored: Stored<'_>) -> Self {
        let passed: Passed<'_> = serde_json::from_str(stored.metadata).unwrap_or_default();
        let (event_type, version) = (stored.event_type, stored.event_version);
        Self {
            position,
            noted: Arc::new(Noted {
                stream: stored.stream.as_ref().copied().unwrap_or_default(),
                sequence: stored.sequence,
                effective: passed.effective.unwrap_or(stored.recorded),
                recorded: stored.recorded,
                fact: stored
                    .stream
                    .and_then(|_| Fact::read(stored.kind, event_type, version, stored.payload)),
            }),
            kind: stored.kind.to_owned(),
            traceparent: (!passed.traceparent.is_empty()).then(|| passed.traceparent.into_owned()),
            correlation: passed.correlation.parse().ok(),
            request: passed.request_id.parse().ok(),
        }
    }
}

/// The text of a `text` or `json` column, where it lies.
pub(crate) fn text(row: &PgRow, column: usize) -> Result<&str, sqlx::Error> {
    row.try_get_raw(column)?
        .as_str()
        .map_err(sqlx::Error::Decode)
}

/// The instant of a `timestamptz` column.
pub(crate) fn recorded(row: &PgRow, column: usize) -> Result<Timestamp, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    let bytes = value.as_bytes().map_err(sqlx::Error::Decode)?;
    let micros = <[u8; 8]>::try_from(bytes).map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(pg_instant(i64::from_be_bytes(micros)))
}

/// An instant as the database sends it: microseconds since 2000.
pub(crate) fn pg_instant(micros: i64) -> Timestamp {
    const FROM_1970_TO_2000: i64 = 946_684_800_000_000;
    Timestamp::from_microsecond(micros.saturating_add(FROM_1970_TO_2000))
        .unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Every tenant with a feed, or those among some, and its head.
pub(crate) async fn heads(
    pool: &PgPool,
    among: Option<&[Uuid]>,
) -> Result<Vec<(TenantId, u64)>, LedgerError> {
    let heads = match among {
        Some(tenants) => sqlx::query_as(
            "SELECT tenant_id, head FROM ledger.tenant WHERE head > 0 AND tenant_id = ANY ($1)",
        )
        .bind(tenants)
        .fetch_all(pool),
        None => sqlx::query_as("SELECT tenant_id, head FROM ledger.tenant WHERE head > 0")
            .fetch_all(pool),
    };
    let heads: Vec<(Uuid, i64)> = heads.await?;
    Ok(heads
        .into_iter()
        .map(|(tenant, head)| (TenantId(tenant), unsigned(head)))
        .collect())
}

/// A transaction that reaches the rows of one tenant only.
pub(crate) async fn begin(
    pool: &PgPool,
    tenant: TenantId,
) -> Result<Transaction<'static, Postgres>, LedgerError> {
    let begin = format!(
        "BEGIN; SELECT set_config('trellis.tenant', '{}', true)",
        tenant.0
    );
    Ok(begun(pool, begin).await?)
}

/// A position as the database holds it.
pub(crate) fn signed(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

/// A position read from the database, where none is negative.
pub(crate) fn unsigned(position: i64) -> u64 {
    u64::try_from(position).unwrap_or(0)
}

/// Growing pauses between attempts, from 50 ms to 5 s.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The pause after one more failure.
    pub(crate) fn next(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        Self::after(self.failures)
    }

    /// The pause after the n-th failure in a row.
    pub(crate) fn after(failures: u32) -> Duration {
        const FIRST: Duration = Duration::from_millis(50);
        const LONGEST: Duration = Duration::from_secs(5);
        FIRST
            .saturating_mul(1 << failures.saturating_sub(1).min(10))
            .min(LONGEST)
    }

    /// Starts again after a success.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds_and_start_again_after_a_success() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.next(), Duration::from_millis(50));
        assert_eq!(backoff.next(), Duration::from_millis(100));
        for _ in 0..100 {
            assert!(backoff.next() <= Duration::from_secs(5));
        }
        assert_eq!(backoff.next(), Duration::from_secs(5));
        backoff.reset();
        assert_eq!(backoff.next(), Duration::from_millis(50));
    }
}
