//! What follows for what lies beside a training when it goes on elsewhere, or after all.

use super::{Occurred, Reaction};
use crate::{
    cluster::{ChangeCluster, JoinCluster},
    directory::FollowPlacement,
    expansion_post::LapseFormerPost,
    fact::Fact,
    id::Id,
    permission::Action,
    training::TrainingEvent,
    transition::{EndTransitionPlan, OpenTransitionPlan},
};

/// Cluster, place in a clinical service, transition plan and additional post are of the employer that
/// somebody trains with, and follow to another (`SET-13`); whose training goes on after all is in
/// cluster and service again.
pub(super) fn after(event: &Occurred) -> Vec<Reaction> {
    let Fact::Training(told) = &event.fact else {
        return vec![];
    };
    let training = Id::new(event.stream);
    let follow = FollowPlacement {
        training,
        with: None,
    };
    match told {
        TrainingEvent::TraineePlaced { .. } => {
            vec![Reaction::command(Action::PlaceTrainee, follow)]
        }
        TrainingEvent::TrainingTakenOver { taken } => {
            let (from, whose) = (taken.from, &taken.appointment);
            let last = taken.on.yesterday().unwrap_or(taken.on);
            let cluster = ChangeCluster {
                training,
                from,
                on: last,
            };
            let placement = FollowPlacement {
                with: Some(taken.placement.clinical_service),
                ..follow
            };
            let end = EndTransitionPlan {
                plan: Id::derive(from, &[whose.application.0]),
                on: last,
            };
            let open = OpenTransitionPlan {
                appointment: whose.clone(),
                from: taken.on,
            };
            let lapse = LapseFormerPost {
                appointment: whose.clone(),
                from,
            };
            vec![
                Reaction::command(Action::TransferService, cluster),
                Reaction::command(Action::TransferService, placement),
                Reaction::command(Action::TransferService, end),
                Reaction::command(Action::TransferService, open),
                Reaction::command(Action::TransferService, lapse),
            ]
        }
        TrainingEvent::WithdrawalReversed { .. } => {
            let join = JoinCluster { training };
            vec![Reaction::command(Action::ReverseWithdrawal, join)]
        }
        TrainingEvent::EmploymentReinstatementNoted { .. } => {
            let join = JoinCluster { training };
            vec![
                Reaction::command(Action::ReinstateEmployment, join),
                Reaction::command(Action::ReinstateEmployment, follow),
            ]
        }
        _ => vec![],
    }
}
