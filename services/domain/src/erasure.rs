//! Erasure: what a controller does with a person's request that it erase what it holds
//! (`standards.md` B.7, D.13).
//!
//! Each controller decides for itself, class by class: erased now, or retained on a ground until a
//! day. Erasing a class destroys the controller's key of it, so that every copy of its values is
//! unreadable, those of backups included, while the history, its order and its proofs stay. What the
//! other party of a joint record holds is that party's to decide; it is told.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    application::Application,
    calendar::{midday, months_later},
    id::Id,
    personal::PersonalClass,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest reason of a legal hold, in bytes.
pub const REASON_BYTES_MAX: usize = 500;
/// The most classes one decision names.
pub const CLASSES_MAX: usize = 50;

/// Why a controller keeps a class in spite of a request (B.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RetentionGround {
    /// A law asks for it.
    LegalObligation,
    /// A task of the public interest.
    PublicTask,
    /// To bring, pursue or answer a legal claim.
    LegalClaims,
    /// Statistics, research, archiving.
    Statistics,
}

/// What becomes of a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClassOutcome {
    /// Its key is destroyed now.
    Erased,
    /// It is kept until a day, on which its key is destroyed.
    Retained {
        /// Why.
        ground: RetentionGround,
        /// The day.
        until: Date,
    },
}

/// A request, as it reached a controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErasureTerms {
    /// Who is asked.
    pub controller: TenantId,
    /// Who asks, by opaque id.
    pub person: PersonId,
    /// The other controllers of the same records, which are told.
    pub recipients: BTreeSet<TenantId>,
    /// The last day for the answer, policy `erasure.answer_months`.
    pub due: Date,
}

/// What one controller does about one person.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Erasure {
    whose: Option<(TenantId, PersonId)>,
    request: Option<ErasureTerms>,
    identity: Option<Date>,
    held: bool,
    outcomes: BTreeMap<PersonalClass, ClassOutcome>,
    destroyed: BTreeSet<PersonalClass>,
    notices: BTreeSet<TenantId>,
}

/// What an erasure decides.
#[derive(Debug, Clone)]
pub enum ErasureAct {
    /// See [`RequestErasure`].
    Request {
        /// Who is asked.
        controller: TenantId,
        /// Who asks.
        person: PersonId,
        /// The other controllers.
        recipients: BTreeSet<TenantId>,
    },
    /// See [`ConfirmErasureIdentity`].
    ConfirmIdentity,
    /// See [`PlaceLegalHold`].
    Hold {
        /// Whose.
        person: PersonId,
        /// Why.
        reason: String,
    },
    /// See [`LiftLegalHold`].
    Lift,
    /// See [`DecideErasure`].
    Decide(BTreeMap<PersonalClass, ClassOutcome>),
    /// See [`ExpireRetention`].
    Expire,
    /// See [`NoteKeysDestroyed`].
    NoteDestroyed(BTreeSet<PersonalClass>),
    /// See [`ReceiveErasureNotice`].
    Notice(ReceiveErasureNotice),
}

/// Facts of an erasure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ErasureEvent {
    /// A person asked the controller to erase.
    ErasureRequested {
        /// What was asked, by when to be answered.
        terms: ErasureTerms,
    },
    /// The controller made sure who asks.
    ErasureIdentityConfirmed {
        /// The day.
        on: Date,
    },
    /// Nothing of the person may be erased for now.
    LegalHoldPlaced {
        /// The controller.
        controller: TenantId,
        /// The person.
        person: PersonId,
        /// Why; nothing about the person.
        reason: String,
    },
    /// The hold is over.
    LegalHoldLifted {
        /// The day.
        on: Date,
    },
    /// The controller decided, class by class.
    ErasureDecided {
        /// The controller.
        controller: TenantId,
        /// The person.
        person: PersonId,
        /// What becomes of each class.
        outcomes: BTreeMap<PersonalClass, ClassOutcome>,
        /// The other controllers, which are told.
        recipients: BTreeSet<TenantId>,
    },
    /// The days of some retained classes are over.
    RetentionExpired {
        /// The controller.
        controller: TenantId,
        /// The person.
        person: PersonId,
        /// The classes.
        classes: BTreeSet<PersonalClass>,
    },
    /// The keys of some classes exist no more.
    PersonKeysDestroyed {
        /// The classes.
        classes: BTreeSet<PersonalClass>,
    },
    /// Another controller of the same records decided on a request to erase.
    ErasureNoticeReceived {
        /// The controller told.
        controller: TenantId,
        /// The person.
        person: PersonId,
        /// Who decided.
        from: TenantId,
    },
}

impl Erasure {
    /// The id of a controller's record about a person.
    pub fn id(controller: TenantId, person: PersonId) -> Id<Self> {
        Id::derive(controller, &[person.0])
    }

    /// The controller and the person.
    pub fn whose(&self) -> Option<(TenantId, PersonId)> {
        self.whose
    }

    /// The request, once made.
    pub fn request(&self) -> Option<&ErasureTerms> {
        self.request.as_ref()
    }

    /// When the controller made sure who asks.
    pub fn identity_confirmed(&self) -> Option<Date> {
        self.identity
    }

    /// Whether a legal hold stands.
    pub fn held(&self) -> bool {
        self.held
    }

    /// What becomes of each class decided on.
    pub fn outcomes(&self) -> &BTreeMap<PersonalClass, ClassOutcome> {
        &self.outcomes
    }

    /// The classes whose keys exist no more.
    pub fn destroyed(&self) -> &BTreeSet<PersonalClass> {
        &self.destroyed
    }

    /// The other controllers that have told of a decision of theirs.
    pub fn notices(&self) -> &BTreeSet<TenantId> {
        &self.notices
    }

    fn evolve(&mut self, event: ErasureEvent) {
        match event {
            ErasureEvent::ErasureRequested { terms } => {
                self.whose = Some((terms.controller, terms.person));
                self.request = Some(terms);
            }
            ErasureEvent::ErasureIdentityConfirmed { on } => self.identity = Some(on),
            ErasureEvent::LegalHoldPlaced {
                controller, person, ..
            } => {
                self.whose = Some((controller, person));
                self.held = true;
            }
            ErasureEvent::LegalHoldLifted { .. } => self.held = false,
            ErasureEvent::ErasureDecided { outcomes, .. } => self.outcomes.extend(outcomes),
            ErasureEvent::RetentionExpired { classes, .. } => {
                let erased = classes
                    .into_iter()
                    .map(|class| (class, ClassOutcome::Erased));
                self.outcomes.extend(erased);
            }
            ErasureEvent::PersonKeysDestroyed { classes } => self.destroyed.extend(classes),
            ErasureEvent::ErasureNoticeReceived {
                controller,
                person,
                from,
            } => {
                self.whose = Some((controller, person));
                self.notices.insert(from);
            }
        }
    }

    /// The classes whose retention is over on a day.
    fn expired(&self, on: Date) -> BTreeSet<PersonalClass> {
        self.outcomes
            .iter()
            .filter_map(|(class, outcome)| match outcome {
                ClassOutcome::Retained { until, .. } if *until <= on => Some(*class),
                ClassOutcome::Retained { .. } | ClassOutcome::Erased => None,
            })
            .collect()
    }

    /// Expires what is due, unless a hold keeps it.
    fn expire(&self, on: Date) -> Vec<ErasureEvent> {
        match (self.whose, self.expired(on)) {
            (Some((controller, person)), classes) if !classes.is_empty() => {
                vec![ErasureEvent::RetentionExpired {
                    controller,
                    person,
                    classes,
                }]
            }
            _ => vec![],
        }
    }

    fn decide_classes(
        &self,
        issue: &Issue,
        outcomes: &BTreeMap<PersonalClass, ClassOutcome>,
    ) -> Result<Vec<ErasureEvent>, Refusal> {
        let Some(request) = &self.request else {
            return Err(Refusal::not_permitted());
        };
        if outcomes.is_empty() || outcomes.len() > CLASSES_MAX {
            return Err(Refusal::invalid("decisions", "decide on 1 to 50 classes"));
        }
        let today = issue.today();
        let past = |outcome: &ClassOutcome| matches!(outcome, ClassOutcome::Retained { until, .. } if *until <= today);
        if outcomes.values().any(past) {
            return Err(Refusal::invalid(
                "decisions",
                "a class is retained until a later day; erase it instead",
            ));
        }
        if self.identity.is_none() {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "make sure first who asks; ConfirmErasureIdentity records it",
            ));
        }
        let erases = outcomes
            .values()
            .any(|outcome| *outcome == ClassOutcome::Erased);
        if self.held && erases {
            return Err(Refusal::new(
                Reason::ErasureBlockedLegalHold,
                "a legal hold keeps everything of this person; decide again once it is lifted",
            ));
        }
        let gone = |class: &PersonalClass| {
            self.outcomes.get(class) == Some(&ClassOutcome::Erased)
                && outcomes.get(class) != Some(&ClassOutcome::Erased)
        };
        if outcomes.keys().any(gone) {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "what is erased cannot be retained; leave the class out",
            ));
        }
        let news: BTreeMap<_, _> = outcomes
            .iter()
            .filter(|(class, outcome)| self.outcomes.get(class) != Some(outcome))
            .map(|(class, outcome)| (*class, *outcome))
            .collect();
        Ok(if news.is_empty() {
            vec![]
        } else {
            vec![ErasureEvent::ErasureDecided {
                controller: request.controller,
                person: request.person,
                outcomes: news,
                recipients: request.recipients.clone(),
            }]
        })
    }

    /// Whether the acting tenant is the controller.
    fn own(&self, issue: &Issue) -> Result<(), Refusal> {
        match self.whose {
            Some((controller, _)) if controller == issue.by.tenant => Ok(()),
            _ => Err(Refusal::not_permitted()),
        }
    }
}

aggregate!(Erasure, "erasure", ErasureAct, ErasureEvent);

impl Decider for Erasure {
    type Act = ErasureAct;
    const COLLECTION: &'static str = "erasures";

    fn decide(&self, issued: &Issued<ErasureAct>) -> Result<Vec<ErasureEvent>, Refusal> {
        let on = issued.today();
        match &issued.act {
            ErasureAct::Request {
                controller,
                person,
                recipients,
            } => {
                // a request that has not been answered yet is the same request
                if self.request.is_some() {
                    return Ok(vec![]);
                }
                let months = issued.policies.get("erasure.answer_months", on)?;
                Ok(vec![ErasureEvent::ErasureRequested {
                    terms: ErasureTerms {
                        controller: *controller,
                        person: *person,
                        recipients: recipients.clone(),
                        due: months_later(on, months),
                    },
                }])
            }
            ErasureAct::ConfirmIdentity => {
                self.own(issued)?;
                match (&self.request, self.identity) {
                    (None, _) => Err(Refusal::not_permitted()),
                    (Some(_), Some(_)) => Ok(vec![]),
                    (Some(_), None) => Ok(vec![ErasureEvent::ErasureIdentityConfirmed { on }]),
                }
            }
            ErasureAct::Hold { .. } if self.held => Ok(vec![]),
            ErasureAct::Hold { person, reason } => Ok(vec![ErasureEvent::LegalHoldPlaced {
                controller: issued.by.tenant,
                person: *person,
                reason: reason.clone(),
            }]),
            ErasureAct::Lift => {
                self.own(issued)?;
                if !self.held {
                    return Ok(vec![]);
                }
                let mut events = vec![ErasureEvent::LegalHoldLifted { on }];
                events.extend(self.expire(on));
                Ok(events)
            }
            ErasureAct::Decide(outcomes) => {
                self.own(issued)?;
                self.decide_classes(issued, outcomes)
            }
            ErasureAct::Expire if self.held => Ok(vec![]),
            ErasureAct::Expire => Ok(self.expire(on)),
            ErasureAct::NoteDestroyed(_) if self.whose.is_none() => Ok(vec![]),
            ErasureAct::NoteDestroyed(classes) => {
                let classes: BTreeSet<_> = classes.difference(&self.destroyed).copied().collect();
                Ok(if classes.is_empty() {
                    vec![]
                } else {
                    vec![ErasureEvent::PersonKeysDestroyed { classes }]
                })
            }
            ErasureAct::Notice(notice) => Ok(if self.notices.contains(&notice.from) {
                vec![]
            } else {
                vec![ErasureEvent::ErasureNoticeReceived {
                    controller: notice.controller,
                    person: notice.person,
                    from: notice.from,
                }]
            }),
        }
    }

    /// The controller's and the person's: what another controller decides is not in it.
    fn custody(&self) -> Option<Custody> {
        self.whose
            .map(|(controller, person)| Custody::of(controller, []).about(person))
    }
}

/// A person asks one controller of an application to erase what it holds; or the controller records
/// a request that reached it otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RequestErasure {
    /// An application of the person's.
    pub application: Id<Application>,
    /// Who is asked: its employer or its university.
    pub controller: TenantId,
}

impl Command for RequestErasure {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (person, recipients) = concerned(issue, world, self.application, self.controller)?;
        let themself = issue.by.kind == TenantKind::Person;
        if !themself && issue.by.tenant != self.controller {
            return Err(Refusal::not_permitted().into());
        }
        let id = Erasure::id(self.controller, person);
        let request = ErasureAct::Request {
            controller: self.controller,
            person,
            recipients,
        };
        world.decide_beyond(issue, id, request)?;
        Ok(id.key())
    }
}

/// Whose application it is and who else controls it, when `controller` is one of its parties:
/// nobody keeps a record about a person they have nothing of.
fn concerned(
    issue: &Issue,
    world: &mut World,
    application: Id<Application>,
    controller: TenantId,
) -> Result<(PersonId, BTreeSet<TenantId>), Halt> {
    let terms = world
        .read_own(issue, application)?
        .terms()
        .ok_or_else(Refusal::not_permitted)?;
    let mut others = BTreeSet::from([terms.employer, terms.university]);
    if others.remove(&controller) {
        return Ok((terms.person, others));
    }
    Err(Refusal::not_permitted().into())
}

/// The controller made sure who asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConfirmErasureIdentity {
    /// Which request.
    pub erasure: Id<Erasure>,
}

impl Command for ConfirmErasureIdentity {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.erasure, ErasureAct::ConfirmIdentity)?;
        Ok(self.erasure.key())
    }
}

/// A claim or an order forbids a controller to erase anything of a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlaceLegalHold {
    /// An application of the person's that the controller is a party of.
    pub application: Id<Application>,
    /// Why; nothing about the person.
    pub reason: String,
}

impl Command for PlaceLegalHold {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let reason = text::free(&self.reason, "reason", REASON_BYTES_MAX)?;
        let (person, _) = concerned(issue, world, self.application, issue.by.tenant)?;
        let id = Erasure::id(issue.by.tenant, person);
        world.decide(issue, id, ErasureAct::Hold { person, reason })?;
        Ok(id.key())
    }
}

/// The hold is over; what should have been erased meanwhile is erased now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiftLegalHold {
    /// Whose.
    pub erasure: Id<Erasure>,
}

impl Command for LiftLegalHold {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        world.decide(issue, self.erasure, ErasureAct::Lift)?;
        Ok(self.erasure.key())
    }
}

/// The controller decides, class by class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecideErasure {
    /// Which request.
    pub erasure: Id<Erasure>,
    /// What becomes of each class.
    pub outcomes: BTreeMap<PersonalClass, ClassOutcome>,
}

impl Command for DecideErasure {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let act = ErasureAct::Decide(self.outcomes.clone());
        world.decide(issue, self.erasure, act)?;
        Ok(self.erasure.key())
    }
}

/// Timer: the days of a retained class are over.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpireRetention {
    /// Whose.
    pub erasure: Id<Erasure>,
}

impl Command for ExpireRetention {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        world.decide(issue, self.erasure, ErasureAct::Expire)?;
        Ok(self.erasure.key())
    }
}

/// Reaction: the keys are gone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteKeysDestroyed {
    /// Whose.
    pub erasure: Id<Erasure>,
    /// Which.
    pub classes: BTreeSet<PersonalClass>,
}

impl Command for NoteKeysDestroyed {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let act = ErasureAct::NoteDestroyed(self.classes.clone());
        world.decide(issue, self.erasure, act)?;
        Ok(self.erasure.key())
    }
}

/// Reaction: another controller of the same records is told of a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReceiveErasureNotice {
    /// Who is told.
    pub controller: TenantId,
    /// About whom.
    pub person: PersonId,
    /// Who decided.
    pub from: TenantId,
}

impl Command for ReceiveErasureNotice {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = Erasure::id(self.controller, self.person);
        world.decide(issue, id, ErasureAct::Notice(self.clone()))?;
        Ok(id.key())
    }
}

/// The classes that outcomes erase at once, and when each retention is over.
pub fn due(
    outcomes: &BTreeMap<PersonalClass, ClassOutcome>,
) -> (BTreeSet<PersonalClass>, BTreeSet<Timestamp>) {
    let (mut erased, mut days) = (BTreeSet::new(), BTreeSet::new());
    for (class, outcome) in outcomes {
        match outcome {
            ClassOutcome::Erased => drop(erased.insert(*class)),
            ClassOutcome::Retained { until, .. } => drop(days.insert(midday(*until))),
        }
    }
    (erased, days)
}

#[cfg(test)]
mod tests;
