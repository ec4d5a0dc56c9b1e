//! The standing board of a role's programme (B.5): who its members are and since when, which
//! external examiners act without attending, and which chair's actions it has yet to be told of.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use super::{BoardCapacity, BoardMember, BoardSitting, MEMBERS_MAX, SittingKind};
use crate::{
    actor::{PLATFORM, PersonId, TenantId, TenantKind},
    id::Id,
    policy::catalogue::Role,
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most times a board is constituted anew.
pub const CONSTITUTIONS_MAX: usize = 200;
/// The most chair's actions and arrangements of one board.
pub const ACTIONS_MAX: usize = 4_000;

/// Who makes up a board, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constitution {
    /// The first day.
    pub from: Date,
    /// Who directs the programme, and so does not chair the board that examines it.
    pub programme_director: PersonId,
    /// Its members.
    pub members: Vec<BoardMember>,
}

impl Constitution {
    fn has(&self, member: &BoardMember) -> bool {
        self.members.contains(member)
    }
}

/// Why the chair acted between boards; a closed list, so that nothing about the person is in it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChairsActionReason {
    /// Work asked for by a board is completed before the next one.
    FurtherWorkCompleted,
    /// A mark or record was wrong.
    AdministrativeCorrection,
    /// An appeal was upheld.
    AppealUpheld,
    /// Something else, kept in the board's own papers.
    Other,
}

/// A chair's action and the duty to report it to the next board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChairsAction {
    /// The day of the action; qualification and lock may count from it.
    pub on: Date,
    /// Why.
    pub reason: ChairsActionReason,
    /// The external examiner who was consulted.
    pub consulted: Option<PersonId>,
    /// The board it is to be reported to.
    pub report_to: Date,
    /// The sitting that was told, once it was.
    pub reported: Option<Id<BoardSitting>>,
}

/// The standing board of one role's programme at one university.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExamBoard {
    university: Option<TenantId>,
    role: Option<Role>,
    constitutions: Vec<Constitution>,
    arrangements: BTreeSet<(Date, PersonId)>,
    actions: BTreeMap<Id<BoardSitting>, ChairsAction>,
}

/// What a board decides about itself.
#[derive(Debug, Clone)]
pub enum ExamBoardAct {
    /// See [`ConstituteBoard`].
    Constitute {
        /// Whose.
        university: TenantId,
        /// Which role's programme it examines.
        role: Role,
        /// Who makes it up.
        constitution: Constitution,
    },
    /// See [`ArrangeExternalExaminer`].
    Arrange {
        /// Who acts without attending.
        external: PersonId,
        /// At the sitting of which day.
        sitting_date: Date,
    },
    /// The chair has acted between boards.
    NoteAction {
        /// The action.
        sitting: Id<BoardSitting>,
        /// What is known of it.
        action: ChairsAction,
        /// Whether policy asks for an external examiner's word.
        consult: bool,
    },
    /// See [`ReportChairsAction`].
    Report {
        /// The action.
        action: Id<BoardSitting>,
        /// The sitting that was told.
        sitting: Id<BoardSitting>,
        /// When it was held.
        held: Date,
    },
}

/// Facts of a board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ExamBoardEvent {
    /// The board has these members from the day on.
    BoardConstituted {
        /// Whose.
        university: TenantId,
        /// Which role's programme it examines.
        role: Role,
        /// Who makes it up.
        constitution: Constitution,
    },
    /// An external examiner will act at a sitting without attending it.
    ExternalExaminerArranged {
        /// Who.
        external: PersonId,
        /// At the sitting of which day.
        sitting_date: Date,
    },
    /// The chair acted between boards; the next one is to be told.
    ChairsActionTaken {
        /// The action.
        sitting: Id<BoardSitting>,
        /// What is known of it.
        action: ChairsAction,
    },
    /// A board was told of a chair's action.
    ChairsActionReported {
        /// The action.
        action: Id<BoardSitting>,
        /// The sitting that was told.
        sitting: Id<BoardSitting>,
    },
}

impl ExamBoard {
    /// The only board of a role's programme at a university.
    pub fn id(university: TenantId, role: &Role) -> Id<Self> {
        let role = Uuid::new_v5(&PLATFORM.0, role.as_str().as_bytes());
        Id::derive(university, &[role])
    }

    /// Whose it is.
    pub fn university(&self) -> Option<TenantId> {
        self.university
    }

    /// Which role's programme it examines.
    pub fn role(&self) -> Option<&Role> {
        self.role.as_ref()
    }

    /// Who made it up and makes it up, first to latest.
    pub fn constitutions(&self) -> &[Constitution] {
        &self.constitutions
    }

    /// Who makes it up on a date.
    pub fn constituted_on(&self, on: Date) -> Option<&Constitution> {
        self.constitutions
            .iter()
            .filter(|constitution| constitution.from <= on)
            .max_by_key(|constitution| constitution.from)
    }

    /// External examiners who act at the sitting of a date without attending.
    pub fn arranged_for(&self, on: Date) -> impl Iterator<Item = PersonId> {
        self.arrangements
            .iter()
            .filter(move |(date, _)| *date == on)
            .map(|(_, external)| *external)
    }

    /// Arrangements by day of the sitting.
    pub fn arrangements(&self) -> impl Iterator<Item = (Date, PersonId)> {
        self.arrangements.iter().copied()
    }

    /// Chair's actions.
    pub fn actions(&self) -> impl Iterator<Item = (Id<BoardSitting>, &ChairsAction)> {
        self.actions.iter().map(|(id, action)| (*id, action))
    }

    /// Refuses people who sit as what they were not appointed to be, before anything is counted.
    pub(super) fn seats(&self, members: &[BoardMember], on: Date) -> Result<(), Refusal> {
        let Some(constitution) = self.constituted_on(on) else {
            return Err(Refusal::new(
                Reason::BoardNotConstituted,
                format!("no board is constituted on {on}; constitute it before it sits"),
            ));
        };
        let strangers = members
            .iter()
            .filter(|member| {
                member.capacity != BoardCapacity::Attending && !constitution.has(member)
            })
            .count();
        if strangers == 0 {
            return Ok(());
        }
        Err(Refusal::new(
            Reason::BoardNotConstituted,
            format!(
                "{strangers} of those present are no members of the board in that capacity; \
                 constitute it anew, or let them attend"
            ),
        )
        .at("members"))
    }

    fn evolve(&mut self, event: ExamBoardEvent) {
        match event {
            ExamBoardEvent::BoardConstituted {
                university,
                role,
                constitution,
            } => {
                self.university = Some(university);
                self.role = Some(role);
                self.constitutions.push(constitution);
            }
            ExamBoardEvent::ExternalExaminerArranged {
                external,
                sitting_date,
            } => {
                self.arrangements.insert((sitting_date, external));
            }
            ExamBoardEvent::ChairsActionTaken { sitting, action } => {
                self.actions.insert(sitting, action);
            }
            ExamBoardEvent::ChairsActionReported { action, sitting } => {
                if let Some(action) = self.actions.get_mut(&action) {
                    action.reported = Some(sitting);
                }
            }
        }
    }

    fn constitute(
        &self,
        university: TenantId,
        role: &Role,
        constitution: &Constitution,
    ) -> Result<Vec<ExamBoardEvent>, Refusal> {
        let same_day = |known: &&Constitution| known.from == constitution.from;
        if let Some(known) = self.constitutions.iter().find(same_day) {
            return Refusal::unless_same(known == constitution, "the board of that day");
        }
        let chairs: Vec<_> = constitution
            .members
            .iter()
            .filter(|member| member.capacity == BoardCapacity::Chair)
            .collect();
        if chairs.is_empty() {
            return Err(Refusal::invalid(
                "members",
                "a board has a chair; name one who does not direct the programme",
            ));
        }
        if chairs
            .iter()
            .any(|chair| chair.person == constitution.programme_director)
        {
            return Err(Refusal::new(
                Reason::ChairNotIndependent,
                "whoever directs the programme does not chair its board; name another chair",
            )
            .at("members"));
        }
        full(self.constitutions.len() >= CONSTITUTIONS_MAX)?;
        Ok(vec![ExamBoardEvent::BoardConstituted {
            university,
            role: role.clone(),
            constitution: constitution.clone(),
        }])
    }
}

fn full(full: bool) -> Result<(), Refusal> {
    if full {
        return Err(Refusal::new(
            Reason::CapacityExceeded,
            "no more of these are kept for one board",
        ));
    }
    Ok(())
}

aggregate!(ExamBoard, "exam_board", ExamBoardAct, ExamBoardEvent);

impl Decider for ExamBoard {
    type Act = ExamBoardAct;
    const COLLECTION: &'static str = "examBoards";

    fn decide(&self, issued: &Issued<ExamBoardAct>) -> Result<Vec<ExamBoardEvent>, Refusal> {
        match &issued.act {
            ExamBoardAct::Constitute {
                university,
                role,
                constitution,
            } => self.constitute(*university, role, constitution),
            ExamBoardAct::Arrange {
                external,
                sitting_date,
            } => {
                if self.arrangements.contains(&(*sitting_date, *external)) {
                    return Ok(vec![]);
                }
                let seat = BoardMember {
                    person: *external,
                    capacity: BoardCapacity::External,
                };
                let Some(constitution) = self.constituted_on(*sitting_date) else {
                    return Err(Refusal::not_permitted());
                };
                if !constitution.has(&seat) {
                    return Err(Refusal::new(
                        Reason::BoardNotConstituted,
                        "an arrangement is made with an external examiner of the board; \
                         constitute it with them first",
                    )
                    .at("external"));
                }
                if issued.today() >= *sitting_date {
                    return Err(Refusal::state_not_allowed(
                        "an arrangement is made before the day of the sitting; sit with an \
                         external examiner present, or on a later day",
                    ));
                }
                full(self.arrangements.len() >= ACTIONS_MAX)?;
                Ok(vec![ExamBoardEvent::ExternalExaminerArranged {
                    external: *external,
                    sitting_date: *sitting_date,
                }])
            }
            ExamBoardAct::NoteAction {
                sitting,
                action,
                consult,
            } => {
                if self.actions.contains_key(sitting) {
                    return Ok(vec![]);
                }
                let external = |person| BoardMember {
                    person,
                    capacity: BoardCapacity::External,
                };
                let heard = action.consulted.is_some_and(|person| {
                    self.constituted_on(action.on)
                        .is_some_and(|constitution| constitution.has(&external(person)))
                });
                if *consult && !heard {
                    return Err(Refusal::new(
                        Reason::BoardNotQuorate,
                        "the chair acts after hearing an external examiner of the board; name \
                         the one consulted",
                    )
                    .at("external_consulted"));
                }
                full(self.actions.len() >= ACTIONS_MAX)?;
                Ok(vec![ExamBoardEvent::ChairsActionTaken {
                    sitting: *sitting,
                    action: action.clone(),
                }])
            }
            ExamBoardAct::Report {
                action,
                sitting,
                held,
            } => {
                let Some(known) = self.actions.get(action) else {
                    return Err(Refusal::not_permitted());
                };
                if let Some(told) = known.reported {
                    return Refusal::unless_same(told == *sitting, "the report to a board");
                }
                if *held <= known.on {
                    return Err(Refusal::state_not_allowed(
                        "a chair's action is reported to a later board; name that sitting",
                    ));
                }
                Ok(vec![ExamBoardEvent::ChairsActionReported {
                    action: *action,
                    sitting: *sitting,
                }])
            }
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.university
            .map(|university| Custody::of(university, []))
    }
}

/// The university constitutes the board of a role's programme, from the day on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConstituteBoard {
    /// Which role's programme it examines.
    pub role: Role,
    /// Who directs that programme.
    pub programme_director: PersonId,
    /// All its members, everybody once.
    pub members: Vec<BoardMember>,
}

impl Command for ConstituteBoard {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        named_once(&self.members)?;
        let university = issue.by.acting_for(TenantKind::University)?;
        let id = ExamBoard::id(university, &self.role);
        let constitute = ExamBoardAct::Constitute {
            university,
            role: self.role.clone(),
            constitution: Constitution {
                from: issue.today(),
                programme_director: self.programme_director,
                members: self.members.clone(),
            },
        };
        world.decide(issue, id, constitute)?;
        Ok(id.key())
    }
}

/// Refuses a list that is too long, or that names somebody twice.
pub(super) fn named_once(members: &[BoardMember]) -> Result<(), Refusal> {
    text::at_most(members, "members", MEMBERS_MAX)?;
    let persons: BTreeSet<_> = members.iter().map(|member| member.person).collect();
    if persons.len() < members.len() {
        return Err(Refusal::invalid(
            "members",
            "everybody sits in one capacity; name them once",
        ));
    }
    Ok(())
}

/// An external examiner is to act at a coming sitting without attending it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ArrangeExternalExaminer {
    /// Of which role's board.
    pub role: Role,
    /// Who.
    pub external: PersonId,
    /// The day of the sitting.
    pub sitting_date: Date,
}

impl Command for ArrangeExternalExaminer {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let id = ExamBoard::id(university, &self.role);
        let arrange = ExamBoardAct::Arrange {
            external: self.external,
            sitting_date: self.sitting_date,
        };
        world.decide(issue, id, arrange)?;
        Ok(id.key())
    }
}

/// A board is told what its chair did since the last one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReportChairsAction {
    /// The action.
    pub action: Id<BoardSitting>,
    /// The sitting that is told.
    pub sitting: Id<BoardSitting>,
}

impl Command for ReportChairsAction {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = issue.by.acting_for(TenantKind::University)?;
        let mut of = |id: Id<BoardSitting>| -> Result<(Role, SittingKind, Date), Halt> {
            let sitting = world.read_own(issue, id)?.sitting();
            let sitting = sitting.ok_or_else(Refusal::not_permitted)?;
            Ok((sitting.role.clone(), sitting.kind, sitting.held))
        };
        let (role, ..) = of(self.action)?;
        let (boards, kind, held) = of(self.sitting)?;
        if boards != role || kind == SittingKind::ChairsAction {
            return Err(Refusal::invalid(
                "sitting",
                "a chair's action is reported to a sitting of the same role's board",
            )
            .into());
        }
        let id = ExamBoard::id(university, &role);
        let report = ExamBoardAct::Report {
            action: self.action,
            sitting: self.sitting,
            held,
        };
        world.decide(issue, id, report)?;
        Ok(id.key())
    }
}
