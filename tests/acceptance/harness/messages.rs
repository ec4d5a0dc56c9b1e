//! Messages of any shape: built field by field from a tape of numbers, so that a failing one can be
//! made smaller. Values come from real requests where the tape says so, and are odd elsewhere.

use std::collections::BTreeMap;

use prost_reflect::{Cardinality, DynamicMessage, Kind, ReflectMessage as _, Value};

use super::caller::Accepted;

/// Reads choices from a tape; a tape that has ended always says 0, the plainest choice.
pub(crate) struct Tape<'a>(std::slice::Iter<'a, u16>);

impl<'a> Tape<'a> {
    pub(crate) fn new(numbers: &'a [u16]) -> Self {
        Self(numbers.iter())
    }

    /// A choice out of `0..options`.
    pub(crate) fn choose(&mut self, options: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % options.max(1)
    }

    fn one_of<T: Clone>(&mut self, values: &[T]) -> Option<T> {
        values.get(self.choose(values.len())).cloned()
    }
}

/// Values that real requests had, by field name and all together.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary {
    by_field: BTreeMap<String, Vec<String>>,
    all: Vec<String>,
}

impl Vocabulary {
    /// What stands in requests that were accepted.
    pub(crate) fn of(accepted: &[Accepted]) -> Self {
        let mut vocabulary = Self::default();
        for request in accepted {
            vocabulary.learn("", &request.message);
        }
        vocabulary
    }

    /// Further words, as they stand in answers.
    pub(crate) fn learn(&mut self, field: &str, value: &serde_json::Value) {
        use serde_json::Value::{Array, Object, String};
        match value {
            Object(fields) => fields
                .iter()
                .for_each(|(name, value)| self.learn(name, value)),
            Array(values) => values.iter().for_each(|value| self.learn(field, value)),
            String(text) => {
                let known = self.by_field.entry(field.to_owned()).or_default();
                if !known.contains(text) {
                    known.push(text.clone());
                    self.all.push(text.clone());
                }
            }
            _ => {}
        }
    }

    /// The message with some of its fields replaced.
    pub(crate) fn fill(
        &self,
        mut message: DynamicMessage,
        tape: &mut Tape<'_>,
        depth: usize,
    ) -> DynamicMessage {
        for field in message.descriptor().fields() {
            // Most fields of a real request stay as they are.
            let keep = message.has_field(&field);
            if tape.choose(5) == 0 || keep && tape.choose(4) != 0 {
                continue;
            }
            if field.is_map() {
                continue;
            }
            let value = if field.cardinality() == Cardinality::Repeated {
                let times = [1, 0, 2, 3, 300][tape.choose(if depth == 0 { 5 } else { 3 })];
                let one = |_| self.value(field.name(), &field.kind(), tape, depth);
                Value::List((0..times).map(one).collect())
            } else {
                self.value(field.name(), &field.kind(), tape, depth)
            };
            message.set_field(&field, value);
        }
        message
    }

    fn value(&self, field: &str, kind: &Kind, tape: &mut Tape<'_>, depth: usize) -> Value {
        let signed = |tape: &mut Tape<'_>| {
            tape.one_of(&[
                0,
                1,
                -1,
                2,
                5,
                7,
                37,
                100,
                i64::from(i32::MAX),
                i64::from(i32::MIN),
                i64::MAX,
                i64::MIN,
            ])
            .unwrap_or(0)
        };
        match kind {
            Kind::Bool => Value::Bool(tape.choose(2) == 1),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                let number = signed(tape);
                let number = number.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
                Value::I32(i32::try_from(number).unwrap_or(0))
            }
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(signed(tape)),
            Kind::Uint32 | Kind::Fixed32 => {
                Value::U32(tape.one_of(&[0, 1, 5, 7, 100, u32::MAX]).unwrap_or(0))
            }
            Kind::Uint64 | Kind::Fixed64 => {
                Value::U64(tape.one_of(&[0, 1, 5, 7, 100, u64::MAX]).unwrap_or(0))
            }
            Kind::Float => Value::F32(f32::NAN),
            Kind::Double => Value::F64(f64::NEG_INFINITY),
            Kind::Bytes => Value::Bytes(vec![0xff; tape.choose(3) * 50].into()),
            Kind::String => Value::String(self.text(field, tape)),
            Kind::Enum(kind) => {
                let count = kind.values().len();
                let number = tape.choose(count + 2);
                Value::EnumNumber(match number.checked_sub(count) {
                    None => i32::try_from(number).unwrap_or(0),
                    Some(0) => 9_999,
                    Some(_) => -1,
                })
            }
            Kind::Message(kind) if depth < 4 => {
                Value::Message(self.fill(DynamicMessage::new(kind.clone()), tape, depth + 1))
            }
            Kind::Message(kind) => Value::Message(DynamicMessage::new(kind.clone())),
        }
    }

    fn text(&self, field: &str, tape: &mut Tape<'_>) -> String {
        let known = self.by_field.get(field).map_or(&[][..], Vec::as_slice);
        match tape.choose(8) {
            0..=4 if !known.is_empty() => tape.one_of(known),
            0..=5 => tape.one_of(&self.all),
            6 => tape.one_of(DATES).map(str::to_owned),
            _ => tape.one_of(ODD).map(|(text, times)| text.repeat(times)),
        }
        .unwrap_or_default()
    }
}

/// Dates as they come from spreadsheets, and from elsewhere.
const DATES: &[&str] = &[
    "2025-11-21",
    "2026-02-29",
    "2027-03-10",
    "2026-03-29T01:30:00Z",
    "2026-10-25T01:30:00+01:00",
    "0000-00-00",
    "0001-01-01",
    "-009999-01-01",
    "-009999-01-02T01:59:59Z",
    "9999-12-31",
    "9999-12-30T22:00:00Z",
    "10000-01-01",
    "1969-12-31T23:59:59.999999999Z",
    "2026-13-01",
    "20260302",
    "2026-03-02T25:00:00Z",
    "02/03/2026",
];

/// Texts that nobody means, each so many times.
const ODD: &[(&str, usize)] = &[
    ("", 1),
    (" ", 1),
    ("x", 1),
    ("x", 100_000),
    ("\u{0}", 3),
    ("\u{202e}\u{1f9d1}\u{200d}\u{1f393}e\u{301}", 20),
    ("'; DROP SCHEMA ledger CASCADE; --", 1),
    ("{\"$personal\":{}}", 1),
    ("{\"$sealed\":{\"subject\":null}}", 1),
    ("$erased", 1),
    ("00000000-0000-0000-0000-000000000000", 1),
    ("people/00000000-0000-0000-0000-000000000000", 1),
    ("tenants/7472656c-6c69-7300-8000-000000000001", 1),
    ("applications/not-a-uuid", 1),
    ("../", 50),
    ("null", 1),
    ("-1", 1),
    ("1e309", 1),
    ("NaN", 1),
    ("[[[[[[[[", 1000),
];
