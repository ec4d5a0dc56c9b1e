use contract::v1::{self, qualification_service_server::QualificationService, *};
use domain::{
    application::Application,
    id::Id,
    qualification::{self as rules, ReleasedResult},
    visibility::DataClass,
};
use jiff::civil::Date;
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

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
        let (state, next_board) = shown(read.state.result());
        let mut register_entries = vec![];
        for entry in read.state.entries() {
            let number: Option<String> = {
                let class = DataClass::Qualification;
                self.0.open(&request, read.id, class, &entry.number).await?
            };
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
                register_listings: read.state.listings().iter().map(listing).collect(),
                practises_from: wire::show(read.state.practice().map(|post| post.from)),
                practice_setting: wire::show(
                    read.state.practice().and_then(|post| post.setting.as_ref()),
                ),
                register_at_risk: read
                    .state
                    .practice()
                    .is_some_and(|post| !post.within_system),
            });
        Ok(Response::new(GetQualificationResponse {
            qualification,
            version: wire::count(read.version),
        }))
    }

    async fn release_to_trainee(
        &self,
        request: Request<ReleaseToTraineeRequest>,
    ) -> Result<Response<ReleaseToTraineeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReleaseToTrainee {
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    /// A party of the application reads what is released of it; anybody else hears what strangers
    /// hear.
    async fn get_result(
        &self,
        request: Request<GetResultRequest>,
    ) -> Result<Response<GetResultResponse>, Status> {
        let name = request.get_ref().application.clone();
        let application = self.0.read::<Application>(&request, &name).await?;
        let id = Id::<Application>::from_name(&name, "application")
            .map_err(|refusal| refused(&refusal))?;
        let (mut shared, mut own) = (None, None);
        if let Some(terms) = application.state.terms() {
            let permit = self.0.permit(&request).await?;
            let ledger = self.0.ledger();
            let qualification = Id::<rules::Qualification>::derive(terms.university, &[id.0]);
            shared = ledger.read(&permit, qualification).await.ok();
            let trainees = rules::TraineeResult::id(terms.university, id);
            own = ledger.read(&permit, trainees).await.ok();
        }
        let result = rules::known_result(
            shared.as_ref().map(|read| &read.state),
            own.as_ref().map(|read| &read.state),
        )
        .map_err(|refusal| refused(&refusal))?;
        let (state, next_board) = shown(Some(result));
        Ok(Response::new(GetResultResponse {
            state: state.into(),
            next_board: wire::show(next_board),
        }))
    }

    async fn record_register_status(
        &self,
        request: Request<RecordRegisterStatusRequest>,
    ) -> Result<Response<RecordRegisterStatusResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordRegisterStatus {
                    qualification: Id::from_name(&m.qualification, "qualification")?,
                    register: m.register,
                    status: wire::word(&m.status, "status")?,
                })
            })
            .await
    }
}

fn shown(result: Option<ReleasedResult>) -> (QualificationState, Option<Date>) {
    match result {
        None => (QualificationState::Unspecified, None),
        Some(ReleasedResult::NotYetComplete { next_board }) => {
            (QualificationState::NotYetComplete, Some(next_board))
        }
        Some(ReleasedResult::Passed) => (QualificationState::Qualified, None),
        Some(ReleasedResult::NotCompleted { .. }) => (QualificationState::NotCompleted, None),
    }
}

fn listing(listing: &rules::Listing) -> v1::RegisterListing {
    v1::RegisterListing {
        register: listing.register.clone(),
        status: listing.status.to_string(),
        from: listing.from.to_string(),
    }
}
