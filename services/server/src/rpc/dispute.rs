use contract::v1::{self, dispute_service_server::DisputeService, *};
use domain::{
    actor::TenantId, correction, dispute as rules, id::Id, refusal::Refusal, visibility::DataClass,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct DisputeRpc(pub(crate) Desk);

/// The event that a request names, which it must.
pub(super) fn named(
    event: Option<RecordedEvent>,
    field: &'static str,
) -> Result<correction::RecordedEvent, Refusal> {
    let event = event.ok_or_else(|| Refusal::invalid(field, format!("{field} is needed")))?;
    Ok(correction::RecordedEvent {
        record: event.record,
        sequence: u64::try_from(event.sequence)
            .map_err(|_| Refusal::invalid("sequence", "must not be negative"))?,
    })
}

fn shown(event: &correction::RecordedEvent) -> RecordedEvent {
    RecordedEvent {
        record: event.record.clone(),
        sequence: wire::count(event.sequence),
    }
}

impl DisputeRpc {
    /// Words as the caller may read them; empty when they are not the caller's to read.
    async fn words(
        &self,
        request: &Request<impl Sync>,
        dispute: Id<rules::Dispute>,
        words: &rules::Words,
    ) -> Result<String, Status> {
        Ok(match words {
            rules::Words::Open(words) => words.clone(),
            rules::Words::Sealed(words) => self
                .0
                .open(request, dispute, DataClass::Dispute, words)
                .await?
                .unwrap_or_default(),
        })
    }
}

#[tonic::async_trait]
impl DisputeService for DisputeRpc {
    async fn raise_dispute(
        &self,
        request: Request<RaiseDisputeRequest>,
    ) -> Result<Response<RaiseDisputeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RaiseDispute {
                    event: named(m.event, "event")?,
                    reason: m.reason,
                    commissioner: match m.commissioner.as_str() {
                        "" => None,
                        name => Some(TenantId::from_name(name, "commissioner")?),
                    },
                })
            })
            .await
    }

    async fn answer_dispute(
        &self,
        request: Request<AnswerDisputeRequest>,
    ) -> Result<Response<AnswerDisputeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AnswerDispute {
                    dispute: Id::from_name(&m.dispute, "dispute")?,
                    answer: m.answer,
                })
            })
            .await
    }

    async fn resolve_dispute(
        &self,
        request: Request<ResolveDisputeRequest>,
    ) -> Result<Response<ResolveDisputeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ResolveDispute {
                    dispute: Id::from_name(&m.dispute, "dispute")?,
                    finding: wire::word(&m.finding, "finding")?,
                    correction: match m.correction {
                        None => None,
                        event => Some(named(event, "correction")?),
                    },
                    words: m.words,
                })
            })
            .await
    }

    async fn get_dispute(
        &self,
        request: Request<GetDisputeRequest>,
    ) -> Result<Response<GetDisputeResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Dispute>(&request, name).await?;
        let mut shown_dispute = None;
        if let Some(raised) = read.state.raised() {
            let mut answers = vec![];
            for answer in &raised.answers {
                answers.push(DisputeAnswer {
                    by: answer.by.to_string(),
                    on: answer.on.to_string(),
                    words: self.words(&request, read.id, &answer.words).await?,
                });
            }
            let resolution = raised.resolution.as_ref();
            let parties = raised.terms.parties.iter();
            shown_dispute = Some(v1::Dispute {
                name: name.clone(),
                auditor: raised.terms.auditor.to_string(),
                event: Some(shown(&raised.terms.event)),
                parties: parties.map(ToString::to_string).collect(),
                raised_on: raised.on.to_string(),
                reason: self.words(&request, read.id, &raised.reason).await?,
                answers,
                resolved_on: wire::show(resolution.map(|resolution| resolution.on)),
                finding: wire::show(resolution.map(|resolution| resolution.finding)),
                correction: resolution
                    .and_then(|resolution| resolution.correction.as_ref())
                    .map(shown),
                words: match resolution {
                    Some(resolution) => self.words(&request, read.id, &resolution.words).await?,
                    None => String::new(),
                },
            });
        }
        Ok(Response::new(GetDisputeResponse {
            dispute: shown_dispute,
            version: wire::count(read.version),
        }))
    }
}
