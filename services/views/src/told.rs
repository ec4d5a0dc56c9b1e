//! What events of a first version left to another record to say, and say themselves since: the rows of
//! those records are looked up when a dashboard is read, and none where every event says it.

use domain::permission::Permit;
use ledger::{
    Ledger, LedgerError,
    view::{Figures, Folded},
};
use uuid::Uuid;

use crate::dashboard::Dashboard;

/// The records that have to be asked.
fn asked<D: Dashboard>(figures: &Figures) -> Vec<Uuid> {
    let parts = D::ASKING.iter().flat_map(|name| figures.parts(name));
    parts.filter_map(|(part, _)| part.parse().ok()).collect()
}

/// Adds what other records tell of the figures at hand.
///
/// # Errors
/// As [`Ledger::rows_of`].
pub(crate) async fn told<D: Dashboard>(
    ledger: &Ledger,
    permit: &Permit,
    figures: &mut Figures,
) -> Result<(), LedgerError> {
    let asked = asked::<D>(figures);
    if !asked.is_empty() {
        let rows = ledger.rows_of::<D>(permit, &asked).await?;
        rows.iter().for_each(|row| D::tell(row, figures));
    }
    Ok(())
}

/// The figures of a fold with what its own rows tell of them.
pub fn folded_and_told<D: Dashboard>(folded: &Folded<D>) -> Figures {
    let mut figures = folded.figures();
    for stream in asked::<D>(&figures) {
        if let Some(row) = folded.row(stream) {
            D::tell(row, &mut figures);
        }
    }
    figures
}
