//! Finding the clear personal values of an event's text, without a tree of it.

use std::{collections::BTreeSet, fmt, ops::Range};

use domain::{
    actor::{PersonId, TenantId},
    personal::{Personal, PersonalClass},
    refusal::{Reason, Refusal},
};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

const CLEAR: &str = "$personal";
const TAG: &str = "\"$personal\"";
/// How a clear value begins in what [`serde_json`] writes.
const BEGINS: &str = "{\"$personal\":";

/// A clear value where it stands.
pub(super) struct Clear<'p> {
    /// Its JSON pointer.
    pub(super) path: String,
    /// The bytes of the payload that it takes, with its tag.
    pub(super) at: Range<usize>,
    pub(super) subject: PersonId,
    pub(super) class: PersonalClass,
    pub(super) controllers: BTreeSet<TenantId>,
    pub(super) padded: bool,
    /// Its JSON.
    pub(super) value: &'p str,
}

/// The clear values of `payload`, in the order in which they stand.
///
/// # Errors
/// When an object has the reserved key and is no clear value, which a client can bring about.
pub(super) fn clear_values(payload: &str) -> Result<Vec<Clear<'_>>, Refusal> {
    // A look at its bytes, for the many that have none.
    if !payload.contains(TAG) {
        return Ok(vec![]);
    }
    let mut walk = Walk {
        payload,
        path: String::new(),
        clear: vec![],
    };
    let mut text = serde_json::Deserializer::from_str(payload);
    walk.deserialize(&mut text).map_err(|_| malformed())?;
    Ok(walk.clear)
}

pub(super) fn malformed() -> Refusal {
    Refusal::new(
        Reason::FieldInvalid,
        "a value may not contain an object with the reserved key $personal",
    )
}

/// A walk through a payload: where it is, and what it has met.
struct Walk<'p> {
    payload: &'p str,
    path: String,
    clear: Vec<Clear<'p>>,
}

impl<'p> Walk<'p> {
    /// The clear value whose fields are `inner`.
    fn met(&self, inner: &'p RawValue) -> Option<Clear<'p>> {
        let inner = inner.get();
        let payload = self.payload.as_ptr().addr();
        let begins = inner.as_ptr().addr().checked_sub(payload)?;
        let at = begins.checked_sub(BEGINS.len())?..begins + inner.len() + 1;
        let whole = self.payload.get(at.clone())?;
        if !whole.starts_with(BEGINS) {
            return None;
        }
        match serde_json::from_str(whole).ok()? {
            Personal::<&RawValue>::Clear {
                subject,
                class,
                controllers,
                padded,
                value,
            } => Some(Clear {
                path: self.path.clone(),
                at,
                subject,
                class,
                controllers: controllers.into_iter().collect(),
                padded,
                value: value.get(),
            }),
            _ => None,
        }
    }
}

impl<'p> DeserializeSeed<'p> for &mut Walk<'p> {
    type Value = ();

    fn deserialize<D: Deserializer<'p>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'p> Visitor<'p> for &mut Walk<'p> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'p>>(self, mut items: A) -> Result<(), A::Error> {
        let length = self.path.len();
        for index in 0.. {
            step(&mut self.path, &index.to_string());
            let item = items.next_element_seed(&mut *self)?;
            self.path.truncate(length);
            if item.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'p>>(self, mut fields: A) -> Result<(), A::Error> {
        let length = self.path.len();
        let mut alone = true;
        while let Some(tagged) = fields.next_key_seed(Step(&mut self.path))? {
            if tagged {
                self.path.truncate(length);
                let met = self.met(fields.next_value()?);
                alone &= fields.next_key::<IgnoredAny>()?.is_none();
                let met = met.filter(|_| alone);
                self.clear.push(met.ok_or_else(|| A::Error::custom(CLEAR))?);
                return Ok(());
            }
            fields.next_value_seed(&mut *self)?;
            self.path.truncate(length);
            alone = false;
        }
        Ok(())
    }
}

/// A step of a JSON pointer.
fn step(path: &mut String, name: &str) {
    path.push('/');
    for part in name.chars() {
        match part {
            '~' => path.push_str("~0"),
            '/' => path.push_str("~1"),
            part => path.push(part),
        }
    }
}

/// Goes on to a field; tells whether its name is that of a clear value.
struct Step<'a>(&'a mut String);

impl<'p> DeserializeSeed<'p> for Step<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'p>>(self, name: D) -> Result<bool, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Step<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<bool, E> {
        step(self.0, name);
        Ok(name == CLEAR)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn personal(value: &Value) -> Value {
        json!({"$personal": {
            "subject": PersonId(uuid::Uuid::from_u128(1)),
            "class": "assessment",
            "controllers": [TenantId(uuid::Uuid::from_u128(2))],
            "value": value,
        }})
    }

    /// Pointer and value of each, by a walk over the whole tree.
    fn walked(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
        let under = |name: &str| format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
        match value {
            Value::Object(fields) if fields.contains_key(CLEAR) => {
                found.push((path.to_owned(), fields[CLEAR]["value"].to_string()));
            }
            Value::Object(fields) => {
                for (name, item) in fields {
                    walked(item, &under(name), found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    walked(item, &under(&index.to_string()), found);
                }
            }
            _ => {}
        }
    }

    fn payloads() -> impl Strategy<Value = Value> {
        let name = "[a~/\"\\\\é]{0,3}";
        let leaf = prop_oneof![
            name.prop_map(Value::String),
            any::<i64>().prop_map(|number| json!(number)),
            any::<f32>().prop_map(|number| json!(number)),
            Just(Value::Null),
            Just(json!("{\"$personal\":{}}")),
            name.prop_map(|value| personal(&json!({"b": [value, {"a": null}]}))),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((name, inner), 0..4)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_clear_value_is_found_where_a_walk_over_the_tree_finds_it(payload in payloads()) {
            let text = payload.to_string();
            let mut expected = vec![];
            walked(&payload, "", &mut expected);
            let clear = clear_values(&text).unwrap();
            for one in &clear {
                let whole = payload.pointer(&one.path).unwrap().to_string();
                prop_assert_eq!(&text[one.at.clone()], whole);
            }
            let found: Vec<_> = (clear.into_iter())
                .map(|one| (one.path, one.value.to_owned()))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_clients_own_object_under_the_reserved_key_is_refused() {
        let one = personal(&json!("Ada"));
        let mut beside = one.clone();
        beside["a"] = json!(1);
        for value in [
            json!({"value": {"$personal": {"a": 1}}}),
            json!({"value": {"$personal": 1}}),
            json!([beside]),
        ] {
            assert!(clear_values(&value.to_string()).is_err(), "{value}");
        }
        let spaced = one.to_string().replace(':', ": ");
        assert!(clear_values(&spaced).is_err(), "{spaced}");
        let text = json!({"value": "\"$personal\""}).to_string();
        assert!(clear_values(&text).unwrap().is_empty());
    }
}
