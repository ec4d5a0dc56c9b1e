use contract::v1::{self, appeal_service_server::AppealService, *};
use domain::{appeal as rules, id::Id};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct AppealRpc(pub(crate) Desk);

#[tonic::async_trait]
impl AppealService for AppealRpc {
    async fn lodge_appeal(
        &self,
        request: Request<LodgeAppealRequest>,
    ) -> Result<Response<LodgeAppealResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::LodgeAppeal {
                    application: Id::from_name(&m.application, "application")?,
                    ground: wire::word(&m.ground, "ground")?,
                })
            })
            .await
    }

    async fn decide_appeal(
        &self,
        request: Request<DecideAppealRequest>,
    ) -> Result<Response<DecideAppealResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DecideAppeal {
                    appeal: Id::from_name(&m.appeal, "appeal")?,
                    upheld: m.upheld,
                })
            })
            .await
    }

    async fn complete_appeal_procedures(
        &self,
        request: Request<CompleteAppealProceduresRequest>,
    ) -> Result<Response<CompleteAppealProceduresResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CompleteAppealProcedures {
                    appeal: Id::from_name(&m.appeal, "appeal")?,
                })
            })
            .await
    }

    async fn get_appeal(
        &self,
        request: Request<GetAppealRequest>,
    ) -> Result<Response<GetAppealResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Appeal>(&request, name).await?;
        let (decision, letter) = (read.state.decision(), read.state.letter());
        let state = match decision.map(|decision| decision.upheld) {
            None => AppealState::Lodged,
            Some(true) => AppealState::Upheld,
            Some(false) => AppealState::Rejected,
        };
        let appeal = read.state.terms().map(|terms| v1::Appeal {
            name: name.clone(),
            application: terms.appointment.application.name(),
            person: terms.appointment.person.to_string(),
            sitting: terms.sitting.name(),
            ground: terms.ground.to_string(),
            lodged: terms.lodged.to_string(),
            state: state.into(),
            decided: wire::show(decision.map(|decision| decision.on)),
            letter_by: wire::show(decision.map(|decision| decision.letter_by)),
            completed: wire::show(letter.map(|letter| letter.on)),
            complaint_until: wire::show(letter.map(|letter| letter.complaint_until)),
        });
        Ok(Response::new(GetAppealResponse {
            appeal,
            version: wire::count(read.version),
        }))
    }
}
