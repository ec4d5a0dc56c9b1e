//! The training year that employer and university share: it runs only while the person is both
//! employed and enrolled (`TRAIN-05`, `JOINT-01`), under supervision, towards the practice minima.

mod attendance;
mod commands;
mod course;
mod practice;
mod supervision;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, IntoStaticStr, VariantNames};

use self::course::site_of;
pub use self::{attendance::*, commands::*, course::*, practice::*, supervision::*};
use crate::{
    actor::Party,
    appointment::Appointment,
    correction::Correction,
    directory::{ClinicalService, ClinicalServiceTerms, Site, Supervisor},
    id::Id,
    refusal::{Reason, Refusal},
    world::{Custody, Decider, Issue, Issued, aggregate},
};

/// The most quarter-hours one entry may hold: a month around the clock.
pub const ENTRY_QUARTERS_MAX: u32 = 31 * 24 * 4;
/// The most entries of one training.
pub const ENTRIES_MAX: usize = 4_000;
/// The most reviews of one training.
pub const REVIEWS_MAX: usize = 60;
/// The most supervisors, placements or weekly patterns in turn of one training.
pub const CHANGES_MAX: usize = 200;

/// A training's state. Either side may record first, so its parts arrive in any order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    appointment: Option<Appointment>,
    employed: Option<Date>,
    enrolled: Option<Teaching>,
    left: Option<Date>,
    year: Option<TrainingYear>,
    extended: Option<Date>,
    supervision: Vec<Supervision>,
    supervision_ended: Vec<Supervision>,
    gaps: BTreeMap<Date, Option<Date>>,
    patterns: Vec<WeeklyPattern>,
    placements: Vec<Placement>,
    entries: Vec<LoggedEntry>,
    caseload: Option<Caseload>,
    reviews: BTreeSet<Date>,
    portfolio: Option<Portfolio>,
    attendance: Vec<AttendanceEntry>,
    /// How many events it has.
    recorded: u64,
}

/// How a training stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TrainingStatus {
    /// Only one of employment and enrolment is in force, or neither.
    Awaiting,
    /// Both are.
    InTraining,
    /// The employment ended before the training did, and with it the training.
    Ended,
}

/// What a training decides.
#[derive(Debug, Clone)]
pub enum TrainingAct {
    /// The employer's record says the person has started.
    NoteEmployment {
        /// Whose.
        appointment: Appointment,
        /// The first day.
        starts: Date,
    },
    /// The employer's record says the person has left.
    NoteEmploymentEnd {
        /// The last day.
        on: Date,
    },
    /// The university's record says the person is enrolled.
    NoteEnrolment {
        /// Whose.
        appointment: Appointment,
        /// From when, towards which board.
        teaching: Teaching,
    },
    /// See [`AssignSupervisor`].
    Assign {
        /// Whose.
        appointment: Appointment,
        /// Who.
        supervisor: Id<Supervisor>,
        /// Whether the role's rule admits them on the day (`SUP-01`).
        eligible: bool,
    },
    /// See [`EndSupervision`].
    EndSupervision,
    /// The gaps in supervision as they are known now.
    NoteGaps(Vec<SupervisionGap>),
    /// See [`SetWeeklyPattern`].
    SetPattern(SetWeeklyPattern),
    /// See [`LogPracticeHours`].
    Log {
        /// The command.
        log: LogPracticeHours,
        /// Whether the supervisor of the day is still eligible on it.
        supervisor_eligible: bool,
    },
    /// See [`SignPracticeHours`].
    Sign {
        /// The last day of the last period signed for.
        until: Date,
    },
    /// See [`CorrectPracticeHours`].
    Correct(CorrectPracticeHours),
    /// See [`VoidPracticeHours`].
    Void(VoidPracticeHours),
    /// See [`DisallowHours`].
    Disallow(DisallowHours),
    /// See [`ReinstateHours`].
    Reinstate {
        /// The entry's number.
        entry: u32,
    },
    /// See [`PlaceTrainee`].
    Place {
        /// Where.
        clinical_service: Id<ClinicalService>,
        /// What the clinical service is.
        terms: Box<ClinicalServiceTerms>,
        /// Which of its sites.
        site: Option<Site>,
    },
    /// See [`RecordCaseload`].
    Caseload {
        /// People on it.
        clients: u32,
        /// Those of them who have a keyworker.
        with_keyworker: u32,
    },
    /// See [`HoldThreeWayReview`].
    Review,
    /// See [`VerifyPortfolio`].
    Verify,
    /// See [`ExtendTraining`].
    Extend(ExtendTraining),
    /// See [`RecordAttendance`].
    Attend {
        /// Days at the university.
        university_days: u32,
    },
    /// See [`CorrectAttendance`].
    CorrectAttendance(CorrectAttendance),
}

/// Facts of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum TrainingEvent {
    /// The person is employed.
    EmploymentNoted {
        /// Whose training.
        appointment: Appointment,
        /// The first day.
        starts: Date,
    },
    /// The person is no longer employed in the trainee post.
    EmploymentEndNoted {
        /// The last day.
        on: Date,
    },
    /// The person is enrolled.
    EnrolmentNoted {
        /// Whose training.
        appointment: Appointment,
        /// From when, towards which board.
        teaching: Teaching,
    },
    /// Both are in force: the training year runs (`TRAIN-05`).
    TrainingStarted {
        /// Whose.
        appointment: Appointment,
        /// The year.
        year: TrainingYear,
        /// When the intake's board is expected.
        expected_board: Date,
    },
    /// A practice supervisor was assigned.
    SupervisorAssigned {
        /// Whose training.
        appointment: Appointment,
        /// Who, from when.
        supervision: Supervision,
    },
    /// Somebody no longer supervises, from a day on.
    SupervisionEnded {
        /// Who, from when.
        supervision: Supervision,
    },
    /// Nobody eligible supervises from a day on.
    SupervisionGapOpened {
        /// The first day.
        from: Date,
    },
    /// Somebody eligible supervises again, or supervision is needed no longer.
    SupervisionGapClosed {
        /// The first day without.
        from: Date,
        /// The first day after it.
        until: Date,
        /// Days without.
        days: i64,
    },
    /// What was known as a gap is none.
    SupervisionGapRemoved {
        /// Its first day, as it was known.
        from: Date,
    },
    /// Entries of a gap do not count until the university has decided.
    HoursUnderReview {
        /// Their numbers.
        entries: Vec<u32>,
        /// Their quarter-hours together.
        quarters: u32,
    },
    /// Entries under review count again: there was no gap.
    HoursReviewLifted {
        /// Their numbers.
        entries: Vec<u32>,
        /// Their quarter-hours together.
        quarters: u32,
    },
    /// The days of the week were set.
    WeeklyPatternSet {
        /// The week.
        pattern: WeeklyPattern,
    },
    /// Practice hours were added.
    PracticeHoursLogged {
        /// The hours.
        entry: PracticeEntry,
    },
    /// Entries were signed.
    PracticeHoursSigned {
        /// By whom.
        by: Signatory,
        /// Their numbers.
        entries: Vec<u32>,
    },
    /// An entry was corrected: its signatures are void.
    PracticeHoursCorrected {
        /// Its number.
        number: u32,
        /// As it reads now.
        entry: PracticeEntry,
        /// The quarter-hours before.
        was: u32,
        /// Why.
        reason: CorrectionReason,
    },
    /// An entry was taken back.
    PracticeHoursVoided {
        /// Its number.
        number: u32,
        /// What it said.
        entry: PracticeEntry,
        /// Why.
        reason: CorrectionReason,
    },
    /// The university does not let an entry count.
    HoursDisallowed {
        /// Its number.
        number: u32,
        /// Its quarter-hours.
        quarters: u32,
        /// Why.
        reason: DisallowReason,
    },
    /// The university lets an entry count again.
    HoursReinstated {
        /// Its number.
        number: u32,
        /// Its quarter-hours.
        quarters: u32,
    },
    /// The trainee practises in a clinical service from a day on.
    TraineePlaced {
        /// Where.
        placement: Placement,
    },
    /// The people on the caseload were counted.
    CaseloadRecorded {
        /// How many.
        caseload: Caseload,
    },
    /// Trainee, supervisor and tutor met.
    ThreeWayReviewHeld {
        /// The day.
        on: Date,
        /// Which side recorded it.
        by: Party,
    },
    /// The university found the practice minima met.
    PortfolioVerified {
        /// What it showed.
        portfolio: Portfolio,
    },
    /// The trainee post lasts beyond the year, at the employer's cost.
    TrainingExtended {
        /// The new last day.
        until: Date,
    },
    /// The university recorded a week of study.
    AttendanceRecorded {
        /// This event's own sequence, by which a correction names it.
        sequence: u64,
        /// The week.
        attendance: Attendance,
    },
    /// A recorded week was wrong: it stays, struck through.
    RecordCorrected {
        /// This event's own sequence, by which a later correction names it.
        sequence: u64,
        /// Which event, why, and on whose word.
        correction: Correction<CorrectionReason>,
        /// What it says.
        was: Attendance,
        /// The days in its place; none when the week is not this trainee's at all.
        university_days: Option<u32>,
    },
    /// Study that stands adds up to something else since a correction.
    HoursRecomputed {
        /// Quarter-hours before.
        was: u32,
        /// Quarter-hours now.
        now: u32,
    },
}

impl Training {
    /// The training of an application at an employer.
    pub fn appointment(&self) -> Option<&Appointment> {
        self.appointment.as_ref()
    }

    /// The year as it ran: cut short when the person left.
    pub fn year(&self) -> Option<TrainingYear> {
        self.year.map(|year| TrainingYear {
            ends: self.left.map_or(year.ends, |left| left.min(year.ends)),
            ..year
        })
    }

    /// The last day of the trainee post: of the year, an extension, or the employment.
    pub fn last_day(&self) -> Option<Date> {
        let planned = self.extended.or(self.year.map(|year| year.ends));
        planned.map(|planned| self.left.map_or(planned, |left| left.min(planned)))
    }

    /// How it stands.
    pub fn status(&self) -> TrainingStatus {
        match (self.year, self.left) {
            (Some(_), None) => TrainingStatus::InTraining,
            (Some(year), Some(left)) if left >= self.extended.unwrap_or(year.ends) => {
                TrainingStatus::InTraining
            }
            (None, None) => TrainingStatus::Awaiting,
            _ => TrainingStatus::Ended,
        }
    }

    /// First days of employment and of teaching, as far as known.
    pub fn first_days(&self) -> (Option<Date>, Option<Date>) {
        (self.employed, self.enrolled.map(|teaching| teaching.starts))
    }

    fn evolve(&mut self, event: TrainingEvent) {
        self.recorded = self.recorded.saturating_add(1);
        match event {
            TrainingEvent::EmploymentNoted {
                appointment,
                starts,
            } => {
                self.appointment = Some(appointment);
                self.employed = Some(starts);
            }
            TrainingEvent::EmploymentEndNoted { on } => self.left = Some(on),
            TrainingEvent::EnrolmentNoted {
                appointment,
                teaching,
            } => {
                self.appointment = Some(appointment);
                self.enrolled = Some(teaching);
            }
            TrainingEvent::TrainingStarted { year, .. } => self.year = Some(year),
            TrainingEvent::SupervisorAssigned {
                appointment,
                supervision,
            } => {
                self.appointment = Some(appointment);
                self.supervision.push(supervision);
                self.supervision.sort_by_key(|supervision| supervision.from);
            }
            TrainingEvent::SupervisionEnded { supervision } => {
                self.supervision_ended.push(supervision);
            }
            TrainingEvent::SupervisionGapOpened { from } => {
                self.gaps.insert(from, None);
            }
            TrainingEvent::SupervisionGapClosed { from, until, .. } => {
                self.gaps.insert(from, Some(until));
            }
            TrainingEvent::SupervisionGapRemoved { from } => {
                self.gaps.remove(&from);
            }
            TrainingEvent::HoursUnderReview { entries, .. } => {
                for number in entries {
                    self.stands(number, EntryStanding::UnderReview);
                }
            }
            TrainingEvent::HoursReviewLifted { entries, .. } => {
                for number in entries {
                    self.stands(number, EntryStanding::Logged);
                }
            }
            TrainingEvent::WeeklyPatternSet { pattern } => {
                self.patterns.push(pattern);
                self.patterns.sort_by_key(|pattern| pattern.from);
            }
            TrainingEvent::PracticeHoursLogged { entry } => self.entries.push(LoggedEntry {
                entry,
                trainee: false,
                supervisor: false,
                standing: EntryStanding::Logged,
            }),
            TrainingEvent::PracticeHoursSigned { by, entries } => {
                for number in entries {
                    if let Some(known) = self.entry_mut(number) {
                        known.sign(by);
                    }
                }
            }
            TrainingEvent::PracticeHoursCorrected { number, entry, .. } => {
                if let Some(known) = self.entry_mut(number) {
                    known.correct(entry);
                }
            }
            TrainingEvent::PracticeHoursVoided { number, .. } => {
                self.stands(number, EntryStanding::Voided);
            }
            TrainingEvent::HoursDisallowed { number, .. } => {
                self.stands(number, EntryStanding::Disallowed);
            }
            TrainingEvent::HoursReinstated { number, .. } => {
                self.stands(number, EntryStanding::Reinstated);
            }
            TrainingEvent::TraineePlaced { placement } => {
                self.placements.push(placement);
                self.placements.sort_by_key(|placement| placement.from);
            }
            TrainingEvent::CaseloadRecorded { caseload } => {
                if self.caseload.is_none_or(|known| known.on <= caseload.on) {
                    self.caseload = Some(caseload);
                }
            }
            TrainingEvent::ThreeWayReviewHeld { on, .. } => {
                self.reviews.insert(on);
            }
            TrainingEvent::PortfolioVerified { portfolio } => self.portfolio = Some(portfolio),
            TrainingEvent::TrainingExtended { until } => self.extended = Some(until),
            TrainingEvent::AttendanceRecorded {
                sequence,
                attendance,
            } => self.attendance.push(AttendanceEntry {
                sequence,
                attendance,
                corrected: None,
            }),
            TrainingEvent::RecordCorrected {
                sequence,
                correction,
                was,
                university_days,
            } => self.struck(sequence, was, correction, university_days),
            TrainingEvent::HoursRecomputed { .. } => {}
        }
    }

    fn side(&self, issued: &Issue) -> Result<Party, Refusal> {
        self.appointment
            .as_ref()
            .and_then(|whose| Party::of(&issued.by, whose.employer, whose.university))
            .ok_or_else(Refusal::not_permitted)
    }

    /// The side, which must be `party`.
    fn only(&self, issued: &Issue, party: Party) -> Result<(), Refusal> {
        (self.side(issued)? == party)
            .then_some(())
            .ok_or_else(Refusal::not_permitted)
    }

    /// Refuses a day outside the trainee post.
    fn during(&self, day: Date) -> Result<(), Refusal> {
        let (Some(year), Some(last)) = (self.year, self.last_day()) else {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "the training has not started: both employment and enrolment are to be in force",
            ));
        };
        if (year.starts..=last).contains(&day) {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::StateNotAllowed,
            format!("the training runs from {} to {last}", year.starts),
        ))
    }

    fn stands(&mut self, number: u32, standing: EntryStanding) {
        if let Some(known) = self.entry_mut(number) {
            known.standing = standing;
        }
    }
}

fn full(what: &str) -> Refusal {
    Refusal::new(
        Reason::CapacityExceeded,
        format!("this training holds no more {what}"),
    )
}

aggregate!(Training, "training", TrainingAct, TrainingEvent);

impl Decider for Training {
    type Act = TrainingAct;
    const COLLECTION: &'static str = "trainings";

    fn decide(&self, issued: &Issued<TrainingAct>) -> Result<Vec<TrainingEvent>, Refusal> {
        match &issued.act {
            TrainingAct::NoteEmployment {
                appointment,
                starts,
            } => {
                if let Some(known) = self.employed {
                    return Refusal::unless_same(known == *starts, "the employment");
                }
                let note = TrainingEvent::EmploymentNoted {
                    appointment: appointment.clone(),
                    starts: *starts,
                };
                Self::noted(
                    note,
                    appointment,
                    Some(*starts),
                    self.enrolled,
                    &issued.policies,
                )
            }
            TrainingAct::NoteEnrolment {
                appointment,
                teaching,
            } => {
                if let Some(known) = self.enrolled {
                    return Refusal::unless_same(known == *teaching, "the enrolment");
                }
                let note = TrainingEvent::EnrolmentNoted {
                    appointment: appointment.clone(),
                    teaching: *teaching,
                };
                Self::noted(
                    note,
                    appointment,
                    self.employed,
                    Some(*teaching),
                    &issued.policies,
                )
            }
            TrainingAct::NoteEmploymentEnd { on } => match self.left {
                Some(known) => Refusal::unless_same(known == *on, "the end of the employment"),
                None => Ok(vec![TrainingEvent::EmploymentEndNoted { on: *on }]),
            },
            TrainingAct::Assign {
                appointment,
                supervisor,
                eligible,
            } => self.assign(issued, appointment, *supervisor, *eligible),
            TrainingAct::EndSupervision => self.end_supervision(issued),
            TrainingAct::NoteGaps(now) => Ok(self.note_gaps(now)),
            TrainingAct::SetPattern(set) => self.set_pattern(issued, set),
            TrainingAct::Log {
                log,
                supervisor_eligible,
            } => self.log(issued, log, *supervisor_eligible),
            TrainingAct::Sign { until } => self.sign(issued, *until),
            TrainingAct::Correct(correct) => self.correct(issued, correct),
            TrainingAct::Void(void) => self.void(issued, void),
            TrainingAct::Disallow(disallow) => self.disallow(issued, disallow),
            TrainingAct::Reinstate { entry } => self.reinstate(issued, *entry),
            TrainingAct::Place {
                clinical_service,
                terms,
                site,
            } => self.place(issued, *clinical_service, terms, site.as_ref()),
            TrainingAct::Caseload {
                clients,
                with_keyworker,
            } => self.count_caseload(issued, *clients, *with_keyworker),
            TrainingAct::Review => self.review(issued),
            TrainingAct::Verify => self.verify(issued),
            TrainingAct::Extend(extend) => self.extend(issued, extend),
            TrainingAct::Attend { university_days } => {
                self.record_attendance(issued, *university_days)
            }
            TrainingAct::CorrectAttendance(correct) => self.correct_attendance(issued, correct),
        }
    }

    /// Both sides share the year; staff and student numbers stay in their own records (C.2).
    fn custody(&self) -> Option<Custody> {
        self.appointment
            .as_ref()
            .map(|whose| Custody::of(whose.employer, [whose.university]).about(whose.person))
    }
}

#[cfg(test)]
mod tests;
