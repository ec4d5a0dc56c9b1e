//! Additional permanent posts for trainees who pass.

use std::collections::BTreeMap;

use domain::expansion_post::{ExpansionPostsEvent, Obligation};
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};

use super::Keep;

/// What has become of each post an employer identified, by position.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExpansionRecord(BTreeMap<String, Obligation>);

impl ExpansionRecord {
    /// What it adds to a dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        for obligation in self.0.values() {
            sums.add_of("expansion_posts", obligation, 1);
        }
    }
}

impl Keep<ExpansionPostsEvent> for ExpansionRecord {
    fn note(&mut self, _: &Noted, fact: &ExpansionPostsEvent) {
        let (position, obligation) = match fact {
            ExpansionPostsEvent::ExpansionPostIdentified { position, .. } => {
                (position, Obligation::Foreseen)
            }
            ExpansionPostsEvent::ExpansionPostOwed { position } => (position, Obligation::Owed),
            ExpansionPostsEvent::ExpansionPostLapsed { position } => (position, Obligation::Lapsed),
        };
        self.0.insert(position.clone(), obligation);
    }
}
