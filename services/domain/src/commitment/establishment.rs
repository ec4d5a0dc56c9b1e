//! The posts of a clinical service, as far as growth is asked about: the role is additional only
//! where no psychologist or therapist goes in the month it comes (`PRACTICE-10`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{Commitment, POST_KIND_BYTES_MAX};
use crate::{
    actor::{TenantId, TenantKind},
    directory::ClinicalService,
    id::Id,
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most posts one change adds or removes.
pub const POSTS_CHANGED_MAX: i32 = 500;

/// Posts of one kind that a month added, or removed when below zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostChange {
    /// The kind of post, in the words of policy `commitment.protected_posts`, or the role.
    pub kind: String,
    /// Whether policy protects the kind from being replaced.
    pub protected: bool,
    /// How many more; below zero for fewer.
    pub posts: i32,
    /// The day.
    pub on: Date,
}

/// A clinical service's posts as they change.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Establishment {
    between: Option<(TenantId, TenantId)>,
    changes: Vec<PostChange>,
}

/// Growth of one month.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Growth {
    /// Posts of the trained role, more or fewer.
    pub role: i32,
    /// Posts policy protects, more or fewer.
    pub protected: i32,
}

impl Growth {
    /// Takes a change in.
    pub fn note(&mut self, change: &PostChange) {
        let sum = if change.protected {
            &mut self.protected
        } else {
            &mut self.role
        };
        *sum = sum.saturating_add(change.posts);
    }

    /// Whether posts of the role came while protected ones went.
    pub fn offset(&self) -> bool {
        self.role > 0 && self.protected < 0
    }
}

/// What an establishment decides.
#[derive(Debug, Clone)]
pub enum EstablishmentAct {
    /// See [`RecordPostChange`].
    Change {
        /// Whose service.
        employer: TenantId,
        /// Who is told.
        commissioner: TenantId,
        /// Which service.
        clinical_service: Id<ClinicalService>,
        /// What.
        change: PostChange,
    },
}

/// Facts of an establishment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum EstablishmentEvent {
    /// A clinical service has more or fewer posts of a kind.
    PostsChanged {
        /// Whose service.
        employer: TenantId,
        /// Who is told.
        commissioner: TenantId,
        /// Which service.
        clinical_service: Id<ClinicalService>,
        /// What.
        change: PostChange,
    },
}

aggregate!(
    Establishment,
    "establishment",
    EstablishmentAct,
    EstablishmentEvent
);

impl Establishment {
    /// The id of a service's posts, as a commissioner is told of them.
    pub fn id(
        employer: TenantId,
        commissioner: TenantId,
        clinical_service: Id<ClinicalService>,
    ) -> Id<Self> {
        Id::derive(employer, &[commissioner.0, clinical_service.0])
    }

    /// Growth by month, its first day.
    pub fn growth(&self) -> BTreeMap<Date, Growth> {
        let mut growth: BTreeMap<Date, Growth> = BTreeMap::new();
        for change in &self.changes {
            growth
                .entry(change.on.first_of_month())
                .or_default()
                .note(change);
        }
        growth
    }

    fn evolve(&mut self, event: EstablishmentEvent) {
        let EstablishmentEvent::PostsChanged {
            employer,
            commissioner,
            change,
            ..
        } = event;
        self.between = Some((employer, commissioner));
        self.changes.push(change);
    }
}

impl Decider for Establishment {
    type Act = EstablishmentAct;
    const COLLECTION: &'static str = "establishments";

    fn decide(
        &self,
        issued: &Issued<EstablishmentAct>,
    ) -> Result<Vec<EstablishmentEvent>, Refusal> {
        let EstablishmentAct::Change {
            employer,
            commissioner,
            clinical_service,
            change,
        } = &issued.act;
        if self.changes.contains(change) && issued.by.kind != TenantKind::Platform {
            return Ok(vec![]);
        }
        Ok(vec![EstablishmentEvent::PostsChanged {
            employer: *employer,
            commissioner: *commissioner,
            clinical_service: *clinical_service,
            change: change.clone(),
        }])
    }

    fn custody(&self) -> Option<Custody> {
        self.between
            .map(|(employer, commissioner)| Custody::of(employer, [commissioner]))
    }
}

/// The employer records that a clinical service has more or fewer posts of a kind since the
/// effective day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordPostChange {
    /// The commitment whose posts are to be additional.
    pub commitment: Id<Commitment>,
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// The kind of post.
    pub kind: String,
    /// How many more; below zero for fewer.
    pub posts: i32,
}

impl Command for RecordPostChange {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let kind = text::identifier(&self.kind, "kind", POST_KIND_BYTES_MAX)?;
        if self.posts == 0 || self.posts.unsigned_abs() > POSTS_CHANGED_MAX.unsigned_abs() {
            return Err(Refusal::invalid(
                "posts",
                format!("not 0, and at most {POSTS_CHANGED_MAX} either way"),
            )
            .into());
        }
        let employer = issue.by.acting_for(TenantKind::Employer)?;
        let Some(terms) = world.read_own(issue, self.commitment)?.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        world.read_own(issue, self.clinical_service)?;
        let kinds: Vec<String> = issue
            .policies
            .get("commitment.protected_posts", issue.today())?;
        let protected = kinds.contains(&kind);
        if !protected && kind != terms.role.as_str() {
            return Err(Refusal::invalid(
                "kind",
                "the role itself, or a kind of policy commitment.protected_posts",
            )
            .into());
        }
        let id = Establishment::id(employer, terms.commissioner, self.clinical_service);
        let change = EstablishmentAct::Change {
            employer,
            commissioner: terms.commissioner,
            clinical_service: self.clinical_service,
            change: PostChange {
                kind,
                protected,
                posts: self.posts,
                on: issue.today(),
            },
        };
        world.decide(issue, id, change)?;
        Ok(id.key())
    }
}

/// A qualified post is one more of the role in its service; asked for by a reaction on its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteQualifiedPost {
    /// The commitment it discharged.
    pub commitment: Id<Commitment>,
    /// Its clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// First day in it.
    pub starts_on: Date,
}

impl Command for NoteQualifiedPost {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let Some(terms) = world.read(self.commitment)?.terms().cloned() else {
            return Err(Refusal::not_permitted().into());
        };
        let id = Establishment::id(terms.employer, terms.commissioner, self.clinical_service);
        let change = EstablishmentAct::Change {
            employer: terms.employer,
            commissioner: terms.commissioner,
            clinical_service: self.clinical_service,
            change: PostChange {
                kind: terms.role.as_str().to_owned(),
                protected: false,
                posts: 1,
                on: self.starts_on,
            },
        };
        world.decide_beyond(issue, id, change)?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
