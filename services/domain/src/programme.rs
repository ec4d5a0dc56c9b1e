//! A role's programme is procured from universities; each starts it as intakes of funded places.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    actor::{PLATFORM, Region, TenantId, TenantKind},
    allocation::Allocation,
    directory::Tenant,
    id::Id,
    policy::catalogue::Role,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest title of an intake, in bytes.
pub const INTAKE_TITLE_BYTES_MAX: usize = 80;
/// The longest curriculum version, in bytes.
pub const CURRICULUM_VERSION_BYTES_MAX: usize = 20;
/// The most places of one route of an intake.
pub const ROUTE_PLACES_MAX: u32 = 2_000;
/// The most routes of an intake.
pub const ROUTES_MAX: usize = 4;

// ---------------------------------------------------------------------------------------------
// Programme

/// The steps of bringing a role's training about (`TIME-01..05`).
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
pub enum Milestone {
    /// The specification for education providers stands (`TIME-01`).
    SpecificationDeveloped,
    /// Procurement is open (`TIME-02`).
    ProcurementOpened,
    /// The tender is closed (`TIME-03`).
    TenderClosed,
    /// Contracts are ratified (`TIME-04`).
    ContractsRatified,
    /// Employers are asked to take part (`TIME-05`); it waits for nothing.
    EmployersEngaged,
}

impl Milestone {
    /// The milestone that must have been reached before.
    pub const fn after(self) -> Option<Self> {
        match self {
            Self::SpecificationDeveloped | Self::EmployersEngaged => None,
            Self::ProcurementOpened => Some(Self::SpecificationDeveloped),
            Self::TenderClosed => Some(Self::ProcurementOpened),
            Self::ContractsRatified => Some(Self::TenderClosed),
        }
    }
}

/// A university's contract for a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProviderContract {
    /// First day.
    pub from: Date,
    /// The regions it trains for.
    pub regions: BTreeSet<Region>,
}

/// A commissioner's training of one role: milestones and contracted providers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Programme {
    /// Nothing has happened.
    #[default]
    Absent,
    /// Under way.
    UnderWay {
        /// Who commissions it.
        commissioner: TenantId,
        /// The role.
        role: Role,
        /// When each milestone was reached.
        milestones: BTreeMap<Milestone, Date>,
        /// Contracts by university, oldest first.
        providers: BTreeMap<TenantId, Vec<ProviderContract>>,
    },
}

/// What a programme decides.
#[derive(Debug, Clone)]
pub enum ProgrammeAct {
    /// See [`ReachMilestone`].
    Reach {
        /// Who commissions it.
        commissioner: TenantId,
        /// The command.
        reach: ReachMilestone,
    },
    /// See [`ContractProvider`].
    Contract(ContractProvider),
}

/// Facts of a programme.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ProgrammeEvent {
    /// A commissioner began to bring a role's training about.
    ProgrammeOpened {
        /// Who commissions it.
        commissioner: TenantId,
        /// The role.
        role: Role,
    },
    /// A milestone was reached.
    MilestoneReached {
        /// Which.
        milestone: Milestone,
        /// When.
        on: Date,
    },
    /// A university was contracted.
    ProviderContracted {
        /// The university.
        university: TenantId,
        /// Its contract.
        contract: ProviderContract,
    },
}

aggregate!(Programme, "programme", ProgrammeAct, ProgrammeEvent);

impl Programme {
    /// The id of a commissioner's programme of a role.
    pub fn id(commissioner: TenantId, role: &Role) -> Id<Self> {
        let role = Uuid::new_v5(&PLATFORM.0, role.as_str().as_bytes());
        Id::derive(commissioner, &[role])
    }

    /// Whether a university is contracted on a date, for a region where one is named (`TIME-04`).
    pub fn contracted(&self, university: TenantId, region: Option<Region>, on: Date) -> bool {
        let Self::UnderWay { providers, .. } = self else {
            return false;
        };
        providers.get(&university).is_some_and(|contracts| {
            contracts.iter().any(|contract| {
                contract.from <= on
                    && region.is_none_or(|region| contract.regions.contains(&region))
            })
        })
    }

    /// When a milestone was reached.
    pub fn reached(&self, milestone: Milestone) -> Option<Date> {
        match self {
            Self::Absent => None,
            Self::UnderWay { milestones, .. } => milestones.get(&milestone).copied(),
        }
    }

    fn evolve(&mut self, event: ProgrammeEvent) {
        match (event, self) {
            (ProgrammeEvent::ProgrammeOpened { commissioner, role }, state) => {
                *state = Self::UnderWay {
                    commissioner,
                    role,
                    milestones: BTreeMap::new(),
                    providers: BTreeMap::new(),
                };
            }
            (
                ProgrammeEvent::MilestoneReached { milestone, on },
                Self::UnderWay { milestones, .. },
            ) => {
                milestones.insert(milestone, on);
            }
            (
                ProgrammeEvent::ProviderContracted {
                    university,
                    contract,
                },
                Self::UnderWay { providers, .. },
            ) => providers.entry(university).or_default().push(contract),
            (_, Self::Absent) => {}
        }
    }

    fn reach(
        &self,
        issued: &Issued<ProgrammeAct>,
        commissioner: TenantId,
        reach: &ReachMilestone,
    ) -> Result<Vec<ProgrammeEvent>, Refusal> {
        let on = issued.today();
        issued.policies.role(&reach.role, on)?;
        match self.reached(reach.milestone) {
            Some(known) if known == on => return Ok(vec![]),
            Some(_) => return Err(Refusal::already_recorded("the milestone")),
            None => {}
        }
        if let Some(before) = reach.milestone.after()
            && self.reached(before).is_none_or(|date| date > on)
        {
            return Err(Refusal::state_not_allowed(format!(
                "{} follows {before}, which is not reached by {on}; record that first",
                reach.milestone
            ))
            .with("milestone", before));
        }
        let reached = ProgrammeEvent::MilestoneReached {
            milestone: reach.milestone,
            on,
        };
        Ok(match self {
            Self::Absent => vec![
                ProgrammeEvent::ProgrammeOpened {
                    commissioner,
                    role: reach.role.clone(),
                },
                reached,
            ],
            Self::UnderWay { .. } => vec![reached],
        })
    }

    fn contract(
        &self,
        issued: &Issued<ProgrammeAct>,
        contract: &ContractProvider,
    ) -> Result<Vec<ProgrammeEvent>, Refusal> {
        let on = issued.today();
        if contract.regions.is_empty() {
            return Err(Refusal::invalid("regions", "name at least one region"));
        }
        let ratified = self.reached(Milestone::ContractsRatified);
        let (Self::UnderWay { providers, .. }, Some(ratified)) = (self, ratified) else {
            return Err(Refusal::state_not_allowed(
                "contracts follow the closed tender and its ratification; record those milestones",
            ));
        };
        if ratified > on {
            return Err(Refusal::state_not_allowed(format!(
                "contracts were ratified on {ratified} only; date the contract then or later"
            )));
        }
        let known = providers.get(&contract.university);
        if known.is_some_and(|contracts| {
            contract
                .regions
                .iter()
                .all(|region| contracts.iter().any(|c| c.regions.contains(region)))
        }) {
            return Ok(vec![]);
        }
        let max = issued.policies.role(&contract.role, on)?.providers_max;
        if known.is_none() && max.is_some_and(|max| providers.len() >= max as usize) {
            return Err(Refusal::state_not_allowed(
                "the role has all the universities its policy allows",
            ));
        }
        Ok(vec![ProgrammeEvent::ProviderContracted {
            university: contract.university,
            contract: ProviderContract {
                from: on,
                regions: contract.regions.clone(),
            },
        }])
    }
}

impl Decider for Programme {
    type Act = ProgrammeAct;
    const COLLECTION: &'static str = "programmes";

    fn decide(&self, issued: &Issued<ProgrammeAct>) -> Result<Vec<ProgrammeEvent>, Refusal> {
        match &issued.act {
            ProgrammeAct::Reach {
                commissioner,
                reach,
            } => self.reach(issued, *commissioner, reach),
            ProgrammeAct::Contract(contract) => self.contract(issued, contract),
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::UnderWay { commissioner, .. } => Some(Custody::of(*commissioner, [])),
        }
    }
}

/// Records that a milestone of a role's training was reached on the effective date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReachMilestone {
    /// The role.
    pub role: Role,
    /// Which milestone.
    pub milestone: Milestone,
}

impl Command for ReachMilestone {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let id = Programme::id(commissioner, &self.role);
        let reach = self.clone();
        world.decide(
            issue,
            id,
            ProgrammeAct::Reach {
                commissioner,
                reach,
            },
        )?;
        Ok(id.key())
    }
}

/// Contracts a university to train a role for some regions, from the effective date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContractProvider {
    /// The role.
    pub role: Role,
    /// The university.
    pub university: TenantId,
    /// The regions it trains for; further regions can be contracted later.
    pub regions: BTreeSet<Region>,
}

impl Command for ContractProvider {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        Tenant::expect(world, self.university, TenantKind::University, "university")?;
        let id = Programme::id(commissioner, &self.role);
        world.decide(issue, id, ProgrammeAct::Contract(self.clone()))?;
        Ok(id.key())
    }
}

// ---------------------------------------------------------------------------------------------
// Intake

/// The places of one route, named by the level of its qualification (`ROUTE-07`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteCapacity {
    /// 7 or 6 for most roles.
    pub level: u8,
    /// Places.
    pub places: u32,
}

/// What other records read of an intake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntakeTerms {
    /// Where it is taught.
    pub university: TenantId,
    /// Who commissions the places.
    pub commissioner: TenantId,
    /// The role trained for.
    pub role: Role,
    /// Its name, `MHWP-2026-03`.
    pub title: String,
    /// First teaching day: the first day on which a trainee can start.
    pub teaching_start: Date,
    /// The last day on which a trainee of this intake can start (`TIME-07`).
    pub last_start: Date,
    /// Last day of the training; its month is the month from which qualified posts are owed
    /// (`FUND-04`, `X-03`).
    pub training_end: Date,
    /// When the qualifying board is expected.
    pub board_date: Date,
    /// The curriculum version its trainees keep (`TRAIN-07`, `TRAIN-08`).
    pub curriculum_version: String,
    /// Places per route, highest level first.
    pub capacity: Vec<RouteCapacity>,
}

impl IntakeTerms {
    /// Whether a trainee of this intake can start on a date (`TIME-07`).
    pub fn admits_start(&self, on: Date) -> bool {
        (self.teaching_start..=self.last_start).contains(&on)
    }

    /// Places of all routes.
    pub fn places(&self) -> u32 {
        self.capacity
            .iter()
            .fold(0, |sum, route| sum.saturating_add(route.places))
    }

    /// Places of one route.
    pub fn places_at(&self, level: u8) -> u32 {
        self.capacity
            .iter()
            .filter(|route| route.level == level)
            .fold(0, |sum, route| sum.saturating_add(route.places))
    }
}

/// The places one allocation holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Whose allocation.
    pub employer: TenantId,
    /// How many places.
    pub places: u32,
}

/// A programme's start at one university on a date.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Intake {
    /// Not planned.
    #[default]
    Absent,
    /// Planned.
    Planned {
        /// What others read.
        terms: Box<IntakeTerms>,
        /// Places held by allocation.
        reserved: BTreeMap<Id<Allocation>, Reservation>,
    },
}

/// What an intake decides.
#[derive(Debug, Clone)]
pub enum IntakeAct {
    /// See [`PlanIntake`].
    Plan {
        /// Where it is taught.
        university: TenantId,
        /// The command.
        plan: PlanIntake,
    },
    /// An allocation is proposed: it takes its places at once, so that two cannot take the same.
    Reserve {
        /// The allocation.
        allocation: Id<Allocation>,
        /// For whom and how many.
        reservation: Reservation,
    },
    /// An allocation is declined: its places are free again (`ALLOC-12`).
    Return {
        /// The allocation.
        allocation: Id<Allocation>,
    },
}

/// Facts of an intake.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum IntakeEvent {
    /// An intake was planned.
    IntakePlanned {
        /// Its terms.
        terms: Box<IntakeTerms>,
    },
    /// Places were reserved for an allocation.
    PlacesReserved {
        /// The allocation.
        allocation: Id<Allocation>,
        /// For whom and how many.
        reservation: Reservation,
    },
    /// An allocation's places are free again.
    PlacesReturned {
        /// The allocation.
        allocation: Id<Allocation>,
        /// How many.
        places: u32,
    },
}

aggregate!(Intake, "intake", IntakeAct, IntakeEvent);

impl Intake {
    /// What other records read of it; `None` while it does not exist.
    pub fn terms(&self) -> Option<&IntakeTerms> {
        match self {
            Self::Absent => None,
            Self::Planned { terms, .. } => Some(terms),
        }
    }

    /// Reads the terms of an intake, whosever it is.
    ///
    /// # Errors
    /// [`Halt::Need`], or `NOT_PERMITTED` when there is none.
    pub fn expect(world: &mut World, id: Id<Self>) -> Result<IntakeTerms, Halt> {
        match world.read(id)?.terms() {
            Some(terms) => Ok(terms.clone()),
            None => Err(Refusal::not_permitted().into()),
        }
    }

    /// Places held by allocations.
    pub fn reserved(&self) -> u32 {
        match self {
            Self::Absent => 0,
            Self::Planned { reserved, .. } => reserved
                .values()
                .fold(0, |sum, held| sum.saturating_add(held.places)),
        }
    }

    /// Places still free.
    pub fn free(&self) -> u32 {
        self.terms()
            .map_or(0, |terms| terms.places().saturating_sub(self.reserved()))
    }

    /// Places one organisation holds over all its allocations but one: a cluster counts per
    /// organisation and intake, not per service (`ALLOC-14`, `X-04`).
    pub fn cluster_of(&self, employer: TenantId, except: Id<Allocation>) -> u32 {
        match self {
            Self::Absent => 0,
            Self::Planned { reserved, .. } => reserved
                .iter()
                .filter(|(id, held)| held.employer == employer && **id != except)
                .fold(0, |sum, (_, held)| sum.saturating_add(held.places)),
        }
    }

    fn evolve(&mut self, event: IntakeEvent) {
        match (event, self) {
            (IntakeEvent::IntakePlanned { terms }, state) => {
                *state = Self::Planned {
                    terms,
                    reserved: BTreeMap::new(),
                };
            }
            (
                IntakeEvent::PlacesReserved {
                    allocation,
                    reservation,
                },
                Self::Planned { reserved, .. },
            ) => {
                reserved.insert(allocation, reservation);
            }
            (IntakeEvent::PlacesReturned { allocation, .. }, Self::Planned { reserved, .. }) => {
                reserved.remove(&allocation);
            }
            (_, Self::Absent) => {}
        }
    }
}

impl Decider for Intake {
    type Act = IntakeAct;
    const COLLECTION: &'static str = "intakes";

    fn decide(&self, issued: &Issued<IntakeAct>) -> Result<Vec<IntakeEvent>, Refusal> {
        match (&issued.act, self) {
            (IntakeAct::Plan { university, plan }, state) => {
                let terms = Box::new(plan.terms(issued, *university)?);
                match state {
                    Self::Absent => Ok(vec![IntakeEvent::IntakePlanned { terms }]),
                    Self::Planned { terms: known, .. } if *known == terms => Ok(vec![]),
                    Self::Planned { .. } => Err(Refusal::already_recorded("the intake")),
                }
            }
            (_, Self::Absent) => Err(Refusal::not_permitted()),
            (
                IntakeAct::Reserve {
                    allocation,
                    reservation,
                },
                Self::Planned { reserved, .. },
            ) => match reserved.get(allocation) {
                Some(held) if held == reservation => Ok(vec![]),
                Some(_) => Err(Refusal::already_recorded("the allocation's reservation")),
                None if reservation.places > self.free() => Err(Refusal::new(
                    Reason::CapacityExceeded,
                    format!(
                        "the intake has {} places left; propose fewer or another intake",
                        self.free()
                    ),
                )
                .with("places_left", self.free())),
                None => Ok(vec![IntakeEvent::PlacesReserved {
                    allocation: *allocation,
                    reservation: *reservation,
                }]),
            },
            (IntakeAct::Return { allocation }, Self::Planned { reserved, .. }) => {
                Ok(match reserved.get(allocation) {
                    None => vec![],
                    Some(held) => vec![IntakeEvent::PlacesReturned {
                        allocation: *allocation,
                        places: held.places,
                    }],
                })
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.university, [terms.commissioner]))
    }
}

/// Plans an intake at the acting university.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanIntake {
    /// Who commissions the places.
    pub commissioner: TenantId,
    /// The role trained for.
    pub role: Role,
    /// Its name, `MHWP-2026-03`.
    pub title: String,
    /// First teaching day.
    pub teaching_start: Date,
    /// The last day on which a trainee can start; equals `teaching_start` where all start together.
    pub last_start: Date,
    /// Last day of the training.
    pub training_end: Date,
    /// When the qualifying board is expected.
    pub board_date: Date,
    /// The curriculum version.
    pub curriculum_version: String,
    /// Places per route.
    pub capacity: Vec<RouteCapacity>,
}

impl PlanIntake {
    fn terms(
        &self,
        issued: &Issued<IntakeAct>,
        university: TenantId,
    ) -> Result<IntakeTerms, Refusal> {
        let title = text::required(&self.title, "title", INTAKE_TITLE_BYTES_MAX)?;
        let curriculum_version = text::required(
            &self.curriculum_version,
            "curriculum_version",
            CURRICULUM_VERSION_BYTES_MAX,
        )?;
        if self.last_start < self.teaching_start {
            return Err(Refusal::invalid(
                "last_start",
                "must not be before teaching_start",
            ));
        }
        if self.training_end <= self.last_start {
            return Err(Refusal::invalid(
                "training_end",
                "must be later than the last start",
            ));
        }
        if self.board_date < self.training_end {
            return Err(Refusal::invalid(
                "board_date",
                "must not be before training_end",
            ));
        }
        Ok(IntakeTerms {
            university,
            commissioner: self.commissioner,
            role: self.role.clone(),
            title,
            teaching_start: self.teaching_start,
            last_start: self.last_start,
            training_end: self.training_end,
            board_date: self.board_date,
            curriculum_version,
            capacity: self.routes(issued)?,
        })
    }

    fn routes(&self, issued: &Issued<IntakeAct>) -> Result<Vec<RouteCapacity>, Refusal> {
        text::at_most(&self.capacity, "capacity", ROUTES_MAX)?;
        // the role is read on the day teaching starts: the qualification belongs to role and intake
        let levels = issued
            .policies
            .role(&self.role, self.teaching_start)?
            .levels();
        if let Some(stray) = self.capacity.iter().find(|r| !levels.contains(&r.level)) {
            return Err(Refusal::invalid(
                "capacity.level",
                format!("{} is not trained at level {}", self.role, stray.level),
            ));
        }
        let mut routes = Vec::with_capacity(levels.len());
        for level in levels {
            let mut given = self.capacity.iter().filter(|r| r.level == level);
            let route = given.next().filter(|r| r.places > 0).ok_or_else(|| {
                Refusal::new(
                    Reason::BothRoutesRequired,
                    format!(
                        "an intake of {} offers level {level} too; give it places",
                        self.role
                    ),
                )
                .at("capacity")
                .with("level", level)
            })?;
            if given.next().is_some() {
                return Err(Refusal::invalid(
                    "capacity.level",
                    format!("level {level} is named twice"),
                ));
            }
            if route.places > ROUTE_PLACES_MAX {
                return Err(Refusal::invalid(
                    "capacity.places",
                    format!("a route has at most {ROUTE_PLACES_MAX} places"),
                ));
            }
            routes.push(*route);
        }
        Ok(routes)
    }
}

impl Command for PlanIntake {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        Tenant::expect(
            world,
            self.commissioner,
            TenantKind::Commissioner,
            "commissioner",
        )?;
        let id = Id::<Intake>::derive(university, &[issue.request]);
        let plan = self.clone();
        world.decide(issue, id, IntakeAct::Plan { university, plan })?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
