//! Reading views: figures and rows of one tenant, with the position they stand for.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    actor::{PersonId, TenantId},
    calendar::london_date,
    extract::{Extract, pseudonym},
    id::Id,
    permission::Permit,
    refusal::{Reason, Refusal},
};
use jiff::{Timestamp, civil::Date};
use sqlx::FromRow;
use tokio::sync::watch;
use uuid::Uuid;

use crate::{
    Ledger, LedgerError,
    follow::{self, Whose, begin, signed, unsigned},
    progress::Reached,
    project::BATCH_MAX,
    view::{CROWD_FIRST, Figures, Folded, Noted, View},
};

/// How long a read waits for its `at_least` position.
pub const AT_LEAST_WAIT: Duration = Duration::from_secs(5);

/// Most threads on one page.
pub const THREADS_MAX: u32 = 200;

/// The figures of one tenant at one position of its feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The view's name.
    pub view: &'static str,
    /// The version of the view that made the figures.
    pub version: u32,
    /// The feed position they include everything up to.
    pub position: u64,
    /// The end of the feed at the same moment.
    pub head: u64,
    /// When the first event that they do not include was recorded; `None` when they include all.
    pub waiting: Option<Timestamp>,
    /// The figures.
    pub figures: Figures,
}

/// The rows of one thread.
#[derive(Debug, Clone, PartialEq)]
pub struct Thread<R> {
    /// What the rows have in common: the application, for a trainee's records.
    pub id: Uuid,
    /// The rows, by stream.
    pub rows: Vec<(Uuid, R)>,
}

/// Up to where a view is folded again: both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsOf {
    /// Events true in the world by the end of this London day.
    pub effective: Date,
    /// Events the service had learnt by this instant; all it has learnt when absent.
    pub known: Option<Timestamp>,
}

impl AsOf {
    fn covers(&self, noted: &Noted) -> bool {
        london_date(noted.effective) <= self.effective
            && self.known.is_none_or(|known| noted.recorded <= known)
    }
}

/// A page of threads.
#[derive(Debug, Clone, PartialEq)]
pub struct Threads<R> {
    /// The position the rows stand for.
    pub position: u64,
    /// The threads, by id.
    pub threads: Vec<Thread<R>>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<Uuid>,
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<R> {
    /// The position the rows stand for.
    pub position: u64,
    /// The rows, by stream.
    pub rows: Vec<(Uuid, R)>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<Uuid>,
}

/// A build with one of its figures; without one when all are zero.
#[derive(FromRow)]
struct StoredFigure {
    o_version: i32,
    o_position: i64,
    o_head: i64,
    o_waiting: Option<i64>,
    o_figure: Option<String>,
    o_part: Option<String>,
    o_value: Option<i64>,
    /// Of a crowd: zero for one of its parts, else how many have the value.
    o_parts: Option<i64>,
}

/// How much is read of what is split among people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Crowds {
    /// The largest parts and the spread.
    First,
    /// Every part.
    Whole,
}

/// How long a read that waits goes without looking again: what another process folds is not told
/// to this one.
const LOOK: Duration = Duration::from_millis(50);

/// A build with one row of a page; without one when the page is empty.
#[derive(FromRow)]
struct StoredRow {
    position: i64,
    thread: Option<Uuid>,
    stream: Option<Uuid>,
    row: Option<String>,
}

/// Waits for the view to move to a position, but not for long: the store may know better. False
/// when the time is over.
async fn next_move(moves: &mut watch::Receiver<Reached>, position: u64, deadline: Instant) -> bool {
    let now = Instant::now();
    if now >= deadline {
        return false;
    }
    // What was told before the read that fell short, as after a crash of the store, is no news.
    moves.mark_unchanged();
    let told = async {
        while moves.changed().await.is_ok() {
            if moves.borrow_and_update().position >= position {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(LOOK.min(deadline - now), told).await;
    true
}

/// What was read, taken together.
fn figures(stored: Vec<StoredFigure>, crowds: Crowds) -> Figures {
    let mut figures = Figures::default();
    for one in stored {
        let (Some(name), Some(part), Some(value)) = (one.o_figure, one.o_part, one.o_value) else {
            continue;
        };
        match (one.o_parts, crowds) {
            (None, _) | (Some(0), Crowds::Whole) => figures.take(name, part, value),
            (Some(0), Crowds::First) => figures.crowd_mut(name).first.push((part, value)),
            (Some(parts), Crowds::First) => {
                figures.crowd_mut(name).spread.insert(value, parts);
            }
            (Some(_), Crowds::Whole) => {}
        }
    }
    figures
}

impl Ledger {
    /// The figures of the permit's own tenant, once the view has folded its feed up to `at_least`.
    ///
    /// # Errors
    /// `Behind` when the view does not get there within [`AT_LEAST_WAIT`]; `Store`.
    pub async fn figures<V: View>(
        &self,
        permit: &Permit,
        at_least: u64,
    ) -> Result<Reading, LedgerError> {
        let deadline = Instant::now() + AT_LEAST_WAIT;
        let mut moves = self.0.progress.view(V::NAME, permit.actor().tenant);
        loop {
            let reading = self.figures_now::<V>(permit, Crowds::First).await?;
            if reading.position >= at_least {
                return Ok(reading);
            }
            if !next_move(&mut moves, at_least, deadline).await {
                return Err(LedgerError::Behind {
                    position: reading.position,
                });
            }
        }
    }

    /// Waits until the live build of a view has folded a tenant's feed up to a position; answers
    /// with where it is then. Costs nothing but the wait where the views run in this process.
    ///
    /// # Errors
    /// `Behind` when it does not get there within [`AT_LEAST_WAIT`]; `Store`.
    pub async fn folded<V: View>(
        &self,
        tenant: TenantId,
        position: u64,
    ) -> Result<u64, LedgerError> {
        let deadline = Instant::now() + AT_LEAST_WAIT;
        let mut moves = self.0.progress.view(V::NAME, tenant);
        let mut told = moves.borrow_and_update().position;
        loop {
            if told >= position {
                return Ok(told);
            }
            if !next_move(&mut moves, position, deadline).await {
                return Err(LedgerError::Behind { position: told });
            }
            told = moves.borrow_and_update().position;
            if told < position {
                let mut tx = begin(self.reader(), tenant).await?;
                let stored: Option<i64> = sqlx::query_scalar(
                    "SELECT c.position FROM ledger.view_build b
                       JOIN ledger.view_checkpoint c USING (build)
                      WHERE b.view = $1 AND b.state = 'live' AND c.tenant_id = $2",
                )
                .bind(V::NAME)
                .bind(tenant.0)
                .fetch_optional(&mut *tx)
                .await?;
                told = stored.map_or(0, unsigned);
            }
        }
    }

    /// The figures of the permit's own tenant with every part of each, to tell what a record adds to
    /// them. Costs as much as there are parts.
    ///
    /// # Errors
    /// `Store`.
    pub async fn figures_whole<V: View>(&self, permit: &Permit) -> Result<Figures, LedgerError> {
        let reading = self.figures_now::<V>(permit, Crowds::Whole).await?;
        Ok(reading.figures)
    }

    async fn figures_now<V: View>(
        &self,
        permit: &Permit,
        crowds: Crowds,
    ) -> Result<Reading, LedgerError> {
        let first = (crowds == Crowds::First).then_some(CROWD_FIRST as i64);
        let stored: Vec<StoredFigure> = sqlx::query_as(
            "SELECT o_version, o_position, o_head, o_waiting, o_figure, o_part, o_value, o_parts
               FROM ledger.figures_of($1, $2, $3, $4)",
        )
        .bind(permit.actor().tenant.0)
        .bind(V::NAME)
        .bind(V::CROWDS)
        .bind(first)
        .fetch_all(self.reader())
        .await?;
        let of = |value: fn(&StoredFigure) -> i64| stored.first().map_or(0, value);
        Ok(Reading {
            view: V::NAME,
            version: u32::try_from(of(|one| one.o_version.into())).unwrap_or(0),
            position: unsigned(of(|one| one.o_position)),
            head: unsigned(of(|one| one.o_head)),
            waiting: (stored.first()).and_then(|one| one.o_waiting.map(follow::pg_instant)),
            figures: figures(stored, crowds),
        })
    }

    /// The view of the permit's own tenant folded again from its feed, as of a day: what was true
    /// by then, as far as it was known by an instant. Answers with the feed position it has read
    /// up to. Costs as much as the feed is long, but for the later pages of a list: `again` takes the
    /// fold that was made for the page before, where it is still at hand.
    ///
    /// # Errors
    /// `HoleInFeed`, `Store`.
    pub async fn fold_as_of<V: View>(
        &self,
        permit: &Permit,
        as_of: AsOf,
        again: bool,
    ) -> Result<(u64, Arc<Folded<V>>), LedgerError> {
        let tenant = permit.actor().tenant;
        if again && let Some(kept) = self.0.folds.find(tenant, as_of) {
            return Ok(kept);
        }
        let mut folded = Folded::<V>::default();
        let mut position = 0;
        loop {
            let mut tx = begin(self.reader(), tenant).await?;
            let page = follow::read(&mut *tx, tenant, position, BATCH_MAX, Whose::All).await?;
            drop(tx);
            let Some(last) = page.last() else {
                let made = (position, Arc::new(folded));
                self.0.folds.keep(tenant, as_of, made.clone());
                return Ok(made);
            };
            position = last.position;
            page.iter()
                .map(|item| &item.noted)
                .filter(|noted| as_of.covers(noted))
                .for_each(|noted| folded.note(noted));
        }
    }

    /// A view of the commissioner's feed, folded up to the position that an extract was granted at
    /// (`EVAL-03`). The grant is the only way into another tenant's feed.
    ///
    /// # Errors
    /// The uniform refusal to whom it was not granted, `STATE_NOT_ALLOWED` while the feed has not
    /// come to the position, `HoleInFeed`, `Store`.
    pub async fn fold_granted<V: View>(
        &self,
        permit: &Permit,
        extract: Id<Extract>,
    ) -> Result<Folded<V>, LedgerError> {
        let granted = self.read(permit, extract).await?.state;
        let terms = granted.terms().ok_or_else(Refusal::not_permitted)?;
        if terms.evaluator != permit.actor().tenant {
            return Err(Refusal::not_permitted().into());
        }
        if self.head(terms.commissioner).await? < terms.position {
            return Err(Refusal::new(
                Reason::StateNotAllowed,
                "the extract is not complete yet; read it again later",
            )
            .into());
        }
        let mut folded = Folded::<V>::default();
        let mut position = 0;
        while position < terms.position {
            let mut tx = begin(self.reader(), terms.commissioner).await?;
            let page = follow::read(
                &mut *tx,
                terms.commissioner,
                position,
                BATCH_MAX,
                Whose::All,
            )
            .await?;
            drop(tx);
            for item in page.iter().filter(|item| item.position <= terms.position) {
                folded.note(&item.noted);
            }
            position = page.last().map_or(terms.position, |item| item.position);
        }
        Ok(folded)
    }

    /// A person's name within one extract (`EVAL-02`).
    pub fn pseudonym(&self, extract: Id<Extract>, person: PersonId) -> String {
        pseudonym(self.0.digest_salt, extract, person).to_string()
    }

    /// The threads of the permit's own tenant after `after`, each with all its rows.
    ///
    /// # Errors
    /// `Store`, also when the live build is of another version than this code reads.
    pub async fn threads<V: View>(
        &self,
        permit: &Permit,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Threads<V::Row>, LedgerError> {
        let limit = limit.clamp(1, THREADS_MAX);
        let tenant = permit.actor().tenant;
        let mut tx = begin(self.reader(), tenant).await?;
        let stored: Vec<StoredRow> = sqlx::query_as(
            "WITH build AS (
               SELECT b.build, coalesce(c.position, 0) AS position
                 FROM ledger.view_build b
                 LEFT JOIN ledger.view_checkpoint c ON c.build = b.build AND c.tenant_id = $2
                WHERE b.view = $1 AND b.state = 'live' AND b.version = $5
             ), page AS (
               SELECT DISTINCT r.thread FROM ledger.view_row r, build b
                WHERE r.tenant_id = $2 AND r.build = b.build AND r.thread > $3
                ORDER BY r.thread LIMIT $4
             )
             SELECT b.position, r.thread, r.stream, r.row::text AS row
               FROM build b
               LEFT JOIN (page JOIN ledger.view_row r USING (thread))
                 ON r.tenant_id = $2 AND r.build = b.build
              ORDER BY r.thread, r.stream",
        )
        .bind(V::NAME)
        .bind(tenant.0)
        .bind(after.unwrap_or(Uuid::nil()))
        .bind(signed(u64::from(limit)).saturating_add(1))
        .bind(i32::try_from(V::VERSION).unwrap_or(i32::MAX))
        .fetch_all(&mut *tx)
        .await?;
        let position = stored.first().map_or(0, |first| unsigned(first.position));
        let mut threads: Vec<Thread<V::Row>> = Vec::new();
        for stored in stored {
            let (Some(id), Some(stream), Some(row)) = (stored.thread, stored.stream, stored.row)
            else {
                continue;
            };
            let row = row_of(&row)?;
            match threads.last_mut() {
                Some(last) if last.id == id => last.rows.push((stream, row)),
                _ => threads.push(Thread {
                    id,
                    rows: vec![(stream, row)],
                }),
            }
        }
        // One more than the page was asked for, to know whether there is another.
        let mut next = None;
        if threads.len() > limit as usize {
            threads.truncate(limit as usize);
            next = threads.last().map(|thread| thread.id);
        }
        Ok(Threads {
            position,
            threads,
            next,
        })
    }

    /// The rows of the permit's own tenant after a stream, by stream.
    ///
    /// # Errors
    /// `Store`, also when the live build is of another version than this code reads.
    pub async fn rows<V: View>(
        &self,
        permit: &Permit,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Rows<V::Row>, LedgerError> {
        let tenant = permit.actor().tenant;
        let limit = limit.max(1);
        let mut tx = begin(self.reader(), tenant).await?;
        let stored: Vec<(i64, Option<Uuid>, Option<String>)> = sqlx::query_as(
            "WITH build AS (
               SELECT b.build, coalesce(c.position, 0) AS position
                 FROM ledger.view_build b
                 LEFT JOIN ledger.view_checkpoint c ON c.build = b.build AND c.tenant_id = $2
                WHERE b.view = $1 AND b.state = 'live' AND b.version = $5
             )
             SELECT b.position, r.stream, r.row
               FROM build b
               LEFT JOIN LATERAL (
                 SELECT v.stream, v.row::text AS row FROM ledger.view_row v
                  WHERE v.tenant_id = $2 AND v.build = b.build AND v.stream > $3
                  ORDER BY v.stream LIMIT $4) r ON true
              ORDER BY r.stream",
        )
        .bind(V::NAME)
        .bind(tenant.0)
        .bind(after.unwrap_or(Uuid::nil()))
        .bind(i64::from(limit).saturating_add(1))
        .bind(i32::try_from(V::VERSION).unwrap_or(i32::MAX))
        .fetch_all(&mut *tx)
        .await?;
        let position = stored.first().map_or(0, |first| unsigned(first.0));
        let mut rows = Vec::with_capacity(stored.len());
        for (_, stream, row) in stored {
            if let (Some(stream), Some(row)) = (stream, row) {
                rows.push((stream, row_of(&row)?));
            }
        }
        // One more than the page was asked for, to know whether there is another.
        let mut next = None;
        if rows.len() > limit as usize {
            rows.truncate(limit as usize);
            next = rows.last().map(|(stream, _)| *stream);
        }
        Ok(Rows {
            position,
            rows,
            next,
        })
    }

    /// The row of one stream of the permit's own tenant.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub async fn row<V: View>(
        &self,
        permit: &Permit,
        stream: Uuid,
    ) -> Result<Option<V::Row>, LedgerError> {
        Ok(self.rows_of::<V>(permit, &[stream]).await?.pop())
    }

    /// The rows of some streams of the permit's own tenant, those that there are.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub async fn rows_of<V: View>(
        &self,
        permit: &Permit,
        streams: &[Uuid],
    ) -> Result<Vec<V::Row>, LedgerError> {
        let tenant = permit.actor().tenant;
        let mut tx = begin(self.reader(), tenant).await?;
        let stored: Vec<String> = sqlx::query_scalar(
            "SELECT r.row::text
               FROM ledger.view_build b JOIN ledger.view_row r ON r.build = b.build
              WHERE b.view = $1 AND b.state = 'live' AND b.version = $4
                AND r.tenant_id = $2 AND r.stream = ANY ($3)",
        )
        .bind(V::NAME)
        .bind(tenant.0)
        .bind(streams)
        .bind(i32::try_from(V::VERSION).unwrap_or(i32::MAX))
        .fetch_all(&mut *tx)
        .await?;
        stored.iter().map(|row| row_of(row)).collect()
    }

    /// The rows of one thread of the permit's own tenant.
    ///
    /// # Errors
    /// As [`Self::rows`].
    pub async fn thread<V: View>(
        &self,
        permit: &Permit,
        thread: Uuid,
    ) -> Result<Vec<(Uuid, V::Row)>, LedgerError> {
        let tenant = permit.actor().tenant;
        let mut tx = begin(self.reader(), tenant).await?;
        let stored: Vec<(Uuid, String)> = sqlx::query_as(
            "SELECT r.stream, r.row::text
               FROM ledger.view_build b JOIN ledger.view_row r ON r.build = b.build
              WHERE b.view = $1 AND b.state = 'live' AND b.version = $4
                AND r.tenant_id = $2 AND r.thread = $3
              ORDER BY r.stream",
        )
        .bind(V::NAME)
        .bind(tenant.0)
        .bind(thread)
        .bind(i32::try_from(V::VERSION).unwrap_or(i32::MAX))
        .fetch_all(&mut *tx)
        .await?;
        stored
            .into_iter()
            .map(|(stream, row)| Ok((stream, row_of(&row)?)))
            .collect()
    }
}

fn row_of<R: serde::de::DeserializeOwned>(row: &str) -> Result<R, LedgerError> {
    serde_json::from_str(row)
        .map_err(|error| LedgerError::Store(sqlx::Error::Decode(Box::new(error))))
}
