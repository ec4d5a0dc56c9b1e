//! What each region holds against what it should (`ALLOC-03`). The same figures serve a regional
//! lead and the national team, and the regions sum to the nation (`ACTOR-06`).

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    actor::Region,
    policy::Policies,
    programme::{EquityPolicy, apportion, shares},
    refusal::Refusal,
};
use jiff::civil::Date;
use ledger::view::Figures;
use strum::IntoEnumIterator as _;

use crate::record::{IntakeRecord, ProgrammeRecord};

/// Joins an intake's capacity to the regions of its university, `tenants/{uuid}/MHWP`.
const CAPACITY_AT: &str = "capacity_at";
/// `tenants/{uuid}/MHWP|2021-10-18|north_west`
const TAUGHT_REGIONS: &str = "taught_regions";

pub(crate) fn sums_of_intake(intake: &IntakeRecord, sums: &mut Figures) {
    if let (Some(university), Some(role)) = (intake.university, &intake.role) {
        let capacity: i64 = intake.capacity.values().copied().map(i64::from).sum();
        sums.add_of(CAPACITY_AT, format!("{university}/{role}"), capacity);
    }
}

pub(crate) fn sums_of_programme(programme: &ProgrammeRecord, sums: &mut Figures) {
    for (university, from, region) in &programme.contracts {
        let part = format!("{university}/{}|{from}|{region}", programme.role);
        sums.add_of(TAUGHT_REGIONS, part, 1);
    }
}

/// Adds capacity and shares by region.
///
/// # Errors
/// `POLICY_MISSING` without a measure.
pub(crate) fn complete(
    figures: &mut Figures,
    policies: &Policies,
    on: Date,
) -> Result<(), Refusal> {
    let mut taught = BTreeMap::<String, BTreeSet<Region>>::new();
    for (part, _) in figures.parts(TAUGHT_REGIONS) {
        let mut parts = part.split('|');
        if let (Some(at), Some(from), Some(region)) = (parts.next(), parts.next(), parts.next())
            && from.parse::<Date>().is_ok_and(|from| from <= on)
            && let Ok(region) = region.parse()
        {
            taught.entry(at.to_owned()).or_default().insert(region);
        }
    }
    let capacities: Vec<(String, i64)> = figures
        .parts(CAPACITY_AT)
        .map(|(at, places)| (at.to_owned(), places))
        .collect();
    for (at, places) in capacities {
        let regions = taught.get(&at).cloned().unwrap_or_default();
        if regions.is_empty() {
            figures.add("capacity_without_region", places);
        }
        let places = u32::try_from(places).unwrap_or(0);
        for (region, places) in apportion(places, &regions) {
            figures.add_of("capacity_by_region", region, i64::from(places));
        }
    }
    let by_region = |name: &str| -> BTreeMap<Region, u32> {
        Region::iter()
            .map(|region| {
                let value = figures.get_of(name, &region.to_string());
                (region, u32::try_from(value).unwrap_or(0))
            })
            .collect()
    };
    let policy: EquityPolicy = policies.get("equity", on)?;
    let basis = policy.basis(
        &by_region("demand_by_region"),
        &by_region("capacity_by_region"),
    );
    let (held, target) = (shares(&by_region("places_by_region")), shares(&basis));
    for (region, share) in held {
        figures.add_of("share_by_region", region, i64::from(share));
    }
    for (region, share) in target {
        figures.add_of("target_share_by_region", region, i64::from(share));
    }
    figures.add_of("equity_measure", policy.measure, 1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use domain::actor::TenantId;
    use jiff::civil::date;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn policies(equity: &serde_json::Value) -> Policies {
        let register = serde_json::json!({"policies": {"equity": [{
            "version": 1, "from": "2021-04-01", "until": null, "value": equity,
            "source": "ALLOC-03", "approver": "test",
        }]}});
        let register = serde_json::from_value(register).expect("a register");
        Policies::of(Arc::new(register))
    }

    const ON: Date = date(2025, 11, 3);

    /// A university with so many places, contracted for some of the regions from a date.
    fn university(figures: &mut Figures, number: u128, places: u32, regions: &[Region]) {
        let university = TenantId(Uuid::from_u128(number));
        let intake = IntakeRecord {
            university: Some(university),
            role: Some("MHWP".to_owned()),
            capacity: BTreeMap::from([(7, places)]),
            ..IntakeRecord::default()
        };
        sums_of_intake(&intake, figures);
        figures.add("capacity", i64::from(places));
        let programme = ProgrammeRecord {
            role: "MHWP".to_owned(),
            contracts: regions
                .iter()
                .map(|region| (university, date(2021, 10, 18), *region))
                .collect(),
        };
        sums_of_programme(&programme, figures);
    }

    fn sum(figures: &Figures, name: &str) -> i64 {
        figures.parts(name).map(|(_, value)| value).sum()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn actor_06_regional_figures_sum_to_the_national_ones(
            universities in proptest::collection::vec((0..200u32, 0..128u8), 0..6),
            asked in proptest::collection::vec((0..7usize, 0..40u32, 0..40u32), 0..20),
        ) {
            let regions: Vec<Region> = Region::iter().collect();
            let mut figures = Figures::default();
            for (number, (places, mask)) in (1..).zip(&universities) {
                let own: Vec<_> = (0..7u8)
                    .zip(&regions)
                    .filter(|(bit, _)| mask & (1 << bit) != 0)
                    .map(|(_, region)| *region)
                    .collect();
                university(&mut figures, number, *places, &own);
            }
            for (region, demand, places) in asked {
                for (name, value) in [("demand", demand), ("places", places)] {
                    figures.add(name, i64::from(value));
                    figures.add_of(&format!("{name}_by_region"), regions[region], i64::from(value));
                }
            }
            complete(&mut figures, &policies(&serde_json::json!({"measure": "demand"})), ON)
                .expect("a measure");
            let capacity = sum(&figures, "capacity_by_region")
                + figures.get("capacity_without_region");
            prop_assert_eq!(capacity, figures.get("capacity"));
            prop_assert_eq!(sum(&figures, "demand_by_region"), figures.get("demand"));
            prop_assert_eq!(sum(&figures, "places_by_region"), figures.get("places"));
            for (whole, share) in [("places", "share_by_region"), ("demand", "target_share_by_region")] {
                let hundred = if figures.get(whole) == 0 { 0 } else { 100 };
                prop_assert_eq!(sum(&figures, share), hundred);
            }
        }
    }

    #[test]
    fn alloc_03_and_alloc_10_a_contract_counts_from_its_first_day_and_the_measure_is_named() {
        let mut figures = Figures::default();
        university(&mut figures, 1, 20, &[Region::NorthWest, Region::Midlands]);
        let mut before = figures.clone();
        let measure = policies(&serde_json::json!({"measure": "capacity"}));
        complete(&mut before, &measure, date(2021, 10, 17)).expect("a measure");
        assert_eq!(before.get("capacity_without_region"), 20);
        complete(&mut figures, &measure, ON).expect("a measure");
        assert_eq!(figures.get_of("capacity_by_region", "midlands"), 10);
        assert_eq!(figures.get_of("target_share_by_region", "midlands"), 50);
        assert_eq!(figures.get_of("equity_measure", "capacity"), 1);
    }
}
