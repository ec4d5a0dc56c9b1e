//! The training year that employer and university share: it runs only while the person is both
//! employed and enrolled (`TRAIN-05`, `JOINT-01`), under supervision, towards the practice minima.

mod practice;

use std::collections::BTreeSet;

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, IntoStaticStr, VariantNames};

pub use self::practice::*;
use crate::{
    actor::{ActingRole, Party, TenantKind},
    application::Application,
    appointment::{Appointed, Appointment},
    calendar::months_later,
    directory::Supervisor,
    id::Id,
    policy::{
        Policies,
        catalogue::{PracticeMinima, Range, Role},
    },
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most quarter-hours one entry may hold: a month around the clock.
pub const ENTRY_QUARTERS_MAX: u32 = 31 * 24 * 4;
/// The most entries of one training.
pub const ENTRIES_MAX: usize = 4_000;
/// The most reviews of one training.
pub const REVIEWS_MAX: usize = 60;
/// The most supervisors in turn, and the most weekly patterns, of one training.
pub const CHANGES_MAX: usize = 200;
/// The longest intervention id, in bytes.
pub const INTERVENTION_BYTES_MAX: usize = 60;
/// The furthest a training may be extended beyond its year, in months.
pub const EXTENSION_MONTHS_MAX: u32 = 60;

/// A person's own training year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingYear {
    /// The first day on which both employment and enrolment are in force.
    pub starts: Date,
    /// Its last day; extensions come after it and are at the employer's cost.
    pub ends: Date,
}

/// The university's part: what an enrolment tells the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Teaching {
    /// The first day of teaching for this person.
    pub starts: Date,
    /// When the intake's board is expected.
    pub expected_board: Date,
}

/// A week: university days and practice days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyPattern {
    /// Days at the university.
    pub university_days: u32,
    /// Days of practice.
    pub practice_days: u32,
    /// The first day of the first such week.
    pub from: Date,
}

/// Who supervises from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervision {
    /// The practice supervisor.
    pub supervisor: Id<Supervisor>,
    /// The first day.
    pub from: Date,
}

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
    patterns: Vec<WeeklyPattern>,
    entries: Vec<PracticeEntry>,
    reviews: BTreeSet<Date>,
    portfolio: Option<Portfolio>,
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
    /// See [`SetWeeklyPattern`].
    SetPattern(SetWeeklyPattern),
    /// See [`LogPracticeHours`].
    Log {
        /// The command.
        log: LogPracticeHours,
        /// Whether the supervisor of the day is still eligible on it.
        supervisor_eligible: bool,
    },
    /// See [`HoldThreeWayReview`].
    Review,
    /// See [`VerifyPortfolio`].
    Verify,
    /// See [`ExtendTraining`].
    Extend(ExtendTraining),
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

    /// Who supervises on a day.
    pub fn supervisor_on(&self, day: Date) -> Option<Id<Supervisor>> {
        self.supervision
            .iter()
            .rev()
            .find(|supervision| supervision.from <= day)
            .map(|supervision| supervision.supervisor)
    }

    /// Supervisors in the order they were assigned.
    pub fn supervision(&self) -> &[Supervision] {
        &self.supervision
    }

    /// The latest weekly pattern.
    pub fn pattern(&self) -> Option<&WeeklyPattern> {
        self.patterns.last()
    }

    /// Practice so far.
    pub fn totals(&self) -> PracticeTotals {
        let sum = |kind| {
            self.entries
                .iter()
                .filter(|entry| entry.kind == kind)
                .fold(0u32, |sum, entry| sum.saturating_add(entry.quarters))
        };
        PracticeTotals {
            contact: sum(PracticeKind::Contact),
            intervention: sum(PracticeKind::Intervention),
            case_management: sum(PracticeKind::CaseManagement),
            clinical_skills: sum(PracticeKind::ClinicalSkills),
            reviews: u32::try_from(self.reviews.len()).unwrap_or(u32::MAX),
        }
    }

    /// Practice so far as an acting role may read it: human resources may not (C.2).
    pub fn totals_shown_to(&self, role: ActingRole) -> Option<PracticeTotals> {
        (role != ActingRole::EmployerHr).then(|| self.totals())
    }

    /// The portfolio the university verified last.
    pub fn portfolio(&self) -> Option<&Portfolio> {
        self.portfolio.as_ref()
    }

    fn evolve(&mut self, event: TrainingEvent) {
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
            TrainingEvent::WeeklyPatternSet { pattern } => {
                self.patterns.push(pattern);
                self.patterns.sort_by_key(|pattern| pattern.from);
            }
            TrainingEvent::PracticeHoursLogged { entry } => self.entries.push(entry),
            TrainingEvent::ThreeWayReviewHeld { on, .. } => {
                self.reviews.insert(on);
            }
            TrainingEvent::PortfolioVerified { portfolio } => self.portfolio = Some(portfolio),
            TrainingEvent::TrainingExtended { until } => self.extended = Some(until),
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

    /// The note, and the start of the year when it was the second one.
    fn noted(
        note: TrainingEvent,
        appointment: &Appointment,
        employed: Option<Date>,
        enrolled: Option<Teaching>,
        policies: &Policies,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        let mut events = vec![note];
        if let (Some(employed), Some(teaching)) = (employed, enrolled) {
            let starts = employed.max(teaching.starts);
            let months = policies.role(&appointment.role, starts)?.months;
            events.push(TrainingEvent::TrainingStarted {
                appointment: appointment.clone(),
                year: TrainingYear {
                    starts,
                    ends: months_later(starts, months).saturating_sub(1.day()),
                },
                expected_board: teaching.expected_board,
            });
        }
        Ok(events)
    }

    fn set_pattern(
        &self,
        issued: &Issue,
        set: &SetWeeklyPattern,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.side(issued)?;
        let pattern = WeeklyPattern {
            university_days: set.university_days,
            practice_days: set.practice_days,
            from: issued.today(),
        };
        let university_days: u32 = issued.policies.get("university_days", pattern.from)?;
        let practice_days: Range = issued.policies.get("practice_days", pattern.from)?;
        if pattern.university_days != university_days
            || !(practice_days.min..=practice_days.max).contains(&pattern.practice_days)
        {
            return Err(Refusal::new(
                Reason::WeeklyPatternInvalid,
                format!(
                    "a training week has {university_days} university day and {} to {} practice \
                     days",
                    practice_days.min, practice_days.max
                ),
            )
            .at("practice_days")
            .with("university_days", university_days)
            .with("practice_days_min", practice_days.min)
            .with("practice_days_max", practice_days.max));
        }
        if let Some(known) = self
            .patterns
            .iter()
            .find(|known| known.from == pattern.from)
        {
            return Refusal::unless_same(*known == pattern, "a weekly pattern from this day");
        }
        if self.patterns.len() >= CHANGES_MAX {
            return Err(full("weekly patterns"));
        }
        Ok(vec![TrainingEvent::WeeklyPatternSet { pattern }])
    }

    fn log(
        &self,
        issued: &Issue,
        log: &LogPracticeHours,
        supervisor_eligible: bool,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        let entry = PracticeEntry {
            kind: log.kind,
            intervention: log.intervention.clone(),
            until: issued.today(),
            quarters: log.quarters,
        };
        if !(1..=ENTRY_QUARTERS_MAX).contains(&entry.quarters) {
            return Err(Refusal::invalid(
                "quarter_hours",
                format!(
                    "an entry holds 1 to {ENTRY_QUARTERS_MAX} quarter-hours; log each month apart"
                ),
            ));
        }
        if entry.intervention.is_some() != (entry.kind == PracticeKind::Intervention) {
            return Err(Refusal::invalid(
                "intervention",
                "name the intervention for intervention hours, and for no other kind",
            ));
        }
        self.only(issued, Party::Employer)?;
        let Some(appointment) = &self.appointment else {
            return Err(Refusal::not_permitted());
        };
        if let Some(intervention) = &entry.intervention {
            listed(
                &issued.policies,
                &appointment.role,
                intervention,
                entry.until,
            )?;
        }
        self.during(entry.until)?;
        let same_entry = |known: &&PracticeEntry| {
            (known.kind, &known.intervention, known.until)
                == (entry.kind, &entry.intervention, entry.until)
        };
        if let Some(known) = self.entries.iter().find(same_entry) {
            return Refusal::unless_same(*known == entry, "hours of this kind up to this day");
        }
        if self.supervisor_on(entry.until).is_none() || !supervisor_eligible {
            return Err(Refusal::new(
                Reason::SupervisionGapOpen,
                "no eligible supervisor is assigned on this day; assign one with AssignSupervisor \
                 first",
            ));
        }
        if self.entries.len() >= ENTRIES_MAX {
            return Err(full("practice entries"));
        }
        Ok(vec![TrainingEvent::PracticeHoursLogged { entry }])
    }

    fn verify(&self, issued: &Issue) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        let Some(appointment) = self.appointment.as_ref().filter(|_| self.year.is_some()) else {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "the training has not started: there is nothing to verify yet",
            ));
        };
        let on = issued.today();
        let totals = self.totals();
        if self.portfolio.is_some_and(|known| known.totals == totals) {
            return Ok(vec![]);
        }
        let short = totals.short_of(&minima(&issued.policies, &appointment.role, on)?);
        if short.is_empty() {
            let portfolio = Portfolio { on, totals };
            return Ok(vec![TrainingEvent::PortfolioVerified { portfolio }]);
        }
        let names: Vec<_> = short.iter().map(|(name, ..)| *name).collect();
        let refusal = Refusal::new(
            Reason::PracticeHoursShort,
            format!(
                "short of the practice minima in {}; log what is missing first",
                names.join(", ")
            ),
        );
        Err(short
            .into_iter()
            .fold(refusal, |refusal, (name, held, needed)| {
                let amount = |n: u32| match name {
                    "three_way_reviews" => n.to_string(),
                    _ => format!("{}.{:02}", n / 4, n % 4 * 25),
                };
                refusal.with(name, format!("{} of {}", amount(held), amount(needed)))
            }))
    }

    fn extend(
        &self,
        issued: &Issue,
        extend: &ExtendTraining,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::Employer)?;
        let (Some(year), Some(last), None) = (self.year, self.last_day(), self.left) else {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "only a training that runs can be extended",
            ));
        };
        if extend.until == last {
            return Ok(vec![]);
        }
        if extend.until < last || extend.until > months_later(year.ends, EXTENSION_MONTHS_MAX) {
            return Err(Refusal::invalid(
                "until",
                format!(
                    "the training runs to {last}; name a later day, at most \
                     {EXTENSION_MONTHS_MAX} months after its year"
                ),
            ));
        }
        Ok(vec![TrainingEvent::TrainingExtended {
            until: extend.until,
        }])
    }
}

/// The practice minima of a role on a date: its own, or the general ones (`FUND-14`).
fn minima(policies: &Policies, role: &Role, on: Date) -> Result<PracticeMinima, Refusal> {
    match policies.find(&format!("practice.min.{role}"), on)? {
        Some(own) => Ok(own),
        None => policies.get("practice.min", on),
    }
}

/// Refuses an intervention that the role does not deliver (`TRAIN-12..19`).
fn listed(policies: &Policies, role: &Role, intervention: &str, on: Date) -> Result<(), Refusal> {
    let listed: Vec<String> = policies.get(&format!("interventions.{role}"), on)?;
    if listed.iter().any(|known| known == intervention) {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::ActivityNotListed,
        "not one of the interventions this role delivers; therapy is none of them",
    )
    .at("intervention")
    .with("listed", listed.join(", ")))
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
            } => {
                let supervision = Supervision {
                    supervisor: *supervisor,
                    from: issued.today(),
                };
                if self.supervision.contains(&supervision) {
                    return Ok(vec![]);
                }
                if !eligible {
                    return Err(Refusal::new(
                        Reason::SupervisorNotEligible,
                        "the role's rule does not admit this supervisor on this day; record a \
                         current register check, or assign another",
                    )
                    .with("on", supervision.from));
                }
                if self.supervision.len() >= CHANGES_MAX {
                    return Err(full("supervisors"));
                }
                Ok(vec![TrainingEvent::SupervisorAssigned {
                    appointment: appointment.clone(),
                    supervision,
                }])
            }
            TrainingAct::SetPattern(set) => self.set_pattern(issued, set),
            TrainingAct::Log {
                log,
                supervisor_eligible,
            } => self.log(issued, log, *supervisor_eligible),
            TrainingAct::Review => {
                let by = self.side(issued)?;
                let on = issued.today();
                self.during(on)?;
                if self.reviews.contains(&on) {
                    return Ok(vec![]);
                }
                if self.reviews.len() >= REVIEWS_MAX {
                    return Err(full("reviews"));
                }
                Ok(vec![TrainingEvent::ThreeWayReviewHeld { on, by }])
            }
            TrainingAct::Verify => self.verify(issued),
            TrainingAct::Extend(extend) => self.extend(issued, extend),
        }
    }

    /// Both sides share the year; staff and student numbers stay in their own records (C.2).
    fn custody(&self) -> Option<Custody> {
        self.appointment
            .as_ref()
            .map(|whose| Custody::of(whose.employer, [whose.university]).about(whose.person))
    }
}

/// Reaction to the start of an employment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteEmployment {
    /// Whose.
    pub appointment: Appointment,
    /// The first day.
    pub starts: Date,
}

impl Command for NoteEmployment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = self.appointment.training();
        let note = TrainingAct::NoteEmployment {
            appointment: self.appointment.clone(),
            starts: self.starts,
        };
        world.decide(issue, id, note)?;
        Ok(id.key())
    }
}

/// Reaction to the end of an employment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteEmploymentEnd {
    /// Of which training.
    pub training: Id<Training>,
    /// The last day.
    pub on: Date,
}

impl Command for NoteEmploymentEnd {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let note = TrainingAct::NoteEmploymentEnd { on: self.on };
        world.decide(issue, self.training, note)?;
        Ok(self.training.key())
    }
}

/// Reaction to an enrolment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteEnrolment {
    /// Whose.
    pub appointment: Appointment,
    /// From when, towards which board.
    pub teaching: Teaching,
}

impl Command for NoteEnrolment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = self.appointment.training();
        let note = TrainingAct::NoteEnrolment {
            appointment: self.appointment.clone(),
            teaching: self.teaching,
        };
        world.decide(issue, id, note)?;
        Ok(id.key())
    }
}

/// The employer assigns a practice supervisor from the day on (`SUP-03`). It names the application,
/// because supervision is arranged before the training starts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssignSupervisor {
    /// Whose supervisor.
    pub application: Id<Application>,
    /// Who; recorded by this employer, wherever in it they work (`READY-06`).
    pub supervisor: Id<Supervisor>,
}

impl Command for AssignSupervisor {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let appointment = Appointed::of(issue, world, self.application)?.appointment;
        if employer != appointment.employer {
            return Err(Refusal::not_permitted().into());
        }
        let rule = issue
            .policies
            .role(&appointment.role, issue.today())?
            .supervisor_rule;
        let eligible = world
            .read_own(issue, self.supervisor)?
            .eligible_on(issue.today(), &rule);
        let id = appointment.training();
        let assign = TrainingAct::Assign {
            appointment,
            supervisor: self.supervisor,
            eligible,
        };
        world.decide(issue, id, assign)?;
        Ok(id.key())
    }
}

/// Either side sets the days of the training week from the day on (`TRAIN-01`, `X-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetWeeklyPattern {
    /// Of which training.
    pub training: Id<Training>,
    /// Days at the university.
    pub university_days: u32,
    /// Days of practice.
    pub practice_days: u32,
}

impl Command for SetWeeklyPattern {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = TrainingAct::SetPattern(self.clone());
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

/// The employer adds practice hours of one kind, for a period that ends on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LogPracticeHours {
    /// Of which training.
    pub training: Id<Training>,
    /// The kind.
    pub kind: PracticeKind,
    /// Which listed intervention, for intervention hours only (`TRAIN-12`).
    pub intervention: Option<String>,
    /// Quarter-hours in the period.
    pub quarters: u32,
}

impl Command for LogPracticeHours {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if self
            .intervention
            .as_ref()
            .is_some_and(|id| id.len() > INTERVENTION_BYTES_MAX)
        {
            return Err(Refusal::invalid("intervention", "not an intervention id").into());
        }
        let training = world.read_own(issue, self.training)?;
        let (role, supervisor) = (
            training.appointment().map(|whose| whose.role.clone()),
            training.supervisor_on(issue.today()),
        );
        let supervisor_eligible = match (role, supervisor) {
            (Some(role), Some(supervisor)) => {
                let rule = issue.policies.role(&role, issue.today())?.supervisor_rule;
                let supervisor = world.read(supervisor)?;
                supervisor.eligible_on(issue.today(), &rule)
            }
            _ => false,
        };
        let log = TrainingAct::Log {
            log: self.clone(),
            supervisor_eligible,
        };
        world.decide(issue, self.training, log)?;
        Ok(self.training.key())
    }
}

/// Trainee, practice supervisor and tutor met; either side records it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldThreeWayReview {
    /// Of which training.
    pub training: Id<Training>,
}

impl Command for HoldThreeWayReview {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.training, TrainingAct::Review)?;
        Ok(self.training.key())
    }
}

/// The university verifies that the practice minima are met (`FUND-14`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VerifyPortfolio {
    /// Of which training.
    pub training: Id<Training>,
}

impl Command for VerifyPortfolio {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.training, TrainingAct::Verify)?;
        Ok(self.training.key())
    }
}

/// The employer keeps the trainee post open beyond the year, at its own cost, until a later board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExtendTraining {
    /// Which.
    pub training: Id<Training>,
    /// The new last day.
    pub until: Date,
}

impl Command for ExtendTraining {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = TrainingAct::Extend(self.clone());
        world.decide(issue, self.training, act)?;
        Ok(self.training.key())
    }
}

#[cfg(test)]
mod tests;
