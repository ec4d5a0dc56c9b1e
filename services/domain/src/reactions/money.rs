//! What follows for the money of a training from its course. Where the service of a trainee moves,
//! the payee changes with the training itself ([`TakeOverTrainee`](crate::transfer::TakeOverTrainee)).

use super::{Occurred, Reaction};
use crate::{
    fact::Fact,
    funding::{NoteInterruption, NoteResumption, NoteTrainingGoesOn, NoteWithdrawn},
    id::Id,
    permission::Action,
    training::TrainingEvent,
};

/// An award rests, stops and runs again with the training that it pays for (`FUND-05`).
pub(super) fn after(event: &Occurred) -> Option<Reaction> {
    let Fact::Training(told) = &event.fact else {
        return None;
    };
    let training = Id::new(event.stream);
    Some(match told {
        TrainingEvent::TrainingInterrupted { from, .. } => {
            let from = *from;
            let rest = NoteInterruption { training, from };
            Reaction::command(Action::InterruptTraining, rest)
        }
        TrainingEvent::TrainingResumed { .. } => {
            Reaction::command(Action::ResumeTraining, NoteResumption { training })
        }
        TrainingEvent::TrainingWithdrawn { on, .. } => {
            let stop = NoteWithdrawn { training, on: *on };
            Reaction::command(Action::ConfirmWithdrawal, stop)
        }
        TrainingEvent::WithdrawalReversed { in_error, .. } => {
            let made_up = !in_error;
            let goes_on = NoteTrainingGoesOn { training, made_up };
            Reaction::command(Action::ReverseWithdrawal, goes_on)
        }
        TrainingEvent::EmploymentReinstatementNoted { .. } => {
            let made_up = false;
            let goes_on = NoteTrainingGoesOn { training, made_up };
            Reaction::command(Action::ReinstateEmployment, goes_on)
        }
        _ => return None,
    })
}
