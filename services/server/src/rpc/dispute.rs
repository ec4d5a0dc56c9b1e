use contract::v1::{self, dispute_service_server::DisputeService, *};
use domain::{
    actor::TenantId, correction, dispute as rules, id::Id, refusal::Refusal, visibility::DataClass,
};
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    page::Question,
    status::{failed, refused},
    wire,
};

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
        let Some(raised) = read.state.raised() else {
            return Err(refused(&Refusal::not_permitted()));
        };
        let mut dispute = outline(read.id, raised);
        dispute.reason = self.words(&request, read.id, &raised.reason).await?;
        for (shown, answer) in dispute.answers.iter_mut().zip(&raised.answers) {
            shown.words = self.words(&request, read.id, &answer.words).await?;
        }
        if let Some(resolution) = &raised.resolution {
            dispute.words = self.words(&request, read.id, &resolution.words).await?;
        }
        Ok(Response::new(GetDisputeResponse {
            dispute: Some(dispute),
            version: wire::count(read.version),
        }))
    }

    async fn list_disputes(
        &self,
        request: Request<ListDisputesRequest>,
    ) -> Result<Response<ListDisputesResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let asked = request.get_ref();
        let question = Question::of(&permit, &[]);
        let before = question.place(&asked.page_token);
        let before = before.map_err(|why| refused(&why))?.map(u64::from_be_bytes);
        let size = page_size(asked.page_size).map_err(|why| refused(&why))?;
        // one more than the page, to know whether there is another
        let found = self.0.ledger().disputes(&permit, before, size + 1).await;
        let mut found = found.map_err(failed)?;
        let more = found.len() > size as usize;
        found.truncate(size as usize);
        let next = found.last().filter(|_| more);
        let next_page_token = question.token(
            next.map(|(position, _)| position.to_be_bytes())
                .as_ref()
                .map(<[u8; 8]>::as_slice),
        );
        let mut disputes = vec![];
        for (_, id) in found {
            let read = self.0.ledger().read(&permit, id).await.map_err(failed)?;
            disputes.extend(read.state.raised().map(|raised| outline(id, raised)));
        }
        Ok(Response::new(ListDisputesResponse {
            disputes,
            next_page_token,
        }))
    }
}

/// The page when none is asked for, and the largest.
const PAGE_ITEMS: u32 = 25;
const PAGE_ITEMS_MAX: u32 = 100;

fn page_size(asked: i32) -> Result<u32, Refusal> {
    match u32::try_from(asked) {
        Ok(0) => Ok(PAGE_ITEMS),
        Ok(size) => Ok(size.min(PAGE_ITEMS_MAX)),
        Err(_) => Err(Refusal::invalid("page_size", "must not be negative")),
    }
}

/// A dispute without anybody's words.
fn outline(id: Id<rules::Dispute>, raised: &rules::RaisedDispute) -> v1::Dispute {
    let resolution = raised.resolution.as_ref();
    let answer = |answer: &rules::DisputeAnswer| DisputeAnswer {
        by: answer.by.to_string(),
        on: answer.on.to_string(),
        words: String::new(),
    };
    v1::Dispute {
        name: id.name(),
        auditor: raised.terms.auditor.to_string(),
        event: Some(shown(&raised.terms.event)),
        parties: raised
            .terms
            .parties
            .iter()
            .map(ToString::to_string)
            .collect(),
        raised_on: raised.on.to_string(),
        reason: String::new(),
        answers: raised.answers.iter().map(answer).collect(),
        resolved_on: wire::show(resolution.map(|resolution| resolution.on)),
        finding: wire::show(resolution.map(|resolution| resolution.finding)),
        correction: resolution
            .and_then(|resolution| resolution.correction.as_ref())
            .map(shown),
        words: String::new(),
    }
}
