use contract::v1::{self, programme_service_server::ProgrammeService, *};
use domain::{
    actor::TenantId,
    calendar::london_date,
    id::Id,
    policy::{Policies, catalogue::Role},
    programme as rules,
    refusal::Refusal,
    visibility::DataClass,
};
use tonic::{Request, Response, Status};

use views::{
    read::{self, Asked},
    trend::{self, Trend},
};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct ProgrammeRpc(pub(crate) Desk);

#[tonic::async_trait]
impl ProgrammeService for ProgrammeRpc {
    async fn reach_milestone(
        &self,
        request: Request<ReachMilestoneRequest>,
    ) -> Result<Response<ReachMilestoneResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReachMilestone {
                    role: Role::parse(&m.role, "role")?,
                    milestone: wire::word(&m.milestone, "milestone")?,
                })
            })
            .await
    }

    async fn contract_provider(
        &self,
        request: Request<ContractProviderRequest>,
    ) -> Result<Response<ContractProviderResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ContractProvider {
                    role: Role::parse(&m.role, "role")?,
                    university: TenantId::from_name(&m.university, "university")?,
                    regions: wire::words(&m.regions, "regions")?,
                })
            })
            .await
    }

    async fn plan_intake(
        &self,
        request: Request<PlanIntakeRequest>,
    ) -> Result<Response<PlanIntakeResponse>, Status> {
        self.0
            .write(request, |m| {
                let teaching_start = wire::date(&m.teaching_start, "teaching_start")?;
                let last_start = wire::optional_date(&m.last_start, "last_start")?;
                Ok(rules::PlanIntake {
                    commissioner: TenantId::from_name(&m.commissioner, "commissioner")?,
                    role: Role::parse(&m.role, "role")?,
                    title: m.title,
                    teaching_start,
                    last_start: last_start.unwrap_or(teaching_start),
                    training_end: wire::date(&m.training_end, "training_end")?,
                    board_date: wire::date(&m.board_date, "board_date")?,
                    curriculum_version: m.curriculum_version,
                    capacity: m
                        .capacity
                        .iter()
                        .map(|route| {
                            Ok(rules::RouteCapacity {
                                level: wire::number(route.level, "capacity.level")?,
                                places: wire::number(route.places, "capacity.places")?,
                            })
                        })
                        .collect::<Result<_, _>>()?,
                })
            })
            .await
    }

    async fn close_allocation_round(
        &self,
        request: Request<CloseAllocationRoundRequest>,
    ) -> Result<Response<CloseAllocationRoundResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CloseAllocationRound {
                    intake: Id::from_name(&m.intake, "intake")?,
                    none_because: m
                        .none_because
                        .iter()
                        .map(|of| {
                            Ok((
                                wire::word(&of.region, "none_because.region")?,
                                wire::word(&of.reason, "none_because.reason")?,
                            ))
                        })
                        .collect::<Result<_, Refusal>>()?,
                })
            })
            .await
    }

    async fn migrate_curriculum(
        &self,
        request: Request<MigrateCurriculumRequest>,
    ) -> Result<Response<MigrateCurriculumResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::MigrateCurriculum {
                    intake: Id::from_name(&m.intake, "intake")?,
                    version: m.curriculum_version,
                })
            })
            .await
    }

    async fn get_intake_trend(
        &self,
        request: Request<GetIntakeTrendRequest>,
    ) -> Result<Response<GetIntakeTrendResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let message = request.get_ref();
        let refuse = |refusal: Refusal| refused(&refusal);
        let from = wire::date(&message.from, "from").map_err(refuse)?;
        let until = wire::date(&message.until, "until").map_err(refuse)?;
        let seen = read::dashboard(self.0.ledger(), &permit, Asked::default())
            .await
            .map_err(failed)?;
        let trend = Trend::of(&seen.figures, from, until);
        let row = |month: String, row: &trend::Row| v1::IntakeTrend {
            month,
            capacity: row.capacity,
            places_allocated: row.allocated,
            places_filled: row.filled,
        };
        let months = trend.months.iter();
        Ok(Response::new(GetIntakeTrendResponse {
            months: months
                .map(|(month, of)| row(month.to_string(), of))
                .collect(),
            total: Some(row(String::new(), &trend.total())),
        }))
    }

    async fn get_programme(
        &self,
        request: Request<GetProgrammeRequest>,
    ) -> Result<Response<GetProgrammeResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Programme>(&request, name).await?;
        let mut programme = v1::Programme {
            name: name.clone(),
            ..v1::Programme::default()
        };
        if let rules::Programme::UnderWay {
            commissioner,
            role,
            milestones,
            providers,
        } = &read.state
        {
            programme.commissioner = commissioner.to_string();
            programme.role = role.to_string();
            programme.dated_facts = self.dated_facts(role).map_err(|why| refused(&why))?;
            let mut reached: Vec<_> = milestones.iter().collect();
            reached.sort_by_key(|(_, on)| **on);
            programme.milestones = reached
                .into_iter()
                .map(|(milestone, on)| v1::MilestoneReached {
                    milestone: milestone.to_string(),
                    on: on.to_string(),
                })
                .collect();
            programme.providers = providers
                .iter()
                .flat_map(|(university, contracts)| {
                    contracts.iter().map(|contract| v1::ProviderContract {
                        university: university.to_string(),
                        from: contract.from.to_string(),
                        regions: contract.regions.iter().map(ToString::to_string).collect(),
                    })
                })
                .collect();
        }
        Ok(Response::new(GetProgrammeResponse {
            programme: Some(programme),
            version: wire::count(read.version),
        }))
    }

    async fn get_intake(
        &self,
        request: Request<GetIntakeRequest>,
    ) -> Result<Response<GetIntakeResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Intake>(&request, name).await?;
        let role = self.0.permit(&request).await?.actor().role;
        let mut intake = read.state.terms().map(|terms| v1::Intake {
            name: name.clone(),
            university: terms.university.to_string(),
            commissioner: terms.commissioner.to_string(),
            role: terms.role.to_string(),
            title: terms.title.clone(),
            teaching_start: terms.teaching_start.to_string(),
            last_start: terms.last_start.to_string(),
            training_end: terms.training_end.to_string(),
            board_date: terms.board_date.to_string(),
            curriculum_version: terms.curriculum_version.clone(),
            capacity: terms
                .capacity
                .iter()
                .map(|route| v1::RouteCapacity {
                    level: wire::small(route.level),
                    places: wire::small(route.places),
                })
                .collect(),
            places_reserved: wire::small(read.state.reserved()),
            places_free: wire::small(read.state.free()),
            round: read
                .state
                .round()
                .into_iter()
                .flatten()
                .map(|(region, got)| v1::RegionRound {
                    region: region.to_string(),
                    places: wire::small(got.places),
                    none_because: wire::show(got.none_because),
                })
                .collect(),
            waiting: read
                .state
                .waiting()
                .iter()
                .map(|(allocation, held)| v1::WaitingAllocation {
                    allocation: allocation.name(),
                    employer: held.employer.to_string(),
                    places: wire::small(held.places),
                })
                .collect(),
        });
        if let Some(intake) = &mut intake
            && !DataClass::Allocation.is_shown_to(role)
        {
            intake.capacity.clear();
            (intake.places_reserved, intake.places_free) = (0, 0);
            intake.round.clear();
            intake.waiting.clear();
        }
        Ok(Response::new(GetIntakeResponse {
            intake,
            version: wire::count(read.version),
        }))
    }
}

impl ProgrammeRpc {
    fn dated_facts(&self, role: &Role) -> Result<Vec<v1::DatedFact>, Refusal> {
        let policies = Policies::of(self.0.ledger().policies());
        let today = london_date(self.0.ledger().now());
        let known: Option<Vec<rules::DatedFact>> =
            policies.find(&format!("timeline.{role}"), today)?;
        let mut known = known.unwrap_or_default();
        known.sort_by_key(|fact| fact.on);
        Ok(known
            .into_iter()
            .map(|fact| v1::DatedFact {
                on: fact.on.to_string(),
                what: fact.what,
            })
            .collect())
    }
}
