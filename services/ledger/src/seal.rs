//! Sealing the personal values of staged events: from here on nothing clear exists.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    actor::{PersonId, TenantId},
    personal::{PADDED_TO, Personal, PersonalClass, SealedCopy},
    refusal::{Reason, Refusal},
    world::{StreamKey, StreamWrite},
};
use ring::digest::{Context, SHA256};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    LedgerError,
    keys::{DataKey, KeyName, Keys, NewKey, PLACE_LEN},
};

const CLEAR: &str = "$personal";

/// What sealing came to.
pub(crate) struct Sealing {
    /// True for each write that had a clear value.
    pub(crate) had_clear: Vec<bool>,
    /// Keys that are to be stored with the writes, each once, in order.
    pub(crate) new_keys: Vec<Arc<NewKey>>,
}

/// Seals every clear value of `writes` in place.
pub(crate) async fn seal_personal(
    keys: &Keys,
    writes: &mut [StreamWrite],
) -> Result<Sealing, LedgerError> {
    let marker = format!("\"{CLEAR}\"");
    let mut found = vec![];
    for (write, staged) in writes.iter().enumerate() {
        for (event, staged) in staged.events.iter().enumerate() {
            if staged.payload.contains(&marker) {
                let mut payload = serde_json::from_str(&staged.payload).map_err(|_| malformed())?;
                let mut clear = vec![];
                take_clear(&mut payload, &mut String::new(), &mut clear)?;
                found.push((write, event, payload, clear));
            }
        }
    }
    let mut had_clear = vec![false; writes.len()];
    if found.is_empty() {
        return Ok(Sealing {
            had_clear,
            new_keys: vec![],
        });
    }
    let names = (found.iter())
        .flat_map(|(_, _, _, clear)| clear)
        .flat_map(Clear::names)
        .collect();
    let keys = keys.of(&names).await?;
    for (write, event, mut payload, clear) in found {
        if let Some(had_clear) = had_clear.get_mut(write) {
            *had_clear = true;
        }
        let Some(write) = writes.get_mut(write) else {
            continue;
        };
        let Some(staged) = write.events.get_mut(event) else {
            continue;
        };
        for clear in clear {
            if let Some(place) = payload.pointer_mut(&clear.path) {
                *place = clear.sealed(&keys, write.key, staged.sequence)?;
            }
        }
        staged.payload = payload.to_string();
    }
    Ok(Sealing {
        had_clear,
        new_keys: keys
            .values()
            .filter_map(DataKey::unstored)
            .cloned()
            .collect(),
    })
}

/// A stored payload as a feed shows it: each personal value, `{"$sealed": …}`, replaced by its class,
/// `{"personal": "<class>"}`.
///
/// What is stored has no spaces between its parts, and no quotes but its own stand unescaped in it: so
/// the tags are found as they are written, and nothing else is looked at.
///
/// # Errors
/// When what follows a tag is no JSON.
pub fn redact(payload: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    let mut shown = String::new();
    let (mut copied, mut from) = (0, 0);
    while let Some(start) = payload.get(from..).and_then(|rest| rest.find(TAG_BEGINS)) {
        let start = from + start;
        from = start + TAG_BEGINS.len();
        let (before, tag) = payload.split_at(start);
        let (begins, ends, class) = if tag.starts_with(ERASED_VALUE) {
            let ends = start + ERASED_VALUE.len();
            // A name, or the end of a text with a quote in it.
            if payload.as_bytes().get(ends) == Some(&b':') || before.ends_with('\\') {
                continue;
            }
            (start, ends, Cow::Borrowed("erased"))
        } else if let Some(sealed) = [SEALED_KEY, CLEAR_KEY]
            .iter()
            .find_map(|key| tag.strip_prefix(key))
            && before.ends_with('{')
        {
            let mut values = serde_json::Deserializer::from_str(sealed).into_iter::<&RawValue>();
            let value = values.next().transpose()?.map_or("", RawValue::get);
            let ends = payload.len() - sealed.len() + values.byte_offset();
            if payload.as_bytes().get(ends) != Some(&b'}') {
                continue;
            }
            // A list would do for a struct, and its first item is no class.
            let class = value
                .starts_with('{')
                .then(|| serde_json::from_str::<Classed<'_>>(value).ok())
                .flatten();
            let unknown = Cow::Borrowed("unknown");
            (start - 1, ends + 1, class.map_or(unknown, |of| of.class))
        } else {
            continue;
        };
        shown.push_str(payload.get(copied..begins).unwrap_or_default());
        shown.push_str(r#"{"personal":"#);
        shown.push_str(&serde_json::to_string(&class)?);
        shown.push('}');
        (copied, from) = (ends, ends);
    }
    if copied == 0 {
        return Ok(Cow::Borrowed(payload));
    }
    shown.push_str(payload.get(copied..).unwrap_or_default());
    Ok(Cow::Owned(shown))
}

const TAG_BEGINS: &str = "\"$";
const SEALED_KEY: &str = "\"$sealed\":";
const CLEAR_KEY: &str = "\"$personal\":";
const ERASED_VALUE: &str = "\"$erased\"";

#[derive(Deserialize)]
struct Classed<'a> {
    #[serde(borrow)]
    class: Cow<'a, str>,
}

fn malformed() -> Refusal {
    Refusal::new(
        Reason::FieldInvalid,
        "a value may not contain an object with the reserved key $personal",
    )
}

/// A clear value taken out of its payload.
struct Clear {
    /// Its JSON pointer.
    path: String,
    subject: PersonId,
    class: PersonalClass,
    controllers: BTreeSet<TenantId>,
    padded: bool,
    value: Value,
}

/// Takes every clear value out of `value`, leaving null.
fn take_clear(value: &mut Value, path: &mut String, clear: &mut Vec<Clear>) -> Result<(), Refusal> {
    let length = path.len();
    let mut step = |path: &mut String, name: &str, item: &mut Value| {
        path.push('/');
        path.push_str(&name.replace('~', "~0").replace('/', "~1"));
        let taken = take_clear(item, path, clear);
        path.truncate(length);
        taken
    };
    match value {
        Value::Object(fields) if fields.contains_key(CLEAR) => {
            let Ok(Personal::Clear {
                subject,
                class,
                controllers,
                padded,
                value,
            }) = serde_json::from_value(value.take())
            else {
                return Err(malformed());
            };
            clear.push(Clear {
                path: path.clone(),
                subject,
                class,
                controllers: controllers.into_iter().collect(),
                padded,
                value,
            });
            Ok(())
        }
        Value::Array(items) => (items.iter_mut().enumerate())
            .try_for_each(|(index, item)| step(path, &index.to_string(), item)),
        Value::Object(fields) => fields
            .iter_mut()
            .try_for_each(|(name, item)| step(path, name, item)),
        _ => Ok(()),
    }
}

impl Clear {
    fn name(&self, controller: TenantId) -> KeyName {
        KeyName {
            controller,
            subject: self.subject,
            class: self.class,
        }
    }

    fn names(&self) -> impl Iterator<Item = KeyName> {
        self.controllers
            .iter()
            .map(|controller| self.name(*controller))
    }

    /// One copy for each controller that has a key: a person erased at one stays erased there.
    fn sealed(
        self,
        keys: &BTreeMap<KeyName, DataKey>,
        stream: StreamKey,
        sequence: u64,
    ) -> Result<Value, LedgerError> {
        let (mut text, place) = (self.value.to_string(), self.place(stream, sequence));
        if self.padded {
            // Blanks after a JSON value are nothing to whoever reads it.
            let fill = text.len().next_multiple_of(PADDED_TO) - text.len();
            text.extend(std::iter::repeat_n(' ', fill));
        }
        let mut copies = vec![];
        for name in self.names() {
            if let Some(key) = keys.get(&name) {
                copies.push(SealedCopy {
                    controller: name.controller,
                    key: key.id,
                    text: BASE64_STANDARD.encode(key.seal(&place, text.as_bytes())?),
                });
            }
        }
        let stored: Personal<()> = if copies.is_empty() {
            Personal::Erased
        } else {
            Personal::Sealed {
                subject: self.subject,
                class: self.class,
                copies,
            }
        };
        Ok(serde_json::to_value(stored).map_err(|_| malformed())?)
    }

    /// A digest of where in the history it stands.
    fn place(&self, stream: StreamKey, sequence: u64) -> [u8; PLACE_LEN] {
        let mut context = Context::new(&SHA256);
        context.update(stream.kind.as_bytes());
        context.update(stream.id.as_bytes());
        context.update(&sequence.to_be_bytes());
        context.update(self.path.as_bytes());
        let mut place = [0; PLACE_LEN];
        for (byte, digest) in place.iter_mut().zip(context.finish().as_ref()) {
            *byte = *digest;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_feed_shows_the_class_of_a_personal_value_and_nothing_else_of_it() {
        let payload = json!({
            "Submitted": {
                "name": {"$sealed": {"subject": "s", "class": "identity", "copies": [{"text": "x"}]}},
                "notes": ["$erased", 3],
            }
        });
        let payload = payload.to_string();
        let shown = redact(&payload).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&shown).unwrap(),
            json!({
                "Submitted": {
                    "name": {"personal": "identity"},
                    "notes": [{"personal": "erased"}, 3],
                }
            })
        );
    }

    /// What a feed shows, by a walk over the whole tree.
    fn walked(value: &Value) -> Value {
        let personal = |class: &str| json!({"personal": class});
        match value {
            Value::String(text) if text == "$erased" => personal("erased"),
            Value::Object(fields) => {
                let only = fields.iter().next().filter(|_| fields.len() == 1);
                if let Some((tag, inner)) = only
                    && ["$sealed", "$personal"].contains(&tag.as_str())
                {
                    let class = inner.get("class").and_then(Value::as_str);
                    return personal(class.unwrap_or("unknown"));
                }
                Value::Object(
                    (fields.iter())
                        .map(|(name, value)| (name.clone(), walked(value)))
                        .collect(),
                )
            }
            Value::Array(items) => Value::Array(items.iter().map(walked).collect()),
            other => other.clone(),
        }
    }

    fn payloads() -> impl Strategy<Value = Value> {
        let word = prop_oneof![
            Just("$sealed".to_owned()),
            Just("$personal".to_owned()),
            Just("$erased".to_owned()),
            Just("class".to_owned()),
            Just("x\"$erased".to_owned()),
            Just("{\"$sealed\":{\"class\":\"x\"}}".to_owned()),
            "[\"$\\\\{}:,é]{0,6}",
        ];
        let leaf = prop_oneof![
            word.clone().prop_map(Value::String),
            any::<i32>().prop_map(|number| json!(number)),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 24, 4, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::vec((word.clone(), inner), 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_a_payload_is_a_feed_shows_what_a_walk_over_it_shows(payload in payloads()) {
            let text = payload.to_string();
            let shown: Value = serde_json::from_str(&redact(&text).unwrap()).unwrap();
            prop_assert_eq!(shown, walked(&payload));
        }
    }

    #[test]
    fn the_first_item_of_a_list_is_not_shown_as_a_class() {
        for payload in [r#"{"$sealed":["x"]}"#, r#"{"$personal":[{"class":"x"}]}"#] {
            let shown = redact(payload).unwrap();
            assert_eq!(shown, r#"{"personal":"unknown"}"#, "{payload}");
        }
    }

    #[test]
    fn a_clients_own_object_under_the_reserved_key_is_refused() {
        let taken = |mut value| take_clear(&mut value, &mut String::new(), &mut vec![]);
        assert!(taken(json!({"value": {"$personal": {"a": 1}}})).is_err());
        assert!(taken(json!({"value": "\"$personal\""})).is_ok());
    }
}
