//! Logs, their heads, and replays that prove themselves.

use audit::{
    merkle::Hash,
    pack::{self, Digest, End, FORMAT, Header, Line},
};
use contract::v1::{ExportReplayRequest, ExportReplayResponse};
use domain::{
    actor::{ActingRole, PersonId},
    permission::Permit,
    refusal::Refusal,
};
use futures::StreamExt as _;
use ledger::{Ledger, LedgerError, Log, Viewpoint};
use tokio::sync::mpsc::Sender;
use tonic::Status;

use super::AuditRpc;
use crate::{
    status::{failed, refused},
    wire,
};

/// A size or position as it was sent.
pub(super) fn size(value: i64, field: &'static str) -> Result<u64, Status> {
    u64::try_from(value).map_err(|_| refused(&Refusal::invalid(field, "must not be negative")))
}

fn digests(hashes: Vec<Hash>) -> Vec<Digest> {
    hashes.into_iter().map(Digest).collect()
}

impl AuditRpc {
    /// The log of a tenant: the caller's own unless one is named, which an auditor must.
    pub(super) async fn log(
        &self,
        permit: &Permit,
        tenant: &str,
        tree_size: i64,
    ) -> Result<Log, Status> {
        let actor = permit.actor();
        if tenant.is_empty() && actor.role == ActingRole::Auditor {
            let unnamed = Refusal::invalid("tenant", "name the tenant whose log is meant");
            return Err(refused(&unnamed));
        }
        let tenant =
            wire::tenant_or(actor.tenant, tenant, "tenant").map_err(|refusal| refused(&refusal))?;
        let size = Some(size(tree_size, "tree_size")?).filter(|size| *size > 0);
        let ledger = self.desk.ledger();
        ledger.log(permit, tenant, size).await.map_err(failed)
    }

    /// All that stands in a pack before its events.
    pub(super) async fn export(
        &self,
        permit: Permit,
        message: ExportReplayRequest,
    ) -> Result<Export, Status> {
        let refuse = |refusal: Refusal| refused(&refusal);
        let person = PersonId::from_name(&message.person, "person").map_err(refuse)?;
        let known = message
            .known_at
            .map(|at| wire::known(at, "known_at"))
            .transpose()
            .map_err(refuse)?;
        let tenant =
            wire::tenant_or(permit.actor().tenant, &message.tenant, "tenant").map_err(refuse)?;
        let earlier = size(message.earlier_tree_size, "earlier_tree_size")?;
        let mut log = self.log(&permit, &message.tenant, 0).await?;
        let consistency = log.consistency(earlier).await.map_err(failed)?;
        let head = log.checkpoint(self.signer.name()).await.map_err(failed)?;
        Ok(Export {
            ledger: self.desk.ledger().clone(),
            header: Header {
                format: FORMAT.to_owned(),
                person: person.to_string(),
                known_at: wire::show(known),
                checkpoint: self.signer.sign(&head),
                earlier_size: earlier,
                consistency: digests(consistency),
            },
            permit,
            person,
            from: Viewpoint {
                known,
                tenant: Some(tenant),
            },
            log,
        })
    }
}

/// A pack under way.
pub(super) struct Export {
    ledger: Ledger,
    permit: Permit,
    person: PersonId,
    from: Viewpoint,
    log: Log,
    header: Header,
}

impl Export {
    /// Sends it line by line, until the end or until nobody listens.
    pub(super) async fn send(mut self, sender: Sender<Result<ExportReplayResponse, Status>>) {
        let history = self.ledger.history(&self.permit, self.person, self.from);
        let mut history = std::pin::pin!(history);
        let mut next = Some(Ok(Line::Header(self.header)));
        let mut events = 0;
        while let Some(line) = next {
            let ended = matches!(line, Err(_) | Ok(Line::End(_)));
            if sender
                .send(line.and_then(|line| written(&line)))
                .await
                .is_err()
                || ended
            {
                return;
            }
            next = Some(loop {
                match history.next().await {
                    // What the log has grown by since its head was signed is of the next pack.
                    Some(Ok(event)) if event.position > Some(self.log.size()) => {}
                    Some(event) => {
                        events += 1;
                        break proved(&mut self.log, event).await.map_err(failed);
                    }
                    None => break Ok(Line::End(End { events })),
                }
            });
        }
    }
}

fn written(line: &Line) -> Result<ExportReplayResponse, Status> {
    serde_json::to_string(line)
        .map(|line| ExportReplayResponse { line })
        .map_err(|_| Status::internal("the pack cannot be written"))
}

async fn proved(
    log: &mut Log,
    event: Result<ledger::HistoryEvent, LedgerError>,
) -> Result<Line, LedgerError> {
    let event = event?;
    let position = event.position.unwrap_or_default();
    let (_, path) = log.inclusion(position).await?;
    // Where only that it happened is the role's to know, the history leaves both out.
    let shown = |text: String| Some(text).filter(|text| !text.is_empty());
    let hash = |bytes: Vec<u8>| Digest(bytes.try_into().unwrap_or_default());
    Ok(Line::Event(Box::new(pack::Event {
        aggregate_type: event.kind,
        aggregate_id: event.id.to_string(),
        sequence: event.sequence,
        event_type: event.event_type,
        event_version: event.event_version,
        payload: shown(event.payload),
        metadata: shown(event.metadata),
        recorded: event.recorded.to_string(),
        previous_hash: hash(event.previous_hash),
        hash: hash(event.hash),
        position,
        inclusion: digests(path),
    })))
}
