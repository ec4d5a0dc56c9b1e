//! What follows for supervision: a review of everybody concerned, and word to the commissioner.

use jiff::civil::Date;

use super::{Reaction, Timer};
use crate::{
    calendar::midday,
    directory::{Supervisor, SupervisorEvent},
    id::Id,
    permission::Action,
    preceptorship::PreceptorshipEvent,
    supervision::{
        NoteSupervisionGaps, ReviewQualifiedSupervision, ReviewSupervisees, ReviewSupervision,
    },
    training::{Training, TrainingEvent},
};

/// Whatever changes who supervises leads to a review, and so does the end of the first and of the last
/// day (`TRAIN-03`).
pub(super) fn after_training(training: Id<Training>, event: &TrainingEvent) -> Vec<Reaction> {
    let review = || Reaction::command(Action::AssignSupervisor, ReviewSupervision { training });
    let after = |day: Date| {
        let due = midday(day.tomorrow().unwrap_or(day));
        Reaction::Timer(due, Timer::Supervision { training })
    };
    match event {
        TrainingEvent::TrainingStarted { year, .. } => vec![after(year.starts), after(year.ends)],
        TrainingEvent::TrainingExtended { until } => vec![review(), after(*until)],
        TrainingEvent::SupervisorAssigned { .. }
        | TrainingEvent::SupervisionEnded { .. }
        | TrainingEvent::EmploymentEndNoted { .. }
        | TrainingEvent::TrainingTakenOver { .. } => vec![review()],
        TrainingEvent::SupervisionGapOpened { .. }
        | TrainingEvent::SupervisionGapClosed { .. }
        | TrainingEvent::SupervisionGapRemoved { .. } => vec![Reaction::command(
            Action::AssignSupervisor,
            NoteSupervisionGaps { training },
        )],
        _ => vec![],
    }
}

/// What a register shows of a supervisor decides about the days of everybody they supervise.
pub(super) fn after_check(supervisor: Id<Supervisor>, event: &SupervisorEvent) -> Vec<Reaction> {
    match event {
        SupervisorEvent::RegisterCheckRecorded { .. }
        | SupervisorEvent::RegisterCheckCorrected { .. } => vec![Reaction::command(
            Action::RecordRegisterCheck,
            ReviewSupervisees { supervisor },
        )],
        _ => vec![],
    }
}

/// Supervision goes on in the qualified post (`SUP-05`).
pub(super) fn after_preceptorship(event: &PreceptorshipEvent) -> Vec<Reaction> {
    match event {
        PreceptorshipEvent::PreceptorshipStarted { appointment, .. } => vec![Reaction::command(
            Action::EvidenceQualifiedPost,
            ReviewQualifiedSupervision {
                application: appointment.application,
            },
        )],
        _ => vec![],
    }
}
