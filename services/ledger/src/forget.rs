//! Erasure reaches a human under whichever of their records a controller holds them.

use std::collections::BTreeSet;

use domain::{
    actor::{PersonId, TenantId},
    erasure::Erasure,
    identity::Identity,
    personal::PersonalClass,
};

use crate::{Inner, LedgerError};

impl Inner {
    /// Destroys a controller's keys of some classes of a person, and of every record that is known to
    /// be the same human's, but what a legal hold of the controller keeps. The controller is told of
    /// the record it decided on and of no other.
    pub(crate) async fn forget(
        &self,
        controller: TenantId,
        person: PersonId,
        classes: &BTreeSet<PersonalClass>,
    ) -> Result<(), LedgerError> {
        self.keys.destroy(controller, person, classes).await?;
        let known = self.fresh_one(Identity::id(person).key()).await?;
        let known: Option<&Identity> = known.state.as_any().downcast_ref();
        for other in known.into_iter().flat_map(Identity::same) {
            let erasure = self
                .fresh_one(Erasure::id(controller, *other).key())
                .await?;
            let erasure: Option<&Erasure> = erasure.state.as_any().downcast_ref();
            if !erasure.is_some_and(Erasure::held) {
                self.keys.destroy(controller, *other, classes).await?;
            }
        }
        Ok(())
    }
}
