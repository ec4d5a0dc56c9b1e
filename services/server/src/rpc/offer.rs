use contract::v1::{
    self, AcceptOfferRequest, AcceptOfferResponse, ClearEmploymentCheckRequest,
    ClearEmploymentCheckResponse, ConfirmConditionsRequest, ConfirmConditionsResponse,
    DeclineOfferRequest, DeclineOfferResponse, GetOfferRequest, GetOfferResponse, MakeOfferRequest,
    MakeOfferResponse, OfferState, offer_service_server::OfferService,
};
use domain::{
    actor::Party,
    id::Id,
    offer::{
        AcceptOffer, ClearEmploymentCheck, ConfirmConditions, DeclineOffer, HeldOffer, MakeOffer,
        Offer, OfferStage,
    },
    refusal::Refusal,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

pub(crate) struct OfferRpc(pub(crate) Desk);

#[tonic::async_trait]
impl OfferService for OfferRpc {
    async fn make_offer(
        &self,
        request: Request<MakeOfferRequest>,
    ) -> Result<Response<MakeOfferResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(MakeOffer {
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn accept_offer(
        &self,
        request: Request<AcceptOfferRequest>,
    ) -> Result<Response<AcceptOfferResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(AcceptOffer {
                    offer: Id::from_name(&m.offer, "offer")?,
                })
            })
            .await
    }

    async fn decline_offer(
        &self,
        request: Request<DeclineOfferRequest>,
    ) -> Result<Response<DeclineOfferResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(DeclineOffer {
                    offer: Id::from_name(&m.offer, "offer")?,
                })
            })
            .await
    }

    async fn clear_employment_check(
        &self,
        request: Request<ClearEmploymentCheckRequest>,
    ) -> Result<Response<ClearEmploymentCheckResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(ClearEmploymentCheck {
                    offer: Id::from_name(&m.offer, "offer")?,
                    check: wire::word(&m.check, "check")?,
                    result: wire::word(&m.result, "result")?,
                    on: wire::date(&m.result_date, "result_date")?,
                })
            })
            .await
    }

    async fn confirm_conditions(
        &self,
        request: Request<ConfirmConditionsRequest>,
    ) -> Result<Response<ConfirmConditionsResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(ConfirmConditions {
                    offer: Id::from_name(&m.offer, "offer")?,
                    conditions: m.conditions,
                })
            })
            .await
    }

    async fn get_offer(
        &self,
        request: Request<GetOfferRequest>,
    ) -> Result<Response<GetOfferResponse>, Status> {
        let read = self
            .0
            .read::<Offer>(&request, &request.get_ref().name)
            .await?;
        let held = read
            .state
            .held()
            .ok_or_else(|| refused(&Refusal::not_permitted()))?;
        Ok(Response::new(GetOfferResponse {
            offer: Some(offer(read.id, held)),
            version: wire::count(read.version),
        }))
    }
}

fn offer(id: Id<Offer>, held: &HeldOffer) -> v1::Offer {
    let terms = &held.terms;
    v1::Offer {
        name: id.name(),
        application: terms.application.name(),
        vacancy: terms.vacancy.name(),
        person: terms.person.to_string(),
        employer: terms.employer.to_string(),
        university: terms.university.to_string(),
        intake: terms.intake.name(),
        role: terms.role.to_string(),
        level: i32::from(terms.level),
        state: state(held.stage).into(),
        employer_conditions: held.conditions.employer.iter().cloned().collect(),
        university_conditions: held.conditions.university.iter().cloned().collect(),
        employer_confirmed: held.confirmed.contains(&Party::Employer),
        university_confirmed: held.confirmed.contains(&Party::University),
        employment_checks: held
            .checks
            .iter()
            .map(|(check, status)| v1::EmploymentCheckStatus {
                check: check.to_string(),
                result: status.result.to_string(),
                result_date: status.on.to_string(),
            })
            .collect(),
    }
}

fn state(stage: OfferStage) -> OfferState {
    match stage {
        OfferStage::Made => OfferState::Made,
        OfferStage::Accepted => OfferState::Accepted,
        OfferStage::ConditionsMet => OfferState::ConditionsMet,
        OfferStage::Declined => OfferState::Declined,
        OfferStage::Withdrawn => OfferState::Withdrawn,
    }
}
