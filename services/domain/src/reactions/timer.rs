//! Timers: what is asked for when the clock reaches a day.

use crate::{
    actor::TenantId,
    application::Application,
    commitment::{Commitment, EndGrace, NoteCommitmentMaintained, NoteCommitmentOverdue},
    decision_round::LapseDecisionRound,
    edi::{Census, PublishDueEdiRelease},
    erasure::{Erasure, ExpireRetention},
    id::Id,
    network::IssueDigest,
    offer::{LapseOffer, Offer},
    permission::Action,
    supervision::ReviewSupervision,
    training::Training,
    world::Command,
};

/// A timer's content: small, stored as JSON, of nothing personal.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// A decision round closes (C.3.5).
    DecisionRound {
        /// The application.
        application: Id<Application>,
        /// The round.
        round: u32,
    },
    /// The last day for the evidence of a promised post is over (`FUND-08`).
    CommitmentEvidence {
        /// The commitment.
        commitment: Id<Commitment>,
        /// Whose promise.
        application: Id<Application>,
    },
    /// The grace of a promise is over.
    CommitmentGrace {
        /// The commitment.
        commitment: Id<Commitment>,
        /// Whose promise.
        application: Id<Application>,
    },
    /// A post that discharged a promise was maintained for long enough.
    CommitmentMaintenance {
        /// The commitment.
        commitment: Id<Commitment>,
        /// Whose promise.
        application: Id<Application>,
    },
    /// An offer wants its answer.
    OfferAnswer {
        /// The offer.
        offer: Id<Offer>,
    },
    /// The days of a class that a controller retained are over.
    RetentionExpiry {
        /// The controller's record.
        erasure: Id<Erasure>,
    },
    /// A network's digest is due (`ACTOR-08`).
    NetworkDigest {
        /// The network.
        network: TenantId,
        /// The digest's number.
        number: u32,
    },
    /// A day is over on which a training may have been without supervision.
    Supervision {
        /// The training.
        training: Id<Training>,
    },
    /// A month has begun of which a commissioner's monitoring is published (D.18).
    EdiRelease {
        /// The commissioner.
        commissioner: TenantId,
    },
}

/// What a timer that has come due asks for.
pub fn on_timer(timer: &Timer) -> (Action, Box<dyn Command>) {
    match *timer {
        Timer::DecisionRound { application, round } => (
            Action::OpenDecisionRound,
            Box::new(LapseDecisionRound { application, round }),
        ),
        Timer::Supervision { training } => (
            Action::AssignSupervisor,
            Box::new(ReviewSupervision { training }),
        ),
        Timer::CommitmentEvidence {
            commitment,
            application,
        } => (
            Action::EvidenceQualifiedPost,
            Box::new(NoteCommitmentOverdue {
                commitment,
                application,
            }),
        ),
        Timer::CommitmentGrace {
            commitment,
            application,
        } => (
            Action::ConfirmBreach,
            Box::new(EndGrace {
                commitment,
                application,
            }),
        ),
        Timer::CommitmentMaintenance {
            commitment,
            application,
        } => (
            Action::EvidenceQualifiedPost,
            Box::new(NoteCommitmentMaintained {
                commitment,
                application,
            }),
        ),
        Timer::OfferAnswer { offer } => (Action::MakeOffer, Box::new(LapseOffer { offer })),
        Timer::RetentionExpiry { erasure } => {
            (Action::DecideErasure, Box::new(ExpireRetention { erasure }))
        }
        Timer::NetworkDigest { network, number } => (
            Action::StartDigest,
            Box::new(IssueDigest { network, number }),
        ),
        Timer::EdiRelease { commissioner } => (
            Action::PublishEdiRelease,
            Box::new(PublishDueEdiRelease {
                commissioner,
                census: Census::default(),
            }),
        ),
    }
}
