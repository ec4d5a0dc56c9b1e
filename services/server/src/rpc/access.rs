use std::collections::BTreeMap;

use contract::v1::{
    Access, ListAccessesRequest, ListAccessesResponse, ListOwnAccessesRequest,
    ListOwnAccessesResponse, OwnAccess, access_service_server::AccessService,
};
use domain::{
    actor::{ActingRole, PersonId, TenantId},
    calendar::{london_date, london_instant},
    directory::Tenant,
    permission::{Action, Permit},
    refusal::Refusal,
};
use jiff::Timestamp;
use ledger::{ACCESS_PAGE_MAX, LedgerError, Recorded};
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

/// The page when none is asked for.
const PAGE: u32 = 100;

pub(crate) struct AccessRpc(pub(crate) Desk);

#[tonic::async_trait]
impl AccessService for AccessRpc {
    async fn list_accesses(
        &self,
        request: Request<ListAccessesRequest>,
    ) -> Result<Response<ListAccessesResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let role = permit.actor().role;
        let asked = asked(request.get_ref(), role).map_err(|refusal| refused(&refusal))?;
        let accesses = self
            .0
            .ledger()
            .accesses(&permit, asked.person, asked.from, asked.skip, asked.limit)
            .await
            .map_err(failed)?;
        let full = accesses.len() >= asked.limit as usize;
        let listed = asked.skip.saturating_add(accesses.len() as u64);
        Ok(Response::new(ListAccessesResponse {
            accesses: accesses
                .into_iter()
                .map(|read| access(read, role))
                .collect(),
            next_page_token: wire::show(full.then_some(listed)),
        }))
    }

    async fn list_own_accesses(
        &self,
        request: Request<ListOwnAccessesRequest>,
    ) -> Result<Response<ListOwnAccessesResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let all = self
            .0
            .ledger()
            .own_accesses(&permit)
            .await
            .map_err(failed)?;
        let message = request.get_ref();
        let (page, next_page_token) = wire::numbered(&all, message.page_size, &message.page_token)
            .map_err(|refusal| refused(&refusal))?;
        let (mut accesses, mut tenants) = (vec![], BTreeMap::new());
        for (_, read) in page {
            let (display_name, kind) = match tenants.get(&read.tenant) {
                Some(known) => Clone::clone(known),
                None => {
                    let called = self.called(read.tenant).await?;
                    tenants.insert(read.tenant, called.clone());
                    called
                }
            };
            accesses.push(OwnAccess {
                tenant: read.tenant.to_string(),
                display_name,
                kind,
                role: read.role.clone(),
                class: read.class.clone(),
                purpose: read.action.clone(),
                resource: wire::resource(&read.kind, read.id),
                time: Some(wire::timestamp(read.first)),
            });
        }
        Ok(Response::new(ListOwnAccessesResponse {
            accesses,
            next_page_token,
        }))
    }
}

impl AccessRpc {
    /// A tenant's name today, and its kind.
    async fn called(&self, tenant: TenantId) -> Result<(String, String), Status> {
        let ledger = self.0.ledger();
        let platform = Permit::platform(Action::ListOwnAccesses);
        match ledger.recall(&platform, Tenant::id(tenant)).await {
            Ok(read) => {
                let name = read.state.name_on(london_date(ledger.now()));
                Ok((
                    wire::show(name.map(|name| &name.name)),
                    wire::show(read.state.kind()),
                ))
            }
            Err(LedgerError::Refused(_)) => Ok(Default::default()),
            Err(error) => Err(failed(error)),
        }
    }
}

struct Asked {
    person: Option<PersonId>,
    from: Timestamp,
    skip: u64,
    limit: u32,
}

fn asked(message: &ListAccessesRequest, role: ActingRole) -> Result<Asked, Refusal> {
    let person = match message.person.as_str() {
        "" => None,
        // whoever is shown no person asks about none
        _ if role == ActingRole::TenantAdmin => return Err(Refusal::not_permitted()),
        name => Some(PersonId::from_name(name, "person")?),
    };
    let from = wire::optional_date(&message.from, "from")?
        .and_then(|day| london_instant(day.at(0, 0, 0, 0)))
        .unwrap_or(Timestamp::UNIX_EPOCH)
        // nothing was recorded before
        .max(Timestamp::UNIX_EPOCH);
    let skip = match message.page_token.as_str() {
        "" => 0,
        token => token.parse().map_err(|_| {
            Refusal::invalid("page_token", "use next_page_token of the page before")
        })?,
    };
    let limit = match message.page_size {
        0 => PAGE,
        size => u32::try_from(size)
            .map_err(|_| Refusal::invalid("page_size", "must not be negative"))?
            .min(ACCESS_PAGE_MAX),
    };
    Ok(Asked {
        person,
        from,
        skip,
        limit,
    })
}

/// An administrator sees who of the organisation read what kind of thing, and not about whom.
fn access(read: Recorded, to: ActingRole) -> Access {
    let (person, resource) = if to == ActingRole::TenantAdmin {
        Default::default()
    } else {
        (
            read.subject.to_string(),
            wire::resource(&read.kind, read.id),
        )
    };
    Access {
        role: read.role,
        reader: read.reader,
        person,
        class: read.class,
        purpose: read.action,
        resource,
        first_time: Some(wire::timestamp(read.first)),
        last_time: Some(wire::timestamp(read.last)),
        times: wire::count(read.times),
    }
}
