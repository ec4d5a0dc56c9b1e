//! Sealing the personal values of staged events: from here on nothing clear exists.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    actor::{PersonId, TenantId},
    personal::{Personal, PersonalClass, SealedCopy},
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
    let mut had_any = vec![false; writes.len()];
    if found.is_empty() {
        return Ok(had_any);
    }
    let names = (found.iter())
        .flat_map(|(_, _, _, clear)| clear)
        .flat_map(Clear::names)
        .collect();
    let keys = keys.of(&names).await?;
    for (write, event, mut payload, clear) in found {
        if let Some(had_any) = had_any.get_mut(write) {
            *had_any = true;
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

/// A clear value taken out of its payload.
struct Clear {
    /// Its JSON pointer.
    path: String,
    subject: PersonId,
    class: PersonalClass,
    controllers: BTreeSet<TenantId>,
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
        let (text, place) = (self.value.to_string(), self.place(stream, sequence));
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
        let taken = |mut value| take_clear(&mut value, &mut String::new(), &mut vec![]);
        assert!(taken(json!({"value": {"$personal": {"a": 1}}})).is_err());
        assert!(taken(json!({"value": "\"$personal\""})).is_ok());
    }
}
