//! What differs between two runs of the very same history, and so tells nothing: what the clock
//! said when something was recorded, what the dice said when something was sealed, and the hashes
//! and signatures over those. Every such value is read from the
//! database and replaced by a name that says whose it is; the same value has the same name wherever
//! it stands, so that what is equal, and what belongs to what, is still compared. Nothing else is
//! replaced, and no value is left out.
//!
//! - an instant of recording: by the position of the viewer's feed at which it first stands. When the
//!   other side acts, the clock goes on at its own pace: in one run as in the other.
//! - the id of a key, and the text sealed with it: by whose key it is and which event holds the text.
//!   Both are drawn by chance.
//! - the hash of an event: by the event. It covers the instant and the sealed texts.
//! - the hash of a part of the viewer's log, and the signature on a head of it: by the positions they
//!   cover, all of which are in the viewer's feed.
//! - the order of the entries of a map: it is drawn by chance too, and says nothing in Protobuf. The
//!   entries themselves are compared.
//! - on pages, what a session drew by chance: its cookie, what its forms send back, the request id of
//!   a form not sent yet; and the time of day at which a page was drawn.

use std::collections::{BTreeSet, HashMap};

use audit::{
    merkle::{self, Hash},
    note::Checkpoint,
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD},
};
use domain::actor::TenantId;
use jiff::{Timestamp, tz::TimeZone};
use ledger::LOG_NAME;
use prost::Message as _;
use prost_reflect::{Kind, MessageDescriptor};
use serde_json::Value;

use crate::harness::Service;

/// The names of one run.
pub(super) struct Names {
    instants: HashMap<Timestamp, String>,
    words: HashMap<Vec<u8>, String>,
    /// Instants of recording as pages write them, to the minute.
    minutes: BTreeSet<String>,
}

/// An event.
#[derive(sqlx::FromRow)]
struct Event {
    aggregate_type: String,
    aggregate_id: String,
    sequence: i64,
    payload: String,
    hash: Vec<u8>,
    micros: i64,
    /// Its position in the viewer's feed.
    position: Option<i64>,
}

impl Event {
    fn name(&self) -> String {
        match self.position {
            Some(position) => format!("at {position}"),
            None => format!(
                "of {} {} {}",
                self.aggregate_type, self.aggregate_id, self.sequence
            ),
        }
    }
}

impl Names {
    /// Those of a service as `viewer` knows it, whose log has grown since an instant, in microseconds.
    pub(super) async fn of(service: &Service, viewer: TenantId, since: i64) -> Self {
        let mut names = Self {
            instants: HashMap::new(),
            words: HashMap::new(),
            minutes: BTreeSet::new(),
        };
        let events: Vec<Event> = sqlx::query_as(
            "SELECT e.aggregate_type, e.aggregate_id, e.sequence, e.payload::text AS payload, e.hash,
                    (extract(epoch FROM e.recorded_at) * 1000000)::bigint AS micros, f.position
               FROM ledger.event e
               LEFT JOIN ledger.feed f
                 ON f.tenant_id = $1 AND f.aggregate_type = e.aggregate_type
                AND f.aggregate_id = e.aggregate_id AND f.sequence = e.sequence
              ORDER BY f.position NULLS LAST, e.recorded_at, 1, 2, 3",
        )
        .bind(viewer.0)
        .fetch_all(&service.owner)
        .await
        .expect("the owner reads events");
        for event in &events {
            names.learn(event);
        }
        let grown = events
            .iter()
            .filter(|event| event.position.is_some() && event.micros > since);
        names.learn_log(service, viewer, grown.count()).await;
        // What was asked for again, or was so already, is a receipt and no event.
        let receipts: Vec<(String, i64)> = sqlx::query_as(
            "SELECT request_id::text, (extract(epoch FROM recorded_at) * 1000000)::bigint
               FROM ledger.receipt WHERE recorded_at > to_timestamp($1 / 1000000.0) ORDER BY 2, 1",
        )
        .bind(since)
        .fetch_all(&service.owner)
        .await
        .expect("the owner reads receipts");
        for (request, micros) in receipts {
            names.instant_of(micros, &format!("on request {request}"));
        }
        names
    }

    fn word(&mut self, word: impl Into<Vec<u8>>, name: String) {
        self.words.entry(word.into()).or_insert(name);
    }

    fn hash(&mut self, hash: &[u8], name: String) {
        self.word(BASE64_STANDARD.encode(hash), name.clone());
        self.word(hash, name);
    }

    fn learn(&mut self, event: &Event) {
        let name = event.name();
        self.instant_of(event.micros, &name);
        self.hash(&event.hash, format!("hash {name}"));
        let payload: Value = serde_json::from_str(&event.payload).expect("a payload is JSON");
        self.learn_sealed(&payload, &name, &mut 0);
    }

    fn instant_of(&mut self, micros: i64, name: &str) {
        let recorded = Timestamp::from_microsecond(micros).expect("an instant");
        let name = format!("recorded {name}");
        for written in [format!("{recorded}"), format!("{recorded:.6}")] {
            self.word(written, name.clone());
        }
        self.instants.entry(recorded).or_insert(name);
        let london = TimeZone::get("Europe/London").expect("a time zone");
        let minute = recorded.to_zoned(london).strftime("%-d %B %Y, %H:%M");
        self.minutes.insert(minute.to_string());
    }

    fn learn_sealed(&mut self, value: &Value, event: &str, nth: &mut usize) {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    if field != "$sealed" {
                        self.learn_sealed(value, event, nth);
                        continue;
                    }
                    for copy in value["copies"].as_array().into_iter().flatten() {
                        *nth += 1;
                        let whose = format!("{} {}", copy["controller"], value["subject"]);
                        let text =
                            |field: &str| copy[field].as_str().unwrap_or_default().to_owned();
                        self.word(text("text"), format!("text {nth} {event}"));
                        self.word(text("key"), format!("key of {whose} {}", value["class"]));
                    }
                }
            }
            Value::Array(values) => values
                .iter()
                .for_each(|value| self.learn_sealed(value, event, nth)),
            _ => {}
        }
    }

    /// Every hash and signature that the viewer's log can answer with since it began to grow.
    async fn learn_log(&mut self, service: &Service, viewer: TenantId, grown: usize) {
        let hashes: Vec<Vec<u8>> = sqlx::query_scalar(
            "SELECT e.hash FROM ledger.feed f
               JOIN ledger.event e USING (aggregate_type, aggregate_id, sequence)
              WHERE f.tenant_id = $1 ORDER BY f.position",
        )
        .bind(viewer.0)
        .fetch_all(&service.owner)
        .await
        .expect("the owner reads feeds");
        let leaves: Vec<Hash> = hashes.iter().map(|hash| merkle::leaf(hash)).collect();
        let signer = service.cast.ledger.log_signer().expect("a signer");
        let head = leaves.len();
        let mut ranges = BTreeSet::new();
        for size in head - grown + 1..=head {
            let wide = size as u64;
            ranges.insert((0, wide));
            for index in 0..wide {
                let shown = [
                    merkle::inclusion(index, wide),
                    merkle::consistency(index, wide),
                ];
                ranges.extend(shown.concat().iter().map(|range| (range.start, range.end)));
                ranges.insert((index, index + 1));
            }
            let checkpoint = Checkpoint {
                origin: format!("{LOG_NAME}/{viewer}"),
                size: wide,
                root: merkle::root(&leaves[..size]),
            };
            let note = signer.sign(&checkpoint);
            let signature = note.split_whitespace().last().expect("a signature");
            self.word(signature, format!("signature on {size}"));
        }
        for (start, end) in ranges {
            let leaves =
                &leaves[usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0)];
            self.hash(&merkle::root(leaves), format!("log {start}..{end}"));
        }
    }

    /// A message in its wire form, field by field as it came; only lengths follow from the names.
    pub(super) fn message(&self, kind: &MessageDescriptor, bytes: &[u8]) -> Vec<u8> {
        let mut fields = vec![];
        let mut rest = bytes;
        while let Some((field, read)) = self.field(kind, rest) {
            let number = varint(rest).map_or(0, |(tag, _)| u32::try_from(tag >> 3).unwrap_or(0));
            let is_map = kind.get_field(number).is_some_and(|field| field.is_map());
            fields.push((is_map.then_some(number), field));
            rest = &rest[read..];
        }
        let mut named = in_order(fields);
        named.extend(rest);
        named
    }

    /// The details of a refusal.
    pub(super) fn details(&self, value: &[u8]) -> Vec<u8> {
        let bytes = BASE64_STANDARD_NO_PAD.decode(value).expect("base64");
        let mut status = tonic_types::pb::Status::decode(bytes.as_slice()).expect("a status");
        for detail in &mut status.details {
            if detail.type_url.ends_with("google.rpc.ErrorInfo") {
                detail.value = entries_in_order(&detail.value);
            }
        }
        format!(
            "{} bytes {:?}",
            bytes.len(),
            String::from_utf8_lossy(&status.encode_to_vec())
        )
        .into_bytes()
    }

    fn field(&self, kind: &MessageDescriptor, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        let (tag, tagged) = varint(bytes)?;
        let rest = bytes.get(tagged..)?;
        let whole = |read: usize| Some((bytes.get(..read)?.to_vec(), read));
        match tag & 7 {
            0 => whole(tagged + varint(rest)?.1),
            1 => whole(tagged + 8),
            5 => whole(tagged + 4),
            2 => {
                let (length, counted) = varint(rest)?;
                let length = usize::try_from(length).ok()?;
                let value = rest.get(counted..counted + length)?;
                let number = u32::try_from(tag >> 3).ok()?;
                let value = match kind.get_field(number).map(|field| field.kind()) {
                    Some(Kind::Message(kind))
                        if kind.full_name() == "google.protobuf.Timestamp" =>
                    {
                        self.instant(value)
                    }
                    Some(Kind::Message(kind)) => self.message(&kind, value),
                    Some(Kind::String | Kind::Bytes) => self.text(value),
                    _ => value.to_vec(),
                };
                let mut named = bytes[..tagged].to_vec();
                prost::encoding::encode_varint(value.len() as u64, &mut named);
                named.extend(value);
                Some((named, tagged + counted + length))
            }
            _ => None,
        }
    }

    fn instant(&self, value: &[u8]) -> Vec<u8> {
        let time = prost_types::Timestamp::decode(value).ok();
        let time = time.and_then(|time| Timestamp::new(time.seconds, time.nanos).ok());
        let name = time.and_then(|time| self.instants.get(&time));
        name.map_or_else(|| value.to_vec(), |name| format!("<{name}>").into_bytes())
    }

    /// Text, word by word.
    pub(super) fn text(&self, text: &[u8]) -> Vec<u8> {
        if let Some(name) = self.words.get(text) {
            return format!("<{name}>").into_bytes();
        }
        let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=_-.:".contains(byte);
        let mut named = vec![];
        for run in text.chunk_by(|one, next| of_word(one) == of_word(next)) {
            // In JSON a line break is a letter too.
            let escaped = named.ends_with(b"\\") && run.starts_with(b"n");
            let (before, run) = run.split_at(usize::from(escaped));
            named.extend(before);
            match self.words.get(run) {
                Some(name) => named.extend(format!("<{name}>").bytes()),
                None => named.extend(run),
            }
        }
        named
    }

    /// A page.
    pub(super) fn page(&self, page: &[u8]) -> Vec<u8> {
        let Ok(page) = std::str::from_utf8(page) else {
            return page.to_vec();
        };
        let mut page = page.to_owned();
        for minute in &self.minutes {
            page = page.replace(minute, "<recorded>");
        }
        for (before, after) in [
            ("name=\"csrf\" value=\"", "\""),
            ("name=\"request_id\" value=\"", "\""),
            ("trellis=", ";"),
        ] {
            page = without(&page, before, |rest| rest.find(after));
        }
        page = without(&page, "at ", |rest| {
            let shape: String = rest.chars().take(12).map(digit).collect();
            (shape == "00:00:00 UTC").then_some(8)
        });
        self.text(page.as_bytes())
    }
}

/// Fields with the entries of each map in their own order.
fn in_order(mut fields: Vec<(Option<u32>, Vec<u8>)>) -> Vec<u8> {
    for map in fields.chunk_by_mut(|(one, _), (next, _)| one.is_some() && one == next) {
        map.sort();
    }
    fields.into_iter().flat_map(|(_, field)| field).collect()
}

/// The metadata of an `ErrorInfo` is its third field.
fn entries_in_order(info: &[u8]) -> Vec<u8> {
    let mut fields = vec![];
    let mut rest = info;
    while let Some((tag, tagged)) = varint(rest) {
        let (length, counted) = varint(&rest[tagged..]).expect("a length");
        let read = tagged + counted + usize::try_from(length).expect("a length");
        fields.push(((tag >> 3 == 3).then_some(3), rest[..read].to_vec()));
        rest = &rest[read..];
    }
    in_order(fields)
}

fn digit(letter: char) -> char {
    if letter.is_ascii_digit() { '0' } else { letter }
}

/// A text in which what stands after `before`, as far as `length` says, is drawn by chance.
fn without(text: &str, before: &str, length: impl Fn(&str) -> Option<usize>) -> String {
    let mut parts = text.split(before);
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        named.push_str(before);
        match length(part) {
            Some(length) => {
                named.push_str("<chance>");
                named.push_str(part.get(length..).unwrap_or_default());
            }
            None => named.push_str(part),
        }
    }
    named
}

fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut rest = bytes;
    let value = prost::encoding::decode_varint(&mut rest).ok()?;
    Some((value, bytes.len() - rest.len()))
}
