//! What changes the course of a training: interruption and resumption, a lighter week, withdrawal
//! with its representations, and practice that is suspended. Every rule asks for the day of a fact,
//! never for the order of recording, so that a fact learnt late leads to where a timely one would.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Leaving, Training, TrainingEvent, TrainingStatus, full};
use crate::{
    actor::{Party, TenantId},
    calendar::days_between,
    correction::Corrected,
    directory::ClinicalService,
    id::Id,
    policy::catalogue::{Range, Setting},
    refusal::{Reason, Refusal},
    transfer::ServiceTransfer,
    world::Issue,
};

/// The most interruptions, and the most suspensions, of one training.
pub const BREAKS_MAX: usize = 50;
/// The longest interruption, in days: five years.
pub const INTERRUPTION_DAYS_MAX: i64 = 5 * 366;

/// Time away from a training. Why is the employer's own (C.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruption {
    /// The first day away.
    pub from: Date,
    /// The day the return is expected, where one is.
    pub expected_return: Option<Date>,
    /// The first day back.
    pub resumed: Option<Date>,
}

/// A week lighter than policy `practice_days` asks for (`X-07`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LighterWeek {
    /// Days of practice.
    pub practice_days: u32,
    /// The first day of the first such week.
    pub from: Date,
}

/// Days without practice, by the outward fact alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    /// The first day.
    pub from: Date,
    /// The first day of practice again.
    pub restored: Option<Date>,
}

/// What has changed the course of a training so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    pub(super) interruptions: Vec<Interruption>,
    pub(super) suspensions: Vec<Suspension>,
    lighter_agreed: Vec<(Party, LighterWeek)>,
    lighter: Option<LighterWeek>,
    pub(super) leaving: Option<Leaving>,
    /// The event that confirmed the last withdrawal, by its place in the training's history.
    withdrawn_by: Option<u64>,
    pub(super) handed_over: Option<(TenantId, Date)>,
}

/// What the course of a training decides.
#[derive(Debug, Clone)]
pub enum CourseAct {
    /// See [`InterruptTraining`](crate::interruption::InterruptTraining).
    Interrupt {
        /// The day the return is expected.
        expected_return: Option<Date>,
    },
    /// See [`ResumeTraining`](crate::interruption::ResumeTraining).
    Resume {
        /// The board that the person now works towards; the one it was when absent.
        expected_board: Option<Date>,
    },
    /// See [`AgreeLessThanFullTime`](crate::interruption::AgreeLessThanFullTime).
    AgreeLessThanFullTime {
        /// Days of practice.
        practice_days: u32,
    },
    /// See [`ProposeWithdrawal`](crate::withdrawal::ProposeWithdrawal).
    ProposeWithdrawal,
    /// See [`MakeRepresentations`](crate::withdrawal::MakeRepresentations).
    MakeRepresentations,
    /// See [`ConfirmWithdrawal`](crate::withdrawal::ConfirmWithdrawal).
    ConfirmWithdrawal,
    /// See [`DropWithdrawal`](crate::withdrawal::DropWithdrawal).
    DropWithdrawal,
    /// See [`ReverseWithdrawal`](crate::withdrawal::ReverseWithdrawal).
    ReverseWithdrawal {
        /// Whether it had never been true.
        in_error: bool,
        /// The event that confirmed it.
        corrects: Option<Corrected>,
    },
    /// The employer's record says that the end of the employment did not stand.
    NoteReinstatement,
    /// The university's fitness-to-practise officer suspends practice, or restores it.
    SetPractice {
        /// Whether practice is suspended from the day.
        suspended: bool,
    },
    /// See [`HandOverTrainee`](crate::transfer::HandOverTrainee).
    HandOver {
        /// In which transfer.
        transfer: Id<ServiceTransfer>,
        /// To whom.
        to: TenantId,
    },
    /// See [`TakeOverTrainee`](crate::transfer::TakeOverTrainee).
    TakeOver {
        /// Who takes it over.
        employer: TenantId,
        /// The service as it keeps it.
        clinical_service: Id<ClinicalService>,
        /// The setting of that service.
        setting: Setting,
        /// Whether the supervisor goes on, by agreement with the successor.
        agreed: bool,
    },
}

impl Course {
    /// Interruptions, first to latest.
    pub fn interruptions(&self) -> &[Interruption] {
        &self.interruptions
    }

    /// The place of the event that confirmed the last withdrawal.
    pub(crate) fn withdrawn_by(&self) -> Option<u64> {
        self.withdrawn_by
    }

    /// Suspensions of practice, first to latest.
    pub fn suspensions(&self) -> &[Suspension] {
        &self.suspensions
    }

    /// The interruption that has not ended.
    pub fn interrupted(&self) -> Option<&Interruption> {
        self.interruptions
            .iter()
            .find(|interruption| interruption.resumed.is_none())
    }

    /// The withdrawal under way or confirmed.
    pub fn leaving(&self) -> Option<&Leaving> {
        self.leaving.as_ref()
    }

    /// The lighter week both sides agreed.
    pub fn lighter_week(&self) -> Option<&LighterWeek> {
        self.lighter.as_ref()
    }

    /// Whether practice is suspended on a day.
    pub fn suspended_on(&self, day: Date) -> bool {
        covers(
            self.suspensions.iter().map(|gap| (gap.from, gap.restored)),
            day,
        )
    }

    /// Whether the training is interrupted on a day.
    pub fn interrupted_on(&self, day: Date) -> bool {
        covers(
            self.interruptions.iter().map(|gap| (gap.from, gap.resumed)),
            day,
        )
    }

    /// The last day of a confirmed withdrawal.
    pub fn withdrawn(&self) -> Option<Date> {
        self.leaving
            .filter(|leaving| leaving.confirmed)
            .map(|leaving| leaving.on)
    }

    /// Refuses practice and reviews on a day without training.
    pub(super) fn runs_on(&self, day: Date) -> Result<(), Refusal> {
        if self.interrupted_on(day) {
            return Err(Refusal::state_not_allowed(
                "the training is interrupted on this day; resume it first, or correct the day",
            ));
        }
        if self.suspended_on(day) {
            return Err(Refusal::state_not_allowed(
                "practice is suspended on this day; wait until the university restores it",
            ));
        }
        Ok(())
    }

    /// Whether a week of so few practice days is agreed for a day (`X-07`).
    pub(super) fn admits_week(&self, practice_days: u32, from: Date) -> bool {
        self.lighter
            .is_some_and(|week| week.practice_days == practice_days && week.from <= from)
    }
}

/// Whether a day lies in one of the gaps, each open at its end where it has none.
fn covers(mut gaps: impl Iterator<Item = (Date, Option<Date>)>, day: Date) -> bool {
    gaps.any(|(from, until)| from <= day && until.is_none_or(|until| day < until))
}

impl Training {
    /// What has changed its course.
    pub fn course(&self) -> &Course {
        &self.course
    }

    /// When the board is expected that the person works towards.
    pub fn expected_board(&self) -> Option<Date> {
        self.enrolled.map(|teaching| teaching.expected_board)
    }

    pub(super) fn steered(&mut self, event: TrainingEvent) {
        let course = &mut self.course;
        match event {
            TrainingEvent::TrainingInterrupted {
                from,
                expected_return,
            } => {
                course.interruptions.push(Interruption {
                    from,
                    expected_return,
                    resumed: None,
                });
                course.interruptions.sort_by_key(|gap| gap.from);
            }
            TrainingEvent::TrainingResumed {
                on,
                ends,
                expected_board,
            } => {
                if let Some(open) = course
                    .interruptions
                    .iter_mut()
                    .find(|gap| gap.resumed.is_none())
                {
                    open.resumed = Some(on);
                }
                self.moved(ends);
                if let Some(teaching) = &mut self.enrolled {
                    teaching.expected_board = expected_board;
                }
            }
            TrainingEvent::LessThanFullTimeAgreed { by, week } => {
                course.lighter_agreed.retain(|(party, _)| *party != by);
                course.lighter_agreed.push((by, week));
            }
            TrainingEvent::LessThanFullTimeGranted { week, ends } => {
                course.lighter = Some(week);
                course.lighter_agreed.clear();
                self.moved(ends);
            }
            TrainingEvent::WithdrawalProposed {
                by,
                on,
                representations_until,
            } => {
                course.leaving = Some(Leaving {
                    by,
                    on,
                    representations_until,
                    represented: false,
                    confirmed: false,
                });
            }
            TrainingEvent::RepresentationsMade { .. } => {
                if let Some(leaving) = &mut course.leaving {
                    leaving.represented = true;
                }
            }
            TrainingEvent::TrainingWithdrawn { .. } => {
                course.withdrawn_by = Some(self.recorded);
                if let Some(leaving) = &mut course.leaving {
                    leaving.confirmed = true;
                }
            }
            TrainingEvent::WithdrawalDropped { .. } => course.leaving = None,
            TrainingEvent::WithdrawalReversed { ends, .. } => {
                course.leaving = None;
                self.moved(ends);
            }
            TrainingEvent::EmploymentReinstatementNoted { .. } => self.left = None,
            TrainingEvent::PracticeSuspended { from } => {
                course.suspensions.push(Suspension {
                    from,
                    restored: None,
                });
                course.suspensions.sort_by_key(|gap| gap.from);
            }
            TrainingEvent::PracticeRestored { on } => {
                if let Some(open) = course
                    .suspensions
                    .iter_mut()
                    .find(|gap| gap.restored.is_none())
                {
                    open.restored = Some(on);
                }
            }
            handed => self.moved_on(handed),
        }
    }

    /// The year has another last day; an extension keeps its own while it is the later one.
    fn moved(&mut self, ends: Date) {
        if let Some(year) = &mut self.year {
            year.ends = ends;
        }
        self.extended = self.extended.filter(|until| *until > ends);
    }

    /// The status that the course gives a training whose year has started.
    pub(super) fn standing(&self) -> TrainingStatus {
        match (&self.course.leaving, self.course.interrupted()) {
            (Some(leaving), _) if leaving.confirmed => TrainingStatus::Withdrawn,
            (Some(_), _) => TrainingStatus::WithdrawalProposed,
            (None, Some(_)) => TrainingStatus::Interrupted,
            (None, None) => TrainingStatus::InTraining,
        }
    }

    pub(super) fn steer(
        &self,
        issued: &Issue,
        act: &CourseAct,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        if self.appointment.is_none() {
            return Err(Refusal::not_permitted());
        }
        match act {
            CourseAct::Interrupt { expected_return } => self.interrupt(issued, *expected_return),
            CourseAct::Resume { expected_board } => self.resume(issued, *expected_board),
            CourseAct::AgreeLessThanFullTime { practice_days } => {
                self.lighten(issued, *practice_days)
            }
            CourseAct::ProposeWithdrawal => self.propose_withdrawal(issued),
            CourseAct::MakeRepresentations => self.hear(issued),
            CourseAct::ConfirmWithdrawal => self.confirm_withdrawal(issued),
            CourseAct::DropWithdrawal => self.drop_withdrawal(issued),
            CourseAct::ReverseWithdrawal { in_error, corrects } => {
                self.reverse_withdrawal(issued, *in_error, corrects.as_ref())
            }
            CourseAct::NoteReinstatement => Ok(self.take_end_back(issued)),
            CourseAct::SetPractice { suspended } => self.set_practice(issued, *suspended),
            CourseAct::HandOver { transfer, to } => Ok(self.hand_over(issued, *transfer, *to)),
            CourseAct::TakeOver {
                employer,
                clinical_service,
                setting,
                agreed,
            } => Ok(self.take_over(*employer, *clinical_service, setting, *agreed)),
        }
    }

    fn interrupt(
        &self,
        issued: &Issue,
        expected_return: Option<Date>,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        let from = issued.today();
        let in_reach = |back: Date| {
            back > from
                && days_between(from, back).is_some_and(|days| days <= INTERRUPTION_DAYS_MAX)
        };
        if expected_return.is_some_and(|back| !in_reach(back)) {
            return Err(Refusal::invalid(
                "expected_return",
                "the return lies after the first day away, at most five years later",
            ));
        }
        self.side(issued)?;
        let gaps = &self.course.interruptions;
        if let Some(known) = gaps.iter().find(|gap| gap.from == from) {
            return Refusal::unless_same(
                known.expected_return == expected_return,
                "an interruption from this day",
            );
        }
        self.runs_at(from)?;
        if self.course.interrupted().is_some() || self.course.interrupted_on(from) {
            return Err(Refusal::state_not_allowed(
                "the training is interrupted already; resume it first with ResumeTraining",
            ));
        }
        if gaps.len() >= BREAKS_MAX {
            return Err(full("interruptions"));
        }
        Ok(vec![TrainingEvent::TrainingInterrupted {
            from,
            expected_return,
        }])
    }

    /// The days that were left at the interruption run on from the return.
    fn resume(
        &self,
        issued: &Issue,
        expected_board: Option<Date>,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        let on = issued.today();
        let board = expected_board.or(self.expected_board());
        let gaps = &self.course.interruptions;
        if gaps.iter().any(|gap| gap.resumed == Some(on)) {
            return Refusal::unless_same(board == self.expected_board(), "the resumption");
        }
        let (Some(open), Some(year), Some(board)) = (self.course.interrupted(), self.year, board)
        else {
            return Err(Refusal::state_not_allowed(
                "the training is not interrupted; there is nothing to resume",
            ));
        };
        let away = days_between(open.from, on).filter(|days| *days > 0);
        let Some(away) = away.filter(|days| *days <= INTERRUPTION_DAYS_MAX) else {
            return Err(Refusal::invalid(
                "effective",
                format!(
                    "the return lies after {}, the first day away, at most five years later",
                    open.from
                ),
            ));
        };
        if gaps.iter().any(|gap| gap.from > open.from && gap.from < on) {
            return Err(Refusal::state_not_allowed(
                "another interruption began before this day; correct the day of the return",
            ));
        }
        self.before_leaving(on)?;
        Ok(vec![TrainingEvent::TrainingResumed {
            on,
            ends: year.ends.saturating_add(away.days()),
            expected_board: board,
        }])
    }

    fn lighten(&self, issued: &Issue, practice_days: u32) -> Result<Vec<TrainingEvent>, Refusal> {
        let by = self.side(issued)?;
        let on = issued.today();
        let lighter: Range = issued.policies.get("practice_days.exception", on)?;
        if !(lighter.min..=lighter.max).contains(&practice_days) {
            return Err(Refusal::new(
                Reason::WeeklyPatternInvalid,
                format!(
                    "less than full time means {} to {} practice days a week",
                    lighter.min, lighter.max
                ),
            )
            .at("practice_days")
            .with("practice_days_min", lighter.min)
            .with("practice_days_max", lighter.max));
        }
        let week = LighterWeek {
            practice_days,
            from: on,
        };
        let said = |party| {
            let mut agreed = self.course.lighter_agreed.iter();
            agreed
                .find(|(side, _)| *side == party)
                .map(|(_, week)| *week)
        };
        if said(by) == Some(week) || self.course.admits_week(practice_days, on) {
            return Ok(vec![]);
        }
        self.runs_at(on)?;
        let Some(year) = self.year else {
            return Ok(vec![]);
        };
        let mut events = vec![TrainingEvent::LessThanFullTimeAgreed { by, week }];
        let other = said(by.other()).filter(|other| other.practice_days == practice_days);
        if let Some(other) = other {
            let from = other.from.max(on);
            let university: u32 = issued.policies.get("university_days", from)?;
            let whole: Range = issued.policies.get("practice_days", from)?;
            // What is left at the lightest full-time week takes longer in a lighter one.
            let left = days_between(from, year.ends).unwrap_or(0).max(0);
            let (full, light) = (university + whole.min, university + practice_days);
            let stretched = left
                .saturating_mul(i64::from(full))
                .saturating_add(i64::from(light) - 1)
                / i64::from(light.max(1));
            events.push(TrainingEvent::LessThanFullTimeGranted {
                week: LighterWeek {
                    practice_days,
                    from,
                },
                ends: from.saturating_add(stretched.days()),
            });
        }
        Ok(events)
    }

    /// The outward fact of a case that the university keeps to itself (`standards.md` B.5).
    fn set_practice(&self, issued: &Issue, suspended: bool) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        let on = issued.today();
        let gaps = &self.course.suspensions;
        let open = gaps.iter().find(|gap| gap.restored.is_none());
        match (suspended, open) {
            (true, Some(open)) => Refusal::unless_same(open.from == on, "the suspension"),
            (true, None) => {
                self.runs_at(on)?;
                if self.course.suspended_on(on) || gaps.len() >= BREAKS_MAX {
                    return Err(Refusal::state_not_allowed(
                        "practice was suspended on this day already; name a later one",
                    ));
                }
                Ok(vec![TrainingEvent::PracticeSuspended { from: on }])
            }
            (false, Some(open)) if on >= open.from => {
                Ok(vec![TrainingEvent::PracticeRestored { on }])
            }
            (false, Some(open)) => Err(Refusal::state_not_allowed(format!(
                "practice is suspended from {} on; name a later day",
                open.from
            ))),
            (false, None) if gaps.iter().any(|gap| gap.restored == Some(on)) => Ok(vec![]),
            (false, None) => Err(Refusal::state_not_allowed(
                "practice is not suspended; there is nothing to restore",
            )),
        }
    }

    /// Refuses a day on which the training does not run, or from which on it is to end.
    pub(super) fn runs_at(&self, day: Date) -> Result<(), Refusal> {
        self.within(day)?;
        self.before_leaving(day)
    }

    fn before_leaving(&self, day: Date) -> Result<(), Refusal> {
        match self.course.leaving {
            Some(leaving) if leaving.on < day => Err(Refusal::state_not_allowed(format!(
                "a withdrawal of {} stands in the way; drop or reverse it first",
                leaving.on
            ))),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
