//! Before a promise falls due: it is expected while the training runs, moves with its end, lapses
//! with a failure or a withdrawal, and passes to whoever takes the clinical service over.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

use super::{
    Commitment, CommitmentAct, CommitmentEvent, CommitmentTerms, Expected, POSTS_MAX, Promise,
};
use crate::{
    actor::{PersonId, TenantId, TenantKind},
    allocation::Allocation,
    application::Application,
    appointment::Appointment,
    directory::{ClinicalService, Tenant},
    id::Id,
    refusal::Refusal,
    text,
    training::{Training, TrainingStatus},
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// The longest description of terms outside Agenda for Change, in bytes.
pub const OTHER_TERMS_BYTES_MAX: usize = 500;
/// The most times one person's promise is followed from employer to employer.
const HANDS_MAX: usize = 16;

/// Why nothing is owed any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LapseGround {
    /// The board failed the trainee.
    Failed,
    /// The trainee left the training.
    Withdrawn,
}

/// What a successor takes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// What it promises, in its own name.
    pub terms: CommitmentTerms,
    /// The commitment it comes from.
    pub from: Id<Commitment>,
    /// Whom it owes a post, or will.
    pub people: Vec<HandedOver>,
    /// The equal of the band outside Agenda for Change, where the successor is outside it.
    pub other_terms: Option<String>,
}

/// One person whose promise passes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// The application.
    pub application: Id<Application>,
    /// The person.
    pub person: PersonId,
    /// The last day of the training, for somebody still in it.
    pub completes: Option<Date>,
    /// The promise, when it has fallen due.
    pub due: Option<DuePromise>,
}

/// A promise that has fallen due, as it passes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DuePromise {
    /// The day of the qualification.
    pub qualified_on: Date,
    /// The last day for the evidence.
    pub evidence_by: Date,
    /// The clinical service trained in.
    pub clinical_service: Id<ClinicalService>,
}

/// The commitment that holds somebody's promise now, wherever the service has gone.
pub(super) fn held(
    world: &mut World,
    employer: TenantId,
    allocation: Id<Allocation>,
    application: Id<Application>,
) -> Result<Id<Commitment>, Halt> {
    let mut id = Commitment::id(employer, allocation);
    for _ in 0..HANDS_MAX {
        match world.read(id)?.transferred(application) {
            Some(to) => id = Commitment::id(to, allocation),
            None => break,
        }
    }
    Ok(id)
}

impl Commitment {
    pub(super) fn take_over(&mut self, handover: Handover) {
        let first = matches!(self, Self::Absent);
        if first {
            *self = Self::of(Box::new(handover.terms));
        }
        let Self::Given {
            terms,
            promises,
            expected,
            transferred,
            ..
        } = self
        else {
            return;
        };
        for one in handover.people {
            let returns = transferred.remove(&one.application).is_some();
            terms.posts = terms.posts.saturating_add(u32::from(!first && !returns));
            if let Some(completes) = one.completes {
                let person = one.person;
                expected.insert(one.application, Expected { person, completes });
            }
            if let Some(due) = one.due {
                let promise = Promise::due(
                    one.person,
                    due.qualified_on,
                    due.evidence_by,
                    due.clinical_service,
                );
                promises.insert(one.application, promise);
            }
        }
    }

    pub(super) fn expect_completion(
        &self,
        application: Id<Application>,
        known: &Expected,
    ) -> Vec<CommitmentEvent> {
        match self {
            Self::Given {
                promises, expected, ..
            } if !promises.contains_key(&application)
                && expected.get(&application) != Some(known) =>
            {
                vec![CommitmentEvent::CompletionExpected {
                    application,
                    expected: known.clone(),
                }]
            }
            _ => vec![],
        }
    }

    pub(super) fn lapse(
        &self,
        on: Date,
        application: Id<Application>,
        ground: LapseGround,
    ) -> Vec<CommitmentEvent> {
        let owed = match self {
            Self::Absent => false,
            Self::Given {
                promises, expected, ..
            } => promises
                .get(&application)
                .map_or(expected.contains_key(&application), |promise| {
                    promise.standing.owed() && ground == LapseGround::Failed
                }),
        };
        if owed {
            vec![CommitmentEvent::CommitmentLapsed {
                application,
                ground,
                on,
            }]
        } else {
            vec![]
        }
    }

    pub(super) fn transfer(
        &self,
        issued: &Issued<CommitmentAct>,
        applications: &[Id<Application>],
        to: TenantId,
    ) -> Result<Vec<CommitmentEvent>, Refusal> {
        let terms = self.terms().ok_or_else(Refusal::not_permitted)?;
        if to == terms.employer {
            return Err(Refusal::invalid(
                "to",
                "the employer owes the posts already",
            ));
        }
        if applications
            .iter()
            .all(|application| self.transferred(*application) == Some(to))
        {
            return Ok(vec![]);
        }
        if let Some(open) = applications
            .iter()
            .find(|application| self.handed_over(**application).is_none())
        {
            return Err(Refusal::state_not_allowed(
                "no post is owed or expected for one of these people; leave them out",
            )
            .with("application", open.name()));
        }
        Ok(vec![CommitmentEvent::CommitmentTransferred {
            applications: applications.to_vec(),
            to,
            on: issued.today(),
        }])
    }

    /// Whether there is anything to pass on for a person.
    pub(crate) fn passes_on(&self, application: Id<Application>) -> bool {
        self.handed_over(application).is_some()
    }

    /// What passes on for one person: an expected promise, or one that is owed.
    fn handed_over(&self, application: Id<Application>) -> Option<HandedOver> {
        let Self::Given {
            promises, expected, ..
        } = self
        else {
            return None;
        };
        if let Some(promise) = promises.get(&application) {
            return promise.standing.owed().then_some(HandedOver {
                application,
                person: promise.person,
                completes: None,
                due: Some(DuePromise {
                    qualified_on: promise.qualified_on,
                    evidence_by: promise.evidence_by,
                    clinical_service: promise.clinical_service,
                }),
            });
        }
        expected.get(&application).map(|one| HandedOver {
            application,
            person: one.person,
            completes: Some(one.completes),
            due: None,
        })
    }

    pub(super) fn accept(&self, handover: &Handover) -> Vec<CommitmentEvent> {
        vec![CommitmentEvent::CommitmentTakenOver {
            handover: Box::new(handover.clone()),
        }]
    }
}

/// Says when somebody in training is expected to complete; asked for by reactions on the training's
/// start and on every move of its end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteExpectedCompletion {
    /// The training.
    pub training: Id<Training>,
}

impl Command for NoteExpectedCompletion {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let running = training.status() == TrainingStatus::InTraining;
        let (Some(whose), Some(completes), true) = (
            training.appointment().cloned(),
            training.last_day(),
            running,
        ) else {
            return Ok(self.training.key());
        };
        let id = held(world, whose.employer, whose.allocation, whose.application)?;
        let act = CommitmentAct::Expect {
            application: whose.application,
            expected: Expected {
                person: whose.person,
                completes,
            },
        };
        world.decide_beyond(issue, id, act)?;
        Ok(id.key())
    }
}

/// Lapses one person's promise; asked for by reactions on a failure and on the end of a training
/// before its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LapseCommitment {
    /// Whose.
    pub appointment: Appointment,
    /// Why.
    pub ground: LapseGround,
}

impl Command for LapseCommitment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let whose = &self.appointment;
        let id = held(world, whose.employer, whose.allocation, whose.application)?;
        let act = CommitmentAct::Lapse {
            application: whose.application,
            ground: self.ground,
        };
        world.decide_beyond(issue, id, act)?;
        Ok(id.key())
    }
}

/// Lapses the promise to somebody whose employment ended before the training did; asked for by a
/// reaction on that end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteTrainingLeft {
    /// The training.
    pub training: Id<Training>,
}

impl Command for NoteTrainingLeft {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        match (training.appointment().cloned(), training.ended_early()) {
            (Some(appointment), true) => LapseCommitment {
                appointment,
                ground: LapseGround::Withdrawn,
            }
            .run(issue, world),
            _ => Ok(self.training.key()),
        }
    }
}

/// The commissioner passes promises to the employer that takes a clinical service over, from the
/// effective day. The successor owes the same band and permanence, or their equal outside Agenda
/// for Change (`X-13`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TransferCommitment {
    /// The commitment.
    pub commitment: Id<Commitment>,
    /// The successor.
    pub to: TenantId,
    /// Whose promises.
    pub applications: Vec<Id<Application>>,
    /// The equal of the band outside Agenda for Change.
    pub other_terms: Option<String>,
}

impl Command for TransferCommitment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if self.applications.is_empty() {
            return Err(Refusal::invalid("applications", "name whose promises pass on").into());
        }
        text::at_most(&self.applications, "applications", POSTS_MAX as usize)?;
        let other_terms = self
            .other_terms
            .as_deref()
            .map(|terms| text::required(terms, "other_terms", OTHER_TERMS_BYTES_MAX))
            .transpose()?;
        if issue.by.kind != TenantKind::Platform {
            issue.by.acting_for(TenantKind::Commissioner)?;
        }
        let old = world.read_own(issue, self.commitment)?.clone();
        if world.read(Tenant::id(self.to))?.kind() != Some(TenantKind::Employer) {
            return Err(Refusal::invalid("to", "not an employer of the directory").into());
        }
        let act = CommitmentAct::Transfer {
            applications: self.applications.clone(),
            to: self.to,
        };
        let known = old.clone();
        let now = world.decide(issue, self.commitment, act)?;
        let (Some(terms), false) = (old.terms().cloned(), *now == known) else {
            return Ok(self.commitment.key());
        };
        let people: Vec<HandedOver> = self
            .applications
            .iter()
            .filter_map(|application| known.handed_over(*application))
            .collect();
        let id = Commitment::id(self.to, terms.allocation);
        let handover = Handover {
            terms: CommitmentTerms {
                employer: self.to,
                posts: u32::try_from(people.len()).unwrap_or(POSTS_MAX),
                ..terms
            },
            from: self.commitment,
            people,
            other_terms,
        };
        world.decide_beyond(issue, id, CommitmentAct::TakeOver(Box::new(handover)))?;
        Ok(self.commitment.key())
    }
}

#[cfg(test)]
mod tests;
