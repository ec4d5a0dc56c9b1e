//! Whether a view still is what the events make of it: it is built again in memory, beside the live
//! build and at the same position, and compared row by row and figure by figure. Where they differ,
//! the record is folded again event by event, which tells from which of its events on.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use domain::actor::TenantId;
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::{
    LedgerError,
    follow::{self, Followed, Whose, begin, signed, unsigned},
    lane::{Skips, unreadable},
    operator::{live_build, parked_streams, skipped},
    project::BATCH_MAX,
    transaction::begun,
    view::{Figures, Folded, Parked, View},
};

/// Told while a check goes on: the position it has folded up to, and the last one.
pub type Told<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// What a check found of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The position that both were compared at.
    pub position: u64,
    /// Rows compared.
    pub rows: u64,
    /// Figures compared.
    pub figures: u64,
    /// The first difference; `None` when there is none.
    pub drift: Option<Drift>,
}

/// A difference between what is stored and what the events make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// Where.
    pub at: Drifted,
    /// What is stored there.
    pub stored: String,
    /// What the events make of it.
    pub folded: String,
    /// The event from which on they differ; `None` when no event touches the place.
    pub event: Option<Diverged>,
}

/// Where a view differs from the events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drifted {
    /// A row, in these places of it.
    Row {
        /// The record the row is of.
        stream: Uuid,
        /// The places, as JSON pointers; the whole row when empty.
        places: Vec<String>,
    },
    /// A figure, while every row is right.
    Figure {
        /// Its name.
        name: String,
        /// Which part of it; empty for a whole one.
        part: String,
    },
    /// How many parts of a crowd have a value, while every part is right.
    Spread {
        /// The name of the crowd.
        name: String,
        /// The value.
        value: i64,
    },
}

impl fmt::Display for Drifted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { stream, places } => write!(f, "row {stream} {}", places.join(",")),
            Self::Figure { name, part } if part.is_empty() => write!(f, "figure {name}"),
            Self::Figure { name, part } => write!(f, "figure {name}[{part}]"),
            Self::Spread { name, value } => write!(f, "spread {name}[{value}]"),
        }
    }
}

/// An event, as an operator finds it again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diverged {
    /// Its position in the tenant's feed.
    pub position: u64,
    /// The kind of its record.
    pub kind: String,
    /// The record.
    pub stream: Uuid,
    /// Its sequence in the record.
    pub sequence: u64,
    /// Its type.
    pub event_type: String,
}

/// What the live build held at one moment.
struct Stored {
    position: u64,
    /// Thread and row, by stream.
    rows: HashMap<Uuid, (Option<Uuid>, String)>,
    figures: Figures,
    /// How many parts there are, by crowd and value.
    spread: BTreeMap<(String, i64), i64>,
    /// Events that it has passed over, or not come to.
    aside: Aside,
}

/// The events a build does not fold: those of a parked stream from where it stopped, and those an
/// operator has set aside.
struct Aside {
    parked: BTreeMap<Uuid, Parked>,
    skipped: Skips,
}

impl Aside {
    fn folds(&self, item: &Followed) -> bool {
        let noted = &item.noted;
        !self.skipped.contains(&(noted.stream, noted.sequence))
            && (self.parked.get(&noted.stream)).is_none_or(|at| noted.sequence < at.sequence)
    }
}

/// Compares the live build of a view with the events, for one tenant.
pub(crate) async fn check<V: View>(
    pool: &PgPool,
    tenant: TenantId,
    told: Told<'_>,
) -> Result<Checked, LedgerError> {
    let stored = stored::<V>(pool, tenant).await?;
    let mut folded = Folded::<V>::default();
    each(pool, tenant, &stored, told, |item| folded.note(&item.noted)).await?;

    let rows = folded.rows();
    let figures = folded.figures();
    drop(folded);
    let names: BTreeSet<(&str, &str)> = (figures.iter().chain(stored.figures.iter()))
        .map(|(name, part, _)| (name, part))
        .collect();
    let mut checked = Checked {
        position: stored.position,
        rows: rows.len().max(stored.rows.len()) as u64,
        figures: names.len() as u64,
        drift: None,
    };
    let streams: BTreeSet<&Uuid> = rows.keys().chain(stored.rows.keys()).collect();
    for stream in streams {
        let expected = Kept::of::<V>(rows.get(stream).unwrap_or(&V::Row::default()))?;
        let found = match stored.rows.get(stream) {
            Some((thread, row)) => Kept::read::<V>(*thread, row)?,
            None => Kept::of::<V>(&V::Row::default())?,
        };
        if expected != found {
            checked.drift =
                Some(row_drift::<V>(pool, tenant, &stored, (*stream, &expected, &found)).await?);
            return Ok(checked);
        }
    }
    for (name, part) in names {
        let (expected, found) = (
            figures.get_of(name, part),
            stored.figures.get_of(name, part),
        );
        if expected != found {
            let event = figure_diverged::<V>(pool, tenant, &stored, (name, part, found)).await?;
            checked.drift = Some(Drift {
                at: Drifted::Figure {
                    name: name.to_owned(),
                    part: part.to_owned(),
                },
                stored: found.to_string(),
                folded: expected.to_string(),
                event,
            });
            return Ok(checked);
        }
    }
    checked.drift = spread_drift::<V>(&stored, &figures);
    Ok(checked)
}

/// The first difference between how many parts there are and how many are said to be there. No event
/// is at fault, since a fold moves both.
fn spread_drift<V: View>(stored: &Stored, figures: &Figures) -> Option<Drift> {
    let expected: BTreeMap<(String, i64), i64> = (V::CROWDS.iter())
        .flat_map(|name| {
            let spread = figures.crowd(name).spread.into_iter();
            spread.map(|(value, parts)| (((*name).to_owned(), value), parts))
        })
        .collect();
    let of = |spread: &BTreeMap<(String, i64), i64>, at| spread.get(at).copied().unwrap_or(0);
    let mut places = expected.keys().chain(stored.spread.keys());
    let at = places.find(|at| of(&expected, at) != of(&stored.spread, at))?;
    Some(Drift {
        at: Drifted::Spread {
            name: at.0.clone(),
            value: at.1,
        },
        stored: of(&stored.spread, at).to_string(),
        folded: of(&expected, at).to_string(),
        event: None,
    })
}

/// Reads what the live build holds, all of one moment and without holding anybody up.
async fn stored<V: View>(pool: &PgPool, tenant: TenantId) -> Result<Stored, LedgerError> {
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
         SELECT set_config('trellis.tenant', '{}', true)",
        tenant.0
    );
    let mut tx = begun(pool, begin).await?;
    let build = live_build(&mut tx, V::NAME, V::VERSION).await?;
    let position: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM ledger.view_checkpoint WHERE tenant_id = $1 AND build = $2",
    )
    .bind(tenant.0)
    .bind(build)
    .fetch_optional(&mut *tx)
    .await?;
    Ok(Stored {
        position: position.map_or(0, unsigned),
        rows: rows(&mut tx, tenant, build).await?,
        figures: figures(&mut tx, tenant, build).await?,
        spread: spread(&mut tx, tenant, build).await?,
        aside: Aside {
            parked: parked_streams(&mut tx, build.unwrap_or(0), tenant).await?,
            skipped: skipped(&mut tx, V::NAME, tenant).await?,
        },
    })
}

async fn rows(
    tx: &mut PgConnection,
    tenant: TenantId,
    build: Option<i64>,
) -> Result<HashMap<Uuid, (Option<Uuid>, String)>, LedgerError> {
    let rows: Vec<(Uuid, Option<Uuid>, String)> = sqlx::query_as(
        "SELECT stream, thread, row::text FROM ledger.view_row
          WHERE tenant_id = $1 AND build = $2",
    )
    .bind(tenant.0)
    .bind(build)
    .fetch_all(tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(stream, thread, row)| (stream, (thread, row)))
        .collect())
}

async fn figures(
    tx: &mut PgConnection,
    tenant: TenantId,
    build: Option<i64>,
) -> Result<Figures, LedgerError> {
    let figures: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT figure, part, value FROM ledger.view_figure WHERE tenant_id = $1 AND build = $2
         UNION ALL
         SELECT figure, part, value FROM ledger.view_part WHERE tenant_id = $1 AND build = $2",
    )
    .bind(tenant.0)
    .bind(build)
    .fetch_all(tx)
    .await?;
    Ok(figures.into_iter().collect())
}

async fn spread(
    tx: &mut PgConnection,
    tenant: TenantId,
    build: Option<i64>,
) -> Result<BTreeMap<(String, i64), i64>, LedgerError> {
    let spread: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT figure, value, parts FROM ledger.view_spread
          WHERE tenant_id = $1 AND build = $2 AND parts <> 0",
    )
    .bind(tenant.0)
    .bind(build)
    .fetch_all(tx)
    .await?;
    Ok(spread
        .into_iter()
        .map(|(name, value, parts)| ((name, value), parts))
        .collect())
}

/// Goes through the events that the live build has folded, in the order of the feed.
async fn each(
    pool: &PgPool,
    tenant: TenantId,
    stored: &Stored,
    told: Told<'_>,
    mut note: impl FnMut(&Followed) + Send,
) -> Result<(), LedgerError> {
    let mut after = 0;
    while after < stored.position {
        let mut tx = begin(pool, tenant).await?;
        let page = follow::read(&mut *tx, tenant, after, BATCH_MAX, Whose::All).await?;
        drop(tx);
        let Some(last) = page.last() else { break };
        after = last.position.min(stored.position);
        page.iter()
            .filter(|item| item.position <= stored.position && stored.aside.folds(item))
            .for_each(&mut note);
        told(after, stored.position);
    }
    Ok(())
}

/// A row as it is compared: what it holds, place by place, and the thread it is listed under.
#[derive(Debug, Clone, PartialEq)]
struct Kept {
    thread: Option<Uuid>,
    row: Value,
}

impl Kept {
    fn of<V: View>(row: &V::Row) -> Result<Self, LedgerError> {
        Ok(Self {
            thread: V::thread(row),
            row: serde_json::to_value(row).map_err(unreadable)?,
        })
    }

    /// A stored row, as this code writes it.
    fn read<V: View>(thread: Option<Uuid>, row: &str) -> Result<Self, LedgerError> {
        let row: V::Row = serde_json::from_str(row).map_err(unreadable)?;
        Ok(Self {
            thread,
            ..Self::of::<V>(&row)?
        })
    }

    /// Every place that holds something, as a JSON pointer.
    fn places(&self) -> BTreeMap<String, String> {
        let mut places = BTreeMap::new();
        place(&self.row, "", &mut places);
        if let Some(thread) = self.thread {
            places.insert("thread".to_owned(), thread.to_string());
        }
        places
    }
}

fn place(value: &Value, at: &str, places: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(of) if !of.is_empty() => {
            for (name, value) in of {
                place(value, &format!("{at}/{name}"), places);
            }
        }
        Value::Array(of) if !of.is_empty() => {
            for (nth, value) in of.iter().enumerate() {
                place(value, &format!("{at}/{nth}"), places);
            }
        }
        Value::Null => {}
        value => {
            places.insert(at.to_owned(), value.to_string());
        }
    }
}

/// From which event on a stored row differs: where it once agreed in the places in which it differs
/// now, the event after; where it never did, the last that set one of them.
async fn row_drift<V: View>(
    pool: &PgPool,
    tenant: TenantId,
    stored: &Stored,
    (stream, expected, found): (Uuid, &Kept, &Kept),
) -> Result<Drift, LedgerError> {
    let (expected, found) = (expected.places(), found.places());
    let places: BTreeSet<&String> = (expected.keys().chain(found.keys()))
        .filter(|place| expected.get(*place) != found.get(*place))
        .collect();
    let of = |row: &BTreeMap<String, String>| -> Vec<Option<String>> {
        places
            .iter()
            .map(|place| row.get(*place).cloned())
            .collect()
    };
    let (is, should) = (of(&found), of(&expected));

    let mut row = V::Row::default();
    let mut before = of(&Kept::of::<V>(&row)?.places());
    let mut agreed = before == is;
    let (mut since, mut set) = (None, None);
    let mut stopped = false;
    let mut failed = None;
    each(pool, tenant, stored, &|_, _| (), |item| {
        if item.noted.stream != stream || stopped {
            return;
        }
        let folds = (item.noted.fact.as_ref()).map(|fact| V::fold(&mut row, &item.noted, fact));
        stopped = !matches!(folds, Ok(Ok(())));
        let after = match Kept::of::<V>(&row) {
            Ok(kept) => of(&kept.places()),
            Err(error) => return failed = Some(error),
        };
        if after == is {
            (agreed, since) = (true, None);
        } else {
            since.get_or_insert(item.position);
        }
        if after != before {
            set = Some(item.position);
        }
        before = after;
    })
    .await?;
    if let Some(error) = failed {
        return Err(error);
    }
    let words = |of: Vec<Option<String>>| {
        let of = of
            .into_iter()
            .map(|value| value.unwrap_or("nothing".to_owned()));
        of.collect::<Vec<_>>().join(",")
    };
    Ok(Drift {
        stored: words(is),
        folded: words(should),
        at: Drifted::Row {
            stream,
            places: places.into_iter().cloned().collect(),
        },
        event: event_at(pool, tenant, if agreed { since } else { set }).await?,
    })
}

/// From which event on a stored figure differs while every row is right: the first to move it after
/// it last was what is stored, or else the last to move it.
async fn figure_diverged<V: View>(
    pool: &PgPool,
    tenant: TenantId,
    stored: &Stored,
    (name, part, found): (&str, &str, i64),
) -> Result<Option<Diverged>, LedgerError> {
    let mut rows: HashMap<Uuid, V::Row> = HashMap::new();
    let mut stopped: BTreeSet<Uuid> = BTreeSet::new();
    let (mut sum, mut agreed) = (0_i64, found == 0);
    let (mut since, mut moved) = (None, None);
    let adds = |row: &V::Row| {
        let mut sums = Figures::default();
        V::figures(row, &mut sums);
        sums.get_of(name, part)
    };
    each(pool, tenant, stored, &|_, _| (), |item| {
        let stream = item.noted.stream;
        if stopped.contains(&stream) {
            return;
        }
        let row = rows.entry(stream).or_default();
        let before = adds(row);
        let folds = (item.noted.fact.as_ref()).map(|fact| V::fold(row, &item.noted, fact));
        if !matches!(folds, Ok(Ok(()))) {
            stopped.insert(stream);
        }
        let difference = adds(row).saturating_sub(before);
        if difference != 0 {
            sum = sum.saturating_add(difference);
            moved = Some(item.position);
            if sum == found {
                (agreed, since) = (true, None);
            } else {
                since.get_or_insert(item.position);
            }
        }
    })
    .await?;
    event_at(pool, tenant, if agreed { since } else { moved }).await
}

/// The event at a position of a tenant's feed.
pub(crate) async fn event_at(
    pool: &PgPool,
    tenant: TenantId,
    position: Option<u64>,
) -> Result<Option<Diverged>, LedgerError> {
    let Some(position) = position else {
        return Ok(None);
    };
    let mut tx = begin(pool, tenant).await?;
    let found: Option<(String, String, i64, String)> = sqlx::query_as(
        "SELECT aggregate_type, aggregate_id, sequence, event_type FROM ledger.feed
          WHERE tenant_id = $1 AND position = $2",
    )
    .bind(tenant.0)
    .bind(signed(position))
    .fetch_optional(&mut *tx)
    .await?;
    Ok(found.map(|(kind, stream, sequence, event_type)| Diverged {
        position,
        kind,
        stream: stream.parse().unwrap_or_default(),
        sequence: unsigned(sequence),
        event_type,
    }))
}
