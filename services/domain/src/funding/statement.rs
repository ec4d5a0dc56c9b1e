//! What the commissioner pays and sets off, by payee and month. A statement is closed with its total
//! and never changes; what becomes known later is in the next one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::{FundingAward, FundingAwardAct};
use crate::{
    actor::{TenantId, TenantKind},
    id::Id,
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most lines of one statement; the rest is in the next one.
pub const STATEMENT_LINES_MAX: usize = 2_000;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// A month of salary paid.
    Instalment {
        /// Which.
        number: u32,
    },
    /// The difference a later change made to a month.
    Adjustment {
        /// Which month.
        number: u32,
        /// The event of the award it comes from.
        sequence: u64,
    },
    /// What comes back.
    Recovery {
        /// Which case.
        case: u32,
    },
}

/// One line: salary only, never another cost of the employer's (`FUND-15`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The award.
    pub award: Id<FundingAward>,
    /// What it is about.
    pub kind: LineKind,
    /// How much, in pence; below zero what comes back.
    pub pence: i64,
    /// The day it is true from.
    pub on: Date,
}

/// What happened between a commissioner and a payee that no statement holds yet.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PayeeAccount {
    between: Option<(TenantId, TenantId)>,
    open: Vec<Line>,
    known: BTreeSet<(Id<FundingAward>, LineKind)>,
    closed: BTreeMap<Date, Id<FundingStatement>>,
}

/// What an account decides.
#[derive(Debug, Clone)]
pub enum PayeeAccountAct {
    /// See [`NoteLine`].
    Note {
        /// Commissioner and payee.
        between: (TenantId, TenantId),
        /// The line.
        line: Line,
    },
    /// A recovery is waived before a statement holds it.
    Withdraw {
        /// Commissioner and payee.
        between: (TenantId, TenantId),
        /// The award.
        award: Id<FundingAward>,
        /// The case.
        case: u32,
    },
    /// See [`CloseStatement`].
    Close {
        /// First day of the month.
        period: Date,
        /// The statement.
        statement: Id<FundingStatement>,
    },
}

/// Facts of an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum PayeeAccountEvent {
    /// Something is to be stated.
    LineNoted {
        /// Who pays.
        commissioner: TenantId,
        /// Who is paid.
        payee: TenantId,
        /// What.
        line: Line,
    },
    /// It is not to be stated after all.
    LineWithdrawn {
        /// Who pays.
        commissioner: TenantId,
        /// Who is paid.
        payee: TenantId,
        /// The award.
        award: Id<FundingAward>,
        /// What it was about.
        kind: LineKind,
    },
    /// The first lines, so many of them, are stated.
    LinesStated {
        /// First day of the month.
        period: Date,
        /// The statement that holds them.
        statement: Id<FundingStatement>,
        /// Which.
        lines: Vec<Line>,
    },
}

aggregate!(
    PayeeAccount,
    "payee_account",
    PayeeAccountAct,
    PayeeAccountEvent
);

impl PayeeAccount {
    /// The id of a payee's account with a commissioner.
    pub fn id(commissioner: TenantId, payee: TenantId) -> Id<Self> {
        Id::derive(commissioner, &[payee.0])
    }

    /// What no statement holds yet.
    pub fn open(&self) -> &[Line] {
        &self.open
    }

    /// The lines a statement of a month would hold: what is true by its last day.
    fn stated(&self, period: Date) -> Vec<Line> {
        let last = period.last_of_month();
        let mut lines: Vec<Line> = self
            .open
            .iter()
            .filter(|line| line.on <= last)
            .cloned()
            .collect();
        lines.truncate(STATEMENT_LINES_MAX);
        lines
    }

    pub(super) fn evolve(&mut self, event: PayeeAccountEvent) {
        match event {
            PayeeAccountEvent::LineNoted {
                commissioner,
                payee,
                line,
            } => {
                self.between = Some((commissioner, payee));
                self.known.insert((line.award, line.kind));
                self.open.push(line);
            }
            PayeeAccountEvent::LineWithdrawn {
                commissioner,
                payee,
                award,
                kind,
            } => {
                self.between = Some((commissioner, payee));
                self.known.insert((award, kind));
                self.open
                    .retain(|line| (line.award, line.kind) != (award, kind));
            }
            PayeeAccountEvent::LinesStated {
                period,
                statement,
                lines,
            } => {
                let stated: BTreeSet<_> =
                    lines.iter().map(|line| (line.award, line.kind)).collect();
                self.open
                    .retain(|line| !stated.contains(&(line.award, line.kind)));
                self.closed.insert(period, statement);
            }
        }
    }

    fn withdraw(
        &self,
        (commissioner, payee): (TenantId, TenantId),
        award: Id<FundingAward>,
        case: u32,
    ) -> Vec<PayeeAccountEvent> {
        let kind = LineKind::Recovery { case };
        let open = self
            .open
            .iter()
            .any(|line| (line.award, line.kind) == (award, kind));
        if !open && self.known.contains(&(award, kind)) {
            return vec![];
        }
        vec![PayeeAccountEvent::LineWithdrawn {
            commissioner,
            payee,
            award,
            kind,
        }]
    }

    fn close(
        &self,
        on: Date,
        period: Date,
        statement: Id<FundingStatement>,
    ) -> Result<Vec<PayeeAccountEvent>, Refusal> {
        if self.between.is_none() {
            return Err(Refusal::not_permitted());
        }
        if self.closed.contains_key(&period) {
            return Ok(vec![]);
        }
        if let Some((latest, _)) = self
            .closed
            .last_key_value()
            .filter(|(known, _)| **known > period)
        {
            return Err(Refusal::new(
                Reason::StatementClosed,
                format!("the statement of {latest} is closed; what is late goes into the next one"),
            )
            .with("latest", latest));
        }
        if on < period.last_of_month() {
            return Err(Refusal::state_not_allowed(format!(
                "the month runs until {}; close its statement then",
                period.last_of_month()
            )));
        }
        Ok(vec![PayeeAccountEvent::LinesStated {
            period,
            statement,
            lines: self.stated(period),
        }])
    }
}

impl Decider for PayeeAccount {
    type Act = PayeeAccountAct;
    const COLLECTION: &'static str = "payeeAccounts";

    fn decide(&self, issued: &Issued<PayeeAccountAct>) -> Result<Vec<PayeeAccountEvent>, Refusal> {
        match &issued.act {
            PayeeAccountAct::Note {
                between: (commissioner, payee),
                line,
            } => Ok(if self.known.contains(&(line.award, line.kind)) {
                vec![]
            } else {
                vec![PayeeAccountEvent::LineNoted {
                    commissioner: *commissioner,
                    payee: *payee,
                    line: line.clone(),
                }]
            }),
            PayeeAccountAct::Withdraw {
                between,
                award,
                case,
            } => Ok(self.withdraw(*between, *award, *case)),
            PayeeAccountAct::Close { period, statement } => {
                self.close(issued.today(), *period, *statement)
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.between
            .map(|(commissioner, payee)| Custody::of(commissioner, [payee]))
    }
}

/// A closed statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// Who pays.
    pub commissioner: TenantId,
    /// Who is paid.
    pub payee: TenantId,
    /// First day of the month.
    pub period: Date,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Their sum, in pence; below zero what the payee pays back.
    pub total_pence: i64,
}

/// A statement: closed once, never changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FundingStatement(Option<Stated>);

/// What a statement decides.
#[derive(Debug, Clone)]
pub enum FundingStatementAct {
    /// See [`CloseStatement`].
    Close(Stated),
}

/// Facts of a statement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum FundingStatementEvent {
    /// The month's statement is closed.
    StatementClosed {
        /// What it states.
        stated: Stated,
    },
}

aggregate!(
    FundingStatement,
    "funding_statement",
    FundingStatementAct,
    FundingStatementEvent
);

impl FundingStatement {
    /// The id of a payee's statement of a month.
    pub fn id(commissioner: TenantId, payee: TenantId, period: Date) -> Id<Self> {
        let month = Uuid::new_v5(&payee.0, period.to_string().as_bytes());
        Id::derive(commissioner, &[payee.0, month])
    }

    /// What it states, once closed.
    pub fn stated(&self) -> Option<&Stated> {
        self.0.as_ref()
    }

    fn evolve(&mut self, event: FundingStatementEvent) {
        let FundingStatementEvent::StatementClosed { stated } = event;
        self.0 = Some(stated);
    }
}

impl Decider for FundingStatement {
    type Act = FundingStatementAct;
    const COLLECTION: &'static str = "fundingStatements";

    fn decide(
        &self,
        issued: &Issued<FundingStatementAct>,
    ) -> Result<Vec<FundingStatementEvent>, Refusal> {
        let FundingStatementAct::Close(stated) = &issued.act;
        Ok(match self.stated() {
            Some(_) => vec![],
            None => vec![FundingStatementEvent::StatementClosed {
                stated: stated.clone(),
            }],
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.stated()
            .map(|stated| Custody::of(stated.commissioner, [stated.payee]))
    }
}

/// Notes something to be stated; asked for by reactions on what is paid, adjusted and claimed back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteLine {
    /// The line.
    pub line: Line,
}

impl Command for NoteLine {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let award = world.read(self.line.award)?;
        let (Some(granted), Some(payee)) = (award.award(), award.payee()) else {
            return Err(Refusal::not_permitted().into());
        };
        let between = (granted.appointment.commissioner, payee);
        let id = PayeeAccount::id(between.0, between.1);
        let line = self.line.clone();
        world.decide_beyond(issue, id, PayeeAccountAct::Note { between, line })?;
        Ok(id.key())
    }
}

/// The commissioner closes a payee's statement of a month, on its last day or later. The recoveries
/// in it are settled by it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseStatement {
    /// Whose.
    pub payee: TenantId,
    /// Any day of the month.
    pub month: Date,
}

impl Command for CloseStatement {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let period = self.month.first_of_month();
        let account = PayeeAccount::id(commissioner, self.payee);
        let id = FundingStatement::id(commissioner, self.payee, period);
        let lines = world.read(account)?.stated(period);
        let close = PayeeAccountAct::Close {
            period,
            statement: id,
        };
        world.decide(issue, account, close)?;
        if world.read(id)?.stated().is_some() {
            return Ok(id.key());
        }
        for line in &lines {
            if let LineKind::Recovery { case } = line.kind {
                let settle = FundingAwardAct::Settle {
                    case,
                    statement: id,
                };
                world.decide_beyond(issue, line.award, settle)?;
            }
        }
        let stated = Stated {
            commissioner,
            payee: self.payee,
            period,
            total_pence: lines
                .iter()
                .fold(0, |sum, line| sum.saturating_add(line.pence)),
            lines,
        };
        world.decide(issue, id, FundingStatementAct::Close(stated))?;
        Ok(id.key())
    }
}
