//! Course fees: the commissioner is charged what its award grants; employer and trainee are charged
//! nothing while the award is live (`FUND-06`).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::COMPONENT_PENCE_MAX;
use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    appointment::{Appointed, Appointment},
    id::Id,
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// What is charged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    /// For whose course.
    pub appointment: Appointment,
    /// Who is charged: the commissioner, the employer, or the person as a tenant of their own.
    pub payer: TenantId,
    /// How much, in pence.
    pub pence: i64,
    /// The day.
    pub on: Date,
}

/// An invoice for course fees.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TuitionInvoice(Option<Box<Invoice>>);

/// What an invoice decides.
#[derive(Debug, Clone)]
pub enum TuitionInvoiceAct {
    /// See [`InvoiceTuition`].
    Charge {
        /// What.
        invoice: Box<Invoice>,
        /// What the award grants for course fees, in pence, while it is live.
        granted: Option<i64>,
    },
}

/// Facts of an invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum TuitionInvoiceEvent {
    /// Course fees were charged.
    TuitionInvoiced {
        /// To whom, how much.
        invoice: Box<Invoice>,
    },
}

aggregate!(
    TuitionInvoice,
    "tuition_invoice",
    TuitionInvoiceAct,
    TuitionInvoiceEvent
);

impl TuitionInvoice {
    /// The id of a university's invoice to a payer for somebody's course.
    pub fn id(university: TenantId, application: Id<Application>, payer: TenantId) -> Id<Self> {
        Id::derive(university, &[application.0, payer.0])
    }

    /// What is charged.
    pub fn invoice(&self) -> Option<&Invoice> {
        self.0.as_deref()
    }

    fn evolve(&mut self, event: TuitionInvoiceEvent) {
        let TuitionInvoiceEvent::TuitionInvoiced { invoice } = event;
        self.0 = Some(invoice);
    }
}

impl Decider for TuitionInvoice {
    type Act = TuitionInvoiceAct;
    const COLLECTION: &'static str = "tuitionInvoices";

    fn decide(
        &self,
        issued: &Issued<TuitionInvoiceAct>,
    ) -> Result<Vec<TuitionInvoiceEvent>, Refusal> {
        let TuitionInvoiceAct::Charge { invoice, granted } = &issued.act;
        if let Some(known) = self.invoice() {
            let same = known.pence == invoice.pence && known.payer == invoice.payer;
            return Refusal::unless_same(same, "the invoice");
        }
        match granted {
            Some(_) if invoice.payer != invoice.appointment.commissioner => {
                return Err(Refusal::new(
                    Reason::TuitionNotChargeable,
                    "the award pays the course fees; charge the commissioner",
                ));
            }
            Some(granted) if invoice.pence > *granted => {
                return Err(Refusal::new(
                    Reason::TuitionNotChargeable,
                    format!("the award grants {granted} pence of course fees; charge at most that"),
                )
                .with("granted_pence", granted));
            }
            None if invoice.payer == invoice.appointment.commissioner => {
                return Err(Refusal::state_not_allowed(
                    "the commissioner pays course fees from an award only; wait for ApproveAward",
                ));
            }
            Some(_) | None => {}
        }
        Ok(vec![TuitionInvoiceEvent::TuitionInvoiced {
            invoice: invoice.clone(),
        }])
    }

    fn custody(&self) -> Option<Custody> {
        self.invoice()
            .map(|invoice| Custody::of(invoice.appointment.university, [invoice.payer]))
    }
}

/// The university charges course fees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceTuition {
    /// For whose course.
    pub application: Id<Application>,
    /// Who is charged.
    pub payer: TenantId,
    /// How much, in pence.
    pub pence: i64,
}

impl Command for InvoiceTuition {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if !(1..=COMPONENT_PENCE_MAX).contains(&self.pence) {
            let range = format!("1 to {COMPONENT_PENCE_MAX} pence");
            return Err(Refusal::invalid("pence", range).into());
        }
        let university = issue.by.acting_for(TenantKind::University)?;
        let appointment = Appointed::of(issue, world, self.application)?.appointment;
        if appointment.university != university {
            return Err(Refusal::not_permitted().into());
        }
        let person = TenantId(appointment.person.0);
        if ![appointment.commissioner, appointment.employer, person].contains(&self.payer) {
            return Err(Refusal::invalid(
                "payer",
                "name the commissioner, the employer or the person of the appointment",
            )
            .into());
        }
        let award = world.read(appointment.award())?;
        let granted = award
            .award()
            .filter(|_| award.live())
            .map(|award| award.tuition_pence);
        let id = TuitionInvoice::id(university, self.application, self.payer);
        let invoice = Invoice {
            appointment,
            payer: self.payer,
            pence: self.pence,
            on: issue.today(),
        };
        let charge = TuitionInvoiceAct::Charge {
            invoice: Box::new(invoice),
            granted,
        };
        world.decide(issue, id, charge)?;
        Ok(id.key())
    }
}
