//! Who supervises, and the days on which nobody eligible does.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CHANGES_MAX, EntryStanding, LoggedEntry, Training, TrainingEvent, full};
use crate::{
    actor::Party,
    appointment::Appointment,
    directory::Supervisor,
    id::Id,
    refusal::{Reason, Refusal},
    world::Issue,
};

/// Who supervises from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Supervision {
    /// The practice supervisor.
    pub supervisor: Id<Supervisor>,
    /// The first day.
    pub from: Date,
}

/// Days without an eligible supervisor (`SUP-01`, `TRAIN-03`, `READY-03`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisionGap {
    /// The first such day.
    pub from: Date,
    /// The first day on which somebody eligible supervises again, or supervision is no longer
    /// needed; none while the gap is open.
    pub until: Option<Date>,
}

impl SupervisionGap {
    /// Whether a day lies in it.
    pub fn contains(&self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }

    /// Its days so far.
    pub fn days(&self, on: Date) -> i64 {
        days_between(self.from, self.until.map_or(on, |until| until.min(on)))
    }
}

/// Whole days from one to another, none when that lies before.
fn days_between(from: Date, to: Date) -> i64 {
    i64::from((to - from).get_days()).max(0)
}

/// Days through which supervision is needed: from the first to the one before the last named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needed {
    /// The first day.
    pub from: Date,
    /// The first day on which it is needed no longer; none where no end is known.
    pub until: Option<Date>,
}

/// The gaps in what is needed. `changes` are the days on which who supervises, or whether they are
/// eligible, may change; `covered` says whether somebody eligible supervises from such a day on.
/// A gap that runs to the end of what is needed is closed once that end has come.
pub fn gaps(
    needed: &[Needed],
    changes: &BTreeSet<Date>,
    covered: impl Fn(Date) -> bool,
    today: Date,
) -> Vec<SupervisionGap> {
    let over = today.tomorrow().unwrap_or(today);
    let mut gaps = vec![];
    for needed in needed.iter().filter(|needed| needed.from <= today) {
        let within =
            |day: &&Date| **day > needed.from && needed.until.is_none_or(|until| **day < until);
        let mut open = None;
        for day in std::iter::once(&needed.from).chain(changes.iter().filter(within)) {
            if !covered(*day) {
                open.get_or_insert(*day);
            } else if let Some(from) = open.take() {
                let until = Some(*day);
                gaps.push(SupervisionGap { from, until });
            }
        }
        gaps.extend(open.map(|from| SupervisionGap {
            from,
            until: needed.until.filter(|until| *until <= over),
        }));
    }
    gaps
}

impl Training {
    /// Who supervises on a day.
    pub fn supervisor_on(&self, day: Date) -> Option<Id<Supervisor>> {
        let held = self
            .supervision
            .iter()
            .rev()
            .find(|held| held.from <= day)?;
        let ended = self.supervision_ended.iter().any(|ended| {
            ended.supervisor == held.supervisor && held.from < ended.from && ended.from <= day
        });
        (!ended).then_some(held.supervisor)
    }

    /// Who supervises as far as is known.
    pub fn supervisor(&self) -> Option<Id<Supervisor>> {
        self.supervisor_on(Date::MAX)
    }

    /// Supervisors in the order they were assigned.
    pub fn supervision(&self) -> &[Supervision] {
        &self.supervision
    }

    /// When each supervision began and, where it has, ended.
    pub fn supervised(&self) -> impl Iterator<Item = (Supervision, Option<Date>)> {
        self.supervision.iter().enumerate().map(|(place, held)| {
            let next = self
                .supervision
                .get(place.saturating_add(1))
                .map(|next| next.from);
            let ended = self
                .supervision_ended
                .iter()
                .filter(|ended| ended.supervisor == held.supervisor && held.from < ended.from)
                .map(|ended| ended.from)
                .min();
            (*held, next.into_iter().chain(ended).min())
        })
    }

    /// The days on which the supervisor changes.
    pub fn supervision_changes(&self) -> impl Iterator<Item = Date> {
        self.supervision
            .iter()
            .chain(&self.supervision_ended)
            .map(|change| change.from)
    }

    /// Gaps in supervision, by first day, as known now.
    pub fn gaps(&self) -> impl Iterator<Item = SupervisionGap> {
        self.gaps.iter().map(|(from, until)| SupervisionGap {
            from: *from,
            until: *until,
        })
    }

    /// Through which days supervision is needed: the training, and the time in the qualified post
    /// (`SUP-05`).
    pub fn supervision_needed(&self, qualified_post: Option<Needed>) -> Vec<Needed> {
        let training = self.year.map(|year| Needed {
            from: year.starts,
            until: self.last_day().and_then(|last| last.tomorrow().ok()),
        });
        training.into_iter().chain(qualified_post).collect()
    }

    pub(super) fn assign(
        &self,
        issued: &Issue,
        appointment: &Appointment,
        supervisor: Id<Supervisor>,
        eligible: bool,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        let supervision = Supervision {
            supervisor,
            from: issued.today(),
        };
        if self.supervision.contains(&supervision) {
            return Ok(vec![]);
        }
        if !eligible {
            return Err(Refusal::new(
                Reason::SupervisorNotEligible,
                "the role's rule does not admit this supervisor on this day; record a current \
                 register check or the university's course, or assign another",
            )
            .with("on", supervision.from));
        }
        if self.supervision.len() >= CHANGES_MAX {
            return Err(full("supervisors"));
        }
        Ok(vec![TrainingEvent::SupervisorAssigned {
            appointment: appointment.clone(),
            supervision,
        }])
    }

    pub(super) fn end_supervision(&self, issued: &Issue) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::Employer)?;
        let from = issued.today();
        let Some(supervisor) = self.supervisor_on(from) else {
            return Ok(vec![]);
        };
        if self.supervision.iter().any(|held| held.from == from) {
            return Err(Refusal::state_not_allowed(
                "the supervisor was assigned for this day; end the supervision on a later one, or \
                 assign another supervisor",
            ));
        }
        if self.supervision_ended.len() >= CHANGES_MAX {
            return Err(full("ends of supervision"));
        }
        Ok(vec![TrainingEvent::SupervisionEnded {
            supervision: Supervision { supervisor, from },
        }])
    }

    /// What follows from the gaps as they are known now: changes of what was known before, and hours
    /// logged in a gap come under review until the university decides or the gap is none.
    pub(super) fn note_gaps(&self, now: &[SupervisionGap]) -> Vec<TrainingEvent> {
        let mut events = vec![];
        for from in self.gaps.keys() {
            if !now.iter().any(|gap| gap.from == *from) {
                events.push(TrainingEvent::SupervisionGapRemoved { from: *from });
            }
        }
        for gap in now {
            let known = self.gaps.get(&gap.from);
            if known == Some(&gap.until) {
                continue;
            }
            if known.is_none() || gap.until.is_none() {
                events.push(TrainingEvent::SupervisionGapOpened { from: gap.from });
            }
            if let Some(until) = gap.until {
                events.push(TrainingEvent::SupervisionGapClosed {
                    from: gap.from,
                    until,
                    days: days_between(gap.from, until),
                });
            }
        }
        let in_a_gap = |known: &LoggedEntry| now.iter().any(|gap| gap.contains(known.entry.until));
        let doubtful =
            self.numbers_of(|known| known.standing == EntryStanding::Logged && in_a_gap(known));
        let cleared = self
            .numbers_of(|known| known.standing == EntryStanding::UnderReview && !in_a_gap(known));
        events.extend(
            doubtful
                .map(|(entries, quarters)| TrainingEvent::HoursUnderReview { entries, quarters }),
        );
        events.extend(
            cleared
                .map(|(entries, quarters)| TrainingEvent::HoursReviewLifted { entries, quarters }),
        );
        events
    }

    /// Numbers and quarter-hours of some entries; nothing where there are none.
    fn numbers_of(&self, which: impl Fn(&LoggedEntry) -> bool) -> Option<(Vec<u32>, u32)> {
        let entries: Vec<u32> = (1..)
            .zip(&self.entries)
            .filter(|(_, known)| which(known))
            .map(|(number, _)| number)
            .collect();
        (!entries.is_empty()).then(|| (entries, self.sum_of(which)))
    }
}
