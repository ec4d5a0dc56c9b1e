//! The cluster of trainees an employer has at one intake: who joined, who left early, and whether
//! so few are left that they can no longer learn from each other (`ALLOC-02`).
//!
//! It counts per organisation and is also kept per clinical service (`ALLOC-14`). Nobody calls it:
//! trainings that start and end are told to it by reactions, and it holds no person's name or id.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    appointment::Appointment,
    directory::ClinicalService,
    id::Id,
    policy::catalogue::Role,
    programme::Intake,
    refusal::Refusal,
    training::Training,
    vacancy::Vacancy,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// Whose cluster it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterTerms {
    /// Who employs the trainees.
    pub employer: TenantId,
    /// Who teaches them.
    pub university: TenantId,
    /// Who commissioned the places.
    pub commissioner: TenantId,
    /// The intake.
    pub intake: Id<Intake>,
    /// The role.
    pub role: Role,
}

impl From<&Appointment> for ClusterTerms {
    fn from(appointment: &Appointment) -> Self {
        Self {
            employer: appointment.employer,
            university: appointment.university,
            commissioner: appointment.commissioner,
            intake: appointment.intake,
            role: appointment.role.clone(),
        }
    }
}

/// How many trainees are left of how many a cluster should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterSize {
    /// Trainees who have joined and not left.
    pub trainees: u32,
    /// The smallest cluster the policy allows on the day.
    pub minimum: u32,
    /// The day.
    pub on: Date,
}

/// A cluster.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Cluster {
    /// Nobody has started.
    #[default]
    Absent,
    /// Somebody has.
    Formed {
        /// Whose.
        terms: Box<ClusterTerms>,
        /// Trainees by the application that led to each; the clinical service of each.
        joined: BTreeMap<Id<Application>, Id<ClinicalService>>,
        /// Those of them who left before the end.
        left: BTreeMap<Id<Application>, Date>,
        /// Whether the risk is raised.
        at_risk: bool,
    },
}

/// What a cluster decides.
#[derive(Debug, Clone)]
pub enum ClusterAct {
    /// See [`JoinCluster`].
    Join {
        /// Whose cluster.
        terms: Box<ClusterTerms>,
        /// Who.
        application: Id<Application>,
        /// In which clinical service.
        clinical_service: Id<ClinicalService>,
    },
    /// See [`LeaveCluster`].
    Leave {
        /// Who.
        application: Id<Application>,
        /// The last day.
        on: Date,
    },
}

/// Facts of a cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ClusterEvent {
    /// The first trainee of an employer started at an intake.
    ClusterFormed {
        /// Whose cluster.
        terms: Box<ClusterTerms>,
    },
    /// A trainee started.
    ClusterJoined {
        /// The application that led there.
        application: Id<Application>,
        /// In which clinical service.
        clinical_service: Id<ClinicalService>,
    },
    /// A trainee left before the end.
    ClusterLeft {
        /// The application that led there.
        application: Id<Application>,
        /// The last day.
        on: Date,
    },
    /// So many left that the cluster is below the minimum.
    ClusterAtRiskRaised {
        /// How many are left.
        size: ClusterSize,
    },
    /// It is large enough again.
    ClusterAtRiskLifted {
        /// How many there are.
        size: ClusterSize,
    },
}

aggregate!(Cluster, "cluster", ClusterAct, ClusterEvent);

impl Cluster {
    /// The id of an employer's cluster at an intake.
    pub fn id(employer: TenantId, intake: Id<Intake>) -> Id<Self> {
        Id::derive(employer, &[intake.0])
    }

    /// Whose it is; `None` while nobody has started.
    pub fn terms(&self) -> Option<&ClusterTerms> {
        match self {
            Self::Absent => None,
            Self::Formed { terms, .. } => Some(terms),
        }
    }

    /// Trainees who have joined and not left, by clinical service.
    pub fn by_service(&self) -> BTreeMap<Id<ClinicalService>, u32> {
        let mut services = BTreeMap::new();
        if let Self::Formed { joined, left, .. } = self {
            for (_, service) in joined.iter().filter(|(who, _)| !left.contains_key(who)) {
                let count: &mut u32 = services.entry(*service).or_default();
                *count = count.saturating_add(1);
            }
        }
        services
    }

    /// Trainees who have joined and not left.
    pub fn trainees(&self) -> u32 {
        let services = self.by_service();
        services.values().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// The applications of everybody who has ever joined.
    pub fn applications(&self) -> impl Iterator<Item = Id<Application>> + use<> {
        let joined = match self {
            Self::Absent => BTreeMap::new(),
            Self::Formed { joined, .. } => joined.clone(),
        };
        joined.into_keys()
    }

    /// Whether the risk is raised.
    pub fn at_risk(&self) -> bool {
        matches!(self, Self::Formed { at_risk: true, .. })
    }

    fn evolve(&mut self, event: ClusterEvent) {
        if let ClusterEvent::ClusterFormed { terms } = event {
            *self = Self::Formed {
                terms,
                joined: BTreeMap::new(),
                left: BTreeMap::new(),
                at_risk: false,
            };
            return;
        }
        let Self::Formed {
            joined,
            left,
            at_risk,
            ..
        } = self
        else {
            return;
        };
        match event {
            ClusterEvent::ClusterFormed { .. } => {}
            ClusterEvent::ClusterJoined {
                application,
                clinical_service,
            } => {
                left.remove(&application);
                joined.insert(application, clinical_service);
            }
            ClusterEvent::ClusterLeft { application, on } => {
                left.insert(application, on);
            }
            ClusterEvent::ClusterAtRiskRaised { .. } => *at_risk = true,
            ClusterEvent::ClusterAtRiskLifted { .. } => *at_risk = false,
        }
    }

    /// The facts and, where they change it, the risk that follows from them.
    fn with_risk(
        &self,
        issued: &Issued<ClusterAct>,
        role: &Role,
        mut facts: Vec<ClusterEvent>,
    ) -> Result<Vec<ClusterEvent>, Refusal> {
        let mut after = self.clone();
        for fact in &facts {
            after.evolve(fact.clone());
        }
        let on = issued.today();
        let size = ClusterSize {
            trainees: after.trainees(),
            minimum: issued.policies.cluster_min(role, on)?,
            on,
        };
        let shrank = matches!(issued.act, ClusterAct::Leave { .. });
        if shrank && !self.at_risk() && size.trainees > 0 && size.trainees < size.minimum {
            facts.push(ClusterEvent::ClusterAtRiskRaised { size });
        }
        if self.at_risk() && size.trainees >= size.minimum {
            facts.push(ClusterEvent::ClusterAtRiskLifted { size });
        }
        Ok(facts)
    }
}

impl Decider for Cluster {
    type Act = ClusterAct;
    const COLLECTION: &'static str = "clusters";

    fn decide(&self, issued: &Issued<ClusterAct>) -> Result<Vec<ClusterEvent>, Refusal> {
        match (&issued.act, self) {
            (ClusterAct::Join { application, .. }, Self::Formed { joined, left, .. })
                if joined.contains_key(application) && !left.contains_key(application) =>
            {
                Ok(vec![])
            }
            (
                ClusterAct::Join {
                    terms,
                    application,
                    clinical_service,
                },
                state,
            ) => {
                let formed = matches!(state, Self::Absent).then(|| ClusterEvent::ClusterFormed {
                    terms: terms.clone(),
                });
                let joined = ClusterEvent::ClusterJoined {
                    application: *application,
                    clinical_service: *clinical_service,
                };
                let facts = formed.into_iter().chain([joined]).collect();
                self.with_risk(issued, &terms.role, facts)
            }
            (
                ClusterAct::Leave { application, on },
                Self::Formed {
                    terms,
                    joined,
                    left,
                    ..
                },
            ) if joined.contains_key(application) && !left.contains_key(application) => {
                let left = ClusterEvent::ClusterLeft {
                    application: *application,
                    on: *on,
                };
                self.with_risk(issued, &terms.role, vec![left])
            }
            (ClusterAct::Leave { .. }, _) => Ok(vec![]),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.employer, [terms.university, terms.commissioner]))
    }
}

/// Counts a training that started, or goes on after all; asked for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinCluster {
    /// The training.
    pub training: Id<Training>,
}

impl Command for JoinCluster {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let Some(appointment) = training.appointment().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let id = Cluster::id(appointment.employer, appointment.intake);
        if training.ended_early() {
            return Ok(id.key());
        }
        let placed = training.placement_on(issue.today());
        let placed = placed.map(|placement| placement.clinical_service);
        let vacancy = Vacancy::expect(world, appointment.vacancy)?;
        let join = ClusterAct::Join {
            terms: Box::new(ClusterTerms::from(&appointment)),
            application: appointment.application,
            clinical_service: placed.unwrap_or(vacancy.clinical_service),
        };
        world.decide_beyond(issue, id, join)?;
        Ok(id.key())
    }
}

/// Counts somebody out whose training ended before its time; asked for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaveCluster {
    /// The training.
    pub training: Id<Training>,
    /// The last day.
    pub on: Date,
}

impl Command for LeaveCluster {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let training = world.read(self.training)?;
        let early = training.ended_early();
        let Some(appointment) = training.appointment().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let id = Cluster::id(appointment.employer, appointment.intake);
        if early {
            let leave = ClusterAct::Leave {
                application: appointment.application,
                on: self.on,
            };
            world.decide_beyond(issue, id, leave)?;
        } else {
            world.read(id)?;
        }
        Ok(id.key())
    }
}

/// Counts somebody out of the cluster of the employer they trained with and into their present one's;
/// asked for by a reaction on a training that was taken over (`SET-13`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeCluster {
    /// The training.
    pub training: Id<Training>,
    /// The employer it had.
    pub from: TenantId,
    /// The last day there.
    pub on: Date,
}

impl Command for ChangeCluster {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(appointment) = world.read(self.training)?.appointment().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        if self.from != appointment.employer {
            let leave = ClusterAct::Leave {
                application: appointment.application,
                on: self.on,
            };
            let former = Cluster::id(self.from, appointment.intake);
            world.decide_beyond(issue, former, leave)?;
        }
        let training = self.training;
        JoinCluster { training }.run(issue, world)
    }
}

#[cfg(test)]
mod tests;
