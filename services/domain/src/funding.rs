//! The commissioner pays tuition and a training year of salary for an appointed trainee, resting on
//! the employer's promise of a qualified post. Beside it: the funding lock that follows a training.

mod lock;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

pub use self::lock::*;
use crate::{
    actor::TenantKind,
    application::Application,
    appointment::{Appointed, Appointment},
    calendar::months_later,
    commitment::Commitment,
    directory::{EmployerSector, Tenant},
    id::Id,
    policy::catalogue::{FundingSource, Role},
    programme::Intake,
    refusal::{Reason, Refusal},
    text,
    training::TrainingYear,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
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

/// An award's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum FundingAward {
    /// None yet.
    #[default]
    Absent,
    /// Approved; instalments are paid in order.
    Active {
        /// What it grants.
        award: Award,
        /// The days on which the instalments so far were paid, first to latest.
        paid: Vec<Date>,
    },
    /// Every instalment is paid.
    Completed {
        /// What it granted.
        award: Award,
        /// The days on which the instalments were paid.
        paid: Vec<Date>,
    },
}

/// What an award decides.
#[derive(Debug, Clone)]
pub enum FundingAwardAct {
    /// See [`ApproveAward`].
    Approve {
        /// What is granted.
        award: Box<Award>,
        /// Other funding the training is declared to have.
        other_sources: Vec<FundingSource>,
        /// Whether both parties' offer conditions are met.
        conditions_met: bool,
        /// Whether the employer has given the commitment.
        commitment_given: bool,
        /// Whether policy lets salary support go to this employer (`FUND-05`).
        payee_permitted: bool,
        /// What the person's funding lock says of this training.
        lock: LockAnswer,
    },
    /// See [`PayInstalment`].
    Pay {
        /// Which, from 1.
        number: u32,
        /// The training year, once it has started.
        year: Option<TrainingYear>,
    },
}

/// Facts of an award.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FundingAwardEvent {
    /// The commissioner approved tuition and salary.
    FundingAwardApproved {
        /// What it grants.
        award: Award,
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
}

impl FundingAward {
    /// What it grants, once approved.
    pub fn award(&self) -> Option<&Award> {
        match self {
            Self::Absent => None,
            Self::Active { award, .. } | Self::Completed { award, .. } => Some(award),
        }
    }

    /// The days on which instalments were paid, in order.
    pub fn paid(&self) -> &[Date] {
        match self {
            Self::Absent => &[],
            Self::Active { paid, .. } | Self::Completed { paid, .. } => paid,
        }
    }

    fn evolve(&mut self, event: FundingAwardEvent) {
        match (event, std::mem::take(self)) {
            (FundingAwardEvent::FundingAwardApproved { award }, _) => {
                *self = Self::Active {
                    award,
                    paid: vec![],
                };
            }
            (FundingAwardEvent::InstalmentPaid { on, .. }, Self::Active { award, mut paid }) => {
                paid.push(on);
                *self = Self::Active { award, paid };
            }
            (FundingAwardEvent::FundingAwardCompleted { .. }, Self::Active { award, paid }) => {
                *self = Self::Completed { award, paid }
            }
            (_, unchanged) => *self = unchanged,
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
            FundingAwardAct::Approve {
                award,
                other_sources,
                conditions_met,
                commitment_given,
                payee_permitted,
                lock,
            } => {
                if issued.by.tenant != award.appointment.commissioner {
                    return Err(Refusal::not_permitted());
                }
                if let Some(known) = self.award() {
                    return Refusal::unless_same(*known == **award, "the award");
                }
                if !conditions_met {
                    return Err(Refusal::new(
                        Reason::ConditionsNotMet,
                        "both parties' offer conditions are to be met first; wait for \
                         OfferConditionsMet",
                    ));
                }
                if !commitment_given {
                    return Err(Refusal::new(
                        Reason::CommitmentRequired,
                        "the employer has not committed to the qualified post; ask for \
                         GiveCommitment first",
                    ));
                }
                if !payee_permitted {
                    return Err(Refusal::new(
                        Reason::PayeeNotPermitted,
                        "salary support goes to employers of the sectors named by policy \
                         award.payee_sectors; another payee needs a decision on that policy",
                    ));
                }
                if other_sources.iter().any(|source| {
                    !matches!(
                        source,
                        FundingSource::NhseSalarySupport | FundingSource::None
                    )
                }) {
                    return Err(Refusal::new(
                        Reason::LevyFundingConflict,
                        "salary support excludes every other funding, the apprenticeship levy \
                         above all; end the other funding first",
                    ));
                }
                lock.or_refuse()?;
                Ok(vec![FundingAwardEvent::FundingAwardApproved {
                    award: *award.clone(),
                }])
            }
            FundingAwardAct::Pay { number, year } => self.pay(issued, *number, *year),
        }
    }

    /// The person's own view shows no money; the award is between commissioner and employer.
    fn custody(&self) -> Option<Custody> {
        self.award().map(|award| {
            let whose = &award.appointment;
            Custody::of(whose.commissioner, [whose.employer]).about(whose.person)
        })
    }
}

impl FundingAward {
    fn pay(
        &self,
        issued: &Issued<FundingAwardAct>,
        number: u32,
        year: Option<TrainingYear>,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let on = issued.today();
        let Some(award) = self
            .award()
            .filter(|award| award.appointment.commissioner == issued.by.tenant)
        else {
            return Err(Refusal::not_permitted());
        };
        let index = number.checked_sub(1).and_then(|n| usize::try_from(n).ok());
        let instalment = index.and_then(|n| {
            Some((
                n,
                instalments(award.salary_pence, award.instalments).nth(n)?,
            ))
        });
        let (Some((index, pence)), paid) = (instalment, self.paid()) else {
            return Err(Refusal::invalid(
                "number",
                format!("the award has instalments 1 to {}", award.instalments),
            ));
        };
        if let Some(known) = paid.get(index) {
            return Refusal::unless_same(*known == on, "the instalment");
        }
        if index != paid.len() {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                format!("instalments are paid in order; pay {} next", paid.len() + 1),
            ));
        }
        let Some(year) = year else {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "nothing is paid before both employment and enrolment are in force",
            ));
        };
        let due = months_later(year.starts, number - 1);
        if on < due || on > year.ends {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                format!(
                    "instalment {number} is payable from {due} to the end of the training year, {}",
                    year.ends
                ),
            )
            .with("payable_from", due)
            .with("payable_until", year.ends));
        }
        let mut events = vec![FundingAwardEvent::InstalmentPaid { number, pence, on }];
        if number == award.instalments {
            events.push(FundingAwardEvent::FundingAwardCompleted { on });
        }
        Ok(events)
    }
}

/// The commissioner approves the award of an appointed trainee (`FUND-01..03`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApproveAward {
    /// Whose.
    pub application: Id<Application>,
    /// Course fees, in pence; policy `award.tuition_pence` when absent.
    pub tuition_pence: Option<i64>,
    /// Trainee salary for the year, in pence; the entry point of the trainee band in policy
    /// `pay.table` when absent.
    pub salary_pence: Option<i64>,
    /// Other funding this training is declared to have; any real one conflicts (`FUND-09`).
    pub other_sources: Vec<FundingSource>,
}

impl Command for ApproveAward {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        text::at_most(&self.other_sources, "other_sources", OTHER_SOURCES_MAX)?;
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let appointed = Appointed::of(issue, world, self.application)?;
        let appointment = appointed.appointment;
        if commissioner != appointment.commissioner {
            return Err(Refusal::not_permitted().into());
        }
        let commitment = appointment.commitment();
        let commitment_given = world.read(commitment)?.covers(appointment.intake);
        let sectors: Vec<EmployerSector> =
            issue.policies.get("award.payee_sectors", issue.today())?;
        let sector = world.read(Tenant::id(appointment.employer))?.sector();
        let payee_permitted = sector.is_some_and(|sector| sectors.contains(&sector));
        let teaching_start = Intake::expect(world, appointment.intake)?.teaching_start;
        let lock = world.read(FundingLock::id(appointment.person))?.answer(
            &LockQuestion::another_training(teaching_start),
            Some(self.application),
            issue,
        )?;
        let id = appointment.award();
        let award = Award {
            tuition_pence: component(
                self.tuition_pence
                    .map_or_else(|| tuition(issue, &appointment.role), Ok)?,
                "tuition_pence",
            )?,
            salary_pence: component(
                self.salary_pence
                    .map_or_else(|| trainee_salary(issue, &appointment.role), Ok)?,
                "salary_pence",
            )?,
            instalments: issue.policies.get("award.instalments", issue.today())?,
            appointment,
            commitment,
        };
        let approve = FundingAwardAct::Approve {
            award: Box::new(award),
            other_sources: self.other_sources.clone(),
            conditions_met: appointed.conditions_met,
            commitment_given,
            payee_permitted,
            lock,
        };
        world.decide(issue, id, approve)?;
        Ok(id.key())
    }
}

/// One of the two components of an award; neither can be missing (`FUND-01`).
fn component(pence: i64, field: &'static str) -> Result<i64, Refusal> {
    if (1..=COMPONENT_PENCE_MAX).contains(&pence) {
        return Ok(pence);
    }
    Err(Refusal::invalid(
        field,
        format!("an award has both components, each 1 to {COMPONENT_PENCE_MAX} pence"),
    ))
}

/// Course fees of a role by policy.
fn tuition(issue: &Issue, role: &Role) -> Result<i64, Refusal> {
    let fees: BTreeMap<Role, i64> = issue.policies.get("award.tuition_pence", issue.today())?;
    fees.get(role).copied().ok_or_else(|| {
        Refusal::invalid(
            "tuition_pence",
            "policy names no fees for this role; name them",
        )
    })
}

/// A year at the entry point of a role's trainee band.
fn trainee_salary(issue: &Issue, role: &Role) -> Result<i64, Refusal> {
    let band = issue.policies.role(role, issue.today())?.trainee_band;
    let pay: BTreeMap<String, Vec<i64>> = issue.policies.get("pay.table", issue.today())?;
    band.and_then(|band| pay.get(&band.to_string())?.first().copied())
        .ok_or_else(|| {
            Refusal::invalid(
                "salary_pence",
                "policy names no entry pay of this role's trainees; name the salary",
            )
        })
}

/// The commissioner pays one month of salary to the employer, within the training year (`FUND-05`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PayInstalment {
    /// Of which award.
    pub award: Id<FundingAward>,
    /// Which, 1 to 12, in order.
    pub number: u32,
}

impl Command for PayInstalment {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let award = world.read_own(issue, self.award)?.award();
        let training = award.map(|award| award.appointment.training());
        let year = match training {
            Some(training) => world.read(training)?.year(),
            None => None,
        };
        let pay = FundingAwardAct::Pay {
            number: self.number,
            year,
        };
        world.decide(issue, self.award, pay)?;
        Ok(self.award.key())
    }
}

#[cfg(test)]
mod tests;
