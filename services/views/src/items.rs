//! The records behind a figure, and what happened to them.

use domain::{
    actor::TenantKind,
    application::Application,
    calendar::london_date,
    fact,
    permission::Permit,
    policy::Policies,
    refusal::{Reason, Refusal},
    world::Decider as _,
};
use jiff::{Timestamp, civil::Date};
use ledger::{
    AsOf, Ledger, LedgerError, TimelineEvent,
    view::{Figures, View},
};
use uuid::Uuid;

use crate::{
    Commissioner, Employer, Network, University,
    dashboard::{Dashboard, People, Split},
    record::Record,
    told::{folded_and_told, told},
};

/// How many rows are looked at for one page: a figure with few records behind it may need several.
const ROWS_AT_ONCE: u32 = 500;

/// Which moment is asked about, on both clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    /// True in the world by the end of this day; today when absent.
    pub as_of: Option<Date>,
    /// Only what the service had learnt by then.
    pub known: Option<Timestamp>,
}

impl Moment {
    /// Whether a thing of a day that was learnt at an instant belongs to it.
    fn covers(self, on: Date, recorded: Timestamp) -> bool {
        self.as_of.is_none_or(|day| on <= day) && self.known.is_none_or(|known| recorded <= known)
    }
}

/// Whose records are asked for.
#[derive(Debug, Clone)]
pub struct Behind<'a> {
    /// The figure.
    pub figure: &'a str,
    /// Which part of it; all of a split one when empty.
    pub part: &'a str,
    /// When.
    pub moment: Moment,
    /// After this stream.
    pub after: Option<Uuid>,
    /// At most so many.
    pub limit: usize,
}

/// One record behind a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its resource name.
    pub name: String,
    /// The application whose thread it belongs to.
    pub application: Option<Uuid>,
    /// What it adds to the figure; to one that follows from several sums, the difference it makes.
    pub value: i64,
}

/// A page of items; where the next one starts, `None` on the last.
pub type Items = (Vec<Item>, Option<Uuid>);

/// The records behind a figure of the permit's own tenant.
///
/// # Errors
/// `FIELD_INVALID` for a figure that the dashboard does not have, `COUNTS_ONLY` for counts of people
/// of others, `POLICY_MISSING`, or why the ledger could not be read.
pub async fn behind(
    ledger: &Ledger,
    permit: &Permit,
    asked: &Behind<'_>,
) -> Result<Items, LedgerError> {
    match permit.actor().kind {
        TenantKind::Employer => list::<Employer>(ledger, permit, asked).await,
        TenantKind::University => list::<University>(ledger, permit, asked).await,
        TenantKind::Commissioner => list::<Commissioner>(ledger, permit, asked).await,
        TenantKind::Network => list::<Network>(ledger, permit, asked).await,
        TenantKind::Evaluator | TenantKind::Auditor | TenantKind::Platform | TenantKind::Person => {
            Err(Refusal::not_permitted().into())
        }
    }
}

async fn list<D: Dashboard>(
    ledger: &Ledger,
    permit: &Permit,
    asked: &Behind<'_>,
) -> Result<Items, LedgerError>
where
    D::Row: AsRef<Record>,
{
    let known = D::DEFINITIONS.iter().find(|one| one.name == asked.figure);
    let Some(definition) = known else {
        return Err(Refusal::invalid(
            "figure",
            "your dashboard has no such figure; GetDashboard tells its definitions",
        )
        .into());
    };
    if People::of::<D>(definition.name).is_some() {
        return Err(Refusal::new(
            Reason::CountsOnly,
            "these are counts of people of others; read them on the dashboard",
        )
        .into());
    }
    let policies = Policies::of(ledger.policies());
    let today = london_date(ledger.now());
    let on = asked.moment.as_of.unwrap_or(today);
    let moment = (on < today || asked.moment.known.is_some()).then_some(AsOf {
        effective: on,
        known: asked.moment.known,
    });
    let folded = match moment {
        Some(as_of) => {
            let again = asked.after.is_some();
            Some(ledger.fold_as_of::<D>(permit, as_of, again).await?.1)
        }
        None => None,
    };
    let crowded = D::CROWDS.contains(&definition.name);
    let sums = match &folded {
        Some(folded) => folded_and_told(folded),
        None if crowded => Figures::default(),
        None => {
            let mut figures = ledger.figures_whole::<D>(permit).await?;
            told::<D>(ledger, permit, &mut figures).await?;
            figures
        }
    };
    let whole = definition.split == Split::Whole || !asked.part.is_empty();
    let shown = |figures: &Figures| match whole {
        true => figures.get_of(definition.name, asked.part),
        false => (figures.parts(definition.name))
            .fold(0, |sum: i64, (_, value)| sum.saturating_add(value)),
    };
    let completed = |mut figures: Figures| -> Result<i64, Refusal> {
        D::complete(&mut figures, &policies, on)?;
        Ok(shown(&figures))
    };
    let whole_value = completed(sums.clone())?;
    let summed =
        crowded || sums.parts(definition.name).next().is_some() && whole_value == shown(&sums);
    // What a record adds to a sum is its own; of what follows from all sums together, a record's part
    // is the difference it makes.
    let contributes = |row: &D::Row| -> Result<i64, Refusal> {
        let mut own = Figures::default();
        D::figures(row, &mut own);
        if summed {
            return Ok(shown(&own));
        }
        let mut without = sums.clone();
        for (name, part, value) in own.iter() {
            without.add_of(name, part, value.saturating_neg());
        }
        Ok(whole_value.saturating_sub(completed(without)?))
    };
    let mut items = vec![];
    let mut take = |stream: Uuid, row: &D::Row| -> Result<bool, Refusal> {
        let value = contributes(row)?;
        let record = row.as_ref();
        let collection = record.collection().filter(|_| value != 0);
        items.extend(collection.map(|collection| Item {
            name: format!("{collection}/{stream}"),
            application: record.thread(),
            value,
        }));
        Ok(items.len() >= asked.limit)
    };
    if let Some(folded) = folded {
        let rows = folded.rows();
        let mut rest = rows
            .iter()
            .filter(|(stream, _)| Some(**stream) > asked.after)
            .peekable();
        while let Some((stream, row)) = rest.next() {
            if take(*stream, row)? {
                let next = rest.peek().map(|_| *stream);
                return Ok((items, next));
            }
        }
        return Ok((items, None));
    }
    let page = ledger.rows::<D>(permit, asked.after, ROWS_AT_ONCE).await?;
    for (nth, (stream, row)) in page.rows.iter().enumerate() {
        if take(*stream, row)? {
            let last = nth + 1 == page.rows.len() && page.next.is_none();
            return Ok((items, Some(*stream).filter(|_| !last)));
        }
    }
    Ok((items, page.next))
}

/// What happened to a record of the permit's own tenant, oldest first; of an application, to all
/// records of its thread. Only what the tenant's view shows has a timeline.
///
/// # Errors
/// `FIELD_INVALID`, the uniform refusal where there is nothing to see, or why the ledger could not
/// be read.
pub async fn timeline(
    ledger: &Ledger,
    permit: &Permit,
    name: &str,
    moment: Moment,
) -> Result<Vec<TimelineEvent>, LedgerError> {
    let invalid = || Refusal::invalid("name", "expected a resource name, collection/{uuid}");
    let (collection, id) = name.split_once('/').ok_or_else(invalid)?;
    fact::kind_of(collection).ok_or_else(invalid)?;
    let id = Uuid::try_parse(id).map_err(|_| invalid())?;
    let rows = match permit.actor().kind {
        TenantKind::Employer => around::<Employer>(ledger, permit, collection, id).await?,
        TenantKind::University => around::<University>(ledger, permit, collection, id).await?,
        TenantKind::Commissioner => around::<Commissioner>(ledger, permit, collection, id).await?,
        TenantKind::Network => around::<Network>(ledger, permit, collection, id).await?,
        _ => vec![],
    };
    let records: Vec<(&str, Uuid)> = rows
        .iter()
        .filter_map(|(stream, row)| Some((fact::kind_of(row.collection()?)?, *stream)))
        .collect();
    let mut events = ledger.timeline(permit, &records).await?;
    events.retain(|event| moment.covers(london_date(event.effective), event.recorded));
    if events.is_empty() {
        return Err(Refusal::not_permitted().into());
    }
    Ok(events)
}

/// The row of a record, or those of a whole thread.
async fn around<V: View>(
    ledger: &Ledger,
    permit: &Permit,
    collection: &str,
    id: Uuid,
) -> Result<Vec<(Uuid, Record)>, LedgerError>
where
    V::Row: AsRef<Record>,
{
    let rows = if collection == Application::COLLECTION {
        ledger.thread::<V>(permit, id).await?
    } else {
        let row = ledger.row::<V>(permit, id).await?;
        (row.into_iter())
            .filter(|row| row.as_ref().collection() == Some(collection))
            .map(|row| (id, row))
            .collect()
    };
    let record = |(id, row): (Uuid, V::Row)| (id, row.as_ref().clone());
    Ok(rows.into_iter().map(record).collect())
}
