use contract::v1::{self, partnership_service_server::PartnershipService, *};
use domain::{
    actor::{Party, TenantId},
    id::Id,
    partnership as rules,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct PartnershipRpc(pub(crate) Desk);

#[tonic::async_trait]
impl PartnershipService for PartnershipRpc {
    async fn sign_partnership(
        &self,
        request: Request<SignPartnershipRequest>,
    ) -> Result<Response<SignPartnershipResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SignPartnership {
                    employer: TenantId::from_name(&m.employer, "employer")?,
                    intake: Id::from_name(&m.intake, "intake")?,
                    posts: rules::PlannedPosts {
                        trainee: wire::number(m.trainee_posts, "trainee_posts")?,
                        qualified: wire::number(m.qualified_posts, "qualified_posts")?,
                    },
                })
            })
            .await
    }

    async fn agree_route_balance(
        &self,
        request: Request<AgreeRouteBalanceRequest>,
    ) -> Result<Response<AgreeRouteBalanceResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AgreeRouteBalance {
                    partnership: Id::from_name(&m.partnership, "partnership")?,
                    balance: rules::RouteBalance {
                        level7_percent: wire::number(m.level7_percent, "level7_percent")?,
                        tolerance_points: wire::number(m.tolerance_points, "tolerance_points")?,
                    },
                })
            })
            .await
    }

    async fn get_partnership(
        &self,
        request: Request<GetPartnershipRequest>,
    ) -> Result<Response<GetPartnershipResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Partnership>(&request, name).await?;
        let (signed, balance) = (read.state.signed(), read.state.balance());
        let partnership = read.state.between().map(|between| v1::Partnership {
            name: name.clone(),
            employer: between.employer.to_string(),
            university: between.university.to_string(),
            intake: between.intake.name(),
            signed: signed.is_some(),
            trainee_posts: signed.map_or(0, |posts| wire::small(posts.trainee)),
            qualified_posts: signed.map_or(0, |posts| wire::small(posts.qualified)),
            balance_agreed: balance.is_some(),
            level7_percent: balance.map_or(0, |balance| wire::small(balance.level7_percent)),
            tolerance_points: balance.map_or(0, |balance| wire::small(balance.tolerance_points)),
            employer_posts: read.state.proposed_posts(Party::Employer).map(posts),
            university_posts: read.state.proposed_posts(Party::University).map(posts),
            employer_balance: read
                .state
                .proposed_balance(Party::Employer)
                .map(route_balance),
            university_balance: read
                .state
                .proposed_balance(Party::University)
                .map(route_balance),
        });
        Ok(Response::new(GetPartnershipResponse {
            partnership,
            version: wire::count(read.version),
        }))
    }
}

fn posts(planned: rules::PlannedPosts) -> v1::PlannedPosts {
    v1::PlannedPosts {
        trainee_posts: wire::small(planned.trainee),
        qualified_posts: wire::small(planned.qualified),
    }
}

fn route_balance(balance: rules::RouteBalance) -> v1::RouteBalance {
    v1::RouteBalance {
        level7_percent: wire::small(balance.level7_percent),
        tolerance_points: wire::small(balance.tolerance_points),
    }
}
