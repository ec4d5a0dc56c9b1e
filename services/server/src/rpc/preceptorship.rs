use contract::v1::{self, preceptorship_service_server::PreceptorshipService, *};
use domain::{calendar, id::Id, preceptorship as rules};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct PreceptorshipRpc(pub(crate) Desk);

#[tonic::async_trait]
impl PreceptorshipService for PreceptorshipRpc {
    async fn record_preceptorship_session(
        &self,
        request: Request<RecordPreceptorshipSessionRequest>,
    ) -> Result<Response<RecordPreceptorshipSessionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordPreceptorshipSession {
                    preceptorship: Id::from_name(&m.preceptorship, "preceptorship")?,
                    form: wire::word(&m.form, "form")?,
                })
            })
            .await
    }

    async fn sign_off_preceptorship(
        &self,
        request: Request<SignOffPreceptorshipRequest>,
    ) -> Result<Response<SignOffPreceptorshipResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SignOffPreceptorship {
                    preceptorship: Id::from_name(&m.preceptorship, "preceptorship")?,
                })
            })
            .await
    }

    async fn complete_preceptorship(
        &self,
        request: Request<CompletePreceptorshipRequest>,
    ) -> Result<Response<CompletePreceptorshipResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CompletePreceptorship {
                    preceptorship: Id::from_name(&m.preceptorship, "preceptorship")?,
                })
            })
            .await
    }

    async fn get_preceptorship(
        &self,
        request: Request<GetPreceptorshipRequest>,
    ) -> Result<Response<GetPreceptorshipResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Preceptorship>(&request, name).await?;
        let today = calendar::london_date(self.0.ledger().now());
        let preceptorship = read.state.held().map(|held| v1::Preceptorship {
            name: name.clone(),
            application: held.appointment.application.name(),
            person: held.appointment.person.to_string(),
            tier: held.tier.clone(),
            planned_end: held.planned_end.to_string(),
            sessions: wire::small(held.sessions.len()),
            signed_off: wire::show(held.signed_off),
            university_completed: wire::show(held.university_completed),
            completed: wire::show(held.completed()),
            consolidation_from: wire::show(held.consolidation.as_ref().map(|clock| clock.from)),
            consolidation_until: wire::show(held.consolidation.as_ref().map(|clock| clock.until)),
            consolidated_months: held
                .consolidation
                .as_ref()
                .map_or(0, |clock| wire::small(clock.consolidated_months(today))),
            consolidation_months_needed: held
                .consolidation
                .as_ref()
                .map_or(0, |clock| wire::small(clock.months_needed())),
        });
        Ok(Response::new(GetPreceptorshipResponse {
            preceptorship,
            version: wire::count(read.version),
        }))
    }
}
