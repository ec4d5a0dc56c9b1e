use contract::v1::{self, supervision_agreement_service_server::SupervisionAgreementService, *};
use domain::{actor::TenantId, id::Id, supervision_agreement as rules};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct SupervisionAgreementRpc(pub(crate) Desk);

#[tonic::async_trait]
impl SupervisionAgreementService for SupervisionAgreementRpc {
    async fn agree_supervision(
        &self,
        request: Request<AgreeSupervisionRequest>,
    ) -> Result<Response<AgreeSupervisionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AgreeSupervision {
                    supervisor: Id::from_name(&m.supervisor, "supervisor")?,
                    employer: TenantId::from_name(&m.employer, "employer")?,
                    until: wire::optional_date(&m.until, "until")?,
                })
            })
            .await
    }

    async fn end_supervision_agreement(
        &self,
        request: Request<EndSupervisionAgreementRequest>,
    ) -> Result<Response<EndSupervisionAgreementResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::EndSupervisionAgreement {
                    agreement: Id::from_name(&m.agreement, "agreement")?,
                })
            })
            .await
    }

    async fn get_supervision_agreement(
        &self,
        request: Request<GetSupervisionAgreementRequest>,
    ) -> Result<Response<GetSupervisionAgreementResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self
            .0
            .read::<rules::SupervisionAgreement>(&request, name)
            .await?;
        let agreed = read.state.agreed();
        Ok(Response::new(GetSupervisionAgreementResponse {
            supervision_agreement: agreed.map(|agreed| v1::SupervisionAgreement {
                name: name.clone(),
                supervisor: agreed.supervisor.name(),
                partner: agreed.partner.to_string(),
                employer: agreed.employer.to_string(),
                from: agreed.from.to_string(),
                until: wire::show(agreed.until),
            }),
            version: wire::count(read.version),
        }))
    }
}
