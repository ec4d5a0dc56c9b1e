//! The allocation round of an intake ends with what each region got: equity is an aim, not a bar,
//! so a region may get nothing, for a reason that is kept (`ALLOC-03..05`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoEnumIterator as _};

use super::{Intake, IntakeAct, Programme};
use crate::{
    actor::{Region, TenantKind},
    id::Id,
    refusal::Refusal,
    world::{Command, Halt, Issue, StreamKey, World},
};

/// Why a region got no place of an intake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum NoPlaces {
    /// No employer of the region asked (`ALLOC-04`).
    NoDemand,
    /// Those who asked were not ready.
    NoReadyEmployer,
    /// Another intake trains for the region's employers.
    OtherIntake,
    /// The university is not contracted for the region; another one is.
    TaughtElsewhere,
    /// No university at all is contracted for the region: a warning (`ALLOC-05`).
    NoProvider,
}

/// What a region got of an intake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionRound {
    /// Places its employers hold.
    pub places: u32,
    /// Why none, where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub none_because: Option<NoPlaces>,
}

/// Closes the allocation round of an intake; what is free then is spare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CloseAllocationRound {
    /// The intake.
    pub intake: Id<Intake>,
    /// Why a region the university is contracted for got nothing; what follows from the contracts
    /// need not be said.
    pub none_because: BTreeMap<Region, NoPlaces>,
}

impl CloseAllocationRound {
    fn region(
        &self,
        region: Region,
        places: u32,
        (here, anywhere): (bool, bool),
    ) -> Result<RegionRound, Refusal> {
        let none_because = match (places, here, anywhere) {
            (1.., ..) => None,
            (0, true, _) => Some(*self.none_because.get(&region).ok_or_else(|| {
                Refusal::invalid(
                    "none_because",
                    format!("{region} gets no place of this intake; say why"),
                )
            })?),
            (0, false, true) => Some(NoPlaces::TaughtElsewhere),
            (0, false, false) => Some(NoPlaces::NoProvider),
        };
        Ok(RegionRound {
            places,
            none_because,
        })
    }
}

impl Command for CloseAllocationRound {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Commissioner)?;
        let intake = world.read_own(issue, self.intake)?;
        let Some(terms) = intake.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let held: Vec<_> = intake.reservations().collect();
        let mut places = BTreeMap::<Region, u32>::new();
        for (allocation, held) in held {
            if let Some(interest) = world.read(allocation)?.interest() {
                let sum = places.entry(interest.region).or_default();
                *sum = sum.saturating_add(held.places);
            }
        }
        let programme = world.read(Programme::id(terms.commissioner, &terms.role))?;
        let today = issue.today();
        let regions = Region::iter()
            .map(|region| {
                let contracted = (
                    programme.contracted(terms.university, Some(region), today),
                    programme.covered(region, today),
                );
                let places = places.get(&region).copied().unwrap_or(0);
                Ok((region, self.region(region, places, contracted)?))
            })
            .collect::<Result<_, Refusal>>()?;
        world.decide(issue, self.intake, IntakeAct::CloseRound { regions })?;
        Ok(self.intake.key())
    }
}

#[cfg(test)]
mod tests;
