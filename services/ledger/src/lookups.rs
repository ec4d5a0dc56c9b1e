//! Connections for what a command has to ask on its way: a stream, a key, a receipt. A pool asks
//! the database whether a connection is well each time it comes back, which costs as much as such
//! a question itself; here whoever was answered says so.

use std::{
    str::FromStr as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use sqlx::{ConnectOptions as _, PgConnection, postgres::PgConnectOptions};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Connections at the same time.
const AT_ONCE: usize = 16;
/// How long one is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Lookups {
    options: PgConnectOptions,
    idle: Mutex<Vec<PgConnection>>,
    room: Semaphore,
}

impl Lookups {
    pub(crate) fn new(url: &str) -> Result<Self, sqlx::Error> {
        let options = PgConnectOptions::from_str(url)?
            .application_name("trellis-lookup")
            .options([
                ("jit", "off"),
                ("plan_cache_mode", "force_generic_plan"),
                // A plan made while a table was small must not scan it once it is large.
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
            ]);
        Ok(Self {
            options,
            idle: Mutex::default(),
            room: Semaphore::new(AT_ONCE),
        })
    }

    /// A connection; [`Lent::keep`] gives it back, anything else closes it.
    pub(crate) async fn lend(&self) -> Result<Lent<'_>, sqlx::Error> {
        let place = tokio::time::timeout(PATIENCE, self.room.acquire())
            .await
            .map_err(|_| sqlx::Error::PoolTimedOut)?
            .map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(Lent {
            connection,
            home: self,
            _place: place,
        })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<PgConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan.
pub(crate) struct Lent<'a> {
    connection: PgConnection,
    home: &'a Lookups,
    _place: SemaphorePermit<'a>,
}

impl Lent<'_> {
    pub(crate) fn as_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Gives it back for the next question: it has answered the last one to the end.
    pub(crate) fn keep(self) {
        self.home.idle().push(self.connection);
    }
}
