use std::collections::BTreeMap;

use contract::v1::{self, erasure_service_server::ErasureService, *};
use domain::{
    actor::TenantId,
    erasure::{self as rules, ClassOutcome},
    id::Id,
    personal::PersonalClass,
    refusal::Refusal,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::refused, wire};

pub(crate) struct ErasureRpc(pub(crate) Desk);

#[tonic::async_trait]
impl ErasureService for ErasureRpc {
    async fn request_erasure(
        &self,
        request: Request<RequestErasureRequest>,
    ) -> Result<Response<RequestErasureResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RequestErasure {
                    application: Id::from_name(&m.application, "application")?,
                    controller: TenantId::from_name(&m.controller, "controller")?,
                })
            })
            .await
    }

    async fn confirm_erasure_identity(
        &self,
        request: Request<ConfirmErasureIdentityRequest>,
    ) -> Result<Response<ConfirmErasureIdentityResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ConfirmErasureIdentity {
                    erasure: Id::from_name(&m.erasure, "erasure")?,
                })
            })
            .await
    }

    async fn place_legal_hold(
        &self,
        request: Request<PlaceLegalHoldRequest>,
    ) -> Result<Response<PlaceLegalHoldResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::PlaceLegalHold {
                    application: Id::from_name(&m.application, "application")?,
                    reason: m.reason,
                })
            })
            .await
    }

    async fn lift_legal_hold(
        &self,
        request: Request<LiftLegalHoldRequest>,
    ) -> Result<Response<LiftLegalHoldResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::LiftLegalHold {
                    erasure: Id::from_name(&m.erasure, "erasure")?,
                })
            })
            .await
    }

    async fn decide_erasure(
        &self,
        request: Request<DecideErasureRequest>,
    ) -> Result<Response<DecideErasureResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::DecideErasure {
                    erasure: Id::from_name(&m.erasure, "erasure")?,
                    outcomes: outcomes(&m.decisions)?,
                })
            })
            .await
    }

    async fn get_erasure(
        &self,
        request: Request<GetErasureRequest>,
    ) -> Result<Response<GetErasureResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::Erasure>(&request, name).await?;
        let state = read.state;
        let (controller, person) = state
            .whose()
            .ok_or_else(|| refused(&Refusal::not_permitted()))?;
        let decisions = state.outcomes().iter().map(|(class, outcome)| {
            let (word, ground, until) = match outcome {
                ClassOutcome::Erased => ("erased", None, None),
                ClassOutcome::Retained { ground, until } => {
                    ("retained", Some(*ground), Some(*until))
                }
            };
            ErasureDecision {
                class: class.to_string(),
                outcome: word.to_owned(),
                ground: wire::show(ground),
                until: wire::show(until),
                destroyed: state.destroyed().contains(class),
            }
        });
        Ok(Response::new(GetErasureResponse {
            erasure: Some(v1::Erasure {
                name: name.clone(),
                person: person.to_string(),
                controller: controller.to_string(),
                due: wire::show(state.request().map(|terms| terms.due)),
                identity_confirmed: wire::show(state.identity_confirmed()),
                legal_hold: state.held(),
                decisions: decisions.collect(),
                notices_from: state.notices().iter().map(ToString::to_string).collect(),
            }),
            version: wire::count(read.version),
        }))
    }
}

/// What becomes of each class, each class once.
fn outcomes(
    decisions: &[ErasureDecision],
) -> Result<BTreeMap<PersonalClass, ClassOutcome>, Refusal> {
    let mut outcomes = BTreeMap::new();
    for decision in decisions {
        let class = wire::word(&decision.class, "decisions")?;
        let outcome = match decision.outcome.as_str() {
            "erased" => ClassOutcome::Erased,
            "retained" => ClassOutcome::Retained {
                ground: wire::word(&decision.ground, "decisions")?,
                until: wire::date(&decision.until, "decisions")?,
            },
            _ => {
                return Err(Refusal::invalid(
                    "decisions",
                    "a class is erased or retained",
                ));
            }
        };
        if outcomes.insert(class, outcome).is_some() {
            return Err(Refusal::invalid("decisions", "a class is given twice"));
        }
    }
    Ok(outcomes)
}
