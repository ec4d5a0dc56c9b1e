//! Random histories of the whole house: three people and two employers at one intake, from the
//! application to the promised post, whatever anybody tries.

mod acts;
mod course;
mod invariants;
mod tests;

use std::sync::OnceLock;

use jiff::{
    ToSpan as _,
    civil::{Date, date},
};
use uuid::Uuid;

use self::acts::{Act, PATH};
use super::{
    Given,
    cast::{Cast, NORTHMOOR, SEVERNVALE, WEXCOMBE, intake, mhwp},
    person, tenant,
};
use crate::{
    actor::{PersonId, Region},
    application::Application,
    appointment::Appointment,
    board::BoardSitting,
    id::Id,
    refusal::Reason,
    transfer::ServiceTransfer,
};

/// Who applies to whom: the first two people to both employers, the third to one.
const THREADS: [(u128, usize); 5] = [(0x71, 0), (0x71, 1), (0x72, 0), (0x72, 1), (0x73, 0)];

/// Whoever has no degree.
const WITHOUT_DEGREE: u128 = 0x73;

/// Everybody's lives so far.
#[derive(Clone)]
struct House {
    given: Given,
    casts: [Cast; 2],
    today: Date,
    sittings: Vec<Id<BoardSitting>>,
    /// The last move of each thread's service that was announced.
    transfers: [Option<Id<ServiceTransfer>>; THREADS.len()],
    /// How far each thread has come on [`PATH`].
    reached: [usize; THREADS.len()],
}

impl House {
    /// Both employers have a vacancy of five posts.
    fn advertised() -> Self {
        static TOLD: OnceLock<(Given, [Cast; 2])> = OnceLock::new();
        let (given, casts) = TOLD.get_or_init(|| {
            let mut given = Given::directory();
            let lead = super::actor(tenant(WEXCOMBE), crate::actor::ActingRole::ProgrammeLead);
            given.done(&lead, date(2025, 9, 1), &intake(12, 8));
            let intake = given.created(tenant(WEXCOMBE));
            let casts = [
                (NORTHMOOR, Region::NorthWest),
                (SEVERNVALE, Region::Midlands),
            ]
            .map(|(employer, region)| given.advertise(intake, employer, region));
            given.done(&lead, date(2025, 11, 10), &acts::constitution());
            given.settle(date(2025, 11, 10));
            (given, casts)
        });
        Self {
            given: given.clone(),
            casts: *casts,
            today: date(2025, 11, 21),
            sittings: vec![],
            transfers: [None; THREADS.len()],
            reached: [0; THREADS.len()],
        }
    }

    fn cast(&self, thread: usize) -> &Cast {
        &self.casts[THREADS[thread].1]
    }

    fn person(thread: usize) -> PersonId {
        person(THREADS[thread].0)
    }

    fn whose(&self, thread: usize) -> Appointment {
        let cast = self.cast(thread);
        let person = Self::person(thread);
        Appointment {
            application: Application::id(cast.employer, cast.vacancy, person),
            person,
            employer: cast.employer,
            university: cast.university,
            commissioner: cast.commissioner,
            intake: cast.intake,
            vacancy: cast.vacancy,
            allocation: cast.allocation,
            role: mhwp(),
            level: if THREADS[thread].0 == WITHOUT_DEGREE {
                6
            } else {
                7
            },
        }
    }

    /// The appointment as it is by now: whoever took the service over employs.
    fn now(&self, thread: usize) -> Appointment {
        let first = self.whose(thread);
        let training = self.given.state(first.training());
        let known = training.and_then(|training| training.appointment().cloned());
        known.unwrap_or(first)
    }

    /// What the employer of by now has in the cast.
    fn employing(&self, thread: usize) -> &Cast {
        let employer = self.now(thread).employer;
        let cast = self.casts.iter().find(|cast| cast.employer == employer);
        cast.unwrap_or(self.cast(thread))
    }

    /// Days go by; what was to happen on them happens.
    fn wait(&mut self, until: Date) {
        while self.today < until {
            self.today = self.today.saturating_add(1.days()).min(until);
            self.given.clock(self.today);
        }
    }

    /// Somebody tries something today.
    fn tries(&mut self, thread: usize, act: Act) -> Result<Vec<String>, Reason> {
        let (by, command) = acts::command(self, thread, act);
        // the id of a request does not depend on what others have asked meanwhile
        let of = [
            Self::person(thread).0.as_bytes().as_slice(),
            self.cast(thread).employer.0.as_bytes(),
            format!("{act:?} {}", self.today).as_bytes(),
        ]
        .concat();
        let request = Uuid::new_v5(&Uuid::nil(), &of);
        let at = crate::calendar::midday(self.today);
        let outcome = self.given.when_requested(&by, at, request, &*command);
        if outcome.is_ok() && matches!(act, Act::HoldBoard(_)) {
            let sitting = Id::derive(tenant(WEXCOMBE), &[request]);
            if !self.sittings.contains(&sitting) {
                self.sittings.push(sitting);
            }
        }
        if outcome
            .as_deref()
            .is_ok_and(|told| told == ["RetenderAnnounced"])
        {
            self.transfers[thread] = Some(Id::derive(by.tenant, &[request]));
        }
        outcome
    }

    /// The life that is furthest behind takes its next step, on the day it is for.
    fn onward(&mut self) -> Option<(usize, Result<Vec<String>, Reason>)> {
        let next = |thread: usize| PATH.get(self.reached[thread]).map(|(on, _)| *on);
        let thread = (0..THREADS.len())
            .filter(|thread| next(*thread).is_some())
            .min_by_key(|thread| next(*thread))?;
        let (on, act) = PATH[self.reached[thread]];
        self.wait(on);
        self.reached[thread] += 1;
        Some((thread, self.tries(thread, act)))
    }
}

/// Somewhere in the middle of lives that go well, and the day it is.
pub(super) fn lived(steps: usize) -> (Given, Date) {
    static LIVED: OnceLock<Vec<(Given, Date)>> = OnceLock::new();
    let lived = LIVED.get_or_init(|| {
        let mut house = House::advertised();
        let mut lived = vec![(house.given.clone(), house.today)];
        for n in 1.. {
            if house.onward().is_none() {
                break;
            }
            let today = house.today;
            house.given.settle(today);
            if n % 12 == 0 {
                lived.push((house.given.clone(), today));
            }
        }
        lived
    });
    lived[steps % lived.len()].clone()
}
