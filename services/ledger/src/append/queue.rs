//! What waits for the writer: a lane for each tenant, served in turn, so that whoever sends much
//! waits for itself.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use domain::{actor::TenantId, world::StreamKey};

use super::Waiting;

/// At most so many commands go into one transaction.
pub(super) const BATCH_MAX: usize = 512;

#[derive(Default)]
pub(super) struct Queue {
    lanes: BTreeMap<TenantId, VecDeque<Waiting>>,
    /// The tenants with something waiting, in the order of their turn.
    turns: VecDeque<TenantId>,
}

impl Queue {
    pub(super) fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        let tenant = waiting.unit.tenant;
        let lane = self.lanes.entry(tenant).or_default();
        if lane.is_empty() {
            self.turns.push_back(tenant);
        }
        lane.push_back(waiting);
    }

    fn pop(&mut self) -> Option<Waiting> {
        let tenant = self.turns.pop_front()?;
        let lane = self.lanes.get_mut(&tenant)?;
        let waiting = lane.pop_front();
        if lane.is_empty() {
            self.lanes.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        waiting
    }

    fn put_back(&mut self, waiting: Waiting) {
        let tenant = waiting.unit.tenant;
        let lane = self.lanes.entry(tenant).or_default();
        if lane.is_empty() {
            self.turns.push_front(tenant);
        }
        lane.push_front(waiting);
    }

    /// Takes what can share a transaction. A unit whose receipt or streams meet an earlier unit's
    /// (other than both only reading) waits for the next, and whatever meets it waits behind it.
    pub(super) fn next_batch(&mut self) -> Vec<Waiting> {
        let mut receipts = BTreeSet::new();
        // True once somebody writes the stream.
        let mut streams: BTreeMap<StreamKey, bool> = BTreeMap::new();
        let (mut batch, mut deferred) = (Vec::new(), Vec::new());
        while batch.len() < BATCH_MAX && deferred.len() < BATCH_MAX {
            let Some(next) = self.pop() else { break };
            if next.answer.is_closed() {
                // Nobody waits for it any more.
                continue;
            }
            let unit = &next.unit;
            let meets = receipts.contains(&(unit.tenant, unit.request))
                || unit.streams.iter().any(|stream| {
                    streams
                        .get(&stream.key)
                        .is_some_and(|written| *written || stream.write.is_some())
                });
            receipts.insert((unit.tenant, unit.request));
            for stream in &unit.streams {
                *streams.entry(stream.key).or_default() |= stream.write.is_some();
            }
            if meets {
                deferred.push(next);
            } else {
                batch.push(next);
            }
        }
        for waiting in deferred.into_iter().rev() {
            self.put_back(waiting);
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::append::tests::{of_tenant, waiting};

    fn batches(waiting: Vec<Waiting>) -> Vec<Vec<u128>> {
        let mut queue = Queue::default();
        waiting.into_iter().for_each(|waiting| queue.push(waiting));
        let mut batches = vec![];
        while !queue.is_empty() {
            let batch = queue.next_batch();
            batches.push(
                batch
                    .iter()
                    .map(|waiting| waiting.unit.request.as_u128())
                    .collect(),
            );
        }
        batches
    }

    #[test]
    fn units_that_meet_never_share_a_batch_and_keep_their_order() {
        let (read, write) = (false, true);
        let queue = vec![
            waiting(1, &[(1, write)]),
            waiting(2, &[(2, write)]),
            // Meets 1, and 4 meets it: 4 may not overtake it.
            waiting(3, &[(1, write), (3, write)]),
            waiting(4, &[(3, write)]),
            // Reads what 2 writes.
            waiting(5, &[(2, read), (4, write)]),
            // The same request again.
            waiting(2, &[(5, write)]),
        ];
        assert_eq!(batches(queue), [vec![1, 2], vec![3, 5, 2], vec![4]]);
    }

    #[test]
    fn units_that_only_read_the_same_stream_share_a_batch() {
        let (read, write) = (false, true);
        let queue = vec![
            waiting(1, &[(9, read), (1, write)]),
            waiting(2, &[(9, read), (2, write)]),
            waiting(3, &[(9, write)]),
            waiting(4, &[(9, read)]),
        ];
        assert_eq!(batches(queue), [vec![1, 2], vec![3], vec![4]]);
    }

    #[test]
    fn what_nobody_waits_for_any_more_is_dropped() {
        let mut left = waiting(1, &[(1, true)]);
        left.answer = tokio::sync::oneshot::channel().0;
        assert_eq!(
            batches(vec![left, waiting(2, &[(1, true)])]),
            [vec![2]],
            "whoever comes after it does not wait for it"
        );
    }

    #[test]
    fn a_calm_tenant_is_in_the_next_batch_however_many_another_has_waiting() {
        let mut queue = Queue::default();
        let many = 10 * BATCH_MAX as u128;
        for request in 0..many {
            queue.push(waiting(request, &[(request, true)]));
        }
        let calm = TenantId(Uuid::from_u128(7));
        queue.push(of_tenant(calm, waiting(many, &[(many, true)])));
        let batch = queue.next_batch();
        assert_eq!(batch.len(), BATCH_MAX);
        assert!(batch.iter().any(|waiting| waiting.unit.tenant == calm));
    }
}
