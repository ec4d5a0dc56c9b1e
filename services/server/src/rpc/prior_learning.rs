use contract::v1::{self, prior_learning_service_server::PriorLearningService, *};
use domain::{id::Id, prior_learning as rules, visibility::DataClass};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct PriorLearningRpc(pub(crate) Desk);

#[tonic::async_trait]
impl PriorLearningService for PriorLearningRpc {
    async fn claim_prior_learning(
        &self,
        request: Request<ClaimPriorLearningRequest>,
    ) -> Result<Response<ClaimPriorLearningResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ClaimPriorLearning {
                    application: Id::from_name(&m.application, "application")?,
                    credits: wire::number(m.credits, "credits")?,
                    learned: wire::date(&m.learned, "learned")?,
                    learning: m.learning,
                })
            })
            .await
    }

    async fn decide_prior_learning(
        &self,
        request: Request<DecidePriorLearningRequest>,
    ) -> Result<Response<DecidePriorLearningResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DecidePriorLearning {
                    claim: Id::from_name(&m.claim, "claim")?,
                    credits: wire::number(m.credits, "credits")?,
                })
            })
            .await
    }

    async fn get_prior_learning(
        &self,
        request: Request<GetPriorLearningRequest>,
    ) -> Result<Response<GetPriorLearningResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::PriorLearning>(&request, name).await?;
        let learning = match read.state.learning() {
            Some(learning) => {
                let class = DataClass::StudyEvidence;
                self.0.open(&request, read.id, class, learning).await?
            }
            None => None,
        };
        let prior_learning = read.state.claim().map(|claim| v1::PriorLearning {
            name: name.clone(),
            application: claim.application.name(),
            credits_claimed: wire::small(claim.credits),
            learned: claim.learned.to_string(),
            learning: learning.unwrap_or_default(),
            decided: read.state.decided(),
            credits: wire::small(read.state.credits()),
        });
        Ok(Response::new(GetPriorLearningResponse {
            prior_learning,
            version: wire::count(read.version),
        }))
    }
}
