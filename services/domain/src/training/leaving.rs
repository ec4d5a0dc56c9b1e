//! The end of a training before its time, as both sides share it: proposed or forced, open to
//! representations, confirmed by the university, dropped, or taken back.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use super::{INTERRUPTION_DAYS_MAX, Training, TrainingEvent};
use crate::{
    actor::{Party, TenantKind},
    calendar::days_between,
    correction::Corrected,
    policy::Policies,
    refusal::Refusal,
    world::Issue,
};

/// Who asked for a withdrawal, or what forced it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ProposedBy {
    /// The trainee.
    Trainee,
    /// The employer.
    Employer,
    /// The university.
    University,
    /// The end of the employment: nobody trains who is not employed (`TRAIN-05`).
    EmploymentEnd,
}

/// A withdrawal under way or confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaving {
    /// Who asked.
    pub by: ProposedBy,
    /// The last day of training, should it be confirmed.
    pub on: Date,
    /// The last day for representations (`standards.md` B.5).
    pub representations_until: Date,
    /// Whether representations were made.
    pub represented: bool,
    /// Whether the university has confirmed it.
    pub confirmed: bool,
}

impl Training {
    /// What follows for the training from the end of the employment: nobody trains who is not
    /// employed, so an end before the last day forces the proposal (Annex 3).
    pub(super) fn forced_out(
        &self,
        on: Date,
        policies: &Policies,
    ) -> Result<Option<TrainingEvent>, Refusal> {
        let (Some(year), Some(last), None) = (self.year, self.last_day(), self.course.leaving)
        else {
            return Ok(None);
        };
        let early = (year.starts..last).contains(&on);
        early
            .then(|| proposal(ProposedBy::EmploymentEnd, on, policies))
            .transpose()
    }

    /// The same when the year starts late, after the end of the employment was noted.
    pub(super) fn started_late(
        &self,
        mut events: Vec<TrainingEvent>,
        policies: &Policies,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        if let (Some(left), Some(TrainingEvent::TrainingStarted { year, .. })) =
            (self.left, events.last())
            && (year.starts..year.ends).contains(&left)
        {
            events.push(proposal(ProposedBy::EmploymentEnd, left, policies)?);
        }
        Ok(events)
    }

    pub(super) fn propose_withdrawal(&self, issued: &Issue) -> Result<Vec<TrainingEvent>, Refusal> {
        let by = match issued.by.kind {
            TenantKind::Person => ProposedBy::Trainee,
            _ => match self.side(issued)? {
                Party::Employer => ProposedBy::Employer,
                Party::University => ProposedBy::University,
            },
        };
        let on = issued.today();
        if let Some(known) = &self.course.leaving {
            return Refusal::unless_same(known.by == by && known.on == on, "a withdrawal");
        }
        self.runs_at(on)?;
        let gaps = &self.course.interruptions;
        if gaps
            .iter()
            .any(|gap| gap.resumed.is_some_and(|back| back > on))
        {
            return Err(Refusal::state_not_allowed(
                "the training was resumed after this day; propose the withdrawal for a later one",
            ));
        }
        Ok(vec![proposal(by, on, &issued.policies)?])
    }

    pub(super) fn hear(&self, issued: &Issue) -> Result<Vec<TrainingEvent>, Refusal> {
        let on = issued.today();
        let leaving = self.proposed()?;
        if leaving.represented {
            return Ok(vec![]);
        }
        if !(leaving.on..=leaving.representations_until).contains(&on) {
            return Err(Refusal::state_not_allowed(format!(
                "representations could be made until {}; ask the university",
                leaving.representations_until
            ))
            .with("representations_until", leaving.representations_until));
        }
        Ok(vec![TrainingEvent::RepresentationsMade { on }])
    }

    pub(super) fn confirm_withdrawal(&self, issued: &Issue) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        if self.course.withdrawn().is_some() {
            return Ok(vec![]);
        }
        let leaving = self.proposed()?;
        let decided = issued.today();
        if decided < leaving.representations_until {
            return Err(Refusal::state_not_allowed(format!(
                "the trainee may make representations until {}; confirm on that day or later",
                leaving.representations_until
            ))
            .with("representations_until", leaving.representations_until));
        }
        Ok(vec![TrainingEvent::TrainingWithdrawn {
            on: leaving.on,
            decided,
        }])
    }

    pub(super) fn drop_withdrawal(&self, issued: &Issue) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        if self.course.leaving.is_none() {
            return Ok(vec![]);
        }
        self.proposed()?;
        self.employed_still()?;
        Ok(vec![TrainingEvent::WithdrawalDropped {
            on: issued.today(),
        }])
    }

    /// A withdrawal that is taken back leaves a gap, unless it had never been true.
    pub(super) fn reverse_withdrawal(
        &self,
        issued: &Issue,
        in_error: bool,
        corrects: Option<&Corrected>,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::University)?;
        let on = issued.today();
        let (Some(year), Some(withdrawn)) = (self.year, self.course.withdrawn()) else {
            return Err(Refusal::state_not_allowed(
                "no withdrawal is confirmed; there is nothing to reverse",
            ));
        };
        self.employed_still()?;
        let gone = days_between(withdrawn, on)
            .filter(|days| (0..=INTERRUPTION_DAYS_MAX).contains(days))
            .ok_or_else(|| {
                Refusal::invalid(
                    "effective",
                    format!("the reversal lies on {withdrawn} or later, at most five years later"),
                )
            })?;
        // days away count once: those of an interruption that goes on count at the return
        let ends = if in_error || self.course.interrupted().is_some() {
            year.ends
        } else {
            year.ends.saturating_add(gone.days())
        };
        Ok(vec![TrainingEvent::WithdrawalReversed {
            on,
            in_error,
            ends,
            corrects: corrects.cloned(),
        }])
    }

    pub(super) fn take_end_back(&self, issued: &Issue) -> Vec<TrainingEvent> {
        if self.left.is_none() {
            return vec![];
        }
        let on = issued.today();
        let mut events = vec![TrainingEvent::EmploymentReinstatementNoted { on }];
        let forced = |leaving: &Leaving| leaving.by == ProposedBy::EmploymentEnd;
        if (self.course.leaving).is_some_and(|leaving| forced(&leaving) && !leaving.confirmed) {
            events.push(TrainingEvent::WithdrawalDropped { on });
        }
        events
    }

    /// The withdrawal under way.
    fn proposed(&self) -> Result<Leaving, Refusal> {
        self.course
            .leaving
            .filter(|leaving| !leaving.confirmed)
            .ok_or_else(|| {
                Refusal::state_not_allowed(
                    "no withdrawal is under way; propose one with ProposeWithdrawal",
                )
            })
    }

    fn employed_still(&self) -> Result<(), Refusal> {
        match self.left {
            None => Ok(()),
            Some(left) => Err(Refusal::state_not_allowed(format!(
                "the employment ended on {left}; the employer is to reinstate it first"
            ))),
        }
    }
}

fn proposal(by: ProposedBy, on: Date, policies: &Policies) -> Result<TrainingEvent, Refusal> {
    let windows: BTreeMap<String, u32> = policies.get("withdrawal.representations_days", on)?;
    let days = windows.get(&by.to_string()).copied().unwrap_or(0);
    Ok(TrainingEvent::WithdrawalProposed {
        by,
        on,
        representations_until: on.saturating_add(i64::from(days).days()),
    })
}
