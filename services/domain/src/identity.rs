//! Which records of people are one human: a referee of the platform's own, which no tenant ever reads.
//!
//! Two records of one human are merged, one record of two humans is split; no record changes by it and
//! no tenant learns of another's. What must hold for a human looks through: one acceptance at a time,
//! the funding lock, and erasure, each of which asks here whom else it concerns.

mod look_through;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{PLATFORM, PersonId, TenantKind},
    application::Application,
    correction::{Authority, Correction, RecordedEvent},
    id::Id,
    offer::{Acceptance, AcceptanceAct, Offer},
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

pub(crate) use self::look_through::{accepts_once, lock_answer};

/// The most records of one human.
pub const RECORDS_MAX: usize = 8;
/// The most applications that one split moves.
pub const MOVED_MAX: usize = 100;

/// How it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum IdentityReason {
    /// The human says so, and was identified.
    PersonIdentified,
    /// The controllers of the records have compared them.
    ControllersAgree,
    /// What was merged or split before was so by mistake.
    Mistake,
}

/// Why, and on whose word, an event that took one human for two, or two for one, is put right.
pub type IdentityCorrection = Correction<IdentityReason>;

/// What is known of one record of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    person: Option<PersonId>,
    same: BTreeSet<PersonId>,
    given: BTreeMap<Id<Application>, PersonId>,
    taken: BTreeMap<Id<Application>, PersonId>,
}

/// What an identity decides.
#[derive(Debug, Clone)]
pub enum IdentityAct {
    /// The record is one of several of a human.
    Merge {
        /// Whose record.
        person: PersonId,
        /// The others of the same human.
        same: BTreeSet<PersonId>,
        /// What it puts right.
        correction: IdentityCorrection,
    },
    /// The record is another human's than that of `from`.
    Split {
        /// Whose record.
        person: PersonId,
        /// The other human's.
        from: PersonId,
        /// Applications of this record that are the other's.
        given: BTreeSet<Id<Application>>,
        /// Applications of the other record that are this one's.
        taken: BTreeSet<Id<Application>>,
        /// What it puts right.
        correction: IdentityCorrection,
    },
}

/// Facts of an identity, in the platform's feed only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum IdentityEvent {
    /// Records are one human's.
    PersonsMerged {
        /// Whose record.
        person: PersonId,
        /// All others of the same human.
        same: BTreeSet<PersonId>,
        /// What it puts right.
        correction: IdentityCorrection,
    },
    /// Two records, or two parts of one, are two humans'.
    PersonsSplit {
        /// Whose record.
        person: PersonId,
        /// The other human's.
        from: PersonId,
        /// Applications of this record that are the other's.
        given: BTreeSet<Id<Application>>,
        /// Applications of the other record that are this one's.
        taken: BTreeSet<Id<Application>>,
        /// What it puts right.
        correction: IdentityCorrection,
    },
}

aggregate!(Identity, "identity", IdentityAct, IdentityEvent);

impl Identity {
    /// The id of what is known of a person's record.
    pub fn id(person: PersonId) -> Id<Self> {
        Id::derive(PLATFORM, &[person.0])
    }

    /// The other records of the same human.
    pub fn same(&self) -> &BTreeSet<PersonId> {
        &self.same
    }

    fn evolve(&mut self, event: IdentityEvent) {
        match event {
            IdentityEvent::PersonsMerged { person, same, .. } => {
                self.person = Some(person);
                self.same = same;
            }
            IdentityEvent::PersonsSplit {
                person,
                from,
                given,
                taken,
                ..
            } => {
                self.person = Some(person);
                self.same.remove(&from);
                self.given.extend(given.into_iter().map(|one| (one, from)));
                self.taken.extend(taken.into_iter().map(|one| (one, from)));
            }
        }
    }
}

impl Decider for Identity {
    type Act = IdentityAct;
    const COLLECTION: &'static str = "identities";

    fn decide(&self, issued: &Issued<IdentityAct>) -> Result<Vec<IdentityEvent>, Refusal> {
        Ok(match issued.act.clone() {
            IdentityAct::Merge { same, .. } if same == self.same => vec![],
            IdentityAct::Merge {
                person,
                same,
                correction,
            } => vec![IdentityEvent::PersonsMerged {
                person,
                same,
                correction,
            }],
            IdentityAct::Split {
                person,
                from,
                given,
                taken,
                correction,
            } => {
                let known = |moved: &BTreeMap<_, PersonId>, asked: &BTreeSet<_>| {
                    asked.iter().all(|one| moved.get(one) == Some(&from))
                };
                let split = !self.same.contains(&from)
                    && known(&self.given, &given)
                    && known(&self.taken, &taken);
                if split {
                    return Ok(vec![]);
                }
                vec![IdentityEvent::PersonsSplit {
                    person,
                    from,
                    given,
                    taken,
                    correction,
                }]
            }
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.person
            .map(|person| Custody::of(PLATFORM, []).about(person))
    }
}

/// What a merge or split puts right: an event of a record of either person.
fn correction(
    issue: &Issue,
    world: &mut World,
    (person, other): (PersonId, PersonId),
    event: &RecordedEvent,
    reason: IdentityReason,
    authority: Authority,
) -> Result<IdentityCorrection, Halt> {
    issue.by.acting_for(TenantKind::Platform)?;
    if person == other {
        return Err(Refusal::invalid("other", "name two records; these are one").into());
    }
    let of_either = world
        .whose(event.key("event")?)?
        .is_some_and(|(custody, version)| {
            let subject = custody.subject;
            (subject == Some(person) || subject == Some(other))
                && (1..=version).contains(&event.sequence)
        });
    if !of_either {
        return Err(Refusal::invalid(
            "event",
            "name the event of a record of either person from which it shows",
        )
        .into());
    }
    authority.covers(issue, world, event)?;
    Ok(Correction {
        corrects: event.clone(),
        reason,
        authority,
    })
}

/// Two records are one human's. Nothing that was recorded changes, and what is accepted twice stands:
/// from now on one acceptance, one lock and one erasure are those of all the human's records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MergePersons {
    /// One record.
    pub person: PersonId,
    /// The other.
    pub other: PersonId,
    /// The event from which it shows, such as the second record's first application.
    pub event: RecordedEvent,
    /// How it is known.
    pub reason: IdentityReason,
    /// On whose word.
    pub authority: Authority,
}

impl Command for MergePersons {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let both = (self.person, self.other);
        let correction = correction(issue, world, both, &self.event, self.reason, self.authority)?;
        let mut human = BTreeSet::from([self.person, self.other]);
        for one in [self.person, self.other] {
            human.extend(&world.read(Identity::id(one))?.same);
        }
        if human.len() > RECORDS_MAX {
            return Err(Refusal::state_not_allowed(format!(
                "one human has at most {RECORDS_MAX} records; split what was merged by mistake first"
            ))
            .into());
        }
        for one in &human {
            let act = IdentityAct::Merge {
                person: *one,
                same: human.iter().copied().filter(|other| other != one).collect(),
                correction: correction.clone(),
            };
            world.decide(issue, Identity::id(*one), act)?;
        }
        Ok(Identity::id(self.person).key())
    }
}

/// Records that were merged, or parts of one record, are two humans'.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SplitPersons {
    /// One human.
    pub person: PersonId,
    /// The other.
    pub other: PersonId,
    /// Applications under the first record that are the other human's.
    pub applications: BTreeSet<Id<Application>>,
    /// The event from which it shows, such as the merge.
    pub event: RecordedEvent,
    /// How it is known.
    pub reason: IdentityReason,
    /// On whose word.
    pub authority: Authority,
}

impl Command for SplitPersons {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let both = (self.person, self.other);
        text::at_most(
            &self.applications.iter().collect::<Vec<_>>(),
            "applications",
            MOVED_MAX,
        )?;
        let correction = correction(issue, world, both, &self.event, self.reason, self.authority)?;
        let merged = world.read(Identity::id(self.person))?.same.clone();
        let mut acceptances = vec![];
        for application in &self.applications {
            let held = world.read(*application)?.held();
            let whose = held.map(|held| (held.terms.person, held.terms.employer));
            let Some((_, employer)) = whose.filter(|(person, _)| *person == self.person) else {
                return Err(Refusal::invalid(
                    "applications",
                    "name applications of the first record only",
                )
                .into());
            };
            acceptances.push(Offer::id(employer, *application));
        }
        if !merged.contains(&self.other) && self.applications.is_empty() {
            return Err(Refusal::state_not_allowed(
                "these are two records already; name the applications that are the other human's",
            )
            .into());
        }
        // the other leaves everybody whom it was merged with
        for one in merged.iter().filter(|one| **one != self.other) {
            self.part(issue, world, (*one, self.other), &correction)?;
            self.part(issue, world, (self.other, *one), &correction)?;
        }
        self.part(issue, world, both, &correction)?;
        self.part(issue, world, (self.other, self.person), &correction)?;
        for offer in acceptances {
            if world.read(Acceptance::id(self.person))?.offer() == Some(offer) {
                let release = AcceptanceAct::Release { offer };
                world.decide(issue, Acceptance::id(self.person), release)?;
                // who has accepted another offer too keeps both: nothing is undone behind a back
                if world.read(Acceptance::id(self.other))?.offer().is_none() {
                    let person = self.other;
                    let give = AcceptanceAct::Give { person, offer };
                    world.decide(issue, Acceptance::id(person), give)?;
                }
            }
        }
        Ok(Identity::id(self.person).key())
    }
}

impl SplitPersons {
    /// Notes on one record that another is not the same human's.
    fn part(
        &self,
        issue: &Issue,
        world: &mut World,
        (person, from): (PersonId, PersonId),
        correction: &IdentityCorrection,
    ) -> Result<(), Halt> {
        let moved = |gives| match gives {
            true => self.applications.clone(),
            false => BTreeSet::new(),
        };
        let act = IdentityAct::Split {
            person,
            from,
            given: moved((person, from) == (self.person, self.other)),
            taken: moved((from, person) == (self.person, self.other)),
            correction: correction.clone(),
        };
        world.decide(issue, Identity::id(person), act)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
