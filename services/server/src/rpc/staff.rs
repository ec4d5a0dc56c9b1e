use contract::v1::{
    self, AssignRoleRequest, AssignRoleResponse, EndRoleRequest, EndRoleResponse, GetStaffRequest,
    GetStaffResponse, ManageRolesRequest, ManageRolesResponse, RecordJoinerRequest,
    RecordJoinerResponse, RecordLeaverRequest, RecordLeaverResponse,
    staff_service_server::StaffService,
};
use domain::{
    actor::{ActingRole, PersonId},
    calendar::london_date,
    staff::{
        AssignRole, Assignment, EndRole, ManageRoles, Member, RecordJoiner, RecordLeaver, Staff,
    },
};
use jiff::civil::Date;
use ledger::LedgerError;
use tonic::{Request, Response, Status};

use crate::{desk::Desk, status::failed, wire};

pub(crate) struct StaffRpc(pub(crate) Desk);

#[tonic::async_trait]
impl StaffService for StaffRpc {
    async fn manage_roles(
        &self,
        request: Request<ManageRolesRequest>,
    ) -> Result<Response<ManageRolesResponse>, Status> {
        self.0
            .write(request, |m| Ok(ManageRoles { managed: m.managed }))
            .await
    }

    async fn record_joiner(
        &self,
        request: Request<RecordJoinerRequest>,
    ) -> Result<Response<RecordJoinerResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(RecordJoiner {
                    person: PersonId::from_name(&m.person, "person")?,
                    on: wire::date(&m.date, "date")?,
                })
            })
            .await
    }

    async fn assign_role(
        &self,
        request: Request<AssignRoleRequest>,
    ) -> Result<Response<AssignRoleResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(AssignRole {
                    person: PersonId::from_name(&m.person, "person")?,
                    role: wire::word(&m.role, "role")?,
                    assignment: Assignment {
                        from: wire::date(&m.from, "from")?,
                        until: wire::optional_date(&m.until, "until")?,
                        case: wire::some(m.case),
                    },
                })
            })
            .await
    }

    async fn end_role(
        &self,
        request: Request<EndRoleRequest>,
    ) -> Result<Response<EndRoleResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(EndRole {
                    person: PersonId::from_name(&m.person, "person")?,
                    role: wire::word(&m.role, "role")?,
                    on: wire::date(&m.date, "date")?,
                })
            })
            .await
    }

    async fn record_leaver(
        &self,
        request: Request<RecordLeaverRequest>,
    ) -> Result<Response<RecordLeaverResponse>, Status> {
        self.0
            .write(request, |m| {
                Ok(RecordLeaver {
                    person: PersonId::from_name(&m.person, "person")?,
                    on: wire::date(&m.date, "date")?,
                })
            })
            .await
    }

    async fn get_staff(
        &self,
        request: Request<GetStaffRequest>,
    ) -> Result<Response<GetStaffResponse>, Status> {
        let permit = self.0.permit(&request).await?;
        let ledger = self.0.ledger();
        let id = Staff::id(permit.actor().tenant);
        let (state, version) = match ledger.read(&permit, id).await {
            Ok(read) => (read.state, read.version),
            // nobody is recorded yet
            Err(LedgerError::Refused(_)) => (Staff::default(), 0),
            Err(error) => return Err(failed(error)),
        };
        let today = london_date(ledger.now());
        let members = state.members().iter();
        Ok(Response::new(GetStaffResponse {
            staff: Some(v1::Staff {
                name: id.name(),
                managed: state.managed(),
                members: members
                    .map(|(person, held)| member(*person, held, today))
                    .collect(),
            }),
            version: wire::count(version),
        }))
    }
}

fn member(person: PersonId, member: &Member, today: Date) -> v1::StaffMember {
    let role = |(role, assignment): (&ActingRole, &Assignment)| v1::StaffRole {
        role: role.to_string(),
        from: assignment.from.to_string(),
        until: wire::show(assignment.until),
        case: wire::show(assignment.case.as_ref()),
        current: assignment.current(today),
    };
    v1::StaffMember {
        person: person.to_string(),
        joined: member.joined.to_string(),
        left: wire::show(member.left),
        roles: member.roles.iter().map(role).collect(),
    }
}
