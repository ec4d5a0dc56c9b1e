use proptest::prelude::*;

use super::*;

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf(&n.to_be_bytes())).collect()
}

/// The definitions of RFC 6962 2.1, word for word, over all leaves.
mod naive {
    use super::*;

    pub(super) fn root(leaves: &[Hash]) -> Hash {
        match leaves.len() {
            0 => empty(),
            1 => leaves[0],
            n => {
                let k = n.next_power_of_two() / 2;
                node(&root(&leaves[..k]), &root(&leaves[k..]))
            }
        }
    }

    pub(super) fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
        let n = leaves.len();
        if n <= 1 {
            return vec![];
        }
        let k = n.next_power_of_two() / 2;
        if m < k {
            let mut below = path(m, &leaves[..k]);
            below.push(root(&leaves[k..]));
            below
        } else {
            let mut below = path(m - k, &leaves[k..]);
            below.push(root(&leaves[..k]));
            below
        }
    }

    pub(super) fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
        let n = leaves.len();
        if m == n {
            return if whole { vec![] } else { vec![root(leaves)] };
        }
        let k = n.next_power_of_two() / 2;
        if m <= k {
            let mut below = subproof(m, &leaves[..k], whole);
            below.push(root(&leaves[k..]));
            below
        } else {
            let mut below = subproof(m - k, &leaves[k..], false);
            below.push(root(&leaves[..k]));
            below
        }
    }
}

/// The hash of a range by its complete subtrees, as a log that keeps them answers.
fn supplied(leaves: &[Hash], range: Range<u64>) -> Hash {
    let hashes: Vec<Hash> = peaks(range)
        .into_iter()
        .map(|peak| {
            let from = usize::try_from(peak.index << peak.level).unwrap();
            naive::root(&leaves[from..from + (1 << peak.level)])
        })
        .collect();
    joined(&hashes)
}

fn proof(leaves: &[Hash], ranges: Vec<Range<u64>>) -> Vec<Hash> {
    let given = ranges.into_iter();
    given.map(|range| supplied(leaves, range)).collect()
}

#[test]
fn the_hashes_are_those_of_the_rfc() {
    let hex = |hash: Hash| hash.iter().map(|b| format!("{b:02x}")).collect::<String>();
    // The known answers of Certificate Transparency's own tests.
    assert_eq!(
        hex(empty()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        hex(leaf(&[])),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
    assert_eq!(
        hex(root(&[leaf(&[]), leaf(&[0])])),
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    );
}

#[test]
fn every_proof_of_every_small_log_is_the_rfcs_and_verifies() {
    let all = leaves(40);
    for size in 1..=40_u64 {
        let log = &all[..size as usize];
        let head = naive::root(log);
        assert_eq!(root(log), head);
        assert_eq!(supplied(log, 0..size), head);
        for index in 0..size {
            let path = proof(log, inclusion(index, size));
            assert_eq!(path, naive::path(index as usize, log));
            assert!(includes(&head, size, index, &log[index as usize], &path));
        }
        for first in 1..=size {
            let path = proof(log, consistency(first, size));
            assert_eq!(path, naive::subproof(first as usize, log, true));
            let old = naive::root(&log[..first as usize]);
            assert!(extends((first, &old), (size, &head), &path));
        }
        assert!(extends((0, &empty()), (size, &head), &[]));
    }
}

proptest! {
    #[test]
    fn a_proof_holds_for_its_own_leaf_place_size_and_root_only(
        size in 2_u64..300, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
    ) {
        let log = leaves(size);
        let head = root(&log);
        let (index, wrong) = (at.index(log.len()) as u64, other.index(log.len()) as u64);
        let path = proof(&log, inclusion(index, size));
        let mine = log[index as usize];
        prop_assert!(includes(&head, size, index, &mine, &path));
        prop_assert!(!includes(&head, size, size, &mine, &path));
        prop_assert!(!includes(&mine, size, index, &head, &path));
        prop_assert!(!includes(&head, size, index, &mine, &path[1..]));
        if wrong != index {
            prop_assert!(!includes(&head, size, wrong, &mine, &path));
            prop_assert!(!includes(&head, size, index, &log[wrong as usize], &path));
        }
        let mut bent = path;
        bent[0][0] ^= 1;
        prop_assert!(!includes(&head, size, index, &mine, &bent));
    }

    #[test]
    fn a_log_that_was_rewritten_extends_nothing(
        size in 2_u64..300, at in any::<prop::sample::Index>(), changed in any::<prop::sample::Index>(),
    ) {
        let log = leaves(size);
        let first = at.index(log.len() - 1) as u64 + 1;
        let old = root(&log[..first as usize]);
        let path = proof(&log, consistency(first, size));
        prop_assert!(extends((first, &old), (size, &root(&log)), &path));

        let mut rewritten = log;
        rewritten[changed.index(first as usize)] = leaf(b"another");
        let forged = proof(&rewritten, consistency(first, size));
        prop_assert!(!extends((first, &old), (size, &root(&rewritten)), &forged));
        prop_assert!(!extends((first, &old), (size, &root(&rewritten)), &path));
        prop_assert!(!extends((size, &old), (first, &old), &path));
    }
}
