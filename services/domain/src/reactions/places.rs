//! What follows for places, clusters and the additional posts of trainees.

use super::{Occurred, Reaction};
use crate::{
    allocation::ServeWaitlist,
    cluster::{JoinCluster, LeaveCluster},
    expansion_post::{LapseExpansionPost, SettleExpansionPost},
    fact::Fact,
    id::Id,
    permission::Action,
    programme::IntakeEvent,
    qualification::{QualificationEvent, ReleasedResult},
    training::TrainingEvent,
};

/// Places that return serve who waits; who starts joins the cluster and who leaves early leaves it;
/// an additional post is owed to who passes and to nobody else.
pub(super) fn after(event: &Occurred) -> Vec<Reaction> {
    match &event.fact {
        Fact::Intake(IntakeEvent::PlacesReturned { .. } | IntakeEvent::WaitlistLeft { .. }) => {
            let intake = Id::new(event.stream);
            let serve = ServeWaitlist { intake };
            vec![Reaction::command(Action::ReturnPlaces, serve)]
        }
        Fact::Training(TrainingEvent::TrainingStarted { .. }) => {
            let training = Id::new(event.stream);
            vec![Reaction::command(
                Action::EnrolTrainee,
                JoinCluster { training },
            )]
        }
        Fact::Training(
            TrainingEvent::EmploymentEndNoted { on } | TrainingEvent::TrainingWithdrawn { on, .. },
        ) => {
            let training = Id::new(event.stream);
            let leave = LeaveCluster { training, on: *on };
            vec![
                Reaction::command(Action::EndEmployment, leave),
                Reaction::command(Action::EndEmployment, LapseExpansionPost { training }),
            ]
        }
        Fact::Qualification(QualificationEvent::QualificationAwarded { award, .. }) => {
            let settle = SettleExpansionPost {
                appointment: award.appointment.clone(),
                qualified: true,
            };
            vec![Reaction::command(Action::ReleaseResult, settle)]
        }
        Fact::Qualification(QualificationEvent::ResultReleased {
            appointment,
            result: ReleasedResult::NotCompleted { .. },
        }) => {
            let settle = SettleExpansionPost {
                appointment: appointment.clone(),
                qualified: false,
            };
            vec![Reaction::command(Action::ReleaseResult, settle)]
        }
        _ => vec![],
    }
}
