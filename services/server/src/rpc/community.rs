use contract::v1::{self, community_service_server::CommunityService, *};
use domain::{
    community::{self as rules, FeedbackOn, Giver},
    id::Id,
    refusal::Refusal,
    visibility::DataClass,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct CommunityRpc(pub(crate) Desk);

#[tonic::async_trait]
impl CommunityService for CommunityRpc {
    async fn found_community(
        &self,
        request: Request<FoundCommunityRequest>,
    ) -> Result<Response<FoundCommunityResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::FoundCommunity {
                    kind: wire::word(&m.kind, "kind")?,
                    title: m.title,
                })
            })
            .await
    }

    async fn join_community(
        &self,
        request: Request<JoinCommunityRequest>,
    ) -> Result<Response<JoinCommunityResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::JoinCommunity {
                    community: Id::from_name(&m.community, "community")?,
                })
            })
            .await
    }

    async fn leave_community(
        &self,
        request: Request<LeaveCommunityRequest>,
    ) -> Result<Response<LeaveCommunityResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::LeaveCommunity {
                    community: Id::from_name(&m.community, "community")?,
                })
            })
            .await
    }

    async fn give_feedback(
        &self,
        request: Request<GiveFeedbackRequest>,
    ) -> Result<Response<GiveFeedbackResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::GiveFeedback {
                    on: about(&m.about)?,
                    rating: wire::number(m.rating, "rating")?,
                    text: m.text,
                })
            })
            .await
    }

    async fn get_community(
        &self,
        request: Request<GetCommunityRequest>,
    ) -> Result<Response<GetCommunityResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Community>(&request, name).await?;
        let community = read.state.terms().map(|terms| v1::Community {
            name: name.clone(),
            network: terms.network.to_string(),
            region: terms.region.to_string(),
            kind: terms.kind.to_string(),
            title: terms.title.clone(),
        });
        Ok(Response::new(GetCommunityResponse {
            community,
            version: wire::count(read.version),
        }))
    }

    async fn get_membership(
        &self,
        request: Request<GetMembershipRequest>,
    ) -> Result<Response<GetMembershipResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Membership>(&request, name).await?;
        let since = read.state.current().map(|joined| joined.on);
        let membership = read.state.joined().map(|joined| v1::Membership {
            name: name.clone(),
            community: joined.community.name(),
            person: joined.person.to_string(),
            member_since: wire::show(since),
        });
        Ok(Response::new(GetMembershipResponse {
            membership,
            version: wire::count(read.version),
        }))
    }

    async fn get_feedback(
        &self,
        request: Request<GetFeedbackRequest>,
    ) -> Result<Response<GetFeedbackResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Feedback>(&request, name).await?;
        let mut feedback = None;
        if let Some(given) = read.state.given() {
            let text = match &given.giver {
                Giver::Person { words, .. } => {
                    let class = DataClass::CommunityOfPractice;
                    (self.0.open(&request, read.id, class, words).await?).unwrap_or_default()
                }
                Giver::Employer { statement, .. } => statement.clone(),
            };
            feedback = Some(v1::Feedback {
                name: name.clone(),
                form: given.form.to_string(),
                rating: i32::from(given.rating),
                text,
            });
        }
        Ok(Response::new(GetFeedbackResponse {
            feedback,
            version: wire::count(read.version),
        }))
    }
}

/// What feedback is about, by the collection of its name.
fn about(name: &str) -> Result<FeedbackOn, Refusal> {
    match name.split('/').next() {
        Some("partnerships") => Id::from_name(name, "about").map(FeedbackOn::Partnership),
        Some("communities") => Id::from_name(name, "about").map(FeedbackOn::Community),
        _ => Id::from_name(name, "about").map(FeedbackOn::Training),
    }
}
