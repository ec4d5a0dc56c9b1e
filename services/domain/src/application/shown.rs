//! What the candidate sees of where an application stands.

use strum::Display;

use super::{HeldApplication, Stage};

/// Where an application stands for its candidate: one word from the day of applying to an outcome,
/// whatever either party does, since the candidate could tell the other (C.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display)]
#[strum(serialize_all = "snake_case")]
pub enum CandidateStatus {
    /// No outcome yet.
    UnderConsideration,
    /// An outcome was reached, and both parties decide again.
    Reopened,
    /// Not shortlisted or not appointed.
    NotAppointed,
    /// Appointed.
    Appointed,
    /// The candidate withdrew.
    Withdrawn,
}

impl HeldApplication {
    /// What the candidate sees. One party's wish to decide again is not theirs to see until both do,
    /// nor is a round that lapsed: that would say somebody had not decided.
    pub fn shown_to_the_candidate(&self) -> CandidateStatus {
        match self.stage {
            Stage::AwaitingJointOutcome { .. } | Stage::Lapsed { .. }
                if !self.rounds.is_empty() =>
            {
                CandidateStatus::Reopened
            }
            Stage::AwaitingShortlist
            | Stage::Shortlisted
            | Stage::AwaitingJointOutcome { .. }
            | Stage::Lapsed { .. } => CandidateStatus::UnderConsideration,
            Stage::NotShortlisted
            | Stage::NotAppointed { .. }
            | Stage::ReconsiderationRequested { .. } => CandidateStatus::NotAppointed,
            Stage::Appointed { .. } => CandidateStatus::Appointed,
            Stage::Withdrawn => CandidateStatus::Withdrawn,
        }
    }
}
