use proptest::prelude::*;

use super::*;

const PLACES: usize = 10;
const SEATS: usize = 20;

/// A room and everybody in it, by the number each call came with.
struct Model {
    room: Room<u8, usize>,
    calls: usize,
    placed: Vec<(u8, usize)>,
    seated: Vec<(u8, usize, Ticket)>,
}

#[derive(Debug, PartialEq)]
enum Heard {
    Placed,
    Seated,
    /// Whose call was turned away.
    TurnedAway(u8),
}

impl Model {
    fn new() -> Self {
        Self {
            room: Room::new(PLACES, SEATS),
            calls: 0,
            placed: vec![],
            seated: vec![],
        }
    }

    fn size(&self, tenant: u8) -> usize {
        let placed = self.placed.iter().filter(|call| call.0 == tenant).count();
        let seated = self.seated.iter().filter(|call| call.0 == tenant).count();
        placed + seated
    }

    fn call(&mut self, tenant: u8) -> Heard {
        self.calls += 1;
        let call = self.calls;
        if self.room.enter(tenant) {
            self.placed.push((tenant, call));
            return Heard::Placed;
        }
        match self.room.wait(tenant, call) {
            Seating::Full => Heard::TurnedAway(tenant),
            Seating::Seated(ticket, None) => {
                self.seated.push((tenant, call, ticket));
                Heard::Seated
            }
            Seating::Seated(ticket, Some((other, turned_away))) => {
                let nth = self.seated.iter().rposition(|seated| seated.0 == other);
                let last = self
                    .seated
                    .remove(nth.expect("only who waits is turned away"));
                assert_eq!(last.1, turned_away, "the last to come goes first");
                self.seated.push((tenant, call, ticket));
                Heard::TurnedAway(other)
            }
        }
    }

    fn leave(&mut self, nth: usize) {
        let (tenant, _) = self.placed.remove(nth);
        if let Some((next, call)) = self.room.leave(tenant) {
            let first = self.seated.iter().position(|seated| seated.0 == next);
            let first = self.seated.remove(first.expect("only who waits is placed"));
            assert_eq!(first.1, call, "in the order of a tenant's calls");
            self.placed.push((next, call));
        }
    }

    fn give_up(&mut self, nth: usize) {
        let (tenant, _, ticket) = self.seated.remove(nth);
        self.room.give_up(tenant, ticket);
    }

    fn check(&self) {
        assert_eq!(self.room.taken(), self.placed.len());
        assert_eq!(self.room.waiting(), self.seated.len());
        assert!(self.placed.len() <= PLACES);
        assert!(self.seated.len() <= SEATS);
        for (tenant, ..) in &self.seated {
            let placed = self.placed.iter().filter(|call| call.0 == *tenant).count();
            assert!(
                !self.room.has_place_for(placed),
                "nobody waits for a place that is there to take"
            );
        }
    }

    fn empty(&mut self) {
        while !self.placed.is_empty() {
            self.leave(0);
        }
        assert!(self.seated.is_empty());
        assert_eq!((self.room.taken(), self.room.waiting()), (0, 0));
        assert!(self.room.tenants.is_empty(), "nobody is remembered");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Call(u8),
    Leave(prop::sample::Index),
    GiveUp(prop::sample::Index),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        // The first tenant floods.
        4 => Just(Step::Call(0)),
        4 => (1..6u8).prop_map(Step::Call),
        3 => any::<prop::sample::Index>().prop_map(Step::Leave),
        1 => any::<prop::sample::Index>().prop_map(Step::GiveUp),
    ]
}

proptest! {
    #[test]
    fn limits_hold_places_come_back_and_only_the_largest_is_turned_away(
        steps in prop::collection::vec(step(), 0..400),
    ) {
        let mut model = Model::new();
        for step in steps {
            match step {
                Step::Call(tenant) => {
                    if let Heard::TurnedAway(who) = model.call(tenant) {
                        // Itself included, the call that was turned away.
                        let size = model.size(who) + 1;
                        for (other, ..) in &model.seated {
                            prop_assert!(model.size(*other) <= size, "{other} stays, {who} goes");
                        }
                    }
                }
                Step::Leave(nth) if !model.placed.is_empty() => {
                    model.leave(nth.index(model.placed.len()));
                }
                Step::GiveUp(nth) if !model.seated.is_empty() => {
                    model.give_up(nth.index(model.seated.len()));
                }
                Step::Leave(_) | Step::GiveUp(_) => {}
            }
            model.check();
        }
        model.empty();
    }

    #[test]
    fn a_tenant_within_its_share_is_never_turned_away_beside_one_that_floods(
        steps in prop::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 0..400),
    ) {
        // What one tenant alone may hold and have wait, halved.
        let share = (PLACES / 2 + SEATS) / 2;
        let (flood, calm) = (0, 1);
        let mut model = Model::new();
        for (calls, nth) in steps {
            while model.call(flood) != Heard::TurnedAway(flood) {}
            if calls && model.size(calm) < share {
                prop_assert_ne!(model.call(calm), Heard::TurnedAway(calm));
            } else {
                model.leave(nth.index(model.placed.len()));
            }
            model.check();
        }
    }
}

#[test]
fn one_tenant_leaves_a_place_for_the_next() {
    let mut model = Model::new();
    while model.call(0) == Heard::Placed {}
    assert_eq!(model.room.taken(), PLACES / 2);
    assert_eq!(model.call(1), Heard::Placed);
}

#[test]
fn a_place_given_back_goes_to_the_tenant_with_the_fewest() {
    let mut model = Model::new();
    // Each takes half of what is left, and one of its calls waits.
    for tenant in 0..4 {
        while model.call(tenant) == Heard::Placed {}
    }
    assert_eq!(model.room.taken(), PLACES);
    assert_eq!(model.call(4), Heard::Seated);
    model.leave(0);
    assert!(model.placed.iter().any(|call| call.0 == 4));
}

#[test]
fn many_small_tenants_share_every_place() {
    let mut model = Model::new();
    for tenant in 0..PLACES as u8 {
        assert_eq!(model.call(tenant), Heard::Placed);
    }
    assert_eq!(model.call(100), Heard::Seated);
}
