//! A tenant's feed as that tenant may read it.

use std::borrow::Cow;

use domain::{actor::TenantId, permission::Permit};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{Postgres, Row as _, Transaction, ValueRef as _};
use uuid::Uuid;

use crate::{
    Inner, LedgerError,
    append::count,
    follow::{recorded, text},
    seal::redact,
    transaction::begun,
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

/// The part of an event's metadata that its parties see.
#[derive(Deserialize)]
struct Shown<'a> {
    effective: Timestamp,
    tenant: TenantId,
    #[serde(borrow)]
    role: Cow<'a, str>,
}

impl Inner {
    /// A transaction of the reader that sees what `tenant` may see.
    pub(crate) async fn as_tenant(
        &self,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let begin = format!(
            "BEGIN READ ONLY; SELECT set_config('trellis.tenant', '{}', true)",
            tenant.0
        );
        begun(&self.reader, begin).await
    }

    pub(crate) async fn feed(
        &self,
        permit: &Permit,
        after: u64,
        limit: u32,
    ) -> Result<FeedPage, LedgerError> {
        let tenant = permit.actor().tenant;
        let limit = limit.clamp(1, FEED_PAGE_MAX);
        let rows = sqlx::query("SELECT * FROM ledger.feed_page($1, $2, $3)")
            .bind(tenant.0)
            .bind(count(after))
            .bind(i32::try_from(limit).unwrap_or(i32::MAX))
            .fetch_all(&self.reader)
            .await?;

        let head = rows
            .first()
            .map_or(Ok(0), |row| row.try_get::<i64, _>(0))?
            .unsigned_abs();
        let due = head.saturating_sub(after).min(u64::from(limit));
        let mut items = Vec::with_capacity(rows.len());
        let mut last = after;
        for row in &rows {
            let position: Option<i64> = row.try_get(1)?;
            // An event may be out of the reader's sight only by a fault; then it counts as lost.
            let payload = row.try_get_raw(8)?;
            let position = position.map_or(0, i64::unsigned_abs);
            if position != last + 1 || payload.is_null() {
                break;
            }
            last = position;
            let payload = text(row, 8)?;
            let shown: Shown<'_> = serde_json::from_str(text(row, 9)?).map_err(decode)?;
            items.push(FeedItem {
                position,
                kind: row.try_get(2)?,
                id: Uuid::try_parse(text(row, 3)?).map_err(decode)?,
                sequence: row.try_get::<i64, _>(4)?.unsigned_abs(),
                event_type: row.try_get(5)?,
                event_version: row.try_get(7)?,
                payload: redact(payload).map_err(decode)?.into_owned(),
                effective: shown.effective,
                recorded: recorded(row, 10)?,
                acting_tenant: shown.tenant,
                acting_role: shown.role.into_owned(),
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
