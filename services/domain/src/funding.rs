//! The commissioner pays tuition and a training year of salary for an appointed trainee, resting on
//! the employer's promise of a qualified post: month by month, never after the training, back where
//! it was not earned. Beside it: the funding lock that follows a training.

mod approval;
mod costs;
mod course;
mod envelope;
mod follow;
mod lock;
mod payee;
mod payment;
mod recovery;
mod statement;
mod tuition;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

pub use self::{
    approval::*, costs::*, course::*, envelope::*, follow::*, lock::*, payee::*, payment::*,
    recovery::*, statement::*, tuition::*,
};
use crate::{
    actor::{Region, TenantId},
    appointment::Appointment,
    commitment::Commitment,
    id::Id,
    policy::catalogue::FundingSource,
    refusal::Refusal,
    training::TrainingYear,
    world::{Custody, Decider, Issued, aggregate},
};

/// The largest component of an award, in pence: a million pounds.
pub const COMPONENT_PENCE_MAX: i64 = 100_000_000;
/// The most funding sources one request may declare.
pub const OTHER_SOURCES_MAX: usize = 8;

/// Splits a salary into instalments that differ by a penny at most and sum exactly, the larger
/// ones first: 2,748,500 over 12 is 8 × 229,042 and 4 × 229,041. None for nothing to split into.
pub fn instalments(salary_pence: i64, number: u32) -> impl Iterator<Item = i64> {
    let (salary, count) = (salary_pence.max(0), i64::from(number));
    let (each, left_over) = (salary / count.max(1), salary % count.max(1));
    (0..count).map(move |month| each + i64::from(month < left_over))
}

/// What an award grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// Whom it is for. It stays with this role, intake and employer (`FUND-10`); salary is paid
    /// to the employer, tuition to the university (`FUND-01`, `FUND-05`).
    pub appointment: Appointment,
    /// The promise it rests on (`FUND-03`).
    pub commitment: Id<Commitment>,
    /// Course fees, in pence.
    pub tuition_pence: i64,
    /// Trainee salary for the training year, in pence.
    pub salary_pence: i64,
    /// In how many monthly instalments, policy `award.instalments`.
    pub instalments: u32,
}

/// An amount of one instalment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Share {
    /// Which instalment, from 1.
    pub number: u32,
    /// How much, in pence.
    pub pence: i64,
}

/// How an instalment stands (Annex 3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum InstalmentStanding {
    /// To be paid; payable from its month on.
    #[default]
    Planned,
    /// Paid.
    Paid,
    /// Never to be paid: the training ended before.
    Voided,
    /// Paid, and to be given back in part or whole.
    AwaitingRecovery,
    /// Given back.
    Recovered,
    /// Not to be given back after all; nobody asks for it again.
    Waived,
    /// Another payee's now.
    Moved,
}

/// One monthly instalment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instalment {
    /// How much, in pence, as planned or paid.
    pub pence: i64,
    /// What later changes of pay and payee added to what was paid, in pence.
    pub adjusted: i64,
    /// The day it was paid.
    pub paid: Option<Date>,
    /// How it stands.
    pub standing: InstalmentStanding,
    /// Whether part of the month is another payee's.
    pub shared: bool,
}

impl Instalment {
    /// What the payee has of it, in pence.
    pub fn net(&self) -> i64 {
        self.pence.saturating_add(self.adjusted)
    }
}

/// How an award stands (Annex 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AwardStatus {
    /// None yet.
    Absent,
    /// Instalments are paid in order.
    Active,
    /// The training is interrupted: nothing falls due.
    Suspended,
    /// Ended before its time.
    Stopped,
    /// Nothing is left to pay.
    Completed,
}

/// An award's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FundingAward {
    award: Option<Box<Award>>,
    /// Who is paid the salary; the employer of the appointment, or who took its service over.
    payee: Option<TenantId>,
    months: BTreeMap<u32, Instalment>,
    /// From which instalment on the months count from which day, after an interruption.
    resumed: Vec<(u32, Date)>,
    /// The last day of payment, where an interruption moved it.
    until: Option<Date>,
    suspended: Option<Suspended>,
    stopped: Option<(Date, StopGround)>,
    completed: bool,
    /// The award it was taken over from.
    from: Option<Id<Self>>,
    cases: BTreeMap<u32, RecoveryCase>,
    ended_cases: BTreeMap<u32, CaseEnd>,
    given_back: BTreeSet<u32>,
    other_funding: Option<FundingSource>,
}

/// What an award decides.
#[derive(Debug, Clone)]
pub enum FundingAwardAct {
    /// See [`ApproveAward`].
    Approve(Box<Approval>),
    /// See [`PayInstalment`].
    Pay {
        /// Which, from 1.
        number: u32,
        /// The training year, once it has started.
        year: Option<TrainingYear>,
    },
    /// See [`SuspendAward`].
    Suspend {
        /// The first day.
        from: Date,
    },
    /// See [`ResumeAward`].
    Resume {
        /// The training year, once it has started.
        year: Option<TrainingYear>,
        /// Days of the suspension by which the year has moved already.
        counted: i64,
    },
    /// See [`StopAward`].
    Stop {
        /// Why.
        ground: StopGround,
        /// The last day earned.
        last: Date,
        /// The training year, once it has started.
        year: Option<TrainingYear>,
    },
    /// See [`ReinstateAward`].
    Reinstate {
        /// The training year, where the time since the stop was no training and is made up.
        made_up: Option<TrainingYear>,
    },
    /// See [`ApplyPayChange`].
    ApplyPayChange {
        /// The new annual salary, in pence.
        salary_pence: i64,
        /// The training year, once it has started.
        year: Option<TrainingYear>,
    },
    /// See [`ChangePayee`].
    EndPayee {
        /// Who is paid from now on.
        to: TenantId,
        /// The training year, once it has started.
        year: Option<TrainingYear>,
        /// Whether policy or an exception lets salary support go there (`FUND-05`, `X-13`).
        permitted: bool,
    },
    /// The other payee's side of a change.
    TakeOver {
        /// What was granted.
        award: Box<Award>,
        /// Who is paid from now on.
        payee: TenantId,
        /// The award it comes from.
        from: Id<FundingAward>,
        /// What is left to pay.
        instalments: Vec<Share>,
        /// What suspensions have made of it.
        course: Option<AwardCourse>,
    },
    /// See [`OpenRecovery`].
    OpenRecovery(Vec<u32>),
    /// See [`RecoverBreach`].
    RecoverBreach {
        /// How the promise was broken.
        ground: RecoveryGround,
        /// Which part of the salary comes back, of which whole.
        part: (u32, u32),
    },
    /// A closed statement sets a recovery off.
    Settle {
        /// Which.
        case: u32,
        /// The statement.
        statement: Id<FundingStatement>,
    },
    /// See [`WaiveRecovery`].
    Waive {
        /// Which.
        case: u32,
        /// Why, in a word.
        ground: String,
    },
    /// See [`DeclareOtherFunding`].
    DeclareOtherFunding(FundingSource),
}

/// Facts of an award.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FundingAwardEvent {
    /// The commissioner approved tuition and salary.
    FundingAwardApproved {
        /// What it grants.
        award: Award,
        /// The region the post counts for, which is that of its site (`ALLOC-19`); the first version
        /// left it to the allocation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<Region>,
    },
    /// A month of salary was paid to the employer.
    InstalmentPaid {
        /// Which, 1 to 12.
        number: u32,
        /// How much, in pence.
        pence: i64,
        /// The day.
        on: Date,
    },
    /// The last instalment was paid.
    FundingAwardCompleted {
        /// The day.
        on: Date,
    },
    /// What another payee's award had left passed to this one.
    FundingAwardTakenOver {
        /// What was granted.
        award: Award,
        /// Who is paid.
        payee: TenantId,
        /// The award it comes from.
        from: Id<FundingAward>,
        /// What is left to pay.
        instalments: Vec<Share>,
        /// First day of the new payee.
        on: Date,
        /// What suspensions have made of it, where there were any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        course: Option<AwardCourse>,
    },
    /// The payee is another from a day on; what was planned or paid for later days is theirs.
    PayeeEnded {
        /// Parts of planned instalments that are not this payee's.
        planned: Vec<Share>,
        /// Parts of paid ones.
        paid: Vec<Share>,
        /// First day of the new payee.
        on: Date,
    },
    /// The training is interrupted: nothing falls due.
    FundingAwardSuspended {
        /// The first day.
        on: Date,
        /// Whether it went with the training by itself, and so ends with its interruption.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_rule: bool,
    },
    /// The training goes on.
    FundingAwardResumed {
        /// The first day.
        on: Date,
        /// The instalment whose month that day begins, unless its own comes later.
        next: Option<Share>,
        /// The last day of payment from now on.
        until: Option<Date>,
    },
    /// The award ended before its time.
    FundingAwardStopped {
        /// The last day earned.
        on: Date,
        /// Why.
        ground: StopGround,
    },
    /// Instalments that will never be paid; nothing to give back in them.
    InstalmentsVoided {
        /// Which, how much.
        instalments: Vec<Share>,
        /// The day.
        on: Date,
    },
    /// The stop was a mistake, or taken back.
    FundingAwardReinstated {
        /// The last day earned, as the stop had it.
        stopped_on: Date,
        /// What is to be paid again.
        instalments: Vec<Share>,
        /// Recoveries settled before, which the next statement gives back.
        given_back: Vec<u32>,
        /// The day.
        on: Date,
    },
    /// A planned instalment has another amount: pay changed before it was paid.
    InstalmentRestated {
        /// Which.
        number: u32,
        /// How much it was, in pence.
        was: i64,
        /// How much it is.
        pence: i64,
        /// First day of the changed pay.
        from: Date,
    },
    /// Pay changed for a month already paid: the difference goes into the next statement.
    InstalmentAdjusted {
        /// Which.
        number: u32,
        /// How much more, in pence; below zero for less.
        pence: i64,
        /// First day of the changed pay.
        from: Date,
    },
    /// Salary is to come back.
    RecoveryCaseOpened {
        /// What, why.
        case: RecoveryCase,
    },
    /// A recovery is over.
    RecoveryCaseEnded {
        /// Which.
        case: u32,
        /// How.
        end: CaseEnd,
        /// How much it was about, in pence.
        pence: i64,
        /// The day.
        on: Date,
    },
    /// Other funding pays for the training after the award has ended.
    OtherFundingDeclared {
        /// Which.
        source: FundingSource,
        /// The day.
        on: Date,
    },
}

/// Why an award ends before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StopGround {
    /// The trainee left the employment.
    LeftTraining,
    /// The trainee withdrew from the programme, whether or not the employment goes on.
    Withdrawn,
    /// The clinical service went to another employer, and the commissioner pays nobody after that.
    ServiceTransferred,
    /// The commissioner ended it.
    Commissioner,
    /// It went to another trainee of the same role, intake and employer (`FUND-10`).
    Reallocated,
    /// The accepted offer fell before the training.
    OfferFell,
}

impl StopGround {
    /// Whether a rule stopped the award because the training had ended, and takes that back with it.
    fn follows_training(self) -> bool {
        matches!(self, Self::LeftTraining | Self::Withdrawn)
    }

    /// Whether a rule may take the stop back: with the training, or with the offer.
    fn yields_to_rule(self) -> bool {
        self.follows_training() || self == Self::OfferFell
    }
}

impl FundingAward {
    /// What it grants, once approved.
    pub fn award(&self) -> Option<&Award> {
        self.award.as_deref()
    }

    /// Who is paid the salary.
    pub fn payee(&self) -> Option<TenantId> {
        self.payee
    }

    /// How it stands.
    pub fn status(&self) -> AwardStatus {
        if self.award.is_none() {
            AwardStatus::Absent
        } else if self.stopped.is_some() {
            AwardStatus::Stopped
        } else if self.completed {
            AwardStatus::Completed
        } else if self.suspended.is_some() {
            AwardStatus::Suspended
        } else {
            AwardStatus::Active
        }
    }

    /// Whether it pays for the training: approved and not ended before its time.
    pub fn live(&self) -> bool {
        self.award.is_some() && self.stopped.is_none()
    }

    /// The instalments, by number.
    pub fn instalments(&self) -> impl Iterator<Item = (u32, &Instalment)> {
        self.months.iter().map(|(number, month)| (*number, month))
    }

    /// Recovery cases and how those that are over ended.
    pub fn cases(&self) -> impl Iterator<Item = (&RecoveryCase, Option<&CaseEnd>)> {
        self.cases
            .iter()
            .map(|(number, case)| (case, self.ended_cases.get(number)))
    }

    /// What pays for the training after the award ended.
    pub fn other_funding(&self) -> Option<FundingSource> {
        self.other_funding
    }

    /// The commissioner's own award, or the uniform refusal.
    fn own(&self, issued: &Issued<FundingAwardAct>) -> Result<&Award, Refusal> {
        self.award()
            .filter(|award| award.appointment.commissioner == issued.by.tenant)
            .ok_or_else(Refusal::not_permitted)
    }

    fn planned(&self) -> impl Iterator<Item = Share> {
        self.months
            .iter()
            .filter(|(_, month)| month.standing == InstalmentStanding::Planned)
            .map(|(number, month)| Share {
                number: *number,
                pence: month.pence,
            })
    }

    fn stand(&mut self, shares: &[Share], standing: InstalmentStanding) {
        for share in shares {
            if let Some(month) = self.months.get_mut(&share.number) {
                month.standing = standing;
            }
        }
    }

    fn evolve(&mut self, event: FundingAwardEvent) {
        match event {
            FundingAwardEvent::FundingAwardApproved { award, .. } => {
                self.payee = Some(award.appointment.employer);
                self.months = (1..)
                    .zip(instalments(award.salary_pence, award.instalments))
                    .map(|(number, pence)| (number, Instalment::of(pence)))
                    .collect();
                self.award = Some(Box::new(award));
            }
            FundingAwardEvent::FundingAwardTakenOver {
                award,
                payee,
                instalments,
                from,
                course,
                ..
            } => {
                self.payee = Some(payee);
                self.from = Some(from);
                let course = course.unwrap_or_default();
                self.resumed = course.payable;
                self.until = course.until;
                self.suspended = course.suspended;
                let whole: BTreeMap<u32, i64> = (1..)
                    .zip(self::instalments(award.salary_pence, award.instalments))
                    .collect();
                for share in instalments {
                    let month = Instalment {
                        shared: whole.get(&share.number) != Some(&share.pence),
                        ..Instalment::of(share.pence)
                    };
                    self.months.insert(share.number, month);
                }
                self.award = Some(Box::new(award));
            }
            FundingAwardEvent::InstalmentPaid { number, pence, on } => {
                if let Some(month) = self.months.get_mut(&number) {
                    month.pence = pence;
                    month.paid = Some(on);
                    month.standing = InstalmentStanding::Paid;
                }
            }
            FundingAwardEvent::FundingAwardCompleted { .. } => self.completed = true,
            FundingAwardEvent::PayeeEnded { planned, paid, .. } => self.hand_over(&planned, &paid),
            FundingAwardEvent::FundingAwardSuspended { on, by_rule } => {
                self.suspended = Some(Suspended { on, by_rule });
            }
            FundingAwardEvent::FundingAwardResumed { on, next, until } => {
                self.suspended = None;
                self.until = until;
                if let Some(next) = next {
                    self.resumed.push((next.number, on));
                }
            }
            FundingAwardEvent::FundingAwardStopped { on, ground } => {
                self.stopped = Some((on, ground));
            }
            FundingAwardEvent::InstalmentsVoided { instalments, .. } => {
                self.stand(&instalments, InstalmentStanding::Voided);
            }
            FundingAwardEvent::FundingAwardReinstated {
                instalments,
                given_back,
                ..
            } => {
                self.stopped = None;
                self.given_back.extend(given_back);
                self.stand(&instalments, InstalmentStanding::Planned);
            }
            FundingAwardEvent::InstalmentRestated { number, pence, .. } => {
                if let Some(month) = self.months.get_mut(&number) {
                    month.pence = pence;
                }
            }
            FundingAwardEvent::InstalmentAdjusted { number, pence, .. } => {
                if let Some(month) = self.months.get_mut(&number) {
                    month.adjusted = month.adjusted.saturating_add(pence);
                }
            }
            FundingAwardEvent::RecoveryCaseOpened { case } => {
                self.stand(&case.lines, InstalmentStanding::AwaitingRecovery);
                self.cases.insert(case.number, case);
            }
            FundingAwardEvent::RecoveryCaseEnded { case, end, .. } => {
                let lines = self.cases.get(&case).map(|case| case.lines.clone());
                self.stand(&lines.unwrap_or_default(), end.standing());
                self.ended_cases.insert(case, end);
            }
            FundingAwardEvent::OtherFundingDeclared { source, .. } => {
                self.other_funding = Some(source);
            }
        }
    }
}

impl Instalment {
    fn of(pence: i64) -> Self {
        Self {
            pence,
            ..Self::default()
        }
    }
}

aggregate!(
    FundingAward,
    "funding_award",
    FundingAwardAct,
    FundingAwardEvent
);

impl Decider for FundingAward {
    type Act = FundingAwardAct;
    const COLLECTION: &'static str = "fundingAwards";

    fn decide(&self, issued: &Issued<FundingAwardAct>) -> Result<Vec<FundingAwardEvent>, Refusal> {
        match &issued.act {
            FundingAwardAct::Approve(approval) => self.approve(issued, approval),
            FundingAwardAct::Pay { number, year } => self.pay(issued, *number, *year),
            FundingAwardAct::Suspend { from } => self.suspend(issued, *from),
            FundingAwardAct::Resume { year, counted } => self.resume(issued, *year, *counted),
            FundingAwardAct::Stop { ground, last, year } => {
                self.stop(issued, *ground, *last, *year)
            }
            FundingAwardAct::Reinstate { made_up } => self.reinstate(issued, *made_up),
            FundingAwardAct::ApplyPayChange { salary_pence, year } => {
                self.apply_pay_change(issued, *salary_pence, *year)
            }
            FundingAwardAct::EndPayee {
                to,
                year,
                permitted,
            } => self.end_payee(issued, *to, *year, *permitted),
            FundingAwardAct::TakeOver {
                award,
                payee,
                from,
                instalments,
                course,
            } => Ok(vec![FundingAwardEvent::FundingAwardTakenOver {
                award: *award.clone(),
                payee: *payee,
                from: *from,
                instalments: instalments.clone(),
                on: issued.today(),
                course: course.clone(),
            }]),
            FundingAwardAct::OpenRecovery(numbers) => self.open_recovery(issued, numbers),
            FundingAwardAct::RecoverBreach { ground, part } => {
                Ok(self.recover_breach(issued.today(), *ground, *part))
            }
            FundingAwardAct::Settle { case, statement } => {
                Ok(self.settle(issued.today(), *case, *statement))
            }
            FundingAwardAct::Waive { case, ground } => self.waive(issued, *case, ground),
            FundingAwardAct::DeclareOtherFunding(source) => {
                self.declare_other_funding(issued, *source)
            }
        }
    }

    /// The person's own view shows no money; the award is between commissioner and payee.
    fn custody(&self) -> Option<Custody> {
        let whose = &self.award()?.appointment;
        Some(Custody::of(whose.commissioner, [self.payee?]).about(whose.person))
    }
}

#[cfg(test)]
mod tests;
