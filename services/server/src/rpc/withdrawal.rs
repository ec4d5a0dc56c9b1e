use contract::v1::{self, withdrawal_service_server::WithdrawalService, *};
use domain::{correction::Authority, id::Id, visibility::DataClass, withdrawal as rules};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct WithdrawalRpc(pub(crate) Desk);

#[tonic::async_trait]
impl WithdrawalService for WithdrawalRpc {
    async fn propose_withdrawal(
        &self,
        request: Request<ProposeWithdrawalRequest>,
    ) -> Result<Response<ProposeWithdrawalResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ProposeWithdrawal {
                    training: Id::from_name(&m.training, "training")?,
                    reason: wire::word(&m.reason, "reason")?,
                })
            })
            .await
    }

    async fn make_representations(
        &self,
        request: Request<MakeRepresentationsRequest>,
    ) -> Result<Response<MakeRepresentationsResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::MakeRepresentations {
                    training: Id::from_name(&m.training, "training")?,
                    text: m.text,
                })
            })
            .await
    }

    async fn confirm_withdrawal(
        &self,
        request: Request<ConfirmWithdrawalRequest>,
    ) -> Result<Response<ConfirmWithdrawalResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ConfirmWithdrawal {
                    training: Id::from_name(&m.training, "training")?,
                })
            })
            .await
    }

    async fn drop_withdrawal(
        &self,
        request: Request<DropWithdrawalRequest>,
    ) -> Result<Response<DropWithdrawalResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DropWithdrawal {
                    training: Id::from_name(&m.training, "training")?,
                })
            })
            .await
    }

    async fn reverse_withdrawal(
        &self,
        request: Request<ReverseWithdrawalRequest>,
    ) -> Result<Response<ReverseWithdrawalResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReverseWithdrawal {
                    training: Id::from_name(&m.training, "training")?,
                    in_error: m.in_error,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }

    async fn get_withdrawal(
        &self,
        request: Request<GetWithdrawalRequest>,
    ) -> Result<Response<GetWithdrawalResponse>, Status> {
        let name = request.get_ref().name.clone();
        let read = self.0.read::<rules::Withdrawal>(&request, &name).await?;
        let withdrawal = &read.state;
        let representations: Option<String> = match withdrawal.representations() {
            Some(text) => {
                self.0
                    .open(&request, read.id, DataClass::Withdrawal, text)
                    .await?
            }
            None => None,
        };
        let withdrawal = withdrawal.appointment().map(|whose| v1::Withdrawal {
            name,
            application: whose.application.name(),
            person: whose.person.to_string(),
            reason: wire::show(withdrawal.reason()),
            proposed_on: wire::show(withdrawal.proposed()),
            withdrawn_on: wire::show(withdrawal.confirmed()),
            representations: representations.unwrap_or_default(),
        });
        Ok(Response::new(GetWithdrawalResponse {
            withdrawal,
            version: wire::count(read.version),
        }))
    }
}
