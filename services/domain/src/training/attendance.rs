//! Weeks of study as the university keeps them, and how a week that was keyed wrongly is put right: the
//! entry stays, struck through, and what corrects it names it.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use super::{CorrectionReason, Training, TrainingAct, TrainingEvent, full};
use crate::{
    actor::Party,
    correction::{Authority, Correction, RecordedEvent},
    id::Id,
    policy::Policies,
    refusal::Refusal,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The most entries of one training.
pub const ATTENDANCE_MAX: usize = 1_000;
/// Days of a working week.
const WEEK_DAYS: u32 = 5;

/// A week of study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendance {
    /// Its Monday.
    pub week: Date,
    /// Days attended at the university.
    pub university_days: u32,
}

/// An entry and what has become of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttendanceEntry {
    /// The sequence of the event that made it.
    pub sequence: u64,
    /// What it says.
    pub attendance: Attendance,
    /// How it was corrected: then it is struck through.
    pub corrected: Option<CorrectedAttendance>,
}

/// How an entry was corrected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedAttendance {
    /// The days in its place; none when the week is not this trainee's at all.
    pub university_days: Option<u32>,
    /// Why, and on whose word.
    pub correction: Correction<CorrectionReason>,
}

fn monday(day: Date) -> Date {
    day.saturating_sub(i64::from(day.weekday().to_monday_zero_offset()).days())
}

/// The quarter-hours of a week's days of study, by policy `study.day_quarter_hours`.
fn quarters(policies: &Policies, week: Attendance) -> Result<u32, Refusal> {
    let day: u32 = policies.get("study.day_quarter_hours", week.week)?;
    Ok(week.university_days.saturating_mul(day))
}

fn days_of_a_week(days: u32) -> Result<(), Refusal> {
    if days <= WEEK_DAYS {
        return Ok(());
    }
    Err(Refusal::invalid(
        "university_days",
        format!("a week has 0 to {WEEK_DAYS} days of study"),
    ))
}

impl Training {
    /// Every entry, oldest first.
    pub fn attendance(&self) -> &[AttendanceEntry] {
        &self.attendance
    }

    /// Study that stands, in quarter-hours: of each week by the policy in force in it.
    ///
    /// # Errors
    /// `POLICY_MISSING`
    pub fn study_quarters(&self, policies: &Policies) -> Result<u32, Refusal> {
        let mut standing = self
            .attendance
            .iter()
            .filter(|entry| entry.corrected.is_none());
        standing.try_fold(0u32, |sum, entry| {
            Ok(sum.saturating_add(quarters(policies, entry.attendance)?))
        })
    }

    pub(super) fn struck(
        &mut self,
        sequence: u64,
        was: Attendance,
        correction: Correction<CorrectionReason>,
        university_days: Option<u32>,
    ) {
        let struck = correction.corrects.sequence;
        let entry = self
            .attendance
            .iter_mut()
            .find(|entry| entry.sequence == struck);
        if let Some(entry) = entry {
            entry.corrected = Some(CorrectedAttendance {
                university_days,
                correction,
            });
        }
        self.attendance
            .extend(university_days.map(|university_days| AttendanceEntry {
                sequence,
                attendance: Attendance {
                    university_days,
                    ..was
                },
                corrected: None,
            }));
    }

    pub(super) fn record_attendance(
        &self,
        issued: &Issue,
        university_days: u32,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        days_of_a_week(university_days)?;
        self.only(issued, Party::University)?;
        self.during(issued.today())?;
        let attendance = Attendance {
            week: monday(issued.today()),
            university_days,
        };
        let standing = self
            .attendance
            .iter()
            .find(|entry| entry.corrected.is_none() && entry.attendance.week == attendance.week);
        if let Some(known) = standing {
            return Refusal::unless_same(
                known.attendance == attendance,
                "this week; CorrectAttendance puts it right, since it",
            );
        }
        self.room()?;
        Ok(vec![TrainingEvent::AttendanceRecorded {
            sequence: self.recorded.saturating_add(1),
            attendance,
        }])
    }

    fn room(&self) -> Result<(), Refusal> {
        if self.attendance.len() >= ATTENDANCE_MAX {
            return Err(full("weeks of attendance"));
        }
        Ok(())
    }

    pub(super) fn correct_attendance(
        &self,
        issued: &Issue,
        correct: &CorrectAttendance,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        correct.university_days.map_or(Ok(()), days_of_a_week)?;
        self.only(issued, Party::University)?;
        let entries = &self.attendance;
        let entry = entries
            .iter()
            .find(|entry| entry.sequence == correct.sequence);
        let Some(entry) = entry else {
            return Err(Refusal::invalid(
                "sequence",
                "no week of attendance was recorded there; GetTraining gives the sequence of each",
            ));
        };
        if let Some(known) = &entry.corrected {
            let same = known.university_days == correct.university_days
                && known.correction.reason == correct.reason;
            return Refusal::unless_same(
                same,
                "a correction of this week; correct the later one, since it",
            );
        }
        self.room()?;
        let was = entry.attendance;
        let study = self.study_quarters(&issued.policies)?;
        let now = Attendance {
            university_days: correct.university_days.unwrap_or_default(),
            ..was
        };
        let before = quarters(&issued.policies, was)?;
        let after = quarters(&issued.policies, now)?;
        Ok(vec![
            TrainingEvent::RecordCorrected {
                sequence: self.recorded.saturating_add(1),
                correction: Correction {
                    corrects: RecordedEvent::of(correct.training.key(), correct.sequence),
                    reason: correct.reason,
                    authority: correct.authority,
                },
                was,
                university_days: correct.university_days,
            },
            TrainingEvent::HoursRecomputed {
                was: study,
                now: study.saturating_sub(before).saturating_add(after),
            },
        ])
    }
}

/// The university records the days a trainee attended in the week of the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordAttendance {
    /// Of which training.
    pub training: Id<Training>,
    /// Days at the university.
    pub university_days: u32,
}

impl Command for RecordAttendance {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = TrainingAct::Attend {
            university_days: self.university_days,
        };
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// The university corrects a week that was keyed wrongly. The entry stays, struck through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectAttendance {
    /// Of which training.
    pub training: Id<Training>,
    /// The event that recorded the week.
    pub sequence: u64,
    /// The days that are right; none when the week is not this trainee's at all.
    pub university_days: Option<u32>,
    /// Why.
    pub reason: CorrectionReason,
    /// On whose word.
    pub authority: Authority,
}

impl Command for CorrectAttendance {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let event = RecordedEvent::of(self.training.key(), self.sequence);
        world.read_own(issue, self.training)?;
        self.authority.covers(issue, world, &event)?;
        let act = TrainingAct::CorrectAttendance(self.clone());
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}
