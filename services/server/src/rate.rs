//! How many calls a tenant may make: its own allowance, so that no tenant slows another.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use domain::actor::TenantId;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter, clock::Clock as _, clock::DefaultClock,
};
use tonic::Status;

use crate::status::exhausted;

/// Calls a tenant may make in a second, on average.
const CALLS_PER_SECOND: NonZeroU32 = NonZeroU32::new(5_000).unwrap();
/// Calls a tenant may make at once after a pause.
const BURST: NonZeroU32 = NonZeroU32::new(20_000).unwrap();

/// The allowances of all tenants, by tenant.
#[derive(Clone)]
pub(crate) struct Allowance(Arc<DefaultKeyedRateLimiter<TenantId>>);

impl Default for Allowance {
    fn default() -> Self {
        let quota = Quota::per_second(CALLS_PER_SECOND).allow_burst(BURST);
        Self(Arc::new(RateLimiter::keyed(quota)))
    }
}

impl Allowance {
    /// Counts one call.
    ///
    /// # Errors
    /// `RATE_EXHAUSTED` with the time after which the next call is counted.
    pub(crate) fn take(&self, tenant: TenantId) -> Result<(), Status> {
        self.0.check_key(&tenant).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            exhausted(
                "RATE_EXHAUSTED",
                format!(
                    "more than {CALLS_PER_SECOND} calls a second of this tenant; \
                     send it again after {} ms",
                    wait.as_millis()
                ),
                wait.max(Duration::from_millis(1)),
            )
        })
    }

    /// Forgets tenants that have not called for long.
    pub(crate) fn tidy(&self) {
        self.0.retain_recent();
        self.0.shrink_to_fit();
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn one_tenant_at_its_limit_leaves_the_others_theirs() {
        let allowance = Allowance::default();
        let (busy, calm) = (TenantId(Uuid::from_u128(1)), TenantId(Uuid::from_u128(2)));
        let refused = (0..BURST.get() * 2).find_map(|_| allowance.take(busy).err());
        assert_eq!(
            refused.map(|status| status.code()),
            Some(Code::ResourceExhausted)
        );
        assert!(allowance.take(calm).is_ok());
    }
}
