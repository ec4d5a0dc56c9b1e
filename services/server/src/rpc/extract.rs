use contract::v1::{extract_service_server::ExtractService, *};
use domain::{actor::TenantId, extract as rules, id::Id};
use futures::{StreamExt as _, stream};
use jiff::civil::Date;
use tonic::{Request, Response, Status};
use views::extract::Row;

use crate::{
    caller,
    desk::Desk,
    lease::Answers,
    status::{failed, refused},
    wire,
};

pub(crate) struct ExtractRpc(pub(crate) Desk);

#[tonic::async_trait]
impl ExtractService for ExtractRpc {
    async fn grant_extract(
        &self,
        request: Request<GrantExtractRequest>,
    ) -> Result<Response<GrantExtractResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::GrantExtract {
                    evaluator: TenantId::from_name(&m.evaluator, "evaluator")?,
                    position: u64::try_from(m.position).unwrap_or(0),
                    purpose: m.purpose,
                })
            })
            .await
    }

    type ReadExtractStream = Answers<ReadExtractResponse>;

    async fn read_extract(
        &self,
        request: Request<ReadExtractRequest>,
    ) -> Result<Response<Self::ReadExtractStream>, Status> {
        let permit = self.0.permit(&request).await?;
        let extract =
            Id::from_name(&request.get_ref().name, "name").map_err(|refusal| refused(&refusal))?;
        let rows = views::extract::rows(self.0.ledger(), &permit, extract)
            .await
            .map_err(failed)?;
        let rows = stream::iter(rows).map(|row| Ok(response(row)));
        Ok(Response::new(caller::lease(&request)?.limits(rows)))
    }
}

fn response(row: Row) -> ReadExtractResponse {
    ReadExtractResponse {
        pseudonym: row.pseudonym,
        role: row.role,
        region: row.region,
        level: i32::from(row.level),
        award_month: wire::show(row.awarded.map(month)),
        instalments_paid: wire::small(row.instalments),
        completed: row.completed,
        lock_until_month: wire::show(row.lock.map(|lock| month(lock.until))),
        lock_provisional: row.lock.is_some_and(|lock| lock.provisional),
    }
}

/// `2026-02`
fn month(day: Date) -> String {
    day.strftime("%Y-%m").to_string()
}
