//! What every correction says: which event it corrects, why, and on whose word. The event that was
//! wrong stays; the one that corrects it follows in its record.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    dispute::Dispute,
    fact,
    id::Id,
    refusal::Refusal,
    world::{Halt, Issue, StreamKey, World},
};

/// One event by its place: a record's resource name and the event's sequence in it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordedEvent {
    /// `trainings/{uuid}`
    pub record: String,
    /// Its place in the record's history, from 1.
    pub sequence: u64,
}

impl fmt::Display for RecordedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.record, self.sequence)
    }
}

impl RecordedEvent {
    /// The event at a place in the history of the record `key`.
    pub fn of(key: StreamKey, sequence: u64) -> Self {
        let collection = fact::collection(key.kind).unwrap_or("records");
        Self {
            record: format!("{collection}/{}", key.id),
            sequence,
        }
    }

    /// The stream it lies in.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field` when it is no resource name.
    pub fn key(&self, field: &'static str) -> Result<StreamKey, Refusal> {
        let parsed = self.record.split_once('/').and_then(|(collection, id)| {
            let kind = fact::kind_of(collection)?;
            let id = Uuid::try_parse(id).ok().filter(|_| id.len() == 36)?;
            Some(StreamKey { kind, id })
        });
        parsed.ok_or_else(|| {
            Refusal::invalid(field, "expected a resource name such as trainings/{uuid}")
        })
    }
}

/// On whose word something is corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// Of the party whose record it is.
    Own,
    /// Of a dispute that was raised about the very event.
    Dispute(Id<Dispute>),
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own => f.write_str("own"),
            Self::Dispute(dispute) => f.write_str(&dispute.name()),
        }
    }
}

impl Authority {
    /// Reads `own` or `disputes/{uuid}`; nothing said is one's own word.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        match text {
            "" | "own" => Ok(Self::Own),
            name => Id::from_name(name, field).map(Self::Dispute),
        }
    }

    /// Refuses a dispute that the issuer has no part in, that is closed, or that is about something
    /// else.
    ///
    /// # Errors
    /// [`Halt::Need`], `NOT_PERMITTED`, `FIELD_INVALID`, `STATE_NOT_ALLOWED`.
    pub fn covers(
        self,
        issue: &Issue,
        world: &mut World,
        event: &RecordedEvent,
    ) -> Result<(), Halt> {
        match self {
            Self::Own => Ok(()),
            Self::Dispute(dispute) => Ok(world.read_own(issue, dispute)?.covers(event)?),
        }
    }

    /// The event at a place of a record as what this word corrects; nothing where no event is known to
    /// have said it, which is for the record itself to refuse.
    ///
    /// # Errors
    /// As [`Self::covers`].
    pub(crate) fn corrects(
        self,
        issue: &Issue,
        world: &mut World,
        key: StreamKey,
        sequence: Option<u64>,
    ) -> Result<Option<Corrected>, Halt> {
        let Some(sequence) = sequence else {
            return Ok(None);
        };
        let event = RecordedEvent::of(key, sequence);
        self.covers(issue, world, &event)?;
        Ok(Some(Corrected {
            event,
            authority: self,
        }))
    }
}

/// What a command corrects that says in its own words why: the event it found in the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Corrected {
    /// The event.
    pub event: RecordedEvent,
    /// On whose word.
    pub authority: Authority,
}

impl Corrected {
    /// Of the record's own word.
    pub(crate) fn by_itself(key: StreamKey, sequence: u64) -> Self {
        Self {
            event: RecordedEvent::of(key, sequence),
            authority: Authority::Own,
        }
    }
}

/// What a correction carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction<R> {
    /// The event it corrects.
    pub corrects: RecordedEvent,
    /// Why.
    pub reason: R,
    /// On whose word.
    pub authority: Authority,
}
