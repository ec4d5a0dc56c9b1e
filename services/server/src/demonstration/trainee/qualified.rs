//! From the board to the end of the preceptorship.

use super::*;

impl Trainee<'_> {
    /// A board decides.
    pub(in crate::demonstration) async fn outcome_is_ratified(
        &self,
        on: &str,
        sitting: &str,
        outcome: Outcome<'_>,
    ) -> Result<(), PlayError> {
        let mut request = v1::RatifyOutcomeRequest {
            sitting: sitting.to_owned(),
            application: self.application.clone(),
            outcome: "pass".to_owned(),
            ..Default::default()
        };
        if let Outcome::Refer {
            module,
            due,
            next_board,
        } = outcome
        {
            request.outcome = "refer".to_owned();
            request.further_work = Some(v1::FurtherWork {
                module: module.to_owned(),
                due: due.to_owned(),
                next_board: next_board.to_owned(),
                ..Default::default()
            });
        }
        self.university(BoardSecretary)?
            .does(self.step(&format!("outcome {on}")), on, request)
            .await?;
        Ok(())
    }

    /// The result reaches trainee and employer.
    pub(in crate::demonstration) async fn result_is_released(
        &self,
        on: &str,
    ) -> Result<(), PlayError> {
        let request = v1::ReleaseResultRequest {
            application: self.application.clone(),
            ..Default::default()
        };
        self.university(BoardSecretary)?
            .does(self.step(&format!("result {on}")), on, request)
            .await?;
        Ok(())
    }

    /// The commitment is due once the qualification has reached it.
    pub(in crate::demonstration) async fn commitment_is_due(&self) -> Result<(), PlayError> {
        let request = v1::GetCommitmentRequest {
            name: self.cohort.commitment.clone(),
        };
        self.employer(EmployerHr)?
            .awaits(&self.step("commitment due"), request, |answer| {
                answer.commitment.as_ref().is_some_and(|commitment| {
                    commitment
                        .promises
                        .iter()
                        .any(|promise| promise.application == self.application)
                })
            })
            .await?;
        Ok(())
    }

    fn post(&self) -> v1::EvidenceQualifiedPostRequest {
        v1::EvidenceQualifiedPostRequest {
            commitment: self.cohort.commitment.clone(),
            application: self.application.clone(),
            employer: self.cohort.employer.tenant.to_string(),
            clinical_service: self.cohort.clinical_service.clone(),
            post: Some(permanent_band_5()),
            ..Default::default()
        }
    }

    /// The qualified post: band 5, permanent, from baseline funding, in the same service.
    pub(in crate::demonstration) async fn takes_qualified_post(
        &self,
        on: &str,
    ) -> Result<(), PlayError> {
        self.employer(EmployerHr)?
            .does(self.step("qualified post"), on, self.post())
            .await?;
        Ok(())
    }

    /// The qualified post before the qualification must be refused.
    pub(in crate::demonstration) async fn cannot_take_qualified_post(
        &self,
        on: &str,
    ) -> Result<(), PlayError> {
        self.employer(EmployerHr)?
            .is_refused(
                self.step("qualified post too early"),
                on,
                Reason::NotQualified,
                self.post(),
            )
            .await
    }

    /// `preceptorships/{uuid}`
    pub(in crate::demonstration) fn preceptorship(&self) -> String {
        self.record::<Preceptorship>(self.cohort.employer)
    }

    /// The preceptorship begins with the post.
    pub(in crate::demonstration) async fn preceptorship_has_started(
        &self,
    ) -> Result<(), PlayError> {
        let request = v1::GetPreceptorshipRequest {
            name: self.preceptorship(),
        };
        self.university(ProgrammeLead)?
            .awaits(&self.step("preceptorship"), request, |answer| {
                answer.preceptorship.is_some()
            })
            .await?;
        Ok(())
    }

    /// One session of either side.
    pub(in crate::demonstration) async fn has_session(
        &self,
        side: Side,
        on: &str,
    ) -> Result<(), PlayError> {
        let (caller, form) = match side {
            Employer => (self.employer(PracticeSupervisor)?, "preceptor_meeting"),
            University => (self.university(ProgrammeLead)?, "community_of_practice"),
        };
        let request = v1::RecordPreceptorshipSessionRequest {
            preceptorship: self.preceptorship(),
            form: form.to_owned(),
            ..Default::default()
        };
        caller
            .does(self.step(&format!("{side:?} session {on}")), on, request)
            .await?;
        Ok(())
    }

    /// The qualified practitioner's entry in a public register.
    pub(in crate::demonstration) async fn is_registered(
        &self,
        on: &str,
        register: &str,
    ) -> Result<(), PlayError> {
        let request = v1::RecordRegisterEntryRequest {
            qualification: self.record::<Qualification>(self.cohort.university),
            register: register.to_owned(),
            number: format!("INVENTED-{}", self.candidate.serial),
            ..Default::default()
        };
        self.employer(EmployerHr)?
            .does(self.step("register entry"), on, request)
            .await?;
        Ok(())
    }

    /// Both parts of the preceptorship are complete.
    pub(in crate::demonstration) async fn preceptorship_is_signed_off(
        &self,
        on: &str,
    ) -> Result<(), PlayError> {
        let complete = v1::CompletePreceptorshipRequest {
            preceptorship: self.preceptorship(),
            ..Default::default()
        };
        self.university(ProgrammeLead)?
            .does(self.step("preceptorship completed"), on, complete)
            .await?;
        let name = v1::AssignPreceptorRequest {
            preceptorship: self.preceptorship(),
            preceptor: person(self.cohort.employer, "preceptor"),
            band: 6,
            practising_since: "2024-01-08".to_owned(),
            ..Default::default()
        };
        self.employer(ServiceManager)?
            .does(self.step("preceptor named"), on, name)
            .await?;
        let sign_off = v1::SignOffPreceptorshipRequest {
            preceptorship: self.preceptorship(),
            ..Default::default()
        };
        self.employer(ServiceManager)?
            .does(self.step("preceptorship signed off"), on, sign_off)
            .await?;
        Ok(())
    }
}
