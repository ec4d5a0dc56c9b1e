//! Equality monitoring as statistics (D.18, `standards.md` B.7): one release a month, frozen, of what
//! [`crate::disclosure`] lets be shown. Nobody reads it as at a day or by part, so no two answers
//! differ by one person.
//!
//! The events carry what was published and nothing else. The platform keeps them, since when they were
//! drawn up tells when somebody acted; each reader is shown the part that the matrix gives them (C.2).

mod census;

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantNames};

pub use self::census::{Census, EdiGroups};
use crate::{
    actor::{PLATFORM, Region, TenantId, TenantKind},
    disclosure::{DisclosureRule, Published},
    id::Id,
    refusal::Refusal,
    world::{Command, Custody, Decider, Halt, Issue, Issued, StreamKey, World, aggregate},
};

/// All regions together.
pub const ENGLAND: &str = "england";
/// Declared lived experience, for commissioners only (C.2).
pub const LIVED_EXPERIENCE: &str = "lived_experience";

/// Published counts by region, [`ENGLAND`] among them.
pub type Areas = BTreeMap<String, Published>;

/// What was published for a month.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EdiRelease {
    /// Whose places were applied for.
    pub commissioner: TenantId,
    /// The first day of the month.
    pub month: Date,
    /// The rule it was drawn up by.
    pub rule: DisclosureRule,
    /// How many people have to change for a figure to.
    pub minimum_change: u32,
    /// Up to when the figures of each region hold what was recorded.
    pub drawn: BTreeMap<String, Timestamp>,
    /// People who have applied.
    pub people: Areas,
    /// The same by characteristic and group.
    pub tables: BTreeMap<String, BTreeMap<String, Areas>>,
}

/// One figure of a release as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdiFigure<'a> {
    /// The characteristic; empty for people at all.
    pub characteristic: &'a str,
    /// The group; empty for people at all.
    pub group: &'a str,
    /// The region, or [`ENGLAND`].
    pub area: &'a str,
    /// The count.
    pub count: Published,
    /// Its share in the people of the area, in whole percent of counts as shown.
    pub percent: Option<i64>,
}

impl EdiRelease {
    /// What a reader sees (C.2): a network its own region, a commissioner of a region that one,
    /// others the whole; lived experience commissioners only.
    pub fn seen_by(
        &self,
        kind: TenantKind,
        region: Option<Region>,
    ) -> impl Iterator<Item = EdiFigure<'_>> {
        let own = region.map(|region| region.to_string());
        let whole = own.is_none() && kind != TenantKind::Network;
        let lived = kind == TenantKind::Commissioner;
        let people = (self.people.iter()).map(|(area, count)| ("", "", area.as_str(), *count));
        let groups = (self.tables.iter()).flat_map(|(characteristic, groups)| {
            groups.iter().flat_map(move |(group, areas)| {
                (areas.iter()).map(move |(area, count)| {
                    (
                        characteristic.as_str(),
                        group.as_str(),
                        area.as_str(),
                        *count,
                    )
                })
            })
        });
        people
            .chain(groups)
            .filter(move |(characteristic, _, area, _)| {
                (whole || own.as_deref() == Some(*area))
                    && (lived || *characteristic != LIVED_EXPERIENCE)
            })
            .map(|(characteristic, group, area, count)| EdiFigure {
                characteristic,
                group,
                area,
                count,
                percent: self.percent(group, area, count),
            })
    }

    fn percent(&self, group: &str, area: &str, count: Published) -> Option<i64> {
        let base = self.people.get(area).copied().flatten();
        let share = self.rule.share(count.map(i64::from), base.map(i64::from));
        share.filter(|_| !group.is_empty())
    }
}

/// Every release of a commissioner, by month.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EdiReleases(BTreeMap<Date, EdiRelease>);

/// What the releases decide.
#[derive(Debug, Clone)]
pub enum EdiAct {
    /// See [`PublishEdiRelease`].
    Publish(Box<EdiRelease>),
}

/// Facts of the releases, in the platform's feed only: published figures, nobody's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, IntoStaticStr, VariantNames)]
pub enum EdiEvent {
    /// The figures of a month were published.
    EdiReleased {
        /// What was published.
        release: Box<EdiRelease>,
    },
}

aggregate!(EdiReleases, "edi_releases", EdiAct, EdiEvent);

impl EdiReleases {
    /// The id of a commissioner's releases.
    pub fn id(commissioner: TenantId) -> Id<Self> {
        Id::derive(commissioner, &[])
    }

    /// Every release, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &EdiRelease> {
        self.0.values()
    }

    /// The release of a month.
    pub fn of(&self, month: Date) -> Option<&EdiRelease> {
        self.0.get(&month.first_of_month())
    }

    fn evolve(&mut self, event: EdiEvent) {
        let EdiEvent::EdiReleased { release } = event;
        self.0.insert(release.month, *release);
    }

    /// The release before the one of a month; an earlier month is closed.
    fn before(&self, month: Date) -> Result<Option<&EdiRelease>, Refusal> {
        match self.0.values().next_back() {
            Some(last) if last.month > month => Err(Refusal::state_not_allowed(format!(
                "figures are published up to {}; publish those of a later month",
                last.month.strftime("%Y-%m")
            ))),
            last => Ok(last),
        }
    }
}

impl Decider for EdiReleases {
    type Act = EdiAct;
    const COLLECTION: &'static str = "ediReleases";

    fn decide(&self, issued: &Issued<EdiAct>) -> Result<Vec<EdiEvent>, Refusal> {
        let EdiAct::Publish(release) = &issued.act;
        self.before(release.month)?;
        // What is published is frozen: a second one of the same month changes nothing.
        Ok(match self.of(release.month) {
            Some(_) => vec![],
            None => vec![EdiEvent::EdiReleased {
                release: release.clone(),
            }],
        })
    }

    fn custody(&self) -> Option<Custody> {
        (!self.0.is_empty()).then(|| Custody::of(PLATFORM, []))
    }
}

/// Publishes the figures of the month of `effective`, once. The first release is the commissioner's
/// to begin with; from then on a timer makes one every month.
#[derive(Debug)]
pub struct PublishEdiRelease {
    /// Who has applied and what they said; gone with the command.
    pub census: Census,
}

impl Command for PublishEdiRelease {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        let commissioner = issue.by.acting_for(TenantKind::Commissioner)?;
        publish(&self.census, commissioner, issue, world)
    }
}

/// Publishes the figures of a month that has begun.
#[derive(Debug)]
pub struct PublishDueEdiRelease {
    /// Whose places are applied for.
    pub commissioner: TenantId,
    /// Who has applied and what they said; gathered when it is due, and gone with the command.
    pub census: Census,
}

impl Command for PublishDueEdiRelease {
    fn run(&self, issue: &Issue, world: &mut World) -> Result<StreamKey, Halt> {
        if issue.by.tenant != PLATFORM {
            return Err(Refusal::not_permitted().into());
        }
        let id = EdiReleases::id(self.commissioner);
        let month = issue.today().first_of_month();
        // The commissioner was first, or the months have gone on.
        let covered = (world.read(id)?.all().next_back()).is_some_and(|last| last.month >= month);
        if covered {
            return Ok(id.key());
        }
        publish(&self.census, self.commissioner, issue, world)
    }

    fn census(&mut self) -> Option<&mut Census> {
        Some(&mut self.census)
    }
}

fn publish(
    census: &Census,
    commissioner: TenantId,
    issue: &Issue,
    world: &mut World,
) -> Result<StreamKey, Halt> {
    let id = EdiReleases::id(commissioner);
    let month = issue.today().first_of_month();
    let last = world.read(id)?.before(month)?.cloned();
    let release = census.release(issue, commissioner, month, last.as_ref())?;
    world.decide_beyond(issue, id, EdiAct::Publish(Box::new(release)))?;
    Ok(id.key())
}

#[cfg(test)]
mod tests;
