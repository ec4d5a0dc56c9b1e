//! Permanent posts that come on top of what there was, for trainees who pass (`FUND-11`): the
//! employer identifies one for each, and owes none to whoever does not qualify.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, IntoStaticStr, VariantNames};

use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    appointment::{Appointed, Appointment},
    id::Id,
    refusal::{Reason, Refusal},
    text,
    training::Training,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest position number, in bytes.
pub const POSITION_BYTES_MAX: usize = 40;
/// The most posts one employer identifies to one commissioner.
pub const POSTS_MAX: usize = 5_000;

/// What has become of the obligation behind a post.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Obligation {
    /// The training runs: nothing is owed yet.
    Foreseen,
    /// The person has qualified: the post is owed.
    Owed,
    /// The person did not qualify: nothing is owed.
    Lapsed,
}

/// A post set aside for one trainee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExpansionPost {
    /// The trainee, by application.
    pub application: Id<Application>,
    /// What has become of the obligation.
    pub obligation: Obligation,
}

/// The posts an employer has identified to a commissioner.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum ExpansionPosts {
    /// None.
    #[default]
    Absent,
    /// Some.
    Identified {
        /// Whose posts.
        employer: TenantId,
        /// Who pays for the trainings.
        commissioner: TenantId,
        /// The posts by position number.
        posts: BTreeMap<String, ExpansionPost>,
    },
}

/// What the list of posts decides.
#[derive(Debug, Clone)]
pub enum ExpansionPostsAct {
    /// See [`IdentifyExpansionPost`].
    Identify {
        /// For whom.
        appointment: Box<Appointment>,
        /// The position number.
        position: String,
    },
    /// See [`SettleExpansionPost`].
    Settle {
        /// Whose training has ended.
        application: Id<Application>,
        /// Whether they qualified.
        qualified: bool,
    },
}

/// Facts of the list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ExpansionPostsEvent {
    /// A post was identified as additional, for a trainee who passes.
    ExpansionPostIdentified {
        /// Whose post.
        employer: TenantId,
        /// Who pays for the training.
        commissioner: TenantId,
        /// The trainee, by application.
        application: Id<Application>,
        /// The position number: of the staff record, or the employer's own.
        position: String,
    },
    /// The trainee qualified: the post is owed.
    ExpansionPostOwed {
        /// The position number.
        position: String,
    },
    /// The trainee did not qualify, or went to another employer with the service: nothing is owed.
    ExpansionPostLapsed {
        /// The position number.
        position: String,
    },
}

aggregate!(
    ExpansionPosts,
    "expansion_posts",
    ExpansionPostsAct,
    ExpansionPostsEvent
);

impl ExpansionPosts {
    /// The id of an employer's posts towards a commissioner.
    pub fn id(employer: TenantId, commissioner: TenantId) -> Id<Self> {
        Id::derive(employer, &[commissioner.0])
    }

    /// The posts, by position number.
    pub fn posts(&self) -> impl Iterator<Item = (&str, &ExpansionPost)> {
        let posts = match self {
            Self::Absent => None,
            Self::Identified { posts, .. } => Some(posts),
        };
        let posts = posts.into_iter().flatten();
        posts.map(|(position, post)| (position.as_str(), post))
    }

    fn of(&self, application: Id<Application>) -> Option<(&str, &ExpansionPost)> {
        self.posts()
            .find(|(_, post)| post.application == application)
    }

    fn evolve(&mut self, event: ExpansionPostsEvent) {
        let mut settle = |position: &str, as_: Obligation| {
            if let Self::Identified { posts, .. } = self
                && let Some(post) = posts.get_mut(position)
            {
                post.obligation = as_;
            }
        };
        match event {
            ExpansionPostsEvent::ExpansionPostOwed { position } => {
                settle(&position, Obligation::Owed);
            }
            ExpansionPostsEvent::ExpansionPostLapsed { position } => {
                settle(&position, Obligation::Lapsed);
            }
            ExpansionPostsEvent::ExpansionPostIdentified {
                employer,
                commissioner,
                application,
                position,
            } => {
                if matches!(self, Self::Absent) {
                    *self = Self::Identified {
                        employer,
                        commissioner,
                        posts: BTreeMap::new(),
                    };
                }
                if let Self::Identified { posts, .. } = self {
                    let post = ExpansionPost {
                        application,
                        obligation: Obligation::Foreseen,
                    };
                    posts.insert(position, post);
                }
            }
        }
    }

    fn identify(
        &self,
        appointment: &Appointment,
        position: &str,
    ) -> Result<Vec<ExpansionPostsEvent>, Refusal> {
        let application = appointment.application;
        if let Some((known, _)) = self.of(application) {
            return Refusal::unless_same(known == position, "the trainee's post");
        }
        if self.posts().any(|(known, _)| known == position) {
            return Err(not_additional(
                "the position is set aside for another trainee; name a further one",
            ));
        }
        if self.posts().count() >= POSTS_MAX {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                format!("an employer identifies at most {POSTS_MAX} posts; ask the commissioner"),
            ));
        }
        Ok(vec![ExpansionPostsEvent::ExpansionPostIdentified {
            employer: appointment.employer,
            commissioner: appointment.commissioner,
            application,
            position: position.to_owned(),
        }])
    }
}

fn not_additional(message: &str) -> Refusal {
    Refusal::new(Reason::PostNotAdditional, message)
}

impl Decider for ExpansionPosts {
    type Act = ExpansionPostsAct;
    const COLLECTION: &'static str = "expansionPosts";

    fn decide(
        &self,
        issued: &Issued<ExpansionPostsAct>,
    ) -> Result<Vec<ExpansionPostsEvent>, Refusal> {
        match &issued.act {
            ExpansionPostsAct::Identify {
                appointment,
                position,
            } => self.identify(appointment, position),
            ExpansionPostsAct::Settle {
                application,
                qualified,
            } => Ok(match self.of(*application) {
                None => vec![],
                Some((position, post)) => {
                    let position = position.to_owned();
                    match (post.obligation, qualified) {
                        // also after somebody left: a later board may still pass them
                        (Obligation::Foreseen | Obligation::Lapsed, true) => {
                            vec![ExpansionPostsEvent::ExpansionPostOwed { position }]
                        }
                        (Obligation::Foreseen, false) => {
                            vec![ExpansionPostsEvent::ExpansionPostLapsed { position }]
                        }
                        (Obligation::Owed, _) | (Obligation::Lapsed, false) => vec![],
                    }
                }
            }),
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Identified {
                employer,
                commissioner,
                ..
            } => Some(Custody::of(*employer, [*commissioner])),
        }
    }
}

/// Identifies a permanent post for an appointed person, on top of the posts there are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdentifyExpansionPost {
    /// The trainee, by application.
    pub application: Id<Application>,
    /// The position number: of the staff record, or the employer's own.
    pub position: String,
    /// Whether the post comes on top of the establishment there was.
    pub additional: bool,
    /// Whether somebody holds it now.
    pub occupied: bool,
}

impl Command for IdentifyExpansionPost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let position = text::free(&self.position, "position", POSITION_BYTES_MAX)?;
        let Appointed { appointment, .. } = Appointed::of(issue, world, self.application)?;
        if appointment.employer != employer {
            return Err(Refusal::not_permitted().into());
        }
        if self.occupied {
            return Err(not_additional(
                "somebody holds the post already; name one that is free and new",
            )
            .into());
        }
        if !self.additional {
            return Err(not_additional(
                "the post existed before; expansion is a post on top of the establishment",
            )
            .into());
        }
        let id = ExpansionPosts::id(employer, appointment.commissioner);
        let identify = ExpansionPostsAct::Identify {
            appointment: Box::new(appointment),
            position,
        };
        world.decide(issue, id, identify)?;
        Ok(id.key())
    }
}

/// Settles what is owed once a training has its result; asked for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettleExpansionPost {
    /// Whose training it was.
    pub appointment: Appointment,
    /// Whether they qualified.
    pub qualified: bool,
}

impl Command for SettleExpansionPost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = ExpansionPosts::id(self.appointment.employer, self.appointment.commissioner);
        let settle = ExpansionPostsAct::Settle {
            application: self.appointment.application,
            qualified: self.qualified,
        };
        world.decide_beyond(issue, id, settle)?;
        Ok(id.key())
    }
}

/// Lapses what is owed to somebody whose employment ended before the training did; asked for by a
/// reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LapseExpansionPost {
    /// The training.
    pub training: Id<Training>,
}

impl Command for LapseExpansionPost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let early = training.ended_early();
        let Some(appointment) = training.appointment().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let id = ExpansionPosts::id(appointment.employer, appointment.commissioner);
        if early {
            let settle = ExpansionPostsAct::Settle {
                application: appointment.application,
                qualified: false,
            };
            world.decide_beyond(issue, id, settle)?;
        } else {
            world.read(id)?;
        }
        Ok(id.key())
    }
}

/// Lapses what a former employer owed, whose promise went to the successor with the service; asked for
/// by a reaction on a training that was taken over (`SET-13`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LapseFormerPost {
    /// Whose training, with the employer it has now.
    pub appointment: Appointment,
    /// The employer it had.
    pub from: TenantId,
}

impl Command for LapseFormerPost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = ExpansionPosts::id(self.from, self.appointment.commissioner);
        let settle = ExpansionPostsAct::Settle {
            application: self.appointment.application,
            qualified: false,
        };
        world.decide_beyond(issue, id, settle)?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
