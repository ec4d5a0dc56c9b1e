//! A tenant's feed as a log that can be proved: its head, and proofs of inclusion and consistency.
//!
//! The leaf at index `position - 1` is the hash of the event at that position of the feed, so a log
//! tells of no other tenant's events, neither how many nor when.
//!
//! An auditor gets the newest head of any log, also while something in it is sealed (C.3). It is no party
//! of a blind decision, and a size grows with whatever a tenant records: it tells neither of which record
//! nor of what kind, and a leaf is a hash over what is encrypted. To hold a head back until the reveal
//! would say more, since a log that stands still has something sealed in it. The other party of the
//! decision is shown no head of the log at all.

use std::{collections::HashMap, ops::Range};

use audit::{
    merkle::{self, Hash, Subtree},
    note::{Checkpoint, Signer},
};
use domain::{
    actor::{ActingRole, TenantId},
    permission::Permit,
    refusal::Refusal,
};
use sqlx::Row as _;

use crate::{
    Inner, Ledger, LedgerError,
    follow::{signed, unsigned},
};

/// Levels between the subtrees that are kept.
const STEP: u8 = 8;
/// Subtrees of one level under one of the next that is kept.
const SPAN: u64 = 1 << STEP;
/// Blocks of leaves that are worked out in one round trip, when a log is caught up with.
const BLOCKS: u64 = 64;

/// The name of the key that logs are signed with, and the beginning of their origins.
pub const LOG_NAME: &str = "trellis";

impl Ledger {
    /// What signs checkpoints when no other key is given: derived from the key-encryption key, and so
    /// the same in every process of an installation.
    ///
    /// # Errors
    /// When the custodian fails.
    pub fn log_signer(&self) -> Result<Signer, LedgerError> {
        Signer::from_seed(LOG_NAME, &self.0.log_seed)
            .map_err(|error| LedgerError::Misconfigured(error.to_string()))
    }

    /// A log at a size it has had, to be proved from: the newest when none is asked for.
    ///
    /// # Errors
    /// The uniform refusal for another tenant's log, which only an auditor may see; `FIELD_INVALID`
    /// for a size that the log has not come to; `Store`.
    pub async fn log(
        &self,
        permit: &Permit,
        tenant: TenantId,
        size: Option<u64>,
    ) -> Result<Log, LedgerError> {
        let actor = permit.actor();
        if actor.tenant != tenant && actor.role != ActingRole::Auditor {
            return Err(Refusal::not_permitted().into());
        }
        let head = self.head(tenant).await?;
        let size = size.unwrap_or(head);
        if size > head {
            return Err(Refusal::invalid(
                "tree_size",
                format!("the log has {head} entries; ask for a size up to that"),
            )
            .into());
        }
        let log = Log {
            ledger: self.clone(),
            tenant,
            size,
            blocks: HashMap::new(),
        };
        log.keep_up().await?;
        Ok(log)
    }
}

/// The log of one tenant at one size. What it has read it keeps, so proofs from one log share it.
#[derive(Debug)]
pub struct Log {
    ledger: Ledger,
    tenant: TenantId,
    size: u64,
    /// By level and index: neighbours under one subtree that is, or will be, kept.
    blocks: HashMap<(u8, u64), Vec<Hash>>,
}

impl Log {
    /// How many entries it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its head.
    ///
    /// # Errors
    /// `HoleInFeed`, `Store`.
    pub async fn checkpoint(&mut self, name: &str) -> Result<Checkpoint, LedgerError> {
        Ok(Checkpoint {
            origin: format!("{name}/{}", self.tenant),
            size: self.size,
            root: self.range(0..self.size).await?,
        })
    }

    /// The entry at a position, and the proof that it is there.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a position the log has not come to; `HoleInFeed`, `Store`.
    pub async fn inclusion(&mut self, position: u64) -> Result<(Hash, Vec<Hash>), LedgerError> {
        let index = position
            .checked_sub(1)
            .filter(|index| *index < self.size)
            .ok_or_else(|| {
                Refusal::invalid(
                    "position",
                    format!("positions of this log go from 1 to {}", self.size),
                )
            })?;
        let leaf = self.subtree(Subtree { level: 0, index }).await?;
        let path = self.ranges(merkle::inclusion(index, self.size)).await?;
        Ok((leaf, path))
    }

    /// The proof that this log extends the one it was at an earlier size.
    ///
    /// # Errors
    /// `FIELD_INVALID` for a size it has not had; `HoleInFeed`, `Store`.
    pub async fn consistency(&mut self, first: u64) -> Result<Vec<Hash>, LedgerError> {
        if first > self.size {
            return Err(Refusal::invalid(
                "first_tree_size",
                format!("an earlier size is at most {}", self.size),
            )
            .into());
        }
        self.ranges(merkle::consistency(first, self.size)).await
    }

    async fn ranges(&mut self, ranges: Vec<Range<u64>>) -> Result<Vec<Hash>, LedgerError> {
        let mut hashes = Vec::with_capacity(ranges.len());
        for range in ranges {
            hashes.push(self.range(range).await?);
        }
        Ok(hashes)
    }

    async fn range(&mut self, range: Range<u64>) -> Result<Hash, LedgerError> {
        let mut hashes = vec![];
        for peak in merkle::peaks(range) {
            hashes.push(self.subtree(peak).await?);
        }
        Ok(merkle::joined(&hashes))
    }

    /// The hash of a complete subtree, from its neighbours at the level below that is kept.
    async fn subtree(&mut self, of: Subtree) -> Result<Hash, LedgerError> {
        let base = of.level - of.level % STEP;
        let under = of.level - base;
        let first = of.index << under;
        let block = first / SPAN;
        if !self.blocks.contains_key(&(base, block)) {
            let complete = (self.size >> base).saturating_sub(block * SPAN).min(SPAN);
            let from = block * SPAN;
            let read = self.neighbours(base, from..from + complete).await?;
            self.blocks.insert((base, block), read);
        }
        let from = usize::try_from(first % SPAN).unwrap_or(usize::MAX);
        self.blocks
            .get(&(base, block))
            .and_then(|block| block.get(from..from + (1 << under)))
            .map(merkle::root)
            .ok_or_else(|| self.hole(first << base))
    }

    async fn neighbours(&self, level: u8, range: Range<u64>) -> Result<Vec<Hash>, LedgerError> {
        let rows = if level == 0 {
            sqlx::query(
                "SELECT f.position - 1, e.hash
                   FROM ledger.feed f
                   LEFT JOIN LATERAL (
                     SELECT e.hash FROM ledger.event e
                      WHERE e.aggregate_type = f.aggregate_type
                        AND e.aggregate_id = f.aggregate_id
                        AND e.sequence = f.sequence
                      LIMIT 1) AS e ON true
                  WHERE f.tenant_id = $1 AND f.position > $2 AND f.position <= $3
                  ORDER BY f.position",
            )
        } else {
            sqlx::query(
                "SELECT index, hash FROM ledger.log_subtree
                  WHERE tenant_id = $1 AND index >= $2 AND index < $3 AND level = $4
                  ORDER BY index",
            )
        };
        let mut rows = rows.bind(self.tenant.0);
        rows = rows.bind(signed(range.start)).bind(signed(range.end));
        if level > 0 {
            rows = rows.bind(i16::from(level));
        }
        let mut transaction = self.ledger.0.as_tenant(self.tenant).await?;
        let rows = rows.fetch_all(&mut *transaction).await?;
        transaction.commit().await?;
        let mut hashes = Vec::new();
        for (row, index) in rows.iter().zip(range.clone()) {
            let found = unsigned(row.try_get(0)?);
            let hash: Option<&[u8]> = row.try_get(1)?;
            let hash = hash
                .and_then(|hash| Hash::try_from(hash).ok())
                .filter(|_| found == index)
                .ok_or_else(|| self.hole(index << level))?;
            hashes.push(if level == 0 {
                merkle::leaf(&hash)
            } else {
                hash
            });
        }
        if hashes.len() as u64 == range.end - range.start {
            Ok(hashes)
        } else {
            Err(self.hole((range.start + hashes.len() as u64) << level))
        }
    }

    fn hole(&self, index: u64) -> LedgerError {
        LedgerError::HoleInFeed {
            tenant: self.tenant,
            position: index + 1,
        }
    }

    /// Keeps the complete subtrees that nobody has kept yet.
    async fn keep_up(&self) -> Result<(), LedgerError> {
        let mut level = STEP;
        while self.size >> level > 0 {
            let due = self.size >> level;
            let mut next = self.ledger.0.subtrees_kept(self.tenant, level).await?;
            while next < due {
                let until = due.min(next + BLOCKS);
                let below = self
                    .neighbours(level - STEP, next * SPAN..until * SPAN)
                    .await?;
                let blocks = below.chunks(1 << STEP);
                let roots: Vec<Vec<u8>> = blocks.map(|b| merkle::root(b).to_vec()).collect();
                self.ledger
                    .0
                    .keep_subtrees(self.tenant, level, next, &roots)
                    .await?;
                next = until;
            }
            level += STEP;
        }
        Ok(())
    }
}

impl Inner {
    /// How many subtrees of a level are kept: they have no gaps.
    async fn subtrees_kept(&self, tenant: TenantId, level: u8) -> Result<u64, LedgerError> {
        let last: Option<i64> = sqlx::query_scalar(
            "SELECT index FROM ledger.log_subtree WHERE tenant_id = $1 AND level = $2
              ORDER BY index DESC LIMIT 1",
        )
        .bind(tenant.0)
        .bind(i16::from(level))
        .fetch_optional(&self.command)
        .await?;
        Ok(last.map_or(0, |last| unsigned(last) + 1))
    }

    async fn keep_subtrees(
        &self,
        tenant: TenantId,
        level: u8,
        first: u64,
        roots: &[Vec<u8>],
    ) -> Result<(), LedgerError> {
        // Whoever else works them out at the same time comes to the same.
        sqlx::query(
            "INSERT INTO ledger.log_subtree (tenant_id, level, index, hash)
             SELECT $1, $2, $3 + s.nth - 1, s.hash
               FROM unnest($4::bytea[]) WITH ORDINALITY AS s (hash, nth)
             ON CONFLICT DO NOTHING",
        )
        .bind(tenant.0)
        .bind(i16::from(level))
        .bind(signed(first))
        .bind(roots)
        .execute(&self.command)
        .await?;
        Ok(())
    }
}
