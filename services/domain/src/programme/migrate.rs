//! A running intake keeps its curriculum version until the university migrates it (`TRAIN-08`).

use serde::{Deserialize, Serialize};

use super::{Intake, IntakeAct};
use crate::{
    actor::TenantKind,
    curriculum::{Curriculum, CurriculumPolicy, VERSION_BYTES_MAX},
    id::Id,
    refusal::Refusal,
    text,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Migrates an intake to another version of its curriculum, from the effective date. Who is
/// enrolled already keeps the version they enrolled with (`TRAIN-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MigrateCurriculum {
    /// The intake.
    pub intake: Id<Intake>,
    /// The version, of which the university has approved a curriculum.
    pub version: String,
}

impl Command for MigrateCurriculum {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let version = text::identifier(&self.version, "version", VERSION_BYTES_MAX)?;
        let Some(terms) = world.read_own(issue, self.intake)?.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let policy = format!("curriculum.{}.{version}", terms.role);
        issue
            .policies
            .get::<CurriculumPolicy>(&policy, issue.today())?;
        let curriculum = Curriculum::id(university, &terms.role, &version);
        if world.read(curriculum)?.terms().is_none() {
            return Err(Refusal::state_not_allowed(format!(
                "the university has approved no curriculum of version {version}; approve it first"
            ))
            .into());
        }
        world.decide(issue, self.intake, IntakeAct::Migrate { version })?;
        Ok(self.intake.key())
    }
}
