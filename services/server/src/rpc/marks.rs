use contract::v1::{self, marks_service_server::MarksService, *};
use domain::{id::Id, marks as rules, visibility::DataClass};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct MarksRpc(pub(crate) Desk);

#[tonic::async_trait]
impl MarksService for MarksRpc {
    async fn record_provisional_mark(
        &self,
        request: Request<RecordProvisionalMarkRequest>,
    ) -> Result<Response<RecordProvisionalMarkResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordProvisionalMark {
                    application: Id::from_name(&m.application, "application")?,
                    component: m.component,
                    mark: wire::number(m.mark, "mark")?,
                })
            })
            .await
    }

    async fn get_mark_sheet(
        &self,
        request: Request<GetMarkSheetRequest>,
    ) -> Result<Response<GetMarkSheetResponse>, Status> {
        let name = request.get_ref().name.clone();
        let read = self.0.read::<rules::MarkSheet>(&request, &name).await?;
        let mut marks = vec![];
        for (mark, ratified) in read.state.marks() {
            let class = DataClass::ProvisionalMarks;
            let given: Option<u8> = self.0.open(&request, read.id, class, &mark.mark).await?;
            let counts: Option<u8> = self.0.open(&request, read.id, class, &mark.counts).await?;
            marks.push(v1::ProvisionalMark {
                component: mark.component.clone(),
                asked_by: wire::show(mark.asked_by.map(Id::name)),
                mark: given.map_or(0, i32::from),
                counts: counts.map_or(0, i32::from),
                reached: mark.reached,
                ratified,
            });
        }
        // who marks is not told why a mark may count otherwise
        let role = self.0.permit(&request).await?.actor().role;
        let circumstances = read
            .state
            .circumstances()
            .filter(|_| DataClass::Circumstances.is_known_to(role))
            .map(|(component, accepted)| CircumstancesFlag {
                component: component.to_owned(),
                accepted,
            });
        let mark_sheet = v1::MarkSheet {
            name,
            marks,
            circumstances: circumstances.collect(),
        };
        Ok(Response::new(GetMarkSheetResponse {
            mark_sheet: Some(mark_sheet),
            version: wire::count(read.version),
        }))
    }
}
