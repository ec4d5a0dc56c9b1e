//! Who is let in when more is asked than can be done.
//!
//! Work is done for a bounded number of calls at a time, so that what is in progress stays quick
//! whatever is asked. Few more wait, each tenant in a queue of its own: a freed place goes to the
//! tenant that holds the fewest, so every tenant with enough to ask for gets the same share, and one
//! below its share does not queue behind anybody. No tenant may hold more places than it leaves
//! free, so a calm one usually finds one at once. When nobody else can wait, the last to come of the
//! largest tenant is turned away, which is who floods. How many connections a tenant has makes no
//! difference.
//!
//! With places and seats bounded, the time of whatever is let in is bounded by their number over the
//! rate of work. A limit that follows measured latency was considered and not taken: with commands
//! committed in groups, latency rises with concurrency well before work suffers, and with fair
//! queues in front a limit need not be exact. Nothing is learnt, so nothing has to be unlearnt when
//! the load goes: the first place given back is the first one free.
//!
//! Writes and reads have rooms of their own. A stream holds its place until it is open; how many
//! stay open is for [`crate::subscription`] to say. Health and reflection need no place.

mod room;

use std::{
    num::NonZero,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::actor::TenantId;
use opentelemetry::{
    KeyValue, global,
    metrics::{Counter, Meter},
};
use tokio::sync::oneshot;
use tonic::Status;

use self::room::{Room, Seating, Ticket};
use crate::status::overloaded;

/// Calls in progress for each processor: enough that a group commit is well filled while the next
/// one gathers.
const PLACES_PER_PROCESSOR: usize = 64;

/// Calls in progress at most, however many processors: what one group commit takes.
const PLACES_MAX: usize = 256;

/// Calls that may wait for each one in progress.
const SEATS_PER_PLACE: usize = 4;

/// A call waits at most this long; it comes to that only when the database hardly answers.
const PATIENCE: Duration = Duration::from_secs(1);

/// Lets calls of one kind in, or turns them away.
#[derive(Clone)]
pub(crate) struct Admission(Arc<Shared>);

struct Shared {
    room: Mutex<Room<TenantId, oneshot::Sender<Place>>>,
    admitted: Counter<u64>,
    shed: Counter<u64>,
    kind: KeyValue,
}

/// The right to be worked for; given back when it is dropped.
pub(crate) struct Place {
    tenant: TenantId,
    admission: Admission,
}

impl Admission {
    /// Room for calls of `kind`, `write` or `read`, as this machine allows.
    pub(crate) fn of_this_machine(kind: &'static str) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        let places = (PLACES_PER_PROCESSOR * processors).min(PLACES_MAX);
        Self::new(kind, places, SEATS_PER_PLACE * places)
    }

    fn new(kind: &'static str, places: usize, seats: usize) -> Self {
        let meter = global::meter("server");
        let admission = Self(Arc::new(Shared {
            room: Mutex::new(Room::new(places, seats)),
            admitted: meter
                .u64_counter("server.calls.admitted")
                .with_unit("{call}")
                .with_description("Calls let in, by kind: write, read")
                .build(),
            shed: meter
                .u64_counter("server.calls.shed")
                .with_unit("{call}")
                .with_description(
                    "Calls turned away, by kind and cause: room (too many wait), patience (waited \
                     too long)",
                )
                .build(),
            kind: KeyValue::new("kind", kind),
        }));
        admission.watch(
            &meter,
            "server.calls.in_progress",
            "Calls worked for",
            Room::taken,
        );
        admission.watch(
            &meter,
            "server.calls.waiting",
            "Calls that wait to be let in",
            Room::waiting,
        );
        admission
    }

    fn watch(
        &self,
        meter: &Meter,
        name: &'static str,
        description: &'static str,
        count: fn(&Room<TenantId, oneshot::Sender<Place>>) -> usize,
    ) {
        let shared = Arc::downgrade(&self.0);
        meter
            .u64_observable_gauge(name)
            .with_unit("{call}")
            .with_description(description)
            .with_callback(move |observer| {
                if let Some(shared) = shared.upgrade() {
                    let count = count(&shared.room());
                    observer.observe(count as u64, std::slice::from_ref(&shared.kind));
                }
            })
            .build();
    }

    /// Waits for a place, briefly.
    ///
    /// # Errors
    /// `OVERLOADED`, in the same words whatever the cause.
    pub(crate) async fn enter(&self, tenant: TenantId) -> Result<Place, Status> {
        let entered = match self.begin(tenant) {
            Entry::Placed(place) => Ok(place),
            Entry::Full => Err("room"),
            Entry::Waits(waiting, place) => {
                let answer = tokio::time::timeout(PATIENCE, place).await;
                drop(waiting);
                match answer {
                    Ok(Ok(place)) => Ok(place),
                    Ok(Err(_)) => Err("room"),
                    Err(_) => Err("patience"),
                }
            }
        };
        match entered {
            Ok(place) => {
                self.0.admitted.add(1, std::slice::from_ref(&self.0.kind));
                Ok(place)
            }
            Err(cause) => {
                let cause = KeyValue::new("cause", cause);
                self.0.shed.add(1, &[self.0.kind.clone(), cause]);
                Err(overloaded())
            }
        }
    }

    fn begin(&self, tenant: TenantId) -> Entry {
        let mut room = self.0.room();
        if room.enter(tenant) {
            return Entry::Placed(self.place(tenant));
        }
        let (wake, place) = oneshot::channel();
        match room.wait(tenant, wake) {
            Seating::Full => Entry::Full,
            // Who had to get up hears it when its sender is dropped here.
            Seating::Seated(ticket, _turned_away) => Entry::Waits(
                Waiting {
                    tenant,
                    ticket,
                    admission: self.clone(),
                },
                place,
            ),
        }
    }

    fn place(&self, tenant: TenantId) -> Place {
        Place {
            tenant,
            admission: self.clone(),
        }
    }
}

impl Shared {
    fn room(&self) -> MutexGuard<'_, Room<TenantId, oneshot::Sender<Place>>> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Entry {
    Placed(Place),
    Waits(Waiting, oneshot::Receiver<Place>),
    Full,
}

/// A seat; given up when it is dropped, which is also when the caller goes away.
struct Waiting {
    tenant: TenantId,
    ticket: Ticket,
    admission: Admission,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.admission.0.room().give_up(self.tenant, self.ticket);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let next = self.admission.0.room().leave(self.tenant);
        if let Some((tenant, wake)) = next {
            // Whoever has gone away meanwhile gives it back by not taking it.
            let _ = wake.send(self.admission.place(tenant));
        }
    }
}
