//! Clinical services that move between employers.

use domain::transfer::ServiceTransferEvent;
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};

use super::Keep;

/// A transfer of a clinical service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TransferRecord {
    /// From which sector to which, `nhs_to_third_sector`.
    pub direction: String,
    /// How many trainings are to move with it; how many have, once transferred.
    pub trainees: u32,
    /// The first day with the successor, once transferred.
    pub transferred: Option<Date>,
    /// Whether the payee needed a decision, and which it was.
    pub payee_exception: Option<bool>,
    /// Whether the successor has promised the posts.
    pub accepted: bool,
}

impl TransferRecord {
    /// What it adds to the dashboard of either employer and of the payer.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.count("transfers_pending", self.transferred.is_none());
        sums.count("payee_exceptions", self.payee_exception == Some(true));
        if self.transferred.is_some() {
            sums.add("services_transferred", 1);
            sums.add("trainees_transferred", i64::from(self.trainees));
            sums.add_of("services_moved", &self.direction, 1);
        }
    }
}

impl Keep<ServiceTransferEvent> for TransferRecord {
    fn note(&mut self, _: &Noted, event: &ServiceTransferEvent) {
        match event {
            ServiceTransferEvent::RetenderAnnounced { terms } => {
                self.direction = format!("{}_to_{}", terms.from_sector, terms.to_sector);
                self.trainees = u32::try_from(terms.trainees.len()).unwrap_or(u32::MAX);
            }
            ServiceTransferEvent::TransferImpactAssessed { .. } => {}
            ServiceTransferEvent::SuccessorPayeeAgreed { .. } => self.payee_exception = Some(true),
            ServiceTransferEvent::InstalmentsToOldPayeeEnded { .. } => {
                self.payee_exception = Some(false);
            }
            ServiceTransferEvent::CommitmentAccepted { .. } => self.accepted = true,
            ServiceTransferEvent::ServiceTransferred { on, trainees, .. } => {
                self.transferred = Some(*on);
                self.trainees = u32::try_from(trainees.len()).unwrap_or(u32::MAX);
            }
        }
    }
}
