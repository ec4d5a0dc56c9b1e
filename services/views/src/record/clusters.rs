//! Clusters of trainees, and which universities teach for which regions.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::{Region, TenantId},
    cluster::ClusterEvent,
    directory::ClinicalService,
    id::Id,
    places::Places,
    programme::ProgrammeEvent,
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keep;
use crate::dashboard::cluster;

/// The trainees an employer has at an intake.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClusterRecord {
    /// Its name in the figures; set by its first event.
    pub cluster: String,
    /// Trainees who have started and not left early, by application; the clinical service of each.
    pub trainees: BTreeMap<Uuid, Uuid>,
    /// Whether fewer than the minimum are left.
    pub at_risk: bool,
}

impl ClusterRecord {
    /// What it adds to a dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add_of(
            "cluster_trainees",
            &self.cluster,
            self.trainees.len() as i64,
        );
        sums.add_of("clusters_at_risk", &self.cluster, i64::from(self.at_risk));
    }

    /// The same by clinical service, for those who may know them (`ALLOC-14`).
    pub(crate) fn sums_by_service(&self, sums: &mut Figures) {
        for service in self.trainees.values() {
            let service = Id::<ClinicalService>::new(*service).name();
            sums.add_of("trainees_by_service", service, 1);
        }
    }
}

impl Keep<ClusterEvent> for ClusterRecord {
    fn note(&mut self, _: &Noted, fact: &ClusterEvent) {
        match fact {
            ClusterEvent::ClusterFormed { terms } => {
                let role = terms.role.as_str();
                self.cluster = cluster(role, terms.intake.0, terms.employer);
            }
            ClusterEvent::ClusterJoined {
                application,
                clinical_service,
            } => {
                self.trainees.insert(application.0, clinical_service.0);
            }
            ClusterEvent::ClusterLeft { application, .. } => {
                self.trainees.remove(&application.0);
            }
            ClusterEvent::ClusterAtRiskRaised { .. } => self.at_risk = true,
            ClusterEvent::ClusterAtRiskLifted { .. } => self.at_risk = false,
        }
    }
}

/// A role's programme: who teaches for which regions, from when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProgrammeRecord {
    /// The role.
    pub role: String,
    /// Regions by university and first day.
    pub contracts: BTreeSet<(TenantId, Date, Region)>,
}

impl Keep<ProgrammeEvent> for ProgrammeRecord {
    fn note(&mut self, _: &Noted, fact: &ProgrammeEvent) {
        match fact {
            ProgrammeEvent::ProgrammeOpened { role, .. } => self.role = role.to_string(),
            ProgrammeEvent::ProviderContracted {
                university,
                contract,
            } => {
                for region in &contract.regions {
                    self.contracts.insert((*university, contract.from, *region));
                }
            }
            ProgrammeEvent::MilestoneReached { .. } => {}
        }
    }
}

/// Adds where places are: the parts sum to zero, whatever has happened.
pub(crate) fn accounts(places: &Places, sums: &mut Figures) {
    for (account, balance) in places.balances() {
        sums.add_of("places_by_account", account, balance);
    }
}
