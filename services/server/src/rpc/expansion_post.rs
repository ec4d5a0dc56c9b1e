use contract::v1::{self, expansion_post_service_server::ExpansionPostService, *};
use domain::{expansion_post as rules, id::Id};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct ExpansionPostRpc(pub(crate) Desk);

#[tonic::async_trait]
impl ExpansionPostService for ExpansionPostRpc {
    async fn identify_expansion_post(
        &self,
        request: Request<IdentifyExpansionPostRequest>,
    ) -> Result<Response<IdentifyExpansionPostResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::IdentifyExpansionPost {
                    application: Id::from_name(&m.application, "application")?,
                    position: m.position,
                    additional: m.additional,
                    occupied: m.occupied,
                })
            })
            .await
    }

    async fn get_expansion_posts(
        &self,
        request: Request<GetExpansionPostsRequest>,
    ) -> Result<Response<GetExpansionPostsResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::ExpansionPosts>(&request, name).await?;
        let posts = read.state.posts();
        let posts = posts
            .map(|(position, post)| v1::ExpansionPost {
                position: position.to_owned(),
                application: post.application.name(),
                obligation: post.obligation.to_string(),
            })
            .collect();
        Ok(Response::new(GetExpansionPostsResponse {
            posts,
            version: wire::count(read.version),
        }))
    }
}
