use contract::v1::{self, preceptorship_service_server::PreceptorshipService, *};
use domain::{
    actor::{PersonId, TenantId},
    calendar,
    id::Id,
    preceptorship::{self as rules, PreceptorshipTime, ServiceClock},
};
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
                    kind: wire::some(m.kind),
                })
            })
            .await
    }

    async fn assign_preceptor(
        &self,
        request: Request<AssignPreceptorRequest>,
    ) -> Result<Response<AssignPreceptorResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AssignPreceptor {
                    preceptorship: Id::from_name(&m.preceptorship, "preceptorship")?,
                    preceptor: PersonId::from_name(&m.preceptor, "preceptor")?,
                    band: wire::number(m.band, "band")?,
                    practising_since: wire::date(&m.practising_since, "practising_since")?,
                })
            })
            .await
    }

    async fn log_preceptorship_hours(
        &self,
        request: Request<LogPreceptorshipHoursRequest>,
    ) -> Result<Response<LogPreceptorshipHoursResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::LogPreceptorshipHours {
                    preceptorship: Id::from_name(&m.preceptorship, "preceptorship")?,
                    kind: wire::word(&m.kind, "kind")?,
                    quarters: wire::number(m.quarter_hours, "quarter_hours")?,
                })
            })
            .await
    }

    async fn support_graduate(
        &self,
        request: Request<SupportGraduateRequest>,
    ) -> Result<Response<SupportGraduateResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SupportGraduate {
                    application: Id::from_name(&m.application, "application")?,
                    employer: TenantId::from_name(&m.employer, "employer")?,
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
        let preceptorship = read.state.held().map(|held| {
            let clock = held.consolidation.as_ref();
            let standard = held.standard;
            v1::Preceptorship {
                name: name.clone(),
                application: held.appointment.application.name(),
                person: held.appointment.person.to_string(),
                tier: held.tier.clone(),
                planned_end: held.planned_end.to_string(),
                sessions: wire::small(held.sessions_held()),
                signed_off: wire::show(held.signed_off),
                university_completed: wire::show(held.university_completed),
                completed: wire::show(held.completed()),
                consolidation_from: wire::show(clock.map(ServiceClock::from)),
                consolidation_until: wire::show(clock.map(ServiceClock::until)),
                consolidated_months: clock.map_or(0, |clock| wire::small(clock.months(today))),
                consolidation_months_needed: clock
                    .map_or(0, |clock| wire::small(clock.months_needed())),
                preceptor: wire::show(held.preceptor().map(|preceptor| preceptor.person)),
                meetings: wire::small(held.meetings()),
                meetings_asked: wire::small(held.asks.meetings),
                first_meeting_by: wire::show(standard.map(|asked| asked.first_meeting_by)),
                supernumerary_quarter_hours: wire::small(
                    held.quarters(PreceptorshipTime::Supernumerary),
                ),
                supernumerary_quarter_hours_asked: standard
                    .map_or(0, |asked| wire::small(asked.supernumerary_quarters)),
                preceptor_quarter_hours: wire::small(held.quarters(PreceptorshipTime::Preceptor)),
                preceptor_quarter_hours_asked: standard
                    .map_or(0, |asked| wire::small(asked.preceptor_quarters)),
                consolidation_paused: wire::show(clock.and_then(ServiceClock::paused)),
                consolidation_stopped: wire::show(clock.and_then(ServiceClock::stopped)),
                ended_early: wire::show(held.ended_early),
            }
        });
        Ok(Response::new(GetPreceptorshipResponse {
            preceptorship,
            version: wire::count(read.version),
        }))
    }
}
