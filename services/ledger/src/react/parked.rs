//! Reactions that were refused: kept for an operator, who may have them tried again.

use domain::actor::TenantId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Reactor, timers::store_timers};
use crate::{
    LedgerError,
    follow::{self, Whose, begin, signed, unsigned},
};

/// A reaction that was refused, kept for an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedReaction {
    /// The request id it would have run under.
    pub request: Uuid,
    /// Whose event asked for it.
    pub tenant: TenantId,
    /// The RPC it stands for; empty when the event itself could not be read.
    pub action: String,
    /// The refusal's reason, in the words of the wire.
    pub reason: String,
    /// The refusal's message.
    pub message: String,
}

pub(super) struct Refused {
    pub(super) request: Uuid,
    pub(super) position: Option<u64>,
    pub(super) stream: Uuid,
    pub(super) sequence: u64,
    pub(super) action: String,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Reactor {
    /// The reactions to a tenant's events that were refused, oldest first, at most 1,000.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn parked(&self, tenant: TenantId) -> Result<Vec<ParkedReaction>, LedgerError> {
        let parked: Vec<(Uuid, String, String, String)> = sqlx::query_as(
            "SELECT request_id, action, reason, message FROM ledger.reaction_parked
              WHERE tenant_id = $1 ORDER BY parked_at, request_id LIMIT 1000",
        )
        .bind(tenant.0)
        .fetch_all(self.ledger.projector())
        .await?;
        Ok(parked
            .into_iter()
            .map(|(request, action, reason, message)| ParkedReaction {
                request,
                tenant,
                action,
                reason,
                message,
            })
            .collect())
    }

    /// Tries everything again that the event behind a refused reaction asks for. Answers whether
    /// nothing is refused any more.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn retry(&self, tenant: TenantId, request: Uuid) -> Result<bool, LedgerError> {
        let mut tx = begin(self.ledger.projector(), tenant).await?;
        let at: Option<(Option<i64>, Uuid, i64)> = sqlx::query_as(
            "SELECT position, stream, sequence FROM ledger.reaction_parked
              WHERE tenant_id = $1 AND request_id = $2 FOR UPDATE",
        )
        .bind(tenant.0)
        .bind(request)
        .fetch_optional(&mut *tx)
        .await?;
        let Some((position, stream, sequence)) = at else {
            return Ok(true);
        };
        let (mut timers, mut refused) = (vec![], vec![]);
        if let Some(position) = position {
            let before = unsigned(position).saturating_sub(1);
            for item in follow::read(&mut *tx, tenant, before, 1, Whose::AtHome).await? {
                self.answer(&item, &mut timers, &mut refused).await?;
            }
            sqlx::query(
                "DELETE FROM ledger.reaction_parked
                  WHERE tenant_id = $1 AND stream = $2 AND sequence = $3 AND position IS NOT NULL",
            )
            .bind(tenant.0)
            .bind(stream)
            .bind(sequence)
            .execute(&mut *tx)
            .await?;
        } else {
            // A refused timer: let it wait again; it is due.
            sqlx::query(
                "UPDATE ledger.timer SET state = 'waiting', settled_at = NULL WHERE timer_id = $1",
            )
            .bind(request)
            .execute(&mut *tx)
            .await?;
            sqlx::query("DELETE FROM ledger.reaction_parked WHERE request_id = $1")
                .bind(request)
                .execute(&mut *tx)
                .await?;
        }
        store_timers(&mut tx, tenant, &timers).await?;
        store_refused(&mut tx, tenant, &refused).await?;
        tx.commit().await?;
        Ok(refused.is_empty())
    }
}

pub(super) async fn store_refused(
    tx: &mut PgConnection,
    tenant: TenantId,
    refused: &[Refused],
) -> Result<(), LedgerError> {
    for parked in refused {
        sqlx::query(
            "INSERT INTO ledger.reaction_parked
               (request_id, tenant_id, position, stream, sequence, action, reason, message)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (request_id) DO UPDATE
               SET action = excluded.action, reason = excluded.reason, message = excluded.message",
        )
        .bind(parked.request)
        .bind(tenant.0)
        .bind(parked.position.map(signed))
        .bind(parked.stream)
        .bind(signed(parked.sequence))
        .bind(&parked.action)
        .bind(&parked.reason)
        .bind(&parked.message)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
