//! Trainees come in clusters, and a smaller one needs a reason that both the regional lead and the
//! national team accept (`ALLOC-01`, `X-04`).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::Display;

use super::{Allocation, AllocationAct, AllocationEvent, REASON_BYTES_MAX, Registered, Stage};
use crate::{
    actor::{ActingRole, TenantKind},
    id::Id,
    programme::IntakeTerms,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// Who asked for an override of the cluster minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum OverrideRequester {
    /// The employer.
    Employer,
    /// The commissioner's regional lead, who thereby supports it.
    RegionalLead,
}

/// An override asked for and not yet granted (`ALLOC-01`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverrideRequest {
    /// Why the cluster can learn although it is small.
    pub reason: String,
    /// Who asked.
    pub by: OverrideRequester,
}

/// Why an allocation may stay below the cluster minimum, and until when that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterOverride {
    /// The reason.
    pub reason: String,
    /// When it is looked at again.
    pub review_date: Date,
}

impl ClusterOverride {
    /// Whether it still stands: from its review on it has to be granted again.
    pub fn stands_on(&self, on: Date) -> bool {
        on < self.review_date
    }
}

impl Registered {
    /// Whether so many trainees of one organisation at one intake are enough to learn from each
    /// other. They are counted over all its services (`ALLOC-14`); pilots have a minimum of their
    /// own when they take spare places.
    pub(super) fn check_cluster(
        &self,
        issued: &Issued<AllocationAct>,
        intake: &IntakeTerms,
        cluster: u32,
        spare: bool,
    ) -> Result<(), Refusal> {
        let on = issued.today();
        let min = match issued.policies.find("cluster.min.pilot", on)? {
            Some(min) if spare => min,
            _ => issued.policies.cluster_min(&intake.role, on)?,
        };
        let overridden = self
            .cluster_override
            .as_ref()
            .is_some_and(|granted| granted.stands_on(on));
        if cluster >= min || overridden {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::ClusterBelowMinimum,
            format!(
                "the organisation would have {cluster} trainees at this intake, the minimum is \
                 {min}; propose more, or request an override with its reason"
            ),
        )
        .with("cluster", cluster)
        .with("minimum", min))
    }
}

impl Allocation {
    pub(super) fn request_cluster_override(
        &self,
        issued: &Issued<AllocationAct>,
        request: &RequestClusterOverride,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let reason = text::free(&request.reason, "reason", REASON_BYTES_MAX)?;
        let known = self.known()?;
        let by = match issued.by.role {
            ActingRole::CommissionerRegional if issued.by.tenant == known.interest.commissioner => {
                OverrideRequester::RegionalLead
            }
            _ if issued.by.tenant == known.interest.employer => OverrideRequester::Employer,
            _ => return Err(Refusal::not_permitted()),
        };
        known.needs_override()?;
        let request = OverrideRequest { reason, by };
        if known.override_request.as_ref() == Some(&request) {
            return Ok(vec![]);
        }
        Ok(vec![AllocationEvent::ClusterOverrideRequested { request }])
    }

    pub(super) fn support_cluster_override(
        &self,
        issued: &Issued<AllocationAct>,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let known = self.of_commissioner(issued)?;
        known.needs_override()?;
        if known.override_request.is_none() {
            return Err(Refusal::state_not_allowed(
                "no override is requested; request it with its reason",
            ));
        }
        if known.override_supported {
            return Ok(vec![]);
        }
        Ok(vec![AllocationEvent::ClusterOverrideSupported {}])
    }

    pub(super) fn grant_cluster_override(
        &self,
        issued: &Issued<AllocationAct>,
        grant: &GrantClusterOverride,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let reason = text::free(&grant.reason, "reason", REASON_BYTES_MAX)?;
        if grant.review_date <= issued.today() {
            return Err(Refusal::invalid(
                "review_date",
                "the override is reviewed on a later day",
            ));
        }
        let known = self.of_commissioner(issued)?;
        let granted = ClusterOverride {
            reason,
            review_date: grant.review_date,
        };
        if known.cluster_override.as_ref() == Some(&granted) {
            return Ok(vec![]);
        }
        known.needs_override()?;
        if known.override_request.is_none() {
            return Err(Refusal::state_not_allowed(
                "no override is requested; request it with its reason",
            ));
        }
        if !known.override_supported {
            return Err(Refusal::state_not_allowed(
                "the regional lead has not supported the request; ask for that first",
            ));
        }
        Ok(vec![AllocationEvent::ClusterOverrideGranted {
            cluster_override: granted,
        }])
    }
}

impl Registered {
    fn needs_override(&self) -> Result<(), Refusal> {
        match self.stage {
            Stage::Declined(_) => Err(Refusal::state_not_allowed(
                "the allocation was declined; nothing needs an override",
            )),
            Stage::Interested | Stage::Ready | Stage::Proposed(_) | Stage::Confirmed(_) => Ok(()),
        }
    }
}

/// Asks that a cluster below the minimum be accepted: by the employer, or by the regional lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestClusterOverride {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// Why the cluster can learn although it is small.
    pub reason: String,
}

impl Command for RequestClusterOverride {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = AllocationAct::RequestClusterOverride(self.clone());
        world.decide(issue, self.allocation, act)?;
        Ok(self.allocation.key())
    }
}

/// The regional lead supports a request; a lead's own request needs no support.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SupportClusterOverride {
    /// The allocation.
    pub allocation: Id<Allocation>,
}

impl Command for SupportClusterOverride {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if issue.by.role != ActingRole::CommissionerRegional {
            return Err(Refusal::not_permitted().into());
        }
        world.decide(
            issue,
            self.allocation,
            AllocationAct::SupportClusterOverride,
        )?;
        Ok(self.allocation.key())
    }
}

/// Accepts a cluster below the minimum, for a reason and until a review (`ALLOC-01`, `X-04`): the
/// national team, after a request that the regional lead supports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantClusterOverride {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// Why.
    pub reason: String,
    /// When it is looked at again.
    pub review_date: Date,
}

impl Command for GrantClusterOverride {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let act = AllocationAct::GrantClusterOverride(self.clone());
        world.decide(issue, self.allocation, act)?;
        Ok(self.allocation.key())
    }
}

#[cfg(test)]
mod tests;
