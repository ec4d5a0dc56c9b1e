//! An auditor disputes a recorded event; those whose record it is answer, and the auditor finds. What
//! was wrong is put right by a correction, which the finding then names: a dispute changes nothing
//! itself.

mod notice;

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

pub use self::notice::*;
use crate::{
    actor::{Actor, PLATFORM, PersonId, TenantId, TenantKind},
    circumstances::CircumstancesClaim,
    correction::RecordedEvent,
    decision_round::Seal,
    directory::Tenant,
    fact,
    id::Id,
    monitoring::Monitoring,
    personal::{Personal, PersonalClass},
    refusal::Refusal,
    text,
    visibility::{Extent, Surface, events::classify},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest words of either side, in bytes.
pub const WORDS_BYTES_MAX: usize = 4_000;
/// The most answers to one dispute.
pub const ANSWERS_MAX: usize = 20;

/// Words of one side: sealed when they are about somebody's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Words {
    /// About a person's record; held by those who may read them.
    Sealed(Personal<String>),
    /// About a record of nobody in particular.
    Open(String),
}

impl Words {
    fn of(
        terms: &DisputeTerms,
        readers: impl IntoIterator<Item = TenantId>,
        words: String,
    ) -> Self {
        match terms.subject {
            Some(subject) => Self::Sealed(Personal::new(
                subject,
                PersonalClass::Assessment,
                readers,
                words,
            )),
            None => Self::Open(words),
        }
    }
}

/// What is disputed, by whom, before whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeTerms {
    /// Who disputes it.
    pub auditor: TenantId,
    /// The event.
    pub event: RecordedEvent,
    /// Whose record it is.
    pub parties: BTreeSet<TenantId>,
    /// The person it is about, when it is about one.
    pub subject: Option<PersonId>,
    /// A commissioner that is no party of it and learns of age and outcome only.
    pub told: Option<TenantId>,
}

/// What an auditor finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Finding {
    /// The record was wrong.
    Upheld,
    /// The record stands.
    Rejected,
}

/// One party's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeAnswer {
    /// Whose.
    pub by: TenantId,
    /// When.
    pub on: Date,
    /// In what words; for the auditor and whoever gave it.
    pub words: Words,
}

/// How a dispute ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolution {
    /// When.
    pub on: Date,
    /// What was found.
    pub finding: Finding,
    /// The event that put it right.
    pub correction: Option<RecordedEvent>,
    /// In what words.
    pub words: Words,
}

/// A dispute that was raised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaisedDispute {
    /// What is disputed.
    pub terms: DisputeTerms,
    /// When it was raised.
    pub on: Date,
    /// Why.
    pub reason: Words,
    /// What was answered, oldest first.
    pub answers: Vec<DisputeAnswer>,
    /// How it ended.
    pub resolution: Option<Resolution>,
}

/// A dispute's state; nothing before it is raised.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Dispute(Option<Box<RaisedDispute>>);

/// What a dispute decides.
#[derive(Debug, Clone)]
pub enum DisputeAct {
    /// See [`RaiseDispute`].
    Raise {
        /// What is disputed.
        terms: DisputeTerms,
        /// Why.
        reason: Words,
    },
    /// See [`AnswerDispute`].
    Answer {
        /// In what words.
        words: String,
    },
    /// See [`ResolveDispute`].
    Resolve {
        /// What is found.
        finding: Finding,
        /// The event that put it right.
        correction: Option<RecordedEvent>,
        /// In what words.
        words: String,
    },
}

/// Facts of a dispute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum DisputeEvent {
    /// An auditor disputes an event.
    DisputeRaised {
        /// What is disputed.
        terms: DisputeTerms,
        /// When.
        on: Date,
        /// Why.
        reason: Words,
    },
    /// A party has answered.
    DisputeAnswered {
        /// What was answered.
        answer: DisputeAnswer,
    },
    /// The auditor has found.
    DisputeResolved {
        /// What was found.
        resolution: Resolution,
    },
}

aggregate!(Dispute, "dispute", DisputeAct, DisputeEvent);

impl Dispute {
    /// The dispute, once raised.
    pub fn raised(&self) -> Option<&RaisedDispute> {
        self.0.as_deref()
    }

    fn evolve(&mut self, event: DisputeEvent) {
        match (event, &mut self.0) {
            (DisputeEvent::DisputeRaised { terms, on, reason }, state) => {
                *state = Some(Box::new(RaisedDispute {
                    terms,
                    on,
                    reason,
                    answers: vec![],
                    resolution: None,
                }));
            }
            (DisputeEvent::DisputeAnswered { answer }, Some(raised)) => raised.answers.push(answer),
            (DisputeEvent::DisputeResolved { resolution }, Some(raised)) => {
                raised.resolution = Some(resolution);
            }
            (_, None) => {}
        }
    }

    /// Refuses to stand for the correction of an event that is not disputed here, or no more.
    pub(crate) fn covers(&self, event: &RecordedEvent) -> Result<(), Refusal> {
        match self.raised() {
            Some(raised) if raised.terms.event == *event => raised.open(),
            _ => Err(Refusal::invalid(
                "authority",
                "the dispute is about another event; name the dispute of this one",
            )),
        }
    }
}

impl RaisedDispute {
    fn open(&self) -> Result<(), Refusal> {
        match &self.resolution {
            None => Ok(()),
            Some(resolution) => Err(Refusal::state_not_allowed(format!(
                "the dispute was closed on {}; what is disputed since is another dispute",
                resolution.on
            ))),
        }
    }

    fn not_before(&self, on: Date) -> Result<(), Refusal> {
        if on >= self.on {
            return Ok(());
        }
        Err(Refusal::state_not_allowed(format!(
            "the dispute was raised on {}; act on that day or later",
            self.on
        )))
    }

    fn answer(&self, issued: &Issue, words: &str) -> Result<Vec<DisputeEvent>, Refusal> {
        let by = issued.by.tenant;
        if !self.terms.parties.contains(&by) {
            return Err(Refusal::not_permitted());
        }
        self.open()?;
        self.not_before(issued.today())?;
        if self.answers.len() >= ANSWERS_MAX {
            return Err(Refusal::state_not_allowed(format!(
                "a dispute takes {ANSWERS_MAX} answers; the auditor has them all"
            )));
        }
        let answer = DisputeAnswer {
            by,
            on: issued.today(),
            words: Words::of(&self.terms, [self.terms.auditor, by], words.to_owned()),
        };
        Ok(vec![DisputeEvent::DisputeAnswered { answer }])
    }

    fn resolve(
        &self,
        issued: &Issue,
        finding: Finding,
        correction: Option<&RecordedEvent>,
        words: &str,
    ) -> Result<Vec<DisputeEvent>, Refusal> {
        if issued.by.tenant != self.terms.auditor {
            return Err(Refusal::not_permitted());
        }
        if let Some(known) = &self.resolution {
            let same = known.finding == finding && known.correction.as_ref() == correction;
            return Refusal::unless_same(same, "a finding");
        }
        self.not_before(issued.today())?;
        let readers = self.terms.parties.iter().copied();
        let resolution = Resolution {
            on: issued.today(),
            finding,
            correction: correction.cloned(),
            words: Words::of(
                &self.terms,
                readers.chain([self.terms.auditor]),
                words.to_owned(),
            ),
        };
        Ok(vec![DisputeEvent::DisputeResolved { resolution }])
    }
}

impl Decider for Dispute {
    type Act = DisputeAct;
    const COLLECTION: &'static str = "disputes";

    fn decide(&self, issued: &Issued<DisputeAct>) -> Result<Vec<DisputeEvent>, Refusal> {
        match (&issued.act, self.raised()) {
            // the id is that of the request, so this is the same request again
            (DisputeAct::Raise { .. }, Some(_)) => Ok(vec![]),
            (DisputeAct::Raise { terms, reason }, None) => Ok(vec![DisputeEvent::DisputeRaised {
                terms: terms.clone(),
                on: issued.today(),
                reason: reason.clone(),
            }]),
            (_, None) => Err(Refusal::not_permitted()),
            (DisputeAct::Answer { words }, Some(raised)) => raised.answer(issued, words),
            (
                DisputeAct::Resolve {
                    finding,
                    correction,
                    words,
                },
                Some(raised),
            ) => raised.resolve(issued, *finding, correction.as_ref(), words),
        }
    }

    fn custody(&self) -> Option<Custody> {
        let terms = &self.raised()?.terms;
        let custody = Custody::of(terms.auditor, terms.parties.iter().copied());
        Some(match terms.subject {
            Some(subject) => custody.about(subject),
            None => custody,
        })
    }
}

/// What no auditor sees whenever they ask, whatever its class, and so disputes through what became of it.
const WITHHELD: [&str; 4] = {
    use cqrs_es::Aggregate as _;
    [
        Seal::TYPE,
        CircumstancesClaim::TYPE,
        Monitoring::TYPE,
        Dispute::TYPE,
    ]
};

/// Whether nothing of such a record is an auditor's to see (C.2): provisional marks, for one.
fn is_unseen(auditor: &Actor, kind: &str) -> bool {
    fact::event_types(kind).iter().all(|event_type| {
        classify(kind, event_type)
            .is_none_or(|event| event.extent(auditor, Surface::Record) == Extent::Nothing)
    })
}

/// Whose record an event belongs to, and that the record has such an event. What is withheld, what is
/// the platform's own and what is not there look the same.
fn disputable(issue: &Issue, world: &mut World, event: &RecordedEvent) -> Result<Custody, Halt> {
    let key = event.key("record")?;
    if WITHHELD.contains(&key.kind) || is_unseen(&issue.by, key.kind) {
        return Err(Refusal::not_permitted().into());
    }
    let (mut custody, version) = world.whose(key)?.ok_or_else(Refusal::not_permitted)?;
    custody.parties.remove(&PLATFORM);
    if custody.parties.is_empty() {
        return Err(Refusal::not_permitted().into());
    }
    if event.sequence == 0 || event.sequence > version {
        return Err(Refusal::invalid(
            "sequence",
            "the record has no such event; ReplayHistory gives the sequence of each",
        )
        .into());
    }
    Ok(custody)
}

/// An auditor disputes an event of somebody's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RaiseDispute {
    /// The event.
    pub event: RecordedEvent,
    /// Why.
    pub reason: String,
    /// A commissioner to be told of age and outcome, where it is no party of the record.
    pub commissioner: Option<TenantId>,
}

impl Command for RaiseDispute {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let auditor = issue.by.acting_for(TenantKind::Auditor)?;
        let reason = text::free(&self.reason, "reason", WORDS_BYTES_MAX)?;
        let custody = disputable(issue, world, &self.event)?;
        if let Some(commissioner) = self.commissioner {
            Tenant::expect(
                world,
                commissioner,
                TenantKind::Commissioner,
                "commissioner",
            )?;
        }
        let parties = custody.parties;
        let told = self
            .commissioner
            .filter(|commissioner| !parties.contains(commissioner));
        let terms = DisputeTerms {
            auditor,
            event: self.event.clone(),
            parties,
            subject: custody.subject,
            told,
        };
        let readers = terms.parties.iter().copied().chain([auditor]);
        let reason = Words::of(&terms, readers, reason);
        let id = Id::<Dispute>::derive(auditor, &[issue.request]);
        if let Some(commissioner) = told {
            let notice = DisputeNotice::id(commissioner, id);
            world.decide_beyond(issue, notice, DisputeNoticeAct::Open { commissioner })?;
        }
        world.decide(issue, id, DisputeAct::Raise { terms, reason })?;
        Ok(id.key())
    }
}

/// A party of the record answers; the auditor alone reads the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerDispute {
    /// Which.
    pub dispute: Id<Dispute>,
    /// In what words.
    pub answer: String,
}

impl Command for AnswerDispute {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let words = text::free(&self.answer, "answer", WORDS_BYTES_MAX)?;
        world.decide(issue, self.dispute, DisputeAct::Answer { words })?;
        Ok(self.dispute.key())
    }
}

/// The auditor who raised it finds, naming the event that put it right if one did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ResolveDispute {
    /// Which.
    pub dispute: Id<Dispute>,
    /// What is found.
    pub finding: Finding,
    /// The event that put it right.
    pub correction: Option<RecordedEvent>,
    /// In what words.
    pub words: String,
}

impl Command for ResolveDispute {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let words = text::free(&self.words, "words", WORDS_BYTES_MAX)?;
        if self.finding == Finding::Rejected && self.correction.is_some() {
            return Err(Refusal::invalid(
                "correction",
                "what stands was not put right; leave the correction out or uphold the dispute",
            )
            .into());
        }
        if let Some(correction) = &self.correction {
            disputable(issue, world, correction)?;
        }
        let resolve = DisputeAct::Resolve {
            finding: self.finding,
            correction: self.correction.clone(),
            words,
        };
        let resolved = world.decide(issue, self.dispute, resolve)?.raised();
        if let Some(commissioner) = resolved.and_then(|raised| raised.terms.told) {
            let notice = DisputeNotice::id(commissioner, self.dispute);
            let close = DisputeNoticeAct::Close {
                finding: self.finding,
            };
            world.decide_beyond(issue, notice, close)?;
        }
        Ok(self.dispute.key())
    }
}

#[cfg(test)]
mod tests;
