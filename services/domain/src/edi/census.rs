//! Who has applied where and what they said of themselves, gathered from the history in one pass and
//! counted. It holds what people said in the clear and is therefore never stored and never shown.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use jiff::{Timestamp, civil::Date};
use strum::IntoEnumIterator as _;

use super::{ENGLAND, EdiRelease, LIVED_EXPERIENCE};
use crate::{
    actor::{PersonId, Region, TenantId},
    application::ApplicationEvent,
    disclosure::{DisclosureRule, Drawn, Published, Table, draw},
    erasure::{ClassOutcome, ErasureEvent},
    fact::Fact,
    id::Id,
    monitoring::{Answer, Codes, MonitoringEvent},
    personal::{Personal, PersonalClass},
    refusal::Refusal,
    vacancy::{Vacancy, VacancyEvent},
    world::Issue,
};

/// Policy `edi.groups.<characteristic>`: the codes of each group, by code set.
pub type EdiGroups = BTreeMap<String, BTreeMap<String, Codes>>;

/// Where the policies of groups begin.
const GROUPS: &str = "edi.groups.";
/// The answer is erased, or of no group.
const NOT_KNOWN: &str = "not_known";
/// There is no answer; "not stated" is one.
const NOT_ASKED: &str = "not_asked";

/// What somebody said; `None` where it is erased.
type Said<T> = Option<T>;

#[derive(Default)]
pub(super) struct Person {
    pub(super) applied: BTreeSet<Id<Vacancy>>,
    pub(super) answers: Option<Said<BTreeMap<String, Answer>>>,
    pub(super) lived_experience: Option<Said<bool>>,
    /// When anything about them that counts was recorded last.
    pub(super) changed: Option<Timestamp>,
}

/// Who has applied, where, and what they said.
#[derive(Default)]
pub struct Census {
    pub(super) regions: HashMap<Id<Vacancy>, (TenantId, Region)>,
    pub(super) people: HashMap<PersonId, Person>,
    pub(super) until: Option<Timestamp>,
}

impl fmt::Debug for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Census(not shown)")
    }
}

/// What a value that was opened says; `None` when it could not be.
fn said<T: Clone>(value: &Personal<T>) -> Said<T> {
    match value {
        Personal::Clear { value, .. } => Some(value.clone()),
        Personal::Sealed { .. } | Personal::Erased => None,
    }
}

impl Census {
    /// The classes of personal values that are counted.
    pub const COUNTS: &'static [PersonalClass] = &PersonalClass::OWN;

    /// Takes an event in; those of one stream come in their order.
    pub fn note(&mut self, stream: Id<Vacancy>, recorded: Timestamp, fact: &Fact) {
        self.until = self.until.max(Some(recorded));
        match fact {
            Fact::Vacancy(VacancyEvent::VacancyOpened { terms }) => {
                self.regions
                    .insert(stream, (terms.commissioner, terms.region));
            }
            Fact::Application(ApplicationEvent::ApplicationSubmitted { terms, .. }) => {
                let person = self.person(terms.person, recorded);
                person.applied.insert(terms.vacancy);
            }
            Fact::Monitoring(MonitoringEvent::MonitoringAnswered {
                person, answers, ..
            }) => self.person(*person, recorded).answers = Some(said(answers)),
            Fact::Monitoring(MonitoringEvent::LivedExperienceDeclared {
                person, declared, ..
            }) => self.person(*person, recorded).lived_experience = Some(said(declared)),
            Fact::Erasure(ErasureEvent::ErasureDecided {
                person, outcomes, ..
            }) if Self::COUNTS
                .iter()
                .any(|class| outcomes.get(class) == Some(&ClassOutcome::Erased)) =>
            {
                self.person(*person, recorded);
            }
            Fact::Erasure(ErasureEvent::RetentionExpired {
                person, classes, ..
            }) if Self::COUNTS.iter().any(|class| classes.contains(class)) => {
                self.person(*person, recorded);
            }
            _ => {}
        }
    }

    fn person(&mut self, person: PersonId, changed: Timestamp) -> &mut Person {
        let person = self.people.entry(person).or_default();
        person.changed = person.changed.max(Some(changed));
        person
    }

    /// Takes in what another pass has gathered from other streams.
    pub fn join(&mut self, other: Self) {
        self.until = self.until.max(other.until);
        self.regions.extend(other.regions);
        for (id, other) in other.people {
            let person = self.people.entry(id).or_default();
            person.applied.extend(other.applied);
            person.answers = other.answers.or(person.answers.take());
            person.lived_experience = other.lived_experience.or(person.lived_experience.take());
            person.changed = person.changed.max(other.changed);
        }
    }

    /// The figures of a commissioner's month, after those published last.
    ///
    /// # Errors
    /// `POLICY_MISSING`.
    pub(super) fn release(
        &self,
        issue: &Issue,
        commissioner: TenantId,
        month: Date,
        last: Option<&EdiRelease>,
    ) -> Result<EdiRelease, Refusal> {
        let on = issue.today();
        let rule: DisclosureRule = issue.policies.get("disclosure.rule", on)?;
        let minimum_change: u32 = issue.policies.get("disclosure.minimum_change", on)?;
        let areas: Vec<String> = Region::iter()
            .map(|region| region.to_string())
            .chain([ENGLAND.to_owned()])
            .collect();
        let looks = self.looks(commissioner, &areas, minimum_change, last);
        // Of fewer people than it takes not even what is withheld beside a count may change.
        if let (Some(last), Some(false)) = (last, looks.last()) {
            return Ok(EdiRelease {
                month,
                ..last.clone()
            });
        }
        let drawn = areas
            .iter()
            .zip(&looks)
            .map(|(area, looked)| {
                let before = last.and_then(|last| last.drawn.get(area).copied());
                let drawn = if *looked { self.until } else { before };
                (area.clone(), drawn.unwrap_or(issue.recorded))
            })
            .collect();

        let mut characteristics: BTreeMap<String, EdiGroups> = BTreeMap::new();
        let named: Vec<String> = issue
            .policies
            .register()
            .under(GROUPS)
            .map(str::to_owned)
            .collect();
        for characteristic in named {
            let groups = issue
                .policies
                .find(&format!("{GROUPS}{characteristic}"), on)?;
            characteristics.extend(groups.map(|groups| (characteristic, groups)));
        }
        characteristics.insert(LIVED_EXPERIENCE.to_owned(), EdiGroups::new());

        let counted: Vec<(&String, Vec<String>, Table, Option<Drawn>)> = characteristics
            .iter()
            .map(|(characteristic, groups)| {
                let before = last.and_then(|last| last.tables.get(characteristic));
                let counts = self.count(
                    commissioner,
                    characteristic,
                    groups,
                    before.into_iter().flat_map(BTreeMap::keys),
                );
                let rows: Vec<String> = counts.keys().cloned().collect();
                let shown = |group| {
                    areas
                        .iter()
                        .map(move |area| before?.get(group)?.get(area).copied()?)
                };
                let drawn = before
                    .map(|_| Drawn(rows.iter().map(|group| shown(group).collect()).collect()));
                (
                    characteristic,
                    rows,
                    Table::of(counts.into_values().collect()),
                    drawn,
                )
            })
            .collect();
        let totals: Option<Vec<Published>> = last.map(|last| {
            areas
                .iter()
                .map(|area| last.people.get(area).copied().flatten())
                .collect()
        });
        let tables: Vec<(Table, Option<Drawn>)> = counted
            .iter()
            .map(|(_, _, table, drawn)| (table.clone(), drawn.clone()))
            .collect();
        let drawn_up = draw(&tables, totals.as_deref(), rule, minimum_change, &looks);
        let by_area = |row: &[Published]| areas.iter().cloned().zip(row.iter().copied()).collect();
        Ok(EdiRelease {
            commissioner,
            month,
            rule,
            minimum_change,
            drawn,
            people: drawn_up
                .first()
                .and_then(|table| table.0.last())
                .map(|row| by_area(row))
                .unwrap_or_default(),
            tables: counted
                .iter()
                .zip(&drawn_up)
                .map(|((characteristic, rows, ..), table)| {
                    let groups = rows
                        .iter()
                        .cloned()
                        .zip(table.0.iter().map(|row| by_area(row)));
                    ((*characteristic).clone(), groups.collect())
                })
                .collect(),
        })
    }

    /// The regions of a commissioner that a person has applied in.
    fn regions_of(&self, commissioner: TenantId, person: &Person) -> BTreeSet<Region> {
        (person.applied.iter())
            .filter_map(|vacancy| self.regions.get(vacancy))
            .filter(|(of, _)| *of == commissioner)
            .map(|(_, region)| *region)
            .collect()
    }

    /// Which areas have changed by enough people since they were drawn up; all in the first release.
    fn looks(
        &self,
        commissioner: TenantId,
        areas: &[String],
        change: u32,
        last: Option<&EdiRelease>,
    ) -> Vec<bool> {
        let Some(last) = last else {
            return vec![true; areas.len()];
        };
        let mut changed = BTreeMap::<String, u32>::new();
        for person in self.people.values() {
            let regions = self.regions_of(commissioner, person);
            let all = (!regions.is_empty()).then(|| ENGLAND.to_owned());
            for area in regions.iter().map(Region::to_string).chain(all) {
                if person.changed > last.drawn.get(&area).copied() {
                    *changed.entry(area).or_default() += 1;
                }
            }
        }
        areas
            .iter()
            .map(|area| changed.get(area).is_some_and(|people| *people >= change))
            .collect()
    }

    /// People by group and region. Whoever has applied in several regions counts in each.
    fn count<'a>(
        &self,
        commissioner: TenantId,
        characteristic: &str,
        groups: &EdiGroups,
        known: impl Iterator<Item = &'a String>,
    ) -> BTreeMap<String, Vec<u32>> {
        let always = match characteristic {
            LIVED_EXPERIENCE => ["declared", "not_declared", NOT_KNOWN, NOT_ASKED].as_slice(),
            _ => &[NOT_KNOWN, NOT_ASKED],
        };
        let always = always.iter().map(|group| (*group).to_owned());
        let regions: Vec<Region> = Region::iter().collect();
        let mut counts: BTreeMap<String, Vec<u32>> = (groups.keys().cloned())
            .chain(always)
            .chain(known.cloned())
            .map(|group| (group, vec![0; regions.len()]))
            .collect();
        for person in self.people.values() {
            let group = person.group(characteristic, groups);
            let applied = self.regions_of(commissioner, person);
            let Some(counts) = counts.get_mut(group) else {
                continue;
            };
            for (count, _) in counts
                .iter_mut()
                .zip(&regions)
                .filter(|(_, region)| applied.contains(region))
            {
                *count = count.saturating_add(1);
            }
        }
        counts
    }
}

impl Person {
    /// The group somebody is of.
    fn group<'a>(&self, characteristic: &str, groups: &'a EdiGroups) -> &'a str {
        if characteristic == LIVED_EXPERIENCE {
            return match self.lived_experience {
                None => NOT_ASKED,
                Some(None) => NOT_KNOWN,
                Some(Some(true)) => "declared",
                Some(Some(false)) => "not_declared",
            };
        }
        let answer = match &self.answers {
            None => return NOT_ASKED,
            Some(None) => return NOT_KNOWN,
            Some(Some(answers)) => match answers.get(characteristic) {
                None => return NOT_ASKED,
                Some(answer) => answer,
            },
        };
        (groups.iter())
            .find(|(_, codes)| {
                codes
                    .get(&answer.code_set)
                    .is_some_and(|codes| codes.has(&answer.code))
            })
            .map_or(NOT_KNOWN, |(group, _)| group)
    }
}
