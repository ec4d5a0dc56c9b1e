//! What is recorded about the person who asks.

use domain::{
    actor::{PersonId, TenantKind},
    permission::Permit,
    refusal::Refusal,
};
use futures::TryStreamExt as _;
use sqlx::Row as _;

use crate::{
    Inner, LedgerError,
    follow::{Followed, Stored, recorded, text, unsigned},
    view::Noted,
};

impl Inner {
    /// The events about the permit's own person in streams of some kinds, whoever keeps them, in
    /// recorded order. What is of another kind is not even read.
    pub(crate) async fn own_history(
        &self,
        permit: &Permit,
        kinds: &[&str],
    ) -> Result<Vec<Noted>, LedgerError> {
        let person = own(permit)?;
        let mut rows = sqlx::query(
            "SELECT e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
                    e.payload, e.metadata, e.recorded_at
               FROM ledger.stream s
               JOIN ledger.event e ON e.aggregate_id = s.aggregate_id
                                  AND e.aggregate_type = s.aggregate_type
              WHERE s.subject = $1 AND s.aggregate_type = ANY ($2)
              ORDER BY e.recorded_at, e.aggregate_type, e.aggregate_id, e.sequence",
        )
        .bind(person.0)
        .bind(kinds)
        .fetch(&self.command);
        let mut events = vec![];
        while let Some(row) = rows.try_next().await? {
            let stored = Stored {
                kind: text(&row, 0)?,
                stream: text(&row, 1)?.parse().map_err(|error| format!("{error}")),
                sequence: unsigned(row.try_get(2)?),
                event_type: text(&row, 3)?,
                event_version: text(&row, 4)?,
                payload: text(&row, 5)?,
                metadata: text(&row, 6)?,
                recorded: recorded(&row, 7)?,
            };
            events.push(Noted::clone(&Followed::read(0, stored).noted));
        }
        Ok(events)
    }
}

/// The person a permit acts for; nobody acts for another.
pub(crate) fn own(permit: &Permit) -> Result<PersonId, Refusal> {
    let actor = permit.actor();
    (actor.kind == TenantKind::Person)
        .then_some(actor.person)
        .flatten()
        .ok_or_else(Refusal::not_permitted)
}
