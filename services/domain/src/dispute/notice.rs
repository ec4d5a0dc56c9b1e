//! What a commissioner learns of a dispute about a record that it is no party of: its age and its
//! outcome, and nothing of what or whom it is about.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Dispute, Finding};
use crate::{
    actor::TenantId,
    id::Id,
    refusal::Refusal,
    world::{Custody, Decider, Issued, aggregate},
};

/// A dispute as a commissioner counts it; nothing before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DisputeNotice {
    commissioner: Option<TenantId>,
    closed: bool,
}

/// What a notice decides.
#[derive(Debug, Clone)]
pub enum DisputeNoticeAct {
    /// A dispute was raised.
    Open {
        /// Who is told.
        commissioner: TenantId,
    },
    /// It was closed.
    Close {
        /// With what finding.
        finding: Finding,
    },
}

/// Facts of a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum DisputeNoticeEvent {
    /// Somewhere a dispute was raised.
    DisputeCounted {
        /// Who is told.
        commissioner: TenantId,
        /// When it was raised.
        on: Date,
    },
    /// It was closed.
    DisputeOutcomeCounted {
        /// When.
        on: Date,
        /// With what finding.
        finding: Finding,
    },
}

aggregate!(
    DisputeNotice,
    "dispute_notice",
    DisputeNoticeAct,
    DisputeNoticeEvent
);

impl DisputeNotice {
    /// The notice of a dispute that a commissioner gets.
    pub fn id(commissioner: TenantId, dispute: Id<Dispute>) -> Id<Self> {
        Id::derive(commissioner, &[dispute.0])
    }

    fn evolve(&mut self, event: DisputeNoticeEvent) {
        match event {
            DisputeNoticeEvent::DisputeCounted { commissioner, .. } => {
                self.commissioner = Some(commissioner);
            }
            DisputeNoticeEvent::DisputeOutcomeCounted { .. } => self.closed = true,
        }
    }
}

impl Decider for DisputeNotice {
    type Act = DisputeNoticeAct;
    const COLLECTION: &'static str = "disputeNotices";

    fn decide(
        &self,
        issued: &Issued<DisputeNoticeAct>,
    ) -> Result<Vec<DisputeNoticeEvent>, Refusal> {
        let on = issued.today();
        Ok(match (&issued.act, self.commissioner) {
            (DisputeNoticeAct::Open { commissioner }, None) => {
                vec![DisputeNoticeEvent::DisputeCounted {
                    commissioner: *commissioner,
                    on,
                }]
            }
            (DisputeNoticeAct::Close { finding }, Some(_)) if !self.closed => {
                vec![DisputeNoticeEvent::DisputeOutcomeCounted {
                    on,
                    finding: *finding,
                }]
            }
            _ => vec![],
        })
    }

    /// The commissioner's alone.
    fn custody(&self) -> Option<Custody> {
        self.commissioner
            .map(|commissioner| Custody::of(commissioner, []))
    }
}
