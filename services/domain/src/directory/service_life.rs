//! What becomes of a clinical service: its sites change, it is remodelled, tendered again, closed;
//! its contract names roles or does not; it has a professional lead or has none (`SET-14`, `SET-15`,
//! `READY-04`). Its way to another employer is a transfer of its own.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    ATTRIBUTE_BYTES_MAX, ClinicalService, ClinicalServiceAct, ClinicalServiceEvent,
    ClinicalServiceTerms, NAME_BYTES_MAX, SITE_ATTRIBUTES_MAX, SITE_CODE_BYTES_MAX, Site,
    clinical_services::known_workplace,
};
use crate::{
    actor::{PersonId, Region, TenantKind},
    id::Id,
    policy::catalogue::{Role, Setting},
    refusal::Refusal,
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The longest reference of a contract, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 120;
/// The most roles one specification names.
pub const SPECIFIED_ROLES_MAX: usize = 20;
/// The most contracts remembered of one service.
pub const RETENDERS_MAX: usize = 100;

/// What the contract for a clinical service says of posts (`SET-15`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceSpecification {
    /// The contract's reference.
    pub reference: String,
    /// The roles whose posts it asks for; none when it asks for no such posts.
    pub roles: BTreeSet<Role>,
    /// From when.
    pub on: Date,
}

/// What becomes of a clinical service.
#[derive(Debug, Clone)]
pub enum ServiceLifeAct {
    /// See [`ChangeSite`].
    ChangeSite {
        /// Which.
        code: String,
        /// Its name from now on.
        name: String,
        /// What it has from now on.
        attributes: BTreeSet<String>,
    },
    /// See [`RemodelClinicalService`].
    Remodel(RemodelClinicalService),
    /// See [`RetenderClinicalService`].
    Retender(String),
    /// See [`RecordServiceSpecification`].
    Specify(ServiceSpecification),
    /// See [`NameProfessionalLead`].
    NameLead(PersonId),
    /// See [`EndProfessionalLead`].
    EndLead,
    /// See [`CloseClinicalService`].
    Close,
}

impl ClinicalServiceTerms {
    pub(super) fn live(
        &self,
        issued: &Issue,
        act: &ServiceLifeAct,
    ) -> Result<Vec<ClinicalServiceEvent>, Refusal> {
        let on = issued.today();
        if let (Some(closed), ServiceLifeAct::Close) = (self.closed, act) {
            return Refusal::unless_same(closed == on, "the closing of the clinical service");
        }
        if let ServiceLifeAct::Remodel(remodel) = act {
            known_workplace(issued, &remodel.setting, &remodel.population)?;
        }
        self.still_open(on)?;
        let event = match act {
            ServiceLifeAct::ChangeSite {
                code,
                name,
                attributes,
            } => {
                let Some(known) = self.site(code) else {
                    return Err(Refusal::invalid(
                        "code",
                        "the clinical service has no such site; add it with AddSite",
                    ));
                };
                let site = Site {
                    name: name.clone(),
                    attributes: attributes.clone(),
                    ..known.clone()
                };
                (site != *known).then_some(ClinicalServiceEvent::SiteChanged { site })
            }
            ServiceLifeAct::Remodel(remodel) => ((&self.setting, &self.population)
                != (&remodel.setting, &remodel.population))
                .then(|| ClinicalServiceEvent::ClinicalServiceRemodelled {
                    setting: remodel.setting.clone(),
                    population: remodel.population.clone(),
                    on,
                }),
            ServiceLifeAct::Retender(reference) => {
                if self.retendered.len() >= RETENDERS_MAX {
                    return Err(Refusal::state_not_allowed(
                        "the service was tendered too often to keep; open it anew",
                    ));
                }
                (!self.retendered.contains(reference)).then(|| {
                    ClinicalServiceEvent::ClinicalServiceRetendered {
                        reference: reference.clone(),
                        on,
                    }
                })
            }
            ServiceLifeAct::Specify(specification) => (self.specification.as_ref()
                != Some(specification))
            .then(|| ClinicalServiceEvent::ServiceSpecificationRecorded {
                specification: specification.clone(),
            }),
            ServiceLifeAct::NameLead(person) => (self.professional_lead != Some(*person))
                .then_some(ClinicalServiceEvent::ProfessionalLeadNamed {
                    person: *person,
                    on,
                }),
            ServiceLifeAct::EndLead => self
                .has_a_lead()
                .then_some(ClinicalServiceEvent::ProfessionalLeadEnded { on }),
            ServiceLifeAct::Close => {
                if !self.placements.is_empty() {
                    return Err(Refusal::state_not_allowed(format!(
                        "{} people work in the service; transfer it, or end their posts first",
                        self.placements.len()
                    )));
                }
                Some(ClinicalServiceEvent::ClinicalServiceClosed { on })
            }
        };
        Ok(self.with_flags(issued, event))
    }

    fn has_a_lead(&self) -> bool {
        self.professional_lead.is_some()
            || self
                .placements
                .values()
                .any(|placement| placement.professional_lead.is_some())
    }

    /// Refuses what only a service in operation can have.
    ///
    /// # Errors
    /// `STATE_NOT_ALLOWED` after its last day.
    pub fn still_open(&self, on: Date) -> Result<(), Refusal> {
        match self.closed {
            Some(closed) if closed < on => Err(Refusal::state_not_allowed(format!(
                "the clinical service closed on {closed}; choose another"
            ))),
            _ => Ok(()),
        }
    }
}

fn live(
    issue: &Issue,
    world: &mut World,
    service: Id<ClinicalService>,
    act: ServiceLifeAct,
) -> Result<StreamKey, Halt> {
    issue.by.acting_for(TenantKind::Employer)?;
    world.decide(issue, service, ClinicalServiceAct::Life(act))?;
    Ok(service.key())
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

impl Command for AddSite {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let site = Site {
            code: site_code(&self.code)?,
            name: text::required(&self.name, "display_name", NAME_BYTES_MAX)?,
            region: self.region,
            attributes: attributes(&self.attributes)?,
        };
        let act = ClinicalServiceAct::AddSite(site);
        world.decide(issue, self.clinical_service, act)?;
        Ok(self.clinical_service.key())
    }
}

fn site_code(code: &str) -> Result<String, Refusal> {
    Ok(text::required(code, "code", SITE_CODE_BYTES_MAX)?.to_ascii_uppercase())
}

fn attributes(given: &BTreeSet<String>) -> Result<BTreeSet<String>, Refusal> {
    if given.len() > SITE_ATTRIBUTES_MAX {
        return Err(Refusal::invalid(
            "attributes",
            format!("a site has at most {SITE_ATTRIBUTES_MAX} attributes"),
        ));
    }
    given
        .iter()
        .map(|id| text::identifier(id, "attributes", ATTRIBUTE_BYTES_MAX))
        .collect()
}

/// Says what a site has from a day on. One that loses what its setting asks for is flagged, and so
/// is everybody placed there (`ALLOC-16`, `ALLOC-17`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeSite {
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// Which site.
    pub code: String,
    /// Its name from now on.
    pub name: String,
    /// All it has from now on.
    pub attributes: BTreeSet<String>,
}

impl Command for ChangeSite {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let change = ServiceLifeAct::ChangeSite {
            code: site_code(&self.code)?,
            name: text::required(&self.name, "display_name", NAME_BYTES_MAX)?,
            attributes: attributes(&self.attributes)?,
        };
        live(issue, world, self.clinical_service, change)
    }
}

/// The service works in another setting, or for other people, from a day on. People placed where
/// their role may not work then are flagged, not moved (`SET-14`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemodelClinicalService {
    /// Which.
    pub clinical_service: Id<ClinicalService>,
    /// Its setting from now on.
    pub setting: Setting,
    /// Whom it is for from now on.
    pub population: String,
}

impl Command for RemodelClinicalService {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let remodel = ServiceLifeAct::Remodel(self.clone());
        live(issue, world, self.clinical_service, remodel)
    }
}

/// The service was tendered again and stays with the employer (`SET-14`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetenderClinicalService {
    /// Which.
    pub clinical_service: Id<ClinicalService>,
    /// The new contract's reference.
    pub reference: String,
}

impl Command for RetenderClinicalService {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reference = text::free(&self.reference, "reference", REFERENCE_BYTES_MAX)?;
        let retender = ServiceLifeAct::Retender(reference);
        live(issue, world, self.clinical_service, retender)
    }
}

/// Says which roles' posts the contract for a service asks for (`SET-15`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordServiceSpecification {
    /// Of which service.
    pub clinical_service: Id<ClinicalService>,
    /// The contract's reference.
    pub reference: String,
    /// The roles; none when it asks for no such posts.
    pub roles: Vec<Role>,
}

impl Command for RecordServiceSpecification {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reference = text::free(&self.reference, "reference", REFERENCE_BYTES_MAX)?;
        text::at_most(&self.roles, "roles", SPECIFIED_ROLES_MAX)?;
        for role in &self.roles {
            issue.policies.role(role, issue.today())?;
        }
        let specify = ServiceLifeAct::Specify(ServiceSpecification {
            reference,
            roles: self.roles.iter().cloned().collect(),
            on: issue.today(),
        });
        live(issue, world, self.clinical_service, specify)
    }
}

/// Names the lead inside the psychological professions structure for everybody in a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NameProfessionalLead {
    /// For which service.
    pub clinical_service: Id<ClinicalService>,
    /// The lead.
    pub person: PersonId,
}

impl Command for NameProfessionalLead {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let name = ServiceLifeAct::NameLead(self.person);
        live(issue, world, self.clinical_service, name)
    }
}

/// The lead of a service has gone and there is no other: everybody in it is an exception from that
/// day (`READY-04`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndProfessionalLead {
    /// Of which service.
    pub clinical_service: Id<ClinicalService>,
}

impl Command for EndProfessionalLead {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        live(issue, world, self.clinical_service, ServiceLifeAct::EndLead)
    }
}

/// Closes a service in which nobody is placed; what it was stays (`SET-14`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseClinicalService {
    /// Which.
    pub clinical_service: Id<ClinicalService>,
}

impl Command for CloseClinicalService {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        live(issue, world, self.clinical_service, ServiceLifeAct::Close)
    }
}
