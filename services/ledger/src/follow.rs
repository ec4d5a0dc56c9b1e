//! Following feeds: what the projection and the reaction runner share.

use std::time::Duration;

use domain::{actor::TenantId, fact::Fact, upcast::upcast};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{FromRow, PgConnection, PgPool, Postgres, Transaction};
use uuid::Uuid;

use crate::{LedgerError, view::Noted};

/// An event with what a runner passes on from it.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub(crate) noted: Noted,
    pub(crate) kind: String,
    pub(crate) traceparent: Option<String>,
    pub(crate) correlation: Option<Uuid>,
    pub(crate) request: Option<Uuid>,
}

/// The part of an event's metadata that runners read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Passed {
    effective: Option<Timestamp>,
    traceparent: Option<String>,
    correlation: Option<Uuid>,
    request_id: Option<Uuid>,
}

#[derive(FromRow)]
struct Stored {
    position: i64,
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    event_type: String,
    event_version: String,
    payload: String,
    metadata: String,
    recorded: i64,
}

/// Whose events of a feed to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Everything the tenant sees.
    All,
    /// Events of streams at home there: each event is home in exactly one feed.
    AtHome,
}

/// Up to `limit` events of a tenant's feed after a position, in order. Reading all of them, the
/// positions must be dense.
pub(crate) async fn read(
    connection: &mut PgConnection,
    tenant: TenantId,
    after: u64,
    limit: u32,
    whose: Whose,
) -> Result<Vec<Followed>, LedgerError> {
    let stored: Vec<Stored> = sqlx::query_as(
        "SELECT f.position, f.aggregate_type, f.aggregate_id, f.sequence,
                e.event_type, e.event_version, e.payload::text AS payload,
                e.metadata::text AS metadata,
                (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS recorded
           FROM ledger.feed f
           JOIN ledger.event e USING (aggregate_type, aggregate_id, sequence)
          WHERE f.tenant_id = $1 AND f.position > $2 AND (f.home OR NOT $4)
          ORDER BY f.position
          LIMIT $3",
    )
    .bind(tenant.0)
    .bind(signed(after))
    .bind(i64::from(limit))
    .bind(whose == Whose::AtHome)
    .fetch_all(connection)
    .await?;
    if whose == Whose::All {
        let mut expected = after;
        for item in &stored {
            expected = expected.saturating_add(1);
            if unsigned(item.position) != expected {
                return Err(LedgerError::HoleInFeed {
                    tenant,
                    position: expected,
                });
            }
        }
    }
    Ok(stored.into_iter().map(Stored::item).collect())
}

impl Stored {
    fn item(self) -> Followed {
        let passed: Passed = serde_json::from_str(&self.metadata).unwrap_or_default();
        let recorded = Timestamp::from_microsecond(self.recorded).unwrap_or(Timestamp::UNIX_EPOCH);
        let stream = Uuid::try_parse(&self.aggregate_id);
        Followed {
            noted: Noted {
                position: unsigned(self.position),
                stream: stream.as_ref().copied().unwrap_or_default(),
                sequence: unsigned(self.sequence),
                effective: passed.effective.unwrap_or(recorded),
                recorded,
                fact: stream
                    .map_err(|error| error.to_string())
                    .and_then(|_| self.fact()),
            },
            kind: self.aggregate_type,
            traceparent: passed.traceparent,
            correlation: passed.correlation,
            request: passed.request_id,
        }
    }

    fn fact(&self) -> Result<Fact, String> {
        let payload = serde_json::from_str(&self.payload).map_err(|error| error.to_string())?;
        let current = upcast(&self.event_type, &self.event_version, payload).ok_or_else(|| {
            format!(
                "no way from version {} of {} to the current one",
                self.event_version, self.event_type
            )
        })?;
        Fact::decode(&self.aggregate_type, current)
            .map_err(|error| format!("{} does not decode: {error}", self.event_type))?
            .ok_or_else(|| format!("{} is of an unknown kind", self.aggregate_type))
    }
}

/// Every tenant with a feed, and its head.
pub(crate) async fn heads(pool: &PgPool) -> Result<Vec<(TenantId, u64)>, LedgerError> {
    let heads: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT tenant_id, head FROM ledger.tenant WHERE head > 0")
            .fetch_all(pool)
            .await?;
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
    let mut tx = pool.begin().await?;
    sqlx::query("SELECT set_config('trellis.tenant', $1, true)")
        .bind(tenant.0.to_string())
        .execute(&mut *tx)
        .await?;
    Ok(tx)
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
