//! The training year that employer and university share: it runs only while the person is both
//! employed and enrolled (`TRAIN-05`, `JOINT-01`), under supervision, towards the practice minima.

mod attendance;
mod changes;
mod commands;
mod course;
mod event;
mod handover;
mod leaving;
mod practice;
mod supervision;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter};

use self::course::site_of;
pub use self::{
    attendance::*, changes::*, commands::*, course::*, event::*, handover::*, leaving::*,
    practice::*, supervision::*,
};
use crate::{
    actor::{Party, TenantId},
    appointment::Appointment,
    correction::{Corrected, Correction},
    directory::{ClinicalService, ClinicalServiceTerms, Site, Supervisor},
    id::Id,
    refusal::{Reason, Refusal},
    transfer::ServiceTransfer,
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
    course: Course,
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
    /// The person is away and expected back.
    Interrupted,
    /// Somebody asked for a withdrawal, or the end of the employment forced it.
    WithdrawalProposed,
    /// The university has confirmed the withdrawal.
    Withdrawn,
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
    Correct(CorrectPracticeHours, Option<Corrected>),
    /// See [`VoidPracticeHours`].
    Void(VoidPracticeHours, Option<Corrected>),
    /// See [`DisallowHours`].
    Disallow(DisallowHours, Option<Corrected>),
    /// See [`ReinstateHours`].
    Reinstate(ReinstateHours, Option<Corrected>),
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
    /// What changes the course of the training.
    Course(CourseAct),
}

impl Training {
    /// The training of an application at an employer.
    pub fn appointment(&self) -> Option<&Appointment> {
        self.appointment.as_ref()
    }

    /// The year as it ran: cut short when the person left or withdrew.
    pub fn year(&self) -> Option<TrainingYear> {
        self.year.map(|year| TrainingYear {
            ends: self.gone().map_or(year.ends, |gone| gone.min(year.ends)),
            ..year
        })
    }

    /// Whether it ended before its time: with the employment, or by a confirmed withdrawal.
    pub fn ended_early(&self) -> bool {
        let planned = self.extended.or(self.year.map(|year| year.ends));
        self.gone()
            .is_some_and(|gone| planned.is_none_or(|planned| gone < planned))
    }

    /// The last day, when the person left or withdrew.
    fn gone(&self) -> Option<Date> {
        self.left.into_iter().chain(self.course.withdrawn()).min()
    }

    /// The last day of the trainee post: of the year, an extension, or the employment.
    pub fn last_day(&self) -> Option<Date> {
        let planned = self.extended.or(self.year.map(|year| year.ends));
        planned.map(|planned| self.gone().map_or(planned, |gone| gone.min(planned)))
    }

    /// How it stands.
    pub fn status(&self) -> TrainingStatus {
        match (self.year, self.course.leaving) {
            (_, None) if self.ended_early() => TrainingStatus::Ended,
            (Some(_), _) => self.standing(),
            (None, _) => TrainingStatus::Awaiting,
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
            TrainingEvent::PracticeHoursLogged { entry } => {
                self.entries.push(LoggedEntry::logged(entry, self.recorded));
            }
            TrainingEvent::PracticeHoursSigned { by, entries } => {
                for number in entries {
                    if let Some(known) = self.entry_mut(number) {
                        known.sign(by);
                    }
                }
            }
            TrainingEvent::PracticeHoursCorrected { number, entry, .. } => {
                let said = self.recorded;
                if let Some(known) = self.entry_mut(number) {
                    known.correct(entry, said);
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
            steered => self.steered(steered),
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

    /// Refuses a day without training: outside the trainee post, or away from it.
    fn during(&self, day: Date) -> Result<(), Refusal> {
        self.within(day)?;
        self.course.runs_on(day)
    }

    /// Refuses a day outside the trainee post.
    fn within(&self, day: Date) -> Result<(), Refusal> {
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
        let decided = self.recorded;
        if let Some(known) = self.entry_mut(number) {
            known.standing = standing;
            known.decided = decided;
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
                let events = Self::noted(
                    note,
                    appointment,
                    Some(*starts),
                    self.enrolled,
                    &issued.policies,
                )?;
                self.started_late(events, &issued.policies)
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
                let events = Self::noted(
                    note,
                    appointment,
                    self.employed,
                    Some(*teaching),
                    &issued.policies,
                )?;
                self.started_late(events, &issued.policies)
            }
            TrainingAct::NoteEmploymentEnd { on } => match self.left {
                Some(known) => Refusal::unless_same(known == *on, "the end of the employment"),
                // nothing begins with an end
                None if self.appointment.is_none() => Ok(vec![]),
                None => {
                    let note = TrainingEvent::EmploymentEndNoted { on: *on };
                    let forced = self.forced_out(*on, &issued.policies)?;
                    Ok([note].into_iter().chain(forced).collect())
                }
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
            TrainingAct::Correct(correct, corrects) => {
                self.correct(issued, correct, corrects.as_ref())
            }
            TrainingAct::Void(void, corrects) => self.void(issued, void, corrects.as_ref()),
            TrainingAct::Disallow(disallow, corrects) => {
                self.disallow(issued, disallow, corrects.as_ref())
            }
            TrainingAct::Reinstate(reinstate, corrects) => {
                self.reinstate(issued, reinstate, corrects.as_ref())
            }
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
            TrainingAct::Course(act) => self.steer(issued, act),
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
