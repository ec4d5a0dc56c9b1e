//! What a view is: a pure fold of one tenant's feed into one row per stream, and figures that are
//! sums of what the rows contribute.
//!
//! Because a row depends on one stream only, an event that cannot be folded stops that stream and
//! no other. Because a figure is a sum, it moves by the difference a batch makes, and reading a
//! dashboard costs as much as it has figures, however long the history.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use domain::{actor::TenantKind, fact::Fact};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// One event as a tenant's feed carries it.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    /// Its position in the tenant's feed, from 1.
    pub position: u64,
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
    /// When the event does not fit; it must fail the same way every time.
    fn fold(row: &mut Self::Row, event: &Noted, fact: &Fact) -> Result<(), FoldError>;

    /// What the row adds to the figures.
    fn figures(row: &Self::Row, sums: &mut Figures);

    /// The thread the row is listed under: the application of a trainee's records, the record's
    /// own id for one that is listed alone, nothing for one that is only counted.
    fn thread(row: &Self::Row) -> Option<Uuid>;
}

/// Named sums; a figure may be split, `places` of `north_west`. Zero and absent are the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures(BTreeMap<(String, String), i64>);

impl Figures {
    /// Adds to a figure.
    pub fn add(&mut self, name: &str, value: i64) {
        self.add_of(name, "", value);
    }

    /// Adds one to a figure when `held`.
    pub fn count(&mut self, name: &str, held: bool) {
        self.add(name, i64::from(held));
    }

    /// Adds to one part of a split figure.
    pub fn add_of(&mut self, name: &str, part: impl ToString, value: i64) {
        if value == 0 {
            return;
        }
        match self.0.entry((name.to_owned(), part.to_string())) {
            Entry::Vacant(slot) => {
                slot.insert(value);
            }
            Entry::Occupied(mut slot) => {
                let sum = slot.get().saturating_add(value);
                if sum == 0 {
                    slot.remove();
                } else {
                    slot.insert(sum);
                }
            }
        }
    }

    /// The value of a figure.
    pub fn get(&self, name: &str) -> i64 {
        self.get_of(name, "")
    }

    /// The value of one part of a split figure.
    pub fn get_of(&self, name: &str, part: &str) -> i64 {
        self.0
            .get(&(name.to_owned(), part.to_owned()))
            .copied()
            .unwrap_or(0)
    }

    /// The parts of a split figure with their values, by part.
    pub fn parts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, i64)> {
        self.0
            .range((name.to_owned(), String::new())..)
            .take_while(move |((figure, _), _)| figure == name)
            .filter(|((_, part), _)| !part.is_empty())
            .map(|((_, part), value)| (part.as_str(), *value))
    }

    /// Every figure that is not zero: name, part (empty for an unsplit one), value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, i64)> {
        self.0
            .iter()
            .map(|((name, part), value)| (name.as_str(), part.as_str(), *value))
    }

    fn subtract(&mut self, other: &Self) {
        for (name, part, value) in other.iter() {
            self.add_of(name, part, value.saturating_neg());
        }
    }

    fn add_all(&mut self, other: &Self) {
        for (name, part, value) in other.iter() {
            self.add_of(name, part, value);
        }
    }
}

impl FromIterator<(String, String, i64)> for Figures {
    fn from_iter<I: IntoIterator<Item = (String, String, i64)>>(figures: I) -> Self {
        let mut sums = Self::default();
        for (name, part, value) in figures {
            sums.add_of(&name, part, value);
        }
        sums
    }
}

/// A stream a view has stopped at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// The position of the event that did not fold.
    pub position: u64,
    /// Its sequence in the stream.
    pub sequence: u64,
    /// Why, for the operator.
    pub reason: String,
}

/// A fold under way in memory: from nothing, or on top of stored rows, when its figures are the
/// difference it makes.
#[derive(Debug)]
pub struct Folded<V: View> {
    rows: BTreeMap<Uuid, V::Row>,
    figures: Figures,
    parked: BTreeMap<Uuid, Parked>,
    skipped: BTreeSet<(Uuid, u64)>,
    touched: BTreeSet<Uuid>,
    newly_parked: BTreeSet<Uuid>,
}

impl<V: View> Default for Folded<V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            figures: Figures::default(),
            parked: BTreeMap::new(),
            skipped: BTreeSet::new(),
            touched: BTreeSet::new(),
            newly_parked: BTreeSet::new(),
        }
    }
}

impl<V: View> Folded<V> {
    /// A fold on top of stored rows and parked streams. `skipped` are the events an operator has
    /// set aside: stream and sequence.
    pub fn on_top_of(
        rows: BTreeMap<Uuid, V::Row>,
        parked: BTreeMap<Uuid, Parked>,
        skipped: BTreeSet<(Uuid, u64)>,
    ) -> Self {
        Self {
            rows,
            parked,
            skipped,
            ..Self::default()
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

    /// Takes the next event of the feed. One that does not fold parks its stream: the row stays as
    /// it was before, and later events of the stream are left for the projection runner to replay.
    pub fn note(&mut self, event: &Noted) {
        if self.parked.contains_key(&event.stream)
            || self.skipped.contains(&(event.stream, event.sequence))
        {
            return;
        }
        let before = self.rows.get(&event.stream).cloned().unwrap_or_default();
        let mut after = before.clone();
        let folded = match &event.fact {
            Ok(fact) => V::fold(&mut after, event, fact),
            Err(reason) => Err(FoldError::Unreadable(reason.clone())),
        };
        match folded {
            Ok(()) if after == before => {}
            Ok(()) => {
                let mut contribution = Figures::default();
                V::figures(&before, &mut contribution);
                self.figures.subtract(&contribution);
                contribution = Figures::default();
                V::figures(&after, &mut contribution);
                self.figures.add_all(&contribution);
                self.rows.insert(event.stream, after);
                self.touched.insert(event.stream);
            }
            Err(error) => self.park(event, error.to_string()),
        }
    }

    /// Parks the stream of `event` from that event on.
    pub fn park(&mut self, event: &Noted, reason: String) {
        let parked = Parked {
            position: event.position,
            sequence: event.sequence,
            reason,
        };
        self.parked.insert(event.stream, parked);
        self.newly_parked.insert(event.stream);
    }

    /// Every row that differs from the default, by stream.
    pub fn rows(&self) -> BTreeMap<Uuid, V::Row> {
        let unseen = V::Row::default();
        self.rows
            .iter()
            .filter(|(_, row)| **row != unseen)
            .map(|(stream, row)| (*stream, row.clone()))
            .collect()
    }

    /// The threads after `after`, by id, each with its rows.
    pub fn threads(&self, after: Option<Uuid>) -> Vec<(Uuid, Vec<&V::Row>)> {
        let mut threads: BTreeMap<Uuid, Vec<&V::Row>> = BTreeMap::new();
        for row in self.rows.values() {
            if let Some(thread) = V::thread(row).filter(|thread| Some(*thread) > after) {
                threads.entry(thread).or_default().push(row);
            }
        }
        threads.into_iter().collect()
    }

    /// The figures; on top of stored rows, the difference to them.
    pub fn figures(&self) -> &Figures {
        &self.figures
    }

    /// The parked streams.
    pub fn parked(&self) -> &BTreeMap<Uuid, Parked> {
        &self.parked
    }

    /// The rows that changed, by stream.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (Uuid, &V::Row)> {
        self.touched
            .iter()
            .filter_map(|stream| Some((*stream, self.rows.get(stream)?)))
    }

    /// The streams parked by this fold.
    pub(crate) fn newly_parked(&self) -> impl Iterator<Item = (Uuid, &Parked)> {
        self.newly_parked
            .iter()
            .filter_map(|stream| Some((*stream, self.parked.get(stream)?)))
    }
}

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
                    row.versions = 999;
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

    fn set(position: u64, stream: u128, policy: &str, version: u32) -> Noted {
        Noted {
            position,
            stream: Uuid::from_u128(stream),
            sequence: position,
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
        assert_eq!(folded.parked()[&Uuid::from_u128(1)].position, 3);
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
                figures.add_all(folded.figures());
                rows.extend(folded.changed().map(|(stream, row)| (stream, row.clone())));
                parked.extend(folded.newly_parked().map(|(stream, at)| (stream, at.clone())));
            }
            prop_assert_eq!(rows, whole.rows());
            prop_assert_eq!(&figures, whole.figures());
            prop_assert_eq!(&parked, whole.parked());
        }
    }
}
