//! The pure heart of every write: a command runs against the streams it names and stages events.
//!
//! A command that needs a stream not yet at hand stops with [`Halt::Need`]; whoever runs it loads
//! that stream and runs it again. So rules that span streams stay pure, see one consistent state,
//! and the append checks the version of every stream that was read or written.

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    fmt,
    ops::Deref,
    sync::Arc,
};

use cqrs_es::{Aggregate, DomainEvent};
use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::{
    actor::{Actor, PersonId, TenantId, TenantKind},
    calendar::london_date,
    case::Case,
    edi::Census,
    id::Id,
    personal::DigestSalt,
    policy::Policies,
    refusal::{Reason, Refusal},
};

/// The circumstances of a command: who, when in the world, when recorded, under which policies.
#[derive(Debug, Clone)]
pub struct Issue {
    /// Who issues it.
    pub by: Actor,
    /// When it is true in the world.
    pub effective: Timestamp,
    /// When the service learnt it.
    pub recorded: Timestamp,
    /// The client's idempotency key; ids of new records derive from it.
    pub request: Uuid,
    /// The policy register; remembers which versions a decision used.
    pub policies: Policies,
    /// Salts the digests that tell a repeat of personal content from other content.
    pub salt: DigestSalt,
}

impl Issue {
    /// The London civil date on which the command is true in the world.
    pub fn today(&self) -> Date {
        london_date(self.effective)
    }
}

/// An aggregate's command with its circumstances; dereferences to [`Issue`].
#[derive(Debug, Clone)]
pub struct Issued<A> {
    /// Who, when, under which policies.
    pub issue: Issue,
    /// What is asked.
    pub act: A,
}

impl<A> Deref for Issued<A> {
    type Target = Issue;
    fn deref(&self) -> &Issue {
        &self.issue
    }
}

/// Whose record a stream is: its home, the tenants that may ever see its events, and its person. A
/// joint record belongs to both of its parties and to no third one (`JOINT-03`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custody {
    /// The tenant at home.
    pub home: TenantId,
    /// The tenants whose feeds carry the stream's events, home included.
    pub parties: BTreeSet<TenantId>,
    /// The person the stream is about.
    pub subject: Option<PersonId>,
}

impl Custody {
    /// A stream of `home` and `others`.
    pub fn of(home: TenantId, others: impl IntoIterator<Item = TenantId>) -> Self {
        let mut parties: BTreeSet<_> = others.into_iter().collect();
        parties.insert(home);
        Self {
            home,
            parties,
            subject: None,
        }
    }

    /// The same, about `person`.
    #[must_use]
    pub fn about(mut self, person: PersonId) -> Self {
        self.subject = Some(person);
        self
    }

    /// Whether `actor` may touch the stream at all: a party, the platform, or its person.
    pub fn admits(&self, actor: &Actor) -> bool {
        match actor.kind {
            TenantKind::Platform => true,
            TenantKind::Person => actor.person.is_some() && self.subject == actor.person,
            _ => self.parties.contains(&actor.tenant),
        }
    }
}

/// An aggregate whose rules are a pure function of its state, the command and its circumstances.
pub trait Decider:
    Aggregate<Command = Issued<<Self as Decider>::Act>, Error = Refusal, Services = ()>
    + Clone
    + fmt::Debug
    + 'static
{
    /// The commands it decides.
    type Act: Clone + fmt::Debug + Send + Sync;
    /// The resource collection of its names: `vacancies` in `vacancies/{uuid}`.
    const COLLECTION: &'static str;
    /// Whether its rules read what is sealed in it. Then it is opened for the command that decides on
    /// it, and nowhere else.
    const READS_SEALED: bool = false;

    /// What follows from the command: events, nothing (a repeat), or a refusal. Refusals are
    /// checked in the order shape, existence, state.
    fn decide(&self, issued: &Issued<Self::Act>) -> Result<Vec<Self::Event>, Refusal>;

    /// Whose record this is; `None` while it does not exist.
    fn custody(&self) -> Option<Custody>;

    /// The records it is a part of, where a guest's case may name those (`permissions.md` C.2).
    fn part_of(&self) -> Vec<StreamKey> {
        vec![]
    }
}

/// Implements the cqrs-es traits for a [`Decider`]: `aggregate!(Vacancy, "vacancy", VacancyEvent)`.
/// `evolve(&mut self, Event)` is the total fold of the state.
macro_rules! aggregate {
    ($state:ident, $kind:literal, $act:ty, $event:ident) => {
        impl cqrs_es::Aggregate for $state {
            const TYPE: &'static str = $kind;
            type Command = $crate::world::Issued<$act>;
            type Event = $event;
            type Error = $crate::refusal::Refusal;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in $crate::world::Decider::decide(self, &command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.evolve(event);
            }
        }

        impl cqrs_es::DomainEvent for $event {
            fn event_type(&self) -> String {
                let name: &'static str = self.into();
                name.to_owned()
            }

            fn event_version(&self) -> String {
                $crate::upcast::current_version(&self.event_type()).to_owned()
            }
        }
    };
}
pub(crate) use aggregate;

/// A stream's key: aggregate type and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamKey {
    /// The aggregate type (`vacancy`).
    pub kind: &'static str,
    /// The aggregate id.
    pub id: Uuid,
}

/// An aggregate state of any type.
pub trait AnyState: Any + Send + Sync + fmt::Debug {
    /// Folds one stored event of the current version.
    ///
    /// # Errors
    /// When the payload is not an event of this aggregate.
    fn apply_stored(&mut self, payload: serde_json::Value) -> Result<(), serde_json::Error>;
    /// The same, straight from the stored text.
    ///
    /// # Errors
    /// When the payload is not an event of this aggregate.
    fn apply_text(&mut self, payload: &str) -> Result<(), serde_json::Error>;
    /// The state as JSON, where its rules read what is sealed in it.
    fn sealed_text(&self) -> Option<String>;
    /// The same state from that JSON, in which what was sealed may be clear now.
    ///
    /// # Errors
    /// When the text is no state of this aggregate.
    fn opened(&self, text: &str) -> Result<Arc<dyn AnyState>, serde_json::Error>;
    /// A copy.
    fn boxed(&self) -> Box<dyn AnyState>;
    /// Whose record it is.
    fn custody(&self) -> Option<Custody>;
    /// The records it is a part of.
    fn part_of(&self) -> Vec<StreamKey>;
    /// For downcasts.
    fn as_any(&self) -> &dyn Any;
}

impl<A: Decider> AnyState for A {
    fn apply_stored(&mut self, payload: serde_json::Value) -> Result<(), serde_json::Error> {
        serde_json::from_value(payload).map(|event| self.apply(event))
    }
    fn apply_text(&mut self, payload: &str) -> Result<(), serde_json::Error> {
        serde_json::from_str(payload).map(|event| self.apply(event))
    }
    fn sealed_text(&self) -> Option<String> {
        A::READS_SEALED
            .then(|| serde_json::to_string(self).ok())
            .flatten()
    }
    fn opened(&self, text: &str) -> Result<Arc<dyn AnyState>, serde_json::Error> {
        Ok(Arc::new(serde_json::from_str::<A>(text)?))
    }
    fn boxed(&self) -> Box<dyn AnyState> {
        Box::new(self.clone())
    }
    fn custody(&self) -> Option<Custody> {
        Decider::custody(self)
    }
    fn part_of(&self) -> Vec<StreamKey> {
        Decider::part_of(self)
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// An event decided but not yet appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedEvent {
    /// Its sequence in the stream, from 1.
    pub sequence: u64,
    /// `VacancyOpened`
    pub event_type: String,
    /// `1.0`
    pub event_version: String,
    /// The event as JSON; personal values still clear.
    pub payload: String,
}

/// What one command does to one stream.
#[derive(Debug)]
pub struct StreamWrite {
    /// The stream.
    pub key: StreamKey,
    /// The version it was decided on; 0 for a new stream.
    pub expected: u64,
    /// Home and parties after the events.
    pub custody: Custody,
    /// The events in order; never empty.
    pub events: Vec<StagedEvent>,
    /// The state after the events (personal values still clear).
    pub state: Arc<dyn AnyState>,
}

/// Why a command stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// Load this stream into the world and run the command again.
    Need(StreamKey),
    /// Refused; nothing is written.
    Refused(Refusal),
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Something a client, a reaction or an import asks for. One per writing RPC, same name.
pub trait Command: fmt::Debug + Send + Sync {
    /// Reads and decides in `world`; answers with the stream whose resource the reply names.
    ///
    /// # Errors
    /// [`Halt::Need`] until every stream it names is loaded, or the refusal.
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt>;

    /// Where the census goes that a command of a timer counts; most count nobody.
    fn census(&mut self) -> Option<&mut Census> {
        None
    }
}

struct Slot {
    state: Arc<dyn AnyState>,
    version: u64,
    guarded: bool,
    staged: Vec<StagedEvent>,
}

/// The streams a command sees, and the events it stages.
#[derive(Default)]
pub struct World {
    slots: BTreeMap<StreamKey, Slot>,
    case: Option<Case>,
}

impl World {
    /// One in which whoever acts reaches the records of a case only, where there is one.
    pub fn within(case: Option<Case>) -> Self {
        Self {
            slots: BTreeMap::new(),
            case,
        }
    }

    /// Refuses a record that is no part of the case, as if there were none.
    fn in_case(&self, key: StreamKey) -> Result<(), Halt> {
        let (Some(case), Some(slot)) = (&self.case, self.slots.get(&key)) else {
            return Ok(());
        };
        if case.holds(key, &*slot.state) {
            Ok(())
        } else {
            Err(Refusal::not_permitted().into())
        }
    }

    /// Puts a loaded stream at hand: `version` 0 and the empty state for one that does not exist.
    pub fn insert(&mut self, key: StreamKey, state: Arc<dyn AnyState>, version: u64) {
        let slot = Slot {
            state,
            version,
            guarded: false,
            staged: Vec::new(),
        };
        self.slots.insert(key, slot);
    }

    fn slot<A: Decider>(&mut self, id: Id<A>) -> Result<&mut Slot, Halt> {
        let key = id.key();
        self.slots.get_mut(&key).ok_or(Halt::Need(key))
    }

    /// The state of a stream of anybody's. The append fails if it has changed by then. Rules must
    /// not let its content show in a refusal to a tenant that is not a party.
    ///
    /// # Errors
    /// [`Halt::Need`] when it is not loaded.
    pub fn read<A: Decider>(&mut self, id: Id<A>) -> Result<&A, Halt> {
        let slot = self.slot(id)?;
        slot.guarded = true;
        state_of(slot)
    }

    /// The state of a stream that `issue.by` may see; anything else is `NOT_PERMITTED`.
    ///
    /// # Errors
    /// [`Halt::Need`], or the uniform refusal.
    pub fn read_own<A: Decider>(&mut self, issue: &Issue, id: Id<A>) -> Result<&A, Halt> {
        self.read(id)?;
        self.in_case(id.key())?;
        let state = self.read(id)?;
        match Decider::custody(state) {
            Some(custody) if custody.admits(&issue.by) => Ok(state),
            _ => Err(Refusal::not_permitted().into()),
        }
    }

    /// Whose record a stream of any kind is, and its version; `None` for one that does not exist.
    /// Rules must not let it show in a refusal to a tenant that is not a party.
    ///
    /// # Errors
    /// [`Halt::Need`] when it is not loaded.
    pub fn whose(&mut self, key: StreamKey) -> Result<Option<(Custody, u64)>, Halt> {
        let slot = self.slots.get_mut(&key).ok_or(Halt::Need(key))?;
        slot.guarded = true;
        let version = slot.version + slot.staged.len() as u64;
        Ok(slot.state.custody().map(|custody| (custody, version)))
    }

    /// Decides `act` on a stream and stages what follows. An existing stream that `issue.by` is
    /// no party of is `NOT_PERMITTED`.
    ///
    /// # Errors
    /// [`Halt::Need`], or the refusal.
    pub fn decide<A: Decider>(
        &mut self,
        issue: &Issue,
        id: Id<A>,
        act: A::Act,
    ) -> Result<&A, Halt> {
        let slot = self.slot(id)?;
        if slot
            .state
            .custody()
            .is_some_and(|custody| !custody.admits(&issue.by))
        {
            return Err(Refusal::not_permitted().into());
        }
        let exists = slot.state.custody().is_some();
        if exists {
            self.in_case(id.key())?;
        }
        self.decide_beyond(issue, id, act)?;
        self.in_case(id.key())?;
        state_of(self.slot(id)?)
    }

    /// Decides on a stream whatever its parties: for records the platform or the other side keeps
    /// (referee, acceptance, places of an intake) as a consequence of a permitted command.
    ///
    /// # Errors
    /// [`Halt::Need`], or the refusal.
    pub fn decide_beyond<A: Decider>(
        &mut self,
        issue: &Issue,
        id: Id<A>,
        act: A::Act,
    ) -> Result<&A, Halt> {
        let slot = self.slot(id)?;
        // Even when nothing follows: that nothing does is true of this version only.
        slot.guarded = true;
        let state = state_of::<A>(slot)?;
        let issued = Issued {
            issue: issue.clone(),
            act,
        };
        let events = Decider::decide(state, &issued)?;
        if events.is_empty() {
            return state_of(slot);
        }
        let mut state = state.clone();
        for event in events {
            let payload = serde_json::to_string(&event).map_err(|error| {
                Refusal::new(
                    Reason::FieldInvalid,
                    format!("the event cannot be written as JSON: {error}"),
                )
            })?;
            slot.staged.push(StagedEvent {
                sequence: slot.version + slot.staged.len() as u64 + 1,
                event_type: event.event_type(),
                event_version: event.event_version(),
                payload,
            });
            state.apply(event);
        }
        slot.state = Arc::new(state);
        state_of(slot)
    }

    /// What to append, in stream order, and the versions of streams that were only read.
    pub fn finish(self) -> (Vec<StreamWrite>, Vec<(StreamKey, u64)>) {
        let (mut writes, mut guards) = (Vec::new(), Vec::new());
        for (key, slot) in self.slots {
            if slot.staged.is_empty() {
                if slot.guarded {
                    guards.push((key, slot.version));
                }
                continue;
            }
            let custody = slot.state.custody().unwrap_or_else(|| {
                debug_assert!(false, "{key:?} has events and so exists");
                Custody::of(crate::actor::PLATFORM, [])
            });
            writes.push(StreamWrite {
                key,
                expected: slot.version,
                custody,
                events: slot.staged,
                state: slot.state,
            });
        }
        (writes, guards)
    }

    /// The version of a stream after what is staged on it.
    pub fn version(&self, key: StreamKey) -> u64 {
        self.slots
            .get(&key)
            .map_or(0, |slot| slot.version + slot.staged.len() as u64)
    }
}

fn state_of<A: Decider>(slot: &Slot) -> Result<&A, Halt> {
    slot.state.as_any().downcast_ref().ok_or_else(|| {
        Halt::Refused(Refusal::new(
            Reason::FieldInvalid,
            "the stream holds another kind of record; check the resource name",
        ))
    })
}
