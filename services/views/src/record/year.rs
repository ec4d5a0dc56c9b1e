//! A training year: who runs it, where, how true to the role, and how it is accompanied.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    calendar::months_later,
    policy::Policies,
    refusal::Refusal,
    training::{PracticeEntry, PracticeKind, TrainingEvent},
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Keep, Trainee, TrainingCourse, courses,
    gaps::{self, Gaps},
};
use crate::dashboard::{Definition, Split, cluster, count, percent, split};

/// A training year.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingRecord {
    /// Its own id.
    pub training: Option<Uuid>,
    /// Whose.
    pub trainee: Option<Trainee>,
    /// First day on which both employment and enrolment are in force.
    pub starts: Option<Date>,
    /// Last day of the year, or of its extension.
    pub ends: Option<Date>,
    /// When the board is expected.
    pub expected_board: Option<Date>,
    /// Last day of the employment, when it ended early.
    pub left: Option<Date>,
    /// The supervisor now assigned.
    pub supervisor: Option<Uuid>,
    /// Three-way reviews held.
    pub reviews: u32,
    /// Whether the practice minima are verified.
    pub portfolio_verified: bool,
    /// Where practice happens, by first day.
    pub placements: BTreeMap<Date, Place>,
    /// Quarter-hours of activity logged, by the last day of their period.
    pub activity: BTreeMap<Date, Activity>,
    /// Quarter-hours the university does not let count, by the number of their entry.
    pub disallowed: BTreeMap<u32, u32>,
    /// The numbers of entries in doubt.
    pub under_review: BTreeSet<u32>,
    /// Gaps in supervision.
    pub gaps: Gaps,
    /// People on the caseload when last counted.
    pub caseload: u32,
    /// Days of study, by the sequence of the event they stand in.
    #[serde(default)]
    pub study: BTreeMap<u64, u32>,
    /// Weeks of study that were corrected.
    #[serde(default)]
    pub corrected: u32,
    /// Whether it goes its usual way.
    pub course: TrainingCourse,
}

/// Where a trainee practises.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The clinical service.
    pub clinical_service: Uuid,
    /// Its setting.
    pub setting: String,
}

/// Quarter-hours of activity, in and outside the role's scope. Interventions are part of the contact,
/// and supervision is no activity of the role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Contact and care planning.
    pub in_scope: u32,
    /// Other duties.
    pub outside: u32,
}

impl Activity {
    fn of(entry: &PracticeEntry) -> Self {
        let (in_scope, outside) = match entry.kind {
            PracticeKind::Contact | PracticeKind::CarePlanning => (entry.quarters, 0),
            PracticeKind::OtherDuties => (0, entry.quarters),
            PracticeKind::Intervention
            | PracticeKind::CaseManagement
            | PracticeKind::ClinicalSkills => (0, 0),
        };
        Self { in_scope, outside }
    }
}

impl TrainingRecord {
    /// What it adds to a dashboard of either party.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        sums.add("reviews_held", i64::from(self.reviews));
        sums.count("portfolios_verified", self.portfolio_verified);
        let disallowed: i64 = self.disallowed.values().copied().map(i64::from).sum();
        sums.add("hours_disallowed", disallowed);
        sums.add("entries_under_review", self.under_review.len() as i64);
        gaps::sums(&self.gaps, sums);
        let study: i64 = self.study.values().copied().map(i64::from).sum();
        sums.add(STUDY_DAYS.name, study);
        sums.add(CORRECTED.name, i64::from(self.corrected));
        self.course.sums(sums);
        for (until, activity) in &self.activity {
            let place = self.placements.range(..=*until).next_back();
            let service = place.map_or_else(Uuid::nil, |(_, place)| place.clinical_service);
            let part = format!("clinicalServices/{service}");
            sums.add_of(IN_SCOPE, &part, i64::from(activity.in_scope));
            sums.add_of(OUTSIDE_SCOPE, &part, i64::from(activity.outside));
        }
        if self.trainee.is_none() || self.starts.is_none() {
            return;
        }
        sums.add("trainings_started", 1);
        sums.count("left_training", self.left.is_some());
        if let (false, Some(until)) = (self.gone(), self.ends) {
            if self.course.interrupted.is_some() {
                return;
            }
            sums.add_of("in_training_until", until, 1);
            sums.add("caseload", i64::from(self.caseload));
            if let Some((_, place)) = self.placements.last_key_value() {
                sums.add_of("placed_by_setting", &place.setting, 1);
            }
            if let Some(starts) = self.starts {
                sums.add_of(REVIEWED, format!("{starts}/{}", self.reviews), 1);
            }
            if let Some(supervisor) = self.supervisor {
                let part = format!("supervisors/{supervisor}");
                sums.add_of(SUPERVISED, &part, 1);
                sums.add_of(courses::SUPERVISORS, part, courses::TRAINEE);
            }
        }
    }
}

impl TrainingRecord {
    /// What it adds to the clusters of the employer.
    pub(crate) fn sums_by_cluster(&self, sums: &mut Figures) {
        let (Some(trainee), true) = (&self.trainee, self.starts.is_some()) else {
            return;
        };
        let cluster = cluster(&trainee.role, trainee.intake, trainee.employer);
        sums.add_of("cluster_started", &cluster, 1);
        sums.add_of("cluster_left", &cluster, i64::from(self.gone()));
        if let (false, Some(until)) = (self.gone(), self.ends) {
            // Who is away still belongs to the cluster; the training does not run meanwhile.
            sums.add_of(CLUSTER_UNTIL, format!("{cluster}/{until}"), 1);
        }
    }

    /// Whether it does not go on here.
    fn gone(&self) -> bool {
        self.left.is_some() || self.course.withdrawn.is_some() || self.course.handed_over
    }

    fn log(&mut self, entry: &PracticeEntry) {
        let (sum, more) = (
            self.activity.entry(entry.until).or_default(),
            Activity::of(entry),
        );
        sum.in_scope = sum.in_scope.saturating_add(more.in_scope);
        sum.outside = sum.outside.saturating_add(more.outside);
    }

    /// Nothing is in doubt about an entry, and nothing disallows it.
    fn decided(&mut self, number: u32) {
        self.under_review.remove(&number);
        self.disallowed.remove(&number);
    }

    fn unlog(&mut self, entry: &PracticeEntry) {
        let (sum, less) = (
            self.activity.entry(entry.until).or_default(),
            Activity::of(entry),
        );
        sum.in_scope = sum.in_scope.saturating_sub(less.in_scope);
        sum.outside = sum.outside.saturating_sub(less.outside);
    }
}

/// What grows with the people who are trained.
pub(crate) const CROWDS: &[&str] = &[SUPERVISED, courses::SUPERVISORS];

/// Running trainings by supervisor.
const SUPERVISED: &str = "supervised";
/// Trainings of a cluster by their last day.
const CLUSTER_UNTIL: &str = "cluster_until";
/// Running trainings by first day and reviews held, `2026-03-02/1`.
const REVIEWED: &str = "trainings_reviewed";
const IN_SCOPE: &str = "activity_in_scope";
const OUTSIDE_SCOPE: &str = "activity_outside_scope";

/// Study that stands.
pub(crate) const STUDY_DAYS: Definition = count(
    "study_days",
    "days of study recorded and not corrected since",
);

/// What was put right.
pub(crate) const CORRECTED: Definition = count(
    "study_weeks_corrected",
    "weeks of study that were recorded wrongly and corrected",
);

/// Activity of the role, by where it was done.
pub(crate) const ACTIVITY_IN_SCOPE: Definition = split(
    IN_SCOPE,
    Split::ClinicalService,
    "quarter-hours of activity logged inside the role's scope",
);

/// Activity of others, by where it was done.
pub(crate) const ACTIVITY_OUTSIDE_SCOPE: Definition = split(
    OUTSIDE_SCOPE,
    Split::ClinicalService,
    "quarter-hours of activity logged outside it",
);

/// The share of logged activity inside the role's scope: one definition for every tenant that sees
/// it, so that services and universities compare (`TRAIN-24`, `TRAIN-25`).
pub(crate) const ROLE_FIDELITY: Definition = split(
    "role_fidelity",
    Split::ClinicalService,
    "share of logged activity inside the role's scope (TRAIN-24)",
)
.percent();

/// See [`ROLE_FIDELITY`].
pub(crate) const ROLE_DRIFT: Definition = split(
    "role_drift",
    Split::ClinicalService,
    "1 where more activity lies outside the role's scope than policy fidelity.outside_max_percent \
     allows",
);

/// Adds how true to the role each service's practice is.
pub(crate) fn fidelity(
    figures: &mut Figures,
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let most: i64 = policies.get("fidelity.outside_max_percent", on)?;
    let services: BTreeSet<&str> = figures
        .parts(IN_SCOPE)
        .chain(figures.parts(OUTSIDE_SCOPE))
        .map(|(service, _)| service)
        .collect();
    let mut more = Figures::default();
    for service in services {
        let (inside, outside) = (
            figures.get_of(IN_SCOPE, service),
            figures.get_of(OUTSIDE_SCOPE, service),
        );
        let all = inside.saturating_add(outside);
        more.add_part(ROLE_FIDELITY.name, service, percent(inside, all));
        let drifts = outside.saturating_mul(100) > most.saturating_mul(all);
        more.add_part(ROLE_DRIFT.name, service, i64::from(drifts));
    }
    figures.add_all(&more);
    Ok(())
}

/// Adds how many supervisors have more trainees than policy allows for (`SUP-04`).
pub(crate) fn overload(
    figures: &mut Figures,
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let most: i64 = policies.get("supervisor.trainees_max", on)?;
    let over = figures.crowd(SUPERVISED).parts(|load| load > most);
    figures.add("supervisors_overloaded", over);
    Ok(())
}

/// Adds the three-way reviews that are due and not held.
pub(crate) fn reviews_overdue(
    figures: &mut Figures,
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let months: Vec<u32> = policies.get("reviews.due_months", on)?;
    let overdue = figures
        .parts(REVIEWED)
        .filter_map(|(part, trainings)| {
            let (starts, held) = part.split_once('/')?;
            let (starts, held) = (starts.parse::<Date>().ok()?, held.parse::<i64>().ok()?);
            let due = months
                .iter()
                .filter(|month| months_later(starts, **month) < on);
            let short = (due.count() as i64).saturating_sub(held).max(0);
            Some(short.saturating_mul(trainings))
        })
        .fold(0_i64, i64::saturating_add);
    figures.add("reviews_overdue", overdue);
    Ok(())
}

/// Adds who is in training on a date to the sums: the last day is part of the training.
pub(crate) fn running(figures: &mut Figures, on: Date) {
    // Days are in order as they are written.
    let on = on.to_string();
    let runs = |until: &str| until >= on.as_str();
    let mut more = Figures::default();
    for (until, count) in figures.parts("in_training_until") {
        if runs(until) {
            more.add("in_training", count);
        }
    }
    for (part, count) in figures.parts(CLUSTER_UNTIL) {
        if let Some((cluster, until)) = part.rsplit_once('/')
            && runs(until)
        {
            more.add_part("cluster_in_training", cluster, count);
        }
    }
    figures.add_all(&more);
}

impl Keep<TrainingEvent> for TrainingRecord {
    fn note(&mut self, event: &Noted, fact: &TrainingEvent) {
        self.training = Some(event.stream);
        match fact {
            TrainingEvent::EmploymentNoted { appointment, .. } => {
                self.trainee = Some(Trainee::from(appointment));
            }
            TrainingEvent::EnrolmentNoted {
                appointment,
                teaching,
            } => {
                self.trainee = Some(Trainee::from(appointment));
                self.expected_board = Some(teaching.expected_board);
            }
            TrainingEvent::TrainingStarted {
                appointment,
                year,
                expected_board,
            } => {
                self.trainee = Some(Trainee::from(appointment));
                self.starts = Some(year.starts);
                self.ends = Some(year.ends);
                self.expected_board = Some(*expected_board);
            }
            TrainingEvent::EmploymentEndNoted { on } => self.left = Some(*on),
            TrainingEvent::AttendanceRecorded {
                sequence,
                attendance,
            } => {
                self.study.insert(*sequence, attendance.university_days);
            }
            TrainingEvent::RecordCorrected {
                sequence,
                correction,
                university_days,
                ..
            } => {
                self.corrected = self.corrected.saturating_add(1);
                self.study.remove(&correction.corrects.sequence);
                let stands = university_days.map(|days| (*sequence, days));
                self.study.extend(stands);
            }
            TrainingEvent::HoursRecomputed { .. } => {}
            TrainingEvent::SupervisorAssigned { supervision, .. } => {
                self.supervisor = Some(supervision.supervisor.0);
            }
            TrainingEvent::SupervisionEnded { supervision } => {
                if self.supervisor == Some(supervision.supervisor.0) {
                    self.supervisor = None;
                }
            }
            TrainingEvent::SupervisionGapOpened { from } => {
                self.gaps.insert(*from, None);
            }
            TrainingEvent::SupervisionGapClosed { from, until, .. } => {
                self.gaps.insert(*from, Some(*until));
            }
            TrainingEvent::SupervisionGapRemoved { from } => {
                self.gaps.remove(from);
            }
            TrainingEvent::HoursUnderReview { entries, .. } => self.under_review.extend(entries),
            TrainingEvent::HoursReviewLifted { entries, .. } => {
                for number in entries {
                    self.decided(*number);
                }
            }
            TrainingEvent::ThreeWayReviewHeld { .. } => {
                self.reviews = self.reviews.saturating_add(1);
            }
            TrainingEvent::PortfolioVerified { .. } => self.portfolio_verified = true,
            TrainingEvent::TrainingExtended { until } => self.ends = Some(*until),
            TrainingEvent::PracticeHoursLogged { entry } => self.log(entry),
            TrainingEvent::PracticeHoursCorrected { entry, was, .. } => {
                let before = PracticeEntry {
                    quarters: *was,
                    ..entry.clone()
                };
                self.unlog(&before);
                self.log(entry);
            }
            TrainingEvent::PracticeHoursVoided { number, entry, .. } => {
                self.unlog(entry);
                self.decided(*number);
            }
            TrainingEvent::HoursDisallowed {
                number, quarters, ..
            } => {
                self.decided(*number);
                self.disallowed.insert(*number, *quarters);
            }
            TrainingEvent::HoursReinstated { number, .. } => self.decided(*number),
            TrainingEvent::TraineePlaced { placement } => {
                let place = Place {
                    clinical_service: placement.clinical_service.0,
                    setting: placement.setting.to_string(),
                };
                self.placements.insert(placement.from, place);
            }
            TrainingEvent::CaseloadRecorded { caseload } => self.caseload = caseload.clients,
            TrainingEvent::WeeklyPatternSet { .. } | TrainingEvent::PracticeHoursSigned { .. } => {}
            TrainingEvent::EmploymentReinstatementNoted { .. } => self.left = None,
            TrainingEvent::TrainingTakenOver { taken } => {
                self.course.note(fact);
                self.trainee = Some(Trainee::from(&taken.appointment));
                self.starts = taken.year.map(|year| year.starts);
                self.ends = self.ends.or(taken.year.map(|year| year.ends));
                self.expected_board = taken.expected_board;
                self.supervisor = taken.supervisor.map(|supervisor| supervisor.0);
                self.reviews = taken.totals.reviews;
                let place = Place {
                    clinical_service: taken.placement.clinical_service.0,
                    setting: taken.placement.setting.to_string(),
                };
                self.placements.insert(taken.placement.from, place);
            }
            other => {
                let (ends, board) = self.course.note(other);
                self.ends = ends.or(self.ends);
                self.expected_board = board.or(self.expected_board);
            }
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::{
        id::Id,
        policy::catalogue::Setting,
        training::{CorrectionReason, DisallowReason, Placement},
    };
    use jiff::{Timestamp, civil::date};

    use super::*;

    const DAY: Date = date(2026, 4, 30);

    fn entry(kind: PracticeKind, until: Date, quarters: u32) -> PracticeEntry {
        PracticeEntry {
            kind,
            intervention: None,
            until,
            quarters,
        }
    }

    fn logged(kind: PracticeKind, until: Date, quarters: u32) -> TrainingEvent {
        TrainingEvent::PracticeHoursLogged {
            entry: entry(kind, until, quarters),
        }
    }

    fn placed(service: u128, from: Date) -> TrainingEvent {
        TrainingEvent::TraineePlaced {
            placement: Placement {
                clinical_service: Id::new(Uuid::from_u128(service)),
                site: None,
                setting: Setting::parse("adult_community", "setting").unwrap(),
                from,
            },
        }
    }

    fn fold(events: &[TrainingEvent]) -> TrainingRecord {
        let mut record = TrainingRecord::default();
        let noted = Noted {
            stream: Uuid::nil(),
            sequence: 1,
            effective: Timestamp::UNIX_EPOCH,
            recorded: Timestamp::UNIX_EPOCH,
            fact: Err(String::new()),
        };
        for event in events {
            record.note(&noted, event);
        }
        record
    }

    fn policies() -> Policies {
        let version = |value: serde_json::Value| {
            serde_json::json!([{
                "version": 1, "from": "2021-04-01", "until": null, "value": value,
                "source": "test", "approver": "test",
            }])
        };
        let register = serde_json::json!({"policies": {
            "fidelity.outside_max_percent": version(serde_json::json!(20)),
            "supervisor.trainees_max": version(serde_json::json!(6)),
            "reviews.due_months": version(serde_json::json!([4, 8, 11])),
        }});
        Policies::of(Arc::new(serde_json::from_value(register).unwrap()))
    }

    fn service(n: u128) -> String {
        format!("clinicalServices/{}", Uuid::from_u128(n))
    }

    #[test]
    fn train_24_and_train_25_a_service_with_forty_percent_outside_the_role_is_flagged() {
        let records = [
            fold(&[
                placed(1, date(2026, 3, 2)),
                logged(PracticeKind::Contact, DAY, 50),
                logged(PracticeKind::Intervention, DAY, 30),
                logged(PracticeKind::CarePlanning, DAY, 10),
                logged(PracticeKind::CaseManagement, DAY, 99),
                logged(PracticeKind::OtherDuties, DAY, 40),
                // from here on in another clinical service, which keeps to the role
                logged(PracticeKind::Contact, date(2026, 5, 29), 90),
                logged(PracticeKind::OtherDuties, date(2026, 5, 29), 10),
                placed(2, date(2026, 5, 1)),
            ]),
            fold(&[]),
        ];
        let mut figures = Figures::default();
        for record in &records {
            record.sums(&mut figures);
        }
        fidelity(&mut figures, &policies(), DAY).unwrap();
        let of = |name: &str, n| figures.get_of(name, &service(n));
        assert_eq!((of("role_fidelity", 1), of("role_drift", 1)), (60, 1));
        assert_eq!((of("role_fidelity", 2), of("role_drift", 2)), (90, 0));
    }

    #[test]
    fn train_25_whatever_two_tenants_both_see_is_counted_and_split_alike() {
        use crate::{Employer, University, dashboard::Dashboard as _};
        let all = [Employer::DEFINITIONS, University::DEFINITIONS];
        let mut defined = BTreeMap::new();
        for figure in all.into_iter().flatten() {
            let known = defined.entry(figure.name).or_insert(figure);
            let how = |figure: &Definition| (figure.unit, figure.split);
            assert_eq!(how(known), how(figure), "{}", figure.name);
        }
        for definitions in [Employer::DEFINITIONS, University::DEFINITIONS] {
            for figure in [ROLE_FIDELITY, ROLE_DRIFT] {
                let shown = definitions.iter().find(|shown| shown.name == figure.name);
                assert_eq!(shown.map(|shown| shown.meaning), Some(figure.meaning));
            }
        }
    }

    #[test]
    fn train_24_corrections_and_voids_move_the_share() {
        let mut events = vec![
            placed(1, date(2026, 3, 2)),
            logged(PracticeKind::Contact, DAY, 50),
            logged(PracticeKind::OtherDuties, DAY, 50),
            TrainingEvent::PracticeHoursCorrected {
                number: 2,
                entry: entry(PracticeKind::OtherDuties, DAY, 10),
                was: 50,
                reason: CorrectionReason::MisKeyed,
                corrects: None,
            },
        ];
        let share = |events: &[TrainingEvent]| {
            let mut figures = Figures::default();
            fold(events).sums(&mut figures);
            fidelity(&mut figures, &policies(), DAY).unwrap();
            figures.get_of("role_fidelity", &service(1))
        };
        assert_eq!(share(&events), 83);
        events.push(TrainingEvent::PracticeHoursVoided {
            number: 2,
            entry: entry(PracticeKind::OtherDuties, DAY, 10),
            reason: CorrectionReason::AnotherTrainee,
            corrects: None,
        });
        assert_eq!(share(&events), 100);
    }

    #[test]
    fn fund_14_hours_disallowed_or_in_doubt_are_shown_until_they_are_decided() {
        let shown = |events: &[TrainingEvent]| {
            let mut figures = Figures::default();
            fold(events).sums(&mut figures);
            (
                figures.get("hours_disallowed"),
                figures.get("entries_under_review"),
            )
        };
        let mut events = vec![TrainingEvent::HoursUnderReview {
            entries: vec![1, 2, 3],
            quarters: 36,
        }];
        assert_eq!(shown(&events), (0, 3));
        events.push(TrainingEvent::HoursDisallowed {
            number: 1,
            quarters: 12,
            reason: DisallowReason::NotSupervised,
            corrects: None,
        });
        assert_eq!(shown(&events), (12, 2));
        events.push(TrainingEvent::HoursReinstated {
            number: 2,
            quarters: 12,
            reason: None,
            corrects: None,
        });
        assert_eq!(shown(&events), (12, 1), "reinstated out of doubt");
        events.push(TrainingEvent::HoursReviewLifted {
            entries: vec![3],
            quarters: 12,
        });
        events.push(TrainingEvent::HoursReinstated {
            number: 1,
            quarters: 12,
            reason: None,
            corrects: None,
        });
        assert_eq!(shown(&events), (0, 0));
    }

    #[test]
    fn sup_04_a_supervisor_of_more_trainees_than_policy_allows_is_flagged() {
        let mut figures = Figures::default();
        for (supervisor, trainees) in [(1, 6), (2, 7)] {
            let part = format!("supervisors/{}", Uuid::from_u128(supervisor));
            figures.add_of("supervised", part, trainees);
        }
        overload(&mut figures, &policies(), DAY).unwrap();
        assert_eq!(figures.get("supervisors_overloaded"), 1);
    }

    #[test]
    fn reviews_are_overdue_when_fewer_were_held_than_were_due() {
        let overdue = |held: u32, on| {
            let mut figures = Figures::default();
            figures.add_of(REVIEWED, format!("2026-03-02/{held}"), 2);
            reviews_overdue(&mut figures, &policies(), on).unwrap();
            figures.get("reviews_overdue")
        };
        assert_eq!(overdue(0, date(2026, 7, 2)), 0);
        assert_eq!(overdue(0, date(2026, 7, 3)), 2);
        assert_eq!(overdue(1, date(2026, 12, 1)), 2);
        assert_eq!(overdue(3, date(2027, 2, 28)), 0);
    }
}
