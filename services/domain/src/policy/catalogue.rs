//! The shapes of structured policy values and their readers: roles, settings, criteria and the
//! thresholds that several steps share. The values themselves are rows of the register.

use std::{collections::BTreeMap, fmt};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use crate::{
    actor::Region,
    policy::Policies,
    refusal::{Reason, Refusal},
    text,
};

pub use super::roles::*;

/// The longest role id, in bytes.
pub const ROLE_BYTES_MAX: usize = 20;
/// The longest setting id, in bytes.
pub const SETTING_BYTES_MAX: usize = 40;

/// A role of the catalogue (`MHWP`): an id of reference data, so that a new role is a new row.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Role(String);

impl Role {
    /// Reads a role id; whether the catalogue has it is asked of the register.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        text::identifier(text, field, ROLE_BYTES_MAX).map(Self)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of setting a clinical service is (`adult_community`, `prison`): reference data too.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Setting(String);

impl Setting {
    /// Reads a setting id.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn parse(text: &str, field: &'static str) -> Result<Self, Refusal> {
        text::identifier(text, field, SETTING_BYTES_MAX).map(Self)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public register a supervisor can stand on.
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
pub enum Register {
    /// Health and Care Professions Council.
    Hcpc,
    /// CBT Register UK of the BABCP.
    Babcp,
    /// Nursing and Midwifery Council.
    Nmc,
}

/// What a register says of a person (`standards.md` B.4).
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
pub enum RegisterStatus {
    /// Registered without restriction (BABCP: fully accredited).
    Registered,
    /// Provisionally accredited.
    Provisional,
    /// Registered with conditions of practice.
    Conditions,
    /// Listed, on leave of absence.
    LeaveOfAbsence,
    /// Not, or no longer, on the register.
    NotRegistered,
}

/// One way to be an eligible supervisor; any one of a role's list suffices (`SUP-01`, `SUP-07`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisorRule {
    /// The register.
    pub register: Register,
    /// The modality the entry must show; any when absent. A number's prefix proves none (`X-12`).
    #[serde(default)]
    pub modality: Option<String>,
    /// The statuses that count.
    pub statuses: Vec<RegisterStatus>,
}

/// Who pays for a training; exclusive (`FUND-09`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum FundingSource {
    NhseSalarySupport,
    ApprenticeshipLevy,
    Employer,
    SelfFunded,
    None,
}

/// The phase of a role in a setting (`X-05`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum Phase {
    Trainee,
    Qualified,
}

/// Whether a role may work in a setting, policy `setting.<role>.<phase>.<setting>`; no row means
/// no (`SET-01..12`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingPolicy {
    /// `false` is an exclusion, kept as a row so that it can be seen and cited.
    pub permitted: bool,
    /// The pilot this setting is, reported apart (`ALLOC-15`).
    #[serde(default)]
    pub pilot: Option<String>,
    /// Where: every region when empty.
    #[serde(default)]
    pub regions: Vec<Region>,
    /// What every site must have (`ALLOC-16`, `ALLOC-17`).
    #[serde(default)]
    pub site_criteria: Vec<String>,
    /// Why the setting asks for the role, in words (`SET-17`).
    #[serde(default)]
    pub need: Option<String>,
}

/// The three families of selection criteria (`JOINT-05`).
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
pub enum CriterionFamily {
    Knowledge,
    Skills,
    Attitudes,
}

/// Which party scores a criterion (`JOINT-05`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum CriterionOwner {
    Employer,
    University,
    Both,
}

/// One selection criterion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Its id, `trauma_informed_recovery`.
    pub key: String,
    /// Its family.
    pub family: CriterionFamily,
    /// Who scores it.
    pub owner: CriterionOwner,
    /// Its weight, 1 to 10.
    pub weight: u8,
    /// Whether a decision needs a score for it.
    pub essential: bool,
}

/// What a role's criteria sets must look like, policy `criteria.<role>` (`JOINT-05..08`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CriteriaPolicy {
    /// The set used when a vacancy names none.
    pub default: Vec<Criterion>,
    /// The criterion that is in every set and that no other outweighs (`JOINT-07`).
    pub most_important: String,
    /// Criteria that may never be essential (`JOINT-08`).
    #[serde(default)]
    pub never_essential: Vec<String>,
}

/// What every known setting is, policy `settings`: id → description.
pub type Settings = BTreeMap<String, SettingDescription>;

/// One known setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingDescription {
    /// Its full name.
    pub title: String,
    /// `primary`, `secondary` or `integrated` (`SET-03`, `SET-16`).
    pub care_level: String,
}

/// Practice a trainee must show before the board, policy `practice.min`, in hours (`FUND-14`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PracticeMinima {
    /// Clinical contact.
    pub contact: u32,
    /// Of which delivering listed interventions.
    pub intervention: u32,
    /// Care planning, the second strand of practice (`TRAIN-20`).
    #[serde(default)]
    pub care_planning: u32,
    /// Supervision, both kinds together.
    pub supervision: u32,
    /// Of which case management.
    pub case_management: u32,
    /// Of which clinical skills.
    pub clinical_skills: u32,
    /// Three-way reviews held.
    pub three_way_reviews: u32,
}

/// Who must be present at a board, policies `board.quorum` and `board.quorum.reassessment`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoardQuorum {
    /// Chairs.
    pub chairs: u32,
    /// Internal examiners.
    pub internal: u32,
    /// External examiners.
    pub external: u32,
}

/// A closed range of whole numbers, as in `cluster.range` and `practice_days`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
}

impl Policies {
    /// A role of the catalogue as it is on a date.
    ///
    /// # Errors
    /// `POLICY_MISSING` when the catalogue has no such role then.
    pub fn role(&self, role: &Role, on: Date) -> Result<RolePolicy, Refusal> {
        self.get(&format!("role.{role}"), on)
    }

    /// Who may supervise a role on a date (`SUP-01`, `SUP-07`). Every entry of practice hours asks for
    /// it, so nothing else of the role's row is read.
    ///
    /// # Errors
    /// `POLICY_MISSING` when the catalogue has no such role then.
    pub fn supervisor_rule(&self, role: &Role, on: Date) -> Result<Vec<SupervisorRule>, Refusal> {
        #[derive(Deserialize)]
        struct Supervised {
            #[serde(default)]
            supervisor_rule: Vec<SupervisorRule>,
        }
        let row: Supervised = self.get(&format!("role.{role}"), on)?;
        Ok(row.supervisor_rule)
    }

    /// Whether a role may work in a setting on a date, in a region where one is named.
    ///
    /// # Errors
    /// `SETTING_NOT_PERMITTED` without a permitting row, or outside its regions (`SET-01..12`).
    pub fn permitted_setting(
        &self,
        role: &Role,
        phase: Phase,
        setting: &Setting,
        region: Option<Region>,
        on: Date,
    ) -> Result<SettingPolicy, Refusal> {
        let row: Option<SettingPolicy> =
            self.find(&format!("setting.{role}.{phase}.{setting}"), on)?;
        let refused = |why: &str| {
            Refusal::new(
                Reason::SettingNotPermitted,
                format!(
                    "a {phase} {role} may not work in setting {setting} on {on}: {why}; choose \
                     another clinical service or a later start"
                ),
            )
            .with("role", role)
            .with("setting", setting)
            .with("on", on)
        };
        match row {
            None => Err(refused("no policy permits it then")),
            Some(row) if !row.permitted => Err(refused("the setting is excluded")),
            Some(row)
                if !row.regions.is_empty()
                    && !region.is_some_and(|region| row.regions.contains(&region)) =>
            {
                Err(refused("the pilot does not reach this region"))
            }
            Some(row) => Ok(row),
        }
    }

    /// The smallest cluster per organisation and intake: a role's own value, else the general one
    /// (`ALLOC-01`, `X-04`).
    ///
    /// # Errors
    /// `POLICY_MISSING`.
    pub fn cluster_min(&self, role: &Role, on: Date) -> Result<u32, Refusal> {
        match self.find(&format!("cluster.min.{role}"), on)? {
            Some(min) => Ok(min),
            None => self.get("cluster.min", on),
        }
    }
}
