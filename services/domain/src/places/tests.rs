use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::{
    actor::{ActingRole, Actor, Region},
    allocation::{
        AllocationAct, ConfirmAllocation, DeclineAllocation, JoinWaitlist, OfferPilotSites,
        ProposeAllocation, ReallocatePlaces, ReallocateSpareCapacity, ReturnPlaces,
    },
    application::Application,
    directory::ClinicalService,
    given::{
        Given, actor,
        cast::{
            COMMISSIONER, NORTHMOOR, SEVERNVALE, WEXCOMBE, approvals, intake, interest, readiness,
        },
        tenant,
    },
    programme::{CloseAllocationRound, Intake, NoPlaces},
    vacancy::Vacancy,
    world::{Command, Halt, Issue, StreamKey, World},
};

const ON: Date = date(2025, 11, 3);

/// An act the vacancies and offers of other steps ask for.
#[derive(Debug)]
struct Asked {
    allocation: Id<Allocation>,
    act: AllocationAct,
}

impl Command for Asked {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide_beyond(issue, self.allocation, self.act.clone())?;
        Ok(self.allocation.key())
    }
}

/// One thing somebody may try, by numbers: which allocation, another one, how many places.
#[derive(Debug, Clone, Copy)]
enum Try {
    Propose(usize, u32),
    Confirm(usize),
    Decline(usize),
    Return(usize, u32),
    Move(usize, usize, u32),
    Wait(usize, u32),
    Spare(usize, u32),
    CloseRound,
    Advertise(usize, u128, u32),
    HandBack(usize, u128, u32),
    Fill(usize, u128, u128),
    Vacate(usize, u128),
}

const ALLOCATIONS: usize = 5;
const CAPACITY: u32 = 12;

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (
        0..12u8,
        0..ALLOCATIONS,
        0..ALLOCATIONS,
        0..8u32,
        1..3u128,
        1..5u128,
    )
        .prop_map(|(kind, one, other, places, vacancy, person)| match kind {
            0 => Try::Propose(one, places),
            1 => Try::Confirm(one),
            2 => Try::Decline(one),
            3 => Try::Return(one, places),
            4 => Try::Move(one, other, places),
            5 => Try::Wait(one, places),
            6 => Try::Spare(one, places),
            7 => Try::CloseRound,
            8 => Try::Advertise(one, vacancy, places),
            9 => Try::HandBack(one, vacancy, places),
            10 => Try::Fill(one, vacancy, person),
            _ => Try::Vacate(one, person),
        });
    proptest::collection::vec(one, 1..24)
}

/// An intake of twelve places, and five ready allocations of two employers that offer a pilot
/// site; clusters may have any size.
struct Stage {
    given: Given,
    intake: Id<Intake>,
    allocations: Vec<(u128, Id<Allocation>)>,
}

impl Stage {
    fn set() -> Self {
        let mut given = Given::directory().policy("cluster.min", serde_json::json!(1));
        let lead = |employer| actor(tenant(employer), ActingRole::ProfessionalLead);
        let teaches = actor(tenant(WEXCOMBE), ActingRole::ProgrammeLead);
        given.done(&teaches, date(2025, 9, 1), &intake(8, 4));
        let intake = given.created(tenant(WEXCOMBE));
        let services = [NORTHMOOR, SEVERNVALE].map(|employer| {
            let service: Id<ClinicalService> =
                given.clinical_service(tenant(employer), "drug_and_alcohol");
            (employer, service, given.supervisors(tenant(employer)))
        });
        let mut allocations = vec![];
        for number in 0..ALLOCATIONS {
            let (employer, clinical_service, supervisors) = services[number % 2];
            let asked = interest(tenant(employer), Region::Midlands, 6);
            given.done(&lead(employer), date(2025, 9, 20), &asked);
            let allocation = given.created::<Allocation>(tenant(employer));
            let declared = readiness(allocation, &supervisors);
            given.done(&lead(employer), date(2025, 9, 22), &declared);
            let offer = OfferPilotSites {
                allocation,
                clinical_service,
                sites: Default::default(),
            };
            given.done(&lead(employer), ON, &offer);
            allocations.push((employer, allocation));
        }
        Self {
            given,
            intake,
            allocations,
        }
    }

    /// Tries it; whether it was let through.
    fn tries(&mut self, one: Try) -> bool {
        let national = actor(tenant(COMMISSIONER), ActingRole::CommissionerNational);
        let id = |number: usize| self.allocations[number].1;
        let lead = |number: usize| {
            actor(
                tenant(self.allocations[number].0),
                ActingRole::ProfessionalLead,
            )
        };
        let intake = self.intake;
        let vacancy = |number| Id::<Vacancy>::new(uuid::Uuid::from_u128(number));
        let application = |allocation: usize, number: u128| {
            Id::<Application>::new(uuid::Uuid::from_u128(100 * allocation as u128 + number))
        };
        let asked = |number, act| -> Box<dyn Command> {
            Box::new(Asked {
                allocation: id(number),
                act,
            })
        };
        let (by, command): (Actor, Box<dyn Command>) = match one {
            Try::Propose(number, places) => {
                let (allocation, pilot) = (id(number), None);
                let propose = ProposeAllocation {
                    allocation,
                    intake,
                    places,
                    pilot,
                };
                (national, Box::new(propose))
            }
            Try::Confirm(number) => {
                let (allocation, approvals) = (id(number), approvals(ON));
                let confirm = ConfirmAllocation {
                    allocation,
                    approvals,
                };
                (national, Box::new(confirm))
            }
            Try::Decline(number) => {
                let allocation = id(number);
                (lead(number), Box::new(DeclineAllocation { allocation }))
            }
            Try::Return(number, places) => {
                let allocation = id(number);
                (lead(number), Box::new(ReturnPlaces { allocation, places }))
            }
            Try::Move(from, to, places) => {
                let (from, to) = (id(from), id(to));
                (national, Box::new(ReallocatePlaces { from, to, places }))
            }
            Try::Wait(number, places) => {
                let allocation = id(number);
                let join = JoinWaitlist {
                    allocation,
                    intake,
                    places,
                };
                (national, Box::new(join))
            }
            Try::Spare(number, places) => {
                let spare = ReallocateSpareCapacity {
                    intake,
                    allocation: id(number),
                    places,
                    pilot: "drug_and_alcohol".to_owned(),
                };
                (national, Box::new(spare))
            }
            Try::CloseRound => {
                let none_because = [Region::NorthWest, Region::Midlands]
                    .map(|region| (region, NoPlaces::NoDemand))
                    .into();
                let close = CloseAllocationRound {
                    intake,
                    none_because,
                };
                (national, Box::new(close))
            }
            Try::Advertise(number, to, posts) => {
                let vacancy = vacancy(to);
                let act = AllocationAct::Advertise { vacancy, posts };
                (Actor::platform(), asked(number, act))
            }
            Try::HandBack(number, from, posts) => {
                let vacancy = vacancy(from);
                let act = AllocationAct::HandBack { vacancy, posts };
                (Actor::platform(), asked(number, act))
            }
            Try::Fill(number, through, person) => {
                let act = AllocationAct::Fill {
                    application: application(number, person),
                    vacancy: vacancy(through),
                };
                (Actor::platform(), asked(number, act))
            }
            Try::Vacate(number, person) => {
                let application = application(number, person);
                let act = AllocationAct::Vacate { application };
                (Actor::platform(), asked(number, act))
            }
        };
        let accepted = self.given.when(&by, ON, &*command).is_ok();
        self.given.settle(ON);
        accepted
    }

    /// The whole ledger, folded from what is stored.
    fn ledger(&self) -> BTreeMap<Account, i64> {
        let mut whole = BTreeMap::<Account, i64>::new();
        let mut add = |places: &Places| {
            for (account, balance) in places.balances() {
                *whole.entry(account).or_default() += balance;
            }
        };
        let mut places = Places::default();
        for payload in self.given.stored(self.intake) {
            places.note_intake(&serde_json::from_str(&payload).unwrap());
        }
        add(&places);
        for (_, allocation) in &self.allocations {
            let mut places = Places::default();
            for payload in self.given.stored(*allocation) {
                places.note_allocation(&serde_json::from_str(&payload).unwrap());
            }
            add(&places);
        }
        whole
    }

    fn check(&self) {
        let ledger = self.ledger();
        let of = |account| ledger.get(&account).copied().unwrap_or(0);
        assert_eq!(ledger.values().sum::<i64>(), 0, "{ledger:?}");
        assert_eq!(of(Account::Commissioned), -i64::from(CAPACITY));
        for (account, balance) in &ledger {
            assert!(
                *balance >= 0 || *account == Account::Commissioned,
                "{ledger:?}"
            );
        }
        let intake = self.given.state(self.intake).unwrap();
        assert!(intake.reserved() <= CAPACITY);
        assert_eq!(of(Account::Free), i64::from(intake.free()));
        let (mut held, mut to_advertise, mut filled) = (0, 0, 0);
        for (_, id) in &self.allocations {
            let allocation = self.given.state(*id).unwrap();
            let places = allocation.proposed().map_or(0, |proposal| proposal.places);
            held += places;
            to_advertise += i64::from(allocation.places_to_advertise());
            filled += allocation.filled() as i64;
            assert!(
                allocation.filled() <= places as usize,
                "more people than posts"
            );
            let replayed = self.given.stored(*id).into_iter().fold(
                Allocation::default(),
                |mut state, payload| {
                    cqrs_es::Aggregate::apply(&mut state, serde_json::from_str(&payload).unwrap());
                    state
                },
            );
            assert_eq!(&replayed, allocation, "a replay gives the live state");
        }
        assert_eq!(held, intake.reserved(), "both sides hold the same places");
        assert_eq!(of(Account::Confirmed), to_advertise);
        assert_eq!(of(Account::Filled), filled);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn alloc_07_and_alloc_13_whatever_is_tried_places_are_conserved_and_capacity_holds(
        tries in tries(),
    ) {
        thread_local! {
            static STAGE: Stage = Stage::set();
        }
        let (given, intake, allocations) = STAGE.with(|stage| {
            (stage.given.clone(), stage.intake, stage.allocations.clone())
        });
        let mut stage = Stage { given, intake, allocations };
        for one in tries {
            stage.tries(one);
            stage.check();
        }
    }
}

#[test]
fn the_tries_reach_every_account() {
    let mut stage = Stage::set();
    for one in [
        Try::Propose(0, 6),
        Try::Confirm(0),
        Try::Propose(1, 4),
        Try::Confirm(1),
        Try::Advertise(0, 1, 3),
        Try::Fill(0, 1, 1),
        Try::Move(1, 0, 1),
        Try::Wait(2, 5),
        Try::Return(1, 2),
        Try::Return(0, 1),
        Try::CloseRound,
        Try::HandBack(0, 1, 1),
    ] {
        assert!(stage.tries(one), "{one:?}");
        stage.check();
    }
    let ledger = stage.ledger();
    let balance = |account| ledger.get(&account).copied().unwrap_or(0);
    assert_eq!(
        [
            Account::Commissioned,
            Account::Free,
            Account::Held,
            Account::Confirmed,
            Account::Advertised,
            Account::Filled,
        ]
        .map(balance),
        [-12, 0, 5, 5, 1, 1],
        "{ledger:?}"
    );
}
