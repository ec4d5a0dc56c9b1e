use contract::v1::{self, transition_service_server::TransitionService, *};
use domain::{calendar, id::Id, transition as rules};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct TransitionRpc(pub(crate) Desk);

#[tonic::async_trait]
impl TransitionService for TransitionRpc {
    async fn plan_transition_step(
        &self,
        request: Request<PlanTransitionStepRequest>,
    ) -> Result<Response<PlanTransitionStepResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::PlanTransitionStep {
                    plan: Id::from_name(&m.transition_plan, "transition_plan")?,
                    step: m.step,
                    due: wire::date(&m.due, "due")?,
                })
            })
            .await
    }

    async fn take_transition_step(
        &self,
        request: Request<TakeTransitionStepRequest>,
    ) -> Result<Response<TakeTransitionStepResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::TakeTransitionStep {
                    plan: Id::from_name(&m.transition_plan, "transition_plan")?,
                    step: m.step,
                })
            })
            .await
    }

    async fn get_transition_plan(
        &self,
        request: Request<GetTransitionPlanRequest>,
    ) -> Result<Response<GetTransitionPlanResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::TransitionPlan>(&request, name).await?;
        let today = calendar::london_date(self.0.ledger().now());
        let transition_plan = read.state.held().map(|held| v1::TransitionPlan {
            name: name.clone(),
            application: held.appointment.application.name(),
            person: held.appointment.person.to_string(),
            from: held.from.to_string(),
            first_step_by: held.first_step_by.to_string(),
            steps: held
                .steps
                .iter()
                .map(|(id, step)| v1::TransitionStep {
                    step: id.clone(),
                    due: wire::show(step.due),
                    taken: wire::show(step.taken),
                })
                .collect(),
            closed: wire::show(held.closed),
            amber: held.amber(today),
        });
        Ok(Response::new(GetTransitionPlanResponse {
            transition_plan,
            version: wire::count(read.version),
        }))
    }
}
