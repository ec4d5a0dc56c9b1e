//! The rows of one append: everything that the database need not work out.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use audit::chain::{self, ChainedEvent};
use domain::actor::TenantId;
use sqlx::{PgConnection, Row as _, postgres::types::Oid};
use uuid::Uuid;

use super::{
    Outcome, Unit, UnitStream,
    rows::{RowType, Rows},
};
use crate::{Receipt, append::instant, handover::Committed};

/// The row types of the append, as this database numbers them.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowTypes {
    tenant: RowType,
    unit: RowType,
    stream: RowType,
    event: RowType,
    feed: RowType,
    key: RowType,
}

impl RowTypes {
    pub(super) async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let row = sqlx::query(
            "SELECT 'ledger.append_tenant'::regtype::oid, 'ledger.append_tenant[]'::regtype::oid,
                    'ledger.append_unit'::regtype::oid, 'ledger.append_unit[]'::regtype::oid,
                    'ledger.append_stream'::regtype::oid, 'ledger.append_stream[]'::regtype::oid,
                    'ledger.append_event'::regtype::oid, 'ledger.append_event[]'::regtype::oid,
                    'ledger.append_feed'::regtype::oid, 'ledger.append_feed[]'::regtype::oid,
                    'ledger.append_key'::regtype::oid, 'ledger.append_key[]'::regtype::oid",
        )
        .fetch_one(connection)
        .await?;
        let at = |first: usize| {
            Ok::<_, sqlx::Error>(RowType {
                row: row.try_get::<Oid, _>(first)?.0,
                array: row.try_get::<Oid, _>(first + 1)?.0,
            })
        };
        Ok(Self {
            tenant: at(0)?,
            unit: at(2)?,
            stream: at(4)?,
            event: at(6)?,
            feed: at(8)?,
            key: at(10)?,
        })
    }
}

/// Every stream of a batch, in the order of locks, with the last hash of what it writes.
type Touched<'a> = BTreeMap<(Uuid, &'static str), (&'a UnitStream, Option<[u8; 32]>)>;

/// What a batch takes of a tenant's feed.
struct Share {
    /// Its place among the batch's tenants, from 1.
    nth: i32,
    slice: i16,
    events: i64,
}

/// What the answer to a unit is made of, once the heads are known.
struct Due {
    recorded: i64,
    own: i32,
    own_events: i64,
    hashes: Vec<[u8; 32]>,
}

/// One batch, ready to be sent.
pub(super) struct Batch {
    tenants: Rows,
    units: Rows,
    streams: Rows,
    events: Rows,
    feed: Rows,
    keys: Rows,
    guarded: bool,
    opening: bool,
    due: Vec<Due>,
    /// Its tenants in the order of their heads, each with how many events its feed takes.
    parties: Vec<(TenantId, i64)>,
}

impl Batch {
    /// `now` gives the time that each unit is recorded.
    pub(super) fn of(types: RowTypes, units: &[Unit], now: impl Fn() -> i64) -> Self {
        let mut shares = shares(units);
        let mut batch = Self {
            tenants: Rows::of(types.tenant),
            units: Rows::of(types.unit),
            streams: Rows::of(types.stream),
            events: Rows::of(types.event),
            feed: Rows::of(types.feed),
            keys: Rows::of(types.key),
            guarded: false,
            opening: false,
            due: Vec::with_capacity(units.len()),
            parties: vec![],
        };
        let mut streams = Touched::new();
        let mut ids = Vec::new();
        for unit in units {
            let recorded = now();
            let metadata = format!(
                r#"{},"recorded":"{:.6}"}}"#,
                unit.metadata,
                instant(recorded)
            );
            let mut hashes = Vec::with_capacity(unit.streams.len());
            for stream in &unit.streams {
                let hash = batch.push_events(stream, recorded, &metadata, &mut shares, &mut ids);
                hashes.extend(hash);
                streams.insert((stream.key.id, stream.key.kind), (stream, hash));
            }
            // Only what it takes itself moves its own position.
            let takes = unit.streams.iter().any(|stream| {
                stream
                    .write
                    .as_ref()
                    .is_some_and(|write| write.custody.parties.contains(&unit.tenant))
            });
            let own = shares.get(&unit.tenant.0).filter(|_| takes);
            batch.due.push(Due {
                recorded,
                own: own.map_or(0, |own| own.nth),
                own_events: own.map_or(0, |own| own.events),
                hashes,
            });
        }
        batch.push_streams(&streams);
        batch.push_units(units);
        batch.push_keys(units);
        for (tenant, share) in &shares {
            batch
                .tenants
                .row(4)
                .int4(share.nth)
                .uuid(Some(*tenant))
                .int2(share.slice)
                .int8(share.events);
            batch.parties.push((TenantId(*tenant), share.events));
        }
        batch
    }

    fn push_events(
        &mut self,
        stream: &UnitStream,
        recorded: i64,
        metadata: &str,
        shares: &mut BTreeMap<Uuid, Share>,
        ids: &mut Vec<Uuid>,
    ) -> Option<[u8; 32]> {
        let write = stream.write.as_ref()?;
        let (kind, id) = (stream.key.kind, Text::of(stream.key.id));
        ids.clear();
        ids.extend(write.custody.parties.iter().map(|party| party.0));
        let mut hash = write.previous;
        for event in &write.events {
            hash = chain::next(
                &hash,
                &ChainedEvent {
                    aggregate_type: kind,
                    aggregate_id: id.as_str(),
                    sequence: event.sequence,
                    event_type: &event.event_type,
                    event_version: &event.event_version,
                    payload: &event.payload,
                    metadata,
                },
            );
            let sequence = super::count(event.sequence);
            self.events
                .row(11)
                .text(kind)
                .text(id.as_str())
                .int8(sequence)
                .text(&event.event_type)
                .text(&event.event_version)
                .json(&event.payload)
                .json(metadata)
                .uuid(Some(write.custody.home.0))
                .uuids(ids.iter())
                .bytea(Some(&hash))
                .timestamptz(recorded);
            for party in ids.iter() {
                let Some(share) = shares.get_mut(party) else {
                    continue;
                };
                share.events += 1;
                self.feed
                    .row(8)
                    .uuid(Some(*party))
                    .int4(share.nth)
                    .int8(share.events)
                    .text(kind)
                    .text(id.as_str())
                    .int8(sequence)
                    .text(&event.event_type)
                    .bool(*party == write.custody.home.0);
            }
        }
        Some(hash)
    }

    fn push_streams(&mut self, streams: &Touched<'_>) {
        for ((id, kind), (stream, hash)) in streams {
            self.opening |= stream.expected == 0;
            let row = self
                .streams
                .row(9)
                .text(kind)
                .text(Text::of(*id).as_str())
                .int8(super::count(stream.expected));
            match (&stream.write, hash) {
                (Some(write), Some(hash)) => row
                    .int8(super::count(stream.expected + write.events.len() as u64))
                    .bytea(Some(&write.previous))
                    .bytea(Some(hash))
                    .uuid(Some(write.custody.home.0))
                    .uuids(write.custody.parties.iter().map(|party| &party.0))
                    .uuid(write.custody.subject.map(|subject| subject.0)),
                _ => {
                    self.guarded |= stream.expected > 0;
                    row.int8(super::count(stream.expected))
                        .bytea(None)
                        .bytea(None)
                        .uuid(None)
                        .no_uuids()
                        .uuid(None)
                }
            };
        }
    }

    fn push_units(&mut self, units: &[Unit]) {
        let mut sorted: Vec<(&Unit, &Due)> = units.iter().zip(&self.due).collect();
        sorted.sort_unstable_by_key(|(unit, _)| (unit.tenant, unit.request));
        for (unit, due) in sorted {
            self.units
                .row(9)
                .uuid(Some(unit.tenant.0))
                .uuid(Some(unit.request))
                .bytea(Some(&unit.fingerprint))
                .text(unit.key.kind)
                .text(Text::of(unit.key.id).as_str())
                .int8(super::count(unit.version))
                .timestamptz(due.recorded)
                .int4(due.own)
                .int8(due.own_events);
        }
    }

    /// Each new key once, however many of the units are sealed under it.
    fn push_keys(&mut self, units: &[Unit]) {
        let keys: BTreeSet<_> = units.iter().flat_map(|unit| &unit.new_keys).collect();
        for key in keys {
            self.keys
                .row(6)
                .uuid(Some(key.name.controller.0))
                .uuid(Some(key.name.subject.0))
                .text(&key.name.class.to_string())
                .uuid(Some(key.id))
                .bytea(Some(&key.wrapped))
                .text(&key.kek_id);
        }
    }

    /// Appends it; answers with the heads of its tenants before.
    pub(super) async fn append(
        &self,
        connection: &mut PgConnection,
    ) -> Result<Vec<i64>, sqlx::Error> {
        sqlx::query_scalar("SELECT ledger.append($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(&self.tenants)
            .bind(&self.units)
            .bind(&self.streams)
            .bind(&self.events)
            .bind(&self.feed)
            .bind(&self.keys)
            .bind(self.opening)
            .bind(self.guarded)
            .fetch_one(connection)
            .await
    }

    /// Gives its tenants feeds, those that have none.
    pub(super) async fn open_feeds(
        &self,
        connection: &mut PgConnection,
    ) -> Result<(), sqlx::Error> {
        sqlx::query("SELECT ledger.open_feeds($1)")
            .bind(&self.tenants)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Its events with the positions they have taken.
    pub(super) fn committed(&self, units: &[Unit], heads: &[i64]) -> Vec<Committed> {
        let mut heads: BTreeMap<TenantId, u64> = (self.parties.iter().zip(heads))
            .map(|((tenant, _), head)| (*tenant, head.unsigned_abs()))
            .collect();
        let mut committed = Vec::with_capacity(units.len());
        for (unit, due) in units.iter().zip(&self.due) {
            let metadata: Arc<str> = format!("{}}}", unit.metadata).into();
            for stream in &unit.streams {
                let Some(write) = &stream.write else { continue };
                committed.extend(write.events.iter().map(|event| {
                    Committed {
                        key: stream.key,
                        sequence: event.sequence,
                        event_type: event.event_type.clone(),
                        event_version: event.event_version.clone(),
                        payload: event.payload.clone(),
                        metadata: Arc::clone(&metadata),
                        recorded: instant(due.recorded),
                        // In the order in which the batch took its shares of the feeds.
                        places: (write.custody.parties.iter())
                            .filter_map(|party| {
                                let head = heads.get_mut(party)?;
                                *head += 1;
                                Some((*party, *head))
                            })
                            .collect(),
                    }
                }));
            }
        }
        committed
    }

    /// How far its tenants' feeds reach with it.
    pub(super) fn reached(&self, heads: &[i64]) -> impl Iterator<Item = (TenantId, u64)> {
        (self.parties.iter().zip(heads))
            .map(|((tenant, events), head)| (*tenant, (head + events).unsigned_abs()))
    }

    /// The answers to its units, in their order.
    pub(super) fn outcomes(self, units: &[Unit], heads: &[i64]) -> Vec<Option<Outcome>> {
        let position = |due: &Due| {
            usize::try_from(due.own - 1)
                .ok()
                .and_then(|nth| heads.get(nth))
                .map_or(0, |head| (head + due.own_events).unsigned_abs())
        };
        (units.iter().zip(self.due))
            .map(|(unit, due)| {
                Some(Outcome::Written {
                    receipt: Receipt {
                        kind: unit.key.kind.to_owned(),
                        id: unit.key.id,
                        version: unit.version,
                        position: position(&due),
                        recorded: instant(due.recorded),
                    },
                    hashes: due.hashes,
                })
            })
            .collect()
    }
}

/// Every tenant whose feed the units reach, in order.
fn shares(units: &[Unit]) -> BTreeMap<Uuid, Share> {
    let parties: BTreeSet<_> = (units.iter())
        .flat_map(|unit| &unit.streams)
        .filter_map(|stream| stream.write.as_ref())
        .flat_map(|write| &write.custody.parties)
        .collect();
    (parties.into_iter().zip(1..))
        .map(|(tenant, nth)| {
            let share = Share {
                nth,
                slice: i16::try_from(tenant.slice()).unwrap_or(0),
                events: 0,
            };
            (tenant.0, share)
        })
        .collect()
}

/// An id in its stored spelling, without an allocation.
struct Text([u8; uuid::fmt::Hyphenated::LENGTH]);

impl Text {
    fn of(id: Uuid) -> Self {
        let mut text = [0; uuid::fmt::Hyphenated::LENGTH];
        id.hyphenated().encode_lower(&mut text);
        Self(text)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
