//! Dashboards: the figures of a view, defined once, with those that need a date or a policy.

use std::{cmp::Reverse, collections::BTreeMap};

use domain::{
    actor::{Region, TenantId},
    disclosure::{DisclosureRule, Sums},
    policy::{Policies, catalogue::Role},
    refusal::Refusal,
};
use jiff::civil::Date;
use ledger::view::{CROWD_FIRST, Figures, View};
use strum::{Display, EnumIter, IntoEnumIterator as _};
use uuid::Uuid;

use crate::{
    record::shares_as_shown,
    released::{Group, ReleasedBy, release},
};

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Unit {
    /// Things, people, places.
    Count,
    /// Money, in pence.
    Pence,
    /// Hundredths of a whole.
    Percent,
}

/// How a figure is split.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum Split {
    /// Not at all.
    Whole,
    /// By region; every region always has its row.
    Region,
    /// By level of the qualification.
    Level,
    /// By tenant, `tenants/{uuid}`.
    Tenant,
    /// By partnership, its employer and its intake: `tenants/{uuid}/intakes/{uuid}`.
    Partnership,
    /// By partnership and level, `tenants/{uuid}/intakes/{uuid}/7`.
    PartnershipLevel,
    /// By cluster: role, intake and employer, `MHWP/intakes/{uuid}/tenants/{uuid}`.
    Cluster,
    /// By supervisor, `supervisors/{uuid}`.
    Supervisor,
    /// By intake and day, `intakes/{uuid}/2027-03-10`.
    IntakeDate,
    /// By clinical service, `clinicalServices/{uuid}`.
    ClinicalService,
    /// By civil date.
    Date,
    /// By month, its first day.
    Month,
    /// By a word of a closed list.
    Word,
    /// By cohort: role and first day of teaching, `MHWP/2026-03-02`.
    Cohort,
    /// By cohort and stage on the way through it, `MHWP/2026-03-02/retained`.
    CohortStage,
}

impl Split {
    /// Whether there are as many parts as there are people or organisations: then the largest are
    /// shown and the others added up. The calendar and closed lists go on slowly, if at all.
    const fn is_open(self) -> bool {
        match self {
            Self::Tenant
            | Self::Partnership
            | Self::PartnershipLevel
            | Self::Cluster
            | Self::Supervisor
            | Self::IntakeDate
            | Self::ClinicalService => true,
            Self::Whole
            | Self::Region
            | Self::Level
            | Self::Date
            | Self::Month
            | Self::Word
            | Self::Cohort
            | Self::CohortStage => false,
        }
    }
}

/// One figure of a dashboard.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// How it is split.
    pub split: Split,
    /// What it means.
    pub meaning: &'static str,
}

pub(crate) const fn count(name: &'static str, meaning: &'static str) -> Definition {
    split(name, Split::Whole, meaning)
}

pub(crate) const fn split(name: &'static str, split: Split, meaning: &'static str) -> Definition {
    Definition {
        name,
        unit: Unit::Count,
        split,
        meaning,
    }
}

/// What clinical services report: defined once, for employer, commissioner and network alike
/// (`EVAL-04`, `EVAL-07`, `EVAL-08`).
pub(crate) const OUTCOMES: [Definition; 7] = [
    count("outcome_reports", "months reported by clinical services"),
    count(
        "outcome_reports_complete",
        "reported months with every expected measure (EVAL-04)",
    ),
    count("outcome_completeness", "complete months of those reported").percent(),
    split(
        "outcome_reports_by_clinical_service",
        Split::ClinicalService,
        "months reported, by clinical service",
    ),
    split(
        "outcome_reports_incomplete_by_clinical_service",
        Split::ClinicalService,
        "reported months that lack a measure, by clinical service (EVAL-04)",
    ),
    split(
        "outcomes",
        Split::Word,
        "sums by measure of policy outcome.measures (EVAL-05, EVAL-06, EVAL-11)",
    ),
    split(
        "internal_referrals_by_month",
        Split::Month,
        "referrals from colleagues by month: how the role takes root (EVAL-09, EVAL-12)",
    ),
];

/// Adds the share of reported months that are complete.
pub(crate) fn outcome_completeness(figures: &mut Figures) {
    let share = percent(
        figures.get("outcome_reports_complete"),
        figures.get("outcome_reports"),
    );
    figures.add("outcome_completeness", share);
}

impl Definition {
    pub(crate) const fn pence(self) -> Self {
        Self {
            unit: Unit::Pence,
            ..self
        }
    }

    pub(crate) const fn percent(self) -> Self {
        Self {
            unit: Unit::Percent,
            ..self
        }
    }
}

/// A figure as shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The figure.
    pub name: &'static str,
    /// Which part of a split figure; empty for a whole one, and for the others of a split one.
    pub part: String,
    /// How many parts this one stands for, those after the first [`CROWD_FIRST`]; else zero.
    pub others: i64,
    /// Its value; `None` where it is suppressed, shown as `*`.
    pub value: Option<i64>,
    /// What it counts.
    pub unit: Unit,
}

/// A view that is shown as a dashboard.
pub trait Dashboard: View {
    /// Every figure it shows.
    const DEFINITIONS: &'static [Definition];

    /// Adds the figures that depend on the date or on a policy to the sums.
    ///
    /// # Errors
    /// `POLICY_MISSING`.
    fn complete(figures: &mut Figures, policies: &Policies, on: Date) -> Result<(), Refusal>;

    /// Counts by record, of events that leave something to that record to say ([`crate::told`]).
    const ASKING: &'static [&'static str] = &[];

    /// Adds what the row of such a record says of them.
    fn tell(_row: &Self::Row, _figures: &mut Figures) {}

    /// The figures that are counts of people of others, of which only as much is shown as
    /// [`domain::disclosure`] lets.
    const SUPPRESSED: &'static [People] = &[];

    /// Those of them that are released together; each is in one group.
    const RELEASED: &'static [Group] = &[];
}

/// A figure that counts people of others.
#[derive(Debug, Clone, Copy)]
pub struct People {
    /// The figure.
    pub figure: &'static str,
    /// Whether it counts them, or is worked out of such counts as they are shown.
    pub share: bool,
    /// Which of several ways it breaks people down; parts of one way add up.
    way: &'static str,
    /// What one of its parts is a part of: a figure, and which part of that.
    part_of: fn(&str) -> Option<(&'static str, String)>,
}

impl People {
    /// Counts that add up to nothing that is shown.
    pub(crate) const fn alone(figure: &'static str) -> Self {
        Self::parts(figure, "", |_| None)
    }

    /// Counts that are parts of another figure.
    pub(crate) const fn parts(
        figure: &'static str,
        way: &'static str,
        part_of: fn(&str) -> Option<(&'static str, String)>,
    ) -> Self {
        Self {
            figure,
            share: false,
            way,
            part_of,
        }
    }

    /// A share of such counts.
    pub(crate) const fn share(figure: &'static str) -> Self {
        Self {
            share: true,
            ..Self::alone(figure)
        }
    }

    /// Which figures of a dashboard these are.
    pub fn of<D: Dashboard>(figure: &str) -> Option<&'static Self> {
        D::SUPPRESSED.iter().find(|people| people.figure == figure)
    }
}

/// Withholds of the counts of people of others what must not be shown together, and rounds the rest.
fn disclose<D: Dashboard>(shown: &mut [Shown], rule: DisclosureRule) {
    let mut sums = Sums::default();
    let count = |one: &Shown| one.value.and_then(|value| u32::try_from(value).ok());
    let counted = |one: &Shown| People::of::<D>(one.name).filter(|people| !people.share);
    let places: Vec<Option<usize>> = (shown.iter())
        .map(|one| Some(sums.count(counted(one).and_then(|_| count(one))?)))
        .collect();
    // What counts add up to that is told in any case.
    let by_part: BTreeMap<(&str, &str), usize> = (shown.iter().enumerate())
        .map(|(at, one)| ((one.name, one.part.as_str()), at))
        .collect();
    let mut totals: BTreeMap<usize, usize> = BTreeMap::new();
    let mut ways: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
    for ((name, part), at) in &by_part {
        let (Some(place), Some(people)) = (places[*at], People::of::<D>(name)) else {
            continue;
        };
        let total = (people.part_of)(part);
        let at = total.and_then(|(name, part)| by_part.get(&(name, part.as_str())).copied());
        let Some((at, count)) = at.and_then(|at| Some((at, count(&shown[at])?))) else {
            continue;
        };
        let total =
            places[at].unwrap_or_else(|| *totals.entry(at).or_insert_with(|| sums.known(count)));
        ways.entry((total, people.way)).or_default().push(place);
    }
    for ((total, _), parts) in ways {
        sums.adds_up(total, parts);
    }
    let drawn = sums.drawn(rule);
    for (one, place) in shown.iter_mut().zip(places) {
        if let Some(place) = place {
            one.value = drawn.get(place).copied().flatten().map(i64::from);
        }
    }
}

/// Parts of a figure that are shown one by one, and how many others there are with their sum. Shares
/// have no sum.
type Parts = (Vec<(String, i64)>, Option<(i64, i64)>);

fn first_of(figures: &Figures, definition: &Definition) -> Parts {
    let sum = |sum| match definition.unit {
        Unit::Percent => 0,
        Unit::Count | Unit::Pence => sum,
    };
    let mut parts: Vec<(&str, i64)> = figures.parts(definition.name).collect();
    if parts.is_empty() {
        let crowd = figures.crowd(definition.name);
        let first: i64 = crowd.first.iter().map(|(_, value)| value).sum();
        let others = crowd.parts(|_| true) - crowd.first.len() as i64;
        let others = (others > 0).then(|| (others, sum(crowd.sum().saturating_sub(first))));
        return (crowd.first, others);
    }
    parts.sort_by_key(|(_, value)| Reverse(value.saturating_abs()));
    let rest = parts.split_off(parts.len().min(CROWD_FIRST));
    let others = (rest.iter()).fold(0, |sum: i64, (_, value)| sum.saturating_add(*value));
    let others = (!rest.is_empty()).then(|| (rest.len() as i64, sum(others)));
    let parts = parts
        .into_iter()
        .map(|(part, value)| (part.to_owned(), value));
    (parts.collect(), others)
}

/// The figures of a dashboard on a date: whole ones and regions also when they are zero. Of people of
/// others, as much as the sums of all that is known had released by a day; those are `known`, or the
/// figures themselves.
///
/// # Errors
/// `POLICY_MISSING`.
pub fn shown<D: Dashboard>(
    mut figures: Figures,
    policies: &Policies,
    on: Date,
    (known, by): (Option<&Figures>, ReleasedBy),
) -> Result<Vec<Shown>, Refusal> {
    let released = release::<D>(known.unwrap_or(&figures), policies, by)?;
    D::complete(&mut figures, policies, on)?;
    let mut shown = every::<D>(&figures);
    if !D::RELEASED.is_empty() {
        let is_released =
            |name: &str| (D::RELEASED.iter()).any(|group| group.figures.contains(&name));
        shown.retain(|one| !is_released(one.name));
        shown.extend(released);
        // In the order of their definitions again.
        let place = |one: &Shown| D::DEFINITIONS.iter().position(|it| it.name == one.name);
        shown.sort_by_cached_key(place);
    }
    Ok(shown)
}

/// The figures as they are.
pub(crate) fn every<D: Dashboard>(figures: &Figures) -> Vec<Shown> {
    let mut shown = Vec::new();
    for definition in D::DEFINITIONS {
        let known = || {
            (figures.parts(definition.name))
                .map(|(part, value)| (part.to_owned(), value))
                .collect()
        };
        let (parts, others): Parts = match definition.split {
            Split::Whole => (vec![(String::new(), figures.get(definition.name))], None),
            Split::Region => {
                let mut regions: BTreeMap<String, i64> = Region::iter()
                    .map(|region| (region.to_string(), 0))
                    .collect();
                regions.extend::<Vec<_>>(known());
                (regions.into_iter().collect(), None)
            }
            split if split.is_open() && People::of::<D>(definition.name).is_none() => {
                let (mut first, others) = first_of(figures, definition);
                first.sort_unstable();
                (first, others)
            }
            _ => (known(), None),
        };
        let of = |part, value, others| Shown {
            name: definition.name,
            part,
            others,
            value: Some(value),
            unit: definition.unit,
        };
        shown.extend(parts.into_iter().map(|(part, value)| of(part, value, 0)));
        shown.extend(others.map(|(parts, sum)| of(String::new(), sum, parts)));
    }
    shown
}

/// Leaves of the figures what may be shown together.
pub(crate) fn disclosed<D: Dashboard>(
    shown: &mut [Shown],
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let rule = policies.get("disclosure.rule", on)?;
    disclose::<D>(shown, rule);
    shares_as_shown(shown, rule);
    Ok(())
}

/// The cluster a place belongs to: the trainees of one role that an employer has at one intake.
pub(crate) fn cluster(role: &str, intake: Uuid, employer: TenantId) -> String {
    format!("{role}/intakes/{intake}/{employer}")
}

/// Adds what each cluster should have at least (`ALLOC-01`).
pub(crate) fn cluster_health(
    figures: &mut Figures,
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let mut minima = Figures::default();
    let mut last: Option<(&str, i64)> = None;
    for (cluster, _) in figures.parts("cluster_places") {
        let role = cluster.split('/').next().unwrap_or_default();
        let min = match last.filter(|(known, _)| *known == role) {
            Some((_, min)) => min,
            None => i64::from(policies.cluster_min(&Role::parse(role, "role")?, on)?),
        };
        last = Some((role, min));
        minima.add_part("cluster_minimum", cluster, min);
    }
    figures.add_all(&minima);
    Ok(())
}

/// Moves the parts of a figure split by date that lie before `on` into another figure. Days are in order
/// as they are written.
pub(crate) fn before(figures: &mut Figures, dated: &str, into: &str, on: Date) {
    let on = on.to_string();
    let sum = figures
        .parts(dated)
        .filter(|(date, _)| *date < on.as_str())
        .fold(0_i64, |sum, (_, value)| sum.saturating_add(value));
    figures.add(into, sum);
}

/// A share in whole percent, rounded half up; zero of nothing is zero.
pub(crate) fn percent(part: i64, of: i64) -> i64 {
    if of <= 0 {
        return 0;
    }
    part.saturating_mul(200).saturating_add(of) / of.saturating_mul(2)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;

    use super::*;

    /// Policies that ask for clusters of four.
    fn clusters_of_four() -> Policies {
        let register = serde_json::json!({"policies": {"cluster.min": [{
            "version": 1, "from": "2021-04-01", "until": null, "value": 4,
            "source": "ALLOC-01", "approver": "test",
        }]}});
        Policies::of(Arc::new(
            serde_json::from_value(register).expect("a register"),
        ))
    }

    /// In training at all and in the cluster, where so many train until a day.
    fn running(until: &[(&str, i64)], on: Date) -> (i64, i64) {
        let cluster = cluster("MHWP", Uuid::nil(), TenantId(Uuid::nil()));
        let mut figures = Figures::default();
        figures.add_of("cluster_places", &cluster, 5);
        for (until, count) in until {
            figures.add_of("in_training_until", until, *count);
            figures.add_of("cluster_until", format!("{cluster}/{until}"), *count);
        }
        crate::record::year::running(&mut figures, on);
        cluster_health(&mut figures, &clusters_of_four(), on).expect("a minimum is in force");
        assert_eq!(
            figures.get_of("cluster_minimum", &cluster),
            4,
            "alloc_01: what policy asks of every cluster"
        );
        (
            figures.get("in_training"),
            figures.get_of("cluster_in_training", &cluster),
        )
    }

    #[test]
    fn alloc_01_the_last_day_is_part_of_a_training_and_an_extension_goes_on() {
        let until = [("2027-03-01", 3), ("2027-06-30", 1)];
        assert_eq!(running(&until, date(2027, 3, 1)), (4, 4));
        assert_eq!(running(&until, date(2027, 3, 2)), (1, 1));
        assert_eq!(running(&until, date(2027, 7, 1)), (0, 0));
    }

    #[test]
    fn what_was_due_before_the_day_is_overdue() {
        let mut figures = Figures::default();
        figures.add_of("commitments_due_by", "2027-06-10", 2);
        before(
            &mut figures,
            "commitments_due_by",
            "commitments_overdue",
            date(2027, 6, 10),
        );
        assert_eq!(figures.get("commitments_overdue"), 0);
        before(
            &mut figures,
            "commitments_due_by",
            "commitments_overdue",
            date(2027, 6, 11),
        );
        assert_eq!(figures.get("commitments_overdue"), 2);
    }

    /// A figure as it is shown: its parts, how many others there are, and what they add up to.
    fn parts_of(definition: &Definition, figures: &Figures) -> (Vec<i64>, i64, i64) {
        let (first, others) = first_of(figures, definition);
        let first = first.into_iter().map(|(_, value)| value).collect();
        let (parts, sum) = others.unwrap_or_default();
        (first, parts, sum)
    }

    #[test]
    fn of_many_parts_the_largest_are_shown_and_the_others_are_added_up() {
        let by_service = split("by_service", Split::ClinicalService, "");
        let share = split("share", Split::ClinicalService, "").percent();
        let mut figures = Figures::default();
        for part in 1..=CROWD_FIRST as i64 {
            figures.add_of("by_service", format!("clinicalServices/{part}"), part);
        }
        let (first, parts, sum) = parts_of(&by_service, &figures);
        assert_eq!(
            (first.len(), parts, sum),
            (CROWD_FIRST, 0, 0),
            "all of them"
        );
        for part in 0..7 {
            figures.add_of("by_service", format!("clinicalServices/more-{part}"), 100);
            figures.add_of("share", format!("clinicalServices/{part}"), 50);
        }
        let (first, parts, sum) = parts_of(&by_service, &figures);
        let total: i64 = figures.parts("by_service").map(|(_, value)| value).sum();
        assert_eq!((first.len(), parts), (CROWD_FIRST, 7));
        assert_eq!(first.iter().sum::<i64>() + sum, total);
        assert_eq!(&first[..8], [100, 100, 100, 100, 100, 100, 100, 50]);
        for part in 7..60 {
            figures.add_of("share", format!("clinicalServices/{part}"), 50);
        }
        assert_eq!(parts_of(&share, &figures).2, 0, "shares have no sum");
    }

    #[test]
    fn no_count_of_people_of_others_is_cut_since_the_rest_would_tell() {
        fn cut<D: Dashboard>() -> Vec<&'static str> {
            let open = (D::DEFINITIONS.iter()).filter(|figure| figure.split.is_open());
            let people = open.filter(|figure| People::of::<D>(figure.name).is_some());
            people.map(|figure| figure.name).collect()
        }
        use crate::{Commissioner, Employer, Network, University};
        let all = [
            cut::<Employer>(),
            cut::<University>(),
            cut::<Commissioner>(),
            cut::<Network>(),
        ];
        assert_eq!(all.concat(), Vec::<&str>::new());
    }

    #[test]
    fn shares_are_rounded_half_up() {
        assert_eq!(percent(3, 5), 60);
        assert_eq!(percent(1, 8), 13);
        assert_eq!(percent(2, 3), 67);
        assert_eq!(percent(0, 0), 0);
    }
}
