use contract::v1::{self, board_service_server::BoardService, *};
use domain::{
    actor::PersonId,
    board::{self as rules, BoardDecision, BoardOutcome},
    correction::Authority,
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
                    members: members(&m.members)?,
                    chairs_action: action_taken(&m)?,
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
            members: sitting.members.iter().map(member).collect(),
            outcomes: read
                .state
                .outcomes()
                .map(|(application, outcome)| v1::BoardOutcome {
                    application: application.name(),
                    outcome: outcome_word(outcome).to_owned(),
                    further_work: further_work(outcome),
                    cap: match outcome {
                        BoardOutcome::Refer { cap, .. } => wire::small(*cap),
                        _ => 0,
                    },
                })
                .collect(),
        });
        Ok(Response::new(GetBoardSittingResponse {
            board_sitting,
            version: wire::count(read.version),
        }))
    }

    async fn constitute_board(
        &self,
        request: Request<ConstituteBoardRequest>,
    ) -> Result<Response<ConstituteBoardResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ConstituteBoard {
                    role: Role::parse(&m.role, "role")?,
                    programme_director: PersonId::from_name(
                        &m.programme_director,
                        "programme_director",
                    )?,
                    members: members(&m.members)?,
                })
            })
            .await
    }

    async fn arrange_external_examiner(
        &self,
        request: Request<ArrangeExternalExaminerRequest>,
    ) -> Result<Response<ArrangeExternalExaminerResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ArrangeExternalExaminer {
                    role: Role::parse(&m.role, "role")?,
                    external: PersonId::from_name(&m.external, "external")?,
                    sitting_date: wire::date(&m.sitting_date, "sitting_date")?,
                })
            })
            .await
    }

    async fn report_chairs_action(
        &self,
        request: Request<ReportChairsActionRequest>,
    ) -> Result<Response<ReportChairsActionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::ReportChairsAction {
                    action: Id::from_name(&m.action, "action")?,
                    sitting: Id::from_name(&m.sitting, "sitting")?,
                })
            })
            .await
    }

    async fn correct_board_date(
        &self,
        request: Request<CorrectBoardDateRequest>,
    ) -> Result<Response<CorrectBoardDateResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CorrectBoardDate {
                    sitting: Id::from_name(&m.sitting, "sitting")?,
                    held: wire::date(&m.held, "held")?,
                    why: wire::word(&m.why, "why")?,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }

    async fn get_exam_board(
        &self,
        request: Request<GetExamBoardRequest>,
    ) -> Result<Response<GetExamBoardResponse>, Status> {
        let name = &request.get_ref().name;
        let read = self.0.read::<rules::ExamBoard>(&request, name).await?;
        let board = &read.state;
        let exam_board = v1::ExamBoard {
            name: name.clone(),
            university: wire::show(board.university()),
            role: wire::show(board.role()),
            constitutions: board
                .constitutions()
                .iter()
                .map(|constitution| BoardConstitution {
                    from: constitution.from.to_string(),
                    programme_director: constitution.programme_director.to_string(),
                    members: constitution.members.iter().map(member).collect(),
                })
                .collect(),
            arrangements: board
                .arrangements()
                .map(|(on, external)| ExternalArrangement {
                    external: external.to_string(),
                    sitting_date: on.to_string(),
                })
                .collect(),
            chairs_actions: board
                .actions()
                .map(|(id, action)| v1::ChairsAction {
                    action: id.name(),
                    on: action.on.to_string(),
                    reason: action.reason.to_string(),
                    external_consulted: wire::show(action.consulted),
                    report_to: action.report_to.to_string(),
                    reported: wire::show(action.reported.map(Id::name)),
                })
                .collect(),
        };
        Ok(Response::new(GetExamBoardResponse {
            exam_board: Some(exam_board),
            version: wire::count(read.version),
        }))
    }
}

fn member(member: &rules::BoardMember) -> v1::BoardMember {
    v1::BoardMember {
        person: member.person.to_string(),
        capacity: member.capacity.to_string(),
    }
}

fn members(members: &[v1::BoardMember]) -> Result<Vec<rules::BoardMember>, Refusal> {
    members
        .iter()
        .map(|member| {
            Ok(rules::BoardMember {
                person: PersonId::from_name(&member.person, "members.person")?,
                capacity: wire::word(&member.capacity, "members.capacity")?,
            })
        })
        .collect()
}

fn action_taken(m: &HoldBoardRequest) -> Result<Option<rules::ActionTaken>, Refusal> {
    let Some(report_to) = wire::optional_date(&m.report_to, "report_to")? else {
        return Ok(None);
    };
    let consulted = Some(&m.external_consulted).filter(|name| !name.is_empty());
    Ok(Some(rules::ActionTaken {
        report_to,
        reason: wire::optional_word(&m.reason, "reason")?
            .unwrap_or(rules::ChairsActionReason::Other),
        consulted: consulted
            .map(|name| PersonId::from_name(name, "external_consulted"))
            .transpose()?,
    }))
}

fn decision(outcome: &str, work: Option<v1::FurtherWork>) -> Result<BoardDecision, Refusal> {
    let asked = || {
        work.ok_or_else(|| {
            Refusal::invalid(
                "further_work",
                "refer and defer name the further work, a deferred decision the next board",
            )
        })
    };
    let work = |asked: v1::FurtherWork| {
        let components = match asked.components.is_empty() {
            true => vec![asked.module],
            false => asked.components,
        };
        Ok::<_, Refusal>(rules::FurtherWork {
            components,
            due: wire::date(&asked.due, "further_work.due")?,
            next_board: wire::date(&asked.next_board, "further_work.next_board")?,
        })
    };
    Ok(match outcome {
        "pass" => BoardDecision::Pass,
        "refer" => BoardDecision::Refer(work(asked()?)?),
        "defer" => BoardDecision::Defer(work(asked()?)?),
        "decision_deferred" => BoardDecision::DecisionDeferred {
            next_board: wire::date(&asked()?.next_board, "further_work.next_board")?,
        },
        "fail" => BoardDecision::Fail,
        "withdraw" => BoardDecision::Withdraw,
        "exit_award" => BoardDecision::ExitAward,
        _ => {
            return Err(Refusal::invalid(
                "outcome",
                "expected pass, refer, defer, decision_deferred, fail, withdraw or exit_award",
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
        BoardOutcome::DecisionDeferred { .. } => "decision_deferred",
        BoardOutcome::Fail => "fail",
        BoardOutcome::Withdraw => "withdraw",
        BoardOutcome::ExitAward => "exit_award",
    }
}

fn further_work(outcome: &BoardOutcome) -> Option<v1::FurtherWork> {
    let mut work = v1::FurtherWork {
        next_board: outcome.next_board()?.to_string(),
        ..v1::FurtherWork::default()
    };
    if let BoardOutcome::Refer {
        components, due, ..
    }
    | BoardOutcome::Defer {
        components, due, ..
    } = outcome
    {
        work.module = wire::show(components.first());
        work.components.clone_from(components);
        work.due = due.to_string();
    }
    Some(work)
}
