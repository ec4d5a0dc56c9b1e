//! One person's way from application to qualified post, call by call.

mod qualified;

use contract::v1;
use domain::{
    actor::ActingRole::{
        AdmissionsTutor, BoardSecretary, CommissionerNational, EmployerHr, PracticeSupervisor,
        ProgrammeLead, ServiceManager,
    },
    funding::FundingAward,
    id::Id,
    offer::Offer,
    preceptorship::Preceptorship,
    qualification::Qualification,
    refusal::Reason,
    training::Training,
    world::Decider,
};
use uuid::Uuid;

use super::{
    cast::{Candidate, Organisation},
    cohort::{Cohort, person},
    stage::{Caller, PlayError},
};

/// The criteria each side scores, as the default set of the policy baseline names them.
const EMPLOYER_CRITERIA: [&str; 4] = [
    "trauma_informed_recovery",
    "collaborative_work_with_smi_in_a_team",
    "knowledge_of_community_mental_health",
    "nhs_values",
];
const UNIVERSITY_CRITERIA: [&str; 2] = ["trauma_informed_recovery", "ability_to_study_at_level"];

/// The six employment checks.
const CHECKS: [&str; 6] = [
    "identity",
    "right_to_work",
    "registration_and_qualification",
    "employment_history_and_references",
    "criminal_record",
    "work_health_assessment",
];

/// Hours of one period, in quarter-hours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hours {
    pub(super) contact: i32,
    pub(super) intervention: i32,
    pub(super) care_planning: i32,
    pub(super) case_management: i32,
    pub(super) clinical_skills: i32,
}

/// What a board decides, as far as the play has it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Outcome<'a> {
    /// Passed.
    Pass,
    /// One further attempt at a module.
    Refer {
        module: &'a str,
        due: &'a str,
        next_board: &'a str,
    },
}

/// A side of the joint decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Employer,
    University,
}
use Side::{Employer, University};

/// One application and what becomes of it.
#[derive(Clone)]
pub(super) struct Trainee<'a> {
    /// The campaign it belongs to.
    pub(super) cohort: &'a Cohort<'a>,
    /// Who applied.
    pub(super) candidate: &'a Candidate,
    /// `applications/{uuid}`
    pub(super) application: String,
}

impl<'a> Trainee<'a> {
    /// The candidate applies.
    pub(super) async fn applies(
        cohort: &'a Cohort<'a>,
        candidate: &'a Candidate,
        on: &str,
        entry_source: &str,
        degree: &str,
        degree_detail: &str,
    ) -> Result<Self, PlayError> {
        let step = format!("{}/{}/apply", cohort.label, candidate.slug);
        let receipt = cohort
            .stage
            .candidate(candidate)?
            .does(
                step,
                on,
                v1::SubmitApplicationRequest {
                    vacancy: cohort.vacancy.clone(),
                    name: candidate.name.clone(),
                    contact: format!("{}@invented.example", candidate.slug),
                    statement: "Recovery has a direction when somebody walks along. (Invented.)"
                        .to_owned(),
                    entry_source: entry_source.to_owned(),
                    degree: degree.to_owned(),
                    degree_detail: degree_detail.to_owned(),
                    ..Default::default()
                },
            )
            .await?;
        Ok(Self {
            cohort,
            candidate,
            application: receipt.name,
        })
    }

    fn step(&self, what: &str) -> String {
        format!("{}/{}/{what}", self.cohort.label, self.candidate.slug)
    }

    fn employer(&self, role: domain::actor::ActingRole) -> Result<Caller<'a>, PlayError> {
        self.cohort.stage.of(self.cohort.employer, role)
    }

    fn university(&self, role: domain::actor::ActingRole) -> Result<Caller<'a>, PlayError> {
        self.cohort.stage.of(self.cohort.university, role)
    }

    fn side(&self, side: Side) -> Result<Caller<'a>, PlayError> {
        match side {
            Employer => self.employer(ServiceManager),
            University => self.university(AdmissionsTutor),
        }
    }

    /// The record of this application in another collection; such ids follow from the
    /// application's, so whoever knows one knows the others.
    pub(super) fn record<A: Decider>(&self, home: &Organisation) -> String {
        let application = self.application.trim_start_matches("applications/");
        let application = Uuid::try_parse(application).unwrap_or_default();
        Id::<A>::derive(home.tenant, &[application]).name()
    }

    /// The university adds evidence of study, which confirms it.
    pub(super) async fn study_evidence(
        &self,
        on: &str,
        kind: &str,
        detail: &str,
    ) -> Result<(), PlayError> {
        let step = self.step(&format!("study evidence {on}"));
        let request = v1::AddStudyEvidenceRequest {
            application: self.application.clone(),
            kind: kind.to_owned(),
            detail: detail.to_owned(),
            ..Default::default()
        };
        self.university(AdmissionsTutor)?
            .does(step, on, request)
            .await?;
        Ok(())
    }

    /// One side seals that it shortlists.
    pub(super) async fn shortlists(&self, side: Side, on: &str) -> Result<(), PlayError> {
        let step = self.step(&format!("{side:?} shortlists"));
        let request = v1::SealShortlistRequest {
            application: self.application.clone(),
            shortlisted: true,
            reason: "Meets the criteria on paper.".to_owned(),
            ..Default::default()
        };
        self.side(side)?.does(step, on, request).await?;
        Ok(())
    }

    /// The interview, with an expert by experience on the panel.
    pub(super) async fn is_interviewed(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::RecordInterviewRequest {
            application: self.application.clone(),
            held_date: on.to_owned(),
            panel: [
                "service_manager",
                "admissions_tutor",
                "expert_by_experience",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("interview"), on, request)
            .await?;
        Ok(())
    }

    /// The decision round opens for as long as policy says.
    pub(super) async fn round_opens(&self, on: &str) -> Result<(), PlayError> {
        self.round_opens_until(on, "").await
    }

    /// The decision round opens and stays open until an instant.
    pub(super) async fn round_opens_until(
        &self,
        on: &str,
        deadline: &str,
    ) -> Result<(), PlayError> {
        let request = v1::OpenDecisionRoundRequest {
            application: self.application.clone(),
            deadline: deadline.to_owned(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("open round"), on, request)
            .await?;
        Ok(())
    }

    /// One side seals its decision in a round.
    pub(super) async fn decides(
        &self,
        side: Side,
        on: &str,
        round: i32,
        decision: v1::Decision,
    ) -> Result<(), PlayError> {
        let step = self.step(&format!("{side:?} decides in round {round}"));
        let request = v1::SealDecisionRequest {
            application: self.application.clone(),
            round,
            decision: Some(decision),
            ..Default::default()
        };
        self.side(side)?.does(step, on, request).await?;
        Ok(())
    }

    /// One side changes its own sealed decision before the reveal.
    pub(super) async fn amends(
        &self,
        side: Side,
        on: &str,
        round: i32,
        decision: v1::Decision,
    ) -> Result<(), PlayError> {
        let step = self.step(&format!("{side:?} amends in round {round}"));
        let request = v1::AmendDecisionRequest {
            application: self.application.clone(),
            round,
            decision: Some(decision),
            ..Default::default()
        };
        self.side(side)?.does(step, on, request).await?;
        Ok(())
    }

    /// The university cannot accept somebody whose ability to study is not shown.
    pub(super) async fn cannot_be_accepted_without_evidence(
        &self,
        on: &str,
    ) -> Result<(), PlayError> {
        let request = v1::SealDecisionRequest {
            application: self.application.clone(),
            round: 1,
            decision: Some(accept(University, 60, &[])),
            ..Default::default()
        };
        let step = self.step("accepted without evidence");
        self.university(AdmissionsTutor)?
            .is_refused(step, on, Reason::StudyEvidenceRequired, request)
            .await
    }

    /// The feedback both sides agreed on reaches the candidate.
    pub(super) async fn feedback_is_released(&self, on: &str, text: &str) -> Result<(), PlayError> {
        let request = v1::ReleaseFeedbackRequest {
            application: self.application.clone(),
            text: text.to_owned(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("feedback"), on, request)
            .await?;
        Ok(())
    }

    /// The employer asks to decide again.
    pub(super) async fn reconsideration_is_requested(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::RequestReconsiderationRequest {
            application: self.application.clone(),
            reason: "New evidence of study has come in.".to_owned(),
            ..Default::default()
        };
        self.side(Employer)?
            .does(self.step("reconsideration requested"), on, request)
            .await?;
        Ok(())
    }

    /// The university agrees; the next round opens.
    pub(super) async fn reconsideration_is_agreed(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::AgreeReconsiderationRequest {
            application: self.application.clone(),
            ..Default::default()
        };
        self.side(University)?
            .does(self.step("reconsideration agreed"), on, request)
            .await?;
        Ok(())
    }

    /// The employer offers what the joint outcome allows.
    pub(super) async fn is_offered(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::MakeOfferRequest {
            application: self.application.clone(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("offer"), on, request)
            .await?;
        Ok(())
    }

    fn offer(&self) -> String {
        self.record::<Offer>(self.cohort.employer)
    }

    /// The candidate accepts.
    pub(super) async fn accepts(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::AcceptOfferRequest {
            offer: self.offer(),
            ..Default::default()
        };
        self.cohort
            .stage
            .candidate(self.candidate)?
            .does(self.step("accept"), on, request)
            .await?;
        Ok(())
    }

    /// The six employment checks clear, one on each day.
    pub(super) async fn is_cleared(&self, days: &[&str; 6]) -> Result<(), PlayError> {
        for (check, on) in CHECKS.into_iter().zip(days) {
            let request = v1::ClearEmploymentCheckRequest {
                offer: self.offer(),
                check: check.to_owned(),
                result: "cleared".to_owned(),
                result_date: (*on).to_owned(),
                ..Default::default()
            };
            self.employer(EmployerHr)?
                .does(self.step(&format!("{check} cleared")), on, request)
                .await?;
        }
        Ok(())
    }

    /// Both sides confirm that their conditions are met.
    pub(super) async fn meets_conditions(
        &self,
        on: &str,
        employer: &[&str],
        university: &[&str],
    ) -> Result<(), PlayError> {
        let request = |conditions: &[&str]| v1::ConfirmConditionsRequest {
            offer: self.offer(),
            conditions: conditions.iter().map(|&id| id.to_owned()).collect(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("employer's conditions"), on, request(employer))
            .await?;
        self.university(AdmissionsTutor)?
            .does(
                self.step("university's conditions"),
                on,
                request(university),
            )
            .await?;
        Ok(())
    }

    /// The university asks whether the funding lock lets this person start.
    pub(super) async fn lock_is_checked(
        &self,
        on: &str,
        teaching_start: &str,
    ) -> Result<v1::CheckFundingLockResponse, PlayError> {
        let request = v1::CheckFundingLockRequest {
            person: self.candidate.person.to_string(),
            teaching_start: teaching_start.to_owned(),
            ..Default::default()
        };
        let step = self.step(&format!("lock check for {teaching_start}"));
        self.university(AdmissionsTutor)?
            .answers(step, on, request)
            .await
    }

    /// The commissioner approves tuition and salary, as much as policy says.
    pub(super) async fn is_funded(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::ApproveAwardRequest {
            application: self.application.clone(),
            ..Default::default()
        };
        self.cohort
            .stage
            .of(self.cohort.commissioner, CommissionerNational)?
            .does(self.step("award"), on, request)
            .await?;
        Ok(())
    }

    /// The first day in the trainee post.
    pub(super) async fn is_employed(&self, on: &str, band: i32) -> Result<(), PlayError> {
        let request = v1::StartEmploymentRequest {
            application: self.application.clone(),
            band,
            assignment: self.candidate.assignment(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("employment"), on, request)
            .await?;
        Ok(())
    }

    fn enrolment(&self, on: &str, level: i32) -> v1::EnrolTraineeRequest {
        let year = on.get(..4).and_then(|year| year.parse().ok());
        v1::EnrolTraineeRequest {
            application: self.application.clone(),
            sid: self
                .candidate
                .sid(year.unwrap_or_default(), self.cohort.university),
            uln: self.candidate.uln(),
            level,
            ..Default::default()
        }
    }

    /// Enrolment at the level of the route.
    pub(super) async fn is_enrolled(&self, on: &str, level: i32) -> Result<(), PlayError> {
        let assign = v1::AssignSupervisorRequest {
            application: self.application.clone(),
            supervisor: self.cohort.supervisor.clone(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("supervisor"), on, assign)
            .await?;
        self.university(ProgrammeLead)?
            .does(self.step("enrolment"), on, self.enrolment(on, level))
            .await?;
        Ok(())
    }

    /// Enrolment at the other level must be refused.
    pub(super) async fn is_not_enrolled_at(&self, on: &str, level: i32) -> Result<(), PlayError> {
        let step = self.step(&format!("enrolment at level {level}"));
        let request = self.enrolment(on, level);
        self.university(ProgrammeLead)?
            .is_refused(step, on, Reason::RouteMismatch, request)
            .await
    }

    /// Nobody supervises any longer.
    pub(super) async fn supervision_ends(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::EndSupervisionRequest {
            training: self.training(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("supervision ends"), on, request)
            .await?;
        Ok(())
    }

    /// The week of the training.
    pub(super) async fn is_placed(&self, on: &str, practice_days: i32) -> Result<(), PlayError> {
        let week = v1::SetWeeklyPatternRequest {
            training: self.training(),
            university_days: 1,
            practice_days,
            ..Default::default()
        };
        self.employer(ServiceManager)?
            .does(self.step("weekly pattern"), on, week)
            .await?;
        Ok(())
    }

    /// `trainings/{uuid}`
    pub(super) fn training(&self) -> String {
        self.record::<Training>(self.cohort.employer)
    }

    /// The training runs once the university's and the employer's records have reached it.
    pub(super) async fn training_has_started(&self) -> Result<(), PlayError> {
        let request = v1::GetTrainingRequest {
            name: self.training(),
            ..Default::default()
        };
        self.employer(ServiceManager)?
            .awaits(&self.step("training"), request, |answer| {
                answer
                    .training
                    .as_ref()
                    .is_some_and(|training| training.state() == v1::TrainingState::InTraining)
            })
            .await?;
        Ok(())
    }

    /// One month's salary is paid.
    pub(super) async fn is_paid(&self, number: i32, on: &str) -> Result<(), PlayError> {
        let request = v1::PayInstalmentRequest {
            award: self.record::<FundingAward>(self.cohort.commissioner),
            number,
            ..Default::default()
        };
        self.cohort
            .stage
            .of(self.cohort.commissioner, CommissionerNational)?
            .does(self.step(&format!("instalment {number}")), on, request)
            .await?;
        Ok(())
    }

    /// Practice hours of a period that ends on a day, signed by both.
    pub(super) async fn practises(&self, until: &str, hours: Hours) -> Result<(), PlayError> {
        let kinds = [
            ("contact", hours.contact, ""),
            ("intervention", hours.intervention, "problem_solving"),
            ("care_planning", hours.care_planning, ""),
            ("case_management", hours.case_management, ""),
            ("clinical_skills", hours.clinical_skills, ""),
        ];
        for (kind, quarter_hours, intervention) in kinds {
            let request = v1::LogPracticeHoursRequest {
                training: self.training(),
                kind: kind.to_owned(),
                intervention: intervention.to_owned(),
                quarter_hours,
                ..Default::default()
            };
            let step = self.step(&format!("{kind} hours to {until}"));
            self.employer(PracticeSupervisor)?
                .does(step, until, request)
                .await?;
        }
        let sign = v1::SignPracticeHoursRequest {
            training: self.training(),
            until: until.to_owned(),
            ..Default::default()
        };
        self.cohort
            .stage
            .candidate(self.candidate)?
            .does(self.step(&format!("signs to {until}")), until, sign)
            .await?;
        Ok(())
    }

    /// Trainee, practice supervisor and tutor meet.
    pub(super) async fn is_reviewed(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::HoldThreeWayReviewRequest {
            training: self.training(),
            ..Default::default()
        };
        self.university(ProgrammeLead)?
            .does(self.step(&format!("review {on}")), on, request)
            .await?;
        Ok(())
    }

    /// The university verifies the portfolio.
    pub(super) async fn portfolio_is_verified(&self, on: &str) -> Result<(), PlayError> {
        let request = v1::VerifyPortfolioRequest {
            training: self.training(),
            ..Default::default()
        };
        self.university(ProgrammeLead)?
            .does(self.step(&format!("portfolio {on}")), on, request)
            .await?;
        Ok(())
    }

    /// The trainee post lasts beyond the year, at the employer's cost.
    pub(super) async fn training_is_extended(
        &self,
        on: &str,
        until: &str,
    ) -> Result<(), PlayError> {
        let request = v1::ExtendTrainingRequest {
            training: self.training(),
            until: until.to_owned(),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("extension"), on, request)
            .await?;
        Ok(())
    }
}

/// Accepts with the given points on every criterion of the side.
pub(super) fn accept(side: Side, points: i32, conditions: &[&str]) -> v1::Decision {
    v1::Decision {
        verdict: "accept".to_owned(),
        conditions: conditions.iter().map(|&id| id.to_owned()).collect(),
        scores: scores(side, points),
        reason: "Would work well with us.".to_owned(),
        ..Default::default()
    }
}

/// Rejects on one ground.
pub(super) fn reject(side: Side, points: i32, ground: &str) -> v1::Decision {
    v1::Decision {
        verdict: "reject".to_owned(),
        scores: scores(side, points),
        grounds: vec![ground.to_owned()],
        reason: "Not shown yet.".to_owned(),
        ..Default::default()
    }
}

fn scores(side: Side, points: i32) -> Vec<v1::Score> {
    let criteria: &[&str] = match side {
        Employer => &EMPLOYER_CRITERIA,
        University => &UNIVERSITY_CRITERIA,
    };
    criteria
        .iter()
        .map(|&criterion| v1::Score {
            criterion: criterion.to_owned(),
            points,
        })
        .collect()
}

/// The post promised to everybody who qualifies.
pub(super) fn permanent_band_5() -> v1::PostTerms {
    v1::PostTerms {
        band: 5,
        permanent: true,
        funding: "baseline".to_owned(),
    }
}
