//! From the writers of a process to its projection runner, past the database: what was just
//! committed, with its places in the feeds.
//!
//! A hand-over saves the read and nothing else. The feed stays the truth: a lane takes what was
//! handed only where it goes on from its checkpoint without a gap, and reads the feed otherwise; so
//! whatever is dropped or comes out of order is late by a read, never lost.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use domain::{actor::TenantId, world::StreamKey};
use jiff::Timestamp;
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

use crate::follow::{Followed, Stored};

/// Batches that a runner may be behind before it has to read the feeds.
const BATCHES: usize = 64;

/// Items a runner keeps that it has not folded; beyond, it reads the feeds.
const KEPT_MAX: usize = 16_384;

/// A committed event with its position in the feed of each of its parties.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) key: StreamKey,
    pub(crate) sequence: u64,
    pub(crate) event_type: String,
    pub(crate) event_version: String,
    pub(crate) payload: String,
    pub(crate) metadata: Arc<str>,
    pub(crate) recorded: Timestamp,
    pub(crate) places: Vec<(TenantId, u64)>,
}

/// The writers' side.
#[derive(Debug, Clone)]
pub(crate) struct Handover(broadcast::Sender<Arc<[Committed]>>);

impl Default for Handover {
    fn default() -> Self {
        Self(broadcast::channel(BATCHES).0)
    }
}

impl Handover {
    /// Hands a batch to whoever projects here; made only when somebody does.
    pub(crate) fn give(&self, batch: impl FnOnce() -> Vec<Committed>) {
        if self.0.receiver_count() > 0 {
            // The last one may have gone this moment.
            let _ = self.0.send(batch().into());
        }
    }
}

/// The runner's side: what was handed to it and is not folded yet.
pub(crate) struct Inbox {
    /// `None` before the runner follows.
    batches: Option<broadcast::Receiver<Arc<[Committed]>>>,
    items: HashMap<TenantId, BTreeMap<u64, Followed>>,
    kept: usize,
    most: usize,
}

/// Something was handed over that this runner did not get, or could not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Missed;

impl Default for Inbox {
    fn default() -> Self {
        Self {
            batches: None,
            items: HashMap::new(),
            kept: 0,
            most: KEPT_MAX,
        }
    }
}

impl Inbox {
    /// From now on, what is handed over comes here.
    pub(crate) fn follow(&mut self, handover: &Handover) {
        self.batches = Some(handover.0.subscribe());
    }

    /// Waits for the next batch; takes in what `wanted` tenants see of it and adds every tenant it
    /// reaches to `touched`. May be dropped while it waits.
    pub(crate) async fn wait(
        &mut self,
        wanted: impl Fn(TenantId) -> bool,
        touched: &mut BTreeSet<TenantId>,
    ) -> Result<(), Missed> {
        let Some(batches) = &mut self.batches else {
            return std::future::pending().await;
        };
        match batches.recv().await {
            Ok(batch) => self.take(&batch, wanted, touched),
            Err(RecvError::Lagged(_)) => self.miss(),
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }

    /// The same with all that has come by now.
    pub(crate) fn drain(
        &mut self,
        wanted: impl Fn(TenantId) -> bool,
        touched: &mut BTreeSet<TenantId>,
    ) -> Result<(), Missed> {
        while let Some(batches) = &mut self.batches {
            match batches.try_recv() {
                Ok(batch) => self.take(&batch, &wanted, touched)?,
                Err(TryRecvError::Lagged(_)) => return self.miss(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        batch: &[Committed],
        wanted: impl Fn(TenantId) -> bool,
        touched: &mut BTreeSet<TenantId>,
    ) -> Result<(), Missed> {
        for event in batch {
            touched.extend(event.places.iter().map(|(tenant, _)| tenant));
            let mut places = event.places.iter().filter(|(tenant, _)| wanted(*tenant));
            // Decoded once, whoever sees it.
            let Some((tenant, position)) = places.next() else {
                continue;
            };
            let first = Followed::read(*position, event.stored());
            for (tenant, position) in places {
                let position = *position;
                self.keep(
                    *tenant,
                    Followed {
                        position,
                        ..first.clone()
                    },
                );
            }
            self.keep(*tenant, first);
        }
        if self.kept > self.most {
            return self.miss();
        }
        Ok(())
    }

    fn keep(&mut self, tenant: TenantId, item: Followed) {
        let known = self.items.entry(tenant).or_default();
        if known.insert(item.position, item).is_none() {
            self.kept += 1;
        }
    }

    fn miss(&mut self) -> Result<(), Missed> {
        self.items.clear();
        self.kept = 0;
        Err(Missed)
    }

    /// Whether something after a position was handed over.
    pub(crate) fn goes_beyond(&self, tenant: TenantId, position: u64) -> bool {
        self.items
            .get(&tenant)
            .and_then(|items| items.last_key_value())
            .is_some_and(|(last, _)| *last > position)
    }

    /// At most `limit` items that go on from a position without a gap; nothing when the next is
    /// not here.
    pub(crate) fn page(&self, tenant: TenantId, after: u64, limit: u32) -> Option<Vec<Followed>> {
        let next = after.saturating_add(1);
        let page: Vec<Followed> = self
            .items
            .get(&tenant)?
            .range(next..)
            .zip(next..)
            .take_while(|((position, _), expected)| *position == expected)
            .take(limit as usize)
            .map(|((_, item), _)| item.clone())
            .collect();
        (!page.is_empty()).then_some(page)
    }

    /// Lets go of what a tenant's lanes have all folded; of everything when it has none.
    pub(crate) fn forget(&mut self, tenant: TenantId, folded: Option<u64>) {
        let Some(items) = self.items.remove(&tenant) else {
            return;
        };
        self.kept = self.kept.saturating_sub(items.len());
        let rest = folded.map(|folded| {
            let mut items = items;
            items.split_off(&folded.saturating_add(1))
        });
        if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
            self.kept = self.kept.saturating_add(rest.len());
            self.items.insert(tenant, rest);
        }
    }
}

impl Committed {
    fn stored(&self) -> Stored<'_> {
        Stored {
            kind: self.key.kind,
            stream: Ok(self.key.id),
            sequence: self.sequence,
            event_type: &self.event_type,
            event_version: &self.event_version,
            payload: &self.payload,
            metadata: &self.metadata,
            recorded: self.recorded,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn tenant(n: u128) -> TenantId {
        TenantId(Uuid::from_u128(n))
    }

    fn committed(places: &[(u128, u64)]) -> Committed {
        Committed {
            key: StreamKey {
                kind: "tenant",
                id: Uuid::from_u128(9),
            },
            sequence: 1,
            event_type: "Unknown".to_owned(),
            event_version: "1.0".to_owned(),
            payload: "{}".to_owned(),
            metadata: "{}".into(),
            recorded: Timestamp::UNIX_EPOCH,
            places: places.iter().map(|(n, at)| (tenant(*n), *at)).collect(),
        }
    }

    fn inbox(batches: Vec<Vec<Committed>>, most: usize) -> (Inbox, Result<(), Missed>) {
        let handover = Handover::default();
        let mut inbox = Inbox {
            most,
            ..Inbox::default()
        };
        inbox.follow(&handover);
        for batch in batches {
            handover.give(|| batch);
        }
        let mut touched = BTreeSet::new();
        let drained = inbox.drain(|of| of != tenant(3), &mut touched);
        (inbox, drained)
    }

    fn positions(inbox: &Inbox, of: u128, after: u64) -> Option<Vec<u64>> {
        let page = inbox.page(tenant(of), after, 100)?;
        Some(page.iter().map(|item| item.position).collect())
    }

    #[test]
    fn a_page_goes_on_from_its_position_without_a_gap_or_is_none() {
        let batches = vec![
            // The batch of the other writer was told first.
            vec![committed(&[(1, 7), (2, 1)]), committed(&[(1, 8), (3, 1)])],
            vec![committed(&[(1, 5)]), committed(&[(1, 6)])],
            vec![committed(&[(1, 11)])],
        ];
        let (mut inbox, drained) = inbox(batches, 100);
        assert_eq!(drained, Ok(()));
        assert_eq!(positions(&inbox, 1, 4), Some(vec![5, 6, 7, 8]));
        assert_eq!(positions(&inbox, 1, 6), Some(vec![7, 8]));
        assert_eq!(positions(&inbox, 1, 3), None, "4 is not here");
        assert_eq!(positions(&inbox, 1, 9), None, "10 is not here");
        assert_eq!(positions(&inbox, 2, 0), Some(vec![1]));
        assert_eq!(positions(&inbox, 3, 0), None, "nobody folds for it");
        assert!(inbox.goes_beyond(tenant(1), 9) && !inbox.goes_beyond(tenant(1), 11));

        inbox.forget(tenant(1), Some(8));
        assert_eq!(positions(&inbox, 1, 7), None);
        assert_eq!(positions(&inbox, 1, 10), Some(vec![11]));
        inbox.forget(tenant(1), None);
        inbox.forget(tenant(2), Some(1));
        assert!(inbox.items.is_empty() && inbox.kept == 0);
    }

    #[test]
    fn what_is_too_much_is_let_go_and_told() {
        let many = (1..=3).map(|at| committed(&[(1, at)])).collect();
        let (kept, drained) = inbox(vec![many], 2);
        assert_eq!(drained, Err(Missed));
        assert!(kept.items.is_empty() && kept.kept == 0);

        let batches = (1..=BATCHES as u64 + 1).map(|at| vec![committed(&[(1, at)])]);
        let (kept, drained) = inbox(batches.collect(), 1_000);
        assert_eq!(drained, Err(Missed));
        assert!(kept.items.is_empty());
    }

    #[test]
    fn nothing_is_made_for_nobody() {
        let handover = Handover::default();
        let mut gone = Inbox::default();
        gone.follow(&handover);
        drop(gone);
        handover.give(|| panic!("nobody projects here"));
    }
}
