use std::collections::BTreeMap;

use contract::v1::{self, outcome_service_server::OutcomeService, *};
use domain::{
    actor::TenantId, correction::Authority, id::Id, outcome as rules, policy::Policies,
    refusal::Refusal,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

pub(crate) struct OutcomeRpc(pub(crate) Desk);

#[tonic::async_trait]
impl OutcomeService for OutcomeRpc {
    async fn report_outcomes(
        &self,
        request: Request<ReportOutcomesRequest>,
    ) -> Result<Response<ReportOutcomesResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReportOutcomes {
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    commissioner: TenantId::from_name(&m.commissioner, "commissioner")?,
                    network: TenantId::from_name(&m.network, "network")?,
                    month: wire::date(&m.month, "month")?,
                    values: values(m.values)?,
                })
            })
            .await
    }

    async fn correct_outcomes(
        &self,
        request: Request<CorrectOutcomesRequest>,
    ) -> Result<Response<CorrectOutcomesResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CorrectOutcomes {
                    report: Id::from_name(&m.report, "report")?,
                    values: values(m.values)?,
                    reason: m.reason,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }

    async fn get_outcome_report(
        &self,
        request: Request<GetOutcomeReportRequest>,
    ) -> Result<Response<GetOutcomeReportResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::OutcomeReport>(&request, name).await?;
        let (Some(terms), Some(outcomes)) = (read.state.terms(), read.state.outcomes()) else {
            return Err(refused(&Refusal::not_permitted()));
        };
        let policies = Policies::of(self.0.ledger().policies());
        let measures =
            rules::measures(&policies, terms.month).map_err(|refusal| refused(&refusal))?;
        let values = outcomes.values.iter().map(|(measure, value)| {
            let meant = measures.get(measure);
            OutcomeValue {
                measure: measure.clone(),
                value: wire::small(*value),
                unit: wire::show(meant.map(|meant| &meant.unit)),
                definition: wire::show(meant.map(|meant| &meant.definition)),
            }
        });
        Ok(Response::new(GetOutcomeReportResponse {
            report: Some(v1::OutcomeReport {
                name: name.clone(),
                employer: terms.employer.to_string(),
                clinical_service: terms.clinical_service.name(),
                month: terms.month.to_string(),
                values: values.collect(),
                complete: outcomes.complete,
            }),
            version: wire::count(read.version),
        }))
    }
}

/// The sums by measure, each measure once.
fn values(values: Vec<OutcomeValue>) -> Result<BTreeMap<String, u32>, Refusal> {
    let mut sums = BTreeMap::new();
    for value in values {
        let sum = wire::number(value.value, "values")?;
        if sums.insert(value.measure, sum).is_some() {
            return Err(Refusal::invalid("values", "a measure is given twice"));
        }
    }
    Ok(sums)
}
