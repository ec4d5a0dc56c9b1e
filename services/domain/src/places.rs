//! Places as a double-entry ledger: every fact about places moves some of them from one account to
//! another, so that none appears and none is lost (`ALLOC-07`, `ALLOC-13`).
//!
//! The accounts are folded from the facts of intakes and allocations and from nothing else. The
//! account of commissioned places runs into the negative by what was commissioned; with it the sum
//! over all accounts is zero after every fact.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::Display;

use crate::{
    allocation::{Allocation, AllocationEvent},
    id::Id,
    programme::{IntakeEvent, IntakeTerms},
};

/// Where places are.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Display,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Account {
    /// Where places come from: as many below zero as intakes were planned with.
    Commissioned,
    /// Nobody holds them.
    Free,
    /// An allocation holds them, and they are not confirmed.
    Held,
    /// Confirmed to an employer, and not advertised.
    Confirmed,
    /// Advertised as posts, and not filled.
    Advertised,
    /// Filled by an appointed person.
    Filled,
}

/// Places that move from one account to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transfer {
    /// The account they leave.
    pub from: Account,
    /// The account they come to.
    pub to: Account,
    /// How many.
    pub places: u32,
}

impl Transfer {
    const fn of(from: Account, to: Account, places: u32) -> Self {
        Self { from, to, places }
    }
}

/// The accounts of one intake's or one allocation's facts; the whole ledger is their sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    balances: BTreeMap<Account, i64>,
    /// Of an intake: what each allocation holds.
    held: BTreeMap<Id<Allocation>, u32>,
    /// Of an allocation: the places of its proposal.
    proposed: u32,
    confirmed: bool,
}

impl Places {
    /// The accounts that are not at zero.
    pub fn balances(&self) -> impl Iterator<Item = (Account, i64)> {
        let moved = self.balances.iter().filter(|(_, places)| **places != 0);
        moved.map(|(account, places)| (*account, *places))
    }

    /// Takes in a fact of an intake; what it moved.
    pub fn note_intake(&mut self, event: &IntakeEvent) -> Option<Transfer> {
        let transfer = match event {
            IntakeEvent::IntakePlanned { terms } => Transfer::of(
                Account::Commissioned,
                Account::Free,
                IntakeTerms::places(terms),
            ),
            IntakeEvent::PlacesReserved {
                allocation,
                reservation,
            } => {
                let before = self.held.insert(*allocation, reservation.places);
                let more = reservation.places.saturating_sub(before.unwrap_or(0));
                Transfer::of(Account::Free, Account::Held, more)
            }
            IntakeEvent::PlacesReturned { allocation, places } => {
                let held = self.held.entry(*allocation).or_default();
                *held = held.saturating_sub(*places);
                Transfer::of(Account::Held, Account::Free, *places)
            }
            IntakeEvent::WaitlistJoined { .. }
            | IntakeEvent::WaitlistLeft { .. }
            | IntakeEvent::AllocationRoundClosed { .. }
            | IntakeEvent::CurriculumMigrated { .. }
            | IntakeEvent::SpareCapacityReallocated { .. } => return None,
        };
        Some(self.post(transfer))
    }

    /// Takes in a fact of an allocation; what it moved. What it holds at the intake is the intake's
    /// to say.
    pub fn note_allocation(&mut self, event: &AllocationEvent) -> Option<Transfer> {
        let transfer = match event {
            AllocationEvent::AllocationProposed { proposal } => {
                self.proposed = proposal.places;
                return None;
            }
            AllocationEvent::AllocationConfirmed { .. } => {
                self.confirmed = true;
                Transfer::of(Account::Held, Account::Confirmed, self.proposed)
            }
            AllocationEvent::AllocationDeclined {} => {
                if !std::mem::take(&mut self.confirmed) {
                    return None;
                }
                Transfer::of(Account::Confirmed, Account::Held, self.proposed)
            }
            AllocationEvent::PlacesGivenUp { places, .. } => {
                self.proposed = self.proposed.saturating_sub(*places);
                Transfer::of(Account::Confirmed, Account::Held, *places)
            }
            AllocationEvent::PlacesTakenOver { places, .. } => {
                self.proposed = self.proposed.saturating_add(*places);
                if !self.confirmed {
                    return None;
                }
                Transfer::of(Account::Held, Account::Confirmed, *places)
            }
            AllocationEvent::PlacesAdvertised { posts, .. } => {
                Transfer::of(Account::Confirmed, Account::Advertised, *posts)
            }
            AllocationEvent::PlacesHandedBack { posts, .. } => {
                Transfer::of(Account::Advertised, Account::Confirmed, *posts)
            }
            AllocationEvent::PlaceFilled { .. } => {
                Transfer::of(Account::Advertised, Account::Filled, 1)
            }
            AllocationEvent::PlaceVacated { .. } => {
                Transfer::of(Account::Filled, Account::Advertised, 1)
            }
            AllocationEvent::InterestRegistered { .. }
            | AllocationEvent::DemandDivided { .. }
            | AllocationEvent::SupervisorEligibilityChecked { .. }
            | AllocationEvent::ReadinessDeclared { .. }
            | AllocationEvent::ClusterOverrideRequested { .. }
            | AllocationEvent::ClusterOverrideSupported {}
            | AllocationEvent::ClusterOverrideGranted { .. }
            | AllocationEvent::PilotSitesOffered { .. }
            | AllocationEvent::AllocationWaitlisted { .. }
            | AllocationEvent::AllocationUnlisted {}
            | AllocationEvent::PlacesSplit { .. } => return None,
        };
        Some(self.post(transfer))
    }

    fn post(&mut self, transfer: Transfer) -> Transfer {
        let places = i64::from(transfer.places);
        let from = self.balances.entry(transfer.from).or_default();
        *from = from.saturating_sub(places);
        let to = self.balances.entry(transfer.to).or_default();
        *to = to.saturating_add(places);
        transfer
    }
}

#[cfg(test)]
mod tests;
