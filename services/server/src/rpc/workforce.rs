use contract::v1::{self, workforce_service_server::WorkforceService, *};
use domain::{
    actor::TenantKind, calendar, correction::Authority, policy::catalogue::ContextFigure,
    refusal::Refusal, workforce as rules,
};
use ledger::LedgerError;
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct WorkforceRpc(pub(crate) Desk);

#[tonic::async_trait]
impl WorkforceService for WorkforceRpc {
    async fn record_workforce_count(
        &self,
        request: Request<RecordWorkforceCountRequest>,
    ) -> Result<Response<RecordWorkforceCountResponse>, Status> {
        self.0.write(request, |m| count(m.count)).await
    }

    async fn correct_workforce_count(
        &self,
        request: Request<CorrectWorkforceCountRequest>,
    ) -> Result<Response<CorrectWorkforceCountResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CorrectWorkforceCount {
                    count: count(m.count)?,
                    reason: m.reason,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }

    async fn get_workforce_report(
        &self,
        request: Request<GetWorkforceReportRequest>,
    ) -> Result<Response<GetWorkforceReportResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let refuse = |refusal: Refusal| refused(&refusal);
        let message = request.get_ref();
        let region = wire::optional_word(&message.region, "region").map_err(refuse)?;
        let on = wire::optional_date(&message.on, "on").map_err(refuse)?;
        let ledger = self.0.ledger();
        let on = on.unwrap_or_else(|| calendar::london_date(ledger.now()));
        let commissioner = permit
            .actor()
            .acting_for(TenantKind::Commissioner)
            .map_err(refuse)?;
        let id = rules::WorkforceStock::id(commissioner);
        let stock = match ledger.read(&permit, id).await {
            Ok(read) => read.state,
            // Nothing is counted yet.
            Err(LedgerError::Refused(_)) => rules::WorkforceStock::default(),
            Err(error) => return Err(failed(error)),
        };
        let register = ledger.policies();
        let targets = rules::progress(&register, &stock, region, on);
        let context = register.under("context.").filter_map(|name| {
            let id = format!("context.{name}");
            let figure: ContextFigure = register.value(&id, on)?;
            let version = register.in_force(&id, on)?;
            Some(v1::ContextFigure {
                name: name.to_owned(),
                meaning: figure.meaning,
                value: figure.value,
                unit: figure.unit,
                source: version.source.clone(),
                from: version.from.to_string(),
            })
        });
        Ok(Response::new(GetWorkforceReportResponse {
            targets: targets.into_iter().map(progress).collect(),
            context: context.collect(),
            counts: stock
                .counts()
                .iter()
                .filter(|count| count.scope.region == region && count.on <= on)
                .map(shown)
                .collect(),
        }))
    }
}

fn count(count: Option<v1::WorkforceCount>) -> Result<rules::RecordWorkforceCount, Refusal> {
    let count = count.ok_or_else(|| Refusal::invalid("count", "say what was counted"))?;
    Ok(rules::RecordWorkforceCount {
        population: count.population,
        region: wire::optional_word(&count.region, "count.region")?,
        unit: wire::word(&count.unit, "count.unit")?,
        nhs: count.nhs_hundredths,
        third_sector: count.third_sector_hundredths,
        source: count.source,
    })
}

fn shown(count: &rules::WorkforceCount) -> v1::WorkforceCount {
    v1::WorkforceCount {
        population: count.scope.population.clone(),
        region: wire::show(count.scope.region),
        unit: count.scope.unit.to_string(),
        nhs_hundredths: count.nhs,
        third_sector_hundredths: count.third_sector,
        source: count.source.clone(),
        on: count.on.to_string(),
    }
}

fn progress(one: rules::Progress) -> v1::TargetProgress {
    let target = one.target;
    v1::TargetProgress {
        name: one.name,
        title: target.title,
        measure: target.measure.to_string(),
        population: target.population,
        share_of: target.share_of.unwrap_or_default(),
        unit: target.unit.to_string(),
        baseline: target.baseline.to_string(),
        horizon: target.horizon.to_string(),
        low: target.low,
        high: target.high,
        source: one.source,
        baseline_hundredths: one.baseline,
        latest_on: wire::show(one.latest.map(|(on, _)| on)),
        latest_hundredths: one.latest.map(|(_, count)| count),
        reached_hundredths: one.reached,
        reached_low: one.reached_low,
        reached_high: one.reached_high,
        missing: one.missing.unwrap_or_default(),
    }
}
