//! A fitness-to-practise case of the university: kept by one officer, seen by nobody else. What the
//! training and the employer learn is the outward fact alone, practice suspended or restored
//! (`standards.md` B.5).

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::TenantKind,
    appointment::Appointment,
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    refusal::Refusal,
    text,
    training::{CourseAct, Training, TrainingAct},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest concern, in bytes.
pub const CONCERN_BYTES_MAX: usize = 8_000;

/// How a case ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FitnessOutcome {
    /// There was nothing to answer.
    NoCase,
    /// Fit to practise on conditions.
    Conditions,
    /// Not fit to practise; a withdrawal is proposed of its own.
    NotFit,
}

/// A case's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum FitnessCase {
    /// There is none.
    #[default]
    Absent,
    /// Opened.
    Opened {
        /// Whose.
        appointment: Box<Appointment>,
        /// In which training.
        training: Id<Training>,
        /// What is of concern.
        concern: Personal<String>,
        /// The day by which an interim suspension is reviewed, while there is one.
        review_by: Option<Date>,
        /// How it ended.
        outcome: Option<FitnessOutcome>,
    },
}

/// What a case decides.
#[derive(Debug, Clone)]
pub enum FitnessCaseAct {
    /// See [`OpenFitnessCase`].
    Open {
        /// Whose.
        appointment: Box<Appointment>,
        /// In which training.
        training: Id<Training>,
        /// What is of concern.
        concern: Personal<String>,
    },
    /// See [`SuspendPractice`].
    Suspend,
    /// See [`ReviewSuspension`].
    Review,
    /// See [`RestorePractice`].
    Restore,
    /// See [`CloseFitnessCase`].
    Close(FitnessOutcome),
}

/// Facts of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FitnessCaseEvent {
    /// A case was opened.
    FitnessCaseOpened {
        /// Whose.
        appointment: Box<Appointment>,
        /// In which training.
        training: Id<Training>,
        /// What is of concern.
        concern: Personal<String>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// Practice was suspended for the time of the case.
    InterimSuspensionImposed {
        /// The first day.
        on: Date,
        /// The day by which it is reviewed.
        review_by: Date,
    },
    /// The suspension was reviewed, and stands.
    InterimSuspensionReviewed {
        /// The day.
        on: Date,
        /// The day by which it is reviewed again.
        review_by: Date,
    },
    /// The suspension was lifted.
    InterimSuspensionLifted {
        /// The first day of practice again.
        on: Date,
    },
    /// The case was closed.
    FitnessCaseClosed {
        /// The day.
        on: Date,
        /// How it ended.
        outcome: FitnessOutcome,
    },
}

aggregate!(
    FitnessCase,
    "fitness_case",
    FitnessCaseAct,
    FitnessCaseEvent
);

impl FitnessCase {
    /// The training it is about.
    pub fn training(&self) -> Option<Id<Training>> {
        match self {
            Self::Absent => None,
            Self::Opened { training, .. } => Some(*training),
        }
    }

    fn evolve(&mut self, event: FitnessCaseEvent) {
        match (event, self) {
            (
                FitnessCaseEvent::FitnessCaseOpened {
                    appointment,
                    training,
                    concern,
                    ..
                },
                state,
            ) => {
                *state = Self::Opened {
                    appointment,
                    training,
                    concern,
                    review_by: None,
                    outcome: None,
                };
            }
            (
                FitnessCaseEvent::InterimSuspensionImposed { review_by: by, .. }
                | FitnessCaseEvent::InterimSuspensionReviewed { review_by: by, .. },
                Self::Opened { review_by, .. },
            ) => *review_by = Some(by),
            (FitnessCaseEvent::InterimSuspensionLifted { .. }, Self::Opened { review_by, .. }) => {
                *review_by = None
            }
            (
                FitnessCaseEvent::FitnessCaseClosed { outcome: how, .. },
                Self::Opened { outcome, .. },
            ) => *outcome = Some(how),
            (_, Self::Absent) => {}
        }
    }

    fn review_by(issued: &Issue) -> Result<Date, Refusal> {
        let days: u32 = issued.policies.get("fitness.review_days", issued.today())?;
        Ok(issued.today().saturating_add(i64::from(days).days()))
    }
}

impl Decider for FitnessCase {
    type Act = FitnessCaseAct;
    const COLLECTION: &'static str = "fitnessCases";

    fn decide(&self, issued: &Issued<FitnessCaseAct>) -> Result<Vec<FitnessCaseEvent>, Refusal> {
        let on = issued.today();
        let (review_by, outcome) = match (self, &issued.act) {
            (
                Self::Absent,
                FitnessCaseAct::Open {
                    appointment,
                    training,
                    concern,
                },
            ) => {
                return Ok(vec![FitnessCaseEvent::FitnessCaseOpened {
                    appointment: appointment.clone(),
                    training: *training,
                    concern: concern.clone(),
                    content: ContentDigest::of(issued.salt, issued.request, concern),
                }]);
            }
            (Self::Opened { .. }, FitnessCaseAct::Open { .. }) => return Ok(vec![]),
            (Self::Absent, _) => return Err(Refusal::not_permitted()),
            (
                Self::Opened {
                    review_by, outcome, ..
                },
                _,
            ) => (*review_by, *outcome),
        };
        if let FitnessCaseAct::Close(how) = issued.act {
            if let Some(known) = outcome {
                return Refusal::unless_same(known == how, "the outcome");
            }
            return Ok(vec![FitnessCaseEvent::FitnessCaseClosed {
                on,
                outcome: how,
            }]);
        }
        let suspending = matches!(issued.act, FitnessCaseAct::Suspend);
        if suspending && outcome.is_some() {
            return Err(Refusal::state_not_allowed(
                "the case is closed; open another one with OpenFitnessCase",
            ));
        }
        Ok(match (&issued.act, review_by) {
            (FitnessCaseAct::Suspend, None) => vec![FitnessCaseEvent::InterimSuspensionImposed {
                on,
                review_by: Self::review_by(issued)?,
            }],
            (FitnessCaseAct::Review, Some(due)) => {
                let review_by = Self::review_by(issued)?;
                if review_by <= due {
                    return Ok(vec![]);
                }
                vec![FitnessCaseEvent::InterimSuspensionReviewed { on, review_by }]
            }
            (FitnessCaseAct::Restore, Some(_)) => {
                vec![FitnessCaseEvent::InterimSuspensionLifted { on }]
            }
            (FitnessCaseAct::Review, None) => {
                return Err(Refusal::state_not_allowed(
                    "practice is not suspended in this case; there is nothing to review",
                ));
            }
            _ => vec![],
        })
    }

    /// The university's own; of it, the permission table lets only the officer read.
    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Opened { appointment, .. } => {
                Some(Custody::of(appointment.university, []).about(appointment.person))
            }
        }
    }
}

/// The officer opens a case about a trainee of the university.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenFitnessCase {
    /// In which training.
    pub training: Id<Training>,
    /// What is of concern; nobody but the officer ever reads it.
    pub concern: String,
}

impl Command for OpenFitnessCase {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let concern = text::free(&self.concern, "concern", CONCERN_BYTES_MAX)?;
        let university = issue.by.acting_for(TenantKind::University)?;
        let training = world.read_own(issue, self.training)?;
        let appointment = training
            .appointment()
            .cloned()
            .ok_or_else(Refusal::not_permitted)?;
        let id = Id::<FitnessCase>::derive(university, &[issue.request]);
        let open = FitnessCaseAct::Open {
            training: self.training,
            concern: Personal::new(
                appointment.person,
                PersonalClass::FitnessToPractise,
                [university],
                concern,
            ),
            appointment: Box::new(appointment),
        };
        world.decide(issue, id, open)?;
        Ok(id.key())
    }
}

/// Decides in the case, and on practice in the training with it.
fn set_practice(
    issue: &Issue,
    world: &mut World,
    case: Id<FitnessCase>,
    suspended: bool,
) -> Result<StreamKey, Halt> {
    let held = world.read_own(issue, case)?;
    let training = held.training().ok_or_else(Refusal::not_permitted)?;
    let act = if suspended {
        FitnessCaseAct::Suspend
    } else {
        FitnessCaseAct::Restore
    };
    world.decide(issue, case, act)?;
    let practice = CourseAct::SetPractice { suspended };
    world.decide(issue, training, TrainingAct::Course(practice))?;
    Ok(case.key())
}

/// The officer suspends practice from the day on; employer and trainee learn that, and no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuspendPractice {
    /// In which case.
    pub case: Id<FitnessCase>,
}

impl Command for SuspendPractice {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        set_practice(issue, world, self.case, true)
    }
}

/// The officer reviews the suspension, which stands for another while of policy
/// `fitness.review_days`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewSuspension {
    /// In which case.
    pub case: Id<FitnessCase>,
}

impl Command for ReviewSuspension {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.case, FitnessCaseAct::Review)?;
        Ok(self.case.key())
    }
}

/// The officer lifts the suspension from the day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestorePractice {
    /// In which case.
    pub case: Id<FitnessCase>,
}

impl Command for RestorePractice {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        set_practice(issue, world, self.case, false)
    }
}

/// The officer closes the case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseFitnessCase {
    /// Which.
    pub case: Id<FitnessCase>,
    /// How it ended.
    pub outcome: FitnessOutcome,
}

impl Command for CloseFitnessCase {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.case, FitnessCaseAct::Close(self.outcome))?;
        Ok(self.case.key())
    }
}

#[cfg(test)]
mod tests;
