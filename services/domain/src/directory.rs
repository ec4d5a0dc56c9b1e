//! Who and what there is before any training: tenants, the clinical services employers run, and
//! the supervisors they have.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{PLATFORM, PersonId, Region, TenantId, TenantKind},
    id::Id,
    identifiers::{HcpcNumber, OdsCode, Ukprn},
    personal::{Personal, PersonalClass},
    policy::catalogue::{Register, RegisterStatus, Setting, Settings, SupervisorRule},
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest name of a tenant, clinical service, site or person, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// The longest population id, in bytes.
pub const POPULATION_BYTES_MAX: usize = 40;
/// The longest site code, in bytes.
pub const SITE_CODE_BYTES_MAX: usize = 20;
/// The most sites of one clinical service.
pub const SITES_MAX: usize = 200;
/// The most attributes of one site.
pub const SITE_ATTRIBUTES_MAX: usize = 20;
/// The most modalities of one register entry.
pub const MODALITIES_MAX: usize = 10;
/// The longest attribute or modality id, in bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 40;
/// The longest register number, in bytes.
pub const REGISTER_NUMBER_BYTES_MAX: usize = 20;

// ---------------------------------------------------------------------------------------------
// Tenants

/// Whether an employer is of the NHS (`FUND-05`: who may be paid is a policy of the sector).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EmployerSector {
    /// An NHS trust or foundation trust.
    Nhs,
    /// A charity, community interest company or other body outside the NHS.
    ThirdSector,
}

/// What a tenant is called from a date on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantName {
    /// First day of the name.
    pub from: Date,
    /// The name.
    pub name: String,
    /// Its ODS code, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ods_code: Option<OdsCode>,
    /// Its UKPRN, when it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ukprn: Option<Ukprn>,
}

/// A tenant's entry in the directory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Tenant {
    /// Not registered.
    #[default]
    Absent,
    /// Registered.
    Registered {
        /// The tenant.
        tenant: TenantId,
        /// Its kind.
        kind: TenantKind,
        /// Its sector, for an employer.
        sector: Option<EmployerSector>,
        /// Its region, for an employer its headquarters' one.
        region: Option<Region>,
        /// Its names, oldest first; never empty.
        names: Vec<TenantName>,
    },
}

/// What a tenant's entry decides.
#[derive(Debug, Clone)]
pub enum TenantAct {
    /// See [`RegisterTenant`].
    Register(RegisterTenant),
    /// See [`SucceedTenant`].
    Succeed(SucceedTenant),
}

/// Facts of a tenant's entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum TenantEvent {
    /// A tenant came into the directory.
    TenantRegistered {
        /// The tenant.
        tenant: TenantId,
        /// Its kind.
        kind: TenantKind,
        /// Its sector, for an employer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sector: Option<EmployerSector>,
        /// Its region.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        region: Option<Region>,
        /// Its first name.
        name: TenantName,
    },
    /// Another body took the tenant over whole: same records and rights, new name (`ACTOR-13`).
    TenantSucceeded {
        /// The successor's name.
        name: TenantName,
    },
}

aggregate!(Tenant, "tenant", TenantAct, TenantEvent);

impl Tenant {
    /// The id of a tenant's entry: the tenant's own.
    pub fn id(tenant: TenantId) -> Id<Self> {
        Id::new(tenant.0)
    }

    /// Its kind, once registered.
    pub fn kind(&self) -> Option<TenantKind> {
        match self {
            Self::Absent => None,
            Self::Registered { kind, .. } => Some(*kind),
        }
    }

    /// Its sector, for a registered employer.
    pub fn sector(&self) -> Option<EmployerSector> {
        match self {
            Self::Absent => None,
            Self::Registered { sector, .. } => *sector,
        }
    }

    /// Its region, where it has one.
    pub fn region(&self) -> Option<Region> {
        match self {
            Self::Absent => None,
            Self::Registered { region, .. } => *region,
        }
    }

    /// What it is called on a date; before its first day it goes by its first name.
    pub fn name_on(&self, on: Date) -> Option<&TenantName> {
        let Self::Registered { names, .. } = self else {
            return None;
        };
        names
            .iter()
            .rev()
            .find(|name| name.from <= on)
            .or_else(|| names.first())
    }

    /// Reads a tenant named by a request, which must be registered and of `kind`.
    ///
    /// # Errors
    /// [`Halt::Need`], or `FIELD_INVALID` at `field`.
    pub fn expect(
        world: &mut World,
        tenant: TenantId,
        kind: TenantKind,
        field: &'static str,
    ) -> Result<Self, Halt> {
        let entry = world.read(Self::id(tenant))?;
        if entry.kind() == Some(kind) {
            Ok(entry.clone())
        } else {
            Err(Refusal::invalid(
                field,
                format!("the directory has no {kind} of this name; look the tenant up first"),
            )
            .into())
        }
    }

    fn evolve(&mut self, event: TenantEvent) {
        match (event, self) {
            (
                TenantEvent::TenantRegistered {
                    tenant,
                    kind,
                    sector,
                    region,
                    name,
                },
                state,
            ) => {
                *state = Self::Registered {
                    tenant,
                    kind,
                    sector,
                    region,
                    names: vec![name],
                };
            }
            (TenantEvent::TenantSucceeded { name }, Self::Registered { names, .. }) => {
                names.push(name);
            }
            (TenantEvent::TenantSucceeded { .. }, Self::Absent) => {}
        }
    }
}

impl Decider for Tenant {
    type Act = TenantAct;
    const COLLECTION: &'static str = "tenants";

    fn decide(&self, issued: &Issued<TenantAct>) -> Result<Vec<TenantEvent>, Refusal> {
        match (&issued.act, self) {
            (TenantAct::Register(register), state) => {
                let name = tenant_name(
                    issued.today(),
                    &register.name,
                    register.ods_code.as_deref(),
                    register.ukprn.as_deref(),
                )?;
                register.check(&name)?;
                match state {
                    Self::Absent => Ok(vec![TenantEvent::TenantRegistered {
                        tenant: register.tenant,
                        kind: register.kind,
                        sector: register.sector,
                        region: register.region,
                        name,
                    }]),
                    Self::Registered {
                        kind,
                        sector,
                        region,
                        names,
                        ..
                    } => {
                        let same = (*kind, *sector, *region)
                            == (register.kind, register.sector, register.region)
                            && names.first().is_some_and(|known| known.same_body(&name));
                        if same {
                            Ok(vec![])
                        } else {
                            Err(Refusal::already_recorded("the tenant"))
                        }
                    }
                }
            }
            (TenantAct::Succeed(_), Self::Absent) => Err(Refusal::not_permitted()),
            (TenantAct::Succeed(succeed), Self::Registered { names, .. }) => {
                let name = tenant_name(
                    issued.today(),
                    &succeed.name,
                    succeed.ods_code.as_deref(),
                    succeed.ukprn.as_deref(),
                )?;
                match names.last() {
                    Some(last) if last.same_body(&name) => Ok(vec![]),
                    Some(last) if name.from <= last.from => {
                        Err(Refusal::state_not_allowed(format!(
                            "the tenant has its present name since {}; a succession is later than that",
                            last.from
                        )))
                    }
                    _ => Ok(vec![TenantEvent::TenantSucceeded { name }]),
                }
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Registered { tenant, .. } => Some(Custody::of(*tenant, [PLATFORM])),
        }
    }
}

impl TenantName {
    fn same_body(&self, other: &Self) -> bool {
        (&self.name, &self.ods_code, &self.ukprn) == (&other.name, &other.ods_code, &other.ukprn)
    }
}

fn tenant_name(
    from: Date,
    name: &str,
    ods_code: Option<&str>,
    ukprn: Option<&str>,
) -> Result<TenantName, Refusal> {
    Ok(TenantName {
        from,
        name: text::required(name, "display_name", NAME_BYTES_MAX)?,
        ods_code: ods_code
            .map(|code| OdsCode::parse(code, "ods_code"))
            .transpose()?,
        ukprn: ukprn
            .map(|number| Ukprn::parse(number, "ukprn"))
            .transpose()?,
    })
}

/// Brings an organisation into the directory under an id of the platform's choosing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisterTenant {
    /// The tenant.
    pub tenant: TenantId,
    /// Its kind.
    pub kind: TenantKind,
    /// Its name.
    pub name: String,
    /// Its ODS code.
    pub ods_code: Option<String>,
    /// Its UKPRN.
    pub ukprn: Option<String>,
    /// Its sector; an employer has one.
    pub sector: Option<EmployerSector>,
    /// Its region; an employer and a network have one.
    pub region: Option<Region>,
}

impl RegisterTenant {
    fn check(&self, name: &TenantName) -> Result<(), Refusal> {
        let employer = self.kind == TenantKind::Employer;
        if matches!(self.kind, TenantKind::Person | TenantKind::Platform) {
            return Err(Refusal::invalid(
                "kind",
                "only organisations are registered; a person signs in and needs no entry",
            ));
        }
        if employer != self.sector.is_some() {
            return Err(Refusal::invalid(
                "sector",
                "an employer, and only an employer, has a sector",
            ));
        }
        if (employer || self.kind == TenantKind::Network) && self.region.is_none() {
            return Err(Refusal::invalid("region", "name the region"));
        }
        if employer && name.ods_code.is_none() && name.ukprn.is_none() {
            return Err(Refusal::invalid(
                "ods_code",
                "an employer has an ODS code or a UKPRN; give one of them",
            ));
        }
        if self.kind == TenantKind::University && name.ukprn.is_none() {
            return Err(Refusal::invalid("ukprn", "a university has a UKPRN"));
        }
        Ok(())
    }
}

impl Command for RegisterTenant {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = Tenant::id(self.tenant);
        world.decide(issue, id, TenantAct::Register(self.clone()))?;
        Ok(id.key())
    }
}

/// Records that another body takes a tenant over whole from the effective date (`ACTOR-13`). The
/// tenant keeps its id, so every earlier record and right is the successor's, while earlier events
/// keep the name of their day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SucceedTenant {
    /// The tenant taken over.
    pub tenant: TenantId,
    /// The successor's name.
    pub name: String,
    /// The successor's ODS code.
    pub ods_code: Option<String>,
    /// The successor's UKPRN.
    pub ukprn: Option<String>,
}

impl Command for SucceedTenant {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = Tenant::id(self.tenant);
        world.decide(issue, id, TenantAct::Succeed(self.clone()))?;
        Ok(id.key())
    }
}

// ---------------------------------------------------------------------------------------------
// Clinical services

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

// ---------------------------------------------------------------------------------------------
// Supervisors

/// What a look-up in a register showed, from a day on (`standards.md` B.4): a certificate is no
/// proof, only the register is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterCheck {
    /// The register looked up.
    pub register: Register,
    /// What it says.
    pub status: RegisterStatus,
    /// The modalities the entry shows.
    pub modalities: BTreeSet<String>,
    /// The day from which it is true in the world, which may lie before anybody looked.
    pub from: Date,
}

/// A practice supervisor of one employer: one record per person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Supervisor {
    /// Not recorded.
    #[default]
    Absent,
    /// Recorded.
    Recorded {
        /// Whose supervisor.
        employer: TenantId,
        /// The supervisor.
        person: PersonId,
        /// Registers the person says to be on, with the number there.
        registrations: BTreeMap<Register, Personal<String>>,
        /// Name as the employer uses it.
        name: Personal<String>,
        /// What the registers showed, in the order it was learnt.
        checks: Vec<RegisterCheck>,
    },
}

/// What a supervisor's record decides.
#[derive(Debug, Clone)]
pub enum SupervisorAct {
    /// See [`RecordSupervisor`].
    Record {
        /// The employer recording it.
        employer: TenantId,
        /// The command.
        record: RecordSupervisor,
    },
    /// See [`RecordRegisterCheck`].
    Check(RecordRegisterCheck),
}

/// Facts of a supervisor's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SupervisorEvent {
    /// An employer has a supervisor.
    SupervisorRecorded {
        /// Whose.
        employer: TenantId,
        /// The supervisor.
        person: PersonId,
        /// Name as the employer uses it.
        name: Personal<String>,
    },
    /// The supervisor named a register and the number there.
    SupervisorRegistrationRecorded {
        /// The register.
        register: Register,
        /// The number there.
        number: Personal<String>,
    },
    /// A register was looked up.
    RegisterCheckRecorded {
        /// What it showed.
        check: RegisterCheck,
    },
    /// A register was looked up again for the same day and showed something else; the later
    /// finding holds, the earlier stays in the history.
    RegisterCheckCorrected {
        /// What it showed.
        check: RegisterCheck,
    },
}

aggregate!(Supervisor, "supervisor", SupervisorAct, SupervisorEvent);

impl Supervisor {
    /// The record of `person` as a supervisor of `employer`.
    pub fn id(employer: TenantId, person: PersonId) -> Id<Self> {
        Id::derive(employer, &[person.0])
    }

    /// What a register says on a date, as known now.
    pub fn status_on(&self, register: Register, on: Date) -> Option<&RegisterCheck> {
        let Self::Recorded { checks, .. } = self else {
            return None;
        };
        checks
            .iter()
            .filter(|check| check.register == register && check.from <= on)
            // of equals the last wins, and that is the one learnt last
            .max_by_key(|check| check.from)
    }

    /// Whether the person may supervise on a date under a role's rule (`SUP-01`, `SUP-07`).
    pub fn eligible_on(&self, on: Date, rule: &[SupervisorRule]) -> bool {
        rule.iter().any(|way| {
            self.status_on(way.register, on).is_some_and(|check| {
                way.statuses.contains(&check.status)
                    && way
                        .modality
                        .as_ref()
                        .is_none_or(|modality| check.modalities.contains(modality))
            })
        })
    }

    /// The person, once recorded.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Absent => None,
            Self::Recorded { person, .. } => Some(*person),
        }
    }

    fn evolve(&mut self, event: SupervisorEvent) {
        match (event, self) {
            (
                SupervisorEvent::SupervisorRecorded {
                    employer,
                    person,
                    name,
                },
                state,
            ) => {
                *state = Self::Recorded {
                    employer,
                    person,
                    registrations: BTreeMap::new(),
                    name,
                    checks: vec![],
                };
            }
            (
                SupervisorEvent::SupervisorRegistrationRecorded { register, number },
                Self::Recorded { registrations, .. },
            ) => {
                registrations.insert(register, number);
            }
            (
                SupervisorEvent::RegisterCheckRecorded { check }
                | SupervisorEvent::RegisterCheckCorrected { check },
                Self::Recorded { checks, .. },
            ) => checks.push(check),
            (_, Self::Absent) => {}
        }
    }
}

impl Decider for Supervisor {
    type Act = SupervisorAct;
    const COLLECTION: &'static str = "supervisors";

    fn decide(&self, issued: &Issued<SupervisorAct>) -> Result<Vec<SupervisorEvent>, Refusal> {
        match (&issued.act, self) {
            (SupervisorAct::Record { employer, record }, state) => {
                let name = text::required(&record.name, "display_name", NAME_BYTES_MAX)?;
                let number = register_number(record.register, &record.number)?;
                let sealed = |class, value| Personal::new(record.person, class, [*employer], value);
                let registration = SupervisorEvent::SupervisorRegistrationRecorded {
                    register: record.register,
                    number: sealed(PersonalClass::RegisterNumber, number),
                };
                match state {
                    Self::Absent => Ok(vec![
                        SupervisorEvent::SupervisorRecorded {
                            employer: *employer,
                            person: record.person,
                            name: sealed(PersonalClass::Identity, name),
                        },
                        registration,
                    ]),
                    // A number on a public register could be found from a digest of it, so none is
                    // kept and a second recording of a register counts as a repeat.
                    Self::Recorded { registrations, .. }
                        if registrations.contains_key(&record.register) =>
                    {
                        Ok(vec![])
                    }
                    Self::Recorded { .. } => Ok(vec![registration]),
                }
            }
            (SupervisorAct::Check(_), Self::Absent) => Err(Refusal::not_permitted()),
            (
                SupervisorAct::Check(record),
                Self::Recorded {
                    registrations,
                    checks,
                    ..
                },
            ) => {
                let check = record.check(issued.today())?;
                if !registrations.contains_key(&check.register) {
                    return Err(Refusal::state_not_allowed(
                        "no number is recorded for this register; record the registration first",
                    ));
                }
                let same_day = checks
                    .iter()
                    .rev()
                    .find(|known| known.register == check.register && known.from == check.from);
                Ok(match same_day {
                    Some(known) if *known == check => vec![],
                    Some(_) => vec![SupervisorEvent::RegisterCheckCorrected { check }],
                    None => vec![SupervisorEvent::RegisterCheckRecorded { check }],
                })
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Recorded {
                employer, person, ..
            } => Some(Custody::of(*employer, []).about(*person)),
        }
    }
}

fn register_number(register: Register, number: &str) -> Result<String, Refusal> {
    if register == Register::Hcpc {
        return HcpcNumber::parse(number, "number").map(|n| n.as_str().to_owned());
    }
    text::required(number, "number", REGISTER_NUMBER_BYTES_MAX)
}

/// Records a supervisor of the acting employer, or a further register of a known one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordSupervisor {
    /// The supervisor.
    pub person: PersonId,
    /// Name as the employer uses it.
    pub name: String,
    /// A register the person is on.
    pub register: Register,
    /// The number there.
    pub number: String,
}

impl Command for RecordSupervisor {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let id = Supervisor::id(employer, self.person);
        let record = self.clone();
        world.decide(issue, id, SupervisorAct::Record { employer, record })?;
        Ok(id.key())
    }
}

/// Records what a register showed; the effective date is the day from which it is true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRegisterCheck {
    /// The supervisor.
    pub supervisor: Id<Supervisor>,
    /// The register looked up.
    pub register: Register,
    /// What it says.
    pub status: RegisterStatus,
    /// The modalities the entry shows, `clinical_psychologist`.
    pub modalities: Vec<String>,
}

impl RecordRegisterCheck {
    fn check(&self, from: Date) -> Result<RegisterCheck, Refusal> {
        text::at_most(&self.modalities, "modalities", MODALITIES_MAX)?;
        let modalities = self
            .modalities
            .iter()
            .map(|id| text::identifier(id, "modalities", ATTRIBUTE_BYTES_MAX))
            .collect::<Result<_, _>>()?;
        Ok(RegisterCheck {
            register: self.register,
            status: self.status,
            modalities,
            from,
        })
    }
}

impl Command for RecordRegisterCheck {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        world.decide(issue, self.supervisor, SupervisorAct::Check(self.clone()))?;
        Ok(self.supervisor.key())
    }
}

#[cfg(test)]
mod tests;
