//! Questions about policy, and answers that name the versions they rest on (`ACTOR-10`).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use super::{POLICY_ID_BYTES_MAX, missing};
use crate::{
    actor::{TenantId, TenantKind},
    directory::Tenant,
    id::Id,
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest question or answer, in bytes.
pub const WORDS_BYTES_MAX: usize = 4000;
/// The most policies one answer names.
pub const POLICIES_MAX: usize = 20;
/// The most answers to one question.
pub const ANSWERS_MAX: usize = 50;

/// One answer; a later one does not replace what an earlier reader was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyAnswer {
    /// From 1, per question.
    pub version: u32,
    /// The answer.
    pub words: String,
    /// The policies it rests on, with the version of each that was in force.
    pub policies: BTreeMap<String, u32>,
    /// The day it was given.
    pub on: Date,
}

/// A question about policy and its answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum PolicyQuestion {
    /// Not asked.
    #[default]
    Absent,
    /// Asked.
    Asked {
        /// Who asks.
        asker: TenantId,
        /// Who is asked.
        commissioner: TenantId,
        /// The question.
        words: String,
        /// The answers, oldest first.
        answers: Vec<PolicyAnswer>,
    },
}

/// What a question decides.
#[derive(Debug, Clone)]
pub enum PolicyQuestionAct {
    /// See [`AskPolicyQuestion`].
    Ask {
        /// Who asks.
        asker: TenantId,
        /// The command.
        ask: AskPolicyQuestion,
    },
    /// See [`AnswerPolicyQuestion`].
    Answer {
        /// The answer.
        words: String,
        /// The policies it rests on, with their versions.
        policies: BTreeMap<String, u32>,
    },
}

/// Facts of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum PolicyQuestionEvent {
    /// Somebody asked.
    PolicyQuestionAsked {
        /// Who asks.
        asker: TenantId,
        /// Who is asked.
        commissioner: TenantId,
        /// The question.
        words: String,
    },
    /// The commissioner answered.
    PolicyQuestionAnswered {
        /// The answer.
        answer: PolicyAnswer,
    },
}

aggregate!(
    PolicyQuestion,
    "policy_question",
    PolicyQuestionAct,
    PolicyQuestionEvent
);

impl PolicyQuestion {
    fn evolve(&mut self, event: PolicyQuestionEvent) {
        match (event, self) {
            (
                PolicyQuestionEvent::PolicyQuestionAsked {
                    asker,
                    commissioner,
                    words,
                },
                state,
            ) => {
                *state = Self::Asked {
                    asker,
                    commissioner,
                    words,
                    answers: vec![],
                };
            }
            (
                PolicyQuestionEvent::PolicyQuestionAnswered { answer },
                Self::Asked { answers, .. },
            ) => answers.push(answer),
            (PolicyQuestionEvent::PolicyQuestionAnswered { .. }, Self::Absent) => {}
        }
    }
}

impl Decider for PolicyQuestion {
    type Act = PolicyQuestionAct;
    const COLLECTION: &'static str = "policyQuestions";

    fn decide(
        &self,
        issued: &Issued<PolicyQuestionAct>,
    ) -> Result<Vec<PolicyQuestionEvent>, Refusal> {
        match (&issued.act, self) {
            (PolicyQuestionAct::Ask { asker, ask }, Self::Absent) => {
                Ok(vec![PolicyQuestionEvent::PolicyQuestionAsked {
                    asker: *asker,
                    commissioner: ask.commissioner,
                    words: text::free(&ask.words, "question", WORDS_BYTES_MAX)?,
                }])
            }
            (PolicyQuestionAct::Ask { ask, .. }, Self::Asked { words, .. }) => {
                Refusal::unless_same(ask.words.trim() == words, "the question")
            }
            (PolicyQuestionAct::Answer { .. }, Self::Absent) => Err(Refusal::not_permitted()),
            (
                PolicyQuestionAct::Answer { words, policies },
                Self::Asked {
                    commissioner,
                    answers,
                    ..
                },
            ) => {
                if issued.by.tenant != *commissioner {
                    return Err(Refusal::not_permitted());
                }
                let same =
                    |answer: &PolicyAnswer| (&answer.words, &answer.policies) == (words, policies);
                if answers.last().is_some_and(same) {
                    return Ok(vec![]);
                }
                if answers.len() >= ANSWERS_MAX {
                    return Err(Refusal::state_not_allowed(
                        "the question has been answered too often; ask it anew",
                    ));
                }
                let answer = PolicyAnswer {
                    version: u32::try_from(answers.len())
                        .unwrap_or(u32::MAX)
                        .saturating_add(1),
                    words: words.clone(),
                    policies: policies.clone(),
                    on: issued.today(),
                };
                Ok(vec![PolicyQuestionEvent::PolicyQuestionAnswered { answer }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        match self {
            Self::Absent => None,
            Self::Asked {
                asker,
                commissioner,
                ..
            } => Some(Custody::of(*asker, [*commissioner])),
        }
    }
}

/// Asks a commissioner what a policy means.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AskPolicyQuestion {
    /// Who is asked.
    pub commissioner: TenantId,
    /// The question.
    pub words: String,
}

impl Command for AskPolicyQuestion {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        Tenant::expect(
            world,
            self.commissioner,
            TenantKind::Commissioner,
            "commissioner",
        )?;
        let asker = issue.by.tenant;
        let id = Id::<PolicyQuestion>::derive(asker, &[issue.request]);
        let ask = self.clone();
        world.decide(issue, id, PolicyQuestionAct::Ask { asker, ask })?;
        Ok(id.key())
    }
}

/// Answers a question; the answer keeps the versions of the policies it names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerPolicyQuestion {
    /// Which question.
    pub question: Id<PolicyQuestion>,
    /// The answer.
    pub words: String,
    /// The policies it rests on.
    pub policies: Vec<String>,
}

impl Command for AnswerPolicyQuestion {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let words = text::free(&self.words, "answer", WORDS_BYTES_MAX)?;
        text::at_most(&self.policies, "policies", POLICIES_MAX)?;
        if self.policies.is_empty() {
            let message = "name the policies the answer rests on; ListPolicies shows them all";
            return Err(Refusal::invalid("policies", message).into());
        }
        issue.by.acting_for(TenantKind::Commissioner)?;
        let on = issue.today();
        let mut policies = BTreeMap::new();
        for id in &self.policies {
            let id = text::required(id, "policies", POLICY_ID_BYTES_MAX)?;
            let version = issue
                .policies
                .register()
                .in_force(&id, on)
                .ok_or_else(|| missing(&id, on, "has no value in force"))?
                .version;
            policies.insert(id, version);
        }
        let answer = PolicyQuestionAct::Answer { words, policies };
        world.decide(issue, self.question, answer)?;
        Ok(self.question.key())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;
    use crate::{
        actor::ActingRole,
        given::{
            Given, actor,
            cast::{COMMISSIONER, NORTHMOOR, SEVERNVALE},
            tenant,
        },
        policy::SetPolicy,
        refusal::Reason,
    };

    fn asked(given: &mut Given) -> Id<PolicyQuestion> {
        let ask = AskPolicyQuestion {
            commissioner: tenant(COMMISSIONER),
            words: "Does our crisis team count as adult community?".to_owned(),
        };
        let lead = actor(tenant(NORTHMOOR), ActingRole::ProfessionalLead);
        given.done(&lead, date(2025, 9, 1), &ask);
        given.created(tenant(NORTHMOOR))
    }

    fn answer(question: Id<PolicyQuestion>, policy: &str) -> AnswerPolicyQuestion {
        AnswerPolicyQuestion {
            question,
            words: "Yes.".to_owned(),
            policies: vec![policy.to_owned()],
        }
    }

    #[test]
    fn actor_10_a_question_is_logged_with_the_policy_version_of_its_answer() {
        let mut given = Given::directory();
        let question = asked(&mut given);
        let national = actor(tenant(COMMISSIONER), ActingRole::CommissionerNational);
        let about = "setting.MHWP.trainee.adult_community";
        given.done(&national, date(2025, 9, 8), &answer(question, about));
        assert_eq!(
            given.when(&national, date(2025, 9, 9), &answer(question, about)),
            Ok(vec![])
        );
        let set = SetPolicy {
            policy: about.to_owned(),
            from: date(2025, 10, 1),
            until: None,
            value: json!({"permitted": true, "need": "crisis teams included"}),
            source: "ACTOR-10".to_owned(),
            approver: "MHWP stakeholder steering group".to_owned(),
        };
        given.done(&national, date(2025, 9, 15), &set);
        // The same words under another version are another answer.
        given.done(&national, date(2025, 10, 2), &answer(question, about));
        let Some(PolicyQuestion::Asked { answers, .. }) = given.state(question) else {
            panic!("asked");
        };
        let told: Vec<_> = answers
            .iter()
            .map(|one| (one.version, one.policies[about]))
            .collect();
        assert_eq!(told, [(1, 1), (2, 2)]);
    }

    #[test]
    fn actor_10_only_who_was_asked_answers_and_about_policies_that_exist() {
        let mut given = Given::directory();
        let question = asked(&mut given);
        let on = date(2025, 9, 8);
        let other = actor(tenant(0x77), ActingRole::CommissionerNational);
        assert_eq!(
            given.when(&other, on, &answer(question, "cluster.min")),
            Err(Reason::NotPermitted)
        );
        let neighbour = actor(tenant(SEVERNVALE), ActingRole::ProfessionalLead);
        assert_eq!(
            given.when(&neighbour, on, &answer(question, "cluster.min")),
            Err(Reason::NotPermitted)
        );
        let national = actor(tenant(COMMISSIONER), ActingRole::CommissionerNational);
        assert_eq!(
            given.when(&national, on, &answer(question, "clustr.min")),
            Err(Reason::PolicyMissing)
        );
        let patient = AskPolicyQuestion {
            commissioner: tenant(COMMISSIONER),
            words: "May 943 476 5919 be seen by a trainee?".to_owned(),
        };
        let lead = actor(tenant(NORTHMOOR), ActingRole::ProfessionalLead);
        assert_eq!(
            given.when(&lead, on, &patient),
            Err(Reason::PatientIdentifierSuspected)
        );
    }
}
