use contract::v1::{self, allocation_service_server::AllocationService, *};
use domain::{
    actor::{PersonId, TenantId},
    allocation::{self as rules, Stage},
    cluster::Cluster,
    directory::ClinicalService,
    id::Id,
    policy::catalogue::{Role, Setting},
    refusal::Refusal,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

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
                    settings: m
                        .settings
                        .iter()
                        .map(|of| {
                            Ok((
                                Setting::parse(&of.setting, "settings.setting")?,
                                wire::number(of.demand, "settings.demand")?,
                            ))
                        })
                        .collect::<Result<_, Refusal>>()?,
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

    async fn request_cluster_override(
        &self,
        request: Request<RequestClusterOverrideRequest>,
    ) -> Result<Response<RequestClusterOverrideResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RequestClusterOverride {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    reason: m.reason,
                })
            })
            .await
    }

    async fn support_cluster_override(
        &self,
        request: Request<SupportClusterOverrideRequest>,
    ) -> Result<Response<SupportClusterOverrideResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SupportClusterOverride {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                })
            })
            .await
    }

    async fn split_places(
        &self,
        request: Request<SplitPlacesRequest>,
    ) -> Result<Response<SplitPlacesResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SplitPlaces {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    services: m
                        .services
                        .iter()
                        .map(|of| {
                            Ok((
                                Id::from_name(&of.clinical_service, "services.clinical_service")?,
                                wire::number(of.places, "services.places")?,
                            ))
                        })
                        .collect::<Result<_, Refusal>>()?,
                })
            })
            .await
    }

    async fn return_places(
        &self,
        request: Request<ReturnPlacesRequest>,
    ) -> Result<Response<ReturnPlacesResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReturnPlaces {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    places: wire::number(m.places, "places")?,
                })
            })
            .await
    }

    async fn reallocate_places(
        &self,
        request: Request<ReallocatePlacesRequest>,
    ) -> Result<Response<ReallocatePlacesResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReallocatePlaces {
                    from: Id::from_name(&m.from_allocation, "from_allocation")?,
                    to: Id::from_name(&m.to_allocation, "to_allocation")?,
                    places: wire::number(m.places, "places")?,
                })
            })
            .await
    }

    async fn join_waitlist(
        &self,
        request: Request<JoinWaitlistRequest>,
    ) -> Result<Response<JoinWaitlistResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::JoinWaitlist {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    intake: Id::from_name(&m.intake, "intake")?,
                    places: wire::number(m.places, "places")?,
                })
            })
            .await
    }

    async fn offer_pilot_sites(
        &self,
        request: Request<OfferPilotSitesRequest>,
    ) -> Result<Response<OfferPilotSitesResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::OfferPilotSites {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    sites: m.sites.into_iter().collect(),
                })
            })
            .await
    }

    async fn reallocate_spare_capacity(
        &self,
        request: Request<ReallocateSpareCapacityRequest>,
    ) -> Result<Response<ReallocateSpareCapacityResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReallocateSpareCapacity {
                    intake: Id::from_name(&m.intake, "intake")?,
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    places: wire::number(m.places, "places")?,
                    pilot: m.pilot,
                })
            })
            .await
    }

    async fn get_cluster(
        &self,
        request: Request<GetClusterRequest>,
    ) -> Result<Response<GetClusterResponse>, Status> {
        let own = self.0.permit(&request).await?.actor().tenant;
        let message = request.get_ref();
        let refuse = |refusal: Refusal| refused(&refusal);
        let employer = wire::tenant_or(own, &message.employer, "employer").map_err(refuse)?;
        let intake = Id::from_name(&message.intake, "intake").map_err(refuse)?;
        let name = Cluster::id(employer, intake).name();
        let read = self.0.read::<Cluster>(&request, &name).await?;
        let services = read.state.by_service();
        let cluster = read.state.terms().map(|terms| v1::Cluster {
            name,
            employer: terms.employer.to_string(),
            university: terms.university.to_string(),
            intake: terms.intake.name(),
            role: terms.role.to_string(),
            trainees: wire::small(read.state.trainees()),
            services: services.iter().map(service_places).collect(),
            at_risk: read.state.at_risk(),
        });
        Ok(Response::new(GetClusterResponse {
            cluster,
            version: wire::count(read.version),
        }))
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
        if let Some(known) = read.state.registered() {
            fill(&mut allocation, known);
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

/// What was declared, asked for and divided.
fn fill(allocation: &mut v1::Allocation, known: &rules::Registered) {
    if let Some(request) = &known.override_request {
        allocation.override_request_reason = request.reason.clone();
        allocation.override_requested_by = request.by.to_string();
        allocation.override_supported = known.override_supported;
    }
    if let Some(readiness) = &known.readiness {
        allocation.sponsor = readiness.sponsor.to_string();
        allocation.professional_lead = readiness.professional_lead.to_string();
    }
    let settings = known.settings.iter();
    allocation.settings = settings
        .map(|(setting, demand)| v1::SettingDemand {
            setting: setting.to_string(),
            demand: wire::small(*demand),
        })
        .collect();
    let services = known.services.iter();
    allocation.services = services.map(service_places).collect();
    let offered = known.pilot_sites.values();
    allocation.pilot_sites = offered
        .map(|offered| v1::PilotSites {
            pilot: offered.pilot.clone(),
            clinical_service: offered.clinical_service.name(),
            sites: offered.sites.iter().cloned().collect(),
        })
        .collect();
    allocation.waits_for = wire::show(known.waits_for.map(|intake| intake.name()));
}

fn service_places((service, places): (&Id<ClinicalService>, &u32)) -> v1::ServicePlaces {
    v1::ServicePlaces {
        clinical_service: service.name(),
        places: wire::small(*places),
    }
}

/// Nobody when the field is empty; the rule says what then.
fn person(name: &str, field: &'static str) -> Result<Option<PersonId>, Refusal> {
    (!name.is_empty())
        .then(|| PersonId::from_name(name, field))
        .transpose()
}
