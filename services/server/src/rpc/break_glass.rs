use contract::v1::{
    self, BreakGlassOpening, ListBreakGlassRequest, ListBreakGlassResponse, OpenBreakGlassRequest,
    OpenBreakGlassResponse, OpenedValue, ReadUnderBreakGlassRequest, ReadUnderBreakGlassResponse,
    ReviewBreakGlassRequest, ReviewBreakGlassResponse,
    break_glass_service_server::BreakGlassService,
};
use domain::{
    break_glass::{BreakGlass, OpenBreakGlass, Opening, ReviewBreakGlass, named},
    refusal::Refusal,
};
use jiff::civil::Date;
use ledger::LedgerError;
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct BreakGlassRpc(pub(crate) Desk);

#[tonic::async_trait]
impl BreakGlassService for BreakGlassRpc {
    async fn open_break_glass(
        &self,
        request: Request<OpenBreakGlassRequest>,
    ) -> Result<Response<OpenBreakGlassResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(OpenBreakGlass {
                    record: m.record,
                    class: wire::word(&m.class, "class")?,
                    reason: m.reason,
                    hours: wire::number(m.hours, "hours")?,
                })
            })
            .await
    }

    async fn read_under_break_glass(
        &self,
        request: Request<ReadUnderBreakGlassRequest>,
    ) -> Result<Response<ReadUnderBreakGlassResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let refuse = |refusal: Refusal| refused(&refusal);
        let opening = wire::uuid(&request.get_ref().opening, "opening").map_err(refuse)?;
        let ledger = self.0.ledger();
        let id = BreakGlass::id(permit.actor().tenant);
        let read = ledger.read(&permit, id).await.map_err(failed)?;
        let opening = read
            .state
            .open_to(permit.actor(), opening, ledger.now())
            .ok_or_else(|| refused(&Refusal::not_permitted()))?;
        let record = named(&opening.record).map_err(refuse)?;
        let values = self.0.open_class(&request, record, opening.class).await?;
        Ok(Response::new(ReadUnderBreakGlassResponse {
            record: opening.record.clone(),
            class: opening.class.to_string(),
            values: values
                .into_iter()
                .map(|value| OpenedValue {
                    sequence: wire::count(value.sequence),
                    event_type: value.event_type,
                    path: value.path,
                    value_json: value.value.to_string(),
                })
                .collect(),
            until_time: Some(wire::timestamp(opening.until)),
        }))
    }

    async fn list_break_glass(
        &self,
        request: Request<ListBreakGlassRequest>,
    ) -> Result<Response<ListBreakGlassResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let id = BreakGlass::id(permit.actor().tenant);
        let state = match self.0.ledger().read(&permit, id).await {
            Ok(read) => read.state,
            // nothing was ever opened
            Err(LedgerError::Refused(_)) => BreakGlass::default(),
            Err(error) => return Err(failed(error)),
        };
        let mut openings: Vec<_> = state.openings().collect();
        openings.sort_by_key(|(_, reviewed)| reviewed.is_some());
        Ok(Response::new(ListBreakGlassResponse {
            openings: openings
                .into_iter()
                .map(|(opening, reviewed)| shown(opening, reviewed))
                .collect(),
        }))
    }

    async fn review_break_glass(
        &self,
        request: Request<ReviewBreakGlassRequest>,
    ) -> Result<Response<ReviewBreakGlassResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(ReviewBreakGlass {
                    opening: wire::uuid(&m.opening, "opening")?,
                })
            })
            .await
    }
}

fn shown(opening: &Opening, reviewed: Option<Date>) -> v1::BreakGlassOpening {
    BreakGlassOpening {
        opening: opening.id.to_string(),
        reader: opening.by.to_string(),
        role: opening.role.to_string(),
        record: opening.record.clone(),
        class: opening.class.to_string(),
        reason: opening.reason.clone(),
        from_time: Some(wire::timestamp(opening.from)),
        until_time: Some(wire::timestamp(opening.until)),
        reviewed_date: wire::show(reviewed),
    }
}
