//! A regional network's own record: who holds its offices, when it meets, the actions it agrees on
//! and the digest it gets every fortnight. Nothing in it is about a trainee.

mod digest;
mod notice;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

pub(crate) use self::notice::of_region;
pub use self::{digest::*, notice::*};
use crate::{
    actor::{PersonId, TenantId, TenantKind},
    id::Id,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest text of an action, in bytes.
pub const ACTION_BYTES_MAX: usize = 500;
/// The most actions and the most meetings of one network.
pub const ACTIONS_MAX: usize = 5_000;

/// An office of a network (`ACTOR-03`, `ACTOR-07`). Another one needs a release, since each has a
/// meaning of its own.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Office {
    /// Chairs the network together with another.
    CoChair,
    /// Runs its programme.
    ProgrammeManager,
}

/// Who takes part in a meeting (`ACTOR-02`): kinds of participants, never their names.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Participants {
    /// The networks of the regions.
    Networks,
    /// People who speak for clinical services.
    ClinicalServices,
    /// Trainees and practitioners.
    Practitioners,
    /// Experts by experience.
    ExpertsByExperience,
}

/// How far a meeting or a view reaches (`ACTOR-15`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Scope {
    /// One region.
    Regional,
    /// All of them.
    National,
}

/// A meeting held: a dated fact (`TIME-09`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// The day.
    pub on: Date,
    /// How far it reached.
    pub scope: Scope,
    /// Who took part.
    pub participants: BTreeSet<Participants>,
}

/// An action agreed (`ACTOR-05`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreedAction {
    /// What is to be done.
    pub text: String,
    /// Whose it is.
    pub owner: Office,
    /// When it was agreed.
    pub agreed: Date,
    /// The last day for it.
    pub due: Date,
    /// When it was done.
    pub completed: Option<Date>,
}

impl AgreedAction {
    /// Whether it should have been done before a day and was not (`ACTOR-05`).
    pub fn overdue(&self, on: Date) -> bool {
        self.due < on && self.completed.is_none_or(|completed| completed >= on)
    }
}

/// A network's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    tenant: Option<TenantId>,
    officers: BTreeMap<Office, PersonId>,
    meetings: Vec<Meeting>,
    actions: BTreeMap<u32, AgreedAction>,
    cadence: Option<Cadence>,
    digests: Vec<Digest>,
}

/// What a network decides.
#[derive(Debug, Clone)]
pub enum NetworkAct {
    /// See [`NameOfficer`].
    Name(Office, PersonId),
    /// See [`HoldNetworkMeeting`].
    Meet(HoldNetworkMeeting),
    /// See [`AgreeAction`].
    Agree(AgreeAction),
    /// See [`CompleteAction`].
    Complete(u32),
    /// See [`StartDigest`].
    StartDigest,
    /// See [`IssueDigest`].
    IssueDigest(u32),
}

/// Facts of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum NetworkEvent {
    /// Somebody holds an office from the day on.
    NetworkOfficerNamed {
        /// The network.
        network: TenantId,
        /// The office.
        office: Office,
        /// Who, by opaque id.
        person: PersonId,
    },
    /// A meeting was held.
    NetworkMeetingHeld {
        /// The network.
        network: TenantId,
        /// The meeting.
        meeting: Meeting,
    },
    /// An action was agreed.
    NetworkActionAgreed {
        /// The network.
        network: TenantId,
        /// Its number, from 1.
        action: u32,
        /// What, whose, until when.
        agreed: AgreedAction,
    },
    /// An action was done.
    NetworkActionCompleted {
        /// Its number.
        action: u32,
        /// The day.
        on: Date,
    },
    /// Digests are made from the day on.
    NetworkDigestStarted {
        /// The network.
        network: TenantId,
        /// From when, how often.
        cadence: Cadence,
    },
    /// A digest was made.
    NetworkDigestIssued {
        /// The network.
        network: TenantId,
        /// From when, how often.
        cadence: Cadence,
        /// The digest.
        digest: Digest,
    },
}

impl Network {
    /// The id of a network's record.
    pub fn id(network: TenantId) -> Id<Self> {
        Id::derive(network, &[])
    }

    /// Who holds each office.
    pub fn officers(&self) -> &BTreeMap<Office, PersonId> {
        &self.officers
    }

    /// Meetings, in the order recorded.
    pub fn meetings(&self) -> &[Meeting] {
        &self.meetings
    }

    /// Actions by number.
    pub fn actions(&self) -> &BTreeMap<u32, AgreedAction> {
        &self.actions
    }

    /// Digests made so far.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    fn evolve(&mut self, event: NetworkEvent) {
        match event {
            NetworkEvent::NetworkOfficerNamed {
                network,
                office,
                person,
            } => {
                self.tenant = Some(network);
                self.officers.insert(office, person);
            }
            NetworkEvent::NetworkMeetingHeld { network, meeting } => {
                self.tenant = Some(network);
                self.meetings.push(meeting);
            }
            NetworkEvent::NetworkActionAgreed {
                network,
                action,
                agreed,
            } => {
                self.tenant = Some(network);
                self.actions.insert(action, agreed);
            }
            NetworkEvent::NetworkActionCompleted { action, on } => {
                if let Some(agreed) = self.actions.get_mut(&action) {
                    agreed.completed = Some(on);
                }
            }
            NetworkEvent::NetworkDigestStarted { network, cadence } => {
                self.tenant = Some(network);
                self.cadence = Some(cadence);
            }
            NetworkEvent::NetworkDigestIssued { digest, .. } => self.digests.push(digest),
        }
    }

    fn agree(&self, issue: &Issue, act: &AgreeAction) -> Result<Vec<NetworkEvent>, Refusal> {
        let agreed = AgreedAction {
            text: text::free(&act.text, "text", ACTION_BYTES_MAX)?,
            owner: act.owner,
            agreed: issue.today(),
            due: act.due,
            completed: None,
        };

        if agreed.due < agreed.agreed {
            return Err(Refusal::invalid(
                "due",
                "an action is due on the day it is agreed or later",
            ));
        }
        let same = |known: &AgreedAction| {
            (&known.text, known.owner, known.agreed, known.due)
                == (&agreed.text, agreed.owner, agreed.agreed, agreed.due)
        };
        if self.actions.values().any(same) {
            return Ok(vec![]);
        }
        full(self.actions.len(), "actions")?;
        Ok(vec![NetworkEvent::NetworkActionAgreed {
            network: issue.by.tenant,
            action: u32::try_from(self.actions.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            agreed,
        }])
    }

    fn complete(&self, issue: &Issue, action: u32) -> Result<Vec<NetworkEvent>, Refusal> {
        let on = issue.today();
        let Some(agreed) = self.actions.get(&action) else {
            return Err(Refusal::invalid(
                "action",
                "the network has no action of this number; GetNetwork lists them",
            ));
        };
        if let Some(completed) = agreed.completed {
            return Refusal::unless_same(completed == on, "this action's completion");
        }
        if on < agreed.agreed {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                format!(
                    "the action was agreed on {}; complete it from then on",
                    agreed.agreed
                ),
            ));
        }
        Ok(vec![NetworkEvent::NetworkActionCompleted { action, on }])
    }

    fn meet(&self, issue: &Issue, act: &HoldNetworkMeeting) -> Result<Vec<NetworkEvent>, Refusal> {
        if act.participants.is_empty() {
            return Err(Refusal::invalid(
                "participants",
                "say which kinds of participants came together",
            ));
        }
        let meeting = Meeting {
            on: issue.today(),
            scope: act.scope,
            participants: act.participants.clone(),
        };
        if let Some(known) = self
            .meetings
            .iter()
            .find(|known| known.on == meeting.on && known.scope == meeting.scope)
        {
            return Refusal::unless_same(*known == meeting, "the meeting of this day");
        }
        full(self.meetings.len(), "meetings")?;
        Ok(vec![NetworkEvent::NetworkMeetingHeld {
            network: issue.by.tenant,
            meeting,
        }])
    }
}

fn full(length: usize, what: &str) -> Result<(), Refusal> {
    if length < ACTIONS_MAX {
        return Ok(());
    }
    Err(Refusal::new(
        Reason::CapacityExceeded,
        format!("this network holds no more {what}"),
    ))
}

aggregate!(Network, "network", NetworkAct, NetworkEvent);

impl Decider for Network {
    type Act = NetworkAct;
    const COLLECTION: &'static str = "networks";

    fn decide(&self, issued: &Issued<NetworkAct>) -> Result<Vec<NetworkEvent>, Refusal> {
        match &issued.act {
            NetworkAct::Name(office, person) => Ok(match self.officers.get(office) {
                Some(known) if known == person => vec![],
                _ => vec![NetworkEvent::NetworkOfficerNamed {
                    network: issued.by.tenant,
                    office: *office,
                    person: *person,
                }],
            }),
            NetworkAct::Meet(meet) => self.meet(issued, meet),
            NetworkAct::Agree(agree) => self.agree(issued, agree),
            NetworkAct::Complete(action) => self.complete(issued, *action),
            NetworkAct::StartDigest => self.start_digest(issued),
            NetworkAct::IssueDigest(number) => Ok(self.issue_digest(*number)),
        }
    }

    /// The network's alone.
    fn custody(&self) -> Option<Custody> {
        self.tenant.map(|tenant| Custody::of(tenant, []))
    }
}

/// Decides on the record of the network that acts.
fn own(issue: &Issue, world: &mut World, act: NetworkAct) -> Result<StreamKey, Halt> {
    let id = Network::id(issue.by.acting_for(TenantKind::Network)?);
    world.decide(issue, id, act)?;
    Ok(id.key())
}

/// Names who holds an office from `effective` on (`ACTOR-03`, `ACTOR-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NameOfficer {
    /// The office.
    pub office: Office,
    /// Who.
    pub person: PersonId,
}

impl Command for NameOfficer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        own(issue, world, NetworkAct::Name(self.office, self.person))
    }
}

/// Records a meeting held on the day (`ACTOR-02`, `TIME-09`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldNetworkMeeting {
    /// How far it reached.
    pub scope: Scope,
    /// Who took part.
    pub participants: BTreeSet<Participants>,
}

impl Command for HoldNetworkMeeting {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        own(issue, world, NetworkAct::Meet(self.clone()))
    }
}

/// Agrees on an action with an owner and a day (`ACTOR-05`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeAction {
    /// What is to be done; nothing about a patient.
    pub text: String,
    /// Whose it is.
    pub owner: Office,
    /// The last day for it.
    pub due: Date,
}

impl Command for AgreeAction {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        own(issue, world, NetworkAct::Agree(self.clone()))
    }
}

/// Says that an action was done on the day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompleteAction {
    /// Its number.
    pub action: u32,
}

impl Command for CompleteAction {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        own(issue, world, NetworkAct::Complete(self.action))
    }
}

#[cfg(test)]
mod tests;
