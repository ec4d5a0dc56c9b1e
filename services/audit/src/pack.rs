//! An exported replay, one JSON object a line, and its verification offline.
//!
//! The first line is the [`Header`] with the signed head of one tenant's log. Then come the events of
//! the replay, each with the hash before it and its proof of inclusion in that log. The last line is
//! the [`End`]. What a pack proves: every event is as it was stored, follows what it says it follows,
//! and lies in the log at its position; and the log only grew since an earlier checkpoint.

use std::{
    collections::HashMap,
    io::{BufRead, Read as _},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    chain::{self, ChainedEvent, GENESIS},
    merkle,
    note::{Checkpoint, NoteError, VerifierKey},
};

/// The version of this format.
pub const FORMAT: &str = "trellis.replay.v1";
/// The longest line that is read, in bytes.
pub const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// The most resources of one pack.
pub const RESOURCES_MAX: usize = 1_000_000;

/// A line of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Line {
    /// The first.
    Header(Header),
    /// One event.
    Event(Box<Event>),
    /// The last.
    End(End),
}

/// What the pack is of, and the head that its proofs lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`]
    pub format: String,
    /// The person, `people/{uuid}`.
    pub person: String,
    /// Up to when knowledge was asked for; all when empty.
    pub known_at: String,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// The size of the earlier log that the checkpoint is shown to extend; 0 for none.
    pub earlier_size: u64,
    /// The proof of that.
    pub consistency: Vec<Digest>,
}

/// One stored event with its proofs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// The aggregate type.
    pub aggregate_type: String,
    /// The record's id.
    pub aggregate_id: String,
    /// Its place in the record's history, from 1.
    pub sequence: u64,
    /// `VacancyOpened`
    pub event_type: String,
    /// `1.0`
    pub event_version: String,
    /// The stored payload, byte for byte; absent where that it happened is all the reader may know.
    pub payload: Option<String>,
    /// The stored metadata, byte for byte; absent as the payload is.
    pub metadata: Option<String>,
    /// When it was recorded, RFC 3339.
    pub recorded: String,
    /// The hash of the record's event before; all zeros before the first.
    pub previous_hash: Digest,
    /// The hash of this one.
    pub hash: Digest,
    /// Its position in the log, from 1.
    pub position: u64,
    /// The proof of that.
    pub inclusion: Vec<Digest>,
}

/// How many lines there were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// Events.
    pub events: u64,
}

/// A SHA-256 hash; base64 in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub merkle::Hash);

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD.decode(text).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("not a SHA-256 hash in base64"))
    }
}

/// Why a pack proves nothing.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// It cannot be read.
    #[error("the pack cannot be read")]
    Unreadable(#[from] std::io::Error),
    /// A line is not one of a pack.
    #[error("line {line}: {cause}")]
    Malformed {
        /// Which, from 1.
        line: u64,
        /// What is wrong with it.
        cause: String,
    },
    /// The checkpoint, or the earlier one, does not count.
    #[error("the {which} checkpoint: {error}")]
    Checkpoint {
        /// `pack's` or `earlier`
        which: &'static str,
        /// What is wrong with it.
        error: NoteError,
    },
    /// It ends before its last line.
    #[error("the pack is cut short")]
    CutShort,
    /// The log is not an extension of the earlier one: history was rewritten, or this is another log.
    #[error("the log does not extend the earlier checkpoint of {0} entries")]
    NotAnExtension(u64),
    /// An event is not what its hash says.
    #[error("line {line}: event {sequence} of {id} was changed, or its record's history was")]
    Changed {
        /// Which line.
        line: u64,
        /// The record.
        id: String,
        /// The event.
        sequence: u64,
    },
    /// An event does not lie in the log where it says.
    #[error("line {line}: the log does not hold event {sequence} of {id} at position {position}")]
    NotIncluded {
        /// Which line.
        line: u64,
        /// The record.
        id: String,
        /// The event.
        sequence: u64,
        /// Where it is said to be.
        position: u64,
    },
}

/// What a pack proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The log.
    pub checkpoint: Checkpoint,
    /// Events, all of them in the log, and as stored where their content is shown.
    pub events: u64,
    /// Events of which only that they happened is shown.
    pub status_only: u64,
    /// Records they belong to.
    pub resources: u64,
    /// Events whose predecessor is not in the pack: the reader was no party of it yet.
    pub openings: u64,
    /// The size of the earlier log that this one is shown to extend.
    pub extends: Option<u64>,
}

/// Verifies a pack under the service's key; with an earlier checkpoint also that the log only grew
/// since. Memory grows with the resources of the pack, not with its events.
///
/// # Errors
/// The first thing that does not hold.
pub fn verify(
    mut pack: impl BufRead,
    key: &VerifierKey,
    earlier: Option<&str>,
) -> Result<Proven, PackError> {
    let mut lines = Lines {
        pack: &mut pack,
        number: 0,
    };
    let Some(Line::Header(header)) = lines.next()? else {
        return Err(lines.malformed("a pack begins with its header"));
    };
    if header.format != FORMAT {
        return Err(lines.malformed(format!("of format {}, not {FORMAT}", header.format)));
    }
    let checkpoint = key
        .open(&header.checkpoint)
        .map_err(|error| PackError::Checkpoint {
            which: "pack's",
            error,
        })?;
    let extends = earlier
        .map(|note| grown(key, note, &checkpoint, &header))
        .transpose()?;
    let mut proven = Proven {
        checkpoint,
        events: 0,
        status_only: 0,
        resources: 0,
        openings: 0,
        extends,
    };
    let mut heads = HashMap::new();
    loop {
        match lines.next()? {
            Some(Line::Event(event)) => {
                let line = lines.number;
                proven.openings += u64::from(follows(&event, &mut heads, line)?);
                included(&event, &proven.checkpoint, line)?;
                proven.events += 1;
                proven.status_only += u64::from(event.payload.is_none());
            }
            Some(Line::End(end)) if end.events == proven.events => {
                proven.resources = heads.len() as u64;
                return Ok(proven);
            }
            Some(Line::End(_)) | None => return Err(PackError::CutShort),
            Some(Line::Header(_)) => return Err(lines.malformed("a second header")),
        }
        if heads.len() > RESOURCES_MAX {
            return Err(lines.malformed("more resources than a pack may have"));
        }
    }
}

fn grown(
    key: &VerifierKey,
    note: &str,
    checkpoint: &Checkpoint,
    header: &Header,
) -> Result<u64, PackError> {
    let earlier = key.open(note).map_err(|error| PackError::Checkpoint {
        which: "earlier",
        error,
    })?;
    let path: Vec<_> = header.consistency.iter().map(|hash| hash.0).collect();
    let extends = earlier.origin == checkpoint.origin
        && merkle::extends(
            (earlier.size, &earlier.root),
            (checkpoint.size, &checkpoint.root),
            &path,
        );
    if extends {
        Ok(earlier.size)
    } else {
        Err(PackError::NotAnExtension(earlier.size))
    }
}

/// By type and id: the last event of the pack and its hash.
type Heads = HashMap<(String, String), (u64, merkle::Hash)>;

/// Whether what is shown of an event is what was stored.
fn as_stored(event: &Event) -> bool {
    let (payload, metadata) = match (&event.payload, &event.metadata) {
        (Some(payload), Some(metadata)) => (payload, metadata),
        (None, None) => return true,
        _ => return false,
    };
    let stored = ChainedEvent {
        aggregate_type: &event.aggregate_type,
        aggregate_id: &event.aggregate_id,
        sequence: event.sequence,
        event_type: &event.event_type,
        event_version: &event.event_version,
        payload,
        metadata,
    };
    chain::next(&event.previous_hash.0, &stored) == event.hash.0
}

/// Whether the event opens a run: true when the one before it is not in the pack.
fn follows(event: &Event, heads: &mut Heads, line: u64) -> Result<bool, PackError> {
    let record = (event.aggregate_type.clone(), event.aggregate_id.clone());
    let before = heads.insert(record, (event.sequence, event.hash.0));
    let (holds, opens) = match before {
        Some((last, hash)) if event.sequence == last + 1 => (event.previous_hash.0 == hash, false),
        Some((last, _)) => (event.sequence > last, true),
        None if event.sequence == 1 => (event.previous_hash.0 == GENESIS, false),
        None => (event.sequence > 1, true),
    };
    if holds && as_stored(event) {
        return Ok(opens);
    }
    Err(PackError::Changed {
        line,
        id: event.aggregate_id.clone(),
        sequence: event.sequence,
    })
}

fn included(event: &Event, checkpoint: &Checkpoint, line: u64) -> Result<(), PackError> {
    let path: Vec<_> = event.inclusion.iter().map(|hash| hash.0).collect();
    let leaf = merkle::leaf(&event.hash.0);
    let index = event.position.checked_sub(1);
    let there = index.is_some_and(|index| {
        merkle::includes(&checkpoint.root, checkpoint.size, index, &leaf, &path)
    });
    there.then_some(()).ok_or_else(|| PackError::NotIncluded {
        line,
        id: event.aggregate_id.clone(),
        sequence: event.sequence,
        position: event.position,
    })
}

/// Reads line by line, none longer than [`LINE_BYTES_MAX`].
struct Lines<'p, R> {
    pack: &'p mut R,
    number: u64,
}

impl<R: BufRead> Lines<'_, R> {
    fn next(&mut self) -> Result<Option<Line>, PackError> {
        let mut line = String::new();
        let read = self
            .pack
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_line(&mut line)?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        serde_json::from_str(&line)
            .map(Some)
            .map_err(|error| self.malformed(error.to_string()))
    }

    fn malformed(&self, cause: impl Into<String>) -> PackError {
        PackError::Malformed {
            line: self.number,
            cause: cause.into(),
        }
    }
}

#[cfg(test)]
mod tests;
