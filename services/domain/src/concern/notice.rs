//! A concern as a network counts it: where and what, never whose.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::RoleDrift;
use crate::{
    actor::TenantId,
    policy::catalogue::Role,
    refusal::Refusal,
    world::{Custody, Decider, Issued, aggregate},
};

/// What a network learns of a concern (`TRAIN-23`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedConcern {
    /// Who counts it.
    pub network: TenantId,
    /// Where the role drifts.
    pub employer: TenantId,
    /// Which role.
    pub role: Role,
    /// What it drifts into.
    pub drift: RoleDrift,
    /// When it was raised.
    pub on: Date,
}

/// One concern as counted; nothing before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ConcernNotice(Option<CountedConcern>);

/// What a notice decides.
#[derive(Debug, Clone)]
pub enum NoticeAct {
    /// To be counted.
    Count(CountedConcern),
}

/// Facts of a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ConcernNoticeEvent {
    /// A concern was raised somewhere.
    RoleConcernCounted {
        /// Where, and what.
        counted: CountedConcern,
    },
}

aggregate!(
    ConcernNotice,
    "concern_notice",
    NoticeAct,
    ConcernNoticeEvent
);

impl ConcernNotice {
    fn evolve(&mut self, event: ConcernNoticeEvent) {
        let ConcernNoticeEvent::RoleConcernCounted { counted } = event;
        self.0 = Some(counted);
    }
}

impl Decider for ConcernNotice {
    type Act = NoticeAct;
    const COLLECTION: &'static str = "concernNotices";

    fn decide(&self, issued: &Issued<NoticeAct>) -> Result<Vec<ConcernNoticeEvent>, Refusal> {
        let NoticeAct::Count(counted) = &issued.act;
        Ok(match self.0 {
            Some(_) => vec![],
            None => vec![ConcernNoticeEvent::RoleConcernCounted {
                counted: counted.clone(),
            }],
        })
    }

    /// The network's alone: nobody's records are in its feed (C.5.3).
    fn custody(&self) -> Option<Custody> {
        self.0
            .as_ref()
            .map(|counted| Custody::of(counted.network, []))
    }
}
