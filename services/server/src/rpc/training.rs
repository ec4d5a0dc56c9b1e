use contract::v1::{self, training_service_server::TrainingService, *};
use domain::{
    id::Id,
    training::{self as rules, TrainingStatus},
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct TrainingRpc(pub(crate) Desk);

#[tonic::async_trait]
impl TrainingService for TrainingRpc {
    async fn assign_supervisor(
        &self,
        request: Request<AssignSupervisorRequest>,
    ) -> Result<Response<AssignSupervisorResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AssignSupervisor {
                    application: Id::from_name(&m.application, "application")?,
                    supervisor: Id::from_name(&m.supervisor, "supervisor")?,
                })
            })
            .await
    }

    async fn set_weekly_pattern(
        &self,
        request: Request<SetWeeklyPatternRequest>,
    ) -> Result<Response<SetWeeklyPatternResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SetWeeklyPattern {
                    training: Id::from_name(&m.training, "training")?,
                    university_days: wire::number(m.university_days, "university_days")?,
                    practice_days: wire::number(m.practice_days, "practice_days")?,
                })
            })
            .await
    }

    async fn log_practice_hours(
        &self,
        request: Request<LogPracticeHoursRequest>,
    ) -> Result<Response<LogPracticeHoursResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::LogPracticeHours {
                    training: Id::from_name(&m.training, "training")?,
                    kind: wire::word(&m.kind, "kind")?,
                    intervention: wire::some(m.intervention),
                    quarters: wire::number(m.quarter_hours, "quarter_hours")?,
                })
            })
            .await
    }

    async fn hold_three_way_review(
        &self,
        request: Request<HoldThreeWayReviewRequest>,
    ) -> Result<Response<HoldThreeWayReviewResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::HoldThreeWayReview {
                    training: Id::from_name(&m.training, "training")?,
                })
            })
            .await
    }

    async fn verify_portfolio(
        &self,
        request: Request<VerifyPortfolioRequest>,
    ) -> Result<Response<VerifyPortfolioResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::VerifyPortfolio {
                    training: Id::from_name(&m.training, "training")?,
                })
            })
            .await
    }

    async fn extend_training(
        &self,
        request: Request<ExtendTrainingRequest>,
    ) -> Result<Response<ExtendTrainingResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ExtendTraining {
                    training: Id::from_name(&m.training, "training")?,
                    until: wire::date(&m.until, "until")?,
                })
            })
            .await
    }

    async fn get_training(
        &self,
        request: Request<GetTrainingRequest>,
    ) -> Result<Response<GetTrainingResponse>, Status> {
        let role = self.0.permit(&request).await?.actor().role;
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Training>(&request, name).await?;
        let training = &read.state;
        let state = match training.status() {
            TrainingStatus::Awaiting => TrainingState::Awaiting,
            TrainingStatus::InTraining => TrainingState::InTraining,
            TrainingStatus::Ended => TrainingState::Ended,
        };
        let (year, pattern) = (training.year(), training.pattern());
        let totals = training.totals_shown_to(role);
        let year_ends = year.map(|year| year.ends);
        let extended = training.last_day().filter(|last| Some(*last) > year_ends);
        let training = training.appointment().map(|appointment| v1::Training {
            name: name.clone(),
            application: appointment.application.name(),
            person: appointment.person.to_string(),
            employer: appointment.employer.to_string(),
            university: appointment.university.to_string(),
            state: state.into(),
            starts: wire::show(year.map(|year| year.starts)),
            ends: wire::show(year_ends),
            extended_until: wire::show(extended),
            supervisor: training
                .supervision()
                .last()
                .map(|supervision| supervision.supervisor.name())
                .unwrap_or_default(),
            university_days: pattern.map_or(0, |week| wire::small(week.university_days)),
            practice_days: pattern.map_or(0, |week| wire::small(week.practice_days)),
            totals: totals.map(|totals| v1::PracticeTotals {
                contact: wire::small(totals.contact),
                intervention: wire::small(totals.intervention),
                case_management: wire::small(totals.case_management),
                clinical_skills: wire::small(totals.clinical_skills),
                reviews: wire::small(totals.reviews),
            }),
            portfolio_verified_on: wire::show(training.portfolio().map(|portfolio| portfolio.on)),
        });
        Ok(Response::new(GetTrainingResponse {
            training,
            version: wire::count(read.version),
        }))
    }
}
