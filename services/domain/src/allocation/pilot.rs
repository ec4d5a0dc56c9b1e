//! Capacity the round left spare goes to pilots, at sites that meet their criteria (`ALLOC-13`,
//! `ALLOC-16`, `ALLOC-17`).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Allocation, AllocationAct, AllocationEvent, PILOT_BYTES_MAX, Proposal, Stage,
    interest::not_ready,
};
use crate::{
    actor::TenantKind,
    directory::ClinicalService,
    id::Id,
    policy::catalogue::Phase,
    programme::{Intake, IntakeAct, Reservation},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// Sites an employer offers to a pilot; they met its criteria when they were offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PilotSites {
    /// The pilot, `drug_and_alcohol`.
    pub pilot: String,
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// Codes of its sites; empty where the pilot asks nothing of a site.
    pub sites: BTreeSet<String>,
}

impl Allocation {
    pub(super) fn offer_pilot_sites(
        &self,
        issued: &Issued<AllocationAct>,
        offered: &PilotSites,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let known = self.of_employer(issued)?;
        if matches!(known.stage, Stage::Declined(_)) {
            return Err(Refusal::state_not_allowed(
                "the allocation was declined; register a new interest",
            ));
        }
        let escalates = known
            .readiness
            .as_ref()
            .is_some_and(|readiness| readiness.clinical_escalation);
        if !escalates {
            return Err(not_ready(
                "READY-05",
                "a pilot needs declared supervision and a route for clinical escalation; declare \
                 readiness with both",
            ));
        }
        if known.pilot_sites.get(&offered.pilot) == Some(offered) {
            return Ok(vec![]);
        }
        Ok(vec![AllocationEvent::PilotSitesOffered {
            offered: offered.clone(),
        }])
    }
}

/// Offers sites of a clinical service to the pilot its setting is, so that spare places can go
/// there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OfferPilotSites {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// The clinical service, in a pilot's setting.
    pub clinical_service: Id<ClinicalService>,
    /// Codes of its sites.
    pub sites: BTreeSet<String>,
}

impl Command for OfferPilotSites {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let Some(interest) = world.read_own(issue, self.allocation)?.interest().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let Some(service) = world
            .read_own(issue, self.clinical_service)?
            .terms()
            .cloned()
        else {
            return Err(Refusal::not_permitted().into());
        };
        let region = self
            .sites
            .iter()
            .find_map(|code| service.site(code)?.region)
            .unwrap_or(interest.region);
        let sites: Vec<String> = self.sites.iter().cloned().collect();
        let setting = service.admits(
            &issue.policies,
            &interest.role,
            Phase::Trainee,
            &sites,
            Some(region),
            issue.today(),
        )?;
        let Some(pilot) = setting.pilot.clone() else {
            return Err(Refusal::state_not_allowed(format!(
                "setting {} is no pilot; its places are proposed as any other",
                service.setting
            ))
            .into());
        };
        let offered = PilotSites {
            pilot,
            clinical_service: self.clinical_service,
            sites: self.sites.clone(),
        };
        world.decide(
            issue,
            self.allocation,
            AllocationAct::OfferPilotSites(offered),
        )?;
        Ok(self.allocation.key())
    }
}

/// Gives places the round left unfilled to a pilot (`ALLOC-13`): only free ones move, so that
/// capacity holds, and they are marked as the pilot's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReallocateSpareCapacity {
    /// The intake with places to spare.
    pub intake: Id<Intake>,
    /// The allocation of the employer whose pilot gets them.
    pub allocation: Id<Allocation>,
    /// How many places.
    pub places: u32,
    /// The pilot.
    pub pilot: String,
}

impl Command for ReallocateSpareCapacity {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let pilot = text::identifier(&self.pilot, "pilot", PILOT_BYTES_MAX)?;
        let known = world
            .read_own(issue, self.allocation)?
            .registered()
            .cloned();
        let Some(known) = known else {
            return Err(Refusal::not_permitted().into());
        };
        let asked = (self.intake, self.places, Some(pilot.clone()));
        let (proposal, intake, cluster) =
            Proposal::read(issue, world, self.allocation, &known.interest, asked)?;
        if !known.pilot_sites.contains_key(&pilot) {
            return Err(Refusal::new(
                Reason::SiteCriteriaNotMet,
                format!(
                    "the employer offers no site that meets the criteria of pilot {pilot}; ask it \
                     to offer one"
                ),
            )
            .with("pilot", &pilot)
            .into());
        }
        world.decide(
            issue,
            self.allocation,
            AllocationAct::Propose {
                proposal,
                intake,
                cluster,
                spare: true,
            },
        )?;
        world.decide(
            issue,
            self.intake,
            IntakeAct::ReserveSpare {
                allocation: self.allocation,
                reservation: Reservation {
                    employer: known.interest.employer,
                    places: self.places,
                },
                pilot,
            },
        )?;
        Ok(self.allocation.key())
    }
}

#[cfg(test)]
mod tests;
