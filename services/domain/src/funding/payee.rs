//! Who may be paid salary support, and what becomes of an award when the trainee's employer changes:
//! the old payee keeps what lies before the day, the new one is paid what lies after it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{
    AwardCourse, FundingAward, FundingAwardAct, FundingAwardEvent, InstalmentStanding, Share,
    held_award, payee_not_permitted, shares, year_of,
};
use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    directory::{EmployerSector, Tenant},
    id::Id,
    money::share,
    refusal::Refusal,
    text,
    training::TrainingYear,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest reason of an exception, in bytes.
pub const EXCEPTION_REASON_BYTES_MAX: usize = 500;

/// A commissioner's decision that an employer outside the sectors of policy may be paid (`X-13`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PayeeException(Option<GrantedException>);

/// What was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantedException {
    /// By whom.
    pub commissioner: TenantId,
    /// To which employer.
    pub payee: TenantId,
    /// From when.
    pub from: Date,
    /// Why.
    pub reason: String,
}

/// What an exception decides.
#[derive(Debug, Clone)]
pub enum PayeeExceptionAct {
    /// See [`GrantPayeeException`].
    Grant(GrantedException),
}

/// Facts of an exception.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum PayeeExceptionEvent {
    /// An employer may be paid although policy names other sectors.
    PayeeExceptionGranted {
        /// To whom, from when, why.
        exception: GrantedException,
    },
}

aggregate!(
    PayeeException,
    "payee_exception",
    PayeeExceptionAct,
    PayeeExceptionEvent
);

impl PayeeException {
    /// The id of a commissioner's exception for an employer.
    pub fn id(commissioner: TenantId, payee: TenantId) -> Id<Self> {
        Id::derive(commissioner, &[payee.0])
    }

    /// What was granted.
    pub fn granted(&self) -> Option<&GrantedException> {
        self.0.as_ref()
    }

    fn evolve(&mut self, event: PayeeExceptionEvent) {
        let PayeeExceptionEvent::PayeeExceptionGranted { exception } = event;
        self.0 = Some(exception);
    }
}

impl Decider for PayeeException {
    type Act = PayeeExceptionAct;
    const COLLECTION: &'static str = "payeeExceptions";

    fn decide(
        &self,
        issued: &Issued<PayeeExceptionAct>,
    ) -> Result<Vec<PayeeExceptionEvent>, Refusal> {
        let PayeeExceptionAct::Grant(exception) = &issued.act;
        if let Some(known) = self.granted() {
            return Refusal::unless_same(known == exception, "the exception");
        }
        Ok(vec![PayeeExceptionEvent::PayeeExceptionGranted {
            exception: exception.clone(),
        }])
    }

    fn custody(&self) -> Option<Custody> {
        self.granted()
            .map(|granted| Custody::of(granted.commissioner, [granted.payee]))
    }
}

/// Whether salary support may go to an employer: by its sector, or by an exception (`FUND-05`,
/// `X-13`).
pub(crate) fn permitted_payee(
    issue: &Issue,
    world: &mut World,
    commissioner: TenantId,
    payee: TenantId,
) -> Result<bool, Halt> {
    let sectors: Vec<EmployerSector> = issue.policies.get("award.payee_sectors", issue.today())?;
    let sector = world.read(Tenant::id(payee))?.sector();
    if sector.is_some_and(|sector| sectors.contains(&sector)) {
        return Ok(true);
    }
    let exception = world.read(PayeeException::id(commissioner, payee))?;
    Ok(exception
        .granted()
        .is_some_and(|granted| granted.from <= issue.today()))
}

impl FundingAward {
    /// The id of the award from which a later payee is paid for an application.
    pub fn of_payee(
        commissioner: TenantId,
        application: Id<Application>,
        payee: TenantId,
    ) -> Id<Self> {
        Id::derive(commissioner, &[application.0, payee.0])
    }

    /// The awards from which a payee is paid for an application, one for each time its trainee comes
    /// to it.
    pub(super) fn turns(
        commissioner: TenantId,
        application: Id<Application>,
        payee: TenantId,
    ) -> impl Iterator<Item = Id<Self>> {
        (1..).map(move |turn| {
            let mut key = vec![application.0];
            key.resize(1_usize.saturating_add(turn), payee.0);
            Id::derive(commissioner, &key)
        })
    }

    /// What of each instalment lies on or after a day and so is the next payee's: an instalment
    /// pays the calendar month its own day lies in.
    pub(super) fn after(
        &self,
        year: TrainingYear,
        day: Date,
        standing: InstalmentStanding,
    ) -> Vec<Share> {
        let month_of = |date: Date| date.first_of_month();
        shares(
            self.months
                .iter()
                .filter(|(_, month)| month.standing == standing)
                .map(|(number, month)| {
                    let own = month_of(self.payable_from(year, *number));
                    let pence = if own > month_of(day) {
                        month.net()
                    } else if own == month_of(day) {
                        let length = u32::from(day.days_in_month().unsigned_abs());
                        let before = u32::from(day.day().unsigned_abs()).saturating_sub(1);
                        share(month.net(), length.saturating_sub(before), length)
                    } else {
                        0
                    };
                    (*number, pence)
                }),
        )
    }

    pub(super) fn hand_over(&mut self, planned: &[Share], paid: &[Share]) {
        for share in planned {
            if let Some(month) = self.months.get_mut(&share.number) {
                month.pence = month.pence.saturating_sub(share.pence);
                month.shared = true;
                if month.pence == 0 {
                    month.standing = InstalmentStanding::Moved;
                }
            }
        }
        for share in paid {
            if let Some(month) = self.months.get_mut(&share.number) {
                month.adjusted = month.adjusted.saturating_sub(share.pence);
                month.shared = true;
            }
        }
    }

    pub(super) fn end_payee(
        &self,
        issued: &Issued<FundingAwardAct>,
        to: TenantId,
        year: Option<TrainingYear>,
        permitted: bool,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let by_rule = issued.by.kind == TenantKind::Platform;
        if !by_rule {
            self.own(issued)?;
            if self.payee == Some(to) {
                return Err(Refusal::invalid("payee", "is paid already"));
            }
            if !permitted {
                return Err(payee_not_permitted());
            }
            if year.is_none() {
                return Err(Refusal::state_not_allowed(
                    "the training has not started; approve the award for the new employer instead",
                ));
            }
        }
        let on = issued.today();
        let (planned, paid) = self.passing(year, on);
        if !self.live() || (planned.is_empty() && paid.is_empty()) {
            if by_rule {
                return Ok(vec![]);
            }
            return Err(Refusal::state_not_allowed(
                "nothing of the award lies after that day; see its instalments",
            ));
        }
        let mut kept = self.clone();
        kept.hand_over(&planned, &paid);
        let done = !self.completed && kept.planned().next().is_none();
        let mut events = vec![FundingAwardEvent::PayeeEnded { planned, paid, on }];
        if done {
            events.push(FundingAwardEvent::FundingAwardCompleted { on });
        }
        Ok(events)
    }

    /// What is the next payee's from a day on, of what is planned and of what was paid; all of it
    /// while the training has not started.
    pub(super) fn passing(&self, year: Option<TrainingYear>, on: Date) -> (Vec<Share>, Vec<Share>) {
        match year {
            None => (self.planned().collect(), vec![]),
            Some(year) => (
                self.after(year, on, InstalmentStanding::Planned),
                self.after(year, on, InstalmentStanding::Paid),
            ),
        }
    }

    /// What suspensions have made of instalments that pass to the next payee.
    pub(super) fn course(
        &self,
        year: Option<TrainingYear>,
        passing: &[Share],
    ) -> Option<AwardCourse> {
        let moved = year.filter(|_| !self.resumed.is_empty());
        let payable = moved.map(|year| {
            let numbers = passing.iter().map(|share| share.number);
            numbers
                .map(|number| (number, self.payable_from(year, number)))
                .collect()
        });
        let course = AwardCourse {
            payable: payable.unwrap_or_default(),
            until: self.until,
            suspended: self.suspended,
        };
        (course != AwardCourse::default()).then_some(course)
    }
}

/// The commissioner lets an employer be paid although policy names other sectors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GrantPayeeException {
    /// Which employer.
    pub payee: TenantId,
    /// Why.
    pub reason: String,
}

impl Command for GrantPayeeException {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reason = text::required(&self.reason, "reason", EXCEPTION_REASON_BYTES_MAX)?;
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        if world.read(Tenant::id(self.payee))?.sector().is_none() {
            return Err(Refusal::not_permitted().into());
        }
        let exception = GrantedException {
            commissioner,
            payee: self.payee,
            from: issue.today(),
            reason,
        };
        Ok(except(issue, world, exception)?.key())
    }
}

/// Grants an exception, once its commissioner is known to ask for it.
pub(crate) fn except(
    issue: &Issue,
    world: &mut World,
    exception: GrantedException,
) -> Result<Id<PayeeException>, Halt> {
    let id = PayeeException::id(exception.commissioner, exception.payee);
    world.decide(issue, id, PayeeExceptionAct::Grant(exception))?;
    Ok(id)
}

/// Another employer is paid from the effective day on, because it took the trainee's clinical
/// service over. What was paid for later days comes back in the old payee's next statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangePayee {
    /// The award of the old payee.
    pub award: Id<FundingAward>,
    /// The new one.
    pub payee: TenantId,
}

impl Command for ChangePayee {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let Some(award) = world.read_own(issue, self.award)?.award().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let (commissioner, application) = (
            award.appointment.commissioner,
            award.appointment.application,
        );
        let last = held_award(world, commissioner, application, self.payee)?;
        if world.read(last)?.from == Some(self.award) {
            return Ok(self.award.key());
        }
        let permitted = permitted_payee(issue, world, commissioner, self.payee)?;
        Ok(pass_on(issue, world, self.award, self.payee, permitted)?.key())
    }
}

/// Ends the payee of one award and begins the award of the next; the one that is paid from then on.
/// By rule nothing happens where nothing is left to pass on.
pub(super) fn pass_on(
    issue: &Issue,
    world: &mut World,
    from: Id<FundingAward>,
    payee: TenantId,
    permitted: bool,
) -> Result<Id<FundingAward>, Halt> {
    let old = world.read(from)?.clone();
    let year = year_of(world, &old)?;
    let end = FundingAwardAct::EndPayee {
        to: payee,
        year,
        permitted,
    };
    if *world.decide(issue, from, end)? == old {
        return Ok(from);
    }
    let Some(award) = old.award().cloned() else {
        return Ok(from);
    };
    let whose = &award.appointment;
    let mut next = from;
    for turn in FundingAward::turns(whose.commissioner, whose.application, payee) {
        next = turn;
        if world.read(turn)?.award().is_none() {
            break;
        }
    }
    let (mut instalments, paid) = old.passing(year, issue.today());
    instalments.extend(paid);
    instalments.sort_unstable();
    let take_over = FundingAwardAct::TakeOver {
        course: old.course(year, &instalments),
        award: Box::new(award),
        payee,
        from,
        instalments,
    };
    world.decide_beyond(issue, next, take_over)?;
    Ok(next)
}
