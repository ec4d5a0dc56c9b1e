//! Opening the sealed values of stored payloads in bulk, for replays, and of a state for its rules.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::{
    actor::{PersonId, TenantId},
    personal::PersonalClass,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    LedgerError, Opens,
    keys::{DataKey, KeyName, Keys},
};

/// How a sealed value begins. Inside a JSON string its quotes would be escaped, so in stored text
/// this is never anything else.
const SEALED: &str = r#"{"$sealed":"#;

/// Keys at hand before all are let go of.
const KEYS_MAX: usize = 50_000;

/// A sealed value as it lies in a payload.
#[derive(Deserialize)]
struct Sealed<'a> {
    subject: PersonId,
    class: PersonalClass,
    #[serde(borrow)]
    copies: Vec<SealedCopy<'a>>,
}

#[derive(Deserialize)]
struct SealedCopy<'a> {
    controller: TenantId,
    key: Uuid,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

impl Sealed<'_> {
    fn name(&self, controller: TenantId) -> KeyName {
        KeyName {
            controller,
            subject: self.subject,
            class: self.class,
        }
    }
}

/// Opens what a replay is to open, with keys that are fetched for many payloads at once.
pub(crate) struct Unseal {
    opens: Opens,
    wanted: BTreeSet<KeyName>,
    /// `None` for a key that is destroyed or was never there.
    keys: HashMap<KeyName, Option<DataKey>>,
}

impl Unseal {
    pub(crate) fn of(opens: Opens) -> Self {
        Self {
            opens,
            wanted: BTreeSet::new(),
            keys: HashMap::new(),
        }
    }

    pub(crate) fn opens_any(&self) -> bool {
        self.opens != Opens::Nothing
    }

    fn includes(&self, controller: TenantId, class: PersonalClass) -> bool {
        match self.opens {
            Opens::Nothing => false,
            Opens::HeldBy(tenant) => tenant == controller,
            Opens::Classes(classes) => classes.contains(&class),
            Opens::All => true,
        }
    }

    /// Remembers which keys a payload needs.
    pub(crate) fn note(&mut self, payload: &str) {
        for (_, sealed) in sealed_values(payload) {
            for copy in &sealed.copies {
                let name = sealed.name(copy.controller);
                if self.includes(copy.controller, sealed.class) && !self.keys.contains_key(&name) {
                    self.wanted.insert(name);
                }
            }
        }
    }

    /// Fetches the keys that are missing, all by one query.
    pub(crate) async fn fetch(&mut self, keys: &Keys) -> Result<(), LedgerError> {
        if self.wanted.is_empty() {
            return Ok(());
        }
        let wanted = std::mem::take(&mut self.wanted);
        // Those of the rows at hand were noted together, so none of them is let go of here.
        if self.keys.len() > KEYS_MAX {
            self.keys.clear();
        }
        let mut known = keys.known(&wanted).await?;
        for name in wanted {
            let key = known.remove(&name);
            self.keys.insert(name, key);
        }
        Ok(())
    }

    /// The payload with every value clear that is to be opened and can be. The cause in words when
    /// a value does not open under its key: it was changed.
    pub(crate) fn open<'a>(&self, payload: &'a str) -> Result<Cow<'a, str>, &'static str> {
        if !self.opens_any() || !payload.contains(SEALED) {
            return Ok(Cow::Borrowed(payload));
        }
        let mut opened = String::with_capacity(payload.len());
        let mut done = 0;
        for (at, sealed) in sealed_values(payload) {
            let (mut controllers, mut value) = (vec![], None);
            for copy in sealed
                .copies
                .iter()
                .filter(|copy| self.includes(copy.controller, sealed.class))
            {
                let key = self.keys.get(&sealed.name(copy.controller));
                let Some(key) = key
                    .and_then(Option::as_ref)
                    .filter(|key| key.id == copy.key)
                else {
                    continue;
                };
                let bytes = BASE64_STANDARD
                    .decode(copy.text.as_bytes())
                    .ok()
                    .and_then(|text| key.open(&text).ok())
                    .and_then(|clear| String::from_utf8(clear).ok())
                    .ok_or("a sealed value does not open: it was changed")?;
                controllers.push(copy.controller);
                value = Some(bytes);
            }
            let Some(value) = value else { continue };
            opened.push_str(payload.get(done..at.start).unwrap_or_default());
            clear(&mut opened, &sealed, &controllers, &value);
            done = at.end;
        }
        opened.push_str(payload.get(done..).unwrap_or_default());
        Ok(Cow::Owned(opened))
    }
}

/// Writes a clear value the way `Personal` reads it.
fn clear(into: &mut String, sealed: &Sealed<'_>, controllers: &[TenantId], value: &str) {
    use std::fmt::Write as _;
    // Writing to a string does not fail.
    let _ = write!(
        into,
        r#"{{"$personal":{{"subject":"{}","class":"{}","controllers":["#,
        sealed.subject.0, sealed.class
    );
    for (nth, controller) in controllers.iter().enumerate() {
        let comma = if nth > 0 { "," } else { "" };
        let _ = write!(into, r#"{comma}"{}""#, controller.0);
    }
    into.push_str(r#"],"value":"#);
    into.push_str(value);
    into.push_str("}}");
}

/// Every sealed value of a payload and where it lies. An object of that name which is no sealed
/// value, a client's own, is passed over.
fn sealed_values(payload: &str) -> impl Iterator<Item = (Range<usize>, Sealed<'_>)> {
    payload.match_indices(SEALED).filter_map(|(start, _)| {
        let inner = start + SEALED.len();
        let mut values =
            serde_json::Deserializer::from_str(payload.get(inner..)?).into_iter::<Sealed<'_>>();
        let sealed = values.next()?.ok()?;
        let end = inner + values.byte_offset();
        payload
            .get(end..)?
            .starts_with('}')
            .then_some((start..end + 1, sealed))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OTHERS: &str = r#"{"A":{"x":{"$sealed":{"a":1}},"y":"{\"$sealed\":","z":"$erased"}}"#;

    #[test]
    fn what_only_looks_sealed_is_left_as_it_is() {
        assert_eq!(sealed_values(OTHERS).count(), 0);
        assert_eq!(Unseal::of(Opens::All).open(OTHERS).unwrap(), OTHERS);
    }
}
