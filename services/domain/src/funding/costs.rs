//! What the employer spends on a cluster itself: start-up, supervision, changes to its workforce.
//! Recorded, and never reimbursed by an award (`FUND-15`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use super::COMPONENT_PENCE_MAX;
use crate::{
    actor::{TenantId, TenantKind},
    allocation::Allocation,
    id::Id,
    refusal::Refusal,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most costs of one allocation.
pub const COSTS_MAX: usize = 2_000;

/// What an employer pays itself.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CostKind {
    /// Setting the role up.
    StartUp,
    /// Time of supervisors.
    Supervision,
    /// Changes to the rest of the workforce.
    WorkforceChange,
}

/// One cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// What for.
    pub kind: CostKind,
    /// How much, in pence.
    pub pence: i64,
    /// The day.
    pub on: Date,
}

/// What an employer spent on an allocation itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EmployerCosts {
    employer: Option<TenantId>,
    costs: Vec<Cost>,
}

/// What costs decide.
#[derive(Debug, Clone)]
pub enum EmployerCostsAct {
    /// See [`RecordEmployerCost`].
    Record {
        /// Who pays.
        employer: TenantId,
        /// For which allocation.
        allocation: Id<Allocation>,
        /// What.
        cost: Cost,
    },
}

/// Facts of costs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum EmployerCostsEvent {
    /// The employer spent money of its own.
    EmployerCostRecorded {
        /// Who paid.
        employer: TenantId,
        /// For which allocation.
        allocation: Id<Allocation>,
        /// What.
        cost: Cost,
    },
}

aggregate!(
    EmployerCosts,
    "employer_costs",
    EmployerCostsAct,
    EmployerCostsEvent
);

impl EmployerCosts {
    /// The id of an employer's costs of an allocation.
    pub fn id(employer: TenantId, allocation: Id<Allocation>) -> Id<Self> {
        Id::derive(employer, &[allocation.0])
    }

    /// Each cost, first to latest.
    pub fn costs(&self) -> &[Cost] {
        &self.costs
    }

    /// Sums by kind, in pence: the employer's report.
    pub fn report(&self) -> BTreeMap<CostKind, i64> {
        let mut report = BTreeMap::new();
        for cost in &self.costs {
            let sum: &mut i64 = report.entry(cost.kind).or_default();
            *sum = sum.saturating_add(cost.pence);
        }
        report
    }

    fn evolve(&mut self, event: EmployerCostsEvent) {
        let EmployerCostsEvent::EmployerCostRecorded { employer, cost, .. } = event;
        self.employer = Some(employer);
        self.costs.push(cost);
    }
}

impl Decider for EmployerCosts {
    type Act = EmployerCostsAct;
    const COLLECTION: &'static str = "employerCosts";

    fn decide(
        &self,
        issued: &Issued<EmployerCostsAct>,
    ) -> Result<Vec<EmployerCostsEvent>, Refusal> {
        let EmployerCostsAct::Record {
            employer,
            allocation,
            cost,
        } = &issued.act;
        if self.costs.contains(cost) {
            return Ok(vec![]);
        }
        if self.costs.len() >= COSTS_MAX {
            return Err(Refusal::state_not_allowed(format!(
                "an allocation has at most {COSTS_MAX} costs; record sums"
            )));
        }
        Ok(vec![EmployerCostsEvent::EmployerCostRecorded {
            employer: *employer,
            allocation: *allocation,
            cost: *cost,
        }])
    }

    /// The employer's own: nobody asks another to pay for it.
    fn custody(&self) -> Option<Custody> {
        self.employer.map(|employer| Custody::of(employer, []))
    }
}

/// The employer records what it spent itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordEmployerCost {
    /// For which allocation.
    pub allocation: Id<Allocation>,
    /// What for.
    pub kind: CostKind,
    /// How much, in pence.
    pub pence: i64,
}

impl Command for RecordEmployerCost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if !(1..=COMPONENT_PENCE_MAX).contains(&self.pence) {
            let range = format!("1 to {COMPONENT_PENCE_MAX} pence");
            return Err(Refusal::invalid("pence", range).into());
        }
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        world.read_own(issue, self.allocation)?;
        let id = EmployerCosts::id(employer, self.allocation);
        let record = EmployerCostsAct::Record {
            employer,
            allocation: self.allocation,
            cost: Cost {
                kind: self.kind,
                pence: self.pence,
                on: issue.today(),
            },
        };
        world.decide(issue, id, record)?;
        Ok(id.key())
    }
}
