use std::{collections::HashSet, sync::Arc};

use audit::note::Signer;

use contract::v1::{
    ExportReplayRequest, ExportReplayResponse, GetCheckpointRequest, GetCheckpointResponse,
    HistoryEvent, HistorySummary, ProveConsistencyRequest, ProveConsistencyResponse,
    ProveInclusionRequest, ProveInclusionResponse, ReplayHistoryRequest, ReplayHistoryResponse,
    audit_service_server::AuditService, replay_history_response::Entry,
};
use domain::{
    actor::{PersonId, TenantId},
    refusal::Refusal,
};
use futures::StreamExt as _;
use ledger::Viewpoint;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::{
    caller,
    desk::Desk,
    lease::Answers,
    status::{failed, refused},
    wire,
};

mod proof;

pub(crate) struct AuditRpc {
    desk: Desk,
    signer: Arc<Signer>,
}

impl AuditRpc {
    /// Signs checkpoints with `signer`.
    pub(crate) fn new(desk: Desk, signer: Arc<Signer>) -> Self {
        Self { desk, signer }
    }
}

#[tonic::async_trait]
impl AuditService for AuditRpc {
    type ReplayHistoryStream = Answers<ReplayHistoryResponse>;

    async fn replay_history(
        &self,
        request: Request<ReplayHistoryRequest>,
    ) -> Result<Response<Self::ReplayHistoryStream>, Status> {
        let permit = self.desk.permit(&request).await?;
        let lease = caller::lease(&request)?;
        let (person, from) = asked(request.into_inner()).map_err(|refusal| refused(&refusal))?;
        let ledger = self.desk.ledger().clone();
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(async move {
            let mut history = std::pin::pin!(ledger.history(&permit, person, from));
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
        Ok(Response::new(lease.limits(ReceiverStream::new(receiver))))
    }

    type ExportReplayStream = Answers<ExportReplayResponse>;

    async fn export_replay(
        &self,
        request: Request<ExportReplayRequest>,
    ) -> Result<Response<Self::ExportReplayStream>, Status> {
        let permit = self.desk.permit(&request).await?;
        let lease = caller::lease(&request)?;
        let export = self.export(permit, request.into_inner()).await?;
        let (sender, receiver) = mpsc::channel(64);
        tokio::spawn(export.send(sender));
        Ok(Response::new(lease.limits(ReceiverStream::new(receiver))))
    }

    async fn get_checkpoint(
        &self,
        request: Request<GetCheckpointRequest>,
    ) -> Result<Response<GetCheckpointResponse>, Status> {
        let permit = self.desk.permit(&request).await?;
        let message = request.get_ref();
        let mut log = self
            .log(&permit, &message.tenant, message.tree_size)
            .await?;
        let head = log.checkpoint(self.signer.name()).await.map_err(failed)?;
        Ok(Response::new(GetCheckpointResponse {
            checkpoint: self.signer.sign(&head),
            tree_size: wire::count(head.size),
            root_hash: head.root.to_vec(),
            verifier_key: self.signer.verifier().to_string(),
        }))
    }

    async fn prove_inclusion(
        &self,
        request: Request<ProveInclusionRequest>,
    ) -> Result<Response<ProveInclusionResponse>, Status> {
        let permit = self.desk.permit(&request).await?;
        let message = request.get_ref();
        let position = proof::size(message.position, "position")?;
        let mut log = self
            .log(&permit, &message.tenant, message.tree_size)
            .await?;
        let (leaf, path) = log.inclusion(position).await.map_err(failed)?;
        let head = log.checkpoint(self.signer.name()).await.map_err(failed)?;
        Ok(Response::new(ProveInclusionResponse {
            leaf_hash: leaf.to_vec(),
            leaf_index: wire::count(position - 1),
            tree_size: wire::count(head.size),
            path: path.into_iter().map(Vec::from).collect(),
            checkpoint: self.signer.sign(&head),
        }))
    }

    async fn prove_consistency(
        &self,
        request: Request<ProveConsistencyRequest>,
    ) -> Result<Response<ProveConsistencyResponse>, Status> {
        let permit = self.desk.permit(&request).await?;
        let message = request.get_ref();
        let first = proof::size(message.first_tree_size, "first_tree_size")?;
        let mut log = self
            .log(&permit, &message.tenant, message.tree_size)
            .await?;
        let path = log.consistency(first).await.map_err(failed)?;
        let head = log.checkpoint(self.signer.name()).await.map_err(failed)?;
        Ok(Response::new(ProveConsistencyResponse {
            first_tree_size: wire::count(first),
            tree_size: wire::count(head.size),
            path: path.into_iter().map(Vec::from).collect(),
            checkpoint: self.signer.sign(&head),
        }))
    }
}

fn asked(message: ReplayHistoryRequest) -> Result<(PersonId, Viewpoint), Refusal> {
    let person = PersonId::from_name(&message.person, "person")?;
    let from = Viewpoint {
        known: message
            .known_at
            .map(|at| wire::known(at, "known_at"))
            .transpose()?,
        tenant: match message.as_tenant.as_str() {
            "" => None,
            name => Some(TenantId::from_name(name, "as_tenant")?),
        },
    };
    Ok((person, from))
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
        position: wire::count(event.position.unwrap_or_default()),
    }
}
