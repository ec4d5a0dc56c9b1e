//! An employer's interest in a role becomes funded places of an intake: interest, readiness,
//! proposal, confirmation; then its places are divided, advertised, filled and given up.

mod cluster;
mod interest;
mod pilot;
mod places;
mod proposal;
mod waitlist;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

pub use self::{cluster::*, interest::*, pilot::*, places::*, proposal::*, waitlist::*};
use crate::{
    application::Application,
    directory::{ClinicalService, Supervisor},
    id::Id,
    policy::catalogue::Setting,
    programme::{Intake, IntakeTerms},
    refusal::Refusal,
    vacancy::Vacancy,
    world::{Custody, Decider, Issued, aggregate},
};

/// The most places one interest can ask for, or one allocation hold.
pub const PLACES_MAX: u32 = 500;
/// The most supervisors one declaration can name.
pub const SUPERVISORS_MAX: usize = 100;
/// The most clinical services or settings over which places are divided.
pub const PARTS_MAX: usize = 100;
/// The longest reason of an override, in bytes.
pub const REASON_BYTES_MAX: usize = 1_000;
/// The longest pilot id, in bytes.
pub const PILOT_BYTES_MAX: usize = 40;

/// How far an allocation has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Interest registered.
    Interested,
    /// Readiness declared.
    Ready,
    /// Places proposed, and held at the intake.
    Proposed(Proposal),
    /// Places confirmed.
    Confirmed(Proposal),
    /// Declined; what was proposed is kept to be seen.
    Declined(Option<Proposal>),
}

/// The places granted to an employer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Allocation {
    /// No interest is on file.
    #[default]
    Absent,
    /// Interest and what followed.
    Registered(Box<Registered>),
}

/// An interest and what followed from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registered {
    /// The interest.
    pub interest: Interest,
    /// The demand by setting, where it was said.
    pub settings: BTreeMap<Setting, u32>,
    /// The latest declaration of readiness.
    pub readiness: Option<Readiness>,
    /// The latest request for an override.
    pub override_request: Option<OverrideRequest>,
    /// Whether the regional lead supports it.
    pub override_supported: bool,
    /// The override granted last.
    pub cluster_override: Option<ClusterOverride>,
    /// Sites offered, by pilot.
    pub pilot_sites: BTreeMap<String, PilotSites>,
    /// The intake whose places it waits for.
    pub waits_for: Option<Id<Intake>>,
    /// How far it has come.
    pub stage: Stage,
    /// How its places are divided over clinical services.
    pub services: BTreeMap<Id<ClinicalService>, u32>,
    /// Posts advertised, by vacancy.
    pub advertised: BTreeMap<Id<Vacancy>, u32>,
    /// Places filled: application → the vacancy it came through.
    pub filled: BTreeMap<Id<Application>, Id<Vacancy>>,
}

/// What an allocation decides.
#[derive(Debug, Clone)]
pub enum AllocationAct {
    /// See [`RegisterInterest`].
    RegisterInterest {
        /// The interest.
        interest: Interest,
        /// The demand by setting.
        settings: BTreeMap<Setting, u32>,
    },
    /// See [`DeclareReadiness`].
    DeclareReadiness {
        /// The command.
        declare: DeclareReadiness,
        /// Each named supervisor, and whether the role's rule admits them today.
        eligibility: Vec<(Id<Supervisor>, bool)>,
    },
    /// See [`RequestClusterOverride`].
    RequestClusterOverride(RequestClusterOverride),
    /// See [`SupportClusterOverride`].
    SupportClusterOverride,
    /// See [`GrantClusterOverride`].
    GrantClusterOverride(GrantClusterOverride),
    /// See [`OfferPilotSites`].
    OfferPilotSites(PilotSites),
    /// See [`ProposeAllocation`], [`ReallocateSpareCapacity`], [`ServeWaitlist`].
    Propose {
        /// What is proposed.
        proposal: Proposal,
        /// The intake's terms.
        intake: Box<IntakeTerms>,
        /// Places the employer holds at the intake through other allocations.
        cluster: u32,
        /// Whether the places are spare after the round.
        spare: bool,
    },
    /// See [`JoinWaitlist`].
    JoinWaitlist {
        /// What is waited for.
        proposal: Proposal,
        /// The intake's terms.
        intake: Box<IntakeTerms>,
        /// Places the employer holds at the intake through other allocations.
        cluster: u32,
    },
    /// It can no longer be served from the waitlist.
    LeaveWaitlist,
    /// See [`ConfirmAllocation`].
    Confirm(ConfirmAllocation),
    /// See [`DeclineAllocation`].
    Decline,
    /// See [`SplitPlaces`].
    Split(SplitPlaces),
    /// See [`ReturnPlaces`], [`ReallocatePlaces`].
    GiveUp {
        /// How many.
        places: u32,
        /// Why.
        given: GivenUp,
    },
    /// The other side of [`ReallocatePlaces`].
    TakeOver {
        /// The allocation that gives them up.
        from: Id<Allocation>,
        /// How many.
        places: u32,
        /// The intake they belong to.
        intake: Id<Intake>,
    },
    /// A vacancy opens: its posts come out of the places not yet advertised.
    Advertise {
        /// The vacancy.
        vacancy: Id<Vacancy>,
        /// Its posts.
        posts: u32,
    },
    /// A vacancy closes with posts it will not fill: they can be advertised again.
    HandBack {
        /// The vacancy.
        vacancy: Id<Vacancy>,
        /// The posts handed back.
        posts: u32,
    },
    /// See [`FillPlace`].
    Fill {
        /// The application appointed.
        application: Id<Application>,
        /// The vacancy it came through.
        vacancy: Id<Vacancy>,
    },
    /// See [`VacatePlace`].
    Vacate {
        /// The application whose place is vacant again.
        application: Id<Application>,
    },
}

/// Facts of an allocation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum AllocationEvent {
    /// An employer is interested in a role (`ALLOC-06`).
    InterestRegistered {
        /// The interest.
        interest: Interest,
    },
    /// The demand was said by setting.
    DemandDivided {
        /// Places by setting; they sum to the demand.
        settings: BTreeMap<Setting, u32>,
    },
    /// A named supervisor was measured against the role's rule.
    SupervisorEligibilityChecked {
        /// The supervisor.
        supervisor: Id<Supervisor>,
        /// Whether the rule admits them.
        eligible: bool,
        /// On which day.
        on: Date,
    },
    /// The employer declared itself ready.
    ReadinessDeclared {
        /// The declaration.
        readiness: Readiness,
    },
    /// Somebody asked that a cluster below the minimum be accepted.
    ClusterOverrideRequested {
        /// The request.
        request: OverrideRequest,
    },
    /// The regional lead supports the request.
    ClusterOverrideSupported {},
    /// A cluster below the minimum is accepted.
    ClusterOverrideGranted {
        /// Why and until when.
        cluster_override: ClusterOverride,
    },
    /// The employer offers sites to a pilot.
    PilotSitesOffered {
        /// The sites.
        offered: PilotSites,
    },
    /// The allocation waits for places of an intake that is full.
    AllocationWaitlisted {
        /// What it waits for.
        proposal: Proposal,
    },
    /// It waits no longer, and was not served.
    AllocationUnlisted {},
    /// Places were proposed, and are held at the intake.
    AllocationProposed {
        /// The places.
        proposal: Proposal,
    },
    /// The places were confirmed.
    AllocationConfirmed {
        /// The three approvals and consultations behind it.
        approvals: Vec<Approval>,
    },
    /// The employer declined (`ALLOC-12`).
    AllocationDeclined {},
    /// The places were divided over clinical services (`JOINT-09`).
    PlacesSplit {
        /// Places by clinical service; they sum to the places confirmed.
        services: BTreeMap<Id<ClinicalService>, u32>,
    },
    /// Confirmed places that are not advertised were given up.
    PlacesGivenUp {
        /// How many.
        places: u32,
        /// Why.
        given: GivenUp,
    },
    /// Places of another allocation of the same role and intake were taken over.
    PlacesTakenOver {
        /// The other allocation.
        from: Id<Allocation>,
        /// How many.
        places: u32,
    },
    /// A vacancy advertises posts.
    PlacesAdvertised {
        /// The vacancy.
        vacancy: Id<Vacancy>,
        /// How many.
        posts: u32,
    },
    /// A closed vacancy gave posts back.
    PlacesHandedBack {
        /// The vacancy.
        vacancy: Id<Vacancy>,
        /// How many.
        posts: u32,
    },
    /// A place is filled.
    PlaceFilled {
        /// The application appointed.
        application: Id<Application>,
        /// The vacancy it came through.
        vacancy: Id<Vacancy>,
    },
    /// A filled place is vacant again.
    PlaceVacated {
        /// The application that held it.
        application: Id<Application>,
    },
}

aggregate!(Allocation, "allocation", AllocationAct, AllocationEvent);

impl Registered {
    fn of(interest: Interest) -> Self {
        Self {
            interest,
            settings: BTreeMap::new(),
            readiness: None,
            override_request: None,
            override_supported: false,
            cluster_override: None,
            pilot_sites: BTreeMap::new(),
            waits_for: None,
            stage: Stage::Interested,
            services: BTreeMap::new(),
            advertised: BTreeMap::new(),
            filled: BTreeMap::new(),
        }
    }

    fn hold_mut(&mut self) -> Option<&mut Proposal> {
        match &mut self.stage {
            Stage::Proposed(proposal) | Stage::Confirmed(proposal) => Some(proposal),
            Stage::Interested | Stage::Ready | Stage::Declined(_) => None,
        }
    }
}

impl Allocation {
    /// The interest and what followed; `None` while there is none.
    pub fn registered(&self) -> Option<&Registered> {
        match self {
            Self::Absent => None,
            Self::Registered(registered) => Some(registered),
        }
    }

    /// The same for a decision, which a missing record refuses.
    fn known(&self) -> Result<&Registered, Refusal> {
        self.registered().ok_or_else(Refusal::not_permitted)
    }

    /// The same for a decision of the commissioner asked.
    fn of_commissioner(&self, issued: &Issued<AllocationAct>) -> Result<&Registered, Refusal> {
        let known = self.known()?;
        if issued.by.tenant == known.interest.commissioner {
            Ok(known)
        } else {
            Err(Refusal::not_permitted())
        }
    }

    /// The same for a decision of the employer.
    fn of_employer(&self, issued: &Issued<AllocationAct>) -> Result<&Registered, Refusal> {
        let known = self.known()?;
        if issued.by.tenant == known.interest.employer {
            Ok(known)
        } else {
            Err(Refusal::not_permitted())
        }
    }

    /// The interest behind it; `None` while it does not exist.
    pub fn interest(&self) -> Option<&Interest> {
        self.registered().map(|known| &known.interest)
    }

    /// How far it has come; `None` while it does not exist.
    pub fn stage(&self) -> Option<&Stage> {
        self.registered().map(|known| &known.stage)
    }

    /// The latest declaration of readiness.
    pub fn readiness(&self) -> Option<&Readiness> {
        self.registered()?.readiness.as_ref()
    }

    /// The override granted, if any.
    pub fn cluster_override(&self) -> Option<&ClusterOverride> {
        self.registered()?.cluster_override.as_ref()
    }

    /// The places held at an intake, proposed or confirmed.
    pub fn proposed(&self) -> Option<&Proposal> {
        match self.stage()? {
            Stage::Proposed(proposal) | Stage::Confirmed(proposal) => Some(proposal),
            Stage::Interested | Stage::Ready | Stage::Declined(_) => None,
        }
    }

    /// The places once confirmed.
    pub fn confirmed(&self) -> Option<&Proposal> {
        match self.stage()? {
            Stage::Confirmed(proposal) => Some(proposal),
            _ => None,
        }
    }

    /// Confirmed places not advertised yet.
    pub fn places_to_advertise(&self) -> u32 {
        let advertised = self.registered().map_or(0, |known| {
            known
                .advertised
                .values()
                .fold(0u32, |sum, posts| sum.saturating_add(*posts))
        });
        self.confirmed()
            .map_or(0, |proposal| proposal.places.saturating_sub(advertised))
    }

    /// Places filled.
    pub fn filled(&self) -> usize {
        self.registered().map_or(0, |known| known.filled.len())
    }

    fn evolve(&mut self, event: AllocationEvent) {
        if let AllocationEvent::InterestRegistered { interest } = event {
            *self = Self::Registered(Box::new(Registered::of(interest)));
            return;
        }
        let Self::Registered(known) = self else {
            return;
        };
        match event {
            AllocationEvent::InterestRegistered { .. }
            | AllocationEvent::SupervisorEligibilityChecked { .. } => {}
            AllocationEvent::DemandDivided { settings } => known.settings = settings,
            AllocationEvent::ReadinessDeclared { readiness } => {
                known.readiness = Some(readiness);
                if known.stage == Stage::Interested {
                    known.stage = Stage::Ready;
                }
            }
            AllocationEvent::ClusterOverrideRequested { request } => {
                known.override_supported = request.by == OverrideRequester::RegionalLead;
                known.override_request = Some(request);
            }
            AllocationEvent::ClusterOverrideSupported {} => known.override_supported = true,
            AllocationEvent::ClusterOverrideGranted { cluster_override } => {
                known.cluster_override = Some(cluster_override);
            }
            AllocationEvent::PilotSitesOffered { offered } => {
                known.pilot_sites.insert(offered.pilot.clone(), offered);
            }
            AllocationEvent::AllocationWaitlisted { proposal } => {
                known.waits_for = Some(proposal.intake);
            }
            AllocationEvent::AllocationUnlisted {} => known.waits_for = None,
            AllocationEvent::AllocationProposed { proposal } => {
                known.waits_for = None;
                known.stage = Stage::Proposed(proposal);
            }
            AllocationEvent::AllocationConfirmed { .. } => {
                if let Stage::Proposed(proposal) = &known.stage {
                    known.stage = Stage::Confirmed(proposal.clone());
                }
            }
            AllocationEvent::AllocationDeclined {} => {
                known.waits_for = None;
                known.stage = Stage::Declined(known.hold_mut().cloned());
            }
            AllocationEvent::PlacesSplit { services } => known.services = services,
            AllocationEvent::PlacesGivenUp { places, .. } => {
                // what was divided no longer sums to what is held
                known.services.clear();
                if let Some(held) = known.hold_mut() {
                    held.places = held.places.saturating_sub(places);
                }
            }
            AllocationEvent::PlacesTakenOver { places, .. } => {
                known.services.clear();
                if let Some(held) = known.hold_mut() {
                    held.places = held.places.saturating_add(places);
                }
            }
            AllocationEvent::PlacesAdvertised { vacancy, posts } => {
                known.advertised.insert(vacancy, posts);
            }
            AllocationEvent::PlacesHandedBack { vacancy, posts } => {
                if let Some(left) = known.advertised.get_mut(&vacancy) {
                    *left = left.saturating_sub(posts);
                }
            }
            AllocationEvent::PlaceFilled {
                application,
                vacancy,
            } => {
                known.filled.insert(application, vacancy);
            }
            AllocationEvent::PlaceVacated { application } => {
                known.filled.remove(&application);
            }
        }
    }
}

impl Decider for Allocation {
    type Act = AllocationAct;
    const COLLECTION: &'static str = "allocations";

    fn decide(&self, issued: &Issued<AllocationAct>) -> Result<Vec<AllocationEvent>, Refusal> {
        match &issued.act {
            AllocationAct::RegisterInterest { interest, settings } => {
                self.register_interest(interest, settings)
            }
            AllocationAct::DeclareReadiness {
                declare,
                eligibility,
            } => self.declare_readiness(issued, declare, eligibility),
            AllocationAct::RequestClusterOverride(request) => {
                self.request_cluster_override(issued, request)
            }
            AllocationAct::SupportClusterOverride => self.support_cluster_override(issued),
            AllocationAct::GrantClusterOverride(grant) => {
                self.grant_cluster_override(issued, grant)
            }
            AllocationAct::OfferPilotSites(offered) => self.offer_pilot_sites(issued, offered),
            AllocationAct::Propose {
                proposal,
                intake,
                cluster,
                spare,
            } => self.propose(issued, proposal, intake, *cluster, *spare),
            AllocationAct::JoinWaitlist {
                proposal,
                intake,
                cluster,
            } => self.join_waitlist(issued, proposal, intake, *cluster),
            AllocationAct::LeaveWaitlist => Ok(self.leave_waitlist()),
            AllocationAct::Confirm(confirm) => self.confirm(issued, confirm),
            AllocationAct::Decline => self.decline(issued),
            AllocationAct::Split(split) => self.split(issued, split),
            AllocationAct::GiveUp { places, given } => self.give_up(*places, *given),
            AllocationAct::TakeOver {
                from,
                places,
                intake,
            } => self.take_over(*from, *places, *intake),
            AllocationAct::Advertise { vacancy, posts } => self.advertise(*vacancy, *posts),
            AllocationAct::HandBack { vacancy, posts } => self.hand_back(*vacancy, *posts),
            AllocationAct::Fill {
                application,
                vacancy,
            } => self.fill(*application, *vacancy),
            AllocationAct::Vacate { application } => Ok(self.vacate(*application)),
        }
    }

    /// The university becomes a party with the proposal: before it there is nothing of its own in
    /// the stream.
    fn custody(&self) -> Option<Custody> {
        let known = self.registered()?;
        let university = match &known.stage {
            Stage::Proposed(proposal)
            | Stage::Confirmed(proposal)
            | Stage::Declined(Some(proposal)) => Some(proposal.university),
            Stage::Interested | Stage::Ready | Stage::Declined(None) => None,
        };
        let others = [known.interest.commissioner].into_iter().chain(university);
        Some(Custody::of(known.interest.employer, others))
    }
}

fn check_places(places: u32, field: &'static str) -> Result<(), Refusal> {
    if (1..=PLACES_MAX).contains(&places) {
        return Ok(());
    }
    Err(Refusal::invalid(field, format!("from 1 to {PLACES_MAX}")))
}

#[cfg(test)]
mod tests;
