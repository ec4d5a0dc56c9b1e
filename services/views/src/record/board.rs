//! What a board owes, reports of its chair's actions and answers to appeals, and what rests on the
//! lock that counts from it.

use std::collections::BTreeMap;

use domain::{appeal::AppealEvent, board::ExamBoardEvent, funding::TrainingPlaceEvent};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keep;

/// The standing board of a role's programme.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExamBoardRecord {
    /// Chair's actions no board has been told of yet, with the day of the board to be told.
    pub unreported: BTreeMap<Uuid, Date>,
    /// Chair's actions there were.
    pub actions: u32,
}

impl ExamBoardRecord {
    /// What it adds to the university's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("chairs_actions", i64::from(self.actions));
        for report_to in self.unreported.values() {
            sums.add("chairs_actions_unreported", 1);
            sums.add_of("chairs_actions_to_report", report_to, 1);
        }
    }
}

impl Keep<ExamBoardEvent> for ExamBoardRecord {
    fn note(&mut self, _: &Noted, fact: &ExamBoardEvent) {
        match fact {
            ExamBoardEvent::ChairsActionTaken { sitting, action } => {
                self.actions = self.actions.saturating_add(1);
                self.unreported.insert(sitting.0, action.report_to);
            }
            ExamBoardEvent::ChairsActionReported { action, .. } => {
                self.unreported.remove(&action.0);
            }
            ExamBoardEvent::BoardConstituted { .. }
            | ExamBoardEvent::ExternalExaminerArranged { .. } => {}
        }
    }
}

/// An appeal against an outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AppealRecord {
    /// Whose application it is about.
    pub application: Option<Uuid>,
    /// Whether it was upheld, once decided.
    pub upheld: Option<bool>,
    /// The last day for the letter that completes the procedures, while it is due.
    pub letter_by: Option<Date>,
}

impl AppealRecord {
    /// What it adds to the university's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.count("appeals_open", self.upheld.is_none());
        sums.count("appeals_upheld", self.upheld == Some(true));
        if let Some(letter_by) = self.letter_by {
            sums.add_of("appeal_letters_due_by", letter_by, 1);
        }
    }
}

impl Keep<AppealEvent> for AppealRecord {
    fn note(&mut self, _: &Noted, fact: &AppealEvent) {
        match fact {
            AppealEvent::AppealLodged { terms } => {
                self.application = Some(terms.appointment.application.0);
            }
            AppealEvent::AppealDecided { decision } => {
                self.upheld = Some(decision.upheld);
                self.letter_by = Some(decision.letter_by);
            }
            AppealEvent::AppealProceduresCompleted { .. } => self.letter_by = None,
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.application
    }
}

/// A place in another training.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingPlaceRecord {
    /// Whether the lock allowed it.
    pub accepted: bool,
    /// How often the lock was derived again since.
    pub questioned: u32,
}

impl TrainingPlaceRecord {
    /// What it adds to the dashboard of the university that offers it.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.count("training_places_accepted", self.accepted);
        sums.count("training_places_refused", !self.accepted);
        sums.count("training_places_questioned", self.questioned > 0);
    }
}

impl Keep<TrainingPlaceEvent> for TrainingPlaceRecord {
    fn note(&mut self, _: &Noted, fact: &TrainingPlaceEvent) {
        match fact {
            TrainingPlaceEvent::TrainingPlaceAccepted { .. } => self.accepted = true,
            TrainingPlaceEvent::TrainingPlaceRefused { .. } => self.accepted = false,
            TrainingPlaceEvent::TrainingPlaceQuestioned { .. } => {
                self.questioned = self.questioned.saturating_add(1);
            }
        }
    }
}
