//! The employer takes an appointed person on in a trainee post. The record is the employer's
//! alone: the university never sees staff numbers, pay, discipline or why somebody is away.

mod leave;
mod transfer;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

pub use self::{leave::*, transfer::*};
use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    appointment::{Appointed, Appointment},
    correction::Corrected,
    id::Id,
    identifiers::EsrNumber,
    offer::EmploymentCheck,
    personal::{ContentDigest, Personal, PersonalClass},
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The trainee post a person holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TraineePost {
    /// Whose employment it is.
    pub appointment: Appointment,
    /// Agenda for Change band in training.
    pub band: u8,
    /// ESR assignment number; unique only with this employer.
    pub assignment: Personal<EsrNumber>,
    /// The first day.
    pub starts: Date,
    /// Tells a repeated start from another one.
    pub content: ContentDigest,
}

/// An employment's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Employment {
    post: Option<TraineePost>,
    ended: Option<Date>,
    /// The event that says so, by its place in the record.
    ended_by: Option<u64>,
    recorded: u64,
    dismissal: Option<Dismissal>,
    leave: Vec<Leave>,
    #[serde(default)]
    moved: Moved,
}

/// What an employment decides.
#[derive(Debug, Clone)]
pub enum EmploymentAct {
    /// See [`StartEmployment`].
    Start {
        /// The post.
        post: Box<TraineePost>,
        /// The band of the role's trainees by policy.
        trainee_band: Option<u8>,
        /// Whether all employment checks are cleared.
        checks_cleared: bool,
        /// Whether both parties' offer conditions are met.
        conditions_met: bool,
    },
    /// See [`EndEmployment`].
    End,
    /// See [`DismissTrainee`].
    Dismiss {
        /// Why.
        reason: Personal<String>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// See [`ReinstateEmployment`].
    Reinstate {
        /// Why, where it is said.
        reason: Option<EmploymentReinstatementReason>,
        /// The end that is taken back.
        corrects: Option<Corrected>,
    },
    /// See [`RecordLeave`].
    Leave(Leave),
    /// The person moves with their clinical service to another employer.
    MoveOut {
        /// To whom.
        to: TenantId,
    },
    /// The person comes with their clinical service from another employer.
    MoveIn {
        /// Whose.
        appointment: Box<Appointment>,
        /// From whom.
        from: TenantId,
        /// What is to be re-assured.
        checks: Vec<EmploymentCheck>,
    },
    /// See [`ReassureEmploymentCheck`].
    Reassure(EmploymentCheck),
}

/// Facts of an employment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum EmploymentEvent {
    /// The person took up the trainee post.
    EmploymentStarted {
        /// The post.
        post: TraineePost,
    },
    /// The employment ended; with it the training, if it was still running.
    EmploymentEnded {
        /// Whose.
        appointment: Appointment,
        /// The last day.
        on: Date,
    },
    /// The person was dismissed; the employment ends with it, and others learn no more than that.
    TraineeDismissed {
        /// Why, and when.
        dismissal: Dismissal,
    },
    /// The end of the employment did not stand: it goes on as if there had been none.
    EmploymentReinstated {
        /// Whose.
        appointment: Appointment,
        /// The last day that is taken back.
        ended: Date,
        /// The day of the reinstatement.
        on: Date,
        /// Why, where it was said.
        reason: Option<EmploymentReinstatementReason>,
        /// Which event it takes back; not said by the first version.
        corrects: Option<Corrected>,
    },
    /// The person is away.
    LeaveRecorded {
        /// The leave.
        leave: Leave,
    },
    /// The person moved with their clinical service to another employer.
    EmploymentTransferredOut {
        /// Whose.
        appointment: Appointment,
        /// To whom.
        to: TenantId,
        /// The first day with them.
        on: Date,
    },
    /// The person came with their clinical service from another employer.
    EmploymentTransferredIn {
        /// Whose.
        appointment: Appointment,
        /// From whom.
        from: TenantId,
        /// The first day.
        on: Date,
    },
    /// The new employer answers for the employment checks, and is to assure itself of each.
    EmploymentChecksReassuranceOpened {
        /// Which.
        checks: Vec<EmploymentCheck>,
    },
    /// The new employer has assured itself of a check.
    EmploymentCheckReassured {
        /// Which.
        check: EmploymentCheck,
        /// The day.
        on: Date,
    },
}

impl Employment {
    /// The post, held or left.
    pub fn post(&self) -> Option<&TraineePost> {
        self.post.as_ref()
    }

    /// The last day, once it has ended.
    pub fn ended(&self) -> Option<Date> {
        self.ended
    }

    /// The dismissal that ended it.
    pub fn dismissal(&self) -> Option<&Dismissal> {
        self.dismissal.as_ref()
    }

    /// Leave, first to latest.
    pub fn leave(&self) -> &[Leave] {
        &self.leave
    }

    fn evolve(&mut self, event: EmploymentEvent) {
        self.recorded = self.recorded.saturating_add(1);
        match event {
            EmploymentEvent::EmploymentStarted { post } => self.post = Some(post),
            EmploymentEvent::EmploymentEnded { on, .. } => {
                self.ended = Some(on);
                self.ended_by = Some(self.recorded);
            }
            EmploymentEvent::TraineeDismissed { dismissal } => self.dismissal = Some(dismissal),
            EmploymentEvent::EmploymentReinstated { .. } => {
                self.ended = None;
                self.ended_by = None;
                self.dismissal = None;
            }
            EmploymentEvent::LeaveRecorded { leave } => {
                self.leave.push(leave);
                self.leave.sort_by_key(|leave| leave.from);
            }
            moved => self.moved.evolve(moved),
        }
    }

    fn start(
        &self,
        post: &TraineePost,
        trainee_band: Option<u8>,
        checks_cleared: bool,
        conditions_met: bool,
    ) -> Result<Vec<EmploymentEvent>, Refusal> {
        if let Some(known) = &self.post {
            return Refusal::unless_same(
                known.content == post.content && known.starts == post.starts,
                "the employment",
            );
        }
        if self.moved.came().is_some() {
            return Err(Refusal::state_not_allowed(
                "the person came with their clinical service and is employed since; there is no \
                 other first day to record",
            ));
        }
        if trainee_band.is_some_and(|band| band != post.band) {
            return Err(Refusal::invalid(
                "band",
                "not the band of this role's trainees; see the role in the policy register",
            ));
        }
        if !checks_cleared {
            return Err(Refusal::new(
                Reason::EmploymentCheckIncomplete,
                "all employment checks are to be cleared before the first day; clear the open \
                 ones with ClearEmploymentCheck",
            ));
        }
        if !conditions_met {
            return Err(Refusal::new(
                Reason::ConditionsNotMet,
                "both parties' offer conditions are to be met before the first day; see the offer",
            ));
        }
        Ok(vec![EmploymentEvent::EmploymentStarted {
            post: post.clone(),
        }])
    }

    /// Whose employment it is.
    pub fn appointment(&self) -> Option<&Appointment> {
        let started = self.post.as_ref().map(|post| &post.appointment);
        started.or_else(|| self.moved.came().map(|(whose, ..)| whose))
    }

    /// Where the person came from and went to with their clinical service.
    pub fn moved(&self) -> &Moved {
        &self.moved
    }

    /// Whose employment an act of the day is about, and its first day.
    fn held(&self) -> Result<(&Appointment, Date), Refusal> {
        if let Some((to, on)) = self.moved.gone() {
            return Err(Refusal::state_not_allowed(format!(
                "the person has been employed by {to} since {on}; ask them"
            )));
        }
        let started = self.post.as_ref();
        let started = started.map(|post| (&post.appointment, post.starts));
        started
            .or_else(|| self.moved.came().map(|(whose, _, on)| (whose, on)))
            .ok_or_else(Refusal::not_permitted)
    }

    fn end(&self, on: Date) -> Result<Vec<EmploymentEvent>, Refusal> {
        let (whose, starts) = self.held()?;
        if let Some(ended) = self.ended {
            return Refusal::unless_same(ended == on, "the end of the employment");
        }
        if on < starts {
            return Err(Refusal::state_not_allowed(format!(
                "the employment started on {starts}; it ends on that day or later"
            )));
        }
        Ok(vec![EmploymentEvent::EmploymentEnded {
            appointment: whose.clone(),
            on,
        }])
    }
}

aggregate!(Employment, "employment", EmploymentAct, EmploymentEvent);

impl Decider for Employment {
    type Act = EmploymentAct;
    const COLLECTION: &'static str = "employments";

    fn decide(&self, issued: &Issued<EmploymentAct>) -> Result<Vec<EmploymentEvent>, Refusal> {
        let on = issued.today();
        match &issued.act {
            EmploymentAct::Start {
                post,
                trainee_band,
                checks_cleared,
                conditions_met,
            } => self.start(post, *trainee_band, *checks_cleared, *conditions_met),
            EmploymentAct::End => self.end(on),
            EmploymentAct::Dismiss { reason, content } => self.dismiss(on, reason, *content),
            EmploymentAct::Reinstate { reason, corrects } => {
                self.reinstate(on, *reason, corrects.as_ref())
            }
            EmploymentAct::Leave(leave) => self.take_leave(leave),
            EmploymentAct::MoveOut { to } => Ok(self.move_out(on, *to)),
            EmploymentAct::MoveIn {
                appointment,
                from,
                checks,
            } => Ok(self.move_in(on, appointment, *from, checks)),
            EmploymentAct::Reassure(check) => self.reassure(on, *check),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.appointment()
            .map(|whose| Custody::of(whose.employer, []).about(whose.person))
    }
}

/// The employer records the first day in the trainee post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StartEmployment {
    /// Whose.
    pub application: Id<Application>,
    /// Agenda for Change band; must be the role's trainee band.
    pub band: u8,
    /// ESR assignment number, `10949595-4`.
    pub assignment: String,
}

impl Command for StartEmployment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let assignment = EsrNumber::parse(&self.assignment, "assignment")?;
        if !assignment.is_assignment() {
            return Err(Refusal::invalid(
                "assignment",
                "name the assignment, not the employee: the number ends in -n",
            )
            .into());
        }
        let Appointed {
            appointment,
            checks_cleared,
            conditions_met,
            ..
        } = Appointed::of(issue, world, self.application)?;
        if issue.by.acting_for(TenantKind::Employer)? != appointment.employer {
            return Err(Refusal::not_permitted().into());
        }
        let trainee_band = issue
            .policies
            .role(&appointment.role, issue.today())?
            .trainee_band;
        let id = appointment.employment();
        let post = TraineePost {
            band: self.band,
            assignment: Personal::new(
                appointment.person,
                PersonalClass::EmploymentIdentifier,
                [appointment.employer],
                assignment,
            ),
            starts: issue.today(),
            content: ContentDigest::of(issue.salt, id.0, self),
            appointment,
        };
        let start = EmploymentAct::Start {
            post: Box::new(post),
            trainee_band,
            checks_cleared,
            conditions_met,
        };
        world.decide(issue, id, start)?;
        Ok(id.key())
    }
}

/// The employer records the last day of a trainee's employment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndEmployment {
    /// Which.
    pub employment: Id<Employment>,
}

impl Command for EndEmployment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.employment, EmploymentAct::End)?;
        Ok(self.employment.key())
    }
}

#[cfg(test)]
mod tests;
