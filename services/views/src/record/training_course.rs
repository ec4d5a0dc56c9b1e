//! What changes the course of a training, and withdrawals from it.

use domain::{
    training::TrainingEvent,
    withdrawal::{WithdrawalEvent, WithdrawalReason},
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Keep, Trainee};

/// The part of a training's record that says whether it goes its usual way.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingCourse {
    /// First day of the interruption that has not ended.
    pub interrupted: Option<Date>,
    /// Interruptions, ended or not.
    pub interruptions: u32,
    /// Whether a lighter week is granted.
    pub less_than_full_time: bool,
    /// Whether practice is suspended.
    pub suspended: bool,
    /// The last day of training in a withdrawal under way.
    pub withdrawal_proposed: Option<Date>,
    /// The last day of training in a confirmed withdrawal.
    pub withdrawn: Option<Date>,
    /// Confirmed withdrawals that were taken back.
    pub withdrawals_reversed: u32,
    /// Whether it went with its clinical service to another employer.
    pub handed_over: bool,
    /// Whether it came with its clinical service from another employer.
    pub taken_over: bool,
}

impl TrainingCourse {
    /// Takes an event in; answers with the last day of the year where it moved, and the board where
    /// it changed.
    pub(super) fn note(&mut self, event: &TrainingEvent) -> (Option<Date>, Option<Date>) {
        match event {
            TrainingEvent::TrainingInterrupted { from, .. } => {
                self.interrupted = Some(*from);
                self.interruptions = self.interruptions.saturating_add(1);
            }
            TrainingEvent::TrainingResumed {
                ends,
                expected_board,
                ..
            } => {
                self.interrupted = None;
                return (Some(*ends), Some(*expected_board));
            }
            TrainingEvent::LessThanFullTimeGranted { ends, .. } => {
                self.less_than_full_time = true;
                return (Some(*ends), None);
            }
            TrainingEvent::WithdrawalProposed { on, .. } => self.withdrawal_proposed = Some(*on),
            TrainingEvent::WithdrawalDropped { .. } => self.withdrawal_proposed = None,
            TrainingEvent::TrainingWithdrawn { on, .. } => {
                self.withdrawal_proposed = None;
                self.withdrawn = Some(*on);
            }
            TrainingEvent::WithdrawalReversed { ends, .. } => {
                self.withdrawn = None;
                self.withdrawals_reversed = self.withdrawals_reversed.saturating_add(1);
                return (Some(*ends), None);
            }
            TrainingEvent::PracticeSuspended { .. } => self.suspended = true,
            TrainingEvent::PracticeRestored { .. } => self.suspended = false,
            TrainingEvent::TrainingHandedOver { .. } => self.handed_over = true,
            TrainingEvent::TrainingTakenOver { .. } => {
                self.handed_over = false;
                self.taken_over = true;
            }
            _ => {}
        }
        (None, None)
    }

    /// What it adds to a dashboard of either party.
    pub(super) fn sums(&self, sums: &mut Figures) {
        sums.count("trainings_handed_over", self.handed_over);
        sums.count("trainings_taken_over", self.taken_over && !self.handed_over);
        sums.count("interrupted", self.interrupted.is_some());
        sums.add("interruptions", i64::from(self.interruptions));
        sums.count("less_than_full_time", self.less_than_full_time);
        sums.count("practice_suspended", self.suspended);
        sums.count("withdrawals_proposed", self.withdrawal_proposed.is_some());
        sums.count("withdrawn_from_training", self.withdrawn.is_some());
        sums.add("withdrawals_reversed", i64::from(self.withdrawals_reversed));
    }
}

/// A withdrawal as the university and the commissioner keep it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WithdrawalRecord {
    /// Whose.
    pub trainee: Option<Trainee>,
    /// Why, by class, while it stands.
    pub reason: Option<WithdrawalReason>,
    /// Reason for leaving of the national student return, once confirmed.
    pub leaving_code: Option<String>,
}

impl WithdrawalRecord {
    /// What it adds to the dashboard of university or commissioner.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        if let (Some(reason), Some(_)) = (self.reason, &self.leaving_code) {
            sums.add("withdrawals_confirmed", 1);
            sums.add_of("withdrawals_by_reason", reason, 1);
        }
    }
}

impl Keep<WithdrawalEvent> for WithdrawalRecord {
    fn note(&mut self, _: &Noted, event: &WithdrawalEvent) {
        match event {
            WithdrawalEvent::WithdrawalReasonGiven {
                appointment,
                reason,
                ..
            } => {
                self.trainee = Some(Trainee::from(appointment));
                self.reason = Some(*reason);
            }
            WithdrawalEvent::RepresentationsReceived { .. } => {}
            WithdrawalEvent::WithdrawalConfirmed { leaving_code, .. } => {
                self.leaving_code = Some(leaving_code.clone());
            }
            WithdrawalEvent::WithdrawalUndone { .. } => {
                self.reason = None;
                self.leaving_code = None;
            }
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}
