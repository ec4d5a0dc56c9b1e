//! The ledger's tables as PostgreSQL's binary COPY takes them. Everything that knows a column of
//! them is here.

use std::collections::HashMap;

use domain::actor::TenantId;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

use super::sealing::CUSTODIAN;
use crate::Fault;

const EVENT: &str = "COPY ledger.event (aggregate_type, aggregate_id, sequence, event_type,
    event_version, payload, metadata, home_tenant, parties, hash, recorded_at)
    FROM STDIN (FORMAT binary)";
const FEED: &str = "COPY ledger.feed (tenant_id, position, aggregate_type, aggregate_id, sequence,
    event_type, home) FROM STDIN (FORMAT binary)";
const STREAM: &str = "COPY ledger.stream (aggregate_id, aggregate_type, version, home_tenant,
    parties, subject, last_hash) FROM STDIN (FORMAT binary)";
const RECEIPT: &str = "COPY ledger.receipt (tenant_id, request_id, fingerprint, aggregate_type,
    aggregate_id, version, position, recorded_at) FROM STDIN (FORMAT binary)";
const KEY: &str = "COPY ledger.subject_key (controller, subject, class, key_id, wrapped, kek_id)
    FROM STDIN (FORMAT binary)";

/// Moves the tenants' heads to what was filled, and every runner's place with them: what was
/// filled has had its consequences.
const HEADS: &str = "
    WITH filled AS (
        SELECT * FROM unnest($1::uuid[], $2::smallint[], $3::bigint[]) AS t (tenant, slice, head)
    ), moved AS (
        INSERT INTO ledger.tenant (tenant_id, slice, head) SELECT tenant, slice, head FROM filled
        ON CONFLICT (tenant_id) DO UPDATE SET head = excluded.head
    )
    INSERT INTO ledger.reaction_checkpoint (tenant_id, position) SELECT tenant, head FROM filled
    ON CONFLICT (tenant_id) DO UPDATE SET position = excluded.position";

pub(super) struct EventRow<'a> {
    pub(super) kind: &'a str,
    pub(super) id: Uuid,
    pub(super) sequence: u64,
    pub(super) event_type: &'a str,
    pub(super) event_version: &'a str,
    pub(super) payload: &'a str,
    pub(super) metadata: &'a str,
    pub(super) home: Uuid,
    /// Sorted, each with the event's position in its feed.
    pub(super) parties: &'a [(Uuid, i64)],
    pub(super) hash: &'a [u8; 32],
    /// Microseconds since 1970.
    pub(super) recorded: i64,
}

pub(super) struct StreamRow<'a> {
    pub(super) kind: &'a str,
    pub(super) id: Uuid,
    pub(super) version: u64,
    pub(super) home: Uuid,
    pub(super) parties: &'a [Uuid],
    pub(super) subject: Option<Uuid>,
    pub(super) hash: &'a [u8; 32],
}

pub(super) struct ReceiptRow<'a> {
    pub(super) tenant: Uuid,
    pub(super) request: Uuid,
    pub(super) fingerprint: &'a [u8],
    pub(super) kind: &'a str,
    pub(super) id: Uuid,
    pub(super) version: i64,
    pub(super) position: i64,
    pub(super) recorded: i64,
}

pub(super) struct KeyRow<'a> {
    pub(super) controller: Uuid,
    pub(super) subject: Uuid,
    pub(super) class: &'a str,
    pub(super) id: Uuid,
    pub(super) wrapped: &'a [u8],
}

/// Rows of every table that are written in one transaction.
#[derive(Default)]
pub(super) struct Chunk {
    pub(super) events: u64,
    event: Rows,
    feed: Rows,
    stream: Rows,
    receipt: Rows,
    key: Rows,
}

impl Chunk {
    pub(super) fn event(&mut self, row: &EventRow<'_>) {
        self.events += 1;
        let id = row.id.to_string();
        let parties: Vec<Uuid> = row.parties.iter().map(|(party, _)| *party).collect();
        self.event
            .row(11)
            .text(row.kind)
            .text(&id)
            .long(row.sequence as i64)
            .text(row.event_type)
            .text(row.event_version)
            .text(row.payload)
            .text(row.metadata)
            .uuid(row.home)
            .uuids(&parties)
            .bytes(row.hash)
            .time(row.recorded);
        for (party, position) in row.parties {
            self.feed
                .row(7)
                .uuid(*party)
                .long(*position)
                .text(row.kind)
                .text(&id)
                .long(row.sequence as i64)
                .text(row.event_type)
                .bytes(&[u8::from(*party == row.home)]);
        }
    }

    pub(super) fn stream(&mut self, row: &StreamRow<'_>) {
        let rows = self
            .stream
            .row(7)
            .text(&row.id.to_string())
            .text(row.kind)
            .long(row.version as i64)
            .uuid(row.home)
            .uuids(row.parties);
        match row.subject {
            Some(subject) => rows.uuid(subject),
            None => rows.null(),
        }
        .bytes(row.hash);
    }

    pub(super) fn receipt(&mut self, row: &ReceiptRow<'_>) {
        self.receipt
            .row(8)
            .uuid(row.tenant)
            .uuid(row.request)
            .bytes(row.fingerprint)
            .text(row.kind)
            .text(&row.id.to_string())
            .long(row.version)
            .long(row.position)
            .time(row.recorded);
    }

    pub(super) fn key(&mut self, row: &KeyRow<'_>) {
        self.key
            .row(6)
            .uuid(row.controller)
            .uuid(row.subject)
            .text(row.class)
            .uuid(row.id)
            .bytes(row.wrapped)
            .text(CUSTODIAN);
    }

    /// Writes all of it, or nothing.
    pub(super) async fn store(self, connection: &mut PgConnection) -> Result<(), Fault> {
        let mut transaction = connection.begin().await?;
        for (statement, rows) in [
            (EVENT, self.event),
            (FEED, self.feed),
            (STREAM, self.stream),
            (RECEIPT, self.receipt),
            (KEY, self.key),
        ] {
            if rows.count > 0 {
                let mut copy = transaction.copy_in_raw(statement).await?;
                copy.send(rows.finished()).await?;
                copy.finish().await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }
}

/// Where every feed ends.
pub(super) async fn heads(connection: &mut PgConnection) -> Result<HashMap<Uuid, i64>, Fault> {
    let heads: Vec<(Uuid, i64)> = sqlx::query_as("SELECT tenant_id, head FROM ledger.tenant")
        .fetch_all(connection)
        .await?;
    Ok(heads.into_iter().collect())
}

/// Stores where every feed ends.
pub(super) async fn store_heads(
    connection: &mut PgConnection,
    heads: impl Iterator<Item = (TenantId, i64)>,
) -> Result<(), Fault> {
    let (mut tenants, mut slices, mut positions) = (vec![], vec![], vec![]);
    for (tenant, head) in heads {
        tenants.push(tenant.0);
        slices.push(i16::try_from(tenant.slice())?);
        positions.push(head);
    }
    sqlx::query(HEADS)
        .bind(&tenants)
        .bind(&slices)
        .bind(&positions)
        .execute(connection)
        .await?;
    Ok(())
}

/// PostgreSQL's binary COPY format.
struct Rows {
    bytes: Vec<u8>,
    count: u64,
}

impl Default for Rows {
    fn default() -> Self {
        let mut bytes = b"PGCOPY\n\xff\r\n\0".to_vec();
        // No flags, no header extension.
        bytes.extend_from_slice(&[0; 8]);
        Self { bytes, count: 0 }
    }
}

impl Rows {
    fn row(&mut self, columns: i16) -> &mut Self {
        self.count += 1;
        self.bytes.extend_from_slice(&columns.to_be_bytes());
        self
    }

    fn bytes(&mut self, value: &[u8]) -> &mut Self {
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    fn null(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        self
    }

    fn text(&mut self, value: &str) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    fn long(&mut self, value: i64) -> &mut Self {
        self.bytes(&value.to_be_bytes())
    }

    fn uuid(&mut self, value: Uuid) -> &mut Self {
        self.bytes(value.as_bytes())
    }

    fn uuids(&mut self, values: &[Uuid]) -> &mut Self {
        const UUID_OID: i32 = 2950;
        let count = i32::try_from(values.len()).unwrap_or(i32::MAX);
        let dimensions = i32::from(count > 0);
        let mut array = vec![];
        for word in [dimensions, 0, UUID_OID] {
            array.extend_from_slice(&word.to_be_bytes());
        }
        if dimensions > 0 {
            array.extend_from_slice(&count.to_be_bytes());
            array.extend_from_slice(&1_i32.to_be_bytes());
        }
        for value in values {
            array.extend_from_slice(&16_i32.to_be_bytes());
            array.extend_from_slice(value.as_bytes());
        }
        self.bytes(&array)
    }

    fn time(&mut self, micros: i64) -> &mut Self {
        // PostgreSQL counts from 2000.
        const EPOCH_MICROS: i64 = 946_684_800_000_000;
        self.long(micros - EPOCH_MICROS)
    }

    fn finished(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        self.bytes
    }
}
