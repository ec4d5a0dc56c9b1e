//! The policy register: every value a policy may change, effective-dated, with its source and
//! approver. A decision records the versions it used, so replay never re-decides with newer ones.

pub mod baseline;
pub mod catalogue;
mod questions;
mod roles;
mod shape;

pub use questions::*;

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Arc, LazyLock, Mutex},
};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    actor::{ActingRole, PLATFORM},
    id::Id,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest policy id, in bytes.
pub const POLICY_ID_BYTES_MAX: usize = 80;
/// The largest value of one version, in bytes of JSON.
pub const VALUE_BYTES_MAX: usize = 16 * 1024;
/// The longest source or approver, in bytes.
pub const SOURCE_BYTES_MAX: usize = 500;

/// One version of one policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PolicyVersion {
    /// From 1, per policy.
    pub version: u32,
    /// First day in force.
    pub from: Date,
    /// First day no longer in force; open when absent.
    pub until: Option<Date>,
    /// The value; its shape belongs to the policy (see `policy/baseline`).
    pub value: Value,
    /// Where the value comes from: a rule id, a document, a decision.
    pub source: String,
    /// Who approved it.
    pub approver: String,
}

impl PolicyVersion {
    fn holds(&self, on: Date) -> bool {
        holds(self.from, self.until, on)
    }
}

fn holds(from: Date, until: Option<Date>, on: Date) -> bool {
    from <= on && until.is_none_or(|until| on < until)
}

/// The register: one stream, folded. Shape: policy id → versions, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PolicyRegister {
    policies: BTreeMap<String, Vec<PolicyVersion>>,
}

impl PolicyRegister {
    /// The register's only id.
    pub fn id() -> Id<Self> {
        static ID: LazyLock<Id<PolicyRegister>> = LazyLock::new(|| Id::derive(PLATFORM, &[]));
        *ID
    }

    /// The version in force on a date: of those whose days contain it, the newest.
    pub fn in_force(&self, policy: &str, on: Date) -> Option<&PolicyVersion> {
        self.policies
            .get(policy)?
            .iter()
            .rev()
            .find(|version| version.holds(on))
    }

    /// Every policy with its versions, by id.
    pub fn all(&self) -> impl Iterator<Item = (&str, &[PolicyVersion])> {
        self.policies
            .iter()
            .map(|(policy, versions)| (policy.as_str(), versions.as_slice()))
    }

    /// Policies after an id, by id; for paging.
    pub fn after<'a>(
        &'a self,
        after: Bound<&'a str>,
    ) -> impl Iterator<Item = (&'a str, &'a [PolicyVersion])> {
        self.policies
            .range::<str, _>((after, Bound::Unbounded))
            .map(|(policy, versions)| (policy.as_str(), versions.as_slice()))
    }

    /// The value in force on a date; `None` when there is none of the shape asked for.
    pub fn value<T: DeserializeOwned>(&self, policy: &str, on: Date) -> Option<T> {
        T::deserialize(&self.in_force(policy, on)?.value).ok()
    }

    /// What follows a prefix in the ids that have it, by id.
    pub fn under<'a>(&'a self, prefix: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let prefix = prefix.to_owned();
        self.policies
            .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
            .map_while(move |(policy, _)| policy.strip_prefix(prefix.as_str()))
    }

    fn evolve(&mut self, event: PolicyEvent) {
        let PolicyEvent::PolicySet { policy, version } = event;
        self.policies.entry(policy).or_default().push(version);
    }
}

/// What the register decides.
#[derive(Debug, Clone)]
pub enum PolicyAct {
    /// See [`SetPolicy`].
    Set(SetPolicy),
}

/// Facts of the register.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum PolicyEvent {
    /// A policy has a new version.
    PolicySet {
        /// `cluster.min`
        policy: String,
        /// The version.
        version: PolicyVersion,
    },
}

aggregate!(PolicyRegister, "policy", PolicyAct, PolicyEvent);

impl Decider for PolicyRegister {
    type Act = PolicyAct;
    const COLLECTION: &'static str = "policies";

    fn decide(&self, issued: &Issued<PolicyAct>) -> Result<Vec<PolicyEvent>, Refusal> {
        let PolicyAct::Set(set) = &issued.act;
        if set.policy.is_empty()
            || set.policy.len() > POLICY_ID_BYTES_MAX
            || !set
                .policy
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        {
            return Err(Refusal::invalid(
                "policy",
                "a policy id is 1 to 80 letters, digits, dots, dashes or underscores",
            ));
        }
        if set.until.is_some_and(|until| until <= set.from) {
            return Err(Refusal::invalid("until", "must be later than from"));
        }
        if set.value.to_string().len() > VALUE_BYTES_MAX {
            return Err(Refusal::invalid(
                "value_json",
                format!("at most {VALUE_BYTES_MAX} bytes of JSON"),
            ));
        }
        let source = text::free(&set.source, "source", SOURCE_BYTES_MAX)?;
        let approver = text::free(&set.approver, "approver", SOURCE_BYTES_MAX)?;
        let versions = self
            .policies
            .get(&set.policy)
            .map_or(&[][..], Vec::as_slice);
        let newest = versions.last().map(|version| &version.value);
        shape::check(&set.policy, &set.value, newest)
            .map_err(|why| Refusal::invalid("value_json", why))?;
        let next = PolicyVersion {
            version: u32::try_from(versions.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            from: set.from,
            until: set.until,
            value: set.value.clone(),
            source,
            approver,
        };
        let same = |known: &PolicyVersion| {
            PolicyVersion {
                version: 0,
                ..known.clone()
            } == PolicyVersion {
                version: 0,
                ..next.clone()
            }
        };
        // only the newest of a day is a repeat: going back to an earlier value is a new decision
        let newest = versions.iter().rev().find(|known| known.from == set.from);
        if newest.is_some_and(same) {
            return Ok(vec![]);
        }
        Ok(vec![PolicyEvent::PolicySet {
            policy: set.policy.clone(),
            version: next,
        }])
    }

    /// The register is the platform's; commissioners reach it through `PolicyService` only.
    fn custody(&self) -> Option<Custody> {
        Some(Custody::of(PLATFORM, []))
    }
}

/// Sets a policy value from a date on. An approver of the commissioner or the platform does it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SetPolicy {
    /// The policy id, `cluster.min`.
    pub policy: String,
    /// First day in force.
    pub from: Date,
    /// First day no longer in force.
    pub until: Option<Date>,
    /// The value.
    pub value: Value,
    /// A rule id, a document, a decision.
    pub source: String,
    /// Who approved it.
    pub approver: String,
}

impl Command for SetPolicy {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let id = PolicyRegister::id();
        if !matches!(
            issue.by.role,
            ActingRole::CommissionerNational | ActingRole::PlatformOperator
        ) {
            return Err(Refusal::not_permitted().into());
        }
        world.decide_beyond(issue, id, PolicyAct::Set(self.clone()))?;
        Ok(id.key())
    }
}

/// A value proposed for a policy, as [`SetPolicy`] would set it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposedPolicy {
    /// The policy id.
    pub policy: String,
    /// First day in force.
    pub from: Date,
    /// First day no longer in force.
    pub until: Option<Date>,
    /// The value.
    pub value: Value,
}

impl ProposedPolicy {
    /// Refuses what could not be set.
    ///
    /// # Errors
    /// `FIELD_INVALID`.
    pub fn check(&self, register: &PolicyRegister) -> Result<(), Refusal> {
        if self.until.is_some_and(|until| until <= self.from) {
            return Err(Refusal::invalid("until", "must be later than from"));
        }
        let newest = register
            .policies
            .get(&self.policy)
            .and_then(|versions| versions.last())
            .map(|version| &version.value);
        shape::check(&self.policy, &self.value, newest)
            .map_err(|why| Refusal::invalid("value_json", why))
    }
}

/// When the versions of each policy were set: policy id → one instant per version.
pub type SetTimes = BTreeMap<String, Vec<Timestamp>>;

/// What a past decision knew of the register.
#[derive(Debug, Clone)]
pub struct Recollection {
    /// The versions it recorded, by policy id.
    pub versions: BTreeMap<String, u32>,
    /// When it was recorded.
    pub recorded: Timestamp,
    /// When the versions of the register were set.
    pub set: Arc<SetTimes>,
}

impl Recollection {
    /// The version it recorded; of a policy it never asked for, the one it would have found.
    fn version<'a>(
        &self,
        register: &'a PolicyRegister,
        policy: &str,
        on: Date,
    ) -> Option<&'a PolicyVersion> {
        let versions = register.policies.get(policy)?;
        if let Some(used) = self.versions.get(policy) {
            return versions.iter().find(|version| version.version == *used);
        }
        let set = self.set.get(policy)?;
        versions
            .iter()
            .zip(set)
            .rev()
            .filter(|(_, set)| **set <= self.recorded)
            .map(|(version, _)| version)
            .find(|version| version.holds(on))
    }
}

/// The register as a command sees it; remembers which versions it used.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    register: Arc<PolicyRegister>,
    used: Arc<Mutex<BTreeMap<String, u32>>>,
    recalled: Option<Arc<(Recollection, Arc<[ProposedPolicy]>)>>,
}

impl Policies {
    /// A fresh reader of `register`.
    pub fn of(register: Arc<PolicyRegister>) -> Self {
        Self {
            register,
            ..Self::default()
        }
    }

    /// The register as a past decision knew it, so that it comes out as it did (`LOCK-05`).
    pub fn recalled(register: Arc<PolicyRegister>, known: Recollection) -> Self {
        Self::proposed(register, known, Arc::from([]))
    }

    /// The same with proposed values in place of those they would have replaced.
    pub fn proposed(
        register: Arc<PolicyRegister>,
        known: Recollection,
        proposal: Arc<[ProposedPolicy]>,
    ) -> Self {
        Self {
            recalled: Some(Arc::new((known, proposal))),
            ..Self::of(register)
        }
    }

    /// The version that holds for whom this is, and its value.
    fn holding(&self, policy: &str, on: Date) -> Option<(u32, &Value)> {
        let version = match self.recalled.as_deref() {
            None => self.register.in_force(policy, on),
            Some((known, proposal)) => {
                let proposed = proposal
                    .iter()
                    .rev()
                    .find(|value| value.policy == policy && holds(value.from, value.until, on));
                if let Some(proposed) = proposed {
                    return Some((0, &proposed.value));
                }
                known.version(&self.register, policy, on)
            }
        };
        version.map(|version| (version.version, &version.value))
    }

    /// The register itself, for listings that decide nothing.
    pub fn register(&self) -> &PolicyRegister {
        &self.register
    }

    /// The value in force on a date, noted as used; `None` when there is none.
    ///
    /// # Errors
    /// `POLICY_MISSING` when the stored value has another shape than the rule reads.
    pub fn find<T: DeserializeOwned>(&self, policy: &str, on: Date) -> Result<Option<T>, Refusal> {
        let Some((version, value)) = self.holding(policy, on) else {
            return Ok(None);
        };
        if let Ok(mut used) = self.used.lock() {
            used.insert(policy.to_owned(), version);
        }
        T::deserialize(value)
            .map(Some)
            .map_err(|_| missing(policy, on, "has a value of an unexpected shape"))
    }

    /// The value in force on a date, noted as used.
    ///
    /// # Errors
    /// `POLICY_MISSING` when no version is in force.
    pub fn get<T: DeserializeOwned>(&self, policy: &str, on: Date) -> Result<T, Refusal> {
        self.find(policy, on)?
            .ok_or_else(|| missing(policy, on, "has no value in force"))
    }

    /// The versions used so far: policy id → version.
    pub fn used(&self) -> BTreeMap<String, u32> {
        self.used
            .lock()
            .map(|used| used.clone())
            .unwrap_or_default()
    }

    /// Forgets what was used, before a command runs again.
    pub fn forget(&self) {
        if let Ok(mut used) = self.used.lock() {
            used.clear();
        }
    }
}

pub(crate) fn missing(policy: &str, on: Date, what: &str) -> Refusal {
    Refusal::new(
        Reason::PolicyMissing,
        format!("policy {policy} {what} on {on}; ask an approver to set it with SetPolicy"),
    )
    .with("policy", policy)
    .with("on", on)
}

/// The namespace of request ids of the baseline.
pub const BASELINE_REQUESTS: Uuid = Uuid::from_u128(0x7472_656c_6c69_7300_8000_0000_0000_0002);

#[cfg(test)]
mod tests;
