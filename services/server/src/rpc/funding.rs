use contract::v1::{self, funding_service_server::FundingService, *};
use domain::{
    actor::PersonId,
    funding::{self as rules, FundingLockCheck, LockAnswer, LockQuestion},
    id::Id,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::failed, wire};

pub(crate) struct FundingRpc(pub(crate) Desk);

#[tonic::async_trait]
impl FundingService for FundingRpc {
    async fn approve_award(
        &self,
        request: Request<ApproveAwardRequest>,
    ) -> Result<Response<ApproveAwardResponse>, Status> {
        let by_policy = |pence: i64| (pence != 0).then_some(pence);
        self.0
            .write(request, |m| {
                Ok(rules::ApproveAward {
                    application: Id::from_name(&m.application, "application")?,
                    tuition_pence: by_policy(m.tuition_pence),
                    salary_pence: by_policy(m.salary_pence),
                    other_sources: wire::words(&m.other_sources, "other_sources")?,
                })
            })
            .await
    }

    async fn pay_instalment(
        &self,
        request: Request<PayInstalmentRequest>,
    ) -> Result<Response<PayInstalmentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::PayInstalment {
                    award: Id::from_name(&m.award, "award")?,
                    number: wire::number(m.number, "number")?,
                })
            })
            .await
    }

    async fn get_award(
        &self,
        request: Request<GetAwardRequest>,
    ) -> Result<Response<GetAwardResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::FundingAward>(&request, name).await?;
        let state = match &read.state {
            rules::FundingAward::Absent => FundingAwardState::Unspecified,
            rules::FundingAward::Active { .. } => FundingAwardState::Active,
            rules::FundingAward::Completed { .. } => FundingAwardState::Completed,
        };
        let paid = read.state.paid();
        let award = read.state.award().map(|award| {
            let instalments: Vec<_> =
                rules::instalments(award.salary_pence, award.instalments).collect();
            v1::FundingAward {
                name: name.clone(),
                application: award.appointment.application.name(),
                person: award.appointment.person.to_string(),
                employer: award.appointment.employer.to_string(),
                intake: award.appointment.intake.name(),
                commitment: award.commitment.name(),
                tuition_pence: award.tuition_pence,
                salary_pence: award.salary_pence,
                paid_pence: instalments.iter().take(paid.len()).sum(),
                instalments_pence: instalments,
                paid_on: paid.iter().map(ToString::to_string).collect(),
                state: state.into(),
            }
        });
        Ok(Response::new(GetAwardResponse {
            award,
            version: wire::count(read.version),
        }))
    }

    async fn check_funding_lock(
        &self,
        request: Request<CheckFundingLockRequest>,
    ) -> Result<Response<CheckFundingLockResponse>, Status> {
        let (permit, receipt) = self
            .0
            .record(request, |m| {
                Ok(rules::CheckFundingLock {
                    person: PersonId::from_name(&m.person, "person")?,
                    question: LockQuestion {
                        teaching_start: wire::date(&m.teaching_start, "teaching_start")?,
                        nhs_funded: !m.self_funded,
                        change_of_occupation: !m.same_occupation,
                    },
                })
            })
            .await?;
        let check = self
            .0
            .ledger()
            .read(&permit, Id::<FundingLockCheck>::new(receipt.id))
            .await
            .map_err(failed)?;
        let mut response = CheckFundingLockResponse {
            receipt: Some(wire::receipt(&receipt)),
            ..CheckFundingLockResponse::default()
        };
        match check.state {
            FundingLockCheck::Absent => {}
            FundingLockCheck::Answered { answer, .. } => match answer {
                LockAnswer::Clear { exemption } => {
                    response.clear = true;
                    response.exemption = wire::show(exemption);
                }
                LockAnswer::Locked {
                    until,
                    provisional,
                    rule_version,
                } => {
                    response.lock_until = until.to_string();
                    response.provisional = provisional;
                    response.rule_version = wire::small(rule_version);
                }
            },
        }
        Ok(Response::new(response))
    }

    async fn grant_lock_exemption(
        &self,
        request: Request<GrantLockExemptionRequest>,
    ) -> Result<Response<GrantLockExemptionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::GrantLockExemption {
                    person: PersonId::from_name(&m.person, "person")?,
                    reason: m.reason,
                })
            })
            .await
    }
}
