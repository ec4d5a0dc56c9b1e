use std::{collections::BTreeSet, sync::Arc};

use audit::chain::{self, ChainedEvent};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use domain::actor::TenantId;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    copy::{Chunk, EventRow, KeyRow, ReceiptRow, StreamRow},
    filler::Heads,
    sealing::DataKey,
    template::{Event, Part, Role, Template, Text, Unit},
};
use crate::Fault;

/// The tenants that live a life, by the template's numbers.
pub(super) struct Cast {
    pub(super) employers: Vec<TenantId>,
    pub(super) universities: Vec<TenantId>,
}

/// Which part of the history is lived.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lived {
    /// Policies and fixed registrations.
    Opening,
    /// The registration of the tenant at this place of the template's ids.
    Entry(usize),
    /// Everything else.
    Whole,
    /// Of everything else a little for each person, in the places of the life with this number.
    Abridged(u64),
    /// All of it but what is written to records of organisations, in those of the life with this number.
    Later(u64),
}

/// One life of the template under way.
pub(super) struct Life {
    template: Arc<Template>,
    lived: Lived,
    next: usize,
    pub(super) ids: Vec<Uuid>,
    keys: Vec<Option<DataKey>>,
    streams: Vec<Option<Head>>,
}

#[derive(Clone)]
struct Head {
    version: u64,
    hash: [u8; 32],
}

impl Life {
    /// The `nth` life, of these tenants.
    pub(super) fn new(template: &Arc<Template>, lived: Lived, nth: u64, cast: &Cast) -> Self {
        let name = |nth| Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("life {nth}").as_bytes());
        let (own, places) = match lived {
            Lived::Abridged(like) | Lived::Later(like) => (name(nth), name(like)),
            _ => (name(nth), name(nth)),
        };
        let mut ids = template.ids.clone();
        let other = |id: &Uuid, shared: &bool| {
            Uuid::new_v5(if *shared { &places } else { &own }, id.as_bytes())
        };
        // Tenants before the records that are at home there.
        for ((id, role), shared) in ids.iter_mut().zip(&template.roles).zip(&template.shared) {
            let tenant = match role {
                Role::Fixed => None,
                Role::Employer(number) => cast.employers.get(*number),
                Role::University(number) => cast.universities.get(*number),
                Role::Other => {
                    *id = other(id, shared);
                    None
                }
                Role::Record(_) => None,
            };
            if let Some(tenant) = tenant {
                *id = tenant.0;
            }
        }
        let tenants = ids.clone();
        for ((id, role), shared) in ids.iter_mut().zip(&template.roles).zip(&template.shared) {
            if let Role::Record(home) = role
                && let Some(home) = tenants.get(*home)
            {
                *id = at_home(other(id, shared), TenantId(*home));
            }
        }
        Self {
            template: Arc::clone(template),
            lived,
            next: 0,
            ids,
            keys: template.keys.iter().map(|_| None).collect(),
            streams: vec![None; template.streams.len()],
        }
    }

    fn units<'t>(&self, template: &'t Template) -> &'t [Unit] {
        match self.lived {
            Lived::Opening => &template.opening,
            Lived::Entry(tenant) => template.entries.get(&tenant).map_or(&[], Vec::as_slice),
            Lived::Whole => &template.life,
            Lived::Abridged(_) => &template.abridged,
            Lived::Later(_) => &template.later,
        }
    }

    /// How many events it has in all.
    pub(super) fn events(&self) -> u64 {
        events_of(self.units(&self.template))
    }

    pub(super) fn is_abridged(&self) -> bool {
        matches!(self.lived, Lived::Abridged(_))
    }

    pub(super) fn id(&self, place: usize) -> Uuid {
        self.ids.get(place).copied().unwrap_or_default()
    }

    /// Writes the next command's events; false once the life is over and its streams are written.
    pub(super) fn step(
        &mut self,
        recorded: i64,
        heads: &mut Heads,
        chunk: &mut Chunk,
    ) -> Result<bool, Fault> {
        let template = Arc::clone(&self.template);
        let nth = self.next;
        self.next += 1;
        let units = self.units(&template);
        let Some(unit) = units.get(nth) else {
            self.finish(chunk);
            return Ok(false);
        };
        let told = Timestamp::from_microsecond(recorded)?;
        let metadata = self.write(&unit.metadata, &[], &format!("{told:.6}"));
        let issuer = unit.receipt.as_ref().map(|receipt| self.id(receipt.tenant));
        let mut answered = 0;
        for event in &unit.events {
            let position = self.event(event, &metadata, recorded, heads, chunk, issuer)?;
            answered = position.unwrap_or(answered);
        }
        if let Some(receipt) = &unit.receipt {
            chunk.receipt(&ReceiptRow {
                tenant: self.id(receipt.tenant),
                request: self.id(receipt.request),
                fingerprint: &receipt.fingerprint,
                kind: &receipt.kind,
                id: self.id(receipt.id),
                version: receipt.version,
                position: answered,
                recorded,
            });
        }
        Ok(self.next < units.len() || {
            self.finish(chunk);
            false
        })
    }

    /// Writes one event; its position in the issuer's feed, when it is in there.
    fn event(
        &mut self,
        event: &Event,
        metadata: &str,
        recorded: i64,
        heads: &mut Heads,
        chunk: &mut Chunk,
        issuer: Option<Uuid>,
    ) -> Result<Option<i64>, Fault> {
        let template = Arc::clone(&self.template);
        let stream = template
            .streams
            .get(event.stream)
            .ok_or("an event of no stream")?;
        let id = self.id(stream.id);
        let home = self.id(stream.home);
        let head = self
            .streams
            .get(event.stream)
            .cloned()
            .flatten()
            .unwrap_or(Head {
                version: 0,
                hash: chain::GENESIS,
            });
        let sequence = head.version + 1;
        let mut texts = Vec::with_capacity(event.copies.len());
        for copy in &event.copies {
            let key = self.key(copy.key, chunk)?;
            let text = key.seal(&stream.kind, id, sequence, &copy.path, &copy.clear)?;
            texts.push(BASE64_STANDARD.encode(text));
        }
        let payload = self.write(&event.payload, &texts, "");
        let hash = chain::next(
            &head.hash,
            &ChainedEvent {
                aggregate_type: &stream.kind,
                aggregate_id: &id.to_string(),
                sequence,
                event_type: &event.event_type,
                event_version: &event.event_version,
                payload: &payload,
                metadata,
            },
        );
        if let Some(head) = self.streams.get_mut(event.stream) {
            *head = Some(Head {
                version: sequence,
                hash,
            });
        }
        let parties: BTreeSet<Uuid> = event.parties.iter().map(|place| self.id(*place)).collect();
        let parties: Vec<(Uuid, i64)> = parties
            .into_iter()
            .map(|party| (party, heads.next(party)))
            .collect();
        chunk.event(&EventRow {
            kind: &stream.kind,
            id,
            sequence,
            event_type: &event.event_type,
            event_version: &event.event_version,
            payload: &payload,
            metadata,
            home,
            parties: &parties,
            hash: &hash,
            recorded,
        });
        Ok(parties
            .iter()
            .find(|(party, _)| Some(*party) == issuer)
            .map(|(_, position)| *position))
    }

    fn key(&mut self, place: usize, chunk: &mut Chunk) -> Result<&DataKey, Fault> {
        let template = Arc::clone(&self.template);
        let key = template.keys.get(place).ok_or("a copy under no key")?;
        let (controller, subject, id) = (
            self.id(key.controller),
            self.id(key.subject),
            self.id(key.id),
        );
        let slot = self.keys.get_mut(place).ok_or("a copy under no key")?;
        if slot.is_none() {
            let made = DataKey::new(TenantId(controller), subject, key.class, id)?;
            chunk.key(&KeyRow {
                controller,
                subject,
                class: &key.class.to_string(),
                id,
                wrapped: &made.wrapped,
            });
            *slot = Some(made);
        }
        slot.as_ref().ok_or_else(|| "no key".into())
    }

    fn finish(&self, chunk: &mut Chunk) {
        for (stream, head) in self.template.streams.iter().zip(&self.streams) {
            let Some(head) = head else { continue };
            let parties: BTreeSet<Uuid> =
                stream.parties.iter().map(|place| self.id(*place)).collect();
            chunk.stream(&StreamRow {
                kind: &stream.kind,
                id: self.id(stream.id),
                version: head.version,
                home: self.id(stream.home),
                parties: &parties.into_iter().collect::<Vec<_>>(),
                subject: stream.subject.map(|place| self.id(place)),
                hash: &head.hash,
            });
        }
    }

    fn write(&self, text: &Text, sealed: &[String], recorded: &str) -> String {
        let mut written = String::with_capacity(1024);
        let mut buffer = Uuid::encode_buffer();
        for part in &text.0 {
            written.push_str(match part {
                Part::Words(words) => words,
                Part::Id(place) => self.id(*place).hyphenated().encode_lower(&mut buffer),
                Part::Sealed(nth) => sealed.get(*nth).map_or("", String::as_str),
                Part::Recorded => recorded,
            });
        }
        written
    }
}

/// How many events commands wrote.
pub(super) fn events_of(units: &[Unit]) -> u64 {
    units.iter().map(|unit| unit.events.len() as u64).sum()
}

/// An id whose first ten bits are its home's slice, as the domain derives them.
fn at_home(id: Uuid, home: TenantId) -> Uuid {
    let mut bytes = *id.as_bytes();
    let [high, low] = (home.slice() << 6).to_be_bytes();
    bytes[0] = high;
    bytes[1] = low | (bytes[1] & 0x3f);
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    Uuid::from_bytes(bytes)
}
