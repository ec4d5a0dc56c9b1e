//! From funding and enrolment to the qualification.

use std::collections::BTreeMap;

use domain::{
    actor::{PersonId, TenantId},
    appointment::Appointment,
    board::BoardOutcome,
    employment::EmploymentEvent,
    enrolment::EnrolmentEvent,
    funding::FundingLockEvent,
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keep;

/// Whose training a record is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trainee {
    /// The application: the thread of the trainee's life.
    pub application: Uuid,
    /// The person, by opaque id.
    pub person: PersonId,
    /// Who employs.
    pub employer: TenantId,
    /// Who teaches.
    pub university: TenantId,
    /// The intake.
    pub intake: Uuid,
    /// The allocation whose place it is.
    pub allocation: Uuid,
    /// The role.
    pub role: String,
    /// The level trained for.
    pub level: u8,
}

impl From<&Appointment> for Trainee {
    fn from(appointment: &Appointment) -> Self {
        Self {
            application: appointment.application.0,
            person: appointment.person,
            employer: appointment.employer,
            university: appointment.university,
            intake: appointment.intake.0,
            allocation: appointment.allocation.0,
            role: appointment.role.to_string(),
            level: appointment.level,
        }
    }
}

/// A person's funding locks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LockRecord {
    /// The person, by opaque id.
    pub person: Option<PersonId>,
    /// Each training's lock, by application.
    pub locks: BTreeMap<Uuid, LockUntil>,
    /// Exemptions granted.
    pub exemptions: u32,
    /// Places in another training refused for it.
    pub refused: u32,
    /// Of which somebody tried to override the lock.
    pub overridden: u32,
}

/// How long one training locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockUntil {
    /// The first day on which another training may start.
    pub until: Date,
    /// Whether the board has yet to be held.
    pub provisional: bool,
}

impl Keep<FundingLockEvent> for LockRecord {
    fn note(&mut self, _: &Noted, fact: &FundingLockEvent) {
        match fact {
            FundingLockEvent::ProvisionalFundingLockStarted {
                person,
                application,
                lock,
            }
            | FundingLockEvent::FundingLockStarted {
                person,
                application,
                lock,
            } => {
                self.person = Some(*person);
                let until = LockUntil {
                    until: lock.until,
                    provisional: lock.provisional,
                };
                self.locks.insert(application.0, until);
            }
            FundingLockEvent::LockExemptionGranted { .. } => {
                self.exemptions = self.exemptions.saturating_add(1);
            }
            FundingLockEvent::LockedTrainingRefused { overridden, .. } => {
                self.refused = self.refused.saturating_add(1);
                self.overridden = self.overridden.saturating_add(u32::from(*overridden));
            }
            FundingLockEvent::LockDisclosureConsented { .. }
            | FundingLockEvent::LockReliedOn { .. }
            | FundingLockEvent::LockRelianceQuestioned { .. } => {}
        }
    }
}

/// An enrolment, without the student's numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EnrolmentRecord {
    /// Whose.
    pub trainee: Option<Trainee>,
    /// The qualification's title.
    pub qualification: String,
    /// Its level.
    pub level: u8,
    /// The curriculum version.
    pub curriculum: String,
    /// First day of teaching.
    pub starts: Option<Date>,
    /// What each board decided that still stands, first to latest.
    pub outcomes: Vec<Decided>,
    /// The sittings that decided so.
    pub sittings: Vec<Uuid>,
    /// How often the student went on with another intake.
    pub intakes_changed: u32,
    /// How often the employer changed under the study.
    pub employers_changed: u32,
}

/// What a board decided, without module, cap or date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Decided {
    /// Passed.
    Passed,
    /// Another attempt at a module.
    Referred,
    /// Not assessed yet, without fault.
    Deferred,
    /// Ended without the qualification.
    Failed,
    /// Withdrawn by the board.
    Withdrawn,
}

impl EnrolmentRecord {
    /// What it adds to the university's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("enrolled", 1);
        sums.add_of("enrolled_by_level", self.level, 1);
        let referred = self.outcomes.contains(&Decided::Referred);
        let passed = self.outcomes.contains(&Decided::Passed);
        sums.count("assessed", !self.outcomes.is_empty());
        sums.count(
            "passed_first_time",
            self.outcomes.first() == Some(&Decided::Passed),
        );
        sums.count("passed_after_resit", passed && referred);
        sums.count("passed", passed);
        sums.count("referred", referred);
        sums.count("deferred", self.outcomes.contains(&Decided::Deferred));
        sums.count("failed", self.outcomes.contains(&Decided::Failed));
        sums.count(
            "withdrawn_by_board",
            self.outcomes.contains(&Decided::Withdrawn),
        );
        sums.add("intakes_changed", i64::from(self.intakes_changed));
        sums.add("employers_changed", i64::from(self.employers_changed));
    }
}

impl Keep<EnrolmentEvent> for EnrolmentRecord {
    fn note(&mut self, _: &Noted, fact: &EnrolmentEvent) {
        match fact {
            EnrolmentEvent::ProgrammeEnrolled { study, .. } => {
                self.trainee = Some(Trainee::from(&study.appointment));
                self.qualification.clone_from(&study.qualification);
                self.level = study.level;
                self.curriculum.clone_from(&study.curriculum);
                self.starts = Some(study.starts);
            }
            EnrolmentEvent::BoardOutcomeNoted { assessment } => {
                self.sittings.push(assessment.sitting.0);
                self.outcomes.push(match assessment.outcome {
                    BoardOutcome::Pass => Decided::Passed,
                    BoardOutcome::Refer { .. } => Decided::Referred,
                    BoardOutcome::Defer { .. } | BoardOutcome::DecisionDeferred { .. } => {
                        Decided::Deferred
                    }
                    BoardOutcome::Fail | BoardOutcome::ExitAward => Decided::Failed,
                    BoardOutcome::Withdraw => Decided::Withdrawn,
                });
            }
            EnrolmentEvent::BoardOutcomeSetAside { sitting, .. } => {
                if let Some(at) = self.sittings.iter().position(|known| *known == sitting.0) {
                    self.sittings.remove(at);
                    self.outcomes.remove(at);
                }
            }
            EnrolmentEvent::BoardOutcomeRedated { .. } => {}
            EnrolmentEvent::EmployerChanged { employer, .. } => {
                self.employers_changed = self.employers_changed.saturating_add(1);
                if let Some(trainee) = &mut self.trainee {
                    trainee.employer = *employer;
                }
            }
            EnrolmentEvent::IntakeChanged {
                intake, curriculum, ..
            } => {
                self.curriculum.clone_from(curriculum);
                self.intakes_changed = self.intakes_changed.saturating_add(1);
                if let Some(trainee) = &mut self.trainee {
                    trainee.intake = intake.0;
                }
            }
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}

/// An employment in the trainee post, without the employer's numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EmploymentRecord {
    /// Whose.
    pub trainee: Option<Trainee>,
    /// Band in training.
    pub band: u8,
    /// First day.
    pub starts: Option<Date>,
    /// Last day, once it has ended.
    pub ended: Option<Date>,
    /// First day with another employer, for somebody who went with the clinical service.
    pub moved_out: Option<Date>,
    /// Employment checks to re-assure, for somebody who came with one.
    pub checks_to_reassure: u32,
    /// Those of them that are.
    pub checks_reassured: u32,
}

impl Keep<EmploymentEvent> for EmploymentRecord {
    fn note(&mut self, _: &Noted, fact: &EmploymentEvent) {
        match fact {
            EmploymentEvent::EmploymentStarted { post } => {
                self.trainee = Some(Trainee::from(&post.appointment));
                self.band = post.band;
                self.starts = Some(post.starts);
                self.ended = None;
            }
            EmploymentEvent::EmploymentEnded { on, .. } => self.ended = Some(*on),
            EmploymentEvent::EmploymentReinstated { .. } => self.ended = None,
            EmploymentEvent::TraineeDismissed { .. } | EmploymentEvent::LeaveRecorded { .. } => {}
            EmploymentEvent::EmploymentTransferredOut { on, .. } => self.moved_out = Some(*on),
            EmploymentEvent::EmploymentTransferredIn {
                appointment, on, ..
            } => {
                self.trainee = Some(Trainee::from(appointment));
                self.starts = self.starts.or(Some(*on));
                self.moved_out = None;
            }
            EmploymentEvent::EmploymentChecksReassuranceOpened { checks } => {
                self.checks_to_reassure = u32::try_from(checks.len()).unwrap_or(u32::MAX);
                self.checks_reassured = 0;
            }
            EmploymentEvent::EmploymentCheckReassured { .. } => {
                self.checks_reassured = self.checks_reassured.saturating_add(1);
            }
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}
