//! What is asked of a progression.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Cohort, Progression, ProgressionAct};
use crate::{
    actor::TenantKind,
    application::Application,
    appointment::Appointment,
    id::Id,
    network::of_region,
    preceptorship::{Preceptorship, ServiceClock},
    qualified_practice::QualifiedPractice,
    training::Training,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Reaction to the start of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenProgression {
    /// Whose.
    pub appointment: Appointment,
}

impl Command for OpenProgression {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let whose = &self.appointment;
        let id = whose.progression();
        let teaching_start = world
            .read(whose.intake)?
            .terms()
            .map(|intake| intake.teaching_start);
        let region = world
            .read(whose.vacancy)?
            .terms()
            .map(|vacancy| vacancy.region);
        if let (Some(teaching_start), Some(region)) = (teaching_start, region) {
            let network = of_region(issue, world, region, teaching_start)?;
            let cohort = Cohort {
                university: whose.university,
                commissioner: whose.commissioner,
                role: whose.role.clone(),
                region,
                network,
                teaching_start,
            };
            world.decide(issue, id, ProgressionAct::Open(cohort))?;
        }
        Ok(id.key())
    }
}

/// A fact that a progression learns from another record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ProgressionFact {
    /// A training was left.
    TrainingLeft(Id<Training>, Date),
    /// A training ended with the qualification.
    Qualified(Box<Appointment>, Date),
    /// A training ended without it.
    NotCompleted(Box<Appointment>, Date),
    /// A qualified post was taken up.
    PostTaken(Id<Preceptorship>),
    /// A qualified post was left.
    PostLeft(Id<QualifiedPractice>, Date),
}

impl ProgressionFact {
    /// Whose it is and what it says; `None` while the record it comes from says neither.
    fn said(&self, world: &mut World) -> Result<Option<(Appointment, ProgressionAct)>, Halt> {
        Ok(match self {
            Self::TrainingLeft(training, on) => world
                .read(*training)?
                .appointment()
                .map(|whose| (whose.clone(), ProgressionAct::LeaveTraining(*on))),
            Self::Qualified(whose, on) => {
                Some((Appointment::clone(whose), ProgressionAct::Qualify(*on)))
            }
            Self::NotCompleted(whose, on) => {
                Some((Appointment::clone(whose), ProgressionAct::NotCompleted(*on)))
            }
            Self::PostTaken(preceptorship) => world.read(*preceptorship)?.held().and_then(|held| {
                let from = held.consolidation.as_ref().map(ServiceClock::from)?;
                Some((held.appointment.clone(), ProgressionAct::TakePost(from)))
            }),
            Self::PostLeft(practice, on) => world.read(*practice)?.held().map(|held| {
                let (from, on) = (held.from, *on);
                let act = ProgressionAct::LeavePost { from, on };
                (held.appointment.clone(), act)
            }),
        })
    }
}

/// Reaction to what becomes of somebody who trains or trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteProgression {
    /// What.
    pub fact: ProgressionFact,
}

impl Command for NoteProgression {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some((whose, act)) = self.fact.said(world)? else {
            return Err(crate::refusal::Refusal::not_permitted().into());
        };
        let id = whose.progression();
        world.decide(issue, id, act)?;
        Ok(id.key())
    }
}

/// The university learnt where a graduate of its own was at a mark (`CAREER-01`, `CAREER-05`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordDestination {
    /// The thread of the graduate's life.
    pub application: Id<Application>,
    /// The mark, in months after qualifying, of policy `destinations.marks`.
    pub months: u32,
    /// Where to: a step of policy `pathway.<role>`, or another of `destinations.other`.
    pub destination: String,
}

impl Command for RecordDestination {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let id: Id<Progression> = Id::derive(university, &[self.application.0]);
        let record = ProgressionAct::Destination {
            months: self.months,
            destination: self.destination.clone(),
        };
        world.decide(issue, id, record)?;
        Ok(id.key())
    }
}
