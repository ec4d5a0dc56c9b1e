//! The year, its week, where it is spent, and the reviews that accompany it.

use jiff::{ToSpan as _, civil::Date};
use serde::{Deserialize, Serialize};

use super::{
    CHANGES_MAX, ExtendTraining, REVIEWS_MAX, SetWeeklyPattern, Training, TrainingEvent, full,
};
use crate::{
    actor::Party,
    appointment::Appointment,
    calendar::months_later,
    directory::{ClinicalService, ClinicalServiceTerms, Site},
    id::Id,
    policy::{
        Policies,
        catalogue::{Phase, Range, Role, Setting},
    },
    refusal::{Reason, Refusal},
    world::Issue,
};

/// The furthest a training may be extended beyond its year, in months.
pub const EXTENSION_MONTHS_MAX: u32 = 60;
/// Days of a full working week.
const FULL_WEEK_DAYS: u32 = 5;
/// More people than any caseload holds.
pub const CASELOAD_MAX: u32 = 1_000;

/// A person's own training year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrainingYear {
    /// The first day on which both employment and enrolment are in force.
    pub starts: Date,
    /// Its last day; extensions come after it and are at the employer's cost.
    pub ends: Date,
}

/// The university's part: what an enrolment tells the training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Teaching {
    /// The first day of teaching for this person.
    pub starts: Date,
    /// When the intake's board is expected.
    pub expected_board: Date,
}

/// A week: university days and practice days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyPattern {
    /// Days at the university.
    pub university_days: u32,
    /// Days of practice.
    pub practice_days: u32,
    /// The first day of the first such week.
    pub from: Date,
}

impl WeeklyPattern {
    /// The share of a full-time week, in percent: 80 or 100 (`X-07`).
    pub fn wte_percent(&self) -> u32 {
        self.university_days
            .saturating_add(self.practice_days)
            .saturating_mul(100)
            / FULL_WEEK_DAYS
    }
}

/// Where practice happens from a day on (`TRAIN-02`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The clinical service.
    pub clinical_service: Id<ClinicalService>,
    /// Its site, where one is named.
    pub site: Option<String>,
    /// Its setting on that day.
    pub setting: Setting,
    /// The first day.
    pub from: Date,
}

/// How many people a trainee works with: numbers, never who (`TRAIN-22`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caseload {
    /// The day of the count.
    pub on: Date,
    /// People on it.
    pub clients: u32,
    /// Those who have a keyworker beside the trainee.
    pub with_keyworker: u32,
}

/// The site of a service by its code; none when none is named.
pub(super) fn site_of(
    terms: &ClinicalServiceTerms,
    code: Option<&str>,
) -> Result<Option<Site>, Refusal> {
    let Some(code) = code else {
        return Ok(None);
    };
    let code = code.to_ascii_uppercase();
    match terms.site(&code) {
        Some(site) => Ok(Some(site.clone())),
        None => Err(Refusal::invalid(
            "site",
            "the clinical service has no site of this code",
        )),
    }
}

/// Whether trainees of a role may practise there on a day (`TRAIN-02`, `TRAIN-20`, `SET-01..10`).
fn permitted(
    policies: &Policies,
    role: &Role,
    terms: &ClinicalServiceTerms,
    site: Option<&Site>,
    on: Date,
) -> Result<(), Refusal> {
    let region = site.and_then(|site| site.region);
    let setting = policies.permitted_setting(role, Phase::Trainee, &terms.setting, region, on)?;
    if policies
        .role(role, on)?
        .excluded_populations
        .contains(&terms.population)
    {
        return Err(Refusal::new(
            Reason::SettingNotPermitted,
            format!(
                "{role} is not trained for a primary presenting problem of {}; choose another \
                 clinical service",
                terms.population
            ),
        )
        .with("population", &terms.population));
    }
    let has = |criterion: &String| site.is_some_and(|site| site.attributes.contains(criterion));
    match setting
        .site_criteria
        .iter()
        .find(|criterion| !has(criterion))
    {
        None => Ok(()),
        Some(criterion) => Err(Refusal::new(
            Reason::SiteCriteriaNotMet,
            format!("the setting needs a site with {criterion}; name a site that has it"),
        )
        .at("site")
        .with("criterion", criterion)),
    }
}

impl Training {
    /// The note, and the start of the year when it was the second one.
    pub(super) fn noted(
        note: TrainingEvent,
        appointment: &Appointment,
        employed: Option<Date>,
        enrolled: Option<Teaching>,
        policies: &Policies,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        let mut events = vec![note];
        if let (Some(employed), Some(teaching)) = (employed, enrolled) {
            let starts = employed.max(teaching.starts);
            let months = policies.role(&appointment.role, starts)?.months;
            events.push(TrainingEvent::TrainingStarted {
                appointment: appointment.clone(),
                year: TrainingYear {
                    starts,
                    ends: months_later(starts, months).saturating_sub(1.day()),
                },
                expected_board: teaching.expected_board,
            });
        }
        Ok(events)
    }

    /// Where practice happened, first to latest.
    pub fn placements(&self) -> &[Placement] {
        &self.placements
    }

    /// Where practice happens on a day.
    pub fn placement_on(&self, day: Date) -> Option<&Placement> {
        self.placements
            .iter()
            .rev()
            .find(|placement| placement.from <= day)
    }

    /// The latest weekly pattern.
    pub fn pattern(&self) -> Option<&WeeklyPattern> {
        self.patterns.last()
    }

    /// The latest count of the people worked with.
    pub fn caseload(&self) -> Option<&Caseload> {
        self.caseload.as_ref()
    }

    /// The days by which the three-way reviews are due: so many months into the year, policy
    /// `reviews.due_months`.
    pub fn reviews_due(&self, months: &[u32]) -> Vec<Date> {
        let due = |year: TrainingYear| {
            months
                .iter()
                .map(move |month| months_later(year.starts, *month))
                .collect()
        };
        self.year.map(due).unwrap_or_default()
    }

    /// The day of the first review that is due and not held: each one held answers for one due.
    pub fn next_review_due(&self, months: &[u32]) -> Option<Date> {
        self.reviews_due(months).into_iter().nth(self.reviews.len())
    }

    pub(super) fn set_pattern(
        &self,
        issued: &Issue,
        set: &SetWeeklyPattern,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.side(issued)?;
        let pattern = WeeklyPattern {
            university_days: set.university_days,
            practice_days: set.practice_days,
            from: issued.today(),
        };
        let university_days: u32 = issued.policies.get("university_days", pattern.from)?;
        let practice_days: Range = issued.policies.get("practice_days", pattern.from)?;
        if pattern.university_days != university_days
            || !((practice_days.min..=practice_days.max).contains(&pattern.practice_days)
                || self.course.admits_week(pattern.practice_days, pattern.from))
        {
            return Err(Refusal::new(
                Reason::WeeklyPatternInvalid,
                format!(
                    "a training week has {university_days} university day and {} to {} practice \
                     days",
                    practice_days.min, practice_days.max
                ),
            )
            .at("practice_days")
            .with("university_days", university_days)
            .with("practice_days_min", practice_days.min)
            .with("practice_days_max", practice_days.max));
        }
        if let Some(known) = self
            .patterns
            .iter()
            .find(|known| known.from == pattern.from)
        {
            return Refusal::unless_same(*known == pattern, "a weekly pattern from this day");
        }
        if self.patterns.len() >= CHANGES_MAX {
            return Err(full("weekly patterns"));
        }
        Ok(vec![TrainingEvent::WeeklyPatternSet { pattern }])
    }

    pub(super) fn place(
        &self,
        issued: &Issue,
        clinical_service: Id<ClinicalService>,
        terms: &ClinicalServiceTerms,
        site: Option<&Site>,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::Employer)?;
        let Some(appointment) = &self.appointment else {
            return Err(Refusal::not_permitted());
        };
        let from = issued.today();
        let placement = Placement {
            clinical_service,
            site: site.map(|site| site.code.clone()),
            setting: terms.setting.clone(),
            from,
        };
        if let Some(known) = self.placements.iter().find(|known| known.from == from) {
            return Refusal::unless_same(*known == placement, "a placement from this day");
        }
        permitted(&issued.policies, &appointment.role, terms, site, from)?;
        self.during(from)?;
        if self.placements.len() >= CHANGES_MAX {
            return Err(full("placements"));
        }
        Ok(vec![TrainingEvent::TraineePlaced { placement }])
    }

    pub(super) fn review(&self, issued: &Issue) -> Result<Vec<TrainingEvent>, Refusal> {
        let by = self.side(issued)?;
        let on = issued.today();
        self.during(on)?;
        if self.reviews.contains(&on) {
            return Ok(vec![]);
        }
        if self.reviews.len() >= REVIEWS_MAX {
            return Err(full("reviews"));
        }
        Ok(vec![TrainingEvent::ThreeWayReviewHeld { on, by }])
    }

    pub(super) fn count_caseload(
        &self,
        issued: &Issue,
        clients: u32,
        with_keyworker: u32,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        if clients > CASELOAD_MAX {
            return Err(Refusal::invalid(
                "clients",
                format!("a caseload holds at most {CASELOAD_MAX} people; enter how many there are"),
            ));
        }
        if with_keyworker > clients {
            return Err(Refusal::invalid(
                "with_keyworker",
                "more than there are people on the caseload; enter how many of them have one",
            ));
        }
        self.of_practice(issued)?;
        let caseload = Caseload {
            on: issued.today(),
            clients,
            with_keyworker,
        };
        self.during(caseload.on)?;
        match self.caseload {
            Some(known) if known.on == caseload.on => {
                Refusal::unless_same(known == caseload, "the caseload of this day")
            }
            _ => Ok(vec![TrainingEvent::CaseloadRecorded { caseload }]),
        }
    }

    pub(super) fn extend(
        &self,
        issued: &Issue,
        extend: &ExtendTraining,
    ) -> Result<Vec<TrainingEvent>, Refusal> {
        self.only(issued, Party::Employer)?;
        let going = self.left.or(self.course.leaving.map(|leaving| leaving.on));
        let (Some(year), Some(last), None) = (self.year, self.last_day(), going) else {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "only a training that runs can be extended",
            ));
        };
        if extend.until == last {
            return Ok(vec![]);
        }
        if extend.until < last || extend.until > months_later(year.ends, EXTENSION_MONTHS_MAX) {
            return Err(Refusal::invalid(
                "until",
                format!(
                    "the training runs to {last}; name a later day, at most \
                     {EXTENSION_MONTHS_MAX} months after its year"
                ),
            ));
        }
        Ok(vec![TrainingEvent::TrainingExtended {
            until: extend.until,
        }])
    }
}
