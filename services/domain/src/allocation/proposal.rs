//! Places of an intake are proposed, held there at once, then confirmed or declined.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoEnumIterator as _};

use super::{
    Allocation, AllocationAct, AllocationEvent, Interest, PILOT_BYTES_MAX, Registered, Stage,
    check_places, interest::not_ready,
};
use crate::{
    actor::{TenantId, TenantKind},
    id::Id,
    programme::{Intake, IntakeAct, IntakeTerms, Programme, Reservation},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// Places offered to an employer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The intake.
    pub intake: Id<Intake>,
    /// Where it is taught.
    pub university: TenantId,
    /// How many places.
    pub places: u32,
    /// The pilot they are for, when they are spare capacity given to one (`ALLOC-13`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<String>,
    /// Whether the university is contracted for another region only: a warning (`ALLOC-10`, `X-17`).
    #[serde(default)]
    pub outside_contracted_regions: bool,
}

/// Who agreed or was consulted (`ALLOC-08`).
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
pub enum ApprovalBy {
    /// The national team.
    National,
    /// The regional lead.
    RegionalLead,
    /// The university, consulted.
    University,
}

/// One approval or consultation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Whose.
    pub by: ApprovalBy,
    /// When.
    pub on: Date,
}

impl Proposal {
    /// Whether it offers the same places; the regional warning may have changed since.
    fn repeats(&self, other: &Self) -> bool {
        (self.intake, self.places, &self.pilot) == (other.intake, other.places, &other.pilot)
    }

    /// Places of an intake for an interest, with what a decision on them reads: the intake's terms,
    /// and the places the employer holds there through other allocations.
    pub(super) fn read(
        issue: &Issue,
        world: &mut World,
        allocation: Id<Allocation>,
        interest: &Interest,
        (intake_id, places, pilot): (Id<Intake>, u32, Option<String>),
    ) -> Result<(Self, Box<IntakeTerms>, u32), Halt> {
        let intake = world.read_own(issue, intake_id)?;
        let Some(terms) = intake.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let cluster = intake.cluster_of(interest.employer, allocation);
        let programme = world.read(Programme::id(terms.commissioner, &terms.role))?;
        let reached = programme.contracted(terms.university, Some(interest.region), issue.today());
        let proposal = Self {
            intake: intake_id,
            university: terms.university,
            places,
            pilot,
            outside_contracted_regions: !reached,
        };
        Ok((proposal, Box::new(terms), cluster))
    }
}

impl Registered {
    /// Whether places of an intake can be given to this interest at all: the role it names, and an
    /// employer that is ready.
    pub(super) fn check_interest(&self, intake: &IntakeTerms) -> Result<(), Refusal> {
        if intake.role != self.interest.role {
            return Err(Refusal::new(
                Reason::InterestRequired,
                format!(
                    "the interest on file is in {}, not in {}; register one first",
                    self.interest.role, intake.role
                ),
            ));
        }
        if self.stage == Stage::Interested {
            return Err(not_ready(
                "READY-01..03",
                "the employer has not declared its readiness",
            ));
        }
        Ok(())
    }
}

impl Allocation {
    pub(super) fn propose(
        &self,
        issued: &Issued<AllocationAct>,
        proposal: &Proposal,
        intake: &IntakeTerms,
        cluster: u32,
        spare: bool,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        check_places(proposal.places, "places")?;
        let known = self.known()?;
        // The platform serves the waitlist, on which the commissioner put the allocation.
        let served =
            issued.by.kind == TenantKind::Platform && known.waits_for == Some(proposal.intake);
        if !served && issued.by.tenant != known.interest.commissioner
            || intake.commissioner != known.interest.commissioner
        {
            return Err(Refusal::not_permitted());
        }
        match &known.stage {
            Stage::Proposed(held) | Stage::Confirmed(held) => {
                return Refusal::unless_same(held.repeats(proposal), "a proposal");
            }
            Stage::Declined(_) => {
                return Err(Refusal::state_not_allowed(
                    "the employer declined; a new interest comes first",
                ));
            }
            Stage::Interested | Stage::Ready => {}
        }
        known.check_interest(intake)?;
        let cluster = cluster.saturating_add(proposal.places);
        known.check_cluster(issued, intake, cluster, spare)?;
        Ok(vec![AllocationEvent::AllocationProposed {
            proposal: proposal.clone(),
        }])
    }

    pub(super) fn confirm(
        &self,
        issued: &Issued<AllocationAct>,
        confirm: &ConfirmAllocation,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let approvals = confirm.approvals(issued.today())?;
        match self.of_commissioner(issued)?.stage {
            Stage::Confirmed(_) => Ok(vec![]),
            Stage::Proposed(_) => Ok(vec![AllocationEvent::AllocationConfirmed { approvals }]),
            Stage::Interested | Stage::Ready | Stage::Declined(_) => Err(
                Refusal::state_not_allowed("nothing is proposed; propose the allocation first"),
            ),
        }
    }

    pub(super) fn decline(
        &self,
        issued: &Issued<AllocationAct>,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let known = self.of_employer(issued)?;
        if matches!(known.stage, Stage::Declined(_)) {
            return Ok(vec![]);
        }
        if !known.filled.is_empty() || known.advertised.values().any(|posts| *posts > 0) {
            return Err(Refusal::state_not_allowed(
                "places are advertised or filled; close the vacancies and hand their posts back",
            ));
        }
        Ok(vec![AllocationEvent::AllocationDeclined {}])
    }
}

/// Proposes places of an intake to a ready employer and holds them there (`ALLOC-07`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProposeAllocation {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// The intake.
    pub intake: Id<Intake>,
    /// How many places.
    pub places: u32,
    /// The pilot they are for, when they are spare capacity (`ALLOC-13`).
    pub pilot: Option<String>,
}

impl Command for ProposeAllocation {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let pilot = self
            .pilot
            .as_deref()
            .map(|id| text::identifier(id, "pilot", PILOT_BYTES_MAX))
            .transpose()?;
        let known = world.read_own(issue, self.allocation)?.registered();
        let Some((interest, awaited)) =
            known.map(|known| (known.interest.clone(), known.waits_for))
        else {
            return Err(Refusal::not_permitted().into());
        };
        let asked = (self.intake, self.places, pilot);
        let (proposal, intake, cluster) =
            Proposal::read(issue, world, self.allocation, &interest, asked)?;
        world.decide(
            issue,
            self.allocation,
            AllocationAct::Propose {
                proposal,
                intake,
                cluster,
                spare: false,
            },
        )?;
        world.decide(
            issue,
            self.intake,
            IntakeAct::Reserve {
                allocation: self.allocation,
                reservation: Reservation {
                    employer: interest.employer,
                    places: self.places,
                },
            },
        )?;
        if let Some(other) = awaited.filter(|intake| *intake != self.intake) {
            let allocation = self.allocation;
            world.decide(issue, other, IntakeAct::LeaveWaitlist { allocation })?;
        }
        Ok(self.allocation.key())
    }
}

/// Confirms a proposed allocation, naming who agreed and who was consulted (`ALLOC-08`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmAllocation {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// National team, regional lead and university: each once.
    pub approvals: Vec<Approval>,
}

impl ConfirmAllocation {
    fn approvals(&self, today: Date) -> Result<Vec<Approval>, Refusal> {
        let mut approvals = self.approvals.clone();
        approvals.sort_by_key(|approval| approval.by);
        if !ApprovalBy::iter().eq(approvals.iter().map(|approval| approval.by)) {
            return Err(Refusal::invalid(
                "approvals",
                "name the national team, the regional lead and the university, each once",
            ));
        }
        if approvals.iter().any(|approval| approval.on > today) {
            return Err(Refusal::invalid(
                "approvals.on",
                "an approval is not later than the confirmation",
            ));
        }
        Ok(approvals)
    }
}

impl Command for ConfirmAllocation {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let act = AllocationAct::Confirm(self.clone());
        world.decide(issue, self.allocation, act)?;
        Ok(self.allocation.key())
    }
}

/// Declines an allocation; its places go back to the intake, without any penalty (`ALLOC-12`). One
/// that waits for places waits no longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclineAllocation {
    /// The allocation.
    pub allocation: Id<Allocation>,
}

impl Command for DeclineAllocation {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let allocation = self.allocation;
        let known = world.read_own(issue, allocation)?;
        let held = known.proposed().map(|proposal| proposal.intake);
        let awaited = known.registered().and_then(|known| known.waits_for);
        world.decide(issue, allocation, AllocationAct::Decline)?;
        if let Some(intake) = held {
            world.decide_beyond(issue, intake, IntakeAct::Return { allocation })?;
        }
        if let Some(intake) = awaited {
            world.decide_beyond(issue, intake, IntakeAct::LeaveWaitlist { allocation })?;
        }
        Ok(allocation.key())
    }
}
