//! Ids of records: typed, globally unique, carrying the home slice, derived and never random.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::{
    actor::{PersonId, TenantId},
    refusal::Refusal,
    world::{Decider, StreamKey},
};

/// The id of an aggregate `A`. Its first ten bits are the slice of its home tenant.
pub struct Id<A>(pub Uuid, PhantomData<fn() -> A>);

impl<A> Id<A> {
    /// Wraps a known id.
    pub const fn new(id: Uuid) -> Self {
        Self(id, PhantomData)
    }
}

impl<A: Decider> Id<A> {
    /// The id of the `A` that `home` keeps for `parts`: a natural key (other records' ids) or the
    /// request id that creates it. The same parts always give the same id, so repeats meet it.
    pub fn derive(home: TenantId, parts: &[Uuid]) -> Self {
        let mut name = A::TYPE.as_bytes().to_vec();
        for part in parts {
            name.push(b'/');
            name.extend_from_slice(part.as_bytes());
        }
        let mut bytes = *Uuid::new_v5(&home.0, &name).as_bytes();
        let slice = home.slice() << 6;
        bytes[0] = slice.to_be_bytes()[0];
        bytes[1] = slice.to_be_bytes()[1] | (bytes[1] & 0x3f);
        bytes[6] = (bytes[6] & 0x0f) | 0x80;
        Self::new(Uuid::from_bytes(bytes))
    }

    /// The stream of this aggregate.
    pub fn key(self) -> StreamKey {
        StreamKey {
            kind: A::TYPE,
            id: self.0,
        }
    }

    /// The resource name, `vacancies/{uuid}`.
    pub fn name(self) -> String {
        format!("{}/{}", A::COLLECTION, self.0)
    }

    /// Reads a resource name.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field` when it is not a name of this collection.
    pub fn from_name(name: &str, field: &'static str) -> Result<Self, Refusal> {
        parse(name, A::COLLECTION, field).map(Self::new)
    }
}

fn parse(name: &str, collection: &'static str, field: &'static str) -> Result<Uuid, Refusal> {
    name.strip_prefix(collection)
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|id| id.len() == 36)
        .and_then(|id| Uuid::try_parse(id).ok())
        .ok_or_else(|| {
            Refusal::invalid(
                field,
                format!("expected a name of the form {collection}/{{uuid}}"),
            )
        })
}

impl TenantId {
    /// Reads `tenants/{uuid}`.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn from_name(name: &str, field: &'static str) -> Result<Self, Refusal> {
        parse(name, "tenants", field).map(Self)
    }
}

impl PersonId {
    /// Reads `people/{uuid}`.
    ///
    /// # Errors
    /// `FIELD_INVALID` at `field`.
    pub fn from_name(name: &str, field: &'static str) -> Result<Self, Refusal> {
        parse(name, "people", field).map(Self)
    }
}

impl<A> Clone for Id<A> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<A> Copy for Id<A> {}
impl<A> PartialEq for Id<A> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<A> Eq for Id<A> {}
impl<A> PartialOrd for Id<A> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<A> Ord for Id<A> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<A> std::hash::Hash for Id<A> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<A> fmt::Debug for Id<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<A> Serialize for Id<A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
impl<'de, A> Deserialize<'de> for Id<A> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Uuid::deserialize(deserializer).map(Self::new)
    }
}
