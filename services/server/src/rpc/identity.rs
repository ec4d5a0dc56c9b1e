use contract::v1::{identity_service_server::IdentityService, *};
use domain::{actor::PersonId, correction::Authority, identity as rules};
use tonic::{Request, Response, Status};

use super::dispute::named;
use crate::{desk::Desk, wire};

pub(crate) struct IdentityRpc(pub(crate) Desk);

#[tonic::async_trait]
impl IdentityService for IdentityRpc {
    async fn merge_persons(
        &self,
        request: Request<MergePersonsRequest>,
    ) -> Result<Response<MergePersonsResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::MergePersons {
                    person: PersonId::from_name(&m.person, "person")?,
                    other: PersonId::from_name(&m.other, "other")?,
                    event: named(m.event, "event")?,
                    reason: wire::word(&m.reason, "reason")?,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }

    async fn split_persons(
        &self,
        request: Request<SplitPersonsRequest>,
    ) -> Result<Response<SplitPersonsResponse>, Status> {
        self.0
            .write(request, |m| {
                let applications = wire::names(&m.applications, "applications")?;
                Ok(rules::SplitPersons {
                    person: PersonId::from_name(&m.person, "person")?,
                    other: PersonId::from_name(&m.other, "other")?,
                    applications: applications.into_iter().collect(),
                    event: named(m.event, "event")?,
                    reason: wire::word(&m.reason, "reason")?,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }
}
