//! An employment that begins or ends because the clinical service moved. Each employer has its own
//! record of its own time; the new one answers for the six checks afresh.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Employment, EmploymentAct, EmploymentEvent};
use crate::{
    actor::TenantId,
    appointment::Appointment,
    id::Id,
    offer::EmploymentCheck,
    refusal::Refusal,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Where a person came from and went to with their clinical service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    came: Option<(Appointment, TenantId, Date)>,
    gone: Option<(TenantId, Date)>,
    checks: BTreeMap<EmploymentCheck, Option<Date>>,
}

impl Moved {
    /// Whose, from whom and on which day, for somebody who came with the service.
    pub fn came(&self) -> Option<(&Appointment, TenantId, Date)> {
        let came = self.came.as_ref();
        came.map(|(whose, from, on)| (whose, *from, *on))
    }

    /// To whom and on which day, for somebody who went with it.
    pub fn gone(&self) -> Option<(TenantId, Date)> {
        self.gone
    }

    /// The checks to re-assure, and when each was.
    pub fn checks(&self) -> &BTreeMap<EmploymentCheck, Option<Date>> {
        &self.checks
    }

    pub(super) fn evolve(&mut self, event: EmploymentEvent) {
        match event {
            EmploymentEvent::EmploymentTransferredOut { to, on, .. } => self.gone = Some((to, on)),
            EmploymentEvent::EmploymentTransferredIn {
                appointment,
                from,
                on,
            } => {
                self.came = Some((appointment, from, on));
                self.gone = None;
            }
            EmploymentEvent::EmploymentChecksReassuranceOpened { checks } => {
                self.checks = checks.into_iter().map(|check| (check, None)).collect();
            }
            EmploymentEvent::EmploymentCheckReassured { check, on } => {
                self.checks.insert(check, Some(on));
            }
            _ => {}
        }
    }
}

impl Employment {
    pub(super) fn move_out(&self, on: Date, to: TenantId) -> Vec<EmploymentEvent> {
        let Ok((whose, _)) = self.held() else {
            return vec![];
        };
        if self.ended().is_some() {
            return vec![];
        }
        vec![EmploymentEvent::EmploymentTransferredOut {
            appointment: whose.clone(),
            to,
            on,
        }]
    }

    pub(super) fn move_in(
        &self,
        on: Date,
        whose: &Appointment,
        from: TenantId,
        checks: &[EmploymentCheck],
    ) -> Vec<EmploymentEvent> {
        let known = self.moved.came().is_some_and(|(_, _, day)| day == on);
        if known && self.moved.gone().is_none() {
            return vec![];
        }
        vec![
            EmploymentEvent::EmploymentTransferredIn {
                appointment: whose.clone(),
                from,
                on,
            },
            EmploymentEvent::EmploymentChecksReassuranceOpened {
                checks: checks.to_vec(),
            },
        ]
    }

    pub(super) fn reassure(
        &self,
        on: Date,
        check: EmploymentCheck,
    ) -> Result<Vec<EmploymentEvent>, Refusal> {
        self.held()?;
        match self.moved.checks().get(&check) {
            None => Err(Refusal::state_not_allowed(
                "no check of this kind is to be re-assured in this employment; see the offer",
            )),
            Some(Some(known)) => Refusal::unless_same(*known == on, "the re-assurance"),
            Some(None) => Ok(vec![EmploymentEvent::EmploymentCheckReassured {
                check,
                on,
            }]),
        }
    }
}

/// The new employer has assured itself of one of the six checks (`SET-13`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReassureEmploymentCheck {
    /// In which employment.
    pub employment: Id<Employment>,
    /// Which check.
    pub check: EmploymentCheck,
}

impl Command for ReassureEmploymentCheck {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reassure = EmploymentAct::Reassure(self.check);
        world.decide(issue, self.employment, reassure)?;
        Ok(self.employment.key())
    }
}
