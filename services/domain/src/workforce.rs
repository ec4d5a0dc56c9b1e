//! How large the workforce is and is meant to become: dated counts, and targets that are each
//! measured against their own baseline (`X-09`). There is no one figure called growth.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    actor::{Region, TenantId, TenantKind},
    correction::{Authority, Corrected},
    id::Id,
    policy::PolicyRegister,
    refusal::Refusal,
    text,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// The longest population id, in bytes.
pub const POPULATION_BYTES_MAX: usize = 60;
/// The longest source or reason, in bytes.
pub const SOURCE_BYTES_MAX: usize = 500;
/// The largest count, in hundredths.
pub const COUNT_MAX: i64 = 1_000_000_000;
/// The most counts one commissioner keeps.
pub const COUNTS_MAX: usize = 5000;

/// Tells the stream of counts from whatever else derives from a commissioner's id.
const COUNTS: Uuid = Uuid::from_u128(0x776f_726b_666f_7263_8000_0000_0000_0001);

/// What is counted (`REPORT-06`): the two are never added or compared.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Display, EnumString,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WorkforceUnit {
    /// People.
    Headcount,
    /// Whole-time equivalents.
    Wte,
}

/// What is counted where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct WorkforceScope {
    /// Whom, `psychological_professions`.
    pub population: String,
    /// In which region; the nation when absent (`ACTOR-15`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// In which unit.
    pub unit: WorkforceUnit,
}

/// A count on a day. Services commissioned by the NHS are those of NHS employers and of others
/// under contract: both are counted (`REPORT-07`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkforceCount {
    /// What is counted where.
    pub scope: WorkforceScope,
    /// The day.
    pub on: Date,
    /// With NHS employers, in hundredths.
    pub nhs: i64,
    /// With other employers of NHS-commissioned care, in hundredths.
    pub third_sector: i64,
    /// Where the count comes from.
    pub source: String,
}

impl WorkforceCount {
    /// All of NHS-commissioned care, in hundredths.
    pub fn commissioned(&self) -> i64 {
        self.nhs.saturating_add(self.third_sector)
    }
}

/// A commissioner's counts, by scope and day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct WorkforceStock {
    commissioner: Option<TenantId>,
    counts: Vec<WorkforceCount>,
    /// The event that says each of them, by its place in the record.
    said: Vec<u64>,
    recorded: u64,
}

/// What the counts decide.
#[derive(Debug, Clone)]
pub enum WorkforceAct {
    /// See [`RecordWorkforceCount`].
    Record {
        /// Whose.
        commissioner: TenantId,
        /// The count.
        count: WorkforceCount,
    },
    /// See [`CorrectWorkforceCount`].
    Correct {
        /// The count as it should have been.
        count: WorkforceCount,
        /// Why.
        reason: String,
        /// The event that said the wrong one.
        corrects: Option<Corrected>,
    },
}

/// Facts of the counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum WorkforceStockEvent {
    /// The workforce was counted.
    WorkforceCounted {
        /// Whose count.
        commissioner: TenantId,
        /// The count.
        count: WorkforceCount,
    },
    /// The count of the same scope and day was wrong.
    WorkforceCountCorrected {
        /// The count as it should have been.
        count: WorkforceCount,
        /// Why.
        reason: String,
        /// Which event it corrects; not said by the first version.
        corrects: Option<Corrected>,
    },
}

aggregate!(
    WorkforceStock,
    "workforce_stock",
    WorkforceAct,
    WorkforceStockEvent
);

impl WorkforceStock {
    /// The counts of a commissioner.
    pub fn id(commissioner: TenantId) -> Id<Self> {
        Id::derive(commissioner, &[COUNTS])
    }

    /// The counts, as recorded.
    pub fn counts(&self) -> &[WorkforceCount] {
        &self.counts
    }

    /// The count of a scope on exactly a day.
    pub fn on(&self, scope: &WorkforceScope, day: Date) -> Option<&WorkforceCount> {
        self.counts
            .iter()
            .find(|count| count.scope == *scope && count.on == day)
    }

    /// The days on which a scope was counted, after one and up to another.
    fn days(&self, scope: &WorkforceScope, after: Date, until: Date) -> impl Iterator<Item = Date> {
        self.counts
            .iter()
            .filter(move |count| count.scope == *scope && after < count.on && count.on <= until)
            .map(|count| count.on)
    }

    /// The place of the event that says the count of a scope on a day.
    fn said(&self, scope: &WorkforceScope, day: Date) -> Option<u64> {
        let same = |count: &WorkforceCount| count.scope == *scope && count.on == day;
        let at = self.counts.iter().position(same)?;
        self.said.get(at).copied()
    }

    fn evolve(&mut self, event: WorkforceStockEvent) {
        self.recorded = self.recorded.saturating_add(1);
        match event {
            WorkforceStockEvent::WorkforceCounted {
                commissioner,
                count,
            } => {
                self.commissioner = Some(commissioner);
                self.counts.push(count);
                self.said.push(self.recorded);
            }
            WorkforceStockEvent::WorkforceCountCorrected { count, .. } => {
                let said = self.counts.iter_mut().zip(&mut self.said);
                for (known, said) in said {
                    if known.scope == count.scope && known.on == count.on {
                        (*known, *said) = (count.clone(), self.recorded);
                    }
                }
            }
        }
    }
}

impl Decider for WorkforceStock {
    type Act = WorkforceAct;
    const COLLECTION: &'static str = "workforceStocks";

    fn decide(&self, issued: &Issued<WorkforceAct>) -> Result<Vec<WorkforceStockEvent>, Refusal> {
        match &issued.act {
            WorkforceAct::Record {
                commissioner,
                count,
            } => match self.on(&count.scope, count.on) {
                Some(known) => Refusal::unless_same(known == count, "the count of this day"),
                None if self.counts.len() >= COUNTS_MAX => Err(Refusal::state_not_allowed(
                    format!("at most {COUNTS_MAX} counts are kept; count less often"),
                )),
                None => Ok(vec![WorkforceStockEvent::WorkforceCounted {
                    commissioner: *commissioner,
                    count: count.clone(),
                }]),
            },
            WorkforceAct::Correct {
                count,
                reason,
                corrects,
            } => match self.on(&count.scope, count.on) {
                None if self.commissioner.is_none() => Err(Refusal::not_permitted()),
                None => Err(Refusal::state_not_allowed(
                    "nothing was counted on this day; record the count first",
                )),
                Some(known) if known == count => Ok(vec![]),
                Some(_) => Ok(vec![WorkforceStockEvent::WorkforceCountCorrected {
                    count: count.clone(),
                    reason: reason.clone(),
                    corrects: corrects.clone(),
                }]),
            },
        }
    }

    fn custody(&self) -> Option<Custody> {
        self.commissioner.map(|home| Custody::of(home, []))
    }
}

/// Records what the workforce was on the effective day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordWorkforceCount {
    /// Whom.
    pub population: String,
    /// In which region; the nation when absent.
    pub region: Option<Region>,
    /// In which unit.
    pub unit: WorkforceUnit,
    /// With NHS employers, in hundredths.
    pub nhs: i64,
    /// With other employers of NHS-commissioned care, in hundredths.
    pub third_sector: i64,
    /// Where the count comes from.
    pub source: String,
}

impl RecordWorkforceCount {
    fn count(&self, on: Date) -> Result<WorkforceCount, Refusal> {
        for (field, count) in [("nhs", self.nhs), ("third_sector", self.third_sector)] {
            if !(0..=COUNT_MAX).contains(&count) {
                return Err(Refusal::invalid(
                    field,
                    format!("from 0 to {COUNT_MAX} hundredths"),
                ));
            }
        }
        Ok(WorkforceCount {
            scope: WorkforceScope {
                population: text::identifier(&self.population, "population", POPULATION_BYTES_MAX)?,
                region: self.region,
                unit: self.unit,
            },
            on,
            nhs: self.nhs,
            third_sector: self.third_sector,
            source: text::free(&self.source, "source", SOURCE_BYTES_MAX)?,
        })
    }
}

impl Command for RecordWorkforceCount {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        let id = WorkforceStock::id(commissioner);
        let count = self.count(issue.today())?;
        let record = WorkforceAct::Record {
            commissioner,
            count,
        };
        world.decide(issue, id, record)?;
        Ok(id.key())
    }
}

/// Corrects the count of the same scope on the effective day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorrectWorkforceCount {
    /// The count as it should have been.
    pub count: RecordWorkforceCount,
    /// Why.
    pub reason: String,
    /// On whose word.
    pub authority: Authority,
}

impl Command for CorrectWorkforceCount {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let id = WorkforceStock::id(issue.by.acting_for(TenantKind::Commissioner)?);
        let count = self.count.count(issue.today())?;
        let reason = text::free(&self.reason, "reason", SOURCE_BYTES_MAX)?;
        let said = world.read(id)?.said(&count.scope, count.on);
        let corrects = self.authority.corrects(issue, world, id.key(), said)?;
        let correct = WorkforceAct::Correct {
            count,
            reason,
            corrects,
        };
        world.decide(issue, id, correct)?;
        Ok(id.key())
    }
}

// ---------------------------------------------------------------------------------------------
// Targets

/// What a target measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum TargetMeasure {
    /// Growth since the baseline, in percent of it.
    GrowthPercent,
    /// More than at the baseline, in the unit.
    Additional,
    /// Its growth as a share of another population's, in percent (`REPORT-04`).
    ShareOfGrowthPercent,
}

/// A target, policy `workforce.target.<name>`: with its own baseline, horizon and unit (`REPORT-01`
/// to `REPORT-04`, `REPORT-06`, `REPORT-08`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkforceTarget {
    /// What it is called.
    pub title: String,
    /// What it measures.
    pub measure: TargetMeasure,
    /// Whose workforce.
    pub population: String,
    /// The population whose growth it is a share of.
    #[serde(default)]
    pub share_of: Option<String>,
    /// The unit of its counts.
    pub unit: WorkforceUnit,
    /// The day growth counts from.
    pub baseline: Date,
    /// The day it is to be reached by.
    pub horizon: Date,
    /// The least that reaches it.
    pub low: i64,
    /// The most it expects; absent when it names one number only.
    #[serde(default)]
    pub high: Option<i64>,
}

/// How far a target is, on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// Its name.
    pub name: String,
    /// The target.
    pub target: WorkforceTarget,
    /// Where it comes from.
    pub source: String,
    /// The count on its baseline, in hundredths.
    pub baseline: Option<i64>,
    /// The day of the latest count within its time, and that count.
    pub latest: Option<(Date, i64)>,
    /// What it measures, in hundredths of a percent or of the unit.
    pub reached: Option<i64>,
    /// Whether the least is reached.
    pub reached_low: Option<bool>,
    /// Whether the most is reached, where there is one.
    pub reached_high: Option<bool>,
    /// What is not counted that it needs.
    pub missing: Option<String>,
}

/// Every target in force on a day against the counts of a region, or of the nation.
pub fn progress(
    register: &PolicyRegister,
    stock: &WorkforceStock,
    region: Option<Region>,
    on: Date,
) -> Vec<Progress> {
    const TARGETS: &str = "workforce.target.";
    register
        .under(TARGETS)
        .filter_map(|name| {
            let policy = format!("{TARGETS}{name}");
            let source = register.in_force(&policy, on)?.source.clone();
            let target: WorkforceTarget = register.value(&policy, on)?;
            Some(against(name, target, source, stock, region, on))
        })
        .collect()
}

fn against(
    name: &str,
    target: WorkforceTarget,
    source: String,
    stock: &WorkforceStock,
    region: Option<Region>,
    on: Date,
) -> Progress {
    let scope = |population: &str| WorkforceScope {
        population: population.to_owned(),
        region,
        unit: target.unit,
    };
    let own = scope(&target.population);
    let others = target.share_of.as_deref().map(scope);
    let until = on.min(target.horizon);
    let count =
        |scope: &WorkforceScope, day| stock.on(scope, day).map(WorkforceCount::commissioned);
    let baseline = count(&own, target.baseline);
    // A share compares two growths over the same time.
    let latest = stock
        .days(&own, target.baseline, until)
        .filter(|day| {
            others
                .as_ref()
                .is_none_or(|others| stock.on(others, *day).is_some())
        })
        .max();
    let grown = |scope: &WorkforceScope| {
        Some(count(scope, latest?)?.saturating_sub(count(scope, target.baseline)?))
    };
    let reached = match target.measure {
        TargetMeasure::Additional => grown(&own),
        TargetMeasure::GrowthPercent => grown(&own).and_then(|more| share(more, baseline?)),
        TargetMeasure::ShareOfGrowthPercent => others
            .as_ref()
            .and_then(|others| share(grown(&own)?, grown(others)?)),
    };
    let missing = reached.is_none().then(|| match (baseline, latest) {
        (None, _) => format!("no count of {} on {}", target.population, target.baseline),
        (Some(_), None) => format!(
            "no count of {} after {}",
            target.population, target.baseline
        ),
        _ => "no growth to compare with".to_owned(),
    });
    let at_least = |bound: i64| reached.map(|reached| reached >= bound.saturating_mul(100));
    Progress {
        name: name.to_owned(),
        latest: latest.and_then(|day| Some((day, count(&own, day)?))),
        reached_low: at_least(target.low),
        reached_high: target.high.and_then(at_least),
        target,
        source,
        baseline,
        reached,
        missing,
    }
}

/// A share in hundredths of a percent, rounded half up; `None` of nothing.
fn share(part: i64, of: i64) -> Option<i64> {
    if of <= 0 {
        return None;
    }
    let (part, of) = (i128::from(part), i128::from(of));
    i64::try_from((part * 20_000 + of).div_euclid(of * 2)).ok()
}

#[cfg(test)]
mod tests;
