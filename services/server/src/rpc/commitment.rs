use contract::v1::{self, commitment_service_server::CommitmentService, *};
use domain::{
    actor::TenantId, application::Application, commitment as rules, id::Id, refusal::Refusal,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct CommitmentRpc(pub(crate) Desk);

#[tonic::async_trait]
impl CommitmentService for CommitmentRpc {
    async fn give_commitment(
        &self,
        request: Request<GiveCommitmentRequest>,
    ) -> Result<Response<GiveCommitmentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::GiveCommitment {
                    allocation: Id::from_name(&m.allocation, "allocation")?,
                    intake: Id::from_name(&m.intake, "intake")?,
                    posts: wire::number(m.posts, "posts")?,
                    post: post(m.post)?,
                })
            })
            .await
    }

    async fn evidence_qualified_post(
        &self,
        request: Request<EvidenceQualifiedPostRequest>,
    ) -> Result<Response<EvidenceQualifiedPostResponse>, Status> {
        let own = self.0.permit(&request).await?.actor().tenant;
        self.0
            .write(request, |m| {
                Ok(rules::EvidenceQualifiedPost {
                    commitment: Id::from_name(&m.commitment, "commitment")?,
                    application: Id::from_name(&m.application, "application")?,
                    employer: wire::tenant_or(own, &m.employer, "employer")?,
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    post: post(m.post)?,
                    replaces: wire::some(m.replaces),
                    position: wire::some(m.position),
                })
            })
            .await
    }

    async fn get_commitment(
        &self,
        request: Request<GetCommitmentRequest>,
    ) -> Result<Response<GetCommitmentResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Commitment>(&request, name).await?;
        let commitment = read.state.terms().map(|terms| v1::Commitment {
            name: name.clone(),
            employer: terms.employer.to_string(),
            commissioner: terms.commissioner.to_string(),
            allocation: terms.allocation.name(),
            intake: terms.intake.name(),
            posts: wire::small(terms.posts),
            band: wire::small(terms.band),
            effective_month: terms.effective_month.to_string(),
            promises: read.state.promises().map(promise).collect(),
            expected: read
                .state
                .expected()
                .map(|(application, one)| ExpectedPost {
                    application: application.name(),
                    person: one.person.to_string(),
                    completes_on: one.completes.to_string(),
                })
                .collect(),
            discharged: wire::small(read.state.discharged()),
        });
        Ok(Response::new(GetCommitmentResponse {
            commitment,
            version: wire::count(read.version),
        }))
    }

    async fn offer_mitigation(
        &self,
        request: Request<OfferMitigationRequest>,
    ) -> Result<Response<OfferMitigationResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::OfferMitigation {
                    commitment: Id::from_name(&m.commitment, "commitment")?,
                    application: Id::from_name(&m.application, "application")?,
                    permanent_from: wire::date(&m.permanent_from, "permanent_from")?,
                })
            })
            .await
    }

    async fn grant_grace(
        &self,
        request: Request<GrantGraceRequest>,
    ) -> Result<Response<GrantGraceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::GrantGrace {
                    commitment: Id::from_name(&m.commitment, "commitment")?,
                    application: Id::from_name(&m.application, "application")?,
                    until: wire::date(&m.until, "until")?,
                })
            })
            .await
    }

    async fn confirm_breach(
        &self,
        request: Request<ConfirmBreachRequest>,
    ) -> Result<Response<ConfirmBreachResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ConfirmBreach {
                    commitment: Id::from_name(&m.commitment, "commitment")?,
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn report_post_ended(
        &self,
        request: Request<ReportPostEndedRequest>,
    ) -> Result<Response<ReportPostEndedResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReportPostEnded {
                    commitment: Id::from_name(&m.commitment, "commitment")?,
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn transfer_commitment(
        &self,
        request: Request<TransferCommitmentRequest>,
    ) -> Result<Response<TransferCommitmentResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::TransferCommitment {
                    commitment: Id::from_name(&m.commitment, "commitment")?,
                    to: TenantId::from_name(&m.to, "to")?,
                    applications: wire::names(&m.applications, "applications")?,
                    other_terms: wire::some(m.other_terms),
                })
            })
            .await
    }

    async fn record_post_change(
        &self,
        request: Request<RecordPostChangeRequest>,
    ) -> Result<Response<RecordPostChangeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RecordPostChange {
                    commitment: Id::from_name(&m.commitment, "commitment")?,
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    kind: m.kind,
                    posts: m.posts,
                })
            })
            .await
    }

    async fn get_establishment(
        &self,
        request: Request<GetEstablishmentRequest>,
    ) -> Result<Response<GetEstablishmentResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Establishment>(&request, name).await?;
        let months = read.state.growth().into_iter();
        let establishment = v1::Establishment {
            name: name.clone(),
            months: months
                .map(|(month, growth)| PostGrowth {
                    month: month.to_string(),
                    role: growth.role,
                    protected: growth.protected,
                    offset: growth.offset(),
                })
                .collect(),
        };
        Ok(Response::new(GetEstablishmentResponse {
            establishment: Some(establishment),
            version: wire::count(read.version),
        }))
    }

    async fn get_breach_register(
        &self,
        request: Request<GetBreachRegisterRequest>,
    ) -> Result<Response<GetBreachRegisterResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::BreachRegister>(&request, name).await?;
        let open: std::collections::BTreeSet<_> = read.state.open().collect();
        let register = read
            .state
            .between()
            .map(|(employer, commissioner)| v1::BreachRegister {
                name: name.clone(),
                employer: employer.to_string(),
                commissioner: commissioner.to_string(),
                promises: read
                    .state
                    .noted()
                    .map(|broken| BrokenPromise {
                        commitment: broken.commitment.name(),
                        application: broken.application.name(),
                        open: open.contains(broken),
                    })
                    .collect(),
            });
        Ok(Response::new(GetBreachRegisterResponse {
            register,
            version: wire::count(read.version),
        }))
    }
}

fn promise((application, promise): (&Id<Application>, &rules::Promise)) -> v1::Promise {
    let (grace_until, breach, breached_on) = match promise.standing {
        rules::Standing::Grace { until } => (Some(until), None, None),
        rules::Standing::Breached { kind, on } => (None, Some(kind), Some(on)),
        _ => (None, None, None),
    };
    v1::Promise {
        application: application.name(),
        person: promise.person.to_string(),
        qualified_on: promise.qualified_on.to_string(),
        evidence_by: promise.evidence_by.to_string(),
        discharged: promise.post.is_some(),
        post_starts_on: wire::show(promise.post.as_ref().map(|post| post.starts_on)),
        same_clinical_service: promise.post.as_ref().is_some_and(|post| post.same_service),
        standing: promise.standing.to_string(),
        grace_until: wire::show(grace_until),
        mitigation_from: wire::show(promise.mitigation),
        maintain_until: wire::show(promise.maintain_until),
        breach: wire::show(breach),
        breached_on: wire::show(breached_on),
    }
}

fn post(terms: Option<v1::PostTerms>) -> Result<rules::PostTerms, Refusal> {
    let terms = terms.ok_or_else(|| Refusal::invalid("post", "name the terms of the post"))?;
    Ok(rules::PostTerms {
        band: wire::number(terms.band, "post.band")?,
        permanent: terms.permanent,
        funding: wire::word(&terms.funding, "post.funding")?,
    })
}
