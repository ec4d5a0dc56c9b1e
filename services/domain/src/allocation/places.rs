//! What becomes of confirmed places: divided over services, given up, advertised and filled.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Allocation, AllocationAct, AllocationEvent, PARTS_MAX, Proposal, Registered, Stage,
    check_places,
};
use crate::{
    actor::TenantKind,
    application::Application,
    directory::ClinicalService,
    id::Id,
    offer::{Offer, OfferTerms},
    programme::{Intake, IntakeAct},
    refusal::{Reason, Refusal},
    text,
    vacancy::Vacancy,
    world::{Command, Halt, Issue, Issued, StreamKey, World},
};

/// Why an allocation gave places up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenUp {
    /// The employer will not fill them.
    Returned,
    /// The commissioner moved them to another allocation of the same role and intake.
    Reallocated {
        /// The other allocation.
        to: Id<Allocation>,
    },
}

impl Allocation {
    pub(super) fn split(
        &self,
        issued: &Issued<AllocationAct>,
        split: &SplitPlaces,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        text::at_most(&split.services, "services", PARTS_MAX)?;
        let known = self.of_employer(issued)?;
        let Stage::Confirmed(held) = &known.stage else {
            return Err(not_confirmed());
        };
        let mut services = BTreeMap::new();
        for (service, places) in &split.services {
            check_places(*places, "services.places")?;
            if services.insert(*service, *places).is_some() {
                return Err(Refusal::invalid(
                    "services.clinical_service",
                    "a clinical service is named twice; give its places once",
                ));
            }
        }
        let divided = services
            .values()
            .fold(0u32, |sum, places| sum.saturating_add(*places));
        if divided != held.places {
            return Err(Refusal::invalid(
                "services.places",
                format!(
                    "{divided} places are divided, {} are confirmed; make them sum to that",
                    held.places
                ),
            ));
        }
        if known.services == services {
            return Ok(vec![]);
        }
        Ok(vec![AllocationEvent::PlacesSplit { services }])
    }

    /// Only confirmed places nobody has advertised can go; the last one goes by declining.
    pub(super) fn give_up(
        &self,
        places: u32,
        given: GivenUp,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        check_places(places, "places")?;
        let Some(held) = self.confirmed() else {
            return Err(not_confirmed());
        };
        let free = self.places_to_advertise();
        if places > free {
            return Err(Refusal::state_not_allowed(format!(
                "{free} confirmed places are not advertised; close a vacancy and hand its posts \
                 back for more"
            ))
            .with("places_left", free));
        }
        if places >= held.places {
            return Err(Refusal::state_not_allowed(
                "these are all its places; the employer declines the allocation instead",
            ));
        }
        Ok(vec![AllocationEvent::PlacesGivenUp { places, given }])
    }

    pub(super) fn take_over(
        &self,
        from: Id<Self>,
        places: u32,
        intake: Id<Intake>,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        match self.proposed() {
            Some(held) if held.intake == intake => {
                check_places(held.places.saturating_add(places), "places")?;
                Ok(vec![AllocationEvent::PlacesTakenOver { from, places }])
            }
            _ => Err(Refusal::state_not_allowed(
                "the other allocation holds no places of this intake; return the places and \
                 propose them to it",
            )),
        }
    }

    pub(super) fn vacate(&self, application: Id<Application>) -> Vec<AllocationEvent> {
        match self.registered() {
            Some(known) if known.filled.contains_key(&application) => {
                vec![AllocationEvent::PlaceVacated { application }]
            }
            _ => vec![],
        }
    }

    pub(super) fn advertise(
        &self,
        vacancy: Id<Vacancy>,
        posts: u32,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        if self.confirmed().is_none() {
            return Err(not_confirmed());
        }
        if self.known()?.advertised.contains_key(&vacancy) {
            return Ok(vec![]);
        }
        let left = self.places_to_advertise();
        if posts > left {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                format!("{left} allocated places are not advertised yet; advertise no more"),
            )
            .with("places_left", left));
        }
        Ok(vec![AllocationEvent::PlacesAdvertised { vacancy, posts }])
    }

    pub(super) fn hand_back(
        &self,
        vacancy: Id<Vacancy>,
        posts: u32,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let known = self.known()?;
        if posts == 0 {
            return Ok(vec![]);
        }
        let (advertised, taken) = known.posts_of(vacancy);
        let open = advertised.saturating_sub(taken);
        if posts > open {
            return Err(Refusal::invalid(
                "posts_handed_back",
                format!("{open} posts of the vacancy are unfilled; hand back no more"),
            ));
        }
        Ok(vec![AllocationEvent::PlacesHandedBack { vacancy, posts }])
    }

    pub(super) fn fill(
        &self,
        application: Id<Application>,
        vacancy: Id<Vacancy>,
    ) -> Result<Vec<AllocationEvent>, Refusal> {
        let known = self.known()?;
        if known.filled.contains_key(&application) {
            return Ok(vec![]);
        }
        let (posts, taken) = known.posts_of(vacancy);
        if taken >= posts {
            return Err(Refusal::new(
                Reason::CapacityExceeded,
                format!(
                    "all {posts} posts of the vacancy are filled; free a place or open another"
                ),
            ));
        }
        Ok(vec![AllocationEvent::PlaceFilled {
            application,
            vacancy,
        }])
    }
}

impl Registered {
    /// Posts a vacancy advertises, and how many of them are filled.
    fn posts_of(&self, vacancy: Id<Vacancy>) -> (u32, u32) {
        let through = self.filled.values().filter(|through| **through == vacancy);
        (
            self.advertised.get(&vacancy).copied().unwrap_or(0),
            u32::try_from(through.count()).unwrap_or(u32::MAX),
        )
    }
}

fn not_confirmed() -> Refusal {
    Refusal::state_not_allowed("the allocation is not confirmed; ask the commissioner")
}

/// Divides the confirmed places over clinical services (`JOINT-09`); a later division replaces an
/// earlier one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitPlaces {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// Places by clinical service of the employer; they sum to the places confirmed.
    pub services: Vec<(Id<ClinicalService>, u32)>,
}

impl Command for SplitPlaces {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        for (service, _) in &self.services {
            world.read_own(issue, *service)?;
        }
        world.decide(issue, self.allocation, AllocationAct::Split(self.clone()))?;
        Ok(self.allocation.key())
    }
}

/// Returns confirmed places the employer will not fill; they are free again at the intake, for
/// those who wait first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReturnPlaces {
    /// The allocation.
    pub allocation: Id<Allocation>,
    /// How many.
    pub places: u32,
}

impl Command for ReturnPlaces {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Employer)?;
        let (allocation, places) = (self.allocation, self.places);
        let held = world.read_own(issue, allocation)?.confirmed().cloned();
        let given = GivenUp::Returned;
        world.decide(issue, allocation, AllocationAct::GiveUp { places, given })?;
        if let Some(Proposal { intake, .. }) = held {
            let act = IntakeAct::ReturnSome { allocation, places };
            world.decide_beyond(issue, intake, act)?;
        }
        Ok(allocation.key())
    }
}

/// Moves places that one employer will not advertise to another's allocation of the same role and
/// intake. Nothing becomes free on the way, so nobody who waits is passed over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReallocatePlaces {
    /// The allocation that gives places up.
    pub from: Id<Allocation>,
    /// The allocation that takes them over.
    pub to: Id<Allocation>,
    /// How many.
    pub places: u32,
}

impl Command for ReallocatePlaces {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let places = self.places;
        if self.from == self.to {
            return Err(Refusal::invalid("to", "name another allocation").into());
        }
        let held = world.read_own(issue, self.from)?.confirmed().cloned();
        world.read_own(issue, self.to)?;
        let given = GivenUp::Reallocated { to: self.to };
        world.decide(issue, self.from, AllocationAct::GiveUp { places, given })?;
        let Some(Proposal { intake, .. }) = held else {
            return Err(not_confirmed().into());
        };
        let take = AllocationAct::TakeOver {
            from: self.from,
            places,
            intake,
        };
        world.decide(issue, self.to, take)?;
        let (from, to) = (self.from, self.to);
        world.decide(issue, intake, IntakeAct::Move { from, to, places })?;
        Ok(self.from.key())
    }
}

/// Counts an accepted offer against its allocation; asked for by a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FillPlace {
    /// The offer.
    pub offer: Id<Offer>,
}

impl Command for FillPlace {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (offer, allocation) = behind(issue, world, self.offer)?;
        let act = AllocationAct::Fill {
            application: offer.application,
            vacancy: offer.vacancy,
        };
        world.decide_beyond(issue, allocation, act)?;
        Ok(allocation.key())
    }
}

/// Frees the place of an offer that fell after it was accepted, and is not accepted again; asked for by
/// a reaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VacatePlace {
    /// The offer.
    pub offer: Id<Offer>,
}

impl Command for VacatePlace {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (offer, allocation) = behind(issue, world, self.offer)?;
        if world.read(self.offer)?.accepted() {
            return Ok(allocation.key());
        }
        let application = offer.application;
        world.decide_beyond(issue, allocation, AllocationAct::Vacate { application })?;
        Ok(allocation.key())
    }
}

/// An offer's terms and the allocation behind them, for the platform only.
fn behind(
    issue: &Issue,
    world: &mut World,
    offer: Id<Offer>,
) -> Result<(OfferTerms, Id<Allocation>), Halt> {
    issue.by.acting_for(TenantKind::Platform)?;
    let Some(terms) = world.read(offer)?.terms().cloned() else {
        return Err(Refusal::not_permitted().into());
    };
    let allocation = Vacancy::expect(world, terms.vacancy)?.allocation;
    Ok((terms, allocation))
}

#[cfg(test)]
mod tests;
