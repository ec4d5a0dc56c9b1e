//! A university trains the supervisors of its trainees (`SUP-02`): tracked, and no bar unless policy
//! `supervisor.training` says so.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{TenantId, TenantKind},
    directory::Supervisor,
    id::Id,
    refusal::Refusal,
    training::Training,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// What the lack of training means, policy `supervisor.training`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UntrainedSupervisor {
    /// It is shown.
    Warn,
    /// Nobody untrained is assigned.
    Refuse,
}

/// A university's course as one supervisor takes it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum SupervisorCourse {
    /// Not offered.
    #[default]
    Absent,
    /// Offered.
    Offered {
        /// Whose course.
        university: TenantId,
        /// Whose supervisor.
        employer: TenantId,
        /// The supervisor.
        supervisor: Id<Supervisor>,
        /// When it was offered.
        offered: Date,
        /// When it was completed.
        completed: Option<Date>,
    },
}

/// What a course decides.
#[derive(Debug, Clone)]
pub enum CourseAct {
    /// See [`OfferSupervisorTraining`].
    Offer {
        /// Whose course.
        university: TenantId,
        /// Whose supervisor.
        employer: TenantId,
        /// The supervisor.
        supervisor: Id<Supervisor>,
    },
    /// See [`CompleteSupervisorTraining`].
    Complete,
}

/// Facts of a course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SupervisorCourseEvent {
    /// A university offered its course to a supervisor.
    SupervisorTrainingOffered {
        /// Whose course.
        university: TenantId,
        /// Whose supervisor.
        employer: TenantId,
        /// The supervisor.
        supervisor: Id<Supervisor>,
        /// The day.
        on: Date,
    },
    /// The supervisor completed it.
    SupervisorTrainingCompleted {
        /// Who.
        supervisor: Id<Supervisor>,
        /// The day.
        on: Date,
    },
}

aggregate!(
    SupervisorCourse,
    "supervisor_course",
    CourseAct,
    SupervisorCourseEvent
);

impl SupervisorCourse {
    /// A university's course as a supervisor takes it.
    pub fn id(university: TenantId, supervisor: Id<Supervisor>) -> Id<Self> {
        Id::derive(university, &[supervisor.0])
    }

    /// When it was completed.
    pub fn completed(&self) -> Option<Date> {
        match self {
            Self::Absent => None,
            Self::Offered { completed, .. } => *completed,
        }
    }

    /// Whether the supervisor is trained on a day.
    pub fn trained_on(&self, day: Date) -> bool {
        self.completed().is_some_and(|completed| completed <= day)
    }

    fn evolve(&mut self, event: SupervisorCourseEvent) {
        match (event, self) {
            (
                SupervisorCourseEvent::SupervisorTrainingOffered {
                    university,
                    employer,
                    supervisor,
                    on,
                },
                state,
            ) => {
                *state = Self::Offered {
                    university,
                    employer,
                    supervisor,
                    offered: on,
                    completed: None,
                };
            }
            (
                SupervisorCourseEvent::SupervisorTrainingCompleted { on, .. },
                Self::Offered { completed, .. },
            ) => *completed = Some(on),
            (SupervisorCourseEvent::SupervisorTrainingCompleted { .. }, Self::Absent) => {}
        }
    }
}

impl Decider for SupervisorCourse {
    type Act = CourseAct;
    const COLLECTION: &'static str = "supervisorCourses";

    fn decide(&self, issued: &Issued<CourseAct>) -> Result<Vec<SupervisorCourseEvent>, Refusal> {
        let on = issued.today();
        match (&issued.act, self) {
            (CourseAct::Offer { .. }, Self::Offered { .. }) => Ok(vec![]),
            (
                CourseAct::Offer {
                    university,
                    employer,
                    supervisor,
                },
                Self::Absent,
            ) => Ok(vec![SupervisorCourseEvent::SupervisorTrainingOffered {
                university: *university,
                employer: *employer,
                supervisor: *supervisor,
                on,
            }]),
            (CourseAct::Complete, Self::Absent) => Err(Refusal::not_permitted()),
            (
                CourseAct::Complete,
                Self::Offered {
                    university,
                    supervisor,
                    offered,
                    completed,
                    ..
                },
            ) => {
                if issued.by.tenant != *university {
                    return Err(Refusal::not_permitted());
                }
                if let Some(known) = completed {
                    return Refusal::unless_same(*known == on, "the completion of the course");
                }
                if on < *offered {
                    return Err(Refusal::state_not_allowed(format!(
                        "the course was offered on {offered}; it is completed later"
                    )));
                }
                Ok(vec![SupervisorCourseEvent::SupervisorTrainingCompleted {
                    supervisor: *supervisor,
                    on,
                }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Offered {
                university,
                employer,
                ..
            } => Some(Custody::of(*university, [*employer])),
        }
    }
}

/// The university offers its course to whoever supervises in one of its trainings on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferSupervisorTraining {
    /// Which training.
    pub training: Id<Training>,
}

impl Command for OfferSupervisorTraining {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let training = world.read_own(issue, self.training)?;
        let Some(employer) = training.appointment().map(|whose| whose.employer) else {
            return Err(Refusal::not_permitted().into());
        };
        let Some(supervisor) = training.supervisor_on(issue.today()) else {
            return Err(Refusal::state_not_allowed(
                "nobody supervises on this day; the employer assigns a supervisor first",
            )
            .into());
        };
        let id = SupervisorCourse::id(university, supervisor);
        let offer = CourseAct::Offer {
            university,
            employer,
            supervisor,
        };
        world.decide(issue, id, offer)?;
        Ok(id.key())
    }
}

/// The university records that a supervisor completed its course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompleteSupervisorTraining {
    /// Which course.
    pub course: Id<SupervisorCourse>,
}

impl Command for CompleteSupervisorTraining {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::University)?;
        world.decide(issue, self.course, CourseAct::Complete)?;
        Ok(self.course.key())
    }
}
