//! The role catalogue: what a role is, where it may work, where it leads, all of it rows of the
//! register, so that a role that emerges later is a new row (`CAREER-02`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString};

use crate::{actor::Region, application::StudyEvidenceKind};

use super::{
    PolicyRegister, PolicyVersion,
    catalogue::{FundingSource, Phase, SettingPolicy, SupervisorRule},
};

/// The workforce groupings (`TAXO-01`, `TAXO-02`); a role outside them has none and stays in
/// every report (`X-08`).
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
pub enum WorkforceGroup {
    Psychologist,
    PsychologicalTherapist,
    PsychologicalPractitioner,
    AssociateAndAssistant,
}

/// Whom a qualification admits (`ROUTE-01..03`, `ROUTE-09`, `TAXO-07..13`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum QualificationEntry {
    /// A degree in any subject.
    AnyDegree,
    /// A degree in psychology.
    PsychologyDegree,
    /// No degree, but evidence of the ability to study at degree level.
    StudyEvidence,
    /// Level 3, GCSEs in mathematics and English.
    LevelThreeAndGcses,
}

impl QualificationEntry {
    /// The evidence without which nobody is admitted (`TAXO-07`); the ability to study is shown in
    /// more than one way and is asked for by itself.
    pub const fn evidence(self) -> &'static [StudyEvidenceKind] {
        match self {
            Self::AnyDegree | Self::PsychologyDegree | Self::StudyEvidence => &[],
            Self::LevelThreeAndGcses => &[
                StudyEvidenceKind::LevelThree,
                StudyEvidenceKind::GcseMathematics,
                StudyEvidenceKind::GcseEnglish,
            ],
        }
    }
}

/// One qualification a role can be trained for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QualificationPolicy {
    /// Its level: 7 for a postgraduate, 6 for a graduate certificate.
    pub level: u8,
    /// Its title.
    pub title: String,
    /// UK credits, where known.
    #[serde(default)]
    pub credits: Option<u16>,
    /// Whom it admits.
    pub entry: QualificationEntry,
}

/// Where a role's curriculum comes from (`TRAIN-11`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum CurriculumScope {
    National,
    Local,
}

/// A row of the role catalogue, policy `role.<role>` (Annex 1). What no source settles is absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolePolicy {
    /// The role's full name.
    pub title: String,
    /// Its workforce grouping.
    #[serde(default)]
    pub group: Option<WorkforceGroup>,
    /// What one can qualify with, one entry per level and entry rule.
    pub qualifications: Vec<QualificationPolicy>,
    /// Length of the training, in months.
    pub months: u32,
    /// Agenda for Change band in training.
    #[serde(default)]
    pub trainee_band: Option<u8>,
    /// Agenda for Change band once qualified (`TAXO-14`).
    #[serde(default)]
    pub qualified_band: Option<u8>,
    /// Who may supervise; empty when policy has yet to say.
    #[serde(default)]
    pub supervisor_rule: Vec<SupervisorRule>,
    /// How the training may be funded (`FUND-09`, `TAXO-11`); empty when policy has yet to say.
    #[serde(default)]
    pub funding: Vec<FundingSource>,
    /// Registers that list the qualified role.
    #[serde(default)]
    pub registers: Vec<String>,
    /// Where the curriculum comes from.
    pub curriculum_scope: CurriculumScope,
    /// Populations whose primary presenting problem the role is not trained for (`SET-09`).
    #[serde(default)]
    pub excluded_populations: Vec<String>,
    /// The most universities that may be contracted (`TAXO-16`).
    #[serde(default)]
    pub providers_max: Option<u32>,
    /// Roles of the same scope and seniority (`TAXO-18`). Likeness gives no equivalence: each has
    /// settings, entry and qualifications of its own (`TAXO-19`), and an employer may have several
    /// side by side (`PRACTICE-11`).
    #[serde(default)]
    pub parallel_roles: Vec<String>,
    /// Who introduced the role (`ACTOR-14`).
    #[serde(default)]
    pub origin: Option<String>,
    /// Whose professional leadership represents it; not the same thing as its group (`ACTOR-16`).
    #[serde(default)]
    pub leadership: Option<Leadership>,
    /// The universities known to train for it (`TAXO-16`).
    #[serde(default)]
    pub providers: Vec<String>,
    /// Ages of the people it works with, where it is limited to some (`SET-12`).
    #[serde(default)]
    pub ages: Option<AgeRange>,
    /// What a pilot was published to be (`TAXO-15`).
    #[serde(default)]
    pub published_cohorts: Vec<PublishedCohort>,
    /// Local pathways it works beside and takes no part in (`SET-18`).
    #[serde(default)]
    pub parallel_pathways: Vec<String>,
}

/// Whose professional leadership represents a role nationally and regionally (`ACTOR-15`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[allow(missing_docs)]
pub enum Leadership {
    PsychologicalProfessions,
    AlliedHealthProfessions,
    Nursing,
}

/// Ages, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgeRange {
    /// The youngest.
    pub from: u8,
    /// The oldest.
    pub to: u8,
}

/// A cohort as its commissioner published it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedCohort {
    /// Its name.
    pub title: String,
    /// The first day of its first month.
    pub starts: Date,
    /// Trainees who commenced.
    pub trainees: u32,
}

/// The occupations of a workforce grouping, policy `taxonomy`: group → occupations (`TAXO-01` to
/// `TAXO-05`).
pub type Taxonomy = BTreeMap<WorkforceGroup, Vec<Occupation>>;

/// One occupation of a grouping, whether or not anybody is trained for it here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Occupation {
    /// Its id, `arts_therapist`.
    pub key: String,
    /// Its name.
    pub title: String,
    /// Its role in the catalogue, where it has one.
    #[serde(default)]
    pub role: Option<String>,
    /// Whose leadership represents it (`ACTOR-16`).
    pub leadership: Leadership,
}

/// Where a role can lead, policy `pathway.<role>` (`CAREER-02..04`, `CAREER-07`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pathway {
    /// The map it is read from.
    pub map: String,
    /// Its edition.
    pub edition: String,
    /// The steps on from the role.
    pub steps: Vec<PathwayStep>,
}

/// A step on from a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathwayStep {
    /// Its id, `clinical_psychology`.
    pub to: String,
    /// Its name.
    pub title: String,
    /// Whether there are such posts already, or they are only expected.
    pub established: bool,
    /// Whether it asks for a degree in psychology (`ROUTE-12`).
    #[serde(default)]
    pub psychology_degree: bool,
    /// Whether it is a training as a psychological therapist or psychologist.
    #[serde(default)]
    pub training: bool,
}

/// A figure that reports quote to put theirs in context, policy `context.<name>` (`ROUTE-11`). Its
/// source is that of the policy version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextFigure {
    /// What it says, in words.
    pub meaning: String,
    /// The figure.
    pub value: i64,
    /// What it counts, `people a year`.
    pub unit: String,
}

/// How a register stands in law, best last (`PRACTICE-12`).
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
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
pub enum RegisterStanding {
    /// No register lists the role.
    #[default]
    None,
    /// Kept by a body nobody accredits.
    Voluntary,
    /// Accredited by the Professional Standards Authority.
    Accredited,
    /// Kept by law.
    Statutory,
}

/// Policy `registers`: what each register is.
pub type Registers = BTreeMap<String, RegisterDescription>;

/// One register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterDescription {
    /// Its name.
    pub title: String,
    /// How it stands in law.
    pub standing: RegisterStanding,
}

/// Policy `regions`: the seven regions, each with the network of its psychological professions
/// (`ACTOR-01`).
pub type Regions = BTreeMap<Region, RegionDescription>;

/// One region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionDescription {
    /// Its name.
    pub title: String,
    /// Its ODS code.
    pub ods_code: String,
    /// Its Psychological Professions Network.
    pub network: String,
    /// Areas inside it that documents name as if they were regions (`X-18`).
    #[serde(default)]
    pub areas: Vec<String>,
}

/// A role of the catalogue on a day, with everything the register says of it. No person's data is
/// in it, so whoever plans a service may read it (`REPORT-05`).
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogueEntry<'a> {
    /// Its id.
    pub role: &'a str,
    /// Its row.
    pub policy: RolePolicy,
    /// The version of the row.
    pub version: &'a PolicyVersion,
    /// The settings rows of the role: phase, setting, row.
    pub settings: Vec<(Phase, &'a str, SettingPolicy)>,
    /// Whether a training for it is on the lock list (`TAXO-06`).
    pub on_lock_list: bool,
    /// How the best of its registers stands in law.
    pub standing: RegisterStanding,
    /// Where it can lead.
    pub pathway: Option<Pathway>,
}

impl PolicyRegister {
    /// The catalogue as it is on a day, by role id; rows whose shape cannot be read are left out.
    pub fn catalogue(&self, on: Date) -> Vec<CatalogueEntry<'_>> {
        self.under("role.")
            .filter_map(|role| self.catalogue_entry(role, on))
            .collect()
    }

    /// One role of the catalogue; `None` when there is none of this id on the day.
    pub fn catalogue_entry<'a>(&'a self, role: &'a str, on: Date) -> Option<CatalogueEntry<'a>> {
        let version = self.in_force(&format!("role.{role}"), on)?;
        let policy = RolePolicy::deserialize(&version.value).ok()?;
        let settings = [Phase::Trainee, Phase::Qualified]
            .into_iter()
            .flat_map(|phase| self.settings_of(role, phase, on))
            .collect();
        let listed: Vec<String> = self.value("lock.programmes", on).unwrap_or_default();
        let registers: Registers = self.value("registers", on).unwrap_or_default();
        Some(CatalogueEntry {
            role,
            settings,
            on_lock_list: listed.iter().any(|listed| listed == role),
            standing: standing(&policy.registers, &registers),
            pathway: self.value(&format!("pathway.{role}"), on),
            policy,
            version,
        })
    }

    fn settings_of<'a>(
        &'a self,
        role: &str,
        phase: Phase,
        on: Date,
    ) -> Vec<(Phase, &'a str, SettingPolicy)> {
        let prefix = format!("setting.{role}.{phase}.");
        let settings: Vec<&str> = self.under(&prefix).collect();
        settings
            .into_iter()
            .filter_map(|setting| {
                Some((
                    phase,
                    setting,
                    self.value(&format!("{prefix}{setting}"), on)?,
                ))
            })
            .collect()
    }

    /// What every site of a setting must have on a day, whatever the role (`ALLOC-16`, `ALLOC-17`).
    pub fn site_criteria(&self, setting: &str, on: Date) -> BTreeSet<String> {
        let tail = format!(".{setting}");
        self.under("setting.")
            .filter(|id| id.ends_with(&tail))
            .filter_map(|id| self.value::<SettingPolicy>(&format!("setting.{id}"), on))
            .filter(|row| row.permitted)
            .flat_map(|row| row.site_criteria)
            .collect()
    }
}

/// The best standing of some registers.
pub(crate) fn standing(names: &[String], registers: &Registers) -> RegisterStanding {
    names
        .iter()
        .filter_map(|name| registers.get(name))
        .map(|register| register.standing)
        .max()
        .unwrap_or_default()
}

impl RolePolicy {
    /// The levels an intake must offer, highest first (`ROUTE-04`, `ROUTE-07`).
    pub fn levels(&self) -> Vec<u8> {
        let mut levels: Vec<u8> = self.qualifications.iter().map(|q| q.level).collect();
        levels.sort_unstable_by(|a, b| b.cmp(a));
        levels.dedup();
        levels
    }

    /// The qualification that follows from a person's degree (`ROUTE-01`, `ROUTE-02`): never
    /// chosen. `None` when the role does not admit such a person.
    pub fn qualification_for(
        &self,
        has_degree: bool,
        in_psychology: bool,
    ) -> Option<&QualificationPolicy> {
        self.qualifications.iter().find(|q| match q.entry {
            QualificationEntry::AnyDegree => has_degree,
            QualificationEntry::PsychologyDegree => has_degree && in_psychology,
            QualificationEntry::StudyEvidence => !has_degree,
            QualificationEntry::LevelThreeAndGcses => true,
        })
    }
}

#[cfg(test)]
mod tests;
