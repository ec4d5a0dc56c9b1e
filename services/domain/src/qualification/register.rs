//! The registers that list a qualified practitioner (B.4, `CAREER-08`): each listing is a dated
//! fact, and so is what becomes of it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use super::{Qualification, QualificationAct, QualificationEvent};
use crate::{
    actor::TenantKind,
    application::Application,
    appointment::{Appointed, Appointment},
    directory::ClinicalService,
    id::Id,
    identifiers::NmcPin,
    personal::{ContentDigest, Personal, PersonalClass},
    policy::catalogue::Setting,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// The longest id of a register, in bytes.
pub const REGISTER_BYTES_MAX: usize = 40;
/// The longest number in a register, in bytes.
pub const REGISTER_NUMBER_BYTES_MAX: usize = 40;
/// The most register entries of one person, and the most changes to them.
pub const REGISTER_ENTRIES_MAX: usize = 50;
/// The register whose numbers have a form of their own.
const NMC: &str = "nmc";

/// An entry in a public register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegisterEntry {
    /// The register, by its id in the role's catalogue row.
    pub register: String,
    /// The number there.
    pub number: Personal<String>,
    /// The first day listed.
    pub from: Date,
    /// The last day of the listing, where it has one.
    pub until: Option<Date>,
    /// Tells a repeated entry from another one.
    pub content: ContentDigest,
}

/// How a register lists somebody.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ListingStatus {
    /// Applied for.
    Pending,
    /// Listed; follows from an entry only.
    Listed,
    /// Listed with conditions.
    Conditions,
    /// No longer listed.
    Lapsed,
    /// Listed again, or without conditions again.
    Restored,
}

impl ListingStatus {
    /// Whether the register lists the person.
    pub const fn lists(self) -> bool {
        matches!(self, Self::Listed | Self::Conditions | Self::Restored)
    }

    /// Whether it may follow what was there.
    const fn follows(self, former: Option<Self>) -> bool {
        match self {
            Self::Pending => matches!(former, None | Some(Self::Lapsed)),
            Self::Listed => !matches!(former, Some(Self::Listed | Self::Conditions)),
            Self::Conditions => matches!(former, Some(Self::Listed | Self::Restored)),
            Self::Lapsed => matches!(
                former,
                Some(Self::Listed | Self::Conditions | Self::Restored)
            ),
            Self::Restored => matches!(former, Some(Self::Conditions | Self::Lapsed)),
        }
    }
}

/// How a register lists somebody from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The register.
    pub register: String,
    /// How it lists the person.
    pub status: ListingStatus,
    /// The first day.
    pub from: Date,
}

/// The qualified post, as far as a register asks about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredPractice {
    /// The first day in the post.
    pub from: Date,
    /// The setting of its clinical service.
    pub setting: Option<Setting>,
    /// Whether that lies within the system of practice the register specifies; outside it the
    /// listing is at risk.
    pub within_system: bool,
}

impl Qualification {
    /// How registers have listed the person, first to latest.
    pub fn listings(&self) -> &[Listing] {
        match self {
            Self::Qualified { listings, .. } => listings,
            _ => &[],
        }
    }

    /// The qualified post.
    pub fn practice(&self) -> Option<&RegisteredPractice> {
        match self {
            Self::Qualified { practice, .. } => practice.as_ref(),
            _ => None,
        }
    }

    /// How a register lists the person now.
    pub fn listing(&self, register: &str) -> Option<ListingStatus> {
        self.listings()
            .iter()
            .rev()
            .find(|listing| listing.register == register)
            .map(|listing| listing.status)
    }

    pub(super) fn list(
        &self,
        listing: &Listing,
        awarded: Date,
    ) -> Result<Vec<QualificationEvent>, Refusal> {
        if self.listings().contains(listing) {
            return Ok(vec![]);
        }
        if listing.from < awarded {
            return Err(not_before(awarded));
        }
        if listing.status == ListingStatus::Listed {
            return Err(Refusal::invalid(
                "status",
                "a listing follows from the entry with its number; record the entry",
            ));
        }
        let former = self.listing(&listing.register);
        if !listing.status.follows(former) {
            let before = former.map_or("no entry".to_owned(), |status| status.to_string());
            return Err(Refusal::state_not_allowed(format!(
                "{} does not follow {before}; record what came between",
                listing.status
            )));
        }
        if self.listings().len() >= REGISTER_ENTRIES_MAX {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                "no more changes of a register are kept for one person",
            ));
        }
        Ok(vec![QualificationEvent::RegisterStatusRecorded {
            listing: listing.clone(),
        }])
    }
}

/// A register lists the qualified role only.
pub(super) fn not_before(awarded: Date) -> Refusal {
    Refusal::new(
        Reason::NotQualified,
        "a register lists the qualified role only, from the award on",
    )
    .with("awarded", awarded)
}

/// The register, once it is one of the role's.
fn listed_by(
    issue: &Issue,
    world: &mut World,
    id: Id<Qualification>,
    register: &str,
) -> Result<Appointment, Halt> {
    let appointment = world
        .read_own(issue, id)?
        .appointment()
        .cloned()
        .ok_or_else(Refusal::not_permitted)?;
    let registers = issue
        .policies
        .role(&appointment.role, issue.today())?
        .registers;
    if !registers.is_empty() && !registers.iter().any(|known| known == register) {
        return Err(Refusal::invalid(
            "register",
            format!("this role is listed by {}", registers.join(", ")),
        )
        .into());
    }
    Ok(appointment)
}

/// The employer records that a register lists its practitioner from the day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRegisterEntry {
    /// Whose.
    pub qualification: Id<Qualification>,
    /// The register, by its id in the role's catalogue row.
    pub register: String,
    /// The number there.
    pub number: String,
    /// The last day of the listing, where it has one.
    pub until: Option<Date>,
}

impl Command for RecordRegisterEntry {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let register = text::identifier(&self.register, "register", REGISTER_BYTES_MAX)?;
        let mut number = text::required(&self.number, "number", REGISTER_NUMBER_BYTES_MAX)?;
        if register == NMC {
            number = NmcPin::parse(&number, "number")?.as_str().to_owned();
        }
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let appointment = listed_by(issue, world, self.qualification, &register)?;
        let entry = RegisterEntry {
            register,
            number: Personal::new(
                appointment.person,
                PersonalClass::RegisterNumber,
                [employer],
                number,
            ),
            from: issue.today(),
            until: self.until,
            content: ContentDigest::of(issue.salt, self.qualification.0, self),
        };
        world.decide(
            issue,
            self.qualification,
            QualificationAct::Register { entry },
        )?;
        Ok(self.qualification.key())
    }
}

/// The employer records what became of a listing: applied for, with conditions, lapsed, restored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRegisterStatus {
    /// Whose.
    pub qualification: Id<Qualification>,
    /// The register, by its id in the role's catalogue row.
    pub register: String,
    /// How it lists the person from the day on.
    pub status: ListingStatus,
}

impl Command for RecordRegisterStatus {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let register = text::identifier(&self.register, "register", REGISTER_BYTES_MAX)?;
        issue.by.acting_for(TenantKind::Employer)?;
        listed_by(issue, world, self.qualification, &register)?;
        let listing = Listing {
            register,
            status: self.status,
            from: issue.today(),
        };
        world.decide(
            issue,
            self.qualification,
            QualificationAct::List { listing },
        )?;
        Ok(self.qualification.key())
    }
}

/// Reaction to the qualified post: from its first day a register is asked for (policies
/// `register.required_from`, `register.deadline`), and its setting may lie outside the system of
/// practice (policy `register.system_of_practice.<role>`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteRegisteredPractice {
    /// For whose application.
    pub application: Id<Application>,
    /// The clinical service of the post.
    pub clinical_service: Id<ClinicalService>,
    /// The first day in it.
    pub from: Date,
}

impl Command for NoteRegisteredPractice {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let appointment = Appointed::of(issue, world, self.application)?.appointment;
        let id = appointment.qualification();
        let setting = world
            .read(self.clinical_service)?
            .terms()
            .map(|terms| terms.setting.clone());
        let policy = format!("register.system_of_practice.{}", appointment.role);
        let system: Option<Vec<Setting>> = issue.policies.find(&policy, self.from)?;
        let within_system = match (&system, &setting) {
            (Some(system), Some(setting)) => system.contains(setting),
            _ => true,
        };
        let practice = RegisteredPractice {
            from: self.from,
            setting,
            within_system,
        };
        world.decide(issue, id, QualificationAct::Practise { practice })?;
        Ok(id.key())
    }
}
