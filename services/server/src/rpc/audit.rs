use std::{collections::HashSet, pin::Pin};

use contract::v1::{
    HistoryEvent, HistorySummary, ReplayHistoryRequest, ReplayHistoryResponse,
    audit_service_server::AuditService, replay_history_response::Entry,
};
use domain::actor::PersonId;
use futures::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct AuditRpc(pub(crate) Desk);

#[tonic::async_trait]
impl AuditService for AuditRpc {
    type ReplayHistoryStream =
        Pin<Box<dyn Stream<Item = Result<ReplayHistoryResponse, Status>> + Send>>;

    async fn replay_history(
        &self,
        request: Request<ReplayHistoryRequest>,
    ) -> Result<Response<Self::ReplayHistoryStream>, Status> {
        let permit = self.0.permit(&request).await?;
        let person = PersonId::from_name(&request.get_ref().person, "person")
            .map_err(|refusal| refused(&refusal))?;
        let ledger = self.0.ledger().clone();
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(async move {
            let mut history = std::pin::pin!(ledger.history(&permit, person));
            let mut resources = HashSet::new();
            let mut summary = HistorySummary {
                verified: true,
                ..HistorySummary::default()
            };
            while let Some(event) = history.next().await {
                let entry = match event {
                    Ok(event) => {
                        summary.events += 1;
                        summary.verified &= event.chain_verified;
                        resources.insert((event.kind.clone(), event.id));
                        Ok(entry(Entry::Event(history_event(event))))
                    }
                    Err(error) => Err(failed(error)),
                };
                let broken = entry.is_err();
                if sender.send(entry).await.is_err() || broken {
                    return;
                }
            }
            summary.resources = wire::count(resources.len() as u64);
            let _ = sender.send(Ok(entry(Entry::Summary(summary)))).await;
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

fn entry(entry: Entry) -> ReplayHistoryResponse {
    ReplayHistoryResponse { entry: Some(entry) }
}

fn history_event(event: ledger::HistoryEvent) -> HistoryEvent {
    HistoryEvent {
        name: wire::resource(&event.kind, event.id),
        sequence: wire::count(event.sequence),
        event_type: event.event_type,
        event_version: event.event_version,
        payload_json: event.payload,
        metadata_json: event.metadata,
        effective_time: Some(wire::timestamp(event.effective)),
        recorded_time: Some(wire::timestamp(event.recorded)),
        acting_tenant: event.acting_tenant.to_string(),
        acting_role: event.acting_role,
        policy_versions: event
            .policies
            .into_iter()
            .map(|(policy, version)| (policy, i32::try_from(version).unwrap_or(i32::MAX)))
            .collect(),
        hash: event.hash,
        chain_verified: event.chain_verified,
    }
}
