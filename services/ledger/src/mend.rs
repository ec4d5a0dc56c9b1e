//! What an operator may do to a view. None of it touches an event.

use std::collections::{BTreeMap, BTreeSet};

use domain::actor::TenantId;
use sqlx::{PgConnection, Postgres, Transaction};
use tracing::warn;
use uuid::Uuid;

use crate::{
    LedgerError, Projector,
    follow::{self, Followed, Whose, begin, signed, unsigned},
    lane::{Changes, Move, Skips, unreadable, write},
    project::BATCH_MAX,
    view::{Figures, Folded, Parked, View},
};

impl Projector {
    /// Builds a view again from the first event, beside the live build, which it replaces once it
    /// has caught up. Answers with the number of the build.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn rebuild<V: View>(&self) -> Result<i64, LedgerError> {
        let version = i32::try_from(V::VERSION).unwrap_or(i32::MAX);
        let build = sqlx::query_scalar(
            "WITH opened AS (
               INSERT INTO ledger.view_build (view, version, state) VALUES ($1, $2, 'building')
               ON CONFLICT DO NOTHING RETURNING build)
             SELECT build FROM opened
             UNION ALL
             SELECT build FROM ledger.view_build
              WHERE view = $1 AND version = $2 AND state = 'building'
             LIMIT 1",
        )
        .bind(V::NAME)
        .bind(version)
        .fetch_one(self.ledger().projector())
        .await?;
        Ok(build)
    }

    /// The streams the live build of a view has stopped at for a tenant, with the reasons.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn parked<V: View>(
        &self,
        tenant: TenantId,
    ) -> Result<BTreeMap<Uuid, Parked>, LedgerError> {
        let mut tx = begin(self.ledger().projector(), tenant).await?;
        let Some(build) = live_build::<V>(&mut tx).await? else {
            return Ok(BTreeMap::new());
        };
        parked_streams(&mut tx, build, tenant).await
    }

    /// Sets one event aside for a view, in every build of it from now on: a decision of a person,
    /// kept with name and reason. Then [`Projector::unpark`] the stream.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn skip<V: View>(
        &self,
        tenant: TenantId,
        stream: Uuid,
        sequence: u64,
        by: &str,
        reason: &str,
    ) -> Result<(), LedgerError> {
        let mut tx = begin_durable(self, tenant).await?;
        sqlx::query(
            "INSERT INTO ledger.view_skip (view, tenant_id, stream, sequence, skipped_by, reason)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        )
        .bind(V::NAME)
        .bind(tenant.0)
        .bind(stream)
        .bind(signed(sequence))
        .bind(by)
        .bind(reason)
        .execute(&mut *tx)
        .await?;
        // Whoever keeps this tenant's rows at hand asks for the skipped events again.
        sqlx::query(
            "UPDATE ledger.view_checkpoint SET stamp = stamp + 1
              WHERE tenant_id = $1
                AND build IN (SELECT build FROM ledger.view_build WHERE view = $2)",
        )
        .bind(tenant.0)
        .bind(V::NAME)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        warn!(view = V::NAME, %tenant, %stream, sequence, by, reason, "an event is skipped in a view");
        Ok(())
    }

    /// Replays a parked stream from the event it stopped at. Answers whether it now runs on; when
    /// an event still does not fold, the stream stays parked there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn unpark<V: View>(
        &self,
        tenant: TenantId,
        stream: Uuid,
    ) -> Result<bool, LedgerError> {
        let mut tx = begin_durable(self, tenant).await?;
        let Some(build) = live_build::<V>(&mut tx).await? else {
            return Ok(true);
        };
        let Some((until, stamp)) = hold_checkpoint(&mut tx, build, tenant).await? else {
            return Ok(false);
        };
        let from: Option<i64> = sqlx::query_scalar(
            "DELETE FROM ledger.view_parked
              WHERE tenant_id = $1 AND build = $2 AND stream = $3 RETURNING position",
        )
        .bind(tenant.0)
        .bind(build)
        .bind(stream)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(from) = from else { return Ok(true) };
        let row: Option<(Uuid, String)> = sqlx::query_as(
            "SELECT stream, row::text FROM ledger.view_row
              WHERE tenant_id = $1 AND build = $2 AND stream = $3",
        )
        .bind(tenant.0)
        .bind(build)
        .bind(stream)
        .fetch_optional(&mut *tx)
        .await?;
        let skipped = skipped::<V>(&mut tx, tenant).await?;
        let rows = decode::<V>(row.into_iter().collect())?;
        let mut folded = Folded::<V>::on_top_of(rows, BTreeMap::new(), skipped);
        let mut parked_at = vec![];
        let mut after = unsigned(from).saturating_sub(1);
        while after < until {
            let page = follow::read(&mut *tx, tenant, after, BATCH_MAX, Whose::All).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            let missed = |item: &&Followed| item.noted.stream == stream && item.position <= until;
            for item in page.iter().filter(missed) {
                folded.note(&item.noted);
                if parked_at.is_empty() && !folded.parked().is_empty() {
                    parked_at.push(item.position);
                }
            }
        }
        let runs = folded.parked().is_empty();
        let moved = Move {
            build,
            tenant,
            from: until,
            stamp,
            to: until,
            changes: Changes::of(&folded)?,
            parked_at,
        };
        if write(&mut *tx, &[moved]).await?.contains(&false) {
            return Ok(false);
        }
        sqlx::query(
            "UPDATE ledger.view_checkpoint SET stamp = stamp + 1
              WHERE tenant_id = $1 AND build = $2",
        )
        .bind(tenant.0)
        .bind(build)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(runs)
    }

    /// Folds a tenant's feed again in memory, as far as the live build has, and compares. Answers
    /// with the first difference in words, naming the row or figure.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn drift<V: View>(&self, tenant: TenantId) -> Result<Option<String>, LedgerError> {
        let mut tx = begin(self.ledger().projector(), tenant).await?;
        let Some(build) = live_build::<V>(&mut tx).await? else {
            return Ok(None);
        };
        // While the checkpoint is held, rows and figures stand still.
        let Some((until, _)) = hold_checkpoint(&mut tx, build, tenant).await? else {
            return Ok(None);
        };
        let parked = parked_streams(&mut tx, build, tenant).await?;
        let mut folded = Folded::<V>::on_top_of(
            BTreeMap::new(),
            BTreeMap::new(),
            skipped::<V>(&mut tx, tenant).await?,
        );
        let mut after = 0;
        while after < until {
            let page = follow::read(&mut *tx, tenant, after, BATCH_MAX, Whose::All).await?;
            let Some(last) = page.last() else { break };
            after = last.position;
            page.iter()
                .filter(|item| item.position <= until)
                .map(|item| &item.noted)
                .filter(|noted| {
                    parked
                        .get(&noted.stream)
                        .is_none_or(|parked| noted.sequence < parked.sequence)
                })
                .for_each(|noted| folded.note(noted));
        }
        let stored = decode::<V>(
            sqlx::query_as(
                "SELECT stream, row::text FROM ledger.view_row WHERE tenant_id = $1 AND build = $2",
            )
            .bind(tenant.0)
            .bind(build)
            .fetch_all(&mut *tx)
            .await?,
        )?;
        let figures: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT figure, part, value FROM ledger.view_figure WHERE tenant_id = $1 AND build = $2",
        )
        .bind(tenant.0)
        .bind(build)
        .fetch_all(&mut *tx)
        .await?;
        Ok(difference(&folded, stored, &figures.into_iter().collect()))
    }
}

/// The first difference between what is stored and a fold of the events.
fn difference<V: View>(
    folded: &Folded<V>,
    mut stored: BTreeMap<Uuid, V::Row>,
    figures: &Figures,
) -> Option<String> {
    let unseen = V::Row::default();
    stored.retain(|_, row| *row != unseen);
    let expected = folded.rows();
    let streams: BTreeSet<&Uuid> = expected.keys().chain(stored.keys()).collect();
    for stream in streams {
        match (expected.get(stream), stored.get(stream)) {
            (Some(expected), Some(stored)) if expected == stored => {}
            (Some(_), Some(_)) => return Some(format!("the row of stream {stream} differs")),
            (Some(_), None) => return Some(format!("the row of stream {stream} is missing")),
            (None, _) => return Some(format!("the row of stream {stream} should not be there")),
        }
    }
    let sums = folded.figures();
    let mut names: BTreeSet<(&str, &str)> = BTreeSet::new();
    names.extend(sums.iter().map(|(name, part, _)| (name, part)));
    names.extend(figures.iter().map(|(name, part, _)| (name, part)));
    names.into_iter().find_map(|(name, part)| {
        let (expected, stored) = (sums.get_of(name, part), figures.get_of(name, part));
        (expected != stored)
            .then(|| format!("figure {name} {part}: {stored} stored, {expected} folded"))
    })
}

async fn live_build<V: View>(tx: &mut PgConnection) -> Result<Option<i64>, LedgerError> {
    let build = sqlx::query_scalar(
        "SELECT build FROM ledger.view_build WHERE view = $1 AND version = $2 AND state = 'live'",
    )
    .bind(V::NAME)
    .bind(i32::try_from(V::VERSION).unwrap_or(i32::MAX))
    .fetch_optional(tx)
    .await?;
    Ok(build)
}

/// A transaction of an operator, who is told only what will stay: the folds of views are committed
/// without waiting for the disk, this is not.
async fn begin_durable(
    projector: &Projector,
    tenant: TenantId,
) -> Result<Transaction<'static, Postgres>, LedgerError> {
    let mut tx = begin(projector.ledger().projector(), tenant).await?;
    sqlx::query("SET LOCAL synchronous_commit = on")
        .execute(&mut *tx)
        .await?;
    Ok(tx)
}

/// Holds the tenant's checkpoint for the transaction, waiting for whoever has it: position and
/// stamp.
async fn hold_checkpoint(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
) -> Result<Option<(u64, i64)>, LedgerError> {
    let held: Option<(i64, i64)> = sqlx::query_as(
        "SELECT position, stamp FROM ledger.view_checkpoint
          WHERE tenant_id = $1 AND build = $2 FOR UPDATE",
    )
    .bind(tenant.0)
    .bind(build)
    .fetch_optional(tx)
    .await?;
    Ok(held.map(|(position, stamp)| (unsigned(position), stamp)))
}

/// The parked streams of a tenant.
async fn parked_streams(
    tx: &mut PgConnection,
    build: i64,
    tenant: TenantId,
) -> Result<BTreeMap<Uuid, Parked>, LedgerError> {
    let parked: Vec<(Uuid, i64, String)> = sqlx::query_as(
        "SELECT stream, sequence, reason FROM ledger.view_parked
          WHERE tenant_id = $1 AND build = $2",
    )
    .bind(tenant.0)
    .bind(build)
    .fetch_all(tx)
    .await?;
    Ok(parked
        .into_iter()
        .map(|(stream, sequence, reason)| {
            let sequence = unsigned(sequence);
            (stream, Parked { sequence, reason })
        })
        .collect())
}

async fn skipped<V: View>(tx: &mut PgConnection, tenant: TenantId) -> Result<Skips, LedgerError> {
    let skipped: Vec<(Uuid, i64)> = sqlx::query_as(
        "SELECT stream, sequence FROM ledger.view_skip WHERE tenant_id = $1 AND view = $2",
    )
    .bind(tenant.0)
    .bind(V::NAME)
    .fetch_all(tx)
    .await?;
    Ok(skipped
        .into_iter()
        .map(|(stream, sequence)| (stream, unsigned(sequence)))
        .collect())
}

fn decode<V: View>(rows: Vec<(Uuid, String)>) -> Result<BTreeMap<Uuid, V::Row>, LedgerError> {
    rows.into_iter()
        .map(|(stream, row)| Ok((stream, serde_json::from_str(&row).map_err(unreadable)?)))
        .collect()
}
