//! What each tenant sees: folds of its own feed into rows and figures.
//!
//! - [`employer`], [`university`], [`commissioner`], [`network`]: one view per kind of tenant
//! - [`record`]: what a view keeps of one record, shared by all of them
//! - [`journey`]: the rows of one trainee's life, read together
//! - [`dashboard`]: every figure defined once, and what needs a date or a policy
//! - [`equity`]: what each region holds against what it should
//! - [`trend`]: intakes over the years
//! - [`read`]: a dashboard live or as it was
//! - [`released`]: what is read of people of others, and when
//! - [`extract`]: the rows that the independent evaluator reads

mod balance;
pub mod commissioner;
pub mod dashboard;
pub mod employer;
pub mod equity;
pub mod extract;
pub mod items;
pub mod journey;
pub mod network;
pub mod read;
pub mod record;
pub mod released;
pub mod told;
pub mod trend;
pub mod university;

use ledger::{Ledger, LedgerError, Operator, Projector};

pub use commissioner::Commissioner;
pub use employer::Employer;
pub use network::Network;
pub use university::University;

/// The runner of every view.
pub fn projector(ledger: &Ledger) -> Projector {
    Projector::new(ledger)
        .with::<Employer>()
        .with::<University>()
        .with::<Commissioner>()
        .with::<Network>()
}

/// An operator's hand on every view, as the role that the address names.
///
/// # Errors
/// When the database is away or refuses the role.
pub async fn operator(url: &str) -> Result<Operator, LedgerError> {
    Ok(Operator::connect(url)
        .await?
        .with::<Employer>()
        .with::<University>()
        .with::<Commissioner>()
        .with::<Network>())
}
