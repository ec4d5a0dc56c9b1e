//! What there is of lives that are lived in the places of another one: people come and go in
//! organisations that stay.

use super::template::{Event, Template, Unit};

/// Records of organisations, as many as there are years and partners. A life that is not whole has the
/// whole one's, and adds nothing to them.
pub(crate) const ORGANISATIONS: &[&str] = &[
    "allocation",
    "clinical_service",
    "cluster",
    "commitment",
    "establishment",
    "exam_board",
    "intake",
    "partnership",
    "payee_account",
    "programme",
    "selection_tally",
];

/// What an abridged life has of its streams: the first events of each, or all of them. So each event
/// is one the service wrote in that state of its stream.
const ABRIDGED: &[(&str, usize)] = &[
    ("supervisor", 1),
    ("vacancy", 1),
    ("training", 4),
    ("progression", usize::MAX),
];

impl Template {
    /// Cuts out of the whole life what others have of it.
    pub(super) fn cut(&mut self) {
        self.shared = vec![false; self.ids.len()];
        for stream in &self.streams {
            if let Some(shared) = self.shared.get_mut(stream.id) {
                *shared = ORGANISATIONS.contains(&stream.kind.as_str());
            }
        }
        let kind = |event: &Event| {
            let stream = self.streams.get(event.stream);
            stream.map_or("", |stream| stream.kind.as_str())
        };
        let mut lived = vec![0; self.streams.len()];
        let abridged = cut(&self.life, |event| {
            let known = ABRIDGED.iter().find(|(known, _)| *known == kind(event));
            let (Some((_, most)), Some(lived)) = (known, lived.get_mut(event.stream)) else {
                return false;
            };
            *lived += 1;
            *lived <= *most
        });
        let later = cut(&self.life, |event| !ORGANISATIONS.contains(&kind(event)));
        self.abridged = abridged
            .into_iter()
            .map(|unit| Unit {
                receipt: None,
                ..unit
            })
            .collect();
        self.later = later
            .into_iter()
            .map(|mut unit| {
                // Nobody was answered with a version that the organisation's record does not have.
                let answered = |id: usize| !self.shared.get(id).copied().unwrap_or(false);
                unit.receipt = unit.receipt.filter(|receipt| answered(receipt.id));
                unit
            })
            .collect();
        let started = |unit: &&Unit| {
            let mut events = unit.events.iter();
            events.any(|event| event.event_type == "TrainingStarted")
        };
        self.trainees = self.life.iter().filter(started).count() as u64;
    }
}

/// The commands of which something is kept, with what is.
fn cut(life: &[Unit], mut kept: impl FnMut(&Event) -> bool) -> Vec<Unit> {
    let mut rest = vec![];
    for unit in life {
        let mut unit = unit.clone();
        unit.events.retain(|event| kept(event));
        if !unit.events.is_empty() {
            rest.push(unit);
        }
    }
    rest
}
