//! Break-glass (`permissions.md` C.1): somebody opens one class of one record that their role does
//! not show, for a reason and a few hours, and the data protection officer of their organisation is
//! told.
//!
//! It opens nothing that the organisation does not hold itself: the record is one it is a party of,
//! and the values are its own copies. It closes by its hour, without anybody's doing, and what is
//! read under it is an access like any other.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    actor::{ActingRole, Actor, PersonId, TenantId},
    fact::{Visit, aggregates},
    id::Id,
    personal::PersonalClass,
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 500;
/// The most openings of one organisation that no officer has looked at.
pub const UNREVIEWED_MAX: usize = 200;
/// The longest record name, in bytes.
const RECORD_BYTES_MAX: usize = 100;

/// One opening.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// Its id: the request that made it.
    pub id: Uuid,
    /// Who.
    pub by: PersonId,
    /// In which role.
    pub role: ActingRole,
    /// Of which record, by its name.
    pub record: String,
    /// Which class.
    pub class: PersonalClass,
    /// Why; nothing about the person.
    pub reason: String,
    /// From when.
    pub from: Timestamp,
    /// From this instant on it is closed.
    pub until: Timestamp,
}

/// The openings of one organisation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlass {
    tenant: Option<TenantId>,
    openings: Vec<Opening>,
    reviewed: BTreeMap<Uuid, Date>,
}

/// What the record of openings decides.
#[derive(Debug, Clone)]
pub enum BreakGlassAct {
    /// See [`OpenBreakGlass`].
    Open(Opening),
    /// See [`ReviewBreakGlass`].
    Review(Uuid),
}

/// Facts of break-glass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum BreakGlassEvent {
    /// Somebody opened a class of a record; the officer is told.
    BreakGlassOpened {
        /// Where.
        tenant: TenantId,
        /// What, by whom, why and until when.
        opening: Opening,
    },
    /// The officer has looked at an opening.
    BreakGlassReviewed {
        /// Which.
        opening: Uuid,
        /// The day.
        on: Date,
    },
}

impl BreakGlass {
    /// The only one of an organisation.
    pub fn id(tenant: TenantId) -> Id<Self> {
        Id::derive(tenant, &[])
    }

    /// The openings, first to latest, each with the day an officer looked at it.
    pub fn openings(&self) -> impl Iterator<Item = (&Opening, Option<Date>)> {
        self.openings
            .iter()
            .map(|opening| (opening, self.reviewed.get(&opening.id).copied()))
    }

    /// The opening that lets `actor` read at an instant: their own, in the same role, not closed.
    pub fn open_to(&self, actor: &Actor, opening: Uuid, at: Timestamp) -> Option<&Opening> {
        self.openings.iter().find(|one| {
            one.id == opening
                && actor.person == Some(one.by)
                && actor.role == one.role
                && one.from <= at
                && at < one.until
        })
    }

    fn evolve(&mut self, event: BreakGlassEvent) {
        match event {
            BreakGlassEvent::BreakGlassOpened { tenant, opening } => {
                self.tenant = Some(tenant);
                self.openings.push(opening);
            }
            BreakGlassEvent::BreakGlassReviewed { opening, on } => {
                self.reviewed.insert(opening, on);
            }
        }
    }
}

aggregate!(BreakGlass, "break_glass", BreakGlassAct, BreakGlassEvent);

impl Decider for BreakGlass {
    type Act = BreakGlassAct;
    const COLLECTION: &'static str = "breakGlass";

    fn decide(&self, issued: &Issued<BreakGlassAct>) -> Result<Vec<BreakGlassEvent>, Refusal> {
        match &issued.act {
            BreakGlassAct::Open(opening) => {
                if self.openings.iter().any(|known| known.id == opening.id) {
                    return Ok(vec![]);
                }
                let unreviewed = self.openings().filter(|(_, reviewed)| reviewed.is_none());
                if unreviewed.count() >= UNREVIEWED_MAX {
                    return Err(Refusal::state_not_allowed(
                        "too many openings wait for the data protection officer; ask them to review \
                         those first",
                    ));
                }
                Ok(vec![BreakGlassEvent::BreakGlassOpened {
                    tenant: issued.by.tenant,
                    opening: opening.clone(),
                }])
            }
            BreakGlassAct::Review(opening) => {
                if !self.openings.iter().any(|known| known.id == *opening) {
                    return Err(Refusal::not_permitted());
                }
                Ok(if self.reviewed.contains_key(opening) {
                    vec![]
                } else {
                    vec![BreakGlassEvent::BreakGlassReviewed {
                        opening: *opening,
                        on: issued.today(),
                    }]
                })
            }
        }
    }

    /// The organisation's own.
    fn custody(&self) -> Option<Custody> {
        self.tenant.map(|tenant| Custody::of(tenant, []))
    }
}

/// The stream that a record's name is of.
///
/// # Errors
/// `FIELD_INVALID` when it is no name of a record.
pub fn named(record: &str) -> Result<StreamKey, Refusal> {
    struct Named<'n>(&'n str, Option<StreamKey>);
    impl Visit for Named<'_> {
        fn visit<A: Decider>(&mut self) {
            if let Ok(id) = Id::<A>::from_name(self.0, "record") {
                self.1 = Some(id.key());
            }
        }
    }
    let mut named = Named(record, None);
    aggregates(&mut named);
    named.1.ok_or_else(|| {
        Refusal::invalid(
            "record",
            "expected the name of a record, such as applications/{uuid}",
        )
    })
}

/// Refuses a record that the acting tenant is no party of; one that is not there looks the same.
pub(crate) fn party_of(issue: &Issue, world: &mut World, record: &str) -> Result<(), Halt> {
    struct Held<'h>(&'h Issue, &'h mut World, &'h str, Result<(), Halt>);
    impl Visit for Held<'_> {
        fn visit<A: Decider>(&mut self) {
            if let Ok(id) = Id::<A>::from_name(self.2, "record") {
                self.3 = self.1.read_own(self.0, id).map(|_| ());
            }
        }
    }
    named(record)?;
    let mut held = Held(issue, world, record, Ok(()));
    aggregates(&mut held);
    held.3
}

/// Somebody opens one class of one record for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OpenBreakGlass {
    /// Of which record, by its name.
    pub record: String,
    /// Which class.
    pub class: PersonalClass,
    /// Why; nothing about the person.
    pub reason: String,
    /// For how many hours.
    pub hours: u32,
}

impl Command for OpenBreakGlass {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let record = text::required(&self.record, "record", RECORD_BYTES_MAX)?;
        let reason = text::free(&self.reason, "reason", REASON_BYTES_MAX)?;
        if self.hours == 0 {
            return Err(Refusal::invalid("hours", "for one hour at the least").into());
        }
        party_of(issue, world, &record)?;
        let today = issue.today();
        let most: u32 = issue.policies.get("break_glass.hours", today)?;
        if self.hours > most {
            let most = format!("policy break_glass.hours allows {most} at the most");
            return Err(Refusal::invalid("hours", most).into());
        }
        let classes: BTreeSet<PersonalClass> = issue.policies.get("break_glass.classes", today)?;
        if !classes.contains(&self.class) {
            return Err(Refusal::state_not_allowed(
                "policy break_glass.classes opens no such class to anybody; ask whoever it is shown to",
            )
            .into());
        }
        let by = issue.by.person.ok_or_else(Refusal::not_permitted)?;
        let until = issue
            .recorded
            .checked_add(SignedDuration::from_hours(self.hours.into()));
        let opening = Opening {
            id: issue.request,
            by,
            role: issue.by.role,
            record,
            class: self.class,
            reason,
            from: issue.recorded,
            until: until.map_err(|_| Refusal::invalid("hours", "beyond the calendar"))?,
        };
        let id = BreakGlass::id(issue.by.tenant);
        world.decide(issue, id, BreakGlassAct::Open(opening))?;
        Ok(id.key())
    }
}

/// The data protection officer has looked at an opening.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewBreakGlass {
    /// Which.
    pub opening: Uuid,
}

impl Command for ReviewBreakGlass {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let id = BreakGlass::id(issue.by.tenant);
        world.decide(issue, id, BreakGlassAct::Review(self.opening))?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan as _, civil::date};

    use super::*;
    use crate::{
        application::tests::cast::{Cast, applied, hr, stranger},
        calendar::midday,
        given::person,
        refusal::Reason,
    };

    const ON: Date = date(2025, 11, 24);

    /// A manager of the employer, who sees no identity before the shortlist is locked.
    fn manager(who: u128) -> Actor {
        Actor {
            role: ActingRole::ServiceManager,
            person: Some(person(who)),
            ..hr()
        }
    }

    fn open(cast: &Cast) -> OpenBreakGlass {
        OpenBreakGlass {
            record: cast.application.name(),
            class: PersonalClass::Identity,
            reason: "Somebody rang about an interview and is at risk.".to_owned(),
            hours: 2,
        }
    }

    fn given() -> Cast {
        let mut cast = applied();
        cast.given = cast
            .given
            .of_the_baseline(&["break_glass.hours", "break_glass.classes"]);
        cast
    }

    #[test]
    fn c_1_break_glass_opens_for_its_hours_to_the_one_who_opened_it() {
        let mut cast = given();
        let command = open(&cast);
        let opened = cast.when(&manager(30), ON, &command);
        assert_eq!(opened, Ok(vec!["BreakGlassOpened".to_owned()]));
        let opening = cast.given.last_request();
        let log = cast.given.state(BreakGlass::id(hr().tenant));
        let log = log.expect("it exists");
        let admits = |by: &Actor, at| log.open_to(by, opening, at).is_some();
        let at = midday(ON);
        assert!(admits(&manager(30), at));
        assert!(admits(&manager(30), at + 119.minutes()));
        assert!(!admits(&manager(30), at + 2.hours()), "it closes by itself");
        assert!(!admits(&manager(31), at), "nobody else");
        let mut other_role = manager(30);
        other_role.role = ActingRole::ProfessionalLead;
        assert!(!admits(&other_role, at), "nor in another role");
    }

    #[test]
    fn c_1_break_glass_is_reasoned_bounded_and_for_a_record_of_ones_own() {
        let mut cast = given();
        let good = open(&cast);
        let mut refused = |by: &Actor, command: OpenBreakGlass| cast.when(by, ON, &command);
        for (command, reason) in [
            (
                OpenBreakGlass {
                    reason: " ".to_owned(),
                    ..good.clone()
                },
                Reason::FieldInvalid,
            ),
            (
                OpenBreakGlass {
                    hours: 0,
                    ..good.clone()
                },
                Reason::FieldInvalid,
            ),
            (
                OpenBreakGlass {
                    hours: 25,
                    ..good.clone()
                },
                Reason::FieldInvalid,
            ),
            (
                OpenBreakGlass {
                    record: "somewhere/else".to_owned(),
                    ..good.clone()
                },
                Reason::FieldInvalid,
            ),
            (
                OpenBreakGlass {
                    class: PersonalClass::Circumstances,
                    ..good.clone()
                },
                Reason::StateNotAllowed,
            ),
        ] {
            assert_eq!(
                refused(&manager(30), command.clone()),
                Err(reason),
                "{command:?}"
            );
        }
        let mut outsider = stranger(ActingRole::ServiceManager);
        outsider.person = Some(person(32));
        let denied = Err(Reason::NotPermitted);
        assert_eq!(refused(&outsider, good.clone()), denied);
        let missing = OpenBreakGlass {
            record: "applications/00000000-0000-8000-8000-000000000404".to_owned(),
            ..good.clone()
        };
        assert_eq!(refused(&manager(30), missing), denied);
        let mut system = manager(30);
        system.person = None;
        assert_eq!(refused(&system, good), denied, "a system has no reasons");
    }

    #[test]
    fn c_1_an_officer_reviews_an_opening_once() {
        let mut cast = given();
        let command = open(&cast);
        assert!(cast.when(&manager(30), ON, &command).is_ok());
        let opening = cast.given.last_request();
        let mut officer = hr();
        officer.role = ActingRole::EmployerDataProtection;
        let review = ReviewBreakGlass { opening };
        let reviewed = cast.when(&officer, ON, &review);
        assert_eq!(reviewed, Ok(vec!["BreakGlassReviewed".to_owned()]));
        assert_eq!(cast.when(&officer, ON, &review), Ok(vec![]));
        let other = ReviewBreakGlass {
            opening: Uuid::from_u128(404),
        };
        assert_eq!(cast.when(&officer, ON, &other), Err(Reason::NotPermitted));
    }
}
