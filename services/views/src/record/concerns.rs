//! Concerns that a role drifts into another one's work.

use domain::concern::{ConcernNoticeEvent, RoleConcernEvent};
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};

use super::Keep;
use crate::dashboard::{Definition, Split, count, split};

/// A concern, without its words.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConcernRecord {
    /// What the role drifts into.
    pub drift: String,
    /// Whether a lead has addressed it.
    pub addressed: bool,
}

pub(crate) const RAISED: Definition = split(
    "role_concerns",
    Split::Word,
    "concerns that a role drifts, by what it drifts into (TRAIN-23)",
);
pub(crate) const OPEN: Definition = count(
    "role_concerns_open",
    "of these, those no lead has addressed",
);

impl ConcernRecord {
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add_of(RAISED.name, &self.drift, 1);
        sums.count(OPEN.name, !self.addressed);
    }
}

impl Keep<RoleConcernEvent> for ConcernRecord {
    fn note(&mut self, _: &Noted, fact: &RoleConcernEvent) {
        match fact {
            RoleConcernEvent::RoleConcernRaised { drift, .. } => self.drift = drift.to_string(),
            RoleConcernEvent::RoleConcernAddressed { .. } => self.addressed = true,
        }
    }
}

/// A concern as a network counts it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CountedRecord {
    /// What the role drifts into.
    pub drift: String,
}

impl CountedRecord {
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add_of(RAISED.name, &self.drift, 1);
    }
}

impl Keep<ConcernNoticeEvent> for CountedRecord {
    fn note(&mut self, _: &Noted, fact: &ConcernNoticeEvent) {
        let ConcernNoticeEvent::RoleConcernCounted { counted } = fact;
        self.drift = counted.drift.to_string();
    }
}
