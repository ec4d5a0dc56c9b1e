//! What a view is: a pure fold of one tenant's feed into one row per stream, and figures that are
//! sums of what the rows contribute.
//!
//! Because a row depends on one stream only, an event that cannot be folded stops that stream and
//! no other. Because a figure is a sum, it moves by the difference a batch makes, and reading a
//! dashboard costs as much as it has figures, however long the history.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
};

use domain::{actor::TenantKind, fact::Fact};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// One event as a tenant sees it. Where it lies in the feed is not part of it: a row is a fold of
/// its stream, in the order of the stream, so that a build may take the streams in any order.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    /// The stream's id.
    pub stream: Uuid,
    /// Its sequence in the stream, from 1.
    pub sequence: u64,
    /// When it is true in the world.
    pub effective: Timestamp,
    /// When the service learnt it.
    pub recorded: Timestamp,
    /// The event; the reason in words when it cannot be read.
    pub fact: Result<Fact, String>,
}

/// Why a view cannot take an event in; the same event always fails the same way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The stored event is of no kind or shape this release knows.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// The event does not follow from those before it.
    #[error("the event does not fit the row: {0}")]
    Unfitting(&'static str),
}

/// A versioned fold of a tenant's feed.
pub trait View: Send + Sync + 'static {
    /// The name, `employer`.
    const NAME: &'static str;
    /// Raised whenever the same events would give other rows or figures; a higher version builds
    /// beside the live one.
    const VERSION: u32;
    /// The tenants it is for.
    const KIND: TenantKind;
    /// What is kept of one stream. The default row is that of a stream the view does not show, and
    /// is never stored.
    type Row: Clone + Default + PartialEq + Serialize + DeserializeOwned + Send + Sync;

    /// Takes one event into the row of its stream.
    ///
    /// # Errors
    /// When the event does not fit; it must fail the same way every time, and leave the row as it
    /// was: check first, then change.
    fn fold(row: &mut Self::Row, event: &Noted, fact: &Fact) -> Result<(), FoldError>;

    /// What the row adds to the figures.
    fn figures(row: &Self::Row, sums: &mut Figures);

    /// Counts whose parts grow with people, such as trainees by supervisor. They are kept apart and
    /// read as a [`Crowd`], so that a dashboard costs the same however many there are.
    const CROWDS: &'static [&'static str] = &[];

    /// The thread the row is listed under: the application of a trainee's records, the record's
    /// own id for one that is listed alone, nothing for one that is only counted.
    fn thread(row: &Self::Row) -> Option<Uuid>;
}

/// Parts of a crowd that are read one by one.
pub const CROWD_FIRST: usize = 50;

/// A count of so many parts that only the largest are read one by one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crowd {
    /// The largest parts, at most [`CROWD_FIRST`], the largest first.
    pub first: Vec<(String, i64)>,
    /// How many parts have a value.
    pub spread: BTreeMap<i64, i64>,
}

impl Crowd {
    /// How many parts are like that.
    pub fn parts(&self, like: impl Fn(i64) -> bool) -> i64 {
        (self.spread.iter())
            .filter(|(value, _)| like(**value))
            .fold(0, |sum: i64, (_, parts)| sum.saturating_add(*parts))
    }

    /// All parts added up.
    pub fn sum(&self) -> i64 {
        (self.spread.iter()).fold(0, |sum: i64, (value, parts)| {
            sum.saturating_add(value.saturating_mul(*parts))
        })
    }
}

/// Named sums; a figure may be split, `places` of `north_west`. Zero and absent are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    sums: BTreeMap<String, BTreeMap<String, i64>>,
    /// What was read of crowds.
    crowds: BTreeMap<String, Crowd>,
}

impl Figures {
    /// Adds to a figure.
    pub fn add(&mut self, name: &str, value: i64) {
        self.add_part(name, "", value);
    }

    /// Adds one to a figure when `held`.
    pub fn count(&mut self, name: &str, held: bool) {
        self.add(name, i64::from(held));
    }

    /// Adds to one part of a split figure.
    pub fn add_of(&mut self, name: &str, part: impl ToString, value: i64) {
        if value != 0 {
            self.add_part(name, &part.to_string(), value);
        }
    }

    /// The same for a part that is a word already.
    pub fn add_part(&mut self, name: &str, part: &str, value: i64) {
        if value == 0 {
            return;
        }
        let Some(parts) = self.sums.get_mut(name) else {
            let parts = BTreeMap::from([(part.to_owned(), value)]);
            self.sums.insert(name.to_owned(), parts);
            return;
        };
        let Some(sum) = parts.get_mut(part) else {
            parts.insert(part.to_owned(), value);
            return;
        };
        *sum = sum.saturating_add(value);
        if *sum == 0 {
            parts.remove(part);
            if parts.is_empty() {
                self.sums.remove(name);
            }
        }
    }

    /// Takes in a stored part, of which there is one.
    pub(crate) fn take(&mut self, name: String, part: String, value: i64) {
        self.sums.entry(name).or_default().insert(part, value);
    }

    /// The value of a figure.
    pub fn get(&self, name: &str) -> i64 {
        self.get_of(name, "")
    }

    /// The value of one part of a split figure.
    pub fn get_of(&self, name: &str, part: &str) -> i64 {
        self.sums
            .get(name)
            .and_then(|parts| parts.get(part))
            .copied()
            .unwrap_or(0)
    }

    /// The parts of a split figure with their values, by part.
    pub fn parts<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a str, i64)> + use<'a> {
        self.sums
            .get(name)
            .into_iter()
            .flatten()
            .filter(|(part, _)| !part.is_empty())
            .map(|(part, value)| (part.as_str(), *value))
    }

    /// A count whose parts grow with people: as it was read, or of the parts that are here.
    pub fn crowd(&self, name: &str) -> Crowd {
        if let Some(crowd) = self.crowds.get(name) {
            return crowd.clone();
        }
        let mut crowd = Crowd::default();
        for (part, value) in self.parts(name).filter(|(_, value)| *value > 0) {
            *crowd.spread.entry(value).or_default() += 1;
            crowd.first.push((part.to_owned(), value));
        }
        crowd.first.sort_by_key(|(_, value)| Reverse(*value));
        crowd.first.truncate(CROWD_FIRST);
        crowd
    }

    /// The crowd of a name, to take in what is read of it.
    pub(crate) fn crowd_mut(&mut self, name: String) -> &mut Crowd {
        self.crowds.entry(name).or_default()
    }

    /// Every figure that is not zero and not read as a crowd: name, part (empty for an unsplit one),
    /// value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, i64)> {
        self.sums.iter().flat_map(|(name, parts)| {
            parts
                .iter()
                .map(|(part, value)| (name.as_str(), part.as_str(), *value))
        })
    }

    fn subtract(&mut self, other: &Self) {
        for (name, part, value) in other.iter() {
            self.add_part(name, part, value.saturating_neg());
        }
    }

    /// Adds every figure of another.
    pub fn add_all(&mut self, other: &Self) {
        for (name, part, value) in other.iter() {
            self.add_part(name, part, value);
        }
    }
}

impl FromIterator<(String, String, i64)> for Figures {
    fn from_iter<I: IntoIterator<Item = (String, String, i64)>>(figures: I) -> Self {
        let mut sums = Self::default();
        for (name, part, value) in figures {
            sums.add_part(&name, &part, value);
        }
        sums
    }
}

/// A stream a view has stopped at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The sequence in the stream of the event that did not fold.
    pub sequence: u64,
    /// Why, for the operator.
    pub reason: String,
}

/// A row with what it was before this fold touched it.
#[derive(Debug)]
struct Slot<R> {
    row: R,
    before: Option<R>,
}

/// A fold under way in memory: from nothing, or on top of stored rows, when its figures are the
/// difference it makes.
#[derive(Debug)]
pub struct Folded<V: View> {
    rows: HashMap<Uuid, Slot<V::Row>>,
    parked: BTreeMap<Uuid, Parked>,
    skipped: BTreeSet<(Uuid, u64)>,
    newly_parked: BTreeSet<Uuid>,
}

impl<V: View> Default for Folded<V> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            parked: BTreeMap::new(),
            skipped: BTreeSet::new(),
            newly_parked: BTreeSet::new(),
        }
    }
}

impl<V: View> Folded<V> {
    /// A fold on top of stored rows and parked streams. `skipped` are the events an operator has
    /// set aside: stream and sequence.
    pub fn on_top_of(
        rows: impl IntoIterator<Item = (Uuid, V::Row)>,
        parked: BTreeMap<Uuid, Parked>,
        skipped: BTreeSet<(Uuid, u64)>,
    ) -> Self {
        Self {
            rows: rows
                .into_iter()
                .map(|(stream, row)| (stream, Slot { row, before: None }))
                .collect(),
            parked,
            skipped,
            newly_parked: BTreeSet::new(),
        }
    }

    /// Folds a whole feed from nothing.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a Noted>) -> Self {
        let mut folded = Self::default();
        for event in events {
            folded.note(event);
        }
        folded
    }

    /// Takes the next event of its stream. One that does not fold parks the stream: the row stays
    /// as it was before, and later events of the stream are left for the projection runner to
    /// replay.
    pub fn note(&mut self, event: &Noted) {
        if self.parked.contains_key(&event.stream)
            || self.skipped.contains(&(event.stream, event.sequence))
        {
            return;
        }
        let fact = match &event.fact {
            Ok(fact) => fact,
            Err(reason) => {
                let reason = FoldError::Unreadable(reason.clone()).to_string();
                return self.park(event.stream, event.sequence, reason);
            }
        };
        let slot = self.rows.entry(event.stream).or_insert_with(|| Slot {
            row: V::Row::default(),
            before: None,
        });
        if slot.before.is_none() {
            slot.before = Some(slot.row.clone());
        }
        #[cfg(debug_assertions)]
        let untouched = slot.row.clone();
        if let Err(error) = V::fold(&mut slot.row, event, fact) {
            #[cfg(debug_assertions)]
            debug_assert!(slot.row == untouched, "{} errs after a change", V::NAME);
            self.park(event.stream, event.sequence, error.to_string());
        }
    }

    /// Parks a stream from an event on.
    pub fn park(&mut self, stream: Uuid, sequence: u64, reason: String) {
        self.parked.insert(stream, Parked { sequence, reason });
        self.newly_parked.insert(stream);
    }

    /// Every row that differs from the default, by stream.
    pub fn rows(&self) -> BTreeMap<Uuid, V::Row> {
        let unseen = V::Row::default();
        self.rows
            .iter()
            .filter(|(_, slot)| slot.row != unseen)
            .map(|(stream, slot)| (*stream, slot.row.clone()))
            .collect()
    }

    /// The row of a stream.
    pub fn row(&self, stream: Uuid) -> Option<&V::Row> {
        self.rows.get(&stream).map(|slot| &slot.row)
    }

    /// The threads after `after`, by id, each with its rows by stream.
    pub fn threads(&self, after: Option<Uuid>) -> Vec<(Uuid, Vec<&V::Row>)> {
        let mut threads: BTreeMap<Uuid, BTreeMap<Uuid, &V::Row>> = BTreeMap::new();
        for (stream, slot) in &self.rows {
            if let Some(thread) = V::thread(&slot.row).filter(|thread| Some(*thread) > after) {
                threads
                    .entry(thread)
                    .or_default()
                    .insert(*stream, &slot.row);
            }
        }
        threads
            .into_iter()
            .map(|(thread, rows)| (thread, rows.into_values().collect()))
            .collect()
    }

    /// The figures; on top of stored rows, the difference to them.
    pub fn figures(&self) -> Figures {
        let mut sums = Figures::default();
        for slot in self.rows.values() {
            if let Some(before) = slot.before.as_ref().filter(|before| **before != slot.row) {
                let mut gone = Figures::default();
                V::figures(before, &mut gone);
                sums.subtract(&gone);
                V::figures(&slot.row, &mut sums);
            }
        }
        sums
    }

    /// The parked streams.
    pub fn parked(&self) -> &BTreeMap<Uuid, Parked> {
        &self.parked
    }

    /// The rows that changed, by stream.
    pub(crate) fn changed(&self) -> Vec<(Uuid, &V::Row)> {
        let mut changed: Vec<_> = self
            .rows
            .iter()
            .filter(|(_, slot)| {
                slot.before
                    .as_ref()
                    .is_some_and(|before| *before != slot.row)
            })
            .map(|(stream, slot)| (*stream, &slot.row))
            .collect();
        changed.sort_unstable_by_key(|(stream, _)| *stream);
        changed
    }

    /// The streams parked by this fold.
    pub(crate) fn newly_parked(&self) -> impl Iterator<Item = (Uuid, &Parked)> {
        self.newly_parked
            .iter()
            .filter_map(|stream| Some((*stream, self.parked.get(stream)?)))
    }

    /// Rows, parked streams and skipped events, to fold on from.
    pub(crate) fn into_parts(self) -> Parts<V::Row> {
        let rows = self.rows.into_iter();
        let rows = rows.map(|(stream, slot)| (stream, slot.row)).collect();
        (rows, self.parked, self.skipped)
    }
}

/// What a fold leaves behind.
type Parts<R> = (
    Vec<(Uuid, R)>,
    BTreeMap<Uuid, Parked>,
    BTreeSet<(Uuid, u64)>,
);

#[cfg(test)]
mod tests {
    use domain::policy::{PolicyEvent, PolicyVersion};
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde::Deserialize;

    use super::*;

    /// Counts policy versions per stream and in all; refuses version 0.
    struct Counting;

    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
    struct Count {
        versions: u32,
        last: String,
    }

    impl View for Counting {
        const NAME: &'static str = "counting";
        const VERSION: u32 = 1;
        const KIND: TenantKind = TenantKind::Platform;
        type Row = Count;

        fn fold(row: &mut Count, _: &Noted, fact: &Fact) -> Result<(), FoldError> {
            if let Fact::Policy(PolicyEvent::PolicySet { policy, version }) = fact {
                if version.version == 0 {
                    return Err(FoldError::Unfitting("versions count from 1"));
                }
                row.versions += 1;
                row.last.clone_from(policy);
            }
            Ok(())
        }

        fn figures(row: &Count, sums: &mut Figures) {
            sums.add("versions", i64::from(row.versions));
            sums.add_of("by_last", &row.last, 1);
        }

        fn thread(_: &Count) -> Option<Uuid> {
            None
        }
    }

    fn set(sequence: u64, stream: u128, policy: &str, version: u32) -> Noted {
        Noted {
            stream: Uuid::from_u128(stream),
            sequence,
            effective: Timestamp::UNIX_EPOCH,
            recorded: Timestamp::UNIX_EPOCH,
            fact: Ok(Fact::Policy(PolicyEvent::PolicySet {
                policy: policy.to_owned(),
                version: PolicyVersion {
                    version,
                    from: date(2026, 1, 1),
                    until: None,
                    value: serde_json::Value::Null,
                    source: "test".to_owned(),
                    approver: "test".to_owned(),
                },
            })),
        }
    }

    #[test]
    fn an_event_that_does_not_fold_stops_its_stream_and_no_other() {
        let feed = [
            set(1, 1, "a", 1),
            set(2, 2, "b", 1),
            set(3, 1, "a", 0),
            set(4, 2, "c", 2),
            set(5, 1, "a", 2),
        ];
        let folded = Folded::<Counting>::of(&feed);
        assert_eq!(folded.figures().get("versions"), 3);
        assert_eq!(folded.parked().len(), 1);
        assert_eq!(folded.parked()[&Uuid::from_u128(1)].sequence, 3);
        assert_eq!(folded.rows()[&Uuid::from_u128(1)].versions, 1);
    }

    #[test]
    fn a_skipped_event_is_passed_over_and_the_stream_goes_on() {
        let feed = [set(1, 1, "a", 1), set(2, 1, "a", 0), set(3, 1, "b", 2)];
        let skipped = BTreeSet::from([(Uuid::from_u128(1), 2)]);
        let mut folded = Folded::<Counting>::on_top_of(BTreeMap::new(), BTreeMap::new(), skipped);
        feed.iter().for_each(|event| folded.note(event));
        assert_eq!(folded.parked().len(), 0);
        assert_eq!(folded.figures().get("versions"), 2);
        assert_eq!(
            folded.figures().parts("by_last").collect::<Vec<_>>(),
            [("b", 1)]
        );
    }

    #[test]
    fn parts_of_a_figure_do_not_run_into_the_next_figure() {
        let mut sums = Figures::default();
        sums.add_of("places", "london", 2);
        sums.add_of("places_filled", "london", 1);
        sums.add("places", 2);
        assert_eq!(sums.parts("places").collect::<Vec<_>>(), [("london", 2)]);
    }

    proptest! {
        /// However a feed is cut into batches, rows and figures are those of the whole fold.
        #[test]
        fn batches_add_up_to_the_whole(
            feed in prop::collection::vec((1_u128..6, 0_u8..4, 0_u32..5), 0..60),
            cuts in prop::collection::vec(1_usize..9, 1..9),
        ) {
            let feed: Vec<Noted> = (1..)
                .zip(feed)
                .map(|(position, (stream, policy, version))| {
                    set(position, stream, &policy.to_string(), version)
                })
                .collect();
            let whole = Folded::<Counting>::of(&feed);

            let (mut rows, mut figures, mut parked) =
                (BTreeMap::new(), Figures::default(), BTreeMap::new());
            let mut rest = &feed[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (batch, tail) = rest.split_at((*cut).min(rest.len()));
                rest = tail;
                let mut folded =
                    Folded::<Counting>::on_top_of(rows.clone(), parked.clone(), BTreeSet::new());
                batch.iter().for_each(|event| folded.note(event));
                figures.add_all(&folded.figures());
                let changed = folded.changed().into_iter();
                rows.extend(changed.map(|(stream, row)| (stream, row.clone())));
                parked.extend(folded.newly_parked().map(|(stream, at)| (stream, at.clone())));
            }
            prop_assert_eq!(rows, whole.rows());
            prop_assert_eq!(figures, whole.figures());
            prop_assert_eq!(&parked, whole.parked());
        }
    }
}
