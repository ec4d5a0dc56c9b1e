//! What a commissioner learns of gaps in supervision: days, and nobody's name.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{TenantId, TenantKind},
    id::Id,
    policy::catalogue::Role,
    programme::Intake,
    refusal::Refusal,
    training::{SupervisionGap, Training},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The gaps of one training without its person or supervisor.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SupervisionNotice {
    about: Option<NoticeAbout>,
    gaps: Vec<SupervisionGap>,
}

/// Where the gaps are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeAbout {
    /// Who learns of them.
    pub commissioner: TenantId,
    /// Who employs.
    pub employer: TenantId,
    /// The intake.
    pub intake: Id<Intake>,
    /// The role trained for.
    pub role: Role,
}

/// What a notice decides.
#[derive(Debug, Clone)]
pub enum NoticeAct {
    /// See [`NoteSupervisionGaps`].
    Note {
        /// Where.
        about: NoticeAbout,
        /// All gaps as known now.
        gaps: Vec<SupervisionGap>,
    },
}

/// Facts of a notice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SupervisionNoticeEvent {
    /// The gaps of a training are known to be these.
    SupervisionGapsNoted {
        /// Where.
        about: NoticeAbout,
        /// All of them.
        gaps: Vec<SupervisionGap>,
    },
}

aggregate!(
    SupervisionNotice,
    "supervision_notice",
    NoticeAct,
    SupervisionNoticeEvent
);

impl SupervisionNotice {
    /// The notice of a training's gaps that a commissioner gets.
    pub fn id(commissioner: TenantId, training: Id<Training>) -> Id<Self> {
        Id::derive(commissioner, &[training.0])
    }

    /// The gaps, as known now.
    pub fn gaps(&self) -> &[SupervisionGap] {
        &self.gaps
    }

    fn evolve(&mut self, event: SupervisionNoticeEvent) {
        let SupervisionNoticeEvent::SupervisionGapsNoted { about, gaps } = event;
        self.about = Some(about);
        self.gaps = gaps;
    }
}

impl Decider for SupervisionNotice {
    type Act = NoticeAct;
    const COLLECTION: &'static str = "supervisionNotices";

    fn decide(&self, issued: &Issued<NoticeAct>) -> Result<Vec<SupervisionNoticeEvent>, Refusal> {
        let NoticeAct::Note { about, gaps } = &issued.act;
        if self.gaps == *gaps {
            return Ok(vec![]);
        }
        Ok(vec![SupervisionNoticeEvent::SupervisionGapsNoted {
            about: about.clone(),
            gaps: gaps.clone(),
        }])
    }

    /// The commissioner's alone; it is about nobody by name (C.2).
    fn custody(&self) -> Option<Custody> {
        self.about
            .as_ref()
            .map(|about| Custody::of(about.commissioner, []))
    }
}

/// Reaction to a gap that opened, closed or is none after all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteSupervisionGaps {
    /// Of which training.
    pub training: Id<Training>,
}

impl Command for NoteSupervisionGaps {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let gaps: Vec<SupervisionGap> = training.gaps().collect();
        let Some(whose) = training.appointment() else {
            return Ok(self.training.key());
        };
        let about = NoticeAbout {
            commissioner: whose.commissioner,
            employer: whose.employer,
            intake: whose.intake,
            role: whose.role.clone(),
        };
        let id = SupervisionNotice::id(about.commissioner, self.training);
        world.decide(issue, id, NoticeAct::Note { about, gaps })?;
        Ok(id.key())
    }
}
