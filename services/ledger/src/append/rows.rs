//! Rows of a composite type as PostgreSQL receives them, written once and never looked at again.

use sqlx::{
    Encode, Postgres, Type,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgTypeInfo, types::Oid},
};
use uuid::Uuid;

const BOOL: u32 = 16;
const BYTEA: u32 = 17;
const INT8: u32 = 20;
const INT2: u32 = 21;
const INT4: u32 = 23;
const TEXT: u32 = 25;
const JSON: u32 = 114;
const TIMESTAMPTZ: u32 = 1184;
const UUID: u32 = 2950;
const UUID_ARRAY: u32 = 2951;

/// Microseconds from 1970 to 2000, where PostgreSQL counts from.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The oids of a composite type and of its array.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowType {
    pub(super) row: u32,
    pub(super) array: u32,
}

/// An array of rows of one composite type.
#[derive(Debug)]
pub(super) struct Rows {
    of: RowType,
    bytes: Vec<u8>,
    count: i32,
}

impl Rows {
    pub(super) fn of(of: RowType) -> Self {
        Self {
            of,
            bytes: Vec::with_capacity(4096),
            count: 0,
        }
    }

    /// Starts a row of so many columns; they must follow in the order of the type.
    pub(super) fn row(&mut self, columns: i32) -> Row<'_> {
        self.count += 1;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&columns.to_be_bytes());
        Row {
            bytes: &mut self.bytes,
            start,
        }
    }
}

impl Type<Postgres> for Rows {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_name("record[]")
    }
}

impl Encode<'_, Postgres> for &Rows {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        const HEADER_LEN: usize = 20;
        buffer.reserve(HEADER_LEN + self.bytes.len());
        let dimensions = i32::from(self.count > 0);
        buffer.extend_from_slice(&dimensions.to_be_bytes());
        buffer.extend_from_slice(&0_i32.to_be_bytes());
        buffer.extend_from_slice(&self.of.row.to_be_bytes());
        if self.count > 0 {
            buffer.extend_from_slice(&self.count.to_be_bytes());
            buffer.extend_from_slice(&1_i32.to_be_bytes());
        }
        buffer.extend_from_slice(&self.bytes);
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(PgTypeInfo::with_oid(Oid(self.of.array)))
    }
}

/// A row under way; it ends when dropped.
pub(super) struct Row<'a> {
    bytes: &'a mut Vec<u8>,
    start: usize,
}

impl Row<'_> {
    fn column(self, oid: u32, value: &[u8]) -> Self {
        self.bytes.extend_from_slice(&oid.to_be_bytes());
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
        self
    }

    fn null(self, oid: u32) -> Self {
        self.bytes.extend_from_slice(&oid.to_be_bytes());
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
        self
    }

    pub(super) fn bool(self, value: bool) -> Self {
        self.column(BOOL, &[u8::from(value)])
    }

    pub(super) fn int2(self, value: i16) -> Self {
        self.column(INT2, &value.to_be_bytes())
    }

    pub(super) fn int4(self, value: i32) -> Self {
        self.column(INT4, &value.to_be_bytes())
    }

    pub(super) fn int8(self, value: i64) -> Self {
        self.column(INT8, &value.to_be_bytes())
    }

    pub(super) fn text(self, value: &str) -> Self {
        self.column(TEXT, value.as_bytes())
    }

    pub(super) fn json(self, value: &str) -> Self {
        self.column(JSON, value.as_bytes())
    }

    pub(super) fn bytea(self, value: Option<&[u8]>) -> Self {
        match value {
            Some(value) => self.column(BYTEA, value),
            None => self.null(BYTEA),
        }
    }

    pub(super) fn uuid(self, value: Option<Uuid>) -> Self {
        match value {
            Some(value) => self.column(UUID, value.as_bytes()),
            None => self.null(UUID),
        }
    }

    /// Microseconds since 1970.
    pub(super) fn timestamptz(self, micros: i64) -> Self {
        self.column(
            TIMESTAMPTZ,
            &micros.saturating_sub(EPOCH_MICROS).to_be_bytes(),
        )
    }

    pub(super) fn uuids<'i>(self, values: impl ExactSizeIterator<Item = &'i Uuid>) -> Self {
        let count = i32::try_from(values.len()).unwrap_or(i32::MAX);
        let length = if count > 0 { 20 + count * 20 } else { 12 };
        let bytes = &mut *self.bytes;
        bytes.extend_from_slice(&UUID_ARRAY.to_be_bytes());
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&i32::from(count > 0).to_be_bytes());
        bytes.extend_from_slice(&0_i32.to_be_bytes());
        bytes.extend_from_slice(&UUID.to_be_bytes());
        if count > 0 {
            bytes.extend_from_slice(&count.to_be_bytes());
            bytes.extend_from_slice(&1_i32.to_be_bytes());
        }
        for value in values {
            bytes.extend_from_slice(&16_i32.to_be_bytes());
            bytes.extend_from_slice(value.as_bytes());
        }
        self
    }

    pub(super) fn no_uuids(self) -> Self {
        self.null(UUID_ARRAY)
    }
}

impl Drop for Row<'_> {
    fn drop(&mut self) {
        let length = i32::try_from(self.bytes.len() - self.start - 4).unwrap_or(i32::MAX);
        if let Some(place) = self.bytes.get_mut(self.start..self.start + 4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }
}
