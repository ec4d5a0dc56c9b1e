use contract::v1::{self, concern_service_server::ConcernService, *};
use domain::{actor::TenantId, concern as rules, id::Id, visibility::DataClass};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct ConcernRpc(pub(crate) Desk);

#[tonic::async_trait]
impl ConcernService for ConcernRpc {
    async fn raise_role_concern(
        &self,
        request: Request<RaiseRoleConcernRequest>,
    ) -> Result<Response<RaiseRoleConcernResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RaiseRoleConcern {
                    training: Id::from_name(&m.training, "training")?,
                    drift: wire::word(&m.drift, "drift")?,
                    description: m.description,
                    network: match m.network.as_str() {
                        "" => None,
                        name => Some(TenantId::from_name(name, "network")?),
                    },
                })
            })
            .await
    }

    async fn address_role_concern(
        &self,
        request: Request<AddressRoleConcernRequest>,
    ) -> Result<Response<AddressRoleConcernResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AddressRoleConcern {
                    concern: Id::from_name(&m.concern, "concern")?,
                })
            })
            .await
    }

    async fn get_role_concern(
        &self,
        request: Request<GetRoleConcernRequest>,
    ) -> Result<Response<GetRoleConcernResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::RoleConcern>(&request, name).await?;
        let concern = match &read.state {
            rules::RoleConcern::Absent => None,
            rules::RoleConcern::Raised {
                appointment,
                drift,
                by,
                on,
                description,
                addressed,
            } => Some(v1::RoleConcern {
                name: name.clone(),
                application: appointment.application.name(),
                drift: drift.to_string(),
                raised_by: by.to_string(),
                raised_on: on.to_string(),
                description: self
                    .0
                    .open(&request, read.id, DataClass::RoleConcern, description)
                    .await?
                    .unwrap_or_default(),
                addressed_on: wire::show(addressed.map(|(on, _)| on)),
                addressed_by: wire::show(addressed.map(|(_, by)| by)),
            }),
        };
        Ok(Response::new(GetRoleConcernResponse {
            concern,
            version: wire::count(read.version),
        }))
    }
}
