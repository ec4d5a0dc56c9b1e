//! Shared readings of request fields and renderings of replies.

use std::str::FromStr;

use contract::v1;
use domain::{actor::TenantId, calendar, fact, id::Id, refusal::Refusal, world::Decider};
use jiff::{Timestamp, civil::Date};
use ledger::Receipt;
use uuid::Uuid;

/// The most words of one list field.
const WORDS_MAX: usize = 100;

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

/// An instant as above, or nothing when the field is empty.
pub(crate) fn optional_instant(
    value: &str,
    field: &'static str,
) -> Result<Option<Timestamp>, Refusal> {
    (!value.is_empty())
        .then(|| instant(value, field))
        .transpose()
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

/// A word of a closed list, or nothing when the field is empty.
pub(crate) fn optional_word<T: FromStr>(
    value: &str,
    field: &'static str,
) -> Result<Option<T>, Refusal> {
    (!value.is_empty()).then(|| word(value, field)).transpose()
}

/// Several words of a closed list.
pub(crate) fn words<T: FromStr, C: FromIterator<T>>(
    values: &[String],
    field: &'static str,
) -> Result<C, Refusal> {
    if values.len() > WORDS_MAX {
        return Err(Refusal::invalid(field, format!("at most {WORDS_MAX}")));
    }
    values.iter().map(|value| word(value, field)).collect()
}

/// A number that its rule keeps in a smaller range than the wire does.
pub(crate) fn number<T: TryFrom<i32>>(value: i32, field: &'static str) -> Result<T, Refusal> {
    T::try_from(value).map_err(|_| Refusal::invalid(field, "out of range for this field"))
}

/// `tenants/{uuid}`, or the caller's own tenant when the field is empty.
pub(crate) fn tenant_or(
    own: TenantId,
    name: &str,
    field: &'static str,
) -> Result<TenantId, Refusal> {
    match name {
        "" => Ok(own),
        name => TenantId::from_name(name, field),
    }
}

/// Resource names of one collection.
pub(crate) fn names<A: Decider>(
    names: &[String],
    field: &'static str,
) -> Result<Vec<Id<A>>, Refusal> {
    if names.len() > WORDS_MAX {
        return Err(Refusal::invalid(field, format!("at most {WORDS_MAX}")));
    }
    names
        .iter()
        .map(|name| Id::from_name(name, field))
        .collect()
}

/// Text, or nothing when the field is empty.
pub(crate) fn some(value: String) -> Option<String> {
    Some(value).filter(|value| !value.is_empty())
}

/// Something optional in its wire spelling; empty for none.
pub(crate) fn show(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A small number on the wire.
pub(crate) fn small(value: impl TryInto<i32>) -> i32 {
    value.try_into().unwrap_or(i32::MAX)
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

/// Things with their numbers, and the token of the page after: empty on the last.
type Numbered<'l, T> = (std::vec::IntoIter<(usize, &'l T)>, String);

/// A page of a list whose items are known by their place, from 1; the token is the last place shown.
pub(crate) fn numbered<'l, T>(
    list: &'l [T],
    size: i32,
    token: &str,
) -> Result<Numbered<'l, T>, Refusal> {
    const ITEMS: usize = 100;
    const ITEMS_MAX: usize = 500;
    let size = match usize::try_from(size) {
        Ok(0) => ITEMS,
        Ok(size) => size.min(ITEMS_MAX),
        Err(_) => return Err(Refusal::invalid("page_size", "must not be negative")),
    };
    let shown = match token {
        "" => 0,
        token => token.parse().map_err(|_| {
            Refusal::invalid(
                "page_token",
                "not a token of a page before; start without one",
            )
        })?,
    };
    let page: Vec<_> = (1..).zip(list).skip(shown).take(size).collect();
    let next = match page.last() {
        Some((last, _)) if *last < list.len() => last.to_string(),
        _ => String::new(),
    };
    Ok((page.into_iter(), next))
}

/// An instant up to which knowledge is asked for.
pub(crate) fn known(at: prost_types::Timestamp, field: &'static str) -> Result<Timestamp, Refusal> {
    Timestamp::new(at.seconds, at.nanos).map_err(|_| Refusal::invalid(field, "not an instant"))
}
