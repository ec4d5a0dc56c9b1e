//! Who acts: tenants, people, and the one acting role of a request.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};
use uuid::Uuid;

use crate::refusal::Refusal;

/// An organisation with its own view of the shared history (or, for a candidate, the person alone).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantId(pub Uuid);

/// One human with one opaque id: candidate, then trainee, then practitioner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub Uuid);

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenants/{}", self.0)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "people/{}", self.0)
    }
}

/// The platform's own tenant: home of referee streams, the policy register and tenant records.
pub const PLATFORM: TenantId = TenantId(Uuid::from_u128(0x7472_656c_6c69_7300_8000_0000_0000_0001));

/// Tenants are spread over this many slices; a slice lives on one PostgreSQL.
pub const SLICES: u16 = 1024;

impl TenantId {
    /// The tenant's slice, `0..1024`; a pure function of the id, so that any id tells where it lives.
    pub fn slice(self) -> u16 {
        let digest = Uuid::new_v5(&PLATFORM.0, self.0.as_bytes());
        u16::from_be_bytes([digest.as_bytes()[0], digest.as_bytes()[1]]) % SLICES
    }
}

/// What kind of organisation a tenant is (`permissions.md` C.1).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TenantKind {
    /// An NHS trust or third-sector organisation that employs trainees.
    Employer,
    /// An education provider.
    University,
    /// Pays on conditions; national, with regional leads.
    Commissioner,
    /// One of the seven regional networks.
    Network,
    /// Independent evaluator.
    Evaluator,
    /// Auditor of the shared history.
    Auditor,
    /// The service itself.
    Platform,
    /// A candidate or trainee, who sees their own record only.
    Person,
}

/// The one role a request acts in (`ACTOR-04`); no role is implied by another.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ActingRole {
    /// CAN: candidate, then trainee, then practitioner.
    Candidate,
    /// EHR: employer human resources and recruitment.
    EmployerHr,
    /// ESM: service manager who hires and prepares the qualified post.
    ServiceManager,
    /// ESU: practice supervisor.
    PracticeSupervisor,
    /// EPL: chief psychological professions officer or professional lead.
    ProfessionalLead,
    /// EFI: employer finance.
    EmployerFinance,
    /// EDP: data protection officer of an employer.
    EmployerDataProtection,
    /// UAT: admissions tutor.
    AdmissionsTutor,
    /// UPL: programme lead.
    ProgrammeLead,
    /// UTU: personal tutor and marker.
    PersonalTutor,
    /// UBS: exam board secretary.
    BoardSecretary,
    /// UBC: exam board chair.
    BoardChair,
    /// UEX: external examiner, a guest of the university.
    ExternalExaminer,
    /// UEC: panel on extenuating circumstances.
    CircumstancesPanel,
    /// UDP: data protection officer of a university.
    UniversityDataProtection,
    /// UFP: fitness-to-practise officer, who alone reads the cases.
    FitnessOfficer,
    /// CNA: commissioner, national.
    CommissionerNational,
    /// CRE: commissioner, regional lead.
    CommissionerRegional,
    /// PPN: regional network.
    NetworkLead,
    /// EVA: independent evaluator.
    Evaluator,
    /// AUD: auditor.
    Auditor,
    /// TAD: administers users of one tenant and sees no domain content.
    TenantAdmin,
    /// SYS: platform operator; also the acting role of reactions and timers.
    PlatformOperator,
}

impl ActingRole {
    /// Whether whoever acts in it is a guest of the tenant: there for one case and until a day.
    pub const fn is_guest(self) -> bool {
        matches!(self, Self::ExternalExaminer | Self::CircumstancesPanel)
    }

    /// The only kind of tenant in which this role exists; `None` for a role every kind has.
    pub const fn tenant_kind(self) -> Option<TenantKind> {
        Some(match self {
            Self::Candidate => TenantKind::Person,
            Self::EmployerHr
            | Self::ServiceManager
            | Self::PracticeSupervisor
            | Self::ProfessionalLead
            | Self::EmployerFinance
            | Self::EmployerDataProtection => TenantKind::Employer,
            Self::AdmissionsTutor
            | Self::ProgrammeLead
            | Self::PersonalTutor
            | Self::BoardSecretary
            | Self::BoardChair
            | Self::ExternalExaminer
            | Self::CircumstancesPanel
            | Self::UniversityDataProtection
            | Self::FitnessOfficer => TenantKind::University,
            Self::CommissionerNational | Self::CommissionerRegional => TenantKind::Commissioner,
            Self::NetworkLead => TenantKind::Network,
            Self::Evaluator => TenantKind::Evaluator,
            Self::Auditor => TenantKind::Auditor,
            Self::TenantAdmin => return None,
            Self::PlatformOperator => TenantKind::Platform,
        })
    }
}

/// Who issued a request: one tenant, one person or client system, one acting role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The tenant acted for. A candidate's tenant id equals the person's id.
    pub tenant: TenantId,
    /// What kind of tenant that is.
    pub kind: TenantKind,
    /// The one acting role.
    pub role: ActingRole,
    /// The person acting, when a person does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// The client system acting, when a system does (an admissions system, an HR integration).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

impl Actor {
    /// The platform acting on its own rules: reactions and timers.
    pub fn platform() -> Self {
        Self {
            tenant: PLATFORM,
            kind: TenantKind::Platform,
            role: ActingRole::PlatformOperator,
            person: None,
            client: Some("reactions".to_owned()),
        }
    }

    /// The tenant acted for, which must be of `kind`: nobody acts for another kind of party.
    ///
    /// # Errors
    /// `NOT_PERMITTED`.
    pub fn acting_for(&self, kind: TenantKind) -> Result<TenantId, Refusal> {
        if self.kind == kind {
            Ok(self.tenant)
        } else {
            Err(Refusal::not_permitted())
        }
    }
}

/// The two sides of a joint record (`JOINT-02`); each acts and decides only for itself.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Party {
    /// The employer of the record.
    Employer,
    /// The university of the record.
    University,
}

impl Party {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Employer => Self::University,
            Self::University => Self::Employer,
        }
    }

    /// The side `actor` acts for in a record of `employer` and `university`; `None` for anybody
    /// else, so nobody can act for the other side (`JOINT-04`).
    pub fn of(actor: &Actor, employer: TenantId, university: TenantId) -> Option<Self> {
        match actor.kind {
            TenantKind::Employer if actor.tenant == employer => Some(Self::Employer),
            TenantKind::University if actor.tenant == university => Some(Self::University),
            _ => None,
        }
    }
}

/// The seven NHS England regions (`ACTOR-01`); codes are reference data, see `standards.md` B.1.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum Region {
    EastOfEngland,
    London,
    Midlands,
    NorthEastAndYorkshire,
    NorthWest,
    SouthEast,
    SouthWest,
}
