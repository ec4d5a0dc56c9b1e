use contract::v1::{self, commitment_service_server::CommitmentService, *};
use domain::{commitment as rules, id::Id, refusal::Refusal};
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
            promises: read
                .state
                .promises()
                .map(|(application, promise)| v1::Promise {
                    application: application.name(),
                    person: promise.person.to_string(),
                    qualified_on: promise.qualified_on.to_string(),
                    evidence_by: promise.evidence_by.to_string(),
                    discharged: promise.post.is_some(),
                    post_starts_on: wire::show(promise.post.as_ref().map(|post| post.starts_on)),
                    same_clinical_service: promise
                        .post
                        .as_ref()
                        .is_some_and(|post| post.same_service),
                })
                .collect(),
            discharged: wire::small(read.state.discharged()),
        });
        Ok(Response::new(GetCommitmentResponse {
            commitment,
            version: wire::count(read.version),
        }))
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
