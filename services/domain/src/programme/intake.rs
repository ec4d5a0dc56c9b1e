//! An intake: a programme's start at one university, its places, who holds them and who waits.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{PlanIntake, RegionRound};
use crate::{
    actor::{Region, TenantId},
    allocation::Allocation,
    id::Id,
    policy::catalogue::Role,
    refusal::{Reason, Refusal},
    world::{Custody, Decider, Halt, Issued, World, aggregate},
};

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
        /// Who waits for places, first come first.
        waiting: Vec<(Id<Allocation>, Reservation)>,
        /// What each region got, once the allocation round is closed.
        round: Option<BTreeMap<Region, RegionRound>>,
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
    /// The same with places the round left spare, for a pilot (`ALLOC-13`).
    ReserveSpare {
        /// The allocation.
        allocation: Id<Allocation>,
        /// For whom and how many.
        reservation: Reservation,
        /// The pilot.
        pilot: String,
    },
    /// An allocation is declined: its places are free again (`ALLOC-12`).
    Return {
        /// The allocation.
        allocation: Id<Allocation>,
    },
    /// An employer returns some of an allocation's places.
    ReturnSome {
        /// The allocation.
        allocation: Id<Allocation>,
        /// How many.
        places: u32,
    },
    /// Places pass from one allocation to another.
    Move {
        /// The allocation that gives them up.
        from: Id<Allocation>,
        /// The allocation that takes them over.
        to: Id<Allocation>,
        /// How many.
        places: u32,
    },
    /// An allocation waits for places.
    JoinWaitlist {
        /// The allocation.
        allocation: Id<Allocation>,
        /// For whom and how many.
        reservation: Reservation,
    },
    /// It waits no longer.
    LeaveWaitlist {
        /// The allocation.
        allocation: Id<Allocation>,
    },
    /// See [`MigrateCurriculum`](super::MigrateCurriculum).
    Migrate {
        /// The version migrated to.
        version: String,
    },
    /// See [`CloseAllocationRound`](super::CloseAllocationRound).
    CloseRound {
        /// What each region got.
        regions: BTreeMap<Region, RegionRound>,
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
    /// An allocation waits for places of the intake.
    WaitlistJoined {
        /// The allocation.
        allocation: Id<Allocation>,
        /// For whom and how many.
        reservation: Reservation,
    },
    /// An allocation left the waitlist without being served.
    WaitlistLeft {
        /// The allocation.
        allocation: Id<Allocation>,
    },
    /// The allocation round is over; what it left unfilled is spare.
    AllocationRoundClosed {
        /// What each of the regions got, and why one got nothing (`ALLOC-04`, `ALLOC-05`).
        regions: BTreeMap<Region, RegionRound>,
    },
    /// The intake goes on with another version of its curriculum (`TRAIN-08`).
    CurriculumMigrated {
        /// The version before.
        from: String,
        /// The version from then on.
        to: String,
    },
    /// Spare places went to a pilot (`ALLOC-13`).
    SpareCapacityReallocated {
        /// The allocation that holds them.
        allocation: Id<Allocation>,
        /// The pilot.
        pilot: String,
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

    /// Who waits for places, first come first.
    pub fn waiting(&self) -> &[(Id<Allocation>, Reservation)] {
        match self {
            Self::Absent => &[],
            Self::Planned { waiting, .. } => waiting,
        }
    }

    /// Who is served next, once enough places are free for them.
    pub fn next_served(&self) -> Option<(Id<Allocation>, Reservation)> {
        let first = self.waiting().first().copied();
        first.filter(|(_, reservation)| reservation.places <= self.free())
    }

    /// Places held, by allocation.
    pub fn reservations(&self) -> impl Iterator<Item = (Id<Allocation>, Reservation)> {
        let reserved = match self {
            Self::Absent => None,
            Self::Planned { reserved, .. } => Some(reserved),
        };
        reserved
            .into_iter()
            .flatten()
            .map(|(allocation, held)| (*allocation, *held))
    }

    /// What each region got, once the allocation round is closed.
    pub fn round(&self) -> Option<&BTreeMap<Region, RegionRound>> {
        match self {
            Self::Absent => None,
            Self::Planned { round, .. } => round.as_ref(),
        }
    }

    fn evolve(&mut self, event: IntakeEvent) {
        if let IntakeEvent::IntakePlanned { terms } = event {
            *self = Self::Planned {
                terms,
                reserved: BTreeMap::new(),
                waiting: vec![],
                round: None,
            };
            return;
        }
        let Self::Planned {
            terms,
            reserved,
            waiting,
            round,
        } = self
        else {
            return;
        };
        match event {
            IntakeEvent::CurriculumMigrated { to, .. } => terms.curriculum_version = to,
            IntakeEvent::IntakePlanned { .. } | IntakeEvent::SpareCapacityReallocated { .. } => {}
            IntakeEvent::PlacesReserved {
                allocation,
                reservation,
            } => {
                waiting.retain(|(waits, _)| *waits != allocation);
                reserved.insert(allocation, reservation);
            }
            IntakeEvent::PlacesReturned { allocation, places } => {
                if let Some(held) = reserved.get_mut(&allocation) {
                    held.places = held.places.saturating_sub(places);
                }
                reserved.retain(|_, held| held.places > 0);
            }
            IntakeEvent::WaitlistJoined {
                allocation,
                reservation,
            } => waiting.push((allocation, reservation)),
            IntakeEvent::WaitlistLeft { allocation } => {
                waiting.retain(|(waits, _)| *waits != allocation);
            }
            IntakeEvent::AllocationRoundClosed { regions } => *round = Some(regions),
        }
    }

    /// Reserves free places, which those who wait get first.
    fn reserve(
        &self,
        allocation: Id<Allocation>,
        reservation: Reservation,
    ) -> Result<Vec<IntakeEvent>, Refusal> {
        if let Some((_, held)) = self.reservations().find(|(id, _)| *id == allocation) {
            return Refusal::unless_same(held == reservation, "the allocation's reservation");
        }
        if let Some((first, _)) = self.waiting().first()
            && *first != allocation
        {
            return Err(Refusal::new(
                Reason::WaitlistFirst,
                "others wait for places of this intake; put the allocation on the waitlist",
            )
            .with("waiting", self.waiting().len()));
        }
        if reservation.places > self.free() {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                format!(
                    "the intake has {} places left; propose fewer or another intake",
                    self.free()
                ),
            )
            .with("places_left", self.free()));
        }
        Ok(vec![IntakeEvent::PlacesReserved {
            allocation,
            reservation,
        }])
    }

    fn give_back(
        &self,
        allocation: Id<Allocation>,
        places: Option<u32>,
    ) -> Result<Vec<IntakeEvent>, Refusal> {
        let Some((_, held)) = self.reservations().find(|(id, _)| *id == allocation) else {
            return Ok(vec![]);
        };
        let places = places.unwrap_or(held.places);
        if places > held.places {
            return Err(Refusal::state_not_allowed(format!(
                "the allocation holds {} places; return no more",
                held.places
            )));
        }
        Ok(vec![IntakeEvent::PlacesReturned { allocation, places }])
    }

    fn move_places(
        &self,
        (from, to): (Id<Allocation>, Id<Allocation>),
        places: u32,
    ) -> Result<Vec<IntakeEvent>, Refusal> {
        let Some((_, taker)) = self.reservations().find(|(id, _)| *id == to) else {
            return Err(Refusal::state_not_allowed(
                "the other allocation holds no places of this intake; propose them to it",
            ));
        };
        let mut events = self.give_back(from, Some(places))?;
        events.push(IntakeEvent::PlacesReserved {
            allocation: to,
            reservation: Reservation {
                places: taker.places.saturating_add(places),
                ..taker
            },
        });
        Ok(events)
    }

    fn join_waitlist(
        &self,
        allocation: Id<Allocation>,
        reservation: Reservation,
    ) -> Result<Vec<IntakeEvent>, Refusal> {
        if let Some((_, known)) = self.waiting().iter().find(|(id, _)| *id == allocation) {
            return Refusal::unless_same(*known == reservation, "the wait for places");
        }
        let capacity = self.terms().map_or(0, IntakeTerms::places);
        if reservation.places > capacity {
            return Err(Refusal::invalid(
                "places",
                format!("the intake has {capacity} places in all; wait for no more"),
            ));
        }
        if self.waiting().is_empty() && reservation.places <= self.free() {
            return Err(Refusal::state_not_allowed(
                "enough places are free and nobody waits; propose the allocation",
            ));
        }
        Ok(vec![IntakeEvent::WaitlistJoined {
            allocation,
            reservation,
        }])
    }

    fn reserve_spare(
        &self,
        allocation: Id<Allocation>,
        reservation: Reservation,
        pilot: &str,
    ) -> Result<Vec<IntakeEvent>, Refusal> {
        if self.round().is_none() {
            return Err(Refusal::state_not_allowed(
                "the allocation round is open, so no place is spare yet; close it first",
            ));
        }
        let mut events = self.reserve(allocation, reservation)?;
        if !events.is_empty() {
            events.push(IntakeEvent::SpareCapacityReallocated {
                allocation,
                pilot: pilot.to_owned(),
                places: reservation.places,
            });
        }
        Ok(events)
    }
}

impl Decider for Intake {
    type Act = IntakeAct;
    const COLLECTION: &'static str = "intakes";

    fn decide(&self, issued: &Issued<IntakeAct>) -> Result<Vec<IntakeEvent>, Refusal> {
        if let IntakeAct::Plan { university, plan } = &issued.act {
            let terms = Box::new(plan.terms(issued, *university)?);
            return match self {
                Self::Absent => Ok(vec![IntakeEvent::IntakePlanned { terms }]),
                Self::Planned { terms: known, .. } => {
                    Refusal::unless_same(*known == terms, "the intake")
                }
            };
        }
        if self.terms().is_none() {
            return Err(Refusal::not_permitted());
        }
        match &issued.act {
            IntakeAct::Plan { .. } => Ok(vec![]),
            IntakeAct::Reserve {
                allocation,
                reservation,
            } => self.reserve(*allocation, *reservation),
            IntakeAct::ReserveSpare {
                allocation,
                reservation,
                pilot,
            } => self.reserve_spare(*allocation, *reservation, pilot),
            IntakeAct::Return { allocation } => self.give_back(*allocation, None),
            IntakeAct::ReturnSome { allocation, places } => {
                self.give_back(*allocation, Some(*places))
            }
            IntakeAct::Move { from, to, places } => self.move_places((*from, *to), *places),
            IntakeAct::JoinWaitlist {
                allocation,
                reservation,
            } => self.join_waitlist(*allocation, *reservation),
            IntakeAct::LeaveWaitlist { allocation } => {
                let waits = self.waiting().iter().any(|(id, _)| id == allocation);
                let left = IntakeEvent::WaitlistLeft {
                    allocation: *allocation,
                };
                Ok(waits.then_some(left).into_iter().collect())
            }
            IntakeAct::Migrate { version } => {
                let from = self.terms().map(|terms| terms.curriculum_version.clone());
                let migrated = from.filter(|from| from != version).map(|from| {
                    IntakeEvent::CurriculumMigrated {
                        from,
                        to: version.clone(),
                    }
                });
                Ok(migrated.into_iter().collect())
            }
            IntakeAct::CloseRound { regions } => match self.round() {
                None => Ok(vec![IntakeEvent::AllocationRoundClosed {
                    regions: regions.clone(),
                }]),
                Some(known) => {
                    Refusal::unless_same(known == regions, "the end of the allocation round")
                }
            },
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.terms()
            .map(|terms| Custody::of(terms.university, [terms.commissioner]))
    }
}
