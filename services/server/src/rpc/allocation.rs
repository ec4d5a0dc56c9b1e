use contract::v1::{self, allocation_service_server::AllocationService, *};
use domain::{
    actor::{PersonId, TenantId},
    allocation::{self as rules, Stage},
    id::Id,
    policy::catalogue::Role,
    refusal::Refusal,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct AllocationRpc(pub(crate) Desk);

#[tonic::async_trait]
impl AllocationService for AllocationRpc {
    async fn register_interest(
        &self,
        request: Request<RegisterInterestRequest>,
    ) -> Result<Response<RegisterInterestResponse>, Status> {
        let own = self.0.permit(&request).await?.actor().tenant;
        self.0
            .write(request, |m| {
                Ok(rules::RegisterInterest {
                    employer: wire::tenant_or(own, &m.employer, "employer")?,
                    commissioner: TenantId::from_name(&m.commissioner, "commissioner")?,
                    role: Role::parse(&m.role, "role")?,
                    region: wire::word(&m.region, "region")?,
                    demand: wire::number(m.demand, "demand")?,
                })
            })
            .await
    }

    async fn declare_readiness(
        &self,
        request: Request<DeclareReadinessRequest>,
    ) -> Result<Response<DeclareReadinessResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DeclareReadiness {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    permanent_qualified_posts: m.permanent_qualified_posts,
                    professional_lead: person(&m.professional_lead, "professional_lead")?,
                    supervisors: wire::names(&m.supervisors, "supervisors")?,
                    sponsor: person(&m.sponsor, "sponsor")?,
                    clinical_escalation: m.clinical_escalation,
                })
            })
            .await
    }

    async fn propose_allocation(
        &self,
        request: Request<ProposeAllocationRequest>,
    ) -> Result<Response<ProposeAllocationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ProposeAllocation {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    intake: Id::from_name(&m.intake, "intake")?,
                    places: wire::number(m.places, "places")?,
                    pilot: wire::some(m.pilot),
                })
            })
            .await
    }

    async fn grant_cluster_override(
        &self,
        request: Request<GrantClusterOverrideRequest>,
    ) -> Result<Response<GrantClusterOverrideResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::GrantClusterOverride {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    reason: m.reason,
                    review_date: wire::date(&m.review_date, "review_date")?,
                })
            })
            .await
    }

    async fn confirm_allocation(
        &self,
        request: Request<ConfirmAllocationRequest>,
    ) -> Result<Response<ConfirmAllocationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ConfirmAllocation {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    approvals: m
                        .approvals
                        .iter()
                        .map(|approval| {
                            Ok(rules::Approval {
                                by: wire::word(&approval.by, "approvals.by")?,
                                on: wire::date(&approval.on, "approvals.on")?,
                            })
                        })
                        .collect::<Result<_, Refusal>>()?,
                })
            })
            .await
    }

    async fn decline_allocation(
        &self,
        request: Request<DeclineAllocationRequest>,
    ) -> Result<Response<DeclineAllocationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DeclineAllocation {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                })
            })
            .await
    }

    async fn get_allocation(
        &self,
        request: Request<GetAllocationRequest>,
    ) -> Result<Response<GetAllocationResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Allocation>(&request, name).await?;
        let mut allocation = v1::Allocation {
            name: name.clone(),
            places_filled: wire::small(read.state.filled()),
            places_to_advertise: wire::small(read.state.places_to_advertise()),
            ..v1::Allocation::default()
        };
        if let Some(interest) = read.state.interest() {
            allocation.employer = interest.employer.to_string();
            allocation.commissioner = interest.commissioner.to_string();
            allocation.role = interest.role.to_string();
            allocation.region = interest.region.to_string();
            allocation.demand = wire::small(interest.demand);
            allocation.channel = interest.channel.to_string();
        }
        if let Some(granted) = read.state.cluster_override() {
            allocation.override_reason = granted.reason.clone();
            allocation.override_review_date = granted.review_date.to_string();
        }
        let (state, proposal) = match read.state.stage() {
            None => (AllocationState::Unspecified, None),
            Some(Stage::Interested) => (AllocationState::Interested, None),
            Some(Stage::Ready) => (AllocationState::Ready, None),
            Some(Stage::Proposed(proposal)) => (AllocationState::Proposed, Some(proposal)),
            Some(Stage::Confirmed(proposal)) => (AllocationState::Confirmed, Some(proposal)),
            Some(Stage::Declined(_)) => (AllocationState::Declined, None),
        };
        allocation.set_state(state);
        if let Some(proposal) = proposal {
            allocation.university = proposal.university.to_string();
            allocation.intake = proposal.intake.name();
            allocation.places = wire::small(proposal.places);
            allocation.pilot = proposal.pilot.clone().unwrap_or_default();
            allocation.outside_contracted_regions = proposal.outside_contracted_regions;
        }
        Ok(Response::new(GetAllocationResponse {
            allocation: Some(allocation),
            version: wire::count(read.version),
        }))
    }
}

/// Nobody when the field is empty; the rule says what then.
fn person(name: &str, field: &'static str) -> Result<Option<PersonId>, Refusal> {
    (!name.is_empty())
        .then(|| PersonId::from_name(name, field))
        .transpose()
}
