//! Towards the qualified post: service manager and supervisor prepare a trainee for the role
//! throughout the training, in dated steps (`PRECEPT-01`). The plan is the employer's alone.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::TenantKind,
    appointment::Appointment,
    calendar::months_later,
    id::Id,
    refusal::Refusal,
    text,
    training::Training,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest id of a step, in bytes.
pub const STEP_BYTES_MAX: usize = 40;

/// One step of the plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransitionStep {
    /// The day it is planned for.
    pub due: Option<Date>,
    /// The day it was taken.
    pub taken: Option<Date>,
}

/// A plan that was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldTransitionPlan {
    /// Whose.
    pub appointment: Appointment,
    /// The first day of the training.
    pub from: Date,
    /// The last day for the first step, from policy `transition.first_step_months`.
    pub first_step_by: Date,
    /// Its steps, by their id in policy `transition.steps`.
    pub steps: BTreeMap<String, TransitionStep>,
    /// When the training was over.
    pub closed: Option<Date>,
}

/// A transition plan's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum TransitionPlan {
    /// The training has not started.
    #[default]
    Absent,
    /// Opened with the training.
    Held(Box<HeldTransitionPlan>),
}

/// What a transition plan decides.
#[derive(Debug, Clone)]
pub enum TransitionAct {
    /// See [`OpenTransitionPlan`].
    Open {
        /// Whose.
        appointment: Appointment,
        /// The first day of the training.
        from: Date,
    },
    /// See [`CloseTransitionPlan`].
    Close(Date),
    /// See [`PlanTransitionStep`].
    Plan {
        /// The step.
        step: String,
        /// The day it is planned for.
        due: Date,
    },
    /// See [`TakeTransitionStep`].
    Take(String),
}

/// Facts of a transition plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum TransitionPlanEvent {
    /// The training started, and with it the way to the qualified post.
    TransitionPlanOpened {
        /// Whose.
        appointment: Appointment,
        /// The first day of the training.
        from: Date,
        /// The last day for the first step.
        first_step_by: Date,
    },
    /// A step was planned, or planned anew.
    TransitionStepPlanned {
        /// The step.
        step: String,
        /// The day it is planned for.
        due: Date,
    },
    /// A step was taken.
    TransitionStepTaken {
        /// The step.
        step: String,
        /// The day.
        on: Date,
    },
    /// The training is over.
    TransitionPlanClosed {
        /// The day.
        on: Date,
    },
}

impl TransitionPlan {
    /// The plan, once opened.
    pub fn held(&self) -> Option<&HeldTransitionPlan> {
        match self {
            Self::Absent => None,
            Self::Held(held) => Some(held),
        }
    }

    fn evolve(&mut self, event: TransitionPlanEvent) {
        match (event, self) {
            (
                TransitionPlanEvent::TransitionPlanOpened {
                    appointment,
                    from,
                    first_step_by,
                },
                state,
            ) => {
                *state = Self::Held(Box::new(HeldTransitionPlan {
                    appointment,
                    from,
                    first_step_by,
                    steps: BTreeMap::new(),
                    closed: None,
                }));
            }
            (TransitionPlanEvent::TransitionStepPlanned { step, due }, Self::Held(held)) => {
                held.steps.entry(step).or_default().due = Some(due);
            }
            (TransitionPlanEvent::TransitionStepTaken { step, on }, Self::Held(held)) => {
                held.steps.entry(step).or_default().taken = Some(on);
            }
            (TransitionPlanEvent::TransitionPlanClosed { on }, Self::Held(held)) => {
                held.closed = Some(on);
            }
            (_, Self::Absent) => {}
        }
    }
}

impl HeldTransitionPlan {
    /// Steps taken so far.
    pub fn taken(&self) -> usize {
        self.steps
            .values()
            .filter(|step| step.taken.is_some())
            .count()
    }

    /// Whether the plan asks for attention: no step taken in time (`PRECEPT-01`).
    pub fn amber(&self, on: Date) -> bool {
        self.closed.is_none() && self.taken() == 0 && on > self.first_step_by
    }

    fn during_training(&self, on: Date) -> Result<(), Refusal> {
        if on < self.from {
            return Err(Refusal::state_not_allowed(format!(
                "the training starts on {}; date the step then or later",
                self.from
            )));
        }
        if let Some(closed) = self.closed.filter(|closed| on > *closed) {
            return Err(Refusal::state_not_allowed(format!(
                "the training was over on {closed}; what follows is the preceptorship"
            )));
        }
        Ok(())
    }
}

fn known_step(issue: &Issue, step: &str) -> Result<String, Refusal> {
    let step = text::identifier(step, "step", STEP_BYTES_MAX)?;
    let steps: Vec<String> = issue.policies.get("transition.steps", issue.today())?;
    if steps.contains(&step) {
        return Ok(step);
    }
    Err(Refusal::invalid(
        "step",
        format!("policy transition.steps names {}", steps.join(", ")),
    ))
}

aggregate!(
    TransitionPlan,
    "transition_plan",
    TransitionAct,
    TransitionPlanEvent
);

impl Decider for TransitionPlan {
    type Act = TransitionAct;
    const COLLECTION: &'static str = "transitionPlans";

    fn decide(&self, issued: &Issued<TransitionAct>) -> Result<Vec<TransitionPlanEvent>, Refusal> {
        match (&issued.act, self) {
            (TransitionAct::Open { appointment, from }, Self::Absent) => {
                let months: u32 = issued.policies.get("transition.first_step_months", *from)?;
                Ok(vec![TransitionPlanEvent::TransitionPlanOpened {
                    appointment: appointment.clone(),
                    from: *from,
                    first_step_by: months_later(*from, months),
                }])
            }
            (TransitionAct::Open { .. }, Self::Held(_))
            | (TransitionAct::Close(_), Self::Absent) => Ok(vec![]),
            (TransitionAct::Close(_), Self::Held(held)) if held.closed.is_some() => Ok(vec![]),
            (TransitionAct::Close(on), Self::Held(_)) => {
                Ok(vec![TransitionPlanEvent::TransitionPlanClosed { on: *on }])
            }
            (_, Self::Absent) => Err(Refusal::not_permitted()),
            (TransitionAct::Plan { step, due }, Self::Held(held)) => {
                let step = known_step(issued, step)?;
                let known = held.steps.get(&step).copied().unwrap_or_default();
                if known.due == Some(*due) {
                    return Ok(vec![]);
                }
                if *due < held.from {
                    return Err(Refusal::invalid(
                        "due",
                        "a step is planned for the time of the training; choose a later day",
                    ));
                }
                held.during_training(issued.today())?;
                if known.taken.is_some() {
                    return Err(Refusal::state_not_allowed(
                        "the step has been taken; plan the next one",
                    ));
                }
                Ok(vec![TransitionPlanEvent::TransitionStepPlanned {
                    step,
                    due: *due,
                }])
            }
            (TransitionAct::Take(step), Self::Held(held)) => {
                let step = known_step(issued, step)?;
                let on = issued.today();
                if let Some(taken) = held.steps.get(&step).and_then(|step| step.taken) {
                    return Refusal::unless_same(taken == on, "the step");
                }
                held.during_training(on)?;
                Ok(vec![TransitionPlanEvent::TransitionStepTaken { step, on }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.held()
            .map(|held| Custody::of(held.appointment.employer, []).about(held.appointment.person))
    }
}

impl Appointment {
    /// The employer's plan towards the qualified post.
    pub fn transition_plan(&self) -> Id<TransitionPlan> {
        Id::derive(self.employer, &[self.application.0])
    }
}

/// Reaction to the start of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenTransitionPlan {
    /// Whose.
    pub appointment: Appointment,
    /// The first day of the training.
    pub from: Date,
}

impl Command for OpenTransitionPlan {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = self.appointment.transition_plan();
        let open = TransitionAct::Open {
            appointment: self.appointment.clone(),
            from: self.from,
        };
        world.decide(issue, id, open)?;
        Ok(id.key())
    }
}

/// Reaction to the end of a training before the qualification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseTransitionPlan {
    /// Which training.
    pub training: Id<Training>,
    /// Its end.
    pub on: Date,
}

impl Command for CloseTransitionPlan {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(id) = world
            .read(self.training)?
            .appointment()
            .map(Appointment::transition_plan)
        else {
            return Ok(self.training.key());
        };
        world.decide(issue, id, TransitionAct::Close(self.on))?;
        Ok(id.key())
    }
}

/// Reaction to a qualification, and to a training that goes on with another employer, which makes a
/// plan of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndTransitionPlan {
    /// Which plan.
    pub plan: Id<TransitionPlan>,
    /// The last day it is for.
    pub on: Date,
}

impl Command for EndTransitionPlan {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        world.decide(issue, self.plan, TransitionAct::Close(self.on))?;
        Ok(self.plan.key())
    }
}

/// Service manager or supervisor plans a step, or plans it anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanTransitionStep {
    /// Of which plan.
    pub plan: Id<TransitionPlan>,
    /// Which, of policy `transition.steps`.
    pub step: String,
    /// The day it is planned for.
    pub due: Date,
}

impl Command for PlanTransitionStep {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let plan = TransitionAct::Plan {
            step: self.step.clone(),
            due: self.due,
        };
        world.decide(issue, self.plan, plan)?;
        Ok(self.plan.key())
    }
}

/// A step was taken on the day, planned or not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakeTransitionStep {
    /// Of which plan.
    pub plan: Id<TransitionPlan>,
    /// Which, of policy `transition.steps`.
    pub step: String,
}

impl Command for TakeTransitionStep {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.plan, TransitionAct::Take(self.step.clone()))?;
        Ok(self.plan.key())
    }
}

#[cfg(test)]
mod tests;
