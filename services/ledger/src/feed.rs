//! A tenant's feed as that tenant may read it.

use domain::{actor::TenantId, permission::Permit};
use jiff::Timestamp;
use sqlx::{Postgres, Row as _, Transaction};
use uuid::Uuid;

use crate::{
    Inner, LedgerError,
    append::{count, instant},
    seal::redact,
};

/// The most events of one page.
pub const FEED_PAGE_MAX: u32 = 1000;

/// A run of a tenant's feed.
#[derive(Debug, Clone)]
pub struct FeedPage {
    /// In order, without holes.
    pub items: Vec<FeedItem>,
    /// Whether the feed went on when the page was read.
    pub more: bool,
    /// The feed's last position then.
    pub head: u64,
}

/// An event as one of its parties sees it.
#[derive(Debug, Clone)]
pub struct FeedItem {
    /// Its position in this tenant's feed, dense from 1.
    pub position: u64,
    /// The aggregate type.
    pub kind: String,
    /// The record's id.
    pub id: Uuid,
    /// Its place in the record's history, from 1.
    pub sequence: u64,
    /// `VacancyOpened`
    pub event_type: String,
    /// `1.0`
    pub event_version: String,
    /// The event; personal values are replaced by `{"personal": "<class>"}`.
    pub payload: String,
    /// When it is true in the world.
    pub effective: Timestamp,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// The tenant that acted.
    pub acting_tenant: TenantId,
    /// The acting role; the person is not shown.
    pub acting_role: String,
    /// Whether the record is at home with this tenant.
    pub home: bool,
}

impl Inner {
    /// A transaction of the reader that sees what `tenant` may see.
    pub(crate) async fn as_tenant(
        &self,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.reader
            .begin_with(format!(
                "BEGIN READ ONLY; SELECT set_config('trellis.tenant', '{}', true)",
                tenant.0
            ))
            .await
    }

    pub(crate) async fn feed(
        &self,
        permit: &Permit,
        after: u64,
        limit: u32,
    ) -> Result<FeedPage, LedgerError> {
        let tenant = permit.actor().tenant;
        let limit = limit.clamp(1, FEED_PAGE_MAX);
        let mut transaction = self.as_tenant(tenant).await?;
        // Head and events are of one snapshot: every position up to the head is there or lost.
        let rows = sqlx::query(
            "SELECT t.head, f.*
               FROM ledger.tenant t
               LEFT JOIN LATERAL (
                   SELECT f.position, f.aggregate_type, f.aggregate_id, f.sequence, f.event_type,
                          f.home, e.event_version, e.payload::text, e.metadata->>'effective',
                          (extract(epoch FROM e.recorded_at) * 1000000)::bigint,
                          (e.metadata->>'tenant')::uuid, e.metadata->>'role'
                     FROM ledger.feed f
                     JOIN ledger.event e ON e.aggregate_type = f.aggregate_type
                                        AND e.aggregate_id = f.aggregate_id
                                        AND e.sequence = f.sequence
                    WHERE f.tenant_id = t.tenant_id AND f.position > $2 AND f.position <= $3
                    ORDER BY f.position
               ) AS f ON true
              WHERE t.tenant_id = $1",
        )
        .bind(tenant.0)
        .bind(count(after))
        .bind(count(after.saturating_add(u64::from(limit))))
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;

        let head = rows
            .first()
            .map_or(Ok(0), |row| row.try_get::<i64, _>(0))?
            .unsigned_abs();
        let due = head.saturating_sub(after).min(u64::from(limit));
        let mut items = Vec::with_capacity(rows.len());
        let mut last = after;
        for row in rows {
            let position: Option<i64> = row.try_get(1)?;
            let position = position.map_or(0, i64::unsigned_abs);
            if position != last + 1 {
                break;
            }
            last = position;
            let payload: &str = row.try_get(8)?;
            let id: &str = row.try_get(3)?;
            let effective: &str = row.try_get(9)?;
            items.push(FeedItem {
                position,
                kind: row.try_get(2)?,
                id: Uuid::try_parse(id).map_err(decode)?,
                sequence: row.try_get::<i64, _>(4)?.unsigned_abs(),
                event_type: row.try_get(5)?,
                event_version: row.try_get(7)?,
                payload: redact(payload).map_err(decode)?.into_owned(),
                effective: effective.parse().map_err(decode)?,
                recorded: instant(row.try_get(10)?),
                acting_tenant: TenantId(row.try_get(11)?),
                acting_role: row.try_get(12)?,
                home: row.try_get(6)?,
            });
        }
        if (items.len() as u64) < due {
            return Err(LedgerError::HoleInFeed {
                tenant,
                position: last + 1,
            });
        }
        Ok(FeedPage {
            items,
            more: last < head,
            head,
        })
    }

    pub(crate) async fn head(&self, tenant: TenantId) -> Result<u64, LedgerError> {
        let head = sqlx::query("SELECT head FROM ledger.tenant WHERE tenant_id = $1")
            .bind(tenant.0)
            .fetch_optional(&self.command)
            .await?
            .map_or(Ok(0), |row| row.try_get::<i64, _>(0))?;
        Ok(head.unsigned_abs())
    }
}

pub(crate) fn decode(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
