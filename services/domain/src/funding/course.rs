//! An award that does not run to its end: stopped, and what was not earned comes back; reinstated
//! when the stop was a mistake; never another role's, intake's or employer's.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    ApproveAward, Award, CaseEnd, FundingAward, FundingAwardAct, FundingAwardEvent, Instalment,
    InstalmentStanding, PayeeAccount, PayeeAccountAct, RecoveryGround, RecoveryRule, Share,
    StopGround, held_award, shares, year_of,
};
use crate::{
    actor::TenantKind,
    application::Application,
    appointment::{Appointed, Appointment},
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
    /// not earned and comes back by policy `recovery.rule`.
    pub(super) fn stop(
        &self,
        issued: &Issued<FundingAwardAct>,
        ground: StopGround,
        year: Option<TrainingYear>,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let by_rule = issued.by.kind == TenantKind::Platform;
        if !by_rule {
            self.own(issued)?;
        }
        let on = issued.today();
        if self.award().is_none() {
            return Ok(vec![]);
        }
        if let Some((known, _)) = self.stopped {
            if by_rule {
                return Ok(vec![]);
            }
            return Refusal::unless_same(known == on, "the end of the award");
        }
        let rule: RecoveryRule = issued.policies.get("recovery.rule", on)?;
        let voided: Vec<Share> = self.planned().collect();
        let unearned = self.months.iter().map(|(number, month)| {
            let pence = match (year, month.standing) {
                (Some(year), InstalmentStanding::Paid) => {
                    unearned(month, self.payable_from(year, *number), on, rule)
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
        let mut events = vec![FundingAwardEvent::FundingAwardStopped { on, ground }];
        if !voided.is_empty() {
            events.push(FundingAwardEvent::InstalmentsVoided {
                instalments: voided,
                on,
            });
        }
        events.extend(self.open_case(RecoveryGround::LeftTraining, lines, on));
        Ok(events)
    }

    /// Open cases of the stop fall with it; what was settled already goes back as an adjustment.
    pub(super) fn reinstate(
        &self,
        issued: &Issued<FundingAwardAct>,
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
        let (mut ends, mut given_back) = (vec![], vec![]);
        for (case, end) in self.cases() {
            if case.ground != RecoveryGround::LeftTraining || self.given_back.contains(&case.number)
            {
                continue;
            }
            match end {
                None => ends.push(FundingAwardEvent::RecoveryCaseEnded {
                    case: case.number,
                    end: CaseEnd::Withdrawn,
                    pence: case.pence(),
                    on,
                }),
                Some(CaseEnd::Settled { .. }) => {
                    given_back.push(case.number);
                    ends.extend(case.lines.iter().map(|line| {
                        FundingAwardEvent::InstalmentAdjusted {
                            number: line.number,
                            pence: line.pence,
                            from: on,
                        }
                    }));
                }
                Some(_) => {}
            }
        }
        let mut events = vec![FundingAwardEvent::FundingAwardReinstated {
            stopped_on,
            instalments,
            given_back,
            on,
        }];
        events.extend(ends);
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
            year: year_of(world, &award)?,
        };
        world.decide(issue, self.award, stop)?;
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
        let Some(terms) = world.read(self.offer)?.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let commissioner = Vacancy::expect(world, terms.vacancy)?.commissioner;
        let award = held_award(world, commissioner, terms.application, terms.employer)?;
        let granted = world.read(award)?.clone();
        let stop = FundingAwardAct::Stop {
            ground: StopGround::OfferFell,
            year: year_of(world, &granted)?,
        };
        world.decide_beyond(issue, award, stop)?;
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
        let before = world.read(self.award)?.clone();
        let after = world
            .decide(issue, self.award, FundingAwardAct::Reinstate)?
            .clone();
        let (Some(granted), Some(payee)) = (after.award(), after.payee()) else {
            return Err(Refusal::not_permitted().into());
        };
        let between = (granted.appointment.commissioner, payee);
        for (case, end) in after.cases() {
            let open = before
                .case(case.number)
                .is_some_and(|(_, end)| end.is_none());
            if open && end == Some(&CaseEnd::Withdrawn) {
                let withdraw = PayeeAccountAct::Withdraw {
                    between,
                    award: self.award,
                    case: case.number,
                };
                world.decide(issue, PayeeAccount::id(between.0, between.1), withdraw)?;
            }
        }
        Ok(self.award.key())
    }
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
