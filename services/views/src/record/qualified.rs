//! Towards and in the qualified post.

use std::collections::BTreeMap;

use domain::{
    calendar::months_later,
    policy::Policies,
    preceptorship::{PreceptorshipEvent, ServiceClock, SessionForm},
    qualified_practice::{ContactLog, PracticeWeek, QualifiedPracticeEvent},
    refusal::Refusal,
    transition::TransitionPlanEvent,
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Keep, Trainee};
use crate::dashboard::{Definition, Split, before, split};

/// An employer's plan towards a trainee's qualified post.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TransitionPlanRecord {
    /// Whose.
    pub trainee: Option<Trainee>,
    /// Last day for the first step.
    pub first_step_by: Option<Date>,
    /// Steps taken.
    pub steps: u32,
    /// Whether the training is over.
    pub closed: bool,
}

impl TransitionPlanRecord {
    /// What it adds to the employer's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("transition_steps_taken", i64::from(self.steps));
        if let (Some(by), 0, false) = (self.first_step_by, self.steps, self.closed) {
            sums.add_of("transition_first_steps_by", by, 1);
        }
    }
}

impl Keep<TransitionPlanEvent> for TransitionPlanRecord {
    fn note(&mut self, _: &Noted, fact: &TransitionPlanEvent) {
        match fact {
            TransitionPlanEvent::TransitionPlanOpened {
                appointment,
                first_step_by,
                ..
            } => {
                self.trainee = Some(Trainee::from(appointment));
                self.first_step_by = Some(*first_step_by);
            }
            TransitionPlanEvent::TransitionStepTaken { .. } => {
                self.steps = self.steps.saturating_add(1);
            }
            TransitionPlanEvent::TransitionPlanClosed { .. } => self.closed = true,
            TransitionPlanEvent::TransitionStepPlanned { .. } => {}
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}

/// A preceptorship and the soft clock of consolidation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PreceptorshipRecord {
    /// Whose.
    pub trainee: Option<Trainee>,
    /// Its last day as planned.
    pub planned_end: Option<Date>,
    /// Service in the qualified post.
    pub clock: Option<ServiceClock>,
    /// Meetings the tier asks for.
    pub meetings_asked: u32,
    /// Last day for the first meeting.
    pub first_meeting_by: Option<Date>,
    /// Whether a preceptor was named.
    pub accompanied: bool,
    /// Sessions held, by form.
    pub sessions: BTreeMap<String, u32>,
    /// Quarter-hours taken, by kind of time.
    pub quarters: BTreeMap<String, u32>,
    /// When the employer signed its part off.
    pub signed_off: Option<Date>,
    /// When the university completed its part.
    pub university_completed: Option<Date>,
    /// When both parts were done.
    pub completed: Option<Date>,
    /// The last day in the post, where that came before the planned end.
    pub ended_early: Option<Date>,
}

impl PreceptorshipRecord {
    /// Whole months of consolidation by a date, and those asked for.
    pub fn consolidation(&self, on: Date) -> Option<(u32, u32)> {
        let clock = self.clock.as_ref()?;
        Some((clock.months(on), clock.months_needed()))
    }

    /// The first day in the qualified post.
    pub fn post_from(&self) -> Option<Date> {
        self.clock.as_ref().map(ServiceClock::from)
    }

    /// What it adds to a dashboard of either party.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        let runs = self.trainee.is_some() && self.completed.is_none() && self.ended_early.is_none();
        sums.count("preceptorships_started", self.trainee.is_some());
        sums.count("preceptorships_complete", self.completed.is_some());
        sums.count("preceptorships_ended_early", self.ended_early.is_some());
        sums.count("preceptors_missing", runs && !self.accompanied);
        for (form, held) in &self.sessions {
            sums.add_of("preceptorship_sessions", form, i64::from(*held));
        }
        for (kind, quarters) in &self.quarters {
            sums.add_of("preceptorship_quarter_hours", kind, i64::from(*quarters));
        }
        sums.add("preceptor_meetings_asked", i64::from(self.meetings_asked));
        let met = (self.sessions).contains_key(&SessionForm::PreceptorMeeting.to_string());
        if let (Some(by), true, false) = (self.first_meeting_by, runs, met) {
            sums.add_of("first_meetings_by", by, 1);
        }
        let Some(clock) = &self.clock else { return };
        match (clock.stopped(), clock.paused()) {
            (Some(left), _) if !clock.consolidated(left) => {
                sums.add("left_before_consolidation", 1);
            }
            // away before it was full: until when is not known
            (None, Some(away)) if !clock.consolidated(away) => {
                sums.add("consolidation_paused", 1);
            }
            _ => sums.add_of("consolidating_until", clock.until(), 1),
        }
    }

    fn add_session(&mut self, form: SessionForm) {
        let held = self.sessions.entry(form.to_string()).or_default();
        *held = held.saturating_add(1);
    }
}

impl Keep<PreceptorshipEvent> for PreceptorshipRecord {
    fn note(&mut self, _: &Noted, fact: &PreceptorshipEvent) {
        match fact {
            PreceptorshipEvent::PreceptorshipStarted {
                appointment,
                planned_end,
                asks,
                ..
            } => {
                self.trainee = Some(Trainee::from(appointment));
                self.planned_end = Some(*planned_end);
                self.meetings_asked = asks.meetings;
            }
            PreceptorshipEvent::PreceptorshipStandardSet { standard } => {
                self.first_meeting_by = Some(standard.first_meeting_by);
            }
            PreceptorshipEvent::ConsolidationClockStarted { consolidation } => {
                self.clock = Some(ServiceClock::of(*consolidation));
            }
            PreceptorshipEvent::ConsolidationClockPaused { on } => {
                self.clock.iter_mut().for_each(|clock| clock.pause(*on));
            }
            PreceptorshipEvent::ConsolidationClockResumed { on } => {
                self.clock.iter_mut().for_each(|clock| clock.resume(*on));
            }
            PreceptorshipEvent::ConsolidationClockStopped { on } => {
                self.clock.iter_mut().for_each(|clock| clock.stop(*on));
            }
            PreceptorshipEvent::PreceptorAssigned { .. } => self.accompanied = true,
            PreceptorshipEvent::PreceptorshipSessionHeld { session } => {
                self.add_session(session.form);
            }
            PreceptorshipEvent::OtherPreceptorshipSupportGiven { .. } => {
                self.add_session(SessionForm::Other);
            }
            PreceptorshipEvent::PreceptorshipHoursLogged { hours } => {
                let sum = self.quarters.entry(hours.kind.to_string()).or_default();
                *sum = sum.saturating_add(hours.quarters);
            }
            PreceptorshipEvent::PreceptorshipExtended { planned_end } => {
                self.planned_end = Some(*planned_end);
            }
            PreceptorshipEvent::PreceptorshipEndedEarly { on } => self.ended_early = Some(*on),
            PreceptorshipEvent::PreceptorshipSignedOff { on } => self.signed_off = Some(*on),
            PreceptorshipEvent::PreceptorshipSessionsCompleted { on } => {
                self.university_completed = Some(*on);
            }
            PreceptorshipEvent::PreceptorshipCompleted { on } => self.completed = Some(*on),
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}

/// Qualified posts by their first day, and those that were left also by the whole months in them.
const TAKEN_UP: &str = "posts_taken_up";
const LEFT_AFTER: &str = "posts_left_after";

/// Months after the first day at which somebody was still in a post, the last day being part of it.
fn whole_months(from: Date, last: Date) -> usize {
    (1..)
        .take_while(|months| months_later(from, *months) <= last)
        .count()
}

/// Adds how many came so far in their qualified post that policy asks about them, and how many of these
/// were still in it: what an employer knows of retention, since where people went is not its to know.
///
/// # Errors
/// `POLICY_MISSING`.
pub(crate) fn retention(
    figures: &mut Figures,
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let marks: Vec<u32> = policies.get("destinations.marks", on)?;
    let mut more = Figures::default();
    for mark in marks {
        let reached =
            |from: &str| (from.parse::<Date>()).is_ok_and(|from| months_later(from, mark) <= on);
        let part = mark.to_string();
        for (_, people) in figures.parts(TAKEN_UP).filter(|(from, _)| reached(from)) {
            more.add_part(REACHED.name, &part, people);
            more.add_part(STILL_IN_POST.name, &part, people);
        }
        for (left, people) in figures.parts(LEFT_AFTER) {
            if let Some((from, months)) = left.split_once('/')
                && reached(from)
                && months.parse::<u32>().is_ok_and(|months| months < mark)
            {
                more.add_part(STILL_IN_POST.name, &part, people.saturating_neg());
            }
        }
    }
    figures.add_all(&more);
    Ok(())
}

/// People who took a post up so long ago.
pub(crate) const REACHED: Definition = split(
    "post_marks_reached",
    Split::Word,
    "people who took up a qualified post so many months ago or earlier (CAREER-05)",
);

/// Those of them who stayed.
pub(crate) const STILL_IN_POST: Definition = split(
    "still_in_post",
    Split::Word,
    "of these, people who were still in it then (CAREER-05, LOCK-03)",
);

/// A qualified post as it is worked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QualifiedPracticeRecord {
    /// Whose.
    pub trainee: Option<Trainee>,
    /// The team now.
    pub team: Option<String>,
    /// Whether somebody supervises now.
    pub supervised: bool,
    /// Whether the practitioner is away now.
    pub away: bool,
    /// Contact by mode and sessions of each week, by its Monday.
    pub weeks: BTreeMap<Date, PracticeWeek>,
    /// What the weeks come to.
    pub contact: ContactLog,
    /// The class of the reason for leaving, once left.
    pub left: Option<String>,
    /// The first day in the post.
    pub from: Option<Date>,
    /// The last, once left.
    pub left_on: Option<Date>,
}

impl QualifiedPracticeRecord {
    /// What it adds to the employer's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        let in_post = self.trainee.is_some() && self.left.is_none();
        sums.count("practitioners", in_post);
        sums.count("practitioners_on_leave", in_post && self.away);
        sums.count(
            "practitioners_without_supervisor",
            in_post && !self.supervised,
        );
        sums.count("below_contact_hours", in_post && self.contact.below());
        if let (Some(team), true) = (&self.team, in_post) {
            sums.add_of("practitioners_by_team", team, 1);
        }
        for week in self.weeks.values() {
            for (mode, quarters) in &week.contact {
                sums.add_of("contact_quarter_hours", mode, i64::from(*quarters));
            }
            sums.add("practice_sessions", i64::from(week.sessions));
        }
        if let Some(from) = self.from {
            sums.add_of(TAKEN_UP, from, 1);
            if let Some(left) = self.left_on {
                sums.add_of(
                    LEFT_AFTER,
                    format!("{from}/{}", whole_months(from, left)),
                    1,
                );
            }
        }
        if let Some(reason) = &self.left {
            sums.add("left_qualified_posts", 1);
            sums.add_of("leaving_reasons", reason, 1);
        }
    }
}

impl Keep<QualifiedPracticeEvent> for QualifiedPracticeRecord {
    fn note(&mut self, _: &Noted, fact: &QualifiedPracticeEvent) {
        match fact {
            QualifiedPracticeEvent::QualifiedPracticeOpened { appointment, from } => {
                self.trainee = Some(Trainee::from(appointment));
                self.from = Some(*from);
            }
            QualifiedPracticeEvent::PlacedInTeam { placement } => {
                self.team = Some(placement.team.clone());
            }
            QualifiedPracticeEvent::PracticeSupervisorNamed { .. } => self.supervised = true,
            QualifiedPracticeEvent::PracticeSupervisionEnded { .. } => self.supervised = false,
            QualifiedPracticeEvent::PracticeWeekLogged {
                week,
                expected_quarters,
            }
            | QualifiedPracticeEvent::PracticeWeekCorrected {
                week,
                expected_quarters,
                ..
            } => {
                let quarters = week.quarters();
                self.contact.week(week.monday, quarters, *expected_quarters);
                self.weeks.insert(week.monday, week.clone());
            }
            QualifiedPracticeEvent::PracticeLeaveStarted { leave } => {
                self.away = true;
                self.contact.away(leave.from);
            }
            QualifiedPracticeEvent::PracticeLeaveEnded { on } => {
                self.away = false;
                self.contact.back(*on);
            }
            QualifiedPracticeEvent::QualifiedPostLeft { leaving } => {
                self.left = Some(leaving.reason.clone());
                self.left_on = Some(leaving.on);
            }
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}

/// Adds what is late on a date to the sums of the records above.
pub(crate) fn late(figures: &mut Figures, on: Date) {
    before(
        figures,
        "transition_first_steps_by",
        "transition_plans_amber",
        on,
    );
    before(figures, "first_meetings_by", "first_meetings_overdue", on);
    before(
        figures,
        "consolidating_until",
        "consolidated",
        on.tomorrow().unwrap_or(on),
    );
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::qualified_practice::Leaving;
    use jiff::{Timestamp, civil::date};

    use super::*;

    const FROM: Date = date(2027, 4, 5);

    /// A qualified post taken up on the day, and left on its last day.
    fn post(left: Option<Date>) -> QualifiedPracticeRecord {
        let appointment = serde_json::json!({
            "application": Uuid::from_u128(1), "person": Uuid::from_u128(2),
            "employer": Uuid::from_u128(3), "university": Uuid::from_u128(4),
            "commissioner": Uuid::from_u128(5), "intake": Uuid::from_u128(6),
            "vacancy": Uuid::from_u128(7), "allocation": Uuid::from_u128(8), "role": "MHWP",
            "level": 7,
        });
        let opened = QualifiedPracticeEvent::QualifiedPracticeOpened {
            appointment: serde_json::from_value(appointment).expect("an appointment"),
            from: FROM,
        };
        let left = left.map(|on| QualifiedPracticeEvent::QualifiedPostLeft {
            leaving: Leaving {
                on,
                reason: "another_employer".to_owned(),
            },
        });
        let noted = Noted {
            stream: Uuid::nil(),
            sequence: 1,
            effective: Timestamp::UNIX_EPOCH,
            recorded: Timestamp::UNIX_EPOCH,
            fact: Err(String::new()),
        };
        let mut record = QualifiedPracticeRecord::default();
        for event in [Some(opened), left].iter().flatten() {
            record.note(&noted, event);
        }
        record
    }

    #[test]
    fn career_05_and_lock_03_an_employer_counts_who_was_still_in_the_post_at_each_mark() {
        let register = serde_json::json!({"policies": {"destinations.marks": [{
            "version": 1, "from": "2021-04-01", "until": null, "value": [12, 24, 36],
            "source": "CAREER-05", "approver": "test",
        }]}});
        let register = serde_json::from_value(register).expect("a register");
        let policies = Policies::of(Arc::new(register));
        let posts = [
            None,
            Some(date(2028, 4, 4)),
            Some(date(2028, 4, 5)),
            Some(date(2029, 12, 31)),
        ];
        let shown = |on| {
            let mut figures = Figures::default();
            posts.iter().for_each(|left| post(*left).sums(&mut figures));
            retention(&mut figures, &policies, on).expect("marks");
            let of = |figure: &Definition| -> Vec<(String, i64)> {
                let parts = figures.parts(figure.name);
                parts
                    .map(|(part, people)| (part.to_owned(), people))
                    .collect()
            };
            (of(&REACHED), of(&STILL_IN_POST))
        };
        let at = |mark: &str, people| (mark.to_owned(), people);
        assert_eq!(
            shown(date(2028, 4, 4)),
            (vec![], vec![]),
            "a year is not over"
        );
        let year = (vec![at("12", 4)], vec![at("12", 3)]);
        assert_eq!(
            shown(date(2028, 4, 5)),
            year,
            "the last day is part of the post"
        );
        let three = (
            vec![at("12", 4), at("24", 4), at("36", 4)],
            vec![at("12", 3), at("24", 2), at("36", 1)],
        );
        assert_eq!(shown(date(2031, 1, 1)), three);
    }
}
