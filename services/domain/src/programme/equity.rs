//! Equity over the seven regions: what each holds against what it should, by a measure that policy
//! names (`ALLOC-03`). It is an aim and refuses nothing (`ALLOC-04`).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use strum::{Display, IntoEnumIterator as _};

use crate::actor::Region;

/// What a region's fair share is measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum EquityMeasure {
    /// Its share of the places asked for.
    Demand,
    /// Its share of the capacity of the universities contracted for it.
    Capacity,
    /// Its share of weights that policy gives, of populations say.
    Weights,
}

/// Policy `equity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EquityPolicy {
    /// The measure.
    pub measure: EquityMeasure,
    /// The weights, where they are the measure.
    #[serde(default)]
    pub weights: BTreeMap<Region, u32>,
}

impl EquityPolicy {
    /// What the regions' shares are shares of.
    pub fn basis(
        &self,
        demand: &BTreeMap<Region, u32>,
        capacity: &BTreeMap<Region, u32>,
    ) -> BTreeMap<Region, u32> {
        match self.measure {
            EquityMeasure::Demand => demand.clone(),
            EquityMeasure::Capacity => capacity.clone(),
            EquityMeasure::Weights => self.weights.clone(),
        }
    }
}

/// Places of a university over the regions it is contracted for: evenly, and what is left over one
/// each in the order of the regions, so that regional figures sum to the national one (`ACTOR-06`).
pub fn apportion(places: u32, regions: &BTreeSet<Region>) -> BTreeMap<Region, u32> {
    let count = u32::try_from(regions.len()).unwrap_or(u32::MAX);
    let (Some(each), Some(over)) = (places.checked_div(count), places.checked_rem(count)) else {
        return BTreeMap::new();
    };
    (0..)
        .zip(regions)
        .map(|(n, region)| (*region, each + u32::from(n < over)))
        .collect()
}

/// Hundredths of the whole per region, rounded down to whole points and what is left over given to
/// the largest remainders, so that they sum to one hundred; nothing of nothing.
pub fn shares(basis: &BTreeMap<Region, u32>) -> BTreeMap<Region, u32> {
    let whole: u64 = basis.values().copied().map(u64::from).sum();
    let mut shares: BTreeMap<Region, u32> = Region::iter().map(|region| (region, 0)).collect();
    if whole == 0 {
        return shares;
    }
    let mut remainders = vec![];
    let mut left = 100;
    for (region, share) in &mut shares {
        let hundredfold = u64::from(basis.get(region).copied().unwrap_or(0)).saturating_mul(100);
        *share = u32::try_from(hundredfold / whole).unwrap_or(0);
        left -= *share;
        remainders.push((hundredfold % whole, *region));
    }
    remainders.sort_by(|(one, a), (other, b)| other.cmp(one).then(a.cmp(b)));
    for (_, region) in remainders.into_iter().take(left as usize) {
        if let Some(share) = shares.get_mut(&region) {
            *share += 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests;
