//! Builds of views: opening them, filling one from the whole log, and the switch to a new one.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use domain::actor::{TenantId, TenantKind};
use sqlx::{PgConnection, PgPool};
use tracing::{info, warn};
use uuid::Uuid;

use crate::{
    Inner, LedgerError,
    follow::{begin, signed, unsigned},
    lane::{Build, Changes, Folds, Lane, Move, Scan, Skips, write},
    replay::{Moment, Opens, Replayed, only},
    transaction::begun,
    view::{Figures, Noted, Parked},
};

/// Rows that one statement of a scan writes.
const ROWS_AT_ONCE: usize = 2000;

/// Position and stamp of each open lane.
pub(crate) type Checkpoints = HashMap<(TenantId, i64), (u64, i64)>;

/// The builds of these views at their versions that are live or building, opening one where there
/// is none.
pub(crate) async fn open(
    pool: &PgPool,
    views: &[Arc<dyn Folds>],
) -> Result<Vec<Build>, LedgerError> {
    let names: Vec<&str> = views.iter().map(|view| view.name()).collect();
    loop {
        let known: Vec<(i64, String, i32, bool)> = sqlx::query_as(
            "SELECT build, view, version, state = 'live' FROM ledger.view_build
              WHERE view = ANY ($1) AND state <> 'retired' ORDER BY build",
        )
        .bind(&names)
        .fetch_all(pool)
        .await?;
        let (mut builds, mut opened) = (vec![], false);
        for view in views {
            let version = i32::try_from(view.version()).unwrap_or(i32::MAX);
            let known: Vec<_> = known
                .iter()
                .filter(|(_, of, ..)| of == view.name())
                .collect();
            let newest = known.iter().map(|(_, _, of, _)| *of).max().unwrap_or(0);
            let before = builds.len();
            builds.extend(known.iter().filter(|(_, _, of, _)| *of == version).map(
                |(number, _, _, live)| Build {
                    number: *number,
                    live: *live,
                    view: Arc::clone(view),
                },
            ));
            if builds.len() > before || newest > version {
                continue;
            }
            let state = if known.iter().any(|(.., live)| *live) {
                "building"
            } else {
                "live"
            };
            info!(
                view = view.name(),
                version, state, "opening a build of the view"
            );
            sqlx::query(
                "INSERT INTO ledger.view_build (view, version, state) VALUES ($1, $2, $3)
                 ON CONFLICT DO NOTHING",
            )
            .bind(view.name())
            .bind(version)
            .bind(state)
            .execute(pool)
            .await?;
            opened = true;
        }
        if !opened {
            return Ok(builds);
        }
    }
}

/// The checkpoints of these builds.
pub(crate) async fn checkpoints(
    pool: &PgPool,
    builds: &[Build],
) -> Result<Checkpoints, LedgerError> {
    let numbers: Vec<i64> = builds.iter().map(|build| build.number).collect();
    let stored: Vec<(Uuid, i64, i64, i64)> = sqlx::query_as(
        "SELECT tenant_id, build, position, stamp FROM ledger.view_checkpoint
          WHERE build = ANY ($1)",
    )
    .bind(numbers)
    .fetch_all(pool)
    .await?;
    Ok(stored
        .into_iter()
        .map(|(tenant, build, position, stamp)| {
            ((TenantId(tenant), build), (unsigned(position), stamp))
        })
        .collect())
}

/// Opens lanes at the beginning of their feeds; not those of a build that is retired or that a
/// scan is filling.
pub(crate) async fn open_lanes(
    pool: &PgPool,
    lanes: &[(TenantId, i64)],
) -> Result<(), LedgerError> {
    if lanes.is_empty() {
        return Ok(());
    }
    let (tenants, builds): (Vec<Uuid>, Vec<i64>) = lanes
        .iter()
        .map(|(tenant, build)| (tenant.0, *build))
        .unzip();
    sqlx::query(
        "WITH open AS MATERIALIZED (
           SELECT build FROM ledger.view_build
            WHERE build = ANY ($1) AND state <> 'retired'
              FOR KEY SHARE SKIP LOCKED)
         INSERT INTO ledger.view_checkpoint (build, tenant_id, position)
         SELECT l.build, l.tenant, 0
           FROM unnest($1::bigint[], $2::uuid[]) AS l (build, tenant)
          WHERE l.build IN (SELECT build FROM open)
          ORDER BY l.tenant, l.build
         ON CONFLICT DO NOTHING",
    )
    .bind(builds)
    .bind(tenants)
    .execute(pool)
    .await?;
    Ok(())
}

/// Gives each lane that has nothing at hand its parked streams and skipped events.
pub(crate) async fn load_set_aside<'a>(
    pool: &PgPool,
    lanes: impl Iterator<Item = &'a mut Lane>,
) -> Result<(), LedgerError> {
    let empty: Vec<&mut Lane> = lanes.filter(|lane| lane.kept.is_none()).collect();
    if empty.is_empty() {
        return Ok(());
    }
    let builds: HashSet<i64> = empty.iter().map(|lane| lane.build.number).collect();
    let builds: Vec<i64> = builds.into_iter().collect();
    let views: HashSet<&str> = empty.iter().map(|lane| lane.build.view.name()).collect();
    let views: Vec<&str> = views.into_iter().collect();
    let parked: Vec<(Uuid, i64, Uuid, i64, String)> = sqlx::query_as(
        "SELECT tenant_id, build, stream, sequence, reason FROM ledger.view_parked
          WHERE build = ANY ($1)",
    )
    .bind(builds)
    .fetch_all(pool)
    .await?;
    let mut parked_of: HashMap<(TenantId, i64), BTreeMap<Uuid, Parked>> = HashMap::new();
    for (tenant, build, stream, sequence, reason) in parked {
        let sequence = unsigned(sequence);
        parked_of
            .entry((TenantId(tenant), build))
            .or_default()
            .insert(stream, Parked { sequence, reason });
    }
    let mut skipped_of = skipped(pool, &views).await?;
    for lane in empty {
        let view = &lane.build.view;
        let skips = skipped_of
            .get_mut(view.name())
            .and_then(|of| of.get(&lane.tenant))
            .cloned();
        let parked = parked_of.remove(&(lane.tenant, lane.build.number));
        lane.kept = Some(view.rows(parked.unwrap_or_default(), skips.unwrap_or_default()));
    }
    Ok(())
}

/// The events set aside for these views, by view and tenant.
async fn skipped(
    pool: &PgPool,
    views: &[&str],
) -> Result<HashMap<String, HashMap<TenantId, Skips>>, LedgerError> {
    let stored: Vec<(String, Uuid, Uuid, i64)> = sqlx::query_as(
        "SELECT view, tenant_id, stream, sequence FROM ledger.view_skip WHERE view = ANY ($1)",
    )
    .bind(views)
    .fetch_all(pool)
    .await?;
    let mut skipped: HashMap<String, HashMap<TenantId, Skips>> = HashMap::new();
    for (view, tenant, stream, sequence) in stored {
        skipped
            .entry(view)
            .or_default()
            .entry(TenantId(tenant))
            .or_default()
            .insert((stream, unsigned(sequence)));
    }
    Ok(skipped)
}

/// What a scan keeps of one partition.
struct Scanned {
    /// One per build.
    folds: Vec<Box<dyn Scan>>,
    /// Events seen by each tenant.
    seen: HashMap<TenantId, u64>,
}

/// What is stored of one partition.
struct Amounts {
    /// One per build.
    taken: Vec<Taken>,
    seen: HashMap<TenantId, u64>,
}

/// Fills builds that have not begun from one scan of the whole log, each event decoded once for all
/// of them. A row depends on one stream only and a figure is a sum, so streams may come in any
/// order; rows are held for a few partitions of the log at a time, and written beside the reading
/// of the next. Everything is written in one transaction with the checkpoints, which end at the heads of the moment that was scanned: a crash
/// leaves nothing, and the feeds carry on from there. Answers whether it was done; not when another
/// process is at one of the builds.
pub(crate) async fn scan(
    ledger: Arc<Inner>,
    builds: Vec<Build>,
    kinds: HashMap<TenantId, TenantKind>,
) -> Result<bool, LedgerError> {
    let numbers: Vec<i64> = builds.iter().map(|build| build.number).collect();
    let mut tx = begun(&ledger.projector, "BEGIN").await?;
    // While this is held nobody opens a lane of these builds, nor waits for it.
    let held: Vec<i64> = sqlx::query_scalar(
        "SELECT build FROM ledger.view_build WHERE build = ANY ($1) AND state <> 'retired'
          ORDER BY build FOR UPDATE SKIP LOCKED",
    )
    .bind(&numbers)
    .fetch_all(&mut *tx)
    .await?;
    let begun: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM ledger.view_checkpoint WHERE build = ANY ($1))",
    )
    .bind(&numbers)
    .fetch_one(&mut *tx)
    .await?;
    if begun || held.len() < builds.len() {
        return Ok(false);
    }
    info!(builds = ?numbers, "filling builds of views from the log");

    let mut moment = Moment::now(&ledger).await?;
    let heads: Vec<(Uuid, i64)> =
        sqlx::query_as("SELECT tenant_id, head FROM ledger.tenant WHERE head > 0")
            .fetch_all(moment.connection())
            .await?;
    let mut lanes: Vec<(Build, TenantId, u64)> = vec![];
    for (tenant, head) in heads {
        let tenant = TenantId(tenant);
        let kind = kinds.get(&tenant);
        let of_kind = builds
            .iter()
            .filter(|build| Some(&build.view.kind()) == kind);
        lanes.extend(of_kind.map(|build| (build.clone(), tenant, unsigned(head))));
    }
    begin_lanes(&mut tx, &lanes).await?;

    let names: Vec<&str> = builds.iter().map(|build| build.view.name()).collect();
    let mut skips = skipped(&ledger.projector, &names).await?;
    let skips: Vec<Arc<HashMap<TenantId, Skips>>> = names
        .iter()
        .map(|name| Arc::new(skips.remove(*name).unwrap_or_default()))
        .collect();
    let start = {
        let builds = builds.clone();
        move || Scanned {
            folds: builds
                .iter()
                .zip(&skips)
                .map(|(build, skips)| build.view.scan(Arc::clone(skips)))
                .collect(),
            seen: HashMap::new(),
        }
    };
    // The tenants and builds that one event of each kind of tenant goes to.
    let all = kinds.len();
    let shown: HashMap<TenantId, Vec<usize>> = kinds
        .into_iter()
        .map(|(tenant, kind)| {
            let of_kind = |(_, build): &(usize, &Build)| build.view.kind() == kind;
            let nths = builds.iter().enumerate().filter(of_kind);
            (tenant, nths.map(|(nth, _)| nth).collect::<Vec<_>>())
        })
        .filter(|(_, nths)| !nths.is_empty())
        .collect();
    let of = (shown.len() < all)
        .then(|| only(shown.keys().copied()))
        .flatten();
    let visit = move |scanned: &mut Scanned, event: Replayed<'_>| note(&shown, scanned, &event);
    let amounts = |scanned: Scanned| {
        let taken = scanned.folds.into_iter().map(in_order);
        Ok(Amounts {
            taken: taken.collect::<Result<_, LedgerError>>()?,
            seen: scanned.seen,
        })
    };

    let mut sums: HashMap<(i64, TenantId), Changes> = HashMap::new();
    let mut seen: HashMap<TenantId, u64> = HashMap::new();
    let mut reading = moment.read(of, Opens::Nothing, start, visit, amounts);
    while let Some(amounts) = reading.next().await {
        let amounts = amounts?;
        for (tenant, count) in amounts.seen {
            *seen.entry(tenant).or_default() += count;
        }
        for (build, (rows, changes)) in builds.iter().zip(amounts.taken) {
            for (tenant, changes) in changes {
                let sum = sums.entry((build.number, tenant)).or_default();
                sum.figures.add_all(&changes.figures);
                sum.crowds = changes.crowds;
                sum.parked.extend(changes.parked);
            }
            if !fill(&mut tx, build, &rows).await? {
                return Ok(false);
            }
        }
    }

    let (mut moves, mut filled) = (vec![], vec![]);
    for (build, tenant, head) in &lanes {
        // A feed is dense: a tenant that sees fewer events than its head has a hole in its feed,
        // which following it will name.
        if seen.get(tenant) != Some(head) {
            warn!(%tenant, "the feed and the log differ; the builds are folded by feed");
            return Err(LedgerError::HoleInFeed {
                tenant: *tenant,
                position: *head,
            });
        }
        let mut changes = sums.remove(&(build.number, *tenant)).unwrap_or_default();
        filled.push((
            build.number,
            *tenant,
            std::mem::take(&mut changes.figures),
            changes.crowds,
        ));
        let mut parked_at = vec![];
        for (stream, parked) in &changes.parked {
            parked_at.push(position(moment.connection(), *tenant, *stream, parked.sequence).await?);
        }
        moves.push(Move {
            build: build.number,
            tenant: *tenant,
            from: 0,
            stamp: 0,
            to: *head,
            changes,
            parked_at,
        });
    }
    moment.end().await?;
    if !fill_figures(&mut tx, filled).await? || write(&mut *tx, &moves).await?.contains(&false) {
        return Ok(false);
    }
    tx.commit().await?;
    Ok(true)
}

/// Takes an event into the fold of each of its parties that a build is for.
fn note(shown: &HashMap<TenantId, Vec<usize>>, scanned: &mut Scanned, event: &Replayed<'_>) {
    let parties: Vec<(TenantId, &Vec<usize>)> = event
        .parties()
        .filter_map(|party| Some((party, shown.get(&party)?)))
        .collect();
    if parties.is_empty() {
        return;
    }
    let noted = Noted {
        stream: event.stream,
        sequence: event.sequence,
        effective: event.effective(),
        recorded: event.recorded,
        fact: event.fact(),
    };
    for (party, nths) in parties {
        *scanned.seen.entry(party).or_default() += 1;
        for nth in nths {
            if let Some(fold) = scanned.folds.get_mut(*nth) {
                fold.note(party, &noted);
            }
        }
    }
}

async fn begin_lanes(
    tx: &mut PgConnection,
    lanes: &[(Build, TenantId, u64)],
) -> Result<(), LedgerError> {
    let builds: Vec<i64> = lanes.iter().map(|(build, ..)| build.number).collect();
    let tenants: Vec<Uuid> = lanes.iter().map(|(_, tenant, _)| tenant.0).collect();
    sqlx::query(
        "INSERT INTO ledger.view_checkpoint (build, tenant_id, position)
         SELECT l.build, l.tenant, 0 FROM unnest($1::bigint[], $2::uuid[]) AS l (build, tenant)",
    )
    .bind(builds)
    .bind(tenants)
    .execute(tx)
    .await?;
    Ok(())
}

/// A row of a partition: tenant, stream, thread and what is kept.
type Filled = (Uuid, (Uuid, Option<Uuid>, String));

/// The rows of one partition in the order of their index, and what stays: figures and parked streams.
type Taken = (Vec<Filled>, Vec<(TenantId, Changes)>);

fn in_order(folds: Box<dyn Scan>) -> Result<Taken, LedgerError> {
    let mut folded = folds.finish()?;
    let mut rows: Vec<Filled> = vec![];
    for (tenant, changes) in &mut folded {
        let own = std::mem::take(&mut changes.rows);
        rows.extend(own.into_iter().map(|row| (tenant.0, row)));
    }
    rows.sort_unstable_by_key(|(tenant, (stream, ..))| (*tenant, *stream));
    Ok((rows, folded))
}

/// Stores rows. Answers whether every checkpoint still is at the beginning.
async fn fill(tx: &mut PgConnection, build: &Build, rows: &[Filled]) -> Result<bool, LedgerError> {
    for rows in rows.chunks(ROWS_AT_ONCE) {
        let tenants: Vec<Uuid> = rows.iter().map(|(tenant, _)| *tenant).collect();
        let streams: Vec<Uuid> = rows.iter().map(|(_, (stream, ..))| *stream).collect();
        let threads: Vec<Option<Uuid>> = rows.iter().map(|(_, (_, thread, _))| *thread).collect();
        let texts: Vec<&str> = rows.iter().map(|(_, (.., text))| text.as_str()).collect();
        let stored: i64 = sqlx::query_scalar("SELECT ledger.fill($1, $2, $3, $4, $5)")
            .bind(build.number)
            .bind(tenants)
            .bind(streams)
            .bind(threads)
            .bind(texts)
            .fetch_one(&mut *tx)
            .await?;
        if unsigned(stored) != rows.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Stores the figures of tenants, and which of them are crowds. Answers as [`fill`] does.
async fn fill_figures(
    tx: &mut PgConnection,
    mut figures: Vec<(i64, TenantId, Figures, &[&str])>,
) -> Result<bool, LedgerError> {
    // In the order of their index.
    figures.sort_unstable_by_key(|(build, tenant, ..)| (*tenant, *build));
    let (mut builds, mut tenants, mut names, mut parts) = (vec![], vec![], vec![], vec![]);
    let (mut values, mut crowds) = (vec![], vec![]);
    for (build, tenant, figures, crowd) in &figures {
        for (name, part, value) in figures.iter() {
            builds.push(*build);
            tenants.push(tenant.0);
            names.push(name);
            parts.push(part);
            values.push(value);
            crowds.push(crowd.contains(&name));
        }
    }
    let stored: i64 = sqlx::query_scalar("SELECT ledger.fill_figures($1, $2, $3, $4, $5, $6)")
        .bind(builds)
        .bind(tenants)
        .bind(&names)
        .bind(parts)
        .bind(values)
        .bind(crowds)
        .fetch_one(tx)
        .await?;
    Ok(unsigned(stored) == names.len() as u64)
}

/// Where an event lies in a tenant's feed.
async fn position(
    connection: &mut PgConnection,
    tenant: TenantId,
    stream: Uuid,
    sequence: u64,
) -> Result<u64, LedgerError> {
    let position: Option<i64> = sqlx::query_scalar(
        "SELECT position FROM ledger.feed
          WHERE tenant_id = $1 AND aggregate_id = $2 AND sequence = $3
          ORDER BY position LIMIT 1",
    )
    .bind(tenant.0)
    .bind(stream.to_string())
    .bind(signed(sequence))
    .fetch_optional(connection)
    .await?;
    Ok(position.map_or(1, unsigned))
}

/// Makes a building build live and retires the one before, in one transaction, once it has folded
/// every feed at least as far. Answers whether it did.
pub(crate) async fn switch(pool: &PgPool, build: i64) -> Result<bool, LedgerError> {
    let mut tx = begun(pool, "BEGIN").await?;
    let view: Option<String> = sqlx::query_scalar(
        "SELECT view FROM ledger.view_build WHERE build = $1 AND state = 'building' FOR UPDATE",
    )
    .bind(build)
    .fetch_optional(&mut *tx)
    .await?;
    let Some(view) = view else { return Ok(false) };
    let live: Option<i64> = sqlx::query_scalar(
        "SELECT build FROM ledger.view_build WHERE view = $1 AND state = 'live' FOR UPDATE",
    )
    .bind(&view)
    .fetch_optional(&mut *tx)
    .await?;
    // The live build stands still while it is compared, so that no reply goes back in position.
    sqlx::query(
        "SELECT 1 FROM ledger.view_checkpoint WHERE build = $1 ORDER BY tenant_id FOR UPDATE",
    )
    .bind(live)
    .execute(&mut *tx)
    .await?;
    let behind: bool = sqlx::query_scalar(
        "SELECT EXISTS (
           SELECT 1 FROM ledger.view_checkpoint old
             LEFT JOIN ledger.view_checkpoint new
               ON new.tenant_id = old.tenant_id AND new.build = $2
            WHERE old.build = $1 AND old.position > coalesce(new.position, 0))",
    )
    .bind(live)
    .bind(build)
    .fetch_one(&mut *tx)
    .await?;
    if behind {
        return Ok(false);
    }
    sqlx::query("UPDATE ledger.view_build SET state = 'retired' WHERE build = $1")
        .bind(live)
        .execute(&mut *tx)
        .await?;
    sqlx::query("UPDATE ledger.view_build SET state = 'live' WHERE build = $1")
        .bind(build)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(true)
}

/// Removes what retired builds of a view have left; what a crash leaves, the next switch removes.
pub(crate) async fn clear_retired(pool: &PgPool, view: &str) -> Result<(), LedgerError> {
    let left: Vec<(i64, Uuid)> = sqlx::query_as(
        "SELECT c.build, c.tenant_id FROM ledger.view_checkpoint c
           JOIN ledger.view_build b USING (build)
          WHERE b.view = $1 AND b.state = 'retired'",
    )
    .bind(view)
    .fetch_all(pool)
    .await?;
    for (build, tenant) in left {
        let mut tx = begin(pool, TenantId(tenant)).await?;
        for delete in [
            "DELETE FROM ledger.view_row WHERE tenant_id = $1 AND build = $2",
            "DELETE FROM ledger.view_figure WHERE tenant_id = $1 AND build = $2",
            "DELETE FROM ledger.view_part WHERE tenant_id = $1 AND build = $2",
            "DELETE FROM ledger.view_spread WHERE tenant_id = $1 AND build = $2",
            "DELETE FROM ledger.view_parked WHERE tenant_id = $1 AND build = $2",
            "DELETE FROM ledger.view_checkpoint WHERE tenant_id = $1 AND build = $2",
        ] {
            sqlx::query(delete)
                .bind(tenant)
                .bind(build)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
    }
    Ok(())
}
