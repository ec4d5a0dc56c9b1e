//! All locks of one person, the exemptions from them, and the places that rest on them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::{
    EXEMPTION_REASON_BYTES_MAX, Lock, LockAnswer, LockQuestion, TrainingPlace, lock_after,
};
use crate::{
    actor::{PLATFORM, PersonId, TenantId, TenantKind},
    application::Application,
    appointment::Appointment,
    id::Id,
    personal::{Personal, PersonalClass},
    refusal::Refusal,
    text,
    training::Training,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// An exemption from the locks of the trainings so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exemption {
    /// Its id, named in answers.
    pub id: Uuid,
    /// Why, for the commissioner alone.
    pub reason: Personal<String>,
}

/// A person's locks, one per training; no stream while there is nothing to keep.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FundingLock {
    person: Option<PersonId>,
    locks: BTreeMap<Id<Application>, Lock>,
    exempt: BTreeMap<Id<Application>, Uuid>,
    exemptions: Vec<Exemption>,
    relied_on: BTreeMap<Id<TrainingPlace>, LockQuestion>,
    disclosed_to: BTreeSet<TenantId>,
    refused: u32,
}

/// What a lock decides.
#[derive(Debug, Clone)]
pub enum FundingLockAct {
    /// A training has started: lock it, counting from the board its intake expects.
    Foresee {
        /// Whose training.
        appointment: Appointment,
        /// The person's own start.
        training_start: Date,
        /// The intake's board.
        expected_board: Date,
    },
    /// The board has referred or deferred: the lock counts from a later one (A.3, rule 1).
    Await {
        /// Whose training.
        appointment: Appointment,
        /// The person's own start.
        training_start: Date,
        /// The board that decides next.
        next_board: Date,
    },
    /// The board has decided for good: the day is fixed.
    Fix {
        /// Whose training.
        appointment: Appointment,
        /// The person's own start.
        training_start: Date,
        /// The board, or its chair's action.
        board: Date,
    },
    /// See [`GrantLockExemption`].
    Exempt {
        /// Its id.
        exemption: Uuid,
        /// Why, for the commissioner alone.
        reason: Personal<String>,
    },
    /// See [`ConsentToLockDisclosure`].
    Disclose {
        /// Whose lock.
        person: PersonId,
        /// To whom.
        to: TenantId,
    },
    /// A place in another training was accepted or refused on this lock.
    NotePlace {
        /// The place.
        place: Id<TrainingPlace>,
        /// What was asked of the lock.
        question: LockQuestion,
        /// Whether the place was refused, and whether against an attempt to override the lock.
        refused: Option<bool>,
    },
}

/// Facts of a lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FundingLockEvent {
    /// A training started, or its board put the decision off; the lock counts from the board that
    /// is expected.
    ProvisionalFundingLockStarted {
        /// Whose.
        person: PersonId,
        /// After which training.
        application: Id<Application>,
        /// The lock.
        lock: Lock,
    },
    /// The board was held; the lock counts from it.
    FundingLockStarted {
        /// Whose.
        person: PersonId,
        /// After which training.
        application: Id<Application>,
        /// The lock.
        lock: Lock,
    },
    /// The commissioner exempted the person from the locks of the trainings so far (`LOCK-02`).
    LockExemptionGranted {
        /// Its id, named in answers.
        exemption: Uuid,
        /// Why, for the commissioner alone.
        reason: Personal<String>,
    },
    /// The person lets an employer ask about the lock.
    LockDisclosureConsented {
        /// Whose lock.
        person: PersonId,
        /// To whom.
        to: TenantId,
    },
    /// A place in another training was accepted because the lock allowed it.
    LockReliedOn {
        /// The place.
        place: Id<TrainingPlace>,
        /// What was asked.
        question: LockQuestion,
    },
    /// A place in another training was refused. Where it was sought is not said.
    LockedTrainingRefused {
        /// The first day of teaching that was sought.
        teaching_start: Date,
        /// Whether somebody tried to override the lock.
        overridden: bool,
    },
    /// The lock was derived again: a place rests on another day than when it was accepted.
    LockRelianceQuestioned {
        /// The place.
        place: Id<TrainingPlace>,
        /// What the lock answers now.
        answer: LockAnswer,
    },
}

impl FundingLock {
    /// A person's only lock stream.
    pub fn id(person: PersonId) -> Id<Self> {
        Id::derive(PLATFORM, &[person.0])
    }

    /// Whose they are.
    pub fn person(&self) -> Option<PersonId> {
        self.person
    }

    /// The lock after one training.
    pub fn lock(&self, application: Id<Application>) -> Option<&Lock> {
        self.locks.get(&application)
    }

    /// All locks, each with the exemption from it.
    pub fn locks(&self) -> impl Iterator<Item = (Id<Application>, &Lock, Option<Uuid>)> {
        self.locks
            .iter()
            .map(|(application, lock)| (*application, lock, self.exempt.get(application).copied()))
    }

    /// Exemptions, first to latest.
    pub fn exemptions(&self) -> &[Exemption] {
        &self.exemptions
    }

    /// How often a place was refused for it.
    pub fn refused(&self) -> u32 {
        self.refused
    }

    /// Whether an employer may ask: with the person's consent only (C.2).
    pub fn disclosed_to(&self, employer: TenantId) -> bool {
        self.disclosed_to.contains(&employer)
    }

    /// Answers a question; `itself` is the training asked about, which its own lock never binds.
    ///
    /// # Errors
    /// `POLICY_MISSING` when a policy has an unexpected shape.
    pub fn answer(
        &self,
        question: &LockQuestion,
        itself: Option<Id<Application>>,
        issue: &Issue,
    ) -> Result<LockAnswer, Refusal> {
        let boundary: Option<String> = issue.policies.find("lock.boundary", issue.today())?;
        let day_allowed = boundary.is_none_or(|rule| rule == "start_on_day_allowed");
        let binds_from = question.binds_from(issue)?;
        let binds = |lock: &Lock| {
            binds_from.is_some_and(|from| from <= lock.training_start)
                && (question.teaching_start < lock.until
                    || (question.teaching_start == lock.until && !day_allowed))
        };
        let (mut longest, mut exemption) = (None::<&Lock>, None);
        for (application, lock) in &self.locks {
            if itself == Some(*application) || !binds(lock) {
                continue;
            }
            match self.exempt.get(application) {
                Some(id) => exemption = Some(*id),
                None if longest.is_none_or(|known| known.until < lock.until) => {
                    longest = Some(lock);
                }
                None => {}
            }
        }
        Ok(
            longest.map_or(LockAnswer::Clear { exemption }, |lock| LockAnswer::Locked {
                until: lock.until,
                provisional: lock.provisional,
                rule_version: lock.rule_version,
            }),
        )
    }

    /// The same with the locks of some trainings only.
    pub(crate) fn of(&self, which: impl Fn(&Id<Application>) -> bool) -> Self {
        let mut part = self.clone();
        part.locks.retain(|application, _| which(application));
        part
    }

    fn evolve(&mut self, event: FundingLockEvent) {
        match event {
            FundingLockEvent::ProvisionalFundingLockStarted {
                person,
                application,
                lock,
            }
            | FundingLockEvent::FundingLockStarted {
                person,
                application,
                lock,
            } => {
                self.person = Some(person);
                self.locks.insert(application, lock);
            }
            FundingLockEvent::LockExemptionGranted { exemption, reason } => {
                for application in self.locks.keys() {
                    self.exempt.entry(*application).or_insert(exemption);
                }
                self.exemptions.push(Exemption {
                    id: exemption,
                    reason,
                });
            }
            FundingLockEvent::LockDisclosureConsented { person, to } => {
                self.person = Some(person);
                self.disclosed_to.insert(to);
            }
            FundingLockEvent::LockReliedOn { place, question } => {
                self.relied_on.insert(place, question);
            }
            FundingLockEvent::LockedTrainingRefused { .. } => {
                self.refused = self.refused.saturating_add(1);
            }
            FundingLockEvent::LockRelianceQuestioned { .. } => {}
        }
    }

    /// The lock of one training as derived now. Where that moves a day later on which a place was
    /// accepted, the place is questioned and nothing is undone (D.12).
    fn derive(
        &self,
        issue: &Issue,
        appointment: &Appointment,
        lock: Option<Lock>,
    ) -> Result<Vec<FundingLockEvent>, Refusal> {
        let (person, application) = (appointment.person, appointment.application);
        let known = self.lock(application);
        let Some(lock) = lock.filter(|lock| known != Some(lock)) else {
            return Ok(vec![]);
        };
        let moved = known.is_some_and(|known| known.until != lock.until);
        let started = if lock.provisional {
            FundingLockEvent::ProvisionalFundingLockStarted {
                person,
                application,
                lock,
            }
        } else {
            FundingLockEvent::FundingLockStarted {
                person,
                application,
                lock,
            }
        };
        let mut after = self.clone();
        after.evolve(started.clone());
        let mut events = vec![started];
        for (place, question) in self.relied_on.iter().filter(|_| moved) {
            events.push(FundingLockEvent::LockRelianceQuestioned {
                place: *place,
                answer: after.answer(question, None, issue)?,
            });
        }
        Ok(events)
    }
}

aggregate!(
    FundingLock,
    "funding_lock",
    FundingLockAct,
    FundingLockEvent
);

impl Decider for FundingLock {
    type Act = FundingLockAct;
    const COLLECTION: &'static str = "fundingLocks";

    fn decide(&self, issued: &Issued<FundingLockAct>) -> Result<Vec<FundingLockEvent>, Refusal> {
        let after = |appointment, start, board, provisional| {
            lock_after(&issued.policies, appointment, start, board, provisional)
        };
        match &issued.act {
            FundingLockAct::Foresee {
                appointment,
                training_start,
                expected_board,
            } => {
                let known = self.lock(appointment.application);
                if known.is_some_and(|known| !known.provisional) {
                    return Ok(vec![]);
                }
                let lock = after(appointment, *training_start, *expected_board, true)?;
                self.derive(issued, appointment, lock)
            }
            FundingLockAct::Await {
                appointment,
                training_start,
                next_board,
            } => {
                let lock = after(appointment, *training_start, *next_board, true)?;
                self.derive(issued, appointment, lock)
            }
            FundingLockAct::Fix {
                appointment,
                training_start,
                board,
            } => {
                let lock = after(appointment, *training_start, *board, false)?;
                self.derive(issued, appointment, lock)
            }
            FundingLockAct::Exempt { exemption, reason } => {
                if self.locks.is_empty() {
                    return Err(Refusal::not_permitted());
                }
                if self.locks.keys().all(|of| self.exempt.contains_key(of)) {
                    return Ok(vec![]);
                }
                Ok(vec![FundingLockEvent::LockExemptionGranted {
                    exemption: *exemption,
                    reason: reason.clone(),
                }])
            }
            FundingLockAct::Disclose { person, to } => {
                let consented = || FundingLockEvent::LockDisclosureConsented {
                    person: *person,
                    to: *to,
                };
                Ok(Vec::from_iter((!self.disclosed_to(*to)).then(consented)))
            }
            FundingLockAct::NotePlace {
                place,
                question,
                refused,
            } => {
                // what no lock binds rests on none
                let unbound = self.locks.is_empty() || question.binds_from(issued)?.is_none();
                if unbound || self.relied_on.contains_key(place) {
                    return Ok(vec![]);
                }
                Ok(vec![match refused {
                    None => FundingLockEvent::LockReliedOn {
                        place: *place,
                        question: question.clone(),
                    },
                    Some(overridden) => FundingLockEvent::LockedTrainingRefused {
                        teaching_start: question.teaching_start,
                        overridden: *overridden,
                    },
                }])
            }
        }
    }

    /// The platform keeps it for the person; the commissioners that paid see it whole. Anybody
    /// else asks with [`CheckFundingLock`](super::CheckFundingLock) and learns the answer only.
    fn custody(&self) -> Option<Custody> {
        let commissioners = self.locks.values().map(|lock| lock.commissioner);
        self.person
            .map(|person| Custody::of(PLATFORM, commissioners).about(person))
    }
}

/// Reaction to the start of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForeseeFundingLock {
    /// Whose training.
    pub appointment: Appointment,
    /// The person's own start.
    pub training_start: Date,
    /// The intake's board.
    pub expected_board: Date,
}

impl Command for ForeseeFundingLock {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = FundingLock::id(self.appointment.person);
        let foresee = FundingLockAct::Foresee {
            appointment: self.appointment.clone(),
            training_start: self.training_start,
            expected_board: self.expected_board,
        };
        world.decide(issue, id, foresee)?;
        Ok(id.key())
    }
}

/// Reaction to a result that is not final: the lock counts from the board that decides next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AwaitLaterBoard {
    /// Whose training.
    pub appointment: Appointment,
    /// The board that decides next.
    pub next_board: Date,
}

impl Command for AwaitLaterBoard {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = FundingLock::id(self.appointment.person);
        let training = Training::of(world, self.appointment.application)?;
        let Some(year) = world.read(training)?.year() else {
            return Ok(id.key());
        };
        let later = FundingLockAct::Await {
            appointment: self.appointment.clone(),
            training_start: year.starts,
            next_board: self.next_board,
        };
        world.decide(issue, id, later)?;
        Ok(id.key())
    }
}

/// Reaction to a final result, whatever it is, and to a corrected day: the lock counts from the
/// board of the course however the training ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixFundingLock {
    /// Whose training.
    pub appointment: Appointment,
    /// The board, or its chair's action.
    pub board: Date,
}

impl Command for FixFundingLock {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = FundingLock::id(self.appointment.person);
        let training = Training::of(world, self.appointment.application)?;
        let Some(year) = world.read(training)?.year() else {
            return Ok(id.key());
        };
        let fix = FundingLockAct::Fix {
            appointment: self.appointment.clone(),
            training_start: year.starts,
            board: self.board,
        };
        world.decide(issue, id, fix)?;
        Ok(id.key())
    }
}

/// The commissioner exempts a person from the locks of the trainings so far (`LOCK-02`). That there
/// is an exemption shows in every answer; why is the commissioner's alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantLockExemption {
    /// Whom.
    pub person: PersonId,
    /// Why; only the commissioner ever reads it.
    pub reason: String,
}

impl Command for GrantLockExemption {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reason = text::free(&self.reason, "reason", EXEMPTION_REASON_BYTES_MAX)?;
        let id = FundingLock::id(self.person);
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let reason = Personal::new(
            self.person,
            PersonalClass::Assessment,
            [commissioner],
            reason,
        );
        let exempt = FundingLockAct::Exempt {
            exemption: issue.request,
            reason,
        };
        world.decide(issue, id, exempt)?;
        Ok(id.key())
    }
}

/// The person lets an employer ask about the lock (C.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConsentToLockDisclosure {
    /// To whom.
    pub employer: TenantId,
}

impl Command for ConsentToLockDisclosure {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let person = issue.by.person.ok_or_else(Refusal::not_permitted)?;
        let id = FundingLock::id(person);
        let disclose = FundingLockAct::Disclose {
            person,
            to: self.employer,
        };
        world.decide(issue, id, disclose)?;
        Ok(id.key())
    }
}
