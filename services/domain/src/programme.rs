//! A role's programme is procured from universities; each starts it as intakes of funded places.

mod equity;
mod intake;
mod migrate;
mod plan;
mod round;
mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

pub use self::{equity::*, intake::*, migrate::*, plan::*, round::*, timeline::*};
use crate::{
    actor::{PLATFORM, Region, TenantId, TenantKind},
    directory::Tenant,
    id::Id,
    policy::catalogue::Role,
    refusal::Refusal,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The steps of bringing a role's training about (`TIME-01..05`).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Milestone {
    /// The specification for education providers stands (`TIME-01`).
    SpecificationDeveloped,
    /// Procurement is open (`TIME-02`).
    ProcurementOpened,
    /// The tender is closed (`TIME-03`).
    TenderClosed,
    /// Contracts are ratified (`TIME-04`).
    ContractsRatified,
    /// Employers are asked to take part (`TIME-05`); it waits for nothing.
    EmployersEngaged,
}

impl Milestone {
    /// The milestone that must have been reached before.
    pub const fn after(self) -> Option<Self> {
        match self {
            Self::SpecificationDeveloped | Self::EmployersEngaged => None,
            Self::ProcurementOpened => Some(Self::SpecificationDeveloped),
            Self::TenderClosed => Some(Self::ProcurementOpened),
            Self::ContractsRatified => Some(Self::TenderClosed),
        }
    }
}

/// A university's contract for a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderContract {
    /// First day.
    pub from: Date,
    /// The regions it trains for.
    pub regions: BTreeSet<Region>,
}

/// A commissioner's training of one role: milestones and contracted providers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Programme {
    /// Nothing has happened.
    #[default]
    Absent,
    /// Under way.
    UnderWay {
        /// Who commissions it.
        commissioner: TenantId,
        /// The role.
        role: Role,
        /// When each milestone was reached.
        milestones: BTreeMap<Milestone, Date>,
        /// Contracts by university, oldest first.
        providers: BTreeMap<TenantId, Vec<ProviderContract>>,
    },
}

/// What a programme decides.
#[derive(Debug, Clone)]
pub enum ProgrammeAct {
    /// See [`ReachMilestone`].
    Reach {
        /// Who commissions it.
        commissioner: TenantId,
        /// The command.
        reach: ReachMilestone,
    },
    /// See [`ContractProvider`].
    Contract(ContractProvider),
}

/// Facts of a programme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ProgrammeEvent {
    /// A commissioner began to bring a role's training about.
    ProgrammeOpened {
        /// Who commissions it.
        commissioner: TenantId,
        /// The role.
        role: Role,
    },
    /// A milestone was reached.
    MilestoneReached {
        /// Which.
        milestone: Milestone,
        /// When.
        on: Date,
    },
    /// A university was contracted.
    ProviderContracted {
        /// The university.
        university: TenantId,
        /// Its contract.
        contract: ProviderContract,
    },
}

aggregate!(Programme, "programme", ProgrammeAct, ProgrammeEvent);

impl Programme {
    /// The id of a commissioner's programme of a role.
    pub fn id(commissioner: TenantId, role: &Role) -> Id<Self> {
        let role = Uuid::new_v5(&PLATFORM.0, role.as_str().as_bytes());
        Id::derive(commissioner, &[role])
    }

    /// Whether a university is contracted on a date, for a region where one is named (`TIME-04`).
    pub fn contracted(&self, university: TenantId, region: Option<Region>, on: Date) -> bool {
        let Self::UnderWay { providers, .. } = self else {
            return false;
        };
        providers.get(&university).is_some_and(|contracts| {
            contracts.iter().any(|contract| {
                contract.from <= on
                    && region.is_none_or(|region| contract.regions.contains(&region))
            })
        })
    }

    /// Whether any university is contracted for a region on a date (`ALLOC-05`).
    pub fn covered(&self, region: Region, on: Date) -> bool {
        let Self::UnderWay { providers, .. } = self else {
            return false;
        };
        providers
            .keys()
            .any(|university| self.contracted(*university, Some(region), on))
    }

    /// When a milestone was reached.
    pub fn reached(&self, milestone: Milestone) -> Option<Date> {
        match self {
            Self::Absent => None,
            Self::UnderWay { milestones, .. } => milestones.get(&milestone).copied(),
        }
    }

    fn evolve(&mut self, event: ProgrammeEvent) {
        match (event, self) {
            (ProgrammeEvent::ProgrammeOpened { commissioner, role }, state) => {
                *state = Self::UnderWay {
                    commissioner,
                    role,
                    milestones: BTreeMap::new(),
                    providers: BTreeMap::new(),
                };
            }
            (
                ProgrammeEvent::MilestoneReached { milestone, on },
                Self::UnderWay { milestones, .. },
            ) => {
                milestones.insert(milestone, on);
            }
            (
                ProgrammeEvent::ProviderContracted {
                    university,
                    contract,
                },
                Self::UnderWay { providers, .. },
            ) => providers.entry(university).or_default().push(contract),
            (_, Self::Absent) => {}
        }
    }

    fn reach(
        &self,
        issued: &Issued<ProgrammeAct>,
        commissioner: TenantId,
        reach: &ReachMilestone,
    ) -> Result<Vec<ProgrammeEvent>, Refusal> {
        let on = issued.today();
        issued.policies.role(&reach.role, on)?;
        match self.reached(reach.milestone) {
            Some(known) if known == on => return Ok(vec![]),
            Some(_) => return Err(Refusal::already_recorded("the milestone")),
            None => {}
        }
        if let Some(before) = reach.milestone.after()
            && self.reached(before).is_none_or(|date| date > on)
        {
            return Err(Refusal::state_not_allowed(format!(
                "{} follows {before}, which is not reached by {on}; record that first",
                reach.milestone
            ))
            .with("milestone", before));
        }
        let reached = ProgrammeEvent::MilestoneReached {
            milestone: reach.milestone,
            on,
        };
        Ok(match self {
            Self::Absent => vec![
                ProgrammeEvent::ProgrammeOpened {
                    commissioner,
                    role: reach.role.clone(),
                },
                reached,
            ],
            Self::UnderWay { .. } => vec![reached],
        })
    }

    fn contract(
        &self,
        issued: &Issued<ProgrammeAct>,
        contract: &ContractProvider,
    ) -> Result<Vec<ProgrammeEvent>, Refusal> {
        let on = issued.today();
        if contract.regions.is_empty() {
            return Err(Refusal::invalid("regions", "name at least one region"));
        }
        let ratified = self.reached(Milestone::ContractsRatified);
        let (Self::UnderWay { providers, .. }, Some(ratified)) = (self, ratified) else {
            return Err(Refusal::state_not_allowed(
                "contracts follow the closed tender and its ratification; record those milestones",
            ));
        };
        if ratified > on {
            return Err(Refusal::state_not_allowed(format!(
                "contracts were ratified on {ratified} only; date the contract then or later"
            )));
        }
        let known = providers.get(&contract.university);
        if known.is_some_and(|contracts| {
            contract
                .regions
                .iter()
                .all(|region| contracts.iter().any(|c| c.regions.contains(region)))
        }) {
            return Ok(vec![]);
        }
        let max = issued.policies.role(&contract.role, on)?.providers_max;
        if known.is_none() && max.is_some_and(|max| providers.len() >= max as usize) {
            return Err(Refusal::state_not_allowed(
                "the role has all the universities its policy allows",
            ));
        }
        Ok(vec![ProgrammeEvent::ProviderContracted {
            university: contract.university,
            contract: ProviderContract {
                from: on,
                regions: contract.regions.clone(),
            },
        }])
    }
}

impl Decider for Programme {
    type Act = ProgrammeAct;
    const COLLECTION: &'static str = "programmes";

    fn decide(&self, issued: &Issued<ProgrammeAct>) -> Result<Vec<ProgrammeEvent>, Refusal> {
        match &issued.act {
            ProgrammeAct::Reach {
                commissioner,
                reach,
            } => self.reach(issued, *commissioner, reach),
            ProgrammeAct::Contract(contract) => self.contract(issued, contract),
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::UnderWay { commissioner, .. } => Some(Custody::of(*commissioner, [])),
        }
    }
}

/// Records that a milestone of a role's training was reached on the effective date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReachMilestone {
    /// The role.
    pub role: Role,
    /// Which milestone.
    pub milestone: Milestone,
}

impl Command for ReachMilestone {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let id = Programme::id(commissioner, &self.role);
        let reach = self.clone();
        world.decide(
            issue,
            id,
            ProgrammeAct::Reach {
                commissioner,
                reach,
            },
        )?;
        Ok(id.key())
    }
}

/// Contracts a university to train a role for some regions, from the effective date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContractProvider {
    /// The role.
    pub role: Role,
    /// The university.
    pub university: TenantId,
    /// The regions it trains for; further regions can be contracted later.
    pub regions: BTreeSet<Region>,
}

impl Command for ContractProvider {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        Tenant::expect(world, self.university, TenantKind::University, "university")?;
        let id = Programme::id(commissioner, &self.role);
        world.decide(issue, id, ProgrammeAct::Contract(self.clone()))?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
