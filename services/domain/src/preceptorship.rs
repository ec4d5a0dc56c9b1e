//! The first time in the qualified post: the employer's preceptor and the university's sessions in
//! one joint record, complete only with both (`PRECEPT-03`, `X-15`). Beside it runs consolidation,
//! the soft clock of service time (`LOCK-03`), which nothing is ever refused for.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{Party, TenantKind},
    application::Application,
    appointment::{Appointed, Appointment},
    calendar::{months_later, whole_months, years_later},
    id::Id,
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most sessions of one preceptorship.
pub const SESSIONS_MAX: usize = 400;

/// The form of a session (`PRECEPT-04`).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SessionForm {
    /// The employer's preceptor meets the practitioner.
    PreceptorMeeting,
    /// The university's community of practice.
    CommunityOfPractice,
    /// The university's action learning set.
    ActionLearningSet,
    /// Another form of university support.
    Other,
}

impl SessionForm {
    /// Whose part of the preceptorship it is (`X-15`).
    pub const fn party(self) -> Party {
        match self {
            Self::PreceptorMeeting => Party::Employer,
            Self::CommunityOfPractice | Self::ActionLearningSet | Self::Other => Party::University,
        }
    }
}

/// A session held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its form.
    pub form: SessionForm,
    /// The day.
    pub on: Date,
}

/// What a tier asks for, a row of policy `preceptorship.tiers` (`standards.md` B.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreceptorshipTier {
    /// Its length, in months from the first day in the qualified post.
    pub months: u32,
    /// How often preceptor and practitioner should meet; shown, never a bar.
    pub meetings: u32,
}

/// The clock of service in the qualified post. It counts from the post, not from the board, and
/// advises only: leaving early is reported, never refused (`LOCK-03`, `LOCK-04`, `X-01`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consolidation {
    /// The first day in the qualified post.
    pub from: Date,
    /// The day from which practice counts as consolidated.
    pub until: Date,
}

impl Consolidation {
    /// Whole months of service by a date, at most [`Self::months_needed`].
    pub fn consolidated_months(&self, on: Date) -> u32 {
        whole_months(self.from, on.min(self.until))
    }

    /// Months of service asked for.
    pub fn months_needed(&self) -> u32 {
        whole_months(self.from, self.until)
    }
}

/// A preceptorship that runs or ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldPreceptorship {
    /// Whose.
    pub appointment: Appointment,
    /// Its tier by name, policy `preceptorship.tier`.
    pub tier: String,
    /// What the tier asks for.
    pub asks: PreceptorshipTier,
    /// Its last day as planned.
    pub planned_end: Date,
    /// The soft clock.
    pub consolidation: Option<Consolidation>,
    /// Sessions, in the order recorded.
    pub sessions: Vec<Session>,
    /// When the employer signed it off.
    pub signed_off: Option<Date>,
    /// When the university completed its part.
    pub university_completed: Option<Date>,
}

impl HeldPreceptorship {
    /// The day on which the later of the two parts was done.
    pub fn completed(&self) -> Option<Date> {
        Some(self.signed_off?.max(self.university_completed?))
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
    /// See [`StartPreceptorship`].
    Start {
        /// Whose.
        appointment: Appointment,
        /// The first day in the qualified post.
        post_starts: Date,
    },
    /// See [`RecordPreceptorshipSession`].
    Session(SessionForm),
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
    /// Service in the qualified post counts from here.
    ConsolidationClockStarted {
        /// The clock.
        consolidation: Consolidation,
    },
    /// A session was held.
    PreceptorshipSessionHeld {
        /// Which.
        session: Session,
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
                planned_end,
                consolidation: None,
                sessions: vec![],
                signed_off: None,
                university_completed: None,
            }));
            return;
        }
        let Self::Held(held) = self else { return };
        match event {
            PreceptorshipEvent::ConsolidationClockStarted { consolidation } => {
                held.consolidation = Some(consolidation);
            }
            PreceptorshipEvent::PreceptorshipSessionHeld { session } => held.sessions.push(session),
            PreceptorshipEvent::PreceptorshipSignedOff { on } => held.signed_off = Some(on),
            PreceptorshipEvent::PreceptorshipSessionsCompleted { on } => {
                held.university_completed = Some(on);
            }
            PreceptorshipEvent::PreceptorshipStarted { .. }
            | PreceptorshipEvent::PreceptorshipCompleted { .. } => {}
        }
    }
}

impl HeldPreceptorship {
    fn side(&self, issue: &Issue) -> Result<Party, Refusal> {
        Party::of(
            &issue.by,
            self.appointment.employer,
            self.appointment.university,
        )
        .ok_or_else(Refusal::not_permitted)
    }

    fn session(
        &self,
        issue: &Issue,
        form: SessionForm,
    ) -> Result<Vec<PreceptorshipEvent>, Refusal> {
        if self.side(issue)? != form.party() {
            return Err(Refusal::not_permitted());
        }
        let session = Session {
            form,
            on: issue.today(),
        };
        if self.sessions.contains(&session) {
            return Ok(vec![]);
        }
        if self
            .consolidation
            .is_some_and(|clock| session.on < clock.from)
        {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "a session is held from the first day in the qualified post on",
            ));
        }
        if self
            .completed()
            .is_some_and(|completed| session.on > completed)
        {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "the preceptorship is complete; later sessions are no part of it",
            ));
        }
        if self.sessions.len() >= SESSIONS_MAX {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                "this preceptorship holds no more sessions",
            ));
        }
        Ok(vec![PreceptorshipEvent::PreceptorshipSessionHeld {
            session,
        }])
    }

    /// One part is done on the day; with the other one done too, so is the whole.
    fn part_done(&self, issue: &Issue, party: Party) -> Result<Vec<PreceptorshipEvent>, Refusal> {
        if self.side(issue)? != party {
            return Err(Refusal::not_permitted());
        }
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
        if on < self.planned_end {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                format!(
                    "a {} preceptorship lasts {} months; complete your part from {} on",
                    self.tier, self.asks.months, self.planned_end
                ),
            )
            .with("planned_end", self.planned_end));
        }
        let mut events = vec![event];
        if let Some(other) = other {
            let on = on.max(other);
            events.push(PreceptorshipEvent::PreceptorshipCompleted { on });
        }
        Ok(events)
    }
}

/// The tier in force, by name, and what it asks for.
fn tier_in_force(issue: &Issue, on: Date) -> Result<(String, PreceptorshipTier), Refusal> {
    let tier: String = issue.policies.get("preceptorship.tier", on)?;
    let tiers: BTreeMap<String, PreceptorshipTier> =
        issue.policies.get("preceptorship.tiers", on)?;
    match tiers.get(&tier) {
        Some(asks) => Ok((tier, *asks)),
        None => Err(Refusal::new(
            Reason::PolicyMissing,
            format!("policy preceptorship.tiers has no {tier} tier on {on}; ask an approver"),
        )
        .with("policy", "preceptorship.tiers")),
    }
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
        let held = match (&issued.act, self) {
            (
                PreceptorshipAct::Start {
                    appointment,
                    post_starts,
                },
                Self::Absent,
            ) => {
                let (tier, asks) = tier_in_force(issued, *post_starts)?;
                let years = issued.policies.get("consolidation.years", *post_starts)?;
                let planned_end = months_later(*post_starts, asks.months).saturating_sub(1.day());
                return Ok(vec![
                    PreceptorshipEvent::PreceptorshipStarted {
                        appointment: appointment.clone(),
                        tier,
                        asks,
                        planned_end,
                    },
                    PreceptorshipEvent::ConsolidationClockStarted {
                        consolidation: Consolidation {
                            from: *post_starts,
                            until: years_later(*post_starts, years),
                        },
                    },
                ]);
            }
            // one person keeps the preceptorship of the first qualified post
            (PreceptorshipAct::Start { .. }, Self::Held(_)) => return Ok(vec![]),
            (_, Self::Absent) => return Err(Refusal::not_permitted()),
            (_, Self::Held(held)) => held,
        };
        match &issued.act {
            PreceptorshipAct::Start { .. } => Ok(vec![]),
            PreceptorshipAct::Session(form) => held.session(issued, *form),
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

/// Reaction to the evidence of a qualified post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartPreceptorship {
    /// The application that led to it.
    pub application: Id<Application>,
    /// The first day in the post.
    pub post_starts: Date,
}

impl Command for StartPreceptorship {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let appointment = Appointed::of(issue, world, self.application)?.appointment;
        let id = appointment.preceptorship();
        let start = PreceptorshipAct::Start {
            appointment,
            post_starts: self.post_starts,
        };
        world.decide(issue, id, start)?;
        Ok(id.key())
    }
}

/// A session was held on the day; each side records its own forms.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordPreceptorshipSession {
    /// Of which preceptorship.
    pub preceptorship: Id<Preceptorship>,
    /// Its form.
    pub form: SessionForm,
}

impl Command for RecordPreceptorshipSession {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = PreceptorshipAct::Session(self.form);
        world.decide(issue, self.preceptorship, act)?;
        Ok(self.preceptorship.key())
    }
}

/// The employer's preceptor signs off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SignOffPreceptorship {
    /// Which.
    pub preceptorship: Id<Preceptorship>,
}

impl Command for SignOffPreceptorship {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.preceptorship, PreceptorshipAct::SignOff)?;
        Ok(self.preceptorship.key())
    }
}

/// The university completes its part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompletePreceptorship {
    /// Which.
    pub preceptorship: Id<Preceptorship>,
}

impl Command for CompletePreceptorship {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.preceptorship, PreceptorshipAct::Complete)?;
        Ok(self.preceptorship.key())
    }
}

#[cfg(test)]
mod tests;
