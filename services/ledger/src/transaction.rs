//! Beginning a transaction.

use sqlx::{PgPool, Postgres, Transaction};

/// Begins a transaction with `statement`, in a way that a caller who goes away meanwhile cannot
/// leave open: sqlx 0.8 forgets a BEGIN that it has sent and not seen answered, and the connection
/// goes back to the pool inside a transaction that nobody ends. On a task of its own it is always
/// seen answered.
pub(crate) async fn begun(
    pool: &PgPool,
    statement: impl Into<String>,
) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let (pool, statement) = (pool.clone(), statement.into());
    tokio::spawn(async move { pool.begin_with(statement).await })
        .await
        .map_err(|_| sqlx::Error::WorkerCrashed)?
}
