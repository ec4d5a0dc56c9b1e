//! Given / when / then over several streams, for the rule tests of every step.

mod anything;
pub(crate) mod cast;
mod lives;

use std::{collections::VecDeque, sync::Arc};

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::{
    actor::{ActingRole, Actor, PersonId, TenantId, TenantKind},
    calendar::{london_date, midday},
    fact::{Fact, Visit, aggregates},
    id::Id,
    policy::{Policies, PolicyRegister, SetPolicy},
    reactions::{self, Occurred, Reaction, Timer, on_timer, react},
    refusal::{Reason, Refusal},
    world::{AnyState, Command, Custody, Decider, Halt, Issue, StreamKey, World},
};

/// Short ids for casts: `tenant(1)`.
pub(crate) fn tenant(n: u128) -> TenantId {
    TenantId(Uuid::from_u128(n))
}

/// `person(7)`
pub(crate) fn person(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(n))
}

/// Someone of `tenant` in `role`.
pub(crate) fn actor(tenant: TenantId, role: ActingRole) -> Actor {
    Actor {
        tenant,
        kind: role.tenant_kind().unwrap_or(TenantKind::Platform),
        role,
        person: (role == ActingRole::Candidate).then_some(PersonId(tenant.0)),
        client: None,
    }
}

/// A stream so far: its state, version and stored payloads.
type Kept = (Arc<dyn AnyState>, u64, Vec<String>);

/// What a command that was not refused shows to its issuer and in its events' metadata.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The resource the receipt names.
    pub(crate) key: StreamKey,
    /// Its version.
    pub(crate) version: u64,
    /// The policy versions used.
    pub(crate) policies: std::collections::BTreeMap<String, u32>,
    /// The event types appended, in stream order.
    pub(crate) appended: Vec<String>,
}

/// A ledger in memory: what happened so far, and the next command.
#[derive(Default, Clone)]
pub(crate) struct Given {
    streams: std::collections::BTreeMap<StreamKey, Kept>,
    requests: u128,
    /// The day of each event that a command led to, by stream and place in it.
    kept: std::collections::BTreeMap<(StreamKey, usize), Date>,
    /// Events that reactions have not read yet, by stream and place in it, in the order of the log.
    outstanding: VecDeque<(StreamKey, usize)>,
    /// Timers that wait for their instant.
    timers: Vec<(Timestamp, Timer)>,
}

impl Given {
    pub(crate) fn nothing() -> Self {
        Self::default()
    }

    /// The whole baseline of policies is set.
    pub(crate) fn baseline() -> Self {
        let mut given = Self::default();
        let by = actor(crate::actor::PLATFORM, ActingRole::PlatformOperator);
        for row in crate::policy::baseline::baseline() {
            let request = crate::policy::baseline::request_id(&row);
            let outcome = given.when_requested(&by, midday(row.from), request, &row);
            assert!(outcome.is_ok(), "policy {}: {outcome:?}", row.policy);
        }
        given
    }

    /// Only these policies of the baseline are set, from the year 2000 on.
    pub(crate) fn of_the_baseline(self, policies: &[&str]) -> Self {
        crate::policy::baseline::baseline()
            .into_iter()
            .filter(|row| policies.contains(&row.policy.as_str()))
            .fold(self, |given, row| given.policy(&row.policy, row.value))
    }

    /// Sets a policy from the year 2000 on.
    pub(crate) fn policy(mut self, policy: &str, value: serde_json::Value) -> Self {
        let set = SetPolicy {
            policy: policy.to_owned(),
            from: Date::constant(2000, 1, 1),
            until: None,
            value,
            source: "test".to_owned(),
            approver: "test".to_owned(),
        };
        let by = actor(crate::actor::PLATFORM, ActingRole::PlatformOperator);
        let outcome = self.when(&by, Date::constant(2000, 1, 1), &set);
        assert!(outcome.is_ok(), "policy {policy}: {outcome:?}");
        self
    }

    /// Runs a command on a date at midday; what it appended is kept for the next one.
    /// Answers with the event types it appended, or the reason it was refused for.
    pub(crate) fn when(
        &mut self,
        by: &Actor,
        on: Date,
        command: &dyn Command,
    ) -> Result<Vec<String>, Reason> {
        self.when_at(by, midday(on), command)
    }

    /// The same at an instant.
    pub(crate) fn when_at(
        &mut self,
        by: &Actor,
        at: Timestamp,
        command: &dyn Command,
    ) -> Result<Vec<String>, Reason> {
        self.requests += 1;
        let request = Uuid::from_u128(0xFACE_0000 + self.requests);
        self.when_requested(by, at, request, command)
    }

    /// The same under a given request id.
    pub(crate) fn when_requested(
        &mut self,
        by: &Actor,
        at: Timestamp,
        request: Uuid,
        command: &dyn Command,
    ) -> Result<Vec<String>, Reason> {
        self.answer(by, at, request, command)
            .map(|answer| answer.appended)
            .map_err(|refusal| refusal.reason)
    }

    /// The same, with all that its issuer and the record of it can show.
    pub(crate) fn answer(
        &mut self,
        by: &Actor,
        at: Timestamp,
        request: Uuid,
        command: &dyn Command,
    ) -> Result<Answer, Refusal> {
        let register = self
            .state(PolicyRegister::id())
            .cloned()
            .unwrap_or_default();
        let issue = Issue {
            by: by.clone(),
            effective: at,
            recorded: at,
            request,
            policies: Policies::of(Arc::new(register)),
            salt: crate::personal::DigestSalt(Uuid::nil()),
        };
        let mut needed: Vec<StreamKey> = vec![];
        let (key, world) = loop {
            issue.policies.forget();
            let mut world = World::default();
            for key in &needed {
                let (state, version) = self.streams.get(key).map_or_else(
                    || (empty(key.kind), 0),
                    |(state, version, _)| (Arc::clone(state), *version),
                );
                world.insert(*key, state, version);
            }
            match command.run(&issue, &mut world) {
                Ok(key) => break (key, world),
                Err(Halt::Need(key)) => needed.push(key),
                Err(Halt::Refused(refusal)) => return Err(refusal),
            }
        };
        let version = world.version(key);
        let mut appended = vec![];
        for write in world.finish().0 {
            for event in write.events {
                self.keep(write.key, event.payload, Some(london_date(at)));
                appended.push(event.event_type);
            }
            if let Some((state, _, _)) = self.streams.get_mut(&write.key) {
                *state = write.state;
            }
        }
        Ok(Answer {
            key,
            version,
            policies: issue.policies.used(),
            appended,
        })
    }

    fn keep(&mut self, key: StreamKey, payload: String, on: Option<Date>) {
        let stored = serde_json::from_str(&payload).expect("staged events are JSON");
        let (state, version, payloads) = self
            .streams
            .entry(key)
            .or_insert_with(|| (empty(key.kind), 0, vec![]));
        let mut after = state.boxed();
        after.apply_stored(stored).expect("a stored event folds");
        *state = after.into();
        *version += 1;
        payloads.push(payload);
        let place = payloads.len() - 1;
        if let Some(on) = on {
            self.kept.insert((key, place), on);
            self.outstanding.push_back((key, place));
        }
    }

    /// An event of a record's past, whatever led to it and whatever followed.
    pub(crate) fn happened<A: Decider>(mut self, id: Id<A>, event: &A::Event) -> Self {
        let payload = serde_json::to_string(event).expect("events are JSON");
        self.keep(id.key(), payload, None);
        self
    }

    /// Runs every reaction that is outstanding, and what follows from those, on a date, in the order
    /// of the log. Answers with the event types they appended.
    pub(crate) fn settle(&mut self, on: Date) -> Vec<String> {
        self.settle_by(on, &mut |_| 0)
    }

    /// The same, where each tenant's events are read in the order of the log but the tenants in any:
    /// `pick` says which of so many comes next.
    pub(crate) fn settle_by(
        &mut self,
        on: Date,
        pick: &mut dyn FnMut(usize) -> usize,
    ) -> Vec<String> {
        let mut appended = vec![];
        loop {
            let mut heads: Vec<(Option<TenantId>, usize)> = vec![];
            for (at, (key, _)) in self.outstanding.iter().enumerate() {
                let home = self.home(*key);
                if heads.iter().all(|(head, _)| *head != home) {
                    heads.push((home, at));
                }
            }
            let Some((_, at)) = heads.get(pick(heads.len().max(1))) else {
                return appended;
            };
            if let Some((key, place)) = self.outstanding.remove(*at) {
                appended.extend(self.react_to(on, key, place));
            }
        }
    }

    fn home(&self, key: StreamKey) -> Option<TenantId> {
        self.custody(key).map(|custody| custody.home)
    }

    /// Whose record a stream is, if it exists.
    pub(crate) fn custody(&self, key: StreamKey) -> Option<Custody> {
        let (state, _, _) = self.streams.get(&key)?;
        state.custody()
    }

    /// Whether every stream, folded again from what is stored, stands where it stood after its last
    /// command.
    pub(crate) fn replays(&self) -> bool {
        self.streams.iter().all(|(key, (state, _, payloads))| {
            let mut again = empty(key.kind).boxed();
            for payload in payloads {
                again.apply_text(payload).expect("a stored event folds");
            }
            format!("{again:?}") == format!("{state:?}")
        })
    }

    fn react_to(&mut self, on: Date, key: StreamKey, place: usize) -> Vec<String> {
        let sequence = place as u64 + 1;
        let payload: Result<serde_json::Value, _> =
            serde_json::from_str(&self.streams[&key].2[place]);
        let event = Occurred {
            stream: key.id,
            sequence,
            effective: midday(on),
            fact: Fact::decode(key.kind, payload.expect("stored events are JSON"))
                .expect("a stored event decodes")
                .expect("a listed aggregate"),
        };
        let mut appended = vec![];
        for (n, reaction) in react(&event).into_iter().enumerate() {
            let command = match reaction {
                Reaction::Command(_, command) => command,
                Reaction::DestroyKeys { .. } => continue,
                Reaction::Timer(due, timer) => {
                    self.timers.push((due, timer));
                    continue;
                }
            };
            let request = reactions::request_id(key.id, sequence, n);
            let outcome = self.when_requested(&Actor::platform(), midday(on), request, &*command);
            appended.extend(outcome.unwrap_or_else(|why| panic!("{command:?}: {why:?}")));
        }
        appended
    }

    /// Runs the timers that are due by a date, first come first.
    pub(crate) fn clock(&mut self, on: Date) {
        while let Some((at, _)) = self
            .timers
            .iter()
            .enumerate()
            .filter(|(_, (due, _))| *due <= midday(on))
            .min_by_key(|(_, (due, _))| *due)
        {
            let (due, timer) = self.timers.remove(at);
            let (_, command) = on_timer(&timer);
            let outcome = self.when_at(&Actor::platform(), due, &*command);
            assert!(outcome.is_ok(), "{timer:?}: {outcome:?}");
        }
    }

    /// The state of a stream so far.
    pub(crate) fn state<A: Decider>(&self, id: Id<A>) -> Option<&A> {
        self.streams
            .get(&id.key())
            .and_then(|(state, _, _)| state.as_any().downcast_ref())
    }

    /// The stored payloads of a stream.
    pub(crate) fn stored<A: Decider>(&self, id: Id<A>) -> Vec<String> {
        self.streams
            .get(&id.key())
            .map(|(_, _, payloads)| payloads.clone())
            .unwrap_or_default()
    }

    /// Which event of a record its last event of a type says to correct.
    pub(crate) fn corrects<A: Decider>(&self, id: Id<A>, event_type: &str) -> Option<u64> {
        let told = self.stored(id).into_iter().rev();
        let told = told.filter_map(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        let said = told
            .filter_map(|told| told.get(event_type).cloned())
            .next()?;
        let corrects = said.get("corrects")?;
        let own = crate::correction::RecordedEvent::of(id.key(), 0).record;
        let itself = corrects.pointer("/event/record")?.as_str() == Some(own.as_str());
        let event = corrects.pointer("/event/sequence")?.as_u64();
        event.filter(|_| itself)
    }

    /// Every record there is.
    pub(crate) fn records(&self) -> impl Iterator<Item = StreamKey> {
        self.streams.keys().copied()
    }

    /// How many events there are.
    pub(crate) fn told(&self) -> u64 {
        self.streams.values().map(|(_, version, _)| version).sum()
    }

    /// Every event so far, stream by stream, with its day where a command led to it.
    pub(crate) fn log(&self) -> Vec<(StreamKey, serde_json::Value, Option<Date>)> {
        let mut log = vec![];
        for (key, (_, _, payloads)) in &self.streams {
            for (place, payload) in payloads.iter().enumerate() {
                let payload = serde_json::from_str(payload).expect("stored events are JSON");
                log.push((*key, payload, self.kept.get(&(*key, place)).copied()));
            }
        }
        log
    }

    /// The id of the request that the last `when` ran under.
    pub(crate) fn last_request(&self) -> Uuid {
        Uuid::from_u128(0xFACE_0000 + self.requests)
    }
}

fn empty(kind: &'static str) -> Arc<dyn AnyState> {
    struct Find(&'static str, Option<Arc<dyn AnyState>>);
    impl Visit for Find {
        fn visit<A: Decider>(&mut self) {
            if A::TYPE == self.0 {
                self.1 = Some(Arc::new(A::default()));
            }
        }
    }
    let mut find = Find(kind, None);
    aggregates(&mut find);
    find.1.expect("a listed aggregate")
}
