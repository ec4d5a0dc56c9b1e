use contract::v1::{self, progression_service_server::ProgressionService, *};
use domain::{calendar, id::Id, progression as rules};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct ProgressionRpc(pub(crate) Desk);

#[tonic::async_trait]
impl ProgressionService for ProgressionRpc {
    async fn record_destination(
        &self,
        request: Request<RecordDestinationRequest>,
    ) -> Result<Response<RecordDestinationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordDestination {
                    application: Id::from_name(&m.application, "application")?,
                    months: wire::number(m.months, "months")?,
                    destination: m.destination,
                })
            })
            .await
    }

    async fn get_progression(
        &self,
        request: Request<GetProgressionRequest>,
    ) -> Result<Response<GetProgressionResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Progression>(&request, name).await?;
        let today = calendar::london_date(self.0.ledger().now());
        let progression = read
            .state
            .followed()
            .map(|(cohort, follow_up)| v1::Progression {
                name: name.clone(),
                role: cohort.role.to_string(),
                teaching_start: cohort.teaching_start.to_string(),
                region: cohort.region.to_string(),
                stage: follow_up.stage_on(today).to_string(),
                marks: follow_up
                    .at_marks()
                    .map(|(months, on, at)| v1::ProgressionMark {
                        months: wire::small(months),
                        on: on.to_string(),
                        at: at.to_string(),
                    })
                    .collect(),
            });
        Ok(Response::new(GetProgressionResponse {
            progression,
            version: wire::count(read.version),
        }))
    }
}
