//! One piece of a runner's work: lanes read, folded and written together on one connection.

use std::sync::Arc;

use sqlx::{PgPool, Postgres, pool::PoolConnection};
use tokio::task::JoinSet;

use super::{BATCH_MAX, PAGES, TOGETHER_ITEMS};
use crate::{
    LedgerError,
    follow::{Followed, Run, Whose, read_runs},
    lane::{self, Lane, Outcome},
};

/// Lanes with what became of each, and the connection if it is still good.
pub(super) struct Worked {
    pub(super) lanes: Vec<Lane>,
    pub(super) outcomes: Vec<Outcome>,
    pub(super) connection: Option<PoolConnection<Postgres>>,
}

/// Folds and writes the next page of each lane, reading those that were not handed over; several
/// pages of a lane that is far behind.
pub(super) async fn work(
    pool: PgPool,
    connection: Option<PoolConnection<Postgres>>,
    group: Vec<(Lane, Option<Vec<Followed>>)>,
) -> Worked {
    let (mut lanes, handed): (Vec<Lane>, Vec<_>) = group.into_iter().unzip();
    let taken = match connection {
        Some(connection) => Ok(connection),
        None => pool.acquire().await,
    };
    let (outcomes, connection) = match taken {
        Ok(mut connection) => match try_work(&pool, &mut connection, &mut lanes, handed).await {
            Ok(outcomes) => (outcomes, Some(connection)),
            Err(error) => (failed(&lanes, error), None),
        },
        Err(error) => (failed(&lanes, error.into()), None),
    };
    Worked {
        lanes,
        outcomes,
        connection,
    }
}

async fn try_work(
    pool: &PgPool,
    connection: &mut PoolConnection<Postgres>,
    lanes: &mut [Lane],
    handed: Vec<Option<Vec<Followed>>>,
) -> Result<Vec<Outcome>, LedgerError> {
    let share = TOGETHER_ITEMS / u32::try_from(lanes.len()).unwrap_or(1).max(1);
    let runs: Vec<Run> = lanes
        .iter()
        .map(|lane| Run {
            tenant: lane.tenant,
            after: lane.position,
            limit: lane.limit.min(share.max(1)),
        })
        .collect();
    let unread: Vec<Run> = (runs.iter().zip(&handed))
        .filter(|(_, page)| page.is_none())
        .map(|(run, _)| *run)
        .collect();
    let read = match unread.as_slice() {
        [] => vec![],
        unread => read_runs(&mut **connection, unread, Whose::All).await?,
    };
    let mut read = read.into_iter();
    let pages: Vec<_> = handed
        .into_iter()
        .map(|page| page.map_or_else(|| read.next().unwrap_or_else(|| Ok(vec![])), Ok))
        .collect();
    match (&mut *lanes, runs.as_slice()) {
        ([lane], [run]) if lane.far => {
            let outcome = pursue(pool, connection, lane, *run, pages).await?;
            Ok(vec![outcome])
        }
        (lanes, runs) => pass(connection, lanes, runs, pages).await,
    }
}

/// # Errors
/// The store's; then no lane has moved.
async fn pass(
    connection: &mut PoolConnection<Postgres>,
    lanes: &mut [Lane],
    runs: &[Run],
    read: Vec<Result<Vec<Followed>, LedgerError>>,
) -> Result<Vec<Outcome>, LedgerError> {
    let mut holes = vec![];
    let mut pages = vec![];
    for ((lane, run), page) in lanes.iter_mut().zip(runs).zip(read) {
        let (page, hole) = match page {
            Ok(page) => (page, None),
            Err(error) => (vec![], Some(Arc::new(error))),
        };
        lane.far = page.len() >= run.limit as usize;
        pages.push(page);
        holes.push(hole);
    }
    let outcomes = lane::step(connection, lanes, &pages).await?;
    Ok(outcomes
        .into_iter()
        .zip(holes)
        .map(|(outcome, hole)| hole.map_or(outcome, Outcome::Failed))
        .collect())
}

/// Page after page of one lane, each read while the one before is folded and written.
async fn pursue(
    pool: &PgPool,
    connection: &mut PoolConnection<Postgres>,
    lane: &mut Lane,
    mut run: Run,
    mut read: Vec<Result<Vec<Followed>, LedgerError>>,
) -> Result<Outcome, LedgerError> {
    let mut parked = 0;
    for nth in 1.. {
        let end = read.first().and_then(|page| page.as_ref().ok()?.last());
        let next = end.map(|last| Run {
            after: last.position,
            limit: run.limit.saturating_mul(2).min(BATCH_MAX),
            ..run
        });
        let full = |page: &Result<Vec<Followed>, _>| {
            page.as_ref()
                .is_ok_and(|page| page.len() >= run.limit as usize)
        };
        let ahead = next
            .filter(|_| nth < PAGES && lane.refused.is_none() && read.iter().all(full))
            .map(|next| {
                let pool = pool.clone();
                let mut ahead = JoinSet::new();
                ahead.spawn(async move { read_runs(&pool, &[next], Whose::All).await });
                (next, ahead)
            });
        let lanes = std::slice::from_mut(lane);
        match pass(connection, lanes, &[run], read).await?.pop() {
            Some(Outcome::Moved { parked: more }) => parked += more,
            Some(outcome) => return Ok(outcome),
            None => return Ok(Outcome::Idle),
        }
        let Some((next, mut ahead)) = ahead else {
            break;
        };
        read = match ahead.join_next().await {
            Some(Ok(Ok(read))) => read,
            // The next round reads it again and tells what is wrong.
            _ => break,
        };
        run = next;
        lane.limit = run.limit;
    }
    Ok(Outcome::Moved { parked })
}

/// A failure that every lane shares.
fn failed(lanes: &[Lane], error: LedgerError) -> Vec<Outcome> {
    let error = Arc::new(error);
    lanes
        .iter()
        .map(|_| Outcome::Failed(Arc::clone(&error)))
        .collect()
}
