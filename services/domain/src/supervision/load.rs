//! Whom a supervisor supervises: the employer's own record.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::TenantId,
    directory::Supervisor,
    id::Id,
    policy::catalogue::Role,
    refusal::Refusal,
    training::Training,
    world::{Custody, Decider, Issued, aggregate},
};

/// Somebody supervised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervisee {
    /// The role trained for.
    pub role: Role,
    /// The first day.
    pub from: Date,
    /// The first day no longer supervised by this supervisor.
    pub until: Option<Date>,
}

/// A supervisor's load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SupervisorLoad {
    employer: Option<TenantId>,
    supervisees: BTreeMap<Id<Training>, Supervisee>,
    ended: BTreeMap<String, Date>,
}

/// What a load decides.
#[derive(Debug, Clone)]
pub enum LoadAct {
    /// Whom the supervisor supervises, or did.
    Note {
        /// Whose supervisor.
        employer: TenantId,
        /// The supervisor.
        supervisor: Id<Supervisor>,
        /// In which training.
        training: Id<Training>,
        /// Since and until when.
        supervisee: Supervisee,
    },
    /// For which roles the supervisor is not eligible, and since when.
    Eligibility {
        /// By role; none while eligible.
        ended: Vec<(Role, Option<Date>)>,
    },
}

/// Facts of a load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SupervisorLoadEvent {
    /// The supervisor supervises somebody.
    SuperviseeTaken {
        /// Whose supervisor.
        employer: TenantId,
        /// The supervisor.
        supervisor: Id<Supervisor>,
        /// In which training.
        training: Id<Training>,
        /// The role trained for.
        role: Role,
        /// The first day.
        from: Date,
    },
    /// The supervisor no longer supervises them.
    SuperviseeReleased {
        /// In which training.
        training: Id<Training>,
        /// The first day no longer supervised.
        from: Date,
    },
    /// The registers no longer admit the supervisor.
    SupervisorEligibilityEnded {
        /// For which role.
        role: Role,
        /// Since which day.
        from: Date,
    },
    /// The registers admit the supervisor again, or turn out to have done so all the time.
    SupervisorEligibilityRestored {
        /// For which role.
        role: Role,
    },
}

aggregate!(
    SupervisorLoad,
    "supervisor_load",
    LoadAct,
    SupervisorLoadEvent
);

impl SupervisorLoad {
    /// The load of a supervisor of an employer.
    pub fn id(employer: TenantId, supervisor: Id<Supervisor>) -> Id<Self> {
        Id::derive(employer, &[supervisor.0])
    }

    /// Whether the supervisor has ever supervised anybody.
    pub fn is_known(&self) -> bool {
        self.employer.is_some()
    }

    /// How many are supervised now (`SUP-04`).
    pub fn now(&self) -> u32 {
        let now = self
            .supervisees
            .values()
            .filter(|held| held.until.is_none());
        u32::try_from(now.count()).unwrap_or(u32::MAX)
    }

    /// The trainings of everybody ever supervised.
    pub fn trainings(&self) -> Vec<Id<Training>> {
        self.supervisees.keys().copied().collect()
    }

    /// Everybody ever supervised.
    pub fn supervisees(&self) -> impl Iterator<Item = (Id<Training>, &Supervisee)> {
        self.supervisees
            .iter()
            .map(|(training, held)| (*training, held))
    }

    /// The roles of everybody ever supervised.
    pub(super) fn roles(&self) -> Vec<Role> {
        let roles: BTreeSet<Role> = self
            .supervisees
            .values()
            .map(|held| held.role.clone())
            .collect();
        roles.into_iter().collect()
    }

    /// Roles for which the supervisor is not eligible, with the day since when.
    pub fn not_eligible_for(&self) -> impl Iterator<Item = (&str, Date)> {
        self.ended
            .iter()
            .map(|(role, since)| (role.as_str(), *since))
    }

    fn evolve(&mut self, event: SupervisorLoadEvent) {
        match event {
            SupervisorLoadEvent::SuperviseeTaken {
                employer,
                training,
                role,
                from,
                ..
            } => {
                self.employer = Some(employer);
                let until = None;
                self.supervisees
                    .insert(training, Supervisee { role, from, until });
            }
            SupervisorLoadEvent::SuperviseeReleased { training, from } => {
                if let Some(held) = self.supervisees.get_mut(&training) {
                    held.until = Some(from);
                }
            }
            SupervisorLoadEvent::SupervisorEligibilityEnded { role, from } => {
                self.ended.insert(role.to_string(), from);
            }
            SupervisorLoadEvent::SupervisorEligibilityRestored { role } => {
                self.ended.remove(role.as_str());
            }
        }
    }
}

impl Decider for SupervisorLoad {
    type Act = LoadAct;
    const COLLECTION: &'static str = "supervisorLoads";

    fn decide(&self, issued: &Issued<LoadAct>) -> Result<Vec<SupervisorLoadEvent>, Refusal> {
        match &issued.act {
            LoadAct::Note {
                employer,
                supervisor,
                training,
                supervisee,
            } => {
                let known = self.supervisees.get(training);
                // A supervisor may come back to somebody: the latest spell is the one that is kept.
                if known.is_some_and(|known| known == supervisee || known.from > supervisee.from) {
                    return Ok(vec![]);
                }
                let taken =
                    known.filter(|known| known.from == supervisee.from && known.until.is_none());
                let mut events = vec![];
                if taken.is_none() {
                    events.push(SupervisorLoadEvent::SuperviseeTaken {
                        employer: *employer,
                        supervisor: *supervisor,
                        training: *training,
                        role: supervisee.role.clone(),
                        from: supervisee.from,
                    });
                }
                events.extend(supervisee.until.map(|from| {
                    SupervisorLoadEvent::SuperviseeReleased {
                        training: *training,
                        from,
                    }
                }));
                Ok(events)
            }
            LoadAct::Eligibility { ended } => Ok(ended
                .iter()
                .filter_map(|(role, since)| {
                    let known = self.ended.get(role.as_str()).copied();
                    match since {
                        since if *since == known => None,
                        Some(from) => Some(SupervisorLoadEvent::SupervisorEligibilityEnded {
                            role: role.clone(),
                            from: *from,
                        }),
                        None => Some(SupervisorLoadEvent::SupervisorEligibilityRestored {
                            role: role.clone(),
                        }),
                    }
                })
                .collect()),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.employer.map(|employer| Custody::of(employer, []))
    }
}
