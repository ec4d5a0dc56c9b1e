//! One answered question about a person's lock.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{FundingLock, LockAnswer, LockQuestion};
use crate::{
    actor::{PersonId, TenantId, TenantKind},
    id::Id,
    identity,
    refusal::Refusal,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// One answered question about a person's lock: who asked what, and what they were told. The
/// asker's own record, so that a later dispute finds the answer of that day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum FundingLockCheck {
    /// Not asked.
    #[default]
    Absent,
    /// Answered.
    Answered {
        /// Who asked.
        asked_by: TenantId,
        /// About whom.
        person: PersonId,
        /// What.
        question: LockQuestion,
        /// The answer.
        answer: LockAnswer,
    },
}

/// Facts of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FundingLockCheckEvent {
    /// A question was answered.
    FundingLockChecked {
        /// Who asked.
        asked_by: TenantId,
        /// About whom.
        person: PersonId,
        /// What.
        question: LockQuestion,
        /// The answer.
        answer: LockAnswer,
    },
}

impl FundingLockCheck {
    fn evolve(&mut self, event: FundingLockCheckEvent) {
        let FundingLockCheckEvent::FundingLockChecked {
            asked_by,
            person,
            question,
            answer,
        } = event;
        *self = Self::Answered {
            asked_by,
            person,
            question,
            answer,
        };
    }
}

/// What a check decides.
#[derive(Debug, Clone)]
pub enum FundingLockCheckAct {
    /// See [`CheckFundingLock`].
    Answer {
        /// About whom.
        person: PersonId,
        /// What.
        question: LockQuestion,
        /// What the lock says.
        answer: LockAnswer,
    },
}

aggregate!(
    FundingLockCheck,
    "funding_lock_check",
    FundingLockCheckAct,
    FundingLockCheckEvent
);

impl Decider for FundingLockCheck {
    type Act = FundingLockCheckAct;
    const COLLECTION: &'static str = "fundingLockChecks";

    fn decide(
        &self,
        issued: &Issued<FundingLockCheckAct>,
    ) -> Result<Vec<FundingLockCheckEvent>, Refusal> {
        let FundingLockCheckAct::Answer {
            person,
            question,
            answer,
        } = &issued.act;
        if *self != Self::Absent {
            return Ok(vec![]);
        }
        Ok(vec![FundingLockCheckEvent::FundingLockChecked {
            asked_by: issued.by.tenant,
            person: *person,
            question: question.clone(),
            answer: *answer,
        }])
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Answered {
                asked_by, person, ..
            } => Some(Custody::of(*asked_by, []).about(*person)),
        }
    }
}

/// Asks whether a person may be funded for a training that starts on a date. An employer asks with
/// the person's consent only (C.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckFundingLock {
    /// About whom.
    pub person: PersonId,
    /// What.
    pub question: LockQuestion,
}

impl Command for CheckFundingLock {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        self.question.checked()?;
        let lock = world.read(FundingLock::id(self.person))?;
        if issue.by.kind == TenantKind::Employer && !lock.disclosed_to(issue.by.tenant) {
            return Err(Refusal::not_permitted().into());
        }
        let check = FundingLockCheckAct::Answer {
            person: self.person,
            question: self.question.clone(),
            answer: identity::lock_answer(issue, world, self.person, &self.question, None)?,
        };
        let id = Id::<FundingLockCheck>::derive(issue.by.tenant, &[issue.request]);
        world.decide(issue, id, check)?;
        Ok(id.key())
    }
}
