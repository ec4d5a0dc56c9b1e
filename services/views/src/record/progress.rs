//! What became of those who trained: stages, marks and cohorts, and no person.

use std::collections::BTreeMap;

use domain::{
    arrs::ArrsDeploymentEvent,
    disclosure::DisclosureRule,
    progression::{FollowUp, ProgressionEvent, Stage},
};
use jiff::civil::Date;
use ledger::view::{Figures, Noted};
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;
use uuid::Uuid;

use super::{Keep, Trainee};
use crate::{
    dashboard::{Definition, People, Shown, Split, percent, split},
    released::Group,
};

/// What became of people: defined once, for commissioner and network alike.
pub(crate) const PROGRESS: [Definition; 8] = [
    split(
        "pipeline",
        Split::CohortStage,
        "people by cohort and how far they have come; adds up to those who entered (CAREER-06)",
    ),
    split(
        "retained",
        Split::Word,
        "people in a qualified post so many months after qualifying (CAREER-05)",
    ),
    split(
        "destinations",
        Split::Word,
        "people by where they were so many months after qualifying, unknown too (CAREER-05)",
    ),
    split(
        "early_leavers",
        Split::Cohort,
        "people who left a qualified post within a year of qualifying (PRECEPT-07)",
    ),
    split(
        "cohort_entered",
        Split::Cohort,
        "people who entered training",
    ),
    split("cohort_qualified", Split::Cohort, "people who qualified"),
    split(
        "cohort_qualified_share",
        Split::Cohort,
        "share that qualified of those whose training is over (EVAL-10)",
    )
    .percent(),
    split(
        "cohort_qualified_change",
        Split::Cohort,
        "points by which that share differs from the cohort before (EVAL-10)",
    )
    .percent(),
];

/// The same for whom they are people of others: each cohort and mark adds up, and no more of it is
/// shown than leaves every small count open.
pub(crate) const PEOPLE: [People; 8] = [
    People::parts("pipeline", "stage", |part| {
        let (cohort, stage) = part.rsplit_once('/')?;
        let stage = Stage::iter().find(|known| known.to_string() == stage)?;
        let sum = if stage >= Stage::Qualified {
            "cohort_qualified"
        } else {
            "cohort_entered"
        };
        Some((sum, cohort.to_owned()))
    }),
    People::parts("cohort_qualified", "stage", |cohort| {
        Some(("cohort_entered", cohort.to_owned()))
    }),
    People::alone("cohort_entered"),
    People::parts("destinations", "", |part| {
        let months = part.strip_suffix("/in_post")?;
        Some(("retained", months.to_owned()))
    }),
    People::alone("retained"),
    People::alone("early_leavers"),
    People::share("cohort_qualified_share"),
    People::share("cohort_qualified_change"),
];

/// All of it is released together.
pub(crate) const PROGRESSED: Group = Group {
    dated: true,
    ..Group::new(
        &[
            "pipeline",
            "retained",
            "destinations",
            "early_leavers",
            "cohort_entered",
            "cohort_qualified",
            "cohort_qualified_share",
            "cohort_qualified_change",
        ],
        &[STAGES, TURNS, MARKS, "early_leavers"],
    )
};

/// Works shares out again of the counts as they are shown: none of what is withheld, or of too few.
pub(crate) fn shares_as_shown(shown: &mut [Shown], rule: DisclosureRule) {
    let counted = ["pipeline", "cohort_entered", "cohort_qualified"];
    let counts: BTreeMap<(&str, String), Option<i64>> = (shown.iter())
        .filter(|one| counted.contains(&one.name))
        .map(|one| ((one.name, one.part.clone()), one.value))
        .collect();
    let count = |name: &'static str, part: String| counts.get(&(name, part)).copied().flatten();
    let share = |cohort: &str| {
        let training = format!("{cohort}/{}", Stage::InTraining);
        let training = match counts.get(&("pipeline", training)) {
            Some(training) => (*training)?,
            None => 0,
        };
        let entered = count("cohort_entered", cohort.to_owned())?;
        let ended = entered.saturating_sub(training);
        rule.share(count("cohort_qualified", cohort.to_owned()), Some(ended))
    };
    // Cohorts of a role come in the order of their first days.
    let mut before: BTreeMap<String, Option<i64>> = BTreeMap::new();
    let mut changes: BTreeMap<String, Option<i64>> = BTreeMap::new();
    for one in shown
        .iter_mut()
        .filter(|one| one.name == "cohort_qualified_share")
    {
        one.value = share(&one.part);
        let role = one.part.split('/').next().unwrap_or_default().to_owned();
        let last = before.insert(role, one.value).flatten();
        let change = one
            .value
            .zip(last)
            .map(|(share, last)| share.saturating_sub(last));
        changes.insert(one.part.clone(), change);
    }
    for one in shown
        .iter_mut()
        .filter(|one| one.name == "cohort_qualified_change")
    {
        one.value = changes.get(&one.part).copied().flatten();
    }
}

/// One person's way, of a cohort.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ProgressionRecord {
    /// Role and first day of teaching, `MHWP/2026-03-02`.
    pub cohort: Option<String>,
    /// How it went.
    pub follow_up: FollowUp,
}

/// Stages that no day changes, and those that one will: `day/cohort/stage`.
const STAGES: &str = "progression_stages";
const TURNS: &str = "progression_turns";
/// What is known at marks: `day/months/where`.
const MARKS: &str = "progression_marks";

impl ProgressionRecord {
    /// What it adds to a dashboard of university or commissioner.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        let Some(cohort) = &self.cohort else { return };
        let (now, turn) = self.follow_up.stages();
        match turn {
            None => sums.add_of(STAGES, format!("{cohort}/{now}"), 1),
            Some((on, stage)) => sums.add_of(TURNS, format!("{on}/{cohort}/{stage}"), 1),
        }
        for (months, on, at) in self.follow_up.at_marks() {
            sums.add_of(MARKS, format!("{on}/{months}/{at}"), 1);
        }
        let early = i64::from(self.follow_up.early_leaver);
        sums.add_of("early_leavers", cohort, early);
    }
}

impl Keep<ProgressionEvent> for ProgressionRecord {
    fn note(&mut self, _: &Noted, fact: &ProgressionEvent) {
        if let ProgressionEvent::ProgressionOpened { cohort } = fact {
            self.cohort = Some(format!("{}/{}", cohort.role, cohort.teaching_start));
        }
        self.follow_up.note(fact);
    }
}

/// The parts of a figure, each taken apart at its first stroke: the day and the rest.
fn dated<'a>(
    figures: &'a Figures,
    name: &str,
) -> impl Iterator<Item = (&'a str, &'a str, i64)> + use<'a> {
    figures.parts(name).filter_map(|(part, count)| {
        let (day, rest) = part.split_once('/')?;
        Some((day, rest, count))
    })
}

/// Adds the flow, the destinations and the comparison of cohorts as of a date to the sums. A share
/// of fewer than `base` people is not given.
pub(crate) fn progress(figures: &mut Figures, on: Date, base: i64) {
    // Days are in order as they are written.
    let on = on.to_string();
    let mut more = Figures::default();
    for (part, count) in figures.parts(STAGES) {
        more.add_part("pipeline", part, count);
    }
    for (day, part, count) in dated(figures, TURNS) {
        match part.rsplit_once('/') {
            Some((cohort, _)) if on.as_str() < day => {
                more.add_of("pipeline", format!("{cohort}/{}", Stage::Qualified), count);
            }
            _ => more.add_part("pipeline", part, count),
        }
    }
    for (day, part, count) in dated(figures, MARKS) {
        if day <= on.as_str() {
            if let Some((months, "in_post")) = part.split_once('/') {
                more.add_part("retained", months, count);
            }
            more.add_part("destinations", part, count);
        }
    }
    figures.add_all(&more);
    compare(figures, base);
}

/// Cohort by cohort, against the one of the same role before it (`EVAL-10`).
fn compare(figures: &mut Figures, base: i64) {
    let mut cohorts: BTreeMap<&str, BTreeMap<&str, i64>> = BTreeMap::new();
    for (part, count) in figures.parts("pipeline") {
        if let Some((cohort, stage)) = part.rsplit_once('/') {
            cohorts.entry(cohort).or_default().insert(stage, count);
        }
    }
    let stages: Vec<(Stage, String)> = (Stage::iter())
        .map(|stage| (stage, stage.to_string()))
        .collect();
    let mut more = Figures::default();
    let mut before: Option<(&str, i64)> = None;
    for (cohort, counts) in cohorts {
        let of = |wanted: fn(Stage) -> bool| -> i64 {
            (stages.iter())
                .filter(|(stage, _)| wanted(*stage))
                .filter_map(|(_, stage)| counts.get(stage.as_str()))
                .sum()
        };
        let entered = of(|_| true);
        let qualified = of(|stage| stage >= Stage::Qualified);
        more.add_part("cohort_entered", cohort, entered);
        more.add_part("cohort_qualified", cohort, qualified);
        let ended = of(|stage| stage != Stage::InTraining);
        let role = cohort.split('/').next().unwrap_or_default();
        if ended < base.max(1) {
            continue;
        }
        let share = percent(qualified, ended);
        more.add_part("cohort_qualified_share", cohort, share);
        if let Some((_, last)) = before.filter(|(last, _)| *last == role) {
            let change = share.saturating_sub(last);
            more.add_part("cohort_qualified_change", cohort, change);
        }
        before = Some((role, share));
    }
    figures.add_all(&more);
}

/// A practitioner's record with the reimbursement scheme.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ArrsDeploymentRecord {
    /// Whose.
    pub trainee: Option<Trainee>,
    /// Whether somebody supervises directly.
    pub supervised: bool,
    /// Whether the practitioner is deployed, and with little experience when true.
    pub deployed: Option<bool>,
}

impl ArrsDeploymentRecord {
    /// What it adds to the employer's dashboard.
    pub(crate) fn sums(&self, sums: &mut Figures) {
        let deployed = self.deployed.is_some();
        sums.count("arrs_deployed", deployed);
        sums.count("arrs_without_supervision", deployed && !self.supervised);
        sums.count("arrs_little_experience", self.deployed == Some(true));
    }
}

impl Keep<ArrsDeploymentEvent> for ArrsDeploymentRecord {
    fn note(&mut self, _: &Noted, fact: &ArrsDeploymentEvent) {
        match fact {
            ArrsDeploymentEvent::ArrsRecordOpened { appointment } => {
                self.trainee = Some(Trainee::from(appointment));
            }
            ArrsDeploymentEvent::ArrsSupervisionArranged { .. } => self.supervised = true,
            ArrsDeploymentEvent::ArrsSupervisionEnded { .. } => self.supervised = false,
            ArrsDeploymentEvent::ArrsDeploymentStarted { post } => {
                self.deployed = Some(post.little_experience);
            }
            ArrsDeploymentEvent::ArrsDeploymentEnded { .. } => self.deployed = None,
            ArrsDeploymentEvent::ArrsCompetenceEvidenced { .. }
            | ArrsDeploymentEvent::ArrsSupervisionPlanAgreed { .. }
            | ArrsDeploymentEvent::ArrsEligibilityChecked { .. } => {}
        }
    }

    fn thread(&self) -> Option<Uuid> {
        self.trainee.as_ref().map(|trainee| trainee.application)
    }
}

#[cfg(test)]
mod tests {
    use domain::{
        actor::{Region, TenantId},
        calendar::{months_later, years_later},
        policy::catalogue::Role,
        progression::{Cohort, Ending},
    };
    use jiff::{ToSpan as _, civil::date};

    use super::*;

    const BOARD: Date = date(2027, 3, 10);

    /// The record of somebody of a cohort to whom this happened.
    fn record(teaching_start: Date, events: &[ProgressionEvent]) -> ProgressionRecord {
        let opened = ProgressionEvent::ProgressionOpened {
            cohort: Box::new(Cohort {
                university: TenantId(Uuid::nil()),
                commissioner: TenantId(Uuid::nil()),
                role: Role::parse("MHWP", "role").expect("a role"),
                region: Region::NorthWest,
                network: None,
                teaching_start,
            }),
        };
        let mut record = ProgressionRecord::default();
        for event in std::iter::once(&opened).chain(events) {
            record.follow_up.note(event);
            if let ProgressionEvent::ProgressionOpened { cohort } = event {
                record.cohort = Some(format!("{}/{}", cohort.role, cohort.teaching_start));
            }
        }
        record
    }

    fn qualified() -> ProgressionEvent {
        ProgressionEvent::QualificationNoted {
            on: BOARD,
            marks: [12, 24, 36]
                .map(|months| (months, months_later(BOARD, months)))
                .into(),
            retained_on: years_later(BOARD, 2),
        }
    }

    fn post(left: Option<Date>) -> Vec<ProgressionEvent> {
        let from = date(2027, 4, 5);
        let mut events = vec![qualified(), ProgressionEvent::QualifiedPostNoted { from }];
        events.extend(left.map(|on| ProgressionEvent::QualifiedPostLeftNoted {
            from,
            on,
            early: on < years_later(BOARD, 1),
        }));
        events
    }

    fn ended(on: Date, ending: Ending) -> ProgressionEvent {
        ProgressionEvent::TrainingEndNoted { on, ending }
    }

    fn went(months: u32, training: bool) -> ProgressionEvent {
        ProgressionEvent::DestinationRecorded {
            months,
            destination: "other_healthcare".to_owned(),
            training,
        }
    }

    /// A cohort in every stage, and one before it.
    fn cohorts() -> Vec<ProgressionRecord> {
        let (one, two) = (date(2026, 3, 2), date(2025, 3, 3));
        let left = |on| post(Some(on));
        let mut elsewhere = left(date(2027, 12, 31));
        elsewhere.push(went(12, false));
        let mut trains_on = left(date(2029, 9, 1));
        trains_on.push(went(36, true));
        vec![
            record(one, &[]),
            record(one, &[ended(one, Ending::Left)]),
            record(one, &[ended(BOARD, Ending::NotCompleted)]),
            record(one, &post(None)),
            record(one, &elsewhere),
            record(one, &left(date(2028, 6, 30))),
            record(one, &trains_on),
            record(two, &post(None)),
            record(two, &[ended(BOARD, Ending::NotCompleted)]),
        ]
    }

    fn on(day: Date, base: i64) -> Figures {
        let mut figures = Figures::default();
        for record in cohorts() {
            record.sums(&mut figures);
        }
        progress(&mut figures, day, base);
        figures
    }

    fn parts(figures: &Figures, name: &str) -> Vec<(String, i64)> {
        figures
            .parts(name)
            .filter(|(_, count)| *count != 0)
            .map(|(part, count)| (part.to_owned(), count))
            .collect()
    }

    #[test]
    fn career_06_the_pipeline_adds_up_to_those_who_entered_on_every_day() {
        let mut day = date(2027, 1, 1);
        while day < date(2031, 1, 1) {
            let figures = on(day, 1);
            let total: i64 = figures.parts("pipeline").map(|(_, count)| count).sum();
            assert_eq!(total, 9, "{day}");
            assert_eq!(figures.get_of("cohort_entered", "MHWP/2026-03-02"), 7);
            day = day.saturating_add(97.days());
        }
        let figures = on(date(2030, 6, 1), 1);
        let stage = |stage: &str| figures.get_of("pipeline", &format!("MHWP/2026-03-02/{stage}"));
        assert_eq!(
            [
                stage("in_training"),
                stage("left_training"),
                stage("not_completed"),
                stage("qualified"),
                stage("not_retained"),
                stage("retained"),
                stage("therapist_training"),
            ],
            [1, 1, 1, 0, 2, 1, 1]
        );
    }

    #[test]
    fn career_05_destinations_at_each_mark_count_the_unknown_too() {
        let none = on(date(2028, 3, 9), 1);
        assert_eq!(parts(&none, "destinations"), []);
        let figures = on(date(2030, 6, 1), 1);
        assert_eq!(
            parts(&figures, "destinations"),
            [
                ("12/in_post".to_owned(), 4),
                ("12/other_healthcare".to_owned(), 1),
                ("24/in_post".to_owned(), 3),
                ("24/unknown".to_owned(), 2),
                ("36/in_post".to_owned(), 2),
                ("36/other_healthcare".to_owned(), 1),
                ("36/unknown".to_owned(), 2),
            ]
        );
        assert_eq!(figures.get_of("retained", "24"), 3);
    }

    #[test]
    fn precept_07_early_leavers_are_counted_by_cohort() {
        let figures = on(date(2030, 6, 1), 1);
        assert_eq!(
            parts(&figures, "early_leavers"),
            [("MHWP/2026-03-02".to_owned(), 1)]
        );
    }

    #[test]
    fn eval_10_a_cohort_is_compared_with_the_one_before_it() {
        let figures = on(date(2030, 6, 1), 1);
        // one of two, then four of six whose training is over
        assert_eq!(
            parts(&figures, "cohort_qualified_share"),
            [
                ("MHWP/2025-03-03".to_owned(), 50),
                ("MHWP/2026-03-02".to_owned(), 67)
            ]
        );
        assert_eq!(
            parts(&figures, "cohort_qualified_change"),
            [("MHWP/2026-03-02".to_owned(), 17)]
        );
        let figures = on(date(2030, 6, 1), 23);
        assert_eq!(
            parts(&figures, "cohort_qualified_share"),
            [],
            "no share of so few"
        );
    }
}
