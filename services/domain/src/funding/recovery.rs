//! What comes back: only what was paid, each month once, set off in the next statement or waived.
//! Between commissioner and payee alone; the trainee never hears of it (C.4).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString};

use super::{
    FundingAward, FundingAwardAct, FundingAwardEvent, FundingStatement, InstalmentStanding,
    PayeeAccount, PayeeAccountAct, Share, shares,
};
use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    commitment::{
        BreachKind, BreachRegister, BreachRegisterAct, Broken, Commitment, Promise, Standing,
    },
    id::Id,
    money::share,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// The longest ground of a waiver, in bytes.
pub const GROUND_BYTES_MAX: usize = 40;

/// How much comes back, policies `recovery.rule`, `recovery.breach` and `recovery.not_maintained`
/// (`X-14`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RecoveryRule {
    /// By days: of the month of leaving, or of the maintenance period.
    ProRataDays,
    /// Only months not begun.
    WholeMonths,
    /// All that was paid.
    FullSalary,
    /// Nothing.
    None,
}

/// Why salary comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RecoveryGround {
    /// It was paid for days after the training (D.9).
    LeftTraining,
    /// No qualified post came (`FUND-08`).
    NoQualifiedPost,
    /// The post was not maintained (`FUND-02`).
    PostNotMaintained,
    /// The commissioner found it paid in error.
    Overpaid,
}

impl From<BreachKind> for RecoveryGround {
    fn from(kind: BreachKind) -> Self {
        match kind {
            BreachKind::NoQualifiedPost => Self::NoQualifiedPost,
            BreachKind::PostNotMaintained => Self::PostNotMaintained,
        }
    }
}

/// Salary that is to come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCase {
    /// From 1, per award.
    pub number: u32,
    /// Why.
    pub ground: RecoveryGround,
    /// What of which instalment.
    pub lines: Vec<Share>,
    /// The day.
    pub on: Date,
}

impl RecoveryCase {
    /// How much in all, in pence.
    pub fn pence(&self) -> i64 {
        self.lines
            .iter()
            .fold(0, |sum, line| sum.saturating_add(line.pence))
    }
}

/// How a recovery is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseEnd {
    /// Set off in a statement.
    Settled {
        /// Which.
        statement: Id<FundingStatement>,
    },
    /// The commissioner does without.
    Waived {
        /// Why, in a word.
        ground: String,
    },
    /// What it rested on was taken back; the months can be claimed again.
    Withdrawn,
}

impl CaseEnd {
    pub(super) fn standing(&self) -> InstalmentStanding {
        match self {
            Self::Settled { .. } => InstalmentStanding::Recovered,
            Self::Waived { .. } => InstalmentStanding::Waived,
            Self::Withdrawn => InstalmentStanding::Paid,
        }
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Settled { .. } => "settled",
            Self::Waived { .. } => "waived",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl FundingAward {
    /// A case number and how it ended, if it is over.
    pub fn case(&self, number: u32) -> Option<(&RecoveryCase, Option<&CaseEnd>)> {
        let case = self.cases.get(&number)?;
        Some((case, self.ended_cases.get(&number)))
    }

    pub(super) fn open_case(
        &self,
        ground: RecoveryGround,
        lines: Vec<Share>,
        on: Date,
    ) -> Option<FundingAwardEvent> {
        let last = self.cases.keys().next_back().copied().unwrap_or_default();
        (!lines.is_empty()).then(|| FundingAwardEvent::RecoveryCaseOpened {
            case: RecoveryCase {
                number: last.saturating_add(1),
                ground,
                lines,
                on,
            },
        })
    }

    pub(super) fn open_recovery(
        &self,
        issued: &Issued<FundingAwardAct>,
        numbers: &[u32],
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        let ground = RecoveryGround::Overpaid;
        let (award, on) = (self.own(issued)?, issued.today());
        let mut lines = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(month) = self.months.get(number) else {
                return Err(Refusal::invalid(
                    "instalments",
                    format!("the award has instalments 1 to {}", award.instalments),
                ));
            };
            lines.push(Share {
                number: *number,
                pence: month.net(),
            });
        }
        lines.sort_unstable();
        lines.dedup_by_key(|line| line.number);
        let same =
            |case: &&RecoveryCase| (case.ground, case.on, &case.lines) == (ground, on, &lines);
        if self.cases.values().any(|case| same(&case)) {
            return Ok(vec![]);
        }
        for line in &lines {
            match self.months.get(&line.number).map(|month| month.standing) {
                Some(InstalmentStanding::Paid) if line.pence > 0 => {}
                Some(
                    InstalmentStanding::AwaitingRecovery
                    | InstalmentStanding::Recovered
                    | InstalmentStanding::Waived,
                ) => {
                    return Err(Refusal::new(
                        Reason::AlreadyRecovered,
                        format!(
                            "instalment {} was claimed back already; see the award's recoveries",
                            line.number
                        ),
                    )
                    .with("instalment", line.number));
                }
                _ => {
                    return Err(Refusal::state_not_allowed(format!(
                        "only what was paid comes back; instalment {} was not",
                        line.number
                    )));
                }
            }
        }
        Ok(self.open_case(ground, lines, on).into_iter().collect())
    }

    /// A part of every paid month that nobody has claimed yet, shared so that the parts sum exactly.
    pub(super) fn recover_breach(
        &self,
        on: Date,
        ground: RecoveryGround,
        (part, whole): (u32, u32),
    ) -> Vec<FundingAwardEvent> {
        let (mut paid, mut claimed) = (0_i64, 0_i64);
        let lines = shares(
            self.months
                .iter()
                .filter(|(_, month)| month.standing == InstalmentStanding::Paid)
                .map(|(number, month)| {
                    paid = paid.saturating_add(month.net());
                    let until_here = share(paid, part.min(whole), whole);
                    let line = until_here.saturating_sub(claimed);
                    claimed = until_here;
                    (*number, line)
                }),
        );
        self.open_case(ground, lines, on).into_iter().collect()
    }

    pub(super) fn settle(
        &self,
        on: Date,
        case: u32,
        statement: Id<FundingStatement>,
    ) -> Vec<FundingAwardEvent> {
        match self.case(case) {
            Some((open, None)) => vec![FundingAwardEvent::RecoveryCaseEnded {
                case,
                end: CaseEnd::Settled { statement },
                pence: open.pence(),
                on,
            }],
            _ => vec![],
        }
    }

    pub(super) fn waive(
        &self,
        issued: &Issued<FundingAwardAct>,
        case: u32,
        ground: &str,
    ) -> Result<Vec<FundingAwardEvent>, Refusal> {
        self.own(issued)?;
        let end = CaseEnd::Waived {
            ground: ground.to_owned(),
        };
        match self.case(case) {
            None => Err(Refusal::invalid("case", "the award has no such recovery")),
            Some((_, Some(known))) => {
                Refusal::unless_same(*known == end, "the end of the recovery")
            }
            Some((open, None)) => Ok(vec![FundingAwardEvent::RecoveryCaseEnded {
                case,
                end,
                pence: open.pence(),
                on: issued.today(),
            }]),
        }
    }
}

/// The commissioner claims paid months back. A month is claimed once, whatever became of the claim
/// (`ALREADY_RECOVERED`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenRecovery {
    /// Of which award.
    pub award: Id<FundingAward>,
    /// Which instalments.
    pub instalments: Vec<u32>,
}

impl Command for OpenRecovery {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if self.instalments.is_empty() {
            return Err(Refusal::invalid("instalments", "name the months").into());
        }
        text::at_most(&self.instalments, "instalments", 120)?;
        issue.by.acting_for(TenantKind::Commissioner)?;
        let act = FundingAwardAct::OpenRecovery(self.instalments.clone());
        world.decide(issue, self.award, act)?;
        Ok(self.award.key())
    }
}

/// The commissioner does without a recovery that no statement has set off yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaiveRecovery {
    /// Of which award.
    pub award: Id<FundingAward>,
    /// Which case.
    pub case: u32,
    /// Why, in a word: `hardship`, `redeployed` and so on.
    pub ground: String,
}

impl Command for WaiveRecovery {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let ground = text::identifier(&self.ground, "ground", GROUND_BYTES_MAX)?;
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let case = self.case;
        let waived = world.decide(issue, self.award, FundingAwardAct::Waive { case, ground })?;
        if let Some(payee) = waived.payee() {
            let account = PayeeAccount::id(commissioner, payee);
            let withdraw = PayeeAccountAct::Withdraw {
                between: (commissioner, payee),
                award: self.award,
                case,
            };
            world.decide(issue, account, withdraw)?;
        }
        Ok(self.award.key())
    }
}

/// Claims salary back for a broken promise; asked for by a reaction on the breach.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecoverBreach {
    /// The promise.
    pub broken: Broken,
}

impl Command for RecoverBreach {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Broken {
            commitment,
            application,
        } = self.broken;
        let state = world.read(commitment)?.clone();
        let (Some(terms), Some(promise)) = (state.terms(), state.promise(application)) else {
            return Err(Refusal::not_permitted().into());
        };
        let Standing::Breached { kind, on } = promise.standing else {
            return Ok(commitment.key());
        };
        let (policy, ground) = match kind {
            BreachKind::NoQualifiedPost => ("recovery.breach", kind.into()),
            BreachKind::PostNotMaintained => ("recovery.not_maintained", kind.into()),
        };
        let rule: RecoveryRule = issue.policies.get(policy, on)?;
        let part = match rule {
            RecoveryRule::FullSalary => (1, 1),
            RecoveryRule::ProRataDays | RecoveryRule::WholeMonths => not_maintained(promise, on),
            RecoveryRule::None => (0, 1),
        };
        let award = held_award(world, terms.commissioner, application, terms.employer)?;
        let before = world.read(award)?.cases().count();
        let after = world
            .decide_beyond(
                issue,
                award,
                FundingAwardAct::RecoverBreach { ground, part },
            )?
            .cases()
            .count();
        if before == after {
            // nothing comes back, so nothing is left to make good
            let register = BreachRegister::id(terms.employer, terms.commissioner);
            let settle = BreachRegisterAct::Settle(self.broken.clone());
            world.decide_beyond(issue, register, settle)?;
        }
        Ok(award.key())
    }
}

/// Days of the maintenance period that the post was missing, of all its days; all for no post.
fn not_maintained(promise: &Promise, ended: Date) -> (u32, u32) {
    let days = |from: Date, until: Date| {
        let days = from.until(until).map_or(0, |span| span.get_days());
        u32::try_from(days).unwrap_or_default()
    };
    match (&promise.post, promise.maintain_until) {
        (Some(post), Some(until)) => (days(ended, until), days(post.starts_on, until)),
        _ => (1, 1),
    }
}

/// The award an employer is or was paid from last for an application: the first one, or its own.
pub(crate) fn held_award(
    world: &mut World,
    commissioner: TenantId,
    application: Id<Application>,
    employer: TenantId,
) -> Result<Id<FundingAward>, Halt> {
    let mut held = None;
    for turn in FundingAward::turns(commissioner, application, employer) {
        if world.read(turn)?.award().is_none() {
            let first: Id<FundingAward> = Id::derive(commissioner, &[application.0]);
            let paid = world.read(first)?.payee();
            let initial = paid.is_none_or(|payee| payee == employer);
            return Ok(held.unwrap_or(if initial { first } else { turn }));
        }
        held = Some(turn);
    }
    Err(Refusal::not_permitted().into())
}

/// A recovery for a broken promise is over, which makes the breach good; asked for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettleBreach {
    /// Of which award.
    pub award: Id<FundingAward>,
    /// Which case.
    pub case: u32,
}

impl Command for SettleBreach {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let award = world.read(self.award)?.clone();
        let (Some(granted), Some(payee), Some((case, _))) =
            (award.award(), award.payee(), award.case(self.case))
        else {
            return Err(Refusal::not_permitted().into());
        };
        if !matches!(
            case.ground,
            RecoveryGround::NoQualifiedPost | RecoveryGround::PostNotMaintained
        ) {
            return Ok(self.award.key());
        }
        let whose = &granted.appointment;
        let broken = Broken {
            commitment: Commitment::id(payee, whose.allocation),
            application: whose.application,
        };
        let register = BreachRegister::id(payee, whose.commissioner);
        world.decide_beyond(issue, register, BreachRegisterAct::Settle(broken))?;
        Ok(register.key())
    }
}
