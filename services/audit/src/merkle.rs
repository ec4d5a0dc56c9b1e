//! The Merkle tree of RFC 6962: inclusion and consistency, proved and verified.
//!
//! A proof is a list of subtrees, each named by the range of leaves it covers ([`inclusion`],
//! [`consistency`]); whoever holds the log supplies their hashes. A range that starts where a proof
//! may start falls into complete subtrees ([`peaks`]), so a log that keeps some of those answers
//! without reading all of its leaves.

use std::ops::Range;

use ring::digest::{Context, SHA256, digest};

/// A SHA-256 hash.
pub type Hash = [u8; 32];

const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The root of a log without entries.
pub fn empty() -> Hash {
    fixed(digest(&SHA256, &[]).as_ref())
}

/// The hash of an entry.
pub fn leaf(entry: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[LEAF]);
    context.update(entry);
    fixed(context.finish().as_ref())
}

/// The hash of two subtrees side by side.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(&[NODE]);
    context.update(left);
    context.update(right);
    fixed(context.finish().as_ref())
}

fn fixed(bytes: &[u8]) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(bytes);
    hash
}

/// A complete subtree: `2^level` leaves from `index * 2^level` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subtree {
    /// 0 for a leaf.
    pub level: u8,
    /// Counted from the left of its level, from 0.
    pub index: u64,
}

/// The complete subtrees that a range of leaves falls into, from the left: largest first. The range
/// starts at a multiple of the smallest power of two that covers it, as every range of a proof does.
pub fn peaks(range: Range<u64>) -> Vec<Subtree> {
    let mut found = vec![];
    let mut start = range.start;
    while start < range.end {
        let level = (range.end - start).ilog2();
        found.push(Subtree {
            level: u8::try_from(level).unwrap_or(u8::MAX),
            index: start >> level,
        });
        start += 1 << level;
    }
    found
}

/// The hash of a range from those of its [`peaks`].
pub fn joined(peaks: &[Hash]) -> Hash {
    let mut from_the_right = peaks.iter().rev();
    let Some(last) = from_the_right.next() else {
        return empty();
    };
    from_the_right.fold(*last, |right, left| node(left, &right))
}

/// The hash of complete neighbours at one level: `2^n` of them make one subtree, any number a log.
pub fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(halfway(leaves.len() as u64) as usize);
            node(&root(left), &root(right))
        }
    }
}

/// The largest power of two below `count`, which is at least 2.
fn halfway(count: u64) -> u64 {
    1 << (count - 1).ilog2()
}

/// The subtrees beside the way from leaf `index` (from 0) up to the root of a log of `size`; none
/// when the log has no such leaf.
pub fn inclusion(index: u64, size: u64) -> Vec<Range<u64>> {
    let mut beside = vec![];
    if index < size {
        climb(index, 0..size, &mut beside);
    }
    beside
}

fn climb(index: u64, among: Range<u64>, beside: &mut Vec<Range<u64>>) {
    let count = among.end - among.start;
    if count <= 1 {
        return;
    }
    let middle = among.start + halfway(count);
    if index < middle {
        climb(index, among.start..middle, beside);
        beside.push(middle..among.end);
    } else {
        climb(index, middle..among.end, beside);
        beside.push(among.start..middle);
    }
}

/// The subtrees that show a log of `first` entries to be the beginning of one of `second`; none when
/// there is nothing to show.
pub fn consistency(first: u64, second: u64) -> Vec<Range<u64>> {
    let mut shown = vec![];
    if 0 < first && first < second {
        descend(first, 0..second, true, &mut shown);
    }
    shown
}

fn descend(first: u64, among: Range<u64>, known: bool, shown: &mut Vec<Range<u64>>) {
    if first == among.end {
        if !known {
            shown.push(among);
        }
        return;
    }
    let middle = among.start + halfway(among.end - among.start);
    if first <= middle {
        descend(first, among.start..middle, known, shown);
        shown.push(middle..among.end);
    } else {
        descend(first, middle..among.end, false, shown);
        shown.push(among.start..middle);
    }
}

/// Whether `path` shows `leaf` at `index` (from 0) of the log of `size` under `root` (RFC 9162
/// 2.1.3.2).
pub fn includes(root: &Hash, size: u64, index: u64, leaf: &Hash, path: &[Hash]) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for beside in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(beside, &hash);
            skip_lone(&mut at, &mut last);
        } else {
            hash = node(&hash, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// A node on the right edge without a neighbour stands for its parent.
fn skip_lone(at: &mut u64, last: &mut u64) {
    while *at & 1 == 0 && *at != 0 {
        *at >>= 1;
        *last >>= 1;
    }
}

/// Whether `path` shows the log of `first` entries under `first_root` to be the beginning of the log
/// of `second` under `second_root` (RFC 9162 2.1.4.2).
pub fn extends(
    (first, first_root): (u64, &Hash),
    (second, second_root): (u64, &Hash),
    path: &[Hash],
) -> bool {
    if first > second {
        return false;
    }
    if first == second {
        return path.is_empty() && first_root == second_root;
    }
    if first == 0 {
        return path.is_empty() && *first_root == empty();
    }
    let mut given = path.iter();
    let seed = if first.is_power_of_two() {
        Some(first_root)
    } else {
        given.next()
    };
    let Some(seed) = seed else { return false };
    let (mut at, mut last) = (first - 1, second - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*seed, *seed);
    for beside in given {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            old = node(beside, &old);
            new = node(beside, &new);
            skip_lone(&mut at, &mut last);
        } else {
            new = node(&new, beside);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && old == *first_root && new == *second_root
}

#[cfg(test)]
mod tests;
