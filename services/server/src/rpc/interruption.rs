use contract::v1::{self, interruption_service_server::InterruptionService, *};
use domain::{id::Id, interruption as rules, training::Training};
use tonic::{Request, Response, Status};

use super::training::state_word;
use crate::{desk::Desk, wire};

pub(crate) struct InterruptionRpc(pub(crate) Desk);

#[tonic::async_trait]
impl InterruptionService for InterruptionRpc {
    async fn interrupt_training(
        &self,
        request: Request<InterruptTrainingRequest>,
    ) -> Result<Response<InterruptTrainingResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::InterruptTraining {
                    training: Id::from_name(&m.training, "training")?,
                    expected_return: wire::optional_date(&m.expected_return, "expected_return")?,
                })
            })
            .await
    }

    async fn resume_training(
        &self,
        request: Request<ResumeTrainingRequest>,
    ) -> Result<Response<ResumeTrainingResponse>, Status> {
        self.0
            .write(request, |m| {
                let intake = wire::some(m.intake);
                Ok(rules::ResumeTraining {
                    training: Id::from_name(&m.training, "training")?,
                    intake: intake
                        .map(|name| Id::from_name(&name, "intake"))
                        .transpose()?,
                })
            })
            .await
    }

    async fn agree_less_than_full_time(
        &self,
        request: Request<AgreeLessThanFullTimeRequest>,
    ) -> Result<Response<AgreeLessThanFullTimeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AgreeLessThanFullTime {
                    training: Id::from_name(&m.training, "training")?,
                    practice_days: wire::number(m.practice_days, "practice_days")?,
                })
            })
            .await
    }

    async fn get_training_course(
        &self,
        request: Request<GetTrainingCourseRequest>,
    ) -> Result<Response<GetTrainingCourseResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<Training>(&request, name).await?;
        let (training, course) = (&read.state, read.state.course());
        let course = training.appointment().map(|appointment| TrainingCourse {
            name: name.clone(),
            employer: appointment.employer.to_string(),
            state: state_word(training.status()).into(),
            ends: wire::show(training.last_day()),
            expected_board: wire::show(training.expected_board()),
            interruptions: (course.interruptions().iter())
                .map(|gap| v1::Interruption {
                    from: gap.from.to_string(),
                    expected_return: wire::show(gap.expected_return),
                    resumed: wire::show(gap.resumed),
                })
                .collect(),
            suspensions: (course.suspensions().iter())
                .map(|gap| PracticeSuspension {
                    from: gap.from.to_string(),
                    restored: wire::show(gap.restored),
                })
                .collect(),
            lighter_practice_days: (course.lighter_week())
                .map_or(0, |week| wire::small(week.practice_days)),
            withdrawal: course.leaving().map(|leaving| TrainingWithdrawal {
                proposed_by: leaving.by.to_string(),
                on: leaving.on.to_string(),
                representations_until: leaving.representations_until.to_string(),
                represented: leaving.represented,
                confirmed: leaving.confirmed,
            }),
        });
        Ok(Response::new(GetTrainingCourseResponse {
            course,
            version: wire::count(read.version),
        }))
    }
}
