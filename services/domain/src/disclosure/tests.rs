use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const RULE: DisclosureRule = DisclosureRule {
    suppress_from: 1,
    suppress_to: 7,
    round_to: 5,
    percent_base_min: 22.5,
};

/// The same rule in small, so that every table can be tried: 1 and 2 are withheld, others rounded to
/// multiples of 3.
const SMALL: DisclosureRule = DisclosureRule {
    suppress_from: 1,
    suppress_to: 2,
    round_to: 3,
    percent_base_min: 5.0,
};

fn first(rule: DisclosureRule, rows: Vec<Vec<u32>>) -> Drawn {
    first_of(rule, 8, rows)
}

#[test]
fn route_08_counts_of_one_to_seven_people_are_withheld_and_others_rounded() {
    let vectors = [
        (0, Some(0)),
        (1, None),
        (7, None),
        (8, Some(10)),
        (12, Some(10)),
        (13, Some(15)),
    ];
    for (count, shown) in vectors {
        assert_eq!(RULE.publish(count), shown, "{count}");
    }
    assert_eq!(RULE.share_base(), 23);
    assert_eq!(
        RULE.disclose(-3),
        Some(-3),
        "a correction is no count of people"
    );
}

/// A cell of three is never shown, nor a share from which it could be told.
#[test]
fn route_08_a_share_needs_both_counts_and_a_base() {
    assert_eq!(RULE.share(None, Some(40)), None);
    assert_eq!(RULE.share(Some(10), Some(20)), None, "a small base");
    assert_eq!(RULE.share(Some(10), None), None);
    assert_eq!(RULE.share(Some(10), Some(40)), Some(25));
}

#[test]
fn route_08_a_lone_small_cell_is_not_the_total_less_the_others() {
    // 52 and 59 would leave 6 or 7 for the small one.
    let Drawn(shown) = first(RULE, vec![vec![7, 52], vec![40, 60]]);
    assert_eq!(shown[0], [None, None, Some(60)]);
    let whole = shown.concat().iter().all(Option::is_some);
    assert!(!whole, "its complements neither: {shown:?}");
}

#[test]
fn route_08_totals_are_rounded_apart() {
    let Drawn(shown) = first(RULE, vec![vec![23, 23], vec![23, 23]]);
    assert_eq!(shown[0], [Some(25), Some(25), Some(45)]);
    assert_eq!(shown[2], [Some(45), Some(45), Some(90)]);
}

#[test]
fn route_08_a_base_below_the_smallest_is_not_broken_down() {
    let Drawn(shown) = first(RULE, vec![vec![9, 60], vec![9, 60], vec![0, 60]]);
    assert_eq!(shown[3][0], Some(20), "the total is enough to be shown");
    assert!(shown[..3].iter().all(|row| row[0].is_none()));
    let Drawn(shown) = first(RULE, vec![vec![9, 2], vec![3, 0]]);
    assert!(shown[..2].iter().flatten().all(Option::is_none));
}

/// Every table of a shape with cells up to `most`.
fn tables(rows: usize, columns: usize, most: u32) -> impl Iterator<Item = Vec<Vec<u32>>> {
    let cells = u32::try_from(rows * columns).expect("a small shape");
    let kinds = most + 1;
    (0..kinds.pow(cells)).map(move |mut number| {
        (0..rows)
            .map(|_| {
                (0..columns)
                    .map(|_| {
                        let cell = number % kinds;
                        number /= kinds;
                        cell
                    })
                    .collect()
            })
            .collect()
    })
}

/// Cells and totals, row by row.
fn counted(rows: &[Vec<u32>]) -> Vec<Vec<u32>> {
    Table::of(rows.to_vec()).0
}

/// Whether counts may be behind what is shown. A star stands for anybody, and in a line of nothing
/// but stars even for nobody; `knower` tells a star that hides a small count from one beside it.
fn may_be_behind(counts: &[Vec<u32>], shown: &Drawn, knower: Option<&[Vec<u32>]>) -> bool {
    let (rows, columns) = (shown.0.len() - 1, shown.0[0].len() - 1);
    let stars = |row: usize, column: usize| {
        row < rows && (0..columns).all(|other| shown.0[row][other].is_none())
            || column < columns && (0..rows).all(|other| shown.0[other][column].is_none())
    };
    counts.iter().enumerate().all(|(row, line)| {
        line.iter()
            .enumerate()
            .all(|(column, count)| match (shown.0[row][column], knower) {
                (Some(figure), _) => SMALL.publish(*count) == Some(figure),
                (None, _) if stars(row, column) => true,
                (None, Some(truth)) => {
                    *count > 0 && SMALL.is_small(*count) == SMALL.is_small(truth[row][column])
                }
                (None, None) => *count > 0,
            })
    })
}

/// Every table of two by two is tried: what is shown leaves every value of a small count open, and
/// even who knows which counts are small is not sure of one.
#[test]
fn d_18_no_publication_of_a_table_tells_a_small_count() {
    let all: Vec<Vec<Vec<u32>>> = tables(2, 2, 8).map(|rows| counted(&rows)).collect();
    for rows in tables(2, 2, 5) {
        let truth = counted(&rows);
        let shown = first(SMALL, rows);
        let behind = |knower: Option<&[Vec<u32>]>| -> Vec<&Vec<Vec<u32>>> {
            all.iter()
                .filter(|counts| may_be_behind(counts, &shown, knower))
                .collect()
        };
        let (anybody, knower) = (behind(None), behind(Some(&truth)));
        for (row, column) in (0..3).flat_map(|row| (0..3).map(move |column| (row, column))) {
            if !SMALL.is_small(truth[row][column]) {
                continue;
            }
            let values = |of: &[&Vec<Vec<u32>>]| -> BTreeSet<u32> {
                of.iter().map(|counts| counts[row][column]).collect()
            };
            let open = values(&anybody);
            assert!(
                open.contains(&1) && open.contains(&2),
                "{shown:?} of {truth:?}: {open:?}"
            );
            assert!(values(&knower).len() > 1, "{shown:?} of {truth:?}");
        }
    }
}

/// A table drawn after another, as far as its columns have changed enough.
fn second(
    before: &[Vec<u32>],
    shown: &Drawn,
    after: Vec<Vec<u32>>,
    rule: DisclosureRule,
    change: u32,
) -> Drawn {
    let columns = after[0].len();
    let moved = |column: usize| -> u32 {
        before
            .iter()
            .zip(&after)
            .map(|(one, other)| one[column].abs_diff(other[column]))
            .sum()
    };
    let mut looks: Vec<bool> = (0..columns).map(|column| moved(column) >= change).collect();
    looks.push((0..columns).map(moved).sum::<u32>() >= change);
    let totals = shown.0.last().expect("totals");
    draw(
        &[(Table::of(after), Some(shown.clone()))],
        Some(totals),
        rule,
        change,
        &looks,
    )
    .pop()
    .expect("one table")
}

/// Exhaustively: somebody who knows the rule, the minimum change, the way figures are withheld, and
/// both of two releases, is not sure of one small count of either.
#[test]
fn d_18_two_releases_together_tell_no_small_count() {
    const CHANGE: u32 = 3;
    // The counts that are tried, and those that may be behind what is shown of them.
    let tried = |counts: &[Vec<u32>]| counts.iter().flatten().all(|count| *count <= 2);
    let all: Vec<Vec<Vec<u32>>> = tables(2, 2, 4).collect();
    let mut first: BTreeMap<Drawn, Vec<&Vec<Vec<u32>>>> = BTreeMap::new();
    for before in &all {
        let shown = first_of(SMALL, CHANGE, before.clone());
        first.entry(shown).or_default().push(before);
    }
    first.retain(|_, befores| befores.iter().any(|before| tried(before)));
    for (shown, befores) in first {
        // Of each second release that may follow: the counts behind both, and whether to try them.
        let mut second_of: BTreeMap<Drawn, Vec<(Vec<u32>, bool)>> = BTreeMap::new();
        for before in &befores {
            for after in &all {
                let next = second(before, &shown, after.clone(), SMALL, CHANGE);
                let counts = [counted(before), counted(after)].concat().concat();
                let pair = (counts, tried(before) && tried(after));
                second_of.entry(next).or_default().push(pair);
            }
        }
        for (next, pairs) in second_of {
            for at in 0..18 {
                let open: BTreeSet<u32> = pairs.iter().map(|(counts, _)| counts[at]).collect();
                let told = open.len() == 1 && open.iter().all(|count| SMALL.is_small(*count));
                let tried = pairs.iter().any(|(_, tried)| *tried);
                assert!(
                    !told || !tried,
                    "{shown:?} then {next:?} tells {open:?} at {at}"
                );
            }
        }
    }
}

fn first_of(rule: DisclosureRule, change: u32, rows: Vec<Vec<u32>>) -> Drawn {
    draw(&[(Table::of(rows), None)], None, rule, change, &[])
        .pop()
        .expect("one table")
}

fn counts() -> impl Strategy<Value = Vec<Vec<u32>>> {
    let count = prop_oneof![Just(0), 1..10_u32, 1..60_u32];
    (2..8_usize).prop_flat_map(move |columns| {
        let row = proptest::collection::vec(count.clone(), columns);
        proptest::collection::vec(row, 1..7)
    })
}

/// What a figure by itself says of the count behind it, in a first release.
fn bounds(shown: Published) -> (i64, i64) {
    match shown {
        None => (0, i64::from(u32::MAX)),
        Some(0) => (0, 0),
        Some(figure) => ((i64::from(figure) - 2).max(8), i64::from(figure) + 2),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn d_18_subtraction_leaves_every_value_of_a_small_count_open(rows in counts()) {
        let Drawn(shown) = first(RULE, rows.clone());
        let Table(counts) = Table::of(rows);
        let (height, width) = (counts.len() - 1, counts[0].len() - 1);
        for (row, column) in (0..height).flat_map(|row| (0..width).map(move |column| (row, column))) {
            if !RULE.is_small(counts[row][column]) {
                continue;
            }
            prop_assert_eq!(shown[row][column], None);
            let beside: Vec<Published> = (0..width).filter(|other| *other != column).map(|other| shown[row][other]).collect();
            let above: Vec<Published> = (0..height).filter(|other| *other != row).map(|other| shown[other][column]).collect();
            for (total, others) in [(shown[row][width], beside), (shown[height][column], above)] {
                let (low, high) = bounds(total);
                let (least, most) = others.into_iter().map(bounds).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                prop_assert!(low - most <= 1 && high - least >= 7, "{:?} of {:?}", shown, counts);
            }
        }
    }

    #[test]
    fn d_18_a_figure_moves_only_when_eight_people_have(series in proptest::collection::vec(proptest::collection::vec(0..60_u32, 6), 2..6)) {
        let rows = |flat: &[u32]| vec![flat[..3].to_vec(), flat[3..].to_vec()];
        let mut shown = first(RULE, rows(&series[0]));
        // the counts behind the figures as they were last set
        let mut set = Table::of(rows(&series[0])).0.concat();
        for pair in series.windows(2) {
            let (before, after) = (rows(&pair[0]), rows(&pair[1]));
            let next = second(&before, &shown, after.clone(), RULE, 8);
            let counts = Table::of(after.clone()).0.concat();
            for (figure, (one, other)) in shown.0.concat().into_iter().zip(next.0.concat()).enumerate() {
                if let (Some(one), Some(other)) = (one, other) && one != other {
                    prop_assert!(set[figure].abs_diff(counts[figure]) >= 8);
                }
                if other.is_some() && one != other {
                    set[figure] = counts[figure];
                }
            }
            for column in 0..3 {
                let moved: u32 = (0..2).map(|row| before[row][column].abs_diff(after[row][column])).sum();
                for row in 0..3 {
                    let stays = next.0[row][column] == shown.0[row][column] || next.0[row][column].is_none();
                    prop_assert!(moved >= 8 || stays, "fewer than 8 people move nothing");
                }
            }
            shown = next;
        }
    }
}
