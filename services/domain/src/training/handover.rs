//! A training that goes on with another employer: handed over by the one, taken over by the other.
//! Its id, hours, signatures and supervision stay; its parties change between the two facts, so that
//! each employer sees its own and no more (`SET-13`).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Placement, PracticeTotals, Supervision, Training, TrainingEvent, TrainingYear};
use crate::{
    actor::TenantId,
    application::Application,
    appointment::Appointment,
    directory::{ClinicalService, Supervisor},
    id::Id,
    policy::catalogue::Setting,
    refusal::Refusal,
    transfer::ServiceTransfer,
    world::{Halt, Issue, World},
};

/// What a successor needs of a training it takes over: where it stands, and who supervises.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakenOver {
    /// Whose training, with the employer it has now.
    pub appointment: Appointment,
    /// The employer it had.
    pub from: TenantId,
    /// The first day with the successor.
    pub on: Date,
    /// Where practice goes on.
    pub placement: Placement,
    /// The year, once it has started.
    pub year: Option<TrainingYear>,
    /// When the board is expected.
    pub expected_board: Option<Date>,
    /// Practice so far.
    pub totals: PracticeTotals,
    /// Who supervises on that day, by agreement of their own employer.
    pub supervisor: Option<Id<Supervisor>>,
    /// Whose supervision ended with the service, and from when on.
    pub supervision_ended: Option<Supervision>,
}

impl Training {
    /// The training of an application. Its id stays with the employer that appointed, wherever the
    /// service goes.
    ///
    /// # Errors
    /// [`Halt::Need`], or `NOT_PERMITTED` where there is no such application.
    pub fn of(world: &mut World, application: Id<Application>) -> Result<Id<Self>, Halt> {
        let terms = world.read(application)?.terms();
        let first = terms.map(|terms| terms.employer);
        let first = first.ok_or_else(Refusal::not_permitted)?;
        Ok(Id::derive(first, &[application.0]))
    }

    /// To whom it was handed over, until the successor has taken it over.
    pub fn on_its_way(&self) -> Option<TenantId> {
        self.course.handed_over.map(|(to, _)| to)
    }

    pub(super) fn hand_over(
        &self,
        issued: &Issue,
        transfer: Id<ServiceTransfer>,
        to: TenantId,
    ) -> Vec<TrainingEvent> {
        if self.on_its_way() == Some(to)
            || self
                .appointment
                .as_ref()
                .is_some_and(|whose| whose.employer == to)
        {
            return vec![];
        }
        vec![TrainingEvent::TrainingHandedOver {
            transfer,
            to,
            on: issued.today(),
        }]
    }

    pub(super) fn take_over(
        &self,
        employer: TenantId,
        clinical_service: Id<ClinicalService>,
        setting: &Setting,
        agreed: bool,
    ) -> Vec<TrainingEvent> {
        let (Some(whose), Some((to, on))) = (&self.appointment, self.course.handed_over) else {
            return vec![];
        };
        if to != employer {
            return vec![];
        }
        // the employer that gave it up may have assigned somebody else before the day was learnt
        let last = self.supervision.iter().map(|held| held.from).max();
        let ended = last.and_then(|last| last.tomorrow().ok()).max(Some(on));
        let supervision_ended = self
            .supervisor()
            .filter(|_| !agreed)
            .zip(ended)
            .map(|(supervisor, from)| Supervision { supervisor, from });
        let taken = TakenOver {
            appointment: Appointment {
                employer,
                ..whose.clone()
            },
            from: whose.employer,
            on,
            placement: Placement {
                clinical_service,
                site: None,
                setting: setting.clone(),
                from: on,
            },
            year: self.year,
            expected_board: self.expected_board(),
            totals: self.totals(),
            supervisor: self.supervisor_on(on).filter(|_| agreed),
            supervision_ended,
        };
        vec![TrainingEvent::TrainingTakenOver {
            taken: Box::new(taken),
        }]
    }

    pub(super) fn moved_on(&mut self, event: TrainingEvent) {
        match event {
            TrainingEvent::TrainingHandedOver { to, on, .. } => {
                self.course.handed_over = Some((to, on));
            }
            TrainingEvent::TrainingTakenOver { taken } => {
                self.course.handed_over = None;
                self.appointment = Some(taken.appointment);
                self.placements.push(taken.placement);
                self.placements.sort_by_key(|placement| placement.from);
                self.supervision_ended.extend(taken.supervision_ended);
            }
            _ => {}
        }
    }
}
