//! What happened to some records, as one of their parties may know it: what, when and by whom, and
//! nothing of what was said.

use std::{borrow::Cow, collections::BTreeMap};

use domain::{
    actor::TenantId,
    permission::Permit,
    visibility::{Extent, Surface},
};
use jiff::Timestamp;
use serde::Deserialize;
use sqlx::{Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::{
    Ledger, LedgerError,
    feed::decode,
    follow::{recorded, text},
};

/// The most events of one timeline; a trainee's whole life has a few hundred.
pub const TIMELINE_MAX: u32 = 5_000;

/// One event of a timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEvent {
    /// The aggregate type.
    pub kind: String,
    /// The record's id.
    pub id: Uuid,
    /// Its place in the record's history, from 1.
    pub sequence: u64,
    /// `VacancyOpened`
    pub event_type: String,
    /// When it is true in the world.
    pub effective: Timestamp,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// The tenant that acted.
    pub acting_tenant: TenantId,
    /// The acting role; the person is not shown.
    pub acting_role: String,
    /// The policies the decision used, with their versions; none where only the record's status is
    /// for the reader.
    pub policies: BTreeMap<String, u32>,
}

#[derive(Deserialize)]
struct Shown<'a> {
    effective: Timestamp,
    tenant: TenantId,
    #[serde(borrow)]
    role: Cow<'a, str>,
    /// JSON in JSON, as it is written.
    #[serde(borrow, default)]
    policies: Cow<'a, str>,
}

impl Ledger {
    /// The events of some records that the permit's tenant is a party of and its acting role may know
    /// of, in recorded order, at most [`TIMELINE_MAX`].
    ///
    /// # Errors
    /// When the database is away or holds what cannot be read.
    pub async fn timeline(
        &self,
        permit: &Permit,
        records: &[(&str, Uuid)],
    ) -> Result<Vec<TimelineEvent>, LedgerError> {
        let (kinds, ids): (Vec<&str>, Vec<String>) = records
            .iter()
            .map(|(kind, id)| (*kind, id.to_string()))
            .unzip();
        let mut tx = self.0.as_tenant(permit.actor().tenant).await?;
        let rows = sqlx::query(
            "SELECT e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.metadata::text,
                    e.recorded_at
               FROM unnest($1::text[], $2::text[]) AS r (kind, id)
               JOIN ledger.event e
                 ON e.aggregate_type = r.kind COLLATE \"C\" AND e.aggregate_id = r.id COLLATE \"C\"
              ORDER BY e.recorded_at, e.aggregate_id, e.sequence
              LIMIT $3",
        )
        .bind(kinds)
        .bind(ids)
        .bind(i64::from(TIMELINE_MAX))
        .fetch_all(&mut *tx)
        .await?;
        let kinds = self.0.streams.kinds();
        let extent = |row: &PgRow| -> Result<Extent, LedgerError> {
            let (kind, event_type) = (text(row, 0)?, text(row, 3)?);
            Ok(kinds.extent(kind, event_type, permit.actor(), Surface::Record))
        };
        let mut events = vec![];
        for row in &rows {
            let extent = extent(row)?;
            if matches!(extent, Extent::Nothing | Extent::Aggregate) {
                continue;
            }
            let shown: Shown<'_> = serde_json::from_str(text(row, 4)?).map_err(decode)?;
            let policies = match extent {
                Extent::Shown if !shown.policies.is_empty() => {
                    serde_json::from_str(&shown.policies).map_err(decode)?
                }
                _ => BTreeMap::new(),
            };
            events.push(TimelineEvent {
                kind: row.try_get(0)?,
                id: Uuid::try_parse(text(row, 1)?).map_err(decode)?,
                sequence: row.try_get::<i64, _>(2)?.unsigned_abs(),
                event_type: row.try_get(3)?,
                effective: shown.effective,
                recorded: recorded(row, 5)?,
                acting_tenant: shown.tenant,
                acting_role: shown.role.into_owned(),
                policies,
            });
        }
        Ok(events)
    }

    /// Who has a part in a record, to a party whose acting role may know what happened to it; nobody
    /// to others.
    ///
    /// # Errors
    /// As [`Self::timeline`].
    pub async fn parties(
        &self,
        permit: &Permit,
        kind: &str,
        id: Uuid,
    ) -> Result<Vec<TenantId>, LedgerError> {
        if self.timeline(permit, &[(kind, id)]).await?.is_empty() {
            return Ok(vec![]);
        }
        let mut tx = self.0.as_tenant(permit.actor().tenant).await?;
        let parties: Option<Vec<Uuid>> = sqlx::query_scalar(
            "SELECT parties FROM ledger.stream WHERE aggregate_type = $1 AND aggregate_id = $2",
        )
        .bind(kind)
        .bind(id.to_string())
        .fetch_optional(&mut *tx)
        .await?;
        Ok(parties.into_iter().flatten().map(TenantId).collect())
    }
}
