//! Timers: what is due by the ledger's clock runs as true at its due time, once.

use domain::{actor::TenantId, reactions::Timer};
use jiff::Timestamp;
use sqlx::PgConnection;
use tracing::{Instrument as _, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use uuid::Uuid;

use super::{
    EVENTS_MAX, Reactor, Settled, fingerprint,
    parked::{Refused, store_refused},
};
use crate::{
    Envelope, LedgerError,
    follow::{signed, unsigned},
    trace,
    transaction::begun,
};

pub(super) struct Due {
    pub(super) id: Uuid,
    pub(super) due: Timestamp,
    pub(super) timer: String,
    pub(super) stream: Uuid,
    pub(super) sequence: u64,
    pub(super) correlation: Option<Uuid>,
    pub(super) traceparent: Option<String>,
}

#[derive(sqlx::FromRow)]
struct StoredTimer {
    timer_id: Uuid,
    tenant_id: Uuid,
    due: i64,
    timer: String,
    stream: Uuid,
    sequence: i64,
    correlation: Option<Uuid>,
    traceparent: Option<String>,
}

impl Reactor {
    /// Fires the timers that are due by the ledger's clock, earliest first, each as true at its due
    /// time. Answers how many were settled.
    pub(super) async fn fire(&self) -> Result<u64, LedgerError> {
        let mut tx = begun(self.ledger.projector(), "BEGIN").await?;
        let due: Vec<StoredTimer> = sqlx::query_as(
            "SELECT timer_id, tenant_id, (extract(epoch FROM due) * 1000000)::bigint AS due,
                    timer::text AS timer, stream, sequence, correlation, traceparent
               FROM ledger.timer
              WHERE state = 'waiting' AND due <= $1::text::timestamptz
              ORDER BY ledger.timer.due, timer_id
              LIMIT $2
                FOR UPDATE SKIP LOCKED",
        )
        .bind(self.ledger.now().to_string())
        .bind(i64::from(EVENTS_MAX))
        .fetch_all(&mut *tx)
        .await?;
        let (mut settled, mut stopped) = (0, None);
        for stored in due {
            let span = info_span!("fire timer", timer = %stored.timer_id);
            // Fails only on a span that has begun.
            let _ = span.set_parent(trace::parent(stored.traceparent.as_deref()));
            match self.fire_one(&stored).instrument(span).await {
                Ok((action, outcome)) => {
                    settle_timer(&mut tx, &stored, action, outcome).await?;
                    settled += 1;
                }
                Err(error) => {
                    stopped = Some(error);
                    break;
                }
            }
        }
        tx.commit().await?;
        self.metrics.fired.add(settled, &[]);
        match stopped {
            Some(error) => Err(error),
            None => Ok(settled),
        }
    }

    async fn fire_one(&self, stored: &StoredTimer) -> Result<(String, Settled), LedgerError> {
        let timer: Timer = match serde_json::from_str(&stored.timer) {
            Ok(timer) => timer,
            Err(error) => {
                let settled = Settled::Refused {
                    reason: "UNREADABLE".to_owned(),
                    message: error.to_string(),
                };
                return Ok((String::new(), settled));
            }
        };
        let due = Timestamp::from_microsecond(stored.due)
            .map_err(|error| LedgerError::Store(sqlx::Error::Decode(Box::new(error))))?;
        let (action, mut command) = (self.on_timer)(&timer);
        if let Some(census) = command.census() {
            *census = self.ledger.census().await?;
        }
        let envelope = Envelope {
            request_id: stored.timer_id,
            effective: Some(due),
            fingerprint: fingerprint(stored.timer_id),
            correlation: stored.correlation,
            causation: Some(format!("timer/{}", stored.timer_id)),
            traceparent: trace::traceparent(&Span::current().context())
                .or_else(|| stored.traceparent.clone()),
            authentication: None,
        };
        let settled = self.submit(action, envelope, command.as_ref()).await?;
        Ok((action.to_string(), settled))
    }
}

pub(super) async fn store_timers(
    tx: &mut PgConnection,
    tenant: TenantId,
    timers: &[Due],
) -> Result<(), LedgerError> {
    for timer in timers {
        sqlx::query(
            "INSERT INTO ledger.timer
               (timer_id, tenant_id, due, timer, stream, sequence, correlation, traceparent)
             VALUES ($1, $2, $3::text::timestamptz, $4::text::json, $5, $6, $7, $8)
             ON CONFLICT DO NOTHING",
        )
        .bind(timer.id)
        .bind(tenant.0)
        .bind(timer.due.to_string())
        .bind(&timer.timer)
        .bind(timer.stream)
        .bind(signed(timer.sequence))
        .bind(timer.correlation)
        .bind(&timer.traceparent)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

async fn settle_timer(
    tx: &mut PgConnection,
    stored: &StoredTimer,
    action: String,
    outcome: Settled,
) -> Result<(), LedgerError> {
    let state = match outcome {
        Settled::Done => "fired",
        Settled::Refused { reason, message } => {
            let refused = Refused {
                request: stored.timer_id,
                position: None,
                stream: stored.stream,
                sequence: unsigned(stored.sequence),
                action,
                reason,
                message,
            };
            store_refused(tx, TenantId(stored.tenant_id), &[refused]).await?;
            "refused"
        }
    };
    sqlx::query(
        "UPDATE ledger.timer SET state = $2, settled_at = clock_timestamp()
          WHERE timer_id = $1 AND state = 'waiting'",
    )
    .bind(stored.timer_id)
    .bind(state)
    .execute(tx)
    .await?;
    Ok(())
}
