use contract::v1::{self, service_transfer_service_server::ServiceTransferService, *};
use domain::{actor::TenantId, id::Id, refusal::Refusal, transfer as rules};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct TransferRpc(pub(crate) Desk);

#[tonic::async_trait]
impl ServiceTransferService for TransferRpc {
    async fn announce_retender(
        &self,
        request: Request<AnnounceRetenderRequest>,
    ) -> Result<Response<AnnounceRetenderResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AnnounceRetender {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    to: TenantId::from_name(&m.to, "to")?,
                    planned_on: wire::date(&m.planned_on, "planned_on")?,
                    trainees: wire::names(&m.trainees, "trainees")?,
                })
            })
            .await
    }

    async fn assess_transfer_impact(
        &self,
        request: Request<AssessTransferImpactRequest>,
    ) -> Result<Response<AssessTransferImpactResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AssessTransferImpact {
                    transfer: Id::from_name(&m.transfer, "transfer")?,
                    findings: (m.findings.iter())
                        .map(|found| {
                            let check = wire::word(&found.check, "findings")?;
                            Ok((check, wire::word(&found.finding, "findings")?))
                        })
                        .collect::<Result<_, Refusal>>()?,
                })
            })
            .await
    }

    async fn decide_transfer_payee(
        &self,
        request: Request<DecideTransferPayeeRequest>,
    ) -> Result<Response<DecideTransferPayeeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DecideTransferPayee {
                    transfer: Id::from_name(&m.transfer, "transfer")?,
                    decision: wire::word(&m.decision, "decision")?,
                })
            })
            .await
    }

    async fn accept_transferred_commitment(
        &self,
        request: Request<AcceptTransferredCommitmentRequest>,
    ) -> Result<Response<AcceptTransferredCommitmentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AcceptTransferredCommitment {
                    transfer: Id::from_name(&m.transfer, "transfer")?,
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    posts: wire::number(m.posts, "posts")?,
                    other_terms: wire::some(m.other_terms),
                })
            })
            .await
    }

    async fn transfer_service(
        &self,
        request: Request<TransferServiceRequest>,
    ) -> Result<Response<TransferServiceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::TransferService {
                    transfer: Id::from_name(&m.transfer, "transfer")?,
                })
            })
            .await
    }

    async fn get_service_transfer(
        &self,
        request: Request<GetServiceTransferRequest>,
    ) -> Result<Response<GetServiceTransferResponse>, Status> {
        let name = request.get_ref().name.clone();
        let read = self
            .0
            .read::<rules::ServiceTransfer>(&request, &name)
            .await?;
        let transfer = &read.state;
        let findings = transfer.findings().into_iter().flatten();
        let shown = transfer.terms().map(|terms| v1::ServiceTransfer {
            name,
            clinical_service: terms.clinical_service.name(),
            from: terms.from.to_string(),
            to: terms.to.to_string(),
            region: terms.region.to_string(),
            planned_on: terms.planned_on.to_string(),
            trainees: wire::small(terms.trainees.len()),
            findings: findings
                .map(|(check, finding)| TransferFinding {
                    check: check.to_string(),
                    finding: finding.to_string(),
                })
                .collect(),
            payee_decision: wire::show(transfer.payee()),
            posts_accepted: (transfer.accepted()).map_or(0, |accepted| wire::small(accepted.posts)),
            transferred_on: wire::show(transfer.transferred()),
        });
        Ok(Response::new(GetServiceTransferResponse {
            transfer: shown,
            version: wire::count(read.version),
        }))
    }
}
