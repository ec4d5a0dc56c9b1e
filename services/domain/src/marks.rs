//! Marks before the board: provisional, module by module, in the university's own stream. The board
//! ratifies them; employers never see them, and a person's totals do not show them (C.4).
//!
//! A mark itself is sealed. What the rules need of it is kept beside it: whether it reaches the pass
//! mark. Of a claim of extenuating circumstances only accepted or rejected arrives here (B.5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

use crate::{
    actor::{TenantId, TenantKind},
    application::Application,
    board::{BoardOutcome, BoardSitting, COMPONENT_BYTES_MAX, pass_mark},
    enrolment::Enrolment,
    id::Id,
    personal::{ContentDigest, Personal, PersonalClass},
    refusal::{Reason, Refusal},
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The most marks of one person, resits included.
pub const MARKS_MAX: usize = 200;
/// The highest mark there is.
pub const MARK_MAX: u8 = 100;

/// A mark before it is ratified.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProvisionalMark {
    /// The component, by its code.
    pub component: String,
    /// The sitting that asked for this attempt; none for the first.
    pub asked_by: Option<Id<BoardSitting>>,
    /// The mark given.
    pub mark: Personal<u8>,
    /// What it counts: of a resit after a referral no more than the pass mark.
    pub counts: Personal<u8>,
    /// Whether it reaches the pass mark.
    pub reached: bool,
    /// Tells a repeat from another mark.
    pub content: ContentDigest,
}

/// All marks of one person at one university.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MarkSheet {
    university: Option<TenantId>,
    marks: Vec<ProvisionalMark>,
    circumstances: BTreeMap<String, bool>,
    ratified: usize,
}

/// What a mark sheet decides.
#[derive(Debug, Clone)]
pub enum MarkSheetAct {
    /// See [`RecordProvisionalMark`].
    Mark {
        /// Whose.
        university: TenantId,
        /// The mark.
        mark: Box<ProvisionalMark>,
    },
    /// See [`NoteCircumstances`].
    Circumstances {
        /// Whose.
        university: TenantId,
        /// For which component.
        component: String,
        /// Whether the panel accepted.
        accepted: bool,
    },
    /// A board has decided on what is recorded so far.
    Ratify {
        /// The sitting.
        sitting: Id<BoardSitting>,
        /// Whether it passed the person.
        passed: bool,
    },
}

/// Facts of a mark sheet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum MarkSheetEvent {
    /// A component was marked.
    ProvisionalMarkRecorded {
        /// Whose.
        university: TenantId,
        /// The mark.
        mark: Box<ProvisionalMark>,
    },
    /// The panel decided on a claim; nothing else of it is known here.
    CircumstancesNoted {
        /// Whose.
        university: TenantId,
        /// For which component.
        component: String,
        /// Whether it accepted.
        accepted: bool,
    },
    /// The marks recorded so far are no longer provisional.
    MarksRatified {
        /// By which sitting.
        sitting: Id<BoardSitting>,
    },
}

impl MarkSheet {
    /// The only sheet of a person at a university.
    pub fn id(university: TenantId, application: Id<Application>) -> Id<Self> {
        Id::derive(university, &[application.0])
    }

    /// Marks in the order recorded, each with whether it is ratified.
    pub fn marks(&self) -> impl Iterator<Item = (&ProvisionalMark, bool)> {
        self.marks
            .iter()
            .enumerate()
            .map(|(at, mark)| (mark, at < self.ratified))
    }

    /// Components with a claim of circumstances, and whether the panel accepted it.
    pub fn circumstances(&self) -> impl Iterator<Item = (&str, bool)> {
        self.circumstances
            .iter()
            .map(|(component, accepted)| (component.as_str(), *accepted))
    }

    /// Components whose latest mark does not reach the pass mark.
    fn short(&self) -> Vec<&str> {
        let latest: BTreeMap<&str, bool> = self
            .marks
            .iter()
            .map(|mark| (mark.component.as_str(), mark.reached))
            .collect();
        latest
            .into_iter()
            .filter(|(_, reached)| !reached)
            .map(|(component, _)| component)
            .collect()
    }

    fn evolve(&mut self, event: MarkSheetEvent) {
        match event {
            MarkSheetEvent::ProvisionalMarkRecorded { university, mark } => {
                self.university = Some(university);
                self.marks.push(*mark);
            }
            MarkSheetEvent::CircumstancesNoted {
                university,
                component,
                accepted,
            } => {
                self.university = Some(university);
                self.circumstances.insert(component, accepted);
            }
            MarkSheetEvent::MarksRatified { .. } => self.ratified = self.marks.len(),
        }
    }
}

aggregate!(MarkSheet, "mark_sheet", MarkSheetAct, MarkSheetEvent);

impl Decider for MarkSheet {
    type Act = MarkSheetAct;
    const COLLECTION: &'static str = "markSheets";

    fn decide(&self, issued: &Issued<MarkSheetAct>) -> Result<Vec<MarkSheetEvent>, Refusal> {
        match &issued.act {
            MarkSheetAct::Mark { university, mark } => {
                let attempt = |known: &&ProvisionalMark| {
                    known.component == mark.component && known.asked_by == mark.asked_by
                };
                if let Some(known) = self.marks.iter().find(attempt) {
                    return Refusal::unless_same(
                        known.content == mark.content,
                        "the mark of this attempt",
                    );
                }
                if self.marks.len() >= MARKS_MAX {
                    return Err(Refusal::new(
                        Reason::CapacityExceeded,
                        "no more marks are kept for one person",
                    ));
                }
                Ok(vec![MarkSheetEvent::ProvisionalMarkRecorded {
                    university: *university,
                    mark: mark.clone(),
                }])
            }
            MarkSheetAct::Circumstances {
                university,
                component,
                accepted,
            } => {
                if self.circumstances.get(component) == Some(accepted) {
                    return Ok(vec![]);
                }
                Ok(vec![MarkSheetEvent::CircumstancesNoted {
                    university: *university,
                    component: component.clone(),
                    accepted: *accepted,
                }])
            }
            MarkSheetAct::Ratify { sitting, passed } => {
                let short = self.short();
                if *passed && !short.is_empty() {
                    return Err(Refusal::new(
                        Reason::MarkBelowPass,
                        format!(
                            "component {} has no mark that reaches the pass mark; refer or defer \
                             it, or record the resit",
                            short.join(", ")
                        ),
                    )
                    .with("components", short.join(", ")));
                }
                if self.ratified == self.marks.len() {
                    return Ok(vec![]);
                }
                Ok(vec![MarkSheetEvent::MarksRatified { sitting: *sitting }])
            }
        }
    }

    /// The university's alone. It is not about a person in the sense that the person may read it:
    /// what a person sees is the released result.
    fn custody(&self) -> Option<Custody> {
        self.university
            .map(|university| Custody::of(university, []))
    }
}

/// A component is marked, before any board (C.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordProvisionalMark {
    /// For whose application.
    pub application: Id<Application>,
    /// The component, by its code.
    pub component: String,
    /// The mark, 0 to 100.
    pub mark: u8,
}

impl Command for RecordProvisionalMark {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let component = text::required(&self.component, "component", COMPONENT_BYTES_MAX)?;
        if self.mark > MARK_MAX {
            return Err(Refusal::invalid("mark", "a mark is 0 to 100").into());
        }
        let university = issue.by.acting_for(TenantKind::University)?;
        let enrolment = Id::<Enrolment>::derive(university, &[self.application.0]);
        let enrolled = world.read_own(issue, enrolment)?;
        let study = enrolled.study().ok_or_else(Refusal::not_permitted)?;
        let (person, level) = (study.appointment.person, study.level);
        let mut cap = MARK_MAX;
        let mut asked_by = None;
        if let Some(last) = enrolled.standing() {
            if last.outcome.is_final() {
                return Err(Refusal::state_not_allowed(
                    "a board has decided for this person for good; its decision is superseded by \
                     appeal only",
                )
                .into());
            }
            if let BoardOutcome::Refer {
                components,
                cap: most,
                ..
            } = &last.outcome
                && components.contains(&component)
            {
                cap = *most;
            }
            asked_by = Some(last.sitting);
        }
        let pass = pass_mark(issue, level, issue.today())?;
        let id = MarkSheet::id(university, self.application);
        let sealed = |mark| Personal::new(person, PersonalClass::Assessment, [university], mark);
        let mark = Box::new(ProvisionalMark {
            component,
            asked_by,
            mark: sealed(self.mark),
            counts: sealed(self.mark.min(cap)),
            reached: self.mark >= pass,
            content: ContentDigest::of(issue.salt, id.0, self),
        });
        world.decide(issue, id, MarkSheetAct::Mark { university, mark })?;
        Ok(id.key())
    }
}

/// Reaction to a decision of the panel: the board learns accepted or rejected, and no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoteCircumstances {
    /// At which university.
    pub university: TenantId,
    /// For whose application.
    pub application: Id<Application>,
    /// For which component.
    pub component: String,
    /// Whether the panel accepted.
    pub accepted: bool,
}

impl Command for NoteCircumstances {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        issue.by.acting_for(TenantKind::Platform)?;
        let id = MarkSheet::id(self.university, self.application);
        let note = MarkSheetAct::Circumstances {
            university: self.university,
            component: self.component.clone(),
            accepted: self.accepted,
        };
        world.decide(issue, id, note)?;
        Ok(id.key())
    }
}

#[cfg(test)]
mod tests;
