//! Communities of practice and what their members, trainees and employers tell.
//!
//! A community belongs to a network and so to a region; its members come from many employers, and
//! join and leave as they like (`SUP-06`, `PRECEPT-05`). Feedback goes to those it is for: a
//! trainee's to the university, an employer's to the university too, on a form of its own, and a
//! member's to the network, which no employer reads (`EVAL-01`, `PRECEPT-06`).

mod feedback;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

pub use self::feedback::*;
use crate::{
    actor::{ActingRole, PersonId, Region, TenantId, TenantKind},
    directory::Tenant,
    id::Id,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest title of a community, in bytes.
pub const TITLE_BYTES_MAX: usize = 200;

/// Whom a community is for (`SUP-06`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CommunityKind {
    /// Trainees and practitioners.
    Practitioners,
    /// Practice supervisors.
    Supervisors,
    /// Managers of clinical services.
    ServiceManagers,
}

impl CommunityKind {
    /// The acting role in which a person joins.
    const fn role(self) -> ActingRole {
        match self {
            Self::Practitioners => ActingRole::Candidate,
            Self::Supervisors => ActingRole::PracticeSupervisor,
            Self::ServiceManagers => ActingRole::ServiceManager,
        }
    }
}

/// A community of practice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Community {
    /// Not founded.
    #[default]
    Absent,
    /// Founded.
    Founded(CommunityTerms),
}

/// What a community is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommunityTerms {
    /// The network it belongs to.
    pub network: TenantId,
    /// The network's region.
    pub region: Region,
    /// Whom it is for.
    pub kind: CommunityKind,
    /// Its title.
    pub title: String,
}

/// What a community decides.
#[derive(Debug, Clone)]
pub enum CommunityAct {
    /// See [`FoundCommunity`].
    Found(CommunityTerms),
}

/// Facts of a community.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum CommunityEvent {
    /// A network founded a community.
    CommunityFounded {
        /// What it is.
        terms: CommunityTerms,
    },
}

impl Community {
    /// What it is, once founded.
    pub fn terms(&self) -> Option<&CommunityTerms> {
        match self {
            Self::Absent => None,
            Self::Founded(terms) => Some(terms),
        }
    }

    fn evolve(&mut self, event: CommunityEvent) {
        let CommunityEvent::CommunityFounded { terms } = event;
        *self = Self::Founded(terms);
    }
}

aggregate!(Community, "community", CommunityAct, CommunityEvent);

impl Decider for Community {
    type Act = CommunityAct;
    const COLLECTION: &'static str = "communities";

    fn decide(&self, issued: &Issued<CommunityAct>) -> Result<Vec<CommunityEvent>, Refusal> {
        let CommunityAct::Found(terms) = &issued.act;
        match self {
            Self::Absent => Ok(vec![CommunityEvent::CommunityFounded {
                terms: terms.clone(),
            }]),
            Self::Founded(known) => Refusal::unless_same(known == terms, "this community"),
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms().map(|terms| Custody::of(terms.network, []))
    }
}

/// One person in one community: known to the network and the person, to no employer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    joined: Option<Joined>,
    left: Option<Date>,
}

/// Who joined what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Joined {
    /// The community.
    pub community: Id<Community>,
    /// Its network.
    pub network: TenantId,
    /// Who, by opaque id.
    pub person: PersonId,
    /// The day.
    pub on: Date,
}

/// What a membership decides.
#[derive(Debug, Clone)]
pub enum MembershipAct {
    /// See [`JoinCommunity`].
    Join(Joined),
    /// See [`LeaveCommunity`].
    Leave,
}

/// Facts of a membership.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum MembershipEvent {
    /// A person joined.
    CommunityJoined {
        /// Who joined what.
        joined: Joined,
    },
    /// The person left.
    CommunityLeft {
        /// The day.
        on: Date,
    },
}

impl Membership {
    /// The id of a person's membership.
    pub fn id(network: TenantId, community: Id<Community>, person: PersonId) -> Id<Self> {
        Id::derive(network, &[community.0, person.0])
    }

    /// Who joined what, unless the person has left since.
    pub fn current(&self) -> Option<&Joined> {
        self.joined.as_ref().filter(|_| self.left.is_none())
    }

    /// Who joined what, left since or not.
    pub fn joined(&self) -> Option<&Joined> {
        self.joined.as_ref()
    }

    fn evolve(&mut self, event: MembershipEvent) {
        match event {
            MembershipEvent::CommunityJoined { joined } => {
                self.joined = Some(joined);
                self.left = None;
            }
            MembershipEvent::CommunityLeft { on } => self.left = Some(on),
        }
    }
}

aggregate!(Membership, "membership", MembershipAct, MembershipEvent);

impl Decider for Membership {
    type Act = MembershipAct;
    const COLLECTION: &'static str = "memberships";

    fn decide(&self, issued: &Issued<MembershipAct>) -> Result<Vec<MembershipEvent>, Refusal> {
        match &issued.act {
            MembershipAct::Join(joined) => Ok(match self.current() {
                Some(_) => vec![],
                None => vec![MembershipEvent::CommunityJoined {
                    joined: joined.clone(),
                }],
            }),
            MembershipAct::Leave => {
                let on = issued.today();
                match (&self.joined, self.left) {
                    (None, _) => Err(Refusal::not_permitted()),
                    (Some(_), Some(_)) => Ok(vec![]),
                    (Some(joined), None) if on < joined.on => Err(Refusal::new(
                        Reason::StateNotAllowed,
                        format!("the person joined on {}; leave from then on", joined.on),
                    )),
                    (Some(_), None) => Ok(vec![MembershipEvent::CommunityLeft { on }]),
                }
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.joined
            .as_ref()
            .map(|joined| Custody::of(joined.network, []).about(joined.person))
    }
}

/// A network founds a community of practice in its region (`SUP-06`, `PRECEPT-05`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoundCommunity {
    /// Whom it is for.
    pub kind: CommunityKind,
    /// Its title.
    pub title: String,
}

impl Command for FoundCommunity {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let title = text::free(&self.title, "title", TITLE_BYTES_MAX)?;
        let network = issue.by.acting_for(TenantKind::Network)?;
        let region = world
            .read(Tenant::id(network))?
            .region()
            .ok_or_else(Refusal::not_permitted)?;
        let id = Id::<Community>::derive(network, &[issue.request]);
        let terms = CommunityTerms {
            network,
            region,
            kind: self.kind,
            title,
        };
        world.decide(issue, id, CommunityAct::Found(terms))?;
        Ok(id.key())
    }
}

/// A person joins a community of the own kind; nobody joins for another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JoinCommunity {
    /// Which.
    pub community: Id<Community>,
}

impl Command for JoinCommunity {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (terms, person) = joining(issue, world, self.community)?;
        let id = Membership::id(terms.network, self.community, person);
        let joined = Joined {
            community: self.community,
            network: terms.network,
            person,
            on: issue.today(),
        };
        world.decide_beyond(issue, id, MembershipAct::Join(joined))?;
        Ok(id.key())
    }
}

/// A person leaves a community.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeaveCommunity {
    /// Which.
    pub community: Id<Community>,
}

impl Command for LeaveCommunity {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (terms, person) = joining(issue, world, self.community)?;
        let id = Membership::id(terms.network, self.community, person);
        world.decide_beyond(issue, id, MembershipAct::Leave)?;
        Ok(id.key())
    }
}

/// The community and the person who acts, when it is a community for the acting role.
fn joining(
    issue: &Issue,
    world: &mut World,
    community: Id<Community>,
) -> Result<(CommunityTerms, PersonId), Halt> {
    let person = issue.by.person.ok_or_else(Refusal::not_permitted)?;
    let terms = world
        .read(community)?
        .terms()
        .filter(|terms| terms.kind.role() == issue.by.role)
        .ok_or_else(Refusal::not_permitted)?;
    Ok((terms.clone(), person))
}

#[cfg(test)]
mod tests;
