//! What an application is made of: where a candidate comes from, what they bring, and where it
//! stands.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use crate::{
    actor::{Party, PersonId, TenantId},
    id::Id,
    policy::{Policies, catalogue::Role},
    programme::Intake,
    refusal::Refusal,
    vacancy::Vacancy,
};

/// Where a candidate comes from; every source takes the same joint path (`ROUTE-06`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EntrySource {
    /// Works for the employer already, as a recovery worker for example.
    InternalStaff,
    /// Volunteers with the employer.
    Volunteer,
    /// Neither.
    External,
}

/// Whether the candidate has a degree. The route follows from it and is never chosen (`ROUTE-02`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Degree {
    /// No degree.
    None,
    /// Awaiting the result; counts as none until the university confirms it.
    Pending,
    /// Holds a degree in any subject.
    Held,
    /// Holds a degree in psychology.
    HeldInPsychology,
}

impl Degree {
    /// Whether it makes the person a graduate.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Held | Self::HeldInPsychology)
    }

    /// The degree once the university has confirmed a piece of evidence.
    pub(super) const fn after(self, confirmed: StudyEvidenceKind) -> Self {
        match confirmed {
            StudyEvidenceKind::PsychologyDegree => Self::HeldInPsychology,
            StudyEvidenceKind::Degree if !self.is_held() => Self::Held,
            StudyEvidenceKind::Degree
            | StudyEvidenceKind::PriorStudy
            | StudyEvidenceKind::LevelThree
            | StudyEvidenceKind::GcseMathematics
            | StudyEvidenceKind::GcseEnglish => self,
        }
    }

    /// The level of the qualification a person with this degree trains for in `role` on a date;
    /// `None` when the role does not admit them (`ROUTE-01`, `ROUTE-02`).
    ///
    /// # Errors
    /// `POLICY_MISSING` when the catalogue has no such role then.
    pub fn route(self, role: &Role, policies: &Policies, on: Date) -> Result<Option<u8>, Refusal> {
        let role = policies.role(role, on)?;
        Ok(role
            .qualification_for(self.is_held(), self == Self::HeldInPsychology)
            .map(|qualification| qualification.level))
    }
}

/// What a piece of study evidence shows.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum StudyEvidenceKind {
    /// A degree in any subject.
    Degree,
    /// A degree in psychology.
    PsychologyDegree,
    /// The ability to study at degree level without a degree (`ROUTE-03`).
    PriorStudy,
    /// A qualification at level 3 (`TAXO-07`).
    LevelThree,
    /// GCSE mathematics (`TAXO-07`).
    GcseMathematics,
    /// GCSE English (`TAXO-07`).
    GcseEnglish,
}

/// A panel member by kind; names stay with the party that brings the member (`ACTOR-11`).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
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
pub enum PanelMember {
    ServiceManager,
    PracticeSupervisor,
    ProfessionalLead,
    HumanResources,
    AdmissionsTutor,
    ProgrammeLead,
    ExpertByExperience,
}

/// One party's word on an application.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Verdict {
    /// Yes, on the party's conditions if it has any.
    Accept,
    /// No.
    Reject,
}

/// What both decisions come to (`JOINT-01`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Outcome {
    /// Both accept.
    Appoint,
    /// Either rejects.
    NotAppointed,
}

/// What each party asks for before the appointment holds. Joined: both sets must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conditions {
    /// The employer's, by id (`driving_licence`).
    pub employer: BTreeSet<String>,
    /// The university's, by id (`degree_certificate`).
    pub university: BTreeSet<String>,
}

impl Conditions {
    /// Those of one side.
    pub fn of(&self, party: Party) -> &BTreeSet<String> {
        match party {
            Party::Employer => &self.employer,
            Party::University => &self.university,
        }
    }
}

/// What an application is for and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationTerms {
    /// The vacancy applied for.
    pub vacancy: Id<Vacancy>,
    /// The candidate.
    pub person: PersonId,
    /// The employer of the vacancy.
    pub employer: TenantId,
    /// The university of the vacancy.
    pub university: TenantId,
    /// The intake the vacancy fills.
    pub intake: Id<Intake>,
    /// The role trained for.
    pub role: Role,
}

/// Where an application stands, as far as both parties know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Both shortlists are not in yet.
    AwaitingShortlist,
    /// Both parties shortlist.
    Shortlisted,
    /// Either party does not.
    NotShortlisted,
    /// A decision round is open.
    AwaitingJointOutcome {
        /// The round, from 1.
        round: u32,
        /// From this instant on nothing can be sealed in it.
        deadline: Timestamp,
    },
    /// The deadline passed before both decisions were in.
    Lapsed {
        /// The round.
        round: u32,
    },
    /// Not appointed by this pairing.
    NotAppointed {
        /// The round.
        round: u32,
    },
    /// One party asks to decide again.
    ReconsiderationRequested {
        /// The round to reconsider.
        round: u32,
        /// Who asks.
        by: Party,
    },
    /// Both accepted.
    Appointed {
        /// The round.
        round: u32,
    },
    /// The candidate withdrew.
    Withdrawn,
}

/// A revealed round, kept as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevealedRound {
    /// The round, from 1.
    pub round: u32,
    /// The employer's word.
    pub employer: Verdict,
    /// The university's word.
    pub university: Verdict,
    /// What they came to.
    pub outcome: Outcome,
}

/// An interview, by day and kinds of panel members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interview {
    /// The day.
    pub on: Date,
    /// Who sat on the panel, by kind.
    pub panel: BTreeSet<PanelMember>,
}
