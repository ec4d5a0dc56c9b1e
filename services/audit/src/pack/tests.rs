use super::*;
use crate::{merkle::Hash, note::Signer};

fn signer() -> Signer {
    Signer::from_seed("trellis", &[7; 32]).unwrap()
}

fn checkpoint(leaves: &[Hash]) -> Checkpoint {
    Checkpoint {
        origin: "trellis/tenants/one".to_owned(),
        size: leaves.len() as u64,
        root: merkle::root(leaves),
    }
}

fn proof(leaves: &[Hash], ranges: Vec<std::ops::Range<u64>>) -> Vec<Digest> {
    let of = |range: std::ops::Range<u64>| {
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        Digest(merkle::root(&leaves[range]))
    };
    ranges.into_iter().map(of).collect()
}

/// Two records of three events each in one log, and its signed head when it held `earlier` of them.
fn pack(earlier: u64) -> (Vec<Line>, String) {
    let (mut events, mut leaves): (Vec<Event>, Vec<Hash>) = (vec![], vec![]);
    for sequence in 1..=3 {
        for record in ["a", "b"] {
            let previous = events
                .iter()
                .rfind(|event| event.aggregate_id == record)
                .map_or(GENESIS, |event| event.hash.0);
            let mut event = Event {
                aggregate_type: "vacancy".to_owned(),
                aggregate_id: record.to_owned(),
                sequence,
                event_type: "VacancyOpened".to_owned(),
                event_version: "1.0".to_owned(),
                payload: Some("{}".to_owned()),
                metadata: Some("{}".to_owned()),
                recorded: String::new(),
                previous_hash: Digest(previous),
                hash: Digest(GENESIS),
                position: events.len() as u64 + 1,
                inclusion: vec![],
            };
            event.hash = Digest(hash(&event));
            leaves.push(merkle::leaf(&event.hash.0));
            events.push(event);
        }
    }
    for event in &mut events {
        event.inclusion = proof(&leaves, merkle::inclusion(event.position - 1, 6));
    }
    let header = Line::Header(Header {
        format: FORMAT.to_owned(),
        person: "people/one".to_owned(),
        known_at: String::new(),
        checkpoint: signer().sign(&checkpoint(&leaves)),
        earlier_size: earlier,
        consistency: proof(&leaves, merkle::consistency(earlier, 6)),
    });
    let end = Line::End(End { events: 6 });
    let events = events.into_iter().map(|event| Line::Event(Box::new(event)));
    let lines = [header].into_iter().chain(events).chain([end]).collect();
    let kept = signer().sign(&checkpoint(&leaves[..usize::try_from(earlier).unwrap()]));
    (lines, kept)
}

fn hash(event: &Event) -> Hash {
    let stored = ChainedEvent {
        aggregate_type: &event.aggregate_type,
        aggregate_id: &event.aggregate_id,
        sequence: event.sequence,
        event_type: &event.event_type,
        event_version: &event.event_version,
        payload: event.payload.as_deref().unwrap_or_default(),
        metadata: event.metadata.as_deref().unwrap_or_default(),
    };
    chain::next(&event.previous_hash.0, &stored)
}

fn verified(lines: &[Line], earlier: Option<&str>) -> Result<Proven, PackError> {
    let text: String = lines
        .iter()
        .map(|line| serde_json::to_string(line).unwrap() + "\n")
        .collect();
    verify(text.as_bytes(), &signer().verifier(), earlier)
}

fn event(lines: &mut [Line], at: usize) -> &mut Event {
    match &mut lines[at] {
        Line::Event(event) => event,
        _ => unreachable!("an event"),
    }
}

#[test]
fn an_honest_pack_proves_its_events_and_that_the_log_only_grew() {
    let (lines, earlier) = pack(4);
    let proven = verified(&lines, Some(&earlier)).unwrap();
    assert_eq!(
        (proven.events, proven.resources, proven.openings),
        (6, 2, 0)
    );
    assert_eq!(proven.extends, Some(4));
    assert_eq!(verified(&lines, None).unwrap().extends, None);
}

#[test]
fn a_party_of_later_events_only_proves_those() {
    let (mut lines, _) = pack(0);
    lines.remove(1);
    *lines.last_mut().unwrap() = Line::End(End { events: 5 });
    assert_eq!(verified(&lines, None).unwrap().openings, 1);
}

#[test]
fn an_event_whose_content_is_not_the_readers_is_still_proved_to_have_happened() {
    let (mut lines, _) = pack(0);
    event(&mut lines, 3).payload = None;
    event(&mut lines, 3).metadata = None;
    let proven = verified(&lines, None).unwrap();
    assert_eq!((proven.events, proven.status_only), (6, 1));
}

#[test]
fn whatever_was_changed_is_found() {
    type Change = fn(&mut Vec<Line>);
    let changes: [(&str, Change); 7] = [
        ("a payload", |lines| {
            event(lines, 3).payload = Some("[]".to_owned());
        }),
        ("a recomputed hash", |lines| {
            let event = event(lines, 3);
            event.payload = Some("[]".to_owned());
            event.hash = Digest(hash(event));
        }),
        ("half of what is shown", |lines| {
            event(lines, 3).payload = None;
        }),
        ("a position", |lines| event(lines, 3).position = 4),
        ("a proof", |lines| {
            event(lines, 3).inclusion.pop();
        }),
        ("an order", |lines| lines.swap(1, 3)),
        ("an end", |lines| {
            lines.pop();
        }),
    ];
    for (what, change) in changes {
        let (mut lines, _) = pack(0);
        change(&mut lines);
        assert!(verified(&lines, None).is_err(), "{what}");
    }
}

#[test]
fn a_head_that_does_not_extend_what_was_kept_is_found() {
    let (lines, _) = pack(4);
    let rewritten = signer().sign(&Checkpoint {
        size: 4,
        root: merkle::empty(),
        ..checkpoint(&[])
    });
    let refused = verified(&lines, Some(&rewritten));
    assert!(matches!(refused, Err(PackError::NotAnExtension(4))));
    let another = Signer::from_seed("trellis", &[8; 32]).unwrap();
    let forged = another.sign(&checkpoint(&[]));
    let refused = verified(&lines, Some(&forged));
    assert!(matches!(refused, Err(PackError::Checkpoint { .. })));
}
