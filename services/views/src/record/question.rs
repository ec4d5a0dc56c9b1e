//! Questions about policy: asked, and answered or not.

use domain::policy::PolicyQuestionEvent;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};

use super::Keep;

/// A question about policy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QuestionRecord {
    /// How often it was answered.
    pub answers: u32,
}

impl QuestionRecord {
    /// What it adds to a dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("policy_questions", 1);
        sums.count("policy_questions_open", self.answers == 0);
    }
}

impl Keep<PolicyQuestionEvent> for QuestionRecord {
    fn note(&mut self, _: &Noted, fact: &PolicyQuestionEvent) {
        match fact {
            PolicyQuestionEvent::PolicyQuestionAsked { .. } => {}
            PolicyQuestionEvent::PolicyQuestionAnswered { .. } => self.answers += 1,
        }
    }
}
