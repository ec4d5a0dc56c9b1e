//! The disputes a tenant is a party of, found where its feed first tells of them.

use domain::{dispute::Dispute, id::Id, permission::Permit};
use sqlx::{Row as _, postgres::PgRow};
use uuid::Uuid;

use crate::{
    Ledger, LedgerError,
    follow::{signed, text, unsigned},
};

impl Ledger {
    /// The disputes of the permit's own tenant with their positions in its feed, latest first, before a
    /// position where one is given.
    ///
    /// # Errors
    /// Why the ledger could not be read.
    pub async fn disputes(
        &self,
        permit: &Permit,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<(u64, Id<Dispute>)>, LedgerError> {
        let tenant = permit.actor().tenant;
        let mut tx = self.0.as_tenant(tenant).await?;
        let rows = sqlx::query(
            "SELECT position, aggregate_id FROM ledger.feed
              WHERE tenant_id = $1 AND event_type = 'DisputeRaised' AND position < $2
              ORDER BY position DESC LIMIT $3",
        )
        .bind(tenant.0)
        .bind(before.map_or(i64::MAX, signed))
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await?;
        let place = |row: &PgRow| -> Result<_, sqlx::Error> {
            let id = Uuid::try_parse(text(row, 1)?);
            let id = id.map_err(|error| sqlx::Error::Decode(error.into()))?;
            Ok((unsigned(row.try_get(0)?), Id::new(id)))
        };
        Ok(rows.iter().map(place).collect::<Result<_, _>>()?)
    }
}
