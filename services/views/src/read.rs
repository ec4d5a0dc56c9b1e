//! Reading a tenant's own dashboard: live, or as it was.

use domain::{
    actor::TenantKind, calendar::london_date, permission::Permit, policy::Policies,
    refusal::Refusal,
};
use jiff::{Timestamp, civil::Date};
use ledger::{AsOf, Ledger, LedgerError, Moves, view::Figures};
use uuid::Uuid;

use crate::{
    Commissioner, Employer, Network, University,
    dashboard::{Dashboard, Definition, Shown, shown},
    journey::Journey,
    record::Record,
    released::ReleasedBy,
    told::{folded_and_told, told},
};

/// What is asked of a dashboard.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// The day it stands for; today when absent. A past one is folded again from the feed.
    pub as_of: Option<Date>,
    /// Only what the service had learnt by then.
    pub known: Option<Timestamp>,
    /// The feed position it must include; for reading one's own writes.
    pub at_least: u64,
    /// A page of journeys with it.
    pub journeys: Option<Page>,
}

/// A page of journeys.
#[derive(Debug, Clone, Copy)]
pub struct Page {
    /// After this application.
    pub after: Option<Uuid>,
    /// At most so many; of a live dashboard never more than [`ledger::THREADS_MAX`] at once.
    pub limit: u32,
}

/// A dashboard as a tenant sees it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The view.
    pub view: &'static str,
    /// The version of the view that made it.
    pub version: u32,
    /// The position of the tenant's feed it includes everything up to.
    pub position: u64,
    /// The end of the tenant's feed when it was read.
    pub head: u64,
    /// Only what the service had learnt by then is in it; absent when that is all of the feed.
    pub known: Option<Timestamp>,
    /// The day it stands for.
    pub as_of: Date,
    /// What its figures mean.
    pub definitions: &'static [Definition],
    /// Those of them that have no list of what is behind.
    pub counts_only: Vec<&'static str>,
    /// The figures.
    pub figures: Vec<Shown>,
    /// The journeys asked for, by application.
    pub journeys: Vec<Journey>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<Uuid>,
}

/// The dashboard of the permit's own tenant; a kind of tenant that has none is not permitted.
///
/// # Errors
/// `POLICY_MISSING`, the uniform refusal, or why the ledger could not be read.
pub async fn dashboard(
    ledger: &Ledger,
    permit: &Permit,
    asked: Asked,
) -> Result<Seen, LedgerError> {
    match permit.actor().kind {
        TenantKind::Employer => read::<Employer>(ledger, permit, asked).await,
        TenantKind::University => read::<University>(ledger, permit, asked).await,
        TenantKind::Commissioner => read::<Commissioner>(ledger, permit, asked).await,
        TenantKind::Network => read::<Network>(ledger, permit, asked).await,
        TenantKind::Evaluator | TenantKind::Auditor | TenantKind::Platform | TenantKind::Person => {
            Err(Refusal::not_permitted().into())
        }
    }
}

/// Tells when the dashboard of the permit's own tenant may have moved.
///
/// # Errors
/// The uniform refusal for a kind of tenant that has none.
pub fn moves(ledger: &Ledger, permit: &Permit) -> Result<Moves, LedgerError> {
    let tenant = permit.actor().tenant;
    Ok(match permit.actor().kind {
        TenantKind::Employer => ledger.view_moves::<Employer>(tenant),
        TenantKind::University => ledger.view_moves::<University>(tenant),
        TenantKind::Commissioner => ledger.view_moves::<Commissioner>(tenant),
        TenantKind::Network => ledger.view_moves::<Network>(tenant),
        TenantKind::Evaluator | TenantKind::Auditor | TenantKind::Platform | TenantKind::Person => {
            return Err(Refusal::not_permitted().into());
        }
    })
}

async fn read<D: Dashboard>(
    ledger: &Ledger,
    permit: &Permit,
    asked: Asked,
) -> Result<Seen, LedgerError>
where
    D::Row: AsRef<Record>,
{
    let role = permit.actor().role;
    let policies = Policies::of(ledger.policies());
    let today = london_date(ledger.now());
    let on = asked.as_of.unwrap_or(today);
    let released_by = |day: Date| ReleasedBy {
        day: day.min(today),
        clock: ledger.clock(),
    };
    let mut seen = Seen {
        view: D::NAME,
        version: D::VERSION,
        position: 0,
        head: 0,
        known: asked.known,
        as_of: on,
        definitions: D::DEFINITIONS,
        counts_only: D::SUPPRESSED.iter().map(|people| people.figure).collect(),
        figures: vec![],
        journeys: vec![],
        next: None,
    };
    if on < today || asked.known.is_some() {
        let as_of = AsOf {
            effective: on,
            known: asked.known,
        };
        let again = asked.journeys.is_some_and(|page| page.after.is_some());
        let (position, folded) = ledger.fold_as_of::<D>(permit, as_of, again).await?;
        let folded = &*folded;
        (seen.position, seen.head) = (position, position);
        // Of people of others there is what was released by then, not what was true.
        let known = match D::RELEASED {
            [] => Figures::default(),
            _ => {
                let mut figures = ledger.figures::<D>(permit, 0).await?.figures;
                told::<D>(ledger, permit, &mut figures).await?;
                figures
            }
        };
        let learnt = asked.known.map_or(today, london_date);
        let by = released_by(on.min(learnt));
        seen.figures = shown::<D>(folded_and_told(folded), &policies, on, (Some(&known), by))?;
        if let Some(page) = asked.journeys {
            let mut threads = folded.threads(page.after);
            let limit = page.limit.max(1) as usize;
            let more = threads.len() > limit;
            threads.truncate(limit);
            seen.next = threads.last().map(|(id, _)| *id).filter(|_| more);
            seen.journeys = threads
                .into_iter()
                .map(|(id, rows)| {
                    Journey::of(id, rows.into_iter().map(AsRef::as_ref), on).narrowed(role)
                })
                .collect();
        }
        return Ok(seen);
    }
    if asked.at_least > 0 && asked.at_least > ledger.head(permit.actor().tenant).await? {
        return Err(Refusal::invalid(
            "at_least_position",
            "beyond the end of your feed; use the position of a receipt",
        )
        .into());
    }
    let mut reading = ledger.figures::<D>(permit, asked.at_least).await?;
    seen.version = reading.version;
    (seen.position, seen.head) = (reading.position, reading.head);
    seen.known = reading.waiting;
    told::<D>(ledger, permit, &mut reading.figures).await?;
    seen.figures = shown::<D>(reading.figures, &policies, on, (None, released_by(on)))?;
    if let Some(page) = asked.journeys {
        let threads = ledger.threads::<D>(permit, page.after, page.limit).await?;
        seen.next = threads.next;
        seen.journeys = threads
            .threads
            .iter()
            .map(|thread| {
                Journey::of(
                    thread.id,
                    thread.rows.iter().map(|(_, row)| row.as_ref()),
                    on,
                )
            })
            .map(|journey| journey.narrowed(role))
            .collect();
    }
    Ok(seen)
}
