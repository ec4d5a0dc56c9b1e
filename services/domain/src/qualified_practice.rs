//! The qualified post as it is worked, the employer's own record: team, hours, supervision, patient
//! contact, leave, and how it ended. Nothing here is ever refused for leaving early (`LOCK-03`).

mod commands;
mod contact;

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

pub use self::{commands::*, contact::*};
use crate::{
    appointment::Appointment,
    correction::Corrected,
    directory::{ClinicalService, Supervisor},
    id::Id,
    personal::{ContentDigest, Personal},
    refusal::{Reason, Refusal},
    world::{Custody, Decider, Issue, Issued, aggregate},
};

/// The longest team or reason id, in bytes.
pub const WORD_BYTES_MAX: usize = 40;
/// The most quarter-hours of one kind in a week.
pub const WEEK_QUARTERS_MAX: u32 = 7 * 24 * 4;
/// The most people on one caseload, and sessions in one week.
pub const CASELOAD_MAX: u32 = 1_000;
/// The most weeks of one post: fifty years.
pub const WEEKS_MAX: usize = 2_600;
/// The most teams, supervisors or times of leave in turn.
pub const CHANGES_MAX: usize = 200;

/// Where in the service the post belongs, and how much of a week it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamPlacement {
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// The multi-disciplinary team, by its id there (`PRACTICE-03`).
    pub team: String,
    /// Hundredths of a whole-time week.
    pub whole_time_percent: u8,
    /// Patient contact asked for in a week, in quarter-hours (`PRACTICE-01`).
    pub contact_quarters: u32,
    /// The first day.
    pub from: Date,
}

/// Who supervises from a day on; nobody when `supervisor` is empty (`SUP-05`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeSupervision {
    /// Who.
    pub supervisor: Option<Id<Supervisor>>,
    /// From when.
    pub from: Date,
}

/// Why somebody is away; the employer's alone.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum AwayFor {
    Maternity,
    Adoption,
    SharedParental,
    Sickness,
    CareerBreak,
    Other,
}

/// Leave that began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PracticeLeave {
    /// The first day away.
    pub from: Date,
    /// The first day back, once known.
    pub until: Option<Date>,
    /// Why.
    pub reason: Personal<AwayFor>,
    /// Tells a repeat from another leave.
    pub content: ContentDigest,
}

/// How the post ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// The last day.
    pub on: Date,
    /// The class of the reason, of policy `practice.leaving_reasons`; no case of discipline or
    /// health is one.
    pub reason: String,
}

/// A qualified post that is or was worked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldPractice {
    /// Whose; its employer is the one of the post.
    pub appointment: Appointment,
    /// The first day in the post.
    pub from: Date,
    /// Teams in turn, first to latest.
    pub teams: Vec<TeamPlacement>,
    /// Supervisors in turn, first to latest.
    pub supervision: Vec<PracticeSupervision>,
    /// Leave in turn, first to latest.
    pub leave: Vec<PracticeLeave>,
    /// Weeks by their Monday.
    pub weeks: BTreeMap<Date, PracticeWeek>,
    /// What they come to.
    pub contact: ContactLog,
    /// The event that says each week, by its place in the record.
    said: BTreeMap<Date, u64>,
    recorded: u64,
    /// How it ended.
    pub left: Option<Leaving>,
}

/// The state of a qualified post.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum QualifiedPractice {
    /// Not taken up.
    #[default]
    Absent,
    /// Taken up.
    Held(Box<HeldPractice>),
}

/// Why a week is counted anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WeekCorrectionReason {
    /// Another number or mode was meant.
    MisKeyed,
    /// It was another practitioner's.
    AnotherPractitioner,
    /// Something was counted twice.
    CountedTwice,
}

/// How a week replaces what was logged of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeekCorrection {
    /// Why, where it is said.
    pub reason: Option<WeekCorrectionReason>,
    /// The event that said it.
    pub corrects: Option<Corrected>,
}

/// What a qualified post decides.
#[derive(Debug, Clone)]
pub enum QualifiedPracticeAct {
    /// See [`OpenQualifiedPractice`].
    Open {
        /// Whose.
        appointment: Appointment,
        /// The first day in the post.
        from: Date,
    },
    /// See [`PlaceInTeam`].
    Place(TeamPlacement),
    /// See [`NamePracticeSupervisor`].
    Supervise {
        /// Who.
        supervisor: Id<Supervisor>,
        /// Whether the role's rule admits them on the day.
        eligible: bool,
    },
    /// See [`EndPracticeSupervision`].
    EndSupervision,
    /// See [`LogPracticeWeek`] and [`CorrectPracticeWeek`].
    Week {
        /// The week.
        week: PracticeWeek,
        /// How it replaces what was logged of it.
        corrects: Option<WeekCorrection>,
    },
    /// See [`StartPracticeLeave`].
    StartLeave(PracticeLeave),
    /// See [`EndPracticeLeave`].
    EndLeave,
    /// See [`LeaveQualifiedPost`].
    Leave(Leaving),
}

/// Facts of a qualified post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum QualifiedPracticeEvent {
    /// The practitioner took up the post.
    QualifiedPracticeOpened {
        /// Whose.
        appointment: Appointment,
        /// The first day in the post.
        from: Date,
    },
    /// The post belongs to a team.
    PlacedInTeam {
        /// Which, and for how much of a week.
        placement: TeamPlacement,
    },
    /// Somebody supervises.
    PracticeSupervisorNamed {
        /// Who.
        supervisor: Id<Supervisor>,
        /// From when.
        from: Date,
    },
    /// Nobody supervises any more.
    PracticeSupervisionEnded {
        /// From when.
        on: Date,
    },
    /// A week of practice was counted.
    PracticeWeekLogged {
        /// The week.
        week: PracticeWeek,
        /// Contact asked for in it, in quarter-hours.
        expected_quarters: u32,
    },
    /// A week was counted anew; what was logged of it no longer holds.
    PracticeWeekCorrected {
        /// The week.
        week: PracticeWeek,
        /// Contact asked for in it, in quarter-hours.
        expected_quarters: u32,
        /// Why, where it was said.
        reason: Option<WeekCorrectionReason>,
        /// Which event it corrects; not said by the first version.
        corrects: Option<Corrected>,
    },
    /// The practitioner is away.
    PracticeLeaveStarted {
        /// The leave.
        leave: PracticeLeave,
    },
    /// The practitioner is back.
    PracticeLeaveEnded {
        /// The first day back.
        on: Date,
    },
    /// The practitioner left the post.
    QualifiedPostLeft {
        /// How.
        leaving: Leaving,
    },
}

impl QualifiedPractice {
    /// The post, once taken up.
    pub fn held(&self) -> Option<&HeldPractice> {
        match self {
            Self::Absent => None,
            Self::Held(held) => Some(held),
        }
    }

    fn evolve(&mut self, event: QualifiedPracticeEvent) {
        if let QualifiedPracticeEvent::QualifiedPracticeOpened { appointment, from } = event {
            *self = Self::Held(Box::new(HeldPractice {
                appointment,
                from,
                teams: vec![],
                supervision: vec![],
                leave: vec![],
                weeks: BTreeMap::new(),
                contact: ContactLog::default(),
                said: BTreeMap::new(),
                recorded: 1,
                left: None,
            }));
            return;
        }
        if let Self::Held(held) = self {
            held.evolve(event);
        }
    }
}

impl HeldPractice {
    /// The team on a day.
    pub fn team_on(&self, on: Date) -> Option<&TeamPlacement> {
        self.teams.iter().rev().find(|team| team.from <= on)
    }

    /// Who supervises now.
    pub fn supervisor(&self) -> Option<Id<Supervisor>> {
        self.supervision.last()?.supervisor
    }

    /// Leave that has not ended.
    pub fn away(&self) -> Option<&PracticeLeave> {
        self.leave.last().filter(|leave| leave.until.is_none())
    }

    /// Whether the practitioner is in post without a supervisor (`SUP-05`).
    pub fn supervision_gap(&self) -> bool {
        self.left.is_none() && self.supervisor().is_none()
    }

    /// Sessions of all weeks together, an aggregate and no list (`PRACTICE-13`).
    pub fn sessions(&self) -> u32 {
        self.weeks
            .values()
            .fold(0, |sum, week| sum.saturating_add(week.sessions))
    }

    /// Contact of all weeks together by mode, in quarter-hours (`PRACTICE-02`).
    pub fn contact_by_mode(&self) -> BTreeMap<ContactMode, u32> {
        let mut sums = BTreeMap::new();
        for (mode, quarters) in self.weeks.values().flat_map(|week| &week.contact) {
            let sum: &mut u32 = sums.entry(*mode).or_default();
            *sum = sum.saturating_add(*quarters);
        }
        sums
    }

    /// The place of the event that says a week.
    fn said(&self, monday: Date) -> Option<u64> {
        self.said.get(&monday).copied()
    }

    fn evolve(&mut self, event: QualifiedPracticeEvent) {
        self.recorded = self.recorded.saturating_add(1);
        match event {
            QualifiedPracticeEvent::QualifiedPracticeOpened { .. } => {}
            QualifiedPracticeEvent::PlacedInTeam { placement } => self.teams.push(placement),
            QualifiedPracticeEvent::PracticeSupervisorNamed { supervisor, from } => {
                self.supervision.push(PracticeSupervision {
                    supervisor: Some(supervisor),
                    from,
                });
            }
            QualifiedPracticeEvent::PracticeSupervisionEnded { on } => {
                self.supervision.push(PracticeSupervision {
                    supervisor: None,
                    from: on,
                });
            }
            QualifiedPracticeEvent::PracticeWeekLogged {
                week,
                expected_quarters,
            }
            | QualifiedPracticeEvent::PracticeWeekCorrected {
                week,
                expected_quarters,
                ..
            } => {
                self.said.insert(week.monday, self.recorded);
                self.contact
                    .week(week.monday, week.quarters(), expected_quarters);
                self.weeks.insert(week.monday, week);
            }
            QualifiedPracticeEvent::PracticeLeaveStarted { leave } => {
                self.contact.away(leave.from);
                self.leave.push(leave);
            }
            QualifiedPracticeEvent::PracticeLeaveEnded { on } => {
                self.contact.back(on);
                if let Some(leave) = self.leave.last_mut() {
                    leave.until = Some(on);
                }
            }
            QualifiedPracticeEvent::QualifiedPostLeft { leaving } => self.left = Some(leaving),
        }
    }

    /// Whether the post was held on a day.
    fn in_post(&self, on: Date) -> Result<(), Refusal> {
        if on < self.from {
            return Err(Refusal::state_not_allowed(format!(
                "the post starts on {}; date it then or later",
                self.from
            )));
        }
        if let Some(left) = self.left.as_ref().filter(|left| on > left.on) {
            return Err(Refusal::state_not_allowed(format!(
                "the practitioner left the post on {}; date it then or earlier",
                left.on
            )));
        }
        Ok(())
    }

    fn place(&self, placement: &TeamPlacement) -> Result<Vec<QualifiedPracticeEvent>, Refusal> {
        let last = self.teams.last();
        let same = |known: &TeamPlacement| {
            known.clinical_service == placement.clinical_service
                && known.team == placement.team
                && known.whole_time_percent == placement.whole_time_percent
        };
        if last.is_some_and(same) {
            return Ok(vec![]);
        }
        self.in_post(placement.from)?;
        in_turn(last.map(|team| team.from), placement.from, "another team")?;
        bounded(self.teams.len(), CHANGES_MAX)?;
        Ok(vec![QualifiedPracticeEvent::PlacedInTeam {
            placement: placement.clone(),
        }])
    }

    fn supervise(
        &self,
        from: Date,
        supervisor: Id<Supervisor>,
        eligible: bool,
    ) -> Result<Vec<QualifiedPracticeEvent>, Refusal> {
        if self.supervisor() == Some(supervisor) {
            return Ok(vec![]);
        }
        self.in_post(from)?;
        if !eligible {
            return Err(Refusal::new(
                Reason::SupervisorNotEligible,
                "no register shows on the day that this person may supervise the role; record a \
                 register check or name somebody else",
            ));
        }
        let last = self.supervision.last().map(|last| last.from);
        in_turn(last, from, "another supervisor")?;
        bounded(self.supervision.len(), CHANGES_MAX)?;
        Ok(vec![QualifiedPracticeEvent::PracticeSupervisorNamed {
            supervisor,
            from,
        }])
    }

    fn end_supervision(&self, on: Date) -> Result<Vec<QualifiedPracticeEvent>, Refusal> {
        match self.supervision.last() {
            None => Err(Refusal::state_not_allowed(
                "nobody supervises yet; name a supervisor first",
            )),
            Some(last) if last.supervisor.is_none() => {
                Refusal::unless_same(last.from == on, "the end of the supervision")
            }
            Some(last) => {
                self.in_post(on)?;
                in_turn(Some(last.from), on, "the supervisor")?;
                bounded(self.supervision.len(), CHANGES_MAX)?;
                Ok(vec![QualifiedPracticeEvent::PracticeSupervisionEnded {
                    on,
                }])
            }
        }
    }

    fn week(
        &self,
        issue: &Issue,
        week: &PracticeWeek,
        correction: Option<&WeekCorrection>,
    ) -> Result<Vec<QualifiedPracticeEvent>, Refusal> {
        countable(week)?;
        let known = self.weeks.get(&week.monday);
        if known == Some(week) {
            return Ok(vec![]);
        }
        if known.is_some() && correction.is_none() {
            return Err(Refusal::new(
                Reason::AlreadyRecorded,
                "the week is counted already with other numbers; read it, and replace it with \
                 CorrectPracticeWeek",
            ));
        }
        if known.is_none() && correction.is_some() {
            return Err(Refusal::state_not_allowed(
                "there is nothing to correct in this week; log it with LogPracticeWeek",
            ));
        }
        self.in_post(week.monday)?;
        if week.monday > issue.today() {
            return Err(Refusal::invalid(
                "week",
                "the week has not begun on the effective day; log it afterwards",
            ));
        }
        if self.contact.has_leave(week.monday) {
            return Err(Refusal::state_not_allowed(
                "a week with leave in it is not measured; leave it out",
            ));
        }
        bounded(self.weeks.len(), WEEKS_MAX)?;
        let Some(team) = self.team_on(week.monday) else {
            return Err(Refusal::state_not_allowed(
                "the post belongs to no team in that week; say which one with PlaceInTeam",
            ));
        };
        let (week, expected_quarters) = (week.clone(), team.contact_quarters);
        Ok(vec![match correction {
            Some(correction) => QualifiedPracticeEvent::PracticeWeekCorrected {
                week,
                expected_quarters,
                reason: correction.reason,
                corrects: correction.corrects.clone(),
            },
            None => QualifiedPracticeEvent::PracticeWeekLogged {
                week,
                expected_quarters,
            },
        }])
    }

    fn start_leave(&self, leave: &PracticeLeave) -> Result<Vec<QualifiedPracticeEvent>, Refusal> {
        let same_day = |known: &&PracticeLeave| known.from == leave.from;
        if let Some(known) = self.leave.iter().find(same_day) {
            return Refusal::unless_same(known.content == leave.content, "the leave");
        }
        self.in_post(leave.from)?;
        if let Some(away) = self.away() {
            return Err(Refusal::state_not_allowed(format!(
                "leave has run since {}; end it before the next one begins",
                away.from
            )));
        }
        let back = self.leave.last().and_then(|leave| leave.until);
        in_turn(back, leave.from, "earlier leave")?;
        bounded(self.leave.len(), CHANGES_MAX)?;
        Ok(vec![QualifiedPracticeEvent::PracticeLeaveStarted {
            leave: leave.clone(),
        }])
    }

    fn end_leave(&self, on: Date) -> Result<Vec<QualifiedPracticeEvent>, Refusal> {
        match self.leave.last() {
            None => Err(Refusal::state_not_allowed(
                "no leave has begun; record its start first",
            )),
            Some(PracticeLeave {
                until: Some(until), ..
            }) => Refusal::unless_same(*until == on, "the end of the leave"),
            Some(leave) if on <= leave.from => Err(Refusal::state_not_allowed(
                "the first day back comes after the first day away",
            )),
            Some(_) => {
                self.in_post(on)?;
                Ok(vec![QualifiedPracticeEvent::PracticeLeaveEnded { on }])
            }
        }
    }

    fn leave(&self, leaving: &Leaving) -> Result<Vec<QualifiedPracticeEvent>, Refusal> {
        if let Some(known) = &self.left {
            return Refusal::unless_same(known == leaving, "the end of the post");
        }
        self.in_post(leaving.on)?;
        if let Some(away) = self.away().filter(|away| leaving.on < away.from) {
            return Err(Refusal::state_not_allowed(format!(
                "leave began on {} and so the post had not ended; date its end then or later",
                away.from
            )));
        }
        Ok(vec![QualifiedPracticeEvent::QualifiedPostLeft {
            leaving: leaving.clone(),
        }])
    }
}

/// The shape of a week: a Monday, and numbers a week can hold.
fn countable(week: &PracticeWeek) -> Result<(), Refusal> {
    if week.monday.weekday() != Weekday::Monday {
        return Err(Refusal::invalid(
            "week",
            "a week is named by its Monday; name that day",
        ));
    }
    let supervision = week.supervision_quarters;
    if week.quarters().saturating_add(supervision) > WEEK_QUARTERS_MAX {
        return Err(Refusal::invalid(
            "contact",
            format!("a week has {WEEK_QUARTERS_MAX} quarter-hours"),
        ));
    }
    if week.caseload > CASELOAD_MAX || week.sessions > CASELOAD_MAX {
        return Err(Refusal::invalid(
            "caseload",
            format!("caseload and sessions of a week are counts up to {CASELOAD_MAX}"),
        ));
    }
    Ok(())
}

/// What follows one another is recorded in turn.
fn in_turn(last: Option<Date>, next: Date, what: &str) -> Result<(), Refusal> {
    match last {
        Some(last) if next < last => Err(Refusal::state_not_allowed(format!(
            "{what} is recorded from {last} on; date it then or later"
        ))),
        _ => Ok(()),
    }
}

fn bounded(held: usize, most: usize) -> Result<(), Refusal> {
    if held < most {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::CapacityExceeded,
        "this post holds no more entries of the kind",
    ))
}

aggregate!(
    QualifiedPractice,
    "qualified_practice",
    QualifiedPracticeAct,
    QualifiedPracticeEvent
);

impl Decider for QualifiedPractice {
    type Act = QualifiedPracticeAct;
    const COLLECTION: &'static str = "qualifiedPractices";

    fn decide(
        &self,
        issued: &Issued<QualifiedPracticeAct>,
    ) -> Result<Vec<QualifiedPracticeEvent>, Refusal> {
        let held = match (&issued.act, self) {
            (QualifiedPracticeAct::Open { appointment, from }, Self::Absent) => {
                return Ok(vec![QualifiedPracticeEvent::QualifiedPracticeOpened {
                    appointment: appointment.clone(),
                    from: *from,
                }]);
            }
            (_, Self::Absent) => return Err(Refusal::not_permitted()),
            (_, Self::Held(held)) => held,
        };
        let on = issued.today();
        match &issued.act {
            QualifiedPracticeAct::Open { .. } => Ok(vec![]),
            QualifiedPracticeAct::Place(placement) => held.place(placement),
            QualifiedPracticeAct::Supervise {
                supervisor,
                eligible,
            } => held.supervise(on, *supervisor, *eligible),
            QualifiedPracticeAct::EndSupervision => held.end_supervision(on),
            QualifiedPracticeAct::Week { week, corrects } => {
                held.week(issued, week, corrects.as_ref())
            }
            QualifiedPracticeAct::StartLeave(leave) => held.start_leave(leave),
            QualifiedPracticeAct::EndLeave => held.end_leave(on),
            QualifiedPracticeAct::Leave(leaving) => held.leave(leaving),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.held()
            .map(|held| Custody::of(held.appointment.employer, []).about(held.appointment.person))
    }
}

impl Appointment {
    /// The employer's own record of the qualified post.
    pub fn qualified_practice(&self) -> Id<QualifiedPractice> {
        Id::derive(self.employer, &[self.application.0])
    }
}

#[cfg(test)]
mod tests;
