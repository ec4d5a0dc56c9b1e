//! The supervisors an employer has.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{ATTRIBUTE_BYTES_MAX, MODALITIES_MAX, NAME_BYTES_MAX, REGISTER_NUMBER_BYTES_MAX};
use crate::{
    actor::{PersonId, TenantId, TenantKind},
    correction::Corrected,
    id::Id,
    identifiers::{HcpcNumber, NmcPin},
    personal::{Personal, PersonalClass},
    policy::catalogue::{Register, RegisterStatus, SupervisorRule},
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// What a look-up in a register showed, from a day on (`standards.md` B.4): a certificate is no
/// proof, only the register is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisterCheck {
    /// The register looked up.
    pub register: Register,
    /// What it says.
    pub status: RegisterStatus,
    /// The modalities the entry shows.
    pub modalities: BTreeSet<String>,
    /// The day from which it is true in the world, which may lie before anybody looked.
    pub from: Date,
}

/// A practice supervisor of one employer: one record per person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Supervisor {
    /// Not recorded.
    #[default]
    Absent,
    /// Recorded.
    Recorded {
        /// Whose supervisor.
        employer: TenantId,
        /// The supervisor.
        person: PersonId,
        /// Registers the person says to be on, with the number there.
        registrations: BTreeMap<Register, Personal<String>>,
        /// Name as the employer uses it.
        name: Personal<String>,
        /// What the registers showed, in the order it was learnt.
        checks: Vec<RegisterCheck>,
        /// The event that says each of them, by its place in the record.
        said: Vec<u64>,
        /// How many events there are.
        recorded: u64,
    },
}

/// What a supervisor's record decides.
#[derive(Debug, Clone)]
pub enum SupervisorAct {
    /// See [`RecordSupervisor`].
    Record {
        /// The employer recording it.
        employer: TenantId,
        /// The command.
        record: RecordSupervisor,
    },
    /// See [`RecordRegisterCheck`].
    Check(RecordRegisterCheck),
}

/// Facts of a supervisor's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum SupervisorEvent {
    /// An employer has a supervisor.
    SupervisorRecorded {
        /// Whose.
        employer: TenantId,
        /// The supervisor.
        person: PersonId,
        /// Name as the employer uses it.
        name: Personal<String>,
    },
    /// The supervisor named a register and the number there.
    SupervisorRegistrationRecorded {
        /// The register.
        register: Register,
        /// The number there.
        number: Personal<String>,
    },
    /// A register was looked up.
    RegisterCheckRecorded {
        /// What it showed.
        check: RegisterCheck,
    },
    /// A register was looked up again for the same day and showed something else; the later
    /// finding holds, the earlier stays in the history.
    RegisterCheckCorrected {
        /// What it showed.
        check: RegisterCheck,
        /// Which event it corrects; not said by the first version.
        corrects: Option<Corrected>,
    },
}

aggregate!(Supervisor, "supervisor", SupervisorAct, SupervisorEvent);

impl Supervisor {
    /// The record of `person` as a supervisor of `employer`.
    pub fn id(employer: TenantId, person: PersonId) -> Id<Self> {
        Id::derive(employer, &[person.0])
    }

    /// What a register says on a date, as known now.
    pub fn status_on(&self, register: Register, on: Date) -> Option<&RegisterCheck> {
        let Self::Recorded { checks, .. } = self else {
            return None;
        };
        latest(checks.iter(), register, on)
    }

    /// Whether the person may supervise on a date under a role's rule (`SUP-01`, `SUP-07`).
    pub fn eligible_on(&self, on: Date, rule: &[SupervisorRule]) -> bool {
        match self {
            Self::Absent => false,
            Self::Recorded { checks, .. } => eligible_by(checks.iter(), on, rule),
        }
    }

    /// Whose supervisor it is, once recorded.
    pub fn employer(&self) -> Option<TenantId> {
        match self {
            Self::Absent => None,
            Self::Recorded { employer, .. } => Some(*employer),
        }
    }

    /// The days from which the checks hold, on which eligibility may change.
    pub fn check_days(&self) -> impl Iterator<Item = Date> {
        let checks: &[RegisterCheck] = match self {
            Self::Absent => &[],
            Self::Recorded { checks, .. } => checks,
        };
        checks.iter().map(|check| check.from)
    }

    /// The person, once recorded.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Absent => None,
            Self::Recorded { person, .. } => Some(*person),
        }
    }

    fn evolve(&mut self, event: SupervisorEvent) {
        if let Self::Recorded { recorded, .. } = self {
            *recorded = recorded.saturating_add(1);
        }
        match (event, self) {
            (
                SupervisorEvent::SupervisorRecorded {
                    employer,
                    person,
                    name,
                },
                state,
            ) => {
                *state = Self::Recorded {
                    employer,
                    person,
                    registrations: BTreeMap::new(),
                    name,
                    checks: vec![],
                    said: vec![],
                    recorded: 1,
                };
            }
            (
                SupervisorEvent::SupervisorRegistrationRecorded { register, number },
                Self::Recorded { registrations, .. },
            ) => {
                registrations.insert(register, number);
            }
            (
                SupervisorEvent::RegisterCheckRecorded { check }
                | SupervisorEvent::RegisterCheckCorrected { check, .. },
                Self::Recorded {
                    checks,
                    said,
                    recorded,
                    ..
                },
            ) => {
                checks.push(check);
                said.push(*recorded);
            }
            (_, Self::Absent) => {}
        }
    }
}

fn latest<'a>(
    checks: impl Iterator<Item = &'a RegisterCheck>,
    register: Register,
    on: Date,
) -> Option<&'a RegisterCheck> {
    checks
        .filter(|check| check.register == register && check.from <= on)
        // of equals the last wins, and that is the one learnt last
        .max_by_key(|check| check.from)
}

/// Whether what registers showed, as it was learnt, admits somebody on a date under a rule.
pub(crate) fn eligible_by<'a>(
    checks: impl Iterator<Item = &'a RegisterCheck> + Clone,
    on: Date,
    rule: &[SupervisorRule],
) -> bool {
    rule.iter().any(|way| {
        latest(checks.clone(), way.register, on).is_some_and(|check| {
            way.statuses.contains(&check.status)
                && way
                    .modality
                    .as_ref()
                    .is_none_or(|modality| check.modalities.contains(modality))
        })
    })
}

impl Decider for Supervisor {
    type Act = SupervisorAct;
    const COLLECTION: &'static str = "supervisors";

    fn decide(&self, issued: &Issued<SupervisorAct>) -> Result<Vec<SupervisorEvent>, Refusal> {
        match (&issued.act, self) {
            (SupervisorAct::Record { employer, record }, state) => {
                let name = text::required(&record.name, "display_name", NAME_BYTES_MAX)?;
                let number = register_number(record.register, &record.number)?;
                let sealed = |class, value| Personal::new(record.person, class, [*employer], value);
                let registration = SupervisorEvent::SupervisorRegistrationRecorded {
                    register: record.register,
                    number: sealed(PersonalClass::RegisterNumber, number),
                };
                match state {
                    Self::Absent => Ok(vec![
                        SupervisorEvent::SupervisorRecorded {
                            employer: *employer,
                            person: record.person,
                            name: sealed(PersonalClass::Identity, name),
                        },
                        registration,
                    ]),
                    // A number on a public register could be found from a digest of it, so none is
                    // kept and a second recording of a register counts as a repeat.
                    Self::Recorded { registrations, .. }
                        if registrations.contains_key(&record.register) =>
                    {
                        Ok(vec![])
                    }
                    Self::Recorded { .. } => Ok(vec![registration]),
                }
            }
            (SupervisorAct::Check(_), Self::Absent) => Err(Refusal::not_permitted()),
            (
                SupervisorAct::Check(record),
                Self::Recorded {
                    registrations,
                    checks,
                    said,
                    employer,
                    person,
                    ..
                },
            ) => {
                let check = record.check(issued.today())?;
                if !registrations.contains_key(&check.register) {
                    return Err(Refusal::state_not_allowed(
                        "no number is recorded for this register; record the registration first",
                    ));
                }
                let same_day = checks.iter().zip(said).rev().find(|(known, _)| {
                    known.register == check.register && known.from == check.from
                });
                Ok(match same_day {
                    Some((known, _)) if *known == check => vec![],
                    Some((_, said)) => {
                        let itself = Self::id(*employer, *person).key();
                        let corrects = Some(Corrected::by_itself(itself, *said));
                        vec![SupervisorEvent::RegisterCheckCorrected { check, corrects }]
                    }
                    None => vec![SupervisorEvent::RegisterCheckRecorded { check }],
                })
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Recorded {
                employer, person, ..
            } => Some(Custody::of(*employer, []).about(*person)),
        }
    }
}

fn register_number(register: Register, number: &str) -> Result<String, Refusal> {
    match register {
        Register::Hcpc => HcpcNumber::parse(number, "number").map(|n| n.to_string()),
        Register::Nmc => NmcPin::parse(number, "number").map(|pin| pin.to_string()),
        Register::Babcp => text::required(number, "number", REGISTER_NUMBER_BYTES_MAX),
    }
}

/// Records a supervisor of the acting employer, or a further register of a known one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordSupervisor {
    /// The supervisor.
    pub person: PersonId,
    /// Name as the employer uses it.
    pub name: String,
    /// A register the person is on.
    pub register: Register,
    /// The number there.
    pub number: String,
}

impl Command for RecordSupervisor {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let id = Supervisor::id(employer, self.person);
        let record = self.clone();
        world.decide(issue, id, SupervisorAct::Record { employer, record })?;
        Ok(id.key())
    }
}

/// Records what a register showed; the effective date is the day from which it is true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordRegisterCheck {
    /// The supervisor.
    pub supervisor: Id<Supervisor>,
    /// The register looked up.
    pub register: Register,
    /// What it says.
    pub status: RegisterStatus,
    /// The modalities the entry shows, `clinical_psychologist`.
    pub modalities: Vec<String>,
}

impl RecordRegisterCheck {
    fn check(&self, from: Date) -> Result<RegisterCheck, Refusal> {
        text::at_most(&self.modalities, "modalities", MODALITIES_MAX)?;
        let modalities = self
            .modalities
            .iter()
            .map(|id| text::identifier(id, "modalities", ATTRIBUTE_BYTES_MAX))
            .collect::<Result<_, _>>()?;
        Ok(RegisterCheck {
            register: self.register,
            status: self.status,
            modalities,
            from,
        })
    }
}

impl Command for RecordRegisterCheck {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        world.decide(issue, self.supervisor, SupervisorAct::Check(self.clone()))?;
        Ok(self.supervisor.key())
    }
}
