//! A place in another NHS-funded training: accepted where the person's lock allows it, refused
//! where it does not, and questioned, never broken, when the lock is derived again (D.12).

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{FundingLock, FundingLockAct, LockAnswer, LockQuestion};
use crate::{
    actor::{PersonId, TenantId, TenantKind},
    id::Id,
    identity,
    refusal::Refusal,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// A place in another training, as whoever offers it keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoughtPlace {
    /// Who offers it.
    pub offered_by: TenantId,
    /// Whose it is.
    pub person: PersonId,
    /// What it is, as asked of the lock.
    pub question: LockQuestion,
    /// What the lock answered.
    pub answer: LockAnswer,
}

/// A place's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum TrainingPlace {
    /// Not sought.
    #[default]
    Absent,
    /// Accepted.
    Accepted {
        /// What.
        place: Box<SoughtPlace>,
        /// What the lock has answered since, each time it was derived again.
        questioned: Vec<LockAnswer>,
    },
    /// Refused. The attempt is kept.
    Refused {
        /// What.
        place: Box<SoughtPlace>,
        /// Whether somebody tried to override the lock.
        overridden: bool,
    },
}

/// What a place decides.
#[derive(Debug, Clone)]
pub enum TrainingPlaceAct {
    /// See [`AcceptTrainingPlace`].
    Seek {
        /// What.
        place: Box<SoughtPlace>,
        /// Whether whoever offers it means to override the lock.
        override_lock: bool,
    },
    /// The lock it rests on was derived again.
    Question {
        /// What it answers now.
        answer: LockAnswer,
    },
}

/// Facts of a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum TrainingPlaceEvent {
    /// The lock allows it: the place is accepted.
    TrainingPlaceAccepted {
        /// What.
        place: Box<SoughtPlace>,
    },
    /// The lock does not allow it; the attempt is on record.
    TrainingPlaceRefused {
        /// What.
        place: Box<SoughtPlace>,
        /// Whether somebody tried to override the lock.
        overridden: bool,
    },
    /// The lock it rests on was derived again; the place stands and is to be looked at.
    TrainingPlaceQuestioned {
        /// What the lock answers now.
        answer: LockAnswer,
    },
}

impl TrainingPlace {
    /// What it is, accepted or not.
    pub fn place(&self) -> Option<&SoughtPlace> {
        match self {
            Self::Absent => None,
            Self::Accepted { place, .. } | Self::Refused { place, .. } => Some(place),
        }
    }

    /// What the lock has answered since it was accepted.
    pub fn questioned(&self) -> &[LockAnswer] {
        match self {
            Self::Accepted { questioned, .. } => questioned,
            Self::Absent | Self::Refused { .. } => &[],
        }
    }

    /// Refuses what the attempt asked for, after it is on record: no exemption, no override.
    ///
    /// # Errors
    /// `FUNDING_LOCK_ACTIVE`; to an attempt to override it `NOT_PERMITTED`.
    pub fn or_refuse(&self) -> Result<(), Refusal> {
        match self {
            Self::Absent | Self::Accepted { .. } => Ok(()),
            Self::Refused {
                overridden: true, ..
            } => Err(Refusal::not_permitted()),
            Self::Refused { place, .. } => place.answer.or_refuse(),
        }
    }

    fn evolve(&mut self, event: TrainingPlaceEvent) {
        match (event, self) {
            (TrainingPlaceEvent::TrainingPlaceAccepted { place }, state) => {
                *state = Self::Accepted {
                    place,
                    questioned: vec![],
                };
            }
            (TrainingPlaceEvent::TrainingPlaceRefused { place, overridden }, state) => {
                *state = Self::Refused { place, overridden };
            }
            (
                TrainingPlaceEvent::TrainingPlaceQuestioned { answer },
                Self::Accepted { questioned, .. },
            ) => questioned.push(answer),
            (TrainingPlaceEvent::TrainingPlaceQuestioned { .. }, _) => {}
        }
    }
}

aggregate!(
    TrainingPlace,
    "training_place",
    TrainingPlaceAct,
    TrainingPlaceEvent
);

impl Decider for TrainingPlace {
    type Act = TrainingPlaceAct;
    const COLLECTION: &'static str = "trainingPlaces";

    fn decide(
        &self,
        issued: &Issued<TrainingPlaceAct>,
    ) -> Result<Vec<TrainingPlaceEvent>, Refusal> {
        Ok(match (&issued.act, self) {
            (
                TrainingPlaceAct::Seek {
                    place,
                    override_lock,
                },
                Self::Absent,
            ) => vec![match place.answer {
                LockAnswer::Clear { .. } => TrainingPlaceEvent::TrainingPlaceAccepted {
                    place: place.clone(),
                },
                LockAnswer::Locked { .. } => TrainingPlaceEvent::TrainingPlaceRefused {
                    place: place.clone(),
                    overridden: *override_lock,
                },
            }],
            (TrainingPlaceAct::Question { answer }, Self::Accepted { .. }) => {
                vec![TrainingPlaceEvent::TrainingPlaceQuestioned { answer: *answer }]
            }
            (TrainingPlaceAct::Seek { .. } | TrainingPlaceAct::Question { .. }, _) => vec![],
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.place()
            .map(|place| Custody::of(place.offered_by, []).about(place.person))
    }
}

/// A university accepts a person for another training. Where the lock forbids it the attempt is
/// kept, counted for the commissioner, and then refused; only an exemption overrides a lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AcceptTrainingPlace {
    /// Whom.
    pub person: PersonId,
    /// What, as asked of the lock.
    pub question: LockQuestion,
    /// Whether to override the lock.
    pub override_lock: bool,
}

impl Command for AcceptTrainingPlace {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        self.question.checked()?;
        let offered_by = issue.by.acting_for(TenantKind::University)?;
        let id = Id::<TrainingPlace>::derive(offered_by, &[issue.request]);
        let lock = FundingLock::id(self.person);
        let answer = identity::lock_answer(issue, world, self.person, &self.question, None)?;
        let seek = TrainingPlaceAct::Seek {
            place: Box::new(SoughtPlace {
                offered_by,
                person: self.person,
                question: self.question.clone(),
                answer,
            }),
            override_lock: self.override_lock,
        };
        world.decide(issue, id, seek)?;
        let refused = matches!(answer, LockAnswer::Locked { .. }).then_some(self.override_lock);
        let note = FundingLockAct::NotePlace {
            place: id,
            question: self.question.clone(),
            refused,
        };
        world.decide_beyond(issue, lock, note)?;
        Ok(id.key())
    }
}

/// Reaction to a lock derived again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuestionTrainingPlace {
    /// Which place.
    pub place: Id<TrainingPlace>,
    /// What the lock answers now.
    pub answer: LockAnswer,
}

impl Command for QuestionTrainingPlace {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let question = TrainingPlaceAct::Question {
            answer: self.answer,
        };
        world.decide(issue, self.place, question)?;
        Ok(self.place.key())
    }
}
