//! Who is let in and who waits: the rule itself, without clocks, tasks or locks.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// A number of places, and a number of seats for those who wait for one. `T` names a tenant, `W`
/// wakes whoever waits.
#[derive(Debug)]
pub(super) struct Room<T, W> {
    places: usize,
    seats: usize,
    taken: usize,
    waiting: usize,
    tickets: u64,
    tenants: HashMap<T, Party<W>>,
}

/// The calls of one tenant.
#[derive(Debug)]
struct Party<W> {
    placed: usize,
    /// Oldest first.
    waiting: VecDeque<(Ticket, W)>,
}

impl<W> Party<W> {
    fn size(&self) -> usize {
        self.placed + self.waiting.len()
    }
}

/// Names a waiting call; a higher one came later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// What becomes of a call that found no place.
#[derive(Debug)]
pub(super) enum Seating<T, W> {
    /// It waits; where every seat was taken, somebody else had to get up for it.
    Seated(Ticket, Option<(T, W)>),
    /// It is turned away.
    Full,
}

impl<T: Copy + Eq + Hash, W> Room<T, W> {
    pub(super) fn new(places: usize, seats: usize) -> Self {
        Self {
            places,
            seats,
            taken: 0,
            waiting: 0,
            tickets: 0,
            tenants: HashMap::new(),
        }
    }

    /// Takes a place; false when the caller's tenant has to wait for one. No call overtakes another
    /// of its own tenant: while one waits, there is no place for the next either.
    pub(super) fn enter(&mut self, tenant: T) -> bool {
        let placed = self.tenants.get(&tenant).map_or(0, |party| party.placed);
        if !self.has_place_for(placed) {
            return false;
        }
        self.party(tenant).placed += 1;
        self.taken += 1;
        true
    }

    /// Seats a call that found no place. When no seat is free, the last to come of the largest
    /// party that waits is turned away, which may be the one that asks.
    pub(super) fn wait(&mut self, tenant: T, wake: W) -> Seating<T, W> {
        let mut turned_away = None;
        if self.waiting >= self.seats {
            let own = self.tenants.get(&tenant).map_or(0, Party::size) + 1;
            let largest = self
                .tenants
                .iter()
                .filter(|(_, party)| !party.waiting.is_empty())
                .max_by_key(|(_, party)| party.size())
                .filter(|(_, party)| party.size() > own)
                .map(|(tenant, _)| *tenant);
            let Some(largest) = largest else {
                return Seating::Full;
            };
            turned_away = self
                .unseat(largest, VecDeque::pop_back)
                .map(|wake| (largest, wake));
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.party(tenant).waiting.push_back((ticket, wake));
        self.waiting += 1;
        Seating::Seated(ticket, turned_away)
    }

    /// A waiting call goes away. It may have been given a place or turned away just before.
    pub(super) fn give_up(&mut self, tenant: T, ticket: Ticket) {
        self.unseat(tenant, |waiting| {
            let nth = waiting.binary_search_by_key(&ticket, |(waits, _)| *waits);
            waiting.remove(nth.ok()?)
        });
    }

    /// Gives a place back; who has it now.
    pub(super) fn leave(&mut self, tenant: T) -> Option<(T, W)> {
        if let Some(party) = self.tenants.get_mut(&tenant) {
            party.placed -= 1;
            self.taken -= 1;
        }
        self.tidy(tenant);
        self.next()
    }

    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Places one of those who wait: of the tenant with the fewest places, whoever waits longest.
    /// There are at most as many tenants to look at as places and seats.
    fn next(&mut self) -> Option<(T, W)> {
        if self.waiting == 0 {
            return None;
        }
        let (_, tenant) = self
            .tenants
            .iter()
            .filter_map(|(tenant, party)| {
                let (ticket, _) = party.waiting.front()?;
                Some(((party.placed, *ticket), *tenant))
            })
            .min_by_key(|(order, _)| *order)
            .filter(|((placed, _), _)| self.has_place_for(*placed))?;
        let wake = self.unseat(tenant, VecDeque::pop_front)?;
        self.party(tenant).placed += 1;
        self.taken += 1;
        Some((tenant, wake))
    }

    /// A tenant may hold as many places as are free: one alone comes to half of them, several share
    /// what there is, and whoever comes next usually finds one.
    fn has_place_for(&self, placed: usize) -> bool {
        placed < self.places - self.taken
    }

    fn party(&mut self, tenant: T) -> &mut Party<W> {
        self.tenants.entry(tenant).or_insert_with(|| Party {
            placed: 0,
            waiting: VecDeque::new(),
        })
    }

    fn unseat(
        &mut self,
        tenant: T,
        which: impl FnOnce(&mut VecDeque<(Ticket, W)>) -> Option<(Ticket, W)>,
    ) -> Option<W> {
        let (_, wake) = which(&mut self.tenants.get_mut(&tenant)?.waiting)?;
        self.waiting -= 1;
        self.tidy(tenant);
        Some(wake)
    }

    fn tidy(&mut self, tenant: T) {
        if self
            .tenants
            .get(&tenant)
            .is_some_and(|party| party.size() == 0)
        {
            self.tenants.remove(&tenant);
        }
    }
}

#[cfg(test)]
mod tests;
