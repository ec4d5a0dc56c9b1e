use contract::v1::{self, training_service_server::TrainingService, *};
use domain::{
    id::Id,
    policy::Policies,
    training::{self as rules, PracticeKind, TrainingStatus},
};
use jiff::civil::Date;
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

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
        let placement = training.placement_on(Date::MAX);
        let caseload = training.caseload();
        let months: Vec<u32> = match year {
            Some(year) => Policies::of(self.0.ledger().policies())
                .get("reviews.due_months", year.starts)
                .map_err(|refusal| refused(&refusal))?,
            None => vec![],
        };
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
                care_planning: wire::small(training.counted(PracticeKind::CarePlanning)),
                awaiting_signature: wire::small(training.awaiting_signature()),
                disallowed: wire::small(training.disallowed()),
            }),
            portfolio_verified_on: wire::show(training.portfolio().map(|portfolio| portfolio.on)),
            wte_percent: pattern.map_or(0, |week| wire::small(week.wte_percent())),
            clinical_service: placement
                .map(|placement| placement.clinical_service.name())
                .unwrap_or_default(),
            site: placement
                .and_then(|placement| placement.site.clone())
                .unwrap_or_default(),
            setting: wire::show(placement.map(|placement| &placement.setting)),
            caseload_clients: caseload.map_or(0, |count| wire::small(count.clients)),
            caseload_with_keyworker: caseload.map_or(0, |count| wire::small(count.with_keyworker)),
            caseload_on: wire::show(caseload.map(|count| count.on)),
            next_review_due: wire::show(training.next_review_due(&months)),
        });
        Ok(Response::new(GetTrainingResponse {
            training,
            version: wire::count(read.version),
        }))
    }

    async fn sign_practice_hours(
        &self,
        request: Request<SignPracticeHoursRequest>,
    ) -> Result<Response<SignPracticeHoursResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SignPracticeHours {
                    training: Id::from_name(&m.training, "training")?,
                    until: wire::date(&m.until, "until")?,
                })
            })
            .await
    }

    async fn correct_practice_hours(
        &self,
        request: Request<CorrectPracticeHoursRequest>,
    ) -> Result<Response<CorrectPracticeHoursResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CorrectPracticeHours {
                    training: Id::from_name(&m.training, "training")?,
                    entry: wire::number(m.entry, "entry")?,
                    quarters: wire::number(m.quarter_hours, "quarter_hours")?,
                    reason: wire::word(&m.reason, "reason")?,
                })
            })
            .await
    }

    async fn void_practice_hours(
        &self,
        request: Request<VoidPracticeHoursRequest>,
    ) -> Result<Response<VoidPracticeHoursResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::VoidPracticeHours {
                    training: Id::from_name(&m.training, "training")?,
                    entry: wire::number(m.entry, "entry")?,
                    reason: wire::word(&m.reason, "reason")?,
                })
            })
            .await
    }

    async fn disallow_hours(
        &self,
        request: Request<DisallowHoursRequest>,
    ) -> Result<Response<DisallowHoursResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DisallowHours {
                    training: Id::from_name(&m.training, "training")?,
                    entry: wire::number(m.entry, "entry")?,
                    reason: wire::word(&m.reason, "reason")?,
                })
            })
            .await
    }

    async fn reinstate_hours(
        &self,
        request: Request<ReinstateHoursRequest>,
    ) -> Result<Response<ReinstateHoursResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReinstateHours {
                    training: Id::from_name(&m.training, "training")?,
                    entry: wire::number(m.entry, "entry")?,
                })
            })
            .await
    }

    async fn place_trainee(
        &self,
        request: Request<PlaceTraineeRequest>,
    ) -> Result<Response<PlaceTraineeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::PlaceTrainee {
                    training: Id::from_name(&m.training, "training")?,
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    site: wire::some(m.site),
                })
            })
            .await
    }

    async fn record_caseload(
        &self,
        request: Request<RecordCaseloadRequest>,
    ) -> Result<Response<RecordCaseloadResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordCaseload {
                    training: Id::from_name(&m.training, "training")?,
                    clients: wire::number(m.clients, "clients")?,
                    with_keyworker: wire::number(m.with_keyworker, "with_keyworker")?,
                })
            })
            .await
    }

    async fn list_practice_entries(
        &self,
        request: Request<ListPracticeEntriesRequest>,
    ) -> Result<Response<ListPracticeEntriesResponse>, Status> {
        let message = request.get_ref();
        let name = &message.training;
        let read = self.0.read::<rules::Training>(&request, name).await?;
        let (page, next_page_token) =
            wire::numbered(read.state.entries(), message.page_size, &message.page_token)
                .map_err(|refusal| refused(&refusal))?;
        Ok(Response::new(ListPracticeEntriesResponse {
            entries: page.map(entry).collect(),
            next_page_token,
        }))
    }
}

fn entry((number, known): (usize, &rules::LoggedEntry)) -> v1::PracticeEntry {
    v1::PracticeEntry {
        number: wire::small(number),
        kind: known.entry.kind.to_string(),
        intervention: known.entry.intervention.clone().unwrap_or_default(),
        until: known.entry.until.to_string(),
        quarter_hours: wire::small(known.entry.quarters),
        signed_by_trainee: known.trainee,
        signed_by_supervisor: known.supervisor,
        standing: known.standing.to_string(),
        counts: known.counts(),
    }
}
