//! A concern that the role is drifting into another one's work (`TRAIN-23`). Trainees, qualified
//! practitioners and those around them raise it; it reaches the two who protect the role, the
//! employer's professional lead and the university's programme lead. A regional network learns that
//! there is one, and nothing of whom.

mod notice;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

pub use self::notice::*;
use crate::{
    actor::{Party, TenantId, TenantKind},
    appointment::Appointment,
    directory::Tenant,
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    refusal::Refusal,
    text,
    training::Training,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest description, in bytes.
pub const CONCERN_BYTES_MAX: usize = 2_000;

/// What the role drifts into.
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
    EnumString,
    EnumIter,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RoleDrift {
    /// The duties of another role in the team.
    AnotherRolesDuties,
    /// Therapy, which the role does not deliver.
    TherapyExpected,
    /// Work that leaves no time to study or to be supervised.
    ProtectedTimeLost,
}

/// Who raised it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RaisedBy {
    /// The trainee or practitioner.
    Practitioner,
    /// Somebody of the employer.
    Employer,
    /// Somebody of the university.
    University,
}

/// A concern's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum RoleConcern {
    /// Not raised.
    #[default]
    Absent,
    /// Raised.
    Raised {
        /// Whose role.
        appointment: Box<Appointment>,
        /// What it drifts into.
        drift: RoleDrift,
        /// Who raised it.
        by: RaisedBy,
        /// When.
        on: Date,
        /// In what words; held by both sides.
        description: Personal<String>,
        /// When and by which side it was addressed.
        addressed: Option<(Date, Party)>,
    },
}

/// What a concern decides.
#[derive(Debug, Clone)]
pub enum ConcernAct {
    /// See [`RaiseRoleConcern`].
    Raise {
        /// Whose role.
        appointment: Box<Appointment>,
        /// What it drifts into.
        drift: RoleDrift,
        /// Who raises it.
        by: RaisedBy,
        /// In what words.
        description: Personal<String>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// See [`AddressRoleConcern`].
    Address,
}

/// Facts of a concern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum RoleConcernEvent {
    /// A concern was raised.
    RoleConcernRaised {
        /// Whose role.
        appointment: Box<Appointment>,
        /// What it drifts into.
        drift: RoleDrift,
        /// Who raised it.
        by: RaisedBy,
        /// When.
        on: Date,
        /// In what words.
        description: Personal<String>,
        /// Tells a repeat.
        content: ContentDigest,
    },
    /// A lead has addressed it.
    RoleConcernAddressed {
        /// When.
        on: Date,
        /// On which side.
        by: Party,
    },
}

aggregate!(RoleConcern, "role_concern", ConcernAct, RoleConcernEvent);

impl RoleConcern {
    fn evolve(&mut self, event: RoleConcernEvent) {
        match (event, self) {
            (
                RoleConcernEvent::RoleConcernRaised {
                    appointment,
                    drift,
                    by,
                    on,
                    description,
                    ..
                },
                state,
            ) => {
                *state = Self::Raised {
                    appointment,
                    drift,
                    by,
                    on,
                    description,
                    addressed: None,
                };
            }
            (RoleConcernEvent::RoleConcernAddressed { on, by }, Self::Raised { addressed, .. }) => {
                *addressed = Some((on, by))
            }
            (RoleConcernEvent::RoleConcernAddressed { .. }, Self::Absent) => {}
        }
    }
}

impl Decider for RoleConcern {
    type Act = ConcernAct;
    const COLLECTION: &'static str = "roleConcerns";

    fn decide(&self, issued: &Issued<ConcernAct>) -> Result<Vec<RoleConcernEvent>, Refusal> {
        let on = issued.today();
        match (&issued.act, self) {
            // the id is that of the request, so this is the same request again
            (ConcernAct::Raise { .. }, Self::Raised { .. }) => Ok(vec![]),
            (
                ConcernAct::Raise {
                    appointment,
                    drift,
                    by,
                    description,
                    content,
                },
                Self::Absent,
            ) => Ok(vec![RoleConcernEvent::RoleConcernRaised {
                appointment: appointment.clone(),
                drift: *drift,
                by: *by,
                on,
                description: description.clone(),
                content: *content,
            }]),
            (ConcernAct::Address, Self::Absent) => Err(Refusal::not_permitted()),
            (
                ConcernAct::Address,
                Self::Raised {
                    appointment,
                    on: raised,
                    addressed,
                    ..
                },
            ) => {
                let by = Party::of(&issued.by, appointment.employer, appointment.university)
                    .ok_or_else(Refusal::not_permitted)?;
                if addressed.is_some() {
                    return Ok(vec![]);
                }
                if on < *raised {
                    return Err(Refusal::state_not_allowed(format!(
                        "the concern was raised on {raised}; address it on that day or later"
                    )));
                }
                Ok(vec![RoleConcernEvent::RoleConcernAddressed { on, by }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Raised { appointment, .. } => Some(
                Custody::of(appointment.employer, [appointment.university])
                    .about(appointment.person),
            ),
        }
    }
}

/// Raises a concern about the role of somebody in training or in the qualified post.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RaiseRoleConcern {
    /// Whose training it is or was.
    pub training: Id<Training>,
    /// What the role drifts into.
    pub drift: RoleDrift,
    /// In what words; nothing in them may point to a patient (`TRAIN-22`).
    pub description: String,
    /// The network of the region, to count it among others.
    pub network: Option<TenantId>,
}

impl Command for RaiseRoleConcern {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let description = text::free(&self.description, "description", CONCERN_BYTES_MAX)?;
        let training = world.read_own(issue, self.training)?;
        let Some(whose) = training.appointment().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        if let Some(network) = self.network {
            Tenant::expect(world, network, TenantKind::Network, "network")?;
        }
        let by = match issue.by.kind {
            TenantKind::Person => RaisedBy::Practitioner,
            TenantKind::Employer => RaisedBy::Employer,
            TenantKind::University => RaisedBy::University,
            _ => return Err(Refusal::not_permitted().into()),
        };
        let id = Id::<RoleConcern>::derive(whose.employer, &[self.training.0, issue.request]);
        let both = [whose.employer, whose.university];
        if let Some(network) = self.network {
            let count = NoticeAct::Count(CountedConcern {
                network,
                employer: whose.employer,
                role: whose.role.clone(),
                drift: self.drift,
                on: issue.today(),
            });
            let notice = Id::<ConcernNotice>::derive(network, &[id.0]);
            world.decide_beyond(issue, notice, count)?;
        }
        let raise = ConcernAct::Raise {
            drift: self.drift,
            by,
            description: Personal::new(whose.person, PersonalClass::Assessment, both, description),
            content: ContentDigest::of(issue.salt, id.0, self),
            appointment: Box::new(whose),
        };
        world.decide(issue, id, raise)?;
        Ok(id.key())
    }
}

/// A lead of either side has seen to a concern.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressRoleConcern {
    /// Which.
    pub concern: Id<RoleConcern>,
}

impl Command for AddressRoleConcern {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.concern, ConcernAct::Address)?;
        Ok(self.concern.key())
    }
}

#[cfg(test)]
mod tests;
