use contract::v1::{self, circumstances_service_server::CircumstancesService, *};
use domain::{circumstances as rules, id::Id, visibility::DataClass};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct CircumstancesRpc(pub(crate) Desk);

#[tonic::async_trait]
impl CircumstancesService for CircumstancesRpc {
    async fn claim_circumstances(
        &self,
        request: Request<ClaimCircumstancesRequest>,
    ) -> Result<Response<ClaimCircumstancesResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ClaimCircumstances {
                    application: Id::from_name(&m.application, "application")?,
                    component: m.component,
                    statement: m.statement,
                })
            })
            .await
    }

    async fn decide_circumstances(
        &self,
        request: Request<DecideCircumstancesRequest>,
    ) -> Result<Response<DecideCircumstancesResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DecideCircumstances {
                    claim: Id::from_name(&m.claim, "claim")?,
                    accepted: m.accepted,
                })
            })
            .await
    }

    async fn get_circumstances_claim(
        &self,
        request: Request<GetCircumstancesClaimRequest>,
    ) -> Result<Response<GetCircumstancesClaimResponse>, Status> {
        let name = request.get_ref().name.clone();
        let read = self
            .0
            .read::<rules::CircumstancesClaim>(&request, &name)
            .await?;
        let state = match read.state.accepted() {
            None => CircumstancesState::Claimed,
            Some(true) => CircumstancesState::Accepted,
            Some(false) => CircumstancesState::Rejected,
        };
        let mut circumstances_claim = None;
        if let Some(claim) = read.state.claim() {
            let statement: Option<String> = {
                let class = DataClass::Circumstances;
                self.0
                    .open(&request, read.id, class, &claim.statement)
                    .await?
            };
            circumstances_claim = Some(v1::CircumstancesClaim {
                name,
                application: claim.application.name(),
                person: claim.person.to_string(),
                component: claim.component.clone(),
                statement: statement.unwrap_or_default(),
                state: state.into(),
            });
        }
        Ok(Response::new(GetCircumstancesClaimResponse {
            circumstances_claim,
            version: wire::count(read.version),
        }))
    }
}
