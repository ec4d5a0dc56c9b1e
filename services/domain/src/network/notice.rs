//! What a network learns of its region (`ACTOR-05`, D.5, D.10): that something happened, of which kind
//! and when, and nobody's name. Nobody's records are in its feed (C.5.3), so reactions count for it,
//! each thing in a stream of the network's own.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{Region, TenantId, TenantKind},
    cluster::Cluster,
    directory::{EmployerSector, Tenant},
    id::Id,
    policy::catalogue::Role,
    refusal::Refusal,
    training::{PracticeKind, Training},
    transfer::ServiceTransfer,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The network that reads along for a region, by policy `network.of_region`; none where it names
/// nobody, or somebody that is no network.
///
/// # Errors
/// [`Halt::Need`], or `POLICY_MISSING`.
pub(crate) fn of_region(
    issue: &Issue,
    world: &mut World,
    region: Region,
    on: Date,
) -> Result<Option<TenantId>, Halt> {
    let networks: BTreeMap<Region, TenantId> = issue.policies.get("network.of_region", on)?;
    let Some(named) = networks.get(&region).copied() else {
        return Ok(None);
    };
    let kind = world.read(Tenant::id(named))?.kind();
    Ok((kind == Some(TenantKind::Network)).then_some(named))
}

/// A cluster of the region that has become too small, or large enough again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedCluster {
    /// The role trained for.
    pub role: Role,
    /// Whether too few are left (`ALLOC-02`).
    pub at_risk: bool,
    /// The day.
    pub on: Date,
}

/// A clinical service that went from one employer to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedMove {
    /// The sector it left.
    pub from: EmployerSector,
    /// The sector it is in now.
    pub to: EmployerSector,
    /// The day.
    pub on: Date,
}

/// How true to the role a training was by its last review, in quarter-hours (`TRAIN-24`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedPractice {
    /// The role trained for.
    pub role: Role,
    /// Contact and care planning.
    pub in_scope: u32,
    /// Other duties.
    pub outside: u32,
}

/// One thing as counted; nothing before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RegionNotice {
    network: Option<TenantId>,
    last: Option<RegionNoticeEvent>,
}

/// What a notice decides.
#[derive(Debug, Clone)]
pub enum RegionNoticeAct {
    /// To be counted.
    Count(Box<RegionNoticeEvent>),
}

/// Facts of a notice, for the network alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum RegionNoticeEvent {
    /// A cluster is at risk, or no longer.
    ClusterRiskCounted {
        /// The network.
        network: TenantId,
        /// Which kind of cluster, and since when.
        counted: CountedCluster,
    },
    /// A clinical service moved.
    ServiceMoveCounted {
        /// The network.
        network: TenantId,
        /// From where to where.
        counted: CountedMove,
    },
    /// A training was reviewed.
    RoleFidelityCounted {
        /// The network.
        network: TenantId,
        /// What was logged so far.
        counted: CountedPractice,
    },
}

impl RegionNoticeEvent {
    fn network(&self) -> TenantId {
        match self {
            Self::ClusterRiskCounted { network, .. }
            | Self::ServiceMoveCounted { network, .. }
            | Self::RoleFidelityCounted { network, .. } => *network,
        }
    }
}

aggregate!(
    RegionNotice,
    "region_notice",
    RegionNoticeAct,
    RegionNoticeEvent
);

impl RegionNotice {
    fn evolve(&mut self, event: RegionNoticeEvent) {
        self.network = Some(event.network());
        self.last = Some(event);
    }
}

impl Decider for RegionNotice {
    type Act = RegionNoticeAct;
    const COLLECTION: &'static str = "regionNotices";

    fn decide(&self, issued: &Issued<RegionNoticeAct>) -> Result<Vec<RegionNoticeEvent>, Refusal> {
        let RegionNoticeAct::Count(counted) = &issued.act;
        let known = self.last.as_ref() == Some(counted);
        Ok(if known {
            vec![]
        } else {
            vec![RegionNoticeEvent::clone(counted)]
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.network.map(|network| Custody::of(network, []))
    }
}

/// Counts one thing for a network under the stream of what it is about.
fn count(
    issue: &Issue,
    world: &mut World,
    about: StreamKey,
    event: RegionNoticeEvent,
) -> Result<(), Halt> {
    let id: Id<RegionNotice> = Id::derive(event.network(), &[about.id]);
    world.decide(issue, id, RegionNoticeAct::Count(Box::new(event)))?;
    Ok(())
}

/// Reaction to a cluster that is at risk, or no longer: told to the networks of the regions its
/// trainees are in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountClusterRisk {
    /// The cluster.
    pub cluster: Id<Cluster>,
    /// Whether it is at risk.
    pub at_risk: bool,
}

impl Command for CountClusterRisk {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let about = self.cluster.key();
        let cluster = world.read(self.cluster)?;
        let Some(terms) = cluster.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let trainees: Vec<_> = cluster.applications().collect();
        let mut regions = BTreeSet::new();
        for application in trainees {
            let applied = world.read(application)?.terms();
            if let Some(vacancy) = applied.map(|terms| terms.vacancy) {
                regions.extend(world.read(vacancy)?.terms().map(|terms| terms.region));
            }
        }
        for region in regions {
            if let Some(network) = of_region(issue, world, region, issue.today())? {
                let counted = CountedCluster {
                    role: terms.role.clone(),
                    at_risk: self.at_risk,
                    on: issue.today(),
                };
                let event = RegionNoticeEvent::ClusterRiskCounted { network, counted };
                count(issue, world, about, event)?;
            }
        }
        Ok(about)
    }
}

/// Reaction to a transfer: a clinical service of the region has moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountServiceMove {
    /// The transfer.
    pub transfer: Id<ServiceTransfer>,
}

impl Command for CountServiceMove {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let about = self.transfer.key();
        let transfer = world.read(self.transfer)?;
        let (Some(on), Some(terms)) = (transfer.transferred(), transfer.terms().cloned()) else {
            return Err(Refusal::not_permitted().into());
        };
        if let Some(network) = of_region(issue, world, terms.region, issue.today())? {
            let counted = CountedMove {
                from: terms.from_sector,
                to: terms.to_sector,
                on,
            };
            let event = RegionNoticeEvent::ServiceMoveCounted { network, counted };
            count(issue, world, about, event)?;
        }
        Ok(about)
    }
}

/// Reaction to a review: how true to the role the training is so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountRoleFidelity {
    /// The training.
    pub training: Id<Training>,
}

impl Command for CountRoleFidelity {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let about = self.training.key();
        let training = world.read(self.training)?;
        let logged = |kind| training.logged(kind);
        let (in_scope, outside) = (
            logged(PracticeKind::Contact).saturating_add(logged(PracticeKind::CarePlanning)),
            logged(PracticeKind::OtherDuties),
        );
        let Some(whose) = training.appointment().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let region = world.read(whose.vacancy)?.terms().map(|terms| terms.region);
        if let Some(region) = region
            && let Some(network) = of_region(issue, world, region, issue.today())?
        {
            let counted = CountedPractice {
                role: whose.role,
                in_scope,
                outside,
            };
            let event = RegionNoticeEvent::RoleFidelityCounted { network, counted };
            count(issue, world, about, event)?;
        }
        Ok(about)
    }
}
