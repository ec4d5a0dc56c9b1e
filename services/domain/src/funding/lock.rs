//! The funding lock: who has entered one NHS-funded training cannot enter another until two years
//! after its qualifying board (`LOCK-01`). A hard clock of the calendar, unlike consolidation, which
//! counts service and refuses nothing (`X-01`).
//!
//! What is tested is the first day of teaching of the next training, never the day of asking
//! (A.3, rule 3). [`person`] keeps the locks of one person, [`check`] the answers given, [`place`]
//! the places in another training that rest on them.

mod check;
mod person;
mod place;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};
use uuid::Uuid;

pub use self::{check::*, person::*, place::*};
use crate::{
    actor::TenantId,
    appointment::Appointment,
    calendar::years_later,
    policy::{Policies, catalogue::Role},
    refusal::{Reason, Refusal},
    text,
    world::Issue,
};

/// The longest reason of an exemption, in bytes.
pub const EXEMPTION_REASON_BYTES_MAX: usize = 2_000;
/// The longest id of a training programme, in bytes.
pub const PROGRAMME_BYTES_MAX: usize = 40;

/// How a person asks for an exemption (`LOCK-02`).
pub const EXEMPTION_ROUTE: &str = "ask the commissioner that paid for the training, with reasons";

/// The lock that follows one training.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Who paid for the training.
    pub commissioner: TenantId,
    /// The person's own training start; the rule in force then applies (`TRAIN-04`, `X-02`).
    pub training_start: Date,
    /// The qualifying board, or its chair's action; the intake's own while expected.
    pub board: Date,
    /// The first day on which teaching of another training may start.
    pub until: Date,
    /// Whether the board is only expected.
    pub provisional: bool,
    /// The version of the policy `lock.years` behind `until` (`LOCK-05`).
    pub rule_version: u32,
}

impl Lock {
    /// What it means for the person, in words.
    pub fn explained(&self) -> String {
        let moves = if self.provisional {
            "; that day can still move, because it counts from a board that is only expected"
        } else {
            ""
        };
        format!(
            "another NHS-funded training that leads to another occupation may start on {} at the \
             earliest{moves}",
            self.until
        )
    }
}

/// The lock that a training brings under the policies of its start: none when the role is not
/// listed, or the person started before the rule did: the first intake of March 2022 did
/// (`TRAIN-04`, `X-02`).
pub(crate) fn lock_after(
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

/// Where the next training is taught; each nation has its own rule, or none (policy `lock.nations`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum Nation {
    England,
    Wales,
    Scotland,
    NorthernIreland,
}

impl Nation {
    /// Its name in the policy.
    const fn name(self) -> &'static str {
        match self {
            Self::England => "England",
            Self::Wales => "Wales",
            Self::Scotland => "Scotland",
            Self::NorthernIreland => "Northern Ireland",
        }
    }
}

/// What is asked of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockQuestion {
    /// The first day of teaching of the next training; never the day of asking.
    pub teaching_start: Date,
    /// Whether the NHS funds it; the lock binds no other.
    pub nhs_funded: bool,
    /// Whether it leads to another occupation; the lock binds no other.
    pub change_of_occupation: bool,
    /// Where it is taught.
    pub nation: Nation,
    /// Which programme it is, by its id in policy `lock.next_programmes`; one that is not listed
    /// is not bound. Without it the training counts as one of those.
    pub programme: Option<String>,
}

impl LockQuestion {
    /// Asks for an NHS-funded training in England that leads to another occupation.
    pub const fn another_training(teaching_start: Date) -> Self {
        Self {
            teaching_start,
            nhs_funded: true,
            change_of_occupation: true,
            nation: Nation::England,
            programme: None,
        }
    }

    /// Refuses a programme that is no identifier.
    fn checked(&self) -> Result<(), Refusal> {
        match &self.programme {
            Some(id) => text::identifier(id, "programme", PROGRAMME_BYTES_MAX).map(|_| ()),
            None => Ok(()),
        }
    }

    /// From which training start on the locks of earlier trainings bind what is asked for; `None`
    /// when no lock does.
    fn binds_from(&self, issue: &Issue) -> Result<Option<Date>, Refusal> {
        let (policies, today) = (&issue.policies, issue.today());
        if !(self.nhs_funded && self.change_of_occupation) {
            return Ok(None);
        }
        if let Some(programme) = &self.programme {
            let listed: Option<Vec<String>> = policies.find("lock.next_programmes", today)?;
            if listed.is_some_and(|listed| !listed.contains(programme)) {
                return Ok(None);
            }
        }
        let nations: Option<BTreeMap<String, Date>> = policies.find("lock.nations", today)?;
        Ok(match nations {
            Some(nations) => nations.get(self.nation.name()).copied(),
            None => Some(Date::MIN),
        })
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

#[cfg(test)]
mod tests;
