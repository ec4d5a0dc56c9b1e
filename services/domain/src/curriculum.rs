//! Curricula and their modules: a university approves how it teaches a version of a role's
//! curriculum, and every requirement of that version is met by some module (`TRAIN-09`).
//!
//! What a version requires, and the competence framework it follows, is policy (`TRAIN-07`,
//! `TRAIN-21`): a new version is a new row, and an intake keeps the one it was planned with.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    actor::{PLATFORM, TenantId, TenantKind},
    id::Id,
    policy::catalogue::Role,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest code of a module or requirement, in bytes.
pub const CODE_BYTES_MAX: usize = 40;
/// The longest title of a module, in bytes.
pub const TITLE_BYTES_MAX: usize = 200;
/// The longest curriculum version, in bytes.
pub const VERSION_BYTES_MAX: usize = 20;
/// The most modules of one curriculum, and the most requirements one module meets.
pub const MODULES_MAX: usize = 60;
/// The most credits of one module.
pub const CREDITS_MAX: u16 = 360;

/// A version of a role's curriculum, policy `curriculum.<role>.<version>` (`TRAIN-07`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurriculumPolicy {
    /// The competence framework it follows, with its edition.
    pub competence_framework: String,
    /// What every programme of this version teaches.
    pub requirements: BTreeSet<String>,
}

// ---------------------------------------------------------------------------------------------
// Modules

/// What a module teaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleTerms {
    /// Who teaches it.
    pub university: TenantId,
    /// Its code, unique at the university.
    pub code: String,
    /// Its title.
    pub title: String,
    /// The level it is taught at.
    pub level: u8,
    /// The curriculum requirements it meets.
    pub meets: BTreeSet<String>,
}

/// A module of a university; several programmes may use it (`TRAIN-10`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Module {
    /// Not defined.
    #[default]
    Absent,
    /// Defined.
    Defined(Box<ModuleTerms>),
}

/// What a module decides.
#[derive(Debug, Clone)]
pub enum ModuleAct {
    /// See [`DefineModule`].
    Define(Box<ModuleTerms>),
}

/// Facts of a module.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ModuleEvent {
    /// A module was defined.
    ModuleDefined {
        /// What it teaches.
        terms: Box<ModuleTerms>,
    },
}

aggregate!(Module, "module", ModuleAct, ModuleEvent);

impl Module {
    /// The id of a university's module.
    pub fn id(university: TenantId, code: &str) -> Id<Self> {
        let code = Uuid::new_v5(&PLATFORM.0, code.as_bytes());
        Id::derive(university, &[code])
    }

    /// What it teaches.
    pub fn terms(&self) -> Option<&ModuleTerms> {
        match self {
            Self::Absent => None,
            Self::Defined(terms) => Some(terms),
        }
    }

    fn evolve(&mut self, event: ModuleEvent) {
        let ModuleEvent::ModuleDefined { terms } = event;
        *self = Self::Defined(terms);
    }
}

impl Decider for Module {
    type Act = ModuleAct;
    const COLLECTION: &'static str = "modules";

    fn decide(&self, issued: &Issued<ModuleAct>) -> Result<Vec<ModuleEvent>, Refusal> {
        let ModuleAct::Define(terms) = &issued.act;
        match self {
            Self::Absent => Ok(vec![ModuleEvent::ModuleDefined {
                terms: terms.clone(),
            }]),
            Self::Defined(known) => Refusal::unless_same(known == terms, "the module"),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms().map(|terms| Custody::of(terms.university, []))
    }
}

/// Defines a module of the acting university. A module that changes is a new code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DefineModule {
    /// Its code.
    pub code: String,
    /// Its title.
    pub title: String,
    /// The level it is taught at.
    pub level: u8,
    /// The curriculum requirements it meets.
    pub meets: BTreeSet<String>,
}

impl Command for DefineModule {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let code = text::identifier(&self.code, "code", CODE_BYTES_MAX)?;
        let title = text::required(&self.title, "title", TITLE_BYTES_MAX)?;
        if !(3..=8).contains(&self.level) {
            return Err(Refusal::invalid("level", "from 3 to 8").into());
        }
        if self.meets.len() > MODULES_MAX {
            let most = format!("a module meets at most {MODULES_MAX} requirements");
            return Err(Refusal::invalid("meets", most).into());
        }
        for requirement in &self.meets {
            text::identifier(requirement, "meets", CODE_BYTES_MAX)?;
        }
        let id = Module::id(university, &code);
        let terms = Box::new(ModuleTerms {
            university,
            code,
            title,
            level: self.level,
            meets: self.meets.clone(),
        });
        world.decide(issue, id, ModuleAct::Define(terms))?;
        Ok(id.key())
    }
}

// ---------------------------------------------------------------------------------------------
// Curricula

/// A module as one programme uses it: each programme keeps a credit record of its own (`TRAIN-10`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleUse {
    /// The module.
    pub module: Id<Module>,
    /// The credits it counts for in this programme.
    pub credits: u16,
}

/// How a university teaches a version of a role's curriculum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurriculumTerms {
    /// Who teaches it.
    pub university: TenantId,
    /// The role.
    pub role: Role,
    /// The version.
    pub version: String,
    /// The competence framework of the version, as the policy named it on approval.
    pub competence_framework: String,
    /// Its modules.
    pub modules: Vec<ModuleUse>,
}

/// A curriculum of a university.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Curriculum {
    /// Not approved.
    #[default]
    Absent,
    /// Approved.
    Approved(Box<CurriculumTerms>),
}

/// What a curriculum decides.
#[derive(Debug, Clone)]
pub enum CurriculumAct {
    /// See [`ApproveCurriculum`].
    Approve(Box<CurriculumTerms>),
}

/// Facts of a curriculum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum CurriculumEvent {
    /// A curriculum was approved.
    CurriculumApproved {
        /// How it is taught.
        terms: Box<CurriculumTerms>,
    },
}

aggregate!(Curriculum, "curriculum", CurriculumAct, CurriculumEvent);

impl Curriculum {
    /// The id of a university's curriculum of a role and version.
    pub fn id(university: TenantId, role: &Role, version: &str) -> Id<Self> {
        let name = format!("{role}/{version}");
        Id::derive(university, &[Uuid::new_v5(&PLATFORM.0, name.as_bytes())])
    }

    /// How it is taught.
    pub fn terms(&self) -> Option<&CurriculumTerms> {
        match self {
            Self::Absent => None,
            Self::Approved(terms) => Some(terms),
        }
    }

    fn evolve(&mut self, event: CurriculumEvent) {
        let CurriculumEvent::CurriculumApproved { terms } = event;
        *self = Self::Approved(terms);
    }
}

impl Decider for Curriculum {
    type Act = CurriculumAct;
    const COLLECTION: &'static str = "curricula";

    fn decide(&self, issued: &Issued<CurriculumAct>) -> Result<Vec<CurriculumEvent>, Refusal> {
        let CurriculumAct::Approve(terms) = &issued.act;
        match self {
            Self::Absent => Ok(vec![CurriculumEvent::CurriculumApproved {
                terms: terms.clone(),
            }]),
            Self::Approved(known) => Refusal::unless_same(known == terms, "the curriculum"),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms().map(|terms| Custody::of(terms.university, []))
    }
}

/// Approves how the acting university teaches a version of a role's curriculum: every requirement
/// of the version is met by some module (`TRAIN-09`), autism awareness among them (`TRAIN-21`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApproveCurriculum {
    /// The role.
    pub role: Role,
    /// The version.
    pub version: String,
    /// Its modules, each with the credits it counts for here.
    pub modules: Vec<ModuleUse>,
}

impl Command for ApproveCurriculum {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let version = text::identifier(&self.version, "version", VERSION_BYTES_MAX)?;
        text::at_most(&self.modules, "modules", MODULES_MAX)?;
        let used: BTreeSet<_> = self.modules.iter().map(|one| one.module).collect();
        if used.len() != self.modules.len() {
            return Err(Refusal::invalid("modules", "a module is used once").into());
        }
        if self.modules.iter().any(|one| one.credits > CREDITS_MAX) {
            let most = format!("at most {CREDITS_MAX} credits");
            return Err(Refusal::invalid("modules.credits", most).into());
        }
        let mut met = BTreeMap::new();
        for id in used {
            let module = world.read_own(issue, id)?;
            if let Some(terms) = module.terms() {
                met.extend(
                    terms
                        .meets
                        .iter()
                        .cloned()
                        .map(|requirement| (requirement, id)),
                );
            }
        }
        let id = format!("curriculum.{}.{version}", self.role);
        let policy: CurriculumPolicy = issue.policies.get(&id, issue.today())?;
        let missing: Vec<_> = policy
            .requirements
            .iter()
            .filter(|requirement| !met.contains_key(*requirement))
            .map(String::as_str)
            .collect();
        if !missing.is_empty() {
            return Err(Refusal::new(
                Reason::CurriculumRequirementMissing,
                format!(
                    "no module meets {}; add one that does, then approve the curriculum",
                    missing.join(", ")
                ),
            )
            .with("missing", missing.join(","))
            .into());
        }
        let id = Curriculum::id(university, &self.role, &version);
        let terms = Box::new(CurriculumTerms {
            university,
            role: self.role.clone(),
            version,
            competence_framework: policy.competence_framework,
            modules: self.modules.clone(),
        });
        world.decide(issue, id, CurriculumAct::Approve(terms))?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
