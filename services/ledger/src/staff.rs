//! Registers of staff at hand: one look a second for each tenant that calls, not one a call.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{
    actor::{Actor, TenantId},
    case::Case,
    staff::Staff,
    world::AnyState,
};
use jiff::civil::Date;
use quick_cache::sync::Cache;

use crate::{Inner, LedgerError};

/// How long a role that another process ended may still be acted in.
const INTERVAL: Duration = Duration::from_secs(1);
/// Registers at hand.
const REGISTERS_MAX: usize = 10_000;

/// When a register was last looked at, and what it said.
pub(crate) struct Registers(Cache<TenantId, (Instant, Arc<dyn AnyState>)>);

impl Default for Registers {
    fn default() -> Self {
        Self(Cache::new(REGISTERS_MAX))
    }
}

impl Inner {
    /// Whether the register of an actor's tenant lets it act in its role on a day.
    pub(crate) async fn admits(&self, actor: &Actor, on: Date) -> Result<bool, LedgerError> {
        let register = self.staff(actor.tenant).await?;
        let staff: Option<&Staff> = register.as_any().downcast_ref();
        Ok(staff.is_some_and(|staff| staff.admits(actor, on)))
    }

    /// The case that an actor is limited to there, if any.
    pub(crate) async fn case(&self, actor: &Actor) -> Result<Option<Case>, LedgerError> {
        if !actor.role.is_guest() {
            return Ok(None);
        }
        let register = self.staff(actor.tenant).await?;
        let staff: Option<&Staff> = register.as_any().downcast_ref();
        Ok(staff.and_then(|staff| staff.case(actor)))
    }

    async fn staff(&self, tenant: TenantId) -> Result<Arc<dyn AnyState>, LedgerError> {
        let key = Staff::id(tenant).key();
        if let Some((looked, register)) = self.staff.0.get(&tenant)
            && looked.elapsed() < INTERVAL
        {
            // what this process has written meanwhile counts at once
            let written = self.streams.cached(key);
            return Ok(written.map_or(register, |loaded| Arc::clone(&loaded.state)));
        }
        let register = Arc::clone(&self.fresh_one(key).await?.state);
        let looked = (Instant::now(), Arc::clone(&register));
        self.staff.0.insert(tenant, looked);
        Ok(register)
    }
}
