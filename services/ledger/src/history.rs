//! Everything that was recorded about one person, for whoever may replay it.

use std::collections::BTreeMap;

use audit::chain::{ChainedEvent, GENESIS, Verifier};
use cqrs_es::Aggregate as _;
use domain::{
    actor::{ActingRole, PersonId, TenantId},
    application::Application,
    decision_round::{Seal, SealEvent},
    id::Id,
    permission::Permit,
    refusal::Refusal,
    upcast::upcast,
    visibility::{Extent, Surface},
};
use jiff::Timestamp;
use sqlx::Row as _;
use uuid::Uuid;

use crate::{Inner, LedgerError, append::instant, feed::decode};

/// A stored event with its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
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
    /// The stored payload, byte for byte; personal values are sealed in it. Empty when the reader
    /// may know of the event but not its content.
    pub payload: String,
    /// The stored metadata, byte for byte; empty with the payload.
    pub metadata: String,
    /// The stored hash.
    pub hash: Vec<u8>,
    /// Whether the record's chain holds from its first event up to this one.
    pub chain_verified: bool,
    /// When it is true in the world.
    pub effective: Timestamp,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// The tenant that acted.
    pub acting_tenant: TenantId,
    /// The acting role.
    pub acting_role: String,
    /// The policy versions that the decision used, by policy id.
    pub policies: BTreeMap<String, u32>,
    /// The hash before it: of the record's event before, or [`audit::chain::GENESIS`].
    pub previous_hash: Vec<u8>,
    /// Its position in the feed of the tenant that the history is read as, when it is read as one.
    pub position: Option<u64>,
}

/// From where a history is read: when, and with whose eyes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Viewpoint {
    /// As far as the service had learnt by this instant; all it has learnt when absent.
    pub known: Option<Timestamp>,
    /// As this tenant's feed carried it, with the places there: its own question, and an auditor's.
    /// With the permit's own eyes when absent.
    pub tenant: Option<TenantId>,
}

impl HistoryEvent {
    /// That it happened, when and by whom; the chain's hash stays, since it tells nothing.
    fn keep_status(&mut self) {
        self.payload.clear();
        self.metadata.clear();
        self.policies.clear();
    }
}

struct Stored {
    event: HistoryEvent,
    parties: Vec<Uuid>,
}

/// By aggregate type and id.
type Streams = BTreeMap<(String, Uuid), Vec<Stored>>;

impl Inner {
    /// In recorded order, as far as the acting role may see it: a tenant's of the events it is a
    /// party of, the auditor's of all of them but the seals of a round that is not revealed. As a
    /// tenant, the auditor gets what that tenant's feed carried, under the same restriction (C.3).
    pub(crate) async fn history(
        &self,
        permit: &Permit,
        person: PersonId,
        from: Viewpoint,
    ) -> Result<Vec<HistoryEvent>, LedgerError> {
        let (kinds, reader) = (self.streams.kinds(), permit.actor());
        let mut events = self.recorded_about(permit, person, from).await?;
        events.retain_mut(|event| {
            match kinds.extent(&event.kind, &event.event_type, reader, Surface::Record) {
                Extent::Nothing | Extent::Aggregate => return false,
                Extent::Status => event.keep_status(),
                Extent::Redacted | Extent::Shown => {}
            }
            true
        });
        Ok(events)
    }

    async fn recorded_about(
        &self,
        permit: &Permit,
        person: PersonId,
        from: Viewpoint,
    ) -> Result<Vec<HistoryEvent>, LedgerError> {
        let actor = permit.actor();
        let auditor = actor.role == ActingRole::Auditor;
        if !auditor && from.tenant.is_some_and(|tenant| tenant != actor.tenant) {
            return Err(Refusal::not_permitted().into());
        }
        // A chain holds from its first event, which a later party does not see: the proof is made
        // over the whole stream and only then narrowed to what the reader gets.
        let mut streams = self.streams_about(person).await?;
        if auditor {
            self.withhold_unrevealed(&mut streams).await?;
        }
        if let Some(tenant) = from.tenant {
            self.keep_fed(&mut streams, tenant, person).await?;
        } else if !auditor {
            let visible = self.visible_to(actor.tenant, person).await?;
            for ((kind, id), events) in &mut streams {
                events.retain(|stored| {
                    stored.parties.contains(&actor.tenant.0)
                        && visible.contains(&(kind.clone(), *id, stored.event.sequence))
                });
            }
        }
        let mut events: Vec<HistoryEvent> = streams
            .into_values()
            .flatten()
            .map(|stored| stored.event)
            .filter(|event| from.known.is_none_or(|known| event.recorded <= known))
            .collect();
        events.sort_by(|a, b| {
            (a.recorded, &a.kind, a.id, a.sequence).cmp(&(b.recorded, &b.kind, b.id, b.sequence))
        });
        Ok(events)
    }

    async fn streams_about(&self, person: PersonId) -> Result<Streams, LedgerError> {
        let rows = sqlx::query(
            "SELECT e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
                    e.payload::text, e.metadata::text, e.hash, e.metadata->>'effective',
                    (extract(epoch FROM e.recorded_at) * 1000000)::bigint, e.parties,
                    (e.metadata->>'tenant')::uuid, e.metadata->>'role', e.metadata->>'policies'
               FROM ledger.stream s
               JOIN ledger.event e ON e.aggregate_id = s.aggregate_id
                                  AND e.aggregate_type = s.aggregate_type
              WHERE s.subject = $1
              ORDER BY e.aggregate_type, e.aggregate_id, e.sequence",
        )
        .bind(person.0)
        .fetch_all(&self.command)
        .await?;
        let mut streams: BTreeMap<(String, Uuid), (Verifier, Vec<Stored>)> = BTreeMap::new();
        for row in rows {
            let id: &str = row.try_get(1)?;
            let effective: &str = row.try_get(8)?;
            let mut event = HistoryEvent {
                kind: row.try_get(0)?,
                id: Uuid::try_parse(id).map_err(decode)?,
                sequence: row.try_get::<i64, _>(2)?.unsigned_abs(),
                event_type: row.try_get(3)?,
                event_version: row.try_get(4)?,
                payload: row.try_get(5)?,
                metadata: row.try_get(6)?,
                hash: row.try_get(7)?,
                chain_verified: false,
                effective: effective.parse().map_err(decode)?,
                recorded: instant(row.try_get(9)?),
                acting_tenant: TenantId(row.try_get(11)?),
                acting_role: row.try_get(12)?,
                policies: serde_json::from_str(row.try_get(13)?).map_err(decode)?,
                previous_hash: GENESIS.to_vec(),
                position: None,
            };
            let (verifier, stored) = streams.entry((event.kind.clone(), event.id)).or_default();
            if let Some(before) = stored.last() {
                event.previous_hash.clone_from(&before.event.hash);
            }
            event.chain_verified = verifier.accept(
                &ChainedEvent {
                    aggregate_type: &event.kind,
                    aggregate_id: id,
                    sequence: event.sequence,
                    event_type: &event.event_type,
                    event_version: &event.event_version,
                    payload: &event.payload,
                    metadata: &event.metadata,
                },
                &event.hash,
            );
            stored.push(Stored {
                event,
                parties: row.try_get(10)?,
            });
        }
        Ok(streams
            .into_iter()
            .map(|(key, (_, stored))| (key, stored))
            .collect())
    }

    /// What row-level security lets `tenant` see of `person`.
    async fn visible_to(
        &self,
        tenant: TenantId,
        person: PersonId,
    ) -> Result<std::collections::BTreeSet<(String, Uuid, u64)>, LedgerError> {
        let mut transaction = self.as_tenant(tenant).await?;
        let rows = sqlx::query(
            "SELECT e.aggregate_type, e.aggregate_id, e.sequence
               FROM ledger.stream s
               JOIN ledger.event e ON e.aggregate_id = s.aggregate_id
                                  AND e.aggregate_type = s.aggregate_type
              WHERE s.subject = $1",
        )
        .bind(person.0)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        rows.into_iter()
            .map(|row| {
                let id: &str = row.try_get(1)?;
                Ok((
                    row.try_get(0)?,
                    Uuid::try_parse(id).map_err(decode)?,
                    row.try_get::<i64, _>(2)?.unsigned_abs(),
                ))
            })
            .collect()
    }

    /// Keeps what lies in the feed of `tenant`, each event with its position there. One scan of
    /// that feed, whatever the person: a feed has no order but its own.
    async fn keep_fed(
        &self,
        streams: &mut Streams,
        tenant: TenantId,
        person: PersonId,
    ) -> Result<(), LedgerError> {
        let mut transaction = self.as_tenant(tenant).await?;
        let rows = sqlx::query(
            "SELECT f.aggregate_type, f.aggregate_id, f.sequence, f.position
               FROM ledger.stream s
               JOIN ledger.feed f ON f.aggregate_id = s.aggregate_id
                                 AND f.aggregate_type = s.aggregate_type
              WHERE s.subject = $1 AND f.tenant_id = $2",
        )
        .bind(person.0)
        .bind(tenant.0)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        let mut positions = BTreeMap::new();
        for row in rows {
            let id: &str = row.try_get(1)?;
            let stream: (String, Uuid) = (row.try_get(0)?, Uuid::try_parse(id).map_err(decode)?);
            let sequence = row.try_get::<i64, _>(2)?.unsigned_abs();
            let position = row.try_get::<i64, _>(3)?.unsigned_abs();
            positions.insert((stream, sequence), position);
        }
        for (stream, events) in streams {
            events.retain_mut(|stored| {
                let at = (stream.clone(), stored.event.sequence);
                stored.event.position = positions.get(&at).copied();
                stored.event.position.is_some()
            });
        }
        Ok(())
    }

    /// Nobody learns of a seal before its round is revealed, an auditor neither (C.3).
    async fn withhold_unrevealed(&self, streams: &mut Streams) -> Result<(), LedgerError> {
        for ((kind, id), events) in streams {
            if kind != Seal::TYPE {
                continue;
            }
            let application = self.application_of(Id::new(*id)).await?;
            let mut revealed = Vec::with_capacity(events.len());
            for stored in events.drain(..) {
                if is_revealed(&stored.event, application.as_ref())? {
                    revealed.push(stored);
                }
            }
            *events = revealed;
        }
        Ok(())
    }

    async fn application_of(&self, seal: Id<Seal>) -> Result<Option<Application>, LedgerError> {
        let seal = self.fresh_one(seal.key()).await?;
        let kept = seal.state.as_any().downcast_ref().and_then(Seal::kept);
        let Some(application) = kept.map(|kept| kept.terms.application) else {
            return Ok(None);
        };
        let application = self.fresh_one(application.key()).await?;
        Ok(application.state.as_any().downcast_ref().cloned())
    }
}

/// A seal whose application is not known stays withheld.
fn is_revealed(
    event: &HistoryEvent,
    application: Option<&Application>,
) -> Result<bool, LedgerError> {
    let Some(application) = application else {
        return Ok(false);
    };
    let payload = serde_json::from_str(&event.payload).map_err(decode)?;
    let sealed = upcast(&event.event_type, &event.event_version, payload)
        .map(serde_json::from_value::<SealEvent>)
        .transpose()
        .map_err(decode)?;
    Ok(sealed.is_some_and(|sealed| sealed.is_revealed(application)))
}
