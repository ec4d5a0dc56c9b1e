//! What must be met before an accepted offer holds: six employment checks and both parties' own
//! conditions.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use super::{HeldOffer, Offer, OfferAct, OfferEvent, OfferStage, side, terms_of};
use crate::{
    actor::Party,
    calendar::months_later,
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
    /// The last day on which the result holds; without an end when absent.
    pub until: Option<Date>,
}

impl CheckStatus {
    pub(super) const fn of(result: CheckResult, on: Date) -> Self {
        let until = None;
        Self { result, on, until }
    }

    /// Whether the check is passed and its result still holds on a date.
    pub fn holds(&self, on: Date) -> bool {
        self.result == CheckResult::Cleared && self.until.is_none_or(|until| on <= until)
    }
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
    /// The last day on which it holds, where the check itself says so (leave to remain, for one).
    pub valid_until: Option<Date>,
    /// The share code or certificate number it rests on: its form is checked, and it is not kept.
    pub reference: Option<String>,
}

impl Command for ClearEmploymentCheck {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let terms = terms_of(issue, world, self.offer)?;
        if side(issue, &terms)? != Party::Employer {
            return Err(Refusal::not_permitted().into());
        }
        let validity: BTreeMap<EmploymentCheck, u32> = issue
            .policies
            .get("employment.checks.validity", issue.today())?;
        let act = OfferAct::ClearEmploymentCheck {
            clear: self.clone(),
            months: validity.get(&self.check).copied(),
        };
        world.decide(issue, self.offer, act)?;
        Ok(self.offer.key())
    }
}

/// A share code begins with W and has nine characters; a disclosure certificate has twelve digits
/// (`standards.md` B.3). The other checks have no reference of a known form.
fn check_reference(check: EmploymentCheck, reference: &str) -> Result<(), Refusal> {
    let sound = match check {
        EmploymentCheck::RightToWork => {
            reference.len() == 9
                && reference.starts_with('W')
                && reference
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        }
        EmploymentCheck::CriminalRecord => {
            reference.len() == 12 && reference.bytes().all(|b| b.is_ascii_digit())
        }
        EmploymentCheck::Identity
        | EmploymentCheck::RegistrationAndQualification
        | EmploymentCheck::EmploymentHistoryAndReferences
        | EmploymentCheck::WorkHealthAssessment => false,
    };
    if sound {
        return Ok(());
    }
    Err(Refusal::invalid(
        "reference",
        "a share code is W and eight letters or digits, a disclosure certificate number twelve \
         digits; leave it out for every other check",
    ))
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
        months: Option<u32>,
        today: Date,
    ) -> Result<Vec<OfferEvent>, Refusal> {
        if let Some(reference) = &clear.reference {
            check_reference(clear.check, reference)?;
        }
        if clear.on > today {
            return Err(Refusal::invalid(
                "on",
                "the check has no result yet; record it on or after that day",
            ));
        }
        if clear.valid_until.is_some_and(|until| until < clear.on) {
            return Err(Refusal::invalid(
                "valid_until",
                "a result holds at least on its own day",
            ));
        }
        let known = self.checks.get(&clear.check);
        if known.is_some_and(|known| {
            (known.result, known.on) == (clear.result, clear.on)
                // what is not cleared holds for no time, whatever was said of it
                && (clear.result == CheckResult::NotCleared
                    || clear.valid_until.is_none()
                    || clear.valid_until == known.until)
        }) {
            return Ok(vec![]);
        }
        if known.is_some_and(|known| known.holds(clear.on) || known.on > clear.on) {
            return Err(Refusal::new(
                Reason::AlreadyRecorded,
                format!("the {} check is recorded with another result", clear.check),
            ));
        }
        if !matches!(self.stage, OfferStage::Accepted | OfferStage::ConditionsMet) {
            return Err(Refusal::state_not_allowed(
                "employment checks follow an accepted offer; wait for the acceptance",
            ));
        }
        let (check, on) = (clear.check, clear.on);
        if clear.result == CheckResult::NotCleared {
            return Ok(vec![OfferEvent::EmploymentCheckNotCleared { check, on }]);
        }
        let until = clear
            .valid_until
            .or_else(|| months.map(|months| months_later(on, months)));
        let mut events = vec![OfferEvent::EmploymentCheckCleared { check, on }];
        events.extend(until.map(|until| OfferEvent::EmploymentCheckLimited { check, until }));
        Ok(events)
    }

    pub(super) fn confirmed(
        &self,
        by: Party,
        conditions: &BTreeSet<String>,
        needed: &BTreeSet<EmploymentCheck>,
        today: Date,
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
        let open = self.checks_open(needed, today);
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
