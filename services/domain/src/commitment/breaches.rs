//! The broken promises of an employer that nothing has made good: while one is open, the employer
//! is not ready for another round (`READY-01`).

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{BreachKind, Commitment};
use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    id::Id,
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// One broken promise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Broken {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// Whose promise.
    pub application: Id<Application>,
}

/// What one employer has broken towards one commissioner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BreachRegister {
    between: Option<(TenantId, TenantId)>,
    open: BTreeSet<Broken>,
    noted: BTreeSet<Broken>,
}

/// What a register decides.
#[derive(Debug, Clone)]
pub enum BreachRegisterAct {
    /// See [`NoteBreach`].
    Note {
        /// Who broke it.
        employer: TenantId,
        /// Towards whom.
        commissioner: TenantId,
        /// Which.
        broken: Broken,
        /// How.
        kind: BreachKind,
    },
    /// See [`SettleBreach`](crate::funding::SettleBreach).
    Settle(Broken),
}

/// Facts of a register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum BreachRegisterEvent {
    /// A promise is broken.
    BreachNoted {
        /// Who broke it.
        employer: TenantId,
        /// Towards whom.
        commissioner: TenantId,
        /// Which.
        broken: Broken,
        /// How.
        kind: BreachKind,
        /// The day.
        on: Date,
    },
    /// What was recovered for it, or waived, makes it good.
    BreachSettled {
        /// Which.
        broken: Broken,
        /// The day.
        on: Date,
    },
}

aggregate!(
    BreachRegister,
    "breach_register",
    BreachRegisterAct,
    BreachRegisterEvent
);

impl BreachRegister {
    /// The id of an employer's register with a commissioner.
    pub fn id(employer: TenantId, commissioner: TenantId) -> Id<Self> {
        Id::derive(employer, &[commissioner.0])
    }

    /// Employer and commissioner; `None` while nothing was ever broken.
    pub fn between(&self) -> Option<(TenantId, TenantId)> {
        self.between
    }

    /// What nothing has made good.
    pub fn open(&self) -> impl Iterator<Item = &Broken> {
        self.open.iter()
    }

    /// Everything ever broken.
    pub fn noted(&self) -> impl Iterator<Item = &Broken> {
        self.noted.iter()
    }

    /// Lets an employer declare itself ready only when it owes no post to anyone (`READY-01`).
    ///
    /// # Errors
    /// `EMPLOYER_NOT_READY` while a breach is open.
    pub fn or_not_ready(&self) -> Result<(), Refusal> {
        if self.open.is_empty() {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::EmployerNotReady,
            "a promise of a qualified post is broken and not made good; settle its recovery first",
        )
        .with("criterion", "READY-01")
        .with("breaches", self.open.len()))
    }

    fn evolve(&mut self, event: BreachRegisterEvent) {
        match event {
            BreachRegisterEvent::BreachNoted {
                employer,
                commissioner,
                broken,
                ..
            } => {
                self.between = Some((employer, commissioner));
                self.open.insert(broken.clone());
                self.noted.insert(broken);
            }
            BreachRegisterEvent::BreachSettled { broken, .. } => {
                self.open.remove(&broken);
            }
        }
    }
}

impl Decider for BreachRegister {
    type Act = BreachRegisterAct;
    const COLLECTION: &'static str = "breachRegisters";

    fn decide(
        &self,
        issued: &Issued<BreachRegisterAct>,
    ) -> Result<Vec<BreachRegisterEvent>, Refusal> {
        let on = issued.today();
        Ok(match &issued.act {
            BreachRegisterAct::Note {
                employer,
                commissioner,
                broken,
                kind,
            } if !self.noted.contains(broken) => vec![BreachRegisterEvent::BreachNoted {
                employer: *employer,
                commissioner: *commissioner,
                broken: broken.clone(),
                kind: *kind,
                on,
            }],
            BreachRegisterAct::Settle(broken) if self.open.contains(broken) => {
                vec![BreachRegisterEvent::BreachSettled {
                    broken: broken.clone(),
                    on,
                }]
            }
            BreachRegisterAct::Note { .. } | BreachRegisterAct::Settle(_) => vec![],
        })
    }

    /// Neither university nor network hears of a breach (C.4).
    fn custody(&self) -> Option<Custody> {
        self.between
            .map(|(employer, commissioner)| Custody::of(employer, [commissioner]))
    }
}

/// Notes a broken promise; asked for by a reaction on the breach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteBreach {
    /// Which.
    pub broken: Broken,
    /// How.
    pub kind: BreachKind,
}

impl Command for NoteBreach {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(terms) = world.read(self.broken.commitment)?.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let id = BreachRegister::id(terms.employer, terms.commissioner);
        let note = BreachRegisterAct::Note {
            employer: terms.employer,
            commissioner: terms.commissioner,
            broken: self.broken.clone(),
            kind: self.kind,
        };
        world.decide_beyond(issue, id, note)?;
        Ok(id.key())
    }
}
