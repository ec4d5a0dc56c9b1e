//! What a network counts of its region, without anybody's name.

use super::{Occurred, Reaction};
use crate::{
    cluster::ClusterEvent,
    fact::Fact,
    id::Id,
    network::{CountClusterRisk, CountRoleFidelity, CountServiceMove},
    permission::Action,
    training::TrainingEvent,
    transfer::ServiceTransferEvent,
};

/// Clusters that shrink, clinical services that move, and how true to the role trainings are by each
/// of their reviews.
pub(super) fn after(event: &Occurred) -> Option<Reaction> {
    let risk = |at_risk| {
        let cluster = Id::new(event.stream);
        let count = CountClusterRisk { cluster, at_risk };
        Reaction::command(Action::EndEmployment, count)
    };
    match &event.fact {
        Fact::Cluster(ClusterEvent::ClusterAtRiskRaised { .. }) => Some(risk(true)),
        Fact::Cluster(ClusterEvent::ClusterAtRiskLifted { .. }) => Some(risk(false)),
        Fact::ServiceTransfer(ServiceTransferEvent::ServiceTransferred { .. }) => {
            let transfer = Id::new(event.stream);
            let count = CountServiceMove { transfer };
            Some(Reaction::command(Action::TransferService, count))
        }
        Fact::Training(TrainingEvent::ThreeWayReviewHeld { .. }) => {
            let training = Id::new(event.stream);
            let count = CountRoleFidelity { training };
            Some(Reaction::command(Action::HoldThreeWayReview, count))
        }
        _ => None,
    }
}
