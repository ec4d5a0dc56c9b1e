//! Given / when / then over several streams, for the rule tests of every step.

use std::sync::Arc;

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use crate::{
    actor::{ActingRole, Actor, PersonId, TenantId, TenantKind},
    calendar::midday,
    fact::{Visit, aggregates},
    id::Id,
    policy::{Policies, PolicyRegister, SetPolicy},
    refusal::Reason,
    world::{AnyState, Command, Decider, Halt, Issue, StreamKey, World},
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
type Kept = (Box<dyn AnyState>, u64, Vec<String>);

/// A ledger in memory: what happened so far, and the next command.
#[derive(Default)]
pub(crate) struct Given {
    streams: std::collections::BTreeMap<StreamKey, Kept>,
    requests: u128,
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
        };
        let mut needed: Vec<StreamKey> = vec![];
        let world = loop {
            let mut world = World::default();
            for key in &needed {
                let (state, version) = self.streams.get(key).map_or_else(
                    || (empty(key.kind), 0),
                    |(state, version, _)| (state.boxed(), *version),
                );
                world.insert(*key, state, version);
            }
            match command.run(&issue, &mut world) {
                Ok(_) => break world,
                Err(Halt::Need(key)) => needed.push(key),
                Err(Halt::Refused(refusal)) => return Err(refusal.reason),
            }
        };
        let mut appended = vec![];
        for write in world.finish().0 {
            let entry = self
                .streams
                .entry(write.key)
                .or_insert_with(|| (empty(write.key.kind), 0, vec![]));
            for event in write.events {
                let payload = serde_json::from_str(&event.payload).expect("staged events are JSON");
                entry.0.apply_stored(payload).expect("a stored event folds");
                entry.1 = event.sequence;
                appended.push(event.event_type.clone());
                entry.2.push(event.payload);
            }
        }
        Ok(appended)
    }

    /// The state of a stream so far.
    pub(crate) fn state<A: Decider>(&self, id: Id<A>) -> Option<&A> {
        self.streams
            .get(&id.key())
            .and_then(|(state, _, _)| state.as_any().downcast_ref())
    }

    /// The stored payloads of a stream.
    #[allow(dead_code)]
    pub(crate) fn stored<A: Decider>(&self, id: Id<A>) -> Vec<String> {
        self.streams
            .get(&id.key())
            .map(|(_, _, payloads)| payloads.clone())
            .unwrap_or_default()
    }

    /// The id of the request that the last `when` ran under.
    pub(crate) fn last_request(&self) -> Uuid {
        Uuid::from_u128(0xFACE_0000 + self.requests)
    }
}

fn empty(kind: &'static str) -> Box<dyn AnyState> {
    struct Find(&'static str, Option<Box<dyn AnyState>>);
    impl Visit for Find {
        fn visit<A: Decider>(&mut self) {
            if A::TYPE == self.0 {
                self.1 = Some(Box::new(A::default()));
            }
        }
    }
    let mut find = Find(kind, None);
    aggregates(&mut find);
    find.1.expect("a listed aggregate")
}
