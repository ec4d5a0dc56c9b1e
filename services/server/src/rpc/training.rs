use contract::v1::{self, training_service_server::TrainingService, *};
use domain::{
    calendar::london_date,
    correction::Authority,
    id::Id,
    policy::Policies,
    refusal::Refusal,
    supervision::{Supervisee, SupervisorLoad},
    training::{self as rules, PracticeKind, TrainingStatus},
    visibility::DataClass,
};
use jiff::civil::Date;
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

pub(crate) struct TrainingRpc(pub(crate) Desk);

/// A status on the wire.
pub(super) const fn state_word(status: TrainingStatus) -> TrainingState {
    match status {
        TrainingStatus::Awaiting => TrainingState::Awaiting,
        TrainingStatus::InTraining => TrainingState::InTraining,
        TrainingStatus::Ended => TrainingState::Ended,
        TrainingStatus::Interrupted => TrainingState::Interrupted,
        TrainingStatus::WithdrawalProposed => TrainingState::WithdrawalProposed,
        TrainingStatus::Withdrawn => TrainingState::Withdrawn,
    }
}

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
        let GetTrainingRequest { name, known_time } = request.get_ref();
        let read = match known_time {
            None => self.0.read::<rules::Training>(&request, name).await?,
            Some(at) => {
                let known = wire::known(*at, "known_time").map_err(|refusal| refused(&refusal))?;
                self.0.as_known(&request, name, known).await?
            }
        };
        let training = &read.state;
        let state = state_word(training.status());
        let (year, pattern) = (training.year(), training.pattern());
        let practice = DataClass::PracticeHours.is_shown_to(role);
        let totals = practice.then(|| training.totals());
        let placement = training.placement_on(Date::MAX);
        let caseload = training.caseload().filter(|_| practice);
        let policies = Policies::of(self.0.ledger().policies());
        let months: Vec<u32> = match year {
            Some(year) => policies
                .get("reviews.due_months", year.starts)
                .map_err(|refusal| refused(&refusal))?,
            None => vec![],
        };
        let study = training.study_quarters(&policies);
        let study = study.map_err(|refusal| refused(&refusal))?;
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
                .supervisor()
                .map(|supervisor| supervisor.name())
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
                under_review: wire::small(training.under_review()),
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
            gaps: training.gaps().map(gap).collect(),
            attendance: training.attendance().iter().map(week).collect(),
            study_quarter_hours: wire::small(study),
        });
        Ok(Response::new(GetTrainingResponse {
            training,
            version: wire::count(read.version),
        }))
    }

    async fn record_attendance(
        &self,
        request: Request<RecordAttendanceRequest>,
    ) -> Result<Response<RecordAttendanceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordAttendance {
                    training: Id::from_name(&m.training, "training")?,
                    university_days: wire::number(m.university_days, "university_days")?,
                })
            })
            .await
    }

    async fn correct_attendance(
        &self,
        request: Request<CorrectAttendanceRequest>,
    ) -> Result<Response<CorrectAttendanceResponse>, Status> {
        self.0
            .write(request, |m| {
                let days = m.university_days;
                Ok(rules::CorrectAttendance {
                    training: Id::from_name(&m.training, "training")?,
                    sequence: u64::try_from(m.sequence)
                        .map_err(|_| Refusal::invalid("sequence", "must not be negative"))?,
                    university_days: days
                        .map(|days| wire::number(days, "university_days"))
                        .transpose()?,
                    reason: wire::word(&m.reason, "reason")?,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
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
                    authority: Authority::parse(&m.authority, "authority")?,
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
                    authority: Authority::parse(&m.authority, "authority")?,
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
                    authority: Authority::parse(&m.authority, "authority")?,
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
                    reason: wire::optional_word(&m.reason, "reason")?,
                    authority: Authority::parse(&m.authority, "authority")?,
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

    async fn end_supervision(
        &self,
        request: Request<EndSupervisionRequest>,
    ) -> Result<Response<EndSupervisionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::EndSupervision {
                    training: Id::from_name(&m.training, "training")?,
                })
            })
            .await
    }

    async fn get_supervisor_load(
        &self,
        request: Request<GetSupervisorLoadRequest>,
    ) -> Result<Response<GetSupervisorLoadResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let name = &request.get_ref().supervisor;
        let refuse = |refusal: Refusal| refused(&refusal);
        let supervisor = Id::from_name(name, "supervisor").map_err(refuse)?;
        let id = SupervisorLoad::id(permit.actor().tenant, supervisor);
        let load = self
            .0
            .read::<SupervisorLoad>(&request, &id.name())
            .await?
            .state;
        let ledger = self.0.ledger();
        let limit: u32 = Policies::of(ledger.policies())
            .get("supervisor.trainees_max", london_date(ledger.now()))
            .map_err(refuse)?;
        let not_eligible = load
            .not_eligible_for()
            .map(|(role, since)| v1::Ineligibility {
                role: role.to_owned(),
                since: since.to_string(),
            });
        Ok(Response::new(GetSupervisorLoadResponse {
            load: Some(v1::SupervisorLoad {
                supervisor: name.clone(),
                trainees: wire::small(load.now()),
                limit: wire::small(limit),
                above_limit: load.now() > limit,
                supervisees: load.supervisees().map(supervisee).collect(),
                not_eligible: not_eligible.collect(),
            }),
        }))
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

fn gap(gap: rules::SupervisionGap) -> v1::SupervisionGap {
    v1::SupervisionGap {
        from: gap.from.to_string(),
        until: wire::show(gap.until),
        days: gap.until.map_or(0, |until| wire::small(gap.days(until))),
    }
}

fn week(entry: &rules::AttendanceEntry) -> v1::AttendanceEntry {
    v1::AttendanceEntry {
        sequence: wire::count(entry.sequence),
        week: entry.attendance.week.to_string(),
        university_days: wire::small(entry.attendance.university_days),
        correction: entry.corrected.as_ref().map(|corrected| {
            let days = corrected.university_days;
            v1::AttendanceCorrection {
                university_days: days.map(wire::small),
                reason: corrected.correction.reason.to_string(),
                authority: corrected.correction.authority.to_string(),
            }
        }),
    }
}

fn supervisee((training, held): (Id<rules::Training>, &Supervisee)) -> v1::Supervisee {
    v1::Supervisee {
        training: training.name(),
        role: held.role.to_string(),
        from: held.from.to_string(),
        until: wire::show(held.until),
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
