use contract::v1::{self, network_service_server::NetworkService, *};
use domain::{
    actor::{PersonId, TenantKind},
    calendar, network as rules,
};
use jiff::civil::Date;
use ledger::LedgerError;
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct NetworkRpc(pub(crate) Desk);

#[tonic::async_trait]
impl NetworkService for NetworkRpc {
    async fn name_officer(
        &self,
        request: Request<NameOfficerRequest>,
    ) -> Result<Response<NameOfficerResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::NameOfficer {
                    office: wire::word(&m.office, "office")?,
                    person: PersonId::from_name(&m.person, "person")?,
                })
            })
            .await
    }

    async fn hold_network_meeting(
        &self,
        request: Request<HoldNetworkMeetingRequest>,
    ) -> Result<Response<HoldNetworkMeetingResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::HoldNetworkMeeting {
                    scope: wire::word(&m.scope, "scope")?,
                    participants: wire::words(&m.participants, "participants")?,
                })
            })
            .await
    }

    async fn agree_action(
        &self,
        request: Request<AgreeActionRequest>,
    ) -> Result<Response<AgreeActionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AgreeAction {
                    text: m.text,
                    owner: wire::word(&m.owner, "owner")?,
                    due: wire::date(&m.due, "due")?,
                })
            })
            .await
    }

    async fn complete_action(
        &self,
        request: Request<CompleteActionRequest>,
    ) -> Result<Response<CompleteActionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CompleteAction {
                    action: wire::number(m.action, "action")?,
                })
            })
            .await
    }

    async fn start_digest(
        &self,
        request: Request<StartDigestRequest>,
    ) -> Result<Response<StartDigestResponse>, Status> {
        self.0.write(request, |_| Ok(rules::StartDigest {})).await
    }

    async fn get_network(
        &self,
        request: Request<GetNetworkRequest>,
    ) -> Result<Response<GetNetworkResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let own = permit
            .actor()
            .acting_for(TenantKind::Network)
            .map_err(|refusal| refused(&refusal))?;
        let ledger = self.0.ledger();
        // A network that has recorded nothing yet has an empty record of its own.
        let (state, version) = match ledger.read(&permit, rules::Network::id(own)).await {
            Ok(read) => (read.state, read.version),
            Err(LedgerError::Refused(_)) => (rules::Network::default(), 0),
            Err(error) => return Err(failed(error)),
        };
        let today = calendar::london_date(ledger.now());
        Ok(Response::new(GetNetworkResponse {
            network: Some(network(&state, today)),
            version: wire::count(version),
        }))
    }
}

fn network(network: &rules::Network, today: Date) -> v1::Network {
    v1::Network {
        officers: network
            .officers()
            .iter()
            .map(|(office, person)| NetworkOfficer {
                office: office.to_string(),
                person: person.to_string(),
            })
            .collect(),
        meetings: network.meetings().iter().map(meeting).collect(),
        actions: network
            .actions()
            .iter()
            .map(|(number, agreed)| NetworkAction {
                action: wire::small(*number),
                text: agreed.text.clone(),
                owner: agreed.owner.to_string(),
                agreed: agreed.agreed.to_string(),
                due: agreed.due.to_string(),
                completed: wire::show(agreed.completed),
                overdue: agreed.overdue(today),
            })
            .collect(),
        digests: network.digests().iter().map(digest).collect(),
    }
}

fn meeting(meeting: &rules::Meeting) -> NetworkMeeting {
    NetworkMeeting {
        on: meeting.on.to_string(),
        weekday: format!("{:?}", meeting.on.weekday()).to_lowercase(),
        scope: meeting.scope.to_string(),
        participants: meeting
            .participants
            .iter()
            .map(ToString::to_string)
            .collect(),
    }
}

fn digest(digest: &rules::Digest) -> NetworkDigest {
    NetworkDigest {
        number: wire::small(digest.number),
        from: digest.from.to_string(),
        until: digest.until.to_string(),
        meetings: wire::small(digest.meetings),
        agreed: wire::small(digest.agreed),
        completed: wire::small(digest.completed),
        overdue: wire::small(digest.overdue),
    }
}
