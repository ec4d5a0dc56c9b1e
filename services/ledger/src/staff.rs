//! Registers of staff at hand: one look a second for each tenant that calls, not one a call.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{actor::TenantId, staff::Staff};
use quick_cache::sync::Cache;

use crate::{Inner, LedgerError, load::Loaded};

/// How long a role that another process ended may still be acted in.
const INTERVAL: Duration = Duration::from_secs(1);
/// Registers at hand.
const REGISTERS_MAX: usize = 10_000;

/// When a register was last looked at, and what it said.
pub(crate) struct Registers(Cache<TenantId, (Instant, Arc<Staff>)>);

impl Default for Registers {
    fn default() -> Self {
        Self(Cache::new(REGISTERS_MAX))
    }
}

impl Inner {
    pub(crate) async fn staff(&self, tenant: TenantId) -> Result<Arc<Staff>, LedgerError> {
        let key = Staff::id(tenant).key();
        if let Some((looked, register)) = self.staff.0.get(&tenant)
            && looked.elapsed() < INTERVAL
        {
            // what this process has written meanwhile counts at once
            return Ok(self
                .streams
                .cached(key)
                .map_or(register, |loaded| read(&loaded)));
        }
        let register = read(&*self.fresh_one(key).await?);
        self.staff
            .0
            .insert(tenant, (Instant::now(), Arc::clone(&register)));
        Ok(register)
    }
}

fn read(loaded: &Loaded) -> Arc<Staff> {
    let register: Option<&Staff> = loaded.state.as_any().downcast_ref();
    Arc::new(register.cloned().unwrap_or_default())
}
