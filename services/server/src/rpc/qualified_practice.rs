use std::collections::BTreeMap;

use contract::v1::{self, qualified_practice_service_server::QualifiedPracticeService, *};
use domain::{
    correction::Authority, id::Id, qualified_practice as rules, refusal::Refusal,
    visibility::DataClass,
};
use tonic::{Request, Response, Status};

use crate::{desk::Desk, wire};

pub(crate) struct QualifiedPracticeRpc(pub(crate) Desk);

fn week(count: Option<v1::WeekCount>) -> Result<rules::WeekCount, Refusal> {
    let count = count.ok_or_else(|| Refusal::invalid("week", "the week is needed"))?;
    let mut contact = BTreeMap::new();
    for entry in &count.contact {
        let quarters = wire::number(entry.quarter_hours, "quarter_hours")?;
        if contact
            .insert(wire::word(&entry.mode, "mode")?, quarters)
            .is_some()
        {
            return Err(Refusal::invalid("contact", "each mode at most once"));
        }
    }
    Ok(rules::WeekCount {
        monday: wire::date(&count.monday, "monday")?,
        contact,
        supervision_quarters: wire::number(
            count.supervision_quarter_hours,
            "supervision_quarter_hours",
        )?,
        caseload: wire::number(count.caseload, "caseload")?,
        sessions: wire::number(count.sessions, "sessions")?,
    })
}

fn practice(name: &str) -> Result<Id<rules::QualifiedPractice>, Refusal> {
    Id::from_name(name, "qualified_practice")
}

#[tonic::async_trait]
impl QualifiedPracticeService for QualifiedPracticeRpc {
    async fn place_in_team(
        &self,
        request: Request<PlaceInTeamRequest>,
    ) -> Result<Response<PlaceInTeamResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::PlaceInTeam {
                    practice: practice(&m.qualified_practice)?,
                    clinical_service: Id::from_name(&m.clinical_service, "clinical_service")?,
                    team: m.team,
                    whole_time_percent: wire::number(m.whole_time_percent, "whole_time_percent")?,
                })
            })
            .await
    }

    async fn name_practice_supervisor(
        &self,
        request: Request<NamePracticeSupervisorRequest>,
    ) -> Result<Response<NamePracticeSupervisorResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::NamePracticeSupervisor {
                    practice: practice(&m.qualified_practice)?,
                    supervisor: Id::from_name(&m.supervisor, "supervisor")?,
                })
            })
            .await
    }

    async fn end_practice_supervision(
        &self,
        request: Request<EndPracticeSupervisionRequest>,
    ) -> Result<Response<EndPracticeSupervisionResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::EndPracticeSupervision {
                    practice: practice(&m.qualified_practice)?,
                })
            })
            .await
    }

    async fn log_practice_week(
        &self,
        request: Request<LogPracticeWeekRequest>,
    ) -> Result<Response<LogPracticeWeekResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::LogPracticeWeek {
                    practice: practice(&m.qualified_practice)?,
                    week: week(m.week)?,
                })
            })
            .await
    }

    async fn correct_practice_week(
        &self,
        request: Request<CorrectPracticeWeekRequest>,
    ) -> Result<Response<CorrectPracticeWeekResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::CorrectPracticeWeek {
                    practice: practice(&m.qualified_practice)?,
                    week: week(m.week)?,
                    reason: wire::optional_word(&m.reason, "reason")?,
                    authority: Authority::parse(&m.authority, "authority")?,
                })
            })
            .await
    }

    async fn start_practice_leave(
        &self,
        request: Request<StartPracticeLeaveRequest>,
    ) -> Result<Response<StartPracticeLeaveResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::StartPracticeLeave {
                    practice: practice(&m.qualified_practice)?,
                    reason: wire::word(&m.reason, "reason")?,
                })
            })
            .await
    }

    async fn end_practice_leave(
        &self,
        request: Request<EndPracticeLeaveRequest>,
    ) -> Result<Response<EndPracticeLeaveResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::EndPracticeLeave {
                    practice: practice(&m.qualified_practice)?,
                })
            })
            .await
    }

    async fn leave_qualified_post(
        &self,
        request: Request<LeaveQualifiedPostRequest>,
    ) -> Result<Response<LeaveQualifiedPostResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(rules::LeaveQualifiedPost {
                    practice: practice(&m.qualified_practice)?,
                    reason: m.reason,
                })
            })
            .await
    }

    async fn get_qualified_practice(
        &self,
        request: Request<GetQualifiedPracticeRequest>,
    ) -> Result<Response<GetQualifiedPracticeResponse>, Status> {
        let name = request.get_ref().name.clone();
        let role = self.0.permit(&request).await?.actor().role;
        let read = self
            .0
            .read::<rules::QualifiedPractice>(&request, &name)
            .await?;
        let Some(held) = read.state.held() else {
            return Ok(Response::new(GetQualifiedPracticeResponse::default()));
        };
        let mut leave = vec![];
        for away in &held.leave {
            let reason: Option<rules::AwayFor> = (self.0)
                .open(&request, read.id, DataClass::Leave, &away.reason)
                .await?;
            leave.push(v1::PracticeLeave {
                from: away.from.to_string(),
                until: wire::show(away.until),
                reason: wire::show(reason),
            });
        }
        let team = held.teams.last();
        let mut shown = v1::QualifiedPractice {
            name,
            application: held.appointment.application.name(),
            person: held.appointment.person.to_string(),
            from: held.from.to_string(),
            clinical_service: wire::show(team.map(|team| team.clinical_service.name())),
            team: wire::show(team.map(|team| &team.team)),
            whole_time_percent: team.map_or(0, |team| wire::small(team.whole_time_percent)),
            supervisor: wire::show(held.supervisor().map(|supervisor| supervisor.name())),
            leave,
            left: wire::show(held.left.as_ref().map(|left| left.on)),
            leaving_reason: wire::show(held.left.as_ref().map(|left| &left.reason)),
            ..Default::default()
        };
        if DataClass::PatientContact.is_shown_to(role) {
            shown.contact = held
                .contact_by_mode()
                .into_iter()
                .map(|(mode, quarters)| v1::ModeContact {
                    mode: mode.to_string(),
                    quarter_hours: wire::small(quarters),
                })
                .collect();
            shown.weeks_measured = wire::small(held.contact.measured().2);
            shown.average_quarter_hours = wire::small(held.contact.average());
            shown.below_contact_hours = held.contact.below();
            shown.sessions = wire::small(held.sessions());
        }
        Ok(Response::new(GetQualifiedPracticeResponse {
            qualified_practice: Some(shown),
            version: wire::count(read.version),
        }))
    }
}
