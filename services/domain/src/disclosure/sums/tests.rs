use std::collections::{BTreeMap, BTreeSet};

use super::*;

const RULE: DisclosureRule = DisclosureRule {
    suppress_from: 1,
    suppress_to: 7,
    round_to: 5,
    percent_base_min: 22.5,
};

/// Parts of a total that is shown if it may be, or told exactly: the total, then the parts.
fn broken_down(rule: DisclosureRule, parts: &[u32], known: bool) -> Vec<Published> {
    let mut sums = Sums::default();
    let all = parts.iter().sum();
    let total = if known {
        sums.known(all)
    } else {
        sums.count(all)
    };
    let parts = parts.iter().map(|part| sums.count(*part)).collect();
    sums.adds_up(total, parts);
    sums.drawn(rule)
}

#[test]
fn d_18_a_lone_small_part_is_not_the_total_less_the_others() {
    let shown = broken_down(RULE, &[42, 32, 7], false);
    assert_eq!(
        shown,
        [Some(80), Some(40), None, None],
        "the next smallest with it"
    );
    let shown = broken_down(RULE, &[40, 30, 3], false);
    assert_eq!(
        shown,
        [Some(75), Some(40), Some(30), None],
        "rounding hides it already"
    );
    let shown = broken_down(RULE, &[40, 30, 25], false);
    assert_eq!(
        shown,
        [Some(95), Some(40), Some(30), Some(25)],
        "each rounded by itself"
    );
    let shown = broken_down(RULE, &[3, 0, 0], false);
    assert_eq!(shown, [None; 4], "nor is it told where they are");
}

#[test]
fn d_18_beside_a_total_that_is_told_exactly_nobody_is_a_star_too() {
    let shown = broken_down(RULE, &[1, 0, 0], true);
    assert_eq!(
        shown,
        [Some(1), None, None, None],
        "it is not told where the one is"
    );
    let shown = broken_down(RULE, &[40, 3, 0], true);
    assert_eq!(shown, [Some(43), None, None, Some(0)]);
}

/// What is left of a total beside its parts is a part as well.
#[test]
fn d_18_a_remainder_is_no_way_round() {
    let mut sums = Sums::default();
    let total = sums.count(66);
    let parts = vec![sums.count(32), sums.count(27)];
    sums.adds_up(total, parts);
    let shown = sums.drawn(RULE);
    assert_eq!(shown[..3], [Some(65), Some(30), None], "7 are of neither");
}

type Shape = fn(&mut Sums, &[u32]) -> Vec<usize>;

/// Two ways to break one number of people down.
fn twice(sums: &mut Sums, people: &[u32]) -> Vec<usize> {
    let [a, b, c] = *people else { return vec![] };
    let places = [a + b + c, a + b, c, a, b + c].map(|count| sums.count(count));
    sums.adds_up(places[0], vec![places[1], places[2]]);
    sums.adds_up(places[0], vec![places[3], places[4]]);
    places.into()
}

/// A part that is broken down further, as those who qualified are.
fn deeper(sums: &mut Sums, people: &[u32]) -> Vec<usize> {
    let [a, b, c] = *people else { return vec![] };
    let places = [a + b + c, a, b + c, b, c].map(|count| sums.count(count));
    sums.adds_up(places[0], vec![places[1], places[2]]);
    sums.adds_up(places[2], vec![places[3], places[4]]);
    places.into()
}

/// A total that is told exactly.
fn exactly(sums: &mut Sums, people: &[u32]) -> Vec<usize> {
    let total = sums.known(people.iter().sum());
    let parts: Vec<usize> = people.iter().map(|part| sums.count(*part)).collect();
    sums.adds_up(total, parts.clone());
    parts
}

/// Exhaustively: somebody who knows the rule, the way figures are withheld and all that is shown is
/// still not sure of one small count.
#[test]
fn d_18_no_figures_that_add_up_tell_a_small_count() {
    const MOST: u32 = 20;
    for shape in [twice as Shape, deeper, exactly] {
        // What is shown, to the counts that it may stand for.
        let mut behind: BTreeMap<Vec<Published>, Vec<(Vec<u32>, bool)>> = BTreeMap::new();
        for number in 0..MOST.pow(3) {
            let people = [0, 1, 2].map(|at| number / MOST.pow(at) % MOST);
            let mut sums = Sums::default();
            let places = shape(&mut sums, &people);
            let counts = places.iter().map(|at| sums.cells[*at].count).collect();
            let shown = sums.drawn(RULE);
            let shown = places.iter().map(|at| shown[*at]).collect();
            // Beside the largest numbers there are more than are gone through.
            let tried = people.iter().all(|people| *people <= 12);
            behind.entry(shown).or_default().push((counts, tried));
        }
        for (shown, counts) in behind
            .iter()
            .filter(|(_, of)| of.iter().any(|(_, tried)| *tried))
        {
            for at in 0..counts[0].0.len() {
                let open: BTreeSet<u32> = counts.iter().map(|(counts, _)| counts[at]).collect();
                let told = open.len() == 1 && open.iter().all(|count| RULE.is_small(*count));
                // Of a total that everybody is told, the only one is no secret.
                let sole = counts[0].0.iter().sum::<u32>() == 1;
                assert!(
                    !told || sole,
                    "{shown:?} of {counts:?} tells {open:?} at {at}"
                );
            }
        }
    }
}
