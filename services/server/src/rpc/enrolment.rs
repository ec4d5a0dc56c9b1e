use contract::v1::{self, enrolment_service_server::EnrolmentService, *};
use domain::{
    enrolment as rules,
    id::Id,
    identifiers::{Sid, Uln},
    visibility::DataClass,
};
use tonic::{Request, Response, Status};

use super::board::outcome_word;
use crate::{desk::Desk, wire};

pub(crate) struct EnrolmentRpc(pub(crate) Desk);

#[tonic::async_trait]
impl EnrolmentService for EnrolmentRpc {
    async fn enrol_trainee(
        &self,
        request: Request<EnrolTraineeRequest>,
    ) -> Result<Response<EnrolTraineeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::EnrolTrainee {
                    application: Id::from_name(&m.application, "application")?,
                    sid: m.sid,
                    uln: wire::some(m.uln),
                    level: wire::number(m.level, "level")?,
                })
            })
            .await
    }

    async fn get_enrolment(
        &self,
        request: Request<GetEnrolmentRequest>,
    ) -> Result<Response<GetEnrolmentResponse>, Status> {
        let role = self.0.permit(&request).await?.actor().role;
        let name = request.get_ref().name.clone();
        let read = self.0.read::<rules::Enrolment>(&request, &name).await?;
        let enrolment = match &read.state {
            rules::Enrolment::Absent => None,
            rules::Enrolment::Enrolled {
                study, sid, uln, ..
            } => {
                let sid: Option<Sid> = (self.0)
                    .open(&request, read.id, DataClass::Enrolment, sid)
                    .await?;
                let uln: Option<Uln> = match uln {
                    Some(uln) => {
                        (self.0)
                            .open(&request, read.id, DataClass::Enrolment, uln)
                            .await?
                    }
                    None => None,
                };
                Some(v1::Enrolment {
                    name,
                    application: study.appointment.application.name(),
                    person: study.appointment.person.to_string(),
                    intake: study.appointment.intake.name(),
                    qualification: study.qualification.clone(),
                    level: wire::small(study.level),
                    curriculum_version: study.curriculum.clone(),
                    starts: study.starts.to_string(),
                    sid: wire::show(sid),
                    uln: wire::show(uln),
                    outcomes: read
                        .state
                        .assessments()
                        .iter()
                        .filter(|_| DataClass::RatifiedOutcome.is_shown_to(role))
                        .map(|assessment| outcome_word(&assessment.outcome).to_owned())
                        .collect(),
                })
            }
        };
        Ok(Response::new(GetEnrolmentResponse {
            enrolment,
            version: wire::count(read.version),
        }))
    }
}
