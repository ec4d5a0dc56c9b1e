//! What becomes of those who train: one impersonal record each of how a training and the years
//! after it went (`CAREER-05`, `CAREER-06`). It names nobody, neither by id nor by employer, and so
//! it is what a commissioner's figures of retention and destinations are made from. The employer is
//! no party: where its former staff went is not its to know.

mod commands;
mod follow_up;

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

pub use self::{commands::*, follow_up::*};
use crate::{
    actor::{Region, TenantId},
    appointment::Appointment,
    calendar::{months_later, years_later},
    id::Id,
    policy::catalogue::{Pathway, Role},
    refusal::{Reason, Refusal},
    text,
    world::{Custody, Decider, Issued, aggregate},
};

/// The longest id of a destination, in bytes.
pub const DESTINATION_BYTES_MAX: usize = 40;

/// Which cohort somebody belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cohort {
    /// Who teaches.
    pub university: TenantId,
    /// Who commissioned the place.
    pub commissioner: TenantId,
    /// The role.
    pub role: Role,
    /// The region of the place.
    pub region: Region,
    /// The network of the region, by policy `network.of_region` (`EVAL-09`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<TenantId>,
    /// The first day of teaching: with the role it names the cohort.
    pub teaching_start: Date,
}

/// A progression's state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub enum Progression {
    /// Nobody started.
    #[default]
    Absent,
    /// Somebody did.
    Followed {
        /// Of which cohort.
        cohort: Box<Cohort>,
        /// How it went.
        follow_up: Box<FollowUp>,
    },
}

/// What a progression decides.
#[derive(Debug, Clone)]
pub enum ProgressionAct {
    /// A training started.
    Open(Cohort),
    /// It ended before the qualification.
    LeaveTraining(Date),
    /// It ended without the qualification.
    NotCompleted(Date),
    /// It ended with it.
    Qualify(Date),
    /// A qualified post was taken up.
    TakePost(Date),
    /// It was left.
    LeavePost {
        /// The first day in it.
        from: Date,
        /// The last.
        on: Date,
    },
    /// See [`RecordDestination`].
    Destination {
        /// Months after qualifying.
        months: u32,
        /// Where to.
        destination: String,
    },
}

/// Facts of a progression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum ProgressionEvent {
    /// Somebody of a cohort started.
    ProgressionOpened {
        /// Of which cohort.
        cohort: Box<Cohort>,
    },
    /// The training ended without the qualification.
    TrainingEndNoted {
        /// The last day, or the day of the board.
        on: Date,
        /// How.
        ending: Ending,
    },
    /// The training ended with the qualification; from here on one asks again at each mark.
    QualificationNoted {
        /// The day of the board.
        on: Date,
        /// The days on which one asks, by months after it.
        marks: BTreeMap<u32, Date>,
        /// The day on which staying counts as retained.
        retained_on: Date,
    },
    /// A qualified post was taken up.
    QualifiedPostNoted {
        /// The first day.
        from: Date,
    },
    /// A qualified post was left.
    QualifiedPostLeftNoted {
        /// The first day in it.
        from: Date,
        /// The last.
        on: Date,
        /// Whether that was soon after qualifying (`PRECEPT-07`).
        early: bool,
    },
    /// The university learnt where somebody was at a mark.
    DestinationRecorded {
        /// The mark, in months after qualifying.
        months: u32,
        /// Where to, a step of the role's pathway or another of policy `destinations.other`.
        destination: String,
        /// Whether it is a training as a therapist or psychologist.
        training: bool,
    },
}

impl Progression {
    /// Of which cohort and how it went.
    pub fn followed(&self) -> Option<(&Cohort, &FollowUp)> {
        match self {
            Self::Absent => None,
            Self::Followed { cohort, follow_up } => Some((cohort, follow_up)),
        }
    }

    fn evolve(&mut self, event: ProgressionEvent) {
        match (event, self) {
            (ProgressionEvent::ProgressionOpened { cohort }, state) => {
                *state = Self::Followed {
                    cohort,
                    follow_up: Box::default(),
                };
            }
            (event, Self::Followed { follow_up, .. }) => follow_up.note(&event),
            (_, Self::Absent) => {}
        }
    }
}

fn destination(
    issued: &Issued<ProgressionAct>,
    cohort: &Cohort,
    follow_up: &FollowUp,
    months: u32,
    to: &str,
) -> Result<Vec<ProgressionEvent>, Refusal> {
    let to = text::identifier(to, "destination", DESTINATION_BYTES_MAX)?;
    if cohort.university != issued.by.tenant {
        return Err(Refusal::not_permitted());
    }
    let today = issued.today();
    let pathway: Option<Pathway> = issued
        .policies
        .find(&format!("pathway.{}", cohort.role), today)?;
    let steps = pathway.map(|pathway| pathway.steps).unwrap_or_default();
    let others: Vec<String> = issued.policies.get("destinations.other", today)?;
    let step = steps.iter().find(|step| step.to == to);
    if step.is_none() && !others.contains(&to) {
        let known: Vec<&str> = steps
            .iter()
            .map(|step| step.to.as_str())
            .chain(others.iter().map(String::as_str))
            .collect();
        return Err(Refusal::invalid(
            "destination",
            format!("the policies name {}", known.join(", ")),
        ));
    }
    if follow_up.marks.is_empty() {
        return Err(Refusal::new(
            Reason::NotQualified,
            "destinations are asked for after qualifying; wait for the released pass",
        ));
    }
    let Some(mark) = follow_up.marks.get(&months).copied() else {
        let marks: Vec<String> = follow_up.marks.keys().map(ToString::to_string).collect();
        return Err(Refusal::invalid(
            "months",
            format!("one asks {} months after qualifying", marks.join(", ")),
        ));
    };
    if let Some(known) = follow_up.destinations.get(&months) {
        return Refusal::unless_same(known.to == to, "the destination");
    }
    if today < mark {
        return Err(Refusal::state_not_allowed(format!(
            "the mark is {mark}; record the destination then or later"
        ))
        .with("mark", mark));
    }
    if follow_up.in_post_on(mark) {
        return Err(Refusal::state_not_allowed(
            "the practitioner was in a qualified post at the mark, and that is the answer; there \
             is nothing to record",
        ));
    }
    Ok(vec![ProgressionEvent::DestinationRecorded {
        months,
        destination: to,
        training: step.is_some_and(|step| step.training),
    }])
}

aggregate!(Progression, "progression", ProgressionAct, ProgressionEvent);

impl Decider for Progression {
    type Act = ProgressionAct;
    const COLLECTION: &'static str = "progressions";

    fn decide(&self, issued: &Issued<ProgressionAct>) -> Result<Vec<ProgressionEvent>, Refusal> {
        let Self::Followed { cohort, follow_up } = self else {
            return match &issued.act {
                ProgressionAct::Open(cohort) => Ok(vec![ProgressionEvent::ProgressionOpened {
                    cohort: Box::new(cohort.clone()),
                }]),
                ProgressionAct::Destination { .. } => Err(Refusal::not_permitted()),
                // a training that nobody saw start is followed by nobody
                _ => Ok(vec![]),
            };
        };
        let unless = |known: bool, event| if known { vec![] } else { vec![event] };
        Ok(match &issued.act {
            ProgressionAct::Open(_) => vec![],
            ProgressionAct::LeaveTraining(on) => unless(
                follow_up.over() || follow_up.left_training == Some(*on),
                ProgressionEvent::TrainingEndNoted {
                    on: *on,
                    ending: Ending::Left,
                },
            ),
            ProgressionAct::NotCompleted(on) => unless(
                follow_up.over(),
                ProgressionEvent::TrainingEndNoted {
                    on: *on,
                    ending: Ending::NotCompleted,
                },
            ),
            ProgressionAct::Qualify(on) => {
                let months: Vec<u32> = issued.policies.get("destinations.marks", *on)?;
                let marks = months
                    .into_iter()
                    .map(|months| (months, months_later(*on, months)))
                    .collect();
                let years: u32 = issued.policies.get("consolidation.years", *on)?;
                let retained_on = years_later(*on, years);
                unless(
                    follow_up.qualified == Some(*on),
                    ProgressionEvent::QualificationNoted {
                        on: *on,
                        marks,
                        retained_on,
                    },
                )
            }
            ProgressionAct::TakePost(from) => unless(
                follow_up.posts.contains_key(from),
                ProgressionEvent::QualifiedPostNoted { from: *from },
            ),
            ProgressionAct::LeavePost { from, on } => {
                let soon: u32 = issued.policies.get("early_leaver.months", *on)?;
                let early = follow_up
                    .qualified
                    .is_some_and(|qualified| *on < months_later(qualified, soon));
                unless(
                    follow_up.posts.get(from) == Some(&Some(*on)),
                    ProgressionEvent::QualifiedPostLeftNoted {
                        from: *from,
                        on: *on,
                        early,
                    },
                )
            }
            ProgressionAct::Destination {
                months,
                destination: to,
            } => return destination(issued, cohort, follow_up, *months, to),
        })
    }

    fn custody(&self) -> Option<Custody> {
        self.followed().map(|(cohort, _)| {
            let readers = std::iter::once(cohort.commissioner).chain(cohort.network);
            Custody::of(cohort.university, readers)
        })
    }
}

impl Appointment {
    /// The impersonal record of what became of it.
    pub fn progression(&self) -> Id<Progression> {
        Id::derive(self.university, &[self.application.0])
    }
}

#[cfg(test)]
mod tests;
