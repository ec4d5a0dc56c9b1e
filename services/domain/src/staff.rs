//! Who acts for an organisation in which roles (`permissions.md` C.1; `standards.md` B.7, DSPT):
//! joiners, movers and leavers, as its own administrator records them.
//!
//! A token says who somebody is and which one role they act in. Once an organisation manages its
//! roles here, that role must also be one the administrator has assigned and that is current on the
//! day: a leaver's token is worth nothing from the day of leaving, however long the issuer lets it
//! live. A system is recorded and assigned its role like a person; its tokens carry the id it is recorded
//! under. A guest reads and does what belongs to the [`Case`] they are assigned for.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{ActingRole, Actor, PersonId, TenantId},
    break_glass::party_of,
    case::{self, Case},
    id::Id,
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most people of one organisation.
pub const MEMBERS_MAX: usize = 10_000;
/// The longest case of a guest, in bytes: some twenty names of records.
pub const CASE_BYTES_MAX: usize = 1_200;

/// When and for what somebody holds a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// The first day.
    pub from: Date,
    /// The last day; a guest always has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The case a guest is there for, by the names of its records: see [`Case`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
}

impl Assignment {
    /// Whether it is in force on a day.
    pub fn current(&self, on: Date) -> bool {
        self.from <= on && self.until.is_none_or(|until| on <= until)
    }
}

/// Somebody who works for the organisation, or once did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The first day, of the last time they joined.
    pub joined: Date,
    /// The last day, once they have left.
    pub left: Option<Date>,
    /// Roles, ended ones too.
    pub roles: BTreeMap<ActingRole, Assignment>,
}

impl Member {
    fn holds(&self, role: ActingRole, on: Date) -> bool {
        self.joined <= on
            && self.left.is_none_or(|left| on <= left)
            && self
                .roles
                .get(&role)
                .is_some_and(|assignment| assignment.current(on))
    }
}

/// The people of one organisation and their roles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    tenant: Option<TenantId>,
    managed: bool,
    members: BTreeMap<PersonId, Member>,
}

/// What the register of staff decides.
#[derive(Debug, Clone)]
pub enum StaffAct {
    /// See [`ManageRoles`].
    Manage(bool),
    /// See [`RecordJoiner`].
    Join(PersonId, Date),
    /// See [`AssignRole`].
    Assign(PersonId, ActingRole, Assignment),
    /// See [`EndRole`].
    End(PersonId, ActingRole, Date),
    /// See [`RecordLeaver`].
    Leave(PersonId, Date),
}

/// Facts of the register of staff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum StaffEvent {
    /// From now on only assigned roles are acted in.
    RolesManaged {
        /// Where.
        tenant: TenantId,
    },
    /// From now on the token alone says who acts in which role.
    RolesLeftToIssuer {
        /// Where.
        tenant: TenantId,
    },
    /// Somebody joined.
    StaffJoined {
        /// Where.
        tenant: TenantId,
        /// Who.
        person: PersonId,
        /// The first day.
        on: Date,
    },
    /// Somebody was given a role, or other days in it.
    RoleAssigned {
        /// Who.
        person: PersonId,
        /// Which.
        role: ActingRole,
        /// When and for what.
        assignment: Assignment,
    },
    /// Somebody no longer acts in a role.
    RoleEnded {
        /// Who.
        person: PersonId,
        /// Which.
        role: ActingRole,
        /// The last day.
        on: Date,
    },
    /// Somebody left, and with them every role of theirs.
    StaffLeft {
        /// Who.
        person: PersonId,
        /// The last day.
        on: Date,
    },
}

impl Staff {
    /// The only one of an organisation.
    pub fn id(tenant: TenantId) -> Id<Self> {
        Id::derive(tenant, &[])
    }

    /// Whether only assigned roles are acted in.
    pub fn managed(&self) -> bool {
        self.managed
    }

    /// Everybody, leavers too.
    pub fn members(&self) -> &BTreeMap<PersonId, Member> {
        &self.members
    }

    /// Whether `actor` may act in their role on a day, as far as the register has a say. Where roles
    /// are managed nobody acts unassigned, a client system neither: it is recorded as a joiner, and
    /// its tokens carry that id. A guest who is recorded goes by the record even where they are not.
    pub fn admits(&self, actor: &Actor, on: Date) -> bool {
        match actor.person {
            Some(person) if self.managed || self.guest(person, actor.role).is_some() => {
                self.holds(person, actor.role, on)
            }
            Some(_) => true,
            None => !self.managed,
        }
    }

    /// The case that `actor` is limited to, as a guest whose role the register has assigned.
    pub fn case(&self, actor: &Actor) -> Option<Case> {
        let assignment = self.guest(actor.person?, actor.role)?;
        let words = assignment.case.as_deref().unwrap_or_default();
        Some(Case::of(actor.tenant, words))
    }

    fn guest(&self, person: PersonId, role: ActingRole) -> Option<&Assignment> {
        let member = self.members.get(&person).filter(|_| role.is_guest())?;
        member.roles.get(&role)
    }

    fn holds(&self, person: PersonId, role: ActingRole, on: Date) -> bool {
        self.members
            .get(&person)
            .is_some_and(|member| member.holds(role, on))
    }

    fn evolve(&mut self, event: StaffEvent) {
        match event {
            StaffEvent::RolesManaged { tenant } => {
                self.tenant = Some(tenant);
                self.managed = true;
            }
            StaffEvent::RolesLeftToIssuer { .. } => self.managed = false,
            StaffEvent::StaffJoined { tenant, person, on } => {
                self.tenant = Some(tenant);
                let member = self.members.entry(person).or_insert(Member {
                    joined: on,
                    left: None,
                    roles: BTreeMap::new(),
                });
                member.joined = on;
                member.left = None;
            }
            StaffEvent::RoleAssigned {
                person,
                role,
                assignment,
            } => {
                if let Some(member) = self.members.get_mut(&person) {
                    member.roles.insert(role, assignment);
                }
            }
            StaffEvent::RoleEnded { person, role, on } => {
                let member = self.members.get_mut(&person);
                if let Some(assignment) = member.and_then(|member| member.roles.get_mut(&role)) {
                    assignment.until = Some(on);
                }
            }
            StaffEvent::StaffLeft { person, on } => {
                if let Some(member) = self.members.get_mut(&person) {
                    member.left = Some(on);
                    for assignment in member.roles.values_mut() {
                        let ends = assignment.until.map_or(on, |until| until.min(on));
                        assignment.until = Some(ends);
                    }
                }
            }
        }
    }

    fn member(&self, person: PersonId, on: Date) -> Result<&Member, Refusal> {
        self.members
            .get(&person)
            .filter(|member| member.left.is_none_or(|left| on <= left))
            .ok_or_else(|| {
                Refusal::state_not_allowed(
                    "nobody with this id works here; record them with RecordJoiner first",
                )
            })
    }

    /// Refuses what would leave the organisation without anybody to assign roles.
    fn keeps_an_administrator(&self, without: PersonId, on: Date) -> Result<(), Refusal> {
        let another = self.members.iter().any(|(person, member)| {
            *person != without && member.holds(ActingRole::TenantAdmin, on)
        });
        if !self.managed || another || !self.holds(without, ActingRole::TenantAdmin, on) {
            return Ok(());
        }
        Err(Refusal::state_not_allowed(
            "nobody else administers the organisation; assign tenant_admin to somebody first",
        ))
    }

    fn assign(
        &self,
        issued: &Issued<StaffAct>,
        person: PersonId,
        role: ActingRole,
        assignment: &Assignment,
    ) -> Result<Vec<StaffEvent>, Refusal> {
        if role
            .tenant_kind()
            .is_some_and(|kind| kind != issued.by.kind)
        {
            return Err(Refusal::invalid(
                "role",
                "an organisation of this kind has no such role",
            ));
        }
        if assignment
            .until
            .is_some_and(|until| until < assignment.from)
        {
            return Err(Refusal::invalid("until", "not before the first day"));
        }
        if role.is_guest() && (assignment.until.is_none() || assignment.case.is_none()) {
            return Err(Refusal::invalid(
                "until",
                "a guest is there for one case and until a day; name both",
            ));
        }
        if issued.by.person == Some(person) && role != ActingRole::TenantAdmin {
            return Err(Refusal::state_not_allowed(
                "administrators see no records, so none assigns such a role to themself; ask another",
            ));
        }
        let member = self.member(person, assignment.from)?;
        if assignment.from < member.joined {
            return Err(Refusal::invalid("from", "not before they joined"));
        }
        Ok(if member.roles.get(&role) == Some(assignment) {
            vec![]
        } else {
            vec![StaffEvent::RoleAssigned {
                person,
                role,
                assignment: assignment.clone(),
            }]
        })
    }
}

aggregate!(Staff, "staff", StaffAct, StaffEvent);

impl Decider for Staff {
    type Act = StaffAct;
    const COLLECTION: &'static str = "staff";

    fn decide(&self, issued: &Issued<StaffAct>) -> Result<Vec<StaffEvent>, Refusal> {
        let (tenant, today) = (issued.by.tenant, issued.today());
        match &issued.act {
            StaffAct::Manage(managed) if *managed == self.managed => Ok(vec![]),
            StaffAct::Manage(false) => Ok(vec![StaffEvent::RolesLeftToIssuer { tenant }]),
            StaffAct::Manage(true) => {
                let holds = |person| self.holds(person, ActingRole::TenantAdmin, today);
                if !issued.by.person.is_some_and(holds) {
                    return Err(Refusal::state_not_allowed(
                        "you would lock yourself out; record yourself as joined and as tenant_admin \
                         first",
                    ));
                }
                Ok(vec![StaffEvent::RolesManaged { tenant }])
            }
            StaffAct::Join(person, on) => {
                let known = self.members.get(person);
                match known {
                    None if self.members.len() >= MEMBERS_MAX => Err(Refusal::state_not_allowed(
                        "the register is full; ask the operator of the platform",
                    )),
                    Some(member) if member.left.is_none() => {
                        Refusal::unless_same(member.joined == *on, "the day of joining")
                    }
                    Some(member) if member.left.is_some_and(|left| *on <= left) => {
                        Err(Refusal::invalid("on", "they had not left by that day"))
                    }
                    _ => Ok(vec![StaffEvent::StaffJoined {
                        tenant,
                        person: *person,
                        on: *on,
                    }]),
                }
            }
            StaffAct::Assign(person, role, assignment) => {
                self.assign(issued, *person, *role, assignment)
            }
            StaffAct::End(person, role, on) => {
                let Some(assignment) = self.member(*person, *on)?.roles.get(role) else {
                    return Err(Refusal::state_not_allowed(
                        "they were never assigned the role; GetStaff lists what was",
                    ));
                };
                if assignment.until.is_some_and(|until| until <= *on) {
                    return Ok(vec![]);
                }
                if *role == ActingRole::TenantAdmin {
                    self.keeps_an_administrator(*person, today)?;
                }
                Ok(vec![StaffEvent::RoleEnded {
                    person: *person,
                    role: *role,
                    on: *on,
                }])
            }
            StaffAct::Leave(person, on) => {
                let left = self.members.get(person).and_then(|member| member.left);
                if left == Some(*on) {
                    return Ok(vec![]);
                }
                if *on < self.member(*person, *on)?.joined {
                    return Err(Refusal::invalid("on", "not before they joined"));
                }
                self.keeps_an_administrator(*person, today)?;
                Ok(vec![StaffEvent::StaffLeft {
                    person: *person,
                    on: *on,
                }])
            }
        }
    }

    /// The organisation's own: the other party of a record never learns who works there.
    fn custody(&self) -> Option<Custody> {
        self.tenant.map(|tenant| Custody::of(tenant, []))
    }
}

fn decide(issue: &Issue, world: &mut World, act: StaffAct) -> Result<StreamKey, Halt> {
    let id = Staff::id(issue.by.tenant);
    world.decide(issue, id, act)?;
    Ok(id.key())
}

/// From now on only assigned roles are acted in, or the token alone says so again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManageRoles {
    /// Whether roles are managed here.
    pub managed: bool,
}

impl Command for ManageRoles {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        decide(issue, world, StaffAct::Manage(self.managed))
    }
}

/// Somebody joins the organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordJoiner {
    /// Who.
    pub person: PersonId,
    /// The first day.
    pub on: Date,
}

impl Command for RecordJoiner {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        decide(issue, world, StaffAct::Join(self.person, self.on))
    }
}

/// Somebody acts in a role, from a day and perhaps until one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AssignRole {
    /// Who.
    pub person: PersonId,
    /// Which.
    pub role: ActingRole,
    /// When and for what.
    pub assignment: Assignment,
}

impl Command for AssignRole {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let case = self.assignment.case.as_deref();
        let case = case.map(|case| text::free(case, "case", CASE_BYTES_MAX));
        let case = case.transpose()?;
        if let Some(case) = case.as_deref().filter(|_| self.role.is_guest()) {
            case::named(case)?;
            for record in case.split_whitespace() {
                party_of(issue, world, record)?;
            }
        }
        let assignment = Assignment {
            case,
            ..self.assignment.clone()
        };
        decide(
            issue,
            world,
            StaffAct::Assign(self.person, self.role, assignment),
        )
    }
}

/// Somebody acts in a role no longer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EndRole {
    /// Who.
    pub person: PersonId,
    /// Which.
    pub role: ActingRole,
    /// The last day.
    pub on: Date,
}

impl Command for EndRole {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        decide(issue, world, StaffAct::End(self.person, self.role, self.on))
    }
}

/// Somebody leaves the organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordLeaver {
    /// Who.
    pub person: PersonId,
    /// The last day.
    pub on: Date,
}

impl Command for RecordLeaver {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        decide(issue, world, StaffAct::Leave(self.person, self.on))
    }
}

#[cfg(test)]
mod tests;
