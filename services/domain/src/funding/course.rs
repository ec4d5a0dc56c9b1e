//! An award that does not run to its end: stopped, and what was not earned comes back; reinstated
//! when the stop was a mistake; never another role's, intake's or employer's.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    ApproveAward, Award, CaseEnd, FundingAward, FundingAwardAct, FundingAwardEvent, Instalment,
    InstalmentStanding, PayeeAccount, PayeeAccountAct, RecoveryCase, RecoveryGround, RecoveryRule,
    Share, StopGround, held_award, shares, year_of,
};
use crate::{
    actor::TenantKind,
    application::Application,
    appointment::{Appointed, Appointment},
    calendar::days_between,
    id::Id,
    money::share,
    offer::Offer,
    policy::catalogue::FundingSource,
    refusal::{Reason, Refusal},
    training::TrainingYear,
    vacancy::Vacancy,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

impl FundingAward {
    /// What is unpaid is void and never claimed back; what was paid for days after the last one is
    /// not earned and comes back by policy `recovery.rule`. A rule ends nothing anew, but where it
    /// learns of an earlier last day than it had; then what it claims takes the place of its first
    /// claim.
    pub(super) fn stop(
        &self,
        issued: &Issued<FundingAwardAct>,
        ground: StopGround,
        last: Date,
        year: Option<TrainingYear>,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let by_rule = issued.by.kind == TenantKind::Platform;
        if !by_rule {
            self.own(issued)?;
        }
        if self.award().is_none() {
            return Ok(vec![]);
        }
        let mut events = vec![];
        if let Some((known, why)) = self.stopped {
            if !by_rule {
                return Refusal::unless_same(known == last, "the end of the award");
            }
            if !why.follows_training() || known <= last {
                return Ok(vec![]);
            }
            events.extend(self.withdrawn_cases(issued.today()));
        }
        let mut before = self.clone();
        for event in &events {
            before.evolve(event.clone());
        }
        let rule: RecoveryRule = issued.policies.get("recovery.rule", last)?;
        let voided: Vec<Share> = before.planned().collect();
        let unearned = before.months.iter().map(|(number, month)| {
            let pence = match (year, month.standing) {
                (Some(year), InstalmentStanding::Paid) => {
                    unearned(month, self.payable_from(year, *number), last, rule)
                }
                _ => 0,
            };
            (*number, pence)
        });
        let lines = shares(unearned);
        if voided.is_empty() && lines.is_empty() {
            if by_rule {
                return Ok(vec![]);
            }
            return Err(Refusal::state_not_allowed(
                "the award is paid in full and earned; there is nothing to stop",
            ));
        }
        events.push(FundingAwardEvent::FundingAwardStopped { on: last, ground });
        if !voided.is_empty() {
            events.push(FundingAwardEvent::InstalmentsVoided {
                instalments: voided,
                on: last,
            });
        }
        events.extend(before.open_case(RecoveryGround::LeftTraining, lines, last));
        Ok(events)
    }

    /// Open claims for the time after the last day fall with it.
    fn withdrawn_cases(&self, on: Date) -> Vec<FundingAwardEvent> {
        self.cases()
            .filter(|(case, end)| case.ground == RecoveryGround::LeftTraining && end.is_none())
            .map(|(case, _)| FundingAwardEvent::RecoveryCaseEnded {
                case: case.number,
                end: CaseEnd::Withdrawn,
                pence: case.pence(),
                on,
            })
            .collect()
    }

    /// Open cases of the stop fall with it; what was settled already goes back as an adjustment.
    /// A rule takes back only what a rule had stopped because training or offer had ended. Where the time
    /// since was no training, the months still to be paid follow the return.
    pub(super) fn reinstate(
        &self,
        issued: &Issued<FundingAwardAct>,
        made_up: Option<TrainingYear>,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let by_rule = issued.by.kind == TenantKind::Platform;
        if !by_rule {
            self.own(issued)?;
        }
        let on = issued.today();
        let Some((stopped_on, ground)) = self.stopped else {
            if by_rule {
                return Ok(vec![]);
            }
            return Err(Refusal::state_not_allowed(
                "the award runs; nothing to take back",
            ));
        };
        if by_rule && (!ground.yields_to_rule() || self.other_funding.is_some()) {
            return Ok(vec![]);
        }
        if ground == StopGround::Reallocated {
            return Err(Refusal::state_not_allowed(
                "the award went to another trainee; approve a new one",
            ));
        }
        if self.other_funding.is_some() {
            return Err(Refusal::new(
                Reason::LevyFundingConflict,
                "other funding pays for the training by now; end it first",
            ));
        }
        let instalments = self
            .months
            .iter()
            .filter(|(_, month)| month.standing == InstalmentStanding::Voided)
            .map(|(number, month)| Share {
                number: *number,
                pence: month.pence,
            })
            .collect();
        let settled = |(case, end): &(&RecoveryCase, Option<&CaseEnd>)| {
            case.ground == RecoveryGround::LeftTraining
                && !self.given_back.contains(&case.number)
                && matches!(end, Some(CaseEnd::Settled { .. }))
        };
        let settled: Vec<&RecoveryCase> =
            self.cases().filter(settled).map(|(case, _)| case).collect();
        let mut events = vec![FundingAwardEvent::FundingAwardReinstated {
            stopped_on,
            instalments,
            given_back: settled.iter().map(|case| case.number).collect(),
            on,
        }];
        events.extend(self.withdrawn_cases(on));
        let given_back = settled.iter().flat_map(|case| &case.lines);
        events.extend(
            given_back.map(|line| FundingAwardEvent::InstalmentAdjusted {
                number: line.number,
                pence: line.pence,
                from: on,
            }),
        );
        let away = stopped_on.saturating_add(1.days());
        if made_up.is_some() && self.suspended.is_none() && away < on {
            let mut after = self.clone();
            for event in &events {
                after.evolve(event.clone());
            }
            let moved = days_between(away, on).unwrap_or_default();
            events.push(after.resumption(away, on, made_up, moved));
        }
        Ok(events)
    }

    pub(super) fn declare_other_funding(
        &self,
        issued: &Issued<FundingAwardAct>,
        source: FundingSource,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        if matches!(
            source,
            FundingSource::NhseSalarySupport | FundingSource::None
        ) {
            return Err(Refusal::invalid("source", "name the other funding"));
        }
        if self.award().is_none() {
            return Err(Refusal::not_permitted());
        }
        if self.live() {
            return Err(levy_conflict());
        }
        if let Some(known) = self.other_funding {
            return Refusal::unless_same(known == source, "the other funding");
        }
        Ok(vec![FundingAwardEvent::OtherFundingDeclared {
            source,
            on: issued.today(),
        }])
    }
}

pub(super) fn levy_conflict() -> Refusal {
    Refusal::new(
        Reason::LevyFundingConflict,
        "salary support excludes every other funding, the apprenticeship levy above all; end the \
         one before the other begins",
    )
}

/// What of a paid month was not earned by the last day, in pence. An instalment pays the calendar
/// month its own day lies in.
fn unearned(month: &Instalment, payable_from: Date, last: Date, rule: RecoveryRule) -> i64 {
    let (paid, left) = (payable_from.first_of_month(), last.first_of_month());
    let net = month.net();
    if rule == RecoveryRule::None || paid < left {
        return 0;
    }
    if paid > left || rule == RecoveryRule::FullSalary {
        return net;
    }
    let length = u32::from(last.days_in_month().unsigned_abs());
    let worked = u32::from(last.day().unsigned_abs());
    match rule {
        RecoveryRule::ProRataDays => share(net, length.saturating_sub(worked), length),
        RecoveryRule::WholeMonths | RecoveryRule::FullSalary | RecoveryRule::None => 0,
    }
}

/// Ends an award before its time, on the effective day, the last one earned. The commissioner asks
/// for it; so does the rule when a trainee leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StopAward {
    /// Which.
    pub award: Id<FundingAward>,
}

impl Command for StopAward {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let award = world.read(self.award)?.clone();
        let ground = if issue.by.kind == TenantKind::Platform {
            StopGround::LeftTraining
        } else {
            StopGround::Commissioner
        };
        let stop = FundingAwardAct::Stop {
            ground,
            last: issue.today(),
            year: year_of(world, &award)?,
        };
        change(issue, world, self.award, stop)?;
        Ok(self.award.key())
    }
}

/// Stops the award of somebody whose employment ended; asked for by a reaction on that end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteTraineeLeft {
    /// Whose.
    pub appointment: Appointment,
}

impl Command for NoteTraineeLeft {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let whose = &self.appointment;
        let award = held_award(world, whose.commissioner, whose.application, whose.employer)?;
        StopAward { award }.run(issue, world)
    }
}

/// Stops the award of somebody whose accepted offer fell before the training; asked for by a
/// reaction on that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteOfferFell {
    /// Which offer.
    pub offer: Id<Offer>,
}

impl Command for NoteOfferFell {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let award = award_of(world, self.offer)?;
        if world.read(self.offer)?.conditions_met() {
            return Ok(award.key());
        }
        let granted = world.read(award)?.clone();
        let stop = FundingAwardAct::Stop {
            ground: StopGround::OfferFell,
            last: issue.today(),
            year: year_of(world, &granted)?,
        };
        world.decide_beyond(issue, award, stop)?;
        Ok(award.key())
    }
}

/// The award of whom an offer appoints.
fn award_of(world: &mut World, offer: Id<Offer>) -> Result<Id<FundingAward>, Halt> {
    let Some(terms) = world.read(offer)?.terms().cloned() else {
        return Err(Refusal::not_permitted().into());
    };
    let commissioner = Vacancy::expect(world, terms.vacancy)?.commissioner;
    held_award(world, commissioner, terms.application, terms.employer)
}

/// Takes the end of an award back that ended with an offer which was reinstated and holds again; asked
/// for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteOfferHolds {
    /// Which offer.
    pub offer: Id<Offer>,
}

impl Command for NoteOfferHolds {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let award = award_of(world, self.offer)?;
        let ended = world.read(award)?.stopped;
        if ended.is_some_and(|(_, ground)| ground == StopGround::OfferFell) {
            let reinstate = FundingAwardAct::Reinstate { made_up: None };
            world.decide_beyond(issue, award, reinstate)?;
        }
        Ok(award.key())
    }
}

/// Takes the end of an award back: what was void is planned again, what was to come back is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReinstateAward {
    /// Which.
    pub award: Id<FundingAward>,
}

impl Command for ReinstateAward {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reinstate = FundingAwardAct::Reinstate { made_up: None };
        let after = change(issue, world, self.award, reinstate)?;
        after.award().ok_or_else(Refusal::not_permitted)?;
        Ok(self.award.key())
    }
}

/// Decides what ends an award or takes its end back; claims that fall with it are stated no more.
pub(super) fn change(
    issue: &Issue,
    world: &mut World,
    award: Id<FundingAward>,
    act: FundingAwardAct,
) -> Result<FundingAward, Halt> {
    let before = world.read(award)?.clone();
    let after = world.decide(issue, award, act)?.clone();
    let (Some(granted), Some(payee)) = (after.award(), after.payee()) else {
        return Ok(after);
    };
    let between = (granted.appointment.commissioner, payee);
    for (case, end) in after.cases() {
        let open = before
            .case(case.number)
            .is_some_and(|(_, end)| end.is_none());
        if open && end == Some(&CaseEnd::Withdrawn) {
            let withdraw = PayeeAccountAct::Withdraw {
                between,
                award,
                case: case.number,
            };
            world.decide(issue, PayeeAccount::id(between.0, between.1), withdraw)?;
        }
    }
    Ok(after)
}

/// Gives an award of which nothing was paid to another appointed trainee of the same role, intake
/// and employer; to no other (`FUND-10`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReallocateAward {
    /// Which.
    pub award: Id<FundingAward>,
    /// To whom.
    pub application: Id<Application>,
}

impl Command for ReallocateAward {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let award = world.read_own(issue, self.award)?.clone();
        let Some(granted) = award.award() else {
            return Err(Refusal::not_permitted().into());
        };
        let Appointed { appointment, .. } = Appointed::of(issue, world, self.application)?;
        let from = &granted.appointment;
        if (&from.role, from.intake, from.employer)
            != (&appointment.role, appointment.intake, appointment.employer)
        {
            return Err(Refusal::new(
                Reason::AwardNotTransferable,
                "an award stays with its role, intake and employer; stop it and approve another",
            )
            .into());
        }
        if award.instalments().any(|(_, month)| month.paid.is_some()) {
            return Err(Refusal::state_not_allowed(
                "salary was paid from the award; stop it and approve another",
            )
            .into());
        }
        let approve = approval_like(granted, self.application);
        let stop = FundingAwardAct::Stop {
            ground: StopGround::Reallocated,
            last: issue.today(),
            year: None,
        };
        world.decide(issue, self.award, stop)?;
        approve.run(issue, world)
    }
}

fn approval_like(award: &Award, application: Id<Application>) -> ApproveAward {
    ApproveAward {
        application,
        tuition_pence: Some(award.tuition_pence),
        salary_pence: Some(award.salary_pence),
        other_sources: vec![],
    }
}

/// Somebody says that other funding pays for a training: impossible beside an award (`FUND-09`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclareOtherFunding {
    /// The training's award.
    pub award: Id<FundingAward>,
    /// Which funding.
    pub source: FundingSource,
}

impl Command for DeclareOtherFunding {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = FundingAwardAct::DeclareOtherFunding(self.source);
        world.decide(issue, self.award, act)?;
        Ok(self.award.key())
    }
}
