//! A partner agrees that its supervisor supervises another employer's trainees (`READY-06`). A
//! supervisor of a sister service of the same organisation needs none.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{TenantId, TenantKind},
    directory::{Supervisor, Tenant},
    id::Id,
    refusal::Refusal,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// Whose supervisor supervises for whom, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedSupervision {
    /// The supervisor.
    pub supervisor: Id<Supervisor>,
    /// The organisation the supervisor belongs to.
    pub partner: TenantId,
    /// The employer whose trainees they supervise.
    pub employer: TenantId,
    /// The first day.
    pub from: Date,
    /// The last day; open when absent.
    pub until: Option<Date>,
}

/// The agreement about one supervisor for one employer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum SupervisionAgreement {
    /// Nothing is agreed.
    #[default]
    Absent,
    /// Agreed.
    Agreed(AgreedSupervision),
}

/// What an agreement decides.
#[derive(Debug, Clone)]
pub enum SupervisionAgreementAct {
    /// See [`AgreeSupervision`].
    Agree(AgreedSupervision),
    /// See [`EndSupervisionAgreement`].
    End,
}

/// Facts of an agreement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SupervisionAgreementEvent {
    /// The partner agreed.
    SupervisionAgreed {
        /// To what.
        agreed: AgreedSupervision,
    },
    /// One side ended it.
    SupervisionAgreementEnded {
        /// The last day.
        on: Date,
    },
}

aggregate!(
    SupervisionAgreement,
    "supervision_agreement",
    SupervisionAgreementAct,
    SupervisionAgreementEvent
);

impl SupervisionAgreement {
    /// The id of a partner's agreement about a supervisor for an employer.
    pub fn id(partner: TenantId, supervisor: Id<Supervisor>, employer: TenantId) -> Id<Self> {
        Id::derive(partner, &[supervisor.0, employer.0])
    }

    /// What is agreed.
    pub fn agreed(&self) -> Option<&AgreedSupervision> {
        match self {
            Self::Absent => None,
            Self::Agreed(agreed) => Some(agreed),
        }
    }

    /// Whether the partner's supervisor may supervise for the employer on a day.
    ///
    /// # Errors
    /// [`Halt::Need`].
    pub fn covers(
        world: &mut World,
        partner: TenantId,
        supervisor: Id<Supervisor>,
        employer: TenantId,
        on: Date,
    ) -> Result<bool, Halt> {
        let agreement = world.read(Self::id(partner, supervisor, employer))?;
        Ok(agreement.agreed().is_some_and(|agreed| {
            agreed.from <= on && agreed.until.is_none_or(|until| on <= until)
        }))
    }

    fn evolve(&mut self, event: SupervisionAgreementEvent) {
        match (event, self) {
            (SupervisionAgreementEvent::SupervisionAgreed { agreed }, state) => {
                *state = Self::Agreed(agreed);
            }
            (SupervisionAgreementEvent::SupervisionAgreementEnded { on }, Self::Agreed(agreed)) => {
                agreed.until = Some(on);
            }
            (SupervisionAgreementEvent::SupervisionAgreementEnded { .. }, Self::Absent) => {}
        }
    }
}

impl Decider for SupervisionAgreement {
    type Act = SupervisionAgreementAct;
    const COLLECTION: &'static str = "supervisionAgreements";

    fn decide(
        &self,
        issued: &Issued<SupervisionAgreementAct>,
    ) -> Result<Vec<SupervisionAgreementEvent>, Refusal> {
        let today = issued.today();
        match (&issued.act, self) {
            (SupervisionAgreementAct::Agree(agree), state) => {
                if agree.until.is_some_and(|until| until < agree.from) {
                    return Err(Refusal::invalid("until", "not before the first day"));
                }
                match state {
                    Self::Agreed(known) if known.until.is_none_or(|until| today <= until) => {
                        Refusal::unless_same(
                            known.until == agree.until && known.from <= agree.from,
                            "the agreement",
                        )
                    }
                    Self::Absent | Self::Agreed(_) => {
                        Ok(vec![SupervisionAgreementEvent::SupervisionAgreed {
                            agreed: *agree,
                        }])
                    }
                }
            }
            (SupervisionAgreementAct::End, Self::Absent) => Err(Refusal::not_permitted()),
            (SupervisionAgreementAct::End, Self::Agreed(agreed)) => {
                if today < agreed.from {
                    return Err(Refusal::state_not_allowed(format!(
                        "it begins on {} only; end it then or later",
                        agreed.from
                    )));
                }
                if agreed.until.is_some_and(|until| until <= today) {
                    return Ok(vec![]);
                }
                Ok(vec![SupervisionAgreementEvent::SupervisionAgreementEnded {
                    on: today,
                }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.agreed()
            .map(|agreed| Custody::of(agreed.partner, [agreed.employer]))
    }
}

/// Agrees that a supervisor of the acting employer supervises another's trainees, from the
/// effective date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeSupervision {
    /// The acting employer's own supervisor.
    pub supervisor: Id<Supervisor>,
    /// The other employer.
    pub employer: TenantId,
    /// The last day; open when absent.
    pub until: Option<Date>,
}

impl Command for AgreeSupervision {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let partner = issue.by.acting_for(TenantKind::Employer)?;
        if self.employer == partner {
            return Err(Refusal::invalid(
                "employer",
                "a supervisor of the own organisation needs no agreement; name another employer",
            )
            .into());
        }
        world.read_own(issue, self.supervisor)?;
        Tenant::expect(world, self.employer, TenantKind::Employer, "employer")?;
        let id = SupervisionAgreement::id(partner, self.supervisor, self.employer);
        let agreed = AgreedSupervision {
            supervisor: self.supervisor,
            partner,
            employer: self.employer,
            from: issue.today(),
            until: self.until,
        };
        world.decide(issue, id, SupervisionAgreementAct::Agree(agreed))?;
        Ok(id.key())
    }
}

/// Ends an agreement with the effective date as its last day; either side may.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndSupervisionAgreement {
    /// The agreement.
    pub agreement: Id<SupervisionAgreement>,
}

impl Command for EndSupervisionAgreement {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        world.decide(issue, self.agreement, SupervisionAgreementAct::End)?;
        Ok(self.agreement.key())
    }
}

#[cfg(test)]
mod tests;
