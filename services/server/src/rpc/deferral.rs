use contract::v1::{
    self, AgreeDeferralRequest, AgreeDeferralResponse, GetDeferralRequest, GetDeferralResponse,
    RefuseDeferralRequest, RefuseDeferralResponse, RequestDeferralRequest, RequestDeferralResponse,
    deferral_service_server::DeferralService,
};
use domain::{
    deferral::{AgreeDeferral, Deferral, RefuseDeferral, RequestDeferral},
    id::Id,
    refusal::Refusal,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

pub(crate) struct DeferralRpc(pub(crate) Desk);

#[tonic::async_trait]
impl DeferralService for DeferralRpc {
    async fn request_deferral(
        &self,
        request: Request<RequestDeferralRequest>,
    ) -> Result<Response<RequestDeferralResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(RequestDeferral {
                    application: Id::from_name(&m.application, "application")?,
                    vacancy: Id::from_name(&m.vacancy, "vacancy")?,
                })
            })
            .await
    }

    async fn agree_deferral(
        &self,
        request: Request<AgreeDeferralRequest>,
    ) -> Result<Response<AgreeDeferralResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(AgreeDeferral {
                    deferral: Id::from_name(&m.deferral, "deferral")?,
                })
            })
            .await
    }

    async fn refuse_deferral(
        &self,
        request: Request<RefuseDeferralRequest>,
    ) -> Result<Response<RefuseDeferralResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(RefuseDeferral {
                    deferral: Id::from_name(&m.deferral, "deferral")?,
                })
            })
            .await
    }

    async fn get_deferral(
        &self,
        request: Request<GetDeferralRequest>,
    ) -> Result<Response<GetDeferralResponse>, Status> {
        let read = self
            .0
            .read::<Deferral>(&request, &request.get_ref().name)
            .await?;
        let held = read
            .state
            .held()
            .ok_or_else(|| refused(&Refusal::not_permitted()))?;
        Ok(Response::new(GetDeferralResponse {
            deferral: Some(v1::Deferral {
                name: read.id.name(),
                application: held.terms.application.name(),
                vacancy: held.terms.vacancy.name(),
                intake: held.terms.intake.name(),
                stage: held.stage.to_string(),
                agreed: held.agreed.iter().map(ToString::to_string).collect(),
            }),
            version: wire::count(read.version),
        }))
    }
}
