//! Everybody who has applied and what they said of themselves, counted from the whole history.

use domain::{edi::Census, id::Id};

use crate::{Ledger, LedgerError, Opens};

impl Ledger {
    /// Everybody who has applied, from one scan of the log that opens what is counted and no more.
    ///
    /// # Errors
    /// As [`Ledger::replay`].
    pub async fn census(&self) -> Result<Census, LedgerError> {
        let gathered = self
            .replay(
                Opens::Classes(Census::COUNTS),
                Census::default,
                |census, event| {
                    // What cannot be read is not about monitoring, or counts as not known.
                    if let Ok(fact) = event.fact() {
                        census.note(Id::new(event.stream), event.recorded, &fact);
                    }
                },
            )
            .await?;
        let mut whole = Census::default();
        for part in gathered {
            whole.join(part);
        }
        Ok(whole)
    }
}
