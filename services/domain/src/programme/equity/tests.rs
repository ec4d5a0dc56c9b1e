use proptest::prelude::*;

use super::*;

fn regions() -> impl Strategy<Value = BTreeSet<Region>> {
    proptest::sample::subsequence(Region::iter().collect::<Vec<_>>(), 0..=7)
        .prop_map(|regions| regions.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn actor_06_what_is_apportioned_to_regions_sums_to_the_whole(
        places in 0..10_000u32,
        regions in regions(),
    ) {
        let parts = apportion(places, &regions);
        let sum: u32 = parts.values().sum();
        prop_assert_eq!(sum, if regions.is_empty() { 0 } else { places });
        let (least, most) = (parts.values().min(), parts.values().max());
        prop_assert!(most.copied().unwrap_or(0) - least.copied().unwrap_or(0) <= 1);
    }

    #[test]
    fn alloc_03_shares_of_all_seven_regions_sum_to_one_hundred(
        basis in proptest::collection::vec(0..5_000u32, 7),
    ) {
        let basis: BTreeMap<_, _> = Region::iter().zip(basis).collect();
        let shares = shares(&basis);
        prop_assert_eq!(shares.len(), 7);
        let whole: u32 = basis.values().sum();
        prop_assert_eq!(shares.values().sum::<u32>(), if whole == 0 { 0 } else { 100 });
    }
}

#[test]
fn alloc_03_the_target_share_follows_the_measure_policy_names() {
    let demand = BTreeMap::from([(Region::London, 30), (Region::Midlands, 10)]);
    let capacity = BTreeMap::from([(Region::London, 10), (Region::Midlands, 10)]);
    let policy = |measure| EquityPolicy {
        measure,
        weights: BTreeMap::from([(Region::SouthWest, 1), (Region::London, 3)]),
    };
    for (measure, london) in [
        (EquityMeasure::Demand, 75),
        (EquityMeasure::Capacity, 50),
        (EquityMeasure::Weights, 75),
    ] {
        let basis = policy(measure).basis(&demand, &capacity);
        assert_eq!(shares(&basis)[&Region::London], london, "{measure}");
    }
}
