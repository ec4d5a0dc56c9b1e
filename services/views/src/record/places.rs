//! From an employer's interest to an open vacancy.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::{Region, TenantId},
    allocation::AllocationEvent,
    partnership::PartnershipEvent,
    places::Places,
    programme::{IntakeEvent, NoPlaces},
    vacancy::VacancyEvent,
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Keep;
use crate::dashboard::cluster;

/// An intake: its places and who holds them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct IntakeRecord {
    /// Its own id.
    pub intake: Option<Uuid>,
    /// Its name, `MHWP-2026-03`.
    pub title: String,
    /// Where it is taught.
    pub university: Option<TenantId>,
    /// The role trained for.
    pub role: Option<String>,
    /// First teaching day.
    pub teaching_start: Option<Date>,
    /// Places by level.
    pub capacity: BTreeMap<u8, u32>,
    /// Places held, by allocation.
    pub reserved: BTreeMap<Uuid, ReservedPlaces>,
    /// Places waited for, by allocation.
    pub awaited: BTreeMap<Uuid, u32>,
    /// Regions without any contracted university when the allocation round closed (`ALLOC-05`).
    pub regions_without_provider: BTreeSet<Region>,
    /// Where its places are.
    pub ledger: Places,
}

/// Places an employer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedPlaces {
    /// Whose.
    pub employer: TenantId,
    /// How many.
    pub places: u32,
}

impl Keep<IntakeEvent> for IntakeRecord {
    fn note(&mut self, noted: &Noted, fact: &IntakeEvent) {
        self.intake = Some(noted.stream);
        self.ledger.note_intake(fact);
        match fact {
            IntakeEvent::IntakePlanned { terms } => {
                self.title.clone_from(&terms.title);
                self.university = Some(terms.university);
                self.role = Some(terms.role.to_string());
                self.teaching_start = Some(terms.teaching_start);
                for route in &terms.capacity {
                    let places = self.capacity.entry(route.level).or_default();
                    *places = places.saturating_add(route.places);
                }
            }
            IntakeEvent::PlacesReserved {
                allocation,
                reservation,
            } => {
                let places = ReservedPlaces {
                    employer: reservation.employer,
                    places: reservation.places,
                };
                self.awaited.remove(&allocation.0);
                self.reserved.insert(allocation.0, places);
            }
            IntakeEvent::PlacesReturned { allocation, places } => {
                if let Some(held) = self.reserved.get_mut(&allocation.0) {
                    held.places = held.places.saturating_sub(*places);
                }
                self.reserved.retain(|_, held| held.places > 0);
            }
            IntakeEvent::WaitlistJoined {
                allocation,
                reservation,
            } => {
                self.awaited.insert(allocation.0, reservation.places);
            }
            IntakeEvent::WaitlistLeft { allocation } => {
                self.awaited.remove(&allocation.0);
            }
            IntakeEvent::AllocationRoundClosed { regions } => {
                let missing = regions
                    .iter()
                    .filter(|(_, got)| got.none_because == Some(NoPlaces::NoProvider));
                self.regions_without_provider = missing.map(|(region, _)| *region).collect();
            }
            IntakeEvent::CurriculumMigrated { .. }
            | IntakeEvent::SpareCapacityReallocated { .. } => {}
        }
    }
}

/// How far an allocation has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllocationStage {
    /// Interest only.
    #[default]
    Interested,
    /// Readiness declared.
    Ready,
    /// Places proposed.
    Proposed,
    /// Places confirmed.
    Confirmed,
    /// Declined.
    Declined,
}

/// An allocation: what was asked, granted and filled.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AllocationRecord {
    /// Its own id.
    pub allocation: Option<Uuid>,
    /// The role; unseen by a tenant that joined later.
    pub role: Option<String>,
    /// Whose; unseen by a tenant that joined later.
    pub employer: Option<TenantId>,
    /// The region of the demand.
    pub region: Option<Region>,
    /// Places asked for.
    pub demand: u32,
    /// How far it has come.
    pub stage: AllocationStage,
    /// The intake proposed.
    pub intake: Option<Uuid>,
    /// Places proposed or confirmed.
    pub places: u32,
    /// The pilot they are for.
    pub pilot: Option<String>,
    /// Whether an override of the cluster minimum was requested.
    pub override_requested: bool,
    /// The day on which an override of the cluster minimum is looked at again.
    pub override_review: Option<Date>,
    /// Places by clinical service (`JOINT-09`).
    pub services: BTreeMap<Uuid, u32>,
    /// Applications that fill a place.
    pub filled: BTreeSet<Uuid>,
    /// Where its places are.
    pub ledger: Places,
}

impl AllocationRecord {
    /// The cluster its places count for, once proposed.
    pub fn cluster(&self) -> Option<String> {
        Some(cluster(self.role.as_deref()?, self.intake?, self.employer?))
    }

    /// Places that are confirmed.
    pub fn confirmed(&self) -> u32 {
        if self.stage == AllocationStage::Confirmed {
            self.places
        } else {
            0
        }
    }
}

impl Keep<AllocationEvent> for AllocationRecord {
    fn note(&mut self, noted: &Noted, fact: &AllocationEvent) {
        self.allocation = Some(noted.stream);
        self.ledger.note_allocation(fact);
        match fact {
            AllocationEvent::InterestRegistered { interest } => {
                self.role = Some(interest.role.to_string());
                self.employer = Some(interest.employer);
                self.region = Some(interest.region);
                self.demand = interest.demand;
            }
            AllocationEvent::ReadinessDeclared { .. } => {
                if self.stage == AllocationStage::Interested {
                    self.stage = AllocationStage::Ready;
                }
            }
            AllocationEvent::ClusterOverrideGranted { cluster_override } => {
                self.override_review = Some(cluster_override.review_date);
            }
            AllocationEvent::AllocationProposed { proposal } => {
                self.stage = AllocationStage::Proposed;
                self.intake = Some(proposal.intake.0);
                self.places = proposal.places;
                self.pilot.clone_from(&proposal.pilot);
            }
            AllocationEvent::AllocationConfirmed { .. } => {
                self.stage = AllocationStage::Confirmed;
            }
            AllocationEvent::AllocationDeclined {} => self.stage = AllocationStage::Declined,
            AllocationEvent::PlaceFilled { application, .. } => {
                self.filled.insert(application.0);
            }
            AllocationEvent::PlaceVacated { application } => {
                self.filled.remove(&application.0);
            }
            AllocationEvent::ClusterOverrideRequested { .. } => self.override_requested = true,
            AllocationEvent::PlacesSplit { services } => {
                let places = services.iter();
                self.services = places.map(|(id, places)| (id.0, *places)).collect();
            }
            AllocationEvent::PlacesGivenUp { places, .. } => {
                self.places = self.places.saturating_sub(*places);
                self.services.clear();
            }
            AllocationEvent::PlacesTakenOver { places, .. } => {
                self.places = self.places.saturating_add(*places);
                self.services.clear();
            }
            AllocationEvent::SupervisorEligibilityChecked { .. }
            | AllocationEvent::DemandDivided { .. }
            | AllocationEvent::ClusterOverrideSupported {}
            | AllocationEvent::PilotSitesOffered { .. }
            | AllocationEvent::AllocationWaitlisted { .. }
            | AllocationEvent::AllocationUnlisted {}
            | AllocationEvent::PlacesAdvertised { .. }
            | AllocationEvent::PlacesHandedBack { .. } => {}
        }
    }
}

/// A partnership: whether both signed, and the balance of routes they agreed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartnershipRecord {
    /// The employer.
    pub employer: Option<TenantId>,
    /// The university.
    pub university: Option<TenantId>,
    /// The intake.
    pub intake: Option<Uuid>,
    /// Whether both signed.
    pub signed: bool,
    /// Trainee posts both signed for.
    pub trainee_posts: u32,
    /// Qualified posts to follow.
    pub qualified_posts: u32,
    /// Agreed share of entrants at the highest level, in percent.
    pub higher_percent: Option<u32>,
    /// How far the actual share may lie from it, in points.
    pub tolerance_points: Option<u32>,
}

impl Keep<PartnershipEvent> for PartnershipRecord {
    fn note(&mut self, _: &Noted, fact: &PartnershipEvent) {
        match fact {
            PartnershipEvent::PartnershipProposed { between, .. } => {
                self.employer = Some(between.employer);
                self.university = Some(between.university);
                self.intake = Some(between.intake.0);
            }
            PartnershipEvent::PartnershipSigned { posts, .. } => {
                self.signed = true;
                self.trainee_posts = posts.trainee;
                self.qualified_posts = posts.qualified;
            }
            PartnershipEvent::RouteBalanceProposed { .. } => {}
            PartnershipEvent::RouteBalanceAgreed { balance, .. } => {
                self.higher_percent = Some(balance.level7_percent);
                self.tolerance_points = Some(balance.tolerance_points);
            }
        }
    }
}

/// A vacancy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VacancyRecord {
    /// Trainee posts advertised, less those handed back.
    pub posts: u32,
    /// Whether it has been closed.
    pub closed: bool,
    /// Its own id.
    pub vacancy: Option<Uuid>,
    /// The clinical service it is for.
    pub clinical_service: Option<Uuid>,
    /// The pilot it belongs to.
    pub pilot: Option<String>,
}

impl VacancyRecord {
    /// Tells of those who qualified what their awards leave to it.
    pub(crate) fn tell(&self, figures: &mut Figures) {
        if let (Some(vacancy), Some(service)) = (self.vacancy, self.clinical_service) {
            super::opened_for(figures, vacancy, service, self.pilot.as_deref());
        }
    }
}

impl Keep<VacancyEvent> for VacancyRecord {
    fn note(&mut self, noted: &Noted, fact: &VacancyEvent) {
        self.vacancy = Some(noted.stream);
        match fact {
            VacancyEvent::VacancyOpened { terms } => {
                self.posts = terms.posts;
                self.clinical_service = Some(terms.clinical_service.0);
                self.pilot.clone_from(&terms.pilot);
            }
            VacancyEvent::VacancyClosed {
                posts_handed_back, ..
            } => {
                self.posts = self.posts.saturating_sub(*posts_handed_back);
                self.closed = true;
            }
        }
    }
}
