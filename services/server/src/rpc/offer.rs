use contract::v1::{
    self, AcceptOfferRequest, AcceptOfferResponse, ClearEmploymentCheckRequest,
    ClearEmploymentCheckResponse, ConfirmConditionsRequest, ConfirmConditionsResponse,
    DeclineOfferRequest, DeclineOfferResponse, GetOfferRequest, GetOfferResponse,
    GetReserveListRequest, GetReserveListResponse, MakeOfferRequest, MakeOfferResponse, OfferState,
    PlaceOnReserveRequest, PlaceOnReserveResponse, ReinstateOfferRequest, ReinstateOfferResponse,
    RescindOfferRequest, RescindOfferResponse, offer_service_server::OfferService,
};
use domain::{
    actor::{ActingRole, Party},
    application::Application,
    correction::Authority,
    id::Id,
    offer::{
        AcceptOffer, ClearEmploymentCheck, ConfirmConditions, DeclineOffer, HeldOffer, MakeOffer,
        Offer, OfferStage, ReinstateOffer, RescindOffer,
    },
    refusal::Refusal,
    reserve::{PlaceOnReserve, ReserveList},
    visibility::DataClass,
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
                    valid_until: wire::some(m.valid_until)
                        .map(|until| wire::date(&until, "valid_until"))
                        .transpose()?,
                    reference: wire::some(m.reference),
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
        let role = self.0.permit(&request).await?.actor().role;
        let read = self
            .0
            .read::<Offer>(&request, &request.get_ref().name)
            .await?;
        let held = read
            .state
            .held()
            .ok_or_else(|| refused(&Refusal::not_permitted()))?;
        Ok(Response::new(GetOfferResponse {
            offer: Some(offer(read.id, held, role)),
            version: wire::count(read.version),
        }))
    }

    async fn rescind_offer(
        &self,
        request: Request<RescindOfferRequest>,
    ) -> Result<Response<RescindOfferResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(RescindOffer {
                    offer: Id::from_name(&m.offer, "offer")?,
                    reason: wire::word(&m.reason, "reason")?,
                })
            })
            .await
    }

    async fn reinstate_offer(
        &self,
        request: Request<ReinstateOfferRequest>,
    ) -> Result<Response<ReinstateOfferResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(ReinstateOffer {
                    offer: Id::from_name(&m.offer, "offer")?,
                    reason: wire::word(&m.reason, "reason")?,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }

    async fn place_on_reserve(
        &self,
        request: Request<PlaceOnReserveRequest>,
    ) -> Result<Response<PlaceOnReserveResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(PlaceOnReserve {
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn get_reserve_list(
        &self,
        request: Request<GetReserveListRequest>,
    ) -> Result<Response<GetReserveListResponse>, Status> {
        let read = self
            .0
            .read::<ReserveList>(&request, &request.get_ref().name)
            .await?;
        let terms = read
            .state
            .terms()
            .ok_or_else(|| refused(&Refusal::not_permitted()))?;
        Ok(Response::new(GetReserveListResponse {
            reserve_list: Some(v1::ReserveList {
                name: read.id.name(),
                vacancy: terms.vacancy.name(),
                offered: names(read.state.offered()),
                reserves: names(read.state.reserves()),
            }),
            version: wire::count(read.version),
        }))
    }
}

fn names(applications: &[Id<Application>]) -> Vec<String> {
    applications.iter().map(|one| one.name()).collect()
}

/// An offer as an acting role reads it: of a check most know no more than how it went.
fn offer(id: Id<Offer>, held: &HeldOffer, role: ActingRole) -> v1::Offer {
    let terms = &held.terms;
    let dates = DataClass::CheckStatus.is_shown_to(role);
    let back = held.reinstatement.as_ref();
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
                result_date: wire::show(dates.then_some(status.on)),
                valid_until: wire::show(status.until.filter(|_| dates)),
            })
            .collect(),
        answer_by: held.answer_by.map(|by| by.to_string()).unwrap_or_default(),
        rescinded_by: held
            .rescission
            .map(|(by, _)| by.to_string())
            .unwrap_or_default(),
        rescission_reason: held
            .rescission
            .map(|(_, why)| why.to_string())
            .unwrap_or_default(),
        reinstated_sequence: back.map_or(0, |back| wire::count(back.corrects.sequence)),
        reinstatement_reason: wire::show(back.map(|back| back.reason)),
        reinstatement_authority: wire::show(back.map(|back| back.authority)),
    }
}

pub(super) fn state(stage: OfferStage) -> OfferState {
    match stage {
        OfferStage::Made => OfferState::Made,
        OfferStage::Accepted => OfferState::Accepted,
        OfferStage::ConditionsMet => OfferState::ConditionsMet,
        OfferStage::Declined => OfferState::Declined,
        OfferStage::Withdrawn => OfferState::Withdrawn,
        OfferStage::Lapsed => OfferState::Lapsed,
        OfferStage::Rescinded => OfferState::Rescinded,
    }
}
