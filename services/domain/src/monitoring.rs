//! What a person says about themself for equality monitoring, and whether they come from lived
//! experience: kept apart from every selection, under the person's own key, for nobody else
//! (`ACTOR-12`, `standards.md` B.7).
//!
//! What the person chose is stored with the code set it comes from and never converted. A
//! characteristic without an answer was not asked; "not stated" is an answer of its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{PersonId, TenantId, TenantKind},
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    policy::catalogue::Range,
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most answers of one declaration.
pub const ANSWERS_MAX: usize = 20;
/// The longest id of a characteristic, of a code set and of a code, in bytes.
pub const CODE_BYTES_MAX: usize = 40;

/// Codes of one code set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codes {
    /// Codes named one by one.
    #[serde(default)]
    pub codes: Vec<String>,
    /// Numeric codes given as ranges.
    #[serde(default)]
    pub ranges: Vec<Range>,
}

/// A published list of codes, policy `edi.codes.<code set>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeSetPolicy {
    /// The characteristic it describes.
    pub characteristic: String,
    /// Its codes.
    #[serde(flatten)]
    pub codes: Codes,
}

impl Codes {
    /// Whether a code is one of them.
    pub fn has(&self, code: &str) -> bool {
        let within = |number: u32| {
            self.ranges
                .iter()
                .any(|range| (range.min..=range.max).contains(&number))
        };
        self.codes.iter().any(|known| known == code) || code.parse().is_ok_and(within)
    }
}

/// One answer, as chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Answer {
    /// The code set it comes from, `nhs_ethnic_category_2001`.
    pub code_set: String,
    /// The code, `A`.
    pub code: String,
}

/// What one person declared last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Monitoring {
    person: Option<PersonId>,
    answers: Option<(Personal<BTreeMap<String, Answer>>, ContentDigest)>,
    lived_experience: Option<(Personal<bool>, ContentDigest)>,
}

/// What a monitoring record decides.
#[derive(Debug, Clone)]
pub enum MonitoringAct {
    /// See [`AnswerMonitoring`].
    Answer {
        /// Who.
        person: PersonId,
        /// The answers by characteristic.
        answers: BTreeMap<String, Answer>,
    },
    /// See [`DeclareLivedExperience`].
    Declare {
        /// Who.
        person: PersonId,
        /// Whether the person declares it.
        declared: bool,
    },
}

/// Facts of a monitoring record, in the person's own feed only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum MonitoringEvent {
    /// The person answered the monitoring questions; the latest answers hold.
    MonitoringAnswered {
        /// Who.
        person: PersonId,
        /// The answers by characteristic.
        answers: Personal<BTreeMap<String, Answer>>,
        /// Tells a repeat from other content.
        content: ContentDigest,
    },
    /// The person said whether they come from lived experience; the latest word holds.
    LivedExperienceDeclared {
        /// Who.
        person: PersonId,
        /// Whether they declare it.
        declared: Personal<bool>,
        /// Tells a repeat from other content.
        content: ContentDigest,
    },
}

aggregate!(Monitoring, "monitoring", MonitoringAct, MonitoringEvent);

impl Monitoring {
    /// The id of a person's own record.
    pub fn id(person: PersonId) -> Id<Self> {
        Id::derive(TenantId(person.0), &[])
    }

    /// The answers by characteristic, where the person gave any.
    pub fn answers(&self) -> Option<&Personal<BTreeMap<String, Answer>>> {
        self.answers.as_ref().map(|(answers, _)| answers)
    }

    /// Whether the person comes from lived experience, where they said so.
    pub fn lived_experience(&self) -> Option<&Personal<bool>> {
        self.lived_experience.as_ref().map(|(declared, _)| declared)
    }

    fn evolve(&mut self, event: MonitoringEvent) {
        match event {
            MonitoringEvent::MonitoringAnswered {
                person,
                answers,
                content,
            } => {
                self.person = Some(person);
                self.answers = Some((answers, content));
            }
            MonitoringEvent::LivedExperienceDeclared {
                person,
                declared,
                content,
            } => {
                self.person = Some(person);
                self.lived_experience = Some((declared, content));
            }
        }
    }
}

/// A value that the person alone holds.
fn own<T>(person: PersonId, class: PersonalClass, value: T) -> Personal<T> {
    Personal::new(person, class, [TenantId(person.0)], value)
}

impl Decider for Monitoring {
    type Act = MonitoringAct;
    const COLLECTION: &'static str = "monitoring";

    fn decide(&self, issued: &Issued<MonitoringAct>) -> Result<Vec<MonitoringEvent>, Refusal> {
        Ok(match &issued.act {
            MonitoringAct::Answer { person, answers } => {
                let content = ContentDigest::of(issued.salt, person.0, answers);
                if self
                    .answers
                    .as_ref()
                    .is_some_and(|known| known.1 == content)
                {
                    return Ok(vec![]);
                }
                vec![MonitoringEvent::MonitoringAnswered {
                    person: *person,
                    answers: own(*person, PersonalClass::Edi, answers.clone()),
                    content,
                }]
            }
            MonitoringAct::Declare { person, declared } => {
                let content = ContentDigest::of(issued.salt, person.0, declared);
                let known = self.lived_experience.as_ref();
                if known.is_some_and(|known| known.1 == content) {
                    return Ok(vec![]);
                }
                vec![MonitoringEvent::LivedExperienceDeclared {
                    person: *person,
                    declared: own(*person, PersonalClass::LivedExperience, *declared),
                    content,
                }]
            }
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.person
            .map(|person| Custody::of(TenantId(person.0), []).about(person))
    }
}

/// Who acts for themself; nobody answers for anybody else.
fn oneself(issue: &Issue) -> Result<PersonId, Refusal> {
    issue.by.acting_for(TenantKind::Person)?;
    issue.by.person.ok_or_else(Refusal::not_permitted)
}

/// Answers the monitoring questions; the latest answers hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerMonitoring {
    /// The answers, at most one per characteristic.
    pub answers: Vec<Answer>,
}

impl Command for AnswerMonitoring {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let person = oneself(issue)?;
        text::at_most(&self.answers, "answers", ANSWERS_MAX)?;
        if self.answers.is_empty() {
            return Err(Refusal::invalid("answers", "answer at least one question").into());
        }
        let mut answers = BTreeMap::new();
        for answer in &self.answers {
            let characteristic = characteristic(issue, answer)?;
            if answers.insert(characteristic, answer.clone()).is_some() {
                return Err(Refusal::invalid(
                    "answers",
                    "a characteristic is answered twice; keep the one that is meant",
                )
                .into());
            }
        }
        let id = Monitoring::id(person);
        world.decide(issue, id, MonitoringAct::Answer { person, answers })?;
        Ok(id.key())
    }
}

/// The characteristic an answer is about; its code is one of its code set's.
fn characteristic(issue: &Issue, answer: &Answer) -> Result<String, Refusal> {
    let set = text::identifier(&answer.code_set, "answers.code_set", CODE_BYTES_MAX)?;
    let code = text::identifier(&answer.code, "answers.code", CODE_BYTES_MAX)?;
    let policy: Option<CodeSetPolicy> = issue
        .policies
        .find(&format!("edi.codes.{set}"), issue.today())?;
    let policy = policy.ok_or_else(|| {
        Refusal::invalid(
            "answers.code_set",
            "there is no such code set; read the policies",
        )
    })?;
    if !policy.codes.has(&code) {
        return Err(Refusal::invalid(
            "answers.code",
            format!("the code set {set} has no such code; choose one of its own"),
        ));
    }
    Ok(policy.characteristic)
}

/// Declares, or no longer declares, lived experience; no panel ever sees it (`ACTOR-12`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeclareLivedExperience {
    /// Whether the person comes from lived experience.
    pub declared: bool,
}

impl Command for DeclareLivedExperience {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let person = oneself(issue)?;
        let id = Monitoring::id(person);
        let declared = self.declared;
        world.decide(issue, id, MonitoringAct::Declare { person, declared })?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
