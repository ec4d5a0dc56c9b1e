use contract::v1::{self, board_service_server::BoardService, *};
use domain::{
    actor::PersonId,
    board::{self as rules, BoardDecision, BoardOutcome},
    id::Id,
    policy::catalogue::Role,
    refusal::Refusal,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct BoardRpc(pub(crate) Desk);

#[tonic::async_trait]
impl BoardService for BoardRpc {
    async fn hold_board(
        &self,
        request: Request<HoldBoardRequest>,
    ) -> Result<Response<HoldBoardResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::HoldBoard {
                    role: Role::parse(&m.role, "role")?,
                    kind: wire::word(&m.kind, "kind")?,
                    members: m
                        .members
                        .iter()
                        .map(|member| {
                            Ok(rules::BoardMember {
                                person: PersonId::from_name(&member.person, "members.person")?,
                                capacity: wire::word(&member.capacity, "members.capacity")?,
                            })
                        })
                        .collect::<Result<_, Refusal>>()?,
                    report_to: wire::optional_date(&m.report_to, "report_to")?,
                })
            })
            .await
    }

    async fn ratify_outcome(
        &self,
        request: Request<RatifyOutcomeRequest>,
    ) -> Result<Response<RatifyOutcomeResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::RatifyOutcome {
                    sitting: Id::from_name(&m.sitting, "sitting")?,
                    application: Id::from_name(&m.application, "application")?,
                    decision: decision(&m.outcome, m.further_work)?,
                })
            })
            .await
    }

    async fn release_result(
        &self,
        request: Request<ReleaseResultRequest>,
    ) -> Result<Response<ReleaseResultResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReleaseResult {
                    application: Id::from_name(&m.application, "application")?,
                })
            })
            .await
    }

    async fn get_board_sitting(
        &self,
        request: Request<GetBoardSittingRequest>,
    ) -> Result<Response<GetBoardSittingResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::BoardSitting>(&request, name).await?;
        let board_sitting = read.state.sitting().map(|sitting| v1::BoardSitting {
            name: name.clone(),
            university: sitting.university.to_string(),
            role: sitting.role.to_string(),
            kind: sitting.kind.to_string(),
            held: sitting.held.to_string(),
            members: sitting
                .members
                .iter()
                .map(|member| v1::BoardMember {
                    person: member.person.to_string(),
                    capacity: member.capacity.to_string(),
                })
                .collect(),
            outcomes: read
                .state
                .outcomes()
                .map(|(application, outcome)| v1::BoardOutcome {
                    application: application.name(),
                    outcome: outcome_word(outcome).to_owned(),
                    further_work: further_work(outcome),
                })
                .collect(),
        });
        Ok(Response::new(GetBoardSittingResponse {
            board_sitting,
            version: wire::count(read.version),
        }))
    }
}

fn decision(outcome: &str, work: Option<v1::FurtherWork>) -> Result<BoardDecision, Refusal> {
    let work = || {
        let work = work.ok_or_else(|| {
            Refusal::invalid("further_work", "refer and defer name the further work")
        })?;
        Ok::<_, Refusal>(rules::FurtherWork {
            module: work.module,
            due: wire::date(&work.due, "further_work.due")?,
            next_board: wire::date(&work.next_board, "further_work.next_board")?,
        })
    };
    Ok(match outcome {
        "pass" => BoardDecision::Pass,
        "refer" => BoardDecision::Refer(work()?),
        "defer" => BoardDecision::Defer(work()?),
        "fail" => BoardDecision::Fail,
        "exit_award" => BoardDecision::ExitAward,
        _ => {
            return Err(Refusal::invalid(
                "outcome",
                "expected pass, refer, defer, fail or exit_award",
            ));
        }
    })
}

/// The outcome's word on the wire.
pub(super) fn outcome_word(outcome: &BoardOutcome) -> &'static str {
    match outcome {
        BoardOutcome::Pass => "pass",
        BoardOutcome::Refer { .. } => "refer",
        BoardOutcome::Defer { .. } => "defer",
        BoardOutcome::Fail => "fail",
        BoardOutcome::ExitAward => "exit_award",
    }
}

fn further_work(outcome: &BoardOutcome) -> Option<v1::FurtherWork> {
    match outcome {
        BoardOutcome::Refer {
            module,
            due,
            next_board,
            ..
        }
        | BoardOutcome::Defer {
            module,
            due,
            next_board,
        } => Some(v1::FurtherWork {
            module: module.clone(),
            due: due.to_string(),
            next_board: next_board.to_string(),
        }),
        BoardOutcome::Pass | BoardOutcome::Fail | BoardOutcome::ExitAward => None,
    }
}
