//! The funding lock: who has entered one NHS-funded training cannot enter another until two years
//! after its qualifying board (`LOCK-01`). A hard clock of the calendar, unlike consolidation.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    actor::{PLATFORM, PersonId, TenantId, TenantKind},
    application::Application,
    appointment::Appointment,
    calendar::years_later,
    id::Id,
    personal::{Personal, PersonalClass},
    policy::{Policies, catalogue::Role},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest reason of an exemption, in bytes.
pub const EXEMPTION_REASON_BYTES_MAX: usize = 2_000;

/// The lock that follows one training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Who paid for the training.
    pub commissioner: TenantId,
    /// The person's own training start; the rule in force then applies (`X-02`).
    pub training_start: Date,
    /// The qualifying board, or its chair's action; the intake's own while expected.
    pub board: Date,
    /// The first day on which teaching of another training may start.
    pub until: Date,
    /// Whether the board is only expected.
    pub provisional: bool,
    /// The version of the policy `lock.years` behind `until`.
    pub rule_version: u32,
}

/// A person's locks, one per training; no stream while there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FundingLock {
    person: Option<PersonId>,
    locks: BTreeMap<Id<Application>, Lock>,
    exemptions: BTreeMap<Id<Application>, Uuid>,
}

/// What is asked of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockQuestion {
    /// The first day of teaching of the next training; never the day of asking.
    pub teaching_start: Date,
    /// Whether the NHS funds it; the lock binds no other.
    pub nhs_funded: bool,
    /// Whether it leads to another occupation; the lock binds no other.
    pub change_of_occupation: bool,
}

impl LockQuestion {
    /// Asks for an NHS-funded training that leads to another occupation.
    pub const fn another_training(teaching_start: Date) -> Self {
        Self {
            teaching_start,
            nhs_funded: true,
            change_of_occupation: true,
        }
    }
}

/// What a lock answers. The board date behind it is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LockAnswer {
    /// The training may be funded.
    Clear {
        /// The exemption that made it so.
        exemption: Option<Uuid>,
    },
    /// It may not.
    Locked {
        /// The first day on which teaching may start.
        until: Date,
        /// Whether that day can still move, because the board has not been held.
        provisional: bool,
        /// The version of the policy `lock.years` behind it.
        rule_version: u32,
    },
}

impl LockAnswer {
    /// Refuses what must not go on while locked.
    ///
    /// # Errors
    /// `FUNDING_LOCK_ACTIVE` with `lock_until` and `provisional`.
    pub fn or_refuse(self) -> Result<(), Refusal> {
        let Self::Locked {
            until, provisional, ..
        } = self
        else {
            return Ok(());
        };
        let moves = if provisional {
            " (provisional until the board is held)"
        } else {
            ""
        };
        Err(Refusal::new(
            Reason::FundingLockActive,
            format!(
                "another NHS-funded training may start on {until} at the earliest{moves}; choose \
                 a later start, other funding, or ask the commissioner for an exemption"
            ),
        )
        .with("lock_until", until)
        .with("provisional", provisional))
    }
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
}

/// Facts of a lock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FundingLockEvent {
    /// A training started; the lock counts from the board that is expected.
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
}

impl FundingLock {
    /// A person's only lock stream.
    pub fn id(person: PersonId) -> Id<Self> {
        Id::derive(PLATFORM, &[person.0])
    }

    /// The lock after one training.
    pub fn lock(&self, application: Id<Application>) -> Option<&Lock> {
        self.locks.get(&application)
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
        let binds = |lock: &Lock| {
            question.nhs_funded
                && question.change_of_occupation
                && (question.teaching_start < lock.until
                    || (question.teaching_start == lock.until && !day_allowed))
        };
        let (mut longest, mut exemption) = (None::<&Lock>, None);
        for (application, lock) in &self.locks {
            if itself == Some(*application) || !binds(lock) {
                continue;
            }
            match self.exemptions.get(application) {
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
            FundingLockEvent::LockExemptionGranted { exemption, .. } => {
                for application in self.locks.keys() {
                    self.exemptions.entry(*application).or_insert(exemption);
                }
            }
        }
    }
}

/// The lock that a training brings under the policies of its start: none when the role is not
/// listed, or the person started before the rule did (`X-02`).
fn lock_after(
    policies: &Policies,
    appointment: &Appointment,
    training_start: Date,
    board: Date,
    provisional: bool,
) -> Result<Option<Lock>, Refusal> {
    let start: Option<Date> = policies.find("lock.start", training_start)?;
    let listed: Option<Vec<Role>> = policies.find("lock.programmes", training_start)?;
    if start.is_none_or(|start| training_start < start)
        || listed.is_none_or(|listed| !listed.contains(&appointment.role))
    {
        return Ok(None);
    }
    let years = policies.get("lock.years", training_start)?;
    let rule_version = policies
        .register()
        .in_force("lock.years", training_start)
        .map_or(0, |rule| rule.version);
    Ok(Some(Lock {
        commissioner: appointment.commissioner,
        training_start,
        board,
        until: years_later(board, years),
        provisional,
        rule_version,
    }))
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
        match &issued.act {
            FundingLockAct::Foresee {
                appointment,
                training_start,
                expected_board,
            } => {
                if self.locks.contains_key(&appointment.application) {
                    return Ok(vec![]);
                }
                let lock = lock_after(
                    &issued.policies,
                    appointment,
                    *training_start,
                    *expected_board,
                    true,
                )?;
                let started = |lock| FundingLockEvent::ProvisionalFundingLockStarted {
                    person: appointment.person,
                    application: appointment.application,
                    lock,
                };
                Ok(lock.map(started).into_iter().collect())
            }
            FundingLockAct::Fix {
                appointment,
                training_start,
                board,
            } => {
                let lock = lock_after(
                    &issued.policies,
                    appointment,
                    *training_start,
                    *board,
                    false,
                )?;
                let started = |lock| FundingLockEvent::FundingLockStarted {
                    person: appointment.person,
                    application: appointment.application,
                    lock,
                };
                Ok(lock
                    .filter(|lock| self.lock(appointment.application) != Some(lock))
                    .map(started)
                    .into_iter()
                    .collect())
            }
            FundingLockAct::Exempt { exemption, reason } => {
                if self.person.is_none() {
                    return Err(Refusal::not_permitted());
                }
                if self.locks.keys().all(|of| self.exemptions.contains_key(of)) {
                    return Ok(vec![]);
                }
                Ok(vec![FundingLockEvent::LockExemptionGranted {
                    exemption: *exemption,
                    reason: reason.clone(),
                }])
            }
        }
    }

    /// The platform keeps it for the person; the commissioners that paid see it whole. Anybody
    /// else asks with [`CheckFundingLock`] and learns the answer only.
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

/// Reaction to a final result, whatever it is: the lock counts from the board of the course
/// however the training ended.
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
        let Some(year) = world.read(self.appointment.training())?.year() else {
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

/// The commissioner exempts a person from the locks of the trainings so far (`LOCK-02`).
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

/// One answered question about a person's lock: who asked what, and what they were told. The
/// asker's own record, so that a later dispute finds the answer of that day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum FundingLockCheck {
    /// Not asked.
    #[default]
    Absent,
    /// Answered.
    Answered {
        /// Who asked.
        asked_by: TenantId,
        /// About whom.
        person: PersonId,
        /// What.
        question: LockQuestion,
        /// The answer.
        answer: LockAnswer,
    },
}

/// Facts of a check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FundingLockCheckEvent {
    /// A question was answered.
    FundingLockChecked {
        /// Who asked.
        asked_by: TenantId,
        /// About whom.
        person: PersonId,
        /// What.
        question: LockQuestion,
        /// The answer.
        answer: LockAnswer,
    },
}

impl FundingLockCheck {
    fn evolve(&mut self, event: FundingLockCheckEvent) {
        let FundingLockCheckEvent::FundingLockChecked {
            asked_by,
            person,
            question,
            answer,
        } = event;
        *self = Self::Answered {
            asked_by,
            person,
            question,
            answer,
        };
    }
}

/// What a check decides.
#[derive(Debug, Clone)]
pub enum FundingLockCheckAct {
    /// See [`CheckFundingLock`].
    Answer {
        /// About whom.
        person: PersonId,
        /// What.
        question: LockQuestion,
        /// What the lock says.
        answer: LockAnswer,
    },
}

aggregate!(
    FundingLockCheck,
    "funding_lock_check",
    FundingLockCheckAct,
    FundingLockCheckEvent
);

impl Decider for FundingLockCheck {
    type Act = FundingLockCheckAct;
    const COLLECTION: &'static str = "fundingLockChecks";

    fn decide(
        &self,
        issued: &Issued<FundingLockCheckAct>,
    ) -> Result<Vec<FundingLockCheckEvent>, Refusal> {
        let FundingLockCheckAct::Answer {
            person,
            question,
            answer,
        } = issued.act;
        if *self != Self::Absent {
            return Ok(vec![]);
        }
        Ok(vec![FundingLockCheckEvent::FundingLockChecked {
            asked_by: issued.by.tenant,
            person,
            question,
            answer,
        }])
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Answered {
                asked_by, person, ..
            } => Some(Custody::of(*asked_by, []).about(*person)),
        }
    }
}

/// Asks whether a person may be funded for a training that starts on a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckFundingLock {
    /// About whom.
    pub person: PersonId,
    /// What.
    pub question: LockQuestion,
}

impl Command for CheckFundingLock {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let lock = world.read(FundingLock::id(self.person))?;
        let check = FundingLockCheckAct::Answer {
            person: self.person,
            question: self.question,
            answer: lock.answer(&self.question, None, issue)?,
        };
        let id = Id::<FundingLockCheck>::derive(issue.by.tenant, &[issue.request]);
        world.decide(issue, id, check)?;
        Ok(id.key())
    }
}
