use contract::v1::{self, qualification_service_server::QualificationService, *};
use domain::{id::Id, qualification as rules};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct QualificationRpc(pub(crate) Desk);

#[tonic::async_trait]
impl QualificationService for QualificationRpc {
    async fn record_register_entry(
        &self,
        request: Request<RecordRegisterEntryRequest>,
    ) -> Result<Response<RecordRegisterEntryResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordRegisterEntry {
                    qualification: Id::from_name(&m.qualification, "qualification")?,
                    register: m.register,
                    number: m.number,
                    until: wire::optional_date(&m.until, "until")?,
                })
            })
            .await
    }

    async fn get_qualification(
        &self,
        request: Request<GetQualificationRequest>,
    ) -> Result<Response<GetQualificationResponse>, Status> {
        let name = request.get_ref().name.clone();
        let read = self.0.read::<rules::Qualification>(&request, &name).await?;
        let (state, next_board) = match &read.state {
            rules::Qualification::Absent => (QualificationState::Unspecified, None),
            rules::Qualification::NotYetComplete { next_board, .. } => {
                (QualificationState::NotYetComplete, Some(*next_board))
            }
            rules::Qualification::Qualified { .. } => (QualificationState::Qualified, None),
            rules::Qualification::NotCompleted { .. } => (QualificationState::NotCompleted, None),
        };
        let mut register_entries = vec![];
        for entry in read.state.entries() {
            let number: Option<String> = self.0.open(&request, &entry.number).await?;
            register_entries.push(v1::RegisterEntry {
                register: entry.register.clone(),
                number: number.unwrap_or_default(),
                from: entry.from.to_string(),
                until: wire::show(entry.until),
            });
        }
        let award = read.state.award();
        let qualification = read
            .state
            .appointment()
            .map(|appointment| v1::Qualification {
                name,
                application: appointment.application.name(),
                person: appointment.person.to_string(),
                state: state.into(),
                next_board: wire::show(next_board),
                qualification: wire::show(award.map(|award| &award.qualification)),
                level: award.map_or(0, |award| wire::small(award.level)),
                awarded: wire::show(award.map(|award| award.awarded)),
                leaving_code: wire::show(read.state.leaving_code().map(|code| code.code())),
                register_entries,
            });
        Ok(Response::new(GetQualificationResponse {
            qualification,
            version: wire::count(read.version),
        }))
    }
}
