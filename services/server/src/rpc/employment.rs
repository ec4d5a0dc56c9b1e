use contract::v1::{self, employment_service_server::EmploymentService, *};
use domain::{employment as rules, id::Id, identifiers::EsrNumber, visibility::DataClass};
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
        let ended = match &read.state {
            rules::Employment::Ended { ended, .. } => Some(*ended),
            rules::Employment::Absent | rules::Employment::InPost { .. } => None,
        };
        let employment = match read.state.post() {
            None => None,
            Some(post) => {
                let assignment: Option<EsrNumber> = {
                    let class = DataClass::Employment;
                    self.0
                        .open(&request, read.id, class, &post.assignment)
                        .await?
                };
                Some(v1::Employment {
                    name,
                    application: post.appointment.application.name(),
                    person: post.appointment.person.to_string(),
                    band: wire::small(post.band),
                    starts: post.starts.to_string(),
                    ended: wire::show(ended),
                    assignment: wire::show(assignment),
                })
            }
        };
        Ok(Response::new(GetEmploymentResponse {
            employment,
            version: wire::count(read.version),
        }))
    }
}
