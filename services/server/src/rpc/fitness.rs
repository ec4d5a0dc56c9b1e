use contract::v1::{self, fitness_service_server::FitnessService, *};
use domain::{fitness as rules, id::Id, visibility::DataClass};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct FitnessRpc(pub(crate) Desk);

#[tonic::async_trait]
impl FitnessService for FitnessRpc {
    async fn open_fitness_case(
        &self,
        request: Request<OpenFitnessCaseRequest>,
    ) -> Result<Response<OpenFitnessCaseResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::OpenFitnessCase {
                    training: Id::from_name(&m.training, "training")?,
                    concern: m.concern,
                })
            })
            .await
    }

    async fn suspend_practice(
        &self,
        request: Request<SuspendPracticeRequest>,
    ) -> Result<Response<SuspendPracticeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SuspendPractice {
                    case: Id::from_name(&m.case, "case")?,
                })
            })
            .await
    }

    async fn review_suspension(
        &self,
        request: Request<ReviewSuspensionRequest>,
    ) -> Result<Response<ReviewSuspensionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReviewSuspension {
                    case: Id::from_name(&m.case, "case")?,
                })
            })
            .await
    }

    async fn restore_practice(
        &self,
        request: Request<RestorePracticeRequest>,
    ) -> Result<Response<RestorePracticeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RestorePractice {
                    case: Id::from_name(&m.case, "case")?,
                })
            })
            .await
    }

    async fn close_fitness_case(
        &self,
        request: Request<CloseFitnessCaseRequest>,
    ) -> Result<Response<CloseFitnessCaseResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CloseFitnessCase {
                    case: Id::from_name(&m.case, "case")?,
                    outcome: wire::word(&m.outcome, "outcome")?,
                })
            })
            .await
    }

    async fn get_fitness_case(
        &self,
        request: Request<GetFitnessCaseRequest>,
    ) -> Result<Response<GetFitnessCaseResponse>, Status> {
        let name = request.get_ref().name.clone();
        let read = self.0.read::<rules::FitnessCase>(&request, &name).await?;
        let fitness_case = match &read.state {
            rules::FitnessCase::Absent => None,
            rules::FitnessCase::Opened {
                appointment,
                training,
                concern,
                review_by,
                outcome,
            } => {
                let concern: Option<String> = self
                    .0
                    .open(&request, read.id, DataClass::FitnessToPractise, concern)
                    .await?;
                Some(v1::FitnessCase {
                    name,
                    training: training.name(),
                    person: appointment.person.to_string(),
                    concern: concern.unwrap_or_default(),
                    review_by: wire::show(*review_by),
                    outcome: wire::show(*outcome),
                })
            }
        };
        Ok(Response::new(GetFitnessCaseResponse {
            fitness_case,
            version: wire::count(read.version),
        }))
    }
}
