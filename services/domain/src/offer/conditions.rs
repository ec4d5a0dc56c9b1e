//! What must be met before an accepted offer holds: six employment checks and both parties' own
//! conditions.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use super::{HeldOffer, Offer, OfferAct, OfferEvent, OfferStage, side, terms_of};
use crate::{
    actor::Party,
    decision_round::{CONDITION_BYTES_MAX, CONDITIONS_MAX},
    id::Id,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The six NHS employment check standards (`standards.md` B.3). Only result and date are kept,
/// never what a check found.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EmploymentCheck {
    /// Who the candidate is.
    Identity,
    /// The right to work.
    RightToWork,
    /// Registration and qualification.
    RegistrationAndQualification,
    /// Employment history and references.
    EmploymentHistoryAndReferences,
    /// Criminal record.
    CriminalRecord,
    /// Work health assessment.
    WorkHealthAssessment,
}

/// What a check came to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CheckResult {
    /// Passed.
    Cleared,
    /// Not passed, or not passed yet; it may clear later.
    NotCleared,
}

/// A check's state: result and date only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckStatus {
    /// The result.
    pub result: CheckResult,
    /// The day of the result.
    pub on: Date,
}

/// Records the result of one employment check; never what it found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClearEmploymentCheck {
    /// The offer.
    pub offer: Id<Offer>,
    /// Which check.
    pub check: EmploymentCheck,
    /// Its result.
    pub result: CheckResult,
    /// The day of the result.
    pub on: Date,
}

impl Command for ClearEmploymentCheck {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        if side(issue, &terms)? != Party::Employer {
            return Err(Refusal::not_permitted().into());
        }
        world.decide(
            issue,
            self.offer,
            OfferAct::ClearEmploymentCheck(self.clone()),
        )?;
        Ok(self.offer.key())
    }
}

/// A party confirms that its own conditions are met; the employer's include all six checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmConditions {
    /// The offer.
    pub offer: Id<Offer>,
    /// The party's own conditions, by id: all of them.
    pub conditions: Vec<String>,
}

impl Command for ConfirmConditions {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        let by = side(issue, &terms)?;
        text::at_most(&self.conditions, "conditions", CONDITIONS_MAX)?;
        let conditions = self
            .conditions
            .iter()
            .map(|condition| text::identifier(condition, "conditions", CONDITION_BYTES_MAX))
            .collect::<Result<BTreeSet<_>, _>>()?;
        let needed = issue.policies.get("employment.checks", issue.today())?;
        let act = OfferAct::ConfirmConditions {
            by,
            conditions,
            needed,
        };
        world.decide(issue, self.offer, act)?;
        Ok(self.offer.key())
    }
}

impl HeldOffer {
    pub(super) fn checked(
        &self,
        clear: &ClearEmploymentCheck,
        today: Date,
    ) -> Result<Vec<OfferEvent>, Refusal> {
        if clear.on > today {
            return Err(Refusal::invalid(
                "on",
                "the check has no result yet; record it on or after that day",
            ));
        }
        let status = CheckStatus {
            result: clear.result,
            on: clear.on,
        };
        let known = self.checks.get(&clear.check);
        if known == Some(&status) {
            return Ok(vec![]);
        }
        if known.is_some_and(|known| known.result == CheckResult::Cleared || known.on > clear.on) {
            return Err(Refusal::new(
                Reason::AlreadyRecorded,
                format!("the {} check is recorded with another result", clear.check),
            ));
        }
        if self.stage != OfferStage::Accepted {
            return Err(Refusal::state_not_allowed(
                "employment checks follow an accepted offer; wait for the acceptance",
            ));
        }
        let (check, on) = (clear.check, clear.on);
        Ok(vec![match clear.result {
            CheckResult::Cleared => OfferEvent::EmploymentCheckCleared { check, on },
            CheckResult::NotCleared => OfferEvent::EmploymentCheckNotCleared { check, on },
        }])
    }

    pub(super) fn confirmed(
        &self,
        by: Party,
        conditions: &BTreeSet<String>,
        needed: &BTreeSet<EmploymentCheck>,
    ) -> Result<Vec<OfferEvent>, Refusal> {
        let own = self.conditions.of(by);
        if !conditions.is_subset(own) {
            return Err(Refusal::invalid(
                "conditions",
                "names a condition that is not one of yours in this offer",
            ));
        }
        let missing: Vec<_> = own.difference(conditions).cloned().collect();
        if !missing.is_empty() {
            return Err(Refusal::new(
                Reason::ConditionsNotMet,
                "every condition of yours must be met; name them all once they are",
            )
            .with("conditions", missing.join(",")));
        }
        if self.confirmed.contains(&by) {
            return Ok(vec![]);
        }
        if self.stage != OfferStage::Accepted {
            return Err(Refusal::state_not_allowed(
                "conditions are confirmed after the offer is accepted; wait for the acceptance",
            ));
        }
        let open = self.checks_open(needed);
        if by == Party::Employer && !open.is_empty() {
            let open: Vec<_> = open.iter().map(ToString::to_string).collect();
            return Err(Refusal::new(
                Reason::EmploymentCheckIncomplete,
                "every employment check must be cleared; record the missing ones with \
                 ClearEmploymentCheck",
            )
            .with("checks", open.join(",")));
        }
        let mut events = vec![OfferEvent::OfferConditionsConfirmed { by }];
        if self.confirmed.contains(&by.other()) {
            events.push(OfferEvent::OfferConditionsMet {});
        }
        Ok(events)
    }
}
