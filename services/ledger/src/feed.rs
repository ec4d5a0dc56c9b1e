//! A tenant's feed as one acting role of that tenant may read it.

use std::borrow::Cow;

use domain::{
    actor::TenantId,
    permission::Permit,
    visibility::{
        Extent, Surface,
        events::{Turn, turn},
    },
};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{Postgres, Row as _, Transaction, ValueRef as _, postgres::PgRow};
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

/// A position of a feed, and what the reader may see of the event that lies there. It is the same
/// whenever it is read: what decides is the event's class and the reader's role, neither of which
/// changes.
#[derive(Debug, Clone)]
pub struct FeedItem {
    /// Its position in this tenant's feed, dense from 1.
    pub position: u64,
    /// The event; `None` when it is none of the role's business.
    pub event: Option<FeedEvent>,
}

/// An event as a role of one of its parties sees it.
#[derive(Debug, Clone)]
pub struct FeedEvent {
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
    /// The event; personal values are replaced by `{"personal": "<class>"}`. `None` when the role
    /// may know of it but not its content.
    pub payload: Option<String>,
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
    /// What it does to the tenant's view of the record.
    pub turn: Option<Turn>,
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
            let event = self.shown_of(permit, row)?;
            items.push(FeedItem { position, event });
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

    fn shown_of(&self, permit: &Permit, row: &PgRow) -> Result<Option<FeedEvent>, LedgerError> {
        let (kind, event_type) = (text(row, 2)?, text(row, 5)?);
        let kinds = self.streams.kinds();
        let payload = match kinds.extent(kind, event_type, permit.actor(), Surface::Feed) {
            Extent::Nothing | Extent::Aggregate => return Ok(None),
            Extent::Status => None,
            Extent::Redacted | Extent::Shown => {
                Some(redact(text(row, 8)?).map_err(decode)?.into_owned())
            }
        };
        let shown: Shown<'_> = serde_json::from_str(text(row, 9)?).map_err(decode)?;
        Ok(Some(FeedEvent {
            turn: turn(event_type, permit.actor().kind),
            kind: kind.to_owned(),
            id: Uuid::try_parse(text(row, 3)?).map_err(decode)?,
            sequence: row.try_get::<i64, _>(4)?.unsigned_abs(),
            event_type: event_type.to_owned(),
            event_version: row.try_get(7)?,
            payload,
            effective: shown.effective,
            recorded: recorded(row, 10)?,
            acting_tenant: shown.tenant,
            acting_role: shown.role.into_owned(),
            home: row.try_get(6)?,
        }))
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
