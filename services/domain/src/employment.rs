//! The employer takes an appointed person on in a trainee post. The record is the employer's
//! alone: the university never sees staff numbers or pay.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::TenantKind,
    application::Application,
    appointment::{Appointed, Appointment},
    id::Id,
    identifiers::EsrNumber,
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
pub enum Employment {
    /// Not employed.
    #[default]
    Absent,
    /// In post.
    InPost {
        /// The post.
        post: TraineePost,
    },
    /// Left.
    Ended {
        /// The post.
        post: TraineePost,
        /// The last day.
        ended: Date,
    },
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
}

impl Employment {
    /// The post, held or left.
    pub fn post(&self) -> Option<&TraineePost> {
        match self {
            Self::Absent => None,
            Self::InPost { post } | Self::Ended { post, .. } => Some(post),
        }
    }

    fn evolve(&mut self, event: EmploymentEvent) {
        match (event, std::mem::take(self)) {
            (EmploymentEvent::EmploymentStarted { post }, _) => *self = Self::InPost { post },
            (EmploymentEvent::EmploymentEnded { on, .. }, Self::InPost { post }) => {
                *self = Self::Ended { post, ended: on };
            }
            (EmploymentEvent::EmploymentEnded { .. }, unchanged) => *self = unchanged,
        }
    }
}

aggregate!(Employment, "employment", EmploymentAct, EmploymentEvent);

impl Decider for Employment {
    type Act = EmploymentAct;
    const COLLECTION: &'static str = "employments";

    fn decide(&self, issued: &Issued<EmploymentAct>) -> Result<Vec<EmploymentEvent>, Refusal> {
        match (&issued.act, self) {
            (
                EmploymentAct::Start { post, .. },
                Self::InPost { post: known } | Self::Ended { post: known, .. },
            ) => Refusal::unless_same(
                known.content == post.content && known.starts == post.starts,
                "the employment",
            ),
            (
                EmploymentAct::Start {
                    post,
                    trainee_band,
                    checks_cleared,
                    conditions_met,
                },
                Self::Absent,
            ) => {
                if trainee_band.is_some_and(|band| band != post.band) {
                    return Err(Refusal::invalid(
                        "band",
                        "not the band of this role's trainees; see the role in the policy register",
                    ));
                }
                if !checks_cleared {
                    return Err(Refusal::new(
                        Reason::EmploymentCheckIncomplete,
                        "all employment checks are to be cleared before the first day; clear \
                         the open ones with ClearEmploymentCheck",
                    ));
                }
                if !conditions_met {
                    return Err(Refusal::new(
                        Reason::ConditionsNotMet,
                        "both parties' offer conditions are to be met before the first day; see \
                         the offer",
                    ));
                }
                Ok(vec![EmploymentEvent::EmploymentStarted {
                    post: *post.clone(),
                }])
            }
            (EmploymentAct::End, Self::Absent) => Err(Refusal::not_permitted()),
            (EmploymentAct::End, Self::Ended { ended, .. }) => {
                Refusal::unless_same(*ended == issued.today(), "the end of the employment")
            }
            (EmploymentAct::End, Self::InPost { post }) => {
                if issued.today() < post.starts {
                    return Err(Refusal::new(
                        Reason::StateNotAllowed,
                        "an employment cannot end before its first day",
                    ));
                }
                Ok(vec![EmploymentEvent::EmploymentEnded {
                    appointment: post.appointment.clone(),
                    on: issued.today(),
                }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.post()
            .map(|post| Custody::of(post.appointment.employer, []).about(post.appointment.person))
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
