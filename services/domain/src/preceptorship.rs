//! The first time in the qualified post: the employer's preceptor and the university's sessions in
//! one joint record, complete only with both (`PRECEPT-03`, `X-15`). Beside it runs consolidation,
//! the soft clock of service time (`LOCK-03`), which nothing is ever refused for.

mod clock;
mod commands;
mod standard;

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

pub use self::{clock::*, commands::*, standard::*};
use crate::{
    actor::{Party, TenantKind},
    appointment::Appointment,
    calendar::{months_later, years_later},
    refusal::{Reason, Refusal},
    text,
    world::{Custody, Decider, Issue, Issued, aggregate},
};

/// The most sessions of one preceptorship.
pub const SESSIONS_MAX: usize = 400;
/// The longest kind of another form of support, in bytes.
pub const SUPPORT_BYTES_MAX: usize = 60;
/// The most entries of hours of one preceptorship.
pub const HOURS_MAX: usize = 1_000;
/// The most preceptors in turn.
pub const PRECEPTORS_MAX: usize = 50;
/// The most quarter-hours of one day.
pub const DAY_QUARTERS_MAX: u32 = 24 * 4;

/// A preceptorship that runs or ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPreceptorship {
    /// Whose; its employer is the one of the qualified post.
    pub appointment: Appointment,
    /// Its tier by name, policy `preceptorship.tier`.
    pub tier: String,
    /// What the tier asks for.
    pub asks: PreceptorshipTier,
    /// What else it asks for.
    pub standard: Option<PreceptorshipStandard>,
    /// Its last day as planned.
    pub planned_end: Date,
    /// The soft clock.
    pub consolidation: Option<ServiceClock>,
    /// Sessions, in the order recorded.
    pub sessions: Vec<Session>,
    /// Other support of the university: its kind and day.
    pub other_support: Vec<(String, Date)>,
    /// Preceptors, first to latest.
    pub preceptors: Vec<Preceptor>,
    /// Hours, in the order recorded.
    pub hours: Vec<PreceptorshipHours>,
    /// When the employer signed it off.
    pub signed_off: Option<Date>,
    /// When the university completed its part.
    pub university_completed: Option<Date>,
    /// The last day in the post, when the practitioner left before the planned end.
    pub ended_early: Option<Date>,
}

impl HeldPreceptorship {
    /// The day on which the later of the two parts was done.
    pub fn completed(&self) -> Option<Date> {
        Some(self.signed_off?.max(self.university_completed?))
    }

    /// Sessions of every form.
    pub fn sessions_held(&self) -> usize {
        self.sessions.len().saturating_add(self.other_support.len())
    }

    /// Meetings of preceptor and practitioner.
    pub fn meetings(&self) -> usize {
        let meeting = |session: &&Session| session.form == SessionForm::PreceptorMeeting;
        self.sessions.iter().filter(meeting).count()
    }

    /// The preceptor now.
    pub fn preceptor(&self) -> Option<&Preceptor> {
        self.preceptors.last()
    }

    /// Quarter-hours of one kind so far.
    pub fn quarters(&self, kind: PreceptorshipTime) -> u32 {
        self.hours
            .iter()
            .filter(|hours| hours.kind == kind)
            .fold(0, |sum, hours| sum.saturating_add(hours.quarters))
    }
}

/// A preceptorship's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Preceptorship {
    /// Not started.
    #[default]
    Absent,
    /// Started.
    Held(Box<HeldPreceptorship>),
}

/// What a preceptorship decides.
#[derive(Debug, Clone)]
pub enum PreceptorshipAct {
    /// See [`StartPreceptorship`] and [`SupportGraduate`].
    Start {
        /// Whose.
        appointment: Appointment,
        /// The first day in the qualified post.
        post_starts: Date,
    },
    /// See [`RecordPreceptorshipSession`].
    Session {
        /// Its form.
        form: SessionForm,
        /// What it was, for another form.
        kind: Option<String>,
    },
    /// See [`AssignPreceptor`].
    Assign {
        /// Who, and what speaks for them.
        claim: PreceptorClaim,
        /// The practitioner's band, where the role has one.
        practitioner_band: Option<u8>,
    },
    /// See [`LogPreceptorshipHours`].
    Hours(PreceptorshipHours),
    /// The practitioner is away from the day on; why is the employer's alone.
    Pause(Date),
    /// The practitioner is back from the day on.
    Resume(Date),
    /// The practitioner left the qualified post.
    Leave(Date),
    /// See [`SignOffPreceptorship`].
    SignOff,
    /// See [`CompletePreceptorship`].
    Complete,
}

/// Facts of a preceptorship.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum PreceptorshipEvent {
    /// The practitioner took up the qualified post.
    PreceptorshipStarted {
        /// Whose.
        appointment: Appointment,
        /// Its tier by name.
        tier: String,
        /// What the tier asks for.
        asks: PreceptorshipTier,
        /// Its last day as planned.
        planned_end: Date,
    },
    /// What else the tier asks for.
    PreceptorshipStandardSet {
        /// The standard.
        standard: PreceptorshipStandard,
    },
    /// Service in the qualified post counts from here.
    ConsolidationClockStarted {
        /// The clock.
        consolidation: Consolidation,
    },
    /// The employer named a preceptor.
    PreceptorAssigned {
        /// Who, from when.
        preceptor: Preceptor,
    },
    /// A session was held.
    PreceptorshipSessionHeld {
        /// Which.
        session: Session,
    },
    /// The university gave support of another, named kind (`PRECEPT-04`).
    OtherPreceptorshipSupportGiven {
        /// Its kind.
        kind: String,
        /// The day.
        on: Date,
    },
    /// Supernumerary or protected time was taken.
    PreceptorshipHoursLogged {
        /// The hours.
        hours: PreceptorshipHours,
    },
    /// The practitioner is away: service stops counting.
    ConsolidationClockPaused {
        /// The first day away.
        on: Date,
    },
    /// The practitioner is back: service counts again.
    ConsolidationClockResumed {
        /// The first day back.
        on: Date,
    },
    /// The practitioner left the post: service counts no further.
    ConsolidationClockStopped {
        /// The last day.
        on: Date,
    },
    /// The planned end moved by the days away.
    PreceptorshipExtended {
        /// The new last day.
        planned_end: Date,
    },
    /// The practitioner left before the planned end.
    PreceptorshipEndedEarly {
        /// The last day.
        on: Date,
    },
    /// The employer signed its part off.
    PreceptorshipSignedOff {
        /// The day.
        on: Date,
    },
    /// The university completed its part.
    PreceptorshipSessionsCompleted {
        /// The day.
        on: Date,
    },
    /// Both parts are done.
    PreceptorshipCompleted {
        /// The day of the later one.
        on: Date,
    },
}

impl Preceptorship {
    /// The preceptorship, once started.
    pub fn held(&self) -> Option<&HeldPreceptorship> {
        match self {
            Self::Absent => None,
            Self::Held(held) => Some(held),
        }
    }

    fn evolve(&mut self, event: PreceptorshipEvent) {
        if let PreceptorshipEvent::PreceptorshipStarted {
            appointment,
            tier,
            asks,
            planned_end,
        } = event
        {
            *self = Self::Held(Box::new(HeldPreceptorship {
                appointment,
                tier,
                asks,
                standard: None,
                planned_end,
                consolidation: None,
                sessions: vec![],
                other_support: vec![],
                preceptors: vec![],
                hours: vec![],
                signed_off: None,
                university_completed: None,
                ended_early: None,
            }));
            return;
        }
        if let Self::Held(held) = self {
            held.evolve(event);
        }
    }
}

impl HeldPreceptorship {
    fn evolve(&mut self, event: PreceptorshipEvent) {
        match event {
            PreceptorshipEvent::PreceptorshipStandardSet { standard } => {
                self.standard = Some(standard);
            }
            PreceptorshipEvent::ConsolidationClockStarted { consolidation } => {
                self.consolidation = Some(ServiceClock::of(consolidation));
            }
            PreceptorshipEvent::PreceptorAssigned { preceptor } => self.preceptors.push(preceptor),
            PreceptorshipEvent::PreceptorshipSessionHeld { session } => self.sessions.push(session),
            PreceptorshipEvent::OtherPreceptorshipSupportGiven { kind, on } => {
                self.other_support.push((kind, on));
            }
            PreceptorshipEvent::PreceptorshipHoursLogged { hours } => self.hours.push(hours),
            PreceptorshipEvent::ConsolidationClockPaused { on } => {
                self.consolidation.iter_mut().for_each(|c| c.pause(on));
            }
            PreceptorshipEvent::ConsolidationClockResumed { on } => {
                self.consolidation.iter_mut().for_each(|c| c.resume(on));
            }
            PreceptorshipEvent::ConsolidationClockStopped { on } => {
                self.consolidation.iter_mut().for_each(|c| c.stop(on));
            }
            PreceptorshipEvent::PreceptorshipExtended { planned_end } => {
                self.planned_end = planned_end;
            }
            PreceptorshipEvent::PreceptorshipEndedEarly { on } => self.ended_early = Some(on),
            PreceptorshipEvent::PreceptorshipSignedOff { on } => self.signed_off = Some(on),
            PreceptorshipEvent::PreceptorshipSessionsCompleted { on } => {
                self.university_completed = Some(on);
            }
            PreceptorshipEvent::PreceptorshipStarted { .. }
            | PreceptorshipEvent::PreceptorshipCompleted { .. } => {}
        }
    }

    /// Each side does its own part only (`X-15`).
    fn part_of(&self, issue: &Issue, party: Party) -> Result<(), Refusal> {
        let (employer, university) = (self.appointment.employer, self.appointment.university);
        if Party::of(&issue.by, employer, university) == Some(party) {
            return Ok(());
        }
        Err(Refusal::not_permitted())
    }

    /// Whether something of the preceptorship can have been on a day.
    fn runs_on(&self, on: Date, what: &str) -> Result<(), Refusal> {
        if (self.consolidation.as_ref()).is_some_and(|clock| on < clock.from()) {
            return Err(Refusal::state_not_allowed(format!(
                "{what} comes from the first day in the qualified post on"
            )));
        }
        if self.completed().is_some_and(|completed| on > completed) {
            return Err(Refusal::state_not_allowed(format!(
                "the preceptorship is complete; {what} after that is no part of it"
            )));
        }
        if let Some(ended) = self.ended_early.filter(|ended| on > *ended) {
            return Err(ended_early(ended));
        }
        Ok(())
    }

    fn session(
        &self,
        issue: &Issue,
        form: SessionForm,
        kind: Option<&str>,
    ) -> Result<Vec<PreceptorshipEvent>, Refusal> {
        let kind = kind
            .map(|kind| text::identifier(kind, "kind", SUPPORT_BYTES_MAX))
            .transpose()?;
        if kind.is_some() && form != SessionForm::Other {
            return Err(Refusal::invalid(
                "kind",
                "only another form of support has a kind of its own; leave it out",
            ));
        }
        self.part_of(issue, form.party())?;
        let on = issue.today();
        let session = Session { form, on };
        let known = match &kind {
            Some(kind) => self
                .other_support
                .iter()
                .any(|(known, day)| known == kind && *day == on),
            None => self.sessions.contains(&session),
        };
        if known {
            return Ok(vec![]);
        }
        self.runs_on(on, "a session")?;
        if self.sessions_held() >= SESSIONS_MAX {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                "this preceptorship holds no more sessions",
            ));
        }
        Ok(vec![match kind {
            Some(kind) => PreceptorshipEvent::OtherPreceptorshipSupportGiven { kind, on },
            None => PreceptorshipEvent::PreceptorshipSessionHeld { session },
        }])
    }

    fn assign(
        &self,
        issue: &Issue,
        claim: PreceptorClaim,
        practitioner_band: Option<u8>,
    ) -> Result<Vec<PreceptorshipEvent>, Refusal> {
        self.part_of(issue, Party::Employer)?;
        let preceptor = Preceptor {
            person: claim.person,
            from: issue.today(),
        };
        if self
            .preceptor()
            .is_some_and(|now| now.person == claim.person)
        {
            return Ok(vec![]);
        }
        claim.eligible(issue, self.appointment.person, practitioner_band)?;
        self.runs_on(preceptor.from, "a preceptor")?;
        if let Some(now) = self.preceptor().filter(|now| preceptor.from < now.from) {
            return Err(Refusal::state_not_allowed(format!(
                "another preceptor was named from {} on; name the next one from then on",
                now.from
            )));
        }
        if self.preceptors.len() >= PRECEPTORS_MAX {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                "this preceptorship holds no more preceptors",
            ));
        }
        Ok(vec![PreceptorshipEvent::PreceptorAssigned { preceptor }])
    }

    fn log(
        &self,
        issue: &Issue,
        hours: PreceptorshipHours,
    ) -> Result<Vec<PreceptorshipEvent>, Refusal> {
        if !(1..=DAY_QUARTERS_MAX).contains(&hours.quarters) {
            return Err(Refusal::invalid(
                "quarter_hours",
                format!("from 1 to {DAY_QUARTERS_MAX}: the quarter-hours of one day"),
            ));
        }
        self.part_of(issue, Party::Employer)?;
        let same_day =
            |known: &&PreceptorshipHours| known.kind == hours.kind && known.on == hours.on;
        if let Some(known) = self.hours.iter().find(same_day) {
            return Refusal::unless_same(*known == hours, "the time of that day");
        }
        self.runs_on(hours.on, "protected time")?;
        if self.hours.len() >= HOURS_MAX {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                "this preceptorship holds no more entries",
            ));
        }
        Ok(vec![PreceptorshipEvent::PreceptorshipHoursLogged { hours }])
    }

    /// Away: nothing but the clock learns of it.
    fn pause(&self, on: Date) -> Vec<PreceptorshipEvent> {
        match &self.consolidation {
            Some(clock) if clock.paused().is_none() && clock.stopped().is_none() => {
                vec![PreceptorshipEvent::ConsolidationClockPaused { on }]
            }
            _ => vec![],
        }
    }

    /// Back: what was planned lasts as many days longer as its practitioner was away from it.
    fn resume(&self, on: Date) -> Vec<PreceptorshipEvent> {
        let Some(away) = self.consolidation.as_ref().and_then(ServiceClock::paused) else {
            return vec![];
        };
        let mut events = vec![PreceptorshipEvent::ConsolidationClockResumed { on }];
        let days = days_between(away, on);
        if self.completed().is_none() && self.ended_early.is_none() && away <= self.planned_end {
            events.push(PreceptorshipEvent::PreceptorshipExtended {
                planned_end: later(self.planned_end, days),
            });
        }
        events
    }

    /// Gone: reported, never refused (`LOCK-03`).
    fn leave(&self, on: Date) -> Vec<PreceptorshipEvent> {
        if (self.consolidation.as_ref()).is_none_or(|clock| clock.stopped().is_some()) {
            return vec![];
        }
        let mut events = vec![PreceptorshipEvent::ConsolidationClockStopped { on }];
        if self.completed().is_none() && on < self.planned_end {
            events.push(PreceptorshipEvent::PreceptorshipEndedEarly { on });
        }
        events
    }

    /// One part is done on the day; with the other one done too, so is the whole.
    fn part_done(&self, issue: &Issue, party: Party) -> Result<Vec<PreceptorshipEvent>, Refusal> {
        self.part_of(issue, party)?;
        let on = issue.today();
        let (done, other, event) = match party {
            Party::Employer => (
                self.signed_off,
                self.university_completed,
                PreceptorshipEvent::PreceptorshipSignedOff { on },
            ),
            Party::University => (
                self.university_completed,
                self.signed_off,
                PreceptorshipEvent::PreceptorshipSessionsCompleted { on },
            ),
        };
        if let Some(done) = done {
            return Refusal::unless_same(done == on, "your part of the preceptorship");
        }
        if let Some(ended) = self.ended_early {
            return Err(ended_early(ended));
        }
        if on < self.planned_end {
            return Err(Refusal::state_not_allowed(format!(
                "a {} preceptorship lasts {} months and what leave adds; complete your part from \
                 {} on",
                self.tier, self.asks.months, self.planned_end
            ))
            .with("planned_end", self.planned_end));
        }
        if party == Party::Employer && self.preceptors.is_empty() {
            return Err(Refusal::state_not_allowed(
                "a preceptor signs off, and none was named; name one with AssignPreceptor",
            ));
        }
        let mut events = vec![event];
        if let Some(other) = other {
            let on = on.max(other);
            events.push(PreceptorshipEvent::PreceptorshipCompleted { on });
        }
        Ok(events)
    }
}

fn ended_early(on: Date) -> Refusal {
    Refusal::state_not_allowed(format!(
        "the practitioner left on {on} and the preceptorship ended with it; support the next post \
         with SupportGraduate"
    ))
    .with("ended", on)
}

fn start(
    issue: &Issue,
    appointment: &Appointment,
    post_starts: Date,
) -> Result<Vec<PreceptorshipEvent>, Refusal> {
    let (tier, asks, standard) = tier_in_force(issue, post_starts)?;
    let years = issue.policies.get("consolidation.years", post_starts)?;
    Ok(vec![
        PreceptorshipEvent::PreceptorshipStarted {
            appointment: appointment.clone(),
            tier,
            asks,
            planned_end: months_later(post_starts, asks.months).saturating_sub(1.day()),
        },
        PreceptorshipEvent::ConsolidationClockStarted {
            consolidation: Consolidation {
                from: post_starts,
                until: years_later(post_starts, years),
            },
        },
        PreceptorshipEvent::PreceptorshipStandardSet { standard },
    ])
}

aggregate!(
    Preceptorship,
    "preceptorship",
    PreceptorshipAct,
    PreceptorshipEvent
);

impl Decider for Preceptorship {
    type Act = PreceptorshipAct;
    const COLLECTION: &'static str = "preceptorships";

    fn decide(
        &self,
        issued: &Issued<PreceptorshipAct>,
    ) -> Result<Vec<PreceptorshipEvent>, Refusal> {
        let Self::Held(held) = self else {
            return match &issued.act {
                PreceptorshipAct::Start {
                    appointment,
                    post_starts,
                } => start(issued, appointment, *post_starts),
                // what happens in a post that nobody evidenced has no clock to tell
                PreceptorshipAct::Pause(_)
                | PreceptorshipAct::Resume(_)
                | PreceptorshipAct::Leave(_) => Ok(vec![]),
                _ => Err(Refusal::not_permitted()),
            };
        };
        match &issued.act {
            PreceptorshipAct::Start { post_starts, .. } => {
                // one person keeps the preceptorship of the first qualified post at an employer
                if issued.by.kind == TenantKind::Platform {
                    return Ok(vec![]);
                }
                let from = held.consolidation.as_ref().map(ServiceClock::from);
                Refusal::unless_same(from == Some(*post_starts), "the preceptorship there")
            }
            PreceptorshipAct::Session { form, kind } => {
                held.session(issued, *form, kind.as_deref())
            }
            PreceptorshipAct::Assign {
                claim,
                practitioner_band,
            } => held.assign(issued, *claim, *practitioner_band),
            PreceptorshipAct::Hours(hours) => held.log(issued, *hours),
            PreceptorshipAct::Pause(on) => Ok(held.pause(*on)),
            PreceptorshipAct::Resume(on) => Ok(held.resume(*on)),
            PreceptorshipAct::Leave(on) => Ok(held.leave(*on)),
            PreceptorshipAct::SignOff => held.part_done(issued, Party::Employer),
            PreceptorshipAct::Complete => held.part_done(issued, Party::University),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.held().map(|held| {
            let whose = &held.appointment;
            Custody::of(whose.employer, [whose.university]).about(whose.person)
        })
    }
}

#[cfg(test)]
mod tests;
