use contract::v1::{self, employment_service_server::EmploymentService, *};
use domain::{
    correction::Authority, employment as rules, id::Id, identifiers::EsrNumber,
    qualified_practice::AwayFor, visibility::DataClass,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct EmploymentRpc(pub(crate) Desk);

#[tonic::async_trait]
impl EmploymentService for EmploymentRpc {
    async fn start_employment(
        &self,
        request: Request<StartEmploymentRequest>,
    ) -> Result<Response<StartEmploymentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::StartEmployment {
                    application: Id::from_name(&m.application, "application")?,
                    band: wire::number(m.band, "band")?,
                    assignment: m.assignment,
                })
            })
            .await
    }

    async fn end_employment(
        &self,
        request: Request<EndEmploymentRequest>,
    ) -> Result<Response<EndEmploymentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::EndEmployment {
                    employment: Id::from_name(&m.employment, "employment")?,
                })
            })
            .await
    }

    async fn get_employment(
        &self,
        request: Request<GetEmploymentRequest>,
    ) -> Result<Response<GetEmploymentResponse>, Status> {
        let name = request.get_ref().name.clone();
        let read = self.0.read::<rules::Employment>(&request, &name).await?;
        let (leave, reason) = (read.state.leave(), read.state.dismissal());
        let mut away = Vec::with_capacity(leave.len());
        for leave in leave {
            let kind: Option<AwayFor> = self
                .0
                .open(&request, read.id, DataClass::Employment, &leave.kind)
                .await?;
            away.push(v1::Leave {
                kind: wire::show(kind),
                from: leave.from.to_string(),
                expected_return: wire::show(leave.expected_return),
            });
        }
        let dismissal_reason: Option<String> = match reason {
            Some(dismissal) => {
                self.0
                    .open(&request, read.id, DataClass::Employment, &dismissal.reason)
                    .await?
            }
            None => None,
        };
        let post = read.state.post();
        let assignment: Option<EsrNumber> = match post {
            Some(post) => {
                self.0
                    .open(&request, read.id, DataClass::Employment, &post.assignment)
                    .await?
            }
            None => None,
        };
        let moved = read.state.moved();
        let (came, gone, checks) = (moved.came(), moved.gone(), moved.checks());
        let employment = read.state.appointment().map(|whose| v1::Employment {
            name,
            application: whose.application.name(),
            person: whose.person.to_string(),
            band: post.map_or(0, |post| wire::small(post.band)),
            starts: wire::show(post.map_or(came.map(|(.., on)| on), |post| Some(post.starts))),
            ended: wire::show(read.state.ended()),
            assignment: wire::show(assignment),
            leave: away,
            dismissed_on: wire::show(reason.map(|dismissal| dismissal.on)),
            dismissal_reason: dismissal_reason.unwrap_or_default(),
            came_from: wire::show(came.map(|(_, from, _)| from)),
            went_to: wire::show(gone.map(|(to, _)| to)),
            went_on: wire::show(gone.map(|(_, on)| on)),
            checks_to_reassure: wire::small(checks.len()),
            checks_reassured: wire::small(checks.values().flatten().count()),
        });
        Ok(Response::new(GetEmploymentResponse {
            employment,
            version: wire::count(read.version),
        }))
    }

    async fn record_leave(
        &self,
        request: Request<RecordLeaveRequest>,
    ) -> Result<Response<RecordLeaveResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordLeave {
                    employment: Id::from_name(&m.employment, "employment")?,
                    kind: wire::word(&m.kind, "kind")?,
                    expected_return: wire::optional_date(&m.expected_return, "expected_return")?,
                })
            })
            .await
    }

    async fn dismiss_trainee(
        &self,
        request: Request<DismissTraineeRequest>,
    ) -> Result<Response<DismissTraineeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DismissTrainee {
                    employment: Id::from_name(&m.employment, "employment")?,
                    reason: m.reason,
                })
            })
            .await
    }

    async fn reinstate_employment(
        &self,
        request: Request<ReinstateEmploymentRequest>,
    ) -> Result<Response<ReinstateEmploymentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReinstateEmployment {
                    employment: Id::from_name(&m.employment, "employment")?,
                    reason: wire::optional_word(&m.reason, "reason")?,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }

    async fn reassure_employment_check(
        &self,
        request: Request<ReassureEmploymentCheckRequest>,
    ) -> Result<Response<ReassureEmploymentCheckResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReassureEmploymentCheck {
                    employment: Id::from_name(&m.employment, "employment")?,
                    check: wire::word(&m.check, "check")?,
                })
            })
            .await
    }
}
