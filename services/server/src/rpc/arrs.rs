use contract::v1::{self, arrs_service_server::ArrsService, *};
use domain::{application::Application, arrs as rules, id::Id, refusal::Refusal};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct ArrsRpc(pub(crate) Desk);

fn application(name: &str) -> Result<Id<Application>, Refusal> {
    Id::from_name(name, "application")
}

#[tonic::async_trait]
impl ArrsService for ArrsRpc {
    async fn evidence_arrs_competence(
        &self,
        request: Request<EvidenceArrsCompetenceRequest>,
    ) -> Result<Response<EvidenceArrsCompetenceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::EvidenceArrsCompetence {
                    application: application(&m.application)?,
                    competence: m.competence,
                    evidence: m.evidence,
                })
            })
            .await
    }

    async fn arrange_arrs_supervision(
        &self,
        request: Request<ArrangeArrsSupervisionRequest>,
    ) -> Result<Response<ArrangeArrsSupervisionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ArrangeArrsSupervision {
                    application: application(&m.application)?,
                    supervisor: Id::from_name(&m.supervisor, "supervisor")?,
                })
            })
            .await
    }

    async fn end_arrs_supervision(
        &self,
        request: Request<EndArrsSupervisionRequest>,
    ) -> Result<Response<EndArrsSupervisionResponse>, Status> {
        self.0
            .write(request, |m| {
                let application = application(&m.application)?;
                Ok(rules::EndArrsSupervision { application })
            })
            .await
    }

    async fn agree_arrs_supervision_plan(
        &self,
        request: Request<AgreeArrsSupervisionPlanRequest>,
    ) -> Result<Response<AgreeArrsSupervisionPlanResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AgreeArrsSupervisionPlan {
                    application: application(&m.application)?,
                    review_on: wire::date(&m.review_on, "review_on")?,
                })
            })
            .await
    }

    async fn check_arrs_eligibility(
        &self,
        request: Request<CheckArrsEligibilityRequest>,
    ) -> Result<Response<CheckArrsEligibilityResponse>, Status> {
        self.0
            .write(request, |m| {
                let application = application(&m.application)?;
                Ok(rules::CheckArrsEligibility { application })
            })
            .await
    }

    async fn deploy_under_arrs(
        &self,
        request: Request<DeployUnderArrsRequest>,
    ) -> Result<Response<DeployUnderArrsResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DeployUnderArrs {
                    application: application(&m.application)?,
                    network: m.network,
                    band: wire::number(m.band, "band")?,
                    network_percent: wire::number(m.network_percent, "network_percent")?,
                    experience_months: wire::number(m.experience_months, "experience_months")?,
                })
            })
            .await
    }

    async fn end_arrs_deployment(
        &self,
        request: Request<EndArrsDeploymentRequest>,
    ) -> Result<Response<EndArrsDeploymentResponse>, Status> {
        self.0
            .write(request, |m| {
                let application = application(&m.application)?;
                Ok(rules::EndArrsDeployment { application })
            })
            .await
    }

    async fn get_arrs_deployment(
        &self,
        request: Request<GetArrsDeploymentRequest>,
    ) -> Result<Response<GetArrsDeploymentResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::ArrsDeployment>(&request, name).await?;
        let arrs_deployment = read.state.held().map(|held| v1::ArrsDeployment {
            name: name.clone(),
            application: held.appointment.application.name(),
            person: held.appointment.person.to_string(),
            competences: held.competences.keys().cloned().collect(),
            supervisor: wire::show(held.supervisor().map(|supervisor| supervisor.name())),
            plan_review_on: wire::show(held.plans.last().map(|plan| plan.review_on)),
            checked_on: wire::show(held.check.as_ref().map(|check| check.on)),
            lacking: held
                .check
                .iter()
                .flat_map(|check| &check.lacking)
                .map(ToString::to_string)
                .collect(),
            posts: held
                .posts
                .iter()
                .map(|(post, until)| v1::ArrsPost {
                    network: post.network.clone(),
                    band: wire::small(post.band),
                    network_percent: wire::small(post.network_percent),
                    employer_percent: wire::small(post.employer_percent()),
                    register: post.register.to_string(),
                    little_experience: post.little_experience,
                    from: post.from.to_string(),
                    until: wire::show(*until),
                })
                .collect(),
        });
        Ok(Response::new(GetArrsDeploymentResponse {
            arrs_deployment,
            version: wire::count(read.version),
        }))
    }
}
