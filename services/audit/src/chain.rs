//! The hash chain of one stream, over the bytes exactly as stored.

use ring::digest::{Context, SHA256};

/// The hash before a stream's first event.
pub const GENESIS: [u8; 32] = [0; 32];

/// Separates these hashes from any other use of SHA-256; a change of layout changes it.
const DOMAIN: &[u8] = b"trellis.event.v1";

/// One event as stored.
#[derive(Debug, Clone, Copy)]
pub struct ChainedEvent<'a> {
    /// `vacancy`
    pub aggregate_type: &'a str,
    /// The stream's id.
    pub aggregate_id: &'a str,
    /// From 1.
    pub sequence: u64,
    /// `VacancyOpened`
    pub event_type: &'a str,
    /// `1.0`
    pub event_version: &'a str,
    /// The stored payload, byte for byte.
    pub payload: &'a str,
    /// The stored metadata, byte for byte.
    pub metadata: &'a str,
}

/// The hash after `event`: SHA-256 over the domain, the previous hash, and every field with its
/// length in front, so that no two histories share an encoding.
pub fn next(previous: &[u8; 32], event: &ChainedEvent<'_>) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(DOMAIN);
    context.update(previous);
    context.update(&event.sequence.to_be_bytes());
    for field in [
        event.aggregate_type,
        event.aggregate_id,
        event.event_type,
        event.event_version,
        event.payload,
        event.metadata,
    ] {
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field.as_bytes());
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Verifies a stream event by event.
#[derive(Debug, Clone)]
pub struct Verifier {
    head: [u8; 32],
    sequence: u64,
    sound: bool,
}

impl Default for Verifier {
    fn default() -> Self {
        Self {
            head: GENESIS,
            sequence: 0,
            sound: true,
        }
    }
}

impl Verifier {
    /// Takes the next stored event and its stored hash; true while the chain holds from the first
    /// event on. Once broken it stays broken.
    pub fn accept(&mut self, event: &ChainedEvent<'_>, stored: &[u8]) -> bool {
        let expected = next(&self.head, event);
        self.sound &= event.sequence == self.sequence + 1 && stored == expected;
        self.head = expected;
        self.sequence = event.sequence;
        self.sound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event<'a>(sequence: u64, payload: &'a str, metadata: &'a str) -> ChainedEvent<'a> {
        ChainedEvent {
            aggregate_type: "vacancy",
            aggregate_id: "v1",
            sequence,
            event_type: "VacancyOpened",
            event_version: "1.0",
            payload,
            metadata,
        }
    }

    #[test]
    fn an_honest_chain_verifies_and_a_changed_byte_breaks_it_for_good() {
        let events = [
            event(1, "{}", "a"),
            event(2, "[]", "b"),
            event(3, "{}", "c"),
        ];
        let mut hashes = vec![];
        let mut head = GENESIS;
        for event in &events {
            head = next(&head, event);
            hashes.push(head);
        }
        let mut verifier = Verifier::default();
        assert!(
            events
                .iter()
                .zip(&hashes)
                .all(|(e, h)| verifier.accept(e, h))
        );

        let mut verifier = Verifier::default();
        assert!(verifier.accept(&events[0], &hashes[0]));
        assert!(!verifier.accept(&event(2, "[ ]", "b"), &hashes[1]));
        assert!(!verifier.accept(&events[2], &hashes[2]));
    }

    #[test]
    fn a_missing_event_breaks_the_chain() {
        let first = event(1, "{}", "a");
        let third = event(3, "{}", "c");
        let mut verifier = Verifier::default();
        let head = next(&GENESIS, &first);
        assert!(verifier.accept(&first, &head));
        assert!(!verifier.accept(&third, &next(&head, &third)));
    }

    #[test]
    fn fields_cannot_borrow_bytes_from_their_neighbours() {
        assert_ne!(
            next(&GENESIS, &event(1, "ab", "c")),
            next(&GENESIS, &event(1, "a", "bc"))
        );
    }
}
