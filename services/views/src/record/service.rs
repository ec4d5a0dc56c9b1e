//! Clinical services: who works in them, under whose lead, and whether policy lets them.

use std::collections::{BTreeMap, BTreeSet};

use domain::{directory::ClinicalServiceEvent, policy::catalogue::Phase};
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keep;

/// A clinical service.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServiceRecord {
    /// Whether it is closed.
    pub closed: bool,
    /// Whether it has a professional lead.
    pub led: bool,
    /// The roles its contract asks posts of, once that is recorded.
    pub specified: Option<BTreeSet<String>>,
    /// Who works in it, by application.
    pub placed: BTreeMap<Uuid, PlacedRecord>,
    /// Sites that lack something of the setting's criteria.
    pub flagged_sites: BTreeSet<String>,
}

/// Somebody who works in a clinical service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlacedRecord {
    /// In which role.
    pub role: String,
    /// Whether qualified.
    pub qualified: bool,
    /// Whether they have a professional lead of their own.
    pub led: bool,
    /// Whether policy does not let them work there any more.
    pub flagged: bool,
}

impl ServiceRecord {
    /// What it adds to a dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        if self.closed {
            return;
        }
        sums.add("clinical_services_open", 1);
        sums.add("sites_flagged", self.flagged_sites.len() as i64);
        sums.count(
            "specifications_without_posts",
            self.specified.as_ref().is_some_and(BTreeSet::is_empty),
        );
        let placed: BTreeSet<&String> = self.placed.values().map(|one| &one.role).collect();
        for role in placed {
            let specified = self
                .specified
                .as_ref()
                .is_some_and(|roles| roles.contains(role));
            sums.add_of("services_not_specifying", role, i64::from(!specified));
        }
        for one in self.placed.values() {
            sums.count("people_without_professional_lead", !(self.led || one.led));
            let phase = if one.qualified {
                "qualified"
            } else {
                "trainee"
            };
            sums.add_of("placements", phase, 1);
            sums.count("placements_flagged", one.flagged);
        }
    }
}

impl Keep<ClinicalServiceEvent> for ServiceRecord {
    fn note(&mut self, _: &Noted, fact: &ClinicalServiceEvent) {
        use ClinicalServiceEvent as E;
        let flag = |placed: &mut BTreeMap<Uuid, PlacedRecord>, application: &Uuid, flagged| {
            if let Some(one) = placed.get_mut(application) {
                one.flagged = flagged;
            }
        };
        match fact {
            E::ClinicalServiceOpened { .. }
            | E::SiteAdded { .. }
            | E::SiteChanged { .. }
            | E::ClinicalServiceRemodelled { .. }
            | E::ClinicalServiceRetendered { .. } => {}
            E::SiteFlagged { code, .. } => {
                self.flagged_sites.insert(code.clone());
            }
            E::SiteFlagLifted { code } => {
                self.flagged_sites.remove(code);
            }
            E::ServiceSpecificationRecorded { specification } => {
                let roles = specification.roles.iter().map(ToString::to_string);
                self.specified = Some(roles.collect());
            }
            E::ProfessionalLeadNamed { .. } => self.led = true,
            E::ProfessionalLeadEnded { .. } => {
                self.led = false;
                for one in self.placed.values_mut() {
                    one.led = false;
                }
            }
            E::PersonPlaced { placement, .. } => {
                let flagged = self
                    .placed
                    .get(&placement.application.0)
                    .is_some_and(|one| one.flagged);
                let one = PlacedRecord {
                    role: placement.role.to_string(),
                    qualified: placement.phase == Phase::Qualified,
                    led: placement.professional_lead.is_some(),
                    flagged,
                };
                self.placed.insert(placement.application.0, one);
            }
            E::PersonLeft { application, .. } => {
                self.placed.remove(&application.0);
            }
            E::PlacementFlagged { application, .. } => flag(&mut self.placed, &application.0, true),
            E::PlacementFlagLifted { application, .. } => {
                flag(&mut self.placed, &application.0, false);
            }
            E::ClinicalServiceClosed { .. } => self.closed = true,
        }
    }
}
