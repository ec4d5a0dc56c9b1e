//! Tenants: the organisations with a view of their own.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use super::NAME_BYTES_MAX;
use crate::{
    actor::{PLATFORM, Region, TenantId, TenantKind},
    id::Id,
    identifiers::{OdsCode, Ukprn},
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most look-ups kept of one tenant's codes.
pub const LOOKUPS_MAX: usize = 1000;

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
        /// What registers said of its codes, as it was learnt.
        lookups: Vec<IdentifierLookup>,
    },
}

/// A code that a register can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TenantCode {
    /// Asked of the Organisation Data Service.
    OdsCode,
    /// Asked of the UK Register of Learning Providers.
    Ukprn,
}

/// What a register says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum LookupResult {
    /// It names an organisation in operation.
    Found,
    /// It names none.
    NotFound,
    /// It names one that is closed; codes are never used again.
    Closed,
}

/// A look-up in an issuing register, kept as a dated fact: no command ever asks one itself (`B.1`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifierLookup {
    /// Which of the tenant's codes.
    pub code: TenantCode,
    /// The code looked up.
    pub value: String,
    /// What the register said.
    pub result: LookupResult,
    /// Where it was looked up.
    pub source: String,
    /// The day it was looked up.
    pub checked_at: Date,
    /// For which tenant the look-up was made.
    pub checked_by: TenantId,
}

/// What a tenant's entry decides.
#[derive(Debug, Clone)]
pub enum TenantAct {
    /// See [`RegisterTenant`].
    Register(RegisterTenant),
    /// See [`SucceedTenant`].
    Succeed(SucceedTenant),
    /// See [`RecordIdentifierLookup`].
    LookUp(RecordIdentifierLookup),
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
    /// One of its codes was looked up.
    IdentifierLookedUp {
        /// What was found.
        lookup: IdentifierLookup,
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

    /// Refuses what only an organisation in operation can begin: the last look-up of its present
    /// ODS code says that it is closed. What it is already part of goes on (`B.1`).
    ///
    /// # Errors
    /// `STATE_NOT_ALLOWED`.
    pub fn in_operation(&self, on: Date) -> Result<(), Refusal> {
        let Self::Registered { lookups, .. } = self else {
            return Ok(());
        };
        let code = self.name_on(on).and_then(|name| name.ods_code.as_ref());
        let last = lookups
            .iter()
            .filter(|lookup| lookup.code == TenantCode::OdsCode && lookup.checked_at <= on)
            .filter(|lookup| code.is_some_and(|code| code.as_str() == lookup.value))
            .max_by_key(|lookup| lookup.checked_at);
        match last {
            Some(lookup) if lookup.result == LookupResult::Closed => {
                Err(Refusal::state_not_allowed(format!(
                    "ODS code {} was found closed on {}; record the organisation's succession, or \
                     look the code up again",
                    lookup.value, lookup.checked_at
                )))
            }
            _ => Ok(()),
        }
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
                    lookups: vec![],
                };
            }
            (TenantEvent::IdentifierLookedUp { lookup }, Self::Registered { lookups, .. }) => {
                lookups.push(lookup);
            }
            (TenantEvent::TenantSucceeded { name }, Self::Registered { names, .. }) => {
                names.push(name);
            }
            (
                TenantEvent::TenantSucceeded { .. } | TenantEvent::IdentifierLookedUp { .. },
                Self::Absent,
            ) => {}
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
            (TenantAct::LookUp(look_up), state) => look_up.decide(issued, state),
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

/// Records what a register said of one of a tenant's codes on the effective day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordIdentifierLookup {
    /// Whose code.
    pub tenant: TenantId,
    /// Which.
    pub code: TenantCode,
    /// What the register said.
    pub result: LookupResult,
    /// Where it was looked up, such as the address of the register's interface.
    pub source: String,
}

impl RecordIdentifierLookup {
    fn decide(
        &self,
        issued: &Issued<TenantAct>,
        tenant: &Tenant,
    ) -> Result<Vec<TenantEvent>, Refusal> {
        let source = text::free(&self.source, "source", NAME_BYTES_MAX)?;
        let Tenant::Registered { lookups, .. } = tenant else {
            return Err(Refusal::not_permitted());
        };
        let checked_at = issued.today();
        let name = tenant.name_on(checked_at);
        let value = match self.code {
            TenantCode::OdsCode => name.and_then(|name| Some(name.ods_code.as_ref()?.to_string())),
            TenantCode::Ukprn => name.and_then(|name| Some(name.ukprn.as_ref()?.to_string())),
        };
        let Some(value) = value else {
            return Err(Refusal::invalid(
                "code",
                format!("the tenant has no {} to look up", self.code),
            ));
        };
        let lookup = IdentifierLookup {
            code: self.code,
            value,
            result: self.result,
            source,
            checked_at,
            checked_by: issued.by.tenant,
        };
        if lookups.contains(&lookup) {
            return Ok(vec![]);
        }
        if lookups.len() >= LOOKUPS_MAX {
            return Err(Refusal::state_not_allowed(format!(
                "a tenant's entry holds at most {LOOKUPS_MAX} look-ups; record the next succession"
            )));
        }
        Ok(vec![TenantEvent::IdentifierLookedUp { lookup }])
    }
}

impl Command for RecordIdentifierLookup {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let id = Tenant::id(self.tenant);
        world.decide(issue, id, TenantAct::LookUp(self.clone()))?;
        Ok(id.key())
    }
}
