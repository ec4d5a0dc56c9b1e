//! Sealing the personal values of staged events: from here on nothing clear exists.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    personal::{Personal, SealedCopy},
    refusal::{Reason, Refusal},
    world::{StreamKey, StreamWrite},
};
use ring::digest::{Context, SHA256};
use serde_json::{Map, Value};

use crate::{
    LedgerError,
    keys::{DataKey, KeyName, Keys, PLACE_LEN},
};

const CLEAR: &str = "$personal";
const SEALED: &str = "$sealed";
const ERASED: &str = "$erased";

/// Seals every clear value of `writes` in place; true for each write that had any.
pub(crate) async fn seal_personal(
    keys: &Keys,
    writes: &mut [StreamWrite],
) -> Result<Vec<bool>, LedgerError> {
    let marker = format!("\"{CLEAR}\"");
    let mut clear = vec![];
    let mut names = BTreeSet::new();
    for (write, staged) in writes.iter().enumerate() {
        for (event, staged) in staged.events.iter().enumerate() {
            if !staged.payload.contains(&marker) {
                continue;
            }
            let payload = serde_json::from_str(&staged.payload).map_err(|_| malformed())?;
            name_keys(&payload, &mut names)?;
            clear.push((write, event, payload));
        }
    }
    let mut had_any = vec![false; writes.len()];
    if clear.is_empty() {
        return Ok(had_any);
    }
    let keys = keys.of(&names).await?;
    for (write, event, mut payload) in clear {
        if let Some(had_any) = had_any.get_mut(write) {
            *had_any = true;
        }
        let Some(write) = writes.get_mut(write) else {
            continue;
        };
        let Some(staged) = write.events.get_mut(event) else {
            continue;
        };
        seal_within(
            &mut payload,
            &keys,
            &Place {
                key: write.key,
                sequence: staged.sequence,
                path: String::new(),
            },
        )?;
        staged.payload = payload.to_string();
    }
    Ok(had_any)
}

/// A payload as a feed shows it: each personal value replaced by its class.
pub(crate) fn redact(payload: &str) -> Result<Cow<'_, str>, serde_json::Error> {
    if ![CLEAR, SEALED, ERASED]
        .iter()
        .any(|tag| payload.contains(tag))
    {
        return Ok(Cow::Borrowed(payload));
    }
    fn walk(value: &mut Value) {
        if let Some(class) = shown_class(value) {
            let shown = Map::from_iter([("personal".to_owned(), Value::String(class))]);
            *value = Value::Object(shown);
            return;
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(walk),
            Value::Object(fields) => fields.values_mut().for_each(walk),
            _ => {}
        }
    }
    let mut payload = serde_json::from_str(payload)?;
    walk(&mut payload);
    Ok(Cow::Owned(payload.to_string()))
}

fn shown_class(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text == ERASED => Some("erased".to_owned()),
        Value::Object(fields) => {
            let (tag, inner) = fields.iter().next().filter(|_| fields.len() == 1)?;
            let class = inner.get("class").and_then(Value::as_str);
            [CLEAR, SEALED]
                .contains(&tag.as_str())
                .then(|| class.unwrap_or("unknown").to_owned())
        }
        _ => None,
    }
}

fn malformed() -> Refusal {
    Refusal::new(
        Reason::FieldInvalid,
        "a value may not contain an object with the reserved key $personal",
    )
}

fn clear_value(value: &Value) -> Result<Option<Personal<Value>>, Refusal> {
    match value {
        Value::Object(fields) if fields.contains_key(CLEAR) => {
            match serde_json::from_value(value.clone()) {
                Ok(personal @ Personal::Clear { .. }) => Ok(Some(personal)),
                _ => Err(malformed()),
            }
        }
        _ => Ok(None),
    }
}

fn name_keys(value: &Value, names: &mut BTreeSet<KeyName>) -> Result<(), Refusal> {
    if let Some(personal) = clear_value(value)? {
        if let Personal::Clear {
            subject,
            class,
            controllers,
            ..
        } = personal
        {
            names.extend(controllers.into_iter().map(|controller| KeyName {
                controller,
                subject,
                class,
            }));
        }
        return Ok(());
    }
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| name_keys(item, names)),
        Value::Object(fields) => fields.values().try_for_each(|item| name_keys(item, names)),
        _ => Ok(()),
    }
}

struct Place {
    key: StreamKey,
    sequence: u64,
    path: String,
}

impl Place {
    fn within(&self, step: impl std::fmt::Display) -> Self {
        Self {
            path: format!("{}/{step}", self.path),
            ..*self
        }
    }

    fn digest(&self) -> [u8; PLACE_LEN] {
        let mut context = Context::new(&SHA256);
        context.update(self.key.kind.as_bytes());
        context.update(self.key.id.as_bytes());
        context.update(&self.sequence.to_be_bytes());
        context.update(self.path.as_bytes());
        let mut place = [0; PLACE_LEN];
        for (byte, digest) in place.iter_mut().zip(context.finish().as_ref()) {
            *byte = *digest;
        }
        place
    }
}

fn seal_within(
    value: &mut Value,
    keys: &BTreeMap<KeyName, DataKey>,
    place: &Place,
) -> Result<(), LedgerError> {
    if let Some(personal) = clear_value(value)? {
        *value = sealed(personal, keys, place)?;
        return Ok(());
    }
    match value {
        Value::Array(items) => items
            .iter_mut()
            .enumerate()
            .try_for_each(|(index, item)| seal_within(item, keys, &place.within(index))),
        Value::Object(fields) => fields
            .iter_mut()
            .try_for_each(|(name, item)| seal_within(item, keys, &place.within(name))),
        _ => Ok(()),
    }
}

fn sealed(
    personal: Personal<Value>,
    keys: &BTreeMap<KeyName, DataKey>,
    place: &Place,
) -> Result<Value, LedgerError> {
    let personal = match personal {
        Personal::Clear {
            subject,
            class,
            controllers,
            value,
        } => {
            let clear = value.to_string();
            let controllers: BTreeSet<_> = controllers.into_iter().collect();
            let mut copies = vec![];
            for controller in controllers {
                let name = KeyName {
                    controller,
                    subject,
                    class,
                };
                // A person erased at this controller stays erased there.
                if let Some(key) = keys.get(&name) {
                    copies.push(SealedCopy {
                        controller,
                        key: key.id,
                        text: BASE64_STANDARD.encode(key.seal(&place.digest(), clear.as_bytes())?),
                    });
                }
            }
            if copies.is_empty() {
                Personal::Erased
            } else {
                Personal::Sealed {
                    subject,
                    class,
                    copies,
                }
            }
        }
        stored => stored,
    };
    Ok(serde_json::to_value(personal).map_err(|_| malformed())?)
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn a_clients_own_object_under_the_reserved_key_is_refused() {
        let mut names = BTreeSet::new();
        assert!(name_keys(&json!({"value": {"$personal": {"a": 1}}}), &mut names).is_err());
        assert!(name_keys(&json!({"value": "\"$personal\""}), &mut names).is_ok());
    }
}
