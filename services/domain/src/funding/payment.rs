//! Instalment by instalment: paid in order and in their months, suspended and resumed with the
//! training, and following a change of pay.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    AwardStatus, FundingAward, FundingAwardAct, FundingAwardEvent, InstalmentStanding, Share,
    instalments, trainee_salary,
};
use crate::{
    actor::TenantKind,
    calendar::{days_between, months_later},
    id::Id,
    refusal::{Reason, Refusal},
    training::{Training, TrainingYear},
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// Nothing falls due from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspended {
    /// The first day.
    pub on: Date,
    /// Whether it goes with an interruption of the training; what the commissioner suspends, only
    /// the commissioner resumes.
    pub by_rule: bool,
}

/// What suspensions have made of an award, as the next payee takes it over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwardCourse {
    /// From which day each instalment is payable; empty while they follow the training year.
    pub payable: Vec<(u32, Date)>,
    /// The last day of payment, where it is another than the year's.
    pub until: Option<Date>,
    /// Since when nothing falls due.
    pub suspended: Option<Suspended>,
}

impl FundingAward {
    /// The day from which an instalment is payable: its month of the training year, or of what is
    /// left of it after an interruption.
    pub fn payable_from(&self, year: TrainingYear, number: u32) -> Date {
        let (first, from) = self
            .resumed
            .iter()
            .rev()
            .find(|(first, _)| *first <= number)
            .copied()
            .unwrap_or((1, year.starts));
        months_later(from, number.saturating_sub(first))
    }

    /// The last day of payment.
    pub(super) fn payable_until(&self, year: TrainingYear) -> Date {
        self.until.map_or(year.ends, |until| until.max(year.ends))
    }

    pub(super) fn pay(
        &self,
        issued: &Issued<FundingAwardAct>,
        number: u32,
        year: Option<TrainingYear>,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let on = issued.today();
        let award = self.own(issued)?;
        let Some(month) = self.months.get(&number) else {
            return Err(Refusal::invalid(
                "number",
                format!("the award has instalments 1 to {}", award.instalments),
            ));
        };
        if let Some(paid) = month.paid {
            return Refusal::unless_same(paid == on, "the instalment");
        }
        if month.standing != InstalmentStanding::Planned {
            return Err(Refusal::state_not_allowed(
                "the instalment is void or another payee's; see the award",
            ));
        }
        let next = self.planned().next().map_or(number, |share| share.number);
        if number != next {
            return Err(Refusal::state_not_allowed(format!(
                "instalments are paid in order; pay {next} next"
            )));
        }
        let Some(year) = year else {
            return Err(Refusal::state_not_allowed(
                "nothing is paid before both employment and enrolment are in force",
            ));
        };
        let (due, until) = (self.payable_from(year, number), self.payable_until(year));
        if on < due || on > until {
            return Err(Refusal::state_not_allowed(format!(
                "instalment {number} is payable from {due} to the end of the training year, {until}"
            ))
            .with("payable_from", due)
            .with("payable_until", until));
        }
        let suspended = self.suspended.map(|suspended| suspended.on);
        if let Some(suspended) = suspended.filter(|suspended| due >= *suspended) {
            return Err(Refusal::state_not_allowed(format!(
                "the training is interrupted since {suspended}; resume the award first"
            )));
        }
        let pence = month.pence;
        let mut events = vec![FundingAwardEvent::InstalmentPaid { number, pence, on }];
        if self.planned().all(|share| share.number == number) {
            events.push(FundingAwardEvent::FundingAwardCompleted { on });
        }
        Ok(events)
    }

    pub(super) fn suspend(
        &self,
        issued: &Issued<FundingAwardAct>,
        on: Date,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let by_rule = issued.by.kind == TenantKind::Platform;
        if !by_rule {
            self.own(issued)?;
        }
        match (self.status(), self.suspended) {
            (AwardStatus::Active, _) => Ok(vec![FundingAwardEvent::FundingAwardSuspended {
                on,
                by_rule,
            }]),
            _ if by_rule => Ok(vec![]),
            (AwardStatus::Suspended, Some(known)) => {
                Refusal::unless_same(known.on == on, "the suspension")
            }
            _ => Err(Refusal::state_not_allowed(
                "the award has ended; there is nothing to suspend",
            )),
        }
    }

    /// By rule only what the rule had suspended is resumed, also of an award that was stopped since
    /// and may be reinstated.
    pub(super) fn resume(
        &self,
        issued: &Issued<FundingAwardAct>,
        year: Option<TrainingYear>,
        counted: i64,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let by_rule = issued.by.kind == TenantKind::Platform;
        if !by_rule {
            self.own(issued)?;
        }
        let on = issued.today();
        let Some(suspended) = self.suspended.filter(|_| by_rule || self.live()) else {
            if by_rule {
                return Ok(vec![]);
            }
            return Err(Refusal::state_not_allowed(
                "the award is not suspended; suspend it first",
            ));
        };
        if by_rule && (!suspended.by_rule || on < suspended.on) {
            return Ok(vec![]);
        }
        if on < suspended.on {
            return Err(Refusal::state_not_allowed(format!(
                "the award is suspended from {}; resume it then or later",
                suspended.on
            )));
        }
        Ok(vec![self.resumption(suspended.on, on, year, counted)])
    }

    /// The months still to be paid follow the return. The last day of payment is that of the training
    /// year, and moves by itself only for days by which the year has not moved: each counts once.
    pub(super) fn resumption(
        &self,
        from: Date,
        on: Date,
        year: Option<TrainingYear>,
        counted: i64,
    ) -> FundingAwardEvent {
        let days = days_between(from, on).unwrap_or_default();
        let own = self.until.map(|until| until.saturating_add(days.days()));
        let beyond = days.saturating_sub(counted).max(0);
        let of_year = year.map(|year| year.ends.saturating_add(beyond.days()));
        let next = year.and_then(|year| {
            self.planned()
                .find(|share| self.payable_from(year, share.number) >= from)
                .filter(|share| self.payable_from(year, share.number) < on)
        });
        FundingAwardEvent::FundingAwardResumed {
            on,
            next,
            until: own.max(of_year),
        }
    }

    /// What is planned takes the new amount; what was paid gets the difference. A month that was
    /// claimed back or divided between payees keeps what was settled about it.
    pub(super) fn apply_pay_change(
        &self,
        issued: &Issued<FundingAwardAct>,
        salary_pence: i64,
        year: Option<TrainingYear>,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let award = self.own(issued)?;
        let from = issued.today();
        let Some(year) = year else {
            return Err(Refusal::state_not_allowed(
                "no month is paid before the training has started; approve the award anew",
            ));
        };
        let amounts = (1..).zip(instalments(salary_pence, award.instalments));
        let changed = amounts.filter_map(|(number, pence)| {
            let month = self.months.get(&number)?;
            if month.shared || self.payable_from(year, number) < from.first_of_month() {
                return None;
            }
            match month.standing {
                InstalmentStanding::Planned if month.pence != pence => {
                    Some(FundingAwardEvent::InstalmentRestated {
                        number,
                        was: month.pence,
                        pence,
                        from,
                    })
                }
                InstalmentStanding::Paid if month.net() != pence => {
                    Some(FundingAwardEvent::InstalmentAdjusted {
                        number,
                        pence: pence.saturating_sub(month.net()),
                        from,
                    })
                }
                _ => None,
            }
        });
        Ok(changed.collect())
    }
}

impl FundingAward {
    /// To resume it on a day, as the training stands: an interruption that is over has moved the
    /// year already.
    pub(super) fn resume_on(&self, world: &mut World, on: Date) -> Result<FundingAwardAct, Halt> {
        let (Some(award), Some(suspended)) = (self.award(), self.suspended) else {
            let (year, counted) = (None, 0);
            return Ok(FundingAwardAct::Resume { year, counted });
        };
        let training = Training::of(world, award.appointment.application)?;
        let training = world.read(training)?;
        let moved = training.course().interruptions().iter().filter_map(|gap| {
            let back = gap.resumed?;
            days_between(gap.from.max(suspended.on), back.min(on)).filter(|days| *days > 0)
        });
        Ok(FundingAwardAct::Resume {
            year: training.year(),
            counted: moved.fold(0, i64::saturating_add),
        })
    }
}

/// The training year of an award's trainee, once it has started.
pub(super) fn year_of(
    world: &mut World,
    award: &FundingAward,
) -> Result<Option<TrainingYear>, Halt> {
    let Some(application) = award.award().map(|award| award.appointment.application) else {
        return Ok(None);
    };
    let training = Training::of(world, application)?;
    Ok(world.read(training)?.year())
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
        let award = world.read_own(issue, self.award)?.clone();
        let pay = FundingAwardAct::Pay {
            number: self.number,
            year: year_of(world, &award)?,
        };
        world.decide(issue, self.award, pay)?;
        Ok(self.award.key())
    }
}

/// The training is interrupted: from the effective day nothing falls due.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuspendAward {
    /// Which.
    pub award: Id<FundingAward>,
}

impl Command for SuspendAward {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let from = issue.today();
        world.decide(issue, self.award, FundingAwardAct::Suspend { from })?;
        Ok(self.award.key())
    }
}

/// The training goes on from the effective day; the months still to be paid follow it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResumeAward {
    /// Which.
    pub award: Id<FundingAward>,
}

impl Command for ResumeAward {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let award = world.read_own(issue, self.award)?.clone();
        let resume = award.resume_on(world, issue.today())?;
        world.decide(issue, self.award, resume)?;
        Ok(self.award.key())
    }
}

/// Pay changed from the effective day on, perhaps long ago: the months from then on follow the pay
/// table of that day. Nothing already stated changes; differences go into the next statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApplyPayChange {
    /// Which award.
    pub award: Id<FundingAward>,
}

impl Command for ApplyPayChange {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let award = world.read_own(issue, self.award)?.clone();
        let Some(granted) = award.award() else {
            return Err(Refusal::not_permitted().into());
        };
        let salary_pence = trainee_salary(issue, &granted.appointment.role).map_err(|_| {
            Refusal::new(
                Reason::PolicyMissing,
                "policy pay.table has no entry pay of this role's trainees on that day",
            )
        })?;
        let change = FundingAwardAct::ApplyPayChange {
            salary_pence,
            year: year_of(world, &award)?,
        };
        world.decide(issue, self.award, change)?;
        Ok(self.award.key())
    }
}

/// A part of an instalment.
pub(super) fn shares(parts: impl Iterator<Item = (u32, i64)>) -> Vec<Share> {
    parts
        .filter(|(_, pence)| *pence > 0)
        .map(|(number, pence)| Share { number, pence })
        .collect()
}
