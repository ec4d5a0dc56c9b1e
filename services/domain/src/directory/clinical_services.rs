//! The clinical services an employer runs, from opened to closed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{
    NAME_BYTES_MAX, POPULATION_BYTES_MAX, SITES_MAX,
    placements::{Placement, PlacementFlag},
    service_life::{ServiceLifeAct, ServiceSpecification},
};
use crate::{
    actor::{PersonId, Region, TenantId, TenantKind},
    application::Application,
    id::Id,
    policy::catalogue::{Setting, Settings},
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// A place where a clinical service is delivered (`ALLOC-18`, `ALLOC-19`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its code, unique in the service; an ODS site code where it has one.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its region, which is the region of trainees there; none outside England (`ALLOC-20`).
    pub region: Option<Region>,
    /// What the site has: ids that site criteria name (`integrated_team`).
    pub attributes: BTreeSet<String>,
}

/// A service an employer runs, at sites, in a setting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum ClinicalService {
    /// Does not exist.
    #[default]
    Absent,
    /// In operation, or closed after it was.
    Open(Box<ClinicalServiceTerms>),
}

/// What other records read of a clinical service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClinicalServiceTerms {
    /// Who runs it.
    pub employer: TenantId,
    /// Its name.
    pub name: String,
    /// Its setting.
    pub setting: Setting,
    /// The primary presenting problem of the people it is for (`SET-08`, `SET-09`).
    pub population: String,
    /// Its sites, as added.
    pub sites: Vec<Site>,
    /// What the contract for it says of posts, once recorded (`SET-15`).
    pub specification: Option<ServiceSpecification>,
    /// The lead inside the psychological professions structure (`READY-04`).
    pub professional_lead: Option<PersonId>,
    /// The references under which it was tendered again and stayed with the employer (`SET-14`).
    pub retendered: Vec<String>,
    /// Trainees and qualified people who work in it.
    pub placements: BTreeMap<Id<Application>, Placement>,
    /// Those of them whose place no longer fits policy, and why.
    pub flags: BTreeMap<Id<Application>, PlacementFlag>,
    /// What sites lack of the criteria of the setting, after a change (`ALLOC-17`).
    pub site_flags: BTreeMap<String, BTreeSet<String>>,
    /// The last day, once closed.
    pub closed: Option<Date>,
}

impl ClinicalServiceTerms {
    /// The site of a code.
    pub fn site(&self, code: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.code == code)
    }

    /// People without a professional lead: neither the service's nor one of their own
    /// (`READY-04`).
    pub fn without_professional_lead(&self) -> usize {
        match self.professional_lead {
            Some(_) => 0,
            None => self
                .placements
                .values()
                .filter(|placement| placement.professional_lead.is_none())
                .count(),
        }
    }
}

/// What a clinical service decides.
#[derive(Debug, Clone)]
pub enum ClinicalServiceAct {
    /// See [`OpenClinicalService`].
    Open {
        /// The employer opening it.
        employer: TenantId,
        /// The command.
        open: OpenClinicalService,
    },
    /// See [`super::AddSite`].
    AddSite(Site),
    /// What becomes of it later.
    Life(ServiceLifeAct),
    /// See [`super::NotePlacement`].
    Place(Placement),
    /// See [`super::NoteDeparture`].
    Leave(Id<Application>),
}

/// Facts of a clinical service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ClinicalServiceEvent {
    /// A clinical service opened.
    ClinicalServiceOpened {
        /// Who runs it.
        employer: TenantId,
        /// Its name.
        name: String,
        /// Its setting.
        setting: Setting,
        /// Whom it is for.
        population: String,
    },
    /// A site was added.
    SiteAdded {
        /// The site.
        site: Site,
    },
    /// A site changed: what it is called, or what it has.
    SiteChanged {
        /// The site as it is now.
        site: Site,
    },
    /// After a change a site lacks something that the setting asks of every site.
    SiteFlagged {
        /// The site.
        code: String,
        /// What it lacks.
        lacks: BTreeSet<String>,
    },
    /// The site has all of it again.
    SiteFlagLifted {
        /// The site.
        code: String,
    },
    /// The service works in another setting, or for other people, from a day on (`SET-14`).
    ClinicalServiceRemodelled {
        /// Its setting.
        setting: Setting,
        /// Whom it is for.
        population: String,
        /// The first day.
        on: Date,
    },
    /// The service was put out to tender again and stayed with the employer (`SET-14`).
    ClinicalServiceRetendered {
        /// The contract's reference.
        reference: String,
        /// The first day of the new contract.
        on: Date,
    },
    /// What the contract says of posts is known (`SET-15`).
    ServiceSpecificationRecorded {
        /// What it says.
        specification: ServiceSpecification,
    },
    /// A professional lead was named for the service.
    ProfessionalLeadNamed {
        /// The lead.
        person: PersonId,
        /// The first day.
        on: Date,
    },
    /// The service, and everybody in it, has no professional lead any more.
    ProfessionalLeadEnded {
        /// The last day.
        on: Date,
    },
    /// A person began to work in the service.
    PersonPlaced {
        /// Who, in which role and phase.
        placement: Placement,
        /// The first day.
        on: Date,
    },
    /// A person no longer works in the service.
    PersonLeft {
        /// Whose thread.
        application: Id<Application>,
        /// The last day.
        on: Date,
    },
    /// The service is no longer one where a person may work in this role and phase.
    PlacementFlagged {
        /// Whose thread.
        application: Id<Application>,
        /// Why.
        flag: PlacementFlag,
        /// From when.
        on: Date,
    },
    /// It is again.
    PlacementFlagLifted {
        /// Whose thread.
        application: Id<Application>,
        /// From when.
        on: Date,
    },
    /// The service closed.
    ClinicalServiceClosed {
        /// The last day.
        on: Date,
    },
}

aggregate!(
    ClinicalService,
    "clinical_service",
    ClinicalServiceAct,
    ClinicalServiceEvent
);

impl ClinicalService {
    /// What other records read of it; `None` while it does not exist.
    pub fn terms(&self) -> Option<&ClinicalServiceTerms> {
        match self {
            Self::Absent => None,
            Self::Open(terms) => Some(terms),
        }
    }

    fn evolve(&mut self, event: ClinicalServiceEvent) {
        match (event, self) {
            (
                ClinicalServiceEvent::ClinicalServiceOpened {
                    employer,
                    name,
                    setting,
                    population,
                },
                state,
            ) => {
                *state = Self::Open(Box::new(ClinicalServiceTerms {
                    employer,
                    name,
                    setting,
                    population,
                    sites: vec![],
                    specification: None,
                    professional_lead: None,
                    retendered: vec![],
                    placements: BTreeMap::new(),
                    flags: BTreeMap::new(),
                    site_flags: BTreeMap::new(),
                    closed: None,
                }));
            }
            (event, Self::Open(terms)) => terms.evolve(event),
            (_, Self::Absent) => {}
        }
    }
}

impl ClinicalServiceTerms {
    pub(super) fn evolve(&mut self, event: ClinicalServiceEvent) {
        use ClinicalServiceEvent as E;
        match event {
            E::ClinicalServiceOpened { .. } => {}
            E::SiteAdded { site } => self.sites.push(site),
            E::SiteChanged { site } => {
                if let Some(known) = self.sites.iter_mut().find(|known| known.code == site.code) {
                    *known = site;
                }
            }
            E::SiteFlagged { code, lacks } => {
                self.site_flags.insert(code, lacks);
            }
            E::SiteFlagLifted { code } => {
                self.site_flags.remove(&code);
            }
            E::ClinicalServiceRemodelled {
                setting,
                population,
                ..
            } => (self.setting, self.population) = (setting, population),
            E::ClinicalServiceRetendered { reference, .. } => self.retendered.push(reference),
            E::ServiceSpecificationRecorded { specification } => {
                self.specification = Some(specification);
            }
            E::ProfessionalLeadNamed { person, .. } => self.professional_lead = Some(person),
            E::ProfessionalLeadEnded { .. } => {
                self.professional_lead = None;
                for placement in self.placements.values_mut() {
                    placement.professional_lead = None;
                }
            }
            E::PersonPlaced { placement, .. } => {
                self.placements.insert(placement.application, placement);
            }
            E::PersonLeft { application, .. } => {
                self.placements.remove(&application);
                self.flags.remove(&application);
            }
            E::PlacementFlagged {
                application, flag, ..
            } => {
                self.flags.insert(application, flag);
            }
            E::PlacementFlagLifted { application, .. } => {
                self.flags.remove(&application);
            }
            E::ClinicalServiceClosed { on } => self.closed = Some(on),
        }
    }
}

impl Decider for ClinicalService {
    type Act = ClinicalServiceAct;
    const COLLECTION: &'static str = "clinicalServices";

    fn decide(
        &self,
        issued: &Issued<ClinicalServiceAct>,
    ) -> Result<Vec<ClinicalServiceEvent>, Refusal> {
        match (&issued.act, self) {
            (ClinicalServiceAct::Open { employer, open }, state) => {
                let name = text::required(&open.name, "display_name", NAME_BYTES_MAX)?;
                let population = known_workplace(issued, &open.setting, &open.population)?;
                match state {
                    Self::Absent => Ok(vec![ClinicalServiceEvent::ClinicalServiceOpened {
                        employer: *employer,
                        name,
                        setting: open.setting.clone(),
                        population,
                    }]),
                    Self::Open(terms)
                        if (&terms.name, &terms.setting, &terms.population)
                            == (&name, &open.setting, &population) =>
                    {
                        Ok(vec![])
                    }
                    Self::Open(_) => Err(Refusal::already_recorded("the clinical service")),
                }
            }
            (_, Self::Absent) => Err(Refusal::not_permitted()),
            (ClinicalServiceAct::AddSite(site), Self::Open(terms)) => {
                match terms.site(&site.code) {
                    Some(known) if known == site => Ok(vec![]),
                    Some(_) => Err(Refusal::already_recorded("the site")),
                    None if terms.sites.len() >= SITES_MAX => Err(Refusal::invalid(
                        "code",
                        format!("a clinical service has at most {SITES_MAX} sites"),
                    )),
                    None => Ok(vec![ClinicalServiceEvent::SiteAdded { site: site.clone() }]),
                }
            }
            (ClinicalServiceAct::Life(act), Self::Open(terms)) => terms.live(issued, act),
            (ClinicalServiceAct::Place(placement), Self::Open(terms)) => {
                Ok(terms.place(issued, placement))
            }
            (ClinicalServiceAct::Leave(application), Self::Open(terms)) => {
                Ok(terms.leave(issued, *application))
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms().map(|terms| Custody::of(terms.employer, []))
    }
}

/// The population as recorded; the setting must be one that policy lists.
pub(super) fn known_workplace(
    issued: &Issue,
    setting: &Setting,
    population: &str,
) -> Result<String, Refusal> {
    let population = text::identifier(population, "population", POPULATION_BYTES_MAX)?;
    let known: Settings = issued.policies.get("settings", issued.today())?;
    if known.contains_key(setting.as_str()) {
        return Ok(population);
    }
    Err(Refusal::invalid(
        "setting",
        "not a known setting; see policy settings for the list",
    ))
}

/// Opens a clinical service of the acting employer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenClinicalService {
    /// Its name.
    pub name: String,
    /// Its setting.
    pub setting: Setting,
    /// The primary presenting problem of the people it is for, `severe_mental_illness`.
    pub population: String,
}

impl Command for OpenClinicalService {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let id = Id::<ClinicalService>::derive(employer, &[issue.request]);
        let open = self.clone();
        world.decide(issue, id, ClinicalServiceAct::Open { employer, open })?;
        Ok(id.key())
    }
}
