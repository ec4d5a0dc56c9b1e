use contract::v1::{
    self, AddStudyEvidenceRequest, AddStudyEvidenceResponse, AgreeReconsiderationRequest,
    AgreeReconsiderationResponse, ApplicationState, ConsentToReferralRequest,
    ConsentToReferralResponse, GetApplicationRequest, GetApplicationResponse, GetReferralRequest,
    GetReferralResponse, RecordInterviewRequest, RecordInterviewResponse, ReferCandidateRequest,
    ReferCandidateResponse, ReleaseFeedbackRequest, ReleaseFeedbackResponse,
    RequestReconsiderationRequest, RequestReconsiderationResponse, SubmitApplicationRequest,
    SubmitApplicationResponse, WithdrawApplicationRequest, WithdrawApplicationResponse,
    WithdrawReferralConsentRequest, WithdrawReferralConsentResponse,
    application_service_server::ApplicationService,
};
use domain::{
    actor::{PersonId, TenantKind},
    application::{
        AddStudyEvidence, AgreeReconsideration, Application, CandidateStatus, Degree, EntrySource,
        HeldApplication, Outcome, RecordInterview, ReleaseFeedback, RequestReconsideration, Stage,
        SubmitApplication, WithdrawApplication,
    },
    calendar::london_date,
    decision_round::Seal,
    id::Id,
    offer::Offer,
    permission::Permit,
    personal::Personal,
    policy::Policies,
    referral::{ConsentToReferral, ReferCandidate, Referral, WithdrawReferralConsent},
    refusal::Refusal,
    visibility::{Condition, DataClass},
};
use tonic::{Request, Response, Status};

use crate::{
    desk::Desk,
    status::{failed, refused},
    wire,
};

pub(crate) struct ApplicationRpc(pub(crate) Desk);

#[tonic::async_trait]
impl ApplicationService for ApplicationRpc {
    async fn submit_application(
        &self,
        request: Request<SubmitApplicationRequest>,
    ) -> Result<Response<SubmitApplicationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(SubmitApplication {
                    vacancy: Id::from_name(&m.vacancy, "vacancy")?,
                    person: (!m.person.is_empty())
                        .then(|| PersonId::from_name(&m.person, "person"))
                        .transpose()?,
                    name: m.name,
                    contact: m.contact,
                    statement: m.statement,
                    entry: wire::word(&m.entry_source, "entry_source")?,
                    degree: wire::word(&m.degree, "degree")?,
                    degree_detail: wire::some(m.degree_detail),
                })
            })
            .await
    }

    async fn add_study_evidence(
        &self,
        request: Request<AddStudyEvidenceRequest>,
    ) -> Result<Response<AddStudyEvidenceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(AddStudyEvidence {
                    application: Id::from_name(&m.application, "application")?,
                    kind: wire::word(&m.kind, "kind")?,
                    detail: m.detail,
                })
            })
            .await
    }

    async fn withdraw_application(
        &self,
        request: Request<WithdrawApplicationRequest>,
    ) -> Result<Response<WithdrawApplicationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(WithdrawApplication {
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn record_interview(
        &self,
        request: Request<RecordInterviewRequest>,
    ) -> Result<Response<RecordInterviewResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(RecordInterview {
                    application: Id::from_name(&m.application, "application")?,
                    on: wire::date(&m.held_date, "held_date")?,
                    panel: wire::words(&m.panel, "panel")?,
                })
            })
            .await
    }

    async fn release_feedback(
        &self,
        request: Request<ReleaseFeedbackRequest>,
    ) -> Result<Response<ReleaseFeedbackResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(ReleaseFeedback {
                    application: Id::from_name(&m.application, "application")?,
                    text: m.text,
                })
            })
            .await
    }

    async fn request_reconsideration(
        &self,
        request: Request<RequestReconsiderationRequest>,
    ) -> Result<Response<RequestReconsiderationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(RequestReconsideration {
                    application: Id::from_name(&m.application, "application")?,
                    reason: m.reason,
                })
            })
            .await
    }

    async fn agree_reconsideration(
        &self,
        request: Request<AgreeReconsiderationRequest>,
    ) -> Result<Response<AgreeReconsiderationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(AgreeReconsideration {
                    application: Id::from_name(&m.application, "application")?,
                    deadline: wire::optional_instant(&m.deadline, "deadline")?,
                })
            })
            .await
    }

    async fn get_application(
        &self,
        request: Request<GetApplicationRequest>,
    ) -> Result<Response<GetApplicationResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let id = Id::from_name(&request.get_ref().name, "name").map_err(|r| refused(&r))?;
        let read = self
            .0
            .ledger()
            .read::<Application>(&permit, id)
            .await
            .map_err(failed)?;
        let held = read
            .state
            .held()
            .ok_or_else(|| refused(&Refusal::not_permitted()))?;
        let application = match permit.actor().kind {
            TenantKind::Person => self.for_the_candidate(&request, id, held).await?,
            _ => self.for_a_party(&request, &permit, id, held).await?,
        };
        Ok(Response::new(GetApplicationResponse {
            application: Some(application),
            version: wire::count(read.version),
        }))
    }

    async fn consent_to_referral(
        &self,
        request: Request<ConsentToReferralRequest>,
    ) -> Result<Response<ConsentToReferralResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(ConsentToReferral {
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn withdraw_referral_consent(
        &self,
        request: Request<WithdrawReferralConsentRequest>,
    ) -> Result<Response<WithdrawReferralConsentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(WithdrawReferralConsent {
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn refer_candidate(
        &self,
        request: Request<ReferCandidateRequest>,
    ) -> Result<Response<ReferCandidateResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(ReferCandidate {
                    application: Id::from_name(&m.application, "application")?,
                    submit: SubmitApplication {
                        vacancy: Id::from_name(&m.vacancy, "vacancy")?,
                        person: None,
                        name: m.candidate_name,
                        contact: m.contact,
                        statement: m.statement,
                        // both are taken from the first application
                        entry: EntrySource::External,
                        degree: Degree::None,
                        degree_detail: wire::some(m.degree_detail),
                    },
                })
            })
            .await
    }

    async fn get_referral(
        &self,
        request: Request<GetReferralRequest>,
    ) -> Result<Response<GetReferralResponse>, Status> {
        let read = self
            .0
            .read::<Referral>(&request, &request.get_ref().name)
            .await?;
        Ok(Response::new(GetReferralResponse {
            referral: Some(v1::Referral {
                name: read.id.name(),
                consents: read.state.consents(),
                vacancies: read.state.referred().iter().map(|one| one.name()).collect(),
            }),
            version: wire::count(read.version),
        }))
    }
}

impl ApplicationRpc {
    /// The caller's copy of a text; empty when it holds none, may not read it, or it is erased.
    async fn text(
        &self,
        request: &Request<GetApplicationRequest>,
        id: Id<Application>,
        class: DataClass,
        value: &Personal<String>,
    ) -> Result<String, Status> {
        let copy = self.0.open(request, id, class, value).await?;
        Ok(copy.unwrap_or_default())
    }

    async fn feedback(
        &self,
        request: &Request<GetApplicationRequest>,
        id: Id<Application>,
        held: &HeldApplication,
    ) -> Result<String, Status> {
        match &held.feedback {
            Some(feedback) => {
                let class = DataClass::CandidateFeedback;
                self.text(request, id, class, &feedback.text).await
            }
            None => Ok(String::new()),
        }
    }

    fn paths(&self, held: &HeldApplication) -> Result<Vec<String>, Status> {
        let ledger = self.0.ledger();
        held.paths(&Policies::of(ledger.policies()), london_date(ledger.now()))
            .map_err(|refusal| refused(&refusal))
    }

    /// A status, and nothing either party decided.
    async fn for_the_candidate(
        &self,
        request: &Request<GetApplicationRequest>,
        id: Id<Application>,
        held: &HeldApplication,
    ) -> Result<v1::Application, Status> {
        Ok(v1::Application {
            name: id.name(),
            vacancy: held.terms.vacancy.name(),
            state: candidate_state(held.shown_to_the_candidate()).into(),
            level: held.level.map_or(0, i32::from),
            feedback: self.feedback(request, id, held).await?,
            offer: offer(id, held),
            paths: self.paths(held)?,
            ..v1::Application::default()
        })
    }

    async fn for_a_party(
        &self,
        request: &Request<GetApplicationRequest>,
        permit: &Permit,
        id: Id<Application>,
        held: &HeldApplication,
    ) -> Result<v1::Application, Status> {
        let (terms, applicant) = (&held.terms, &held.applicant);
        let identity = DataClass::Identity;
        let waits = identity.access(permit.actor().role).condition == Condition::ShortlistLocked;
        let (candidate_name, contact) = if waits && !held.identity_is_open() {
            Default::default()
        } else {
            (
                self.text(request, id, identity, &applicant.name).await?,
                self.text(request, id, identity, &applicant.contact).await?,
            )
        };
        let degree_detail = match &applicant.degree_detail {
            Some(detail) => {
                self.text(request, id, DataClass::StudyEvidence, detail)
                    .await?
            }
            None => String::new(),
        };
        let mut study_evidence = Vec::with_capacity(held.evidence.len());
        for evidence in &held.evidence {
            study_evidence.push(v1::StudyEvidence {
                kind: evidence.kind.to_string(),
                confirmed: evidence.confirmed,
                detail: (self.text(request, id, DataClass::StudyEvidence, &evidence.detail))
                    .await?,
            });
        }
        let (round, deadline) = match held.stage {
            Stage::AwaitingJointOutcome { round, deadline } => {
                (wire::small(round), deadline.to_string())
            }
            _ => (0, String::new()),
        };
        Ok(v1::Application {
            name: id.name(),
            vacancy: terms.vacancy.name(),
            state: party_state(held).into(),
            level: held.level.map_or(0, i32::from),
            feedback: self.feedback(request, id, held).await?,
            person: terms.person.to_string(),
            employer: terms.employer.to_string(),
            university: terms.university.to_string(),
            intake: terms.intake.name(),
            role: terms.role.to_string(),
            entry_source: held.entry.to_string(),
            degree: held.degree.to_string(),
            candidate_name,
            contact,
            statement: (self.text(request, id, DataClass::Statement, &applicant.statement)).await?,
            degree_detail,
            study_evidence,
            interviews: held.interviews.iter().map(interview).collect(),
            round,
            deadline,
            revealed_rounds: held
                .rounds
                .iter()
                .map(|revealed| v1::RevealedRound {
                    round: wire::small(revealed.round),
                    employer: revealed.employer.to_string(),
                    university: revealed.university.to_string(),
                    appoints: revealed.outcome == Outcome::Appoint,
                })
                .collect(),
            employer_conditions: held.conditions.employer.iter().cloned().collect(),
            university_conditions: held.conditions.university.iter().cloned().collect(),
            offer: offer(id, held),
            seal: Seal::id(permit.actor().tenant, id).name(),
            paths: vec![],
        })
    }
}

fn interview(interview: &domain::application::Interview) -> v1::Interview {
    v1::Interview {
        held_date: interview.on.to_string(),
        panel: interview
            .panel
            .iter()
            .map(|member| member.to_string())
            .collect(),
    }
}

fn offer(id: Id<Application>, held: &HeldApplication) -> String {
    match held.stage {
        Stage::Appointed { .. } => Offer::id(held.terms.employer, id).name(),
        _ => String::new(),
    }
}

fn party_state(held: &HeldApplication) -> ApplicationState {
    match held.stage {
        Stage::AwaitingShortlist | Stage::AwaitingJointOutcome { .. } => {
            ApplicationState::AwaitingJointOutcome
        }
        Stage::Shortlisted => ApplicationState::Shortlisted,
        Stage::NotShortlisted => ApplicationState::NotShortlisted,
        Stage::Lapsed { .. } => ApplicationState::Lapsed,
        Stage::NotAppointed { .. } => ApplicationState::NotAppointed,
        Stage::ReconsiderationRequested { .. } => ApplicationState::ReconsiderationRequested,
        Stage::Appointed { .. } => ApplicationState::Appointed,
        Stage::Withdrawn => ApplicationState::Withdrawn,
    }
}

pub(super) fn candidate_state(status: CandidateStatus) -> ApplicationState {
    match status {
        CandidateStatus::UnderConsideration => ApplicationState::UnderConsideration,
        CandidateStatus::Reopened => ApplicationState::Reopened,
        CandidateStatus::NotAppointed => ApplicationState::NotAppointed,
        CandidateStatus::Appointed => ApplicationState::Appointed,
        CandidateStatus::Withdrawn => ApplicationState::Withdrawn,
    }
}
