use contract::v1::{
    GetOperationRequest, GetOperationResponse, OperationState,
    operation_service_server::OperationService,
};
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct OperationRpc(pub(crate) Desk);

#[tonic::async_trait]
impl OperationService for OperationRpc {
    async fn get_operation(
        &self,
        request: Request<GetOperationRequest>,
    ) -> Result<Response<GetOperationResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let request_id = wire::uuid(&request.get_ref().request_id, "request_id")
            .map_err(|refusal| refused(&refusal))?;
        let receipt = self
            .0
            .ledger()
            .receipt(&permit, request_id)
            .await
            .map_err(failed)?;
        let state = match receipt {
            Some(_) => OperationState::Committed,
            None => OperationState::Unknown,
        };
        Ok(Response::new(GetOperationResponse {
            state: state.into(),
            receipt: receipt.as_ref().map(wire::receipt),
        }))
    }
}
