use std::ops::Bound;

use contract::v1::{self, policy_service_server::PolicyService, *};
use domain::{actor::TenantId, id::Id, policy as rules, refusal::Refusal, what_if::Proposal};
use tonic::{Request, Response, Status};

use super::what_if;
use crate::{caller, desk::Desk, lease::Answers, status::refused, wire};

/// The largest page.
const PAGE_ITEMS_MAX: usize = 500;
/// The page when none is asked for.
const PAGE_ITEMS: usize = 100;

pub(crate) struct PolicyRpc(pub(crate) Desk);

#[tonic::async_trait]
impl PolicyService for PolicyRpc {
    async fn set_policy(
        &self,
        request: Request<SetPolicyRequest>,
    ) -> Result<Response<SetPolicyResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::SetPolicy {
                    policy: m.policy,
                    from: wire::date(&m.from, "from")?,
                    until: wire::optional_date(&m.until, "until")?,
                    value: serde_json::from_str(&m.value_json)
                        .map_err(|_| Refusal::invalid("value_json", "expected a JSON value"))?,
                    source: m.source,
                    approver: m.approver,
                })
            })
            .await
    }

    async fn get_policy(
        &self,
        request: Request<GetPolicyRequest>,
    ) -> Result<Response<GetPolicyResponse>, Status> {
        self.0.permit(&request).await?;
        let message = request.get_ref();
        let on = wire::optional_date(&message.on, "on").map_err(|refusal| refused(&refusal))?;
        let register = self.0.ledger().policies();
        let found = register
            .all()
            .find(|(policy, _)| *policy == message.policy)
            .ok_or_else(|| {
                refused(&Refusal::invalid(
                    "policy",
                    "no such policy; ListPolicies shows them all",
                ))
            })?;
        Ok(Response::new(GetPolicyResponse {
            policy: Some(policy(found)),
            in_force: on
                .and_then(|on| register.in_force(&message.policy, on))
                .map(version),
        }))
    }

    async fn list_policies(
        &self,
        request: Request<ListPoliciesRequest>,
    ) -> Result<Response<ListPoliciesResponse>, Status> {
        self.0.permit(&request).await?;
        let message = request.get_ref();
        let size = match usize::try_from(message.page_size) {
            Ok(0) => PAGE_ITEMS,
            Ok(size) => size.min(PAGE_ITEMS_MAX),
            Err(_) => {
                let refusal = Refusal::invalid("page_size", "must not be negative");
                return Err(refused(&refusal));
            }
        };
        let register = self.0.ledger().policies();
        let after = match message.page_token.as_str() {
            "" => Bound::Unbounded,
            token => Bound::Excluded(token),
        };
        let mut rest = register.after(after);
        let policies: Vec<_> = rest.by_ref().take(size).map(policy).collect();
        let next_page_token = match (rest.next(), policies.last()) {
            (Some(_), Some(last)) => last.policy.clone(),
            _ => String::new(),
        };
        Ok(Response::new(ListPoliciesResponse {
            policies,
            next_page_token,
        }))
    }

    async fn ask_policy_question(
        &self,
        request: Request<AskPolicyQuestionRequest>,
    ) -> Result<Response<AskPolicyQuestionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AskPolicyQuestion {
                    commissioner: TenantId::from_name(&m.commissioner, "commissioner")?,
                    words: m.question,
                })
            })
            .await
    }

    async fn answer_policy_question(
        &self,
        request: Request<AnswerPolicyQuestionRequest>,
    ) -> Result<Response<AnswerPolicyQuestionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::AnswerPolicyQuestion {
                    question: Id::from_name(&m.policy_question, "policy_question")?,
                    words: m.answer,
                    policies: m.policies,
                })
            })
            .await
    }

    async fn get_policy_question(
        &self,
        request: Request<GetPolicyQuestionRequest>,
    ) -> Result<Response<GetPolicyQuestionResponse>, Status> {
        let name = request.get_ref().name.clone();
        let read = self
            .0
            .read::<rules::PolicyQuestion>(&request, &name)
            .await?;
        let mut question = v1::PolicyQuestion {
            name,
            ..v1::PolicyQuestion::default()
        };
        if let rules::PolicyQuestion::Asked {
            asker,
            commissioner,
            words,
            answers,
        } = read.state
        {
            question.asker = asker.to_string();
            question.commissioner = commissioner.to_string();
            question.question = words;
            question.answers = answers.into_iter().map(answer).collect();
        }
        Ok(Response::new(GetPolicyQuestionResponse {
            policy_question: Some(question),
            version: wire::count(read.version),
        }))
    }

    type WhatIfStream = Answers<WhatIfResponse>;

    async fn what_if(
        &self,
        request: Request<WhatIfRequest>,
    ) -> Result<Response<Self::WhatIfStream>, Status> {
        let permit = self.0.permit(&request).await?;
        let lease = caller::lease(&request)?;
        let register = self.0.ledger().policies();
        let proposal = what_if::proposed(request.into_inner())
            .and_then(|values| Proposal::new(register, values))
            .map_err(|refusal| refused(&refusal))?;
        let entries = what_if::answer(&self.0, &permit, proposal).await?;
        let entries = futures::stream::iter(entries.into_iter().map(Ok));
        Ok(Response::new(lease.limits(entries)))
    }
}

fn answer(answer: rules::PolicyAnswer) -> v1::PolicyAnswer {
    v1::PolicyAnswer {
        version: wire::small(answer.version),
        answer: answer.words,
        policies: answer
            .policies
            .into_iter()
            .map(|(policy, version)| (policy, wire::small(version)))
            .collect(),
        on: answer.on.to_string(),
    }
}

fn policy((policy, versions): (&str, &[rules::PolicyVersion])) -> v1::Policy {
    v1::Policy {
        policy: policy.to_owned(),
        versions: versions.iter().map(version).collect(),
    }
}

fn version(version: &rules::PolicyVersion) -> v1::PolicyVersion {
    v1::PolicyVersion {
        version: wire::small(version.version),
        from: version.from.to_string(),
        until: wire::show(version.until),
        value_json: version.value.to_string(),
        source: version.source.clone(),
        approver: version.approver.clone(),
    }
}
