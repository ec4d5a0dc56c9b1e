//! Shared readings of request fields and renderings of replies.

use std::str::FromStr;

use contract::v1;
use domain::{calendar, fact, refusal::Refusal};
use jiff::{Timestamp, civil::Date};
use ledger::Receipt;
use uuid::Uuid;

/// The longest free text of a request field unless its step says otherwise, in bytes.
pub(crate) const TEXT_BYTES_MAX: usize = 4_000;

/// A civil date, `2026-03-02`.
pub(crate) fn date(value: &str, field: &'static str) -> Result<Date, Refusal> {
    value
        .parse()
        .map_err(|_| Refusal::invalid(field, "expected a date such as 2026-03-02"))
}

/// A civil date, or nothing when the field is empty.
pub(crate) fn optional_date(value: &str, field: &'static str) -> Result<Option<Date>, Refusal> {
    (!value.is_empty()).then(|| date(value, field)).transpose()
}

/// An RFC 3339 instant, or a civil date meaning midday in London.
pub(crate) fn instant(value: &str, field: &'static str) -> Result<Timestamp, Refusal> {
    if let Ok(date) = Date::from_str(value)
        && value.len() == 10
    {
        return Ok(calendar::midday(date));
    }
    value.parse().map_err(|_| {
        Refusal::invalid(
            field,
            "expected a date such as 2026-03-02 or an instant such as 2026-03-02T09:00:00Z",
        )
    })
}

/// A word of a closed list in its `snake_case` spelling.
pub(crate) fn word<T: FromStr>(value: &str, field: &'static str) -> Result<T, Refusal> {
    value.parse().map_err(|_| {
        Refusal::invalid(
            field,
            "not one of the words allowed here; see the API reference",
        )
    })
}

/// A UUID that is not all zeros.
pub(crate) fn uuid(value: &str, field: &'static str) -> Result<Uuid, Refusal> {
    Uuid::try_parse(value)
        .ok()
        .filter(|id| !id.is_nil())
        .ok_or_else(|| {
            Refusal::invalid(field, "expected a UUID chosen by the client, not all zeros")
        })
}

/// Free text within the limit.
pub(crate) fn text(value: String, field: &'static str) -> Result<String, Refusal> {
    if value.len() > TEXT_BYTES_MAX {
        return Err(Refusal::invalid(
            field,
            format!("at most {TEXT_BYTES_MAX} bytes"),
        ));
    }
    Ok(value)
}

/// An instant on the wire.
pub(crate) fn timestamp(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: at.subsec_nanosecond(),
    }
}

/// A count or position on the wire.
pub(crate) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The resource name of a stored stream.
pub(crate) fn resource(kind: &str, id: Uuid) -> String {
    format!("{}/{id}", fact::collection(kind).unwrap_or("records"))
}

/// A receipt on the wire.
pub(crate) fn receipt(receipt: &Receipt) -> v1::Receipt {
    v1::Receipt {
        name: resource(&receipt.kind, receipt.id),
        version: count(receipt.version),
        position: count(receipt.position),
        recorded_time: Some(timestamp(receipt.recorded)),
    }
}
