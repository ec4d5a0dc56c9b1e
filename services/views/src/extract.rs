//! The rows of an extract for the evaluation (`EVAL-02`, `EVAL-03`): a fold of the commissioner's
//! feed up to the position that was granted, with a pseudonym in the place of each person.

use std::collections::BTreeMap;

use domain::{actor::PersonId, extract::Extract, id::Id, permission::Permit};
use jiff::civil::Date;
use ledger::{Ledger, LedgerError};
use uuid::Uuid;

use crate::{
    Commissioner,
    record::{LockUntil, Record},
};

/// One trainee. Nothing in it tells who that is, nor where the person works or studies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// The pseudonym; rows are in its order, which says nothing either.
    pub pseudonym: String,
    /// The role.
    pub role: String,
    /// The region of the place; empty when it is not known.
    pub region: String,
    /// The level trained for.
    pub level: u8,
    /// The day of the award.
    pub awarded: Option<Date>,
    /// Monthly instalments paid.
    pub instalments: u32,
    /// Whether all of them are.
    pub completed: bool,
    /// The lock that followed.
    pub lock: Option<LockUntil>,
}

/// The rows of an extract that the permit's own tenant was granted.
///
/// # Errors
/// The uniform refusal when it was not, or why the ledger could not be read.
pub async fn rows(
    ledger: &Ledger,
    permit: &Permit,
    extract: Id<Extract>,
) -> Result<Vec<Row>, LedgerError> {
    let records = ledger
        .fold_granted::<Commissioner>(permit, extract)
        .await?
        .rows();
    let regions: BTreeMap<Uuid, String> = records
        .values()
        .filter_map(|row| match &row.record {
            Record::Allocation(allocation) => {
                Some((allocation.allocation?, allocation.region?.to_string()))
            }
            _ => None,
        })
        .collect();
    let locks: BTreeMap<PersonId, &BTreeMap<Uuid, LockUntil>> = records
        .values()
        .filter_map(|row| match &row.record {
            Record::Lock(lock) => Some((lock.person?, &lock.locks)),
            _ => None,
        })
        .collect();
    let mut rows: Vec<Row> = records
        .values()
        .filter_map(|row| {
            let Record::Award(award) = &row.record else {
                return None;
            };
            let trainee = award.trainee.as_ref()?;
            let lock = locks.get(&trainee.person);
            Some(Row {
                pseudonym: ledger.pseudonym(extract, trainee.person),
                role: trainee.role.clone(),
                region: regions
                    .get(&trainee.allocation)
                    .cloned()
                    .unwrap_or_default(),
                level: award.level,
                awarded: award.approved,
                instalments: award.instalments,
                completed: award.completed,
                lock: lock
                    .and_then(|locks| locks.get(&trainee.application))
                    .copied(),
            })
        })
        .collect();
    rows.sort();
    Ok(rows)
}
