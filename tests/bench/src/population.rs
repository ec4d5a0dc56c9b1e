//! The filled population that several works share, made when the first of them asks for it.

use std::sync::Arc;

use ledger::{Ledger, LedgerOptions};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    Fault,
    cluster::Database,
    contender::trellis,
    dataset::{Filler, ORGANISATIONS, Template, key_encryption_key, play},
};

/// What makes this program play the demonstration into a folder and end.
pub(crate) const PLAY: &str = "--play-demonstration";

/// A database with a population in it.
pub(crate) struct Population {
    pub(crate) database: Database,
    pub(crate) filler: Filler,
}

impl Population {
    /// An empty one.
    pub(crate) async fn new(
        cluster: &pg_launcher::Cluster,
        template: &Arc<Template>,
        name: &str,
    ) -> Result<Self, Fault> {
        let database = Database::create(cluster, name).await?;
        trellis::migrate(&database).await?;
        Ok(Self {
            filler: Filler::new(template, &database),
            database,
        })
    }

    /// One of many people, most of whose lives are abridged.
    pub(crate) async fn of_many(
        cluster: &pg_launcher::Cluster,
        template: &Arc<Template>,
        name: &str,
        trainees: u64,
    ) -> Result<Self, Fault> {
        /// The log of the database is let go after so many events.
        const STEP: u64 = 1_000_000;
        let mut made = Self::new(cluster, template, name).await?;
        made.filler = made.filler.abridged();
        while made.filler.trainees() < trainees {
            let events = made.filler.events_for(trainees);
            let next = events.min(made.filler.events() + STEP);
            made.fill_to(next.max(made.filler.events() + 1)).await?;
            made.database.run("CHECKPOINT").await?;
        }
        Ok(made)
    }

    /// One whose organisations stay as the first fill leaves them.
    pub(crate) async fn lasting(
        cluster: &pg_launcher::Cluster,
        template: &Arc<Template>,
        name: &str,
    ) -> Result<Self, Fault> {
        let mut made = Self::new(cluster, template, name).await?;
        made.filler = made.filler.lasting();
        Ok(made)
    }

    /// Fills on to about `events`.
    pub(crate) async fn fill_to(&mut self, events: u64) -> Result<(), Fault> {
        let (begun, before) = (std::time::Instant::now(), self.filler.events());
        self.filler.fill_to(events).await?;
        let (filled, took) = (self.filler.events() - before, begun.elapsed());
        eprintln!(
            "filled {} to {} events, {:.0}/s",
            self.database.name,
            self.filler.events(),
            filled as f64 / took.as_secs_f64()
        );
        Ok(())
    }

    /// Waits until what was written is on disk and what is known of views is of now, so that neither a
    /// checkpoint of it nor an autovacuum falls into what is measured next.
    pub(crate) async fn settle(&self) -> Result<(), Fault> {
        for table in ["view_row", "view_figure", "view_part", "view_spread"] {
            let statement = format!("VACUUM (ANALYZE) ledger.{table}");
            self.database.run(&statement).await?;
        }
        self.database.run("CHECKPOINT").await
    }

    /// Records of organisations in it.
    pub(crate) async fn organisations(&self) -> Result<i64, Fault> {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM ledger.stream WHERE version > 0 AND aggregate_type = ANY ($1)",
        )
        .bind(ORGANISATIONS)
        .fetch_one(&mut self.database.owner().await?)
        .await?)
    }

    pub(crate) fn options(&self) -> LedgerOptions {
        trellis::options(&self.database, &key_encryption_key())
    }

    pub(crate) async fn open(&self) -> Result<Ledger, Fault> {
        trellis::open(self.options()).await
    }

    /// Takes every view back to its beginning.
    pub(crate) async fn clear_views(&self) -> Result<(), Fault> {
        self.database
            .run(
                "TRUNCATE ledger.view_build, ledger.view_checkpoint, ledger.view_row,
                          ledger.view_figure, ledger.view_part, ledger.view_spread,
                          ledger.view_parked CASCADE",
            )
            .await
    }

    /// Feed items of every tenant of a kind of view.
    pub(crate) async fn folded(&self) -> Result<u64, Fault> {
        let folded: i64 = sqlx::query_scalar(
            "SELECT coalesce(sum(position), 0)::bigint FROM ledger.view_checkpoint",
        )
        .fetch_one(&mut self.database.owner().await?)
        .await?;
        Ok(folded.unsigned_abs())
    }
}

/// The demonstration's history. It is played by a process of its own, because it tells standard
/// output what came of it.
pub(crate) async fn template() -> Result<Template, Fault> {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = TempDir::new()?;
    // PostgreSQL may run as a user of its own, who has to get in.
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711))?;
    let played = folder.path().join("demonstration");
    if cfg!(test) {
        play(&played).await?;
    } else {
        let output = Command::new(std::env::current_exe()?)
            .arg(PLAY)
            .arg(&played)
            .output()
            .await?;
        if !output.status.success() {
            return Err(format!(
                "the demonstration did not play: {}",
                String::from_utf8_lossy(&output.stderr)
            )
            .into());
        }
    }
    Template::read(&played).await
}
