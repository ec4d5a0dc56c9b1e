//! Break-glass as the organisation counts it: how often, and how often its officer has yet to look.

use domain::break_glass::BreakGlassEvent;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};

use super::Keep;
use crate::dashboard::{Definition, count};

/// The openings of an organisation, without who opened what and why.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OpeningsRecord {
    /// Classes of records opened.
    pub opened: u32,
    /// Of these, looked at by the data protection officer.
    pub reviewed: u32,
}

pub(crate) const OPENED: Definition = count(
    "break_glass_openings",
    "classes of records that somebody opened under break-glass",
);
pub(crate) const UNREVIEWED: Definition = count(
    "break_glass_unreviewed",
    "of these, those the data protection officer has yet to look at",
);

impl OpeningsRecord {
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add(OPENED.name, i64::from(self.opened));
        let waiting = self.opened.saturating_sub(self.reviewed);
        sums.add(UNREVIEWED.name, i64::from(waiting));
    }
}

impl Keep<BreakGlassEvent> for OpeningsRecord {
    fn note(&mut self, _: &Noted, fact: &BreakGlassEvent) {
        match fact {
            BreakGlassEvent::BreakGlassOpened { .. } => {
                self.opened = self.opened.saturating_add(1);
            }
            BreakGlassEvent::BreakGlassReviewed { .. } => {
                self.reviewed = self.reviewed.saturating_add(1);
            }
        }
    }
}
