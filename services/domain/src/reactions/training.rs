//! What follows from the two sides of a training, and from its course.

use super::Reaction;
use crate::{
    commitment::{NoteExpectedCompletion, NoteTrainingLeft},
    employment::EmploymentEvent,
    enrolment::EnrolmentEvent,
    funding::{ForeseeFundingLock, NoteTraineeLeft},
    id::Id,
    interruption::LockFromCohortBoard,
    permission::Action,
    progression::{NoteProgression, OpenProgression, ProgressionFact},
    training::{
        NoteEmployment, NoteEmploymentEnd, NoteEnrolment, NoteReinstatement, ProposedBy, Teaching,
        Training, TrainingEvent,
    },
    transfer::{HandOverTrainee, ServiceTransfer, ServiceTransferEvent, TakeOverTrainee},
    transition::{CloseTransitionPlan, OpenTransitionPlan},
    withdrawal::{CloseWithdrawal, NoteForcedWithdrawal},
};

/// What only the employer may see stays behind; the shared training learns the days. What is paid
/// for the time after the last day is not earned.
pub(super) fn after_employment(event: &EmploymentEvent) -> Vec<Reaction> {
    match event {
        EmploymentEvent::EmploymentStarted { post } => {
            let note = NoteEmployment {
                appointment: post.appointment.clone(),
                starts: post.starts,
            };
            vec![Reaction::command(Action::StartEmployment, note)]
        }
        EmploymentEvent::EmploymentEnded { appointment, on } => {
            let note = NoteEmploymentEnd {
                application: appointment.application,
                on: *on,
            };
            let stop = NoteTraineeLeft {
                appointment: appointment.clone(),
            };
            vec![
                Reaction::command(Action::EndEmployment, note),
                Reaction::command(Action::EndEmployment, stop),
            ]
        }
        EmploymentEvent::EmploymentReinstated { appointment, .. } => {
            let note = NoteReinstatement {
                application: appointment.application,
            };
            vec![Reaction::command(Action::ReinstateEmployment, note)]
        }
        _ => vec![],
    }
}

/// What only the university may see stays behind; the shared training learns the days.
pub(super) fn after_enrolment(event: &EnrolmentEvent) -> Option<Reaction> {
    let EnrolmentEvent::ProgrammeEnrolled { study, .. } = event else {
        return None;
    };
    let note = NoteEnrolment {
        appointment: study.appointment.clone(),
        teaching: Teaching {
            starts: study.starts,
            expected_board: study.expected_board,
        },
    };
    Some(Reaction::command(Action::EnrolTrainee, note))
}

/// Who has entered a funded training is locked from the first day, provisionally; a qualified post
/// is expected for them, and the way to it begins, or no longer. The lock follows the board of the cohort they belong to
/// in the end. What the end of the employment forces has its reason noted, and loses it again with
/// the proposal.
pub(super) fn after_training(training: Id<Training>, event: &TrainingEvent) -> Vec<Reaction> {
    let expect = Reaction::command(Action::EnrolTrainee, NoteExpectedCompletion { training });
    match event {
        TrainingEvent::TrainingStarted {
            appointment,
            year,
            expected_board,
        } => {
            let foresee = ForeseeFundingLock {
                appointment: appointment.clone(),
                training_start: year.starts,
                expected_board: *expected_board,
            };
            let open = OpenTransitionPlan {
                appointment: appointment.clone(),
                from: year.starts,
            };
            let follow = OpenProgression {
                appointment: appointment.clone(),
            };
            vec![
                expect,
                Reaction::command(Action::EnrolTrainee, foresee),
                Reaction::command(Action::EnrolTrainee, open),
                Reaction::command(Action::EnrolTrainee, follow),
            ]
        }
        TrainingEvent::EmploymentEndNoted { on } => {
            let close = CloseTransitionPlan { training, on: *on };
            let left = ProgressionFact::TrainingLeft(training, *on);
            vec![
                Reaction::command(Action::EndEmployment, NoteTrainingLeft { training }),
                Reaction::command(Action::EndEmployment, close),
                Reaction::command(Action::EndEmployment, NoteProgression { fact: left }),
            ]
        }
        TrainingEvent::TrainingExtended { .. }
        | TrainingEvent::LessThanFullTimeGranted { .. }
        | TrainingEvent::EmploymentReinstatementNoted { .. } => vec![expect],
        TrainingEvent::TrainingResumed { .. } | TrainingEvent::WithdrawalReversed { .. } => {
            let lock = LockFromCohortBoard { training };
            vec![expect, Reaction::command(Action::ResumeTraining, lock)]
        }
        TrainingEvent::TrainingWithdrawn { .. } => {
            let (left, lock) = (
                NoteTrainingLeft { training },
                LockFromCohortBoard { training },
            );
            vec![
                Reaction::command(Action::ConfirmWithdrawal, left),
                Reaction::command(Action::ConfirmWithdrawal, lock),
            ]
        }
        TrainingEvent::WithdrawalProposed {
            by: ProposedBy::EmploymentEnd,
            ..
        } => {
            let note = NoteForcedWithdrawal { training };
            vec![Reaction::command(Action::ProposeWithdrawal, note)]
        }
        TrainingEvent::TrainingHandedOver { transfer, .. } => {
            let take_over = TakeOverTrainee {
                transfer: *transfer,
                training,
            };
            vec![Reaction::command(Action::TransferService, take_over)]
        }
        TrainingEvent::WithdrawalDropped { .. } => {
            let close = CloseWithdrawal { training };
            vec![Reaction::command(Action::DropWithdrawal, close)]
        }
        _ => vec![],
    }
}

/// With a service go its trainees, and with each the promise of a post.
pub(super) fn after_transfer(
    transfer: Id<ServiceTransfer>,
    event: &ServiceTransferEvent,
) -> Vec<Reaction> {
    let ServiceTransferEvent::ServiceTransferred { to, trainees, .. } = event else {
        return vec![];
    };
    let hand_over = trainees.iter().map(|moving| {
        let hand_over = HandOverTrainee {
            transfer,
            training: moving.training,
            to: *to,
        };
        Reaction::command(Action::TransferService, hand_over)
    });
    hand_over.collect()
}
