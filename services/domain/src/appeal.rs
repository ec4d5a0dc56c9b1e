//! An appeal against what a board decided (B.5). Upheld, it sets that outcome aside, and a later
//! board decides anew; the former outcome stays in the record. However it ends, the complaint body's
//! window opens with the letter that completes the university's procedures.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    appointment::Appointment,
    board::BoardSitting,
    calendar::{days_later, months_later},
    enrolment::{Enrolment, EnrolmentAct},
    id::Id,
    qualification::ReleasedResult,
    refusal::{Reason, Refusal},
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The grounds there are: disagreeing with the academic judgement is none.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumIter, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum AppealGround {
    /// New information that the board could not have had, for a good reason.
    NewInformation,
    /// The board or the assessment was conducted irregularly.
    IrregularConduct,
}

/// What an appeal is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealTerms {
    /// Whose outcome it was.
    pub appointment: Appointment,
    /// The sitting that decided.
    pub sitting: Id<BoardSitting>,
    /// On what ground.
    pub ground: AppealGround,
    /// The day it was lodged.
    pub lodged: Date,
}

/// How an appeal was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppealDecision {
    /// Whether it was upheld.
    pub upheld: bool,
    /// The day.
    pub on: Date,
    /// The last day for the letter that completes the procedures.
    pub letter_by: Date,
}

/// The letter that completes the university's procedures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletionLetter {
    /// Its day.
    pub on: Date,
    /// The last day on which the complaint body takes a complaint; what the university keeps of
    /// the case it keeps at least until then.
    pub complaint_until: Date,
}

/// An appeal's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Appeal {
    /// Not lodged.
    #[default]
    Absent,
    /// Lodged.
    Lodged {
        /// What it is about.
        terms: Box<AppealTerms>,
        /// How it was decided.
        decision: Option<AppealDecision>,
        /// The letter after it.
        letter: Option<CompletionLetter>,
    },
}

/// What an appeal decides.
#[derive(Debug, Clone)]
pub enum AppealAct {
    /// See [`LodgeAppeal`].
    Lodge {
        /// What it is about.
        terms: Box<AppealTerms>,
    },
    /// See [`DecideAppeal`].
    Decide {
        /// How.
        decision: AppealDecision,
    },
    /// See [`CompleteAppealProcedures`].
    Complete {
        /// The letter.
        letter: CompletionLetter,
    },
}

/// Facts of an appeal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum AppealEvent {
    /// The person appealed.
    AppealLodged {
        /// What it is about.
        terms: Box<AppealTerms>,
    },
    /// The university decided the appeal.
    AppealDecided {
        /// How.
        decision: AppealDecision,
    },
    /// The university's procedures are completed.
    AppealProceduresCompleted {
        /// The letter that says so.
        letter: CompletionLetter,
    },
}

impl Appeal {
    /// What it is about.
    pub fn terms(&self) -> Option<&AppealTerms> {
        match self {
            Self::Absent => None,
            Self::Lodged { terms, .. } => Some(terms),
        }
    }

    /// How it was decided.
    pub fn decision(&self) -> Option<AppealDecision> {
        match self {
            Self::Absent => None,
            Self::Lodged { decision, .. } => *decision,
        }
    }

    /// The letter after it.
    pub fn letter(&self) -> Option<CompletionLetter> {
        match self {
            Self::Absent => None,
            Self::Lodged { letter, .. } => *letter,
        }
    }

    fn evolve(&mut self, event: AppealEvent) {
        match (event, self) {
            (AppealEvent::AppealLodged { terms }, state) => {
                *state = Self::Lodged {
                    terms,
                    decision: None,
                    letter: None,
                };
            }
            (AppealEvent::AppealDecided { decision: made }, Self::Lodged { decision, .. }) => {
                *decision = Some(made);
            }
            (
                AppealEvent::AppealProceduresCompleted { letter: sent },
                Self::Lodged { letter, .. },
            ) => *letter = Some(sent),
            (_, Self::Absent) => {}
        }
    }
}

aggregate!(Appeal, "appeal", AppealAct, AppealEvent);

impl Decider for Appeal {
    type Act = AppealAct;
    const COLLECTION: &'static str = "appeals";

    fn decide(&self, issued: &Issued<AppealAct>) -> Result<Vec<AppealEvent>, Refusal> {
        match (&issued.act, self) {
            (AppealAct::Lodge { terms }, Self::Absent) => Ok(vec![AppealEvent::AppealLodged {
                terms: terms.clone(),
            }]),
            (AppealAct::Lodge { terms }, Self::Lodged { terms: known, .. }) => {
                Refusal::unless_same(
                    known.ground == terms.ground,
                    "an appeal against this outcome",
                )
            }
            (_, Self::Absent) => Err(Refusal::not_permitted()),
            (AppealAct::Decide { decision }, Self::Lodged { decision: made, .. }) => match made {
                Some(made) => Refusal::unless_same(
                    made.upheld == decision.upheld,
                    "the decision on this appeal",
                ),
                None => Ok(vec![AppealEvent::AppealDecided {
                    decision: *decision,
                }]),
            },
            (
                AppealAct::Complete { letter },
                Self::Lodged {
                    decision,
                    letter: sent,
                    ..
                },
            ) => {
                if decision.is_none() {
                    return Err(Refusal::state_not_allowed(
                        "the procedures are completed by a decision; decide the appeal first",
                    ));
                }
                if sent.is_some() {
                    return Ok(vec![]);
                }
                Ok(vec![AppealEvent::AppealProceduresCompleted {
                    letter: *letter,
                }])
            }
        }
    }

    /// The university's, about the person, who may read it.
    fn custody(&self) -> Option<Custody> {
        self.terms().map(|terms| {
            Custody::of(terms.appointment.university, []).about(terms.appointment.person)
        })
    }
}

/// The person, or the university for them, appeals against the outcome that stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LodgeAppeal {
    /// For whose application.
    pub application: Id<Application>,
    /// On what ground.
    pub ground: AppealGround,
}

impl Command for LodgeAppeal {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let university = world
            .read_own(issue, self.application)?
            .terms()
            .map(|terms| terms.university)
            .ok_or_else(Refusal::not_permitted)?;
        let enrolment = Id::<Enrolment>::derive(university, &[self.application.0]);
        let enrolled = world.read_own(issue, enrolment)?;
        let Some(study) = enrolled.study() else {
            return Err(Refusal::not_permitted().into());
        };
        let appointment = study.appointment.clone();
        let sitting = enrolled.standing().map(|stands| stands.sitting);
        // whoever appeals knows a result: what is not released is hidden from them, decided or not
        let released = world.read(appointment.qualification())?.result();
        let (Some(sitting), Some(released)) = (sitting, released) else {
            return Err(Refusal::new(
                Reason::ResultNotReleased,
                "no result is released; wait for it, then appeal",
            )
            .into());
        };
        if released == ReleasedResult::Passed {
            return Err(Refusal::state_not_allowed(
                "a pass leaves nothing to appeal against; ask the board's secretary to correct a \
                 record",
            )
            .into());
        }
        let id = Id::<Appeal>::derive(university, &[self.application.0, sitting.0]);
        let terms = Box::new(AppealTerms {
            appointment,
            sitting,
            ground: self.ground,
            lodged: issue.today(),
        });
        world.decide(issue, id, AppealAct::Lodge { terms })?;
        Ok(id.key())
    }
}

/// The university decides an appeal. Upheld, the outcome no longer stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecideAppeal {
    /// Which.
    pub appeal: Id<Appeal>,
    /// Whether it is upheld.
    pub upheld: bool,
}

impl Command for DecideAppeal {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let (university, today) = (issue.by.acting_for(TenantKind::University)?, issue.today());
        let days = issue.policies.get("appeal.letter_days", today)?;
        let decision = AppealDecision {
            upheld: self.upheld,
            on: today,
            letter_by: days_later(today, days),
        };
        let appeal = world.decide(issue, self.appeal, AppealAct::Decide { decision })?;
        if let (Some(terms), true) = (appeal.terms().cloned(), self.upheld) {
            let enrolment = enrolment_of(university, &terms);
            let set_aside = EnrolmentAct::SetAside {
                sitting: terms.sitting,
                appeal: self.appeal,
            };
            world.decide(issue, enrolment, set_aside)?;
        }
        Ok(self.appeal.key())
    }
}

fn enrolment_of(university: TenantId, terms: &AppealTerms) -> Id<Enrolment> {
    Id::derive(university, &[terms.appointment.application.0])
}

/// The university sends the letter that completes its procedures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CompleteAppealProcedures {
    /// Of which appeal.
    pub appeal: Id<Appeal>,
}

impl Command for CompleteAppealProcedures {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::University)?;
        let on = issue.today();
        let months = issue.policies.get("appeal.complaint_months", on)?;
        let letter = CompletionLetter {
            on,
            complaint_until: months_later(on, months),
        };
        world.decide(issue, self.appeal, AppealAct::Complete { letter })?;
        Ok(self.appeal.key())
    }
}
