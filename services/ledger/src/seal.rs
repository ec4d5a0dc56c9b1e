//! Sealing the personal values of staged events: from here on nothing clear exists.

mod clear;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    actor::TenantId,
    personal::{PADDED_TO, Personal, SealedCopy},
    world::{StagedEvent, StreamKey, StreamWrite},
};
use ring::digest::{Context, SHA256};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::clear::{Clear, clear_values};
use crate::{
    LedgerError,
    keys::{DataKey, KeyName, Keys, NewKey, PLACE_LEN},
};

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
    let found = (writes.iter().flat_map(|write| &write.events))
        .map(|event| clear_values(&event.payload))
        .collect::<Result<Vec<_>, _>>()?;
    let names: BTreeSet<_> = found.iter().flatten().flat_map(Clear::names).collect();
    if found.iter().all(Vec::is_empty) {
        return Ok(Sealing {
            had_clear: vec![false; writes.len()],
            new_keys: vec![],
        });
    }
    let keys = keys.of(&names).await?;
    let staged =
        (writes.iter()).flat_map(|write| write.events.iter().map(|event| (write.key, event)));
    let sealed = (staged.zip(found))
        .map(|((stream, event), clear)| in_place(stream, event, &clear, &keys))
        .collect::<Result<Vec<_>, _>>()?;
    let mut sealed = sealed.into_iter();
    let had_clear = (writes.iter_mut())
        .map(|write| {
            let mut had_clear = false;
            for (event, payload) in write.events.iter_mut().zip(&mut sealed) {
                if let Some(payload) = payload {
                    event.payload = payload;
                    had_clear = true;
                }
            }
            had_clear
        })
        .collect();
    Ok(Sealing {
        had_clear,
        new_keys: keys
            .values()
            .filter_map(DataKey::unstored)
            .cloned()
            .collect(),
    })
}

/// The payload of `event` with each of its clear values sealed; nothing when it has none.
fn in_place(
    stream: StreamKey,
    event: &StagedEvent,
    clear: &[Clear<'_>],
    keys: &BTreeMap<KeyName, DataKey>,
) -> Result<Option<String>, LedgerError> {
    if clear.is_empty() {
        return Ok(None);
    }
    let mut payload = String::with_capacity(2 * event.payload.len());
    let mut copied = 0;
    for clear in clear {
        let between = copied..clear.at.start;
        payload.push_str(event.payload.get(between).unwrap_or_default());
        payload.push_str(&clear.sealed(keys, stream, event.sequence)?);
        copied = clear.at.end;
    }
    payload.push_str(event.payload.get(copied..).unwrap_or_default());
    Ok(Some(payload))
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

impl Clear<'_> {
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

    /// What is stored instead of it: one copy for each controller that has a key, since a person erased
    /// at one stays erased there.
    fn sealed(
        &self,
        keys: &BTreeMap<KeyName, DataKey>,
        stream: StreamKey,
        sequence: u64,
    ) -> Result<String, LedgerError> {
        let (mut text, place) = (Cow::Borrowed(self.value), self.place(stream, sequence));
        if self.padded {
            // Blanks after a JSON value are nothing to whoever reads it.
            let fill = text.len().next_multiple_of(PADDED_TO) - text.len();
            text.to_mut().extend(std::iter::repeat_n(' ', fill));
        }
        let mut copies = Vec::with_capacity(self.controllers.len());
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
        Ok(serde_json::to_string(&stored).map_err(|_| clear::malformed())?)
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
    use serde_json::{Value, json};

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
}
