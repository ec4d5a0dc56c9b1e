//! The clinical services an employer runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{
    ATTRIBUTE_BYTES_MAX, NAME_BYTES_MAX, POPULATION_BYTES_MAX, SITE_ATTRIBUTES_MAX,
    SITE_CODE_BYTES_MAX, SITES_MAX,
};
use crate::{
    actor::{Region, TenantId, TenantKind},
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
    /// In operation.
    Open(ClinicalServiceTerms),
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
}

impl ClinicalServiceTerms {
    /// The site of a code.
    pub fn site(&self, code: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.code == code)
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
    /// See [`AddSite`].
    AddSite(AddSite),
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
                *state = Self::Open(ClinicalServiceTerms {
                    employer,
                    name,
                    setting,
                    population,
                    sites: vec![],
                });
            }
            (ClinicalServiceEvent::SiteAdded { site }, Self::Open(terms)) => terms.sites.push(site),
            (ClinicalServiceEvent::SiteAdded { .. }, Self::Absent) => {}
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
                let population =
                    text::identifier(&open.population, "population", POPULATION_BYTES_MAX)?;
                let known: Settings = issued.policies.get("settings", issued.today())?;
                if !known.contains_key(open.setting.as_str()) {
                    return Err(Refusal::invalid(
                        "setting",
                        "not a known setting; see policy settings for the list",
                    ));
                }
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
            (ClinicalServiceAct::AddSite(_), Self::Absent) => Err(Refusal::not_permitted()),
            (ClinicalServiceAct::AddSite(add), Self::Open(terms)) => {
                let site = add.site()?;
                match terms.site(&site.code) {
                    Some(known) if *known == site => Ok(vec![]),
                    Some(_) => Err(Refusal::already_recorded("the site")),
                    None => {
                        if terms.sites.len() >= SITES_MAX {
                            return Err(Refusal::invalid(
                                "code",
                                format!("a clinical service has at most {SITES_MAX} sites"),
                            ));
                        }
                        Ok(vec![ClinicalServiceEvent::SiteAdded { site }])
                    }
                }
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms().map(|terms| Custody::of(terms.employer, []))
    }
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

/// Adds a site to a clinical service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddSite {
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// The site's code, unique in the service.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its region; none outside England.
    pub region: Option<Region>,
    /// What it has: ids that site criteria name.
    pub attributes: BTreeSet<String>,
}

impl AddSite {
    fn site(&self) -> Result<Site, Refusal> {
        let code = text::required(&self.code, "code", SITE_CODE_BYTES_MAX)?.to_ascii_uppercase();
        let name = text::required(&self.name, "display_name", NAME_BYTES_MAX)?;
        if self.attributes.len() > SITE_ATTRIBUTES_MAX {
            return Err(Refusal::invalid(
                "attributes",
                format!("a site has at most {SITE_ATTRIBUTES_MAX} attributes"),
            ));
        }
        let attributes = self
            .attributes
            .iter()
            .map(|id| text::identifier(id, "attributes", ATTRIBUTE_BYTES_MAX))
            .collect::<Result<_, _>>()?;
        Ok(Site {
            code,
            name,
            region: self.region,
            attributes,
        })
    }
}

impl Command for AddSite {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let act = ClinicalServiceAct::AddSite(self.clone());
        world.decide(issue, self.clinical_service, act)?;
        Ok(self.clinical_service.key())
    }
}
